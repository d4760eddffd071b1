//! The one RTP stream that a listener hears from us, whatever feeds it: prompts, music, silence, keys, a bridged peer.
//! One SSRC, sequence numbers without holes of our making, timestamps that follow the clock; never looks at audio.
//! RFC 3550 5.1, RFC 3551 4.1 (marker).

use std::time::Duration;

use super::FRAME_SAMPLES;
use super::rtp::Header;
use crate::model::Moment;

/// ```text
///            frame() every 20 ms                 relay() as packets come
///  ── prompt ─┬─ silence ─┬─────────── bridged peer ───────────┬─ music ──
///  seq n, n+1 │           │ first packet: splice, marker       │ splice, marker
///             │           │ then peer's numbers + two offsets  │
/// ```
///
/// A splice puts the next packet where the clock says, never before the end of what was sent. Because each source keeps
/// its own beat, a splice may run up to one frame ahead of the clock; a packet that would be further ahead is skipped, so
/// that any number of splices never delays the listener by more than a frame.
#[derive(Debug)]
pub(crate) struct Stream {
    ssrc: u32,
    /// Of the next packet.
    sequence: u16,
    /// The timestamp just after the last sample sent.
    edge: u32,
    last: Option<Last>,
    lane: Option<Lane>,
    packets: u64,
    bytes: u64,
}

/// The last packet in order.
#[derive(Clone, Copy, Debug)]
struct Last {
    at: Moment,
    /// Its length; zero for a telephone event, whose samples lie before `at`.
    samples: u32,
    /// Samples by which the stream runs ahead of the clock.
    lead: u32,
}

/// How a bridged peer's numbers become ours.
#[derive(Clone, Copy, Debug)]
struct Lane {
    ssrc: u32,
    /// The first sequence number of the peer that was relayed.
    first: u16,
    sequence_offset: u16,
    timestamp_offset: u32,
}

/// What a relayed packet covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    /// Samples of audio from the timestamp on.
    Audio(u32),
    /// A telephone event that has lasted this long since the timestamp.
    Event(u32),
}

impl Stream {
    pub fn new(ssrc: u32, sequence: u16, timestamp: u32) -> Self {
        Stream { ssrc, sequence, edge: timestamp, last: None, lane: None, packets: 0, bytes: 0 }
    }

    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Packets sent.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Payload bytes sent.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The timestamp that stands for `now` in a sender report.
    pub fn timestamp_at(&self, now: Moment) -> u32 {
        self.last.map_or(self.edge, |last| {
            self.edge.wrapping_sub(last.samples).wrapping_add(samples(now.since(last.at)) as u32)
        })
    }

    /// The header of a frame of our own with `FRAME_SAMPLES` bytes; none when the frame would run ahead of the clock.
    pub fn frame(&mut self, at: Moment, payload_type: u8) -> Option<Header> {
        let (timestamp, lead, jumped) = self.place(at)?;
        let marker = self.lane.take().is_some() || jumped;
        self.edge = timestamp.wrapping_add(FRAME_SAMPLES as u32);
        self.last = Some(Last { at, samples: FRAME_SAMPLES as u32, lead });
        Some(self.next(marker, payload_type, timestamp, FRAME_SAMPLES))
    }

    /// The header of the first packet of an event of our own.
    pub fn event_start(&mut self, at: Moment, payload_type: u8, bytes: usize) -> Option<Header> {
        let (timestamp, lead, _) = self.place(at)?;
        self.lane = None;
        self.edge = timestamp.wrapping_add(FRAME_SAMPLES as u32);
        self.last = Some(Last { at, samples: FRAME_SAMPLES as u32, lead });
        Some(self.next(true, payload_type, timestamp, bytes))
    }

    /// The header of a later packet of the event that began at `timestamp` and now lasts `duration` samples.
    pub fn event(&mut self, at: Moment, payload_type: u8, timestamp: u32, duration: u32, bytes: usize) -> Header {
        let edge = timestamp.wrapping_add(duration);
        if is_after(edge, self.edge) {
            self.edge = edge;
            self.last = self.last.map(|last| Last { at, ..last });
        }
        self.next(false, payload_type, timestamp, bytes)
    }

    /// Ends the relay of a peer's stream, so that its next packet is spliced on: something of it was left out.
    pub fn break_lane(&mut self) {
        self.lane = None;
    }

