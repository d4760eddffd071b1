//! Flows and their nodes as labels: those of the start, and those that a reload brings, while there is room. Never a
//! label that a caller could choose; what is unknown or too much shares `other`.

use std::collections::{BTreeMap, BTreeSet};

use super::series::{OTHER, Series};

/// The flows that have series of their own, and their nodes that do.
#[derive(Debug, Default)]
pub(super) struct FlowLabels {
    flows: BTreeMap<String, BTreeSet<String>>,
    nodes: usize,
}

impl FlowLabels {
    /// Takes what is new and fits, with its series at zero. Nothing is ever taken back: a counter that vanishes is
    /// worse than one that stands still.
    pub(super) fn learn(&mut self, flows: &[(String, Vec<String>)], series: &Series) {
        for (flow, nodes) in flows {
            if !self.flows.contains_key(flow) {
                if self.flows.len() >= FLOWS_MAX {
                    continue;
                }
                series.ivr_exits.of([flow, OTHER]);
            }
            let known = self.flows.entry(flow.clone()).or_default();
            for node in nodes {
                if self.nodes < NODES_MAX && known.insert(node.clone()) {
                    self.nodes += 1;
                    series.node_visits.of([flow, node]);
                }
            }
        }
    }

    /// The flow, or `other`.
    pub(super) fn flow<'w>(&self, flow: &'w str) -> &'w str {
        if self.flows.contains_key(flow) { flow } else { OTHER }
    }

    /// The flow's node, or `other`.
    pub(super) fn node<'w>(&self, flow: &str, node: &'w str) -> &'w str {
        if self.flows.get(flow).is_some_and(|nodes| nodes.contains(node)) { node } else { OTHER }
    }
}

/// Nodes with a series of their own: a few large flows.
const NODES_MAX: usize = 500;

/// Flows with series of their own.
const FLOWS_MAX: usize = 50;
