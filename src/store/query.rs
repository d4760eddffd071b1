//! Typed reads beside the writer: calls, their legs and events, tasks. Never writes.

use std::path::PathBuf;
use std::time::Duration;

use sqlx::sqlite::{SqlitePool, SqlitePoolOptions, SqliteRow};
use sqlx::{QueryBuilder, Row as _, Sqlite};

use super::database::reader_options;
use super::error::StoreError;
use super::row::{StoredCall, StoredEvent, StoredLeg, StoredTask, kind_of, role_of};
use crate::center::event::TaskKind;
use crate::model::{CallDirection, Codec, EndedBy, Outcome, PhoneNumber};

/// Reads records. Cheap to clone; its few connections open with the first question.
#[derive(Clone, Debug)]
pub struct Query {
    path: PathBuf,
    pool: SqlitePool,
}

/// Which calls to read; everything unset means all. The newest come first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallFilter {
    /// Received at or after, milliseconds since the Unix epoch.
    pub since_ms: Option<i64>,
    /// Received before, milliseconds since the Unix epoch.
    pub until_ms: Option<i64>,
    /// The caller's number, separators ignored.
    pub from: Option<String>,
    /// The dialled number, separators ignored.
    pub to: Option<String>,
    /// Name of the last queue.
    pub queue: Option<String>,
    /// Name of the last agent.
    pub agent: Option<String>,
    pub outcome: Option<Outcome>,
    /// At most this many, `CallFilter::LIMIT_DEFAULT` when unset, never above `CallFilter::LIMIT_MAX`.
    pub limit: Option<u32>,
}

impl CallFilter {
    /// Calls read when nobody says how many.
    pub const LIMIT_DEFAULT: u32 = 100;
    /// Calls read at most, so that a question cannot fill the memory: about 5 MB.
    pub const LIMIT_MAX: u32 = 10_000;
}

/// Which tasks to read; everything unset means all. The earliest due come first, those without a due time last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskFilter {
    pub kind: Option<TaskKind>,
    pub queue: Option<String>,
    /// Due before, milliseconds since the Unix epoch.
    pub due_before_ms: Option<i64>,
    /// At most this many, with the same default and maximum as for calls.
    pub limit: Option<u32>,
}

impl Query {
    pub(super) fn new(path: PathBuf) -> Query {
        // Without life or idle times the pool needs no runtime until it is asked something.
        let pool = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(ACQUIRE_PATIENCE)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_lazy_with(reader_options(&path));
        Query { path, pool }
    }

