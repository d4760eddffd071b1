//! What each kind of step does: one file a kind, each adding its part to the session. Declares only.

mod callback;
mod collect;
pub(super) mod condition;
mod hangup;
pub(super) mod hours;
mod http;
mod menu;
mod message;
mod play;
mod queue;
mod record;
mod transfer;
