//! A queue's counters and the five service levels that people argue about, from the same numbers.
//! Never an average of percentages: parts and wholes are kept, so that days and queues can be added.

use std::time::Duration;

use super::message::LeaveReason;

/// What became of a queue's callers since the day began.
/// `entered = answered + abandoned + other_exits + waiting`, always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct QueueCounters {
    pub entered: u64,
    pub answered: u64,
    /// Of the answered: within the queue's target.
    pub answered_within_target: u64,
    /// Hung up while waiting, short ones included.
    pub abandoned: u64,
    /// Of the abandoned: within the queue's target.
    pub abandoned_within_target: u64,
    /// Of the abandoned: sooner than the queue takes for serious.
    pub short_abandoned: u64,
    /// Left by key, time-out, callback, overflow or closed doors.
    pub other_exits: u64,
    /// Sum of the waits of the answered, in milliseconds; with `answered` the average speed of answer.
    pub answered_wait_ms: u64,
    /// Longest wait of an answered caller, in milliseconds.
    pub longest_wait_ms: u64,
}

/// A share, kept as part and whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Ratio {
    pub part: u64,
    pub whole: u64,
}

impl Ratio {
    /// 0 to 1; `None` of nothing.
    #[must_use]
    pub fn value(self) -> Option<f64> {
        (self.whole > 0).then(|| self.part as f64 / self.whole as f64)
    }
}

/// One event, five answers; each id stands beside its number wherever it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceLevel {
    /// Of the answered, those in time.
    Answered,
    /// Of all who were answered or hung up, those answered in time: the callers' view.
    Offered,
    /// As `Offered`, with those who hung up in time counted as served.
    CreditAbandon,
    /// As `Offered`, without those who hung up in time.
    ExcludeAbandon,
    /// As `Offered`, without those who hung up at once: what is shown unless asked otherwise.
    ExcludeShort,
}

impl ServiceLevel {
    pub const ALL: [ServiceLevel; 5] = [
        ServiceLevel::Answered,
        ServiceLevel::Offered,
        ServiceLevel::CreditAbandon,
        ServiceLevel::ExcludeAbandon,
        ServiceLevel::ExcludeShort,
    ];

    /// The id used in metrics and pages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            ServiceLevel::Answered => "sl.answered",
            ServiceLevel::Offered => "sl.offered",
            ServiceLevel::CreditAbandon => "sl.credit_abandon",
            ServiceLevel::ExcludeAbandon => "sl.exclude_abandon",
            ServiceLevel::ExcludeShort => "sl.exclude_short",
        }
    }
}

impl QueueCounters {
    /// The service level in one of its definitions.
    #[must_use]
    pub fn service_level(&self, which: ServiceLevel) -> Ratio {
        let (in_time, all) = (self.answered_within_target, self.answered + self.abandoned);
        match which {
            ServiceLevel::Answered => Ratio { part: in_time, whole: self.answered },
            ServiceLevel::Offered => Ratio { part: in_time, whole: all },
            ServiceLevel::CreditAbandon => Ratio { part: in_time + self.abandoned_within_target, whole: all },
            ServiceLevel::ExcludeAbandon => Ratio { part: in_time, whole: all - self.abandoned_within_target },
            ServiceLevel::ExcludeShort => Ratio { part: in_time, whole: all - self.short_abandoned },
        }
    }

    pub(super) fn count_answered(&mut self, waited: Duration, target: Duration) {
        self.answered += 1;
        self.answered_within_target += u64::from(waited <= target);
        let waited_ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
        self.answered_wait_ms = self.answered_wait_ms.saturating_add(waited_ms);
        self.longest_wait_ms = self.longest_wait_ms.max(waited_ms);
    }

    pub(super) fn count_left(&mut self, why: LeaveReason, waited: Duration, target: Duration, short: Duration) {
        if why == LeaveReason::Abandoned {
            self.abandoned += 1;
            self.abandoned_within_target += u64::from(waited <= target);
            self.short_abandoned += u64::from(waited < short);
        } else {
            self.other_exits += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_textbook_day_gives_the_textbook_answers() {
        // ICMI, Service Level Calculations: one day, five answers.
        let day = QueueCounters {
            entered: 1_060,
            answered: 1_000,
            answered_within_target: 860,
            abandoned: 60,
            abandoned_within_target: 20,
            short_abandoned: 10,
            ..QueueCounters::default()
        };
        let percent = |which| (day.service_level(which).value().expect("a busy day") * 1_000.0).round() / 10.0;
        assert_eq!(ServiceLevel::ALL.map(percent), [86.0, 81.1, 83.0, 82.7, 81.9]);
    }

    #[test]
    fn a_day_without_callers_has_no_service_level() {
        for which in ServiceLevel::ALL {
            assert_eq!(QueueCounters::default().service_level(which).value(), None, "{}", which.word());
        }
    }

    #[test]
    fn every_exit_is_counted_once() {
        let (target, short) = (Duration::from_secs(20), Duration::from_secs(5));
        let mut counters = QueueCounters::default();
        counters.count_answered(Duration::from_secs(20), target);
        counters.count_answered(Duration::from_secs(21), target);
        counters.count_left(LeaveReason::Abandoned, Duration::from_secs(4), target, short);
        counters.count_left(LeaveReason::Abandoned, Duration::from_secs(5), target, short);
        counters.count_left(LeaveReason::Callback, Duration::from_secs(30), target, short);
        assert_eq!((counters.answered, counters.answered_within_target), (2, 1));
        assert_eq!((counters.abandoned, counters.short_abandoned, counters.other_exits), (2, 1, 1));
        assert_eq!((counters.answered_wait_ms, counters.longest_wait_ms), (41_000, 21_000));
    }
}
