//! Keys: heard once whatever the line does, passed on with their own timestamp, sent as events.

use std::time::Duration;

use super::studio::{EVENTS, Studio, assert_tone};
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

#[test]
fn a_listener_without_events_is_spared_them_and_sees_no_loss() {
    let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcmu]);
    let (leg, remote) = (studio.phones[1].leg, studio.phones[1].address);
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
    studio.run(200);
    for packet in studio.phones[0].press('8') {
        studio.send(0, &packet);
    }
    studio.run(200);
    assert_eq!(studio.keys(0), "8");
    assert!(studio.phones[1].heard.iter().all(|heard| heard.header.payload_type == 0));
    let sequences: Vec<u16> = studio.phones[1].heard.iter().map(|heard| heard.header.sequence).collect();
    assert!(sequences.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1)));
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
