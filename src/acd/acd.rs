//! The engine's door: callers and agents come in as `Input`, offers and news go out as `Output`.
//! Never rings a phone, never waits, never rolls dice: the same inputs give the same outputs, bit for bit.
//!
//! ```text
//! queue owner                     agent's side                    call's side
//!   Enter -> place in line
//!   Offer ----------------------> rings ------------------------> hears music
//!   Connected <- Accepted         talks                           talks
//!   next Offer <- Refused, Missed rests                           keeps place and age
//!   Withdraw <- Leave ----------> stops ringing                   gone
//! ```

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt::Write as _;
use std::time::Duration;

use super::agent::{Agent, AgentEvent};
use super::caller::Caller;
use super::matching::Matching;
use super::message::{Input, Output};
use super::offer::{Failure, Offer};
use super::queue::{Queue, to_u32};
use super::settings::Settings;
use super::view::{AgentView, QueueSummary, QueueView, WaitingView};
use crate::model::{AgentId, CallId, Moment, OfferId, QueueId};

/// Queues and agents and who is offered whom.
///
/// After each `handle` or `handle_timeout` drain `poll_output`, then sleep until `poll_timeout`. Waking too early or
/// for nothing is harmless.
#[derive(Debug)]
pub struct Acd {
    pub(super) rest: Duration,
    pub(super) announce_delay: Duration,
    pub(super) queues: BTreeMap<QueueId, Queue>,
    pub(super) agents: BTreeMap<AgentId, Agent>,
    // Looked up, never walked through: the order of a hash map must not reach an output.
    pub(super) callers: HashMap<CallId, Caller>,
    pub(super) offers: HashMap<OfferId, Offer>,
    pub(super) matching: Matching,
    pub(super) timers: BTreeSet<(Moment, Timer)>,
    pub(super) outputs: VecDeque<Output>,
    /// Queues whose numbers changed since they were told.
    pub(super) changed: BTreeSet<QueueId>,
    pub(super) last_offer: u64,
    pub(super) last_entry: u64,
    pub(super) counts: Counts,
}

/// What is due; at the same moment in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// The ring limit.
    Offer(OfferId),
    /// The end of a wrap-up or of a rest.
    Agent(AgentId),
    /// An announcement or the longest wait.
    Caller(CallId),
}

/// What went by without effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    /// Inputs that mean nothing in the state that they met.
    pub ignored: u64,
    /// Phones that answered a void offer.
    pub late: u64,
    /// Callers who could not join.
    pub refused: u64,
}

impl Acd {
    /// An engine with all agents logged out. Of two queues or agents with one id the later counts.
    #[must_use]
    pub fn new(settings: Settings, _now: Moment) -> Self {
        let mut matching = Matching::default();
        let agents = settings.agents.into_iter().map(|mut agent| {
            agent.queues = without_doubles(agent.queues);
            (agent.id, Agent::new(agent.clone(), matching.team(&agent)))
        });
        Acd {
            rest: settings.rest,
            announce_delay: settings.announce_delay,
            agents: agents.collect(),
            queues: settings.queues.into_iter().map(|queue| (queue.id, Queue::new(queue))).collect(),
            callers: HashMap::new(),
            offers: HashMap::new(),
            matching,
            timers: BTreeSet::new(),
            outputs: VecDeque::new(),
            changed: BTreeSet::new(),
            last_offer: 0,
            last_entry: 0,
            counts: Counts::default(),
        }
    }

    /// Something happened.
    pub fn handle(&mut self, now: Moment, input: Input) {
        match input {
            Input::Enter(waiting) => self.enter(now, waiting),
            Input::Leave { call, why } => self.leave(now, call, why),
            Input::LogIn { agent } => self.tell_agent(now, agent, AgentEvent::LogIn),
            Input::LogOut { agent } => self.tell_agent(now, agent, AgentEvent::LogOut),
            Input::Pause { agent, reason } => self.tell_agent(now, agent, AgentEvent::Pause(reason)),
            Input::Resume { agent } => self.tell_agent(now, agent, AgentEvent::Resume),
            Input::Accepted { offer } => self.accepted(now, offer),
            Input::Refused { offer } => self.failed(now, offer, Failure::Refused),
            Input::Missed { offer } => self.failed(now, offer, Failure::Missed),
            Input::Busy { agent, call } => self.tell_agent(now, agent, AgentEvent::Busy { call }),
            Input::Released { agent, call, wrap_up } => {
                let wrap_up = if wrap_up { self.wrap_up(agent) } else { Duration::ZERO };
                self.tell_agent(now, agent, AgentEvent::Released { call, wrap_up });
            }
            Input::EndWrapUp { agent } => self.tell_agent(now, agent, AgentEvent::EndWrapUp),
        }
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Moment) {
        // What a timer sets for this very moment waits for the next call, so the loop ends.
        for _ in 0..self.timers.len() {
            let Some(due) = self.timers.first().copied().filter(|(at, _)| *at <= now) else { return };
            self.timers.remove(&due);
            match due.1 {
                Timer::Offer(offer) => self.rang_out(now, offer),
                Timer::Agent(agent) => self.tell_agent(now, agent, AgentEvent::Wake),
                Timer::Caller(call) => self.wake_caller(now, call),
            }
        }
    }

