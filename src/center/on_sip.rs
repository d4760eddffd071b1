//! What the SIP endpoint says, in the words of calls. No decision here but whom to tell.

use std::time::Duration;

use bytes::Bytes;

use super::center::{Center, Contact, WaitFacts};
use super::event::{CallSource, EventKind};
use super::lines::{Line, Media};
use super::settings::Entry;
use crate::call::{self, Begin, Call, Role, Rules, Speech};
use crate::media::{Command, PayloadTypes};
use crate::model::{AgentId, CallDirection, CallId, EndedBy, LegId, Moment, PhoneNumber};
use crate::sdp::{self, Agreed, Negotiation, SdpError};
use crate::sip::{Event, Identity, Incoming, ReferId, ReferTarget, SessionId};

impl Center {
    pub(super) fn on_sip(&mut self, now: Moment, event: Event) {
        match event {
            Event::Incoming(incoming) => self.on_incoming(now, incoming),
            Event::Cancelled { session, status } => self.on_gone(now, session, status),
            Event::Confirmed { session } => self.tell_of(now, session, |leg| call::Input::Answered { leg }),
            Event::Answer { session, sdp } => match self.agree_to_answer(session, &sdp) {
                Ok(held) => self.note_hold(now, session, held),
                Err(_) => self.hang_up_for_media(now, session),
            },
            Event::Provisional { session, status, sdp } => self.on_provisional(now, session, status, sdp),
            Event::Answered { session, sdp } => self.on_answered(now, session, sdp),
            Event::Failed { session, status, .. } => self.on_failed(now, session, status),
            Event::Offered { session, sdp } => self.on_offered(now, session, sdp),
            Event::OfferAnswered { session, sdp } => {
                // A refused change leaves the old agreement standing (RFC 3264 8), so an error changes nothing.
                if let Some(Ok(held)) = sdp.map(|sdp| self.agree_to_answer(session, &sdp)) {
                    self.note_hold(now, session, held);
                }
            }
            Event::OfferRefused { session, .. } => {
                if let Some(media) = self.lines.of_session_mut(session).and_then(|line| line.media.as_mut()) {
                    media.negotiation.withdraw();
                }
            }
            Event::Refresh { session } => {
                if let Some(media) = self.lines.of_session_mut(session).and_then(|line| line.media.as_mut()) {
                    let sdp = media.negotiation.offer(sdp::Direction::SendRecv);
                    self.sip.offer(now, session, sdp);
                }
            }
            Event::Digit { session, digit, duration } => {
                if let Some((leg, call)) = self.lines.of_session(session).map(|line| (line.leg, line.call)) {
                    // In a conversation it is for the other side, as a key in the stream is.
                    let duration = duration.clamp(KEY_SHORTEST, KEY_LONGEST);
                    self.command_of(leg, |_| Command::PassKey { leg, digit, duration });
                    self.on_digit(now, call, leg, digit);
                }
            }
            Event::Refer { session, refer, target, .. } => self.on_refer(now, session, refer, &target),
            Event::ReferProgress { .. } => {}
            Event::RegistrationChanged { account, ok, status } => self.on_registration(now, account, ok, status),
            Event::Ended { session, by_peer, .. } => self.on_ended(now, session, by_peer),
            Event::Registered { user, expires, new, .. } => {
                if new {
                    let expires_ms = millis(expires);
                    self.event(now, None, EventKind::PhoneRegistered { device: user.clone(), expires_ms });
                    self.phone_came(now, &user);
                }
                self.today.touch();
            }
            Event::Unregistered { user, expired } => {
                self.event(now, None, EventKind::PhoneUnregistered { device: user.clone(), expired });
                self.phone_went(now, &user, expired);
                self.today.touch();
            }
            Event::Banned { source, life } => {
                let life_ms = millis(life);
                self.event(now, None, EventKind::SourceBanned { source: source.to_string(), life_ms });
            }
            Event::AuthFailed { user, source } => {
                let user = PhoneNumber::new(&user).masked();
                self.event(now, None, EventKind::AuthFailed { user, source: source.to_string() });
            }
        }
    }

