//! Telephone events: the four bytes of a key, and the receiver that hears each key once however many packets tell of it.
//! Never hears tones in audio. RFC 4733 2.3 and 2.5.

use crate::model::Digit;

/// The payload of one event packet (RFC 4733 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TelephoneEvent {
    /// 0-15 are the DTMF keys; others are tones and hook flashes.
    pub code: u8,
    /// The key was let go.
    pub end: bool,
    /// Power in dBm0 without its sign, 0 to 63.
    pub volume: u8,
    /// Samples since the packet's timestamp.
    pub duration: u16,
}

impl TelephoneEvent {
    /// The first event of a payload; none when it is too short.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let ([code, flags, high, low], _) = payload.split_first_chunk()?;
        let duration = u16::from_be_bytes([*high, *low]);
        Some(TelephoneEvent { code: *code, end: flags & END != 0, volume: flags & VOLUME, duration })
    }

    /// The four bytes of the payload.
    #[must_use]
    pub fn to_bytes(self) -> [u8; EVENT_BYTES] {
        let [high, low] = self.duration.to_be_bytes();
        [self.code, if self.end { END } else { 0 } | (self.volume & VOLUME), high, low]
    }
}

/// Tells a new event from the other packets of the last one, by RTP timestamp.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct EventReceiver {
    last: Option<Heard>,
    /// The peer's stream began anew since `last`.
    restarted: bool,
}

#[derive(Clone, Copy, Debug)]
struct Heard {
    timestamp: u32,
    event: TelephoneEvent,
}

impl EventReceiver {
    /// The key, at the first packet of its event that arrives, be it the start, an update or one of the ends.
    pub fn receive(&mut self, timestamp: u32, event: TelephoneEvent) -> Option<Digit> {
        let restarted = std::mem::take(&mut self.restarted);
        if let Some(last) = &mut self.last {
            let since = timestamp.wrapping_sub(last.timestamp);
            let older = (since as i32) < 0 && !restarted;
            if since == 0 || older {
                // A packet that overtook another must not make the event shorter or undo its end.
                if since == 0 && event.code == last.event.code {
                    last.event.duration = last.event.duration.max(event.duration);
                    last.event.end |= event.end;
                }
                return None;
            }
            if !restarted && last.is_continued_by(since, event) {
                *last = Heard { timestamp, event };
                return None;
            }
        }
        self.last = Some(Heard { timestamp, event });
        Digit::from_event(event.code)
    }

    /// The peer's stream began anew: its timestamps no longer compare with those before. Only the very same one still names
    /// the same key, for gateways that send events under an SSRC of their own between packets of audio.
    pub fn restart(&mut self) {
        self.restarted = true;
    }
}

impl Heard {
    /// A key held longer than 16 bits can tell goes on under the timestamp where the last segment ended (2.5.1.3).
    /// Devices that move the timestamp with every packet fall under the same rule.
    fn is_continued_by(&self, since: u32, event: TelephoneEvent) -> bool {
        !self.event.end
            && self.event.code == event.code
            && (since <= u32::from(self.event.duration) || since == SEGMENT_SAMPLES)
    }
}

/// Bytes of one event payload.
pub const EVENT_BYTES: usize = 4;

