//! `do = "collect"`: several digits into a variable, ended by their number, by the stop key or by a pause.
//! Digits are never menu keys while there is more to key; a lone digit that is too short for an entry may be one.

use std::time::Duration;

use super::menu::Answer;
use crate::ivr::flow::{Collect, Node};
use crate::ivr::outside::Output;
use crate::ivr::session::{Session, State};
use crate::ivr::spoken;
use crate::ivr::variable::Value;
use crate::model::{Digit, Moment};

impl Session {
    pub(super) fn collect_digit<'f>(
        &mut self,
        now: Moment,
        node: &'f Node,
        collect: &'f Collect,
        digit: Digit,
    ) -> Answer<'f> {
        let State::Asking(asking) = &mut self.state else { return Answer::More };
        if asking.confirming {
            return self.confirm(now, node, collect, digit);
        }
        let keyed = asking.entered.len();
        if collect.stop == Some(digit) {
            return if keyed >= collect.digits_min {
                self.entry_complete(now, node, collect)
            } else {
                self.wrong_entry(now, node)
            };
        }
        if !digit.key().is_ascii_digit() {
            return match node.key(digit) {
                Some(key) => self.follow_key(node, key),
                None => self.wrong_entry(now, node),
            };
        }
        asking.entered.push(digit);
        if keyed + 1 < collect.digits_max {
            return Answer::More;
        }
        // People end every number with the pound key, also where nobody asked them to.
        let end = collect.stop.or(Digit::new('#'));
        self.stray_end = end.map(|end| (end, now + STRAY_END));
        self.entry_complete(now, node, collect)
    }

    /// The caller has not gone on keying.
    pub(super) fn entry_paused<'f>(&mut self, now: Moment, node: &'f Node, collect: &'f Collect) -> Answer<'f> {
        let State::Asking(asking) = &self.state else { return Answer::More };
        if asking.confirming || asking.entered.is_empty() {
            return self.silence(now, node);
        }
        if asking.entered.len() >= collect.digits_min {
            return self.entry_complete(now, node, collect);
        }
        match asking.entered.as_slice() {
            [lone] if node.key(*lone).is_some() => match node.key(*lone) {
                Some(key) => self.follow_key(node, key),
                None => Answer::More,
            },
            _ => self.wrong_entry(now, node),
        }
    }

    fn entry_complete<'f>(&mut self, now: Moment, node: &'f Node, collect: &'f Collect) -> Answer<'f> {
        self.push(Output::KeyPressed { node: node.name.clone(), key: None });
        if let State::Asking(asking) = &mut self.state
            && collect.confirm
        {
            asking.confirming = true;
            self.prompt(now, node, Vec::new());
            return Answer::Speaking;
        }
        self.take_entry(collect)
    }

    fn confirm<'f>(&mut self, now: Moment, node: &'f Node, collect: &'f Collect, digit: Digit) -> Answer<'f> {
        match digit.key() {
            spoken::KEY_RIGHT => self.take_entry(collect),
            spoken::KEY_WRONG => {
                if let State::Asking(asking) = &mut self.state {
                    asking.confirming = false;
                }
                self.prompt(now, node, Vec::new());
                Answer::Speaking
            }
            _ => self.wrong_entry(now, node),
        }
    }

    fn take_entry<'f>(&mut self, collect: &'f Collect) -> Answer<'f> {
        if let State::Asking(asking) = &self.state {
            let digits = asking.entered.iter().map(|digit| digit.key()).collect();
            self.variables.insert(collect.variable.text.clone(), Value::Digits(digits));
        }
        Answer::Go(&collect.next.target)
    }
}

/// How long after a complete entry its end key still belongs to it.
const STRAY_END: Duration = Duration::from_secs(3);
