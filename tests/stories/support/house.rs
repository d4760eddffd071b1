//! The house: a real center, real media workers and two banks of telephones on a simulated network and clock.
//! Time jumps to whatever is due next; the same seed and the same story give the same day, to the bit.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use thirdring::center::admin::{AdminCommand, AdminError, AdminReply};
use thirdring::center::board::Board;
use thirdring::center::event::EventKind;
use thirdring::center::{self, Center};
use thirdring::config::Config;
use thirdring::ivr::{self, FetchOutcome};
use thirdring::media::{self, Forward, Library, PACKET_BYTES_MAX, PacketKind, Worker};
use thirdring::model::{CallId, Moment, QueueId, WallClock};
use thirdring::phone;
use thirdring::sip::{Flow, Transmit, Transport};
use thirdring::store::{RecordingInput, Recordings, load_prompts};

use super::exchange::{Exchange, FIRST_PORT, slot_of};
use super::ledger::Ledger;
use super::network::{Network, Parcel, Party};
use super::people::Person;

/// Everything that a story plays in.
pub struct House {
    now: Moment,
    pub center: Center,
    pub workers: Vec<Worker>,
    pub callers: Exchange,
    pub agents: Exchange,
    pub network: Network,
    pub ledger: Ledger,
    /// The newest picture of the live page.
    pub board: Arc<Board>,
    /// SIP messages in the order of their sending.
    pub wire: Vec<Letter>,
    pub keeps_letters: bool,
    /// What the tracking service answers.
    pub tracking: FetchOutcome,
    pub fetched: Vec<String>,
    /// The real writer of voice messages, and its folder.
    recordings: Option<(Recordings, PathBuf)>,
    replies: Vec<(u64, Result<AdminReply, AdminError>)>,
    requests: u64,
    /// The first port of the server's audio, and how many slots each worker has.
    audio: (u16, u16),
    still: u32,
}

/// One SIP message under way.
#[derive(Clone, Debug)]
pub struct Letter {
    pub at: Moment,
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub text: String,
}

impl House {
    /// The development configuration, on a working Wednesday morning.
    pub fn open() -> House {
        House::with(1, |_| {})
    }

    /// A house whose configuration is changed first, and whose chance is this seed's.
    pub fn with(seed: u64, change: impl FnOnce(&mut Config)) -> House {
        House::at(MORNING, seed, change)
    }

    /// A house that opens at a wall time, in milliseconds since the Unix epoch.
    pub fn at(unix_ms: i64, seed: u64, change: impl FnOnce(&mut Config)) -> House {
        House::speaking(prompts(), unix_ms, seed, change)
    }

    /// A house with prompts of its own.
    pub fn with_prompts(library: Arc<Library>) -> House {
        House::speaking(library, MORNING, 1, |_| {})
    }

    fn speaking(library: Arc<Library>, unix_ms: i64, seed: u64, change: impl FnOnce(&mut Config)) -> House {
        let config = configuration(change);
        let slots = config.media.port_pairs() / config.media.threads;
        let slots = u16::try_from(slots).expect("ports are 16 bits");
        let first = config.media.port_first;
        let worker_ports = |worker: usize| {
            let before = u16::try_from(worker).expect("few workers") * slots;
            (0..slots).map(|slot| first + 2 * (before + slot)).collect::<Vec<u16>>()
        };
        let ports: Vec<Vec<u16>> = (0..config.media.threads).map(worker_ports).collect();
        let settings =
            thirdring::server::settings(&config, &[(Transport::Udp, SERVER), (Transport::Tcp, SERVER)], ports);
        let media = media::Settings { slots, media_timeout: config.media.media_timeout };
        let wall = WallClock { zero_unix_ms: unix_ms };
        let seed_bytes = [u8::try_from(seed % 251).unwrap_or(0); 32];
        let center = Center::new(settings, shipped_flows(), library.clone(), wall, seed_bytes, Moment::ZERO);
        let number = u8::try_from(seed % 100).unwrap_or(0);
        let mut house = House {
            now: Moment::ZERO,
            center,
            workers: (0..config.media.threads).map(|_| Worker::new(media, library.clone())).collect(),
            callers: Exchange::new(Transport::Udp, CALLERS, SERVER, library.clone(), 100 + number),
            agents: Exchange::new(Transport::Udp, AGENTS, SERVER, library, 1 + number),
            network: Network::new(seed),
            ledger: Ledger::default(),
            board: Arc::default(),
            wire: Vec::new(),
            keeps_letters: true,
            tracking: FetchOutcome::Failed("nobody answers".to_owned()),
            fetched: Vec::new(),
            recordings: None,
            replies: Vec::new(),
            requests: 0,
            audio: (first, slots),
            still: 0,
        };
        house.settle();
        house
    }

