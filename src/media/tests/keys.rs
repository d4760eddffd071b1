//! Keys: heard once whatever the line does, passed on with their own timestamp, sent as events.

use std::time::Duration;

use super::studio::{EVENTS, Studio, assert_tone, packet};
use crate::media::telephone_event::TelephoneEvent;
use crate::media::{Command, PayloadTypes, listen};
use crate::model::{Codec, Digit, LegId};

fn digits(keys: &str) -> Vec<Digit> {
    keys.chars().map(|key| Digit::new(key).expect("a key")).collect()
}

#[test]
fn keys_are_reported_once_each_and_while_they_are_still_down() {
    let mut studio = Studio::new(1);
    let packets = studio.phones[0].press('5');
    studio.send(0, &packets[0]);
    assert_eq!(studio.keys(0), "5", "at the first packet");
    for packet in &packets[1..] {
        studio.send(0, packet);
    }
    for key in "12#*12".chars() {
        for packet in studio.phones[0].press(key) {
            studio.send(0, &packet);
        }
    }
    assert_eq!(studio.keys(0), "512#*12");
    assert_eq!(studio.close(0).digits, 7);
}

#[test]
fn a_line_that_loses_doubles_and_swaps_loses_no_key() {
    let mut studio = Studio::new(1);
    let script = "1234567890*#1122334455";
    for (n, key) in script.chars().enumerate() {
        let packets = studio.phones[0].press(key);
        for at in 0..packets.len() {
            // Two of seven get through, another two each time; one of them twice, the pair in either order.
            let pair = [(n + 1) % 7, (n * 3 + 5) % 7];
            if at == 0 {
                let order = if n % 2 == 0 { pair } else { [pair[1], pair[0]] };
                for chosen in order {
                    studio.send(0, &packets[chosen]);
                }
                studio.send(0, &packets[pair[0]]);
            }
        }
    }
    assert_eq!(studio.keys(0), script);
}

#[test]
fn a_key_on_a_call_reaches_the_other_side_with_one_timestamp() {
    let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcmu]);
    studio.run(200);
    studio.phones[0].speaks = None;
    studio.phones[1].heard.clear();
    for packet in studio.phones[0].press('8') {
        studio.run(20);
        studio.send(0, &packet);
    }
    studio.phones[0].speaks = Some(600.0);
    studio.run(200);
    assert_eq!(studio.keys(0), "8");
    let listener = &studio.phones[1];
    let events: Vec<_> = listener.heard.iter().filter(|heard| heard.header.payload_type == EVENTS).collect();
    assert_eq!(events.len(), 7);
    assert!(events.iter().all(|heard| heard.header.timestamp == events[0].header.timestamp));
    let heard = TelephoneEvent::parse(&events[6].payload).expect("an event");
    assert_eq!((heard.code, heard.end, heard.duration), (8, true, 800));
    assert!(events[0].header.marker);
    listener.assert_one_clean_stream();
}

/// Phone `n` answered our offer of 101 with 96 for telephone events.
fn answers_with_its_own_number(studio: &mut Studio, n: usize) {
    let phone = &studio.phones[n];
    studio.command(Command::Agree {
        leg: phone.leg,
        remote: phone.address,
        codec: phone.codec,
        send_types: PayloadTypes::new(0, Some(96)),
        receive_types: PayloadTypes::new(0, Some(EVENTS)),
        send: true,
        receive: true,
        packet_time_ms: 20,
    });
}

#[test]
fn keys_come_under_our_number_and_go_out_under_the_peers() {
    let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcmu]);
    answers_with_its_own_number(&mut studio, 0);
    studio.run(200);
    for packet in studio.phones[0].press('8') {
        studio.send(0, &packet);
    }
    assert_eq!((studio.keys(0).as_str(), studio.close(0).malformed), ("8", 0));
    let event = |heard: &&super::studio::Heard| heard.header.payload_type == EVENTS;
    assert_eq!(studio.phones[1].heard.iter().filter(event).count(), 7, "the other phone has 101");

    let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcmu]);
    answers_with_its_own_number(&mut studio, 0);
    studio.run(200);
    for packet in studio.phones[1].press('3') {
        studio.send(1, &packet);
    }
    let heard: Vec<u8> = studio.phones[0].heard.iter().map(|heard| heard.header.payload_type).collect();
    assert_eq!(heard.iter().filter(|kind| **kind == 96).count(), 7, "{heard:?}");
    assert!(!heard.contains(&EVENTS), "{heard:?}");
}

