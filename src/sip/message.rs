//! A whole SIP message: one buffer and the places of its parts within it.
//! Never copies a header until it is folded and asked for, never demands UTF-8. RFC 3261 7.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::error::{HeaderError, SyntaxError};
use super::grammar;
use super::header::{CSeq, Challenge, Contacts, Credentials, NameAddr, Via};
use super::header_name::{HeaderName, OTHER};
use super::method::Method;
use super::text::Text;

/// A request or a response. Cloning shares everything.
#[derive(Clone)]
pub struct Message {
    parts: Arc<Parts>,
}

/// What the parser found.
pub(super) struct Parts {
    pub(super) bytes: Bytes,
    pub(super) start: StartLine,
    pub(super) fields: Vec<Field>,
    pub(super) body: Span,
}

/// The first line.
pub(super) enum StartLine {
    Request { method: Method, uri: Span },
    Response { status: u16, reason: Span },
}

/// A range of the buffer; 64 KiB is the most a message has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    start: u16,
    end: u16,
}

/// One header field: its name, its value without outer white space, and whether the value is folded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) name: Span,
    pub(super) value: Span,
    pub(super) code: u8,
    pub(super) folded: bool,
}

impl Span {
    /// `None` beyond 64 KiB.
    pub(super) fn new(start: usize, end: usize) -> Option<Span> {
        Some(Span { start: u16::try_from(start).ok()?, end: u16::try_from(end).ok()? })
    }

    pub(super) fn of(self, bytes: &[u8]) -> &[u8] {
        bytes.get(usize::from(self.start)..usize::from(self.end)).unwrap_or(b"")
    }

    fn share(self, bytes: &Bytes) -> Bytes {
        bytes.slice_ref(self.of(bytes))
    }
}

impl Message {
    pub(super) fn new(parts: Parts) -> Message {
        Message { parts: Arc::new(parts) }
    }

    #[must_use]
    pub fn is_request(&self) -> bool {
        matches!(self.parts.start, StartLine::Request { .. })
    }

    /// The method of a request.
    #[must_use]
    pub fn method(&self) -> Option<&Method> {
        match &self.parts.start {
            StartLine::Request { method, .. } => Some(method),
            StartLine::Response { .. } => None,
        }
    }

    /// The Request-URI of a request, as written.
    #[must_use]
    pub fn request_uri(&self) -> Option<&[u8]> {
        match &self.parts.start {
            StartLine::Request { uri, .. } => Some(uri.of(&self.parts.bytes)),
            StartLine::Response { .. } => None,
        }
    }

    /// The Request-URI of a request, sharing the buffer.
    #[must_use]
    pub fn request_uri_bytes(&self) -> Option<Bytes> {
        self.request_uri().map(|uri| self.parts.bytes.slice_ref(uri))
    }

