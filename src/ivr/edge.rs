//! The ways out of a step, each with its reason: what checks follow and graphs draw.
//! Never follows one itself.

use super::flow::{Link, Node, Queue, Step};
use crate::model::Digit;

/// Why a call goes along a link.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// A key was pressed; `own` when the node itself names it.
    Key {
        digit: Digit,
        own: bool,
    },
    /// The step is done.
    Next,
    Open,
    Closed,
    Found,
    Missing,
    Then,
    Else,
    /// The step itself went wrong.
    OnError,
    /// Nobody answered, or the step was visited too often.
    OnFail,
    /// A waiting caller is offered a callback.
    Offer,
    /// A waiting caller is asked what to do.
    MaxWait,
    /// The queue is closed.
    QueueClosed,
    /// The queue takes nobody more.
    QueueFull,
}

impl Edge {
    /// The word beside the arrow.
    #[must_use]
    pub fn word(self) -> String {
        match self {
            Edge::Key { digit, .. } => digit.key().to_string(),
            Edge::Next => String::new(),
            Edge::Open => "open".to_owned(),
            Edge::Closed | Edge::QueueClosed => "closed".to_owned(),
            Edge::Found => "found".to_owned(),
            Edge::Missing => "missing".to_owned(),
            Edge::Then => "yes".to_owned(),
            Edge::Else => "no".to_owned(),
            Edge::OnError => "error".to_owned(),
            Edge::OnFail => "no answer".to_owned(),
            Edge::Offer => "offer".to_owned(),
            Edge::MaxWait => "long wait".to_owned(),
            Edge::QueueFull => "full".to_owned(),
        }
    }

    /// Whether a caller who does nothing at all may come along it, waiting in a queue aside.
    #[must_use]
    pub fn is_automatic(self) -> bool {
        !matches!(self, Edge::Key { .. } | Edge::Offer | Edge::MaxWait | Edge::QueueClosed | Edge::QueueFull)
    }
}

impl Node {
    /// Every way out, keys first.
    #[must_use]
    pub fn edges(&self) -> Vec<(Edge, &Link)> {
        let mut edges: Vec<(Edge, &Link)> =
            self.keys.iter().map(|key| (Edge::Key { digit: key.digit, own: key.own }, &key.link)).collect();
        let mut needs_on_fail = self.visits_max.is_some() || self.asks();
        match &self.step {
            Step::Hours { open, closed, .. } => edges.extend([(Edge::Open, open), (Edge::Closed, closed)]),
            Step::Play { next, .. } => edges.push((Edge::Next, next)),
            Step::Collect(collect) => edges.push((Edge::Next, &collect.next)),
            Step::If { then, otherwise, .. } => edges.extend([(Edge::Then, then), (Edge::Else, otherwise)]),
            Step::Http { found, missing, on_error, .. } => {
                edges.extend([(Edge::Found, found), (Edge::Missing, missing)]);
                needs_on_fail |= error_edge(&mut edges, on_error.as_ref());
            }
            Step::Record(record) => {
                edges.push((Edge::Next, &record.next));
                needs_on_fail |= error_edge(&mut edges, record.on_error.as_ref());
            }
            Step::Callback { next, on_error, .. } | Step::Message { next, on_error, .. } => {
                edges.push((Edge::Next, next));
                needs_on_fail |= error_edge(&mut edges, on_error.as_ref());
            }
            Step::Transfer { on_error, .. } => needs_on_fail |= error_edge(&mut edges, on_error.as_ref()),
            Step::Queue(queue) => needs_on_fail |= queue_edges(&mut edges, queue),
            Step::Menu | Step::Hangup => {}
        }
        if needs_on_fail && let Some(link) = &self.on_fail {
            edges.push((Edge::OnFail, link));
        }
        edges
    }
}

/// Adds the step's own error edge; true when it has none and `on_fail` stands in.
fn error_edge<'n>(edges: &mut Vec<(Edge, &'n Link)>, on_error: Option<&'n Link>) -> bool {
    edges.extend(on_error.map(|link| (Edge::OnError, link)));
    on_error.is_none()
}

fn queue_edges<'n>(edges: &mut Vec<(Edge, &'n Link)>, queue: &'n Queue) -> bool {
    let ways = [
        (Edge::Offer, &queue.on_offer),
        (Edge::MaxWait, &queue.on_max_wait),
        (Edge::QueueClosed, &queue.on_closed),
        (Edge::QueueFull, &queue.on_full),
    ];
    edges.extend(ways.into_iter().filter_map(|(edge, link)| Some((edge, link.as_ref()?))));
    let closes = queue.hours.is_some() && queue.on_closed.is_none();
    let overflows = queue.on_full.is_none() && queue.on_max_wait.is_none();
    closes || overflows
}
