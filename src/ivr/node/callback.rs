//! `do = "callback"`: promises a call to a number and gives the place in the queue back. Takes no time; dials nothing.

use crate::ivr::flow::{Due, Link, Node, Target, Template};
use crate::ivr::outside::Output;
use crate::ivr::session::Session;
use crate::model::Outcome;

impl Session {
    /// A number that is withheld cannot be called: the error edge, on which the flow may ask for one.
    pub(in crate::ivr) fn promise_callback<'f>(
        &mut self,
        node: &'f Node,
        to: &Template,
        due: Due,
        next: &'f Link,
        on_error: Option<&'f Link>,
    ) -> Option<&'f Target> {
        let to = to.fill(&self.variables, str::to_owned);
        if !is_number(&to) {
            let error = on_error.or(node.on_fail.as_ref());
            if error.is_none() {
                self.give_up();
            }
            return error.map(|link| &link.target);
        }
        let queue = self.waited_in.clone();
        self.outcome = Outcome::Callback;
        self.push(Output::Callback { to, due, queue });
        self.leave_queue();
        Some(&next.target)
    }
}

/// Whether something can be dialled at all; a withheld number is empty.
pub(super) fn is_number(to: &str) -> bool {
    to.chars().filter(char::is_ascii_digit).count() >= DIGITS_MIN
}

/// Extensions have three digits at least; fewer is no number.
const DIGITS_MIN: usize = 3;
