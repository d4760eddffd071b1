//! Typed header values: each is parsed from bytes on demand and can write itself.
//! Never knows the message around it. RFC 3261 20, 25.1.

mod auth;
mod contacts;
mod cseq;
mod name_addr;
mod params;
mod via;

pub use auth::{Challenge, Credentials, Protection};
pub use contacts::Contacts;
pub use cseq::CSeq;
pub use name_addr::NameAddr;
pub use params::Params;
pub use via::Via;
