//! Takes the picture that the live page shows: at most five a second, only when something changed, or once a second
//! for what ages. Reads everything, changes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::board::{AgentTile, Board, PromiseTile, QueueTile, WaitingTile};
use super::center::Center;
use super::event::{AgentWord, EventKind, Promise};
use super::for_acd::agent_word;
use super::output::Output;
use super::settings::{Person, QueueFacts};
use crate::media::Statistics;
use crate::model::{AgentId, CallDirection, CallId, Moment};

/// What has been counted since the start, and when the next picture is due.
#[derive(Debug)]
pub(super) struct Today {
    seq: u64,
    dirty: bool,
    taken_at: Moment,
    pub(super) packets: Packets,
}

/// Packets of legs that are closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Packets {
    pub received: u64,
    pub sent: u64,
    pub lost: u64,
}

impl Today {
    pub(super) fn new(now: Moment) -> Self {
        Today { seq: 0, dirty: true, taken_at: now, packets: Packets::default() }
    }

    /// Something that the picture shows has changed.
    pub(super) fn touch(&mut self) {
        self.dirty = true;
    }

    pub(super) fn count(&mut self, kind: &EventKind) {
        if !matches!(kind, EventKind::IvrVisited { .. } | EventKind::IvrKeyPressed { .. }) {
            self.dirty = true;
        }
    }

    pub(super) fn add_packets(&mut self, statistics: &Statistics) {
        self.packets.received += statistics.packets_received;
        self.packets.sent += statistics.packets_sent;
        self.packets.lost += statistics.lost;
    }

    pub(super) fn poll_timeout(&self) -> Option<Moment> {
        Some(self.taken_at + if self.dirty { CHANGE_INTERVAL } else { IDLE_INTERVAL })
    }
}

impl Center {
    /// Packets of legs that are closed, for metrics.
    #[must_use]
    pub fn packets(&self) -> Packets {
        self.today.packets
    }

    pub(super) fn refresh_board(&mut self, now: Moment) {
        if self.today.seq > 0 && self.today.poll_timeout().is_some_and(|due| now < due) {
            return;
        }
        self.today.seq += 1;
        self.today.dirty = false;
        self.today.taken_at = now;
        let board = self.picture(now);
        self.outputs.push_back(Output::Board(Arc::new(board)));
    }

    fn picture(&self, now: Moment) -> Board {
        let callers = self.callers_of_agents();
        Board {
            seq: self.today.seq,
            unix_ms: self.wall.unix_ms(now),
            draining: self.draining,
            calls_active: self.calls.len(),
            calls_by_direction: self.calls_by_direction(),
            legs_active: self.lines.len(),
            registrations: self.sip.counts().registrations,
            queues: self.settings.queues.iter().map(|queue| self.queue_tile(queue)).collect(),
            agents: self.settings.people.iter().map(|person| self.agent_tile(person, &callers)).collect(),
            promises: Promise::ALL
                .iter()
                .map(|promise| {
                    let count = self.charter.counts(*promise);
                    PromiseTile {
                        promise: promise.word(),
                        met: count.met,
                        breached: count.breached,
                        excused: count.excused,
                    }
                })
                .collect(),
        }
    }

    fn calls_by_direction(&self) -> [usize; CallDirection::ALL.len()] {
        let mut counts = [0; CallDirection::ALL.len()];
        self.calls.values().for_each(|contact| counts[contact.direction as usize] += 1);
        counts
    }

    /// Which call each agent is on or is rung for.
    fn callers_of_agents(&self) -> BTreeMap<AgentId, CallId> {
        self.lines
            .iter()
            .filter(|line| !line.signalling_over)
            .filter_map(|line| Some((line.agent?, line.call)))
            .collect()
    }

    fn queue_tile(&self, facts: &QueueFacts) -> QueueTile {
        let view = self.acd.queue(facts.id);
        let counters = view.as_ref().map(|view| view.counters).unwrap_or_default();
        let number = |call: CallId| self.calls.get(&call).map_or_else(String::new, |c| c.from.masked());
        let waiting: Vec<WaitingTile> = view
            .iter()
            .flat_map(|view| &view.waiting)
            .map(|waiting| WaitingTile {
                call: waiting.call.to_string(),
                number: number(waiting.call),
                since_ms: self.wall.unix_ms(waiting.since),
                position: waiting.position,
                offered_to: waiting
                    .offered
                    .and_then(|agent| self.settings.person(agent))
                    .map(|person| person.display_name.clone()),
            })
            .collect();
        let mut agents_by_state = [0u32; AgentWord::ALL.len()];
        for person in self.settings.people.iter().filter(|person| person.queues.contains(&facts.id)) {
            let (word, _) = self.word_of(person.id);
            agents_by_state[word as usize] += 1;
        }
        QueueTile {
            name: facts.name.clone(),
            title: facts.title.clone(),
            oldest_since_ms: waiting.iter().map(|tile| tile.since_ms).min(),
            waiting,
            expected_wait_ms: view.as_ref().and_then(|view| view.expected_wait).map(super::on_sip::millis),
            agents_by_state,
            entered: counters.entered,
            answered: counters.answered,
            answered_within_target: counters.answered_within_target,
            abandoned: counters.abandoned,
            short_abandoned: counters.short_abandoned,
            other_exits: counters.other_exits,
            target_ms: super::on_sip::millis(facts.target),
            target_ratio: facts.target_ratio,
            max_wait_ms: super::on_sip::millis(self.charter.policy().max_wait),
        }
    }

    fn word_of(&self, agent: AgentId) -> (AgentWord, Option<String>) {
        self.acd.agent(agent).map_or((AgentWord::Offline, None), |view| agent_word(&view.state, view.rung_by))
    }

    fn agent_tile(&self, person: &Person, callers: &BTreeMap<AgentId, CallId>) -> AgentTile {
        let view = self.acd.agent(person.id);
        let (state, reason) = self.word_of(person.id);
        let since = self.agents_seen.get(&person.id).map_or(Moment::ZERO, |(_, _, since)| *since);
        let call = callers.get(&person.id).copied();
        AgentTile {
            name: person.name.clone(),
            display_name: person.display_name.clone(),
            department: person.department.clone(),
            queues: person.queues.iter().filter_map(|id| self.settings.queue(*id)).map(|q| q.title.clone()).collect(),
            state,
            reason,
            since_ms: self.wall.unix_ms(since),
            phone_registered: !self.sip.bindings(&person.device).is_empty(),
            call: call.map(|call| call.to_string()),
            caller: call.and_then(|call| self.calls.get(&call)).map(|contact| contact.from.masked()),
            answered: view.as_ref().map_or(0, |view| view.calls_answered),
            missed_in_a_row: view.as_ref().map_or(0, |view| view.misses_in_a_row),
        }
    }
}

/// The shortest time between two pictures.
const CHANGE_INTERVAL: Duration = Duration::from_millis(200);

/// A picture is taken this often even when nothing changed, so that expected waits do not go stale.
const IDLE_INTERVAL: Duration = Duration::from_secs(1);
