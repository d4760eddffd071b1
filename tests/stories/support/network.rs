//! The simulated network: datagrams and streams under way, and the weather that loses, doubles and delays them.
//! Knows no telephone and no server; who gets a parcel is the house's business.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use thirdring::model::Moment;
use thirdring::sip::{ConnectionId, Flow, Transport};

/// What a link does to a packet. Fair weather: nothing is lost, everything takes a millisecond.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weather {
    /// Shares from 0 to 1.
    pub loss: f64,
    pub duplicates: f64,
    pub delay: Duration,
    /// Added to the delay, drawn evenly from zero to this: packets overtake each other.
    pub jitter: Duration,
}

impl Weather {
    pub const FAIR: Weather =
        Weather { loss: 0.0, duplicates: 0.0, delay: Duration::from_millis(1), jitter: Duration::ZERO };

    /// Fair but for this share of packets that never arrive.
    pub fn losing(loss: f64) -> Weather {
        Weather { loss, ..Weather::FAIR }
    }
}

/// Who stands on the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    Server,
    Callers,
    Agents,
}

/// Something under way.
#[derive(Debug)]
pub enum Parcel {
    Datagram { from: SocketAddr, to: SocketAddr, bytes: Bytes },
    Stream { to: End, bytes: Bytes },
    Closed { to: End },
    Audio { from: SocketAddr, to: SocketAddr, bytes: Vec<u8> },
}

/// One end of a TCP connection, as its party knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    pub party: Party,
    pub flow: Flow,
}

/// The wires between all parties.
pub struct Network {
    pub sip: Weather,
    pub rtp: Weather,
    /// The telephones at this address have never heard of telephone events: the word means nothing to them, and they do
    /// not say it.
    pub without_events: Option<SocketAddr>,
    /// The longest piece that a stream delivers at once; pieces are drawn from one byte up to it.
    pub piece_max: usize,
    rng: ChaCha12Rng,
    /// Parcels in the order of their arrival; those that overtake wait in the heap.
    calm: VecDeque<Due>,
    unruly: BinaryHeap<Reverse<Due>>,
    next: u64,
    streams: BTreeMap<(Party, ConnectionId), (End, Moment)>,
    connections: u64,
    /// Emptied buffers of audio packets.
    buffers: Vec<Vec<u8>>,
    pub lost: u64,
}

#[derive(Debug)]
struct Due {
    at: Moment,
    number: u64,
    parcel: Parcel,
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

/// The message with another word for telephone events, just as long.
fn unknown_events(message: &Bytes) -> Bytes {
    let text = String::from_utf8(message.to_vec()).expect("telephones write UTF-8");
    Bytes::from(text.replace("telephone-event", "unknown-encoded"))
}

impl Network {
    pub fn new(seed: u64) -> Self {
        Network {
            sip: Weather::FAIR,
            rtp: Weather::FAIR,
            without_events: None,
            piece_max: 700,
            rng: ChaCha12Rng::seed_from_u64(seed),
            calm: VecDeque::new(),
            unruly: BinaryHeap::new(),
            next: 0,
            streams: BTreeMap::new(),
            connections: 0,
            buffers: Vec::new(),
            lost: 0,
        }
    }

    /// When the next parcel arrives.
    pub fn poll_timeout(&self) -> Option<Moment> {
        let calm = self.calm.front().map(|due| due.at);
        let unruly = self.unruly.peek().map(|Reverse(due)| due.at);
        [calm, unruly].into_iter().flatten().min()
    }

    /// The next parcel that has arrived by now.
    pub fn arrive(&mut self, now: Moment) -> Option<Parcel> {
        let from_heap = match (self.calm.front(), self.unruly.peek()) {
            (Some(calm), Some(Reverse(unruly))) => unruly < calm,
            (None, Some(_)) => true,
            _ => false,
        };
        if from_heap {
            let due = self.unruly.peek().is_some_and(|Reverse(due)| due.at <= now);
            return due.then(|| self.unruly.pop().map(|Reverse(due)| due.parcel)).flatten();
        }
        let due = self.calm.front().is_some_and(|due| due.at <= now);
        due.then(|| self.calm.pop_front().map(|due| due.parcel)).flatten()
    }

    pub fn send_datagram(&mut self, now: Moment, from: SocketAddr, to: SocketAddr, bytes: &Bytes) {
        let bytes =
            if [Some(from), Some(to)].contains(&self.without_events) { unknown_events(bytes) } else { bytes.clone() };
        for at in self.fate(now, self.sip) {
            self.post(at, Parcel::Datagram { from, to, bytes: bytes.clone() });
        }
    }

