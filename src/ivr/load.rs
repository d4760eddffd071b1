//! A flow file's text to a `Flow`, with every mistake that shows without knowing the rest of the server.
//! Never reads a file or the environment; both are handed in. TOML 1.1, format 1.

mod links;
mod node;
mod queue;

use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use super::flow::{Flow, KeyLink, Link, Lint, Name, Service, Target, Template};
use super::holidays::HolidayTable;
use super::hours::{Hours, OpeningHours, WEEKDAYS, parse_days, parse_hours};
use super::text::pieces;
use super::variable::FieldKind;
use crate::document::{Codes, Diagnostic, Document, Spanned, Table, Value};
use crate::model::{Digit, Language};

/// The flow in `text`, or nothing when there is an error, and everything to be said about it.
/// `id_hint` is the file's name without its ending.
pub fn load(id_hint: &str, text: &str) -> (Option<Flow>, Vec<Diagnostic>) {
    usable(draft(id_hint, text, None))
}

/// As `load`, with `${NAME}` in service addresses filled in from `environment`; an unset name is a warning,
/// and at run time every question to that service fails.
pub fn load_with(
    id_hint: &str,
    text: &str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> (Option<Flow>, Vec<Diagnostic>) {
    usable(draft(id_hint, text, Some(environment)))
}

/// What is readable of a flow, links that lead nowhere included, so that checks can go on after a mistake.
pub(super) fn draft(
    id_hint: &str,
    text: &str,
    environment: Option<Environment<'_>>,
) -> (Option<Flow>, Vec<Diagnostic>) {
    let (document, notes) = Document::parse_with(text, &CODES);
    let mut reader =
        Reader { text, environment, language: Language::default(), notes, inherited: Inherited::default() };
    let flow = reader.flow(id_hint, document.root());
    let mut notes = reader.notes;
    if let Some(flow) = &flow {
        links::check(flow, &mut notes);
    }
    crate::document::sort(&mut notes);
    (flow, notes)
}

fn usable((flow, notes): (Option<Flow>, Vec<Diagnostic>)) -> (Option<Flow>, Vec<Diagnostic>) {
    let broken = notes.iter().any(Diagnostic::is_error);
    (flow.filter(|_| !broken), notes)
}

/// Looks an environment variable up.
pub(super) type Environment<'e> = &'e dyn Fn(&str) -> Option<String>;

/// Reads one file. Every method reports into `notes` and goes on.
struct Reader<'t> {
    text: &'t str,
    environment: Option<Environment<'t>>,
    language: Language,
    notes: Vec<Diagnostic>,
    inherited: Inherited,
}

/// What `[defaults]` and `[queue_defaults]` hand down to nodes.
struct Inherited {
    timeout: Duration,
    tries_max: u32,
    on_fail: Option<Link>,
    barge_in: bool,
    keys: Vec<KeyLink>,
    queue: queue::QueueFields,
}

impl Default for Inherited {
    fn default() -> Self {
        Inherited {
            timeout: Duration::from_secs(5),
            tries_max: 3,
            on_fail: None,
            barge_in: true,
            keys: Vec::new(),
            queue: queue::QueueFields::default(),
        }
    }
}

