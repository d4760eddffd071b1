//! Two and three phones on a call: who hears whom, before and after hold, transfer and renegotiation.

use std::net::SocketAddr;
use std::time::Duration;

use super::studio::{EVENTS, Studio, assert_silence, assert_tone, packet};
use crate::media::rtcp::{self, Rtcp};
use crate::media::rtp::Header;
use crate::media::{Command, Event, PayloadTypes, silence};
use crate::model::{Codec, LegId};

#[test]
fn each_hears_the_other_and_nobody_hears_himself() {
    for codecs in [[Codec::Pcmu, Codec::Pcmu], [Codec::Pcma, Codec::Pcma]] {
        let mut studio = Studio::talking(codecs);
        studio.run(1000);
        assert_tone(&studio.hears(0, 500), 1000.0);
        assert_tone(&studio.hears(1, 500), 600.0);
        assert_eq!(studio.phones[1].heard.len(), 25);
    }
}

#[test]
fn two_laws_are_translated_packet_by_packet() {
    for codecs in [[Codec::Pcmu, Codec::Pcma], [Codec::Pcma, Codec::Pcmu]] {
        let mut studio = Studio::talking(codecs);
        studio.run(100);
        assert_tone(&studio.hears(0, 500), 1000.0);
        assert_tone(&studio.hears(1, 500), 600.0);
        assert_eq!(studio.phones[1].audio().len(), studio.phones[1].heard.len(), "all in the listener's codec");
    }
}

#[test]
fn payload_types_belong_to_the_leg() {
    let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcmu]);
    let phone = &studio.phones[1];
    studio.worker.handle_command(
        studio.now,
        Command::Agree {
            leg: phone.leg,
            remote: phone.address,
            codec: Codec::Pcmu,
            send_types: PayloadTypes::new(96, Some(97)),
            receive_types: PayloadTypes::new(96, Some(97)),
            send: true,
            receive: true,
            packet_time_ms: 20,
        },
    );
    studio.run(100);
    for packet in studio.phones[0].press('1') {
        studio.send(0, &packet);
    }
    let kinds: std::collections::BTreeSet<u8> =
        studio.phones[1].heard.iter().map(|heard| heard.header.payload_type).collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), [96, 97]);
}

#[test]
fn a_held_party_hears_nothing_and_afterwards_the_same_stream_goes_on() {
    let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcma]);
    studio.run(500);
    let before = studio.phones[1].heard.last().cloned().expect("it was talked");
    studio.agree(1, false, true);
    assert!(studio.hears(1, 1000).is_empty());
    assert_tone(&studio.hears(0, 400), 1000.0);
    studio.agree(1, true, true);
    assert_tone(&studio.hears(1, 500), 600.0);
    let after = &studio.phones[1].heard[0];
    assert_eq!(after.header.ssrc, before.header.ssrc);
    assert_eq!(after.header.sequence, before.header.sequence.wrapping_add(1), "a hold is not a loss");
    assert!(after.header.marker);
    let passed = after.at.since(before.at).as_millis() as u32 * 8;
    let moved = after.header.timestamp.wrapping_sub(before.header.timestamp);
    assert!(moved.abs_diff(passed) <= 160, "{moved} samples in {passed}");
    studio.phones[1].assert_one_clean_stream();
}

#[test]
fn what_must_not_be_received_is_dropped_and_is_no_loss() {
    let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcmu]);
    studio.run(200);
    studio.agree(0, true, false);
    assert!(studio.hears(1, 500).is_empty());
    studio.agree(0, true, true);
    assert_tone(&studio.hears(1, 500), 600.0);
    let statistics = studio.close(0);
    assert_eq!(statistics.lost, 0);
    assert_eq!(statistics.packets_received, 60);
}

#[test]
fn music_on_hold_and_back_is_one_stream() {
    let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcmu]);
    studio.run(503);
    let [a, b] = [studio.phones[0].leg, studio.phones[1].leg];
    studio.command(Command::Unbridge { a, b });
    studio.music(0, "tone/400");
    studio.run(2000);
    studio.command(Command::Bridge { a, b });
    studio.run(500);
    let phone = &studio.phones[0];
    phone.assert_one_clean_stream();
    let samples = phone.samples();
    assert_tone(&samples[800..3600], 1000.0);
    assert_tone(&samples[4800..19_000], 400.0);
    assert_tone(&samples[samples.len() - 3000..], 1000.0);
    assert!(phone.heard.len() >= 147, "{} packets in 3 s", phone.heard.len());
}

