//! What a call asks for, in the words of SIP, media, queues and flows.

use super::center::{Center, Play};
use super::event::{CallRecord, EventKind, MissedWhy, Promise, TransferBack};
use super::lines::Line;
use super::on_sip::millis;
use super::settings::DialRule;
use crate::acd;
use crate::call::{self, Destination, Fact, HangUpWhy, Hear, OfferEnd, Output, Progress, Role, Speech, Target};
use crate::ivr;
use crate::media::{Command, PlayId};
use crate::model::{AgentId, CallId, LegId, Moment, OfferId, PhoneNumber, QueueId};
use crate::sdp::Direction;
use crate::sip::{self, Invite, Party};

impl Center {
    pub(super) fn for_call(&mut self, now: Moment, id: CallId, output: Output) {
        match output {
            Output::Ring { leg } => self.ring(now, leg, None),
            Output::EarlyMedia { leg, from } => self.ring(now, leg, Some(from)),
            Output::Answer { leg } => self.answer(now, leg),
            Output::Refuse { leg, status } => self.refuse(now, leg, status),
            Output::Dial { leg, role, to, ring_limit } => self.dial(now, id, leg, role, to, ring_limit),
            Output::HangUp { leg, why } => self.hang_up(now, leg, why),
            Output::Hear { leg, hear } => self.hear(now, id, leg, hear),
            Output::Bridge { a, b } => self.bridge(id, a, b),
            Output::Part { a, b } => self.command_of(a, |_| Command::Unbridge { a, b }),
            Output::StartFlow => self.start_flow(now, id),
            Output::StopFlow => self.stop_flow(now, id),
            Output::FlowTransferFailed => self.tell_flow(now, id, ivr::Input::TransferFailed),
            Output::Enqueue { queue, keep_age } => self.enqueue_again(now, id, queue, keep_age),
            Output::LeaveQueue { why } => self.leave_queue(now, id, why),
            Output::HuntOn { person } => self.hunt_on(now, id, person),
            Output::OfferRings { offer } => self.tell_acd(now, acd::Input::Rings { offer }),
            Output::OfferEnded { offer, end } => {
                let input = match end {
                    OfferEnd::Accepted => acd::Input::Accepted { offer },
                    OfferEnd::Refused | OfferEnd::Unreachable => acd::Input::Refused { offer },
                    OfferEnd::RangOut => acd::Input::Missed { offer },
                };
                self.tell_acd(now, input);
            }
            Output::AgentRung { agent } => self.tell_acd(now, acd::Input::Rung { agent, call: id }),
            Output::AgentUnanswered { agent, missed } => {
                self.tell_acd(now, acd::Input::Unanswered { agent, call: id, missed });
            }
            Output::AgentBusy { agent } => self.tell_acd(now, acd::Input::Busy { agent, call: id }),
            Output::AgentReleased { agent } => {
                self.tell_acd(now, acd::Input::Released { agent, call: id, wrap_up: true });
            }
            Output::TransferProgress { leg, progress } => self.transfer_progress(now, leg, progress),
            Output::Fact(fact) => self.fact(now, id, fact),
            Output::Ended(summary) => self.ended(now, id, &summary),
        }
    }

    fn ring(&mut self, now: Moment, leg: LegId, early: Option<LegId>) {
        let Some(line) = self.lines.get_mut(leg) else { return };
        line.ringing.get_or_insert(now);
        let session = line.session;
        match (early, line.answer.clone()) {
            (Some(from), Some(sdp)) => {
                self.sip.provisional(now, session, 183, Some(sdp));
                self.agree_as_answered(leg);
                self.command_of(leg, |_| Command::Bridge { a: leg, b: from });
            }
            _ => self.sip.provisional(now, session, 180, None),
        }
    }

    fn answer(&mut self, now: Moment, leg: LegId) {
        let Some(line) = self.lines.get_mut(leg) else { return };
        line.answered = Some(now);
        line.status = 200;
        if let Some(sdp) = line.answer.clone() {
            let session = line.session;
            self.sip.answer(now, session, sdp);
            self.agree_as_answered(leg);
        }
        self.watch(leg);
    }

    fn refuse(&mut self, now: Moment, leg: LegId, status: u16) {
        let Some(line) = self.lines.get_mut(leg) else { return };
        line.status = status;
        let session = line.session;
        // The text says what we can take instead (RFC 3261 20.43).
        let warning = (status == 488).then(|| "no common codec: this server speaks PCMU and PCMA".to_owned());
        let retry = (status == 503).then_some(std::time::Duration::from_secs(5));
        self.sip.reject(now, session, status, retry, warning);
        self.line_over(now, leg);
    }

