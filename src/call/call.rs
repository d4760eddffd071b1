//! The state machine of one call. It decides who is rung, who hears what and who talks with whom; it never sends a
//! packet, plays a sample or chooses an agent.
//!
//! ```text
//!            Begin::Flow        Enqueued            Offered            Connected
//!   New ─┬──────────────▶ Flow ─────────▶ Waiting ─────────▶ Offering ──────────▶ Talking
//!        │ Begin::Person                     ▲  ▲ withdrawn, missed │               │  ▲
//!        ├──────────────▶ Finding ── lost ───┘  └───────────────────┘      Transfer │  │ failed
//!        │                   └──── answered ──────────────────────────────▶         ▼  │
//!        └──▶ Service                        Transferring ◀── said ── Announcing ◀──┘  │
//!                                                 └── answered, or back ───────────────┘
//!   every state ── agent gone ──▶ Closing ──▶ Ended ◀── caller gone, every state
//! ```

use std::collections::VecDeque;
use std::time::Duration;

use super::leg::{Leg, LegMint, Role};
use super::message::{Begin, Destination, Fact, HangUpWhy, Hear, Input, LeaveWhy, OfferEnd, Output, Speech, Target};
use super::timeline::Timeline;
use crate::model::limits::RING_DELAY_MAX;
use crate::model::{AgentId, CallId, EndedBy, LegId, Moment, OfferId, QueueId};

/// One contact. Feed it with `handle` and `handle_timeout`, then drain `poll_output`.
#[derive(Debug)]
pub struct Call {
    id: CallId,
    pub(super) rules: Rules,
    pub(super) begin: Begin,
    pub(super) caller: LegId,
    pub(super) legs: Vec<Leg>,
    pub(super) state: State,
    pub(super) timeline: Timeline,
    pub(super) plays: u32,
    pub(super) outputs: VecDeque<Output>,
}

/// The clocks that a call keeps; the charter's numbers.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// On a direct number we answer ourselves after this time of ringing.
    pub guard: Duration,
    /// A phone that is not answered by then loses the call.
    pub ring_limit: Duration,
    pub transfer_ring_limit: Duration,
    pub announce_transfers: bool,
    pub caller_hangs_up_first: bool,
    pub closing_wait: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    New,
    Flow,
    Service,
    /// A person's or an outside phone rings; the caller may or may not be answered yet.
    Finding {
        leg: LegId,
        person: Option<AgentId>,
        /// When the person's phone said that it rings.
        rang_at: Option<Moment>,
        guard_at: Option<Moment>,
        lose_at: Option<Moment>,
    },
    /// Between the lost direct number and its queue.
    Hunting,
    Waiting {
        queue: QueueId,
    },
    Offering {
        queue: QueueId,
        offer: OfferId,
        agent: AgentId,
        leg: LegId,
        rang_at: Option<Moment>,
    },
    Talking {
        with: LegId,
    },
    Announcing {
        by: Asked,
        first: Option<AgentId>,
        target: Target,
        play: u32,
    },
    Transferring {
        by: Asked,
        first: Option<AgentId>,
        target: Target,
        leg: LegId,
    },
    Closing {
        until: Moment,
        by: EndedBy,
    },
    Ended,
}

/// Who wants the caller given to somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Flow,
    Party(LegId),
    /// A party who has hung up since; there is nobody to go back to.
    Gone,
}

impl Asked {
    pub(super) fn leg(self) -> Option<LegId> {
        match self {
            Asked::Party(leg) => Some(leg),
            Asked::Flow | Asked::Gone => None,
        }
    }
}

impl Call {
    /// A call that has just come in over `caller`; nothing happens until `begin`.
    #[must_use]
    pub fn new(id: CallId, caller: LegId, begin: Begin, rules: Rules, now: Moment) -> Self {
        Call {
            id,
            rules,
            begin,
            caller,
            legs: vec![Leg::new(caller, Role::Caller, None)],
            state: State::New,
            timeline: Timeline::new(now),
            plays: 0,
            outputs: VecDeque::new(),
        }
    }

    #[must_use]
    pub fn id(&self) -> CallId {
        self.id
    }

    #[must_use]
    pub fn caller(&self) -> LegId {
        self.caller
    }