#[test]
fn a_transferred_caller_hears_one_stream_from_two_agents() {
    let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcma]);
    studio.add_phone(2, Codec::Pcmu);
    studio.phones[2].speaks = Some(400.0);
    studio.run(500);
    studio.bridge(0, 2);
    studio.run(500);
    let caller = &studio.phones[0];
    caller.assert_one_clean_stream();
    let samples = caller.samples();
    assert_tone(&samples[400..3600], 1000.0);
    assert_tone(&samples[4600..7600], 400.0);
    assert_tone(&studio.hears(2, 300), 600.0);
    assert_silence(&studio.hears(1, 300));
}

#[test]
fn a_closed_leg_lets_the_other_go_on_alone() {
    let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcmu]);
    studio.run(200);
    studio.close(1);
    studio.phones[1].speaks = None;
    assert_silence(&studio.hears(0, 400));
    assert_eq!(studio.phones[0].heard.len(), 20, "the way stays open");
    studio.phones[0].assert_one_clean_stream();
}

#[test]
fn other_packet_times_pass_as_they_are() {
    let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcma]);
    studio.phones[0].packet_time_ms = 40;
    studio.phones[1].packet_time_ms = 10;
    studio.run(200);
    assert_tone(&studio.hears(1, 800), 600.0);
    assert!(studio.phones[1].heard.iter().all(|heard| heard.payload.len() == 320));
    assert_tone(&studio.hears(0, 800), 1000.0);
    assert!(studio.phones[0].heard.iter().all(|heard| heard.payload.len() == 80));
}

#[test]
fn the_peers_own_loss_stays_visible_and_its_restart_does_not() {
    let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcmu]);
    studio.run(200);
    studio.phones[1].heard.clear();
    studio.run(100);
    for _ in 0..3 {
        studio.phones[0].speak();
    }
    studio.run(100);
    let sequences: Vec<u16> = studio.phones[1].heard.iter().map(|heard| heard.header.sequence).collect();
    let steps: Vec<u16> = sequences.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect();
    assert_eq!(steps.iter().filter(|step| **step == 4).count(), 1, "{steps:?}");
    studio.phones[0].ssrc = 0xABCD;
    studio.phones[0].sequence = 7;
    studio.phones[0].timestamp = 99;
    studio.phones[1].heard.clear();
    studio.run(500);
    studio.phones[1].assert_one_clean_stream();
    assert_tone(&studio.phones[1].samples(), 600.0);
    assert_eq!(studio.close(0).lost, 3);
}

#[test]
fn comfort_noise_is_spared_a_listener_that_agreed_to_none_and_is_no_loss() {
    let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcmu]);
    studio.run(200);
    studio.phones[1].heard.clear();
    for _ in 0..10 {
        studio.run(60);
        let header = studio.phones[0].next(13, 160);
        assert_eq!(studio.send(0, &packet(header, &[70])), None);
    }
    studio.phones[1].assert_one_clean_stream();
    let statistics = studio.close(0);
    assert_eq!((statistics.lost, statistics.malformed, statistics.comfort_noise), (0, 0, 10));
    assert_eq!(studio.worker.counts().comfort_noise, 10);
}

#[test]
fn another_remote_address_opens_the_lock_again() {
    let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcmu]);
    studio.run(200);
    let moved: SocketAddr = "198.51.100.4:6000".parse().expect("an address literal");
    let old = studio.phones[1].address;
    studio.phones[1].address = moved;
    studio.agree(1, true, true);
    assert_tone(&studio.hears(1, 400), 600.0);
    assert_tone(&studio.hears(0, 400), 1000.0);
    let header = Header { marker: false, payload_type: 0, sequence: 1, timestamp: 1, ssrc: 5 };
    assert_eq!(studio.send_from(1, old, &packet(header, &[0; 160])), None);
    assert_eq!(studio.close(1).foreign, 1);
}

