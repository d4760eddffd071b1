//! A flow as SVG: columns by distance from the start, rows by where the arrows come from, so that few of them cross.
//! Ways back are written under their box instead of drawn.
//! No style but what it needs; colours follow the page by `currentColor`.

use std::collections::VecDeque;

use super::{Drawing, summary};
use crate::ivr::flow::{Flow, Kind, Target};

/// Draws a flow.
pub(super) fn draw(plan: &Drawing<'_>) -> String {
    let flow = plan.flow;
    let columns = columns(flow);
    let layout = Layout::new(plan, &columns);
    let (width, height) = layout.size();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\" aria-label=\"{}\" font-family=\"sans-serif\" font-size=\"12\">\n{ARROW_HEAD}",
        escape(&flow.title)
    );
    if !plan.everywhere.is_empty() {
        let words = escape(&plan.everywhere);
        svg.push_str(&format!("<text x=\"{MARGIN}\" y=\"16\" fill=\"currentColor\">{words}</text>\n"));
    }
    for at in 0..flow.nodes.len() {
        draw_arrows(plan, &layout, &columns, at, &mut svg);
    }
    for at in 0..flow.nodes.len() {
        draw_node(plan, &layout, &columns, at, &mut svg);
    }
    svg.push_str("</svg>\n");
    svg
}

/// The box of each node.
struct Layout {
    boxes: Vec<Place>,
}

#[derive(Clone, Copy, Default)]
struct Place {
    x: usize,
    y: usize,
    height: usize,
}

impl Layout {
    fn new(plan: &Drawing<'_>, columns: &[usize]) -> Self {
        let width = columns.iter().max().map_or(0, |last| last + 1);
        let mut layers: Vec<Vec<usize>> = vec![Vec::new(); width];
        for (at, column) in columns.iter().enumerate() {
            layers[*column].push(at);
        }
        let mut boxes = vec![Place::default(); columns.len()];
        for (column, mut layer) in layers.into_iter().enumerate() {
            // Columns are placed one after the other, so the parents already stand.
            layer.sort_by_key(|at| mean_height_of_parents(plan, columns, &boxes, *at));
            let mut y = HEADER;
            for at in layer {
                let height = box_height(plan, columns, at);
                boxes[at] = Place { x: MARGIN + column * (BOX_WIDTH + COLUMN_GAP), y, height };
                y += height + ROW_GAP;
            }
        }
        Layout { boxes }
    }

    fn of(&self, at: usize) -> Place {
        self.boxes.get(at).copied().unwrap_or_default()
    }

    fn size(&self) -> (usize, usize) {
        let right = self.boxes.iter().map(|place| place.x + BOX_WIDTH + COLUMN_GAP).max().unwrap_or(0);
        let low = self.boxes.iter().map(|place| place.y + place.height).max().unwrap_or(0);
        (right + MARGIN, low + MARGIN + ROW_GAP)
    }
}

/// Room for one line for each arrow that is drawn.
fn box_height(plan: &Drawing<'_>, columns: &[usize], at: usize) -> usize {
    let drawn = plan.arrows[at].iter().filter(|arrow| forward(plan.flow, columns, at, &arrow.to).is_some()).count();
    BOX_HEIGHT.max(drawn * LINE + LINE)
}

/// Where an arrow leads, if that is a node in a later column. Others are written under the box: drawn, they would cross
/// everything.
fn forward(flow: &Flow, columns: &[usize], from: usize, to: &Target) -> Option<usize> {
    let Target::Node(name) = to else { return None };
    flow.position(name).filter(|to| columns[*to] > columns[from])
}

/// Steps from the start; nodes that nothing leads to stand in the last column of all.
fn columns(flow: &Flow) -> Vec<usize> {
    let mut columns: Vec<Option<usize>> = vec![None; flow.nodes.len()];
    let mut open = VecDeque::new();
    if let Target::Node(name) = &flow.start.target
        && let Some(start) = flow.position(name)
    {
        columns[start] = Some(0);
        open.push_back(start);
    }
    while let Some(at) = open.pop_front() {
        let next = columns[at].map_or(0, |column| column + 1);
        // Inherited ways count too: they may be the only ones.
        for (_, link) in flow.nodes[at].edges() {
            if let Target::Node(name) = &link.target
                && let Some(to) = flow.position(name)
                && columns[to].is_none()
            {
                columns[to] = Some(next);
                open.push_back(to);
            }
        }
    }
    let beyond = columns.iter().flatten().max().map_or(0, |last| last + 1);
    columns.into_iter().map(|column| column.unwrap_or(beyond)).collect()
}

