//! A busy contact center to look at: callers with patience and key presses, agents who pick up, talk, hold, transfer
//! and wrap up, all over real SIP and RTP. Pure: it drives a [`Bank`] and is driven by `now`.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};
use std::time::Duration;

use super::bank::{Bank, Input, Output, PhoneId};
use super::plan::{Ending, Plan, Talk};
use crate::model::Moment;

/// What the demo plays.
#[derive(Clone, Debug)]
pub struct DemoSettings {
    /// The hotline's number.
    pub hotline: String,
    /// Agents' phones: user, password and the direct number a colleague transfers to.
    pub agents: Vec<(String, String, String)>,
    /// What agents dial to log in.
    pub log_in: String,
    /// Callers per second at the peak.
    pub calls_per_second: f64,
    /// How much faster than life.
    pub speed: f64,
    pub seed: u64,
    /// Callers at once; the rest stay at home.
    pub callers_max: usize,
}

/// What the demo has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub agents_ready: usize,
    pub called: u64,
    pub connected: u64,
    pub gave_up: u64,
    pub transferred: u64,
    pub failed: u64,
    pub on_the_line: usize,
}

/// The players.
pub struct Demo {
    settings: DemoSettings,
    bank: Bank,
    plan: Plan,
    /// What somebody will do, and when; the number keeps equal moments in order.
    acts: BinaryHeap<Reverse<(Moment, u64, Act)>>,
    next_act: u64,
    roles: BTreeMap<PhoneId, Role>,
    /// Callers on the line by number, so that an agent's talk finds its caller.
    callers: HashMap<String, PhoneId>,
    outputs: VecDeque<Output>,
    tally: Tally,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    Register(usize),
    LogIn(usize),
    Arrive,
    Press(PhoneId, usize),
    LosePatience(PhoneId),
    PickUp(PhoneId),
    Hold(PhoneId, bool),
    End(PhoneId),
}

#[derive(Debug)]
enum Role {
    Caller {
        number: String,
        keys: Vec<char>,
        pause: Duration,
        served: bool,
    },
    Agent {
        caller: String,
        talk: Talk,
    },
    /// An agent's call to the log-in code.
    LogIn,
}

impl Demo {
    #[must_use]
    pub fn new(settings: DemoSettings, bank: Bank, now: Moment) -> Self {
        let plan = Plan::new(settings.seed, settings.calls_per_second * settings.speed, 1.0);
        let mut demo = Demo {
            plan,
            bank,
            acts: BinaryHeap::new(),
            next_act: 0,
            roles: BTreeMap::new(),
            callers: HashMap::new(),
            outputs: VecDeque::new(),
            tally: Tally::default(),
            settings,
        };
        for agent in 0..demo.settings.agents.len() {
            let spread = Duration::from_millis(30 * u64::try_from(agent).unwrap_or(0));
            demo.later(now + spread, Act::Register(agent));
        }
        demo.later(now + Duration::from_secs(3), Act::Arrive);
        demo
    }

    #[must_use]
    pub fn tally(&self) -> Tally {
        Tally { on_the_line: self.callers.len(), ..self.tally }
    }

    pub fn handle(&mut self, now: Moment, input: Input) {
        self.bank.handle(now, input);
        self.settle(now);
    }

