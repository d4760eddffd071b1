//! Who says nothing may still be there: comfort noise and reports keep a line alive, and nothing else does.

use std::net::SocketAddr;

use super::studio::{Studio, assert_tone, packet};
use crate::media::rtcp::Writer;
use crate::media::{Command, Event, PayloadTypes};
use crate::model::Codec;

/// Two phones on a call; the first is watched and has said nothing yet.
fn watched() -> Studio {
    let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcmu]);
    studio.phones[0].speaks = None;
    studio.command(Command::Watch { leg: studio.phones[0].leg, on: true });
    studio
}

fn lost(studio: &Studio) -> usize {
    studio.events.iter().filter(|event| matches!(event, Event::MediaLost { .. })).count()
}

/// Phone 0 is muted: one packet of comfort noise under `number` each second.
fn is_muted(studio: &mut Studio, number: u8, seconds: u32) {
    for _ in 0..seconds {
        let header = studio.phones[0].next(number, 8_000);
        studio.send(0, &packet(header, &[70]));
        studio.run(1_000);
    }
}

fn report(ssrc: u32) -> Vec<u8> {
    let mut out = [0; 100];
    let mut writer = Writer::new(&mut out);
    writer.report(ssrc, None, None);
    let len = writer.len();
    out[..len].to_vec()
}

/// Phone 0 agrees to comfort noise under these numbers: to send it with, and to get it with.
fn agrees_to_noise(studio: &mut Studio, n: usize, to_it: u8, from_it: u8) {
    let phone = &studio.phones[n];
    let usual = PayloadTypes::usual(phone.codec);
    studio.command(Command::Agree {
        leg: phone.leg,
        remote: phone.address,
        codec: phone.codec,
        send_types: PayloadTypes { comfort_noise: Some(to_it), ..usual },
        receive_types: PayloadTypes { comfort_noise: Some(from_it), ..usual },
        send: true,
        receive: true,
        packet_time_ms: 20,
    });
}

#[test]
fn a_muted_phone_that_sends_comfort_noise_for_a_minute_lives() {
    let mut studio = watched();
    is_muted(&mut studio, 13, 60);
    assert_eq!(lost(&studio), 0);
    studio.run(6_000);
    assert_eq!(lost(&studio), 1, "and when it sends nothing at all any more, it is lost");
    let statistics = studio.close(0);
    assert_eq!((statistics.comfort_noise, statistics.malformed, statistics.packets_received), (60, 0, 0));
}

#[test]
fn an_agreed_number_of_comfort_noise_is_a_sign_of_life_and_any_other_is_not() {
    for (number, losses) in [(97, 0), (98, 1)] {
        let mut studio = watched();
        agrees_to_noise(&mut studio, 0, 13, 97);
        is_muted(&mut studio, number, 20);
        assert_eq!(lost(&studio), losses, "{number}");
    }
}

#[test]
fn comfort_noise_of_a_stranger_keeps_no_line_alive() {
    let mut studio = watched();
    studio.phones[0].speaks = Some(600.0);
    studio.run(200);
    studio.phones[0].speaks = None;
    let stranger: SocketAddr = "203.0.113.9:4000".parse().expect("an address literal");
    for _ in 0..20 {
        let header = studio.phones[0].next(13, 8_000);
        studio.send_from(0, stranger, &packet(header, &[70]));
        studio.run(1_000);
    }
    assert_eq!(lost(&studio), 1);
}

#[test]
fn reports_keep_a_silent_line_alive() {
    let mut studio = watched();
    let (slot, rtp) = (studio.phones[0].slot, studio.phones[0].address);
    for _ in 0..60 {
        let source = SocketAddr::new(rtp.ip(), rtp.port() + 1);
        studio.worker.handle_rtcp(studio.now, slot, source, &report(1_000));
        studio.run(1_000);
    }
    assert_eq!(lost(&studio), 0);
    studio.run(6_000);
    assert_eq!(lost(&studio), 1);
}

#[test]
fn reports_from_another_port_count_when_they_go_on_coming_from_there() {
    let lives = |ports: &dyn Fn(u16) -> u16| {
        let mut studio = watched();
        let (slot, ip) = (studio.phones[0].slot, studio.phones[0].address.ip());
        for n in 0..20 {
            studio.worker.handle_rtcp(studio.now, slot, SocketAddr::new(ip, ports(n)), &report(1_000));
            studio.run(1_000);
        }
        lost(&studio) == 0
    };
    assert!(lives(&|_| 61_000), "a NAT gave it a port of its own");
    assert!(!lives(&|n| 20_000 + n), "somebody tries ports");
}

#[test]
fn what_is_no_report_is_no_sign_of_life() {
    let mut studio = watched();
    let (slot, rtp) = (studio.phones[0].slot, studio.phones[0].address);
    for _ in 0..20 {
        studio.worker.handle_rtcp(studio.now, slot, SocketAddr::new(rtp.ip(), rtp.port() + 1), &[0x80, 0, 0, 0]);
        studio.run(1_000);
    }
    assert_eq!(lost(&studio), 1);
}

#[test]
fn comfort_noise_passes_between_two_who_agreed_to_it() {
    let mut studio = Studio::talking([Codec::Pcmu, Codec::Pcma]);
    agrees_to_noise(&mut studio, 0, 13, 13);
    agrees_to_noise(&mut studio, 1, 96, 13);
    studio.run(200);
    studio.phones[0].speaks = None;
    studio.phones[1].heard.clear();
    for _ in 0..10 {
        let header = studio.phones[0].next(13, 1_600);
        assert!(studio.send(0, &packet(header, &[70])).is_some());
        studio.run(200);
    }
    let noise: Vec<_> = studio.phones[1].heard.iter().map(|h| (h.header.payload_type, h.payload.clone())).collect();
    assert_eq!(noise, vec![(96, vec![70]); 10], "as it was, under the listener's number");
    studio.phones[0].speaks = Some(600.0);
    studio.run(400);
    assert_tone(&studio.hears(1, 400), 600.0);
    studio.phones[1].assert_one_clean_stream();
    assert_eq!(studio.worker.counts().comfort_noise, 0);
}
