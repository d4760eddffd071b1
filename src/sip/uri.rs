//! URIs: sip and sips in their parts, tel and any other scheme as an opaque rest.
//! Never resolves a name. RFC 3261 19.1, 25.1; RFC 5118 4.1-4.3 and 4.10 for IPv6; RFC 3966 for tel.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;

use super::error::SyntaxError;
use super::grammar;
use super::header::Params;
use super::host;
pub(super) use super::host::Host;
use super::text::Text;
use crate::model::PhoneNumber;

/// What stands before the colon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scheme {
    Sip,
    Sips,
    /// RFC 3966.
    Tel,
    /// Any other scheme, as written.
    Other(Bytes),
}

impl Scheme {
    /// The word on the wire.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Scheme::Sip => b"sip",
            Scheme::Sips => b"sips",
            Scheme::Tel => b"tel",
            Scheme::Other(word) => word,
        }
    }
}

/// A URI. Parts are kept as written (escapes included); equality is RFC 3261 19.1.4, which is not transitive.
#[derive(Clone)]
pub struct Uri {
    pub scheme: Scheme,
    /// The user part of sip and sips; the number of tel.
    pub user: Option<Bytes>,
    /// Deprecated by RFC 3261 19.1.1, kept for comparison.
    pub password: Option<Bytes>,
    /// An empty name where the scheme is neither sip nor sips.
    pub host: Host,
    pub port: Option<u16>,
    /// Parameters within the URI (of sip, sips and tel).
    pub params: Params,
    /// What follows `?`, without it.
    pub headers: Option<Bytes>,
    /// Everything after the colon, where the scheme is neither sip, sips nor tel.
    pub opaque: Option<Bytes>,
}

impl Uri {
    /// Reads a URI without brackets, display name or white space.
    pub fn parse(text: &[u8]) -> Result<Uri, SyntaxError> {
        Uri::read(Text::all(&Bytes::copy_from_slice(text)))
    }

    /// As `parse`, sharing the buffer.
    pub fn from_bytes(text: Bytes) -> Result<Uri, SyntaxError> {
        Uri::read(Text::all(&text))
    }

    pub(super) fn read(text: Text<'_>) -> Result<Uri, SyntaxError> {
        let colon = text.iter().position(|byte| *byte == b':').ok_or(SyntaxError("URI has no scheme"))?;
        let rest = text.cut(colon + 1..);
        match text.cut(..colon).slice() {
            word if word.eq_ignore_ascii_case(b"sip") => read_sip(Scheme::Sip, rest),
            word if word.eq_ignore_ascii_case(b"sips") => read_sip(Scheme::Sips, rest),
            word if word.eq_ignore_ascii_case(b"tel") => read_tel(rest),
            word if is_scheme(word) => {
                let sound =
                    !rest.is_empty() && rest.iter().all(|byte| byte.is_ascii_graphic() && !b"\"<>".contains(byte));
                let opaque = sound.then(|| rest.keep()).ok_or(SyntaxError("URI has characters that need escaping"))?;
                Ok(Uri { opaque: Some(opaque), ..Uri::bare(Scheme::Other(text.cut(..colon).keep())) })
            }
            _ => Err(SyntaxError("URI scheme is malformed")),
        }
    }

    /// `sip:user@host:port`; characters of `user` that need it are escaped.
    #[must_use]
    pub fn sip(user: Option<&str>, host: Host, port: Option<u16>) -> Uri {
        let user = user.map(|user| escape_user(user.as_bytes()));
        Uri { user, host, port, ..Uri::bare(Scheme::Sip) }
    }

    fn bare(scheme: Scheme) -> Uri {
        let host = Host::Name(Bytes::new());
        Uri { scheme, user: None, password: None, host, port: None, params: Params::new(), headers: None, opaque: None }
    }

    /// Whether it is a sip or a sips URI.
    #[must_use]
    pub fn is_sip(&self) -> bool {
        matches!(self.scheme, Scheme::Sip | Scheme::Sips)
    }

