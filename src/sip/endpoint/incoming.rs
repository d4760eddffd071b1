//! Calls that come in: INVITE out of dialog, what its owner says to it, CANCEL, and the 2xx repeated until ACK.
//! Never answers for its owner, but where nobody may come in. RFC 3261 8.2, 9.2, 12.1.1, 13.3.

use super::dispatch::{unsupported_body, with_allow};
use super::doors::{Alarm, Endpoint, Wait};
use super::event::{Event, Identity, Incoming, Party, SessionId};
use super::gate::{Admission, text};
use super::servers::{Answer, Answerer, ServerId};
use crate::model::Moment;
use crate::sip::body::session_description;
use crate::sip::dialog::{Dialog, MAX_FORWARDS};
use crate::sip::flow::Flow;
use crate::sip::header::NameAddr;
use crate::sip::header_name::HeaderName;
use crate::sip::message::Message;
use crate::sip::refer::Referrals;
use crate::sip::reliable::Provisionals;
use crate::sip::session::{Acknowledging, Errands, Exchange, Leaving, Peer, Session, State, Talking};
use crate::sip::uri::Uri;
use bytes::Bytes;
use std::time::Duration;

impl Endpoint {
    /// A provisional answer (101 to 199) to an incoming call.
    pub fn provisional(&mut self, now: Moment, id: SessionId, status: u16, sdp: Option<Bytes>) {
        let Some(Session { state: State::Ringing { last, .. }, .. }) = self.sessions.get_mut(&id) else { return };
        if !(101..200).contains(&status) {
            return;
        }
        *last = Some((status, sdp.clone()));
        self.say_provisional(now, id, status, sdp);
        self.timers.set(Alarm::Session(id, Wait::Provisional), now + PROVISIONAL_EVERY);
    }

