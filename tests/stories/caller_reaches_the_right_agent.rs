//! A caller dials the hotline, chooses by key, waits with music and talks with an agent who knows the matter.

use thirdring::center::event::{EventKind, LegRole};
use thirdring::model::{EndedBy, Moment, Outcome};

use crate::support::{House, JUNHO, MINJI, millis, secs};

#[test]
fn a_caller_hears_the_menu_and_talks_with_an_agent_who_has_the_skill() {
    let mut house = House::open();
    // 201 knows domestic mail a little; 211 knows claims too; 214 is abroad's.
    house.at_work(&["201", "211", "214"]);
    house.caller(MINJI).dials("1300");
    house.wait(secs(35));
    let notice = house.caller(MINJI).heard_clip("ko/postal-ko/notice", Moment::ZERO);
    house.caller(MINJI).heard_beginning_of("ko/postal-ko/main", notice);
    house.caller(MINJI).presses("1");
    house.wait(secs(2));
    house.caller(MINJI).presses("3");
    house.wait(millis(300));
    house.agent("211").rings();
    house.agent("201").does_not_ring();
    house.agent("214").does_not_ring();
    house.wait(secs(2));
    house.caller(MINJI).hears_music();

    house.agent("211").answers();
    house.wait(secs(2));
    house.caller(MINJI).hears_voice_of("211");
    house.agent("211").hears_voice_of(MINJI);
    let tile = house.board.agents.iter().find(|tile| tile.name == "a-211").expect("a tile for each agent");
    assert_eq!(tile.caller.as_deref(), Some("010-****-5678"));

    house.caller(MINJI).hangs_up();
    house.night_falls();
    let records = house.ledger.records();
    let [record] = records.as_slice() else { panic!("one record for one call, not {}", records.len()) };
    assert_eq!((record.outcome, record.ended_by, record.status), (Outcome::Answered, EndedBy::Caller, 200));
    assert_eq!((record.queue.as_str(), record.agent.as_str()), ("domestic", "a-211"));
    assert_eq!(record.path, "open_check>notice>main>domestic>q_claims");
    assert!(record.talked_ms.abs_diff(2_000) < 20, "talked for {} ms", record.talked_ms);
    let legs = house.ledger.legs_of(record.call);
    let [caller, agent] = legs.as_slice() else { panic!("two legs, not {}", legs.len()) };
    assert_eq!((caller.role, agent.role), (LegRole::Caller, LegRole::Agent));
    assert_eq!((caller.packets_lost, agent.packets_lost), (0, 0));
    assert_eq!(house.count(|kind| matches!(kind, EventKind::PromptMissing { .. })), 0, "{}", house.story());
}

#[test]
fn two_calls_on_two_media_workers_never_hear_each_other() {
    let mut house = House::with(1, |config| config.media.threads = 2);
    house.at_work(&["201"]);
    house.connects(MINJI, "201");
    house.at_work(&["202"]);
    house.connects(JUNHO, "202");
    house.caller(MINJI).hears_voice_of("201");
    house.agent("201").hears_voice_of(MINJI);
    let legs: Vec<usize> = house.workers.iter().map(|worker| worker.counts().legs).collect();
    assert_eq!(legs, [2, 2], "a call keeps to one worker, and the next call takes the other");
    house.night_falls();
}
