//! The office's phones on TCP: registrations, rings and talks arrive in pieces of any size and are whole again.

use crate::support::{House, MINJI, secs};

#[test]
fn an_agent_on_tcp_talks_like_any_other() {
    for piece_max in [1, 7, 400, 100_000] {
        let mut house = House::over_tcp();
        house.network.piece_max = piece_max;
        house.at_work(&["201"]);
        house.asks_for_a_person(MINJI);
        house.wait(secs(1));
        house.agent("201").rings().answers();
        house.wait(secs(1));
        house.caller(MINJI).hears_voice_of("201");
        house.agent("201").hears_voice_of(MINJI);
        house.agent("201").hangs_up();
        house.wait(secs(1));
        house.caller(MINJI).hangs_up();
        house.night_falls();
    }
}
