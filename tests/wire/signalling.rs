//! Strict callers and phones (SIPp) and messages that nobody should send: what the server answers, and when.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::events::{events, texts};
use crate::raw::{Raw, authorization};
use crate::server::{Server, Setup};
use crate::sipp::Scenario;
use crate::wait::eventually;

#[test]
fn calls_come_in_over_udp_and_over_tcp_and_from_a_phone_with_its_password() {
    let server = Server::start(&Setup::new());
    Scenario::new("basic").to("9196").run(&server);
    Scenario::new("basic").to("9196").tcp().run(&server);
    Scenario::new("device_call").to("9196").device("1001", "dev1001").run(&server);
    server.wait_until_idle();
    eventually("three records are written", SOON, || texts(&server.database(), "SELECT outcome FROM calls").len() == 3);
}

#[test]
fn refusals_say_why() {
    let server = Server::start(&Setup::new());
    Scenario::new("not_found").to("0000").run(&server);
    Scenario::new("no_codec").run(&server);
    Scenario::new("options").run(&server);
    server.wait_until_idle();
    eventually("refusals are events", SOON, || {
        let refused = events(&server, "call.refused");
        refused.iter().map(|data| data["status"].clone()).eq([404, 488])
    });
}

#[test]
fn phones_register_with_md5_and_sha_256_and_guessers_wait() {
    let setup = Setup::new()
        .replace("{ user = \"228\", password = \"dev228\", md5 = true }", "{ user = \"228\", password = \"dev228\" }");
    let server = Server::start(&setup);
    Scenario::new("register").device("201", "dev201").run(&server);
    eventually("201 is registered", SOON, || server.agent("a-201")["phone_registered"] == true);

    let phone = Raw::new(&server, "127.0.0.1");
    let names = "From: <sip:228@thirdring>;tag=raw\nTo: <sip:228@thirdring>\n";
    let register = |cseq: u32, more: &str| {
        let plain = phone.request("REGISTER", "", &format!("sha-{cseq}"), more, "");
        let kept = plain.lines().filter(|line| !line.starts_with("From:") && !line.starts_with("To:"));
        let text: Vec<&str> = kept.collect();
        let text = text.join("\n").replacen("Max-Forwards", &format!("{names}Max-Forwards"), 1) + "\n\n";
        text.replace("CSeq: 1 ", &format!("CSeq: {cseq} ")).replace(&format!("raw-sha-{cseq}"), "raw-sha")
    };
    phone.send(&register(1, ""));
    let challenge = phone.receive_final();
    assert_eq!(challenge.status(), 401, "{challenge:?}");
    assert_eq!(challenge.parameter("WWW-Authenticate", "algorithm"), "SHA-256", "{challenge:?}");
    let uri = format!("sip:{}", server.sip());
    phone.send(&register(2, &authorization(&challenge, "228", "dev228", "REGISTER", &uri)));
    let answer = phone.receive_final();
    assert_eq!(answer.status(), 200, "{answer:?}");
    eventually("228 is registered", SOON, || server.agent("a-228")["phone_registered"] == true);

    Scenario::new("wrong_password").device("202", "guess").run(&server);
    assert!(server.agent("a-202")["phone_registered"] == false);
    eventually("the guess is an event", SOON, || events(&server, "auth.failed").len() == 1);
}

#[test]
fn a_caller_gives_up_while_an_agents_phone_rings() {
    let server = Server::start(&Setup::new());
    let ringing = registered_agent(&server, "203", "agent_never_answers");
    Scenario::new("cancel").to("203").run(&server);
    ringing.finish();
    server.wait_until_idle();
    eventually("the record says so", SOON, || texts(&server.database(), "SELECT outcome FROM calls") == ["abandoned"]);
}

#[test]
fn a_number_that_nobody_takes_is_answered_before_the_third_ring() {
    let server = Server::start(&Setup::new());
    let ringing = registered_agent(&server, "203", "agent_never_answers");
    Scenario::new("ring").to("203").run(&server);
    ringing.finish();
    server.wait_until_idle();
    eventually("the answer is an event", SOON, || events(&server, "call.answered").len() == 1);
    let rang = events(&server, "call.answered")[0]["rang_ms"].as_u64().expect("milliseconds");
    assert!((4_900..6_000).contains(&rang), "answered after {rang} ms of ringing");
}

