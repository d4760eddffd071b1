//! What the control side asks of a worker, and what a worker reports back: small plain values for bounded queues.
//! Never holds a socket or a reference into the worker.

use std::net::SocketAddr;
use std::time::Duration;

use super::library::ClipId;
use super::statistics::Statistics;
use crate::model::{Codec, Digit, LegId, RecordId};

/// A pre-bound RTP/RTCP socket pair of one worker, by index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortSlot(pub u16);

/// One announcement on one leg, named by whoever asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlayId(pub u64);

/// The payload type numbers of one direction. They are the receiver's: a number in a description is what its author wants
/// to receive (RFC 3264 5.1), so the two directions of a leg may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayloadTypes {
    /// Of the agreed codec, 0 to 127.
    pub audio: u8,
    /// Of telephone events, where they were agreed.
    pub telephone_event: Option<u8>,
    /// Of comfort noise (RFC 3389), where it was agreed.
    pub comfort_noise: Option<u8>,
}

impl PayloadTypes {
    /// The numbers of a description without comfort noise.
    #[must_use]
    pub fn new(audio: u8, telephone_event: Option<u8>) -> Self {
        PayloadTypes { audio, telephone_event, comfort_noise: None }
    }

    /// What nearly every telephone says: the codec's static number, and 101 for telephone events.
    #[must_use]
    pub fn usual(codec: Codec) -> Self {
        PayloadTypes::new(codec.static_payload_type(), Some(101))
    }
}

/// What a worker must know before its first leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Socket pairs, and so legs at once.
    pub slots: u16,
    /// A watched leg that gives no sign of life for this long is reported as `MediaLost`.
    pub media_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { slots: 512, media_timeout: Duration::from_secs(20) }
    }
}

/// One order to a worker. An order that names an unknown leg, or makes no sense there, is counted and ignored.
#[derive(Debug)]
pub enum Command {
    /// A leg begins on a free slot. `seed` makes its SSRC and its first sequence number and timestamp.
    Open { leg: LegId, slot: PortSlot, seed: u64 },
    /// An offer was answered: the first time and every time after. A new `remote` opens the source lock again.
    /// From here on the leg is sent silence, so that the way through any NAT stays open, until it hears something.
    Agree {
        leg: LegId,
        /// Where the peer said it listens; where it really sends from wins (symmetric RTP).
        remote: SocketAddr,
        codec: Codec,
        /// The peer's numbers: what we send under.
        send_types: PayloadTypes,
        /// Our own numbers: what arrives. The static ones are taken besides, and the peer's where they mean nothing else.
        receive_types: PayloadTypes,
        /// False while the peer must hear nothing (it said sendonly or inactive).
        send: bool,
        /// False while what the peer says is dropped.
        receive: bool,
        /// The peer's wish. We always send 20 ms, which every peer takes; relayed packets keep their length.
        packet_time_ms: u32,
    },
    /// Replaces what the leg hears with a row of clips, spliced without a gap. `PlayFinished` comes when all were sent;
    /// a play that is replaced or stopped reports nothing. Afterwards a bridged leg hears the bridge again, any other silence.
    Play { leg: LegId, play: PlayId, clips: Vec<ClipId> },
    /// Music or ringback, over the bridge if there is one, until `Play`, `Stop`, `Bridge` or another `Loop`.
    Loop { leg: LegId, clip: ClipId },
    /// Ends play and loop: a bridged leg hears the bridge again, any other a stream of silence.
    Stop { leg: LegId },
    /// Each hears the other from now on; a running play is heard to its end first, a loop ends. Earlier bridges of either end.
    /// A leg bridged to itself hears its own echo. Keys pass as events, or as tones to a leg without telephone events.
    Bridge { a: LegId, b: LegId },
    /// Ends the bridge between the two; ignored when they are not bridged to each other.
    Unbridge { a: LegId, b: LegId },
    /// Sends keys as RFC 4733 events, each `duration` long (40 ms to 6 s); in-band tones where no event type was agreed.
    SendDigits { leg: LegId, digits: Vec<Digit>, duration: Duration },
    /// The leg pressed a key that did not come in its stream (SIP INFO): whoever hears the leg across a bridge gets it as
    /// `SendDigits` would send it. Without a bridge nobody does, and nothing happens.
    PassKey { leg: LegId, digit: Digit, duration: Duration },
    /// What the leg says, in `Recorded` chunks, until `StopRecord` or `max`. Replaces a running recording, which finishes.
    Record { leg: LegId, record: RecordId, max: Duration },
    /// Ends the recording: the last chunk, then `RecordFinished`.
    StopRecord { leg: LegId },
    /// Arms or disarms the media time-out. Only counts while the leg may send to us. Comfort noise and RTCP are signs of
    /// life as well as sound is: a muted telephone may send nothing else.
    Watch { leg: LegId, on: bool },
    /// `Heard` with the samples of every packet that arrives: for the phone side and for tests.
    Tap { leg: LegId, on: bool },
    /// The phone side speaks: a steady sine at -10 dBm0 instead of silence.
    Tone { leg: LegId, hertz: u16, on: bool },
    /// Gives a buffer of `Recorded` or `Heard` back, so that the worker need not allocate the next one.
    Recycle { samples: Box<[i16]> },
    /// Ends the leg with an RTCP BYE: the recording finishes, then `Closed`.
    Close { leg: LegId },
}