    /// The header under which a bridged peer's packet goes on; none when it must not: it is older than the splice, or it
    /// would run ahead of the clock. `newest` tells that no later packet of the peer came before.
    pub fn relay(
        &mut self,
        now: Moment,
        from: Header,
        payload_type: u8,
        span: Span,
        newest: bool,
        bytes: usize,
    ) -> Option<Header> {
        let (marker, sequence, timestamp, lead) = match self.lane {
            Some(lane) if lane.ssrc == from.ssrc && !self.strays(&lane, now, &from, span, newest) => {
                if is_before(from.sequence, lane.first) {
                    return None;
                }
                let sequence = from.sequence.wrapping_add(lane.sequence_offset);
                let timestamp = from.timestamp.wrapping_add(lane.timestamp_offset);
                (from.marker, sequence, timestamp, self.last.map_or(0, |last| last.lead))
            }
            _ if !newest => return None,
            _ => {
                let (timestamp, lead, _) = self.place(now)?;
                self.lane = Some(Lane {
                    ssrc: from.ssrc,
                    first: from.sequence,
                    sequence_offset: self.sequence.wrapping_sub(from.sequence),
                    timestamp_offset: timestamp.wrapping_sub(from.timestamp),
                });
                (true, self.sequence, timestamp, lead)
            }
        };
        if newest {
            let (covered, samples) = match span {
                Span::Audio(samples) => (samples, samples),
                Span::Event(duration) => (duration, 0),
            };
            let edge = timestamp.wrapping_add(covered);
            self.edge = if matches!(span, Span::Audio(_)) || is_after(edge, self.edge) { edge } else { self.edge };
            self.last = Some(Last { at: now, samples, lead });
            self.sequence = sequence.wrapping_add(1);
        }
        self.packets += 1;
        self.bytes += bytes as u64;
        Some(Header { marker, payload_type, sequence, timestamp, ssrc: self.ssrc })
    }

    /// Whether the peer's clock jumped although its numbers did not: some switchboards splice without care.
    fn strays(&self, lane: &Lane, now: Moment, from: &Header, span: Span, newest: bool) -> bool {
        let (Some(last), Span::Audio(_), true) = (self.last, span, newest) else { return false };
        let due = self.edge.wrapping_sub(last.samples).wrapping_add(samples(now.since(last.at)) as u32);
        let timestamp = from.timestamp.wrapping_add(lane.timestamp_offset);
        (timestamp.wrapping_sub(due) as i32).unsigned_abs() > STRAY_SAMPLES
    }

    /// Timestamp and lead of a packet sent at `at`, and whether it does not follow on directly.
    fn place(&self, at: Moment) -> Option<(u32, u32, bool)> {
        let Some(last) = self.last else { return Some((self.edge, 0, true)) };
        let ahead = i64::from(last.samples + last.lead) - samples(at.since(last.at));
        if ahead >= FRAME_SAMPLES as i64 {
            return None;
        }
        let gap = u32::try_from(-ahead).unwrap_or(0);
        Some((self.edge.wrapping_add(gap), u32::try_from(ahead).unwrap_or(0), gap > 0))
    }

    fn next(&mut self, marker: bool, payload_type: u8, timestamp: u32, bytes: usize) -> Header {
        let header = Header { marker, payload_type, sequence: self.sequence, timestamp, ssrc: self.ssrc };
        self.sequence = self.sequence.wrapping_add(1);
        self.packets += 1;
        self.bytes += bytes as u64;
        header
    }
}

/// Samples at 8 kHz in `duration`; at most what 32 bits hold, a silence of six days.
fn samples(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos() / 125_000).unwrap_or(i64::MAX).min(i64::from(u32::MAX))
}

fn is_after(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) > 0
}

fn is_before(a: u16, b: u16) -> bool {
    (a.wrapping_sub(b) as i16) < 0
}

/// A timestamp further than two seconds from the clock is no jitter.
const STRAY_SAMPLES: u32 = 16_000;

#[cfg(test)]
mod tests {
    use super::*;

    const PCMU: u8 = 0;

    fn ms(millis: u64) -> Moment {
        Moment::from_millis(millis)
    }

    fn stream() -> Stream {
        Stream::new(77, 65_534, u32::MAX - 200)
    }

    fn peer(sequence: u16, timestamp: u32) -> Header {
        Header { marker: false, payload_type: PCMU, sequence, timestamp, ssrc: 5 }
    }

    fn relay(stream: &mut Stream, at: Moment, from: Header) -> Option<Header> {
        stream.relay(at, from, PCMU, Span::Audio(160), true, 160)
    }

    #[test]
    fn frames_follow_each_other_across_both_wraps() {
        let mut stream = stream();
        for n in 0..10_u32 {
            let header = stream.frame(ms(u64::from(n) * 20), PCMU).expect("on the beat");
            assert_eq!(header.sequence, 65_534_u16.wrapping_add(n as u16));
            assert_eq!(header.timestamp, (u32::MAX - 200).wrapping_add(n * 160));
            assert_eq!(header.marker, n == 0);
        }
        assert_eq!((stream.packets(), stream.bytes()), (10, 1600));
    }

    #[test]
    fn a_pause_shows_in_the_timestamp_and_not_in_the_sequence() {
        let mut stream = stream();
        let first = stream.frame(ms(0), PCMU).expect("first");
        let second = stream.frame(ms(1000), PCMU).expect("after a pause");
        assert_eq!(second.sequence, first.sequence.wrapping_add(1));
        assert_eq!(second.timestamp, first.timestamp.wrapping_add(8000));
        assert!(second.marker);
    }

