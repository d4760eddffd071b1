//! One INVITE session as its owner sees it: calling, ringing, talking; and the offer/answer exchange within.
//! Never sends and holds no timer: states with the data valid in them. RFC 3261 13, 14; RFC 3264; RFC 3311.
//!
//! ```text
//!   invite() -> Calling --2xx, ACK--> Talking <--answer()-- Ringing <- INVITE
//!                 |                     |                     |
//!                 +-- final refusal,    +-- BYE either way,   +-- CANCEL, reject()
//!                     hangup(), limits      no ACK, 481
//!
//!   within Talking, one exchange at a time:
//!     Idle --offer()--> Asking --2xx, ACK--> Idle      Idle --re-INVITE--> Asked --answer_offer()--> Acknowledging
//!                         +--491--> BackingOff --> Asking              UPDATE: straight back to Idle    +--ACK--> Idle
//! ```

use super::dialog::Dialog;
use super::endpoint::{ClientId, ReferId, ServerId};
use super::flow::Flow;
use super::method::Method;
use super::refer::Referrals;
use super::reliable::Provisionals;
use super::session_timer::SessionTimer;
use crate::model::Digit;
use bytes::Bytes;
use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

/// A session. What is left of it on the wire after its end (CANCEL, BYE) belongs to the transactions.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) peer: Peer,
    pub(crate) local_tag: Bytes,
    /// We called: our Call-ID, so after a 491 we wait longer than the peer (RFC 3261 14.1).
    pub(crate) called_by_us: bool,
    pub(crate) login: Option<Login>,
    pub(crate) state: State,
    pub(crate) referrals: Referrals,
    pub(crate) errands: Errands,
}

/// Who is at the other end, and therefore from where its requests may come and how it is reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Peer {
    /// A device of ours, reached over the flow it speaks on.
    Device(String),
    /// A trunk, by name.
    Trunk(String),
    /// An address somebody gave us.
    Address,
}

/// User and password for challenges of one peer.
#[derive(Clone)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: String,
}

/// The password stays out of every dump.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(·)")
    }
}

/// Where the session stands.
#[derive(Debug)]
pub(crate) enum State {
    /// Our INVITE is out; one early dialog per answering branch of a fork.
    Calling { client: ClientId, early: Vec<Dialog>, offered: bool },
    /// The peer's INVITE waits for our answer.
    Ringing {
        server: ServerId,
        dialog: Box<Dialog>,
        offered: bool,
        last: Option<(u16, Option<Bytes>)>,
        provisionals: Box<Provisionals>,
    },
    /// A 2xx has passed.
    Talking(Box<Talking>),
}

/// A confirmed dialog.
#[derive(Debug)]
pub(crate) struct Talking {
    pub(crate) dialog: Dialog,
    pub(crate) exchange: Exchange,
    /// An offer of ours that waits for its turn; a newer one replaces it.
    pub(crate) wanted: Option<Bytes>,
    /// Our owner hung up before the ACK of the first 2xx: BYE follows that ACK (RFC 3261 15).
    pub(crate) leaving: Option<Leaving>,
    /// How long it may go on without a refresh (RFC 4028).
    pub(crate) timer: Option<SessionTimer>,
    /// The peer takes UPDATE, the cheapest refresh.
    pub(crate) updates: bool,
}

/// A hang-up that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leaving {
    pub(crate) reason: Option<String>,
}

/// The one offer/answer exchange that may run.
#[derive(Debug)]
pub(crate) enum Exchange {
    Idle,
    /// Our re-INVITE; how often it met the peer's before.
    Asking {
        client: ClientId,
        sdp: Bytes,
        collisions: u32,
    },
    /// Ours met the peer's (491): it waits for a random time.
    BackingOff {
        sdp: Bytes,
        collisions: u32,
    },
    /// The peer's re-INVITE or UPDATE waits for our owner.
    Asked {
        server: ServerId,
        method: Method,
        offered: bool,
    },
    /// Our 2xx to an INVITE is repeated until its ACK.
    Acknowledging(Acknowledging),
    /// The 2xx to our INVITE without offer brought one: the ACK waits for our answer.
    Owing {
        client: ClientId,
    },
}

/// A 2xx of ours without its ACK yet.
#[derive(Debug)]
pub(crate) struct Acknowledging {
    pub(crate) cseq: u32,
    pub(crate) answer: Bytes,
    pub(crate) flow: Flow,
    pub(crate) server: ServerId,
    pub(crate) rounds: u32,
    /// The 2xx carried our offer, so the ACK carries the answer.
    pub(crate) owed: bool,
    /// It answered the session's first INVITE.
    pub(crate) first: bool,
}

/// Requests within the dialog that wait for their turn: the next one leaves when the peer has shown that it holds the
/// one before, or a lost one would arrive out of order and be refused (RFC 3261 12.2.2).
#[derive(Debug, Default)]
pub(crate) struct Errands {
    queue: VecDeque<Errand>,
    unheard: Option<ClientId>,
}

