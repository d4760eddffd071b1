//! The event log's words: everything that happened, in order, as plain values. CDRs, the live page, metrics and
//! the database are readers of it, so no two screens disagree. Numbers are revealed only to the store.

pub use crate::charter::{Promise, Verdict};
use crate::model::{AgentId, CallDirection, CallId, EndedBy, LegId, Outcome, PhoneNumber, QueueId, TaskId};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Event {
    /// Counts up by one from 1 within a run; with `run` the key that makes replays harmless.
    pub seq: u64,
    /// Milliseconds since the Unix epoch when this server started: the name of the run.
    pub run: i64,
    /// Milliseconds since the Unix epoch.
    pub unix_ms: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<CallId>,
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened, named `noun.verb_past`. Durations in milliseconds.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(tag = "type", content = "data")]
pub enum EventKind {
    #[serde(rename = "server.started")]
    ServerStarted { version: String },
    #[serde(rename = "server.draining")]
    ServerDraining { calls: usize },
    /// The last word of a run that ended in order, with the calls that it cut.
    #[serde(rename = "server.stopped")]
    ServerStopped { calls: usize },
    /// It is after midnight where the centre is: the counters of the live page begin anew, those of metrics go on.
    #[serde(rename = "day.began")]
    DayBegan { date: String },
    #[serde(rename = "config.reloaded")]
    ConfigReloaded { ok: bool, flows: usize, problems: usize },
    /// An INVITE came in for a number of ours.
    #[serde(rename = "call.received")]
    CallReceived { from: PhoneNumber, to: PhoneNumber, source: CallSource, direction: CallDirection },
    /// We refused it before it was answered.
    #[serde(rename = "call.refused")]
    CallRefused { from: PhoneNumber, to: PhoneNumber, status: u16, why: String },
    /// We answered the caller; `rang_ms` since our first 180 or 183.
    #[serde(rename = "call.answered")]
    CallAnswered { rang_ms: u64 },
    #[serde(rename = "call.held")]
    CallHeld { leg: LegId },
    #[serde(rename = "call.resumed")]
    CallResumed { leg: LegId },
    /// A leg goes on in another call: its party was consulted and is joined with that call's caller.
    #[serde(rename = "call.leg_moved")]
    LegMoved { leg: LegId, to: CallId },
    /// Two parties hear each other.
    #[serde(rename = "call.connected")]
    CallConnected { agent: Option<AgentId>, queue: Option<QueueId>, waited_ms: u64 },
    /// A leg that lost its media, and what policy did.
    #[serde(rename = "call.media_lost")]
    MediaLost { leg: LegId, silent_ms: u64 },
    #[serde(rename = "call.ended")]
    CallEnded { record: Box<CallRecord> },
    #[serde(rename = "leg.ended")]
    LegEnded { record: Box<LegRecord> },
    #[serde(rename = "ivr.entered")]
    IvrEntered { flow: String, version: String },
    #[serde(rename = "ivr.visited")]
    IvrVisited { flow: String, node: String },
    /// A key was pressed; which one is in the path of nodes, not here (it may be a card digit).
    #[serde(rename = "ivr.key_pressed")]
    IvrKeyPressed { flow: String, node: String },
    #[serde(rename = "ivr.left")]
    IvrLeft { flow: String, node: String, outcome: String },
    /// A clip had no recording; the caller heard a short tone instead.
    #[serde(rename = "prompt.missing")]
    PromptMissing { clip: String, text: String },
    #[serde(rename = "queue.caller_entered")]
    CallerEntered { queue: QueueId, position: u32, age_ms: u64 },
    #[serde(rename = "queue.announced")]
    QueueAnnounced { queue: QueueId, position: u32, expected_wait_ms: Option<u64> },
    #[serde(rename = "queue.caller_answered")]
    CallerAnswered { queue: QueueId, agent: AgentId, waited_ms: u64, rang_ms: u64, within_target: bool },
    #[serde(rename = "queue.caller_left")]
    CallerLeft { queue: QueueId, why: QueueExit, waited_ms: u64 },
    #[serde(rename = "agent.offered")]
    AgentOffered { agent: AgentId, queue: QueueId },
    #[serde(rename = "agent.offer_missed")]
    OfferMissed { agent: AgentId, queue: Option<QueueId>, why: MissedWhy, rang_ms: u64 },
    #[serde(rename = "agent.state_changed")]
    AgentStateChanged { agent: AgentId, state: AgentWord, reason: Option<String>, lasted_ms: u64 },
    #[serde(rename = "agent.registered")]
    PhoneRegistered { device: String, expires_ms: u64 },
    #[serde(rename = "agent.unregistered")]
    PhoneUnregistered { device: String, expired: bool },
    /// A carrier has taken our registration, or it has fallen: its refusal, or 408 for silence.
    #[serde(rename = "trunk.registration")]
    TrunkRegistration { trunk: String, ok: bool, status: u16 },
    /// The caller has heard whom they are given to, and where to call back.
    #[serde(rename = "transfer.announced")]
    TransferAnnounced { to: String, department: String, name: String, callback_number: PhoneNumber },
    #[serde(rename = "transfer.completed")]
    TransferCompleted { to: String },
    #[serde(rename = "transfer.failed")]
    TransferFailed { to: String, status: u16, back_to: TransferBack },
    #[serde(rename = "charter.checked")]
    CharterChecked { promise: Promise, verdict: Verdict, queue: Option<QueueId>, measured_ms: Option<u64> },
    #[serde(rename = "task.created")]
    TaskCreated { record: Box<TaskRecord> },
    /// A source has guessed too many passwords and is not listened to for a while.
    #[serde(rename = "auth.source_banned")]
    SourceBanned { source: String, life_ms: u64 },
    /// Somebody listens to it again before its time.
    #[serde(rename = "auth.ban_lifted")]
    BanLifted { source: String },
    #[serde(rename = "auth.failed")]
    AuthFailed { user: String, source: String },
}

