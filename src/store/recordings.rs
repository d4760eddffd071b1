//! Voice messages on disk: a thread of its own writes WAV files from the samples that media workers hand over.
//! Never waits on a worker; a disk that is slow costs samples of the message, which stay silent and are told, never a
//! call, and never the beginning or the end of a message.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use hound::{SampleFormat, WavSpec, WavWriter};

use super::error::StoreError;
use crate::model::RecordId;

/// What the writer is told.
#[derive(Debug)]
pub enum RecordingInput {
    Open {
        record: RecordId,
        file: String,
    },
    /// 8 kHz mono samples, in order; the first `len` of them count.
    Samples {
        record: RecordId,
        /// Whose buffer it is.
        worker: usize,
        /// Samples of the message before these.
        before: u64,
        samples: Box<[i16]>,
        len: usize,
    },
    /// The message is so long, whatever of it has arrived.
    Finish {
        record: RecordId,
        length: Duration,
    },
}

/// Gives the buffers of one worker back to it; must not wait.
pub type GiveBack = Box<dyn Fn(Box<[i16]>) + Send>;

/// The writer's handle; dropping it finishes every file.
#[derive(Debug)]
pub struct Recordings {
    sender: Option<RecordingSender>,
    thread: Option<JoinHandle<()>>,
}

/// Hands samples to the writer; cheap to clone, never blocks.
#[derive(Clone, Debug)]
pub struct RecordingSender {
    sender: SyncSender<Letter>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Pieces that wait.
    waiting: AtomicUsize,
    lost: AtomicU64,
}

impl Shared {
    /// Takes a place for one piece, if there is one.
    fn has_room(&self) -> bool {
        let taken = self.waiting.fetch_add(1, Ordering::AcqRel) < PIECES_MAX;
        if !taken {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
        }
        taken
    }
}

enum Letter {
    Input(RecordingInput),
    /// The ways back, one a worker.
    Workers(Vec<GiveBack>),
}

impl Recordings {
    /// Starts the writer; `folder` is created when missing.
    ///
    /// # Errors
    /// When the folder can not be made or the thread not started.
    pub fn spawn(folder: PathBuf) -> Result<Recordings, StoreError> {
        std::fs::create_dir_all(&folder).map_err(|source| StoreError::Folder { path: folder.clone(), source })?;
        let (sender, receiver) = channel();
        let shared = Arc::clone(&sender.shared);
        let thread = std::thread::Builder::new()
            .name("recordings".to_owned())
            .spawn(move || Desk::new(folder, shared).write(&receiver))
            .map_err(StoreError::Thread)?;
        Ok(Recordings { sender: Some(sender), thread: Some(thread) })
    }

    /// # Panics
    /// Never: the sender is there until the handle is dropped.
    #[must_use]
    pub fn sender(&self) -> RecordingSender {
        self.sender.clone().expect("the sender is taken by drop only")
    }

    /// Where buffers go that have been written, by worker; until then they are thrown away.
    pub fn give_back_to(&self, workers: Vec<GiveBack>) {
        if let Some(sender) = &self.sender {
            sender.post(Letter::Workers(workers));
        }
    }
}

impl RecordingSender {
    /// Queues. A piece that finds no room is lost and counted; for beginnings and ends there is room beyond that.
    pub fn send(&self, input: RecordingInput) {
        if matches!(input, RecordingInput::Samples { .. }) && !self.shared.has_room() {
            self.shared.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.post(Letter::Input(input));
    }

    /// Pieces of messages that the disk was too slow for.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }

    fn post(&self, letter: Letter) {
        if self.sender.try_send(letter).is_err() {
            // The writer is gone, or the disk has stood still through thousands of messages.
            self.shared.lost.fetch_add(1, Ordering::Relaxed);
            tracing::error!("the writer of voice messages does not listen: the beginning or end of one is lost");
        }
    }
}

impl Drop for Recordings {
    fn drop(&mut self) {
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            // A writer that panicked has said so already.
            let _ = thread.join();
        }
    }
}

