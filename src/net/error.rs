//! What can go wrong between us and the network at start; later failures are counted, not raised.

use std::io;
use std::net::SocketAddr;

/// A shell could not start.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// The address is taken or is not ours.
    #[error("cannot bind UDP {address}: {source}")]
    Bind { address: SocketAddr, source: io::Error },
    /// The range of ports ends above 65,535.
    #[error("{slots} port pairs do not fit above port {first_port}")]
    PortRange { first_port: u16, slots: u16 },
    /// No even port with a free odd one above it was found.
    #[error("no free pair of ports on {address}")]
    NoPair { address: SocketAddr },
    /// The system refused a thread, an epoll or an event counter.
    #[error("cannot start the {what}: {source}")]
    Start { what: &'static str, source: io::Error },
}

/// A bounded queue is full; what was to be put into it is lost, as is counted by whoever sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the queue is full")]
pub struct Full;
