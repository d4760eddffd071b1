//! What a configuration key is: its name, its shape, its default and its one comment. The loader reads through these
//! values, so a key that is not described here cannot be read, and a default cannot differ from the one written here.

use std::time::Duration;

use crate::document::write_duration;

/// A section `[name]`, or with `many` any number of `[[name]]`.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    pub name: &'static str,
    pub many: bool,
    /// What the section is for, in one line.
    pub comment: &'static str,
    pub keys: &'static [Key],
}

/// One key of a section.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    pub name: &'static str,
    pub shape: Shape,
    pub given: Given,
    /// What it does, in one line.
    pub comment: &'static str,
}

/// What kind of value a key takes, and within which bounds.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    Text,
    /// A name other entries refer to: letters of any script, digits, `-`, `_`, `.`.
    Name,
    /// A list of names.
    Names,
    /// A telephone number or feature code: digits, `*`, `#`, a leading `+`; `-`, spaces and brackets are ignored.
    Number,
    /// Host names.
    Hosts,
    /// An IP address.
    Address,
    Addresses,
    /// An IP address and a port.
    Socket,
    Sockets,
    Flag,
    /// A whole number with its unit.
    Count {
        min: i64,
        max: i64,
        unit: &'static str,
    },
    Duration {
        min: Duration,
        max: Duration,
    },
    /// Zero to one.
    Ratio,
    Word(&'static [&'static str]),
    Words(&'static [&'static str]),
    /// A language tag (BCP 47) whose language we speak.
    Language,
    /// An IANA time zone name.
    Timezone,
    /// A file or folder, relative to the folder of the configuration file.
    Path,
    /// A secret; never shown.
    Secret,
    /// Names with a level each: `{ claims = 5 }`.
    Levels,
    /// A pattern of numbers: digits, `x` for any digit, `*` at the end for any more.
    Pattern,
    /// Where a SIP peer is reached: `sip:host` or `sip:host:port`.
    SipTarget,
}

impl Shape {
    /// The unit or the permitted values, for the reference file; empty where the comment says it all.
    #[must_use]
    pub fn unit(&self) -> String {
        match self {
            Shape::Count { min, max, unit: "" } => format!("{min} to {max}"),
            Shape::Count { min, max, unit } => format!("{unit}, {min} to {max}"),
            Shape::Duration { min, max } => format!("{} to {}", write_duration(*min), write_duration(*max)),
            Shape::Ratio => "0.0 to 1.0".to_owned(),
            Shape::Word(words) => words.join(" | "),
            Shape::Words(words) => format!("any of {}", words.join(", ")),
            Shape::Address => "IP address".to_owned(),
            Shape::Addresses => "IP addresses".to_owned(),
            Shape::Socket | Shape::Sockets => "address:port".to_owned(),
            Shape::Levels => "level 1 to 10 each".to_owned(),
            Shape::Language => "ko or en, such as en-US".to_owned(),
            _ => String::new(),
        }
    }
}

/// Whether a key must be there, and what holds when it is not. The texts are TOML values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// May be left out; then this value holds.
    Default(&'static str),
    /// Must be there; this is an example.
    Required(&'static str),
    /// May be left out, and then there is none; this is an example.
    Optional(&'static str),
    /// As `Optional`, but the reference file shows the example in use.
    Shown(&'static str),
}

impl Given {
    /// The TOML value that stands in the reference file.
    #[must_use]
    pub fn written(self) -> &'static str {
        match self {
            Given::Default(value) | Given::Required(value) | Given::Optional(value) | Given::Shown(value) => value,
        }
    }
}

/// Shorthand for the tables of keys.
pub(super) const fn key(name: &'static str, shape: Shape, given: Given, comment: &'static str) -> Key {
    Key { name, shape, given, comment }
}

/// A duration between two bounds in milliseconds.
pub(super) const fn within_ms(min: u64, max: u64) -> Shape {
    Shape::Duration { min: Duration::from_millis(min), max: Duration::from_millis(max) }
}

/// A duration between two bounds in seconds.
pub(super) const fn within(min: u64, max: u64) -> Shape {
    within_ms(min * 1_000, max * 1_000)
}

/// A whole number between two bounds.
pub(super) const fn count(min: i64, max: i64, unit: &'static str) -> Shape {
    Shape::Count { min, max, unit }
}
