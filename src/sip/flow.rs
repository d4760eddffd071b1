//! Where a SIP message comes from and goes to: transport, the two addresses, the connection.
//! Never opens or owns a socket: the shell does, and names its connections by `ConnectionId`.
//! RFC 3261 18, RFC 3581.

use bytes::Bytes;
use std::fmt;
use std::net::SocketAddr;

/// What carries a message.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Transport {
    /// Datagrams: may be lost, doubled and reordered, so the transactions retransmit.
    Udp,
    /// A stream: reliable, so no transaction retransmits.
    Tcp,
}

impl Transport {
    /// As a Via header writes it (`UDP`, `TCP`).
    #[must_use]
    pub fn via_token(self) -> &'static str {
        match self {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
        }
    }

    /// Whether the transport itself delivers or reports failure (RFC 3261 17).
    #[must_use]
    pub fn is_reliable(self) -> bool {
        self == Transport::Tcp
    }
}

/// One TCP connection, minted by the shell, for connections in and out alike.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// One path between a socket of ours and a peer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Flow {
    /// Datagram or stream.
    pub transport: Transport,
    /// Our address.
    pub local: SocketAddr,
    /// The peer's address, as the packets show it (behind a NAT: the NAT's).
    pub remote: SocketAddr,
    /// The connection, for TCP; `None` asks the shell to reuse or open one to `remote`.
    pub connection: Option<ConnectionId>,
}

impl Flow {
    /// The same path without its connection: the shell opens or reuses one.
    #[must_use]
    pub fn without_connection(self) -> Flow {
        Flow { connection: None, ..self }
    }

    /// Whether both lead to the same place, whatever connection carries them.
    #[must_use]
    pub fn same_path(&self, other: &Flow) -> bool {
        self.transport == other.transport && self.remote == other.remote
    }
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} -> {}", self.transport.via_token(), self.local, self.remote)
    }
}

/// What the endpoint asks of the shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transmit {
    /// Send these bytes. On TCP with `connection: None` the shell opens (or reuses) a connection to `remote`
    /// and reports failure through `handle_transport_error`.
    Send { flow: Flow, bytes: Bytes },
    /// Close this connection once everything queued on it has left.
    Close(ConnectionId),
}
