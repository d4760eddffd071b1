//! A parsed TOML text as a tree that keeps the place of everything. Never judges what the keys mean; see `reader`.
//! TOML 1.1.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::Diagnostic;
use super::reader::Table;

/// A parsed TOML text. Owns its values; spans are byte ranges of the text it was parsed from.
#[derive(Debug)]
pub struct Document {
    root: TableNode,
    span: Range<usize>,
    codes: &'static Codes,
    broken: bool,
}

/// The codes under which the mistakes every TOML file can have are reported; each kind of file has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Codes {
    /// The text is not TOML.
    pub syntax: &'static str,
    /// A key that nobody asked for.
    pub unknown_key: &'static str,
    /// A key that must stand there and does not.
    pub missing: &'static str,
    /// A number where a text belongs, and the like.
    pub wrong_type: &'static str,
    /// Outside the permitted range.
    pub out_of_range: &'static str,
    /// Not one of the permitted words.
    pub unknown_word: &'static str,
}

impl Codes {
    /// For files that have no codes of their own.
    pub const PLAIN: Codes = Codes {
        syntax: "TOML001",
        unknown_key: "TOML002",
        missing: "TOML003",
        wrong_type: "TOML004",
        out_of_range: "TOML005",
        unknown_word: "TOML006",
    };
}

impl Document {
    /// Parses as much as can be parsed; what cannot is reported, and readers stay silent about it afterwards.
    #[must_use]
    pub fn parse(text: &str) -> (Document, Vec<Diagnostic>) {
        Self::parse_with(text, &Codes::PLAIN)
    }

    /// As `parse`, reporting under codes of the caller's choice.
    #[must_use]
    pub fn parse_with(text: &str, codes: &'static Codes) -> (Document, Vec<Diagnostic>) {
        if let Some(refusal) = refuse_unbounded(text, codes) {
            let root = TableNode { damaged: true, ..TableNode::default() };
            let document = Document { root, span: 0..0, codes, broken: true };
            return (document, vec![refusal]);
        }
        let (text, mut mistakes) = without_keyless_lines(text);
        let (parsed, errors) = DeTable::parse_recoverable(&text);
        mistakes.extend(errors.iter().map(|error| Mistake::new(error, &text)));
        let broken: Vec<Range<usize>> = mistakes.iter().map(|mistake| mistake.span.clone()).collect();
        let mut notes = first_of_each_line(mistakes, codes);
        let mut growth = Growth { broken: &broken, codes, notes: &mut notes };
        let root = growth.table(parsed.get_ref(), 0);
        let mut document = Document { root, span: 0..text.len(), codes, broken: !broken.is_empty() };
        document.mark_damage(&broken);
        super::sort(&mut notes);
        (document, notes)
    }

    /// The whole document as the table it is.
    pub fn root(&self) -> Table<'_> {
        Table::new(&self.root, self.span.clone(), String::new(), self.codes)
    }

    /// Whether parts of the text could not be read. Then a name that is not there proves nothing: checks across
    /// tables should wait until the text is whole.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// A syntax error makes the table whose lines it stands among doubtful: a key may be missing only because its line
    /// could not be read. The table is the one with the last header before the error.
    fn mark_damage(&mut self, broken: &[Range<usize>]) {
        if broken.is_empty() {
            return;
        }
        let mut headers = Vec::new();
        self.root.headers(&mut headers);
        headers.sort_unstable();
        let mut damaged: Vec<usize> = broken
            .iter()
            .filter_map(|span| headers[..headers.partition_point(|start| *start <= span.start)].last().copied())
            .collect();
        damaged.sort_unstable();
        self.root.damage(&damaged);
        self.root.damaged |= broken.iter().any(|span| headers.first().is_none_or(|first| span.start < *first));
    }
}

