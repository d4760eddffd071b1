//! One queue: who waits in which order, what became of the others, how long it takes. Never chooses an agent.

use std::collections::BTreeSet;

use super::estimate::Estimate;
use super::order::{Order, Rank};
use super::service_level::QueueCounters;
use super::settings::QueueSettings;
use super::view::QueueSummary;
use crate::model::{CallId, Moment};

/// One queue.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) settings: QueueSettings,
    pub(super) order: Order,
    /// Callers by age alone: with priorities the first of the order need not be the oldest.
    ages: BTreeSet<(Moment, CallId)>,
    pub(super) counters: QueueCounters,
    pub(super) estimate: Estimate,
    /// Agents of this queue who may be offered a call now.
    pub(super) ready_agents: u32,
    /// Agents of this queue who take calls today.
    pub(super) working_agents: u32,
}

impl Queue {
    pub(super) fn new(settings: QueueSettings) -> Self {
        Queue {
            settings,
            order: Order::default(),
            ages: BTreeSet::new(),
            counters: QueueCounters::default(),
            estimate: Estimate::default(),
            ready_agents: 0,
            working_agents: 0,
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.order.len() >= self.settings.waiting_max
    }

    pub(super) fn insert(&mut self, rank: Rank) {
        self.order.insert(rank);
        self.ages.insert((rank.since, rank.call));
        self.counters.entered += 1;
    }

    pub(super) fn remove(&mut self, rank: Rank) {
        self.order.remove(rank);
        self.ages.remove(&(rank.since, rank.call));
    }

    pub(super) fn position(&self, rank: Rank) -> usize {
        self.order.position(rank)
    }

    /// A new day: those who wait now are its first callers.
    pub(super) fn start_day(&mut self) {
        self.counters = QueueCounters { entered: self.order.len() as u64, ..QueueCounters::default() };
    }

    pub(super) fn summary(&self) -> QueueSummary {
        QueueSummary {
            id: self.settings.id,
            waiting: to_u32(self.order.len()),
            oldest_since: self.ages.first().map(|(since, _)| *since),
            ready_agents: self.ready_agents,
            working_agents: self.working_agents,
            expected_wait: self.estimate.expected_wait(self.order.len() + 1, self.working_agents),
            counters: self.counters,
        }
    }
}

/// A count as a screen shows it.
pub(super) fn to_u32(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::QueueId;
    use std::cmp::Reverse;

    fn rank(priority: i32, since: u64, call: u64) -> Rank {
        Rank { priority: Reverse(priority), since: Moment::from_secs(since), entry: call, call: CallId(call) }
    }

    #[test]
    fn the_oldest_is_not_always_the_first() {
        let mut queue = Queue::new(QueueSettings::new(QueueId(0), "claims"));
        queue.insert(rank(0, 10, 1));
        queue.insert(rank(5, 20, 2));
        let summary = queue.summary();
        assert_eq!((summary.waiting, summary.oldest_since), (2, Some(Moment::from_secs(10))));
        assert_eq!(queue.position(rank(5, 20, 2)), 1);
        queue.remove(rank(0, 10, 1));
        assert_eq!(queue.summary().oldest_since, Some(Moment::from_secs(20)));
    }

    #[test]
    fn a_new_day_begins_with_those_who_wait() {
        let mut queue = Queue::new(QueueSettings::new(QueueId(0), "claims"));
        queue.insert(rank(0, 10, 1));
        queue.insert(rank(0, 11, 2));
        queue.remove(rank(0, 10, 1));
        queue.start_day();
        assert_eq!(queue.counters, QueueCounters { entered: 1, ..QueueCounters::default() });
    }
}
