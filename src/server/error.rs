//! Why the server did not start, each with its way out.

use crate::net::NetError;
use crate::store::StoreError;

/// The server could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    #[error(transparent)]
    Net(#[from] NetError),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something that the configuration needs is not there or has mistakes; the report shows each with its place.
    #[error("{report}{count} {}, so the server does not start\n  help: mend what is told above; `thirdring check` tells it again", if *count == 1 { "mistake" } else { "mistakes" })]
    Refused { report: String, count: usize },
    #[error(
        "cannot listen for HTTP on {address}: {source}\n  help: another program may have this port; set [http] listen"
    )]
    Http { address: std::net::SocketAddr, source: std::io::Error },
    #[error("cannot start {what}: {source}")]
    Start { what: &'static str, source: std::io::Error },
    /// The demo's phones speak UDP.
    #[error("the demo needs a UDP listener: set [sip] listen_udp")]
    Demo,
    /// The control thread ended before it had begun.
    #[error("the control thread did not start")]
    Control,
}
