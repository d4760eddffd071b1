//! Offers from proposal to answer: the owner proposes, the agent's side accepts or refuses. Never more than one for
//! each call and each agent.

use std::time::Duration;

use super::acd::{Acd, Timer};
use super::agent::AgentEvent;
use super::message::{Output, WithdrawReason};
use crate::model::limits::RING_DELAY_MAX;
use crate::model::{AgentId, CallId, Moment, OfferId, QueueId};

/// An offer that nobody has answered yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) id: OfferId,
    pub(super) call: CallId,
    pub(super) agent: AgentId,
    pub(super) queue: QueueId,
    pub(super) since: Moment,
    /// When the phone first said that it rings.
    pub(super) rang_at: Option<Moment>,
    /// The ring limit: at this moment the next agent is asked.
    pub(super) until: Moment,
}

impl Offer {
    /// How long the phone has rung; zero for one that never said so.
    fn rang(&self, now: Moment) -> Duration {
        self.rang_at.map_or(Duration::ZERO, |since| now.since(since))
    }
}

/// How an offer failed at the agent's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    Missed,
    Refused,
}

impl Acd {
    /// Rings a free agent for a waiting call.
    pub(super) fn propose(&mut self, now: Moment, call: CallId, agent: AgentId) {
        let Some(caller) = self.callers.get(&call).cloned() else { return };
        let Some(ring_limit) = self.queues.get(&caller.queue).map(|queue| queue.settings.ring_limit) else { return };
        self.rest_caller(call, &caller);
        self.last_offer += 1;
        let id = OfferId(self.last_offer);
        let offer = Offer { id, call, agent, queue: caller.queue, since: now, rang_at: None, until: now + ring_limit };
        if let Some(caller) = self.callers.get_mut(&call) {
            caller.offered = Some(id);
        }
        self.offers.insert(id, offer);
        self.timers.insert((offer.until, Timer::Offer(id)));
        self.changed.insert(offer.queue);
        self.say(Output::Offer { offer: id, call, agent, queue: offer.queue, ring_limit });
        self.tell_agent(now, agent, AgentEvent::Reserve { offer: id, call, until: offer.until });
    }

    /// The phone rings from now on: the time that its link took is given back, as far as a caller can be asked to wait.
    pub(super) fn rings(&mut self, now: Moment, id: OfferId) {
        let Some(offer) = self.offers.get_mut(&id).filter(|offer| offer.rang_at.is_none()) else {
            self.counts.ignored += 1;
            return;
        };
        let before = offer.until;
        offer.rang_at = Some(now);
        offer.until = before + now.since(offer.since).min(RING_DELAY_MAX);
        let Offer { agent, until, .. } = *offer;
        self.timers.remove(&(before, Timer::Offer(id)));
        self.timers.insert((until, Timer::Offer(id)));
        self.tell_agent(now, agent, AgentEvent::Rings { until });
    }

    /// The agent's phone answered.
    pub(super) fn accepted(&mut self, now: Moment, id: OfferId) {
        let Some(offer) = self.void(id) else {
            if !(1..=self.last_offer).contains(&id.0) {
                self.counts.ignored += 1;
                return;
            }
            self.counts.late += 1;
            return self.say(Output::Late { offer: id });
        };
        let Some(caller) = self.forget(offer.call) else { return };
        let waited = now.since(caller.entered);
        if let Some(queue) = self.queues.get_mut(&offer.queue) {
            queue.counters.count_answered(waited, queue.settings.service_level);
            queue.estimate.left(true);
        }
        self.say(Output::Connected {
            offer: id,
            call: offer.call,
            agent: offer.agent,
            queue: offer.queue,
            waited,
            rang: offer.rang(now),
        });
        self.tell_agent(now, offer.agent, AgentEvent::Accepted { queue: offer.queue });
    }

    /// The agent's side did not take the call: the agent rests, the caller keeps the place and the next one is asked.
    pub(super) fn failed(&mut self, now: Moment, id: OfferId, failure: Failure) {
        let Some(offer) = self.void(id) else {
            self.counts.ignored += 1;
            return;
        };
        let misses_max = self.queues.get(&offer.queue).map_or(0, |queue| queue.settings.misses_max);
        let event = match failure {
            Failure::Missed => AgentEvent::Missed { misses_max, rest: self.rest },
            Failure::Refused => AgentEvent::Refused { rest: self.rest },
        };
        self.tell_agent(now, offer.agent, event);
        self.give_back(now, offer.call);
    }

    /// The ring limit is reached.
    pub(super) fn rang_out(&mut self, now: Moment, id: OfferId) {
        if let Some(offer) = self.offers.get(&id).copied() {
            self.withdraw(now, &offer, WithdrawReason::RingLimit);
            self.failed(now, id, Failure::Missed);
        }
    }

    /// The agent cannot take the offer any more.
    pub(super) fn dropped(&mut self, now: Moment, id: OfferId, why: WithdrawReason) {
        if let Some(offer) = self.void(id) {
            self.withdraw(now, &offer, why);
            self.give_back(now, offer.call);
        }
    }

    /// Takes an offer off the table, so that no later answer finds it.
    pub(super) fn void(&mut self, id: OfferId) -> Option<Offer> {
        let offer = self.offers.remove(&id)?;
        self.timers.remove(&(offer.until, Timer::Offer(id)));
        Some(offer)
    }

    pub(super) fn withdraw(&mut self, now: Moment, offer: &Offer, why: WithdrawReason) {
        let Offer { id, call, agent, .. } = *offer;
        self.say(Output::Withdraw { offer: id, call, agent, why, rang: offer.rang(now) });
    }

    fn give_back(&mut self, now: Moment, call: CallId) {
        if let Some(caller) = self.callers.get_mut(&call) {
            caller.offered = None;
            self.changed.insert(caller.queue);
        }
        self.place(now, call);
    }
}
