//! A day of callers and agents made from a seed, with every promise of the engine checked after every step.
//! A failure prints the seed. Never a real clock.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;

use super::acd::Acd;
use super::agent::{AgentState, PauseReason};
use super::explain::Why;
use super::message::{Input, LeaveReason, Output, Waiting, WithdrawReason};
use super::reference::Reference;
use super::settings::{AgentSettings, QueueSettings, Settings};
use super::view::QueueView;
use crate::model::limits::RING_DELAY_MAX;
use crate::model::{AgentId, CallId, Moment, OfferId, QueueId, Requirement, SkillId, SkillSet};

/// One thing that was said to the engine.
#[derive(Clone, Debug)]
enum Step {
    Given(Input),
    Reconfigured(Settings),
    TimePassed,
}

/// A house with an engine, and everything that was said in it.
struct Day {
    dice: Dice,
    now: Moment,
    acd: Acd,
    first_settings: Settings,
    settings: Settings,
    reference: Reference,
    tally: Tally,
    journal: Vec<(Moment, Step)>,
    said: Vec<Output>,
    next_call: u64,
}

/// What a bystander counts.
#[derive(Default)]
struct Tally {
    waiting: BTreeMap<CallId, QueueId>,
    live_offers: BTreeMap<OfferId, (CallId, AgentId)>,
    clocks: BTreeMap<OfferId, Clock>,
    void_offers: Vec<OfferId>,
    /// Queue calls that are being talked.
    talks: BTreeMap<CallId, AgentId>,
    max_wait_told: BTreeSet<CallId>,
    late: u64,
    entered: BTreeMap<QueueId, u64>,
}

/// An offer's clock as the charter reads it: the third ring is counted from the first one.
#[derive(Clone, Copy)]
struct Clock {
    offered: Moment,
    rang_at: Option<Moment>,
}

impl Clock {
    fn until(self) -> Moment {
        let longest = self.offered + RING_LIMIT + RING_DELAY_MAX;
        self.rang_at.map_or(self.offered + RING_LIMIT, |rang_at| longest.min(rang_at + RING_LIMIT))
    }

    fn rang(self, now: Moment) -> Duration {
        self.rang_at.map_or(Duration::ZERO, |rang_at| now.since(rang_at))
    }
}

