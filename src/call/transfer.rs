//! A transfer as the call sees it: announce, ring, commit or go back. The caller always ends with somebody or with a
//! word, and the leg that asked is told the truth (RFC 3515 2.4.5).

use super::call::{Asked, Call, State};
use super::leg::{Leg, LegMint, LegState, Role};
use super::message::{Destination, Fact, HangUpWhy, Hear, Input, Output, Progress, Speech, Target, TransferBack};
use crate::model::{AgentId, EndedBy, LegId, Moment};

impl Call {
    pub(super) fn announce_transfer(&mut self, now: Moment, by: Asked, target: Target, mint: &mut LegMint) {
        let first = by.leg().and_then(|leg| self.leg(leg)).and_then(|leg| leg.agent);
        self.timeline.stop_talking(now);
        if !self.rules.announce_transfers {
            self.fact(Fact::TransferUnannounced { target: target.clone() });
            return self.give_to(now, by, first, target, mint);
        }
        let play = self.say(self.caller, Speech::Transfer(target.clone()));
        self.state = State::Announcing { by, first, target, play };
    }

    pub(super) fn is_first_agent(&self, leg: LegId) -> bool {
        matches!(self.state, State::Announcing { by: Asked::Party(by), .. } | State::Transferring { by: Asked::Party(by), .. } if by == leg)
    }

    /// The agent who transferred hung up before it was done; the transfer goes on without a way back.
    pub(super) fn first_agent_gone(&mut self, input: &Input) {
        let (State::Announcing { by, first, .. } | State::Transferring { by, first, .. }) = &mut self.state else {
            return;
        };
        let (gone, agent) = (std::mem::replace(by, Asked::Gone), *first);
        if let (Asked::Party(leg), Input::MediaLost { .. }) = (gone, input) {
            self.hang_up(leg, HangUpWhy::MediaLost);
        }
        if let Some(agent) = agent {
            self.outputs.push_back(Output::AgentReleased { agent });
        }
    }

    pub(super) fn release_first(&mut self, by: Asked, first: Option<AgentId>) {
        if let Asked::Party(leg) = by {
            self.hang_up(leg, HangUpWhy::Transferred);
            if let Some(agent) = first {
                self.outputs.push_back(Output::AgentReleased { agent });
            }
        }
    }

    pub(super) fn transfer_failed(&mut self, now: Moment, by: Asked, target: Target, status: u16) {
        self.target_unanswered(&target, true);
        self.progress(by, Progress::Failed { status });
        let back = match (by, self.timeline.queue()) {
            (Asked::Party(_), _) => TransferBack::FirstAgent,
            (Asked::Flow, _) => TransferBack::Flow,
            (Asked::Gone, Some(queue)) => TransferBack::Queue(queue),
            (Asked::Gone, None) => TransferBack::Nobody,
        };
        self.fact(Fact::TransferFailed { target, status, back });
        match (back, by) {
            (TransferBack::FirstAgent, Asked::Party(with)) => self.back_to_first(now, with),
            (TransferBack::Queue(queue), _) => {
                self.enqueue(now, queue, true);
                self.say(self.caller, Speech::TransferLost);
            }
            (TransferBack::Flow, _) => {
                self.state = State::Flow;
                self.outputs.push_back(Output::FlowTransferFailed);
            }
            _ => self.close(now, Speech::NobodyThere, EndedBy::System),
        }
    }

    /// The target's phone rings no more.
    pub(super) fn target_unanswered(&mut self, target: &Target, missed: bool) {
        if let Target::Person(agent) = target {
            self.outputs.push_back(Output::AgentUnanswered { agent: *agent, missed });
        }
    }

    /// The caller is gone, so there is nobody left to transfer (RFC 3515: the truth, here 487).
    pub(super) fn transfer_pointless(&mut self, by: Asked, first: Option<AgentId>) {
        if let Asked::Party(_) = by {
            self.progress(by, Progress::Failed { status: 487 });
            if let Some(agent) = first {
                self.outputs.push_back(Output::AgentReleased { agent });
            }
        }
    }

