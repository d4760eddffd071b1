//! Hold: the caller hears music, not silence; afterwards both hear each other again.

use thirdring::center::event::EventKind;

use crate::support::house::{AGENTS, SERVER};
use crate::support::{House, MINJI, secs};

#[test]
fn the_caller_hears_music_while_on_hold_and_the_agent_again_afterwards() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.connects(MINJI, "201");
    house.agent("201").holds();
    house.wait(secs(3));
    house.caller(MINJI).hears_music();
    house.agent("201").resumes();
    house.wait(secs(1));
    house.caller(MINJI).hears_voice_of("201");
    house.agent("201").hears_voice_of(MINJI);
    house.caller(MINJI).hangs_up();
    house.night_falls();
    let (held, resumed) = (
        house.count(|kind| matches!(kind, EventKind::CallHeld { .. })),
        house.count(|kind| matches!(kind, EventKind::CallResumed { .. })),
    );
    assert_eq!((held, resumed), (1, 1));
    let record = house.ledger.records()[0];
    assert!(record.held_ms.abs_diff(3_000) < 20, "held for {} ms", record.held_ms);
}

#[test]
fn a_long_hold_is_not_taken_for_a_dead_line() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.connects(MINJI, "201");
    house.agent("201").holds();
    house.wait(secs(60));
    house.caller(MINJI).hears_music();
    house.agent("201").resumes();
    house.wait(secs(1));
    house.caller(MINJI).hears_voice_of("201");
    house.night_falls();
    assert_eq!(house.count(|kind| matches!(kind, EventKind::MediaLost { .. })), 0);
}

#[test]
fn a_caller_who_holds_finds_the_agent_again() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.connects(MINJI, "201");
    house.caller(MINJI).holds();
    house.wait(secs(2));
    house.agent("201").hears_music();
    house.wait(secs(60));
    house.agent("201").hears_music();
    house.caller(MINJI).resumes();
    house.wait(secs(1));
    house.caller(MINJI).hears_voice_of("201");
    house.agent("201").hears_voice_of(MINJI);
    house.caller(MINJI).hangs_up();
    house.night_falls();
    let record = house.ledger.records()[0];
    assert!(record.held_ms.abs_diff(62_000) < 20, "held for {} ms", record.held_ms);
    assert_eq!(house.count(|kind| matches!(kind, EventKind::MediaLost { .. })), 0);
}

#[test]
fn when_both_hold_each_waits_with_music_for_the_other() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.connects(MINJI, "201");
    house.agent("201").holds();
    house.wait(secs(1));
    house.caller(MINJI).holds();
    house.wait(secs(1));
    house.agent("201").resumes();
    house.wait(secs(2));
    house.agent("201").hears_music();
    house.caller(MINJI).resumes();
    house.wait(secs(1));
    house.caller(MINJI).hears_voice_of("201");
    house.agent("201").hears_voice_of(MINJI);
    house.night_falls();
}

#[test]
fn an_agent_who_hangs_up_while_holding_ends_the_call_politely() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.connects(MINJI, "201");
    house.agent("201").holds();
    house.wait(secs(2));
    house.agent("201").hangs_up();
    let hung_up = house.now();
    house.wait(secs(6));
    house.caller(MINJI).heard_clip("ko/system/closing", hung_up);
    house.night_falls();
}

/// The value of a header in a message.
fn header<'m>(message: &'m str, name: &str) -> &'m str {
    let line = message.lines().find(|line| line.to_lowercase().starts_with(&format!("{}:", name.to_lowercase())));
    line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim()).expect("every request has this header")
}

/// The agent's phone asks with a re-INVITE that carries no offer, takes ours, and answers it in the ACK with `direction`
/// (RFC 3264 5, RFC 3261 14.1).
fn changes_by_late_answer(house: &mut House, cseq: u32, direction: &str) {
    let is_answer = |text: &str| text.starts_with("SIP/2.0 200") && header(text, "cseq").ends_with("INVITE");
    let answered = house.wire.iter().rev().find(|letter| letter.from == AGENTS && is_answer(&letter.text));
    let answered = answered.expect("the agent has answered").text.clone();
    let (from, to, call) = (header(&answered, "to"), header(&answered, "from"), header(&answered, "call-id"));
    let request = |method: &str, branch: &str, body: &str| {
        let length = body.len();
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        format!(
            "{method} sip:thirdring@{SERVER} SIP/2.0\r\nVia: SIP/2.0/UDP {AGENTS};branch=z9hG4bK{branch}{cseq}\r\n\
             Max-Forwards: 70\r\nFrom: {from}\r\nTo: {to}\r\nCall-ID: {call}\r\nCSeq: {cseq} {method}\r\n\
             Contact: <sip:201@{AGENTS}>\r\n{kind}Content-Length: {length}\r\n\r\n{body}"
        )
    };
    let sent = house.wire.len();
    house.stranger_sends(AGENTS, &request("INVITE", "invite", ""));
    let offered = house.wire.iter().skip(sent).any(|letter| letter.from == SERVER && is_answer(&letter.text));
    assert!(offered, "the server makes the offer in its 200");
    let media = house.agents.media;
    let body = answered.split("\r\n\r\n").nth(1).expect("the first answer had a body");
    let port = body.lines().find_map(|line| line.strip_prefix("m=audio ")).and_then(|rest| rest.split(' ').next());
    let port = port.expect("the first answer named a port");
    let sdp = format!(
        "v=0\r\no=- 1 {cseq} IN IP4 {media}\r\ns=-\r\nc=IN IP4 {media}\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP 0\r\na={direction}\r\n"
    );
    house.stranger_sends(AGENTS, &request("ACK", "ack", &sdp));
}

#[test]
fn a_hold_by_a_re_invite_without_an_offer_is_a_hold_too() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.connects(MINJI, "201");
    changes_by_late_answer(&mut house, 9_001, "sendonly");
    house.wait(secs(3));
    assert_eq!(house.count(|kind| matches!(kind, EventKind::CallHeld { .. })), 1, "{}", house.story());
    house.caller(MINJI).hears_music();
    changes_by_late_answer(&mut house, 9_002, "sendrecv");
    house.wait(secs(1));
    assert_eq!(house.count(|kind| matches!(kind, EventKind::CallResumed { .. })), 1, "{}", house.story());
    house.caller(MINJI).hears_voice_of("201");
    house.caller(MINJI).hangs_up();
    house.night_falls();
}
