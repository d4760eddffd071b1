//! `do = "record"`: says what to do, records what the caller says, opens a ticket with it.
//! Never touches audio. A recording that nobody reports is taken as lost, and the caller goes on.

use std::sync::Arc;
use std::time::Duration;

use crate::ivr::flow::{Flow, Node, Record, Step, Target};
use crate::ivr::outside::Output;
use crate::ivr::session::{SPEECH_MAX, Session, State};
use crate::model::{Digit, Moment, Outcome, RecordId};

impl Session {
    pub(in crate::ivr) fn introduce_recording<'f>(&mut self, now: Moment, node: &'f Node) -> Option<&'f Target> {
        self.ahead.clear();
        self.leave_queue();
        let words = self.words(node);
        if words.is_empty() {
            self.start_recording(now);
        } else {
            self.say(words);
            self.state = State::Introducing { until: now + SPEECH_MAX };
        }
        None
    }

    /// Whoever knows the words presses the stop key to begin at once.
    pub(in crate::ivr) fn key_while_introducing(&mut self, now: Moment, digit: Digit) {
        let flow = Arc::clone(&self.flow);
        let stops = self.record_step(&flow).is_some_and(|record| record.stop == Some(digit));
        if stops && self.barges_in() {
            self.push(Output::Hush);
            self.start_recording(now);
        } else {
            self.ignore();
        }
    }

    pub(in crate::ivr) fn start_recording(&mut self, now: Moment) {
        let flow = Arc::clone(&self.flow);
        let Some(record) = self.record_step(&flow) else { return self.give_up() };
        self.push(Output::Record { max: record.length_max, stop: record.stop });
        self.state = State::Recording { until: now + record.length_max };
    }

    pub(in crate::ivr) fn key_while_recording(&mut self, now: Moment, digit: Digit) {
        let flow = Arc::clone(&self.flow);
        match self.record_step(&flow) {
            Some(record) if record.stop == Some(digit) => self.stop_recording(now),
            _ => self.ignore(),
        }
    }

    pub(in crate::ivr) fn stop_recording(&mut self, now: Moment) {
        self.push(Output::StopRecord);
        self.state = State::Saving { until: now + SAVING_MAX };
    }

    pub(in crate::ivr) fn recorded(&mut self, now: Moment, record: RecordId, length: Duration) {
        if length < LENGTH_MIN {
            return self.recording_lost(now);
        }
        let flow = Arc::clone(&self.flow);
        let Some(step) = self.record_step(&flow) else { return self.give_up() };
        self.outcome = Outcome::Message;
        if let Some(ticket) = &step.ticket {
            self.push(Output::Ticket { ticket: ticket.clone(), record: Some(record) });
        }
        self.go(now, &step.next.target);
    }

    /// Nothing was recorded.
    pub(in crate::ivr) fn recording_lost(&mut self, now: Moment) {
        let flow = Arc::clone(&self.flow);
        let on_error = self.record_step(&flow).and_then(|record| record.on_error.as_ref());
        match on_error {
            Some(link) => self.go(now, &link.target),
            None => self.fail(now),
        }
    }

    fn record_step<'f>(&self, flow: &'f Flow) -> Option<&'f Record> {
        match flow.nodes.get(self.node).map(|node| &node.step) {
            Some(Step::Record(record)) => Some(record),
            _ => None,
        }
    }
}

/// Shorter than this is a key pressed twice, not a message.
const LENGTH_MIN: Duration = Duration::from_secs(1);

/// How long the media side may take to report a recording that was ended.
const SAVING_MAX: Duration = Duration::from_secs(3);
