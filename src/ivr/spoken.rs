//! How a session's values and its own sentences are said: the session's side of the door to `speech`.
//! Never chooses what to say.

use super::speech::{self, Currency, Money, Phrase};
use super::variable::Value;
use crate::model::{Clip, Language};

/// A value within a text.
pub(super) fn value(language: Language, value: &Value) -> Vec<Clip> {
    match value {
        Value::Text(text) if text.trim().is_empty() => Vec::new(),
        Value::Text(text) => vec![speech::text_clip(language, text)],
        Value::Digits(digits) => speech::digits(language, digits),
        Value::Number(number) => speech::phone_number(language, number),
        Value::Money(money) => speech::money(language, *money),
        Value::Boolean(yes) => vec![speech::text_clip(language, yes_or_no(language, *yes))],
        Value::Integer(number) => match u64::try_from(*number) {
            Ok(number) => speech::number(language, number),
            // A count below zero is no count that a caller is told digit by digit.
            Err(_) => vec![speech::text_clip(language, &number.to_string())],
        },
        Value::Date(day) => speech::date(language, *day),
    }
}

/// Says that a key means nothing here.
pub(super) fn wrong_key(language: Language) -> Clip {
    Phrase::InvalidKey.clip(language)
}

/// Says keyed digits back and asks whether they are right.
pub(super) fn read_back(language: Language, digits: &str) -> Vec<Clip> {
    let mut clips = speech::read_back(language, digits);
    clips.push(Phrase::ConfirmKeyed.clip(language));
    clips
}

/// A sum as services write it, in the language's own currency where none is named.
pub(super) fn parse_money(language: Language, text: &str) -> Option<Money> {
    let currency = match language {
        Language::Korean => Currency::Won,
        Language::English => Currency::Dollar,
    };
    Money::parse(text, currency)
}

/// A sum as it is written in messages and comparisons: `12500`, `12.50`.
pub(super) fn write_money(money: Money) -> String {
    let sign = if money.minor < 0 { "-" } else { "" };
    let minor = money.minor.unsigned_abs();
    match money.currency {
        Currency::Won => format!("{sign}{minor}"),
        Currency::Dollar => format!("{sign}{}.{:02}", minor / 100, minor % 100),
    }
}

fn yes_or_no(language: Language, yes: bool) -> &'static str {
    match (language, yes) {
        (Language::Korean, true) => "예",
        (Language::Korean, false) => "아니요",
        (Language::English, true) => "yes",
        (Language::English, false) => "no",
    }
}

/// The keys that `Phrase::ConfirmKeyed` names.
pub(super) const KEY_RIGHT: char = '1';
pub(super) const KEY_WRONG: char = '2';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_confirming_sentence_names_the_keys_that_confirm() {
        for language in Language::ALL {
            let text = Phrase::ConfirmKeyed.clip(language).text;
            let (right, wrong) = (text.find(KEY_RIGHT), text.find(KEY_WRONG));
            assert!(right.is_some() && right < wrong, "{text}");
        }
    }

    #[test]
    fn sums_are_written_in_their_unit() {
        let money = |text| parse_money(Language::English, text).map(write_money);
        assert_eq!(money("1,234.5").as_deref(), Some("1234.50"));
        assert_eq!(money("-$3").as_deref(), Some("-3.00"));
        assert_eq!(money("a lot"), None);
        assert_eq!(parse_money(Language::Korean, "12,500원").map(write_money).as_deref(), Some("12500"));
    }
}