    pub fn handle_timeout(&mut self, now: Moment) {
        self.bank.handle_timeout(now);
        while let Some(Reverse((at, _, _))) = self.acts.peek()
            && *at <= now
        {
            if let Some(Reverse((_, _, act))) = self.acts.pop() {
                self.act(now, act);
            }
        }
        self.settle(now);
    }

    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        let act = self.acts.peek().map(|Reverse((at, _, _))| *at);
        [self.bank.poll_timeout(), act].into_iter().flatten().min()
    }

    /// Everybody hangs up and goes home; nobody comes any more.
    pub fn leave(&mut self, now: Moment) {
        self.acts.clear();
        self.bank.leave(now);
        self.callers.clear();
        self.roles.clear();
        self.settle(now);
    }

    /// Whether the last one has gone and the server knows.
    #[must_use]
    pub fn has_left(&self) -> bool {
        self.bank.has_left()
    }

    /// SIP and media effects only; everything else was played on.
    #[must_use]
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn settle(&mut self, now: Moment) {
        while let Some(output) = self.bank.poll_output() {
            self.on_bank(now, output);
        }
    }

    fn on_bank(&mut self, now: Moment, output: Output) {
        match output {
            Output::Sip(_) | Output::Media(_) => self.outputs.push_back(output),
            Output::Registered { user, ok: true, .. } => {
                if let Some(agent) = self.settings.agents.iter().position(|(name, ..)| *name == user) {
                    self.later(now + Duration::from_millis(200), Act::LogIn(agent));
                }
            }
            Output::Incoming { phone, from, .. } => self.rings(now, phone, from),
            Output::Answered { phone } => self.answered(now, phone),
            Output::Failed { phone, .. } => {
                self.tally.failed += 1;
                self.gone(phone);
            }
            Output::Ended { phone } => self.gone(phone),
            Output::Heard { samples, .. } => self.bank.recycle(samples),
            _ => {}
        }
    }

    fn rings(&mut self, now: Moment, phone: PhoneId, from: String) {
        self.bank.ring(now, phone);
        let mut talk = self.plan.talk();
        talk.length = talk.length.div_f64(self.settings.speed.max(0.01));
        talk.hold = talk.hold.map(|hold| hold.div_f64(self.settings.speed.max(0.01)));
        if let Some(pick_up) = talk.pick_up {
            self.later(now + pick_up, Act::PickUp(phone));
        }
        self.roles.insert(phone, Role::Agent { caller: from, talk });
    }

    fn answered(&mut self, now: Moment, phone: PhoneId) {
        match self.roles.get_mut(&phone) {
            Some(Role::Caller { pause, .. }) => {
                let pause = *pause;
                self.bank.tone(phone, 320, true);
                self.later(now + pause, Act::Press(phone, 0));
            }
            Some(Role::Agent { talk, caller }) => {
                let (length, hold, caller) = (talk.length, talk.hold, caller.clone());
                self.bank.tone(phone, 480, true);
                self.tally.connected += 1;
                if let Some(Role::Caller { served, .. }) =
                    self.callers.get(&caller).and_then(|caller| self.roles.get_mut(caller))
                {
                    *served = true;
                }
                if let Some(hold) = hold.filter(|hold| *hold < length / 2) {
                    self.later(now + length / 3, Act::Hold(phone, true));
                    self.later(now + length / 3 + hold, Act::Hold(phone, false));
                }
                self.later(now + length, Act::End(phone));
            }
            Some(Role::LogIn) => self.tally.agents_ready += 1,
            None => {}
        }
    }

    fn gone(&mut self, phone: PhoneId) {
        if let Some(Role::Caller { number, served, .. }) = self.roles.remove(&phone) {
            self.callers.remove(&number);
            if !served {
                self.tally.gave_up += 1;
            }
        }
    }

    fn act(&mut self, now: Moment, act: Act) {
        match act {
            Act::Register(agent) => {
                if let Some((user, password, _)) = self.settings.agents.get(agent).cloned() {
                    self.bank.register(now, &user, &password);
                }
            }
            Act::LogIn(agent) => {
                if let Some((user, password, _)) = self.settings.agents.get(agent).cloned()
                    && let Some(phone) = self.bank.call(now, &user, &self.settings.log_in, Some(&password))
                {
                    self.roles.insert(phone, Role::LogIn);
                }
            }
            Act::Arrive => self.arrive(now),
            Act::Press(phone, at) => {
                if let Some(Role::Caller { keys, pause, .. }) = self.roles.get(&phone)
                    && let Some(key) = keys.get(at)
                {
                    let (key, pause) = (key.to_string(), *pause);
                    self.bank.press(phone, &key);
                    self.later(now + pause, Act::Press(phone, at + 1));
                }
            }
            Act::LosePatience(phone) => {
                if matches!(self.roles.get(&phone), Some(Role::Caller { served: false, .. })) {
                    self.bank.hang_up(now, phone);
                    self.gone(phone);
                }
            }
            Act::PickUp(phone) => self.bank.answer(now, phone),
            Act::Hold(phone, hold) => {
                if self.roles.contains_key(&phone) {
                    self.bank.hold(now, phone, hold);
                }
            }
            Act::End(phone) => self.end_talk(now, phone),
        }
    }

    fn arrive(&mut self, now: Moment) {
        let arrival = self.plan.arrival();
        self.later(now + arrival.after, Act::Arrive);
        if self.callers.len() >= self.settings.callers_max || self.callers.contains_key(&arrival.number) {
            return;
        }
        let Some(phone) = self.bank.call(now, &arrival.number, &self.settings.hotline, None) else { return };
        self.tally.called += 1;
        self.later(now + arrival.patience.div_f64(self.settings.speed.max(0.01)), Act::LosePatience(phone));
        self.callers.insert(arrival.number.clone(), phone);
        let (number, keys, pause) = (arrival.number, arrival.keys, arrival.pause);
        self.roles.insert(phone, Role::Caller { number, keys, pause, served: false });
    }

    fn end_talk(&mut self, now: Moment, phone: PhoneId) {
        let Some(Role::Agent { caller, talk }) = self.roles.get(&phone) else { return };
        let (caller, ending) = (self.callers.get(caller).copied(), talk.ending);
        match (ending, caller) {
            (Ending::CallerHangsUp, Some(caller)) => {
                self.bank.hang_up(now, caller);
                self.gone(caller);
            }
            (Ending::Transfer, Some(_)) => {
                let count = u64::try_from(self.settings.agents.len()).unwrap_or(0);
                let colleague = usize::try_from(self.plan.below(count)).unwrap_or(0);
                if let Some((_, _, number)) = self.settings.agents.get(colleague).cloned() {
                    self.tally.transferred += 1;
                    self.bank.transfer(now, phone, &number);
                }
                // Should nobody take the caller, the agent ends the call after a while.
                if let Some(Role::Agent { talk, .. }) = self.roles.get_mut(&phone) {
                    talk.ending = Ending::AgentHangsUp;
                }
                self.later(now + Duration::from_secs(60), Act::End(phone));
            }
            _ => {
                self.bank.hang_up(now, phone);
                self.gone(phone);
            }
        }
    }

    fn later(&mut self, at: Moment, act: Act) {
        self.next_act += 1;
        self.acts.push(Reverse((at, self.next_act, act)));
    }
}
