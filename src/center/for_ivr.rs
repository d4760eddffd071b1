//! What a flow asks for, in the words of media, queues, calls and the event log.

use std::sync::Arc;

use super::announce::BEEP;
use super::center::{Center, Play};
use super::event::{EventKind, TaskKind, TaskRecord};
use super::output::Output as Effect;
use super::settings::NumberFacts;
use crate::acd;
use crate::call;
use crate::ivr::{self, Output};
use crate::media::{Command, PlayId};
use crate::model::{CallId, Clip, Language, Moment, Outcome, PhoneNumber, RecordId, Requirement, SkillId, TaskId};

impl Center {
    pub(super) fn start_flow(&mut self, now: Moment, id: CallId) {
        let Some(contact) = self.calls.get_mut(&id) else { return };
        let Some(flow) = contact.flow.clone().filter(|_| !contact.flow_started) else { return };
        contact.flow_started = true;
        self.enter_flow(now, id, flow);
    }

    fn enter_flow(&mut self, now: Moment, id: CallId, flow: Arc<ivr::Flow>) {
        let (name, version) = (flow.id.clone(), flow.version.clone());
        let language = self.number_of(id).and_then(|number| number.language).unwrap_or(flow.language);
        let Some(contact) = self.calls.get_mut(&id) else { return };
        let facts = ivr::CallFacts {
            caller: contact.from.reveal().to_owned(),
            called: contact.to.reveal().to_owned(),
            language,
        };
        let mut session = ivr::Session::new(flow.clone(), facts, self.wall);
        session.handle(now, ivr::Input::Start);
        contact.session = Some(session);
        contact.flow = Some(flow);
        self.touched.push_back(id);
        self.event(now, Some(id), EventKind::IvrEntered { flow: name, version });
    }

    /// The flow may not be heard any more; what it knows is kept, for the caller may come back to a queue.
    pub(super) fn stop_flow(&mut self, now: Moment, id: CallId) {
        let Some(contact) = self.calls.get_mut(&id) else { return };
        if let Some(play) = contact.flow_play.take() {
            self.plays.remove(&play);
        }
        if let Some(session) = contact.session.take() {
            let (flow, node) = (session.flow().id.clone(), session.node().to_owned());
            let outcome = if contact.wait.queue.is_some() {
                "queue"
            } else if session.is_ended() {
                "completed"
            } else {
                "abandoned"
            };
            self.event(now, Some(id), EventKind::IvrLeft { flow, node, outcome: outcome.to_owned() });
        }
    }

    pub(super) fn for_ivr(&mut self, now: Moment, id: CallId, output: Output) {
        match output {
            Output::Visit { node, .. } => self.visited(now, id, node),
            Output::KeyPressed { node, .. } => {
                let flow = self.flow_name(id);
                self.event(now, Some(id), EventKind::IvrKeyPressed { flow, node });
            }
            Output::Say { clips } => self.flow_says(now, id, &clips),
            Output::Hush => self.flow_hushes(id),
            Output::Fetch { id: fetch, url, timeout, .. } => {
                self.outputs.push_back(Effect::Fetch { call: id, id: fetch, url, timeout });
            }
            Output::Enqueue(enqueue) => self.flow_enqueues(now, id, enqueue),
            Output::Resume => self.tell_call(now, id, call::Input::FlowQuiet),
            Output::Dequeue { overdue } => {
                let why = if overdue { acd::LeaveReason::Timeout } else { acd::LeaveReason::Key };
                self.tell_acd(now, acd::Input::Leave { call: id, why });
                self.tell_call(now, id, call::Input::Dequeued);
            }
            Output::Callback { to, due, queue } => self.flow_promises_callback(now, id, &to, due, queue),
            Output::Message { to, text } => {
                self.task(now, id, TaskKind::TextMessage, &to, |task| task.note.clone_from(&text));
                self.outputs.push_back(Effect::SendText { call: id, to, text });
            }
            Output::Record { max, .. } => self.flow_records(now, id, max),
            Output::StopRecord => self.command_of_caller(id, |leg| Command::StopRecord { leg }),
            Output::Ticket { ticket, record } => {
                let number = self.calls.get(&id).map_or_else(String::new, |c| c.from.reveal().to_owned());
                let due = ticket.due.map(|due| self.due(now, id, due));
                let kind = if record.is_some() { TaskKind::VoiceMessage } else { TaskKind::Ticket };
                let recording = record.map(|record| self.recording_file(record));
                if record.is_some() {
                    self.tell_call(now, id, call::Input::LeftBehind { outcome: Outcome::Message });
                }
                self.task(now, id, kind, &number, |task| {
                    task.note.clone_from(&ticket.kind);
                    task.recording = recording;
                    task.due_ms = due.flatten();
                });
            }
            Output::Transfer { to } => match self.settings.transfer_target(&to) {
                Some(target) => self.tell_call(now, id, call::Input::Transfer { by: None, target }),
                None => self.tell_flow(now, id, ivr::Input::TransferFailed),
            },
            Output::SwitchFlow { flow } => match self.flows.get(&flow).cloned() {
                Some(flow) => self.enter_flow(now, id, flow),
                None => self.tell_flow(now, id, ivr::Input::SwitchRefused),
            },
            Output::HangUp { outcome } => {
                if matches!(outcome, Outcome::Callback | Outcome::Message) {
                    self.tell_call(now, id, call::Input::LeftBehind { outcome });
                }
                self.tell_call(now, id, call::Input::FlowDone);
            }
        }
    }