    /// The user part with its escapes resolved: `%75se%72` is `user`.
    #[must_use]
    pub fn user_unescaped(&self) -> Option<Cow<'_, [u8]>> {
        self.user.as_deref().map(grammar::unescape)
    }

    /// As on the wire. Control characters and white space, which no parsed URI has, are escaped.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let mut out = Vec::with_capacity(64);
        self.write_into(&mut out);
        out.into()
    }

    pub(super) fn write_into(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.scheme.as_bytes());
        out.push(b':');
        let start = out.len();
        if let Some(opaque) = &self.opaque {
            out.extend_from_slice(opaque);
        } else {
            if let Some(user) = &self.user {
                out.extend_from_slice(user);
                if let Some(password) = &self.password {
                    out.push(b':');
                    out.extend_from_slice(password);
                }
                if self.is_sip() {
                    out.push(b'@');
                }
            }
            self.host.write_into(out);
            if let Some(port) = self.port {
                out.extend(format!(":{port}").bytes());
            }
            out.extend_from_slice(self.params.as_bytes());
            if let Some(headers) = &self.headers {
                out.push(b'?');
                out.extend_from_slice(headers);
            }
        }
        // Public fields may hold anything; what would end the URI or the line early is escaped.
        if out[start..].iter().any(|byte| breaks_uri(*byte)) {
            let unsafe_part = out.split_off(start);
            escape_into(out, &unsafe_part, |byte| !breaks_uri(byte));
        }
    }
}

fn breaks_uri(byte: u8) -> bool {
    byte <= b' ' || byte == 0x7f || matches!(byte, b'<' | b'>' | b'"')
}

impl PartialEq for Uri {
    fn eq(&self, other: &Self) -> bool {
        if let (Scheme::Other(one), Scheme::Other(two)) = (&self.scheme, &other.scheme) {
            return one.eq_ignore_ascii_case(two) && self.opaque == other.opaque;
        }
        self.scheme == other.scheme
            && parts_match(self.user.as_deref(), other.user.as_deref())
            && parts_match(self.password.as_deref(), other.password.as_deref())
            && self.host == other.host
            && self.port == other.port
            && params_match(&self.params, &other.params)
            && params_match(&other.params, &self.params)
            && headers_match(self.headers.as_deref(), other.headers.as_deref())
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.to_bytes()))
    }
}

