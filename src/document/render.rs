//! Diagnostics for people: file, line and column, the line itself, carets under the mistake, what to do.
//! Never decides whether there is a terminal; colour is the caller's choice.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str};

use super::{Diagnostic, Severity, line_column, sort};

/// All diagnostics of one file in reading order, each as `error[CODE]: message`, `--> file:line:column`, the line with
/// carets, and the help. Beyond a hundred the rest is only counted.
#[must_use]
pub fn render(file: &str, text: &str, diagnostics: &[Diagnostic], colour: bool) -> String {
    let mut ordered = diagnostics.to_vec();
    sort(&mut ordered);
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() }.term_width(TERMINAL_COLUMNS);
    let mut out = String::new();
    for diagnostic in ordered.iter().take(SHOWN_MAX) {
        out.push_str(&renderer.render(&[group(file, text, diagnostic)]));
        out.push_str("\n\n");
    }
    if ordered.len() > SHOWN_MAX {
        out.push_str(&format!("… and {} more\n", ordered.len() - SHOWN_MAX));
    }
    out
}

/// One diagnostic on one line, for programs and lists: `file:3:1: IVR010: message; did you mean 'x'?`.
#[must_use]
pub fn in_one_line(file: &str, text: &str, diagnostic: &Diagnostic) -> String {
    let place = diagnostic.span.as_ref().map_or_else(String::new, |span| {
        let (line, column) = line_column(text, span.start);
        format!(":{line}:{column}")
    });
    let label = diagnostic.label.as_ref().map_or_else(String::new, |label| format!("; {label}"));
    let message = diagnostic.message.replace('\n', " ");
    format!("{file}{place}: {}: {message}{label}", diagnostic.code)
}

/// `2 errors, 1 warning`; empty when there are none.
#[must_use]
pub fn summary(diagnostics: &[Diagnostic]) -> String {
    let count = |severity| diagnostics.iter().filter(|found| found.severity == severity).count();
    let counted = |number: usize, word: &str| match number {
        0 => None,
        1 => Some(format!("1 {word}")),
        many => Some(format!("{many} {word}s")),
    };
    let parts = [counted(count(Severity::Error), "error"), counted(count(Severity::Warning), "warning")];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn group<'a>(file: &'a str, text: &'a str, diagnostic: &'a Diagnostic) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(normalize_untrusted_str(&diagnostic.message)).id(diagnostic.code);
    let group = match &diagnostic.span {
        None => title.element(Origin::path(file)),
        Some(span) => {
            let window = Window::around(text, span);
            let carets = AnnotationKind::Primary.span(window.carets).label(diagnostic.label.as_deref());
            title.element(Snippet::source(window.text).path(file).line_start(window.first_line).annotation(carets))
        }
    };
    match &diagnostic.help {
        Some(help) => group.element(Level::HELP.message(normalize_untrusted_str(help))),
        None => group,
    }
}

/// The one line that a mistake begins on. The renderer walks all the text it is given, so it is given little.
struct Window<'a> {
    text: &'a str,
    first_line: usize,
    /// Byte range within `text`, on character boundaries.
    carets: Range<usize>,
}

impl<'a> Window<'a> {
    fn around(text: &'a str, span: &Range<usize>) -> Self {
        let start = text.floor_char_boundary(span.start);
        let end = text.ceil_char_boundary(span.end.max(start));
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
        let line = text[line_start..line_end].trim_end_matches('\r');
        let first_line = text[..line_start].bytes().filter(|byte| *byte == b'\n').count() + 1;
        let carets = (start - line_start).min(line.len())..(end - line_start).min(line.len());
        Window { text: line, first_line, carets }
    }
}

/// Wide enough for most lines; longer ones are cut around the mistake.
const TERMINAL_COLUMNS: usize = 120;

/// Nobody reads more at once; a binary file given by accident has thousands.
const SHOWN_MAX: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_mistake_looks_like_a_compiler_says_it() {
        let text = "[node.main]\nkeys = { 1 = \"q_claim\" }\n";
        let start = text.find("\"q_claim\"").expect("the text holds the word");
        let found = Diagnostic::error("IVR010", "node 'main' goes to 'q_claim', which does not exist")
            .at(start..start + 9)
            .label("did you mean 'q_claims'?")
            .help("define [node.q_claim]");
        let shown = render("ivr-flows/postal-ko.toml", text, &[found], false);
        assert_eq!(
            shown,
            "error[IVR010]: node 'main' goes to 'q_claim', which does not exist\n \
             --> ivr-flows/postal-ko.toml:2:14\n  \
             |\n\
             2 | keys = { 1 = \"q_claim\" }\n  \
             |              ^^^^^^^^^ did you mean 'q_claims'?\n  \
             |\n  \
             = help: define [node.q_claim]\n\n"
        );
    }

    #[test]
    fn korean_letters_are_two_columns_wide_under_the_carets_and_one_in_the_column_number() {
        let text = "title = \"우편고객센터\" # x\nsay = \"가나\" oops\n";
        let start = text.find("oops").expect("the text holds the word");
        let shown = render("a.toml", text, &[Diagnostic::error("X1", "stray word").at(start..start + 4)], false);
        assert!(shown.contains("--> a.toml:2:12"), "{shown}");
        let caret_line = shown.lines().find(|line| line.contains('^')).expect("carets are drawn");
        // `2 | say = "가나" ` is 4 + 7 + 4 + 2 columns wide.
        assert_eq!(caret_line.find('^'), Some(17), "{shown}");
    }

    #[test]
    fn a_mistake_without_a_place_names_the_file() {
        let shown = render("a.toml", "", &[Diagnostic::warning("X1", "no flows at all")], false);
        assert!(shown.starts_with("warning[X1]: no flows at all\n"), "{shown}");
        assert!(shown.contains("a.toml"), "{shown}");
    }

    #[test]
    fn reading_order_is_the_files_order() {
        let found = [Diagnostic::error("X2", "second").at(4..5), Diagnostic::error("X1", "first").at(0..1)];
        let shown = render("a.toml", "abcdef", &found, false);
        assert!(shown.find("first") < shown.find("second"), "{shown}");
    }

    #[test]
    fn colour_is_only_drawn_when_asked_for() {
        let found = [Diagnostic::error("X1", "red").at(0..1)];
        assert!(!render("a.toml", "abc", &found, false).contains('\u{1b}'));
        assert!(render("a.toml", "abc", &found, true).contains('\u{1b}'));
    }

    #[test]
    fn thousands_are_counted_not_shown() {
        let found = vec![Diagnostic::error("X1", "again").at(0..1); 150];
        let shown = render("a.toml", "abc", &found, false);
        assert_eq!(shown.matches("error[X1]").count(), 100);
        assert!(shown.ends_with("… and 50 more\n"), "{shown}");
    }

    #[test]
    fn the_summary_counts_both_kinds() {
        let error = Diagnostic::error("X1", "e");
        let warning = Diagnostic::warning("X1", "w");
        assert_eq!(summary(&[]), "");
        assert_eq!(summary(std::slice::from_ref(&error)), "1 error");
        assert_eq!(summary(&[error, warning.clone(), warning]), "1 error, 2 warnings");
    }

    proptest! {
        #[test]
        fn no_text_and_no_span_panics(
            text in "[가-하a-z\"\\r\\n\\t =]{0,60}",
            start in 0_usize..200,
            length in 0_usize..50,
        ) {
            let _ = render("a.toml", &text, &[Diagnostic::error("X1", "m").at(start..start + length)], false);
        }
    }
}
