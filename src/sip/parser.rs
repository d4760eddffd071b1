//! From bytes to a message: finds the lines, names the headers, and says what is wrong in the first place it is.
//! Never guesses; but reads on after a fault, so that the request can be answered. RFC 3261 7, 18.3, 25.1; RFC 4475.

use bytes::Bytes;

use super::error::ParseError;
use super::grammar;
use super::header_name::{self, HeaderName};
use super::message::{Field, Message, Parts, Span, StartLine};
use super::method::Method;
use crate::model::limits::{SIP_HEADERS_MAX, SIP_MESSAGE_BYTES_MAX};

/// Reads one whole message: a datagram, or what `frame` cut from a stream. Bytes beyond Content-Length are ignored;
/// without Content-Length the body is all the rest (RFC 3261 18.3).
pub fn parse(bytes: Bytes) -> Result<Message, ParseError> {
    let mut parser = Parser { fault: None, fields: Vec::with_capacity(USUAL_FIELDS), content_length: None };
    let mut bytes = bytes;
    if bytes.len() > SIP_MESSAGE_BYTES_MAX {
        parser.note(513, "Message Too Large");
        bytes.truncate(SIP_MESSAGE_BYTES_MAX);
    }
    let message = parser.read(&bytes);
    match (parser.fault, message) {
        (None, Some(message)) => Ok(message),
        (fault, partial) => {
            Err(fault.unwrap_or_else(|| ParseError::new(400, "Malformed Start Line")).with_partial(partial))
        }
    }
}

/// One step through the head of a message.
pub(super) enum Step {
    /// A line with all its folds: `start..end` without the final CRLF, and where the next one begins.
    Line { end: usize, next: usize, folded: bool },
    /// The empty line; the body begins at `body`.
    End { body: usize },
    /// The bytes stop before the line is known to be whole.
    Incomplete,
    /// A CR or LF that stands alone, at `at`.
    Bare { at: usize },
}

/// The logical line that begins at `start`.
pub(super) fn next_line(bytes: &[u8], start: usize) -> Step {
    let mut at = start;
    let mut folded = false;
    loop {
        let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr2(b'\r', b'\n', rest)) else {
            return Step::Incomplete;
        };
        let end = at + found;
        match (bytes.get(end), bytes.get(end + 1)) {
            (Some(b'\r'), Some(b'\n')) => {}
            (Some(b'\r'), None) => return Step::Incomplete,
            _ => return Step::Bare { at: end },
        }
        let next = end + 2;
        if end == start {
            return Step::End { body: next };
        }
        match bytes.get(next) {
            None => return Step::Incomplete,
            Some(b' ' | b'\t') => (at, folded) = (next, true),
            Some(_) => return Step::Line { end, next, folded },
        }
    }
}

/// The name of a header line, and where its value begins; `None` when it is no header.
pub(super) fn header_name(line: &[u8]) -> Option<(&[u8], usize)> {
    let length = line.iter().take_while(|byte| grammar::is_token(**byte)).count();
    let (name, rest) = line.split_at(length);
    let spaces = rest.iter().take_while(|byte| grammar::is_space(**byte)).count();
    (length > 0 && rest.get(spaces) == Some(&b':')).then_some((name, length + spaces + 1))
}

/// The Content-Length fields of a head, which must be one, and a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ContentLength {
    One(usize),
    Malformed,
    Twice,
}

impl ContentLength {
    /// Adds one more field to those `before`.
    pub(super) fn add(before: Option<ContentLength>, value: &[u8]) -> ContentLength {
        match (before, grammar::decimal(grammar::trim(value)).and_then(|length| usize::try_from(length).ok())) {
            (Some(_), _) => ContentLength::Twice,
            (None, Some(length)) => ContentLength::One(length),
            (None, None) => ContentLength::Malformed,
        }
    }
}

struct Parser {
    /// The first thing that was wrong.
    fault: Option<ParseError>,
    fields: Vec<Field>,
    content_length: Option<ContentLength>,
}

