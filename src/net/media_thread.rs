//! One thread that carries packets between the sockets of its slots and one media worker.
//! Never decides, never logs per packet, never allocates per packet; commands come through a bounded queue, events leave by a
//! callback. Linux epoll(7), eventfd(2).

use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::event::{EventfdFlags, eventfd};

use super::error::NetError;
use super::ports::{self, PortPair};
use crate::media::{
    Command, Counts, Event, Forward, Library, PACKET_BYTES_MAX, PacketKind, PortSlot, Settings, Worker,
};
use crate::model::Moment;

/// Starts media threads.
pub struct MediaThread;

impl MediaThread {
    /// Binds `slots` RTP/RTCP pairs from `first_port` on (0: any free ports) and starts the thread. Returns its handle and
    /// the RTP port of each slot; RTCP is one above. `slots` counts, whatever `settings.slots` says.
    ///
    /// `origin` is where `Moment::ZERO` lies, the same for all threads. `events` is called on the media thread: it must hand
    /// the event on and return at once.
    ///
    /// # Errors
    /// When a port is taken or the system refuses a descriptor or a thread.
    pub fn spawn(
        index: usize,
        bind_ip: IpAddr,
        first_port: u16,
        slots: u16,
        library: Arc<Library>,
        settings: Settings,
        origin: Instant,
        events: Box<dyn Fn(Event) + Send>,
    ) -> Result<(MediaHandle, Vec<u16>), NetError> {
        let start = |what| move |source: rustix::io::Errno| NetError::Start { what, source: source.into() };
        let (pairs, ports) = ports::bind(bind_ip, first_port, slots)?;
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(start("media epoll"))?;
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map_err(start("media wake-up"))?;
        epoll::add(&epoll, &wake, EventData::new_u64(WAKE), EventFlags::IN).map_err(start("media wake-up"))?;
        let (sender, commands) = mpsc::sync_channel(COMMANDS_MAX);
        let shared = Arc::new(Shared {
            wake,
            rung: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            counts: Mutex::new(Counts::default()),
            asked: Mutex::new(Vec::new()),
        });
        let worker = Worker::new(Settings { slots, ..settings }, library);
        let publish = Moment::ZERO;
        let thread = Thread { worker, pairs, epoll, commands, shared: Arc::clone(&shared), origin, publish, events };
        let join = std::thread::Builder::new()
            .name(format!("media-{index}"))
            .spawn(move || thread.run())
            .map_err(|source| NetError::Start { what: "media thread", source })?;
        Ok((MediaHandle { sender, shared, join: Some(join) }, ports))
    }
}

/// The control side's end of a media thread. Dropping it closes every leg (with its RTCP BYE and `Closed`) and ends the thread.
#[derive(Debug)]
pub struct MediaHandle {
    sender: SyncSender<Command>,
    shared: Arc<Shared>,
    join: Option<JoinHandle<()>>,
}

impl MediaHandle {
    /// Queues a command; never waits. Commands are carried out in order.
    ///
    /// # Errors
    /// Gives the command back when the thread is too far behind, or gone.
    pub fn send(&self, command: Command) -> Result<(), Command> {
        self.sender.try_send(command).map_err(|refused| match refused {
            mpsc::TrySendError::Full(command) | mpsc::TrySendError::Disconnected(command) => command,
        })?;
        self.shared.ring();
        Ok(())
    }

    /// What the worker had counted a moment ago (a quarter of a second at most, while legs are open).
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counter().counts()
    }

    /// Gives sample buffers back from wherever it is taken.
    #[must_use]
    pub fn recycler(&self) -> MediaRecycler {
        MediaRecycler { sender: self.sender.clone(), shared: Arc::clone(&self.shared) }
    }

    /// Reads the counts from wherever it is taken.
    #[must_use]
    pub fn counter(&self) -> MediaCounter {
        MediaCounter(Arc::clone(&self.shared))
    }

    /// The worker's table of legs, one line each, when every command sent before has been carried out; none when the thread
    /// does not answer within a second. Waits: not for the control thread.
    #[must_use]
    pub fn dump(&self) -> Option<String> {
        let (reply, answer) = mpsc::sync_channel(1);
        self.shared.asked.lock().unwrap_or_else(PoisonError::into_inner).push(reply);
        self.shared.ring();
        answer.recv_timeout(Duration::from_secs(1)).ok()
    }
}

