//! Callers coming, waiting and leaving: the queue owner's side of the engine. Never rings anybody.

use std::cmp::Reverse;
use std::time::Duration;

use super::acd::{Acd, Timer};
use super::agent::AgentEvent;
use super::limits::{ANNOUNCE_EVERY_MIN, NEEDS_MAX};
use super::matching::LineId;
use super::message::{LeaveReason, Output, RefusedReason, Waiting, WithdrawReason};
use super::order::Rank;
use super::queue::to_u32;
use crate::model::{AgentId, CallId, Moment, OfferId, QueueId, Requirement};

/// A caller in a queue.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) queue: QueueId,
    pub(super) line: LineId,
    pub(super) rank: Rank,
    /// When the caller joined this time; the clock of every wait that is measured.
    pub(super) entered: Moment,
    pub(super) prefer: Option<AgentId>,
    pub(super) offered: Option<OfferId>,
    announce_every: Option<Duration>,
    announce_at: Option<Moment>,
    max_wait_at: Option<Moment>,
    /// The expected wait that the caller was told last.
    told: Option<Duration>,
}

impl Caller {
    /// When something is to be told. The timer runs only while no phone rings: the caller may be gone by then.
    fn wake(&self) -> Option<Moment> {
        self.announce_at.into_iter().chain(self.max_wait_at).min()
    }
}

impl Acd {
    pub(super) fn enter(&mut self, now: Moment, waiting: Waiting) {
        let (call, queue_id) = (waiting.call, waiting.queue);
        let caller = match self.admit(now, waiting) {
            Ok(caller) => caller,
            Err(why) => {
                self.counts.refused += 1;
                return self.say(Output::Refused { call, why });
            }
        };
        let rank = caller.rank;
        if let Some(queue) = self.queues.get_mut(&queue_id) {
            queue.insert(rank);
            let position = queue.position(rank);
            let expected_wait = queue.estimate.expected_wait(position, self.matching.working(caller.line));
            self.say(Output::Entered { call, queue: queue_id, position: to_u32(position), expected_wait });
        }
        self.callers.insert(call, caller);
        self.changed.insert(queue_id);
        self.place(now, call);
    }

    fn admit(&mut self, now: Moment, waiting: Waiting) -> Result<Caller, RefusedReason> {
        let queue = self.queues.get(&waiting.queue).ok_or(RefusedReason::UnknownQueue)?;
        if self.callers.contains_key(&waiting.call) {
            return Err(RefusedReason::AlreadyWaiting);
        }
        if waiting.needs.len() > NEEDS_MAX {
            return Err(RefusedReason::TooManyNeeds);
        }
        if queue.is_full() {
            return Err(RefusedReason::QueueFull);
        }
        let priority = queue.settings.priority_base.saturating_add(waiting.priority);
        let line = self.matching.join(waiting.queue, canonical(waiting.needs)).ok_or(RefusedReason::QueueFull)?;
        self.last_entry += 1;
        // Nobody is younger than now.
        let since = waiting.since.min(now);
        Ok(Caller {
            queue: waiting.queue,
            line,
            rank: Rank { priority: Reverse(priority), since, entry: self.last_entry, call: waiting.call },
            entered: now,
            prefer: waiting.prefer,
            offered: None,
            announce_every: waiting.announce_every.map(|every| every.max(ANNOUNCE_EVERY_MIN)),
            announce_at: Some(now + self.announce_delay),
            max_wait_at: waiting.max_wait.map(|max_wait| now + max_wait),
            told: None,
        })
    }

    pub(super) fn leave(&mut self, now: Moment, call: CallId, why: LeaveReason) {
        let Some(caller) = self.forget(call) else {
            self.counts.ignored += 1;
            return;
        };
        let waited = now.since(caller.entered);
        if let Some(queue) = self.queues.get_mut(&caller.queue) {
            queue.counters.count_left(why, waited, queue.settings.service_level, queue.settings.short_abandon);
            if why == LeaveReason::Abandoned {
                queue.estimate.left(false);
            }
        }
        self.say(Output::Left { call, queue: caller.queue, why, waited });
        if let Some(offer) = caller.offered.and_then(|offer| self.void(offer)) {
            self.withdraw(now, &offer, WithdrawReason::CallerLeft);
            self.tell_agent(now, offer.agent, AgentEvent::Withdrawn);
        }
    }