#[test]
fn a_caller_that_is_lost_is_reported_once_until_it_comes_back() {
    let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcmu]);
    studio.command(Command::Watch { leg: LegId(1), on: true });
    studio.run(1000);
    studio.phones[0].speaks = None;
    studio.run(20_000);
    let lost = |studio: &Studio| {
        studio
            .events
            .iter()
            .filter_map(|event| match event {
                Event::MediaLost { leg, silent_for } => Some((leg.0, *silent_for)),
                _ => None,
            })
            .collect::<Vec<_>>()
    };
    let [(1, silent_for)] = lost(&studio)[..] else { panic!("{:?}", lost(&studio)) };
    assert!(silent_for >= Duration::from_secs(5) && silent_for < Duration::from_millis(5300), "{silent_for:?}");
    studio.phones[0].speaks = Some(600.0);
    studio.run(100);
    studio.phones[0].speaks = None;
    studio.run(6000);
    assert_eq!(lost(&studio).len(), 2);
    studio.agree(0, true, false);
    studio.phones[0].speaks = Some(600.0);
    studio.run(100);
    studio.phones[0].speaks = None;
    studio.run(20_000);
    assert_eq!(lost(&studio).len(), 2, "who was told to be silent is not lost");
    studio.agree(0, true, true);
    studio.run(4000);
    assert_eq!(lost(&studio).len(), 2, "the time counts from the end of the hold");
}

#[test]
fn statistics_tell_loss_order_and_copies_across_the_wrap() {
    let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcmu]);
    studio.phones[1].speaks = None;
    studio.phones[0].speaks = Some(600.0);
    studio.phones[0].phase = 99;
    let mut sent = 0;
    for n in 0..100 {
        studio.run(20);
        let packet = studio.phones[0].speak().expect("it speaks");
        match n {
            10 | 40 | 41 => {}
            50 => {
                let next = studio.phones[0].speak().expect("it speaks");
                studio.send(0, &next);
                studio.send(0, &packet);
                sent += 2;
            }
            60 => {
                studio.send(0, &packet);
                studio.send(0, &packet);
                sent += 1;
            }
            _ => {
                studio.send(0, &packet);
                sent += 1;
            }
        }
    }
    let statistics = studio.close(0);
    assert_eq!((statistics.lost, statistics.late, statistics.duplicate), (3, 1, 1));
    assert_eq!((statistics.packets_received, statistics.bytes_received), (sent, sent * 160));
    assert!(statistics.jitter_ms < 3.0, "{} ms", statistics.jitter_ms);
    let length = statistics.last_packet.zip(statistics.first_packet).map(|(last, first)| last.since(first));
    assert_eq!(length, Some(Duration::from_millis(1980)));
}

#[test]
fn reports_go_out_and_a_farewell_at_the_end() {
    let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcmu]);
    studio.run(30_000);
    let of_first = |studio: &Studio| studio.rtcp.iter().filter(|(slot, _)| *slot == 0).count();
    assert!((4..=10).contains(&of_first(&studio)), "{} reports in 30 s", of_first(&studio));
    let (_, report) = studio.rtcp.iter().find(|(slot, _)| *slot == 0).cloned().expect("a report");
    let Some(Rtcp::SenderReport { ssrc, sender, mut blocks }) =
        rtcp::read(&report).and_then(|mut packets| packets.next())
    else {
        panic!("no sender report")
    };
    assert_eq!(ssrc, studio.phones[0].heard[0].header.ssrc);
    assert!(sender.packets > 100 && sender.bytes == sender.packets * 160);
    let block = blocks.next().expect("a block about the caller");
    assert_eq!((block.ssrc, block.lost), (studio.phones[0].ssrc, 0));
    studio.rtcp.clear();
    studio.close(0);
    let (slot, farewell) = studio.rtcp.pop().expect("a farewell");
    let last = rtcp::read(&farewell).and_then(Iterator::last);
    assert_eq!((slot, last), (0, Some(Rtcp::Bye { ssrc })));
}

