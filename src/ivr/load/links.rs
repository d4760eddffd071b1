//! Whether every link of a file leads somewhere in it, and every step has a way to go when it fails.

use crate::document::Diagnostic;
use crate::ivr::edge::Edge;
use crate::ivr::flow::{Flow, Link, Name, Node, Step, Target};
use crate::ivr::node::hours::ALWAYS;

/// IVR010 to IVR012, and the error edges.
pub(super) fn check(flow: &Flow, notes: &mut Vec<Diagnostic>) {
    link(flow, "the flow", &flow.start, notes);
    // A default that leads nowhere is one mistake, however many nodes inherit it.
    let mut seen = Vec::new();
    for node in &flow.nodes {
        let place = format!("node '{}'", node.name);
        for (edge, to) in node.edges() {
            if seen.contains(&to.span) {
                continue;
            }
            seen.push(to.span.clone());
            link(flow, &place, to, notes);
            if to.target == Target::Repeat && !matches!(edge, Edge::Key { .. }) {
                let wrong = Diagnostic::error("IVR010", "@repeat is for keys: here it would go round for ever");
                notes.push(wrong.at(to.span.clone()));
            }
        }
        names(flow, node, notes);
        error_edge(node, notes);
    }
}

fn link(flow: &Flow, from: &str, link: &Link, notes: &mut Vec<Diagnostic>) {
    let Target::Node(name) = &link.target else { return };
    if flow.node(name).is_none() {
        let wrong = Diagnostic::error("IVR010", format!("{from} goes to '{name}', which does not exist"));
        let known = flow.nodes.iter().map(|node| node.name.as_str());
        notes.push(wrong.at(link.span.clone()).suggest(name, known));
    }
}

/// Opening hours and services that a node names.
fn names(flow: &Flow, node: &Node, notes: &mut Vec<Diagnostic>) {
    let hours = |name: &Name, notes: &mut Vec<Diagnostic>| {
        if name.text != ALWAYS && !flow.hours.contains_key(&name.text) {
            let wrong = Diagnostic::error("IVR011", format!("there are no opening hours '{}'", name.text));
            let known = flow.hours.keys().map(String::as_str).chain([ALWAYS]);
            notes.push(wrong.at(name.span.clone()).suggest(&name.text, known));
        }
    };
    match &node.step {
        Step::Hours { hours: name, .. } => hours(name, notes),
        Step::Queue(queue) => {
            if let Some(name) = &queue.hours
                && notes.iter().all(|note| note.span.as_ref() != Some(&name.span))
            {
                hours(name, notes);
            }
        }
        Step::Http { service, .. } if !flow.services.contains_key(&service.text) => {
            let wrong = Diagnostic::error("IVR012", format!("there is no service '{}'", service.text));
            let known = flow.services.keys().map(String::as_str);
            notes.push(wrong.at(service.span.clone()).suggest(&service.text, known));
        }
        _ => {}
    }
}

/// A step that can fail needs somewhere to go.
fn error_edge(node: &Node, notes: &mut Vec<Diagnostic>) {
    if node.on_fail.is_some() {
        return;
    }
    let without = match &node.step {
        Step::Menu | Step::Collect(_) => true,
        Step::Http { on_error, .. }
        | Step::Callback { on_error, .. }
        | Step::Message { on_error, .. }
        | Step::Transfer { on_error, .. } => on_error.is_none(),
        Step::Record(record) => record.on_error.is_none(),
        Step::Queue(queue) => {
            (queue.hours.is_some() && queue.on_closed.is_none())
                || (queue.on_full.is_none() && queue.on_max_wait.is_none())
        }
        Step::Hours { .. } | Step::Play { .. } | Step::If { .. } | Step::Hangup => node.visits_max.is_some(),
    };
    if without {
        let wrong = Diagnostic::error("IVR003", format!("node '{}' has no way to go when it fails", node.name));
        notes.push(wrong.at(node.span.clone()).help("name one as on_fail, here or in [defaults]"));
    }
}
