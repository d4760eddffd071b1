//! One Rust file as the rules see it: its tokens, which of them are tests, and the whole tree of such files.
//! Never judges.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::lexer::{Kind, Token, tokens};

/// A breach of a rule, and where it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    pub path: String,
    pub line: usize,
    pub what: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// A Rust file; `path` is relative to the package, with `/`.
#[derive(Clone, Debug)]
pub struct Source {
    pub path: String,
    pub text: String,
    pub tokens: Vec<Token>,
    /// For each token: does it stand under `#[cfg(test)]`?
    pub in_test: Vec<bool>,
    /// The whole file is compiled for tests only, or lies in `tests/` or `benches/`.
    pub test_only: bool,
}

impl Source {
    #[must_use]
    pub fn new(path: &str, text: &str) -> Self {
        let tokens = tokens(text);
        let in_test = mark_tests(&tokens);
        let test_only = !path.starts_with("src/");
        Source { path: path.to_owned(), text: text.to_owned(), tokens, in_test, test_only }
    }

    /// The room of a file in `src`: its first folder, or its own name. The map and the binary have none.
    #[must_use]
    pub fn room(&self) -> Option<&str> {
        let inner = self.path.strip_prefix("src/")?;
        match inner.split_once('/') {
            Some((room, _)) => Some(room),
            None => inner.strip_suffix(".rs").filter(|name| *name != "lib" && *name != "main"),
        }
    }

    /// The module that the file is, from the root of the crate: `["sip", "header", "via"]`.
    #[must_use]
    pub fn module(&self) -> Vec<String> {
        let inner = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let mut parts: Vec<String> = inner.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        if parts.last().is_some_and(|last| last == "mod" || last == "lib" || last == "main") {
            parts.pop();
        }
        parts
    }

    #[must_use]
    pub fn fault(&self, line: usize, what: impl Into<String>) -> Fault {
        Fault { path: self.path.clone(), line, what: what.into() }
    }

    /// Is the token at this index part of a test?
    #[must_use]
    pub fn is_test(&self, index: usize) -> bool {
        self.test_only || self.in_test.get(index).copied().unwrap_or(false)
    }

    /// Lines that bear code: those that are not empty and not only comment.
    #[must_use]
    pub fn code_lines(&self) -> BTreeSet<usize> {
        self.tokens.iter().flat_map(|token| token.line..=token.last_line).collect()
    }

    /// Files that `#[cfg(test)] mod name;` in this file makes tests of: the path of each, without its ending.
    fn test_modules(&self) -> Vec<String> {
        let folder = match self.path.rsplit_once('/') {
            Some((folder, "mod.rs" | "lib.rs" | "main.rs")) => folder.to_owned(),
            _ => self.path.trim_end_matches(".rs").to_owned(),
        };
        let beside = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut found = Vec::new();
        let mut renamed = None;
        for (index, window) in self.tokens.windows(3).enumerate() {
            let [first, second, third] = window else { continue };
            if first.is("path") && second.is("=") && third.kind == Kind::Text {
                renamed = Some(third.text.trim_end_matches(".rs").to_owned());
            } else if first.is("mod") && second.is_word() {
                let renamed = renamed.take();
                if third.is(";") && self.in_test.get(index) == Some(&true) {
                    found.push(renamed.map_or(format!("{folder}/{}", second.text), |name| format!("{beside}/{name}")));
                }
            }
        }
        found
    }
}

/// Marks every item, field, arm or statement that `#[cfg(test)]` stands before.
fn mark_tests(tokens: &[Token]) -> Vec<bool> {
    let mut marks = vec![false; tokens.len()];
    let mut index = 0;
    while index < tokens.len() {
        if !is_test_attribute(tokens, index) {
            index += 1;
            continue;
        }
        let end = end_of_item(tokens, end_of_attribute(tokens, index));
        marks[index..end].fill(true);
        index = end;
    }
    marks
}

/// `#[cfg(test)]` or `#[cfg(all(test, ..))]`, but not `#[cfg(not(test))]`.
fn is_test_attribute(tokens: &[Token], at: usize) -> bool {
    let opens = ["#", "[", "cfg"];
    if !opens.iter().zip(tokens.get(at..).unwrap_or_default()).all(|(sign, token)| token.is(sign)) {
        return false;
    }
    let Some(inside) = tokens.get(at..end_of_attribute(tokens, at)) else { return false };
    inside.len() > opens.len() && inside.iter().any(|token| token.is("test")) && !inside.iter().any(|t| t.is("not"))
}

/// The index behind the `]` of an attribute that begins at `at`.
fn end_of_attribute(tokens: &[Token], at: usize) -> usize {
    behind_pair(tokens, at + 1, "[", "]")
}

/// The index behind the sign that closes the first `open` at or behind `at`.
fn behind_pair(tokens: &[Token], at: usize, open: &str, close: &str) -> usize {
    let mut depth = 0;
    for (index, token) in tokens.iter().enumerate().skip(at) {
        if token.is(open) {
            depth += 1;
        } else if token.is(close) {
            depth -= 1;
            if depth == 0 {
                return index + 1;
            }
        }
    }
    tokens.len()
}

