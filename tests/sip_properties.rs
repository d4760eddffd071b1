//! Properties of the message layer over arbitrary and mutated bytes: it never panics, never disagrees with itself.
//! Never judges what a message means; failures print the seed to replay. RFC 3261 7, 18.3, 25.

use std::net::SocketAddr;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use thirdring::sip::{
    CSeq, Framed, Framing, HeaderName, Host, Message, Method, NameAddr, Params, RequestWriter, ResponseWriter,
    StreamBuffer, StreamItem, Uri, Via, frame, parse, validate,
};

const INVITE: &[u8] = b"INVITE sip:1300@post.example;transport=udp SIP/2.0\r\n\
Via: SIP/2.0/UDP 192.0.2.7:5062;rport;branch=z9hG4bKabc, SIP/2.0/TCP [2001:db8::1];branch=z9hG4bKdef\r\n\
v: SIP/2.0/TLS edge.post.example\r\n ;branch=z9hG4bKghi\r\n\
From: \"Kim \\\"K\\\"\" <sip:kim@post.example>;tag=1928\r\nTo: <sip:1300@post.example>\r\n\
Call-ID: a84b4c76e66710@192.0.2.7\r\nCSeq: 314159 INVITE\r\nMax-Forwards: 70\r\n\
Contact: <sip:kim@192.0.2.7:5062>;expires=60, <tel:+82611111>;q=0.5\r\nRoute: <sip:edge.post.example;lr>\r\n\
Authorization: Digest username=\"kim\", realm=\"post\", nonce=\"n\", uri=\"sip:a\", response=\"0\", qop=auth, nc=00000001, cnonce=\"c\"\r\n\
Supported: timer, 100rel\r\nContent-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n";

/// Bytes that matter to the grammar, more often than others.
fn telling_byte() -> impl Strategy<Value = u8> {
    prop_oneof![proptest::sample::select(b"\r\n\t \"\\<>;:,=@?/[]%*\0\x7f\xe9lL0".to_vec()), any::<u8>()]
}

/// A sound message after a few replacements, insertions, deletions and repetitions.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let edit = (0..INVITE.len(), 0..4u8, vec(telling_byte(), 1..4));
    vec(edit, 0..6).prop_map(|edits| {
        let mut bytes = INVITE.to_vec();
        for (at, kind, new) in edits {
            let at = at.min(bytes.len() - 1);
            let end = (at + new.len()).min(bytes.len());
            match kind {
                0 => drop(bytes.splice(at..end, new)),
                1 => drop(bytes.splice(at..at, new)),
                2 if bytes.len() > 8 => drop(bytes.drain(at..end.min(at + 4))),
                _ => drop(bytes.splice(at..at, INVITE[at.min(INVITE.len() - 40)..][..40].to_vec())),
            }
        }
        bytes
    })
}

/// Walks everything a message can show.
fn exercise(message: &Message) {
    let _ = (validate(message), message.top_via(), message.vias(), message.from(), message.to(), message.cseq());
    let _ = (message.call_id(), message.contacts(), message.routes(), message.record_routes(), message.expires());
    let _ = (message.max_forwards(), message.content_length(), message.reason(), message.body_bytes());
    let _ = (message.credentials(&HeaderName::Authorization, "post"), message.challenges(&HeaderName::WwwAuthenticate));
    for (name, value) in message.all_headers() {
        assert!(!value.iter().any(|byte| matches!(byte, b'\r' | b'\n')), "values are unfolded");
        assert!(message.headers(&name).any(|found| found == value));
        assert!(message.values(&name).count() >= usize::from(!value.is_empty()));
    }
    let source: SocketAddr = "[2001:db8::9]:5062".parse().expect("an address");
    let response =
        ResponseWriter::to(message, 400, "Bad\r\nRequest").tag("t").received_from(source).record_route().finish();
    let read = parse(response).expect("an answer is always sound, whatever it answers");
    assert_eq!(read.status(), Some(400));
    if let (Ok(asked), Ok(answered)) = (message.call_id(), read.call_id()) {
        assert_eq!(asked, answered);
    }
}

fn consider(bytes: &[u8]) {
    match parse(Bytes::copy_from_slice(bytes)) {
        Ok(message) => exercise(&message),
        Err(error) => {
            assert!((400..600).contains(&error.status));
            if let Some(partial) = &error.partial {
                assert!(partial.is_request());
                exercise(partial);
            }
        }
    }
    let _ = frame(bytes, Framing::Datagram);
    let _ = frame(bytes, Framing::Stream);
    let _ = (Uri::parse(bytes).map(|uri| uri == uri.clone()), NameAddr::parse(bytes), Via::parse(bytes));
    let _ = (CSeq::parse(bytes), Params::parse(bytes), Host::parse(bytes));
}

