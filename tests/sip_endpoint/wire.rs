//! Helpers shared by the stories: settings of a server and a phone, messages of a hand-written peer.
//! Never asserts; the stories do.

use crate::network::Network;
use bytes::Bytes;
use std::time::Duration;
use thirdring::sip::{DeviceAccount, Event, Invite, Party, SessionId, Settings, Target, Transport, TrunkPeer};

pub const ALICE: &str = "10.0.0.1:5060";
pub const BOB: &str = "10.0.0.2:5060";

/// Someone who trusts these addresses.
pub fn trusting(addresses: &[&str]) -> Settings {
    let trunk = |address: &&str| TrunkPeer {
        name: format!("trunk-{address}"),
        addresses: vec![address.split(':').next().unwrap_or_default().parse().expect("an address of the test")],
        port: None,
    };
    Settings { trunks: addresses.iter().map(trunk).collect(), ..Settings::default() }
}

/// A server with two devices: 1001 may use MD5, 1002 may not.
pub fn server() -> Settings {
    let device = |user: &str, md5| DeviceAccount { user: user.to_owned(), password: format!("secret-{user}"), md5 };
    Settings {
        domains: vec!["pbx.example".to_owned(), "10.0.0.1".to_owned()],
        devices: vec![device("1001", true), device("1002", false)],
        ..Settings::default()
    }
}

pub fn sdp(word: &str) -> Bytes {
    Bytes::from(format!("v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns={word}\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n"))
}

pub fn invite_to(address: &str) -> Invite {
    Invite {
        target: Target::Address {
            uri: format!("sip:bob@{address}"),
            transport: Transport::Udp,
            remote: address.parse().expect("an address of the test"),
        },
        from: Party { display: Some("Alice".to_owned()), user: "alice".to_owned() },
        to_display: None,
        sdp: Some(sdp("offer")),
        headers: Vec::new(),
        ring_limit: Duration::from_secs(20),
        max_forwards: 70,
        credentials: None,
    }
}

/// Two endpoints that trust each other, 5 ms apart.
pub fn alice_and_bob() -> (Network, usize, usize) {
    let mut network = Network::new(1, crate::network::Weather::FINE);
    let alice = network.endpoint(ALICE, trusting(&[BOB, "10.0.0.3"]));
    let bob = network.endpoint(BOB, trusting(&[ALICE, "10.0.0.3"]));
    (network, alice, bob)
}

/// A call that stands: the sessions of both.
pub fn connected(network: &mut Network, alice: usize, bob: usize) -> (SessionId, SessionId) {
    let out = network.command(alice, |endpoint, now| endpoint.invite(now, invite_to(BOB)));
    network.run_ms(20);
    let incoming = incoming(&network.events(bob));
    network.command(bob, |endpoint, now| endpoint.answer(now, incoming, sdp("answer")));
    network.run_ms(20);
    network.events(alice);
    network.events(bob);
    network.ladder();
    (out, incoming)
}

/// The session of the one Incoming among these.
pub fn incoming(events: &[Event]) -> SessionId {
    events
        .iter()
        .find_map(|event| match event {
            Event::Incoming(incoming) => Some(incoming.session),
            _ => None,
        })
        .unwrap_or_else(|| panic!("no Incoming in {events:?}"))
}

/// Events by their names, with their status where they have one.
pub fn names(events: &[Event]) -> Vec<String> {
    events.iter().map(name).collect()
}

