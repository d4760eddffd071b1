//! IVR030 to IVR032: nodes that nothing leads to, nodes that lead nowhere, circles that nobody leaves.

use super::ways::{Ways, closure, ends};
use crate::document::Diagnostic;
use crate::ivr::flow::Step;

pub(super) fn check(ways: &Ways<'_>, notes: &mut Vec<Diagnostic>) {
    for (node, reached) in ways.flow.nodes.iter().zip(&ways.reached) {
        if !reached {
            let message = format!("node '{}' is never reached", node.name);
            notes.push(Diagnostic::warning("IVR030", message).at(node.span.clone()));
        }
    }
    let ending = ways.leads_to(ends, |_, _| true);
    for (at, node) in ways.reached_nodes() {
        if !ending[at] {
            let message = format!("no way leads out of node '{}'", node.name);
            let wrong = Diagnostic::error("IVR031", message).at(node.span.clone());
            notes.push(wrong.help("end somewhere in hangup, queue, transfer or another flow"));
        }
    }
    circles(ways, notes);
}

/// Circles that a caller goes round without choosing to, and without a node that counts visits. Waiting in a queue is
/// no circle: time passes there and somebody answers.
fn circles(ways: &Ways<'_>, notes: &mut Vec<Diagnostic>) {
    let size = ways.flow.nodes.len();
    let counted = |at: usize| {
        let node = &ways.flow.nodes[at];
        node.visits_max.is_some() || matches!(node.step, Step::Queue(_))
    };
    let next = |at: usize, open: &mut Vec<usize>| {
        let automatic = ways.out[at].iter().filter(|(edge, to)| edge.is_automatic() && !counted(*to));
        open.extend(automatic.map(|(_, to)| *to));
    };
    let mut told = vec![false; size];
    for (at, node) in ways.reached_nodes() {
        if counted(at) || told[at] {
            continue;
        }
        let mut first = Vec::new();
        next(at, &mut first);
        let after = first.iter().fold(vec![false; size], |mut all, start| {
            let reached = closure(size, Some(*start), next);
            all.iter_mut().zip(reached).for_each(|(all, reached)| *all |= reached);
            all
        });
        if !after[at] {
            continue;
        }
        // The nodes of this circle: those after it from which it is reached again.
        let mut names = Vec::new();
        for member in (0..size).filter(|member| after[*member]) {
            if closure(size, Some(member), next)[at] {
                told[member] = true;
                names.push(ways.flow.nodes[member].name.as_str());
            }
        }
        let message = format!("a circle that nobody need leave: {}", names.join(", "));
        let wrong = Diagnostic::error("IVR032", message).at(node.span.clone());
        notes.push(wrong.help("give one of them max_visits and on_fail"));
    }
}
