//! RTP ports by worker: handed out oldest first, so that each rests as long as it can, and at least the quarantine.
//! Knows numbers, not sockets; the sockets were bound at the start.

use std::collections::VecDeque;
use std::time::Duration;

use crate::media::PortSlot;
use crate::model::Moment;

/// The free ports of all workers.
#[derive(Debug)]
pub(super) struct Ports {
    workers: Vec<Pool>,
    quarantine: Duration,
}

#[derive(Debug)]
struct Pool {
    numbers: Vec<u16>,
    /// Free slots and since when; the front one has rested longest.
    free: VecDeque<(PortSlot, Option<Moment>)>,
}

impl Ports {
    pub(super) fn new(workers: &[Vec<u16>], quarantine: Duration) -> Self {
        let pool = |numbers: &Vec<u16>| Pool {
            numbers: numbers.clone(),
            free: (0..numbers.len()).filter_map(|slot| u16::try_from(slot).ok()).map(|s| (PortSlot(s), None)).collect(),
        };
        Ports { workers: workers.iter().map(pool).collect(), quarantine }
    }

    /// The worker with the most room, for a new call.
    pub(super) fn roomiest(&self) -> usize {
        (0..self.workers.len()).max_by_key(|at| (self.workers[*at].free.len(), usize::MAX - at)).unwrap_or(0)
    }

    /// A slot and its RTP port; none when all are in use or resting.
    pub(super) fn take(&mut self, now: Moment, worker: usize) -> Option<(PortSlot, u16)> {
        let pool = self.workers.get_mut(worker)?;
        let (slot, since) = *pool.free.front()?;
        if since.is_some_and(|since| now.since(since) < self.quarantine) {
            return None;
        }
        pool.free.pop_front();
        pool.numbers.get(usize::from(slot.0)).map(|port| (slot, *port))
    }

    pub(super) fn give_back(&mut self, now: Moment, worker: usize, slot: PortSlot) {
        if let Some(pool) = self.workers.get_mut(worker)
            && usize::from(slot.0) < pool.numbers.len()
            && !pool.free.iter().any(|(free, _)| *free == slot)
        {
            pool.free.push_back((slot, Some(now)));
        }
    }

    /// Takes back a slot that was not opened: it has not been heard of, so it need not rest.
    pub(super) fn put_back(&mut self, worker: usize, slot: PortSlot) {
        if let Some(pool) = self.workers.get_mut(worker)
            && usize::from(slot.0) < pool.numbers.len()
            && !pool.free.iter().any(|(free, _)| *free == slot)
        {
            pool.free.push_front((slot, None));
        }
    }

    /// Slots that are neither in use nor lost.
    pub(super) fn free(&self) -> usize {
        self.workers.iter().map(|pool| pool.free.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_rests_before_it_is_used_again() {
        let mut ports = Ports::new(&[vec![10_000, 10_002]], Duration::from_secs(2));
        let now = Moment::from_secs(1);
        let first = ports.take(now, 0).expect("both are free");
        assert_eq!(first, (PortSlot(0), 10_000));
        ports.give_back(now, 0, first.0);
        assert_eq!(ports.take(now, 0).map(|(_, port)| port), Some(10_002));
        assert_eq!(ports.take(now, 0), None, "the other one rests");
        assert_eq!(ports.take(now + Duration::from_secs(2), 0).map(|(_, port)| port), Some(10_000));
    }

    #[test]
    fn a_slot_given_back_twice_is_free_once() {
        let mut ports = Ports::new(&[vec![10_000]], Duration::ZERO);
        let (slot, _) = ports.take(Moment::ZERO, 0).expect("free");
        ports.give_back(Moment::ZERO, 0, slot);
        ports.give_back(Moment::ZERO, 0, slot);
        assert_eq!(ports.free(), 1);
    }

    #[test]
    fn a_new_call_goes_to_the_worker_with_the_most_room() {
        let mut ports = Ports::new(&[vec![1, 2], vec![3, 4, 5]], Duration::ZERO);
        assert_eq!(ports.roomiest(), 1);
        ports.take(Moment::ZERO, 1);
        ports.take(Moment::ZERO, 1);
        assert_eq!(ports.roomiest(), 0);
    }
}
