//! Calls that go out: INVITE, its early dialogs, its one outcome, and what is left on the wire afterwards.
//! Never follows a redirection: a new target passes its owner's dial rules. RFC 3261 8.1, 9.1, 12.1.2, 13.2, 22.

use super::clients::{Asker, Cancel, ClientId, Reply};
use super::dispatch::{ALLOW, SUPPORTED};
use super::doors::{Alarm, Endpoint, Wait};
use super::event::{Event, Invite, SessionId, Target};
use super::gate::text;
use super::session_timers::allows_update;
use crate::model::Moment;
use crate::sip::body::session_description;
use crate::sip::dialog::Dialog;
use crate::sip::draft::{ContactKind, Draft};
use crate::sip::flow::Flow;
use crate::sip::header::{NameAddr, Params};
use crate::sip::header_name::HeaderName;
use crate::sip::message::Message;
use crate::sip::method::Method;
use crate::sip::refer::Referrals;
use crate::sip::session::{Errands, Exchange, Login, Peer, Session, State, Talking};
use crate::sip::status::reason_phrase;
use crate::sip::timers::Letter;
use crate::sip::uri::{Host, Uri};
use bytes::Bytes;
use std::time::Duration;

impl Endpoint {
    /// Places a call; every failure arrives as [`Event::Failed`].
    pub fn invite(&mut self, now: Moment, invite: Invite) -> SessionId {
        let id = SessionId(self.mint());
        if let Err(status) = self.place(now, id, invite) {
            self.fail(id, status, reason_phrase(status).to_owned(), None);
        }
        id
    }

    fn place(&mut self, now: Moment, id: SessionId, invite: Invite) -> Result<(), u16> {
        if invite.max_forwards == 0 {
            return Err(483);
        }
        if self.sessions.len() >= self.settings.sessions_max {
            self.counters.refused_full += 1;
            return Err(503);
        }
        let (uri, to, flow, peer) = self.resolve(&invite.target)?;
        let tag = self.random.tag();
        let user = Bytes::copy_from_slice(invite.from.user.as_bytes());
        let draft = Draft {
            method: Method::Invite,
            uri,
            routes: Vec::new(),
            from: self.caller_of(&invite, &flow).with_tag(&tag),
            to: match &invite.to_display {
                Some(display) => to.with_display(display),
                None => to,
            },
            call_id: self.random.call_id(),
            cseq: self.random.cseq() + 1,
            max_forwards: invite.max_forwards,
            contact: ContactKind::Ours(user),
            headers: self.headers_of(&invite),
            body: invite.sdp.clone().map(|sdp| ("application/sdp", sdp)),
        };
        let may_switch = !matches!(peer, Peer::Device(_));
        let client = self.send_request_sized(now, draft, flow, Asker::Call(id), may_switch);
        let session = Session {
            peer,
            local_tag: tag.clone(),
            called_by_us: true,
            login: invite.credentials.map(|(user, password)| Login { user, password }),
            state: State::Calling { client, early: Vec::new(), offered: invite.sdp.is_some() },
            referrals: Referrals::default(),
            errands: Errands::default(),
        };
        self.sessions.insert(id, session);
        self.tags.insert(tag, id);
        self.timers.set(Alarm::Session(id, Wait::RingLimit), now + invite.ring_limit);
        self.start_timer_c(now, id);
        Ok(())
    }

    /// Request-URI, To, way and peer of a target.
    fn resolve(&self, target: &Target) -> Result<(Uri, NameAddr, Flow, Peer), u16> {
        match target {
            Target::Device(user) => {
                let (contact, flow) = self.registrar.best(user).ok_or(480_u16)?;
                let flow = self.live(flow);
                let to = NameAddr::new(Uri::sip(Some(user), self.own_host(&flow), None));
                Ok((contact, to, flow, Peer::Device(user.clone())))
            }
            Target::Address { uri, transport, remote } => {
                let uri = Uri::parse(uri.as_bytes()).map_err(|_| 400_u16)?;
                let flow = self.way_to(*transport, *remote);
                let peer = self.trunk_of(&flow).map_or(Peer::Address, |name| Peer::Trunk(name.to_owned()));
                let mut to = uri.clone();
                (to.params, to.headers, to.password) = (Params::new(), None, None);
                Ok((Uri { headers: None, ..uri }, NameAddr::new(to), flow, peer))
            }
        }
    }

