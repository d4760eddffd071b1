//! The one thread that writes: takes events from a bounded queue, a batch and a transaction at a time, and survives
//! a database that is busy, away or full by retrying, then spooling. It never makes the sender wait, and an event
//! that it cannot keep is counted and said, never dropped in silence.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::error::StoreError;
use super::names::Names;
use super::writing::{Ending, Writing};
use crate::center::event::Event;

/// The writer's handle. Dropping it flushes like `close`, without telling how it went.
#[derive(Debug)]
pub struct Writer {
    sender: EventSender,
    ending: Option<oneshot::Sender<Ending>>,
    thread: Option<JoinHandle<()>>,
}

/// Hands events to the writer. Cheap to clone; sending never blocks.
#[derive(Clone, Debug)]
pub struct EventSender {
    queue: mpsc::Sender<Event>,
    counts: Arc<Counts>,
}

/// Sizes and patience of the writer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Events that may wait for the writer; half of it triggers the spool when the database is away.
    pub queue_max: usize,
    /// Rows of one transaction.
    pub batch_max: usize,
    /// The longest an event waits for company.
    pub flush_every: Duration,
    /// How long SQLite itself waits for another program's lock before we back off.
    pub busy_timeout: Duration,
    /// First wait after a failure; doubles up to `retry_max`.
    pub retry_min: Duration,
    pub retry_max: Duration,
    /// A failure that lasts this long sends events to the spool file.
    pub spool_after: Duration,
    /// The spool file's largest size in bytes; beyond it events are lost and counted.
    pub spool_bytes_max: u64,
    /// How long `close` keeps trying the database before it leaves the rest to the spool.
    pub close_patience: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            // 500 calls of about 40 events each, once over, at about 200 bytes: 6 MB.
            queue_max: 32_768,
            batch_max: 200,
            flush_every: Duration::from_millis(100),
            busy_timeout: Duration::from_millis(250),
            retry_min: Duration::from_millis(50),
            retry_max: Duration::from_secs(5),
            spool_after: Duration::from_secs(1),
            // Two days of a large centre: 38,000 calls a day of about 40 events of about 300 bytes.
            spool_bytes_max: 1 << 30,
            close_patience: Duration::from_secs(2),
        }
    }
}

/// How the writer is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Events handed over since the start.
    pub sent: u64,
    /// Rows in the database since the start, replayed ones included.
    pub written: u64,
    /// Rows that went to the spool file since the start.
    pub spooled: u64,
    /// Rows that no database would take, set aside in the file `.rejected.jsonl`.
    pub rejected: u64,
    /// Events that could not be kept anywhere.
    pub lost: u64,
    /// Whether the last write succeeded.
    pub healthy: bool,
    /// When the oldest event happened that is not in the database yet, milliseconds since the Unix epoch.
    pub oldest_unsaved_ms: Option<i64>,
}

impl Status {
    /// How far the database is behind, as the age of the oldest event it lacks.
    #[must_use]
    pub fn lag(&self, now_unix_ms: i64) -> Duration {
        let age = self.oldest_unsaved_ms.map_or(0, |oldest| now_unix_ms.saturating_sub(oldest));
        Duration::from_millis(u64::try_from(age).unwrap_or(0))
    }
}

/// The status as the two sides share it.
#[derive(Debug, Default)]
pub(super) struct Counts {
    sent: AtomicU64,
    pub(super) written: AtomicU64,
    pub(super) spooled: AtomicU64,
    pub(super) rejected: AtomicU64,
    pub(super) lost: AtomicU64,
    pub(super) unhealthy: AtomicBool,
    /// Zero when everything is saved.
    pub(super) oldest_unsaved_ms: AtomicI64,
}

impl EventSender {
    /// Hands over one event. When the queue is full the event is lost, and counted; the call goes on.
    pub fn send(&self, event: Event) {
        self.counts.sent.fetch_add(1, Ordering::Relaxed);
        if self.queue.try_send(event).is_err() {
            self.counts.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How the writer is doing.
    #[must_use]
    pub fn status(&self) -> Status {
        let counts = &self.counts;
        let oldest = counts.oldest_unsaved_ms.load(Ordering::Relaxed);
        Status {
            sent: counts.sent.load(Ordering::Relaxed),
            written: counts.written.load(Ordering::Relaxed),
            spooled: counts.spooled.load(Ordering::Relaxed),
            rejected: counts.rejected.load(Ordering::Relaxed),
            lost: counts.lost.load(Ordering::Relaxed),
            healthy: !counts.unhealthy.load(Ordering::Relaxed),
            oldest_unsaved_ms: (oldest != 0).then_some(oldest),
        }
    }
}

impl Writer {
    pub(super) fn start(path: PathBuf, names: Names, settings: Settings) -> Result<Writer, StoreError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(StoreError::Thread)?;
        let (queue, events) = mpsc::channel(settings.queue_max.max(1));
        let (ending, ended) = oneshot::channel();
        let counts = Arc::new(Counts::default());
        let writing = Writing::new(path, names, settings, events, ended, Arc::clone(&counts));
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || runtime.block_on(writing.run()))
            .map_err(StoreError::Thread)?;
        Ok(Writer { sender: EventSender { queue, counts }, ending: Some(ending), thread: Some(thread) })
    }

    /// Where events are handed over.
    #[must_use]
    pub fn sender(&self) -> EventSender {
        self.sender.clone()
    }

    /// Saves everything that was sent, in the database or, when it stays away, in the spool; then stops.
    /// Events sent afterwards are lost and counted.
    pub fn close(mut self) -> Status {
        self.end(Ending::Flush);
        self.sender.status()
    }

    /// Stops as a crash would: what has not reached a disk is gone.
    #[cfg(test)]
    pub(crate) fn kill(mut self) -> Status {
        self.end(Ending::Kill);
        self.sender.status()
    }

    fn end(&mut self, how: Ending) {
        if let Some(ending) = self.ending.take() {
            // The thread may have ended by itself; joining it is all that is left then.
            let _ = ending.send(how);
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's writer panicked: events since its last batch are lost");
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.end(Ending::Flush);
    }
}
