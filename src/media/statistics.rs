//! What one leg's reception was like: loss, order, jitter; and what a peer reports of ours.
//! Never decides where a packet goes; it only says what kind of arrival it was. RFC 3550 6.4.1, A.1, A.3, A.8.

use crate::model::Moment;

/// The whole leg, told when it closes and in reports.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Statistics {
    pub packets_received: u64,
    pub packets_sent: u64,
    /// Payload bytes.
    pub bytes_received: u64,
    /// Payload bytes.
    pub bytes_sent: u64,
    /// Sequence numbers that never came.
    pub lost: u64,
    /// Packets that came after a later one; those within the window of 64 were still used.
    pub late: u64,
    /// Packets dropped because they had come before.
    pub duplicate: u64,
    /// Packets dropped: wrong source.
    pub foreign: u64,
    /// Datagrams dropped: not RTP, or of no agreed payload type.
    pub malformed: u64,
    /// Packets of comfort noise: the peer was there and said nothing.
    pub comfort_noise: u64,
    /// Interarrival jitter at the end (RFC 3550 A.8).
    pub jitter_ms: f32,
    /// Keys received.
    pub digits: u64,
    /// When the first packet was accepted.
    pub first_packet: Option<Moment>,
    /// When the last packet was accepted.
    pub last_packet: Option<Moment>,
    /// The peer's last RTCP report on what we sent.
    pub remote: Option<RemoteReport>,
}

/// What the peer says about our stream (RFC 3550 6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RemoteReport {
    /// Packets of ours that it missed since the start; negative when duplicates came.
    pub lost: i32,
    pub jitter_ms: f32,
    /// There and back, when the peer has heard a report of ours.
    pub round_trip_ms: Option<f32>,
}

/// How a packet stands to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// Newest so far.
    InOrder,
    /// Older than the newest, first of its number.
    Reordered,
    /// The newest, and the start of another stream: SSRC or numbering changed.
    Restarted,
    /// Seen before: drop.
    Duplicate,
    /// So far off that a second one must confirm it; or too old to tell: drop.
    Implausible,
}

/// The receiving side of one leg across all streams its peer ever started.
#[derive(Debug, Default)]
pub(crate) struct Reception {
    source: Option<Source>,
    /// Packets lost by sources that have ended.
    lost_before: u64,
    late: u64,
    duplicate: u64,
}

/// One SSRC with one run of sequence numbers.
#[derive(Debug)]
struct Source {
    ssrc: u32,
    /// Extended numbers start one cycle up, so that a packet from before the first has a place.
    first: u64,
    highest: u64,
    unique: u64,
    /// Bit n: `highest - n` was received.
    window: u64,
    /// The number that would confirm a jump (`bad_seq` of A.1).
    awaited: Option<u16>,
    /// Arrival minus timestamp of the last packet, in samples.
    transit: Option<u32>,
    /// Sixteen times the jitter in samples.
    jitter16: u32,
    expected_reported: u64,
    unique_reported: u64,
}

/// The numbers of an RTCP report block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    pub ssrc: u32,
    /// Of 256, since the last report.
    pub fraction_lost: u8,
    pub lost: u32,
    pub highest: u32,
    /// In samples.
    pub jitter: u32,
}

impl Reception {
    /// Places one packet of the leg's own source.
    pub fn arrive(&mut self, ssrc: u32, sequence: u16) -> Arrival {
        match &mut self.source {
            None => {
                self.source = Some(Source::new(ssrc, sequence));
                Arrival::InOrder
            }
            Some(source) if source.ssrc != ssrc => {
                self.restart(ssrc, sequence);
                Arrival::Restarted
            }
            Some(source) => {
                let arrival = source.arrive(sequence);
                match arrival {
                    Arrival::Restarted => self.restart(ssrc, sequence),
                    Arrival::Reordered => self.late += 1,
                    Arrival::Duplicate => self.duplicate += 1,
                    Arrival::InOrder | Arrival::Implausible => {}
                }
                arrival
            }
        }
    }

    /// Takes the spacing of one audio packet into the jitter. Events keep their timestamp and are left out.
    pub fn space(&mut self, now: Moment, timestamp: u32) {
        if let Some(source) = &mut self.source {
            source.space((now.as_nanos() / NANOS_PER_SAMPLE) as u32, timestamp);
        }
    }