#[test]
fn a_phone_that_sends_under_the_number_it_announced_is_understood() {
    let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcmu]);
    answers_with_its_own_number(&mut studio, 0);
    studio.run(200);
    for mut packet in studio.phones[0].press('8') {
        packet[1] = packet[1] & 0x80 | 96;
        studio.send(0, &packet);
    }
    assert_eq!((studio.keys(0).as_str(), studio.close(0).malformed), ("8", 0));
}

#[test]
fn a_number_that_means_something_to_us_never_means_what_the_peer_made_of_it() {
    let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcmu]);
    let (leg, remote) = (studio.phones[0].leg, studio.phones[0].address);
    // The peer wants to receive its codec under our 101, and keys under 0.
    studio.command(Command::Agree {
        leg,
        remote,
        codec: Codec::Pcmu,
        send_types: PayloadTypes::new(EVENTS, Some(0)),
        receive_types: PayloadTypes::new(0, Some(EVENTS)),
        send: true,
        receive: true,
        packet_time_ms: 20,
    });
    studio.run(200);
    assert_tone(&studio.hears(1, 500), 600.0);
    for packet in studio.phones[0].press('8') {
        studio.send(0, &packet);
    }
    assert_eq!(studio.keys(0), "8");
}

/// Phone `n` knows no telephone events.
fn knows_no_events(studio: &mut Studio, n: usize) {
    let phone = &studio.phones[n];
    studio.command(Command::Agree {
        leg: phone.leg,
        remote: phone.address,
        codec: phone.codec,
        send_types: PayloadTypes::new(0, None),
        receive_types: PayloadTypes::new(0, None),
        send: true,
        receive: true,
        packet_time_ms: 20,
    });
}

/// Milliseconds of `samples` in which the two tones of a key sound, to 20 ms.
fn sounding(samples: &[i16], tones: [f64; 2]) -> usize {
    let sounds = |frame: &&[i16]| tones.iter().all(|hertz| listen::tone_share(frame, *hertz) > 0.3);
    20 * samples.chunks_exact(160).filter(sounds).count()
}

/// The tones of the 8 (ITU-T Q.23).
const EIGHT: [f64; 2] = [852.0, 1336.0];

#[test]
fn a_listener_without_events_hears_the_tones_for_as_long_as_the_key_is_down() {
    let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcmu]);
    knows_no_events(&mut studio, 1);
    studio.run(200);
    studio.phones[0].speaks = None;
    studio.phones[1].heard.clear();
    let timestamp = studio.phones[0].timestamp;
    // 400 ms; every third packet is lost.
    for n in 1..=22_u16 {
        let mut header = studio.phones[0].next(EVENTS, 0);
        header.timestamp = timestamp;
        let event = TelephoneEvent { code: 8, end: n >= 20, volume: 10, duration: n.min(20) * 160 };
        if n % 3 != 0 {
            assert_eq!(studio.send(0, &packet(header, &event.to_bytes())), None, "no event goes there");
        }
        studio.run(20);
    }
    studio.phones[0].timestamp = timestamp.wrapping_add(22 * 160);
    studio.phones[0].speaks = Some(600.0);
    studio.run(400);
    assert_eq!(studio.keys(0), "8");
    let listener = &studio.phones[1];
    assert!(listener.heard.iter().all(|heard| heard.header.payload_type == 0));
    let sounding = sounding(&listener.samples(), EIGHT);
    assert!((380..=420).contains(&sounding), "{sounding} ms");
    listener.assert_one_clean_stream();
    assert_tone(&studio.hears(1, 400), 600.0);
}

