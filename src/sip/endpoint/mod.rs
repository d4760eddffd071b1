//! The endpoint: everything SIP that has a state, as one value without a socket or a clock.
//! Never knows what a call or a queue is. RFC 3261 and the extensions each file names.

mod accounts;
mod bans;
mod challenges;
mod clients;
mod connections;
mod counters;
mod dispatch;
mod doors;
mod event;
mod gate;
mod incoming;
mod offers;
mod outgoing;
mod referrals;
mod registrations;
mod reliability;
mod servers;
mod session_timers;
mod settings;
mod ways;
mod within;

pub use bans::{Ban, BanRules};
pub(crate) use clients::ClientId;
pub use counters::Counters;
pub use doors::Endpoint;
pub use event::{
    Account, AccountId, Binding, Counts, Event, Identity, Incoming, Invite, Party, ReferId, ReferTarget, SessionId,
    Target,
};
pub(crate) use servers::ServerId;
pub use settings::{DeviceAccount, Settings, TrunkPeer};
