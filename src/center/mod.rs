//! Floor 2: the switchboard. It translates between the strangers of floor 1 and takes no decisions of its own.

pub mod admin;
pub mod board;
pub mod event;