fn name(event: &Event) -> String {
    match event {
        Event::Incoming(_) => "Incoming".to_owned(),
        Event::Cancelled { status: 487, .. } => "Cancelled".to_owned(),
        Event::Cancelled { status, .. } => format!("Cancelled {status}"),
        Event::Confirmed { .. } => "Confirmed".to_owned(),
        Event::Answer { sdp, .. } => format!("Answer {}", word(sdp)),
        Event::Provisional { status, sdp, .. } => {
            format!("Provisional {status}{}", sdp.as_ref().map(|sdp| format!(" {}", word(sdp))).unwrap_or_default())
        }
        Event::Answered { sdp, .. } => format!("Answered {}", sdp.as_ref().map(word).unwrap_or_default()),
        Event::Failed { status, .. } => format!("Failed {status}"),
        Event::Offered { sdp, .. } => format!("Offered {}", sdp.as_ref().map(word).unwrap_or_default()),
        Event::OfferAnswered { sdp, .. } => format!("OfferAnswered {}", sdp.as_ref().map(word).unwrap_or_default()),
        Event::OfferRefused { status, .. } => format!("OfferRefused {status}"),
        Event::Refresh { .. } => "Refresh".to_owned(),
        Event::Digit { digit, duration, .. } => format!("Digit {} {}", digit.key(), duration.as_millis()),
        Event::Refer { target, .. } => format!("Refer {}", target.uri),
        Event::ReferProgress { status, last, .. } => {
            format!("ReferProgress {status}{}", if *last { " last" } else { "" })
        }
        Event::Ended { by_peer, reason, .. } => {
            format!(
                "Ended {}{}",
                if *by_peer { "by peer" } else { "unasked" },
                reason.as_ref().map(|r| format!(": {r}")).unwrap_or_default()
            )
        }
        Event::Registered { user, new, .. } => format!("Registered {user}{}", if *new { " new" } else { "" }),
        Event::Unregistered { user, expired } => {
            format!("Unregistered {user}{}", if *expired { " expired" } else { "" })
        }
        Event::RegistrationChanged { ok, status, .. } => format!("RegistrationChanged {ok} {status}"),
        Event::AuthFailed { user, .. } => format!("AuthFailed {user}"),
        Event::Banned { source, life } => format!("Banned {source} {}", life.as_secs()),
    }
}

fn word(sdp: &Bytes) -> String {
    let text = String::from_utf8_lossy(sdp);
    text.lines().find_map(|line| line.strip_prefix("s=")).unwrap_or("?").to_owned()
}

/// A header of a message in an inbox.
pub fn header(message: &str, name: &str) -> String {
    let prefix = format!("{name}: ");
    message.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap_or_default().to_owned()
}

/// A request of a hand-written peer at 10.0.0.3:5060.
pub struct Request {
    pub method: &'static str,
    pub uri: String,
    pub branch: String,
    pub from_tag: String,
    pub to: String,
    pub call_id: String,
    pub cseq: u32,
    pub more: String,
    pub body: String,
}

impl Request {
    pub fn new(method: &'static str) -> Self {
        Request {
            method,
            uri: format!("sip:bob@{BOB}"),
            branch: format!("z9hG4bK-{method}-1"),
            from_tag: "carol-tag".to_owned(),
            to: "<sip:bob@10.0.0.2>".to_owned(),
            call_id: "call-of-carol".to_owned(),
            cseq: 1,
            more: String::new(),
            body: String::new(),
        }
    }

    pub fn text(&self) -> String {
        let number_method = if self.method == "ACK2XX" { "ACK" } else { self.method };
        format!(
            "{number_method} {} SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.3:5060;branch={};rport\nMax-Forwards: 70\n\
             From: <sip:carol@10.0.0.3>;tag={}\nTo: {}\nCall-ID: {}\nCSeq: {} {number_method}\n\
             Contact: <sip:carol@10.0.0.3:5060>\n{}Content-Length: {}\n\n{}",
            self.uri,
            self.branch,
            self.from_tag,
            self.to,
            self.call_id,
            self.cseq,
            self.more,
            self.body.replace('\n', "\r\n").len(),
            self.body
        )
    }
}

/// What a hand-written peer has received since the last call.
pub fn inbox(network: &mut Network, host: usize) -> Vec<String> {
    std::mem::take(&mut network.hosts[host].inbox).into_iter().map(|(_, text)| text).collect()
}

/// First lines only.
pub fn first_lines(messages: &[String]) -> Vec<String> {
    messages.iter().map(|text| text.lines().next().unwrap_or_default().to_owned()).collect()
}
