//! `do = "play"`: says something and goes on. A key is kept for the next menu, and stops the words where that is allowed.

use std::sync::Arc;

use crate::ivr::flow::{Link, Node, Skip, Step, Target};
use crate::ivr::outside::Output;
use crate::ivr::session::{SPEECH_MAX, Session, State};
use crate::model::{Digit, Moment};

impl Session {
    /// Whoever has already pressed a key for what comes next does not wait for words that may be skipped.
    pub(in crate::ivr) fn play<'f>(
        &mut self,
        now: Moment,
        node: &Node,
        skip: Skip,
        next: &'f Link,
    ) -> Option<&'f Target> {
        let words = self.words(node);
        if words.is_empty() || (skip == Skip::AnyKey && !self.ahead.is_empty()) {
            return Some(&next.target);
        }
        self.say(words);
        self.state = State::Playing { until: now + SPEECH_MAX };
        None
    }

    pub(in crate::ivr) fn key_while_playing(&mut self, now: Moment, digit: Digit) {
        self.keep(digit);
        let flow = Arc::clone(&self.flow);
        if let Some(Step::Play { skip: Skip::AnyKey, next }) = flow.nodes.get(self.node).map(|node| &node.step) {
            self.push(Output::Hush);
            self.go(now, &next.target);
        }
    }

    pub(in crate::ivr) fn played(&mut self, now: Moment) {
        let flow = Arc::clone(&self.flow);
        if let Some(Step::Play { next, .. }) = flow.nodes.get(self.node).map(|node| &node.step) {
            self.go(now, &next.target);
        }
    }
}