    /// The status of a response, 100 to 699.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match &self.parts.start {
            StartLine::Request { .. } => None,
            StartLine::Response { status, .. } => Some(*status),
        }
    }

    /// The reason phrase of a response, as written; may be empty.
    #[must_use]
    pub fn reason(&self) -> Option<&[u8]> {
        match &self.parts.start {
            StartLine::Request { .. } => None,
            StartLine::Response { reason, .. } => Some(reason.of(&self.parts.bytes)),
        }
    }

    /// The value of the first header field `name`, unfolded; not split at commas.
    #[must_use]
    pub fn header(&self, name: &HeaderName) -> Option<Cow<'_, [u8]>> {
        self.fields(name).next().map(|field| self.value(field))
    }

    /// The values of every header field `name`, one item a line, unfolded; not split at commas.
    pub fn headers(&self, name: &HeaderName) -> impl Iterator<Item = Cow<'_, [u8]>> {
        self.fields(name).map(|field| self.value(field))
    }

    /// The elements of every header field `name`, in order. Only lists by grammar (`HeaderName::is_list`) are split;
    /// commas within quotes and brackets do not count.
    pub fn values(&self, name: &HeaderName) -> impl Iterator<Item = Cow<'_, [u8]>> {
        let list = name.is_list();
        self.fields(name).flat_map(move |field| Values { text: self.value(field), at: 0, list })
    }

    /// Every header field in order: name and value, unfolded.
    pub fn all_headers(&self) -> impl Iterator<Item = (HeaderName, Cow<'_, [u8]>)> {
        self.parts.fields.iter().map(|field| (self.name(field), self.value(field)))
    }

    /// The body; empty when there is none.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.parts.body.of(&self.parts.bytes)
    }

    /// The body, sharing the buffer.
    #[must_use]
    pub fn body_bytes(&self) -> Bytes {
        self.parts.body.share(&self.parts.bytes)
    }

    /// The whole message as it arrived.
    #[must_use]
    pub fn as_bytes(&self) -> &Bytes {
        &self.parts.bytes
    }

    /// The Via at the top, where the answer goes.
    pub fn top_via(&self) -> Result<Via, HeaderError> {
        self.typed(HeaderName::Via, |text| Via::read(text.cut(grammar::Elements::new(&text).next().unwrap_or(0..0))))
    }

    /// Every Via from the top down.
    pub fn vias(&self) -> Result<Vec<Via>, HeaderError> {
        self.list(HeaderName::Via, Via::read)
    }

    pub fn from(&self) -> Result<NameAddr, HeaderError> {
        self.typed(HeaderName::From, NameAddr::read)
    }

    pub fn to(&self) -> Result<NameAddr, HeaderError> {
        self.typed(HeaderName::To, NameAddr::read)
    }

    pub fn cseq(&self) -> Result<CSeq, HeaderError> {
        self.typed(HeaderName::CSeq, CSeq::read)
    }

    /// The Call-ID, never empty.
    pub fn call_id(&self) -> Result<Bytes, HeaderError> {
        self.typed(HeaderName::CallId, |text| {
            let sound = !text.is_empty() && text.iter().all(u8::is_ascii_graphic);
            sound.then(|| text.keep()).ok_or(SyntaxError("Call-ID is not one word"))
        })
    }

    /// `Contact: *`, or all addresses in order; an empty list when there is no Contact.
    pub fn contacts(&self) -> Result<Contacts, HeaderError> {
        let mut lines = self.fields(&HeaderName::Contact);
        if let Some(only) = lines.next()
            && only.value.of(&self.parts.bytes) == b"*"
        {
            return match lines.next() {
                None => Ok(Contacts::Star),
                Some(_) => Err(HeaderError::Malformed(HeaderName::Contact, SyntaxError("'*' stands beside addresses"))),
            };
        }
        self.list(HeaderName::Contact, NameAddr::read).map(Contacts::List)
    }

    /// The route set of a request, first hop first.
    pub fn routes(&self) -> Result<Vec<NameAddr>, HeaderError> {
        self.list(HeaderName::Route, NameAddr::read)
    }

    pub fn record_routes(&self) -> Result<Vec<NameAddr>, HeaderError> {
        self.list(HeaderName::RecordRoute, NameAddr::read)
    }

    /// 0 to 255 (RFC 3261 20.22).
    pub fn max_forwards(&self) -> Result<Option<u32>, HeaderError> {
        self.optional(HeaderName::MaxForwards, |text| grammar::decimal(text).filter(|hops| *hops <= 255))
    }

    /// The length the message names; parsing has already made the body agree with it.
    pub fn content_length(&self) -> Result<Option<u32>, HeaderError> {
        self.optional(HeaderName::ContentLength, grammar::decimal)
    }

    /// Seconds, saturating at 2^32 - 1.
    pub fn expires(&self) -> Result<Option<u32>, HeaderError> {
        self.optional(HeaderName::Expires, |text| {
            grammar::saturating_decimal(text).map(|seconds| u32::try_from(seconds).unwrap_or(u32::MAX))
        })
    }

    /// The Digest credentials for `realm` in Authorization or Proxy-Authorization; other schemes, other realms and
    /// malformed ones are passed over.
    #[must_use]
    pub fn credentials(&self, name: &HeaderName, realm: &str) -> Option<Credentials> {
        self.headers(name).filter_map(|text| Credentials::parse(&text).ok()).find(|found| found.realm == realm)
    }

    /// The Digest challenges of WWW-Authenticate or Proxy-Authenticate that we can answer, in order.
    #[must_use]
    pub fn challenges(&self, name: &HeaderName) -> Vec<Challenge> {
        self.headers(name).filter_map(|text| Challenge::parse(&text).ok()).collect()
    }

    /// The first of `names`, none of them `Other`, that stands more than once.
    pub(super) fn first_repeated<'n>(&self, names: &'n [HeaderName]) -> Option<&'n HeaderName> {
        // One bit a code: there are fewer than 64 names with a word of their own.
        let bit = |code: u8| 1u64.checked_shl(u32::from(code)).unwrap_or(0);
        let (_, repeated) = self
            .parts
            .fields
            .iter()
            .fold((0, 0), |(seen, repeated), field| (seen | bit(field.code), repeated | seen & bit(field.code)));
        names.iter().find(|name| repeated & bit(name.code()) != 0)
    }

    fn fields(&self, name: &HeaderName) -> impl Iterator<Item = &Field> {
        let code = name.code();
        self.parts.fields.iter().filter(move |field| {
            field.code == code
                && (code != OTHER || field.name.of(&self.parts.bytes).eq_ignore_ascii_case(name.as_bytes()))
        })
    }

    fn name(&self, field: &Field) -> HeaderName {
        HeaderName::from_code(field.code).unwrap_or_else(|| HeaderName::Other(field.name.share(&self.parts.bytes)))
    }

    fn value(&self, field: &Field) -> Cow<'_, [u8]> {
        let text = field.value.of(&self.parts.bytes);
        if field.folded { Cow::Owned(grammar::unfold(text)) } else { Cow::Borrowed(text) }
    }

    /// The value in its buffer, or unfolded in one of its own.
    fn read<T>(&self, field: &Field, read: impl FnOnce(Text<'_>) -> T) -> T {
        let text = field.value.of(&self.parts.bytes);
        if field.folded {
            read(Text::all(&Bytes::from(grammar::unfold(text))))
        } else {
            read(Text::all(&self.parts.bytes).part(text))
        }
    }

    fn typed<T>(
        &self,
        name: HeaderName,
        read: impl FnOnce(Text<'_>) -> Result<T, SyntaxError>,
    ) -> Result<T, HeaderError> {
        let Some(field) = self.fields(&name).next() else { return Err(HeaderError::Missing(name)) };
        self.read(field, read).map_err(|error| HeaderError::Malformed(name, error))
    }

    fn optional(&self, name: HeaderName, read: impl Fn(&[u8]) -> Option<u32>) -> Result<Option<u32>, HeaderError> {
        let Some(text) = self.header(&name) else { return Ok(None) };
        read(&text).map(Some).ok_or(HeaderError::Malformed(name, SyntaxError("value is not a number in its range")))
    }

    fn list<T>(
        &self,
        name: HeaderName,
        read: impl Fn(Text<'_>) -> Result<T, SyntaxError>,
    ) -> Result<Vec<T>, HeaderError> {
        let mut all = Vec::new();
        for field in self.fields(&name) {
            let elements = self.read(field, |text| {
                grammar::Elements::new(&text)
                    .try_for_each(|range| read(text.cut(range)).map(|element| all.push(element)))
            });
            elements.map_err(|error| HeaderError::Malformed(name.clone(), error))?;
        }
        Ok(all)
    }
}

/// Headers may hold numbers and keys, so a log sees what kind of message it was and no more.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.parts.start {
            StartLine::Request { method, .. } => write!(f, "{method}")?,
            StartLine::Response { status, .. } => write!(f, "{status}")?,
        }
        write!(f, " ({} headers, {} bytes of body)", self.parts.fields.len(), self.body().len())
    }
}

