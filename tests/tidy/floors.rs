//! The order of imports: a room names rooms of lower floors only; and what floors 0 to 2 may not name at all.
//! ARCHITECTURE.md says why.

use super::names::{Name, names};
use super::source::{Fault, Source};

/// The rooms of each floor, from the words at the bottom to the assembled server. A new room gets its place here.
pub const FLOORS: [&[&str]; 6] = [
    &["document", "model"],
    &["acd", "call", "charter", "ivr", "media", "sdp", "sip"],
    &["center", "config"],
    &["net", "phone", "store", "ui"],
    &["api", "cli"],
    &["server"],
];

/// The highest floor that is pure.
const PURE_MAX: usize = 2;

#[must_use]
pub fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

/// Upward and sideways imports, and every way to hide one.
#[must_use]
pub fn import_order(source: &Source) -> Vec<Fault> {
    let Some(room) = source.room() else { return Vec::new() };
    let Some(own) = floor(room) else {
        return vec![source.fault(1, format!("room {room} has no floor"))];
    };
    names(source)
        .iter()
        .filter_map(|name| misplaced(name, room, own).map(|what| source.fault(name.line, what)))
        .collect()
}

fn misplaced(name: &Name, room: &str, own: usize) -> Option<String> {
    let below = name.below_root()?;
    let Some(other) = below.first() else {
        return name.renamed.as_ref().map(|alias| format!("the whole crate goes by the name {alias}"));
    };
    if other == "self" || other == "*" {
        return Some("the whole crate is imported; name the room".to_owned());
    }
    let Some(floor) = floor(other) else {
        return Some(format!("{} leads to no room of a floor", name.text()));
    };
    if other == room || floor < own {
        return None;
    }
    let way = if floor == own { "sideways" } else { "upward" };
    Some(format!("{room} (floor {own}) imports {other} (floor {floor}) {way}: {}", name.text()))
}

/// What the pure floors name although they may not: runtimes, sockets, files, clocks, threads, chance, output.
#[must_use]
pub fn purity(source: &Source) -> Vec<Fault> {
    let pure = source.room().and_then(floor).is_some_and(|floor| floor <= PURE_MAX);
    if !pure || source.test_only {
        return Vec::new();
    }
    let outside_tests = names(source).into_iter().filter(|name| !name.in_test);
    outside_tests.filter_map(|name| impure(&name).map(|what| source.fault(name.line, what))).collect()
}

fn impure(name: &Name) -> Option<String> {
    let text = name.text();
    if let Some(path) = IMPURE_PATHS.iter().find(|path| name.begins(path)) {
        return Some(format!("a pure room names {}: {text}", path.join("::")));
    }
    if let Some(word) = IMPURE_WORDS.iter().find(|word| name.parts.iter().any(|part| part == *word)) {
        return Some(format!("a pure room names {word}: {text}"));
    }
    if name.is_macro && IMPURE_MACROS.iter().any(|word| name.parts.last().is_some_and(|last| last == word)) {
        return Some(format!("a pure room prints: {text}!"));
    }
    if name.parts.len() > 1 && name.parts.last().is_some_and(|last| last == "now") {
        return Some(format!("a pure room asks for the time: {text}"));
    }
    let whole = name.begins(&["std"]) && (name.parts.len() == 1 && name.renamed.is_some() || name.parts[1..] == ["*"]);
    whole.then(|| format!("a pure room takes all of std: {text}"))
}

/// Beginnings of names.
const IMPURE_PATHS: [&[&str]; 17] = [
    &["std", "fs"],
    &["std", "thread"],
    &["std", "process"],
    &["std", "env"],
    &["std", "os"],
    &["std", "io", "stdin"],
    &["std", "io", "stdout"],
    &["std", "io", "stderr"],
    &["std", "sync", "mpsc"],
    &["std", "net", "ToSocketAddrs"],
    &["tokio"],
    &["axum"],
    &["rustix"],
    &["sqlx"],
    &["ureq"],
    &["getrandom"],
    &["rand"],
];

/// Parts of names, wherever they come from: types that block, tell the time or roll dice, however they were imported.
const IMPURE_WORDS: [&str; 15] = [
    "UdpSocket",
    "TcpStream",
    "TcpListener",
    "Instant",
    "SystemTime",
    "Mutex",
    "RwLock",
    "Condvar",
    "Barrier",
    "thread_local",
    "RandomState",
    "OsRng",
    "SysRng",
    "ThreadRng",
    "thread_rng",
];

const IMPURE_MACROS: [&str; 4] = ["print", "println", "eprint", "eprintln"];

#[cfg(test)]
mod tests {
    use super::*;

