//! What a message carries: the session description in it (also inside a multipart), or a key press.
//! Never reads the description itself; that is another room's. RFC 3261 7.4, RFC 5621, RFC 2046 5.1, RFC 6086.

use super::header_name::HeaderName;
use super::message::Message;
use crate::model::Digit;
use bytes::Bytes;
use std::time::Duration;

/// A body that this message must be understood by, and we do not: 415.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct UnsupportedBody;

/// The session description; `None` when there is none.
pub(crate) fn session_description(message: &Message) -> Result<Option<Bytes>, UnsupportedBody> {
    if message.body().is_empty() {
        return Ok(None);
    }
    if message.header(&HeaderName::ContentEncoding).is_some_and(|coding| !coding.eq_ignore_ascii_case(b"identity")) {
        return Err(UnsupportedBody);
    }
    let kind = message.header(&HeaderName::ContentType).unwrap_or_default();
    match media_type(&kind).as_slice() {
        SDP => return Ok(Some(message.body_bytes())),
        b"multipart/mixed" | b"multipart/related" | b"multipart/alternative" => {
            if let Some(boundary) = parameter(&kind, b"boundary")
                && let Some(part) = part_of(message.body(), &boundary)
            {
                return Ok(Some(message.body_bytes().slice_ref(part)));
            }
        }
        _ => {}
    }
    let disposition = message.header(&HeaderName::ContentDisposition).unwrap_or_default();
    let optional = parameter(&disposition, b"handling").is_some_and(|value| value.eq_ignore_ascii_case(b"optional"));
    if optional { Ok(None) } else { Err(UnsupportedBody) }
}

/// `type/subtype` in lower case, without parameters.
pub(crate) fn media_type(value: &[u8]) -> Vec<u8> {
    let end = value.iter().position(|byte| *byte == b';').unwrap_or(value.len());
    let text = value.get(..end).unwrap_or_default();
    text.iter().filter(|byte| !byte.is_ascii_whitespace()).map(u8::to_ascii_lowercase).collect()
}

/// A key press by INFO: `application/dtmf-relay` (`Signal=5`, `Duration=160`) or `application/dtmf` (`5`).
/// `Err` for another type, `Ok(None)` for one of these types with nonsense in it.
pub(crate) fn key_press(message: &Message) -> Result<Option<(Digit, Duration)>, UnsupportedBody> {
    let kind = message.header(&HeaderName::ContentType).unwrap_or_default();
    let text = String::from_utf8_lossy(message.body());
    match media_type(&kind).as_slice() {
        DTMF_RELAY => Ok(relayed_key(&text)),
        b"application/dtmf" => Ok(key(text.trim()).map(|digit| (digit, KEY_DURATION))),
        _ => Err(UnsupportedBody),
    }
}

/// The body of an INFO that carries a key.
pub(crate) fn key_press_body(digit: Digit, duration: Duration) -> String {
    format!("Signal={}\r\nDuration={}\r\n", digit.key(), duration.as_millis())
}

fn relayed_key(text: &str) -> Option<(Digit, Duration)> {
    let mut digit = None;
    let mut duration = KEY_DURATION;
    for line in text.lines() {
        let Some((name, value)) = line.split_once('=') else { continue };
        match name.trim().to_ascii_lowercase().as_str() {
            "signal" => digit = key(value.trim()),
            "duration" => {
                let millis = value.trim().parse().unwrap_or(u64::MAX);
                duration = Duration::from_millis(millis.min(KEY_DURATION_MAX_MS));
            }
            _ => {}
        }
    }
    digit.map(|digit| (digit, duration))
}

/// A key as itself, or as its event code where that has two digits (`10` for the star).
fn key(text: &str) -> Option<Digit> {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(only), None) => Digit::new(only),
        _ => text.parse().ok().filter(|code| *code >= 10).and_then(Digit::from_event),
    }
}

fn parameter(value: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    value.split(|byte| *byte == b';').skip(1).find_map(|parameter| {
        let equals = parameter.iter().position(|byte| *byte == b'=')?;
        let (key, value) = parameter.split_at_checked(equals)?;
        let value = value.get(1..)?.trim_ascii();
        let value = value.strip_prefix(b"\"").and_then(|inner| inner.strip_suffix(b"\"")).unwrap_or(value);
        key.trim_ascii().eq_ignore_ascii_case(name).then(|| value.to_vec())
    })
}

