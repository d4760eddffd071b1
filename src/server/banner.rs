//! What the server prints when it is ready: addresses, numbers to dial, test accounts, pages. Only ever written for
//! people; programs ask `/readyz`.

use std::time::Duration;

use super::frame::{Row, framed};
use super::server::Server;
use crate::config::{Config, Number, NumberTarget};
use crate::sip::Transport;

/// The text for a server that runs on the built-in development configuration.
#[must_use]
pub fn development(server: &Server, demo: bool, ready_after: Duration) -> String {
    let config = server.config();
    let advice = [
        "No configuration was given: it listens on loopback only, with the test accounts below.",
        "This centre as a file to change: config/development.toml; thirdring serve --config FILE runs it.",
        if demo {
            "The demo's own phones are on the agents' accounts, and callers come as from the carrier."
        } else {
            "To see it busy: thirdring --demo"
        },
    ];
    let sections = [advice.map(Row::sentence).to_vec(), addresses(server), to_dial(config), accounts(config)];
    framed("Thirdring · DEVELOPMENT", &sections) + &ready(ready_after)
}

/// The text for a configured server: whose passwords are not ours to print.
#[must_use]
pub fn configured(server: &Server, ready_after: Duration) -> String {
    let config = server.config();
    let title = match config.server.title.as_str() {
        "" => "Thirdring",
        title => title,
    };
    framed(title, &[addresses(server), to_dial(config)]) + &ready(ready_after)
}

fn addresses(server: &Server) -> Vec<Row> {
    let of = |(transport, address): &(Transport, _)| match transport {
        Transport::Udp => format!("udp {address}"),
        Transport::Tcp => format!("tcp {address}"),
    };
    let media = &server.config().media;
    let metrics = server.config().metrics.listen.unwrap_or(server.http);
    let data =
        server.database().map_or_else(|| "in memory, gone at exit".to_owned(), |file| file.display().to_string());
    vec![
        Row::new("SIP", server.listeners.iter().map(of)),
        Row::new("Audio", [format!("udp {}:{} to {}", media.address, media.port_first, media.port_last)]),
        Row::new("Live page", [format!("http://{}/live", server.http)]),
        Row::new("Metrics", [format!("http://{metrics}/metrics"), "/healthz".to_owned(), "/readyz".to_owned()]),
        Row::new("Data", [data]),
    ]
}

/// Numbers with what answers them, then the codes of agents.
fn to_dial(config: &Config) -> Vec<Row> {
    let number = |number: &Number| {
        let title = match &number.target {
            NumberTarget::Flow(_) | NumberTarget::Queue(_) | NumberTarget::Agent(_) => number.title.clone(),
            NumberTarget::Builtin(_) => number.title.to_lowercase(),
        };
        let number = number.number.reveal();
        // Without a title of its own a number is its title.
        if title == number { title } else { format!("{number} {title}") }
    };
    let codes = config.feature_codes.named().map(|(name, code)| format!("{code} {name}"));
    let codes = codes.into_iter().filter(|code| code.starts_with(['*', '#']));
    let rows = [Row::new("Dial", config.numbers.iter().map(number)), Row::new("Agents dial", codes)];
    if config.numbers.is_empty() { rows.into_iter().skip(1).collect() } else { rows.to_vec() }
}

/// User and password of the test phones.
fn accounts(config: &Config) -> Vec<Row> {
    let is_agent = |user: &str| config.agents.iter().any(|agent| agent.device == user);
    let account = |device: &crate::config::Device| format!("{}/{}", device.user, device.password.reveal());
    let phones = config.devices.iter().filter(|device| !is_agent(&device.user)).map(account);
    let agent = |at: usize| config.agents.get(at).and_then(|agent| config.device(&agent.device)).map(account);
    let agents = match (agent(0), config.agents.len().checked_sub(1).and_then(agent)) {
        (Some(first), Some(last)) => vec![format!("{first} to {last}"), "registering logs in".to_owned()],
        _ => vec!["none".to_owned()],
    };
    vec![Row::new("Softphones", phones), Row::new("Agents", agents)]
}

fn ready(after: Duration) -> String {
    format!("  Ready in {:.2} s. Ctrl-C to stop.\n", after.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_development_centre_tells_numbers_and_accounts() {
        let config = Config::development();
        let text = framed("Thirdring", &[to_dial(&config), accounts(&config)]);
        for words in [
            "1300 우편고객센터",
            "1400 City help line",
            "9196 echo",
            "*11 login",
            "1001/dev1001",
            "201/dev201 to 228/dev228",
        ] {
            assert!(text.contains(words), "no '{words}':\n{text}");
        }
    }
}
