//! Reads `[node.x]`: the fields every step may have, and those of its kind.

use super::{Reader, TIMEOUT_RANGE, single_digit, small};
use crate::document::{Diagnostic, Spanned, Table, Value};
use crate::ivr::flow::{Collect, Condition, Due, KeyLink, Kind, Name, Node, Record, Skip, Step, Template};
use crate::ivr::node::condition;
use crate::ivr::text::{Say, is_name};
use crate::model::{Digit, Language};

impl Reader<'_> {
    pub(super) fn nodes(&mut self, root: &mut Table<'_>) -> Vec<Node> {
        let mut nodes = Vec::new();
        let Some(mut tables) = root.required_table("node", &mut self.notes) else { return nodes };
        for key in tables.keys() {
            if let Some(table) = tables.table(key.name, &mut self.notes) {
                if !is_node_name(key.name) {
                    let wrong = Diagnostic::error("IVR004", format!("'{}' cannot name a node", key.name));
                    let help = "use lower-case letters, digits, _ and -: the name is also a file's";
                    self.notes.push(wrong.at(key.span.clone()).help(help));
                }
                nodes.extend(self.node(key.name, table));
            }
        }
        nodes
    }

    fn node(&mut self, name: &str, mut table: Table<'_>) -> Option<Node> {
        let span = table.span();
        let Some(kind) = self.kind(&mut table) else {
            // Without its kind nothing can be said about its fields.
            return None;
        };
        let say = match kind {
            Kind::Play | Kind::Menu | Kind::Collect | Kind::Record => self.say(&mut table, true),
            Kind::Hangup | Kind::Transfer => self.say(&mut table, false),
            _ => None,
        };
        let asks = matches!(kind, Kind::Menu | Kind::Collect);
        let timeout = asks.then(|| table.duration_within("timeout", TIMEOUT_RANGE, &mut self.notes)).flatten();
        let tries = asks.then(|| table.integer("max_tries", 1..=10, &mut self.notes)).flatten();
        let barge_in = (asks || kind == Kind::Record).then(|| table.boolean("barge_in", &mut self.notes)).flatten();
        let keys = self.node_keys(&mut table, kind);
        let visits = table.integer("max_visits", 1..=100, &mut self.notes);
        let on_fail = self.target(&mut table, "on_fail");
        let step = self.step(kind, &mut table);
        table.finish(&mut self.notes);
        let inherited = &self.inherited;
        Some(Node {
            name: name.to_owned(),
            span,
            step: step?,
            say,
            keys,
            timeout: timeout.map_or(inherited.timeout, |timeout| timeout.value),
            tries_max: tries.map_or(inherited.tries_max, |tries| small(tries.value)),
            visits_max: visits.map(|visits| small(visits.value)),
            own_on_fail: on_fail.is_some(),
            on_fail: on_fail.or_else(|| inherited.on_fail.clone()),
            barge_in: barge_in.map_or(inherited.barge_in, |barge_in| barge_in.value),
        })
    }

    fn kind(&mut self, table: &mut Table<'_>) -> Option<Kind> {
        let word = table.required_string("do", &mut self.notes)?;
        let kind = Kind::WORDS.iter().position(|known| *known == word.value);
        if kind.is_none() {
            let wrong = Diagnostic::error("IVR001", format!("there is no step '{}'", word.value)).at(word.span);
            let wrong = wrong.suggest(word.value, Kind::WORDS);
            self.notes.push(wrong.help(format!("steps are {}", Kind::WORDS.join(", "))));
        }
        kind.and_then(|at| Kind::ALL.get(at).copied())
    }

    fn step(&mut self, kind: Kind, table: &mut Table<'_>) -> Option<Step> {
        match kind {
            Kind::Hours => {
                let hours = table.required_string("hours", &mut self.notes);
                let open = self.required_target(table, "open");
                let closed = self.required_target(table, "closed");
                Some(Step::Hours { hours: self.name(hours)?, open: open?, closed: closed? })
            }
            Kind::Play => self.play(table),
            Kind::Menu => Some(Step::Menu),
            Kind::Collect => self.collect(table).map(Step::Collect),
            Kind::Http => {
                let service = table.required_string("use", &mut self.notes);
                let found = self.required_target(table, "found");
                let missing = self.required_target(table, "missing");
                let on_error = self.target(table, "on_error");
                Some(Step::Http { service: self.name(service)?, found: found?, missing: missing?, on_error })
            }
            Kind::If => self.condition(table),
            Kind::Queue => self.queue(table).map(|queue| Step::Queue(Box::new(queue))),
            Kind::Record => self.record(table).map(Step::Record),
            Kind::Callback => self.callback(table),
            Kind::Message => self.message(table),
            Kind::Transfer => {
                let to = self.required_template(table, "to");
                let on_error = self.target(table, "on_error");
                Some(Step::Transfer { to: to?, on_error })
            }
            Kind::Hangup => Some(Step::Hangup),
        }
    }

    fn play(&mut self, table: &mut Table<'_>) -> Option<Step> {
        let usual = if self.inherited.barge_in { Skip::AnyKey } else { Skip::Never };
        let skip = table.one_of("skip", &["any-key", "never"], &mut self.notes);
        let skip = skip.map_or(usual, |word| if word.value == 0 { Skip::AnyKey } else { Skip::Never });
        Some(Step::Play { skip, next: self.required_target(table, "next")? })
    }

    fn collect(&mut self, table: &mut Table<'_>) -> Option<Collect> {
        let variable = self.variable(table, "var");
        let digits = self.digits(table);
        let stop = self.stop(table);
        let confirm = table.boolean("confirm", &mut self.notes).is_some_and(|confirm| confirm.value);
        let next = self.required_target(table, "next");
        let (digits_min, digits_max) = digits?;
        Some(Collect { variable: variable?, digits_min, digits_max, stop, confirm, next: next? })
    }

    fn condition(&mut self, table: &mut Table<'_>) -> Option<Step> {
        let when = table.required_string("when", &mut self.notes);
        let then = self.required_target(table, "then");
        let otherwise = self.required_target(table, "else");
        let when = when?;
        let Some((name, equals)) = condition::parse(when.value) else {
            self.malformed(&when, "a condition; write \"name\" or 'name == \"value\"'");
            return None;
        };
        let at = when.value.find(name).unwrap_or(0);
        let span = self.inner_span(&when, at..at + name.len());
        let variable = Name { text: name.to_owned(), span };
        let when = Condition { variable, equals: equals.map(str::to_owned) };
        Some(Step::If { when, then: then?, otherwise: otherwise? })
    }

    fn record(&mut self, table: &mut Table<'_>) -> Option<Record> {
        let max = table.required_duration("max", &mut self.notes);
        let stop = self.stop(table);
        let ticket = self.ticket(table);
        let next = self.required_target(table, "next");
        let on_error = self.target(table, "on_error");
        Some(Record { length_max: max?.value, stop, ticket, next: next?, on_error })
    }

    fn callback(&mut self, table: &mut Table<'_>) -> Option<Step> {
        let to = self.required_template(table, "to");
        let due = match table.string("due", &mut self.notes) {
            Some(due) => self.due(&due),
            None => Some(Due::Today),
        };
        let next = self.required_target(table, "next");
        let on_error = self.target(table, "on_error");
        Some(Step::Callback { to: to?, due: due?, next: next?, on_error })
    }

    fn message(&mut self, table: &mut Table<'_>) -> Option<Step> {
        let to = self.required_template(table, "to");
        let text = self.required_template(table, "text");
        let next = self.required_target(table, "next");
        let on_error = self.target(table, "on_error");
        Some(Step::Message { to: to?, text: text?, next: next?, on_error })
    }

    /// `say = "…"`, or `say.ko = "…"` and `say.en = "…"`.
    fn say(&mut self, table: &mut Table<'_>, required: bool) -> Option<Say> {
        if required && !table.require("say", &mut self.notes) {
            return None;
        }
        let mut say = Say::default();
        if let Some(Value::Table(mut texts)) = table.get("say") {
            for language in Language::ALL {
                if let Some(text) = texts.string(language.folder(), &mut self.notes) {
                    say.texts.extend(self.template(&text).map(|text| (language, text)));
                }
            }
            texts.require(self.language.folder(), &mut self.notes);
            texts.finish(&mut self.notes);
        } else {
            let text = table.string("say", &mut self.notes)?;
            say.texts.insert(self.language, self.template(&text)?);
        }
        Some(say)
    }

    /// The node's own keys and then those it inherits. A queue inherits none: a waiting caller's place is not lost by a
    /// key that the queue does not name. `keys = {}` takes all away.
    fn node_keys(&mut self, table: &mut Table<'_>, kind: Kind) -> Vec<KeyLink> {
        if !matches!(kind, Kind::Menu | Kind::Collect | Kind::Queue) {
            return Vec::new();
        }
        let Some(mut keys) = self.keys(table, true) else {
            return if kind == Kind::Queue { Vec::new() } else { self.inherited.keys.clone() };
        };
        if !keys.is_empty() && kind != Kind::Queue {
            let free = |key: &&KeyLink| keys.iter().all(|own| own.digit != key.digit);
            let usual: Vec<KeyLink> = self.inherited.keys.iter().filter(free).cloned().collect();
            keys.extend(usual);
        }
        keys
    }

    fn variable(&mut self, table: &mut Table<'_>, key: &str) -> Option<Name> {
        let name = table.required_string(key, &mut self.notes)?;
        if is_name(name.value) && !BUILT_IN_VARIABLES.contains(&name.value) {
            return Some(Name { text: name.value.to_owned(), span: name.span });
        }
        self.malformed(&name, "a name for a variable: letters, digits and _, but not caller or called");
        None
    }

    /// `digits = 13` or `digits = "9-11"`.
    fn digits(&mut self, table: &mut Table<'_>) -> Option<(usize, usize)> {
        if !table.require("digits", &mut self.notes) {
            return None;
        }
        if let Some(Value::String(range)) = table.get("digits") {
            let ends = range
                .value
                .split_once('-')
                .and_then(|(least, most)| Some((least.trim().parse().ok()?, most.trim().parse().ok()?)));
            let ends = ends.filter(|(least, most)| *least >= 1 && least <= most && *most <= DIGITS_MAX);
            if ends.is_none() {
                self.malformed(&range, "a number of digits such as 13 or \"9-11\", 32 at most");
            }
            return ends;
        }
        let exact = table.integer("digits", 1..=DIGITS_MAX as i64, &mut self.notes)?;
        let exact = usize::try_from(exact.value).ok()?;
        Some((exact, exact))
    }

    fn stop(&mut self, table: &mut Table<'_>) -> Option<Digit> {
        let key = table.string("stop", &mut self.notes)?;
        let digit = single_digit(key.value).filter(|digit| !digit.key().is_ascii_digit());
        if digit.is_none() {
            self.malformed(&key, "a key that can end an entry; that is \"#\" or \"*\"");
        }
        digit
    }

    fn required_template(&mut self, table: &mut Table<'_>, key: &str) -> Option<Template> {
        let text: Spanned<&str> = table.required_string(key, &mut self.notes)?;
        self.template(&text)
    }
}

/// Node names are also the names of prompt files.
fn is_node_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte))
}

/// A card number has 19; the rest is room. The keys ahead of a session hold as many.
const DIGITS_MAX: usize = crate::model::limits::KEYS_AHEAD_MAX;

/// Set for every call.
const BUILT_IN_VARIABLES: [&str; 2] = ["caller", "called"];
