//! Which contacts each device has, for how long, and over which flow it can be reached.
//! Never authenticates and never answers; it judges one REGISTER at a time, all of it or nothing. RFC 3261 10.3.

use super::endpoint::Binding;
use super::flow::{ConnectionId, Flow, Transport};
use super::uri::Uri;
use crate::model::Moment;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

/// The bindings of all devices.
#[derive(Debug)]
pub(crate) struct Registrar {
    users: BTreeMap<String, Vec<Entry>>,
    expires_min: Duration,
    expires_default: Duration,
    expires_max: Duration,
}

/// What one REGISTER asks for.
#[derive(Clone, Debug)]
pub(crate) struct Registration {
    pub(crate) call_id: Bytes,
    pub(crate) cseq: u32,
    pub(crate) flow: Flow,
    pub(crate) wish: Wish,
}

/// The Contact headers of a REGISTER.
#[derive(Clone, Debug)]
pub(crate) enum Wish {
    /// None: only tell.
    Fetch,
    /// `Contact: *` with `Expires: 0`.
    RemoveAll,
    /// Bind or remove each.
    Contacts(Vec<Contact>),
}

/// One Contact value.
#[derive(Clone, Debug)]
pub(crate) struct Contact {
    pub(crate) uri: Uri,
    /// `+sip.instance`: the same phone with another address replaces itself (RFC 5626 4.1).
    pub(crate) instance: Option<Bytes>,
    /// Its `expires`, else the Expires header; `None`: our default.
    pub(crate) expires: Option<Duration>,
}

/// Why a REGISTER cannot be granted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refusal {
    /// 423: shorter than Min-Expires.
    TooBrief,
    /// 500: older than what we know (10.3 step 7).
    OutOfOrder,
    /// 403: more contacts than a device may have.
    TooMany,
}

/// What a REGISTER or the clock changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Change {
    Bound {
        contact: String,
        expires: Duration,
        new: bool,
    },
    /// The user's last contact is gone.
    Gone,
}

#[derive(Clone, Debug)]
struct Entry {
    uri: Uri,
    text: String,
    instance: Option<Bytes>,
    call_id: Bytes,
    cseq: u32,
    flow: Flow,
    refreshed_at: Moment,
    expires_at: Moment,
}

impl Registrar {
    pub(crate) fn new((expires_min, expires_default, expires_max): (Duration, Duration, Duration)) -> Self {
        Registrar { users: BTreeMap::new(), expires_min, expires_default, expires_max }
    }

    /// Whether some device has registered from this address.
    pub(crate) fn is_home_to_a_phone(&self, source: IpAddr) -> bool {
        self.users.values().flatten().any(|entry| entry.flow.remote.ip() == source)
    }

    /// Grants a REGISTER of `user` or refuses it whole.
    pub(crate) fn apply(&mut self, now: Moment, user: &str, asked: &Registration) -> Result<Vec<Change>, Refusal> {
        let mut entries = self.users.get(user).cloned().unwrap_or_default();
        let had_any = !entries.is_empty();
        let mut changes = Vec::new();
        match &asked.wish {
            Wish::Fetch => return Ok(changes),
            Wish::RemoveAll => {
                if entries.iter().any(|entry| entry.is_newer_than(asked)) {
                    return Err(Refusal::OutOfOrder);
                }
                entries.clear();
            }
            Wish::Contacts(contacts) => {
                for contact in contacts {
                    if let Some(change) = self.apply_contact(now, &mut entries, asked, contact)? {
                        changes.push(change);
                    }
                }
            }
        }
        if entries.is_empty() {
            self.users.remove(user);
            if had_any {
                changes.push(Change::Gone);
            }
        } else {
            self.users.insert(user.to_owned(), entries);
        }
        Ok(changes)
    }

