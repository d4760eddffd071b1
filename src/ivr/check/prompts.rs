//! IVR020, IVR021 and IVR040: prompts and keys agree, every prompt can be heard, none is too long.

use std::ops::Range;
use std::time::Duration;

use super::World;
use crate::document::Diagnostic;
use crate::ivr::flow::{Flow, Node, Step, Template};
use crate::ivr::text::{estimated_length, recorded_pieces};
use crate::model::{Digit, Language};

pub(super) fn check(flow: &Flow, world: Option<&World<'_>>, notes: &mut Vec<Diagnostic>) {
    for node in &flow.nodes {
        for text in node.say.iter().flat_map(|say| say.texts.values()) {
            keys_agree(node, text, notes);
        }
        lengths(flow, node, world, notes);
    }
    if let Some(world) = world.filter(|world| !world.speaks) {
        for language in Language::ALL {
            recordings(flow, language, world, notes);
        }
    }
}

/// What the words offer is there, and what is there is offered.
fn keys_agree(node: &Node, text: &Template, notes: &mut Vec<Diagnostic>) {
    let works = |digit: Digit| {
        let ends = match &node.step {
            Step::Collect(collect) => collect.stop == Some(digit),
            Step::Record(record) => record.stop == Some(digit),
            _ => false,
        };
        ends || node.key(digit).is_some()
    };
    if !matches!(node.step, Step::Menu | Step::Collect(_) | Step::Record(_)) {
        return;
    }
    let offered = offered_keys(&text.raw());
    for (digit, at) in &offered {
        if !works(*digit) {
            let message = format!("the prompt offers key {}, which does nothing here", digit.key());
            notes.push(Diagnostic::error("IVR020", message).at(text.part(at.clone())));
        }
    }
    if matches!(node.step, Step::Menu) {
        for key in node.keys.iter().filter(|key| key.own) {
            if offered.iter().all(|(digit, _)| *digit != key.digit) {
                let message = format!("key {} works here but the prompt never offers it", key.digit.key());
                notes.push(Diagnostic::warning("IVR021", message).at(key.span.clone()));
            }
        }
    }
}

/// The keys that a text names, with their places: `3번`, `별표`, `우물정자`, `press 3`, `oprima 3`, `press pound`.
fn offered_keys(text: &str) -> Vec<(Digit, Range<usize>)> {
    let lower = text.to_ascii_lowercase();
    let mut offered = Vec::new();
    for (word, key) in NAMED {
        for (at, _) in lower.match_indices(word) {
            offered.extend(Digit::new(key).map(|digit| (digit, at..at + word.len())));
        }
    }
    for (at, _) in lower.match_indices('번') {
        offered.extend(numbered_key(&lower, at));
    }
    for verb in VERBS {
        for (at, _) in lower.match_indices(verb) {
            offered.extend(keys_after(&lower, at + verb.len()));
        }
    }
    offered.sort_by_key(|(_, at)| at.start);
    offered.dedup();
    offered
}

/// The key of `3번` whose `번` stands at `at`; `13번`, `3번째` and `3번호` name none.
fn numbered_key(text: &str, at: usize) -> Option<(Digit, Range<usize>)> {
    let end = at + '번'.len_utf8();
    if text[end..].starts_with(['째', '호']) {
        return None;
    }
    let mut before = text[..at].char_indices().rev();
    let (start, letter) = before.next()?;
    let digit = match letter {
        '영' | '공' => Digit::new('0')?,
        _ if letter.is_ascii_digit() => Digit::new(letter)?,
        _ => return None,
    };
    let longer = before.next().is_some_and(|(_, letter)| letter.is_ascii_digit());
    (!longer).then_some((digit, start..end))
}

