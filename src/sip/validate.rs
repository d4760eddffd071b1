//! What a message must be beyond its syntax before anyone acts on it.
//! Never repairs anything, never looks at the body. RFC 3261 8.1.1, 8.2, 20; RFC 4475 3.1.2, 3.3.

use super::error::{HeaderError, ParseError};
use super::header::{Contacts, NameAddr};
use super::header_name::HeaderName;
use super::message::Message;
use super::method::Method;
use super::uri::{Scheme, Uri};

/// Whether one parsed request or response follows RFC 3261: the mandatory headers are there once and well formed,
/// CSeq names the method, the Request-URI is a URI we can serve. The error says what to answer to a request; a
/// response that fails is to be dropped.
pub fn validate(message: &Message) -> Result<(), ParseError> {
    check(message).map_err(|(status, reason)| ParseError::new(status, reason).with_partial(Some(message.clone())))
}

type Fault = (u16, &'static str);

fn check(message: &Message) -> Result<(), Fault> {
    check_once(message)?;
    check_vias(message)?;
    check_party(message.from(), "Missing From", "Malformed From")?;
    check_party(message.to(), "Missing To", "Malformed To")?;
    check_header(message.call_id(), "Missing Call-ID", "Malformed Call-ID")?;
    let cseq = check_header(message.cseq(), "Missing CSeq", "Malformed CSeq")?;
    // A response's other headers are judged by who uses them: a carrier's odd Date must not lose a 200.
    let Some(method) = message.method() else { return Ok(()) };
    if cseq.method != *method {
        return Err((400, "CSeq Names Another Method"));
    }
    check_header(message.max_forwards(), "", "Malformed Max-Forwards")?;
    check_header(message.routes(), "", "Malformed Route")?;
    check_header(message.record_routes(), "", "Malformed Record-Route")?;
    check_date(message)?;
    let contacts = check_header(message.contacts(), "", "Malformed Contact")?;
    if matches!(contacts, Contacts::Star) && *method != Method::Register {
        return Err((400, "Malformed Contact"));
    }
    check_request_uri(message)
}

/// Headers whose second copy would leave it open which one counts.
fn check_once(message: &Message) -> Result<(), Fault> {
    match message.first_repeated(&ONCE) {
        Some(HeaderName::From) => Err((400, "From Is There Twice")),
        Some(HeaderName::To) => Err((400, "To Is There Twice")),
        Some(HeaderName::CallId) => Err((400, "Call-ID Is There Twice")),
        Some(HeaderName::CSeq) => Err((400, "CSeq Is There Twice")),
        Some(_) => Err((400, "Single Header Is There Twice")),
        None => Ok(()),
    }
}

fn check_vias(message: &Message) -> Result<(), Fault> {
    let vias = check_header(message.vias(), "Missing Via", "Malformed Via")?;
    if vias.is_empty() {
        return Err((400, "Missing Via"));
    }
    match vias.first().map(|top| top.params.count("branch")) {
        Some(2..) => Err((400, "Malformed Via")),
        _ => Ok(()),
    }
}

fn check_party(
    party: Result<NameAddr, HeaderError>,
    missing: &'static str,
    malformed: &'static str,
) -> Result<(), Fault> {
    let party = check_header(party, missing, malformed)?;
    match (party.params.count("tag"), party.tag()) {
        (0, _) => Ok(()),
        (1, Some(tag)) if !tag.is_empty() => Ok(()),
        _ => Err((400, malformed)),
    }
}

fn check_header<T>(header: Result<T, HeaderError>, missing: &'static str, malformed: &'static str) -> Result<T, Fault> {
    header.map_err(|error| match error {
        HeaderError::Missing(_) => (400, missing),
        HeaderError::Malformed(..) => (400, malformed),
    })
}

fn check_request_uri(message: &Message) -> Result<(), Fault> {
    let text = message.request_uri_bytes().unwrap_or_default();
    let uri = Uri::from_bytes(text).map_err(|_| (400, "Malformed Request-URI"))?;
    match uri.scheme {
        Scheme::Other(_) => Err((416, "Unsupported URI Scheme")),
        // RFC 3261 19.1.1: headers make no sense in a Request-URI, and acting on them would be dangerous.
        _ if uri.headers.is_some() => Err((400, "Request-URI Carries Headers")),
        _ => Ok(()),
    }
}

/// RFC 3261 20.17: only GMT.
fn check_date(message: &Message) -> Result<(), Fault> {
    match message.header(&HeaderName::Date) {
        Some(text) if !is_sip_date(&text) => Err((400, "Malformed Date")),
        _ => Ok(()),
    }
}

/// `Sat, 13 Nov 2010 23:29:00 GMT`.
fn is_sip_date(text: &[u8]) -> bool {
    let shape = b"Www, 00 Mmm 0000 00:00:00 GMT";
    text.len() == shape.len()
        && text.iter().zip(shape).all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            b'W' | b'w' | b'M' | b'm' => byte.is_ascii_alphabetic(),
            fixed => byte.eq_ignore_ascii_case(fixed),
        })
        && text.ends_with(b"GMT")
}

