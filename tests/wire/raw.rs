//! Messages written by hand, for what no proper telephone sends: broken ones, unknown ones, repeated ones, SHA-256.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::server::Server;

/// A socket that speaks SIP badly.
pub struct Raw {
    socket: UdpSocket,
    server: SocketAddr,
}

impl Raw {
    /// On the trunk's address or a device's.
    pub fn new(server: &Server, address: &str) -> Raw {
        let socket = UdpSocket::bind((address, server.ports.ten())).expect("the port is ours");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        Raw { socket, server: server.sip() }
    }

    pub fn send(&self, message: &str) {
        let sent = self.socket.send_to(message.replace('\n', "\r\n").as_bytes(), self.server);
        sent.expect("loopback takes what we send");
    }

    /// The next message that comes.
    #[track_caller]
    pub fn receive(&self) -> Message {
        self.receive_within(PATIENCE).expect("an answer should have come")
    }

    /// The next message, if one comes so soon.
    pub fn receive_within(&self, at_most: Duration) -> Option<Message> {
        self.socket.set_read_timeout(Some(at_most)).expect("a timeout can be set");
        let mut bytes = [0; 65_536];
        let length = self.socket.recv(&mut bytes).ok()?;
        Some(Message(String::from_utf8_lossy(&bytes[..length]).into_owned()))
    }

    /// The final response: what is provisional is passed over.
    #[track_caller]
    pub fn receive_final(&self) -> Message {
        loop {
            let message = self.receive();
            if message.status() >= 200 {
                return message;
            }
        }
    }

    /// A request with its usual headers.
    pub fn request(&self, method: &str, user: &str, transaction: &str, more: &str, body: &str) -> String {
        let (server, local) = (self.server, self.socket.local_addr().expect("the socket is bound"));
        let at = if user.is_empty() { String::new() } else { format!("{user}@") };
        format!(
            "{method} sip:{at}{server} SIP/2.0\nVia: SIP/2.0/UDP {local};branch=z9hG4bK{transaction}\n\
             From: <sip:0612800600@{local}>;tag=raw\nTo: <sip:{at}{server}>\nCall-ID: raw-{transaction}\n\
             CSeq: 1 {method}\nMax-Forwards: 70\nContact: <sip:raw@{local}>\n{more}Content-Length: {}\n\n{body}",
            body.replace('\n', "\r\n").len()
        )
    }

    /// An offer of G.711.
    pub fn offer(&self) -> String {
        let ip = self.socket.local_addr().expect("the socket is bound").ip();
        let port = self.socket.local_addr().expect("the socket is bound").port() + 2;
        format!("v=0\no=raw 1 1 IN IP4 {ip}\ns=-\nc=IN IP4 {ip}\nt=0 0\nm=audio {port} RTP/AVP 0\n")
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Message(pub String);

impl Message {
    /// 0 for a request.
    pub fn status(&self) -> u16 {
        self.0.strip_prefix("SIP/2.0 ").and_then(|rest| rest.get(..3)?.parse().ok()).unwrap_or(0)
    }

    /// A header's value; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        let value = |line: &str| line.split_once(':').filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|_| ());
        let line = self.0.lines().find(|line| value(line).is_some());
        line.and_then(|line| line.split_once(':')).map_or("", |(_, value)| value.trim())
    }

    /// A parameter such as a nonce, without its quotes.
    pub fn parameter(&self, header: &str, name: &str) -> String {
        let parts = self.header(header).split([',', ';', ' ']);
        let value = parts.filter_map(|part| part.trim().split_once('=')).find(|(key, _)| *key == name);
        value.map_or_else(String::new, |(_, value)| value.trim_matches('"').to_owned())
    }
}

/// An `Authorization` line that answers a SHA-256 challenge (RFC 7616, RFC 8760).
pub fn authorization(challenge: &Message, user: &str, password: &str, method: &str, uri: &str) -> String {
    let of = |name| challenge.parameter("WWW-Authenticate", name);
    let (realm, nonce, opaque) = (of("realm"), of("nonce"), of("opaque"));
    let ha1 = sha256(&format!("{user}:{realm}:{password}"));
    let ha2 = sha256(&format!("{method}:{uri}"));
    let response = sha256(&format!("{ha1}:{nonce}:00000001:wire:auth:{ha2}"));
    let opaque = if opaque.is_empty() { opaque } else { format!(", opaque=\"{opaque}\"") };
    format!(
        "Authorization: Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
         response=\"{response}\", algorithm=SHA-256, qop=auth, nc=00000001, cnonce=\"wire\"{opaque}\n"
    )
}

fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

const PATIENCE: Duration = Duration::from_secs(15);
