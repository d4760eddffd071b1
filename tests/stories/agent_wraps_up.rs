//! Between two calls: time for notes, breaks with a reason, the way home; and never two offers at once.

use thirdring::center::admin::{AdminCommand, AdminError};
use thirdring::center::event::{AgentWord, EventKind};

use crate::support::network::Weather;
use crate::support::{House, JUNHO, MINJI, millis, secs};

fn state(house: &House, agent: &str) -> (AgentWord, Option<String>) {
    let tile = house.board.agents.iter().find(|tile| tile.name == agent).expect("a tile for each agent");
    (tile.state, tile.reason.clone())
}

#[test]
fn after_a_call_there_is_time_for_notes_and_then_the_next_caller() {
    let mut house = House::with(1, |config| config.queues[0].wrap_up = secs(10));
    house.at_work(&["201"]);
    house.connects(MINJI, "201");
    house.asks_for_a_person(JUNHO);
    house.agent("201").book();
    assert_eq!(state(&house, "a-201").0, AgentWord::Talking);
    house.caller(MINJI).hangs_up();
    house.wait(secs(1));
    assert_eq!(state(&house, "a-201").0, AgentWord::Wrapup);
    house.agent("201").does_not_ring();
    house.wait(millis(8_500));
    house.agent("201").does_not_ring();
    house.wait(secs(1));
    house.agent("201").rings();
    house.night_falls();
}

#[test]
fn notes_that_are_done_early_bring_the_next_caller_early() {
    let mut house = House::with(1, |config| config.queues[0].wrap_up = secs(60));
    house.at_work(&["201"]);
    house.connects(MINJI, "201");
    house.caller(MINJI).hangs_up();
    house.asks_for_a_person(JUNHO);
    house.agent("201").dials_code("*14");
    house.wait(millis(300));
    house.agent("201").rings();
    house.night_falls();
}

#[test]
fn a_break_asked_for_during_a_call_begins_after_it_and_tells_its_reason() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.connects(MINJI, "201");
    let pause = AdminCommand::AgentPause { agent: "a-201".to_owned(), reason: "meal".to_owned() };
    house.ask(pause).expect("an agent may take a break");
    house.wait(secs(1));
    assert_eq!(state(&house, "a-201").0, AgentWord::Talking);
    house.caller(MINJI).hangs_up();
    house.wait(secs(120));
    assert_eq!(state(&house, "a-201"), (AgentWord::Away, Some("meal".to_owned())));
    house.asks_for_a_person(JUNHO);
    house.agent("201").does_not_ring();
    house.ask(AdminCommand::AgentResume { agent: "a-201".to_owned() }).expect("the break is over");
    house.wait(millis(300));
    house.agent("201").rings();
    house.night_falls();
}

#[test]
fn the_feature_codes_are_answered_in_words() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.agent("201").dials_code("*132");
    house.agent("201").heard_clip("ko/system/paused", thirdring::model::Moment::ZERO);
    assert_eq!(state(&house, "a-201"), (AgentWord::Away, Some("meal".to_owned())));
    house.agent("201").dials_code("*14");
    assert_eq!(state(&house, "a-201").0, AgentWord::Available);
    house.agent("201").dials_code("*12");
    house.agent("201").heard_clip("ko/system/logged-out", thirdring::model::Moment::ZERO);
    assert_eq!(state(&house, "a-201").0, AgentWord::Offline);
    house.asks_for_a_person(MINJI);
    house.agent("201").does_not_ring();
    house.agent("201").dials_code("*11");
    house.wait(millis(300));
    house.agent("201").rings();
    house.night_falls();
}

#[test]
fn a_code_from_a_phone_that_is_no_agents_changes_nobody() {
    let mut house = House::open();
    house.agent("1001").dials_code("*11");
    house.agent("1001").heard_clip("ko/system/not-an-agent", thirdring::model::Moment::ZERO);
    assert_eq!(house.count(|kind| matches!(kind, EventKind::AgentStateChanged { .. })), 0);
    house.night_falls();
}

#[test]
fn two_callers_and_one_agent_make_one_offer() {
    let mut house = House::open();
    house.asks_for_a_person(MINJI);
    house.asks_for_a_person(JUNHO);
    house.at_work(&["201"]);
    let ringing = house.agents.phones.values().filter(|phone| phone.user == "201" && !phone.is_over()).count();
    assert_eq!(ringing, 1);
    assert_eq!(house.agent("201").book().shows.as_deref(), Some(MINJI), "the oldest caller comes first");
    house.night_falls();
}

#[test]
fn who_is_not_logged_in_can_not_take_a_break() {
    let mut house = House::open();
    let pause = AdminCommand::AgentPause { agent: "a-201".to_owned(), reason: "meal".to_owned() };
    assert!(matches!(house.ask(pause), Err(AdminError::NotNow { state: AgentWord::Offline, .. })));
    let unknown = house.ask(AdminCommand::AgentLogIn { agent: "nobody".to_owned() });
    assert_eq!(unknown, Err(AdminError::UnknownAgent { agent: "nobody".to_owned() }));
}

#[test]
fn a_code_that_changes_nothing_says_why() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.agent("201").dials_code("*12");
    for (code, lie) in [("*14", "ko/system/resumed"), ("*13", "ko/system/paused")] {
        let from = house.now();
        house.agent("201").dials_code(code);
        house.agent("201").has_not_heard(lie, from);
        house.agent("201").heard_clip("ko/system/log-in-first", from);
    }
    house.night_falls();
}

#[test]
fn an_agent_who_logged_out_in_the_call_stays_out_though_the_phone_was_away() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.connects(MINJI, "201");
    house.ask(AdminCommand::AgentLogOut { agent: "a-201".to_owned() }).expect("a known agent");
    house.network.sip = Weather::losing(1.0);
    house.wait(secs(320));
    house.network.sip = Weather::FAIR;
    house.wait(secs(300));
    house.caller(MINJI).hangs_up();
    house.wait(secs(60));
    let state = house.board.agents.iter().find(|agent| agent.name == "a-201").map(|agent| agent.state);
    assert_eq!(state, Some(AgentWord::Offline), "{}", house.story());
    house.night_falls();
}

#[test]
fn a_wrong_number_does_not_cost_the_place_among_the_free() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.wait(secs(60));
    house.at_work(&["202"]);
    house.wait(secs(60));
    house.agent("201").dials("4711");
    house.wait(secs(5));
    house.asks_for_a_person(MINJI);
    house.agent("202").does_not_ring();
    house.agent("201").rings();
    house.night_falls();
}

#[test]
fn an_agent_who_logs_in_without_a_phone_is_offered_nobody() {
    let mut house = House::open();
    house.ask(AdminCommand::AgentLogIn { agent: "a-201".to_owned() }).expect("a known agent");
    house.asks_for_a_person(MINJI);
    house.wait(secs(10));
    assert_eq!(house.count(|kind| matches!(kind, EventKind::AgentOffered { .. })), 0, "{}", house.story());
    let tile = house.board.agents.iter().find(|agent| agent.name == "a-201").expect("a known agent");
    assert_eq!((tile.state, tile.reason.as_deref()), (AgentWord::Away, Some("no_phone")));
    house.at_work(&["201"]);
    house.agent("201").rings();
    house.night_falls();
}