impl Day {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let settings = settings(&mut dice);
        Day {
            acd: Acd::new(settings.clone(), Moment::ZERO),
            reference: Reference::new(&settings),
            dice,
            now: Moment::from_secs(1),
            first_settings: settings.clone(),
            settings,
            tally: Tally::default(),
            journal: Vec::new(),
            said: Vec::new(),
            next_call: 0,
        }
    }

    fn step(&mut self) {
        self.pass_time();
        if self.dice.chance(3) {
            self.reconfigure();
        } else {
            let input = self.anything();
            self.give(input);
        }
        self.check();
    }

    /// Agents learn and forget, and change queues, while the hall is full.
    fn reconfigure(&mut self) {
        self.settings.agents = agents(&mut self.dice);
        self.reference.reconfigured(&self.settings);
        self.journal.push((self.now, Step::Reconfigured(self.settings.clone())));
        self.acd.reconfigure(self.now, self.settings.clone());
        self.listen();
    }

    /// Lets time pass, stopping at every moment that the engine asked for, or sleeping over it.
    fn pass_time(&mut self) {
        let until = self.now + Duration::from_millis(self.dice.below(2_500));
        let oversleeps = self.dice.chance(10);
        while let Some(due) = self.acd.poll_timeout().filter(|due| *due <= until && !oversleeps) {
            self.now = self.now.max(due);
            self.wake();
        }
        self.now = until;
        if self.dice.chance(30) || oversleeps {
            self.wake();
        }
    }

    fn wake(&mut self) {
        self.journal.push((self.now, Step::TimePassed));
        self.acd.handle_timeout(self.now);
        self.listen();
    }

    fn give(&mut self, input: Input) {
        self.tally.given(self.now, &input);
        self.reference.given(self.now, &input);
        self.journal.push((self.now, Step::Given(input.clone())));
        self.acd.handle(self.now, input);
        self.listen();
    }

    fn listen(&mut self) {
        while let Some(output) = self.acd.poll_output() {
            self.tally.heard(self.now, &output);
            self.reference.heard(&output);
            self.said.push(output);
        }
        self.reference.check_nobody_waits_in_vain();
    }

    /// Something sensible mostly; the rest is what a confused or hostile neighbour would say.
    fn anything(&mut self) -> Input {
        let agent = AgentId(self.dice.below(u64::from(AGENTS) + 1) as u32);
        let call = CallId(self.dice.below(self.next_call + 2));
        let live: Vec<OfferId> = self.tally.live_offers.keys().copied().collect();
        let offer = self.dice.pick(&live).unwrap_or(OfferId(self.dice.below(60)));
        let void = self.dice.pick(&self.tally.void_offers).unwrap_or(offer);
        let reason = PauseReason(["lunch", "training"][self.dice.below(2) as usize].to_owned());
        match self.dice.below(100) {
            0..30 => self.caller(),
            30..36 => Input::Leave { call: self.waiting_call().unwrap_or(call), why: LeaveReason::Abandoned },
            36..40 => Input::Leave { call: self.waiting_call().unwrap_or(call), why: LeaveReason::Callback },
            40..48 => Input::LogIn { agent },
            48..50 => Input::LogOut { agent },
            50..53 => Input::Pause { agent, reason },
            53..58 => Input::Resume { agent },
            58..67 => Input::Accepted { offer },
            67..72 => Input::Rings { offer },
            72..74 => Input::Accepted { offer: void },
            74..77 => Input::Refused { offer },
            77..79 => Input::Missed { offer },
            79..81 => Input::Busy { agent, call: CallId(900_000 + self.dice.below(30)) },
            81..82 => Input::Rung { agent, call: CallId(900_000 + self.dice.below(30)) },
            82..84 => self.stops_ringing(agent),
            84..97 => self.hang_up(agent),
            _ => Input::EndWrapUp { agent },
        }
    }

    fn caller(&mut self) -> Input {
        // Some come back after a talk, with the age that they had.
        let talking: Vec<CallId> = self.tally.talks.keys().copied().collect();
        let back = self.dice.pick(&talking).filter(|_| self.dice.chance(20));
        let call = back.unwrap_or_else(|| {
            self.next_call += 1;
            CallId(self.next_call)
        });
        let age = Duration::from_secs(if back.is_some() { self.dice.below(200) } else { 0 });
        let needs = (0..self.dice.below(3))
            .map(|_| Requirement { skill: SkillId(self.dice.below(3) as u16), level: self.dice.below(5) as u8 })
            .collect();
        let queue = if self.dice.chance(3) { QUEUES } else { self.dice.below(u64::from(QUEUES)) as u32 };
        Input::Enter(Waiting {
            call,
            queue: QueueId(queue),
            needs,
            priority: [0, 0, 0, 1, -1, i32::MAX][self.dice.below(6) as usize],
            since: Moment::from_nanos(self.now.as_nanos().saturating_sub(age.as_nanos() as u64)),
            prefer: self.dice.chance(20).then(|| AgentId(self.dice.below(u64::from(AGENTS)) as u32)),
            announce_every: self.dice.chance(50).then(|| Duration::from_secs(self.dice.below(20))),
            max_wait: self.dice.chance(50).then(|| Duration::from_secs(self.dice.below(60))),
        })
    }

    fn waiting_call(&mut self) -> Option<CallId> {
        let waiting: Vec<CallId> = self.tally.waiting.keys().copied().collect();
        self.dice.pick(&waiting)
    }

    fn hang_up(&mut self, agent: AgentId) -> Input {
        let calls = self.acd.agent(agent).map(|view| view.calls).unwrap_or_default();
        let call = self.dice.pick(&calls).unwrap_or(CallId(1));
        Input::Released { agent, call, wrap_up: self.dice.chance(60) }
    }

    fn stops_ringing(&mut self, agent: AgentId) -> Input {
        let call = self.acd.agent(agent).and_then(|view| view.rung_by).unwrap_or(CallId(1));
        Input::Unanswered { agent, call, missed: self.dice.chance(50) }
    }

    fn check(&mut self) {
        let queues: Vec<QueueView> = self.settings.queues.iter().filter_map(|queue| self.acd.queue(queue.id)).collect();
        assert_eq!(queues.len(), QUEUES as usize);
        for queue in &queues {
            self.check_queue(queue);
        }
        let waiting: BTreeMap<CallId, QueueId> =
            queues.iter().flat_map(|queue| queue.waiting.iter().map(|caller| (caller.call, queue.id))).collect();
        assert_eq!(waiting, self.tally.waiting, "callers who came and did not leave");
        self.check_agents(&queues);
        assert_eq!(self.acd.counts().late, self.tally.late);
    }

    fn check_queue(&self, queue: &QueueView) {
        let counters = queue.counters;
        let left = counters.answered + counters.abandoned + counters.other_exits;
        assert_eq!(counters.entered, left + queue.waiting.len() as u64, "every caller has one end");
        assert_eq!(counters.entered, self.tally.entered.get(&queue.id).copied().unwrap_or(0));
        assert_eq!(queue.oldest_since, queue.waiting.iter().map(|caller| caller.since).min());
        for (place, pair) in queue.waiting.windows(2).enumerate() {
            let rank = |at: usize| (std::cmp::Reverse(pair[at].priority), pair[at].since);
            assert!(rank(0) <= rank(1), "place {place} before the next");
        }
        for (place, caller) in queue.waiting.iter().enumerate() {
            assert_eq!(caller.position as usize, place + 1);
            for agent in &self.settings.agents {
                let why = self.acd.explain(caller.call, agent.id);
                assert_ne!(why, Why::Nothing, "{} and {}", caller.call, agent.id);
                assert_eq!(matches!(why, Why::Offered { .. }), caller.offered == Some(agent.id));
            }
        }
    }

    fn check_agents(&self, queues: &[QueueView]) {
        let mut reserved = BTreeMap::new();
        for agent in self.acd.agents() {
            if let AgentState::Reserved { offer, call, until, .. } = agent.state {
                assert_eq!(self.tally.clocks.get(&offer).map(|clock| clock.until()), Some(until));
                reserved.insert(offer, (call, agent.id));
            }
            let talks = self.tally.talks.values().filter(|talking| **talking == agent.id).count();
            assert!(talks <= 1, "{} talks on {talks} queue calls", agent.id);
            assert_eq!(agent.calls.is_empty(), !matches!(agent.state, AgentState::Talking { .. }));
        }
        assert_eq!(reserved, self.tally.live_offers, "an offer for each reserved agent and no other");
        let seen: BTreeMap<OfferId, (CallId, AgentId)> = queues
            .iter()
            .flat_map(|queue| &queue.waiting)
            .filter_map(|caller| Some((caller.offer?, (caller.call, caller.offered?))))
            .collect();
        assert_eq!(seen, reserved, "an offer for each caller that is offered and no other");
        for queue in queues {
            let serving = || self.acd.agents().filter(|agent| agent.queues.contains(&queue.id));
            let works = |state: &AgentState| !matches!(state, AgentState::LoggedOut | AgentState::NotReady { .. });
            assert_eq!(queue.ready_agents as usize, serving().filter(|agent| agent.idle_since.is_some()).count());
            assert_eq!(queue.working_agents as usize, serving().filter(|agent| works(&agent.state)).count());
        }
    }

    /// Sends everybody home and sees that nothing is left behind.
    fn close(&mut self) {
        while let Some(call) = self.waiting_call() {
            self.give(Input::Leave { call, why: LeaveReason::Closed });
        }
        for agent in 0..AGENTS {
            let agent = AgentId(agent);
            for call in self.acd.agent(agent).map(|view| view.calls).unwrap_or_default() {
                self.give(Input::Released { agent, call, wrap_up: false });
            }
            while let Some(call) = self.acd.agent(agent).and_then(|view| view.rung_by) {
                self.give(Input::Unanswered { agent, call, missed: false });
            }
            self.give(Input::LogOut { agent });
        }
        self.check();
        assert!(self.acd.agents().all(|agent| agent.state == AgentState::LoggedOut));
        assert_eq!(self.acd.poll_timeout(), None, "no timer outlives the day");
        assert!(self.tally.live_offers.is_empty() && self.tally.waiting.is_empty());
    }
}