/// A text too large, or a path of keys so long that walking it recursively could exhaust the stack, is not parsed.
fn refuse_unbounded(text: &str, codes: &'static Codes) -> Option<Diagnostic> {
    if text.len() > TEXT_BYTES_MAX {
        let message = format!("the file has {} bytes, more than the permitted {TEXT_BYTES_MAX}", text.len());
        return Some(Diagnostic::error(codes.syntax, message));
    }
    let mut offset = 0;
    for line in text.split('\n') {
        if line.bytes().filter(|byte| *byte == b'.').count() > LINE_DOTS_MAX {
            let message = format!("a line with more than {LINE_DOTS_MAX} dots");
            let refusal = Diagnostic::error(codes.syntax, message).at(offset..offset + line.len());
            return Some(refusal.help("write a long text as several lines between \"\"\" and \"\"\""));
        }
        offset += line.len() + 1;
    }
    None
}

/// A syntax error, told apart from the parser's own type because it must outlive the text it was found in.
struct Mistake {
    message: String,
    span: Range<usize>,
    line_start: usize,
}

impl Mistake {
    fn new(error: &toml::de::Error, text: &str) -> Self {
        let span = error.span().unwrap_or(text.len()..text.len());
        let start = text.floor_char_boundary(span.start);
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        Mistake { message: error.message().to_owned(), span, line_start }
    }
}

/// The parser forgets everything behind a line that has a key and no `=`. Such lines are blanked, at their length so
/// that every place stays true, and reported; the rest of the file is then read.
fn without_keyless_lines(text: &str) -> (Cow<'_, str>, Vec<Mistake>) {
    let mut text = Cow::Borrowed(text);
    let mut found = Vec::new();
    for _ in 0..KEYLESS_LINES_MAX {
        let (_, errors) = DeTable::parse_recoverable(&text);
        let Some(error) = errors.iter().find(|error| error.message().starts_with(KEYLESS)) else { break };
        let mistake = Mistake::new(error, &text);
        let line_end = text[mistake.line_start..].find('\n').map_or(text.len(), |length| mistake.line_start + length);
        let line = mistake.line_start..line_end;
        text.to_mut().replace_range(line.clone(), &" ".repeat(line.len()));
        found.push(mistake);
    }
    (text, found)
}

/// One slip often derails the parser several times on the same line; the first derailment is the one to read.
fn first_of_each_line(mut mistakes: Vec<Mistake>, codes: &Codes) -> Vec<Diagnostic> {
    mistakes.sort_by_key(|mistake| mistake.span.start);
    mistakes.dedup_by_key(|mistake| mistake.line_start);
    mistakes.into_iter().map(|mistake| Diagnostic::error(codes.syntax, mistake.message).at(mistake.span)).collect()
}

/// Turns the parser's tree, sorted by name, into ours, in file order.
struct Growth<'a> {
    broken: &'a [Range<usize>],
    codes: &'static Codes,
    notes: &'a mut Vec<Diagnostic>,
}

impl Growth<'_> {
    fn table(&mut self, parsed: &DeTable<'_>, depth: usize) -> TableNode {
        let mut entries: Vec<Entry> = Vec::with_capacity(parsed.len());
        for (key, value) in parsed {
            let (node, span) = (self.node(value, depth + 1), value.span());
            entries.push(Entry { name: key.get_ref().to_string(), name_span: key.span(), node, span });
        }
        let mut file_order: Vec<usize> = (0..entries.len()).collect();
        file_order.sort_by_key(|at| entries[*at].name_span.start);
        TableNode { entries, file_order, damaged: false }
    }

    fn node(&mut self, value: &Spanned<DeValue<'_>>, depth: usize) -> Node {
        let span = value.span();
        let broken = self.broken.iter().any(|error| error.start <= span.end && span.start <= error.end);
        match value.get_ref() {
            DeValue::Table(_) | DeValue::Array(_) if depth > DEPTH_MAX => {
                let message = format!("nested deeper than {DEPTH_MAX} levels");
                self.notes.push(Diagnostic::error(self.codes.syntax, message).at(span));
                Node::Unreadable
            }
            DeValue::Table(table) => {
                let mut node = self.table(table, depth);
                node.damaged = broken;
                Node::Table(node)
            }
            DeValue::Array(items) => {
                Node::Array(items.iter().map(|item| (self.node(item, depth + 1), item.span())).collect())
            }
            _ if broken => Node::Unreadable,
            DeValue::String(text) => Node::String(text.to_string()),
            DeValue::Integer(integer) => self.integer(integer, span),
            DeValue::Float(float) => self.float(float.as_str(), span),
            DeValue::Boolean(truth) => Node::Boolean(*truth),
            DeValue::Datetime(datetime) => Node::Datetime(datetime.to_string()),
        }
    }

    fn integer(&mut self, integer: &DeInteger<'_>, span: Range<usize>) -> Node {
        match i64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(value) => Node::Integer(value),
            Err(_) => self.too_large(span),
        }
    }

    fn float(&mut self, text: &str, span: Range<usize>) -> Node {
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Node::Float(value),
            _ => self.too_large(span),
        }
    }

    fn too_large(&mut self, span: Range<usize>) -> Node {
        let message = "a number that no computer word can hold";
        self.notes.push(Diagnostic::error(self.codes.out_of_range, message).at(span));
        Node::Unreadable
    }
}

