//! The torture messages of RFC 4475 and RFC 5118: every valid one is read, every invalid one refused with its status.
//! Never needs the network: our own messages are in `tests/torture`, the RFCs' are read where `THIRDRING_TORTURE` points.
//! RFC 4475, RFC 5118.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

use bytes::Bytes;
use thirdring::sip::{
    Contacts, Framed, Framing, HeaderName, Message, Method, ParseError, ResponseWriter, StreamBuffer, StreamItem, Uri,
    frame, parse, validate,
};

/// What must become of a message.
#[derive(Clone, Copy)]
enum Verdict {
    /// Taken, and these facts hold of it.
    Sound(fn(&Message)),
    /// A request that is answered with this status.
    Refused(u16),
    /// A response that is dropped.
    Dropped,
}

use Verdict::{Dropped, Refused, Sound};

struct Case {
    name: &'static str,
    section: &'static str,
    verdict: Verdict,
}

const fn case(name: &'static str, section: &'static str, verdict: Verdict) -> Case {
    Case { name, section, verdict }
}

const RFC_4475: &[Case] = &[
    case("wsinv", "3.1.1.1", Sound(tortuous_invite)),
    case("intmeth", "3.1.1.2", Sound(wide_range_of_characters)),
    case("esc01", "3.1.1.3", Sound(escapes_in_uris)),
    case("escnull", "3.1.1.4", Sound(escaped_nulls)),
    case("esc02", "3.1.1.5", Sound(percent_that_is_no_escape)),
    case("lwsdisp", "3.1.1.6", Sound(no_space_before_the_bracket)),
    case("longreq", "3.1.1.7", Sound(long_values)),
    case("dblreq", "3.1.1.8", Sound(trailing_octets)),
    case("semiuri", "3.1.1.9", Sound(semicolons_in_the_user)),
    case("transports", "3.1.1.10", Sound(unknown_transports)),
    case("mpart01", "3.1.1.11", Sound(multipart_body)),
    case("unreason", "3.1.1.12", Sound(unusual_reason)),
    case("noreason", "3.1.1.13", Sound(empty_reason)),
    case("badinv01", "3.1.2.1", Refused(400)),
    case("clerr", "3.1.2.2", Refused(400)),
    case("ncl", "3.1.2.3", Refused(400)),
    case("scalar02", "3.1.2.4", Refused(400)),
    case("scalarlg", "3.1.2.5", Dropped),
    case("quotbal", "3.1.2.6", Refused(400)),
    case("ltgtruri", "3.1.2.7", Refused(400)),
    case("lwsruri", "3.1.2.8", Refused(400)),
    case("lwsstart", "3.1.2.9", Refused(400)),
    case("trws", "3.1.2.10", Refused(400)),
    case("escruri", "3.1.2.11", Refused(400)),
    case("baddate", "3.1.2.12", Refused(400)),
    case("regbadct", "3.1.2.13", Refused(400)),
    case("badaspec", "3.1.2.14", Refused(400)),
    case("baddn", "3.1.2.15", Refused(400)),
    case("badvers", "3.1.2.16", Refused(505)),
    case("mismatch01", "3.1.2.17", Refused(400)),
    case("mismatch02", "3.1.2.18", Refused(400)),
    case("bigcode", "3.1.2.19", Dropped),
    // The archive's baddn lacks its empty line; this is the message that the section means.
    case("baddn-terminated", "3.1.2.15 with its end", Refused(400)),
    case("badbranch", "3.2.1", Sound(bare_cookie)),
    case("insuf", "3.3.1", Refused(400)),
    case("unkscm", "3.3.2", Refused(416)),
    case("novelsc", "3.3.3", Refused(416)),
    case("unksm2", "3.3.4", Sound(foreign_schemes_in_headers)),
    case("bext01", "3.3.5", Sound(required_extensions)),
    case("invut", "3.3.6", Sound(taken)),
    case("regaut01", "3.3.7", Sound(unknown_authorization)),
    case("multi01", "3.3.8", Refused(400)),
    case("mcl01", "3.3.9", Refused(400)),
    case("bcast", "3.3.10", Sound(broadcast_via)),
    case("zeromf", "3.3.11", Sound(no_hops_left)),
    case("cparam01", "3.3.12", Sound(parameter_of_the_header)),
    case("cparam02", "3.3.13", Sound(parameter_of_the_uri)),
    case("regescrt", "3.3.14", Sound(escaped_route_stays_in_the_contact)),
    case("sdp01", "3.3.15", Sound(taken)),
    case("inv2543", "3.4.1", Sound(old_invite)),
    case("test", "in the archive, in no section", Refused(400)),
];

