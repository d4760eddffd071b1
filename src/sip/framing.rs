//! The one place that decides where a message ends, on datagrams and on streams.
//! Never reads a body as the next request: a length that cannot be trusted ends the connection.
//! RFC 3261 7.5, 18.3, 20.14; RFC 5626 3.5.1 (CRLF keep-alive); RFC 4475 3.1.2.2, 3.1.2.3, 3.3.9.

use bytes::Bytes;

use super::error::ParseError;
use super::grammar;
use super::header_name::{self, HeaderName};
use super::parser::{self, ContentLength, Step};
use crate::model::limits::SIP_MESSAGE_BYTES_MAX;

/// What carries the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// UDP, WebSocket: the buffer is one whole message.
    Datagram,
    /// TCP, TLS: the buffer is what arrived so far.
    Stream,
}

/// What stands at the beginning of a buffer.
#[derive(Clone, Debug)]
pub enum Framed {
    /// A whole message of `len` bytes, which are to be consumed and given to `parse`.
    Message { len: usize },
    /// CRLFCRLF, four bytes (a datagram: all of it); answer with CRLF.
    Ping,
    /// CRLF, two bytes (a datagram: all of it). Datagrams of nothing but white space and NUL, which some phones send
    /// to keep a NAT open, count as such.
    Pong,
    /// A stream that needs more bytes.
    Incomplete,
    /// No message can be cut here. Answer `error` where it has a partial request; with `close`, nothing behind this
    /// point of the stream can be trusted.
    Malformed { error: ParseError, close: bool },
}

/// Decides what stands at the beginning of `buffer`.
#[must_use]
pub fn frame(buffer: &[u8], kind: Framing) -> Framed {
    match kind {
        Framing::Datagram => frame_datagram(buffer),
        Framing::Stream => frame_stream(buffer, &mut HeadScan::default()),
    }
}

fn frame_datagram(buffer: &[u8]) -> Framed {
    if buffer == b"\r\n\r\n" {
        return Framed::Ping;
    }
    if buffer.iter().all(|byte| matches!(byte, b'\r' | b'\n' | b' ' | b'\t' | 0)) {
        return Framed::Pong;
    }
    let mut scan = HeadScan { at: parser::leading_empty_lines(buffer), ..HeadScan::default() };
    let body = match scan.advance(buffer) {
        Progress::End { body } => body,
        Progress::Incomplete => return malformed(buffer, "Head Of Message Has No End", false),
        Progress::Fault { reason, .. } => return malformed(buffer, reason, false),
    };
    let available = buffer.len() - body;
    match scan.content_length {
        None => Framed::Message { len: buffer.len() },
        Some(ContentLength::One(length)) if length <= available => Framed::Message { len: body + length },
        Some(_) => malformed(buffer, "Malformed Content-Length", false),
    }
}

/// As `frame` on a stream, going on where `scan` stopped when the buffer has only grown since.
pub(super) fn frame_stream(buffer: &[u8], scan: &mut HeadScan) -> Framed {
    match buffer {
        [b'\r', b'\n', b'\r', b'\n', ..] => return Framed::Ping,
        [] | [b'\r'] | [b'\r', b'\n'] | [b'\r', b'\n', b'\r'] => return Framed::Incomplete,
        [b'\r', b'\n', ..] => return Framed::Pong,
        [first, ..] if !grammar::is_token(*first) => {
            return Framed::Malformed { error: ParseError::new(400, "Not A SIP Message"), close: true };
        }
        _ => {}
    }
    // The head must end within what one message may have, however much arrived at once.
    let view = &buffer[..buffer.len().min(SIP_MESSAGE_BYTES_MAX)];
    let body = match scan.advance(view) {
        Progress::End { body } => body,
        Progress::Incomplete if view.len() < SIP_MESSAGE_BYTES_MAX => return Framed::Incomplete,
        Progress::Incomplete => return too_large(view),
        Progress::Fault { end, reason } => return malformed(&view[..end], reason, true),
    };
    let head = &buffer[..body];
    match scan.content_length {
        // RFC 3261 20.14: on a stream there must be one, for nothing else tells where the message ends.
        None => malformed(head, "Content-Length Is Missing", true),
        Some(ContentLength::One(length)) if length > SIP_MESSAGE_BYTES_MAX - body => too_large(head),
        Some(ContentLength::One(length)) if body + length > buffer.len() => Framed::Incomplete,
        Some(ContentLength::One(length)) => Framed::Message { len: body + length },
        Some(_) => malformed(head, "Malformed Content-Length", true),
    }
}

