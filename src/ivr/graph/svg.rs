//! A flow as SVG: columns by distance from the start, rows by where the arrows come from, so that few of them cross.
//! No style but what it needs; colours follow the page by `currentColor`.

use std::collections::VecDeque;

use super::{arrows, inherited, summary};
use crate::ivr::flow::{Flow, Kind, Target};

/// Draws a flow.
pub(super) fn draw(flow: &Flow) -> String {
    let layout = Layout::new(flow);
    let (width, height) = layout.size();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\" aria-label=\"{}\" font-family=\"sans-serif\" font-size=\"12\">\n{ARROW_HEAD}",
        escape(&flow.title)
    );
    if !inherited(flow).is_empty() {
        let words = escape(&inherited(flow));
        svg.push_str(&format!("<text x=\"{MARGIN}\" y=\"16\" fill=\"currentColor\">{words}</text>\n"));
    }
    for at in 0..flow.nodes.len() {
        draw_arrows(flow, &layout, at, &mut svg);
    }
    for at in 0..flow.nodes.len() {
        draw_node(flow, &layout, at, &mut svg);
    }
    svg.push_str("</svg>\n");
    svg
}

/// Where each node stands: column and row, from 0.
struct Layout {
    places: Vec<(usize, usize)>,
}

impl Layout {
    fn new(flow: &Flow) -> Self {
        let columns = columns(flow);
        let width = columns.iter().max().map_or(0, |last| last + 1);
        let mut layers: Vec<Vec<usize>> = vec![Vec::new(); width];
        for (at, column) in columns.iter().enumerate() {
            layers[*column].push(at);
        }
        let mut rows = vec![0; columns.len()];
        for column in 0..width {
            if column > 0 {
                let mut layer = std::mem::take(&mut layers[column]);
                layer.sort_by_key(|at| mean_row_of_parents(flow, &columns, &rows, *at));
                layers[column] = layer;
            }
            for (row, at) in layers[column].iter().enumerate() {
                rows[*at] = row;
            }
        }
        Layout { places: columns.into_iter().zip(rows).collect() }
    }

    /// The upper left corner of a node.
    fn corner(&self, at: usize) -> (usize, usize) {
        let (column, row) = self.places.get(at).copied().unwrap_or_default();
        (MARGIN + column * (BOX_WIDTH + COLUMN_GAP), HEADER + row * (BOX_HEIGHT + ROW_GAP))
    }

