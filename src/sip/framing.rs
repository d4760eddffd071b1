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
    let Progress::End { body } = scan.advance(buffer) else {
        return malformed(buffer, "Head Of Message Has No End", false);
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
    let body = match scan.advance(buffer) {
        Progress::End { body } => body,
        Progress::Incomplete if buffer.len() < SIP_MESSAGE_BYTES_MAX => return Framed::Incomplete,
        Progress::Incomplete => return too_large(&buffer[..SIP_MESSAGE_BYTES_MAX]),
        Progress::Bare { at } => return malformed(&buffer[..=at], "CR Or LF Stands Alone", true),
    };
    let head = &buffer[..body.min(SIP_MESSAGE_BYTES_MAX)];
    match scan.content_length {
        // RFC 3261 20.14: on a stream there must be one, for nothing else tells where the message ends.
        None => malformed(head, "Content-Length Is Missing", true),
        Some(ContentLength::One(length)) if length > SIP_MESSAGE_BYTES_MAX.saturating_sub(body) => too_large(head),
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
    End { body: usize },
    Incomplete,
    Bare { at: usize },
}

impl HeadScan {
    fn advance(&mut self, buffer: &[u8]) -> Progress {
        if let Some(body) = self.body {
            return Progress::End { body };
        }
        loop {
            match parser::next_line(buffer, self.at) {
                Step::Line { end, next, .. } => {
                    if self.start_line_seen {
                        self.note_length(&buffer[self.at..end]);
                    }
                    self.start_line_seen = true;
                    self.at = next;
                }
                Step::End { body } => {
                    self.body = Some(body);
                    return Progress::End { body };
                }
                Step::Incomplete => return Progress::Incomplete,
                Step::Bare { at } => return Progress::Bare { at },
            }
        }
    }

    fn note_length(&mut self, line: &[u8]) {
        if !matches!(line.first(), Some(b'c' | b'C' | b'l' | b'L')) {
            return;
        }
        if let Some((name, after)) = parser::header_name(line)
            && header_name::lookup(name) == HeaderName::ContentLength.code()
        {
            self.content_length = Some(ContentLength::add(self.content_length, &line[after..]));
        }
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