    #[must_use]
    pub fn legs(&self) -> &[Leg] {
        &self.legs
    }

    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.state == State::Ended
    }

    /// Whether the flow's timers run: it has the caller, or the caller waits for an agent.
    #[must_use]
    pub fn flow_runs(&self) -> bool {
        matches!(self.state, State::Flow | State::Waiting { .. } | State::Offering { .. })
    }

    #[must_use]
    pub fn is_waiting(&self) -> bool {
        matches!(self.state, State::Waiting { .. } | State::Offering { .. })
    }

    /// Whether the charter's promises are about this call: somebody called a hotline or a person, not a service number.
    #[must_use]
    pub fn is_promised(&self) -> bool {
        matches!(self.begin, Begin::Flow | Begin::Queue(_) | Begin::Person(_))
    }

    /// Whether this offer's agent would be connected.
    #[must_use]
    pub fn awaits(&self, offer: OfferId) -> bool {
        matches!(self.state, State::Offering { offer: of, .. } if of == offer)
    }

    /// How long the caller has talked with somebody until now, holds included.
    #[must_use]
    pub fn talked(&self, now: Moment) -> Duration {
        self.timeline.talked(now)
    }

    /// The two legs that hear each other now.
    #[must_use]
    pub fn talking(&self) -> Option<(LegId, LegId)> {
        match self.state {
            State::Talking { with } => Some((self.caller, with)),
            _ => None,
        }
    }

    /// Whether this leg may ask for a transfer now: it is the other side of a conversation.
    #[must_use]
    pub fn may_transfer(&self, leg: LegId) -> bool {
        matches!(self.state, State::Talking { with } if with == leg)
    }

    /// The state's name, for people.
    #[must_use]
    pub fn state_word(&self) -> &'static str {
        match self.state {
            State::New => "new",
            State::Flow => "flow",
            State::Service => "service",
            State::Finding { .. } => "finding",
            State::Hunting => "hunting",
            State::Waiting { .. } => "waiting",
            State::Offering { .. } => "offering",
            State::Talking { .. } => "talking",
            State::Announcing { .. } => "announcing",
            State::Transferring { .. } => "transferring",
            State::Closing { .. } => "closing",
            State::Ended => "ended",
        }
    }

    /// The next effect; drain until `None` after every `handle_*`.
    #[must_use]
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When `handle_timeout` is due; extra calls are harmless.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        match self.state {
            State::Finding { guard_at, lose_at, .. } => [guard_at, lose_at].into_iter().flatten().min(),
            State::Closing { until, .. } => Some(until),
            _ => None,
        }
    }

    /// Starts what the call is for.
    pub fn begin(&mut self, now: Moment, mint: &mut LegMint) {
        if self.state != State::New {
            return;
        }
        match self.begin.clone() {
            Begin::Flow => {
                self.answer_caller(now);
                self.state = State::Flow;
            }
            Begin::Queue(queue) => {
                self.answer_caller(now);
                self.enqueue(now, queue, false);
            }
            Begin::Person(person) => {
                self.outputs.push_back(Output::Ring { leg: self.caller });
                self.timeline.ringing(now);
                let leg = self.ring_person(mint, person, self.rules.ring_limit + OFFER_GRACE);
                self.state = State::Finding {
                    leg,
                    person: Some(person),
                    rang_at: None,
                    guard_at: Some(now + self.rules.guard),
                    lose_at: Some(now + self.rules.ring_limit),
                };
            }
            Begin::Outside(number) => {
                let leg = self.dial(mint, Role::Target, Destination::Outside(number), OUTSIDE_RING_LIMIT);
                self.state = State::Finding { leg, person: None, rang_at: None, guard_at: None, lose_at: None };
            }
            Begin::Echo | Begin::Tones | Begin::Tell(_) => {
                self.answer_caller(now);
                self.state = State::Service;
            }
        }
    }

    /// Refuses the caller before anything else happened.
    pub fn refuse(&mut self, now: Moment, status: u16) {
        if self.state == State::New {
            self.refuse_caller(now, status);
        }
    }

    /// What happened. An input that means nothing in this state changes nothing.
    pub fn handle(&mut self, now: Moment, input: Input, mint: &mut LegMint) {
        if self.is_ended() {
            return;
        }
        self.note_leg(&input);
        match input {
            Input::HungUp { leg } if leg == self.caller => self.caller_gone(now, EndedBy::Caller),
            Input::MediaLost { leg } if leg == self.caller => {
                self.hang_up(leg, HangUpWhy::MediaLost);
                self.caller_gone(now, EndedBy::Network);
            }
            Input::Answered { leg } if leg == self.caller => self.caller_confirmed(),
            Input::Held { leg } => self.held(now, leg),
            Input::Resumed { leg } => self.resumed(now, leg),
            Input::LeftBehind { outcome } => self.timeline.left_behind(outcome),
            Input::End { by } => self.end(now, by),
            Input::HungUp { leg } | Input::MediaLost { leg } if self.is_first_agent(leg) => {
                self.first_agent_gone(&input)
            }
            other => self.handle_in_state(now, other, mint),
        }
    }

    pub(super) fn handle_in_state(&mut self, now: Moment, input: Input, mint: &mut LegMint) {
        match self.state.clone() {
            State::New | State::Ended => {}
            State::Flow => self.in_flow(now, input, mint),
            State::Service => {
                if let Input::Said { .. } = input {
                    self.hang_up(self.caller, HangUpWhy::Normal);
                    self.end(now, EndedBy::System);
                }
            }
            State::Finding { leg, person, .. } => self.finding(now, input, leg, person),
            State::Hunting => match input {
                Input::Enqueued { queue } => self.enqueued(now, queue),
                Input::QueueGivesUp => self.close(now, Speech::NobodyThere, EndedBy::System),
                _ => {}
            },
            State::Waiting { queue } => self.waiting(now, input, queue, mint),
            State::Offering { offer, leg, .. } => self.offering(now, input, offer, leg),
            State::Talking { with } => self.in_talk(now, input, with, mint),
            State::Announcing { by, first, target, play } => {
                if input == (Input::Said { play }) {
                    self.announced(now, by, first, target, mint);
                }
            }
            State::Transferring { by, first, target, leg } => self.transferring(now, input, by, first, target, leg),
            State::Closing { .. } => {}
        }
    }

    /// A clock ran out, or nothing did.
    pub fn handle_timeout(&mut self, now: Moment) {
        if let State::Finding { leg, person: Some(person), ref mut guard_at, lose_at, .. } = self.state {
            let guard_due = guard_at.is_some_and(|at| now >= at);
            if guard_due {
                *guard_at = None;
                self.answer_caller(now);
            }
            if lose_at.is_some_and(|at| now >= at) {
                self.hang_up(leg, HangUpWhy::RangOut);
                self.person_lost(now, person, OfferEnd::RangOut);
            }
        }
        if let State::Closing { until, by } = self.state
            && now >= until
        {
            self.hang_up(self.caller, HangUpWhy::Normal);
            if self.timeline.has_talked() {
                self.fact(Fact::HungUpFirst { by });
            }
            self.finish(now, by, false);
        }
    }
}

