//! Matching as one would write it on paper: every caller against every agent. The engine is held against it.
//! Never used outside tests; learns what is so from inputs and outputs alone.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::agent::AgentState;
use super::message::{Input, Output, Waiting};
use super::settings::{AgentSettings, Settings};
use crate::model::{AgentId, CallId, Moment, OfferId, QueueId};

/// A queue owner without indices.
pub(super) struct Reference {
    agents: Vec<(AgentSettings, Option<Moment>)>,
    bases: BTreeMap<QueueId, i32>,
    callers: Vec<(u64, Waiting)>,
    offers: BTreeMap<OfferId, (CallId, AgentId)>,
    pending: Option<Waiting>,
    entries: u64,
}

impl Reference {
    pub(super) fn new(settings: &Settings) -> Self {
        Reference {
            agents: settings.agents.iter().map(|agent| (agent.clone(), None)).collect(),
            bases: settings.queues.iter().map(|queue| (queue.id, queue.priority_base)).collect(),
            callers: Vec::new(),
            offers: BTreeMap::new(),
            pending: None,
            entries: 0,
        }
    }

    /// Before the engine is given new settings for the same agents and queues.
    pub(super) fn reconfigured(&mut self, settings: &Settings) {
        for ((known, _), new) in self.agents.iter_mut().zip(&settings.agents) {
            *known = new.clone();
        }
    }

    /// Before the engine is given `input`.
    pub(super) fn given(&mut self, now: Moment, input: &Input) {
        match input {
            Input::Enter(waiting) => {
                self.pending = Some(Waiting { since: waiting.since.min(now), ..waiting.clone() });
            }
            Input::Refused { offer } | Input::Missed { offer } => {
                self.offers.remove(offer);
            }
            _ => {}
        }
    }

    /// What the engine said, in its order; panics where it is not what the paper says.
    pub(super) fn heard(&mut self, output: &Output) {
        match output {
            Output::Entered { call, .. } => {
                let waiting = self.pending.take().expect("a caller was given");
                assert_eq!(waiting.call, *call);
                self.entries += 1;
                self.callers.push((self.entries, waiting));
            }
            Output::Left { call, .. } => self.remove(*call),
            Output::Connected { offer, call, agent, .. } => {
                assert_eq!(self.offers.remove(offer), Some((*call, *agent)));
                self.remove(*call);
            }
            Output::Withdraw { offer, .. } => {
                self.offers.remove(offer);
            }
            Output::AgentState { agent, state } => {
                let free = match state.state {
                    AgentState::Ready { since } if state.resting_until.is_none() && state.rung_by.is_none() => {
                        Some(since)
                    }
                    _ => None,
                };
                self.agents.iter_mut().filter(|(known, _)| known.id == *agent).for_each(|(_, since)| *since = free);
            }
            Output::Offer { offer, call, agent, .. } => self.check_offer(*offer, *call, *agent),
            Output::Position { call, .. } | Output::MaxWait { call, .. } => {
                assert!(!self.is_offered(*call), "{call} is told something while a phone rings for it");
                assert!(self.callers.iter().any(|(_, caller)| caller.call == *call), "{call} does not wait");
            }
            _ => {}
        }
    }

    /// After a step: nobody waits whom a free agent could serve.
    pub(super) fn check_nobody_waits_in_vain(&self) {
        for (_, caller) in self.callers.iter().filter(|(_, caller)| !self.is_offered(caller.call)) {
            let free = self.free_for(caller).next();
            assert_eq!(free, None, "{} waits though an agent is free", caller.call);
        }
    }

    fn check_offer(&mut self, offer: OfferId, call: CallId, agent: AgentId) {
        assert!(!self.is_offered(call), "{call} is offered twice");
        assert!(self.offers.values().all(|(_, asked)| *asked != agent), "{agent} is asked twice");
        let (_, caller) = self.callers.iter().find(|(_, caller)| caller.call == call).expect("the caller waits");
        let fitting: Vec<(Moment, AgentId)> = self.free_for(caller).collect();
        let preferred = caller.prefer.filter(|wanted| fitting.iter().any(|(_, free)| free == wanted));
        let expected = preferred.or_else(|| fitting.iter().min().map(|(_, free)| *free));
        assert_eq!(expected, Some(agent), "not the longest idle who fits {call}");
        let (settings, _) = self.agents.iter().find(|(known, _)| known.id == agent).expect("the agent is known");
        let first = self
            .callers
            .iter()
            .filter(|(_, caller)| fits(settings, caller) && !self.is_offered(caller.call))
            .min_by_key(|(entry, caller)| (Reverse(self.priority(caller)), caller.since, *entry));
        assert_eq!(first.map(|(_, caller)| caller.call), Some(call), "not the first caller who fits {agent}");
        self.offers.insert(offer, (call, agent));
    }

    fn priority(&self, caller: &Waiting) -> i32 {
        caller.priority.saturating_add(self.bases.get(&caller.queue).copied().unwrap_or(0))
    }

    fn free_for<'r>(&'r self, caller: &'r Waiting) -> impl Iterator<Item = (Moment, AgentId)> + 'r {
        self.agents
            .iter()
            .filter(move |(agent, _)| fits(agent, caller))
            .filter_map(|(agent, free)| free.map(|since| (since, agent.id)))
    }

    fn is_offered(&self, call: CallId) -> bool {
        self.offers.values().any(|(offered, _)| *offered == call)
    }

    fn remove(&mut self, call: CallId) {
        let before = self.callers.len();
        self.callers.retain(|(_, caller)| caller.call != call);
        assert_eq!(before, self.callers.len() + 1, "{call} left without having come, or twice");
        self.offers.retain(|_, (offered, _)| *offered != call);
    }
}

fn fits(agent: &AgentSettings, caller: &Waiting) -> bool {
    agent.queues.contains(&caller.queue) && agent.skills.meets(&caller.needs)
}
