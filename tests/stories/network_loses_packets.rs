//! Bad links: signalling that is lost, doubled, delayed and overtaken still makes every call; lost audio is counted;
//! a line that stays dead is ended by policy.

use std::time::Duration;

use thirdring::center::event::{EventKind, MissedWhy, Promise, QueueExit, Verdict};
use thirdring::model::{EndedBy, Outcome};

use crate::support::network::Weather;
use crate::support::{House, MINJI, millis, secs};

#[test]
fn one_message_in_five_is_lost_and_calls_are_made_all_the_same() {
    for seed in 1..=6 {
        let mut house = House::with(seed, |_| {});
        house.at_work(&["201"]);
        house.network.sip = Weather { loss: 0.2, duplicates: 0.1, delay: millis(5), jitter: millis(30) };
        house.caller(MINJI).dials("1300");
        let answered = |house: &House| house.callers.phones.values().any(|phone| phone.answered.is_some());
        house.wait_until("the caller is answered", secs(32), answered);
        house.wait(secs(3));
        house.caller(MINJI).presses("0");
        let rings = |house: &House| house.agents.phones.values().any(|phone| phone.user == "201" && !phone.is_over());
        house.wait_until("the agent rings", secs(32), rings);
        house.agent("201").answers();
        let talking = |house: &House| house.count(|kind| matches!(kind, EventKind::CallConnected { .. })) > 0;
        house.wait_until("they talk", secs(32), talking);
        house.wait(secs(2));
        house.caller(MINJI).hears_voice_of("201");
        house.agent("201").hears_voice_of(MINJI);
        house.caller(MINJI).hangs_up();
        house.wait(secs(40));
        house.network.sip = Weather::FAIR;
        house.night_falls();
        let records = house.ledger.records();
        assert_eq!(records.len(), 1, "seed {seed}: lost and doubled messages make no second call");
        assert_eq!(records[0].outcome, Outcome::Answered, "seed {seed}");
    }
}

#[test]
fn lost_audio_is_counted_in_the_legs_record() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.connects(MINJI, "201");
    house.network.rtp = Weather { jitter: millis(15), ..Weather::losing(0.05) };
    house.wait(secs(60));
    house.network.rtp = Weather::FAIR;
    house.caller(MINJI).hangs_up();
    house.night_falls();
    let record = house.ledger.records()[0];
    for leg in house.ledger.legs_of(record.call) {
        // 3,000 packets in a minute, one in twenty lost.
        assert!((100..=200).contains(&leg.packets_lost), "{} lost {}", leg.leg, leg.packets_lost);
        assert!(leg.jitter_us > 1_000, "{} has a jitter of {} us", leg.leg, leg.jitter_us);
    }
}

#[test]
fn a_caller_whose_line_goes_dead_is_released_after_the_time_out() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.connects(MINJI, "201");
    house.network.rtp = Weather::losing(1.0);
    let lost = house.now();
    let noticed = |house: &House| house.count(|kind| matches!(kind, EventKind::MediaLost { .. })) > 0;
    let at = house.wait_until("the silence is noticed", secs(25), noticed);
    assert!(at.since(lost) >= secs(19) && at.since(lost) <= secs(21), "noticed after {:?}", at.since(lost));
    house.wait(secs(2));
    house.network.rtp = Weather::FAIR;
    house.night_falls();
    assert_eq!(house.ledger.records()[0].ended_by, EndedBy::Network);
}

#[test]
fn keys_get_through_although_audio_is_lost() {
    let mut house = House::open();
    house.at_work(&["211"]);
    house.network.rtp = Weather::losing(0.2);
    house.caller(MINJI).dials("1300");
    house.wait(secs(3));
    for key in ["9", "1", "3"] {
        house.caller(MINJI).presses(key);
        house.wait(secs(2));
    }
    house.agent("211").rings();
    house.network.rtp = Weather::FAIR;
    house.night_falls();
}

#[test]
fn a_phone_that_never_hears_our_answer_is_given_up() {
    let mut house = House::open();
    house.caller(MINJI).dials("1300");
    house.wait(millis(1));
    house.network.sip = Weather::losing(1.0);
    house.wait(secs(60));
    house.network.sip = Weather::FAIR;
    house.night_falls();
    assert_eq!(house.ledger.records()[0].ended_by, EndedBy::Network, "{}", house.story());
}

