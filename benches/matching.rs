//! The matching engine under a full hall: 10,000 waiting callers, 2,000 agents, 200 kinds of needs.
//! Prints nanoseconds per event, beside a scan of everybody that must take the same decision. Never a test.
//!
//! The engine's time is the whole event: state, indices, timers, and the news for the board. The scan's is the decision
//! alone. A 99th percentile of `enters` is the first caller of a new kind, who is held against all teams once.
//!
//! `cargo bench --bench matching`

#![expect(clippy::disallowed_methods, reason = "a bench measures time")]

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use thirdring::acd::{Acd, AgentSettings, AgentState, Input, Output, QueueSettings, Settings, Waiting};
use thirdring::model::{AgentId, CallId, Moment, QueueId, Requirement, SkillId, SkillSet};

fn main() {
    println!("agents {AGENTS}, queues {QUEUES}, kinds of needs {}, events {EVENTS}", SKILLS * LEVELS);
    println!("{:<34}{:>9}{:>11}{:>11}{:>11}{:>7}", "event", "callers", "median ns", "p99 ns", "scan ns", "ratio");
    let small = Hall::full(1_000).run();
    let large = Hall::full(10_000).run();
    for (callers, times) in [(1_000, &small), (10_000, &large)] {
        row("agent freed, gets first caller", callers, &times.release, Some(&times.scan_callers));
        row("offer accepted", callers, &times.accept, None);
        row("caller enters, all agents busy", callers, &times.enter, None);
    }
    for idle in [200, 2_000] {
        let (enter, scan) = idle_hall(idle);
        row(&format!("caller enters, {idle} agents idle"), 0, &enter, Some(&scan));
    }
    let growth = |large: &Sample, small: &Sample| large.nanos(50) / small.nanos(50);
    println!(
        "growth from 1,000 to 10,000 callers: freed x{:.2}, accepted x{:.2}, enters x{:.2}; scan x{:.2}",
        growth(&large.release, &small.release),
        growth(&large.accept, &small.accept),
        growth(&large.enter, &small.enter),
        growth(&large.scan_callers, &small.scan_callers),
    );
}

fn row(event: &str, callers: usize, engine: &Sample, scan: Option<&Sample>) {
    let scanned = scan.map_or(String::new(), |scan| format!("{:.0}", scan.nanos(50)));
    let ratio = scan.map_or(String::new(), |scan| format!("x{:.0}", scan.nanos(50) / engine.nanos(50)));
    let (median, slow) = (engine.nanos(50), engine.nanos(99));
    println!("{event:<34}{callers:>9}{median:>11.0}{slow:>11.0}{scanned:>11}{ratio:>7}");
}

/// Times of one kind of event. The median is told, which a busy machine does not move.
#[derive(Clone, Default)]
struct Sample(Vec<u64>);

impl Sample {
    fn add(&mut self, time: Duration) {
        self.0.push(time.as_nanos() as u64);
    }

    fn nanos(&self, percent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() * percent / 100).map_or(f64::NAN, |nanos| *nanos as f64)
    }
}

#[derive(Clone, Default)]
struct Times {
    release: Sample,
    accept: Sample,
    enter: Sample,
    scan_callers: Sample,
}

/// An engine in which every agent talks and everybody else waits, and the same as plain rows for the scan.
struct Hall {
    acd: Acd,
    agents: Vec<AgentSettings>,
    now: Moment,
    dice: Dice,
    next_call: u64,
    waiting: Vec<(u64, Waiting)>,
    row_of: HashMap<CallId, usize>,
    talking: Vec<(AgentId, CallId)>,
}

impl Hall {
    fn full(callers: usize) -> Self {
        let mut dice = Dice(7);
        let settings = settings(&mut dice);
        let mut hall = Hall {
            agents: settings.agents.clone(),
            acd: Acd::new(settings, Moment::ZERO),
            now: Moment::from_secs(1),
            dice,
            next_call: 0,
            waiting: Vec::new(),
            row_of: HashMap::new(),
            talking: Vec::new(),
        };
        for agent in 0..AGENTS {
            let (agent, call) = (AgentId(agent), CallId(1_000_000_000 + u64::from(agent)));
            hall.acd.handle(hall.now, Input::LogIn { agent });
            hall.acd.handle(hall.now, Input::Busy { agent, call });
            hall.talking.push((agent, call));
        }
        for _ in 0..callers {
            hall.enter();
        }
        hall.outputs();
        hall
    }

    fn run(mut self) -> Times {
        let mut times = Times::default();
        for _ in 0..EVENTS {
            self.now = self.now + Duration::from_millis(3);
            let row = self.dice.below(self.talking.len() as u64) as usize;
            let (agent, call) = self.talking.swap_remove(row);
            let (expected, time) = timed(|| self.scan_for(agent));
            times.scan_callers.add(time);
            let (offered, time) = timed(|| {
                self.acd.handle(self.now, Input::Released { agent, call, wrap_up: false });
                self.outputs()
            });
            times.release.add(time);
            let offer = offered.iter().find_map(|output| match output {
                Output::Offer { offer, call, .. } => Some((*offer, *call)),
                _ => None,
            });
            assert_eq!(offer.map(|(_, call)| call), expected, "engine and scan choose the same caller");
            match offer {
                Some((offer, call)) => {
                    let ((), time) = timed(|| {
                        self.acd.handle(self.now, Input::Accepted { offer });
                        drop(self.outputs());
                    });
                    times.accept.add(time);
                    self.forget(call);
                    self.talking.push((agent, call));
                    times.enter.add(self.enter());
                }
                None => {
                    let call = CallId(2_000_000_000 + self.next_call);
                    self.acd.handle(self.now, Input::Busy { agent, call });
                    self.outputs();
                    self.talking.push((agent, call));
                }
            }
        }
        times
    }

