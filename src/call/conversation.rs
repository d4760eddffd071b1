//! Two people hear each other: connecting them, holding, and what happens when one side goes.

use super::call::{Asked, Call, State};
use super::leg::{LegMint, LegState};
use super::message::{Begin, Fact, HangUpWhy, Hear, Input, Output, Speech};
use crate::model::{EndedBy, LegId, Moment};

impl Call {
    pub(super) fn connect(&mut self, now: Moment, with: LegId) {
        let leg = self.leg(with);
        let agent = leg.and_then(|leg| leg.agent);
        if let Some(agent) = agent
            && !matches!(self.state, State::Offering { .. })
        {
            self.outputs.push_back(Output::AgentBusy { agent });
        }
        self.state = State::Talking { with };
        self.timeline.talking(now, agent);
        if leg.is_some_and(|leg| leg.state == LegState::Held) {
            self.hear(self.caller, Hear::Music);
        } else {
            self.outputs.push_back(Output::Bridge { a: self.caller, b: with });
        }
        self.fact(Fact::Connected { agent });
    }

    /// The conversation with this leg is over, from its side.
    pub(super) fn part(&mut self, now: Moment, with: LegId) {
        self.outputs.push_back(Output::Part { a: self.caller, b: with });
        self.timeline.stop_talking(now);
        if let Some(agent) = self.leg(with).and_then(|leg| leg.agent) {
            self.outputs.push_back(Output::AgentReleased { agent });
        }
    }

    pub(super) fn held(&mut self, now: Moment, leg: LegId) {
        if self.state == (State::Talking { with: leg }) {
            self.timeline.held(now);
            self.outputs.push_back(Output::Part { a: self.caller, b: leg });
            self.hear(self.caller, Hear::Music);
        }
        self.fact(Fact::Held { leg });
    }

    pub(super) fn resumed(&mut self, now: Moment, leg: LegId) {
        if self.state == (State::Talking { with: leg }) {
            self.timeline.resumed(now);
            self.outputs.push_back(Output::Bridge { a: self.caller, b: leg });
        }
        self.fact(Fact::Resumed { leg });
    }

    pub(super) fn in_talk(&mut self, now: Moment, input: Input, with: LegId, mint: &mut LegMint) {
        match input {
            Input::HungUp { leg } if leg == with => {
                self.part(now, with);
                if matches!(self.begin, Begin::Outside(_)) || !self.rules.caller_hangs_up_first {
                    self.hang_up(self.caller, HangUpWhy::Normal);
                    self.fact(Fact::HungUpFirst { caller: false });
                    self.finish(now, EndedBy::Agent, false);
                } else {
                    self.close(now, Speech::Closing, EndedBy::Agent);
                }
            }
            Input::MediaLost { leg } if leg == with => {
                self.part(now, with);
                self.hang_up(with, HangUpWhy::MediaLost);
                // The caller is innocent: back in line with the age kept, where there is a line.
                match self.timeline.queue() {
                    Some(queue) => {
                        self.enqueue(now, queue, true);
                        self.say(self.caller, Speech::AgentLost);
                    }
                    None => self.close(now, Speech::NobodyThere, EndedBy::Network),
                }
            }
            Input::Transfer { by: Some(leg), target } if leg == with => {
                self.outputs.push_back(Output::Part { a: self.caller, b: with });
                self.hear(with, Hear::Silence);
                self.timeline.stop_talking(now);
                self.announce_transfer(now, Asked::Party(with), target, mint);
            }
            _ => {}
        }
    }
}