    fn on_incoming(&mut self, now: Moment, incoming: Incoming) {
        let to = PhoneNumber::new(&incoming.to_user).undecorated();
        let (from, source) = self.who(&incoming);
        if let Some(why) = self.why_closed() {
            self.sip.reject(now, incoming.session, 503, Some(Duration::from_secs(5)), None);
            return self.event(now, None, EventKind::CallRefused { from, to, status: 503, why });
        }
        self.next_call += 1;
        let id = CallId(self.next_call);
        let leg = self.mint.mint();
        let code = self.code_of(&incoming);
        let told = code.as_ref().map(|code| (Begin::Tell(code.reply.clone()), None));
        let entry = told.or_else(|| self.entry_of(&incoming));
        let direction = direction_of(&incoming.identity, entry.as_ref().map(|(begin, _)| begin));
        let (begin, flow) = entry.clone().unwrap_or((Begin::Flow, None));
        let worker = self.worker_for(&incoming);
        let made_by = match &incoming.identity {
            Identity::Device(device) if !matches!(begin, Begin::Tell(_)) => self.settings.person_of_device(device),
            _ => None,
        };
        let made_by = made_by.map(|person| person.id);
        let contact = Contact {
            call: Call::new(id, leg, begin, self.rules(made_by), now),
            made_by,
            direction,
            from: from.clone(),
            to: to.clone(),
            worker,
            max_forwards: incoming.max_forwards,
            flow,
            session: None,
            flow_started: false,
            flow_play: None,
            call_play: None,
            announced_whole: true,
            path: Vec::new(),
            wait: WaitFacts { tell_position: true, tell_expected: true, ..WaitFacts::default() },
            timer: None,
        };
        self.calls.insert(id, contact);
        let received = EventKind::CallReceived { from: from.clone(), to: to.clone(), source, direction };
        self.event(now, Some(id), received);
        let refusal = match entry {
            // Whoever dials nonsense costs no port.
            None => {
                self.lines.insert(Line::of_caller(now, id, leg, &incoming, from.clone()));
                Some((404, "no such number".to_owned()))
            }
            Some(_) => self.open_caller(now, id, leg, worker, &incoming, from.clone()),
        };
        if let Some(contact) = self.calls.get_mut(&id) {
            match refusal {
                Some((status, why)) => {
                    contact.call.refuse(now, status);
                    self.event(now, Some(id), EventKind::CallRefused { from, to, status, why });
                }
                None => {
                    contact.call.begin(now, &mut self.mint);
                    self.change_duty(now, id, made_by, code);
                }
            }
        }
        self.touched.push_back(id);
    }

    /// The charter's promises as a call keeps them; to a colleague nobody owes the last word.
    fn rules(&self, made_by: Option<AgentId>) -> Rules {
        let policy = self.charter.policy();
        Rules {
            guard: policy.guard,
            ring_limit: policy.ring_limit(),
            transfer_ring_limit: policy.transfer_ring_limit,
            announce_transfers: policy.announce_transfers,
            caller_hangs_up_first: policy.caller_hangs_up_first && made_by.is_none(),
            closing_wait: policy.closing_wait,
        }
    }

    /// Whoever is on a call already may be about to join the two, which one worker alone can do.
    fn worker_for(&self, incoming: &Incoming) -> usize {
        let person = match &incoming.identity {
            Identity::Device(device) => self.settings.person_of_device(device),
            Identity::Trunk(_) => None,
        };
        let calls = person.and_then(|person| self.acd.agent(person.id)).map(|view| view.calls).unwrap_or_default();
        let own = calls.first().and_then(|call| self.calls.get(call)).map(|contact| contact.worker);
        own.unwrap_or_else(|| self.ports.roomiest())
    }

    /// Why nobody is let in at present.
    fn why_closed(&self) -> Option<String> {
        if self.draining {
            return Some("the server takes no more calls: it is about to stop".to_owned());
        }
        let full = self.calls.len() >= self.settings.calls_max;
        full.then(|| format!("all {} calls are in use", self.settings.calls_max))
    }

