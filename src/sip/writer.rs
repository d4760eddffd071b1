//! Messages written in one pass: start line, headers in the order given, Content-Length, body.
//! Never lets a value end its line: CR, LF and other control characters become spaces. RFC 3261 7, 8.1.1, 8.2.6; RFC 3581 4.

use std::fmt;
use std::net::SocketAddr;

use bytes::Bytes;

use super::grammar;
use super::header_name::HeaderName;
use super::host::Host;
use super::message::Message;
use super::method::Method;
use super::uri::Uri;

/// Writes a request.
#[must_use]
pub struct RequestWriter {
    head: Vec<u8>,
    body: Option<Body>,
}

impl RequestWriter {
    /// Begins with the request line.
    pub fn new(method: &Method, uri: &Uri) -> RequestWriter {
        let mut head = Vec::with_capacity(USUAL_BYTES);
        head.extend(method.as_bytes().iter().filter(|byte| grammar::is_token(**byte)));
        head.push(b' ');
        uri.write_into(&mut head);
        head.extend_from_slice(b" SIP/2.0\r\n");
        RequestWriter { head, body: None }
    }

    /// Adds a header line. Content-Length is ignored here, for `finish` writes it.
    pub fn header(mut self, name: HeaderName, value: impl AsRef<[u8]>) -> RequestWriter {
        push_header(&mut self.head, &name, value.as_ref());
        self
    }

    /// Sets the body and its Content-Type.
    pub fn body(mut self, content_type: &str, body: impl AsRef<[u8]>) -> RequestWriter {
        self.body = Some(Body::new(content_type, body.as_ref()));
        self
    }

    /// The whole message.
    #[must_use]
    pub fn finish(self) -> Bytes {
        finish(self.head, self.body)
    }
}

/// What is written may hold numbers and keys.
impl fmt::Debug for RequestWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestWriter").finish_non_exhaustive()
    }
}

/// Writes the response to a request.
#[must_use]
pub struct ResponseWriter {
    request: Message,
    status: u16,
    reason: String,
    tag: Option<Bytes>,
    source: Option<SocketAddr>,
    record_route: bool,
    headers: Vec<u8>,
    body: Option<Body>,
}

impl ResponseWriter {
    /// Copies from `request` what every response carries: all Vias, From, To, Call-ID, CSeq, and Timestamp into a 100.
    /// An empty `reason` stands for the registered phrase. Partial requests are answered with what they have.
    pub fn to(request: &Message, status: u16, reason: &str) -> ResponseWriter {
        let reason = if reason.is_empty() { super::status::reason_phrase(status) } else { reason };
        ResponseWriter {
            request: request.clone(),
            status: status.clamp(100, 699),
            reason: reason.to_owned(),
            tag: None,
            source: None,
            record_route: false,
            headers: Vec::new(),
            body: None,
        }
    }

    /// Adds `tag` to To, unless the request's To has one.
    pub fn tag(mut self, tag: impl AsRef<[u8]>) -> ResponseWriter {
        self.tag = Some(Bytes::copy_from_slice(tag.as_ref()));
        self
    }

    /// Where the request came from: the top Via gets `received` and, where asked for, `rport` (RFC 3261 18.2.1,
    /// RFC 3581 4).
    pub fn received_from(mut self, source: SocketAddr) -> ResponseWriter {
        self.source = Some(source);
        self
    }

    /// Copies Record-Route, as a response that makes a dialog must (RFC 3261 12.1.1).
    pub fn record_route(mut self) -> ResponseWriter {
        self.record_route = true;
        self
    }

    /// Adds a header line. Content-Length is ignored here, for `finish` writes it.
    pub fn header(mut self, name: HeaderName, value: impl AsRef<[u8]>) -> ResponseWriter {
        push_header(&mut self.headers, &name, value.as_ref());
        self
    }

    /// Sets the body and its Content-Type.
    pub fn body(mut self, content_type: &str, body: impl AsRef<[u8]>) -> ResponseWriter {
        self.body = Some(Body::new(content_type, body.as_ref()));
        self
    }

