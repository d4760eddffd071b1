//! One party's connection: inviting, ringing, answered, held, ended. It does not know over which wire.
//! The words are those of RFC 7092's back-to-back user agent.

use crate::model::{AgentId, LegId};

/// A leg's part in the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Caller,
    Agent,
    /// Somebody the call was transferred to, or a person dialled directly.
    Target,
}

impl Role {
    /// The word used in records.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Role::Caller => "caller",
            Role::Agent => "agent",
            Role::Target => "target",
        }
    }
}

/// Where a leg is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegState {
    Inviting,
    Ringing,
    Answered,
    /// The party put us on hold.
    Held,
    Ended,
}

/// One leg of the call.
#[derive(Clone, Copy, Debug)]
pub struct Leg {
    pub id: LegId,
    pub role: Role,
    pub state: LegState,
    /// The agent behind an agent's or a person's leg.
    pub agent: Option<AgentId>,
}

impl Leg {
    #[must_use]
    pub fn new(id: LegId, role: Role, agent: Option<AgentId>) -> Self {
        Leg { id, role, state: LegState::Inviting, agent }
    }

    #[must_use]
    pub fn is_up(&self) -> bool {
        matches!(self.state, LegState::Answered | LegState::Held)
    }
}

/// The one place where leg ids are made.
#[derive(Debug, Default)]
pub struct LegMint(u64);

impl LegMint {
    /// The next leg's id; ids start at 1.
    pub fn mint(&mut self) -> LegId {
        self.0 += 1;
        LegId(self.0)
    }
}
