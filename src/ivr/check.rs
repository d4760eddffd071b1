//! Judges a flow: what is wrong although it loads, against the rest of the server and against the rule books.
//! Never changes a flow and never runs one. IVR codes are every flow's, KR codes those of the Korean ARS guideline.

mod korean;
mod paths;
mod prompts;
mod variables;
mod ways;

use std::time::Duration;

use super::flow::{Flow, Lint, Step, Target};
use super::load::{Environment, draft};
use super::text::Piece;
use crate::document::{Diagnostic, sort};

/// The rest of the server, as far as flows name it.
pub struct World<'a> {
    /// The names of all queues.
    pub queues: &'a [String],
    /// The names of all skills.
    pub skills: &'a [String],
    /// The ids of all flows.
    pub flows: &'a [String],
    /// Whether a clip is recorded, and how long it is.
    pub clips: &'a dyn Fn(&str) -> Option<Duration>,
    /// Whether words without a recording can be spoken.
    pub speaks: bool,
    /// The numbers that lead to this flow.
    pub numbers: &'a [String],
    /// Whether a caller can be given away to this number or name.
    pub reaches: &'a dyn Fn(&str) -> bool,
    /// Names that a caller can be given away to, for suggestions.
    pub people: &'a [String],
}

/// What is wrong with a flow that loaded, in file order.
#[must_use]
pub fn check(flow: &Flow, world: &World<'_>) -> Vec<Diagnostic> {
    judge(flow, Some(world))
}

/// As `check`, where nothing is known of the rest of the server: its names and recordings are taken on trust.
#[must_use]
pub fn check_alone(flow: &Flow) -> Vec<Diagnostic> {
    judge(flow, None)
}

/// Everything to be said about a file's text: what loading finds and what checking finds, in file order.
#[must_use]
pub fn check_text(
    id_hint: &str,
    text: &str,
    environment: Option<Environment<'_>>,
    world: Option<&World<'_>>,
) -> Vec<Diagnostic> {
    let (flow, mut notes) = draft(id_hint, text, environment);
    notes.extend(flow.iter().flat_map(|flow| judge(flow, world)));
    sort(&mut notes);
    notes
}

fn judge(flow: &Flow, world: Option<&World<'_>>) -> Vec<Diagnostic> {
    let mut notes = Vec::new();
    if let Some(world) = world {
        names(flow, world, &mut notes);
    }
    let ways = ways::Ways::new(flow);
    if flow.lints.contains(&Lint::Base) {
        prompts::check(flow, world, &mut notes);
        paths::check(&ways, &mut notes);
        variables::check(&ways, &mut notes);
    }
    if flow.lints.contains(&Lint::KoreanArs) {
        let numbers = world.map_or(&[][..], |world| world.numbers);
        korean::check(&ways, numbers, &mut notes);
    }
    sort(&mut notes);
    notes
}

/// IVR013, IVR014 and IVR018: queues, skills, flows and people that the rest of the server does not have.
fn names(flow: &Flow, world: &World<'_>, notes: &mut Vec<Diagnostic>) {
    let mut known = |what: &str, name: &str, span: &std::ops::Range<usize>, among: &[String], code: &'static str| {
        let seen = notes.iter().any(|note| note.span.as_ref() == Some(span));
        if !seen && among.iter().all(|known| known != name) {
            let wrong = Diagnostic::error(code, format!("there is no {what} '{name}'")).at(span.clone());
            notes.push(wrong.suggest(name, among.iter().map(String::as_str)));
        }
    };
    let reachable: Vec<String> = world.people.iter().chain(world.queues).cloned().collect();
    for node in &flow.nodes {
        if let Step::Queue(queue) = &node.step {
            known("queue", &queue.queue.text, &queue.queue.span, world.queues, "IVR013");
            for (skill, _) in &queue.skills {
                known("skill", &skill.text, &skill.span, world.skills, "IVR013");
            }
        }
        if let Step::Transfer { to, .. } = &node.step
            && let [Piece::Words(to_whom)] = to.pieces.as_slice()
            && !(world.reaches)(to_whom)
        {
            known("person, queue or number", to_whom, &to.span, &reachable, "IVR018");
        }
        for (_, link) in node.edges() {
            if let Target::Flow(name) = &link.target {
                known("flow", name, &link.span, world.flows, "IVR014");
            }
        }
    }
}
