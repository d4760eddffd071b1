//! SIP over UDP and TCP: sockets in, bytes out. Frames nothing and parses nothing; the endpoint does.
//! RFC 3261 18, connection reuse by flow (RFC 5923 in spirit: answers and later requests go back the way they came).

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket, tcp::OwnedReadHalf};
use tokio::sync::mpsc;

use super::error::NetError;
use crate::sip::{ConnectionId, Flow, Transmit, Transport};

/// What came in.
#[derive(Debug)]
pub enum Arrival {
    Datagram {
        flow: Flow,
        bytes: Bytes,
    },
    Stream {
        flow: Flow,
        bytes: Bytes,
    },
    Closed {
        connection: ConnectionId,
    },
    TransportError {
        flow: Flow,
    },
    /// A connection of ours or to us stands; its writer is ready.
    Connected {
        flow: Flow,
        writer: mpsc::Sender<Bytes>,
    },
}

/// All SIP sockets of one control thread. Must live on a tokio `LocalSet`.
#[derive(Debug)]
pub struct SipTransports {
    udp: Vec<(SocketAddr, Arc<UdpSocket>)>,
    listeners: Vec<(Transport, SocketAddr)>,
    arrivals: mpsc::Sender<Arrival>,
    connections: HashMap<ConnectionId, (Flow, mpsc::Sender<Bytes>)>,
    by_remote: HashMap<SocketAddr, ConnectionId>,
    next_connection: Arc<std::sync::atomic::AtomicU64>,
    /// Messages that could not be handed to a socket.
    pub unsent: u64,
}

impl SipTransports {
    /// Binds every listener; port 0 takes a free port. The receiver is read with [`SipTransports::accept`].
    ///
    /// # Errors
    /// [`NetError::Bind`] names the address and what to do.
    pub async fn bind(
        udp: &[SocketAddr],
        tcp: &[SocketAddr],
    ) -> Result<(SipTransports, mpsc::Receiver<Arrival>), NetError> {
        let (arrivals, receiver) = mpsc::channel(ARRIVALS_MAX);
        let mut transports = SipTransports {
            udp: Vec::new(),
            listeners: Vec::new(),
            arrivals: arrivals.clone(),
            connections: HashMap::new(),
            by_remote: HashMap::new(),
            next_connection: Arc::default(),
            unsent: 0,
        };
        for address in udp {
            let socket =
                UdpSocket::bind(address).await.map_err(|error| NetError::bind("SIP over UDP", *address, error))?;
            let local = socket.local_addr().map_err(|error| NetError::bind("SIP over UDP", *address, error))?;
            let socket = Arc::new(socket);
            tokio::task::spawn_local(read_datagrams(local, socket.clone(), arrivals.clone()));
            transports.udp.push((local, socket));
            transports.listeners.push((Transport::Udp, local));
        }
        for address in tcp {
            let listener =
                TcpListener::bind(address).await.map_err(|error| NetError::bind("SIP over TCP", *address, error))?;
            let local = listener.local_addr().map_err(|error| NetError::bind("SIP over TCP", *address, error))?;
            tokio::task::spawn_local(accept(local, listener, arrivals.clone(), transports.next_connection.clone()));
            transports.listeners.push((Transport::Tcp, local));
        }
        Ok((transports, receiver))
    }

    /// The addresses that were really bound.
    #[must_use]
    pub fn listeners(&self) -> &[(Transport, SocketAddr)] {
        &self.listeners
    }

    /// Keeps the list of connections true. Call for each arrival before it goes to the endpoint; `false` for one that
    /// is our own business only.
    pub fn note(&mut self, arrival: &Arrival) -> bool {
        match arrival {
            Arrival::Connected { flow, writer } => {
                if let Some(connection) = flow.connection {
                    self.connections.insert(connection, (*flow, writer.clone()));
                    self.by_remote.insert(flow.remote, connection);
                }
                false
            }
            Arrival::Closed { connection } => {
                if let Some((flow, _)) = self.connections.remove(connection)
                    && self.by_remote.get(&flow.remote) == Some(connection)
                {
                    self.by_remote.remove(&flow.remote);
                }
                true
            }
            _ => true,
        }
    }

    /// Sends, or opens the way and then sends; failure comes back as [`Arrival::TransportError`].
    pub fn send(&mut self, transmit: Transmit) {
        match transmit {
            Transmit::Send { flow, bytes } => match flow.transport {
                Transport::Udp => self.send_datagram(flow, &bytes),
                Transport::Tcp => self.send_stream(flow, bytes),
            },
            // Dropping the writer ends the connection once what was queued has been written.
            Transmit::Close(connection) => {
                if let Some((flow, _)) = self.connections.remove(&connection) {
                    self.by_remote.remove(&flow.remote);
                }
            }
        }
    }