    /// The whole message.
    #[must_use]
    pub fn finish(self) -> Bytes {
        let mut head = Vec::with_capacity(USUAL_BYTES);
        head.extend(format!("SIP/2.0 {} ", self.status).bytes());
        push_clean(&mut head, self.reason.as_bytes());
        head.extend_from_slice(b"\r\n");
        self.copy_vias(&mut head);
        self.copy(&mut head, &HeaderName::From);
        self.copy_to(&mut head);
        self.copy(&mut head, &HeaderName::CallId);
        self.copy(&mut head, &HeaderName::CSeq);
        if self.record_route {
            self.copy(&mut head, &HeaderName::RecordRoute);
        }
        if self.status == 100 {
            self.copy(&mut head, &HeaderName::Timestamp);
        }
        head.extend_from_slice(&self.headers);
        finish(head, self.body)
    }

    fn copy(&self, head: &mut Vec<u8>, name: &HeaderName) {
        for value in self.request.headers(name) {
            push_copy(head, name, &value);
        }
    }

    /// Line by line as written; only the first value of the first line may change.
    fn copy_vias(&self, head: &mut Vec<u8>) {
        for (position, line) in self.request.headers(&HeaderName::Via).enumerate() {
            match (self.source, grammar::Elements::new(&line).next()) {
                (Some(source), Some(first)) if position == 0 => {
                    let mut marked = mark_received(&line[first.clone()], source);
                    marked.extend_from_slice(&line[first.end..]);
                    push_copy(head, &HeaderName::Via, &marked);
                }
                _ => push_copy(head, &HeaderName::Via, &line),
            }
        }
    }

    fn copy_to(&self, head: &mut Vec<u8>) {
        let Some(value) = self.request.header(&HeaderName::To) else { return };
        let tagless = self.request.to().is_ok_and(|to| to.tag().is_none());
        match &self.tag {
            Some(tag) if tagless => {
                let mut tagged = value.into_owned();
                tagged.extend_from_slice(b";tag=");
                tagged.extend(tag.iter().filter(|byte| grammar::is_token(**byte)));
                push_copy(head, &HeaderName::To, &tagged);
            }
            _ => push_copy(head, &HeaderName::To, &value),
        }
    }
}

/// What is written may hold numbers and keys.
impl fmt::Debug for ResponseWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseWriter").field("status", &self.status).finish_non_exhaustive()
    }
}

struct Body {
    content_type: String,
    bytes: Bytes,
}

impl Body {
    fn new(content_type: &str, bytes: &[u8]) -> Body {
        Body { content_type: content_type.to_owned(), bytes: Bytes::copy_from_slice(bytes) }
    }
}

/// The Via text with `received` and `rport` as the server saw them; what the client claimed of them is taken away.
fn mark_received(text: &[u8], source: SocketAddr) -> Vec<u8> {
    let Ok(via) = super::header::Via::parse(text) else { return text.to_vec() };
    let asked = via.rport().is_some();
    let mut params = via.params.clone();
    params.remove("received");
    if asked {
        params.set("rport", Some(source.port().to_string().as_bytes()));
    }
    if asked || via.host != Host::from(source.ip().to_canonical()) {
        params.set("received", Some(source.ip().to_canonical().to_string().as_bytes()));
    }
    // Up to the parameters the text stays as written: the client compares sent-by with its own.
    let end = memchr::memchr(b';', text).unwrap_or(text.len());
    let mut marked = grammar::trim(&text[..end]).to_vec();
    marked.extend_from_slice(params.as_bytes());
    marked
}

fn finish(mut head: Vec<u8>, body: Option<Body>) -> Bytes {
    let length = body.as_ref().map_or(0, |body| body.bytes.len());
    if let Some(body) = &body {
        push_header(&mut head, &HeaderName::ContentType, body.content_type.as_bytes());
    }
    head.extend(format!("Content-Length: {length}\r\n\r\n").bytes());
    if let Some(body) = body {
        head.extend_from_slice(&body.bytes);
    }
    head.into()
}

