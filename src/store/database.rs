//! The database file: found or made, recognised as ours, brought up to date. Never reads or writes a record.
//! WAL with one writer and many readers, https://www.sqlite.org/wal.html.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::fs::Access;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqlSafeStr};

use super::error::StoreError;
use super::names::Names;
use super::query::Query;
use super::writer::{Settings, Writer};

/// A database file that is ours and up to date. Holds nothing open: writer and readers connect by themselves.
#[derive(Clone, Debug)]
pub struct Store {
    path: PathBuf,
    /// Removed with everything in it when the last clone is dropped.
    _temporary: Option<Arc<TemporaryFolder>>,
}

#[derive(Debug)]
struct TemporaryFolder(PathBuf);

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(folder = %self.0.display(), %error, "the temporary folder stays behind");
        }
    }
}

impl Store {
    /// The database's file in a data folder.
    pub const FILE_NAME: &str = "thirdring.sqlite";

    /// Opens the database at `path`, with its folder and file created where missing and its tables brought up to date.
    /// May be called inside or outside of an async runtime; it blocks for milliseconds.
    ///
    /// # Errors
    /// When the folder cannot be made, the file is not ours, newer than this program, locked, read-only or damaged:
    /// the message names the path and what to do.
    pub fn open(path: &Path) -> Result<Store, StoreError> {
        create_folder(path)?;
        create_file(path)?;
        recognise_header(path)?;
        let prepared = path.to_owned();
        on_a_thread(move || async move { prepare(&prepared, OPEN_PATIENCE).await })??;
        Ok(Store { path: path.to_owned(), _temporary: None })
    }

    /// Whether `open` can be expected to succeed; changes nothing.
    ///
    /// # Errors
    /// As `open`.
    pub fn would_open(path: &Path) -> Result<(), StoreError> {
        let writable = |path: &Path| rustix::fs::access(path, Access::WRITE_OK).is_ok();
        // What is not there will be made in the nearest folder that is.
        let Some(nearest) = path.ancestors().find(|path| path.as_os_str().is_empty() || path.exists()) else {
            return Ok(());
        };
        let nearest = if nearest.as_os_str().is_empty() { Path::new(".") } else { nearest };
        if nearest != path {
            let source = match nearest.is_dir() {
                true if writable(nearest) => return Ok(()),
                true => io::ErrorKind::PermissionDenied.into(),
                false => io::ErrorKind::NotADirectory.into(),
            };
            return Err(StoreError::Folder { path: path.parent().unwrap_or(path).to_owned(), source });
        }
        recognise_header(path)?;
        let looked_at = path.to_owned();
        on_a_thread(move || async move { inspect(&looked_at, OPEN_PATIENCE).await })??;
        let folder_too = path.parent().is_none_or(|folder| folder.as_os_str().is_empty() || writable(folder));
        if writable(path) && folder_too { Ok(()) } else { Err(StoreError::ReadOnly { path: path.to_owned() }) }
    }

    /// A database for this run only, in a folder of its own that goes when the last clone of the store is dropped;
    /// keep one until the writer is closed. On Linux the folder lies in memory where there is a `/dev/shm`.
    ///
    /// # Errors
    /// As `open`.
    pub fn temporary() -> Result<Store, StoreError> {
        let memory = Path::new("/dev/shm");
        let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let unique = format!("thirdring-{}-{}", std::process::id(), TEMPORARIES.fetch_add(1, Ordering::Relaxed));
        let folder = TemporaryFolder(base.join(unique));
        // A folder left by a crashed process of the same number is nobody's any more.
        let _ = fs::remove_dir_all(&folder.0);
        let store = Store::open(&folder.0.join(Store::FILE_NAME))?;
        Ok(Store { _temporary: Some(Arc::new(folder)), ..store })
    }

    /// Opens a database only to read it: creates nothing, changes nothing.
    ///
    /// # Errors
    /// As `open`, and when there is no file yet or its tables are older than this program.
    pub fn open_existing(path: &Path) -> Result<Store, StoreError> {
        if !path.exists() {
            return Err(StoreError::Missing { path: path.to_owned() });
        }
        recognise_header(path)?;
        let looked_at = path.to_owned();
        let found = on_a_thread(move || async move { inspect(&looked_at, OPEN_PATIENCE).await })??;
        if found < TABLES_VERSION {
            return Err(StoreError::Older { path: path.to_owned(), found, known: TABLES_VERSION });
        }
        Ok(Store { path: path.to_owned(), _temporary: None })
    }

