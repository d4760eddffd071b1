//! Sessions that must be refreshed: what is agreed with the peer, our refreshes, and the end of one that nobody refreshed.
//! Never ends a session that is refreshed in time. RFC 4028; RFC 3311.

use super::clients::{Asker, ClientId, Reply};
use super::dispatch::SUPPORTED;
use super::doors::{Alarm, Endpoint, Wait};
use super::event::{Event, SessionId};
use super::servers::{Answer, ServerId};
use crate::model::Moment;
use crate::sip::draft::Draft;
use crate::sip::header_name::HeaderName;
use crate::sip::message::Message;
use crate::sip::method::Method;
use crate::sip::session::{Exchange, Session};
use crate::sip::session_timer::{MIN_SE, Rules, SessionTimer, least_of_refusal, supports_timer};
use std::time::Duration;

impl Endpoint {
    pub(super) fn timer_rules(&self) -> Rules {
        Rules { interval: self.settings.session_expires, least: self.settings.session_expires_min.max(MIN_SE) }
    }

    /// The 422 that a request with too short a life deserves (6).
    pub(super) fn too_short(&self, request: &Message) -> Option<Answer> {
        let least = self.timer_rules().answer(request).err()?;
        Some(Answer::new(422).with(HeaderName::MinSe, least.as_secs().to_string()))
    }

    /// What we agree to as the one who answers this request, and whether its sender takes UPDATE.
    pub(super) fn timer_for(&self, server: ServerId) -> (Option<SessionTimer>, bool) {
        let Some(server) = self.servers.get(server) else { return (None, false) };
        (self.timer_rules().answer(&server.request).ok().flatten(), allows_update(&server.request))
    }

    /// What the 2xx to a request of ours has settled.
    pub(super) fn timer_settled(&self, response: &Message) -> Option<SessionTimer> {
        self.timer_rules().settled(response)
    }

    /// A 2xx of ours that says what is agreed (9).
    pub(super) fn with_timer(&self, answer: Answer, server: ServerId, timer: Option<SessionTimer>) -> Answer {
        let answer = answer.with(HeaderName::Supported, SUPPORTED);
        let Some(timer) = timer else { return answer };
        let knows = self.servers.get(server).is_some_and(|server| supports_timer(&server.request));
        let answer = answer.with(HeaderName::SessionExpires, timer.answer_value());
        if knows && !timer.ours { answer.with(HeaderName::Require, "timer") } else { answer }
    }

    /// A request of ours that refreshes as it goes (7.4).
    pub(super) fn timed(&mut self, id: SessionId, draft: Draft) -> Draft {
        let rules = self.timer_rules();
        let mut draft = draft.with(HeaderName::Supported, SUPPORTED);
        let timer = self.sessions.get_mut(&id).and_then(Session::talking).and_then(|talking| talking.timer);
        match timer {
            Some(timer) => {
                draft = draft.with(HeaderName::SessionExpires, timer.request_value());
                if rules.least > MIN_SE {
                    draft = draft.with(HeaderName::MinSe, rules.least.as_secs().to_string());
                }
            }
            None => {
                for (name, value) in rules.opening() {
                    draft = draft.with(name, value);
                }
            }
        }
        draft
    }

    /// The session was begun or refreshed: its clocks start anew.
    pub(super) fn keep_time(&mut self, now: Moment, id: SessionId, timer: Option<SessionTimer>) {
        let Some(talking) = self.sessions.get_mut(&id).and_then(Session::talking) else { return };
        talking.timer = timer;
        self.timers.clear(Alarm::Session(id, Wait::Refresh));
        self.timers.clear(Alarm::Session(id, Wait::Lapse));
        let Some(timer) = timer else { return };
        if timer.ours {
            self.timers.set(Alarm::Session(id, Wait::Refresh), now + timer.refresh_after());
        }
        self.timers.set(Alarm::Session(id, Wait::Lapse), now + timer.ends_after());
    }