#[derive(Debug)]
pub(super) enum Node {
    String(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Datetime(String),
    Array(Vec<(Node, Range<usize>)>),
    Table(TableNode),
    /// Reported already; whoever asks for it gets nothing and says nothing.
    Unreadable,
}

#[derive(Debug, Default)]
pub(super) struct TableNode {
    /// Sorted by name.
    pub(super) entries: Vec<Entry>,
    /// Positions in `entries`, in the order of the text.
    pub(super) file_order: Vec<usize>,
    /// Some of its lines could not be read, so that nothing can be said to be missing.
    pub(super) damaged: bool,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) name_span: Range<usize>,
    pub(super) node: Node,
    pub(super) span: Range<usize>,
}

impl TableNode {
    pub(super) fn find(&self, name: &str) -> Option<&Entry> {
        let at = self.entries.binary_search_by(|entry| entry.name.as_str().cmp(name)).ok()?;
        self.entries.get(at)
    }

    /// Where each table below this one begins.
    fn headers(&self, starts: &mut Vec<usize>) {
        for entry in &self.entries {
            match &entry.node {
                Node::Table(table) => {
                    starts.push(entry.span.start);
                    table.headers(starts);
                }
                Node::Array(items) => {
                    for (item, span) in items {
                        if let Node::Table(table) = item {
                            starts.push(span.start);
                            table.headers(starts);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// Marks the tables that begin at one of `starts`, which are sorted.
    fn damage(&mut self, starts: &[usize]) {
        for entry in &mut self.entries {
            match &mut entry.node {
                Node::Table(table) => {
                    table.damaged |= starts.binary_search(&entry.span.start).is_ok();
                    table.damage(starts);
                }
                Node::Array(items) => {
                    for (item, span) in items {
                        if let Node::Table(table) = item {
                            table.damaged |= starts.binary_search(&span.start).is_ok();
                            table.damage(starts);
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

/// Two thousand agents take about half a megabyte; the rest is room.
const TEXT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How the parser's message about a line without `=` begins.
const KEYLESS: &str = "key with no value";

/// Each costs one more parse; a file with more such lines is not TOML at all.
const KEYLESS_LINES_MAX: usize = 32;

/// Each dot may be a level of nesting; prose has no such lines.
const LINE_DOTS_MAX: usize = 128;

/// No file of ours nests deeper than five.
const DEPTH_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::line_column;
    use proptest::prelude::*;

    #[test]
    fn keys_come_in_file_order() {
        let (document, notes) = Document::parse("zebra = 1\napple = 2\n[mango]\n[banana]\n");
        assert_eq!(notes, []);
        let names: Vec<&str> = document.root().keys().iter().map(|key| key.name).collect();
        assert_eq!(names, ["zebra", "apple", "mango", "banana"]);
    }

    #[test]
    fn several_syntax_errors_are_found_at_once_and_in_order() {
        let text = "a = 1\nb = \nc = \"ok\"\nd = 'x\ne = 3\n";
        let (document, notes) = Document::parse(text);
        let lines: Vec<usize> = notes
            .iter()
            .map(|note| line_column(text, note.span.as_ref().expect("syntax errors have a place").start).0)
            .collect();
        assert!(lines.contains(&2) && lines.contains(&4), "{notes:?}");
        assert!(lines.is_sorted());
        let mut root = document.root();
        let mut more = Vec::new();
        assert_eq!(root.string("c", &mut more).map(|found| found.value), Some("ok"));
        assert_eq!(root.string("b", &mut more).map(|found| found.value), None);
        assert_eq!(more, [], "what could not be read is not reported twice");
    }

    #[test]
    fn a_table_with_an_unreadable_line_misses_nothing() {
        let (document, notes) = Document::parse("[one]\nname 'x'\n[two]\n");
        assert!(!notes.is_empty());
        let mut root = document.root();
        let mut more = Vec::new();
        let mut one = root.table("one", &mut more).expect("the table was read");
        let mut two = root.table("two", &mut more).expect("the table was read");
        let _ = one.required_string("name", &mut more);
        assert_eq!(more, [], "its line is there, only unreadable");
        let _ = two.required_string("name", &mut more);
        assert_eq!(more.len(), 1, "the neighbour is whole");
    }

    #[test]
    fn lines_without_an_equals_sign_do_not_hide_the_rest() {
        let text = "[one]\nname 'x'\nsize: 3\nb = 3\n[two]\na = 1\n";
        let (document, notes) = Document::parse(text);
        let places: Vec<(usize, usize)> = notes
            .iter()
            .map(|note| line_column(text, note.span.as_ref().expect("syntax errors have a place").start))
            .collect();
        assert_eq!(places, [(2, 6), (3, 7)], "{notes:?}");
        assert!(document.is_broken());
        let mut more = Vec::new();
        let mut two = document.root().table("two", &mut more).expect("the table was read");
        assert_eq!(two.integer("a", 0..=9, &mut more).map(|found| found.value), Some(1));
    }

    #[test]
    fn one_slip_is_one_mistake_a_line() {
        let (_, notes) = Document::parse("a = [1, 2\nb=3\n");
        assert_eq!(notes.len(), 1, "{notes:?}");
    }

    #[test]
    fn a_doubled_key_is_a_mistake_at_the_second() {
        let text = "a = 1\nb = 2\na = 3\n";
        let (_, notes) = Document::parse(text);
        assert_eq!(notes.len(), 1, "{notes:?}");
        assert_eq!(notes[0].span, Some(12..13));
    }

    #[test]
    fn a_number_beyond_64_bits_is_reported_once() {
        let (document, notes) = Document::parse("a = 99999999999999999999\nb = 0x10\n");
        assert_eq!(notes.len(), 1, "{notes:?}");
        let mut more = Vec::new();
        assert_eq!(document.root().integer("a", 0..=9, &mut more), None);
        assert_eq!(document.root().integer("b", 0..=99, &mut more).map(|found| found.value), Some(16));
        assert_eq!(more, []);
    }

    #[test]
    fn texts_without_bounds_are_refused_before_they_are_parsed() {
        let deep = format!("[{}]\nx = 1\n", vec!["a"; 10_000].join("."));
        let (_, notes) = Document::parse(&deep);
        assert_eq!(notes.len(), 1);
        let nested = format!("a = {}1{}", "[".repeat(5_000), "]".repeat(5_000));
        let (_, notes) = Document::parse(&nested);
        assert!(!notes.is_empty());
        let (_, notes) = Document::parse(&"#".repeat(TEXT_BYTES_MAX + 1));
        assert_eq!(notes.len(), 1);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[\\[\\]{}=.,'\"#a-c0-9\\n 가]{0,80}") {
            let (document, _) = Document::parse(&text);
            let mut root = document.root();
            let mut notes = Vec::new();
            for key in root.keys() {
                let _ = root.get(key.name);
            }
            root.finish(&mut notes);
            prop_assert_eq!(notes, []);
        }
    }
}
