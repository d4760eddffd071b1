//! Provisional responses with an acknowledgement of their own (100rel, PRACK), both ways. RFC 3262.

use crate::audit::audit;
use crate::calls::reply;
use crate::wire::*;

const CAROL: &str = "10.0.0.3:5060";

/// A reply with further headers, and a description if `word` is not empty.
fn reply_with(request: &str, status: &str, tag: &str, more: &str, word: &str) -> String {
    reply(request, status, tag, word).replacen("Content-Length", &format!("{more}Content-Length"), 1)
}

/// Carol's INVITE with these headers.
fn invite(more: &str) -> Request {
    let body = String::from_utf8_lossy(&sdp("offer")).replace("\r\n", "\n");
    let more = format!("{more}Content-Type: application/sdp\n");
    Request { more, body, ..Request::new("INVITE") }
}

fn prack(response: &str, rack: &str, branch: &str, cseq: u32) -> String {
    let more = format!("RAck: {rack}\n");
    let (branch, to) = (format!("z9hG4bK-{branch}"), header(response, "To"));
    Request { more, branch, to, cseq, ..Request::new("PRACK") }.text()
}

#[test]
fn early_media_between_two_who_know_it_is_reliable() {
    let (mut network, alice, bob) = alice_and_bob();
    let call = network.command(alice, |endpoint, now| endpoint.invite(now, invite_to(BOB)));
    network.run_ms(20);
    let session = incoming(&network.events(bob));
    network.command(bob, |endpoint, now| endpoint.provisional(now, session, 180, None));
    network.command(bob, |endpoint, now| endpoint.provisional(now, session, 183, Some(sdp("early"))));
    // The answer may not overtake the description.
    network.command(bob, |endpoint, now| endpoint.answer(now, session, sdp("answer")));
    network.run_ms(50);
    assert_eq!(names(&network.events(alice)), ["Provisional 180", "Provisional 183 early", "Answered answer"]);
    assert_eq!(names(&network.events(bob)), ["Confirmed"]);
    let ladder = network.ladder();
    let early = ["1>0 180 INVITE", "1>0 183 INVITE", "0>1 PRACK", "1>0 200 PRACK", "1>0 200 INVITE", "0>1 ACK"];
    assert_eq!(ladder[2..], early, "a bare 180 needs no PRACK");
    network.command(alice, |endpoint, now| endpoint.hangup(now, call, None));
    network.run_secs(60);
    network.assert_released();
    audit(&network);
}

#[test]
fn a_second_one_waits_for_the_first_ones_prack() {
    let (mut network, alice, bob) = alice_and_bob();
    network.command(alice, |endpoint, now| endpoint.invite(now, invite_to(BOB)));
    network.run_ms(20);
    let session = incoming(&network.events(bob));
    for word in ["one", "two", "three"] {
        network.command(bob, |endpoint, now| endpoint.provisional(now, session, 183, Some(sdp(word))));
    }
    network.run_ms(50);
    assert_eq!(names(&network.events(alice)), ["Provisional 183 one", "Provisional 183 three"]);
}

#[test]
fn it_is_repeated_until_the_call_is_given_up_with_504() {
    let (mut network, _, bob) = alice_and_bob();
    let carol = network.peer(CAROL);
    network.say(carol, bob, &invite("Require: 100rel\n").text());
    network.run_ms(20);
    let session = incoming(&network.events(bob));
    network.command(bob, |endpoint, now| endpoint.provisional(now, session, 180, None));
    network.run_secs(31);
    let lines = first_lines(&inbox(&mut network, carol));
    let rings = lines.iter().filter(|line| *line == "SIP/2.0 180 Ringing").count();
    assert_eq!(rings, 6, "at 0, 0.5, 1.5, 3.5, 7.5, 15.5 s: {lines:?}");
    network.run_secs(2);
    assert_eq!(first_lines(&inbox(&mut network, carol)).last().map(String::as_str), Some("SIP/2.0 504 No PRACK"));
    assert_eq!(names(&network.events(bob)), ["Cancelled 504"]);
}

