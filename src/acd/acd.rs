//! The engine's door: callers and agents come in as `Input`, offers and news go out as `Output`.
//! Never rings a phone, never waits, never rolls dice: the same inputs give the same outputs, bit for bit.
//!
//! ```text
//! queue owner                     agent's side                    call's side
//!   Enter -> place in line
//!   Offer ----------------------> rings ------------------------> hears music
//!   Connected <- Accepted         talks                           talks
//!   next Offer <- Refused, Missed rests                           keeps place and age
//!   Withdraw <- Leave ----------> stops ringing                   gone
//! ```

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt::Write as _;
use std::time::Duration;

use super::agent::{Agent, AgentEvent};
use super::caller::Caller;
use super::matching::Matching;
use super::message::{Input, Output};
use super::offer::{Failure, Offer};
use super::queue::{Queue, to_u32};
use super::settings::Settings;
use super::view::{AgentView, QueueSummary, QueueView, WaitingView};
use crate::model::{AgentId, CallId, Moment, OfferId, QueueId};

/// Queues and agents and who is offered whom.
///
/// After each `handle` or `handle_timeout` drain `poll_output`, then sleep until `poll_timeout`. Waking too early or
/// for nothing is harmless.
#[derive(Debug)]
pub struct Acd {
    pub(super) rest: Duration,
    pub(super) announce_delay: Duration,
    pub(super) queues: BTreeMap<QueueId, Queue>,
    pub(super) agents: BTreeMap<AgentId, Agent>,
    // Looked up, never walked through: the order of a hash map must not reach an output.
    pub(super) callers: HashMap<CallId, Caller>,
    pub(super) offers: HashMap<OfferId, Offer>,
    pub(super) matching: Matching,
    pub(super) timers: BTreeSet<(Moment, Timer)>,
    pub(super) outputs: VecDeque<Output>,
    /// Queues whose numbers changed since they were told.
    pub(super) changed: BTreeSet<QueueId>,
    pub(super) last_offer: u64,
    pub(super) last_entry: u64,
    pub(super) counts: Counts,
}

/// What is due; at the same moment in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// The ring limit.
    Offer(OfferId),
    /// The end of a wrap-up or of a rest.
    Agent(AgentId),
    /// An announcement or the longest wait.
    Caller(CallId),
}

/// What went by without effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    /// Inputs that mean nothing in the state that they met.
    pub ignored: u64,
    /// Phones that answered a void offer.
    pub late: u64,
    /// Callers who could not join.
    pub refused: u64,
}

impl Acd {
    /// An engine with all agents logged out. Of two queues or agents with one id the later counts.
    #[must_use]
    pub fn new(settings: Settings, now: Moment) -> Self {
        let mut acd = Acd {
            rest: settings.rest,
            announce_delay: settings.announce_delay,
            queues: BTreeMap::new(),
            agents: BTreeMap::new(),
            callers: HashMap::new(),
            offers: HashMap::new(),
            matching: Matching::default(),
            timers: BTreeSet::new(),
            outputs: VecDeque::new(),
            changed: BTreeSet::new(),
            last_offer: 0,
            last_entry: 0,
            counts: Counts::default(),
        };
        acd.reconfigure(now, settings);
        // What is so from the start is no news.
        acd.changed.clear();
        acd
    }

