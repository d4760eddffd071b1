//! Parameters after a semicolon, of URIs and of header values, kept as written and looked up on demand.
//! Never decides what a parameter means. RFC 3261 25.1 (`generic-param`, `uri-parameter`).

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;

use crate::sip::error::SyntaxError;
use crate::sip::grammar;
use crate::sip::text::Text;

/// A row of `;name` or `;name=value`, checked once, then searched in place. Names ignore case.
#[derive(Clone, Default)]
pub struct Params {
    /// Empty, or begins with a semicolon (or with the white space before it).
    text: Bytes,
}

impl Params {
    /// No parameters.
    #[must_use]
    pub fn new() -> Params {
        Params::default()
    }

    /// Reads the parameters of a header value: `;tag=1 ; q = "0.5"`. Empty text is no parameters.
    pub fn parse(text: &[u8]) -> Result<Params, SyntaxError> {
        Params::of_header(Text::all(&Bytes::copy_from_slice(text)))
    }

    /// Parameters of a header value: spaces allowed, values may be quoted.
    pub(in crate::sip) fn of_header(text: Text<'_>) -> Result<Params, SyntaxError> {
        let text = text.trim();
        let mut rest = text.slice();
        while !rest.is_empty() {
            let [b';', after @ ..] = rest else { return Err(SyntaxError("parameters are not separated by ';'")) };
            rest = header_param(after)?;
        }
        Ok(Params { text: text.keep() })
    }

    /// Parameters of a URI: no spaces, no quotes, whole escapes.
    pub(in crate::sip) fn of_uri(text: Text<'_>) -> Result<Params, SyntaxError> {
        let [b';', row @ ..] = text.slice() else {
            return if text.is_empty() {
                Ok(Params::new())
            } else {
                Err(SyntaxError("URI parameters are not separated by ';'"))
            };
        };
        if !grammar::is_uri_text(row) || row.contains(&b'?') {
            return Err(SyntaxError("URI parameter has characters that need escaping"));
        }
        for param in row.split(|byte| *byte == b';') {
            let (name, value) = split_param(param);
            if name.is_empty() || value.is_some_and(<[u8]>::is_empty) {
                return Err(SyntaxError("URI parameter is malformed"));
            }
        }
        Ok(Params { text: text.keep() })
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The value of `name` as written (quotes kept): `None` when absent, empty when it has no value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.iter().find(|(found, _)| names_match(found, name.as_bytes())).map(|(_, value)| value.unwrap_or(b""))
    }

    /// The value of `name` without quotes and quoted pairs.
    #[must_use]
    pub fn get_unquoted(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        self.get(name).map(grammar::unquote)
    }

    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// How often `name` is there; more than once is a fault in every grammar that uses it (RFC 3261 7.3.1).
    #[must_use]
    pub fn count(&self, name: &str) -> usize {
        self.iter().filter(|(found, _)| names_match(found, name.as_bytes())).count()
    }

    /// Names and values in their order, as written.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        let mut rest = &*self.text;
        std::iter::from_fn(move || {
            rest = match grammar::trim(rest) {
                [b';', after @ ..] => after,
                _ => return None,
            };
            let length = grammar::unquoted(rest, b';').unwrap_or(rest.len());
            let (param, after) = rest.split_at(length);
            rest = after;
            Some(split_param(param))
        })
    }

    /// Adds `name` or replaces its value; `None` is a parameter without a value. Bytes that would break the grammar
    /// make the value a quoted string.
    pub fn set(&mut self, name: &str, value: Option<&[u8]>) {
        self.remove(name);
        let mut text = Vec::with_capacity(self.text.len() + name.len() + value.map_or(0, <[u8]>::len) + 4);
        text.extend_from_slice(&self.text);
        text.push(b';');
        text.extend(name.bytes().filter(|byte| grammar::is_token(*byte)));
        if let Some(value) = value {
            text.push(b'=');
            if !value.is_empty() && value.iter().all(|byte| grammar::is_param_value(*byte)) || is_quoted(value) {
                text.extend_from_slice(value);
            } else {
                grammar::quote_into(&mut text, value);
            }
        }
        self.text = text.into();
    }

    /// The same parameters with `name` set.
    #[must_use]
    pub fn with(mut self, name: &str, value: Option<&[u8]>) -> Params {
        self.set(name, value);
        self
    }

    /// Takes every `name` away.
    pub fn remove(&mut self, name: &str) {
        if !self.contains(name) {
            return;
        }
        let mut text = Vec::with_capacity(self.text.len());
        for (kept, value) in self.iter().filter(|(found, _)| !names_match(found, name.as_bytes())) {
            text.push(b';');
            text.extend_from_slice(kept);
            if let Some(value) = value {
                text.push(b'=');
                text.extend_from_slice(value);
            }
        }
        self.text = text.into();
    }

    /// As on the wire.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.text
    }
}

