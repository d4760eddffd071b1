//! Floor 1: one contact of one caller, from first ring to last word. It sees legs that ring, answer and hang up;
//! it does not know SIP, audio, flows or how agents are chosen.

#[expect(clippy::module_inception, reason = "the room's door carries the room's name")]
mod call;
mod conversation;
mod leg;
mod message;
mod steps;
mod timeline;
mod transfer;

pub use call::{Call, Rules};
pub use leg::{Leg, LegMint, LegState, Role};
pub use message::{
    Begin, Destination, Fact, HangUpWhy, Hear, Input, LeaveWhy, OfferEnd, Output, Progress, Speech, Target,
    TransferBack,
};
pub use timeline::{Summary, Timeline};