#[test]
fn the_peers_view_of_us_ends_up_in_the_statistics() {
    let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcmu]);
    studio.run(1000);
    let ours = studio.phones[0].heard[0].header.ssrc;
    let mut out = [0; 100];
    let mut writer = rtcp::Writer::new(&mut out);
    let block =
        rtcp::ReportBlock { ssrc: ours, fraction_lost: 10, lost: 17, highest: 5, jitter: 80, last_report: 0, delay: 0 };
    writer.report(1000, None, Some(block));
    let len = writer.len();
    let (slot, address) = (studio.phones[0].slot, studio.phones[0].address);
    let stranger: SocketAddr = "203.0.113.9:4001".parse().expect("an address literal");
    studio.worker.handle_rtcp(studio.now, slot, stranger, &out[..len]);
    assert_eq!(studio.worker.counts().foreign, 1);
    studio.worker.handle_rtcp(studio.now, slot, address, &out[..len]);
    let remote = studio.close(0).remote.expect("the peer has reported");
    assert_eq!((remote.lost, remote.jitter_ms, remote.round_trip_ms), (17, 10.0, None));
}

#[test]
fn an_ignored_command_changes_nothing_and_is_counted() {
    let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcmu]);
    let stranger = LegId(99);
    let slot = studio.phones[0].slot;
    for command in [
        Command::Open { leg: stranger, slot, seed: 1 },
        Command::Open { leg: LegId(1), slot: crate::media::PortSlot(9), seed: 1 },
        Command::Open { leg: stranger, slot: crate::media::PortSlot(999), seed: 1 },
        Command::Stop { leg: stranger },
        Command::Bridge { a: LegId(1), b: stranger },
        Command::Unbridge { a: stranger, b: LegId(1) },
        Command::StopRecord { leg: LegId(1) },
        Command::Close { leg: stranger },
    ] {
        studio.command(command);
    }
    assert_eq!(studio.worker.counts().commands_ignored, 8);
    assert_eq!(studio.worker.counts().legs, 2);
    studio.run(100);
    assert_tone(&studio.hears(0, 300), 1000.0);
    let dump = studio.worker.dump();
    assert!(dump.contains("leg-1 slot=0 codec=PCMU") && dump.contains("hears=bridge bridged=leg-2"), "{dump}");
}

#[test]
fn after_the_last_leg_the_worker_sleeps_and_a_slot_can_be_used_again() {
    let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcmu]);
    studio.run(100);
    studio.close(0);
    studio.close(1);
    assert_eq!(studio.worker.poll_timeout(), None);
    assert_eq!((studio.worker.counts().legs, studio.worker.counts().clocked), (0, 0));
    let leftover = studio.phones[0].speak().expect("it still speaks");
    assert_eq!(studio.send(0, &leftover), None);
    assert_eq!(studio.worker.counts().unclaimed, 1);
    let slot = studio.phones[0].slot;
    studio.command(Command::Open { leg: LegId(50), slot, seed: 3 });
    assert_eq!(studio.events.back(), Some(&Event::Opened { leg: LegId(50) }));
}

#[test]
fn a_fresh_leg_is_sent_silence_as_soon_as_it_has_an_address() {
    let mut studio = Studio::new(1);
    studio.run(100);
    let phone = &studio.phones[0];
    assert_eq!(phone.heard.len(), 5);
    assert!(phone.heard.iter().all(|heard| heard.payload == [silence(Codec::Pcmu); 160]));
    phone.assert_one_clean_stream();
    let remote: SocketAddr = "0.0.0.0:4000".parse().expect("an address literal");
    let leg = phone.leg;
    studio.command(Command::Agree {
        leg,
        remote,
        codec: Codec::Pcmu,
        send_types: PayloadTypes::new(0, Some(EVENTS)),
        receive_types: PayloadTypes::new(0, Some(EVENTS)),
        send: true,
        receive: true,
        packet_time_ms: 20,
    });
    assert!(studio.hears(0, 100).is_empty(), "0.0.0.0 is a hold");
}

#[test]
fn a_leg_bridged_to_itself_hears_its_own_echo() {
    let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcmu]);
    let leg = studio.phones[0].leg;
    studio.worker.handle_command(studio.now, Command::Bridge { a: leg, b: leg });
    studio.run(1000);
    assert_tone(&studio.hears(0, 500), 600.0);
    assert_silence(&studio.hears(1, 500));
    studio.worker.handle_command(studio.now, Command::Unbridge { a: leg, b: leg });
    studio.run(1000);
    assert_silence(&studio.hears(0, 500));
}
