//! The clocks of the charter: when a ring starts, when we answer ourselves, when an offer is lost.
//! Pure arithmetic; nobody is rung or answered here. Ring cadence: ITU-T E.180; Korea rings 1 s and pauses 2 s.

use std::time::Duration;

/// How a telephone rings in this country.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingCadence {
    /// The bell sounds for this long ...
    pub on: Duration,
    /// ... and is silent for this long.
    pub off: Duration,
}

impl RingCadence {
    /// Korea: 1 s on, 2 s off.
    pub const KOREA: RingCadence = RingCadence { on: Duration::from_secs(1), off: Duration::from_secs(2) };

    /// When ring `ring` (counted from 1) starts, measured from the first.
    #[must_use]
    pub fn start_of(self, ring: u32) -> Duration {
        (self.on + self.off) * ring.saturating_sub(1)
    }

    /// Which ring is heard, or was heard last, `after` the first one began; counted from 1.
    #[must_use]
    pub fn ring_at(self, after: Duration) -> u32 {
        let cycle = (self.on + self.off).as_nanos().max(1);
        u32::try_from(after.as_nanos() / cycle).unwrap_or(u32::MAX - 1) + 1
    }
}

/// What the operator promised about ringing, waiting and closing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    pub cadence: RingCadence,
    /// A call is answered before this ring starts, counted from 1.
    pub answer_before_ring: u32,
    /// On a direct number we answer ourselves when the person has not done so by now.
    pub guard: Duration,
    /// How long a person is rung for a transferred call.
    pub transfer_ring_limit: Duration,
    /// The longest wait in a queue that counts as kept.
    pub max_wait: Duration,
    /// A caller is told department, name and number before a transfer; without it each transfer is a breach.
    pub announce_transfers: bool,
    /// After the agent hung up, the caller hears the closing sentence and has `closing_wait` to hang up first.
    pub caller_hangs_up_first: bool,
    /// How long a closing caller may stay before we hang up.
    pub closing_wait: Duration,
}

impl Policy {
    /// The first moment that is too late, measured from the first ring: 6.0 s for the third ring in Korea.
    #[must_use]
    pub fn ring_limit(&self) -> Duration {
        self.cadence.start_of(self.answer_before_ring)
    }
}

impl Default for Policy {
    /// The Korean public hotline: third ring, guard at 5 s, three minutes, ten seconds of closing.
    fn default() -> Self {
        Policy {
            cadence: RingCadence::KOREA,
            answer_before_ring: 3,
            guard: Duration::from_secs(5),
            transfer_ring_limit: Duration::from_secs(20),
            max_wait: Duration::from_secs(180),
            announce_transfers: true,
            caller_hangs_up_first: true,
            closing_wait: Duration::from_secs(10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_ring_starts_after_six_seconds_in_korea() {
        let policy = Policy::default();
        assert_eq!(policy.ring_limit(), Duration::from_secs(6));
        assert_eq!(RingCadence::KOREA.start_of(1), Duration::ZERO);
        assert_eq!(RingCadence::KOREA.ring_at(Duration::from_millis(5_999)), 2);
        assert_eq!(RingCadence::KOREA.ring_at(Duration::from_secs(6)), 3);
    }

    #[test]
    fn the_american_cadence_gives_its_own_limit() {
        let cadence = RingCadence { on: Duration::from_secs(2), off: Duration::from_secs(4) };
        let policy = Policy { cadence, ..Policy::default() };
        assert_eq!(policy.ring_limit(), Duration::from_secs(12));
    }

    #[test]
    fn a_cadence_of_zero_does_not_divide_by_zero() {
        let cadence = RingCadence { on: Duration::ZERO, off: Duration::ZERO };
        assert!(cadence.ring_at(Duration::from_secs(3)) > 1);
    }
}
