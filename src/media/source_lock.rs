//! Which source may speak on a leg: symmetric RTP that an attacker can neither inject into nor tap.
//! Never trusts a second source while the first one is there; never moves for a worse match. RFC 4961, RFC 7362 section 5.

use std::net::SocketAddr;
use std::time::Duration;

use crate::model::Moment;

/// `Open` (only the negotiated address known) -> `Locked` (one source), until the next negotiation of another address.
///
/// A better match takes over from a worse one: exactly the negotiated address, then its host with another port (NAT),
/// then another host, which must first send a few packets in a row (a private address in SDP). The same or a worse match
/// never takes over, with one exception: the same host goes on with the same SSRC on another port after a silence (a NAT
/// binding that was renewed).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SourceLock {
    negotiated: SocketAddr,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open { candidate: Option<Candidate> },
    Locked { source: SocketAddr, ssrc: u32, heard: Moment, grade: Grade },
}

/// Another host that has sent `packets` consecutive packets so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Candidate {
    source: SocketAddr,
    ssrc: u32,
    next: u16,
    packets: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Grade {
    OtherHost,
    SameHost,
    Exact,
}

impl SourceLock {
    pub fn new(negotiated: SocketAddr) -> Self {
        SourceLock { negotiated, state: State::Open { candidate: None } }
    }

    /// The peer negotiated again: another address opens the lock, the same one keeps it.
    pub fn negotiate(&mut self, negotiated: SocketAddr) {
        if self.negotiated != negotiated {
            *self = SourceLock::new(negotiated);
        }
    }

    /// Whether a valid packet of an agreed payload type from `source` is the leg's own.
    pub fn admits(&mut self, now: Moment, source: SocketAddr, ssrc: u32, sequence: u16) -> bool {
        let found = self.grade(source);
        match &mut self.state {
            State::Locked { source: locked, ssrc: last_ssrc, heard, .. } if *locked == source => {
                *last_ssrc = ssrc;
                *heard = now;
                return true;
            }
            State::Locked { source: locked, ssrc: last_ssrc, heard, grade } => {
                let moved = locked.ip() == source.ip() && *last_ssrc == ssrc && now.since(*heard) >= REBIND_SILENCE;
                if found <= *grade && !moved {
                    return false;
                }
            }
            State::Open { candidate } if found == Grade::OtherHost => {
                let packets = match candidate {
                    Some(known) if (known.source, known.ssrc, known.next) == (source, ssrc, sequence) => {
                        known.packets + 1
                    }
                    _ => 1,
                };
                if packets < PROBATION_PACKETS {
                    *candidate = Some(Candidate { source, ssrc, next: sequence.wrapping_add(1), packets });
                    return false;
                }
            }
            State::Open { .. } => {}
        }
        self.state = State::Locked { source, ssrc, heard: now, grade: found };
        true
    }

    /// Whether `source` is the one that speaks on this leg.
    pub fn holds(&self, source: SocketAddr) -> bool {
        matches!(self.state, State::Locked { source: locked, .. } if locked == source)
    }

    /// Whether RTCP from `source` belongs to this leg: the host is the one we talk to.
    pub fn is_peer(&self, source: SocketAddr) -> bool {
        self.destination().ip() == source.ip()
    }

    /// Where to send: the locked source, before that the negotiated address.
    pub fn destination(&self) -> SocketAddr {
        match self.state {
            State::Locked { source, .. } => source,
            State::Open { .. } => self.negotiated,
        }
    }

    fn grade(&self, source: SocketAddr) -> Grade {
        if source == self.negotiated {
            Grade::Exact
        } else if source.ip() == self.negotiated.ip() {
            Grade::SameHost
        } else {
            Grade::OtherHost
        }
    }
}

/// Packets in a row before another host than the negotiated one is believed: 80 ms at 20 ms.
const PROBATION_PACKETS: u8 = 4;

