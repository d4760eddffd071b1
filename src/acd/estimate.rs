//! The expected wait, measured rather than guessed: place in line, handle time, agents. Never a number when unsure.
//!
//! A queue-length estimator (Whitt 1999; Ibrahim and Whitt 2009): who stands at place `k` waits for `k` completions
//! at the rate of the agents who may serve, less those ahead who give up. What is told is not the mean, which half
//! of the callers would exceed, but the wait that four of five stay under.

use std::collections::VecDeque;
use std::time::Duration;

/// A queue's recent past, with its sums kept: a queue's numbers are told after each change.
#[derive(Clone, Debug, Default)]
pub(super) struct Estimate {
    /// Work lately done by this queue's agents: handle time, and whether it was for this queue.
    completions: VecDeque<(Duration, bool)>,
    own_completions: u32,
    own_time: Duration,
    all_time: Duration,
    /// How callers lately left: answered or given up.
    exits: VecDeque<bool>,
    answered: u32,
}

impl Estimate {
    /// An agent of this queue finished a call of this queue (`own`) or another one.
    pub(super) fn completed(&mut self, handled: Duration, own: bool) {
        // A call left open over a holiday is no experience.
        let handled = handled.min(HANDLE_TIME_MAX);
        if let Some((oldest, was_own)) = push(&mut self.completions, (handled, own)) {
            self.all_time -= oldest;
            if was_own {
                self.own_completions -= 1;
                self.own_time -= oldest;
            }
        }
        self.all_time += handled;
        if own {
            self.own_completions += 1;
            self.own_time += handled;
        }
    }

    /// A caller was answered or gave up.
    pub(super) fn left(&mut self, answered: bool) {
        let oldest = push(&mut self.exits, answered);
        self.answered = self.answered + u32::from(answered) - u32::from(oldest == Some(true));
    }

    /// The wait that four of five callers at `position` (from one) stay under, with so many agents at work for them.
    /// `None` with too little experience, no agents, or a wait too long to be told in numbers.
    pub(super) fn expected_wait(&self, position: usize, agents: u32) -> Option<Duration> {
        if self.own_completions < COMPLETIONS_MIN || agents == 0 {
            return None;
        }
        let own_time = self.own_time.as_secs_f64();
        let handle_time = own_time / f64::from(self.own_completions);
        // Agents of several queues give each a part of their time; the part is measured.
        let serving = f64::from(agents) * (own_time / self.all_time.as_secs_f64());
        let ahead = 1.0 + position.saturating_sub(1) as f64 * self.staying();
        let between_completions = handle_time / serving;
        let seconds = between_completions * (ahead + EIGHTY_PERCENT * ahead.sqrt());
        (seconds.is_finite() && seconds <= TELLABLE_MAX.as_secs_f64()).then(|| Duration::from_secs_f64(seconds))
    }

    /// Of the callers ahead, the share that will not give up first.
    fn staying(&self) -> f64 {
        if self.exits.len() < COMPLETIONS_MIN as usize {
            return 1.0;
        }
        (f64::from(self.answered) / self.exits.len() as f64).max(STAYING_MIN)
    }
}

/// Remembers the newest and gives back the oldest when there are enough.
fn push<T>(recent: &mut VecDeque<T>, newest: T) -> Option<T> {
    let oldest = if recent.len() == RECENT_MAX { recent.pop_front() } else { None };
    recent.push_back(newest);
    oldest
}

/// Completions remembered: an hour of ten agents, so that a morning does not tell the evening's wait.
const RECENT_MAX: usize = 128;
/// Below this many calls of its own a queue has no experience.
const COMPLETIONS_MIN: u32 = 5;
/// In a storm everybody seems to give up; those who stay still wait.
const STAYING_MIN: f64 = 0.2;
/// Standard deviations above the mean that four of five stay under.
const EIGHTY_PERCENT: f64 = 0.84;
/// The longest call that tells anything about the next one.
const HANDLE_TIME_MAX: Duration = Duration::from_secs(4 * 60 * 60);
/// Beyond this no caller is helped by a number.
const TELLABLE_MAX: Duration = Duration::from_secs(60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    fn experienced(handle_secs: u64) -> Estimate {
        let mut estimate = Estimate::default();
        (0..20).for_each(|_| estimate.completed(Duration::from_secs(handle_secs), true));
        estimate
    }

    #[test]
    fn without_experience_or_agents_nothing_is_told() {
        let mut estimate = Estimate::default();
        (0..4).for_each(|_| estimate.completed(Duration::from_secs(60), true));
        assert_eq!(estimate.expected_wait(1, 5), None);
        estimate.completed(Duration::from_secs(60), true);
        assert!(estimate.expected_wait(1, 5).is_some());
        assert_eq!(estimate.expected_wait(1, 0), None);
        assert_eq!(estimate.expected_wait(1_000, 1), None, "longer than anybody wants to hear");
    }

    #[test]
    fn the_wait_grows_with_the_place_and_shrinks_with_agents() {
        let estimate = experienced(180);
        let wait = |position, agents| estimate.expected_wait(position, agents).expect("enough experience").as_secs();
        // One completion each 18 s: 18 s + 0.84 x 18 s, and for the fourth 72 s + 0.84 x 2 x 18 s.
        assert_eq!(wait(1, 10), 33);
        assert_eq!(wait(4, 10), 102);
        assert!(wait(4, 20) < wait(4, 10) && wait(5, 10) > wait(4, 10));
    }

    #[test]
    fn agents_who_work_elsewhere_count_in_part() {
        let mut shared = experienced(180);
        let alone = shared.expected_wait(4, 10).expect("enough experience");
        (0..20).for_each(|_| shared.completed(Duration::from_secs(180), false));
        let half = shared.expected_wait(4, 10).expect("enough experience");
        assert!((half.as_secs_f64() / alone.as_secs_f64() - 2.0).abs() < 0.01, "{half:?} of {alone:?}");
    }

    #[test]
    fn callers_ahead_who_give_up_shorten_the_wait() {
        let mut estimate = experienced(180);
        let patient = estimate.expected_wait(9, 10);
        (0..10).for_each(|number| estimate.left(number % 2 == 0));
        assert!(estimate.expected_wait(9, 10) < patient);
        assert_eq!(
            estimate.expected_wait(1, 10),
            experienced(180).expected_wait(1, 10),
            "nobody is ahead of the first"
        );
    }

    #[test]
    fn old_experience_is_forgotten() {
        let mut estimate = experienced(600);
        (0..RECENT_MAX).for_each(|_| estimate.completed(Duration::from_secs(60), true));
        assert_eq!(estimate.expected_wait(3, 4), experienced(60).expected_wait(3, 4));
        assert_eq!(estimate.completions.len(), RECENT_MAX);
    }
}
