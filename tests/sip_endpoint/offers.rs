//! Offers within a call: hold and resume, collisions, and key presses between them.
//! Never about the content of a description.

use crate::audit::audit;
use crate::calls::reply;
use crate::wire::*;
use std::time::Duration;
use thirdring::model::Digit;

#[test]
fn a_call_is_held_and_resumed() {
    let (mut network, alice, bob) = alice_and_bob();
    let (a, b) = connected(&mut network, alice, bob);
    for word in ["hold", "resume"] {
        network.command(alice, |endpoint, now| endpoint.offer(now, a, sdp(word)));
        network.run_ms(20);
        assert_eq!(names(&network.events(bob)), [format!("Offered {word}")]);
        network.command(bob, |endpoint, now| endpoint.answer_offer(now, b, sdp("fine")));
        network.run_ms(20);
        assert_eq!(names(&network.events(alice)), ["OfferAnswered fine"]);
        assert!(network.events(bob).is_empty(), "Confirmed is said once a call");
    }
    network.command(bob, |endpoint, now| endpoint.hangup(now, b, None));
    network.run_secs(60);
    network.assert_released();
    audit(&network);
}

#[test]
fn a_refused_offer_leaves_the_call_as_it_was() {
    let (mut network, alice, bob) = alice_and_bob();
    let (a, b) = connected(&mut network, alice, bob);
    network.command(alice, |endpoint, now| endpoint.offer(now, a, sdp("video")));
    network.run_ms(20);
    network.command(bob, |endpoint, now| endpoint.refuse_offer(now, b, 488));
    network.run_ms(20);
    assert_eq!(names(&network.events(alice)), ["OfferRefused 488"]);
    let digit = Digit::new('5').expect("a key");
    network.command(alice, |endpoint, now| endpoint.info_digit(now, a, digit, Duration::from_millis(120)));
    network.run_ms(20);
    assert_eq!(names(&network.events(bob)), ["Offered video", "Digit 5 120"]);
}

#[test]
fn offers_that_meet_are_both_made_in_the_end() {
    let (mut network, alice, bob) = alice_and_bob();
    let (a, b) = connected(&mut network, alice, bob);
    network.command(alice, |endpoint, now| endpoint.offer(now, a, sdp("from-alice")));
    network.command(bob, |endpoint, now| endpoint.offer(now, b, sdp("from-bob")));
    let end = network.now + Duration::from_secs(30);
    network.run_until(end, |network, host, event| {
        if let thirdring::sip::Event::Offered { session, .. } = event {
            let session = *session;
            network.command(host, |endpoint, now| endpoint.answer_offer(now, session, sdp("fine")));
        }
    });
    assert_eq!(names(&network.events(alice)), ["Offered from-bob", "OfferAnswered fine"]);
    assert_eq!(names(&network.events(bob)), ["OfferAnswered fine", "Offered from-alice"]);
    audit(&network);
    let ladder = network.ladder();
    assert_eq!(ladder.iter().filter(|rung| rung.contains("491")).count(), 2, "{ladder:?}");
}

#[test]
fn a_second_offer_waits_and_only_the_newest_leaves() {
    let (mut network, alice, bob) = alice_and_bob();
    let (a, b) = connected(&mut network, alice, bob);
    for word in ["one", "two", "three"] {
        network.command(alice, |endpoint, now| endpoint.offer(now, a, sdp(word)));
    }
    let end = network.now + Duration::from_secs(2);
    network.run_until(end, |network, host, event| {
        if matches!(event, thirdring::sip::Event::Offered { .. }) {
            network.command(host, |endpoint, now| endpoint.answer_offer(now, b, sdp("fine")));
        }
    });
    assert_eq!(names(&network.events(bob)), ["Offered one", "Offered three"]);
    assert_eq!(names(&network.events(alice)), ["OfferAnswered fine", "OfferAnswered fine"]);
}

#[test]
fn an_offer_while_the_last_one_waits_for_its_answer_is_told_to_come_again() {
    let (mut network, _, bob, peer, to) = carol_calls_bob();
    let reinvite = |cseq, branch: &str| Request {
        to: to.clone(),
        cseq,
        branch: format!("z9hG4bK-{branch}"),
        more: "Content-Type: application/sdp\n".to_owned(),
        body: "v=0\ns=again\n".to_owned(),
        ..Request::new("INVITE")
    };
    network.say(peer, bob, &reinvite(2, "second").text());
    network.say(peer, bob, &reinvite(3, "third").text());
    network.run_ms(10);
    let answers = inbox(&mut network, peer);
    assert_eq!(first_lines(&answers), ["SIP/2.0 100 Trying", "SIP/2.0 500 Server Internal Error"]);
    assert!(header(&answers[1], "Retry-After").parse::<u32>().is_ok_and(|seconds| seconds <= 10));
    network.say(peer, bob, &reinvite(2, "late").text());
    network.run_ms(10);
    assert_eq!(first_lines(&inbox(&mut network, peer)), ["SIP/2.0 500 CSeq Out Of Order"]);
}

