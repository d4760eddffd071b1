//! What the writer's thread does all day. Two states: the database takes batches, or there is an outage.
//!
//! ```text
//!             a batch fails                       spool_after, or half the queue is full
//!   Writing ----------------> Outage, waiting ---------------------------------------> Outage, spooling
//!      ^                         |  retry with back-off                                   |  retry with back-off
//!      +-------------------------+--------------------- database back: spool replayed ----+
//! ```
//!
//! Never touches a call; nothing waits for it.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;
use tokio::sync::{mpsc, oneshot};

use super::batch;
use super::database::{connect, create_file, create_folder, prepare};
use super::error::{StoreError, is_rows_fault};
use super::names::Names;
use super::row::Row;
use super::spool::Spool;
use super::writer::{Counts, Settings};
use crate::center::event::Event;

/// How the thread is asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Save everything first.
    Flush,
    /// At once, as a crash would.
    #[cfg(test)]
    Kill,
}

/// The thread's state.
pub(super) struct Writing {
    path: PathBuf,
    names: Names,
    settings: Settings,
    events: mpsc::Receiver<Event>,
    ended: oneshot::Receiver<Ending>,
    counts: Arc<Counts>,
    connection: Option<SqliteConnection>,
    /// Which file the connection is on: a deleted file would swallow rows without an error.
    identity: Option<(u64, u64)>,
    /// Rows taken from the queue and not on any disk yet.
    pending: VecDeque<Row>,
    spool: Spool,
    outage: Option<Outage>,
    lost_said: u64,
}

/// The database takes nothing at the moment.
struct Outage {
    since: Instant,
    next_try: Instant,
    wait: Duration,
    /// Rows went to the spool, and this was said.
    spooling: bool,
    /// The spool failed too, and this was said.
    spool_failing: bool,
}

impl Outage {
    fn new(now: Instant, settings: &Settings) -> Outage {
        let wait = settings.retry_min;
        Outage { since: now, next_try: now + wait, wait, spooling: false, spool_failing: false }
    }
}

impl Writing {
    pub(super) fn new(
        path: PathBuf,
        names: Names,
        settings: Settings,
        events: mpsc::Receiver<Event>,
        ended: oneshot::Receiver<Ending>,
        counts: Arc<Counts>,
    ) -> Writing {
        let spool = Spool::beside(&path, settings.spool_bytes_max);
        Writing {
            path,
            names,
            settings,
            events,
            ended,
            counts,
            connection: None,
            identity: None,
            pending: VecDeque::new(),
            spool,
            outage: None,
            lost_said: 0,
        }
    }

    /// Until the handle closes or is dropped.
    pub(super) async fn run(mut self) {
        if !self.spool.is_empty() {
            tracing::warn!(spool = %self.spool.path().display(), "replaying what the last run left in the spool");
            self.try_to_catch_up().await;
        }
        loop {
            let ending = match self.outage {
                None => self.write_next().await,
                Some(_) => self.sit_out().await,
            };
            self.say_losses();
            match ending {
                None => {}
                #[cfg(test)]
                Some(Ending::Kill) => return,
                Some(Ending::Flush) => return self.finish().await,
            }
        }
    }

    /// One batch: waits for a first event, gathers company for it, writes.
    async fn write_next(&mut self) -> Option<Ending> {
        let mut batch = Vec::with_capacity(self.settings.batch_max);
        tokio::select! {
            biased;
            ending = &mut self.ended => return Some(ending.unwrap_or(Ending::Flush)),
            _ = self.events.recv_many(&mut batch, self.settings.batch_max) => {}
        }
        let flush_at = tokio::time::Instant::now() + self.settings.flush_every;
        while batch.len() < self.settings.batch_max && self.ended.is_empty() {
            let room = self.settings.batch_max - batch.len();
            match tokio::time::timeout_at(flush_at, self.events.recv_many(&mut batch, room)).await {
                Ok(more) if more > 0 => {}
                _ => break,
            }
        }
        self.take(batch);
        if let Err(error) = self.write_pending().await {
            self.begin_outage(&error);
        }
        None
    }

