//! Finds and reads the configuration that a command was given, or the built-in one.

use std::path::Path;

use crate::config::{self, Config};
use crate::document;

/// The configuration in `file`, or the built-in development one.
///
/// # Errors
/// Every mistake at once, rendered for people.
pub fn load(file: Option<&Path>) -> Result<Config, String> {
    let Some(path) = file else { return Ok(Config::development()) };
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        format!("cannot read the configuration {name}: {error}\n  help: name another file with --config\n")
    })?;
    let loaded = config::load_explained(&name, &text, &|name| std::env::var(name).ok());
    let shown = loaded.masked(&text);
    let report = document::render(&name, &shown, &loaded.diagnostics, false);
    match loaded.config {
        Some(config) => {
            if !report.is_empty() {
                eprint!("{report}");
            }
            Ok(config)
        }
        None => Err(report),
    }
}