    /// When `handle_timeout` has something to do.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// What is to be done or told next; a queue's numbers last, so that many changes are one.
    #[must_use = "what is polled is gone"]
    pub fn poll_output(&mut self) -> Option<Output> {
        if let Some(output) = self.outputs.pop_front() {
            return Some(output);
        }
        let queue = self.changed.pop_first()?;
        Some(Output::Queue { queue: self.queues.get(&queue)?.summary() })
    }

    /// One agent; `None` for an id that the settings do not have.
    #[must_use]
    pub fn agent(&self, id: AgentId) -> Option<AgentView> {
        self.agents.get(&id).map(Agent::view)
    }

    /// All agents, by id.
    pub fn agents(&self) -> impl Iterator<Item = AgentView> {
        self.agents.values().map(Agent::view)
    }

    /// One queue and everybody in it; `None` for an id that the settings do not have. Walks through the queue.
    #[must_use]
    pub fn queue(&self, id: QueueId) -> Option<QueueView> {
        let queue = self.queues.get(&id)?;
        let summary = queue.summary();
        let waiting = queue.order.iter().enumerate().filter_map(|(place, rank)| {
            let caller = self.callers.get(&rank.call)?;
            let offer = caller.offered.and_then(|offer| self.offers.get(&offer));
            Some(WaitingView {
                call: rank.call,
                since: rank.since,
                entered: caller.entered,
                position: to_u32(place + 1),
                priority: rank.priority.0,
                needs: self.matching.needs(caller.line).to_vec(),
                offered: offer.map(|offer| offer.agent),
                offer: offer.map(|offer| offer.id),
            })
        });
        Some(QueueView {
            id,
            name: queue.settings.name.clone(),
            waiting: waiting.collect(),
            oldest_since: summary.oldest_since,
            ready_agents: summary.ready_agents,
            working_agents: summary.working_agents,
            expected_wait: summary.expected_wait,
            counters: summary.counters,
            service_level: queue.settings.service_level,
        })
    }

    /// All queues' numbers, by id.
    pub fn summaries(&self) -> impl Iterator<Item = QueueSummary> {
        self.queues.values().map(Queue::summary)
    }

    /// What went by without effect since the start.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Begins the counters of a new day; those who wait are its first callers.
    pub fn start_day(&mut self) {
        for (id, queue) in &mut self.queues {
            queue.start_day();
            self.changed.insert(*id);
        }
        for agent in self.agents.values_mut() {
            (agent.answered, agent.missed, agent.refused) = (0, 0, 0);
        }
    }

    /// The live tables as text, for administrators.
    #[must_use]
    pub fn dump(&self) -> String {
        let mut text = String::new();
        for queue in self.queues.values() {
            let summary = queue.summary();
            let _ = writeln!(
                text,
                "{} waiting={} ready={} working={} entered={} answered={} abandoned={} other={}",
                summary.id,
                summary.waiting,
                summary.ready_agents,
                summary.working_agents,
                summary.counters.entered,
                summary.counters.answered,
                summary.counters.abandoned,
                summary.counters.other_exits,
            );
        }
        for agent in self.agents.values() {
            let _ = writeln!(text, "{} {:?}", agent.id, agent.state_view());
        }
        let offers: BTreeMap<&OfferId, &Offer> = self.offers.iter().collect();
        for offer in offers.values() {
            let _ = writeln!(text, "{} {} to {} until {}", offer.id, offer.call, offer.agent, offer.until);
        }
        let _ = writeln!(text, "timers={} {:?}", self.timers.len(), self.counts);
        text
    }

    pub(super) fn say(&mut self, output: Output) {
        self.outputs.push_back(output);
    }
}

fn without_doubles(queues: Vec<QueueId>) -> Vec<QueueId> {
    let mut seen = BTreeSet::new();
    queues.into_iter().filter(|queue| seen.insert(*queue)).collect()
}