    fn visited(&mut self, now: Moment, id: CallId, node: String) {
        let flow = self.flow_name(id);
        if let Some(contact) = self.calls.get_mut(&id)
            && contact.path.len() < PATH_MAX
        {
            contact.path.push(node.clone());
        }
        self.event(now, Some(id), EventKind::IvrVisited { flow, node });
    }

    fn flow_says(&mut self, now: Moment, id: CallId, clips: &[Clip]) {
        let (clips, _) = self.find_clips(now, id, clips);
        let play = self.new_play(id, Play::Flow);
        let Some(contact) = self.calls.get_mut(&id) else { return };
        for old in [contact.flow_play.replace(play), contact.call_play.take()].into_iter().flatten() {
            self.plays.remove(&old);
        }
        self.command_of_caller(id, |leg| Command::Play { leg, play, clips });
    }

    fn flow_hushes(&mut self, id: CallId) {
        let Some(contact) = self.calls.get_mut(&id) else { return };
        if let Some(play) = contact.flow_play.take() {
            self.plays.remove(&play);
            self.command_of_caller(id, |leg| Command::Stop { leg });
        }
    }

    fn flow_enqueues(&mut self, now: Moment, id: CallId, enqueue: ivr::Enqueue) {
        let Some(queue) = self.settings.queue_named(&enqueue.queue) else {
            // The checker refuses such a flow; a queue may still vanish between two reloads.
            return self.tell_flow(now, id, ivr::Input::QueueLeft(ivr::QueueExit::Refused));
        };
        let needs: Vec<Requirement> = enqueue
            .skills
            .iter()
            .filter_map(|(name, level)| {
                let at = self.settings.skills.iter().position(|skill| skill == name)?;
                Some(Requirement { skill: SkillId(u16::try_from(at).ok()?), level: *level })
            })
            .collect();
        let Some(contact) = self.calls.get_mut(&id) else { return };
        let every = enqueue.announce.every.or_else(|| self.settings.queue(queue).and_then(|q| q.announce_every));
        contact.wait.since = Some(enqueue.since);
        contact.wait.queue = Some(queue);
        contact.wait.needs.clone_from(&needs);
        contact.wait.priority = enqueue.priority;
        contact.wait.announce_every = every;
        contact.wait.tell_position = enqueue.announce.position;
        contact.wait.tell_expected = enqueue.announce.expected_wait;
        let since = contact.waiting_since(now).unwrap_or(now);
        self.tell_call(now, id, call::Input::Enqueued { queue });
        let waiting = acd::Waiting {
            call: id,
            queue,
            needs,
            priority: enqueue.priority,
            since,
            prefer: None,
            announce_every: every,
            // The flow keeps its own clock for the longest wait.
            max_wait: None,
        };
        self.enter_queue(now, waiting);
        if let Some(ticket) = enqueue.ticket {
            self.for_ivr(now, id, Output::Ticket { ticket, record: None });
        }
    }

