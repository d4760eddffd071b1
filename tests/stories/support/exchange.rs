//! One side's telephones: a bank, its media worker, and what each telephone has been through.
//! Dials nothing by itself: 180 for whoever calls, unless the person's manner says otherwise, is all its manners.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use thirdring::media::{self, Library, PortSlot, Statistics, Worker};
use thirdring::model::{Codec, Digit, Moment};
use thirdring::phone::{Bank, BankSettings, Output, PhoneId};
use thirdring::sip::{self, Transport};

use super::ear::Ear;

/// A side of the network with its telephones.
pub struct Exchange {
    pub bank: Bank,
    pub worker: Worker,
    pub media: IpAddr,
    pub phones: BTreeMap<PhoneId, Phone>,
    /// How people treat calls that come in; most let them ring.
    pub manners: BTreeMap<String, Manner>,
    pub registrations: BTreeMap<String, (bool, u16)>,
    /// Whether samples are kept.
    pub listens: bool,
    /// Whether people speak; else their lines are open and silent, which is cheaper to simulate.
    pub speaks: bool,
    /// Whether a person who is on the telephone is busy for everybody else.
    pub one_line: bool,
    /// What has happened to telephones since somebody last looked.
    pub news: VecDeque<News>,
}

/// What makes a person act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    Rings(PhoneId),
    Answered(PhoneId),
    Over(PhoneId),
}

/// What a telephone does with a call that comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    Rings,
    /// 486.
    Busy,
    /// The cable is out: not a word.
    Dead,
}

/// One call of one telephone, from its own point of view.
#[derive(Debug, Default)]
pub struct Phone {
    pub user: String,
    /// Whom the display shows, for a call that came in.
    pub shows: Option<String>,
    pub began: Moment,
    pub rang: Option<Moment>,
    pub answered: Option<Moment>,
    pub ended: Option<Moment>,
    /// The final refusal.
    pub failed: Option<u16>,
    /// Status and last-ness of each NOTIFY about our own transfer, and when it came.
    pub transfer: Vec<(Moment, u16, bool)>,
    pub held: bool,
    pub keys: Vec<Digit>,
    pub ear: Ear,
    pub statistics: Option<Statistics>,
}

impl Phone {
    pub fn is_over(&self) -> bool {
        self.ended.is_some() || self.failed.is_some()
    }
}

impl Exchange {
    pub fn new(transport: Transport, own: SocketAddr, server: SocketAddr, library: Arc<Library>, seed: u8) -> Self {
        let ports = ports();
        let settings = BankSettings {
            sip: sip::Settings {
                listeners: vec![(Transport::Udp, own), (Transport::Tcp, own)],
                trunks: vec![sip::TrunkPeer { name: "server".to_owned(), addresses: vec![server.ip()], port: None }],
                user_agent: "Story".to_owned(),
                ..sip::Settings::default()
            },
            server,
            transport,
            local: own,
            media_address: own.ip(),
            codecs: Codec::ALL.to_vec(),
            ports,
        };
        Exchange::with(settings, library, seed)
    }

    /// A carrier over UDP with whom this user may register.
    pub fn carrier(own: SocketAddr, server: SocketAddr, library: Arc<Library>, (user, password): (&str, &str)) -> Self {
        let device = sip::DeviceAccount { user: user.to_owned(), password: password.to_owned(), md5: false };
        let settings = BankSettings {
            sip: sip::Settings {
                listeners: vec![(Transport::Udp, own)],
                devices: vec![device],
                user_agent: "Carrier".to_owned(),
                ..sip::Settings::default()
            },
            server,
            transport: Transport::Udp,
            local: own,
            media_address: own.ip(),
            codecs: Codec::ALL.to_vec(),
            ports: ports(),
        };
        Exchange::with(settings, library, 77)
    }

    fn with(settings: BankSettings, library: Arc<Library>, seed: u8) -> Self {
        let slots = u16::try_from(settings.ports.len()).expect("a handful of ports");
        let worker_settings = media::Settings { slots, media_timeout: Duration::from_secs(3_600) };
        Exchange {
            media: settings.media_address,
            bank: Bank::new(settings, [seed; 32]),
            worker: Worker::new(worker_settings, library),
            phones: BTreeMap::new(),
            manners: BTreeMap::new(),
            registrations: BTreeMap::new(),
            listens: true,
            speaks: true,
            one_line: false,
            news: VecDeque::new(),
        }
    }