    fn order(path: &str, text: &str) -> usize {
        import_order(&Source::new(path, text)).len()
    }

    fn impurities(text: &str) -> usize {
        purity(&Source::new("src/acd/order.rs", text)).len()
    }

    #[test]
    fn lower_floors_may_be_imported() {
        let text = "use crate::model::Moment; use crate::{document, sip::Uri}; fn f() { crate::acd::g(); super::h(); }";
        assert_eq!(order("src/center/center.rs", text), 0);
        assert_eq!(order("src/server/run.rs", "use crate::{api, center, cli, net, store}; use super::clock;"), 0);
        assert_eq!(order("src/main.rs", "use thirdring::server;"), 0);
    }

    #[test]
    fn upward_imports_are_found() {
        assert_eq!(order("src/model/time.rs", "use crate::sip::Uri;"), 1);
        assert_eq!(order("src/acd/acd.rs", "use crate::center::Center;"), 1);
        assert_eq!(order("src/store/row.rs", "use crate::api::wire;"), 1);
        assert_eq!(order("src/cli/serve.rs", "use crate::server;"), 1);
    }

    #[test]
    fn sideways_imports_are_found() {
        assert_eq!(order("src/acd/acd.rs", "use crate::ivr::Flow;"), 1);
        assert_eq!(order("src/model/time.rs", "use crate::document::Document;"), 1);
        assert_eq!(order("src/config/load.rs", "use crate::center::Settings;"), 1);
        assert_eq!(order("src/phone/bank.rs", "use crate::net::SipTransports;"), 1);
    }

    #[test]
    fn no_way_of_writing_hides_an_import() {
        for hidden in [
            "use crate::{model, sip::{self, Uri}};",
            "use crate::sip as wire;",
            "use crate::{sip as wire};",
            "use {std::fmt, crate::sip};",
            "fn f() { let uri = crate::sip::Uri::parse(b\"\"); }",
            "fn f(uri: &crate::sip::Uri) {}",
            "impl From<crate::sip::Uri> for Caller {}",
            "pub use crate::sip::Uri;",
            "use super::super::sip::Uri;",
            "mod inner { use super::super::super::sip::Uri; }",
            "#[cfg(test)] mod tests { use crate::sip::Uri; }",
            "macro_rules! m { () => { $crate::sip::parse() } }",
            "use thirdring::sip;",
            "use crate as root;",
            "use crate::{self as root};",
            "use crate::*;",
            "use crate::nowhere;",
        ] {
            assert!(order("src/acd/order.rs", hidden) > 0, "not found: {hidden}");
        }
    }

    #[test]
    fn words_in_comments_and_strings_are_no_imports() {
        assert_eq!(
            order("src/acd/order.rs", "//! See [`crate::sip`].\nconst A: &str = \"crate::sip\"; /* crate::ivr */"),
            0
        );
    }

    #[test]
    fn a_room_without_a_floor_is_found() {
        assert_eq!(order("src/attic/mod.rs", ""), 1);
    }

    #[test]
    fn a_pure_room_may_speak_of_addresses_and_durations() {
        assert_eq!(impurities("use std::net::{IpAddr, SocketAddr}; use std::time::Duration; use std::{fmt, io};"), 0);
        assert_eq!(impurities("fn f(now: Moment) { let thread = now; call.now(); } // std::fs, Instant"), 0);
        assert_eq!(impurities("#[cfg(test)] mod tests { use std::fs; }"), 0);
    }

    #[test]
    fn every_kind_of_impurity_is_found() {
        for impure in [
            "use std::fs;",
            "use std::{fmt, fs as files};",
            "fn f() { std::fs::read(path); }",
            "use std::time::{Duration, Instant};",
            "fn f() { time::SystemTime::now(); }",
            "fn f() { jiff::Zoned::now(); }",
            "use std::net::UdpSocket;",
            "use std::net::{SocketAddr, TcpStream as Stream};",
            "use tokio::sync::mpsc;",
            "fn f() { tokio::spawn(g()); }",
            "fn f() { std::thread::sleep(d); }",
            "use std::sync::{Arc, Mutex};",
            "fn f() { getrandom::fill(&mut seed); }",
            "fn f() { println!(\"{a}\"); }",
            "fn f() { std::eprintln!(); }",
            "use std as s;",
            "use std::*;",
            "use ::std::env;",
        ] {
            assert!(impurities(impure) > 0, "not found: {impure}");
        }
    }

    #[test]
    fn shells_may_do_what_pure_rooms_may_not() {
        assert_eq!(purity(&Source::new("src/net/ports.rs", "use std::net::UdpSocket; use tokio::net;")), []);
    }
}
