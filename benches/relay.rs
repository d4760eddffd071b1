//! What a call costs: CPU of our media thread against the barest UDP relay there is, in the same minutes.
//! Two workloads: bridged calls, and callers who wait with music. Never compares across runs: only the ratio is a result.
//!
//! `cargo bench --bench relay`; `RELAY_CALLS`, `RELAY_WAITING`, `RELAY_ROUNDS` and `RELAY_MILLIS` change the load.
//! CPU is the thread's own, from `/proc/self/task/*/schedstat`; delays hold the generator's own wake-up, alike for both.

#![expect(clippy::disallowed_methods, reason = "a bench measures time")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::epoll::{self, EventData, EventFlags};
use thirdring::media::rtp::Header;
use thirdring::media::{Command, Library, PayloadTypes, PortSlot, Settings};
use thirdring::model::{Codec, LegId};
use thirdring::net::{MediaHandle, MediaThread};

fn main() {
    let calls = setting("RELAY_CALLS", 100) as u16;
    let waiting = setting("RELAY_WAITING", 1000) as u16;
    println!("packets of 172 bytes, 50 a second from each leg; CPU of the relaying thread only\n");
    println!("{calls} bridged calls");
    compare(2 * calls, |ours, legs| {
        for leg in (0..legs).step_by(2) {
            ours.send(Command::Bridge { a: id(leg), b: id(leg + 1) });
        }
    });
    println!("{waiting} callers waiting with music (the floor relays as many packets)");
    compare(waiting, |ours, legs| {
        for leg in 0..legs {
            let clip = ours.library.find("tone/ringback").expect("built in");
            ours.send(Command::Loop { leg: id(leg), clip });
        }
    });
}

