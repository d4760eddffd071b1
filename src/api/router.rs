//! Which path goes where, what the handlers share, and the loop that serves. No handler holds a lock on a call's way.

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::DefaultBodyLimit;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware;
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};

use super::door::{Door, guard};
use super::error::Problem;
use super::health::{self, Readiness};
use super::live::{self, Screens};
use super::metrics::Metrics;
use super::{agents, bans, pages, records};
use crate::center::admin::{AdminCommand, AdminError, AdminReply};
use crate::center::board::Board;
use crate::store::Query;

/// Everything the API needs from the rest of the server.
pub struct Handles {
    /// What the centre is called on the live page.
    pub title: String,
    /// IANA name of the centre's time zone, such as `Asia/Seoul`; UTC when nobody knows that name.
    pub timezone: String,
    /// The latest board; when its sender is dropped, live streams end.
    pub board: watch::Receiver<Arc<Board>>,
    /// Where wishes go; a full channel answers 503.
    pub commands: mpsc::Sender<Asked>,
    pub metrics: Arc<Metrics>,
    pub readiness: watch::Receiver<Readiness>,
    pub query: Query,
    pub door: Door,
}

/// A wish on its way to the centre, with the place for its answer.
#[derive(Debug)]
pub struct Asked {
    pub command: AdminCommand,
    pub reply: oneshot::Sender<Result<AdminReply, AdminError>>,
}

/// What handlers share.
pub(super) struct Shared {
    pub(super) title: String,
    pub(super) timezone: String,
    pub(super) zone: jiff::tz::TimeZone,
    pub(super) board: watch::Receiver<Arc<Board>>,
    pub(super) commands: mpsc::Sender<Asked>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) readiness: watch::Receiver<Readiness>,
    pub(super) query: Query,
    pub(super) screens: Arc<Screens>,
}

/// All routes behind the door.
pub fn router(handles: Handles) -> axum::Router {
    routers(handles).0
}

/// All routes, and beside them only the probes and `/metrics`, for a listener of its own, which asks for no password.
pub fn routers(handles: Handles) -> (axum::Router, axum::Router) {
    let door = Arc::new(handles.door.clone());
    let open = Arc::new(Door { credentials: None, ..handles.door.clone() });
    let shared = Arc::new(Shared::of(handles));
    let probes = || {
        axum::Router::new()
            .route("/healthz", get(health::healthz))
            .route("/readyz", get(health::readyz))
            .route("/metrics", get(health::metrics))
    };
    let pages = axum::Router::new()
        .route("/", get(pages::root))
        .route("/live", get(pages::live_page))
        .route("/ui/{*name}", get(pages::piece))
        .route("/api/v1/board", get(health::board))
        .route("/api/v1/live", get(live::live))
        .route("/api/v1/agents", get(agents::list))
        .route("/api/v1/agents/{name}/{wish}", post(agents::change))
        .route("/api/v1/flows/reload", post(agents::reload))
        .route("/api/v1/bans", get(bans::list))
        .route("/api/v1/bans/{source}/lift", post(bans::lift))
        .route("/api/v1/cdrs", get(records::cdrs));
    let behind = |door: &Arc<Door>, routes: axum::Router<Arc<Shared>>| {
        routes
            .fallback(no_such_path)
            .method_not_allowed_fallback(no_such_method)
            .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
            .layer(middleware::from_fn_with_state(Arc::clone(door), guard))
            .with_state(Arc::clone(&shared))
    };
    (behind(&door, probes().merge(pages)), behind(&open, probes()))
}

impl Shared {
    fn of(handles: Handles) -> Shared {
        let zone = jiff::tz::TimeZone::get(&handles.timezone).unwrap_or(jiff::tz::TimeZone::UTC);
        Shared {
            title: handles.title,
            timezone: zone.iana_name().unwrap_or("UTC").to_owned(),
            zone,
            board: handles.board,
            commands: handles.commands,
            metrics: handles.metrics,
            readiness: handles.readiness,
            query: handles.query,
            screens: Arc::default(),
        }
    }
}

/// Serves until `shutdown` resolves, then lets running requests finish for a moment; live streams do not hold it up.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve(
    listener: TcpListener,
    router: axum::Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (stopping, stopped) = oneshot::channel::<()>();
    let listener = listener.tap_io(|stream| {
        // Small events must not wait for company.
        let _ = stream.set_nodelay(true);
    });
    let serving = axum::serve(listener, router).with_graceful_shutdown(async move {
        shutdown.await;
        drop(stopping);
    });
    tokio::select! {
        served = async { serving.await } => served,
        () = async {
            let _ = stopped.await;
            tokio::time::sleep(FINISH_PATIENCE).await;
        } => Ok(()),
    }
}

async fn no_such_path(uri: Uri) -> Problem {
    Problem::no_such_path(uri.path())
}

async fn no_such_method(method: Method, uri: Uri) -> Problem {
    let detail = format!("{} does not take {method}", uri.path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Not this method", detail)
        .hint("the Allow header names the methods of this path")
}

/// The clock that pages and scrapers are told: a shell's right.
pub(super) fn unix_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

/// Nothing that is sent here is larger than a reason for a break.
pub(super) const BODY_BYTES_MAX: usize = 64 * 1024;

/// How long running requests may finish when the server stops.
const FINISH_PATIENCE: Duration = Duration::from_secs(1);