    fn send_datagram(&mut self, flow: Flow, bytes: &[u8]) {
        let socket = self.udp.iter().find(|(local, _)| *local == flow.local).or(self.udp.first());
        let sent = socket.map(|(_, socket)| socket.try_send_to(bytes, flow.remote));
        match sent {
            Some(Ok(_)) => {}
            // A full socket buffer is a lost datagram: retransmission timers are there for it.
            Some(Err(error)) if error.kind() == std::io::ErrorKind::WouldBlock => self.unsent += 1,
            _ => self.failed(flow),
        }
    }

    fn send_stream(&mut self, flow: Flow, bytes: Bytes) {
        let known = flow.connection.or_else(|| self.by_remote.get(&flow.remote).copied());
        if let Some((_, writer)) = known.and_then(|connection| self.connections.get(&connection)) {
            if writer.try_send(bytes).is_err() {
                self.failed(flow);
            }
            return;
        }
        if flow.connection.is_some() || self.connections.len() >= CONNECTIONS_MAX {
            return self.failed(flow);
        }
        let connection = ConnectionId(self.next_connection.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        let (writer, queue) = mpsc::channel(WRITES_MAX);
        let opened = Flow { connection: Some(connection), ..flow };
        // The first write always finds room.
        let _ = writer.try_send(bytes);
        self.connections.insert(connection, (opened, writer));
        self.by_remote.insert(flow.remote, connection);
        tokio::task::spawn_local(connect(opened, queue, self.arrivals.clone()));
    }

    fn failed(&mut self, flow: Flow) {
        self.unsent += 1;
        if self.arrivals.try_send(Arrival::TransportError { flow }).is_err() {
            self.unsent += 1;
        }
    }
}

async fn read_datagrams(local: SocketAddr, socket: Arc<UdpSocket>, arrivals: mpsc::Sender<Arrival>) {
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    loop {
        // An ICMP error of an earlier datagram surfaces here as an error; the socket itself is well.
        let Ok((length, remote)) = socket.recv_from(&mut buffer).await else { continue };
        // A copy of its own size: a transaction that keeps the message must not keep 64 KiB alive.
        let bytes = Bytes::copy_from_slice(&buffer[..length]);
        let flow = Flow { transport: Transport::Udp, local, remote, connection: None };
        if arrivals.send(Arrival::Datagram { flow, bytes }).await.is_err() {
            return;
        }
    }
}

async fn accept(
    local: SocketAddr,
    listener: TcpListener,
    arrivals: mpsc::Sender<Arrival>,
    next: Arc<std::sync::atomic::AtomicU64>,
) {
    let mut pause = Duration::from_millis(10);
    loop {
        let (stream, remote) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors: back off instead of spinning, and never stop accepting.
                tracing::warn!(%error, "cannot accept a SIP connection");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(1));
                continue;
            }
        };
        pause = Duration::from_millis(10);
        let connection = ConnectionId(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        let flow = Flow { transport: Transport::Tcp, local, remote, connection: Some(connection) };
        let (writer, queue) = mpsc::channel(WRITES_MAX);
        if arrivals.send(Arrival::Connected { flow, writer }).await.is_err() {
            return;
        }
        tokio::task::spawn_local(run_connection(flow, stream, queue, arrivals.clone()));
    }
}

async fn connect(flow: Flow, queue: mpsc::Receiver<Bytes>, arrivals: mpsc::Sender<Arrival>) {
    match tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(flow.remote)).await {
        Ok(Ok(stream)) => run_connection(flow, stream, queue, arrivals).await,
        _ => {
            if let Some(connection) = flow.connection {
                let _ = arrivals.send(Arrival::Closed { connection }).await;
            }
            let _ = arrivals.send(Arrival::TransportError { flow: Flow { connection: None, ..flow } }).await;
        }
    }
}

async fn run_connection(
    flow: Flow,
    stream: TcpStream,
    mut queue: mpsc::Receiver<Bytes>,
    arrivals: mpsc::Sender<Arrival>,
) {
    let _ = stream.set_nodelay(true);
    let (mut read, mut write) = stream.into_split();
    let reader = read_stream(flow, &mut read, &arrivals);
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
        let _ = arrivals.send(Arrival::Closed { connection }).await;
    }
}

async fn read_stream(flow: Flow, read: &mut OwnedReadHalf, arrivals: &mpsc::Sender<Arrival>) {
    let mut buffer = vec![0; READ_CHUNK];
    loop {
        match read.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(length) => {
                let bytes = Bytes::copy_from_slice(&buffer[..length]);
                if arrivals.send(Arrival::Stream { flow, bytes }).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Arrivals that may wait for the control thread: about a second of the greatest load.
const ARRIVALS_MAX: usize = 16_384;

/// Connections at once, in and out.
const CONNECTIONS_MAX: usize = 4_096;

/// Messages that may wait for a slow connection before it is given up.
const WRITES_MAX: usize = 256;

/// Bytes asked for at a time.
const READ_CHUNK: usize = 16 * 1024;

/// The largest datagram there is.
const DATAGRAM_BYTES_MAX: usize = 65_535;

/// How long a connection may take to stand: two SYN retransmissions.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long one message may take to be taken by the peer.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