/// A reader of one worker's counts; cheap to clone.
#[derive(Clone, Debug)]
pub struct MediaCounter(Arc<Shared>);

impl MediaCounter {
    /// What the worker had counted a moment ago.
    #[must_use]
    pub fn counts(&self) -> Counts {
        *self.0.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The way back for buffers of one worker; cheap to clone, never waits.
#[derive(Clone, Debug)]
pub struct MediaRecycler {
    sender: SyncSender<Command>,
    shared: Arc<Shared>,
}

impl MediaRecycler {
    /// The worker uses the buffer again; it makes a new one should it be too busy to take this one back.
    pub fn give_back(&self, samples: Box<[i16]>) {
        if self.sender.try_send(Command::Recycle { samples }).is_ok() {
            self.shared.ring();
        }
    }
}

impl Drop for MediaHandle {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        self.shared.ring();
        if let Some(join) = self.join.take() {
            // A thread that panicked has said so already.
            let _ = join.join();
        }
    }
}

/// What both ends see.
#[derive(Debug)]
struct Shared {
    wake: OwnedFd,
    /// The bell was rung and not answered: once is enough for any number of commands.
    rung: AtomicBool,
    stop: AtomicBool,
    /// Never waited for by the media thread.
    counts: Mutex<Counts>,
    /// Who waits for the table of legs. Never waited for by the media thread.
    asked: Mutex<Vec<SyncSender<String>>>,
}

impl Shared {
    fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            // The counter cannot overflow: it is written once between two reads.
            let _ = rustix::io::write(&self.wake, &1_u64.to_ne_bytes());
        }
    }

    /// To be called before the queue is read, so that a command queued later rings again.
    fn answer(&self) {
        let _ = rustix::io::read(&self.wake, &mut [0_u8; 8]);
        self.rung.swap(false, Ordering::AcqRel);
    }
}

/// What the thread owns.
struct Thread {
    worker: Worker,
    pairs: Vec<PortPair>,
    epoll: OwnedFd,
    commands: Receiver<Command>,
    shared: Arc<Shared>,
    origin: Instant,
    publish: Moment,
    events: Box<dyn Fn(Event) + Send>,
}

impl Thread {
    fn run(mut self) {
        let mut ready = [epoll::Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; READY_MAX];
        let mut buffer = [0; DATAGRAM_BYTES_MAX];
        while !self.shared.stop.load(Ordering::Acquire) {
            let due = self.worker.poll_timeout();
            let timeout = due.map(|due| due.since(self.now()).try_into().unwrap_or_default());
            // Interrupted or out of memory: the next round tries again.
            let count = epoll::wait(&self.epoll, &mut ready[..], timeout.as_ref()).unwrap_or(0);
            let now = self.now();
            for event in &ready[..count] {
                match event.data.u64() {
                    WAKE => self.obey(now, &mut buffer),
                    socket => self.receive(now, socket, &mut buffer),
                }
            }
            if due.is_some_and(|due| due <= now) {
                self.worker.handle_timeout(now);
            }
            self.settle(&mut buffer);
            self.publish(now);
        }
        self.worker.handle_shutdown(self.now());
        self.settle(&mut buffer);
    }

    fn now(&self) -> Moment {
        Moment::ZERO + self.origin.elapsed()
    }

