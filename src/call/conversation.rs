//! Two people hear each other: connecting them, holding, and what happens when one side goes.

use super::call::{Asked, Call, State};
use super::leg::{LegMint, LegState};
use super::message::{Fact, HangUpWhy, Hear, Input, Output, Speech};
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
        self.join(now, with);
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

    /// The two hear each other, or music where the other one holds.
    pub(super) fn join(&mut self, now: Moment, with: LegId) {
        let (caller_holds, other_holds) = (self.holds(self.caller), self.holds(with));
        if !caller_holds && !other_holds {
            self.timeline.resumed(now);
            self.outputs.push_back(Output::Bridge { a: self.caller, b: with });
            return;
        }
        self.timeline.held(now);
        if other_holds {
            self.hear(self.caller, Hear::Music);
        }
        if caller_holds {
            self.hear(with, Hear::Music);
        }
    }

    /// Whoever is put on hold hears music: a line that falls silent is taken for a dead one, by people and by machines.
    pub(super) fn held(&mut self, now: Moment, leg: LegId) {
        if let Some((with, other)) = self.talks_with(leg) {
            self.timeline.held(now);
            self.outputs.push_back(Output::Part { a: self.caller, b: with });
            self.hear(other, Hear::Music);
        }
        self.fact(Fact::Held { leg });
    }

    /// Whoever resumes first goes on listening to music, until the other one resumes too.
    pub(super) fn resumed(&mut self, now: Moment, leg: LegId) {
        if let Some((with, other)) = self.talks_with(leg)
            && !self.holds(other)
        {
            self.join(now, with);
        }
        self.fact(Fact::Resumed { leg });
    }

    /// The caller's partner, and whom of the two this leg speaks to; none when it is in no conversation.
    fn talks_with(&self, leg: LegId) -> Option<(LegId, LegId)> {
        match self.state {
            State::Talking { with } if with == leg => Some((with, self.caller)),
            State::Talking { with } if self.caller == leg => Some((with, with)),
            _ => None,
        }
    }

    fn holds(&self, leg: LegId) -> bool {
        self.leg(leg).is_some_and(|leg| leg.state == LegState::Held)
    }

    pub(super) fn in_talk(&mut self, now: Moment, input: Input, with: LegId, mint: &mut LegMint) {
        match input {
            // After a transfer that failed the caller was told so first.
            Input::Said { .. } => self.join(now, with),
            Input::HungUp { leg } if leg == with => {
                self.part(now, with);
                if self.ends_with_either_side() {
                    self.hang_up(self.caller, HangUpWhy::Normal);
                    self.fact(Fact::HungUpFirst { by: EndedBy::Agent });
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
                    None if self.ends_with_either_side() => self.finish(now, EndedBy::Network, false),
                    None => self.close(now, Speech::NobodyThere, EndedBy::Network),
                }
            }
            Input::Attended { by, leg, role, target } if by == with => self.attended(now, with, leg, role, target),
            Input::GivenAway { leg } if leg == with => self.given_away(now, leg),
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