const RFC_5118: &[Case] = &[
    case("ipv6-good", "4.1", Sound(taken)),
    case("ipv6-bad", "4.2", Refused(400)),
    case("port-ambiguous", "4.3", Sound(port_is_part_of_the_address)),
    case("port-unambiguous", "4.4", Sound(port_is_a_port)),
    case("via-received-param-with-delim", "4.5", Sound(received_is_an_address)),
    case("via-received-param-no-delim", "4.5", Sound(received_is_an_address)),
    case("ipv6-in-sdp", "4.6", Sound(taken)),
    case("mult-ip-in-header", "4.7", Sound(mixed_vias)),
    case("mult-ip-in-sdp", "4.8", Sound(taken)),
    case("ipv4-mapped-ipv6", "4.9", Sound(taken)),
    case("ipv6-bug-abnf-3-colons", "4.10", Sound(embedded_ipv4)),
    case("ipv6-correct-abnf-2-colons", "4.10", Sound(embedded_ipv4)),
];

#[test]
fn our_own_torture_messages_meet_their_verdicts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torture");
    run(&folder, "sip");
}

/// Foreign messages stand beside the foreign parsers: whoever asks for them must have them.
#[cfg(feature = "oracles")]
#[test]
fn the_rfcs_own_torture_messages_meet_their_verdicts() {
    #[expect(clippy::disallowed_methods, reason = "the published messages lie where the environment says")]
    let folder = std::env::var_os("THIRDRING_TORTURE").map(std::path::PathBuf::from);
    let folder = folder.expect("THIRDRING_TORTURE names the folder that holds rfc4475/ and rfc5118/");
    run(&folder, "dat");
}

#[test]
fn every_section_has_its_message() {
    let sections: BTreeMap<&str, usize> =
        [("3.1.1.", 13), ("3.1.2.", 20), ("3.2.", 1), ("3.3.", 15), ("3.4.", 1)].into_iter().collect();
    for (prefix, count) in sections {
        let found = RFC_4475.iter().filter(|case| case.section.starts_with(prefix)).count();
        assert_eq!(found, count, "section {prefix}");
    }
    let mut names: Vec<&str> = RFC_4475.iter().chain(RFC_5118).map(|case| case.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), RFC_4475.len() + RFC_5118.len());
}

