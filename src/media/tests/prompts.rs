//! What a caller is played: prompts, music, tones; and what is recorded of a caller.

use std::time::Duration;

use super::studio::{Studio, assert_silence, assert_tone};
use crate::media::rtp::Packet;
use crate::media::{Command, Event, PacketKind, PayloadTypes, PlayId, Settings, Worker, decode, listen};
use crate::model::{Codec, LegId, Moment, RecordId};

#[test]
fn a_prompt_is_heard_whole_and_its_end_is_told_once() {
    let mut studio = Studio::new(1);
    studio.run(50);
    studio.play(0, 7, &["tone/600", "tone/1000"]);
    let samples = studio.hears(0, 2000);
    assert_tone(&samples[..8000], 600.0);
    assert_tone(&samples[8000..15_900], 1000.0);
    studio.run(1000);
    assert_eq!(studio.finished(), [7]);
    assert_silence(&studio.hears(0, 500));
    studio.phones[0].assert_one_clean_stream();
}

#[test]
fn two_clips_that_fit_together_sound_like_one() {
    let mut studio = Studio::new(1);
    studio.run(40);
    // One second holds 1,000 whole periods, so the splice falls into the middle of a running sine.
    studio.play(0, 1, &["tone/1000", "tone/1000", "tone/1000"]);
    let samples = studio.hears(0, 2900);
    assert!(listen::tone_share(&samples, 1000.0) > 0.995);
    let largest_step = samples.windows(2).map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs()).max();
    // A sine of 8,192 at an eighth of the sampling rate moves at most 5,793 from sample to sample.
    assert!(largest_step.is_some_and(|step| step < 6_000), "{largest_step:?}");
}

#[test]
fn another_prompt_or_a_stop_is_heard_within_a_frame() {
    let mut studio = Studio::new(1);
    studio.play(0, 1, &["tone/600", "tone/600"]);
    studio.run(505);
    studio.play(0, 2, &["tone/1000"]);
    let samples = studio.hears(0, 300);
    assert_tone(&samples, 1000.0);
    assert!(studio.phones[0].heard[0].at.since(studio.now) < Duration::from_millis(20));
    studio.command(Command::Stop { leg: LegId(1) });
    assert_silence(&studio.hears(0, 300));
    assert_eq!(studio.phones[0].heard.len(), 15, "the stream goes on");
    studio.run(3000);
    assert!(studio.finished().is_empty(), "neither was said to its end");
    studio.phones[0].assert_one_clean_stream();
}

#[test]
fn music_goes_round_without_a_seam() {
    let mut studio = Studio::new(1);
    studio.music(0, "tone/400");
    studio.run(20);
    let samples = studio.hears(0, 5000);
    assert!(listen::tone_share(&samples, 400.0) > 0.99);
    assert!(studio.finished().is_empty());
    studio.music(0, "tone/ringback");
    let samples = studio.hears(0, 6000);
    let loud = samples.chunks(800).filter(|part| listen::level_dbov(part) > -30.0).count();
    assert!((20..=22).contains(&loud), "{loud} of 60 tenths of a second: two rings of one second in six");
}

#[test]
fn a_prompt_on_a_call_is_heard_instead_of_the_other_and_then_the_other_again() {
    let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcma]);
    studio.run(300);
    studio.play(1, 3, &["tone/400"]);
    let samples = studio.hears(1, 900);
    assert_tone(&samples[320..7000], 400.0);
    studio.run(200);
    assert_eq!(studio.finished(), [3]);
    assert_tone(&studio.hears(1, 500), 600.0);
    assert_tone(&studio.hears(0, 500), 1000.0);
    studio.run(100);
    studio.phones[1].assert_one_clean_stream();
}

#[test]
fn a_bridge_waits_for_the_prompt_but_not_for_the_music() {
    let mut studio = Studio::new(2);
    studio.phones[0].speaks = Some(600.0);
    studio.phones[1].speaks = Some(1000.0);
    studio.music(0, "tone/400");
    studio.play(1, 9, &["tone/800"]);
    studio.run(200);
    studio.bridge(0, 1);
    assert_tone(&studio.hears(0, 500), 1000.0);
    studio.run(400);
    assert_eq!(studio.finished(), [9]);
    assert_tone(&studio.hears(1, 500), 600.0);
    let phone = &studio.phones[1];
    assert!(phone.heard.len() >= 24);
}

#[test]
fn music_over_a_bridge_ends_with_stop() {
    let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcmu]);
    studio.music(0, "tone/400");
    studio.run(40);
    assert_tone(&studio.hears(0, 500), 400.0);
    studio.command(Command::Stop { leg: LegId(1) });
    studio.run(40);
    assert_tone(&studio.hears(0, 500), 1000.0);
}

#[test]
fn a_prompt_waits_for_an_address_and_runs_on_through_a_hold() {
    let mut studio = Studio::new(1);
    let slot = crate::media::PortSlot(5);
    studio.command(Command::Open { leg: LegId(9), slot, seed: 1 });
    let clips = vec![studio.clip("tone/600")];
    studio.command(Command::Play { leg: LegId(9), play: PlayId(4), clips });
    studio.run(3000);
    assert!(studio.finished().is_empty(), "nobody heard it");
    studio.play(0, 5, &["tone/600"]);
    studio.run(300);
    studio.agree(0, false, false);
    studio.run(1000);
    assert_eq!(studio.finished(), [5], "a flow is not held up");
}

#[test]
fn an_empty_announcement_is_finished_at_once() {
    let mut studio = Studio::new(1);
    studio.play(0, 6, &[]);
    studio.run(20);
    assert_eq!(studio.finished(), [6]);
}

