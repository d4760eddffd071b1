//! Thirdring: a telephony contact-center server. This file is the map of rooms; ARCHITECTURE.md says which way imports point.

// Floor 0: words.
pub mod document;
pub mod model;
// Floor 1: strangers, pure.
pub mod acd;
pub mod call;
pub mod charter;
pub mod ivr;
pub mod media;
pub mod sdp;
pub mod sip;
// Floor 2: switchboard, pure.
pub mod center;
pub mod config;
// Floor 3: shells, the only IO.
#[expect(clippy::disallowed_methods, reason = "sockets, and the threads and clocks that serve them")]
pub mod net;
pub mod phone;
#[expect(clippy::disallowed_methods, reason = "threads that may wait for a disk")]
pub mod store;
pub mod ui;
// Floor 4.
#[expect(clippy::disallowed_methods, reason = "HTTP tasks with their time-outs, and the wall time of answers")]
pub mod api;
#[expect(clippy::disallowed_methods, reason = "commands read the environment and the wall clock")]
pub mod cli;
// Floor 5.
#[expect(clippy::disallowed_methods, reason = "threads are started and the clock is read here")]
pub mod server;
