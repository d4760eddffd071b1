//! The program's arguments, and which room carries each command out.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand};

use super::demo::DemoOptions;
use super::run::{Options, run};
use super::surroundings::Surroundings;
use crate::cli::{self, configuration};
use crate::config::{Config, LogLevel};

/// A telephony contact-center server.
#[derive(Debug, Parser)]
#[command(version, about, disable_help_subcommand = true, args_conflicts_with_subcommands = true)]
pub struct Arguments {
    /// Lets seeded callers and agents keep the development server busy
    #[arg(long)]
    demo: bool,
    /// The demo's seed: the same seed gives the same day
    #[arg(long, default_value_t = 1, value_name = "N", requires = "demo")]
    demo_seed: u64,
    /// How much faster than life the demo runs: 0.1 to 100
    #[arg(long, default_value_t = 1.0, value_name = "TIMES", requires = "demo", value_parser = speed)]
    demo_speed: f64,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs a configured server; without a command the development server runs
    Serve {
        /// The configuration file
        #[arg(short, long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Tells every mistake in a configuration and in the flows and prompts that it names
    Check(cli::check::Arguments),
    /// Checks, walks through, tests and draws flows
    Ivr(cli::ivr::Arguments),
    /// Lists agents and changes their states on a running server
    Agent(cli::agent::Arguments),
    /// Lists and lifts the bans of those who guess passwords
    Ban(cli::ban::Arguments),
    /// Shows call records
    Cdr(cli::cdr::Arguments),
    /// Lists every sentence that callers may hear
    Prompts(cli::prompts::Arguments),
}

/// Reads the arguments and carries the command out.
#[must_use]
pub fn main(started: Instant) -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.command {
        None => {
            let speed = arguments.demo_speed;
            let demo = arguments.demo.then_some(DemoOptions { seed: arguments.demo_seed, speed });
            let mut config = Config::development();
            if demo.is_some() {
                // Its calls go by too fast to be read; the demo sums them up.
                config.server.log = LogLevel::Warn;
                // A day that passes faster gives agents less time for notes as well.
                config.queues.iter_mut().for_each(|queue| queue.wrap_up = queue.wrap_up.div_f64(speed));
            }
            serve(Ok(config), Options { development: true, demo }, started)
        }
        Some(Command::Serve { config }) => serve(configuration::load(Some(&config)), Options::default(), started),
        Some(Command::Check(arguments)) => check(&arguments),
        Some(Command::Ivr(arguments)) => cli::ivr::main(&arguments),
        Some(Command::Agent(arguments)) => cli::agent::run(&arguments),
        Some(Command::Ban(arguments)) => cli::ban::run(&arguments),
        Some(Command::Cdr(arguments)) => cli::cdr::run(&arguments),
        Some(Command::Prompts(arguments)) => cli::prompts::run(&arguments),
    }
}

fn serve(config: Result<Config, String>, options: Options, started: Instant) -> ExitCode {
    let config = match config {
        Ok(config) => config,
        Err(report) => {
            eprint!("{report}");
            return ExitCode::FAILURE;
        }
    };
    super::logging::start(config.server.log);
    match run(config, options, started) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// A demo so slow that nothing seems to happen, or so fast that no phone can follow, shows nothing.
fn speed(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(speed) if (0.1..=100.0).contains(&speed) => Ok(speed),
        _ => Err("a number from 0.1 to 100 is wanted".to_owned()),
    }
}

fn check(arguments: &cli::check::Arguments) -> ExitCode {
    let look = |config: &Config| {
        let Surroundings { flows, notes, .. } = Surroundings::of(config);
        let flows = flows.flows.into_iter().map(|flow| cli::check::Checked {
            file: flow.file,
            text: flow.text,
            diagnostics: flow.diagnostics,
        });
        cli::check::Surroundings { notes, flows: flows.collect() }
    };
    let mut out = std::io::stdout().lock();
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    match cli::check::run(arguments, &look, colour, &mut out) {
        Ok(true) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(arguments: &[&str]) -> String {
        let arguments = ["thirdring"].iter().chain(arguments);
        Arguments::try_parse_from(arguments).map_or_else(|error| error.to_string(), |taken| format!("taken: {taken:?}"))
    }

    #[test]
    fn the_demo_has_a_speed_that_can_be_watched() {
        for speed in ["0.1", "1", "20", "100"] {
            assert!(refusal(&["--demo", "--demo-speed", speed]).starts_with("taken"), "{speed}");
        }
        for speed in ["inf", "NaN", "0", "-3", "1e9", "fast"] {
            let told = refusal(&["--demo", &format!("--demo-speed={speed}")]);
            assert!(told.contains("--demo-speed") && told.contains("from 0.1 to 100"), "{speed}: {told}");
        }
    }

    #[test]
    fn the_demo_is_no_part_of_another_command() {
        for arguments in [&["--demo", "serve", "--config", "x.toml"][..], &["--demo", "check"]] {
            let told = refusal(arguments);
            assert!(told.contains("cannot be used with") && told.contains("--demo"), "{told}");
        }
    }
}
