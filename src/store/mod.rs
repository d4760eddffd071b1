//! Floor 3: the shell that remembers. The event log and the records projected from it, in SQLite.
//! The only room with SQL; it decides nothing about calls and never stands in the way of one.

mod batch;
mod csv;
mod database;
mod error;
mod flow_files;
mod names;
mod prompts;
mod query;
mod recordings;
mod row;
mod spool;
mod view;
mod when;
mod writer;
mod writing;

#[cfg(test)]
pub(crate) mod testing;

pub use csv::{Field as CsvField, row as csv_row};
pub use database::Store;
pub use error::StoreError;
pub use flow_files::{FlowFile, FlowFileError, flow_files};
pub use names::Names;
pub use prompts::{PromptError, load as load_prompts};
pub use query::{CallFilter, Query, TaskFilter};
pub use recordings::{GiveBack, RecordingInput, RecordingSender, Recordings};
pub use row::{StoredCall, StoredEvent, StoredLeg, StoredTask};
pub use view::{ShownCall, ShownLeg, View};
pub use when::parse_when;
pub use writer::{EventSender, Settings, Status, Writer};
