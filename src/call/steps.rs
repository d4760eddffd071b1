//! Steps that several states of a call share: answering, dialling, queueing, closing, ending.

use std::time::Duration;

use super::call::{Call, State};
use super::leg::{Leg, LegMint, LegState, Role};
use super::message::{Begin, Destination, Fact, HangUpWhy, Hear, Input, LeaveWhy, OfferEnd, Output, Speech};
use crate::model::{AgentId, EndedBy, LegId, Moment, OfferId, QueueId};

impl Call {
    pub(super) fn answer_caller(&mut self, now: Moment) {
        if !self.timeline.is_answered() {
            let rang = self.timeline.rang_for(now);
            self.timeline.answered(now);
            self.outputs.push_back(Output::Answer { leg: self.caller });
            self.fact(Fact::CallerAnswered { rang });
        }
    }

    /// The caller's phone has confirmed our answer: from now on it hears us.
    pub(super) fn caller_confirmed(&mut self) {
        match &self.state {
            State::Flow => self.outputs.push_back(Output::StartFlow),
            State::Service => match self.begin.clone() {
                Begin::Tell(speech) => {
                    self.say(self.caller, speech);
                }
                Begin::Tones => self.hear(self.caller, Hear::Ringback),
                _ => self.hear(self.caller, Hear::Echo),
            },
            State::Finding { .. } => {
                self.say(self.caller, Speech::Connecting);
            }
            State::Waiting { .. } | State::Offering { .. } => self.hear(self.caller, Hear::Music),
            _ => {}
        }
    }

    pub(super) fn refuse_caller(&mut self, now: Moment, status: u16) {
        self.timeline.refused(status);
        self.outputs.push_back(Output::Refuse { leg: self.caller, status });
        self.end_leg(self.caller);
        self.finish(now, EndedBy::System, false);
    }

    /// How long the agent's phone has rung; `None` for one that never said so.
    pub(super) fn agent_rang(&self, now: Moment) -> Option<Duration> {
        match self.state {
            State::Finding { rang_at, .. } | State::Offering { rang_at, .. } => rang_at.map(|since| now.since(since)),
            _ => None,
        }
    }

    /// A phone that never said 180 did not ring, so nobody can have missed it.
    fn offer_lost(&mut self, now: Moment, offer: Option<OfferId>, agent: AgentId, end: OfferEnd) {
        let rang = self.agent_rang(now);
        let end = if rang.is_none() && end == OfferEnd::RangOut { OfferEnd::Unreachable } else { end };
        self.fact(Fact::OfferLost { offer, agent, end, rang: rang.unwrap_or_default() });
    }

    pub(super) fn person_lost(&mut self, now: Moment, person: AgentId, end: OfferEnd) {
        self.offer_lost(now, None, person, end);
        self.outputs.push_back(Output::AgentUnanswered { agent: person, missed: true });
        self.answer_caller(now);
        self.state = State::Hunting;
        self.outputs.push_back(Output::HuntOn { person });
    }

    pub(super) fn enqueue(&mut self, now: Moment, queue: QueueId, keep_age: bool) {
        self.enqueued(now, queue);
        self.outputs.push_back(Output::Enqueue { queue, keep_age });
    }

    pub(super) fn enqueued(&mut self, now: Moment, queue: QueueId) {
        self.state = State::Waiting { queue };
        self.timeline.waiting(now, queue);
        self.hear(self.caller, Hear::Music);
    }

    pub(super) fn back_to_flow(&mut self, now: Moment) {
        self.timeline.stop_waiting(now);
        self.state = State::Flow;
        self.hear(self.caller, Hear::Silence);
    }

    /// The offer came to nothing: the caller keeps the place and waits on.
    pub(super) fn offer_over(&mut self, now: Moment, leg: LegId, why: HangUpWhy, lost: Option<OfferEnd>) {
        if let State::Offering { queue, offer, agent, .. } = self.state {
            self.hang_up(leg, why);
            if let Some(end) = lost {
                self.offer_lost(now, Some(offer), agent, end);
            }
            self.state = State::Waiting { queue };
        }
    }

    /// Says the closing sentence and leaves the caller time to hang up first.
    pub(super) fn close(&mut self, now: Moment, speech: Speech, by: EndedBy) {
        self.outputs.push_back(Output::StopFlow);
        self.timeline.stop_waiting(now);
        self.say(self.caller, speech);
        self.state = State::Closing { until: now + self.rules.closing_wait, by };
    }

    /// Whether nothing more is said to the caller when the other side is gone: whoever dialled out of the house, and
    /// wherever the caller need not hang up first.
    pub(super) fn ends_with_either_side(&self) -> bool {
        matches!(self.begin, Begin::Outside(_)) || !self.rules.caller_hangs_up_first
    }

