//! The connections of an endpoint: their bytes, and how long one may say nothing before it is closed.
//! Never opens one and never counts them: the shell does, and closes those that never send a byte.
//! RFC 3261 18 (reuse), RFC 5626 3.5.1 and 4.4.1 (CRLF keep-alive).
//!
//! ```text
//!   Fresh --a whole message--> Known --10 min without message or ping--> closed, unless a phone or a call needs it
//!     +--64*T1 without a whole message--> closed
//! ```

use super::doors::{Alarm, Endpoint};
use crate::model::Moment;
use crate::sip::flow::{ConnectionId, Flow, Transmit};
use crate::sip::session::{Session, State};
use crate::sip::stream::StreamBuffer;
use std::time::Duration;

/// One connection that has sent something.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) buffer: StreamBuffer,
    flow: Flow,
    life: Life,
}

/// Whether the peer has shown that it speaks SIP.
#[derive(Clone, Copy, Debug)]
enum Life {
    /// No whole message yet; pings prove nothing.
    Fresh,
    /// A message came; the newest sign of life since, a ping among them.
    Known { heard: Moment },
}

/// What a peer sent that was whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Message,
    KeepAlive,
}

impl Connection {
    pub(super) fn new(flow: Flow) -> Self {
        Connection { buffer: StreamBuffer::new(), flow, life: Life::Fresh }
    }

    /// The peer is alive.
    pub(super) fn note(&mut self, now: Moment, sign: Sign) {
        if sign == Sign::Message || matches!(self.life, Life::Known { .. }) {
            self.life = Life::Known { heard: now };
        }
    }
}

impl Endpoint {
    /// Bytes came on `flow`, whose first ones start its clock.
    pub(super) fn connection_at(&mut self, now: Moment, flow: Flow, id: ConnectionId) -> &mut Connection {
        let patience = self.durations.patience();
        let timers = &mut self.timers;
        self.streams.entry(id).or_insert_with(|| {
            timers.set(Alarm::Connection(id), now + patience);
            Connection::new(flow)
        })
    }

    /// The clock of a connection rang: it is closed, or looked at again when it can have been silent long enough.
    pub(super) fn connection_timer(&mut self, now: Moment, id: ConnectionId) {
        let Some(connection) = self.streams.get(&id) else { return };
        let flow = connection.flow;
        let until = match connection.life {
            Life::Fresh => now,
            Life::Known { heard } => heard + IDLE_MAX,
        };
        if until > now {
            self.timers.set(Alarm::Connection(id), until);
        } else if self.is_needed(&flow, id) {
            self.timers.set(Alarm::Connection(id), now + IDLE_MAX);
        } else {
            self.counters.connections_expired += 1;
            self.transmits.push_back(Transmit::Close(id));
            self.forget_connection(now, id);
        }
    }

    /// A registered phone can only be reached over its own connection, and a call should not lose its way.
    fn is_needed(&self, flow: &Flow, id: ConnectionId) -> bool {
        let registers = |account: &crate::sip::account::Registering| {
            account.account.transport == flow.transport && account.account.registrar == flow.remote
        };
        self.registrar.is_bound_to(id)
            || self.sessions.values().any(|session| is_over(session, flow))
            || self.accounts.values().any(registers)
    }
}

/// Whether the session's requests take this path.
fn is_over(session: &Session, flow: &Flow) -> bool {
    match &session.state {
        State::Calling { early, .. } => early.iter().any(|dialog| dialog.flow.same_path(flow)),
        State::Ringing { dialog, .. } => dialog.flow.same_path(flow),
        State::Talking(talking) => talking.dialog.flow.same_path(flow),
    }
}

/// Longer than any phone waits between two keep-alives or refreshes: an hour's registration is refreshed by its own flow.
const IDLE_MAX: Duration = Duration::from_secs(600);
