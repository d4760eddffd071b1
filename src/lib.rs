//! Thirdring: a telephony contact-center server. This file is the map of rooms; ARCHITECTURE.md says which way imports point.

// Floor 0: words.
pub mod model;
// Floor 2: switchboard.
pub mod center;
// Floor 3: shells, the only input and output.
pub mod store;
// Floor 4: doors.
pub mod api;
