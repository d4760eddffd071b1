//! The requests we received and answer: their transactions, the answers' retransmissions, who is to answer.
//! Never decides what the answer is. RFC 3261 17.2, 8.2.6, 9.2.

use super::counters::counted_name;
use super::doors::{Alarm, Endpoint};
use super::event::{ReferId, SessionId};
use crate::model::Moment;
use crate::sip::flow::Flow;
use crate::sip::header_name::HeaderName;
use crate::sip::message::Message;
use crate::sip::method::Method;
use crate::sip::server_transaction::{Action, Event, Kind, ServerTransaction, State};
use crate::sip::status::reason_phrase;
use crate::sip::timers::Letter;
use crate::sip::uri::Uri;
use crate::sip::writer::ResponseWriter;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::time::Duration;

/// One server transaction.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct ServerId(pub(crate) u64);

/// All server transactions, by id and by the keys of RFC 3261 17.2.3 and 8.2.2.2.
#[derive(Debug, Default)]
pub(super) struct Servers {
    table: BTreeMap<ServerId, Server>,
    by_key: BTreeMap<Bytes, ServerId>,
    by_merge_key: BTreeMap<Bytes, ServerId>,
    /// Final answers kept back for a while.
    held: BTreeMap<ServerId, Answer>,
}

/// A request that was taken.
#[derive(Debug)]
pub(super) struct Server {
    machine: ServerTransaction,
    key: Bytes,
    merge_key: Bytes,
    pub(super) request: Message,
    /// Where it came from.
    pub(super) source: Flow,
    /// Where its answers go.
    back: Flow,
    pub(super) to_tag: Bytes,
    last: Option<Bytes>,
    pub(super) answerer: Answerer,
}

/// Who is to answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Answerer {
    /// The endpoint itself.
    Endpoint,
    /// The owner, as the session's first INVITE, or an offer within it.
    Session(SessionId),
    /// The owner, as a REFER.
    Refer(SessionId, ReferId),
}

/// An answer to make.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) reason: &'static str,
    pub(super) headers: Vec<(HeaderName, Bytes)>,
    pub(super) body: Option<Bytes>,
    /// Whether our Contact belongs into it.
    pub(super) contact: bool,
}

impl Answer {
    /// A plain answer.
    pub(super) fn new(status: u16) -> Answer {
        Answer { status, reason: reason_phrase(status), headers: Vec::new(), body: None, contact: false }
    }

    /// With a reason phrase that says more than the status.
    pub(super) fn because(mut self, reason: &'static str) -> Answer {
        self.reason = reason;
        self
    }

    pub(super) fn with(mut self, name: HeaderName, value: impl Into<Bytes>) -> Answer {
        self.headers.push((name, value.into()));
        self
    }

    /// With our Contact, and a session description if there is one.
    pub(super) fn with_session(mut self, sdp: Option<Bytes>) -> Answer {
        self.contact = true;
        self.body = sdp;
        self
    }

    /// Come again after `wait`, rounded up to whole seconds.
    pub(super) fn retry_after(self, wait: Duration) -> Answer {
        let seconds = wait.as_millis().div_ceil(1_000);
        self.with(HeaderName::RetryAfter, seconds.to_string())
    }
}

impl Servers {
    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) fn get(&self, id: ServerId) -> Option<&Server> {
        self.table.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: ServerId) -> Option<&mut Server> {
        self.table.get_mut(&id)
    }

    /// The transaction a request belongs to; of an ACK or CANCEL, with `method` INVITE, that of its INVITE.
    pub(super) fn find(&self, request: &Message, method: &Method) -> Option<ServerId> {
        self.by_key.get(&key_of(request, method)?).copied()
    }

    /// The transaction of the same request on another path (8.2.2.2).
    pub(super) fn find_merged(&self, request: &Message) -> Option<ServerId> {
        self.by_merge_key.get(&merge_key_of(request)?).copied()
    }

    /// How many answers are held back.
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    pub(super) fn summaries(&self) -> impl Iterator<Item = String> {
        self.table.iter().map(|(id, server)| {
            let method = server.request.method().map_or("?".to_owned(), Method::to_string);
            format!("server-{} {method} {:?} {}", id.0, server.machine.state(), server.source)
        })
    }
}

impl Server {
    /// Whether a final answer has left.
    pub(super) fn is_answered(&self) -> bool {
        self.machine.is_answered()
    }
}

