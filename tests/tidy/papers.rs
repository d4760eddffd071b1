//! The papers against the tree: what README, ARCHITECTURE, CONTRIBUTING, CHANGELOG and the promise table name exists.
//! Never judges the prose.

use std::collections::BTreeSet;
use std::fs;

use super::floors::FLOORS;
use super::house::functions;
use super::lexer::Kind;
use super::source::{Fault, Source, files, relative, root};

/// Which file says what; `exists` answers for a path below the root.
pub struct Paper<'a> {
    pub path: &'a str,
    pub text: &'a str,
}

impl Paper<'_> {
    fn fault(&self, line: usize, what: impl Into<String>) -> Fault {
        Fault { path: self.path.to_owned(), line, what: what.into() }
    }
}

/// A paper of the repository; a missing one is a fault of its own, told by the empty text.
#[must_use]
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_default()
}

/// Every path in back-ticks that leads into the tree leads somewhere; `file::function` leads to that function.
#[must_use]
pub fn named_paths(paper: &Paper<'_>, exists: &dyn Fn(&str, Option<&str>) -> bool) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (line, quoted) in quoted(paper.text) {
        if !TREE.iter().any(|folder| quoted.starts_with(folder)) || quoted.contains(['*', ' ', '<', '{', '…']) {
            continue;
        }
        let (path, function) = match quoted.split_once("::") {
            Some((path, function)) => (path, Some(function)),
            None => (quoted, None),
        };
        if !exists(path, function) {
            faults.push(paper.fault(line, format!("`{quoted}` does not exist")));
        }
    }
    faults
}

/// Does the path exist, and below it the function? A folder holds the functions of all its files.
#[must_use]
pub fn in_tree(path: &str, function: Option<&str>, sources: &[Source]) -> bool {
    let place = root().join(path);
    let Some(function) = function else { return place.exists() };
    let below =
        |source: &&Source| source.path == path || source.path.starts_with(&format!("{}/", path.trim_end_matches('/')));
    let named = |source: &Source| functions(source).iter().any(|known| known.name == function);
    place.exists() && sources.iter().filter(below).any(named)
}

/// Words between back-ticks, with their lines; fenced blocks are left out, their lines are commands.
fn quoted(text: &str) -> Vec<(usize, &str)> {
    let mut fenced = false;
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            found.extend(line.split('`').skip(1).step_by(2).map(|words| (index + 1, words)));
        }
    }
    found
}

/// The change log keeps a place for what is not released.
#[must_use]
pub fn change_log(paper: &Paper<'_>) -> Vec<Fault> {
    let mut lines = paper.text.lines().skip_while(|line| !line.starts_with("## "));
    if lines.next() != Some("## [Unreleased]") {
        return vec![paper.fault(1, "the first section is not `## [Unreleased]`")];
    }
    let kinds = lines.take_while(|line| !line.starts_with("## ")).filter(|line| line.starts_with("### "));
    let unknown = kinds.filter(|line| !CHANGES.contains(&&line[4..]));
    unknown.map(|line| paper.fault(1, format!("`{line}` is none of {CHANGES:?}"))).collect()
}

/// Cargo.toml, the folder and the promise table name the same benches.
#[must_use]
pub fn benches(manifest: &str, in_folder: &BTreeSet<String>, table: &Paper<'_>) -> Vec<Fault> {
    let declared: BTreeSet<String> = manifest
        .split("[[bench]]")
        .skip(1)
        .filter_map(|section| section.lines().find_map(|line| line.strip_prefix("name = ")))
        .map(|name| name.trim_matches('"').to_owned())
        .collect();
    let named: BTreeSet<String> = quoted(table.text)
        .into_iter()
        .filter_map(|(_, words)| words.strip_prefix("benches/")?.strip_suffix(".rs").map(str::to_owned))
        .collect();
    let mut faults = Vec::new();
    for name in declared.union(in_folder).chain(&named).collect::<BTreeSet<_>>() {
        for (place, names) in [("Cargo.toml", &declared), ("benches/", in_folder), (table.path, &named)] {
            if !names.contains(name) {
                faults.push(table.fault(1, format!("bench {name} is not in {place}")));
            }
        }
    }
    faults
}

/// Every dependency of Cargo.toml stands in the README's tables, with its reason.
#[must_use]
pub fn dependencies(manifest: &str, paper: &Paper<'_>) -> Vec<Fault> {
    let named: BTreeSet<&str> = quoted(paper.text).into_iter().map(|(_, words)| words).collect();
    let mut listed = false;
    let mut faults = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            listed = line.ends_with("dependencies]");
        } else if let Some((name, _)) = line.split_once(" = ").filter(|(name, _)| listed && !name.starts_with('#'))
            && !named.contains(name)
        {
            faults.push(paper.fault(1, format!("dependency {name} has no line")));
        }
    }
    faults
}

