//! For tests of the store and its readers: a folder that cleans up after itself, and plausible events.
//! Never part of the server.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::Names;
use crate::center::event::{CallRecord, Event, EventKind, LegRecord, LegRole, TaskKind, TaskRecord};
use crate::model::{AgentId, CallDirection, CallId, Codec, EndedBy, LegId, Outcome, PhoneNumber, TaskId};

/// A folder of this test alone, removed with everything in it when dropped.
pub(crate) struct TempFolder(PathBuf);

impl TempFolder {
    pub(crate) fn new(test: &str) -> TempFolder {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let unique = format!("thirdring-{test}-{}-{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(unique);
        std::fs::create_dir_all(&path).expect("the temporary folder can be written");
        TempFolder(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// When the server of these events started.
pub(crate) const RUN: i64 = 1_772_586_000_000;

/// Two queues and two agents.
pub(crate) fn names() -> Names {
    Names::new(vec!["domestic".into(), "ems".into()], vec!["haneul".into(), "bada".into()])
}

pub(crate) fn event(seq: u64, kind: EventKind) -> Event {
    let unix_ms = RUN + i64::try_from(seq).expect("tests count in small numbers") * 1_000;
    Event { seq, run: RUN, unix_ms, call: Some(CallId(seq)), kind }
}

pub(crate) fn record(call: u64) -> CallRecord {
    let received_ms = RUN + i64::try_from(call).expect("tests count in small numbers") * 60_000;
    CallRecord {
        call: CallId(call),
        from: PhoneNumber::new("01012345678"),
        to: PhoneNumber::new("1300"),
        direction: CallDirection::Inbound,
        received_ms,
        answered_ms: Some(received_ms + 40),
        connected_ms: Some(received_ms + 20_000),
        ended_ms: received_ms + 200_000,
        outcome: Outcome::Answered,
        ended_by: EndedBy::Caller,
        status: 200,
        flow: "postal-ko".into(),
        flow_version: "3f9a".into(),
        path: "notice>main>domestic".into(),
        queue: "domestic".into(),
        agent: "haneul".into(),
        waited_ms: 12_000,
        talked_ms: 180_000,
        held_ms: 5_000,
        transfers: 0,
    }
}

pub(crate) fn call_ended(seq: u64, call: u64) -> Event {
    let mut event = event(seq, EventKind::CallEnded { record: Box::new(record(call)) });
    event.call = Some(CallId(call));
    event
}

pub(crate) fn leg_ended(seq: u64, call: u64, leg: u64) -> Event {
    let record = LegRecord {
        call: CallId(call),
        leg: LegId(leg),
        role: LegRole::Agent,
        party: PhoneNumber::new("1001"),
        agent: Some(AgentId(0)),
        started_ms: RUN,
        ringing_ms: Some(RUN + 20),
        answered_ms: Some(RUN + 3_100),
        ended_ms: RUN + 180_000,
        status: 200,
        codec: Some(Codec::Pcma),
        packets_received: 8_800,
        packets_sent: 8_790,
        packets_lost: 4,
        jitter_us: 1_300,
    };
    let mut event = event(seq, EventKind::LegEnded { record: Box::new(record) });
    event.call = Some(CallId(call));
    event
}

pub(crate) fn task_created(seq: u64, task: u64) -> Event {
    let record = TaskRecord {
        task: TaskId(task),
        call: CallId(seq),
        kind: TaskKind::Callback,
        number: PhoneNumber::new("01012345678"),
        queue: Some("domestic".into()),
        created_ms: RUN,
        due_ms: Some(RUN + 8 * 3_600_000),
        recording: None,
        note: String::new(),
    };
    event(seq, EventKind::TaskCreated { record: Box::new(record) })
}