/// The lines of a head seen so far.
#[derive(Debug, Default)]
pub(super) struct HeadScan {
    /// Where the next line begins.
    at: usize,
    start_line_seen: bool,
    content_length: Option<ContentLength>,
    /// Where the body begins, once that is known.
    body: Option<usize>,
}

enum Progress {
    End {
        body: usize,
    },
    Incomplete,
    /// What is wrong, and where the bytes end that show it.
    Fault {
        end: usize,
        reason: &'static str,
    },
}

impl HeadScan {
    fn advance(&mut self, buffer: &[u8]) -> Progress {
        if let Some(body) = self.body {
            return Progress::End { body };
        }
        loop {
            match parser::next_line(buffer, self.at) {
                Step::Line { end, next, .. } => {
                    if self.start_line_seen && !self.note_header(&buffer[self.at..end]) {
                        return Progress::Fault { end: next, reason: "Malformed Header Line" };
                    }
                    self.start_line_seen = true;
                    self.at = next;
                }
                Step::End { body } => {
                    self.body = Some(body);
                    return Progress::End { body };
                }
                Step::Incomplete => return Progress::Incomplete,
                Step::Bare { at } => return Progress::Fault { end: at + 1, reason: "CR Or LF Stands Alone" },
            }
        }
    }

    /// `false` when the line is no header at all: somebody else may read it as the length that we do not see.
    fn note_header(&mut self, line: &[u8]) -> bool {
        let Some((name, after)) = parser::header_name(line) else { return false };
        if header_name::lookup(name) == HeaderName::ContentLength.code() {
            self.content_length = Some(ContentLength::add(self.content_length, &line[after..]));
        }
        true
    }
}

/// What the parser says of `bytes`; `reason` where it finds no fault of its own.
fn malformed(bytes: &[u8], reason: &'static str, close: bool) -> Framed {
    let error = match parser::parse(Bytes::copy_from_slice(bytes)) {
        Ok(message) => ParseError::new(400, reason).with_partial(Some(message)),
        Err(error) => error,
    };
    Framed::Malformed { error, close }
}

