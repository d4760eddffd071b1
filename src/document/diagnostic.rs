//! A mistake in a text file: what is wrong, where, and what to do. Never printed here; see `render`.

use std::ops::Range;

/// How much a diagnostic matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// The file can be used; somebody should look at it.
    Warning,
}

/// One mistake and its place.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Diagnostic {
    pub severity: Severity,
    /// A short, stable name such as `IVR010` or `CFG003`.
    pub code: &'static str,
    /// What is wrong, in one clause.
    pub message: String,
    /// Byte range in the text; `None` when the mistake has no one place.
    pub span: Option<Range<usize>>,
    /// Written beside the carets: `did you mean 'q_claims'?`.
    pub label: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A mistake that makes the file unusable.
    #[must_use]
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message.into())
    }

    /// Something to look at.
    #[must_use]
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message.into())
    }

    /// Where in the text, in bytes.
    #[must_use]
    pub fn at(mut self, span: Range<usize>) -> Self {
        self.span = Some(span);
        self
    }

    /// The words beside the carets.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.label = Some(text.into());
        self
    }

    /// What to do about it.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// `did you mean '…'?` beside the carets, when something among the known words resembles `word`.
    #[must_use]
    pub fn suggest<'a>(self, word: &str, among: impl IntoIterator<Item = &'a str>) -> Self {
        match super::did_you_mean(word, among) {
            Some(known) => self.label(format!("did you mean '{known}'?")),
            None => self,
        }
    }

    /// Whether this one makes the file unusable.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    fn new(severity: Severity, code: &'static str, message: String) -> Self {
        Diagnostic { severity, code, message, span: None, label: None, help: None }
    }
}

/// Puts diagnostics in reading order: by place, those without a place last, and the order of finding among equals.
pub fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics
        .sort_by_key(|found| found.span.as_ref().map_or((usize::MAX, usize::MAX), |span| (span.start, span.end)));
}

/// Line and column of a byte offset, both from 1; the column counts characters. Past the end is the end.
#[must_use]
pub fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(offset)];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    (line, before[line_start..].chars().count() + 1)
}

/// Where the lines of a text begin, for whoever asks for many places: each costs one line, not the whole text.
#[derive(Debug)]
pub struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    #[must_use]
    pub fn new(text: &'t str) -> Self {
        let after_newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Lines { text, starts: std::iter::once(0).chain(after_newlines).collect() }
    }

    /// As `line_column`.
    #[must_use]
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or_default();
        (line, self.text.get(start..offset).map_or(0, |before| before.chars().count()) + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_counts_characters_not_bytes() {
        let text = "a = 1\nsay = \"가나다\" x";
        let offset = text.find('x').expect("the text holds an x");
        assert_eq!(line_column(text, 0), (1, 1));
        assert_eq!(line_column(text, offset), (2, 13));
        assert_eq!(line_column(text, 9_999), (2, 14));
        let inside_a_syllable = text.find('나').expect("the text holds the syllable") + 1;
        assert_eq!(line_column(text, inside_a_syllable), (2, 9));
    }

    #[test]
    fn the_index_of_lines_tells_the_same_places() {
        let text = "가 = 1\n\n나다 = \"라\"\n";
        let lines = Lines::new(text);
        for offset in 0..text.len() + 3 {
            assert_eq!(lines.line_column(offset), line_column(text, offset), "{offset}");
        }
        assert_eq!(Lines::new("").line_column(7), (1, 1));
    }

    #[test]
    fn reading_order_is_by_place_and_homeless_ones_come_last() {
        let mut found = vec![
            Diagnostic::error("X1", "homeless"),
            Diagnostic::error("X2", "late").at(9..10),
            Diagnostic::warning("X3", "early").at(1..2),
        ];
        sort(&mut found);
        assert_eq!(found.iter().map(|one| one.code).collect::<Vec<_>>(), ["X3", "X2", "X1"]);
    }

    #[test]
    fn a_suggestion_appears_only_when_something_resembles() {
        let near = Diagnostic::error("X1", "unknown").suggest("q_claim", ["q_claims", "main"]);
        assert_eq!(near.label.as_deref(), Some("did you mean 'q_claims'?"));
        assert_eq!(Diagnostic::error("X1", "unknown").suggest("zebra", ["q_claims", "main"]).label, None);
    }
}
