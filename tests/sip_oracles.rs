//! Differential test: thousands of seeded messages through our parser and four foreign ones.
//! Never takes a majority for the truth: each disagreement is explained by a row with its reason, or the test fails.
//! RFC 3261, RFC 4475. Run: `cargo test --features oracles --test sip_oracles`.

use std::collections::BTreeMap;

mod oracle_parsers;
mod oracle_reasons;

use oracle_parsers::{Facts, PARSERS};
use oracle_reasons::REASONS;

/// Where two parsers disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// We take the message, the other refuses it.
    Refuses,
    /// We refuse the message, the other takes it.
    Takes,
    Method,
    CallId,
    CSeq,
    FromTag,
    ToTag,
    BodyLength,
}

#[test]
fn every_disagreement_has_its_reason() {
    let mut random = Random(SEED);
    let mut found: BTreeMap<(&str, Kind, &str), (usize, Vec<u8>)> = BTreeMap::new();
    let mut count = 0;
    for (feature, valid, change) in FEATURES {
        for _ in 0..MESSAGES_PER_FEATURE {
            let mut draft = Draft::new(&mut random);
            change(&mut draft, &mut random);
            let bytes = draft.render();
            count += 1;
            let ours = (PARSERS[0].facts)(&bytes);
            let shown = String::from_utf8_lossy(&bytes);
            assert_eq!(ours.is_some(), *valid, "{feature}: our own verdict, seed {SEED}\n{shown}");
            let doors = (PARSERS[0].lazy)(&bytes) && (PARSERS[0].typed)(&bytes);
            assert!(doors || !valid, "{feature}: what is valid passes the benched doors too\n{shown}");
            for parser in &PARSERS[1..] {
                for kind in disagreements(ours.as_ref(), (parser.facts)(&bytes).as_ref()) {
                    found.entry((feature, kind, parser.name)).or_insert_with(|| (0, bytes.clone())).0 += 1;
                }
            }
        }
    }
    assert!(count >= 2_000, "{count} messages");
    judge(&found, count);
}

fn disagreements(ours: Option<&Facts>, theirs: Option<&Facts>) -> Vec<Kind> {
    match (ours, theirs) {
        (None, None) => Vec::new(),
        (Some(_), None) => vec![Kind::Refuses],
        (None, Some(_)) => vec![Kind::Takes],
        (Some(ours), Some(theirs)) => [
            (ours.method == theirs.method, Kind::Method),
            (ours.call_id == theirs.call_id, Kind::CallId),
            (ours.cseq == theirs.cseq, Kind::CSeq),
            (ours.from_tag == theirs.from_tag, Kind::FromTag),
            (ours.to_tag == theirs.to_tag, Kind::ToTag),
            (ours.body_length == theirs.body_length, Kind::BodyLength),
        ]
        .into_iter()
        .filter_map(|(same, kind)| (!same).then_some(kind))
        .collect(),
    }
}

