//! Adds up what the endpoint counts between two scrapes, in the shape that `/metrics` shows.

use std::collections::BTreeMap;

use crate::api::{Direction, MediaPackets, Plumbing, SipTransport};
use crate::center::Packets;
use crate::media;
use crate::sip;
use crate::store;

/// Sums since the start.
#[derive(Debug, Default)]
pub(super) struct Sums {
    requests: BTreeMap<(&'static str, Direction), u64>,
    responses: BTreeMap<(&'static str, u16, Direction), u64>,
    retransmits: u64,
    parse_errors: u64,
    connections_expired: u64,
}

impl Sums {
    pub(super) fn add(&mut self, counters: &sip::Counters) {
        for (map, direction) in
            [(&counters.requests_received, Direction::In), (&counters.requests_sent, Direction::Out)]
        {
            for (method, count) in map {
                *self.requests.entry((method, direction)).or_default() += count;
            }
        }
        for (map, direction) in
            [(&counters.responses_received, Direction::In), (&counters.responses_sent, Direction::Out)]
        {
            for ((method, status), count) in map {
                *self.responses.entry((method, *status, direction)).or_default() += count;
            }
        }
        self.retransmits += counters.retransmits_sent;
        self.parse_errors += counters.parse_errors;
        self.connections_expired += counters.connections_expired;
    }

    pub(super) fn plumbing(
        &self,
        sip: sip::Counts,
        closed: Packets,
        workers: impl Iterator<Item = media::Counts>,
        store: store::Status,
    ) -> Plumbing {
        let mut packets = MediaPackets { lost: closed.lost, ..MediaPackets::default() };
        for counts in workers {
            packets.received += counts.packets_received;
            packets.sent += counts.packets_relayed + counts.packets_played;
            packets.foreign += counts.foreign;
            packets.malformed += counts.malformed;
            packets.comfort_noise += counts.comfort_noise;
        }
        Plumbing {
            sip_requests: self.requests.iter().map(|((m, d), count)| (((*m).to_owned(), *d), *count)).collect(),
            sip_responses: self
                .responses
                .iter()
                .map(|((m, s, d), count)| (((*m).to_owned(), *s, *d), *count))
                .collect(),
            sip_retransmits: self.retransmits,
            sip_parse_errors: self.parse_errors,
            sip_transactions_active: (sip.client_transactions + sip.server_transactions) as u64,
            sip_transport: SipTransport { expired: self.connections_expired, ..SipTransport::default() },
            media_packets: packets,
            recording_pieces_lost: 0,
            store,
        }
    }
}
