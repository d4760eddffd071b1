//! Keys as callers press them: by RTP event and by INFO, into the middle of a sentence, the wrong one, none at all,
//! back and again, and faster than the menu speaks.

use thirdring::center::event::EventKind;
use thirdring::model::Moment;

use crate::support::{House, MINJI, millis, secs};

/// The nodes that were visited, in order.
fn path(house: &House) -> Vec<String> {
    let visited = house.events_where(|kind| matches!(kind, EventKind::IvrVisited { .. }));
    visited
        .into_iter()
        .filter_map(|(_, kind)| match kind {
            EventKind::IvrVisited { node, .. } => Some(node.clone()),
            _ => None,
        })
        .collect()
}

/// When the last key was taken.
fn key_taken(house: &House) -> Moment {
    let keys = house.events_where(|kind| matches!(kind, EventKind::IvrKeyPressed { .. }));
    keys.last().expect("a key was pressed").0
}

/// The caller hears the main menu.
fn at_the_main_menu() -> House {
    let mut house = House::open();
    house.caller(MINJI).dials("1300");
    let at_main = |house: &House| path(house).last().is_some_and(|node| node == "main");
    house.wait_until("the notice is over", secs(30), at_main);
    house.wait(secs(2));
    house.caller(MINJI).heard_beginning_of("ko/postal-ko/main", Moment::ZERO);
    house
}

#[test]
fn a_key_cuts_the_sentence_short_within_a_frame() {
    let mut house = at_the_main_menu();
    house.caller(MINJI).presses("1");
    house.wait(secs(3));
    let key = key_taken(&house);
    let next = house.caller(MINJI).heard_beginning_of("ko/postal-ko/domestic", key);
    assert!(next.since(key) <= millis(22), "the next menu begins {:?} after the key", next.since(key));
    house.night_falls();
}

#[test]
fn a_key_by_info_counts_like_one_by_rtp() {
    let mut house = at_the_main_menu();
    house.caller(MINJI).presses_by_info('1');
    house.wait(secs(1));
    assert_eq!(path(&house), ["open_check", "notice", "main", "domestic"]);
    house.night_falls();
}

#[test]
fn a_held_key_is_one_key() {
    let mut house = at_the_main_menu();
    house.network.rtp.duplicates = 0.5;
    house.caller(MINJI).presses("1");
    house.wait(secs(2));
    assert_eq!(path(&house), ["open_check", "notice", "main", "domestic"]);
    house.night_falls();
}

#[test]
fn a_wrong_key_is_asked_again_and_the_third_reaches_a_person() {
    let mut house = at_the_main_menu();
    for _ in 0..3 {
        house.caller(MINJI).presses("8");
        house.wait(secs(4));
    }
    let path = path(&house);
    assert_eq!(path.last().map(String::as_str), Some("q_general"), "{path:?}");
    house.night_falls();
}

#[test]
fn a_caller_who_says_nothing_three_times_reaches_a_person() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.caller(MINJI).dials("1300");
    let rings = |house: &House| house.count(|kind| matches!(kind, EventKind::AgentOffered { .. })) > 0;
    house.wait_until("an agent rings", secs(180), rings);
    let mut menu = Moment::ZERO;
    for _ in 0..3 {
        menu = house.caller(MINJI).heard_clip("ko/postal-ko/main", menu + secs(1));
    }
    assert_eq!(path(&house), ["open_check", "notice", "main", "q_general"]);
    house.night_falls();
}

#[test]
fn a_star_repeats_and_a_hash_goes_back() {
    let mut house = at_the_main_menu();
    house.caller(MINJI).presses("1");
    house.wait(secs(2));
    house.caller(MINJI).presses("*");
    house.wait(secs(2));
    let again = key_taken(&house);
    house.caller(MINJI).heard_beginning_of("ko/postal-ko/domestic", again);
    house.caller(MINJI).presses("#");
    house.wait(secs(2));
    let back = key_taken(&house);
    house.caller(MINJI).heard_beginning_of("ko/postal-ko/main", back);
    house.night_falls();
}

#[test]
fn a_regular_caller_types_ahead() {
    let mut house = House::open();
    house.at_work(&["211"]);
    house.caller(MINJI).dials("1300");
    house.wait(secs(1));
    house.caller(MINJI).presses("913");
    house.wait(secs(2));
    assert_eq!(path(&house), ["open_check", "notice", "main", "domestic", "q_claims"]);
    house.agent("211").rings();
    house.night_falls();
}

#[test]
fn thirteen_digits_find_a_parcel() {
    let mut house = House::open();
    let body = r#"{"status":"배달 완료","place":"서울여의도우체국"}"#.to_owned();
    house.tracking = thirdring::ivr::FetchOutcome::Answered { status: 200, body };
    house.caller(MINJI).dials("1300");
    house.wait(secs(1));
    house.caller(MINJI).presses("911");
    house.wait(secs(3));
    house.caller(MINJI).heard_beginning_of("ko/postal-ko/track_no", Moment::ZERO);
    house.caller(MINJI).presses("1234567890123");
    house.wait(secs(8));
    assert_eq!(house.fetched, ["http://track.example/items/1234567890123"]);
    house.caller(MINJI).heard_clip("ko/postal-ko/track_result-1", Moment::ZERO);
    house.night_falls();
}
