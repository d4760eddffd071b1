//! The requests we sent and wait for: their transactions, their retransmissions, whom their answers are for.
//! Never interprets an answer; it finds the one who asked. RFC 3261 17.1, 18.1.

use super::counters::counted_name;
use super::doors::{Alarm, Endpoint};
use super::event::{AccountId, ReferId, SessionId};
use crate::model::Moment;
use crate::sip::client_transaction::{Action, ClientTransaction, Event, Kind, State};
use crate::sip::draft::{ContactKind, Draft};
use crate::sip::flow::{Flow, Transport};
use crate::sip::message::Message;
use crate::sip::method::Method;
use crate::sip::session::Login;
use crate::sip::timers::Letter;
use bytes::Bytes;
use std::collections::BTreeMap;

/// One client transaction.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct ClientId(pub(crate) u64);

/// All client transactions, by id and by branch.
#[derive(Debug, Default)]
pub(super) struct Clients {
    table: BTreeMap<ClientId, Client>,
    /// A CANCEL shares its branch with the INVITE it cancels.
    by_branch: BTreeMap<(Bytes, bool), ClientId>,
}

/// A request that was sent.
#[derive(Debug)]
pub(super) struct Client {
    machine: ClientTransaction,
    pub(super) draft: Draft,
    pub(super) flow: Flow,
    branch: Bytes,
    bytes: Bytes,
    pub(super) asker: Asker,
    /// How often a digest challenge was answered so far.
    pub(super) tries: u32,
    /// The way to take when this one, chosen for the request's size, cannot be opened.
    fallback: Option<Flow>,
    /// The highest CSeq that its early dialogs have used: a PRACK counts (RFC 3262 4), and what follows must count on.
    pub(super) dialog_cseq: u32,
    /// The ACKs of its 2xx, by remote tag; `None` while our owner owes the answer that one must carry.
    pub(super) acks: Vec<(Bytes, Option<(Flow, Bytes)>)>,
}

/// Whom an answer is for.
#[derive(Clone, Debug)]
pub(super) enum Asker {
    /// A session's first INVITE.
    Call(SessionId),
    /// A re-INVITE of ours.
    Offer(SessionId),
    /// An UPDATE of ours that refreshes the session.
    Refresh(SessionId),
    /// An INFO of ours.
    Info(SessionId),
    /// A REFER of ours.
    Refer(SessionId, ReferId),
    /// A NOTIFY of ours.
    Notify(SessionId),
    /// A BYE or a PRACK: nobody waits, but a challenge to it can be answered.
    Leave(Option<Login>),
    /// A CANCEL: nobody waits.
    Cancel,
    /// An INVITE whose session is over: whoever still answers it gets ACK, and BYE where it would be a call.
    Abandoned { cancel: Cancel, bye: bool, login: Option<Login> },
    /// A registration of ours.
    Account(AccountId),
}

/// How far the CANCEL of an abandoned INVITE is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Cancel {
    /// Not before a provisional response came (RFC 3261 9.1).
    WhenHeard { reason: Option<String> },
    /// Sent, or not wanted.
    Done,
}

/// The end of a transaction, or a step of it, for the one who asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reply<'m> {
    /// The status; 408 when nobody answered, 503 when nothing could be sent.
    pub(super) status: u16,
    /// The response itself; `None` for the two made here.
    pub(super) message: Option<&'m Message>,
    /// The way it came.
    pub(super) flow: Flow,
}

impl Clients {
    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) fn get(&self, id: ClientId) -> Option<&Client> {
        self.table.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: ClientId) -> Option<&mut Client> {
        self.table.get_mut(&id)
    }

    pub(super) fn summaries(&self) -> impl Iterator<Item = String> {
        self.table.iter().map(|(id, client)| {
            format!("client-{} {} {:?} {}", id.0, client.draft.method, client.machine.state(), client.flow)
        })
    }
}

impl Client {
    /// Whether no response has come at all.
    pub(super) fn is_unheard(&self) -> bool {
        matches!(self.machine.state(), State::Calling | State::Trying)
    }

    /// Whether a final response is still to come.
    pub(super) fn is_pending(&self) -> bool {
        self.is_unheard() || self.machine.state() == State::Proceeding
    }
}

impl Endpoint {
    /// Sends a request on a new branch and starts its transaction. Above 1,300 bytes it goes by TCP first where the
    /// peer is known by address (RFC 3261 18.1.1).
    pub(super) fn send_request(&mut self, now: Moment, draft: Draft, flow: Flow, asker: Asker) -> ClientId {
        self.send_request_sized(now, draft, flow, asker, false)
    }

