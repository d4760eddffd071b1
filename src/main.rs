//! The thin binary: arguments to command. Everything else is in the library.

use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    thirdring::server::commands::main(Instant::now())
}
