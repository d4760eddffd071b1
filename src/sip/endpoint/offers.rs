//! Offers within a session: re-INVITE and UPDATE of the peer, re-INVITE of ours, one at a time, and their collisions.
//! Never looks into a description. RFC 3261 14, RFC 3264, RFC 3311.

use super::clients::{Asker, ClientId, Reply};
use super::dispatch::{ALLOW, unsupported_body, with_allow};
use super::doors::{Alarm, Endpoint, Wait};
use super::event::{Event, SessionId};
use super::servers::{Answer, Answerer};
use crate::model::Moment;
use crate::sip::body::session_description;
use crate::sip::flow::Flow;
use crate::sip::header_name::HeaderName;
use crate::sip::message::Message;
use crate::sip::method::Method;
use crate::sip::session::{Exchange, Session, State};
use bytes::Bytes;
use std::time::Duration;

impl Endpoint {
    /// Offers a new description by re-INVITE. While another exchange runs it waits; a newer offer replaces it.
    pub fn offer(&mut self, now: Moment, id: SessionId, sdp: Bytes) {
        let Some(talking) = self.sessions.get_mut(&id).and_then(Session::talking) else { return };
        match &mut talking.exchange {
            Exchange::BackingOff { sdp: waiting, .. } => *waiting = sdp,
            _ => talking.wanted = Some(sdp),
        }
        self.go_on(now, id);
    }

    /// Accepts the peer's re-INVITE or UPDATE with our answer (or, when it brought none, our offer).
    pub fn answer_offer(&mut self, now: Moment, id: SessionId, sdp: Bytes) {
        let Some(talking) = self.sessions.get_mut(&id).and_then(Session::talking) else { return };
        let Exchange::Asked { server, method, offered } = &talking.exchange else { return };
        let (server, invited, owed) = (*server, *method == Method::Invite, !*offered);
        let cseq = talking.dialog.remote_cseq_of_offer;
        let (timer, _) = self.timer_for(server);
        let answer = self.with_timer(with_allow(Answer::new(200)), server, timer).with_session(Some(sdp));
        self.keep_time(now, id, timer);
        let exchange = if invited {
            match self.acknowledging(now, id, server, &answer, (cseq, owed, false)) {
                Some(waiting) => Exchange::Acknowledging(waiting),
                None => Exchange::Idle,
            }
        } else {
            self.respond(now, server, &answer);
            Exchange::Idle
        };
        self.set_exchange(now, id, exchange);
    }

    /// Refuses the peer's re-INVITE or UPDATE (400 to 699, 488 for anything else); the session goes on as it was.
    pub fn refuse_offer(&mut self, now: Moment, id: SessionId, status: u16) {
        let Some(talking) = self.sessions.get_mut(&id).and_then(Session::talking) else { return };
        let Exchange::Asked { server, .. } = &talking.exchange else { return };
        let server = *server;
        let status = if (400..700).contains(&status) { status } else { 488 };
        self.respond(now, server, &Answer::new(status));
        self.set_exchange(now, id, Exchange::Idle);
    }

    /// A re-INVITE or UPDATE came.
    pub(super) fn on_offer(&mut self, now: Moment, id: SessionId, flow: Flow, request: Message, method: &Method) {
        let Ok(sdp) = session_description(&request) else {
            return self.answer_within(now, flow, request, &unsupported_body());
        };
        if let Some(answer) = self.too_short(&request) {
            return self.answer_within(now, flow, request, &answer);
        }
        // An UPDATE without description only refreshes (RFC 3311 5.2, RFC 4028 7.4).
        if *method == Method::Update && sdp.is_none() {
            return self.on_refresh(now, id, flow, request);
        }
        if let Some(answer) = self.collision(id) {
            return self.answer_within(now, flow, request, &answer);
        }
        let number = request.cseq().map(|cseq| cseq.number).unwrap_or_default();
        let server = self.open_server(request.clone(), flow, Answerer::Session(id));
        let Some(talking) = self.sessions.get_mut(&id).and_then(Session::talking) else { return };
        talking.dialog.refresh_target(&request);
        talking.dialog.remote_cseq_of_offer = number;
        let asked = Exchange::Asked { server, method: method.clone(), offered: sdp.is_some() };
        if let Exchange::BackingOff { sdp: ours, .. } = std::mem::replace(&mut talking.exchange, asked) {
            // Theirs came first; ours follows it.
            talking.wanted.get_or_insert(ours);
            self.timers.clear(Alarm::Session(id, Wait::BackOff));
        }
        if *method == Method::Invite {
            self.respond(now, server, &Answer::new(100));
        } else {
            self.timers.set(Alarm::Unanswered(server), now + self.durations.patience() * 3 / 4);
        }
        self.events.push_back(Event::Offered { session: id, sdp });
    }

    fn on_refresh(&mut self, now: Moment, id: SessionId, flow: Flow, request: Message) {
        if let Some(dialog) = self.dialog_of(id, &request) {
            dialog.refresh_target(&request);
        }
        let server = self.open_server(request, flow, Answerer::Endpoint);
        let (timer, _) = self.timer_for(server);
        let answer = self.with_timer(with_allow(Answer::new(200)), server, timer).with_session(None);
        self.respond(now, server, &answer);
        self.keep_time(now, id, timer);
    }

