//! Closing time: no new calls, no call cut off.

use thirdring::center::Input;
use thirdring::center::event::EventKind;
use thirdring::model::EndedBy;

use crate::support::house::CALLERS;
use crate::support::{House, JUNHO, MINJI, secs};

#[test]
fn a_new_caller_is_told_to_try_later_and_the_running_call_finishes() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.connects(MINJI, "201");
    house.tell(Input::Drain);
    assert_eq!(house.count(|kind| matches!(kind, EventKind::ServerDraining { calls: 1 })), 1);
    house.caller(JUNHO).dials("1300");
    house.wait(secs(1));
    assert_eq!(house.caller(JUNHO).book().failed, Some(503));
    let letters = house.letters_to(CALLERS);
    let refusal = letters.iter().find(|text| text.starts_with("SIP/2.0 503")).expect("a 503 on the wire");
    assert!(refusal.contains("\r\nRetry-After:"), "{refusal}");
    let refused = house.events_where(|kind| matches!(kind, EventKind::CallRefused { .. }));
    assert!(
        matches!(refused.as_slice(), [(_, EventKind::CallRefused { from, status: 503, .. })] if from.reveal() == JUNHO),
        "{refused:?}"
    );
    house.caller(MINJI).hears_voice_of("201");
    assert!(house.board.draining);
    house.caller(MINJI).hangs_up();
    house.night_falls();
    let records = house.ledger.records();
    assert_eq!(records.first().map(|record| record.ended_by), Some(EndedBy::Caller));
}

#[test]
fn who_is_still_there_at_the_end_is_hung_up_properly() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.connects(MINJI, "201");
    house.asks_for_a_person(JUNHO);
    house.tell(Input::Drain);
    house.tell(Input::EndAll);
    house.wait(secs(1));
    for phone in house.callers.phones.values().chain(house.agents.phones.values()) {
        assert!(phone.is_over(), "{} was told", phone.user);
    }
    house.night_falls();
    let by_system = house.ledger.records().iter().filter(|record| record.ended_by == EndedBy::System).count();
    assert_eq!(by_system, 2);
}
