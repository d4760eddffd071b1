//! The contact center as one value: it takes `Input`, yields `Output`, and knows no socket, file, clock or random
//! source. It passes words between the SIP endpoint, the calls, the flows, the queues and the media workers.
//!
//! Order of use: one `handle` or `handle_timeout`, then `poll_output` until `None`, then `poll_timeout`.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::day::Day;
use super::event::{AgentWord, EventKind};
use super::input::Input;
use super::lines::Lines;
use super::output::Output;
use super::picture::Today;
use super::ports::Ports;
use super::settings::Settings;
use crate::acd::{self, Acd};
use crate::call::{Call, LegMint};
use crate::charter::Charter;
use crate::media::{Library, PlayId};
use crate::model::{
    AgentId, CallDirection, CallId, LegId, Moment, PhoneNumber, QueueId, RecordId, Requirement, WallClock,
};
use crate::{ivr, sip};

/// The whole switchboard.
pub struct Center {
    pub(super) settings: Settings,
    pub(super) wall: WallClock,
    pub(super) library: Arc<Library>,
    pub(super) flows: BTreeMap<String, Arc<ivr::Flow>>,
    pub(super) sip: sip::Endpoint,
    pub(super) acd: Acd,
    pub(super) charter: Charter,
    pub(super) calls: BTreeMap<CallId, Contact>,
    pub(super) lines: Lines,
    pub(super) ports: Ports,
    pub(super) plays: HashMap<PlayId, (CallId, Play)>,
    pub(super) next_play: u64,
    pub(super) mint: LegMint,
    pub(super) next_call: u64,
    pub(super) next_task: u64,
    pub(super) next_record: u64,
    /// Voice messages being spoken: whose, and since when.
    pub(super) records: BTreeMap<RecordId, (CallId, Moment)>,
    /// Calls with effects that have not been carried out yet.
    pub(super) touched: VecDeque<CallId>,
    timers: BTreeSet<(Moment, CallId)>,
    pub(super) outputs: VecDeque<Output>,
    pub(super) seq: u64,
    pub(super) draining: bool,
    /// Our registrations with carriers, by the trunk's name.
    pub(super) registrations: BTreeMap<sip::AccountId, String>,
    pub(super) today: Today,
    day: Day,
    /// The last state of each agent that was told, and since when.
    pub(super) agents_seen: BTreeMap<AgentId, (AgentWord, Option<String>, Moment)>,
    /// Clips that were missed once already, so that each is told once.
    pub(super) missing: BTreeSet<String>,
}

/// One call with its flow and what the record needs.
pub(super) struct Contact {
    pub(super) call: Call,
    pub(super) from: PhoneNumber,
    pub(super) to: PhoneNumber,
    pub(super) direction: CallDirection,
    /// The agent whose own phone made this call.
    pub(super) made_by: Option<AgentId>,
    pub(super) worker: usize,
    pub(super) max_forwards: u32,
    pub(super) flow: Option<Arc<ivr::Flow>>,
    pub(super) session: Option<ivr::Session>,
    pub(super) flow_started: bool,
    /// The flow's announcement that is being heard.
    pub(super) flow_play: Option<PlayId>,
    /// The call's own announcement that is being heard.
    pub(super) call_play: Option<PlayId>,
    /// Whether every clip of the last announcement had a recording.
    pub(super) announced_whole: bool,
    pub(super) path: Vec<String>,
    pub(super) wait: WaitFacts,
    pub(super) timer: Option<Moment>,
}

impl Contact {
    /// Since when the caller waits, as if the wait had been all in one: what was talked meanwhile is no waiting.
    pub(super) fn waiting_since(&self, now: Moment) -> Option<Moment> {
        self.wait.since.map(|since| since + self.call.talked(now))
    }

    /// Whether the flow may act by itself: never into a sentence of the call's own, which it would cut.
    fn flow_clock_runs(&self) -> bool {
        self.call.flow_runs() && self.call_play.is_none()
    }
}

/// What the queue must know again if the caller comes back to it.
#[derive(Clone, Debug, Default)]
pub(super) struct WaitFacts {
    pub(super) since: Option<Moment>,
    pub(super) queue: Option<QueueId>,
    pub(super) needs: Vec<Requirement>,
    pub(super) priority: i32,
    pub(super) announce_every: Option<Duration>,
    pub(super) tell_position: bool,
    pub(super) tell_expected: bool,
}

/// Whose announcement was played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Play {
    Flow,
    Call { play: u32, complete: bool },
}