    pub fn lost(&self) -> u64 {
        self.lost_before + self.source.as_ref().map_or(0, Source::lost)
    }

    pub fn late(&self) -> u64 {
        self.late
    }

    pub fn duplicate(&self) -> u64 {
        self.duplicate
    }

    pub fn jitter_ms(&self) -> f32 {
        self.source.as_ref().map_or(0.0, |source| source.jitter16 as f32 / 16.0 / 8.0)
    }

    /// The block for our next RTCP report; none before the first packet.
    pub fn report(&mut self) -> Option<Report> {
        self.source.as_mut().map(Source::report)
    }

    fn restart(&mut self, ssrc: u32, sequence: u16) {
        self.lost_before = self.lost();
        self.source = Some(Source::new(ssrc, sequence));
    }
}

impl Source {
    fn new(ssrc: u32, sequence: u16) -> Self {
        let first = CYCLE + u64::from(sequence);
        Source {
            ssrc,
            first,
            highest: first,
            unique: 1,
            window: 1,
            awaited: None,
            transit: None,
            jitter16: 0,
            expected_reported: 0,
            unique_reported: 0,
        }
    }

    fn arrive(&mut self, sequence: u16) -> Arrival {
        let ahead = sequence.wrapping_sub(self.highest as u16);
        let behind = ahead.wrapping_neg();
        if ahead != 0 && ahead < DROPOUT_MAX {
            self.highest += u64::from(ahead);
            self.window = self.window.checked_shl(u32::from(ahead)).unwrap_or(0) | 1;
            self.unique += 1;
            self.awaited = None;
            return Arrival::InOrder;
        }
        if u32::from(behind) < u64::BITS {
            let bit = 1 << behind;
            if self.window & bit != 0 {
                return Arrival::Duplicate;
            }
            self.window |= bit;
            self.unique += 1;
            self.first = self.first.min(self.highest - u64::from(behind));
            return Arrival::Reordered;
        }
        if self.awaited == Some(sequence) {
            return Arrival::Restarted;
        }
        self.awaited = (behind > MISORDER_MAX).then_some(sequence.wrapping_add(1));
        Arrival::Implausible
    }

    fn space(&mut self, arrival: u32, timestamp: u32) {
        let transit = arrival.wrapping_sub(timestamp);
        if let Some(last) = self.transit {
            let deviation = (transit.wrapping_sub(last) as i32).unsigned_abs();
            // A jump of the timestamp (a new talk spurt after a stop) is no jitter.
            if deviation < TRANSIT_JUMP_SAMPLES {
                self.jitter16 = self.jitter16 + deviation - ((self.jitter16 + 8) >> 4);
            }
        }
        self.transit = Some(transit);
    }

    fn expected(&self) -> u64 {
        self.highest - self.first + 1
    }

    fn lost(&self) -> u64 {
        self.expected() - self.unique
    }

    fn report(&mut self) -> Report {
        let expected = self.expected() - self.expected_reported;
        let lost = expected.saturating_sub(self.unique - self.unique_reported);
        self.expected_reported = self.expected();
        self.unique_reported = self.unique;
        Report {
            ssrc: self.ssrc,
            fraction_lost: (lost * 256).checked_div(expected).unwrap_or(0).min(255) as u8,
            lost: self.lost().min(LOST_MAX) as u32,
            highest: (self.highest - CYCLE) as u32,
            jitter: self.jitter16 >> 4,
        }
    }
}

