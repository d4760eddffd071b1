//! Devices register with their password, in both hashes, and are called where they are; strangers stay outside.
//! Never shows a password on the wire.

use crate::audit::audit;
use crate::calls::reply;
use crate::network::{Network, Weather};
use crate::wire::*;
use std::time::Duration;
use thirdring::sip::{
    Account, AccountId, Algorithm, Challenge, Credentials, Event, HeaderName, Identity, Invite, Settings, Target,
    Transport, authorize, parse,
};

const SERVER: &str = ALICE;
const PHONE: &str = BOB;

fn account(user: &str, password: &str, transport: Transport) -> Account {
    Account {
        registrar: SERVER.parse().expect("an address of the test"),
        transport,
        domain: "pbx.example".to_owned(),
        user: user.to_owned(),
        password: password.to_owned(),
        contact: PHONE.parse().expect("an address of the test"),
        expires: Duration::from_secs(120),
    }
}

fn server_and_phone() -> (Network, usize, usize) {
    let mut network = Network::new(1, Weather::FINE);
    let server = network.endpoint(SERVER, server());
    let phone = network.endpoint(PHONE, trusting(&[SERVER]));
    (network, server, phone)
}

fn registered(network: &mut Network, phone: usize, user: &str, transport: Transport) -> AccountId {
    let account = account(user, &format!("secret-{user}"), transport);
    let id = network.command(phone, |endpoint, now| endpoint.register(now, account));
    network.run_ms(50);
    id
}

#[test]
fn a_phone_registers_refreshes_itself_and_leaves() {
    let (mut network, server, phone) = server_and_phone();
    let id = registered(&mut network, phone, "1001", Transport::Udp);
    assert_eq!(names(&network.events(server)), ["Registered 1001 new"]);
    assert_eq!(names(&network.events(phone)), ["RegistrationChanged true 200"]);
    let ladder = network.ladder();
    assert_eq!(ladder, ["1>0 REGISTER", "0>1 401 REGISTER", "1>0 REGISTER", "0>1 200 REGISTER"]);
    network.run_secs(300);
    let events = names(&network.events(server));
    assert!(events.len() >= 3 && events.iter().all(|name| name == "Registered 1001"), "{events:?}");
    assert!(network.events(phone).is_empty(), "a refresh is no news");
    let bindings = network.command(server, |endpoint, _| endpoint.bindings("1001"));
    assert_eq!(bindings[0].contact, "sip:1001@10.0.0.2:5060");
    network.command(phone, |endpoint, now| endpoint.unregister(now, id));
    network.run_ms(50);
    assert_eq!(names(&network.events(server)), ["Unregistered 1001"]);
    assert_eq!(names(&network.events(phone)), ["RegistrationChanged false 200"]);
    network.run_secs(60);
    network.assert_released();
    audit(&network);
}

#[test]
fn the_strongest_hash_is_used_and_md5_only_where_allowed() {
    let (mut network, _, phone) = server_and_phone();
    registered(&mut network, phone, "1002", Transport::Udp);
    let challenge = String::from_utf8_lossy(&network.trace[1].bytes).into_owned();
    assert!(challenge.contains("algorithm=SHA-256") && !challenge.contains("algorithm=MD5"), "{challenge}");
    let shown = String::from_utf8_lossy(&network.trace[2].bytes).into_owned();
    assert!(shown.contains("algorithm=SHA-256") && shown.contains("nc=00000001"), "{shown}");
    assert!(!shown.contains("secret"), "{shown}");
    for (user, expected) in [("1001", "SIP/2.0 200 OK"), ("1002", "SIP/2.0 401 Unauthorized")] {
        let (mut network, server, _) = server_and_phone();
        let peer = network.peer("10.0.0.3:5060");
        let credentials = credentials(&mut network, peer, server, user, &format!("secret-{user}"), Algorithm::Md5);
        let answer = register(&mut network, peer, server, user, 2, &credentials);
        assert_eq!(answer.lines().next(), Some(expected));
    }
}