    fn caller_of(&self, invite: &Invite, flow: &Flow) -> NameAddr {
        if invite.from.user.is_empty() {
            // RFC 3323 4.1.1.3.
            let nowhere = Host::Name(Bytes::from_static(b"anonymous.invalid"));
            return NameAddr::new(Uri::sip(Some("anonymous"), nowhere, None)).with_display("Anonymous");
        }
        let address = NameAddr::new(Uri::sip(Some(&invite.from.user), self.own_host(flow), None));
        match &invite.from.display {
            Some(display) => address.with_display(display),
            None => address,
        }
    }

    /// A response to a session's INVITE, or its end without one.
    pub(super) fn on_call_reply(&mut self, now: Moment, id: SessionId, client: ClientId, reply: Reply<'_>) {
        let calling = |session: &Session| matches!(&session.state, State::Calling { client: c, .. } if *c == client);
        let is_calling = self.sessions.get(&id).is_some_and(calling);
        match reply.status {
            100 => {}
            101..200 if is_calling => self.on_progress(now, id, client, reply),
            200..300 if is_calling => self.on_answered(now, id, client, reply),
            200..300 => self.on_success_again(now, client, reply, true),
            300.. if is_calling => {
                let login = self.sessions.get(&id).and_then(|session| session.login.clone());
                let again = self.answer_challenge(now, client, reply, login.as_ref(), None);
                match again.or_else(|| self.ask_for_longer(now, client, reply)) {
                    Some(next) => self.calling_again(now, id, next),
                    None => self.on_refused(now, id, reply),
                }
            }
            _ => {}
        }
    }

    fn calling_again(&mut self, now: Moment, id: SessionId, next: ClientId) {
        if let Some(Session { state: State::Calling { client, early, .. }, .. }) = self.sessions.get_mut(&id) {
            *client = next;
            early.clear();
            self.start_timer_c(now, id);
        }
    }

    fn on_progress(&mut self, now: Moment, id: SessionId, client: ClientId, reply: Reply<'_>) {
        let Some(message) = reply.message else { return };
        // Each provisional response but 100 shows that somebody still works on it (16.7 step 2).
        self.start_timer_c(now, id);
        let dialog = self.dialog_from(client, message);
        if let Some(Session { state: State::Calling { early, .. }, .. }) = self.sessions.get_mut(&id)
            && let Some(dialog) = dialog.filter(|dialog| !dialog.remote_tag.is_empty())
        {
            let room = early.len() < EARLY_DIALOGS_MAX;
            match early.iter_mut().find(|known| known.remote_tag == dialog.remote_tag) {
                Some(known) => known.target = dialog.target,
                None if room => early.push(dialog),
                None => {}
            }
        }
        if !self.acknowledge_provisional(now, id, client, message) {
            return;
        }
        let sdp = session_description(message).ok().flatten();
        self.events.push_back(Event::Provisional { session: id, status: reply.status, sdp });
    }

    fn on_answered(&mut self, now: Moment, id: SessionId, client: ClientId, reply: Reply<'_>) {
        let Some((message, dialog)) = reply.message.and_then(|m| Some((m, self.dialog_from(client, m)?))) else {
            return;
        };
        let sdp = session_description(message).ok().flatten();
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let State::Calling { offered, early, .. } = &session.state else { return };
        let mut dialog = dialog;
        // The callee may have asked something within its early dialog already.
        if let Some(known) = early.iter().find(|known| known.remote_tag == dialog.remote_tag) {
            dialog.remote_cseq = known.remote_cseq;
            dialog.local_cseq = known.local_cseq.max(dialog.local_cseq);
        }
        let owes = !*offered && sdp.is_some();
        let exchange = if owes { Exchange::Owing { client } } else { Exchange::Idle };
        let tag = dialog.remote_tag.clone();
        let way = dialog.clone();
        let updates = allows_update(message);
        session.state = State::Talking(Box::new(Talking { updates, ..Talking::new(dialog, exchange) }));
        let timer = self.timer_settled(message);
        self.keep_time(now, id, timer);
        self.timers.clear(Alarm::Session(id, Wait::RingLimit));
        self.timers.clear(Alarm::Session(id, Wait::C));
        if owes {
            if let Some(client) = self.clients.get_mut(client) {
                client.acks.push((tag, None));
            }
            self.timers.set(Alarm::Session(id, Wait::NoAck), now + self.durations.patience());
        } else {
            let peer = self.sessions.get(&id).map_or(Peer::Address, |session| session.peer.clone());
            self.acknowledge_success(client, &way, &peer, None);
        }
        self.events.push_back(Event::Answered { session: id, sdp });
        self.go_on(now, id);
    }