fn push_header(out: &mut Vec<u8>, name: &HeaderName, value: &[u8]) {
    let name_is_sound = grammar::is_token_word(name.as_bytes());
    debug_assert!(name_is_sound, "a header name is a token");
    if *name == HeaderName::ContentLength || !name_is_sound {
        return;
    }
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    push_clean(out, value);
    out.extend_from_slice(b"\r\n");
}

/// A value taken from a request, byte for byte; only what made the request unsound is taken out.
fn push_copy(out: &mut Vec<u8>, name: &HeaderName, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    if grammar::controls_are_quoted(value) {
        out.extend_from_slice(value);
    } else {
        push_clean(out, value);
    }
    out.extend_from_slice(b"\r\n");
}

fn push_clean(out: &mut Vec<u8>, value: &[u8]) {
    out.extend(value.iter().map(|byte| grammar::printable(*byte)));
}

/// Room for a usual message, so that it is allocated once.
const USUAL_BYTES: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::{CSeq, NameAddr, Via, parse, validate};

    fn uri(text: &str) -> Uri {
        Uri::parse(text.as_bytes()).expect("a sound URI")
    }

    fn source(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    fn request(via: &str) -> Message {
        let text = format!(
            "INVITE sip:bob@biloxi.com SIP/2.0\r\nVia: {via}, SIP/2.0/TCP two.example;branch=b2\r\nv: SIP/2.0/TLS\r\n three.example\r\n\
             To: Bob <sip:bob@biloxi.com>\r\nFrom: \"NUL:\\\0\" <sip:alice@atlanta.com>;tag=1928301774\r\nCall-ID: a84b4c\r\n\
             CSeq: 314159 INVITE\r\nRecord-Route: <sip:p1.example;lr>, <sip:p2.example;lr>\r\nTimestamp: 54\r\nl: 0\r\n\r\n"
        );
        parse(Bytes::from(text)).expect("a sound request")
    }

    fn lines(bytes: &Bytes) -> Vec<String> {
        String::from_utf8_lossy(bytes).split("\r\n").map(str::to_owned).collect()
    }

    #[test]
    fn a_request_is_written_line_by_line() {
        let from = NameAddr::new(uri("sip:1300@example.com")).with_display("Post").with_tag(b"1928");
        let bytes = RequestWriter::new(&Method::Invite, &uri("sip:bob@192.0.2.4:5060;transport=udp"))
            .header(
                HeaderName::Via,
                Via::new("UDP", Host::from(source("192.0.2.1:5060").ip()), Some(5060), b"z9hG4bK7").to_bytes(),
            )
            .header(HeaderName::From, from.to_bytes())
            .header(HeaderName::To, "<sip:bob@192.0.2.4>")
            .header(HeaderName::CallId, "a84b4c76e66710")
            .header(HeaderName::CSeq, CSeq { number: 1, method: Method::Invite }.to_string())
            .header(HeaderName::ContentLength, "999")
            .body("application/sdp", b"v=0\r\n")
            .finish();
        let expected = [
            "INVITE sip:bob@192.0.2.4:5060;transport=udp SIP/2.0",
            "Via: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bK7",
            "From: \"Post\" <sip:1300@example.com>;tag=1928",
            "To: <sip:bob@192.0.2.4>",
            "Call-ID: a84b4c76e66710",
            "CSeq: 1 INVITE",
            "Content-Type: application/sdp",
            "Content-Length: 5",
            "",
            "v=0",
            "",
        ];
        assert_eq!(lines(&bytes), expected);
        validate(&parse(bytes).expect("sound")).expect("sound");
    }

    #[test]
    fn no_value_ends_its_line() {
        let evil = "x\r\nVia: SIP/2.0/UDP evil\r\n\r\nBYE sip:a SIP/2.0\0";
        let mut target = uri("sip:bob@example.com");
        target.user = Some(Bytes::from_static(b"bob SIP/2.0\r\nX: y"));
        let method = Method::new(b"IN\r\nVITE");
        let request = RequestWriter::new(&method, &target)
            .header(HeaderName::Subject, evil)
            .body("text/plain\r\nX: y", "body")
            .finish();
        let read = parse(request).expect("still one message");
        assert_eq!(read.method(), Some(&Method::Invite));
        assert_eq!(read.all_headers().count(), 3);
        assert_eq!(read.body(), b"body");
        let response = ResponseWriter::to(&read, 400, evil).tag("a\r\nX: y").header(HeaderName::Server, evil).finish();
        assert_eq!(parse(response).expect("still one message").all_headers().count(), 2);
    }

    #[test]
    fn a_response_copies_what_belongs_to_it() {
        let request = request("SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776");
        let ok = ResponseWriter::to(&request, 200, "")
            .tag("a6c85cf")
            .record_route()
            .header(HeaderName::Contact, "<sip:bob@192.0.2.4>");
        let expected = [
            "SIP/2.0 200 OK",
            "Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776, SIP/2.0/TCP two.example;branch=b2",
            "Via: SIP/2.0/TLS three.example",
            "From: \"NUL:\\\0\" <sip:alice@atlanta.com>;tag=1928301774",
            "To: Bob <sip:bob@biloxi.com>;tag=a6c85cf",
            "Call-ID: a84b4c",
            "CSeq: 314159 INVITE",
            "Record-Route: <sip:p1.example;lr>, <sip:p2.example;lr>",
            "Contact: <sip:bob@192.0.2.4>",
            "Content-Length: 0",
            "",
            "",
        ];
        assert_eq!(lines(&ok.finish()), expected);
        let trying = lines(&ResponseWriter::to(&request, 100, "").finish());
        assert!(
            trying.contains(&"To: Bob <sip:bob@biloxi.com>".to_owned()) && trying.contains(&"Timestamp: 54".to_owned())
        );
    }

    #[test]
    fn a_tag_is_added_once() {
        let tagged = parse(Bytes::from_static(b"BYE sip:a SIP/2.0\r\nTo: <sip:a>;tag=theirs\r\n\r\n")).expect("sound");
        let response = ResponseWriter::to(&tagged, 481, "").tag("ours").finish();
        assert!(lines(&response).contains(&"To: <sip:a>;tag=theirs".to_owned()));
    }

    #[test]
    fn the_top_via_tells_where_the_request_came_from() {
        let top = |via: &str, from: &str| {
            lines(&ResponseWriter::to(&request(via), 200, "").received_from(source(from)).finish()).remove(1)
        };
        let cases = [
            ("SIP/2.0/UDP 192.0.2.1:5060;branch=a", "192.0.2.1:5060", "SIP/2.0/UDP 192.0.2.1:5060;branch=a"),
            ("SIP/2.0/UDP pc.example;branch=a", "192.0.2.1:5060", "SIP/2.0/UDP pc.example;branch=a;received=192.0.2.1"),
            (
                "SIP/2.0/UDP 192.0.2.1;rport;branch=a",
                "192.0.2.1:9876",
                "SIP/2.0/UDP 192.0.2.1;branch=a;rport=9876;received=192.0.2.1",
            ),
            (
                "SIP/2.0/UDP 10.0.0.1;received=198.51.100.9;branch=a",
                "192.0.2.1:5060",
                "SIP/2.0/UDP 10.0.0.1;branch=a;received=192.0.2.1",
            ),
            ("SIP/2.0/UDP [2001:DB8::1];branch=a", "[2001:db8::1]:5060", "SIP/2.0/UDP [2001:DB8::1];branch=a"),
            ("SIP/2.0/UDP 192.0.2.1;branch=a", "[::ffff:192.0.2.1]:5060", "SIP/2.0/UDP 192.0.2.1;branch=a"),
        ];
        for (via, from, expected) in cases {
            assert_eq!(top(via, from), format!("Via: {expected}, SIP/2.0/TCP two.example;branch=b2"));
        }
    }
}
