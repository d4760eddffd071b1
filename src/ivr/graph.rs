//! A flow drawn: as Mermaid, as text for a terminal, as SVG for a page.
//! Never judges. Keys that every menu inherits are told once instead of drawn at each.

mod svg;

use std::collections::{BTreeMap, BTreeSet};

use super::edge::Edge;
use super::flow::{Flow, Node, Step, Target};

/// How to draw a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GraphFormat {
    Mermaid,
    Svg,
    Text,
}

impl GraphFormat {
    /// The words of `--format`.
    pub const WORDS: [&'static str; 3] = ["mermaid", "svg", "text"];

    /// From the word of `--format`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<GraphFormat> {
        match word {
            "mermaid" => Some(GraphFormat::Mermaid),
            "svg" => Some(GraphFormat::Svg),
            "text" => Some(GraphFormat::Text),
            _ => None,
        }
    }
}

/// The flow in a format.
#[must_use]
pub fn graph(flow: &Flow, format: GraphFormat) -> String {
    match format {
        GraphFormat::Mermaid => mermaid(&Drawing::new(flow)),
        GraphFormat::Svg => svg::draw(&Drawing::new(flow)),
        GraphFormat::Text => text(&Drawing::new(flow)),
    }
}

/// An arrow: all the reasons for which one node leads to one place.
struct Arrow {
    to: Target,
    words: Vec<String>,
}

/// What is drawn of a flow.
struct Drawing<'f> {
    flow: &'f Flow,
    /// The arrows of each node, inherited ones left out.
    arrows: Vec<Vec<Arrow>>,
    /// The inherited ones, told once; empty when there are none.
    everywhere: String,
}

impl<'f> Drawing<'f> {
    fn new(flow: &'f Flow) -> Self {
        // A link that several nodes have is written once: in `[defaults]` or `[queue_defaults]`.
        let mut users: BTreeMap<usize, usize> = BTreeMap::new();
        for node in &flow.nodes {
            let spans: BTreeSet<usize> = node.edges().iter().map(|(_, link)| link.span.start).collect();
            spans.into_iter().for_each(|span| *users.entry(span).or_default() += 1);
        }
        let mut told = BTreeSet::new();
        let mut all = Vec::new();
        for node in &flow.nodes {
            let mut arrows: Vec<Arrow> = Vec::new();
            for (edge, link) in node.edges() {
                let inherited = matches!(edge, Edge::Key { own: false, .. })
                    || (edge == Edge::OnFail && !node.own_on_fail)
                    || users.get(&link.span.start).is_some_and(|users| *users > 1);
                if inherited {
                    told.insert(format!("{} → {}", edge.word(), link.target.word()));
                    continue;
                }
                match arrows.iter_mut().find(|arrow| arrow.to == link.target) {
                    Some(arrow) => arrow.words.push(edge.word()),
                    None => arrows.push(Arrow { to: link.target.clone(), words: vec![edge.word()] }),
                }
            }
            all.push(arrows);
        }
        Drawing { flow, arrows: all, everywhere: told.into_iter().collect::<Vec<_>>().join(" · ") }
    }

    /// Each node with its arrows.
    fn nodes(&self) -> impl Iterator<Item = (&'f Node, &[Arrow])> {
        self.flow.nodes.iter().zip(self.arrows.iter().map(Vec::as_slice))
    }
}

impl Arrow {
    /// The words beside the arrow; empty where the step simply goes on.
    fn label(&self) -> String {
        if self.words.iter().all(String::is_empty) {
            return String::new();
        }
        let words = self.words.iter().map(|word| if word.is_empty() { "then" } else { word.as_str() });
        words.collect::<Vec<_>>().join(", ")
    }
}

/// What a node does, in a word or two.
fn summary(node: &Node) -> String {
    let kind = node.step.kind().word();
    match &node.step {
        Step::Hours { hours, .. } => format!("{kind} {}", hours.text),
        Step::Http { service, .. } => format!("{kind} {}", service.text),
        Step::Queue(queue) => format!("{kind} {}", queue.queue.text),
        Step::Collect(collect) => format!("{kind} {}", collect.variable.text),
        Step::If { when, .. } => format!("{kind} {}", when.variable.text),
        Step::Callback { due, .. } => format!("{kind} {}", due.word()),
        Step::Transfer { to, .. } => format!("{kind} {}", to.raw()),
        _ => kind.to_owned(),
    }
}

