//! Digest challenges and credentials as they stand in WWW-Authenticate, Authorization and their Proxy twins.
//! Never computes a hash; schemes and algorithms we do not speak are errors, to be passed over.
//! RFC 3261 20.7, 20.27, 20.28, 20.44; RFC 7616 3.3, 3.4; RFC 8760.

use std::fmt;

use bytes::Bytes;

use crate::sip::digest::Algorithm;
use crate::sip::error::SyntaxError;
use crate::sip::grammar;

/// What a server asks for: one WWW-Authenticate or Proxy-Authenticate header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    pub realm: Bytes,
    pub nonce: Bytes,
    pub opaque: Option<Bytes>,
    /// The password was right, only the nonce too old: try again without asking anybody.
    pub stale: bool,
    pub algorithm: Algorithm,
    /// Whether `qop=auth` is offered; without it only the legacy hash of RFC 2069 is possible.
    pub qop_auth: bool,
}

impl Challenge {
    /// Reads one header value, unfolded. Fails for other schemes, unknown algorithms and `auth-int` alone.
    pub fn parse(text: &[u8]) -> Result<Challenge, SyntaxError> {
        let text = Bytes::copy_from_slice(text);
        let mut fields = Fields::read(&text)?;
        let qop = fields.take("qop")?;
        let qop_auth = qop.as_deref().is_some_and(|offer| offer.split(|byte| *byte == b',').any(is_auth));
        if qop.is_some() && !qop_auth {
            return Err(SyntaxError("no known quality of protection is offered"));
        }
        Ok(Challenge {
            realm: fields.require("realm")?,
            nonce: fields.require("nonce")?,
            opaque: fields.take("opaque")?,
            stale: fields.take("stale")?.is_some_and(|word| word.eq_ignore_ascii_case(b"true")),
            algorithm: fields.algorithm()?,
            qop_auth,
        })
    }

    /// The header value.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let mut out = b"Digest realm=".to_vec();
        grammar::quote_into(&mut out, &self.realm);
        quoted_field(&mut out, "nonce", &self.nonce);
        if let Some(opaque) = &self.opaque {
            quoted_field(&mut out, "opaque", opaque);
        }
        if self.stale {
            out.extend_from_slice(b", stale=true");
        }
        out.extend_from_slice(b", algorithm=");
        out.extend(self.algorithm.word().bytes());
        if self.qop_auth {
            out.extend_from_slice(b", qop=\"auth\"");
        }
        out.into()
    }
}

/// What a client shows: one Authorization or Proxy-Authorization header.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub username: Bytes,
    pub realm: Bytes,
    pub nonce: Bytes,
    /// The digest-uri, which the server compares with the Request-URI.
    pub uri: Bytes,
    /// Hexadecimal.
    pub response: Bytes,
    pub algorithm: Algorithm,
    pub opaque: Option<Bytes>,
    /// `qop=auth` with its counter and client nonce; `None` is the legacy form of RFC 2069.
    pub protection: Option<Protection>,
}

/// What `qop=auth` adds to a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protection {
    /// How often this nonce was used, as eight hexadecimal digits, as written: `0000000a` is ten.
    pub nc: Bytes,
    pub cnonce: Bytes,
}

impl Protection {
    /// The counter as a number.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.nc.iter().fold(0, |count, digit| count << 4 | u32::from(grammar::hex_value(*digit).unwrap_or(0)))
    }
}

impl Credentials {
    /// Reads one header value, unfolded. Fails for other schemes and unknown algorithms: no credentials at all.
    pub fn parse(text: &[u8]) -> Result<Credentials, SyntaxError> {
        let text = Bytes::copy_from_slice(text);
        let mut fields = Fields::read(&text)?;
        let protection = match fields.take("qop")? {
            None => None,
            Some(word) if is_auth(&word) => {
                let (nc, cnonce) = (fields.require("nc")?, fields.require("cnonce")?);
                if nc.len() != 8 || !nc.iter().all(u8::is_ascii_hexdigit) {
                    return Err(SyntaxError("nonce count is not eight hexadecimal digits"));
                }
                Some(Protection { nc, cnonce })
            }
            Some(_) => return Err(SyntaxError("quality of protection was not offered")),
        };
        Ok(Credentials {
            username: fields.require("username")?,
            realm: fields.require("realm")?,
            nonce: fields.require("nonce")?,
            uri: fields.require("uri")?,
            response: fields.require("response")?,
            algorithm: fields.algorithm()?,
            opaque: fields.take("opaque")?,
            protection,
        })
    }

    /// The header value.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let mut out = b"Digest username=".to_vec();
        grammar::quote_into(&mut out, &self.username);
        quoted_field(&mut out, "realm", &self.realm);
        quoted_field(&mut out, "nonce", &self.nonce);
        quoted_field(&mut out, "uri", &self.uri);
        quoted_field(&mut out, "response", &self.response);
        out.extend_from_slice(b", algorithm=");
        out.extend(self.algorithm.word().bytes());
        if let Some(opaque) = &self.opaque {
            quoted_field(&mut out, "opaque", opaque);
        }
        if let Some(protection) = &self.protection {
            out.extend_from_slice(b", qop=auth, nc=");
            out.extend(protection.nc.iter().filter(|digit| digit.is_ascii_hexdigit()));
            quoted_field(&mut out, "cnonce", &protection.cnonce);
        }
        out.into()
    }
}

