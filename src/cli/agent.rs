//! `thirdring agent`: who is there, and log in, log out, pause, resume, over the running server's HTTP interface.
//! Knows the interface, not the server.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::remote::{Remote, ask, end};

/// What to do with agents.
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
    /// Lists agents and their states
    List {
        /// JSON instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Logs an agent in
    Login {
        /// Name, extension or direct number, as `list` shows them
        agent: String,
    },
    /// Logs an agent out, after the call if there is one
    Logout {
        /// Name, extension or direct number
        agent: String,
    },
    /// Gives an agent a break, after the call if there is one
    Pause {
        /// Name, extension or direct number
        agent: String,
        /// A word of your own, shown on the live page: lunch, training
        #[arg(default_value = "break")]
        reason: String,
    },
    /// Brings an agent back from a break or from wrap-up
    Resume {
        /// Name, extension or direct number
        agent: String,
    },
}

/// Runs the command. Exit code 0 when it was done, 1 when the server refused or was not there.
#[must_use]
pub fn run(arguments: &Arguments) -> ExitCode {
    let asked = match &arguments.wish {
        Wish::List { json } => list(arguments, *json),
        Wish::Login { agent } => change(arguments, agent, "login", None),
        Wish::Logout { agent } => change(arguments, agent, "logout", None),
        Wish::Pause { agent, reason } => change(arguments, agent, "pause", Some(reason)),
        Wish::Resume { agent } => change(arguments, agent, "resume", None),
    };
    end(asked)
}

fn list(arguments: &Arguments, json: bool) -> Result<String, String> {
    let body = ask(&arguments.remote, "/api/v1/agents", None)?;
    if json {
        return Ok(body + "\n");
    }
    let value: serde_json::Value = serde_json::from_str(&body).map_err(|error| error.to_string())?;
    let agents = value.get("agents").and_then(|agents| agents.as_array()).cloned().unwrap_or_default();
    let text = |agent: &serde_json::Value, key: &str| agent.get(key).and_then(|v| v.as_str()).unwrap_or("").to_owned();
    let mut rows = vec![["AGENT", "NAME", "DEPARTMENT", "STATE", "REASON", "CALLER"].map(str::to_owned)];
    rows.extend(
        agents.iter().map(|agent| {
            ["name", "display_name", "department", "state", "reason", "caller"].map(|key| text(agent, key))
        }),
    );
    Ok(super::table::aligned(&rows))
}

fn change(arguments: &Arguments, agent: &str, wish: &str, reason: Option<&str>) -> Result<String, String> {
    let body = reason.map_or_else(|| "{}".to_owned(), |reason| serde_json::json!({ "reason": reason }).to_string());
    let answer = ask(&arguments.remote, &format!("/api/v1/agents/{agent}/{wish}"), Some(body))?;
    let value: serde_json::Value = serde_json::from_str(&answer).map_err(|error| error.to_string())?;
    let state = value.get("state").and_then(|state| state.as_str()).unwrap_or("unknown");
    let name = value.get("agent").and_then(|name| name.as_str()).unwrap_or(agent);
    let reason = match value.get("reason").and_then(|reason| reason.as_str()) {
        Some("no_phone") => " (no phone is registered)".to_owned(),
        Some(reason) if !reason.is_empty() => format!(" ({reason})"),
        _ => String::new(),
    };
    Ok(format!("{name} is {state}{reason}\n"))
}
