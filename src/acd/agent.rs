//! One agent as a state machine: what the agent does now, and what follows the call. Never chooses a caller.
//!
//! ```text
//!  LoggedOut --LogIn--> Ready --Reserve--> Reserved --Accepted--> Talking --Released--> WrapUp --EndWrapUp--> Ready
//!      ^                 |  ^                 |                      ^  |                  |
//!      |               Pause Resume     Missed, Refused,           Busy +--- no wrap-up ---+--> what was asked for
//!      |                 v  |           Withdrawn: Ready             |                          during the call
//!    LogOut            NotReady <-- Pause, misses in a row ----------+ (from every state)
//! ```
//!
//! From `Talking` a log-out, a break or their end is kept as what follows; from every other state they act at once,
//! and a ringing offer is dropped.

use std::time::Duration;

use super::limits::{CALLS_BESIDE_MAX, REST_MAX, REST_MIN};
use super::matching::TeamId;
use super::settings::AgentSettings;
use crate::model::{AgentId, CallId, Moment, OfferId, QueueId};

/// What an agent does.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    LoggedOut,
    /// At work, but not to be given calls.
    NotReady {
        reason: PauseReason,
        since: Moment,
    },
    /// Free; the one longest so is asked first.
    Ready {
        since: Moment,
    },
    /// The phone rings for this call, at the longest until `until`.
    Reserved {
        offer: OfferId,
        call: CallId,
        since: Moment,
        until: Moment,
    },
    Talking {
        call: CallId,
        since: Moment,
    },
    /// Time for notes about `call`.
    WrapUp {
        call: CallId,
        since: Moment,
        until: Moment,
    },
}

/// Why an agent takes no calls: lunch, training; a word of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct PauseReason(pub String);

impl PauseReason {
    /// Set by the engine after too many missed offers in a row.
    #[must_use]
    pub fn no_answer() -> Self {
        PauseReason("no_answer".to_owned())
    }

    /// For an agent whose telephone can not be reached any more.
    #[must_use]
    pub fn no_phone() -> Self {
        PauseReason("no_phone".to_owned())
    }
}

/// What the agent does when the call and its notes are over.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterCall {
    #[default]
    Ready,
    NotReady(PauseReason),
    /// Skips the notes.
    LoggedOut,
}

/// One agent.
#[derive(Clone, Debug)]
pub(super) struct Agent {
    pub(super) id: AgentId,
    pub(super) name: String,
    pub(super) queues: Vec<QueueId>,
    pub(super) skills: crate::model::SkillSet,
    pub(super) team: TeamId,
    pub(super) state: AgentState,
    /// Means something in `Talking` and `WrapUp` only.
    pub(super) after_call: AfterCall,
    /// Since when the agent is free, or since the last offer that failed: whoever was not asked yet comes first.
    idle_since: Moment,
    /// After a failed offer nothing is offered until then.
    pub(super) resting_until: Option<Moment>,
    /// Calls that no queue gave and for which the phone rings: nothing is offered beside them.
    rung_by: Vec<CallId>,
    /// The work that the present talk and its notes are.
    work: Work,
    pub(super) misses_in_a_row: u32,
    refusals_in_a_row: u32,
    pub(super) answered: u64,
    pub(super) missed: u64,
    pub(super) refused: u64,
    /// What the engine's indices hold of this agent.
    pub(super) listed: Listed,
}

/// The talk, and what is owed after it.
#[derive(Clone, Debug, Default)]
struct Work {
    /// The queue that gave the call, if one did, and when the talk began.
    queue: Option<(QueueId, Moment)>,
    /// Other calls that the agent is on.
    beside: Vec<CallId>,
    /// Time for notes once the last call is over.
    wrap_up: Duration,
}

/// An agent's entries in the indices, to be taken out again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Listed {
    /// Stands among the free since then.
    pub(super) idle_since: Option<Moment>,
    pub(super) working: bool,
    pub(super) wake: Option<Moment>,
}

