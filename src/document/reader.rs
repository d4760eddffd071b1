//! Reading tables: each value is asked for by name and type, and what nobody asked for is a mistake in the end.
//! Never stops: a wrong value is reported into `notes` and read as absent.

use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use super::tree::{Codes, Node, TableNode};
use super::{Diagnostic, parse_duration, write_duration};

/// A value and its place in the text, in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spanned<T> {
    pub value: T,
    pub span: Range<usize>,
}

impl<T> Spanned<T> {
    /// The same place with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: change(self.value), span: self.span }
    }
}

/// A key and the place of its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key<'d> {
    pub name: &'d str,
    pub span: Range<usize>,
}

/// Any value, with its place.
#[derive(Debug)]
pub enum Value<'d> {
    String(Spanned<&'d str>),
    Integer(Spanned<i64>),
    Float(Spanned<f64>),
    Boolean(Spanned<bool>),
    /// A date or a time, as TOML writes it.
    Datetime(Spanned<&'d str>),
    Array(Array<'d>),
    Table(Table<'d>),
}

impl<'d> Value<'d> {
    /// The bytes it stands on; for a table with a header, the header.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        match self {
            Value::String(found) | Value::Datetime(found) => found.span.clone(),
            Value::Integer(found) => found.span.clone(),
            Value::Float(found) => found.span.clone(),
            Value::Boolean(found) => found.span.clone(),
            Value::Array(array) => array.span.clone(),
            Value::Table(table) => table.span.clone(),
        }
    }

    /// What it is, with its article: `a text`, `a number`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Value::String(_) => "a text",
            Value::Integer(_) => "a number",
            Value::Float(_) => "a fraction",
            Value::Boolean(_) => "true or false",
            Value::Datetime(_) => "a date",
            Value::Array(_) => "a list",
            Value::Table(_) => "a table",
        }
    }

    fn new(node: &'d Node, span: Range<usize>, path: &str, codes: &'static Codes) -> Option<Value<'d>> {
        Some(match node {
            Node::String(value) => Value::String(Spanned { value: value.as_str(), span }),
            Node::Integer(value) => Value::Integer(Spanned { value: *value, span }),
            Node::Float(value) => Value::Float(Spanned { value: *value, span }),
            Node::Boolean(value) => Value::Boolean(Spanned { value: *value, span }),
            Node::Datetime(value) => Value::Datetime(Spanned { value: value.as_str(), span }),
            Node::Array(items) => Value::Array(Array { items, span, path: path.to_owned(), codes }),
            Node::Table(node) => Value::Table(Table::new(node, span, path.to_owned(), codes)),
            Node::Unreadable => return None,
        })
    }
}

/// A list of values.
#[derive(Debug)]
pub struct Array<'d> {
    items: &'d [(Node, Range<usize>)],
    span: Range<usize>,
    path: String,
    codes: &'static Codes,
}

impl<'d> Array<'d> {
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The readable values, in file order.
    pub fn iter(&self) -> impl Iterator<Item = Value<'d>> + '_ {
        self.items.iter().enumerate().filter_map(|(at, (node, span))| {
            Value::new(node, span.clone(), &format!("{}[{}]", self.path, at + 1), self.codes)
        })
    }
}

/// A table being read. Remembers which keys were asked for; `finish` reports the others.
#[derive(Debug)]
#[must_use = "a table that is not finished hides its unknown keys"]
pub struct Table<'d> {
    node: &'d TableNode,
    span: Range<usize>,
    path: String,
    codes: &'static Codes,
    asked: BTreeSet<String>,
}

impl<'d> Table<'d> {
    pub(super) fn new(node: &'d TableNode, span: Range<usize>, path: String, codes: &'static Codes) -> Self {
        Table { node, span, path, codes, asked: BTreeSet::new() }
    }