/// All cases over the messages below `folder`; fails after the last one with all that went wrong.
fn run(folder: &Path, ending: &str) {
    let mut wrong = Vec::new();
    for (rfc, cases) in [("rfc4475", RFC_4475), ("rfc5118", RFC_5118)] {
        let mut sound = (0, 0);
        let mut refused = (0, 0);
        for case in cases {
            let path = folder.join(rfc).join(format!("{}.{ending}", case.name));
            let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let count = if matches!(case.verdict, Sound(_)) { &mut sound } else { &mut refused };
            count.1 += 1;
            match judge(case, &bytes) {
                Ok(()) => count.0 += 1,
                Err(fault) => wrong.push(format!("{rfc} {} ({}): {fault}", case.name, case.section)),
            }
        }
        eprintln!("{rfc}: {} of {} valid taken, {} of {} invalid refused", sound.0, sound.1, refused.0, refused.1);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn judge(case: &Case, bytes: &[u8]) -> Result<(), String> {
    let outcome = take(bytes);
    match (case.verdict, outcome) {
        (Sound(facts), Ok(message)) => {
            every_typed_header_is_readable(&message)?;
            facts(&message);
            over_a_stream(&message)
        }
        (Sound(_), Err(error)) => Err(format!("is valid, but was refused: {error}")),
        (Refused(status), Err(error)) if error.status == status => answerable(case, error),
        (Dropped, Err(error)) => match error.partial {
            None => Ok(()),
            Some(_) => Err("a response must not be answered".to_owned()),
        },
        (Refused(status), Err(error)) => Err(format!("{status} was due, not: {error}")),
        (Refused(_) | Dropped, Ok(_)) => Err("is invalid, but was taken".to_owned()),
    }
}

/// As the endpoint does with a datagram.
fn take(bytes: &[u8]) -> Result<Message, ParseError> {
    match frame(bytes, Framing::Datagram) {
        Framed::Message { len } => {
            let message = parse(Bytes::copy_from_slice(&bytes[..len]))?;
            validate(&message)?;
            Ok(message)
        }
        Framed::Malformed { error, .. } => Err(error),
        other => panic!("not a keep-alive: {other:?}"),
    }
}

fn every_typed_header_is_readable(message: &Message) -> Result<(), String> {
    let say = |error: thirdring::sip::HeaderError| error.to_string();
    message.vias().map_err(say)?;
    message.from().map_err(say)?;
    message.to().map_err(say)?;
    message.cseq().map_err(say)?;
    message.contacts().map_err(say)?;
    message.routes().map_err(say)?;
    message.record_routes().map_err(say)?;
    message.expires().map_err(say)?;
    Ok(())
}

/// A stream cuts the same message out of itself, whatever follows.
fn over_a_stream(message: &Message) -> Result<(), String> {
    if message.header(&HeaderName::ContentLength).is_none() {
        return Ok(());
    }
    let mut stream = StreamBuffer::new();
    stream.push(message.as_bytes()).map_err(|error| error.to_string())?;
    stream.push(b"\r\n\r\n").map_err(|error| error.to_string())?;
    match (stream.next(), stream.next()) {
        (Some(Ok(StreamItem::Message(bytes))), Some(Ok(StreamItem::Ping))) if bytes == message.as_bytes() => Ok(()),
        other => Err(format!("a stream cuts it otherwise: {other:?}")),
    }
}

/// A refused request is answered with the headers that find its transaction.
fn answerable(case: &Case, error: ParseError) -> Result<(), String> {
    let request = error.partial.ok_or("a request must be answered")?;
    let response = ResponseWriter::to(&request, error.status, error.reason).tag("refused").finish();
    let response = parse(response).map_err(|error| format!("the answer is itself malformed: {error}"))?;
    for name in [HeaderName::Via, HeaderName::From, HeaderName::To, HeaderName::CallId, HeaderName::CSeq] {
        let lacking = case.name == "insuf" || case.name == "test";
        if !lacking && request.headers(&name).count() != response.headers(&name).count() && name != HeaderName::To {
            return Err(format!("the answer lacks {name}"));
        }
    }
    if response.status() == Some(error.status) { Ok(()) } else { Err("the answer has another status".to_owned()) }
}

fn request_uri(message: &Message) -> Uri {
    Uri::parse(message.request_uri().expect("a request")).expect("a valid Request-URI")
}

fn contacts(message: &Message) -> Vec<thirdring::sip::NameAddr> {
    match message.contacts().expect("valid") {
        Contacts::List(list) => list,
        Contacts::Star => panic!("addresses were sent"),
    }
}

fn taken(_: &Message) {}

fn tortuous_invite(message: &Message) {
    assert_eq!(message.max_forwards(), Ok(Some(68)));
    assert_eq!(message.cseq().expect("valid").number, 9);
    assert!(message.to().expect("valid").tag().is_some());
    assert!(message.from().expect("valid").tag().is_some());
    assert!(message.from().expect("valid").display.expect("a name").contains(&b'"'));
    let vias = message.vias().expect("valid");
    assert_eq!(vias.len(), 3);
    assert_eq!(vias.first().and_then(thirdring::sip::Via::rfc3261_branch), None);
    assert!(vias.iter().skip(1).all(|via| via.rfc3261_branch().is_some()));
    assert_eq!(message.routes().expect("valid").len(), 1);
    assert_eq!(message.header(&HeaderName::Subject).as_deref(), Some(&b""[..]));
    let contact = contacts(message).remove(0);
    assert!(contact.params.contains("q") && contact.params.iter().count() == 3);
    assert!(message.body().starts_with(b"v=0\r\n"));
}

fn wide_range_of_characters(message: &Message) {
    assert!(matches!(message.method(), Some(Method::Other(_))));
    assert_eq!(message.max_forwards(), Ok(Some(255)));
    let display = message.to().expect("valid").display.expect("a name");
    assert!(display.contains(&0) && display.contains(&0x7f), "quoted pairs are kept");
    let copied = ResponseWriter::to(message, 501, "").finish();
    let to = message.header(&HeaderName::To).expect("there");
    assert!(copied.windows(to.len()).any(|window| window == &*to), "byte for byte in the answer");
}

fn escapes_in_uris(message: &Message) {
    let target = request_uri(message);
    assert!(target.user_unescaped().expect("a user").contains(&b'@'));
    assert_eq!(target.scheme.as_bytes(), b"sip");
    assert!(contacts(message).remove(0).uri.params.contains("lr"), "%6C%72 is lr");
}

fn escaped_nulls(message: &Message) {
    let users: Vec<Vec<u8>> =
        contacts(message).iter().map(|contact| contact.uri.user_unescaped().expect("a user").into_owned()).collect();
    assert_eq!(users, [b"\0".to_vec(), b"\0\0".to_vec()]);
}

fn percent_that_is_no_escape(message: &Message) {
    assert!(matches!(message.method(), Some(Method::Other(_))), "no escapes in methods");
    assert_eq!(contacts(message).len(), 2, "no escapes in header names");
    let display = message.from().expect("valid").display.expect("a name");
    assert_eq!(display.first(), Some(&b'%'), "no escapes in display names");
}

fn no_space_before_the_bracket(message: &Message) {
    assert!(message.from().expect("valid").display.is_some());
}

fn long_values(message: &Message) {
    let longest = message.all_headers().map(|(_, value)| value.len()).max();
    assert!(longest > Some(300), "nothing was cut: {longest:?}");
    assert!(message.vias().expect("valid").len() > 10);
}

fn trailing_octets(message: &Message) {
    assert_eq!(message.method(), Some(&Method::Register));
    assert!(message.body().is_empty());
}

fn semicolons_in_the_user(message: &Message) {
    let target = request_uri(message);
    assert!(target.user.as_deref().expect("a user").contains(&b';') && target.params.is_empty());
}

fn unknown_transports(message: &Message) {
    assert_eq!(message.vias().expect("valid").len(), 5);
}

fn multipart_body(message: &Message) {
    assert_eq!(message.content_length(), Ok(u32::try_from(message.body().len()).ok()));
    assert!(message.body().contains(&0));
}

fn unusual_reason(message: &Message) {
    assert_eq!(message.status(), Some(200));
    assert!(message.reason().expect("a phrase").iter().any(|byte| *byte >= 0x80));
}

fn empty_reason(message: &Message) {
    assert_eq!((message.status(), message.reason()), (Some(100), Some(&b""[..])));
}

fn bare_cookie(message: &Message) {
    let via = message.top_via().expect("valid");
    assert!(via.branch().is_some() && via.rfc3261_branch().is_none());
}

fn foreign_schemes_in_headers(message: &Message) {
    assert!(!message.to().expect("valid").uri.is_sip() && !contacts(message).remove(0).uri.is_sip());
}

fn required_extensions(message: &Message) {
    assert_eq!(message.values(&HeaderName::Require).count(), 2);
}

fn unknown_authorization(message: &Message) {
    assert!(message.header(&HeaderName::Authorization).is_some());
    assert_eq!(message.credentials(&HeaderName::Authorization, "thirdring"), None);
}

fn broadcast_via(message: &Message) {
    assert_eq!(message.vias().expect("valid").len(), 2);
}

fn no_hops_left(message: &Message) {
    assert_eq!(message.max_forwards(), Ok(Some(0)));
}

fn parameter_of_the_header(message: &Message) {
    let contact = contacts(message).remove(0);
    assert!(contact.params.contains("unknownparam") && contact.uri.params.is_empty());
}

fn parameter_of_the_uri(message: &Message) {
    let contact = contacts(message).remove(0);
    assert!(contact.uri.params.contains("unknownparam") && contact.params.is_empty());
    assert!(contact.uri.to_string().ends_with(";unknownparam"));
}

fn escaped_route_stays_in_the_contact(message: &Message) {
    assert!(contacts(message).remove(0).uri.headers.is_some());
    assert!(message.routes().expect("valid").is_empty());
}

fn old_invite(message: &Message) {
    assert_eq!(message.from().expect("valid").tag(), None);
    assert_eq!(message.top_via().expect("valid").branch(), None);
    assert!(!message.body().is_empty(), "a datagram without Content-Length keeps its body");
}

fn port_is_part_of_the_address(message: &Message) {
    assert_eq!(request_uri(message).port, None);
}

fn port_is_a_port(message: &Message) {
    assert_eq!(request_uri(message).port, Some(5070));
}

fn received_is_an_address(message: &Message) {
    let address: IpAddr = "2001:db8::9:255".parse().expect("an address");
    assert_eq!(message.top_via().expect("valid").received(), Some(address));
}

fn mixed_vias(message: &Message) {
    let families: Vec<bool> =
        message.vias().expect("valid").iter().map(|via| via.host.address().expect("an address").is_ipv6()).collect();
    assert_eq!(families, [true, false, true]);
}

fn embedded_ipv4(message: &Message) {
    let address = request_uri(message).host.address().expect("an address");
    assert!(address.to_string().ends_with("c000:201"), "{address}");
}