#[test]
fn keys_pressed_fast_are_tones_one_after_the_other() {
    let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcma]);
    knows_no_events(&mut studio, 0);
    studio.run(200);
    studio.phones[1].speaks = None;
    studio.phones[0].heard.clear();
    for _ in 0..3 {
        for packet in studio.phones[1].press('8') {
            studio.send(1, &packet);
        }
    }
    studio.run(2_000);
    let sounding = sounding(&studio.phones[0].samples(), EIGHT);
    assert!((280..=320).contains(&sounding), "{sounding} ms");
}

#[test]
fn a_key_by_another_way_passes_the_bridge_as_event_or_as_tones() {
    let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcmu]);
    knows_no_events(&mut studio, 1);
    studio.run(200);
    studio.phones[1].heard.clear();
    let pass = |studio: &mut Studio, n: usize| {
        let (leg, digit) = (studio.phones[n].leg, digits("8")[0]);
        studio.command(Command::PassKey { leg, digit, duration: Duration::from_millis(200) });
        studio.run(600);
    };
    pass(&mut studio, 1);
    let event = |heard: &&super::studio::Heard| heard.header.payload_type == EVENTS;
    let durations: Vec<u16> = studio.phones[0]
        .heard
        .iter()
        .filter(event)
        .filter_map(|heard| TelephoneEvent::parse(&heard.payload).map(|event| event.duration))
        .collect();
    assert_eq!((durations.len(), durations.last()), (12, Some(&1600)));
    pass(&mut studio, 0);
    let sounding = sounding(&studio.phones[1].samples(), EIGHT);
    assert!((180..=220).contains(&sounding), "{sounding} ms");
    studio.phones[0].assert_one_clean_stream();
    studio.phones[1].assert_one_clean_stream();
}

#[test]
fn a_key_that_nobody_hears_is_kept_for_nobody() {
    let mut studio = Studio::new(2);
    let (leg, digit) = (studio.phones[0].leg, digits("8")[0]);
    studio.command(Command::PassKey { leg, digit, duration: Duration::from_millis(100) });
    assert_eq!(studio.worker.counts().commands_ignored, 0);
    studio.bridge(0, 1);
    studio.run(500);
    assert!(studio.phones[1].heard.iter().all(|heard| heard.header.payload_type != EVENTS));
}

#[test]
fn keys_sent_are_keys_received() {
    let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcmu]);
    studio.run(200);
    let duration = Duration::from_millis(120);
    studio.command(Command::SendDigits { leg: LegId(2), digits: digits("1300#"), duration });
    studio.phones[1].heard.clear();
    studio.run(2000);
    let heard = std::mem::take(&mut studio.phones[1].heard);
    let mut receiver = crate::media::telephone_event::EventReceiver::default();
    let keys: String = heard
        .iter()
        .filter(|heard| heard.header.payload_type == EVENTS)
        .filter_map(|heard| receiver.receive(heard.header.timestamp, TelephoneEvent::parse(&heard.payload)?))
        .map(Digit::key)
        .collect();
    assert_eq!(keys, "1300#");
    studio.phones[1].heard = heard;
    studio.phones[1].assert_one_clean_stream();
    assert_tone(&studio.hears(1, 500), 600.0);
}

#[test]
fn without_events_keys_are_sent_as_tones() {
    let mut studio = Studio::new(1);
    let (leg, remote) = (studio.phones[0].leg, studio.phones[0].address);
    studio.command(Command::Agree {
        leg,
        remote,
        codec: Codec::Pcmu,
        send_types: PayloadTypes::new(0, None),
        receive_types: PayloadTypes::new(0, None),
        send: true,
        receive: true,
        packet_time_ms: 20,
    });
    studio.run(100);
    let duration = Duration::from_millis(100);
    studio.command(Command::SendDigits { leg, digits: digits("5"), duration });
    let samples = studio.hears(0, 100);
    for hertz in [770.0, 1336.0] {
        assert!(listen::tone_share(&samples, hertz) > 0.4, "{hertz} Hz: {}", listen::tone_share(&samples, hertz));
    }
    studio.phones[0].assert_one_clean_stream();
}
