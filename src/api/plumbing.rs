//! Counters of the shells below the centre, as plain numbers: what SIP and media have done. Only a shape and its
//! encoding; whoever owns the counters fills it in.

use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;

use super::gauges::{alone, counters};
use super::series::OTHER;
use crate::store::Status;

/// What the plumbing has done since the start. Counters only grow.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plumbing {
    /// Requests by method and direction.
    pub sip_requests: Vec<((String, Direction), u64)>,
    /// Responses by the request's method, the status and the direction.
    pub sip_responses: Vec<((String, u16, Direction), u64)>,
    /// Requests and responses sent again by a timer.
    pub sip_retransmits: u64,
    /// Datagrams and streams that were no SIP message.
    pub sip_parse_errors: u64,
    pub sip_transactions_active: u64,
    /// What the sockets could not do, or would not.
    pub sip_transport: SipTransport,
    /// RTP packets by what became of them.
    pub media_packets: MediaPackets,
    /// Pieces of voice messages, 200 ms each, that the disk was too slow for.
    pub recording_pieces_lost: u64,
    /// The writer of the event log.
    pub store: Status,
}

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    In,
    Out,
}

impl Direction {
    pub const ALL: [Direction; 2] = [Direction::In, Direction::Out];

    /// The word used in metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Direction::In => "in",
            Direction::Out => "out",
        }
    }
}

/// RTP packets of all media workers, counted as they pass: live, where the counters of ended legs are late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MediaPackets {
    pub received: u64,
    pub sent: u64,
    /// Missing in the sequence numbers.
    pub lost: u64,
    /// Came after their turn to be played.
    pub late: u64,
    pub duplicate: u64,
    /// From a source that is not the leg's peer.
    pub foreign: u64,
    /// No RTP at all.
    pub malformed: u64,
    /// Comfort noise that no other leg was to hear.
    pub comfort_noise: u64,
}

/// Trouble on the SIP sockets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SipTransport {
    /// Connections beyond what one source, or all together, may have.
    pub refused: u64,
    /// Connections closed because they said nothing whole, or nothing any more.
    pub expired: u64,
    /// Messages that could not be handed to a socket.
    pub unsent: u64,
    /// Datagrams that came back because nobody listens there.
    pub unreachable: u64,
    /// Failures to read from a socket.
    pub read_errors: u64,
}

impl SipTransport {
    fn series(&self) -> [([(&'static str, &'static str); 1], u64); 5] {
        [
            ([("kind", "connection_refused")], self.refused),
            ([("kind", "connection_expired")], self.expired),
            ([("kind", "unsent")], self.unsent),
            ([("kind", "unreachable")], self.unreachable),
            ([("kind", "read_error")], self.read_errors),
        ]
    }
}

impl Plumbing {
    pub(super) fn encode(&self, encoder: &mut DescriptorEncoder<'_>, now_unix_ms: i64) -> std::fmt::Result {
        counters(encoder, "sip_requests", "SIP requests", self.requests())?;
        counters(encoder, "sip_responses", "SIP responses by the request's method", self.responses())?;
        counter(encoder, "sip_retransmits", "SIP messages sent again by a timer.", self.sip_retransmits)?;
        counter(encoder, "sip_parse_errors", "What was no SIP message.", self.sip_parse_errors)?;
        alone(encoder, "sip_transactions_active", "SIP transactions now", self.sip_transactions_active as f64)?;
        counters(encoder, "sip_transport_faults", "Trouble on the SIP sockets", self.sip_transport.series())?;
        let lost = self.recording_pieces_lost;
        counter(encoder, "recording_pieces_lost", "Pieces of voice messages that the disk was too slow for.", lost)?;
        let packets = &self.media_packets;
        counters(
            encoder,
            "media_packets",
            "RTP packets of all legs, live",
            [
                ([("result", "received")], packets.received),
                ([("result", "sent")], packets.sent),
                ([("result", "lost")], packets.lost),
                ([("result", "late")], packets.late),
                ([("result", "duplicate")], packets.duplicate),
                ([("result", "foreign")], packets.foreign),
                ([("result", "malformed")], packets.malformed),
                ([("result", "comfort_noise")], packets.comfort_noise),
            ],
        )?;
        counters(
            encoder,
            "event_log_rows",
            "Events by what the store did with them",
            [
                ([("result", "written")], self.store.written),
                ([("result", "spooled")], self.store.spooled),
                ([("result", "rejected")], self.store.rejected),
                ([("result", "lost")], self.store.lost),
            ],
        )?;
        let lag = self.store.lag(now_unix_ms).as_secs_f64();
        alone(encoder, "event_log_lag_seconds", "Age of the oldest event not yet in the database", lag)
    }

    /// Every known method in both directions, at zero where nothing came; any other method shares one series.
    fn requests(&self) -> Vec<([(&'static str, &'static str); 2], u64)> {
        let mut series = Vec::new();
        for method in METHODS {
            for direction in Direction::ALL {
                let count = self
                    .sip_requests
                    .iter()
                    .filter(|((name, way), _)| known_method(name) == method && *way == direction)
                    .map(|(_, count)| count)
                    .sum();
                series.push(([("method", method), ("direction", direction.word())], count));
            }
        }
        series
    }

    fn responses(&self) -> Vec<([(&'static str, &'static str); 3], u64)> {
        let mut series = Vec::new();
        for method in METHODS {
            for class in CLASSES {
                for direction in Direction::ALL {
                    let count = self
                        .sip_responses
                        .iter()
                        .filter(|((name, status, way), _)| {
                            known_method(name) == method && class_of(*status) == class && *way == direction
                        })
                        .map(|(_, count)| count)
                        .sum();
                    series.push(([("method", method), ("class", class), ("direction", direction.word())], count));
                }
            }
        }
        series
    }
}

fn counter(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> std::fmt::Result {
    ConstCounter::new(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Counter)?)
}

fn known_method(name: &str) -> &'static str {
    METHODS.into_iter().find(|method| *method == name).unwrap_or(OTHER)
}

fn class_of(status: u16) -> &'static str {
    CLASSES[usize::from((status / 100).clamp(1, 6)) - 1]
}

/// The methods this server speaks, and one for all others: a stranger's invention must not become a series.
const METHODS: [&str; 9] = ["INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "INFO", "REFER", OTHER];

/// Response classes of RFC 3261 7.2.
const CLASSES: [&str; 6] = ["1xx", "2xx", "3xx", "4xx", "5xx", "6xx"];