/// The session description among the parts of a multipart body.
fn part_of<'b>(body: &'b [u8], boundary: &[u8]) -> Option<&'b [u8]> {
    let delimiter = [b"--".as_slice(), boundary].concat();
    let mut rest = body.get(find(body, &delimiter)? + delimiter.len()..)?;
    for _ in 0..PARTS_MAX {
        let end = find(rest, &delimiter)?;
        let part = rest.get(..end)?;
        let head_end = find(part, b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(part.get(..head_end)?);
        let content = part.get(head_end + 4..)?;
        let is_description = head.lines().any(|line| {
            line.split_once(':').is_some_and(|(name, value)| {
                matches!(name.trim().to_ascii_lowercase().as_str(), "content-type" | "c")
                    && media_type(value.as_bytes()) == SDP
            })
        });
        if is_description {
            // The line break before the delimiter belongs to the delimiter (RFC 2046 5.1.1); SDP needs its last one,
            // so only the second of two is taken off.
            return Some(
                content
                    .strip_suffix(b"\r\n\r\n")
                    .map_or(content, |_| content.get(..content.len() - 2).unwrap_or(content)),
            );
        }
        rest = rest.get(end + delimiter.len()..)?;
    }
    None
}

fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len().max(1)).position(|window| window == word)
}

/// Content-Type of a session description.
pub(crate) const SDP: &[u8] = b"application/sdp";
/// Content-Type of a key press.
pub(crate) const DTMF_RELAY: &[u8] = b"application/dtmf-relay";
/// Keys without a duration of their own.
const KEY_DURATION: Duration = Duration::from_millis(160);
/// No finger stays longer on a key.
const KEY_DURATION_MAX_MS: u64 = 10_000;
/// Parts looked at: a description, ISUP, a location, and as many again.
const PARTS_MAX: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::parse;

    fn message(head: &str, body: &str) -> Message {
        let text = format!(
            "INFO sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP b;branch=z9hG4bK1\r\nFrom: <sip:c@d>;tag=1\r\nTo: <sip:a@b>\r\n\
             Call-ID: 1\r\nCSeq: 1 INFO\r\nMax-Forwards: 70\r\n{head}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        parse(Bytes::from(text)).expect("a sound message")
    }

    #[test]
    fn keys_are_read_in_every_common_spelling() {
        let read = |kind: &str, body: &str| {
            key_press(&message(&format!("Content-Type: {kind}\r\n"), body))
                .map(|press| press.map(|(digit, duration)| (digit.key(), duration.as_millis())))
        };
        assert_eq!(read("application/dtmf-relay", "Signal=5\r\nDuration=160"), Ok(Some(('5', 160))));
        assert_eq!(read("application/dtmf-relay", "Signal= #\nDuration= 90\n"), Ok(Some(('#', 90))));
        assert_eq!(read("Application/DTMF-Relay; x=y", "signal=10\r\n"), Ok(Some(('*', 160))));
        assert_eq!(
            read("application/dtmf-relay", "Signal=1\r\nDuration=99999999999999999999"),
            Ok(Some(('1', 10_000)))
        );
        assert_eq!(read("application/dtmf", "d"), Ok(Some(('D', 160))));
        assert_eq!(read("application/dtmf-relay", "Signal=xx"), Ok(None));
        assert_eq!(read("application/dtmf-relay", ""), Ok(None));
        assert_eq!(read("text/plain", "5"), Err(UnsupportedBody));
        let ours = key_press_body(Digit::new('7').expect("a key"), Duration::from_millis(120));
        assert_eq!(read("application/dtmf-relay", &ours), Ok(Some(('7', 120))));
    }

    #[test]
    fn a_description_is_found_plain_and_inside_a_multipart() {
        let plain = message("Content-Type: application/SDP\r\n", "v=0\r\n");
        assert_eq!(session_description(&plain), Ok(Some(Bytes::from("v=0\r\n"))));
        let parts = "--b1\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b1\r\nContent-Type: application/sdp\r\n\r\n\
                     v=0\r\ns=-\r\n\r\n--b1--\r\n";
        let mixed = message("Content-Type: multipart/mixed;boundary=\"b1\"\r\n", parts);
        assert_eq!(session_description(&mixed), Ok(Some(Bytes::from("v=0\r\ns=-\r\n"))));
    }

    #[test]
    fn what_is_not_understood_is_refused_unless_it_may_be_ignored() {
        assert_eq!(session_description(&message("", "")), Ok(None));
        let pidf = message("Content-Type: application/pidf+xml\r\n", "<x/>");
        assert_eq!(session_description(&pidf), Err(UnsupportedBody));
        let optional = "Content-Type: a/b\r\nContent-Disposition: session;handling=optional\r\n";
        assert_eq!(session_description(&message(optional, "x")), Ok(None));
        let packed = "Content-Type: application/sdp\r\nContent-Encoding: gzip\r\n";
        assert_eq!(session_description(&message(packed, "x")), Err(UnsupportedBody));
        let broken = message("Content-Type: multipart/mixed;boundary=b1\r\n", "--b1\r\nno end");
        assert_eq!(session_description(&broken), Err(UnsupportedBody));
    }
}