    /// Whose call it is: the number that records show and the trunk or phone it came by.
    fn who(&self, incoming: &Incoming) -> (PhoneNumber, CallSource) {
        match &incoming.identity {
            Identity::Device(user) => {
                let number = self.settings.person_of_device(user).map(|person| person.direct_number.clone());
                (number.unwrap_or_else(|| PhoneNumber::new(user)), CallSource::Device(user.clone()))
            }
            Identity::Trunk(name) => {
                let number = incoming.asserted.as_deref().unwrap_or(&incoming.from.user);
                (PhoneNumber::new(number), CallSource::Trunk(name.clone()))
            }
        }
    }

    /// What is behind the dialled number, and the flow if it is one.
    fn entry_of(&self, incoming: &Incoming) -> Option<(Begin, Option<std::sync::Arc<crate::ivr::Flow>>)> {
        let number = PhoneNumber::new(&incoming.to_user).undecorated();
        let number = number.reveal();
        match self.settings.numbers.get(number).map(|facts| &facts.entry) {
            Some(Entry::Flow(name)) => return self.flows.get(name).map(|flow| (Begin::Flow, Some(flow.clone()))),
            Some(Entry::Queue(queue)) => return Some((Begin::Queue(*queue), None)),
            Some(Entry::Person(person)) => return Some((Begin::Person(*person), None)),
            Some(Entry::Echo) => return Some((Begin::Echo, None)),
            Some(Entry::Tones) => return Some((Begin::Tones, None)),
            Some(Entry::ReadNumber) => return Some((Begin::Tell(Speech::CallerNumber), None)),
            None => {}
        }
        if let Some(person) = self.settings.people.iter().find(|p| p.direct_number.reveal() == number) {
            return Some((Begin::Person(person.id), None));
        }
        // Only our own people may dial out: a caller from outside never reaches a trunk by number.
        let ours = matches!(incoming.identity, Identity::Device(_));
        (ours && self.settings.dial_rule(number).is_some()).then(|| (Begin::Outside(PhoneNumber::new(number)), None))
    }

    /// The caller's line with its port and the answer to its offer; a refusal when there can be none.
    fn open_caller(
        &mut self,
        now: Moment,
        call: CallId,
        leg: LegId,
        worker: usize,
        incoming: &Incoming,
        party: PhoneNumber,
    ) -> Option<(u16, String)> {
        let mut line = Line::of_caller(now, call, leg, incoming, party);
        let opened = self.open_caller_media(now, leg, worker, incoming.offer.as_ref());
        let refusal = match opened {
            Ok((media, answer)) => {
                (line.media, line.answer) = (Some(media), Some(answer));
                None
            }
            Err(refusal) => Some(refusal),
        };
        self.lines.insert(line);
        refusal
    }

    /// A port for a caller whose offer we can take, and what our answer will say. Nothing is sent there before that
    /// answer has left.
    fn open_caller_media(
        &mut self,
        now: Moment,
        leg: LegId,
        worker: usize,
        offer: Option<&Bytes>,
    ) -> Result<(Media, Bytes), (u16, String)> {
        let no_port = || (503, "no RTP port is free".to_owned());
        let (slot, port) = self.ports.take(now, worker).ok_or_else(no_port)?;
        let (mut media, seed) = self.media_at(leg, worker, port);
        let answer = match offer.map(|offer| media.negotiation.answer(offer)) {
            None => media.negotiation.offer(sdp::Direction::SendRecv),
            Some(Ok((answer, agreed))) => {
                media.codec = Some(agreed.codec);
                answer
            }
            Some(Err(error)) => {
                self.ports.put_back(worker, slot);
                return Err((sdp_status(&error), error.to_string()));
            }
        };
        self.command(worker, Command::Open { leg, slot, seed });
        Ok((media, answer))
    }

    /// A port for a leg, opened on the worker.
    pub(super) fn open_media(&mut self, now: Moment, leg: LegId, worker: usize) -> Option<Media> {
        let (slot, port) = self.ports.take(now, worker)?;
        let (media, seed) = self.media_at(leg, worker, port);
        self.command(worker, Command::Open { leg, slot, seed });
        Some(media)
    }

