//! What `thirdring ivr …` prints: reports of checks and tests, the simulator, graphs. Text in, text out.
//! Never reads a file or a terminal; `cli` does.

mod simulate;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

pub use simulate::{Reply, Setting, Simulator};

pub use super::graph::{GraphFormat, graph};

use super::check::{World, check_text};
use super::flow::Flow;
use super::load::Environment;
use super::text::estimated_length;
use super::transcript::{self, Step, Transcript};
use crate::document::{Diagnostic, render, summary};
use crate::model::{Clip, Language};

/// What came of a check or of tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// For people.
    pub text: String,
    /// Whether everything is in order; warnings are.
    pub passed: bool,
    /// Each mistake, for machines.
    pub diagnostics: Vec<Diagnostic>,
}

/// Checks one file: `file` is the name to print, `id` the name without folder and ending.
#[must_use]
pub fn check_report(
    file: &str,
    id: &str,
    text: &str,
    environment: Option<Environment<'_>>,
    world: Option<&World<'_>>,
    colour: bool,
) -> Report {
    let diagnostics = check_text(id, text, environment, world);
    let passed = !diagnostics.iter().any(Diagnostic::is_error);
    let text = match diagnostics.is_empty() {
        true => format!("{file}: no mistakes\n"),
        false => format!("{}{}\n", render(file, text, &diagnostics, colour), summary(&diagnostics)),
    };
    Report { text, passed, diagnostics }
}

/// One transcript to run.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    /// The name to print.
    pub name: &'a str,
    /// The file's text.
    pub text: &'a str,
}

/// Runs transcripts; prints one TAP line for each. `flows` holds the flows that loaded, by id.
#[must_use]
pub fn test_report(
    cases: &[Case<'_>],
    flows: &BTreeMap<String, Arc<Flow>>,
    lengths: &dyn Fn(&Clip) -> Duration,
    coverage: bool,
) -> Report {
    let mut text = format!("1..{}\n", cases.len());
    let mut failures = 0;
    for (at, case) in cases.iter().enumerate() {
        let number = at + 1;
        match run_case(case, flows, lengths) {
            Ok(()) => text.push_str(&format!("ok {number} - {}\n", case.name)),
            Err(problem) => {
                failures += 1;
                text.push_str(&format!("not ok {number} - {}\n  # {problem}\n", case.name));
            }
        }
    }
    if coverage {
        text.push_str(&uncovered(cases, flows));
    }
    text.push_str(&format!("# {} of {} passed\n", cases.len() - failures, cases.len()));
    Report { text, passed: failures == 0, diagnostics: Vec::new() }
}

fn run_case(
    case: &Case<'_>,
    flows: &BTreeMap<String, Arc<Flow>>,
    lengths: &dyn Fn(&Clip) -> Duration,
) -> Result<(), String> {
    let transcript = transcript::parse(case.text).map_err(|error| error.to_string())?;
    let flow = flows.get(&transcript.flow).ok_or_else(|| format!("there is no flow '{}'", transcript.flow))?;
    transcript::run(&transcript, flow, lengths).map_err(|failure| failure.to_string())
}

/// The transcript rewritten to what really happens.
///
/// # Errors
/// When it cannot be read or its flow is not there.
pub fn bless(
    case: &Case<'_>,
    flows: &BTreeMap<String, Arc<Flow>>,
    lengths: &dyn Fn(&Clip) -> Duration,
) -> Result<String, String> {
    let transcript = transcript::parse(case.text).map_err(|error| error.to_string())?;
    let flow = flows.get(&transcript.flow).ok_or_else(|| format!("there is no flow '{}'", transcript.flow))?;
    Ok(transcript::bless(&transcript, flow, lengths))
}

/// The keys that menus name and no transcript presses, as comment lines.
fn uncovered(cases: &[Case<'_>], flows: &BTreeMap<String, Arc<Flow>>) -> String {
    let mut pressed: BTreeSet<(String, String, char)> = BTreeSet::new();
    for transcript in cases.iter().filter_map(|case| transcript::parse(case.text).ok()) {
        if let Some(flow) = flows.get(&transcript.flow) {
            pressed.extend(keys_pressed(&transcript, flow));
        }
    }
    let mut text = String::new();
    for (id, flow) in flows {
        for node in flow.nodes.iter().filter(|node| node.asks()) {
            let missed = |key: char| !pressed.contains(&(id.clone(), node.name.clone(), key));
            let keys: Vec<String> = node
                .keys
                .iter()
                .filter(|key| key.own && missed(key.digit.key()))
                .map(|key| key.digit.key().to_string())
                .collect();
            if !keys.is_empty() {
                text.push_str(&format!("# {id}: never pressed at {}: {}\n", node.name, keys.join(" ")));
            }
        }
    }
    text
}

/// The keys that a transcript presses at each node that it hears.
fn keys_pressed(transcript: &Transcript, flow: &Arc<Flow>) -> Vec<(String, String, char)> {
    let mut at = None;
    let mut pressed = Vec::new();
    for line in &transcript.lines {
        match &line.step {
            Step::Hear { node, .. } => at = flow.node(node),
            Step::Press(digits) => {
                if let (Some(node), Some(digit)) = (at, digits.first()) {
                    pressed.push((flow.id.clone(), node.name.clone(), digit.key()));
                }
            }
            Step::Wait(_) | Step::Outcome(_) => {}
        }
    }
    pressed
}

/// How long a clip would take to say, where no recording tells.
#[must_use]
pub fn spoken_length(clip: &Clip) -> Duration {
    let folder = clip.name.as_str().split('/').next().unwrap_or_default();
    estimated_length(Language::from_tag(folder).unwrap_or_default(), &clip.text)
}