/// The names of the bench files.
#[must_use]
pub fn bench_files() -> BTreeSet<String> {
    let stems = files(&root().join("benches")).into_iter().filter(|path| path.extension().is_some_and(|e| e == "rs"));
    stems.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect()
}

/// Every room has its line in the code map.
#[must_use]
pub fn code_map(paper: &Paper<'_>) -> Vec<Fault> {
    let lines: Vec<&str> = paper.text.lines().collect();
    let mut faults = Vec::new();
    for room in FLOORS.into_iter().flatten().filter(|room| root().join("src").join(room).exists()) {
        if !lines.iter().any(|line| line.starts_with(&format!("| `{room}` |"))) {
            faults.push(paper.fault(1, format!("room {room} is not in the code map")));
        }
    }
    faults
}

/// Clips that the code names by a whole name lie below `audio/`.
#[must_use]
pub fn clips(source: &Source, exists: &dyn Fn(&str) -> bool) -> Vec<Fault> {
    if source.test_only || !source.path.starts_with("src/") {
        return Vec::new();
    }
    let mut faults = Vec::new();
    for (token, in_test) in source.tokens.iter().zip(&source.in_test) {
        let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-_/".contains(c));
        let named = CLIPS.iter().any(|folder| token.text.starts_with(folder)) && !token.text.ends_with('/');
        if token.kind == Kind::Text && !in_test && named && plain(&token.text) && !exists(&token.text) {
            faults.push(source.fault(token.line, format!("clip {} has no recording", token.text)));
        }
    }
    faults
}

/// Flows that configurations and transcripts name lie in `ivr-flows/`, clips below `audio/`.
#[must_use]
pub fn references(paper: &Paper<'_>, exists: &dyn Fn(&str) -> bool) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, line) in paper.text.lines().enumerate() {
        let line = line.trim_start_matches(['#', ' ']);
        let value = |key: &str| {
            let behind = line.split_once(&format!("{key} = \""))?;
            let starts = behind.0.is_empty() || behind.0.ends_with([' ', '{', ',']);
            starts.then(|| behind.1.split('"').next()).flatten()
        };
        let transcript = paper.path.ends_with(".session").then(|| line.strip_prefix("flow ")).flatten();
        for flow in [value("flow"), transcript].into_iter().flatten() {
            if !exists(&format!("ivr-flows/{}.toml", flow.trim())) {
                faults.push(paper.fault(index + 1, format!("flow {flow} does not exist")));
            }
        }
        for clip in value("music").into_iter().filter(|clip| clip.contains('/')) {
            if !exists(&format!("audio/{clip}.wav")) {
                faults.push(paper.fault(index + 1, format!("clip {clip} does not exist")));
            }
        }
    }
    faults
}

/// Words that hold on one machine only, or that tie the tree to one registry.
#[must_use]
pub fn foreign_words(paper: &Paper<'_>) -> Vec<Fault> {
    let words = [
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("/ho", "me/"),
        concat!("/tm", "p/target"),
        concat!("cra", "tes.io"),
        concat!("npm", "js.org"),
        concat!("py", "pi.org"),
        concat!("proxy.go", "lang.org"),
    ];
    let mut faults = Vec::new();
    for (index, line) in paper.text.lines().enumerate() {
        faults.extend(words.iter().filter(|word| line.contains(*word)).map(|word| paper.fault(index + 1, *word)));
    }
    faults
}

/// Every text of the repository, with its path; what a tool writes is left out.
#[must_use]
pub fn texts() -> Vec<(String, String)> {
    let by_hand = |path: &String| !path.ends_with(".wav") && path != "Cargo.lock" && !path.starts_with("proptest-");
    let texts = files(&root()).into_iter().filter(|path| by_hand(&relative(path)));
    texts.filter_map(|path| Some((relative(&path), fs::read_to_string(&path).ok()?))).collect()
}

/// Where a path in back-ticks leads into the tree.
const TREE: [&str; 8] = ["src/", "tests/", "benches/", "audio/", "config/", "ivr-flows/", ".ci/", "./test"];

/// What stands under a version, after Keep a Changelog, and what became faster.
const CHANGES: [&str; 7] = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security", "Speed"];

/// Folders of recorded clips; `tone/` and `silence/` are computed.
const CLIPS: [&str; 3] = ["ko/", "en/", "music/"];

#[cfg(test)]
mod tests {
    use super::*;

