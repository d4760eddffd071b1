//! What a center wants done. Small values; the shells carry them out and never decide.

use std::sync::Arc;
use std::time::Duration;

use super::admin::{AdminError, AdminReply};
use super::board::Board;
use super::event::Event;
use crate::model::{CallId, RecordId};
use crate::{media, sip};

/// One thing to do outside.
#[derive(Debug)]
pub enum Output {
    Sip(sip::Transmit),
    Media {
        worker: usize,
        command: media::Command,
    },
    /// HTTP GET for a flow; the answer comes back as `Input::Fetched`.
    Fetch {
        call: CallId,
        id: u64,
        url: String,
        timeout: Duration,
    },
    /// A text message for a flow; `Input::TextSent` follows.
    SendText {
        call: CallId,
        to: String,
        text: String,
    },
    /// A voice message begins: its samples will come from the media worker under this id.
    OpenRecording {
        record: RecordId,
        file: String,
    },
    Event(Event),
    Board(Arc<Board>),
    Reply {
        request: u64,
        result: Result<AdminReply, AdminError>,
    },
}