    /// Answers an incoming call with 200 and our description; for an outgoing call whose 2xx brought an offer, sends
    /// the ACK with our answer to it.
    pub fn answer(&mut self, now: Moment, id: SessionId, sdp: Bytes) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let State::Ringing { server, dialog, offered, provisionals, .. } = &mut session.state else {
            return self.answer_late_offer(now, id, &sdp);
        };
        if provisionals.holds_answer() {
            provisionals.answer = Some(sdp);
            return;
        }
        let (server, dialog, owed) = (*server, dialog.clone(), !*offered);
        let cseq = dialog.remote_cseq_of_offer;
        let (timer, updates) = self.timer_for(server);
        let answer = self.with_timer(with_allow(Answer::new(200)), server, timer).with_session(Some(sdp));
        let waiting = self.acknowledging(now, id, server, &answer, (cseq, owed, true));
        let Some(waiting) = waiting else { return };
        if let Some(session) = self.sessions.get_mut(&id) {
            let talking = Talking { updates, ..Talking::new(*dialog, Exchange::Acknowledging(waiting)) };
            session.state = State::Talking(Box::new(talking));
        }
        for wait in [Wait::Provisional, Wait::Unheard, Wait::NoPrack] {
            self.timers.clear(Alarm::Session(id, wait));
        }
        self.keep_time(now, id, timer);
    }

    /// Refuses an incoming call with a final status (300 to 699).
    pub fn reject(
        &mut self,
        now: Moment,
        id: SessionId,
        status: u16,
        retry_after: Option<Duration>,
        warning: Option<String>,
    ) {
        let Some(Session { state: State::Ringing { server, .. }, .. }) = self.sessions.get(&id) else { return };
        let server = *server;
        let mut answer = Answer::new(if (300..700).contains(&status) { status } else { 480 });
        if let Some(wait) = retry_after {
            answer = answer.retry_after(wait);
        }
        if let Some(text) = warning {
            let quoted = text.replace(['"', '\\'], "'");
            // Incompatible media formats, or whatever has no number of its own (RFC 3261 20.43).
            let code = if status == 488 { 305 } else { 399 };
            answer = answer.with(HeaderName::Warning, format!("{code} {WARNING_AGENT} \"{quoted}\""));
        }
        self.respond(now, server, &answer);
        self.end_session(now, id);
    }

    /// A new INVITE out of dialog.
    pub(super) fn on_invite(&mut self, now: Moment, flow: Flow, request: Message) {
        if self.sessions.len() >= self.settings.sessions_max || self.is_full() {
            self.counters.refused_full += 1;
            return self.respond_stateless(&flow, &request, &Answer::new(503).retry_after(RETRY_AFTER));
        }
        if request.max_forwards() == Ok(Some(0)) {
            return self.respond_stateless(&flow, &request, &Answer::new(483));
        }
        let identity = match self.admit_caller(now, &flow, &request) {
            Admission::Admitted(identity) => identity,
            refused => return self.turn_away(now, flow, request, refused),
        };
        let uri = Uri::parse(request.request_uri().unwrap_or_default());
        let is_ours = |uri: &Uri| !uri.is_sip() || self.is_ours(&uri.host) || matches!(identity, Identity::Trunk(_));
        let Some(uri) = uri.ok().filter(is_ours) else {
            return self.respond_stateless(&flow, &request, &Answer::new(404));
        };
        let Ok(offer) = session_description(&request) else {
            return self.respond_stateless(&flow, &request, &unsupported_body());
        };
        if let Some(answer) = self.too_short(&request) {
            return self.respond_stateless(&flow, &request, &answer);
        }
        self.open_session(now, flow, request, (identity, uri, offer));
    }

    /// What the doorkeeper wants said to somebody who may not come in.
    pub(super) fn turn_away(&mut self, now: Moment, flow: Flow, request: Message, refused: Admission) {
        match refused {
            Admission::Admitted(_) => {}
            Admission::Challenge { user, stale } => {
                self.counters.stale_credentials += u64::from(stale);
                let answer = self.challenge(now, &flow, &user, stale);
                self.respond_stateless(&flow, &request, &answer);
            }
            Admission::Wrong { user, wait } => self.refuse_guess(now, flow, request, user, wait),
            Admission::Refused(answer) => self.respond_stateless(&flow, &request, &answer),
        }
    }

    fn open_session(
        &mut self,
        now: Moment,
        flow: Flow,
        request: Message,
        (identity, uri, offer): (Identity, Uri, Option<Bytes>),
    ) {
        let id = SessionId(self.mint());
        let server = self.open_server(request.clone(), flow, Answerer::Session(id));
        let tag = self.servers.get(server).map(|server| server.to_tag.clone()).unwrap_or_default();
        let cseq = self.random.cseq();
        let Some(dialog) = Dialog::as_callee(&request, tag.clone(), cseq, flow) else {
            self.respond(now, server, &Answer::new(400));
            return;
        };
        let peer = match &identity {
            Identity::Device(user) => Peer::Device(user.clone()),
            Identity::Trunk(name) => Peer::Trunk(name.clone()),
        };
        let call_id = dialog.call_id.clone();
        let from = party_of(&dialog.remote);
        let provisionals = Box::new(Provisionals::new(&request, self.random.cseq()));
        let dialog = Box::new(dialog);
        let state = State::Ringing { server, dialog, offered: offer.is_some(), last: None, provisionals };
        let session = Session {
            peer,
            local_tag: tag.clone(),
            called_by_us: false,
            login: None,
            state,
            referrals: Referrals::default(),
            errands: Errands::default(),
        };
        self.sessions.insert(id, session);
        self.tags.insert(tag, id);
        if let Ok(Some(seconds)) = request.expires() {
            let life = Duration::from_secs(u64::from(seconds));
            self.timers.set(Alarm::Session(id, Wait::Expires), now + life);
        }
        self.respond(now, server, &Answer::new(100));
        self.events.push_back(Event::Incoming(Incoming {
            session: id,
            flow,
            identity,
            from,
            to_user: text(uri.user_unescaped().unwrap_or_default()),
            request_uri: text(request.request_uri().unwrap_or_default()),
            offer,
            asserted: asserted_user(&request),
            call_id: text(&call_id),
            max_forwards: request.max_forwards().ok().flatten().unwrap_or(MAX_FORWARDS),
        }));
    }

    /// Sends a 2xx to an INVITE and begins to repeat it (13.3.1.4), over streams too: beyond the next hop may be UDP.
    pub(super) fn acknowledging(
        &mut self,
        now: Moment,
        id: SessionId,
        server: ServerId,
        answer: &Answer,
        (cseq, owed, first): (u32, bool, bool),
    ) -> Option<Acknowledging> {
        let flow = self.way_back_of(server)?;
        let bytes = self.respond(now, server, answer)?;
        self.timers.set(Alarm::Session(id, Wait::Repeat), now + self.durations.t1);
        self.timers.set(Alarm::Session(id, Wait::NoAck), now + self.durations.patience());
        Some(Acknowledging { cseq, answer: bytes, flow, server, rounds: 0, owed, first })
    }

    /// Sends the 2xx again.
    pub(super) fn repeat_answer(&mut self, now: Moment, id: SessionId) {
        let (t1, t2) = (self.durations.t1, self.durations.t2);
        let Some(talking) = self.sessions.get_mut(&id).and_then(Session::talking) else { return };
        let Exchange::Acknowledging(waiting) = &mut talking.exchange else { return };
        waiting.rounds += 1;
        let wait = t1.saturating_mul(1 << waiting.rounds.min(16)).min(t2);
        let (server, flow, bytes) = (waiting.server, waiting.flow, waiting.answer.clone());
        self.counters.retransmits_sent += 1;
        self.send_back(server, flow, bytes);
        self.timers.set(Alarm::Session(id, Wait::Repeat), now + wait);
    }

    /// The last provisional answer again, so that no proxy's Timer C ends a call that still rings.
    pub(super) fn repeat_provisional(&mut self, now: Moment, id: SessionId) {
        let Some(Session { state: State::Ringing { last, .. }, .. }) = self.sessions.get(&id) else { return };
        if let Some((status, sdp)) = last.clone() {
            self.provisional(now, id, status, sdp);
        }
    }

    /// The ACK of a 2xx (13.3.1.4): found by tags and CSeq, whatever branch it carries.
    pub(super) fn on_dialog_ack(&mut self, now: Moment, flow: Flow, ack: &Message) {
        let Some((id, cseq)) = self.session_of(ack).zip(ack.cseq().ok()) else {
            self.counters.strays += 1;
            return;
        };
        let Some(talking) = self.sessions.get_mut(&id).and_then(Session::talking) else { return };
        let (owed, first) = match &talking.exchange {
            Exchange::Acknowledging(waiting) if waiting.cseq == cseq.number => (waiting.owed, waiting.first),
            _ => {
                self.counters.retransmits_received += 1;
                return;
            }
        };
        talking.exchange = Exchange::Idle;
        if flow.connection.is_some() && flow.remote.ip() == talking.dialog.flow.remote.ip() {
            talking.dialog.flow = flow;
        }
        let leaving = talking.leaving.take();
        self.timers.clear(Alarm::Session(id, Wait::Repeat));
        self.timers.clear(Alarm::Session(id, Wait::NoAck));
        if let Some(Leaving { reason }) = leaving {
            return self.leave(now, id, reason.as_deref());
        }
        if first {
            self.events.push_back(Event::Confirmed { session: id });
        }
        match session_description(ack).ok().flatten() {
            Some(sdp) if owed => self.events.push_back(Event::Answer { session: id, sdp }),
            None if owed => return self.end_unasked(now, id, "the ACK brought no answer to our offer"),
            _ => {}
        }
        self.go_on(now, id);
    }

    /// Nobody acknowledged our 2xx: the peer may believe in a call or not, so BYE (13.3.1.4, 14.2).
    pub(super) fn on_no_ack(&mut self, now: Moment, id: SessionId) {
        let Some(talking) = self.sessions.get_mut(&id).and_then(Session::talking) else { return };
        match talking.leaving.take() {
            Some(Leaving { reason }) => self.leave(now, id, reason.as_deref()),
            None => self.end_unasked(now, id, "no ACK"),
        }
    }

    /// The caller's own Expires is over and nobody has answered: as if it had cancelled (13.3.1).
    pub(super) fn on_expires(&mut self, now: Moment, id: SessionId) {
        if let Some(Session { state: State::Ringing { server, .. }, .. }) = self.sessions.get(&id) {
            self.cancel_pending(now, *server);
        }
    }

    /// What a CANCEL does to the INVITE it names: nothing, when that has its final answer (9.2).
    pub(super) fn cancel_pending(&mut self, now: Moment, server: ServerId) {
        let Some(found) = self.servers.get(server).filter(|server| !server.is_answered()) else { return };
        let answerer = found.answerer;
        self.respond(now, server, &Answer::new(487));
        let Answerer::Session(id) = answerer else { return };
        let Some(session) = self.sessions.get_mut(&id) else { return };
        match &mut session.state {
            State::Ringing { .. } => {
                self.end_session(now, id);
                self.events.push_back(Event::Cancelled { session: id, status: 487 });
            }
            State::Talking(talking) => {
                talking.exchange = Exchange::Idle;
                self.go_on(now, id);
            }
            State::Calling { .. } => {}
        }
    }
}

/// Display name and user of a From or To.
fn party_of(address: &NameAddr) -> Party {
    Party {
        display: address.display.as_ref().map(text).filter(|name| !name.is_empty()),
        user: text(address.uri.user_unescaped().unwrap_or_default()),
    }
}

/// The user of the first P-Asserted-Identity (RFC 3325).
fn asserted_user(request: &Message) -> Option<String> {
    let value = request.values(&HeaderName::PAssertedIdentity).next()?;
    let address = NameAddr::parse(&value).ok()?;
    Some(text(address.uri.user_unescaped()?))
}

/// 13.3.1.1: provisional answers at least every minute.
const PROVISIONAL_EVERY: Duration = Duration::from_secs(60);
/// When a full house asks to come again.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(10);
/// Who warns: a token, which the name in our Server header need not be.
const WARNING_AGENT: &str = "thirdring";
