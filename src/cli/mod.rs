//! Floor 4: the command line, one file a command. Declares only.

pub mod agent;
pub mod ban;
mod basic;
pub mod cdr;
pub mod check;
pub mod configuration;
pub mod ivr;
pub mod prompts;
pub mod remote;
pub mod table;
