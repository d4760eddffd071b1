//! Log lines for people on a terminal: one line an event of the machine, never a phone number, never a packet.

use tracing::level_filters::LevelFilter;

use crate::config::LogLevel;

/// Starts logging to standard error; a second call changes nothing.
pub fn start(level: LogLevel) {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    // Tests and tools may have started it before.
    let _ = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).with_target(false).try_init();
}
