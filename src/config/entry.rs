//! Reading one section through the table of keys: what stands in the file, else the default that the table gives,
//! each with its origin. Never keeps a default of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::codes::{CODES, CONTRADICTION, MALFORMED, NO_VARIABLE, OURS};
use super::key::{Given, Key, Section, Shape};
use super::{Pattern, Secret, dial};
use crate::document::{Diagnostic, Document, Lines, Spanned, Table, Value};
use crate::model::Language;

/// One value that holds, and why.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Effective {
    /// `sip.t1`, `queue[2].title`.
    pub path: String,
    /// As TOML; secrets are hidden.
    pub value: String,
    pub origin: Origin,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Line and column in the configuration file.
    File { line: usize, column: usize },
    /// The table of keys.
    Default,
    /// An environment variable.
    Environment { variable: String },
}

/// What all sections are read with.
pub(super) struct Reading<'a> {
    pub text: &'a str,
    pub lines: Lines<'a>,
    /// Folder of the configuration file; relative paths begin here.
    pub folder: &'a Path,
    pub env: &'a dyn Fn(&str) -> Option<String>,
    pub notes: Vec<Diagnostic>,
    pub effective: Vec<Effective>,
    pub places: Places,
    /// Where secrets are written out.
    pub secrets: Vec<Range<usize>>,
}

/// One section, or one of many entries, being read.
pub(super) struct Entry<'d> {
    section: &'static Section,
    /// `None` when the file does not have the section at all.
    given: Option<Table<'d>>,
    defaults: Table<'d>,
    path: String,
    asked: BTreeSet<&'static str>,
}

impl<'d> Entry<'d> {
    pub(super) fn new(
        section: &'static Section,
        given: Option<Table<'d>>,
        defaults: &'d Document,
        reading: &mut Reading<'_>,
    ) -> Self {
        let path = given.as_ref().map_or(section.name.to_owned(), |table| table.path().to_owned());
        if let Some(table) = &given {
            reading.places.0.insert(path.clone(), table.span());
        }
        Entry { section, given, defaults: defaults.root(), path, asked: BTreeSet::new() }
    }

    /// Where it stands among the values: `sip`, `queue[2]`.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Whether the file gives the key.
    pub(super) fn has(&self, name: &str) -> bool {
        self.given.as_ref().is_some_and(|table| table.contains(name))
    }

    pub(super) fn text(&mut self, name: &str, reading: &mut Reading<'_>) -> String {
        self.maybe_text(name, reading).unwrap_or_default()
    }

    pub(super) fn maybe_text(&mut self, name: &str, reading: &mut Reading<'_>) -> Option<String> {
        self.parsed(name, reading, "", |text, _| Some(text.to_owned()))
    }

    /// A name others refer to; also the user of a device and the name of an environment variable.
    pub(super) fn name(&mut self, name: &str, reading: &mut Reading<'_>) -> String {
        self.maybe_name(name, reading).unwrap_or_default()
    }

    pub(super) fn maybe_name(&mut self, name: &str, reading: &mut Reading<'_>) -> Option<String> {
        self.parsed(name, reading, NAME_WANTED, |text, _| is_name(text).then(|| text.to_owned()))
    }

    pub(super) fn names(&mut self, name: &str, reading: &mut Reading<'_>) -> Vec<String> {
        self.list(name, reading, NAME_WANTED, |text| is_name(text).then(|| text.to_owned()))
    }

    pub(super) fn hosts(&mut self, name: &str, reading: &mut Reading<'_>) -> Vec<String> {
        self.list(name, reading, "a host name or an IP address", |text| is_host(text).then(|| text.to_lowercase()))
    }

    /// A number without decoration.
    pub(super) fn number(&mut self, name: &str, reading: &mut Reading<'_>) -> String {
        self.maybe_written_number(name, reading).map(|text| dial::normalize(&text)).unwrap_or_default()
    }

    /// A number as written, with the dashes that people read it by.
    pub(super) fn maybe_written_number(&mut self, name: &str, reading: &mut Reading<'_>) -> Option<String> {
        self.parsed(name, reading, NUMBER_WANTED, |text, _| dial::is_number(text).then(|| text.to_owned()))
    }