impl Reader<'_> {
    fn flow(&mut self, id_hint: &str, mut root: Table<'_>) -> Option<Flow> {
        if root.require("format", &mut self.notes) {
            root.integer("format", 1..=1, &mut self.notes);
        }
        let id = root.string("id", &mut self.notes);
        if let Some(id) = &id
            && !id_hint.is_empty()
            && id.value != id_hint
        {
            let message = format!("this file is '{id_hint}', and says that it is '{}'", id.value);
            self.notes.push(Diagnostic::warning("IVR004", message).at(id.span.clone()));
        }
        let title = root.string("title", &mut self.notes).map_or("", |title| title.value).to_owned();
        self.language = self.lang(&mut root);
        let time_zone = self.time_zone(&mut root);
        let lints = self.lints(&mut root);
        let start = root.required_string("start", &mut self.notes).and_then(|start| self.link(&start));
        self.defaults(&mut root);
        let hours = self.hours(&mut root);
        let services = self.services(&mut root);
        let mut nodes = self.nodes(&mut root);
        self.settle_offers(&mut nodes);
        root.finish(&mut self.notes);
        let index = nodes.iter().enumerate().map(|(at, node)| (node.name.clone(), at)).collect();
        Some(Flow {
            id: id.map_or(id_hint, |id| id.value).to_owned(),
            title,
            language: self.language,
            time_zone,
            lints,
            start: start?,
            hours,
            services,
            nodes,
            version: version(self.text),
            index,
        })
    }

    fn lang(&mut self, root: &mut Table<'_>) -> Language {
        let Some(tag) = root.required_string("lang", &mut self.notes) else { return Language::default() };
        Language::from_tag(tag.value).unwrap_or_else(|| {
            let message = format!("no language '{}' is spoken here; ko and en are", tag.value);
            self.notes.push(Diagnostic::error("IVR004", message).at(tag.span));
            Language::default()
        })
    }

    fn time_zone(&mut self, root: &mut Table<'_>) -> TimeZone {
        let Some(name) = root.required_string("timezone", &mut self.notes) else { return TimeZone::UTC };
        TimeZone::get(name.value).unwrap_or_else(|_| {
            let message = format!("there is no time zone '{}'", name.value);
            let wrong = Diagnostic::error("IVR004", message).at(name.span);
            self.notes.push(wrong.help("use a name of the tz database such as \"Asia/Seoul\""));
            TimeZone::UTC
        })
    }

    fn lints(&mut self, root: &mut Table<'_>) -> Vec<Lint> {
        let Some(words) = root.string_list("lint", &mut self.notes) else { return vec![Lint::Base] };
        let mut lints = Vec::new();
        for word in words.value {
            match LINTS.iter().find(|(name, _)| *name == word.value) {
                Some((_, lint)) => lints.push(*lint),
                None => {
                    let wrong = Diagnostic::error("IVR004", format!("there is no rule book '{}'", word.value));
                    let names = LINTS.iter().map(|(name, _)| *name);
                    self.notes.push(wrong.at(word.span).suggest(word.value, names));
                }
            }
        }
        lints
    }

    fn defaults(&mut self, root: &mut Table<'_>) {
        if let Some(mut table) = root.table("defaults", &mut self.notes) {
            let timeout = table.duration_within("timeout", TIMEOUT_RANGE, &mut self.notes);
            let tries = table.integer("max_tries", 1..=10, &mut self.notes);
            self.inherited.on_fail = self.target(&mut table, "on_fail");
            let barge_in = table.boolean("barge_in", &mut self.notes);
            self.inherited.keys = self.keys(&mut table, false).unwrap_or_default();
            table.finish(&mut self.notes);
            let inherited = &mut self.inherited;
            inherited.timeout = timeout.map_or(inherited.timeout, |timeout| timeout.value);
            inherited.tries_max = tries.map_or(inherited.tries_max, |tries| small(tries.value));
            inherited.barge_in = barge_in.is_none_or(|barge_in| barge_in.value);
        }
        if let Some(mut table) = root.table("queue_defaults", &mut self.notes) {
            self.inherited.queue = self.queue_fields(&mut table);
            table.finish(&mut self.notes);
        }
    }

    fn hours(&mut self, root: &mut Table<'_>) -> BTreeMap<String, OpeningHours> {
        let mut hours = BTreeMap::new();
        let Some(mut tables) = root.table("hours", &mut self.notes) else { return hours };
        for key in tables.keys() {
            if let Some(table) = tables.table(key.name, &mut self.notes) {
                hours.insert(key.name.to_owned(), self.opening_hours(table));
            }
        }
        hours
    }

    fn opening_hours(&mut self, mut table: Table<'_>) -> OpeningHours {
        let mut hours = OpeningHours::default();
        let holidays = table.one_of("holidays", &HolidayTable::WORDS, &mut self.notes);
        hours.holidays = holidays.and_then(|word| HolidayTable::ALL.get(word.value).copied());
        for (key, days) in [("closed", &mut hours.closed), ("open", &mut hours.open)] {
            for day in table.string_list(key, &mut self.notes).map(|list| list.value).unwrap_or_default() {
                match day.value.parse::<Date>() {
                    Ok(date) => {
                        days.insert(date);
                    }
                    Err(_) => self.malformed(&day, "a day such as \"2026-05-01\""),
                }
            }
        }
        for key in table.keys() {
            let Some(days) = parse_days(key.name) else { continue };
            let Some(spans) = self.hours_of_day(&mut table, key.name) else { continue };
            for day in days {
                if let Some(slot) = hours.week.get_mut(day) {
                    slot.clone_from(&spans);
                }
            }
        }
        // Asked for so that a misspelt day is compared with them.
        for day in WEEKDAYS {
            let _ = table.get(day);
        }
        table.finish(&mut self.notes);
        hours
    }

    fn hours_of_day(&mut self, table: &mut Table<'_>, key: &str) -> Option<Vec<Hours>> {
        let text = table.string(key, &mut self.notes)?;
        let hours = parse_hours(text.value);
        if hours.is_none() {
            self.malformed(&text, "hours such as \"09:00-18:00\", \"09:00-12:00, 13:00-18:00\" or \"closed\"");
        }
        hours
    }

    fn services(&mut self, root: &mut Table<'_>) -> BTreeMap<String, Service> {
        let mut services = BTreeMap::new();
        let Some(mut tables) = root.table("http", &mut self.notes) else { return services };
        for key in tables.keys() {
            if let Some(table) = tables.table(key.name, &mut self.notes)
                && let Some(service) = self.service(table)
            {
                services.insert(key.name.to_owned(), service);
            }
        }
        services
    }

    fn service(&mut self, mut table: Table<'_>) -> Option<Service> {
        let span = table.span();
        let url = table.required_string("url", &mut self.notes);
        let timeout = table.duration_within("timeout", FETCH_RANGE, &mut self.notes);
        let mut fields = BTreeMap::new();
        if let Some(mut list) = table.table("fields", &mut self.notes) {
            for key in list.keys() {
                if let Some(kind) = list.one_of(key.name, &FieldKind::WORDS, &mut self.notes)
                    && let Some(kind) = FieldKind::ALL.get(kind.value)
                {
                    fields.insert(key.name.to_owned(), *kind);
                }
            }
        }
        table.finish(&mut self.notes);
        let url = url?;
        let filled = self.with_environment(&url);
        let url = self.template(&Spanned { value: &filled, span: url.span.clone() })?;
        Some(Service { span, url, timeout: timeout.map_or(FETCH_USUAL, |timeout| timeout.value), fields })
    }

    /// Replaces `${NAME}`; a name without a value becomes `$NAME`, which no client takes for an address.
    fn with_environment(&mut self, url: &Spanned<&str>) -> String {
        let mut filled = String::new();
        let mut rest = url.value;
        while let Some((before, after)) = rest.split_once("${") {
            filled.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                rest = after;
                break;
            };
            match self.environment.map(|environment| environment(name)) {
                Some(Some(value)) => filled.push_str(value.trim_end_matches('/')),
                unset => {
                    filled.push_str(&format!("${name}"));
                    if unset.is_some() {
                        let message =
                            format!("the environment has no {name}; every question to this service will fail");
                        self.notes.push(Diagnostic::warning("IVR015", message).at(url.span.clone()));
                    }
                }
            }
            rest = after;
        }
        filled.push_str(rest);
        filled
    }

    /// `keys = { 1 = "node" }`. `None` when the table is not there.
    fn keys(&mut self, table: &mut Table<'_>, own: bool) -> Option<Vec<KeyLink>> {
        let mut entries = table.table("keys", &mut self.notes)?;
        let mut keys = Vec::new();
        for key in entries.keys() {
            let target = entries.string(key.name, &mut self.notes);
            let Some(digit) = single_digit(key.name) else {
                let message = format!("a telephone has no key '{}'", key.name);
                let wrong = Diagnostic::error("IVR004", message).at(key.span);
                self.notes.push(wrong.help("keys are 0 to 9, \"*\" and \"#\""));
                continue;
            };
            if let Some(link) = target.and_then(|target| self.link(&target)) {
                keys.push(KeyLink { digit, link, own, span: key.span });
            }
        }
        Some(keys)
    }

    fn target(&mut self, table: &mut Table<'_>, key: &str) -> Option<Link> {
        let word = table.string(key, &mut self.notes)?;
        self.link(&word)
    }

    fn required_target(&mut self, table: &mut Table<'_>, key: &str) -> Option<Link> {
        let word = table.required_string(key, &mut self.notes)?;
        self.link(&word)
    }

    fn link(&mut self, word: &Spanned<&str>) -> Option<Link> {
        let target = Target::parse(word.value);
        if target.is_none() {
            let wrong = Diagnostic::error("IVR010", format!("'{}' is no place to go", word.value));
            let wrong = wrong.at(word.span.clone()).suggest(word.value, BUILT_IN);
            self.notes.push(wrong.help("name a node, another flow as \"flow:name\", @previous, @repeat or @resume"));
        }
        target.map(|target| Link { target, span: word.span.clone() })
    }

    fn template(&mut self, text: &Spanned<&str>) -> Option<Template> {
        match pieces(text.value) {
            Ok(pieces) => Some(Template { pieces, literal: self.is_literal(text), span: text.span.clone() }),
            Err(error) => {
                let span = self.inner_span(text, error.at..error.at + 1);
                let wrong = Diagnostic::error("IVR004", error.to_string()).at(span);
                self.notes.push(wrong.help("write a variable as {name}"));
                None
            }
        }
    }

    /// The place in the file of a part of a text; of all of it where escapes make that uncertain.
    fn inner_span(&self, text: &Spanned<&str>, part: Range<usize>) -> Range<usize> {
        let template = Template { pieces: Vec::new(), span: text.span.clone(), literal: self.is_literal(text) };
        template.part(part)
    }

    fn is_literal(&self, text: &Spanned<&str>) -> bool {
        let begins = text.span.start + 1;
        self.text.get(begins..begins + text.value.len()) == Some(text.value)
    }

    fn name(&mut self, word: Option<Spanned<&str>>) -> Option<Name> {
        word.map(|word| Name { text: word.value.to_owned(), span: word.span })
    }

    fn malformed(&mut self, found: &Spanned<&str>, wanted: &str) {
        let message = format!("\"{}\" is not {wanted}", found.value);
        self.notes.push(Diagnostic::error("IVR004", message).at(found.span.clone()));
    }
}

