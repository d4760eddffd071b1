//! Recorded prompts and music: the ones built into the program, and a folder whose files of the same name replace them.
//! Reads files once, at the start; nothing on the audio path touches a disk.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rust_embed::Embed;

use crate::media::{Library, LibraryBuilder};

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
    #[error("cannot use the prompt {}: {why}", path.display())]
    File { path: PathBuf, why: String },
}

/// All prompts, encoded once per codec, and what was wrong with some of them. Files of `folder` win over built-in ones.
#[must_use]
pub fn load(folder: Option<&Path>) -> (Library, Vec<PromptError>) {
    let mut builder = Library::builder();
    let mut problems = Vec::new();
    let own = folder.map(|folder| recordings_below(folder, &mut problems)).unwrap_or_default();
    let mut used = BTreeMap::new();
    for (name, path) in own {
        match std::fs::read(&path).map_err(|error| error.to_string()).and_then(|wav| add(&mut builder, &name, &wav)) {
            Ok(()) => {
                used.insert(name, ());
            }
            Err(why) => problems.push(PromptError::File { path, why }),
        }
    }
    for file in BuiltIn::iter() {
        let Some(name) = file.strip_suffix(".wav").filter(|name| !used.contains_key(*name)) else { continue };
        if let Some(wav) = BuiltIn::get(&file)
            && let Err(why) = add(&mut builder, name, &wav.data)
        {
            problems.push(PromptError::File { path: PathBuf::from(file.as_ref()), why });
        }
    }
    (builder.build(), problems)
}

fn add(builder: &mut LibraryBuilder, name: &str, wav: &[u8]) -> Result<(), String> {
    builder.wav(name, wav).map(|_| ()).map_err(|error| error.to_string())
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
