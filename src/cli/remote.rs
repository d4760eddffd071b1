//! A running server asked over its HTTP interface: one request, and a refusal in the server's own words.

use std::process::ExitCode;

use clap::Args;

/// Which server, and who asks.
#[derive(Debug, Args)]
pub struct Remote {
    /// Where the server's HTTP interface is
    #[arg(long, default_value = "http://127.0.0.1:8080", global = true, value_name = "URL")]
    pub server: String,
    /// User and password where the interface asks for them, as USER:PASSWORD
    #[arg(long, global = true, env = "THIRDRING_HTTP", hide_env_values = true)]
    pub credentials: Option<String>,
}

/// One request, a POST when there is a body.
///
/// # Errors
/// That nobody answers, or a refusal's own words.
pub fn ask(remote: &Remote, path: &str, body: Option<String>) -> Result<String, String> {
    let url = format!("{}{path}", remote.server.trim_end_matches('/'));
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(std::time::Duration::from_secs(10)))
        .http_status_as_error(false)
        .build()
        .into();
    let authorization = remote.credentials.as_deref().map(|plain| format!("Basic {}", super::basic::encode(plain)));
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
        format!("cannot reach the server at {}: {error}\n  help: start it, or name it with --server", remote.server)
    })?;
    let status = answer.status();
    let text = answer.body_mut().read_to_string().map_err(|error| error.to_string())?;
    if status.is_success() { Ok(text) } else { Err(problem(status.as_u16(), &text)) }
}

/// The end of such a command: what it shows and code 0, or why not and code 1.
pub fn end(shown: Result<String, String>) -> ExitCode {
    match shown {
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

/// RFC 9457 in one or two lines.
fn problem(status: u16, text: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let word = |key: &str| value.get(key).and_then(|v| v.as_str()).unwrap_or("").to_owned();
    let (detail, hint) = (word("detail"), word("hint"));
    let detail = if detail.is_empty() { format!("the server answered {status}") } else { detail };
    if hint.is_empty() { detail } else { format!("{detail}\n  help: {hint}") }
}