    /// The database file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Starts the one thread that writes; `names` turns ids into names that outlive the configuration.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start_writer(&self, names: Names, settings: Settings) -> Result<Writer, StoreError> {
        Writer::start(self.path.clone(), names, settings)
    }

    /// Typed reads, for any number of readers beside the writer.
    #[must_use]
    pub fn query(&self) -> Query {
        Query::new(self.path.clone())
    }
}

/// Recognises the file, sets WAL and brings the tables up to date; waits no longer than `patience` for a lock.
pub(super) async fn prepare(path: &Path, patience: Duration) -> Result<(), StoreError> {
    inspect(path, patience).await?;
    let mut connection = connect(path, patience).await?;
    let made = migrate(path, &mut connection).await;
    // The checkpoint of a clean close may fail on a full disk; the tables are what counts here.
    let _ = connection.close().await;
    made
}

/// A connection that may write. The file must exist.
pub(super) async fn connect(path: &Path, busy_timeout: Duration) -> Result<SqliteConnection, StoreError> {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .foreign_keys(true)
        .busy_timeout(busy_timeout)
        .disable_statement_logging()
        .connect()
        .await
        .map_err(|error| StoreError::of(path, &error))
}

/// How connections that only read are made.
pub(super) fn reader_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(OPEN_PATIENCE).disable_statement_logging()
}

/// Creates the folder of `path`, closed to other users: records hold telephone numbers.
pub(super) fn create_folder(path: &Path) -> Result<(), StoreError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => return Ok(()),
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|source| StoreError::Folder { path: folder.to_owned(), source })
}

/// Creates an empty file where none is, readable by this user only; SQLite gives its WAL the same mode.
pub(super) fn create_file(path: &Path) -> Result<(), StoreError> {
    match fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if matches!(error.kind(), io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied) => {
            Err(StoreError::ReadOnly { path: path.to_owned() })
        }
        Err(error) => Err(StoreError::CannotOpen { path: path.to_owned(), reason: error.to_string() }),
    }
}

/// Looks at the first bytes before SQLite does, so that a foreign file is never touched.
fn recognise_header(path: &Path) -> Result<(), StoreError> {
    let cannot_open = |error: io::Error| StoreError::CannotOpen { path: path.to_owned(), reason: error.to_string() };
    let mut head = Vec::with_capacity(FILE_HEADER.len());
    let file = fs::File::open(path).map_err(cannot_open)?;
    file.take(FILE_HEADER.len() as u64).read_to_end(&mut head).map_err(cannot_open)?;
    if head.is_empty() || head == FILE_HEADER {
        Ok(())
    } else {
        Err(StoreError::NotADatabase { path: path.to_owned() })
    }
}

/// Whose database it is and how new its tables are, without changing a byte. Zero for an empty file.
async fn inspect(path: &Path, patience: Duration) -> Result<i64, StoreError> {
    let failed = |error: sqlx::Error| StoreError::of(path, &error);
    let mut connection = reader_options(path).busy_timeout(patience).connect().await.map_err(failed)?;
    let application_id: i64 =
        sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut connection).await.map_err(failed)?;
    let objects: i64 =
        sqlx::query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(&mut connection).await.map_err(failed)?;
    let recorded: i64 =
        sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = '_sqlx_migrations'")
            .fetch_one(&mut connection)
            .await
            .map_err(failed)?;
    let ours = application_id == APPLICATION_ID || (application_id == 0 && objects == 0);
    let mut found = 0;
    if ours && recorded == 1 {
        found = sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations")
            .fetch_one(&mut connection)
            .await
            .map_err(failed)?;
    }
    let _ = connection.close().await;
    if !ours {
        return Err(StoreError::NotOurs { path: path.to_owned(), application_id });
    }
    if found > TABLES_VERSION {
        return Err(StoreError::Newer { path: path.to_owned(), found, known: TABLES_VERSION });
    }
    Ok(found)
}

