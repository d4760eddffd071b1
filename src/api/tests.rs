//! The API as programs and pages see it: a real listener on a free port, asked over HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::IpAddr;
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::testing::lively_board;
use super::{Asked, Credentials, Door, Handles, Metrics, Readiness, Vocabulary, router, serve};
use crate::center::admin::{AdminCommand, AdminError, AdminReply, BannedSource};
use crate::center::board::Board;
use crate::center::event::AgentWord;
use crate::store::testing::{TempFolder, call_ended, leg_ended, names};
use crate::store::{Settings, Store};

const NOW: i64 = 1_772_586_000_000;

/// A served API with a lively board, a database with one call and a centre that answers.
struct House {
    address: SocketAddr,
    board: watch::Sender<Arc<Board>>,
    readiness: watch::Sender<Readiness>,
    asked: Arc<Mutex<Vec<AdminCommand>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
    _folder: TempFolder,
}

impl House {
    fn open() -> House {
        House::with(Door::default())
    }

    fn with(door: Door) -> House {
        let folder = TempFolder::new("api");
        let store = Store::open(&folder.file("events.sqlite")).expect("a new file can be made");
        let writer = store.start_writer(names(), Settings::default()).expect("threads can be started");
        writer.sender().send(call_ended(1, 7));
        writer.sender().send(leg_ended(2, 7, 1));
        writer.close();
        let (board, board_seen) = watch::channel(Arc::new(lively_board(NOW)));
        let (readiness, readiness_seen) = watch::channel(Readiness::Ready);
        let (commands, mut wishes) = mpsc::channel::<Asked>(8);
        let (stop, stopped) = oneshot::channel::<()>();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&asked);
        let handles = Handles {
            title: "우편고객센터".into(),
            timezone: "Asia/Seoul".into(),
            board: board_seen,
            commands,
            metrics: Arc::new(Metrics::new(Vocabulary { names: names(), ..Vocabulary::default() })),
            readiness: readiness_seen,
            query: store.query(),
            door,
        };
        let (bound, address) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                tokio::spawn(async move {
                    while let Some(Asked { command, reply }) = wishes.recv().await {
                        heard.lock().expect("no test panics in here").push(command.clone());
                        let _ = reply.send(answer(command));
                    }
                });
                let address: SocketAddr = ([127, 0, 0, 1], wanted_port()).into();
                let listener = tokio::net::TcpListener::bind(address).await.expect("a free port");
                bound.send(listener.local_addr().expect("it is bound")).expect("the test waits");
                let shutdown = async {
                    let _ = stopped.await;
                };
                serve(listener, router(handles), shutdown).await.expect("serving ends well");
            });
        });
        let address = address.recv_timeout(Duration::from_secs(10)).expect("the server starts");
        House { address, board, readiness, asked, stop: Some(stop), thread: Some(thread), _folder: folder }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn get(&self, path: &str) -> Answer {
        Answer::of(agent().get(self.url(path)).call())
    }

    fn get_with(&self, path: &str, header: (&str, &str)) -> Answer {
        Answer::of(agent().get(self.url(path)).header(header.0, header.1).call())
    }

    fn post(&self, path: &str, body: &str) -> Answer {
        Answer::of(agent().post(self.url(path)).send(body))
    }

    fn post_with(&self, path: &str, header: (&str, &str)) -> Answer {
        Answer::of(agent().post(self.url(path)).header(header.0, header.1).send(""))
    }

    /// The live stream, without a client library in the way.
    fn watch(&self) -> Screen {
        let mut socket = TcpStream::connect(self.address).expect("the server listens");
        socket.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout can be set");
        write!(socket, "GET /api/v1/live HTTP/1.1\r\nHost: {}\r\n\r\n", self.address).expect("the socket is open");
        Screen(BufReader::new(socket))
    }
}

impl Drop for House {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the server panicked");
        }
    }
}

