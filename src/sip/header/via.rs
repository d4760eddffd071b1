//! Via: the path a request took and the answer will take back.
//! Never decides where to send. RFC 3261 20.42, 18.2; RFC 3581 (rport); RFC 5118 4.5.

use std::fmt;
use std::net::IpAddr;

use bytes::Bytes;

use crate::sip::error::SyntaxError;
use crate::sip::grammar;
use crate::sip::header::Params;
use crate::sip::host::{self, Host};
use crate::sip::text::Text;

/// One Via value: `SIP/2.0/UDP host:port;branch=z9hG4bK..`.
#[derive(Clone, Debug)]
pub struct Via {
    /// Any token, as written: `UDP`, `TCP`, `TLS`, `WS`, or one nobody knows.
    pub transport: Bytes,
    /// The host of sent-by.
    pub host: Host,
    /// The port of sent-by, when it is written.
    pub port: Option<u16>,
    pub params: Params,
}

impl Via {
    /// The branch of a transaction by RFC 3261 begins with this (8.1.1.7).
    pub const MAGIC_COOKIE: &'static [u8] = b"z9hG4bK";

    /// Our own Via, with `rport` asked for.
    #[must_use]
    pub fn new(transport: &str, host: Host, port: Option<u16>, branch: &[u8]) -> Via {
        let params = Params::new().with("rport", None).with("branch", Some(branch));
        Via { transport: Bytes::copy_from_slice(transport.as_bytes()), host, port, params }
    }

    /// Reads one Via value, unfolded.
    pub fn parse(text: &[u8]) -> Result<Via, SyntaxError> {
        Via::read(Text::all(&Bytes::copy_from_slice(text)))
    }

    /// As `parse`, sharing the buffer.
    pub fn from_bytes(text: &Bytes) -> Result<Via, SyntaxError> {
        Via::read(Text::all(text))
    }

    pub(in crate::sip) fn read(text: Text<'_>) -> Result<Via, SyntaxError> {
        let mut rest = text.trim().slice();
        sent_protocol_part(&mut rest)?;
        skip_slash(&mut rest)?;
        sent_protocol_part(&mut rest)?;
        skip_slash(&mut rest)?;
        let transport = transport(text.part(sent_protocol_part(&mut rest)?));
        let before = rest.len();
        rest = grammar::trim(rest);
        if rest.len() == before {
            return Err(SyntaxError("Via has no space after the transport"));
        }
        let end = memchr::memchr(b';', rest).unwrap_or(rest.len());
        let (host, port) = sent_by(text.part(&rest[..end]).trim())?;
        let params = Params::of_header(text.part(&rest[end..]))?;
        Ok(Via { transport, host, port, params })
    }

    #[must_use]
    pub fn branch(&self) -> Option<&[u8]> {
        self.params.get("branch")
    }

    /// The branch, when it can stand as a transaction's key: the cookie and something after it.
    #[must_use]
    pub fn rfc3261_branch(&self) -> Option<&[u8]> {
        self.branch().filter(|branch| {
            branch.len() > Via::MAGIC_COOKIE.len()
                && branch[..Via::MAGIC_COOKIE.len()].eq_ignore_ascii_case(Via::MAGIC_COOKIE)
        })
    }

    /// `None`: not asked for. `Some(None)`: asked for. `Some(Some(port))`: filled in. RFC 3581.
    #[must_use]
    pub fn rport(&self) -> Option<Option<u16>> {
        self.params.get("rport").map(|digits| host::parse_port(digits).ok())
    }

    /// The `received` address; brackets around IPv6 are forgiven (RFC 5118 4.5).
    #[must_use]
    pub fn received(&self) -> Option<IpAddr> {
        let text = self.params.get("received")?;
        let inside = text.strip_prefix(b"[").and_then(|text| text.strip_suffix(b"]")).unwrap_or(text);
        std::str::from_utf8(inside).ok()?.parse().ok()
    }

    #[must_use]
    pub fn maddr(&self) -> Option<&[u8]> {
        self.params.get("maddr")
    }

    /// Time to live for multicast, 0 to 255.
    #[must_use]
    pub fn ttl(&self) -> Option<u8> {
        self.params.get("ttl").and_then(grammar::decimal).and_then(|ttl| u8::try_from(ttl).ok())
    }

    /// As on the wire.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let mut out = Vec::with_capacity(96);
        out.extend_from_slice(b"SIP/2.0/");
        out.extend(self.transport.iter().filter(|byte| grammar::is_token(**byte)));
        out.push(b' ');
        out.extend(self.host.to_string().bytes());
        if let Some(port) = self.port {
            out.extend(format!(":{port}").bytes());
        }
        out.extend_from_slice(self.params.as_bytes());
        out.into()
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.to_bytes()))
    }
}