/// The index behind the item that begins at `at`: its `;`, its closing brace, or the `,` of a field.
fn end_of_item(tokens: &[Token], at: usize) -> usize {
    let mut index = at;
    let mut closes_with_semicolon = false;
    let mut named = false;
    while let Some(token) = tokens.get(index) {
        if token.is("#") {
            index = end_of_attribute(tokens, index);
            continue;
        }
        if token.is("(") || token.is("[") {
            let close = if token.is("(") { ")" } else { "]" };
            index = behind_pair(tokens, index, &token.text, close);
            continue;
        }
        if token.is("{") {
            index = behind_pair(tokens, index, "{", "}");
            if !closes_with_semicolon {
                return index;
            }
            continue;
        }
        if token.is(";") || (token.is(",") && !named) {
            return index + 1;
        }
        if token.is("}") {
            return index;
        }
        closes_with_semicolon |= ["use", "const", "static", "type"].iter().any(|word| token.is(word)) && !named;
        named |= ["mod", "fn", "struct", "enum", "impl", "trait", "use"].iter().any(|word| token.is(word));
        index += 1;
    }
    tokens.len()
}

/// Every Rust file below `src`, `tests` and `benches`.
#[must_use]
pub fn tree() -> Vec<Source> {
    let mut sources = Vec::new();
    for folder in ["src", "tests", "benches"] {
        for path in files(&root().join(folder)) {
            if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).expect("a source file is readable UTF-8");
                sources.push(Source::new(&relative(&path), &text));
            }
        }
    }
    let tests: Vec<String> = sources.iter().flat_map(Source::test_modules).collect();
    for source in &mut sources {
        let stem = source.path.trim_end_matches(".rs");
        source.test_only |= tests.iter().any(|test| stem == test || stem.starts_with(&format!("{test}/")));
    }
    sources
}

/// Every file below a folder, sorted; what Git ignores and Git itself left out.
#[must_use]
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.expect("an entry of a folder of ours can be read").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() && name != "target" && name != ".git" && name != "data" {
                folders.push(path);
            } else if path.is_file() && name != ".git" {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The folder of `Cargo.toml`.
#[must_use]
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A path below the root as people write it.
#[must_use]
pub fn relative(path: &Path) -> String {
    let inner = path.strip_prefix(root()).unwrap_or(path);
    inner.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words_of_tests(text: &str) -> Vec<String> {
        let source = Source::new("src/acd/order.rs", text);
        let marked = source.tokens.iter().zip(&source.in_test).filter(|(token, test)| **test && token.is_word());
        marked.map(|(token, _)| token.text.clone()).filter(|word| word.len() == 1).collect()
    }

    #[test]
    fn what_is_compiled_for_tests_only_is_marked() {
        assert_eq!(words_of_tests("fn a() {} #[cfg(test)] mod tests { fn b() { c(); } } fn d() {}"), ["b", "c"]);
        assert_eq!(words_of_tests("#[cfg(test)] use x::{a, b}; use c;"), ["x", "a", "b"]);
        assert_eq!(words_of_tests("#[cfg(test)] #[path = \"n.rs\"] mod t; mod u;"), ["t"]);
        assert_eq!(words_of_tests("#[cfg(test)] const A: [u8; 2] = f({ 1 }); fn b() {}"), ["A", "f"]);
        assert_eq!(words_of_tests("struct S { #[cfg(test)] a: u8, b: u8 }"), ["a"]);
        assert_eq!(words_of_tests("#[cfg(all(test, unix))] fn a(c: (d, e)) {} fn b() {}"), ["a", "c", "d", "e"]);
    }

    #[test]
    fn what_is_compiled_without_tests_is_not_marked() {
        assert_eq!(words_of_tests("#[cfg(not(test))] fn a() {} #[cfg(unix)] fn b() {}"), [""; 0]);
    }

    #[test]
    fn a_file_knows_its_room_and_its_module() {
        let via = Source::new("src/sip/header/via.rs", "");
        assert_eq!((via.room(), via.module()), (Some("sip"), vec!["sip".into(), "header".into(), "via".into()]));
        let door = Source::new("src/sip/header/mod.rs", "");
        assert_eq!((door.room(), door.module().len()), (Some("sip"), 2));
        assert_eq!(Source::new("src/lib.rs", "").room(), None);
        assert_eq!(Source::new("tests/tidy.rs", "").room(), None);
    }

    #[test]
    fn a_module_behind_cfg_test_is_a_test_file() {
        let door = Source::new("src/acd/mod.rs", "mod order; #[cfg(test)] pub(crate) mod reference;");
        assert_eq!(door.test_modules(), ["src/acd/reference"]);
        let call = Source::new("src/call/call.rs", "#[cfg(test)]\n#[path = \"call_tests.rs\"]\nmod tests;");
        assert_eq!(call.test_modules(), ["src/call/call_tests"]);
        let inline = Source::new("src/acd/order.rs", "#[cfg(test)] mod tests { }");
        assert_eq!(inline.test_modules(), [""; 0]);
    }
}