/// What the centre of these tests says.
fn answer(command: AdminCommand) -> Result<AdminReply, AdminError> {
    let known = |name: &str| lively_board(0).agents.iter().any(|tile| tile.name == name);
    let agent = |agent: String, state, reason| match known(&agent) {
        true => Ok(AdminReply::Agent { agent, state, reason }),
        false => Err(AdminError::UnknownAgent { agent }),
    };
    let ban = BannedSource { source: IpAddr::from([203, 0, 113, 7]), since_ms: 1, until_ms: 900_001, dropped: 12 };
    match command {
        AdminCommand::Bans => Ok(AdminReply::Bans { bans: vec![ban] }),
        AdminCommand::LiftBan { source } if source == ban.source => Ok(AdminReply::Bans { bans: Vec::new() }),
        AdminCommand::LiftBan { source } => Err(AdminError::NotBanned { source_address: source }),
        AdminCommand::AgentPause { agent: name, reason } => agent(name, AgentWord::Away, Some(reason)),
        AdminCommand::AgentResume { agent: name } => agent(name, AgentWord::Available, None),
        AdminCommand::AgentLogIn { agent: name } => agent(name, AgentWord::Available, None),
        AdminCommand::AgentLogOut { agent } => {
            Err(AdminError::NotNow { agent, state: AgentWord::Talking, why: "a call is going on" })
        }
        AdminCommand::ReloadFlows => Err(AdminError::FlowsRefused { problems: vec!["main.toml:3:1: IVR010".into()] }),
    }
}

/// A fixed port for looking at the page with a browser, else any.
fn wanted_port() -> u16 {
    std::env::var("THIRDRING_LOOK_PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(0)
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(Duration::from_secs(10)))
        .build()
        .into()
}

struct Answer {
    status: u16,
    headers: ureq::http::HeaderMap,
    text: String,
}

impl Answer {
    fn of(result: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Answer {
        let mut response = result.expect("the server answers");
        let text = response.body_mut().read_to_string().expect("UTF-8");
        Answer { status: response.status().as_u16(), headers: response.headers().clone(), text }
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {}", self.text))
    }

    /// Status, code and hint of a problem document.
    fn problem(&self) -> (u16, String, String) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        let word = |key: &str| problem[key].as_str().unwrap_or_default().to_owned();
        assert_eq!(word("type"), format!("urn:thirdring:problem:{}", word("code")));
        (self.status, word("code"), word("hint"))
    }
}

/// A page that reads the stream.
struct Screen(BufReader<TcpStream>);

impl Screen {
    /// The next event of this name, with its id and data.
    fn next(&mut self, name: &str) -> (String, serde_json::Value) {
        let (mut event, mut id) = (String::new(), String::new());
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).expect("the stream goes on") > 0, "the stream ended before a {name}");
            let line = line.trim_end();
            if let Some(value) = line.strip_prefix("event: ") {
                event = value.to_owned();
            } else if let Some(value) = line.strip_prefix("id: ") {
                id = value.to_owned();
            } else if let Some(data) = line.strip_prefix("data: ")
                && event == name
            {
                return (id, serde_json::from_str(data).expect("data is JSON"));
            }
        }
    }
}

#[test]
fn probes_tell_alive_from_ready() {
    let house = House::open();
    assert_eq!(house.get("/healthz").json()["status"], "alive");
    assert_eq!(house.get("/readyz").json()["status"], "ready");
    house.readiness.send_replace(Readiness::Draining);
    assert_eq!(house.get("/readyz").problem().1, "draining");
    house.readiness.send_replace(Readiness::Starting);
    let starting = house.get("/readyz").problem();
    assert_eq!((starting.0, starting.1.as_str()), (503, "starting"));
    assert_eq!(house.get("/healthz").status, 200, "a draining server is alive");
}

