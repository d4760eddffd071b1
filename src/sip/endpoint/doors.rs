//! The endpoint itself: what it holds, and its doors for packets, time, transmits and events.
//! Never opens a socket, never reads a clock; all it does follows from what is handed in and from its seed.
//! RFC 3261.

use super::bans::Bans;
use super::clients::{ClientId, Clients};
use super::connections::{Connection, Sign};
use super::counters::Counters;
use super::event::{AccountId, Counts, Event, ReferId, SessionId};
use super::gate::Gate;
use super::servers::{ServerId, Servers};
use super::settings::Settings;
use crate::model::Moment;
use crate::sip::account::Registering;
use crate::sip::error::ParseError;
use crate::sip::flow::{ConnectionId, Flow, Transmit};
use crate::sip::framing::{Framed, Framing, frame};
use crate::sip::random::Random;
use crate::sip::registrar::Registrar;
use crate::sip::session::Session;
use crate::sip::stream::StreamItem;
use crate::sip::timers::{Durations, Letter, Timers};
use crate::sip::uri::Host;
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::net::IpAddr;

/// A whole SIP endpoint: transactions, dialogs, registrar, and registrations of its own, as one value.
///
/// Order of use: `handle_*` or a command, then `poll_transmit` and `poll_event` until both are empty, then sleep until
/// `poll_timeout`. Spurious `handle_timeout` calls are harmless.
pub struct Endpoint {
    pub(super) settings: Settings,
    pub(super) hosts: Vec<Host>,
    pub(super) durations: Durations,
    pub(super) random: Random,
    pub(super) timers: Timers<Alarm>,
    pub(super) transmits: VecDeque<Transmit>,
    pub(super) events: VecDeque<Event>,
    pub(super) clients: Clients,
    pub(super) servers: Servers,
    pub(super) sessions: BTreeMap<SessionId, Session>,
    /// Our tags: every dialog of a session carries the same one.
    pub(super) tags: BTreeMap<Bytes, SessionId>,
    pub(super) registrar: Registrar,
    pub(super) gate: Gate,
    pub(super) bans: Bans,
    pub(super) accounts: BTreeMap<AccountId, Registering>,
    pub(super) streams: BTreeMap<ConnectionId, Connection>,
    pub(super) counters: Counters,
    last_id: u64,
}

/// Everything that can ring.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Alarm {
    /// A timer of a client transaction.
    Client(ClientId, Letter),
    /// An INVITE nobody wants any more has had its time for a final answer (RFC 3261 9.1).
    Abandoned(ClientId),
    /// A timer of a server transaction.
    Server(ServerId, Letter),
    /// Our owner has not answered a request that must be answered.
    Unanswered(ServerId),
    /// A refusal that was held back may leave.
    Held(ServerId),
    /// Something within a session.
    Session(SessionId, Wait),
    /// Our REFER has seen no NOTIFY (Timer N).
    Refer(SessionId, ReferId),
    /// A binding lapses.
    Binding,
    /// A registration of ours is to be refreshed or tried again.
    Account(AccountId),
    /// A connection may have been silent for too long.
    Connection(ConnectionId),
}

/// What a session can wait for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Wait {
    /// The owner's patience with ringing.
    RingLimit,
    /// Timer C.
    C,
    /// A provisional answer is repeated, or proxies give up after three minutes (13.3.1.1).
    Provisional,
    /// A 2xx is sent again.
    Repeat,
    /// No ACK for our 2xx, or no answer of our owner for the peer's late offer.
    NoAck,
    /// After a 491.
    BackOff,
    /// The caller's own Expires (13.3.1).
    Expires,
    /// A reliable provisional answer is sent again (RFC 3262 3).
    Unheard,
    /// No PRACK for it.
    NoPrack,
    /// Our refresh of the session is due (RFC 4028 10).
    Refresh,
    /// Nobody has refreshed the session (RFC 4028 10).
    Lapse,
}

impl Wait {
    pub(super) const ALL: [Wait; 11] = [
        Wait::RingLimit,
        Wait::C,
        Wait::Provisional,
        Wait::Repeat,
        Wait::NoAck,
        Wait::BackOff,
        Wait::Expires,
        Wait::Unheard,
        Wait::NoPrack,
        Wait::Refresh,
        Wait::Lapse,
    ];
}

impl Endpoint {
    /// An endpoint at rest. All tags, branches, nonces and Call-IDs come from a generator seeded with `seed`.
    #[must_use]
    pub fn new(mut settings: Settings, seed: [u8; 32]) -> Self {
        let mut random = Random::new(seed);
        let hosts = settings.domains.iter().filter_map(|name| host(name)).collect();
        let gate = Gate::new(&mut settings, &mut random);
        Endpoint {
            hosts,
            durations: Durations::new(settings.t1, settings.invite_timeout),
            random,
            timers: Timers::new(),
            transmits: VecDeque::new(),
            events: VecDeque::new(),
            clients: Clients::default(),
            servers: Servers::default(),
            sessions: BTreeMap::new(),
            tags: BTreeMap::new(),
            registrar: Registrar::new(settings.registration_expires),
            gate,
            bans: Bans::default(),
            accounts: BTreeMap::new(),
            streams: BTreeMap::new(),
            counters: Counters::default(),
            last_id: 0,
            settings,
        }
    }

