//! The SIP timers by letter, their lengths, and the one queue that holds every alarm of the endpoint.
//! Never reads a clock: whoever owns the queue hands `now` in.
//! RFC 3261 17 and annex A (A-K), RFC 6026 (L, M), RFC 6665 4.1.2.4 (N).

use crate::model::Moment;
use std::collections::BTreeMap;
use std::time::Duration;

/// A timer, named as the RFCs do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Letter {
    /// INVITE client: request retransmission, UDP only, doubling.
    A,
    /// INVITE client: no response at all.
    B,
    /// INVITE: no final response since the last provisional one (16.6); its length is a setting.
    C,
    /// INVITE client: absorbs retransmitted finals after our ACK.
    D,
    /// Non-INVITE client: request retransmission, UDP only, doubling up to T2.
    E,
    /// Non-INVITE client: no final response.
    F,
    /// INVITE server: retransmission of a final non-2xx, UDP only, doubling up to T2.
    G,
    /// INVITE server: no ACK for a final non-2xx.
    H,
    /// INVITE server: absorbs retransmitted ACKs.
    I,
    /// Non-INVITE server: absorbs retransmitted requests.
    J,
    /// Non-INVITE client: absorbs retransmitted finals.
    K,
    /// INVITE server, after a 2xx: absorbs retransmitted INVITEs.
    L,
    /// INVITE client, after a 2xx: retransmitted and forked 2xx still arrive.
    M,
    /// A REFER was accepted: its first NOTIFY must come.
    N,
}

impl Letter {
    /// All of them, in order.
    #[cfg(test)]
    pub(crate) const ALL: [Letter; 14] = [
        Letter::A,
        Letter::B,
        Letter::C,
        Letter::D,
        Letter::E,
        Letter::F,
        Letter::G,
        Letter::H,
        Letter::I,
        Letter::J,
        Letter::K,
        Letter::L,
        Letter::M,
        Letter::N,
    ];
}

/// The three base values every timer is made of (RFC 3261 table 4), and Timer C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Durations {
    /// Round-trip estimate.
    pub(crate) t1: Duration,
    /// Longest wait between retransmissions of non-INVITE requests and INVITE responses.
    pub(crate) t2: Duration,
    /// How long a message may live in the network.
    pub(crate) t4: Duration,
    c: Duration,
}

impl Durations {
    /// RFC values around a given T1; T2 and T4 keep their ratio to it (8 and 10 times: 4 s and 5 s at 500 ms).
    pub(crate) fn new(t1: Duration, c: Duration) -> Self {
        Durations { t1, t2: t1 * 8, t4: t1 * 10, c }
    }

    /// 64*T1: how long anything without an answer is tried.
    pub(crate) fn patience(&self) -> Duration {
        self.t1 * 64
    }

    /// How long `letter` runs when it is started for the `round`th time (0-based); `None`: not at all on this transport.
    pub(crate) fn wait(&self, letter: Letter, round: u32, reliable: bool) -> Option<Duration> {
        let doubled = self.t1.saturating_mul(1u32.checked_shl(round).unwrap_or(u32::MAX));
        let absorb = |wait| if reliable { Duration::ZERO } else { wait };
        match letter {
            Letter::A => (!reliable).then_some(doubled),
            Letter::E | Letter::G => (!reliable).then_some(doubled.min(self.t2)),
            Letter::B | Letter::F | Letter::H | Letter::L | Letter::M | Letter::N => Some(self.patience()),
            Letter::C => Some(self.c),
            Letter::D | Letter::J => Some(absorb(self.patience())),
            Letter::I | Letter::K => Some(absorb(self.t4)),
        }
    }
}

/// Every alarm of an endpoint in one queue: exact, cancellable, first set first rung among equals.
#[derive(Debug)]
pub(crate) struct Timers<K> {
    by_time: BTreeMap<(Moment, u64), K>,
    by_key: BTreeMap<K, (Moment, u64)>,
    sequence: u64,
}

impl<K: Ord + Copy> Timers<K> {
    pub(crate) fn new() -> Self {
        Timers { by_time: BTreeMap::new(), by_key: BTreeMap::new(), sequence: 0 }
    }