    /// One tick of an outage: spool when it is time, try the database when it is time.
    async fn sit_out(&mut self) -> Option<Ending> {
        let tick = self.settings.flush_every.min(self.settings.retry_min);
        tokio::select! {
            biased;
            ending = &mut self.ended => return Some(ending.unwrap_or(Ending::Flush)),
            () = tokio::time::sleep(tick) => {}
        }
        let now = Instant::now();
        let crowded = self.events.len() * 2 >= self.settings.queue_max;
        if self.outage.as_ref().is_some_and(|outage| {
            outage.spooling || crowded || now.duration_since(outage.since) >= self.settings.spool_after
        }) {
            self.spool_everything();
        }
        if self.outage.as_ref().is_some_and(|outage| now >= outage.next_try) {
            self.try_to_catch_up().await;
        }
        None
    }

    /// Saves everything that was sent: in the database if it answers within `close_patience`, else in the spool.
    async fn finish(mut self) {
        self.events.close();
        let deadline = Instant::now() + self.settings.close_patience;
        loop {
            if self.pending.is_empty() {
                let mut batch = Vec::with_capacity(self.settings.batch_max);
                if self.events.recv_many(&mut batch, self.settings.batch_max).await == 0 && self.spool.is_empty() {
                    break;
                }
                self.take(batch);
            }
            let done = match self.write_pending().await {
                Ok(()) => self.replay().await,
                failed => failed,
            };
            if let Err(error) = done {
                if Instant::now() >= deadline {
                    tracing::error!(%error, "closing without the database; the rest goes to the spool");
                    self.outage = Some(Outage::new(Instant::now(), &self.settings));
                    self.spool_everything();
                    self.count_what_no_disk_took();
                    break;
                }
                tokio::time::sleep(self.settings.retry_min).await;
            }
        }
        self.say_losses();
        if let Some(connection) = self.connection.take() {
            // Closing moves the WAL into the file; whatever stays in the WAL is read by the next one to open it.
            let _ = connection.close().await;
        }
    }

    fn take(&mut self, batch: Vec<Event>) {
        if self.pending.is_empty()
            && self.outage.is_none()
            && let Some(first) = batch.first()
        {
            self.counts.oldest_unsaved_ms.store(first.unix_ms, Ordering::Relaxed);
        }
        self.pending.extend(batch.iter().map(|event| Row::of(event, &self.names)));
    }

    /// Writes all pending rows. On an error those not yet in the database stay pending.
    async fn write_pending(&mut self) -> Result<(), StoreError> {
        let rows: Vec<Row> = self.pending.drain(..).collect();
        let written = self.write(&rows).await;
        match written {
            Ok(()) => {
                if self.outage.is_none() {
                    self.counts.oldest_unsaved_ms.store(0, Ordering::Relaxed);
                }
                Ok(())
            }
            Err((error, left)) => {
                self.pending.extend(left);
                Err(error)
            }
        }
    }

    /// Writes `rows`; on an error also returns those that are not in the database.
    async fn write(&mut self, rows: &[Row]) -> Result<(), (StoreError, Vec<Row>)> {
        if rows.is_empty() {
            return Ok(());
        }
        let connection = match self.connected().await {
            Ok(connection) => connection,
            Err(error) => return Err((error, rows.to_vec())),
        };
        match batch::write(connection, rows).await {
            Ok(()) => {
                self.counts.written.fetch_add(rows.len() as u64, Ordering::Relaxed);
                Ok(())
            }
            Err(error) if is_rows_fault(&error) && rows.len() > 1 => {
                // One row spoils the batch: halving finds it in few transactions and saves all the others.
                let (first, second) = rows.split_at(rows.len() / 2);
                if let Err((error, mut left)) = Box::pin(self.write(first)).await {
                    left.extend_from_slice(second);
                    return Err((error, left));
                }
                Box::pin(self.write(second)).await
            }
            Err(error) if is_rows_fault(&error) => {
                for row in rows {
                    self.reject(row, &error);
                }
                Ok(())
            }
            Err(error) => {
                self.connection = None;
                Err((StoreError::of(&self.path, &error), rows.to_vec()))
            }
        }
    }

