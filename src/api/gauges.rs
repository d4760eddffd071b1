//! The live numbers as gauges, written at each scrape from the latest board: nothing is counted here, so a gauge
//! can never drift from the live page.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;

use super::plumbing::Plumbing;
use super::series::DIRECTIONS;
use crate::center::board::{Board, QueueTile};
use crate::center::event::AgentWord;
use crate::model::CallDirection;

/// The latest picture of everything that is not counted from events.
#[derive(Debug)]
pub(super) struct Latest {
    version: String,
    reload_failed: AtomicBool,
    picture: Mutex<Picture>,
}

#[derive(Clone, Debug, Default)]
struct Picture {
    board: Arc<Board>,
    plumbing: Arc<Plumbing>,
    now_unix_ms: i64,
    live_clients: usize,
}

impl Latest {
    pub(super) fn new(version: String) -> Latest {
        Latest { version, reload_failed: AtomicBool::new(false), picture: Mutex::default() }
    }

    pub(super) fn set_board(&self, board: Arc<Board>, now_unix_ms: i64, live_clients: usize) {
        let mut picture = self.picture.lock().unwrap_or_else(PoisonError::into_inner);
        *picture = Picture { board, now_unix_ms, live_clients, plumbing: Arc::clone(&picture.plumbing) };
    }

    pub(super) fn set_plumbing(&self, plumbing: Plumbing) {
        self.picture.lock().unwrap_or_else(PoisonError::into_inner).plumbing = Arc::new(plumbing);
    }

    pub(super) fn set_reload(&self, ok: bool) {
        self.reload_failed.store(!ok, Ordering::Relaxed);
    }
}

impl Collector for Latest {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let picture = self.picture.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let encoder = &mut encoder;
        encode_house(encoder, &picture)?;
        encode_queues(encoder, &picture)?;
        encode_agents(encoder, &picture.board)?;
        picture.plumbing.encode(encoder, picture.now_unix_ms)?;
        let reloaded = f64::from(u8::from(!self.reload_failed.load(Ordering::Relaxed)));
        alone(encoder, "config_last_reload_success", "Whether the last reload of flows was taken", reloaded)?;
        let build = Info::new([("version", self.version.clone())]);
        let metric = encoder.encode_descriptor("build", "This program.", None, MetricType::Info)?;
        build.encode(metric)
    }
}

fn encode_house(encoder: &mut DescriptorEncoder<'_>, picture: &Picture) -> std::fmt::Result {
    let board = &picture.board;
    let calls = CallDirection::ALL.into_iter().zip(board.calls_by_direction);
    let calls = calls.map(|(direction, calls)| ([("direction", direction.word())], calls as f64));
    gauges(encoder, "calls_active", &format!("Calls now; {DIRECTIONS}"), calls)?;
    alone(encoder, "legs_active", "Legs of calls now", board.legs_active as f64)?;
    alone(encoder, "registrations_active", "Phones registered now", board.registrations as f64)?;
    alone(encoder, "draining", "Whether new calls are refused because the server stops", f64::from(board.draining))?;
    alone(encoder, "live_clients", "Pages that watch the live numbers", picture.live_clients as f64)
}

fn encode_queues(encoder: &mut DescriptorEncoder<'_>, picture: &Picture) -> std::fmt::Result {
    let board = &picture.board;
    let mut queues = |name: &str, help: &str, value: &dyn Fn(&QueueTile) -> Option<f64>| {
        let series = board.queues.iter().filter_map(|queue| Some(([("queue", queue.name.as_str())], value(queue)?)));
        gauges(encoder, name, help, series)
    };
    queues("queue_waiting", "Callers who wait now", &|queue| Some(queue.waiting.len() as f64))?;
    queues("queue_oldest_wait_seconds", "Age of the oldest waiting caller, 0 when nobody waits", &|queue| {
        let age_ms = queue.oldest_since_ms.map_or(0, |since| picture.now_unix_ms.saturating_sub(since).max(0));
        Some(age_ms as f64 / 1_000.0)
    })?;
    queues("queue_expected_wait_seconds", "What a new caller would be told; absent while unknown", &|queue| {
        queue.expected_wait_ms.map(|wait| wait as f64 / 1_000.0)
    })?;
    queues("queue_open", "Whether the queue takes callers", &|_| Some(f64::from(!board.draining)))?;
    queues("queue_sla_target_ratio", "Promised share of calls within the threshold", &|queue| {
        Some(queue.target_ratio)
    })?;
    queues("queue_sla_threshold_seconds", "Promised time to answer", &|queue| Some(queue.target_ms as f64 / 1_000.0))
}

/// Agents by queue and state; an agent of two queues appears in both, and once in `_all`.
fn encode_agents(encoder: &mut DescriptorEncoder<'_>, board: &Board) -> std::fmt::Result {
    let mut series = Vec::new();
    for (at, state) in AgentWord::ALL.into_iter().enumerate() {
        for queue in &board.queues {
            series.push(([("queue", queue.name.as_str()), ("state", state.word())], queue.agents_by_state[at].into()));
        }
        let all = board.agents.iter().filter(|agent| agent.state == state).count();
        series.push(([("queue", "_all"), ("state", state.word())], all as f64));
    }
    gauges(encoder, "agents", "Agents by state", series)
}

/// One gauge without labels.
pub(super) fn alone(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: f64) -> std::fmt::Result {
    let metric = encoder.encode_descriptor(name, &format!("{help}."), None, MetricType::Gauge)?;
    ConstGauge::new(value).encode(metric)
}

/// One family of gauges with its series.
pub(super) fn gauges<L: EncodeLabelSet>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    series: impl IntoIterator<Item = (L, f64)>,
) -> std::fmt::Result {
    let mut family = encoder.encode_descriptor(name, &format!("{help}."), None, MetricType::Gauge)?;
    for (labels, value) in series {
        ConstGauge::new(value).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

/// One family of counters with its series.
pub(super) fn counters<L: EncodeLabelSet>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    series: impl IntoIterator<Item = (L, u64)>,
) -> std::fmt::Result {
    let mut family = encoder.encode_descriptor(name, &format!("{help}."), None, MetricType::Counter)?;
    for (labels, value) in series {
        ConstCounter::new(value).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}
