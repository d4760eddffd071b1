//! A bank of telephones: many lines over one SIP endpoint and one media worker, driven by whoever holds it.
//! It answers nothing and dials nothing by itself, and knows no clock but `now`.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;

use crate::media::{self, ClipId, Command, PayloadTypes, PlayId, PortSlot};
use crate::model::{Codec, Digit, LegId, Moment};
use crate::sdp::{Direction, Negotiation};
use crate::sip::{self, Account, AccountId, Invite, Party, ReferId, SessionId, Target, Transport};

/// Where the bank stands and whom it calls.
#[derive(Clone, Debug)]
pub struct BankSettings {
    pub sip: sip::Settings,
    /// The server that is called.
    pub server: SocketAddr,
    pub transport: Transport,
    /// Our own SIP address, for the Contact.
    pub local: SocketAddr,
    pub media_address: IpAddr,
    /// The RTP port of each slot of our worker.
    pub ports: Vec<u16>,
    pub codecs: Vec<Codec>,
}

/// One telephone call of the bank, from first INVITE to last word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneId(pub u64);

/// What comes to the bank from outside.
#[derive(Debug)]
pub enum Input {
    Datagram { flow: sip::Flow, bytes: Bytes },
    Stream { flow: sip::Flow, bytes: Bytes },
    Closed { connection: sip::ConnectionId },
    TransportError { flow: sip::Flow },
    Media(media::Event),
}

/// What the bank wants done, and what it has to tell.
#[derive(Debug)]
pub enum Output {
    Sip(sip::Transmit),
    Media(Command),
    /// Somebody calls one of our accounts: `answer`, `ring` or `reject`.
    Incoming {
        phone: PhoneId,
        user: String,
        from: String,
    },
    Ringing {
        phone: PhoneId,
    },
    /// Both sides are connected.
    Answered {
        phone: PhoneId,
    },
    /// The call never came about.
    Failed {
        phone: PhoneId,
        status: u16,
    },
    /// The other side hung up.
    Ended {
        phone: PhoneId,
    },
    /// What arrived on a line that listens: 8 kHz samples.
    Heard {
        phone: PhoneId,
        samples: Box<[i16]>,
    },
    Digit {
        phone: PhoneId,
        digit: Digit,
    },
    /// The other side holds us, or has resumed.
    Held {
        phone: PhoneId,
        held: bool,
    },
    /// How our own transfer goes.
    Transfer {
        phone: PhoneId,
        status: u16,
        last: bool,
    },
    Registered {
        user: String,
        ok: bool,
        status: u16,
    },
    Closed {
        phone: PhoneId,
        statistics: media::Statistics,
    },
}

/// One line of the bank.
#[derive(Debug)]
pub struct Line {
    pub phone: PhoneId,
    /// The account or the caller's number.
    pub user: String,
    session: SessionId,
    negotiation: Negotiation,
    answer: Option<Bytes>,
    pub answered: bool,
    /// Whether this phone holds the call.
    holding: bool,
    ended: bool,
}

/// The telephones.
pub struct Bank {
    settings: BankSettings,
    sip: sip::Endpoint,
    lines: BTreeMap<PhoneId, Line>,
    by_session: HashMap<SessionId, PhoneId>,
    accounts: BTreeMap<AccountId, String>,
    /// Nobody answers any more.
    leaving: bool,
    free: VecDeque<PortSlot>,
    next: u64,
    seed: u64,
    outputs: VecDeque<Output>,
}

impl Bank {
    #[must_use]
    pub fn new(settings: BankSettings, seed: [u8; 32]) -> Self {
        let slots = u16::try_from(settings.ports.len()).unwrap_or(u16::MAX);
        Bank {
            sip: sip::Endpoint::new(settings.sip.clone(), seed),
            lines: BTreeMap::new(),
            by_session: HashMap::new(),
            accounts: BTreeMap::new(),
            leaving: false,
            free: (0..slots).map(PortSlot).collect(),
            next: 0,
            seed: u64::from_le_bytes([seed[0], seed[1], seed[2], seed[3], seed[4], seed[5], seed[6], seed[7]]),
            settings,
            outputs: VecDeque::new(),
        }
    }