    fn on_refused(&mut self, now: Moment, id: SessionId, reply: Reply<'_>) {
        let reason = reply.message.and_then(|message| message.reason().map(text));
        let reason = reason.filter(|reason| !reason.is_empty());
        let retry_after = reply.message.and_then(retry_after);
        self.end_session(now, id);
        self.fail(id, reply.status, reason.unwrap_or_else(|| reason_phrase(reply.status).to_owned()), retry_after);
    }

    /// Timer C, from now on (again).
    pub(super) fn start_timer_c(&mut self, now: Moment, id: SessionId) {
        if let Some(wait) = self.durations.wait(Letter::C, 0, true) {
            self.timers.set(Alarm::Session(id, Wait::C), now + wait);
        }
    }

    /// The caller's patience, or Timer C, is over.
    pub(super) fn on_ring_limit(&mut self, now: Moment, id: SessionId) {
        if matches!(self.sessions.get(&id), Some(Session { state: State::Calling { .. }, .. })) {
            self.end_session(now, id);
            self.fail(id, 408, reason_phrase(408).to_owned(), None);
        }
    }

    pub(super) fn fail(&mut self, session: SessionId, status: u16, reason: String, retry_after: Option<Duration>) {
        self.events.push_back(Event::Failed { session, status, reason, retry_after });
    }

    /// The dialog a response to our INVITE makes, on the way the INVITE took.
    fn dialog_from(&self, client: ClientId, message: &Message) -> Option<Dialog> {
        let client = self.clients.get(client)?;
        let mut dialog = Dialog::as_caller(&client.draft, message, client.flow)?;
        dialog.local_cseq = client.dialog_cseq;
        Some(dialog)
    }

    /// Sends the ACK of a 2xx and keeps it, for the 2xx may come again (13.2.2.4).
    pub(super) fn acknowledge_success(&mut self, id: ClientId, dialog: &Dialog, peer: &Peer, answer: Option<&Bytes>) {
        let Some(client) = self.clients.get(id) else { return };
        let mut ack = dialog.ack(client.draft.cseq);
        ack.headers = client.draft.credentials();
        ack.body = answer.map(|sdp| ("application/sdp", sdp.clone()));
        let flow = self.way_of(dialog, peer);
        let branch = self.random.branch();
        let bytes = self.render(&ack, &flow, &branch);
        self.send(flow, bytes.clone());
        let Some(client) = self.clients.get_mut(id) else { return };
        client.acks.retain(|(tag, _)| *tag != dialog.remote_tag);
        if client.acks.len() < EARLY_DIALOGS_MAX {
            client.acks.push((dialog.remote_tag.clone(), Some((flow, bytes))));
        }
    }

    /// A 2xx after the first: the same again gets its ACK again; another branch of a fork gets ACK and BYE (13.2.2.4).
    pub(super) fn on_success_again(&mut self, now: Moment, id: ClientId, reply: Reply<'_>, bye: bool) {
        let Some((message, mut dialog)) = reply.message.and_then(|m| Some((m, self.dialog_from(id, m)?))) else {
            return;
        };
        let known = self.clients.get(id).and_then(|client| {
            client.acks.iter().find(|(tag, _)| *tag == dialog.remote_tag).map(|(_, ack)| ack.clone())
        });
        match known {
            Some(Some((flow, bytes))) => {
                self.counters.retransmits_received += 1;
                self.counters.retransmits_sent += 1;
                self.send(flow, bytes);
            }
            Some(None) => {}
            None => {
                let _ = message;
                self.acknowledge_success(id, &dialog, &Peer::Address, None);
                if bye {
                    let draft = dialog.request(Method::Bye);
                    let flow = self.way_of(&dialog, &Peer::Address);
                    self.send_request(now, draft, flow, Asker::Leave(None));
                }
            }
        }
    }