    pub fn send_audio(&mut self, now: Moment, from: SocketAddr, to: SocketAddr, packet: &[u8]) {
        for at in self.fate(now, self.rtp) {
            let mut bytes = self.buffers.pop().unwrap_or_default();
            bytes.extend_from_slice(packet);
            self.post(at, Parcel::Audio { from, to, bytes });
        }
    }

    /// Takes back a buffer of `Parcel::Audio`.
    pub fn recycle(&mut self, mut bytes: Vec<u8>) {
        bytes.clear();
        self.buffers.push(bytes);
    }

    /// The connection that `party` keeps to that address; a new one when there is none.
    pub fn connection_to(&mut self, party: Party, local: SocketAddr, peer: Party, remote: SocketAddr) -> End {
        let known = self.streams.iter().find_map(|((owner, id), (to, _))| {
            let ours = *owner == party && to.party == peer && to.flow.local == remote;
            ours.then_some(End {
                party,
                flow: Flow { local: to.flow.remote, remote, connection: Some(*id), ..to.flow },
            })
        });
        known.unwrap_or_else(|| self.connect(party, local, peer, remote))
    }

    /// A new connection from `party` to the listener of `peer`; its end there, and ours.
    fn connect(&mut self, party: Party, local: SocketAddr, peer: Party, remote: SocketAddr) -> End {
        self.connections += 1;
        let number = self.connections;
        let local = SocketAddr::new(local.ip(), 40_000 + u16::try_from(number % 20_000).unwrap_or(0));
        let flow = |local, remote, id| Flow { transport: Transport::Tcp, local, remote, connection: Some(id) };
        let (ours, theirs) = (ConnectionId(2 * number), ConnectionId(2 * number + 1));
        let here = End { party, flow: flow(local, remote, ours) };
        let there = End { party: peer, flow: flow(remote, local, theirs) };
        self.streams.insert((party, ours), (there, Moment::ZERO));
        self.streams.insert((peer, theirs), (here, Moment::ZERO));
        here
    }

    /// Bytes into a connection: they arrive in order, in pieces of any length. `false` when it is gone.
    pub fn send_stream(&mut self, now: Moment, party: Party, connection: ConnectionId, bytes: &Bytes) -> bool {
        let Some((to, last)) = self.streams.get(&(party, connection)).copied() else { return false };
        let mut at = last.max(now + self.sip.delay);
        let mut rest = bytes.clone();
        while !rest.is_empty() {
            let piece = 1 + self.below(self.piece_max.max(1)).min(rest.len() - 1);
            self.post(at, Parcel::Stream { to, bytes: rest.split_to(piece) });
            at = at + Duration::from_micros(100);
        }
        self.streams.insert((party, connection), (to, at));
        true
    }

    /// Ends a connection once what was sent has arrived.
    pub fn close(&mut self, now: Moment, party: Party, connection: ConnectionId) {
        if let Some((to, last)) = self.streams.remove(&(party, connection)) {
            if let Some(id) = to.flow.connection {
                self.streams.remove(&(to.party, id));
            }
            self.post(last.max(now + self.sip.delay), Parcel::Closed { to });
        }
    }

    /// When each copy of a packet arrives; none when it is lost.
    fn fate(&mut self, now: Moment, weather: Weather) -> impl Iterator<Item = Moment> + use<> {
        let mut copies = [None, None];
        if self.chance(weather.loss) {
            self.lost += 1;
        } else {
            copies[0] = Some(now + weather.delay + self.jitter(weather.jitter));
            if self.chance(weather.duplicates) {
                copies[1] = Some(now + weather.delay + self.jitter(weather.jitter));
            }
        }
        copies.into_iter().flatten()
    }

    fn post(&mut self, at: Moment, parcel: Parcel) {
        self.next += 1;
        let due = Due { at, number: self.next, parcel };
        if self.calm.back().is_none_or(|last| last.at <= at) {
            self.calm.push_back(due);
        } else {
            self.unruly.push(Reverse(due));
        }
    }

    /// No draw in fair weather, so that a storm on one link leaves the other's fate as it was.
    fn chance(&mut self, share: f64) -> bool {
        share > 0.0 && (self.rng.next_u64() >> 11) as f64 / ((1u64 << 53) as f64) < share
    }

    fn jitter(&mut self, most: Duration) -> Duration {
        if most.is_zero() {
            return Duration::ZERO;
        }
        Duration::from_nanos(self.rng.next_u64() % u64::try_from(most.as_nanos()).unwrap_or(u64::MAX))
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.rng.next_u64() % u64::try_from(limit).unwrap_or(1)).unwrap_or(0)
    }
}
