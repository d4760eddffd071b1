//! What the queues say, in the words of calls and of the event log.

use std::time::Duration;

use super::center::Center;
use super::event::{AgentWord, EventKind, MissedWhy, Promise, QueueExit};
use super::on_sip::millis;
use crate::acd::{self, LeaveReason, Output};
use crate::call;
use crate::ivr;
use crate::model::{AgentId, CallId, Moment, QueueId};

impl Center {
    pub(super) fn for_acd(&mut self, now: Moment, output: Output) {
        match output {
            Output::Offer { offer, call, agent, queue, ring_limit } => {
                self.event(now, Some(call), EventKind::AgentOffered { agent, queue });
                self.tell_call(now, call, call::Input::Offered { offer, agent, queue, ring_limit });
            }
            Output::Withdraw { offer, call, agent, why, rang } => {
                if why == acd::WithdrawReason::CallerLeft {
                    let queue = self.calls.get(&call).and_then(|contact| contact.wait.queue);
                    let (why, rang_ms) = (MissedWhy::CallerLeft, millis(rang));
                    self.event(now, Some(call), EventKind::OfferMissed { agent, queue, why, rang_ms });
                }
                let rang_out = why == acd::WithdrawReason::RingLimit;
                self.tell_call(now, call, call::Input::Withdrawn { offer, rang_out });
            }
            Output::Connected { offer, call, agent, queue, waited, rang } => {
                self.caller_answered(now, call, agent, queue, waited, rang);
                if self.calls.get(&call).is_some_and(|contact| contact.call.awaits(offer)) {
                    self.tell_call(now, call, call::Input::Connected { offer });
                } else {
                    // The call has gone elsewhere in the same instant: the agent must not be left with nobody.
                    self.tell_acd(now, acd::Input::Released { agent, call, wrap_up: false });
                }
            }
            Output::Position { call, queue, position, expected_wait, .. } => {
                self.tell_wait(now, call, queue, position, expected_wait);
            }
            Output::MaxWait { call, .. } => self.tell_flow(now, call, ivr::Input::QueueLeft(ivr::QueueExit::MaxWait)),
            Output::Left { call, queue, why, waited } => self.caller_left(now, call, queue, why, waited),
            Output::AgentState { agent, state } => self.agent_changed(now, agent, &state.state, state.rung_by),
            Output::Entered { call, queue, position, .. } => {
                let since = self.calls.get(&call).and_then(|contact| contact.waiting_since(now)).unwrap_or(now);
                let age_ms = millis(now.since(since));
                self.event(now, Some(call), EventKind::CallerEntered { queue, position, age_ms });
            }
            Output::Queue { .. } => self.today.touch(),
            Output::Refused { call, .. } => {
                // A flow that has no place in a queue (it transferred the caller away) can not act on this.
                let session = self.calls.get(&call).and_then(|contact| contact.session.as_ref());
                let flow = session.is_some_and(ivr::Session::has_place);
                if flow {
                    self.tell_flow(now, call, ivr::Input::QueueLeft(ivr::QueueExit::Full));
                } else {
                    self.tell_call(now, call, call::Input::QueueGivesUp);
                }
            }
            // The offer was taken back in the same instant: its withdrawal is on its way to the call, which hangs up.
            Output::Late { .. } => {}
        }
    }

    fn caller_answered(
        &mut self,
        now: Moment,
        id: CallId,
        agent: AgentId,
        queue: QueueId,
        waited: Duration,
        rang: Duration,
    ) {
        let within_target = self.settings.queue(queue).is_some_and(|facts| waited <= facts.target);
        let (waited_ms, rang_ms) = (millis(waited), millis(rang));
        self.event(now, Some(id), EventKind::CallerAnswered { queue, agent, waited_ms, rang_ms, within_target });
        let verdict = self.charter.check_wait(waited, true);
        self.promise(now, id, Promise::WaitUnder3Minutes, verdict, Some(queue), Some(waited));
    }

    fn caller_left(&mut self, now: Moment, id: CallId, queue: QueueId, why: LeaveReason, waited: Duration) {
        let exit = match why {
            LeaveReason::Abandoned => QueueExit::Abandoned,
            LeaveReason::Callback => QueueExit::Callback,
            LeaveReason::Timeout => QueueExit::Timeout,
            LeaveReason::Overflow | LeaveReason::Transferred => QueueExit::Overflow,
            LeaveReason::NoAgents => QueueExit::NoAgents,
            LeaveReason::Key => QueueExit::Key,
            LeaveReason::Closed => QueueExit::Closed,
        };
        self.event(now, Some(id), EventKind::CallerLeft { queue, why: exit, waited_ms: millis(waited) });
        let verdict = self.charter.check_wait(waited, exit == QueueExit::Callback);
        self.promise(now, id, Promise::WaitUnder3Minutes, verdict, Some(queue), Some(waited));
    }

    fn tell_wait(&mut self, now: Moment, id: CallId, queue: QueueId, position: u32, expected: Option<Duration>) {
        let Some(contact) = self.calls.get(&id) else { return };
        // The flow or another sentence is being heard: two voices at once help nobody.
        if contact.flow_play.is_some() || contact.call_play.is_some() || !contact.call.is_waiting() {
            return;
        }
        let tell_position = contact.wait.tell_position.then_some(position);
        let tell_expected = expected.filter(|_| contact.wait.tell_expected);
        if tell_position.is_none() && tell_expected.is_none() {
            return;
        }
        let expected_wait_ms = tell_expected.map(millis);
        self.event(now, Some(id), EventKind::QueueAnnounced { queue, position, expected_wait_ms });
        self.tell_call(now, id, call::Input::TellWait { position: tell_position, expected: tell_expected });
    }

    fn agent_changed(&mut self, now: Moment, agent: AgentId, state: &acd::AgentState, rung_by: Option<CallId>) {
        let (word, reason) = agent_word(state, rung_by);
        let known = self.agents_seen.insert(agent, (word, reason.clone(), now));
        let since = known.as_ref().map_or(Moment::ZERO, |(_, _, since)| *since);
        if known.is_some_and(|(was, why, _)| (was, why) == (word, reason.clone())) {
            // What follows the call has changed, not the state: the state's age goes on.
            self.agents_seen.insert(agent, (word, reason, since));
            return self.today.touch();
        }
        let lasted_ms = millis(now.since(since));
        self.event(now, None, EventKind::AgentStateChanged { agent, state: word, reason, lasted_ms });
    }
}

/// The state's word for people, and the reason of a break.
pub(super) fn agent_word(state: &acd::AgentState, rung_by: Option<CallId>) -> (AgentWord, Option<String>) {
    match state {
        acd::AgentState::Ready { .. } if rung_by.is_some() => (AgentWord::Ringing, None),
        acd::AgentState::LoggedOut => (AgentWord::Offline, None),
        acd::AgentState::NotReady { reason, .. } => (AgentWord::Away, Some(reason.0.clone())),
        acd::AgentState::Ready { .. } => (AgentWord::Available, None),
        acd::AgentState::Reserved { .. } => (AgentWord::Ringing, None),
        acd::AgentState::Talking { .. } => (AgentWord::Talking, None),
        acd::AgentState::WrapUp { .. } => (AgentWord::Wrapup, None),
    }
}
