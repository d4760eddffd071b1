//! One party's media: what it sends us, what it hears from us, what was agreed, what is counted.
//! Never knows its peer across a bridge; never allocates between opening and closing, but for buffers nobody gave back.
//! RFC 3550, RFC 4733, RFC 4961 (symmetric RTP).

use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use super::command::{Counts, Event, PayloadTypes, PortSlot};
use super::dial::{Dialler, Step};
use super::g711;
use super::library::Library;
use super::player::{Filled, Player};
use super::pool::Outbox;
use super::recorder::{Progress, Recorder};
use super::reporter::{self, Reporter};
use super::rtp::{HEADER_BYTES, Header, Packet, rewrite};
use super::source_lock::SourceLock;
use super::statistics::{Arrival, Reception, Statistics};
use super::stream::Stream;
use super::telephone_event::{EventReceiver, TelephoneEvent};
use super::tone::{LEVEL_PAIR, LEVEL_TONE, key_tones};
use super::{FRAME_SAMPLES, SAMPLE_RATE_HZ};
use crate::model::{Codec, Digit, LegId, Moment};

#[derive(Debug)]
pub(crate) struct Leg {
    pub id: LegId,
    pub slot: PortSlot,
    /// None until the first `Agree`.
    pub terms: Option<Terms>,
    pub stream: Stream,
    pub player: Player,
    pub dialler: Dialler,
    /// The slot of the leg it hears.
    pub bridge: Option<u16>,
    pub recorder: Option<Recorder>,
    pub tap: bool,
    /// Whether the clock counts this leg among those with something to send.
    pub clocked: bool,
    tone: Option<Tone>,
    watch: Option<Watch>,
    /// The last sign of life: sound, a key, comfort noise, a report.
    alive: Option<Moment>,
    reception: Reception,
    events: EventReceiver,
    reporter: Reporter,
    tally: Statistics,
}

/// What the last negotiation said.
#[derive(Debug)]
pub(crate) struct Terms {
    pub lock: SourceLock,
    pub codec: Codec,
    pub send_types: PayloadTypes,
    pub receive_types: PayloadTypes,
    pub send: bool,
    pub receive: bool,
    pub packet_time_ms: u32,
}

#[derive(Debug)]
struct Tone {
    hertz: u32,
    /// Samples spoken, within one second.
    spoken: u32,
}

/// A leg that must not fall silent.
#[derive(Debug)]
struct Watch {
    since: Moment,
    lost: bool,
}

/// A packet that is the leg's own and new.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub header: Header,
    pub payload: Range<usize>,
    pub content: Content,
    pub arrival: Arrival,
    /// The key that this packet is the first to tell of.
    pub key: Option<Digit>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Audio(Codec),
    Event(TelephoneEvent),
    /// RFC 3389: no sound, but a sign of life.
    ComfortNoise,
    /// An empty packet, or a payload type that nobody agreed on: it only takes up its number.
    Other,
}

impl Leg {
    pub fn new(now: Moment, id: LegId, slot: PortSlot, seed: u64) -> Self {
        let mut dice = seed;
        let (ssrc, start) = (reporter::next(&mut dice), reporter::next(&mut dice));
        Leg {
            id,
            slot,
            terms: None,
            stream: Stream::new(ssrc as u32, (ssrc >> 32) as u16, start as u32),
            player: Player::Idle,
            dialler: Dialler::new(),
            bridge: None,
            recorder: None,
            tap: false,
            clocked: false,
            tone: None,
            watch: None,
            alive: None,
            reception: Reception::default(),
            events: EventReceiver::default(),
            reporter: Reporter::new(now, dice),
            tally: Statistics::default(),
        }
    }

    /// Takes what was negotiated. A source that is already locked stays, unless `remote` is another one.
    pub fn agree(&mut self, now: Moment, remote: SocketAddr, mut terms: Terms) {
        // A hold of old says "send to 0.0.0.0" (RFC 3264 8.4).
        terms.send &= !remote.ip().is_unspecified() && !remote.ip().is_multicast() && remote.port() != 0;
        let was_receiving = self.terms.as_ref().is_some_and(|terms| terms.receive);
        if let Some(before) = &self.terms {
            terms.lock = before.lock;
            terms.lock.negotiate(remote);
        }
        if let (Some(watch), true, false) = (&mut self.watch, terms.receive, was_receiving) {
            watch.since = now;
        }
        self.terms = Some(terms);
    }