    /// A house whose agents' phones stand on TCP.
    pub fn over_tcp() -> House {
        let mut house = House::open();
        house.agents = Exchange::new(Transport::Tcp, AGENTS, SERVER, prompts(), 2);
        house
    }

    pub fn now(&self) -> Moment {
        self.now
    }

    /// Someone who calls from outside.
    pub fn caller<'h>(&'h mut self, number: &str) -> Person<'h> {
        Person::new(self, Party::Callers, number)
    }

    /// Someone with a telephone in the house.
    pub fn agent<'h>(&'h mut self, number: &str) -> Person<'h> {
        Person::new(self, Party::Agents, number)
    }

    /// These agents come to work: their phones register, and with that they are ready.
    pub fn at_work(&mut self, agents: &[&str]) {
        for agent in agents {
            self.agent(agent).registers();
        }
        self.wait(Duration::from_secs(1));
        for agent in agents {
            self.agent(agent).has_registered();
        }
    }

    /// Time passes.
    pub fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        while self.step(until) {}
    }

    /// Time passes until something is so; panics when it does not come about within `most`.
    #[track_caller]
    pub fn wait_until(&mut self, what: &str, most: Duration, so: impl Fn(&House) -> bool) -> Moment {
        let until = self.now + most;
        while !so(self) {
            if !self.step(until) && !so(self) {
                panic!("{what}: not within {most:?}\n{}", self.story());
            }
        }
        self.now
    }

    /// Tells the center something that no telephone says.
    pub fn tell(&mut self, input: center::Input) {
        self.center.handle(self.now, input);
        self.settle();
    }

    /// What a supervisor asks, and the answer.
    pub fn ask(&mut self, command: AdminCommand) -> Result<AdminReply, AdminError> {
        self.requests += 1;
        let request = self.requests;
        self.tell(center::Input::Admin { request, command });
        let at = self.replies.iter().position(|(of, _)| *of == request).expect("every question is answered at once");
        self.replies.swap_remove(at).1
    }

    /// A datagram of somebody who is no telephone of ours.
    pub fn stranger_sends(&mut self, from: SocketAddr, text: &str) {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        self.keep(from, SERVER, &bytes);
        self.network.send_datagram(self.now, from, SERVER, &bytes);
        self.wait(Duration::from_millis(20));
    }

    /// The letters to this address.
    pub fn letters_to(&self, to: SocketAddr) -> Vec<&str> {
        self.wire.iter().filter(|letter| letter.to == to).map(|letter| letter.text.as_str()).collect()
    }

    /// Events of one kind, with the moment of each.
    pub fn events_where(&self, wanted: impl Fn(&EventKind) -> bool) -> Vec<(Moment, &EventKind)> {
        let wanted = self.ledger.events.iter().zip(&self.ledger.moments).filter(|(event, _)| wanted(&event.kind));
        wanted.map(|(event, at)| (*at, &event.kind)).collect()
    }

    pub fn count(&self, wanted: impl Fn(&EventKind) -> bool) -> usize {
        self.events_where(wanted).len()
    }

    /// Whoever is still on the line hangs up, the last answers come in, and nothing may be left.
    #[track_caller]
    pub fn night_falls(&mut self) {
        for exchange in [&mut self.callers, &mut self.agents] {
            let open: Vec<_> = exchange.phones.iter().filter(|(_, p)| !p.is_over()).map(|(id, _)| *id).collect();
            for phone in open {
                exchange.bank.hang_up(self.now, phone);
            }
        }
        self.settle();
        // The longest transaction timer is 32 s; the closing sentence and its ten seconds come before.
        self.wait(Duration::from_secs(90));
        let dump = self.center.dump();
        assert!(self.center.is_idle(), "something is left in the center\n{dump}\n{}", self.story());
        let counts = self.center.sip_counts();
        // Phones refresh their registrations day and night; nothing else may be under way.
        let refreshes = dump.lines().filter(|line| line.starts_with("server-") && line.contains(" REGISTER ")).count();
        let left = (counts.sessions, counts.client_transactions, counts.server_transactions - refreshes);
        assert_eq!(left, (0, 0, 0), "something is left of the signalling\n{dump}");
        for worker in &self.workers {
            assert_eq!(worker.counts().legs, 0, "a leg is still open\n{}", worker.dump());
            assert_eq!(worker.counts().events_dropped, 0, "the worker lost events");
        }
        self.ledger.close();
    }

    /// The event log in words, for a test that fails.
    pub fn story(&self) -> String {
        use std::fmt::Write as _;
        let mut story = String::new();
        for (event, at) in self.ledger.events.iter().zip(&self.ledger.moments) {
            let call = event.call.map_or_else(String::new, |call| call.to_string());
            let _ = writeln!(story, "{at:>12} {call:8} {:?}", event.kind);
        }
        story
    }

    /// One round: to the next thing that is due, at the latest to `until`. `false` when `until` is reached.
    pub fn step(&mut self, until: Moment) -> bool {
        self.settle();
        let next = self.next_due();
        if next > until {
            self.now = self.now.max(until);
            self.still = 0;
            return false;
        }
        self.still = if next > self.now { 0 } else { self.still + 1 };
        assert!(self.still < STILL_MAX, "time stands still at {}\n{}", self.now, self.center.dump());
        self.now = self.now.max(next);
        while let Some(parcel) = self.network.arrive(self.now) {
            self.deliver(parcel);
        }
        self.ring_clocks();
        true
    }

    fn next_due(&self) -> Moment {
        let exchanges = [&self.callers, &self.agents];
        let exchanges = exchanges.into_iter().flat_map(|e| [e.bank.poll_timeout(), e.worker.poll_timeout()]);
        let workers = self.workers.iter().map(Worker::poll_timeout);
        let own = [self.center.poll_timeout(), self.network.poll_timeout()];
        own.into_iter().chain(exchanges).chain(workers).flatten().min().unwrap_or(NEVER)
    }

    fn ring_clocks(&mut self) {
        let now = self.now;
        let due = |at: Option<Moment>| at.is_some_and(|at| at <= now);
        if due(self.center.poll_timeout()) {
            self.center.handle_timeout(now);
            self.settle_center();
        }
        for worker in 0..self.workers.len() {
            if due(self.workers[worker].poll_timeout()) {
                self.workers[worker].handle_timeout(now);
                self.settle_worker(worker);
            }
        }
        for party in [Party::Callers, Party::Agents] {
            let exchange = self.exchange(party);
            if due(exchange.bank.poll_timeout()) {
                exchange.bank.handle_timeout(now);
                self.settle_bank(party);
            }
            if due(self.exchange(party).worker.poll_timeout()) {
                self.exchange(party).worker.handle_timeout(now);
                self.settle_phones(party);
            }
        }
    }

    fn deliver(&mut self, parcel: Parcel) {
        match parcel {
            Parcel::Datagram { from, to, bytes } => {
                let flow = Flow { transport: Transport::Udp, local: to, remote: from, connection: None };
                match party_at(to) {
                    Some(Party::Server) => self.tell(center::Input::Datagram { flow, bytes }),
                    Some(party) => self.tell_bank(party, phone::Input::Datagram { flow, bytes }),
                    None => {}
                }
            }
            Parcel::Stream { to, bytes } => match to.party {
                Party::Server => self.tell(center::Input::Stream { flow: to.flow, bytes }),
                party => self.tell_bank(party, phone::Input::Stream { flow: to.flow, bytes }),
            },
            Parcel::Closed { to } => {
                let Some(connection) = to.flow.connection else { return };
                match to.party {
                    Party::Server => self.tell(center::Input::Closed { connection }),
                    party => self.tell_bank(party, phone::Input::Closed { connection }),
                }
            }
            Parcel::Audio { from, to, mut bytes } => {
                self.deliver_audio(from, to, &mut bytes);
                self.network.recycle(bytes);
            }
        }
    }

    fn deliver_audio(&mut self, from: SocketAddr, to: SocketAddr, packet: &mut [u8]) {
        let now = self.now;
        let Some(party) = audio_party_at(to.ip()) else { return };
        let first = if party == Party::Server { self.audio.0 } else { FIRST_PORT };
        let Some((mut slot, rtcp)) = slot_of(to.port(), first) else { return };
        let worker = if party == Party::Server {
            let index = usize::from(slot.0 / self.audio.1);
            slot.0 %= self.audio.1;
            index
        } else {
            0
        };
        let machine = match party {
            Party::Server => self.workers.get_mut(worker),
            Party::Callers => Some(&mut self.callers.worker),
            Party::Agents => Some(&mut self.agents.worker),
        };
        let Some(machine) = machine else { return };
        if rtcp {
            machine.handle_rtcp(now, slot, from, packet);
        } else if let Some(forward) = machine.handle_packet(now, slot, from, packet) {
            self.post_audio(party, worker, forward, packet);
        }
        match party {
            Party::Server => self.settle_worker(worker),
            party => self.settle_phones(party),
        }
    }

    /// Until nobody has anything to say at this moment.
    fn settle(&mut self) {
        self.settle_center();
        for worker in 0..self.workers.len() {
            self.settle_worker(worker);
        }
        for party in [Party::Callers, Party::Agents] {
            self.settle_bank(party);
            self.settle_phones(party);
        }
    }

    fn settle_center(&mut self) {
        while let Some(output) = self.center.poll_output() {
            match output {
                center::Output::Sip(transmit) => self.transmit(Party::Server, transmit),
                center::Output::Media { worker, command } => {
                    self.workers[worker].handle_command(self.now, command);
                    self.hear_worker(worker);
                }
                center::Output::Fetch { call, id, url, .. } => self.fetch(call, id, url),
                center::Output::SendText { call, .. } => {
                    self.center.handle(self.now, center::Input::TextSent { call, taken: true });
                }
                center::Output::OpenRecording { record, file } => {
                    self.write_message(|| RecordingInput::Open { record, file });
                }
                center::Output::Event(event) => self.ledger.note(self.now, event),
                center::Output::Board(board) => {
                    self.ledger.check_board(&board);
                    self.board = board;
                }
                center::Output::Reply { request, result } => self.replies.push((request, result)),
            }
        }
        self.ledger.check_queues(&self.center);
    }

    /// The legs of the first media worker, a line each.
    pub fn dump_of_first_worker(&self) -> String {
        self.workers.first().map(Worker::dump).unwrap_or_default()
    }

    /// Voice messages are written to files from now on.
    pub fn keeps_messages(&mut self) {
        static HOUSES: AtomicUsize = AtomicUsize::new(0);
        let number = HOUSES.fetch_add(1, Ordering::Relaxed);
        let folder = format!("messages-{}-{number}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
        let recordings = Recordings::spawn(folder.clone()).expect("the target folder can be written");
        self.recordings = Some((recordings, folder));
    }

    /// The samples of a voice message whose name a record holds, when all are written.
    #[track_caller]
    pub fn message(&mut self, file: &str) -> Vec<i16> {
        let (recordings, folder) = self.recordings.take().expect("the house keeps messages");
        drop(recordings);
        let reader = hound::WavReader::open(folder.join(file)).expect("the message was written");
        assert_eq!((reader.spec().sample_rate, reader.spec().channels, reader.spec().bits_per_sample), (8_000, 1, 16));
        let samples = reader.into_samples().map(|sample| sample.expect("a whole file")).collect();
        std::fs::remove_dir_all(folder).expect("it is our own folder");
        samples
    }

    /// As the server's shell does it: samples go to the disk's writer, the rest to the center.
    fn pass_samples(&mut self, worker: usize, event: media::Event) -> Option<media::Event> {
        match event {
            media::Event::Recorded { record, before, samples, len } => {
                self.write_message(|| RecordingInput::Samples { record, worker, before, samples, len });
                None
            }
            media::Event::RecordFinished { record, length, .. } => {
                self.write_message(|| RecordingInput::Finish { record, length });
                Some(event)
            }
            event => Some(event),
        }
    }

    fn write_message(&self, input: impl FnOnce() -> RecordingInput) {
        if let Some((recordings, _)) = &self.recordings {
            recordings.sender().send(input());
        }
    }

    fn fetch(&mut self, call: CallId, id: u64, url: String) {
        self.fetched.push(url);
        let outcome = self.tracking.clone();
        self.center.handle(self.now, center::Input::Fetched { call, id, outcome });
    }

    /// The worker's packets and events.
    fn settle_worker(&mut self, worker: usize) {
        if self.hear_worker(worker) {
            self.settle_center();
        }
    }

    /// Whether the center has heard anything new.
    fn hear_worker(&mut self, worker: usize) -> bool {
        let mut out = [0; PACKET_BYTES_MAX];
        while let Some(forward) = self.workers[worker].poll_transmit(&mut out) {
            self.post_audio(Party::Server, worker, forward, &out);
        }
        let mut heard = false;
        while let Some(event) = self.workers[worker].poll_event() {
            if let Some(event) = self.pass_samples(worker, event) {
                self.center.handle(self.now, center::Input::Media { worker, event });
                heard = true;
            }
        }
        heard
    }

    fn tell_bank(&mut self, party: Party, input: phone::Input) {
        let now = self.now;
        self.exchange(party).bank.handle(now, input);
        self.settle_bank(party);
    }

    pub fn settle_bank(&mut self, party: Party) {
        let now = self.now;
        while let Some(output) = self.exchange(party).bank.poll_output() {
            match output {
                phone::Output::Sip(transmit) => self.transmit(party, transmit),
                phone::Output::Media(command) => {
                    self.exchange(party).worker.handle_command(now, command);
                    self.hear_phones(party);
                }
                told => self.exchange(party).note(now, told),
            }
        }
    }

    fn settle_phones(&mut self, party: Party) {
        if self.hear_phones(party) {
            self.settle_bank(party);
        }
    }

    fn hear_phones(&mut self, party: Party) -> bool {
        let now = self.now;
        let mut out = [0; PACKET_BYTES_MAX];
        while let Some(forward) = self.exchange(party).worker.poll_transmit(&mut out) {
            self.post_audio(party, 0, forward, &out);
        }
        let mut heard = false;
        while let Some(event) = self.exchange(party).worker.poll_event() {
            self.exchange(party).bank.handle(now, phone::Input::Media(event));
            heard = true;
        }
        heard
    }

    fn post_audio(&mut self, party: Party, worker: usize, forward: Forward, bytes: &[u8]) {
        let rtcp = u16::from(forward.kind == PacketKind::Rtcp);
        let from = match party {
            Party::Server => {
                let before = u16::try_from(worker).expect("few workers") * self.audio.1;
                SocketAddr::new(SERVER.ip(), self.audio.0 + 2 * (before + forward.slot.0) + rtcp)
            }
            party => SocketAddr::new(self.exchange(party).media, FIRST_PORT + 2 * forward.slot.0 + rtcp),
        };
        let packet = bytes.get(..forward.len).expect("a packet fits the buffer it was written to");
        self.network.send_audio(self.now, from, forward.to, packet);
    }

    fn transmit(&mut self, party: Party, transmit: Transmit) {
        match transmit {
            Transmit::Send { flow, bytes } if flow.transport == Transport::Udp => {
                self.keep(flow.local, flow.remote, &bytes);
                self.network.send_datagram(self.now, flow.local, flow.remote, &bytes);
            }
            Transmit::Send { flow, bytes } => {
                self.keep(flow.local, flow.remote, &bytes);
                self.transmit_stream(party, flow, &bytes);
            }
            Transmit::Close(connection) => self.network.close(self.now, party, connection),
        }
    }

    fn transmit_stream(&mut self, party: Party, flow: Flow, bytes: &Bytes) {
        let sent = flow.connection.is_some_and(|id| self.network.send_stream(self.now, party, id, bytes));
        if sent {
            return;
        }
        let Some(peer) = party_at(flow.remote) else {
            return match party {
                Party::Server => self.tell(center::Input::TransportError { flow }),
                party => self.tell_bank(party, phone::Input::TransportError { flow }),
            };
        };
        let end = self.network.connection_to(party, flow.local, peer, flow.remote);
        if let Some(id) = end.flow.connection {
            self.network.send_stream(self.now, party, id, bytes);
        }
    }

    fn keep(&mut self, from: SocketAddr, to: SocketAddr, bytes: &Bytes) {
        if self.keeps_letters {
            let text = String::from_utf8_lossy(bytes).into_owned();
            self.wire.push(Letter { at: self.now, from, to, text });
        }
    }

    pub fn exchange(&mut self, party: Party) -> &mut Exchange {
        if party == Party::Callers { &mut self.callers } else { &mut self.agents }
    }
}