    /// One datagram of a socket that has some; epoll tells again while more are there, so no socket starves another.
    fn receive(&mut self, now: Moment, socket: u64, buffer: &mut [u8]) {
        let slot = PortSlot((socket / 2) as u16);
        let Some(pair) = self.pairs.get(usize::from(slot.0)) else { return };
        if socket % 2 == RTCP {
            if let Ok((len, source)) = pair.rtcp.recv_from(buffer) {
                self.worker.handle_rtcp(now, slot, source, &buffer[..len]);
            }
        } else if let Ok((len, source)) = pair.rtp.recv_from(buffer)
            && let Some(forward) = self.worker.handle_packet(now, slot, source, &mut buffer[..len])
        {
            self.send(forward, buffer);
        }
    }

    /// Carries out what is queued, a bounded number of commands a round so that audio does not wait for them.
    fn obey(&mut self, now: Moment, buffer: &mut [u8]) {
        self.shared.answer();
        for _ in 0..COMMANDS_PER_ROUND_MAX {
            let Ok(command) = self.commands.try_recv() else { return self.tell(now) };
            if let Command::Open { slot, .. } = &command {
                self.open(*slot, buffer);
            }
            self.worker.handle_command(now, command);
            self.settle(buffer);
        }
        self.shared.ring();
    }

    /// Answers who asked for the table of legs. Whoever holds the lock now rings when he lets it go.
    fn tell(&mut self, now: Moment) {
        let Ok(asked) = self.shared.asked.try_lock().map(|mut asked| std::mem::take(&mut *asked)) else { return };
        if !asked.is_empty() {
            self.publish(now);
        }
        for reply in asked {
            let _ = reply.try_send(self.worker.dump());
        }
    }

    /// Sends what the worker has to send and hands its events on.
    fn settle(&mut self, buffer: &mut [u8]) {
        while let Some(forward) = self.worker.poll_transmit(&mut buffer[..PACKET_BYTES_MAX]) {
            self.send(forward, buffer);
        }
        while let Some(event) = self.worker.poll_event() {
            if let Event::Closed { slot, .. } = &event {
                self.close(*slot);
            }
            (self.events)(event);
        }
    }

    fn send(&self, forward: Forward, buffer: &[u8]) {
        let Some(pair) = self.pairs.get(usize::from(forward.slot.0)) else { return };
        let socket = match forward.kind {
            PacketKind::Rtp => &pair.rtp,
            PacketKind::Rtcp => &pair.rtcp,
        };
        // A packet that cannot leave now is a packet lost on the way, which the listener's reports will tell.
        let _ = socket.send_to(&buffer[..forward.len], forward.to);
    }

    /// Throws away what came for the slot's last leg, and listens.
    fn open(&self, slot: PortSlot, buffer: &mut [u8]) {
        let Some(pair) = self.pairs.get(usize::from(slot.0)) else { return };
        for (socket, kind) in [(&pair.rtp, RTP), (&pair.rtcp, RTCP)] {
            for _ in 0..STALE_MAX {
                if socket.recv_from(buffer).is_err() {
                    break;
                }
            }
            // Fails when the slot is open already, and then the worker refuses the order too.
            let _ = epoll::add(&self.epoll, socket, EventData::new_u64(u64::from(slot.0) * 2 + kind), EventFlags::IN);
        }
    }

    /// A closed slot's sockets stay bound and are not listened to: whoever still sends there wakes nobody.
    fn close(&self, slot: PortSlot) {
        let Some(pair) = self.pairs.get(usize::from(slot.0)) else { return };
        for socket in [&pair.rtp, &pair.rtcp] {
            let _ = epoll::delete(&self.epoll, socket);
        }
    }

    /// Lets the other side see the counts: four times a second, and before a sleep without end.
    fn publish(&mut self, now: Moment) {
        if now < self.publish && self.worker.poll_timeout().is_some() {
            return;
        }
        if let Ok(mut shared) = self.shared.counts.try_lock() {
            *shared = self.worker.counts();
            self.publish = now + PUBLISH_INTERVAL;
        }
    }
}

