//! Names of header fields: the ones we have words for, their compact forms, and any other token.
//! Never looks at values. RFC 3261 7.3.1, 20; IANA "Header Fields" registry.

use std::fmt;

use bytes::Bytes;

/// Declares the enum and the tables over it from one list: variant, name on the wire, compact form, whether the
/// grammar is a comma-separated list.
macro_rules! header_names {
    ($($(#[$doc:meta])* $variant:ident = $name:literal $(, $compact:literal)? ; $list:literal)*) => {
        /// The name of a header field. Comparison ignores case, as RFC 3261 7.3.1 asks.
        #[derive(Clone, Eq)]
        pub enum HeaderName {
            $($(#[$doc])* $variant,)*
            /// Any other token, as it was written.
            Other(Bytes),
        }

        impl HeaderName {
            /// Every name with a word of its own.
            #[must_use]
            pub fn known() -> &'static [HeaderName] {
                &KNOWN
            }

            /// Position in the tables; `OTHER` for a name without a word of its own.
            pub(super) const fn code(&self) -> u8 {
                match self {
                    $(HeaderName::$variant => Code::$variant as u8,)*
                    HeaderName::Other(_) => OTHER,
                }
            }
        }

        static KNOWN: [HeaderName; COUNT] = [$(HeaderName::$variant,)*];

        #[derive(Clone, Copy)]
        enum Code { $($variant,)* }

        const ENTRIES: &[Entry] = &[
            $(Entry { name: $name.as_bytes(), compact: 0 $(+ $compact)?, list: $list },)*
        ];
    };
}

header_names! {
    Via = "Via", b'v'; true
    From = "From", b'f'; false
    To = "To", b't'; false
    CallId = "Call-ID", b'i'; false
    CSeq = "CSeq"; false
    Contact = "Contact", b'm'; true
    MaxForwards = "Max-Forwards"; false
    Route = "Route"; true
    RecordRoute = "Record-Route"; true
    ContentLength = "Content-Length", b'l'; false
    ContentType = "Content-Type", b'c'; false
    Expires = "Expires"; false
    MinExpires = "Min-Expires"; false
    Authorization = "Authorization"; false
    ProxyAuthorization = "Proxy-Authorization"; false
    WwwAuthenticate = "WWW-Authenticate"; false
    ProxyAuthenticate = "Proxy-Authenticate"; false
    AuthenticationInfo = "Authentication-Info"; false
    Allow = "Allow"; true
    Supported = "Supported", b'k'; true
    Require = "Require"; true
    ProxyRequire = "Proxy-Require"; true
    Unsupported = "Unsupported"; true
    UserAgent = "User-Agent"; false
    Server = "Server"; false
    Subject = "Subject", b's'; false
    Event = "Event", b'o'; false
    AllowEvents = "Allow-Events", b'u'; true
    SubscriptionState = "Subscription-State"; false
    ReferTo = "Refer-To", b'r'; false
    ReferredBy = "Referred-By", b'b'; false
    Replaces = "Replaces"; false
    RetryAfter = "Retry-After"; false
    Reason = "Reason"; true
    Warning = "Warning"; true
    Accept = "Accept"; true
    AcceptEncoding = "Accept-Encoding"; true
    AcceptLanguage = "Accept-Language"; true
    ContentEncoding = "Content-Encoding", b'e'; true
    ContentDisposition = "Content-Disposition"; false
    Date = "Date"; false
    Timestamp = "Timestamp"; false
    PAssertedIdentity = "P-Asserted-Identity"; true
    PPreferredIdentity = "P-Preferred-Identity"; true
    RemotePartyId = "Remote-Party-ID"; true
    /// Its values are separated by semicolons (RFC 3323).
    Privacy = "Privacy"; false
    Path = "Path"; true
    ServiceRoute = "Service-Route"; true
    SessionExpires = "Session-Expires", b'x'; false
    MinSe = "Min-SE"; false
    RSeq = "RSeq"; false
    RAck = "RAck"; false
    AlertInfo = "Alert-Info"; true
    CallInfo = "Call-Info"; true
    Diversion = "Diversion"; true
    HistoryInfo = "History-Info"; true
    MimeVersion = "MIME-Version"; false
    Organization = "Organization"; false
    Priority = "Priority"; false
}

impl HeaderName {
    /// The name written as `word`, in any case, long or compact; not checked to be a token.
    #[must_use]
    pub fn new(word: &[u8]) -> HeaderName {
        HeaderName::from_code(lookup(word)).unwrap_or_else(|| HeaderName::Other(Bytes::copy_from_slice(word)))
    }

    /// The canonical long form.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            HeaderName::Other(word) => word,
            known => ENTRIES.get(usize::from(known.code())).map_or(b"", |entry| entry.name),
        }
    }

    /// Whether several values may share one line, separated by commas (RFC 3261 7.3.1).
    #[must_use]
    pub fn is_list(&self) -> bool {
        ENTRIES.get(usize::from(self.code())).is_some_and(|entry| entry.list)
    }

    pub(super) fn from_code(code: u8) -> Option<HeaderName> {
        KNOWN.get(usize::from(code)).cloned()
    }
}

impl PartialEq for HeaderName {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (HeaderName::Other(one), HeaderName::Other(two)) => one.eq_ignore_ascii_case(two),
            _ => self.code() == other.code(),
        }
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.as_bytes()))
    }
}

