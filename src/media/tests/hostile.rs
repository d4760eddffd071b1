//! Packets from people who mean no good: never a panic, never a word of theirs forwarded, nothing sent to them.

use std::net::SocketAddr;

use proptest::prelude::*;

use super::studio::{Studio, assert_tone, packet};
use crate::media::rtp::Header;
use crate::model::Codec;

fn stranger() -> SocketAddr {
    "203.0.113.66:6666".parse().expect("an address literal")
}

fn loud(sequence: u16) -> Vec<u8> {
    packet(Header { marker: true, payload_type: 0, sequence, timestamp: 0, ssrc: 0xBAD }, &[0x80; 160])
}

#[test]
fn a_foreign_source_is_neither_heard_nor_answered() {
    let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcmu]);
    studio.run(200);
    studio.phones[1].heard.clear();
    for sequence in 0..100 {
        studio.run(5);
        assert_eq!(studio.send_from(0, stranger(), &loud(sequence)), None);
    }
    assert_tone(&studio.phones[1].samples(), 600.0);
    let statistics = studio.close(0);
    assert_eq!((statistics.foreign, statistics.lost, statistics.duplicate), (100, 0, 0));
}

#[test]
fn the_true_source_takes_the_leg_back_from_one_that_came_first() {
    let mut studio = Studio::new(2);
    studio.bridge(0, 1);
    studio.phones[1].speaks = Some(1000.0);
    for sequence in 0..3 {
        assert_eq!(studio.send_from(0, stranger(), &loud(sequence)), None);
    }
    studio.phones[0].speaks = Some(600.0);
    studio.run(300);
    assert_eq!(studio.send_from(0, stranger(), &loud(3)), None);
    assert_tone(&studio.hears(0, 300), 1000.0);
    assert_tone(&studio.hears(1, 300), 600.0);
}

#[test]
fn before_anything_was_agreed_nothing_is_believed() {
    let mut studio = Studio::new(2);
    let slot = crate::media::PortSlot(7);
    studio.command(crate::media::Command::Open { leg: crate::model::LegId(70), slot, seed: 1 });
    let mut bytes = loud(1);
    assert_eq!(studio.worker.handle_packet(studio.now, slot, stranger(), &mut bytes), None);
    assert_eq!(studio.worker.counts().foreign, 1);
}

#[test]
fn payload_types_that_were_not_agreed_do_not_lock() {
    let mut studio = Studio::new(2);
    studio.bridge(0, 1);
    let address = studio.phones[0].address;
    let video = packet(Header { marker: true, payload_type: 96, sequence: 1, timestamp: 0, ssrc: 1 }, &[0; 160]);
    assert_eq!(studio.send_from(0, address, &video), None);
    let empty = packet(Header { marker: true, payload_type: 0, sequence: 1, timestamp: 0, ssrc: 1 }, &[]);
    assert_eq!(studio.send_from(0, address, &empty), None);
    let statistics = studio.close(0);
    assert_eq!((statistics.malformed, statistics.packets_received), (2, 0));
}

/// Bytes that often look like RTP of the call.
fn datagram() -> impl Strategy<Value = Vec<u8>> {
    let noise = proptest::collection::vec(any::<u8>(), 0..400);
    let near = (any::<[u8; 12]>(), proptest::collection::vec(any::<u8>(), 0..200), 0..4_u8).prop_map(
        |(mut head, tail, kind)| {
            head[0] = 0x80 | (head[0] & if kind == 3 { 0x3F } else { 0 });
            head[1] = [0, 8, 101, head[1]][usize::from(kind)];
            [&head[..], &tail].concat()
        },
    );
    prop_oneof![noise, near]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn nothing_foreign_is_forwarded_and_nothing_at_all_panics(
        packets in proptest::collection::vec((datagram(), 0..4_usize, 0..40_u64), 1..60),
    ) {
        let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcma]);
        studio.run(100);
        let sources = [
            stranger(),
            SocketAddr::new(studio.phones[0].address.ip(), 9),
            "[2001:db8::1]:4000".parse().expect("an address literal"),
            studio.phones[0].address,
        ];
        studio.record(0, std::time::Duration::from_secs(1));
        studio.phones[0].speaks = None;
        for (bytes, source, wait) in packets {
            studio.run(wait);
            let forward = studio.send_from(0, sources[source], &bytes);
            prop_assert!(source == 3 || forward.is_none());
            let slot = studio.phones[0].slot;
            studio.worker.handle_rtcp(studio.now, slot, sources[source], &bytes);
            studio.settle();
        }
        studio.close(0);
        studio.close(1);
        prop_assert_eq!(studio.worker.counts().legs, 0);
    }
}
