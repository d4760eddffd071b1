//! Floor 1: queues, agents and who gets whom. Never heard of audio, SIP or a screen; never dials.
//! Callers and agents are told of by plain values and answer in plain values (`Input`, `Output`).

#[expect(clippy::module_inception, reason = "the room's door carries the room's name")]
mod acd;
mod agent;
mod caller;
mod estimate;
mod explain;
mod lanes;
mod limits;
mod matching;
mod message;
mod offer;
mod order;
mod queue;
mod roster;
mod service_level;
mod settings;
mod view;

#[cfg(test)]
mod random_day;
#[cfg(test)]
mod reference;

pub use acd::{Acd, Counts};
pub use agent::{AfterCall, AgentState, PauseReason};
pub use explain::Why;
pub use message::{Input, LeaveReason, Output, RefusedReason, Waiting, WithdrawReason};
pub use service_level::{QueueCounters, Ratio, ServiceLevel};
pub use settings::{AgentSettings, QueueSettings, Settings};
pub use view::{AgentStateView, AgentView, QueueSummary, QueueView, WaitingView};
