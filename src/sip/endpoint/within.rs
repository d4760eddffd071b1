//! Requests within a dialog, and how a session ends: BYE either way, or without a word.
//! Never trusts a tag alone: a request must come from where the peer is, or prove its password. RFC 3261 12.2.2, 15.

use super::clients::{Asker, ClientId, Reply};
use super::dispatch::{capabilities, unsupported_body, with_allow};
use super::doors::{Alarm, Endpoint, Wait};
use super::event::{Event, SessionId};
use super::gate::{Admission, text};
use super::servers::{Answer, Answerer};
use crate::model::{Digit, Moment};
use crate::sip::body::{key_press, key_press_body};
use crate::sip::dialog::Dialog;
use crate::sip::draft::Draft;
use crate::sip::flow::Flow;
use crate::sip::header_name::HeaderName;
use crate::sip::message::Message;
use crate::sip::method::Method;
use crate::sip::session::{Errand, Exchange, Leaving, Login, Peer, State};
use std::time::Duration;

impl Endpoint {
    /// Ends a session as its state asks: CANCEL, a refusal with 480, or BYE (after the ACK of our 2xx at the earliest).
    /// `reason` is the text of a Reason header (RFC 3326). An outgoing call not yet answered reports `Failed(487)`.
    pub fn hangup(&mut self, now: Moment, id: SessionId, reason: Option<&str>) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let owes_news = session.errands.owes_news();
        match &mut session.state {
            State::Calling { .. } => {
                self.end_session_because(now, id, reason);
                self.fail(id, 487, crate::sip::status::reason_phrase(487).to_owned(), None);
            }
            State::Ringing { server, .. } => {
                let server = *server;
                let mut answer = Answer::new(480);
                if let Some(text) = reason {
                    answer = answer.with(HeaderName::Reason, text.to_owned());
                }
                self.respond(now, server, &answer);
                self.end_session(now, id);
            }
            // BYE would end the subscription before its last word (RFC 3515 2.4.7).
            State::Talking(talking) if talking.awaits_first_ack() || owes_news => {
                talking.leaving = Some(Leaving { reason: reason.map(str::to_owned) });
            }
            State::Talking(_) => self.leave(now, id, reason),
        }
    }

    /// Sends a key as INFO (`application/dtmf-relay`).
    pub fn info_digit(&mut self, now: Moment, id: SessionId, digit: Digit, duration: Duration) {
        self.push_errand(now, id, Errand::Info { digit, duration });
    }

    pub(super) fn push_errand(&mut self, now: Moment, id: SessionId, errand: Errand) {
        if let Some(session) = self.sessions.get_mut(&id)
            && session.talking().is_some()
            && session.errands.push(errand)
        {
            self.go_on(now, id);
        }
    }

    /// Sends what waits for its turn within the dialog.
    pub(super) fn go_on(&mut self, now: Moment, id: SessionId) {
        for _ in 0..ERRANDS_AT_ONCE {
            let Some(session) = self.sessions.get_mut(&id) else { return };
            let free = session.errands.is_free();
            let Some(talking) = session.talking() else { return };
            if talking.awaits_first_ack() || !free {
                return;
            }
            if matches!(talking.exchange, Exchange::Idle)
                && let Some(sdp) = talking.wanted.take()
            {
                self.ask(now, id, sdp, 0);
                continue;
            }
            let Some(errand) = session.errands.next() else { return };
            self.send_errand(now, id, errand);
            self.leave_when_told(now, id);
        }
    }

    /// Our owner has hung up already, and waited only for the last word about a transfer.
    fn leave_when_told(&mut self, now: Moment, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let owes_news = session.errands.owes_news();
        let Some(talking) = session.talking().filter(|talking| !owes_news && !talking.awaits_first_ack()) else {
            return;
        };
        if let Some(Leaving { reason }) = talking.leaving.take() {
            self.leave(now, id, reason.as_deref());
        }
    }

    fn send_errand(&mut self, now: Moment, id: SessionId, errand: Errand) {
        let (method, asker) = match &errand {
            Errand::Info { .. } => (Method::Info, Asker::Info(id)),
            Errand::Refer { refer, .. } => (Method::Refer, Asker::Refer(id, *refer)),
            Errand::Notify { .. } => (Method::Notify, Asker::Notify(id)),
        };
        let Some((mut draft, flow)) = self.draft_within(id, method) else { return };
        match errand {
            Errand::Info { digit, duration } => {
                draft.body = Some(("application/dtmf-relay", key_press_body(digit, duration).into()));
            }
            Errand::Refer { refer, target } => {
                if let Some(session) = self.sessions.get_mut(&id) {
                    session.referrals.sent(refer, draft.cseq);
                }
                draft = draft.with(HeaderName::ReferTo, format!("<{target}>"));
                let by = draft.from.uri.to_string();
                draft = draft.with(HeaderName::ReferredBy, format!("<{by}>"));
            }
            Errand::Notify { event, status, last } => draft = super::referrals::notify(draft, event, status, last),
        }
        let client = self.send_request(now, draft, flow, asker);
        if let Some(session) = self.sessions.get_mut(&id) {
            session.errands.left(client);
        }
    }

    /// A new request within the session's dialog, and its way.
    pub(super) fn draft_within(&mut self, id: SessionId, method: Method) -> Option<(Draft, Flow)> {
        let session = self.sessions.get_mut(&id)?;
        let peer = session.peer.clone();
        let talking = session.talking()?;
        let draft = talking.dialog.request(method);
        let dialog = talking.dialog.clone();
        Some((draft, self.way_of(&dialog, &peer)))
    }

    /// An answer to a request within the dialog: the next one may leave; a challenge is answered with the session's
    /// credentials. True when the transaction is over for its asker.
    pub(super) fn on_errand_reply(&mut self, now: Moment, id: SessionId, client: ClientId, reply: Reply<'_>) -> bool {
        let Some(session) = self.sessions.get_mut(&id) else { return false };
        session.errands.heard(client);
        let login = session.login.clone();
        if reply.status < 200 {
            self.go_on(now, id);
            return false;
        }
        if let Some(next) = self.challenged_within(now, id, client, reply, login.as_ref()) {
            if let Some(session) = self.sessions.get_mut(&id) {
                session.errands.left(next);
            }
            return false;
        }
        true
    }

    /// Answers a challenge to a request within the dialog, whose CSeq counts on.
    pub(super) fn challenged_within(
        &mut self,
        now: Moment,
        id: SessionId,
        client: ClientId,
        reply: Reply<'_>,
        login: Option<&Login>,
    ) -> Option<ClientId> {
        let cseq = self.sessions.get_mut(&id)?.talking()?.dialog.local_cseq + 1;
        let next = self.answer_challenge(now, client, reply, login, Some(cseq))?;
        self.sessions.get_mut(&id)?.talking()?.dialog.local_cseq = cseq;
        Some(next)
    }

    pub(super) fn on_info_reply(&mut self, now: Moment, id: SessionId, client: ClientId, reply: Reply<'_>) {
        if !self.on_errand_reply(now, id, client, reply) {
            return;
        }
        match reply.status {
            481 => self.end_lost(now, id),
            _ => self.go_on(now, id),
        }
    }

    /// The session a request within a dialog belongs to: our tag in To, the peer's in From, the Call-ID.
    pub(super) fn session_of(&mut self, request: &Message) -> Option<SessionId> {
        let (to, from, call_id) = (request.to().ok()?, request.from().ok()?, request.call_id().ok()?);
        let id = *self.tags.get(to.tag()?)?;
        let session = self.sessions.get_mut(&id)?;
        session.dialog_of(&call_id, from.tag().unwrap_or_default()).map(|_| id)
    }

    /// A request with a To tag.
    pub(super) fn within_dialog(&mut self, now: Moment, flow: Flow, request: Message, method: &Method) {
        let Some(id) = self.session_of(&request) else {
            return self.respond_stateless(&flow, &request, &Answer::new(481));
        };
        if let Err(refused) = self.admit_within(now, id, &flow, &request) {
            return self.turn_away(now, flow, request, refused);
        }
        // BYE must always pass, or a full house could never empty.
        if *method != Method::Bye && self.clients.len() + self.servers.len() >= 2 * self.settings.transactions_max {
            self.counters.refused_full += 1;
            return self.respond_stateless(&flow, &request, &Answer::new(503));
        }
        let Some(number) = request.cseq().ok().map(|cseq| cseq.number) else { return };
        let Some(dialog) = self.dialog_of(id, &request) else { return };
        if !dialog.accept_cseq(number) {
            return self.respond_stateless(&flow, &request, &Answer::new(500).because("CSeq Out Of Order"));
        }
        dialog.flow = flow;
        match method {
            Method::Bye => self.on_bye(now, id, flow, request),
            Method::Invite | Method::Update => self.on_offer(now, id, flow, request, method),
            Method::Info => self.on_info(now, id, flow, request),
            Method::Refer => self.on_refer(now, id, flow, request),
            Method::Notify => self.on_notify(now, id, flow, request),
            Method::Options => self.answer_within(now, flow, request, &capabilities()),
            Method::Prack => self.on_prack(now, id, flow, request),
            _ => self.answer_within(now, flow, request, &with_allow(Answer::new(405))),
        }
    }

    /// Answers a request whose CSeq was taken: in a transaction, or the same request once more would be out of order.
    pub(super) fn answer_within(&mut self, now: Moment, flow: Flow, request: Message, answer: &Answer) {
        let server = self.open_server(request, flow, Answerer::Endpoint);
        self.respond(now, server, answer);
    }

    pub(super) fn dialog_of(&mut self, id: SessionId, request: &Message) -> Option<&mut Dialog> {
        let (from, call_id) = (request.from().ok()?, request.call_id().ok()?);
        self.sessions.get_mut(&id)?.dialog_of(&call_id, from.tag().unwrap_or_default())
    }

    /// Whether a request may act on this session: from the peer's address, or another one of its trunk, or with its
    /// device's password.
    fn admit_within(&mut self, now: Moment, id: SessionId, flow: &Flow, request: &Message) -> Result<(), Admission> {
        let source = flow.remote.ip();
        let refused = || Err(Admission::Refused(Answer::new(403)));
        let Some(dialog) = self.dialog_of(id, request) else { return refused() };
        if dialog.flow.remote.ip() == source || dialog.next_hop().host.address() == Some(source) {
            return Ok(());
        }
        match self.sessions.get(&id).map(|session| session.peer.clone()) {
            Some(Peer::Device(user)) => match self.admit_device(now, flow, request, &user) {
                Admission::Admitted(_) => Ok(()),
                refused => Err(refused),
            },
            Some(Peer::Trunk(name)) if self.trunk_of(flow) == Some(name.as_str()) => Ok(()),
            _ => refused(),
        }
    }

    fn on_bye(&mut self, now: Moment, id: SessionId, flow: Flow, bye: Message) {
        let reason = bye.header(&HeaderName::Reason).map(text);
        let server = self.open_server(bye, flow, Answerer::Endpoint);
        self.respond(now, server, &Answer::new(200));
        let Some(session) = self.sessions.get(&id) else { return };
        match &session.state {
            // The caller may end an early dialog by BYE; its INVITE still wants a final answer (15.1.2).
            State::Ringing { server, .. } => {
                let invite = *server;
                self.respond(now, invite, &Answer::new(487));
                self.end_session(now, id);
                self.events.push_back(Event::Cancelled { session: id, status: 487 });
            }
            // The called party may not, but means it.
            State::Calling { .. } => {
                self.end_session(now, id);
                self.fail(id, 480, "Ended By The Called Party".to_owned(), None);
            }
            State::Talking(talking) => {
                let asked_for = talking.leaving.is_some();
                self.end_session(now, id);
                if !asked_for {
                    self.events.push_back(Event::Ended { session: id, by_peer: true, reason });
                }
            }
        }
    }

    fn on_info(&mut self, now: Moment, id: SessionId, flow: Flow, info: Message) {
        let answer = match key_press(&info) {
            _ if info.body().is_empty() => Answer::new(200),
            Ok(Some((digit, duration))) => {
                self.events.push_back(Event::Digit { session: id, digit, duration });
                Answer::new(200)
            }
            Ok(None) => Answer::new(400).because("Malformed Key Press"),
            Err(_) => unsupported_body(),
        };
        let server = self.open_server(info, flow, Answerer::Endpoint);
        self.respond(now, server, &answer);
    }

    /// Sends BYE and lets the session go.
    pub(super) fn leave(&mut self, now: Moment, id: SessionId, reason: Option<&str>) {
        self.pay_owed_ack(id);
        let login = self.sessions.get(&id).and_then(|session| session.login.clone());
        if let Some((mut draft, flow)) = self.draft_within(id, Method::Bye) {
            if let Some(text) = reason {
                draft = draft.with(HeaderName::Reason, text.to_owned());
            }
            self.send_request(now, draft, flow, Asker::Leave(login));
        }
        self.end_session(now, id);
    }

    /// A 2xx whose offer our owner never answered gets its ACK all the same, or it would be repeated for ever.
    fn pay_owed_ack(&mut self, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let peer = session.peer.clone();
        let Some(talking) = session.talking() else { return };
        if let Exchange::Owing { client } = talking.exchange {
            talking.exchange = Exchange::Idle;
            let dialog = talking.dialog.clone();
            self.acknowledge_success(client, &dialog, &peer, None);
        }
    }

    /// BYE that nobody asked for, and the event that says so.
    pub(super) fn end_unasked(&mut self, now: Moment, id: SessionId, reason: &str) {
        self.leave(now, id, None);
        self.events.push_back(Event::Ended { session: id, by_peer: false, reason: Some(reason.to_owned()) });
    }

    /// The peer does not know the dialog any more: there is nobody to say BYE to.
    pub(super) fn end_lost(&mut self, now: Moment, id: SessionId) {
        self.end_session(now, id);
        let reason = Some("the peer has lost the dialog".to_owned());
        self.events.push_back(Event::Ended { session: id, by_peer: false, reason });
    }

    pub(super) fn end_session(&mut self, now: Moment, id: SessionId) {
        self.end_session_because(now, id, None);
    }

    /// Forgets a session. Requests of the peer still waiting in it are answered (15.1.2), INVITEs of ours abandoned.
    fn end_session_because(&mut self, now: Moment, id: SessionId, reason: Option<&str>) {
        self.pay_owed_ack(id);
        let Some(session) = self.sessions.remove(&id) else { return };
        self.tags.remove(&session.local_tag);
        for wait in Wait::ALL {
            self.timers.clear(Alarm::Session(id, wait));
        }
        for (refer, asked) in session.referrals.open() {
            self.timers.clear(Alarm::Refer(id, refer));
            if let Some(server) = asked {
                self.respond(now, server, &Answer::new(487));
            }
        }
        match session.state {
            State::Calling { client, .. } => self.abandon(now, client, session.login, true, reason),
            State::Talking(talking) => match talking.exchange {
                Exchange::Asked { server, .. } => {
                    self.respond(now, server, &Answer::new(487));
                }
                Exchange::Asking { client, .. } => self.abandon_within(now, client),
                _ => {}
            },
            State::Ringing { .. } => {}
        }
    }

    /// A re-INVITE whose dialog ends: the peer answers it with 487; a 2xx that crossed gets its ACK, and no BYE more.
    fn abandon_within(&mut self, now: Moment, client: ClientId) {
        if let Some(client) = self.clients.get_mut(client) {
            client.asker = Asker::Abandoned { cancel: super::clients::Cancel::Done, bye: false, login: None };
        }
        self.timers.set(Alarm::Abandoned(client), now + self.durations.patience());
    }

    pub(super) fn session_timer(&mut self, now: Moment, id: SessionId, wait: Wait) {
        match wait {
            Wait::RingLimit => self.on_ring_limit(now, id),
            Wait::C => self.on_timer_c(now, id),
            Wait::Provisional => self.repeat_provisional(now, id),
            Wait::Repeat => self.repeat_answer(now, id),
            Wait::NoAck => self.on_no_ack(now, id),
            Wait::BackOff => self.ask_again(now, id),
            Wait::Expires => self.on_expires(now, id),
            Wait::Unheard => self.repeat_reliable(now, id),
            Wait::NoPrack => self.on_no_prack(now, id),
            Wait::Refresh => self.refresh(now, id),
            Wait::Lapse => self.end_unasked(now, id, "nobody refreshed the session"),
        }
    }

    fn on_timer_c(&mut self, now: Moment, id: SessionId) {
        match self.sessions.get(&id).map(|session| &session.state) {
            Some(State::Calling { .. }) => self.on_ring_limit(now, id),
            Some(State::Talking(_)) => self.on_offer_timeout(now, id),
            _ => {}
        }
    }

    /// Our owner has let a request wait until its sender is about to give up.
    pub(super) fn answer_for_owner(&mut self, now: Moment, id: super::servers::ServerId) {
        let Some(answerer) = self.servers.get(id).map(|server| server.answerer) else { return };
        match answerer {
            Answerer::Session(session) => self.refuse_offer(now, session, 500),
            Answerer::Refer(session, refer) => self.refuse_refer(now, session, refer, 500),
            Answerer::Endpoint => {}
        }
    }
}

/// A session's waiting requests leave one at a time, so this only bounds the loop.
const ERRANDS_AT_ONCE: usize = 4;
