//! Every maximum in one place: each a sum or a product with the reason of each addend beside it.

use std::time::Duration;

/// Calls at once, where the configuration does not say otherwise.
pub const CALLS_MAX: usize = 500;

/// Legs a call may need: caller, agent, transfer target, one spare while the last one closes.
pub const LEGS_PER_CALL: usize = 4;

/// How much of the time that a slow link takes until a phone rings is given back to whoever should answer it: a far
/// satellite's round trip and a lost INVITE's second try, and no more, since a caller waits meanwhile.
pub const RING_DELAY_MAX: Duration = Duration::from_secs(2);

/// Keys a caller may press ahead of the prompts: a card number and its end key.
pub const KEYS_AHEAD_MAX: usize = 32;

/// Bytes of one SIP message on any transport (RFC 3261 18.1.1 asks for 65,535 on UDP).
pub const SIP_MESSAGE_BYTES_MAX: usize = 65_535;

/// Header fields of one SIP message: a proxied INVITE carries about 60, the rest is room.
pub const SIP_HEADERS_MAX: usize = 256;
