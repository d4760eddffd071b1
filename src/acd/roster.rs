//! The agents and the indices that follow them: the one place where an agent's change becomes everybody's.
//! Never changes an agent's state but by an event.

use std::collections::BTreeSet;
use std::time::Duration;

use super::acd::{Acd, Timer};
use super::agent::{Agent, AgentEvent, AgentState, Listed};
use super::message::{Output, WithdrawReason};
use super::order::Rank;
use super::queue::Queue;
use super::settings::{AgentSettings, Settings};
use crate::model::{AgentId, CallId, Moment, QueueId};

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

    /// New settings for a running hall: agents keep their state and callers their places; whom an agent may serve from
    /// now on is served at once. A phone that rings rings on. An agent who is not in the settings any more is logged
    /// out after the call; a queue that is not serves those who wait and takes nobody new.
    pub fn reconfigure(&mut self, now: Moment, settings: Settings) {
        self.rest = settings.rest;
        self.announce_delay = settings.announce_delay;
        let queues: BTreeSet<QueueId> = settings.queues.iter().map(|queue| queue.id).collect();
        let agents: BTreeSet<AgentId> = settings.agents.iter().map(|agent| agent.id).collect();
        for queue in self.queues.values_mut().filter(|queue| !queues.contains(&queue.settings.id)) {
            queue.settings.waiting_max = 0;
        }
        self.queues.retain(|id, queue| queues.contains(id) || queue.order.len() > 0);
        for queue in settings.queues {
            self.changed.insert(queue.id);
            match self.queues.get_mut(&queue.id) {
                Some(known) => known.settings = queue,
                None => drop(self.queues.insert(queue.id, Queue::new(queue))),
            }
        }
        let gone: Vec<AgentId> = self.agents.keys().copied().filter(|id| !agents.contains(id)).collect();
        gone.into_iter().for_each(|id| self.dismiss(now, id));
        for agent in settings.agents {
            self.appoint(agent);
        }
        self.recount_queues();
        self.serve_everybody(now);
    }

    fn appoint(&mut self, mut settings: AgentSettings) {
        let id = settings.id;
        let mut seen = BTreeSet::new();
        settings.queues.retain(|queue| seen.insert(*queue));
        if let Some(agent) = self.agents.get_mut(&id)
            && (&agent.queues, &agent.skills) == (&settings.queues, &settings.skills)
        {
            agent.name = settings.name;
            return;
        }
        self.relist(id, Listed::default());
        let team = self.matching.join_team(&settings);
        match self.agents.get_mut(&id) {
            Some(agent) => {
                self.matching.leave_team(agent.team);
                agent.team = team;
                agent.name = settings.name;
                agent.queues = settings.queues;
                agent.skills = settings.skills;
            }
            None => drop(self.agents.insert(id, Agent::new(settings, team))),
        }
        self.list(id);
    }

    fn dismiss(&mut self, now: Moment, id: AgentId) {
        self.tell_agent(now, id, AgentEvent::LogOut);
        if self.agents.get(&id).is_some_and(|agent| agent.state == AgentState::LoggedOut)
            && let Some(agent) = self.agents.remove(&id)
        {
            self.matching.leave_team(agent.team);
        }
    }

    /// Counts every queue's agents anew: queues may have come for agents who named them before.
    fn recount_queues(&mut self) {
        for queue in self.queues.values_mut() {
            (queue.ready_agents, queue.working_agents) = (0, 0);
        }
        for agent in self.agents.values() {
            for queue in &agent.queues {
                if let Some(queue) = self.queues.get_mut(queue) {
                    queue.ready_agents += u32::from(agent.listed.idle_since.is_some());
                    queue.working_agents += u32::from(agent.listed.working);
                }
            }
        }
    }

    /// Makes the indices say what the agent's state says.
    fn list(&mut self, id: AgentId) {
        let Some(agent) = self.agents.get(&id) else { return };
        let wanted = Listed { idle_since: agent.free_since(), working: agent.works(), wake: agent.wake() };
        self.relist(id, wanted);
    }

    fn relist(&mut self, id: AgentId, wanted: Listed) {
        let Some(agent) = self.agents.get_mut(&id) else { return };
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

    /// Gives every waiting caller to an agent who fits, the first caller first. Walks through all queues: for the rare
    /// moment in which many agents change at once and no one change may decide alone.
    fn serve_everybody(&mut self, now: Moment) {
        let ranks = self.queues.values().flat_map(|queue| queue.order.iter());
        let mut standing: Vec<Rank> =
            ranks.filter(|rank| self.callers.get(&rank.call).is_some_and(|caller| caller.offered.is_none())).collect();
        standing.sort_unstable();
        for rank in standing {
            self.place(now, rank.call);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acd::{Input, LeaveReason, QueueSettings, RefusedReason, Waiting};
    use crate::model::{OfferId, Requirement, SkillId, SkillSet};

    const NOW: Moment = Moment::from_secs(10);
    const ENGLISH: Requirement = Requirement { skill: SkillId(0), level: 5 };

    fn settings(queues: &[u32], agents: &[(u32, &[u32], u8)]) -> Settings {
        let queues = queues.iter().map(|id| QueueSettings::new(QueueId(*id), "queue")).collect();
        let agents = agents.iter().map(|(id, queues, level)| AgentSettings {
            id: AgentId(*id),
            name: format!("agent {id}"),
            queues: queues.iter().map(|queue| QueueId(*queue)).collect(),
            skills: SkillSet::new(vec![Requirement { level: *level, ..ENGLISH }]),
        });
        Settings::new(queues, agents.collect())
    }

    fn caller(call: u64, queue: u32) -> Input {
        Input::Enter(Waiting {
            call: CallId(call),
            queue: QueueId(queue),
            needs: vec![ENGLISH],
            priority: 0,
            since: NOW,
            prefer: None,
            announce_every: None,
            max_wait: None,
        })
    }

    fn offers(acd: &mut Acd) -> Vec<(u64, u32)> {
        std::iter::from_fn(|| acd.poll_output())
            .filter_map(|output| match output {
                Output::Offer { call, agent, .. } => Some((call.0, agent.0)),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn an_agent_who_learns_is_given_the_caller_who_waits() {
        let mut acd = Acd::new(settings(&[0], &[(0, &[0], 1)]), Moment::ZERO);
        acd.handle(NOW, Input::LogIn { agent: AgentId(0) });
        acd.handle(NOW, caller(1, 0));
        assert_eq!(offers(&mut acd), []);
        acd.reconfigure(NOW, settings(&[0], &[(0, &[0], 9)]));
        assert_eq!(offers(&mut acd), [(1, 0)]);
        acd.reconfigure(NOW, settings(&[0], &[(0, &[0], 1)]));
        acd.handle(NOW, Input::Accepted { offer: OfferId(1) });
        let answered =
            std::iter::from_fn(|| acd.poll_output()).any(|output| matches!(output, Output::Connected { .. }));
        assert!(answered, "a phone that rings rings on");
    }

    #[test]
    fn queues_come_and_go_while_callers_wait() {
        let mut acd = Acd::new(settings(&[0], &[(0, &[0, 7], 9)]), Moment::ZERO);
        acd.handle(NOW, caller(1, 0));
        acd.handle(NOW, Input::LogIn { agent: AgentId(0) });
        acd.handle(NOW, Input::Refused { offer: OfferId(1) });
        acd.reconfigure(NOW, settings(&[7], &[(0, &[0, 7], 9)]));
        assert_eq!(acd.queue(QueueId(7)).map(|queue| queue.working_agents), Some(1));
        acd.handle(NOW, caller(2, 0));
        let refused = std::iter::from_fn(|| acd.poll_output())
            .any(|output| output == Output::Refused { call: CallId(2), why: RefusedReason::QueueFull });
        assert!(refused, "a queue that ends takes nobody new");
        assert_eq!(acd.queue(QueueId(0)).map(|queue| queue.waiting.len()), Some(1), "who waits is served");
        acd.handle(NOW, Input::Leave { call: CallId(1), why: LeaveReason::Closed });
        acd.reconfigure(NOW, settings(&[7], &[(0, &[0, 7], 9)]));
        assert_eq!(acd.queue(QueueId(0)), None);
    }

    #[test]
    fn an_agent_who_is_not_in_the_settings_goes_after_the_call() {
        let mut acd = Acd::new(settings(&[0], &[(0, &[0], 9), (1, &[0], 9)]), Moment::ZERO);
        acd.handle(NOW, Input::LogIn { agent: AgentId(0) });
        acd.handle(NOW, Input::LogIn { agent: AgentId(1) });
        acd.handle(NOW, Input::Busy { agent: AgentId(0), call: CallId(9) });
        acd.reconfigure(NOW, settings(&[0], &[]));
        assert_eq!(acd.agent(AgentId(1)), None);
        acd.handle(NOW, Input::Released { agent: AgentId(0), call: CallId(9), wrap_up: true });
        assert_eq!(acd.agent(AgentId(0)).map(|agent| agent.state), Some(AgentState::LoggedOut));
        acd.reconfigure(NOW, settings(&[0], &[]));
        assert_eq!(acd.agents().count(), 0);
    }
}