fn mermaid(plan: &Drawing<'_>) -> String {
    let mut drawing = String::from("flowchart LR\n");
    if !plan.everywhere.is_empty() {
        drawing.push_str(&format!("  %% everywhere: {}\n", plan.everywhere));
    }
    let mut outside = Vec::new();
    for (node, arrows) in plan.nodes() {
        let (open, close) = match node.step {
            Step::Hours { .. } | Step::If { .. } => ("{", "}"),
            Step::Menu | Step::Collect(_) => ("([", "])"),
            Step::Queue(_) => ("[[", "]]"),
            Step::Hangup => ("((", "))"),
            _ => ("[", "]"),
        };
        let id = mermaid_id(&node.name);
        drawing.push_str(&format!("  {id}{open}\"{}<br/>{}\"{close}\n", node.name, summary(node).replace('"', "'")));
        for arrow in arrows {
            let to = mermaid_id(&arrow.to.word());
            match arrow.label() {
                label if label.is_empty() => drawing.push_str(&format!("  {id} --> {to}\n")),
                label => drawing.push_str(&format!("  {id} -->|\"{label}\"| {to}\n")),
            }
            if !matches!(arrow.to, Target::Node(_)) && !outside.contains(&&arrow.to) {
                outside.push(&arrow.to);
            }
        }
    }
    for target in outside {
        drawing.push_str(&format!("  {}>\"{}\"]\n", mermaid_id(&target.word()), target.word()));
    }
    drawing.push_str(&format!("  start((start)) --> {}\n", mermaid_id(&plan.flow.start.target.word())));
    drawing
}

/// Mermaid takes letters, digits and `_`; `end` is a word of its own.
fn mermaid_id(name: &str) -> String {
    let letters = name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' });
    format!("n_{}", letters.collect::<String>())
}

fn text(plan: &Drawing<'_>) -> String {
    let flow = plan.flow;
    let mut drawing = format!("{}  {}  version {}\n", flow.id, flow.title, flow.version);
    if !plan.everywhere.is_empty() {
        drawing.push_str(&format!("everywhere: {}\n", plan.everywhere));
    }
    drawing.push_str(&format!("start → {}\n", flow.start.target.word()));
    for (node, arrows) in plan.nodes() {
        drawing.push_str(&format!("\n{}  ({})\n", node.name, summary(node)));
        for arrow in arrows {
            drawing.push_str(&format!("  {:<10} → {}\n", arrow.label(), arrow.to.word()));
        }
    }
    drawing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ivr::shipped::{POSTAL, UTILITY, flow};

    #[test]
    fn every_node_is_drawn_in_every_format() {
        for (id, text) in [("postal-ko", POSTAL), ("utility-en", UTILITY)] {
            let flow = flow(id, text);
            for format in [GraphFormat::Mermaid, GraphFormat::Svg, GraphFormat::Text] {
                let drawing = graph(&flow, format);
                for node in &flow.nodes {
                    assert!(drawing.contains(&node.name), "{format:?} lacks {}", node.name);
                }
            }
        }
    }

    #[test]
    fn inherited_keys_are_told_once() {
        let drawing = graph(&flow("postal-ko", POSTAL), GraphFormat::Text);
        assert_eq!(drawing.matches("@previous").count(), 1, "{drawing}");
        assert!(drawing.contains("  1          → domestic\n"), "{drawing}");
    }

    #[test]
    fn several_keys_to_one_place_are_one_arrow() {
        let flow = flow("postal-ko", POSTAL);
        let shopping = flow.position("shopping").expect("the flow has it");
        let labels: Vec<String> = Drawing::new(&flow).arrows[shopping].iter().map(Arrow::label).collect();
        assert_eq!(labels, ["1, 3", "2", "4"]);
    }

    #[test]
    fn the_svg_is_well_formed_as_far_as_tags_go() {
        let drawing = graph(&flow("utility-en", UTILITY), GraphFormat::Svg);
        let opened = drawing.matches("<g ").count();
        assert_eq!(opened, drawing.matches("</g>").count());
        assert!(drawing.starts_with("<svg ") && drawing.trim_end().ends_with("</svg>"));
        assert!(!drawing.contains("NaN"));
    }
}