/// Values may be numbers and names of people, so a log sees the names of the parameters.
impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(name, _)| String::from_utf8_lossy(name).into_owned())).finish()
    }
}

/// Reads one header parameter after its semicolon; returns what follows it.
fn header_param(text: &[u8]) -> Result<&[u8], SyntaxError> {
    let text = grammar::trim(text);
    let name = text.iter().take_while(|byte| grammar::is_token(**byte)).count();
    if name == 0 {
        return Err(SyntaxError("parameter has no name"));
    }
    let rest = grammar::trim(&text[name..]);
    let [b'=', value @ ..] = rest else { return Ok(rest) };
    let value = grammar::trim(value);
    let length = match value {
        [b'"', ..] => grammar::quoted_end(value).ok_or(SyntaxError("quoted parameter value has no end"))?,
        _ => value.iter().take_while(|byte| grammar::is_param_value(**byte)).count(),
    };
    if length == 0 {
        return Err(SyntaxError("parameter has no value after '='"));
    }
    Ok(grammar::trim(&value[length..]))
}

fn split_param(param: &[u8]) -> (&[u8], Option<&[u8]>) {
    match param.iter().position(|byte| *byte == b'=') {
        Some(at) => (grammar::trim(&param[..at]), Some(grammar::trim(&param[at + 1..]))),
        None => (grammar::trim(param), None),
    }
}

/// Names compare without case and, in URIs, with escapes resolved (RFC 3261 19.1.4).
fn names_match(found: &[u8], name: &[u8]) -> bool {
    found.eq_ignore_ascii_case(name) || found.contains(&b'%') && grammar::unescape(found).eq_ignore_ascii_case(name)
}

fn is_quoted(value: &[u8]) -> bool {
    value.first() == Some(&b'"')
        && grammar::quoted_end(value) == Some(value.len())
        && !value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_parameters_may_breathe_and_be_quoted() {
        let params = Params::parse(br#" ;  tag = 98asjd8;q="a;b\"=c" ; lr ;received=2001:db8::9:255"#).expect("valid");
        assert_eq!(params.get("TAG"), Some(&b"98asjd8"[..]));
        assert_eq!(params.get("q"), Some(&br#""a;b\"=c""#[..]));
        assert_eq!(params.get_unquoted("q").as_deref(), Some(&br#"a;b"=c"#[..]));
        assert_eq!(params.get("lr"), Some(&b""[..]));
        assert_eq!(params.get("received"), Some(&b"2001:db8::9:255"[..]));
        assert_eq!(params.get("other"), None);
        assert_eq!(params.iter().count(), 4);
    }

    #[test]
    fn stray_separators_and_open_quotes_are_refused() {
        for wrong in [";", ";;a", ";a;", ";a=", ";=b", "a=b", ";a=\"b", ";a=b,c", ";a b", ";a=b c", ";a=\"b\"c"] {
            assert!(Params::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn uri_parameters_are_strict_and_know_escapes() {
        let uri = |text: &'static [u8]| Params::of_uri(Text::all(&Bytes::from_static(text)));
        let params = uri(b";%6C%72;n%61me=v%61lue%25%34%31").expect("valid");
        assert!(params.contains("lr"));
        assert_eq!(params.get("name"), Some(&b"v%61lue%25%34%31"[..]));
        for wrong in [";", ";a=\"b\"", "; lr", ";a%2", ";a=", ";=b", "lr"] {
            assert!(uri(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn parameters_can_be_set_replaced_and_removed() {
        let mut params = Params::parse(b";rport;branch=z9hG4bK1;RPORT").expect("valid");
        assert_eq!(params.count("rport"), 2);
        params.set("rport", Some(b"5062"));
        assert_eq!(params.as_bytes(), b";branch=z9hG4bK1;rport=5062");
        params.set("text", Some(b"a b\r\nc"));
        assert_eq!(params.get("text"), Some(&b"\"a b  c\""[..]));
        params.remove("branch");
        params.remove("text");
        assert_eq!(params.as_bytes(), b";rport=5062");
        assert_eq!(Params::new().with("lr", None).as_bytes(), b";lr");
    }
}
