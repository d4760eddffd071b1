//! The charter's promises are counted as they were kept, not as they were meant.

use thirdring::center::event::{EventKind, Promise, Verdict};

use crate::support::{House, JUNHO, MINJI, secs};

#[test]
fn a_wait_over_three_minutes_is_a_breach_however_it_ends() {
    let mut house = House::open();
    house.asks_for_a_person(MINJI);
    house.wait(secs(32));
    house.caller(MINJI).presses("0");
    house.wait(secs(160));
    house.caller(MINJI).presses("0");
    house.at_work(&["201"]);
    house.agent("201").rings().answers();
    house.wait(secs(1));
    house.night_falls();
    assert_eq!(house.ledger.verdicts(Promise::WaitUnder3Minutes, Verdict::Breached), 1);
    assert_eq!(house.ledger.verdicts(Promise::WaitUnder3Minutes, Verdict::Met), 0);
}

#[test]
fn a_short_wait_is_met_and_an_early_hang_up_is_excused() {
    let mut house = House::open();
    house.asks_for_a_person(JUNHO);
    house.wait(secs(5));
    house.caller(JUNHO).hangs_up();
    house.at_work(&["201"]);
    house.connects(MINJI, "201");
    house.caller(MINJI).hangs_up();
    house.night_falls();
    let verdict = |verdict| house.ledger.verdicts(Promise::WaitUnder3Minutes, verdict);
    assert_eq!((verdict(Verdict::Met), verdict(Verdict::Breached), verdict(Verdict::Excused)), (1, 0, 1));
}

#[test]
fn who_hangs_up_first_is_counted() {
    let mut house = House::with(1, |config| config.queues[0].wrap_up = secs(0));
    house.at_work(&["201"]);
    house.connects(MINJI, "201");
    house.caller(MINJI).hangs_up();
    house.wait(secs(3));
    house.connects(JUNHO, "201");
    house.agent("201").hangs_up();
    // The caller stays through the closing sentence and its ten seconds.
    house.wait(secs(15));
    house.night_falls();
    let verdict = |verdict| house.ledger.verdicts(Promise::CallerHangsUpFirst, verdict);
    assert_eq!((verdict(Verdict::Met), verdict(Verdict::Breached)), (1, 1), "{}", house.story());
}

#[test]
fn a_transfer_without_a_word_is_a_breach() {
    let mut house = House::with(1, |config| config.policy.transfer_announcement = false);
    house.at_work(&["201", "205"]);
    // Both are free; whoever rings first gives the caller to the other.
    house.asks_for_a_person(MINJI);
    let first = if house.agents.phones.values().any(|phone| phone.user == "201") { "201" } else { "205" };
    let other = if first == "201" { "205" } else { "201" };
    house.agent(first).answers();
    house.wait(secs(1));
    house.agent(first).transfers_to(other);
    house.wait(secs(1));
    house.agent(other).rings().answers();
    house.wait(secs(1));
    house.caller(MINJI).hears_voice_of(other);
    house.night_falls();
    assert_eq!(house.ledger.verdicts(Promise::TransferAnnounced, Verdict::Breached), 1);
}

#[test]
fn an_announced_transfer_is_met() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.connects(MINJI, "201");
    house.at_work(&["205"]);
    house.agent("201").transfers_to("205");
    house.wait(secs(25));
    house.agent("205").answers();
    house.wait(secs(1));
    house.night_falls();
    assert_eq!(house.ledger.verdicts(Promise::TransferAnnounced, Verdict::Met), 1);
    assert_eq!(house.count(|kind| matches!(kind, EventKind::PromptMissing { .. })), 0, "{}", house.story());
}

#[test]
fn a_menu_call_is_answered_at_once() {
    let mut house = House::open();
    house.caller(MINJI).dials("1300");
    house.wait(secs(1));
    house.night_falls();
    assert_eq!(house.ledger.verdicts(Promise::AnswerBeforeThirdRing, Verdict::Met), 1);
}