    fn media_at(&self, leg: LegId, worker: usize, port: u16) -> (Media, u64) {
        // The id needs to be unique within us, not secret (RFC 8866 5.2).
        let seed = leg.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ self.wall.zero_unix_ms.unsigned_abs();
        let local = std::net::SocketAddr::new(self.settings.media.address, port);
        let negotiation = Negotiation::new(local, self.settings.media.codecs.clone(), seed >> 2);
        (Media { worker, negotiation, codec: None }, seed)
    }

    /// The caller has been told where we listen: what was agreed with the answer holds from now on.
    pub(super) fn agree_as_answered(&mut self, leg: LegId) {
        let media = self.lines.get(leg).and_then(|line| line.media.as_ref());
        if let Some((worker, agreed)) =
            media.and_then(|media| Some((media.worker, media.negotiation.agreed()?.clone())))
        {
            self.agree(worker, leg, &agreed);
        }
    }

    pub(super) fn agree(&mut self, worker: usize, leg: LegId, agreed: &Agreed) {
        let direction = agreed.direction;
        self.command(
            worker,
            Command::Agree {
                leg,
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
                send: direction.sends(),
                receive: direction.receives(),
                packet_time_ms: agreed.packet_time_ms,
            },
        );
    }

    /// Keeps the worker's watch true: only a line that is answered, not held and free to speak can fall silent.
    pub(super) fn watch(&mut self, leg: LegId) {
        let Some(line) = self.lines.get(leg) else { return };
        let agreed = line.media.as_ref().and_then(|media| media.negotiation.agreed());
        let speaks = agreed.is_some_and(|agreed| agreed.direction.receives() && !agreed.held);
        let on = speaks && line.answered.is_some();
        self.command_of(leg, |_| Command::Watch { leg, on });
    }

    /// What the peer's answer settles; whether it holds the call.
    fn agree_to_answer(&mut self, session: SessionId, sdp: &[u8]) -> Result<bool, SdpError> {
        let Some(line) = self.lines.of_session_mut(session) else { return Ok(false) };
        let leg = line.leg;
        let Some(media) = line.media.as_mut() else { return Ok(line.held) };
        let agreed = media.negotiation.handle_answer(sdp)?;
        media.codec = Some(agreed.codec);
        let worker = media.worker;
        self.agree(worker, leg, &agreed);
        self.watch(leg);
        Ok(agreed.held)
    }

    /// The call learns of a hold or its end, by whichever message it came.
    fn note_hold(&mut self, now: Moment, session: SessionId, held: bool) {
        let Some(line) = self.lines.of_session_mut(session) else { return };
        if line.held != held {
            line.held = held;
            let leg = line.leg;
            let input = if held { call::Input::Held { leg } } else { call::Input::Resumed { leg } };
            self.tell_call_of(now, leg, input);
        }
    }

    fn on_provisional(&mut self, now: Moment, session: SessionId, status: u16, sdp: Option<Bytes>) {
        let early_media = sdp.is_some_and(|sdp| self.agree_to_answer(session, &sdp).is_ok());
        let Some(line) = self.lines.of_session_mut(session) else { return };
        if status == 180 || status == 183 {
            line.ringing.get_or_insert(now);
            let leg = line.leg;
            self.tell_call_of(now, leg, call::Input::Ringing { leg, early_media });
        }
    }

    fn on_answered(&mut self, now: Moment, session: SessionId, sdp: Option<Bytes>) {
        let agreed = match &sdp {
            Some(sdp) => self.agree_to_answer(session, sdp),
            None => self.lines.of_session(session).and_then(|line| line.media.as_ref()).map_or(Ok(false), |media| {
                media.negotiation.agreed().map(|agreed| agreed.held).ok_or(SdpError::NoAudio)
            }),
        };
        let Some(line) = self.lines.of_session_mut(session) else { return };
        let leg = line.leg;
        let Ok(held) = agreed else {
            line.status = 488;
            self.sip.hangup(now, session, Some("SIP;cause=488;text=\"no common codec\""));
            self.tell_call_of(now, leg, call::Input::Failed { leg, status: 488 });
            return self.line_over(now, leg);
        };
        line.answered = Some(now);
        line.status = 200;
        self.watch(leg);
        self.tell_call_of(now, leg, call::Input::Answered { leg });
        self.note_hold(now, session, held);
    }

