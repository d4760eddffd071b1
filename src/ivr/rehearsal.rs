//! A session without a telephone: plays its announcements in virtual time and answers for queue, services and media.
//! What `simulate` and `test` run is the session of real calls; only the world around it is made up here.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::flow::Flow;
use super::outside::{CallFacts, FetchOutcome, Input, Output, QueueExit};
use super::session::Session;
use super::speech;
use crate::model::{Clip, Digit, Moment, RecordId, WallClock};

/// A session on stage.
pub struct Rehearsal<'w> {
    session: Session,
    now: Moment,
    lengths: &'w dyn Fn(&Clip) -> Duration,
    stubs: Stubs,
    /// When the words that are being heard are over.
    playing: Option<Moment>,
    playing_since: Moment,
    recording_since: Option<Moment>,
    happenings: VecDeque<Happening>,
}

/// What the made-up world answers; each list is used up but for its last entry.
#[derive(Clone, Default)]
pub struct Stubs {
    /// By service. One that is not here does not answer.
    pub services: BTreeMap<String, Vec<FetchOutcome>>,
    /// Queues that give the caller back at once.
    pub queues: BTreeMap<String, QueueExit>,
    /// Text messages cannot be sent.
    pub messages_fail: bool,
    /// Nobody answers a transfer.
    pub transfers_fail: bool,
}

/// What the caller, or an observer, notices.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// A node spoke.
    Heard { node: String, text: String, length: Duration },
    /// Something was decided: `queue general`, `callback 01012345678 today`, `hangup`.
    Outcome(String),
    /// A service was asked.
    Asked { service: String, answer: String },
}

impl<'w> Rehearsal<'w> {
    /// A call that is answered at once.
    pub fn new(
        flow: Arc<Flow>,
        facts: CallFacts,
        wall: WallClock,
        stubs: Stubs,
        lengths: &'w dyn Fn(&Clip) -> Duration,
    ) -> Self {
        let mut rehearsal = Rehearsal {
            session: Session::new(flow, facts, wall),
            now: Moment::ZERO,
            lengths,
            stubs,
            playing: None,
            playing_since: Moment::ZERO,
            recording_since: None,
            happenings: VecDeque::new(),
        };
        rehearsal.tell(Input::Start);
        rehearsal
    }

    /// The session itself.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Time since the call was answered.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.now
    }

    /// The oldest thing noticed and not yet taken.
    pub fn take(&mut self) -> Option<Happening> {
        self.happenings.pop_front()
    }

    /// The caller presses a key now.
    pub fn press(&mut self, digit: Digit) {
        self.tell(Input::Key(digit));
    }

    /// Hears the present words to their end. False when nothing is being heard.
    pub fn hear_out(&mut self) -> bool {
        let Some(end) = self.playing.take() else { return false };
        self.now = self.now.max(end);
        self.tell(Input::Said);
        true
    }

    /// Hears everything out, and then lets time pass in silence.
    pub fn wait(&mut self, silence: Duration) {
        let mut announcements = 0;
        while announcements < ANNOUNCEMENTS_MAX && self.hear_out() {
            announcements += 1;
        }
        let end = self.now + silence;
        while let Some(due) = self.playing.into_iter().chain(self.session.poll_timeout()).min()
            && due <= end
        {
            self.now = self.now.max(due);
            if self.playing.is_some_and(|over| over <= self.now) {
                self.hear_out();
            } else {
                self.session.handle_timeout(self.now);
                self.drain();
            }
        }
        self.now = self.now.max(end);
    }

    /// Words that are stopped in the moment in which they begin were not heard.
    fn hush(&mut self) {
        let unheard = self.playing.take().is_some() && self.playing_since == self.now;
        if unheard && matches!(self.happenings.back(), Some(Happening::Heard { .. })) {
            self.happenings.pop_back();
        }
    }

    fn tell(&mut self, input: Input) {
        self.session.handle(self.now, input);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.session.poll_output() {
            self.answer(output);
        }
    }

    /// Notes an output, and answers it where the world would.
    fn answer(&mut self, output: Output) {
        if let Some(words) = outcome_words(&output) {
            self.happenings.push_back(Happening::Outcome(words));
        }
        match output {
            Output::Say { clips } => {
                let length = clips.iter().map(|clip| (self.lengths)(clip)).sum();
                self.playing = Some(self.now + length);
                self.playing_since = self.now;
                let node = self.session.node().to_owned();
                self.happenings.push_back(Happening::Heard { node, text: speech::sentence(&clips), length });
            }
            Output::Hush => self.hush(),
            Output::Fetch { id, service, .. } => {
                let outcome = self.stubs.answer(&service);
                let answer = match &outcome {
                    FetchOutcome::Answered { status, body } => format!("{status} {body}"),
                    FetchOutcome::Failed(why) => why.clone(),
                };
                self.happenings.push_back(Happening::Asked { service, answer });
                self.session.handle(self.now, Input::Fetched { id, outcome });
            }
            Output::Enqueue(enqueue) => {
                if let Some(exit) = self.stubs.queues.get(&enqueue.queue) {
                    self.session.handle(self.now, Input::QueueLeft(*exit));
                }
            }
            Output::Message { .. } => {
                let sent = !self.stubs.messages_fail;
                self.session.handle(self.now, Input::Sent(sent));
            }
            Output::Record { .. } => self.recording_since = Some(self.now),
            Output::StopRecord => {
                let length = self.recording_since.take().map_or(Duration::ZERO, |since| self.now.since(since));
                self.session.handle(self.now, Input::Recorded { record: RecordId(1), length });
            }
            Output::Transfer { .. } if self.stubs.transfers_fail => {
                self.session.handle(self.now, Input::TransferFailed);
            }
            _ => {}
        }
    }
}