/// A request within the dialog other than INVITE and BYE.
#[derive(Clone, Debug)]
pub(crate) enum Errand {
    /// A key by INFO.
    Info { digit: Digit, duration: Duration },
    /// Please call this URI.
    Refer { refer: ReferId, target: String },
    /// How the call that the peer asked for goes; `event` names its subscription.
    Notify { event: String, status: u16, last: bool },
}

impl Session {
    /// The confirmed dialog's part.
    pub(crate) fn talking(&mut self) -> Option<&mut Talking> {
        match &mut self.state {
            State::Talking(talking) => Some(talking),
            _ => None,
        }
    }

    pub(crate) fn is_talking(&self) -> bool {
        matches!(self.state, State::Talking(_))
    }

    /// The dialog with this Call-ID and remote tag, early or confirmed.
    pub(crate) fn dialog_of(&mut self, call_id: &[u8], remote_tag: &[u8]) -> Option<&mut Dialog> {
        let dialogs: Vec<&mut Dialog> = match &mut self.state {
            State::Calling { early, .. } => early.iter_mut().collect(),
            State::Ringing { dialog, .. } => vec![dialog],
            State::Talking(talking) => vec![&mut talking.dialog],
        };
        dialogs.into_iter().find(|dialog| dialog.is_of(call_id, remote_tag))
    }
}

impl Session {
    /// Where it stands, for a dump.
    pub(crate) fn summary(&self) -> String {
        let side = if self.called_by_us { "out" } else { "in" };
        match &self.state {
            State::Calling { early, .. } => format!("{side} calling, {} early dialogs", early.len()),
            State::Ringing { .. } => format!("{side} ringing"),
            State::Talking(talking) => format!("{side} talking, {}", talking.exchange.word()),
        }
    }
}

impl Exchange {
    fn word(&self) -> &'static str {
        match self {
            Exchange::Idle => "idle",
            Exchange::Asking { .. } => "asking",
            Exchange::BackingOff { .. } => "backing off",
            Exchange::Asked { .. } => "asked",
            Exchange::Acknowledging(_) => "acknowledging",
            Exchange::Owing { .. } => "owing",
        }
    }
}

impl Talking {
    pub(crate) fn new(dialog: Dialog, exchange: Exchange) -> Self {
        Talking { dialog, exchange, wanted: None, leaving: None, timer: None, updates: false }
    }

    /// Whether the first 2xx still waits for its ACK: until then nothing of ours may be sent within the dialog.
    pub(crate) fn awaits_first_ack(&self) -> bool {
        matches!(&self.exchange, Exchange::Acknowledging(waiting) if waiting.first)
    }
}

impl Errands {
    /// Queues one; false when the queue is full.
    pub(crate) fn push(&mut self, errand: Errand) -> bool {
        let room = self.queue.len() < ERRANDS_MAX;
        if room {
            self.queue.push_back(errand);
        }
        room
    }

    /// The next one, when the peer has heard of the last.
    pub(crate) fn next(&mut self) -> Option<Errand> {
        if self.unheard.is_some() { None } else { self.queue.pop_front() }
    }

    /// Whether the peer has still to be told how its transfer ended.
    pub(crate) fn owes_news(&self) -> bool {
        self.queue.iter().any(|errand| matches!(errand, Errand::Notify { last: true, .. }))
    }

    /// Whether a request may leave now.
    pub(crate) fn is_free(&self) -> bool {
        self.unheard.is_none()
    }

    /// The one the peer has not shown to hold.
    pub(crate) fn unheard(&self) -> Option<ClientId> {
        self.unheard
    }

    /// This one has left.
    pub(crate) fn left(&mut self, client: ClientId) {
        self.unheard = Some(client);
    }

    /// The peer answered something to this one, or never will.
    pub(crate) fn heard(&mut self, client: ClientId) {
        if self.unheard == Some(client) {
            self.unheard = None;
        }
    }
}

/// Errands waiting in one session: a card number pressed at once, and a transfer's reports.
const ERRANDS_MAX: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errands_leave_one_by_one_and_are_bounded() {
        let mut errands = Errands::default();
        let digit = Digit::new('5').expect("5 is a key");
        let info = Errand::Info { digit, duration: Duration::from_millis(160) };
        assert_eq!((0..60).filter(|_| errands.push(info.clone())).count(), ERRANDS_MAX);
        assert!(errands.next().is_some());
        errands.left(ClientId(1));
        assert!(errands.next().is_none() && !errands.is_free());
        errands.heard(ClientId(9));
        assert!(!errands.is_free(), "somebody else's answer frees nothing");
        errands.heard(ClientId(1));
        assert!(errands.next().is_some());
    }
}