    /// Checks one datagram of the RTP socket and lets everyone on this leg hear it: keys, recorder, tap.
    /// Some when a bridged leg may hear it too.
    pub fn receive(
        &mut self,
        now: Moment,
        source: SocketAddr,
        packet: &[u8],
        outbox: &mut Outbox,
        counts: &mut Counts,
    ) -> Option<Received> {
        let Ok(packet) = Packet::parse(packet) else {
            self.tally.malformed += 1;
            counts.malformed += 1;
            return None;
        };
        let (header, payload) = (packet.header(), packet.payload());
        let content = self.content(header.payload_type, payload);
        if !self.admits(now, source, &header, content, counts) {
            return None;
        }
        let arrival = self.reception.arrive(header.ssrc, header.sequence);
        match arrival {
            Arrival::Duplicate | Arrival::Implausible => return None,
            Arrival::Restarted => {
                self.events.restart();
                if let Some(recorder) = &mut self.recorder {
                    recorder.restart(header.timestamp);
                }
            }
            Arrival::InOrder | Arrival::Reordered => {}
        }
        let receive = self.terms.as_ref().is_some_and(|terms| terms.receive);
        match content {
            Content::Audio(_) | Content::Event(_) => self.count(now, payload.len(), receive, outbox),
            Content::ComfortNoise => self.tally.comfort_noise += 1,
            Content::Other => {}
        }
        if receive && content != Content::Other {
            self.note_life(now);
        }
        if !receive {
            return None;
        }
        let mut key = None;
        match content {
            Content::Audio(codec) => self.hear_audio(now, &header, arrival, codec, payload, outbox),
            Content::Event(event) => key = self.hear_event(&header, event, outbox),
            Content::ComfortNoise | Content::Other => {}
        }
        Some(Received { header, payload: packet.payload_range(), content, arrival, key })
    }

    /// The next 20 ms of our own for this leg; none when it hears a bridge, or must hear nothing.
    pub fn frame(
        &mut self,
        at: Moment,
        library: &Library,
        outbox: &mut Outbox,
        out: &mut [u8],
    ) -> Option<(SocketAddr, usize)> {
        let terms = self.terms.as_ref()?;
        let (codec, to) = (terms.codec, terms.lock.destination());
        let frame = HEADER_BYTES..HEADER_BYTES + FRAME_SAMPLES;
        let mut key = None;
        if terms.send && self.dialler.is_busy() {
            match self.dialler.step(at, &mut self.stream, terms.send_types.telephone_event, out) {
                Step::Packet(len) => return Some((to, len)),
                Step::Wait => return None,
                Step::InBand { digit, heard } => key = Some((digit, heard)),
                Step::Voice => {}
            }
        }
        if !terms.send {
            // The clock runs on, so that a flow that waits for the end of a prompt is not held up by a hold.
            self.play(codec, library, outbox, out.get_mut(frame)?);
            return None;
        }
        if key.is_none() && self.player.is_idle() && self.bridge.is_some() {
            return None;
        }
        let header = self.stream.frame(at, terms.send_types.audio)?;
        let payload = out.get_mut(frame.clone())?;
        if let Some((digit, heard)) = key {
            speak(library, &key_tones(digit), heard, LEVEL_PAIR, codec, payload);
        } else if !self.play(codec, library, outbox, payload) {
            self.murmur(codec, library, payload);
        }
        Some((to, rewrite(out, frame, header)))
    }

    /// Whether the clock must come round: something of our own is to be sent or to be finished.
    pub fn needs_clock(&self) -> bool {
        self.terms.as_ref().is_some_and(|terms| {
            !self.player.is_idle() || terms.send && (self.dialler.is_busy() || self.bridge.is_none())
        })
    }

    /// Whether a bridged peer is heard now: nothing of our own is in front of it.
    pub fn hears_bridge(&self) -> bool {
        self.player.is_idle() && !self.dialler.is_busy()
    }

