//! Floor 0: TOML text to values, every mistake collected with its place.
//! Never reads files, never stops at the first mistake. TOML 1.1.

mod diagnostic;
mod duration;
mod reader;
mod render;
mod similar;
mod tree;

pub use diagnostic::{Diagnostic, Lines, Severity, line_column, sort};
pub use duration::{parse_duration, write_duration};
pub use reader::{Array, Key, Spanned, Table, Value};
pub use render::{in_one_line, render, summary};
pub use similar::did_you_mean;
pub use tree::{Codes, Document};