    /// Something happened.
    pub fn handle(&mut self, now: Moment, input: Input) {
        match input {
            Input::Enter(waiting) => self.enter(now, waiting),
            Input::Leave { call, why } => self.leave(now, call, why),
            Input::LogIn { agent } => self.tell_agent(now, agent, AgentEvent::LogIn),
            Input::LogOut { agent } => self.tell_agent(now, agent, AgentEvent::LogOut),
            Input::Pause { agent, reason } => self.tell_agent(now, agent, AgentEvent::Pause(reason)),
            Input::Resume { agent } => self.tell_agent(now, agent, AgentEvent::Resume),
            Input::Rings { offer } => self.rings(now, offer),
            Input::Accepted { offer } => self.accepted(now, offer),
            Input::Refused { offer } => self.failed(now, offer, Failure::Refused),
            Input::Missed { offer } => self.failed(now, offer, Failure::Missed),
            Input::Rung { agent, call } => self.tell_agent(now, agent, AgentEvent::Rung { call }),
            Input::Unanswered { agent, call, missed } => {
                let rest = missed.then_some(self.rest);
                self.tell_agent(now, agent, AgentEvent::Unanswered { call, rest });
            }
            Input::Busy { agent, call } => self.tell_agent(now, agent, AgentEvent::Busy { call }),
            Input::Released { agent, call, wrap_up } => {
                let wrap_up = if wrap_up { self.wrap_up(agent) } else { Duration::ZERO };
                self.tell_agent(now, agent, AgentEvent::Released { call, wrap_up });
            }
            Input::EndWrapUp { agent } => self.tell_agent(now, agent, AgentEvent::EndWrapUp),
        }
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Moment) {
        // What a timer sets for this very moment waits for the next call, so the loop ends.
        for _ in 0..self.timers.len() {
            let Some(due) = self.timers.first().copied().filter(|(at, _)| *at <= now) else { return };
            self.timers.remove(&due);
            match due.1 {
                Timer::Offer(offer) => self.rang_out(now, offer),
                Timer::Agent(agent) => self.tell_agent(now, agent, AgentEvent::Wake),
                Timer::Caller(call) => self.wake_caller(now, call),
            }
        }
    }

    /// When `handle_timeout` has something to do.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// What is to be done or told next; a queue's numbers last, so that many changes are one.
    #[must_use = "what is polled is gone"]
    pub fn poll_output(&mut self) -> Option<Output> {
        if let Some(output) = self.outputs.pop_front() {
            return Some(output);
        }
        let queue = self.changed.pop_first()?;
        Some(Output::Queue { queue: self.queues.get(&queue)?.summary() })
    }

    /// One agent; `None` for an id that the settings do not have.
    #[must_use]
    pub fn agent(&self, id: AgentId) -> Option<AgentView> {
        self.agents.get(&id).map(Agent::view)
    }

    /// All agents, by id.
    pub fn agents(&self) -> impl Iterator<Item = AgentView> {
        self.agents.values().map(Agent::view)
    }

    /// One queue and everybody in it; `None` for an id that the settings do not have. Walks through the queue.
    #[must_use]
    pub fn queue(&self, id: QueueId) -> Option<QueueView> {
        let queue = self.queues.get(&id)?;
        let summary = queue.summary();
        let waiting = queue.order.iter().enumerate().filter_map(|(place, rank)| {
            let caller = self.callers.get(&rank.call)?;
            let offer = caller.offered.and_then(|offer| self.offers.get(&offer));
            Some(WaitingView {
                call: rank.call,
                since: rank.since,
                entered: caller.entered,
                position: to_u32(place + 1),
                priority: rank.priority.0,
                needs: self.matching.needs(caller.line).to_vec(),
                offered: offer.map(|offer| offer.agent),
                offer: offer.map(|offer| offer.id),
            })
        });
        Some(QueueView {
            id,
            name: queue.settings.name.clone(),
            waiting: waiting.collect(),
            oldest_since: summary.oldest_since,
            ready_agents: summary.ready_agents,
            working_agents: summary.working_agents,
            expected_wait: summary.expected_wait,
            counters: summary.counters,
            service_level: queue.settings.service_level,
        })
    }

    /// All queues' numbers, by id.
    pub fn summaries(&self) -> impl Iterator<Item = QueueSummary> {
        self.queues.values().map(Queue::summary)
    }

    /// What went by without effect since the start.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Begins the counters of a new day; those who wait are its first callers.
    pub fn start_day(&mut self) {
        for (id, queue) in &mut self.queues {
            queue.start_day();
            self.changed.insert(*id);
        }
        for agent in self.agents.values_mut() {
            (agent.answered, agent.missed, agent.refused) = (0, 0, 0);
        }
    }