/// The user part may be a telephone number, so a log sees it masked.
impl fmt::Debug for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.user.as_deref().map(|user| PhoneNumber::new(&String::from_utf8_lossy(user)));
        write!(f, "{}:", String::from_utf8_lossy(self.scheme.as_bytes()))?;
        if let Some(user) = user {
            write!(f, "{user}@")?;
        }
        write!(f, "{}", self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

fn read_sip(scheme: Scheme, text: Text<'_>) -> Result<Uri, SyntaxError> {
    let mut uri = Uri::bare(scheme);
    let mut rest = text;
    if let Some(at) = memchr::memchr(b'@', &text) {
        (uri.user, uri.password) = read_user(text.cut(..at))?;
        rest = text.cut(at + 1..);
    }
    let hostport = rest.iter().position(|byte| matches!(byte, b';' | b'?')).unwrap_or(rest.len());
    (uri.host, uri.port) = host::read_host_port(rest.cut(..hostport))?;
    let tail = rest.cut(hostport..);
    let params = memchr::memchr(b'?', &tail).unwrap_or(tail.len());
    uri.params = Params::of_uri(tail.cut(..params))?;
    if params < tail.len() {
        let headers = tail.cut(params + 1..);
        if !headers_are_sound(&headers) {
            return Err(SyntaxError("URI headers are malformed"));
        }
        uri.headers = Some(headers.keep());
    }
    Ok(uri)
}

/// `user [":" password]`.
fn read_user(text: Text<'_>) -> Result<(Option<Bytes>, Option<Bytes>), SyntaxError> {
    let colon = text.iter().position(|byte| *byte == b':').unwrap_or(text.len());
    let (user, password) = (text.cut(..colon), text.cut(colon + 1..));
    if user.is_empty() || !grammar::is_user_text(&user) || !grammar::is_user_text(&password) {
        return Err(SyntaxError("URI user is malformed"));
    }
    Ok((Some(user.keep()), (colon < text.len()).then(|| password.keep())))
}

fn read_tel(text: Text<'_>) -> Result<Uri, SyntaxError> {
    let end = memchr::memchr(b';', &text).unwrap_or(text.len());
    let number = text.cut(..end);
    let sound = |byte: &u8| byte.is_ascii_hexdigit() || b"+-.()*#".contains(byte);
    if !number.iter().any(|byte| byte.is_ascii_hexdigit() || b"*#".contains(byte)) || !number.iter().all(sound) {
        return Err(SyntaxError("tel URI has no number"));
    }
    Ok(Uri { user: Some(number.keep()), params: Params::of_uri(text.cut(end..))?, ..Uri::bare(Scheme::Tel) })
}

fn is_scheme(word: &[u8]) -> bool {
    word.first().is_some_and(u8::is_ascii_alphabetic)
        && word.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

/// `hname "=" hvalue *( "&" ..)`.
fn headers_are_sound(text: &[u8]) -> bool {
    grammar::is_uri_text(text)
        && text.split(|byte| *byte == b'&').all(|header| memchr::memchr(b'=', header).is_some_and(|at| at > 0))
}

fn escape_user(user: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(user.len());
    escape_into(&mut out, user, |byte| grammar::is_user_text(&[byte]) && byte != b'#');
    out.into()
}

fn escape_into(out: &mut Vec<u8>, text: &[u8], plain: impl Fn(u8) -> bool) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text {
        if plain(*byte) {
            out.push(*byte);
        } else {
            out.extend([b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
}

/// User and password: case-sensitive, an escape equals its character.
fn parts_match(one: Option<&[u8]>, two: Option<&[u8]>) -> bool {
    match (one, two) {
        (Some(one), Some(two)) => grammar::unescape(one) == grammar::unescape(two),
        (None, None) => true,
        _ => false,
    }
}

/// A parameter in both must agree; user, ttl, method, maddr and transport must not stand in one only.
fn params_match(ours: &Params, theirs: &Params) -> bool {
    ours.iter().take(COMPARED_MAX).all(|(name, value)| {
        let name = String::from_utf8_lossy(&grammar::unescape(name)).to_ascii_lowercase();
        match theirs.get(&name) {
            Some(other) => grammar::unescape(value.unwrap_or(b"")).eq_ignore_ascii_case(&grammar::unescape(other)),
            None => !DECISIVE.contains(&name.as_str()),
        }
    })
}

/// The same set of headers, in any order.
fn headers_match(one: Option<&[u8]>, two: Option<&[u8]>) -> bool {
    let sorted = |text: &[u8]| {
        let mut headers: Vec<Vec<u8>> =
            text.split(|byte| *byte == b'&').map(|part| grammar::unescape(part).into_owned()).collect();
        headers.sort();
        headers
    };
    match (one, two) {
        (Some(one), Some(two)) => sorted(one) == sorted(two),
        (None, None) => true,
        _ => false,
    }
}

/// Parameters looked at in a comparison: a peer's thousand parameters must not cost a million steps.
const COMPARED_MAX: usize = 64;
const DECISIVE: [&str; 5] = ["user", "ttl", "method", "maddr", "transport"];

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn uri(text: &str) -> Uri {
        Uri::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn a_sip_uri_falls_into_its_parts() {
        let uri = uri("sips:alice:secret@[2001:db8::10]:5070;transport=tcp;lr?Subject=hi&Priority=urgent");
        assert_eq!(uri.scheme, Scheme::Sips);
        assert_eq!(uri.user.as_deref(), Some(&b"alice"[..]));
        assert_eq!(uri.password.as_deref(), Some(&b"secret"[..]));
        assert_eq!(uri.host.to_string(), "[2001:db8::10]");
        assert_eq!(uri.port, Some(5070));
        assert!(uri.params.contains("lr"));
        assert_eq!(uri.headers.as_deref(), Some(&b"Subject=hi&Priority=urgent"[..]));
    }

    #[test]
    fn semicolons_and_question_marks_may_belong_to_the_user() {
        assert_eq!(
            uri("sip:user;par=u%40example.net@example.com").user.as_deref(),
            Some(&b"user;par=u%40example.net"[..])
        );
        let odd = uri(
            "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com",
        );
        assert_eq!(odd.user.as_deref(), Some(&b"1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"[..]));
        assert_eq!(uri("sip:%00%00@h.example").user_unescaped().as_deref(), Some(&b"\0\0"[..]));
    }

    #[test]
    fn ipv6_needs_brackets_and_the_third_colon_is_forgiven() {
        assert!(Uri::parse(b"sip:2001:db8::10").is_err());
        assert_eq!(uri("sip:[2001:db8::10:5070]").port, None);
        assert_eq!(uri("sip:user@[2001:db8:::192.0.2.1]").host, uri("sip:user@[2001:db8::192.0.2.1]").host);
        assert_eq!(uri("sip:[::ffff:192.0.2.10]:5060").to_string(), "sip:[::ffff:192.0.2.10]:5060");
    }

    #[test]
    fn malformed_uris_are_refused() {
        let wrong = [
            "",
            "sip",
            "sip:",
            ":a@b",
            "sip:@host",
            "sip:a b@host",
            "sip:a@ho st",
            "sip:a@host:port",
            "sip:a@host:65536",
            "sip:a@host:",
            "sip:a@b@c",
            "sip:a@[::1",
            "sip:a@host;",
            "sip:a@host;;lr",
            "sip:a@host; lr",
            "sip:a%4@host",
            "sip:a@host?",
            "sip:a@host?x",
            "<sip:a@host>",
            "sip:a@-host",
            "sip:a@ho..st",
            "sip:a@1234",
            "tel:",
            "tel:abcxyz",
            "1sip:a@host",
            "sip:a\u{e9}@host",
            "isbn:",
            "http://a b",
        ];
        for text in wrong {
            assert!(Uri::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn tel_and_foreign_schemes_are_taken() {
        let tel = uri("tel:+1-212-555-0101;phone-context=example.com");
        assert_eq!((tel.scheme.clone(), tel.user.as_deref()), (Scheme::Tel, Some(&b"+1-212-555-0101"[..])));
        assert_eq!(tel.to_string(), "tel:+1-212-555-0101;phone-context=example.com");
        let foreign = uri("soap.beep://192.0.2.103:3002");
        assert_eq!(foreign.opaque.as_deref(), Some(&b"//192.0.2.103:3002"[..]));
        assert_eq!(foreign.to_string(), "soap.beep://192.0.2.103:3002");
    }

    #[test]
    fn equal_uris_of_rfc_3261_19_1_4() {
        let equal = [
            ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"),
            (
                "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
                "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
            ),
            (
                "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
                "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
            ),
        ];
        for (one, two) in equal {
            assert_eq!(uri(one), uri(two));
        }
    }

    #[test]
    fn unequal_uris_of_rfc_3261_19_1_4() {
        let unequal = [
            ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
            ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
            ("sip:a@b.example", "sips:a@b.example"),
        ];
        for (one, two) in unequal {
            assert_ne!(uri(one), uri(two));
        }
    }

    #[test]
    fn a_built_uri_cannot_break_its_line_and_debug_masks_the_number() {
        let built = Uri::sip(Some("01012345678"), Host::V4(Ipv4Addr::LOCALHOST), Some(5060));
        assert_eq!(built.to_string(), "sip:01012345678@127.0.0.1:5060");
        assert!(!format!("{built:?}").contains("1234567"));
        let escaped = Uri::sip(Some("a b\r\nVia: x@y"), Host::V4(Ipv4Addr::LOCALHOST), None);
        assert_eq!(escaped.to_string(), "sip:a%20b%0D%0AVia%3A%20x%40y@127.0.0.1");
        let mut broken = built;
        broken.host = Host::Name(Bytes::from_static(b"h\r\nX: y>"));
        assert_eq!(broken.to_string(), "sip:01012345678@h%0D%0AX:%20y%3E:5060");
    }
}
