//! Calls: set up, ring, answer, cancel, hang up, and the races between them.
//! Never about offers within a call or registration; those have stories of their own.

use crate::audit::audit;
use crate::network::Weather;
use crate::wire::*;
use std::time::Duration;
use thirdring::sip::{Event, Invite, Settings, Target, Transport};

#[test]
fn a_call_is_set_up_answered_and_ended() {
    let (mut network, alice, bob) = alice_and_bob();
    let call = network.command(alice, |endpoint, now| endpoint.invite(now, invite_to(BOB)));
    network.run_ms(50);
    let events = network.events(bob);
    let Some(Event::Incoming(incoming)) = events.first() else { panic!("no Incoming in {events:?}") };
    assert_eq!((incoming.from.user.as_str(), incoming.to_user.as_str()), ("alice", "bob"));
    assert_eq!(incoming.from.display.as_deref(), Some("Alice"));
    assert_eq!((incoming.offer.as_ref(), incoming.max_forwards), (Some(&sdp("offer")), 70));
    let session = incoming.session;
    network.command(bob, |endpoint, now| endpoint.provisional(now, session, 180, None));
    network.run_ms(50);
    network.command(bob, |endpoint, now| endpoint.answer(now, session, sdp("answer")));
    network.run_ms(50);
    assert_eq!(names(&network.events(alice)), ["Provisional 180", "Answered answer"]);
    assert_eq!(names(&network.events(bob)), ["Confirmed"]);
    network.command(alice, |endpoint, now| endpoint.hangup(now, call, Some("Q.850;cause=16")));
    network.run_ms(50);
    assert_eq!(names(&network.events(bob)), ["Ended by peer: Q.850;cause=16"]);
    assert!(network.events(alice).is_empty(), "who hung up knows it");
    network.run_secs(60);
    network.assert_released();
    audit(&network);
    assert_eq!(
        network.ladder(),
        ["0>1 INVITE", "1>0 100 INVITE", "1>0 180 INVITE", "1>0 200 INVITE", "0>1 ACK", "0>1 BYE", "1>0 200 BYE"]
    );
}

#[test]
fn early_media_arrives_before_the_answer() {
    let (mut network, alice, bob) = alice_and_bob();
    network.command(alice, |endpoint, now| endpoint.invite(now, invite_to(BOB)));
    network.run_ms(20);
    let session = incoming(&network.events(bob));
    network.command(bob, |endpoint, now| endpoint.provisional(now, session, 183, Some(sdp("early"))));
    network.run_ms(20);
    assert_eq!(names(&network.events(alice)), ["Provisional 183 early"]);
}

#[test]
fn a_caller_who_gives_up_cancels_and_both_sides_hear_it_once() {
    let (mut network, alice, bob) = alice_and_bob();
    let call = network.command(alice, |endpoint, now| endpoint.invite(now, invite_to(BOB)));
    network.run_ms(20);
    let session = incoming(&network.events(bob));
    network.command(bob, |endpoint, now| endpoint.provisional(now, session, 180, None));
    network.run_ms(20);
    network.command(alice, |endpoint, now| endpoint.hangup(now, call, None));
    network.run_ms(20);
    assert_eq!(names(&network.events(alice)), ["Provisional 180", "Failed 487"]);
    assert_eq!(names(&network.events(bob)), ["Cancelled"]);
    network.run_secs(60);
    network.assert_released();
    audit(&network);
    let ladder = network.ladder();
    assert_eq!(ladder[3..], ["0>1 CANCEL", "1>0 200 CANCEL", "1>0 487 INVITE", "0>1 ACK"]);
}

