//! Records as the API and the command line show them: times with their offset, durations in seconds, numbers masked
//! unless somebody decided otherwise. Only shapes. RFC 3339.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::row::{StoredCall, StoredLeg};
use crate::model::{CallDirection, PhoneNumber};

/// How records are shown.
#[derive(Clone, Debug)]
pub struct View {
    /// The centre's time zone.
    pub zone: TimeZone,
    /// Whether telephone numbers are shown whole.
    pub reveal: bool,
}

/// One call as shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShownCall {
    /// `run-call`: unique in this database.
    pub id: String,
    pub from: String,
    pub to: String,
    /// None for calls of versions that did not keep it.
    pub direction: Option<&'static str>,
    pub received: String,
    pub answered: Option<String>,
    /// When the caller and the first agent heard each other.
    pub connected: Option<String>,
    pub ended: String,
    pub outcome: &'static str,
    pub ended_by: &'static str,
    /// Final SIP status that the caller got.
    pub status: i64,
    pub flow: String,
    pub flow_version: String,
    pub path: Vec<String>,
    pub queue: Option<String>,
    pub agent: Option<String>,
    pub duration_s: f64,
    pub waited_s: f64,
    pub talked_s: f64,
    pub held_s: f64,
    pub transfers: i64,
    /// The call's legs, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legs: Option<Vec<ShownLeg>>,
}

/// One leg as shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShownLeg {
    pub leg: i64,
    pub role: &'static str,
    pub party: String,
    pub agent: Option<String>,
    pub started: String,
    pub ringing: Option<String>,
    pub answered: Option<String>,
    pub ended: String,
    pub status: i64,
    pub codec: Option<&'static str>,
    pub packets_received: i64,
    pub packets_sent: i64,
    pub packets_lost: i64,
    pub jitter_s: f64,
}

impl View {
    /// The call without its legs.
    #[must_use]
    pub fn call(&self, call: &StoredCall) -> ShownCall {
        let named = |name: &str| (!name.is_empty()).then(|| name.to_owned());
        ShownCall {
            id: format!("{}-{}", call.run, call.call),
            from: self.number(&call.from),
            to: self.number(&call.to),
            direction: call.direction.map(CallDirection::word),
            received: self.time(call.received_ms),
            answered: call.answered_ms.map(|at| self.time(at)),
            connected: call.connected_ms.map(|at| self.time(at)),
            ended: self.time(call.ended_ms),
            outcome: call.outcome.word(),
            ended_by: call.ended_by.word(),
            status: call.status,
            flow: call.flow.clone(),
            flow_version: call.flow_version.clone(),
            path: call.path.split('>').filter(|node| !node.is_empty()).map(str::to_owned).collect(),
            queue: named(&call.queue),
            agent: named(&call.agent),
            duration_s: seconds(call.ended_ms.saturating_sub(call.received_ms)),
            waited_s: seconds(call.waited_ms),
            talked_s: seconds(call.talked_ms),
            held_s: seconds(call.held_ms),
            transfers: call.transfers,
            legs: None,
        }
    }

    #[must_use]
    pub fn leg(&self, leg: &StoredLeg) -> ShownLeg {
        ShownLeg {
            leg: leg.leg,
            role: leg.role.word(),
            party: self.number(&leg.party),
            agent: leg.agent.clone(),
            started: self.time(leg.started_ms),
            ringing: leg.ringing_ms.map(|at| self.time(at)),
            answered: leg.answered_ms.map(|at| self.time(at)),
            ended: self.time(leg.ended_ms),
            status: leg.status,
            codec: leg.codec.map(|codec| codec.name()),
            packets_received: leg.packets_received,
            packets_sent: leg.packets_sent,
            packets_lost: leg.packets_lost,
            jitter_s: leg.jitter_us as f64 / 1e6,
        }
    }

    /// Masked, unless numbers are revealed.
    #[must_use]
    pub fn number(&self, number: &PhoneNumber) -> String {
        if self.reveal { number.reveal().to_owned() } else { number.masked() }
    }

    /// What people call the zone at that time: `KST`.
    #[must_use]
    pub fn zone_name(&self, unix_ms: i64) -> String {
        let at = Timestamp::from_millisecond(unix_ms).unwrap_or_default();
        at.to_zoned(self.zone.clone()).strftime("%Z").to_string()
    }

    /// RFC 3339 with milliseconds and the offset of the zone: `2026-03-04T10:15:42.318+09:00`.
    #[must_use]
    pub fn time(&self, unix_ms: i64) -> String {
        Timestamp::from_millisecond(unix_ms)
            .map(|at| at.to_zoned(self.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string())
            .unwrap_or_default()
    }
}

fn seconds(millis: i64) -> f64 {
    millis as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{call_ended, names};

    #[test]
    fn a_shown_call_has_local_times_seconds_and_a_masked_number() {
        let row = crate::store::row::Row::of(&call_ended(1, 7), &names());
        let Some(crate::store::row::Record::Call(stored)) = row.record else { panic!("a call ended") };
        let zone = TimeZone::get("Asia/Seoul").expect("bundled");
        let shown = View { zone: zone.clone(), reveal: false }.call(&stored);
        assert_eq!((shown.from.as_str(), shown.direction), ("010-****-5678", Some("inbound")));
        assert_eq!(shown.received, "2026-03-04T10:07:00.000+09:00");
        assert_eq!(shown.path, ["notice", "main", "domestic"]);
        assert_eq!((shown.duration_s, shown.waited_s), (200.0, 12.0));
        assert_eq!(View { zone, reveal: true }.call(&stored).from, "01012345678");
    }
}