    /// Call records that match, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn calls(&self, filter: &CallFilter) -> Result<Vec<StoredCall>, StoreError> {
        let mut sql = QueryBuilder::<Sqlite>::new("SELECT * FROM calls WHERE true");
        if let Some(since) = filter.since_ms {
            sql.push(" AND received_ms >= ").push_bind(since);
        }
        if let Some(until) = filter.until_ms {
            sql.push(" AND received_ms < ").push_bind(until);
        }
        for (column, number) in [("from_number", &filter.from), ("to_number", &filter.to)] {
            if let Some(number) = number {
                sql.push(format_args!(" AND replace(replace({column}, '-', ''), ' ', '') = "));
                sql.push_bind(number.replace(['-', ' '], ""));
            }
        }
        for (column, name) in [("queue", &filter.queue), ("agent", &filter.agent)] {
            if let Some(name) = name {
                sql.push(format_args!(" AND {column} = ")).push_bind(name.clone());
            }
        }
        if let Some(outcome) = filter.outcome {
            sql.push(" AND outcome = ").push_bind(outcome.word());
        }
        sql.push(" ORDER BY received_ms DESC, run DESC, call DESC LIMIT ").push_bind(limit(filter.limit));
        self.read(sql, call).await
    }

    /// The legs of one call in the order of their beginning.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn legs(&self, run: i64, call: i64) -> Result<Vec<StoredLeg>, StoreError> {
        let mut sql = QueryBuilder::<Sqlite>::new("SELECT * FROM legs WHERE run = ");
        sql.push_bind(run).push(" AND call = ").push_bind(call);
        sql.push(" ORDER BY started_ms, leg LIMIT ").push_bind(limit(Some(CallFilter::LIMIT_MAX)));
        self.read(sql, leg).await
    }

    /// Everything that happened in one call, in order.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn events(&self, run: i64, call: i64) -> Result<Vec<StoredEvent>, StoreError> {
        let mut sql = QueryBuilder::<Sqlite>::new("SELECT * FROM events WHERE run = ");
        sql.push_bind(run).push(" AND call = ").push_bind(call);
        sql.push(" ORDER BY seq LIMIT ").push_bind(limit(Some(CallFilter::LIMIT_MAX)));
        self.read(sql, event).await
    }

    /// Tasks that match, the earliest due first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn tasks(&self, filter: &TaskFilter) -> Result<Vec<StoredTask>, StoreError> {
        let mut sql = QueryBuilder::<Sqlite>::new("SELECT * FROM tasks WHERE true");
        if let Some(kind) = filter.kind {
            sql.push(" AND kind = ").push_bind(kind.word());
        }
        if let Some(queue) = &filter.queue {
            sql.push(" AND queue = ").push_bind(queue.clone());
        }
        if let Some(due) = filter.due_before_ms {
            sql.push(" AND due_ms < ").push_bind(due);
        }
        sql.push(" ORDER BY due_ms IS NULL, due_ms, run, task LIMIT ").push_bind(limit(filter.limit));
        self.read(sql, task).await
    }

    /// Events in the log, and how many sequence numbers are missing between the first and the last of their runs:
    /// zero missing means that nothing was lost.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn log_size(&self) -> Result<(i64, i64), StoreError> {
        let (events, missing) = sqlx::query_as(
            "SELECT coalesce(sum(kept), 0), coalesce(sum(span - kept), 0) \
             FROM (SELECT count(*) AS kept, max(seq) - min(seq) + 1 AS span FROM events GROUP BY run)",
        )
        .fetch_one(&self.pool)
        .await
        .map_err(|error| StoreError::of(&self.path, &error))?;
        Ok((events, missing))
    }

    async fn read<T>(
        &self,
        mut sql: QueryBuilder<Sqlite>,
        of: fn(&SqliteRow) -> Result<T, sqlx::Error>,
    ) -> Result<Vec<T>, StoreError> {
        let rows = sql.build().fetch_all(&self.pool).await.map_err(|error| StoreError::of(&self.path, &error))?;
        rows.iter().map(of).collect::<Result<_, _>>().map_err(|error| StoreError::of(&self.path, &error))
    }
}

fn limit(asked: Option<u32>) -> i64 {
    asked.unwrap_or(CallFilter::LIMIT_DEFAULT).min(CallFilter::LIMIT_MAX).into()
}

fn call(row: &SqliteRow) -> Result<StoredCall, sqlx::Error> {
    let outcome = |word: &str| Outcome::ALL.into_iter().find(|outcome| outcome.word() == word);
    let direction: Option<&str> = row.try_get("direction")?;
    let ended_by = |word: &str| EndedBy::ALL.into_iter().find(|party| party.word() == word);
    Ok(StoredCall {
        run: row.try_get("run")?,
        call: row.try_get("call")?,
        from: PhoneNumber::new(row.try_get("from_number")?),
        to: PhoneNumber::new(row.try_get("to_number")?),
        direction: direction.and_then(|word| CallDirection::ALL.into_iter().find(|known| known.word() == word)),
        received_ms: row.try_get("received_ms")?,
        answered_ms: row.try_get("answered_ms")?,
        connected_ms: row.try_get("connected_ms")?,
        ended_ms: row.try_get("ended_ms")?,
        outcome: word(row, "outcome", outcome)?,
        ended_by: word(row, "ended_by", ended_by)?,
        status: row.try_get("status")?,
        flow: row.try_get("flow")?,
        flow_version: row.try_get("flow_version")?,
        path: row.try_get("path")?,
        queue: row.try_get("queue")?,
        agent: row.try_get("agent")?,
        waited_ms: row.try_get("waited_ms")?,
        talked_ms: row.try_get("talked_ms")?,
        held_ms: row.try_get("held_ms")?,
        transfers: row.try_get("transfers")?,
    })
}