#[test]
fn a_cancel_waits_for_the_first_provisional_response() {
    let (mut network, alice, _) = alice_and_bob();
    let peer = network.peer("10.0.0.3:5060");
    let call = network.command(alice, |endpoint, now| endpoint.invite(now, invite_to("10.0.0.3:5060")));
    network.run_ms(20);
    let invite = inbox(&mut network, peer).remove(0);
    network.command(alice, |endpoint, now| endpoint.hangup(now, call, None));
    network.run_ms(20);
    assert!(inbox(&mut network, peer).is_empty(), "nothing may be cancelled yet");
    network.say(peer, alice, &reply(&invite, "180 Ringing", "p1", ""));
    network.run_ms(20);
    let cancel = inbox(&mut network, peer).remove(0);
    assert!(cancel.starts_with("CANCEL sip:bob@10.0.0.3:5060 SIP/2.0"), "{cancel}");
    assert_eq!(header(&cancel, "Via"), header(&invite, "Via"));
    network.say(peer, alice, &reply(&cancel, "200 OK", "p1", ""));
    network.say(peer, alice, &reply(&invite, "487 Request Terminated", "p1", ""));
    network.run_ms(20);
    assert_eq!(first_lines(&inbox(&mut network, peer)), ["ACK sip:bob@10.0.0.3:5060 SIP/2.0"]);
    assert_eq!(names(&network.events(alice)), ["Failed 487"]);
    network.run_secs(60);
    network.assert_released();
}

#[test]
fn a_cancel_that_crosses_the_answer_leaves_no_half_call() {
    let (mut network, alice, bob) = alice_and_bob();
    let call = network.command(alice, |endpoint, now| endpoint.invite(now, invite_to(BOB)));
    network.run_ms(20);
    let session = incoming(&network.events(bob));
    network.command(bob, |endpoint, now| endpoint.answer(now, session, sdp("answer")));
    network.command(alice, |endpoint, now| endpoint.hangup(now, call, None));
    network.run_ms(100);
    assert_eq!(names(&network.events(alice)), ["Failed 487"]);
    assert_eq!(names(&network.events(bob)), ["Confirmed", "Ended by peer"]);
    network.run_secs(60);
    network.assert_released();
    audit(&network);
}

#[test]
fn ringing_ends_at_the_callers_limit() {
    let (mut network, alice, bob) = alice_and_bob();
    let invite = Invite { ring_limit: Duration::from_secs(6), ..invite_to(BOB) };
    network.command(alice, |endpoint, now| endpoint.invite(now, invite));
    network.run_ms(20);
    let session = incoming(&network.events(bob));
    network.command(bob, |endpoint, now| endpoint.provisional(now, session, 180, None));
    network.run_ms(5_950);
    assert_eq!(names(&network.events(alice)), ["Provisional 180"]);
    network.run_ms(100);
    assert_eq!(names(&network.events(alice)), ["Failed 408"]);
    assert_eq!(names(&network.events(bob)), ["Cancelled"]);
}

#[test]
fn an_invite_that_only_gets_100_ends_by_timer_c_which_each_180_refreshes() {
    let (mut network, alice, _) = alice_and_bob();
    let peer = network.peer("10.0.0.3:5060");
    let patient = Invite { ring_limit: Duration::from_secs(3_600), ..invite_to("10.0.0.3:5060") };
    network.command(alice, |endpoint, now| endpoint.invite(now, patient));
    network.run_ms(20);
    let invite = inbox(&mut network, peer).remove(0);
    network.say(peer, alice, &reply(&invite, "180 Ringing", "p1", ""));
    network.run_secs(170);
    network.say(peer, alice, &reply(&invite, "180 Ringing", "p1", ""));
    network.run_secs(170);
    network.say(peer, alice, &reply(&invite, "100 Trying", "", ""));
    assert_eq!(names(&network.events(alice)), ["Provisional 180", "Provisional 180"]);
    network.run_secs(11);
    assert_eq!(names(&network.events(alice)), ["Failed 408"], "100 refreshes nothing");
    assert!(inbox(&mut network, peer).iter().any(|text| text.starts_with("CANCEL ")));
    network.run_secs(70);
    network.assert_released();
}

