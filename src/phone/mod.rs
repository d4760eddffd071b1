//! Floor 3: a telephone on the same SIP core and the same media worker: for the demo, for load, and for the tests.
//! The bank of phones is pure; only the shells that carry its words touch a socket.

mod bank;
mod demo;
mod plan;

pub use bank::{Bank, BankSettings, Input, Line, Output, PhoneId};
pub use demo::{Demo, DemoSettings, Tally};
pub use plan::{Arrival, Ending, Plan, Talk};
