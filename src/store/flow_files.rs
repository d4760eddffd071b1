//! Flow files: the built-in ones, or a folder's. Reads text; understanding it is the interpreter's.

use std::path::{Path, PathBuf};

use rust_embed::Embed;

/// The flows that come with the program.
#[derive(Embed)]
#[folder = "ivr-flows/"]
#[include = "*.toml"]
struct BuiltIn;

/// One flow's text and the name to show in messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowFile {
    /// `postal-ko`, from the file's name.
    pub id: String,
    /// `ivr-flows/postal-ko.toml`.
    pub file: String,
    pub text: String,
}

/// Every flow of `folder`, or the built-in ones, in order of name.
///
/// # Errors
/// When the folder or a file in it can not be read.
pub fn flow_files(folder: Option<&Path>) -> Result<Vec<FlowFile>, FlowFileError> {
    let mut files = match folder {
        Some(folder) => read_folder(folder)?,
        None => BuiltIn::iter()
            .filter_map(|name| {
                let text = String::from_utf8(BuiltIn::get(&name)?.data.into_owned()).ok()?;
                let id = name.strip_suffix(".toml")?.to_owned();
                Some(FlowFile { id, file: format!("ivr-flows/{name}"), text })
            })
            .filter(|file| !file.id.contains('/'))
            .collect(),
    };
    files.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(files)
}

/// A folder of flows that can not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the flows in {}: {source}\n  help: name another folder in [ivr] flows, or leave it out to use the built-in flows", path.display())]
pub struct FlowFileError {
    path: PathBuf,
    source: std::io::Error,
}

fn read_folder(folder: &Path) -> Result<Vec<FlowFile>, FlowFileError> {
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        move |source| FlowFileError { path, source }
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        if path.extension().is_none_or(|ending| ending != "toml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(failed(&path))?;
        let id = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        files.push(FlowFile { id, file: path.display().to_string(), text });
    }
    Ok(files)
}
