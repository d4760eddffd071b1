//! Keeps the house tidy: the order of imports, the pure floors, the length of things, and papers that say what is so.
//! Reads files only. Each rule has its own bad examples at the foot of its file, which prove that it can fail.

#[path = "tidy/floors.rs"]
mod floors;
#[path = "tidy/house.rs"]
mod house;
#[path = "tidy/lexer.rs"]
mod lexer;
#[path = "tidy/names.rs"]
mod names;
#[path = "tidy/source.rs"]
mod source;

use std::sync::LazyLock;

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