/// Prints the table; fails for a disagreement without a reason and for a reason without a disagreement.
fn judge(found: &BTreeMap<(&str, Kind, &str), (usize, Vec<u8>)>, count: usize) {
    println!("{count} messages, seed {SEED}\n| feature | kind | parsers | messages | reason |\n|---|---|---|---|---|");
    let mut faults = Vec::new();
    for reason in REASONS {
        let mut told = Vec::new();
        for parser in reason.parsers {
            match found.get(&(reason.feature, reason.kind, parser)) {
                Some((messages, _)) => told.push(format!("{parser} {messages}")),
                None => faults.push(format!("no longer so: {parser} {:?} {}", reason.kind, reason.feature)),
            }
        }
        println!("| {} | {:?} | {} | {} |", reason.feature, reason.kind, told.join(", "), reason.why);
    }
    for ((feature, kind, parser), (messages, first)) in found {
        let explained = REASONS
            .iter()
            .any(|reason| reason.feature == *feature && reason.kind == *kind && reason.parsers.contains(parser));
        if !explained {
            let first = first.escape_ascii();
            faults.push(format!("unexplained: {parser} {kind:?} {feature}, {messages} messages, first:\n    {first}"));
        }
    }
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

/// A message about to be written, sound until a feature changes it.
struct Draft {
    start: Vec<u8>,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// What Content-Length says; `None` leaves the header out.
    length: Option<String>,
    before: &'static [u8],
    end: &'static [u8],
    body: Vec<u8>,
    after: Vec<u8>,
}

impl Draft {
    fn new(random: &mut Random) -> Draft {
        let method = random.one_of(&["INVITE", "BYE", "OPTIONS", "REGISTER", "ACK", "CANCEL", "INFO", "MESSAGE"]);
        let from = format!("{}<sip:{}@{}>;tag={}", random.display(), random.word(), random.host(), random.word());
        let to_tag = if random.below(2) == 0 { String::new() } else { format!(";tag={}", random.word()) };
        let to = format!("{}<sip:{}@{}>{to_tag}", random.display(), random.word(), random.host());
        let via = format!("SIP/2.0/UDP {};branch=z9hG4bK{}", random.host(), random.word());
        let mut headers: Vec<(Vec<u8>, Vec<u8>)> = [
            ("Via", via),
            ("From", from),
            ("To", to),
            ("Call-ID", format!("{}@{}", random.word(), random.host())),
            ("CSeq", format!("{} {method}", random.below(1 << 31))),
            ("Max-Forwards", random.below(256).to_string()),
            ("Contact", format!("<sip:{}@{}>", random.word(), random.host())),
            ("User-Agent", random.word()),
        ]
        .into_iter()
        .map(|(name, value)| (name.as_bytes().to_vec(), value.into_bytes()))
        .collect();
        for position in (1..headers.len()).rev() {
            headers.swap(position, random.below(position as u64 + 1) as usize);
        }
        let start = if random.below(4) == 0 {
            format!("SIP/2.0 {} {}", 100 + random.below(500), random.word())
        } else {
            format!("{method} sip:{}@{} SIP/2.0", random.word(), random.host())
        };
        let body = random.word().into_bytes();
        let length = Some(body.len().to_string());
        Draft { start: start.into(), headers, length, before: b"", end: b"\r\n\r\n", body, after: Vec::new() }
    }

    fn render(&self) -> Vec<u8> {
        let mut bytes = [self.before, &self.start].concat();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(b"\r\n");
            bytes.extend_from_slice(name);
            if !name.is_empty() {
                bytes.extend_from_slice(b": ");
            }
            bytes.extend_from_slice(value);
        }
        if let Some(length) = &self.length {
            bytes.extend_from_slice(format!("\r\nContent-Length: {length}").as_bytes());
        }
        bytes.extend_from_slice(self.end);
        bytes.extend_from_slice(&self.body);
        bytes.extend_from_slice(&self.after);
        bytes
    }

    fn set(&mut self, name: &str, value: impl AsRef<[u8]>) {
        let header =
            self.headers.iter_mut().find(|(found, _)| found == name.as_bytes()).expect("a header of the draft");
        header.1 = value.as_ref().to_vec();
    }

    fn get(&self, name: &str) -> String {
        let header = self.headers.iter().find(|(found, _)| found == name.as_bytes()).expect("a header of the draft");
        String::from_utf8_lossy(&header.1).into_owned()
    }

    fn rename(&mut self, name: &str, new: &str) {
        let header =
            self.headers.iter_mut().find(|(found, _)| found == name.as_bytes()).expect("a header of the draft");
        header.0 = new.as_bytes().to_vec();
    }

    fn drop(&mut self, name: &str) {
        self.headers.retain(|(found, _)| found != name.as_bytes());
    }

    fn add(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.headers.push((name.as_bytes().to_vec(), value.as_ref().to_vec()));
    }

    /// A request whatever it was, with this line.
    fn line(&mut self, line: &str) {
        let method = line.split(' ').next().unwrap_or_default();
        self.set("CSeq", format!("7 {method}"));
        self.start = line.as_bytes().to_vec();
    }
}