impl Tally {
    fn given(&mut self, now: Moment, input: &Input) {
        match input {
            Input::Rings { offer } => {
                if let Some(clock) = self.clocks.get_mut(offer) {
                    clock.rang_at.get_or_insert(now);
                }
            }
            Input::Refused { offer } | Input::Missed { offer } => self.end_offer(*offer),
            Input::Released { agent, call, .. } if self.talks.get(call) == Some(agent) => {
                self.talks.remove(call);
            }
            _ => {}
        }
    }

    fn heard(&mut self, now: Moment, output: &Output) {
        match output {
            Output::Entered { call, queue, .. } => {
                assert_eq!(self.waiting.insert(*call, *queue), None, "{call} waits twice");
                self.max_wait_told.remove(call);
                *self.entered.entry(*queue).or_default() += 1;
            }
            Output::Left { call, queue, .. } => assert_eq!(self.waiting.remove(call), Some(*queue)),
            Output::Connected { offer, call, agent, queue, waited, rang } => {
                assert_eq!(self.waiting.remove(call), Some(*queue));
                assert_eq!(self.live_offers.get(offer), Some(&(*call, *agent)));
                assert!(rang <= waited);
                assert_eq!(self.clocks.get(offer).map(|clock| clock.rang(now)), Some(*rang));
                self.end_offer(*offer);
                self.talks.insert(*call, *agent);
            }
            Output::Offer { offer, call, agent, .. } => {
                assert_eq!(self.live_offers.insert(*offer, (*call, *agent)), None, "{offer} is new");
                assert!(!self.void_offers.contains(offer));
                self.clocks.insert(*offer, Clock { offered: now, rang_at: None });
            }
            Output::Withdraw { offer, why, rang, .. } => {
                assert!(self.live_offers.contains_key(offer), "{offer} is withdrawn once");
                let clock = self.clocks.get(offer).expect("every offer has a clock");
                assert_eq!(clock.rang(now), *rang);
                assert!(*why != WithdrawReason::RingLimit || now >= clock.until(), "{offer} has its whole time");
                self.end_offer(*offer);
            }
            Output::MaxWait { call, .. } => assert!(self.max_wait_told.insert(*call), "{call} is told once"),
            Output::Late { offer } => {
                assert!(self.void_offers.contains(offer));
                self.late += 1;
            }
            _ => {}
        }
    }

