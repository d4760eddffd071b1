//! A phone that rings in vain loses the call before the third ring; the caller keeps the place, and an agent who never
//! answers is given no more calls.

use thirdring::center::event::{EventKind, MissedWhy};

use crate::support::{House, MINJI, Manner, millis, secs};

#[test]
fn the_next_agent_rings_before_the_third_ring() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.wait(secs(1));
    house.at_work(&["202"]);
    house.asks_for_a_person(MINJI);
    house.agent("201").rings();
    house.wait(millis(5_500));
    house.agent("201").rings();
    house.agent("202").does_not_ring();
    house.wait(millis(600));
    house.agent("201").does_not_ring();
    house.agent("202").rings().answers();
    house.wait(secs(1));
    house.caller(MINJI).hears_voice_of("202");

    let offers = house.events_where(|kind| matches!(kind, EventKind::AgentOffered { .. }));
    let [(first, _), (second, _)] = offers.as_slice() else { panic!("two offers\n{}", house.story()) };
    let lost = second.since(*first);
    assert!(lost >= millis(5_990) && lost <= millis(6_020), "the call went on after {lost:?}");
    let entered = house.count(|kind| matches!(kind, EventKind::CallerEntered { .. }));
    assert_eq!(entered, 1, "the caller kept the place");
    house.night_falls();
}

#[test]
fn three_misses_send_an_agent_away() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.asks_for_a_person(MINJI);
    let away = |house: &House| house.board.agents.iter().any(|tile| tile.state.word() == "away");
    house.wait_until("the agent is away", secs(60), away);
    let missed = |kind: &EventKind| matches!(kind, EventKind::OfferMissed { why: MissedWhy::RangOut, .. });
    assert_eq!(house.count(missed), 3);
    let tile = house.board.agents.iter().find(|tile| tile.name == "a-201").expect("a tile for each agent");
    assert_eq!(tile.reason.as_deref(), Some("no_answer"));
    house.wait(secs(20));
    house.agent("201").does_not_ring();
    house.agent("201").dials_code("*14");
    house.wait(millis(500));
    house.agent("201").rings();
    house.night_falls();
}

#[test]
fn a_busy_phone_and_a_dead_one_do_not_keep_the_caller() {
    let mut house = House::open();
    house.at_work(&["201", "202", "203"]);
    house.agent("201").treats_calls(Manner::Busy);
    house.agent("202").treats_calls(Manner::Dead);
    house.asks_for_a_person(MINJI);
    house.wait(secs(8));
    house.agent("203").rings().answers();
    house.wait(secs(1));
    house.caller(MINJI).hears_voice_of("203");
    house.night_falls();
    let why = |wanted| move |kind: &EventKind| matches!(kind, EventKind::OfferMissed { why, .. } if *why == wanted);
    assert!(house.count(why(MissedWhy::Refused)) >= 1, "{}", house.story());
    assert_eq!(house.count(why(MissedWhy::Unreachable)), 1, "{}", house.story());
    assert_eq!(house.count(why(MissedWhy::RangOut)), 0, "a phone that never rang was missed by nobody");
}
