//! Thousands of random calls in bad weather: each INVITE has one outcome on each side, everything is released, and the
//! trace breaks no rule. A failure prints its seed.
//! Never the same call twice, and always the same call for a seed.

#![expect(clippy::disallowed_methods, reason = "a seed may come from the environment, to see a failure again")]

use crate::audit::audit;
use crate::network::{Network, Weather};
use crate::wire::*;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;
use thirdring::model::{Digit, Moment};
use thirdring::sip::{DeviceAccount, Event, Invite, Party, ReferId, SessionId, Settings, Target, Transport};

#[test]
fn random_calls_in_any_weather_end_well() {
    // One seed alone, with its whole story, for who looks for a fault.
    if let Some(seed) = std::env::var("SIP_SEED").ok().and_then(|seed| seed.parse().ok()) {
        let mut scenario = Scenario::new(seed);
        let run = catch_unwind(AssertUnwindSafe(|| scenario.run()));
        panic!("{}\nseed {seed}: {}", scenario.network.story(), if run.is_ok() { "well" } else { "failed" });
    }
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for seed in 0..SCENARIOS {
        let mut scenario = Scenario::new(seed);
        let run = catch_unwind(AssertUnwindSafe(|| scenario.run()));
        assert!(run.is_ok(), "scenario with seed {seed} failed: SIP_SEED={seed} shows its story");
        for rung in scenario.network.ladder() {
            *seen.entry(rung.split_once(' ').unwrap_or_default().1.to_owned()).or_default() += 1;
        }
    }
    // A simulation that never meets the hard cases would prove nothing.
    for hard in HARD_CASES {
        assert!(seen.contains_key(hard), "no scenario met {hard}: {seen:?}");
    }
}

/// A few calls between two owners who act at random.
struct Scenario {
    network: Network,
    transport: Transport,
    /// What each owner still means to do, by time.
    plans: BTreeMap<(Moment, u64), Plan>,
    planned: u64,
    sessions: BTreeMap<(usize, SessionId), Fate>,
}

/// One act of one owner.
#[derive(Clone, Copy, Debug)]
enum Plan {
    Call {
        host: usize,
    },
    Ring {
        host: usize,
        session: SessionId,
    },
    Answer {
        host: usize,
        session: SessionId,
    },
    Reject {
        host: usize,
        session: SessionId,
    },
    HangUp {
        host: usize,
        session: SessionId,
    },
    Offer {
        host: usize,
        session: SessionId,
    },
    AnswerOffer {
        host: usize,
        session: SessionId,
    },
    RefuseOffer {
        host: usize,
        session: SessionId,
    },
    Key {
        host: usize,
        session: SessionId,
    },
    Refer {
        host: usize,
        session: SessionId,
    },
    AcceptRefer {
        host: usize,
        session: SessionId,
        refer: ReferId,
    },
    /// The oldest connection breaks.
    Cut,
    Tell {
        host: usize,
        session: SessionId,
        refer: ReferId,
        last: bool,
    },
}

/// What became of a session on one side.
#[derive(Default, Debug)]
struct Fate {
    outgoing: bool,
    late_offer: bool,
    failed: u32,
    answered: u32,
    cancelled: u32,
    confirmed: u32,
    ended: u32,
    hung_up: bool,
    we_answered: bool,
    we_rejected: bool,
}

impl Scenario {
    fn new(seed: u64) -> Self {
        let mut network = Network::new(seed, Weather::FINE);
        let device = DeviceAccount { user: "1001".to_owned(), password: "secret".to_owned(), md5: false };
        // Every other scenario asks Alice for her password.
        let bob = match seed % 2 {
            0 => trusting(&[ALICE]),
            _ => Settings { devices: vec![device], ..Settings::default() },
        };
        network.endpoint(ALICE, trusting(&[BOB]));
        network.endpoint(BOB, bob);
        let (loss, copies) = (network.below(31), network.below(11));
        let latency = (1 + network.below(20), 21 + network.below(300));
        network.weather = Weather { loss_percent: loss, duplicate_percent: copies, latency_ms: latency };
        // Every fourth scenario speaks TCP, over connections that break.
        let transport = if seed % 4 >= 3 { Transport::Tcp } else { Transport::Udp };
        Scenario { network, transport, plans: BTreeMap::new(), planned: 0, sessions: BTreeMap::new() }
    }

