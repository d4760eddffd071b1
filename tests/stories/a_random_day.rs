//! Days that nobody wrote: callers, agents, breaks, storms and reloads from a seed, through the whole stack. The ledger
//! holds every event to account; by night nothing may be left. A failure prints its seed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use thirdring::center::Input;
use thirdring::center::admin::AdminCommand;
use thirdring::center::event::{EventKind, Promise, Verdict};
use thirdring::model::{AgentId, Moment};
use thirdring::phone::{Ending, PhoneId, Plan, Talk};

use crate::support::exchange::News;
use crate::support::house::shipped_flows;
use crate::support::network::{Party, Weather};
use crate::support::{House, Manner, millis, secs};

/// Who works on these days: some of every department.
const AGENTS: [&str; 12] = ["201", "202", "205", "211", "212", "214", "217", "219", "221", "224", "226", "227"];

/// What is going to happen.
#[derive(Clone, Debug, PartialEq)]
enum Act {
    Arrive,
    Press(PhoneId, usize),
    LosePatience(PhoneId),
    PickUp(PhoneId),
    Decline(PhoneId),
    Hold(PhoneId, bool),
    End(PhoneId),
    /// An agent does something with the own state: break, return, way home, phone out of order.
    Whim(usize),
    Weather,
    Reload,
}

/// A caller's part.
#[derive(Clone, Debug)]
struct Caller {
    keys: Vec<char>,
    pause: Duration,
    served: bool,
}

/// One day from one seed.
struct Day {
    seed: u64,
    house: House,
    plan: Plan,
    acts: BTreeMap<(Moment, u64), Act>,
    next: u64,
    callers: BTreeMap<PhoneId, Caller>,
    talks: BTreeMap<PhoneId, Talk>,
    closes: Moment,
}

/// Says which day it was, should it end badly.
impl Drop for Day {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let tail: Vec<String> = self.house.story().lines().rev().take(40).map(str::to_owned).collect();
            eprintln!("the day of seed {} ended badly at {}", self.seed, self.house.now());
            eprintln!("{}", tail.into_iter().rev().collect::<Vec<_>>().join("\n"));
        }
    }
}

impl Day {
    fn new(seed: u64, length: Duration, stormy: bool) -> Day {
        let mut house = House::with(seed, |config| {
            config.server.calls_max = 30;
            for queue in &mut config.queues {
                queue.waiting_max = 6;
                queue.wrap_up = secs(8);
            }
        });
        house.keeps_letters = false;
        house.agents.one_line = true;
        for exchange in [&mut house.callers, &mut house.agents] {
            (exchange.listens, exchange.speaks) = (false, false);
        }
        house.at_work(&AGENTS);
        let closes = house.now() + length;
        let mut day = Day {
            seed,
            house,
            plan: Plan::new(seed, 0.12, 4.0),
            acts: BTreeMap::new(),
            next: 0,
            callers: BTreeMap::new(),
            talks: BTreeMap::new(),
            closes,
        };
        day.later(secs(1), Act::Arrive);
        for agent in 0..AGENTS.len() {
            day.later(secs(60 + 30 * u64::try_from(agent).expect("few agents")), Act::Whim(agent));
        }
        if stormy {
            day.later(secs(90), Act::Weather);
        }
        day.later(secs(400), Act::Reload);
        day
    }

    /// Plays until the last caller is gone and the house is empty.
    fn play(&mut self) {
        let mut checked = self.house.now();
        let latest = self.closes + secs(1_200);
        while self.house.now() < self.closes || (self.house.center.calls_active() > 0 && self.house.now() < latest) {
            self.hear_news();
            let due = self.acts.keys().next().map_or(latest, |(at, _)| *at);
            if due <= self.house.now() {
                if let Some((_, act)) = self.acts.pop_first() {
                    self.act(act);
                }
                continue;
            }
            self.house.step(due);
            if self.house.now() >= checked + secs(1) {
                checked = self.house.now();
                self.check();
            }
        }
        self.house.network.sip = Weather::FAIR;
        self.house.network.rtp = Weather::FAIR;
        self.house.night_falls();
    }

    /// What the event log alone can not tell.
    fn check(&self) {
        for agent in 0..self.house.board.agents.len() {
            let agent = AgentId(u32::try_from(agent).expect("few agents"));
            let calls = self.house.center.acd().agent(agent).map_or(0, |view| view.calls.len());
            assert!(calls <= 1, "{agent} is in {calls} calls");
        }
        let dump = self.house.center.dump();
        let words = |line: &'_ str| line.split(' ').map(str::to_owned).collect::<Vec<String>>();
        let calls: BTreeSet<String> = dump
            .lines()
            .filter(|line| line.starts_with("call-"))
            .filter_map(|line| words(line).first().cloned())
            .collect();
        for line in dump.lines().filter(|line| line.starts_with("leg-")) {
            let call = words(line).get(2).cloned().unwrap_or_default();
            assert!(calls.contains(&call), "a leg without a call: {line}\n{dump}");
        }
    }