    pub(super) fn back_to_first(&mut self, now: Moment, with: LegId) {
        self.state = State::Talking { with };
        self.timeline.talking(now, None);
        // The two are joined when this is said; the caller must know to whom the silence before belonged.
        self.say(self.caller, Speech::TransferFailed);
    }

    pub(super) fn announced(
        &mut self,
        now: Moment,
        by: Asked,
        first: Option<AgentId>,
        target: Target,
        mint: &mut LegMint,
    ) {
        self.fact(Fact::TransferAnnounced { target: target.clone() });
        self.give_to(now, by, first, target, mint);
    }

    /// The announcement was heard, or policy wants none: now the target is rung.
    fn give_to(&mut self, now: Moment, by: Asked, first: Option<AgentId>, target: Target, mint: &mut LegMint) {
        self.timeline.transferred();
        let ring_limit = self.rules.transfer_ring_limit;
        let leg = match &target {
            Target::Queue(queue) => {
                self.progress(by, Progress::Queued);
                self.release_first(by, first);
                self.fact(Fact::TransferCompleted { target: target.clone() });
                return self.enqueue(now, *queue, true);
            }
            Target::Person(agent) => self.ring_person(mint, *agent, ring_limit),
            Target::Outside(number) => self.dial(mint, Role::Target, Destination::Outside(number.clone()), ring_limit),
        };
        self.hear(self.caller, Hear::Ringback);
        self.state = State::Transferring { by, first, target, leg };
    }

    pub(super) fn transferring(
        &mut self,
        now: Moment,
        input: Input,
        by: Asked,
        first: Option<AgentId>,
        target: Target,
        leg: LegId,
    ) {
        match input {
            Input::Ringing { leg: rings, .. } if rings == leg => self.progress(by, Progress::Ringing),
            Input::Answered { leg: answered } if answered == leg => {
                self.progress(by, Progress::Completed);
                self.release_first(by, first);
                self.fact(Fact::TransferCompleted { target });
                self.connect(now, leg);
            }
            Input::Failed { leg: failed, status } if failed == leg => {
                self.transfer_failed(now, by, target, status);
            }
            Input::HungUp { leg: gone } | Input::MediaLost { leg: gone } if gone == leg => {
                self.hang_up(leg, HangUpWhy::MediaLost);
                self.transfer_failed(now, by, target, 480);
            }
            _ => {}
        }
    }

    /// The target is on the line already: the first party's leave-taking is the announcement.
    pub(super) fn attended(&mut self, now: Moment, by: LegId, leg: LegId, role: Role, target: Target) {
        let first = self.leg(by).and_then(|leg| leg.agent);
        let agent = match target {
            Target::Person(agent) => Some(agent),
            Target::Queue(_) | Target::Outside(_) => None,
        };
        self.outputs.push_back(Output::Part { a: self.caller, b: by });
        self.timeline.stop_talking(now);
        self.timeline.transferred();
        self.legs.push(Leg { state: LegState::Answered, ..Leg::new(leg, role, agent) });
        self.progress(Asked::Party(by), Progress::Completed);
        self.release_first(Asked::Party(by), first);
        self.fact(Fact::TransferCompleted { target });
        self.connect(now, leg);
    }

    /// This call was made to consult somebody; that somebody goes on in another call.
    pub(super) fn given_away(&mut self, now: Moment, leg: LegId) {
        let agent = self.leg(leg).and_then(|leg| leg.agent);
        self.outputs.push_back(Output::Part { a: self.caller, b: leg });
        self.legs.retain(|other| other.id != leg);
        if let Some(agent) = agent {
            self.outputs.push_back(Output::AgentReleased { agent });
        }
        self.timeline.stop_talking(now);
        self.finish(now, EndedBy::Agent, false);
    }

    pub(super) fn progress(&mut self, by: Asked, progress: Progress) {
        if let Asked::Party(leg) = by {
            self.outputs.push_back(Output::TransferProgress { leg, progress });
        }
    }
}
