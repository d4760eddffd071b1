//! What can go wrong with the database, told with its path and the next step. Never retries; the writer does.

use std::io;
use std::path::{Path, PathBuf};

/// Why the store cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The data folder is missing and cannot be made.
    #[error("cannot create the data folder {}: {source}\n  help: make the folder yourself, or choose another one with --data", path.display())]
    Folder { path: PathBuf, source: io::Error },
    /// Only reading was asked for and there is nothing to read.
    #[error("there is no database at {}\n  help: start the server once to create it, or name its folder with --data", path.display())]
    Missing { path: PathBuf },
    /// The file exists and is something else.
    #[error("{} is not a SQLite database\n  help: move that file away, or choose another one with --database", path.display())]
    NotADatabase { path: PathBuf },
    /// A SQLite database of another program.
    #[error("{} is a database of another program (application id {application_id:#010x})\n  help: choose another file with --database; this one is left untouched", path.display())]
    NotOurs { path: PathBuf, application_id: i64 },
    /// A later version of this program has changed the tables.
    #[error("{} was written by a newer Thirdring (tables of version {found}, this program knows {known})\n  help: run the newer program, or choose another data folder with --data", path.display())]
    Newer { path: PathBuf, found: i64, known: i64 },
    /// An earlier version made the tables and nobody has brought them up to date.
    #[error("{} has tables of version {found}, this program needs {known}\n  help: start the server once, it brings the tables up to date", path.display())]
    Older { path: PathBuf, found: i64, known: i64 },
    /// The recorded migration differs from ours: a development build made this file.
    #[error("{} was made by a different build (migration {version} differs)\n  help: move the file away; its records stay readable with the build that wrote them", path.display())]
    Changed { path: PathBuf, version: i64 },
    /// The file, its folder or its file system refuses writing.
    #[error("{} cannot be written: it, its folder or its file system is read-only\n  help: give this user write permission on both the file and the folder", path.display())]
    ReadOnly { path: PathBuf },
    /// Another process holds the database for longer than we wait.
    #[error("{} is locked by another program\n  help: close whatever has it open (a database browser, a backup), then try again", path.display())]
    Locked { path: PathBuf },
    /// No room left.
    #[error("the disk that holds {} is full\n  help: free some space; the server keeps events in its spool file meanwhile", path.display())]
    Full { path: PathBuf },
    /// SQLite found its own structures broken.
    #[error("{} is damaged: {reason}\n  help: keep a copy, then restore a backup or run `sqlite3 FILE .recover`", path.display())]
    Damaged { path: PathBuf, reason: String },
    /// Anything else that keeps the file from being opened: permissions, a folder in its place.
    #[error("cannot open the database {}: {reason}\n  help: check that the path is a file this user may read and write", path.display())]
    CannotOpen { path: PathBuf, reason: String },
    /// A statement failed for a reason of its own.
    #[error("database {}: {reason}", path.display())]
    Statement { path: PathBuf, reason: String },
    /// The operating system gave no thread or runtime for the writer.
    #[error("cannot start the store's thread: {0}")]
    Thread(io::Error),
}

impl StoreError {
    /// Names a database error by what SQLite said about the file at `path`.
    pub(crate) fn of(path: &Path, error: &sqlx::Error) -> StoreError {
        let (path, reason) = (path.to_owned(), error.to_string());
        match primary_code(error) {
            Some(SQLITE_BUSY | SQLITE_LOCKED) => StoreError::Locked { path },
            Some(SQLITE_READONLY) => StoreError::ReadOnly { path },
            Some(SQLITE_FULL) => StoreError::Full { path },
            Some(SQLITE_CORRUPT) => StoreError::Damaged { path, reason },
            Some(SQLITE_NOTADB) => StoreError::NotADatabase { path },
            Some(SQLITE_CANTOPEN | SQLITE_PERM | SQLITE_AUTH) => {
                StoreError::CannotOpen { path, reason: plain_reason(error) }
            }
            Some(_) => StoreError::Statement { path, reason },
            None => match error {
                sqlx::Error::Io(source) => StoreError::CannotOpen { path, reason: source.to_string() },
                sqlx::Error::PoolTimedOut => StoreError::Locked { path },
                _ => StoreError::Statement { path, reason },
            },
        }
    }
}

/// Whether one row is at fault, so that trying the same row again can never help.
pub(crate) fn is_rows_fault(error: &sqlx::Error) -> bool {
    matches!(primary_code(error), Some(SQLITE_CONSTRAINT | SQLITE_MISMATCH | SQLITE_TOOBIG | SQLITE_RANGE))
        || matches!(error, sqlx::Error::Encode(_))
}

/// The primary result code: the low byte of SQLite's extended code.
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

/// SQLite's own words without sqlx's prefix.
fn plain_reason(error: &sqlx::Error) -> String {
    error.as_database_error().map_or_else(|| error.to_string(), |known| known.message().to_owned())
}

// Primary result codes, https://www.sqlite.org/rescode.html.
const SQLITE_PERM: i32 = 3;
const SQLITE_BUSY: i32 = 5;
const SQLITE_LOCKED: i32 = 6;
const SQLITE_READONLY: i32 = 8;
const SQLITE_CORRUPT: i32 = 11;
const SQLITE_FULL: i32 = 13;
const SQLITE_CANTOPEN: i32 = 14;
const SQLITE_TOOBIG: i32 = 18;
const SQLITE_CONSTRAINT: i32 = 19;
const SQLITE_MISMATCH: i32 = 20;
const SQLITE_AUTH: i32 = 23;
const SQLITE_RANGE: i32 = 25;
const SQLITE_NOTADB: i32 = 26;
