//! The programs that speak with ours: finding them, or saying loudly which package has them.

use std::path::{Path, PathBuf};

/// Where a program is.
///
/// # Panics
/// When it is not installed: a wire test that can not run has not passed.
pub fn program(name: &str, package: &str) -> PathBuf {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("\n\n    {name} is not installed: apt-get install {package}\n"))
}

/// Where one of several equal programs is.
pub fn any_program(names: &[&str], package: &str) -> PathBuf {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&folders).collect();
    let found = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    found
        .into_iter()
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("\n\n    none of {names:?} is installed: apt-get install {package}\n"))
}

/// A folder that a package brings.
pub fn folder(paths: &[&str], package: &str) -> PathBuf {
    let found = paths.iter().map(Path::new).find(|path| path.is_dir());
    found.unwrap_or_else(|| panic!("\n\n    none of {paths:?} is there: apt-get install {package}\n")).to_owned()
}
