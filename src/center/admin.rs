//! What people ask of the running house, and what it answers: plain values that cross the floor boundary.
//! Who may ask is decided at the door; what is possible is decided by the rooms.

use std::net::IpAddr;

use crate::center::event::AgentWord;

/// One wish of a supervisor, an agent's page or the command line. Agents are named as in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminCommand {
    AgentLogIn {
        agent: String,
    },
    AgentLogOut {
        agent: String,
    },
    /// A break; the reason is shown on the live page.
    AgentPause {
        agent: String,
        reason: String,
    },
    /// Back to work, from a break or from wrap-up.
    AgentResume {
        agent: String,
    },
    /// Read the flow files again; a bad file never replaces a good one.
    ReloadFlows,
    /// Who is not listened to, for guessing passwords.
    Bans,
    /// Listen to this address again.
    LiftBan {
        source: IpAddr,
    },
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminReply {
    /// The agent's state from now on.
    Agent { agent: String, state: AgentWord, reason: Option<String> },
    /// Flows in use from now on, and what somebody should look at, line by line.
    FlowsReloaded { flows: usize, warnings: Vec<String> },
    /// The bans that stand, those that are left when one was lifted.
    Bans { bans: Vec<BannedSource> },
}

/// An address that is not listened to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BannedSource {
    pub source: IpAddr,
    pub since_ms: i64,
    pub until_ms: i64,
    /// Messages of it that were dropped since.
    pub dropped: u64,
}

/// Why it was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdminError {
    /// The configuration names no such agent.
    #[error("there is no agent {agent}")]
    UnknownAgent { agent: String },
    /// The agent is in a state that does not allow it.
    #[error("agent {agent} is {}: {why}", state.word())]
    NotNow { agent: String, state: AgentWord, why: &'static str },
    /// Nobody from there is banned.
    #[error("{source_address} is not banned")]
    NotBanned { source_address: IpAddr },
    /// New flows have mistakes; the old ones stay in use.
    #[error("the flows have {} mistakes; the old ones stay in use", problems.len())]
    FlowsRefused { problems: Vec<String> },
    /// The server stops and changes nothing any more.
    #[error("the server is stopping")]
    Stopping,
}
