//! Names and addresses: From, To, Contact, Route, Record-Route, Refer-To and their like.
//! Never guesses a missing quote or bracket. RFC 3261 20.10, 20.20, 25.1 (`name-addr`, `addr-spec`).

use std::fmt;

use bytes::Bytes;

use crate::sip::error::SyntaxError;
use crate::sip::grammar;
use crate::sip::header::Params;
use crate::sip::text::Text;
use crate::sip::uri::Uri;

/// `"Display" <uri>;params` or `uri;params`.
#[derive(Clone)]
pub struct NameAddr {
    /// The display name without its quotes and quoted pairs; bytes, because peers send any charset.
    pub display: Option<Bytes>,
    pub uri: Uri,
    /// Parameters of the header, outside the brackets.
    pub params: Params,
}

impl NameAddr {
    /// The address alone.
    #[must_use]
    pub fn new(uri: Uri) -> NameAddr {
        NameAddr { display: None, uri, params: Params::new() }
    }

    /// The same with a display name.
    #[must_use]
    pub fn with_display(mut self, display: &str) -> NameAddr {
        self.display = Some(Bytes::copy_from_slice(display.as_bytes()));
        self
    }

    /// The same with a tag.
    #[must_use]
    pub fn with_tag(mut self, tag: &[u8]) -> NameAddr {
        self.params.set("tag", Some(tag));
        self
    }

    /// Reads one header value (or one element of a list), unfolded.
    pub fn parse(text: &[u8]) -> Result<NameAddr, SyntaxError> {
        NameAddr::read(Text::all(&Bytes::copy_from_slice(text)))
    }

    /// As `parse`, sharing the buffer.
    pub fn from_bytes(text: &Bytes) -> Result<NameAddr, SyntaxError> {
        NameAddr::read(Text::all(text))
    }

    pub(in crate::sip) fn read(text: Text<'_>) -> Result<NameAddr, SyntaxError> {
        let text = text.trim();
        if text.first() == Some(&b'"') {
            let quoted = grammar::quoted_end(&text).ok_or(SyntaxError("display name has no closing quote"))?;
            return bracketed(Some(unquoted(text.cut(..quoted))), text.cut(quoted..).trim());
        }
        let Some(open) = grammar::unquoted(&text, b'<') else { return addr_spec(text) };
        let display = text.cut(..open).trim();
        // Bytes above ASCII are no tokens, but a name in an old charset harms nobody.
        if !display.iter().all(|byte| grammar::is_token(*byte) || grammar::is_space(*byte) || *byte >= 0x80) {
            return Err(SyntaxError("display name needs quotes"));
        }
        bracketed((!display.is_empty()).then(|| display.keep()), text.cut(open..))
    }

    /// The `tag` parameter.
    #[must_use]
    pub fn tag(&self) -> Option<&[u8]> {
        self.params.get("tag")
    }

    /// As on the wire: display name always quoted, URI always in brackets.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let mut out = Vec::with_capacity(96);
        if let Some(display) = &self.display {
            grammar::quote_into(&mut out, display);
            out.push(b' ');
        }
        out.push(b'<');
        self.uri.write_into(&mut out);
        out.push(b'>');
        out.extend_from_slice(self.params.as_bytes());
        out.into()
    }
}

impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.to_bytes()))
    }
}

/// Names and numbers of people stay out of logs.
impl fmt::Debug for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{:?}>", self.uri)
    }
}

/// `<uri>` and parameters.
fn bracketed(display: Option<Bytes>, text: Text<'_>) -> Result<NameAddr, SyntaxError> {
    if text.first() != Some(&b'<') {
        return Err(SyntaxError("display name is not followed by '<'"));
    }
    let close = memchr::memchr(b'>', &text).ok_or(SyntaxError("'<' has no '>'"))?;
    let uri = Uri::read(text.cut(1..close))?;
    let params = Params::of_header(text.cut(close + 1..))?;
    Ok(NameAddr { display, uri, params })
}

