//! `do = "hours"`: one way while somebody is there, another way otherwise. Takes no time.

use crate::ivr::flow::{Flow, Link, Name, Target};
use crate::ivr::hours::OpeningHours;
use crate::ivr::session::Session;
use crate::model::Moment;

impl Session {
    pub(in crate::ivr) fn choose_by_hours<'f>(
        &mut self,
        now: Moment,
        flow: &'f Flow,
        hours: &Name,
        open: &'f Link,
        closed: &'f Link,
    ) -> &'f Target {
        if self.is_open(now, flow, hours) { &open.target } else { &closed.target }
    }

    /// Whether the named hours are open now. `always` is built in.
    pub(in crate::ivr) fn is_open(&self, now: Moment, flow: &Flow, hours: &Name) -> bool {
        let at = self.wall.unix_ms(now);
        match flow.hours.get(&hours.text) {
            Some(hours) => hours.is_open(at, &flow.time_zone),
            None => hours.text == ALWAYS && OpeningHours::always().is_open(at, &flow.time_zone),
        }
    }
}

/// The hours every flow has.
pub(in crate::ivr) const ALWAYS: &str = "always";
