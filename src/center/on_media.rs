//! What the media workers say: keys, announcements that ended, lines that fell silent, legs that closed.

use super::center::{Center, Play};
use super::event::EventKind;
use super::on_sip::millis;
use crate::media::{Event, Statistics};
use crate::model::{CallId, Digit, LegId, Moment};
use crate::{call, ivr, media};

impl Center {
    pub(super) fn on_media(&mut self, now: Moment, worker: usize, event: Event) {
        match event {
            // Samples go from the worker's shell straight to the recordings' writer.
            Event::Opened { .. } | Event::MediaStarted { .. } | Event::Recorded { .. } | Event::Heard { .. } => {}
            Event::Digit { leg, digit } => {
                if let Some(call) = self.lines.get(leg).map(|line| line.call) {
                    self.on_digit(now, call, leg, digit);
                }
            }
            Event::PlayFinished { play, .. } => self.on_played(now, play),
            Event::MediaLost { leg, silent_for } => {
                // A line that is being closed has nothing to lose any more.
                let open = self.lines.get(leg).filter(|line| !line.signalling_over);
                let Some(call) = open.map(|line| line.call) else { return };
                self.event(now, Some(call), EventKind::MediaLost { leg, silent_ms: millis(silent_for) });
                self.tell_call(now, call, call::Input::MediaLost { leg });
            }
            Event::RecordFinished { record, length, .. } => {
                if let Some((call, _)) = self.records.remove(&record) {
                    self.tell_flow(now, call, ivr::Input::Recorded { record, length });
                }
            }
            Event::Closed { leg, slot, statistics } => self.on_closed(now, worker, leg, slot, &statistics),
        }
    }

    /// Keys of the caller go to the flow; an agent's keys are for the other side, who hears them.
    pub(super) fn on_digit(&mut self, now: Moment, call: CallId, leg: LegId, digit: Digit) {
        let is_caller = self.calls.get(&call).is_some_and(|contact| contact.call.caller() == leg);
        if is_caller {
            self.tell_flow(now, call, ivr::Input::Key(digit));
        }
    }

    fn on_played(&mut self, now: Moment, play: media::PlayId) {
        let Some((id, whose)) = self.plays.remove(&play) else { return };
        let Some(contact) = self.calls.get_mut(&id) else { return };
        match whose {
            Play::Flow => {
                contact.flow_play = None;
                self.tell_flow(now, id, ivr::Input::Said);
                let quiet = self.calls.get(&id).is_some_and(|contact| contact.flow_play.is_none());
                if quiet {
                    self.tell_call(now, id, call::Input::FlowQuiet);
                }
            }
            Play::Call { play, .. } => {
                contact.call_play = None;
                self.tell_call(now, id, call::Input::Said { play });
            }
        }
    }

    fn on_closed(&mut self, now: Moment, worker: usize, leg: LegId, slot: media::PortSlot, statistics: &Statistics) {
        self.ports.give_back(now, worker, slot);
        self.today.add_packets(statistics);
        if let Some(line) = self.lines.remove(leg) {
            self.record_leg(now, &line, Some(statistics));
        }
    }
}