static ONCE: [HeaderName; 18] = [
    HeaderName::From,
    HeaderName::To,
    HeaderName::CallId,
    HeaderName::CSeq,
    HeaderName::MaxForwards,
    HeaderName::ContentLength,
    HeaderName::ContentType,
    HeaderName::Expires,
    HeaderName::MinExpires,
    HeaderName::Event,
    HeaderName::SubscriptionState,
    HeaderName::ReferTo,
    HeaderName::ReferredBy,
    HeaderName::Replaces,
    HeaderName::SessionExpires,
    HeaderName::MinSe,
    HeaderName::RSeq,
    HeaderName::RAck,
];

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::sip::parse;

    const SOUND: [(&str, &str); 7] = [
        ("Via", "SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds"),
        ("From", "Alice <sip:alice@atlanta.com>;tag=1928301774"),
        ("To", "Bob <sip:bob@biloxi.com>"),
        ("Call-ID", "a84b4c76e66710@pc33.atlanta.com"),
        ("CSeq", "314159 INVITE"),
        ("Max-Forwards", "70"),
        ("Contact", "<sip:alice@pc33.atlanta.com>"),
    ];

    /// The sound request with `changes` to its headers: an empty value takes the header away.
    fn verdict(start_line: &str, changes: &[(&str, &str)]) -> Option<(u16, &'static str)> {
        let mut text = format!("{start_line}\r\n");
        for (name, value) in SOUND {
            let value = changes.iter().find(|(changed, _)| *changed == name).map_or(value, |(_, value)| value);
            if !value.is_empty() {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        for (name, value) in changes.iter().filter(|(name, _)| !SOUND.iter().any(|(sound, _)| sound == name)) {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        let message = parse(Bytes::from(text + "\r\n")).expect("sound syntax");
        validate(&message).err().map(|error| {
            assert_eq!(error.partial.is_some(), message.is_request(), "only requests are answered");
            (error.status, error.reason)
        })
    }

    fn invite(changes: &[(&str, &str)]) -> Option<(u16, &'static str)> {
        verdict("INVITE sip:bob@biloxi.com SIP/2.0", changes)
    }

    #[test]
    fn a_sound_request_passes() {
        assert_eq!(invite(&[]), None);
        assert_eq!(invite(&[("Max-Forwards", ""), ("Contact", ""), ("From", "sip:old@atlanta.com")]), None, "RFC 2543");
        assert_eq!(invite(&[("Date", "Sat, 13 Nov 2010 23:29:00 GMT"), ("X-Any", ";;,,\"")]), None);
        assert_eq!(invite(&[("To", "isbn:2983792873"), ("From", "<http://www.example.com>;tag=3")]), None);
        assert_eq!(verdict("INVITE tel:+1-212-555-0101 SIP/2.0", &[]), None);
    }

    #[test]
    fn what_is_missing_is_named() {
        for (name, reason) in [
            ("Via", "Missing Via"),
            ("From", "Missing From"),
            ("To", "Missing To"),
            ("Call-ID", "Missing Call-ID"),
            ("CSeq", "Missing CSeq"),
        ] {
            assert_eq!(invite(&[(name, "")]), Some((400, reason)));
        }
    }

    #[test]
    fn what_is_malformed_is_named() {
        for (name, value, reason) in [
            ("Via", "SIP/2.0/UDP 192.0.2.15;;,;,,", "Malformed Via"),
            ("Via", "SIP/2.0/UDP a.example;branch=z9hG4bK1;branch=z9hG4bK2", "Malformed Via"),
            ("From", "\"Mr. J. User <sip:j.user@example.com>", "Malformed From"),
            ("From", "<sip:a@b.example>;tag=1;tag=2", "Malformed From"),
            ("From", "<sip:a@b.example>;tag", "Malformed From"),
            ("To", "Watson, Thomas <sip:t.watson@example.org>", "Malformed To"),
            ("Call-ID", "two words", "Malformed Call-ID"),
            ("CSeq", "2147483648 INVITE", "Malformed CSeq"),
            ("CSeq", "314159 OPTIONS", "CSeq Names Another Method"),
            ("CSeq", "314159 invite", "CSeq Names Another Method"),
            ("Max-Forwards", "256", "Malformed Max-Forwards"),
            ("Contact", "sip:user@example.com?Route=%3Csip:sip.example.com%3E", "Malformed Contact"),
            ("Contact", "*", "Malformed Contact"),
            ("Route", "<sip:a@b.example", "Malformed Route"),
            ("Record-Route", "<sip:>", "Malformed Record-Route"),
            ("Date", "Fri, 01 Jan 2010 16:00:00 EST", "Malformed Date"),
        ] {
            assert_eq!(invite(&[(name, value)]), Some((400, reason)), "{name}: {value}");
        }
    }

    #[test]
    fn what_may_stand_once_stands_once() {
        let twice =
            parse(Bytes::from_static(b"OPTIONS sip:a SIP/2.0\r\nTo: sip:a@b.example\r\nt: sip:a@b.example\r\n\r\n"));
        let error = validate(&twice.expect("sound syntax")).expect_err("To twice");
        assert_eq!((error.status, error.reason), (400, "To Is There Twice"));
        assert_eq!(invite(&[("Event", "a"), ("o", "b")]), Some((400, "Single Header Is There Twice")));
    }

    #[test]
    fn request_uris_are_uris_we_can_serve() {
        for (uri, fault) in [
            ("nobodyKnowsThisScheme:totallyopaquecontent", (416, "Unsupported URI Scheme")),
            ("soap.beep://192.0.2.103:3002", (416, "Unsupported URI Scheme")),
            ("sip:user@example.com?Route=%3Csip:example.com%3E", (400, "Request-URI Carries Headers")),
            ("sip:2001:db8::10", (400, "Malformed Request-URI")),
            ("bob", (400, "Malformed Request-URI")),
        ] {
            assert_eq!(verdict(&format!("INVITE {uri} SIP/2.0"), &[]), Some(fault), "{uri}");
        }
    }

    #[test]
    fn a_response_needs_what_finds_its_transaction() {
        assert_eq!(verdict("SIP/2.0 200 OK", &[("Date", "yesterday"), ("Contact", "?")]), None);
        assert_eq!(
            verdict("SIP/2.0 200 OK", &[("CSeq", "9292394834772304023312 OPTIONS")]),
            Some((400, "Malformed CSeq"))
        );
        assert_eq!(verdict("SIP/2.0 200 OK", &[("Via", "")]), Some((400, "Missing Via")));
    }
}
