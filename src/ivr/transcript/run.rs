//! Runs a transcript, and rewrites one to what really happens.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::{Step, Transcript};
use crate::ivr::flow::Flow;
use crate::ivr::rehearsal::{Happening, Rehearsal};
use crate::model::Clip;

/// The first line of a transcript that did not come true.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct Failure {
    /// From 1.
    pub line: usize,
    /// What was expected and what happened.
    pub problem: String,
}

/// Runs a transcript on a flow.
///
/// # Errors
/// At the first line that does not come true, or when something is heard that no line tells.
pub fn run(transcript: &Transcript, flow: &Arc<Flow>, lengths: &dyn Fn(&Clip) -> Duration) -> Result<(), Failure> {
    let mut stage = Stage::new(transcript, flow, lengths);
    let mut last = 0;
    for line in &transcript.lines {
        last = line.number;
        let failed = |problem: String| Failure { line: line.number, problem };
        match &line.step {
            Step::Press(_) | Step::Wait(_) => {
                stage.nothing_untold().map_err(failed)?;
                stage.act(&line.step);
            }
            expected => stage.expect(expected).map_err(failed)?,
        }
    }
    stage.nothing_untold().map_err(|problem| Failure { line: last, problem })
}

/// The transcript with the same acts and what really comes of them.
#[must_use]
pub fn bless(transcript: &Transcript, flow: &Arc<Flow>, lengths: &dyn Fn(&Clip) -> Duration) -> String {
    let mut stage = Stage::new(transcript, flow, lengths);
    let mut text = transcript.header.clone();
    for line in &transcript.lines {
        match &line.step {
            Step::Press(digits) => {
                stage.write_pending(&mut text);
                let keys: String = digits.iter().map(|digit| digit.key()).collect();
                text.push_str(&format!(">  {keys}\n"));
                stage.act(&line.step);
            }
            Step::Wait(time) => {
                stage.write_pending(&mut text);
                text.push_str(&format!("~  {}\n", crate::document::write_duration(*time)));
                stage.act(&line.step);
            }
            told => {
                if let Some(happening) = stage.next() {
                    text.push_str(&rewritten(&happening, told));
                }
            }
        }
    }
    stage.write_pending(&mut text);
    text
}

struct Stage<'w> {
    rehearsal: Rehearsal<'w>,
    pending: VecDeque<Happening>,
    /// What happens during a wait may be left untold.
    waited: bool,
}

impl<'w> Stage<'w> {
    fn new(transcript: &Transcript, flow: &Arc<Flow>, lengths: &'w dyn Fn(&Clip) -> Duration) -> Self {
        let (facts, stubs) = (transcript.facts(flow), transcript.stubs.clone());
        let rehearsal = Rehearsal::new(Arc::clone(flow), facts, transcript.wall(), stubs, lengths);
        Stage { rehearsal, pending: VecDeque::new(), waited: false }
    }

    fn act(&mut self, step: &Step) {
        self.pending.clear();
        match step {
            Step::Press(digits) => {
                digits.iter().for_each(|digit| self.rehearsal.press(*digit));
                self.waited = false;
            }
            Step::Wait(time) => {
                self.rehearsal.wait(*time);
                self.waited = true;
            }
            Step::Hear { .. } | Step::Outcome(_) => {}
        }
    }

    fn gather(&mut self) {
        while let Some(happening) = self.rehearsal.take() {
            // Services are not seen by a caller.
            if !matches!(happening, Happening::Asked { .. }) {
                self.pending.push_back(happening);
            }
        }
    }

    /// The next thing that happens while the caller only listens.
    fn next(&mut self) -> Option<Happening> {
        self.gather();
        while self.pending.is_empty() && self.rehearsal.hear_out() {
            self.gather();
        }
        self.pending.pop_front()
    }

    fn expect(&mut self, expected: &Step) -> Result<(), String> {
        self.gather();
        if self.waited
            && let Some(at) = self.pending.iter().position(|happening| fits(happening, expected))
        {
            self.pending.drain(..=at);
            return Ok(());
        }
        match self.next() {
            Some(happening) if fits(&happening, expected) => Ok(()),
            Some(happening) => Err(format!("expected {}, but {}", described(expected), told(&happening))),
            None => Err(format!("expected {}, but nothing more happens", described(expected))),
        }
    }

    fn nothing_untold(&mut self) -> Result<(), String> {
        self.gather();
        match self.pending.front() {
            Some(happening) if !self.waited => Err(format!("before this line, {}", told(happening))),
            _ => Ok(()),
        }
    }

    fn write_pending(&mut self, text: &mut String) {
        self.gather();
        for happening in self.pending.drain(..) {
            text.push_str(&written(&happening));
        }
    }
}

/// Whether a line tells this happening. An outcome may be told in part: its first words.
fn fits(happening: &Happening, expected: &Step) -> bool {
    match (happening, expected) {
        (Happening::Heard { node, text, .. }, Step::Hear { node: wanted, contains }) => {
            node == wanted && text.contains(contains.as_str())
        }
        (Happening::Outcome(words), Step::Outcome(wanted)) => {
            let mut words = words.split_whitespace();
            wanted.split_whitespace().all(|word| words.next() == Some(word))
        }
        _ => false,
    }
}

fn described(expected: &Step) -> String {
    match expected {
        Step::Hear { node, contains } if contains.is_empty() => format!("to hear {node}"),
        Step::Hear { node, contains } => format!("to hear {node} with \"{contains}\""),
        Step::Outcome(words) => format!("= {words}"),
        Step::Press(_) | Step::Wait(_) => String::new(),
    }
}

fn told(happening: &Happening) -> String {
    match happening {
        Happening::Heard { node, text, .. } => format!("{node} is heard: \"{text}\""),
        Happening::Outcome(words) => format!("this came: = {words}"),
        Happening::Asked { service, .. } => format!("http.{service} was asked"),
    }
}

/// A happening as a line.
pub(in crate::ivr) fn written(happening: &Happening) -> String {
    rewritten(happening, &Step::Wait(Duration::ZERO))
}

/// A happening as a line. The fragment of the old line is kept where it still fits.
fn rewritten(happening: &Happening, old: &Step) -> String {
    match happening {
        Happening::Heard { node, .. } if fits(happening, old) => match old {
            Step::Hear { contains, .. } if !contains.is_empty() => format!("<  {node:<13} {contains}\n"),
            _ => format!("<  {node}\n"),
        },
        Happening::Heard { node, text, .. } => {
            let words: String = text.chars().take(FRAGMENT).collect();
            let whole = words.rsplit_once(' ').filter(|_| text.chars().count() > FRAGMENT);
            format!("<  {node:<13} {}\n", whole.map_or(words.as_str(), |(whole, _)| whole))
        }
        Happening::Outcome(words) => format!("=  {words}\n"),
        Happening::Asked { .. } => String::new(),
    }
}

/// Letters of a text that a rewritten line quotes.
const FRAGMENT: usize = 24;
