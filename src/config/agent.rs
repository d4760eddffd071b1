//! The entries of which there may be many, as values: trunks, phones, queues, agents, numbers, dial rules.
//! Never names: who is referred to is an id.

use std::net::IpAddr;
use std::time::Duration;

use super::{Pattern, Secret};
use crate::model::{AgentId, Language, PhoneNumber, QueueId, SkillSet};

/// `[[trunk]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Trunk {
    pub name: String,
    /// What comes from here is trusted as this trunk; never empty.
    pub addresses: Vec<IpAddr>,
    /// `sip:host` or `sip:host:port`; `None` takes calls in only.
    pub target: Option<String>,
    pub transport: TrunkTransport,
    /// What calls out show instead of the caller's number.
    pub caller_number: Option<PhoneNumber>,
    /// Who we are to a carrier that challenges our calls (RFC 7616), and the proof.
    pub login: Option<(String, Secret)>,
    /// The life to ask for where we register with the carrier; `None` where we do not.
    pub register: Option<Duration>,
}

/// How calls out are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrunkTransport {
    Udp,
    Tcp,
}

impl TrunkTransport {
    /// In the order of the words in the table of keys.
    pub(super) const ALL: [TrunkTransport; 2] = [TrunkTransport::Udp, TrunkTransport::Tcp];
}

/// `[[device]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    pub user: String,
    pub password: Secret,
    /// May use MD5 (RFC 8760).
    pub md5: bool,
}

/// `[[queue]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Queue {
    pub id: QueueId,
    pub name: String,
    /// Never empty: the name where no title is given.
    pub title: String,
    /// Empty when announcements should name none.
    pub department: String,
    /// Told to callers as the number to call back.
    pub number: Option<PhoneNumber>,
    /// Within the promised ring.
    pub ring_limit: Duration,
    pub wrap_up: Duration,
    pub misses_max: u32,
    pub waiting_max: usize,
    pub priority: i32,
    /// Clip; the one of `[audio]` where the queue names none.
    pub music: String,
    pub announce: Vec<Announcement>,
    pub announce_every: Duration,
    pub service_level: Duration,
    /// 0.0 to 1.0.
    pub service_target: f64,
    pub short_abandon: Duration,
}

/// What a waiting caller is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Announcement {
    Position,
    ExpectedWait,
}

impl Announcement {
    /// In the order of the words in the table of keys.
    pub(super) const ALL: [Announcement; 2] = [Announcement::Position, Announcement::ExpectedWait];
}

/// `[[agent]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Agent {
    pub id: AgentId,
    pub name: String,
    /// What callers hear.
    pub display_name: String,
    /// Empty when announcements should name none.
    pub department: String,
    /// User of the phone that rings; one agent a phone.
    pub device: String,
    pub direct_number: Option<PhoneNumber>,
    pub queues: Vec<QueueId>,
    pub skills: SkillSet,
    /// Logged in by the registration of the phone.
    pub auto_login: bool,
}

/// `[[number]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    /// Normalized.
    pub number: PhoneNumber,
    /// Never empty: the number where no title is given.
    pub title: String,
    pub target: NumberTarget,
    /// `None` means the flow's, then the server's.
    pub language: Option<Language>,
    /// Told where the target of a transfer has no number; the number itself where none is given.
    pub callback_number: PhoneNumber,
}

/// What answers a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NumberTarget {
    /// A flow, by its id.
    Flow(String),
    Queue(QueueId),
    Agent(AgentId),
    Builtin(Builtin),
}

/// A test that answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Builtin {
    /// Says back what it hears.
    Echo,
    /// Plays tones.
    Tones,
    /// Reads the caller's number.
    ReadNumber,
}

impl Builtin {
    /// In the order of the words in the table of keys.
    pub(super) const ALL: [Builtin; 3] = [Builtin::Echo, Builtin::Tones, Builtin::ReadNumber];
}

/// `[[dial]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Dial {
    pub pattern: Pattern,
    /// Name of a trunk that has a target.
    pub trunk: String,
}
