//! A key on a telephone.

use std::fmt;

/// One of the sixteen DTMF keys (ITU-T Q.23): `0`-`9`, `*`, `#`, `A`-`D`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Digit(char);

impl Digit {
    /// The key written as `key`; lower-case `a`-`d` are taken too.
    #[must_use]
    pub fn new(key: char) -> Option<Digit> {
        let key = key.to_ascii_uppercase();
        matches!(key, '0'..='9' | '*' | '#' | 'A'..='D').then_some(Digit(key))
    }

    /// From an RFC 4733 event code (0-15).
    #[must_use]
    pub fn from_event(code: u8) -> Option<Digit> {
        const KEYS: &[u8; 16] = b"0123456789*#ABCD";
        KEYS.get(usize::from(code)).map(|key| Digit(char::from(*key)))
    }

    /// The RFC 4733 event code (0-15).
    #[must_use]
    pub fn event(self) -> u8 {
        match self.0 {
            '*' => 10,
            '#' => 11,
            key @ 'A'..='D' => key as u8 - b'A' + 12,
            key => key as u8 - b'0',
        }
    }

    #[must_use]
    pub fn key(self) -> char {
        self.0
    }
}

/// Keys may be card digits, so only `key()` tells which; a log shows that there was one.
impl fmt::Debug for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digit(·)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_code_survives_the_round_trip() {
        for code in 0..16 {
            let digit = Digit::from_event(code).expect("0-15 are keys");
            assert_eq!(digit.event(), code);
            assert_eq!(Digit::new(digit.key()), Some(digit));
        }
        assert_eq!(Digit::from_event(16), None);
        assert_eq!(Digit::new('x'), None);
    }
}
