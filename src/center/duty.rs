//! Agents come to work, take breaks and go home by their telephones: by registering, by falling silent, by dialling a
//! code. What a supervisor or a web page says comes in by `on_admin`.

use super::center::Center;
use crate::acd;
use crate::call::Speech;
use crate::model::{AgentId, CallId, Moment, PhoneNumber};
use crate::sip::{Identity, Incoming};

/// A feature code that was dialled: what is said back, and what it changes if the call is taken.
pub(super) struct Code {
    pub(super) reply: Speech,
    pub(super) change: Option<acd::Input>,
}

impl Center {
    /// A phone that can be rung: its agent begins to work, or ends the break that the phone's loss was.
    pub(super) fn phone_came(&mut self, now: Moment, device: &str) {
        let Some((agent, auto_login)) = self.agent_of(device) else { return };
        let Some(view) = self.acd.agent(agent) else { return };
        let was_lost = |reason: &acd::PauseReason| *reason == acd::PauseReason::no_phone();
        let back = match (&view.state, &view.after_call) {
            (acd::AgentState::NotReady { reason, .. }, _) => was_lost(reason),
            (acd::AgentState::Talking { .. }, acd::AfterCall::NotReady(reason)) => was_lost(reason),
            _ => false,
        };
        if back {
            self.tell_acd(now, acd::Input::Resume { agent });
        } else if auto_login && view.state == acd::AgentState::LoggedOut {
            self.tell_acd(now, acd::Input::LogIn { agent });
        }
    }

    /// The last phone of an agent is gone. One that signed off took its agent home; one that fell silent did not say so,
    /// and until it is back nobody is offered to it.
    pub(super) fn phone_went(&mut self, now: Moment, device: &str, expired: bool) {
        if !self.sip.bindings(device).is_empty() {
            return;
        }
        let Some((agent, auto_login)) = self.agent_of(device) else { return };
        let input = if auto_login && !expired {
            acd::Input::LogOut { agent }
        } else {
            acd::Input::Pause { agent, reason: acd::PauseReason::no_phone() }
        };
        // Someone on a break or at home, or about to go there, is no more absent for it.
        let works = self.acd.agent(agent).is_some_and(|view| {
            let away = matches!(view.state, acd::AgentState::LoggedOut | acd::AgentState::NotReady { .. });
            !away && view.after_call == acd::AfterCall::Ready
        });
        if works || matches!(input, acd::Input::LogOut { .. }) {
            self.tell_acd(now, input);
        }
    }

    /// What a call that was taken means for the agent who made it.
    pub(super) fn change_duty(&mut self, now: Moment, call: CallId, made_by: Option<AgentId>, code: Option<Code>) {
        if let Some(agent) = made_by {
            // Whoever is on a call of their own making is not offered another.
            self.tell_acd(now, acd::Input::Busy { agent, call });
        }
        match code.and_then(|code| code.change) {
            Some(change @ (acd::Input::LogIn { agent } | acd::Input::Resume { agent })) => {
                self.at_the_desk(now, agent, change);
            }
            Some(change) => self.tell_acd(now, change),
            None => {}
        }
    }

    /// Somebody has come to work, or back from a break; without a phone that means another break.
    pub(super) fn at_the_desk(&mut self, now: Moment, agent: AgentId, input: acd::Input) {
        self.tell_acd(now, input);
        let reachable = self.settings.person(agent).is_some_and(|person| !self.sip.bindings(&person.device).is_empty());
        if !reachable {
            self.tell_acd(now, acd::Input::Pause { agent, reason: acd::PauseReason::no_phone() });
        }
    }

    fn agent_of(&self, device: &str) -> Option<(AgentId, bool)> {
        self.settings.person_of_device(device).map(|person| (person.id, person.auto_login))
    }

    /// The feature code that a phone of the house has dialled, if it is one.
    pub(super) fn code_of(&self, incoming: &Incoming) -> Option<Code> {
        let Identity::Device(device) = &incoming.identity else { return None };
        let number = PhoneNumber::new(&incoming.to_user).undecorated();
        let number = number.reveal();
        let codes = &self.settings.feature_codes;
        let reason = number
            .strip_prefix(codes.pause.as_str())
            .filter(|_| !codes.pause.is_empty())
            .map(|rest| rest.chars().next().and_then(|digit| codes.reasons.get(&digit).cloned()).unwrap_or_default());
        let known =
            [&codes.log_in, &codes.log_out, &codes.resume].into_iter().any(|code| !code.is_empty() && code == number);
        if !known && reason.is_none() {
            return None;
        }
        let Some((agent, _)) = self.agent_of(device) else {
            return Some(Code { reply: Speech::NotAnAgent, change: None });
        };
        let offline = self.acd.agent(agent).is_some_and(|view| view.state == acd::AgentState::LoggedOut);
        if offline && (number == codes.resume || reason.is_some()) {
            return Some(Code { reply: Speech::LogInFirst, change: None });
        }
        let (change, reply) = if number == codes.log_in {
            (acd::Input::LogIn { agent }, Speech::LoggedIn)
        } else if number == codes.log_out {
            (acd::Input::LogOut { agent }, Speech::LoggedOut)
        } else if number == codes.resume {
            (acd::Input::Resume { agent }, Speech::Resumed)
        } else {
            let reason = acd::PauseReason(reason.unwrap_or_default());
            (acd::Input::Pause { agent, reason }, Speech::Paused)
        };
        Some(Code { reply, change: Some(change) })
    }
}