    /// As `send_request`; `may_switch` allows another transport for a large one.
    pub(super) fn send_request_sized(
        &mut self,
        now: Moment,
        draft: Draft,
        flow: Flow,
        asker: Asker,
        may_switch: bool,
    ) -> ClientId {
        let branch = self.random.branch();
        let bytes = self.render(&draft, &flow, &branch);
        let switch = may_switch
            && flow.transport == Transport::Udp
            && bytes.len() > DATAGRAM_REQUEST_BYTES_MAX
            && self.speaks(Transport::Tcp);
        if !switch {
            return self.start_client(now, draft, flow, branch, bytes, asker);
        }
        let stream = self.way_to(Transport::Tcp, flow.remote);
        let bytes = self.render(&draft, &stream, &branch);
        let id = self.start_client(now, draft, stream, branch, bytes, asker);
        if let Some(client) = self.clients.get_mut(id) {
            client.fallback = Some(flow);
        }
        id
    }

    /// Sends the CANCEL of a pending INVITE, on its branch and its way (9.1).
    pub(super) fn send_cancel(&mut self, now: Moment, invite: ClientId, reason: Option<&str>) {
        let Some(client) = self.clients.get(invite) else { return };
        let draft = client.draft.cancel(reason);
        let (flow, branch) = (client.flow, client.branch.clone());
        let bytes = self.render(&draft, &flow, &branch);
        self.start_client(now, draft, flow, branch, bytes, Asker::Cancel);
    }

    fn start_client(
        &mut self,
        now: Moment,
        draft: Draft,
        flow: Flow,
        branch: Bytes,
        bytes: Bytes,
        asker: Asker,
    ) -> ClientId {
        let id = ClientId(self.mint());
        let name = super::counters::counted_name(&draft.method);
        *self.counters.requests_sent.entry(name).or_default() += 1;
        let kind = if draft.method == Method::Invite { Kind::Invite } else { Kind::Other };
        let (machine, actions) = ClientTransaction::new(kind, flow.transport.is_reliable());
        self.clients.by_branch.insert((branch.clone(), draft.method == Method::Cancel), id);
        self.send(flow, bytes.clone());
        let client = Client {
            machine,
            dialog_cseq: draft.cseq,
            draft,
            flow,
            branch,
            bytes,
            asker,
            tries: 0,
            fallback: None,
            acks: Vec::new(),
        };
        self.clients.table.insert(id, client);
        self.run_client(now, id, actions, None);
        id
    }

    /// The bytes of a draft on a way.
    pub(super) fn render(&self, draft: &Draft, flow: &Flow, branch: &[u8]) -> Bytes {
        let contact = match &draft.contact {
            ContactKind::Ours(user) => Some(self.contact(flow, user)),
            _ => None,
        };
        draft.render(&self.via(flow, branch), contact.as_ref(), &self.settings.user_agent)
    }

    /// A response came: it belongs to the transaction with its branch and method, or to nobody (17.1.3, 18.1.2).
    pub(super) fn on_response(&mut self, now: Moment, flow: Flow, response: &Message) {
        let status = response.status().unwrap_or_default();
        let Some(id) = self.client_of(response) else {
            self.counters.strays += 1;
            return;
        };
        let method = response.cseq().map_or("OTHER", |cseq| counted_name(&cseq.method));
        *self.counters.responses_received.entry((method, status)).or_default() += 1;
        let event = match status {
            100..200 => Event::Provisional,
            200..300 => Event::Success,
            _ => Event::Failure,
        };
        let Some(client) = self.clients.get_mut(id) else { return };
        let actions = client.machine.handle(event);
        if actions.is_empty() {
            self.counters.retransmits_received += 1;
        }
        // Whatever comes next on a stream takes the connection that answered.
        if client.flow.transport == flow.transport && flow.connection.is_some() {
            client.flow.connection = flow.connection;
        }
        self.run_client(now, id, actions, Some(Reply { status, message: Some(response), flow }));
    }

    fn client_of(&self, response: &Message) -> Option<ClientId> {
        let [via] = response.vias().ok()?.try_into().ok()?;
        let cseq = response.cseq().ok()?;
        let key = (Bytes::copy_from_slice(via.branch()?), cseq.method == Method::Cancel);
        let id = *self.clients.by_branch.get(&key)?;
        let client = self.clients.get(id)?;
        let sent_by = self.listener_of(&client.flow);
        let ours = via.host.address() == Some(sent_by.ip()) && via.port == Some(sent_by.port());
        (ours && client.draft.method == cseq.method && client.draft.cseq == cseq.number).then_some(id)
    }

    pub(super) fn client_timer(&mut self, now: Moment, id: ClientId, letter: Letter) {
        let Some(client) = self.clients.get_mut(id) else { return };
        let actions = client.machine.handle(Event::Timer(letter));
        self.run_client(now, id, actions, None);
    }

    /// Every transaction that `hit` finds cannot be sent: another way, or its end.
    pub(super) fn break_clients(&mut self, now: Moment, hit: impl Fn(&Client) -> bool) {
        let ids: Vec<ClientId> = self.clients.table.iter().filter(|(_, c)| hit(c)).map(|(id, _)| *id).collect();
        for id in ids {
            if !self.fall_back(now, id)
                && let Some(client) = self.clients.get_mut(id)
            {
                let actions = client.machine.handle(Event::Broken);
                self.run_client(now, id, actions, None);
            }
        }
    }