    fn dial(
        &mut self,
        now: Moment,
        id: CallId,
        leg: LegId,
        role: Role,
        to: Destination,
        ring_limit: std::time::Duration,
    ) {
        let Some(contact) = self.calls.get(&id) else { return };
        let (worker, from, hops) = (contact.worker, contact.from.clone(), contact.max_forwards);
        if self.is_taken(id, &to) {
            return self.tell_call(now, id, call::Input::Failed { leg, status: 486 });
        }
        let Some((target, party, shown, credentials)) = self.route(&to, &from) else {
            return self.tell_call(now, id, call::Input::Failed { leg, status: 404 });
        };
        if hops == 0 {
            return self.tell_call(now, id, call::Input::Failed { leg, status: 483 });
        }
        let Some(mut media) = self.open_media(now, leg, worker) else {
            return self.tell_call(now, id, call::Input::Failed { leg, status: 503 });
        };
        let sdp = media.negotiation.offer(Direction::SendRecv);
        let session = self.sip.invite(
            now,
            Invite {
                target,
                from: Party { display: None, user: shown.reveal().to_owned() },
                to_display: None,
                sdp: Some(sdp),
                headers: Vec::new(),
                ring_limit,
                max_forwards: hops - 1,
                credentials,
            },
        );
        let agent = match to {
            Destination::Agent(agent) => Some(agent),
            Destination::Outside(_) => None,
        };
        let line = Line::new(now, (id, leg, role), agent, party, session);
        self.lines.insert(Line { media: Some(media), ..line });
    }

    /// Whether the agent is on another call already, or another call rings there: one call at a time.
    fn is_taken(&self, id: CallId, to: &Destination) -> bool {
        let Destination::Agent(agent) = to else { return false };
        self.acd.agent(*agent).is_some_and(|view| match view.state {
            acd::AgentState::Talking { .. } => true,
            acd::AgentState::Reserved { call, .. } => call != id,
            _ => view.rung_by.is_some_and(|call| call != id),
        })
    }

    /// Where a destination's INVITE goes, whom the record names, and the number that we show.
    #[allow(clippy::type_complexity)]
    fn route(
        &self,
        to: &Destination,
        from: &PhoneNumber,
    ) -> Option<(sip::Target, PhoneNumber, PhoneNumber, Option<(String, String)>)> {
        match to {
            Destination::Agent(agent) => {
                let person = self.settings.person(*agent)?;
                let device = person.device.clone();
                Some((sip::Target::Device(device.clone()), PhoneNumber::new(&device), from.clone(), None))
            }
            Destination::Outside(number) => {
                let DialRule { trunk, .. } = self.settings.dial_rule(number.reveal())?;
                let uri = format!("sip:{}@{}", number.reveal(), trunk.host);
                let target = sip::Target::Address { uri, transport: trunk.transport, remote: trunk.remote };
                // Only a number of ours may be shown outside (promises K10).
                let shown = trunk.caller_id.clone().unwrap_or_else(|| from.clone());
                Some((target, number.clone(), shown, trunk.credentials.clone()))
            }
        }
    }

    fn hang_up(&mut self, now: Moment, leg: LegId, why: HangUpWhy) {
        let Some(line) = self.lines.get(leg) else { return };
        let reason = match why {
            HangUpWhy::Normal | HangUpWhy::Transferred => None,
            HangUpWhy::Cancelled => Some("SIP;cause=200;text=\"answered or left elsewhere\""),
            HangUpWhy::RangOut => Some("SIP;cause=408;text=\"not answered before the third ring\""),
            HangUpWhy::MediaLost => Some("SIP;cause=480;text=\"no media\""),
        };
        let session = line.session;
        if !line.signalling_over {
            self.sip.hangup(now, session, reason);
        }
        self.line_over(now, leg);
    }

    /// Signalling of this leg is over: its media closes, and the port comes back with the worker's last word.
    pub(super) fn line_over(&mut self, now: Moment, leg: LegId) {
        let Some(line) = self.lines.get_mut(leg) else { return };
        if line.signalling_over {
            return;
        }
        line.signalling_over = true;
        line.ended = Some(now);
        line.refer = None;
        if line.media.is_some() {
            self.command_of(leg, |_| Command::Close { leg });
        } else if let Some(line) = self.lines.remove(leg) {
            self.record_leg(now, &line, None);
        }
    }