/// What happened on a leg.
#[derive(Debug, PartialEq)]
pub enum Event {
    /// The slot takes packets now.
    Opened { leg: LegId },
    /// A key was pressed: once per event, at its first packet.
    Digit { leg: LegId, digit: Digit },
    /// The last sample of the row was sent.
    PlayFinished { leg: LegId, play: PlayId },
    /// The first packet was accepted; once per leg.
    MediaStarted { leg: LegId },
    /// A watched leg fell silent. Reported again only after media came back.
    MediaLost { leg: LegId, silent_for: Duration },
    /// A piece of the recording in order, without gaps: 200 ms each (`Recorder`'s chunk), the last one shorter.
    /// Give the buffer back with `Command::Recycle`.
    Recorded {
        record: RecordId,
        /// Samples of the recording before this piece.
        before: u64,
        samples: Box<[i16]>,
        /// How many of the samples count.
        len: usize,
    },
    /// The recording is complete.
    RecordFinished {
        record: RecordId,
        length: Duration,
        /// It ended because `max` was reached.
        full: bool,
    },
    /// One packet's samples, for a tapped leg. Give the buffer back with `Command::Recycle`.
    Heard { leg: LegId, samples: Box<[i16]> },
    /// The leg is gone; its slot may be reused after a quarantine.
    Closed { leg: LegId, slot: PortSlot, statistics: Statistics },
}

/// Which of a slot's two sockets a packet leaves from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketKind {
    Rtp,
    Rtcp,
}

/// Where the bytes at the front of the buffer go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Forward {
    /// The slot to send from.
    pub slot: PortSlot,
    pub kind: PacketKind,
    pub to: SocketAddr,
    /// Bytes of the packet.
    pub len: usize,
}

/// What a worker has counted since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Legs open now.
    pub legs: usize,
    /// Legs that are sent 20 ms frames now (prompt, music, tone, silence, digits).
    pub clocked: usize,
    pub packets_received: u64,
    pub packets_relayed: u64,
    /// Frames of our own.
    pub packets_played: u64,
    /// Datagrams on a slot without a leg.
    pub unclaimed: u64,
    /// Packets of a source that is not the leg's.
    pub foreign: u64,
    /// Datagrams that are not RTP, or of no agreed payload type.
    pub malformed: u64,
    /// Comfort noise that went no further: its leg is alone, or its listener has not agreed to any.
    pub comfort_noise: u64,
    /// Commands that meant nothing (unknown leg, taken slot).
    pub commands_ignored: u64,
    /// Events dropped because nobody took them in time.
    pub events_dropped: u64,
    /// 5 ms steps given up because the thread came too late to catch up.
    pub ticks_skipped: u64,
}
