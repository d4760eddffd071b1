//! A worker, phones around it, and a clock that is turned by hand.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::media::rtp::{Header, Packet};
use crate::media::telephone_event::TelephoneEvent;
use crate::media::{
    ClipId, Command, Event, Forward, Library, PACKET_BYTES_MAX, PacketKind, PayloadTypes, PlayId, PortSlot, Settings,
    Statistics, Worker, decode, encode, listen,
};
use crate::model::{Codec, Digit, LegId, Moment, RecordId};

/// The payload type of telephone events at every phone, unless a test says otherwise.
pub const EVENTS: u8 = 101;

pub struct Studio {
    pub worker: Worker,
    pub now: Moment,
    pub phones: Vec<Phone>,
    pub events: VecDeque<Event>,
    pub rtcp: Vec<(usize, Vec<u8>)>,
    library: Arc<Library>,
}

/// One phone and its leg; phone `n` has slot `n` and leg `n + 1`.
pub struct Phone {
    pub leg: LegId,
    pub slot: PortSlot,
    pub address: SocketAddr,
    pub codec: Codec,
    pub ssrc: u32,
    pub sequence: u16,
    pub timestamp: u32,
    /// Milliseconds of audio in a packet.
    pub packet_time_ms: u64,
    /// Says this tone; silent without.
    pub speaks: Option<f64>,
    /// Millisecond within the packet time at which it sends.
    pub phase: u64,
    pub heard: Vec<Heard>,
}

/// One packet that arrived at a phone.
#[derive(Clone, Debug)]
pub struct Heard {
    pub at: Moment,
    pub header: Header,
    pub payload: Vec<u8>,
}

impl Studio {
    /// A worker with clips `tone/<hertz>` of one second each, and `ramp`.
    pub fn new(phones: usize) -> Self {
        let mut builder = Library::builder();
        for hertz in [400, 600, 800, 1000, 1200] {
            builder.samples(&format!("tone/{hertz}"), &sine(f64::from(hertz), 0, 8000));
        }
        let library = Arc::new(builder.build());
        let settings = Settings { slots: 16, media_timeout: Duration::from_secs(5) };
        let mut studio = Studio {
            worker: Worker::new(settings, Arc::clone(&library)),
            now: Moment::from_secs(100),
            phones: Vec::new(),
            events: VecDeque::new(),
            rtcp: Vec::new(),
            library,
        };
        for n in 0..phones {
            studio.add_phone(n, Codec::Pcmu);
        }
        studio
    }

    /// A call between two phones that speak 600 and 1,000 Hz.
    pub fn talking(codecs: [Codec; 2]) -> Self {
        let mut studio = Studio::new(0);
        for (n, codec) in codecs.into_iter().enumerate() {
            studio.add_phone(n, codec);
        }
        studio.phones[0].speaks = Some(600.0);
        studio.phones[1].speaks = Some(1000.0);
        studio.bridge(0, 1);
        studio
    }

    pub fn add_phone(&mut self, n: usize, codec: Codec) {
        let leg = LegId(n as u64 + 1);
        self.phones.push(Phone {
            leg,
            slot: PortSlot(n as u16),
            address: SocketAddr::from(([192, 0, 2, n as u8 + 1], 4000)),
            codec,
            ssrc: 1000 + n as u32,
            sequence: 65_500,
            timestamp: u32::MAX - 1000,
            packet_time_ms: 20,
            speaks: None,
            phase: 3 * n as u64 + 1,
            heard: Vec::new(),
        });
        self.command(Command::Open { leg, slot: PortSlot(n as u16), seed: 7 + n as u64 });
        self.agree(n, true, true);
    }

    /// The phone's terms, as negotiated.
    pub fn agree(&mut self, n: usize, send: bool, receive: bool) {
        let phone = &self.phones[n];
        self.command(Command::Agree {
            leg: phone.leg,
            remote: phone.address,
            codec: phone.codec,
            send_types: PayloadTypes::usual(phone.codec),
            receive_types: PayloadTypes::usual(phone.codec),
            send,
            receive,
            packet_time_ms: 20,
        });
    }

    pub fn bridge(&mut self, a: usize, b: usize) {
        self.command(Command::Bridge { a: self.phones[a].leg, b: self.phones[b].leg });
    }

    pub fn clip(&self, name: &str) -> ClipId {
        self.library.find(name).expect("a clip of the studio")
    }

    pub fn play(&mut self, n: usize, play: u64, names: &[&str]) {
        let clips = names.iter().map(|name| self.clip(name)).collect();
        self.command(Command::Play { leg: self.phones[n].leg, play: PlayId(play), clips });
    }

