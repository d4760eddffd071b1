//! The thin binary: arguments to command. Everything else is in the library.

use std::process::ExitCode;
use std::time::Instant;

#[expect(clippy::disallowed_methods, reason = "how long the start takes is counted from here")]
fn main() -> ExitCode {
    thirdring::server::commands::main(Instant::now())
}