/// How long the locked port must have been silent before its host may go on from another port.
const REBIND_SILENCE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().expect("an address literal")
    }

    fn lock() -> SourceLock {
        SourceLock::new(at("192.0.2.1:4000"))
    }

    const NOW: Moment = Moment::from_secs(1);

    #[test]
    fn the_negotiated_source_speaks_at_once_and_shuts_the_door() {
        let mut lock = lock();
        assert_eq!(lock.destination(), at("192.0.2.1:4000"));
        assert!(!lock.holds(at("192.0.2.1:4000")), "it has not spoken yet");
        assert!(lock.admits(NOW, at("192.0.2.1:4000"), 1, 1));
        assert!(lock.holds(at("192.0.2.1:4000")));
        for stranger in ["192.0.2.1:4002", "203.0.113.9:4000"] {
            for sequence in 0..100 {
                assert!(!lock.admits(Moment::from_secs(60), at(stranger), 9, sequence), "{stranger}");
            }
        }
        assert_eq!(lock.destination(), at("192.0.2.1:4000"));
    }

    #[test]
    fn a_nat_that_changes_the_port_is_followed() {
        let mut lock = lock();
        assert!(lock.admits(NOW, at("192.0.2.1:61000"), 1, 1));
        assert_eq!(lock.destination(), at("192.0.2.1:61000"));
        assert!(!lock.admits(NOW, at("192.0.2.1:61002"), 1, 2));
    }

    #[test]
    fn another_host_must_send_four_packets_in_a_row() {
        let mut lock = lock();
        let nat = at("198.51.100.7:5000");
        assert!(!lock.admits(NOW, nat, 1, 65_534));
        assert!(!lock.admits(NOW, nat, 1, 65_535));
        assert!(!lock.admits(NOW, nat, 1, 5), "a gap starts over");
        for sequence in 6..8 {
            assert!(!lock.admits(NOW, nat, 1, sequence));
        }
        assert!(lock.admits(NOW, nat, 1, 8));
        assert_eq!(lock.destination(), nat);
    }

    #[test]
    fn the_true_peer_takes_over_from_a_guest() {
        let mut lock = lock();
        for sequence in 0..4 {
            lock.admits(NOW, at("203.0.113.9:7"), 9, sequence);
        }
        assert_eq!(lock.destination(), at("203.0.113.9:7"));
        assert!(lock.admits(NOW, at("192.0.2.1:61000"), 1, 1));
        assert!(lock.admits(NOW, at("192.0.2.1:4000"), 1, 2));
        assert!(!lock.admits(NOW, at("192.0.2.1:61000"), 1, 3));
        assert!(!lock.admits(NOW, at("203.0.113.9:7"), 9, 4));
    }

    #[test]
    fn a_renewed_nat_binding_goes_on_after_a_silence() {
        let mut lock = lock();
        assert!(lock.admits(NOW, at("192.0.2.1:4000"), 1, 1));
        let later = NOW + REBIND_SILENCE;
        assert!(!lock.admits(later, at("192.0.2.1:9000"), 2, 2), "another SSRC is another stream");
        assert!(!lock.admits(later, at("203.0.113.9:9000"), 1, 2), "another host is another stream");
        assert!(lock.admits(later, at("192.0.2.1:9000"), 1, 2));
        assert!(!lock.admits(later, at("192.0.2.1:4002"), 1, 3));
    }

    #[test]
    fn only_another_address_opens_the_lock_again() {
        let mut lock = lock();
        assert!(lock.admits(NOW, at("192.0.2.1:61000"), 1, 1));
        lock.negotiate(at("192.0.2.1:4000"));
        assert_eq!(lock.destination(), at("192.0.2.1:61000"));
        lock.negotiate(at("192.0.2.8:4000"));
        assert_eq!(lock.destination(), at("192.0.2.8:4000"));
        assert!(lock.admits(NOW, at("192.0.2.8:4000"), 1, 2));
    }
}
