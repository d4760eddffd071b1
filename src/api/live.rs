//! The live stream: a snapshot, then what changes, at most five times a second, and a heartbeat that tells the page
//! how fresh it is. A screen that cannot keep up skips pictures, it never delays another. Sends, receives nothing.
//! Server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_core::Stream;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::error::Problem;
use super::router::{Shared, unix_ms};
use super::wire::{Delta, Snapshot};
use crate::center::board::Board;

/// Counts the screens and shares what they are told: every change is serialized once, however many watch.
#[derive(Debug, Default)]
pub(super) struct Screens {
    count: AtomicUsize,
    /// The last few texts with the step they tell.
    told: Mutex<VecDeque<(Step, Arc<str>)>>,
}

/// From one picture to another; from nothing to a first one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    from: Option<u64>,
    to: u64,
}

/// One screen's place, given back when the stream ends.
struct Seat(Arc<Screens>);

impl Screens {
    /// How many watch now.
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    fn take_seat(self: &Arc<Self>) -> Option<Seat> {
        self.count
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| (count < SCREENS_MAX).then_some(count + 1))
            .ok()
            .map(|_| Seat(Arc::clone(self)))
    }

    /// The text of this step: kept when another screen has just asked for it.
    fn text(&self, step: Step, make: impl FnOnce() -> String) -> Arc<str> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, text)) = told.iter().find(|(known, _)| *known == step) {
            return Arc::clone(text);
        }
        let text: Arc<str> = make().into();
        told.push_back((step, Arc::clone(&text)));
        if told.len() > STEPS_KEPT {
            told.pop_front();
        }
        text
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::Relaxed);
    }
}

/// `GET /api/v1/live`.
pub(super) async fn live(State(shared): State<Arc<Shared>>) -> Response {
    let Some(seat) = shared.screens.take_seat() else {
        let detail = format!("{SCREENS_MAX} screens watch already");
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_screens", "Too many screens", detail)
            .hint("close some live pages")
            .retry_after(10)
            .into_response();
    };
    let (sender, receiver) = mpsc::channel(EVENTS_AHEAD);
    let board = shared.board.clone();
    tokio::spawn(async move {
        // Ends when the page has gone, or when the server stops and no more boards come.
        let _ = tell(&shared, board, &sender).await;
        drop(seat);
    });
    let mut response = Sse::new(Told(receiver)).into_response();
    // A proxy that collects the stream into large pieces would make every screen look stale.
    response.headers_mut().insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}

/// The page has gone, or the server stops.
struct Over;

async fn tell(
    shared: &Shared,
    mut board: watch::Receiver<Arc<Board>>,
    screen: &mpsc::Sender<Event>,
) -> Result<(), Over> {
    let mut shown = Arc::clone(&board.borrow_and_update());
    send(screen, snapshot(shared, &shown)).await?;
    send(screen, heartbeat()).await?;
    let mut next_heartbeat = Instant::now() + HEARTBEAT;
    let mut next_change = Instant::now() + CHANGE_MIN;
    loop {
        let now = tokio::select! {
            biased;
            () = tokio::time::sleep_until(next_heartbeat) => {
                send(screen, heartbeat()).await?;
                next_heartbeat = Instant::now() + HEARTBEAT;
                continue;
            }
            () = screen.closed() => return Err(Over),
            now = changed(&mut board, next_change) => now?,
        };
        if *now == *shown {
            continue;
        }
        let event = match Delta::between(&shown, &now) {
            Some(delta) => {
                let step = Step { from: Some(delta.from), to: delta.seq };
                let text = shared.screens.text(step, || json(&delta));
                Event::default().event("delta").id(now.seq.to_string()).data(text)
            }
            None => snapshot(shared, &now),
        };
        send(screen, event).await?;
        shown = now;
        next_change = Instant::now() + CHANGE_MIN;
    }
}

/// The next board, not before `earliest`. Safe to drop half-way: nothing is taken before it returns.
async fn changed(board: &mut watch::Receiver<Arc<Board>>, earliest: Instant) -> Result<Arc<Board>, Over> {
    tokio::time::sleep_until(earliest).await;
    board.changed().await.map_err(|_| Over)?;
    Ok(Arc::clone(&board.borrow_and_update()))
}

async fn send(screen: &mpsc::Sender<Event>, event: Event) -> Result<(), Over> {
    screen.send(event).await.map_err(|_| Over)
}

fn snapshot(shared: &Shared, board: &Board) -> Event {
    let step = Step { from: None, to: board.seq };
    let text = shared.screens.text(step, || json(&Snapshot::of(board, &shared.title, &shared.timezone)));
    Event::default().event("snapshot").id(board.seq.to_string()).data(text)
}

fn heartbeat() -> Event {
    Event::default().event("heartbeat").data(format!("{{\"unix_ms\":{}}}", unix_ms()))
}

fn json(value: &impl serde::Serialize) -> String {
    // Tiles are plain values with text keys, which always have a JSON form.
    serde_json::to_string(value).unwrap_or_else(|_| "{}".to_owned())
}

/// The stream's receiving end as the response body wants it.
struct Told(mpsc::Receiver<Event>);

impl Stream for Told {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|event| event.map(Ok))
    }
}

/// Screens at once: a large hall has fifty, every supervisor a page or two.
pub(super) const SCREENS_MAX: usize = 256;
/// Events that may wait for a slow screen; after that it skips pictures.
const EVENTS_AHEAD: usize = 4;
/// Texts kept for other screens: screens are at most a few pictures apart.
const STEPS_KEPT: usize = 8;
/// No screen changes more often.
const CHANGE_MIN: Duration = Duration::from_millis(200);
/// The page calls itself stale after five seconds, two lost heartbeats.
const HEARTBEAT: Duration = Duration::from_secs(2);
