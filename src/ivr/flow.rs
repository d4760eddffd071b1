//! What a flow file says, as values: named steps, the links between them, opening hours and services.
//! Never reads a file, never decides anything: `load` makes a flow, `check` judges it, `session` walks it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::hours::OpeningHours;
use super::text::Say;
use super::variable::FieldKind;
use crate::model::{Digit, Language};

/// One flow file: read, consistent in itself, and immutable from then on.
#[derive(Clone, Debug)]
pub struct Flow {
    /// The name other flows and numbers use, as in `flow:postal-ko`.
    pub id: String,
    /// For people.
    pub title: String,
    /// Which words a caller hears unless the call asks for another language.
    pub language: Language,
    /// Where opening hours and "today" are counted.
    pub time_zone: TimeZone,
    /// Which rule books `check` holds the flow against.
    pub lints: Vec<Lint>,
    /// Where every call begins.
    pub start: Link,
    /// Named opening hours.
    pub hours: BTreeMap<String, OpeningHours>,
    /// Named services a flow may ask.
    pub services: BTreeMap<String, Service>,
    /// The steps in file order.
    pub nodes: Vec<Node>,
    /// Sixteen hexadecimal digits of the file text's SHA-256: which version a call ran on.
    pub version: String,
    pub(super) index: BTreeMap<String, usize>,
}

impl Flow {
    /// The same flow with every opening hour taken as open: for development, where it is always office hours.
    #[must_use]
    pub fn always_open(mut self) -> Self {
        self.hours.values_mut().for_each(|hours| *hours = OpeningHours::always());
        self
    }

    /// The node called `name`.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.position(name).and_then(|at| self.nodes.get(at))
    }

    /// The flows that this one may hand a caller to; some names may come more than once.
    pub fn onward(&self) -> impl Iterator<Item = &str> {
        let links = self.nodes.iter().flat_map(|node| node.edges().into_iter().map(|(_, link)| link));
        std::iter::once(&self.start).chain(links).filter_map(|link| match &link.target {
            Target::Flow(flow) => Some(flow.as_str()),
            _ => None,
        })
    }

    /// The place of the node called `name` in `nodes`.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }

    /// The languages that at least one node speaks, the flow's own first.
    #[must_use]
    pub fn languages(&self) -> Vec<Language> {
        let speaks = |language: &Language| {
            self.nodes.iter().filter_map(|node| node.say.as_ref()).any(|say| say.texts.contains_key(language))
        };
        let mut languages = vec![self.language];
        languages.extend(Language::ALL.into_iter().filter(|language| *language != self.language).filter(speaks));
        languages
    }
}

/// A rule book of `check`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lint {
    /// IVR020 to IVR050.
    Base,
    /// KR001 to KR006: the Korean guideline for ARS services.
    KoreanArs,
}

/// One named step of a flow.
#[derive(Clone, Debug)]
pub struct Node {
    /// `main` of `[node.main]`.
    pub name: String,
    /// Where its table header stands in the file.
    pub span: Range<usize>,
    /// What it does.
    pub step: Step,
    /// What the caller hears on entering it.
    pub say: Option<Say>,
    /// The keys that lead away: the node's own first, then those of `[defaults]` that it does not override.
    pub keys: Vec<KeyLink>,
    /// How long the caller may be silent after the words, and between two digits.
    pub timeout: Duration,
    /// Silences and wrong keys before `on_fail`.
    pub tries_max: u32,
    /// Times a call may come here before `on_fail`.
    pub visits_max: Option<u32>,
    /// Where a caller goes who does not answer.
    pub on_fail: Option<Link>,
    /// The node names `on_fail` itself; it was not inherited.
    pub own_on_fail: bool,
    /// Whether a key stops the words.
    pub barge_in: bool,
}

impl Node {
    /// Where `digit` leads, if anywhere.
    #[must_use]
    pub fn key(&self, digit: Digit) -> Option<&KeyLink> {
        self.keys.iter().find(|key| key.digit == digit)
    }

    /// A menu or a collect: a step that listens for keys.
    #[must_use]
    pub fn asks(&self) -> bool {
        matches!(self.step, Step::Menu | Step::Collect(_))
    }
}

/// A key and where it leads.
#[derive(Clone, Debug)]
pub struct KeyLink {
    /// The key.
    pub digit: Digit,
    /// Where it leads.
    pub link: Link,
    /// Written at the node, not inherited from `[defaults]`.
    pub own: bool,
    /// Where the key stands in the file.
    pub span: Range<usize>,
}

/// A way from one step to another, and where the file says so.
#[derive(Clone, Debug)]
pub struct Link {
    /// Where it leads.
    pub target: Target,
    /// Where it is written.
    pub span: Range<usize>,
}