#[test]
fn an_update_is_an_offer_too_and_an_empty_one_only_refreshes() {
    let (mut network, _, bob, peer, to) = carol_calls_bob();
    let update = |cseq, body: &str| Request {
        to: to.clone(),
        cseq,
        branch: format!("z9hG4bK-update-{cseq}"),
        more: if body.is_empty() { String::new() } else { "Content-Type: application/sdp\n".to_owned() },
        body: body.to_owned(),
        ..Request::new("UPDATE")
    };
    network.say(peer, bob, &update(2, "").text());
    network.run_ms(10);
    assert_eq!(first_lines(&inbox(&mut network, peer)), ["SIP/2.0 200 OK"]);
    assert!(network.events(bob).is_empty());
    network.say(peer, bob, &update(3, "v=0\ns=new\n").text());
    let events = network.events(bob);
    assert_eq!(names(&events), ["Offered new"]);
    let thirdring::sip::Event::Offered { session, .. } = events[0] else { panic!("an offer") };
    network.command(bob, |endpoint, now| endpoint.answer_offer(now, session, sdp("fine")));
    network.run_ms(10);
    let answer = inbox(&mut network, peer).pop().expect("the 200");
    assert!(answer.starts_with("SIP/2.0 200") && answer.contains("s=fine"), "{answer}");
}

#[test]
fn an_update_the_owner_forgets_is_answered_before_the_peer_gives_up() {
    let (mut network, _, bob, peer, to) = carol_calls_bob();
    let update = Request {
        to,
        cseq: 2,
        more: "Content-Type: application/sdp\n".to_owned(),
        body: "v=0\n".to_owned(),
        ..Request::new("UPDATE")
    };
    network.say(peer, bob, &update.text());
    network.run_secs(25);
    assert_eq!(first_lines(&inbox(&mut network, peer)), ["SIP/2.0 500 Server Internal Error"]);
}

#[test]
fn a_peer_that_lost_the_dialog_ends_the_call() {
    let (mut network, alice, _) = alice_and_bob();
    let peer = network.peer("10.0.0.3:5060");
    let call = network.command(alice, |endpoint, now| endpoint.invite(now, invite_to("10.0.0.3:5060")));
    network.run_ms(10);
    let invite = inbox(&mut network, peer).remove(0);
    network.say(peer, alice, &reply(&invite, "200 OK", "p1", "answer"));
    network.events(alice);
    network.command(alice, |endpoint, now| endpoint.offer(now, call, sdp("hold")));
    network.run_ms(10);
    let reinvite = inbox(&mut network, peer).pop().expect("the re-INVITE");
    network.say(peer, alice, &reply(&reinvite, "481 Call Does Not Exist", "", ""));
    assert_eq!(names(&network.events(alice)), ["Ended unasked: the peer has lost the dialog"]);
    network.run_secs(60);
    network.assert_released();
}

#[test]
fn keys_arrive_in_order_whatever_the_network_does() {
    let (mut network, alice, bob) = alice_and_bob();
    let (a, _) = connected(&mut network, alice, bob);
    network.weather = crate::network::Weather { loss_percent: 20, duplicate_percent: 10, latency_ms: (1, 200) };
    for key in "0123456789*#".chars() {
        let digit = Digit::new(key).expect("a key");
        network.command(alice, |endpoint, now| endpoint.info_digit(now, a, digit, Duration::from_millis(100)));
    }
    network.run_secs(60);
    let keys: Vec<String> = "0123456789*#".chars().map(|key| format!("Digit {key} 100")).collect();
    assert_eq!(names(&network.events(bob)), keys);
    audit(&network);
}

/// Carol, written by hand, has a call with Bob; the To header of her further requests.
pub fn carol_calls_bob() -> (crate::network::Network, usize, usize, usize, String) {
    let (mut network, alice, bob) = alice_and_bob();
    let peer = network.peer("10.0.0.3:5060");
    let invite = Request {
        more: "Content-Type: application/sdp\n".to_owned(),
        body: "v=0\ns=offer\n".to_owned(),
        ..Request::new("INVITE")
    };
    network.say(peer, bob, &invite.text());
    let session = incoming(&network.events(bob));
    network.command(bob, |endpoint, now| endpoint.answer(now, session, sdp("answer")));
    network.run_ms(10);
    let answer = inbox(&mut network, peer).pop().expect("the 200");
    let to = header(&answer, "To");
    let ack = Request { to: to.clone(), branch: "z9hG4bK-ack".to_owned(), ..Request::new("ACK") };
    network.say(peer, bob, &ack.text());
    network.events(bob);
    inbox(&mut network, peer);
    (network, alice, bob, peer, to)
}
