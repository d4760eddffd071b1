//! From bytes to a message: finds the lines, names the headers, and says what is wrong in the first place it is.
//! Never guesses; but reads on after a fault, so that the request can be answered. RFC 3261 7, 18.3, 25.1; RFC 4475.

use bytes::Bytes;

use super::error::ParseError;
use super::grammar;
use super::header_name::{self, HeaderName};
use super::message::{Field, Message, Parts, Span, StartLine};
use super::method::Method;
use super::text::Text;
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
        Some(StartLine::Request { method: Method::read(Text::all(bytes).part(method)), uri })
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
        if !bytes[..body].iter().fold(false, |found, byte| found | grammar::is_control(*byte)) {
            return;
        }
        let (StartLine::Request { uri: span, .. } | StartLine::Response { reason: span, .. }) = start;
        let sound = !span.of(bytes).iter().any(|byte| grammar::is_control(*byte))
            && self.fields.iter().all(|field| grammar::controls_are_quoted(field.value.of(bytes)));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> ParseError {
        parse(Bytes::from(text.to_owned())).expect_err(text)
    }

    fn sound(bytes: &[u8]) -> Message {
        parse(Bytes::copy_from_slice(bytes)).unwrap_or_else(|error| panic!("{error}: {bytes:?}"))
    }

    #[test]
    fn request_lines_are_three_words_and_two_spaces() {
        let wrong = [
            "INVITE  sip:a SIP/2.0",
            "INVITE sip:a  SIP/2.0",
            "INVITE sip:a SIP/2.0 ",
            "INVITE sip:a",
            "INVITE <sip:a> SIP/2.0",
            "INVITE sip:a; lr SIP/2.0",
            "INVITE\tsip:a\tSIP/2.0",
            "INVITE sip:a HTTP/1.1",
            "INVITE sip:a SIP/2",
            "INVITE sip:a SIP/2.0x",
            "INV(ITE sip:a SIP/2.0",
            " INVITE sip:a SIP/2.0",
            "INVITE sip:a\r\n SIP/2.0",
            "INVITE",
            "INVITE sip:\u{1}a SIP/2.0",
        ];
        for line in wrong {
            assert_eq!(error(&format!("{line}\r\nl: 0\r\n\r\n")).status, 400, "{line:?}");
        }
        for version in ["SIP/7.0", "SIP/2.1", "SIP/2.00", "sip/1.0"] {
            let error = error(&format!("OPTIONS sip:a {version}\r\nl: 0\r\n\r\n"));
            assert_eq!(error.status, 505, "{version}");
            assert!(error.partial.is_some());
        }
        assert_eq!(sound(b"OPTIONS sip:a sip/2.0\r\n\r\n").request_uri(), Some(&b"sip:a"[..]));
        assert_eq!(sound(b"\r\n\r\nOPTIONS sip:a SIP/2.0\r\n\r\n").request_uri(), Some(&b"sip:a"[..]));
    }

    #[test]
    fn status_lines_have_three_digits_and_any_phrase() {
        let reason = |line: &[u8]| {
            let message = sound(&[line, b"\r\n\r\n"].concat());
            (message.status(), message.reason().map(<[u8]>::to_vec))
        };
        assert_eq!(reason(b"SIP/2.0 100 "), (Some(100), Some(Vec::new())));
        assert_eq!(reason(b"SIP/2.0 100"), (Some(100), Some(Vec::new())));
        assert_eq!(reason(b"SIP/2.0 200 = 2**3 \xd0\xbd"), (Some(200), Some(b"= 2**3 \xd0\xbd".to_vec())));
        for line in [
            "SIP/2.0 4294967301 no",
            "SIP/2.0 099 x",
            "SIP/2.0 700 x",
            "SIP/2.0 20 x",
            "SIP/2.0  200 x",
            "SIP/2.0",
            "SIP/7.0 200 OK",
        ] {
            let error = error(&format!("{line}\r\nl: 0\r\n\r\n"));
            assert!(error.partial.is_none(), "{line}: a response is not answered");
        }
    }

    #[test]
    fn header_lines_are_a_token_and_a_colon() {
        for line in ["Foobar roobar", ": x", "Sub ject: x", "Subj\u{e9}ct: x", "(x): y"] {
            let error = error(&format!("OPTIONS sip:a SIP/2.0\r\nVia: v\r\n{line}\r\nCall-ID: c\r\n\r\n"));
            assert_eq!(error.status, 400, "{line:?}");
            let partial = error.partial.expect("a request");
            assert!(partial.header(&HeaderName::Via).is_some() && partial.header(&HeaderName::CallId).is_some());
        }
        let odd = sound(b"OPTIONS sip:a SIP/2.0\r\nTO :\r\n sip:b\r\nextensionHeader-!.%*+_`'~:x\r\nS:\r\nL:0\r\n\r\n");
        assert_eq!(odd.header(&HeaderName::To).as_deref(), Some(&b"sip:b"[..]));
        assert_eq!(odd.header(&HeaderName::Subject).as_deref(), Some(&b""[..]));
        assert_eq!(odd.header(&HeaderName::new(b"EXTENSIONHEADER-!.%*+_`'~")).as_deref(), Some(&b"x"[..]));
    }

    #[test]
    fn one_latin_1_byte_cuts_nothing() {
        let message = sound(b"INFO sip:a SIP/2.0\r\nFrom: \"Andr\xe9\" <sip:b@c.example>\r\nX: \xff\xfe\r\nCall-ID: c\r\nl: 2\r\n\r\n\xe9\0");
        assert_eq!(message.header(&HeaderName::CallId).as_deref(), Some(&b"c"[..]));
        assert_eq!(message.body(), b"\xe9\0");
    }

    #[test]
    fn lone_line_breaks_are_refused_but_read_over() {
        for line_break in ["\n", "\r"] {
            let text = format!("OPTIONS sip:a SIP/2.0\r\nVia: v{line_break}Call-ID: c\r\nl: 0\r\n\r\n");
            let error = error(&text);
            assert_eq!(error.status, 400);
            let partial = error.partial.expect("a request");
            assert_eq!(partial.header(&HeaderName::CallId).as_deref(), Some(&b"c"[..]));
        }
        let unix = error("OPTIONS sip:a SIP/2.0\nVia: v\nCall-ID: c\n\nbody");
        assert_eq!(unix.partial.expect("a request").body(), b"body");
    }

    #[test]
    fn control_characters_stand_only_as_quoted_pairs() {
        let with = |value: &[u8]| parse([b"OPTIONS sip:a SIP/2.0\r\nSubject: ", value, b"\r\n\r\n"].concat().into());
        for wrong in [&b"a\0b"[..], b"a\x07", b"\"a\0b\"", b"\\\0", b"a\x7f", b"\"x\" \\\x1b"] {
            assert_eq!(with(wrong).expect_err("a control character").status, 400, "{wrong:?}");
        }
        assert!(with(b"\"BEL:\\\x07 NUL:\\\0 DEL:\\\x7f\"").is_ok());
        assert!(with(b"a\tb").is_ok());
    }

    #[test]
    fn a_head_without_its_empty_line_is_refused_with_all_it_has() {
        for end in ["", "\r", "\r\n"] {
            let error = error(&format!("OPTIONS sip:a SIP/2.0\r\nVia: v\r\nCall-ID: c{end}"));
            assert_eq!(error.status, 400);
            let partial = error.partial.expect("a request");
            assert_eq!(partial.header(&HeaderName::CallId).as_deref(), Some(&b"c"[..]), "{end:?}");
        }
        assert!(error("").partial.is_none());
        assert!(error("\r\n\r\n").partial.is_none());
        assert!(error("hello").partial.is_none());
    }

    #[test]
    fn the_body_is_what_the_length_says() {
        let with = |length: &str, body: &str| parse(format!("INFO sip:a SIP/2.0\r\n{length}\r\n{body}").into());
        assert_eq!(with("", "hello").expect("sound").body(), b"hello");
        assert_eq!(with("l: 3\r\n", "hello").expect("sound").body(), b"hel");
        for wrong in ["l: 9999\r\n", "l: -1\r\n", "l: 1\r\nl: 1\r\n", "l: x\r\n", "l: 4294967297\r\n", "l:\r\n"] {
            assert_eq!(with(wrong, "hello").expect_err(wrong).status, 400);
        }
    }

    #[test]
    fn too_many_bytes_and_too_many_headers_are_513() {
        let long = format!("INFO sip:a SIP/2.0\r\nVia: v\r\n\r\n{}", "x".repeat(SIP_MESSAGE_BYTES_MAX));
        let refused = error(&long);
        assert_eq!(refused.status, 513);
        assert!(refused.partial.expect("a request").header(&HeaderName::Via).is_some());
        let many = |count: usize| format!("INFO sip:a SIP/2.0\r\n{}\r\n", "X: y\r\n".repeat(count));
        assert_eq!(sound(many(SIP_HEADERS_MAX).as_bytes()).all_headers().count(), SIP_HEADERS_MAX);
        assert_eq!(error(&many(SIP_HEADERS_MAX + 1)).status, 513);
    }
}