/// Commands waiting: a burst of ten for each of 400 legs.
const COMMANDS_MAX: usize = 4_096;
/// Commands carried out before packets are looked at again.
const COMMANDS_PER_ROUND_MAX: usize = 64;
/// Sockets served between two looks at the clock.
const READY_MAX: usize = 128;
/// An Ethernet frame holds 1,500 bytes; what is longer is not telephone audio and arrives cut.
const DATAGRAM_BYTES_MAX: usize = 2_048;
/// More than a receive buffer of 208 KiB holds.
const STALE_MAX: usize = 1_024;
const PUBLISH_INTERVAL: Duration = Duration::from_millis(250);
const WAKE: u64 = u64::MAX;
const RTP: u64 = 0;
const RTCP: u64 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::rtp::{Header, Packet};
    use crate::media::{PayloadTypes, PlayId, Statistics};
    use crate::model::{Codec, LegId};
    use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const PATIENCE: Duration = Duration::from_secs(10);

    struct Bench {
        handle: MediaHandle,
        ports: Vec<u16>,
        events: Receiver<Event>,
        library: Arc<Library>,
    }

    impl Bench {
        fn new(slots: u16) -> Self {
            let library = Arc::new(Library::builder().build());
            let (sender, events) = mpsc::sync_channel(1000);
            let tell = Box::new(move |event| {
                let _ = sender.try_send(event);
            });
            let (settings, origin) = (Settings::default(), Instant::now());
            let spawned = MediaThread::spawn(0, HERE, 0, slots, Arc::clone(&library), settings, origin, tell);
            let (handle, ports) = spawned.expect("loopback has free ports");
            Bench { handle, ports, events, library }
        }

        fn send(&self, command: Command) {
            self.handle.send(command).expect("the queue has room");
        }

        /// Opens leg `n + 1` on slot `n` for `phone`.
        fn open(&self, n: u16, phone: &UdpSocket) -> LegId {
            let leg = LegId(u64::from(n) + 1);
            self.send(Command::Open { leg, slot: PortSlot(n), seed: 9 });
            self.send(Command::Agree {
                leg,
                remote: phone.local_addr().expect("bound"),
                codec: Codec::Pcmu,
                send_types: PayloadTypes::usual(Codec::Pcmu),
                receive_types: PayloadTypes::usual(Codec::Pcmu),
                send: true,
                receive: true,
                packet_time_ms: 20,
            });
            self.catch_up();
            leg
        }

        /// Waits until everything ordered so far is done.
        fn catch_up(&self) {
            self.handle.dump().expect("the thread answers");
        }

        /// The first event that `pick` takes.
        fn event<T>(&self, pick: impl Fn(Event) -> Option<T>) -> T {
            loop {
                let event = self.events.recv_timeout(PATIENCE).expect("the event comes");
                if let Some(picked) = pick(event) {
                    return picked;
                }
            }
        }

        fn closed(&self, closing: LegId) -> Statistics {
            self.event(|event| match event {
                Event::Closed { leg, statistics, .. } if leg == closing => Some(statistics),
                _ => None,
            })
        }

        fn address(&self, n: usize) -> SocketAddr {
            SocketAddr::new(HERE, self.ports[n])
        }
    }

    fn phone() -> UdpSocket {
        let socket = UdpSocket::bind((HERE, 0)).expect("loopback has free ports");
        socket.set_read_timeout(Some(PATIENCE)).expect("a valid time-out");
        socket
    }

    fn packet(sequence: u16, payload: u8) -> Vec<u8> {
        let timestamp = u32::from(sequence) * 160;
        let header = Header { marker: false, payload_type: 0, sequence, timestamp, ssrc: 77 };
        [&header.to_bytes()[..], &[payload; 160]].concat()
    }

    /// The next packet whose payload is all `payload`, and where it came from.
    fn hear(phone: &UdpSocket, payload: u8) -> (Header, SocketAddr) {
        let mut buffer = [0; 2048];
        loop {
            let (len, source) = phone.recv_from(&mut buffer).expect("the packet comes");
            let packet = Packet::parse(&buffer[..len]).expect("we send valid RTP");
            if packet.payload() == [payload; 160] {
                return (packet.header(), source);
            }
        }
    }

    #[test]
    fn two_phones_talk_through_the_thread_and_hang_up() {
        let bench = Bench::new(2);
        let (a, b) = (phone(), phone());
        let legs = [bench.open(0, &a), bench.open(1, &b)];
        bench.send(Command::Bridge { a: legs[0], b: legs[1] });
        bench.catch_up();
        let (mut last, mut heard) = (None, 0);
        for sequence in 0..50 {
            a.send_to(&packet(sequence, 0x11), bench.address(0)).expect("loopback");
            let (header, source) = hear(&b, 0x11);
            assert_eq!(source, bench.address(1), "symmetric RTP");
            assert_ne!(header.ssrc, 77);
            assert!(last.is_none_or(|last: u16| header.sequence == last.wrapping_add(1)));
            last = Some(header.sequence);
            heard += 1;
            b.send_to(&packet(sequence, 0x22), bench.address(1)).expect("loopback");
            hear(&a, 0x22);
        }
        let dump = bench.handle.dump().expect("the thread answers");
        assert!(dump.contains("leg-1 slot=0") && dump.contains("bridged=leg-2"), "{dump}");
        for leg in legs {
            bench.send(Command::Close { leg });
            let statistics = bench.closed(leg);
            assert_eq!((statistics.packets_received, statistics.lost, statistics.foreign), (heard, 0, 0));
        }
        assert!(bench.handle.dump().is_some_and(|dump| dump.contains("legs: 0")));
        assert_eq!(bench.handle.counts().packets_relayed, 2 * heard);
    }

    #[test]
    fn a_prompt_is_played_in_time() {
        let bench = Bench::new(1);
        let phone = phone();
        let leg = bench.open(0, &phone);
        let clip = bench.library.find("tone/ringback").expect("built in");
        bench.send(Command::Play { leg, play: PlayId(5), clips: vec![clip] });
        let start = Instant::now();
        let finished = bench.event(|event| match event {
            Event::PlayFinished { play, .. } => Some(play),
            _ => None,
        });
        assert_eq!(finished, PlayId(5));
        // 150 frames take 2,980 ms from the first to the last; a busy machine may be late, never early.
        assert!(start.elapsed() >= Duration::from_millis(2_900), "{:?}", start.elapsed());
    }

    #[test]
    fn what_came_before_a_leg_opened_is_not_heard_on_it() {
        let bench = Bench::new(1);
        let (old, new) = (phone(), phone());
        for sequence in 0..20 {
            old.send_to(&packet(sequence, 0x33), bench.address(0)).expect("loopback");
        }
        let leg = bench.open(0, &new);
        new.send_to(&packet(1, 0x44), bench.address(0)).expect("loopback");
        bench.event(|event| (event == Event::MediaStarted { leg }).then_some(()));
        bench.send(Command::Close { leg });
        let statistics = bench.closed(leg);
        assert_eq!((statistics.packets_received, statistics.foreign, statistics.malformed), (1, 0, 0));
    }

    #[test]
    fn dropping_the_handle_closes_every_leg_and_ends_the_thread() {
        let bench = Bench::new(2);
        let phone = phone();
        bench.open(0, &phone);
        bench.open(1, &phone);
        let Bench { handle, events, .. } = bench;
        drop(handle);
        let closed = events.iter().filter(|event| matches!(event, Event::Closed { .. })).count();
        assert_eq!(closed, 2, "and the callback is gone with the thread");
    }
}
