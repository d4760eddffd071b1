//! Floor 0: the words every room shares. Values only; nothing here decides, waits or touches the world.

mod cause;
mod clip;
mod codec;
mod digit;
mod ids;
mod language;
pub mod limits;
mod number;
mod skill;
mod time;

pub use cause::{CallDirection, EndedBy, Outcome};
pub use clip::{Clip, ClipName};
pub use codec::Codec;
pub use digit::Digit;
pub use ids::{AgentId, CallId, LegId, OfferId, QueueId, RecordId, TaskId};
pub use language::Language;
pub use number::PhoneNumber;
pub use skill::{Requirement, SkillId, SkillLevel, SkillSet};
pub use time::{Moment, WallClock};
