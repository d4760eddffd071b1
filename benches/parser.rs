//! Microseconds to read a SIP message, ours beside four foreign parsers in the same interleaved run.
//! Never judges correctness: `tests/sip_oracles.rs` does. Run: `cargo bench --features oracles --bench parser`.
//! Our promise: the INVITE below in 1.5 us lazily and in 3 us with six typed headers.

#![expect(clippy::disallowed_methods, reason = "a bench measures time")]

use std::hint::black_box;
use std::time::{Duration, Instant};

#[path = "../tests/oracle_parsers/mod.rs"]
mod oracle_parsers;

use oracle_parsers::PARSERS;

fn main() {
    let messages = [("INVITE", invite()), ("REGISTER", register()), ("200 OK", ok())];
    println!("{ROUNDS} interleaved rounds of {MESSAGES_PER_ROUND} messages each; median (and best) of the rounds\n");
    for (name, message) in messages {
        println!("{name}, {} bytes, {} headers", message.len(), headers(&message));
        println!("| parser         | us lazy         | ratio | us with six typed headers | ratio | reads the same |");
        println!("|----------------|-----------------|-------|---------------------------|-------|----------------|");
        report(&message);
        println!();
    }
}

/// Times every parser in turn, round by round, so that a slow spell of the machine meets all alike.
fn report(message: &[u8]) {
    let mut lazy = vec![Vec::with_capacity(ROUNDS); PARSERS.len()];
    let mut typed = vec![Vec::with_capacity(ROUNDS); PARSERS.len()];
    for _ in 0..ROUNDS {
        for (position, parser) in PARSERS.iter().enumerate() {
            lazy[position].push(round(parser.lazy, message));
            typed[position].push(round(parser.typed, message));
        }
    }
    let ours = (median(&mut lazy[0]), median(&mut typed[0]));
    for (position, parser) in PARSERS.iter().enumerate() {
        let takes = |read: fn(&[u8]) -> bool, times: &mut [f64], ours: f64, width: usize| {
            if !read(message) {
                return (format!("{:<width$}", "refuses it"), "    -".to_owned());
            }
            let (middle, best) = (median(times), times[0]);
            (format!("{:<width$}", format!("{middle:.2} ({best:.2})")), format!("{:>5.2}", middle / ours))
        };
        let (lazy_text, lazy_ratio) = takes(parser.lazy, &mut lazy[position], ours.0, 15);
        let (typed_text, typed_ratio) = takes(parser.typed, &mut typed[position], ours.1, 25);
        let same = if (parser.facts)(message) == (PARSERS[0].facts)(message) { "yes" } else { "no" };
        println!("| {:<14} | {lazy_text} | {lazy_ratio} | {typed_text} | {typed_ratio} | {same:<14} |", parser.name);
    }
}

/// Microseconds per message.
fn round(read: fn(&[u8]) -> bool, message: &[u8]) -> f64 {
    let begin = Instant::now();
    for _ in 0..MESSAGES_PER_ROUND {
        black_box(read(black_box(message)));
    }
    let spent: Duration = begin.elapsed();
    spent.as_secs_f64() * 1e6 / f64::from(MESSAGES_PER_ROUND)
}

/// Sorts, so that the first is the best.
fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn headers(message: &[u8]) -> usize {
    String::from_utf8_lossy(message).split("\r\n").take_while(|line| !line.is_empty()).count() - 1
}

/// 1,257 bytes: 17 headers, two of them Vias, and 327 bytes of SDP, as a carrier sends it.
fn invite() -> Vec<u8> {
    let sdp = "v=0\r\no=carrier 2890844526 2890844526 IN IP4 198.51.100.20\r\ns=call\r\nc=IN IP4 198.51.100.20\r\nt=0 0\r\n\
               m=audio 49170 RTP/AVP 8 0 18 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:18 G729/8000\r\n\
               a=fmtp:18 annexb=no\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=maxptime:40\r\na=sendrecv\r\n";
    let sdp = padded(sdp, "a=x:", 327);
    let head = |agent: &str| {
        format!(
            "INVITE sip:0612800600@center.example.com:5060;transport=udp SIP/2.0\r\n\
             Via: SIP/2.0/UDP 198.51.100.10:5060;branch=z9hG4bK-524287-1---b0c1d2e3f4a5;rport\r\n\
             Via: SIP/2.0/UDP 198.51.100.20:5080;received=198.51.100.20;branch=z9hG4bK776asdhds8f7\r\n\
             Max-Forwards: 69\r\nRecord-Route: <sip:198.51.100.10;lr;ftag=1928301774>\r\n\
             From: \"Kim Minji\" <sip:01055501234@carrier.example.com;user=phone>;tag=1928301774\r\n\
             To: <sip:0612800600@center.example.com;user=phone>\r\nCall-ID: a84b4c76e66710f2b7@198.51.100.20\r\n\
             CSeq: 314159 INVITE\r\nContact: <sip:01055501234@198.51.100.20:5080;transport=udp>\r\n\
             Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO\r\nSupported: 100rel, timer, replaces\r\n\
             Session-Expires: 1800;refresher=uac\r\nMin-SE: 90\r\n\
             P-Asserted-Identity: <tel:+821055501234>\r\nUser-Agent: {agent}\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n",
            sdp.len()
        )
    };
    let missing = 1_257 - head("").len() - sdp.len();
    (head(&AGENT[..missing]) + &sdp).into_bytes()
}

fn register() -> Vec<u8> {
    b"REGISTER sip:center.example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.31:5062;branch=z9hG4bK1234abcd;rport\r\n\
      Max-Forwards: 70\r\nFrom: <sip:1300@center.example.com>;tag=456248\r\nTo: <sip:1300@center.example.com>\r\n\
      Call-ID: 843817637684230@998sdasdh09\r\nCSeq: 1826 REGISTER\r\nContact: <sip:1300@192.0.2.31:5062>\r\nExpires: 600\r\n\
      Authorization: Digest username=\"1300\", realm=\"thirdring\", nonce=\"0000012c4d5e6f700000000af1e2d3c4b5a69788\", \
      uri=\"sip:center.example.com\", response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\", \
      algorithm=SHA-256, qop=auth, nc=00000001, cnonce=\"0a4f113b\"\r\nContent-Length: 0\r\n\r\n"
        .to_vec()
}

fn ok() -> Vec<u8> {
    b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK4b43c2ff8.1;received=192.0.2.1\r\n\
      Via: SIP/2.0/UDP 198.51.100.10:5060;branch=z9hG4bK-524287-1\r\nFrom: \"Kim Minji\" <sip:0105@carrier.example.com>;tag=19283\r\n\
      To: <sip:1300@center.example.com>;tag=a6c85cf\r\nCall-ID: a84b4c76e66710\r\nCSeq: 314159 INVITE\r\n\
      Contact: <sip:1300@192.0.2.31:5062>\r\nContent-Type: application/sdp\r\nContent-Length: 4\r\n\r\nv=0\n"
        .to_vec()
}

/// `text` with one more line, so that it has `length` bytes.
fn padded(text: &str, line: &str, length: usize) -> String {
    let filler = "x".repeat(length - text.len() - line.len() - 2);
    format!("{text}{line}{filler}\r\n")
}

const AGENT: &str = "Example Carrier Session Border Controller, release 9.4.2 build 20250707, unit 3 of 8, Gwangju exchange, north hall";
/// Many short rounds: one that is interrupted spoils itself and not the median. Odd, so that the median is one of them.
const ROUNDS: usize = 501;
const MESSAGES_PER_ROUND: u32 = 100;
