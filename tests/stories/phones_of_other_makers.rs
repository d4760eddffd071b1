//! Phones that do what the standards allow and few do: payload type numbers of their own (RFC 3264 5.1), and comfort noise
//! instead of silence (RFC 3389).

use std::net::SocketAddr;

use thirdring::center::event::EventKind;
use thirdring::media::rtp::Header;
use thirdring::media::telephone_event::TelephoneEvent;

use crate::support::house::{CALLERS, SERVER};
use crate::support::{House, MINJI, millis, secs};

/// A caller whose phone is none of ours: it offers nothing, and answers our offer in its ACK.
fn phone() -> SocketAddr {
    SocketAddr::new(CALLERS.ip(), 7_070)
}

/// The piece of `text` between two marks.
fn between<'t>(text: &'t str, before: &str, after: &[char]) -> &'t str {
    let rest = text.split_once(before).expect("the mark is there").1;
    rest.split(after).next().unwrap_or(rest)
}

/// The phone calls the hotline and maps telephone events to 96; the port where it is heard.
fn calls_with_96(house: &mut House) -> SocketAddr {
    let phone = phone();
    let head = |method: &str, to: &str, target: &str| {
        format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {phone};branch=z9hG4bK-{method}\r\nMax-Forwards: 70\r\n\
             From: <sip:{MINJI}@{phone}>;tag=1\r\nTo: <sip:1300@10.0.0.1>{to}\r\nCall-ID: numbers\r\n\
             CSeq: 1 {method}\r\nContact: <sip:{MINJI}@{phone}>\r\n"
        )
    };
    house.stranger_sends(phone, &format!("{}Content-Length: 0\r\n\r\n", head("INVITE", "", "sip:1300@10.0.0.1")));
    let letters = house.letters_to(phone);
    let answer = letters.iter().find(|text| text.starts_with("SIP/2.0 200")).expect("answered with our offer");
    assert!(answer.contains("a=rtpmap:101 telephone-event/8000"), "{answer}");
    let tag = between(between(answer, "\r\nTo:", &['\r']), "tag=", &[';']).to_owned();
    let contact = between(answer, "\r\nContact: <", &['>']).to_owned();
    let port = between(answer, "m=audio ", &[' ']).parse().expect("a port");
    let body = "v=0\r\no=- 1 1 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 10.0.0.2\r\nt=0 0\r\nm=audio 9000 RTP/AVP 0 96\r\n\
                a=rtpmap:96 telephone-event/8000\r\n";
    let ack = head("ACK", &format!(";tag={tag}"), &contact);
    let content = format!("Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    house.stranger_sends(phone, &format!("{ack}{content}"));
    SocketAddr::new(SERVER.ip(), port)
}

/// One key among silence, its events under `number`.
fn presses_under(house: &mut House, to: SocketAddr, number: u8) {
    let from = SocketAddr::new(CALLERS.ip(), 9_000);
    for n in 0..40_u16 {
        let pressed = (10..18).contains(&n);
        let timestamp = u32::from(if pressed { 10 } else { n }) * 160;
        let payload_type = if pressed { number } else { 0 };
        let header = Header { marker: n == 10, payload_type, sequence: n, timestamp, ssrc: 7 };
        let event = TelephoneEvent { code: 0, end: n > 14, volume: 10, duration: n.min(14).saturating_sub(9) * 160 };
        let payload = if pressed { event.to_bytes().to_vec() } else { vec![0xFF; 160] };
        let packet = [&header.to_bytes()[..], &payload].concat();
        let now = house.now();
        house.network.send_audio(now, from, to, &packet);
        house.wait(millis(20));
    }
}

#[test]
fn keys_under_our_number_and_under_its_own_are_heard() {
    for number in [101, 96] {
        let mut house = House::open();
        let to = calls_with_96(&mut house);
        house.wait(secs(3));
        presses_under(&mut house, to, number);
        house.wait(secs(1));
        let main = house.count(|kind| matches!(kind, EventKind::IvrVisited { node, .. } if node == "main"));
        assert_eq!(main, 1, "any key skips the notice, under {number} too\n{}", house.story());
    }
}

#[test]
fn a_muted_phone_that_sends_only_comfort_noise_is_not_cut_off() {
    let mut house = House::open();
    let to = calls_with_96(&mut house);
    let from = SocketAddr::new(CALLERS.ip(), 9_000);
    for n in 0..30_u16 {
        let header = Header { marker: false, payload_type: 13, sequence: n, timestamp: u32::from(n) * 16_000, ssrc: 7 };
        let packet = [&header.to_bytes()[..], &[70]].concat();
        let now = house.now();
        house.network.send_audio(now, from, to, &packet);
        house.wait(secs(2));
    }
    let lost = |house: &House| house.count(|kind| matches!(kind, EventKind::MediaLost { .. }));
    assert_eq!(lost(&house), 0, "{}", house.story());
    house.wait(secs(30));
    assert_eq!(lost(&house), 1, "and one that sends nothing is\n{}", house.story());
}