    pub(super) fn pattern(&mut self, name: &str, reading: &mut Reading<'_>) -> Pattern {
        self.parsed(name, reading, PATTERN_WANTED, |text, _| Pattern::parse(text)).unwrap_or_default()
    }

    pub(super) fn sip_target(&mut self, name: &str, reading: &mut Reading<'_>) -> Option<String> {
        self.parsed(name, reading, "sip:host or sip:host:port", |text, _| is_sip_target(text).then(|| text.to_owned()))
    }

    pub(super) fn address(&mut self, name: &str, reading: &mut Reading<'_>) -> Option<IpAddr> {
        self.parsed(name, reading, ADDRESS_WANTED, |text, _| text.parse().ok())
    }

    pub(super) fn addresses(&mut self, name: &str, reading: &mut Reading<'_>) -> Vec<IpAddr> {
        self.list(name, reading, ADDRESS_WANTED, |text| text.parse().ok())
    }

    pub(super) fn socket(&mut self, name: &str, reading: &mut Reading<'_>) -> Option<SocketAddr> {
        self.parsed(name, reading, SOCKET_WANTED, |text, _| socket(text))
    }

    pub(super) fn sockets(&mut self, name: &str, reading: &mut Reading<'_>) -> Vec<SocketAddr> {
        self.list(name, reading, SOCKET_WANTED, socket)
    }

    /// The language that a tag such as `ko-KR` names.
    pub(super) fn language(&mut self, name: &str, reading: &mut Reading<'_>) -> Option<Language> {
        self.parsed(name, reading, "a language we speak: ko or en, such as \"ko-KR\"", |text, _| {
            Language::from_tag(text).filter(|_| is_language_tag(text))
        })
    }

    /// A file or folder; a relative one begins in the folder of the configuration file. An empty one is none.
    pub(super) fn file(&mut self, name: &str, reading: &mut Reading<'_>) -> Option<PathBuf> {
        self.parsed(name, reading, "", |text, folder| Some((!text.is_empty()).then(|| folder.join(text)))).flatten()
    }

    pub(super) fn flag(&mut self, name: &str, reading: &mut Reading<'_>) -> bool {
        self.read(name, reading, |table, key, notes| table.boolean(key.name, notes)).unwrap_or_default()
    }

    /// A whole number within the bounds of the table, which are such that it fits `T`.
    pub(super) fn count<T: TryFrom<i64> + Default>(&mut self, name: &str, reading: &mut Reading<'_>) -> T {
        let found = self.read(name, reading, |table, key, notes| match key.shape {
            Shape::Count { min, max, .. } => table.integer(key.name, min..=max, notes),
            _ => None,
        });
        found.and_then(|value| T::try_from(value).ok()).unwrap_or_default()
    }

    pub(super) fn duration(&mut self, name: &str, reading: &mut Reading<'_>) -> Duration {
        let found = self.read(name, reading, |table, key, notes| match key.shape {
            Shape::Duration { min, max } => table.duration_within(key.name, min..=max, notes),
            _ => None,
        });
        found.unwrap_or_default()
    }

    /// Zero to one.
    pub(super) fn ratio(&mut self, name: &str, reading: &mut Reading<'_>) -> f64 {
        let found = self.read(name, reading, |table, key, notes| {
            let found = table.float(key.name, notes)?;
            if (0.0..=1.0).contains(&found.value) {
                return Some(found);
            }
            let message = format!("{} = {} lies outside 0.0 to 1.0", key.name, found.value);
            notes.push(Diagnostic::error(CODES.out_of_range, message).at(found.span));
            None
        });
        found.unwrap_or_default()
    }

    /// One of the words of the table, as the value at its place in `all`.
    pub(super) fn word<T: Copy>(&mut self, name: &str, all: &[T], reading: &mut Reading<'_>) -> Option<T> {
        let at = self.read(name, reading, |table, key, notes| match key.shape {
            Shape::Word(words) => table.one_of(key.name, words, notes),
            _ => None,
        })?;
        all.get(at).copied()
    }