    fn on_failed(&mut self, now: Moment, session: SessionId, status: u16) {
        let Some(line) = self.lines.of_session_mut(session) else { return };
        line.status = status;
        let leg = line.leg;
        self.tell_call_of(now, leg, call::Input::Failed { leg, status });
        self.line_over(now, leg);
    }

    /// The peer's re-INVITE: hold, resume, a new address or codec.
    fn on_offered(&mut self, now: Moment, session: SessionId, offer: Option<Bytes>) {
        let Some(line) = self.lines.of_session_mut(session) else {
            return self.sip.refuse_offer(now, session, 481);
        };
        let leg = line.leg;
        let Some(media) = line.media.as_mut() else {
            return self.sip.refuse_offer(now, session, 488);
        };
        let worker = media.worker;
        let Some(offer) = offer else {
            let sdp = media.negotiation.offer(sdp::Direction::SendRecv);
            return self.sip.answer_offer(now, session, sdp);
        };
        match media.negotiation.answer(&offer) {
            Ok((sdp, agreed)) => {
                media.codec = Some(agreed.codec);
                self.agree(worker, leg, &agreed);
                self.watch(leg);
                self.sip.answer_offer(now, session, sdp);
                self.note_hold(now, session, agreed.held);
            }
            Err(error) => self.sip.refuse_offer(now, session, sdp_status(&error)),
        }
    }

    fn on_refer(&mut self, now: Moment, session: SessionId, refer: ReferId, asked: &ReferTarget) {
        let Some((leg, id)) = self.lines.of_session(session).map(|line| (line.leg, line.call)) else {
            return self.sip.refuse_refer(now, session, refer, 481);
        };
        if let Some(replaces) = &asked.replaces {
            return self.on_attended(now, (id, leg), (session, refer), replaces);
        }
        let may = self.calls.get(&id).is_some_and(|contact| contact.call.may_transfer(leg));
        let target = self.settings.transfer_target(&asked.user);
        // Somebody from outside must never dial through our trunks.
        let may = may && (self.is_ours(id, leg) || !matches!(target, Some(call::Target::Outside(_))));
        let Some(target) = target.filter(|_| may) else {
            return self.sip.refuse_refer(now, session, refer, if may { 404 } else { 403 });
        };
        self.sip.accept_refer(now, session, refer);
        if let Some(line) = self.lines.get_mut(leg) {
            line.refer = Some(refer);
        }
        self.tell_call(now, id, call::Input::Transfer { by: Some(leg), target });
    }

    /// An agent has consulted somebody on a second call and gives the first call's caller to them (RFC 5589 7). The
    /// colleague must not be rung a second time, so without that second call there is no transfer.
    fn on_attended(
        &mut self,
        now: Moment,
        (id, leg): (CallId, LegId),
        (session, refer): (SessionId, ReferId),
        replaces: &str,
    ) {
        let consulted = self.sip.session_named(replaces).and_then(|named| self.lines.of_session(named));
        let Some((other, own)) = consulted.map(|line| (line.call, line.leg)) else {
            return self.sip.refuse_refer(now, session, refer, 481);
        };
        let may = other != id && self.calls.get(&id).is_some_and(|contact| contact.call.may_transfer(leg));
        let same_person = self
            .lines
            .get(leg)
            .and_then(|line| line.agent)
            .is_some_and(|agent| self.calls.get(&other).is_some_and(|contact| contact.made_by == Some(agent)));
        if !may || !same_person {
            return self.sip.refuse_refer(now, session, refer, 403);
        }
        let talking = self.calls.get(&other).and_then(|contact| contact.call.talking());
        let target = talking.filter(|(caller, _)| *caller == own).and_then(|(_, with)| self.consulted(id, with));
        let Some((with, role, target)) = target else {
            return self.sip.refuse_refer(now, session, refer, 480);
        };
        self.sip.accept_refer(now, session, refer);
        if let Some(line) = self.lines.get_mut(leg) {
            line.refer = Some(refer);
        }
        if let Some(line) = self.lines.get_mut(with) {
            line.call = id;
        }
        self.event(now, Some(other), EventKind::LegMoved { leg: with, to: id });
        if let call::Target::Person(agent) = target {
            // Between the two calls nobody else may be given to the colleague.
            self.tell_acd(now, crate::acd::Input::Busy { agent, call: id });
        }
        self.tell_call(now, other, call::Input::GivenAway { leg: with });
        self.tell_call(now, id, call::Input::Attended { by: leg, leg: with, role, target });
    }