impl Endpoint {
    /// Takes a request: from now on its retransmissions are absorbed here.
    pub(super) fn open_server(&mut self, request: Message, source: Flow, answerer: Answerer) -> ServerId {
        let id = ServerId(self.mint());
        let method = request.method().cloned().unwrap_or(Method::Options);
        let kind = if method == Method::Invite { Kind::Invite } else { Kind::Other };
        let back = request.top_via().map_or(source, |via| Endpoint::way_back(&via, &source));
        let to_tag = match request.to().ok().and_then(|to| to.tag().map(Bytes::copy_from_slice)) {
            Some(tag) => tag,
            None => self.random.tag(),
        };
        let key = key_of(&request, &method).unwrap_or_default();
        let merge_key = merge_key_of(&request).unwrap_or_default();
        self.servers.by_key.insert(key.clone(), id);
        self.servers.by_merge_key.insert(merge_key.clone(), id);
        let machine = ServerTransaction::new(kind, source.transport.is_reliable());
        let server = Server { machine, key, merge_key, request, source, back, to_tag, last: None, answerer };
        self.servers.table.insert(id, server);
        id
    }

    /// Answers a request; the bytes, so that a session can repeat a 2xx. `None` when it has its answer already.
    pub(super) fn respond(&mut self, now: Moment, id: ServerId, answer: &Answer) -> Option<Bytes> {
        let server = self.servers.get_mut(id)?;
        let event = match answer.status {
            100..200 => Event::Provisional,
            200..300 => Event::Success,
            _ => Event::Failure,
        };
        let actions = server.machine.handle(event);
        if actions.is_empty() {
            return None;
        }
        let server = self.servers.get(id)?;
        let bytes = self.write_response(&server.request, &server.source, &server.to_tag, answer);
        let method = server.request.method().map_or("OTHER", counted_name);
        self.count_response(method, answer.status);
        self.timers.clear(Alarm::Unanswered(id));
        self.run_server(now, id, actions, Some(bytes.clone()));
        Some(bytes)
    }

    /// Answers without a transaction: a refusal that costs no memory, and is the same for each retransmission.
    pub(super) fn respond_stateless(&mut self, flow: &Flow, request: &Message, answer: &Answer) {
        if request.method() == Some(&Method::Ack) {
            return;
        }
        let tag = self.gate.stateless_tag(request);
        let bytes = self.write_response(request, flow, &tag, answer);
        let back = request.top_via().map_or(*flow, |via| Endpoint::way_back(&via, flow));
        self.count_response(request.method().map_or("OTHER", counted_name), answer.status);
        self.send(back, bytes);
    }

    /// Keeps a final answer back for `wait`.
    pub(super) fn respond_later(&mut self, now: Moment, id: ServerId, answer: Answer, wait: Duration) {
        self.servers.held.insert(id, answer);
        self.timers.set(Alarm::Held(id), now + wait);
    }

    pub(super) fn release_held(&mut self, now: Moment, id: ServerId) {
        if let Some(answer) = self.servers.held.remove(&id) {
            self.respond(now, id, &answer);
        }
    }

    /// A request came again.
    pub(super) fn absorb(&mut self, now: Moment, id: ServerId) {
        self.counters.retransmits_received += 1;
        let Some(server) = self.servers.get_mut(id) else { return };
        let actions = server.machine.handle(Event::Request);
        self.run_server(now, id, actions, None);
    }

    /// An ACK with the branch of an INVITE came; true when it was for our refusal.
    pub(super) fn acknowledge(&mut self, now: Moment, id: ServerId) -> bool {
        let Some(server) = self.servers.get_mut(id) else { return false };
        let for_refusal = matches!(server.machine.state(), State::Completed | State::Confirmed);
        let actions = server.machine.handle(Event::Ack);
        self.run_server(now, id, actions, None);
        for_refusal
    }

    pub(super) fn server_timer(&mut self, now: Moment, id: ServerId, letter: Letter) {
        let Some(server) = self.servers.get_mut(id) else { return };
        let actions = server.machine.handle(Event::Timer(letter));
        self.run_server(now, id, actions, None);
    }

    /// Answers on `flow` do not arrive: who only repeats is told to stop.
    pub(super) fn break_servers(&mut self, now: Moment, flow: &Flow) {
        let hit = |server: &Server| server.back.same_path(flow) && server.machine.state() == State::Completed;
        let ids: Vec<ServerId> = self.servers.table.iter().filter(|(_, s)| hit(s)).map(|(id, _)| *id).collect();
        for id in ids {
            if let Some(server) = self.servers.get_mut(id) {
                let actions = server.machine.handle(Event::Broken);
                self.run_server(now, id, actions, None);
            }
        }
    }