/// Signs the file as ours, then runs every migration that it has not seen.
async fn migrate(path: &Path, connection: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::query(SIGN).execute(&mut *connection).await.map_err(|error| StoreError::of(path, &error))?;
    let migrations = MIGRATIONS
        .iter()
        .map(|(version, name, sql)| {
            Migration::new(*version, (*name).into(), MigrationType::Simple, sql.into_sql_str(), false)
        })
        .collect();
    match Migrator::with_migrations(migrations).run(connection).await {
        Ok(()) => Ok(()),
        Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => {
            Err(StoreError::of(path, &error))
        }
        Err(MigrateError::VersionMismatch(version)) => Err(StoreError::Changed { path: path.to_owned(), version }),
        Err(other) => Err(StoreError::Statement { path: path.to_owned(), reason: other.to_string() }),
    }
}

/// Runs a future to its end on a thread of its own, so that callers need no runtime and may have one.
pub(super) fn on_a_thread<F, T>(work: impl FnOnce() -> F + Send) -> Result<T, StoreError>
where
    F: Future<Output = T>,
    T: Send,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(StoreError::Thread)?;
    std::thread::scope(|scope| {
        let worker = std::thread::Builder::new()
            .name("store-open".into())
            .spawn_scoped(scope, move || runtime.block_on(work()))
            .map_err(StoreError::Thread)?;
        worker.join().map_err(|_| StoreError::Thread(io::Error::other("the thread panicked")))
    })
}

/// The migrations in order. A released file never changes: its checksum is recorded in every database.
const MIGRATIONS: [(i64, &str, &str); 2] = [
    (1, "event log", include_str!("migrations/0001_event_log.sql")),
    (2, "direction", include_str!("migrations/0002_direction.sql")),
];

/// Temporary databases of this process so far.
static TEMPORARIES: AtomicU64 = AtomicU64::new(0);

/// The newest migration that this program knows.
const TABLES_VERSION: i64 = MIGRATIONS[MIGRATIONS.len() - 1].0;

/// How every SQLite file begins, https://www.sqlite.org/fileformat.html.
const FILE_HEADER: [u8; 16] = *b"SQLite format 3\0";

/// Marks the file as ours in its header: "TRng".
const APPLICATION_ID: i64 = 0x5452_6e67;

/// Writes `APPLICATION_ID`.
const SIGN: &str = "PRAGMA application_id = 0x54526e67";