    /// Who was consulted, if the two can hear each other: the audio of one call is one worker's.
    fn consulted(&self, id: CallId, with: LegId) -> Option<(LegId, Role, call::Target)> {
        let line = self.lines.get(with)?;
        let worker = self.calls.get(&id)?.worker;
        let here = line.media.as_ref().is_some_and(|media| media.worker == worker);
        let target = match line.agent {
            Some(agent) => call::Target::Person(agent),
            None => call::Target::Outside(line.party.clone()),
        };
        here.then_some((with, line.role, target))
    }

    /// Whether one of our people is at the other end of this leg.
    fn is_ours(&self, id: CallId, leg: LegId) -> bool {
        let called = self.lines.get(leg).is_some_and(|line| line.agent.is_some());
        called || self.calls.get(&id).is_some_and(|contact| contact.made_by.is_some() && contact.call.caller() == leg)
    }

    /// The caller gave up before we answered.
    fn on_gone(&mut self, now: Moment, session: SessionId, status: u16) {
        let Some(line) = self.lines.of_session_mut(session) else { return };
        line.status = status;
        let leg = line.leg;
        self.tell_call_of(now, leg, call::Input::HungUp { leg });
        self.line_over(now, leg);
    }

    fn on_ended(&mut self, now: Moment, session: SessionId, by_peer: bool) {
        let Some((leg, id, role)) = self.lines.of_session(session).map(|l| (l.leg, l.call, l.role)) else { return };
        if role == Role::Caller && !by_peer {
            // Nobody hung up: the ACK never came or the way broke.
            self.tell_call(now, id, call::Input::End { by: EndedBy::Network });
        } else if !by_peer {
            // An agent whose signalling broke has not hung up: the caller must not pay for it.
            self.line_over(now, leg);
            return self.tell_call(now, id, call::Input::MediaLost { leg });
        } else {
            if role == Role::Caller {
                self.keep_message(now, id);
            }
            self.tell_call(now, id, call::Input::HungUp { leg });
        }
        self.line_over(now, leg);
    }

    fn hang_up_for_media(&mut self, now: Moment, session: SessionId) {
        let Some(leg) = self.lines.of_session(session).map(|line| line.leg) else { return };
        self.sip.hangup(now, session, Some("SIP;cause=488;text=\"no common codec\""));
        self.tell_call_of(now, leg, call::Input::HungUp { leg });
        self.line_over(now, leg);
    }

    fn tell_of(&mut self, now: Moment, session: SessionId, input: impl Fn(LegId) -> call::Input) {
        if let Some(leg) = self.lines.of_session(session).map(|line| line.leg) {
            self.tell_call_of(now, leg, input(leg));
        }
    }
}

/// Which way a call goes that comes by this identity and begins so; `None` where the number leads nowhere.
fn direction_of(identity: &Identity, begin: Option<&Begin>) -> CallDirection {
    match (begin, identity) {
        (None | Some(Begin::Echo | Begin::Tones | Begin::Tell(_)), _) => CallDirection::Service,
        (Some(Begin::Outside(_)), _) => CallDirection::Outbound,
        (Some(Begin::Flow | Begin::Queue(_) | Begin::Person(_)), Identity::Trunk(_)) => CallDirection::Inbound,
        (Some(Begin::Flow | Begin::Queue(_) | Begin::Person(_)), Identity::Device(_)) => CallDirection::Internal,
    }
}

/// The SIP status for an offer that we can not take (RFC 3261 21.4.26).
pub(super) fn sdp_status(error: &SdpError) -> u16 {
    match error {
        SdpError::Malformed(_) => 400,
        _ => 488,
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What a key by INFO may last on the other side, whatever its body claims.
const KEY_SHORTEST: Duration = Duration::from_millis(50);
const KEY_LONGEST: Duration = Duration::from_secs(5);