    fn run(&mut self) {
        for _ in 0..=self.network.below(3) {
            // Bob can only call Alice where she trusts him, which she always does.
            let host = self.network.below(2) as usize;
            self.plan(5_000, Plan::Call { host });
            if self.transport == Transport::Tcp {
                self.plan(30_000, Plan::Cut);
            }
        }
        let end = self.network.now + Duration::from_secs(100);
        while self.network.now < end {
            let next = self.plans.first_key_value().map_or(end, |((at, _), _)| *at).min(end);
            match self.network.next_event(next) {
                Some((host, event)) => self.hear(host, &event),
                None => self.act_on_plans(),
            }
        }
        self.hang_everything_up();
        let night = self.network.now + Duration::from_secs(400);
        self.pass(night);
        self.network.assert_released();
        for ((host, session), fate) in &self.sessions {
            fate.check(&format!("host {host} {session} {fate:?}"));
        }
        audit(&self.network);
    }

    fn plan(&mut self, within_ms: u32, plan: Plan) {
        let wait = Duration::from_millis(u64::from(self.network.below(within_ms)));
        self.planned += 1;
        self.plans.insert((self.network.now + wait, self.planned), plan);
    }

    /// Lets time pass and both owners hear what happens.
    fn pass(&mut self, until: Moment) {
        while let Some((host, event)) = self.network.next_event(until) {
            self.hear(host, &event);
        }
    }

    fn act_on_plans(&mut self) {
        let now = self.network.now;
        while let Some(entry) = self.plans.first_entry().filter(|entry| entry.key().0 <= now) {
            let plan = entry.remove();
            self.act(plan);
        }
    }

    fn act(&mut self, plan: Plan) {
        match plan {
            Plan::Call { host } => self.call(host),
            Plan::Cut => {
                if let Some(oldest) = self.network.connections().first() {
                    self.network.break_soon(*oldest);
                }
            }
            Plan::Ring { host, session } => {
                let early = (self.network.below(2) == 0).then(|| sdp("early"));
                let status = if early.is_some() { 183 } else { 180 };
                self.network.command(host, |endpoint, now| endpoint.provisional(now, session, status, early));
            }
            Plan::Answer { host, session } => {
                self.network.command(host, |endpoint, now| endpoint.answer(now, session, sdp("answer")));
                let fate = self.fate(host, session);
                if fate.cancelled == 0 && !fate.we_rejected && !fate.outgoing && !fate.hung_up {
                    fate.we_answered = true;
                }
            }
            Plan::Reject { host, session } => {
                self.network.command(host, |endpoint, now| endpoint.reject(now, session, 486, None, None));
                let fate = self.fate(host, session);
                fate.we_rejected |= fate.cancelled == 0 && !fate.we_answered;
            }
            Plan::HangUp { host, session } => {
                self.network.command(host, |endpoint, now| endpoint.hangup(now, session, None));
                let fate = self.fate(host, session);
                fate.hung_up = true;
                fate.we_rejected |= !fate.outgoing && fate.cancelled == 0 && !fate.we_answered;
            }
            Plan::Offer { host, session } => {
                self.network.command(host, |endpoint, now| endpoint.offer(now, session, sdp("again")));
            }
            Plan::AnswerOffer { host, session } => {
                self.network.command(host, |endpoint, now| endpoint.answer_offer(now, session, sdp("fine")));
            }
            Plan::RefuseOffer { host, session } => {
                self.network.command(host, |endpoint, now| endpoint.refuse_offer(now, session, 488));
            }
            Plan::Key { host, session } => {
                let digit = Digit::new('#').expect("a key");
                let length = Duration::from_millis(100);
                self.network.command(host, |endpoint, now| endpoint.info_digit(now, session, digit, length));
            }
            Plan::Refer { host, session } => {
                self.network.command(host, |endpoint, now| endpoint.refer(now, session, "sip:carol@10.0.0.3"));
            }
            Plan::AcceptRefer { host, session, refer } => {
                self.network.command(host, |endpoint, now| endpoint.accept_refer(now, session, refer));
                self.plan(3_000, Plan::Tell { host, session, refer, last: false });
                self.plan(9_000, Plan::Tell { host, session, refer, last: true });
            }
            Plan::Tell { host, session, refer, last } => {
                let status = if last { 200 } else { 180 };
                self.network.command(host, |endpoint, now| endpoint.notify_refer(now, session, refer, status, last));
            }
        }
    }

    fn call(&mut self, host: usize) {
        let late_offer = self.network.below(8) == 0;
        let ring = 2_000 + self.network.below(40_000);
        let to = if host == 0 { BOB } else { ALICE };
        let invite = Invite {
            from: Party { display: None, user: "1001".to_owned() },
            sdp: (!late_offer).then(|| sdp("offer")),
            ring_limit: Duration::from_millis(u64::from(ring)),
            credentials: Some(("1001".to_owned(), "secret".to_owned())),
            target: Target::Address {
                uri: format!("sip:bob@{to};transport={}", self.transport.via_token()),
                transport: self.transport,
                remote: to.parse().expect("an address of the test"),
            },
            ..invite_to(to)
        };
        let session = self.network.command(host, |endpoint, now| endpoint.invite(now, invite));
        *self.fate(host, session) = Fate { outgoing: true, late_offer, ..Fate::default() };
        if self.network.below(3) == 0 {
            self.plan(20_000, Plan::HangUp { host, session });
        }
    }

