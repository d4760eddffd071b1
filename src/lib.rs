//! Thirdring: a telephony contact-center server. This file is the map of rooms; ARCHITECTURE.md says which way imports point.

// Floor 0: words.
pub mod document;
pub mod model;
// Floor 1: strangers.
pub mod ivr;
// Floor 2: switchboard.
pub mod center;
// Floor 4: commands.
pub mod cli;
