//! REFER and its NOTIFYs, asked and asking: the owner dials and tells, the endpoint keeps the subscription.
//! Never makes a call by itself; out of dialog a REFER is refused. RFC 3515, RFC 3892, RFC 6665, RFC 3420.

use super::clients::{ClientId, Reply};
use super::doors::{Alarm, Endpoint};
use super::event::{Event, ReferId, ReferTarget, SessionId};
use super::gate::text;
use super::servers::{Answer, Answerer};
use crate::model::Moment;
use crate::sip::body::media_type;
use crate::sip::draft::Draft;
use crate::sip::flow::Flow;
use crate::sip::grammar::unescape;
use crate::sip::header::NameAddr;
use crate::sip::header_name::HeaderName;
use crate::sip::message::Message;
use crate::sip::refer::{fragment, fragment_status};
use crate::sip::session::{Errand, State};
use crate::sip::status::reason_phrase;
use crate::sip::timers::Letter;
use crate::sip::uri::{Scheme, Uri};

impl Endpoint {
    /// Asks the peer to call `target` (a URI): a blind transfer. What becomes of it arrives as
    /// [`Event::ReferProgress`].
    pub fn refer(&mut self, now: Moment, id: SessionId, target: &str) {
        if Uri::parse(target.as_bytes()).is_err() {
            self.events.push_back(Event::ReferProgress { session: id, status: 400, last: true });
            return;
        }
        let refer = ReferId(self.mint());
        let Some(session) = self.sessions.get_mut(&id).filter(|session| session.is_talking()) else { return };
        if session.referrals.ask(refer) {
            self.push_errand(now, id, Errand::Refer { refer, target: target.to_owned() });
        } else {
            self.events.push_back(Event::ReferProgress { session: id, status: 500, last: true });
        }
    }

    /// Accepts the peer's REFER: 202, and a NOTIFY that we try.
    pub fn accept_refer(&mut self, now: Moment, id: SessionId, refer: ReferId) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let Some(server) = session.referrals.accept(refer) else { return };
        self.respond(now, server, &Answer::new(202).with_session(None));
        self.notify_refer(now, id, refer, 100, false);
    }

    /// Refuses the peer's REFER (400 to 699, 603 for anything else).
    pub fn refuse_refer(&mut self, now: Moment, id: SessionId, refer: ReferId, status: u16) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let Some(server) = session.referrals.refuse(refer) else { return };
        let status = if (400..700).contains(&status) { status } else { 603 };
        self.respond(now, server, &Answer::new(status));
    }

    /// Tells the peer how the call it asked for goes; `last` ends the subscription.
    pub fn notify_refer(&mut self, now: Moment, id: SessionId, refer: ReferId, status: u16, last: bool) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        if let Some(event) = session.referrals.notify(refer, last) {
            self.push_errand(now, id, Errand::Notify { event, status, last });
        }
    }

    /// A REFER came within a dialog.
    pub(super) fn on_refer(&mut self, now: Moment, id: SessionId, flow: Flow, request: Message) {
        let target = match target_of(&request) {
            Ok(target) => target,
            Err(answer) => return self.answer_within(now, flow, request, &answer),
        };
        let number = request.cseq().map(|cseq| cseq.number).unwrap_or_default();
        let referred_by = request.header(&HeaderName::ReferredBy).map(text);
        let refer = ReferId(self.mint());
        let server = self.open_server(request, flow, Answerer::Refer(id, refer));
        let Some(session) = self.sessions.get_mut(&id) else { return };
        // Before the call stands there is nothing to transfer.
        let taken = session.is_talking() && session.referrals.asked(refer, server, number);
        if !taken {
            self.respond(now, server, &Answer::new(403));
            return;
        }
        self.timers.set(Alarm::Unanswered(server), now + self.durations.patience() * 3 / 4);
        self.events.push_back(Event::Refer { session: id, refer, target, referred_by });
    }

    /// A NOTIFY came within a dialog: only about a REFER of ours.
    pub(super) fn on_notify(&mut self, now: Moment, id: SessionId, flow: Flow, request: Message) {
        let answer = match self.progress_of(id, &request) {
            Ok(event) => {
                self.events.push_back(event);
                Answer::new(200)
            }
            Err(answer) => answer,
        };
        let server = self.open_server(request, flow, Answerer::Endpoint);
        self.respond(now, server, &answer);
    }

    fn progress_of(&mut self, id: SessionId, request: &Message) -> Result<Event, Answer> {
        let event = request.header(&HeaderName::Event).map(text).unwrap_or_default();
        let mut words = event.split(';').map(str::trim);
        if !words.next().unwrap_or_default().eq_ignore_ascii_case("refer") {
            return Err(Answer::new(489).with(HeaderName::Other("Allow-Events".into()), "refer"));
        }
        let number = words.find_map(|word| word.strip_prefix("id=")).and_then(|digits| digits.trim().parse().ok());
        let state = request.header(&HeaderName::SubscriptionState).map(text);
        let Some(state) = state else { return Err(Answer::new(400).because("Missing Subscription-State")) };
        let last = state.trim_start().get(..10).is_some_and(|word| word.eq_ignore_ascii_case("terminated"));
        let kind = request.header(&HeaderName::ContentType).unwrap_or_default();
        let told = match media_type(&kind).as_slice() {
            b"message/sipfrag" => fragment_status(request.body()),
            _ => None,
        };
        // A subscription may end without news, and then the fate of the call is not known.
        let status = match (told, last) {
            (Some(status), _) => status,
            (None, true) => 500,
            (None, false) => return Err(Answer::new(400).because("No Status In The Body")),
        };
        let session = self.sessions.get_mut(&id).ok_or_else(|| Answer::new(481))?;
        let progress = session.referrals.notified(number, status, last).ok_or_else(|| Answer::new(481))?;
        self.timers.clear(Alarm::Refer(id, progress.refer));
        Ok(Event::ReferProgress { session: id, status, last })
    }

    /// An answer to a REFER of ours.
    pub(super) fn on_refer_reply(
        &mut self,
        now: Moment,
        id: SessionId,
        refer: ReferId,
        client: ClientId,
        reply: Reply<'_>,
    ) {
        if !self.on_errand_reply(now, id, client, reply) {
            // Sent again with credentials, it has another CSeq, which its NOTIFYs will name.
            self.refer_sent_again(id, refer, client);
            return;
        }
        let Some(session) = self.sessions.get_mut(&id) else { return };
        if (200..300).contains(&reply.status) {
            if session.referrals.accepted(refer)
                && let Some(wait) = self.durations.wait(Letter::N, 0, true)
            {
                self.timers.set(Alarm::Refer(id, refer), now + wait);
            }
        } else if session.referrals.give_up(refer) {
            self.events.push_back(Event::ReferProgress { session: id, status: reply.status, last: true });
        }
        match reply.status {
            481 => self.end_lost(now, id),
            _ => self.go_on(now, id),
        }
    }

    fn refer_sent_again(&mut self, id: SessionId, refer: ReferId, client: ClientId) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let resent = session.errands.unheard().filter(|unheard| *unheard != client);
        if let Some(cseq) = resent.and_then(|next| self.clients.get(next)).map(|client| client.draft.cseq)
            && let Some(session) = self.sessions.get_mut(&id)
        {
            session.referrals.sent(refer, cseq);
        }
    }

    /// An answer to a NOTIFY of ours: 481 ends a subscription, and not the call (RFC 5057 5.2).
    pub(super) fn on_notify_reply(&mut self, now: Moment, id: SessionId, client: ClientId, reply: Reply<'_>) {
        if self.on_errand_reply(now, id, client, reply) {
            self.go_on(now, id);
        }
    }

    /// Timer N: our REFER was accepted and nothing was heard of it.
    pub(super) fn refer_timer(&mut self, id: SessionId, refer: ReferId) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        if session.referrals.is_waiting(refer) && session.referrals.give_up(refer) {
            self.events.push_back(Event::ReferProgress { session: id, status: 408, last: true });
        }
    }
}

