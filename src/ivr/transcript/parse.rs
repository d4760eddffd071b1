//! Reads a transcript. Stops at the first mistake: a transcript is short.

use jiff::Timestamp;

use super::{Line, Step, Transcript};
use crate::document::parse_duration;
use crate::ivr::outside::{FetchOutcome, QueueExit};
use crate::ivr::rehearsal::Stubs;
use crate::model::{Digit, Language};

/// A line that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ParseError {
    /// From 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
}

/// Reads a transcript.
///
/// # Errors
/// At the first line that says nothing known, and when `flow` or `at` is missing.
pub fn parse(text: &str) -> Result<Transcript, ParseError> {
    let mut head = Head::default();
    let mut lines = Vec::new();
    let mut header = String::new();
    for (at, raw) in text.lines().enumerate() {
        let number = at + 1;
        let wrong = |problem: String| ParseError { line: number, problem };
        let line = raw.trim();
        let step = match line.chars().next() {
            None | Some('#') => None,
            Some(mark @ ('<' | '>' | '~' | '=')) => Some(step(mark, line[1..].trim_start()).map_err(wrong)?),
            Some(_) => {
                head.field(line).map_err(wrong)?;
                None
            }
        };
        match step {
            Some(step) => lines.push(Line { number, step }),
            None if lines.is_empty() => header.push_str(&format!("{raw}\n")),
            None => {}
        }
    }
    let missing = |name: &str| ParseError { line: 1, problem: format!("the header needs {name}") };
    Ok(Transcript {
        flow: head.flow.ok_or_else(|| missing("flow"))?,
        at: head.at.ok_or_else(|| missing("at"))?,
        caller: head.from,
        called: head.to,
        language: head.language,
        stubs: head.stubs,
        lines,
        header,
    })
}

/// Reads what stands after `stub`, one text for each.
///
/// # Errors
/// What is wrong with the first that cannot be read.
pub fn parse_stubs(stubs: &[String]) -> Result<Stubs, String> {
    let mut head = Head::default();
    stubs.iter().try_for_each(|words| head.stub(words.trim()))?;
    Ok(head.stubs)
}

#[derive(Default)]
struct Head {
    flow: Option<String>,
    at: Option<Timestamp>,
    from: String,
    to: String,
    language: Option<Language>,
    stubs: Stubs,
}

impl Head {
    fn field(&mut self, line: &str) -> Result<(), String> {
        let (name, value) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let value = value.trim();
        match name {
            "stub" => return self.stub(value),
            "flow" => self.flow = Some(without_comment(value).to_owned()),
            "at" => {
                let time = without_comment(value);
                self.at =
                    Some(time.parse().map_err(|_| format!("'{time}' is no time such as 2026-03-04T10:15+09:00"))?);
            }
            "from" => self.from = without_comment(value).to_owned(),
            "to" => self.to = without_comment(value).to_owned(),
            "lang" => {
                let tag = without_comment(value);
                let language = Language::from_tag(tag).ok_or_else(|| format!("no language '{tag}' is spoken"))?;
                self.language = Some(language);
            }
            _ => return Err(format!("'{name}' is not one of flow, at, from, to, lang, stub, <, >, ~, =")),
        }
        Ok(())
    }

    /// `http.track 200 {…}`, `http.track failed`, `queue.general full`, `message failed`, `transfer failed`.
    fn stub(&mut self, words: &str) -> Result<(), String> {
        let (what, answer) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
        let answer = answer.trim();
        if let Some(service) = what.strip_prefix("http.") {
            let outcome = fetch_outcome(answer)?;
            self.stubs.services.entry(service.to_owned()).or_default().push(outcome);
            return Ok(());
        }
        if let Some(queue) = what.strip_prefix("queue.") {
            let exit = match answer {
                "full" => QueueExit::Full,
                "closed" => QueueExit::Closed,
                "refused" => QueueExit::Refused,
                _ => return Err(format!("a queue can be full, closed or refused, not '{answer}'")),
            };
            self.stubs.queues.insert(queue.to_owned(), exit);
            return Ok(());
        }
        match (what, answer) {
            ("message", "failed") => self.stubs.messages_fail = true,
            ("transfer", "failed") => self.stubs.transfers_fail = true,
            _ => return Err(format!("'{words}' is no stub; there are http.NAME, queue.NAME, message and transfer")),
        }
        Ok(())
    }
}