    fn apply_contact(
        &self,
        now: Moment,
        entries: &mut Vec<Entry>,
        asked: &Registration,
        contact: &Contact,
    ) -> Result<Option<Change>, Refusal> {
        let known = entries.iter().position(|entry| entry.is_at(contact));
        if let Some(entry) = known.and_then(|place| entries.get(place))
            && entry.is_newer_than(asked)
        {
            return Err(Refusal::OutOfOrder);
        }
        let wished = contact.expires.unwrap_or(self.expires_default);
        if wished.is_zero() {
            entries.retain(|entry| !entry.is_at(contact));
            return Ok(None);
        }
        if wished < self.expires_min {
            return Err(Refusal::TooBrief);
        }
        let expires = wished.min(self.expires_max);
        entries.retain(|entry| !entry.is_at(contact));
        if entries.len() >= CONTACTS_MAX {
            return Err(Refusal::TooMany);
        }
        let text = String::from_utf8_lossy(&contact.uri.to_bytes()).into_owned();
        entries.push(Entry {
            uri: contact.uri.clone(),
            text: text.clone(),
            instance: contact.instance.clone(),
            call_id: asked.call_id.clone(),
            cseq: asked.cseq,
            flow: asked.flow,
            refreshed_at: now,
            expires_at: now + expires,
        });
        Ok(Some(Change::Bound { contact: text, expires, new: known.is_none() }))
    }

    /// All live contacts of `user`, oldest refresh first.
    pub(crate) fn bindings(&self, user: &str) -> Vec<Binding> {
        let entries = self.users.get(user).map(Vec::as_slice).unwrap_or_default();
        let binding =
            |entry: &Entry| Binding { contact: entry.text.clone(), flow: entry.flow, expires_at: entry.expires_at };
        entries.iter().map(binding).collect()
    }

    /// Where to call `user`: the contact refreshed last, for an older one may be the same phone before its restart.
    pub(crate) fn best(&self, user: &str) -> Option<(Uri, Flow)> {
        let entries = self.users.get(user)?;
        entries.iter().max_by_key(|entry| entry.refreshed_at).map(|entry| (entry.uri.clone(), entry.flow))
    }

    /// Drops what has lapsed; the users who lost their last contact.
    pub(crate) fn expire(&mut self, now: Moment) -> Vec<String> {
        self.drop_where(|entry| entry.expires_at <= now)
    }

    /// A connection is gone and with it every contact that cannot be reached without it; the users left with none.
    pub(crate) fn handle_closed(&mut self, connection: ConnectionId) -> Vec<String> {
        for entry in self.users.values_mut().flatten() {
            if entry.flow.connection == Some(connection) && entry.listens() {
                entry.flow = Flow {
                    remote: (entry.flow.remote.ip(), entry.uri.port.unwrap_or(5060)).into(),
                    connection: None,
                    ..entry.flow
                };
            }
        }
        self.drop_where(|entry| entry.flow.connection == Some(connection))
    }

    /// Whether somebody is reached over this connection.
    pub(crate) fn is_bound_to(&self, connection: ConnectionId) -> bool {
        self.users.values().flatten().any(|entry| entry.flow.connection == Some(connection))
    }

    fn drop_where(&mut self, lost: impl Fn(&Entry) -> bool) -> Vec<String> {
        let mut gone = Vec::new();
        self.users.retain(|user, entries| {
            entries.retain(|entry| !lost(entry));
            if entries.is_empty() {
                gone.push(user.clone());
            }
            !entries.is_empty()
        });
        gone
    }

    /// When the next contact lapses.
    pub(crate) fn next_expiry(&self) -> Option<Moment> {
        self.users.values().flatten().map(|entry| entry.expires_at).min()
    }

    /// Contacts of all users.
    pub(crate) fn len(&self) -> usize {
        self.users.values().map(Vec::len).sum()
    }

    /// The value for Min-Expires.
    pub(crate) fn expires_min(&self) -> Duration {
        self.expires_min
    }
}

impl Entry {
    fn is_at(&self, contact: &Contact) -> bool {
        let same_instance = self.instance.is_some() && self.instance == contact.instance;
        same_instance || self.uri == contact.uri
    }