    /// Some of the words of the table, as the values at their places in `all`.
    pub(super) fn words<T: Copy>(&mut self, name: &str, all: &[T], reading: &mut Reading<'_>) -> Vec<T> {
        let found = self.read(name, reading, |table, key, notes| {
            let Shape::Words(words) = key.shape else { return None };
            let list = table.string_list(key.name, notes)?;
            let mut values = Vec::new();
            for item in list.value {
                if let Some(value) = words.iter().position(|word| *word == item.value).and_then(|at| all.get(at)) {
                    values.push(*value);
                    continue;
                }
                let message = format!("{}: '{}' is not one of {}", key.name, item.value, words.join(", "));
                let wrong = Diagnostic::error(CODES.unknown_word, message).at(item.span);
                notes.push(wrong.suggest(item.value, words.iter().copied()));
            }
            Some(Spanned { value: values, span: list.span })
        });
        found.unwrap_or_default()
    }

    /// Names with a level of 1 to 10 each, in file order.
    pub(super) fn levels(&mut self, name: &str, reading: &mut Reading<'_>) -> Vec<(String, u8)> {
        let found = self.read(name, reading, |table, key, notes| {
            let mut levels = table.table(key.name, notes)?;
            let mut pairs = Vec::new();
            for skill in levels.keys() {
                if let Some(level) = levels.integer(skill.name, 1..=10, notes) {
                    let level = u8::try_from(level.value).unwrap_or(u8::MAX);
                    pairs.push(Spanned { value: (skill.name.to_owned(), level), span: skill.span });
                }
            }
            Some(Spanned { value: pairs, span: levels.span() })
        });
        self.place_items(name, found.unwrap_or_default(), reading)
    }

    /// A secret, written out as `name` or held by the environment variable that `name_env` names.
    pub(super) fn secret(&mut self, name: &str, name_env: &str, reading: &mut Reading<'_>) -> Option<Secret> {
        if let Some(value) = self.given.as_mut().and_then(|given| given.get(name)) {
            reading.secrets.push(value.span());
        }
        let wanted = "a password: it is empty";
        let secret = |text: &str, _: &Path| (!text.is_empty()).then(|| Secret::new(text));
        let written = self.parsed(name, reading, wanted, secret);
        let variable = self.maybe_name(name_env, reading);
        let Some(variable) = variable else { return written };
        let span = reading.places.of(&format!("{}.{name_env}", self.path));
        if written.is_some() {
            let message = format!("{name} and {name_env} exclude each other");
            reading.notes.push(Diagnostic::error(CONTRADICTION, message).at(span));
            return written;
        }
        let Some(secret) = (reading.env)(&variable).filter(|secret| !secret.is_empty()) else {
            let message = format!("the environment variable {variable} is not set or empty");
            reading.notes.push(Diagnostic::error(NO_VARIABLE, message).at(span));
            return None;
        };
        let path = format!("{}.{name}", self.path);
        reading.places.0.insert(path.clone(), span);
        reading.effective.push(Effective { path, value: HIDDEN.to_owned(), origin: Origin::Environment { variable } });
        Some(Secret::new(secret))
    }

    /// Reports unknown keys; and keys of the table that the loader forgot to read.
    pub(super) fn finish(self, reading: &mut Reading<'_>) {
        for key in self.section.keys {
            if !self.asked.contains(key.name) {
                let message = format!("[{}] {} is described and never read", self.section.name, key.name);
                reading.notes.push(Diagnostic::error(OURS, message));
            }
        }
        if let Some(given) = self.given {
            given.finish(&mut reading.notes);
        }
    }

    /// A text, turned into something; `wanted` says what would have been right.
    fn parsed<T>(
        &mut self,
        name: &str,
        reading: &mut Reading<'_>,
        wanted: &str,
        parse: impl Fn(&str, &Path) -> Option<T>,
    ) -> Option<T> {
        let folder = reading.folder;
        self.read(name, reading, |table, key, notes| {
            let found = table.string(key.name, notes)?;
            let Some(value) = parse(found.value, folder) else {
                notes.push(malformed(key.name, &found, wanted));
                return None;
            };
            Some(Spanned { value, span: found.span })
        })
    }

