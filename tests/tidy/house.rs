//! The rules of a single file: how it opens, how long it and its functions may be, what it may not contain.
//! CONTRIBUTING.md lists them for people.

use super::lexer::{Kind, Token};
use super::names::names;
use super::source::{Fault, Source};

/// Lines of a file, its tests not counted.
pub const FILE_LINES_MAX: usize = 600;

/// Lines of code in one function's body; blank lines and comments do not count.
pub const FUNCTION_LINES_MAX: usize = 70;

/// Functions that are longer, each with the reason; the list may only shrink. `path::function`.
pub const LONG_FUNCTIONS: [(&str, &str); 1] =
    [("src/api/series.rs::register", "one table of metrics, a field each; nothing branches")];

/// Files that may say `unsafe`, each with the reason.
pub const UNSAFE_FILES: [(&str, &str); 1] =
    [("tests/hot_path.rs", "to count allocations is to be the allocator, whose trait is unsafe")];

/// The file says what it is for before anything else.
#[must_use]
pub fn opening(source: &Source) -> Vec<Fault> {
    let first = source.text.lines().next().unwrap_or_default();
    let says = first.strip_prefix("//! ").is_some_and(|words| words.chars().count() >= 10);
    if says { Vec::new() } else { vec![source.fault(1, "the file does not open with `//!` and a sentence")] }
}

/// Files of the library stay readable in one sitting.
#[must_use]
pub fn file_length(source: &Source) -> Vec<Fault> {
    if source.test_only {
        return Vec::new();
    }
    let mut tests = std::collections::BTreeSet::new();
    for (token, in_test) in source.tokens.iter().zip(&source.in_test) {
        if *in_test {
            tests.extend(token.line..=token.last_line);
        }
    }
    // Blank lines and comments between two lines of tests belong to the tests.
    let span = match (tests.first(), tests.last()) {
        (Some(first), Some(last)) if source.code_lines().range(first..=last).all(|line| tests.contains(line)) => {
            last - first + 1
        }
        _ => tests.len(),
    };
    let lines = source.text.lines().count() - span;
    if lines <= FILE_LINES_MAX {
        return Vec::new();
    }
    vec![source.fault(1, format!("{lines} lines without tests; at most {FILE_LINES_MAX}"))]
}

/// Functions that do not fit a screen; tests are functions too.
#[must_use]
pub fn function_length(source: &Source, excused: &[(&str, &str)]) -> Vec<Fault> {
    let code = source.code_lines();
    let mut faults = Vec::new();
    for function in functions(source) {
        let lines = code.range(function.body.0 + 1..function.body.1.max(function.body.0 + 1)).count();
        let full = format!("{}::{}", source.path, function.name);
        if lines > FUNCTION_LINES_MAX && !excused.iter().any(|(name, _)| *name == full) {
            let what = format!("fn {} has {lines} lines; at most {FUNCTION_LINES_MAX}", function.name);
            faults.push(source.fault(function.body.0, what));
        }
    }
    faults
}

/// An excuse that nobody needs any more is taken off the list.
#[must_use]
pub fn idle_excuses(sources: &[Source], excused: &[(&str, &str)]) -> Vec<Fault> {
    let long: Vec<Fault> = sources.iter().flat_map(|source| function_length(source, &[])).collect();
    let mut faults = Vec::new();
    for (full, _) in excused {
        let needed = full.rsplit_once("::").is_some_and(|(path, name)| {
            long.iter().any(|fault| fault.path == path && fault.what.starts_with(&format!("fn {name} ")))
        });
        if !needed {
            faults.push(Fault {
                path: (*full).to_owned(),
                line: 0,
                what: "is short enough now; drop its excuse".to_owned(),
            });
        }
    }
    faults
}

/// A function with the lines of its opening and its closing brace.
pub struct Function {
    pub name: String,
    pub body: (usize, usize),
}

/// Every function with a body.
#[must_use]
pub fn functions(source: &Source) -> Vec<Function> {
    let mut found = Vec::new();
    for (index, window) in source.tokens.windows(2).enumerate() {
        if window[0].is("fn") && window[1].is_word() {
            let name = window[1].text.clone();
            found.extend(body(&source.tokens, index + 2).map(|body| Function { name, body }));
        }
    }
    found
}

fn body(tokens: &[Token], behind_name: usize) -> Option<(usize, usize)> {
    let mut nested = 0_usize;
    let mut opened: Option<(usize, usize)> = None;
    for token in tokens.get(behind_name..)? {
        match (opened, token.text.as_str()) {
            _ if token.kind != Kind::Sign => {}
            (None, "(" | "[") => nested += 1,
            (None, ")" | "]") => nested = nested.saturating_sub(1),
            (None, ";") if nested == 0 => return None,
            (None, "{") if nested == 0 => opened = Some((token.line, 1)),
            (Some((line, depth)), "{") => opened = Some((line, depth + 1)),
            (Some((line, 1)), "}") => return Some((line, token.line)),
            (Some((line, depth)), "}") => opened = Some((line, depth - 1)),
            _ => {}
        }
    }
    None
}