/// Loads the floor and ours in turn, each alone, and prints both.
fn compare(legs: u16, arrange: impl Fn(&Ours, u16)) {
    let (rounds, millis) = (setting("RELAY_ROUNDS", 5), setting("RELAY_MILLIS", 2000));
    let mut generator = Generator::new(legs);
    let (mut floors, mut others, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=rounds {
        let floor = Floor::new(legs, generator.address);
        let bare = generator.run("floor", &floor.targets, millis);
        drop(floor);
        let ours = Ours::new(legs, generator.address);
        arrange(&ours, legs);
        let full = generator.run("media-0", &ours.targets, millis);
        drop(ours);
        // The first round warms caches and clocks up.
        if round > 0 {
            ratios.push(full.micros_per_packet() / bare.micros_per_packet());
            floors.push(bare);
            others.push(full);
        }
    }
    report("floor", &floors, millis);
    report("ours", &others, millis);
    ratios.sort_by(f64::total_cmp);
    println!(
        "  ratio    ours/floor {:.2} (rounds {:.2} to {:.2})\n",
        ratios[ratios.len() / 2],
        ratios[0],
        ratios[ratios.len() - 1]
    );
}

fn report(name: &str, runs: &[Run], millis: u64) {
    let mut costs: Vec<f64> = runs.iter().map(Run::micros_per_packet).collect();
    costs.sort_by(f64::total_cmp);
    let cpu: u64 = runs.iter().map(|run| run.cpu_nanos).sum();
    let (sent, received) = runs.iter().fold((0, 0), |(s, r), run| (s + run.sent, r + run.received));
    let mut delays: Vec<u32> = runs.iter().flat_map(|run| run.delays.iter().copied()).collect();
    delays.sort_unstable();
    let delay = |percent: usize| delays.get(delays.len() * percent / 100).map_or(0, |micros| *micros);
    println!(
        "  {name:<8} {:.2} us/packet, {:.1} % of a core; delay p50 {} us, p99 {} us; {sent} sent, {received} received",
        costs[costs.len() / 2],
        cpu as f64 / (runs.len() as u64 * millis) as f64 / 10_000.0,
        delay(50),
        delay(99),
    );
}

/// One load on one relay.
struct Run {
    sent: u64,
    received: u64,
    cpu_nanos: u64,
    /// Microseconds from sendto to recvfrom, of packets that carry our stamp (music carries none).
    delays: Vec<u32>,
}

impl Run {
    /// A packet in and a packet out count as one. Music goes on while a late generator takes longer, so both are counted.
    fn micros_per_packet(&self) -> f64 {
        self.cpu_nanos as f64 / 500.0 / (self.sent + self.received) as f64
    }
}

/// All phones behind one socket: sends each leg's packet every 20 ms, spread over the 20 ms, and listens.
struct Generator {
    socket: UdpSocket,
    address: SocketAddr,
    legs: usize,
    origin: Instant,
    sequence: u16,
}

impl Generator {
    fn new(legs: u16) -> Self {
        let socket = UdpSocket::bind((HERE, 0)).expect("loopback has free ports");
        rustix::net::sockopt::set_socket_recv_buffer_size(&socket, 4 << 20).expect("a size below the maximum");
        socket.set_read_timeout(Some(Duration::from_millis(50))).expect("a valid time-out");
        let address = socket.local_addr().expect("bound");
        Generator { socket, address, legs: usize::from(legs), origin: Instant::now(), sequence: 0 }
    }

    fn run(&mut self, thread: &str, targets: &[SocketAddr], millis: u64) -> Run {
        let (stop, origin) = (Arc::new(AtomicBool::new(false)), self.origin);
        let listener = {
            let (socket, stop) = (self.socket.try_clone().expect("a descriptor"), Arc::clone(&stop));
            // What the last run left in the socket is not heard in this one.
            socket.set_nonblocking(true).expect("a socket can be");
            while socket.recv(&mut [0; 64]).is_ok() {}
            socket.set_nonblocking(false).expect("a socket can be");
            let room = self.legs * millis as usize / 10;
            std::thread::spawn(move || listen(&socket, &stop, origin, room))
        };
        std::thread::sleep(Duration::from_millis(100));
        let before = cpu_nanos(thread);
        let start = Instant::now();
        let mut sent = 0;
        for tick in 0..millis {
            let due = start + Duration::from_millis(tick);
            if let Some(wait) = due.checked_duration_since(Instant::now()) {
                std::thread::sleep(wait);
            }
            let slice = (tick % 20) as usize;
            for (leg, target) in targets.iter().enumerate().skip(slice).step_by(20) {
                sent += u64::from(self.speak(leg, *target));
            }
            if slice == 19 {
                self.sequence = self.sequence.wrapping_add(1);
            }
        }
        std::thread::sleep(Duration::from_millis(20));
        let cpu_nanos = cpu_nanos(thread) - before;
        stop.store(true, Ordering::Release);
        let (received, delays) = listener.join().expect("the listener does not panic");
        Run { sent, received, cpu_nanos, delays }
    }

    fn speak(&self, leg: usize, target: SocketAddr) -> bool {
        let sequence = self.sequence;
        let timestamp = u32::from(sequence) * 160;
        let header = Header { marker: false, payload_type: 0, sequence, timestamp, ssrc: leg as u32 };
        let mut packet = [0x55; 172];
        packet[..12].copy_from_slice(&header.to_bytes());
        packet[12..16].copy_from_slice(STAMP);
        packet[16..24].copy_from_slice(&(self.origin.elapsed().as_nanos() as u64).to_be_bytes());
        self.socket.send_to(&packet, target).is_ok()
    }
}

fn listen(socket: &UdpSocket, stop: &AtomicBool, origin: Instant, room: usize) -> (u64, Vec<u32>) {
    let (mut received, mut delays) = (0, Vec::with_capacity(room));
    let mut buffer = [0; 2048];
    while !stop.load(Ordering::Acquire) {
        let Ok(len) = socket.recv(&mut buffer) else { continue };
        let now = origin.elapsed().as_nanos() as u64;
        // Reports are longer or shorter than a frame.
        received += u64::from(len == 172);
        if buffer[12..16] == *STAMP
            && let Some(stamp) = buffer[16..24].first_chunk()
        {
            delays.push((now.saturating_sub(u64::from_be_bytes(*stamp)) / 1000) as u32);
        }
    }
    (received, delays)
}

/// The least that can be done: a socket per leg, epoll, receive, send to the other leg's phone from the other leg's socket.
struct Floor {
    targets: Vec<SocketAddr>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Floor {
    fn new(legs: u16, phone: SocketAddr) -> Self {
        let socket = || {
            let socket = UdpSocket::bind((HERE, 0)).expect("loopback has free ports");
            socket.set_nonblocking(true).expect("a socket can be");
            socket
        };
        let sockets: Vec<UdpSocket> = (0..legs).map(|_| socket()).collect();
        let targets = sockets.iter().map(|socket| socket.local_addr().expect("bound")).collect();
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).expect("a descriptor");
        for (n, socket) in sockets.iter().enumerate() {
            epoll::add(&epoll, socket, EventData::new_u64(n as u64), EventFlags::IN).expect("a new socket");
        }
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        let thread = std::thread::Builder::new().name("floor".to_owned()).spawn(move || {
            relay(&epoll, &sockets, phone, &seen);
        });
        Floor { targets, stop, thread: Some(thread.expect("a thread")) }
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the floor does not panic");
        }
    }
}

