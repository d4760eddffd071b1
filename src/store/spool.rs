//! The append-only file beside the database that holds rows while the database cannot: one JSON line a row, on the
//! disk before `append` returns. Never decides when to spool or to replay; reading it twice is harmless by the key.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::row::Row;

/// The spool of one database.
#[derive(Debug)]
pub(super) struct Spool {
    path: PathBuf,
    rejected: PathBuf,
    bytes_max: u64,
    /// Where `read` goes on.
    read_to: u64,
}

impl Spool {
    /// The spool of the database at `path`, which may hold rows of an earlier life.
    pub(super) fn beside(path: &Path, bytes_max: u64) -> Spool {
        Spool {
            path: with_ending(path, "spool.jsonl"),
            rejected: with_ending(path, "rejected.jsonl"),
            bytes_max,
            read_to: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        std::fs::metadata(&self.path).map_or(true, |file| file.len() == 0)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends all rows and waits until the disk has them; on an error none of them is in the file.
    pub(super) fn append(&self, rows: &[Row]) -> io::Result<()> {
        append_lines(&self.path, rows, self.bytes_max)
    }

    /// Sets one row aside that no database will take, for people to look at.
    pub(super) fn reject(&self, row: &Row) -> io::Result<()> {
        append_lines(&self.rejected, std::slice::from_ref(row), self.bytes_max)
    }

    /// Starts reading at the first row again.
    pub(super) fn rewind(&mut self) {
        self.read_to = 0;
    }

    /// The next rows, at most `rows_max`, and how many lines were no rows (torn by a crash). Both zero at the end.
    pub(super) fn read(&mut self, rows_max: usize) -> io::Result<(Vec<Row>, usize)> {
        let mut file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), 0)),
            opened => opened?,
        };
        file.seek(SeekFrom::Start(self.read_to))?;
        let mut lines = BufReader::new(file);
        let (mut rows, mut torn, mut line) = (Vec::new(), 0, Vec::new());
        while rows.len() < rows_max {
            line.clear();
            let length = lines.read_until(b'\n', &mut line)?;
            if length == 0 {
                break;
            }
            self.read_to += length as u64;
            match serde_json::from_slice(&line) {
                Ok(row) => rows.push(row),
                Err(_) => torn += 1,
            }
        }
        Ok((rows, torn))
    }

    /// Forgets every row, after the database has taken them.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.read_to = 0;
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

fn append_lines(path: &Path, rows: &[Row], bytes_max: u64) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    let before = file.metadata()?.len();
    let mut lines = Vec::with_capacity(rows.len() * ROW_BYTES_USUAL);
    if !ends_a_line(path, before)? {
        // A crash tore the last line: close it, so that it spoils no other.
        lines.push(b'\n');
    }
    for row in rows {
        serde_json::to_writer(&mut lines, row)?;
        lines.push(b'\n');
    }
    if before + lines.len() as u64 > bytes_max {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("the spool has reached {bytes_max} bytes")));
    }
    let written = file.write_all(&lines).and_then(|()| file.sync_data());
    if written.is_err() {
        // Half a batch must not stay: the caller still holds these rows and will offer them again.
        let _ = file.set_len(before);
    }
    written
}

fn ends_a_line(path: &Path, length: u64) -> io::Result<bool> {
    if length == 0 {
        return Ok(true);
    }
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(length - 1))?;
    let mut last = [0_u8];
    io::Read::read_exact(&mut file, &mut last)?;
    Ok(last == *b"\n")
}

/// `events.sqlite` becomes `events.sqlite.spool.jsonl`, in the same folder.
fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".");
    name.push(ending);
    path.with_file_name(name)
}

/// A row of a call's end takes about 700 bytes, others 200.
const ROW_BYTES_USUAL: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{TempFolder, call_ended, names};

    fn rows(range: std::ops::Range<u64>) -> Vec<Row> {
        range.map(|seq| Row::of(&call_ended(seq, seq), &names())).collect()
    }

    #[test]
    fn what_was_appended_is_read_back_in_parts_and_then_forgotten() {
        let folder = TempFolder::new("spool");
        let mut spool = Spool::beside(&folder.file("events.sqlite"), u64::MAX);
        assert!(spool.is_empty());
        spool.append(&rows(1..6)).expect("the folder can be written");
        spool.append(&rows(6..8)).expect("the folder can be written");
        assert_eq!(spool.read(4).expect("readable"), (rows(1..5), 0));
        assert_eq!(spool.read(4).expect("readable"), (rows(5..8), 0));
        assert_eq!(spool.read(4).expect("readable"), (Vec::new(), 0));
        spool.rewind();
        assert_eq!(spool.read(1).expect("readable").0, rows(1..2));
        spool.clear().expect("removable");
        assert!(spool.is_empty());
        assert_eq!(spool.read(4).expect("readable"), (Vec::new(), 0));
    }

    #[test]
    fn a_line_torn_by_a_crash_spoils_no_other() {
        let folder = TempFolder::new("torn");
        let mut spool = Spool::beside(&folder.file("events.sqlite"), u64::MAX);
        spool.append(&rows(1..3)).expect("the folder can be written");
        let whole = std::fs::read(spool.path()).expect("readable");
        std::fs::write(spool.path(), &whole[..whole.len() - 40]).expect("writable");
        spool.append(&rows(3..4)).expect("the folder can be written");
        let (read, torn) = spool.read(10).expect("readable");
        assert_eq!(read, [rows(1..2), rows(3..4)].concat());
        assert_eq!(torn, 1);
    }

    #[test]
    fn a_full_spool_takes_nothing_and_keeps_what_it_has() {
        let folder = TempFolder::new("full");
        let mut spool = Spool::beside(&folder.file("events.sqlite"), 1_500);
        spool.append(&rows(1..2)).expect("one row fits");
        spool.append(&rows(2..9)).expect_err("seven more do not");
        assert_eq!(spool.read(10).expect("readable"), (rows(1..2), 0));
    }
}
