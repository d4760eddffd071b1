//! One caller's walk through a flow: hears `Input`, says `Output`, knows no audio, no queue and no clock.
//! Never dials and never loops without time passing; a caller who does not answer is led on, not dropped.
//!
//! ```text
//! New -> Playing | Asking | Fetching | Waiting | Introducing -> Recording -> Saving | Sending
//!          ^________________________________________________________________________|
//!        Announcing -> Transferring   Closing -> Ended
//! ```
//!
//! A call that waits in a queue keeps its place while menus run over it (`place`), until a step that settles the call.
//! An agent who answers has the caller (`Served`) until the call ends or the caller waits again.
//! Order of use: `handle` or `handle_timeout`, then `poll_output` until empty, then `poll_timeout`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::flow::{Flow, Node, Step, Target};
use super::outside::{CallFacts, Input, Output, QueueExit};
use super::variable::{Value, Variables};
use crate::model::limits::KEYS_AHEAD_MAX;
use crate::model::{Clip, Digit, Language, Moment, Outcome, WallClock};

/// One caller in one flow.
#[derive(Debug)]
pub struct Session {
    pub(super) flow: Arc<Flow>,
    pub(super) wall: WallClock,
    pub(super) language: Language,
    pub(super) state: State,
    /// The current node, by place in the flow.
    pub(super) node: usize,
    /// The menus on the way here, the current one last.
    pub(super) levels: Vec<usize>,
    /// The place in a queue, kept while a menu runs over the wait.
    pub(super) place: Option<Place>,
    /// The last node that waited, for `@resume` when the place was lost.
    pub(super) last_queue: Option<usize>,
    /// The queue waited in last, which calls back; not always the node's, for an agent may have sent the caller on.
    pub(super) waited_in: Option<String>,
    /// When the caller first waited.
    pub(super) waiting_since: Option<Moment>,
    /// Keys pressed before anybody asked.
    pub(super) ahead: VecDeque<Digit>,
    pub(super) variables: Variables,
    /// A key that ends an entry which was already complete, and until when it means nothing.
    pub(super) stray_end: Option<(Digit, Moment)>,
    pub(super) next_fetch: u64,
    /// What the call came to, as far as the flow knows.
    pub(super) outcome: Outcome,
    visits: BTreeMap<usize, u32>,
    steps: Steps,
    outputs: VecDeque<Output>,
    counts: Counts,
}

/// What was left aside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Inputs that meant nothing in the state they met.
    pub ignored: u64,
    /// Keys pressed ahead for which there was no room.
    pub keys_dropped: u64,
}

/// Where a session stands. `until` is when it goes on by itself.
#[derive(Debug)]
pub(super) enum State {
    New,
    Playing {
        until: Moment,
    },
    Asking(Asking),
    Fetching {
        id: u64,
        until: Moment,
    },
    Waiting,
    /// An agent talks with the caller; the place is kept for a caller who comes back.
    Served,
    /// The words before a recording.
    Introducing {
        until: Moment,
    },
    Recording {
        until: Moment,
    },
    /// The recording was ended and is being written.
    Saving {
        until: Moment,
    },
    Sending {
        until: Moment,
    },
    /// The words before a transfer.
    Announcing {
        until: Moment,
    },
    Transferring,
    /// Another flow was asked for.
    Switching,
    /// The last words.
    Closing {
        until: Moment,
    },
    Ended,
}

/// A menu or a collect at work.
#[derive(Debug)]
pub(super) struct Asking {
    /// Silences and wrong entries so far.
    pub tries: u32,
    /// The digits keyed so far; none in a menu.
    pub entered: Vec<Digit>,
    /// The digits were read back; 1 is right, 2 is wrong.
    pub confirming: bool,
    /// Words are being heard; otherwise the caller is being waited for.
    pub speaking: bool,
    pub until: Moment,
}

/// A place in a queue.
#[derive(Debug)]
pub(super) struct Place {
    /// The queue node.
    pub node: usize,
    /// How many menus lay on the way there.
    pub levels: usize,
    pub offer_at: Option<Moment>,
    pub ask_at: Option<Moment>,
    /// The longest wait is over, and the caller has pressed no key since.
    pub overdue: bool,
}

/// Steps taken without time passing or a key being pressed, and in all.
#[derive(Debug, Default)]
struct Steps {
    at: Moment,
    at_once: usize,
    in_all: usize,
}

