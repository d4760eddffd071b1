//! `thirdring cdr`: being written.

use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Arguments {}

#[must_use]
pub fn run(_arguments: &Arguments) -> ExitCode {
    ExitCode::FAILURE
}
