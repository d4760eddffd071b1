//! What the stories are told with: the house, its network, its people, and ears for what they hear.

pub mod ear;
pub mod exchange;
pub mod house;
pub mod ledger;
pub mod network;
pub mod people;

use std::time::Duration;

pub use exchange::Manner;
pub use house::House;

pub const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A caller by name, for stories in which a number says nothing.
pub const MINJI: &str = "01012345678";
/// Another one.
pub const JUNHO: &str = "01023456789";
/// And one more.
pub const SEOYEON: &str = "01034567891";
