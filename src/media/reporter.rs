//! One leg's RTCP: when the next report is due, what it says, and what the peer's reports say of us.
//! Never ends a leg: a BYE on an unauthenticated channel is only a word. RFC 3550 6.2, 6.4; CNAME as RFC 7022.

use std::net::SocketAddr;
use std::time::Duration;

use super::rtcp::{self, ReportBlock, Rtcp, SenderInfo, Writer};
use super::statistics::{Reception, RemoteReport};
use super::stream::Stream;
use crate::model::Moment;

#[derive(Debug)]
pub(crate) struct Reporter {
    due: Moment,
    /// Spreads the reports of many legs; steps on with each.
    dice: u64,
    cname: [u8; 16],
    /// The peer's last sender report: the middle of its NTP time, and when it came.
    heard: Option<(u32, Moment)>,
    remote: Option<RemoteReport>,
    /// Where the peer's RTCP really comes from.
    source: Option<SocketAddr>,
    /// Packets sent when the last report was written: the sender of none since is only a receiver.
    packets_reported: u64,
}

impl Reporter {
    pub fn new(now: Moment, seed: u64) -> Self {
        let mut dice = seed;
        let mut cname = [0; 16];
        let name = next(&mut dice);
        for (n, letter) in cname.iter_mut().enumerate() {
            *letter = HEX[(name >> (4 * n) & 0x0F) as usize];
        }
        let mut reporter =
            Reporter { due: now, dice, cname, heard: None, remote: None, source: None, packets_reported: 0 };
        reporter.plan(now);
        reporter
    }

    /// Takes the peer's reports. The caller has checked that `source` is the peer's host.
    pub fn receive(&mut self, now: Moment, source: SocketAddr, datagram: &[u8], our_ssrc: u32) -> bool {
        let Some(compound) = rtcp::read(datagram) else { return false };
        self.source = Some(source);
        for packet in compound {
            let blocks = match packet {
                Rtcp::SenderReport { sender, blocks, .. } => {
                    self.heard = Some(((sender.ntp >> 16) as u32, now));
                    blocks
                }
                Rtcp::ReceiverReport { blocks, .. } => blocks,
                Rtcp::Bye { .. } | Rtcp::Other { .. } => continue,
            };
            if let Some(block) = blocks.into_iter().find(|block| block.ssrc == our_ssrc) {
                self.remote = Some(remote_report(now, &block));
            }
        }
        true
    }

    /// What the peer last said of our stream.
    pub fn remote(&self) -> Option<RemoteReport> {
        self.remote
    }

    /// Where reports go: where the peer's come from, before that the port above its RTP (RFC 3550 11).
    pub fn destination(&self, rtp: SocketAddr) -> Option<SocketAddr> {
        let above = || Some(SocketAddr::new(rtp.ip(), rtp.port().checked_add(1)?));
        self.source.filter(|source| source.ip() == rtp.ip()).or_else(above)
    }

    /// Whether RTCP from `source` is surely the peer's own: it comes from the port above its RTP, or from where it came
    /// last time.
    pub fn is_own(&self, source: SocketAddr, rtp: SocketAddr) -> bool {
        self.source == Some(source) || rtp.port().checked_add(1) == Some(source.port())
    }

    pub fn is_due(&self, now: Moment) -> bool {
        now >= self.due
    }

    /// A compound of report and name, and the farewell when the leg ends; plans the next one.
    pub fn write(
        &mut self,
        now: Moment,
        stream: &Stream,
        reception: &mut Reception,
        bye: bool,
        out: &mut [u8],
    ) -> usize {
        self.plan(now);
        let sender = (stream.packets() > self.packets_reported).then(|| SenderInfo {
            ntp: ntp(now),
            timestamp: stream.timestamp_at(now),
            packets: stream.packets() as u32,
            bytes: stream.bytes() as u32,
        });
        self.packets_reported = stream.packets();
        let (last_report, delay) =
            self.heard.map_or((0, 0), |(report, at)| (report, (ntp_span(now.since(at)) >> 16) as u32));
        let block = reception.report().map(|report| ReportBlock {
            ssrc: report.ssrc,
            fraction_lost: report.fraction_lost,
            lost: i32::try_from(report.lost).unwrap_or(i32::MAX),
            highest: report.highest,
            jitter: report.jitter,
            last_report,
            delay,
        });
        let mut writer = Writer::new(out);
        writer.report(stream.ssrc(), sender, block);
        writer.source_description(stream.ssrc(), &self.cname);
        if bye {
            writer.bye(stream.ssrc());
        }
        writer.len()
    }

    /// Half to one and a half intervals from now (6.3.1).
    fn plan(&mut self, now: Moment) {
        let spread = next(&mut self.dice) % INTERVAL.as_nanos() as u64;
        self.due = now + INTERVAL / 2 + Duration::from_nanos(spread);
    }
}

