//! What can go wrong between us and the network at start; later failures are counted, not raised.

use std::io;
use std::net::SocketAddr;

/// A shell could not start.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// The address is taken or is not ours.
    #[error("cannot bind the RTP port {address}: {source}{}", help(source))]
    Bind { address: SocketAddr, source: io::Error },
    /// A SIP listener's address is taken or is not ours.
    #[error("cannot listen for {what} on {address}: {source}{}", help(source))]
    Listen { what: &'static str, address: SocketAddr, source: io::Error },
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

impl NetError {
    pub(crate) fn bind(what: &'static str, address: SocketAddr, source: io::Error) -> Self {
        NetError::Listen { what, address, source }
    }
}

/// The way out, where there is a usual one.
fn help(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::AddrInUse => {
            "\n  help: another program (or another Thirdring) has this port; stop it, or configure \
             another port (config/development.toml is the built-in centre: copy it, change it, thirdring serve -c it)"
        }
        io::ErrorKind::AddrNotAvailable => "\n  help: no interface of this machine has this address",
        io::ErrorKind::PermissionDenied => "\n  help: ports below 1024 need a privilege; choose a higher one",
        _ => "",
    }
}
