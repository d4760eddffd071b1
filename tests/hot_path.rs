//! The promise of the audio path: once a leg is open, its packets cost no allocation, whatever is done with them.
//! Never measures time; counts what the allocator is asked for on this thread.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use thirdring::media::rtp::Header;
use thirdring::media::telephone_event::TelephoneEvent;
use thirdring::media::{Command, Event, Library, PACKET_BYTES_MAX, PayloadTypes, PlayId, PortSlot, Settings, Worker};
use thirdring::model::{Codec, Digit, LegId, Moment, RecordId};

/// The system's allocator, counting what this thread asks of it.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    // A thread that is being torn down has no counter any more; it is none of ours.
    let _ = ALLOCATIONS.try_with(|allocations| allocations.set(allocations.get() + 1));
}

// SAFETY: every call goes to the system's allocator unchanged; the counter is a plain cell without a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A worker with two bridged legs whose phones send a packet every 20 ms each.
struct Call {
    worker: Worker,
    now: Moment,
    sequence: u16,
    packets_out: u64,
    samples_recorded: usize,
    samples_heard: usize,
    finished: u64,
}

impl Call {
    fn new(codecs: [Codec; 2]) -> Self {
        let mut builder = Library::builder();
        builder.samples("long", &vec![1000; 8_000 * 60]);
        builder.samples("short", &vec![1000; 777]);
        let worker = Worker::new(Settings { slots: 4, ..Settings::default() }, Arc::new(builder.build()));
        let now = Moment::from_secs(1);
        let mut call =
            Call { worker, now, sequence: 0, packets_out: 0, samples_recorded: 0, samples_heard: 0, finished: 0 };
        for (n, codec) in codecs.into_iter().enumerate() {
            let leg = LegId(n as u64);
            call.command(Command::Open { leg, slot: PortSlot(n as u16), seed: n as u64 });
            call.command(Command::Agree {
                leg,
                remote: phone(n),
                codec,
                send_types: PayloadTypes::usual(codec),
                receive_types: PayloadTypes::usual(codec),
                send: true,
                receive: true,
                packet_time_ms: 20,
            });
        }
        call
    }

    fn bridged(codecs: [Codec; 2]) -> Self {
        let mut call = Call::new(codecs);
        call.command(Command::Bridge { a: LegId(0), b: LegId(1) });
        call
    }

    fn command(&mut self, command: Command) {
        self.worker.handle_command(self.now, command);
    }

    /// 20 ms: a packet from either phone, everything due sent, every event taken and its buffer given back.
    fn frame(&mut self, payload_type: u8) {
        let mut buffer = [0x55; 172];
        for n in 0..2 {
            let header = Header {
                marker: false,
                payload_type,
                sequence: self.sequence,
                timestamp: u32::from(self.sequence) * 160,
                ssrc: n as u32,
            };
            buffer[..12].copy_from_slice(&header.to_bytes());
            if payload_type == 101 {
                let event = TelephoneEvent { code: 5, end: false, volume: 10, duration: 160 };
                buffer[12..16].copy_from_slice(&event.to_bytes());
            }
            let len = if payload_type == 101 { 16 } else { 172 };
            let forward = self.worker.handle_packet(self.now, PortSlot(n as u16), phone(n), &mut buffer[..len]);
            self.packets_out += u64::from(forward.is_some());
        }
        self.sequence = self.sequence.wrapping_add(1);
        self.now = self.now + Duration::from_millis(20);
        self.worker.handle_timeout(self.now);
        let mut out = [0; PACKET_BYTES_MAX];
        while self.worker.poll_transmit(&mut out).is_some() {
            self.packets_out += 1;
        }
        while let Some(event) = self.worker.poll_event() {
            match event {
                Event::Recorded { samples, .. } => {
                    self.samples_recorded += samples.len();
                    self.worker.handle_command(self.now, Command::Recycle { samples });
                }
                Event::Heard { samples, .. } => {
                    self.samples_heard += samples.len();
                    self.worker.handle_command(self.now, Command::Recycle { samples });
                }
                Event::PlayFinished { .. } => self.finished += 1,
                _ => {}
            }
        }
    }

    /// Allocations within `frames` of 20 ms, after a second of warming up.
    fn allocations(&mut self, frames: usize, payload_type: u8) -> u64 {
        for _ in 0..50 {
            self.frame(payload_type);
        }
        self.packets_out = 0;
        let before = ALLOCATIONS.get();
        for _ in 0..frames {
            self.frame(payload_type);
        }
        ALLOCATIONS.get() - before
    }
}

