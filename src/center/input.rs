//! What a center is told. Complete values: a recorded day of them replays bit for bit.

use std::sync::Arc;

use bytes::Bytes;

use super::admin::AdminCommand;
use crate::model::CallId;
use crate::{ivr, media, sip};

/// One thing that happened outside.
#[derive(Debug)]
pub enum Input {
    /// A UDP datagram on a SIP listener.
    Datagram { flow: sip::Flow, bytes: Bytes },
    /// Bytes on a SIP connection.
    Stream { flow: sip::Flow, bytes: Bytes },
    /// A SIP connection ended.
    Closed { connection: sip::ConnectionId },
    /// A SIP message could not be sent there.
    TransportError { flow: sip::Flow },
    /// A media worker reports.
    Media { worker: usize, event: media::Event },
    /// A service that a flow asked has answered, or has not.
    Fetched { call: CallId, id: u64, outcome: ivr::FetchOutcome },
    /// A text message was taken for sending, or not.
    TextSent { call: CallId, taken: bool },
    /// Somebody at the API or on the command line; answered by `Output::Reply` with the same number.
    Admin { request: u64, command: AdminCommand },
    /// New flows, already checked; running calls finish on theirs.
    Flows { flows: Vec<Arc<ivr::Flow>>, problems: usize },
    /// Take no new calls from now on.
    Drain,
    /// End what is left.
    EndAll,
    /// Nothing follows: the event log gets its last word.
    Stop,
}