    pub fn music(&mut self, n: usize, name: &str) {
        let clip = self.clip(name);
        self.command(Command::Loop { leg: self.phones[n].leg, clip });
    }

    pub fn record(&mut self, n: usize, max: Duration) {
        self.command(Command::Record { leg: self.phones[n].leg, record: RecordId(n as u64), max });
    }

    pub fn command(&mut self, command: Command) {
        self.worker.handle_command(self.now, command);
        self.settle();
    }

    /// Turns the clock; phones speak and listen.
    pub fn run(&mut self, millis: u64) {
        for _ in 0..millis {
            self.now = self.now + Duration::from_millis(1);
            if self.worker.poll_timeout().is_some_and(|due| due <= self.now) {
                self.worker.handle_timeout(self.now);
                self.settle();
            }
            for n in 0..self.phones.len() {
                let phone = &mut self.phones[n];
                if self.now.as_millis() % phone.packet_time_ms == phone.phase
                    && let Some(packet) = phone.speak()
                {
                    self.send(n, &packet);
                }
            }
        }
    }

    /// A packet from phone `n` reaches its slot.
    pub fn send(&mut self, n: usize, packet: &[u8]) -> Option<Forward> {
        self.send_from(n, self.phones[n].address, packet)
    }

    /// A packet from anywhere reaches the slot of phone `n`.
    pub fn send_from(&mut self, n: usize, source: SocketAddr, packet: &[u8]) -> Option<Forward> {
        let mut buffer = packet.to_vec();
        let forward = self.worker.handle_packet(self.now, self.phones[n].slot, source, &mut buffer);
        if let Some(forward) = forward {
            self.deliver(forward, &buffer[..forward.len]);
        }
        self.settle();
        forward
    }

    /// Packets of our own go out, events come in.
    pub fn settle(&mut self) {
        let mut out = [0; PACKET_BYTES_MAX];
        while let Some(forward) = self.worker.poll_transmit(&mut out) {
            self.deliver(forward, &out[..forward.len]);
        }
        while let Some(event) = self.worker.poll_event() {
            self.events.push_back(event);
        }
    }

    fn deliver(&mut self, forward: Forward, bytes: &[u8]) {
        if forward.kind == PacketKind::Rtcp {
            self.rtcp.push((usize::from(forward.slot.0), bytes.to_vec()));
            return;
        }
        let packet = Packet::parse(bytes).expect("we send valid RTP");
        let heard = Heard { at: self.now, header: packet.header(), payload: packet.payload().to_vec() };
        let phone = self.phones.iter_mut().find(|phone| phone.address == forward.to);
        let phone = phone.unwrap_or_else(|| panic!("nobody lives at {}", forward.to));
        assert_eq!(phone.slot, forward.slot, "a packet left from another leg's socket");
        phone.heard.push(heard);
    }

    /// Forgets what was heard; what phone `n` hears within the next `millis`.
    pub fn hears(&mut self, n: usize, millis: u64) -> Vec<i16> {
        self.phones[n].heard.clear();
        self.run(millis);
        self.phones[n].samples()
    }

    /// The keys that were reported for phone `n`.
    pub fn keys(&mut self, n: usize) -> String {
        let leg = self.phones[n].leg;
        let key = |event: &Event| match event {
            Event::Digit { leg: of, digit } if *of == leg => Some(digit.key()),
            _ => None,
        };
        self.events.iter().filter_map(key).collect()
    }

    pub fn finished(&self) -> Vec<u64> {
        let play = |event: &Event| match event {
            Event::PlayFinished { play, .. } => Some(play.0),
            _ => None,
        };
        self.events.iter().filter_map(play).collect()
    }

    /// Everything recorded of phone `n`.
    pub fn recorded(&self, n: usize) -> Vec<i16> {
        let samples = |event: &Event| match event {
            Event::Recorded { record, samples, len, .. } if record.0 == n as u64 => samples[..*len].to_vec(),
            _ => Vec::new(),
        };
        self.events.iter().flat_map(samples).collect()
    }

    /// Hangs phone `n` up.
    pub fn close(&mut self, n: usize) -> Statistics {
        let closing = self.phones[n].leg;
        self.command(Command::Close { leg: closing });
        let closed = self.events.iter().find_map(|event| match event {
            Event::Closed { leg, slot, statistics } if *leg == closing => Some((*slot, *statistics)),
            _ => None,
        });
        let (slot, statistics) = closed.expect("a closed leg says so");
        assert_eq!(slot, self.phones[n].slot);
        statistics
    }
}

