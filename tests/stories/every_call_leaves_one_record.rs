//! However a call ends, it leaves exactly one record, and each of its legs one too. The sums are checked by the ledger
//! of every story; here every ending is met once.

use thirdring::model::{EndedBy, Outcome};

use crate::support::{House, MINJI, Manner, secs};

/// Plays one ending and compares the record.
#[track_caller]
fn ends(expected: (Outcome, EndedBy, u16), legs: usize, play: impl FnOnce(&mut House)) {
    let mut house = House::open();
    house.at_work(&["201"]);
    play(&mut house);
    house.night_falls();
    let records = house.ledger.records();
    let [record] = records.as_slice() else { panic!("one record, not {}\n{}", records.len(), house.story()) };
    let found = (record.outcome, record.ended_by, record.status);
    assert_eq!(found, expected, "{}", house.story());
    assert_eq!(house.ledger.legs_of(record.call).len(), legs, "{}", house.story());
    let sum: u64 = record.waited_ms + record.talked_ms;
    let total = u64::try_from(record.ended_ms - record.received_ms).expect("time goes forward");
    assert!(sum <= total, "waited and talked for {sum} ms of {total}");
}

#[test]
fn the_caller_hangs_up_after_the_talk() {
    ends((Outcome::Answered, EndedBy::Caller, 200), 2, |house| {
        house.connects(MINJI, "201");
        house.caller(MINJI).hangs_up();
    });
}

#[test]
fn the_agent_hangs_up_and_the_caller_follows() {
    ends((Outcome::Answered, EndedBy::Agent, 200), 2, |house| {
        house.connects(MINJI, "201");
        house.agent("201").hangs_up();
        house.wait(secs(5));
        house.caller(MINJI).hangs_up();
    });
}

#[test]
fn the_agent_hangs_up_and_the_caller_stays() {
    ends((Outcome::Answered, EndedBy::Agent, 200), 2, |house| {
        house.connects(MINJI, "201");
        house.agent("201").hangs_up();
        let over = |house: &House| house.callers.phones.values().all(|phone| phone.is_over());
        house.wait_until("the house hangs up after ten seconds", secs(12), over);
    });
}

#[test]
fn the_agent_declines_and_the_caller_gives_up() {
    ends((Outcome::Abandoned, EndedBy::Caller, 200), 2, |house| {
        house.asks_for_a_person(MINJI);
        house.agent("201").declines();
        house.wait(secs(3));
        house.caller(MINJI).hangs_up();
    });
}

#[test]
fn the_caller_listens_to_the_menu_only() {
    ends((Outcome::SelfService, EndedBy::Caller, 200), 1, |house| {
        house.caller(MINJI).dials("1300");
        house.wait(secs(5));
        house.caller(MINJI).hangs_up();
    });
}

#[test]
fn the_number_is_unknown() {
    ends((Outcome::Refused, EndedBy::System, 404), 1, |house| {
        house.caller(MINJI).dials("7777");
        house.wait(secs(1));
    });
}

#[test]
fn the_caller_gives_up_before_the_answer() {
    ends((Outcome::Abandoned, EndedBy::Caller, 487), 2, |house| {
        house.caller(MINJI).dials("201");
        house.wait(secs(2));
        house.caller(MINJI).hangs_up();
    });
}

#[test]
fn the_callers_line_goes_dead() {
    ends((Outcome::Answered, EndedBy::Network, 200), 2, |house| {
        house.connects(MINJI, "201");
        house.network.rtp.loss = 1.0;
        house.wait(secs(30));
    });
}

#[test]
fn the_server_ends_all() {
    ends((Outcome::Answered, EndedBy::System, 200), 2, |house| {
        house.connects(MINJI, "201");
        house.tell(thirdring::center::Input::EndAll);
    });
}

#[test]
fn the_house_stands_alone_and_the_caller_asked_for_a_person_twice() {
    ends((Outcome::Abandoned, EndedBy::Caller, 200), 3, |house| {
        house.agent("201").treats_calls(Manner::Busy);
        house.asks_for_a_person(MINJI);
        house.wait(secs(8));
        house.caller(MINJI).hangs_up();
    });
}

#[test]
fn an_echo() {
    ends((Outcome::SelfService, EndedBy::Caller, 200), 1, |house| {
        house.caller(MINJI).dials("9196");
        house.wait(secs(2));
        house.caller(MINJI).hears_voice_of(MINJI);
        house.caller(MINJI).hangs_up();
    });
}

#[test]
fn an_agent_calls_outside() {
    ends((Outcome::Answered, EndedBy::Caller, 200), 2, |house| {
        house.agent("201").dials("0612800600");
        house.wait(secs(1));
        house.caller("0612800600").rings().answers();
        house.wait(secs(2));
        house.agent("201").hears_voice_of("0612800600");
        house.agent("201").hangs_up();
    });
}

#[test]
fn an_outside_number_is_busy() {
    ends((Outcome::Refused, EndedBy::System, 486), 2, |house| {
        house.caller("0612800600").treats_calls(Manner::Busy);
        house.agent("201").dials("0612800600");
        house.wait(secs(1));
    });
}

#[test]
fn an_outside_number_rings_for_half_a_minute_before_it_is_answered() {
    ends((Outcome::Answered, EndedBy::Caller, 200), 2, |house| {
        house.agent("201").dials("0612800600");
        house.wait(secs(35));
        house.caller("0612800600").rings().answers();
        house.wait(secs(2));
        house.agent("201").hears_voice_of("0612800600");
        house.agent("201").hangs_up();
    });
}
