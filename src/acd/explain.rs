//! Why an agent does not have a caller: the first rule that fails. Never changes anything.

use super::acd::Acd;
use super::agent::{AgentState, PauseReason};
use crate::model::{AgentId, CallId, Moment, OfferId, QueueId, Requirement, SkillLevel};

/// The first rule that keeps an agent and a caller apart: lasting reasons first, then the agent's, then the call's.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The call does not wait in any queue.
    NotWaiting,
    UnknownAgent,
    /// Nothing keeps them apart: the agent's phone rings for this call.
    Offered {
        offer: OfferId,
    },
    /// The agent does not serve the caller's queue.
    NotInQueue {
        queue: QueueId,
    },
    /// The agent cannot do what the caller needs; `have` is zero for not at all.
    MissingSkill {
        need: Requirement,
        have: SkillLevel,
    },
    LoggedOut,
    NotReady {
        reason: PauseReason,
    },
    /// The agent's phone rings for another call.
    Reserved {
        call: CallId,
    },
    Talking {
        call: CallId,
    },
    WrapUp {
        until: Moment,
    },
    /// The phone rings for a call that no queue gave.
    Rung {
        call: CallId,
    },
    /// An offer to the agent has just failed.
    Resting {
        until: Moment,
    },
    /// Another agent was idle longer, or is preferred, and is being asked.
    OfferedElsewhere {
        agent: AgentId,
    },
    /// Nothing keeps them apart, and yet no offer: a fault of the engine.
    Nothing,
}

impl Acd {
    /// Why `agent` does not have `call`.
    #[must_use]
    pub fn explain(&self, call: CallId, agent: AgentId) -> Why {
        let Some(caller) = self.callers.get(&call) else { return Why::NotWaiting };
        let Some(agent) = self.agents.get(&agent) else { return Why::UnknownAgent };
        let offer = caller.offered.and_then(|offer| self.offers.get(&offer));
        if let Some(offer) = offer.filter(|offer| offer.agent == agent.id) {
            return Why::Offered { offer: offer.id };
        }
        if !agent.queues.contains(&caller.queue) {
            return Why::NotInQueue { queue: caller.queue };
        }
        let needs = self.matching.needs(caller.line);
        if let Some(need) = needs.iter().find(|need| agent.skills.level(need.skill) < need.level) {
            return Why::MissingSkill { need: *need, have: agent.skills.level(need.skill) };
        }
        if let (AgentState::Ready { .. }, Some(call)) = (&agent.state, agent.rung_by()) {
            return Why::Rung { call };
        }
        match (&agent.state, agent.resting_until, offer) {
            (AgentState::LoggedOut, ..) => Why::LoggedOut,
            (AgentState::NotReady { reason, .. }, ..) => Why::NotReady { reason: reason.clone() },
            (AgentState::Reserved { call, .. }, ..) => Why::Reserved { call: *call },
            (AgentState::Talking { call, .. }, ..) => Why::Talking { call: *call },
            (AgentState::WrapUp { until, .. }, ..) => Why::WrapUp { until: *until },
            (AgentState::Ready { .. }, Some(until), _) => Why::Resting { until },
            (AgentState::Ready { .. }, None, Some(offer)) => Why::OfferedElsewhere { agent: offer.agent },
            (AgentState::Ready { .. }, None, None) => Why::Nothing,
        }
    }
}