impl Stubs {
    /// What a transcript writes after `stub`, one text for each.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        for (service, answers) in &self.services {
            for answer in answers {
                let answer = match answer {
                    FetchOutcome::Answered { status, body } => format!("{status} {body}"),
                    FetchOutcome::Failed(why) => why.clone(),
                };
                words.push(format!("http.{service} {}", answer.trim_end()));
            }
        }
        for (queue, exit) in &self.queues {
            let why = match exit {
                QueueExit::Closed => "closed",
                QueueExit::Refused => "refused",
                QueueExit::Full | QueueExit::MaxWait | QueueExit::OfferCallback => "full",
            };
            words.push(format!("queue.{queue} {why}"));
        }
        words.extend(self.messages_fail.then(|| "message failed".to_owned()));
        words.extend(self.transfers_fail.then(|| "transfer failed".to_owned()));
        words
    }

    fn answer(&mut self, service: &str) -> FetchOutcome {
        let missing = || FetchOutcome::Failed("no stub".to_owned());
        match self.services.get_mut(service) {
            Some(answers) if answers.len() > 1 => answers.remove(0),
            Some(answers) => answers.first().cloned().unwrap_or_else(missing),
            None => missing(),
        }
    }
}

/// What a transcript writes after `=`; nothing for outputs that decide nothing.
fn outcome_words(output: &Output) -> Option<String> {
    Some(match output {
        Output::Enqueue(enqueue) => {
            let mut words = format!("queue {}", enqueue.queue);
            for (skill, level) in &enqueue.skills {
                words.push_str(&format!(" {skill} {level}"));
            }
            if enqueue.priority != 0 {
                words.push_str(&format!(" priority {}", enqueue.priority));
            }
            if let Some(ticket) = &enqueue.ticket {
                words.push_str(&format!(" ticket {}", ticket.kind));
            }
            words
        }
        Output::Resume => "resume".to_owned(),
        Output::Callback { to, due, .. } => format!("callback {to} {}", due.word()),
        Output::Message { to, text } => format!("message {to} {text}"),
        Output::Record { .. } => "record".to_owned(),
        Output::Ticket { ticket, .. } => format!("ticket {}", ticket.kind),
        Output::Transfer { to } => format!("transfer {to}"),
        Output::SwitchFlow { flow } => format!("flow {flow}"),
        Output::HangUp { outcome } => format!("hangup {}", outcome.word()),
        Output::Visit { .. }
        | Output::KeyPressed { .. }
        | Output::Say { .. }
        | Output::Hush
        | Output::Fetch { .. }
        | Output::Dequeue { .. }
        | Output::StopRecord => return None,
    })
}

/// Announcements heard in a row without a question: no sensible flow has more, a circle has.
const ANNOUNCEMENTS_MAX: usize = 100;