fn channel() -> (RecordingSender, Receiver<Letter>) {
    let (sender, receiver) = sync_channel(PIECES_MAX + ORDERS_MAX);
    (RecordingSender { sender, shared: Arc::default() }, receiver)
}

/// One message being written.
struct Open {
    file: WavWriter<BufWriter<File>>,
    /// Samples in the file.
    written: u64,
    /// Samples that never arrived and are silent in the file.
    missing: u64,
}

/// What the thread owns.
struct Desk {
    folder: PathBuf,
    shared: Arc<Shared>,
    open: HashMap<RecordId, Open>,
    workers: Vec<GiveBack>,
}

impl Desk {
    fn new(folder: PathBuf, shared: Arc<Shared>) -> Desk {
        Desk { folder, shared, open: HashMap::new(), workers: Vec::new() }
    }

    /// Writes until nobody can say anything any more.
    fn write(mut self, letters: &Receiver<Letter>) {
        while let Ok(letter) = letters.recv() {
            match letter {
                Letter::Workers(workers) => self.workers = workers,
                Letter::Input(RecordingInput::Open { record, file }) => self.open(record, &self.folder.join(file)),
                Letter::Input(RecordingInput::Samples { record, worker, before, samples, len }) => {
                    self.shared.waiting.fetch_sub(1, Ordering::AcqRel);
                    self.append(record, before, samples.get(..len).unwrap_or(&samples));
                    if let Some(give_back) = self.workers.get(worker) {
                        give_back(samples);
                    }
                }
                Letter::Input(RecordingInput::Finish { record, length }) => {
                    if self.open.contains_key(&record) {
                        self.append(record, samples_in(length), &[]);
                    }
                    finish(record, self.open.remove(&record));
                }
            }
        }
        for (record, open) in self.open {
            finish(record, Some(open));
        }
    }

    fn open(&mut self, record: RecordId, path: &Path) {
        match WavWriter::create(path, SPEC) {
            Ok(file) => drop(self.open.insert(record, Open { file, written: 0, missing: 0 })),
            Err(error) => tracing::error!(path = %path.display(), %error, "cannot record a message"),
        }
    }

    fn append(&mut self, record: RecordId, before: u64, samples: &[i16]) {
        let failed = self.open.get_mut(&record).is_some_and(|open| open.append(before, samples).is_err());
        if failed {
            tracing::error!(%record, "the disk refuses a message; what was written is kept");
            finish(record, self.open.remove(&record));
        }
    }
}

impl Open {
    /// Writes the samples at their place; what is missing before them is silence.
    fn append(&mut self, before: u64, samples: &[i16]) -> Result<(), hound::Error> {
        let missing = before.saturating_sub(self.written);
        for _ in 0..missing {
            self.file.write_sample(0_i16)?;
        }
        for sample in samples {
            self.file.write_sample(*sample)?;
        }
        self.missing += missing;
        self.written += missing + samples.len() as u64;
        // The header is made true with every piece, so that a crash leaves a file that plays.
        self.file.flush()
    }
}

fn finish(record: RecordId, open: Option<Open>) {
    let Some(open) = open else { return };
    if open.missing > 0 {
        let silent_ms = open.missing / SAMPLES_PER_MS;
        tracing::warn!(%record, silent_ms, "the disk was too slow: parts of a voice message are silence");
    }
    if let Err(error) = open.file.finalize() {
        tracing::error!(%record, %error, "a message could not be finished");
    }
}

fn samples_in(length: Duration) -> u64 {
    u64::try_from(length.as_micros() / 125).unwrap_or(u64::MAX)
}

/// Pieces of 200 ms that may wait: a hundred messages at once, each twenty seconds behind.
const PIECES_MAX: usize = 10_000;

/// Beginnings and ends that may wait besides: of two thousand messages, while the disk does nothing at all.
const ORDERS_MAX: usize = 4_096;

const SAMPLES_PER_MS: u64 = 8;

const SPEC: WavSpec =
    WavSpec { channels: 1, sample_rate: 8_000, bits_per_sample: 16, sample_format: SampleFormat::Int };