    /// Registers an account and keeps it registered.
    pub fn register(&mut self, now: Moment, user: &str, password: &str) {
        let account = self.sip.register(
            now,
            Account {
                registrar: self.settings.server,
                transport: self.settings.transport,
                domain: String::new(),
                user: user.to_owned(),
                password: password.to_owned(),
                contact: self.settings.local,
                expires: Duration::from_secs(300),
            },
        );
        self.accounts.insert(account, user.to_owned());
    }

    /// Dials `number` as `user`; none when every line is in use.
    pub fn call(&mut self, now: Moment, user: &str, number: &str, password: Option<&str>) -> Option<PhoneId> {
        let (phone, mut negotiation) = self.open()?;
        let sdp = negotiation.offer(Direction::SendRecv);
        let session = self.sip.invite(
            now,
            Invite {
                target: Target::Address {
                    uri: format!("sip:{number}@{}", self.settings.server),
                    transport: self.settings.transport,
                    remote: self.settings.server,
                },
                from: Party { display: None, user: user.to_owned() },
                to_display: None,
                sdp: Some(sdp),
                headers: Vec::new(),
                ring_limit: Duration::from_secs(120),
                max_forwards: 70,
                credentials: password.map(|password| (user.to_owned(), password.to_owned())),
            },
        );
        self.insert(Line {
            phone,
            user: user.to_owned(),
            session,
            negotiation,
            answer: None,
            answered: false,
            holding: false,
            ended: false,
        });
        Some(phone)
    }

    /// Rings: 180 to whoever calls.
    pub fn ring(&mut self, now: Moment, phone: PhoneId) {
        if let Some(line) = self.lines.get(&phone) {
            self.sip.provisional(now, line.session, 180, None);
        }
    }

    /// Picks up.
    pub fn answer(&mut self, now: Moment, phone: PhoneId) {
        if let Some(line) = self.lines.get_mut(&phone)
            && let Some(sdp) = line.answer.clone()
        {
            line.answered = true;
            let session = line.session;
            self.sip.answer(now, session, sdp);
        }
    }

    /// Declines: 486 busy, 603 declined.
    pub fn reject(&mut self, now: Moment, phone: PhoneId, status: u16) {
        if let Some(line) = self.lines.get(&phone) {
            self.sip.reject(now, line.session, status, None, None);
            self.over(phone);
        }
    }

    /// Hangs up, or gives up.
    pub fn hang_up(&mut self, now: Moment, phone: PhoneId) {
        if let Some(line) = self.lines.get(&phone)
            && !line.ended
        {
            self.sip.hangup(now, line.session, None);
            self.over(phone);
        }
    }

    /// Everybody hangs up, gives up or declines, and every account is taken back (RFC 3261 10.2.2). Calls that come in
    /// from now on are declined.
    pub fn leave(&mut self, now: Moment) {
        self.leaving = true;
        let lines: Vec<PhoneId> = self.lines.keys().copied().collect();
        for phone in lines {
            self.hang_up(now, phone);
        }
        for account in self.accounts.keys() {
            self.sip.unregister(now, *account);
        }
    }

    /// Whether everybody has left and been heard: no line, no session and no account is there any more.
    #[must_use]
    pub fn has_left(&self) -> bool {
        self.leaving && self.lines.is_empty() && self.accounts.is_empty() && self.sip.counts().sessions == 0
    }

    /// Presses keys (RFC 4733), each for 100 ms.
    pub fn press(&mut self, phone: PhoneId, keys: &str) {
        let digits = keys.chars().filter_map(Digit::new).collect();
        let leg = LegId(phone.0);
        self.command(Command::SendDigits { leg, digits, duration: Duration::from_millis(100) });
    }

    /// Presses one key by SIP INFO, for so long.
    pub fn press_by_info(&mut self, now: Moment, phone: PhoneId, key: Digit, duration: Duration) {
        if let Some(line) = self.lines.get(&phone) {
            self.sip.info_digit(now, line.session, key, duration);
        }
    }

