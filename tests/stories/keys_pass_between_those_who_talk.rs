//! Keys in a conversation are for the other side, whichever way they were sent: as telephone events to a phone that takes
//! them, as the two tones of old to one that does not.

use std::time::Duration;

use thirdring::media::listen::tone_share;
use thirdring::model::{Digit, Moment};

use crate::support::house::{CALLERS, SERVER};
use crate::support::{House, MINJI, millis, secs};

/// An agent has dialled out, and somebody has picked up: a menu of another house, say.
fn dialled_out() -> House {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.agent("201").dials("0612800600");
    house.wait(secs(2));
    house.caller("0612800600").rings().answers();
    house.wait(secs(1));
    house
}

fn keys(pressed: &[Digit]) -> String {
    pressed.iter().map(|digit| digit.key()).collect()
}

#[test]
fn the_menu_behind_an_outside_number_gets_every_key_once() {
    let mut house = dialled_out();
    for _ in 0..2 {
        house.agent("201").presses("5");
        house.wait(secs(1));
        house.agent("201").presses_by_info('7');
        house.wait(secs(1));
    }
    assert_eq!(keys(&house.caller("0612800600").book().keys), "5757");
    let letters = house.wire.iter().filter(|letter| letter.from == SERVER && letter.text.starts_with("INFO "));
    assert_eq!(letters.count(), 0, "as telephone events, not as letters");
    house.caller("0612800600").presses_by_info('#');
    house.wait(secs(1));
    assert_eq!(keys(&house.agent("201").book().keys), "#", "and the other way");
    house.caller("0612800600").hears_voice_of("201");
    house.agent("201").hears_voice_of("0612800600");
    house.night_falls();
}

#[test]
fn who_is_on_hold_gets_no_key_later() {
    let mut house = dialled_out();
    house.agent("201").holds();
    house.wait(secs(1));
    house.agent("201").presses_by_info('7');
    house.wait(secs(1));
    house.agent("201").resumes();
    house.wait(secs(2));
    assert_eq!(keys(&house.caller("0612800600").book().keys), "");
    house.night_falls();
}

/// How long the caller has heard the two tones of the 1 since then.
fn tones_of_one(house: &mut House, since: Moment) -> Duration {
    let caller = house.caller(MINJI);
    let heard = caller.book().ear.since(since);
    let sounds = |frame: &&[i16]| [697.0, 1_209.0].iter().all(|hertz| tone_share(frame, *hertz) > 0.3);
    20 * millis(1) * u32::try_from(heard.chunks_exact(160).filter(sounds).count()).unwrap_or(u32::MAX)
}

#[test]
fn a_phone_without_telephone_events_hears_the_tones() {
    let mut house = House::open();
    house.network.without_events = Some(CALLERS);
    house.at_work(&["201"]);
    house.caller(MINJI).dials("1300");
    house.wait(secs(2));
    house.caller(MINJI).presses_by_info('0');
    house.wait(millis(400));
    house.agent("201").rings().answers();
    house.wait(secs(1));
    house.caller(MINJI).hears_voice_of("201");
    assert_eq!(tones_of_one(&mut house, Moment::ZERO), Duration::ZERO);

    let by_event = house.now();
    house.agent("201").presses("1");
    house.wait(secs(1));
    let heard = tones_of_one(&mut house, by_event);
    assert!((80..=120).contains(&heard.as_millis()), "{heard:?} of an event of 100 ms");

    for (claims, least, most) in [(1, 40, 60), (100, 80, 120), (9_000, 4_900, 5_020)] {
        let by_info = house.now();
        house.agent("201").holds_key_by_info('1', millis(claims));
        house.wait(secs(7));
        let heard = tones_of_one(&mut house, by_info);
        assert!((least..=most).contains(&heard.as_millis()), "{heard:?} of an INFO of {claims} ms");
    }
    house.caller(MINJI).hears_voice_of("201");
    house.night_falls();
}