    fn enter(&mut self) -> Duration {
        self.next_call += 1;
        let waiting = caller(&mut self.dice, self.next_call, self.now);
        self.row_of.insert(waiting.call, self.waiting.len());
        self.waiting.push((self.next_call, waiting.clone()));
        let ((), time) = timed(|| {
            self.acd.handle(self.now, Input::Enter(waiting));
            drop(self.outputs());
        });
        time
    }

    fn outputs(&mut self) -> Vec<Output> {
        std::iter::from_fn(|| self.acd.poll_output()).collect()
    }

    fn forget(&mut self, call: CallId) {
        let row = self.row_of.remove(&call).expect("the caller waited");
        self.waiting.swap_remove(row);
        if let Some((_, moved)) = self.waiting.get(row) {
            self.row_of.insert(moved.call, row);
        }
    }

    fn scan_for(&self, agent: AgentId) -> Option<CallId> {
        let agent = &self.agents[agent.0 as usize];
        let first = self
            .waiting
            .iter()
            .filter(|(_, caller)| fits(agent, caller))
            .min_by_key(|(entry, caller)| (Reverse(caller.priority), caller.since, *entry));
        black_box(first.map(|(_, caller)| caller.call))
    }
}

/// Callers who find idle agents; each leaves again, so that the hall stays as it is.
fn idle_hall(idle: u32) -> (Sample, Sample) {
    let mut dice = Dice(9);
    let settings = settings(&mut dice);
    let agents = settings.agents.clone();
    let mut acd = Acd::new(settings, Moment::ZERO);
    for agent in 0..idle {
        acd.handle(Moment::from_millis(u64::from(agent) * 7_919 % 100_000), Input::LogIn { agent: AgentId(agent) });
    }
    let (mut engine, mut scan) = (Sample::default(), Sample::default());
    let now = Moment::from_secs(1_000);
    for call in 0..EVENTS as u64 {
        std::iter::from_fn(|| acd.poll_output()).for_each(drop);
        let waiting = caller(&mut dice, call, now);
        let free: Vec<(Moment, &AgentSettings)> = if call % 64 == 0 { free_agents(&acd, &agents) } else { Vec::new() };
        let expected = (!free.is_empty()).then(|| {
            let (expected, time) = timed(|| {
                let fitting = free.iter().filter(|(_, agent)| fits(agent, &waiting));
                black_box(fitting.map(|(since, agent)| (*since, agent.id)).min().map(|(_, agent)| agent))
            });
            scan.add(time);
            expected
        });
        let (outputs, time) = timed(|| {
            acd.handle(now, Input::Enter(waiting));
            std::iter::from_fn(|| acd.poll_output()).collect::<Vec<_>>()
        });
        engine.add(time);
        let offered = outputs.iter().find_map(|output| match output {
            Output::Offer { agent, .. } => Some(*agent),
            _ => None,
        });
        assert!(expected.is_none_or(|expected| expected == offered), "engine and scan choose the same agent");
        acd.handle(now, Input::Leave { call: CallId(call), why: thirdring::acd::LeaveReason::Abandoned });
    }
    (engine, scan)
}

fn free_agents<'s>(acd: &Acd, agents: &'s [AgentSettings]) -> Vec<(Moment, &'s AgentSettings)> {
    acd.agents()
        .zip(agents)
        .filter_map(|(view, settings)| match view.state {
            AgentState::Ready { since } => Some((since, settings)),
            _ => None,
        })
        .collect()
}

fn fits(agent: &AgentSettings, caller: &Waiting) -> bool {
    agent.queues.contains(&caller.queue) && agent.skills.meets(&caller.needs)
}

fn caller(dice: &mut Dice, call: u64, now: Moment) -> Waiting {
    Waiting {
        call: CallId(call),
        queue: QueueId(dice.below(u64::from(QUEUES)) as u32),
        needs: vec![Requirement { skill: SkillId(dice.below(SKILLS) as u16), level: dice.below(LEVELS) as u8 + 1 }],
        priority: dice.below(3) as i32,
        since: now,
        prefer: None,
        announce_every: Some(Duration::from_secs(30)),
        max_wait: Some(Duration::from_secs(180)),
    }
}

fn settings(dice: &mut Dice) -> Settings {
    let queues = (0..QUEUES).map(|queue| QueueSettings {
        waiting_max: 100_000,
        ..QueueSettings::new(QueueId(queue), &format!("q{queue}"))
    });
    let agents = (0..AGENTS).map(|agent| AgentSettings {
        id: AgentId(agent),
        name: format!("agent {agent}"),
        queues: (0..3).map(|_| QueueId(dice.below(u64::from(QUEUES)) as u32)).collect(),
        // Nearly every agent is a team of one: the hardest case for the indices.
        skills: SkillSet::new(
            (0..SKILLS)
                .filter(|skill| (skill + u64::from(agent)) % 4 == 0)
                .map(|skill| Requirement { skill: SkillId(skill as u16), level: dice.below(LEVELS) as u8 + 1 })
                .collect(),
        ),
    });
    let agents = agents.collect();
    Settings::new(queues.collect(), agents)
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

/// SplitMix64 (Steele, Lea and Flood 2014).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound.max(1)
    }
}

const AGENTS: u32 = 2_000;
const QUEUES: u32 = 20;
const SKILLS: u64 = 20;
const LEVELS: u64 = 10;
const EVENTS: usize = 20_000;
