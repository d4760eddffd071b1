//! What the live page is told: the board with every share already computed, and what changed between two boards.
//! The only place where a board becomes JSON; a page never computes a key figure. It counts nothing itself.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::center::board::{AgentTile, Board, PromiseTile, QueueTile};
use crate::center::event::AgentWord;

/// The whole picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Snapshot<'b> {
    /// What the centre is called.
    pub title: &'b str,
    /// IANA name of the centre's time zone.
    pub timezone: &'b str,
    pub version: &'b str,
    pub seq: u64,
    /// When the picture was taken, milliseconds since the Unix epoch.
    pub unix_ms: i64,
    pub draining: bool,
    pub calls_active: usize,
    pub legs_active: usize,
    pub registrations: usize,
    pub totals: Totals,
    pub thresholds: Thresholds,
    pub queues: Vec<QueueView<'b>>,
    pub agents: Vec<&'b AgentTile>,
    pub promises: Vec<PromiseView<'b>>,
}

/// What changed since an earlier picture; lists hold whole tiles, and only those that changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Delta<'b> {
    /// The picture that this one builds on.
    pub from: u64,
    pub seq: u64,
    pub unix_ms: i64,
    pub draining: bool,
    pub calls_active: usize,
    pub legs_active: usize,
    pub registrations: usize,
    pub totals: Totals,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub queues: Vec<QueueView<'b>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<&'b AgentTile>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub promises: Vec<PromiseView<'b>>,
}

/// One queue with its shares, each none while there is nothing to divide by.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QueueView<'b> {
    #[serde(flatten)]
    pub tile: &'b QueueTile,
    #[serde(flatten)]
    pub shares: Shares,
}

/// One promise with the share of checks that were met, excused ones left out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PromiseView<'b> {
    #[serde(flatten)]
    pub tile: &'b PromiseTile,
    pub kept: Option<f64>,
}

/// The six cards, over all queues; an agent of two queues counts once.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Totals {
    pub waiting: usize,
    pub oldest_since_ms: Option<i64>,
    pub talking: usize,
    pub ready: usize,
    pub answered: u64,
    pub abandoned: u64,
    pub entered: u64,
    #[serde(flatten)]
    pub shares: Shares,
    /// The promise of the queues, when they all promise the same.
    pub target_ms: Option<u64>,
    pub target_ratio: Option<f64>,
    pub max_wait_ms: Option<u64>,
}

/// The shares of today, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Shares {
    /// Answered within the threshold of those answered or lost, short abandons left out.
    pub service_level: Option<f64>,
    /// Answered of all who asked for an agent and no longer wait.
    pub answer_rate: Option<f64>,
    /// Gave up, short abandons left out.
    pub abandon_rate: Option<f64>,
}

/// Where a number turns amber and red: said once here, drawn by the page.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Thresholds {
    /// Oldest wait: amber from here; red from the queue's own longest wait.
    pub wait_amber_ms: u64,
    /// Waiting callers: amber above the ready agents, red above this many times the ready agents plus three.
    pub waiting_red_factor: u32,
    pub service_level_green: f64,
    pub service_level_red: f64,
    pub answer_rate_green: f64,
    pub answer_rate_red: f64,
    pub abandon_rate_green: f64,
    pub abandon_rate_red: f64,
    pub promise_green: f64,
    pub promise_red: f64,
    pub long_call_amber_ms: u64,
    pub long_call_red_ms: u64,
    pub misses_red: u32,
}

/// The thresholds of the wallboard: the employer's published 88 % and 95 %, the charter's three minutes, and the
/// recommended call length of fifteen and twenty minutes.
pub const THRESHOLDS: Thresholds = Thresholds {
    wait_amber_ms: 30_000,
    waiting_red_factor: 3,
    service_level_green: 0.88,
    service_level_red: 0.80,
    answer_rate_green: 0.95,
    answer_rate_red: 0.90,
    abandon_rate_green: 0.05,
    abandon_rate_red: 0.08,
    promise_green: 0.95,
    promise_red: 0.90,
    long_call_amber_ms: 15 * 60_000,
    long_call_red_ms: 20 * 60_000,
    misses_red: 3,
};

impl<'b> Snapshot<'b> {
    /// The whole board of the centre called `title`.
    #[must_use]
    pub fn of(board: &'b Board, title: &'b str, timezone: &'b str) -> Snapshot<'b> {
        Snapshot {
            title,
            timezone,
            version: env!("CARGO_PKG_VERSION"),
            seq: board.seq,
            unix_ms: board.unix_ms,
            draining: board.draining,
            calls_active: board.calls_active,
            legs_active: board.legs_active,
            registrations: board.registrations,
            totals: Totals::of(board),
            thresholds: THRESHOLDS,
            queues: board.queues.iter().map(QueueView::of).collect(),
            agents: board.agents.iter().collect(),
            promises: board.promises.iter().map(PromiseView::of).collect(),
        }
    }
}

impl<'b> Delta<'b> {
    /// What `now` shows that `before` did not; nothing when a tile came or went, which needs a whole snapshot.
    #[must_use]
    pub fn between(before: &Board, now: &'b Board) -> Option<Delta<'b>> {
        let queues = changed(&before.queues, &now.queues, |queue| queue.name.as_str())?;
        let agents = changed(&before.agents, &now.agents, |agent| agent.name.as_str())?;
        let promises = changed(&before.promises, &now.promises, |promise| promise.promise)?;
        Some(Delta {
            from: before.seq,
            seq: now.seq,
            unix_ms: now.unix_ms,
            draining: now.draining,
            calls_active: now.calls_active,
            legs_active: now.legs_active,
            registrations: now.registrations,
            totals: Totals::of(now),
            queues: queues.into_iter().map(QueueView::of).collect(),
            agents,
            promises: promises.into_iter().map(PromiseView::of).collect(),
        })
    }
}

/// Tiles of `now` that differ; both lists are in the order of the configuration.
fn changed<'b, T: PartialEq>(before: &[T], now: &'b [T], name: fn(&T) -> &str) -> Option<Vec<&'b T>> {
    let same_tiles = before.len() == now.len() && before.iter().zip(now).all(|(was, is)| name(was) == name(is));
    same_tiles.then(|| before.iter().zip(now).filter(|(was, is)| was != is).map(|(_, is)| is).collect())
}

