//! Hosts and ports: domain names, IPv4 and bracketed IPv6.
//! Never resolves a name. RFC 3261 25.1 (`host`, `hostport`); RFC 5118 4.1-4.3 and 4.10 for IPv6.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bytes::Bytes;

use super::error::SyntaxError;
use super::grammar;
use super::text::Text;

/// A host as it stands in a URI or a Via: a name or an address.
#[derive(Clone, Debug, Eq)]
pub enum Host {
    /// A domain name, as written. Empty only in URIs that have no host (tel and foreign schemes).
    Name(Bytes),
    V4(Ipv4Addr),
    /// Written in brackets.
    V6(Ipv6Addr),
}

impl Host {
    /// Reads `host` without a port; an IPv6 address needs its brackets.
    pub fn parse(text: &[u8]) -> Result<Host, SyntaxError> {
        Host::read(Text::all(&Bytes::copy_from_slice(text)))
    }

    pub(super) fn read(text: Text<'_>) -> Result<Host, SyntaxError> {
        if let [b'[', inside @ .., b']'] = text.slice() {
            return parse_v6(inside).map(Host::V6).ok_or(SyntaxError("host is not an IPv6 address"));
        }
        // Only a text that ends in a digit can be an address; names, the common case, skip the attempt.
        if text.last().is_some_and(u8::is_ascii_digit)
            && let Some(address) = std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok())
        {
            return Ok(Host::V4(address));
        }
        if is_host_name(&text) {
            Ok(Host::Name(text.keep()))
        } else {
            Err(SyntaxError("host is not a name or an address"))
        }
    }

    /// The address, when it is one.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        match self {
            Host::Name(_) => None,
            Host::V4(address) => Some(IpAddr::V4(*address)),
            Host::V6(address) => Some(IpAddr::V6(*address)),
        }
    }

    pub(super) fn write_into(&self, out: &mut Vec<u8>) {
        match self {
            Host::Name(name) => out.extend_from_slice(name),
            Host::V4(address) => out.extend(address.to_string().bytes()),
            Host::V6(address) => out.extend(format!("[{address}]").bytes()),
        }
    }
}

impl From<IpAddr> for Host {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Host::V4(address),
            IpAddr::V6(address) => Host::V6(address),
        }
    }
}

impl PartialEq for Host {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Host::Name(one), Host::Name(two)) => one.eq_ignore_ascii_case(two),
            _ => self.address().is_some() && self.address() == other.address(),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::new();
        self.write_into(&mut out);
        f.write_str(&String::from_utf8_lossy(&out))
    }
}

/// `host [":" port]`, without white space.
pub(super) fn read_host_port(text: Text<'_>) -> Result<(Host, Option<u16>), SyntaxError> {
    let host_end = match text.first() {
        Some(b'[') => memchr::memchr(b']', &text).map_or(text.len(), |at| at + 1),
        _ => text.iter().position(|byte| *byte == b':').unwrap_or(text.len()),
    };
    let host = Host::read(text.cut(..host_end))?;
    let port = match text.cut(host_end..).slice() {
        [] => None,
        [b':', digits @ ..] => Some(parse_port(digits)?),
        _ => return Err(SyntaxError("host is followed by something else than a port")),
    };
    Ok((host, port))
}

pub(super) fn parse_port(digits: &[u8]) -> Result<u16, SyntaxError> {
    grammar::decimal(digits)
        .and_then(|port| u16::try_from(port).ok())
        .ok_or(SyntaxError("port is not a number up to 65535"))
}

/// RFC 3261's grammar allows `:::` before an embedded IPv4 address; RFC 5118 4.10 asks to take it.
pub(super) fn parse_v6(inside: &[u8]) -> Option<Ipv6Addr> {
    let text = std::str::from_utf8(inside).ok()?;
    text.parse().ok().or_else(|| text.contains(":::").then(|| text.replacen(":::", "::", 1).parse().ok()).flatten())
}

/// `hostname`, with underscores taken, and a last label that is not a mere number.
fn is_host_name(text: &[u8]) -> bool {
    let name = text.strip_suffix(b".").unwrap_or(text);
    let mut before = b'.';
    let mut label_is_number = true;
    for byte in name {
        let edge = before == b'.' || before == b'-';
        match byte {
            b'.' if edge => return false,
            b'.' => label_is_number = true,
            b'-' if before == b'.' => return false,
            byte if !grammar::is_label(*byte) => return false,
            byte => label_is_number &= byte.is_ascii_digit(),
        }
        before = *byte;
    }
    !label_is_number && before != b'-'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> Host {
        Host::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn names_and_addresses_are_told_apart() {
        assert_eq!(host("192.0.2.1").address(), Some(IpAddr::from([192, 0, 2, 1])));
        assert_eq!(host("[2001:db8::1]").to_string(), "[2001:db8::1]");
        for name in ["example.com", "example.com.", "1.example", "a_b.example", "host4", "xn--9h0b.example"] {
            assert_eq!(host(name).address(), None, "{name}");
            assert_eq!(host(name).to_string(), name);
        }
        for wrong in [
            "",
            ".",
            "a..b",
            "-a.example",
            "a-.example",
            "1234",
            "256.1.1.1",
            "2001:db8::1",
            "[::1",
            "[x]",
            "a b",
            "\u{e9}.example",
        ] {
            assert!(Host::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_third_colon_is_forgiven() {
        assert_eq!(host("[2001:db8:::192.0.2.1]"), host("[2001:db8::192.0.2.1]"));
        assert!(Host::parse(b"[2001:::db8:::1]").is_err());
    }

    #[test]
    fn equal_hosts_are_equal_in_any_writing() {
        assert_eq!(host("Example.COM"), host("example.com"));
        assert_eq!(host("[2001:DB8:0::1]"), host("[2001:db8::1]"));
        assert_ne!(host("192.0.2.1"), host("[::ffff:192.0.2.1]"));
    }

    #[test]
    fn ports_are_numbers_up_to_65535() {
        let read = |text: &'static str| read_host_port(Text::all(&Bytes::from_static(text.as_bytes())));
        assert_eq!(read("a.example:5070").expect("sound").1, Some(5070));
        assert_eq!(read("[2001:db8::10:5070]").expect("sound").1, None);
        for wrong in ["a.example:", "a.example:65536", "a.example:-1", "a.example:5060x", "[::1]5060", ":5060"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
