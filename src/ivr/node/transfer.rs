//! `do = "transfer"`: says that the call goes elsewhere, then asks for it. Never dials.

use std::sync::Arc;

use crate::ivr::flow::{Node, Step, Target};
use crate::ivr::outside::Output;
use crate::ivr::session::{SPEECH_MAX, Session, State};
use crate::model::{Moment, Outcome};

impl Session {
    pub(in crate::ivr) fn announce_transfer<'f>(&mut self, now: Moment, node: &'f Node) -> Option<&'f Target> {
        self.leave_queue();
        let words = self.words(node);
        if words.is_empty() {
            self.start_transfer(now);
        } else {
            self.say(words);
            self.state = State::Announcing { until: now + SPEECH_MAX };
        }
        None
    }

    pub(in crate::ivr) fn start_transfer(&mut self, _now: Moment) {
        let flow = Arc::clone(&self.flow);
        let Some(Step::Transfer { to, .. }) = flow.nodes.get(self.node).map(|node| &node.step) else {
            return self.give_up();
        };
        self.outcome = Outcome::Unanswered;
        self.push(Output::Transfer { to: to.fill(&self.variables, str::to_owned) });
        self.state = State::Transferring;
    }

    pub(in crate::ivr) fn transfer_failed(&mut self, now: Moment) {
        let flow = Arc::clone(&self.flow);
        let step = flow.nodes.get(self.node).map(|node| &node.step);
        match step {
            Some(Step::Transfer { on_error: Some(link), .. }) => self.go(now, &link.target),
            _ => self.fail(now),
        }
    }
}
