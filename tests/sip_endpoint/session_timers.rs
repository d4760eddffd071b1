//! Session timers: refreshes in time, ends where nobody refreshes, lives that are too short. RFC 4028.

use crate::audit::audit;
use crate::calls::reply;
use crate::network::Network;
use crate::wire::*;
use std::time::Duration;
use thirdring::sip::{Event, SessionId, Settings};

const CAROL: &str = "10.0.0.3:5060";

/// A reply with further headers.
fn reply_with(request: &str, status: &str, tag: &str, more: &str) -> String {
    reply(request, status, tag, "").replace("Content-Length", &format!("{more}Content-Length"))
}

/// A hand-written peer that Alice has called and that answered with these headers; its messages so far are read.
fn answered_by_carol(more: &str) -> (Network, usize, usize, SessionId, String) {
    let (mut network, alice, _) = alice_and_bob();
    let carol = network.peer(CAROL);
    let call = network.command(alice, |endpoint, now| endpoint.invite(now, invite_to(CAROL)));
    network.run_ms(20);
    let invite = inbox(&mut network, carol).remove(0);
    network.say(carol, alice, &reply_with(&invite, "200 OK", "p1", more));
    network.run_ms(20);
    assert_eq!(first_lines(&inbox(&mut network, carol)), ["ACK sip:peer@10.0.0.3:5060 SIP/2.0"]);
    network.events(alice);
    (network, alice, carol, call, invite)
}

#[test]
fn a_long_call_is_refreshed_by_update_and_goes_on() {
    let (mut network, alice, bob) = alice_and_bob();
    let (a, _) = connected(&mut network, alice, bob);
    network.run_secs(3_700);
    assert_eq!((network.events(alice).len(), network.events(bob).len()), (0, 0));
    let refresh = ["0>1 UPDATE", "1>0 200 UPDATE"];
    assert_eq!(network.ladder(), [refresh, refresh, refresh, refresh].concat(), "one each 900 s");
    network.command(alice, |endpoint, now| endpoint.hangup(now, a, None));
    network.run_secs(60);
    network.assert_released();
    audit(&network);
}

#[test]
fn our_invite_says_how_long_it_may_live() {
    let (_, _, _, _, invite) = answered_by_carol("");
    assert_eq!(header(&invite, "Session-Expires"), "1800");
    assert!(header(&invite, "Supported").contains("timer"), "{invite}");
    assert_eq!(header(&invite, "Min-SE"), "", "90 s is the RFC's own");
}

#[test]
fn a_peer_that_promised_to_refresh_and_does_not_is_hung_up_before_the_end() {
    let (mut network, alice, carol, _, _) = answered_by_carol("Session-Expires: 600;refresher=uas\nRequire: timer\n");
    network.run_secs(567);
    assert!(network.events(alice).is_empty() && inbox(&mut network, carol).is_empty());
    network.run_secs(2);
    assert_eq!(names(&network.events(alice)), ["Ended unasked: nobody refreshed the session"]);
    assert!(first_lines(&inbox(&mut network, carol))[0].starts_with("BYE "));
}

#[test]
fn a_peer_that_knows_no_timers_is_not_hung_up() {
    let (mut network, alice, carol, _, _) = answered_by_carol("");
    network.run_secs(8_000);
    assert!(network.events(alice).is_empty() && inbox(&mut network, carol).is_empty());
}

#[test]
fn a_peer_without_update_is_refreshed_by_the_owners_offer() {
    let (mut network, alice, carol, call, _) =
        answered_by_carol("Session-Expires: 600;refresher=uac\nAllow: INVITE, ACK, BYE\n");
    network.run_secs(301);
    assert_eq!(names(&network.events(alice)), ["Refresh"]);
    network.command(alice, |endpoint, now| endpoint.offer(now, call, sdp("the same")));
    network.run_ms(20);
    let again = inbox(&mut network, carol).remove(0);
    assert!(again.starts_with("INVITE "), "{again}");
    assert_eq!(header(&again, "Session-Expires"), "600;refresher=uac");
    network.say(carol, alice, &reply_with(&again, "200 OK", "p1", "Session-Expires: 600;refresher=uac\n"));
    network.run_secs(290);
    assert_eq!(names(&network.events(alice)), ["OfferAnswered "], "the life began anew");
}

