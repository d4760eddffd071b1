//! Every name with `::` in a file, groups and renamings unfolded, and which room of the crate it leads to.
//! Never resolves what another crate or a prelude brings.

use super::source::Source;

/// A name as written: `use crate::{acd, sip as wire}` holds two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// Its parts in order; `*` for everything of a module.
    pub parts: Vec<String>,
    /// `as` what, inside a `use`.
    pub renamed: Option<String>,
    /// The module it is written in, from the root of the crate.
    pub module: Vec<String>,
    pub line: usize,
    pub in_test: bool,
    /// A `!` follows: it is a macro.
    pub is_macro: bool,
}

impl Name {
    #[must_use]
    pub fn text(&self) -> String {
        self.parts.join("::")
    }

    /// The parts behind the root of this crate, however the root is written; `None` for other crates and local names.
    #[must_use]
    pub fn below_root(&self) -> Option<&[String]> {
        let first = self.parts.first()?;
        match first.as_str() {
            "crate" | "thirdring" => self.parts.get(1..),
            "super" => {
                let ups = self.parts.iter().take_while(|part| *part == "super").count();
                if ups == self.module.len() { self.parts.get(ups..) } else { None }
            }
            _ => None,
        }
    }

    /// Does the name begin with these parts?
    #[must_use]
    pub fn begins(&self, parts: &[&str]) -> bool {
        self.parts.len() >= parts.len() && self.parts.iter().zip(parts).all(|(part, wanted)| part == wanted)
    }
}

/// All names of a file in order.
#[must_use]
pub fn names(source: &Source) -> Vec<Name> {
    let mut reader = Reader { source, found: Vec::new(), module: source.module(), braces: Vec::new(), in_use: false };
    let mut index = 0;
    while index < source.tokens.len() {
        index = reader.step(index);
    }
    reader.found
}

struct Reader<'s> {
    source: &'s Source,
    found: Vec<Name>,
    /// Where we are, inline modules included.
    module: Vec<String>,
    /// For every open brace: is it a module's?
    braces: Vec<bool>,
    in_use: bool,
}

impl Reader<'_> {
    fn is(&self, index: usize, text: &str) -> bool {
        self.source.tokens.get(index).is_some_and(|token| token.is(text))
    }

    fn word(&self, index: usize) -> Option<&str> {
        self.source.tokens.get(index).filter(|token| token.is_word()).map(|token| token.text.as_str())
    }

    fn step(&mut self, index: usize) -> usize {
        if self.is(index, "mod") && self.is(index + 2, "{") {
            self.module.extend(self.word(index + 1).map(str::to_owned));
            self.braces.push(true);
            return index + 3;
        }
        // `+ use<'a>` of a return type is no import.
        if self.is(index, "use") && !self.is(index + 1, "<") {
            self.in_use = true;
            return index + 1;
        }
        if self.word(index).is_some_and(|_| !self.goes_on(index)) || (self.in_use && self.is(index, "{")) {
            return self.tree(index, &[]);
        }
        if self.is(index, ";") {
            self.in_use = false;
        } else if self.is(index, "{") {
            self.braces.push(false);
        } else if self.is(index, "}") && self.braces.pop() == Some(true) {
            self.module.pop();
        }
        index + 1
    }

    /// Does the word at `index` go on a name that began before it, or name a member?
    fn goes_on(&self, index: usize) -> bool {
        let Some(before) = index.checked_sub(1) else { return false };
        if self.is(before, ".") {
            return true;
        }
        let owner = before.checked_sub(1);
        let owned =
            owner.is_some_and(|at| self.is(at, ">") || self.word(at).is_some_and(|word| !KEYWORDS.contains(&word)));
        self.is(before, "::") && owned
    }

    /// A name or a use tree that begins at `index`, behind `before`. Returns the index behind it.
    fn tree(&mut self, index: usize, before: &[String]) -> usize {
        let line = self.source.tokens.get(index).map_or(0, |token| token.line);
        let mut parts = before.to_vec();
        let mut at = index;
        while let Some(word) = self.word(at) {
            parts.push(word.to_owned());
            at += 1;
            if !self.is(at, "::") {
                let renamed =
                    if self.in_use && self.is(at, "as") { self.word(at + 1).map(str::to_owned) } else { None };
                let behind = if renamed.is_some() { at + 2 } else { at };
                self.keep(parts, renamed, line, index, self.is(behind, "!"));
                return behind;
            }
            at += 1;
        }
        if self.is(at, "*") && self.in_use {
            parts.push("*".to_owned());
            self.keep(parts, None, line, index, false);
            return at + 1;
        }
        if self.is(at, "{") && self.in_use {
            at += 1;
            while at < self.source.tokens.len() && !self.is(at, "}") {
                at = if self.is(at, ",") || self.is(at, "::") { at + 1 } else { self.tree(at, &parts) };
            }
            return at + 1;
        }
        self.keep(parts, None, line, index, false);
        at.max(index + 1)
    }

    fn keep(&mut self, parts: Vec<String>, renamed: Option<String>, line: usize, index: usize, is_macro: bool) {
        let module = self.module.clone();
        let in_test = self.source.is_test(index);
        self.found.push(Name { parts, renamed, module, line, in_test, is_macro });
    }
}

/// What may stand before `::std`, a name from the outermost root, without being its owner.
const KEYWORDS: [&str; 12] =
    ["use", "as", "return", "in", "if", "else", "match", "mut", "dyn", "impl", "where", "while"];

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        let source = Source::new("src/acd/order.rs", text);
        names(&source).iter().map(Name::text).filter(|name| name.contains("::")).collect()
    }

    #[test]
    fn groups_are_unfolded() {
        assert_eq!(
            texts("use crate::{acd::{self, Acd as Engine}, sip::*, model}; fn f() { a::b(); }"),
            ["crate::acd::self", "crate::acd::Acd", "crate::sip::*", "crate::model", "a::b"]
        );
        assert_eq!(texts("use {std::fs, crate::sip};"), ["std::fs", "crate::sip"]);
        assert_eq!(texts("use ::std::fs;"), ["std::fs"]);
    }

    #[test]
    fn names_stand_anywhere() {
        assert_eq!(
            texts("impl From<a::B> for C { fn d(e: &[f::G]) -> h::I { Vec::<j::K>::new(); l::m!(); x.y::<z::W>() } }"),
            ["a::B", "f::G", "h::I", "j::K", "l::m", "z::W"]
        );
    }

    #[test]
    fn a_chain_of_supers_ends_at_the_root() {
        let inner = "mod inner { use super::super::super::ivr; use super::super::queue; }";
        let source = Source::new("src/acd/order.rs", &format!("use super::super::sip; {inner}"));
        let below: Vec<Option<Vec<String>>> = names(&source)
            .iter()
            .filter(|name| name.parts.len() > 1)
            .map(|name| name.below_root().map(<[String]>::to_vec))
            .collect();
        assert_eq!(below, [Some(vec!["sip".to_owned()]), Some(vec!["ivr".to_owned()]), None]);
    }

    #[test]
    fn a_module_ends_where_its_brace_closes() {
        let source = Source::new("src/acd/order.rs", "mod a { fn f() { if x {} } } use super::super::sip;");
        let last = names(&source).pop().expect("the use is the last name");
        assert_eq!(last.below_root(), Some(&["sip".to_owned()][..]));
    }
}
