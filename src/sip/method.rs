//! SIP methods; an unknown one is a word like any other.
//! Never folds case: `invite` is not `INVITE`. RFC 3261 7.1 and the extensions named below.

use std::fmt;

use bytes::Bytes;

use super::text::Text;

/// What a request asks for. Case-sensitive.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    Invite,
    Ack,
    Bye,
    Cancel,
    Options,
    Register,
    /// RFC 6086.
    Info,
    /// RFC 3515.
    Refer,
    /// RFC 6665.
    Notify,
    /// RFC 3311.
    Update,
    /// RFC 3262.
    Prack,
    /// RFC 6665.
    Subscribe,
    /// RFC 3428.
    Message,
    /// RFC 3903.
    Publish,
    /// Any other token, byte for byte.
    Other(Bytes),
}

impl Method {
    /// The methods with a name of their own.
    pub const KNOWN: [Method; 14] = [
        Method::Invite,
        Method::Ack,
        Method::Bye,
        Method::Cancel,
        Method::Options,
        Method::Register,
        Method::Info,
        Method::Refer,
        Method::Notify,
        Method::Update,
        Method::Prack,
        Method::Subscribe,
        Method::Message,
        Method::Publish,
    ];

    /// The method written as `word`, which is not checked to be a token.
    #[must_use]
    pub fn new(word: &[u8]) -> Method {
        Method::known(word).unwrap_or_else(|| Method::Other(Bytes::copy_from_slice(word)))
    }

    /// As `new`, sharing the buffer of an unknown word.
    pub(super) fn read(word: Text<'_>) -> Method {
        Method::known(&word).unwrap_or_else(|| Method::Other(word.keep()))
    }

    fn known(word: &[u8]) -> Option<Method> {
        Some(match word {
            b"INVITE" => Method::Invite,
            b"ACK" => Method::Ack,
            b"BYE" => Method::Bye,
            b"CANCEL" => Method::Cancel,
            b"OPTIONS" => Method::Options,
            b"REGISTER" => Method::Register,
            b"INFO" => Method::Info,
            b"REFER" => Method::Refer,
            b"NOTIFY" => Method::Notify,
            b"UPDATE" => Method::Update,
            b"PRACK" => Method::Prack,
            b"SUBSCRIBE" => Method::Subscribe,
            b"MESSAGE" => Method::Message,
            b"PUBLISH" => Method::Publish,
            _ => return None,
        })
    }

    /// The word on the wire.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Method::Invite => b"INVITE",
            Method::Ack => b"ACK",
            Method::Bye => b"BYE",
            Method::Cancel => b"CANCEL",
            Method::Options => b"OPTIONS",
            Method::Register => b"REGISTER",
            Method::Info => b"INFO",
            Method::Refer => b"REFER",
            Method::Notify => b"NOTIFY",
            Method::Update => b"UPDATE",
            Method::Prack => b"PRACK",
            Method::Subscribe => b"SUBSCRIBE",
            Method::Message => b"MESSAGE",
            Method::Publish => b"PUBLISH",
            Method::Other(word) => word,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.as_bytes()))
    }
}

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_method_survives_the_round_trip() {
        for method in Method::KNOWN {
            assert_eq!(Method::new(method.as_bytes()), method);
        }
    }

    #[test]
    fn an_unknown_method_is_kept_byte_for_byte_and_case_counts() {
        assert_eq!(Method::new(b"RE%47ISTER"), Method::Other(Bytes::from_static(b"RE%47ISTER")));
        assert_eq!(Method::new(b"invite").as_bytes(), b"invite");
        assert_ne!(Method::new(b"invite"), Method::Invite);
    }
}
