//! SIP connections over TCP: who is let in, how many from where, and the two halves of each.
//! Frames nothing and parses nothing: the endpoint closes whoever sends bytes that never become a message.
//! RFC 3261 18, RFC 5923.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, tcp::OwnedReadHalf};
use tokio::sync::mpsc;

use super::sip_transports::Arrival;
use super::transport_counts::TransportCounts;
use crate::sip::{ConnectionId, Flow, Transport};

/// How much strangers may take of us over TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Connections to us at once; those that we open are counted apart, so that a flood does not silence us.
    pub incoming_max: usize,
    /// Connections to us at once from one IPv4 address or one IPv6 network of 64 bits.
    pub from_one_source_max: usize,
    /// Connections of ours at once.
    pub outgoing_max: usize,
    /// How long a connection may stand without a single byte of the peer (RFC 3261: 64*T1).
    pub first_byte: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        ConnectionLimits {
            incoming_max: 4_096,
            // An office behind one address with a connection for each of a thousand phones.
            from_one_source_max: 1_024,
            outgoing_max: 4_096,
            first_byte: Duration::from_secs(32),
        }
    }
}

/// What all connections of one control thread share.
#[derive(Clone, Debug)]
pub(super) struct House {
    pub(super) arrivals: mpsc::Sender<Arrival>,
    pub(super) limits: ConnectionLimits,
    pub(super) counts: Arc<TransportCounts>,
    next: Rc<RefCell<u64>>,
    guests: Rc<RefCell<Guests>>,
}

/// The connections that stand, by who opened them.
#[derive(Debug, Default)]
struct Guests {
    by_source: BTreeMap<IpAddr, usize>,
    incoming: usize,
    outgoing: usize,
}

/// A place that is given back when the connection is over.
#[derive(Debug)]
pub(super) struct Place {
    guests: Rc<RefCell<Guests>>,
    /// None for a connection of ours.
    source: Option<IpAddr>,
}

impl House {
    pub(super) fn new(arrivals: mpsc::Sender<Arrival>, limits: ConnectionLimits, counts: Arc<TransportCounts>) -> Self {
        House { arrivals, limits, counts, next: Rc::default(), guests: Rc::default() }
    }

    pub(super) fn mint(&self) -> ConnectionId {
        let mut next = self.next.borrow_mut();
        *next += 1;
        ConnectionId(*next)
    }

    /// A place for somebody who comes; none when the house, or his part of it, is full.
    fn admit(&self, remote: IpAddr) -> Option<Place> {
        let source = source_of(remote);
        let mut guests = self.guests.borrow_mut();
        let from_there = guests.by_source.get(&source).copied().unwrap_or(0);
        if guests.incoming >= self.limits.incoming_max || from_there >= self.limits.from_one_source_max {
            return None;
        }
        guests.incoming += 1;
        guests.by_source.insert(source, from_there + 1);
        Some(Place { guests: Rc::clone(&self.guests), source: Some(source) })
    }

    /// A place for a connection that we open.
    pub(super) fn go_out(&self) -> Option<Place> {
        let mut guests = self.guests.borrow_mut();
        if guests.outgoing >= self.limits.outgoing_max {
            return None;
        }
        guests.outgoing += 1;
        Some(Place { guests: Rc::clone(&self.guests), source: None })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut guests = self.guests.borrow_mut();
        let Some(source) = self.source else {
            guests.outgoing -= 1;
            return;
        };
        guests.incoming -= 1;
        match guests.by_source.get_mut(&source) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(guests.by_source.remove(&source)),
        }
    }
}

/// Whose connection it is: whoever has one IPv6 address has all of its network.
fn source_of(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 64)).into(),
        ip => ip,
    }
}