#[test]
fn nobody_there_fails_with_408_and_an_unreachable_port_with_503() {
    let (mut network, alice, _) = alice_and_bob();
    network.peer("10.0.0.3:5060");
    let patient = |address: &str| Invite { ring_limit: Duration::from_secs(90), ..invite_to(address) };
    network.command(alice, |endpoint, now| endpoint.invite(now, patient("10.0.0.3:5060")));
    network.run_secs(31);
    assert!(network.events(alice).is_empty());
    network.run_secs(2);
    assert_eq!(names(&network.events(alice)), ["Failed 408"]);
    network.command(alice, |endpoint, now| endpoint.invite(now, patient("10.0.0.9:5060")));
    network.run_ms(20);
    assert_eq!(names(&network.events(alice)), ["Failed 503"]);
    network.assert_released();
}

#[test]
fn a_refusal_tells_its_reason_and_when_to_come_again() {
    let (mut network, alice, bob) = alice_and_bob();
    network.command(alice, |endpoint, now| endpoint.invite(now, invite_to(BOB)));
    network.run_ms(20);
    let session = incoming(&network.events(bob));
    let wait = Some(Duration::from_millis(2_500));
    network.command(bob, |endpoint, now| endpoint.reject(now, session, 503, wait, Some("too \"busy\"".to_owned())));
    network.run_ms(20);
    let events = network.events(alice);
    let [Event::Failed { status: 503, reason, retry_after, .. }] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((reason.as_str(), *retry_after), ("Service Unavailable", Some(Duration::from_secs(3))));
    network.run_secs(60);
    network.assert_released();
    audit(&network);
    assert_eq!(network.ladder()[1..], ["1>0 100 INVITE", "1>0 503 INVITE", "0>1 ACK"]);
}

#[test]
fn a_2xx_is_repeated_until_its_ack_and_without_one_the_call_ends_by_bye() {
    let (mut network, _, bob) = alice_and_bob();
    let peer = network.peer("10.0.0.3:5060");
    network.say(peer, bob, &Request::new("INVITE").text());
    network.run_ms(10);
    let session = incoming(&network.events(bob));
    network.command(bob, |endpoint, now| endpoint.answer(now, session, sdp("answer")));
    network.run_ms(31_900);
    let finals = inbox(&mut network, peer);
    let answers = finals.iter().filter(|text| text.starts_with("SIP/2.0 200")).count();
    assert_eq!(answers, 11, "0.5, 1, 2, 4 s and then every 4 s");
    assert!(network.events(bob).is_empty());
    network.run_ms(200);
    assert_eq!(names(&network.events(bob)), ["Ended unasked: no ACK"]);
    assert_eq!(first_lines(&inbox(&mut network, peer)), ["BYE sip:carol@10.0.0.3:5060 SIP/2.0"]);
    network.run_secs(60);
    network.assert_released();
}

#[test]
fn a_hang_up_before_the_ack_waits_for_it() {
    let (mut network, _, bob) = alice_and_bob();
    let peer = network.peer("10.0.0.3:5060");
    network.say(peer, bob, &Request::new("INVITE").text());
    let session = incoming(&network.events(bob));
    network.command(bob, |endpoint, now| endpoint.answer(now, session, sdp("answer")));
    network.command(bob, |endpoint, now| endpoint.hangup(now, session, None));
    network.run_ms(100);
    let answer = inbox(&mut network, peer).pop().expect("the 200");
    assert!(answer.starts_with("SIP/2.0 200"), "no BYE yet: {answer}");
    let ack = Request { to: header(&answer, "To"), branch: "z9hG4bK-ack".to_owned(), ..Request::new("ACK") };
    network.say(peer, bob, &ack.text());
    network.run_ms(10);
    assert_eq!(first_lines(&inbox(&mut network, peer)), ["BYE sip:carol@10.0.0.3:5060 SIP/2.0"]);
    assert!(network.events(bob).is_empty());
}