    /// Its header, or its braces; for the root the whole text.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Its name from the root: `node.main`, `queue[2]`; empty for the root.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Its keys in file order. Listing is not asking.
    #[must_use]
    pub fn keys(&self) -> Vec<Key<'d>> {
        let entries = self.node.file_order.iter().filter_map(|at| self.node.entries.get(*at));
        entries.map(|entry| Key { name: &entry.name, span: entry.name_span.clone() }).collect()
    }

    /// Whether the key stands in the table, readable or not. Is not asking.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.node.find(key).is_some()
    }

    /// The place of the key's name. Is not asking.
    #[must_use]
    pub fn key_span(&self, key: &str) -> Option<Range<usize>> {
        self.node.find(key).map(|entry| entry.name_span.clone())
    }

    /// The value of a key, whatever its type. Marks it as asked.
    pub fn get(&mut self, key: &str) -> Option<Value<'d>> {
        if !self.asked.contains(key) {
            self.asked.insert(key.to_owned());
        }
        let entry = self.node.find(key)?;
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        Value::new(&entry.node, entry.span.clone(), &path, self.codes)
    }

    /// A text.
    pub fn string(&mut self, key: &str, notes: &mut Vec<Diagnostic>) -> Option<Spanned<&'d str>> {
        match self.get(key)? {
            Value::String(found) => Some(found),
            other => self.wrong_type(key, "a text between quotes", &other, notes),
        }
    }

    /// A whole number within `range`.
    pub fn integer(
        &mut self,
        key: &str,
        range: RangeInclusive<i64>,
        notes: &mut Vec<Diagnostic>,
    ) -> Option<Spanned<i64>> {
        match self.get(key)? {
            Value::Integer(found) if range.contains(&found.value) => Some(found),
            Value::Integer(found) => {
                let message = format!("{key} = {} lies outside {} to {}", found.value, range.start(), range.end());
                notes.push(Diagnostic::error(self.codes.out_of_range, message).at(found.span));
                None
            }
            other => self.wrong_type(key, "a whole number", &other, notes),
        }
    }

    /// A fraction; a whole number counts as one.
    pub fn float(&mut self, key: &str, notes: &mut Vec<Diagnostic>) -> Option<Spanned<f64>> {
        match self.get(key)? {
            Value::Float(found) => Some(found),
            // Beyond 2^53 the fraction is the nearest one, which is what was meant.
            Value::Integer(found) => Some(found.map(|value| value as f64)),
            other => self.wrong_type(key, "a number", &other, notes),
        }
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, key: &str, notes: &mut Vec<Diagnostic>) -> Option<Spanned<bool>> {
        match self.get(key)? {
            Value::Boolean(found) => Some(found),
            other => self.wrong_type(key, "true or false", &other, notes),
        }
    }

    /// A duration such as `"90s"`, of any length.
    pub fn duration(&mut self, key: &str, notes: &mut Vec<Diagnostic>) -> Option<Spanned<Duration>> {
        let found = match self.get(key)? {
            Value::String(found) => found,
            other => return self.wrong_type(key, "a duration such as \"90s\"", &other, notes),
        };
        let Some(value) = parse_duration(found.value) else {
            let message = format!("{key} = \"{}\" is not a duration", found.value);
            let wrong = Diagnostic::error(self.codes.wrong_type, message).at(found.span);
            notes.push(wrong.help("write \"90s\", \"3m\", \"1500ms\", \"2h\", \"1d\" or a row such as \"1m30s\""));
            return None;
        };
        Some(Spanned { value, span: found.span })
    }

    /// A duration within `range`.
    pub fn duration_within(
        &mut self,
        key: &str,
        range: RangeInclusive<Duration>,
        notes: &mut Vec<Diagnostic>,
    ) -> Option<Spanned<Duration>> {
        let found = self.duration(key, notes)?;
        if range.contains(&found.value) {
            return Some(found);
        }
        let [value, low, high] = [found.value, *range.start(), *range.end()].map(write_duration);
        let message = format!("{key} = \"{value}\" lies outside {low} to {high}");
        notes.push(Diagnostic::error(self.codes.out_of_range, message).at(found.span));
        None
    }

    /// A list of texts, each with its place.
    pub fn string_list(&mut self, key: &str, notes: &mut Vec<Diagnostic>) -> Option<Spanned<Vec<Spanned<&'d str>>>> {
        let array = match self.get(key)? {
            Value::Array(array) => array,
            other => return self.wrong_type(key, "a list such as [\"one\", \"two\"]", &other, notes),
        };
        let mut texts = Vec::new();
        for item in array.iter() {
            match item {
                Value::String(found) => texts.push(found),
                other => {
                    let _: Option<()> = self.wrong_type(key, "texts only", &other, notes);
                }
            }
        }
        Some(Spanned { value: texts, span: array.span })
    }

    /// A table, under a header or between braces.
    pub fn table(&mut self, key: &str, notes: &mut Vec<Diagnostic>) -> Option<Table<'d>> {
        match self.get(key)? {
            Value::Table(table) => Some(table),
            other => self.wrong_type(key, "a table", &other, notes),
        }
    }

    /// The tables of `[[key]]`, in file order; none when there are none.
    pub fn table_list(&mut self, key: &str, notes: &mut Vec<Diagnostic>) -> Vec<Table<'d>> {
        let array = match self.get(key) {
            None => return Vec::new(),
            Some(Value::Array(array)) => array,
            Some(other) => {
                let message = format!("there may be several of {key}, and this is only {}", other.kind());
                let wrong = Diagnostic::error(self.codes.wrong_type, message).at(other.span());
                notes.push(wrong.help(format!("write [[{key}]] with two brackets above each")));
                return Vec::new();
            }
        };
        let mut tables = Vec::new();
        for item in array.iter() {
            match item {
                Value::Table(table) => tables.push(table),
                other => {
                    let _: Option<()> = self.wrong_type(key, "tables only", &other, notes);
                }
            }
        }
        tables
    }

    /// One of the given words, as its position among them.
    pub fn one_of(&mut self, key: &str, words: &[&'static str], notes: &mut Vec<Diagnostic>) -> Option<Spanned<usize>> {
        let found = self.string(key, notes)?;
        if let Some(at) = words.iter().position(|word| *word == found.value) {
            return Some(Spanned { value: at, span: found.span });
        }
        let message = format!("{key} = \"{}\" is not one of {}", found.value, words.join(", "));
        let wrong = Diagnostic::error(self.codes.unknown_word, message).at(found.span);
        notes.push(wrong.suggest(found.value, words.iter().copied()));
        None
    }

    /// A text that must be there.
    pub fn required_string(&mut self, key: &str, notes: &mut Vec<Diagnostic>) -> Option<Spanned<&'d str>> {
        self.require(key, notes).then(|| self.string(key, notes))?
    }

    /// A whole number that must be there, within `range`.
    pub fn required_integer(
        &mut self,
        key: &str,
        range: RangeInclusive<i64>,
        notes: &mut Vec<Diagnostic>,
    ) -> Option<Spanned<i64>> {
        self.require(key, notes).then(|| self.integer(key, range, notes))?
    }

    /// A duration that must be there.
    pub fn required_duration(&mut self, key: &str, notes: &mut Vec<Diagnostic>) -> Option<Spanned<Duration>> {
        self.require(key, notes).then(|| self.duration(key, notes))?
    }

    /// A list of texts that must be there.
    pub fn required_string_list(
        &mut self,
        key: &str,
        notes: &mut Vec<Diagnostic>,
    ) -> Option<Spanned<Vec<Spanned<&'d str>>>> {
        self.require(key, notes).then(|| self.string_list(key, notes))?
    }

    /// A table that must be there.
    pub fn required_table(&mut self, key: &str, notes: &mut Vec<Diagnostic>) -> Option<Table<'d>> {
        self.require(key, notes).then(|| self.table(key, notes))?
    }

    /// A word that must be there, as its position among `words`.
    pub fn required_one_of(
        &mut self,
        key: &str,
        words: &[&'static str],
        notes: &mut Vec<Diagnostic>,
    ) -> Option<Spanned<usize>> {
        self.require(key, notes).then(|| self.one_of(key, words, notes))?
    }

    /// Whether the key is there; if it is not, that is reported at the table, unless some of its lines are unreadable.
    pub fn require(&mut self, key: &str, notes: &mut Vec<Diagnostic>) -> bool {
        if self.contains(key) {
            return true;
        }
        self.asked.insert(key.to_owned());
        if !self.node.damaged {
            let message = format!("{} needs {key}", self.place());
            // The root spans the whole text; its beginning stands for it.
            let span = if self.path.is_empty() { 0..0 } else { self.span.clone() };
            notes.push(Diagnostic::error(self.codes.missing, message).at(span));
        }
        false
    }

    /// Reports every key that nobody asked for, with the nearest asked one that is not there yet.
    pub fn finish(self, notes: &mut Vec<Diagnostic>) {
        for key in self.keys() {
            if self.asked.contains(key.name) {
                continue;
            }
            let unknown =
                Diagnostic::error(self.codes.unknown_key, format!("{} knows no key '{}'", self.place(), key.name))
                    .at(key.span);
            let free = self.asked.iter().map(String::as_str).filter(|asked| !self.contains(asked));
            notes.push(unknown.suggest(key.name, free));
        }
    }

    /// How messages call it: `the file`, `[node.main]`, `queue[2]`.
    fn place(&self) -> String {
        match self.path.as_str() {
            "" => "the file".to_owned(),
            item if item.ends_with(']') => item.to_owned(),
            path => format!("[{path}]"),
        }
    }

    /// Reports a value of the wrong type; `wanted` with its article.
    fn wrong_type<T>(&self, key: &str, wanted: &str, found: &Value<'_>, notes: &mut Vec<Diagnostic>) -> Option<T> {
        let message = format!("{key} takes {wanted}, not {}", found.kind());
        notes.push(Diagnostic::error(self.codes.wrong_type, message).at(found.span()));
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, line_column};

    const TEXT: &str = r#"
title = "우편고객센터"
size = 12
ratio = 0.88
whole = 1
open = true
wait = "1m30s"
names = ["가", "나"]
born = 2026-03-04
mode = "fast"

[node.main]
say = "안녕하세요"

[[queue]]
name = "general"
[[queue]]
name = "domestic"
"#;

    fn document(text: &str) -> Document {
        let (document, notes) = Document::parse(text);
        assert_eq!(notes, []);
        document
    }

    /// The one diagnostic that reading gave, with the line and column it points at.
    fn only(text: &str, notes: &[Diagnostic]) -> (String, (usize, usize)) {
        let [note] = notes else { panic!("one diagnostic expected: {notes:?}") };
        let span = note.span.clone().expect("it has a place");
        (note.message.clone(), line_column(text, span.start))
    }

    #[test]
    fn every_type_is_read_with_its_place() {
        let document = document(TEXT);
        let mut root = document.root();
        let mut notes = Vec::new();
        let title = root.required_string("title", &mut notes).expect("the title is there");
        assert_eq!((title.value, line_column(TEXT, title.span.start)), ("우편고객센터", (2, 9)));
        assert_eq!(root.integer("size", 1..=20, &mut notes).map(|found| found.value), Some(12));
        assert_eq!(root.float("ratio", &mut notes).map(|found| found.value), Some(0.88));
        assert_eq!(root.float("whole", &mut notes).map(|found| found.value), Some(1.0));
        assert_eq!(root.boolean("open", &mut notes).map(|found| found.value), Some(true));
        assert_eq!(root.duration("wait", &mut notes).map(|found| found.value), Some(Duration::from_secs(90)));
        let names = root.string_list("names", &mut notes).expect("the list is there");
        assert_eq!(names.value.iter().map(|name| name.value).collect::<Vec<_>>(), ["가", "나"]);
        assert_eq!(line_column(TEXT, names.value[1].span.start), (8, 15));
        assert!(matches!(root.get("born"), Some(Value::Datetime(found)) if found.value == "2026-03-04"));
        assert_eq!(root.one_of("mode", &["slow", "fast"], &mut notes).map(|found| found.value), Some(1));
        let mut node = root.table("node", &mut notes).expect("the table is there");
        let mut main = node.table("main", &mut notes).expect("the table is there");
        assert_eq!((main.path(), line_column(TEXT, main.span().start)), ("node.main", (12, 1)));
        assert!(main.string("say", &mut notes).is_some());
        main.finish(&mut notes);
        node.finish(&mut notes);
        let queues = root.table_list("queue", &mut notes);
        assert_eq!(queues.iter().map(Table::path).collect::<Vec<_>>(), ["queue[1]", "queue[2]"]);
        assert_eq!(line_column(TEXT, queues[1].span().start), (17, 1));
        root.finish(&mut notes);
        assert_eq!(notes, []);
    }

    #[test]
    fn a_wrong_type_is_reported_at_the_value_and_read_as_absent() {
        let text = "a = 1\nb = \"x\"\n";
        let document = document(text);
        let mut notes = Vec::new();
        assert_eq!(document.root().string("a", &mut notes), None);
        assert_eq!(only(text, &notes), ("a takes a text between quotes, not a number".to_owned(), (1, 5)));
        notes.clear();
        assert_eq!(document.root().boolean("b", &mut notes), None);
        assert_eq!(only(text, &notes).1, (2, 5));
        notes.clear();
        assert_eq!(document.root().duration("b", &mut notes), None);
        assert_eq!(only(text, &notes), ("b = \"x\" is not a duration".to_owned(), (2, 5)));
        notes.clear();
        assert!(document.root().table_list("a", &mut notes).is_empty());
        assert!(notes[0].help.as_deref().is_some_and(|help| help.contains("[[a]]")));
    }

    #[test]
    fn ranges_are_told() {
        let text = "n = 70000\nd = \"9s\"\n";
        let document = document(text);
        let mut notes = Vec::new();
        assert_eq!(document.root().integer("n", 1..=65_535, &mut notes), None);
        assert_eq!(only(text, &notes), ("n = 70000 lies outside 1 to 65535".to_owned(), (1, 5)));
        notes.clear();
        let range = Duration::from_secs(1)..=Duration::from_secs(6);
        assert_eq!(document.root().duration_within("d", range, &mut notes), None);
        assert_eq!(only(text, &notes), ("d = \"9s\" lies outside 1s to 6s".to_owned(), (2, 5)));
    }

    #[test]
    fn a_missing_key_is_reported_at_its_table() {
        let text = "x = 1\n[node.main]\n";
        let document = document(text);
        let mut notes = Vec::new();
        let mut root = document.root();
        let mut node = root.table("node", &mut notes).expect("the table is there");
        let mut main = node.table("main", &mut notes).expect("the table is there");
        assert_eq!(main.required_string("say", &mut notes), None);
        assert_eq!(only(text, &notes), ("[node.main] needs say".to_owned(), (2, 1)));
        notes.clear();
        assert!(!root.require("title", &mut notes));
        assert_eq!(only(text, &notes), ("the file needs title".to_owned(), (1, 1)));
    }

    #[test]
    fn a_key_that_nobody_asked_for_gets_the_nearest_free_name() {
        let text = "titel = \"x\"\nsize = 1\nzebra = 2\n";
        let document = document(text);
        let mut notes = Vec::new();
        let mut root = document.root();
        let _ = root.string("title", &mut notes);
        let _ = root.integer("size", 0..=9, &mut notes);
        root.finish(&mut notes);
        assert_eq!(notes.len(), 2, "{notes:?}");
        assert_eq!(notes[0].message, "the file knows no key 'titel'");
        assert_eq!(notes[0].label.as_deref(), Some("did you mean 'title'?"));
        assert_eq!(line_column(text, notes[1].span.clone().expect("it has a place").start), (3, 1));
        assert_eq!(notes[1].label, None);
    }

    #[test]
    fn an_unknown_word_gets_the_nearest_known_one() {
        let text = "mode = \"fats\"\n";
        let document = document(text);
        let mut notes = Vec::new();
        assert_eq!(document.root().one_of("mode", &["slow", "fast"], &mut notes), None);
        assert_eq!(notes[0].label.as_deref(), Some("did you mean 'fast'?"));
        assert_eq!(only(text, &notes).1, (1, 8));
    }
}
