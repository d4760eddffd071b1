//! What Prometheus would say of our numbers: the text is well-formed, and the shipped rules ask for what there is.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::http::get;
use crate::peer;
use crate::server::{Server, Setup};
use crate::sipp::Scenario;

#[test]
fn promtool_finds_nothing_to_say_about_the_metrics() {
    let server = Server::start(&Setup::new());
    Scenario::new("basic").to("9196").run(&server);
    server.wait_until_idle();
    let answer = get(&server.url("/metrics")).expect("the server answers");
    assert!(answer.content_type.starts_with("text/plain; version=0.0.4"), "{}", answer.content_type);
    let mut promtool = Command::new(peer::program("promtool", "prometheus"))
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool was found before");
    let input = promtool.stdin.take().expect("stdin is piped");
    { input }.write_all(answer.text.as_bytes()).expect("promtool reads");
    let output = promtool.wait_with_output().expect("promtool ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.is_empty(), "promtool says:\n{said}");
}

#[test]
fn the_rules_of_the_handbook_ask_for_metrics_that_exist_or_are_known_to_come_later() {
    let server = Server::start(&Setup::new());
    let text = get(&server.url("/metrics")).expect("the server answers").text;
    let there: BTreeSet<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let exists = |name: &str| {
        let stem = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
        there.contains(name) || stem.is_some_and(|stem| there.contains(stem))
    };
    for name in ASKED {
        assert!(exists(name), "{name} is not there; there are {there:?}");
    }
    for name in LATER {
        assert!(!exists(name), "{name} has come: it belongs to the others now");
    }
}

/// What recording rules and alerts are built on.
const ASKED: [&str; 12] = [
    "thirdring_agents",
    "thirdring_calls_one_way_audio_total",
    "thirdring_charter_checks_total",
    "thirdring_queue_answered_within_sla_total",
    "thirdring_queue_entered_total",
    "thirdring_queue_exits_total",
    "thirdring_queue_oldest_wait_seconds",
    "thirdring_queue_open",
    "thirdring_queue_short_abandons_total",
    "thirdring_queue_sla_target_ratio",
    "thirdring_queue_wait_seconds_count",
    "thirdring_queue_wait_seconds_sum",
];

/// What they ask for as well, and what has to be there first: quality scores, probes of trunks, lists of open work.
const LATER: [&str; 6] = [
    "thirdring_call_mos_bucket",
    "thirdring_call_mos_count",
    "thirdring_callbacks_open",
    "thirdring_media_tick_late_seconds_bucket",
    "thirdring_trunk_up",
    "thirdring_voc_tickets_open",
];