    /// Why an offer cannot be taken now (14.2, RFC 3311 5.2).
    fn collision(&mut self, id: SessionId) -> Option<Answer> {
        let later = self.random.between(Duration::ZERO, Duration::from_secs(10));
        let answered_once = Answer::new(491);
        match &self.sessions.get(&id)?.state {
            // Our own offer is on its way, or our answer has not arrived for certain.
            State::Calling { .. } => Some(answered_once),
            State::Ringing { .. } => Some(Answer::new(500).retry_after(later)),
            State::Talking(talking) => match &talking.exchange {
                Exchange::Idle | Exchange::BackingOff { .. } => None,
                Exchange::Asked { .. } => Some(Answer::new(500).retry_after(later)),
                Exchange::Asking { .. } | Exchange::Acknowledging(_) | Exchange::Owing { .. } => Some(answered_once),
            },
        }
    }

    /// Sends our re-INVITE.
    pub(super) fn ask(&mut self, now: Moment, id: SessionId, sdp: Bytes, collisions: u32) {
        let Some((draft, flow)) = self.draft_within(id, Method::Invite) else { return };
        let mut draft = self.timed(id, draft.with(HeaderName::Allow, ALLOW));
        draft.body = Some(("application/sdp", sdp.clone()));
        let client = self.send_request(now, draft, flow, Asker::Offer(id));
        let Some(session) = self.sessions.get_mut(&id) else { return };
        session.errands.left(client);
        if let Some(talking) = session.talking() {
            talking.exchange = Exchange::Asking { client, sdp, collisions };
        }
        self.start_timer_c(now, id);
    }

    /// The random wait after a 491 is over.
    pub(super) fn ask_again(&mut self, now: Moment, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let free = session.errands.is_free();
        let Some(talking) = session.talking() else { return };
        let Exchange::BackingOff { sdp, collisions } = &talking.exchange else { return };
        let (sdp, collisions) = (sdp.clone(), *collisions);
        if free {
            self.ask(now, id, sdp, collisions);
        } else {
            self.timers.set(Alarm::Session(id, Wait::BackOff), now + self.durations.t1);
        }
    }

    /// An answer to our re-INVITE.
    pub(super) fn on_offer_reply(&mut self, now: Moment, id: SessionId, client: ClientId, reply: Reply<'_>) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        session.errands.heard(client);
        let (login, ours, peer) = (session.login.clone(), session.called_by_us, session.peer.clone());
        let Some(talking) = session.talking() else { return };
        let (sdp, collisions) = match &talking.exchange {
            Exchange::Asking { client: asking, sdp, collisions } if *asking == client => (sdp.clone(), *collisions),
            _ if (200..300).contains(&reply.status) => return self.on_success_again(now, client, reply, false),
            _ => return,
        };
        match reply.status {
            ..200 => {
                self.start_timer_c(now, id);
                self.go_on(now, id);
            }
            200..300 => {
                let Some(message) = reply.message else { return };
                talking.dialog.refresh_target(message);
                let dialog = talking.dialog.clone();
                self.acknowledge_success(client, &dialog, &peer, None);
                let sdp = session_description(message).ok().flatten();
                let timer = self.timer_settled(message);
                self.keep_time(now, id, timer);
                self.events.push_back(Event::OfferAnswered { session: id, sdp });
                self.set_exchange(now, id, Exchange::Idle);
            }
            491 if collisions < COLLISIONS_MAX => {
                talking.exchange = Exchange::BackingOff { sdp, collisions: collisions + 1 };
                // Who made the Call-ID waits longer, so that the two cannot meet for ever (14.1).
                let (least, most) = if ours { (2_100, 4_000) } else { (0, 2_000) };
                let wait = self.random.between(Duration::from_millis(least), Duration::from_millis(most));
                self.timers.clear(Alarm::Session(id, Wait::C));
                self.timers.set(Alarm::Session(id, Wait::BackOff), now + wait);
                self.go_on(now, id);
            }
            422 if self.lengthen(id, reply) => self.ask(now, id, sdp, collisions),
            // 12.2.1.2: the dialog is gone, or nobody is there any more.
            481 => self.end_lost(now, id),
            408 => self.end_unasked(now, id, "no answer to a re-INVITE"),
            status => match self.challenged_within(now, id, client, reply, login.as_ref()) {
                Some(next) => self.asked_again(id, next, sdp, collisions),
                None => {
                    self.events.push_back(Event::OfferRefused { session: id, status });
                    self.set_exchange(now, id, Exchange::Idle);
                }
            },
        }
    }

    fn asked_again(&mut self, id: SessionId, client: ClientId, sdp: Bytes, collisions: u32) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        session.errands.left(client);
        if let Some(talking) = session.talking() {
            talking.exchange = Exchange::Asking { client, sdp, collisions };
        }
    }

    /// Timer C of a re-INVITE: the peer has stopped working on it.
    pub(super) fn on_offer_timeout(&mut self, now: Moment, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let login = session.login.clone();
        let Some(Exchange::Asking { client, .. }) = session.talking().map(|talking| &talking.exchange) else { return };
        let client = *client;
        self.abandon(now, client, login, false, None);
        self.events.push_back(Event::OfferRefused { session: id, status: 408 });
        self.set_exchange(now, id, Exchange::Idle);
    }

    fn set_exchange(&mut self, now: Moment, id: SessionId, exchange: Exchange) {
        self.timers.clear(Alarm::Session(id, Wait::C));
        if let Some(talking) = self.sessions.get_mut(&id).and_then(Session::talking) {
            talking.exchange = exchange;
        }
        self.go_on(now, id);
    }
}

/// Collisions in a row before an offer counts as refused.
const COLLISIONS_MAX: u32 = 6;
