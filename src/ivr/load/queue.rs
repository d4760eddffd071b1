//! Reads `do = "queue"` and `[queue_defaults]`, which share their fields, and tickets.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::{Reader, is_off, small};
use crate::document::{Diagnostic, Spanned, Table, parse_duration};
use crate::ivr::flow::{Announce, Due, Link, Name, Node, Queue, Recording, Step, Target, Ticket};

/// The fields that a queue node may inherit; `None` is "not said here", `Some(None)` is "not at all".
#[derive(Clone, Default)]
pub(super) struct QueueFields {
    hours: Option<Name>,
    position: Option<bool>,
    expected_wait: Option<bool>,
    announce_every: Option<Option<Duration>>,
    offer_callback: Option<Option<Duration>>,
    on_offer: Option<Link>,
    wait_max: Option<Option<Duration>>,
    on_max_wait: Option<Link>,
    on_closed: Option<Link>,
    on_full: Option<Link>,
    recording: Option<Recording>,
}

impl Reader<'_> {
    pub(super) fn queue_fields(&mut self, table: &mut Table<'_>) -> QueueFields {
        let announce = self.announce(table);
        let hours = table.string("hours", &mut self.notes);
        let recording = table.one_of("recording", &RECORDING_WORDS, &mut self.notes);
        QueueFields {
            hours: self.name(hours),
            position: announce.map(|(position, _)| position),
            expected_wait: announce.map(|(_, expected)| expected),
            announce_every: self.wait(table, "announce_every"),
            offer_callback: self.wait(table, "offer_callback"),
            on_offer: self.target(table, "on_offer"),
            wait_max: self.wait(table, "max_wait"),
            on_max_wait: self.target(table, "on_max_wait"),
            on_closed: self.target(table, "on_closed"),
            on_full: self.target(table, "on_full"),
            recording: recording.and_then(|word| RECORDINGS.get(word.value).copied()),
        }
    }

    pub(super) fn queue(&mut self, table: &mut Table<'_>) -> Option<Queue> {
        let queue = table.required_string("queue", &mut self.notes);
        let skills = self.skills(table);
        let priority = table.integer("priority", -1_000..=1_000, &mut self.notes);
        let ticket = self.ticket(table);
        let own = self.queue_fields(table);
        let usual = self.inherited.queue.clone();
        Some(Queue {
            queue: self.name(queue)?,
            skills,
            priority: priority.map_or(0, |found| i32::try_from(found.value).unwrap_or(0)),
            hours: own.hours.or(usual.hours),
            announce: Announce {
                position: own.position.or(usual.position).unwrap_or(false),
                expected_wait: own.expected_wait.or(usual.expected_wait).unwrap_or(false),
                every: own.announce_every.or(usual.announce_every).flatten(),
            },
            offer_callback: own.offer_callback.or(usual.offer_callback).flatten(),
            on_offer: own.on_offer.or(usual.on_offer),
            wait_max: own.wait_max.or(usual.wait_max).flatten(),
            on_max_wait: own.on_max_wait.or(usual.on_max_wait),
            on_closed: own.on_closed.or(usual.on_closed),
            on_full: own.on_full.or(usual.on_full),
            ticket,
            recording: own.recording.or(usual.recording).unwrap_or_default(),
        })
    }

    /// Where a callback is offered that does not say where: by the menu of the longest wait, else by the one named
    /// `callback`.
    pub(super) fn settle_offers(&mut self, nodes: &mut [Node]) {
        let menus: Vec<String> =
            nodes.iter().filter(|node| matches!(node.step, Step::Menu)).map(|node| node.name.clone()).collect();
        let is_menu = |link: &&Link| matches!(&link.target, Target::Node(name) if menus.contains(name));
        for node in nodes {
            let Step::Queue(queue) = &mut node.step else { continue };
            if queue.offer_callback.is_none() || queue.on_offer.is_some() {
                continue;
            }
            queue.on_offer = queue.on_max_wait.as_ref().filter(is_menu).cloned().or_else(|| {
                let named = menus.iter().find(|name| *name == CALLBACK_MENU)?;
                Some(Link { target: Target::Node(named.clone()), span: node.span.clone() })
            });
            if queue.on_offer.is_none() {
                let message = format!("node '{}' offers a callback, but no menu says so", node.name);
                let wrong = Diagnostic::error("IVR003", message).at(node.span.clone());
                self.notes.push(wrong.help("name the menu as on_offer, or write offer_callback = false"));
            }
        }
    }

    /// Whether position and expected wait are told.
    fn announce(&mut self, table: &mut Table<'_>) -> Option<(bool, bool)> {
        let words = table.string_list("announce", &mut self.notes)?;
        let mut told = (false, false);
        for word in words.value {
            match word.value {
                "position" => told.0 = true,
                "expected-wait" => told.1 = true,
                _ => {
                    let wrong =
                        Diagnostic::error("IVR004", format!("nothing called '{}' can be announced", word.value));
                    self.notes.push(wrong.at(word.span).suggest(word.value, ["position", "expected-wait"]));
                }
            }
        }
        Some(told)
    }

    /// A duration, or `false` for "not at all".
    fn wait(&mut self, table: &mut Table<'_>, key: &str) -> Option<Option<Duration>> {
        if is_off(table, key) {
            return Some(None);
        }
        table.duration_within(key, WAIT_RANGE, &mut self.notes).map(|found| Some(found.value))
    }

    fn skills(&mut self, table: &mut Table<'_>) -> Vec<(Name, u8)> {
        let Some(mut levels) = table.table("skills", &mut self.notes) else { return Vec::new() };
        let mut skills = Vec::new();
        for key in levels.keys() {
            if let Some(level) = levels.integer(key.name, 1..=10, &mut self.notes) {
                let name = Name { text: key.name.to_owned(), span: key.span };
                skills.push((name, u8::try_from(small(level.value)).unwrap_or(u8::MAX)));
            }
        }
        skills
    }

    pub(super) fn ticket(&mut self, table: &mut Table<'_>) -> Option<Ticket> {
        let mut ticket = table.table("ticket", &mut self.notes)?;
        let kind = ticket.required_string("kind", &mut self.notes).map(|kind| kind.value.to_owned());
        let confirm = ticket.duration("confirm_within", &mut self.notes);
        let due = ticket.string("due", &mut self.notes).and_then(|due| self.due(&due));
        ticket.finish(&mut self.notes);
        Some(Ticket { kind: kind?, confirm_within: confirm.map(|confirm| confirm.value), due })
    }

    pub(super) fn due(&mut self, word: &Spanned<&str>) -> Option<Due> {
        let due = match word.value {
            "today" => Some(Due::Today),
            "next-business-day" => Some(Due::NextBusinessDay),
            other => parse_duration(other).map(Due::Within),
        };
        if due.is_none() {
            self.malformed(word, "\"today\", \"next-business-day\" or a duration such as \"3d\"");
        }
        due
    }
}

/// The menu that offers callbacks where nothing else is said.
const CALLBACK_MENU: &str = "callback";

const RECORDING_WORDS: [&str; 3] = ["always", "never", "pause-on-card"];
const RECORDINGS: [Recording; 3] = [Recording::Always, Recording::Never, Recording::PauseOnCard];

/// A second is the least that anybody waits, an hour the longest that a promise may be away.
const WAIT_RANGE: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(3_600);
