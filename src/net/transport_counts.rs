//! What the SIP sockets count: read by the metrics of another thread while they go on.
//! Never holds an address.

use std::sync::atomic::{AtomicU64, Ordering};

/// Sums since the start.
#[derive(Debug, Default)]
pub struct TransportCounts {
    refused: AtomicU64,
    expired: AtomicU64,
    unsent: AtomicU64,
    unreachable: AtomicU64,
    read_errors: AtomicU64,
}

impl TransportCounts {
    /// Connections that found no place.
    #[must_use]
    pub fn connections_refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Connections that never said a byte.
    #[must_use]
    pub fn connections_expired(&self) -> u64 {
        self.expired.load(Ordering::Relaxed)
    }

    /// Messages that could not be handed to a socket.
    #[must_use]
    pub fn unsent(&self) -> u64 {
        self.unsent.load(Ordering::Relaxed)
    }

    /// Datagrams of ours that came back: nobody listens there (ICMP).
    #[must_use]
    pub fn unreachable(&self) -> u64 {
        self.unreachable.load(Ordering::Relaxed)
    }

    /// Failures to read from a UDP socket.
    #[must_use]
    pub fn read_errors(&self) -> u64 {
        self.read_errors.load(Ordering::Relaxed)
    }

    /// One more; how many that makes.
    pub(super) fn refuse(&self) -> u64 {
        self.refused.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn expire(&self) {
        self.expired.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn fail_to_send(&self) {
        self.unsent.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn miss(&self) {
        self.unreachable.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn fail_to_read(&self) {
        self.read_errors.fetch_add(1, Ordering::Relaxed);
    }
}