#[test]
fn an_agent_who_does_not_answer_loses_the_caller_to_the_next() {
    let server = Server::start(&Setup::new());
    let silent = registered_agent(&server, "201", "agent_never_answers");
    let caller = Scenario::new("basic").lasting(Duration::from_secs(12)).start(&server);
    eventually("the first phone rings", SOON, || server.agent("a-201")["state"] == "ringing");
    let ready = registered_agent(&server, "202", "agent_answers");
    silent.finish();
    caller.finish();
    ready.finish();
    server.wait_until_idle();
    eventually("the miss is an event", SOON, || events(&server, "agent.offer_missed").len() == 1);
    let missed = &events(&server, "agent.offer_missed")[0];
    assert_eq!(missed["why"], "rang_out");
    assert!(missed["rang_ms"].as_u64().is_some_and(|rang| rang < 6_100), "{missed}");
    eventually("the record names the second", SOON, || {
        texts(&server.database(), "SELECT agent FROM calls") == ["a-202"]
    });
}

#[test]
fn keys_arrive_as_info_and_a_hold_is_answered_by_its_mirror() {
    let server = Server::start(&Setup::new());
    let waiting = Scenario::new("info_digit").to("1300").key("key", "0").lasting(Duration::from_secs(2)).start(&server);
    eventually("the caller waits for an agent", SOON, || {
        server.board()["queues"][0]["waiting"].as_array().is_some_and(|waiting| waiting.len() == 1)
    });
    waiting.finish();
    Scenario::new("hold").to("9196").run(&server);
    server.wait_until_idle();
    eventually("hold and resume are events", SOON, || {
        (events(&server, "call.held").len(), events(&server, "call.resumed").len()) == (1, 1)
    });
}

#[test]
fn fifty_calls_at_ten_a_second_all_succeed() {
    let server = Server::start(&Setup::new().calls_max(40));
    Scenario::new("basic").to("9196").calls(50, 10).lasting(Duration::from_millis(1_500)).run(&server);
    server.wait_until_idle();
    eventually("fifty records", SOON, || texts(&server.database(), "SELECT outcome FROM calls").len() == 50);
    assert_eq!(texts(&server.database(), "SELECT DISTINCT CAST(status AS TEXT) FROM calls"), ["200"]);
}

#[test]
fn broken_and_unknown_messages_are_answered_as_such() {
    let server = Server::start(&Setup::new());
    let peer = Raw::new(&server, "127.0.0.2");
    // A body shorter than it says.
    let broken = peer
        .request("INVITE", "1500", "broken", "Content-Type: application/sdp\n", &peer.offer())
        .replace("Content-Length: ", "Content-Length: 9");
    peer.send(&broken);
    assert_eq!(peer.receive_final().status(), 400);
    peer.send(&peer.request("OPTIONS", "", "no-cseq", "", "").replace("CSeq: 1 OPTIONS\n", ""));
    assert_eq!(peer.receive_final().status(), 400);
    peer.send(&peer.request("DANCE", "1500", "dance", "", ""));
    let answer = peer.receive_final();
    assert!(matches!(answer.status(), 405 | 501), "{answer:?}");
    assert!(answer.header("Allow").contains("INVITE"), "{answer:?}");
    peer.send("\n\n");
    peer.send("no SIP at all");
    peer.send(&peer.request("OPTIONS", "", "after", "", ""));
    assert_eq!(peer.receive_final().status(), 200, "the server is well");
}