/// What no file may contain: giving up without a reason, notes to oneself, tests that do not run, unchecked memory.
#[must_use]
pub fn bans(source: &Source) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, window) in source.tokens.windows(2).enumerate() {
        let [first, second] = window else { continue };
        if (first.is(".") || first.is("::")) && UNWRAPS.iter().any(|word| second.is(word)) {
            faults.push(source.fault(second.line, format!("{}: say with expect why it cannot fail", second.text)));
        }
        if second.is("!") && BANNED_MACROS.iter().any(|word| first.is(word)) {
            faults.push(source.fault(first.line, format!("{}! is not left in the house", first.text)));
        }
        let attribute = index.checked_sub(1).is_some_and(|before| source.tokens[before].is("#"));
        if attribute && first.is("[") && second.is("ignore") {
            faults.push(source.fault(second.line, "an ignored test proves nothing"));
        }
        if first.is("unsafe") && !UNSAFE_FILES.iter().any(|(path, _)| *path == source.path) {
            faults.push(source.fault(first.line, "unsafe"));
        }
    }
    faults
}

/// A `mod.rs` and the map of rooms declare and re-export; what they declare lives elsewhere.
#[must_use]
pub fn doors(source: &Source) -> Vec<Fault> {
    let door = source.path.starts_with("src/") && source.path.ends_with("/mod.rs");
    if !door && source.path != "src/lib.rs" {
        return Vec::new();
    }
    let working = |token: &&Token| DOOR_BANS.iter().any(|word| token.is(word));
    source
        .tokens
        .iter()
        .filter(working)
        .map(|token| source.fault(token.line, format!("{} in a door", token.text)))
        .collect()
}

/// Nothing stands behind the tests at the foot of a file.
#[must_use]
pub fn tests_last(source: &Source) -> Vec<Fault> {
    if source.test_only || !source.path.starts_with("src/") {
        return Vec::new();
    }
    let opens = |at: &usize| source.in_test[*at] && source.tokens[*at].is("mod") && source.tokens[at + 2].is("{");
    let Some(first) = (0..source.tokens.len().saturating_sub(2)).find(opens) else { return Vec::new() };
    let behind = (first..source.tokens.len()).find(|at| !source.in_test[*at]);
    behind.map(|at| source.fault(source.tokens[at].line, "code behind the tests")).into_iter().collect()
}

/// A file of another room is not taken in by the back door.
#[must_use]
pub fn back_doors(source: &Source) -> Vec<Fault> {
    let mut faults = Vec::new();
    if !source.path.starts_with("src/") {
        return faults;
    }
    for window in source.tokens.windows(3) {
        let [first, second, third] = window else { continue };
        if first.is("path") && second.is("=") && third.kind == Kind::Text && third.text.contains("..") {
            faults.push(source.fault(third.line, "a module's file lies outside of its folder"));
        }
    }
    let includes = names(source).into_iter().filter(|name| name.is_macro && name.text() == "include");
    faults.extend(includes.map(|name| source.fault(name.line, "include! hides where code comes from")));
    faults
}