/// A bare URI: parameters after it are the header's, and a question mark or a comma would have needed brackets
/// (RFC 3261 20.10).
fn addr_spec(text: Text<'_>) -> Result<NameAddr, SyntaxError> {
    let end = memchr::memchr(b';', &text).unwrap_or(text.len());
    let spec = text.cut(..end).trim();
    if spec.iter().any(|byte| matches!(byte, b'?' | b',')) {
        return Err(SyntaxError("URI with '?' or ',' needs brackets"));
    }
    Ok(NameAddr { display: None, uri: Uri::read(spec)?, params: Params::of_header(text.cut(end..))? })
}

/// The inside of a quoted string, sharing the buffer where no quoted pair stands in it.
fn unquoted(quoted: Text<'_>) -> Bytes {
    match grammar::unquote(quoted.slice()) {
        std::borrow::Cow::Borrowed(inside) => quoted.part(inside).keep(),
        std::borrow::Cow::Owned(plain) => plain.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_addr(text: &str) -> NameAddr {
        NameAddr::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn quoted_names_bare_names_and_no_names() {
        let quoted = name_addr(r#""J Rosenberg \\\""       <sip:jdrosen@example.com> ; tag = 98asjd8"#);
        assert_eq!(quoted.display.as_deref(), Some(&br#"J Rosenberg \""#[..]));
        assert_eq!(quoted.tag(), Some(&b"98asjd8"[..]));
        let bare = name_addr("token1~` token2'+_ token3*%!.- <sip:mundane@example.com>;tag=_token~1'+`*%!-.");
        assert_eq!(bare.display.as_deref(), Some(&b"token1~` token2'+_ token3*%!.-"[..]));
        assert_eq!(name_addr("caller<sip:caller@example.com>").display.as_deref(), Some(&b"caller"[..]));
        assert_eq!(name_addr("<sip:a@b.example>").display, None);
    }

    #[test]
    fn parameters_belong_to_the_header_unless_they_stand_in_brackets() {
        let outside = name_addr("sip:+19725552222@gw1.example.net;unknownparam");
        assert!(outside.params.contains("unknownparam") && outside.uri.params.is_empty());
        let inside = name_addr("<sip:+19725552222@gw1.example.net;unknownparam>");
        assert!(inside.uri.params.contains("unknownparam") && inside.params.is_empty());
    }

    #[test]
    fn a_bracket_within_a_quoted_parameter_opens_nothing() {
        let bare = name_addr("sip:a@b.example;+sip.instance=\"<urn:uuid:1>\";expires=60");
        assert_eq!(bare.params.get("expires"), Some(&b"60"[..]));
        assert_eq!(bare.params.get_unquoted("+sip.instance").as_deref(), Some(&b"<urn:uuid:1>"[..]));
    }

    #[test]
    fn nothing_is_guessed() {
        let wrong = [
            r#""Mr. J. User <sip:j.user@example.com>"#,
            "Bell, Alexander <sip:a.g.bell@example.com>;tag=43",
            r#""Watson, Thomas" < sip:t.watson@example.org >"#,
            "sip:user@example.com?Route=%3Csip:sip.example.com%3E",
            r#""Joe" <sip:joe@example.org>;;;;"#,
            r#""Joe" sip:joe@example.org"#,
            "<sip:joe@example.org",
            "",
        ];
        for text in wrong {
            assert!(NameAddr::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_latin_1_name_is_bytes() {
        let name = NameAddr::parse(b"\"Andr\xe9\" <sip:andre@example.com>;tag=1").expect("bytes are bytes");
        assert_eq!(name.display.as_deref(), Some(&b"Andr\xe9"[..]));
        assert_eq!(&name.to_bytes()[..], b"\"Andr\xe9\" <sip:andre@example.com>;tag=1");
        assert!(NameAddr::parse(b"Andr\xe9 <sip:andre@example.com>").is_ok());
    }

    #[test]
    fn what_is_written_is_read_again() {
        let written = NameAddr::new(Uri::parse(b"sip:1300@example.com;lr").expect("valid"))
            .with_display("Queue \"A\" \\ desk\r\nX: y")
            .with_tag(b"a73kszlfl");
        let read = NameAddr::parse(&written.to_bytes()).expect("own writing");
        assert_eq!(read.display.as_deref(), Some(&b"Queue \"A\" \\ desk  X: y"[..]));
        assert_eq!((read.uri, read.params.get("tag")), (written.uri, Some(&b"a73kszlfl"[..])));
    }
}
