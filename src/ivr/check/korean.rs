//! KR001 to KR006: the Korean guideline for ARS services of 2009, and the notices that public hotlines owe their callers
//! and agents (Occupational Safety and Health Act, article 41). A guide to good practice; it certifies nothing.

use std::time::Duration;

use super::ways::Ways;
use crate::document::Diagnostic;
use crate::ivr::edge::Edge;
use crate::ivr::flow::{Node, Queue, Step, Target};
use crate::model::Digit;

pub(super) fn check(ways: &Ways<'_>, numbers: &[String], notes: &mut Vec<Diagnostic>) {
    let person = ways.leads_to(
        |node| matches!(node.step, Step::Queue(_) | Step::Transfer { .. } | Step::Callback { .. }),
        |node, edge| edge.is_automatic() && !node.asks(),
    );
    let promised = ways.leads_to(|node| matches!(node.step, Step::Callback { .. }), |_, edge| edge != Edge::OnFail);
    for (_, node) in ways.reached_nodes() {
        match &node.step {
            Step::Menu => menu_keys(ways, node, &person, notes),
            Step::Queue(queue) => callback_offered(ways, node, queue, &promised, notes),
            _ => {}
        }
    }
    levels(ways, notes);
    notices(ways, numbers, notes);
}

/// KR001 and KR002: 0 leads to a person, # to the menu before, * says it again.
fn menu_keys(ways: &Ways<'_>, node: &Node, person: &[bool], notes: &mut Vec<Diagnostic>) {
    let target = |key: char| Digit::new(key).and_then(|digit| node.key(digit)).map(|key| &key.link.target);
    let human = match target('0') {
        Some(Target::Resume | Target::Flow(_)) => true,
        Some(Target::Node(name)) => ways.flow.position(name).is_some_and(|at| person[at]),
        _ => false,
    };
    if !human {
        let message = format!("key 0 of menu '{}' leads to no person", node.name);
        notes.push(Diagnostic::warning("KR001", message).at(node.span.clone()));
    }
    for (key, wanted, does) in [('#', Target::Previous, "go back"), ('*', Target::Repeat, "repeat")] {
        if target(key) != Some(&wanted) {
            let message = format!("key {key} of menu '{}' does not {does}", node.name);
            let warning = Diagnostic::warning("KR002", message).at(node.span.clone());
            notes.push(warning.help(format!("write \"{key}\" = \"{}\" in [defaults].keys", wanted.word())));
        }
    }
}

/// KR004: whoever waits for half a minute is offered a callback.
fn callback_offered(ways: &Ways<'_>, node: &Node, queue: &Queue, promised: &[bool], notes: &mut Vec<Diagnostic>) {
    let offers = queue.on_offer.as_ref().is_some_and(|link| match &link.target {
        Target::Node(name) => ways.flow.position(name).is_some_and(|at| promised[at]),
        _ => false,
    });
    if !offers || queue.offer_callback.is_none_or(|after| after > OFFER_BY) {
        let message = format!("queue '{}' offers no callback within 30 s", node.name);
        notes.push(Diagnostic::warning("KR004", message).at(node.span.clone()));
    }
}

/// KR003: menus one below the other. Waiting is no level: a menu that interrupts it is offered, not gone down to.
fn levels(ways: &Ways<'_>, notes: &mut Vec<Diagnostic>) {
    let nodes = &ways.flow.nodes;
    let cost = |at: usize| usize::from(matches!(nodes[at].step, Step::Menu));
    let mut level = vec![usize::MAX; nodes.len()];
    let mut open = Vec::new();
    if let Some(start) = ways.start {
        level[start] = cost(start);
        open.push(start);
    }
    while let Some(at) = open.pop() {
        if matches!(nodes[at].step, Step::Queue(_)) {
            continue;
        }
        for (edge, to) in &ways.out[at] {
            let inherited = matches!(edge, Edge::Key { own: false, .. });
            let deeper = level[at] + cost(*to);
            if !inherited && deeper < level[*to] {
                level[*to] = deeper;
                open.push(*to);
            }
        }
    }
    for (node, level) in nodes.iter().zip(level) {
        if level == usize::MAX || level <= LEVELS_GOOD || !matches!(node.step, Step::Menu) {
            continue;
        }
        let message = format!("menu '{}' lies {level} levels deep", node.name);
        let note = if level > LEVELS_MAX {
            Diagnostic::error("KR003", message)
        } else {
            Diagnostic::warning("KR003", message)
        };
        notes.push(note.at(node.span.clone()).help("three levels are good, five are the most"));
    }
}

/// KR005 and KR006: what must have been heard on every way to an agent.
fn notices(ways: &Ways<'_>, numbers: &[String], notes: &mut Vec<Diagnostic>) {
    let heard = |node: &Node| {
        let says = |words: &[&str]| {
            let texts = node.say.iter().flat_map(|say| say.texts.values()).map(|text| text.raw());
            texts.into_iter().any(|text| words.iter().any(|word| text.contains(word)))
        };
        NOTICES.iter().enumerate().fold(0, |bits, (at, notice)| bits | u128::from(says(notice.words)) << at)
    };
    let facts = ways.facts(0, true, |node, _| heard(node));
    let paid = numbers.iter().any(|number| is_paid(number));
    for (at, notice) in NOTICES.iter().enumerate() {
        if notice.only_paid && !paid {
            continue;
        }
        let untold = ways.reached_nodes().find(|(place, node)| {
            let agent = matches!(node.step, Step::Queue(_) | Step::Transfer { .. });
            agent && facts[*place].is_some_and(|bits| bits & (1 << at) == 0)
        });
        if let Some((_, node)) = untold {
            let message = format!("a caller can come to '{}' without having heard {}", node.name, notice.about);
            notes.push(Diagnostic::warning(notice.code, message).at(node.span.clone()));
        }
    }
}

/// A nationwide number that the caller pays for: 15xx, 16xx or 18xx and four digits more.
fn is_paid(number: &str) -> bool {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    digits.len() == 8 && ["15", "16", "18"].iter().any(|start| digits.starts_with(start))
}

struct Notice {
    code: &'static str,
    about: &'static str,
    /// Any of them will do.
    words: &'static [&'static str],
    /// Only owed on numbers that the caller pays for.
    only_paid: bool,
}

const NOTICES: [Notice; 3] = [
    Notice { code: "KR005", about: "that the call is recorded", words: &["녹음", "recorded"], only_paid: false },
    Notice {
        code: "KR005",
        about: "the request not to abuse agents",
        words: &["폭언", "욕설", "산업안전보건법", "abus", "respect"],
        only_paid: false,
    },
    Notice {
        code: "KR006",
        about: "what the call costs",
        words: &["통화료", "요금", "발신자 부담", "수신자 부담", "무료"],
        only_paid: true,
    },
];

const OFFER_BY: Duration = Duration::from_secs(30);
const LEVELS_GOOD: usize = 3;
const LEVELS_MAX: usize = 5;