fn remote_report(now: Moment, block: &ReportBlock) -> RemoteReport {
    // Now minus when our report left minus how long the peer kept it, in 1/65,536 s (6.4.1).
    let trip = ((ntp(now) >> 16) as u32).wrapping_sub(block.last_report).wrapping_sub(block.delay);
    let sane = block.last_report != 0 && trip < ROUND_TRIP_MAX;
    RemoteReport {
        lost: block.lost,
        jitter_ms: block.jitter as f32 / 8.0,
        round_trip_ms: sane.then(|| trip as f32 * 1000.0 / 65_536.0),
    }
}

/// Our own clock in NTP format: RFC 3550 6.4.1 allows one that knows no wall time. One day on, so that it is never zero.
fn ntp(now: Moment) -> u64 {
    ntp_span(now.since(Moment::ZERO) + Duration::from_secs(86_400))
}

fn ntp_span(duration: Duration) -> u64 {
    (duration.as_secs() << 32) | ((u64::from(duration.subsec_nanos()) << 32) / 1_000_000_000)
}

/// SplitMix64: spreads a seed over numbers that only need to differ.
pub(crate) fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ z >> 31
}

const INTERVAL: Duration = Duration::from_secs(5);
const HEX: &[u8; 16] = b"0123456789abcdef";
/// A minute: beyond it the peer's numbers are nonsense.
const ROUND_TRIP_MAX: u32 = 60 << 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().expect("an address literal")
    }

    fn talking() -> Stream {
        let mut stream = Stream::new(77, 1, 0);
        stream.frame(Moment::from_secs(1), 0).expect("the first frame");
        stream
    }

    #[test]
    fn two_ends_measure_the_round_trip() {
        let (mut ours, mut theirs) = (Reporter::new(Moment::ZERO, 1), Reporter::new(Moment::ZERO, 2));
        let stream = talking();
        let mut their_reception = Reception::default();
        their_reception.arrive(77, 1);
        let mut out = [0; 192];
        let len = ours.write(Moment::from_millis(2000), &stream, &mut Reception::default(), false, &mut out);
        // 30 ms there, 500 ms kept, 50 ms back.
        assert!(theirs.receive(Moment::from_millis(2030), at("192.0.2.1:5001"), &out[..len], 1));
        let silent = Stream::new(5, 1, 0);
        let len = theirs.write(Moment::from_millis(2530), &silent, &mut their_reception, false, &mut out);
        assert!(ours.receive(Moment::from_millis(2580), at("192.0.2.2:7001"), &out[..len], 77));
        let remote = ours.remote().expect("a block about us");
        let trip = remote.round_trip_ms.expect("both reports were heard");
        assert!((trip - 80.0).abs() < 0.1, "{trip} ms");
        assert_eq!(remote.lost, 0);
    }

    #[test]
    fn reports_come_every_five_seconds_on_average_and_not_in_step() {
        let mut total = Duration::ZERO;
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let reporter = Reporter::new(Moment::ZERO, seed);
            let wait = reporter.due.since(Moment::ZERO);
            assert!(wait >= INTERVAL / 2 && wait < INTERVAL * 3 / 2, "{wait:?}");
            total += wait;
            seen.insert(wait);
        }
        assert!((total.as_secs_f64() / 200.0 - 5.0).abs() < 0.5);
        assert_eq!(seen.len(), 200);
    }

    #[test]
    fn reports_go_where_the_peers_come_from() {
        let mut reporter = Reporter::new(Moment::ZERO, 1);
        assert_eq!(reporter.destination(at("192.0.2.1:5000")), Some(at("192.0.2.1:5001")));
        assert_eq!(reporter.destination(at("192.0.2.1:65535")), None);
        reporter.receive(Moment::ZERO, at("192.0.2.1:61001"), &[0x80, 201, 0, 1, 0, 0, 0, 5], 77);
        assert_eq!(reporter.destination(at("192.0.2.1:5000")), Some(at("192.0.2.1:61001")));
        assert_eq!(reporter.destination(at("192.0.2.9:5000")), Some(at("192.0.2.9:5001")), "the peer moved");
    }

    #[test]
    fn whoever_has_not_sent_since_is_a_receiver_and_a_bye_comes_last() {
        let mut reporter = Reporter::new(Moment::ZERO, 1);
        let stream = talking();
        let mut out = [0; 192];
        let mut kinds = Vec::new();
        for bye in [false, true] {
            let len = reporter.write(Moment::from_secs(5), &stream, &mut Reception::default(), bye, &mut out);
            kinds.push(
                rtcp::read(&out[..len])
                    .expect("a compound")
                    .map(|packet| match packet {
                        Rtcp::SenderReport { .. } => 's',
                        Rtcp::ReceiverReport { .. } => 'r',
                        Rtcp::Bye { ssrc } => {
                            if ssrc == 77 {
                                'b'
                            } else {
                                '?'
                            }
                        }
                        Rtcp::Other { .. } => 'd',
                    })
                    .collect::<String>(),
            );
        }
        assert_eq!(kinds, ["sd", "rdb"]);
    }

    #[test]
    fn noise_is_no_report() {
        let mut reporter = Reporter::new(Moment::ZERO, 1);
        assert!(!reporter.receive(Moment::ZERO, at("192.0.2.1:1"), b"noise", 77));
        assert_eq!(reporter.remote(), None);
    }
}
