//! `do = "hangup"`: the last words, then the end.

use crate::ivr::flow::{Node, Target};
use crate::ivr::session::{SPEECH_MAX, Session, State};
use crate::model::Moment;

impl Session {
    pub(in crate::ivr) fn close<'f>(&mut self, now: Moment, node: &'f Node) -> Option<&'f Target> {
        self.leave_queue();
        let words = self.words(node);
        if words.is_empty() {
            self.hang_up();
        } else {
            self.say(words);
            self.state = State::Closing { until: now + SPEECH_MAX };
        }
        None
    }
}