impl Center {
    /// A center at rest. `seed` makes every tag, branch, nonce and SSRC; the same inputs and seed give the same outputs.
    #[must_use]
    pub fn new(
        settings: Settings,
        flows: Vec<Arc<ivr::Flow>>,
        library: Arc<Library>,
        wall: WallClock,
        seed: [u8; 32],
        now: Moment,
    ) -> Self {
        let mut center = Center {
            sip: sip::Endpoint::new(settings.sip.clone(), seed),
            acd: Acd::new(settings.acd.clone(), now),
            charter: Charter::new(settings.policy),
            ports: Ports::new(&settings.media.workers, settings.media.quarantine),
            today: Today::new(now),
            day: Day::new(settings.zone.clone(), wall, now),
            settings,
            wall,
            library,
            flows: flows.into_iter().map(|flow| (flow.id.clone(), flow)).collect(),
            calls: BTreeMap::new(),
            lines: Lines::default(),
            plays: HashMap::new(),
            next_play: 0,
            mint: LegMint::default(),
            next_call: 0,
            next_task: 0,
            next_record: 0,
            records: BTreeMap::new(),
            touched: VecDeque::new(),
            timers: BTreeSet::new(),
            outputs: VecDeque::new(),
            seq: 0,
            draining: false,
            registrations: BTreeMap::new(),
            agents_seen: BTreeMap::new(),
            missing: BTreeSet::new(),
        };
        center.event(now, None, EventKind::ServerStarted { version: env!("CARGO_PKG_VERSION").to_owned() });
        center.register_trunks(now);
        center
    }

    /// Something happened.
    pub fn handle(&mut self, now: Moment, input: Input) {
        self.turn_day(now);
        match input {
            Input::Datagram { flow, bytes } => self.sip.handle_datagram(now, flow, &bytes),
            Input::Stream { flow, bytes } => self.sip.handle_stream(now, flow, &bytes),
            Input::Closed { connection } => self.sip.handle_closed(now, connection),
            Input::TransportError { flow } => self.sip.handle_transport_error(now, flow),
            Input::Media { worker, event } => self.on_media(now, worker, event),
            Input::Fetched { call, id, outcome } => {
                self.tell_flow(now, call, ivr::Input::Fetched { id, outcome });
            }
            Input::TextSent { call, taken } => self.tell_flow(now, call, ivr::Input::Sent(taken)),
            Input::Admin { request, command } => self.on_admin(now, request, command),
            Input::Flows { flows, problems } => self.take_flows(now, flows, problems),
            Input::Drain => self.drain(now),
            Input::EndAll => self.end_all(now),
            Input::Stop => {
                let calls = self.calls.len();
                self.event(now, None, EventKind::ServerStopped { calls });
            }
        }
        self.settle(now);
    }

    /// A clock ran out, or nothing did.
    pub fn handle_timeout(&mut self, now: Moment) {
        self.turn_day(now);
        self.sip.handle_timeout(now);
        self.acd.handle_timeout(now);
        while let Some((at, call)) = self.timers.first().copied()
            && at <= now
        {
            self.timers.pop_first();
            if let Some(contact) = self.calls.get_mut(&call) {
                contact.timer = None;
                contact.call.handle_timeout(now);
                if contact.flow_clock_runs()
                    && let Some(session) = contact.session.as_mut()
                {
                    session.handle_timeout(now);
                }
                self.touched.push_back(call);
                self.drain_touched(now);
            }
        }
        self.settle(now);
    }