#[test]
fn every_branch_of_a_fork_but_the_first_is_acknowledged_and_released() {
    let (mut network, alice, _) = alice_and_bob();
    let peer = network.peer("10.0.0.3:5060");
    network.command(alice, |endpoint, now| endpoint.invite(now, invite_to("10.0.0.3:5060")));
    network.run_ms(20);
    let invite = inbox(&mut network, peer).remove(0);
    for tag in ["p1", "p2", "p3"] {
        network.say(peer, alice, &reply(&invite, "180 Ringing", tag, ""));
    }
    network.say(peer, alice, &reply(&invite, "200 OK", "p2", "answer"));
    network.say(peer, alice, &reply(&invite, "200 OK", "p1", "other"));
    network.say(peer, alice, &reply(&invite, "200 OK", "p2", "answer"));
    network.run_ms(20);
    let sent: Vec<String> = inbox(&mut network, peer)
        .iter()
        .map(|text| {
            let method = text.split(' ').next().unwrap_or_default();
            let to = header(text, "To");
            format!("{method} {}", to.rsplit('=').next().unwrap_or_default())
        })
        .collect();
    assert_eq!(sent, ["ACK p2", "ACK p1", "BYE p1", "ACK p2"]);
    assert_eq!(
        names(&network.events(alice)),
        ["Provisional 180", "Provisional 180", "Provisional 180", "Answered answer"]
    );
}

#[test]
fn a_late_offer_is_answered_in_the_ack_both_ways() {
    let (mut network, alice, bob) = alice_and_bob();
    let asking = Invite { sdp: None, ..invite_to(BOB) };
    let call = network.command(alice, |endpoint, now| endpoint.invite(now, asking));
    network.run_ms(20);
    let session = incoming(&network.events(bob));
    network.command(bob, |endpoint, now| endpoint.answer(now, session, sdp("late-offer")));
    network.run_ms(700);
    assert_eq!(names(&network.events(alice)), ["Answered late-offer"]);
    assert!(network.events(bob).is_empty(), "no ACK before the answer");
    network.command(alice, |endpoint, now| endpoint.answer(now, call, sdp("late-answer")));
    network.run_ms(20);
    assert_eq!(names(&network.events(bob)), ["Confirmed", "Answer late-answer"]);
    network.command(alice, |endpoint, now| endpoint.hangup(now, call, None));
    network.run_secs(60);
    network.assert_released();
    audit(&network);
}

#[test]
fn an_ack_without_the_answer_it_owes_ends_the_call() {
    let (mut network, _, bob) = alice_and_bob();
    let peer = network.peer("10.0.0.3:5060");
    network.say(peer, bob, &Request::new("INVITE").text());
    let session = incoming(&network.events(bob));
    network.command(bob, |endpoint, now| endpoint.answer(now, session, sdp("our-offer")));
    network.run_ms(10);
    let answer = inbox(&mut network, peer).pop().expect("the 200");
    let ack = Request { to: header(&answer, "To"), branch: "z9hG4bK-ack".to_owned(), ..Request::new("ACK") };
    network.say(peer, bob, &ack.text());
    let events = names(&network.events(bob));
    assert_eq!(events, ["Confirmed", "Ended unasked: the ACK brought no answer to our offer"]);
}

#[test]
fn both_hang_up_at_once() {
    let (mut network, alice, bob) = alice_and_bob();
    let (a, b) = connected(&mut network, alice, bob);
    network.command(alice, |endpoint, now| endpoint.hangup(now, a, None));
    network.command(bob, |endpoint, now| endpoint.hangup(now, b, None));
    network.run_secs(60);
    assert!(network.events(alice).is_empty() && network.events(bob).is_empty());
    network.assert_released();
    assert_eq!(network.ladder(), ["0>1 BYE", "1>0 BYE", "1>0 481 BYE", "0>1 481 BYE"]);
}

#[test]
fn a_caller_may_end_an_early_dialog_by_bye() {
    let (mut network, _, bob) = alice_and_bob();
    let peer = network.peer("10.0.0.3:5060");
    network.say(peer, bob, &Request::new("INVITE").text());
    let session = incoming(&network.events(bob));
    network.command(bob, |endpoint, now| endpoint.provisional(now, session, 180, None));
    network.run_ms(10);
    let ringing = inbox(&mut network, peer).pop().expect("the 180");
    let bye = Request { to: header(&ringing, "To"), cseq: 2, ..Request::new("BYE") };
    network.say(peer, bob, &bye.text());
    network.run_ms(10);
    assert_eq!(names(&network.events(bob)), ["Cancelled"]);
    assert_eq!(first_lines(&inbox(&mut network, peer)), ["SIP/2.0 200 OK", "SIP/2.0 487 Request Terminated"]);
}