    fn paper(text: &str) -> Paper<'_> {
        Paper { path: "README.md", text }
    }

    #[test]
    fn a_paper_that_names_what_is_not_there_is_found() {
        let exists = |path: &str, function: Option<&str>| path == "tests/tidy.rs" && function != Some("gone");
        let count = |text| named_paths(&paper(text), &exists).len();
        assert_eq!(count("See `tests/tidy.rs`, `tests/tidy.rs::kept` and `cargo run`."), 0);
        assert_eq!(count("```\n`tests/none.rs`\n```\n`audio/*.wav` `benches/<name>.rs`"), 0);
        assert_eq!(count("See `tests/none.rs`."), 1);
        assert_eq!(count("| promise | `tests/tidy.rs::gone` |"), 1);
    }

    #[test]
    fn a_function_is_looked_for_in_the_file_or_the_folder() {
        let sources = [Source::new("tests/tidy/papers.rs", "fn f() {}")];
        assert!(in_tree("tests/tidy", Some("f"), &sources));
        assert!(in_tree("tests/tidy/papers.rs", Some("f"), &sources));
        assert!(!in_tree("tests/tidy", Some("g"), &sources));
        assert!(!in_tree("tests/nowhere", Some("f"), &sources));
        assert!(!in_tree("tests/nowhere", None, &sources));
    }

    #[test]
    fn a_change_log_without_its_first_section_is_found() {
        assert_eq!(change_log(&paper("# Changes\n\n## [Unreleased]\n\n### Added\n- all\n")), []);
        assert_eq!(change_log(&paper("# Changes\n\n## [0.1.0]\n\n## [Unreleased]\n")).len(), 1);
        assert_eq!(change_log(&paper("")).len(), 1);
        assert_eq!(change_log(&paper("## [Unreleased]\n### Improved\n")).len(), 1);
    }

    #[test]
    fn a_bench_that_one_place_forgot_is_found() {
        let manifest = "[[bench]]\nname = \"relay\"\nharness = false\n";
        let folder = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let count = |manifest, names: &[&str], table| benches(manifest, &folder(names), &paper(table)).len();
        assert_eq!(count(manifest, &["relay"], "`benches/relay.rs`, pending: a load"), 0);
        assert_eq!(count("", &["relay"], "`benches/relay.rs`"), 1);
        assert_eq!(count(manifest, &[], "`benches/relay.rs`"), 1);
        assert_eq!(count(manifest, &["relay"], "relay"), 1);
        assert_eq!(count("", &[], "`benches/load.rs`"), 2);
    }

    #[test]
    fn a_dependency_without_a_reason_is_found() {
        let manifest = "[package]\nname = \"a\"\n[dependencies]\n# b = 1\nc = \"1\"\n[dev-dependencies]\nd = { version = \"1\" }\n";
        assert_eq!(dependencies(manifest, &paper("| `c` | it |\n| `d`, `e` | them |")), []);
        assert_eq!(dependencies(manifest, &paper("| `c` | it |")).len(), 1);
    }

    #[test]
    fn a_room_that_the_map_forgot_is_found() {
        let all: String =
            FLOORS.iter().flat_map(|rooms| rooms.iter()).map(|room| format!("| `{room}` | it |\n")).collect();
        assert_eq!(code_map(&paper(&all)), []);
        assert_eq!(code_map(&paper(&all.replace("| `acd` |", "| acd |"))).len(), 1);
    }

    #[test]
    fn a_clip_that_nobody_recorded_is_found() {
        let exists = |name: &str| name == "ko/system/closing";
        let count = |text| clips(&Source::new("src/ivr/speech/phrase.rs", text), &exists).len();
        assert_eq!(count("const A: &str = \"ko/system/closing\"; const B: &str = \"ko/\"; // \"ko/gone\""), 0);
        assert_eq!(count("#[cfg(test)] mod tests { const A: &str = \"ko/gone\"; }"), 0);
        assert_eq!(count("const A: &str = \"ko/{name}\"; const B: &str = \"application/sdp\";"), 0);
        assert_eq!(count("const A: &str = \"ko/system/gone\";"), 1);
    }

    #[test]
    fn a_flow_that_nobody_wrote_is_found() {
        let exists = |path: &str| path == "ivr-flows/postal-ko.toml" || path == "audio/music/hold.wav";
        let count = |path, text| references(&Paper { path, text }, &exists).len();
        let good = "{ number = \"1300\", flow = \"postal-ko\" }\n# flow = \"postal-ko\"\nmusic = \"music/hold\"\n";
        assert_eq!(count("config/thirdring.toml", good), 0);
        assert_eq!(count("ivr-flows/tests/a.session", "flow postal-ko\n"), 0);
        assert_eq!(count("config/thirdring.toml", "{ number = \"1300\", flow = \"gone\" }"), 1);
        assert_eq!(count("config/thirdring.toml", "# music = \"music/gone\""), 1);
        assert_eq!(count("ivr-flows/tests/a.session", "flow gone\n"), 1);
    }

    #[test]
    fn words_of_one_machine_are_found() {
        assert_eq!(foreign_words(&paper("a path such as /var/lib/thirdring and work/x")), []);
        assert_eq!(foreign_words(&paper(concat!("see /wo", "rk/x\nand cra", "tes.io"))).len(), 2);
    }
}
