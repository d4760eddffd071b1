//! Agents seen and asked: their tiles, and the four wishes a supervisor or a desk may have. Decides nothing: the
//! centre answers, and only a plain value goes in.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::error::Problem;
use super::router::{Asked, Shared};
use crate::center::admin::{AdminCommand, AdminError, AdminReply};
use crate::center::board::{AgentTile, Board};

/// `GET /api/v1/agents`.
pub(super) async fn list(State(shared): State<Arc<Shared>>) -> Json<serde_json::Value> {
    let board = Arc::clone(&shared.board.borrow());
    let agents: Vec<&AgentTile> = board.agents.iter().collect();
    Json(serde_json::json!({ "seq": board.seq, "unix_ms": board.unix_ms, "agents": agents }))
}

/// What an agent's new state is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Done {
    agent: String,
    state: &'static str,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PauseBody {
    reason: String,
}

/// `POST /api/v1/agents/{name}/{wish}`.
pub(super) async fn change(
    State(shared): State<Arc<Shared>>,
    Path((agent, wish)): Path<(String, String)>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Done>, Problem> {
    let body = body?;
    let command = command_of(&wish, agent.clone(), &body)?;
    match ask(&shared, command).await? {
        AdminReply::Agent { agent, state, reason } => Ok(Json(Done { agent, state: state.word(), reason })),
        _ => Err(Problem::busy()),
    }
}

/// `POST /api/v1/flows/reload`.
pub(super) async fn reload(
    State(shared): State<Arc<Shared>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<serde_json::Value>, Problem> {
    body?;
    match ask(&shared, AdminCommand::ReloadFlows).await? {
        AdminReply::FlowsReloaded { flows, warnings } => {
            Ok(Json(serde_json::json!({ "flows": flows, "warnings": warnings })))
        }
        _ => Err(Problem::busy()),
    }
}

fn command_of(wish: &str, agent: String, body: &[u8]) -> Result<AdminCommand, Problem> {
    match wish {
        "login" => Ok(AdminCommand::AgentLogIn { agent }),
        "logout" => Ok(AdminCommand::AgentLogOut { agent }),
        "resume" => Ok(AdminCommand::AgentResume { agent }),
        "pause" => Ok(AdminCommand::AgentPause { agent, reason: pause_reason(body)? }),
        _ => Err(Problem::new(
            StatusCode::NOT_FOUND,
            "unknown_wish",
            "Not something an agent can be asked",
            format!("an agent cannot {wish:?}"),
        )
        .hint("login, logout, pause and resume are known")),
    }
}

fn pause_reason(body: &[u8]) -> Result<String, Problem> {
    let example = "send JSON such as {\"reason\": \"lunch\"}";
    let body: PauseBody =
        serde_json::from_slice(body).map_err(|error| Problem::bad_value("reason", error.to_string()).hint(example))?;
    let reason = body.reason.trim();
    if reason.is_empty() {
        return Err(Problem::bad_value("reason", "the reason is empty").hint(example));
    }
    if reason.chars().count() > REASON_CHARS_MAX || reason.chars().any(char::is_control) {
        let detail = format!("a reason is one line of at most {REASON_CHARS_MAX} characters");
        return Err(Problem::bad_value("reason", detail));
    }
    Ok(reason.to_owned())
}

/// Asks the centre and waits, not for ever, for its answer.
pub(super) async fn ask(shared: &Shared, command: AdminCommand) -> Result<AdminReply, Problem> {
    let (reply, answer) = oneshot::channel();
    shared.commands.try_send(Asked { command, reply }).map_err(|_| Problem::busy())?;
    match tokio::time::timeout(ANSWER_PATIENCE, answer).await {
        Ok(Ok(Ok(reply))) => Ok(reply),
        Ok(Ok(Err(AdminError::UnknownAgent { agent }))) => Err(unknown(&agent, &shared.board.borrow())),
        Ok(Ok(Err(error))) => Err(error.into()),
        Ok(Err(_)) => Err(AdminError::Stopping.into()),
        Err(_) => Err(Problem::busy()),
    }
}

fn unknown(agent: &str, board: &Board) -> Problem {
    Problem::unknown_agent(agent, board.agents.iter().map(|tile| tile.name.as_str()))
}

/// The centre answers in a millisecond; a reload reads and checks files.
const ANSWER_PATIENCE: Duration = Duration::from_secs(5);

/// A reason fits on a tile.
const REASON_CHARS_MAX: usize = 40;