fn relay(epoll: &OwnedFd, sockets: &[UdpSocket], phone: SocketAddr, stop: &AtomicBool) {
    let mut ready = [epoll::Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; 128];
    let mut buffer = [0; 2048];
    let timeout = Duration::from_millis(100).try_into().expect("a short time");
    while !stop.load(Ordering::Acquire) {
        let count = epoll::wait(epoll, &mut ready[..], Some(&timeout)).unwrap_or(0);
        for event in &ready[..count] {
            let n = event.data.u64() as usize;
            if let Ok((len, _)) = sockets[n].recv_from(&mut buffer) {
                let _ = sockets[n ^ 1].send_to(&buffer[..len], phone);
            }
        }
    }
}

/// Our media thread with a leg on each slot.
struct Ours {
    handle: MediaHandle,
    targets: Vec<SocketAddr>,
    library: Arc<Library>,
    ordered: AtomicU32,
}

impl Ours {
    fn new(legs: u16, phone: SocketAddr) -> Self {
        let library = Arc::new(Library::builder().build());
        let (settings, origin) = (Settings::default(), Instant::now());
        let spawned = MediaThread::spawn(0, HERE, 0, legs, Arc::clone(&library), settings, origin, Box::new(drop));
        let (handle, ports) = spawned.expect("loopback has free ports");
        let targets = ports.iter().map(|port| SocketAddr::new(HERE, *port)).collect();
        let ours = Ours { handle, targets, library, ordered: AtomicU32::new(0) };
        for leg in 0..legs {
            ours.send(Command::Open { leg: id(leg), slot: PortSlot(leg), seed: u64::from(leg) });
            ours.send(Command::Agree {
                leg: id(leg),
                remote: phone,
                codec: Codec::Pcmu,
                send_types: PayloadTypes::usual(Codec::Pcmu),
                receive_types: PayloadTypes::usual(Codec::Pcmu),
                send: true,
                receive: true,
                packet_time_ms: 20,
            });
        }
        ours
    }

    /// Orders, and waits when the queue is full.
    fn send(&self, command: Command) {
        if self.ordered.fetch_add(1, Ordering::Relaxed) % 1000 == 999 {
            self.handle.dump().expect("the thread answers");
        }
        self.handle.send(command).expect("the queue has room");
    }
}

/// Nanoseconds that the thread of this name has run.
fn cpu_nanos(thread: &str) -> u64 {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux");
    let paths = tasks.filter_map(|task| Some(task.ok()?.path()));
    let named = paths.filter(|path| std::fs::read_to_string(path.join("comm")).is_ok_and(|name| name.trim() == thread));
    let run = |path: std::path::PathBuf| {
        std::fs::read_to_string(path.join("schedstat")).ok()?.split(' ').next()?.parse::<u64>().ok()
    };
    named.filter_map(run).sum()
}

fn id(leg: u16) -> LegId {
    LegId(u64::from(leg) + 1)
}

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Marks packets that carry the time of their sending; no G.711 of ours says this.
const STAMP: &[u8; 4] = b"time";