/// The elements of one line, borrowed from it or, when it had to be unfolded, owned.
struct Values<'m> {
    text: Cow<'m, [u8]>,
    at: usize,
    list: bool,
}

impl<'m> Iterator for Values<'m> {
    type Item = Cow<'m, [u8]>;

    fn next(&mut self) -> Option<Cow<'m, [u8]>> {
        if !self.list {
            let whole = (self.at == 0).then(|| std::mem::take(&mut self.text));
            self.at = 1;
            return whole;
        }
        let mut elements = match self.at {
            0 => grammar::Elements::new(&self.text),
            at => grammar::Elements::resume(&self.text, at),
        };
        let range = elements.next()?;
        self.at = elements.position();
        match &self.text {
            Cow::Borrowed(text) => Some(Cow::Borrowed(&text[range])),
            Cow::Owned(text) => Some(Cow::Owned(text[range].to_vec())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::parse;

    fn message(head: &str) -> Message {
        parse(Bytes::from(head.replace('\n', "\r\n"))).expect("a sound message")
    }

    fn invite() -> Message {
        message(
            "INVITE sip:bob@biloxi.com SIP/2.0\n\
             Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds, SIP/2.0/TCP one.example;branch=z9hG4bK1\n\
             v: SIP/2.0/UDP two.example\n ;branch=z9hG4bK2\n\
             To: Bob <sip:bob@biloxi.com>\nf: \"Alice\" <sip:alice@atlanta.com>;tag=1928301774\n\
             i: a84b4c76e66710\nCSeq: 314159 INVITE\nMax-Forwards: 70\n\
             Contact: <sip:alice@pc33.atlanta.com>\nX-Queue: one, two\nx-queue: three\n\
             Supported: timer,\n 100rel\nSubject: I know you, don't I\nl: 4\n\nbody",
        )
    }

    #[test]
    fn a_request_shows_its_parts() {
        let invite = invite();
        assert_eq!(invite.method(), Some(&Method::Invite));
        assert_eq!(invite.request_uri(), Some(&b"sip:bob@biloxi.com"[..]));
        assert_eq!((invite.status(), invite.reason()), (None, None));
        assert_eq!((invite.body(), &invite.body_bytes()[..]), (&b"body"[..], &b"body"[..]));
        assert_eq!(invite.all_headers().count(), 13);
    }

    #[test]
    fn typed_headers_are_read_on_demand() {
        let invite = invite();
        assert_eq!(invite.top_via().expect("sound").branch(), Some(&b"z9hG4bK776asdhds"[..]));
        let hosts: Vec<String> = invite.vias().expect("sound").iter().map(|via| via.host.to_string()).collect();
        assert_eq!(hosts, ["pc33.atlanta.com", "one.example", "two.example"]);
        assert_eq!(invite.from().expect("sound").tag(), Some(&b"1928301774"[..]));
        assert_eq!(invite.to().expect("sound").tag(), None);
        assert_eq!(invite.cseq().expect("sound").number, 314_159);
        assert_eq!(&invite.call_id().expect("sound")[..], b"a84b4c76e66710");
        assert_eq!((invite.max_forwards(), invite.expires()), (Ok(Some(70)), Ok(None)));
        assert_eq!(invite.content_length(), Ok(Some(4)));
        assert!(matches!(invite.contacts(), Ok(Contacts::List(list)) if list.len() == 1));
        assert!(invite.routes().expect("none").is_empty());
    }

    #[test]
    fn lists_are_split_where_the_grammar_says_so() {
        let invite = invite();
        let values =
            |name| invite.values(&name).map(|value| String::from_utf8_lossy(&value).into_owned()).collect::<Vec<_>>();
        assert_eq!(values(HeaderName::Supported), ["timer", "100rel"]);
        assert_eq!(values(HeaderName::Subject), ["I know you, don't I"]);
        assert_eq!(values(HeaderName::new(b"X-QUEUE")), ["one, two", "three"]);
        assert_eq!(values(HeaderName::Via).len(), 3);
        assert_eq!(values(HeaderName::Require).len(), 0);
        assert_eq!(invite.header(&HeaderName::Supported).as_deref(), Some(&b"timer, 100rel"[..]));
    }

    #[test]
    fn missing_and_malformed_headers_say_which() {
        let bare =
            message("OPTIONS sip:a SIP/2.0\nCSeq: x\nMax-Forwards: 256\nExpires: 99999999999999\nContact: *\n\n");
        assert_eq!(bare.top_via().expect_err("none"), HeaderError::Missing(HeaderName::Via));
        assert!(matches!(bare.cseq(), Err(HeaderError::Malformed(HeaderName::CSeq, _))));
        assert!(bare.max_forwards().is_err());
        assert_eq!(bare.expires(), Ok(Some(u32::MAX)));
        assert!(matches!(bare.contacts(), Ok(Contacts::Star)));
    }

    #[test]
    fn a_star_is_alone_or_wrong() {
        assert!(message("REGISTER sip:a SIP/2.0\nContact: *\nContact: <sip:b@c>\n\n").contacts().is_err());
        assert!(message("REGISTER sip:a SIP/2.0\nContact: <sip:b@c>, *\n\n").contacts().is_err());
    }

    #[test]
    fn debug_tells_the_kind_and_no_more() {
        assert_eq!(format!("{:?}", invite()), "INVITE (13 headers, 4 bytes of body)");
    }
}
