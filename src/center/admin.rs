//! What people ask of the running house, and what it answers: plain values that cross the floor boundary.
//! Who may ask is decided at the door; what is possible is decided by the rooms.

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
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminReply {
    /// The agent's state from now on.
    Agent { agent: String, state: AgentWord, reason: Option<String> },
    /// Flows in use from now on, and what somebody should look at, line by line.
    FlowsReloaded { flows: usize, warnings: Vec<String> },
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
    /// New flows have mistakes; the old ones stay in use.
    #[error("the flows have {} mistakes; the old ones stay in use", problems.len())]
    FlowsRefused { problems: Vec<String> },
    /// The server stops and changes nothing any more.
    #[error("the server is stopping")]
    Stopping,
}
