//! Probes and the scrape: is it alive, may it have calls, what are its numbers. Says nothing personal.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::error::Problem;
use super::exposition::Format;
use super::router::{Shared, unix_ms};
use super::wire::Snapshot;

/// Whether new calls are welcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Readiness {
    #[default]
    Starting,
    Ready,
    /// Running calls may finish, new ones are refused.
    Draining,
}

/// `GET /healthz`: the process answers.
pub(super) async fn healthz() -> Json<serde_json::Value> {
    Json(serde_json::json!({ "status": "alive", "version": env!("CARGO_PKG_VERSION") }))
}

/// `GET /readyz`: 503 while starting or draining.
pub(super) async fn readyz(State(shared): State<Arc<Shared>>) -> Response {
    let not_ready = |code, detail: &str| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, "Not ready for calls", detail).into_response()
    };
    // A server that is gone without saying so takes no calls either.
    let readiness =
        if shared.readiness.has_changed().is_err() { Readiness::Draining } else { *shared.readiness.borrow() };
    match readiness {
        Readiness::Ready => Json(serde_json::json!({ "status": "ready" })).into_response(),
        Readiness::Starting => not_ready("starting", "the server is starting"),
        Readiness::Draining => not_ready("draining", "the server finishes its calls and takes no new ones"),
    }
}

/// `GET /metrics`, in the format the scraper prefers.
pub(super) async fn metrics(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> impl IntoResponse {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let format = Format::accepted(accept);
    let board = Arc::clone(&shared.board.borrow());
    let text = shared.metrics.encode(&board, unix_ms(), shared.screens.count(), format);
    ([(header::CONTENT_TYPE, format.content_type())], text)
}

/// `GET /api/v1/board`: what the live page shows, once.
pub(super) async fn board(State(shared): State<Arc<Shared>>) -> Response {
    let board = Arc::clone(&shared.board.borrow());
    Json(Snapshot::of(&board, &shared.title, &shared.timezone)).into_response()
}
