//! Keys going out: RFC 4733 events on the 20 ms beat, three ends each, a pause between two keys.
//! Never speaks while a key is down; hands the moment back to the voice during pauses. RFC 4733 2.5.1.

use std::collections::VecDeque;
use std::time::Duration;

use super::FRAME_SAMPLES;
use super::rtp::{HEADER_BYTES, rewrite};
use super::stream::Stream;
use super::telephone_event::{EVENT_BYTES, TelephoneEvent};
use crate::model::limits::KEYS_AHEAD_MAX;
use crate::model::{Digit, Moment};

/// `Pause` -> `Down` (updates, each longer) -> `Released` (three ends) -> `Pause` -> next key.
#[derive(Debug)]
pub(crate) struct Dialler {
    waiting: VecDeque<Press>,
    state: State,
}

/// A key, and how many frames it is down in all.
#[derive(Clone, Copy, Debug)]
struct Press {
    digit: Digit,
    frames: u16,
}

#[derive(Debug)]
enum State {
    /// Frames of voice left before the next key.
    Pause(u8),
    /// `sent` frames of the key have been sent; `timestamp` once the event has one.
    Down { press: Press, sent: u16, timestamp: Option<u32> },
    /// The key is up; so many repeats of the end are left.
    Released { press: Press, timestamp: u32, left: u8 },
}

/// What one 20 ms step sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// No key: the voice may speak.
    Voice,
    /// A packet of so many bytes.
    Packet(usize),
    /// The stream runs ahead of the clock; the key waits a frame.
    Wait,
    /// No event type was agreed: the voice must sound this key's tones, of which so many samples were heard.
    InBand { digit: Digit, heard: u32 },
}

impl Dialler {
    pub fn new() -> Self {
        Dialler { waiting: VecDeque::with_capacity(KEYS_AHEAD_MAX), state: State::Pause(0) }
    }

    /// Appends keys; how many found no room.
    pub fn press(&mut self, digits: &[Digit], duration: Duration) -> usize {
        let frames = frames_of(duration);
        let room = KEYS_AHEAD_MAX - self.waiting.len();
        self.waiting.extend(digits.iter().take(room).map(|digit| Press { digit: *digit, frames }));
        digits.len().saturating_sub(room)
    }

    /// The key that was pressed last is still down after `so_far`, and for a while to come. Too late when it is up already.
    pub fn hold(&mut self, digit: Digit, so_far: Duration) {
        if let Some((press, sent)) = self.last_pressed(digit) {
            // Some devices tell of every packet's own length only, so what has been sent counts as well.
            press.frames = (frames_of(so_far).max(sent) + UPDATE_FRAMES).min(FRAMES_MAX as u16);
        }
    }

    /// The key that was pressed last is up again and was down for `lasted`.
    pub fn release(&mut self, digit: Digit, lasted: Duration) {
        if let Some((press, sent)) = self.last_pressed(digit) {
            press.frames = frames_of(lasted).max(sent);
        }
    }

    /// The key that was pressed last, if it is this one and not up yet, and how many frames of it have been sent.
    fn last_pressed(&mut self, digit: Digit) -> Option<(&mut Press, u16)> {
        let last = match (self.waiting.back_mut(), &mut self.state) {
            (Some(press), _) => Some((press, 0)),
            (None, State::Down { press, sent, .. }) => Some((press, *sent)),
            (None, State::Pause(_) | State::Released { .. }) => None,
        };
        last.filter(|(press, _)| press.digit == digit)
    }

    /// Whether keys are being sent or wait for it.
    pub fn is_busy(&self) -> bool {
        !self.waiting.is_empty() || !matches!(self.state, State::Pause(0))
    }