    /// When `handle_timeout` is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        let calls = self.timers.first().map(|(at, _)| *at);
        let days = [self.today.poll_timeout(), self.day.poll_timeout()];
        [self.sip.poll_timeout(), self.acd.poll_timeout(), calls].into_iter().chain(days).flatten().min()
    }

    /// The next effect; drain until `None` after every `handle*`.
    #[must_use]
    pub fn poll_output(&mut self) -> Option<Output> {
        if let Some(transmit) = self.sip.poll_transmit() {
            return Some(Output::Sip(transmit));
        }
        self.outputs.pop_front()
    }

    /// Calls that are not over.
    #[must_use]
    pub fn calls_active(&self) -> usize {
        self.calls.len()
    }

    /// Whether nothing is left: no call, no line, every port given back.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let ports: usize = self.settings.media.workers.iter().map(Vec::len).sum();
        self.calls.is_empty() && self.lines.len() == 0 && self.ports.free() == ports && self.plays.is_empty()
    }

    #[must_use]
    pub fn sip_counts(&self) -> sip::Counts {
        self.sip.counts()
    }

    /// What the endpoint has counted since the last time.
    pub fn take_sip_counters(&mut self) -> sip::Counters {
        self.sip.take_counters()
    }

    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    #[must_use]
    pub fn acd(&self) -> &Acd {
        &self.acd
    }

    /// The live tables, for people.
    #[must_use]
    pub fn dump(&self) -> String {
        use std::fmt::Write as _;
        let mut text = String::new();
        for (id, contact) in &self.calls {
            let legs = contact.call.legs().len();
            let node = contact.session.as_ref().map_or("-", |session| session.node());
            let _ = writeln!(text, "{id} {} from {} legs {legs} node {node}", contact.call.state_word(), contact.from);
        }
        for line in self.lines.iter() {
            let _ = writeln!(text, "{} of {} {} {:?}", line.leg, line.call, line.session, line.role);
        }
        text + &self.acd.dump() + &self.sip.dump()
    }

    /// Carries every effect to its owner until nobody has anything to say. Each SIP event is carried to its end before
    /// the next is looked at: an answer and a hang-up in one segment must not meet a half-connected call.
    fn settle(&mut self, now: Moment) {
        loop {
            if self.hear_acd(now) {
                // What the queues said is with the calls now.
            } else if !self.touched.is_empty() {
                self.drain_touched(now);
            } else if let Some(event) = self.sip.poll_event() {
                self.on_sip(now, event);
            } else {
                break;
            }
        }
        self.refresh_board(now);
    }

    /// Everything that the queues have to say; whether it was anything.
    pub(super) fn hear_acd(&mut self, now: Moment) -> bool {
        let mut heard = false;
        while let Some(output) = self.acd.poll_output() {
            self.for_acd(now, output);
            heard = true;
        }
        heard
    }

    /// The effects of every call that was spoken to.
    pub(super) fn drain_touched(&mut self, now: Moment) {
        while let Some(id) = self.touched.pop_front() {
            while let Some(contact) = self.calls.get_mut(&id) {
                if let Some(output) = contact.call.poll_output() {
                    self.for_call(now, id, output);
                } else if let Some(output) = contact.session.as_mut().and_then(ivr::Session::poll_output) {
                    self.for_ivr(now, id, output);
                } else {
                    break;
                }
            }
            self.set_timer(id);
        }
    }

    /// Keeps the call's place in the timer list true.
    fn set_timer(&mut self, id: CallId) {
        let Some(contact) = self.calls.get_mut(&id) else { return };
        let flow = contact.session.as_ref().filter(|_| contact.flow_clock_runs()).and_then(ivr::Session::poll_timeout);
        let due = [contact.call.poll_timeout(), flow].into_iter().flatten().min();
        if contact.timer != due {
            if let Some(at) = contact.timer {
                self.timers.remove(&(at, id));
            }
            if let Some(at) = due {
                self.timers.insert((at, id));
            }
            contact.timer = due;
        }
    }

    /// Takes a call out of the lists; its lines may live on until their media is closed.
    pub(super) fn forget_call(&mut self, id: CallId) -> Option<Contact> {
        let contact = self.calls.remove(&id)?;
        if let Some(at) = contact.timer {
            self.timers.remove(&(at, id));
        }
        self.plays.retain(|_, (call, _)| *call != id);
        self.records.retain(|_, (call, _)| *call != id);
        Some(contact)
    }

    /// Speaks to a call; its effects are carried out before the next input.
    pub(super) fn tell_call(&mut self, now: Moment, id: CallId, input: crate::call::Input) {
        if let Some(contact) = self.calls.get_mut(&id) {
            contact.call.handle(now, input, &mut self.mint);
            self.touched.push_back(id);
        }
    }

    /// Speaks to the call that a leg belongs to.
    pub(super) fn tell_call_of(&mut self, now: Moment, leg: LegId, input: crate::call::Input) {
        if let Some(call) = self.lines.get(leg).map(|line| line.call) {
            self.tell_call(now, call, input);
        }
    }

    /// Speaks to a call's flow, while the flow has the caller.
    pub(super) fn tell_flow(&mut self, now: Moment, id: CallId, input: ivr::Input) {
        if let Some(contact) = self.calls.get_mut(&id)
            && contact.call.flow_runs()
            && let Some(session) = contact.session.as_mut()
        {
            session.handle(now, input);
            self.touched.push_back(id);
        }
    }

    pub(super) fn tell_acd(&mut self, now: Moment, input: acd::Input) {
        self.acd.handle(now, input);
    }

    /// After midnight, before anything else: what is counted as today's begins anew.
    fn turn_day(&mut self, now: Moment) {
        if let Some(date) = self.day.turn(now) {
            self.acd.start_day();
            self.charter.start_day();
            self.event(now, None, EventKind::DayBegan { date: date.to_string() });
        }
    }

    fn take_flows(&mut self, now: Moment, flows: Vec<Arc<ivr::Flow>>, problems: usize) {
        let count = flows.len();
        if problems == 0 {
            self.flows = flows.into_iter().map(|flow| (flow.id.clone(), flow)).collect();
        }
        self.event(now, None, EventKind::ConfigReloaded { ok: problems == 0, flows: count, problems });
    }

    fn drain(&mut self, now: Moment) {
        if !self.draining {
            self.draining = true;
            let calls = self.calls.len();
            self.event(now, None, EventKind::ServerDraining { calls });
            self.unregister_trunks(now);
        }
    }

    fn end_all(&mut self, now: Moment) {
        let calls: Vec<CallId> = self.calls.keys().copied().collect();
        for call in calls {
            self.tell_call(now, call, crate::call::Input::End { by: crate::model::EndedBy::System });
        }
    }
}