    fn is_newer_than(&self, asked: &Registration) -> bool {
        self.call_id == asked.call_id && self.cseq >= asked.cseq
    }

    /// Whether the contact can be dialled: TCP, at the very host we see, at a port the phone says it listens on.
    fn listens(&self) -> bool {
        self.flow.transport == Transport::Tcp
            && self.uri.host.address() == Some(self.flow.remote.ip())
            && self.uri.port.unwrap_or(5060) != self.flow.remote.port()
    }
}

/// Contacts of one device: a desk phone, a soft phone, and what their restarts left behind.
const CONTACTS_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn registrar() -> Registrar {
        Registrar::new((Duration::from_secs(60), Duration::from_secs(300), Duration::from_secs(3_600)))
    }

    fn flow(connection: Option<u64>) -> Flow {
        Flow {
            transport: if connection.is_some() { Transport::Tcp } else { Transport::Udp },
            local: ([10, 0, 0, 1], 5060).into(),
            remote: ([10, 0, 0, 2], 40_000).into(),
            connection: connection.map(ConnectionId),
        }
    }

    fn contact(uri: &str, expires: Option<u64>) -> Contact {
        Contact {
            uri: Uri::parse(uri.as_bytes()).expect("a URI of the test"),
            instance: None,
            expires: expires.map(Duration::from_secs),
        }
    }

    fn asks(call_id: &'static str, cseq: u32, contacts: Vec<Contact>) -> Registration {
        Registration { call_id: call_id.into(), cseq, flow: flow(None), wish: Wish::Contacts(contacts) }
    }

    #[test]
    fn a_contact_is_bound_refreshed_and_lapses() {
        let mut registrar = registrar();
        let start = Moment::from_secs(1);
        let first = asks("a", 1, vec![contact("sip:1001@10.0.0.2:40000", None)]);
        let bound = |new| Change::Bound {
            contact: "sip:1001@10.0.0.2:40000".to_owned(),
            expires: Duration::from_secs(300),
            new,
        };
        assert_eq!(registrar.apply(start, "1001", &first), Ok(vec![bound(true)]));
        let again = asks("a", 2, vec![contact("sip:1001@10.0.0.2:40000", None)]);
        assert_eq!(registrar.apply(start + Duration::from_secs(100), "1001", &again), Ok(vec![bound(false)]));
        assert_eq!(registrar.next_expiry(), Some(Moment::from_secs(401)));
        assert!(registrar.expire(Moment::from_secs(400)).is_empty());
        assert_eq!(registrar.expire(Moment::from_secs(401)), ["1001"]);
        assert_eq!((registrar.len(), registrar.next_expiry()), (0, None));
    }

    #[test]
    fn a_stale_register_changes_nothing() {
        let mut registrar = registrar();
        let bind = |cseq, expires| asks("a", cseq, vec![contact("sip:1001@10.0.0.2", expires)]);
        assert!(registrar.apply(Moment::ZERO, "1001", &bind(5, None)).is_ok());
        assert_eq!(registrar.apply(Moment::ZERO, "1001", &bind(5, Some(0))), Err(Refusal::OutOfOrder));
        assert_eq!(registrar.apply(Moment::ZERO, "1001", &bind(4, Some(0))), Err(Refusal::OutOfOrder));
        let star = Registration { call_id: "a".into(), cseq: 4, flow: flow(None), wish: Wish::RemoveAll };
        assert_eq!(registrar.apply(Moment::ZERO, "1001", &star), Err(Refusal::OutOfOrder));
        let other = asks("b", 1, vec![contact("sip:1001@10.0.0.2", Some(0))]);
        assert_eq!(registrar.apply(Moment::ZERO, "1001", &other), Ok(vec![Change::Gone]), "a restarted phone may");
    }

    #[test]
    fn too_brief_is_refused_too_long_is_shortened_and_nothing_is_done_by_half() {
        let mut registrar = registrar();
        let half = asks("a", 1, vec![contact("sip:a@10.0.0.2", None), contact("sip:b@10.0.0.2", Some(5))]);
        assert_eq!(registrar.apply(Moment::ZERO, "1001", &half), Err(Refusal::TooBrief));
        assert_eq!(registrar.len(), 0);
        let long = asks("a", 2, vec![contact("sip:a@10.0.0.2", Some(1_000_000))]);
        let changes = registrar.apply(Moment::ZERO, "1001", &long).expect("granted");
        assert!(matches!(changes.as_slice(), [Change::Bound { expires, .. }] if expires.as_secs() == 3_600));
    }

    #[test]
    fn a_star_removes_all_and_removing_the_last_says_so_once() {
        let mut registrar = registrar();
        let two = asks("a", 1, vec![contact("sip:a@10.0.0.2", None), contact("sip:b@10.0.0.2", None)]);
        assert!(registrar.apply(Moment::ZERO, "1001", &two).is_ok());
        let one = asks("a", 2, vec![contact("sip:a@10.0.0.2", Some(0))]);
        assert_eq!(registrar.apply(Moment::ZERO, "1001", &one), Ok(vec![]));
        let star = Registration { call_id: "a".into(), cseq: 3, flow: flow(None), wish: Wish::RemoveAll };
        assert_eq!(registrar.apply(Moment::ZERO, "1001", &star), Ok(vec![Change::Gone]));
        let again = Registration { cseq: 4, ..star };
        assert_eq!(registrar.apply(Moment::ZERO, "1001", &again), Ok(vec![]));
    }

    #[test]
    fn the_contact_refreshed_last_is_called_and_contacts_are_bounded() {
        let mut registrar = registrar();
        for number in 0..8 {
            let one = asks("a", 1, vec![contact(&format!("sip:x@10.0.0.{number}"), None)]);
            assert!(registrar.apply(Moment::from_secs(number), "1001", &one).is_ok());
        }
        let (uri, _) = registrar.best("1001").expect("bound");
        assert_eq!(uri.host.to_string(), "10.0.0.7");
        let ninth = asks("a", 1, vec![contact("sip:x@10.0.0.99", None)]);
        assert_eq!(registrar.apply(Moment::ZERO, "1001", &ninth), Err(Refusal::TooMany));
        assert_eq!(registrar.best("1002"), None);
    }

    #[test]
    fn the_same_phone_with_a_new_address_replaces_itself() {
        let mut registrar = registrar();
        let at = |uri: &str| Contact { instance: Some("<urn:uuid:1>".into()), ..contact(uri, None) };
        assert!(registrar.apply(Moment::ZERO, "1001", &asks("a", 1, vec![at("sip:x@10.0.0.2")])).is_ok());
        assert!(registrar.apply(Moment::ZERO, "1001", &asks("b", 1, vec![at("sip:x@10.0.0.3")])).is_ok());
        assert_eq!(registrar.len(), 1);
    }

    #[test]
    fn a_closed_connection_takes_the_contacts_that_only_it_could_reach() {
        let mut registrar = registrar();
        let over =
            |connection, uri| Registration { flow: flow(Some(connection)), ..asks("a", 1, vec![contact(uri, None)]) };
        let behind_nat = over(1, "sip:1001@192.168.0.7:5060;transport=tcp");
        assert!(registrar.apply(Moment::ZERO, "1001", &behind_nat).is_ok());
        assert!(registrar.apply(Moment::ZERO, "1002", &over(2, "sip:1002@10.0.0.2:5062;transport=tcp")).is_ok());
        assert_eq!(registrar.handle_closed(ConnectionId(1)), ["1001"]);
        assert!(registrar.handle_closed(ConnectionId(2)).is_empty(), "this one listens and can be dialled");
        let (_, flow) = registrar.best("1002").expect("still bound");
        assert_eq!((flow.remote.port(), flow.connection), (5062, None));
    }
}
