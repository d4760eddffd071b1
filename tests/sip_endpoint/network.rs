//! The simulated network: loss, duplicates, latency, reordering, TCP connections, and a record of all that was sent.
//! Never drops silently: what is lost is in the trace, marked.

use bytes::Bytes;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;
use thirdring::model::Moment;
use thirdring::sip::{ConnectionId, Endpoint, Event, Flow, Settings, Transmit, Transport};

/// Everything between the hosts.
pub struct Network {
    pub now: Moment,
    pub hosts: Vec<Host>,
    pub weather: Weather,
    /// Every message as it was sent, in order.
    pub trace: Vec<Sent>,
    /// Every message as it arrived.
    pub arrivals: Vec<Sent>,
    shown: usize,
    random: ChaCha12Rng,
    queue: BTreeMap<(Moment, u64), Arrival>,
    sequence: u64,
    connections: BTreeMap<ConnectionId, Connection>,
}

/// How datagrams fare.
#[derive(Clone, Copy)]
pub struct Weather {
    pub loss_percent: u32,
    pub duplicate_percent: u32,
    pub latency_ms: (u32, u32),
}

impl Weather {
    pub const FINE: Weather = Weather { loss_percent: 0, duplicate_percent: 0, latency_ms: (5, 5) };
}

/// A host: an endpoint, or a peer that a test writes by hand.
pub struct Host {
    pub address: SocketAddr,
    pub endpoint: Option<Endpoint>,
    pub events: Vec<Event>,
    /// What a hand-written peer received.
    pub inbox: Vec<(Flow, String)>,
    /// Nothing listens on TCP here.
    pub deaf_to_tcp: bool,
    /// Datagrams above this many bytes never arrive.
    pub datagram_max: usize,
}

/// One message on the wire.
#[derive(Clone)]
pub struct Sent {
    pub at: Moment,
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub transport: Transport,
    pub bytes: Bytes,
}

enum Arrival {
    Datagram { from: SocketAddr, to: SocketAddr, bytes: Bytes },
    Stream { connection: ConnectionId, to_opener: bool, bytes: Bytes },
    Refused { host: usize, flow: Flow },
    Closed { connection: ConnectionId },
}

#[derive(Clone, Copy)]
struct Connection {
    opener: SocketAddr,
    opener_port: u16,
    listener: SocketAddr,
    /// A stream keeps its order.
    last: [Moment; 2],
}