/// A key written as a table key.
fn single_digit(word: &str) -> Option<Digit> {
    let mut letters = word.chars();
    let digit = letters.next().and_then(Digit::new);
    digit.filter(|_| letters.next().is_none())
}

/// A number that a range has already made small.
fn small(value: i64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// The first eight bytes of the text's SHA-256 in hexadecimal.
fn version(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Reads a value that may also be `false` for "not at all".
fn is_off(table: &mut Table<'_>, key: &str) -> bool {
    matches!(table.get(key), Some(Value::Boolean(Spanned { value: false, .. })))
}

const CODES: Codes = Codes {
    syntax: "IVR000",
    unknown_key: "IVR002",
    missing: "IVR003",
    wrong_type: "IVR004",
    out_of_range: "IVR004",
    unknown_word: "IVR004",
};

const LINTS: [(&str, Lint); 2] = [("base", Lint::Base), ("kr-ars", Lint::KoreanArs)];

const BUILT_IN: [&str; 3] = ["@previous", "@repeat", "@resume"];

/// Shorter is a slip of the finger, longer is a dead line.
const TIMEOUT_RANGE: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(60);

/// A caller hears silence while a service is asked.
const FETCH_RANGE: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(10);
const FETCH_USUAL: Duration = Duration::from_secs(2);