/// Takes connections as long as somebody wants what they say.
pub(super) async fn accept(local: SocketAddr, listener: TcpListener, house: House) {
    let mut pause = PAUSE_MIN;
    loop {
        let (stream, remote) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors: back off instead of spinning, and never stop accepting.
                tracing::warn!(%error, "cannot accept a SIP connection");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE_MAX);
                continue;
            }
        };
        pause = PAUSE_MIN;
        let Some(place) = house.admit(remote.ip()) else {
            let refused = house.counts.refuse();
            // A flood tells of itself a few times, not once for each connection.
            if refused.is_power_of_two() {
                tracing::warn!(refused, source = %remote.ip(), "too many SIP connections: refused");
            }
            continue;
        };
        let flow = Flow { transport: Transport::Tcp, local, remote, connection: Some(house.mint()) };
        let (writer, queue) = mpsc::channel(WRITES_MAX);
        if house.arrivals.send(Arrival::Connected { flow, writer }).await.is_err() {
            return;
        }
        tokio::task::spawn_local(run(flow, stream, queue, house.clone(), place));
    }
}

/// Opens a connection of ours and runs it; failure is told as a closed connection and a message that was not sent.
pub(super) async fn connect(flow: Flow, queue: mpsc::Receiver<Bytes>, house: House, place: Place) {
    match tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(flow.remote)).await {
        Ok(Ok(stream)) => run(flow, stream, queue, house, place).await,
        _ => {
            if let Some(connection) = flow.connection {
                let _ = house.arrivals.send(Arrival::Closed { connection }).await;
            }
            let _ = house.arrivals.send(Arrival::TransportError { flow: flow.without_connection() }).await;
        }
    }
}

async fn run(flow: Flow, stream: TcpStream, mut queue: mpsc::Receiver<Bytes>, house: House, _place: Place) {
    let _ = stream.set_nodelay(true);
    let (mut read, mut write) = stream.into_split();
    let reader = read_stream(flow, &mut read, &house);
    let writer = async {
        while let Some(bytes) = queue.recv().await {
            let written = tokio::time::timeout(WRITE_TIMEOUT, write.write_all(&bytes)).await;
            if !matches!(written, Ok(Ok(()))) {
                return;
            }
        }
        let _ = write.shutdown().await;
    };
    tokio::select! {
        () = reader => {}
        () = writer => {}
    }
    if let Some(connection) = flow.connection {
        let _ = house.arrivals.send(Arrival::Closed { connection }).await;
    }
}

async fn read_stream(flow: Flow, read: &mut OwnedReadHalf, house: &House) {
    let mut buffer = vec![0; READ_CHUNK];
    // From the first byte on the endpoint knows of the connection and has its own patience with it.
    let Ok(mut result) = tokio::time::timeout(house.limits.first_byte, read.read(&mut buffer)).await else {
        house.counts.expire();
        return;
    };
    while let Ok(length) = result
        && length > 0
    {
        let bytes = Bytes::copy_from_slice(&buffer[..length]);
        if house.arrivals.send(Arrival::Stream { flow, bytes }).await.is_err() {
            return;
        }
        result = read.read(&mut buffer).await;
    }
}

/// Messages that may wait for a slow connection before it is given up.
pub(super) const WRITES_MAX: usize = 256;

/// Bytes asked for at a time.
const READ_CHUNK: usize = 16 * 1024;