    /// The next 20 ms at `at`, written into `out` when it is a packet.
    pub fn step(&mut self, at: Moment, stream: &mut Stream, payload_type: Option<u8>, out: &mut [u8]) -> Step {
        if let State::Pause(left) = &mut self.state {
            if *left > 0 {
                *left -= 1;
                return Step::Voice;
            }
            let Some(press) = self.waiting.pop_front() else { return Step::Voice };
            self.state = State::Down { press, sent: 0, timestamp: None };
        }
        match (payload_type, &mut self.state) {
            (_, State::Pause(_)) => Step::Voice,
            (None, State::Down { press, sent, .. }) => {
                let (digit, heard) = (press.digit, u32::from(*sent) * FRAME_SAMPLES as u32);
                *sent += 1;
                if *sent >= press.frames {
                    self.state = State::Pause(PAUSE_IN_BAND_FRAMES);
                }
                Step::InBand { digit, heard }
            }
            (None, State::Released { .. }) => {
                self.state = State::Pause(PAUSE_FRAMES);
                Step::Voice
            }
            (Some(payload_type), State::Down { press, sent, timestamp }) => {
                let press = *press;
                let end = *sent + 1 >= press.frames;
                let duration = (*sent + 1) * FRAME_SAMPLES as u16;
                let header = match *timestamp {
                    None => stream.event_start(at, payload_type, EVENT_BYTES),
                    Some(timestamp) => {
                        Some(stream.event(at, payload_type, timestamp, u32::from(duration), EVENT_BYTES))
                    }
                };
                let Some(header) = header else { return Step::Wait };
                *sent += 1;
                *timestamp = Some(header.timestamp);
                if end {
                    self.state = State::Released { press, timestamp: header.timestamp, left: END_REPEATS };
                }
                Step::Packet(write(out, header, press.digit, duration, end))
            }
            (Some(payload_type), State::Released { press, timestamp, left }) => {
                let (digit, duration) = (press.digit, press.frames * FRAME_SAMPLES as u16);
                let header = stream.event(at, payload_type, *timestamp, u32::from(duration), EVENT_BYTES);
                *left -= 1;
                if *left == 0 {
                    self.state = State::Pause(PAUSE_FRAMES);
                }
                Step::Packet(write(out, header, digit, duration, true))
            }
        }
    }
}

/// Frames of a key that is down for `duration`.
fn frames_of(duration: Duration) -> u16 {
    duration.as_millis().div_ceil(20).clamp(FRAMES_MIN, FRAMES_MAX) as u16
}

fn write(out: &mut [u8], header: super::rtp::Header, digit: Digit, duration: u16, end: bool) -> usize {
    let event = TelephoneEvent { code: digit.event(), end, volume: VOLUME, duration };
    if let Some(payload) = out.get_mut(HEADER_BYTES..HEADER_BYTES + EVENT_BYTES) {
        payload.copy_from_slice(&event.to_bytes());
    }
    rewrite(out, HEADER_BYTES..HEADER_BYTES + EVENT_BYTES, header)
}

