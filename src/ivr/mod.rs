//! The menus: what callers are asked, told and promised before a person speaks. It cannot dial.

pub mod check;
mod due;
mod edge;
pub mod flow;
pub mod graph;
mod holidays;
mod hours;
pub mod load;
#[cfg(test)]
mod mistakes;
mod node;
mod outside;
mod rehearsal;
mod session;
#[cfg(test)]
mod shipped;
pub mod speech;
mod spoken;
mod text;
pub mod tool;
pub mod transcript;
mod variable;
#[cfg(test)]
mod walks;

pub use due::due_at;
pub use edge::Edge;
pub use flow::{Due, Flow};
pub use holidays::HolidayTable;
pub use hours::{Hours, OpeningHours};
pub use outside::{CallFacts, Enqueue, FetchOutcome, Input, Output, QueueExit};
pub use rehearsal::{Happening, Rehearsal, Stubs};
pub use session::{Counts, Session};
pub use text::{clips, estimated_length, prompts};
pub use variable::{Value, Variables};
