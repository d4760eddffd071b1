//! Pictures of queues, callers and agents for screens. Never what the engine decides by.

use std::time::Duration;

use super::agent::{AfterCall, Agent, AgentState};
use super::service_level::QueueCounters;
use crate::model::{AgentId, CallId, Moment, OfferId, QueueId, Requirement, SkillSet};

/// An agent's state and what surrounds it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AgentStateView {
    pub state: AgentState,
    /// What follows a talk and its notes; `Ready` in other states.
    pub after_call: AfterCall,
    /// Free, but not asked until then: an offer has just failed.
    pub resting_until: Option<Moment>,
    pub misses_in_a_row: u32,
    /// The call that no queue gave and for which the phone rings.
    pub rung_by: Option<CallId>,
}

/// One agent.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AgentView {
    pub id: AgentId,
    pub name: String,
    pub queues: Vec<QueueId>,
    pub skills: SkillSet,
    pub state: AgentState,
    pub after_call: AfterCall,
    pub resting_until: Option<Moment>,
    /// Since when the agent may be offered a call; `None` while not.
    pub idle_since: Option<Moment>,
    /// Calls that the agent is on, the first one first.
    pub calls: Vec<CallId>,
    pub calls_answered: u64,
    pub calls_missed: u64,
    pub calls_refused: u64,
    pub misses_in_a_row: u32,
    /// The call that no queue gave and for which the phone rings.
    pub rung_by: Option<CallId>,
}

/// A queue's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct QueueSummary {
    pub id: QueueId,
    /// Callers, those whose agent's phone rings included.
    pub waiting: u32,
    /// When the oldest of them began to wait.
    pub oldest_since: Option<Moment>,
    /// Agents who may be offered a call now.
    pub ready_agents: u32,
    /// Agents at work: free, ringing, talking or taking notes.
    pub working_agents: u32,
    /// For one who joins now without special needs; `None` when unsure.
    pub expected_wait: Option<Duration>,
    /// Since the day began.
    pub counters: QueueCounters,
}

/// A queue and everybody in it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct QueueView {
    pub id: QueueId,
    pub name: String,
    /// In the order of service.
    pub waiting: Vec<WaitingView>,
    pub oldest_since: Option<Moment>,
    pub ready_agents: u32,
    pub working_agents: u32,
    pub expected_wait: Option<Duration>,
    pub counters: QueueCounters,
    /// Answered within this time counts for the service level.
    pub service_level: Duration,
}

/// A caller in a queue.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct WaitingView {
    pub call: CallId,
    /// What the place is counted by.
    pub since: Moment,
    /// When the caller joined this time.
    pub entered: Moment,
    /// From one.
    pub position: u32,
    /// The queue's base included.
    pub priority: i32,
    pub needs: Vec<Requirement>,
    /// The agent whose phone rings for this caller.
    pub offered: Option<AgentId>,
    pub offer: Option<OfferId>,
}

impl Agent {
    pub(super) fn state_view(&self) -> AgentStateView {
        AgentStateView {
            state: self.state.clone(),
            after_call: self.after_call.clone(),
            resting_until: self.resting_until,
            misses_in_a_row: self.misses_in_a_row,
            rung_by: self.rung_by(),
        }
    }

    pub(super) fn view(&self) -> AgentView {
        AgentView {
            id: self.id,
            name: self.name.clone(),
            queues: self.queues.clone(),
            skills: self.skills.clone(),
            state: self.state.clone(),
            after_call: self.after_call.clone(),
            resting_until: self.resting_until,
            idle_since: self.free_since(),
            calls: self.calls().collect(),
            calls_answered: self.answered,
            calls_missed: self.missed,
            calls_refused: self.refused,
            misses_in_a_row: self.misses_in_a_row,
            rung_by: self.rung_by(),
        }
    }
}
