//! Phones that speak another language, dial nonsense, guess passwords or send garbage: each gets its defined answer.

use std::net::SocketAddr;

use thirdring::center::admin::{AdminCommand, AdminReply};
use thirdring::center::event::{AgentWord, EventKind};

use crate::support::house::{AGENTS, CALLERS};
use crate::support::network::Weather;
use crate::support::{House, MINJI, secs};

/// Somebody on the carrier's machine, but no telephone of ours.
fn oddity() -> SocketAddr {
    SocketAddr::new(CALLERS.ip(), 7_070)
}

fn invite(number: &str, call_id: &str, sdp: &str) -> String {
    let oddity = oddity();
    format!(
        "INVITE sip:{number}@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {oddity};branch=z9hG4bK-{call_id}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:{MINJI}@{oddity}>;tag=1\r\nTo: <sip:{number}@10.0.0.1>\r\n\
         Call-ID: {call_id}\r\nCSeq: 1 INVITE\r\nContact: <sip:{MINJI}@{oddity}>\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    )
}

fn sdp(formats: &str) -> String {
    format!("v=0\r\no=- 1 1 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 10.0.0.2\r\nt=0 0\r\nm=audio 9000 RTP/AVP {formats}\r\n")
}

/// The final answers that the oddity got.
fn finals(house: &House) -> Vec<u16> {
    let letters = house.letters_to(oddity());
    let status = |text: &&str| text.get(8..11).and_then(|digits| digits.parse::<u16>().ok());
    let mut finals: Vec<u16> = letters.iter().filter_map(status).filter(|status| *status >= 200).collect();
    finals.dedup();
    finals
}

#[test]
fn without_a_common_codec_the_answer_is_488_and_says_why() {
    let mut house = House::open();
    house.stranger_sends(oddity(), &invite("1300", "g729", &sdp("18")));
    assert_eq!(finals(&house), [488]);
    let letters = house.letters_to(oddity());
    assert!(letters.iter().any(|text| text.contains("\r\nWarning: ") && text.contains("PCMU and PCMA")), "{letters:?}");
    house.wait(secs(70));
    house.night_falls();
    assert_eq!(house.count(|kind| matches!(kind, EventKind::CallRefused { status: 488, .. })), 1);
}

#[test]
fn a_broken_session_description_is_refused() {
    let mut house = House::open();
    house.stranger_sends(oddity(), &invite("1300", "broken", "this is no session"));
    let finals = finals(&house);
    assert!(matches!(finals.as_slice(), [400 | 488]), "{finals:?}");
    house.night_falls();
}

#[test]
fn an_unknown_number_is_404() {
    let mut house = House::open();
    house.caller(MINJI).dials("4711");
    house.wait(secs(1));
    assert_eq!(house.caller(MINJI).book().failed, Some(404));
    house.night_falls();
}

#[test]
fn who_dials_nonsense_or_speaks_another_language_costs_no_port() {
    // Two ports: a call that took one would leave it resting for two seconds.
    let mut house = House::with(1, |config| {
        config.media.threads = 1;
        config.media.port_last = config.media.port_first + 1;
    });
    for wrong in 0..3 {
        house.stranger_sends(oddity(), &invite("4711", &format!("wrong-{wrong}"), &sdp("8")));
        house.stranger_sends(oddity(), &invite("9196", &format!("g729-{wrong}"), &sdp("18")));
    }
    house.caller(MINJI).dials("9196");
    house.wait(secs(2));
    house.caller(MINJI).hears_voice_of(MINJI);
    house.caller(MINJI).hangs_up();
    house.wait(secs(40));
    house.night_falls();
    let refused = |status| house.count(|kind| matches!(kind, EventKind::CallRefused { status: s, .. } if *s == status));
    assert_eq!((refused(404), refused(488), refused(503)), (3, 3, 0));
}

#[test]
fn a_caller_from_outside_reaches_no_trunk() {
    let mut house = House::open();
    house.caller(MINJI).dials("0612800600");
    house.wait(secs(1));
    assert_eq!(house.caller(MINJI).book().failed, Some(404));
    house.night_falls();
}

#[test]
fn a_wrong_password_is_refused_and_guessing_gets_slower() {
    let mut house = House::open();
    house.agent("201").registers_with("guess");
    house.wait(secs(1));
    assert_ne!(house.agents.registrations.get("201").map(|(ok, _)| *ok), Some(true));
    assert!(house.count(|kind| matches!(kind, EventKind::AuthFailed { .. })) >= 1, "{}", house.story());
    house.wait(secs(120));
    // How long each refusal took: from the request with credentials to its answer.
    let mut waits: Vec<u128> = Vec::new();
    let mut branches: Vec<&str> = Vec::new();
    for request in house.wire.iter().filter(|letter| {
        letter.from == AGENTS && letter.text.starts_with("REGISTER ") && letter.text.contains("\r\nAuthorization:")
    }) {
        let branch = request.text.split("branch=").nth(1).and_then(|rest| rest.split([';', '\r']).next());
        let branch = branch.expect("every request has a branch");
        if branches.contains(&branch) {
            continue;
        }
        branches.push(branch);
        let answer = house
            .wire
            .iter()
            .find(|letter| letter.to == AGENTS && letter.text.contains(branch) && letter.text.starts_with("SIP/2.0 4"));
        if let Some(answer) = answer {
            waits.push(answer.at.since(request.at).as_millis());
        }
    }
    assert!(waits.len() >= 3, "{waits:?}");
    assert!(waits.last() > waits.first(), "{waits:?}");
    assert_eq!(house.center.sip_counts().registrations, 0);
}

#[test]
fn garbage_is_answered_or_dropped_and_harms_nobody() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.connects(MINJI, "201");
    let good = invite("1300", "odd", &sdp("0"));
    house.stranger_sends(oddity(), "\r\n\r\n");
    house.stranger_sends(oddity(), "INVITE\r\n\r\n");
    house.stranger_sends(oddity(), &good.replace("CSeq: 1 INVITE", "CSeq: 1 BYE"));
    house.stranger_sends(oddity(), &good.replace("Max-Forwards: 70", "Max-Forwards: 0").replace("odd", "odd2"));
    house.stranger_sends(oddity(), &good.replace("Call-ID: odd\r\n", ""));
    house.stranger_sends(oddity(), &good.replace("SIP/2.0\r\n", "SIP/7.0\r\n").replace("odd", "odd3"));
    let statuses = finals(&house);
    assert!(statuses.contains(&400), "{statuses:?}");
    assert!(statuses.contains(&483), "{statuses:?}");
    assert!(statuses.iter().all(|status| (400..=599).contains(status)), "{statuses:?}");
    house.caller(MINJI).hears_voice_of("201");
    house.night_falls();
}