    fn hear(&mut self, now: Moment, id: CallId, leg: LegId, hear: Hear) {
        let Some(contact) = self.calls.get_mut(&id) else { return };
        if contact.call.caller() == leg {
            let speaks = contact.flow_play.is_some() || contact.call_play.is_some();
            if hear == Hear::Music && speaks {
                // A sentence is heard to its end; music follows when it is done.
                return;
            }
            // Whatever follows replaces the call's own sentence, which will never report its end.
            if let Some(play) = contact.call_play.take() {
                self.plays.remove(&play);
            }
        }
        match hear {
            Hear::Music => {
                let music = self.music_of(id);
                self.loop_clip(leg, &music);
            }
            Hear::Ringback => self.loop_clip(leg, RINGBACK),
            Hear::Silence => self.command_of(leg, |_| Command::Stop { leg }),
            Hear::Echo => self.command_of(leg, |_| Command::Bridge { a: leg, b: leg }),
            Hear::Say { play, speech } => self.announce(now, id, leg, play, &speech),
        }
    }

    /// What this caller hears while waiting or on hold.
    fn music_of(&self, id: CallId) -> String {
        let queue = self.calls.get(&id).and_then(|contact| contact.wait.queue);
        let facts = queue.and_then(|queue| self.settings.queue(queue));
        facts.map_or(&self.settings.music, |facts| &facts.music).clone()
    }

    fn loop_clip(&mut self, leg: LegId, name: &str) {
        match self.library.find(name) {
            Some(clip) => self.command_of(leg, |_| Command::Loop { leg, clip }),
            None => self.command_of(leg, |_| Command::Stop { leg }),
        }
    }

    fn announce(&mut self, now: Moment, id: CallId, leg: LegId, number: u32, speech: &Speech) {
        let clips = self.speech_clips(id, speech);
        let (clips, complete) = self.find_clips(now, id, &clips);
        let play = self.new_play(id, Play::Call { play: number, complete });
        if let Some(contact) = self.calls.get_mut(&id) {
            if let Some(flow_play) = contact.flow_play.take() {
                self.plays.remove(&flow_play);
            }
            contact.call_play = Some(play);
            contact.announced_whole = complete;
        }
        self.command_of(leg, |_| Command::Play { leg, play, clips });
    }

    pub(super) fn new_play(&mut self, id: CallId, whose: Play) -> PlayId {
        self.next_play += 1;
        let play = PlayId(self.next_play);
        self.plays.insert(play, (id, whose));
        play
    }

    fn bridge(&mut self, id: CallId, a: LegId, b: LegId) {
        // Whatever is being said is cut: an agent never waits for a prompt to end.
        if let Some(contact) = self.calls.get_mut(&id) {
            for play in [contact.flow_play.take(), contact.call_play.take()].into_iter().flatten() {
                self.plays.remove(&play);
            }
        }
        self.command_of(a, |_| Command::Stop { leg: a });
        self.command_of(b, |_| Command::Stop { leg: b });
        self.command_of(a, |_| Command::Bridge { a, b });
    }

    fn leave_queue(&mut self, now: Moment, id: CallId, why: call::LeaveWhy) {
        let why = match why {
            call::LeaveWhy::Abandoned => acd::LeaveReason::Abandoned,
            call::LeaveWhy::Transferred => acd::LeaveReason::Transferred,
            call::LeaveWhy::GivenUp => acd::LeaveReason::NoAgents,
            call::LeaveWhy::Closed => acd::LeaveReason::Closed,
        };
        self.tell_acd(now, acd::Input::Leave { call: id, why });
    }

    /// Back into a queue, or into one without a flow.
    fn enqueue_again(&mut self, now: Moment, id: CallId, queue: QueueId, keep_age: bool) {
        let Some(contact) = self.calls.get_mut(&id) else { return };
        let wait = &mut contact.wait;
        if wait.queue != Some(queue) {
            // Another queue, other rules; only the priority is the caller's own.
            wait.needs.clear();
            wait.queue = Some(queue);
            if let Some(facts) = self.settings.queue(queue) {
                wait.announce_every = facts.announce_every;
                (wait.tell_position, wait.tell_expected) = (facts.tell_position, facts.tell_expected_wait);
            }
        }
        let since = wait.since.filter(|_| keep_age).unwrap_or(now);
        wait.since = Some(since);
        let since = contact.waiting_since(now).unwrap_or(now);
        let wait = &contact.wait;
        let waiting = acd::Waiting {
            call: id,
            queue,
            needs: wait.needs.clone(),
            priority: wait.priority,
            since,
            prefer: None,
            announce_every: wait.announce_every,
            max_wait: None,
        };
        let name = self.settings.queue(queue).map_or_else(String::new, |facts| facts.name.clone());
        self.tell_flow(now, id, ivr::Input::Requeued { queue: name });
        self.enter_queue(now, waiting);
    }