/// Where a link leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A node of this flow.
    Node(String),
    /// `@previous`: the menu before this one.
    Previous,
    /// `@repeat`: the same words again.
    Repeat,
    /// `@resume`: back to waiting, the place in the queue untouched.
    Resume,
    /// `flow:name`: another flow.
    Flow(String),
}

impl Target {
    /// From the word in the file.
    #[must_use]
    pub fn parse(word: &str) -> Option<Target> {
        match word {
            "@previous" => Some(Target::Previous),
            "@repeat" => Some(Target::Repeat),
            "@resume" => Some(Target::Resume),
            _ => match word.strip_prefix("flow:") {
                Some(flow) if !flow.is_empty() => Some(Target::Flow(flow.to_owned())),
                Some(_) => None,
                None if word.is_empty() || word.starts_with('@') => None,
                None => Some(Target::Node(word.to_owned())),
            },
        }
    }

    /// The word in the file.
    #[must_use]
    pub fn word(&self) -> String {
        match self {
            Target::Node(name) => name.clone(),
            Target::Previous => "@previous".to_owned(),
            Target::Repeat => "@repeat".to_owned(),
            Target::Resume => "@resume".to_owned(),
            Target::Flow(flow) => format!("flow:{flow}"),
        }
    }
}

/// A word of the file that names something, and where it stands.
#[derive(Clone, Debug)]
pub struct Name {
    /// The word.
    pub text: String,
    /// Where it stands.
    pub span: Range<usize>,
}

/// What a node does: the word after `do =`.
#[derive(Clone, Debug)]
pub enum Step {
    /// Goes one way in opening hours, another outside.
    Hours { hours: Name, open: Link, closed: Link },
    /// Says something and goes on.
    Play { skip: Skip, next: Link },
    /// Asks for one key.
    Menu,
    /// Asks for several digits.
    Collect(Collect),
    /// Asks a service.
    Http { service: Name, found: Link, missing: Link, on_error: Option<Link> },
    /// Goes one way when the condition holds, another otherwise.
    If { when: Condition, then: Link, otherwise: Link },
    /// Waits for an agent.
    Queue(Box<Queue>),
    /// Records what the caller says.
    Record(Record),
    /// Promises a call.
    Callback { to: Template, due: Due, next: Link, on_error: Option<Link> },
    /// Sends a text message.
    Message { to: Template, text: Template, next: Link, on_error: Option<Link> },
    /// Hands the call to an extension or a person.
    Transfer { to: Template, on_error: Option<Link> },
    /// Says good-bye and ends the call.
    Hangup,
}

impl Step {
    /// The word after `do =`.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Step::Hours { .. } => Kind::Hours,
            Step::Play { .. } => Kind::Play,
            Step::Menu => Kind::Menu,
            Step::Collect(_) => Kind::Collect,
            Step::Http { .. } => Kind::Http,
            Step::If { .. } => Kind::If,
            Step::Queue(_) => Kind::Queue,
            Step::Record(_) => Kind::Record,
            Step::Callback { .. } => Kind::Callback,
            Step::Message { .. } => Kind::Message,
            Step::Transfer { .. } => Kind::Transfer,
            Step::Hangup => Kind::Hangup,
        }
    }
}

/// The kinds of step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Hours,
    Play,
    Menu,
    Collect,
    Http,
    If,
    Queue,
    Record,
    Callback,
    Message,
    Transfer,
    Hangup,
}

impl Kind {
    /// In the order of `WORDS`.
    pub const ALL: [Kind; 12] = [
        Kind::Hours,
        Kind::Play,
        Kind::Menu,
        Kind::Collect,
        Kind::Http,
        Kind::If,
        Kind::Queue,
        Kind::Record,
        Kind::Callback,
        Kind::Message,
        Kind::Transfer,
        Kind::Hangup,
    ];

    /// The words after `do =`.
    pub const WORDS: [&'static str; 12] = [
        "hours", "play", "menu", "collect", "http", "if", "queue", "record", "callback", "message", "transfer",
        "hangup",
    ];

    /// The word after `do =`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Kind::Hours => "hours",
            Kind::Play => "play",
            Kind::Menu => "menu",
            Kind::Collect => "collect",
            Kind::Http => "http",
            Kind::If => "if",
            Kind::Queue => "queue",
            Kind::Record => "record",
            Kind::Callback => "callback",
            Kind::Message => "message",
            Kind::Transfer => "transfer",
            Kind::Hangup => "hangup",
        }
    }
}

/// What a key does to a `play` step. Either way the key is kept for the next menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    /// `any-key`: the key stops the words.
    AnyKey,
    /// `never`: the words are heard to their end, as a legal notice must be.
    Never,
}

/// A step that takes several digits into a variable.
#[derive(Clone, Debug)]
pub struct Collect {
    /// The variable it fills.
    pub variable: Name,
    /// Fewest digits.
    pub digits_min: usize,
    /// Most digits; the step is complete when they are there.
    pub digits_max: usize,
    /// The key that says "that was all".
    pub stop: Option<Digit>,
    /// Reads the digits back and asks whether they are right.
    pub confirm: bool,
    /// Where it goes with the digits.
    pub next: Link,
}

