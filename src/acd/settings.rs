//! What the engine is told about queues and agents at its start. Never read from a file here.

use std::time::Duration;

use crate::model::{AgentId, QueueId, SkillSet};

/// Everything the engine has to know.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Settings {
    pub queues: Vec<QueueSettings>,
    pub agents: Vec<AgentSettings>,
    /// After a refused or missed offer the agent rests this long; doubled with each refusal in a row.
    pub rest: Duration,
    /// How long after entry the first position is told; the entry announcement has the word until then.
    pub announce_delay: Duration,
}

impl Settings {
    /// Queues and agents with the usual rest (5 s) and announcement delay (2 s).
    #[must_use]
    pub fn new(queues: Vec<QueueSettings>, agents: Vec<AgentSettings>) -> Self {
        Settings { queues, agents, rest: Duration::from_secs(5), announce_delay: Duration::from_secs(2) }
    }
}

/// One queue.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct QueueSettings {
    pub id: QueueId,
    pub name: String,
    /// Callers who may wait at once.
    pub waiting_max: usize,
    /// How long an agent's phone may ring before the next agent is asked.
    pub ring_limit: Duration,
    /// Time for notes after a call; zero for none.
    pub wrap_up: Duration,
    /// Offers missed in a row that pause an agent; zero for never.
    pub misses_max: u32,
    /// Added to each caller's priority.
    pub priority_base: i32,
    /// Answered within this time counts for the service level.
    pub service_level: Duration,
    /// Hung up sooner than this is no lost caller.
    pub short_abandon: Duration,
}

impl QueueSettings {
    /// A queue with the usual numbers: the ring limit lies before the third ring (Korean cadence: 6 s).
    #[must_use]
    pub fn new(id: QueueId, name: &str) -> Self {
        QueueSettings {
            id,
            name: name.to_owned(),
            waiting_max: 500,
            ring_limit: Duration::from_secs(6),
            wrap_up: Duration::from_secs(10),
            misses_max: 3,
            priority_base: 0,
            service_level: Duration::from_secs(20),
            short_abandon: Duration::from_secs(5),
        }
    }
}

/// One agent.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AgentSettings {
    pub id: AgentId,
    pub name: String,
    /// Queues the agent serves; the first is home, whose wrap-up holds after direct calls.
    pub queues: Vec<QueueId>,
    pub skills: SkillSet,
}