/// Something that happens to one agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AgentEvent {
    LogIn,
    LogOut,
    Pause(PauseReason),
    Resume,
    Reserve {
        offer: OfferId,
        call: CallId,
        until: Moment,
    },
    /// The phone has begun to ring, and has until then.
    Rings {
        until: Moment,
    },
    /// The call's queue rides along for the handle time.
    Accepted {
        queue: QueueId,
    },
    Missed {
        misses_max: u32,
        rest: Duration,
    },
    Refused {
        rest: Duration,
    },
    Withdrawn,
    /// The phone rings for a call that no queue gave.
    Rung {
        call: CallId,
    },
    /// It rings no more and was not answered; a rest follows if that was the agent's side's doing.
    Unanswered {
        call: CallId,
        rest: Option<Duration>,
    },
    Busy {
        call: CallId,
    },
    Released {
        call: CallId,
        wrap_up: Duration,
    },
    EndWrapUp,
    /// Time passes: a wrap-up or a rest may be over.
    Wake,
}

/// What an event did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reaction {
    /// The event meant something.
    pub(super) heard: bool,
    /// An offer that the agent cannot take any more.
    pub(super) dropped: Option<OfferId>,
    /// A queue's call is done, notes included, after this time.
    pub(super) handled: Handled,
}

/// The queue whose call is done, and the time from talk to the end of the notes; `None` for nothing of a queue's.
type Handled = Option<(QueueId, Duration)>;

impl Reaction {
    const HEARD: Reaction = Reaction { heard: true, dropped: None, handled: None };
}

impl Agent {
    pub(super) fn new(settings: AgentSettings, team: TeamId) -> Self {
        Agent {
            id: settings.id,
            name: settings.name,
            queues: settings.queues,
            skills: settings.skills,
            team,
            state: AgentState::LoggedOut,
            after_call: AfterCall::Ready,
            idle_since: Moment::ZERO,
            resting_until: None,
            rung_by: Vec::new(),
            work: Work::default(),
            misses_in_a_row: 0,
            refusals_in_a_row: 0,
            answered: 0,
            missed: 0,
            refused: 0,
            listed: Listed::default(),
        }
    }

    /// The only place where an agent's state changes. An event that means nothing in a state, being late, doubled or
    /// impossible, is not heard.
    pub(super) fn handle(&mut self, now: Moment, event: AgentEvent) -> Reaction {
        use AgentEvent as E;
        let reaction = match event {
            E::LogIn | E::LogOut | E::Pause(_) | E::Resume => self.handle_duty(now, event),
            E::Reserve { .. }
            | E::Rings { .. }
            | E::Accepted { .. }
            | E::Missed { .. }
            | E::Refused { .. }
            | E::Withdrawn => self.handle_offer(now, event),
            E::Rung { call } => self.rung(call),
            E::Unanswered { call, rest } => self.unanswered(now, call, rest),
            E::Busy { call } => {
                self.rung_by.retain(|ringing| *ringing != call);
                self.handle_call(now, event)
            }
            E::Released { .. } | E::EndWrapUp | E::Wake => self.handle_call(now, event),
        };
        if !matches!(self.state, AgentState::Ready { .. }) {
            self.resting_until = None;
        }
        reaction.unwrap_or_default()
    }

    /// Coming, going, breaks.
    fn handle_duty(&mut self, now: Moment, event: AgentEvent) -> Option<Reaction> {
        use AgentEvent as E;
        use AgentState as S;
        let mut reaction = Reaction::HEARD;
        match (&self.state, event) {
            (S::LoggedOut, E::LogIn) => self.become_ready(now),
            (S::Talking { .. }, E::LogIn) if self.after_call == AfterCall::LoggedOut => {
                self.after_call = AfterCall::Ready;
            }
            (S::Ready { .. } | S::NotReady { .. }, E::LogOut) => self.state = S::LoggedOut,
            (S::Reserved { offer, .. }, E::LogOut) => {
                reaction.dropped = Some(*offer);
                self.state = S::LoggedOut;
            }
            (S::WrapUp { .. }, E::LogOut) => reaction.handled = self.finish(now, AfterCall::LoggedOut),
            (S::Talking { .. }, E::LogOut) => self.after_call = AfterCall::LoggedOut,

            (S::Ready { .. }, E::Pause(reason)) => self.state = S::NotReady { reason, since: now },
            (S::NotReady { reason: before, .. }, E::Pause(reason)) if *before != reason => {
                self.state = S::NotReady { reason, since: now };
            }
            (S::Reserved { offer, .. }, E::Pause(reason)) => {
                reaction.dropped = Some(*offer);
                self.state = S::NotReady { reason, since: now };
            }
            (S::WrapUp { .. }, E::Pause(reason)) => reaction.handled = self.finish(now, AfterCall::NotReady(reason)),
            (S::Talking { .. }, E::Pause(reason)) => self.after_call = AfterCall::NotReady(reason),

            (S::NotReady { .. }, E::Resume) => self.become_ready(now),
            (S::Talking { .. }, E::Resume) if matches!(self.after_call, AfterCall::NotReady(_)) => {
                self.after_call = AfterCall::Ready;
            }
            (S::WrapUp { .. }, E::Resume) => reaction.handled = self.finish(now, AfterCall::Ready),
            (_, _) => return None,
        }
        Some(reaction)
    }