const UNWRAPS: [&str; 3] = ["unwrap", "unwrap_unchecked", "unwrap_err"];
const BANNED_MACROS: [&str; 3] = ["todo", "unimplemented", "dbg"];
const DOOR_BANS: [&str; 8] = ["fn", "struct", "enum", "impl", "trait", "static", "macro_rules", "union"];

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Source {
        Source::new("src/acd/order.rs", text)
    }

    #[test]
    fn a_file_opens_with_what_it_is_for() {
        assert_eq!(opening(&file("//! The order of the callers in one queue.\nfn f() {}")), []);
        for silent in ["", "fn f() {}", "// The order of callers.", "//!", "//! Order.", "\n//! The order of callers."]
        {
            assert_eq!(opening(&file(silent)).len(), 1, "not found: {silent}");
        }
    }

    #[test]
    fn long_files_are_found_and_tests_are_not_counted() {
        let lines = |many: usize| "const A: u8 = 1;\n".repeat(many);
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}\n\n// why\n{}}}\n", lines(300), lines(300));
        assert_eq!(file_length(&file(&lines(600))), []);
        assert_eq!(file_length(&file(&lines(601))).len(), 1);
        assert_eq!(file_length(&file(&(lines(600) + &tests))), []);
        assert_eq!(file_length(&file(&(lines(601) + &tests))).len(), 1);
        assert_eq!(file_length(&Source::new("tests/stories/main.rs", &lines(700))), []);
    }

    #[test]
    fn long_functions_are_found_wherever_they_stand() {
        let body = |many: usize| "    call();\n\n    // A comment.\n".repeat(many);
        assert_eq!(function_length(&file(&format!("fn f() {{\n{}}}\n", body(70))), &[]), []);
        for long in [
            format!("fn f() {{\n{}}}\n", body(71)),
            format!("impl A {{ fn f(a: [u8; 2]) -> B where C: D {{\n{}}} }}\n", body(71)),
            format!("#[test]\nfn f() {{ if a {{ }}\n{}}}\n", body(71)),
        ] {
            assert_eq!(function_length(&file(&long), &[]).len(), 1, "not found: {long}");
        }
        let excused = [("src/acd/order.rs::f", "because")];
        assert_eq!(function_length(&file(&format!("fn f() {{\n{}}}\n", body(71))), &excused), []);
        let sources = [file(&format!("fn f() {{\n{}}}\n", body(71)))];
        assert_eq!(idle_excuses(&sources, &excused), []);
        assert_eq!(idle_excuses(&[file("fn f() {}")], &excused).len(), 1);
        assert_eq!(functions(&file("trait T { fn f(); fn g(a: fn(u8) -> u8) { } }")).len(), 1);
    }

    #[test]
    fn what_gives_up_without_a_reason_is_found() {
        for banned in [
            "fn f() { a.unwrap(); }",
            "fn f() { a.map(Option::unwrap); }",
            "fn f() { a.unwrap_err(); }",
            "fn f() { todo!() }",
            "fn f() { unimplemented!() }",
            "fn f() { dbg!(a) }",
            "#[test] #[ignore] fn f() {}",
            "#[ignore = \"slow\"] fn f() {}",
            "fn f() { unsafe { g() } }",
            "#[cfg(test)] mod tests { fn f() { a.unwrap(); } }",
        ] {
            assert_eq!(bans(&file(banned)).len(), 1, "not found: {banned}");
        }
    }

    #[test]
    fn a_file_that_is_the_allocator_may_be_unsafe() {
        assert_eq!(bans(&Source::new("tests/hot_path.rs", "unsafe impl GlobalAlloc for Counting {}")), []);
        assert_eq!(bans(&Source::new("tests/cold_path.rs", "unsafe impl GlobalAlloc for Counting {}")).len(), 1);
    }

    #[test]
    fn what_only_sounds_like_it_is_not() {
        for fine in [
            "fn f() { a.unwrap_or(1); a.unwrap_or_default(); a.unwrap_or_else(g); }",
            "// unwrap() and todo!() and #[ignore]\nfn ignore() { let todo = \"dbg!(a).unwrap()\"; }",
            "fn f() { a.expect(\"why this cannot fail\"); }",
        ] {
            assert_eq!(bans(&file(fine)), [], "found in: {fine}");
        }
    }

    #[test]
    fn a_door_does_no_work() {
        let door = |text| doors(&Source::new("src/acd/mod.rs", text)).len();
        assert_eq!(door("//! Queues.\nmod acd;\npub use acd::{Acd, Counts};\npub const PLACES_MAX: usize = 9;"), 0);
        assert_eq!(door("pub fn f() {}"), 1);
        assert_eq!(door("pub struct S; impl S {}"), 2);
        assert_eq!(doors(&Source::new("tests/support/mod.rs", "pub fn f() {}")), []);
        assert_eq!(doors(&Source::new("src/acd/acd.rs", "pub fn f() {}")), []);
    }

    #[test]
    fn tests_stand_at_the_foot() {
        assert_eq!(tests_last(&file("fn a() {} #[cfg(test)] mod tests { fn b() {} }")), []);
        assert_eq!(tests_last(&file("#[cfg(test)] fn a() {} fn c() {} #[cfg(test)] mod tests { fn b() {} }")), []);
        assert_eq!(tests_last(&file("#[cfg(test)] mod tests { fn b() {} } const A: u8 = 1;")).len(), 1);
    }

    #[test]
    fn back_doors_are_found() {
        assert_eq!(
            back_doors(&file("#[path = \"call_tests.rs\"] mod tests; const A: &str = include_str!(\"../a\");")),
            []
        );
        assert_eq!(back_doors(&file("#[path = \"../sip/uri.rs\"] mod uri;")).len(), 1);
        assert_eq!(back_doors(&Source::new("benches/parser.rs", "#[path = \"../tests/a.rs\"] mod a;")), []);
        assert_eq!(back_doors(&file("include!(\"uri.rs\");")).len(), 1);
    }
}
