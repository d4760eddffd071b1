//! What a hostile peer, a broken phone or a confused owner may do: the endpoint neither panics nor keeps anything.
//! Never random without a seed.

use crate::network::{Network, Weather};
use crate::wire::*;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::time::Duration;
use thirdring::model::{Digit, Moment};
use thirdring::sip::{
    AccountId, BanRules, ConnectionId, Endpoint, Event, Flow, ReferId, SessionId, Settings, Transmit, Transport,
};

#[test]
fn mutilated_messages_neither_panic_nor_stay() {
    let mut random = ChaCha12Rng::from_seed([9; 32]);
    let seeds = templates();
    let settings = Settings { listeners: vec![(Transport::Udp, address(BOB))], ..trusting(&["10.0.0.3:5060"]) };
    let mut endpoint = Endpoint::new(settings, [3; 32]);
    let mut now = Moment::from_secs(1);
    // The To header of each call that was answered, so that some messages hit a dialog.
    let (mut calls, mut known) = (0, BTreeMap::new());
    for round in 0..20_000u32 {
        let template = pick(&mut random, &seeds);
        let bytes = mutilate(&mut random, template, &known);
        let connection = Some(ConnectionId(u64::from(round / 50))).filter(|_| round % 3 == 0);
        let transport = if connection.is_some() { Transport::Tcp } else { Transport::Udp };
        let flow = Flow { transport, local: address(BOB), remote: address("10.0.0.3:5060"), connection };
        match connection {
            Some(id) => {
                endpoint.handle_stream(now, flow, &bytes);
                if round % 50 == 48 {
                    endpoint.handle_closed(now, id);
                }
            }
            None => endpoint.handle_datagram(now, flow, &bytes),
        }
        now = now + Duration::from_millis(u64::from(random.next_u32() % 200));
        endpoint.handle_timeout(now);
        while let Some(transmit) = endpoint.poll_transmit() {
            if let Transmit::Send { bytes, .. } = transmit {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let made_a_dialog = ["SIP/2.0 180", "SIP/2.0 200"].iter().any(|start| text.starts_with(start))
                    && header(&text, "CSeq").ends_with(" INVITE");
                if made_a_dialog {
                    known.insert(header(&text, "Call-ID"), header(&text, "To"));
                }
            }
        }
        calls += act_on_events(&mut endpoint, now, &mut random);
    }
    assert!(calls > 300, "only {calls} messages were sound enough to make a call");
    for number in 0..u64::from(20_000u32) / 50 + 1 {
        endpoint.handle_closed(now, ConnectionId(number));
    }
    for number in 0..200_000 {
        endpoint.hangup(now, SessionId(number), None);
    }
    for _ in 0..1_000 {
        let Some(next) = endpoint.poll_timeout() else { break };
        now = next;
        endpoint.handle_timeout(now);
    }
    let counts = endpoint.counts();
    assert_eq!(counts, thirdring::sip::Counts::default(), "{}", endpoint.dump());
}

#[test]
fn every_command_is_harmless_in_every_state() {
    for state in 0..4 {
        for command in 0..COMMANDS {
            let (mut network, alice, bob) = alice_and_bob();
            let id = put_into(&mut network, alice, bob, state);
            let host = if state == 1 { bob } else { alice };
            network.command(host, |endpoint, now| give(endpoint, now, id, command));
            network.run_secs(1);
            network.command(host, |endpoint, now| give(endpoint, now, id, command));
            network.run_secs(1);
            for (host, session) in [(alice, id), (bob, id), (alice, SessionId(1)), (bob, SessionId(1))] {
                network.command(host, |endpoint, now| endpoint.hangup(now, session, None));
            }
            network.run_secs(300);
            network.assert_released();
            crate::audit::audit(&network);
        }
    }
}

/// 0: no such session. 1: ringing here. 2: calling. 3: talking.
fn put_into(network: &mut Network, alice: usize, bob: usize, state: u32) -> SessionId {
    match state {
        0 => SessionId(4_711),
        3 => connected(network, alice, bob).0,
        _ => {
            let call = network.command(alice, |endpoint, now| endpoint.invite(now, invite_to(BOB)));
            network.run_ms(20);
            let ringing = incoming(&network.events(bob));
            if state == 1 { ringing } else { call }
        }
    }
}

const COMMANDS: u32 = 17;

