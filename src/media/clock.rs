//! The beat of what we send: every leg once in 20 ms, legs spread over four phases of 5 ms so that no burst leaves at once.
//! Never runs when nobody needs it; catches up a bounded number of frames when it comes late.

use std::time::Duration;

use crate::model::Moment;

/// Steps of 5 ms since the start of time; a leg is due on every fourth. Steps are worked off in order by `next_leg`.
#[derive(Debug)]
pub(crate) struct Clock {
    /// The step being worked off.
    step: u64,
    /// The first step that is not due yet.
    due: u64,
    /// The next leg of this step's phase.
    cursor: usize,
    phases: [Phase; PHASES],
    skipped: u64,
}

#[derive(Debug)]
struct Phase {
    /// Legs by slot.
    legs: Vec<u16>,
    /// How many of them have something to send.
    clocked: usize,
}

impl Clock {
    /// For legs on up to `slots` slots; nothing is allocated later.
    pub fn new(slots: u16) -> Self {
        let phase = || Phase { legs: Vec::with_capacity(usize::from(slots).div_ceil(PHASES)), clocked: 0 };
        Clock { step: 0, due: 0, cursor: 0, phases: [phase(), phase(), phase(), phase()], skipped: 0 }
    }

    pub fn add(&mut self, slot: u16) {
        self.phase_mut(slot).legs.push(slot);
    }

    pub fn remove(&mut self, slot: u16) {
        self.phase_mut(slot).legs.retain(|leg| *leg != slot);
    }

    /// A leg has begun (`on`) or ceased to have something to send.
    pub fn set_clocked(&mut self, now: Moment, slot: u16, on: bool) {
        if on {
            self.rest(now);
            self.phase_mut(slot).clocked += 1;
        } else {
            let phase = self.phase_mut(slot);
            phase.clocked = phase.clocked.saturating_sub(1);
        }
    }

    /// Legs that have something to send.
    pub fn clocked(&self) -> usize {
        self.phases.iter().map(|phase| phase.clocked).sum()
    }

    /// Steps given up because nobody came in time.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Makes every step up to `now` due.
    pub fn advance(&mut self, now: Moment) {
        self.rest(now);
        self.due = self.due.max(step_of(now) + 1);
        let behind = self.due.saturating_sub(self.step);
        if behind > CATCH_UP_STEPS {
            self.skipped += behind - CATCH_UP_STEPS;
            self.step = self.due - CATCH_UP_STEPS;
            self.cursor = 0;
        }
    }

    /// The next leg that is due, and when it should have been.
    pub fn next_leg(&mut self) -> Option<(u16, Moment)> {
        while self.step < self.due {
            let phase = &self.phases[(self.step % PHASES as u64) as usize];
            if let Some(slot) = phase.legs.get(self.cursor) {
                self.cursor += 1;
                return Some((*slot, moment_of(self.step)));
            }
            self.step += 1;
            self.cursor = 0;
        }
        None
    }

    /// When the next leg with something to send is due; none while nobody has.
    pub fn wake(&self) -> Option<Moment> {
        let busy = |step: &u64| self.phases[(*step % PHASES as u64) as usize].clocked > 0;
        (self.step..self.step + PHASES as u64).find(busy).map(moment_of)
    }

    /// While nobody has anything to send, time passes without steps.
    fn rest(&mut self, now: Moment) {
        if self.clocked() == 0 && self.step <= step_of(now) {
            self.step = step_of(now) + 1;
            self.due = self.step;
            self.cursor = 0;
        }
    }

    fn phase_mut(&mut self, slot: u16) -> &mut Phase {
        &mut self.phases[usize::from(slot) % PHASES]
    }
}

fn step_of(now: Moment) -> u64 {
    now.as_nanos() / STEP_NANOS
}

fn moment_of(step: u64) -> Moment {
    Moment::ZERO + Duration::from_nanos(step * STEP_NANOS)
}

const PHASES: usize = 4;
const STEP_NANOS: u64 = 5_000_000;
/// Five frames: a listener's buffer takes 100 ms at once, more would be dropped there.
const CATCH_UP_STEPS: u64 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(legs: &[u16]) -> Clock {
        let mut clock = Clock::new(16);
        for slot in legs {
            clock.add(*slot);
            clock.set_clocked(Moment::ZERO, *slot, true);
        }
        clock
    }

    fn due(clock: &mut Clock, now_ms: u64) -> Vec<(u16, u64)> {
        clock.advance(Moment::from_millis(now_ms));
        std::iter::from_fn(|| clock.next_leg()).map(|(slot, at)| (slot, at.as_millis())).collect()
    }

    #[test]
    fn each_leg_is_due_every_20_ms_in_its_own_phase() {
        let mut clock = clock(&[0, 1, 2, 5]);
        assert_eq!(due(&mut clock, 42), [(1, 5), (5, 5), (2, 10), (0, 20), (1, 25), (5, 25), (2, 30), (0, 40)]);
        assert_eq!(due(&mut clock, 44), []);
        assert_eq!(clock.wake(), Some(Moment::from_millis(45)));
    }

    #[test]
    fn phases_without_work_wake_nobody() {
        let mut clock = clock(&[3]);
        due(&mut clock, 0);
        assert_eq!(clock.wake(), Some(Moment::from_millis(15)));
        clock.set_clocked(Moment::ZERO, 3, false);
        assert_eq!(clock.wake(), None);
    }

    #[test]
    fn a_late_thread_catches_up_five_frames_at_most() {
        let mut clock = clock(&[0]);
        assert_eq!(due(&mut clock, 60).len(), 3);
        let late = due(&mut clock, 10_000);
        assert_eq!(late.iter().map(|(_, at)| *at).collect::<Vec<_>>(), [9920, 9940, 9960, 9980, 10_000]);
        assert!(clock.skipped() > 1900);
    }

    #[test]
    fn rest_is_not_made_up_for() {
        let mut clock = clock(&[0]);
        clock.set_clocked(Moment::ZERO, 0, false);
        assert_eq!(due(&mut clock, 60_000), []);
        clock.set_clocked(Moment::from_millis(60_000), 0, true);
        assert_eq!(due(&mut clock, 60_021), [(0, 60_020)]);
        assert_eq!(clock.skipped(), 0);
    }

    #[test]
    fn a_leg_that_left_is_due_no_more() {
        let mut clock = clock(&[0, 4]);
        clock.remove(0);
        assert_eq!(due(&mut clock, 20), [(4, 20)]);
        assert_eq!(clock.clocked(), 2, "the worker says when it ceased");
    }
}
