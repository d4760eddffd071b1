//! What one packet costs inside the worker, without any socket: nanoseconds, the best of many short runs.
//! The oracle of each row is a plain copy of the same packet, measured beside it.

#![expect(clippy::disallowed_methods, reason = "a bench measures time")]

use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use thirdring::media::rtp::Header;
use thirdring::media::{
    Command, Event, Library, PACKET_BYTES_MAX, PayloadTypes, PortSlot, Settings, Worker, transcode,
};
use thirdring::model::{Codec, LegId, Moment, RecordId};

fn main() {
    println!("nanoseconds a packet of 172 bytes, best of {RUNS} runs of {PACKETS}\n");
    let template = packet(0);
    row("copy of 172 bytes (oracle)", || {
        let mut buffer = [0; 172];
        move |_| {
            buffer.copy_from_slice(black_box(&template));
            black_box(&buffer);
        }
    });
    row("transcode mu-law to A-law", || {
        let mut buffer = [0x55; 160];
        move |_| {
            transcode(Codec::Pcmu, Codec::Pcma, &mut buffer);
            black_box(&buffer);
        }
    });
    row("relay", || relaying([Codec::Pcmu, Codec::Pcmu], |_| {}));
    row("relay with transcoding", || relaying([Codec::Pcmu, Codec::Pcma], |_| {}));
    row("relay with recording", || {
        relaying([Codec::Pcmu, Codec::Pcmu], |worker| {
            let (leg, max) = (LegId(0), Duration::from_secs(86_400));
            worker.handle_command(NOW, Command::Record { leg, record: RecordId(1), max });
        })
    });
    row("packet of a foreign source", || {
        let mut worker = worker([Codec::Pcmu, Codec::Pcmu]);
        let mut buffer = packet(1);
        worker.handle_packet(NOW, PortSlot(0), phone(0), &mut buffer);
        move |n| {
            let mut buffer = packet(n as u16);
            black_box(worker.handle_packet(NOW, PortSlot(0), phone(9), &mut buffer));
        }
    });
    for (name, clip) in [("frame of music", "tone/ringback"), ("frame of silence", "")] {
        row(name, || playing(clip));
    }
}

/// Relays packet after packet from the first leg to the second.
fn relaying(codecs: [Codec; 2], prepare: impl Fn(&mut Worker)) -> impl FnMut(u64) {
    let mut worker = worker(codecs);
    worker.handle_command(NOW, Command::Bridge { a: LegId(0), b: LegId(1) });
    prepare(&mut worker);
    move |n| {
        let mut buffer = packet(n as u16);
        let now = NOW + Duration::from_millis(20) * n as u32;
        black_box(worker.handle_packet(now, PortSlot(0), phone(0), &mut buffer));
        drain(&mut worker, now);
    }
}

/// One frame of one leg at each call.
fn playing(clip: &str) -> impl FnMut(u64) {
    let library = Arc::new(Library::builder().build());
    let found = library.find(clip);
    let mut worker = Worker::new(Settings::default(), library);
    open(&mut worker, 0, Codec::Pcmu);
    if let Some(clip) = found {
        worker.handle_command(NOW, Command::Loop { leg: LegId(0), clip });
    }
    move |n| {
        let now = NOW + Duration::from_millis(20) * n as u32;
        worker.handle_timeout(now);
        let mut out = [0; PACKET_BYTES_MAX];
        while black_box(worker.poll_transmit(&mut out)).is_some() {}
        drain(&mut worker, now);
    }
}

fn drain(worker: &mut Worker, now: Moment) {
    while let Some(event) = worker.poll_event() {
        if let Event::Recorded { samples, .. } = event {
            worker.handle_command(now, Command::Recycle { samples });
        }
    }
}

fn worker(codecs: [Codec; 2]) -> Worker {
    let mut worker = Worker::new(Settings::default(), Arc::new(Library::builder().build()));
    for (n, codec) in codecs.into_iter().enumerate() {
        open(&mut worker, n, codec);
    }
    worker
}

fn open(worker: &mut Worker, n: usize, codec: Codec) {
    let leg = LegId(n as u64);
    worker.handle_command(NOW, Command::Open { leg, slot: PortSlot(n as u16), seed: 1 });
    worker.handle_command(
        NOW,
        Command::Agree {
            leg,
            remote: phone(n),
            codec,
            send_types: PayloadTypes::usual(codec),
            receive_types: PayloadTypes::usual(codec),
            send: true,
            receive: true,
            packet_time_ms: 20,
        },
    );
}

fn packet(sequence: u16) -> [u8; 172] {
    let timestamp = u32::from(sequence) * 160;
    let header = Header { marker: false, payload_type: 0, sequence, timestamp, ssrc: 7 };
    let mut packet = [0x55; 172];
    packet[..12].copy_from_slice(&header.to_bytes());
    packet
}

fn phone(n: usize) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, n as u8 + 1], 4000))
}

/// Runs `make`'s work over and over and prints the best time of one call.
fn row<W: FnMut(u64)>(name: &str, make: impl Fn() -> W) {
    let mut best = f64::INFINITY;
    for _ in 0..RUNS {
        let mut work = make();
        let start = Instant::now();
        for n in 0..PACKETS {
            work(n);
        }
        best = best.min(start.elapsed().as_nanos() as f64 / PACKETS as f64);
    }
    println!("{name:<28} {best:>7.1} ns");
}

const NOW: Moment = Moment::from_secs(1);
const RUNS: u32 = 20;
const PACKETS: u64 = 20_000;
