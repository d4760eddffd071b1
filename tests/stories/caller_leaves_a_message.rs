//! A voice message: after the tone the caller speaks, and the file that the task points to holds just that.

use std::time::Duration;

use thirdring::center::event::{EventKind, TaskKind, TaskRecord};
use thirdring::media::listen::tone_share;
use thirdring::model::{Moment, Outcome};

use crate::support::exchange::voice_of;
use crate::support::house::MORNING;
use crate::support::{House, MINJI, secs};

/// Praise and suggestions: 6 for the voice of the customer, 2 for praise. Speaks for `time` after the tone.
fn speaks_a_message(house: &mut House, time: Duration) -> Moment {
    house.keeps_messages();
    house.caller(MINJI).dials("1300");
    house.wait(secs(2));
    house.caller(MINJI).presses("6");
    house.wait(secs(2));
    house.caller(MINJI).presses("2");
    let asked = house.now();
    let heard_out = |house: &House| house.dump_of_first_worker().contains("recording=true");
    let began = house.wait_until("the message begins", secs(30), heard_out);
    house.wait(time);
    let beep = house.caller(MINJI).book().ear.tone_began(1_000.0, asked).expect("the tone says when to speak");
    assert!(beep.since(began) < Duration::from_millis(100), "the tone came {:?} late", beep.since(began));
    began
}

fn message(house: &House) -> TaskRecord {
    let tasks = house.ledger.tasks();
    let [task] = tasks.as_slice() else { panic!("one task, not {}\n{}", tasks.len(), house.story()) };
    assert_eq!((task.kind, task.number.reveal()), (TaskKind::VoiceMessage, MINJI));
    (*task).clone()
}

/// The file is what was said between the two moments: a steady tone, sample for sample.
#[track_caller]
fn is_the_callers_voice(samples: &[i16], spoken: Duration) {
    let length = Duration::from_micros(125 * samples.len() as u64);
    assert!(length.abs_diff(spoken) <= Duration::from_millis(40), "{length:?} of {spoken:?}");
    let hertz = voice_of(MINJI);
    for (second, piece) in samples.chunks_exact(8_000).enumerate() {
        let share = tone_share(piece, f64::from(hertz));
        assert!(share > 0.99, "second {second} is only {share:.3} the caller");
    }
    // A tone of whole hertz repeats each second; a lost, doubled or moved sample would not.
    assert!(samples.iter().zip(&samples[8_000..]).all(|(now, later)| now == later));
    assert!(samples.iter().any(|sample| sample.unsigned_abs() > 5_000), "it is loud enough to be heard");
}

#[test]
fn a_message_is_the_callers_words_and_the_task_points_to_it() {
    let mut house = House::open();
    let began = speaks_a_message(&mut house, secs(7));
    let ended = house.now();
    house.caller(MINJI).presses("#");
    house.wait(secs(10));
    house.night_falls();
    let task = message(&house);
    // Three days, at the end of a business day.
    assert!(task.due_ms.is_some_and(|due| due > MORNING + 2 * 86_400_000), "{:?}", task.due_ms);
    let file = task.recording.expect("a voice message has its file");
    is_the_callers_voice(&house.message(&file), ended.since(began));
    assert_eq!(house.ledger.records().first().map(|record| record.outcome), Some(Outcome::Message));
    assert_eq!(house.count(|kind| matches!(kind, EventKind::PromptMissing { .. })), 0);
}

#[test]
fn who_hangs_up_after_speaking_has_left_a_message_all_the_same() {
    let mut house = House::open();
    let began = speaks_a_message(&mut house, secs(5));
    let ended = house.now();
    house.caller(MINJI).hangs_up();
    house.wait(secs(5));
    house.night_falls();
    let file = message(&house).recording.expect("a voice message has its file");
    is_the_callers_voice(&house.message(&file), ended.since(began));
    assert_eq!(house.ledger.records().first().map(|record| record.outcome), Some(Outcome::Message));
}
