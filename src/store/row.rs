//! Rows as they are stored and as they come back. Only shapes; the SQL is in `batch` and `query`.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::names::Names;
use crate::center::event::{CallRecord, Event, EventKind, LegRecord, LegRole, TaskKind, TaskRecord};
use crate::model::{AgentId, CallDirection, Codec, EndedBy, Outcome, PhoneNumber, QueueId};

/// One event ready for the database or the spool: complete, with names in the place of ids.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) event: StoredEvent,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) record: Option<Record>,
}

/// What an event projects into, beside itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Record {
    Call(Box<StoredCall>),
    Leg(Box<StoredLeg>),
    Task(Box<StoredTask>),
}

/// One line of the event log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredEvent {
    /// Milliseconds since the Unix epoch when the server that saw it started.
    pub run: i64,
    /// Counts up by one within the run.
    pub seq: i64,
    /// Milliseconds since the Unix epoch.
    pub unix_ms: i64,
    /// The call's number within the run.
    pub call: Option<i64>,
    /// Name of the queue, where the event has one.
    pub queue: Option<String>,
    /// Name of the agent, where the event has one.
    pub agent: Option<String>,
    /// `noun.verb_past`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Everything else, by the event's own fields. Numbers are revealed.
    pub data: Value,
}

/// One call's record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredCall {
    pub run: i64,
    pub call: i64,
    pub from: PhoneNumber,
    pub to: PhoneNumber,
    /// None for calls of versions that did not keep it.
    #[serde(default)]
    pub direction: Option<CallDirection>,
    pub received_ms: i64,
    pub answered_ms: Option<i64>,
    pub connected_ms: Option<i64>,
    pub ended_ms: i64,
    pub outcome: Outcome,
    pub ended_by: EndedBy,
    /// Final SIP status that the caller got.
    pub status: i64,
    pub flow: String,
    pub flow_version: String,
    /// Nodes visited, joined by `>`.
    pub path: String,
    /// Last queue, empty when none.
    pub queue: String,
    /// Last agent, empty when none.
    pub agent: String,
    pub waited_ms: i64,
    /// Conversation, holds included.
    pub talked_ms: i64,
    pub held_ms: i64,
    pub transfers: i64,
}

/// One leg's record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredLeg {
    pub run: i64,
    pub leg: i64,
    pub call: i64,
    #[serde(deserialize_with = "leg_role")]
    pub role: LegRole,
    pub party: PhoneNumber,
    pub agent: Option<String>,
    pub started_ms: i64,
    pub ringing_ms: Option<i64>,
    pub answered_ms: Option<i64>,
    pub ended_ms: i64,
    pub status: i64,
    pub codec: Option<Codec>,
    pub packets_received: i64,
    pub packets_sent: i64,
    pub packets_lost: i64,
    pub jitter_us: i64,
}

/// One piece of work left for people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredTask {
    pub run: i64,
    pub task: i64,
    pub call: i64,
    #[serde(deserialize_with = "task_kind")]
    pub kind: TaskKind,
    pub number: PhoneNumber,
    pub queue: Option<String>,
    pub created_ms: i64,
    pub due_ms: Option<i64>,
    pub recording: Option<String>,
    pub note: String,
}

impl Row {
    /// The event with names for its ids and, where it ends something, the record to keep of it.
    pub(super) fn of(event: &Event, names: &Names) -> Row {
        let mut tagged = serde_json::to_value(&event.kind).unwrap_or(Value::Null);
        let mut data = tagged.get_mut("data").map_or(Value::Null, Value::take);
        name_ids(&mut data, names);
        let named = |key: &str| data.get(key).and_then(Value::as_str).map(str::to_owned);
        Row {
            event: StoredEvent {
                run: event.run,
                seq: stored(event.seq),
                unix_ms: event.unix_ms,
                call: event.call.map(|call| stored(call.0)),
                queue: named("queue"),
                agent: named("agent"),
                kind: tagged.get("type").and_then(Value::as_str).unwrap_or_default().to_owned(),
                data,
            },
            record: record_of(event, names),
        }
    }
}

fn record_of(event: &Event, names: &Names) -> Option<Record> {
    match &event.kind {
        EventKind::CallEnded { record } => Some(Record::Call(Box::new(StoredCall::of(event.run, record)))),
        EventKind::LegEnded { record } => Some(Record::Leg(Box::new(StoredLeg::of(event.run, record, names)))),
        EventKind::TaskCreated { record } => Some(Record::Task(Box::new(StoredTask::of(event.run, record)))),
        _ => None,
    }
}

impl StoredCall {
    fn of(run: i64, record: &CallRecord) -> StoredCall {
        StoredCall {
            run,
            call: stored(record.call.0),
            from: record.from.clone(),
            to: record.to.clone(),
            direction: Some(record.direction),
            received_ms: record.received_ms,
            answered_ms: record.answered_ms,
            connected_ms: record.connected_ms,
            ended_ms: record.ended_ms,
            outcome: record.outcome,
            ended_by: record.ended_by,
            status: record.status.into(),
            flow: record.flow.clone(),
            flow_version: record.flow_version.clone(),
            path: record.path.clone(),
            queue: record.queue.clone(),
            agent: record.agent.clone(),
            waited_ms: stored(record.waited_ms),
            talked_ms: stored(record.talked_ms),
            held_ms: stored(record.held_ms),
            transfers: record.transfers.into(),
        }
    }
}

