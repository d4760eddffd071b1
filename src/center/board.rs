//! The live numbers as one value: what the live page, `/metrics` gauges and `thirdring agent list` show.
//! Read-only picture made by the center; computed nowhere else.

use crate::center::event::AgentWord;
use crate::model::CallDirection;

/// Everything a supervisor sees at one moment.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Board {
    /// Counts up with every published picture.
    pub seq: u64,
    /// Milliseconds since the Unix epoch when the picture was taken.
    pub unix_ms: i64,
    pub draining: bool,
    pub calls_active: usize,
    /// The same by the way they go, in `CallDirection::ALL` order.
    pub calls_by_direction: [usize; CallDirection::ALL.len()],
    pub legs_active: usize,
    pub registrations: usize,
    pub queues: Vec<QueueTile>,
    pub agents: Vec<AgentTile>,
    pub promises: Vec<PromiseTile>,
}

/// One queue now and today.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct QueueTile {
    pub name: String,
    /// What people call it: `국내우편`.
    pub title: String,
    pub waiting: Vec<WaitingTile>,
    /// When the oldest waiting caller entered, milliseconds since the Unix epoch.
    pub oldest_since_ms: Option<i64>,
    pub expected_wait_ms: Option<u64>,
    /// Agents of this queue by state, in `AgentWord::ALL` order.
    pub agents_by_state: [u32; 6],
    pub entered: u64,
    pub answered: u64,
    pub answered_within_target: u64,
    pub abandoned: u64,
    pub short_abandoned: u64,
    pub other_exits: u64,
    /// Promise of the queue: answered within this many milliseconds ...
    pub target_ms: u64,
    /// ... in this share of calls, 0 to 1.
    pub target_ratio: f64,
    /// The longest wait that the charter allows, in milliseconds.
    pub max_wait_ms: u64,
}

/// A waiting caller.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct WaitingTile {
    pub call: String,
    /// Masked.
    pub number: String,
    pub since_ms: i64,
    pub position: u32,
    /// Name of the agent whose phone rings for this caller.
    pub offered_to: Option<String>,
}

/// One agent.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct AgentTile {
    pub name: String,
    /// What callers are told: `김하늘`.
    pub display_name: String,
    pub department: String,
    pub queues: Vec<String>,
    pub state: AgentWord,
    pub reason: Option<String>,
    /// Since when the state holds, milliseconds since the Unix epoch.
    pub since_ms: i64,
    /// Whether the agent's phone is registered.
    pub phone_registered: bool,
    /// Call that the agent talks on or is offered, and the caller's masked number.
    pub call: Option<String>,
    pub caller: Option<String>,
    pub answered: u64,
    pub missed_in_a_row: u32,
}

/// One promise today.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct PromiseTile {
    pub promise: &'static str,
    pub met: u64,
    pub breached: u64,
    pub excused: u64,
}
