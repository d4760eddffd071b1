//! The reference file: every section and key with its default, its unit and its comment, written from the table of
//! keys. Never written by hand; a test compares `config/thirdring.toml` with it.

use super::key::{Given, Key, Section};
use super::{sections as once, sections_many as many};

/// Every section, in the order of the reference file.
#[must_use]
pub fn sections() -> [&'static Section; 18] {
    [
        &once::SERVER,
        &once::SECURITY,
        &once::SIP,
        &once::MEDIA,
        &once::HTTP,
        &once::METRICS,
        &once::AUDIO,
        &once::IVR,
        &once::HTTP_FETCH,
        &once::POLICY,
        &once::FEATURE_CODES,
        &once::SKILLS,
        &many::TRUNK,
        &many::DEVICE,
        &many::QUEUE,
        &many::AGENT,
        &many::NUMBER,
        &many::DIAL,
    ]
}

/// The text of the reference file. It loads without a mistake.
#[must_use]
pub fn reference() -> String {
    let mut text = OPENING.to_owned();
    for section in sections() {
        let header = if section.many { format!("[[{}]]", section.name) } else { format!("[{}]", section.name) };
        text.push_str(&format!("\n# {}\n{header}\n", section.comment));
        for key in section.keys {
            text.push_str(&entry(key));
        }
    }
    text
}

/// A comment and a line; the line of a key that has no default and is not shown is itself a comment.
fn entry(key: &Key) -> String {
    let unit = match key.shape.unit() {
        unit if unit.is_empty() => unit,
        unit => format!(" ({unit})"),
    };
    let mark = if matches!(key.given, Given::Optional(_)) { "# " } else { "" };
    let presence = match key.given {
        Given::Default(_) => "",
        Given::Required(_) => " Required.",
        Given::Optional(_) | Given::Shown(_) => " No default.",
    };
    format!("# {}{unit}{presence}\n{mark}{} = {}\n", key.comment, key.name, key.given.written())
}

const OPENING: &str = "\
# The configuration of Thirdring: every key there is, each with its default, unless it says otherwise.
# A line that is commented out has no default; its value is an example. Paths begin in the folder of this file.
# Durations: \"500ms\", \"90s\", \"3m\", \"2h\", \"1d\", \"1m30s\". Check a file with: thirdring check --config FILE
# This file is written from the program's own table of keys by: thirdring check --reference
";

#[cfg(test)]
mod tests {
    use super::super::{Config, load, load_explained};
    use super::*;

    /// The file as shipped.
    const FILE: &str = include_str!("../../config/thirdring.toml");

    fn nothing_set(_: &str) -> Option<String> {
        None
    }

    fn config(text: &str) -> Config {
        let (config, notes) = load("thirdring.toml", text, &nothing_set);
        config.unwrap_or_else(|| panic!("{}", crate::document::render("thirdring.toml", text, &notes, false)))
    }

    #[test]
    fn the_shipped_file_is_what_the_program_writes() {
        assert_eq!(FILE, reference(), "write it again: thirdring check --reference > config/thirdring.toml");
    }

    #[test]
    fn the_reference_loads_without_a_mistake() {
        let (config, notes) = load("thirdring.toml", FILE, &nothing_set);
        assert_eq!(notes, []);
        assert!(config.is_some());
    }

    /// Read the file as a person does: a line `key = value` without a default in the program would change nothing
    /// when it is deleted only if the two agree.
    #[test]
    fn every_default_in_the_file_is_the_programs_default() {
        let whole = config(FILE);
        let mut offset = 0;
        let mut defaults = 0;
        let mut comment = "";
        for line in FILE.split_inclusive('\n') {
            let is_key = !line.starts_with(['#', '[', '\n']);
            if is_key && !comment.contains("Required.") && !comment.contains("No default.") {
                // Blanks of the same length keep every place where it was.
                let mut without = FILE.to_owned();
                without.replace_range(offset..offset + line.len() - 1, &" ".repeat(line.len() - 1));
                let mut without = config(&without);
                without.source = whole.source.clone();
                assert_eq!(without, whole, "{line}");
                defaults += 1;
            }
            comment = if line.starts_with('#') { line } else { "" };
            offset += line.len();
        }
        let described = sections().into_iter().flat_map(|section| section.keys);
        let described = described.filter(|key| matches!(key.given, Given::Default(_))).count();
        assert_eq!(defaults, described);
    }