    /// A datagram came.
    pub fn handle_datagram(&mut self, now: Moment, flow: Flow, bytes: &[u8]) {
        if self.is_banned(now, flow.remote.ip()) {
            return;
        }
        match frame(bytes, Framing::Datagram) {
            Framed::Message { len } => {
                let message = bytes.get(..len).unwrap_or(bytes);
                self.handle_message(now, flow, Bytes::copy_from_slice(message));
            }
            Framed::Ping => self.answer_ping(flow),
            Framed::Pong | Framed::Incomplete => {}
            Framed::Malformed { error, .. } => self.handle_malformed(flow, error),
        }
    }

    /// Bytes came on a connection; messages are framed here.
    pub fn handle_stream(&mut self, now: Moment, flow: Flow, bytes: &[u8]) {
        let Some(connection) = flow.connection else { return };
        if self.is_banned(now, flow.remote.ip()) {
            self.transmits.push_back(Transmit::Close(connection));
            return self.forget_connection(now, connection);
        }
        let mut broken = self.connection_at(now, flow, connection).buffer.push(bytes).is_err();
        while let Some(item) = self.next_item(now, connection) {
            match item {
                Ok(StreamItem::Message(message)) => self.handle_message(now, flow, message),
                Ok(StreamItem::Ping) => self.answer_ping(flow),
                Ok(StreamItem::Pong) => {}
                Err(error) => {
                    // Where the next message begins is not known any more.
                    self.handle_malformed(flow, error);
                    broken = true;
                    break;
                }
            }
        }
        if broken {
            self.transmits.push_back(Transmit::Close(connection));
            self.forget_connection(now, connection);
        }
    }

    /// A connection is gone.
    pub fn handle_closed(&mut self, now: Moment, connection: ConnectionId) {
        self.forget_connection(now, connection);
    }

    /// Something could not be sent on `flow`: no route, port unreachable, connection refused.
    pub fn handle_transport_error(&mut self, now: Moment, flow: Flow) {
        self.counters.transport_errors += 1;
        self.break_clients(now, |client| client.flow.same_path(&flow) && client.is_unheard());
        self.break_servers(now, &flow);
    }

    /// Rings everything that is due.
    pub fn handle_timeout(&mut self, now: Moment) {
        while let Some(alarm) = self.timers.pop(now) {
            match alarm {
                Alarm::Client(client, letter) => self.client_timer(now, client, letter),
                Alarm::Abandoned(client) => self.drop_client(client),
                Alarm::Server(server, letter) => self.server_timer(now, server, letter),
                Alarm::Unanswered(server) => self.answer_for_owner(now, server),
                Alarm::Held(server) => self.release_held(now, server),
                Alarm::Session(session, wait) => self.session_timer(now, session, wait),
                Alarm::Refer(session, refer) => self.refer_timer(session, refer),
                Alarm::Binding => self.expire_bindings(now),
                Alarm::Account(account) => self.account_timer(now, account),
                Alarm::Connection(connection) => self.connection_timer(now, connection),
            }
        }
    }

    /// When `handle_timeout` is next needed; exact.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        self.timers.next()
    }

    /// The next thing to send, in order.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// The next thing to know, in order.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// What is held now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            sessions: self.sessions.len(),
            client_transactions: self.clients.len(),
            server_transactions: self.servers.len(),
            registrations: self.registrar.len(),
            connections: self.streams.len(),
        }
    }

    /// The sums since the last call.
    pub fn take_counters(&mut self) -> Counters {
        std::mem::take(&mut self.counters)
    }

    /// The live tables as text for administrators; no names, no numbers.
    #[must_use]
    pub fn dump(&self) -> String {
        let mut text = String::new();
        for (id, session) in &self.sessions {
            let _ = writeln!(text, "{id} {}", session.summary());
        }
        for line in self.clients.summaries().chain(self.servers.summaries()) {
            let _ = writeln!(text, "{line}");
        }
        let _ = writeln!(text, "registrations {} timers {}", self.registrar.len(), self.timers.len());
        text
    }

    pub(super) fn mint(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(super) fn send(&mut self, flow: Flow, bytes: Bytes) {
        let flow = self.live(flow);
        self.transmits.push_back(Transmit::Send { flow, bytes });
    }

    /// The flow without its connection, when that is gone.
    pub(super) fn live(&self, flow: Flow) -> Flow {
        match flow.connection {
            Some(connection) if !self.streams.contains_key(&connection) => flow.without_connection(),
            _ => flow,
        }
    }

    fn answer_ping(&mut self, flow: Flow) {
        self.counters.pings += 1;
        self.send(flow, Bytes::from_static(b"\r\n"));
    }

    fn next_item(&mut self, now: Moment, connection: ConnectionId) -> Option<Result<StreamItem, ParseError>> {
        let connection = self.streams.get_mut(&connection)?;
        let item = connection.buffer.next()?;
        match &item {
            Ok(StreamItem::Message(_)) => connection.note(now, Sign::Message),
            Ok(StreamItem::Ping | StreamItem::Pong) => connection.note(now, Sign::KeepAlive),
            Err(_) => {}
        }
        Some(item)
    }

    pub(super) fn forget_connection(&mut self, now: Moment, connection: ConnectionId) {
        self.streams.remove(&connection);
        self.timers.clear(Alarm::Connection(connection));
        for user in self.registrar.handle_closed(connection) {
            self.events.push_back(Event::Unregistered { user, expired: true });
        }
        self.set_binding_alarm();
        // A request without any response may be lost with the connection; a heard one gets its answer on another.
        self.break_clients(now, |client| client.flow.connection == Some(connection) && client.is_unheard());
    }
}

fn host(name: &str) -> Option<Host> {
    match name.parse::<IpAddr>() {
        Ok(address) => Some(Host::from(address)),
        Err(_) => Host::parse(name.as_bytes()).ok(),
    }
}