impl Session {
    /// A session that waits for `Input::Start`.
    #[must_use]
    pub fn new(flow: Arc<Flow>, facts: CallFacts, wall: WallClock) -> Self {
        let variables = Variables::from([
            ("caller".to_owned(), Value::Number(facts.caller)),
            ("called".to_owned(), Value::Number(facts.called)),
        ]);
        Session {
            wall,
            language: facts.language,
            state: State::New,
            node: flow.nodes.len(),
            flow,
            levels: Vec::new(),
            place: None,
            last_queue: None,
            waited_in: None,
            waiting_since: None,
            ahead: VecDeque::new(),
            variables,
            stray_end: None,
            next_fetch: 1,
            outcome: Outcome::SelfService,
            visits: BTreeMap::new(),
            steps: Steps::default(),
            outputs: VecDeque::new(),
            counts: Counts::default(),
        }
    }

    /// Something happened at `now`. What means nothing in the present state is counted and changes nothing.
    pub fn handle(&mut self, now: Moment, input: Input) {
        if let Input::Key(digit) = input {
            return self.key(now, digit);
        }
        let flow = Arc::clone(&self.flow);
        match (&self.state, input) {
            (State::New, Input::Start) => self.go(now, &flow.start.target),
            (_, Input::Said) => self.said(now),
            (State::Fetching { id, .. }, Input::Fetched { id: answered, outcome }) if *id == answered => {
                self.fetched(now, &outcome);
            }
            (_, Input::Served) if self.place.is_some() => self.served(),
            (State::Served, Input::Requeued { queue }) => self.waits_again(now, queue),
            (_, Input::QueueLeft(exit)) => self.queue_left(now, exit),
            (State::Recording { .. } | State::Saving { .. }, Input::Recorded { record, length }) => {
                self.recorded(now, record, length);
            }
            (State::Sending { .. }, Input::Sent(taken)) => self.sent(now, taken),
            (State::Transferring, Input::TransferFailed) => self.transfer_failed(now),
            (State::Switching, Input::SwitchRefused) => self.fail(now),
            _ => self.counts.ignored += 1,
        }
    }

    /// Time has passed. Harmless when nothing is due.
    pub fn handle_timeout(&mut self, now: Moment) {
        if self.poll_timeout().is_none_or(|due| due > now) {
            return;
        }
        match &self.state {
            // Words never last this long: the player was lost, and the caller must not be.
            State::Playing { .. } | State::Introducing { .. } | State::Announcing { .. } | State::Closing { .. } => {
                self.said(now);
            }
            State::Asking(asking) if asking.speaking => self.said(now),
            State::Asking(_) => self.asked_in_vain(now),
            State::Fetching { .. } => self.fetch_failed(now),
            State::Waiting => self.waited(now),
            State::Recording { .. } => self.stop_recording(now),
            State::Saving { .. } => self.recording_lost(now),
            State::Sending { .. } => self.sent(now, false),
            State::New | State::Served | State::Transferring | State::Switching | State::Ended => {}
        }
    }