/// The condition of an `if` step.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The variable looked at.
    pub variable: Name,
    /// `name == "x"`: its text must be this; without it, the variable must be set and not false, zero or empty.
    pub equals: Option<String>,
}

/// A step that waits for an agent.
#[derive(Clone, Debug)]
pub struct Queue {
    /// The queue.
    pub queue: Name,
    /// What the agent must know: skill and least level (1 to 10).
    pub skills: Vec<(Name, u8)>,
    /// Higher is served first.
    pub priority: i32,
    /// When the queue takes callers; always, when not said.
    pub hours: Option<Name>,
    /// What the caller is told while waiting.
    pub announce: Announce,
    /// After this long the caller is offered a callback, once.
    pub offer_callback: Option<Duration>,
    /// The menu that offers it.
    pub on_offer: Option<Link>,
    /// After this long the caller is asked again what to do.
    pub wait_max: Option<Duration>,
    /// The step that asks.
    pub on_max_wait: Option<Link>,
    /// Where the caller goes outside the queue's hours.
    pub on_closed: Option<Link>,
    /// Where the caller goes when the queue takes nobody more.
    pub on_full: Option<Link>,
    /// The ticket opened for the caller.
    pub ticket: Option<Ticket>,
    /// Whether the talk is recorded.
    pub recording: Recording,
}

/// What a waiting caller is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Announce {
    /// How many are before the caller.
    pub position: bool,
    /// How long it may take.
    pub expected_wait: bool,
    /// How often; only on entering, when not said.
    pub every: Option<Duration>,
}

/// Whether the talk with the agent is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recording {
    /// As the server is configured.
    #[default]
    AsConfigured,
    /// From answer to end.
    Always,
    /// Not at all.
    Never,
    /// The agent stops it while card digits are read or keyed.
    PauseOnCard,
}

/// A step that records what the caller says.
#[derive(Clone, Debug)]
pub struct Record {
    /// Longest recording.
    pub length_max: Duration,
    /// The key that ends it.
    pub stop: Option<Digit>,
    /// The ticket the recording belongs to.
    pub ticket: Option<Ticket>,
    /// Where it goes afterwards.
    pub next: Link,
    /// Where it goes when nothing was recorded.
    pub on_error: Option<Link>,
}

/// A ticket that a step opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// `complaint`, `praise-suggestion`, `callback` ...
    pub kind: String,
    /// When somebody must have read it.
    pub confirm_within: Option<Duration>,
    /// When it must be settled.
    pub due: Option<Due>,
}

/// When something is promised for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Before close of business the same day.
    Today,
    /// Before close of business on the next working day.
    NextBusinessDay,
    /// This long from now.
    Within(Duration),
}

impl Due {
    /// The word in the file.
    #[must_use]
    pub fn word(self) -> String {
        match self {
            Due::Today => "today".to_owned(),
            Due::NextBusinessDay => "next-business-day".to_owned(),
            Due::Within(time) => super::text::duration_word(time),
        }
    }
}

/// A service that answers a GET with JSON.
#[derive(Clone, Debug)]
pub struct Service {
    /// Where its table header stands.
    pub span: Range<usize>,
    /// Environment already filled in, `{variables}` not yet.
    pub url: Template,
    /// How long it may take.
    pub timeout: Duration,
    /// The fields of the answer that become variables, by name.
    pub fields: BTreeMap<String, FieldKind>,
}

/// A text with `{variables}`, and where it stands.
#[derive(Clone, Debug)]
pub struct Template {
    /// The text, cut at its variables.
    pub pieces: Vec<super::text::Piece>,
    /// Where it stands.
    pub span: Range<usize>,
    /// Whether the file shows the text letter by letter after an opening quote: no escapes, nothing filled in.
    pub literal: bool,
}

impl Template {
    /// Where a part of the text stands in the file; all of the text where that is uncertain.
    #[must_use]
    pub fn part(&self, part: Range<usize>) -> Range<usize> {
        if !self.literal {
            return self.span.clone();
        }
        let begins = self.span.start + 1;
        begins + part.start..begins + part.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_survives_the_round_trip() {
        for word in ["main", "@previous", "@repeat", "@resume", "flow:other"] {
            assert_eq!(Target::parse(word).map(|target| target.word()).as_deref(), Some(word));
        }
        for word in ["", "@nowhere", "flow:"] {
            assert_eq!(Target::parse(word), None, "{word}");
        }
    }

    #[test]
    fn kinds_and_their_words_stand_in_the_same_order() {
        for (kind, word) in Kind::ALL.iter().zip(Kind::WORDS) {
            assert_eq!(kind.word(), word);
        }
    }
}