/// Who it claims to be may be a number, and the response is a key's shadow: neither belongs in a log.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

fn is_auth(word: &[u8]) -> bool {
    grammar::trim(word).eq_ignore_ascii_case(b"auth")
}

fn quoted_field(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(b", ");
    out.extend(name.bytes());
    out.push(b'=');
    grammar::quote_into(out, value);
}

/// The `name=value` fields after `Digest`, values without their quotes.
struct Fields<'t> {
    fields: Vec<(&'t [u8], Bytes)>,
}

impl<'t> Fields<'t> {
    fn read(text: &'t Bytes) -> Result<Fields<'t>, SyntaxError> {
        let trimmed = grammar::trim(text);
        let scheme = trimmed.iter().take_while(|byte| grammar::is_token(**byte)).count();
        if !trimmed[..scheme].eq_ignore_ascii_case(b"Digest") {
            return Err(SyntaxError("authentication scheme is not Digest"));
        }
        let rest = grammar::trim(&trimmed[scheme..]);
        let mut fields = Vec::with_capacity(12);
        for range in grammar::Elements::new(rest).take(FIELDS_MAX) {
            let element = &rest[range];
            let at = memchr::memchr(b'=', element).ok_or(SyntaxError("digest field has no value"))?;
            let (name, value) = (grammar::trim(&element[..at]), grammar::trim(&element[at + 1..]));
            let whole = match value {
                [b'"', ..] => grammar::quoted_end(value) == Some(value.len()),
                _ => !value.is_empty() && value.iter().all(|byte| grammar::is_param_value(*byte)),
            };
            if !grammar::is_token_word(name) || !whole {
                return Err(SyntaxError("digest field is malformed"));
            }
            let value = match grammar::unquote(value) {
                std::borrow::Cow::Borrowed(inside) => text.slice_ref(inside),
                std::borrow::Cow::Owned(plain) => plain.into(),
            };
            fields.push((name, value));
        }
        Ok(Fields { fields })
    }

    /// The value of `name`, which may stand there once.
    fn take(&mut self, name: &str) -> Result<Option<Bytes>, SyntaxError> {
        let mut found = self.fields.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name.as_bytes()));
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(SyntaxError("digest field is there twice")),
            (first, None) => Ok(first.map(|(_, value)| value.clone())),
        }
    }

    fn require(&mut self, name: &str) -> Result<Bytes, SyntaxError> {
        self.take(name)?.ok_or(SyntaxError("digest field is missing"))
    }

    /// MD5 where none is named (RFC 7616 3.3).
    fn algorithm(&mut self) -> Result<Algorithm, SyntaxError> {
        match self.take("algorithm")? {
            None => Ok(Algorithm::Md5),
            Some(word) => Algorithm::from_word(&word).ok_or(SyntaxError("digest algorithm is unknown")),
        }
    }
}

/// Fields looked at: RFC 7616 names a dozen.
const FIELDS_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_read_and_written() {
        let text = br#"Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, nonce="7ypf/x", opaque="FQhe/qa", stale=TRUE"#;
        let challenge = Challenge::parse(text).expect("valid");
        assert_eq!((&challenge.realm[..], &challenge.nonce[..]), (&b"http-auth@example.org"[..], &b"7ypf/x"[..]));
        assert_eq!((challenge.algorithm, challenge.stale, challenge.qop_auth), (Algorithm::Sha256, true, true));
        assert_eq!(Challenge::parse(&challenge.to_bytes()), Ok(challenge));
    }

    #[test]
    fn credentials_are_read_and_written() {
        let text = br#"Digest username="bob", realm="biloxi.com", nonce="dcd98b", uri="sip:bob@biloxi.com", qop=auth, nc=0000000a, cnonce="0a4f113b", response="6629fae4", opaque="5ccc""#;
        let credentials = Credentials::parse(text).expect("valid");
        assert_eq!(credentials.algorithm, Algorithm::Md5);
        assert_eq!(credentials.protection.as_ref().map(Protection::count), Some(10));
        assert_eq!(Credentials::parse(&credentials.to_bytes()), Ok(credentials.clone()));
        assert!(!format!("{credentials:?}").contains("bob"));
    }

    #[test]
    fn what_we_do_not_speak_is_an_error() {
        let wrong: [&[u8]; 8] = [
            b"Basic realm=\"x\"",
            b"NoOneKnowsThisScheme opaque-data=here",
            b"Digest realm=\"x\", nonce=\"y\", algorithm=SHA-9",
            b"Digest realm=\"x\", nonce=\"y\", qop=\"auth-int\"",
            b"Digest realm=\"x\"",
            b"Digest realm=\"x\", realm=\"y\", nonce=\"z\"",
            b"Digest realm=\"x, nonce=y",
            b"",
        ];
        for text in wrong {
            assert!(Challenge::parse(text).is_err(), "{}", String::from_utf8_lossy(text));
        }
        for nc in ["1", "0000000g", "000000001"] {
            let text = format!(
                "Digest username=\"a\", realm=\"b\", nonce=\"c\", uri=\"d\", response=\"e\", qop=auth, nc={nc}, cnonce=\"f\""
            );
            assert!(Credentials::parse(text.as_bytes()).is_err(), "{nc}");
        }
    }
}
