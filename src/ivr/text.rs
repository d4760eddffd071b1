//! What a step says: words with `{variables}`, cut into clips that a studio can record and speech put between them.
//! Never decides when to speak. A text without variables is one clip named after its node.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use super::flow::{Flow, Node, Template};
use super::spoken;
use super::variable::Variables;
use crate::document::write_duration;
use crate::model::{Clip, Language};

/// The words of a step, by language.
#[derive(Clone, Debug, Default)]
pub struct Say {
    /// At least the flow's own language.
    pub texts: BTreeMap<Language, Template>,
}

impl Say {
    /// The words in `language`, else in the flow's own.
    #[must_use]
    pub fn text(&self, language: Language, flow: &Flow) -> Option<(Language, &Template)> {
        let spoken = |language| self.texts.get(&language).map(|text| (language, text));
        spoken(language).or_else(|| spoken(flow.language))
    }
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Words as they stand.
    Words(String),
    /// `{name}`; `at` is its byte range in the text, braces included.
    Variable { name: String, at: Range<usize> },
}

/// A brace without its partner, or braces around something that is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a brace here begins or ends no variable")]
pub struct BraceError {
    /// Where, in bytes of the text.
    pub at: usize,
}

/// Cuts a text at its `{variables}`.
///
/// # Errors
/// When a brace stands alone or holds something other than a name.
pub fn pieces(text: &str) -> Result<Vec<Piece>, BraceError> {
    let mut pieces = Vec::new();
    let mut from = 0;
    while let Some(open) = text[from..].find(['{', '}']).map(|offset| from + offset) {
        let close = text[open..].find('}').map(|offset| open + offset).ok_or(BraceError { at: open })?;
        let name = text.get(open + 1..close).filter(|name| is_name(name)).ok_or(BraceError { at: open })?;
        if open > from {
            pieces.push(Piece::Words(text[from..open].to_owned()));
        }
        pieces.push(Piece::Variable { name: name.to_owned(), at: open..close + 1 });
        from = close + 1;
    }
    if from < text.len() {
        pieces.push(Piece::Words(text[from..].to_owned()));
    }
    Ok(pieces)
}

/// A variable's name: letters, digits, `_`, beginning with a letter.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(char::is_alphabetic) && letters.all(|letter| letter.is_alphanumeric() || letter == '_')
}

impl Template {
    /// The variables named, each with its byte range in the text.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &Range<usize>)> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Variable { name, at } => Some((name.as_str(), at)),
            Piece::Words(_) => None,
        })
    }

    /// The text as it was written.
    #[must_use]
    pub fn raw(&self) -> String {
        let write = |piece: &Piece| match piece {
            Piece::Words(words) => words.clone(),
            Piece::Variable { name, .. } => format!("{{{name}}}"),
        };
        self.pieces.iter().map(write).collect()
    }

    /// The text with its variables filled in, each passed through `write`; one that is not set is left out.
    #[must_use]
    pub fn fill(&self, variables: &Variables, write: impl Fn(&str) -> String) -> String {
        let fill = |piece: &Piece| match piece {
            Piece::Words(words) => words.clone(),
            Piece::Variable { name, .. } => variables.get(name).map(|value| write(&value.text())).unwrap_or_default(),
        };
        self.pieces.iter().map(fill).collect()
    }
}

/// The row of clips that says a node's words, variables spoken in between.
#[must_use]
pub fn clips(flow: &Flow, node: &Node, language: Language, variables: &Variables) -> Vec<Clip> {
    let Some((language, text)) = node.say.as_ref().and_then(|say| say.text(language, flow)) else { return Vec::new() };
    let mut clips = Vec::new();
    let mut recorded = recorded_pieces(flow, node, language, text).into_iter();
    for piece in &text.pieces {
        match piece {
            Piece::Words(words) if is_spoken(words) => clips.extend(recorded.next()),
            Piece::Words(_) => {}
            Piece::Variable { name, .. } => {
                clips.extend(variables.get(name).map(|value| spoken::value(language, value)).unwrap_or_default());
            }
        }
    }
    clips
}

