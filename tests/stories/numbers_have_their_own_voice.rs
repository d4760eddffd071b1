//! A number may speak another language than its flow and tell another number to call back.

use thirdring::config::NumberTarget;
use thirdring::ivr::speech;
use thirdring::model::{Clip, Language, Moment, PhoneNumber};

use crate::support::{House, MINJI, secs};

/// What a caller hears who is given away to the queue of domestic mail.
fn sentence(language: Language, callback: &str) -> Vec<Clip> {
    let directory = |words| Some(speech::directory_clip(Language::Korean, words));
    speech::transfer_announcement(language, directory("국내우편부"), directory("국내우편"), callback)
}

#[test]
fn a_queue_without_a_number_is_called_back_at_the_number_that_was_dialled() {
    for (written, told) in [("061-280-0600", "0612800600"), ("1300", "1300")] {
        let mut house = House::with(1, |config| {
            config.queues.iter_mut().for_each(|queue| queue.number = None);
            for number in config.numbers.iter_mut().filter(|number| number.number.reveal() == "1300") {
                number.callback_number = PhoneNumber::new(written);
            }
        });
        house.at_work(&["201"]);
        house.connects(MINJI, "201");
        house.agent("201").transfers_to("domestic");
        let asked = house.now();
        house.wait(secs(30));
        house.caller(MINJI).heard_words(&sentence(Language::Korean, told), asked);
        house.night_falls();
    }
}

#[test]
fn a_number_speaks_its_own_language() {
    let mut house = House::with(1, |config| {
        let queue = config.queue_named("domestic").expect("the development centre has it").id;
        for number in config.numbers.iter_mut().filter(|number| number.number.reveal() == "1300") {
            (number.target, number.language) = (NumberTarget::Queue(queue), Some(Language::English));
        }
    });
    house.caller(MINJI).dials("1300");
    house.wait(secs(30));
    let place = speech::position(Language::English, 1);
    house.caller(MINJI).heard_words(&place, Moment::ZERO);
    house.caller(MINJI).hangs_up();
    house.night_falls();
}
