//! Waiting callers hear their place in line, in words; and the sentence stops the moment an agent answers.

use thirdring::center::event::EventKind;
use thirdring::config::{Announcement, NumberTarget};
use thirdring::ivr::speech;
use thirdring::model::{Language, Moment};

use crate::support::{House, JUNHO, MINJI, SEOYEON, millis, secs};

#[test]
fn the_third_caller_in_line_hears_so() {
    let mut house = House::open();
    for caller in [MINJI, JUNHO, SEOYEON] {
        house.asks_for_a_person(caller);
    }
    house.wait(secs(10));
    let words = |place| speech::ordinal(Language::Korean, place);
    for (caller, place) in [(MINJI, 1), (JUNHO, 2), (SEOYEON, 3)] {
        house.caller(caller).heard_words(&words(place), Moment::ZERO);
        house.caller(caller).hears_music();
    }
    house.caller(SEOYEON).has_not_heard(words(1)[0].name.as_str(), Moment::ZERO);
    house.night_falls();
}

#[test]
fn the_place_is_told_again_and_has_moved_up() {
    let mut house = House::open();
    house.asks_for_a_person(MINJI);
    house.asks_for_a_person(JUNHO);
    house.wait(secs(8));
    house.caller(MINJI).hangs_up();
    let left = house.now();
    // After half a minute the callback is offered, and zero means waiting on.
    house.wait(secs(30));
    house.caller(JUNHO).presses("0");
    house.wait(secs(32));
    house.caller(JUNHO).heard_words(&speech::ordinal(Language::Korean, 1), left);
    house.night_falls();
}

#[test]
fn an_agent_who_answers_is_heard_in_the_middle_of_the_sentence() {
    let mut house = House::open();
    house.asks_for_a_person(MINJI);
    let told = |house: &House| house.count(|kind| matches!(kind, EventKind::QueueAnnounced { .. })) > 0;
    house.wait_until("the place is told", secs(5), told);
    house.at_work(&["201"]);
    house.agent("201").rings().answers();
    let answered = house.now();
    house.wait(secs(1));
    let heard = house.caller(MINJI).heard_voice_of("201", answered);
    assert!(heard.since(answered) <= millis(60), "heard {:?} after the answer", heard.since(answered));
    house.caller(MINJI).hears_voice_of("201");
    house.night_falls();
}

#[test]
fn a_queue_without_a_flow_tells_what_its_own_settings_say() {
    let mut house = House::with(1, |config| {
        let number = config.numbers.iter_mut().find(|number| number.number.reveal() == "1300").expect("the hotline");
        number.target = NumberTarget::Queue(config.queues[0].id);
        config.queues[0].announce = vec![Announcement::Position];
        config.queues[0].announce_every = secs(10);
    });
    house.caller(MINJI).dials("1300");
    house.wait(secs(45));
    let told = house.events_where(|kind| matches!(kind, EventKind::QueueAnnounced { .. }));
    let moments: Vec<Moment> = told.iter().map(|(at, _)| *at).collect();
    assert!((3..=5).contains(&moments.len()), "told at {moments:?}");
    assert!(moments.windows(2).all(|pair| pair[1].since(pair[0]) >= secs(10)), "told at {moments:?}");
    let silent = told.iter().all(|(_, kind)| matches!(kind, EventKind::QueueAnnounced { expected_wait_ms: None, .. }));
    assert!(silent, "the queue tells the place alone");
    house.night_falls();
}

#[test]
fn a_queue_that_announces_nothing_plays_music() {
    let mut house = House::with(1, |config| {
        let number = config.numbers.iter_mut().find(|number| number.number.reveal() == "1300").expect("the hotline");
        number.target = NumberTarget::Queue(config.queues[0].id);
        config.queues[0].announce = Vec::new();
    });
    house.caller(MINJI).dials("1300");
    house.wait(secs(40));
    house.caller(MINJI).hears_music();
    assert_eq!(house.count(|kind| matches!(kind, EventKind::QueueAnnounced { .. })), 0);
    house.night_falls();
}
