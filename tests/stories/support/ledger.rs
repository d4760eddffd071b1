//! Reads the event log as it is written and holds it to account: what may never happen in any story is checked after
//! every event of every story, and every picture of the live page is compared with the sums of the log.

use std::collections::{BTreeMap, BTreeSet};

use thirdring::center::Center;
use thirdring::center::board::Board;
use thirdring::center::event::{
    AgentWord, CallRecord, Event, EventKind, LegRecord, LegRole, Promise, QueueExit, TaskRecord, Verdict,
};
use thirdring::model::{AgentId, CallId, LegId, Moment, Outcome, QueueId};

/// The log and its sums.
#[derive(Debug, Default)]
pub struct Ledger {
    pub events: Vec<Event>,
    pub moments: Vec<Moment>,
    received: BTreeSet<CallId>,
    ended: BTreeMap<CallId, CallRecord>,
    legs: BTreeMap<LegId, LegRecord>,
    /// Calls whose called leg went on in another call.
    moved: BTreeSet<CallId>,
    /// Who waits, and in which queue.
    waiting: BTreeMap<CallId, QueueId>,
    /// Who talks with whom, as far as the log says.
    talking: BTreeMap<AgentId, CallId>,
    offered: BTreeMap<AgentId, CallId>,
    agents: BTreeMap<AgentId, AgentWord>,
    /// Of the day, as the promises' verdicts are.
    queues: BTreeMap<QueueId, QueueSums>,
    verdicts: BTreeMap<(Promise, Verdict), u64>,
    /// Offers of this round, to be held against the queue.
    fresh_offers: Vec<(CallId, QueueId)>,
    pub boards: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct QueueSums {
    entered: u64,
    answered: u64,
    within_target: u64,
    left: ExitSums,
}

/// By the place of the exit among `QueueExit::ALL`.
type ExitSums = [u64; QueueExit::ALL.len()];

impl Ledger {
    /// One more event; panics when it contradicts what came before.
    pub fn note(&mut self, now: Moment, event: Event) {
        let before = self.events.last().map_or(0, |last| last.seq);
        assert_eq!(event.seq, before + 1, "events are numbered without a gap");
        if let Some(call) = event.call {
            let known = matches!(event.kind, EventKind::CallReceived { .. }) || self.received.contains(&call);
            assert!(known, "{call} was never received, yet {:?}", event.kind);
            let may_follow = matches!(event.kind, EventKind::LegEnded { .. });
            assert!(may_follow || !self.ended.contains_key(&call), "after the end of {call}: {:?}", event.kind);
        }
        self.note_call(&event);
        self.note_queue(&event);
        self.note_agent(&event);
        self.events.push(event);
        self.moments.push(now);
    }

    fn note_call(&mut self, event: &Event) {
        match &event.kind {
            EventKind::CallReceived { .. } => {
                let call = event.call.expect("a received call has a number");
                assert!(self.received.insert(call), "{call} was received twice");
            }
            EventKind::LegMoved { .. } => {
                self.moved.insert(event.call.expect("a leg moves from a call"));
            }
            EventKind::CallEnded { record } => {
                let waits = self.waiting.contains_key(&record.call);
                assert!(!waits, "{} ended and is still in a queue", record.call);
                check_call_record(record);
                let twice = self.ended.insert(record.call, (**record).clone());
                assert!(twice.is_none(), "{} ended twice", record.call);
                self.talking.retain(|_, call| *call != record.call);
                self.offered.retain(|_, call| *call != record.call);
            }
            EventKind::LegEnded { record } => {
                check_leg_record(record);
                let twice = self.legs.insert(record.leg, (**record).clone());
                assert!(twice.is_none(), "{} has two records", record.leg);
            }
            EventKind::DayBegan { .. } => {
                // Those who wait now are the new day's first callers.
                self.verdicts.clear();
                self.queues.clear();
                for queue in self.waiting.values() {
                    self.queues.entry(*queue).or_default().entered += 1;
                }
            }
            EventKind::CharterChecked { promise, verdict, .. } => {
                *self.verdicts.entry((*promise, *verdict)).or_default() += 1;
            }
            _ => {}
        }
    }

