//! Floor 1: what a leg and its peer agree to send each other, in SDP. Never opens a port, never hears a packet.
//! RFC 8866 (the text), RFC 3264 (offer/answer), RFC 4566 where old phones still speak it.

mod direction;
mod error;
mod negotiation;
mod remote;

pub use direction::Direction;
pub use error::SdpError;
pub use negotiation::{Agreed, Negotiation};
pub use remote::{MediaFormat, Remote, parse};
