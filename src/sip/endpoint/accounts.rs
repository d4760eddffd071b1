//! Registrations of ours: REGISTER out, challenges answered, refreshed before they lapse, tried again when they fail.
//! Never shows a password to anybody but its registrar. RFC 3261 10.2.

use super::clients::{Asker, ClientId, Reply};
use super::doors::{Alarm, Endpoint};
use super::event::{Account, AccountId, Event};
use super::outgoing::retry_after;
use crate::model::Moment;
use crate::sip::account::{Registering, State};
use crate::sip::draft::{ContactKind, Draft};
use crate::sip::flow::Transport;
use crate::sip::header::{Contacts, NameAddr};
use crate::sip::header_name::HeaderName;
use crate::sip::message::Message;
use crate::sip::method::Method;
use crate::sip::session::Login;
use crate::sip::uri::{Host, Uri};
use bytes::Bytes;
use std::time::Duration;

impl Endpoint {
    /// Registers an account and keeps it registered until `unregister`.
    pub fn register(&mut self, now: Moment, account: Account) -> AccountId {
        let id = AccountId(self.mint());
        let (call_id, tag, cseq) = (self.random.call_id(), self.random.tag(), self.random.cseq());
        let registering = Registering::new(account, call_id, tag, cseq, State::Failed);
        self.accounts.insert(id, registering);
        self.try_to_register(now, id);
        id
    }

    /// Takes the registration back; harmless when it is not there.
    pub fn unregister(&mut self, now: Moment, id: AccountId) {
        self.timers.clear(Alarm::Account(id));
        let Some(registering) = self.accounts.get_mut(&id) else { return };
        if let State::Leaving { .. } = registering.state {
            return;
        }
        registering.expires = Duration::ZERO;
        if let Some(client) = self.send_register(now, id)
            && let Some(registering) = self.accounts.get_mut(&id)
        {
            registering.state = State::Leaving { client };
        }
    }

    /// The refresh, or another try, is due.
    pub(super) fn account_timer(&mut self, now: Moment, id: AccountId) {
        self.try_to_register(now, id);
    }

    fn try_to_register(&mut self, now: Moment, id: AccountId) {
        if let Some(client) = self.send_register(now, id)
            && let Some(registering) = self.accounts.get_mut(&id)
        {
            registering.state = State::Trying { client };
        }
    }

    fn send_register(&mut self, now: Moment, id: AccountId) -> Option<ClientId> {
        let registering = self.accounts.get_mut(&id)?;
        registering.cseq += 1;
        let account = &registering.account;
        let host = match account.domain.as_str() {
            "" => Host::from(account.registrar.ip()),
            name => Host::parse(name.as_bytes()).unwrap_or_else(|_| Host::from(account.registrar.ip())),
        };
        let address = NameAddr::new(Uri::sip(Some(&account.user), host.clone(), None));
        let seconds = registering.expires.as_secs().to_string();
        let draft = Draft {
            method: Method::Register,
            uri: Uri::sip(None, host, None),
            routes: Vec::new(),
            from: address.clone().with_tag(&registering.tag),
            to: address,
            call_id: registering.call_id.clone(),
            cseq: registering.cseq,
            max_forwards: crate::sip::dialog::MAX_FORWARDS,
            contact: ContactKind::Value(contact_of(account)),
            headers: vec![(HeaderName::Expires, Bytes::from(seconds))],
            body: None,
        };
        let (transport, registrar) = (account.transport, account.registrar);
        let flow = self.way_to(transport, registrar);
        Some(self.send_request(now, draft, flow, Asker::Account(id)))
    }

    /// An answer to a REGISTER of ours.
    pub(super) fn on_account_reply(&mut self, now: Moment, id: AccountId, client: ClientId, reply: Reply<'_>) {
        let Some(registering) = self.accounts.get_mut(&id) else { return };
        let expected = match registering.state {
            State::Trying { client } | State::Leaving { client } => Some(client),
            State::Registered | State::Failed => None,
        };
        if expected != Some(client) || reply.status < 200 {
            return;
        }
        let account = &registering.account;
        let login = Login { user: account.user.clone(), password: account.password.clone() };
        if let Some(next) = self.answer_challenge(now, client, reply, Some(&login), None) {
            return self.registering_again(id, next);
        }
        let Some(registering) = self.accounts.get_mut(&id) else { return };
        if let State::Leaving { .. } = registering.state {
            self.accounts.remove(&id);
            self.events.push_back(Event::RegistrationChanged { account: id, ok: false, status: reply.status });
            return;
        }
        let least = reply.message.filter(|_| reply.status == 423).and_then(min_expires);
        if let Some(least) = least.filter(|least| *least > registering.expires) {
            registering.expires = least;
            return self.try_to_register(now, id);
        }
        let ok = (200..300).contains(&reply.status);
        let wait = match reply.message.filter(|_| ok) {
            Some(message) => {
                let granted = granted(message, &registering.account).unwrap_or(registering.expires);
                registering.succeeded(granted)
            }
            None => registering.failed(reply.message.and_then(retry_after)),
        };
        if registering.is_news(ok, reply.status) {
            self.events.push_back(Event::RegistrationChanged { account: id, ok, status: reply.status });
        }
        self.timers.set(Alarm::Account(id), now + wait);
    }

    fn registering_again(&mut self, id: AccountId, next: ClientId) {
        let cseq = self.clients.get(next).map(|client| client.draft.cseq);
        let Some(registering) = self.accounts.get_mut(&id) else { return };
        registering.cseq = cseq.unwrap_or(registering.cseq);
        registering.state = match registering.state {
            State::Leaving { .. } => State::Leaving { client: next },
            _ => State::Trying { client: next },
        };
    }
}

fn contact_of(account: &Account) -> Bytes {
    let mut uri = Uri::sip(Some(&account.user), Host::from(account.contact.ip()), Some(account.contact.port()));
    if account.transport == Transport::Tcp {
        uri.params.set("transport", Some(b"tcp"));
    }
    NameAddr::new(uri).to_bytes()
}

/// The life the registrar gave our contact: its own, else the Expires header.
fn granted(message: &Message, account: &Account) -> Option<Duration> {
    let ours = NameAddr::from_bytes(&contact_of(account)).ok()?.uri;
    let list = match message.contacts() {
        Ok(Contacts::List(list)) => list,
        _ => Vec::new(),
    };
    let found = list.iter().find(|contact| contact.uri == ours).or(list.first().filter(|_| list.len() == 1));
    let own = found.and_then(|contact| std::str::from_utf8(contact.params.get("expires")?).ok()?.parse().ok());
    let seconds: Option<u64> = own.or_else(|| message.expires().ok().flatten().map(u64::from));
    seconds.filter(|seconds| *seconds > 0).map(Duration::from_secs)
}

fn min_expires(message: &Message) -> Option<Duration> {
    let value = message.header(&HeaderName::MinExpires)?;
    let seconds: u64 = std::str::from_utf8(&value).ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}
