//! Floor 1: the service charter. Promises, their clocks and how often each was kept.

mod policy;
mod promise;

pub use policy::{Policy, RingCadence};
pub use promise::{Charter, Count, Promise, Verdict};
