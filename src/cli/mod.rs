//! One file a command. Declares only.

pub mod check;
pub mod ivr;
