//! Reliable provisional responses, both ways: ours are repeated until their PRACK, the peer's get one.
//! Never lets a final answer overtake a description. RFC 3262.

use super::clients::{Asker, ClientId};
use super::dispatch::with_allow;
use super::doors::{Alarm, Endpoint, Wait};
use super::event::{Event, SessionId};
use super::servers::{Answer, Answerer};
use crate::model::Moment;
use crate::sip::body::session_description;
use crate::sip::flow::Flow;
use crate::sip::header_name::HeaderName;
use crate::sip::message::Message;
use crate::sip::method::Method;
use crate::sip::reliable::{Unheard, reliable_number};
use crate::sip::session::{Session, State};
use bytes::Bytes;

impl Endpoint {
    /// Sends a provisional answer, reliably where the caller takes that; one at a time.
    pub(super) fn say_provisional(&mut self, now: Moment, id: SessionId, status: u16, sdp: Option<Bytes>) {
        let Some(Session { state: State::Ringing { server, offered, provisionals, .. }, .. }) =
            self.sessions.get_mut(&id)
        else {
            return;
        };
        // A caller that made no offer gets ours with the answer to the call: before that it could not answer it.
        let sdp = sdp.filter(|_| *offered);
        let described = sdp.is_some();
        if provisionals.unheard.is_some() {
            provisionals.waiting = Some((status, sdp));
            return;
        }
        let (server, rseq) = (*server, provisionals.number(described));
        let mut answer = with_allow(Answer::new(status)).with_session(sdp);
        if let Some(rseq) = rseq {
            answer = answer.with(HeaderName::Require, "100rel").with(HeaderName::RSeq, rseq.to_string());
        }
        let Some((bytes, rseq)) = self.respond(now, server, &answer).zip(rseq) else { return };
        if let Some(Session { state: State::Ringing { provisionals, .. }, .. }) = self.sessions.get_mut(&id) {
            provisionals.unheard = Some(Unheard { rseq, bytes, rounds: 0, described });
        }
        self.timers.set(Alarm::Session(id, Wait::Unheard), now + self.durations.t1);
        self.timers.set(Alarm::Session(id, Wait::NoPrack), now + self.durations.patience());
    }

    /// The reliable answer again: twice the time each round (3).
    pub(super) fn repeat_reliable(&mut self, now: Moment, id: SessionId) {
        let t1 = self.durations.t1;
        let Some(Session { state: State::Ringing { server, provisionals, .. }, .. }) = self.sessions.get_mut(&id)
        else {
            return;
        };
        let Some(unheard) = &mut provisionals.unheard else { return };
        unheard.rounds += 1;
        let wait = t1.saturating_mul(1 << unheard.rounds.min(16));
        let (server, bytes) = (*server, unheard.bytes.clone());
        self.timers.set(Alarm::Session(id, Wait::Unheard), now + wait);
        if let Some(back) = self.way_back_of(server) {
            self.counters.retransmits_sent += 1;
            self.send_back(server, back, bytes);
        }
    }

    /// No PRACK came: the call cannot be answered (3).
    pub(super) fn on_no_prack(&mut self, now: Moment, id: SessionId) {
        let Some(Session { state: State::Ringing { server, .. }, .. }) = self.sessions.get(&id) else { return };
        let server = *server;
        self.respond(now, server, &Answer::new(504).because("No PRACK"));
        self.end_session(now, id);
        self.events.push_back(Event::Cancelled { session: id, status: 504 });
    }

    /// A PRACK came.
    pub(super) fn on_prack(&mut self, now: Moment, id: SessionId, flow: Flow, prack: Message) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let heard = match &mut session.state {
            State::Ringing { provisionals, dialog, .. } => {
                provisionals.acknowledge(&prack, dialog.remote_cseq_of_offer)
            }
            State::Calling { .. } | State::Talking(_) => false,
        };
        // The offer was settled with our response; a second one this early is more than we take.
        let offers = session_description(&prack).is_ok_and(|sdp| sdp.is_some());
        let status = match (heard, offers) {
            (false, _) => 481,
            (true, true) => 488,
            (true, false) => 200,
        };
        let server = self.open_server(prack, flow, Answerer::Endpoint);
        self.respond(now, server, &Answer::new(status));
        if !heard {
            return;
        }
        self.timers.clear(Alarm::Session(id, Wait::Unheard));
        self.timers.clear(Alarm::Session(id, Wait::NoPrack));
        let Some(Session { state: State::Ringing { provisionals, .. }, .. }) = self.sessions.get_mut(&id) else {
            return;
        };
        let (waiting, answer) = (provisionals.waiting.take(), provisionals.answer.take());
        match (answer, waiting) {
            (Some(sdp), _) => self.answer(now, id, sdp),
            (None, Some((status, sdp))) => self.say_provisional(now, id, status, sdp),
            (None, None) => {}
        }
    }

    /// Sends the PRACK that a response of the peer wants. False for one that was heard before, or out of its order:
    /// it says nothing new (4).
    pub(super) fn acknowledge_provisional(
        &mut self,
        now: Moment,
        id: SessionId,
        client: ClientId,
        response: &Message,
    ) -> bool {
        let Some(rseq) = reliable_number(response) else { return true };
        let Some(invite) = self.clients.get(client).map(|client| client.draft.cseq) else { return false };
        let Ok(Some(tag)) = response.to().map(|to| to.tag().map(Bytes::copy_from_slice)) else { return false };
        let Some(session) = self.sessions.get_mut(&id) else { return false };
        let (peer, login) = (session.peer.clone(), session.login.clone());
        let State::Calling { early, offered, .. } = &mut session.state else { return false };
        // Without an offer of ours the PRACK would owe an answer; we said that we do not know this.
        if !*offered {
            return true;
        }
        let Some(dialog) = early.iter_mut().find(|dialog| dialog.remote_tag == tag) else { return false };
        if dialog.heard_rseq.is_some_and(|last| rseq != last.wrapping_add(1)) {
            return false;
        }
        dialog.heard_rseq = Some(rseq);
        let used = self.clients.get(client).map_or(0, |client| client.dialog_cseq);
        dialog.local_cseq = dialog.local_cseq.max(used);
        let draft = dialog.request(Method::Prack).with(HeaderName::RAck, format!("{rseq} {invite} INVITE"));
        let dialog = dialog.clone();
        if let Some(client) = self.clients.get_mut(client) {
            client.dialog_cseq = draft.cseq;
        }
        let flow = self.way_of(&dialog, &peer);
        self.send_request(now, draft, flow, Asker::Leave(login));
        true
    }
}