    fn reject(&mut self, row: &Row, error: &sqlx::Error) {
        let kept = self.spool.reject(row);
        let counter = if kept.is_ok() { &self.counts.rejected } else { &self.counts.lost };
        counter.fetch_add(1, Ordering::Relaxed);
        tracing::error!(seq = row.event.seq, kind = row.event.kind, %error, kept = kept.is_ok(), "the database refuses an event");
    }

    /// The connection, on the file that is there now: made again with its tables when somebody removed it.
    async fn connected(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        let there = identity_of(&self.path);
        if self.identity != there {
            self.connection = None;
        }
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                if there.is_none() {
                    tracing::warn!(database = %self.path.display(), "the database file is gone; making a new one");
                    create_folder(&self.path)?;
                    create_file(&self.path)?;
                }
                if self.identity != there || there.is_none() {
                    prepare(&self.path, self.settings.busy_timeout).await?;
                }
                let connection = connect(&self.path, self.settings.busy_timeout).await?;
                self.identity = identity_of(&self.path);
                connection
            }
        };
        Ok(self.connection.insert(connection))
    }

    fn begin_outage(&mut self, error: &StoreError) {
        tracing::warn!(%error, "the database takes no events; retrying");
        self.counts.unhealthy.store(true, Ordering::Relaxed);
        self.outage = Some(Outage::new(Instant::now(), &self.settings));
    }

    /// Moves pending rows and the queue to the spool. What the spool refuses stays pending, and the queue fills.
    fn spool_everything(&mut self) {
        loop {
            let rows = self.pending.make_contiguous();
            if !rows.is_empty() {
                let count = rows.len() as u64;
                if let Err(error) = self.spool.append(rows) {
                    self.say_spool(Some(&error));
                    return;
                }
                self.say_spool(None);
                self.counts.spooled.fetch_add(count, Ordering::Relaxed);
                self.pending.clear();
            }
            while self.pending.len() < self.settings.batch_max
                && let Ok(event) = self.events.try_recv()
            {
                self.pending.push_back(Row::of(&event, &self.names));
            }
            if self.pending.is_empty() {
                return;
            }
        }
    }

    /// Tells once per outage that the spool is in use, and once that it fails.
    fn say_spool(&mut self, error: Option<&std::io::Error>) {
        let Some(outage) = &mut self.outage else { return };
        let spool = self.spool.path().display();
        match error {
            Some(error) if !outage.spool_failing => {
                tracing::error!(%error, %spool, "neither the database nor the spool takes events");
                outage.spool_failing = true;
            }
            None if !outage.spooling => {
                tracing::warn!(%spool, "the database stays away; events go to the spool");
                outage.spooling = true;
            }
            _ => {}
        }
    }

    /// Tries to write what is pending and to replay the spool: the outage ends, or the next wait is longer.
    async fn try_to_catch_up(&mut self) {
        let caught_up = match self.write_pending().await {
            Ok(()) => self.replay().await,
            failed => failed,
        };
        let now = Instant::now();
        match caught_up {
            Ok(()) => {
                if let Some(outage) = self.outage.take() {
                    tracing::info!(after = ?now.duration_since(outage.since), "the database takes events again");
                }
                self.counts.unhealthy.store(false, Ordering::Relaxed);
                self.counts.oldest_unsaved_ms.store(0, Ordering::Relaxed);
            }
            Err(error) => match &mut self.outage {
                None => self.begin_outage(&error),
                Some(outage) => {
                    outage.wait = (outage.wait * 2).min(self.settings.retry_max);
                    outage.next_try = now + outage.wait;
                }
            },
        }
    }

    /// Brings every row of the spool into the database, then forgets the spool.
    async fn replay(&mut self) -> Result<(), StoreError> {
        if self.spool.is_empty() {
            return Ok(());
        }
        self.spool.rewind();
        let (mut replayed, mut torn) = (0, 0);
        loop {
            let (rows, unreadable) =
                self.spool.read(self.settings.batch_max).map_err(|error| self.spool_error(&error))?;
            torn += unreadable;
            if rows.is_empty() && unreadable == 0 {
                break;
            }
            self.write(&rows).await.map_err(|(error, _)| error)?;
            replayed += rows.len();
            if self.events.len() * 2 >= self.settings.queue_max {
                self.spool_everything();
            }
        }
        if torn > 0 {
            self.counts.lost.fetch_add(torn as u64, Ordering::Relaxed);
            tracing::error!(torn, "lines of the spool were torn by a crash");
        }
        tracing::info!(replayed, "the spool is in the database");
        self.spool.clear().map_err(|error| self.spool_error(&error))
    }

    fn spool_error(&self, error: &std::io::Error) -> StoreError {
        StoreError::CannotOpen { path: self.spool.path().to_owned(), reason: error.to_string() }
    }

    /// At the very end: whatever is still in memory is lost, and said.
    fn count_what_no_disk_took(&mut self) {
        let mut lost = self.pending.len() as u64;
        self.pending.clear();
        while self.events.try_recv().is_ok() {
            lost += 1;
        }
        self.counts.lost.fetch_add(lost, Ordering::Relaxed);
    }

    fn say_losses(&mut self) {
        let lost = self.counts.lost.load(Ordering::Relaxed);
        if lost > self.lost_said {
            tracing::error!(
                now = lost - self.lost_said,
                since_start = lost,
                "events were lost: nothing could keep them"
            );
            self.lost_said = lost;
        }
    }
}