    pub(super) fn enter_queue(&mut self, now: Moment, waiting: acd::Waiting) {
        self.tell_acd(now, acd::Input::Enter(waiting));
    }

    fn hunt_on(&mut self, now: Moment, id: CallId, person: AgentId) {
        let queue = self.settings.person(person).and_then(|person| person.queues.first().copied());
        match queue {
            Some(queue) => {
                self.tell_call(now, id, call::Input::Enqueued { queue });
                self.enqueue_again(now, id, queue, false);
            }
            None => self.tell_call(now, id, call::Input::QueueGivesUp),
        }
    }

    fn transfer_progress(&mut self, now: Moment, leg: LegId, progress: Progress) {
        let Some(line) = self.lines.get_mut(leg) else { return };
        let Some(refer) = line.refer else { return };
        let (session, (status, last)) = (
            line.session,
            match progress {
                Progress::Ringing => (180, false),
                Progress::Queued => (182, true),
                Progress::Completed => (200, true),
                Progress::Failed { status } => (status, true),
            },
        );
        if last {
            line.refer = None;
        }
        self.sip.notify_refer(now, session, refer, status, last);
    }

    fn fact(&mut self, now: Moment, id: CallId, fact: Fact) {
        let call = Some(id);
        match fact {
            Fact::CallerAnswered { rang } => {
                self.event(now, call, EventKind::CallAnswered { rang_ms: millis(rang) });
                if self.is_promised(id) {
                    let verdict = self.charter.check_ring(Promise::AnswerBeforeThirdRing, rang, true);
                    self.promise(now, id, Promise::AnswerBeforeThirdRing, verdict, None, Some(rang));
                }
            }
            Fact::CallerGaveUpRinging { .. } | Fact::HungUpFirst { .. } | Fact::AgentAnswered { .. }
                if !self.is_promised(id) => {}
            Fact::CallerGaveUpRinging { rang } => {
                let verdict = self.charter.check_ring(Promise::AnswerBeforeThirdRing, rang, false);
                self.promise(now, id, Promise::AnswerBeforeThirdRing, verdict, None, Some(rang));
            }
            Fact::AgentAnswered { agent: _, rang } => {
                let verdict = self.charter.check_ring(Promise::AgentBeforeThirdRing, rang, true);
                let queue = self.calls.get(&id).and_then(|contact| contact.wait.queue);
                self.promise(now, id, Promise::AgentBeforeThirdRing, verdict, queue, Some(rang));
            }
            Fact::OfferLost { offer, agent, end, rang } => self.offer_lost(now, id, offer, agent, end, rang),
            Fact::Connected { agent } => self.connected(now, id, agent),
            Fact::Held { leg } => self.event(now, call, EventKind::CallHeld { leg }),
            Fact::Resumed { leg } => self.event(now, call, EventKind::CallResumed { leg }),
            Fact::TransferAnnounced { target } => self.transfer_announced(now, id, &target),
            Fact::TransferUnannounced { .. } => {
                let verdict = self.charter.check_kept(Promise::TransferAnnounced, false);
                self.promise(now, id, Promise::TransferAnnounced, verdict, None, None);
            }
            Fact::TransferCompleted { target } => {
                let to = self.target_name(&target);
                self.event(now, call, EventKind::TransferCompleted { to });
            }
            Fact::TransferFailed { target, status, back } => {
                let to = self.target_name(&target);
                let back_to = match back {
                    call::TransferBack::FirstAgent => TransferBack::FirstAgent,
                    call::TransferBack::Queue(_) => TransferBack::Queue,
                    call::TransferBack::Flow => TransferBack::Flow,
                    call::TransferBack::Nobody => TransferBack::Nobody,
                };
                self.event(now, call, EventKind::TransferFailed { to, status, back_to });
            }
            Fact::HungUpFirst { by } => {
                let verdict = self.charter.check_hang_up(by);
                let queue = self.calls.get(&id).and_then(|contact| contact.wait.queue);
                self.promise(now, id, Promise::CallerHangsUpFirst, verdict, queue, None);
            }
        }
    }

    /// An agent's own call out, or a service number, is no caller's concern.
    fn is_promised(&self, id: CallId) -> bool {
        self.calls.get(&id).is_some_and(|contact| contact.made_by.is_none() && contact.call.is_promised())
    }