#[test]
fn a_late_thread_catches_up_without_a_hole_in_the_sequence() {
    let mut studio = Studio::new(1);
    studio.play(0, 1, &["tone/600", "tone/600", "tone/600"]);
    studio.run(200);
    studio.now = studio.now + Duration::from_millis(65);
    studio.run(200);
    assert_eq!(studio.phones[0].heard.len(), 23, "three frames were made up for");
    assert_tone(&studio.phones[0].samples()[200..], 600.0);
    studio.now = studio.now + Duration::from_secs(2);
    studio.phones[0].heard.clear();
    studio.run(200);
    assert!((14..=15).contains(&studio.phones[0].heard.len()), "{} frames", studio.phones[0].heard.len());
    let sequences: Vec<u16> = studio.phones[0].heard.iter().map(|heard| heard.header.sequence).collect();
    assert!(sequences.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1)));
    assert!(studio.worker.counts().ticks_skipped > 300);
}

#[test]
fn what_a_caller_says_is_recorded_and_what_he_hears_is_not() {
    let mut studio = Studio::talking([Codec::Pcma, Codec::Pcmu]);
    studio.run(100);
    studio.record(0, Duration::from_secs(60));
    studio.run(1500);
    studio.command(Command::StopRecord { leg: LegId(1) });
    let samples = studio.recorded(0);
    assert_tone(&samples, 600.0);
    assert_eq!(samples.len(), 12_000);
    let end = studio.events.iter().rev().find(|event| matches!(event, Event::RecordFinished { .. }));
    let length = Duration::from_millis(1500);
    assert_eq!(end, Some(&Event::RecordFinished { record: RecordId(0), length, full: false }));
    assert_tone(&studio.hears(1, 300), 600.0);
}

#[test]
fn a_recording_ends_at_its_maximum_even_when_nobody_speaks() {
    for speaks in [Some(600.0), None] {
        let mut studio = Studio::new(1);
        studio.phones[0].speaks = speaks;
        studio.record(0, Duration::from_secs(2));
        studio.run(3000);
        let end = studio.events.iter().find_map(|event| match event {
            Event::RecordFinished { length, full, .. } => Some((*length, *full)),
            _ => None,
        });
        let length = if speaks.is_some() { Duration::from_secs(2) } else { Duration::ZERO };
        assert_eq!(end, Some((length, true)));
        assert_eq!(studio.recorded(0).len(), length.as_millis() as usize * 8);
    }
}

#[test]
fn a_leg_that_closes_keeps_what_was_recorded() {
    let mut studio = Studio::new(1);
    studio.phones[0].speaks = Some(600.0);
    studio.record(0, Duration::from_secs(60));
    studio.run(330);
    studio.close(0);
    let kinds: Vec<&str> = studio
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Recorded { .. } => Some("recorded"),
            Event::RecordFinished { .. } => Some("finished"),
            Event::Closed { .. } => Some("closed"),
            _ => None,
        })
        .collect();
    assert_eq!(kinds, ["recorded", "recorded", "finished", "closed"]);
    assert_eq!(studio.recorded(0).len(), 17 * 160);
}

/// Two workers as two ends: a phone side that speaks a tone and listens, and a server that plays.
#[test]
fn a_phone_on_a_worker_speaks_a_tone_and_hears_the_server() {
    let mut studio = Studio::new(1);
    let library = std::sync::Arc::new(crate::media::Library::builder().build());
    let mut phone = Worker::new(Settings::default(), library);
    let server = std::net::SocketAddr::from(([127, 0, 0, 1], 2000));
    let (leg, slot) = (LegId(1), crate::media::PortSlot(0));
    let mut now = Moment::from_secs(1);
    phone.handle_command(now, Command::Open { leg, slot, seed: 1 });
    phone.handle_command(
        now,
        Command::Agree {
            leg,
            remote: server,
            codec: Codec::Pcmu,
            send_types: PayloadTypes::new(0, None),
            receive_types: PayloadTypes::new(0, None),
            send: true,
            receive: true,
            packet_time_ms: 20,
        },
    );
    phone.handle_command(now, Command::Tone { leg, hertz: 850, on: true });
    phone.handle_command(now, Command::Tap { leg, on: true });
    studio.music(0, "tone/600");
    let (mut spoken, mut heard) = (Vec::new(), Vec::new());
    let mut out = [0; 192];
    for _ in 0..1000 {
        now = now + Duration::from_millis(1);
        studio.run(1);
        for packet in studio.phones[0].heard.drain(..) {
            let mut bytes = super::studio::packet(packet.header, &packet.payload);
            assert!(phone.handle_packet(now, slot, server, &mut bytes).is_none());
        }
        phone.handle_timeout(now);
        while let Some(forward) = phone.poll_transmit(&mut out) {
            if forward.kind == PacketKind::Rtp {
                let packet = Packet::parse(&out[..forward.len]).expect("we send valid RTP");
                spoken.extend(packet.payload().iter().map(|code| decode(Codec::Pcmu, *code)));
            }
        }
        while let Some(event) = phone.poll_event() {
            if let Event::Heard { samples, .. } = event {
                heard.extend_from_slice(&samples);
                phone.handle_command(now, Command::Recycle { samples });
            }
        }
    }
    assert!(spoken.len() > 7_000 && listen::tone_share(&spoken, 850.0) > 0.99);
    // -10 dBm0 is 13.14 dB below a full-scale sine, which is -3.01 dBov.
    assert!((listen::level_dbov(&spoken) + 16.15).abs() < 0.2, "{} dBov", listen::level_dbov(&spoken));
    assert_tone(&heard, 600.0);
}