#[test]
fn a_wrong_password_waits_longer_each_time_and_the_phone_stops_asking() {
    let (mut network, server, phone) = server_and_phone();
    let account = account("1001", "wrong", Transport::Udp);
    network.command(phone, |endpoint, now| endpoint.register(now, account));
    network.run_ms(900);
    assert_eq!(names(&network.events(server)), ["AuthFailed 1001"]);
    assert!(network.events(phone).is_empty(), "the answer is held back");
    network.run_ms(200);
    assert_eq!(names(&network.events(phone)), ["RegistrationChanged false 401"]);
    let ladder = network.ladder();
    let asked = ladder.iter().filter(|rung| *rung == "1>0 REGISTER").count();
    assert_eq!(asked, 3, "one without, one with, and that one again by Timer E: {ladder:?}");
}

#[test]
fn unknown_users_and_wrong_passwords_look_the_same() {
    let say = |user: &str| {
        let (mut network, server, _) = server_and_phone();
        let peer = network.peer("10.0.0.3:5060");
        let credentials = credentials(&mut network, peer, server, user, "guess", Algorithm::Sha256);
        let answer = register(&mut network, peer, server, user, 2, &credentials);
        // The request's own words, and the nonce, differ of course.
        let shows = |line: &str| !["Via", "To", "From"].iter().any(|name| line.starts_with(name));
        let cut = |line: &str| line.split("nonce=").next().unwrap_or_default().to_owned();
        answer.lines().filter(|line| shows(line)).map(cut).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(say("1001"), say("9999"));
}

#[test]
fn a_replayed_register_and_an_old_nonce_are_stale() {
    let (mut network, server, _) = server_and_phone();
    let peer = network.peer("10.0.0.3:5060");
    let credentials = credentials(&mut network, peer, server, "1001", "secret-1001", Algorithm::Sha256);
    let first = register(&mut network, peer, server, "1001", 2, &credentials);
    assert!(first.starts_with("SIP/2.0 200 OK"), "{first}");
    let replayed = register(&mut network, peer, server, "1001", 3, &credentials);
    assert!(replayed.starts_with("SIP/2.0 401 ") && replayed.contains("stale=true"), "{replayed}");
    assert_eq!(names(&network.events(server)), ["Registered 1001 new"], "a replay is no failed guess");
    let fresh = self::credentials(&mut network, peer, server, "1001", "secret-1001", Algorithm::Sha256);
    network.run_secs(301);
    let old = register(&mut network, peer, server, "1001", 4, &fresh);
    assert!(old.starts_with("SIP/2.0 401 ") && old.contains("stale=true"), "{old}");
}

#[test]
fn nobody_registers_for_somebody_else() {
    let (mut network, server, _) = server_and_phone();
    let peer = network.peer("10.0.0.3:5060");
    let credentials = credentials(&mut network, peer, server, "1001", "secret-1001", Algorithm::Sha256);
    let answer = register(&mut network, peer, server, "1002", 2, &credentials);
    assert!(answer.starts_with("SIP/2.0 403 "), "{answer}");
}

#[test]
fn too_short_a_life_is_refused_and_the_phone_asks_for_more() {
    let (mut network, server, phone) = server_and_phone();
    let account = Account { expires: Duration::from_secs(10), ..account("1001", "secret-1001", Transport::Udp) };
    network.command(phone, |endpoint, now| endpoint.register(now, account));
    network.run_ms(100);
    let events = network.events(server);
    assert!(matches!(events.as_slice(), [Event::Registered { expires, .. }] if expires.as_secs() == 60), "{events:?}");
    assert!(network.ladder().contains(&"0>1 423 REGISTER".to_owned()));
}

#[test]
fn a_binding_lapses_when_nobody_refreshes_it() {
    let (mut network, server, _) = server_and_phone();
    let peer = network.peer("10.0.0.3:5060");
    let credentials = credentials(&mut network, peer, server, "1001", "secret-1001", Algorithm::Sha256);
    register(&mut network, peer, server, "1001", 2, &credentials);
    network.run_secs(301);
    assert_eq!(names(&network.events(server)), ["Registered 1001 new", "Unregistered 1001 expired"]);
    let counts = network.command(server, |endpoint, _| endpoint.counts());
    assert_eq!(counts.registrations, 0);
}

#[test]
fn a_registered_phone_is_called_over_its_flow_and_calls_with_its_password() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let (mut network, server, phone) = server_and_phone();
        registered(&mut network, phone, "1001", transport);
        let to_phone = Invite { target: Target::Device("1001".to_owned()), ..invite_to(PHONE) };
        let call = network.command(server, |endpoint, now| endpoint.invite(now, to_phone));
        network.run_ms(50);
        network.events(server);
        let session = incoming(&network.events(phone));
        network.command(phone, |endpoint, now| endpoint.answer(now, session, sdp("answer")));
        network.run_ms(50);
        assert_eq!(names(&network.events(server)), ["Answered answer"]);
        network.command(server, |endpoint, now| endpoint.hangup(now, call, None));
        network.run_ms(50);
        assert!(network.trace.iter().all(|sent| sent.transport == transport), "one flow for all");

        let from_phone = Invite {
            target: Target::Address {
                uri: "sip:1300@pbx.example".to_owned(),
                transport,
                remote: SERVER.parse().expect("an address of the test"),
            },
            from: thirdring::sip::Party { display: None, user: "1001".to_owned() },
            credentials: Some(("1001".to_owned(), "secret-1001".to_owned())),
            ..invite_to(SERVER)
        };
        network.command(phone, |endpoint, now| endpoint.invite(now, from_phone));
        network.run_ms(50);
        let events = network.events(server);
        let [Event::Incoming(incoming)] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!(incoming.identity, Identity::Device("1001".to_owned()));
        assert_eq!(incoming.to_user, "1300");
    }
}

