//! The words between the endpoint and its owner: what the owner asks for and what it is told.
//! Never holds behaviour; numbers and names never print. RFC 3261 13, 14, 15; RFC 3515; RFC 6086.

use super::super::flow::{Flow, Transport};
use crate::model::{Digit, Moment};
use bytes::Bytes;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// One INVITE session, in or out; minted by the endpoint, never used twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SessionId(pub u64);

/// One REFER, in or out, within its session.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ReferId(pub u64);

/// One registration of ours at a registrar.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AccountId(pub u64);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "session-{}", self.0)
    }
}

/// Who a From or To header names.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Party {
    /// Display name, when there is one.
    pub display: Option<String>,
    /// User part of the URI (a number or a name).
    pub user: String,
}

/// Names and numbers are not for logs.
impl fmt::Debug for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Party(·)")
    }
}

/// Whose word an incoming request carries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Identity {
    /// A device that proved its password; its user.
    Device(String),
    /// A trunk known by its source address; its name.
    Trunk(String),
}

/// An INVITE to send.
#[derive(Clone)]
pub struct Invite {
    /// Where it goes.
    pub target: Target,
    /// Who calls.
    pub from: Party,
    /// Display name of the called party, when known.
    pub to_display: Option<String>,
    /// Our offer; `None` asks the peer for one (then `answer` completes the ACK).
    pub sdp: Option<Bytes>,
    /// Further headers by name and value (P-Asserted-Identity, Alert-Info, ...).
    pub headers: Vec<(String, String)>,
    /// CANCEL and `Failed(408)` when nobody has answered by then.
    pub ring_limit: Duration,
    /// Max-Forwards to send: one less than the incoming leg's, 70 for a call of our own.
    pub max_forwards: u32,
    /// User and password for a digest challenge of this very target.
    pub credentials: Option<(String, String)>,
}

/// Where an INVITE goes.
#[derive(Clone)]
pub enum Target {
    /// A registered user; without binding the INVITE fails with 480.
    Device(String),
    /// An address: Request-URI, and where the packet goes.
    Address {
        /// Request-URI.
        uri: String,
        /// UDP requests above 1,300 bytes go by TCP first all the same (RFC 3261 18.1.1).
        transport: Transport,
        /// Where the packet goes.
        remote: SocketAddr,
    },
}

/// A registration of ours to keep up.
#[derive(Clone)]
pub struct Account {
    /// Where REGISTER goes; its challenges, and nobody else's, are answered.
    pub registrar: SocketAddr,
    /// UDP or TCP.
    pub transport: Transport,
    /// Host of the address of record; the registrar's IP address when empty.
    pub domain: String,
    /// User part of the address of record, and digest username.
    pub user: String,
    /// Digest password.
    pub password: String,
    /// The address in our Contact.
    pub contact: SocketAddr,
    /// Life to ask for; refreshed before it ends.
    pub expires: Duration,
}

/// Numbers and passwords are not for logs.
impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("registrar", &self.registrar).finish_non_exhaustive()
    }
}

/// One contact of a registered user.
#[derive(Clone, PartialEq, Eq)]
pub struct Binding {
    /// The contact's URI as the device gave it.
    pub contact: String,
    /// The way its REGISTER came, which is the way to it through a NAT.
    pub flow: Flow,
    /// When it lapses.
    pub expires_at: Moment,
}

/// What the phone of a REFER wants called.
#[derive(Clone, PartialEq, Eq)]
pub struct ReferTarget {
    /// The URI of Refer-To, without headers.
    pub uri: String,
    /// Its user part.
    pub user: String,
    /// Its host.
    pub host: String,
    /// The dialog to take over, as the Replaces header of the URI names it (attended transfer, RFC 3891); whose it is
    /// tells [`Endpoint::session_named`](super::Endpoint::session_named).
    pub replaces: Option<String>,
}

/// Numbers are not for logs.
impl fmt::Debug for ReferTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReferTarget(·)")
    }
}

/// A new INVITE, authenticated and sane; 100 has left.
#[derive(Clone)]
pub struct Incoming {
    /// Its session.
    pub session: SessionId,
    /// The way it came.
    pub flow: Flow,
    /// Whose word it carries.
    pub identity: Identity,
    /// From.
    pub from: Party,
    /// User part of the Request-URI: what was dialled.
    pub to_user: String,
    /// The whole Request-URI.
    pub request_uri: String,
    /// The caller's offer; `None`: `answer` carries ours, and the answer comes as [`Event::Answer`].
    pub offer: Option<Bytes>,
    /// User part of P-Asserted-Identity; believed from trunks only.
    pub asserted: Option<String>,
    /// Call-ID.
    pub call_id: String,
    /// Max-Forwards as it came: the next leg gets one less.
    pub max_forwards: u32,
}

/// Numbers are not for logs.
impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("session", &self.session)
            .field("flow", &self.flow)
            .field("late_offer", &self.offer.is_none())
            .finish_non_exhaustive()
    }
}