/// Nodes without a parent in an earlier column keep the top.
fn mean_height_of_parents(plan: &Drawing<'_>, columns: &[usize], boxes: &[Place], at: usize) -> usize {
    let leads_here =
        |from: &usize| plan.arrows[*from].iter().any(|arrow| forward(plan.flow, columns, *from, &arrow.to) == Some(at));
    let parents: Vec<usize> = (0..plan.arrows.len()).filter(leads_here).map(|from| boxes[from].y).collect();
    if parents.is_empty() { 0 } else { parents.iter().sum::<usize>() / parents.len() }
}

fn draw_node(plan: &Drawing<'_>, layout: &Layout, columns: &[usize], at: usize, svg: &mut String) {
    let flow = plan.flow;
    let node = &flow.nodes[at];
    let Place { x, y, height } = layout.of(at);
    let (round, line) = match node.step.kind() {
        Kind::Menu | Kind::Collect => (BOX_HEIGHT / 2, ""),
        Kind::Queue | Kind::Transfer => (4, " stroke-width=\"2.5\""),
        Kind::Hours | Kind::If | Kind::Http => (0, " stroke-dasharray=\"4 3\""),
        _ => (4, ""),
    };
    let (name, does) = (escape(&node.name), escape(&summary(node)));
    let words = node.say.as_ref().and_then(|say| say.text(flow.language, flow));
    let title = words.map_or_else(String::new, |(_, text)| format!("<title>{}</title>", escape(&text.raw())));
    let (middle, first) = (x + BOX_WIDTH / 2, y + height / 2);
    svg.push_str(&format!(
        "<g data-node=\"{name}\">{title}<rect x=\"{x}\" y=\"{y}\" width=\"{BOX_WIDTH}\" height=\"{height}\" \
         rx=\"{round}\" fill=\"none\" stroke=\"currentColor\"{line} pointer-events=\"all\"/>\
         <text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\" font-weight=\"bold\" fill=\"currentColor\">{name}</text>\
         <text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\" fill=\"currentColor\" opacity=\"0.7\">{does}</text></g>\n",
        first - 3,
        first + 13,
    ));
    let elsewhere = plan.arrows[at].iter().filter(|arrow| forward(flow, columns, at, &arrow.to).is_none());
    let words: Vec<String> =
        elsewhere.map(|arrow| format!("{} → {}", arrow.label(), arrow.to.word()).trim_start().to_owned()).collect();
    if !words.is_empty() {
        let (y, words) = (y + height + LINE, escape(&words.join(" · ")));
        svg.push_str(&format!("<text x=\"{x}\" y=\"{y}\" font-size=\"10\" fill=\"currentColor\">{words}</text>\n"));
    }
}

fn draw_arrows(plan: &Drawing<'_>, layout: &Layout, columns: &[usize], at: usize, svg: &mut String) {
    let (flow, from) = (plan.flow, layout.of(at));
    let drawn: Vec<_> =
        plan.arrows[at].iter().filter_map(|arrow| Some((forward(flow, columns, at, &arrow.to)?, arrow))).collect();
    for (place, (to, arrow)) in drawn.iter().enumerate() {
        // Each arrow leaves at its own height, so that its label stands alone.
        let leaves = from.y + from.height * (place + 1) / (drawn.len() + 1);
        let out = from.x + BOX_WIDTH;
        let (into, enters) = (layout.of(*to).x, layout.of(*to).y + layout.of(*to).height / 2);
        let label = escape(&arrow.label());
        svg.push_str(&format!(
            "<path data-from=\"{}\" data-to=\"{}\" d=\"M{out} {leaves} C{} {leaves} {} {enters} {into} {enters}\" \
             fill=\"none\" stroke=\"currentColor\" opacity=\"0.5\" marker-end=\"url(#arrow)\"/>\n\
             <text x=\"{}\" y=\"{}\" font-size=\"10\" fill=\"currentColor\">{label}</text>\n",
            escape(&flow.nodes[at].name),
            escape(&flow.nodes[*to].name),
            out + COLUMN_GAP / 2,
            into - COLUMN_GAP / 2,
            out + 4,
            leaves - 2,
        ));
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

const BOX_WIDTH: usize = 150;
const BOX_HEIGHT: usize = 44;
const COLUMN_GAP: usize = 110;
/// One line of small text.
const LINE: usize = 13;
const ROW_GAP: usize = 28;
const MARGIN: usize = 16;
const HEADER: usize = 32;

const ARROW_HEAD: &str = "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" \
markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"currentColor\"/></marker></defs>\n";