impl fmt::Debug for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The code of `word`, or `OTHER`.
pub(super) fn lookup(word: &[u8]) -> u8 {
    if let [letter] = word {
        return COMPACT.get(usize::from(letter.to_ascii_lowercase())).copied().unwrap_or(OTHER);
    }
    let mut slot = hash(word);
    loop {
        let code = SLOTS[slot];
        let Some(entry) = ENTRIES.get(usize::from(code)) else { return OTHER };
        if entry.name.eq_ignore_ascii_case(word) {
            return code;
        }
        slot = (slot + 1) % SLOTS.len();
    }
}

struct Entry {
    name: &'static [u8],
    /// The compact form in lower case; 0 where there is none.
    compact: u8,
    list: bool,
}

/// Where the search for `word` begins: length, first and last letter tell nearly all names apart.
const fn hash(word: &[u8]) -> usize {
    if word.is_empty() {
        return 0;
    }
    let (first, last) = (word[0] | 0x20, word[word.len() - 1] | 0x20);
    (word.len() * 7 + first as usize * 5 + last as usize * 31) % SLOT_COUNT
}

const fn fill_slots() -> [u8; SLOT_COUNT] {
    let mut slots = [OTHER; SLOT_COUNT];
    let mut code = 0;
    while code < ENTRIES.len() {
        let mut slot = hash(ENTRIES[code].name);
        while slots[slot] != OTHER {
            slot = (slot + 1) % SLOT_COUNT;
        }
        slots[slot] = code as u8;
        code += 1;
    }
    slots
}

const fn fill_compact() -> [u8; 128] {
    let mut compact = [OTHER; 128];
    let mut code = 0;
    while code < ENTRIES.len() {
        if ENTRIES[code].compact != 0 {
            compact[ENTRIES[code].compact as usize] = code as u8;
        }
        code += 1;
    }
    compact
}

const COUNT: usize = ENTRIES.len();
pub(super) const OTHER: u8 = u8::MAX;
/// Four times the names, so that the walk to an empty slot is short.
const SLOT_COUNT: usize = 256;
/// The walk ends at an empty slot, so there must be many.
const _: () = assert!(COUNT < SLOT_COUNT / 2);
/// `Message::first_repeated` keeps one bit a name.
const _: () = assert!(COUNT < 64);
static SLOTS: [u8; SLOT_COUNT] = fill_slots();
static COMPACT: [u8; 128] = fill_compact();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_name_is_found_in_any_case() {
        for name in HeaderName::known() {
            let word = name.as_bytes();
            assert_eq!(&HeaderName::new(word), name);
            assert_eq!(&HeaderName::new(&word.to_ascii_uppercase()), name);
            assert_eq!(&HeaderName::new(&word.to_ascii_lowercase()), name);
        }
    }

    #[test]
    fn compact_forms_mean_the_long_names() {
        let pairs: [(&[u8], HeaderName); 6] = [
            (b"v", HeaderName::Via),
            (b"I", HeaderName::CallId),
            (b"m", HeaderName::Contact),
            (b"L", HeaderName::ContentLength),
            (b"x", HeaderName::SessionExpires),
            (b"k", HeaderName::Supported),
        ];
        for (word, name) in pairs {
            assert_eq!(HeaderName::new(word), name);
        }
        assert_eq!(HeaderName::new(b"z"), HeaderName::Other(Bytes::from_static(b"Z")));
        assert_eq!(HeaderName::new(b"\xff").code(), OTHER);
    }

    #[test]
    fn an_unknown_name_compares_without_case_and_keeps_its_writing() {
        let name = HeaderName::new(b"X-Queue");
        assert_eq!(name, HeaderName::new(b"x-QUEUE"));
        assert_eq!(name.as_bytes(), b"X-Queue");
        assert_ne!(name, HeaderName::new(b"X-Quene"));
        assert_ne!(HeaderName::new(b"C%6Fntact"), HeaderName::Contact);
        assert_eq!(HeaderName::new(b""), HeaderName::Other(Bytes::new()));
    }
}