#[test]
fn a_registered_phones_connection_stays_although_it_says_nothing_for_an_hour() {
    let (mut network, _, phone) = server_and_phone();
    let account = thirdring::sip::Account {
        expires: std::time::Duration::from_secs(3_600),
        ..account("1001", "secret-1001", Transport::Tcp)
    };
    let id = network.command(phone, |endpoint, now| endpoint.register(now, account));
    network.run_ms(50);
    let open = network.connections();
    assert_eq!(open.len(), 1);
    let sent = network.trace.len();
    network.run_secs(3_000);
    assert_eq!(network.connections(), open);
    assert_eq!(network.trace.len(), sent, "not a word was said meanwhile");
    network.command(phone, |endpoint, now| endpoint.unregister(now, id));
    network.run_secs(1_300);
    assert!(network.connections().is_empty(), "afterwards nobody needs it");
}

#[test]
fn a_stranger_is_challenged_and_a_device_may_not_call_as_another() {
    let (mut network, server, phone) = server_and_phone();
    let call = |user: &str, credentials: Option<(&str, &str)>| Invite {
        from: thirdring::sip::Party { display: None, user: user.to_owned() },
        credentials: credentials.map(|(user, password)| (user.to_owned(), password.to_owned())),
        ..invite_to(SERVER)
    };
    for (invite, status) in [
        (call("stranger", None), 401),
        (call("1002", Some(("1001", "secret-1001"))), 403),
        (call("1001", Some(("1001", "wrong"))), 401),
    ] {
        network.command(phone, |endpoint, now| endpoint.invite(now, invite));
        network.run_secs(3);
        assert_eq!(names(&network.events(phone)), [format!("Failed {status}")]);
    }
    assert_eq!(names(&network.events(server)), ["AuthFailed 1001"]);
    network.run_secs(60);
    network.assert_released();
    audit(&network);
}

