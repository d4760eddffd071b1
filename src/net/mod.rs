//! Floor 3: the sockets. Threads that carry bytes between the network and the pure rooms.
//! Never decides anything about a call; what can be decided without a socket is decided below.

mod error;
mod media_thread;
mod ports;
mod pump;
mod sip_connections;
mod sip_datagrams;
mod sip_transports;
mod transport_counts;

pub use error::NetError;
pub use media_thread::{MediaCounter, MediaHandle, MediaRecycler, MediaThread};
pub use pump::{Effect, Letter, Machine, Pump};
pub use sip_connections::ConnectionLimits;
pub use sip_transports::{Arrival, SipTransports};
pub use transport_counts::TransportCounts;
