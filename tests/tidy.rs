//! Keeps the house tidy: the order of imports, the pure floors, the length of things, and papers that say what is so.
//! Reads files only. Each rule has its own bad examples at the foot of its file, which prove that it can fail.

#[path = "tidy/floors.rs"]
mod floors;
#[path = "tidy/house.rs"]
mod house;
#[path = "tidy/keys.rs"]
mod keys;
#[path = "tidy/lexer.rs"]
mod lexer;
#[path = "tidy/names.rs"]
mod names;
#[path = "tidy/papers.rs"]
mod papers;
#[path = "tidy/source.rs"]
mod source;

use std::sync::LazyLock;

use papers::Paper;
use source::{Fault, Source, tree};

/// Every file, read once for all rules.
static TREE: LazyLock<Vec<Source>> = LazyLock::new(tree);

fn check(rule: impl Fn(&Source) -> Vec<Fault>) {
    assert!(TREE.len() > 100, "only {} files found: is this the right folder?", TREE.len());
    none(TREE.iter().flat_map(rule).collect());
}

fn none(mut faults: Vec<Fault>) {
    faults.sort();
    let told: Vec<String> = faults.iter().map(Fault::to_string).collect();
    assert!(faults.is_empty(), "{} faults:\n{}", told.len(), told.join("\n"));
}

#[test]
fn rooms_import_lower_floors_only() {
    check(floors::import_order);
}

#[test]
fn pure_floors_touch_nothing_of_the_world() {
    check(floors::purity);
}

#[test]
fn every_file_opens_with_what_it_is_for() {
    check(house::opening);
}

#[test]
fn files_are_short() {
    check(house::file_length);
}

#[test]
fn functions_fit_a_screen() {
    check(|source| house::function_length(source, &house::LONG_FUNCTIONS));
    none(house::idle_excuses(&TREE, &house::LONG_FUNCTIONS));
}

#[test]
fn nothing_banned_is_left() {
    check(house::bans);
}

#[test]
fn doors_only_declare() {
    check(house::doors);
}

#[test]
fn tests_stand_at_the_foot() {
    check(house::tests_last);
}

#[test]
fn no_file_comes_in_by_the_back_door() {
    check(house::back_doors);
}

#[test]
fn every_key_of_the_configuration_has_an_effect() {
    none(keys::without_effect(&TREE));
}

#[test]
fn papers_name_what_exists() {
    let mut faults = Vec::new();
    for path in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "benches/README.md"] {
        let text = papers::read(path);
        assert!(!text.is_empty(), "{path} is missing");
        let exists = |path: &str, function: Option<&str>| papers::in_tree(path, function, &TREE);
        faults.extend(papers::named_paths(&Paper { path, text: &text }, &exists));
    }
    none(faults);
}

#[test]
fn the_change_log_has_a_place_for_what_is_new() {
    let text = papers::read("CHANGELOG.md");
    none(papers::change_log(&Paper { path: "CHANGELOG.md", text: &text }));
}

#[test]
fn every_bench_stands_in_the_promise_table() {
    let table = papers::read("benches/README.md");
    let table = Paper { path: "benches/README.md", text: &table };
    none(papers::benches(&papers::read("Cargo.toml"), &papers::bench_files(), &table));
}

#[test]
fn every_dependency_has_its_reason_in_the_readme() {
    let text = papers::read("README.md");
    none(papers::dependencies(&papers::read("Cargo.toml"), &Paper { path: "README.md", text: &text }));
}

#[test]
fn every_room_stands_in_the_code_map() {
    let text = papers::read("ARCHITECTURE.md");
    none(papers::code_map(&Paper { path: "ARCHITECTURE.md", text: &text }));
}

#[test]
fn clips_that_the_code_names_are_recorded() {
    let exists = |name: &str| source::root().join(format!("audio/{name}.wav")).exists();
    check(|source| papers::clips(source, &exists));
}

#[test]
fn configurations_and_transcripts_name_what_exists() {
    let exists = |path: &str| source::root().join(path).exists();
    let named = |path: &str| ["config/", "ivr-flows/", "src/config/"].iter().any(|folder| path.starts_with(folder));
    let texts = papers::texts();
    let texts = texts.iter().filter(|(path, _)| named(path) && !path.ends_with(".rs"));
    none(texts.flat_map(|(path, text)| papers::references(&Paper { path, text }, &exists)).collect());
}

#[test]
fn nothing_holds_on_one_machine_only() {
    let texts = papers::texts();
    none(texts.iter().flat_map(|(path, text)| papers::foreign_words(&Paper { path, text })).collect());
}
