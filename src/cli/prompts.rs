//! `thirdring prompts`: every sentence that callers may hear, and which of them nobody has recorded. The list is what
//! a studio, or `audio/build-prompts.sh`, is given.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::configuration;
use crate::config::Config;
use crate::ivr;
use crate::ivr::speech;
use crate::model::{Clip, Language};
use crate::store;

/// Which prompts to list.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The configuration file; the built-in development configuration without one
    #[arg(short, long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    #[command(subcommand)]
    pub what: What,
}

/// Which prompts.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum What {
    /// Every prompt: file name below `audio/`, a tab, and its words
    List,
    /// Prompts without a recording
    Missing,
}

/// Runs the command. `missing` exits with 1 when something is missing.
#[must_use]
pub fn run(arguments: &Arguments) -> ExitCode {
    let config = match configuration::load(arguments.config.as_deref()) {
        Ok(config) => config,
        Err(report) => {
            eprint!("{report}");
            return ExitCode::FAILURE;
        }
    };
    let prompts = match all(&config) {
        Ok(prompts) => prompts,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::FAILURE;
        }
    };
    let (library, _) = store::load_prompts(config.audio.folder.as_deref());
    let mut missing = 0;
    let mut out = std::io::stdout().lock();
    for (name, text) in &prompts {
        let recorded = library.find(name).is_some();
        missing += usize::from(!recorded);
        if matches!(arguments.what, What::List) || !recorded {
            // Whoever reads only the head of the list has enough.
            if writeln!(out, "{name}\t{text}").is_err() {
                break;
            }
        }
    }
    match arguments.what {
        What::Missing if missing > 0 => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    }
}

/// Every prompt of a configuration by name: the grammar's words, the flows' sentences, departments and people.
///
/// # Errors
/// When the flows can not be read.
pub fn all(config: &Config) -> Result<BTreeMap<String, String>, store::FlowFileError> {
    let mut clips: Vec<Clip> = Language::ALL.into_iter().flat_map(speech::vocabulary).collect();
    for file in store::flow_files(config.ivr.flows.as_deref())? {
        if let (Some(flow), _) = ivr::load::load(&file.id, &file.text) {
            clips.extend(ivr::prompts(&flow));
        }
    }
    clips.extend(config.spoken_names().into_iter().flat_map(|spoken| spoken.clips));
    Ok(clips.into_iter().map(|clip| (clip.name.to_string(), clip.text.to_string())).collect())
}
