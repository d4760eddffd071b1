//! A flow as a graph of node places: what every check of paths walks on.
//! Built-in targets lead to no fixed node; links that dangle are left out, for `load` has reported them.

use crate::ivr::edge::Edge;
use crate::ivr::flow::{Flow, Node, Step, Target};

/// The ways of one flow.
pub(super) struct Ways<'f> {
    pub flow: &'f Flow,
    /// Where the start leads; nothing when it dangles or leads to another flow.
    pub start: Option<usize>,
    /// For each node, its edges to other nodes.
    pub out: Vec<Vec<(Edge, usize)>>,
    /// Nodes that a caller can come to.
    pub reached: Vec<bool>,
}

impl<'f> Ways<'f> {
    pub fn new(flow: &'f Flow) -> Self {
        let place = |target: &Target| match target {
            Target::Node(name) => flow.position(name),
            _ => None,
        };
        let edges = |node: &'f Node| {
            node.edges().into_iter().filter_map(|(edge, link)| Some((edge, place(&link.target)?))).collect()
        };
        let out: Vec<Vec<(Edge, usize)>> = flow.nodes.iter().map(edges).collect();
        let start = place(&flow.start.target);
        let reached = closure(out.len(), start, |at, next| next.extend(out[at].iter().map(|(_, to)| *to)));
        Ways { flow, start, out, reached }
    }

    /// The nodes that can be reached, with their places.
    pub fn reached_nodes(&self) -> impl Iterator<Item = (usize, &'f Node)> {
        let nodes = self.flow.nodes.iter().enumerate();
        nodes.filter(|(at, _)| self.reached.get(*at).copied().unwrap_or(false))
    }

    /// For each node, whether one that `is_goal` holds for can be reached from it along edges that `follows` allows.
    pub fn leads_to(&self, is_goal: impl Fn(&Node) -> bool, follows: impl Fn(&Node, Edge) -> bool) -> Vec<bool> {
        let mut leads: Vec<bool> = self.flow.nodes.iter().map(is_goal).collect();
        loop {
            let mut changed = false;
            for (at, node) in self.flow.nodes.iter().enumerate() {
                let now = leads[at] || self.out[at].iter().any(|(edge, to)| follows(node, *edge) && leads[*to]);
                changed |= now != leads[at];
                leads[at] = now;
            }
            if !changed {
                return leads;
            }
        }
    }

    /// Forward flow of facts, as bits of a number: what holds on every way to each node (`all`), or on some way.
    /// `made` tells what an edge adds. Nodes that nothing reaches have `None`.
    pub fn facts(&self, first: u128, all: bool, made: impl Fn(&Node, Edge) -> u128) -> Vec<Option<u128>> {
        let mut facts: Vec<Option<u128>> = vec![None; self.flow.nodes.len()];
        let Some(start) = self.start else { return facts };
        facts[start] = Some(first);
        let mut open = vec![start];
        while let Some(at) = open.pop() {
            let Some(here) = facts[at] else { continue };
            for (edge, to) in &self.out[at] {
                let brought = here | made(&self.flow.nodes[at], *edge);
                let joined = match facts[*to] {
                    None => brought,
                    Some(there) if all => there & brought,
                    Some(there) => there | brought,
                };
                if facts[*to] != Some(joined) {
                    facts[*to] = Some(joined);
                    open.push(*to);
                }
            }
        }
        facts
    }
}

/// A step after which this flow has nothing more to say to a caller, or which waits for a person.
pub(super) fn ends(node: &Node) -> bool {
    let leaves = |target: &Target| matches!(target, Target::Flow(_) | Target::Resume);
    matches!(node.step, Step::Hangup | Step::Queue(_) | Step::Transfer { .. })
        || node.edges().iter().any(|(_, link)| leaves(&link.target))
}

/// Everything that can be reached from `start`.
pub(super) fn closure(size: usize, start: Option<usize>, next: impl Fn(usize, &mut Vec<usize>)) -> Vec<bool> {
    let mut reached = vec![false; size];
    let mut open: Vec<usize> = start.into_iter().collect();
    while let Some(at) = open.pop() {
        if let Some(seen) = reached.get_mut(at)
            && !std::mem::replace(seen, true)
        {
            next(at, &mut open);
        }
    }
    reached
}