/// How long opening and reading wait for a lock.
const OPEN_PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::CallFilter;
    use crate::store::testing::TempFolder;

    /// Runs statements as another program would.
    fn run_sql(path: &Path, statements: &'static [&'static str]) {
        let path = path.to_owned();
        on_a_thread(move || async move {
            let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
            let mut connection = options.connect().await.expect("the file can be opened");
            for statement in statements {
                sqlx::query(*statement).execute(&mut connection).await.expect("the statement is right");
            }
            connection.close().await.expect("closing works");
        })
        .expect("threads can be started");
    }

    fn text_of(result: Result<Store, StoreError>) -> String {
        result.expect_err("this must be refused").to_string()
    }

    #[test]
    fn the_first_start_makes_folder_file_and_tables_and_the_second_finds_them() {
        let folder = TempFolder::new("open");
        let path = folder.file("data/deep/events.sqlite");
        for _ in 0..2 {
            let store = Store::open(&path).expect("a new folder can be made");
            assert_eq!(store.path(), path);
        }
        Store::open_existing(&path).expect("the tables are there");
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&path).expect("the file is there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "records hold telephone numbers: no other user may read them");
    }

    #[test]
    fn a_temporary_database_is_gone_with_its_last_owner() {
        let store = Store::temporary().expect("a temporary folder can be made");
        let (path, other) = (store.path().to_owned(), store.clone());
        drop(store);
        assert!(path.exists());
        drop(other);
        assert!(!path.exists() && !path.parent().is_some_and(Path::exists));
    }

    #[tokio::test]
    async fn opening_works_inside_a_runtime_too() {
        let folder = TempFolder::new("nested");
        let store = Store::open(&folder.file("events.sqlite")).expect("a runtime around us does not matter");
        assert_eq!(store.query().log_size().await.expect("readable"), (0, 0));
    }

    #[test]
    fn reading_what_was_never_written_says_how_to_begin() {
        let folder = TempFolder::new("missing");
        let path = folder.file("events.sqlite");
        let text = text_of(Store::open_existing(&path));
        assert!(text.contains("events.sqlite") && text.contains("start the server once"), "{text}");
        assert!(!path.exists(), "reading creates nothing");
    }

    #[test]
    fn a_file_that_is_no_database_is_left_alone() {
        let folder = TempFolder::new("notadb");
        let path = folder.file("events.sqlite");
        std::fs::write(&path, "dear diary").expect("writable");
        let text = text_of(Store::open(&path));
        assert!(text.contains("is not a SQLite database") && text.contains("events.sqlite"), "{text}");
        assert_eq!(std::fs::read(&path).expect("readable"), b"dear diary");
    }

    #[test]
    fn a_database_of_another_program_is_left_alone() {
        let folder = TempFolder::new("foreign");
        let path = folder.file("events.sqlite");
        run_sql(&path, &["CREATE TABLE recipes (name TEXT)"]);
        let before = std::fs::read(&path).expect("readable");
        let text = text_of(Store::open(&path));
        assert!(text.contains("another program") && text.contains("left untouched"), "{text}");
        assert_eq!(std::fs::read(&path).expect("readable"), before);
    }

    #[test]
    fn tables_from_the_future_are_refused_with_both_versions() {
        let folder = TempFolder::new("newer");
        let path = folder.file("events.sqlite");
        Store::open(&path).expect("a new file can be made");
        run_sql(
            &path,
            &["INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
               VALUES (99, 'future', true, x'00', 0)"],
        );
        let text = text_of(Store::open(&path));
        assert!(text.contains("newer Thirdring") && text.contains("99"), "{text}");
        assert!(matches!(Store::open_existing(&path), Err(StoreError::Newer { found: 99, .. })));
    }

    #[test]
    fn older_tables_are_brought_up_to_date_by_the_server_and_keep_their_calls() {
        let folder = TempFolder::new("older");
        let path = folder.file("events.sqlite");
        Store::open(&path).expect("a new file can be made");
        run_sql(
            &path,
            &[
                "ALTER TABLE calls DROP COLUMN direction",
                "DELETE FROM _sqlx_migrations WHERE version = 2",
                "INSERT INTO calls VALUES (1, 7, '01012345678', '1300', 1, 2, 3, 4, 'answered', 'caller', 200, \
                 '', '', '', '', '', 0, 0, 0, 0)",
            ],
        );
        assert!(matches!(Store::open_existing(&path), Err(StoreError::Older { found: 1, .. })));
        let query = Store::open(&path).expect("the tables can be brought up to date").query();
        let calls = on_a_thread(move || async move { query.calls(&CallFilter::default()).await });
        let calls = calls.expect("threads can be started").expect("the call can be read");
        assert_eq!(calls.iter().map(|call| (call.call, call.direction)).collect::<Vec<_>>(), [(7, None)]);
    }

    #[test]
    fn tables_of_a_different_build_are_refused() {
        let folder = TempFolder::new("changed");
        let path = folder.file("events.sqlite");
        Store::open(&path).expect("a new file can be made");
        run_sql(&path, &["UPDATE _sqlx_migrations SET checksum = x'00'"]);
        assert!(matches!(Store::open(&path), Err(StoreError::Changed { version: 1, .. })));
    }

    #[test]
    fn a_path_that_cannot_be_says_which_part() {
        let folder = TempFolder::new("path");
        std::fs::write(folder.file("plain"), "a file").expect("writable");
        let text = text_of(Store::open(&folder.file("plain/events.sqlite")));
        assert!(text.contains("plain") && text.contains("--data"), "{text}");
        let text = text_of(Store::open(folder.path()));
        assert!(text.contains("cannot open the database"), "{text}");
    }

    #[test]
    fn a_damaged_file_is_called_damaged() {
        let folder = TempFolder::new("damaged");
        let path = folder.file("events.sqlite");
        Store::open(&path).expect("a new file can be made");
        let mut bytes = std::fs::read(&path).expect("readable");
        bytes[100..4096].fill(0xff);
        std::fs::write(&path, bytes).expect("writable");
        let text = text_of(Store::open(&path));
        assert!(text.contains("events.sqlite") && text.contains("help:"), "{text}");
    }
}