    /// Takes a caller out of the queue, the line and the timers.
    pub(super) fn forget(&mut self, call: CallId) -> Option<Caller> {
        let caller = self.callers.remove(&call)?;
        self.rest_caller(call, &caller);
        self.matching.part(caller.line);
        if let Some(queue) = self.queues.get_mut(&caller.queue) {
            queue.remove(caller.rank);
        }
        self.changed.insert(caller.queue);
        Some(caller)
    }

    /// Gives a caller who is not being offered to an agent, or a place in the line.
    pub(super) fn place(&mut self, now: Moment, call: CallId) {
        let Some(caller) = self.callers.get(&call) else { return };
        let preferred = caller.prefer.filter(|agent| self.is_free_for(*agent, caller.line));
        if let Some(agent) = preferred.or_else(|| self.matching.agent_for(caller.line)) {
            return self.propose(now, call, agent);
        }
        self.matching.stand(caller.line, caller.rank);
        if let Some(at) = caller.wake() {
            self.timers.insert((at, Timer::Caller(call)));
        }
    }

    /// Takes a caller out of the line and the timers; the place in the queue stays.
    pub(super) fn rest_caller(&mut self, call: CallId, caller: &Caller) {
        if caller.offered.is_none() {
            self.matching.step_out(caller.line, caller.rank);
            if let Some(at) = caller.wake() {
                self.timers.remove(&(at, Timer::Caller(call)));
            }
        }
    }

    /// Tells a waiting caller what is due, and sets the next time.
    pub(super) fn wake_caller(&mut self, now: Moment, call: CallId) {
        let Some(caller) = self.callers.get_mut(&call) else { return };
        let queue_id = caller.queue;
        if let Some(queue) = self.queues.get(&queue_id)
            && caller.announce_at.is_some_and(|at| at <= now)
        {
            caller.announce_at = caller.announce_every.map(|every| now + every);
            let position = queue.position(caller.rank);
            let expected_wait = queue
                .estimate
                .expected_wait(position, self.matching.working(caller.line))
                // A number that grows is a number that was wrong: better the place alone.
                .filter(|expected| caller.told.is_none_or(|told| *expected <= told));
            caller.told = expected_wait.or(caller.told);
            self.outputs.push_back(Output::Position {
                call,
                queue: queue_id,
                position: to_u32(position),
                expected_wait,
                waited: now.since(caller.entered),
            });
        }
        if caller.max_wait_at.is_some_and(|at| at <= now) {
            caller.max_wait_at = None;
            self.outputs.push_back(Output::MaxWait { call, queue: queue_id });
        }
        if let Some(at) = caller.wake() {
            self.timers.insert((at, Timer::Caller(call)));
        }
    }

    fn is_free_for(&self, agent: AgentId, line: LineId) -> bool {
        self.agents
            .get(&agent)
            .is_some_and(|agent| agent.free_since().is_some() && self.matching.fits(line, agent.team))
    }
}

/// Needs in one way of writing: by skill, each once at its highest level, none that everybody meets.
pub(super) fn canonical(mut needs: Vec<Requirement>) -> Vec<Requirement> {
    needs.retain(|need| need.level > 0);
    needs.sort_unstable_by_key(|need| (need.skill, Reverse(need.level)));
    needs.dedup_by_key(|need| need.skill);
    needs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SkillId;

    #[test]
    fn needs_have_one_way_of_writing() {
        let need = |skill, level| Requirement { skill: SkillId(skill), level };
        let said = vec![need(2, 3), need(1, 5), need(2, 7), need(3, 0)];
        assert_eq!(canonical(said), [need(1, 5), need(2, 7)]);
    }
}
