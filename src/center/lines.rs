//! A line ties one leg of a call to its SIP session, its RTP port and its offer/answer. The only place where the three
//! strangers' names for the same thing are kept side by side.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;

use crate::call::Role;
use crate::model::{AgentId, CallId, Codec, LegId, Moment, PhoneNumber};
use crate::sdp::Negotiation;
use crate::sip::{Incoming, ReferId, SessionId};

/// One leg's line.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) leg: LegId,
    pub(super) call: CallId,
    pub(super) role: Role,
    pub(super) agent: Option<AgentId>,
    pub(super) party: PhoneNumber,
    pub(super) session: SessionId,
    pub(super) media: Option<Media>,
    /// What our 200 or 183 will say, made when the offer came.
    pub(super) answer: Option<Bytes>,
    pub(super) held: bool,
    /// The transfer that this leg asked for and has not been told the end of.
    pub(super) refer: Option<ReferId>,
    pub(super) signalling_over: bool,
    pub(super) started: Moment,
    pub(super) ringing: Option<Moment>,
    pub(super) answered: Option<Moment>,
    pub(super) ended: Option<Moment>,
    pub(super) status: u16,
}

impl Line {
    /// A caller's line that has no part in the audio path yet.
    pub(super) fn of_caller(now: Moment, call: CallId, leg: LegId, incoming: &Incoming, party: PhoneNumber) -> Line {
        Line::new(now, (call, leg, Role::Caller), None, party, incoming.session)
    }

    /// A line whose session has just begun.
    pub(super) fn new(
        now: Moment,
        (call, leg, role): (CallId, LegId, Role),
        agent: Option<AgentId>,
        party: PhoneNumber,
        session: SessionId,
    ) -> Line {
        Line {
            leg,
            call,
            role,
            agent,
            party,
            session,
            media: None,
            answer: None,
            held: false,
            refer: None,
            signalling_over: false,
            started: now,
            ringing: None,
            answered: None,
            ended: None,
            status: 0,
        }
    }
}

/// A line's part in the audio path.
#[derive(Debug)]
pub(super) struct Media {
    pub(super) worker: usize,
    pub(super) negotiation: Negotiation,
    pub(super) codec: Option<Codec>,
}

/// All lines, found by leg and by session.
#[derive(Debug, Default)]
pub(super) struct Lines {
    by_leg: BTreeMap<LegId, Line>,
    by_session: HashMap<SessionId, LegId>,
}

impl Lines {
    pub(super) fn insert(&mut self, line: Line) {
        self.by_session.insert(line.session, line.leg);
        self.by_leg.insert(line.leg, line);
    }

    pub(super) fn get(&self, leg: LegId) -> Option<&Line> {
        self.by_leg.get(&leg)
    }

    pub(super) fn get_mut(&mut self, leg: LegId) -> Option<&mut Line> {
        self.by_leg.get_mut(&leg)
    }

    pub(super) fn of_session(&self, session: SessionId) -> Option<&Line> {
        self.by_session.get(&session).and_then(|leg| self.by_leg.get(leg))
    }

    pub(super) fn of_session_mut(&mut self, session: SessionId) -> Option<&mut Line> {
        self.by_session.get(&session).and_then(|leg| self.by_leg.get_mut(leg))
    }

    pub(super) fn remove(&mut self, leg: LegId) -> Option<Line> {
        let line = self.by_leg.remove(&leg)?;
        self.by_session.remove(&line.session);
        Some(line)
    }

    pub(super) fn len(&self) -> usize {
        self.by_leg.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Line> {
        self.by_leg.values()
    }
}