impl Phone {
    /// The header of its next packet; numbers move on by `samples`.
    pub fn next(&mut self, payload_type: u8, samples: u32) -> Header {
        let header =
            Header { marker: false, payload_type, sequence: self.sequence, timestamp: self.timestamp, ssrc: self.ssrc };
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(samples);
        header
    }

    /// Its next packet of speech.
    pub fn speak(&mut self) -> Option<Vec<u8>> {
        let hertz = self.speaks?;
        let samples = self.packet_time_ms as u32 * 8;
        let first = self.timestamp;
        let header = self.next(self.codec.static_payload_type(), samples);
        let codec = self.codec;
        Some(packet(
            header,
            &sine(hertz, first % 8000, samples as usize).iter().map(|s| encode(codec, *s)).collect::<Vec<_>>(),
        ))
    }

    /// The packets of one key press of 100 ms; time is not turned.
    pub fn press(&mut self, key: char) -> Vec<Vec<u8>> {
        let digit = Digit::new(key).expect("a key");
        let timestamp = self.timestamp;
        let packets = (1..=7_u16).map(|n| {
            let mut header = self.next(EVENTS, 0);
            header.timestamp = timestamp;
            header.marker = n == 1;
            let event = TelephoneEvent { code: digit.event(), end: n >= 5, volume: 10, duration: n.min(5) * 160 };
            packet(header, &event.to_bytes())
        });
        let packets = packets.collect();
        self.timestamp = timestamp.wrapping_add(1600);
        packets
    }

    /// Audio packets in the order of arrival, without events.
    pub fn audio(&self) -> Vec<&Heard> {
        self.heard.iter().filter(|heard| heard.header.payload_type == self.codec.static_payload_type()).collect()
    }

    /// What a listener with a perfect buffer hears: packets laid out by their timestamps, silence in between.
    pub fn samples(&self) -> Vec<i16> {
        let audio = self.audio();
        let Some(first) = audio.first() else { return Vec::new() };
        let mut samples = Vec::new();
        for heard in &audio {
            let at = heard.header.timestamp.wrapping_sub(first.header.timestamp) as usize;
            assert!(at < 8_000_000, "the timestamp ran away");
            samples.resize(samples.len().max(at + heard.payload.len()), 0);
            for (n, code) in heard.payload.iter().enumerate() {
                samples[at + n] = decode(self.codec, *code);
            }
        }
        samples
    }

    /// One SSRC, sequence numbers without a hole, audio that never overlaps, a marker wherever time jumps.
    pub fn assert_one_clean_stream(&self) {
        for pair in self.heard.windows(2) {
            let (before, after) = (&pair[0], &pair[1]);
            assert_eq!(before.header.ssrc, after.header.ssrc, "another SSRC");
            assert_eq!(before.header.sequence.wrapping_add(1), after.header.sequence, "a hole in the sequence");
        }
        for pair in self.audio().windows(2) {
            let (before, after) = (pair[0], pair[1]);
            let step = after.header.timestamp.wrapping_sub(before.header.timestamp) as i32;
            let len = before.payload.len() as i32;
            assert!(step >= len, "audio overlaps: {step}");
            let adjacent = after.header.sequence == before.header.sequence.wrapping_add(1);
            assert!(step == len || after.header.marker || !adjacent, "time jumps by {step} without a marker");
            let passed = after.at.since(before.at).as_millis() as i32 * 8;
            assert!((step - passed).abs() <= 320, "the timestamp moves {step} in {passed} samples of time");
        }
    }
}

/// A packet of bytes.
pub fn packet(header: Header, payload: &[u8]) -> Vec<u8> {
    let mut bytes = header.to_bytes().to_vec();
    bytes.extend_from_slice(payload);
    bytes
}

/// A sine at a quarter of full scale.
pub fn sine(hertz: f64, first: u32, len: usize) -> Vec<i16> {
    let value =
        |n: usize| (8192.0 * (std::f64::consts::TAU * hertz * (f64::from(first) + n as f64) / 8000.0).sin()) as i16;
    (0..len).map(value).collect()
}

/// Whether the samples are this tone and nothing else, at its level.
#[track_caller]
pub fn assert_tone(samples: &[i16], hertz: f64) {
    assert!(samples.len() >= 400, "only {} samples", samples.len());
    let (share, level) = (listen::tone_share(samples, hertz), listen::level_dbov(samples));
    assert!(share > 0.95, "{hertz} Hz is {share} of what is heard, at {level} dBov");
    assert!((level + 15.05).abs() < 1.0, "{level} dBov");
}

#[track_caller]
pub fn assert_silence(samples: &[i16]) {
    assert!(listen::level_dbov(samples) < -70.0, "{} dBov", listen::level_dbov(samples));
}
