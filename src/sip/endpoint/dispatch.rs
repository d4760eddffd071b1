//! Where every message goes first: parsed, judged, and handed to its transaction, its dialog, or a refusal.
//! Never drops a request in silence that can be answered. RFC 3261 8.2, 9.2, 16.3, 17.2.3, 18.

use super::counters::counted_name;
use super::doors::Endpoint;
use super::servers::{Answer, Answerer};
use crate::model::Moment;
use crate::sip::error::ParseError;
use crate::sip::flow::Flow;
use crate::sip::header_name::HeaderName;
use crate::sip::message::Message;
use crate::sip::method::Method;
use crate::sip::parser::parse;
use crate::sip::uri::{Scheme, Uri};
use crate::sip::validate::validate;
use bytes::Bytes;

impl Endpoint {
    /// One whole message.
    pub(super) fn handle_message(&mut self, now: Moment, flow: Flow, bytes: Bytes) {
        let message = match parse(bytes).and_then(|message| validate(&message).map(|()| message)) {
            Ok(message) => message,
            Err(error) => return self.handle_malformed(flow, error),
        };
        if !message.is_request() {
            return self.on_response(now, flow, &message);
        }
        if let Some(method) = message.method() {
            *self.counters.requests_received.entry(counted_name(method)).or_default() += 1;
        }
        self.on_request(now, flow, message);
    }

    /// A message that is none: answered when it was a request with enough to answer to.
    pub(super) fn handle_malformed(&mut self, flow: Flow, error: ParseError) {
        self.counters.parse_errors += 1;
        if let Some(request) = error.partial.filter(|partial| partial.is_request() && partial.top_via().is_ok()) {
            self.respond_stateless(&flow, &request, &Answer::new(error.status).because(error.reason));
        }
    }

    fn on_request(&mut self, now: Moment, flow: Flow, request: Message) {
        let method = request.method().cloned().unwrap_or(Method::Options);
        if method == Method::Ack {
            return self.on_ack(now, flow, &request);
        }
        if let Some(server) = self.servers.find(&request, &method) {
            return self.absorb(now, server);
        }
        if method == Method::Cancel {
            return self.on_cancel(now, flow, request);
        }
        if let Some(answer) = refusal_of(&method, &request) {
            return self.respond_stateless(&flow, &request, &answer);
        }
        if request.to().is_ok_and(|to| to.tag().is_some()) {
            return self.within_dialog(now, flow, request, &method);
        }
        if self.servers.find_merged(&request).is_some() {
            return self.respond_stateless(&flow, &request, &Answer::new(482));
        }
        match method {
            Method::Invite => self.on_invite(now, flow, request),
            Method::Register => self.on_register(now, flow, request),
            Method::Options => self.respond_stateless(&flow, &request, &capabilities()),
            Method::Refer => self.respond_stateless(&flow, &request, &Answer::new(403)),
            _ => self.respond_stateless(&flow, &request, &Answer::new(481)),
        }
    }

    fn on_ack(&mut self, now: Moment, flow: Flow, ack: &Message) {
        if let Some(server) = self.servers.find(ack, &Method::Invite)
            && self.acknowledge(now, server)
        {
            return;
        }
        self.on_dialog_ack(now, flow, ack);
    }

    /// A CANCEL is answered 200 whatever it finds of its INVITE, with the same To tag (9.2).
    fn on_cancel(&mut self, now: Moment, flow: Flow, cancel: Message) {
        let found = self
            .servers
            .find(&cancel, &Method::Invite)
            .filter(|id| self.servers.get(*id).is_some_and(|server| server.source.remote.ip() == flow.remote.ip()));
        let Some(invite) = found else {
            return self.respond_stateless(&flow, &cancel, &Answer::new(481));
        };
        let id = self.open_server(cancel, flow, Answerer::Endpoint);
        let tag = self.servers.get(invite).map(|server| server.to_tag.clone());
        if let Some((server, tag)) = self.servers.get_mut(id).zip(tag) {
            server.to_tag = tag;
        }
        self.respond(now, id, &Answer::new(200));
        self.cancel_pending(now, invite);
    }

    /// Whether a new request must be turned away for lack of room.
    pub(super) fn is_full(&self) -> bool {
        self.clients.len() + self.servers.len() >= self.settings.transactions_max
    }
}

/// What every request must pass, in or out of a dialog: the method, the scheme, the extensions it requires (8.2).
fn refusal_of(method: &Method, request: &Message) -> Option<Answer> {
    match method {
        Method::Subscribe | Method::Message | Method::Publish => return Some(with_allow(Answer::new(405))),
        Method::Other(_) => return Some(with_allow(Answer::new(501))),
        _ => {}
    }
    let uri = Uri::parse(request.request_uri().unwrap_or_default()).ok()?;
    if !matches!(uri.scheme, Scheme::Sip | Scheme::Tel) {
        return Some(Answer::new(416));
    }
    let required: Vec<String> = [HeaderName::Require, HeaderName::ProxyRequire]
        .iter()
        .flat_map(|name| request.values(name).map(super::gate::text).collect::<Vec<_>>())
        .filter(|option| !option.is_empty() && !SUPPORTED.split(", ").any(|known| option.eq_ignore_ascii_case(known)))
        .collect();
    if required.is_empty() {
        return None;
    }
    Some(Answer::new(420).with(HeaderName::Unsupported, required.join(", ")))
}

/// The answer to OPTIONS: what we speak (11.2).
pub(super) fn capabilities() -> Answer {
    with_allow(Answer::new(200))
        .with(HeaderName::Accept, ACCEPT)
        .with(HeaderName::AcceptEncoding, "identity")
        .with(HeaderName::Supported, SUPPORTED)
}

/// With the methods we know.
pub(super) fn with_allow(answer: Answer) -> Answer {
    answer.with(HeaderName::Allow, ALLOW)
}

/// 415 with what we do understand.
pub(super) fn unsupported_body() -> Answer {
    Answer::new(415).with(HeaderName::Accept, ACCEPT).with(HeaderName::AcceptEncoding, "identity")
}

/// Methods answered with something better than 405.
pub(super) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, REFER, NOTIFY, UPDATE, REGISTER";
/// Extensions understood (RFC 3262, RFC 4028).
pub(super) const SUPPORTED: &str = "100rel, timer";
/// Bodies understood.
const ACCEPT: &str = "application/sdp, application/dtmf-relay, application/dtmf, message/sipfrag";