    /// How long a phone may ring for this call: as its queue says, or the policy where no queue gave the call.
    fn ring_limit(&self, id: CallId, offer: Option<OfferId>) -> std::time::Duration {
        let queue = self.calls.get(&id).and_then(|contact| contact.wait.queue).filter(|_| offer.is_some());
        let settings = queue.and_then(|queue| self.settings.acd.queues.iter().find(|known| known.id == queue));
        settings.map_or_else(|| self.charter.policy().ring_limit(), |settings| settings.ring_limit)
    }

    fn offer_lost(
        &mut self,
        now: Moment,
        id: CallId,
        offer: Option<OfferId>,
        agent: AgentId,
        end: OfferEnd,
        rang: std::time::Duration,
    ) {
        let queue = self.calls.get(&id).and_then(|contact| contact.wait.queue);
        let why = match end {
            OfferEnd::Accepted => return,
            OfferEnd::Refused => MissedWhy::Refused,
            OfferEnd::Unreachable => MissedWhy::Unreachable,
            OfferEnd::RangOut => MissedWhy::RangOut,
        };
        self.event(now, Some(id), EventKind::OfferMissed { agent, queue, why, rang_ms: millis(rang) });
        if end == OfferEnd::RangOut && rang >= self.ring_limit(id, offer) && self.is_promised(id) {
            // Had a slow link or the phone itself ended the ringing sooner, no third ring would have been missed.
            let verdict = self.charter.check_kept(Promise::AgentBeforeThirdRing, false);
            self.promise(now, id, Promise::AgentBeforeThirdRing, verdict, queue, Some(rang));
        }
    }

    fn connected(&mut self, now: Moment, id: CallId, agent: Option<AgentId>) {
        let Some(contact) = self.calls.get(&id) else { return };
        let waited = contact.waiting_since(now).map_or(std::time::Duration::ZERO, |since| now.since(since));
        let queue = contact.wait.queue;
        if let Some(session) = self.calls.get_mut(&id).and_then(|contact| contact.session.as_mut()) {
            session.handle(now, ivr::Input::Served);
        }
        self.event(now, Some(id), EventKind::CallConnected { agent, queue, waited_ms: millis(waited) });
    }

    fn transfer_announced(&mut self, now: Moment, id: CallId, target: &Target) {
        let complete = self.calls.get(&id).is_some_and(|contact| contact.announced_whole);
        let facts = self.target_facts(id, target);
        let named = !facts.department.is_empty() && !facts.name.is_empty() && !facts.number.reveal().is_empty();
        self.event(
            now,
            Some(id),
            EventKind::TransferAnnounced {
                to: self.target_name(target),
                department: facts.department,
                name: facts.name,
                callback_number: facts.number,
            },
        );
        let verdict = if named {
            self.charter.check_kept(Promise::TransferAnnounced, complete)
        } else {
            // An outside number has neither department nor name: there was no more to say.
            self.charter.excuse(Promise::TransferAnnounced)
        };
        self.promise(now, id, Promise::TransferAnnounced, verdict, None, None);
    }

    fn ended(&mut self, now: Moment, id: CallId, summary: &call::Summary) {
        // The queue's last word on this caller belongs before the record.
        self.hear_acd(now);
        let Some(contact) = self.forget_call(id) else { return };
        if let Some(agent) = contact.made_by {
            self.tell_acd(now, acd::Input::Released { agent, call: id, wrap_up: false });
        }
        let unix = |moment: Moment| self.wall.unix_ms(moment);
        let record = CallRecord {
            call: id,
            from: contact.from,
            to: contact.to,
            direction: contact.direction,
            received_ms: unix(summary.received),
            answered_ms: summary.answered.map(unix),
            connected_ms: summary.connected.map(unix),
            ended_ms: unix(summary.ended),
            outcome: summary.outcome,
            ended_by: summary.ended_by,
            status: summary.status,
            flow: contact.flow.as_ref().map_or_else(String::new, |flow| flow.id.clone()),
            flow_version: contact.flow.as_ref().map_or_else(String::new, |flow| flow.version.clone()),
            path: contact.path.join(">"),
            queue: summary.queue.and_then(|q| self.settings.queue(q)).map_or_else(String::new, |q| q.name.clone()),
            agent: summary.agent.and_then(|a| self.settings.person(a)).map_or_else(String::new, |p| p.name.clone()),
            waited_ms: millis(summary.waited),
            talked_ms: millis(summary.talked),
            held_ms: millis(summary.held),
            transfers: summary.transfers,
        };
        self.event(now, Some(id), EventKind::CallEnded { record: Box::new(record) });
    }
}

/// What a caller hears while the transfer's target rings.
const RINGBACK: &str = "tone/ringback";