#[test]
fn a_trunk_is_trusted_but_not_for_the_number_of_a_device() {
    let mut network = Network::new(1, Weather::FINE);
    let settings = Settings { trunks: trusting(&["10.0.0.3:5060"]).trunks, ..server() };
    let server = network.endpoint(SERVER, settings);
    let peer = network.peer("10.0.0.3:5060");
    let call = |from: &str, branch: &str| {
        let request =
            Request { uri: "sip:1300@10.0.0.1".to_owned(), branch: branch.to_owned(), ..Request::new("INVITE") };
        let more = "P-Asserted-Identity: <sip:0612345678@carrier.example>\n".to_owned();
        let call_id = branch.to_owned();
        Request { more, call_id, ..request }.text().replace("sip:carol@10.0.0.3>;tag", &format!("{from}>;tag"))
    };
    network.say(peer, server, &call("sip:0612345678@carrier.example", "z9hG4bK-a"));
    let events = network.events(server);
    let [Event::Incoming(incoming)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(incoming.identity, Identity::Trunk("trunk-10.0.0.3:5060".to_owned()));
    assert_eq!(incoming.asserted.as_deref(), Some("0612345678"));
    network.say(peer, server, &call("sip:1001@carrier.example", "z9hG4bK-b"));
    assert_eq!(names(&network.events(server)), ["Incoming"], "the carrier's 1001 is not ours");
    network.run_ms(10);
    inbox(&mut network, peer);
    network.say(peer, server, &call("sip:1001@pbx.example", "z9hG4bK-c"));
    network.run_ms(10);
    assert_eq!(first_lines(&inbox(&mut network, peer)), ["SIP/2.0 401 Unauthorized"]);
}

#[test]
fn a_registrar_that_is_away_is_asked_again_and_again_less_often() {
    let mut network = Network::new(1, Weather::FINE);
    let peer = network.peer(SERVER);
    let phone = network.endpoint(PHONE, Settings::default());
    network.command(phone, |endpoint, now| endpoint.register(now, account("1001", "x", Transport::Udp)));
    network.run_secs(600);
    assert_eq!(names(&network.events(phone)), ["RegistrationChanged false 408"]);
    let mut branches: Vec<String> = inbox(&mut network, peer).iter().map(|text| header(text, "Via")).collect();
    branches.dedup();
    assert!((5..=8).contains(&branches.len()), "{} tries", branches.len());
}

#[test]
fn a_challenge_from_somebody_else_is_not_answered() {
    let mut network = Network::new(1, Weather::FINE);
    let registrar = network.peer(SERVER);
    let thief = network.peer("10.0.0.66:5060");
    let phone = network.endpoint(PHONE, Settings::default());
    network.command(phone, |endpoint, now| endpoint.register(now, account("1001", "x", Transport::Udp)));
    network.run_ms(20);
    let request = inbox(&mut network, registrar).remove(0);
    let challenge =
        "401 Unauthorized\nWWW-Authenticate: Digest realm=\"pbx\", nonce=\"n\", algorithm=MD5, qop=\"auth\"";
    network.say(thief, phone, &reply(&request, challenge, "t", ""));
    network.run_ms(20);
    assert!(inbox(&mut network, thief).is_empty());
    assert!(inbox(&mut network, registrar).is_empty());
    assert_eq!(names(&network.events(phone)), ["RegistrationChanged false 401"]);
}

/// The answer to the challenge that a hand-written REGISTER meets.
fn credentials(
    network: &mut Network,
    peer: usize,
    server: usize,
    user: &str,
    password: &str,
    algorithm: Algorithm,
) -> Credentials {
    let challenge = register_text(user, 1, None);
    network.say(peer, server, &challenge);
    network.run_ms(20);
    let answer = inbox(network, peer).pop().expect("the challenge");
    let message = parse(bytes::Bytes::from(answer)).expect("a sound response");
    let challenges: Vec<Challenge> = message.challenges(&HeaderName::WwwAuthenticate);
    // A device is asked for one algorithm; a peer may answer with whatever it likes.
    let challenge = Challenge { algorithm, ..challenges.first().expect("one challenge").clone() };
    let uri = b"sip:10.0.0.1";
    authorize(&challenge, (user, password), &thirdring::sip::Method::Register, uri, "cnonce", 1)
}

fn register(
    network: &mut Network,
    peer: usize,
    server: usize,
    user: &str,
    cseq: u32,
    credentials: &Credentials,
) -> String {
    let value = String::from_utf8_lossy(&credentials.to_bytes()).into_owned();
    network.say(peer, server, &register_text(user, cseq, Some(&value)));
    network.run_secs(2);
    inbox(network, peer).pop().unwrap_or_default()
}

fn register_text(user: &str, cseq: u32, authorization: Option<&str>) -> String {
    let more = authorization.map(|value| format!("Authorization: {value}\n")).unwrap_or_default();
    Request {
        uri: "sip:10.0.0.1".to_owned(),
        to: format!("<sip:{user}@pbx.example>"),
        branch: format!("z9hG4bK-register-{user}-{cseq}"),
        cseq,
        more,
        ..Request::new("REGISTER")
    }
    .text()
}