    /// An offer and its answer.
    fn handle_offer(&mut self, now: Moment, event: AgentEvent) -> Option<Reaction> {
        use AgentEvent as E;
        use AgentState as S;
        match (&mut self.state, event) {
            (S::Ready { .. }, E::Reserve { offer, call, until }) => {
                self.state = S::Reserved { offer, call, since: now, until };
            }
            (S::Reserved { until, .. }, E::Rings { until: later }) => *until = later,
            (S::Reserved { call, .. }, E::Accepted { queue }) => {
                let call = *call;
                self.answered += 1;
                (self.misses_in_a_row, self.refusals_in_a_row) = (0, 0);
                self.talk(now, call, Some(queue), AfterCall::Ready);
            }
            (S::Reserved { .. }, E::Missed { misses_max, rest }) => self.miss(now, misses_max, rest),
            (S::Reserved { .. }, E::Refused { rest }) => self.refuse(now, rest),
            (S::Reserved { .. }, E::Withdrawn) => self.state = S::Ready { since: self.idle_since },
            (_, _) => return None,
        }
        Some(Reaction::HEARD)
    }

    /// Calls, their notes, and the time that ends notes and rests.
    fn handle_call(&mut self, now: Moment, event: AgentEvent) -> Option<Reaction> {
        use AgentEvent as E;
        use AgentState as S;
        let mut reaction = Reaction::HEARD;
        match (&self.state, event) {
            (S::LoggedOut, E::Busy { call }) => self.talk(now, call, None, AfterCall::LoggedOut),
            (S::NotReady { reason, .. }, E::Busy { call }) => {
                let after = AfterCall::NotReady(reason.clone());
                self.talk(now, call, None, after);
            }
            (S::Ready { .. }, E::Busy { call }) => self.talk(now, call, None, AfterCall::Ready),
            (S::Reserved { offer, .. }, E::Busy { call }) => {
                reaction.dropped = Some(*offer);
                self.talk(now, call, None, AfterCall::Ready);
            }
            (S::WrapUp { .. }, E::Busy { call }) => {
                let after = self.after_call.clone();
                reaction.handled = self.finish(now, AfterCall::Ready);
                self.talk(now, call, None, after);
            }
            (S::Talking { call: first, .. }, E::Busy { call }) if *first != call => {
                if self.work.beside.contains(&call) || self.work.beside.len() == CALLS_BESIDE_MAX {
                    return None;
                }
                self.work.beside.push(call);
            }
            (S::Talking { call: first, since }, E::Released { call, wrap_up }) => {
                let talk = (*first, *since);
                reaction.handled = self.release(now, talk, call, wrap_up)?;
            }
            (S::WrapUp { .. }, E::EndWrapUp) => reaction.handled = self.finish(now, self.after_call.clone()),
            (S::WrapUp { until, .. }, E::Wake) if *until <= now => {
                reaction.handled = self.finish(now, self.after_call.clone());
            }
            (S::Ready { .. }, E::Wake) if self.resting_until.is_some_and(|until| until <= now) => {
                self.resting_until = None;
            }
            (_, _) => return None,
        }
        Some(reaction)
    }

