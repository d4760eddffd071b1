//! What is said to the engine and what it says: plain values, complete enough to travel between machines.
//! Never a borrowed byte, never a handle.

use std::time::Duration;

use super::agent::PauseReason;
use super::view::{AgentStateView, QueueSummary};
use crate::model::{AgentId, CallId, Moment, OfferId, QueueId, Requirement};

/// A caller who asks for an agent.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Waiting {
    pub call: CallId,
    pub queue: QueueId,
    /// What the agent must be able to do; all of it.
    pub needs: Vec<Requirement>,
    /// Higher is served first; added to the queue's own base.
    pub priority: i32,
    /// When the caller began to wait: the place in the line. Kept when a caller comes back, so age is not lost.
    pub since: Moment,
    /// The agent to offer the call to first if free and fit; nobody waits for one agent.
    pub prefer: Option<AgentId>,
    /// How often to tell the position after the first time; `None` tells it once.
    pub announce_every: Option<Duration>,
    /// When to report `MaxWait`, counted from this entry.
    pub max_wait: Option<Duration>,
}

/// Something that happened to a caller or an agent.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Input {
    /// A caller joins a queue.
    Enter(Waiting),
    /// A caller leaves the queue without an agent.
    Leave { call: CallId, why: LeaveReason },
    /// An agent begins to work and is ready.
    LogIn { agent: AgentId },
    /// An agent goes home: at once, or after the call that is being talked.
    LogOut { agent: AgentId },
    /// An agent takes a break: at once, or after the call and its wrap-up. A ringing offer goes to the next agent.
    Pause { agent: AgentId, reason: PauseReason },
    /// An agent is back: the break, or the wish for one, ends; a wrap-up too.
    Resume { agent: AgentId },
    /// The offered phone says for the first time that it rings: the ring limit counts from here.
    Rings { offer: OfferId },
    /// The agent's phone answered an offer.
    Accepted { offer: OfferId },
    /// The agent's phone is busy, declined or cannot be reached.
    Refused { offer: OfferId },
    /// The agent's phone stopped ringing unanswered.
    Missed { offer: OfferId },
    /// The agent's phone rings for a call that no queue gave: nothing is offered meanwhile.
    Rung { agent: AgentId, call: CallId },
    /// That phone rings no more and was not answered. After a `missed` call the agent rests as after a missed offer;
    /// otherwise the caller is gone.
    Unanswered { agent: AgentId, call: CallId, missed: bool },
    /// The agent talks on a call that no queue gave: direct, consulted, transferred to.
    Busy { agent: AgentId, call: CallId },
    /// The agent is off that call; `wrap_up` gives time for notes.
    Released { agent: AgentId, call: CallId, wrap_up: bool },
    /// The agent has finished the notes early.
    EndWrapUp { agent: AgentId },
}

/// Something that has to be done or told.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Output {
    /// A caller has joined the queue at this place.
    Entered { call: CallId, queue: QueueId, position: u32, expected_wait: Option<Duration> },
    /// A caller has left without an agent.
    Left { call: CallId, queue: QueueId, why: LeaveReason, waited: Duration },
    /// A caller could not join.
    Refused { call: CallId, why: RefusedReason },
    /// Ring this agent for this call. One at a time for each of both.
    Offer { offer: OfferId, call: CallId, agent: AgentId, queue: QueueId, ring_limit: Duration },
    /// Stop ringing: the offer is void. `rang` since `Rings`, zero without it.
    Withdraw { offer: OfferId, call: CallId, agent: AgentId, why: WithdrawReason, rang: Duration },
    /// Agent and caller have each other. `waited` since entry, ringing included; `rang` as above.
    Connected { offer: OfferId, call: CallId, agent: AgentId, queue: QueueId, waited: Duration, rang: Duration },
    /// Tell the caller the place, from one; never while an agent's phone rings for the caller.
    Position {
        call: CallId,
        queue: QueueId,
        position: u32,
        /// `None` when unsure, or when it grew since the caller was told one.
        expected_wait: Option<Duration>,
        /// How long the caller has waited since entry.
        waited: Duration,
    },
    /// The caller's longest wait is reached; said once, and the caller waits on until `Leave`.
    MaxWait { call: CallId, queue: QueueId },
    /// An agent's state changed.
    AgentState { agent: AgentId, state: AgentStateView },
    /// A queue's numbers changed; only the newest is said.
    Queue { queue: QueueSummary },
    /// An agent's phone answered an offer that was void already: there is no caller for it.
    Late { offer: OfferId },
}

/// Why a caller left a queue without an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeaveReason {
    /// Hung up.
    Abandoned,
    /// Chose something else by key.
    Key,
    /// Waited the longest wait.
    Timeout,
    /// The doors closed.
    Closed,
    /// Was given to somebody outside the queue.
    Transferred,
    /// Will be called back.
    Callback,
    /// Went to another queue.
    Overflow,
    /// No agent was there to wait for.
    NoAgents,
}

/// Why a caller could not join a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusedReason {
    /// Every place is taken, or there are too many kinds of needs at once.
    QueueFull,
    UnknownQueue,
    /// The call waits already.
    AlreadyWaiting,
    /// The list of needs is longer than anybody's skills.
    TooManyNeeds,
}

/// Why an offer became void.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithdrawReason {
    /// The caller is not there any more.
    CallerLeft,
    /// The phone rang as long as the queue allows, or its link used up the time.
    RingLimit,
    /// The agent paused or logged out.
    AgentLeft,
    /// The agent is on another call.
    AgentBusy,
}
