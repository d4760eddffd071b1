//! Reads everything two endpoints ever sent and checks it against the rules of RFC 3261 that a trace can show.
//! Never trusts the endpoint's own tables: it parses the bytes again.

use crate::network::{Network, Sent};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;
use thirdring::model::Moment;
use thirdring::sip::{HeaderName, Message, Method, Transport, parse, validate};

/// Panics with the offending message when the trace breaks a rule.
pub fn audit(network: &Network) {
    let mut audit = Audit::default();
    for sent in &network.trace {
        let message = read(sent);
        audit.every_message(&message);
        if message.is_request() {
            audit.request(sent, &message);
        } else {
            audit.response(sent, &message);
        }
    }
    let arrivals: Vec<(&Sent, Message)> = network
        .arrivals
        .iter()
        .filter(|arrival| arrival.transport == Transport::Udp)
        .map(|arrival| (arrival, read(arrival)))
        .collect();
    audit.finals_are_acknowledged(&arrivals);
    audit.requests_are_answered(&arrivals);
}

#[derive(Default)]
struct Audit {
    /// First bytes by branch and method.
    requests: BTreeMap<(Bytes, Vec<u8>), Bytes>,
    /// Every branch that began a transaction.
    branches: BTreeSet<Bytes>,
    /// When each left first.
    sent_at: BTreeMap<(Bytes, Vec<u8>), Moment>,
    /// Highest CSeq by sender, Call-ID and From tag.
    numbers: BTreeMap<(SocketAddr, Bytes, Bytes), u32>,
    /// INVITE branches with a provisional response sent to them.
    progressed: BTreeSet<Bytes>,
    /// ACKs by sender, Call-ID, CSeq and To tag.
    acks: BTreeSet<(SocketAddr, Bytes, u32, Bytes)>,
    /// Final responses by branch and method.
    finals: BTreeMap<(Bytes, Vec<u8>), u16>,
    /// To tags of responses by branch and method.
    tags: BTreeMap<(Bytes, Vec<u8>), Bytes>,
}

fn read(sent: &Sent) -> Message {
    let shown = String::from_utf8_lossy(&sent.bytes);
    let message = parse(sent.bytes.clone()).unwrap_or_else(|error| panic!("{error}\n{shown}"));
    validate(&message).unwrap_or_else(|error| panic!("{error}\n{shown}"));
    message
}

fn branch(message: &Message) -> Bytes {
    let via = message.top_via().expect("validated");
    Bytes::copy_from_slice(via.branch().unwrap_or_default())
}

fn tag(address: Result<thirdring::sip::NameAddr, thirdring::sip::HeaderError>) -> Bytes {
    address.expect("validated").tag().map(Bytes::copy_from_slice).unwrap_or_default()
}

fn shown(message: &Message) -> String {
    String::from_utf8_lossy(message.as_bytes()).into_owned()
}

impl Audit {
    fn every_message(&mut self, message: &Message) {
        let length = message.content_length().expect("validated").expect("Content-Length is always written");
        assert_eq!(length as usize, message.body().len(), "{}", shown(message));
        assert!(message.header(&HeaderName::ContentType).is_some() == (length > 0), "{}", shown(message));
        let cookie = branch(message).starts_with(b"z9hG4bK");
        assert!(cookie, "branch without cookie\n{}", shown(message));
        assert!(!tag(message.from()).is_empty(), "From without tag\n{}", shown(message));
    }

    fn request(&mut self, sent: &Sent, message: &Message) {
        let method = message.method().expect("a request").clone();
        let cseq = message.cseq().expect("validated");
        let call_id = message.call_id().expect("validated");
        assert_eq!(message.vias().expect("validated").len(), 1, "{}", shown(message));
        assert!(message.max_forwards().expect("validated").is_some(), "{}", shown(message));
        let key = (branch(message), method.as_bytes().to_vec());
        if let Some(first) = self.requests.get(&key) {
            assert_eq!(*first, sent.bytes, "a retransmission is the same bytes\n{}", shown(message));
            return;
        }
        match method {
            Method::Ack => {
                self.acks.insert((sent.from, call_id, cseq.number, tag(message.to())));
                assert!(!tag(message.to()).is_empty(), "ACK without To tag\n{}", shown(message));
            }
            Method::Cancel => self.cancel(message),
            _ => {
                assert!(
                    self.branches.insert(key.0.clone()),
                    "a branch is used for one transaction only\n{}",
                    shown(message)
                );
                let order = self.numbers.entry((sent.from, call_id, tag(message.from()))).or_insert(0);
                assert!(cseq.number > *order, "CSeq {} after {order}\n{}", cseq.number, shown(message));
                *order = cseq.number;
            }
        }
        if matches!(method, Method::Invite | Method::Refer | Method::Notify | Method::Update) {
            assert!(message.header(&HeaderName::Contact).is_some(), "no Contact\n{}", shown(message));
        }
        if matches!(method, Method::Bye | Method::Info | Method::Refer | Method::Notify | Method::Update) {
            assert!(!tag(message.to()).is_empty(), "no To tag within a dialog\n{}", shown(message));
        }
        self.sent_at.insert(key.clone(), sent.at);
        self.requests.insert(key, sent.bytes.clone());
    }