    /// The live tables as text, for administrators.
    #[must_use]
    pub fn dump(&self) -> String {
        let mut text = String::new();
        for queue in self.queues.values() {
            let summary = queue.summary();
            let _ = writeln!(
                text,
                "{} waiting={} ready={} working={} entered={} answered={} abandoned={} other={}",
                summary.id,
                summary.waiting,
                summary.ready_agents,
                summary.working_agents,
                summary.counters.entered,
                summary.counters.answered,
                summary.counters.abandoned,
                summary.counters.other_exits,
            );
        }
        for agent in self.agents.values() {
            let _ = writeln!(text, "{} {:?}", agent.id, agent.state_view());
        }
        let offers: BTreeMap<&OfferId, &Offer> = self.offers.iter().collect();
        for offer in offers.values() {
            let _ = writeln!(text, "{} {} to {} until {}", offer.id, offer.call, offer.agent, offer.until);
        }
        let _ = writeln!(text, "timers={} {:?}", self.timers.len(), self.counts);
        text
    }

    pub(super) fn say(&mut self, output: Output) {
        self.outputs.push_back(output);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acd::{
        AfterCall, AgentSettings, AgentState, LeaveReason, PauseReason, QueueSettings, RefusedReason, Waiting, Why,
        WithdrawReason,
    };
    use crate::model::{Requirement, SkillId, SkillSet};

    /// An engine with a clock that the test turns, and the words of the trade.
    struct Hall {
        acd: Acd,
        now: Moment,
    }

    const CLAIMS: QueueId = QueueId(0);
    const SALES: QueueId = QueueId(1);
    const ENGLISH: SkillId = SkillId(0);
    const A: AgentId = AgentId(0);
    const B: AgentId = AgentId(1);

    impl Hall {
        /// A serves both queues and speaks English well, B serves claims and speaks a little.
        fn new() -> Self {
            let agent = |id: AgentId, queues: &[QueueId], level| AgentSettings {
                id,
                name: id.to_string(),
                queues: queues.to_vec(),
                skills: SkillSet::new(vec![Requirement { skill: ENGLISH, level }]),
            };
            let queues = vec![QueueSettings::new(CLAIMS, "claims"), QueueSettings::new(SALES, "sales")];
            let settings = Settings::new(queues, vec![agent(A, &[CLAIMS, SALES], 8), agent(B, &[CLAIMS], 2)]);
            Hall { acd: Acd::new(settings, Moment::ZERO), now: Moment::from_secs(1_000) }
        }

        fn with_both_ready() -> Self {
            let mut hall = Hall::new();
            hall.log_in(A);
            hall.after(1);
            hall.log_in(B);
            hall
        }

        fn give(&mut self, input: Input) -> Vec<Output> {
            self.acd.handle(self.now, input);
            self.news()
        }

        /// Seconds pass; the engine wakes whenever it asked to.
        fn after(&mut self, secs: u64) -> Vec<Output> {
            let until = self.now + Duration::from_secs(secs);
            let mut news = Vec::new();
            while let Some(due) = self.acd.poll_timeout().filter(|due| *due <= until) {
                self.now = self.now.max(due);
                self.acd.handle_timeout(self.now);
                news.extend(self.news());
            }
            self.now = until;
            news
        }

        /// What was said, without states and numbers.
        fn news(&mut self) -> Vec<Output> {
            std::iter::from_fn(|| self.acd.poll_output())
                .filter(|output| {
                    !matches!(output, Output::AgentState { .. } | Output::Queue { .. } | Output::Entered { .. })
                })
                .collect()
        }

        fn log_in(&mut self, agent: AgentId) -> Vec<Output> {
            self.give(Input::LogIn { agent })
        }

        fn waiting(&self, call: u64) -> Waiting {
            Waiting {
                call: CallId(call),
                queue: CLAIMS,
                needs: vec![],
                priority: 0,
                since: self.now,
                prefer: None,
                announce_every: None,
                max_wait: None,
            }
        }

        fn enter(&mut self, call: u64) -> Vec<Output> {
            let waiting = self.waiting(call);
            self.give(Input::Enter(waiting))
        }

        fn rings(&mut self, offer: u64) {
            assert_eq!(self.give(Input::Rings { offer: OfferId(offer) }), []);
        }

        fn accept(&mut self, offer: u64) -> Vec<Output> {
            self.give(Input::Accepted { offer: OfferId(offer) })
        }

        fn leave(&mut self, call: u64, why: LeaveReason) -> Vec<Output> {
            self.give(Input::Leave { call: CallId(call), why })
        }

        fn state(&self, agent: AgentId) -> AgentState {
            self.acd.agent(agent).expect("both agents are configured").state
        }

        fn order(&self) -> Vec<u64> {
            self.acd.queue(CLAIMS).expect("claims is configured").waiting.iter().map(|caller| caller.call.0).collect()
        }
    }

    fn offer(offer: u64, call: u64, agent: AgentId) -> Output {
        let ring_limit = Duration::from_secs(6);
        Output::Offer { offer: OfferId(offer), call: CallId(call), agent, queue: CLAIMS, ring_limit }
    }

    fn withdrawn(offer: u64, call: u64, agent: AgentId, rang: u64) -> Output {
        let (offer, call, rang) = (OfferId(offer), CallId(call), Duration::from_secs(rang));
        Output::Withdraw { offer, call, agent, why: WithdrawReason::RingLimit, rang }
    }

    #[test]
    fn a_caller_reaches_the_agent_idle_longest() {
        let mut hall = Hall::with_both_ready();
        assert_eq!(hall.enter(1), [offer(1, 1, A)]);
        assert_eq!(hall.enter(2), [offer(2, 2, B)]);
        assert_eq!(hall.enter(3), []);
        hall.after(1);
        hall.rings(1);
        hall.after(2);
        let connected = hall.accept(1);
        assert_eq!(
            connected,
            [Output::Connected {
                offer: OfferId(1),
                call: CallId(1),
                agent: A,
                queue: CLAIMS,
                waited: Duration::from_secs(3),
                rang: Duration::from_secs(2),
            }]
        );
        assert_eq!(hall.order(), [2, 3]);
        hall.accept(2);
        hall.after(60);
        hall.give(Input::Released { agent: A, call: CallId(1), wrap_up: true });
        assert!(matches!(hall.state(A), AgentState::WrapUp { .. }));
        assert_eq!(hall.give(Input::EndWrapUp { agent: A }), [offer(3, 3, A)]);
    }

    #[test]
    fn a_missed_call_goes_on_at_once_and_keeps_its_place() {
        let mut hall = Hall::with_both_ready();
        hall.enter(1);
        hall.rings(1);
        let rang_out = hall.after(6);
        assert_eq!(rang_out, [withdrawn(1, 1, A, 6), offer(2, 1, B)]);
        hall.enter(2);
        assert_eq!(hall.order(), [1, 2]);
        hall.give(Input::Refused { offer: OfferId(2) });
        assert_eq!(hall.order(), [1, 2]);
        assert_eq!(hall.acd.explain(CallId(1), B), Why::Resting { until: hall.now + Duration::from_secs(5) });
        let asked_again = hall.after(5);
        assert!(asked_again.contains(&offer(3, 1, A)), "A has rested enough: {asked_again:?}");
        assert!(asked_again.contains(&offer(4, 2, B)), "and so has B: {asked_again:?}");
    }

    #[test]
    fn the_ring_limit_counts_from_the_first_ring() {
        let mut hall = Hall::with_both_ready();
        hall.enter(1);
        hall.after(2);
        hall.rings(1);
        let offered = hall.now.as_nanos() - Duration::from_secs(2).as_nanos() as u64;
        let (since, until) = (Moment::from_nanos(offered), hall.now + Duration::from_secs(6));
        assert_eq!(hall.state(A), AgentState::Reserved { offer: OfferId(1), call: CallId(1), since, until });
        hall.after(3);
        hall.rings(1);
        assert_eq!(hall.acd.counts().ignored, 1, "a phone begins to ring once");
        assert_eq!(hall.after(2), [], "it has rung for five seconds");
        assert_eq!(hall.after(1), [withdrawn(1, 1, A, 6), offer(2, 1, B)]);
        hall.rings(1);
        assert_eq!(hall.acd.counts().ignored, 2, "the offer is void");
    }

    #[test]
    fn a_slow_link_does_not_keep_the_caller_for_long() {
        let mut hall = Hall::with_both_ready();
        hall.enter(1);
        hall.after(5);
        hall.rings(1);
        assert_eq!(hall.after(2), [], "two seconds were given back");
        assert_eq!(hall.after(1), [withdrawn(1, 1, A, 3), offer(2, 1, B)]);
        assert_eq!(hall.after(6), [withdrawn(2, 1, B, 0), offer(3, 1, A)], "one that never rang had six");
    }

    #[test]
    fn nobody_is_asked_twice_before_everybody_was_asked_once() {
        let agent = |id: u32| AgentSettings {
            id: AgentId(id),
            name: String::new(),
            queues: vec![CLAIMS],
            skills: SkillSet::default(),
        };
        let settings = Settings::new(vec![QueueSettings::new(CLAIMS, "claims")], (0..3).map(agent).collect());
        let mut hall = Hall { acd: Acd::new(settings, Moment::ZERO), now: Moment::from_secs(1_000) };
        for id in 0..3 {
            hall.log_in(AgentId(id));
            hall.after(1);
        }
        assert_eq!(hall.enter(1), [offer(1, 1, AgentId(0))]);
        assert_eq!(hall.give(Input::Refused { offer: OfferId(1) }), [offer(2, 1, AgentId(1))]);
        let rang_out = hall.after(6);
        assert_eq!(
            rang_out.last(),
            Some(&offer(3, 1, AgentId(2))),
            "the first has rested, but the third was not asked"
        );
    }

    #[test]
    fn a_phone_that_rings_for_a_direct_call_is_offered_nothing_beside_it() {
        let mut hall = Hall::with_both_ready();
        let direct = CallId(90);
        hall.give(Input::Rung { agent: A, call: direct });
        assert_eq!(hall.enter(1), [offer(1, 1, B)]);
        assert_eq!(hall.enter(2), []);
        assert_eq!(hall.acd.explain(CallId(2), A), Why::Rung { call: direct });
        let given_up = hall.give(Input::Unanswered { agent: A, call: direct, missed: false });
        assert_eq!(given_up, [offer(2, 2, A)]);
    }

    #[test]
    fn after_a_missed_direct_call_the_agent_rests_so_that_a_colleague_is_asked() {
        let mut hall = Hall::with_both_ready();
        let direct = CallId(90);
        hall.give(Input::Rung { agent: A, call: direct });
        hall.give(Input::Unanswered { agent: A, call: direct, missed: true });
        assert_eq!(hall.enter(1), [offer(1, 1, B)]);
        assert_eq!(hall.acd.agent(A).expect("A is configured").misses_in_a_row, 0, "no queue's offer was missed");
        hall.enter(2);
        assert!(hall.after(5).contains(&offer(2, 2, A)), "A has rested");
    }

    #[test]
    fn an_answered_direct_call_is_a_talk() {
        let mut hall = Hall::with_both_ready();
        let direct = CallId(90);
        hall.give(Input::Rung { agent: A, call: direct });
        hall.give(Input::Busy { agent: A, call: direct });
        assert!(matches!(hall.state(A), AgentState::Talking { call, .. } if call == direct));
        hall.after(1);
        hall.give(Input::Released { agent: A, call: direct, wrap_up: false });
        assert_eq!(hall.enter(1), [offer(1, 1, B)], "the talk ended later than B's idleness began");
        assert_eq!(hall.enter(2), [offer(2, 2, A)]);
    }

    #[test]
    fn three_misses_in_a_row_are_a_break() {
        let mut hall = Hall::new();
        hall.log_in(A);
        hall.enter(1);
        hall.after(30);
        let reason = PauseReason::no_answer();
        assert!(matches!(hall.state(A), AgentState::NotReady { reason: said, .. } if said == reason));
        assert_eq!(hall.acd.explain(CallId(1), A), Why::NotReady { reason });
        assert_eq!(hall.give(Input::Resume { agent: A }), [offer(4, 1, A)]);
    }

    #[test]
    fn a_caller_who_leaves_stops_the_phone_and_a_late_answer_finds_nobody() {
        let mut hall = Hall::with_both_ready();
        hall.enter(1);
        hall.rings(1);
        hall.after(3);
        let waited = Duration::from_secs(3);
        let (call, why) = (CallId(1), LeaveReason::Abandoned);
        assert_eq!(
            hall.leave(1, why),
            [
                Output::Left { call, queue: CLAIMS, why, waited },
                Output::Withdraw { offer: OfferId(1), call, agent: A, why: WithdrawReason::CallerLeft, rang: waited },
            ]
        );
        assert_eq!(hall.accept(1), [Output::Late { offer: OfferId(1) }]);
        assert_eq!(hall.enter(2), [offer(2, 2, A)], "A has kept the place among the idle");
        assert_eq!(hall.give(Input::Missed { offer: OfferId(1) }), [], "what follows a withdrawal says nothing");
        assert_eq!(hall.acd.counts(), Counts { ignored: 1, late: 1, refused: 0 });
    }

    #[test]
    fn skills_decide_who_is_asked() {
        let mut hall = Hall::with_both_ready();
        let fluent = Requirement { skill: ENGLISH, level: 5 };
        let first = Waiting { needs: vec![fluent], ..hall.waiting(1) };
        assert_eq!(hall.give(Input::Enter(first)), [offer(1, 1, A)]);
        let second = Waiting { needs: vec![fluent], ..hall.waiting(2) };
        assert_eq!(hall.give(Input::Enter(second)), [], "B is free but does not speak it well enough");
        assert_eq!(hall.acd.explain(CallId(2), B), Why::MissingSkill { need: fluent, have: 2 });
        assert_eq!(hall.acd.explain(CallId(2), A), Why::Reserved { call: CallId(1) });
        let sales = Waiting { queue: SALES, ..hall.waiting(3) };
        hall.give(Input::Enter(sales));
        assert_eq!(hall.acd.explain(CallId(3), B), Why::NotInQueue { queue: SALES });
        assert_eq!(hall.acd.explain(CallId(1), A), Why::Offered { offer: OfferId(1) });
        assert_eq!(hall.acd.explain(CallId(1), B), Why::MissingSkill { need: fluent, have: 2 });
        assert_eq!(hall.acd.explain(CallId(9), B), Why::NotWaiting);
        assert_eq!(hall.acd.explain(CallId(1), AgentId(9)), Why::UnknownAgent);
    }

    #[test]
    fn priority_comes_first_and_age_second() {
        let mut hall = Hall::new();
        hall.enter(1);
        hall.after(1);
        hall.enter(2);
        let urgent = Waiting { priority: 1, ..hall.waiting(3) };
        hall.give(Input::Enter(urgent));
        assert_eq!(hall.order(), [3, 1, 2]);
        assert_eq!(hall.log_in(B), [offer(1, 3, B)]);
        assert_eq!(hall.log_in(A), [offer(2, 1, A)]);
    }

    #[test]
    fn a_caller_who_comes_back_has_the_old_place() {
        let mut hall = Hall::new();
        let since = hall.now;
        hall.after(100);
        hall.enter(1);
        hall.after(100);
        let back = Waiting { since, ..hall.waiting(2) };
        hall.give(Input::Enter(back));
        assert_eq!(hall.order(), [2, 1]);
        let view = hall.acd.queue(CLAIMS).expect("claims is configured");
        assert_eq!((view.oldest_since, view.waiting[0].entered), (Some(since), hall.now));
    }

    #[test]
    fn a_preferred_agent_is_asked_first_but_not_waited_for() {
        let mut hall = Hall::with_both_ready();
        let prefers_b = |hall: &Hall, call| Waiting { prefer: Some(B), ..hall.waiting(call) };
        let first = prefers_b(&hall, 1);
        assert_eq!(hall.give(Input::Enter(first)), [offer(1, 1, B)]);
        let second = prefers_b(&hall, 2);
        assert_eq!(hall.give(Input::Enter(second)), [offer(2, 2, A)]);
    }

    #[test]
    fn positions_are_told_on_time_and_never_while_a_phone_rings() {
        let mut hall = Hall::new();
        hall.enter(1);
        let talkative = Waiting {
            announce_every: Some(Duration::from_secs(30)),
            max_wait: Some(Duration::from_secs(50)),
            ..hall.waiting(2)
        };
        hall.give(Input::Enter(talkative));
        let (call, queue) = (CallId(2), CLAIMS);
        let position = |position, waited| Output::Position {
            call,
            queue,
            position,
            expected_wait: None,
            waited: Duration::from_secs(waited),
        };
        let first_told = hall.after(2);
        assert_eq!(first_told.last(), Some(&position(2, 2)));
        hall.leave(1, LeaveReason::Abandoned);
        assert_eq!(hall.after(30), [position(1, 32)]);
        hall.log_in(B);
        hall.after(4);
        hall.give(Input::Refused { offer: OfferId(1) });
        hall.after(10);
        assert!(matches!(hall.state(B), AgentState::Reserved { .. }));
        let until_ring_limit = hall.after(0);
        assert_eq!(until_ring_limit, []);
        let after_ringing = hall.after(8);
        assert!(after_ringing.contains(&Output::MaxWait { call, queue }), "{after_ringing:?}");
        let later = hall.after(100);
        assert!(!later.contains(&Output::MaxWait { call, queue }), "said once");
    }

    #[test]
    fn a_break_during_ringing_gives_the_call_to_the_next() {
        let mut hall = Hall::with_both_ready();
        hall.enter(1);
        let withdraw =
            |why| Output::Withdraw { offer: OfferId(1), call: CallId(1), agent: A, why, rang: Duration::ZERO };
        let reason = PauseReason("lunch".to_owned());
        let outputs = hall.give(Input::Pause { agent: A, reason });
        assert_eq!(outputs, [withdraw(WithdrawReason::AgentLeft), offer(2, 1, B)]);
        let mut hall = Hall::with_both_ready();
        hall.enter(1);
        let outputs = hall.give(Input::Busy { agent: A, call: CallId(77) });
        assert_eq!(outputs, [withdraw(WithdrawReason::AgentBusy), offer(2, 1, B)]);
    }

    #[test]
    fn a_log_out_during_a_call_waits_for_its_end() {
        let mut hall = Hall::new();
        hall.log_in(A);
        hall.enter(1);
        hall.accept(1);
        hall.give(Input::LogOut { agent: A });
        assert_eq!(hall.acd.agent(A).expect("A is configured").after_call, AfterCall::LoggedOut);
        hall.enter(2);
        assert_eq!(hall.give(Input::Released { agent: A, call: CallId(1), wrap_up: true }), []);
        assert_eq!(hall.state(A), AgentState::LoggedOut);
    }

    #[test]
    fn who_cannot_join_is_told_why() {
        let mut hall = Hall::new();
        let refused = |call, why| [Output::Refused { call: CallId(call), why }];
        hall.enter(1);
        assert_eq!(hall.enter(1), refused(1, RefusedReason::AlreadyWaiting));
        let lost = Waiting { queue: QueueId(9), ..hall.waiting(2) };
        assert_eq!(hall.give(Input::Enter(lost)), refused(2, RefusedReason::UnknownQueue));
        let needs = vec![Requirement { skill: ENGLISH, level: 1 }; 17];
        let demanding = Waiting { needs, ..hall.waiting(3) };
        assert_eq!(hall.give(Input::Enter(demanding)), refused(3, RefusedReason::TooManyNeeds));
        (100..599).for_each(|call| drop(hall.enter(call)));
        assert_eq!(hall.enter(600), refused(600, RefusedReason::QueueFull));
        assert_eq!(hall.acd.counts().refused, 4);
    }

    #[test]
    fn an_experienced_queue_tells_how_long_it_takes() {
        let mut hall = Hall::new();
        hall.log_in(A);
        for call in 1..=6 {
            hall.enter(call);
            hall.accept(call);
            hall.after(170);
            hall.give(Input::Released { agent: A, call: CallId(call), wrap_up: true });
            hall.after(10);
        }
        hall.enter(7);
        hall.accept(7);
        hall.acd.handle(hall.now, Input::Enter(hall.waiting(8)));
        let entered = std::iter::from_fn(|| hall.acd.poll_output())
            .find_map(|output| match output {
                Output::Entered { position, expected_wait, .. } => Some((position, expected_wait)),
                _ => None,
            })
            .expect("a caller entered");
        // Handle time 180 s, one agent, all of the time: 180 s and the margin that four of five stay under.
        assert_eq!(entered, (1, Some(Duration::from_millis(331_200))));
        let counters = hall.acd.queue(CLAIMS).expect("claims is configured").counters;
        assert_eq!((counters.entered, counters.answered, counters.answered_within_target), (8, 7, 7));
    }

    #[test]
    fn a_wait_that_grew_is_not_told_again() {
        let mut hall = Hall::new();
        hall.log_in(A);
        hall.log_in(B);
        for call in 0..6 {
            hall.enter(call);
            hall.accept(call + 1);
            hall.after(100);
            let agent = if call % 2 == 0 { A } else { B };
            hall.give(Input::Released { agent, call: CallId(call), wrap_up: false });
        }
        hall.enter(10);
        hall.enter(11);
        hall.accept(7);
        hall.accept(8);
        let waiting = Waiting { announce_every: Some(Duration::from_secs(30)), ..hall.waiting(12) };
        hall.give(Input::Enter(waiting));
        let told = |news: &[Output]| match news {
            [Output::Position { expected_wait, .. }] => *expected_wait,
            other => panic!("one position is told, not {other:?}"),
        };
        let first = hall.after(2);
        let first = told(&first).expect("six calls are experience enough");
        hall.give(Input::Pause { agent: B, reason: PauseReason("lunch".to_owned()) });
        hall.give(Input::Released { agent: B, call: CallId(11), wrap_up: false });
        let second = hall.after(30);
        assert_eq!(told(&second), None, "with one agent less it would be more than {first:?}");
        hall.give(Input::Resume { agent: B });
        let back = hall.give(Input::Busy { agent: B, call: CallId(99) });
        assert!(matches!(back.first(), Some(Output::Withdraw { .. })), "B was offered the call: {back:?}");
        let third = hall.after(30);
        assert!(told(&third).is_some_and(|told| told <= first), "as before, or less: {third:?}");
    }

    #[test]
    fn many_changes_of_a_queue_are_one_piece_of_news() {
        let mut hall = Hall::new();
        for call in 0..10 {
            hall.acd.handle(hall.now, Input::Enter(hall.waiting(call)));
        }
        let queues: Vec<u32> = std::iter::from_fn(|| hall.acd.poll_output())
            .filter_map(|output| match output {
                Output::Queue { queue } => Some(queue.waiting),
                _ => None,
            })
            .collect();
        assert_eq!(queues, [10]);
    }

    #[test]
    fn words_survive_the_journey_between_machines() {
        let mut hall = Hall::with_both_ready();
        let input = Input::Enter(Waiting { needs: vec![Requirement { skill: ENGLISH, level: 3 }], ..hall.waiting(1) });
        let text = serde_json::to_string(&input).expect("an input is plain");
        let read: Input = serde_json::from_str(&text).expect("it reads what it wrote");
        assert_eq!(read, input);
        hall.acd.handle(hall.now, input);
        for output in std::iter::from_fn(|| hall.acd.poll_output()) {
            let text = serde_json::to_string(&output).expect("an output is plain");
            let read: Output = serde_json::from_str(&text).expect("it reads what it wrote");
            assert_eq!(read, output);
        }
    }

    #[test]
    fn the_dump_shows_the_live_tables() {
        let mut hall = Hall::with_both_ready();
        hall.enter(5);
        let dump = hall.acd.dump();
        assert!(dump.contains("queue-0 waiting=1 ready=1 working=2"), "{dump}");
        assert!(dump.contains("offer-1 call-5 to agent-0"), "{dump}");
    }
}