    fn flow_promises_callback(&mut self, now: Moment, id: CallId, to: &str, due: ivr::Due, queue: Option<String>) {
        let due_ms = self.due(now, id, due);
        if self.calls.get(&id).is_some_and(|contact| contact.call.is_waiting()) {
            self.tell_acd(now, acd::Input::Leave { call: id, why: acd::LeaveReason::Callback });
            self.tell_call(now, id, call::Input::Dequeued);
        }
        self.tell_call(now, id, call::Input::LeftBehind { outcome: Outcome::Callback });
        self.task(now, id, TaskKind::Callback, to, |task| {
            task.queue = queue;
            task.due_ms = due_ms;
        });
    }

    fn flow_records(&mut self, now: Moment, id: CallId, max: std::time::Duration) {
        self.next_record += 1;
        let record = RecordId(self.next_record);
        self.records.insert(record, (id, now));
        let file = self.recording_file(record);
        self.outputs.push_back(Effect::OpenRecording { record, file });
        // The tone is for the caller's ear; what is recorded is the caller's voice, so both can start at once.
        self.next_play += 1;
        let (play, clips) = (PlayId(self.next_play), self.library.find(BEEP).into_iter().collect());
        self.command_of_caller(id, |leg| Command::Play { leg, play, clips });
        self.command_of_caller(id, |leg| Command::Record { leg, record, max });
    }

    /// Most people end a message by hanging up: what they said until now is a message like any other.
    pub(super) fn keep_message(&mut self, now: Moment, id: CallId) {
        let spoken = self.records.iter().find(|(_, (call, _))| *call == id);
        let Some((record, since)) = spoken.map(|(record, (_, since))| (*record, *since)) else { return };
        self.tell_flow(now, id, ivr::Input::Recorded { record, length: now.since(since) });
        self.drain_touched(now);
    }

    fn task(&mut self, now: Moment, id: CallId, kind: TaskKind, number: &str, fill: impl FnOnce(&mut TaskRecord)) {
        self.next_task += 1;
        let mut record = TaskRecord {
            task: TaskId(self.next_task),
            call: id,
            kind,
            number: PhoneNumber::new(number),
            queue: None,
            created_ms: self.wall.unix_ms(now),
            due_ms: None,
            recording: None,
            note: String::new(),
        };
        fill(&mut record);
        self.event(now, Some(id), EventKind::TaskCreated { record: Box::new(record) });
    }

    fn due(&self, now: Moment, id: CallId, due: ivr::Due) -> Option<i64> {
        self.flow_of(id).map(|flow| ivr::due_at(due, flow, self.wall.unix_ms(now)))
    }

    fn flow_of(&self, id: CallId) -> Option<&ivr::Flow> {
        self.calls.get(&id).and_then(|contact| contact.flow.as_deref())
    }

    fn flow_name(&self, id: CallId) -> String {
        self.flow_of(id).map_or_else(String::new, |flow| flow.id.clone())
    }

    /// The name of a voice message's file in the data folder; the run keeps two days apart.
    fn recording_file(&self, record: RecordId) -> String {
        format!("message-{}-{}.wav", self.wall.zero_unix_ms, record.0)
    }

    /// The language that this caller is spoken to in.
    pub(super) fn language_of(&self, id: CallId) -> Language {
        let of_number = self.number_of(id).and_then(|number| number.language);
        of_number.or_else(|| self.flow_of(id).map(|flow| flow.language)).unwrap_or(self.settings.language)
    }

    /// The number of ours that this caller dialled.
    pub(super) fn number_of(&self, id: CallId) -> Option<&NumberFacts> {
        self.settings.numbers.get(self.calls.get(&id)?.to.reveal())
    }
}

/// Nodes remembered of one call's path; a caller in a long loop must not grow the record without bound.
const PATH_MAX: usize = 64;