#[test]
fn an_update_that_is_not_understood_becomes_an_offer() {
    let (mut network, alice, carol, _, _) =
        answered_by_carol("Session-Expires: 600;refresher=uac\nAllow: INVITE, ACK, BYE, UPDATE\n");
    network.run_secs(301);
    let update = inbox(&mut network, carol).remove(0);
    assert!(update.starts_with("UPDATE "), "{update}");
    assert_eq!(header(&update, "Session-Expires"), "600;refresher=uac");
    network.say(carol, alice, &reply(&update, "405 Method Not Allowed", "p1", ""));
    network.run_ms(20);
    assert_eq!(names(&network.events(alice)), ["Refresh"]);
}

#[test]
fn a_refresh_that_nobody_answers_ends_the_call() {
    let (mut network, alice, carol, _, _) =
        answered_by_carol("Session-Expires: 600;refresher=uac\nAllow: INVITE, ACK, BYE, UPDATE\n");
    network.run_secs(300 + 33);
    assert_eq!(names(&network.events(alice)), ["Ended unasked: no answer to a refresh"]);
    let last = first_lines(&inbox(&mut network, carol)).pop();
    assert!(last.is_some_and(|line| line.starts_with("BYE ")));
}

#[test]
fn a_life_that_is_too_short_is_refused_with_the_least_that_is_taken() {
    let (mut network, _, bob) = alice_and_bob();
    let carol = network.peer(CAROL);
    let ask = |more: &str, branch: &str| {
        let more = format!("{more}Supported: timer\n");
        let branch = format!("z9hG4bK-{branch}");
        let call_id = branch.clone();
        Request { more, branch, call_id, ..Request::new("INVITE") }.text()
    };
    network.say(carol, bob, &ask("Session-Expires: 30\n", "1"));
    network.run_ms(20);
    let refused = inbox(&mut network, carol).remove(0);
    assert!(refused.starts_with("SIP/2.0 422 "), "{refused}");
    assert_eq!(header(&refused, "Min-SE"), "90");
    network.say(carol, bob, &ask("Session-Expires: 120;refresher=uas\n", "2"));
    network.run_ms(20);
    let session = incoming(&network.events(bob));
    network.command(bob, |endpoint, now| endpoint.answer(now, session, sdp("answer")));
    network.run_ms(20);
    let answers = inbox(&mut network, carol);
    let answer = answers.iter().find(|text| text.starts_with("SIP/2.0 200")).expect("it is answered");
    assert_eq!(header(answer, "Session-Expires"), "120;refresher=uas");
    assert_eq!(header(answer, "Require"), "", "only a refreshing caller is required to know timers");
}

#[test]
fn a_longer_life_is_asked_for_once() {
    let (mut network, alice, _) = alice_and_bob();
    let carol = network.peer(CAROL);
    network.command(alice, |endpoint, now| endpoint.invite(now, invite_to(CAROL)));
    network.run_ms(20);
    let first = inbox(&mut network, carol).remove(0);
    network.say(carol, alice, &reply_with(&first, "422 Session Interval Too Small", "p1", "Min-SE: 3600\n"));
    network.run_ms(20);
    let letters = inbox(&mut network, carol);
    let second = letters.into_iter().find(|text| text.starts_with("INVITE ")).expect("it is asked again");
    assert_eq!((header(&second, "Session-Expires"), header(&second, "Min-SE")), ("3600".into(), "3600".into()));
    assert_eq!(header(&second, "Call-ID"), header(&first, "Call-ID"));
    network.say(carol, alice, &reply_with(&second, "422 Session Interval Too Small", "p2", "Min-SE: 7200\n"));
    network.run_ms(20);
    assert_eq!(names(&network.events(alice)), ["Failed 422"]);
}

#[test]
fn an_endpoint_may_do_without_timers() {
    let mut network = Network::new(1, crate::network::Weather::FINE);
    let silent = Settings { session_expires: Duration::ZERO, ..trusting(&[BOB]) };
    let alice = network.endpoint(ALICE, silent);
    let bob = network.endpoint(BOB, Settings { session_expires: Duration::ZERO, ..trusting(&[ALICE]) });
    connected(&mut network, alice, bob);
    network.run_secs(8_000);
    let (alice_heard, bob_heard): (Vec<Event>, Vec<Event>) = (network.events(alice), network.events(bob));
    assert!(alice_heard.is_empty() && bob_heard.is_empty());
    assert_eq!(network.ladder(), Vec::<String>::new());
}
