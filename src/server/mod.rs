//! Floor 5: the running server: threads, clocks, signals, start and stop.

mod assemble;
mod banner;
mod clock;
pub mod commands;
mod control;
mod demo;
mod errands;
mod error;
mod flows;
mod frame;
mod journal;
mod logging;
mod reload;
mod run;
#[expect(clippy::module_inception, reason = "the room's door carries the room's name")]
mod server;
mod sums;
mod surroundings;

pub use assemble::settings;
pub use clock::Clock;
pub use control::{Control, Outlets, Switchboard};
pub use demo::DemoOptions;
pub use error::ServerError;
pub use flows::{CheckedFlow, CheckedFlows};
pub use run::{Options, run};
pub use server::Server;
pub use surroundings::Surroundings;