    #[test]
    fn every_required_key_of_the_file_is_required() {
        let mut offset = 0;
        let mut comment = "";
        for line in FILE.split_inclusive('\n') {
            if !line.starts_with(['#', '[', '\n']) && comment.contains("Required.") {
                let mut without = FILE.to_owned();
                without.replace_range(offset..offset + line.len() - 1, &" ".repeat(line.len() - 1));
                let (config, notes) = load("thirdring.toml", &without, &nothing_set);
                assert!(config.is_none(), "{line}");
                assert!(notes.iter().any(|note| note.code == "CFG003"), "{line}: {notes:?}");
            }
            comment = if line.starts_with('#') { line } else { "" };
            offset += line.len();
        }
    }

    #[test]
    fn every_commented_key_of_the_file_is_known() {
        let mut offset = 0;
        let mut commented = 0;
        for line in FILE.split_inclusive('\n') {
            let key = line.strip_prefix("# ").and_then(|rest| rest.split_once(" = ")).map(|(key, _)| key);
            if key.is_some_and(|key| !key.contains(' ')) {
                let mut with = FILE.to_owned();
                with.replace_range(offset..offset + 2, "  ");
                let (_, notes) = load("thirdring.toml", &with, &|_| Some("kd93-fjw0-x7qa".to_owned()));
                let contradictions = ["CFG013"];
                let others: Vec<_> = notes.iter().filter(|note| !contradictions.contains(&note.code)).collect();
                assert!(others.is_empty(), "{line}: {others:?}");
                commented += 1;
            }
            offset += line.len();
        }
        let described = sections().into_iter().flat_map(|section| section.keys);
        assert_eq!(commented, described.filter(|key| matches!(key.given, Given::Optional(_))).count());
    }

    #[test]
    fn every_described_key_is_really_read() {
        // A value of a type that no key takes is complained about exactly where it is read.
        for section in sections() {
            for key in section.keys {
                let header = if section.many { format!("[[{}]]", section.name) } else { format!("[{}]", section.name) };
                let text = format!("{header}\n{} = 1979-05-27\n", key.name);
                let (_, notes) = load("thirdring.toml", &text, &nothing_set);
                let at_the_value = text.find("1979");
                let told = notes
                    .iter()
                    .any(|note| note.code == "CFG004" && note.span.as_ref().map(|span| span.start) == at_the_value);
                assert!(told, "{header} {}: {notes:?}", key.name);
            }
        }
    }

    #[test]
    fn every_key_has_its_one_comment() {
        for section in sections() {
            for key in section.keys {
                assert!(key.comment.ends_with('.'), "[{}] {}", section.name, key.name);
                assert!(!key.comment.contains('\n'), "[{}] {}", section.name, key.name);
            }
        }
        assert!(FILE.lines().all(|line| line.chars().count() <= 160), "lines stay readable");
    }

    #[test]
    fn defaults_are_told_as_such() {
        let loaded = load_explained("thirdring.toml", "[sip]\nt1 = \"1s\"\n", &nothing_set);
        let find = |path: &str| loaded.effective.iter().find(|value| value.path == path).expect("the value is listed");
        assert_eq!(find("sip.t1").value, "\"1s\"");
        assert_eq!(find("sip.t1").origin, super::super::Origin::File { line: 2, column: 6 });
        assert_eq!(find("sip.nonce_life").value, "\"5m\"");
        assert_eq!(find("sip.nonce_life").origin, super::super::Origin::Default);
    }
}
