//! New flows while calls run: a good one is used by the next caller, a bad one by nobody, and whoever is in a flow
//! stays in the one that answered.

use thirdring::center::Input;
use thirdring::center::event::EventKind;
use thirdring::model::Moment;

use crate::support::house::{SHIPPED, flow, shipped_flows};
use crate::support::{House, JUNHO, MINJI, SEOYEON, secs};

/// The hotline's flow, but key 1 of the main menu leads abroad.
fn changed() -> Vec<std::sync::Arc<thirdring::ivr::Flow>> {
    let [(id, text), _] = SHIPPED;
    let text = text.replace(r#"keys = { 1 = "domestic", 2 = "intl""#, r#"keys = { 1 = "intl", 2 = "domestic""#);
    vec![flow(id, &text)]
}

fn presses_one(house: &mut House, caller: &str) {
    house.caller(caller).presses("9");
    house.wait(secs(1));
    house.caller(caller).presses("1");
    house.wait(secs(3));
}

#[test]
fn the_next_caller_meets_the_new_flow_and_the_running_call_finishes_on_its_own() {
    let mut house = House::open();
    house.caller(MINJI).dials("1300");
    house.wait(secs(1));
    house.tell(Input::Flows { flows: changed(), problems: 0 });
    house.caller(JUNHO).dials("1300");
    house.wait(secs(1));
    presses_one(&mut house, MINJI);
    presses_one(&mut house, JUNHO);
    house.caller(MINJI).heard_beginning_of("ko/postal-ko/domestic", Moment::ZERO);
    house.caller(JUNHO).heard_beginning_of("ko/postal-ko/intl", Moment::ZERO);
    house.night_falls();
    let versions: Vec<&str> = house.ledger.records().iter().map(|record| record.flow_version.as_str()).collect();
    assert_ne!(versions[0], versions[1], "each record names the version that answered");
}

#[test]
fn a_flow_with_mistakes_replaces_nothing() {
    let mut house = House::open();
    house.tell(Input::Flows { flows: Vec::new(), problems: 3 });
    assert_eq!(house.count(|kind| matches!(kind, EventKind::ConfigReloaded { ok: false, problems: 3, .. })), 1);
    house.caller(SEOYEON).dials("1300");
    house.wait(secs(1));
    presses_one(&mut house, SEOYEON);
    house.caller(SEOYEON).heard_beginning_of("ko/postal-ko/domestic", Moment::ZERO);
    house.night_falls();
}

#[test]
fn the_same_flows_again_change_nothing() {
    let mut house = House::open();
    house.tell(Input::Flows { flows: shipped_flows(), problems: 0 });
    house.caller(MINJI).dials("1300");
    house.wait(secs(1));
    presses_one(&mut house, MINJI);
    house.caller(MINJI).heard_beginning_of("ko/postal-ko/domestic", Moment::ZERO);
    house.night_falls();
    let version = &shipped_flows()[0].version;
    assert_eq!(&house.ledger.records()[0].flow_version, version);
}
