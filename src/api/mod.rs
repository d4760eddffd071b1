//! Floor 4: the door for programs and pages. The only room with JSON over HTTP; it shows what the centre published
//! and passes on what people ask, and decides nothing.

mod agents;
mod bans;
mod door;
mod error;
mod exposition;
mod flow_labels;
mod gauges;
mod health;
mod live;
mod metrics;
mod pages;
mod plumbing;
mod process;
mod records;
mod router;
mod series;
mod wire;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use door::{Credentials, Door};
pub use error::Problem;
pub use exposition::Format;
pub use health::Readiness;
pub use metrics::{Metrics, Vocabulary};
pub use plumbing::{Direction, MediaPackets, Plumbing, SipTransport};
pub use router::{Asked, Handles, router, routers, serve};
pub use wire::{Delta, Snapshot, THRESHOLDS};
