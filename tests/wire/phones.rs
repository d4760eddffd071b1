//! Telephones as people use them: who hears whom, before and after a hold and a transfer, and what is left of it.

use crate::baresip::Phone;
use crate::events::{events, texts};
use crate::http::{get, metric};
use crate::server::{Server, Setup};
use crate::wait::eventually;
use std::time::Duration;

#[test]
fn a_caller_chooses_waits_is_held_and_transferred_with_an_announcement() {
    let server = Server::start(&Setup::new());
    let mut agent = Phone::registered(&server, "201", AGENT);
    server.ask_agent("pause", "a-201");
    let mut caller = Phone::outside(&server, "0612800600", CALLER);
    caller.dial("1300");
    caller.wait_for("CALL_ESTABLISHED");
    caller.wait_to_hear_other(&TONES, 0, 500);
    caller.press("0");
    eventually("the key led into the queue", SOON, || waiting(&server) == 1);
    // The agent is on a break: the caller hears music.
    caller.wait_to_hear_other(&TONES, caller.heard().len(), 1_000);

    server.ask_agent("resume", "a-201");
    agent.wait_for_ring();
    agent.answer();
    they_hear_each_other(&caller, &agent);

    agent.hold();
    eventually("the hold is known", SOON, || events(&server, "call.held").len() == 1);
    let held = caller.heard().len();
    caller.wait_to_hear_other(&TONES, held, 1_000);
    agent.resume();
    eventually("the resumption is known", SOON, || events(&server, "call.resumed").len() == 1);
    caller.wait_to_hear(agent.tone, caller.heard().len(), 500);
    agent.echo();
    caller.wait_to_hear(caller.tone, caller.heard().len(), 500);
    agent.speak();
    caller.wait_to_hear(agent.tone, caller.heard().len(), 500);

    let mut second = Phone::registered(&server, "202", SECOND);
    agent.transfer("202");
    let asked = caller.heard().len();
    second.wait_for_ring();
    second.answer();
    they_hear_each_other(&caller, &second);
    let heard = caller.heard().after(asked);
    let before = heard.before_tone(SECOND);
    assert!(before.other_ms(&TONES) >= 1_000, "an announcement of {} ms", before.other_ms(&TONES));
    let announced = before.after(before.last_of_tone(AGENT));
    assert!(announced.other_ms(&TONES) >= 1_000, "the first agent spoke over the announcement");
    assert_eq!(heard.after(before.len()).tone_ms(AGENT), 0, "the first agent is gone");

    caller.hang_up();
    second.wait_for("CALL_CLOSED");
    server.wait_until_idle();
    the_books_agree(&server);
}

/// Records, events and metrics tell the same story.
fn the_books_agree(server: &Server) {
    eventually("the record is written", SOON, || texts(&server.database(), "SELECT outcome FROM calls").len() == 1);
    let shown = server.command(&["cdr", "--config", "thirdring.toml", "--format", "json"]);
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.status.success(), "{text}{}", String::from_utf8_lossy(&shown.stderr));
    let records: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|why| panic!("{why}: {text}"));
    let record = records.as_array().and_then(|all| all.first()).unwrap_or_else(|| panic!("no record: {text}"));
    assert_eq!(record["flow"], "postal-ko", "{record}");
    assert_eq!(record["agent"], "a-202", "{record}");
    assert_eq!(record["transfers"], 1, "{record}");

    assert_eq!(events(server, "queue.caller_answered").len(), 1);
    assert_eq!(events(server, "transfer.announced").len(), 1);
    assert_eq!(events(server, "transfer.completed").len(), 1);
    assert_eq!(events(server, "leg.ended").len(), 3, "the caller's and two agents'");

    let metrics = get(&server.url("/metrics")).expect("the server answers").text;
    let is = |series: &str| metric(&metrics, series);
    assert_eq!(is("thirdring_queue_entered_total{queue=\"general\"}"), 1.0);
    assert_eq!(is("thirdring_queue_exits_total{queue=\"general\",reason=\"answered\"}"), 1.0);
    assert_eq!(is("thirdring_transfers_total{result=\"completed\"}"), 1.0);
}

#[track_caller]
fn they_hear_each_other(one: &Phone, other: &Phone) {
    let (before_one, before_other) = (one.heard().len(), other.heard().len());
    one.wait_to_hear(other.tone, before_one, 500);
    other.wait_to_hear(one.tone, before_other, 500);
}

/// Callers who wait in any queue.
fn waiting(server: &Server) -> usize {
    let board = server.board();
    let queues = board["queues"].as_array().expect("a board has queues");
    queues.iter().filter_map(|queue| queue["waiting"].as_array()).map(Vec::len).sum()
}

const AGENT: u32 = 700;
const SECOND: u32 = 900;
const CALLER: u32 = 1_100;
const TONES: [u32; 3] = [AGENT, SECOND, CALLER];
const SOON: Duration = Duration::from_secs(20);