#[test]
fn a_line_that_dies_in_a_talk_breaks_no_promise_about_hanging_up() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.connects(MINJI, "201");
    house.network.rtp = Weather::losing(1.0);
    house.wait(secs(40));
    house.network.rtp = Weather::FAIR;
    house.night_falls();
    let verdict = |verdict| house.ledger.verdicts(Promise::CallerHangsUpFirst, verdict);
    assert_eq!((verdict(Verdict::Breached), verdict(Verdict::Excused)), (0, 1), "{}", house.story());
}

#[test]
fn a_waiting_caller_whose_line_dies_has_given_up_and_pressed_no_key() {
    let mut house = House::open();
    house.asks_for_a_person(MINJI);
    house.network.rtp = Weather::losing(1.0);
    house.wait(secs(25));
    house.network.rtp = Weather::FAIR;
    house.night_falls();
    let left = house.events_where(|kind| matches!(kind, EventKind::CallerLeft { .. }));
    let [(_, EventKind::CallerLeft { why, .. })] = left.as_slice() else { panic!("one left\n{}", house.story()) };
    assert_eq!(*why, QueueExit::Abandoned);
}

/// A caller waits for an agent whose phone is this far away, one way; it has just begun to ring.
fn rings_far_away(delay: Duration) -> House {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.caller(MINJI).dials("1300");
    house.wait(secs(2));
    house.network.sip = Weather { delay, ..Weather::FAIR };
    house.caller(MINJI).presses("0");
    let rings = |house: &House| house.agents.phones.values().any(|phone| phone.rang.is_some());
    house.wait_until("the distant phone rings", secs(4), rings);
    house
}

/// How long the agents' phones rang in vain, in milliseconds.
fn missed(house: &House) -> Vec<u64> {
    let missed = |kind: &EventKind| matches!(kind, EventKind::OfferMissed { why: MissedWhy::RangOut, .. });
    let rang = |kind: &EventKind| if let EventKind::OfferMissed { rang_ms, .. } = kind { *rang_ms } else { 0 };
    house.events_where(missed).into_iter().map(|(_, kind)| rang(kind)).collect()
}

#[test]
fn a_distant_agent_has_the_whole_ringing_and_every_clock_says_so() {
    let mut house = rings_far_away(secs(1));
    house.wait(secs(5));
    house.agent("201").rings().answers();
    house.wait(secs(3));
    house.network.sip = Weather::FAIR;
    house.caller(MINJI).hears_voice_of("201");
    house.night_falls();
    assert_eq!(missed(&house), Vec::<u64>::new(), "{}", house.story());
    let promised = house.events_where(|kind| {
        matches!(kind, EventKind::CharterChecked { promise: Promise::AgentBeforeThirdRing, verdict: Verdict::Met, .. })
    });
    let [(_, EventKind::CharterChecked { measured_ms, .. })] = promised.as_slice() else { panic!("{}", house.story()) };
    assert_eq!(*measured_ms, Some(5_000), "what the charter says");
    let answered = house.events_where(|kind| matches!(kind, EventKind::CallerAnswered { .. }));
    let [(_, EventKind::CallerAnswered { rang_ms, .. })] = answered.as_slice() else { panic!("{}", house.story()) };
    assert_eq!(*rang_ms, 5_000, "what the queue says");
}

#[test]
fn a_distant_agent_who_does_not_answer_breaks_the_promise_once() {
    let mut house = rings_far_away(secs(1));
    house.wait(millis(8_500));
    house.network.sip = Weather::FAIR;
    house.caller(MINJI).hangs_up();
    house.night_falls();
    assert_eq!(missed(&house), [6_000], "{}", house.story());
    assert_eq!(house.ledger.verdicts(Promise::AgentBeforeThirdRing, Verdict::Breached), 1);
}

#[test]
fn what_a_very_slow_link_takes_is_no_agents_broken_promise() {
    let mut house = rings_far_away(millis(1_500));
    house.wait(millis(8_500));
    house.network.sip = Weather::FAIR;
    house.caller(MINJI).hangs_up();
    house.night_falls();
    // The caller waits two seconds for a link and no longer: 8 s since the offer, 5 s since the first ring.
    assert_eq!(missed(&house), [5_000], "{}", house.story());
    assert_eq!(house.ledger.verdicts(Promise::AgentBeforeThirdRing, Verdict::Breached), 0);
}
