//! A direct number: the person's phone rings, and whatever happens there, the caller is answered before the third ring.

use thirdring::center::event::{AgentWord, EventKind, Promise, Verdict};
use thirdring::model::Moment;

use crate::support::network::Weather;
use crate::support::{House, MINJI, millis, secs};

/// How long after the first ring the caller was answered.
fn rang(house: &House) -> u64 {
    let answers = house.events_where(|kind| matches!(kind, EventKind::CallAnswered { .. }));
    let [(_, EventKind::CallAnswered { rang_ms })] = answers.as_slice() else {
        panic!("one answer\n{}", house.story())
    };
    *rang_ms
}

#[test]
fn nobody_answers_so_the_house_does_at_five_seconds() {
    let mut house = House::open();
    house.at_work(&["202"]);
    house.wait(secs(1));
    house.at_work(&["201"]);
    house.caller(MINJI).dials("201");
    house.wait(millis(4_900));
    assert_eq!(house.caller(MINJI).book().answered, None);
    let began = house.caller(MINJI).book().began;
    house.wait(millis(200));
    let answered = house.caller(MINJI).book().answered.expect("the house has answered");
    assert!(answered.since(began) < millis(5_050), "answered after {:?}", answered.since(began));
    assert_eq!(rang(&house), 5_000);
    house.wait(secs(4));
    house.caller(MINJI).heard_clip("ko/system/connecting", Moment::ZERO);
    house.agent("201").does_not_ring();
    house.agent("202").rings().answers();
    house.wait(secs(1));
    house.caller(MINJI).hears_voice_of("202");
    house.night_falls();
    assert_eq!(house.ledger.verdicts(Promise::AnswerBeforeThirdRing, Verdict::Met), 1);
    assert_eq!(house.ledger.verdicts(Promise::AgentBeforeThirdRing, Verdict::Breached), 1, "201 did not answer");
}

#[test]
fn the_person_answers_at_the_second_ring() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.caller(MINJI).dials("201");
    house.wait(secs(3));
    let played = |house: &House| house.workers.iter().map(|worker| worker.counts().packets_played).sum::<u64>();
    assert_eq!(played(&house), 0, "nothing is sent to a phone that has not been told from where");
    house.agent("201").rings().answers();
    house.wait(secs(1));
    house.caller(MINJI).hears_voice_of("201");
    house.agent("201").hears_voice_of(MINJI);
    assert!(rang(&house).abs_diff(3_000) < 20);
    house.caller(MINJI).hangs_up();
    house.night_falls();
    let record = house.ledger.records()[0];
    assert_eq!((record.agent.as_str(), record.queue.as_str()), ("a-201", ""));
    assert_eq!(house.ledger.verdicts(Promise::AgentBeforeThirdRing, Verdict::Met), 1);
}

#[test]
fn a_distant_person_has_the_whole_ringing() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.network.sip = Weather { delay: millis(500), ..Weather::FAIR };
    house.caller(MINJI).dials("201");
    let rings = |house: &House| house.agents.phones.values().any(|phone| phone.rang.is_some());
    house.wait_until("the distant phone rings", secs(2), rings);
    house.wait(millis(5_800));
    house.agent("201").rings().answers();
    house.wait(secs(2));
    house.network.sip = Weather::FAIR;
    house.caller(MINJI).hears_voice_of("201");
    house.night_falls();
    assert_eq!(house.ledger.verdicts(Promise::AgentBeforeThirdRing, Verdict::Met), 1, "{}", house.story());
    assert_eq!(house.ledger.verdicts(Promise::AnswerBeforeThirdRing, Verdict::Met), 1, "{}", house.story());
}

#[test]
fn the_person_answers_after_the_house_did() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.caller(MINJI).dials("201");
    house.wait(millis(5_500));
    house.agent("201").rings().answers();
    house.wait(secs(1));
    house.caller(MINJI).hears_voice_of("201");
    house.agent("201").hears_voice_of(MINJI);
    house.night_falls();
}

#[test]
fn nobody_has_registered_so_a_colleague_takes_the_call() {
    let mut house = House::open();
    house.at_work(&["202"]);
    house.caller(MINJI).dials("201");
    house.wait(secs(2));
    house.agent("202").rings().answers();
    house.wait(secs(1));
    house.caller(MINJI).hears_voice_of("202");
    assert!(rang(&house) < 5_000);
    house.night_falls();
}

#[test]
fn an_agent_on_a_direct_call_is_offered_nothing() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.caller(MINJI).dials("201");
    house.wait(secs(1));
    house.agent("201").answers();
    house.wait(secs(1));
    house.asks_for_a_person(crate::support::JUNHO);
    house.wait(secs(2));
    let calls = house.agents.phones.values().filter(|phone| phone.user == "201").count();
    assert_eq!(calls, 1);
    house.night_falls();
}

#[test]
fn a_phone_that_rings_for_a_direct_call_is_offered_nothing_beside_it() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.caller(MINJI).dials("201");
    house.wait(secs(1));
    house.agent("201").rings();
    let rings = |house: &House| house.board.agents.iter().any(|a| a.name == "a-201" && a.state == AgentWord::Ringing);
    house.wait_until("the live page shows that the phone rings", secs(2), rings);
    house.asks_for_a_person(crate::support::JUNHO);
    let calls = |house: &House| house.agents.phones.values().filter(|phone| phone.user == "201").count();
    assert_eq!(calls(&house), 1, "{}", house.story());
    house.caller(MINJI).hangs_up();
    house.wait(millis(500));
    assert_eq!(calls(&house), 2, "now the queue may ask\n{}", house.story());
    house.agent("201").rings().answers();
    house.wait(secs(1));
    house.caller(crate::support::JUNHO).hears_voice_of("201");
    house.night_falls();
}

#[test]
fn after_a_missed_direct_call_a_colleague_is_asked_and_not_the_same_phone_again() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.wait(secs(30));
    house.at_work(&["202"]);
    house.caller(MINJI).dials("201");
    house.wait(secs(7));
    house.agent("201").does_not_ring();
    house.agent("202").rings().answers();
    house.wait(secs(1));
    house.caller(MINJI).hears_voice_of("202");
    house.night_falls();
}

#[test]
fn an_agent_who_talks_is_not_rung_for_a_direct_call() {
    let mut house = House::open();
    house.at_work(&["201", "202"]);
    house.caller(MINJI).dials("201");
    house.wait(secs(1));
    house.agent("201").rings().answers();
    house.wait(secs(1));
    house.caller(crate::support::JUNHO).dials("201");
    house.wait(secs(2));
    let lines = house.agents.phones.values().filter(|phone| phone.user == "201").count();
    assert_eq!(lines, 1, "{}", house.story());
    house.agent("202").rings().answers();
    house.wait(secs(1));
    house.caller(crate::support::JUNHO).hears_voice_of("202");
    house.night_falls();
}

#[test]
fn a_colleague_is_no_caller_of_the_charter() {
    let mut house = House::open();
    house.at_work(&["201", "205"]);
    house.agent("201").dials("205");
    house.wait(secs(2));
    house.agent("205").answers();
    house.wait(secs(5));
    house.agent("205").hangs_up();
    house.wait(secs(1));
    assert!(house.agent("201").book().is_over(), "to a colleague nobody says the closing sentence");
    house.night_falls();
    let checked = house.count(|kind| matches!(kind, EventKind::CharterChecked { .. }));
    assert_eq!(checked, 0, "{}", house.story());
}
