//! Thirdring: a telephony contact-center server. This file is the map of rooms; ARCHITECTURE.md says which way imports point.

// Floor 0: words.
pub mod model;
// Floor 1: strangers.
pub mod media;
// Floor 2: switchboard.
pub mod center;
// Floor 3: shells.
pub mod net;
