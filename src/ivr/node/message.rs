//! `do = "message"`: has a text message sent. Never sends; whether the message was taken decides the way.

use std::sync::Arc;
use std::time::Duration;

use super::callback::is_number;
use crate::ivr::flow::{Link, Node, Step, Target, Template};
use crate::ivr::outside::Output;
use crate::ivr::session::{Session, State};
use crate::model::Moment;

impl Session {
    pub(in crate::ivr) fn send_message<'f>(
        &mut self,
        now: Moment,
        node: &'f Node,
        to: &Template,
        text: &Template,
        on_error: Option<&'f Link>,
    ) -> Option<&'f Target> {
        let to = to.fill(&self.variables, str::to_owned);
        let text = text.fill(&self.variables, str::to_owned);
        if !is_number(&to) {
            let error = on_error.or(node.on_fail.as_ref());
            if error.is_none() {
                self.give_up();
            }
            return error.map(|link| &link.target);
        }
        self.push(Output::Message { to, text });
        self.state = State::Sending { until: now + SENDING_MAX };
        None
    }

    pub(in crate::ivr) fn sent(&mut self, now: Moment, taken: bool) {
        let flow = Arc::clone(&self.flow);
        let Some(Step::Message { next, on_error, .. }) = flow.nodes.get(self.node).map(|node| &node.step) else {
            return self.give_up();
        };
        match on_error {
            _ if taken => self.go(now, &next.target),
            Some(link) => self.go(now, &link.target),
            None => self.fail(now),
        }
    }
}

/// The caller hears nothing meanwhile, so a sender that is slower than this has failed.
const SENDING_MAX: Duration = Duration::from_secs(5);