    /// Puts the other side on hold, or resumes.
    pub fn hold(&mut self, now: Moment, phone: PhoneId, hold: bool) {
        if let Some(line) = self.lines.get_mut(&phone) {
            line.holding = hold;
            let direction = if hold { Direction::SendOnly } else { Direction::SendRecv };
            let sdp = line.negotiation.offer(direction);
            let session = line.session;
            self.sip.offer(now, session, sdp);
        }
    }

    /// Blind transfer: REFER to `number` (RFC 3515).
    pub fn transfer(&mut self, now: Moment, phone: PhoneId, number: &str) {
        if let Some(line) = self.lines.get(&phone) {
            let target = format!("sip:{number}@{}", self.settings.server);
            self.sip.refer(now, line.session, &target);
        }
    }

    /// Attended transfer: gives whom `phone` talks with to whom `consulted` talks with (RFC 5589 7).
    pub fn join(&mut self, now: Moment, phone: PhoneId, consulted: PhoneId) {
        let session_of = |id| self.lines.get(&id).map(|line| line.session);
        let Some((session, other)) = session_of(phone).zip(session_of(consulted)) else { return };
        let Some(name) = self.sip.name_of(other) else { return };
        let escaped: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let target = format!("sip:consulted@{}?Replaces={escaped}", self.settings.server);
        self.sip.refer(now, session, &target);
    }

    /// Speaks a steady tone, or falls silent.
    pub fn tone(&mut self, phone: PhoneId, hertz: u16, on: bool) {
        self.command(Command::Tone { leg: LegId(phone.0), hertz, on });
    }

    /// Plays a clip of the worker's library over and over: speech for the demo.
    pub fn speak(&mut self, phone: PhoneId, clip: ClipId) {
        self.command(Command::Loop { leg: LegId(phone.0), clip });
    }

    /// Plays a clip of the worker's library once.
    pub fn say(&mut self, phone: PhoneId, clip: ClipId) {
        self.command(Command::Play { leg: LegId(phone.0), play: PlayId(phone.0), clips: vec![clip] });
    }

    /// Listens: `Output::Heard` for all that arrives.
    pub fn listen(&mut self, phone: PhoneId, on: bool) {
        self.command(Command::Tap { leg: LegId(phone.0), on });
    }

    /// Gives a buffer of `Heard` back to the worker.
    pub fn recycle(&mut self, samples: Box<[i16]>) {
        self.command(Command::Recycle { samples });
    }

    #[must_use]
    pub fn line(&self, phone: PhoneId) -> Option<&Line> {
        self.lines.get(&phone)
    }

