//! The agents and the indices that follow them: the one place where an agent's change becomes everybody's.
//! Never changes an agent's state itself.

use std::time::Duration;

use super::acd::{Acd, Timer};
use super::agent::{AgentEvent, Listed};
use super::message::{Output, WithdrawReason};
use crate::model::{AgentId, CallId, Moment};

impl Acd {
    /// Something happens to an agent: state, indices, timers and matching follow.
    pub(super) fn tell_agent(&mut self, now: Moment, id: AgentId, event: AgentEvent) {
        let Some(agent) = self.agents.get_mut(&id) else {
            self.counts.ignored += 1;
            return;
        };
        let dropped_because = if matches!(event, AgentEvent::Busy { .. }) {
            WithdrawReason::AgentBusy
        } else {
            WithdrawReason::AgentLeft
        };
        let before = agent.state_view();
        let reaction = agent.handle(now, event);
        if !reaction.heard {
            self.counts.ignored += 1;
            return;
        }
        let after = agent.state_view();
        if let Some((own, handled)) = reaction.handled {
            for queue_id in &agent.queues {
                if let Some(queue) = self.queues.get_mut(queue_id) {
                    queue.estimate.completed(handled, *queue_id == own);
                }
            }
        }
        if before != after {
            self.outputs.push_back(Output::AgentState { agent: id, state: after });
        }
        self.list(id);
        if let Some(offer) = reaction.dropped {
            self.dropped(now, offer, dropped_because);
        }
        self.serve(now, id);
    }

    /// Time for notes after `call`.
    pub(super) fn wrap_up(&self, agent: AgentId) -> Duration {
        let home = self.agents.get(&agent).and_then(|agent| agent.home());
        home.and_then(|queue| self.queues.get(&queue)).map_or(Duration::ZERO, |queue| queue.settings.wrap_up)
    }

    /// Makes the indices say what the agent's state says.
    fn list(&mut self, id: AgentId) {
        let Some(agent) = self.agents.get_mut(&id) else { return };
        let wanted = Listed { idle_since: agent.free_since(), working: agent.works(), wake: agent.wake() };
        let listed = std::mem::replace(&mut agent.listed, wanted);
        if listed.wake != wanted.wake {
            if let Some(at) = listed.wake {
                self.timers.remove(&(at, Timer::Agent(id)));
            }
            if let Some(at) = wanted.wake {
                self.timers.insert((at, Timer::Agent(id)));
            }
        }
        if listed.idle_since != wanted.idle_since {
            if let Some(since) = listed.idle_since {
                self.matching.occupied(agent.team, since, id);
            }
            if let Some(since) = wanted.idle_since {
                self.matching.idle(agent.team, since, id);
            }
        }
        if listed.working != wanted.working {
            self.matching.works(agent.team, wanted.working);
        }
        let (ready_before, ready) = (listed.idle_since.is_some(), wanted.idle_since.is_some());
        if ready_before == ready && listed.working == wanted.working {
            return;
        }
        for queue_id in &agent.queues {
            if let Some(queue) = self.queues.get_mut(queue_id) {
                queue.ready_agents = recount(queue.ready_agents, ready_before, ready);
                queue.working_agents = recount(queue.working_agents, listed.working, wanted.working);
                self.changed.insert(*queue_id);
            }
        }
    }

    /// Gives a free agent the first caller who fits.
    fn serve(&mut self, now: Moment, id: AgentId) {
        let Some(agent) = self.agents.get(&id).filter(|agent| agent.free_since().is_some()) else { return };
        let call: Option<CallId> = self.matching.caller_for(agent.team).map(|rank| rank.call);
        if let Some(call) = call {
            self.propose(now, call, id);
        }
    }
}

fn recount(count: u32, before: bool, after: bool) -> u32 {
    (count + u32::from(after)).saturating_sub(u32::from(before))
}