fn leg(row: &SqliteRow) -> Result<StoredLeg, sqlx::Error> {
    let codec: Option<&str> = row.try_get("codec")?;
    Ok(StoredLeg {
        run: row.try_get("run")?,
        leg: row.try_get("leg")?,
        call: row.try_get("call")?,
        role: word(row, "role", role_of)?,
        party: PhoneNumber::new(row.try_get("party")?),
        agent: row.try_get("agent")?,
        started_ms: row.try_get("started_ms")?,
        ringing_ms: row.try_get("ringing_ms")?,
        answered_ms: row.try_get("answered_ms")?,
        ended_ms: row.try_get("ended_ms")?,
        status: row.try_get("status")?,
        codec: codec.and_then(|name| Codec::ALL.into_iter().find(|codec| codec.name() == name)),
        packets_received: row.try_get("packets_received")?,
        packets_sent: row.try_get("packets_sent")?,
        packets_lost: row.try_get("packets_lost")?,
        jitter_us: row.try_get("jitter_us")?,
    })
}

fn event(row: &SqliteRow) -> Result<StoredEvent, sqlx::Error> {
    let data: &str = row.try_get("data")?;
    Ok(StoredEvent {
        run: row.try_get("run")?,
        seq: row.try_get("seq")?,
        unix_ms: row.try_get("unix_ms")?,
        call: row.try_get("call")?,
        queue: row.try_get("queue")?,
        agent: row.try_get("agent")?,
        kind: row.try_get("type")?,
        data: serde_json::from_str(data)
            .map_err(|source| sqlx::Error::ColumnDecode { index: "data".into(), source: source.into() })?,
    })
}

fn task(row: &SqliteRow) -> Result<StoredTask, sqlx::Error> {
    Ok(StoredTask {
        run: row.try_get("run")?,
        task: row.try_get("task")?,
        call: row.try_get("call")?,
        kind: word(row, "kind", kind_of)?,
        number: PhoneNumber::new(row.try_get("number")?),
        queue: row.try_get("queue")?,
        created_ms: row.try_get("created_ms")?,
        due_ms: row.try_get("due_ms")?,
        recording: row.try_get("recording")?,
        note: row.try_get("note")?,
    })
}

/// A column whose text is one of an enum's words.
fn word<T>(row: &SqliteRow, column: &str, of: impl Fn(&str) -> Option<T>) -> Result<T, sqlx::Error> {
    let text: &str = row.try_get(column)?;
    of(text).ok_or_else(|| sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source: format!("{text:?} is no word of this program").into(),
    })
}

/// Readers at once: WAL lets them run beside the writer; four serve a page, a report and a command line.
const READERS: u32 = 4;

