//! IVR050: variables that are used before they are set, and fields that no service declares.

use std::collections::BTreeMap;
use std::ops::Range;

use super::ways::Ways;
use crate::document::Diagnostic;
use crate::ivr::edge::Edge;
use crate::ivr::flow::{Flow, Node, Step, Template};

pub(super) fn check(ways: &Ways<'_>, notes: &mut Vec<Diagnostic>) {
    let names = Names::new(ways.flow);
    let always = ways.facts(names.bits(BUILT_IN), true, |node, edge| names.made(ways.flow, node, edge));
    let sometimes = ways.facts(names.bits(BUILT_IN), false, |node, edge| names.made(ways.flow, node, edge));
    for (at, node) in ways.reached_nodes() {
        for Use { name, span, optional } in uses(ways.flow, node) {
            let bit = names.bit(name);
            let set = |facts: &[Option<u128>]| facts[at].is_some_and(|set| set & bit != 0);
            let note = if bit == 0 {
                let unknown = Diagnostic::error("IVR050", format!("no step sets '{name}'"));
                unknown.suggest(name, names.places.keys().copied())
            } else if optional || set(&always) {
                continue;
            } else if set(&sometimes) {
                Diagnostic::warning("IVR050", format!("'{name}' is not set on every way to node '{}'", node.name))
                    .help("what is not set is left out; ask with an if before")
            } else {
                Diagnostic::error("IVR050", format!("'{name}' is used before it is set"))
            };
            if notes.iter().all(|known| known.span.as_ref() != Some(&span) || known.message != note.message) {
                notes.push(note.at(span));
            }
        }
    }
}

/// A place where a variable is used.
struct Use<'f> {
    name: &'f str,
    span: Range<usize>,
    /// A condition may ask for what is not set.
    optional: bool,
}

fn uses<'f>(flow: &'f Flow, node: &'f Node) -> Vec<Use<'f>> {
    let in_text = |text: &'f Template| {
        text.variables().map(|(name, at)| Use { name, span: text.part(at.clone()), optional: false })
    };
    let mut uses: Vec<Use<'f>> = node.say.iter().flat_map(|say| say.texts.values()).flat_map(in_text).collect();
    match &node.step {
        Step::Callback { to, .. } | Step::Transfer { to, .. } => uses.extend(in_text(to)),
        Step::Message { to, text, .. } => uses.extend(in_text(to).chain(in_text(text))),
        Step::If { when, .. } => {
            uses.push(Use { name: &when.variable.text, span: when.variable.span.clone(), optional: true });
        }
        Step::Http { service, .. } => {
            let url = flow.services.get(&service.text).map(|service| &service.url);
            let names = url.into_iter().flat_map(Template::variables);
            uses.extend(names.map(|(name, _)| Use { name, span: service.span.clone(), optional: false }));
        }
        _ => {}
    }
    uses
}

/// Every variable that anything sets, each with its bit. A flow with more than 128 shares the last one, and is checked
/// less sharply.
struct Names<'f> {
    places: BTreeMap<&'f str, u32>,
}

impl<'f> Names<'f> {
    fn new(flow: &'f Flow) -> Self {
        let mut names: Vec<&str> = BUILT_IN.to_vec();
        for node in &flow.nodes {
            if let Step::Collect(collect) = &node.step {
                names.push(&collect.variable.text);
            }
        }
        names.extend(flow.services.values().flat_map(|service| service.fields.keys()).map(String::as_str));
        let mut places = BTreeMap::new();
        for name in names {
            let next = u32::try_from(places.len()).unwrap_or(u32::MAX).min(u128::BITS - 1);
            places.entry(name).or_insert(next);
        }
        Names { places }
    }

    /// Zero for a name that nothing sets.
    fn bit(&self, name: &str) -> u128 {
        self.places.get(name).map_or(0, |place| 1 << place)
    }

    fn bits<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> u128 {
        names.into_iter().fold(0, |bits, name| bits | self.bit(name))
    }

    /// What is set once an edge was gone along.
    fn made(&self, flow: &Flow, node: &Node, edge: Edge) -> u128 {
        let fields = |name: &str| {
            let service = flow.services.get(name);
            self.bits(service.iter().flat_map(|service| service.fields.keys()).map(String::as_str))
        };
        match (&node.step, edge) {
            (Step::Collect(collect), Edge::Next) => self.bit(&collect.variable.text),
            (Step::Http { service, .. }, Edge::Found) => fields(&service.text),
            // The fields of an answer come together, so who has one has all.
            (Step::If { when, .. }, Edge::Then) => {
                let asked = flow.services.iter().find(|(_, service)| service.fields.contains_key(&when.variable.text));
                self.bit(&when.variable.text) | asked.map_or(0, |(name, _)| fields(name))
            }
            _ => 0,
        }
    }
}

/// Set for every call.
const BUILT_IN: [&str; 2] = ["caller", "called"];