fn party_at(address: SocketAddr) -> Option<Party> {
    match address {
        SERVER => Some(Party::Server),
        CALLERS => Some(Party::Callers),
        AGENTS => Some(Party::Agents),
        _ => None,
    }
}

fn audio_party_at(address: IpAddr) -> Option<Party> {
    [(SERVER, Party::Server), (CALLERS, Party::Callers), (AGENTS, Party::Agents)]
        .into_iter()
        .find(|(known, _)| known.ip() == address)
        .map(|(_, party)| party)
}

/// The development configuration with the simulated network's addresses.
pub fn configuration(change: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config::development();
    config.media.address = SERVER.ip();
    for trunk in &mut config.trunks {
        trunk.addresses = vec![CALLERS.ip()];
        trunk.target = Some(format!("sip:{CALLERS}"));
    }
    // In the demonstration everybody helps everybody; in the stories people keep to their departments.
    let of_department = |department: &str| -> Vec<QueueId> {
        let helps =
            |queue: &str| matches!(department, "고객안내부" | "국내우편부") && matches!(queue, "general" | "domestic");
        let own = config.queues.iter().filter(|queue| queue.department == department || helps(&queue.name));
        own.map(|queue| queue.id).collect()
    };
    let queues: Vec<Vec<QueueId>> = config.agents.iter().map(|agent| of_department(&agent.department)).collect();
    for (agent, queues) in config.agents.iter_mut().zip(queues) {
        agent.queues = queues;
    }
    change(&mut config);
    config
}