    pub(super) fn caller_gone(&mut self, now: Moment, by: EndedBy) {
        self.end_leg(self.caller);
        if !self.timeline.is_answered() {
            // What a CANCEL is answered with (RFC 3261 9.2).
            self.timeline.refused(487);
        }
        match self.state {
            State::Finding { .. } if !self.timeline.is_answered() => {
                let rang = self.timeline.rang_for(now);
                self.fact(Fact::CallerGaveUpRinging { rang });
            }
            State::Closing { by: closed_by, .. } => {
                if self.timeline.has_talked() {
                    self.fact(Fact::HungUpFirst { by });
                }
                return self.finish(now, closed_by, false);
            }
            _ => {}
        }
        self.end(now, by);
    }

    /// Ends everything that still goes on, the queue's part included.
    pub(super) fn end(&mut self, now: Moment, by: EndedBy) {
        match self.state.clone() {
            State::New | State::Ended => {
                self.state = State::Ended;
                return;
            }
            State::Waiting { .. } | State::Offering { .. } => {
                let why = if by == EndedBy::System { LeaveWhy::Closed } else { LeaveWhy::Abandoned };
                self.outputs.push_back(Output::LeaveQueue { why });
                return self.finish(now, by, true);
            }
            State::Talking { with } => {
                self.fact(Fact::HungUpFirst { by });
                self.part(now, with);
            }
            State::Finding { person: Some(agent), .. } => {
                self.outputs.push_back(Output::AgentUnanswered { agent, missed: false });
            }
            State::Announcing { by, first, .. } => self.transfer_pointless(by, first),
            State::Transferring { by, first, target, .. } => {
                self.target_unanswered(&target, false);
                self.transfer_pointless(by, first);
            }
            _ => {}
        }
        self.finish(now, by, false);
    }

    pub(super) fn finish(&mut self, now: Moment, by: EndedBy, waiting: bool) {
        self.outputs.push_back(Output::StopFlow);
        let open: Vec<LegId> = self.legs.iter().filter(|leg| leg.state != LegState::Ended).map(|leg| leg.id).collect();
        for leg in open {
            self.hang_up(leg, HangUpWhy::Normal);
        }
        self.state = State::Ended;
        let summary = self.timeline.clone().close(now, by, waiting);
        self.outputs.push_back(Output::Ended(summary));
    }

    /// Rings a person outside the queues' order, who is offered nothing meanwhile.
    pub(super) fn ring_person(&mut self, mint: &mut LegMint, agent: AgentId, ring_limit: Duration) -> LegId {
        self.outputs.push_back(Output::AgentRung { agent });
        self.dial(mint, Role::Agent, Destination::Agent(agent), ring_limit)
    }

    pub(super) fn dial(&mut self, mint: &mut LegMint, role: Role, to: Destination, ring_limit: Duration) -> LegId {
        let agent = match &to {
            Destination::Agent(agent) => Some(*agent),
            Destination::Outside(_) => None,
        };
        let leg = Leg::new(mint.mint(), role, agent);
        self.legs.push(leg);
        self.outputs.push_back(Output::Dial { leg: leg.id, role, to, ring_limit });
        leg.id
    }

    pub(super) fn hang_up(&mut self, leg: LegId, why: HangUpWhy) {
        if self.leg(leg).is_some_and(|leg| leg.state != LegState::Ended) {
            self.end_leg(leg);
            self.outputs.push_back(Output::HangUp { leg, why });
        }
    }

    pub(super) fn say(&mut self, leg: LegId, speech: Speech) -> u32 {
        self.plays += 1;
        let play = self.plays;
        self.hear(leg, Hear::Say { play, speech });
        play
    }

    pub(super) fn hear(&mut self, leg: LegId, hear: Hear) {
        self.outputs.push_back(Output::Hear { leg, hear });
    }

    pub(super) fn fact(&mut self, fact: Fact) {
        self.outputs.push_back(Output::Fact(fact));
    }

    pub(super) fn leg(&self, id: LegId) -> Option<Leg> {
        self.legs.iter().find(|leg| leg.id == id).copied()
    }

    pub(super) fn end_leg(&mut self, id: LegId) {
        if let Some(leg) = self.legs.iter_mut().find(|leg| leg.id == id) {
            leg.state = LegState::Ended;
        }
    }

    pub(super) fn note_leg(&mut self, input: &Input) {
        let (id, state) = match input {
            Input::Ringing { leg, .. } => (*leg, LegState::Ringing),
            Input::Answered { leg } | Input::Resumed { leg } => (*leg, LegState::Answered),
            Input::Held { leg } => (*leg, LegState::Held),
            Input::HungUp { leg } | Input::Failed { leg, .. } => (*leg, LegState::Ended),
            _ => return,
        };
        if let Some(leg) = self.legs.iter_mut().find(|leg| leg.id == id && leg.state != LegState::Ended) {
            leg.state = state;
        }
    }
}