/// 40 ms: what Q.24 asks every receiver to take.
const FRAMES_MIN: u128 = 2;
/// 6 s: below the 8 s that the duration field can tell.
const FRAMES_MAX: u128 = 300;
/// The end is sent three times in all (2.5.1.4).
const END_REPEATS: u8 = 2;
/// 40 ms of voice after 40 ms of repeated ends.
const PAUSE_FRAMES: u8 = 2;
/// 80 ms between two keys in the band.
const PAUSE_IN_BAND_FRAMES: u8 = 4;
/// How long a key counts as down after word that it is: devices send one each 20 to 50 ms, and one may be lost.
const UPDATE_FRAMES: u16 = 4;
/// -10 dBm0.
const VOLUME: u8 = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::rtp::{Header, Packet};

    fn digits(keys: &str) -> Vec<Digit> {
        keys.chars().map(|key| Digit::new(key).expect("a key")).collect()
    }

    /// What a dialler sends until it is done: headers with their events.
    fn packets(dialler: &mut Dialler) -> Vec<(Header, TelephoneEvent)> {
        let mut stream = Stream::new(1, 10, 8000);
        let mut sent = Vec::new();
        for n in 0..1000 {
            if !dialler.is_busy() {
                break;
            }
            let mut out = [0; 64];
            if let Step::Packet(len) = dialler.step(Moment::from_millis(n * 20), &mut stream, Some(101), &mut out) {
                let packet = Packet::parse(&out[..len]).expect("we write valid packets");
                sent.push((packet.header(), TelephoneEvent::parse(packet.payload()).expect("an event")));
            }
        }
        sent
    }

    #[test]
    fn a_key_is_one_timestamp_growing_and_ending_three_times() {
        let mut dialler = Dialler::new();
        assert_eq!(dialler.press(&digits("7"), Duration::from_millis(100)), 0);
        let sent = packets(&mut dialler);
        let durations: Vec<u16> = sent.iter().map(|(_, event)| event.duration).collect();
        assert_eq!(durations, [160, 320, 480, 640, 800, 800, 800]);
        let ends: Vec<bool> = sent.iter().map(|(_, event)| event.end).collect();
        assert_eq!(ends, [false, false, false, false, true, true, true]);
        let markers: Vec<bool> = sent.iter().map(|(header, _)| header.marker).collect();
        assert_eq!(markers, [true, false, false, false, false, false, false]);
        assert!(sent.iter().all(|(header, event)| header.timestamp == sent[0].0.timestamp && event.code == 7));
        assert!(sent.windows(2).all(|pair| pair[1].0.sequence == pair[0].0.sequence + 1));
    }

    #[test]
    fn keys_follow_each_other_after_a_pause() {
        let mut dialler = Dialler::new();
        dialler.press(&digits("12"), Duration::from_millis(100));
        let sent = packets(&mut dialler);
        assert_eq!(sent.len(), 14);
        // Five frames of key, two of repeated ends, two of pause.
        assert_eq!(sent[7].0.timestamp - sent[0].0.timestamp, 9 * 160);
        assert!(sent[7].0.marker);
    }

    #[test]
    fn the_shortest_and_the_longest_key_are_bounded() {
        let mut dialler = Dialler::new();
        dialler.press(&digits("1"), Duration::ZERO);
        assert_eq!(packets(&mut dialler).last().map(|(_, event)| event.duration), Some(320));
        dialler.press(&digits("1"), Duration::from_secs(60));
        assert_eq!(packets(&mut dialler).last().map(|(_, event)| event.duration), Some(48_000));
    }

    #[test]
    fn each_key_has_its_own_length() {
        let mut dialler = Dialler::new();
        dialler.press(&digits("1"), Duration::from_millis(200));
        dialler.press(&digits("2"), Duration::from_millis(60));
        let sent = packets(&mut dialler);
        let ends = |code| sent.iter().filter(move |(_, event)| event.code == code && event.end);
        assert_eq!(ends(1).map(|(_, event)| event.duration).collect::<Vec<_>>(), [1600; 3]);
        assert_eq!(ends(2).map(|(_, event)| event.duration).collect::<Vec<_>>(), [480; 3]);
    }

    #[test]
    fn a_key_lasts_as_long_as_it_is_held() {
        let lasts = |change: &dyn Fn(&mut Dialler)| {
            let mut dialler = Dialler::new();
            dialler.press(&digits("1"), Duration::from_millis(100));
            change(&mut dialler);
            packets(&mut dialler).last().map(|(_, event)| event.duration)
        };
        let (one, two) = (digits("1")[0], digits("2")[0]);
        assert_eq!(lasts(&|dialler| dialler.hold(one, Duration::from_millis(300))), Some(2400 + 4 * 160));
        assert_eq!(lasts(&|dialler| dialler.release(one, Duration::from_millis(60))), Some(480));
        assert_eq!(
            lasts(&|dialler| dialler.hold(two, Duration::from_millis(300))),
            Some(800),
            "another key's business"
        );
        assert_eq!(lasts(&|dialler| dialler.hold(one, Duration::from_secs(9))), Some(48_000));
    }

    #[test]
    fn a_key_goes_on_while_word_of_it_comes() {
        let (mut dialler, mut stream) = (Dialler::new(), Stream::new(1, 10, 8000));
        let one = digits("1")[0];
        dialler.press(&[one], Duration::from_millis(40));
        let mut step =
            |dialler: &mut Dialler, n: u64| dialler.step(Moment::from_millis(n * 20), &mut stream, None, &mut [0; 64]);
        for n in 0..50 {
            dialler.hold(one, Duration::from_millis(20));
            assert!(matches!(step(&mut dialler, n), Step::InBand { .. }), "frame {n}");
        }
        dialler.release(one, Duration::from_millis(20));
        assert!(matches!(step(&mut dialler, 50), Step::InBand { .. }), "a frame at most after it is up");
        assert_eq!(step(&mut dialler, 51), Step::Voice);
        dialler.hold(one, Duration::from_secs(1));
        assert_eq!(step(&mut dialler, 52), Step::Voice, "too late");
    }

    #[test]
    fn more_keys_than_there_is_room_for_are_refused() {
        let mut dialler = Dialler::new();
        assert_eq!(dialler.press(&digits(&"1".repeat(KEYS_AHEAD_MAX + 3)), Duration::from_millis(40)), 3);
        assert_eq!(dialler.press(&digits("2"), Duration::from_millis(40)), 1);
    }

    #[test]
    fn without_an_event_type_the_tones_are_asked_for() {
        let mut dialler = Dialler::new();
        dialler.press(&digits("9"), Duration::from_millis(60));
        let mut stream = Stream::new(1, 10, 8000);
        let steps: Vec<Step> =
            (0..4).map(|n| dialler.step(Moment::from_millis(n * 20), &mut stream, None, &mut [0; 64])).collect();
        let digit = digits("9")[0];
        let heard = |heard| Step::InBand { digit, heard };
        assert_eq!(steps, [heard(0), heard(160), heard(320), Step::Voice]);
    }
}