/// The prompts that ship, loaded once for all stories.
pub fn prompts() -> Arc<Library> {
    static LIBRARY: OnceLock<Arc<Library>> = OnceLock::new();
    let load = || {
        let (library, problems) = load_prompts(None);
        assert_eq!(problems, [], "every prompt that ships can be played");
        Arc::new(library)
    };
    LIBRARY.get_or_init(load).clone()
}

/// The flows that ship.
pub fn shipped_flows() -> Vec<Arc<ivr::Flow>> {
    SHIPPED.iter().map(|(id, text)| flow(id, text)).collect()
}

/// A flow that must load.
pub fn flow(id: &str, text: &str) -> Arc<ivr::Flow> {
    let environment = |name: &str| (name == "TRACK_API").then(|| "http://track.example".to_owned());
    let (flow, notes) = ivr::load::load_with(id, text, &environment);
    Arc::new(flow.unwrap_or_else(|| panic!("{id} does not load: {notes:?}")))
}

/// The flows of `ivr-flows`, by id.
pub const SHIPPED: [(&str, &str); 2] = [
    ("postal-ko", include_str!("../../../ivr-flows/postal-ko.toml")),
    ("utility-en", include_str!("../../../ivr-flows/utility-en.toml")),
];

/// Where the server listens, for signalling and audio.
pub const SERVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), 5060);
/// The carrier: all callers' telephones.
pub const CALLERS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2)), 5060);
/// The office: all agents' telephones.
pub const AGENTS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 3)), 5060);

/// Wednesday, 2026-03-04, 10:15 in Seoul: the hotline is open.
pub const MORNING: i64 = 1_772_586_900_000;

const NEVER: Moment = Moment::from_nanos(u64::MAX);

/// Rounds without time passing that are surely a loop.
const STILL_MAX: u32 = 100_000;