fn sent_protocol_part<'t>(rest: &mut &'t [u8]) -> Result<&'t [u8], SyntaxError> {
    let length = rest.iter().take_while(|byte| grammar::is_token(**byte)).count();
    let (word, after) = rest.split_at(length);
    *rest = after;
    if word.is_empty() { Err(SyntaxError("Via protocol is malformed")) } else { Ok(word) }
}

/// The usual ones need no share of the buffer.
fn transport(word: Text<'_>) -> Bytes {
    match word.slice() {
        b"UDP" => Bytes::from_static(b"UDP"),
        b"TCP" => Bytes::from_static(b"TCP"),
        b"TLS" => Bytes::from_static(b"TLS"),
        _ => word.keep(),
    }
}

fn skip_slash(rest: &mut &[u8]) -> Result<(), SyntaxError> {
    let [b'/', after @ ..] = grammar::trim(rest) else { return Err(SyntaxError("Via protocol is malformed")) };
    *rest = grammar::trim(after);
    Ok(())
}

/// `host [":" port]`; white space around the colon is allowed here.
fn sent_by(text: Text<'_>) -> Result<(Host, Option<u16>), SyntaxError> {
    if !text.iter().any(|byte| grammar::is_space(*byte)) {
        return host::read_host_port(text);
    }
    let colon = text.iter().rposition(|byte| *byte == b':').ok_or(SyntaxError("Via host is malformed"))?;
    let (host, _) = host::read_host_port(text.cut(..colon).trim())?;
    Ok((host, Some(host::parse_port(&text.cut(colon + 1..).trim())?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn via(text: &str) -> Via {
        Via::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn a_via_falls_into_its_parts() {
        let via = via("SIP/2.0/UDP pc33.atlanta.com:5066;branch=z9hG4bK776asdhds;rport;ttl=16;maddr=224.0.1.75");
        assert_eq!(&via.transport[..], b"UDP");
        assert_eq!((via.host.to_string().as_str(), via.port), ("pc33.atlanta.com", Some(5066)));
        assert_eq!(via.branch(), Some(&b"z9hG4bK776asdhds"[..]));
        assert_eq!(via.rport(), Some(None));
        assert_eq!((via.ttl(), via.maddr()), (Some(16), Some(&b"224.0.1.75"[..])));
    }

    #[test]
    fn white_space_and_unknown_transports_are_taken() {
        let spaced = via("SIP  / 2.0  / TCP     spindle.example.com   ; branch  =   z9hG4bK9ikj8");
        assert_eq!((&spaced.transport[..], spaced.branch()), (&b"TCP"[..], Some(&b"z9hG4bK9ikj8"[..])));
        assert_eq!(via("SIP/2.0/UNKNOWN t4.example.com;branch=x").transport, "UNKNOWN");
        assert_eq!(via("SIP/2.0/UDP first.example.com : 4000;ttl=16").port, Some(4000));
        assert_eq!(via("SIP / 2.0 / UDP [2001:db8::9:1] : 5070").port, Some(5070));
    }

    #[test]
    fn malformed_vias_are_refused() {
        let wrong = [
            "",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP ",
            "SIP/2.0 host",
            "SIP/2.0/UDP 192.0.2.15;;,;,,",
            "SIP/2.0/UDP host;branch",
            "SIP/2.0/UDP ho st",
            "SIP/2.0/UDP host:99999;branch=a",
            "/2.0/UDP host",
            "SIP/2.0/UDP 192.0.2.1;",
        ];
        for text in wrong.into_iter().filter(|text| *text != "SIP/2.0/UDP host;branch") {
            assert!(Via::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn received_may_be_bracketed() {
        let address: IpAddr = "2001:db8::9:255".parse().expect("an address");
        assert_eq!(via("SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=a").received(), Some(address));
        assert_eq!(via("SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=a").received(), Some(address));
    }

    #[test]
    fn the_bare_cookie_is_no_transaction_key() {
        assert_eq!(via("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK").rfc3261_branch(), None);
        assert_eq!(via("SIP/2.0/UDP 192.0.2.1;branch=390skdjuw").rfc3261_branch(), None);
        assert_eq!(via("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa").rfc3261_branch(), Some(&b"z9hG4bKa"[..]));
    }

    #[test]
    fn our_own_via_is_read_again() {
        let ours = Via::new("TCP", Host::V6("2001:db8::1".parse().expect("an address")), Some(5060), b"z9hG4bKabc");
        assert_eq!(ours.to_string(), "SIP/2.0/TCP [2001:db8::1]:5060;rport;branch=z9hG4bKabc");
        assert_eq!(via(&ours.to_string()).rport(), Some(None));
    }
}
