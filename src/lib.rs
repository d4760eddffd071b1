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
pub mod net;
pub mod phone;
pub mod store;
pub mod ui;
// Floor 4.
pub mod api;
pub mod cli;
// Floor 5.
pub mod server;