#[test]
fn the_scraper_gets_the_format_it_prefers() {
    let house = House::open();
    let classic = house.get("/metrics");
    assert_eq!(classic.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert!(classic.text.contains("\nthirdring_queue_waiting{queue=\"domestic\"} 4"));
    let open = house.get_with("/metrics", ("Accept", "application/openmetrics-text; version=1.0.0"));
    assert_eq!(open.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(open.text.ends_with("# EOF\n"));
}

#[test]
fn the_board_has_every_share_computed() {
    let board = House::open().get("/api/v1/board").json();
    assert_eq!(board["title"], "우편고객센터");
    assert_eq!(board["totals"]["waiting"], 7);
    assert_eq!(board["queues"][0]["title"], "국내우편");
    assert!((board["queues"][0]["service_level"].as_f64().expect("a share") - 0.8213).abs() < 1e-3);
    assert_eq!(board["queues"][0]["waiting"][0]["number"], "010-****-5809");
    assert_eq!(board["thresholds"]["service_level_green"], 0.88);
}

#[test]
fn a_screen_gets_a_snapshot_a_heartbeat_and_then_what_changes() {
    let house = House::open();
    let mut screen = house.watch();
    let (id, snapshot) = screen.next("snapshot");
    assert_eq!((id.as_str(), snapshot["agents"][0]["display_name"].as_str()), ("918273", Some("김하늘")));
    assert!(screen.next("heartbeat").1["unix_ms"].as_i64().expect("a time") > NOW);

    house.board.send_modify(|board| {
        let board = Arc::make_mut(board);
        board.seq += 1;
        board.agents[3].state = AgentWord::Available;
    });
    let (id, delta) = screen.next("delta");
    assert_eq!((id.as_str(), delta["from"].as_u64(), delta["seq"].as_u64()), ("918274", Some(918_273), Some(918_274)));
    assert_eq!(delta["agents"].as_array().map(Vec::len), Some(1));
    assert_eq!(delta["agents"][0]["state"], "available");
    assert_eq!(delta.get("queues"), None);

    house.board.send_modify(|board| {
        let board = Arc::make_mut(board);
        board.seq += 1;
        board.agents.pop();
    });
    let (_, whole) = screen.next("snapshot");
    assert_eq!(whole["agents"].as_array().map(Vec::len), Some(10), "a tile went: the whole picture again");
    assert_eq!(house.get("/metrics").text.matches("thirdring_live_clients 1").count(), 1);
}

#[test]
fn heartbeats_come_even_when_nothing_changes() {
    let house = House::open();
    let mut screen = house.watch();
    let first = screen.next("heartbeat").1["unix_ms"].as_i64().expect("a time");
    let second = screen.next("heartbeat").1["unix_ms"].as_i64().expect("a time");
    assert!((1_500..5_000).contains(&(second - first)), "two seconds apart: {}", second - first);
}

#[test]
fn too_many_screens_are_refused_and_a_place_comes_back() {
    let house = House::open();
    let mut screens: Vec<Screen> = (0..super::live::SCREENS_MAX).map(|_| house.watch()).collect();
    screens.iter_mut().for_each(|screen| drop(screen.next("snapshot")));
    let refused = house.get("/api/v1/live");
    assert_eq!(refused.problem().1, "too_many_screens");
    assert_eq!(refused.header("retry-after"), "10");
    drop(screens);
    for _ in 0..500 {
        // The server notices closed connections one by one.
        if house.get("/metrics").text.contains("\nthirdring_live_clients 0") {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the places never came back");
}

#[test]
fn an_agent_can_be_paused_with_a_reason_and_resumed() {
    let house = House::open();
    let paused = house.post("/api/v1/agents/kim/pause", r#"{"reason": " 점심 "}"#).json();
    assert_eq!((paused["state"].as_str(), paused["reason"].as_str()), (Some("away"), Some("점심")));
    assert_eq!(house.post("/api/v1/agents/kim/resume", "").json()["state"], "available");
    assert_eq!(house.post("/api/v1/agents/seo/login", "").status, 200);
    let asked = house.asked.lock().expect("no test panics in here");
    assert_eq!(asked[0], AdminCommand::AgentPause { agent: "kim".into(), reason: "점심".into() });
    assert_eq!(asked[1], AdminCommand::AgentResume { agent: "kim".into() });
    assert_eq!(house.get("/api/v1/agents").json()["agents"][0]["name"], "kim");
}

#[test]
fn what_cannot_be_done_says_why_and_what_to_do() {
    let house = House::open();
    let problem = |answer: Answer| {
        let (status, code, hint) = answer.problem();
        (status, code.as_str().to_owned(), hint)
    };
    let is = |status: u16, code: &str, hint: &str| (status, code.to_owned(), hint.to_owned());
    let pause = |body: &str| house.post("/api/v1/agents/kim/pause", body).problem();
    assert_eq!(
        problem(house.post("/api/v1/agents/parc/login", "")),
        is(404, "unknown_agent", "did you mean \"park\"?")
    );
    assert_eq!(
        problem(house.post("/api/v1/agents/kim/dance", "")),
        is(404, "unknown_wish", "login, logout, pause and resume are known")
    );
    assert_eq!(problem(house.post("/api/v1/agents/kim/logout", "")).1, "not_now");
    assert_eq!(house.post("/api/v1/agents/kim/logout", "").status, 409);
    assert_eq!(problem(house.get("/api/v1/agents/kim/pause")).1, "method_not_allowed");
    assert_eq!(house.get("/api/v1/agents/kim/pause").header("allow"), "POST");
    assert_eq!(problem(house.get("/api/v1/agent")), is(404, "not_found", "did you mean /api/v1/agents?"));
    for body in ["", "{}", "[]", r#"{"reason": ""}"#, r#"{"reason": "a\nb"}"#, r#"{"reason": "x", "extra": 1}"#] {
        assert_eq!((pause(body).0, pause(body).1.as_str()), (422, "bad_value"), "{body}");
    }
    assert_eq!(pause(&"x".repeat(64 * 1024 + 1)).1, "too_large");
    assert_eq!(pause(&"x".repeat(64 * 1024 + 1)).0, 413);
    let reload = house.post("/api/v1/flows/reload", "");
    assert_eq!(reload.problem().1, "flows_refused");
    assert_eq!(reload.json()["problems"][0], "main.toml:3:1: IVR010");
}

#[test]
fn bans_are_listed_and_lifted() {
    let house = House::open();
    let bans = house.get("/api/v1/bans").json();
    assert_eq!(bans["bans"][0]["source"], "203.0.113.7");
    assert_eq!(bans["bans"][0]["until_ms"], 900_001);
    assert_eq!(house.post("/api/v1/bans/203.0.113.7/lift", "").json()["bans"], serde_json::json!([]));
    assert_eq!(house.post("/api/v1/bans/203.0.113.8/lift", "").problem().1, "not_banned");
    assert_eq!(house.post("/api/v1/bans/somebody/lift", "").problem().1, "bad_value");
    assert_eq!(house.get("/api/v1/bans/203.0.113.7/lift").problem().1, "method_not_allowed");
}

#[test]
fn only_our_own_pages_and_programs_may_change_something() {
    let house = House::open();
    let own = format!("http://{}", house.address);
    assert_eq!(house.post_with("/api/v1/agents/kim/login", ("Origin", &own)).status, 200);
    for foreign in ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1"] {
        let refused = house.post_with("/api/v1/agents/kim/login", ("Origin", foreign));
        assert_eq!((refused.problem().0, refused.problem().1.as_str()), (403, "foreign_origin"), "{foreign}");
    }
    assert_eq!(house.post_with("/api/v1/agents/kim/login", ("Sec-Fetch-Site", "cross-site")).status, 403);
    assert_eq!(house.asked.lock().expect("no test panics in here").len(), 1);
}

#[test]
fn a_name_that_is_not_ours_is_turned_away() {
    let house = House::with(Door { hosts: vec!["calls.example.org".into()], credentials: None });
    let refused = house.get_with("/api/v1/board", ("Host", "evil.example"));
    assert_eq!((refused.problem().0, refused.problem().1.as_str()), (421, "unknown_host"));
    assert_eq!(house.get_with("/api/v1/board", ("Host", "calls.example.org:8080")).status, 200);
    assert_eq!(house.get_with("/metrics", ("Host", "thirdring")).status, 200, "a scraper may use any name");
}

#[test]
fn a_password_is_asked_of_everyone_but_probes() {
    let house = House::with(Door { hosts: Vec::new(), credentials: Some(Credentials::new("supervisor", "열려라")) });
    for path in ["/live", "/api/v1/board", "/api/v1/live", "/metrics"] {
        let refused = house.get(path);
        assert_eq!((refused.problem().0, refused.problem().1.as_str()), (401, "unauthorized"), "{path}");
        assert!(refused.header("www-authenticate").starts_with("Basic realm="));
    }
    assert_eq!(house.get("/healthz").status, 200);
    let basic = "Basic c3VwZXJ2aXNvcjrsl7TroKTrnbw=";
    assert_eq!(house.get_with("/live", ("Authorization", basic)).status, 200);
}

#[test]
fn every_answer_carries_the_safe_headers() {
    let house = House::open();
    for path in ["/live", "/ui/live.js", "/api/v1/board", "/nowhere", "/metrics"] {
        let answer = house.get(path);
        assert!(answer.header("content-security-policy").starts_with("default-src 'self'"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert!(!answer.header("cache-control").is_empty(), "{path}");
    }
}

#[test]
fn the_page_is_sent_once_and_then_only_confirmed() {
    let house = House::open();
    assert_eq!(house.get("/").header("location"), "/live");
    for path in ["/live", "/ui/live.css", "/ui/locales/ko.json"] {
        let first = house.get(path);
        assert_eq!((first.status, first.header("etag").len()), (200, 26), "{path}");
        let again = house.get_with(path, ("If-None-Match", first.header("etag")));
        assert_eq!((again.status, again.text.as_str()), (304, ""), "{path}");
    }
    assert_eq!(house.get("/ui/live.exe").problem().0, 404);
}

#[test]
fn records_are_found_with_masked_numbers_and_their_legs() {
    let house = House::open();
    let found = house.get("/api/v1/cdrs?since=2026-03-01&queue=domestic&outcome=answered&legs=true").json();
    let call = &found["cdrs"][0];
    assert_eq!((call["from"].as_str(), call["to"].as_str()), (Some("010-****-5678"), Some("1300")));
    assert_eq!(call["received"], "2026-03-04T10:07:00.000+09:00");
    assert_eq!((call["waited_s"].as_f64(), call["legs"][0]["codec"].as_str()), (Some(12.0), Some("PCMA")));
    assert_eq!(house.get("/api/v1/cdrs?agent=nobody").json()["cdrs"], serde_json::json!([]));
    for (query, code, hint) in [
        ("since=soon", "bad_value", "write 2026-03-04T10:15:00+09:00, 2026-03-04, today or an age such as 2h"),
        ("outcome=answerd", "bad_value", "did you mean answered?"),
        ("limit=0", "bad_value", ""),
        ("quene=x", "bad_query", "known: since, until, from, to, queue, agent, outcome, limit, legs"),
    ] {
        let problem = house.get(&format!("/api/v1/cdrs?{query}")).problem();
        assert_eq!((problem.1.as_str(), problem.2.as_str()), (code, hint), "{query}");
    }
}

#[test]
fn a_server_that_stops_does_not_wait_for_screens() {
    let house = House::open();
    let mut screen = house.watch();
    screen.next("snapshot");
    drop(house);
    let mut rest = Vec::new();
    let _ = screen.0.read_to_end(&mut rest);
}

/// With `THIRDRING_LOOK_PORT=8099` this serves a busy morning on that port for ten minutes, for a browser.
#[test]
fn the_live_page_can_be_looked_at() {
    let house = House::open();
    assert!(house.get("/live").text.contains("<table class=\"queues\""));
    if wanted_port() == 0 {
        return;
    }
    for second in 0..600 {
        let now = super::router::unix_ms();
        let mut board = if std::env::var("THIRDRING_LOOK_EMPTY").is_ok() {
            Board { unix_ms: now, ..Board::default() }
        } else {
            lively_board(now)
        };
        board.seq += second;
        house.board.send_replace(Arc::new(board));
        std::thread::sleep(Duration::from_secs(1));
    }
}
