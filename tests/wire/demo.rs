//! The demonstration: a seeded day at twenty times life's speed, and every call accounted for.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::events::texts;
use crate::server::{Folder, Ports, Server};
use crate::wait::until;

#[test]
fn the_demonstration_serves_its_callers() {
    let ports = Ports::take();
    let arguments = ["--demo", "--demo-speed", "20", "--demo-seed", "7"];
    let mut server = Server::spawn(&arguments, Folder::new("demo"), ports);
    server.wait_for_log("Demo: seed 7");
    let enough = until(Duration::from_secs(75), || tally(&server, "talked") >= TALKED);
    assert!(enough, "{} talked", tally(&server, "talked"));
    assert_eq!(tally(&server, "failed"), 0);
    // Everybody hangs up at once, those who wait as well: nobody is left to wait for.
    let told = Instant::now();
    server.signal(Signal::INT);
    assert_eq!(server.wait_for_end(Duration::from_secs(20)).code(), Some(0));
    assert!(told.elapsed() < Duration::from_secs(5), "it took {:?}:\n{}", told.elapsed(), server.log());
    assert!(!server.log().contains("draining"), "calls were left:\n{}", server.log());
    let database = server.folder.path().join("thirdring-data/thirdring.sqlite");
    let count = |query: &str| texts(&database, query).first().and_then(|text| text.parse().ok()).unwrap_or(0u64);
    let received = count("SELECT CAST(COUNT(*) AS TEXT) FROM events WHERE type = 'call.received'");
    let records = count("SELECT CAST(COUNT(*) AS TEXT) FROM calls");
    assert_eq!(received, records, "every call leaves one record");
    assert!(records >= TALKED, "{records} records");
    let by_system = count("SELECT CAST(COUNT(*) AS TEXT) FROM calls WHERE ended_by = 'system' AND flow <> ''");
    assert_eq!(by_system, 0, "the server had to end a caller's call itself");
    let device = |word: &str| {
        let query = format!(
            "SELECT CAST(COUNT(DISTINCT json_extract(data, '$.device')) AS TEXT) FROM events WHERE type = 'agent.{word}'"
        );
        texts(&database, &query)
    };
    assert_eq!(device("registered"), device("unregistered"), "every phone was taken back");
}

/// The newest number before this word in the demo's line.
fn tally(server: &Server, word: &str) -> u64 {
    let log = server.log();
    let line = log.lines().rev().find(|line| line.contains("demo: ")).unwrap_or_default();
    let part = line.split(['·', ':']).find(|part| part.trim().ends_with(word)).unwrap_or_default();
    part.trim().split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

const TALKED: u64 = 20;