    fn hear_news(&mut self) {
        while let Some(news) = self.house.callers.news.pop_front() {
            match news {
                News::Answered(phone) => {
                    if let Some(pause) = self.callers.get(&phone).map(|caller| caller.pause) {
                        self.later(pause, Act::Press(phone, 0));
                    }
                }
                News::Over(phone) => {
                    self.callers.remove(&phone);
                }
                News::Rings(_) => {}
            }
        }
        while let Some(news) = self.house.agents.news.pop_front() {
            match news {
                News::Rings(phone) => self.rings(phone),
                News::Answered(phone) => self.answered(phone),
                News::Over(phone) => {
                    self.talks.remove(&phone);
                }
            }
        }
    }

    fn rings(&mut self, phone: PhoneId) {
        let talk = self.plan.talk();
        match talk.pick_up {
            Some(after) => self.later(after, Act::PickUp(phone)),
            None if self.plan.below(2) == 0 => self.later(millis(900), Act::Decline(phone)),
            None => {}
        }
        self.talks.insert(phone, talk);
    }

    fn answered(&mut self, phone: PhoneId) {
        let Some(talk) = self.talks.get(&phone).cloned() else { return };
        let length = talk.length.div_f64(4.0);
        let shows = self.house.agents.phones.get(&phone).and_then(|phone| phone.shows.clone());
        for (caller, part) in &mut self.callers {
            let user = self.house.callers.phones.get(caller).map(|phone| &phone.user);
            if user == shows.as_ref() {
                part.served = true;
            }
        }
        if talk.hold.is_some() {
            self.later(length / 3, Act::Hold(phone, true));
            self.later(length / 2, Act::Hold(phone, false));
        }
        self.later(length, Act::End(phone));
    }

    fn act(&mut self, act: Act) {
        let now = self.house.now();
        match act {
            Act::Arrive => self.arrive(),
            Act::Press(phone, at) => {
                let Some(caller) = self.callers.get(&phone) else { return };
                if let Some(key) = caller.keys.get(at) {
                    let (key, pause) = (key.to_string(), caller.pause);
                    self.house.callers.bank.press(phone, &key);
                    self.later(pause, Act::Press(phone, at + 1));
                }
            }
            Act::LosePatience(phone) => {
                if self.callers.get(&phone).is_some_and(|caller| !caller.served) {
                    self.caller_hangs_up(phone);
                }
            }
            Act::PickUp(phone) => self.house.agents.bank.answer(now, phone),
            Act::Decline(phone) => {
                self.house.agents.bank.reject(now, phone, 603);
                self.agent_is_off(phone);
            }
            Act::Hold(phone, hold) => {
                if self.talks.contains_key(&phone) {
                    self.house.agents.bank.hold(now, phone, hold);
                }
            }
            Act::End(phone) => self.end(phone),
            Act::Whim(agent) => self.whim(agent),
            Act::Weather => self.weather(),
            Act::Reload => {
                let problems = usize::try_from(self.plan.below(2)).expect("one or none");
                let flows = if problems == 0 { shipped_flows() } else { Vec::new() };
                self.house.tell(Input::Flows { flows, problems });
                self.later(secs(400), Act::Reload);
            }
        }
        self.house.settle_bank(Party::Callers);
        self.house.settle_bank(Party::Agents);
    }

    fn arrive(&mut self) {
        let now = self.house.now();
        if now >= self.closes {
            return;
        }
        let arrival = self.plan.arrival();
        self.later(arrival.after, Act::Arrive);
        // One in fifteen dials a person, one in thirty dials nonsense.
        let number = match self.plan.below(30) {
            0 => "4711".to_owned(),
            1 | 2 => {
                let agent = usize::try_from(self.plan.below(12)).expect("twelve agents");
                AGENTS[agent].to_owned()
            }
            3 => "1400".to_owned(),
            _ => "1300".to_owned(),
        };
        let Some(phone) = self.house.callers.bank.call(now, &arrival.number, &number, None) else { return };
        self.house.callers.began(now, phone, &arrival.number);
        self.later(arrival.patience, Act::LosePatience(phone));
        let caller = Caller { keys: arrival.keys, pause: arrival.pause, served: false };
        self.callers.insert(phone, caller);
    }

