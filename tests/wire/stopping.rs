//! Signals and bad beginnings: what is taken over, what is finished, what is refused, and in which words.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::events::{events, texts};
use crate::http::{get, post};
use crate::server::{Folder, Ports, Server, Setup};
use crate::sipp::Scenario;
use crate::wait::eventually;

#[test]
fn a_bad_flow_never_replaces_a_good_one() {
    let flows = Folder::new("flows");
    let shipped = |name: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("ivr-flows").join(name);
        std::fs::read_to_string(path).expect("the shipped flows are in the repository")
    };
    let (korean, english) = (shipped("postal-ko.toml"), shipped("utility-en.toml"));
    flows.write("postal-ko.toml", &korean);
    flows.write("utility-en.toml", &english);
    let server = Server::start(&Setup::new().flows(flows.path()));
    let versions = || texts(&server.database(), "SELECT DISTINCT flow_version FROM calls");
    Scenario::new("basic").to("1300").run(&server);
    eventually("the first call is written", SOON, || versions().len() == 1);

    let line = korean.lines().position(|line| line.starts_with("[node.main]")).expect("the flow has a main menu") + 1;
    flows.write("postal-ko.toml", korean.replace("1 = \"domestic\"", "1 = \"domestik\""));
    server.signal(Signal::HUP);
    server.wait_for_log("domestik");
    let log = server.log();
    let place = log.split("postal-ko.toml:").nth(1).and_then(|rest| rest.split(':').next());
    let told: usize = place.and_then(|line| line.parse().ok()).unwrap_or_else(|| panic!("no file:line in {log}"));
    assert!((line..line + 5).contains(&told), "line {told} was told, the menu begins in {line}");
    Scenario::new("basic").to("1300").run(&server);
    eventually("the second call is written", SOON, || {
        texts(&server.database(), "SELECT outcome FROM calls").len() == 2
    });
    assert_eq!(versions().len(), 1, "the old flow took the second call");

    flows.write("postal-ko.toml", korean.replace("timeout   = \"5s\"", "timeout   = \"4s\""));
    server.signal(Signal::HUP);
    eventually("the good flow is taken", SOON, || {
        events(&server, "config.reloaded").iter().filter(|data| data["ok"] == true).count() == 1
    });
    Scenario::new("basic").to("1300").run(&server);
    eventually("the third call has another version", SOON, || versions().len() == 2);

    std::fs::remove_file(flows.path().join("utility-en.toml")).expect("the folder is ours");
    let refused = post(&server.url("/api/v1/flows/reload"), "").expect("the server answers");
    assert_eq!(refused.status, 409, "{}", refused.text);
    assert!(refused.text.contains("there is no flow 'utility-en'"), "{}", refused.text);
    assert!(refused.text.contains("thirdring.toml:"), "{}", refused.text);
    server.signal(Signal::HUP);
    eventually("all three refusals are in the event log", SOON, || {
        events(&server, "config.reloaded").iter().filter(|data| data["ok"] == false).count() == 3
    });
    flows.write("utility-en.toml", &english);
    let taken = post(&server.url("/api/v1/flows/reload"), "").expect("the server answers");
    assert_eq!((taken.status, taken.json()["flows"].as_u64()), (200, Some(2)), "{}", taken.text);
    assert_eq!(taken.json()["warnings"], serde_json::json!([]), "{}", taken.text);
}

#[test]
fn a_server_that_is_told_to_stop_finishes_its_calls() {
    let mut server = Server::start(&Setup::new());
    let talking = Scenario::new("basic").to("9196").lasting(Duration::from_secs(6)).start(&server);
    eventually("the call is there", SOON, || server.board()["calls_active"] == 1);
    server.signal(Signal::USR1);
    server.wait_for_log("call-1 service from");
    server.wait_for_log("queue-0 waiting=0");
    server.signal(Signal::TERM);
    eventually("it says that it closes", SOON, || {
        get(&server.url("/readyz")).is_ok_and(|answer| answer.status == 503 && answer.text.contains("draining"))
    });
    Scenario::new("refused").to("9196").run(&server);
    talking.finish();
    let status = server.wait_for_end(Duration::from_secs(15));
    assert_eq!(status.code(), Some(0));
    assert_eq!(events(&server, "server.started").len(), 1);
    assert_eq!(events(&server, "server.stopped"), [serde_json::json!({ "calls": 0 })]);
    // The old call has its record; the refused one was never a call.
    assert_eq!(texts(&server.database(), "SELECT CAST(status AS TEXT) FROM calls"), ["200"]);
}

#[test]
fn a_second_signal_ends_the_calls_as_well() {
    let mut server = Server::start(&Setup::new());
    let _talking = Scenario::new("basic").to("9196").lasting(Duration::from_secs(30)).start(&server);
    eventually("the call is there", SOON, || server.board()["calls_active"] == 1);
    server.signal(Signal::TERM);
    server.wait_for_log("draining: 1 call goes on");
    let told = Instant::now();
    server.signal(Signal::TERM);
    assert_eq!(server.wait_for_end(Duration::from_secs(10)).code(), Some(0));
    assert!(told.elapsed() < Duration::from_secs(10));
    assert_eq!(texts(&server.database(), "SELECT outcome FROM calls").len(), 1, "even this call has its record");
}

