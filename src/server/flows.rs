//! Flows from their files, checked against the configuration and the prompts. All of them are good, or none is taken.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::config::{Config, NumberTarget};
use crate::document::{self, Diagnostic};
use crate::ivr;
use crate::store::{FlowFileError, flow_files};

/// One file's flow and what there is to say about it.
#[derive(Debug)]
pub struct CheckedFlow {
    pub file: String,
    pub text: String,
    pub id: String,
    pub flow: Option<Arc<ivr::Flow>>,
    pub diagnostics: Vec<Diagnostic>,
}

/// What the flows of a configuration came to.
#[derive(Debug)]
pub struct CheckedFlows {
    always_open: bool,
    pub flows: Vec<CheckedFlow>,
}

impl CheckedFlows {
    /// Reads and checks. `clip` tells whether a prompt exists and how long it is.
    ///
    /// # Errors
    /// When the folder can not be read.
    pub fn load(config: &Config, clip: &dyn Fn(&str) -> Option<Duration>) -> Result<CheckedFlows, FlowFileError> {
        let files = flow_files(config.ivr.flows.as_deref())?;
        let environment = |name: &str| std::env::var(name).ok();
        let mut flows: Vec<CheckedFlow> = files
            .into_iter()
            .map(|file| {
                let (flow, diagnostics) = ivr::load::load_with(&file.id, &file.text, &environment);
                CheckedFlow { file: file.file, text: file.text, id: file.id, flow: flow.map(Arc::new), diagnostics }
            })
            .collect();
        let ids: Vec<String> = flows.iter().map(|flow| flow.id.clone()).collect();
        let settings = super::assemble::settings(config, &[], Vec::new());
        let people: Vec<String> = config.agents.iter().map(|agent| agent.name.clone()).collect();
        let queues: Vec<String> = config.queues.iter().map(|queue| queue.name.clone()).collect();
        let reached = reached(config, &flows);
        for checked in &mut flows {
            if let Some(flow) = &checked.flow {
                if !reached.contains(&flow.id) {
                    // Nobody comes to this flow here: what it names belongs to another centre.
                    checked.diagnostics.extend(ivr::check::check_alone(flow));
                    continue;
                }
                let numbers: Vec<String> = numbers_of(config, &flow.id);
                let world = ivr::check::World {
                    queues: &queues,
                    skills: &config.skills,
                    flows: &ids,
                    clips: clip,
                    speaks: false,
                    numbers: &numbers,
                    reaches: &|to| settings.transfer_target(to).is_some(),
                    people: &people,
                };
                checked.diagnostics.extend(ivr::check::check(flow, &world));
            }
        }
        Ok(CheckedFlows { always_open: config.ivr.always_open, flows })
    }

    /// What a folder that can not be read holds.
    #[must_use]
    pub fn none() -> CheckedFlows {
        CheckedFlows { always_open: false, flows: Vec::new() }
    }

    /// Mistakes in all files.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.flows.iter().flat_map(|flow| &flow.diagnostics).filter(|note| note.is_error()).count()
    }

    /// The flows, when there is no mistake in any.
    #[must_use]
    pub fn good(&self) -> Option<Vec<Arc<ivr::Flow>>> {
        let taken = |checked: &CheckedFlow| {
            let flow = checked.flow.as_ref()?;
            Some(if self.always_open { Arc::new(ivr::Flow::clone(flow).always_open()) } else { Arc::clone(flow) })
        };
        (self.errors() == 0).then(|| self.flows.iter().filter_map(taken).collect())
    }

    /// For people: where they are `refused`, the mistakes, else the prompts that nobody has recorded.
    #[must_use]
    pub fn report(&self, refused: bool, colour: bool) -> String {
        let mut report = String::new();
        for checked in &self.flows {
            let shown: Vec<Diagnostic> = told(checked, refused).cloned().collect();
            if !shown.is_empty() {
                report.push_str(&document::render(&checked.file, &checked.text, &shown, colour));
            }
        }
        report
    }

    /// The same, each on one line.
    #[must_use]
    pub fn lines(&self, refused: bool) -> Vec<String> {
        let of_flow = |checked| {
            told(checked, refused)
                .map(|note| document::in_one_line(&checked.file, &checked.text, note))
                .collect::<Vec<_>>()
        };
        self.flows.iter().flat_map(of_flow).collect()
    }

    /// Node names by flow, for metrics.
    #[must_use]
    pub fn words(&self) -> Vec<(String, Vec<String>)> {
        let names = |flow: &ivr::Flow| flow.nodes.iter().map(|node| node.name.clone()).collect();
        let loaded = self.flows.iter().filter_map(|checked| checked.flow.as_ref());
        loaded.map(|flow| (flow.id.clone(), names(flow))).collect()
    }

    /// Ids of all flows.
    #[must_use]
    pub fn ids(&self) -> BTreeSet<String> {
        self.flows.iter().map(|flow| flow.id.clone()).collect()
    }
}

fn told(checked: &CheckedFlow, refused: bool) -> impl Iterator<Item = &Diagnostic> {
    let shown = move |note: &&Diagnostic| if refused { note.is_error() } else { note.code == UNRECORDED };
    checked.diagnostics.iter().filter(shown)
}

/// The warning of the checker that prompts have no recording.
const UNRECORDED: &str = "IVR040";

/// The flows to which a number leads, be it by way of another flow.
fn reached(config: &Config, flows: &[CheckedFlow]) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut ahead: Vec<String> = config
        .numbers
        .iter()
        .filter_map(|number| match &number.target {
            NumberTarget::Flow(flow) => Some(flow.clone()),
            _ => None,
        })
        .collect();
    while let Some(id) = ahead.pop() {
        if reached.insert(id.clone()) {
            let here = flows.iter().filter(|checked| checked.id == id).filter_map(|checked| checked.flow.as_ref());
            ahead.extend(here.flat_map(|flow| flow.onward()).map(str::to_owned));
        }
    }
    reached
}

/// The numbers that lead to a flow.
fn numbers_of(config: &Config, flow: &str) -> Vec<String> {
    let leads = |number: &&crate::config::Number| number.target == NumberTarget::Flow(flow.to_owned());
    config.numbers.iter().filter(leads).map(|number| number.number.reveal().to_owned()).collect()
}
