//! `thirdring agent`: who is there, and log in, log out, pause, resume, over the running server's HTTP interface.
//! Knows the interface, not the server.

use std::process::ExitCode;

use clap::{Args, Subcommand};

/// What to do with agents.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Where the server's HTTP interface is
    #[arg(long, default_value = "http://127.0.0.1:8080", global = true, value_name = "URL")]
    pub server: String,
    /// User and password where the interface asks for them, as USER:PASSWORD
    #[arg(long, global = true, env = "THIRDRING_HTTP", hide_env_values = true)]
    pub credentials: Option<String>,
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
    match asked {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn list(arguments: &Arguments, json: bool) -> Result<String, String> {
    let body = ask(arguments, "/api/v1/agents", None)?;
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
    let answer = ask(arguments, &format!("/api/v1/agents/{agent}/{wish}"), Some(body))?;
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

/// One request; a refusal's own words become the error.
fn ask(arguments: &Arguments, path: &str, body: Option<String>) -> Result<String, String> {
    let url = format!("{}{path}", arguments.server.trim_end_matches('/'));
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(std::time::Duration::from_secs(10)))
        .http_status_as_error(false)
        .build()
        .into();
    let authorization = arguments.credentials.as_deref().map(|plain| format!("Basic {}", super::basic::encode(plain)));
    let answer = match body {
        Some(body) => {
            let mut request = agent.post(&url).header("content-type", "application/json");
            if let Some(authorization) = &authorization {
                request = request.header("authorization", authorization);
            }
            request.send(body)
        }
        None => {
            let mut request = agent.get(&url);
            if let Some(authorization) = &authorization {
                request = request.header("authorization", authorization);
            }
            request.call()
        }
    };
    let mut answer = answer.map_err(|error| {
        format!("cannot reach the server at {}: {error}\n  help: start it, or name it with --server", arguments.server)
    })?;
    let status = answer.status();
    let text = answer.body_mut().read_to_string().map_err(|error| error.to_string())?;
    if status.is_success() { Ok(text) } else { Err(problem(status.as_u16(), &text)) }
}

/// RFC 9457 in one or two lines.
fn problem(status: u16, text: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let word = |key: &str| value.get(key).and_then(|v| v.as_str()).unwrap_or("").to_owned();
    let (detail, hint) = (word("detail"), word("hint"));
    let detail = if detail.is_empty() { format!("the server answered {status}") } else { detail };
    if hint.is_empty() { detail } else { format!("{detail}\n  help: {hint}") }
}
