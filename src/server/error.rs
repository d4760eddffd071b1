//! Why the server did not start, each with its way out.

use crate::net::NetError;
use crate::store::{FlowFileError, PromptError, StoreError};

/// The server could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    #[error(transparent)]
    Net(#[from] NetError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    FlowFiles(#[from] FlowFileError),
    /// Callers would hear other words than those that somebody recorded for them.
    #[error("{0}\n  help: mend [audio] folder, or take it out to use the built-in prompts")]
    PromptFolder(PromptError),
    /// A flow has mistakes; the report shows each with its place.
    #[error(
        "{report}the flows have {count} mistakes, so the server does not start\n  help: mend them, then try `thirdring check`"
    )]
    Flows { report: String, count: usize },
    /// A number leads to a flow that is not there.
    #[error("{0}")]
    Names(String),
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
