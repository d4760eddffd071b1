//! Before a caller is given to somebody else, the caller hears to whom and which number to call should the line drop;
//! and the agent who transfers is told the truth.

use thirdring::center::event::{EventKind, Promise, TransferBack, Verdict};
use thirdring::ivr::speech;
use thirdring::model::{Clip, Language, Moment};
use thirdring::phone::PhoneId;

use crate::support::network::Party;
use crate::support::{House, MINJI, Manner, millis, secs};

/// The charter's sentence for 정한결 of 국내우편부, direct number 205.
fn sentence() -> Vec<Clip> {
    let directory = |words| Some(speech::directory_clip(Language::Korean, words));
    speech::transfer_announcement(Language::Korean, directory("국내우편부"), directory("정한결"), "205")
}

/// The statuses of all NOTIFYs, and when the target's phone began to ring.
fn told(house: &mut House, agent: &str) -> Vec<u16> {
    let mut statuses: Vec<u16> = house.agent(agent).book().transfer.iter().map(|(_, status, _)| *status).collect();
    statuses.dedup();
    statuses
}

fn in_conversation() -> House {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.connects(MINJI, "201");
    house
}

#[test]
fn the_caller_hears_department_name_and_number_before_the_target_rings() {
    let mut house = in_conversation();
    house.at_work(&["205"]);
    house.agent("201").transfers_to("205");
    let asked = house.now();
    house.wait(secs(3));
    house.agent("201").hears_silence();
    let rings = |house: &House| house.agents.phones.values().any(|phone| phone.user == "205");
    let rang = house.wait_until("the colleague's phone rings", secs(40), rings);
    house.wait(millis(500));
    let first_word = house.caller(MINJI).heard_words(&sentence(), asked);
    assert!(first_word > asked && first_word < rang);
    house.agent("205").rings();
    house.wait(secs(2));
    house.agent("205").answers();
    house.wait(secs(1));
    house.caller(MINJI).hears_voice_of("205");
    house.agent("205").hears_voice_of(MINJI);
    assert_eq!(told(&mut house, "201"), [100, 180, 200]);
    assert!(house.agents.phones.values().filter(|p| p.user == "201").all(|p| p.is_over()), "201 is free again");
    house.caller(MINJI).hangs_up();
    house.night_falls();
    let record = house.ledger.records()[0];
    assert_eq!((record.transfers, record.agent.as_str()), (1, "a-205"));
    let announced = house.events_where(|kind| matches!(kind, EventKind::TransferAnnounced { .. }));
    let [(_, EventKind::TransferAnnounced { department, name, callback_number, .. })] = announced.as_slice() else {
        panic!("one announcement\n{}", house.story())
    };
    let said = (department.as_str(), name.as_str(), callback_number.reveal());
    assert_eq!(said, ("국내우편부", "정한결", "205"));
}

#[test]
fn a_busy_colleague_brings_the_caller_back() {
    let mut house = in_conversation();
    house.at_work(&["205"]);
    house.agent("205").treats_calls(Manner::Busy);
    house.agent("201").transfers_to("205");
    house.wait(secs(30));
    assert_eq!(told(&mut house, "201"), [100, 486]);
    house.caller(MINJI).heard_clip("ko/system/transfer-failed", Moment::ZERO);
    house.caller(MINJI).hears_voice_of("201");
    house.agent("201").hears_voice_of(MINJI);
    let back = |kind: &EventKind| {
        matches!(kind, EventKind::TransferFailed { status: 486, back_to: TransferBack::FirstAgent, .. })
    };
    assert_eq!(house.count(back), 1, "{}", house.story());
    house.night_falls();
}

#[test]
fn a_colleague_who_is_not_there_brings_the_caller_back() {
    let mut house = in_conversation();
    house.agent("201").transfers_to("205");
    house.wait(secs(30));
    house.caller(MINJI).hears_voice_of("201");
    assert_eq!(told(&mut house, "201").last(), Some(&480));
    house.night_falls();
}