    /// Whether keys of a bridged peer are sent to this leg: it may be sent something, and no prompt stands in front.
    pub fn takes_keys(&self) -> bool {
        self.player.is_idle() && self.terms.as_ref().is_some_and(|terms| terms.send)
    }

    /// Speaks a tone instead of silence, or silence again.
    pub fn set_tone(&mut self, hertz: Option<u16>) {
        self.tone = hertz.map(|hertz| Tone { hertz: u32::from(hertz), spoken: 0 });
    }

    /// Arms or disarms the media time-out; the time counts from now.
    pub fn set_watch(&mut self, now: Moment, on: bool) {
        self.watch = on.then_some(Watch { since: now, lost: false });
    }

    /// What the passing of time does to a leg: a recording that is over, media that is lost. Whether a report is due.
    pub fn sweep(&mut self, now: Moment, media_timeout: Duration, outbox: &mut Outbox) -> bool {
        if let Some(recorder) = self.recorder.take_if(|recorder| recorder.is_over(now)) {
            recorder.finish(true, outbox);
        }
        let receiving = self.terms.as_ref().is_some_and(|terms| terms.receive);
        if let Some(watch) = self.watch.as_mut().filter(|watch| receiving && !watch.lost) {
            let alive = self.alive.unwrap_or(watch.since).max(watch.since);
            let silent_for = now.since(alive);
            if silent_for >= media_timeout {
                watch.lost = true;
                outbox.push(Event::MediaLost { leg: self.id, silent_for });
            }
        }
        self.terms.is_some() && self.reporter.is_due(now)
    }

    /// A datagram of the RTCP socket.
    pub fn receive_rtcp(&mut self, now: Moment, source: SocketAddr, datagram: &[u8], counts: &mut Counts) {
        let Some(terms) = self.terms.as_ref().filter(|terms| terms.lock.is_peer(source)) else {
            counts.foreign += 1;
            return;
        };
        let is_own = self.reporter.is_own(source, terms.lock.destination());
        if !self.reporter.receive(now, source, datagram, self.stream.ssrc()) {
            counts.malformed += 1;
        } else if is_own {
            self.note_life(now);
        }
    }

    /// Our RTCP report, with a BYE when the leg ends, and where it goes; none before anything was agreed.
    pub fn report(&mut self, now: Moment, bye: bool, out: &mut [u8]) -> Option<(SocketAddr, usize)> {
        let terms = self.terms.as_ref()?;
        let to = self.reporter.destination(terms.lock.destination())?;
        let silent = to.ip().is_unspecified() || self.stream.packets() == 0 && self.tally.packets_received == 0;
        (!silent).then(|| (to, self.reporter.write(now, &self.stream, &mut self.reception, bye, out)))
    }

    pub fn statistics(&self) -> Statistics {
        Statistics {
            packets_sent: self.stream.packets(),
            bytes_sent: self.stream.bytes(),
            lost: self.reception.lost(),
            late: self.reception.late(),
            duplicate: self.reception.duplicate(),
            jitter_ms: self.reception.jitter_ms(),
            remote: self.reporter.remote(),
            ..self.tally
        }
    }

    /// What a packet carries.
    fn content(&self, payload_type: u8, payload: &[u8]) -> Content {
        if payload.is_empty() {
            return Content::Other;
        }
        let terms = self.terms.as_ref();
        let under = |types: PayloadTypes, terms: &Terms| match payload_type {
            kind if types.telephone_event == Some(kind) => {
                Some(TelephoneEvent::parse(payload).map_or(Content::Other, Content::Event))
            }
            kind if types.audio == kind => Some(Content::Audio(terms.codec)),
            kind if types.comfort_noise == Some(kind) => Some(Content::ComfortNoise),
            _ => None,
        };
        let ours = terms.and_then(|terms| under(terms.receive_types, terms));
        // Many phones send under the number they announced and not under ours; where it means nothing else to us,
        // there is only one thing that it can mean.
        let theirs = || terms.and_then(|terms| under(terms.send_types, terms));
        ours.or_else(|| of_static(payload_type)).or_else(theirs).unwrap_or(Content::Other)
    }