fn phone(n: usize) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, n as u8 + 1], 4000))
}

#[test]
fn the_counter_counts() {
    let before = ALLOCATIONS.get();
    drop(std::hint::black_box(vec![1_u8; 100]));
    assert_eq!(ALLOCATIONS.get() - before, 1);
}

#[test]
fn relaying_a_thousand_packets_costs_no_allocation() {
    for codecs in [[Codec::Pcmu, Codec::Pcmu], [Codec::Pcmu, Codec::Pcma]] {
        let mut call = Call::bridged(codecs);
        assert_eq!(call.allocations(500, 0), 0);
        assert!(call.packets_out >= 1000, "{} packets", call.packets_out);
    }
}

#[test]
fn relaying_keys_costs_no_allocation() {
    let mut call = Call::bridged([Codec::Pcmu, Codec::Pcmu]);
    assert_eq!(call.allocations(500, 101), 0);
    assert!(call.packets_out >= 1000, "{} packets", call.packets_out);
}

#[test]
fn sounding_keys_costs_no_allocation() {
    let mut call = Call::bridged([Codec::Pcmu, Codec::Pcmu]);
    for n in 0..2 {
        call.command(Command::Agree {
            leg: LegId(n as u64),
            remote: phone(n),
            codec: Codec::Pcmu,
            send_types: PayloadTypes::new(0, None),
            receive_types: PayloadTypes::new(0, Some(101)),
            send: true,
            receive: true,
            packet_time_ms: 20,
        });
    }
    assert_eq!(call.allocations(250, 101), 0);
    assert!(call.packets_out >= 480, "{} packets", call.packets_out);
}

#[test]
fn prompts_and_music_cost_no_allocation() {
    let mut call = Call::new([Codec::Pcmu, Codec::Pcma]);
    let library = |name: &str| {
        let mut builder = Library::builder();
        builder.samples("long", &[]);
        builder.samples("short", &[]);
        builder.build().find(name).expect("the same order of clips")
    };
    let clips = vec![library("short"), library("long"), library("short")];
    call.command(Command::Play { leg: LegId(0), play: PlayId(1), clips });
    call.command(Command::Loop { leg: LegId(1), clip: library("short") });
    assert_eq!(call.allocations(3_200, 0), 0, "a prompt of a minute, its end, and silence after it");
    assert_eq!(call.finished, 1);
    assert!(call.packets_out >= 6_400, "{} packets", call.packets_out);
}

#[test]
fn a_tone_and_keys_of_our_own_cost_no_allocation() {
    let mut call = Call::new([Codec::Pcmu, Codec::Pcma]);
    call.command(Command::Tone { leg: LegId(0), hertz: 440, on: true });
    let digits = "0123456789*#".chars().filter_map(Digit::new).collect();
    call.command(Command::SendDigits { leg: LegId(1), digits, duration: Duration::from_millis(100) });
    assert_eq!(call.allocations(200, 0), 0);
    assert!(call.packets_out >= 380, "{} packets", call.packets_out);
}

#[test]
fn one_short_message_after_the_other_costs_no_allocation() {
    let mut call = Call::new([Codec::Pcmu, Codec::Pcma]);
    let max = Duration::from_secs(60);
    let record = |call: &mut Call, n: u64| {
        call.command(Command::Record { leg: LegId(0), record: RecordId(n), max });
        for _ in 0..17 {
            call.frame(0);
        }
        call.command(Command::StopRecord { leg: LegId(0) });
        call.frame(0);
    };
    record(&mut call, 0);
    let before = ALLOCATIONS.get();
    for n in 1..50 {
        record(&mut call, n);
    }
    assert_eq!(ALLOCATIONS.get() - before, 0);
    assert_eq!(call.samples_recorded, 50 * 2 * 1_600, "a whole piece and a part of one each, in whole buffers");
}

#[test]
fn recording_and_tapping_a_call_cost_no_allocation_when_buffers_come_back() {
    let mut call = Call::bridged([Codec::Pcmu, Codec::Pcma]);
    for n in 0..2 {
        let max = Duration::from_secs(3600);
        call.command(Command::Record { leg: LegId(n), record: RecordId(n), max });
        call.command(Command::Tap { leg: LegId(n), on: true });
    }
    assert_eq!(call.allocations(3_000, 0), 0);
    assert!(call.samples_recorded >= 2 * 8_000 * 60, "{} samples", call.samples_recorded);
    assert!(call.samples_heard >= 2 * 8_000 * 60, "{} samples", call.samples_heard);
}