impl Parser {
    fn note(&mut self, status: u16, reason: &'static str) {
        if self.fault.is_none() {
            self.fault = Some(ParseError::new(status, reason));
        }
    }

    /// `None` when not even the start line tells what it is.
    fn read(&mut self, bytes: &Bytes) -> Option<Message> {
        let mut start = None;
        let mut at = leading_empty_lines(bytes);
        let body = loop {
            let (end, next) = match next_line(bytes, at) {
                Step::Line { end, next, folded } => {
                    self.line(bytes, (at, end), folded, &mut start)?;
                    at = next;
                    continue;
                }
                Step::End { body } => break body,
                Step::Incomplete => {
                    self.note(400, "Head Of Message Has No End");
                    (bytes.len(), bytes.len())
                }
                // Another element may take a lone CR or LF for a line's end: refused, but read on as if it were.
                Step::Bare { at: bare } => {
                    self.note(400, "CR Or LF Stands Alone");
                    (bare, bare + 1)
                }
            };
            if end > at {
                self.line(bytes, (at, end), true, &mut start)?;
            }
            if end == at || next >= bytes.len() {
                break next.min(bytes.len());
            }
            at = next;
        };
        let start = start?;
        self.check_controls(bytes, body, &start);
        let body = self.body(bytes.len(), body)?;
        Some(Message::new(Parts { bytes: bytes.clone(), start, fields: std::mem::take(&mut self.fields), body }))
    }

    fn line(&mut self, bytes: &Bytes, span: (usize, usize), folded: bool, start: &mut Option<StartLine>) -> Option<()> {
        if start.is_some() {
            self.header(bytes, span, folded)
        } else {
            *start = Some(self.start_line(bytes, span)?);
            Some(())
        }
    }

    fn header(&mut self, bytes: &[u8], (start, end): (usize, usize), folded: bool) -> Option<()> {
        let line = bytes.get(start..end)?;
        let Some((name, after)) = header_name(line) else {
            self.note(400, "Malformed Header Line");
            return Some(());
        };
        let code = header_name::lookup(name);
        let whole = &line[after..];
        let value = grammar::trim(whole);
        if code == HeaderName::ContentLength.code() {
            self.content_length = Some(ContentLength::add(self.content_length, value));
        }
        if self.fields.len() == SIP_HEADERS_MAX {
            self.note(513, "Too Many Header Fields");
            return Some(());
        }
        let leading = whole.len() - grammar::trim_start(whole).len();
        let value_start = start + after + leading;
        self.fields.push(Field {
            name: Span::new(start, start + name.len())?,
            value: Span::new(value_start, value_start + value.len())?,
            code,
            folded: folded && value.iter().any(|byte| matches!(byte, b'\r' | b'\n')),
        });
        Some(())
    }

    fn start_line(&mut self, bytes: &Bytes, (start, end): (usize, usize)) -> Option<StartLine> {
        let line = bytes.get(start..end)?;
        if line.get(..4).is_some_and(|word| word.eq_ignore_ascii_case(b"SIP/")) {
            return self.status_line(line, start);
        }
        let first = memchr::memchr(b' ', line)?;
        let (method, rest) = (&line[..first], &line[first + 1..]);
        if !grammar::is_token_word(method) {
            return None;
        }
        let (uri, version) = match memchr::memrchr(b' ', rest) {
            Some(last) => (&rest[..last], &rest[last + 1..]),
            None => (rest, &b""[..]),
        };
        match Version::read(version) {
            Version::Sip2 => {}
            Version::OtherSip => self.note(505, "Version Not Supported"),
            Version::None => self.note(400, "Malformed Request Line"),
        }
        if uri.is_empty() || uri.iter().any(|byte| grammar::is_space(*byte) || matches!(byte, b'\r' | b'\n')) {
            self.note(400, "White Space In Request-URI");
        } else if uri.first() == Some(&b'<') {
            self.note(400, "Request-URI In Brackets");
        }
        let uri_start = start + first + 1;
        let uri = Span::new(uri_start, uri_start + uri.len())?;
        Some(StartLine::Request { method: Method::from_bytes(bytes.slice_ref(method)), uri })
    }

