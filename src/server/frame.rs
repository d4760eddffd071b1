//! A frame for a terminal: a title, then sections of labelled items, every line as wide as the others. Widths are those
//! of a terminal's cells, where a Korean syllable takes two (Unicode Standard Annex #11). Never knows what it frames.

use crate::cli::table::cells;

/// One label and what stands behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Empty for a sentence that takes the whole line.
    label: &'static str,
    /// Shown with `·` between them, on as many lines as they need; an item is never broken.
    items: Vec<String>,
}

impl Row {
    pub(super) fn new(label: &'static str, items: impl IntoIterator<Item = String>) -> Row {
        Row { label, items: items.into_iter().collect() }
    }

    pub(super) fn sentence(words: impl Into<String>) -> Row {
        Row { label: "", items: vec![words.into()] }
    }
}

/// The whole frame, indented by two cells, with a line between sections. Sections without rows are left out.
pub(super) fn framed(title: &str, sections: &[Vec<Row>]) -> String {
    let sections: Vec<Vec<String>> = sections.iter().filter(|rows| !rows.is_empty()).map(|rows| lines(rows)).collect();
    let widest = sections.iter().flatten().map(|line| cells(line)).max().unwrap_or(0);
    let width = widest.max(cells(title) + 2);
    let mut text = format!("  ┌ {title} {}┐\n", "─".repeat(width - cells(title)));
    for (at, section) in sections.iter().enumerate() {
        if at > 0 {
            text += &format!("  ├{}┤\n", "─".repeat(width + 2));
        }
        for line in section {
            text += &format!("  │ {line}{} │\n", " ".repeat(width - cells(line)));
        }
    }
    text + &format!("  └{}┘\n", "─".repeat(width + 2))
}

fn lines(rows: &[Row]) -> Vec<String> {
    let mut lines = Vec::new();
    for Row { label, items } in rows {
        let begin = if label.is_empty() { 0 } else { LABEL_CELLS };
        let mut line = format!("{label}{}", " ".repeat(begin.saturating_sub(cells(label))));
        let mut begun = false;
        for item in items {
            if begun && cells(&line) + cells(BETWEEN) + cells(item) > LINE_CELLS {
                lines.push(std::mem::replace(&mut line, " ".repeat(begin)));
                begun = false;
            }
            if begun {
                line += BETWEEN;
            }
            line += item;
            begun = true;
        }
        lines.push(line);
    }
    lines
}

const BETWEEN: &str = " · ";

/// The labels' column, with its gap.
const LABEL_CELLS: usize = 12;

/// Where items go on in the next line: the frame then fits a terminal of ninety cells.
const LINE_CELLS: usize = 84;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_as_wide_as_the_others_in_korean_too() {
        let numbers = (0..12).map(|at| format!("13{at:02} 우편고객센터 {at}"));
        let sections = [
            vec![Row::sentence("개발용 서버입니다."), Row::new("SIP", ["udp 127.0.0.1:5060".to_owned()])],
            Vec::new(),
            vec![Row::new("Dial", numbers.clone())],
        ];
        let text = framed("Thirdring · 우편고객센터", &sections);
        let widths: Vec<usize> = text.lines().map(cells).collect();
        assert!(widths.iter().all(|width| *width == widths[0] && *width <= 90), "{widths:?}\n{text}");
        assert!(numbers.into_iter().all(|number| text.contains(&number)), "no number is broken:\n{text}");
        assert_eq!((text.matches('├').count(), text.matches("Dial").count()), (1, 1), "{text}");
        assert!(text.starts_with("  ┌ Thirdring · 우편고객센터 ─") && text.ends_with("┘\n"), "{text}");
    }

    #[test]
    fn a_title_longer_than_its_lines_keeps_the_corners_in_place() {
        let text = framed("A centre with a very long name", &[vec![Row::sentence("short")]]);
        assert_eq!(
            text,
            "  ┌ A centre with a very long name ──┐\n  │ short                            │\n  └──────────────────────────────────┘\n"
        );
    }
}
