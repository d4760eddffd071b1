//! The names under which mistakes in a configuration are reported. A name never changes its meaning.

use crate::document::Codes;

/// Mistakes that any TOML file can have.
pub(super) const CODES: Codes = Codes {
    syntax: "CFG001",
    unknown_key: "CFG002",
    missing: "CFG003",
    wrong_type: "CFG004",
    out_of_range: "CFG005",
    unknown_word: "CFG006",
};

/// Not an address, an address with port, a number, a name, a language, a time zone, a pattern.
pub(super) const MALFORMED: &str = "CFG010";
/// Two things of the same name, number, device or address.
pub(super) const DUPLICATE: &str = "CFG011";
/// The name of something that the file does not define.
pub(super) const UNKNOWN_NAME: &str = "CFG012";
/// Keys that exclude or need each other.
pub(super) const CONTRADICTION: &str = "CFG013";
/// Not enough of something for `calls_max`.
pub(super) const TOO_SMALL: &str = "CFG014";
/// Two listeners, or a listener and the RTP ports, on the same port.
pub(super) const OVERLAP: &str = "CFG015";
/// Too late for the promise to answer before the given ring.
pub(super) const TOO_LATE: &str = "CFG016";
/// Reachable from elsewhere without consent or without a password worth the name.
pub(super) const INSECURE: &str = "CFG020";
/// An environment variable that is named and not set.
pub(super) const NO_VARIABLE: &str = "CFG021";
/// Legal, and almost certainly not meant.
pub(super) const SUSPICIOUS: &str = "CFG030";
/// Words that callers would hear and that nobody has recorded.
pub(super) const NO_RECORDING: &str = "CFG031";
/// The loader and its table of keys disagree: our mistake, not the reader's.
pub(super) const OURS: &str = "CFG000";