    /// Our owner's answer to the offer that a 2xx brought.
    pub(super) fn answer_late_offer(&mut self, now: Moment, id: SessionId, sdp: &Bytes) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let peer = session.peer.clone();
        let Some(talking) = session.talking() else { return };
        let Exchange::Owing { client } = talking.exchange else { return };
        talking.exchange = Exchange::Idle;
        let dialog = talking.dialog.clone();
        self.timers.clear(Alarm::Session(id, Wait::NoAck));
        self.acknowledge_success(client, &dialog, &peer, Some(sdp));
        self.go_on(now, id);
    }

    /// Nobody wants this INVITE any more: CANCEL, as soon as that is allowed (9.1). Whoever answers it all the same
    /// gets ACK, and BYE when `bye`.
    pub(super) fn abandon(&mut self, now: Moment, id: ClientId, login: Option<Login>, bye: bool, reason: Option<&str>) {
        let Some(client) = self.clients.get_mut(id) else { return };
        let (heard, pending) = (!client.is_unheard(), client.is_pending());
        let cancel = match pending && !heard {
            true => Cancel::WhenHeard { reason: reason.map(str::to_owned) },
            false => Cancel::Done,
        };
        client.asker = Asker::Abandoned { cancel, bye, login };
        if pending && heard {
            self.cancel_now(now, id, reason);
        }
    }

    fn cancel_now(&mut self, now: Moment, id: ClientId, reason: Option<&str>) {
        self.send_cancel(now, id, reason);
        self.timers.set(Alarm::Abandoned(id), now + self.durations.patience());
    }

    /// An answer to an INVITE nobody wants any more.
    pub(super) fn on_abandoned_reply(
        &mut self,
        now: Moment,
        id: ClientId,
        reply: Reply<'_>,
        (cancel, bye, login): (Cancel, bool, Option<Login>),
    ) {
        match (reply.status, cancel) {
            (100..200, Cancel::WhenHeard { reason }) => {
                if let Some(client) = self.clients.get_mut(id) {
                    client.asker = Asker::Abandoned { cancel: Cancel::Done, bye, login };
                }
                self.cancel_now(now, id, reason.as_deref());
            }
            (200..300, _) => {
                self.timers.clear(Alarm::Abandoned(id));
                self.on_success_again(now, id, reply, bye);
            }
            (300.., _) => self.timers.clear(Alarm::Abandoned(id)),
            _ => {}
        }
    }
}

/// Seconds of a Retry-After header, whatever comment or parameter follows (20.33).
pub(super) fn retry_after(message: &Message) -> Option<Duration> {
    let value = message.header(&HeaderName::RetryAfter)?;
    let digits: String = text(&value).trim_start().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().map(Duration::from_secs)
}

impl Endpoint {
    /// The owner's headers, without those that are the endpoint's own business, and ours.
    fn headers_of(&self, invite: &Invite) -> Vec<(HeaderName, Bytes)> {
        let mut headers = vec![
            (HeaderName::Allow, Bytes::from_static(ALLOW.as_bytes())),
            // A reliable response to an INVITE without offer would bring one, and its PRACK would owe the answer.
            (
                HeaderName::Supported,
                Bytes::from_static(if invite.sdp.is_some() { SUPPORTED } else { "timer" }.as_bytes()),
            ),
        ];
        headers.extend(self.timer_rules().opening().into_iter().map(|(name, value)| (name, Bytes::from(value))));
        for (name, value) in &invite.headers {
            let name = HeaderName::new(name.as_bytes());
            if !RESERVED.contains(&name) {
                headers.push((name, Bytes::copy_from_slice(value.as_bytes())));
            }
        }
        headers
    }
}

const RESERVED: [HeaderName; 17] = [
    HeaderName::Via,
    HeaderName::From,
    HeaderName::To,
    HeaderName::CallId,
    HeaderName::CSeq,
    HeaderName::Contact,
    HeaderName::MaxForwards,
    HeaderName::Route,
    HeaderName::RecordRoute,
    HeaderName::ContentLength,
    HeaderName::ContentType,
    HeaderName::Allow,
    HeaderName::Require,
    HeaderName::Supported,
    HeaderName::SessionExpires,
    HeaderName::MinSe,
    HeaderName::UserAgent,
];
/// Branches of a fork that are told apart.
const EARLY_DIALOGS_MAX: usize = 8;
