//! What the server prints when it is ready: addresses, numbers to dial, test accounts, pages. Only ever written for
//! people; programs ask `/readyz`.

use std::fmt::Write as _;
use std::time::Duration;

use super::server::Server;
use crate::config::{Config, NumberTarget};
use crate::sip::Transport;

/// The text for a server that runs on the built-in development configuration.
#[must_use]
pub fn development(server: &Server, ready_after: Duration) -> String {
    let config = server.config();
    let mut text = boxed(&[
        "Thirdring · DEVELOPMENT: no configuration was given.".to_owned(),
        "It listens on loopback only, with test accounts whose passwords are printed here.".to_owned(),
        "For a configured server: thirdring serve --config FILE (see config/thirdring.toml).".to_owned(),
        "To see it busy: thirdring --demo".to_owned(),
    ]);
    text += &addresses(server);
    let _ = writeln!(text, "  Softphones   {}", softphones(config));
    let _ = writeln!(text, "  Agents       {}", agents(config));
    let _ = writeln!(text, "  Dial         {}", numbers(config));
    let codes = &config.feature_codes;
    let _ = writeln!(
        text,
        "               agents: {} log in · {} log out · {} break · {} back",
        codes.login, codes.logout, codes.pause, codes.resume
    );
    text + &ready(ready_after)
}

/// The text for a configured server.
#[must_use]
pub fn configured(server: &Server, ready_after: Duration) -> String {
    format!("  {}\n{}{}", server.config().server.title, addresses(server), ready(ready_after))
}

fn addresses(server: &Server) -> String {
    let mut text = String::new();
    let of = |transport: Transport| {
        let addresses = server.listeners.iter().filter(|(kind, _)| *kind == transport);
        addresses.map(|(_, address)| address.to_string()).collect::<Vec<_>>().join(", ")
    };
    let _ = writeln!(text, "  SIP          udp {} · tcp {}", of(Transport::Udp), of(Transport::Tcp));
    let _ = writeln!(text, "  Live page    http://{}/live", server.http);
    let metrics = server.config().metrics.listen.unwrap_or(server.http);
    let _ = writeln!(text, "  Metrics      http://{metrics}/metrics · /healthz · /readyz");
    let data =
        server.database().map_or_else(|| "in memory, gone at exit".to_owned(), |file| file.display().to_string());
    let _ = writeln!(text, "  Data         {data}");
    text
}

fn softphones(config: &Config) -> String {
    let is_agent = |user: &str| config.agents.iter().any(|agent| agent.device == user);
    let phones = config.devices.iter().filter(|device| !is_agent(&device.user));
    phones.map(|device| format!("{}/{}", device.user, device.password.reveal())).collect::<Vec<_>>().join(" · ")
}

fn agents(config: &Config) -> String {
    let account = |at: usize| {
        let agent = config.agents.get(at)?;
        let device = config.device(&agent.device)?;
        Some(format!("{}/{}", device.user, device.password.reveal()))
    };
    match (account(0), config.agents.len().checked_sub(1).and_then(account)) {
        (Some(first), Some(last)) => format!("{first} to {last}; registering logs in"),
        _ => "none".to_owned(),
    }
}

fn numbers(config: &Config) -> String {
    let line = |number: &crate::config::Number| {
        let what = match &number.target {
            NumberTarget::Flow(_) | NumberTarget::Queue(_) | NumberTarget::Agent(_) => number.title.clone(),
            NumberTarget::Builtin(_) => number.title.to_lowercase(),
        };
        format!("{} {what}", number.number.reveal())
    };
    config.numbers.iter().map(line).collect::<Vec<_>>().join(" · ")
}

fn ready(after: Duration) -> String {
    format!("  Ready in {:.2} s. Ctrl-C to stop.\n", after.as_secs_f64())
}

/// Lines in a frame. Every line is plain ASCII but for `·`, so its width is its number of characters.
fn boxed(lines: &[String]) -> String {
    let width = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    let bar = "─".repeat(width + 2);
    let mut text = format!("  ┌{bar}┐\n");
    for line in lines {
        let pad = " ".repeat(width - line.chars().count());
        let _ = writeln!(text, "  │ {line}{pad} │");
    }
    text + &format!("  └{bar}┘\n")
}