#[test]
fn a_full_house_refuses_new_calls_and_lets_the_old_ones_end() {
    let mut network = crate::network::Network::new(1, Weather::FINE);
    let alice = network.endpoint(ALICE, trusting(&[BOB]));
    let bob = network.endpoint(BOB, Settings { sessions_max: 1, ..trusting(&[ALICE]) });
    let (a, _) = connected(&mut network, alice, bob);
    network.command(alice, |endpoint, now| endpoint.invite(now, invite_to(BOB)));
    network.run_ms(20);
    let events = network.events(alice);
    assert!(matches!(events.as_slice(), [Event::Failed { status: 503, retry_after: Some(_), .. }]), "{events:?}");
    network.command(alice, |endpoint, now| endpoint.hangup(now, a, None));
    network.run_ms(20);
    assert_eq!(names(&network.events(bob)), ["Ended by peer"]);
    network.command(alice, |endpoint, now| endpoint.invite(now, invite_to(BOB)));
    network.run_ms(20);
    assert_eq!(names(&network.events(bob)), ["Incoming"]);
}

#[test]
fn max_forwards_bounds_a_loop() {
    let (mut network, alice, bob) = alice_and_bob();
    network.command(alice, |endpoint, now| endpoint.invite(now, Invite { max_forwards: 0, ..invite_to(BOB) }));
    assert_eq!(names(&network.events(alice)), ["Failed 483"]);
    network.command(alice, |endpoint, now| endpoint.invite(now, Invite { max_forwards: 5, ..invite_to(BOB) }));
    network.run_ms(20);
    let events = network.events(bob);
    assert!(matches!(events.as_slice(), [Event::Incoming(incoming)] if incoming.max_forwards == 5));
}

#[test]
fn ringing_is_repeated_every_minute_for_the_proxies_between() {
    let (mut network, alice, bob) = alice_and_bob();
    let patient = Invite { ring_limit: Duration::from_secs(150), ..invite_to(BOB) };
    network.command(alice, |endpoint, now| endpoint.invite(now, patient));
    network.run_ms(20);
    let session = incoming(&network.events(bob));
    network.command(bob, |endpoint, now| endpoint.provisional(now, session, 180, None));
    network.run_secs(140);
    assert_eq!(names(&network.events(alice)), ["Provisional 180"; 3]);
}

#[test]
fn an_unregistered_device_fails_with_480() {
    let (mut network, alice, _) = alice_and_bob();
    let invite = Invite { target: Target::Device("1001".to_owned()), ..invite_to(BOB) };
    network.command(alice, |endpoint, now| endpoint.invite(now, invite));
    assert_eq!(names(&network.events(alice)), ["Failed 480"]);
}

#[test]
fn a_large_invite_goes_by_tcp_and_by_udp_where_nobody_listens() {
    for deaf in [false, true] {
        let (mut network, alice, bob) = alice_and_bob();
        network.hosts[bob].deaf_to_tcp = deaf;
        let headers = vec![("X-Long".to_owned(), "x".repeat(1_400))];
        let call = network.command(alice, |endpoint, now| endpoint.invite(now, Invite { headers, ..invite_to(BOB) }));
        network.run_ms(50);
        let session = incoming(&network.events(bob));
        network.command(bob, |endpoint, now| endpoint.answer(now, session, sdp("answer")));
        network.run_ms(50);
        assert_eq!(names(&network.events(alice)), ["Answered answer"]);
        let first = network.trace.first().expect("the INVITE");
        assert_eq!(first.transport, Transport::Tcp);
        network.command(alice, |endpoint, now| endpoint.hangup(now, call, None));
        network.run_secs(60);
        assert_eq!(names(&network.events(bob)), ["Confirmed", "Ended by peer"]);
        network.assert_released();
    }
}