    /// Lines in use.
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.lines.len()
    }

    #[must_use]
    pub fn sip_counts(&self) -> sip::Counts {
        self.sip.counts()
    }

    pub fn handle(&mut self, now: Moment, input: Input) {
        match input {
            Input::Datagram { flow, bytes } => self.sip.handle_datagram(now, flow, &bytes),
            Input::Stream { flow, bytes } => self.sip.handle_stream(now, flow, &bytes),
            Input::Closed { connection } => self.sip.handle_closed(now, connection),
            Input::TransportError { flow } => self.sip.handle_transport_error(now, flow),
            Input::Media(event) => self.on_media(event),
        }
        self.settle(now);
    }

    pub fn handle_timeout(&mut self, now: Moment) {
        self.sip.handle_timeout(now);
        self.settle(now);
    }

    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        self.sip.poll_timeout()
    }

    #[must_use]
    pub fn poll_output(&mut self) -> Option<Output> {
        if let Some(transmit) = self.sip.poll_transmit() {
            return Some(Output::Sip(transmit));
        }
        self.outputs.pop_front()
    }

    fn settle(&mut self, now: Moment) {
        while let Some(event) = self.sip.poll_event() {
            self.on_sip(now, event);
        }
    }

    fn on_sip(&mut self, now: Moment, event: sip::Event) {
        use sip::Event;
        match event {
            Event::Incoming(incoming) => self.on_incoming(now, incoming),
            Event::Provisional { session, status, sdp } => self.on_provisional(session, status, sdp.as_deref()),
            Event::Answered { session, sdp } => self.on_answered(session, sdp.as_deref()),
            Event::Confirmed { session } => {
                if let Some(phone) = self.by_session.get(&session).copied() {
                    self.outputs.push_back(Output::Answered { phone });
                }
            }
            Event::Answer { session, sdp } | Event::OfferAnswered { session, sdp: Some(sdp) } => {
                if let Some(phone) = self.by_session.get(&session).copied() {
                    self.agree(phone, &sdp);
                }
            }
            Event::Failed { session, status, .. } => {
                if let Some(phone) = self.by_session.get(&session).copied() {
                    self.outputs.push_back(Output::Failed { phone, status });
                    self.over(phone);
                }
            }
            Event::Cancelled { session, .. } | Event::Ended { session, .. } => {
                if let Some(phone) = self.by_session.get(&session).copied() {
                    self.outputs.push_back(Output::Ended { phone });
                    self.over(phone);
                }
            }
            Event::Offered { session, sdp } => self.on_offered(now, session, sdp),
            Event::ReferProgress { session, status, last } => {
                if let Some(phone) = self.by_session.get(&session).copied() {
                    self.outputs.push_back(Output::Transfer { phone, status, last });
                }
            }
            Event::Refer { session, refer, .. } => self.refuse_refer(now, session, refer),
            Event::RegistrationChanged { account, ok, status } => {
                let gone = self.leaving && !ok;
                let user = if gone { self.accounts.remove(&account) } else { self.accounts.get(&account).cloned() };
                if let Some(user) = user {
                    self.outputs.push_back(Output::Registered { user, ok, status });
                }
            }
            Event::OfferRefused { session, .. } => {
                if let Some(line) = self.by_session.get(&session).and_then(|phone| self.lines.get_mut(phone)) {
                    line.negotiation.withdraw();
                }
            }
            Event::Refresh { session } => {
                if let Some(phone) = self.by_session.get(&session).copied() {
                    let holding = self.lines.get(&phone).is_some_and(|line| line.holding);
                    self.hold(now, phone, holding);
                }
            }
            Event::Digit { session, digit, .. } => {
                if let Some(phone) = self.by_session.get(&session).copied() {
                    self.outputs.push_back(Output::Digit { phone, digit });
                }
            }
            Event::OfferAnswered { .. }
            | Event::Registered { .. }
            | Event::Unregistered { .. }
            | Event::AuthFailed { .. }
            | Event::Banned { .. } => {}
        }
    }

    fn on_answered(&mut self, session: SessionId, sdp: Option<&[u8]>) {
        let Some(phone) = self.by_session.get(&session).copied() else { return };
        if let Some(sdp) = sdp {
            self.agree(phone, sdp);
        }
        if let Some(line) = self.lines.get_mut(&phone) {
            line.answered = true;
        }
        self.outputs.push_back(Output::Answered { phone });
    }

    fn on_provisional(&mut self, session: SessionId, status: u16, sdp: Option<&[u8]>) {
        let Some(phone) = self.by_session.get(&session).copied() else { return };
        if let Some(sdp) = sdp {
            self.agree(phone, sdp);
        }
        if status == 180 || status == 183 {
            self.outputs.push_back(Output::Ringing { phone });
        }
    }

    fn refuse_refer(&mut self, now: Moment, session: SessionId, refer: ReferId) {
        self.sip.refuse_refer(now, session, refer, 603);
    }

    fn on_incoming(&mut self, now: Moment, incoming: sip::Incoming) {
        let line = if self.leaving { None } else { self.open() };
        let Some((phone, mut negotiation)) = line else {
            return self.sip.reject(now, incoming.session, 486, None, None);
        };
        let answer = match &incoming.offer {
            Some(offer) => match negotiation.answer(offer) {
                Ok((sdp, agreed)) => {
                    self.command(agree_command(phone, &agreed));
                    sdp
                }
                Err(_) => {
                    self.command(Command::Close { leg: LegId(phone.0) });
                    return self.sip.reject(now, incoming.session, 488, None, None);
                }
            },
            None => negotiation.offer(Direction::SendRecv),
        };
        let user = incoming.to_user.clone();
        self.insert(Line {
            phone,
            user: user.clone(),
            session: incoming.session,
            negotiation,
            answer: Some(answer),
            answered: false,
            holding: false,
            ended: false,
        });
        self.outputs.push_back(Output::Incoming { phone, user, from: incoming.from.user });
    }

    fn on_offered(&mut self, now: Moment, session: SessionId, offer: Option<Bytes>) {
        let line = self.by_session.get(&session).and_then(|phone| self.lines.get_mut(phone));
        let Some(line) = line else { return self.sip.refuse_offer(now, session, 481) };
        let phone = line.phone;
        let Some(offer) = offer else {
            let sdp = line.negotiation.offer(Direction::SendRecv);
            return self.sip.answer_offer(now, session, sdp);
        };
        match line.negotiation.answer(&offer) {
            Ok((sdp, agreed)) => {
                self.command(agree_command(phone, &agreed));
                self.sip.answer_offer(now, session, sdp);
                self.outputs.push_back(Output::Held { phone, held: agreed.held });
            }
            Err(_) => self.sip.refuse_offer(now, session, 488),
        }
    }

    fn on_media(&mut self, event: media::Event) {
        match event {
            media::Event::Heard { leg, samples } => {
                self.outputs.push_back(Output::Heard { phone: PhoneId(leg.0), samples });
            }
            media::Event::Digit { leg, digit } => {
                self.outputs.push_back(Output::Digit { phone: PhoneId(leg.0), digit });
            }
            media::Event::Closed { leg, slot, statistics } => {
                self.free.push_back(slot);
                let phone = PhoneId(leg.0);
                if let Some(line) = self.lines.remove(&phone) {
                    self.by_session.remove(&line.session);
                }
                self.outputs.push_back(Output::Closed { phone, statistics });
            }
            _ => {}
        }
    }

    fn agree(&mut self, phone: PhoneId, sdp: &[u8]) {
        if let Some(line) = self.lines.get_mut(&phone)
            && let Ok(agreed) = line.negotiation.handle_answer(sdp)
        {
            self.command(agree_command(phone, &agreed));
        }
    }

    fn open(&mut self) -> Option<(PhoneId, Negotiation)> {
        let slot = self.free.pop_front()?;
        let port = *self.settings.ports.get(usize::from(slot.0))?;
        self.next += 1;
        let phone = PhoneId(self.next);
        let seed = self.seed ^ self.next.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.command(Command::Open { leg: LegId(phone.0), slot, seed });
        let local = SocketAddr::new(self.settings.media_address, port);
        Some((phone, Negotiation::new(local, self.settings.codecs.clone(), seed >> 2)))
    }

    fn insert(&mut self, line: Line) {
        self.by_session.insert(line.session, line.phone);
        self.lines.insert(line.phone, line);
    }

    fn over(&mut self, phone: PhoneId) {
        if let Some(line) = self.lines.get_mut(&phone)
            && !line.ended
        {
            line.ended = true;
            self.command(Command::Close { leg: LegId(phone.0) });
        }
    }

    fn command(&mut self, command: Command) {
        self.outputs.push_back(Output::Media(command));
    }
}

fn agree_command(phone: PhoneId, agreed: &crate::sdp::Agreed) -> Command {
    Command::Agree {
        leg: LegId(phone.0),
        remote: agreed.remote,
        codec: agreed.codec,
        send_types: PayloadTypes {
            audio: agreed.payload_type,
            telephone_event: agreed.telephone_event,
            comfort_noise: agreed.comfort_noise,
        },
        receive_types: PayloadTypes {
            audio: agreed.receive_payload_type,
            telephone_event: agreed.receive_telephone_event,
            comfort_noise: agreed.receive_comfort_noise,
        },
        send: agreed.direction.sends(),
        receive: agreed.direction.receives(),
        packet_time_ms: agreed.packet_time_ms,
    }
}
