//! Floor 4: the door for programs and pages. The only room with JSON over HTTP; it shows what the centre published
//! and passes on what people ask, and decides nothing.

mod exposition;
mod gauges;
mod metrics;
mod plumbing;
mod process;
mod series;

#[cfg(test)]
pub(crate) mod testing;

pub use exposition::Format;
pub use metrics::{Metrics, Vocabulary};
pub use plumbing::{Direction, MediaPackets, Plumbing};
