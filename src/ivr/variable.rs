//! The values a call gathers: who calls, what was keyed, what a service answered.
//! Never asks anybody; never speaks.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;

use super::speech::Money;
use super::spoken::write_money;

/// The values of one call, by name.
pub type Variables = BTreeMap<String, Value>;

/// A value.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// Free words, spoken only where something can say them.
    Text(String),
    /// Keys, spoken one by one.
    Digits(String),
    /// A telephone number, spoken in groups.
    Number(String),
    /// A sum.
    Money(Money),
    /// Yes or no.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A day.
    Date(Date),
}

impl Value {
    /// As written into a URL, a message or a comparison.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Value::Text(text) | Value::Digits(text) | Value::Number(text) => text.clone(),
            Value::Money(money) => write_money(*money),
            Value::Boolean(yes) => yes.to_string(),
            Value::Integer(number) => number.to_string(),
            Value::Date(day) => day.to_string(),
        }
    }

    /// What `when = "name"` asks: set, and not false, zero or empty.
    #[must_use]
    pub fn holds(&self) -> bool {
        match self {
            Value::Text(text) | Value::Digits(text) | Value::Number(text) => !text.is_empty(),
            Value::Money(money) => money.minor != 0,
            Value::Boolean(yes) => *yes,
            Value::Integer(number) => *number != 0,
            Value::Date(_) => true,
        }
    }
}

/// Callers' words and digits stay out of logs.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Value::Text(_) => "Text(·)",
            Value::Digits(_) => "Digits(·)",
            Value::Number(_) => "Number(·)",
            Value::Money(_) => "Money(·)",
            Value::Boolean(_) => "Boolean(·)",
            Value::Integer(_) => "Integer(·)",
            Value::Date(_) => "Date(·)",
        })
    }
}

/// The type of a field that a service answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    String,
    Money,
    Boolean,
    Integer,
    Date,
}

impl FieldKind {
    /// Every kind, in the order of `WORDS`.
    pub const ALL: [FieldKind; 5] =
        [FieldKind::String, FieldKind::Money, FieldKind::Boolean, FieldKind::Integer, FieldKind::Date];

    /// The words in `fields = { name = "string" }`.
    pub const WORDS: [&'static str; 5] = ["string", "money", "bool", "integer", "date"];
}
