//! SIP datagrams: one socket's reader, and what it does when the socket fails.
//! Never gives up and never spins. RFC 3261 18.4, RFC 1122 4.1.3.3 (ICMP).

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

use super::sip_transports::Arrival;
use super::transport_counts::TransportCounts;
use crate::sip::{Flow, Transport};

/// Where datagrams come from: a socket, or what a test makes of one.
pub(super) trait Datagrams {
    async fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)>;
}

impl Datagrams for Arc<UdpSocket> {
    async fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.recv_from(buffer).await
    }
}

/// Reads as long as somebody wants what comes.
pub(super) async fn read(
    local: SocketAddr,
    socket: impl Datagrams,
    arrivals: mpsc::Sender<Arrival>,
    counts: Arc<TransportCounts>,
) {
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    let mut failing = None;
    loop {
        let (length, remote) = match socket.receive(&mut buffer).await {
            Ok(received) => received,
            Err(error) if is_echo(&error) => {
                // The socket itself is well, and each of these costs us a datagram: they cannot come without end.
                counts.miss();
                continue;
            }
            Err(error) => {
                counts.fail_to_read();
                if failing.is_none() {
                    tracing::error!(%local, %error, "cannot read SIP datagrams; trying again");
                }
                let pause = failing.map_or(PAUSE_MIN, |pause: Duration| (pause * 2).min(PAUSE_MAX));
                failing = Some(pause);
                tokio::time::sleep(pause).await;
                continue;
            }
        };
        if failing.take().is_some() {
            tracing::info!(%local, "SIP datagrams are read again");
        }
        // A copy of its own size: a transaction that keeps the message must not keep 64 KiB alive.
        let bytes = Bytes::copy_from_slice(&buffer[..length]);
        let flow = Flow { transport: Transport::Udp, local, remote, connection: None };
        if arrivals.send(Arrival::Datagram { flow, bytes }).await.is_err() {
            return;
        }
    }
}

/// An ICMP error of an earlier datagram of ours surfaces when we read.
fn is_echo(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkUnreachable};
    matches!(error.kind(), ConnectionRefused | HostUnreachable | NetworkUnreachable)
}

/// The largest datagram there is.
const DATAGRAM_BYTES_MAX: usize = 65_535;

/// Between two failures to read.
const PAUSE_MIN: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::rc::Rc;

    /// A socket that fails, and one day works.
    #[derive(Clone)]
    struct Broken {
        error: io::ErrorKind,
        failures: usize,
        reads: Rc<Cell<usize>>,
    }

    impl Datagrams for Broken {
        async fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
            let read = self.reads.get();
            self.reads.set(read + 1);
            match read {
                read if read < self.failures => Err(self.error.into()),
                read if read == self.failures => {
                    buffer[..2].copy_from_slice(b"ok");
                    Ok((2, LOCAL))
                }
                _ => std::future::pending().await,
            }
        }
    }

    const LOCAL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 5060);

    /// Reads from a socket that fails so often; the counts, and how long the datagram behind the failures took.
    fn read_through(error: io::ErrorKind, failures: usize) -> (u64, u64, Duration) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let (sender, mut arrivals) = mpsc::channel(4);
            let (counts, reads) = (Arc::<TransportCounts>::default(), Rc::default());
            let start = tokio::time::Instant::now();
            let reader = read(LOCAL, Broken { error, failures, reads }, sender, Arc::clone(&counts));
            tokio::select! {
                () = reader => panic!("the reader gave up"),
                arrival = arrivals.recv() => {
                    assert!(matches!(arrival, Some(Arrival::Datagram { bytes, .. }) if bytes == "ok"));
                }
            }
            (counts.unreachable(), counts.read_errors(), start.elapsed())
        })
    }

    #[test]
    fn a_socket_that_fails_is_tried_again_with_growing_pauses() {
        let (unreachable, failed, took) = read_through(io::ErrorKind::OutOfMemory, 4);
        assert_eq!((unreachable, failed), (0, 4));
        // 10, 20, 40 and 80 ms.
        assert!(took >= Duration::from_millis(150), "{took:?}");
    }

    #[test]
    fn what_nobody_received_is_counted_and_costs_no_time() {
        let (unreachable, failed, took) = read_through(io::ErrorKind::ConnectionRefused, 1_000);
        assert_eq!((unreachable, failed), (1_000, 0));
        // With pauses it would take a quarter of an hour.
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
}