    fn run_server(&mut self, now: Moment, id: ServerId, actions: &'static [Action], response: Option<Bytes>) {
        for action in actions {
            let Some(server) = self.servers.table.get_mut(&id) else { return };
            match *action {
                Action::Send => {
                    server.last = response.clone();
                    if let Some(bytes) = response.clone() {
                        let back = server.back;
                        self.send_back(id, back, bytes);
                    }
                }
                Action::Repeat => {
                    if let Some(bytes) = server.last.clone() {
                        let back = server.back;
                        self.counters.retransmits_sent += 1;
                        self.send_back(id, back, bytes);
                    }
                }
                // The dialog finds its ACK by tags, whatever branch it carries.
                Action::Deliver => {}
                Action::Start(letter) => {
                    if let Some(wait) = server.machine.wait(letter, &self.durations) {
                        self.timers.set(Alarm::Server(id, letter), now + wait);
                    }
                }
                Action::Stop(letter) => self.timers.clear(Alarm::Server(id, letter)),
            }
        }
        if self.servers.get(id).is_some_and(|server| server.machine.state() == State::Terminated) {
            self.drop_server(id);
        }
    }

    /// Sends an answer the way its request came; when that connection is gone, to the address in Via (18.2.2).
    pub(super) fn send_back(&mut self, id: ServerId, back: Flow, bytes: Bytes) {
        let mut flow = self.live(back);
        if back.connection.is_some()
            && flow.connection.is_none()
            && let Some(Ok(via)) = self.servers.get(id).map(|server| server.request.top_via())
        {
            flow.remote.set_port(via.port.unwrap_or(5060));
        }
        self.send(flow, bytes);
    }

    /// The way answers to this request take.
    pub(super) fn way_back_of(&self, id: ServerId) -> Option<Flow> {
        self.servers.get(id).map(|server| server.back)
    }

    fn drop_server(&mut self, id: ServerId) {
        for letter in ServerTransaction::LETTERS {
            self.timers.clear(Alarm::Server(id, letter));
        }
        self.timers.clear(Alarm::Unanswered(id));
        self.timers.clear(Alarm::Held(id));
        self.servers.held.remove(&id);
        if let Some(server) = self.servers.table.remove(&id) {
            // Another request of the same dialog step may have taken the key since.
            if self.servers.by_key.get(&server.key) == Some(&id) {
                self.servers.by_key.remove(&server.key);
            }
            if self.servers.by_merge_key.get(&server.merge_key) == Some(&id) {
                self.servers.by_merge_key.remove(&server.merge_key);
            }
        }
    }

    fn count_response(&mut self, method: &'static str, status: u16) {
        *self.counters.responses_sent.entry((method, status)).or_default() += 1;
    }

    fn write_response(&self, request: &Message, source: &Flow, to_tag: &[u8], answer: &Answer) -> Bytes {
        let mut writer = ResponseWriter::to(request, answer.status, answer.reason).received_from(source.remote);
        if answer.status > 100 {
            writer = writer.tag(to_tag);
        }
        if answer.contact {
            writer = writer.record_route();
            let user = request.request_uri().and_then(|uri| Uri::parse(uri).ok()).and_then(|uri| uri.user);
            let contact = self.contact(source, &user.unwrap_or_default());
            writer = writer.header(HeaderName::Contact, format!("<{contact}>"));
        }
        for (name, value) in &answer.headers {
            writer = writer.header(name.clone(), value);
        }
        writer = writer.header(HeaderName::Server, &self.settings.user_agent);
        if let Some(body) = &answer.body {
            writer = writer.body("application/sdp", body);
        }
        writer.finish()
    }
}

/// The key of a server transaction (17.2.3): branch, sent-by and method; without the magic cookie what RFC 2543 had.
fn key_of(request: &Message, method: &Method) -> Option<Bytes> {
    let via = request.top_via().ok()?;
    let mut key = Vec::with_capacity(96);
    let mut put = |part: &[u8]| {
        key.extend_from_slice(part);
        key.push(0);
    };
    put(method.as_bytes());
    put(via.host.to_string().to_ascii_lowercase().as_bytes());
    put(&via.port.unwrap_or(5060).to_be_bytes());
    match via.rfc3261_branch() {
        Some(branch) => put(&branch.to_ascii_lowercase()),
        None => {
            put(request.request_uri().unwrap_or_default());
            put(request.from().ok()?.tag().unwrap_or_default());
            put(&request.call_id().ok()?);
            put(&request.cseq().ok()?.number.to_be_bytes());
            put(via.branch().unwrap_or_default());
        }
    }
    Some(Bytes::from(key))
}

/// The same request over two paths has these in common (8.2.2.2).
fn merge_key_of(request: &Message) -> Option<Bytes> {
    let cseq = request.cseq().ok()?;
    let mut key = Vec::with_capacity(96);
    let from = request.from().ok()?;
    let call_id = request.call_id().ok()?;
    for part in [from.tag().unwrap_or_default(), &call_id, &cseq.number.to_be_bytes(), cseq.method.as_bytes()] {
        key.extend_from_slice(part);
        key.push(0);
    }
    Some(Bytes::from(key))
}
