//! Voice messages on disk: a thread of its own writes WAV files from the samples that media workers hand over.
//! Never waits on a worker; a disk that is slow costs samples of the message, which is said, and never a call.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

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
    /// 8 kHz mono samples, in order.
    Samples {
        record: RecordId,
        samples: Box<[i16]>,
    },
    Finish {
        record: RecordId,
    },
}

/// The writer's handle; dropping it finishes every file.
#[derive(Debug)]
pub struct Recordings {
    sender: Option<SyncSender<RecordingInput>>,
    lost: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

/// Hands samples to the writer; cheap to clone, never blocks.
#[derive(Clone, Debug)]
pub struct RecordingSender {
    sender: SyncSender<RecordingInput>,
    lost: Arc<AtomicU64>,
}

impl Recordings {
    /// Starts the writer; `folder` is created when missing.
    ///
    /// # Errors
    /// When the folder can not be made or the thread not started.
    pub fn spawn(folder: PathBuf) -> Result<Recordings, StoreError> {
        std::fs::create_dir_all(&folder).map_err(|source| StoreError::Folder { path: folder.clone(), source })?;
        let (sender, receiver) = sync_channel(QUEUE_MAX);
        let thread = std::thread::Builder::new()
            .name("recordings".to_owned())
            .spawn(move || write(&folder, &receiver))
            .map_err(StoreError::Thread)?;
        Ok(Recordings { sender: Some(sender), lost: Arc::default(), thread: Some(thread) })
    }

    /// # Panics
    /// Never: the sender is there until the handle is dropped.
    #[must_use]
    pub fn sender(&self) -> RecordingSender {
        let sender = self.sender.clone().expect("the sender is taken by drop only");
        RecordingSender { sender, lost: Arc::clone(&self.lost) }
    }

    /// Pieces of messages that the disk was too slow for.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

impl RecordingSender {
    /// Queues; what finds no room is lost and counted.
    pub fn send(&self, input: RecordingInput) {
        if let Err(TrySendError::Full(_)) = self.sender.try_send(input) {
            self.lost.fetch_add(1, Ordering::Relaxed);
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

type Open = WavWriter<BufWriter<File>>;

fn write(folder: &std::path::Path, inputs: &Receiver<RecordingInput>) {
    let mut open: HashMap<RecordId, Open> = HashMap::new();
    while let Ok(input) = inputs.recv() {
        match input {
            RecordingInput::Open { record, file } => {
                let path = folder.join(file);
                match WavWriter::create(&path, SPEC) {
                    Ok(writer) => {
                        open.insert(record, writer);
                    }
                    Err(error) => tracing::error!(path = %path.display(), %error, "cannot record a message"),
                }
            }
            RecordingInput::Samples { record, samples } => {
                let failed = open.get_mut(&record).is_some_and(|writer| append(writer, &samples).is_err());
                if failed {
                    tracing::error!(%record, "the disk refuses a message; what was written is kept");
                    finish(open.remove(&record));
                }
            }
            RecordingInput::Finish { record } => finish(open.remove(&record)),
        }
    }
    for (_, writer) in open {
        finish(Some(writer));
    }
}

fn append(writer: &mut Open, samples: &[i16]) -> Result<(), hound::Error> {
    for sample in samples {
        writer.write_sample(*sample)?;
    }
    // The header is made true with every chunk, so that a crash leaves a file that plays.
    writer.flush()
}

fn finish(writer: Option<Open>) {
    if let Some(Err(error)) = writer.map(WavWriter::finalize) {
        tracing::error!(%error, "a message could not be finished");
    }
}

/// Chunks of 200 ms that may wait: a hundred messages at once, each twenty seconds behind.
const QUEUE_MAX: usize = 10_000;

const SPEC: WavSpec =
    WavSpec { channels: 1, sample_rate: 8_000, bits_per_sample: 16, sample_format: SampleFormat::Int };