/// Completes the NOTIFY of a REFER.
pub(super) fn notify(draft: Draft, event: String, status: u16, last: bool) -> Draft {
    let state = if last { "terminated;reason=noresource" } else { "active;expires=180" };
    let mut draft = draft.with(HeaderName::Event, event).with(HeaderName::SubscriptionState, state);
    draft.body = Some(("message/sipfrag;version=2.0", fragment(status, reason_phrase(status)).into()));
    draft
}

impl Endpoint {
    /// The session whose dialog a Replaces value names, as its peer sees it: the tag in `to-tag` is ours, the one in
    /// `from-tag` the peer's (RFC 3891 3). `None` when it is not a confirmed dialog of ours.
    #[must_use]
    pub fn session_named(&self, replaces: &str) -> Option<SessionId> {
        let mut parts = replaces.split(';');
        let call_id = parts.next()?.trim();
        let (mut ours, mut theirs) = (None, None);
        for part in parts {
            match part.split_once('=').map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim())) {
                Some((name, value)) if name == "to-tag" => ours = Some(value),
                Some((name, value)) if name == "from-tag" => theirs = Some(value),
                _ => {}
            }
        }
        let id = *self.tags.get(ours?.as_bytes())?;
        match &self.sessions.get(&id)?.state {
            State::Talking(talking) => talking.dialog.is_of(call_id.as_bytes(), theirs?.as_bytes()).then_some(id),
            _ => None,
        }
    }

    /// The Replaces value by which our peer would know a session of ours, for a REFER (RFC 3891 3, RFC 5589 7).
    #[must_use]
    pub fn name_of(&self, id: SessionId) -> Option<String> {
        let session = self.sessions.get(&id)?;
        let State::Talking(talking) = &session.state else { return None };
        let dialog = &talking.dialog;
        let part = |bytes: &[u8]| text(bytes);
        let (call_id, theirs, ours) = (part(&dialog.call_id), part(&dialog.remote_tag), part(&session.local_tag));
        Some(format!("{call_id};to-tag={theirs};from-tag={ours}"))
    }
}

/// The target of a REFER: exactly one, and one that can be called (RFC 3515 2.4.2).
fn target_of(request: &Message) -> Result<ReferTarget, Answer> {
    let malformed = || Answer::new(400).because("Malformed Refer-To");
    let mut values = request.headers(&HeaderName::ReferTo);
    let (Some(value), None) = (values.next(), values.next()) else { return Err(malformed()) };
    let address = NameAddr::parse(&value).map_err(|_| malformed())?;
    let mut uri = address.uri;
    if !matches!(uri.scheme, Scheme::Sip | Scheme::Sips | Scheme::Tel) {
        return Err(Answer::new(416));
    }
    let headers = uri.headers.take().map(text).unwrap_or_default();
    let replaces = headers.split('&').find_map(|header| {
        let (name, value) = header.split_once('=')?;
        name.eq_ignore_ascii_case("Replaces").then(|| text(unescape(value.as_bytes())))
    });
    Ok(ReferTarget {
        uri: uri.to_string(),
        user: text(uri.user_unescaped().unwrap_or_default()),
        host: uri.host.to_string(),
        replaces,
    })
}
