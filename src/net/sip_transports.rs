//! SIP over UDP and TCP: sockets in, bytes out. Frames nothing and parses nothing; the endpoint does.
//! RFC 3261 18, connection reuse by flow (RFC 5923 in spirit: answers and later requests go back the way they came).

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::mpsc;

use super::error::NetError;
use super::sip_connections::{ConnectionLimits, House, WRITES_MAX, accept, connect};
use super::sip_datagrams;
use super::transport_counts::TransportCounts;
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
    house: House,
    connections: HashMap<ConnectionId, (Flow, mpsc::Sender<Bytes>)>,
    by_remote: HashMap<SocketAddr, ConnectionId>,
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
        SipTransports::bind_with(udp, tcp, ConnectionLimits::default()).await
    }

    /// As `bind`, with limits of one's own.
    ///
    /// # Errors
    /// As of `bind`.
    pub async fn bind_with(
        udp: &[SocketAddr],
        tcp: &[SocketAddr],
        limits: ConnectionLimits,
    ) -> Result<(SipTransports, mpsc::Receiver<Arrival>), NetError> {
        let (arrivals, receiver) = mpsc::channel(ARRIVALS_MAX);
        let mut transports = SipTransports {
            udp: Vec::new(),
            listeners: Vec::new(),
            house: House::new(arrivals, limits, Arc::default()),
            connections: HashMap::new(),
            by_remote: HashMap::new(),
        };
        for address in udp {
            let socket =
                UdpSocket::bind(address).await.map_err(|error| NetError::bind("SIP over UDP", *address, error))?;
            let local = socket.local_addr().map_err(|error| NetError::bind("SIP over UDP", *address, error))?;
            let socket = Arc::new(socket);
            let House { arrivals, counts, .. } = transports.house.clone();
            tokio::task::spawn_local(sip_datagrams::read(local, socket.clone(), arrivals, counts));
            transports.udp.push((local, socket));
            transports.listeners.push((Transport::Udp, local));
        }
        for address in tcp {
            let listener =
                TcpListener::bind(address).await.map_err(|error| NetError::bind("SIP over TCP", *address, error))?;
            let local = listener.local_addr().map_err(|error| NetError::bind("SIP over TCP", *address, error))?;
            tokio::task::spawn_local(accept(local, listener, transports.house.clone()));
            transports.listeners.push((Transport::Tcp, local));
        }
        Ok((transports, receiver))
    }

    /// The addresses that were really bound.
    #[must_use]
    pub fn listeners(&self) -> &[(Transport, SocketAddr)] {
        &self.listeners
    }

    /// What the sockets count; to be read on any thread.
    #[must_use]
    pub fn counts(&self) -> &Arc<TransportCounts> {
        &self.house.counts
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
                self.forget(*connection);
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
                self.forget(connection);
            }
        }
    }

    fn forget(&mut self, connection: ConnectionId) {
        if let Some((flow, _)) = self.connections.remove(&connection)
            && self.by_remote.get(&flow.remote) == Some(&connection)
        {
            self.by_remote.remove(&flow.remote);
        }
    }

    fn send_datagram(&mut self, flow: Flow, bytes: &[u8]) {
        let socket = self.udp.iter().find(|(local, _)| *local == flow.local).or(self.udp.first());
        let sent = socket.map(|(_, socket)| socket.try_send_to(bytes, flow.remote));
        match sent {
            Some(Ok(_)) => {}
            // A full socket buffer is a lost datagram: retransmission timers are there for it.
            Some(Err(error)) if error.kind() == std::io::ErrorKind::WouldBlock => self.house.counts.fail_to_send(),
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
        let place = if flow.connection.is_none() { self.house.go_out() } else { None };
        let Some(place) = place else { return self.failed(flow) };
        let connection = self.house.mint();
        let (writer, queue) = mpsc::channel(WRITES_MAX);
        let opened = Flow { connection: Some(connection), ..flow };
        // The first write always finds room.
        let _ = writer.try_send(bytes);
        self.connections.insert(connection, (opened, writer));
        self.by_remote.insert(flow.remote, connection);
        tokio::task::spawn_local(connect(opened, queue, self.house.clone(), place));
    }

    fn failed(&mut self, flow: Flow) {
        self.house.counts.fail_to_send();
        if self.house.arrivals.try_send(Arrival::TransportError { flow }).is_err() {
            tracing::error!("the control thread is too far behind: a transport error is lost");
        }
    }
}

/// Arrivals that may wait for the control thread: about a second of the greatest load.
const ARRIVALS_MAX: usize = 16_384;