#[test]
fn whatever_keeps_it_from_starting_is_told_on_one_screen() {
    let ports = Ports::take();
    let taken = |address| TcpListener::bind(address).expect("the port is ours");
    {
        let _sip = taken(ports.sip());
        refuses(&Setup::new(), &ports, |_| {}, &[&ports.sip().to_string(), "help:"]);
    }
    {
        let _http = taken(ports.http());
        refuses(&Setup::new(), &ports, |_| {}, &[&ports.http().to_string(), "help:"]);
    }
    let broken_database = |folder: &Folder| {
        std::fs::create_dir(folder.path().join("data")).expect("our own folder can be written");
        folder.write(
            "data/thirdring.sqlite",
            "This is no database, although it is long enough to be looked at. ".repeat(40),
        );
    };
    refuses_as_checked(&Setup::new(), &ports, broken_database, &["thirdring.sqlite", "not a SQLite database", "help:"]);
    let file_in_the_way = |folder: &Folder| drop(folder.write("data", "a file where the folder should be"));
    refuses_as_checked(&Setup::new(), &ports, file_in_the_way, &["data", "help:"]);
    let no_prompts = Setup::new().more("[audio]\nfolder = \"no-such-prompts\"");
    refuses_as_checked(&no_prompts, &ports, |_| {}, &["no-such-prompts", "help:"]);
    let misspelt = Setup::new().replace("calls_max = ", "calls_maks = ");
    refuses_as_checked(&misspelt, &ports, |_| {}, &["thirdring.toml:", "calls_maks", "calls_max"]);
    let nowhere = Setup::new().replace("flow = \"postal-ko\"", "flow = \"postal-kr\"");
    refuses_as_checked(&nowhere, &ports, |_| {}, &["thirdring.toml:", "postal-kr", "postal-ko"]);
    let no_flows = Setup::new().flows(std::path::Path::new("no-such-flows"));
    refuses_as_checked(&no_flows, &ports, |_| {}, &["thirdring.toml:", "no-such-flows", "help:"]);
}

#[test]
fn what_can_be_lived_with_is_told_at_the_start_and_by_check() {
    let prompts = Folder::new("prompts");
    prompts.write("broken.wav", "no sound at all");
    let setup = Setup::new().replace("display_name = \"박소리\"", "display_name = \"박노래\"");
    let setup = setup.more(&format!("[audio]\nfolder = \"{}\"", prompts.path().display()));
    let mut server = Server::start(&setup);
    let checked = server.command(&["check", "--config", "thirdring.toml"]);
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert_eq!(checked.status.code(), Some(0), "{said}");
    for words in ["broken.wav", "박노래", "no clip 'ko/directory/", "thirdring prompts missing", "--> thirdring.toml:"]
    {
        assert!(said.contains(words), "check does not say {words:?}:\n{said}");
        server.wait_for_log(words.trim_start_matches("--> "));
    }
    server.signal(Signal::TERM);
    assert_eq!(server.wait_for_end(Duration::from_secs(10)).code(), Some(0));
}

#[test]
fn what_is_kept_in_memory_is_gone_at_the_end() {
    let mut server = Server::start(&Setup::new().replace("data = \"data\"", "data = \"\""));
    let of_this_server = format!("thirdring-{}-", server.process());
    let mine = |folder: &str| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(&of_this_server)).count()
    };
    let kept = || mine("/dev/shm") + mine("/tmp");
    assert_eq!(kept(), 1);
    Scenario::new("basic").to("9196").run(&server);
    server.wait_until_idle();
    server.signal(Signal::TERM);
    assert_eq!(server.wait_for_end(Duration::from_secs(10)).code(), Some(0));
    assert!(server.log().contains("in memory"), "{}", server.log());
    assert_eq!(kept(), 0);
}

/// As `refuses`, and `check` says no with the same words.
#[track_caller]
fn refuses_as_checked(setup: &Setup, ports: &Ports, prepare: impl FnOnce(&Folder), words: &[&str]) {
    let server = refuses(setup, ports, prepare, words);
    let checked = server.command(&["check", "--config", "thirdring.toml"]);
    let said = String::from_utf8_lossy(&checked.stdout);
    assert_eq!(checked.status.code(), Some(1), "{said}");
    for word in words {
        assert!(said.contains(word), "check does not say {word:?}:\n{said}");
    }
}

/// Starts a server that must not start, and looks at what it says.
#[track_caller]
fn refuses(setup: &Setup, ports: &Ports, prepare: impl FnOnce(&Folder), words: &[&str]) -> Server {
    let folder = Folder::new("refused");
    folder.write("thirdring.toml", setup.text(ports));
    prepare(&folder);
    let mut server = Server::spawn(&["serve", "--config", "thirdring.toml"], folder, Ports::take());
    let status = server.wait_for_end(Duration::from_secs(60));
    eventually("its words arrive", SOON, || words.iter().all(|word| server.log().contains(word)));
    assert_eq!(status.code(), Some(1));
    assert!(server.log().lines().count() <= 24, "more than a screen:\n{}", server.log());
    assert!(!server.log().contains("panicked"), "{}", server.log());
    server
}

const SOON: Duration = Duration::from_secs(20);
