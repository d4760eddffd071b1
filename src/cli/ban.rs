//! `thirdring ban`: which addresses are not listened to for guessing passwords, and listening to one again, over the
//! running server's HTTP interface. Knows the interface, not the server.

use std::net::IpAddr;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::remote::{Remote, ask, end};

/// What to do with bans.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub remote: Remote,
    #[command(subcommand)]
    pub wish: Wish,
}

/// One wish.
#[derive(Debug, Subcommand)]
pub enum Wish {
    /// Lists the addresses that are not listened to, until when, and what they have sent since
    List,
    /// Listens to an address again
    Lift {
        /// As `list` shows it
        source: IpAddr,
    },
}

/// Runs the command. Exit code 0 when it was done, 1 when the server refused or was not there.
#[must_use]
pub fn run(arguments: &Arguments) -> ExitCode {
    let answer = match &arguments.wish {
        Wish::List => ask(&arguments.remote, "/api/v1/bans", None),
        Wish::Lift { source } => ask(&arguments.remote, &format!("/api/v1/bans/{source}/lift"), Some("{}".to_owned())),
    };
    end(answer.and_then(|answer| shown(&answer)))
}

fn shown(answer: &str) -> Result<String, String> {
    let value: serde_json::Value = serde_json::from_str(answer).map_err(|error| error.to_string())?;
    let bans = value.get("bans").and_then(|bans| bans.as_array()).cloned().unwrap_or_default();
    if bans.is_empty() {
        return Ok("nobody is banned\n".to_owned());
    }
    let mut rows = vec![["SOURCE", "SINCE", "UNTIL", "DROPPED"].map(str::to_owned)];
    let number = |ban: &serde_json::Value, key: &str| ban.get(key).and_then(serde_json::Value::as_i64).unwrap_or(0);
    let time = |ban: &serde_json::Value, key: &str| {
        jiff::Timestamp::from_millisecond(number(ban, key)).map(|at| at.to_string()).unwrap_or_default()
    };
    rows.extend(bans.iter().map(|ban| {
        let source = ban.get("source").and_then(|source| source.as_str()).unwrap_or("").to_owned();
        [source, time(ban, "since_ms"), time(ban, "until_ms"), number(ban, "dropped").to_string()]
    }));
    Ok(super::table::aligned(&rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bans_are_a_table_and_none_is_said() {
        assert_eq!(shown("{\"bans\":[]}").expect("JSON"), "nobody is banned\n");
        let one = r#"{"bans":[{"source":"203.0.113.7","since_ms":0,"until_ms":900000,"dropped":12}]}"#;
        let table = shown(one).expect("JSON");
        assert!(table.starts_with("SOURCE"), "{table}");
        let line = table.lines().nth(1).expect("one ban");
        assert!(line.starts_with("203.0.113.7  1970-01-01T00:00:00Z") && line.ends_with("12"), "{line}");
    }
}