impl StoredLeg {
    fn of(run: i64, record: &LegRecord, names: &Names) -> StoredLeg {
        StoredLeg {
            run,
            leg: stored(record.leg.0),
            call: stored(record.call.0),
            role: record.role,
            party: record.party.clone(),
            agent: record.agent.map(|agent| names.agent(agent)),
            started_ms: record.started_ms,
            ringing_ms: record.ringing_ms,
            answered_ms: record.answered_ms,
            ended_ms: record.ended_ms,
            status: record.status.into(),
            codec: record.codec,
            packets_received: stored(record.packets_received),
            packets_sent: stored(record.packets_sent),
            packets_lost: stored(record.packets_lost),
            jitter_us: stored(record.jitter_us),
        }
    }
}

impl StoredTask {
    fn of(run: i64, record: &TaskRecord) -> StoredTask {
        StoredTask {
            run,
            task: stored(record.task.0),
            call: stored(record.call.0),
            kind: record.kind,
            number: record.number.clone(),
            queue: record.queue.clone(),
            created_ms: record.created_ms,
            due_ms: record.due_ms,
            recording: record.recording.clone(),
            note: record.note.clone(),
        }
    }
}

/// Puts names in the place of the ids `queue` and `agent`, in the event's fields and in the record it carries.
fn name_ids(data: &mut Value, names: &Names) {
    let number = |value: &Value| value.as_u64().and_then(|id| u32::try_from(id).ok());
    if let Some(queue) = data.get_mut("queue")
        && let Some(id) = number(queue)
    {
        *queue = names.queue(QueueId(id)).into();
    }
    if let Some(agent) = data.get_mut("agent")
        && let Some(id) = number(agent)
    {
        *agent = names.agent(AgentId(id)).into();
    }
    if let Some(record) = data.get_mut("record") {
        name_ids(record, names);
    }
}

/// A count as SQLite keeps it; counts beyond 63 bits do not occur and stop at the edge.
pub(super) fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The role of this word.
pub(super) fn role_of(word: &str) -> Option<LegRole> {
    [LegRole::Caller, LegRole::Agent, LegRole::Target].into_iter().find(|role| role.word() == word)
}

/// The kind of this word.
pub(super) fn kind_of(word: &str) -> Option<TaskKind> {
    [TaskKind::Callback, TaskKind::VoiceMessage, TaskKind::TextMessage, TaskKind::Ticket]
        .into_iter()
        .find(|kind| kind.word() == word)
}

fn leg_role<'de, D: Deserializer<'de>>(deserializer: D) -> Result<LegRole, D::Error> {
    let word = String::deserialize(deserializer)?;
    role_of(&word).ok_or_else(|| serde::de::Error::custom(format!("unknown leg role {word}")))
}

fn task_kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TaskKind, D::Error> {
    let word = String::deserialize(deserializer)?;
    kind_of(&word).ok_or_else(|| serde::de::Error::custom(format!("unknown kind of task {word}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{call_ended, event, leg_ended, names, task_created};

    #[test]
    fn an_event_is_stored_with_names_and_not_with_ids() {
        let entered = event(1, EventKind::CallerEntered { queue: QueueId(1), position: 3, age_ms: 0 });
        let row = Row::of(&entered, &names());
        assert_eq!(row.event.kind, "queue.caller_entered");
        assert_eq!(row.event.queue.as_deref(), Some("ems"));
        assert_eq!(row.event.data, serde_json::json!({ "queue": "ems", "position": 3, "age_ms": 0 }));
        assert_eq!(row.record, None);
    }

    #[test]
    fn every_event_that_ends_something_carries_its_record() {
        assert!(matches!(Row::of(&call_ended(1, 1), &names()).record, Some(Record::Call(_))));
        assert!(matches!(Row::of(&task_created(2, 1), &names()).record, Some(Record::Task(_))));
        let leg = Row::of(&leg_ended(3, 1, 1), &names());
        assert!(matches!(&leg.record, Some(Record::Leg(leg)) if leg.agent.as_deref() == Some("haneul")));
        assert_eq!(leg.event.data["record"]["agent"], "haneul");
    }

    #[test]
    fn a_call_spooled_by_an_earlier_version_is_read() {
        let mut row = serde_json::to_value(Row::of(&call_ended(1, 1), &names())).expect("rows are plain values");
        let call = row["record"]["call"].as_object_mut().expect("a call's record");
        assert_eq!(call.remove("direction"), Some("inbound".into()));
        let row: Row = serde_json::from_value(row).expect("what was written then can be read now");
        let Some(Record::Call(call)) = row.record else { panic!("a call ended") };
        assert_eq!(call.direction, None);
    }

    #[test]
    fn a_row_survives_the_spool() {
        for event in [call_ended(1, 1), task_created(2, 1), leg_ended(3, 1, 1)] {
            let row = Row::of(&event, &names());
            let line = serde_json::to_string(&row).expect("rows are plain values");
            assert_eq!(serde_json::from_str::<Row>(&line).expect("what we wrote we can read"), row);
        }
    }
}