#[test]
fn when_the_first_agent_has_left_the_caller_goes_to_the_queue_and_keeps_the_age() {
    let mut house = in_conversation();
    house.at_work(&["205"]);
    house.agent("201").transfers_to("205");
    house.wait(secs(1));
    house.agent("201").hangs_up();
    house.wait(secs(12));
    house.agent("205").rings();
    let queued = |house: &House| house.count(|kind| matches!(kind, EventKind::CallerEntered { .. })) == 2;
    house.wait_until("the caller is back in the queue", secs(40), queued);
    let entries = house.events_where(|kind| matches!(kind, EventKind::CallerEntered { .. }));
    let Some((_, EventKind::CallerEntered { age_ms, .. })) = entries.last() else { panic!("checked above") };
    assert!(*age_ms > 20_000, "the caller has waited since the first time: {age_ms} ms");
    house.wait(secs(15));
    house.caller(MINJI).heard_clip("ko/system/transfer-lost", Moment::ZERO);
    house.night_falls();
}

#[test]
fn a_transfer_to_a_queue_is_announced_too_and_ends_with_another_agent() {
    let mut house = in_conversation();
    house.at_work(&["214"]);
    house.agent("201").transfers_to("international");
    let asked = house.now();
    let rings = |house: &House| house.agents.phones.values().any(|phone| phone.user == "214");
    house.wait_until("an agent of the queue rings", secs(40), rings);
    let directory = |words| Some(speech::directory_clip(Language::Korean, words));
    let sentence =
        speech::transfer_announcement(Language::Korean, directory("국제우편부"), directory("국제우편·EMS"), "1300");
    house.caller(MINJI).heard_words(&sentence, asked);
    house.agent("214").answers();
    house.wait(secs(1));
    house.caller(MINJI).hears_voice_of("214");
    assert_eq!(told(&mut house, "201"), [100, 182]);
    house.night_falls();
    let record = house.ledger.records()[0];
    assert_eq!((record.queue.as_str(), record.agent.as_str()), ("international", "a-214"));
}

#[test]
fn a_transfer_to_an_outside_number_says_the_number_and_no_beep() {
    let mut house = in_conversation();
    house.agent("201").transfers_to("01099990000");
    let asked = house.now();
    house.wait(secs(20));
    let sentence = speech::transfer_announcement(Language::Korean, None, None, "01099990000");
    house.caller(MINJI).heard_words(&sentence, asked);
    house.caller("01099990000").rings().answers();
    house.wait(secs(1));
    house.caller(MINJI).hears_voice_of("01099990000");
    assert_eq!(told(&mut house, "201"), [100, 180, 200]);
    let verdict = |verdict| house.ledger.verdicts(Promise::TransferAnnounced, verdict);
    let verdicts = (verdict(Verdict::Met), verdict(Verdict::Excused), verdict(Verdict::Breached));
    assert_eq!(verdicts, (0, 1, 0), "there was neither department nor name to say");
    assert_eq!(house.count(|kind| matches!(kind, EventKind::PromptMissing { .. })), 0);
    house.night_falls();
}

#[test]
fn a_transfer_to_nowhere_is_refused_and_nobody_notices() {
    let mut house = in_conversation();
    house.agent("201").transfers_to("99999");
    house.wait(secs(1));
    house.caller(MINJI).hears_voice_of("201");
    assert_eq!(told(&mut house, "201"), [404]);
    assert_eq!(house.count(|kind| matches!(kind, EventKind::TransferAnnounced { .. })), 0);
    house.night_falls();
}

#[test]
fn a_caller_may_not_transfer_anybody() {
    let mut house = in_conversation();
    house.caller(MINJI).transfers_to("0101111222");
    house.wait(secs(2));
    house.caller(MINJI).hears_voice_of("201");
    let statuses: Vec<u16> = house.caller(MINJI).book().transfer.iter().map(|(_, status, _)| *status).collect();
    assert_eq!(statuses, [403]);
    house.night_falls();
}

#[test]
fn a_caller_who_hangs_up_during_the_announcement_rings_nobody() {
    let mut house = in_conversation();
    house.at_work(&["205"]);
    house.agent("201").transfers_to("205");
    house.wait(secs(3));
    house.caller(MINJI).hangs_up();
    house.wait(secs(30));
    assert!(house.agents.phones.values().all(|phone| phone.user != "205"), "nobody was rung");
    assert_eq!(told(&mut house, "201").last(), Some(&487));
    house.night_falls();
}

#[test]
fn an_outside_number_is_rung_over_the_trunk() {
    let mut house = in_conversation();
    house.agent("201").transfers_to("0612800600");
    house.wait(secs(25));
    house.caller("0612800600").rings().answers();
    house.wait(secs(1));
    house.caller(MINJI).hears_voice_of("0612800600");
    house.caller("0612800600").hears_voice_of(MINJI);
    house.night_falls();
}

