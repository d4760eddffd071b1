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
    check_header(message.max_forwards(), "", "Malformed Max-Forwards")?;
    check_header(message.routes(), "", "Malformed Route")?;
    check_header(message.record_routes(), "", "Malformed Record-Route")?;
    let contacts = check_header(message.contacts(), "", "Malformed Contact")?;
    check_date(message)?;
    let Some(method) = message.method() else { return Ok(()) };
    if cseq.method != *method {
        return Err((400, "CSeq Names Another Method"));
    }
    if matches!(contacts, Contacts::Star) && *method != Method::Register {
        return Err((400, "Malformed Contact"));
    }
    check_request_uri(message)
}

/// Headers whose second copy would leave it open which one counts.
fn check_once(message: &Message) -> Result<(), Fault> {
    for (name, reason) in ONCE {
        if message.count(&name) > 1 {
            return Err((400, reason));
        }
    }
    Ok(())
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

const ONCE: [(HeaderName, &str); 18] = [
    (HeaderName::From, "From Is There Twice"),
    (HeaderName::To, "To Is There Twice"),
    (HeaderName::CallId, "Call-ID Is There Twice"),
    (HeaderName::CSeq, "CSeq Is There Twice"),
    (HeaderName::MaxForwards, "Max-Forwards Is There Twice"),
    (HeaderName::ContentLength, "Content-Length Is There Twice"),
    (HeaderName::ContentType, "Content-Type Is There Twice"),
    (HeaderName::Expires, "Expires Is There Twice"),
    (HeaderName::MinExpires, "Min-Expires Is There Twice"),
    (HeaderName::Event, "Event Is There Twice"),
    (HeaderName::SubscriptionState, "Subscription-State Is There Twice"),
    (HeaderName::ReferTo, "Refer-To Is There Twice"),
    (HeaderName::ReferredBy, "Referred-By Is There Twice"),
    (HeaderName::Replaces, "Replaces Is There Twice"),
    (HeaderName::SessionExpires, "Session-Expires Is There Twice"),
    (HeaderName::MinSe, "Min-SE Is There Twice"),
    (HeaderName::RSeq, "RSeq Is There Twice"),
    (HeaderName::RAck, "RAck Is There Twice"),
];