/// Where a call came from.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CallSource {
    Trunk(String),
    Device(String),
}

/// Why a caller is no longer in a queue: exactly one of these for every caller who entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueExit {
    Answered,
    Abandoned,
    Callback,
    Timeout,
    Overflow,
    NoAgents,
    Key,
    Closed,
}

impl QueueExit {
    pub const ALL: [QueueExit; 8] = [
        QueueExit::Answered,
        QueueExit::Abandoned,
        QueueExit::Callback,
        QueueExit::Timeout,
        QueueExit::Overflow,
        QueueExit::NoAgents,
        QueueExit::Key,
        QueueExit::Closed,
    ];

    /// The word used in records, metrics and pages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            QueueExit::Answered => "answered",
            QueueExit::Abandoned => "abandoned",
            QueueExit::Callback => "callback",
            QueueExit::Timeout => "timeout",
            QueueExit::Overflow => "overflow",
            QueueExit::NoAgents => "no_agents",
            QueueExit::Key => "key",
            QueueExit::Closed => "closed",
        }
    }
}

/// Why an offer came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MissedWhy {
    /// The phone rang until the limit before the third ring.
    RangOut,
    /// The phone said busy or declined.
    Refused,
    /// The phone could not be reached.
    Unreachable,
    /// The caller left while it rang.
    CallerLeft,
}

impl MissedWhy {
    pub const ALL: [MissedWhy; 4] =
        [MissedWhy::RangOut, MissedWhy::Refused, MissedWhy::Unreachable, MissedWhy::CallerLeft];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            MissedWhy::RangOut => "rang_out",
            MissedWhy::Refused => "refused",
            MissedWhy::Unreachable => "unreachable",
            MissedWhy::CallerLeft => "caller_left",
        }
    }
}

/// An agent's state as people see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentWord {
    Offline,
    Away,
    Available,
    Ringing,
    Talking,
    Wrapup,
}