/// How long a question waits for a free reader.
const ACQUIRE_PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::center::event::{Event, EventKind};
    use crate::model::CallId;
    use crate::store::testing::{RUN, TempFolder, call_ended, event, leg_ended, names, record, task_created};
    use crate::store::{Settings, Store};

    /// A store that holds these events.
    fn store_with(folder: &TempFolder, events: Vec<Event>) -> Store {
        let store = Store::open(&folder.file("events.sqlite")).expect("a new file can be made");
        let writer = store.start_writer(names(), Settings::default()).expect("threads can be started");
        let sent = events.len() as u64;
        events.into_iter().for_each(|event| writer.sender().send(event));
        assert_eq!(writer.close().written, sent);
        store
    }

    fn calls(filters: &[(&str, CallFilter, Vec<i64>)], events: Vec<Event>) {
        let folder = TempFolder::new("query");
        let query = store_with(&folder, events).query();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        for (what, filter, expected) in filters {
            let found = runtime.block_on(query.calls(filter)).expect("readable");
            assert_eq!(found.iter().map(|call| call.call).collect::<Vec<_>>(), *expected, "{what}");
        }
    }

    fn ended(seq: u64, change: impl FnOnce(&mut crate::center::event::CallRecord)) -> Event {
        let mut record = record(seq);
        change(&mut record);
        let mut ended = event(seq, EventKind::CallEnded { record: Box::new(record) });
        ended.call = Some(CallId(seq));
        ended
    }

    #[test]
    fn calls_are_found_by_every_filter_newest_first() {
        let at = |call: i64| RUN + call * 60_000;
        let all = CallFilter::default();
        calls(
            &[
                ("all", all.clone(), vec![4, 3, 2, 1]),
                ("since", CallFilter { since_ms: Some(at(3)), ..all.clone() }, vec![4, 3]),
                ("until is open", CallFilter { until_ms: Some(at(3)), ..all.clone() }, vec![2, 1]),
                ("from", CallFilter { from: Some("02-2195-1177".into()), ..all.clone() }, vec![2]),
                ("to", CallFilter { to: Some("1400".into()), ..all.clone() }, vec![3]),
                ("queue", CallFilter { queue: Some("ems".into()), ..all.clone() }, vec![3]),
                ("agent", CallFilter { agent: Some("bada".into()), ..all.clone() }, vec![4]),
                ("outcome", CallFilter { outcome: Some(Outcome::Abandoned), ..all.clone() }, vec![1]),
                ("limit", CallFilter { limit: Some(1), ..all.clone() }, vec![4]),
                ("nothing matches", CallFilter { queue: Some("' OR 1=1 --".into()), ..all }, vec![]),
            ],
            vec![
                ended(1, |record| record.outcome = Outcome::Abandoned),
                ended(2, |record| record.from = PhoneNumber::new("0221951177")),
                ended(3, |record| {
                    record.to = PhoneNumber::new("1400");
                    record.queue = "ems".into();
                }),
                ended(4, |record| record.agent = "bada".into()),
            ],
        );
    }

    #[tokio::test]
    async fn what_was_written_comes_back_whole() {
        let folder = TempFolder::new("whole");
        let query = store_with(&folder, vec![call_ended(1, 7), leg_ended(2, 7, 9), task_created(3, 5)]).query();

        let call = &query.calls(&CallFilter::default()).await.expect("readable")[0];
        assert_eq!(
            (call.from.reveal(), call.outcome, call.ended_by),
            ("01012345678", Outcome::Answered, EndedBy::Caller)
        );
        assert_eq!((call.waited_ms, call.talked_ms, call.held_ms), (12_000, 180_000, 5_000));

        let leg = &query.legs(RUN, 7).await.expect("readable")[0];
        assert_eq!((leg.leg, leg.agent.as_deref(), leg.codec), (9, Some("haneul"), Some(Codec::Pcma)));

        let events = query.events(RUN, 7).await.expect("readable");
        assert_eq!(events.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(), ["call.ended", "leg.ended"]);
        assert_eq!(events[0].data["record"]["queue"], "domestic");

        let due =
            TaskFilter { kind: Some(TaskKind::Callback), queue: Some("domestic".into()), ..TaskFilter::default() };
        let tasks = query.tasks(&due).await.expect("readable");
        assert_eq!((tasks.len(), tasks[0].task, tasks[0].number.reveal()), (1, 5, "01012345678"));
        let overdue = TaskFilter { due_before_ms: Some(RUN), ..due };
        assert_eq!(query.tasks(&overdue).await.expect("readable"), []);
    }

    #[tokio::test]
    async fn a_gap_in_the_log_is_seen() {
        let folder = TempFolder::new("gap");
        let query = store_with(&folder, vec![call_ended(1, 1), call_ended(2, 2), call_ended(5, 5)]).query();
        assert_eq!(query.log_size().await.expect("readable"), (3, 2));
    }

    #[tokio::test]
    async fn a_database_that_went_away_is_an_error_with_its_path() {
        let folder = TempFolder::new("away");
        let path = folder.file("events.sqlite");
        let query = Store::open(&path).expect("a new file can be made").query();
        std::fs::remove_file(&path).expect("removable");
        let text = query.calls(&CallFilter::default()).await.expect_err("no file").to_string();
        assert!(text.contains("events.sqlite"), "{text}");
    }
}
