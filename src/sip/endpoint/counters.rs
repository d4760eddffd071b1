//! What the endpoint has seen and done since it was last asked: plain sums for the metrics.
//! Never holds an address, a name or a number. RFC 3261 7.1, 7.2 (methods and classes).

use std::collections::BTreeMap;

/// Sums since the last `take_counters`.
#[derive(Clone, PartialEq, Eq, Default, Debug, serde::Serialize)]
pub struct Counters {
    /// Requests received, by method; those without a name of their own together as `OTHER`.
    pub requests_received: BTreeMap<&'static str, u64>,
    /// Requests sent, by method, retransmissions not counted.
    pub requests_sent: BTreeMap<&'static str, u64>,
    /// Responses received, by the request's method and the status.
    pub responses_received: BTreeMap<(&'static str, u16), u64>,
    /// Responses sent, by the request's method and the status, retransmissions not counted.
    pub responses_sent: BTreeMap<(&'static str, u16), u64>,
    /// Requests and responses we sent again.
    pub retransmits_sent: u64,
    /// Requests received again and absorbed.
    pub retransmits_received: u64,
    /// Messages that could not be taken as they were.
    pub parse_errors: u64,
    /// Responses and ACKs that belong to nothing here.
    pub strays: u64,
    /// Wrong passwords and unknown users.
    pub auth_failures: u64,
    /// Credentials with a nonce that was too old, not ours, or used before.
    pub stale_credentials: u64,
    /// Requests refused for lack of room.
    pub refused_full: u64,
    /// Messages that could not be sent.
    pub transport_errors: u64,
    /// Keep-alive pings answered.
    pub pings: u64,
    /// Connections closed because they said nothing whole, or nothing any more.
    pub connections_expired: u64,
}

/// A method's name for a counter: a peer cannot make new names.
pub(super) fn counted_name(method: &crate::sip::Method) -> &'static str {
    use crate::sip::Method;
    match method {
        Method::Invite => "INVITE",
        Method::Ack => "ACK",
        Method::Bye => "BYE",
        Method::Cancel => "CANCEL",
        Method::Options => "OPTIONS",
        Method::Register => "REGISTER",
        Method::Info => "INFO",
        Method::Refer => "REFER",
        Method::Notify => "NOTIFY",
        Method::Update => "UPDATE",
        Method::Prack => "PRACK",
        Method::Subscribe => "SUBSCRIBE",
        Method::Message => "MESSAGE",
        Method::Publish => "PUBLISH",
        Method::Other(_) => "OTHER",
    }
}