impl AgentWord {
    pub const ALL: [AgentWord; 6] = [
        AgentWord::Offline,
        AgentWord::Away,
        AgentWord::Available,
        AgentWord::Ringing,
        AgentWord::Talking,
        AgentWord::Wrapup,
    ];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            AgentWord::Offline => "offline",
            AgentWord::Away => "away",
            AgentWord::Available => "available",
            AgentWord::Ringing => "ringing",
            AgentWord::Talking => "talking",
            AgentWord::Wrapup => "wrapup",
        }
    }
}

/// Where a caller went when a transfer failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferBack {
    /// To the agent who transferred.
    FirstAgent,
    /// To the queue, with the age that the caller had.
    Queue,
    /// To the flow that asked for the transfer.
    Flow,
    /// Nobody was left to take the caller; the closing sentence was played.
    Nobody,
}

/// One call's record (CDR): one for every call that was received.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct CallRecord {
    pub call: CallId,
    pub from: PhoneNumber,
    pub to: PhoneNumber,
    pub direction: CallDirection,
    /// Milliseconds since the Unix epoch.
    pub received_ms: i64,
    pub answered_ms: Option<i64>,
    /// When the caller and the first agent heard each other.
    pub connected_ms: Option<i64>,
    pub ended_ms: i64,
    pub outcome: Outcome,
    pub ended_by: EndedBy,
    /// Final SIP status that the caller got; 200 when answered.
    pub status: u16,
    /// Name of the flow, empty when the call had none.
    pub flow: String,
    /// Content hash of the flow that took the call.
    pub flow_version: String,
    /// Nodes visited, joined by `>`.
    pub path: String,
    /// Name of the last queue, empty when none.
    pub queue: String,
    /// Name of the last agent, empty when none.
    pub agent: String,
    /// Time in queues until the first agent answered or the caller left, in milliseconds.
    pub waited_ms: u64,
    /// Time in conversation, holds included, in milliseconds.
    pub talked_ms: u64,
    /// Of the time talked: how long the caller or the other side held, or both.
    pub held_ms: u64,
    pub transfers: u32,
}

/// One leg's record: who was connected over which line, and how it sounded.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct LegRecord {
    pub call: CallId,
    pub leg: LegId,
    pub role: LegRole,
    /// The caller's number, the agent's device, or the transfer target.
    pub party: PhoneNumber,
    pub agent: Option<AgentId>,
    pub started_ms: i64,
    pub ringing_ms: Option<i64>,
    pub answered_ms: Option<i64>,
    pub ended_ms: i64,
    /// Final SIP status of the leg; 200 when answered.
    pub status: u16,
    pub codec: Option<crate::model::Codec>,
    pub packets_received: u64,
    pub packets_sent: u64,
    pub packets_lost: u64,
    pub jitter_us: u64,
}

/// A leg's part in the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LegRole {
    Caller,
    Agent,
    /// Somebody the call was transferred to, or a person dialled directly.
    Target,
}

impl LegRole {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            LegRole::Caller => "caller",
            LegRole::Agent => "agent",
            LegRole::Target => "target",
        }
    }
}

/// Work left for people.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct TaskRecord {
    pub task: TaskId,
    pub call: CallId,
    pub kind: TaskKind,
    /// The number to call back, or the caller who left a message.
    pub number: PhoneNumber,
    pub queue: Option<String>,
    /// When it was asked for, milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// When it is due, milliseconds since the Unix epoch.
    pub due_ms: Option<i64>,
    /// File name of a recorded voice message.
    pub recording: Option<String>,
    /// Free words: a ticket's kind, a message's text.
    pub note: String,
}

/// Kinds of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    Callback,
    VoiceMessage,
    TextMessage,
    Ticket,
}

impl TaskKind {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            TaskKind::Callback => "callback",
            TaskKind::VoiceMessage => "voice_message",
            TaskKind::TextMessage => "text_message",
            TaskKind::Ticket => "ticket",
        }
    }
}