#[test]
fn a_caller_may_say_how_long_it_waits() {
    let (mut network, _, bob) = alice_and_bob();
    let peer = network.peer("10.0.0.3:5060");
    network.say(peer, bob, &Request { more: "Expires: 9\n".to_owned(), ..Request::new("INVITE") }.text());
    network.run_ms(8_900);
    assert_eq!(names(&network.events(bob)), ["Incoming"]);
    network.run_ms(200);
    assert_eq!(names(&network.events(bob)), ["Cancelled"]);
    let answers = first_lines(&inbox(&mut network, peer));
    assert_eq!(answers, ["SIP/2.0 100 Trying", "SIP/2.0 487 Request Terminated"]);
}

#[test]
fn requests_within_a_call_follow_the_recorded_route() {
    let (mut network, _, bob) = alice_and_bob();
    let peer = network.peer("10.0.0.3:5060");
    let proxy = network.peer("10.0.0.4:5070");
    let more = "Record-Route: <sip:10.0.0.4:5070;lr>\n".to_owned();
    network.say(peer, bob, &Request { more, ..Request::new("INVITE") }.text());
    let session = incoming(&network.events(bob));
    network.command(bob, |endpoint, now| endpoint.answer(now, session, sdp("answer")));
    network.run_ms(10);
    let answer = inbox(&mut network, peer).pop().expect("the 200 goes back the way the INVITE came");
    assert_eq!(header(&answer, "Record-Route"), "<sip:10.0.0.4:5070;lr>");
    let ack = Request { to: header(&answer, "To"), branch: "z9hG4bK-ack".to_owned(), ..Request::new("ACK") };
    let body = String::from_utf8_lossy(&sdp("theirs")).replace("\r\n", "\n");
    let more = "Content-Type: application/sdp\n".to_owned();
    network.say(proxy, bob, &Request { more, body, ..ack }.text());
    network.command(bob, |endpoint, now| endpoint.hangup(now, session, None));
    network.run_ms(10);
    let bye = inbox(&mut network, proxy).pop().expect("the BYE goes by the proxy");
    assert!(bye.starts_with("BYE sip:carol@10.0.0.3:5060 SIP/2.0"), "{bye}");
    assert_eq!(header(&bye, "Route"), "<sip:10.0.0.4:5070;lr>");
}

#[test]
fn the_same_seed_plays_the_same_call_byte_for_byte() {
    let play = || {
        let (mut network, alice, bob) = alice_and_bob();
        let (a, _) = connected(&mut network, alice, bob);
        network.command(alice, |endpoint, now| endpoint.hangup(now, a, None));
        network.run_secs(60);
        network.trace.iter().map(|sent| sent.bytes.clone()).collect::<Vec<_>>()
    };
    assert_eq!(play(), play());
}

/// A response of a hand-written peer to a request it received.
pub fn reply(request: &str, status: &str, to_tag: &str, body: &str) -> String {
    let to = header(request, "To");
    let to = if to_tag.is_empty() || to.contains("tag=") { to } else { format!("{to};tag={to_tag}") };
    let sdp = if body.is_empty() { String::new() } else { String::from_utf8_lossy(&sdp(body)).into_owned() };
    let kind = if sdp.is_empty() { "" } else { "Content-Type: application/sdp\n" };
    let sdp = sdp.replace("\r\n", "\n");
    format!(
        "SIP/2.0 {status}\nVia: {}\nFrom: {}\nTo: {to}\nCall-ID: {}\nCSeq: {}\nContact: <sip:peer@10.0.0.3:5060>\n\
         {kind}Content-Length: {}\n\n{sdp}",
        header(request, "Via"),
        header(request, "From"),
        header(request, "Call-ID"),
        header(request, "CSeq"),
        sdp.len() + sdp.matches('\n').count(),
    )
}