    /// The request was too large for a datagram and nobody listens on TCP: a large datagram it is.
    fn fall_back(&mut self, now: Moment, id: ClientId) -> bool {
        let branch = self.random.branch();
        let Some(flow) = self.clients.get_mut(id).and_then(|client| client.fallback.take()) else { return false };
        self.stop_client_timers(id);
        let Some(client) = self.clients.get(id) else { return false };
        let bytes = self.render(&client.draft, &flow, &branch);
        let kind = if client.draft.method == Method::Invite { Kind::Invite } else { Kind::Other };
        let old = (client.branch.clone(), false);
        let (machine, actions) = ClientTransaction::new(kind, flow.transport.is_reliable());
        self.clients.by_branch.remove(&old);
        self.clients.by_branch.insert((branch.clone(), false), id);
        if let Some(client) = self.clients.get_mut(id) {
            (client.machine, client.flow, client.branch, client.bytes) = (machine, flow, branch, bytes.clone());
        }
        self.send(flow, bytes);
        self.run_client(now, id, actions, None);
        true
    }

    fn run_client(&mut self, now: Moment, id: ClientId, actions: &'static [Action], reply: Option<Reply<'_>>) {
        for action in actions {
            let Some(client) = self.clients.table.get(&id) else { return };
            match *action {
                Action::Resend => {
                    self.counters.retransmits_sent += 1;
                    let (flow, bytes) = (client.flow, client.bytes.clone());
                    self.send(flow, bytes);
                }
                Action::Acknowledge => self.acknowledge_refusal(id, reply),
                Action::Deliver => {
                    if let Some(reply) = reply {
                        self.deliver(now, id, reply);
                    }
                }
                Action::TimedOut => {
                    let flow = client.flow;
                    self.deliver(now, id, Reply { status: 408, message: None, flow });
                }
                Action::Undeliverable => {
                    let flow = client.flow;
                    self.deliver(now, id, Reply { status: 503, message: None, flow });
                }
                Action::Start(letter) => {
                    if let Some(wait) = client.machine.wait(letter, &self.durations) {
                        self.timers.set(Alarm::Client(id, letter), now + wait);
                    }
                }
                Action::Stop(letter) => self.timers.clear(Alarm::Client(id, letter)),
            }
        }
        if self.clients.get(id).is_some_and(|client| client.machine.state() == State::Terminated) {
            self.drop_client(id);
        }
    }

    fn acknowledge_refusal(&mut self, id: ClientId, reply: Option<Reply<'_>>) {
        let Some(to) = reply.and_then(|reply| reply.message).and_then(|message| message.to().ok()) else { return };
        let Some(client) = self.clients.get(id) else { return };
        let (flow, ack) = (client.flow, client.draft.ack_of_refusal(to));
        let bytes = self.render(&ack, &flow, &client.branch);
        self.send(flow, bytes);
    }

    fn deliver(&mut self, now: Moment, id: ClientId, reply: Reply<'_>) {
        let Some(asker) = self.clients.get(id).map(|client| client.asker.clone()) else { return };
        match asker {
            Asker::Call(session) => self.on_call_reply(now, session, id, reply),
            Asker::Offer(session) => self.on_offer_reply(now, session, id, reply),
            Asker::Refresh(session) => self.on_refresh_reply(now, session, id, reply),
            Asker::Info(session) => self.on_info_reply(now, session, id, reply),
            Asker::Refer(session, refer) => self.on_refer_reply(now, session, refer, id, reply),
            Asker::Notify(session) => self.on_notify_reply(now, session, id, reply),
            Asker::Leave(login) => {
                let _ = self.answer_challenge(now, id, reply, login.as_ref(), None);
            }
            Asker::Cancel => {}
            Asker::Abandoned { cancel, bye, login } => self.on_abandoned_reply(now, id, reply, (cancel, bye, login)),
            Asker::Account(account) => self.on_account_reply(now, account, id, reply),
        }
    }

    /// Ends a transaction at once.
    pub(super) fn drop_client(&mut self, id: ClientId) {
        self.stop_client_timers(id);
        self.timers.clear(Alarm::Abandoned(id));
        if let Some(client) = self.clients.table.remove(&id) {
            self.clients.by_branch.remove(&(client.branch, client.draft.method == Method::Cancel));
        }
    }

    fn stop_client_timers(&mut self, id: ClientId) {
        for letter in ClientTransaction::LETTERS {
            self.timers.clear(Alarm::Client(id, letter));
        }
    }
}

/// RFC 3261 18.1.1: a path's MTU is rarely below 1,500, and 200 are for headers on the way.
const DATAGRAM_REQUEST_BYTES_MAX: usize = 1_300;
