//! Hold: the caller hears music, not silence; afterwards both hear each other again.

use thirdring::center::event::EventKind;

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
