//! Floor 2: the switchboard. It translates between the strangers of floor 1 and takes no decisions of its own.

pub mod admin;
mod announce;
pub mod board;
mod carriers;
#[expect(clippy::module_inception, reason = "the room's door carries the room's name")]
mod center;
mod day;
mod duty;
pub mod event;
mod for_acd;
mod for_call;
mod for_ivr;
mod input;
mod lines;
mod on_admin;
mod on_media;
mod on_sip;
mod output;
mod picture;
mod ports;
mod records;
mod settings;

pub use center::Center;
pub use input::Input;
pub use output::Output;
pub use picture::Packets;
pub use settings::{
    DialPattern, DialRule, Entry, FeatureCodes, MediaSettings, NumberFacts, Person, QueueFacts, Settings, TrunkRoute,
};
