//! What a center is told once, at its start: numbers, people, queues, policies. Plain values; the server makes them
//! from the configuration.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crate::call::Target;
use crate::charter::Policy;
use crate::model::{AgentId, Codec, Language, PhoneNumber, QueueId};
use crate::{acd, sip};

/// Everything a [`Center`](super::Center) needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    pub language: Language,
    /// Whose midnight begins a new day.
    pub zone: jiff::tz::TimeZone,
    /// Calls at once; more are refused with 503 and Retry-After.
    pub calls_max: usize,
    pub sip: sip::Settings,
    pub acd: acd::Settings,
    pub policy: Policy,
    /// What is behind each number of ours, by its digits.
    pub numbers: BTreeMap<String, NumberFacts>,
    /// One per agent, by `AgentId`.
    pub people: Vec<Person>,
    /// One per queue, by `QueueId`.
    pub queues: Vec<QueueFacts>,
    /// One per skill, by `SkillId`.
    pub skills: Vec<String>,
    pub dial_rules: Vec<DialRule>,
    /// Carriers with whom we register, each trunk's name with our account there.
    pub trunk_accounts: Vec<(String, sip::Account)>,
    pub feature_codes: FeatureCodes,
    pub media: MediaSettings,
    /// The clip that callers hear who wait for no queue in particular.
    pub music: String,
}

/// A number of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberFacts {
    pub entry: Entry,
    /// Spoken to its callers; `None` means the flow's, then the center's.
    pub language: Option<Language>,
    /// Told as the number to call back where the target of a transfer has none.
    pub callback: PhoneNumber,
}

/// What answers a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A flow by its id.
    Flow(String),
    Queue(QueueId),
    /// A person's direct number.
    Person(AgentId),
    /// The caller hears itself.
    Echo,
    /// Reads the caller's own number.
    ReadNumber,
    /// Plays the ringback tone.
    Tones,
}

/// An agent as callers and colleagues know them.
#[derive(Clone, Debug)]
pub struct Person {
    pub id: AgentId,
    /// The name used by commands and in records: `a201`.
    pub name: String,
    /// What callers are told; a stage name is welcome: `김하늘`.
    pub display_name: String,
    pub department: String,
    /// The number told to callers, and what colleagues dial.
    pub direct_number: PhoneNumber,
    /// User of the SIP phone.
    pub device: String,
    pub queues: Vec<QueueId>,
    /// Logged in as soon as the phone registers.
    pub auto_login: bool,
}

/// A queue as callers and reports know it.
#[derive(Clone, Debug)]
pub struct QueueFacts {
    pub id: QueueId,
    pub name: String,
    /// `국내우편`.
    pub title: String,
    /// Told when callers are transferred here.
    pub department: String,
    /// Told as the number to call back; empty where the dialled number's is told.
    pub number: PhoneNumber,
    /// How often a waiting caller is told the place, for callers whose flow does not say.
    pub announce_every: Option<Duration>,
    pub tell_position: bool,
    pub tell_expected_wait: bool,
    /// The clip that waiting callers hear.
    pub music: String,
    /// The share of calls to be answered within the target, 0 to 1.
    pub target_ratio: f64,
    pub target: Duration,
}

/// Which outside numbers may be dialled, and over what.
#[derive(Clone, Debug)]
pub struct DialRule {
    pub pattern: DialPattern,
    pub trunk: TrunkRoute,
}

/// Tells whether a number fits a rule; the configuration's pattern language stays in its own room.
#[derive(Clone)]
pub struct DialPattern(pub Arc<dyn Fn(&str) -> bool + Send + Sync>);

impl fmt::Debug for DialPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DialPattern")
    }
}

/// How to reach a trunk.
#[derive(Clone, PartialEq, Eq)]
pub struct TrunkRoute {
    pub name: String,
    /// Host part of the Request-URI.
    pub host: String,
    pub transport: sip::Transport,
    pub remote: SocketAddr,
    /// User and password for a carrier that challenges us.
    pub credentials: Option<(String, String)>,
    /// The number that we show, one of ours; the caller's where none is given.
    pub caller_id: Option<PhoneNumber>,
}

/// Without the password.
impl fmt::Debug for TrunkRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrunkRoute({} to {} at {})", self.name, self.host, self.remote)
    }
}

/// What agents dial to change their state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeatureCodes {
    pub log_in: String,
    pub log_out: String,
    pub pause: String,
    pub resume: String,
    /// Reasons by the digit dialled after the pause code.
    pub reasons: BTreeMap<char, String>,
}

/// What the center knows of the audio path.
#[derive(Clone, Debug)]
pub struct MediaSettings {
    /// The address written into SDP.
    pub address: IpAddr,
    /// Per worker, the RTP port of each slot.
    pub workers: Vec<Vec<u16>>,
    /// In order of preference.
    pub codecs: Vec<Codec>,
    /// How long a released port stays unused, so that nobody hears the last call's packets.
    pub quarantine: Duration,
}

impl Settings {
    /// The person who uses this SIP phone.
    #[must_use]
    pub fn person_of_device(&self, device: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.device == device)
    }

    /// The agent of this name; else whose phone or direct number it is, for that is what people know of each other.
    #[must_use]
    pub fn agent_named(&self, name: &str) -> Option<AgentId> {
        let known = |person: &&Person| person.device == name || person.direct_number.reveal() == name;
        let named = self.people.iter().find(|person| person.name == name);
        named.or_else(|| self.people.iter().find(known)).map(|person| person.id)
    }

    /// The person behind an id.
    #[must_use]
    pub fn person(&self, id: AgentId) -> Option<&Person> {
        self.people.get(usize::try_from(id.0).ok()?)
    }

    /// The facts of a queue.
    #[must_use]
    pub fn queue(&self, id: QueueId) -> Option<&QueueFacts> {
        self.queues.get(usize::try_from(id.0).ok()?)
    }

    /// The queue of this name.
    #[must_use]
    pub fn queue_named(&self, name: &str) -> Option<QueueId> {
        self.queues.iter().find(|queue| queue.name == name).map(|queue| queue.id)
    }

    /// Where a number or name leads when an agent or a flow gives a caller away.
    #[must_use]
    pub fn transfer_target(&self, asked: &str) -> Option<Target> {
        let number = PhoneNumber::new(asked).undecorated();
        let number = number.reveal();
        match self.numbers.get(number).map(|facts| &facts.entry) {
            Some(Entry::Person(person)) => return Some(Target::Person(*person)),
            Some(Entry::Queue(queue)) => return Some(Target::Queue(*queue)),
            Some(Entry::Flow(_) | Entry::Echo | Entry::Tones | Entry::ReadNumber) => return None,
            None => {}
        }
        let is_meant = |p: &&Person| p.direct_number.reveal() == number || p.device == asked || p.name == asked;
        if let Some(person) = self.people.iter().find(is_meant) {
            return Some(Target::Person(person.id));
        }
        let queue = self.queues.iter().find(|q| q.name == asked || q.number.reveal() == number);
        if let Some(queue) = queue {
            return Some(Target::Queue(queue.id));
        }
        self.dial_rule(number).map(|_| Target::Outside(PhoneNumber::new(number)))
    }

    /// The rule that lets an outside number be dialled.
    #[must_use]
    pub fn dial_rule(&self, number: &str) -> Option<&DialRule> {
        if number.is_empty() || !number.chars().all(|c| c.is_ascii_digit()) {
            return None;
        }
        self.dial_rules.iter().find(|rule| rule.pattern.0(number))
    }
}