    /// Our refresh is due: UPDATE where the peer takes it; a re-INVITE needs the owner's description.
    pub(super) fn refresh(&mut self, now: Moment, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let free = session.errands.is_free();
        let Some(talking) = session.talking() else { return };
        if !free || !matches!(talking.exchange, Exchange::Idle) {
            // What runs now may be a refresh itself; if not, this one follows it.
            self.timers.set(Alarm::Session(id, Wait::Refresh), now + BUSY_WAIT);
            return;
        }
        if !talking.updates {
            if let Some(timer) = talking.timer {
                self.timers.set(Alarm::Session(id, Wait::Refresh), now + timer.refresh_after() / 2);
            }
            return self.events.push_back(Event::Refresh { session: id });
        }
        let Some((draft, flow)) = self.draft_within(id, Method::Update) else { return };
        let draft = self.timed(id, draft);
        let client = self.send_request(now, draft, flow, Asker::Refresh(id));
        if let Some(session) = self.sessions.get_mut(&id) {
            session.errands.left(client);
        }
    }

    /// An answer to our UPDATE.
    pub(super) fn on_refresh_reply(&mut self, now: Moment, id: SessionId, client: ClientId, reply: Reply<'_>) {
        if !self.on_errand_reply(now, id, client, reply) {
            return;
        }
        match reply.status {
            200..300 => {
                if let Some(message) = reply.message {
                    if let Some(talking) = self.sessions.get_mut(&id).and_then(Session::talking) {
                        talking.dialog.refresh_target(message);
                    }
                    let timer = self.timer_settled(message);
                    self.keep_time(now, id, timer);
                }
            }
            422 if self.lengthen(id, reply) => self.refresh(now, id),
            // The peer knows no UPDATE after all.
            405 | 501 => {
                if let Some(talking) = self.sessions.get_mut(&id).and_then(Session::talking) {
                    talking.updates = false;
                }
                self.refresh(now, id);
            }
            481 => return self.end_lost(now, id),
            408 => return self.end_unasked(now, id, "no answer to a refresh"),
            // It met something else (491), or the peer is busy: the life is not over yet.
            _ => {
                let wait = self.random.between(BUSY_WAIT * 2, BUSY_WAIT * 4);
                self.timers.set(Alarm::Session(id, Wait::Refresh), now + wait);
            }
        }
        self.go_on(now, id);
    }

    /// The peer's 422 to a refresh: whether a longer life can be asked for (7.4).
    pub(super) fn lengthen(&mut self, id: SessionId, reply: Reply<'_>) -> bool {
        let least = reply.message.and_then(least_of_refusal).filter(|least| *least <= LEAST_MAX);
        let Some((talking, least)) = self.sessions.get_mut(&id).and_then(Session::talking).zip(least) else {
            return false;
        };
        match &mut talking.timer {
            Some(timer) if timer.interval < least => {
                timer.interval = least;
                true
            }
            _ => false,
        }
    }

    /// The peer's 422 to our INVITE: the same again with the life it wants, once (7.3).
    pub(super) fn ask_for_longer(&mut self, now: Moment, id: ClientId, reply: Reply<'_>) -> Option<ClientId> {
        let least = least_of_refusal(reply.message?).filter(|least| reply.status == 422 && *least <= LEAST_MAX)?;
        let rules = self.timer_rules();
        let client = self.clients.get(id)?;
        let asked =
            client.draft.headers.iter().any(|(name, value)| {
                *name == HeaderName::MinSe && *value != rules.least.as_secs().to_string().as_bytes()
            });
        if asked || rules.interval.is_zero() || least <= rules.least {
            return None;
        }
        let (mut draft, flow, asker, tries) = (client.draft.clone(), client.flow, client.asker.clone(), client.tries);
        draft.cseq += 1;
        draft.headers.retain(|(name, _)| !matches!(name, HeaderName::MinSe | HeaderName::SessionExpires));
        let interval = rules.interval.max(least).as_secs();
        let draft = draft
            .with(HeaderName::SessionExpires, interval.to_string())
            .with(HeaderName::MinSe, least.as_secs().to_string());
        let next = self.send_request_sized(now, draft, flow, asker, true);
        if let Some(client) = self.clients.get_mut(next) {
            client.tries = tries;
        }
        Some(next)
    }
}

/// Whether the sender takes UPDATE.
pub(super) fn allows_update(message: &Message) -> bool {
    message.values(&HeaderName::Allow).any(|value| value.trim_ascii() == b"UPDATE")
}

/// A refresh that could not be sent, or was not taken, is tried again after a while of this size.
const BUSY_WAIT: Duration = Duration::from_secs(1);

/// The longest life that a peer may make us ask for.
const LEAST_MAX: Duration = Duration::from_secs(86_400);
