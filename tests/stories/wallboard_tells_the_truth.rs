//! Every picture of the live page equals the sums of the event log; the ledger compares them in every story. Here the
//! page is looked at while much is going on.

use thirdring::center::event::{AgentWord, EventKind};
use thirdring::config::NumberTarget;
use thirdring::model::Moment;

use crate::support::house::MORNING;
use crate::support::{House, JUNHO, MINJI, SEOYEON, millis, secs};

#[test]
fn the_page_shows_who_waits_who_rings_and_who_talks() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.connects(MINJI, "201");
    house.asks_for_a_person(JUNHO);
    house.asks_for_a_person(SEOYEON);
    house.wait(millis(300));
    let queue = house.board.queues.iter().find(|tile| tile.name == "general").expect("a tile for each queue");
    let shown: Vec<(&str, u32)> = queue.waiting.iter().map(|w| (w.number.as_str(), w.position)).collect();
    assert_eq!(shown, [("010-****-6789", 1), ("010-****-7891", 2)]);
    assert_eq!((queue.entered, queue.answered), (3, 1));
    assert_eq!((house.board.calls_active, house.board.legs_active, house.board.registrations), (3, 4, 1));

    house.at_work(&["202"]);
    house.wait(millis(300));
    let queue = house.board.queues.iter().find(|tile| tile.name == "general").expect("a tile for each queue");
    assert_eq!(queue.waiting.first().and_then(|w| w.offered_to.as_deref()), Some("이바다"));
    assert_eq!(queue.agents_by_state[AgentWord::Talking as usize], 1);
    assert_eq!(queue.agents_by_state[AgentWord::Ringing as usize], 1);
    house.night_falls();
    assert!(house.ledger.boards > 50, "a picture a second at least: {}", house.ledger.boards);
}

#[test]
fn a_change_is_on_the_page_within_a_fifth_of_a_second() {
    let mut house = House::open();
    house.wait(secs(5));
    let before = house.board.seq;
    house.at_work(&["201"]);
    let registered = house.now();
    house.asks_for_a_person(MINJI);
    let rings = |house: &House| house.board.agents.iter().any(|tile| tile.state == AgentWord::Ringing);
    house.wait_until("the page shows the ringing", millis(200), rings);
    assert!(house.board.seq > before && house.now() > registered);
    house.night_falls();
}

#[test]
fn after_midnight_the_page_counts_a_new_day_and_whoever_waits_is_its_first_caller() {
    let a_minute_before = MORNING + (13 * 60 + 44) * 60_000;
    let mut house = House::at(a_minute_before, 1, |config| {
        let queue = config.queue_named("general").expect("the development centre has it").id;
        config.numbers.iter_mut().for_each(|number| number.target = NumberTarget::Queue(queue));
    });
    house.at_work(&["201"]);
    house.caller(MINJI).dials("1300");
    house.wait(secs(1));
    house.agent("201").rings().answers();
    house.wait(secs(1));
    house.caller(JUNHO).dials("1300");
    house.wait(secs(1));
    let sums = |house: &House| {
        let tile = house.board.queues.iter().find(|tile| tile.name == "general").expect("a tile for each queue");
        let agent = house.board.agents.iter().find(|tile| tile.name == "a-201").expect("a tile for each agent");
        let met: u64 = house.board.promises.iter().map(|promise| promise.met).sum();
        (tile.entered, tile.answered, agent.answered, met > 0)
    };
    assert_eq!(sums(&house), (2, 1, 1, true));
    house.wait(secs(60));
    assert_eq!(sums(&house), (1, 0, 0, false));
    let began = house.events_where(|kind| matches!(kind, EventKind::DayBegan { .. }));
    let [(at, EventKind::DayBegan { date })] = began.as_slice() else { panic!("one midnight\n{}", house.story()) };
    assert_eq!((date.as_str(), *at), ("2026-03-05", Moment::from_secs(60)));
    house.caller(MINJI).hangs_up();
    house.wait(secs(32));
    house.agent("201").rings().answers();
    house.wait(secs(1));
    assert_eq!(sums(&house), (1, 1, 1, true));
    house.caller(JUNHO).hangs_up();
    house.night_falls();
}

#[test]
fn an_agent_whose_phone_is_lost_is_shown_without_a_phone() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.wait(millis(300));
    let shown = |house: &House| house.board.agents.iter().filter(|tile| tile.phone_registered).count();
    assert_eq!(shown(&house), 1);
    // The office's line is cut: no refresh arrives, the registration runs out.
    house.network.sip.loss = 1.0;
    house.wait(secs(400));
    assert_eq!((shown(&house), house.board.registrations), (0, 0));
}
