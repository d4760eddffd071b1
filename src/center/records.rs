//! The event log's pen: gives every event its number and its time, and closes the book of each leg.

use std::time::Duration;

use super::center::Center;
use super::event::{Event, EventKind, LegRecord, LegRole, Promise, Verdict};
use super::lines::Line;
use super::output::Output;
use crate::call::Role;
use crate::media::Statistics;
use crate::model::{CallId, Moment, QueueId};

impl Center {
    pub(super) fn event(&mut self, now: Moment, call: Option<CallId>, kind: EventKind) {
        self.seq += 1;
        self.today.count(&kind);
        let event = Event { seq: self.seq, run: self.wall.zero_unix_ms, unix_ms: self.wall.unix_ms(now), call, kind };
        self.outputs.push_back(Output::Event(event));
    }

    pub(super) fn promise(
        &mut self,
        now: Moment,
        id: CallId,
        promise: Promise,
        verdict: Verdict,
        queue: Option<QueueId>,
        measured: Option<Duration>,
    ) {
        let measured_ms = measured.map(super::on_sip::millis);
        self.event(now, Some(id), EventKind::CharterChecked { promise, verdict, queue, measured_ms });
    }

    pub(super) fn record_leg(&mut self, now: Moment, line: &Line, statistics: Option<&Statistics>) {
        let unix = |moment: Moment| self.wall.unix_ms(moment);
        let record = LegRecord {
            call: line.call,
            leg: line.leg,
            role: match line.role {
                Role::Caller => LegRole::Caller,
                Role::Agent => LegRole::Agent,
                Role::Target => LegRole::Target,
            },
            party: line.party.clone(),
            agent: line.agent,
            started_ms: unix(line.started),
            ringing_ms: line.ringing.map(unix),
            answered_ms: line.answered.map(unix),
            ended_ms: unix(line.ended.unwrap_or(now)),
            status: line.status,
            codec: line.media.as_ref().and_then(|media| media.codec),
            packets_received: statistics.map_or(0, |s| s.packets_received),
            packets_sent: statistics.map_or(0, |s| s.packets_sent),
            packets_lost: statistics.map_or(0, |s| s.lost),
            jitter_us: statistics.map_or(0, |s| (s.jitter_ms * 1_000.0) as u64),
        };
        self.event(now, Some(line.call), EventKind::LegEnded { record: Box::new(record) });
    }
}