/// How long a connection may take to stand: two SYN retransmissions.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long one message may take to be taken by the peer.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// Between two failures to accept.
const PAUSE_MIN: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::super::sip_transports::SipTransports;
    use super::*;
    use crate::sip::Transmit;
    use std::net::Ipv4Addr;

    const HERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

    /// Sockets on loopback with these limits, and what comes in by them.
    struct Bench {
        transports: SipTransports,
        arrivals: mpsc::Receiver<Arrival>,
        address: SocketAddr,
    }

    impl Bench {
        async fn new(limits: ConnectionLimits) -> Bench {
            let bound = SipTransports::bind_with(&[], &[HERE], limits).await;
            let (transports, arrivals) = bound.expect("loopback has free ports");
            let address = transports.listeners()[0].1;
            Bench { transports, arrivals, address }
        }

        async fn arrival(&mut self) -> Arrival {
            let arrival = tokio::time::timeout(PATIENCE, self.arrivals.recv()).await;
            let arrival = arrival.expect("it comes in time").expect("the sockets live");
            self.transports.note(&arrival);
            arrival
        }

        /// The next connection that is let in.
        async fn connected(&mut self) -> Flow {
            match self.arrival().await {
                Arrival::Connected { flow, .. } => flow,
                other => panic!("{other:?}"),
            }
        }

        async fn dials(&self) -> TcpStream {
            TcpStream::connect(self.address).await.expect("the listener listens")
        }
    }

    /// Runs on a thread's own tasks, as the control thread does.
    fn on_local_set(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        tokio::task::LocalSet::new().block_on(&runtime, test);
    }

    /// Whether the other end closed without a word.
    async fn is_closed(stream: &mut TcpStream) -> bool {
        let read = tokio::time::timeout(PATIENCE, stream.read(&mut [0; 16])).await;
        matches!(read, Ok(Ok(0) | Err(_)))
    }

    #[test]
    fn one_source_gets_its_share_and_a_place_comes_back() {
        on_local_set(async {
            let limits = ConnectionLimits { from_one_source_max: 2, ..ConnectionLimits::default() };
            let mut bench = Bench::new(limits).await;
            let (first, _second) = (bench.dials().await, bench.dials().await);
            let flows = [bench.connected().await, bench.connected().await];
            assert_ne!(flows[0].connection, flows[1].connection);
            let mut third = bench.dials().await;
            assert!(is_closed(&mut third).await, "the third is refused at once");
            assert_eq!(bench.transports.counts().connections_refused(), 1);
            drop(first);
            assert!(matches!(bench.arrival().await, Arrival::Closed { .. }));
            let _fourth = bench.dials().await;
            bench.connected().await;
        });
    }

    #[test]
    fn a_full_house_refuses_everybody_and_still_calls_out() {
        on_local_set(async {
            let limits = ConnectionLimits { incoming_max: 1, ..ConnectionLimits::default() };
            let mut bench = Bench::new(limits).await;
            let _first = bench.dials().await;
            bench.connected().await;
            let mut second = bench.dials().await;
            assert!(is_closed(&mut second).await);
            let peer = TcpListener::bind(HERE).await.expect("loopback has free ports");
            let remote = peer.local_addr().expect("bound");
            let flow = Flow { transport: Transport::Tcp, local: bench.address, remote, connection: None };
            bench.transports.send(Transmit::Send { flow, bytes: Bytes::from_static(b"hello") });
            let (mut stream, _) = tokio::time::timeout(PATIENCE, peer.accept()).await.expect("in time").expect("opens");
            let mut heard = [0; 5];
            stream.read_exact(&mut heard).await.expect("the first message comes");
            assert_eq!(&heard, b"hello");
        });
    }

    #[test]
    fn whoever_never_says_a_byte_is_closed_and_whoever_speaks_is_not() {
        on_local_set(async {
            let limits = ConnectionLimits { first_byte: Duration::from_millis(200), ..ConnectionLimits::default() };
            let mut bench = Bench::new(limits).await;
            let (mut silent, mut speaking) = (bench.dials().await, bench.dials().await);
            let flows = [bench.connected().await, bench.connected().await];
            speaking.write_all(b"\r\n\r\n").await.expect("loopback");
            assert!(matches!(bench.arrival().await, Arrival::Stream { flow, .. } if flow == flows[1]));
            assert!(is_closed(&mut silent).await);
            assert!(
                matches!(bench.arrival().await, Arrival::Closed { connection } if Some(connection) == flows[0].connection)
            );
            assert_eq!(bench.transports.counts().connections_expired(), 1);
            let flow = flows[1];
            bench.transports.send(Transmit::Send { flow, bytes: Bytes::from_static(b"\r\n") });
            let mut pong = [0; 2];
            speaking.read_exact(&mut pong).await.expect("this one stands");
            assert_eq!(&pong, b"\r\n");
        });
    }

    #[test]
    fn an_ipv6_network_is_one_source_and_a_mapped_address_is_itself() {
        let source = |text: &str| source_of(text.parse().expect("an address of the test"));
        assert_eq!(source("2001:db8:1:2::1"), source("2001:db8:1:2:ffff::9"));
        assert_ne!(source("2001:db8:1:2::1"), source("2001:db8:1:3::1"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
        assert_ne!(source("192.0.2.1"), source("192.0.2.2"));
    }

    const PATIENCE: Duration = Duration::from_secs(10);
}