/// What happened. Each outgoing INVITE ends in exactly one of `Failed` and `Answered`; a session that was `Answered`
/// or `Confirmed` ends in one `Ended`, unless its owner hung up.
#[derive(Clone)]
pub enum Event {
    /// A new call.
    Incoming(Incoming),
    /// There is no call to answer any more, and this final status has left: 487, the caller gave up; 504, the caller
    /// never acknowledged a provisional answer that it wanted reliable (RFC 3262 3).
    Cancelled { session: SessionId, status: u16 },
    /// The ACK of our 200 came.
    Confirmed { session: SessionId },
    /// The answer to the offer in our 200, from its ACK; with a re-INVITE without offer as well.
    Answer { session: SessionId, sdp: Bytes },
    /// 101-199 from the called side.
    Provisional { session: SessionId, status: u16, sdp: Option<Bytes> },
    /// 2xx from the called side; the ACK has left, unless `sdp` is the offer we asked for: then `answer` sends it.
    Answered { session: SessionId, sdp: Option<Bytes> },
    /// No call: a final refusal, 408 for silence, 503 for a broken way, 487 after our own hang-up.
    Failed { session: SessionId, status: u16, reason: String, retry_after: Option<Duration> },
    /// The peer's re-INVITE or UPDATE: `answer_offer` or `refuse_offer`. Without SDP `answer_offer` carries an offer.
    Offered { session: SessionId, sdp: Option<Bytes> },
    /// Our re-INVITE was accepted.
    OfferAnswered { session: SessionId, sdp: Option<Bytes> },
    /// Our re-INVITE was refused; the session goes on as it was.
    OfferRefused { session: SessionId, status: u16 },
    /// The session's life wants a refresh, and its peer knows no UPDATE: `offer` the description that stands. A session
    /// that is not refreshed ends (RFC 4028).
    Refresh { session: SessionId },
    /// A key, from INFO.
    Digit { session: SessionId, digit: Digit, duration: Duration },
    /// The peer asks us to call someone for it: `accept_refer` or `refuse_refer`.
    Refer { session: SessionId, refer: ReferId, target: ReferTarget, referred_by: Option<String> },
    /// How our own REFER goes; nothing comes after `last`.
    ReferProgress { session: SessionId, status: u16, last: bool },
    /// The session is over without our asking: BYE, no ACK, or a peer that lost the dialog.
    Ended { session: SessionId, by_peer: bool, reason: Option<String> },
    /// A device's contact is bound, for the first time (`new`) or again.
    Registered { user: String, contact: String, flow: Flow, expires: Duration, new: bool },
    /// A device's last contact is gone: taken back, or lapsed (`expired`).
    Unregistered { user: String, expired: bool },
    /// A registration of ours came to stand or fell.
    RegistrationChanged { account: AccountId, ok: bool, status: u16 },
    /// A wrong password, or an unknown user.
    AuthFailed { user: String, source: IpAddr },
    /// One wrong password too many: nothing from there is looked at for so long.
    Banned { source: IpAddr, life: Duration },
}

impl Event {
    /// What happened, in one word, and to which session.
    fn summary(&self) -> (&'static str, Option<SessionId>) {
        match *self {
            Event::Incoming(ref incoming) => ("Incoming", Some(incoming.session)),
            Event::Cancelled { session, .. } => ("Cancelled", Some(session)),
            Event::Confirmed { session } => ("Confirmed", Some(session)),
            Event::Answer { session, .. } => ("Answer", Some(session)),
            Event::Provisional { session, .. } => ("Provisional", Some(session)),
            Event::Answered { session, .. } => ("Answered", Some(session)),
            Event::Failed { session, .. } => ("Failed", Some(session)),
            Event::Offered { session, .. } => ("Offered", Some(session)),
            Event::OfferAnswered { session, .. } => ("OfferAnswered", Some(session)),
            Event::OfferRefused { session, .. } => ("OfferRefused", Some(session)),
            Event::Refresh { session } => ("Refresh", Some(session)),
            Event::Digit { session, .. } => ("Digit", Some(session)),
            Event::Refer { session, .. } => ("Refer", Some(session)),
            Event::ReferProgress { session, .. } => ("ReferProgress", Some(session)),
            Event::Ended { session, .. } => ("Ended", Some(session)),
            Event::Registered { .. } => ("Registered", None),
            Event::Unregistered { .. } => ("Unregistered", None),
            Event::RegistrationChanged { .. } => ("RegistrationChanged", None),
            Event::AuthFailed { .. } => ("AuthFailed", None),
            Event::Banned { .. } => ("Banned", None),
        }
    }
}

/// Users, numbers and descriptions are not for logs: only what happened, where, and a status.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, session) = self.summary();
        f.write_str(word)?;
        if let Some(session) = session {
            write!(f, " {session}")?;
        }
        match self {
            Event::Provisional { status, .. }
            | Event::Failed { status, .. }
            | Event::OfferRefused { status, .. }
            | Event::ReferProgress { status, .. }
            | Event::RegistrationChanged { status, .. } => write!(f, " {status}"),
            _ => Ok(()),
        }
    }
}

/// What the endpoint holds now; all zero when everything is released.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, serde::Serialize)]
pub struct Counts {
    /// INVITE sessions.
    pub sessions: usize,
    /// Client transactions.
    pub client_transactions: usize,
    /// Server transactions.
    pub server_transactions: usize,
    /// Contacts bound here.
    pub registrations: usize,
    /// TCP connections with a buffer.
    pub connections: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_tells_what_happened_and_nobodys_number() {
        let failed = Event::Failed {
            session: SessionId(7),
            status: 486,
            reason: "of 01012345678".to_owned(),
            retry_after: None,
        };
        assert_eq!(format!("{failed:?}"), "Failed session-7 486");
        let guess = Event::AuthFailed { user: "01012345678".to_owned(), source: IpAddr::from([10, 0, 0, 1]) };
        assert_eq!(format!("{guess:?}"), "AuthFailed");
        let party = Party { display: Some("Hong".to_owned()), user: "01012345678".to_owned() };
        assert_eq!(format!("{party:?}"), "Party(·)");
    }
}