const CYCLE: u64 = 1 << 16;
/// A gap of up to a minute at 20 ms is loss, a longer one another stream (`MAX_DROPOUT` of A.1).
const DROPOUT_MAX: u16 = 3000;
/// Two seconds late is old, more is another stream (`MAX_MISORDER` of A.1).
const MISORDER_MAX: u16 = 100;
/// One second.
const TRANSIT_JUMP_SAMPLES: u32 = 8_000;
/// The field has 24 bits, signed.
const LOST_MAX: u64 = 0x7F_FFFF;
/// 1 s / 8,000.
const NANOS_PER_SAMPLE: u64 = 125_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(sequences: impl IntoIterator<Item = u16>) -> Reception {
        let mut reception = Reception::default();
        for sequence in sequences {
            reception.arrive(1, sequence);
        }
        reception
    }

    #[test]
    fn a_clean_stream_loses_nothing_across_the_wrap() {
        let reception = heard((0..1000).map(|n| 65_500_u16.wrapping_add(n)));
        assert_eq!((reception.lost(), reception.late(), reception.duplicate()), (0, 0, 0));
    }

    #[test]
    fn every_third_packet_lost_is_counted_across_the_wrap() {
        let reception = heard((0..3000_u16).filter(|n| n % 3 != 1).map(|n| n.wrapping_add(64_000)));
        assert_eq!(reception.lost(), 1000);
        let reception = heard((0..2999_u16).filter(|n| n % 3 != 1).map(|n| n.wrapping_add(64_000)));
        assert_eq!(reception.lost(), 999, "a loss shows when a later packet comes");
    }

    #[test]
    fn swapped_packets_are_late_but_not_lost() {
        let reception = heard([10, 12, 11, 13, 16, 14, 15]);
        assert_eq!((reception.lost(), reception.late(), reception.duplicate()), (0, 3, 0));
    }

    #[test]
    fn a_packet_older_than_the_first_one_counts_as_expected() {
        let reception = heard([1, 2, 65_535]);
        assert_eq!((reception.lost(), reception.late()), (1, 1), "number 0 is still missing");
    }

    #[test]
    fn a_packet_that_came_before_is_a_duplicate() {
        let mut reception = heard([65_535, 0, 1]);
        assert_eq!(reception.arrive(1, 0), Arrival::Duplicate);
        assert_eq!(reception.arrive(1, 1), Arrival::Duplicate);
        assert_eq!(reception.arrive(1, 65_535), Arrival::Duplicate);
        assert_eq!((reception.duplicate(), reception.lost()), (3, 0));
    }

    #[test]
    fn one_wild_number_is_dropped_and_two_in_a_row_are_a_new_stream() {
        let mut reception = heard(0..10);
        assert_eq!(reception.arrive(1, 20_000), Arrival::Implausible);
        assert_eq!(reception.arrive(1, 10), Arrival::InOrder);
        assert_eq!(reception.arrive(1, 40_000), Arrival::Implausible);
        assert_eq!(reception.arrive(1, 40_001), Arrival::Restarted);
        assert_eq!(reception.arrive(1, 40_002), Arrival::InOrder);
        assert_eq!(reception.lost(), 0);
    }

    #[test]
    fn a_packet_too_old_for_the_window_stays_lost() {
        let mut reception = heard((0..100).filter(|n| *n != 20));
        assert_eq!(reception.arrive(1, 20), Arrival::Implausible);
        assert_eq!(reception.arrive(1, 21), Arrival::Implausible, "old twice is no new stream");
        assert_eq!(reception.lost(), 1);
    }

    #[test]
    fn another_ssrc_starts_afresh_and_keeps_the_old_loss() {
        let mut reception = heard([1, 2, 4]);
        assert_eq!(reception.arrive(9, 50_000), Arrival::Restarted);
        assert_eq!(reception.arrive(9, 50_002), Arrival::InOrder);
        assert_eq!(reception.lost(), 2);
    }

    #[test]
    fn jitter_follows_the_formula_of_the_rfc() {
        let mut reception = heard([0]);
        let mut expected = 0.0_f64;
        let mut last: Option<i64> = None;
        for n in 0..500_u32 {
            let wobble = [0, 3, 11, 5, 1][n as usize % 5];
            let now = Moment::from_millis(u64::from(n) * 20 + wobble);
            reception.space(now, n * 160);
            let transit = wobble as i64 * 8;
            if let Some(last) = last {
                expected += ((transit - last).abs() as f64 - expected) / 16.0;
            }
            last = Some(transit);
        }
        let ours = f64::from(reception.jitter_ms()) * 8.0;
        assert!((ours - expected).abs() < 1.0, "{ours} samples, the RFC's formula says {expected}");
    }

    #[test]
    fn a_report_tells_the_loss_since_the_last_one() {
        let mut reception = heard((0..100).filter(|n| n % 4 != 1));
        let report = reception.report().expect("packets came");
        assert_eq!((report.ssrc, report.fraction_lost, report.lost, report.highest), (1, 64, 25, 99));
        for sequence in 100..200 {
            reception.arrive(1, sequence);
        }
        let report = reception.report().expect("packets came");
        assert_eq!((report.fraction_lost, report.lost, report.highest), (0, 25, 199));
        assert_eq!(Reception::default().report(), None);
    }
}