    /// The next thing to do, oldest first.
    #[must_use]
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When `handle_timeout` wants to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        match &self.state {
            State::Playing { until }
            | State::Fetching { until, .. }
            | State::Introducing { until }
            | State::Recording { until }
            | State::Saving { until }
            | State::Sending { until }
            | State::Announcing { until }
            | State::Closing { until } => Some(*until),
            State::Asking(asking) => Some(asking.until),
            State::Waiting => {
                let place = self.place.as_ref()?;
                place.offer_at.into_iter().chain(place.ask_at).min()
            }
            State::New | State::Served | State::Transferring | State::Switching | State::Ended => None,
        }
    }

    /// The current node's name; empty before the start.
    #[must_use]
    pub fn node(&self) -> &str {
        self.flow.nodes.get(self.node).map_or("", |node| &node.name)
    }

    /// The flow being walked.
    #[must_use]
    pub fn flow(&self) -> &Arc<Flow> {
        &self.flow
    }

    /// How often each node was entered, in file order; nodes never entered are left out.
    pub fn visited(&self) -> impl Iterator<Item = (&str, u32)> {
        self.visits.iter().filter_map(|(at, times)| Some((self.flow.nodes.get(*at)?.name.as_str(), *times)))
    }

    /// What the call has gathered.
    #[must_use]
    pub fn variables(&self) -> &Variables {
        &self.variables
    }

    /// Whether the caller waits in a queue and hears music: the time for announcements.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        matches!(self.state, State::Waiting)
    }

    /// Whether the caller has a place in a queue, be it under a menu.
    #[must_use]
    pub fn has_place(&self) -> bool {
        self.place.is_some()
    }

    /// Whether the call was handed to an agent, an extension or another flow, which may still give it back.
    #[must_use]
    pub fn is_handed_over(&self) -> bool {
        matches!(self.state, State::Served | State::Transferring | State::Switching)
    }

    /// Whether nothing more will come.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// What was left aside.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    fn key(&mut self, now: Moment, digit: Digit) {
        // A person presses keys in time, so each key is the beginning of a new chain of steps.
        self.steps.at_once = 0;
        if let Some(place) = &mut self.place {
            place.overdue = false;
        }
        if let Some((end, until)) = self.stray_end.take()
            && end == digit
            && now < until
        {
            return;
        }
        match &self.state {
            State::Playing { .. } => self.key_while_playing(now, digit),
            State::Asking(asking) => {
                if asking.speaking && !self.barges_in() {
                    self.keep(digit);
                } else {
                    self.key_while_asking(now, digit);
                }
            }
            State::Fetching { .. } | State::Sending { .. } => self.keep(digit),
            State::Waiting => self.key_while_waiting(now, digit),
            State::Introducing { .. } => self.key_while_introducing(now, digit),
            State::Recording { .. } => self.key_while_recording(now, digit),
            State::New
            | State::Served
            | State::Saving { .. }
            | State::Announcing { .. }
            | State::Transferring
            | State::Switching
            | State::Closing { .. }
            | State::Ended => self.counts.ignored += 1,
        }
    }

    fn said(&mut self, now: Moment) {
        match &self.state {
            State::Playing { .. } => self.played(now),
            State::Asking(asking) if asking.speaking => self.listen(now),
            State::Introducing { .. } => self.start_recording(now),
            State::Announcing { .. } => self.start_transfer(now),
            State::Closing { .. } => self.hang_up(),
            _ => self.counts.ignored += 1,
        }
    }

    fn queue_left(&mut self, now: Moment, exit: QueueExit) {
        match (&self.state, exit) {
            (State::Waiting, QueueExit::MaxWait) => self.ask_waiting(now),
            (State::Waiting, QueueExit::OfferCallback) => self.offer_callback(now),
            (State::Waiting, QueueExit::Closed | QueueExit::Full | QueueExit::Refused) => self.turned_away(now, exit),
            // Under a menu the loss shows when the caller wants to go on waiting.
            (_, QueueExit::Closed | QueueExit::Full | QueueExit::Refused) if self.place.is_some() => self.place = None,
            _ => self.counts.ignored += 1,
        }
    }

    /// Follows a link, and the links of every step that takes no time, until one that does.
    pub(super) fn go(&mut self, now: Moment, target: &Target) {
        let flow = Arc::clone(&self.flow);
        let mut next = Some(target);
        while let Some(target) = next {
            if !self.count_step(now) {
                return self.give_up();
            }
            next = match self.arrive(now, &flow, target) {
                Some(at) => self.enter(now, &flow, at),
                None => None,
            };
        }
    }

    /// The node that a target means now; `None` when following it needs no node.
    fn arrive(&mut self, now: Moment, flow: &Flow, target: &Target) -> Option<usize> {
        match target {
            Target::Node(name) => flow.position(name),
            Target::Previous => self.previous(now),
            Target::Repeat => {
                if matches!(self.state, State::Asking(_)) {
                    self.repeat(now);
                    None
                } else {
                    Some(self.node)
                }
            }
            Target::Resume if self.place.is_some() => {
                self.resume(now);
                None
            }
            Target::Resume => Some(self.last_queue.unwrap_or(self.node)),
            Target::Flow(flow) => {
                self.leave_queue();
                self.push(Output::SwitchFlow { flow: flow.clone() });
                self.state = State::Switching;
                None
            }
        }
    }

    /// The menu before this one. Over a wait that is the wait itself; at the top it is this menu again.
    fn previous(&mut self, now: Moment) -> Option<usize> {
        if self.levels.last() == Some(&self.node) {
            self.levels.pop();
        }
        if self.place.as_ref().is_some_and(|place| self.levels.len() <= place.levels) {
            self.resume(now);
            return None;
        }
        Some(self.levels.last().copied().unwrap_or(self.node))
    }

    /// Enters a node. Returns where to go on when the step takes no time.
    fn enter<'f>(&mut self, now: Moment, flow: &'f Flow, at: usize) -> Option<&'f Target> {
        let Some(node) = flow.nodes.get(at) else {
            self.give_up();
            return None;
        };
        self.node = at;
        let visits = self.visits.entry(at).or_default();
        *visits = visits.saturating_add(1);
        if node.visits_max.is_some_and(|most| *visits > most)
            && let Some(link) = &node.on_fail
        {
            return Some(&link.target);
        }
        self.push(Output::Visit { node: node.name.clone(), kind: node.step.kind() });
        match &node.step {
            Step::Hours { hours, open, closed } => Some(self.choose_by_hours(now, flow, hours, open, closed)),
            Step::If { when, then, otherwise } => Some(self.choose_by_value(when, then, otherwise)),
            Step::Play { skip, next } => self.play(now, node, *skip, next),
            Step::Menu | Step::Collect(_) => self.ask(now, flow, at),
            Step::Http { service, .. } => self.fetch(now, flow, node, service),
            Step::Queue(queue) => self.enter_queue(now, flow, at, queue),
            Step::Record(_) => self.introduce_recording(now, node),
            Step::Callback { to, due, next, on_error } => {
                self.promise_callback(node, to, *due, next, on_error.as_ref())
            }
            Step::Message { to, text, on_error, .. } => self.send_message(now, node, to, text, on_error.as_ref()),
            Step::Transfer { .. } => self.announce_transfer(now, node),
            Step::Hangup => self.close(now, node),
        }
    }

    /// Follows the error edge of the current node, or ends the call where there is none.
    pub(super) fn fail(&mut self, now: Moment) {
        let flow = Arc::clone(&self.flow);
        match flow.nodes.get(self.node).and_then(|node| node.on_fail.as_ref()) {
            Some(link) => self.go(now, &link.target),
            None => self.give_up(),
        }
    }

    /// Ends a call that a flow cannot go on with.
    pub(super) fn give_up(&mut self) {
        self.outcome = Outcome::Failed;
        self.leave_queue();
        self.hang_up();
    }

    pub(super) fn hang_up(&mut self) {
        self.push(Output::HangUp { outcome: self.outcome });
        self.state = State::Ended;
    }

    /// Gives the place in the queue back, if there is one.
    pub(super) fn leave_queue(&mut self) {
        if let Some(place) = self.place.take() {
            self.push(Output::Dequeue { overdue: place.overdue });
        }
    }

    pub(super) fn push(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    pub(super) fn say(&mut self, clips: Vec<Clip>) {
        self.push(Output::Say { clips });
    }

    /// The words of a node with the values of this call.
    pub(super) fn words(&self, node: &Node) -> Vec<Clip> {
        super::text::clips(&self.flow, node, self.language, &self.variables)
    }

    /// The language in which a node speaks to this caller, so that one announcement is in one language.
    pub(super) fn language_of(&self, node: &Node) -> Language {
        let text = node.say.as_ref().and_then(|say| say.text(self.language, &self.flow));
        text.map_or(self.language, |(language, _)| language)
    }

    /// Keeps a key for the next step that asks.
    pub(super) fn keep(&mut self, digit: Digit) {
        if self.ahead.len() < KEYS_AHEAD_MAX {
            self.ahead.push_back(digit);
        } else {
            self.counts.keys_dropped += 1;
        }
    }

    pub(super) fn ignore(&mut self) {
        self.counts.ignored += 1;
    }

    /// Counts one step; false when a flow runs in a circle that no time and no caller interrupts.
    fn count_step(&mut self, now: Moment) -> bool {
        if now > self.steps.at {
            self.steps.at = now;
            self.steps.at_once = 0;
        }
        self.steps.at_once += 1;
        self.steps.in_all += 1;
        // Without a circle a chain meets each node once, and each key pressed ahead may begin one more step.
        self.steps.at_once <= self.flow.nodes.len() * 2 + KEYS_AHEAD_MAX && self.steps.in_all <= STEPS_MAX
    }
}

/// No announcement lasts longer; if the player says nothing until then, it was lost.
pub(super) const SPEECH_MAX: Duration = Duration::from_secs(180);

/// Steps of one call: an hour of pressing a key each second, and room for the steps between two menus.
const STEPS_MAX: usize = 3_600 * 4;