impl Network {
    pub fn new(seed: u64, weather: Weather) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_be_bytes());
        Network {
            now: Moment::from_secs(1),
            hosts: Vec::new(),
            weather,
            trace: Vec::new(),
            arrivals: Vec::new(),
            shown: 0,
            random: ChaCha12Rng::from_seed(key),
            queue: BTreeMap::new(),
            sequence: 0,
            connections: BTreeMap::new(),
        }
    }

    /// A host with an endpoint that listens on UDP and TCP at `address`.
    pub fn endpoint(&mut self, address: &str, settings: Settings) -> usize {
        let address: SocketAddr = address.parse().expect("an address of the test");
        let settings = Settings { listeners: vec![(Transport::Udp, address), (Transport::Tcp, address)], ..settings };
        let mut seed = [0; 32];
        self.random.fill_bytes(&mut seed);
        self.host(address, Some(Endpoint::new(settings, seed)))
    }

    /// A peer written by hand.
    pub fn peer(&mut self, address: &str) -> usize {
        self.host(address.parse().expect("an address of the test"), None)
    }

    fn host(&mut self, address: SocketAddr, endpoint: Option<Endpoint>) -> usize {
        self.hosts.push(Host {
            address,
            endpoint,
            events: Vec::new(),
            inbox: Vec::new(),
            deaf_to_tcp: false,
            datagram_max: usize::MAX,
        });
        self.hosts.len() - 1
    }

    pub fn below(&mut self, bound: u32) -> u32 {
        self.random.next_u32() % bound.max(1)
    }

    /// Runs a command on a host's endpoint and sends what follows.
    pub fn command<T>(&mut self, host: usize, command: impl FnOnce(&mut Endpoint, Moment) -> T) -> T {
        let now = self.now;
        let endpoint = self.hosts[host].endpoint.as_mut().expect("this host has an endpoint");
        let result = command(endpoint, now);
        self.settle(host);
        result
    }

    /// A datagram of a hand-written peer.
    pub fn say(&mut self, from: usize, to: usize, text: &str) {
        let (from, to) = (self.hosts[from].address, self.hosts[to].address);
        let bytes = Bytes::from(text.replace("\r\n", "\n").replace('\n', "\r\n"));
        let at = self.now + Duration::from_millis(1);
        self.enqueue(at, Arrival::Datagram { from, to, bytes });
        self.run_ms(2);
    }

    /// Bytes of a hand-written peer on a new or known connection.
    pub fn say_on_stream(&mut self, connection: u64, from: usize, to: usize, bytes: &[u8]) {
        let id = ConnectionId(connection);
        let (opener, listener) = (self.hosts[from].address, self.hosts[to].address);
        self.connections.entry(id).or_insert(Connection {
            opener,
            opener_port: 50_000,
            listener,
            last: [Moment::ZERO; 2],
        });
        let at = self.now + Duration::from_millis(1);
        self.enqueue(at, Arrival::Stream { connection: id, to_opener: false, bytes: Bytes::copy_from_slice(bytes) });
        self.run_ms(2);
    }

    /// A connection breaks; both ends notice.
    pub fn cut(&mut self, connection: u64) {
        self.break_soon(connection);
        self.run_ms(2);
    }

    /// The same, when time next passes.
    pub fn break_soon(&mut self, connection: u64) {
        let at = self.now + Duration::from_millis(1);
        self.enqueue(at, Arrival::Closed { connection: ConnectionId(connection) });
    }

    pub fn connections(&self) -> Vec<u64> {
        self.connections.keys().map(|id| id.0).collect()
    }

    pub fn run_ms(&mut self, millis: u64) {
        self.run_until(self.now + Duration::from_millis(millis), |_, _, _| {});
    }

    pub fn run_secs(&mut self, seconds: u64) {
        self.run_ms(seconds * 1_000);
    }

    /// Lets time pass until `end`; `owner` is told each event of each host as it happens.
    pub fn run_until(&mut self, end: Moment, mut owner: impl FnMut(&mut Network, usize, &Event)) {
        while let Some((host, event)) = self.next_event(end) {
            owner(self, host, &event);
        }
    }

    /// Lets time pass until something happens, or until `end`.
    pub fn next_event(&mut self, end: Moment) -> Option<(usize, Event)> {
        loop {
            if let Some(told) = (0..self.hosts.len()).find_map(|host| self.take_event(host)) {
                return Some(told);
            }
            let timers = self.hosts.iter().filter_map(|host| host.endpoint.as_ref()?.poll_timeout());
            let arrivals = self.queue.first_key_value().map(|((at, _), _)| *at);
            let Some(next) = timers.chain(arrivals).min().filter(|next| *next <= end) else { break };
            self.now = self.now.max(next);
            while let Some(entry) = self.queue.first_entry().filter(|entry| entry.key().0 <= next) {
                let arrival = entry.remove();
                self.arrive(arrival);
            }
            for host in 0..self.hosts.len() {
                let now = self.now;
                if let Some(endpoint) = self.hosts[host].endpoint.as_mut() {
                    endpoint.handle_timeout(now);
                    assert!(endpoint.poll_timeout().is_none_or(|at| at > now), "a timer that is due has rung");
                }
                self.settle(host);
            }
        }
        self.now = self.now.max(end);
        None
    }

    fn take_event(&mut self, host: usize) -> Option<(usize, Event)> {
        let event = self.hosts[host].endpoint.as_mut()?.poll_event()?;
        self.hosts[host].events.push(event.clone());
        Some((host, event))
    }

    fn arrive(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Datagram { from, to, bytes } => {
                let flow = Flow { transport: Transport::Udp, local: to, remote: from, connection: None };
                let Some(host) = self.at(to) else {
                    // Port unreachable.
                    if let Some(sender) = self.at(from) {
                        let back = Flow { local: from, remote: to, ..flow };
                        self.handle(sender, |endpoint, now| endpoint.handle_transport_error(now, back));
                    }
                    return;
                };
                let at = self.now;
                self.arrivals.push(Sent { at, from, to, transport: Transport::Udp, bytes: bytes.clone() });
                match self.hosts[host].endpoint {
                    Some(_) => self.handle(host, |endpoint, now| endpoint.handle_datagram(now, flow, &bytes)),
                    None => self.hosts[host].inbox.push((flow, String::from_utf8_lossy(&bytes).into_owned())),
                }
            }
            Arrival::Stream { connection, to_opener, bytes } => self.arrive_on_stream(connection, to_opener, &bytes),
            Arrival::Refused { host, flow } => {
                self.handle(host, |endpoint, now| endpoint.handle_transport_error(now, flow));
            }
            Arrival::Closed { connection } => {
                let Some(ends) = self.connections.remove(&connection) else { return };
                for address in [ends.opener, ends.listener] {
                    if let Some(host) = self.at(address) {
                        self.handle(host, |endpoint, now| endpoint.handle_closed(now, connection));
                    }
                }
            }
        }
    }

    fn arrive_on_stream(&mut self, connection: ConnectionId, to_opener: bool, bytes: &Bytes) {
        let Some(ends) = self.connections.get(&connection).copied() else { return };
        let opener = SocketAddr::new(ends.opener.ip(), ends.opener_port);
        let (at, local, remote) =
            if to_opener { (ends.opener, opener, ends.listener) } else { (ends.listener, ends.listener, opener) };
        let Some(host) = self.at(at) else { return };
        self.arrivals.push(Sent {
            at: self.now,
            from: remote,
            to: at,
            transport: Transport::Tcp,
            bytes: bytes.clone(),
        });
        let flow = Flow { transport: Transport::Tcp, local, remote, connection: Some(connection) };
        match self.hosts[host].endpoint {
            Some(_) => {
                // In pieces, as a stream may come.
                let middle = bytes.len() / 3;
                self.handle(host, |endpoint, now| {
                    endpoint.handle_stream(now, flow, &bytes[..middle]);
                    endpoint.handle_stream(now, flow, &bytes[middle..]);
                });
            }
            None => self.hosts[host].inbox.push((flow, String::from_utf8_lossy(bytes).into_owned())),
        }
    }

    fn handle(&mut self, host: usize, act: impl FnOnce(&mut Endpoint, Moment)) {
        let now = self.now;
        if let Some(endpoint) = self.hosts[host].endpoint.as_mut() {
            act(endpoint, now);
            self.settle(host);
        }
    }

    fn at(&self, address: SocketAddr) -> Option<usize> {
        self.hosts.iter().position(|host| host.address == address)
    }

    /// Sends everything a host's endpoint has to send.
    fn settle(&mut self, host: usize) {
        while let Some(transmit) = self.hosts[host].endpoint.as_mut().and_then(Endpoint::poll_transmit) {
            match transmit {
                Transmit::Send { flow, bytes } => {
                    let from = self.hosts[host].address;
                    let (at, to, transport) = (self.now, flow.remote, flow.transport);
                    self.trace.push(Sent { at, from, to, transport, bytes: bytes.clone() });
                    match flow.transport {
                        Transport::Udp => self.send_datagram(from, flow.remote, bytes),
                        Transport::Tcp => self.send_stream(host, flow, bytes),
                    }
                }
                Transmit::Close(connection) => {
                    // After everything queued on it has left.
                    let at = self.now + Duration::from_millis(u64::from(self.weather.latency_ms.0) + 1);
                    self.enqueue(at, Arrival::Closed { connection });
                }
            }
        }
    }

    fn send_datagram(&mut self, from: SocketAddr, to: SocketAddr, bytes: Bytes) {
        let weather = self.weather;
        let copies = if self.below(100) < weather.duplicate_percent { 2 } else { 1 };
        let swallowed = self.at(to).is_some_and(|host| bytes.len() > self.hosts[host].datagram_max);
        for _ in 0..copies {
            let lost = self.below(100) < weather.loss_percent || swallowed;
            let spread = weather.latency_ms.1 - weather.latency_ms.0 + 1;
            let latency = weather.latency_ms.0 + self.below(spread);
            if !lost {
                let at = self.now + Duration::from_millis(u64::from(latency));
                self.enqueue(at, Arrival::Datagram { from, to, bytes: bytes.clone() });
            }
        }
    }

    fn send_stream(&mut self, host: usize, flow: Flow, bytes: Bytes) {
        let from = self.hosts[host].address;
        let latency = Duration::from_millis(u64::from(self.weather.latency_ms.0));
        let open = |connection: &Connection| connection.opener == from && connection.listener == flow.remote;
        let known = match flow.connection {
            Some(id) => Some(id).filter(|id| self.connections.contains_key(id)),
            None => self.connections.iter().find(|(_, connection)| open(connection)).map(|(id, _)| *id),
        };
        let listener = self.at(flow.remote).filter(|listener| !self.hosts[*listener].deaf_to_tcp);
        let id = match (known, flow.connection, listener) {
            (Some(id), ..) => id,
            (None, None, Some(_)) => {
                self.sequence += 1;
                let id = ConnectionId(self.sequence);
                let opener_port = 40_000 + (self.sequence % 20_000) as u16;
                let last = [Moment::ZERO; 2];
                self.connections.insert(id, Connection { opener: from, opener_port, listener: flow.remote, last });
                id
            }
            _ => {
                let at = self.now + latency;
                self.enqueue(at, Arrival::Refused { host, flow });
                return;
            }
        };
        let now = self.now;
        if let Some(connection) = self.connections.get_mut(&id) {
            let to_opener = connection.opener != from;
            let last = &mut connection.last[usize::from(to_opener)];
            *last = (*last).max(now + latency);
            let at = *last;
            self.enqueue(at, Arrival::Stream { connection: id, to_opener, bytes });
        }
    }

    fn enqueue(&mut self, at: Moment, arrival: Arrival) {
        self.sequence += 1;
        self.queue.insert((at, self.sequence), arrival);
    }

    /// The events of a host so far, taken.
    pub fn events(&mut self, host: usize) -> Vec<Event> {
        while self.take_event(host).is_some() {}
        std::mem::take(&mut self.hosts[host].events)
    }

    /// The first lines of everything sent since the last call, as `1>2 INVITE` and `2>1 180 INVITE`.
    pub fn ladder(&mut self) -> Vec<String> {
        let new = self.trace.iter().skip(self.shown).map(|sent| self.rung(sent)).collect();
        self.shown = self.trace.len();
        new
    }

    /// The whole trace with times, for who looks for a fault.
    pub fn story(&self) -> String {
        let sent = self.trace.iter().map(|sent| (sent, "sends"));
        let arrived = self.arrivals.iter().map(|sent| (sent, "hears"));
        let mut all: Vec<_> = sent.chain(arrived).collect();
        all.sort_by_key(|(sent, _)| sent.at);
        let line = |(sent, verb): &(&Sent, &str)| {
            let text = String::from_utf8_lossy(&sent.bytes);
            let find =
                |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
            format!("{} {verb} {} {} {}\n", sent.at, self.rung(sent), find("CSeq: "), find("Call-ID: "))
        };
        all.iter().map(line).collect()
    }

    fn rung(&self, sent: &Sent) -> String {
        let name = |address: SocketAddr| {
            let exact = self.at(address);
            let found = exact.or_else(|| self.hosts.iter().position(|host| host.address.ip() == address.ip()));
            found.map_or("?".to_owned(), |host| host.to_string())
        };
        let text = String::from_utf8_lossy(&sent.bytes);
        let first = text.lines().next().unwrap_or_default();
        let mut words = first.split(' ');
        let what = match words.next() {
            Some("SIP/2.0") => {
                let method = text.lines().find_map(|line| line.strip_prefix("CSeq: ")).unwrap_or_default();
                let method = method.split(' ').nth(1).unwrap_or_default();
                format!("{} {method}", words.next().unwrap_or_default())
            }
            word => word.unwrap_or_default().to_owned(),
        };
        format!("{}>{} {what}", name(sent.from), name(sent.to))
    }

    /// Nothing is left anywhere.
    pub fn assert_released(&self) {
        for (host, endpoint) in self.hosts.iter().enumerate().filter_map(|(n, h)| Some((n, h.endpoint.as_ref()?))) {
            let counts = endpoint.counts();
            let held = counts.sessions + counts.client_transactions + counts.server_transactions;
            assert_eq!(held, 0, "host {host} still holds\n{}", endpoint.dump());
        }
    }
}
