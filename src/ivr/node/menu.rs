//! `do = "menu"`, and what menus and collects share: speaking, listening, counting silences and wrong keys.
//! Silence repeats the words; a wrong key is named as one first; after the last try the caller is led on, never dropped.

use std::sync::Arc;

use crate::ivr::flow::{Flow, KeyLink, Node, Step, Target};
use crate::ivr::outside::Output;
use crate::ivr::session::{Asking, SPEECH_MAX, Session, State};
use crate::ivr::spoken;
use crate::model::{Clip, Digit, Moment};

/// What a key led to.
pub(super) enum Answer<'f> {
    /// On to another step.
    Go(&'f Target),
    /// More is wanted.
    More,
    /// Words are being spoken again.
    Speaking,
}

impl Session {
    /// Enters a menu or a collect. Keys pressed ahead are taken first, and the words are left out when there were any.
    pub(in crate::ivr) fn ask<'f>(&mut self, now: Moment, flow: &'f Flow, at: usize) -> Option<&'f Target> {
        let node = flow.nodes.get(at)?;
        match self.levels.iter().position(|level| *level == at) {
            Some(level) => self.levels.truncate(level + 1),
            None => self.levels.push(at),
        }
        self.state = State::Asking(Asking {
            tries: 0,
            entered: Vec::new(),
            confirming: false,
            speaking: false,
            until: now + node.timeout,
        });
        if self.ahead.is_empty() {
            self.prompt(now, node, Vec::new());
            return None;
        }
        self.answer_ahead(now, node)
    }

    /// The words are over; keys kept meanwhile are taken, else the caller has the time-out to answer.
    pub(in crate::ivr) fn listen(&mut self, now: Moment) {
        let flow = Arc::clone(&self.flow);
        let Some(node) = flow.nodes.get(self.node) else { return self.give_up() };
        self.hear(now, node);
        if let Some(target) = self.answer_ahead(now, node) {
            self.go(now, target);
        }
    }

    pub(in crate::ivr) fn key_while_asking(&mut self, now: Moment, digit: Digit) {
        let flow = Arc::clone(&self.flow);
        let Some(node) = flow.nodes.get(self.node) else { return self.give_up() };
        if matches!(&self.state, State::Asking(asking) if asking.speaking) {
            self.push(Output::Hush);
        }
        self.hear(now, node);
        if let Answer::Go(target) = self.answer(now, node, digit) {
            self.go(now, target);
        }
    }

    /// The time-out passed.
    pub(in crate::ivr) fn asked_in_vain(&mut self, now: Moment) {
        let flow = Arc::clone(&self.flow);
        let Some(node) = flow.nodes.get(self.node) else { return self.give_up() };
        let answer = match &node.step {
            Step::Collect(collect) => self.entry_paused(now, node, collect),
            _ => self.silence(now, node),
        };
        if let Answer::Go(target) = answer {
            self.go(now, target);
        }
    }

    /// `@repeat`: the same words again, which costs no try.
    pub(in crate::ivr) fn repeat(&mut self, now: Moment) {
        let flow = Arc::clone(&self.flow);
        if let Some(node) = flow.nodes.get(self.node) {
            self.prompt(now, node, Vec::new());
        }
    }

    /// Whether a key stops the words of the current node.
    pub(in crate::ivr) fn barges_in(&self) -> bool {
        self.flow.nodes.get(self.node).is_some_and(|node| node.barge_in)
    }

    /// Takes the keys that were pressed ahead, until one leads on.
    fn answer_ahead<'f>(&mut self, now: Moment, node: &'f Node) -> Option<&'f Target> {
        while let Some(digit) = self.ahead.pop_front() {
            match self.answer(now, node, digit) {
                Answer::Go(target) => return Some(target),
                Answer::Speaking => return None,
                Answer::More => {}
            }
        }
        None
    }

    fn answer<'f>(&mut self, now: Moment, node: &'f Node, digit: Digit) -> Answer<'f> {
        match &node.step {
            Step::Collect(collect) => self.collect_digit(now, node, collect, digit),
            _ => match node.key(digit) {
                Some(key) => self.follow_key(node, key),
                None => self.wrong_entry(now, node),
            },
        }
    }

    /// The caller said nothing.
    pub(super) fn silence<'f>(&mut self, now: Moment, node: &'f Node) -> Answer<'f> {
        if self.goes_on_waiting(node) {
            return Answer::Go(&Target::Resume);
        }
        self.try_again(now, node, Vec::new())
    }

    /// The caller said something that means nothing here. What was pressed after it is forgotten.
    pub(super) fn wrong_entry<'f>(&mut self, now: Moment, node: &'f Node) -> Answer<'f> {
        self.ahead.clear();
        self.push(Output::KeyPressed { node: node.name.clone(), key: None });
        self.try_again(now, node, vec![spoken::wrong_key(self.language_of(node))])
    }

    fn try_again<'f>(&mut self, now: Moment, node: &'f Node, first: Vec<Clip>) -> Answer<'f> {
        let State::Asking(asking) = &mut self.state else { return Answer::More };
        asking.tries += 1;
        if asking.tries < node.tries_max {
            self.prompt(now, node, first);
            return Answer::Speaking;
        }
        if self.goes_on_waiting(node) {
            return Answer::Go(&Target::Resume);
        }
        match &node.on_fail {
            Some(link) => Answer::Go(&link.target),
            None => {
                self.give_up();
                Answer::Speaking
            }
        }
    }

    /// A caller who waits in a queue and does not answer a menu over it wants to go on waiting,
    /// unless that menu itself says where such a caller goes.
    fn goes_on_waiting(&self, node: &Node) -> bool {
        self.place.is_some() && !node.own_on_fail
    }

    /// Says `first` and then the words of the node, or reads back what was keyed when that is the question.
    pub(super) fn prompt(&mut self, now: Moment, node: &Node, first: Vec<Clip>) {
        let mut words = first;
        let language = self.language_of(node);
        let State::Asking(asking) = &mut self.state else { return };
        if asking.confirming {
            let digits: String = asking.entered.iter().map(|digit| digit.key()).collect();
            words.extend(spoken::read_back(language, &digits));
        } else {
            asking.entered.clear();
            words.extend(self.words(node));
        }
        if words.is_empty() {
            return self.hear(now, node);
        }
        if let State::Asking(asking) = &mut self.state {
            asking.speaking = true;
            asking.until = now + SPEECH_MAX;
        }
        self.say(words);
    }

    /// Waits for the next key.
    pub(super) fn hear(&mut self, now: Moment, node: &Node) {
        if let State::Asking(asking) = &mut self.state {
            asking.speaking = false;
            asking.until = now + node.timeout;
        }
    }

    /// A key of the menu was chosen.
    pub(super) fn follow_key<'f>(&mut self, node: &Node, key: &'f KeyLink) -> Answer<'f> {
        self.push(Output::KeyPressed { node: node.name.clone(), key: Some(key.digit) });
        // The words begin anew, and so does listening to what was pressed ahead.
        if key.link.target == Target::Repeat {
            self.ahead.clear();
        }
        Answer::Go(&key.link.target)
    }
}
