//! The relay lane: one leg's packet becomes the other leg's packet in the same buffer.
//! Never decodes: bytes go through as they are, or through one table from law to law. Never allocates.
//! RFC 4733 for keys; where the listener knows none, ITU-T Q.23.

use std::time::Duration;

use super::command::{Forward, PacketKind};
use super::g711;
use super::leg::{Content, Leg, Received};
use super::rtp::rewrite;
use super::statistics::Arrival;
use super::stream::Span;
use crate::model::{Digit, Moment};

/// Sounds a key that came as telephone event for a `listener` that agreed to none: two tones in its voice, as long as the
/// key is down. Whether there was something to sound.
pub(crate) fn sound(received: &Received, listener: &mut Leg) -> bool {
    let without_events = listener.terms.as_ref().is_some_and(|terms| terms.send_types.telephone_event.is_none());
    let Content::Event(event) = received.content else { return false };
    if !without_events || !listener.takes_keys() {
        return false;
    }
    let known = Duration::from_micros(u64::from(event.duration) * MICROS_PER_SAMPLE);
    if let Some(key) = received.key {
        listener.dialler.press(&[key], known);
    }
    match Digit::from_event(event.code).filter(|_| received.arrival != Arrival::Reordered) {
        Some(key) if event.end => listener.dialler.release(key, known),
        Some(key) => listener.dialler.hold(key, known),
        None => {}
    }
    true
}

/// Rewrites `packet`, which `received` describes, for the `listener`; none when it hears something else now or cannot take it.
///
/// What is left out ends the lane, so that the listener sees a splice and not a loss.
pub(crate) fn relay(now: Moment, received: &Received, listener: &mut Leg, packet: &mut [u8]) -> Option<Forward> {
    let hears_bridge = listener.hears_bridge();
    let terms = listener.terms.as_ref()?;
    let payload_type = match received.content {
        Content::Audio(_) => Some(terms.send_types.audio),
        Content::Event(_) => terms.send_types.telephone_event,
        Content::ComfortNoise => terms.send_types.comfort_noise,
        Content::Other => None,
    };
    let Some(payload_type) = payload_type.filter(|_| hears_bridge && terms.send) else {
        listener.stream.break_lane();
        return None;
    };
    if received.arrival == Arrival::Restarted {
        listener.stream.break_lane();
    }
    let bytes = received.payload.len();
    let span = match received.content {
        Content::Audio(_) => Span::Audio(bytes as u32),
        Content::Event(event) => Span::Event(u32::from(event.duration)),
        // It stands for a silence of unknown length; what is said next tells by its timestamp how long it was.
        Content::ComfortNoise => Span::Audio(0),
        Content::Other => return None,
    };
    let newest = received.arrival != Arrival::Reordered;
    let header = listener.stream.relay(now, received.header, payload_type, span, newest, bytes)?;
    if let (Content::Audio(codec), Some(payload)) = (received.content, packet.get_mut(received.payload.clone())) {
        g711::transcode(codec, terms.codec, payload);
    }
    let len = rewrite(packet, received.payload.clone(), header);
    Some(Forward { slot: listener.slot, kind: PacketKind::Rtp, to: terms.lock.destination(), len })
}

const MICROS_PER_SAMPLE: u64 = 125;