    /// Since when the agent may be offered a call.
    pub(super) fn free_since(&self) -> Option<Moment> {
        match self.state {
            AgentState::Ready { since } if self.resting_until.is_none() && self.rung_by.is_empty() => Some(since),
            _ => None,
        }
    }

    /// Takes calls today: everything but a break and absence.
    pub(super) fn works(&self) -> bool {
        !matches!(self.state, AgentState::LoggedOut | AgentState::NotReady { .. })
    }

    /// When time alone changes something. The ring limit belongs to the offer.
    pub(super) fn wake(&self) -> Option<Moment> {
        match self.state {
            AgentState::WrapUp { until, .. } => Some(until),
            AgentState::Ready { .. } => self.resting_until,
            _ => None,
        }
    }

    /// The call that no queue gave and for which the phone rings; the first of several.
    pub(super) fn rung_by(&self) -> Option<CallId> {
        self.rung_by.first().copied()
    }

    /// The calls that the agent is on.
    pub(super) fn calls(&self) -> impl Iterator<Item = CallId> {
        let first = match self.state {
            AgentState::Talking { call, .. } => Some(call),
            _ => None,
        };
        first.into_iter().chain(self.work.beside.iter().copied())
    }

    /// The queue whose wrap-up follows the call: the one that gave it, else the agent's first.
    pub(super) fn home(&self) -> Option<QueueId> {
        self.work.queue.map(|(queue, _)| queue).or_else(|| self.queues.first().copied())
    }

    fn rung(&mut self, call: CallId) -> Option<Reaction> {
        let known = self.rung_by.contains(&call) || self.calls().any(|own| own == call);
        if known || self.rung_by.len() == CALLS_BESIDE_MAX {
            return None;
        }
        self.rung_by.push(call);
        Some(Reaction::HEARD)
    }

    fn unanswered(&mut self, now: Moment, call: CallId, rest: Option<Duration>) -> Option<Reaction> {
        let at = self.rung_by.iter().position(|ringing| *ringing == call)?;
        self.rung_by.remove(at);
        if let (AgentState::Ready { .. }, Some(rest)) = (&self.state, rest) {
            self.rest(now, rest.max(REST_MIN));
        }
        Some(Reaction::HEARD)
    }

    fn become_ready(&mut self, now: Moment) {
        self.misses_in_a_row = 0;
        self.refusals_in_a_row = 0;
        self.idle_since = now;
        self.state = AgentState::Ready { since: now };
    }

    fn talk(&mut self, now: Moment, call: CallId, queue: Option<QueueId>, after: AfterCall) {
        self.after_call = after;
        self.work = Work { queue: queue.map(|queue| (queue, now)), ..Work::default() };
        self.state = AgentState::Talking { call, since: now };
    }

    fn miss(&mut self, now: Moment, misses_max: u32, rest: Duration) {
        self.missed += 1;
        self.misses_in_a_row += 1;
        if misses_max > 0 && self.misses_in_a_row >= misses_max {
            self.state = AgentState::NotReady { reason: PauseReason::no_answer(), since: now };
        } else {
            self.rest(now, rest.max(REST_MIN));
        }
    }

    fn refuse(&mut self, now: Moment, rest: Duration) {
        self.refused += 1;
        self.refusals_in_a_row += 1;
        let doubled = rest.max(REST_MIN).saturating_mul(1 << (self.refusals_in_a_row - 1).min(16));
        self.rest(now, doubled.min(REST_MAX));
    }

    /// Back among the free behind all colleagues, and not asked for a while: a caller who was declined or not answered
    /// once must not be brought to the same phone while others are free.
    fn rest(&mut self, now: Moment, rest: Duration) {
        self.idle_since = now;
        self.state = AgentState::Ready { since: self.idle_since };
        self.resting_until = Some(now + rest);
    }

