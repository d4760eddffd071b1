//! SIP over TCP: pieces and heaps of bytes, pings, broken connections, and answers that find their way all the same.
//! Never about datagrams.

use crate::wire::*;
use std::time::Duration;
use thirdring::sip::{Event, Invite, Target, Transport};

fn over_tcp(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").replace("SIP/2.0/UDP", "SIP/2.0/TCP").into_bytes()
}

#[test]
fn messages_are_cut_out_of_a_stream_however_they_come() {
    let (mut network, _, bob) = alice_and_bob();
    let peer = network.peer("10.0.0.3:5060");
    let one = over_tcp(&Request::new("OPTIONS").text());
    let two = over_tcp(&Request { branch: "z9hG4bK-2".to_owned(), ..Request::new("OPTIONS") }.text());
    let heap = [b"\r\n\r\n".as_slice(), &one, &two].concat();
    for byte in &heap[..20] {
        network.say_on_stream(7, peer, bob, &[*byte]);
    }
    network.say_on_stream(7, peer, bob, &heap[20..]);
    network.run_ms(10);
    let answers = inbox(&mut network, peer).concat();
    assert!(answers.starts_with("\r\nSIP/2.0 200 OK"), "a pong first: {answers}");
    assert_eq!(answers.matches("SIP/2.0 200 OK").count(), 2);
    let counts = network.command(bob, |endpoint, _| endpoint.counts());
    assert_eq!(counts.connections, 1);
    network.cut(7);
    let counts = network.command(bob, |endpoint, _| endpoint.counts());
    assert_eq!(counts.connections, 0);
}

#[test]
fn a_stream_that_lost_its_frame_is_answered_and_closed() {
    let (mut network, _, bob) = alice_and_bob();
    let peer = network.peer("10.0.0.3:5060");
    let broken = Request::new("OPTIONS").text().replace("Content-Length: 0", "Content-Length: many");
    network.say_on_stream(7, peer, bob, &over_tcp(&broken));
    network.run_ms(10);
    let answers = inbox(&mut network, peer).concat();
    assert!(answers.starts_with("SIP/2.0 400 "), "{answers}");
    assert!(network.connections().is_empty(), "where the next message begins is not known");
}

#[test]
fn a_call_over_tcp_repeats_nothing_but_the_2xx() {
    let (mut network, alice, bob) = alice_and_bob();
    let target = Target::Address {
        uri: format!("sip:bob@{BOB};transport=tcp"),
        transport: Transport::Tcp,
        remote: BOB.parse().expect("an address of the test"),
    };
    let call = network.command(alice, |endpoint, now| endpoint.invite(now, Invite { target, ..invite_to(BOB) }));
    network.run_secs(3);
    let session = incoming(&network.events(bob));
    network.command(bob, |endpoint, now| endpoint.answer(now, session, sdp("answer")));
    network.run_ms(50);
    network.command(bob, |endpoint, now| endpoint.hangup(now, session, None));
    network.run_ms(50);
    assert_eq!(names(&network.events(alice)), ["Answered answer", "Ended by peer"]);
    network.command(alice, |endpoint, now| endpoint.hangup(now, call, None));
    network.run_secs(60);
    network.assert_released();
    assert_eq!(
        network.ladder(),
        ["0>1 INVITE", "1>0 100 INVITE", "1>0 200 INVITE", "0>1 ACK", "1>0 BYE", "0>1 200 BYE"]
    );
}

#[test]
fn an_answer_finds_its_way_when_the_connection_is_gone() {
    let (mut network, alice, bob) = alice_and_bob();
    let target = Target::Address {
        uri: format!("sip:bob@{BOB};transport=tcp"),
        transport: Transport::Tcp,
        remote: BOB.parse().expect("an address of the test"),
    };
    network.command(alice, |endpoint, now| endpoint.invite(now, Invite { target, ..invite_to(BOB) }));
    network.run_ms(50);
    let session = incoming(&network.events(bob));
    for connection in network.connections() {
        network.cut(connection);
    }
    network.command(bob, |endpoint, now| endpoint.answer(now, session, sdp("answer")));
    network.run_ms(50);
    assert_eq!(names(&network.events(alice)), ["Answered answer"]);
    assert_eq!(names(&network.events(bob)), ["Confirmed"]);
}

#[test]
fn a_request_lost_with_its_connection_fails_at_once() {
    let (mut network, alice, _) = alice_and_bob();
    network.peer("10.0.0.3:5060");
    let target = Target::Address {
        uri: "sip:bob@10.0.0.3;transport=tcp".to_owned(),
        transport: Transport::Tcp,
        remote: "10.0.0.3:5060".parse().expect("an address of the test"),
    };
    network.command(alice, |endpoint, now| endpoint.invite(now, Invite { target, ..invite_to(BOB) }));
    network.run_ms(50);
    network.hosts[2].deaf_to_tcp = true;
    for connection in network.connections() {
        network.cut(connection);
    }
    network.run_until(network.now + Duration::from_secs(40), |_, _, _| {});
    let events = network.events(alice);
    assert!(matches!(events.as_slice(), [Event::Failed { .. }]), "{events:?}");
    network.assert_released();
}

#[test]
fn a_connection_that_never_says_a_whole_request_is_closed() {
    let (mut network, _, bob) = alice_and_bob();
    let peer = network.peer("10.0.0.3:5060");
    let request = over_tcp(&Request::new("OPTIONS").text());
    // One byte a second, and pings in front of them: busy all the time, and yet nothing was asked.
    network.say_on_stream(7, peer, bob, b"\r\n\r\n");
    for byte in &request[..31] {
        network.say_on_stream(7, peer, bob, &[*byte]);
        network.run_ms(998);
    }
    assert_eq!(network.connections(), [7], "it may still be slow");
    network.run_secs(2);
    assert!(network.connections().is_empty());
    assert_eq!(network.command(bob, |endpoint, _| endpoint.take_counters()).connections_expired, 1);
}

#[test]
fn a_connection_nobody_needs_is_closed_in_the_end_and_a_ping_keeps_it() {
    let (mut network, _, bob) = alice_and_bob();
    let peer = network.peer("10.0.0.3:5060");
    network.say_on_stream(7, peer, bob, &over_tcp(&Request::new("OPTIONS").text()));
    network.run_secs(590);
    network.say_on_stream(7, peer, bob, b"\r\n\r\n");
    network.run_secs(590);
    assert_eq!(network.connections(), [7], "the ping was a sign of life");
    network.run_secs(20);
    assert!(network.connections().is_empty());
    network.assert_released();
}

#[test]
fn a_call_keeps_its_connection_however_long_it_says_nothing() {
    let (mut network, alice, bob) = alice_and_bob();
    let target = Target::Address {
        uri: format!("sip:bob@{BOB};transport=tcp"),
        transport: Transport::Tcp,
        remote: BOB.parse().expect("an address of the test"),
    };
    let call = network.command(alice, |endpoint, now| endpoint.invite(now, Invite { target, ..invite_to(BOB) }));
    network.run_ms(50);
    let session = incoming(&network.events(bob));
    network.command(bob, |endpoint, now| endpoint.answer(now, session, sdp("answer")));
    let open = network.connections();
    network.run_secs(3_600);
    assert_eq!(network.connections(), open);
    network.command(alice, |endpoint, now| endpoint.hangup(now, call, None));
    network.run_secs(1_300);
    assert!(network.connections().is_empty(), "afterwards nobody needs it");
    network.assert_released();
}