    /// Whether the packet is of the leg's own source. What carries nothing that was agreed cannot become the source.
    fn admits(
        &mut self,
        now: Moment,
        source: SocketAddr,
        header: &Header,
        content: Content,
        counts: &mut Counts,
    ) -> bool {
        let lock = self.terms.as_mut().map(|terms| &mut terms.lock);
        if content == Content::Other {
            self.tally.malformed += 1;
            counts.malformed += 1;
            return lock.is_some_and(|lock| lock.holds(source));
        }
        let admitted = lock.is_some_and(|lock| lock.admits(now, source, header.ssrc, header.sequence));
        self.tally.foreign += u64::from(!admitted);
        counts.foreign += u64::from(!admitted);
        admitted
    }

    fn count(&mut self, now: Moment, bytes: usize, receive: bool, outbox: &mut Outbox) {
        self.tally.packets_received += 1;
        self.tally.bytes_received += bytes as u64;
        if !receive {
            return;
        }
        self.tally.last_packet = Some(now);
        if self.tally.first_packet.is_none() {
            self.tally.first_packet = Some(now);
            outbox.push(Event::MediaStarted { leg: self.id });
        }
    }

    fn note_life(&mut self, now: Moment) {
        self.alive = Some(now);
        if let Some(watch) = &mut self.watch {
            watch.lost = false;
        }
    }

    fn hear_audio(
        &mut self,
        now: Moment,
        header: &Header,
        arrival: Arrival,
        codec: Codec,
        payload: &[u8],
        outbox: &mut Outbox,
    ) {
        if arrival != Arrival::Reordered {
            self.reception.space(now, header.timestamp);
        }
        if self.tap {
            let mut samples = outbox.buffer(payload.len());
            g711::decode_into(codec, payload, &mut samples);
            outbox.push(Event::Heard { leg: self.id, samples });
        }
        let Some(recorder) = &mut self.recorder else { return };
        if recorder.write(now, header.timestamp, codec, payload, outbox) == Progress::Full
            && let Some(recorder) = self.recorder.take()
        {
            recorder.finish(true, outbox);
        }
    }

    fn hear_event(&mut self, header: &Header, event: TelephoneEvent, outbox: &mut Outbox) -> Option<Digit> {
        let digit = self.events.receive(header.timestamp, event)?;
        self.tally.digits += 1;
        outbox.push(Event::Digit { leg: self.id, digit });
        Some(digit)
    }

    /// The player's next frame; whether it played.
    fn play(&mut self, codec: Codec, library: &Library, outbox: &mut Outbox, payload: &mut [u8]) -> bool {
        match self.player.fill(library, codec, payload) {
            Filled::Nothing => false,
            Filled::Playing => true,
            Filled::Finished(play) => {
                outbox.push(Event::PlayFinished { leg: self.id, play });
                true
            }
        }
    }

    /// What a leg is sent when nothing is played: its tone, or silence.
    fn murmur(&mut self, codec: Codec, library: &Library, payload: &mut [u8]) {
        match &mut self.tone {
            None => payload.fill(g711::silence(codec)),
            Some(tone) => {
                speak(library, &[tone.hertz], tone.spoken, LEVEL_TONE, codec, payload);
                tone.spoken = (tone.spoken + FRAME_SAMPLES as u32) % SAMPLE_RATE_HZ;
            }
        }
    }
}

fn speak(library: &Library, tones: &[u32], first: u32, level: i32, codec: Codec, payload: &mut [u8]) {
    let mut samples = [0; FRAME_SAMPLES];
    library.sine().fill(tones, first, level, &mut samples);
    g711::encode_into(codec, &samples, payload);
}

/// What a number means to everybody. Both laws are in most offers, and a peer may change between what it offered at any
/// time (RFC 3264 5.1); many send comfort noise without a word about it.
fn of_static(payload_type: u8) -> Option<Content> {
    match payload_type {
        PCMU => Some(Content::Audio(Codec::Pcmu)),
        PCMA => Some(Content::Audio(Codec::Pcma)),
        COMFORT_NOISE => Some(Content::ComfortNoise),
        _ => None,
    }
}

/// Static payload types (RFC 3551, table 4).
const PCMU: u8 = 0;
const PCMA: u8 = 8;
const COMFORT_NOISE: u8 = 13;