const END: u8 = 0x80;
const VOLUME: u8 = 0x3F;
const SEGMENT_SAMPLES: u32 = 0xFFFF;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The packets of one key press: updates every 20 ms and three ends, all under one timestamp.
    fn press(code: u8, timestamp: u32, packets: u16) -> Vec<(u32, TelephoneEvent)> {
        let event = |n: u16, end| (timestamp, TelephoneEvent { code, end, volume: 10, duration: n * 160 });
        let updates = (1..packets).map(|n| event(n, false));
        updates.chain((0..3).map(|_| event(packets, true))).collect()
    }

    fn keys(packets: &[(u32, TelephoneEvent)]) -> String {
        let mut receiver = EventReceiver::default();
        packets.iter().filter_map(|(at, event)| receiver.receive(*at, *event)).map(Digit::key).collect()
    }

    #[test]
    fn the_payload_survives_the_round_trip() {
        let event = TelephoneEvent { code: 11, end: true, volume: 10, duration: 1600 };
        assert_eq!(event.to_bytes(), [11, 0x8A, 0x06, 0x40]);
        assert_eq!(TelephoneEvent::parse(&event.to_bytes()), Some(event));
        assert_eq!(TelephoneEvent::parse(&[1, 2, 3]), None);
    }

    #[test]
    fn a_key_is_heard_once_and_at_its_first_packet() {
        let packets = press(5, 1000, 5);
        let mut receiver = EventReceiver::default();
        assert_eq!(receiver.receive(packets[0].0, packets[0].1).map(Digit::key), Some('5'));
        assert!(packets[1..].iter().all(|(at, event)| receiver.receive(*at, *event).is_none()));
    }

    #[test]
    fn the_same_key_twice_is_two_keys() {
        assert_eq!(keys(&[press(1, 1000, 5), press(1, 2600, 5)].concat()), "11");
        assert_eq!(keys(&[press(1, u32::MAX - 100, 5), press(1, 1500, 5)].concat()), "11", "across the wrap");
    }

    #[test]
    fn the_same_key_twice_is_two_keys_even_when_no_end_came() {
        let cut = |packets: Vec<(u32, TelephoneEvent)>| packets[..3].to_vec();
        assert_eq!(keys(&[cut(press(1, 1000, 5)), cut(press(1, 2600, 5))].concat()), "11");
    }

    #[test]
    fn any_one_packet_is_enough() {
        let packets = press(9, 1000, 5);
        for survivor in packets {
            assert_eq!(keys(&[survivor]), "9");
        }
    }

    #[test]
    fn an_end_that_comes_after_the_next_key_is_no_third_key() {
        let (first, second) = (press(1, 1000, 5), press(2, 2600, 5));
        let last_end = first[6];
        let order = [&first[..6], &second[..2], &[last_end], &second[2..]].concat();
        assert_eq!(keys(&order), "12");
    }

    #[test]
    fn a_key_held_for_ten_seconds_is_one_key() {
        let held = |timestamp, duration, end| (timestamp, TelephoneEvent { code: 3, end, volume: 10, duration });
        assert_eq!(
            keys(&[held(0, 0xFF00, false), held(0, 0xFFFF, false), held(0xFFFF, 160, false), held(0xFFFF, 320, true)]),
            "3"
        );
        assert_eq!(
            keys(&[held(0, 0xFF00, false), held(0xFFFF, 320, true)]),
            "3",
            "with the segment's last packet lost"
        );
    }

    #[test]
    fn a_device_that_moves_the_timestamp_presses_one_key() {
        let moving: Vec<_> = (0..5_u16)
            .map(|n| (u32::from(n) * 160, TelephoneEvent { code: 7, end: false, volume: 10, duration: (n + 1) * 160 }))
            .collect();
        assert_eq!(keys(&moving), "7");
    }

    #[test]
    fn what_is_no_key_is_no_digit() {
        assert_eq!(keys(&press(16, 1000, 5)), "", "a hook flash");
    }

    #[test]
    fn after_a_restart_an_older_timestamp_is_a_new_key() {
        let mut receiver = EventReceiver::default();
        let (_, event) = press(4, 0, 5)[0];
        assert!(receiver.receive(50_000, event).is_some());
        assert!(receiver.receive(100, event).is_none());
        receiver.restart();
        assert!(receiver.receive(100, event).is_some());
    }

    #[test]
    fn a_stream_that_restarts_within_a_key_does_not_press_it_again() {
        let mut receiver = EventReceiver::default();
        let mut heard = 0;
        for (timestamp, event) in press(4, 1000, 5) {
            receiver.restart();
            heard += usize::from(receiver.receive(timestamp, event).is_some());
        }
        assert_eq!(heard, 1);
    }

    proptest! {
        /// Whatever is lost, doubled or swapped within a press, keys arrive once each and in order, as long as one packet does.
        #[test]
        fn keys_survive_a_bad_line(
            codes in proptest::collection::vec(0..16_u8, 1..8),
            fate in proptest::collection::vec((any::<bool>(), any::<bool>(), any::<bool>()), 64),
            first in any::<u32>(),
        ) {
            let mut heard = String::new();
            let mut receiver = EventReceiver::default();
            let mut fate = fate.iter().cycle();
            for (n, code) in codes.iter().enumerate() {
                let packets = press(*code, first.wrapping_add(n as u32 * 1600), 5);
                let mut arrived: Vec<_> = Vec::new();
                for (at, packet) in packets.iter().enumerate() {
                    let (lost, doubled, swapped) = *fate.next().expect("an endless cycle");
                    if lost && at != 3 {
                        continue;
                    }
                    arrived.push(*packet);
                    if doubled {
                        arrived.push(*packet);
                    }
                    if swapped && arrived.len() > 1 {
                        let len = arrived.len();
                        arrived.swap(len - 1, len - 2);
                    }
                }
                heard.extend(arrived.iter().filter_map(|(at, event)| receiver.receive(*at, *event)).map(Digit::key));
            }
            let pressed: String = codes.iter().filter_map(|code| Digit::from_event(*code)).map(Digit::key).collect();
            prop_assert_eq!(heard, pressed);
        }
    }
}
