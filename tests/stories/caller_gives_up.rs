//! Callers hang up: in the menu, in the queue, while an agent's phone rings. Nothing rings on, nothing is left.

use thirdring::center::event::{EventKind, MissedWhy, QueueExit};
use thirdring::model::{EndedBy, Outcome};

use crate::support::{House, MINJI, millis, secs};

fn outcome(house: &House) -> (Outcome, EndedBy) {
    let records = house.ledger.records();
    let record = records.first().expect("a record for the call");
    (record.outcome, record.ended_by)
}

#[test]
fn in_the_menu() {
    let mut house = House::open();
    house.caller(MINJI).dials("1300");
    house.wait(secs(20));
    house.caller(MINJI).hangs_up();
    house.night_falls();
    assert_eq!(outcome(&house), (Outcome::SelfService, EndedBy::Caller));
}

#[test]
fn in_the_queue() {
    let mut house = House::open();
    house.asks_for_a_person(MINJI);
    house.wait(secs(20));
    house.caller(MINJI).hangs_up();
    house.night_falls();
    assert_eq!(outcome(&house), (Outcome::Abandoned, EndedBy::Caller));
    let abandoned = |kind: &EventKind| matches!(kind, EventKind::CallerLeft { why: QueueExit::Abandoned, .. });
    assert_eq!(house.count(abandoned), 1);
}

#[test]
fn while_the_agents_phone_rings() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.asks_for_a_person(MINJI);
    house.agent("201").rings();
    house.caller(MINJI).hangs_up();
    house.wait(millis(50));
    house.agent("201").does_not_ring();
    let cancelled = house.wire.iter().any(|letter| letter.text.starts_with("CANCEL "));
    assert!(cancelled, "the phone was told by CANCEL");
    house.night_falls();
    assert_eq!(outcome(&house), (Outcome::Abandoned, EndedBy::Caller));
    let agent = house.board.agents.iter().find(|tile| tile.name == "a-201").expect("a tile for each agent");
    assert_eq!((agent.state.word(), agent.missed_in_a_row), ("available", 0), "nobody blames the agent");
    let blamed = |kind: &EventKind| matches!(kind, EventKind::OfferMissed { why, .. } if *why != MissedWhy::CallerLeft);
    assert_eq!(house.count(blamed), 0);
}

#[test]
fn before_the_answer_to_a_direct_number() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.caller(MINJI).dials("201");
    house.wait(secs(2));
    house.agent("201").rings();
    house.caller(MINJI).hangs_up();
    house.wait(millis(50));
    house.agent("201").does_not_ring();
    house.night_falls();
    assert_eq!(outcome(&house), (Outcome::Abandoned, EndedBy::Caller));
}