    fn cancel(&mut self, cancel: &Message) {
        let key = (branch(cancel), b"INVITE".to_vec());
        let invite = self.requests.get(&key).unwrap_or_else(|| panic!("CANCEL of nothing\n{}", shown(cancel)));
        let invite = parse(invite.clone()).expect("read before");
        assert_eq!(invite.request_uri(), cancel.request_uri(), "{}", shown(cancel));
        assert_eq!(invite.header(&HeaderName::To), cancel.header(&HeaderName::To), "{}", shown(cancel));
        assert_eq!(invite.cseq().expect("sound").number, cancel.cseq().expect("sound").number, "{}", shown(cancel));
        assert!(self.progressed.contains(&key.0), "CANCEL before any provisional\n{}", shown(cancel));
    }

    fn response(&mut self, _sent: &Sent, message: &Message) {
        let status = message.status().expect("a response");
        let method = message.cseq().expect("validated").method;
        let key = (branch(message), method.as_bytes().to_vec());
        if status == 100 {
            self.progressed.insert(key.0);
            return;
        }
        let to_tag = tag(message.to());
        assert!(!to_tag.is_empty(), "response without To tag\n{}", shown(message));
        let known = self.tags.entry(key.clone()).or_insert(to_tag.clone());
        assert_eq!(*known, to_tag, "one request, one To tag\n{}", shown(message));
        if status < 200 {
            self.progressed.insert(key.0);
            return;
        }
        if method == Method::Invite && status < 300 {
            assert!(message.header(&HeaderName::Contact).is_some(), "no Contact\n{}", shown(message));
        }
        let first = *self.finals.entry(key).or_insert(status);
        assert_eq!(first, status, "one request, one final status\n{}", shown(message));
    }

    /// Every final response to an INVITE that arrived while somebody still waited was followed by its ACK.
    fn finals_are_acknowledged(&self, arrivals: &[(&Sent, Message)]) {
        let mut heard: BTreeMap<Bytes, Moment> = BTreeMap::new();
        for (arrival, message) in arrivals.iter().filter(|(_, message)| !message.is_request()) {
            let cseq = message.cseq().expect("validated");
            if cseq.method != Method::Invite {
                continue;
            }
            let branch = branch(message);
            let sent = self.sent_at.get(&(branch.clone(), b"INVITE".to_vec())).expect("an answer to something");
            let first = *heard.entry(branch.clone()).or_insert(arrival.at);
            // Timer B, and the same wait after a CANCEL: then nobody is there any more.
            let given_up = first.since(*sent) >= PATIENCE;
            let cancelled = self.sent_at.get(&(branch, b"CANCEL".to_vec()));
            let forgotten = cancelled.is_some_and(|at| arrival.at.since(*at) >= PATIENCE);
            if message.status().is_none_or(|status| status < 200) || given_up || forgotten {
                continue;
            }
            let key = (arrival.to, message.call_id().expect("validated"), cseq.number, tag(message.to()));
            assert!(self.acks.contains(&key), "no ACK from {}\n{}", arrival.to, shown(message));
        }
    }

    /// Every request that arrived got a final answer sent.
    fn requests_are_answered(&self, arrivals: &[(&Sent, Message)]) {
        for (_, message) in arrivals.iter().filter(|(_, message)| message.is_request()) {
            let method = message.method().expect("a request");
            let key = (branch(message), method.as_bytes().to_vec());
            assert!(*method == Method::Ack || self.finals.contains_key(&key), "never answered\n{}", shown(message));
        }
    }
}

/// 64*T1.
const PATIENCE: Duration = Duration::from_secs(32);