#[test]
fn a_prack_that_names_nothing_is_refused_and_the_right_one_ends_the_repeating() {
    let (mut network, _, bob) = alice_and_bob();
    let carol = network.peer(CAROL);
    network.say(carol, bob, &invite("Supported: 100rel\n").text());
    network.run_ms(20);
    let session = incoming(&network.events(bob));
    network.command(bob, |endpoint, now| endpoint.provisional(now, session, 183, Some(sdp("early"))));
    network.run_ms(20);
    let ringing = inbox(&mut network, carol).pop().expect("it rings");
    let rseq: u32 = header(&ringing, "RSeq").parse().expect("a reliable response has a number");
    assert_eq!(header(&ringing, "Require"), "100rel");
    network.say(carol, bob, &prack(&ringing, &format!("{} 1 INVITE", rseq + 1), "wrong", 2));
    network.run_ms(20);
    assert_eq!(first_lines(&inbox(&mut network, carol)), ["SIP/2.0 481 Call/Transaction Does Not Exist"]);
    network.say(carol, bob, &prack(&ringing, &format!("{rseq} 1 INVITE"), "right", 3));
    network.run_ms(20);
    assert_eq!(first_lines(&inbox(&mut network, carol)), ["SIP/2.0 200 OK"]);
    network.run_secs(20);
    assert!(inbox(&mut network, carol).is_empty(), "it is not repeated any more");
    network.command(bob, |endpoint, now| endpoint.answer(now, session, sdp("answer")));
    network.run_ms(20);
    assert!(first_lines(&inbox(&mut network, carol)).contains(&"SIP/2.0 200 OK".to_owned()));
}

#[test]
fn a_caller_who_does_not_know_it_is_not_bothered() {
    let (mut network, _, bob) = alice_and_bob();
    let carol = network.peer(CAROL);
    network.say(carol, bob, &invite("").text());
    network.run_ms(20);
    let session = incoming(&network.events(bob));
    network.command(bob, |endpoint, now| endpoint.provisional(now, session, 183, Some(sdp("early"))));
    network.run_secs(10);
    let ringing = inbox(&mut network, carol);
    let last = ringing.last().expect("it rings");
    assert!(last.starts_with("SIP/2.0 183") && !last.contains("RSeq"), "{last}");
    assert_eq!(ringing.len(), 2, "100 and 183, once each");
}

#[test]
fn each_response_gets_one_prack_in_order_and_each_branch_its_own() {
    let (mut network, alice, _) = alice_and_bob();
    let carol = network.peer(CAROL);
    network.command(alice, |endpoint, now| endpoint.invite(now, invite_to(CAROL)));
    network.run_ms(20);
    let invite = inbox(&mut network, carol).remove(0);
    assert!(header(&invite, "Supported").contains("100rel"));
    let ring = |tag: &str, rseq: u32| {
        let more = format!("Require: 100rel\nRSeq: {rseq}\n");
        reply_with(&invite, "183 Session Progress", tag, &more, "early")
    };
    for (tag, rseq) in [("p1", 10), ("p1", 10), ("p1", 12), ("p2", 77), ("p1", 11), ("p1", 10)] {
        network.say(carol, alice, &ring(tag, rseq));
        network.run_ms(20);
    }
    let pracks = inbox(&mut network, carol);
    let named: Vec<(String, bool)> =
        pracks.iter().map(|text| (header(text, "RAck"), header(text, "To").contains("p1"))).collect();
    let cseq = header(&invite, "CSeq").replace(" INVITE", "");
    let rack = |rseq: u32| format!("{rseq} {cseq} INVITE");
    assert_eq!(named, [(rack(10), true), (rack(77), false), (rack(11), true)]);
    assert_eq!(network.events(alice).len(), 3, "a repeated or early one says nothing new");
}

#[test]
fn an_invite_without_offer_asks_for_none() {
    let (mut network, alice, _) = alice_and_bob();
    let carol = network.peer(CAROL);
    let late = thirdring::sip::Invite { sdp: None, ..invite_to(CAROL) };
    network.command(alice, |endpoint, now| endpoint.invite(now, late));
    network.run_ms(20);
    let invite = inbox(&mut network, carol).remove(0);
    assert_eq!(header(&invite, "Supported"), "timer");
}
