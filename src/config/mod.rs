//! Floor 2: the server's configuration, from text to typed values, with every mistake placed. Never opens a file and
//! never reads the environment: both are handed in.

mod agent;
mod check;
mod codes;
mod dial;
mod entry;
mod key;
mod load;
mod load_entries;
#[cfg(test)]
mod mistakes;
mod overlap;
mod password;
mod reference;
mod secret;
mod sections;
mod sections_many;
mod settings;
mod source;
mod spoken;
mod top;

pub use agent::{Agent, Announcement, Builtin, Device, Dial, Number, NumberTarget, Queue, Trunk, TrunkTransport};
pub use dial::{Pattern, normalize};
pub use entry::{Effective, Origin};
pub use key::{Given, Key, Section, Shape};
pub use load::{Loaded, load, load_explained};
pub use reference::{reference, sections};
pub use secret::Secret;
pub use settings::{
    Audio, FeatureCodes, HangupPolicy, Http, HttpFetch, Ivr, LogLevel, Media, Metrics, Policy, Security, Server, Sip,
};
pub use source::Source;
pub use spoken::SpokenName;
pub use top::Config;