fn too_large(head: &[u8]) -> Framed {
    let partial = match parser::parse(Bytes::copy_from_slice(head)) {
        Ok(message) => Some(message),
        Err(error) => error.partial,
    };
    Framed::Malformed { error: ParseError::new(513, "Message Too Large").with_partial(partial), close: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "MESSAGE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/TCP a.example;branch=z9hG4bK1\r\n";

    fn with(headers: &str, body: &str) -> Vec<u8> {
        format!("{HEAD}{headers}\r\n{body}").into_bytes()
    }

    /// Length, `ping`, `pong`, `incomplete`, or status and whether to close.
    fn told(buffer: &[u8], kind: Framing) -> String {
        match frame(buffer, kind) {
            Framed::Message { len } => len.to_string(),
            Framed::Ping => "ping".to_owned(),
            Framed::Pong => "pong".to_owned(),
            Framed::Incomplete => "incomplete".to_owned(),
            Framed::Malformed { error, close } => format!("{} {close}", error.status),
        }
    }

    #[test]
    fn a_length_with_spaces_folds_and_compact_names_is_a_length() {
        // A request within a body: whoever misses the length takes it for the next one.
        let bye = "BYE sip:bob@example.com SIP/2.0\r\nContent-Length: 0\r\n\r\n";
        for length in
            ["Content-Length : 64", "l:64", "L\t:\t64", "CONTENT-LENGTH:\r\n  64", "Content-Length: 0064\r\n "]
        {
            let message = with(&format!("{length}\r\n"), bye);
            assert_eq!(told(&message, Framing::Stream), "incomplete", "{length:?}");
            let mut whole = message.clone();
            whole.resize(message.len() - bye.len() + 64, b'x');
            assert_eq!(told(&whole, Framing::Stream), whole.len().to_string(), "{length:?}");
            assert_eq!(told(&whole, Framing::Datagram), whole.len().to_string(), "{length:?}");
            assert_eq!(told(&message, Framing::Datagram), "400 false", "{length:?}");
        }
    }

    #[test]
    fn lengths_that_cannot_be_trusted_end_the_stream() {
        let wrong = [
            "Content-Length: -999",
            "Content-Length: +5",
            "Content-Length: five",
            "Content-Length: 0x5",
            "Content-Length:",
            "Content-Length: 5 5",
            "Content-Length: 5, 5",
            "Content-Length: 5;a",
            "Content-Length: 4294967301",
            "Content-Length: 18446744073709551621",
            "Content-Length: 5\r\nContent-Length: 5",
            "Content-Length: 5\r\nl: 6",
            "Content-Length 5",
            "Content-Length: 5\r\nContent-Length\u{b}: 0",
            "Content-Length: 5\r\n: 0",
        ];
        for headers in wrong {
            let message = with(&format!("{headers}\r\n"), "hello");
            assert_eq!(told(&message, Framing::Stream), "400 true", "{headers:?}");
            assert_eq!(told(&message, Framing::Datagram), "400 false", "{headers:?}");
        }
    }

    #[test]
    fn without_a_length_a_datagram_keeps_its_body_and_a_stream_ends() {
        let message = with("", "hello");
        assert_eq!(told(&message, Framing::Datagram), message.len().to_string());
        assert_eq!(told(&message, Framing::Stream), "400 true");
    }

    #[test]
    fn what_follows_the_body_is_not_part_of_the_message() {
        let message = with("l: 5\r\n", "helloINVITE sip:x SIP/2.0\r\n\r\n");
        let length = message.len() - "INVITE sip:x SIP/2.0\r\n\r\n".len();
        assert_eq!(told(&message, Framing::Datagram), length.to_string());
        assert_eq!(told(&message, Framing::Stream), length.to_string());
    }

    #[test]
    fn keep_alives_are_told_apart() {
        let cases: [(&[u8], &str, &str); 7] = [
            (b"\r\n\r\n", "ping", "ping"),
            (b"\r\nINVITE", "400 false", "pong"),
            (b"\r\n", "pong", "incomplete"),
            (b"", "pong", "incomplete"),
            (b"\0\0\0\0", "pong", "400 true"),
            (b"\r", "pong", "incomplete"),
            (b"\r\n\r\n\r\n", "pong", "ping"),
        ];
        for (bytes, datagram, stream) in cases {
            assert_eq!(told(bytes, Framing::Datagram), datagram, "{bytes:?}");
            assert_eq!(told(bytes, Framing::Stream), stream, "{bytes:?}");
        }
    }

    #[test]
    fn empty_lines_before_a_datagram_are_ignored() {
        let mut message = b"\r\n\r\n".to_vec();
        message.extend(with("l: 0\r\n", ""));
        assert_eq!(told(&message, Framing::Datagram), message.len().to_string());
    }

    #[test]
    fn the_head_of_a_stream_grows_until_it_is_whole_or_too_large() {
        let whole = with("l: 3\r\n", "abc");
        for length in 0..whole.len() {
            assert_eq!(told(&whole[..length], Framing::Stream), "incomplete", "{length} bytes");
        }
        let endless = with(&format!("X: {}\r\n", "x".repeat(70_000)), "");
        assert_eq!(told(&endless, Framing::Stream), "513 true");
        assert_eq!(told(&with("l: 65535\r\n", ""), Framing::Stream), "513 true");
        assert_eq!(told(b"GARBAGE", Framing::Stream), "incomplete");
        assert_eq!(told(b"\x16\x03\x01", Framing::Stream), "400 true");
        assert_eq!(told(b"INVITE sip:a SIP/2.0\nVia: x", Framing::Stream), "400 true");
    }

    #[test]
    fn a_refused_request_can_be_answered() {
        let message = with("Call-ID: a\r\nl: -1\r\nCSeq: 1 MESSAGE\r\n", "x");
        let Framed::Malformed { error, .. } = frame(&message, Framing::Stream) else { panic!("a negative length") };
        let partial = error.partial.expect("a request");
        assert_eq!(partial.call_id().as_deref(), Ok(&b"a"[..]));
        assert!(partial.top_via().is_ok() && partial.cseq().is_ok());
    }
}