#[cfg(test)]
mod tests {
    use super::super::testing::TempFolder;
    use super::*;
    use std::sync::mpsc;

    const PIECE: usize = 1_600;

    fn piece(record: u64, n: u64) -> RecordingInput {
        let samples = vec![100 + n as i16; PIECE].into_boxed_slice();
        let (record, before) = (RecordId(record), n * PIECE as u64);
        RecordingInput::Samples { record, worker: 0, before, samples, len: PIECE }
    }

    fn open(record: u64) -> RecordingInput {
        RecordingInput::Open { record: RecordId(record), file: format!("{record}.wav") }
    }

    fn finish(record: u64, pieces: u64) -> RecordingInput {
        RecordingInput::Finish { record: RecordId(record), length: Duration::from_millis(200 * pieces) }
    }

    fn samples(path: &Path) -> Vec<i16> {
        let reader = hound::WavReader::open(path).expect("a whole WAV file");
        assert_eq!(reader.spec(), SPEC);
        reader.into_samples().map(|sample| sample.expect("a whole WAV file")).collect()
    }

    #[test]
    fn a_disk_that_stands_still_costs_samples_but_no_beginning_and_no_end() {
        let folder = TempFolder::new("recordings");
        let (sender, receiver) = channel();
        sender.send(open(1));
        for n in 0..PIECES_MAX as u64 + 7 {
            sender.send(piece(1, n));
        }
        for record in 2..1_000 {
            sender.send(open(record));
            sender.send(piece(record, 0));
            sender.send(finish(record, 1));
        }
        sender.send(finish(1, PIECES_MAX as u64 + 7));
        assert_eq!(sender.lost(), 7 + 998, "and nothing but samples");
        let shared = Arc::clone(&sender.shared);
        drop(sender);
        Desk::new(folder.path().to_owned(), Arc::clone(&shared)).write(&receiver);
        let first = samples(&folder.file("1.wav"));
        assert_eq!(first.len(), (PIECES_MAX + 7) * PIECE, "as long as it was spoken");
        assert!(first[PIECES_MAX * PIECE..].iter().all(|sample| *sample == 0), "the end is silent");
        assert_eq!(first[PIECE], 101);
        for record in 2..1_000 {
            assert_eq!(samples(&folder.file(&format!("{record}.wav"))), [0; PIECE]);
        }
        assert_eq!(shared.waiting.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_piece_that_is_missing_is_silent_and_what_follows_keeps_its_place() {
        let folder = TempFolder::new("recordings");
        let recordings = Recordings::spawn(folder.path().join("messages")).expect("the folder can be made");
        let sender = recordings.sender();
        for input in [open(1), piece(1, 0), piece(1, 2), finish(1, 3)] {
            sender.send(input);
        }
        drop(sender);
        drop(recordings);
        let heard = samples(&folder.path().join("messages/1.wav"));
        let pieces: Vec<i16> = heard.chunks(PIECE).map(|piece| piece[PIECE / 2]).collect();
        assert_eq!(pieces, [100, 0, 102]);
    }

    #[test]
    fn buffers_go_back_to_the_worker_they_came_from() {
        let folder = TempFolder::new("recordings");
        let recordings = Recordings::spawn(folder.path().to_owned()).expect("the folder can be made");
        let (back, returned) = mpsc::channel();
        let way = |worker: usize| -> GiveBack {
            let back = back.clone();
            Box::new(move |samples| back.send((worker, samples.len())).expect("somebody listens"))
        };
        recordings.give_back_to(vec![way(0), way(1)]);
        let sender = recordings.sender();
        let unknown = RecordingInput::Samples {
            record: RecordId(9),
            worker: 1,
            before: 0,
            samples: vec![0; PIECE].into_boxed_slice(),
            len: 3,
        };
        for input in [open(1), piece(1, 0), unknown, finish(1, 1)] {
            sender.send(input);
        }
        drop((sender, recordings, back));
        assert_eq!(returned.into_iter().collect::<Vec<_>>(), [(0, PIECE), (1, PIECE)]);
    }
}
