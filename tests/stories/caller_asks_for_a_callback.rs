//! Nobody waits three minutes against their will: the callback is offered, taken by key, and becomes a task due today.

use thirdring::center::event::{EventKind, QueueExit, TaskKind};
use thirdring::model::{Moment, Outcome};

use crate::support::house::MORNING;
use crate::support::{House, MINJI, secs};

#[test]
fn after_half_a_minute_a_callback_is_offered_and_taken() {
    let mut house = House::open();
    house.asks_for_a_person(MINJI);
    house.wait(secs(34));
    house.caller(MINJI).heard_beginning_of("ko/postal-ko/callback", Moment::ZERO);
    house.caller(MINJI).presses("1");
    house.wait(secs(10));
    house.caller(MINJI).heard_clip("ko/postal-ko/bye", Moment::ZERO);
    house.night_falls();

    let tasks = house.ledger.tasks();
    let [task] = tasks.as_slice() else { panic!("one task, not {}\n{}", tasks.len(), house.story()) };
    assert_eq!((task.kind, task.number.reveal()), (TaskKind::Callback, MINJI));
    // Opening hours end at 18:00 in Seoul, 7 h 45 min after the house opened.
    assert_eq!(task.due_ms, Some(MORNING + (7 * 60 + 45) * 60_000));
    let records = house.ledger.records();
    assert_eq!(records.first().map(|record| record.outcome), Some(Outcome::Callback));
    let left = |kind: &EventKind| matches!(kind, EventKind::CallerLeft { why: QueueExit::Callback, .. });
    assert_eq!(house.count(left), 1);
}

#[test]
fn whoever_waits_on_keeps_the_place_and_is_asked_again_after_three_minutes() {
    let mut house = House::open();
    house.asks_for_a_person(MINJI);
    house.wait(secs(32));
    house.caller(MINJI).presses("0");
    house.wait(secs(2));
    house.caller(MINJI).hears_music();
    let asked_once = house.now();
    house.wait(secs(150));
    house.caller(MINJI).heard_beginning_of("ko/postal-ko/callback", asked_once);
    house.at_work(&["201"]);
    house.agent("201").rings().answers();
    house.wait(secs(1));
    house.caller(MINJI).hears_voice_of("201");
    house.night_falls();
    let entered = house.count(|kind| matches!(kind, EventKind::CallerEntered { .. }));
    assert_eq!((entered, house.ledger.tasks().len()), (1, 0));
}

#[test]
fn the_clock_of_the_offer_stands_still_while_an_agent_talks_with_the_caller() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.connects(MINJI, "201");
    house.wait(secs(400));
    house.agent("201").transfers_to("international");
    let queued = |house: &House| house.count(|kind| matches!(kind, EventKind::CallerEntered { .. })) == 2;
    let back_in_line = house.wait_until("the caller waits in the other queue", secs(40), queued);
    house.wait(secs(28));
    house.caller(MINJI).has_not_heard("ko/postal-ko/callback", Moment::ZERO).hears_music();
    house.wait(secs(6));
    house.caller(MINJI).heard_beginning_of("ko/postal-ko/callback", back_in_line);
    house.caller(MINJI).presses("1");
    house.wait(secs(10));
    house.night_falls();
    let tasks = house.ledger.tasks();
    let [task] = tasks.as_slice() else { panic!("one task, not {}\n{}", tasks.len(), house.story()) };
    assert_eq!(task.queue.as_deref(), Some("international"), "the queue in which the caller waited last calls back");
}

#[test]
fn another_number_is_read_back_before_it_is_believed() {
    let mut house = House::open();
    house.asks_for_a_person(MINJI);
    house.wait(secs(34));
    house.caller(MINJI).presses("2");
    house.wait(secs(8));
    house.caller(MINJI).presses("0612800600#");
    house.wait(secs(6));
    house.caller(MINJI).presses("1");
    house.wait(secs(10));
    house.night_falls();
    let tasks = house.ledger.tasks();
    assert_eq!(tasks.iter().map(|task| task.number.reveal()).collect::<Vec<_>>(), ["0612800600"], "{}", house.story());
}

#[test]
fn at_night_the_promise_is_for_the_next_business_day() {
    // 21:40 on the same Wednesday.
    let evening = MORNING + (11 * 60 + 25) * 60_000;
    let mut house = House::at(evening, 1, |_| {});
    house.caller(MINJI).dials("1300");
    house.wait(secs(3));
    house.caller(MINJI).heard_beginning_of("ko/postal-ko/night", Moment::ZERO);
    house.caller(MINJI).presses("0");
    house.wait(secs(10));
    house.night_falls();
    let tasks = house.ledger.tasks();
    let due = tasks.first().and_then(|task| task.due_ms).expect("a task that is due");
    assert_eq!(due, MORNING + 24 * 3_600_000 + (7 * 60 + 45) * 60_000, "Thursday 18:00");
}
