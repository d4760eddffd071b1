//! Each promise, and the tally of met, breached and excused. One place decides which of the three it was.

use std::time::Duration;

use super::Policy;
use crate::model::EndedBy;

/// The service charter's promises that this server clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Promise {
    /// The caller's clock: our first 180 or 183 to our 200, under 6.0 s.
    AnswerBeforeThirdRing,
    /// The agent's clock, per offer: the phone's first 180 to its 200.
    AgentBeforeThirdRing,
    /// No transfer before the caller heard department, name and number.
    TransferAnnounced,
    /// Time in queue until an agent, a callback or a message.
    WaitUnder3Minutes,
    /// Who hung up first after a conversation.
    CallerHangsUpFirst,
}

impl Promise {
    pub const ALL: [Promise; 5] = [
        Promise::AnswerBeforeThirdRing,
        Promise::AgentBeforeThirdRing,
        Promise::TransferAnnounced,
        Promise::WaitUnder3Minutes,
        Promise::CallerHangsUpFirst,
    ];

    /// The word used in records, metrics and pages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Promise::AnswerBeforeThirdRing => "answer_before_third_ring",
            Promise::AgentBeforeThirdRing => "agent_before_third_ring",
            Promise::TransferAnnounced => "transfer_announced",
            Promise::WaitUnder3Minutes => "wait_under_3_minutes",
            Promise::CallerHangsUpFirst => "caller_hangs_up_first",
        }
    }
}

/// How one promise was kept this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Met,
    Breached,
    /// Not kept, for a reason that the charter allows.
    Excused,
}

impl Verdict {
    pub const ALL: [Verdict; 3] = [Verdict::Met, Verdict::Breached, Verdict::Excused];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Met => "met",
            Verdict::Breached => "breached",
            Verdict::Excused => "excused",
        }
    }
}

/// How often one promise was kept today.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub met: u64,
    pub breached: u64,
    pub excused: u64,
}

/// The policy and the tally of every promise.
#[derive(Clone, Debug)]
pub struct Charter {
    policy: Policy,
    counts: [Count; Promise::ALL.len()],
}

impl Charter {
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Charter { policy, counts: [Count::default(); Promise::ALL.len()] }
    }

    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// A call or an offer was answered, or given up unanswered, `rang` after its first ring.
    /// Given up by the other side before the limit is nobody's fault: excused.
    pub fn check_ring(&mut self, promise: Promise, rang: Duration, answered: bool) -> Verdict {
        let in_time = rang < self.policy.ring_limit();
        self.count(
            promise,
            match (in_time, answered) {
                (true, true) => Verdict::Met,
                (true, false) => Verdict::Excused,
                (false, _) => Verdict::Breached,
            },
        )
    }

    /// A caller left the queue towards an agent, a callback or a message; or hung up, which excuses a short wait.
    pub fn check_wait(&mut self, waited: Duration, served: bool) -> Verdict {
        let verdict = match (waited <= self.policy.max_wait, served) {
            (true, true) => Verdict::Met,
            (true, false) => Verdict::Excused,
            (false, _) => Verdict::Breached,
        };
        self.count(Promise::WaitUnder3Minutes, verdict)
    }

    /// A promise that is simply kept or not.
    pub fn check_kept(&mut self, promise: Promise, kept: bool) -> Verdict {
        self.count(promise, if kept { Verdict::Met } else { Verdict::Breached })
    }

    /// A promise that could not be kept or broken.
    pub fn excuse(&mut self, promise: Promise) -> Verdict {
        self.count(promise, Verdict::Excused)
    }

    /// A conversation ended: the caller is to hang up first, but nobody hangs up a line that died or a server that stops.
    pub fn check_hang_up(&mut self, by: EndedBy) -> Verdict {
        match by {
            EndedBy::Network | EndedBy::System => self.excuse(Promise::CallerHangsUpFirst),
            EndedBy::Caller | EndedBy::Agent => self.check_kept(Promise::CallerHangsUpFirst, by == EndedBy::Caller),
        }
    }

    /// Begins the tally of a new day.
    pub fn start_day(&mut self) {
        self.counts = [Count::default(); Promise::ALL.len()];
    }

    /// Today's tally of one promise.
    #[must_use]
    pub fn counts(&self, promise: Promise) -> Count {
        self.counts[promise as usize]
    }

    fn count(&mut self, promise: Promise, verdict: Verdict) -> Verdict {
        let count = &mut self.counts[promise as usize];
        match verdict {
            Verdict::Met => count.met += 1,
            Verdict::Breached => count.breached += 1,
            Verdict::Excused => count.excused += 1,
        }
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_at_six_seconds_is_already_too_late() {
        let mut charter = Charter::new(Policy::default());
        let promise = Promise::AnswerBeforeThirdRing;
        assert_eq!(charter.check_ring(promise, Duration::from_millis(5_999), true), Verdict::Met);
        assert_eq!(charter.check_ring(promise, Duration::from_secs(6), true), Verdict::Breached);
        assert_eq!(charter.check_ring(promise, Duration::from_secs(2), false), Verdict::Excused);
        assert_eq!(charter.check_ring(promise, Duration::from_secs(7), false), Verdict::Breached);
        assert_eq!(charter.counts(promise), Count { met: 1, breached: 2, excused: 1 });
    }

    #[test]
    fn three_minutes_are_kept_and_a_second_more_is_not() {
        let mut charter = Charter::new(Policy::default());
        assert_eq!(charter.check_wait(Duration::from_secs(180), true), Verdict::Met);
        assert_eq!(charter.check_wait(Duration::from_secs(181), true), Verdict::Breached);
        assert_eq!(charter.check_wait(Duration::from_secs(10), false), Verdict::Excused);
        assert_eq!(charter.counts(Promise::WaitUnder3Minutes).breached, 1);
    }

    #[test]
    fn every_promise_keeps_its_own_tally() {
        let mut charter = Charter::new(Policy::default());
        for promise in Promise::ALL {
            charter.check_kept(promise, true);
        }
        for promise in Promise::ALL {
            assert_eq!(charter.counts(promise), Count { met: 1, breached: 0, excused: 0 }, "{promise:?}");
        }
    }
}