    fn note_queue(&mut self, event: &Event) {
        let Some(call) = event.call else { return };
        match &event.kind {
            EventKind::CallerEntered { queue, .. } => {
                let twice = self.waiting.insert(call, *queue);
                assert!(twice.is_none(), "{call} waits in two queues");
                let talks = self.talking.values().any(|talking| *talking == call);
                assert!(!talks, "{call} waits and talks");
                self.queues.entry(*queue).or_default().entered += 1;
            }
            EventKind::CallerAnswered { queue, within_target, .. } => {
                assert_eq!(self.waiting.remove(&call), Some(*queue), "{call} was answered where it waited");
                let sums = self.queues.entry(*queue).or_default();
                sums.answered += 1;
                sums.within_target += u64::from(*within_target);
            }
            EventKind::CallerLeft { queue, why, .. } => {
                assert_eq!(self.waiting.remove(&call), Some(*queue), "{call} left where it waited");
                self.queues.entry(*queue).or_default().left[*why as usize] += 1;
            }
            EventKind::AgentOffered { queue, .. } => {
                assert_eq!(self.waiting.get(&call), Some(queue), "{call} was offered from where it waits");
                self.fresh_offers.push((call, *queue));
            }
            _ => {}
        }
    }

    fn note_agent(&mut self, event: &Event) {
        match (&event.kind, event.call) {
            (EventKind::AgentOffered { agent, .. }, Some(call)) => {
                let other = self.offered.insert(*agent, call);
                assert!(other.is_none(), "{agent} is offered {call} while {other:?} rings");
                let talks = self.talking.get(agent);
                assert!(talks.is_none(), "{agent} is offered {call} while talking on {talks:?}");
                let word = self.agents.get(agent).copied();
                assert_eq!(word, Some(AgentWord::Available), "{agent} is offered {call}");
            }
            (EventKind::CallConnected { agent: Some(agent), .. }, Some(call)) => {
                let other = self.talking.insert(*agent, call).filter(|other| *other != call);
                assert_eq!(other, None, "{agent} is in two calls, {call} and another");
                let waits = self.waiting.contains_key(&call);
                assert!(!waits, "{call} waits and talks");
                self.offered.remove(agent);
            }
            (EventKind::AgentStateChanged { agent, state, .. }, _) => {
                self.agents.insert(*agent, *state);
                if *state != AgentWord::Talking {
                    self.talking.remove(agent);
                }
                if *state != AgentWord::Ringing {
                    self.offered.remove(agent);
                }
            }
            _ => {}
        }
    }

    /// Whoever was offered in this round is the oldest of those with equal needs and rank.
    pub fn check_queues(&mut self, center: &Center) {
        for (call, queue) in std::mem::take(&mut self.fresh_offers) {
            let Some(view) = center.acd().queue(queue) else { continue };
            let Some(offered) = view.waiting.iter().find(|waiting| waiting.call == call) else { continue };
            let older = view.waiting.iter().find(|other| {
                other.offered.is_none()
                    && other.priority == offered.priority
                    && other.needs == offered.needs
                    // Of two who began to wait in the same instant, whoever joined this line first is served first.
                    && (other.since, other.entered) < (offered.since, offered.entered)
            });
            assert!(older.is_none(), "{call} was offered before {older:?}, which waits longer");
        }
    }

    /// A picture says what the log says, no more and no less.
    pub fn check_board(&mut self, board: &Board) {
        self.boards += 1;
        let active = self.received.len() - self.ended.len();
        assert_eq!(board.calls_active, active, "calls on the live page and in the log");
        assert_eq!(board.calls_by_direction.iter().sum::<usize>(), active, "each goes one way");
        for (index, tile) in board.queues.iter().enumerate() {
            let queue = QueueId(u32::try_from(index).expect("few queues"));
            let sums = self.queues.get(&queue).copied().unwrap_or_default();
            let waiting = self.waiting.values().filter(|of| **of == queue).count();
            assert_eq!(tile.waiting.len(), waiting, "callers that wait in {}", tile.name);
            let shown = (tile.entered, tile.answered, tile.answered_within_target);
            assert_eq!(shown, (sums.entered, sums.answered, sums.within_target), "sums of {}", tile.name);
            let abandoned = sums.left[QueueExit::Abandoned as usize];
            assert_eq!(tile.abandoned, abandoned, "callers who gave up in {}", tile.name);
            assert!(tile.short_abandoned <= abandoned, "the short ones are some of them");
            let other = sums.left.iter().sum::<u64>() - abandoned;
            assert_eq!(tile.other_exits, other, "other exits of {}", tile.name);
        }
        for (index, tile) in board.agents.iter().enumerate() {
            let agent = AgentId(u32::try_from(index).expect("few agents"));
            let word = self.agents.get(&agent).copied().unwrap_or(AgentWord::Offline);
            assert_eq!(tile.state, word, "the state of {}", tile.name);
        }
        for (tile, promise) in board.promises.iter().zip(Promise::ALL) {
            let sum = |verdict| self.verdicts.get(&(promise, verdict)).copied().unwrap_or(0);
            let shown = (tile.met, tile.breached, tile.excused);
            let logged = (sum(Verdict::Met), sum(Verdict::Breached), sum(Verdict::Excused));
            assert_eq!(shown, logged, "verdicts of {}", tile.promise);
        }
    }