    #[test]
    fn a_bridged_peer_continues_our_numbers() {
        let mut stream = stream();
        let prompt = stream.frame(ms(0), PCMU).expect("prompt");
        let spliced = relay(&mut stream, ms(25), peer(9_000, 123_456)).expect("spliced");
        assert!(spliced.marker);
        assert_eq!(spliced.ssrc, prompt.ssrc);
        assert_eq!(spliced.sequence, prompt.sequence.wrapping_add(1));
        assert_eq!(spliced.timestamp, prompt.timestamp.wrapping_add(200));
        let lossy = relay(&mut stream, ms(65), peer(9_002, 123_456 + 320)).expect("after a loss");
        assert!(!lossy.marker);
        assert_eq!(lossy.sequence, spliced.sequence.wrapping_add(2), "the peer's loss stays visible");
        assert_eq!(lossy.timestamp, spliced.timestamp.wrapping_add(320));
        let late = stream.relay(ms(66), peer(9_001, 123_456 + 160), PCMU, Span::Audio(160), false, 160);
        assert_eq!(late.expect("late but new").sequence, spliced.sequence.wrapping_add(1));
        let music = stream.frame(ms(90), PCMU).expect("music");
        assert!(music.marker);
        assert_eq!(music.sequence, lossy.sequence.wrapping_add(1));
        assert_eq!(music.timestamp, lossy.timestamp.wrapping_add(200));
    }

    #[test]
    fn a_packet_from_before_the_splice_is_left_behind() {
        let mut stream = stream();
        relay(&mut stream, ms(0), peer(100, 0)).expect("spliced");
        assert_eq!(stream.relay(ms(1), peer(99, 0), PCMU, Span::Audio(160), false, 160), None);
        stream.break_lane();
        assert_eq!(
            stream.relay(ms(2), peer(98, 0), PCMU, Span::Audio(160), false, 160),
            None,
            "no splice on an old packet"
        );
    }

    #[test]
    fn a_peer_whose_clock_jumps_is_spliced_again() {
        let mut stream = stream();
        let before = relay(&mut stream, ms(0), peer(1, 0)).expect("spliced");
        let after = relay(&mut stream, ms(20), peer(2, 3_000_000_000)).expect("spliced again");
        assert!(after.marker);
        assert_eq!(after.timestamp, before.timestamp.wrapping_add(160));
        assert_eq!(after.sequence, before.sequence.wrapping_add(1));
        let again = relay(&mut stream, ms(40), peer(3, 3_000_000_160)).expect("goes on");
        assert_eq!((again.marker, again.timestamp), (false, after.timestamp.wrapping_add(160)));
    }

    #[test]
    fn an_event_keeps_its_timestamp_and_audio_goes_on_behind_it() {
        let mut stream = stream();
        let audio = relay(&mut stream, ms(0), peer(1, 1000)).expect("spliced");
        for n in 0..5_u16 {
            let event = stream
                .relay(ms(20 + u64::from(n) * 20), peer(2 + n, 1160), 101, Span::Event(u32::from(n + 1) * 160), true, 4)
                .expect("an event packet");
            assert_eq!(event.timestamp, audio.timestamp.wrapping_add(160));
            assert_eq!(event.payload_type, 101);
        }
        let back = relay(&mut stream, ms(120), peer(7, 1960)).expect("audio again");
        assert_eq!(back.timestamp, audio.timestamp.wrapping_add(960));
        assert!(!back.marker);
    }

    #[test]
    fn a_thousand_splices_never_run_more_than_a_frame_ahead_of_the_clock() {
        let mut stream = stream();
        let start = stream.frame(ms(0), PCMU).expect("first").timestamp;
        let (mut last, mut sent) = (start, 0);
        for n in 1..1000_u64 {
            // The peer's packets fall 3 ms after each of our frames; every frame the listener's source changes.
            let header = if n % 2 == 0 {
                stream.frame(ms(n * 20), PCMU)
            } else {
                relay(&mut stream, ms(n * 20 - 17), peer(n as u16, n as u32 * 160))
            };
            let Some(header) = header else { continue };
            sent += 1;
            let clock = (n * 160) as i64;
            let stamped = i64::from(header.timestamp.wrapping_sub(start));
            assert!(header.timestamp.wrapping_sub(last) as i32 >= 160, "timestamps never overlap");
            assert!(stamped <= clock + 160, "{stamped} is more than a frame ahead of {clock}");
            last = header.timestamp;
            stream.break_lane();
        }
        assert!(sent > 900, "only {sent} of 1000 packets passed");
    }

    #[test]
    fn a_report_names_the_timestamp_of_now() {
        let mut stream = stream();
        let first = stream.frame(ms(0), PCMU).expect("first");
        assert_eq!(stream.timestamp_at(ms(10)), first.timestamp.wrapping_add(80));
    }
}