#[test]
fn an_unknown_address_is_asked_who_it_is() {
    let mut house = House::open();
    let stranger: SocketAddr = "192.0.2.66:5060".parse().expect("an address");
    let text = invite("1300", "who", &sdp("0")).replace(&oddity().to_string(), &stranger.to_string());
    house.stranger_sends(stranger, &text);
    let letters = house.letters_to(stranger);
    assert!(
        letters.iter().any(|text| text.starts_with("SIP/2.0 401") || text.starts_with("SIP/2.0 403")),
        "{letters:?}"
    );
    house.wait(secs(40));
    house.night_falls();
    assert_eq!(house.count(|kind| matches!(kind, EventKind::CallReceived { .. })), 0);
}

#[test]
fn an_offer_that_comes_late_is_taken_from_the_ack() {
    let mut house = House::open();
    let text = invite("9196", "late", "").replace("Content-Type: application/sdp\r\n", "");
    house.stranger_sends(oddity(), &text);
    let letters = house.letters_to(oddity());
    let answer = letters.iter().find(|text| text.starts_with("SIP/2.0 200")).expect("answered with our offer");
    assert!(answer.contains("m=audio "), "{answer}");
    let tag = answer.split("\r\nTo:").nth(1).and_then(|rest| rest.split("tag=").nth(1));
    let tag = tag.and_then(|rest| rest.split(['\r', ';']).next()).expect("a tag of ours").to_owned();
    let contact = answer.split("\r\nContact: <").nth(1).and_then(|rest| rest.split('>').next());
    let contact = contact.expect("a contact of ours").to_owned();
    let body = sdp("0");
    let within = |method: &str, number: u32, body: &str| {
        let oddity = oddity();
        let content = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        format!(
            "{method} {contact} SIP/2.0\r\nVia: SIP/2.0/UDP {oddity};branch=z9hG4bK-{method}{number}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{MINJI}@{oddity}>;tag=1\r\nTo: <sip:9196@10.0.0.1>;tag={tag}\r\n\
             Call-ID: late\r\nCSeq: {number} {method}\r\n{content}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let (ack, bye) = (within("ACK", 1, &body), within("BYE", 2, ""));
    house.stranger_sends(oddity(), &ack);
    house.wait(secs(1));
    house.stranger_sends(oddity(), &bye);
    house.wait(secs(1));
    assert_eq!(finals(&house), [200]);
    house.night_falls();
}

#[test]
fn an_agent_whose_phone_falls_silent_is_offered_nobody_until_it_is_back() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.network.sip = Weather::losing(1.0);
    let away = |house: &House| {
        let agent = house.board.agents.iter().find(|agent| agent.name == "a-201");
        agent.is_some_and(|agent| agent.state == AgentWord::Away && agent.reason.as_deref() == Some("no_phone"))
    };
    house.wait_until("the registration has run out", secs(400), away);
    house.network.sip = Weather::FAIR;
    let back = |house: &House| house.board.agents.iter().any(|a| a.name == "a-201" && a.state == AgentWord::Available);
    house.wait_until("the phone has registered again", secs(400), back);
    house.connects(MINJI, "201");
    house.night_falls();
}

#[test]
fn who_guesses_passwords_is_banned_until_somebody_lifts_it() {
    let mut house = House::with(1, |config| config.security.ban_after = 3);
    for _ in 0..3 {
        house.agent("201").registers_with("guess");
        house.wait(secs(40));
    }
    assert_eq!(house.count(|kind| matches!(kind, EventKind::SourceBanned { .. })), 1, "{}", house.story());
    house.agent("202").registers();
    house.wait(secs(2));
    assert!(house.board.agents.iter().all(|agent| !agent.phone_registered), "not even the right password is heard");
    let source = AGENTS.ip();
    let Ok(AdminReply::Bans { bans }) = house.ask(AdminCommand::Bans) else { panic!("bans can be listed") };
    assert!(bans.len() == 1 && bans[0].source == source && bans[0].dropped > 0, "{bans:?}");
    assert_eq!(house.ask(AdminCommand::LiftBan { source }), Ok(AdminReply::Bans { bans: Vec::new() }));
    assert!(house.ask(AdminCommand::LiftBan { source }).is_err());
    house.agent("203").registers();
    house.wait(secs(2));
    house.agent("203").has_registered();
}

#[test]
fn an_office_in_which_one_phone_has_an_old_password_is_not_silenced() {
    let mut house = House::with(1, |config| config.security.ban_after = 3);
    house.at_work(&["202"]);
    for _ in 0..5 {
        house.agent("201").registers_with("guess");
        house.wait(secs(40));
    }
    assert_eq!(house.count(|kind| matches!(kind, EventKind::SourceBanned { .. })), 0);
    house.connects(MINJI, "202");
    house.night_falls();
}