    /// The newest telephone call of this user.
    pub fn newest(&self, user: &str) -> Option<PhoneId> {
        let lives = |phone: &&(&PhoneId, &Phone)| !phone.1.is_over();
        let own: Vec<_> = self.phones.iter().filter(|(_, phone)| phone.user == user).collect();
        own.iter().rev().find(lives).or(own.last()).map(|(id, _)| **id)
    }

    /// Begins the book of a call that goes out.
    pub fn began(&mut self, now: Moment, id: PhoneId, user: &str) {
        self.phones.insert(id, Phone { user: user.to_owned(), began: now, ..Phone::default() });
        self.bank.listen(id, self.listens);
    }

    /// Notes what the bank tells; `Sip` and `Media` are the house's business.
    pub fn note(&mut self, now: Moment, output: Output) {
        match &output {
            Output::Incoming { phone, .. } => self.news.push_back(News::Rings(*phone)),
            Output::Answered { phone } => self.news.push_back(News::Answered(*phone)),
            Output::Failed { phone, .. } | Output::Ended { phone } => self.news.push_back(News::Over(*phone)),
            _ => {}
        }
        match output {
            Output::Sip(_) | Output::Media(_) => {}
            Output::Incoming { phone, user, from } => self.incoming(now, phone, user, from),
            Output::Heard { phone, samples } => {
                if let Some(phone) = self.phones.get_mut(&phone) {
                    phone.ear.hear(now, &samples);
                }
                self.bank.recycle(samples);
            }
            Output::Registered { user, ok, status } => {
                self.registrations.insert(user, (ok, status));
            }
            Output::Answered { phone } => {
                let hertz = self.phones.get(&phone).map_or(0, |phone| voice_of(&phone.user));
                if self.speaks {
                    self.bank.tone(phone, hertz, true);
                }
                self.write(phone, |book| book.answered = book.answered.or(Some(now)));
            }
            Output::Ringing { phone } => self.write(phone, |book| book.rang = book.rang.or(Some(now))),
            Output::Failed { phone, status } => self.write(phone, |book| {
                book.failed = Some(status);
                book.ended = Some(now);
            }),
            Output::Ended { phone } => self.write(phone, |book| book.ended = Some(now)),
            Output::Digit { phone, digit } => self.write(phone, |book| book.keys.push(digit)),
            Output::Held { phone, held } => self.write(phone, |book| book.held = held),
            Output::Transfer { phone, status, last } => {
                self.write(phone, |book| book.transfer.push((now, status, last)));
            }
            Output::Closed { phone, statistics } => self.write(phone, |book| {
                book.statistics = Some(statistics);
                book.ended = book.ended.or(Some(now));
            }),
        }
    }

    fn write(&mut self, phone: PhoneId, line: impl FnOnce(&mut Phone)) {
        if let Some(book) = self.phones.get_mut(&phone) {
            line(book);
        }
    }

    fn incoming(&mut self, now: Moment, phone: PhoneId, user: String, from: String) {
        let talks = self.one_line && self.phones.values().any(|phone| phone.user == user && !phone.is_over());
        let manner = if talks { Manner::Busy } else { self.manners.get(&user).copied().unwrap_or(Manner::Rings) };
        let book = Phone { user, shows: Some(from), began: now, rang: Some(now), ..Phone::default() };
        self.phones.insert(phone, book);
        self.bank.listen(phone, self.listens);
        match manner {
            Manner::Rings => self.bank.ring(now, phone),
            Manner::Busy => {
                self.bank.reject(now, phone, 486);
                self.write(phone, |book| book.ended = Some(now));
            }
            Manner::Dead => {}
        }
    }
}

/// Each person speaks with an own steady tone, so that a story can tell who is heard.
pub fn voice_of(user: &str) -> u16 {
    let last_two = user
        .bytes()
        .rev()
        .take(2)
        .enumerate()
        .map(|(place, digit)| u16::from(digit.saturating_sub(b'0')) * if place == 0 { 1 } else { 10 });
    let number: u16 = last_two.sum();
    if user.len() <= 4 { 1_100 + 30 * (number % 40) } else { 520 + 20 * (number % 23) }
}

/// RTP ports of a side, one a slot.
pub fn ports() -> Vec<u16> {
    (0..SLOTS).map(|slot| FIRST_PORT + 2 * slot).collect()
}

/// The port's slot, and whether it is the RTCP port.
pub fn slot_of(port: u16, first: u16) -> Option<(PortSlot, bool)> {
    let offset = port.checked_sub(first)?;
    Some((PortSlot(offset / 2), offset % 2 == 1))
}

/// Telephones of a side at once.
const SLOTS: u16 = 120;

/// The first RTP port of a side.
pub const FIRST_PORT: u16 = 30_000;