    /// A list of texts, each turned into something; those that cannot be are reported and left out.
    fn list<T>(
        &mut self,
        name: &str,
        reading: &mut Reading<'_>,
        wanted: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Vec<T> {
        let found = self.read(name, reading, |table, key, notes| {
            let list = table.string_list(key.name, notes)?;
            let mut values = Vec::new();
            for item in list.value {
                match parse(item.value) {
                    Some(value) => values.push(Spanned { value, span: item.span }),
                    None => notes.push(malformed(key.name, &item, wanted)),
                }
            }
            Some(Spanned { value: values, span: list.span })
        });
        self.place_items(name, found.unwrap_or_default(), reading)
    }

    /// Remembers where each item of a list stands: `sip.listen_udp[1]`. Defaults stand nowhere.
    fn place_items<T>(&self, name: &str, items: Vec<Spanned<T>>, reading: &mut Reading<'_>) -> Vec<T> {
        let in_the_file = self.has(name);
        let placed = items.into_iter().enumerate().map(|(at, item)| {
            if in_the_file {
                reading.places.0.insert(format!("{}.{name}[{}]", self.path, at + 1), item.span);
            }
            item.value
        });
        placed.collect()
    }

    /// The one way to a value: what the file gives, else what the table says. A value that the file gives wrongly is
    /// reported and then stands at its default, so that no other rule complains about it again.
    fn read<T>(
        &mut self,
        name: &str,
        reading: &mut Reading<'_>,
        read: impl Fn(&mut Table<'d>, &Key, &mut Vec<Diagnostic>) -> Option<Spanned<T>>,
    ) -> Option<T> {
        let Some(key) = self.section.keys.iter().find(|key| key.name == name) else {
            let message = format!("[{}] {name} is read and never described", self.section.name);
            reading.notes.push(Diagnostic::error(OURS, message));
            return None;
        };
        self.asked.insert(key.name);
        let path = format!("{}.{name}", self.path);
        if let Some(given) = self.given.as_mut() {
            if given.contains(name) {
                let found = read(given, key, &mut reading.notes);
                let Some(found) = found else { return self.default(key, reading, &read) };
                let value = shown(key, reading.text.get(found.span.clone()).unwrap_or_default());
                let (line, column) = reading.lines.line_column(found.span.start);
                reading.effective.push(Effective { path: path.clone(), value, origin: Origin::File { line, column } });
                reading.places.0.insert(path, found.span);
                return Some(found.value);
            }
            // Asking marks the key as known, for the suggestions beside unknown ones.
            let _: Option<Value<'_>> = given.get(name);
            if matches!(key.given, Given::Required(_)) {
                given.require(name, &mut reading.notes);
            }
        }
        let Given::Default(text) = key.given else { return None };
        reading.effective.push(Effective { path, value: shown(key, text), origin: Origin::Default });
        self.default(key, reading, &read)
    }

    /// The default of the table, read in the same way as a file.
    fn default<T>(
        &mut self,
        key: &Key,
        reading: &mut Reading<'_>,
        read: &impl Fn(&mut Table<'d>, &Key, &mut Vec<Diagnostic>) -> Option<Spanned<T>>,
    ) -> Option<T> {
        let Given::Default(_) = key.given else { return None };
        let mut ours = Vec::new();
        let found = read(&mut self.defaults, key, &mut ours);
        for mistake in ours {
            let message = format!("[{}] {}: {}", self.section.name, key.name, mistake.message);
            reading.notes.push(Diagnostic::error(OURS, message));
        }
        found.map(|found| found.value)
    }
}

/// Where each value that the file gives stands, by its path: `sip.t1`, `queue[2].name`, `sip.listen_udp[1]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Places(BTreeMap<String, Range<usize>>);

impl Places {
    /// The place of a value; of a default, the place of its section; of an absent section, the beginning.
    pub(super) fn of(&self, path: &str) -> Range<usize> {
        let mut path = path;
        loop {
            if let Some(span) = self.0.get(path) {
                return span.clone();
            }
            let Some(parent) = path.rfind(['.', '[']) else { return 0..0 };
            path = &path[..parent];
        }
    }

    /// Whether the file gives the value.
    pub(super) fn gives(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }

    /// The place of the first of several values that the file gives.
    pub(super) fn of_first(&self, paths: &[&str]) -> Range<usize> {
        let given = paths.iter().find(|path| self.0.contains_key(**path));
        self.of(given.or(paths.first()).copied().unwrap_or_default())
    }
}

/// The defaults of a section as a document, so that they are read exactly as a file is.
pub(super) fn defaults(section: &Section) -> Document {
    let lines = section.keys.iter().filter_map(|key| match key.given {
        Given::Default(value) => Some(format!("{} = {value}\n", key.name)),
        _ => None,
    });
    Document::parse(&lines.collect::<String>()).0
}

fn malformed(key: &str, found: &Spanned<&str>, wanted: &str) -> Diagnostic {
    Diagnostic::error(MALFORMED, format!("{key}: '{}' is not {wanted}", found.value)).at(found.span.clone())
}

/// A value as the list of effective values shows it: on one line, and a secret not at all.
fn shown(key: &Key, text: &str) -> String {
    match key.shape {
        Shape::Secret => HIDDEN.to_owned(),
        _ => text.split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

fn is_name(text: &str) -> bool {
    let fits = |character: char| character.is_alphanumeric() || matches!(character, '-' | '_' | '.');
    !text.is_empty() && text.chars().count() <= NAME_CHARS_MAX && text.chars().all(fits)
}

fn is_host(text: &str) -> bool {
    let label = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    text.parse::<IpAddr>().is_ok() || (text.len() <= HOST_BYTES_MAX && text.split('.').all(label))
}

/// `sip:host` or `sip:host:port`; an IPv6 address stands in brackets.
fn is_sip_target(text: &str) -> bool {
    let Some(place) = text.strip_prefix("sip:") else { return false };
    if place.parse::<SocketAddr>().is_ok_and(|socket| socket.port() > 0) {
        return true;
    }
    if let Some(bracketed) = place.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return bracketed.parse::<std::net::Ipv6Addr>().is_ok();
    }
    match place.split_once(':') {
        Some((host, port)) => is_host(host) && port.parse::<u16>().is_ok_and(|port| port > 0),
        None => is_host(place),
    }
}

/// A port of zero would be chosen by chance at every start.
fn socket(text: &str) -> Option<SocketAddr> {
    text.parse::<SocketAddr>().ok().filter(|socket| socket.port() > 0)
}

/// The form of BCP 47 without its registry: letters and digits in parts of one to eight.
fn is_language_tag(text: &str) -> bool {
    text.split('-').all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

const HIDDEN: &str = "\"***\"";
const NAME_WANTED: &str = "a name: letters, digits, -, _ and . only";
const NUMBER_WANTED: &str = "a number: digits, * or #, with a + in front if need be";
const PATTERN_WANTED: &str = "a pattern: digits, x for any digit, * at the end for any more";
const ADDRESS_WANTED: &str = "an IP address such as 192.0.2.10";
const SOCKET_WANTED: &str = "an IP address and port such as 127.0.0.1:5060";

/// Names stand in metrics, file names and columns of a table.
const NAME_CHARS_MAX: usize = 64;

/// RFC 1035 2.3.4.
const HOST_BYTES_MAX: usize = 253;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_told_from_other_words() {
        for target in [
            "sip:10.0.0.1",
            "sip:10.0.0.1:5080",
            "sip:carrier.example",
            "sip:carrier.example:5060",
            "sip:[::1]:5060",
            "sip:[::1]",
        ] {
            assert!(is_sip_target(target), "{target}");
        }
        for word in [
            "",
            "sip:",
            "10.0.0.1",
            "sips:10.0.0.1",
            "sip:user@host",
            "sip:host:0",
            "sip:host:x",
            "sip:a..b",
            "sip:[::1",
        ] {
            assert!(!is_sip_target(word), "{word}");
        }
    }

    #[test]
    fn names_are_short_and_plain() {
        for name in ["general", "domestic-mail", "a-201", "PHONE_1", "국내우편"] {
            assert!(is_name(name), "{name}");
        }
        for word in ["", "a b", "a/b", "a\nb", &"x".repeat(65)] {
            assert!(!is_name(word), "{word}");
        }
    }

    #[test]
    fn language_tags_have_their_form() {
        assert!(is_language_tag("ko-KR"));
        assert!(is_language_tag("en"));
        assert!(!is_language_tag("ko_KR"));
        assert!(!is_language_tag("ko-"));
    }
}