    fn fate(&mut self, host: usize, session: SessionId) -> &mut Fate {
        self.sessions.entry((host, session)).or_default()
    }

    fn hear(&mut self, host: usize, event: &Event) {
        match *event {
            Event::Incoming(ref incoming) => {
                let session = incoming.session;
                self.fate(host, session);
                if self.network.below(2) == 0 {
                    self.plan(2_000, Plan::Ring { host, session });
                }
                match self.network.below(8) {
                    0 => self.plan(10_000, Plan::Reject { host, session }),
                    1 => {}
                    _ => self.plan(8_000, Plan::Answer { host, session }),
                }
                if self.network.below(6) == 0 {
                    self.plan(9_000, Plan::HangUp { host, session });
                }
            }
            Event::Failed { session, .. } => self.fate(host, session).failed += 1,
            Event::Cancelled { session, .. } => self.fate(host, session).cancelled += 1,
            Event::Confirmed { session } => {
                self.fate(host, session).confirmed += 1;
                self.live(host, session);
            }
            Event::Answered { session, .. } => {
                let fate = self.fate(host, session);
                fate.answered += 1;
                if fate.late_offer {
                    self.plan(2_000, Plan::Answer { host, session });
                }
                self.live(host, session);
            }
            Event::Ended { session, .. } => self.fate(host, session).ended += 1,
            Event::Offered { session, .. } => match self.network.below(5) {
                0 => self.plan(2_000, Plan::RefuseOffer { host, session }),
                _ => self.plan(2_000, Plan::AnswerOffer { host, session }),
            },
            Event::Refer { session, refer, .. } if self.network.below(4) > 0 => {
                self.plan(2_000, Plan::AcceptRefer { host, session, refer });
            }
            _ => {}
        }
    }

    /// What may happen within a call.
    fn live(&mut self, host: usize, session: SessionId) {
        for _ in 0..self.network.below(4) {
            let plan = match self.network.below(4) {
                0 | 1 => Plan::Offer { host, session },
                2 => Plan::Key { host, session },
                _ => Plan::Refer { host, session },
            };
            self.plan(15_000, plan);
        }
        if self.network.below(3) > 0 {
            self.plan(25_000, Plan::HangUp { host, session });
        }
    }

    fn hang_everything_up(&mut self) {
        let all: Vec<(usize, SessionId)> = self.sessions.keys().copied().collect();
        for (host, session) in all {
            self.act(Plan::HangUp { host, session });
        }
        // Calls that a lost CANCEL or BYE leaves behind hear of it by their own timers; late arrivals are hung up too.
        for _ in 0..4 {
            let later = self.network.now + Duration::from_secs(40);
            self.pass(later);
            let open: Vec<(usize, SessionId)> = self.sessions.keys().copied().collect();
            for (host, session) in open {
                self.act(Plan::HangUp { host, session });
            }
        }
    }
}

impl Fate {
    /// One outcome, one end.
    fn check(&self, context: &str) {
        if self.outgoing {
            assert_eq!(self.failed + self.answered, 1, "an INVITE out has one outcome: {context}");
            assert_eq!(self.cancelled + self.confirmed, 0, "{context}");
            let ends = self.answered;
            assert!(self.ended <= ends && (self.hung_up || self.ended == ends), "{context}");
        } else {
            assert_eq!(self.failed + self.answered, 0, "{context}");
            let outcomes = self.cancelled + u32::from(self.we_rejected) + u32::from(self.we_answered);
            assert_eq!(outcomes, 1, "an INVITE in has one outcome: {context}");
            assert!(self.confirmed <= u32::from(self.we_answered), "{context}");
            assert!(self.ended <= u32::from(self.we_answered), "{context}");
        }
    }
}

/// Random scenarios of one to three calls per run of the test.
const SCENARIOS: u64 = 2_000;
/// What these must have met: races, collisions, refusals, lost dialogs.
const HARD_CASES: [&str; 15] = [
    "CANCEL",
    "200 CANCEL",
    "487 INVITE",
    "486 INVITE",
    "480 INVITE",
    "401 INVITE",
    "488 INVITE",
    "491 INVITE",
    "183 INVITE",
    "481 BYE",
    "481 INFO",
    "202 REFER",
    "487 REFER",
    "200 NOTIFY",
    "481 INVITE",
];