    /// A conversation has said all it had to say.
    fn end(&mut self, phone: PhoneId) {
        let now = self.house.now();
        let Some(talk) = self.talks.get_mut(&phone) else { return };
        let ending = talk.ending;
        // Should the transfer fail, the agent ends the call later.
        talk.ending = Ending::AgentHangsUp;
        let shows = self.house.agents.phones.get(&phone).and_then(|phone| phone.shows.clone());
        let of_caller = |id: &PhoneId| self.house.callers.phones.get(id).map(|phone| &phone.user) == shows.as_ref();
        let caller = self.callers.keys().copied().find(of_caller);
        match (ending, caller) {
            (Ending::CallerHangsUp, Some(caller)) => self.caller_hangs_up(caller),
            (Ending::Transfer, Some(_)) => {
                let target = match self.plan.below(8) {
                    0 => "voc".to_owned(),
                    1 => "4711".to_owned(),
                    _ => AGENTS[usize::try_from(self.plan.below(12)).expect("twelve agents")].to_owned(),
                };
                self.house.agents.bank.transfer(now, phone, &target);
                if self.plan.below(4) == 0 {
                    self.later(secs(2), Act::End(phone));
                } else {
                    self.later(secs(45), Act::End(phone));
                }
            }
            _ => {
                self.house.agents.bank.hang_up(now, phone);
                self.agent_is_off(phone);
            }
        }
    }

    fn caller_hangs_up(&mut self, phone: PhoneId) {
        let now = self.house.now();
        self.house.callers.bank.hang_up(now, phone);
        if let Some(book) = self.house.callers.phones.get_mut(&phone) {
            book.ended.get_or_insert(now);
        }
        self.callers.remove(&phone);
    }

    fn agent_is_off(&mut self, phone: PhoneId) {
        let now = self.house.now();
        if let Some(book) = self.house.agents.phones.get_mut(&phone) {
            book.ended.get_or_insert(now);
        }
        self.talks.remove(&phone);
    }

    fn whim(&mut self, agent: usize) {
        let user = AGENTS[agent];
        let name = format!("a-{user}");
        let wish = match self.plan.below(8) {
            0 => Some(AdminCommand::AgentPause { agent: name, reason: "meal".to_owned() }),
            1 => Some(AdminCommand::AgentLogOut { agent: name }),
            2 => {
                self.house.agents.manners.insert(user.to_owned(), Manner::Dead);
                None
            }
            3 => {
                self.house.agents.manners.insert(user.to_owned(), Manner::Busy);
                None
            }
            4 => Some(AdminCommand::AgentResume { agent: name }),
            _ => {
                self.house.agents.manners.insert(user.to_owned(), Manner::Rings);
                Some(AdminCommand::AgentLogIn { agent: name })
            }
        };
        if let Some(wish) = wish {
            // Not every wish is possible in every state.
            let _ = self.house.ask(wish);
        }
        let rest = 30 + self.plan.below(120);
        self.later(secs(rest), Act::Whim(agent));
    }

    fn weather(&mut self) {
        let storm = self.plan.below(3);
        let (sip, rtp) = match storm {
            0 => (Weather { loss: 0.1, duplicates: 0.05, delay: millis(20), jitter: millis(60) }, Weather::FAIR),
            1 => (Weather::FAIR, Weather { jitter: millis(40), ..Weather::losing(0.1) }),
            _ => (Weather::FAIR, Weather::FAIR),
        };
        (self.house.network.sip, self.house.network.rtp) = (sip, rtp);
        self.later(secs(60), Act::Weather);
    }

    fn later(&mut self, after: Duration, act: Act) {
        self.next += 1;
        self.acts.insert((self.house.now() + after, self.next), act);
    }
}

/// What a day must have had in it to be worth its name.
fn was_a_day(house: &House) {
    let calls = house.ledger.records().len();
    let talks = house.count(|kind| matches!(kind, EventKind::CallConnected { .. }));
    assert!(calls > 60 && talks > 30, "{calls} calls, {talks} talks");
    let kept: u64 = Promise::ALL.iter().map(|promise| house.ledger.verdicts(*promise, Verdict::Met)).sum();
    assert!(kept > 60, "{kept} promises kept");
}

#[test]
fn a_calm_day_ends_with_nothing_left() {
    let mut day = Day::new(11, secs(900), false);
    day.play();
    was_a_day(&day.house);
}

/// A day with storms on it.
fn stormy(seed: u64) {
    let mut day = Day::new(seed, secs(900), true);
    day.play();
    was_a_day(&day.house);
}

#[test]
fn a_stormy_day_ends_with_nothing_left() {
    stormy(21);
}

#[test]
fn another_stormy_day_ends_with_nothing_left() {
    stormy(22);
}

#[test]
fn a_third_stormy_day_ends_with_nothing_left() {
    stormy(23);
}

#[test]
fn the_same_seed_gives_the_same_day_to_the_last_event() {
    let log = |seed| {
        let mut day = Day::new(seed, secs(300), true);
        day.play();
        day.house.story()
    };
    let first = log(31);
    assert!(first == log(31), "two plays of one seed differ");
    assert!(first != log(32), "another seed is another day");
}