/// Device and inode of the file, none when there is no file.
fn identity_of(path: &std::path::Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{TempFolder, call_ended, names};
    use crate::store::{EventSender, Settings, Store, Writer};
    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{ConnectOptions, Connection};

    /// Small and impatient, so that a test takes milliseconds.
    fn impatient() -> Settings {
        Settings {
            flush_every: Duration::from_millis(2),
            busy_timeout: Duration::from_millis(1),
            retry_min: Duration::from_millis(2),
            retry_max: Duration::from_millis(20),
            spool_after: Duration::from_millis(20),
            close_patience: Duration::from_millis(50),
            ..Settings::default()
        }
    }

    fn open(folder: &TempFolder) -> Store {
        Store::open(&folder.file("events.sqlite")).expect("a new file can be made")
    }

    fn start(store: &Store, settings: Settings) -> Writer {
        store.start_writer(names(), settings).expect("threads can be started")
    }

    fn send(sender: &EventSender, range: std::ops::RangeInclusive<u64>) {
        range.for_each(|seq| sender.send(call_ended(seq, seq)));
    }

    /// Waits, at most ten seconds, for the other thread to get there.
    async fn until(what: &str, mut reached: impl FnMut() -> bool) {
        for _ in 0..5_000 {
            if reached() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        panic!("never: {what}");
    }

    /// Another program that holds the database for itself until it is closed.
    async fn lock(store: &Store) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(store.path()).busy_timeout(Duration::from_secs(5));
        let mut connection = options.connect().await.expect("the file can be opened");
        sqlx::query("BEGIN EXCLUSIVE").execute(&mut connection).await.expect("nobody else holds it for long");
        connection
    }

    async fn unlock(mut connection: SqliteConnection) {
        sqlx::query("ROLLBACK").execute(&mut connection).await.expect("the lock is ours");
        connection.close().await.expect("closing works");
    }

    fn spool_bytes(folder: &TempFolder) -> u64 {
        std::fs::metadata(folder.file("events.sqlite.spool.jsonl")).map_or(0, |file| file.len())
    }

    #[tokio::test]
    async fn closing_saves_everything_that_was_sent() {
        let folder = TempFolder::new("close");
        let store = open(&folder);
        let writer = start(&store, Settings::default());
        send(&writer.sender(), 1..=1_000);
        let status = writer.close();
        assert_eq!((status.sent, status.written, status.lost), (1_000, 1_000, 0));
        assert_eq!(status.oldest_unsaved_ms, None);
        assert_eq!(store.query().log_size().await.expect("readable"), (1_000, 0));
    }

    #[tokio::test]
    async fn dropping_the_writer_saves_too_and_sending_afterwards_is_counted() {
        let folder = TempFolder::new("drop");
        let store = open(&folder);
        let writer = start(&store, Settings::default());
        let sender = writer.sender();
        send(&sender, 1..=10);
        drop(writer);
        send(&sender, 11..=12);
        assert_eq!(store.query().log_size().await.expect("readable"), (10, 0));
        assert_eq!(sender.status().lost, 2);
    }

    #[tokio::test]
    async fn the_same_event_twice_is_one_row() {
        let folder = TempFolder::new("twice");
        let store = open(&folder);
        for _ in 0..2 {
            let writer = start(&store, impatient());
            send(&writer.sender(), 1..=5);
            assert_eq!(writer.close().lost, 0);
        }
        assert_eq!(store.query().log_size().await.expect("readable"), (5, 0));
        let calls = store.query().calls(&crate::store::CallFilter::default()).await.expect("readable");
        assert_eq!(calls.len(), 5);
    }

    #[tokio::test]
    async fn a_short_lock_delays_and_loses_nothing() {
        let folder = TempFolder::new("busy");
        let store = open(&folder);
        let writer = start(&store, Settings { spool_after: Duration::from_secs(60), ..impatient() });
        let other = lock(&store).await;
        send(&writer.sender(), 1..=50);
        let sender = writer.sender();
        until("the writer notices the lock", || !sender.status().healthy).await;
        assert!(sender.status().oldest_unsaved_ms.is_some());
        unlock(other).await;
        until("the rows arrive", || sender.status().written == 50).await;
        until("health returns", || sender.status().healthy).await;
        let status = writer.close();
        assert_eq!((status.spooled, status.lost), (0, 0));
        assert_eq!(store.query().log_size().await.expect("readable"), (50, 0));
    }

    #[tokio::test]
    async fn a_long_lock_sends_events_to_the_spool_and_back() {
        let folder = TempFolder::new("spooling");
        let store = open(&folder);
        let writer = start(&store, impatient());
        let other = lock(&store).await;
        let sender = writer.sender();
        send(&sender, 1..=300);
        until("all are in the spool", || sender.status().spooled == 300).await;
        assert!(spool_bytes(&folder) > 0);
        unlock(other).await;
        until("the spool is replayed", || sender.status().healthy).await;
        send(&sender, 301..=310);
        let status = writer.close();
        assert_eq!(status.lost, 0);
        assert_eq!(store.query().log_size().await.expect("readable"), (310, 0));
        assert_eq!(spool_bytes(&folder), 0, "the spool is empty again");
    }

    #[tokio::test]
    async fn a_crash_after_the_spool_loses_nothing() {
        let folder = TempFolder::new("crash");
        let store = open(&folder);
        let writer = start(&store, impatient());
        let other = lock(&store).await;
        let sender = writer.sender();
        send(&sender, 1..=40);
        until("all are in the spool", || sender.status().spooled == 40).await;
        assert_eq!(writer.kill().written, 0);
        unlock(other).await;

        let writer = start(&store, impatient());
        let sender = writer.sender();
        until("the next life replays", || sender.status().written == 40).await;
        assert_eq!(writer.close().lost, 0);
        assert_eq!(store.query().log_size().await.expect("readable"), (40, 0));
        assert_eq!(spool_bytes(&folder), 0);
    }

    #[tokio::test]
    async fn closing_under_a_lock_leaves_the_rest_to_the_spool() {
        let folder = TempFolder::new("closelocked");
        let store = open(&folder);
        let writer = start(&store, Settings { spool_after: Duration::from_secs(60), ..impatient() });
        let other = lock(&store).await;
        send(&writer.sender(), 1..=500);
        let status = writer.close();
        assert_eq!((status.written, status.spooled, status.lost), (0, 500, 0));
        unlock(other).await;
        start(&store, impatient()).close();
        assert_eq!(store.query().log_size().await.expect("readable"), (500, 0));
    }

    #[tokio::test]
    async fn a_full_queue_without_any_disk_counts_what_it_loses() {
        let folder = TempFolder::new("lost");
        let store = open(&folder);
        let settings = Settings { queue_max: 100, batch_max: 10, spool_bytes_max: 0, ..impatient() };
        let writer = start(&store, settings);
        let other = lock(&store).await;
        let sender = writer.sender();
        send(&sender, 1..=1);
        until("the writer notices the lock", || !sender.status().healthy).await;
        send(&sender, 2..=301);
        let lost = sender.status().lost;
        assert!((190..=200).contains(&lost), "100 wait in the queue, at most 10 more in hand: {lost}");
        unlock(other).await;
        until("health returns", || sender.status().healthy).await;
        let status = writer.close();
        assert_eq!(status.written + status.lost, 301, "every event is either kept or counted");
        assert_eq!(store.query().log_size().await.expect("readable").0 as u64, status.written);
    }

    #[tokio::test]
    async fn half_a_full_queue_is_spooled_before_its_time() {
        let folder = TempFolder::new("crowded");
        let store = open(&folder);
        let settings = Settings { queue_max: 100, spool_after: Duration::from_secs(60), ..impatient() };
        let writer = start(&store, settings);
        let other = lock(&store).await;
        let sender = writer.sender();
        send(&sender, 1..=1);
        until("the writer notices the lock", || !sender.status().healthy).await;
        send(&sender, 2..=80);
        until("the queue is emptied into the spool", || sender.status().spooled == 80).await;
        unlock(other).await;
        assert_eq!(writer.close().lost, 0);
        assert_eq!(store.query().log_size().await.expect("readable"), (80, 0));
    }

    #[tokio::test]
    async fn a_database_file_that_was_removed_is_made_again() {
        let folder = TempFolder::new("removed");
        let store = open(&folder);
        let writer = start(&store, impatient());
        let sender = writer.sender();
        send(&sender, 1..=3);
        until("the first rows arrive", || sender.status().written == 3).await;
        for ending in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(folder.file(&format!("events.sqlite{ending}")));
        }
        send(&sender, 4..=9);
        let status = writer.close();
        assert_eq!((status.written, status.lost), (9, 0));
        assert_eq!(store.query().log_size().await.expect("readable"), (6, 0));
    }

    #[tokio::test]
    async fn one_poisoned_row_is_set_aside_and_spoils_no_other() {
        let folder = TempFolder::new("poison");
        let store = open(&folder);
        let mut connection = connect(store.path(), Duration::from_secs(1)).await.expect("the file can be opened");
        sqlx::query(
            "CREATE TRIGGER poison BEFORE INSERT ON events WHEN NEW.seq = 13 BEGIN SELECT RAISE(ABORT, 'no'); END",
        )
        .execute(&mut connection)
        .await
        .expect("the trigger is right");
        let writer = start(&store, impatient());
        send(&writer.sender(), 1..=40);
        let status = writer.close();
        assert_eq!((status.written, status.rejected, status.lost), (39, 1, 0));
        assert_eq!(store.query().log_size().await.expect("readable"), (39, 1));
        let kept = std::fs::read_to_string(folder.file("events.sqlite.rejected.jsonl")).expect("readable");
        assert!(kept.contains("\"seq\":13"), "{kept}");
    }
}
