//! The menus: what callers are asked, told and promised before a person speaks. It cannot dial.

pub mod flow;
mod holidays;
mod hours;
mod node;
mod outside;
mod session;
pub mod speech;
mod spoken;
mod text;
mod variable;

pub use flow::Flow;
pub use holidays::HolidayTable;
pub use hours::{Hours, OpeningHours};
pub use outside::{CallFacts, Enqueue, FetchOutcome, Input, Output, QueueExit};
pub use session::{Counts, Session};
pub use text::{clips, estimated_length, prompts};
pub use variable::{Value, Variables};
