//! Floor 1: the audio path. One `Worker` owns whole calls: receives, relays, plays, records; a pure state machine.
//! Knows no agents, queues or SIP; never touches a socket, a clock or a file. RFC 3550, RFC 3551, RFC 4733, ITU-T G.711.

mod bridge;
mod clock;
mod command;
mod dial;
mod g711;
mod leg;
mod library;
pub mod listen;
mod player;
mod pool;
mod recorder;
mod reporter;
mod resample;
pub mod rtcp;
pub mod rtp;
mod source_lock;
mod statistics;
mod stream;
pub mod telephone_event;
mod tone;
mod wav;
mod worker;

pub use command::{Command, Counts, Event, Forward, PacketKind, PayloadTypes, PlayId, PortSlot, Settings};
pub use g711::{decode, decode_into, encode, encode_into, silence, transcode};
pub use library::{ClipId, Library, LibraryBuilder, Recording};
pub use statistics::{RemoteReport, Statistics};
pub use wav::WavError;
pub use worker::Worker;

#[cfg(test)]
mod tests;

/// Samples of one frame: 20 ms at 8 kHz, the packet time that every telephone takes (RFC 3551 4.2).
pub const FRAME_SAMPLES: usize = 160;

/// Bytes that a buffer for one outgoing packet needs: the longest RTCP compound we write; an RTP frame takes 172.
pub const PACKET_BYTES_MAX: usize = 192;

/// Samples a second of everything in this room.
pub const SAMPLE_RATE_HZ: u32 = 8_000;