    fn end_offer(&mut self, offer: OfferId) {
        if self.live_offers.remove(&offer).is_some() {
            self.clocks.remove(&offer);
            self.void_offers.push(offer);
        }
    }
}

fn settings(dice: &mut Dice) -> Settings {
    let queues = (0..QUEUES).map(|queue| QueueSettings {
        waiting_max: 12,
        wrap_up: Duration::from_secs(dice.below(15)),
        priority_base: dice.below(2) as i32,
        misses_max: dice.below(4) as u32,
        ..QueueSettings::new(QueueId(queue), &format!("queue {queue}"))
    });
    let queues = queues.collect();
    Settings::new(queues, agents(dice))
}

fn agents(dice: &mut Dice) -> Vec<AgentSettings> {
    let agents = (0..AGENTS).map(|agent| AgentSettings {
        id: AgentId(agent),
        name: format!("agent {agent}"),
        queues: (0..QUEUES).filter(|_| dice.chance(60)).map(QueueId).collect(),
        skills: SkillSet::new(
            (0..3).map(|skill| Requirement { skill: SkillId(skill), level: dice.below(6) as u8 }).collect(),
        ),
    });
    agents.collect()
}

/// SplitMix64 (Steele, Lea and Flood 2014): enough chance for a test, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound.max(1)
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let at = self.below(from.len() as u64) as usize;
        from.get(at).copied()
    }
}

const QUEUES: u32 = 3;
const AGENTS: u32 = 6;
const STEPS: usize = 400;
/// What `QueueSettings::new` gives.
const RING_LIMIT: Duration = Duration::from_secs(6);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_promise_holds_after_every_step(seed in any::<u64>()) {
        let mut day = Day::new(seed);
        for _ in 0..STEPS {
            day.step();
        }
        day.close();
        // The day has to have been a day.
        let connected = day.said.iter().any(|output| matches!(output, Output::Connected { .. }));
        prop_assert!(connected);

        let mut again = Acd::new(day.first_settings.clone(), Moment::ZERO);
        let mut said = Vec::new();
        for (now, step) in &day.journal {
            match step.clone() {
                Step::Given(input) => again.handle(*now, input),
                Step::Reconfigured(settings) => again.reconfigure(*now, settings),
                Step::TimePassed => again.handle_timeout(*now),
            }
            said.extend(std::iter::from_fn(|| again.poll_output()));
        }
        prop_assert_eq!(&said, &day.said, "the same inputs give the same outputs");
    }
}

#[test]
fn the_random_days_reach_every_corner() {
    let mut seen = BTreeSet::new();
    for seed in 0..20 {
        let mut day = Day::new(seed);
        (0..STEPS).for_each(|_| day.step());
        for output in &day.said {
            let word = format!("{output:?}");
            let word = word.split([' ', '(']).next().unwrap_or_default().to_owned();
            seen.insert(match output {
                Output::Withdraw { why, .. } => format!("{word} {why:?}"),
                Output::Refused { why, .. } => format!("{word} {why:?}"),
                Output::Position { expected_wait, .. } => format!("{word} {}", expected_wait.is_some()),
                Output::AgentState { state, .. } => {
                    let state = format!("{:?}", state.state);
                    format!("{word} {}", state.split(' ').next().unwrap_or_default())
                }
                _ => word,
            });
        }
    }
    let expected = [
        "AgentState LoggedOut",
        "AgentState NotReady",
        "AgentState Ready",
        "AgentState Reserved",
        "AgentState Talking",
        "AgentState WrapUp",
        "Connected",
        "Entered",
        "Late",
        "Left",
        "MaxWait",
        "Offer",
        "Position false",
        "Position true",
        "Queue",
        "Refused AlreadyWaiting",
        "Refused QueueFull",
        "Refused UnknownQueue",
        "Withdraw AgentBusy",
        "Withdraw AgentLeft",
        "Withdraw CallerLeft",
        "Withdraw RingLimit",
    ];
    assert_eq!(seen.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}
