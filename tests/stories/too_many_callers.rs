//! More than there is room for: a polite refusal, and nobody who is inside notices.

use thirdring::center::event::EventKind;
use thirdring::model::Outcome;

use crate::support::{House, JUNHO, MINJI, SEOYEON, millis, secs};

#[test]
fn the_call_beyond_the_last_is_refused_with_503() {
    let mut house = House::with(1, |config| config.server.calls_max = 2);
    for caller in [MINJI, JUNHO, SEOYEON] {
        house.caller(caller).dials("1300");
        house.wait(millis(500));
    }
    assert_eq!(house.caller(SEOYEON).book().failed, Some(503));
    assert_eq!(house.caller(JUNHO).book().failed, None);
    house.caller(MINJI).hangs_up();
    house.wait(secs(3));
    house.caller(SEOYEON).dials("1300");
    house.wait(secs(1));
    assert!(house.caller(SEOYEON).book().answered.is_some(), "there is room again");
    house.night_falls();
}

#[test]
fn a_full_queue_sends_the_caller_the_flows_way() {
    let mut house = House::with(1, |config| config.queues[0].waiting_max = 1);
    house.asks_for_a_person(MINJI);
    house.asks_for_a_person(JUNHO);
    house.wait(secs(3));
    house.caller(MINJI).hears_music();
    house.caller(JUNHO).heard_beginning_of("ko/postal-ko/callback", thirdring::model::Moment::ZERO);
    house.caller(JUNHO).presses("1");
    house.wait(secs(10));
    house.night_falls();
    let records = house.ledger.records();
    let outcomes: Vec<Outcome> = records.iter().map(|record| record.outcome).collect();
    assert_eq!(outcomes, [Outcome::Abandoned, Outcome::Callback]);
}

#[test]
fn without_a_free_port_the_call_is_refused_and_the_port_comes_back() {
    let mut house = House::with(1, |config| config.media.port_last = config.media.port_first + 1);
    house.caller(MINJI).dials("1300");
    house.wait(secs(1));
    house.caller(JUNHO).dials("1300");
    house.wait(secs(1));
    assert_eq!(house.caller(JUNHO).book().failed, Some(503));
    let refused = |kind: &EventKind| matches!(kind, EventKind::CallRefused { status: 503, .. });
    assert_eq!(house.count(refused), 1);
    house.caller(MINJI).hangs_up();
    house.wait(secs(1));
    house.caller(SEOYEON).dials("1300");
    house.wait(millis(500));
    assert_eq!(house.caller(SEOYEON).book().failed, Some(503), "the port rests first");
    house.wait(secs(2));
    house.caller(SEOYEON).dials("1300");
    house.wait(secs(1));
    assert!(house.caller(SEOYEON).book().answered.is_some());
    house.night_falls();
}

#[test]
fn an_agent_can_not_be_rung_without_a_port_and_the_caller_waits_on() {
    let mut house = House::with(1, |config| config.media.port_last = config.media.port_first + 1);
    house.at_work(&["201"]);
    house.asks_for_a_person(MINJI);
    house.wait(secs(12));
    house.caller(MINJI).hears_music();
    house.agent("201").does_not_ring();
    house.night_falls();
}