    /// A response that is not sound is nobody's to answer, so it is not kept.
    fn status_line(&mut self, line: &[u8], start: usize) -> Option<StartLine> {
        let first = memchr::memchr(b' ', line).unwrap_or(line.len());
        match Version::read(&line[..first]) {
            Version::Sip2 => {}
            Version::OtherSip => self.note(505, "Version Not Supported"),
            Version::None => self.note(400, "Malformed Status Line"),
        }
        let code = line.get(first + 1..first + 4).and_then(grammar::decimal).and_then(|code| u16::try_from(code).ok());
        let after = first + 4;
        // The space after the code is the grammar's; not all write it when the phrase is empty.
        let separated = matches!(line.get(after), None | Some(b' '));
        let status = code.filter(|code| separated && (100..700).contains(code))?;
        let reason = Span::new(start + (after + 1).min(line.len()), start + line.len())?;
        Some(StartLine::Response { status, reason })
    }

    fn body(&mut self, total: usize, start: usize) -> Option<Span> {
        let available = total - start;
        let length = match self.content_length {
            None => available,
            Some(ContentLength::One(length)) if length <= available => length,
            Some(ContentLength::One(_)) => {
                self.note(400, "Content-Length Exceeds Message");
                available
            }
            Some(ContentLength::Malformed) => {
                self.note(400, "Malformed Content-Length");
                available
            }
            Some(ContentLength::Twice) => {
                self.note(400, "Content-Length Is There Twice");
                available
            }
        };
        Span::new(start, start + length)
    }

    /// Control characters may stand only as quoted pairs (RFC 4475 3.1.1.2); most messages have none at all.
    fn check_controls(&mut self, bytes: &[u8], body: usize, start: &StartLine) {
        let is_control = |byte: &u8| (*byte < b' ') & !matches!(byte, b'\t' | b'\r' | b'\n') | (*byte == 0x7f);
        if !bytes[..body].iter().fold(false, |found, byte| found | is_control(byte)) {
            return;
        }
        let (StartLine::Request { uri: span, .. } | StartLine::Response { reason: span, .. }) = start;
        let sound = !span.of(bytes).iter().any(is_control)
            && self.fields.iter().all(|field| {
                let mut quoted = false;
                let mut text = field.value.of(bytes).iter();
                while let Some(byte) = text.next() {
                    match byte {
                        b'"' => quoted = !quoted,
                        b'\\' if quoted => _ = text.next(),
                        byte if is_control(byte) => return false,
                        _ => {}
                    }
                }
                true
            });
        if !sound {
            self.note(400, "Control Character In Header");
        }
    }
}

/// How many bytes of empty lines stand before the start line; they are ignored (RFC 3261 7.5).
pub(super) fn leading_empty_lines(bytes: &[u8]) -> usize {
    bytes.chunks_exact(2).take_while(|pair| *pair == b"\r\n").count() * 2
}

/// What the version of a start line says.
enum Version {
    Sip2,
    /// SIP, but another version: 505.
    OtherSip,
    None,
}

impl Version {
    fn read(word: &[u8]) -> Version {
        if word.eq_ignore_ascii_case(b"SIP/2.0") {
            return Version::Sip2;
        }
        let is_number = |digits: &[u8]| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
        let numbers = word.get(..4).filter(|sip| sip.eq_ignore_ascii_case(b"SIP/")).and_then(|_| word.get(4..));
        match numbers.and_then(|numbers| memchr::memchr(b'.', numbers).map(|dot| numbers.split_at(dot))) {
            Some((major, [_, minor @ ..])) if is_number(major) && is_number(minor) => Version::OtherSip,
            _ => Version::None,
        }
    }
}

/// Header fields of a usual INVITE with room to spare, so that the index is allocated once.
const USUAL_FIELDS: usize = 24;