    /// At night every book is closed: a record for every call and for every leg.
    pub fn close(&self) {
        let open: Vec<_> = self.received.iter().filter(|call| !self.ended.contains_key(call)).collect();
        assert_eq!(open, Vec::<&CallId>::new(), "calls without a record");
        assert_eq!(self.waiting, BTreeMap::new(), "callers left in a queue");
        for record in self.ended.values() {
            let legs = self.legs.values().filter(|leg| leg.call == record.call);
            let callers = legs.clone().filter(|leg| leg.role == LegRole::Caller).count();
            assert_eq!(callers, 1, "{} has one caller's leg", record.call);
            let connected = legs.filter(|leg| leg.role != LegRole::Caller && leg.answered_ms.is_some()).count();
            let talked = record.connected_ms.is_some();
            let moved = self.moved.contains(&record.call);
            assert!(!talked || connected > 0 || moved, "{} talked with somebody who has a record", record.call);
        }
        for leg in self.legs.values() {
            assert!(self.ended.contains_key(&leg.call), "{} belongs to no call", leg.leg);
        }
        for (queue, sums) in &self.queues {
            let left = sums.left.iter().sum::<u64>() + sums.answered;
            assert_eq!(sums.entered, left, "whoever entered {queue} left it once");
        }
    }

    /// Records of ended calls, in the order of the calls.
    pub fn records(&self) -> Vec<&CallRecord> {
        self.ended.values().collect()
    }

    /// Records of the legs of a call.
    pub fn legs_of(&self, call: CallId) -> Vec<&LegRecord> {
        self.legs.values().filter(|leg| leg.call == call).collect()
    }

    pub fn tasks(&self) -> Vec<&TaskRecord> {
        let task = |event: &'_ Event| matches!(event.kind, EventKind::TaskCreated { .. });
        let tasks = self.events.iter().filter(|event| task(event));
        tasks
            .filter_map(|event| match &event.kind {
                EventKind::TaskCreated { record } => Some(&**record),
                _ => None,
            })
            .collect()
    }

    pub fn verdicts(&self, promise: Promise, verdict: Verdict) -> u64 {
        self.verdicts.get(&(promise, verdict)).copied().unwrap_or(0)
    }
}

fn check_call_record(record: &CallRecord) {
    let call = record.call;
    assert!(record.ended_ms >= record.received_ms, "{call} ended after it began");
    let total = u64::try_from(record.ended_ms - record.received_ms).expect("checked above");
    let parts = record.waited_ms + record.talked_ms;
    assert!(parts <= total + SLACK_MS, "{call} waited and talked for {parts} ms of {total}");
    assert!(record.held_ms <= record.talked_ms + SLACK_MS, "{call} was held longer than it talked");
    assert_eq!(record.answered_ms.is_some(), record.status == 200, "{call}: answered means 200");
    if record.outcome == Outcome::Answered {
        assert!(record.connected_ms.is_some(), "{call} counts as answered and nobody talked");
    }
    if record.outcome == Outcome::Refused {
        assert!(record.status >= 400, "{call} was refused with {}", record.status);
    }
}

fn check_leg_record(record: &LegRecord) {
    let leg = record.leg;
    assert!(record.ended_ms >= record.started_ms, "{leg} ended after it began");
    let order: Vec<i64> = [Some(record.started_ms), record.ringing_ms, record.answered_ms, Some(record.ended_ms)]
        .into_iter()
        .flatten()
        .collect();
    assert!(order.is_sorted(), "{leg} rang, was answered and ended in this order");
    assert_eq!(record.answered_ms.is_some(), record.status == 200, "{leg}: answered means 200, not {}", record.status);
}

/// Each of two durations is cut to a millisecond.
const SLACK_MS: u64 = 2;
