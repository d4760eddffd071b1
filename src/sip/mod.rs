//! The SIP room: messages as bytes, what they mean, and the answers they deserve.
//! Never opens a socket, never reads a clock, never rolls dice, has never heard of a call or a queue.
//! RFC 3261, 3262, 3581, 4028, 4475, 5118, 5626, 7616, 8760.

mod account;
mod body;
mod client_transaction;
mod dialog;
mod digest;
mod draft;
mod endpoint;
mod error;
mod flow;
mod framing;
mod grammar;
mod header;
mod header_name;
mod host;
mod message;
mod method;
mod nonce;
mod parser;
mod random;
mod refer;
mod registrar;
mod reliable;
mod server_transaction;
mod session;
mod session_timer;
mod status;
mod stream;
mod text;
mod timers;
mod uri;
mod validate;
mod writer;

pub use digest::{Algorithm, Ha1, authorize, choose, response, verify};
pub use endpoint::{
    Account, AccountId, Ban, BanRules, Binding, Counters, Counts, DeviceAccount, Endpoint, Event, Identity, Incoming,
    Invite, Party, ReferId, ReferTarget, SessionId, Settings, Target, TrunkPeer,
};
pub use error::{HeaderError, Overflow, ParseError, SyntaxError};
pub use flow::{ConnectionId, Flow, Transmit, Transport};
pub use framing::{Framed, Framing, frame};
pub use header::{CSeq, Challenge, Contacts, Credentials, NameAddr, Params, Protection, Via};
pub use header_name::HeaderName;
pub use host::Host;
pub use message::Message;
pub use method::Method;
pub use nonce::{Authenticator, NonceId, NonceMint, NonceState, ReplayGuard, Verdict};
pub use parser::parse;
pub use status::reason_phrase;
pub use stream::{StreamBuffer, StreamItem};
pub use uri::{Scheme, Uri};
pub use validate::validate;
pub use writer::{RequestWriter, ResponseWriter};
