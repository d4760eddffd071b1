//! REFER within a call: asked, accepted, told about truthfully, refused.
//! Never dials; the owner would.

use crate::audit::audit;
use crate::offers::carol_calls_bob;
use crate::wire::*;
use thirdring::sip::Event;

fn refer_of(events: &[Event]) -> (thirdring::sip::SessionId, thirdring::sip::ReferId) {
    let Some(Event::Refer { session, refer, .. }) = events.first() else { panic!("no Refer in {events:?}") };
    (*session, *refer)
}

#[test]
fn a_transfer_is_told_about_until_its_end() {
    let (mut network, alice, bob) = alice_and_bob();
    let (a, _) = connected(&mut network, alice, bob);
    network.command(alice, |endpoint, now| endpoint.refer(now, a, "sip:carol@10.0.0.3"));
    network.run_ms(20);
    let events = network.events(bob);
    assert_eq!(names(&events), ["Refer sip:carol@10.0.0.3"]);
    let (session, refer) = refer_of(&events);
    network.command(bob, |endpoint, now| endpoint.accept_refer(now, session, refer));
    network.command(bob, |endpoint, now| endpoint.notify_refer(now, session, refer, 180, false));
    network.run_ms(50);
    network.command(bob, |endpoint, now| endpoint.notify_refer(now, session, refer, 200, true));
    network.command(bob, |endpoint, now| endpoint.notify_refer(now, session, refer, 200, true));
    network.run_ms(50);
    assert_eq!(names(&network.events(alice)), ["ReferProgress 100", "ReferProgress 180", "ReferProgress 200 last"]);
    network.command(alice, |endpoint, now| endpoint.hangup(now, a, None));
    network.run_secs(60);
    network.assert_released();
    audit(&network);
    let notifies: Vec<String> = network
        .trace
        .iter()
        .map(|sent| String::from_utf8_lossy(&sent.bytes).into_owned())
        .filter(|text| text.starts_with("NOTIFY"))
        .collect();
    assert_eq!(notifies.len(), 3);
    assert!(notifies[0].ends_with("\r\n\r\nSIP/2.0 100 Trying\r\n"), "{}", notifies[0]);
    assert_eq!(header(&notifies[0], "Subscription-State"), "active;expires=180");
    assert_eq!(header(&notifies[2], "Subscription-State"), "terminated;reason=noresource");
    assert_eq!(header(&notifies[2], "Event"), "refer");
}

#[test]
fn a_refused_transfer_is_over_at_once() {
    let (mut network, alice, bob) = alice_and_bob();
    let (a, _) = connected(&mut network, alice, bob);
    network.command(alice, |endpoint, now| endpoint.refer(now, a, "sip:carol@10.0.0.3"));
    network.run_ms(20);
    let (session, refer) = refer_of(&network.events(bob));
    network.command(bob, |endpoint, now| endpoint.refuse_refer(now, session, refer, 603));
    network.run_ms(20);
    assert_eq!(names(&network.events(alice)), ["ReferProgress 603 last"]);
}

#[test]
fn a_transfer_nobody_decides_is_refused_and_one_nobody_tells_about_is_given_up() {
    let (mut network, alice, bob) = alice_and_bob();
    let (a, _) = connected(&mut network, alice, bob);
    network.command(alice, |endpoint, now| endpoint.refer(now, a, "sip:carol@10.0.0.3"));
    network.run_secs(30);
    assert_eq!(names(&network.events(alice)), ["ReferProgress 500 last"]);
}

#[test]
fn a_call_that_ends_answers_what_it_left_open() {
    let (mut network, alice, bob) = alice_and_bob();
    let (a, b) = connected(&mut network, alice, bob);
    network.command(alice, |endpoint, now| endpoint.refer(now, a, "sip:carol@10.0.0.3"));
    network.run_ms(20);
    let (session, refer) = refer_of(&network.events(bob));
    network.command(bob, |endpoint, now| endpoint.hangup(now, b, None));
    network.command(bob, |endpoint, now| endpoint.accept_refer(now, session, refer));
    network.run_secs(60);
    assert_eq!(names(&network.events(alice)), ["Ended by peer"]);
    network.assert_released();
    audit(&network);
}