fn give(endpoint: &mut Endpoint, now: Moment, id: SessionId, command: u32) {
    let digit = Digit::new('1').expect("a key");
    match command {
        0 => endpoint.provisional(now, id, 180, None),
        1 => endpoint.provisional(now, id, 999, Some(sdp("x"))),
        2 => endpoint.answer(now, id, sdp("answer")),
        3 => endpoint.reject(now, id, 486, None, None),
        4 => endpoint.reject(now, id, 7, Some(Duration::MAX), Some("a\r\nX: b".to_owned())),
        5 => endpoint.hangup(now, id, Some("x\r\nVia: y")),
        6 => endpoint.offer(now, id, sdp("offer")),
        7 => endpoint.answer_offer(now, id, sdp("answer")),
        8 => endpoint.refuse_offer(now, id, 1),
        9 => endpoint.info_digit(now, id, digit, Duration::from_millis(100)),
        10 => endpoint.refer(now, id, "sip:x@y"),
        11 => endpoint.refer(now, id, "not a URI\r\n"),
        12 => endpoint.accept_refer(now, id, ReferId(1)),
        13 => endpoint.refuse_refer(now, id, ReferId(1), 603),
        14 => endpoint.notify_refer(now, id, ReferId(1), 200, true),
        15 => endpoint.unregister(now, AccountId(1)),
        _ => endpoint.handle_transport_error(
            now,
            Flow { transport: Transport::Udp, local: address(ALICE), remote: address(BOB), connection: None },
        ),
    }
}

/// An owner who does something or other; how many calls came in.
fn act_on_events(endpoint: &mut Endpoint, now: Moment, random: &mut ChaCha12Rng) -> u32 {
    let mut calls = 0;
    while let Some(event) = endpoint.poll_event() {
        match event {
            Event::Incoming(incoming) => {
                calls += 1;
                match random.next_u32() % 4 {
                    0 => endpoint.answer(now, incoming.session, sdp("answer")),
                    1 => endpoint.reject(now, incoming.session, 486, None, None),
                    2 => endpoint.provisional(now, incoming.session, 180, None),
                    _ => endpoint.hangup(now, incoming.session, None),
                }
            }
            Event::Offered { session, .. } => endpoint.answer_offer(now, session, sdp("answer")),
            Event::Refer { session, refer, .. } => endpoint.accept_refer(now, session, refer),
            _ => {}
        }
    }
    calls
}

fn templates() -> Vec<Vec<u8>> {
    let offer = || ("Content-Type: application/sdp\n".to_owned(), "v=0\n".to_owned());
    let methods = ["INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "INFO", "REFER", "NOTIFY", "UPDATE"];
    let mut all: Vec<Vec<u8>> = methods
        .iter()
        .map(|method| {
            let (more, body) = offer();
            let more =
                format!("{more}Refer-To: <sip:a@b>\nEvent: refer\nRoute: <sip:c;lr>\nSubscription-State: active\n");
            Request { more, body, ..Request::new(method) }.text()
        })
        .chain(methods.iter().map(|method| Request::new(method).text()))
        .map(|text| text.replace('\n', "\r\n").into_bytes())
        .collect();
    all.push(b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bK1\r\nCSeq: 1 INVITE\r\n\r\n".to_vec());
    all.push(b"\r\n\r\n".to_vec());
    all
}

fn mutilate(random: &mut ChaCha12Rng, template: &[u8], known: &BTreeMap<String, String>) -> Vec<u8> {
    // A new call now and then, or everything would be a retransmission.
    let call = format!("call-{}", random.next_u32() % 2_000);
    let cseq = random.next_u32() % 9 + 1;
    let mut text = String::from_utf8_lossy(template)
        .replace("call-of-carol", &call)
        .replace("z9hG4bK-", &format!("z9hG4bK-{call}-{cseq}-"))
        .replace("CSeq: 1 ", &format!("CSeq: {cseq} "));
    if let Some(to) = known.get(&call).filter(|_| cseq > 1) {
        text = text.replace("<sip:bob@10.0.0.2>", to);
    }
    let mut bytes = text.into_bytes();
    for _ in 0..random.next_u32() % 4 {
        let at = random.next_u32() as usize % bytes.len().max(1);
        match random.next_u32() % 5 {
            0 => bytes.truncate(at),
            1 => bytes.insert(at.min(bytes.len()), random.next_u32().to_be_bytes()[0]),
            2 if at < bytes.len() => {
                bytes.remove(at);
            }
            3 if at < bytes.len() => bytes[at] = b"\r\n \t\"<>;:,=\0\xff9A"[random.next_u32() as usize % 15],
            _ => {
                let copy: Vec<u8> = bytes.iter().skip(at).take(40).copied().collect();
                bytes.splice(at.min(bytes.len())..at.min(bytes.len()), copy);
            }
        }
    }
    bytes
}

fn pick<'t>(random: &mut ChaCha12Rng, all: &'t [Vec<u8>]) -> &'t [u8] {
    &all[random.next_u32() as usize % all.len()]
}