/// Every clip that a studio must record for this flow, with its exact text: by node in file order, then by language.
#[must_use]
pub fn prompts(flow: &Flow) -> Vec<Clip> {
    let mut clips = Vec::new();
    for node in &flow.nodes {
        for (language, text) in node.say.iter().flat_map(|say| &say.texts) {
            clips.extend(recorded_pieces(flow, node, *language, text));
        }
    }
    clips
}

/// The recorded parts of one text: one clip, or numbered ones where variables stand between.
pub(super) fn recorded_pieces(flow: &Flow, node: &Node, language: Language, text: &Template) -> Vec<Clip> {
    let base = format!("{}/{}/{}", language.folder(), flow.id, node.name);
    let whole = text.variables().next().is_none();
    let words = text.pieces.iter().filter_map(|piece| match piece {
        Piece::Words(words) if is_spoken(words) => Some(words.trim()),
        _ => None,
    });
    words
        .enumerate()
        .map(|(place, words)| match whole {
            true => Clip::new(&base, words),
            false => Clip::new(&format!("{base}-{}", place + 1), words),
        })
        .collect()
}

/// A full stop alone is nothing to record.
fn is_spoken(words: &str) -> bool {
    words.chars().any(char::is_alphanumeric)
}

/// How long these words take to say, where no recording tells: counted in syllables.
#[must_use]
pub fn estimated_length(language: Language, words: &str) -> Duration {
    let syllables = match language {
        Language::Korean => words.chars().filter(|letter| letter.is_alphanumeric()).count(),
        Language::English => words.split(|letter: char| !letter.is_alphanumeric()).map(english_syllables).sum(),
    };
    let tenths_per_second = match language {
        Language::Korean => 65,
        Language::English => 50,
    };
    Duration::from_millis(syllables as u64 * 10_000 / tenths_per_second)
}

/// Groups of vowels, and one for each digit; good enough for a length.
fn english_syllables(word: &str) -> usize {
    let vowel = |letter: char| matches!(letter.to_ascii_lowercase(), 'a' | 'e' | 'i' | 'o' | 'u' | 'y');
    let letters: Vec<char> = word.chars().collect();
    let groups = letters.windows(2).filter(|pair| vowel(pair[1]) && !vowel(pair[0])).count()
        + usize::from(letters.first().copied().is_some_and(vowel));
    let digits = letters.iter().filter(|letter| letter.is_ascii_digit()).count();
    let silent_e = groups > 1 && word.ends_with('e') && !word.ends_with("le");
    digits + (groups - usize::from(silent_e)).max(usize::from(digits == 0 && !word.is_empty()))
}

/// A duration as files write it: `3m`, `1m30s`.
#[must_use]
pub fn duration_word(time: Duration) -> String {
    write_duration(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str, at: Range<usize>) -> Piece {
        Piece::Variable { name: name.to_owned(), at }
    }

    #[test]
    fn a_text_is_cut_at_its_variables() {
        assert_eq!(
            pieces("Hello {name}, you owe {sum}."),
            Ok(vec![
                Piece::Words("Hello ".to_owned()),
                variable("name", 6..12),
                Piece::Words(", you owe ".to_owned()),
                variable("sum", 22..27),
                Piece::Words(".".to_owned()),
            ])
        );
        assert_eq!(pieces(""), Ok(Vec::new()));
        assert_eq!(pieces("{a}{b}"), Ok(vec![variable("a", 0..3), variable("b", 3..6)]));
    }

    #[test]
    fn a_lonely_brace_is_found() {
        assert_eq!(pieces("안녕 {name"), Err(BraceError { at: 7 }));
        assert_eq!(pieces("a } b"), Err(BraceError { at: 2 }));
        assert_eq!(pieces("a {} b"), Err(BraceError { at: 2 }));
        assert_eq!(pieces("{a {b}"), Err(BraceError { at: 0 }));
    }

    #[test]
    fn lengths_are_those_of_ordinary_speech() {
        let seconds = |language, words| estimated_length(language, words).as_secs_f32();
        let korean = seconds(Language::Korean, "감사합니다. 좋은 하루 되십시오.");
        assert!((1.5..2.5).contains(&korean), "{korean}");
        let english = seconds(Language::English, "Thank you for calling City Utilities. This call may be recorded.");
        assert!((3.0..5.0).contains(&english), "{english}");
        assert_eq!(seconds(Language::English, ""), 0.0);
    }
}