/// What each state does with an input.
impl Call {
    pub(super) fn in_flow(&mut self, now: Moment, input: Input, mint: &mut LegMint) {
        match input {
            Input::Enqueued { queue } => self.enqueued(now, queue),
            Input::FlowDone => {
                self.hang_up(self.caller, HangUpWhy::Normal);
                self.end(now, EndedBy::System);
            }
            Input::Transfer { by: None, target } => self.announce_transfer(now, Asked::Flow, target, mint),
            Input::QueueGivesUp => self.close(now, Speech::NobodyThere, EndedBy::System),
            _ => {}
        }
    }

    pub(super) fn finding(&mut self, now: Moment, input: Input, leg: LegId, person: Option<AgentId>) {
        match (input, person) {
            (Input::Ringing { leg: rings, .. }, Some(_)) if rings == leg => {
                if let State::Finding { rang_at: rang_at @ None, lose_at, .. } = &mut self.state {
                    *rang_at = Some(now);
                    // The third ring is counted at the person's ear, as with offers; a link is waited for only so long.
                    let longest = lose_at.map(|at| at + RING_DELAY_MAX);
                    *lose_at = longest.map(|longest| longest.min(now + self.rules.ring_limit));
                }
            }
            (Input::Ringing { leg: rings, early_media }, None) if rings == leg && !self.timeline.is_answered() => {
                self.outputs.push_back(if early_media {
                    Output::EarlyMedia { leg: self.caller, from: leg }
                } else {
                    Output::Ring { leg: self.caller }
                });
                self.timeline.ringing(now);
            }
            (Input::Answered { leg: answered }, _) if answered == leg => {
                if let Some(agent) = person {
                    let rang = self.agent_rang(now).unwrap_or_default();
                    self.fact(Fact::AgentAnswered { agent, rang });
                }
                self.answer_caller(now);
                self.connect(now, leg);
            }
            (Input::Failed { leg: failed, status }, Some(person)) if failed == leg => {
                self.person_lost(now, person, offer_end(status));
            }
            (Input::HungUp { leg: gone } | Input::MediaLost { leg: gone }, Some(person)) if gone == leg => {
                self.hang_up(leg, HangUpWhy::MediaLost);
                self.person_lost(now, person, OfferEnd::Unreachable);
            }
            // The connecting sentence is over; the caller hears that somebody is being rung.
            (Input::Said { .. }, _) => self.hear(self.caller, Hear::Ringback),
            (Input::Failed { leg: failed, status }, None) if failed == leg => {
                self.refuse_caller(now, passed_on(status));
            }
            _ => {}
        }
    }