/// A REGISTER of 1001, with a wrong answer to `nonce`.
fn guess(number: u32, nonce: &str) -> String {
    let more = format!(
        "Authorization: Digest username=\"1001\", realm=\"thirdring\", nonce=\"{nonce}\", uri=\"sip:10.0.0.1\", \
         response=\"{number:064x}\", algorithm=SHA-256\nExpires: 60\n"
    );
    Request { more, ..register_request(number) }.text()
}

/// A REGISTER of 1001 without credentials.
fn register_anew(number: u32) -> String {
    register_request(number).text()
}

fn register_request(number: u32) -> Request {
    let (branch, call_id) = (format!("z9hG4bK-g{number}"), format!("guess-{number}"));
    let (uri, to) = ("sip:10.0.0.1".to_owned(), "<sip:1001@10.0.0.1>".to_owned());
    Request { uri, branch, call_id, to, ..Request::new("REGISTER") }
}

fn address(text: &str) -> std::net::SocketAddr {
    text.parse().expect("an address of the test")
}

#[test]
fn who_guesses_too_often_is_not_listened_to_until_the_ban_ends_or_is_lifted() {
    let bans = BanRules { after: 3, life: Duration::from_secs(900) };
    let mut network = Network::new(5, Weather::FINE);
    let pbx = network.endpoint("10.0.0.1:5060", Settings { bans, ..server() });
    let guesser = network.peer("10.0.0.3:5060");
    // Whoever cannot hear our challenge, as behind a forged address, is asked again and gets nobody banned.
    for number in 20..30 {
        network.say(guesser, pbx, &guess(number, "made-up"));
        network.run_ms(100);
        let answer = inbox(&mut network, guesser).pop().expect("a challenge");
        assert!(answer.starts_with("SIP/2.0 401 ") && answer.contains("stale=true"), "{answer}");
    }
    assert!(names(&network.events(pbx)).is_empty());
    let guess_heard = |network: &mut Network, number: u32| {
        network.say(guesser, pbx, &register_anew(number + 100));
        network.run_ms(100);
        let challenge = inbox(network, guesser).pop().expect("a challenge");
        let nonce = challenge.split_once("nonce=\"").and_then(|(_, rest)| rest.split('"').next()).expect("a nonce");
        network.say(guesser, pbx, &guess(number, nonce));
        network.run_secs(40);
        inbox(network, guesser)
    };
    for number in 0..3 {
        assert_eq!(guess_heard(&mut network, number).len(), 1, "each guess has its late answer");
    }
    let heard = names(&network.events(pbx));
    assert_eq!(heard.last().map(String::as_str), Some("Banned 10.0.0.3 900"), "{heard:?}");
    let options = |number: u32| {
        let (branch, call_id) = (format!("z9hG4bK-o{number}"), format!("options-{number}"));
        Request { uri: "sip:10.0.0.1".to_owned(), branch, call_id, ..Request::new("OPTIONS") }.text()
    };
    network.say(guesser, pbx, &options(1));
    network.run_secs(1);
    assert!(inbox(&mut network, guesser).is_empty(), "nothing of it is answered");
    let dropped = network.command(pbx, |endpoint, now| endpoint.bans(now)[0].dropped);
    assert_eq!(dropped, 1);
    let lifted = network.command(pbx, |endpoint, _| endpoint.lift_ban([10, 0, 0, 3].into()));
    assert!(lifted && !network.command(pbx, |endpoint, _| endpoint.lift_ban([10, 0, 0, 3].into())));
    network.say(guesser, pbx, &options(2));
    network.run_secs(1);
    assert_eq!(first_lines(&inbox(&mut network, guesser)), ["SIP/2.0 200 OK"]);
    for number in 10..13 {
        guess_heard(&mut network, number);
    }
    network.run_secs(900);
    network.say(guesser, pbx, &options(3));
    network.run_secs(1);
    assert_eq!(first_lines(&inbox(&mut network, guesser)), ["SIP/2.0 200 OK"], "the ban is over");
}