impl<'b> QueueView<'b> {
    fn of(tile: &'b QueueTile) -> QueueView<'b> {
        QueueView { tile, shares: Shares::of(std::slice::from_ref(tile)) }
    }
}

impl<'b> PromiseView<'b> {
    fn of(tile: &'b PromiseTile) -> PromiseView<'b> {
        PromiseView { tile, kept: share(tile.met, tile.met + tile.breached) }
    }
}

impl Totals {
    fn of(board: &Board) -> Totals {
        let count = |state| board.agents.iter().filter(|agent| agent.state == state).count();
        let sum = |of: fn(&QueueTile) -> u64| board.queues.iter().map(of).sum();
        Totals {
            waiting: board.queues.iter().map(|queue| queue.waiting.len()).sum(),
            oldest_since_ms: board.queues.iter().filter_map(|queue| queue.oldest_since_ms).min(),
            talking: count(AgentWord::Talking),
            ready: count(AgentWord::Available),
            answered: sum(|queue| queue.answered),
            abandoned: sum(|queue| queue.abandoned),
            entered: sum(|queue| queue.entered),
            shares: Shares::of(&board.queues),
            target_ms: common(board.queues.iter().map(|queue| queue.target_ms)),
            target_ratio: common(board.queues.iter().map(|queue| queue.target_ratio.to_bits())).map(f64::from_bits),
            max_wait_ms: board.queues.iter().map(|queue| queue.max_wait_ms).min(),
        }
    }
}

impl Shares {
    /// Over all of `queues`: sums first, then one division, so that a small queue weighs little.
    fn of(queues: &[QueueTile]) -> Shares {
        let sum = |of: fn(&QueueTile) -> u64| queues.iter().map(of).sum::<u64>();
        let answered = sum(|queue| queue.answered);
        let lost = sum(|queue| queue.abandoned).saturating_sub(sum(|queue| queue.short_abandoned));
        let others = sum(|queue| queue.other_exits);
        Shares {
            service_level: share(sum(|queue| queue.answered_within_target), answered + lost),
            answer_rate: share(answered, answered + lost + others),
            abandon_rate: share(lost, answered + lost + others),
        }
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn common<T: Ord>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut distinct: BTreeSet<T> = values.collect();
    if distinct.len() == 1 { distinct.pop_first() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::testing::lively_board;

    #[test]
    fn shares_leave_out_short_abandons_and_weigh_queues_by_their_calls() {
        let board = lively_board(1_000_000);
        let domestic = QueueView::of(&board.queues[0]).shares;
        assert_eq!(domestic.service_level, Some(331.0 / (388.0 + 15.0)));
        assert_eq!(domestic.answer_rate, Some(388.0 / (388.0 + 15.0 + 5.0)));
        assert_eq!(domestic.abandon_rate, Some(15.0 / (388.0 + 15.0 + 5.0)));
        let all = Totals::of(&board);
        assert_eq!(all.shares.service_level, Some(545.0 / (615.0 + 18.0)));
        assert_eq!((all.waiting, all.talking, all.ready), (7, 4, 2));
        assert_eq!((all.target_ms, all.target_ratio), (Some(20_000), Some(0.88)));
    }

    #[test]
    fn a_morning_without_calls_has_no_shares() {
        let empty = Board::default();
        assert_eq!(Totals::of(&empty).shares, Shares { service_level: None, answer_rate: None, abandon_rate: None });
        assert_eq!(Totals::of(&empty).target_ms, None);
    }

    #[test]
    fn a_delta_carries_only_the_tiles_that_changed() {
        let before = lively_board(1_000_000);
        let mut now = before.clone();
        now.seq += 1;
        now.agents[3].state = AgentWord::Available;
        now.queues[1].entered += 1;
        let delta = Delta::between(&before, &now).expect("the same tiles");
        assert_eq!((delta.from, delta.seq), (before.seq, now.seq));
        assert_eq!(delta.agents, [&now.agents[3]]);
        assert_eq!(delta.queues.iter().map(|queue| queue.tile.name.as_str()).collect::<Vec<_>>(), ["international"]);
        assert!(delta.promises.is_empty());
        now.agents.pop();
        assert_eq!(Delta::between(&before, &now), None, "an agent is gone: the page needs the whole picture");
    }
}