/// What comes out of a stream, in words that compare.
fn drained(chunks: &[&[u8]]) -> Vec<String> {
    let mut stream = StreamBuffer::new();
    let mut items = Vec::new();
    for chunk in chunks {
        stream.push(chunk).expect("drained before it is full");
        items.extend(stream.by_ref().map(|item| match item {
            Ok(StreamItem::Message(bytes)) => format!("message {bytes:?}"),
            Ok(keep_alive) => format!("{keep_alive:?}"),
            Err(error) => {
                let partial = error.partial.as_ref().map(|partial| partial.as_bytes().clone());
                format!("{error} {partial:?}")
            }
        }));
    }
    items
}

fn message_length(bytes: &[u8], kind: Framing) -> Option<usize> {
    match frame(bytes, kind) {
        Framed::Message { len } => Some(len),
        _ => None,
    }
}

fn token() -> impl Strategy<Value = String> {
    "[A-Za-z0-9.!%*_+`'~-]{1,12}"
}

fn any_uri() -> impl Strategy<Value = Uri> {
    let host = prop_oneof![
        "[a-z][a-z0-9]{0,8}\\.[a-z]{2,5}".prop_map(|name| Host::Name(name.into())),
        any::<[u8; 4]>().prop_map(|octets| Host::V4(octets.into())),
        any::<[u8; 16]>().prop_map(|octets| Host::V6(octets.into())),
    ];
    (proptest::option::of("\\PC{1,12}"), host, proptest::option::of(any::<u16>()), any::<bool>()).prop_map(
        |(user, host, port, loose)| {
            let mut uri = Uri::sip(user.as_deref(), host, port);
            if loose {
                uri.params.set("lr", None);
            }
            uri
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..300)) {
        consider(&bytes);
    }

    #[test]
    fn telling_bytes_never_panic(bytes in vec(telling_byte(), 0..80)) {
        consider(&bytes);
        consider(&[b"OPTIONS sip:a SIP/2.0\r\nVia:", &bytes[..]].concat());
    }

    #[test]
    fn mutated_messages_never_panic(bytes in mutated()) {
        consider(&bytes);
    }

    #[test]
    fn any_chunking_of_a_stream_tells_the_same(
        messages in vec(prop_oneof![
            3 => Just(INVITE.to_vec()),
            2 => mutated(),
            1 => Just(b"\r\n\r\n".to_vec()),
            1 => Just(b"\r\n".to_vec()),
            1 => vec(telling_byte(), 0..10),
        ], 1..5),
        cuts in vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let stream = messages.concat();
        prop_assume!(!stream.is_empty());
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len())).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
        let single: Vec<&[u8]> = stream.chunks(1).collect();
        let whole = drained(&[&stream]);
        prop_assert_eq!(&whole, &drained(&chunks));
        prop_assert_eq!(&whole, &drained(&single));
    }

    /// What a stream calls a message and parses, a datagram calls the same message.
    #[test]
    fn both_framings_agree(bytes in mutated()) {
        if let Some(len) = message_length(&bytes, Framing::Stream) {
            prop_assert_eq!(message_length(&bytes[..len], Framing::Datagram), Some(len));
        }
    }

    #[test]
    fn what_is_written_is_read_again(
        target in any_uri(),
        party in any_uri(),
        display in "\\PC{0,16}",
        tag in token(),
        branch in token(),
        number in 0..=CSeq::NUMBER_MAX,
        extra in vec((token(), "[\\PC\r\n]{0,20}"), 0..6),
        body in vec(any::<u8>(), 0..200),
    ) {
        let method = Method::new(b"INVITE");
        let from = NameAddr::new(party.clone()).with_display(&display).with_tag(tag.as_bytes());
        let via = Via::new("UDP", Host::V4([192, 0, 2, 1].into()), Some(5060), format!("z9hG4bK{branch}").as_bytes());
        let mut writer = RequestWriter::new(&method, &target)
            .header(HeaderName::Via, via.to_bytes())
            .header(HeaderName::From, from.to_bytes())
            .header(HeaderName::To, NameAddr::new(target.clone()).to_bytes())
            .header(HeaderName::CallId, &tag)
            .header(HeaderName::CSeq, CSeq { number, method: method.clone() }.to_string());
        for (name, value) in &extra {
            writer = writer.header(HeaderName::new(format!("X-{name}").as_bytes()), value);
        }
        let bytes = writer.body("application/octet-stream", &body).finish();
        prop_assert_eq!(message_length(&bytes, Framing::Stream), Some(bytes.len()));
        let message = parse(bytes).expect("own writing");
        prop_assert!(validate(&message).is_ok());
        prop_assert_eq!(message.method(), Some(&method));
        prop_assert_eq!(Uri::parse(message.request_uri().expect("a request")).expect("own writing"), target);
        let read = message.from().expect("own writing");
        prop_assert_eq!(read.display.as_deref(), Some(display.as_bytes()));
        prop_assert_eq!((read.tag(), read.uri == party), (Some(tag.as_bytes()), true));
        prop_assert_eq!(message.cseq().expect("own writing").number, number);
        prop_assert_eq!(message.all_headers().count(), 7 + extra.len());
        prop_assert_eq!(message.body(), &body[..]);
    }
}