type Feature = (&'static str, bool, fn(&mut Draft, &mut Random));

/// What is special about a message, whether RFC 3261 allows it, and how it comes about.
const FEATURES: &[Feature] = &[
    ("plain", true, |_, _| {}),
    ("compact names", true, |draft, _| {
        for (long, short) in [("Via", "v"), ("From", "f"), ("To", "t"), ("Call-ID", "i"), ("Contact", "m")] {
            draft.rename(long, short);
        }
    }),
    ("names in any case", true, |draft, _| {
        for (name, new) in [("Via", "vIA"), ("From", "FROM"), ("To", "tO"), ("Call-ID", "call-id"), ("CSeq", "cseq")] {
            draft.rename(name, new);
        }
    }),
    ("spaces before the colon", true, |draft, random| {
        let name = random.one_of(&["Via", "From", "To", "Call-ID", "CSeq"]);
        draft.rename(name, &format!("{name} \t"));
    }),
    ("folded value", true, |draft, random| {
        let name = random.one_of(&["From", "To", "CSeq", "Call-ID"]);
        draft.set(name, format!("\r\n  {}", draft.get(name)));
    }),
    ("fold within CSeq", true, |draft, _| draft.set("CSeq", draft.get("CSeq").replace(' ', "\r\n\t"))),
    ("fold before a parameter", true, |draft, _| draft.set("From", draft.get("From").replace(";tag", "\r\n ;tag"))),
    ("spaces round the tag's equals", true, |draft, _| {
        draft.set("From", draft.get("From").replace(";tag=", " ; tag = "))
    }),
    ("TAG in capitals", true, |draft, _| draft.set("From", draft.get("From").replace(";tag=", ";TAG="))),
    ("parameter before the tag", true, |draft, _| draft.set("From", draft.get("From").replace(";tag", ";x=y;tag"))),
    ("quoted parameter with a semicolon", true, |draft, _| {
        draft.set("From", draft.get("From").replace(";tag", ";x=\"a;tag=b\";tag"));
    }),
    ("unusual token in the tag", true, |draft, _| {
        draft.set("From", draft.get("From").replace(";tag=", ";tag=a-.!%*_+`'~"));
    }),
    ("comma and escaped quote in the name", true, |draft, random| {
        draft.set("From", format!(r#""Kim, \"K\" \\" <sip:{}@a.example>;tag={}"#, random.word(), random.word()));
    }),
    ("bracket in the name", true, |draft, random| {
        draft.set("From", format!("\"a <sip:b@c> d\" <sip:{}@a.example>;tag={}", random.word(), random.word()));
    }),
    ("semicolon tag in the name", true, |draft, random| {
        draft.set("From", format!("\"x;tag=wrong\" <sip:{}@a.example>;tag={}", random.word(), random.word()));
    }),
    ("no space before the bracket", true, |draft, random| {
        draft.set("From", format!("caller<sip:{}@a.example>;tag={}", random.word(), random.word()));
    }),
    ("address without brackets", true, |draft, random| {
        draft.set("From", format!("sip:{}@a.example;tag={}", random.word(), random.word()));
    }),
    ("Latin-1 name", true, |draft, random| {
        draft.set("From", [b"\"Andr\xe9\" <sip:a@b.example>;tag=", random.word().as_bytes()].concat());
    }),
    ("Latin-1 in an unknown header", true, |draft, _| draft.add("X-Name", b"Andr\xe9")),
    ("UTF-8 name", true, |draft, random| {
        draft.set("From", format!("\"\u{ae40}\u{bbfc}\u{c9c0}\" <sip:a@b.example>;tag={}", random.word()));
    }),
    ("tel address", true, |draft, random| draft.set("From", format!("<tel:+8261280>;tag={}", random.word()))),
    ("foreign scheme in From", true, |draft, random| {
        draft.set("From", format!("<http://www.example.com>;tag={}", random.word()));
    }),
    ("IPv6 in Via", true, |draft, random| {
        draft.set("Via", format!("SIP/2.0/UDP [2001:db8::9:1]:5070;branch=z9hG4bK{}", random.word()));
    }),
    ("IPv6 in From", true, |draft, random| draft.set("From", format!("<sip:a@[2001:db8::1]>;tag={}", random.word()))),
    ("unknown transport", true, |draft, random| {
        draft.set("Via", format!("SIP/2.0/PIGEON a.example;branch=z9hG4bK{}", random.word()));
    }),
    ("spaces within Via", true, |draft, random| {
        draft.set("Via", format!("SIP / 2.0 / UDP  a.example : 5070 ; branch = z9hG4bK{}", random.word()));
    }),
    ("Vias in one line", true, |draft, _| {
        draft.set("Via", draft.get("Via") + ", SIP/2.0/TCP b.example;branch=z9hG4bKb");
    }),
    ("Via without branch", true, |draft, _| draft.set("Via", "SIP/2.0/UDP 192.0.2.1")),
    ("From without tag", true, |draft, random| draft.set("From", format!("<sip:{}@a.example>", random.word()))),
    ("unknown method", true, |draft, _| draft.line("new.METHOD-1 sip:a@b.example SIP/2.0")),
    ("method in small letters", true, |draft, _| draft.line("invite sip:a@b.example SIP/2.0")),
    ("version in small letters", true, |draft, _| draft.line("OPTIONS sip:a@b.example sip/2.0")),
    ("escaped user", true, |draft, _| draft.line("OPTIONS sip:a%40b%00c@b.example SIP/2.0")),
    ("semicolon in the user", true, |draft, _| draft.line("OPTIONS sip:a;b=c@b.example SIP/2.0")),
    ("parameters of the Request-URI", true, |draft, _| {
        draft.line("OPTIONS sip:a@b.example:5070;transport=tcp;lr;x=y SIP/2.0")
    }),
    ("Request-URI without user", true, |draft, _| draft.line("REGISTER sip:b.example SIP/2.0")),
    ("sips Request-URI", true, |draft, _| draft.line("OPTIONS sips:a@b.example SIP/2.0")),
    ("tel Request-URI", true, |draft, _| draft.line("OPTIONS tel:+8261280 SIP/2.0")),
    ("UTF-8 reason", true, |draft, _| draft.start = "SIP/2.0 200 \u{c88b}\u{c544}\u{c694}".into()),
    ("Latin-1 reason", true, |draft, _| draft.start = b"SIP/2.0 200 d\xe9j\xe0".to_vec()),
    ("empty reason", true, |draft, _| draft.start = b"SIP/2.0 200 ".to_vec()),
    ("unknown status", true, |draft, _| draft.start = b"SIP/2.0 699 Nobody Knows".to_vec()),
    ("Call-ID of all word characters", true, |draft, _| draft.set("Call-ID", "w%Z-!.*_+'@w`~)(><:\\/\"][?}{")),
    ("leading zeros in CSeq", true, |draft, _| draft.set("CSeq", format!("000{}", draft.get("CSeq")))),
    ("many spaces in CSeq", true, |draft, _| draft.set("CSeq", draft.get("CSeq").replace(' ', " \t  "))),
    ("bytes after the body", true, |draft, _| draft.after = b"INVITE sip:x SIP/2.0\r\n\r\n".to_vec()),
    ("no Content-Length", true, |draft, _| draft.length = None),
    ("spaces round Content-Length", true, |draft, _| {
        draft.length = draft.length.as_ref().map(|length| format!("  {length} \t"))
    }),
    ("leading zeros in Content-Length", true, |draft, _| {
        draft.length = draft.length.as_ref().map(|length| format!("00{length}"))
    }),
    ("empty lines before", true, |draft, _| draft.before = b"\r\n\r\n"),
    ("empty value", true, |draft, _| draft.add("Subject", "")),
    ("odd value of an unknown header", true, |draft, _| draft.add("X-Odd", ";;,,\"<:")),
    ("odd name of an unknown header", true, |draft, _| draft.add("x-.!%*_+`'~", "y")),
    ("binary body", true, |draft, _| {
        draft.body = b"\0\xff\r\n\r\n\n\xfe".to_vec();
        draft.length = Some(draft.body.len().to_string());
    }),
    ("no body", true, |draft, _| {
        draft.body.clear();
        draft.length = Some("0".to_owned());
    }),
    ("star Contact", true, |draft, _| {
        draft.line("REGISTER sip:b.example SIP/2.0");
        draft.set("Contact", "*");
    }),
    ("two Contacts in one line", true, |draft, _| {
        draft.set("Contact", "<sip:a@b.example>;q=0.5, \"x, y\" <sip:c@d.example>")
    }),
    // What RFC 3261 does not allow.
    ("negative length", false, |draft, _| draft.length = Some("-5".to_owned())),
    ("length in words", false, |draft, _| draft.length = Some("five".to_owned())),
    ("empty length", false, |draft, _| draft.length = Some(String::new())),
    ("length beyond 32 bits", false, |draft, _| draft.length = Some("4294967301".to_owned())),
    ("length beyond the message", false, |draft, _| draft.length = Some("9999".to_owned())),
    ("two lengths", false, |draft, _| draft.add("l", "3")),
    ("no Call-ID", false, |draft, _| draft.drop("Call-ID")),
    ("no CSeq", false, |draft, _| draft.drop("CSeq")),
    ("no From", false, |draft, _| draft.drop("From")),
    ("no To", false, |draft, _| draft.drop("To")),
    ("no Via", false, |draft, _| draft.drop("Via")),
    ("two Tos", false, |draft, _| draft.add("t", "<sip:other@b.example>")),
    ("two Call-IDs", false, |draft, _| draft.add("i", "other")),
    ("CSeq of another method", false, |draft, _| {
        draft.line("OPTIONS sip:a@b.example SIP/2.0");
        draft.set("CSeq", "7 INVITE");
    }),
    ("CSeq beyond 31 bits", false, |draft, _| {
        draft.line("OPTIONS sip:a@b.example SIP/2.0");
        draft.set("CSeq", "2147483648 OPTIONS");
    }),
    ("CSeq beyond 32 bits", false, |draft, _| {
        draft.line("OPTIONS sip:a@b.example SIP/2.0");
        draft.set("CSeq", "4294967303 OPTIONS");
    }),
    ("CSeq without method", false, |draft, _| draft.set("CSeq", "7")),
    ("two spaces in the request line", false, |draft, _| draft.line("OPTIONS  sip:a@b.example SIP/2.0")),
    ("space in the Request-URI", false, |draft, _| draft.line("OPTIONS sip:a@b.example; lr SIP/2.0")),
    ("Request-URI in brackets", false, |draft, _| draft.line("OPTIONS <sip:a@b.example> SIP/2.0")),
    ("headers in the Request-URI", false, |draft, _| draft.line("OPTIONS sip:a@b.example?Route=x SIP/2.0")),
    ("unknown scheme in the Request-URI", false, |draft, _| draft.line("OPTIONS pneumatic:tube SIP/2.0")),
    ("IPv6 without brackets", false, |draft, _| draft.line("OPTIONS sip:2001:db8::10 SIP/2.0")),
    ("broken escape", false, |draft, _| draft.line("OPTIONS sip:a%4@b.example SIP/2.0")),
    ("port beyond 65535", false, |draft, _| draft.line("OPTIONS sip:a@b.example:65536 SIP/2.0")),
    ("another version", false, |draft, _| draft.line("OPTIONS sip:a@b.example SIP/7.0")),
    ("no version", false, |draft, _| draft.line("OPTIONS sip:a@b.example")),
    ("HTTP", false, |draft, _| draft.line("GET / HTTP/1.1")),
    ("status of four digits", false, |draft, _| draft.start = b"SIP/2.0 2000 OK".to_vec()),
    ("status beyond 32 bits", false, |draft, _| draft.start = b"SIP/2.0 4294967496 OK".to_vec()),
    ("line without a colon", false, |draft, _| draft.add("", "Foobar roobar")),
    ("line without a name", false, |draft, _| draft.add("", ": value")),
    ("space in a name", false, |draft, _| draft.add("Sub ject", "value")),
    ("lone LF", false, |draft, _| draft.add("Subject", "a\nVia: SIP/2.0/UDP evil.example")),
    ("lone CR", false, |draft, _| draft.add("Subject", "a\rb")),
    ("NUL in a header", false, |draft, _| draft.add("Subject", b"a\0b")),
    ("head without its end", false, |draft, _| {
        draft.end = b"\r\n";
        draft.body.clear();
        draft.length = Some("0".to_owned());
    }),
    ("open quote", false, |draft, random| {
        draft.set("To", format!("\"Mr. User <sip:{}@a.example>", random.word()));
    }),
    ("comma in a bare name", false, |draft, random| {
        draft.set("From", format!("Bell, Alexander <sip:{}@a.example>;tag=1", random.word()));
    }),
    ("spaces in the address", false, |draft, random| draft.set("To", format!("< sip:{}@a.example >", random.word()))),
    ("open bracket", false, |draft, random| draft.set("To", format!("<sip:{}@a.example", random.word()))),
    ("stray semicolons in Via", false, |draft, _| draft.set("Via", "SIP/2.0/UDP 192.0.2.15;;,;,,")),
    ("Via without host", false, |draft, _| draft.set("Via", "SIP/2.0/UDP")),
    ("two tags", false, |draft, _| draft.set("From", "<sip:a@b.example>;tag=1;tag=2")),
    ("question mark without brackets", false, |draft, _| {
        draft.line("REGISTER sip:b.example SIP/2.0");
        draft.set("Contact", "sip:user@example.com?Route=%3Csip:sip.example.com%3E");
    }),
    ("Max-Forwards beyond 255", false, |draft, _| {
        draft.line("OPTIONS sip:a@b.example SIP/2.0");
        draft.set("Max-Forwards", "256");
    }),
    ("Date not in GMT", false, |draft, _| {
        draft.line("OPTIONS sip:a@b.example SIP/2.0");
        draft.add("Date", "Fri, 01 Jan 2010 16:00:00 EST");
    }),
];

/// SplitMix64: the same messages on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one_of<'w>(&mut self, words: &[&'w str]) -> &'w str {
        words[self.below(words.len() as u64) as usize]
    }

    /// One to twelve letters and digits, beginning with a letter.
    fn word(&mut self) -> String {
        let length = 1 + self.below(12);
        let letter = char::from(b'a' + self.below(26) as u8);
        std::iter::once(letter).chain((1..length).map(|_| char::from(b"abcxyz0189"[self.below(10) as usize]))).collect()
    }

    fn host(&mut self) -> String {
        match self.below(3) {
            0 => format!("{}.example", self.word()),
            1 => format!("192.0.2.{}", self.below(256)),
            _ => format!("{}.example:{}", self.word(), 1_024 + self.below(60_000)),
        }
    }

    fn display(&mut self) -> String {
        match self.below(3) {
            0 => String::new(),
            1 => format!("\"{} {}\" ", self.word(), self.word()),
            _ => format!("{} ", self.word()),
        }
    }
}

const SEED: u64 = 0x7468_6972_6472_696e;
const MESSAGES_PER_FEATURE: usize = 24;
