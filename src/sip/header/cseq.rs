//! CSeq: the number and the method that order the requests of a dialog.
//! Never checks the order itself. RFC 3261 20.16, 8.1.1.5.

use std::fmt;

use bytes::Bytes;

use crate::sip::error::SyntaxError;
use crate::sip::grammar;
use crate::sip::method::Method;
use crate::sip::text::Text;

/// `314159 INVITE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CSeq {
    /// Below 2^31 (RFC 3261 8.1.1.5).
    pub number: u32,
    /// The request's method; in a response, the method it answers.
    pub method: Method,
}

impl CSeq {
    /// The largest number a CSeq may carry.
    pub const NUMBER_MAX: u32 = (1 << 31) - 1;

    /// Reads one header value, unfolded.
    pub fn parse(text: &[u8]) -> Result<CSeq, SyntaxError> {
        CSeq::read(Text::all(&Bytes::copy_from_slice(text)))
    }

    /// As `parse`, sharing the buffer.
    pub fn from_bytes(text: &Bytes) -> Result<CSeq, SyntaxError> {
        CSeq::read(Text::all(text))
    }

    pub(in crate::sip) fn read(text: Text<'_>) -> Result<CSeq, SyntaxError> {
        let trimmed = text.trim().slice();
        let digits = trimmed.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (number, rest) = trimmed.split_at(digits);
        let word = grammar::trim(rest);
        if word.len() == rest.len() || !grammar::is_token_word(word) {
            return Err(SyntaxError("CSeq is not a number, a space and a method"));
        }
        match grammar::decimal(number) {
            Some(number) if number <= CSeq::NUMBER_MAX => Ok(CSeq { number, method: Method::read(text.part(word)) }),
            _ => Err(SyntaxError("CSeq number is out of range")),
        }
    }
}

impl fmt::Display for CSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_a_method_are_read() {
        assert_eq!(CSeq::parse(b"0009  INVITE"), Ok(CSeq { number: 9, method: Method::Invite }));
        let extension = CSeq::parse(b"2147483647 new.METHOD").expect("the largest number");
        assert_eq!(extension.method.as_bytes(), b"new.METHOD");
        assert_eq!(extension.to_string(), "2147483647 new.METHOD");
    }

    #[test]
    fn anything_else_is_refused() {
        for wrong in [
            "",
            "1",
            "INVITE",
            "1INVITE",
            "-1 INVITE",
            "2147483648 INVITE",
            "36893488147419103232 REGISTER",
            "1 IN VITE",
        ] {
            assert!(CSeq::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