#[test]
fn a_repeated_invite_is_one_call_and_a_lost_ack_is_waited_for() {
    let server = Server::start(&Setup::new());
    let peer = Raw::new(&server, "127.0.0.2");
    let invite = peer.request("INVITE", "9196", "again", "Content-Type: application/sdp\n", &peer.offer());
    peer.send(&invite);
    let first = peer.receive_final();
    assert_eq!(first.status(), 200, "{first:?}");
    // As if our network had lost the answer: the same request again, then the server's own repetition.
    peer.send(&invite);
    let second = peer.receive_final();
    assert_eq!((second.status(), second.header("To")), (200, first.header("To")));
    assert_eq!(server.board()["calls_active"], 1);
    let third = peer.receive_final();
    assert_eq!((third.status(), third.header("To")), (200, first.header("To")));
    let target = first.header("Contact").trim_start_matches('<').split('>').next().unwrap_or_default().to_owned();
    let within = |method: &str, cseq: u32, transaction: &str| {
        let request =
            peer.request(method, "9196", transaction, "", "").replace(&format!("raw-{transaction}"), "raw-again");
        let request = request.replace(&format!("CSeq: 1 {method}"), &format!("CSeq: {cseq} {method}"));
        let (to, sip) = (format!("To: <sip:9196@{}>\n", server.sip()), format!("sip:9196@{} SIP", server.sip()));
        request.replacen(&to, &format!("To: {}\n", first.header("To")), 1).replacen(&sip, &format!("{target} SIP"), 1)
    };
    peer.send(&within("ACK", 1, "ack"));
    // What was on its way may still come; then there is quiet, longer than the longest time between two (T2).
    while peer.receive_within(Duration::from_millis(200)).is_some() {}
    let late = peer.receive_within(Duration::from_millis(4_500));
    assert!(late.is_none(), "repeated after the ACK: {late:?}");
    peer.send(&within("BYE", 2, "bye"));
    assert_eq!(peer.receive_final().status(), 200);
    server.wait_until_idle();
    eventually("one record", SOON, || texts(&server.database(), "SELECT outcome FROM calls").len() == 1);
}

/// Registers a phone at a port and plays its part there.
fn registered_agent(server: &Server, user: &str, scenario: &'static str) -> crate::sipp::Running {
    let port = server.ports.ten();
    Scenario::new("register").device(user, &format!("dev{user}")).port(port).run(server);
    let phone = Scenario::new(scenario).device(user, &format!("dev{user}")).port(port).start(server);
    eventually("the phone is registered", SOON, || server.agent(&format!("a-{user}"))["phone_registered"] == true);
    phone
}

/// For whatever should happen at once, on a busy machine.
const SOON: Duration = Duration::from_secs(20);

#[test]
fn a_connection_is_kept_alive_by_crlf_and_the_flood_is_turned_away() {
    let server = Server::start(&Setup::new());
    let dial = || {
        let stream = TcpStream::connect(server.sip()).expect("the server listens");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout can be set");
        stream
    };
    let mut kept = dial();
    for _ in 0..2 {
        kept.write_all(b"\r\n\r\n").expect("loopback takes what we send");
        let mut pong = [0; 2];
        kept.read_exact(&mut pong).expect("RFC 5626: a ping is answered");
        assert_eq!(&pong, b"\r\n");
    }
    raise_file_limit();
    let flood: Vec<TcpStream> = (0..1_030).map(|_| dial()).collect();
    let refused = || metric(&server, "thirdring_sip_transport_faults_total{kind=\"connection_refused\"}");
    eventually("what is too much from one address is refused", Duration::from_secs(20), || refused() >= 7.0);
    kept.write_all(b"\r\n\r\n").expect("loopback takes what we send");
    kept.read_exact(&mut [0; 2]).expect("whoever is in stays in");
    drop(flood);
    eventually("and the places come back", Duration::from_secs(20), || {
        let mut next = dial();
        next.write_all(b"\r\n\r\n").is_ok() && next.read_exact(&mut [0; 2]).is_ok()
    });
}

/// A flood needs more files than a test usually may open.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    setrlimit(Resource::Nofile, raised).expect("the soft limit may be raised to the hard one");
}

/// A sample of the metrics.
fn metric(server: &Server, name: &str) -> f64 {
    let text = crate::http::get(&server.url("/metrics")).expect("the server answers").text;
    let value = text.lines().find_map(|line| line.strip_prefix(name)).and_then(|value| value.trim().parse().ok());
    value.unwrap_or_else(|| panic!("no {name} in\n{text}"))
}
