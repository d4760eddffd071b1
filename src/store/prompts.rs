//! Recorded prompts and music: the ones built into the program, and a folder whose files of the same name replace them.
//! Reads files once, at the start; nothing on the audio path touches a disk.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};

use rust_embed::Embed;

use crate::media::{Library, Recording};

/// The prompts that come with the program; a debug build reads them from the source tree.
#[derive(Embed)]
#[folder = "audio/"]
#[include = "*.wav"]
struct BuiltIn;

/// A prompt that could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PromptError {
    /// The configured folder can not be read.
    #[error("cannot read the prompt folder {}: {why}", path.display())]
    Folder { path: PathBuf, why: String },
    /// One file is no WAV that we can play; the built-in one of the same name is used instead.
    #[error(
        "cannot use the prompt {}: {why}\n  help: save it as WAV, 8 kHz, mono, 16 bit; until the next start the recording \
         that comes with the program is heard in its place",
        path.display()
    )]
    File { path: PathBuf, why: String },
}

/// All prompts, encoded once per codec, and what was wrong with some of them. Files of `folder` win over built-in ones.
#[must_use]
pub fn load(folder: Option<&Path>) -> (Library, Vec<PromptError>) {
    let mut builder = Library::builder();
    let mut problems = Vec::new();
    let own = folder.map(|folder| recordings_below(folder, &mut problems)).unwrap_or_default();
    let own: Vec<(String, PathBuf)> = own.into_iter().collect();
    let read = |(_, path): &(String, PathBuf)| std::fs::read(path).map(Cow::Owned).map_err(|error| error.to_string());
    let mut used = BTreeSet::new();
    for ((name, path), recording) in own.iter().zip(recordings(&own, read)) {
        match recording {
            Ok(recording) => {
                builder.recording(name, recording);
                used.insert(name.as_str());
            }
            Err(why) => problems.push(PromptError::File { path: path.clone(), why }),
        }
    }
    let shipped = BuiltIn::iter().filter(|file| file.strip_suffix(".wav").is_some_and(|name| !used.contains(name)));
    let shipped: Vec<Cow<'static, str>> = shipped.collect();
    let read = |file: &Cow<'static, str>| BuiltIn::get(file).map(|file| file.data).ok_or("it is gone".to_owned());
    for (file, recording) in shipped.iter().zip(recordings(&shipped, read)) {
        match recording {
            Ok(recording) => {
                builder.recording(file.strip_suffix(".wav").unwrap_or(file), recording);
            }
            Err(why) => problems.push(PromptError::File { path: PathBuf::from(file.as_ref()), why }),
        }
    }
    (builder.build(), problems)
}

/// Reads and encodes each, on as many threads as there are cores: the start of the server waits for nothing longer.
fn recordings<T: Sync>(
    files: &[T],
    read: impl Fn(&T) -> Result<Cow<'static, [u8]>, String> + Sync,
) -> Vec<Result<Recording, String>> {
    let one = |file: &T| read(file).and_then(|wav| Recording::of_wav(&wav).map_err(|error| error.to_string()));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = files.len().div_ceil(cores).max(1);
    std::thread::scope(|scope| {
        let shares: Vec<_> =
            files.chunks(share).map(|files| scope.spawn(|| files.iter().map(&one).collect::<Vec<_>>())).collect();
        // A thread that panicked goes on panicking here.
        shares.into_iter().flat_map(|share| share.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

/// Every WAV below a folder, by its clip name. Symbolic links are not followed out of the folder.
fn recordings_below(root: &Path, problems: &mut Vec<PromptError>) -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                problems.push(PromptError::Folder { path: folder, why: error.to_string() });
                continue;
            }
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file()
                && path.extension().is_some_and(|ending| ending == "wav")
                && let Ok(relative) = path.strip_prefix(root)
            {
                let name = relative.with_extension("").to_string_lossy().replace('\\', "/");
                found.insert(name, path);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::testing::TempFolder;
    use super::*;

    /// Writes a WAV file of these samples into the folder.
    fn record(folder: &TempFolder, name: &str, sample_rate: u32, samples: &[i16]) {
        let path = folder.file(name);
        std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("our own folder can be written");
        let spec =
            hound::WavSpec { channels: 1, sample_rate, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
        let mut writer = hound::WavWriter::create(path, spec).expect("our own folder can be written");
        for sample in samples {
            writer.write_sample(*sample).expect("our own folder can be written");
        }
        writer.finalize().expect("our own folder can be written");
    }

    fn length_ms(library: &Library, name: &str) -> u128 {
        library.duration(library.find(name).expect("the clip is there")).as_millis()
    }

    #[test]
    fn a_file_of_the_same_name_replaces_the_recording_and_the_others_stay() {
        let folder = TempFolder::new("prompts");
        record(&folder, "ko/system/closing.wav", 8_000, &[1_000; 80]);
        record(&folder, "ko/house/greeting.wav", 16_000, &[1_000; 3_200]);
        let (shipped, problems) = load(None);
        assert_eq!(problems, []);
        let (library, problems) = load(Some(folder.path()));
        assert_eq!(problems, []);
        assert_eq!(length_ms(&library, "ko/system/closing"), 10);
        assert_eq!(length_ms(&library, "ko/house/greeting"), 200, "a name of one's own is a clip as well");
        for name in ["en/system/closing", "music/hold", "tone/ringback"] {
            assert_eq!(length_ms(&library, name), length_ms(&shipped, name), "{name}");
        }
    }

    #[test]
    fn a_file_that_is_no_recording_is_told_with_its_name_and_replaces_nothing() {
        let folder = TempFolder::new("prompts");
        record(&folder, "ko/system/closing.wav", 8_000, &[]);
        record(&folder, "ko/system/connecting.wav", 2_000, &[1; 100]);
        std::fs::write(folder.file("en.wav"), "no sound at all").expect("our own folder can be written");
        std::fs::write(folder.file("notes.txt"), "not meant for us").expect("our own folder can be written");
        let (library, problems) = load(Some(folder.path()));
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let reasons =
            [("en.wav", "not a readable WAV file"), ("closing.wav", "no sound"), ("connecting.wav", "2000 Hz")];
        assert_eq!(told.len(), reasons.len(), "{told:?}");
        for (text, (file, reason)) in told.iter().zip(reasons) {
            assert!(text.contains(file) && text.contains(reason) && text.contains("8 kHz"), "{text}");
        }
        let (shipped, _) = load(None);
        for name in ["ko/system/closing", "ko/system/connecting"] {
            assert_eq!(length_ms(&library, name), length_ms(&shipped, name), "{name}");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_told() {
        let folder = TempFolder::new("prompts");
        let (library, problems) = load(Some(&folder.file("nowhere")));
        assert!(matches!(problems.as_slice(), [PromptError::Folder { .. }]), "{problems:?}");
        assert!(library.find("ko/system/closing").is_some());
    }
}