#[test]
fn somebody_outside_may_not_dial_through_our_trunk() {
    let mut house = in_conversation();
    house.agent("201").transfers_to("01099990000");
    house.wait(secs(20));
    house.caller("01099990000").rings().answers();
    house.wait(secs(1));
    house.caller("01099990000").transfers_to("01077770000");
    house.wait(secs(25));
    assert_eq!(house.callers.newest("01077770000"), None, "{}", house.story());
    let statuses: Vec<u16> = house.caller("01099990000").book().transfer.iter().map(|(_, status, _)| *status).collect();
    assert_eq!(statuses, [403]);
    house.caller(MINJI).hears_voice_of("01099990000");
    house.night_falls();
}

#[test]
fn what_was_talked_is_no_waiting() {
    let mut house = in_conversation();
    house.wait(secs(600));
    house.agent("201").transfers_to("international");
    let queued = |house: &House| house.count(|kind| matches!(kind, EventKind::CallerEntered { .. })) == 2;
    house.wait_until("the caller waits again", secs(40), queued);
    house.wait(secs(1));
    let tile = house.board.queues.iter().find(|queue| !queue.waiting.is_empty()).expect("one waits");
    let age = house.board.unix_ms - tile.waiting[0].since_ms;
    assert!((1_000..60_000).contains(&age), "the page says that the caller has waited {age} ms");
    house.at_work(&["214"]);
    house.agent("214").rings().answers();
    house.wait(secs(1));
    let connected = house.events_where(|kind| matches!(kind, EventKind::CallConnected { .. }));
    let Some((_, EventKind::CallConnected { waited_ms, .. })) = connected.last() else { panic!("two talks") };
    assert!((1_000..60_000).contains(waited_ms), "waited {waited_ms} ms");
    house.night_falls();
}

/// 201 talks with the caller, holds, and talks with 205; both telephones of 201, the older first.
fn in_consultation() -> (House, PhoneId, PhoneId) {
    let mut house = in_conversation();
    house.at_work(&["205"]);
    let first = house.agents.newest("201").expect("201 talks");
    house.agent("201").holds();
    house.wait(secs(1));
    house.agent("201").dials("205");
    house.wait(secs(2));
    house.agent("205").rings().answers();
    house.wait(secs(1));
    house.agent("205").hears_voice_of("201");
    let second = house.agents.newest("201").expect("201 consults");
    assert_ne!(first, second);
    (house, first, second)
}

#[test]
fn after_a_consultation_caller_and_colleague_are_joined_and_nobody_rings_again() {
    let (mut house, first, second) = in_consultation();
    let rung = house.agents.phones.values().filter(|phone| phone.user == "205").count();
    let now = house.now();
    house.agents.bank.join(now, first, second);
    house.settle_bank(Party::Agents);
    house.wait(secs(2));
    house.caller(MINJI).hears_voice_of("205");
    house.agent("205").hears_voice_of(MINJI);
    assert_eq!(house.agents.phones.values().filter(|phone| phone.user == "205").count(), rung, "nobody is rung");
    assert!(house.agents.phones.values().filter(|p| p.user == "201").all(|p| p.is_over()), "201 is free again");
    let statuses: Vec<u16> = house.agents.phones[&first].transfer.iter().map(|(_, status, _)| *status).collect();
    assert_eq!(statuses.last(), Some(&200));
    house.caller(MINJI).hangs_up();
    house.night_falls();
    let record = house.ledger.records().into_iter().find(|record| record.from.reveal() == MINJI).expect("one contact");
    assert_eq!((record.transfers, record.agent.as_str()), (1, "a-205"));
    let free = |agent: &str| house.board.agents.iter().any(|a| a.name == agent && a.call.is_none());
    assert!(free("a-201") && free("a-205"));
}

#[test]
fn a_consultation_that_is_over_joins_nobody() {
    let (mut house, first, second) = in_consultation();
    house.agent("205").hangs_up();
    house.wait(secs(1));
    let now = house.now();
    house.agents.bank.join(now, first, second);
    house.settle_bank(Party::Agents);
    house.wait(secs(1));
    let over = house.agents.phones[&first].is_over();
    assert!(!over, "the first call goes on");
    let now = house.now();
    house.agents.bank.hold(now, first, false);
    house.settle_bank(Party::Agents);
    house.wait(secs(1));
    house.caller(MINJI).hears_voice_of("201");
    house.night_falls();
}
