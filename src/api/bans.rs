//! Addresses that are not listened to for guessing passwords: seen, and listened to again. Decides nothing.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};

use super::agents::ask;
use super::error::Problem;
use super::router::Shared;
use crate::center::admin::{AdminCommand, AdminReply, BannedSource};

/// `GET /api/v1/bans`.
pub(super) async fn list(State(shared): State<Arc<Shared>>) -> Result<Json<serde_json::Value>, Problem> {
    ask(&shared, AdminCommand::Bans).await.and_then(shown_bans)
}

/// `POST /api/v1/bans/{source}/lift`.
pub(super) async fn lift(
    State(shared): State<Arc<Shared>>,
    Path(source): Path<String>,
) -> Result<Json<serde_json::Value>, Problem> {
    let source = source.parse().map_err(|_| Problem::bad_value("source", format!("{source:?} is no IP address")))?;
    ask(&shared, AdminCommand::LiftBan { source }).await.and_then(shown_bans)
}

fn shown_bans(reply: AdminReply) -> Result<Json<serde_json::Value>, Problem> {
    let AdminReply::Bans { bans } = reply else { return Err(Problem::busy()) };
    let shown = |ban: &BannedSource| {
        serde_json::json!({
            "source": ban.source.to_string(), "since_ms": ban.since_ms, "until_ms": ban.until_ms,
            "dropped": ban.dropped,
        })
    };
    Ok(Json(serde_json::json!({ "bans": bans.iter().map(shown).collect::<Vec<_>>() })))
}
