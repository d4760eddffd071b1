//! REGISTER of our devices: password first, then their contacts, and what the clock takes back.
//! Never registers anybody for somebody else. RFC 3261 10.3.

use super::doors::{Alarm, Endpoint};
use super::event::{Binding, Event};
use super::gate::{Admission, text};
use super::incoming::RETRY_AFTER;
use super::servers::{Answer, Answerer};
use crate::model::Moment;
use crate::sip::flow::Flow;
use crate::sip::header::{Contacts, NameAddr};
use crate::sip::header_name::HeaderName;
use crate::sip::message::Message;
use crate::sip::registrar::{Change, Contact, Refusal, Registration, Wish};
use crate::sip::uri::{Scheme, Uri};
use bytes::Bytes;
use std::time::Duration;

impl Endpoint {
    /// The live contacts of a device.
    #[must_use]
    pub fn bindings(&self, user: &str) -> Vec<Binding> {
        self.registrar.bindings(user)
    }

    pub(super) fn on_register(&mut self, now: Moment, flow: Flow, request: Message) {
        if self.is_full() {
            self.counters.refused_full += 1;
            return self.respond_stateless(&flow, &request, &Answer::new(503).retry_after(RETRY_AFTER));
        }
        let target = Uri::parse(request.request_uri().unwrap_or_default());
        if !target.is_ok_and(|uri| self.is_ours(&uri.host)) {
            return self.respond_stateless(&flow, &request, &Answer::new(404));
        }
        let claimed = request.to().ok().and_then(|to| to.uri.user_unescaped().map(text)).unwrap_or_default();
        let user = match self.admit_device(now, &flow, &request, &claimed) {
            Admission::Admitted(_) => claimed,
            refused => return self.turn_away(now, flow, request, refused),
        };
        let wish = wish_of(&request);
        let asked = Registration {
            call_id: request.call_id().unwrap_or_default(),
            cseq: request.cseq().map(|cseq| cseq.number).unwrap_or_default(),
            flow,
            wish: wish.clone().unwrap_or(Wish::Fetch),
        };
        let server = self.open_server(request, flow, Answerer::Endpoint);
        let outcome = match wish {
            Ok(_) => self.registrar.apply(now, &user, &asked).map_err(|refusal| self.refusal(refusal)),
            Err(answer) => Err(answer),
        };
        let answer = match outcome {
            Ok(changes) => {
                self.report(&user, flow, changes);
                self.set_binding_alarm();
                self.contacts_of(now, &user)
            }
            Err(answer) => answer,
        };
        self.respond(now, server, &answer);
    }

    fn refusal(&self, refusal: Refusal) -> Answer {
        match refusal {
            Refusal::TooBrief => {
                let least = self.registrar.expires_min().as_secs();
                Answer::new(423).with(HeaderName::MinExpires, least.to_string())
            }
            Refusal::OutOfOrder => Answer::new(500).because("CSeq Out Of Order"),
            Refusal::TooMany => Answer::new(403).because("Too Many Contacts"),
        }
    }

    fn report(&mut self, user: &str, flow: Flow, changes: Vec<Change>) {
        for change in changes {
            self.events.push_back(match change {
                Change::Bound { contact, expires, new } => {
                    Event::Registered { user: user.to_owned(), contact, flow, expires, new }
                }
                Change::Gone => Event::Unregistered { user: user.to_owned(), expired: false },
            });
        }
    }

    /// 200 with every contact and the time it has left.
    fn contacts_of(&self, now: Moment, user: &str) -> Answer {
        self.registrar.bindings(user).into_iter().fold(Answer::new(200), |answer, binding| {
            let left = binding.expires_at.since(now).as_secs();
            answer.with(HeaderName::Contact, format!("<{}>;expires={left}", binding.contact))
        })
    }

    pub(super) fn expire_bindings(&mut self, now: Moment) {
        for user in self.registrar.expire(now) {
            self.events.push_back(Event::Unregistered { user, expired: true });
        }
        self.set_binding_alarm();
    }

    pub(super) fn set_binding_alarm(&mut self) {
        match self.registrar.next_expiry() {
            Some(at) => self.timers.set(Alarm::Binding, at),
            None => self.timers.clear(Alarm::Binding),
        }
    }
}

/// What a REGISTER wants; a star stands alone with `Expires: 0` (10.3 step 6).
fn wish_of(request: &Message) -> Result<Wish, Answer> {
    let malformed = || Answer::new(400).because("Malformed Contact");
    let expires = request.expires().ok().flatten();
    match request.contacts() {
        Ok(Contacts::Star) if expires == Some(0) => Ok(Wish::RemoveAll),
        Ok(Contacts::List(list)) if list.is_empty() => Ok(Wish::Fetch),
        Ok(Contacts::List(list)) => {
            let wanted: Option<Vec<Contact>> = list.iter().map(|address| contact_of(address, expires)).collect();
            wanted.map(Wish::Contacts).ok_or_else(malformed)
        }
        _ => Err(malformed()),
    }
}

fn contact_of(address: &NameAddr, expires: Option<u32>) -> Option<Contact> {
    let own = address.params.get("expires").map(|digits| {
        // An unreadable value counts as 3600 (20.19).
        std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<u32>().ok()).unwrap_or(3_600)
    });
    let uri = address.uri.clone();
    (uri.scheme == Scheme::Sip).then(|| Contact {
        uri,
        instance: address.params.get_unquoted("+sip.instance").map(|id| Bytes::copy_from_slice(&id)),
        expires: own.or(expires).map(|seconds| Duration::from_secs(u64::from(seconds))),
    })
}