    /// One of the agent's calls is over; the last one leads to the notes. `None` for a call that the agent is not on.
    fn release(
        &mut self,
        now: Moment,
        (first, since): (CallId, Moment),
        call: CallId,
        wrap_up: Duration,
    ) -> Option<Handled> {
        if first != call && !self.work.beside.contains(&call) {
            return None;
        }
        self.work.wrap_up = self.work.wrap_up.max(wrap_up);
        self.work.beside.retain(|other| *other != call);
        if first != call {
            return Some(None);
        }
        if !self.work.beside.is_empty() {
            let next = self.work.beside.remove(0);
            self.state = AgentState::Talking { call: next, since };
        } else if self.work.wrap_up.is_zero() || self.after_call == AfterCall::LoggedOut {
            return Some(self.finish(now, self.after_call.clone()));
        } else {
            self.state = AgentState::WrapUp { call, since: now, until: now + self.work.wrap_up };
        }
        Some(None)
    }

    /// The call and its notes are over.
    fn finish(&mut self, now: Moment, after: AfterCall) -> Handled {
        match after {
            AfterCall::Ready => {
                self.idle_since = now;
                self.state = AgentState::Ready { since: now };
            }
            AfterCall::NotReady(reason) => self.state = AgentState::NotReady { reason, since: now },
            AfterCall::LoggedOut => self.state = AgentState::LoggedOut,
        }
        self.after_call = AfterCall::Ready;
        std::mem::take(&mut self.work).queue.map(|(queue, since)| (queue, now.since(since)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acd::matching::Matching;
    use crate::model::SkillSet;

    const NOTES: Duration = Duration::from_secs(10);
    const REST: Duration = Duration::from_secs(5);

    fn at(secs: u64) -> Moment {
        Moment::from_secs(secs)
    }

    fn agent() -> Agent {
        let settings = AgentSettings {
            id: AgentId(1),
            name: "haneul".to_owned(),
            queues: vec![QueueId(4)],
            skills: SkillSet::default(),
        };
        let team = Matching::default().join_team(&settings);
        Agent::new(settings, team)
    }

    fn lunch() -> PauseReason {
        PauseReason("lunch".to_owned())
    }

    fn reserve() -> AgentEvent {
        AgentEvent::Reserve { offer: OfferId(7), call: CallId(3), until: at(26) }
    }

    fn released(call: u64) -> AgentEvent {
        AgentEvent::Released { call: CallId(call), wrap_up: NOTES }
    }

    /// An agent who went through these events, one each second from the eleventh on.
    fn after(events: Vec<AgentEvent>) -> Agent {
        let mut agent = agent();
        for (second, event) in (11..).zip(events) {
            assert!(agent.handle(at(second), event.clone()).heard, "{event:?}");
        }
        agent
    }

    fn in_state(name: &str) -> Agent {
        use AgentEvent as E;
        let accepted = || E::Accepted { queue: QueueId(4) };
        after(match name {
            "LoggedOut" => vec![],
            "NotReady" => vec![E::LogIn, E::Pause(lunch())],
            "Ready" => vec![E::LogIn],
            "Reserved" => vec![E::LogIn, reserve()],
            "Talking" => vec![E::LogIn, reserve(), accepted()],
            "WrapUp" => vec![E::LogIn, reserve(), accepted(), released(3)],
            other => unreachable!("no state {other}"),
        })
    }

    fn name(state: &AgentState) -> &'static str {
        match state {
            AgentState::LoggedOut => "LoggedOut",
            AgentState::NotReady { .. } => "NotReady",
            AgentState::Ready { .. } => "Ready",
            AgentState::Reserved { .. } => "Reserved",
            AgentState::Talking { .. } => "Talking",
            AgentState::WrapUp { .. } => "WrapUp",
        }
    }

    fn event(name: &str) -> AgentEvent {
        match name {
            "LogIn" => AgentEvent::LogIn,
            "LogOut" => AgentEvent::LogOut,
            "Pause" => AgentEvent::Pause(PauseReason("training".to_owned())),
            "Resume" => AgentEvent::Resume,
            "Reserve" => reserve(),
            "Rings" => AgentEvent::Rings { until: at(27) },
            "Accepted" => AgentEvent::Accepted { queue: QueueId(4) },
            "Missed" => AgentEvent::Missed { misses_max: 3, rest: REST },
            "MissedLast" => AgentEvent::Missed { misses_max: 1, rest: REST },
            "Refused" => AgentEvent::Refused { rest: REST },
            "Withdrawn" => AgentEvent::Withdrawn,
            "Busy" => AgentEvent::Busy { call: CallId(9) },
            "Released" => released(3),
            "EndWrapUp" => AgentEvent::EndWrapUp,
            "Wake" => AgentEvent::Wake,
            other => unreachable!("no event {other}"),
        }
    }

    /// `-` means that the event means nothing there; `=` that it is kept for later.
    const TABLE: &str = "
        event      LoggedOut NotReady Ready    Reserved  Talking WrapUp
        LogIn      Ready     -        -        -         -       -
        LogOut     -         LoggedOut LoggedOut LoggedOut =      LoggedOut
        Pause      -         NotReady NotReady NotReady  =       NotReady
        Resume     -         Ready    -        -         -       Ready
        Reserve    -         -        Reserved -         -       -
        Rings      -         -        -        =         -       -
        Accepted   -         -        -        Talking   -       -
        Missed     -         -        -        Ready     -       -
        MissedLast -         -        -        NotReady  -       -
        Refused    -         -        -        Ready     -       -
        Withdrawn  -         -        -        Ready     -       -
        Busy       Talking   Talking  Talking  Talking   =       Talking
        Released   -         -        -        -         WrapUp  -
        EndWrapUp  -         -        -        -         -       Ready
        Wake       -         -        -        -         -       Ready";

    #[test]
    fn every_state_meets_every_event() {
        let mut rows = TABLE.trim().lines().map(|row| row.split_whitespace().collect::<Vec<_>>());
        let states = rows.next().expect("the table has a head");
        for row in rows {
            for (state, expected) in states.iter().zip(&row).skip(1) {
                let mut agent = in_state(state);
                let before = agent.state_view();
                let heard = agent.handle(at(60), event(row[0])).heard;
                let pair = format!("{state} meets {}", row[0]);
                match *expected {
                    "-" => assert_eq!((heard, agent.state_view()), (false, before), "{pair}"),
                    "=" => assert_eq!((heard, name(&agent.state)), (true, *state), "{pair}"),
                    next => assert_eq!((heard, name(&agent.state)), (true, next), "{pair}"),
                }
            }
        }
    }

    #[test]
    fn an_agent_who_cannot_take_an_offer_drops_it() {
        for cause in ["LogOut", "Pause", "Busy"] {
            let reaction = in_state("Reserved").handle(at(60), event(cause));
            assert_eq!(reaction.dropped, Some(OfferId(7)), "{cause}");
        }
    }

    #[test]
    fn a_failed_offer_costs_a_rest_and_the_place_among_the_free() {
        let mut agent = in_state("Ready");
        agent.handle(at(20), reserve());
        agent.handle(at(26), event("Missed"));
        assert_eq!(agent.state, AgentState::Ready { since: at(26) });
        assert_eq!((agent.free_since(), agent.wake()), (None, Some(at(31))));
        assert!(!agent.handle(at(30), AgentEvent::Wake).heard, "too early is harmless");
        agent.handle(at(31), AgentEvent::Wake);
        assert_eq!(agent.free_since(), Some(at(26)));
    }

    #[test]
    fn refusals_in_a_row_double_the_rest_up_to_a_minute() {
        let mut agent = in_state("Ready");
        let mut rests = Vec::new();
        for round in 0..6 {
            let now = at(100 * (round + 1));
            agent.handle(now, reserve());
            agent.handle(now, event("Refused"));
            let until = agent.resting_until.expect("a refusal makes a rest");
            rests.push(until.since(now).as_secs());
            agent.handle(until, AgentEvent::Wake);
        }
        assert_eq!(rests, [5, 10, 20, 40, 60, 60]);
        agent.handle(at(900), reserve());
        agent.handle(at(901), event("Accepted"));
        assert_eq!((agent.refused, agent.refusals_in_a_row), (6, 0));
    }

    #[test]
    fn misses_in_a_row_pause_and_an_answer_forgives() {
        let mut agent = in_state("Ready");
        let miss = |agent: &mut Agent, secs| {
            agent.handle(at(secs), reserve());
            agent.handle(at(secs + 6), event("Missed"));
            agent.handle(at(secs + 11), AgentEvent::Wake);
        };
        miss(&mut agent, 100);
        miss(&mut agent, 200);
        assert_eq!(name(&agent.state), "Ready");
        agent.handle(at(300), reserve());
        agent.handle(at(301), event("Accepted"));
        agent.handle(at(400), AgentEvent::Released { call: CallId(3), wrap_up: Duration::ZERO });
        miss(&mut agent, 500);
        miss(&mut agent, 600);
        assert_eq!((name(&agent.state), agent.misses_in_a_row), ("Ready", 2));
        miss(&mut agent, 700);
        assert_eq!(agent.state, AgentState::NotReady { reason: PauseReason::no_answer(), since: at(706) });
        agent.handle(at(800), AgentEvent::Resume);
        assert_eq!((agent.misses_in_a_row, agent.missed), (0, 5));
    }

    #[test]
    fn what_was_asked_during_a_call_follows_it() {
        let mut paused = in_state("Talking");
        paused.handle(at(20), event("Pause"));
        paused.handle(at(30), released(3));
        assert_eq!(name(&paused.state), "WrapUp", "the notes come first");
        paused.handle(at(40), AgentEvent::Wake);
        assert_eq!(name(&paused.state), "NotReady");

        let mut going = in_state("Talking");
        going.handle(at(20), AgentEvent::LogOut);
        let reaction = going.handle(at(30), released(3));
        assert_eq!(name(&going.state), "LoggedOut", "who has left takes no notes");
        assert_eq!(reaction.handled, Some((QueueId(4), Duration::from_secs(17))));

        let mut staying = in_state("Talking");
        staying.handle(at(20), AgentEvent::LogOut);
        assert!(staying.handle(at(21), AgentEvent::LogIn).heard);
        staying.handle(at(22), event("Pause"));
        staying.handle(at(23), AgentEvent::Resume);
        assert_eq!(staying.after_call, AfterCall::Ready);
    }

    #[test]
    fn handle_time_is_talk_and_notes_of_the_queues_calls() {
        let mut agent = in_state("Talking");
        assert_eq!(agent.handle(at(43), released(3)).handled, None);
        assert_eq!(agent.handle(at(53), AgentEvent::Wake).handled, Some((QueueId(4), Duration::from_secs(40))));
        agent.handle(at(60), event("Busy"));
        let direct = agent.handle(at(90), AgentEvent::Released { call: CallId(9), wrap_up: Duration::ZERO });
        assert_eq!((direct.heard, direct.handled), (true, None));
        assert_eq!(agent.free_since(), Some(at(90)));
    }

    #[test]
    fn an_agent_on_two_calls_is_free_after_both() {
        let mut agent = in_state("Talking");
        agent.handle(at(20), event("Busy"));
        assert_eq!(agent.calls().collect::<Vec<_>>(), [CallId(3), CallId(9)]);
        agent.handle(at(30), released(3));
        assert_eq!(agent.calls().collect::<Vec<_>>(), [CallId(9)]);
        assert!(!agent.handle(at(31), released(3)).heard, "a call is released once");
        agent.handle(at(40), AgentEvent::Released { call: CallId(9), wrap_up: Duration::ZERO });
        assert_eq!(agent.wake(), Some(at(50)), "the notes of the first call are still owed");
    }

    #[test]
    fn calls_beside_are_bounded() {
        let mut agent = in_state("Talking");
        for call in 0..20 {
            agent.handle(at(20), AgentEvent::Busy { call: CallId(100 + call) });
        }
        assert_eq!(agent.calls().count(), 1 + CALLS_BESIDE_MAX);
    }

    #[test]
    fn a_direct_call_does_not_end_a_break_or_a_day_off() {
        for state in ["NotReady", "LoggedOut"] {
            let mut agent = in_state(state);
            agent.handle(at(20), event("Busy"));
            agent.handle(at(30), AgentEvent::Released { call: CallId(9), wrap_up: Duration::ZERO });
            assert_eq!(name(&agent.state), state);
        }
    }
}