    fn size(&self) -> (usize, usize) {
        let columns = self.places.iter().map(|place| place.0 + 1).max().unwrap_or(1);
        let rows = self.places.iter().map(|place| place.1 + 1).max().unwrap_or(1);
        (MARGIN * 2 + columns * (BOX_WIDTH + COLUMN_GAP), HEADER + MARGIN + rows * (BOX_HEIGHT + ROW_GAP))
    }
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

/// In hundredths of a row; nodes without a parent in an earlier column keep the top.
fn mean_row_of_parents(flow: &Flow, columns: &[usize], rows: &[usize], at: usize) -> usize {
    let name = &flow.nodes[at].name;
    let leads_here = |node: &crate::ivr::flow::Node| {
        arrows(node).iter().any(|arrow| matches!(&arrow.to, Target::Node(to) if to == name))
    };
    let parents: Vec<usize> = (0..flow.nodes.len())
        .filter(|parent| columns[*parent] < columns[at] && leads_here(&flow.nodes[*parent]))
        .map(|parent| rows[parent] * 100)
        .collect();
    if parents.is_empty() { 0 } else { parents.iter().sum::<usize>() / parents.len() }
}

fn draw_node(flow: &Flow, layout: &Layout, at: usize, svg: &mut String) {
    let node = &flow.nodes[at];
    let (x, y) = layout.corner(at);
    let (round, dash) = match node.step.kind() {
        Kind::Menu | Kind::Collect => (BOX_HEIGHT / 2, ""),
        Kind::Queue | Kind::Transfer => (4, " stroke-width=\"2.5\""),
        Kind::Hours | Kind::If | Kind::Http => (0, " stroke-dasharray=\"4 3\""),
        _ => (4, ""),
    };
    let name = escape(&node.name);
    let does = escape(&summary(node));
    let words = node.say.as_ref().and_then(|say| say.text(flow.language, flow));
    let title = words.map_or_else(String::new, |(_, text)| format!("<title>{}</title>", escape(&text.raw())));
    svg.push_str(&format!(
        "<g data-node=\"{name}\">{title}<rect x=\"{x}\" y=\"{y}\" width=\"{BOX_WIDTH}\" height=\"{BOX_HEIGHT}\" \
         rx=\"{round}\" fill=\"none\" stroke=\"currentColor\"{dash} pointer-events=\"all\"/>\
         <text x=\"{}\" y=\"{}\" text-anchor=\"middle\" font-weight=\"bold\" fill=\"currentColor\">{name}</text>\
         <text x=\"{}\" y=\"{}\" text-anchor=\"middle\" fill=\"currentColor\" opacity=\"0.7\">{does}</text></g>\n",
        x + BOX_WIDTH / 2,
        y + 18,
        x + BOX_WIDTH / 2,
        y + 34,
    ));
    // What leads out of the flow, or back to where the caller was, has no box to point at.
    let leaving = arrows(node).into_iter().filter(|arrow| !matches!(arrow.to, Target::Node(_)));
    let words: Vec<String> = leaving.map(|arrow| format!("{} {}", arrow.label(), arrow.to.word())).collect();
    if !words.is_empty() {
        svg.push_str(&format!(
            "<text x=\"{}\" y=\"{}\" font-size=\"10\" fill=\"currentColor\">{}</text>\n",
            x + 4,
            y + BOX_HEIGHT + 11,
            escape(&words.join(" · "))
        ));
    }
}

fn draw_arrows(flow: &Flow, layout: &Layout, at: usize, svg: &mut String) {
    let (x, y) = layout.corner(at);
    for arrow in arrows(&flow.nodes[at]) {
        let Target::Node(name) = &arrow.to else { continue };
        let Some(to) = flow.position(name) else { continue };
        let (to_x, to_y) = layout.corner(to);
        let (from, middle_y) = (x + BOX_WIDTH, y + BOX_HEIGHT / 2);
        let to_middle = to_y + BOX_HEIGHT / 2;
        // Forward arrows enter on the left; others swing round below both boxes.
        let (path, label_x, label_y) = if to_x > x {
            let bend = (to_x - from) / 2;
            let path = format!(
                "M{from} {middle_y} C{} {middle_y} {} {to_middle} {to_x} {to_middle}",
                from + bend,
                to_x - bend
            );
            (path, from + 6, label_height(middle_y, to_middle))
        } else {
            let low = y.max(to_y) + BOX_HEIGHT + ROW_GAP / 2;
            let entry = to_x + BOX_WIDTH / 2;
            let path = format!(
                "M{from} {middle_y} C{} {low} {entry} {low} {entry} {}",
                from + COLUMN_GAP / 2,
                to_y + BOX_HEIGHT
            );
            (path, from + 6, middle_y + 14)
        };
        svg.push_str(&format!(
            "<path data-from=\"{}\" data-to=\"{}\" d=\"{path}\" fill=\"none\" stroke=\"currentColor\" opacity=\"0.6\" \
             marker-end=\"url(#arrow)\"/>\n<text x=\"{label_x}\" y=\"{label_y}\" font-size=\"10\" fill=\"currentColor\">{}</text>\n",
            escape(&flow.nodes[at].name),
            escape(name),
            escape(&arrow.label())
        ));
    }
}

/// Labels of one node fan out with their arrows.
fn label_height(from: usize, to: usize) -> usize {
    let lean = (to.abs_diff(from) / 12).min(BOX_HEIGHT / 2);
    if to >= from { from + lean } else { from - lean }.saturating_sub(3)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

const BOX_WIDTH: usize = 150;
const BOX_HEIGHT: usize = 44;
const COLUMN_GAP: usize = 90;
const ROW_GAP: usize = 28;
const MARGIN: usize = 16;
const HEADER: usize = 32;

const ARROW_HEAD: &str = "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" \
markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"currentColor\"/></marker></defs>\n";
