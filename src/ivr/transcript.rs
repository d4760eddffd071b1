//! `.session` files: what a caller does and what must come of it. Read, run on the session of real calls, rewritten.
//! Never reads a file.
//!
//! ```text
//! flow postal-ko                          header: flow, at, from, to, lang, stub
//! at   2026-03-04T10:15:00+09:00
//! <  main   국내우편은                     the node main is heard, its text contains this
//! >  1                                    keys are pressed, over the words if they are still heard
//! ~  30s                                  the words are heard out, then silence
//! =  queue general                        outcome, as far as it is written
//! ```
//!
//! Everything heard must be written, in order; only what happens during a `~` may be left out.

mod parse;
mod run;

pub use parse::{ParseError, parse, parse_stubs};
pub(super) use run::written;
pub use run::{Failure, bless, run};

use std::time::Duration;

use jiff::Timestamp;

use super::flow::Flow;
use super::outside::CallFacts;
use super::rehearsal::Stubs;
use crate::model::{Digit, Language, WallClock};

/// One transcript.
#[derive(Clone)]
pub struct Transcript {
    /// The flow it is about.
    pub flow: String,
    /// When the call is answered.
    pub at: Timestamp,
    /// Who calls; empty when withheld.
    pub caller: String,
    /// What was dialled.
    pub called: String,
    /// The caller's language; the flow's own when not said.
    pub language: Option<Language>,
    /// What the world answers.
    pub stubs: Stubs,
    /// The lines below the header.
    pub lines: Vec<Line>,
    /// The header as written, for rewriting.
    pub header: String,
}

impl Transcript {
    /// What is known of the call when it comes to this flow.
    #[must_use]
    pub fn facts(&self, flow: &Flow) -> CallFacts {
        let language = self.language.unwrap_or(flow.language);
        CallFacts { caller: self.caller.clone(), called: self.called.clone(), language }
    }

    /// The wall clock of a call that is answered at `Moment::ZERO`.
    #[must_use]
    pub fn wall(&self) -> WallClock {
        WallClock { zero_unix_ms: self.at.as_millisecond() }
    }
}

/// One line and its number in the file.
#[derive(Clone, Debug)]
pub struct Line {
    /// From 1.
    pub number: usize,
    /// What it says.
    pub step: Step,
}

/// What a line says.
#[derive(Clone, Debug)]
pub enum Step {
    /// `<  node  text`
    Hear { node: String, contains: String },
    /// `=  words`
    Outcome(String),
    /// `>  123#`
    Press(Vec<Digit>),
    /// `~  30s`
    Wait(Duration),
}