    /// Rings `key` at `at`; an alarm already set for it is replaced.
    pub(crate) fn set(&mut self, key: K, at: Moment) {
        self.clear(key);
        self.sequence += 1;
        let place = (at, self.sequence);
        self.by_time.insert(place, key);
        self.by_key.insert(key, place);
    }

    /// Takes the alarm back; harmless when there is none.
    pub(crate) fn clear(&mut self, key: K) {
        if let Some(place) = self.by_key.remove(&key) {
            self.by_time.remove(&place);
        }
    }

    /// When the next alarm rings.
    pub(crate) fn next(&self) -> Option<Moment> {
        self.by_time.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes one alarm that is due.
    pub(crate) fn pop(&mut self, now: Moment) -> Option<K> {
        let entry = self.by_time.first_entry()?;
        if entry.key().0 > now {
            return None;
        }
        let key = entry.remove();
        self.by_key.remove(&key);
        Some(key)
    }

    pub(crate) fn len(&self) -> usize {
        self.by_key.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rfc() -> Durations {
        Durations::new(Duration::from_millis(500), Duration::from_secs(180))
    }

    #[test]
    fn lengths_are_those_of_table_4() {
        let rfc = rfc();
        let seconds = |letter, reliable| rfc.wait(letter, 0, reliable).map(|wait| wait.as_secs_f64());
        assert_eq!(seconds(Letter::A, false), Some(0.5));
        assert_eq!(seconds(Letter::D, false), Some(32.0));
        assert_eq!(seconds(Letter::I, false), Some(5.0));
        assert_eq!(seconds(Letter::K, false), Some(5.0));
        assert_eq!(seconds(Letter::J, false), Some(32.0));
        for letter in [Letter::B, Letter::F, Letter::H, Letter::L, Letter::M, Letter::N] {
            assert_eq!(seconds(letter, false), Some(32.0));
            assert_eq!(seconds(letter, true), Some(32.0));
        }
        for letter in [Letter::A, Letter::E, Letter::G] {
            assert_eq!(seconds(letter, true), None, "reliable transports never retransmit");
        }
        for letter in [Letter::D, Letter::I, Letter::J, Letter::K] {
            assert_eq!(seconds(letter, true), Some(0.0), "reliable transports have nothing to absorb");
        }
    }

    #[test]
    fn a_doubles_without_end_and_e_and_g_stop_at_t2() {
        let rfc = rfc();
        let millis = |letter| {
            (0..6).map(|round| rfc.wait(letter, round, false).map_or(0, |w| w.as_millis())).collect::<Vec<_>>()
        };
        assert_eq!(millis(Letter::A), [500, 1000, 2000, 4000, 8000, 16000]);
        assert_eq!(millis(Letter::E), [500, 1000, 2000, 4000, 4000, 4000]);
        assert_eq!(millis(Letter::G), [500, 1000, 2000, 4000, 4000, 4000]);
        assert!(rfc.wait(Letter::A, 40, false).is_some(), "an absurd round saturates");
    }

    #[test]
    fn alarms_ring_in_time_order_and_among_equals_as_they_were_set() {
        let mut timers = Timers::new();
        timers.set('b', Moment::from_secs(2));
        timers.set('a', Moment::from_secs(2));
        timers.set('c', Moment::from_secs(1));
        assert_eq!(timers.next(), Some(Moment::from_secs(1)));
        assert_eq!(timers.pop(Moment::ZERO), None, "not due yet");
        let now = Moment::from_secs(2);
        assert_eq!([timers.pop(now), timers.pop(now), timers.pop(now)], [Some('c'), Some('b'), Some('a')]);
        assert_eq!(timers.pop(now), None);
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn setting_again_moves_an_alarm_and_clearing_takes_it_back() {
        let mut timers = Timers::new();
        timers.set('a', Moment::from_secs(1));
        timers.set('a', Moment::from_secs(9));
        assert_eq!(timers.len(), 1);
        assert_eq!(timers.pop(Moment::from_secs(5)), None);
        timers.clear('a');
        timers.clear('z');
        assert_eq!((timers.len(), timers.next()), (0, None));
    }
}