#[test]
fn a_refer_must_name_one_target_that_can_be_called() {
    let (mut network, _, bob, peer, to) = carol_calls_bob();
    let refer = |cseq: u32, more: &str| {
        let branch = format!("z9hG4bK-refer-{cseq}");
        Request { to: to.clone(), cseq, branch, more: more.to_owned(), ..Request::new("REFER") }.text()
    };
    network.say(peer, bob, &refer(2, ""));
    network.say(peer, bob, &refer(3, "Refer-To: <sip:a@b>\nRefer-To: <sip:c@d>\n"));
    network.say(peer, bob, &refer(4, "Refer-To: <http://example.com>\n"));
    network.run_ms(10);
    let lines = first_lines(&inbox(&mut network, peer));
    assert!(lines[0].starts_with("SIP/2.0 400 ") && lines[1].starts_with("SIP/2.0 400 "), "{lines:?}");
    assert_eq!(lines[2], "SIP/2.0 416 Unsupported URI Scheme");
    network.say(
        peer,
        bob,
        &refer(5, "Refer-To: <sip:1002@pbx.example?Replaces=a%40b%3Bto-tag%3D1>\nReferred-By: <sip:c@d>\n"),
    );
    let events = network.events(bob);
    let [Event::Refer { target, referred_by, .. }] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(
        (target.uri.as_str(), target.user.as_str(), target.host.as_str()),
        ("sip:1002@pbx.example", "1002", "pbx.example")
    );
    assert_eq!(target.replaces.as_deref(), Some("a@b;to-tag=1"));
    assert_eq!(referred_by.as_deref(), Some("<sip:c@d>"));
}

#[test]
fn a_notify_about_nothing_is_481_and_about_something_else_489() {
    let (mut network, _, bob, peer, to) = carol_calls_bob();
    let notify = |cseq: u32, event: &str| Request {
        to: to.clone(),
        cseq,
        branch: format!("z9hG4bK-notify-{cseq}"),
        more: format!("Event: {event}\nSubscription-State: active\nContent-Type: message/sipfrag\n"),
        body: "SIP/2.0 200 OK\n".to_owned(),
        ..Request::new("NOTIFY")
    };
    network.say(peer, bob, &notify(2, "refer").text());
    network.say(peer, bob, &notify(3, "presence").text());
    network.run_ms(10);
    assert_eq!(
        first_lines(&inbox(&mut network, peer)),
        ["SIP/2.0 481 Call/Transaction Does Not Exist", "SIP/2.0 489 Bad Event"]
    );
}

#[test]
fn the_last_word_about_a_transfer_leaves_before_the_bye() {
    let (mut network, alice, bob) = alice_and_bob();
    let (a, _) = connected(&mut network, alice, bob);
    network.command(alice, |endpoint, now| endpoint.refer(now, a, "sip:carol@10.0.0.3"));
    network.run_ms(20);
    let (session, refer) = refer_of(&network.events(bob));
    network.ladder();
    network.command(bob, |endpoint, now| endpoint.accept_refer(now, session, refer));
    network.command(bob, |endpoint, now| endpoint.notify_refer(now, session, refer, 200, true));
    network.command(bob, |endpoint, now| endpoint.hangup(now, session, None));
    network.run_ms(100);
    assert_eq!(names(&network.events(alice)), ["ReferProgress 100", "ReferProgress 200 last", "Ended by peer"]);
    assert!(network.events(bob).is_empty(), "who hung up knows it");
    let ladder = network.ladder();
    let sent: Vec<&str> = ladder.iter().map(String::as_str).filter(|rung| rung.starts_with("1>0 ")).collect();
    assert_eq!(sent, ["1>0 202 REFER", "1>0 NOTIFY", "1>0 NOTIFY", "1>0 BYE"]);
    network.run_secs(60);
    network.assert_released();
    audit(&network);
}

#[test]
fn a_dialog_is_found_by_the_name_that_its_peer_gives_it() {
    let (mut network, alice, bob) = alice_and_bob();
    let (a, b) = connected(&mut network, alice, bob);
    let name = network.command(alice, |endpoint, _| endpoint.name_of(a)).expect("the call stands");
    let found = |network: &mut crate::network::Network, name: &str| {
        let name = name.to_owned();
        network.command(bob, move |endpoint, _| endpoint.session_named(&name))
    };
    assert_eq!(found(&mut network, &name), Some(b));
    assert_eq!(found(&mut network, &name.replace("to-tag", "From-Tag").replacen("from-tag", "TO-TAG", 1)), None);
    for wrong in ["", ";", "nobody", &name.replace(';', "x;"), name.split(';').next().expect("a Call-ID")] {
        assert_eq!(found(&mut network, wrong), None, "{wrong}");
    }
    network.command(alice, |endpoint, now| endpoint.hangup(now, a, None));
    network.run_ms(50);
    assert_eq!(found(&mut network, &name), None, "it is over");
}