/// `200 {…}`, `404`, or words that say why there is no answer.
fn fetch_outcome(answer: &str) -> Result<FetchOutcome, String> {
    let (status, body) = answer.split_once(char::is_whitespace).unwrap_or((answer, ""));
    if answer.is_empty() {
        return Err("a stub needs an answer: a status and a body, or why there is none".to_owned());
    }
    Ok(match status.parse() {
        Ok(status) => FetchOutcome::Answered { status, body: body.trim().to_owned() },
        Err(_) => FetchOutcome::Failed(answer.to_owned()),
    })
}

fn step(mark: char, words: &str) -> Result<Step, String> {
    if mark == '>' {
        // The first word holds the keys, so that a comment may follow the key "#".
        let keys = words.split_whitespace().next().unwrap_or_default();
        let digits: Option<Vec<Digit>> = keys.chars().map(Digit::new).collect();
        return match digits {
            Some(digits) if !digits.is_empty() => Ok(Step::Press(digits)),
            _ => Err(format!("'{keys}' are no keys")),
        };
    }
    let words = without_comment(words);
    if words.is_empty() {
        return Err(format!("nothing stands after '{mark}'"));
    }
    Ok(match mark {
        '<' => {
            let (node, contains) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
            Step::Hear { node: node.to_owned(), contains: contains.trim().to_owned() }
        }
        '~' => Step::Wait(parse_duration(words).ok_or_else(|| format!("'{words}' is no duration such as 30s"))?),
        _ => Step::Outcome(words.split_whitespace().collect::<Vec<_>>().join(" ")),
    })
}

/// Cuts ` # comment` off; a `#` that stands alone at the end, or within a word, is none.
fn without_comment(words: &str) -> &str {
    let mut from = 0;
    while let Some(at) = words[from..].find('#').map(|offset| from + offset) {
        let opens = words[..at].chars().next_back().is_none_or(char::is_whitespace);
        if opens && words[at + 1..].chars().next().is_some_and(char::is_whitespace) {
            return words[..at].trim_end();
        }
        from = at + 1;
    }
    words.trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "flow f\nat 2026-03-04T10:15:00+09:00\n";

    #[test]
    fn a_transcript_is_read_line_by_line() {
        let text = format!(
            "# about\n{HEAD}from 0212345678\nstub http.track 200 {{\"a\": 1}}  \n\n<  main  국내우편은  # heard\n>  1#  # keys\n~  1m30s\n=  queue  general\n"
        );
        let transcript = parse(&text).expect("it is in order");
        assert_eq!(transcript.flow, "f");
        assert_eq!(transcript.caller, "0212345678");
        let numbers: Vec<usize> = transcript.lines.iter().map(|line| line.number).collect();
        assert_eq!(numbers, [7, 8, 9, 10]);
        assert!(
            matches!(&transcript.lines[0].step, Step::Hear { node, contains } if node == "main" && contains == "국내우편은")
        );
        assert!(matches!(&transcript.lines[1].step, Step::Press(keys) if keys.len() == 2));
        assert!(matches!(&transcript.lines[2].step, Step::Wait(time) if time.as_secs() == 90));
        assert!(matches!(&transcript.lines[3].step, Step::Outcome(words) if words == "queue general"));
        assert!(
            transcript.stubs.services["track"][0] == FetchOutcome::Answered { status: 200, body: "{\"a\": 1}".into() }
        );
    }

    #[test]
    fn mistakes_are_placed() {
        for (text, line) in [
            (format!("{HEAD}> x"), 3),
            (format!("{HEAD}~ soon"), 3),
            (format!("{HEAD}<"), 3),
            (format!("{HEAD}hello"), 3),
            (format!("{HEAD}stub http.x"), 3),
            (format!("{HEAD}stub queue.x empty"), 3),
            ("flow f\nat noon".to_owned(), 2),
            ("flow f".to_owned(), 1),
        ] {
            assert_eq!(parse(&text).err().map(|error| error.line), Some(line), "{text}");
        }
    }
}