/// The keys after `press`, also those joined by `or`: `press 1 or 2`.
fn keys_after(text: &str, from: usize) -> Vec<(Digit, Range<usize>)> {
    let mut keys = Vec::new();
    let mut at = from;
    loop {
        let rest = &text[at..];
        let word_at = at + (rest.len() - rest.trim_start_matches([' ', ',']).len());
        let word: &str =
            text[word_at..].split(|c: char| !c.is_alphanumeric() && c != '*' && c != '#').next().unwrap_or("");
        match word {
            "or" | "and" | "o" | "the" if !keys.is_empty() || word == "the" => at = word_at + word.len(),
            _ => {
                let single = Some(word).filter(|word| word.len() == 1).and_then(|word| word.chars().next());
                let spelled = SPELLED.iter().find(|(name, _)| *name == word).map(|(_, key)| *key);
                let Some(digit) = single.filter(|key| !key.is_alphabetic()).or(spelled).and_then(Digit::new) else {
                    return keys;
                };
                keys.push((digit, word_at..word_at + word.len()));
                at = word_at + word.len();
            }
        }
    }
}

/// A prompt that lasts too long is not listened to.
fn lengths(flow: &Flow, node: &Node, world: Option<&World<'_>>, notes: &mut Vec<Diagnostic>) {
    for (language, text) in node.say.iter().flat_map(|say| &say.texts) {
        let recorded = |name: &str| world.and_then(|world| (world.clips)(name));
        let length: Duration = recorded_pieces(flow, node, *language, text)
            .iter()
            .map(|clip| recorded(clip.name.as_str()).unwrap_or_else(|| estimated_length(*language, &clip.text)))
            .sum();
        if length > LENGTH_MAX {
            let message = format!("this prompt takes about {} s; callers stop listening after 25", length.as_secs());
            notes.push(Diagnostic::warning("IVR040", message).at(text.span.clone()));
        }
    }
}

/// Words that nobody has recorded and nothing can speak: one warning for each language.
fn recordings(flow: &Flow, language: Language, world: &World<'_>, notes: &mut Vec<Diagnostic>) {
    let mut all = 0;
    let mut missing = Vec::new();
    for node in &flow.nodes {
        let Some(text) = node.say.as_ref().and_then(|say| say.texts.get(&language)) else { continue };
        for clip in recorded_pieces(flow, node, language, text) {
            all += 1;
            if (world.clips)(clip.name.as_str()).is_none() {
                missing.push((clip.name, text.span.clone()));
            }
        }
    }
    if let Some((name, span)) = missing.first() {
        let message = format!("{} of {all} prompts are not recorded, first {name}", missing.len());
        let warning = Diagnostic::warning("IVR040", message).at(span.clone());
        notes.push(warning.help("record them, or configure speech"));
    }
}

/// Keys that have a name wherever it stands.
const NAMED: [(&str, char); 4] = [("별표", '*'), ("우물정자", '#'), ("우물 정자", '#'), ("샵 버튼", '#')];

/// What stands before a key in English and Spanish.
const VERBS: [&str; 3] = ["press ", "oprima ", "marque "];

const SPELLED: [(&str, char); 14] = [
    ("zero", '0'),
    ("one", '1'),
    ("two", '2'),
    ("three", '3'),
    ("four", '4'),
    ("five", '5'),
    ("six", '6'),
    ("seven", '7'),
    ("eight", '8'),
    ("nine", '9'),
    ("star", '*'),
    ("asterisk", '*'),
    ("pound", '#'),
    ("hash", '#'),
];

/// D5 of the product's design: about eight choices.
const LENGTH_MAX: Duration = Duration::from_secs(25);

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> String {
        offered_keys(text).iter().map(|(digit, _)| digit.key()).collect()
    }

    #[test]
    fn a_prompt_is_read_as_a_caller_hears_it() {
        assert_eq!(
            keys("국내우편은 1번, 상담사는 0번을, 다시 들으시려면 별표, 이전은 우물정자를 눌러 주십시오."),
            "10*#"
        );
        assert_eq!(keys("영번을 눌러 주십시오. 세 번째, 3번째, 12번, 등기번호"), "0");
        assert_eq!(
            keys("To pay, press 1. To go back, press 9 or star. Press the pound key. Para español, oprima 8."),
            "19*#8"
        );
        assert_eq!(keys("Press one or two, then wait for one minute."), "12");
        assert_eq!(keys("Press any key."), "");
    }

    #[test]
    fn the_place_of_a_key_is_its_word() {
        let text = "국내우편은 1번, press 2";
        let places: Vec<&str> = offered_keys(text).into_iter().map(|(_, at)| &text[at]).collect();
        assert_eq!(places, ["1번", "2"]);
    }
}
