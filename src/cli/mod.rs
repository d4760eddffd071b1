//! One file a command. Declares only.

pub mod ivr;