    pub(super) fn waiting(&mut self, now: Moment, input: Input, queue: QueueId, mint: &mut LegMint) {
        match input {
            Input::Offered { offer, agent, queue, ring_limit } => {
                // The queue's own clock takes the offer back; the wire's limit only guards against its loss.
                let leg = self.dial(mint, Role::Agent, Destination::Agent(agent), ring_limit + OFFER_GRACE);
                self.state = State::Offering { queue, offer, agent, leg, rang_at: None };
            }
            Input::TellWait { position, expected } => {
                self.say(self.caller, Speech::Wait { position, expected });
            }
            Input::Said { .. } | Input::FlowQuiet => self.hear(self.caller, Hear::Music),
            Input::Enqueued { queue: other } if other != queue => self.enqueued(now, other),
            Input::Dequeued => self.back_to_flow(now),
            Input::FlowDone => {
                self.hang_up(self.caller, HangUpWhy::Normal);
                self.end(now, EndedBy::System);
            }
            Input::Transfer { by: None, target } => {
                self.outputs.push_back(Output::LeaveQueue { why: LeaveWhy::Transferred });
                self.timeline.stop_waiting(now);
                self.announce_transfer(now, Asked::Flow, target, mint);
            }
            Input::QueueGivesUp => {
                self.outputs.push_back(Output::LeaveQueue { why: LeaveWhy::GivenUp });
                self.close(now, Speech::NobodyThere, EndedBy::System);
            }
            _ => {}
        }
    }

    pub(super) fn offering(&mut self, now: Moment, input: Input, offer: OfferId, leg: LegId) {
        match input {
            Input::Ringing { leg: rings, .. } if rings == leg => {
                if let State::Offering { rang_at: rang_at @ None, .. } = &mut self.state {
                    *rang_at = Some(now);
                    self.outputs.push_back(Output::OfferRings { offer });
                }
            }
            Input::Answered { leg: answered } if answered == leg => {
                self.outputs.push_back(Output::OfferEnded { offer, end: OfferEnd::Accepted });
            }
            Input::Connected { offer: of } if of == offer => {
                if let State::Offering { agent, .. } = self.state {
                    let rang = self.agent_rang(now).unwrap_or_default();
                    self.fact(Fact::AgentAnswered { agent, rang });
                }
                self.connect(now, leg);
            }
            Input::Withdrawn { offer: of, rang_out } if of == offer => {
                let why = if rang_out { HangUpWhy::RangOut } else { HangUpWhy::Cancelled };
                self.offer_over(now, leg, why, rang_out.then_some(OfferEnd::RangOut));
            }
            Input::Failed { leg: failed, status } if failed == leg => {
                let end = offer_end(status);
                self.outputs.push_back(Output::OfferEnded { offer, end });
                self.offer_over(now, leg, HangUpWhy::Normal, Some(end));
            }
            Input::HungUp { leg: gone } | Input::MediaLost { leg: gone } if gone == leg => {
                self.outputs.push_back(Output::OfferEnded { offer, end: OfferEnd::Unreachable });
                self.offer_over(now, leg, HangUpWhy::MediaLost, Some(OfferEnd::Unreachable));
            }
            Input::Said { .. } | Input::FlowQuiet => self.hear(self.caller, Hear::Music),
            Input::Dequeued => {
                self.hang_up(leg, HangUpWhy::Cancelled);
                self.back_to_flow(now);
            }
            Input::FlowDone => {
                self.hang_up(self.caller, HangUpWhy::Normal);
                self.end(now, EndedBy::System);
            }
            Input::QueueGivesUp => {
                self.outputs.push_back(Output::LeaveQueue { why: LeaveWhy::GivenUp });
                self.hang_up(leg, HangUpWhy::Cancelled);
                self.close(now, Speech::NobodyThere, EndedBy::System);
            }
            _ => {}
        }
    }
}

/// What the caller is told when an outside number refused: only what is about the number called. A redirection would
/// pass our dial rules by, and a challenge was meant for us (RFC 3261 16.7, 21.4.2).
fn passed_on(status: u16) -> u16 {
    match status {
        404 | 408 | 410 | 480 | 484 | 486 | 487 | 488 | 600 | 603 | 604 | 606 => status,
        403 | 401 | 407 => 403,
        300..=399 => 480,
        _ => 500,
    }
}

/// What a final SIP status says about an offer.
fn offer_end(status: u16) -> OfferEnd {
    match status {
        486 | 600 | 603 | 403 | 488 => OfferEnd::Refused,
        408 | 487 => OfferEnd::RangOut,
        _ => OfferEnd::Unreachable,
    }
}

/// How long an outside number may ring: a minute is what carriers give.
const OUTSIDE_RING_LIMIT: Duration = Duration::from_secs(60);

/// The wire's own limit comes this much after the queue's or the call's, so that only one of them decides.
const OFFER_GRACE: Duration = Duration::from_secs(4);

const _: () = assert!(OFFER_GRACE.as_nanos() > RING_DELAY_MAX.as_nanos(), "a slow link's time ends before the wire's");

#[cfg(test)]
#[path = "call_tests.rs"]
mod tests;
