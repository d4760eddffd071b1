//! Tests of loading and checking: each rule finds its mistake at its place, also in a copy of a shipped flow.

use std::time::Duration;

use super::check::{World, check_text};
use super::shipped::{EVERY_KIND, POSTAL, UTILITY};
use crate::document::{Severity, line_column};

/// A diagnostic as these tests see it: code, place, and the words it points at.
#[derive(Debug, PartialEq)]
struct Found {
    code: &'static str,
    line: usize,
    column: usize,
    words: String,
    label: String,
    error: bool,
}

fn words(list: &str) -> Vec<String> {
    list.split_whitespace().map(str::to_owned).collect()
}

/// What the rest of the server has, where it matters.
struct Rest<'r> {
    numbers: &'r [String],
    clips: &'r dyn Fn(&str) -> Option<Duration>,
    speaks: bool,
}

const USUAL: Rest<'static> = Rest { numbers: &[], clips: &|_| Some(Duration::from_secs(5)), speaks: false };

fn found(id: &str, text: &str) -> Vec<Found> {
    found_in(id, text, &USUAL)
}

fn found_in(id: &str, text: &str, rest: &Rest<'_>) -> Vec<Found> {
    let queues = words(
        "general domestic international shopping pickup partner mvno voc emergency service billing people desk order",
    );
    let skills = words("domestic-mail claims trace returns english");
    let flows = words("postal-ko utility-en other");
    let people = words("a-201 a-202");
    let world = World {
        queues: &queues,
        skills: &skills,
        flows: &flows,
        clips: rest.clips,
        speaks: rest.speaks,
        numbers: rest.numbers,
        reaches: &|to| to.starts_with("10") || to == "0",
        people: &people,
    };
    let notes = check_text(id, text, Some(&|_| Some("https://api.example".to_owned())), Some(&world));
    let place = |note: crate::document::Diagnostic| {
        let span = note.span.clone().expect("every mistake has a place");
        let (line, column) = line_column(text, span.start);
        let words = text.get(span).unwrap_or("(not a part of the text)").to_owned();
        let error = note.severity == Severity::Error;
        Found { code: note.code, line, column, words, label: note.label.unwrap_or_default(), error }
    };
    notes.into_iter().map(place).collect()
}

/// The mistakes of a copy of the postal flow in which one passage was changed.
fn seeded(from: &str, to: &str) -> Vec<Found> {
    assert!(POSTAL.contains(from), "the flow no longer says {from}");
    found("postal-ko", &POSTAL.replacen(from, to, 1))
}

#[test]
fn shipped_flows_have_no_mistakes() {
    for (id, text) in [("postal-ko", POSTAL), ("utility-en", UTILITY), ("every-kind", EVERY_KIND)] {
        assert_eq!(found(id, text), [], "{id}");
    }
}

/// Each: what is changed, to what, the code that must come, and the words that it must point at. They stand in the
/// changed line, unless the mistake shows elsewhere: at a node, at the key that lost its words, at the user of a service.
#[test]
fn seeded_mistakes_are_found_where_they_are() {
    let seeds = [
        ("do   = \"menu\"\nsay  = \"국내우편은", "do   = \"menuu\"\nsay  = \"국내우편은", "IVR001", "\"menuu\""),
        ("max_tries = 3", "max_trys = 3", "IVR002", "max_trys"),
        ("closed = \"night\"", "", "IVR003", "[node.open_check]"),
        ("timeout   = \"5s\"", "timeout   = \"5 s\"", "IVR004", "\"5 s\""),
        ("timezone = \"Asia/Seoul\"", "timezone = \"Asia/Soul\"", "IVR004", "\"Asia/Soul\""),
        ("mon-fri  = \"09:00-18:00\"", "mon-fri  = \"9-18\"", "IVR004", "\"9-18\""),
        ("mon-fri  =", "mon-fry  =", "IVR002", "mon-fry"),
        ("closed   = [\"2026-05-01\"]", "closed   = [\"2026-05-32\"]", "IVR004", "\"2026-05-32\""),
        ("digits = 13", "digits = \"13-9\"", "IVR004", "\"13-9\""),
        ("\"#\" = \"@previous\"", "\"#\" = \"@prevous\"", "IVR010", "\"@prevous\""),
        ("3 = \"q_claims\" }", "3 = \"q_claim\" }", "IVR010", "\"q_claim\""),
        ("hours  = \"consult\"", "hours  = \"konsult\"", "IVR011", "\"konsult\""),
        ("use      = \"track\"", "use      = \"trak\"", "IVR012", "\"trak\""),
        ("queue  = \"shopping\"", "queue  = \"shoping\"", "IVR013", "\"shoping\""),
        ("skills = { trace = 3 }", "skills = { trase = 3 }", "IVR013", "trase"),
        ("4 = \"q_mvno\", 5", "4 = \"flow:mvno\", 5", "IVR014", "\"flow:mvno\""),
        ("알뜰폰은 4번, ", "알뜰폰은 9번, ", "IVR020", "9번"),
        ("알뜰폰은 4번, ", "", "IVR021", "4"),
        ("6 = \"voc\" }", "6 = \"q_voc\" }", "IVR030", "[node.voc]"),
        ("max_visits = 3                       #", "#", "IVR032", "[node.track_no]"),
        ("{place}에서 {status}", "{plase}에서 {status}", "IVR050", "{plase}"),
        ("skip = \"any-key\"", "skip = \"anykey\"", "IVR004", "\"anykey\""),
        ("offer_callback = \"30s\" ", "offer_callback = \"45s\" ", "KR004", "[node.q_general]"),
        (
            "keys = { 0 = \"cb_night\", 1 = \"night_track_no\" }",
            "keys = { 0 = \"bye\", 1 = \"night_track_no\" }",
            "KR001",
            "[node.night]",
        ),
        ("상담 내용은 서비스 향상을 위해 녹음됩니다. ", "", "KR005", "[node.q_general]"),
        ("\"*\" = \"@repeat\"", "\"*\" = \"@previous\"", "KR002", "[node.main]"),
        ("item_no}\"", "item}\"", "IVR050", "\"track\""),
    ];
    for (from, to, code, points_at) in seeds {
        let found = seeded(from, to);
        let text = POSTAL.replacen(from, to, 1);
        let hit = found.iter().find(|found| found.code == code && found.words == points_at);
        let hit = hit.unwrap_or_else(|| panic!("{to:?} must give {code} at {points_at}: {found:#?}"));
        let line = text.lines().nth(hit.line - 1).unwrap_or_default();
        let column: String = line.chars().skip(hit.column - 1).collect();
        assert!(column.starts_with(points_at), "{code} points at line {}: {line}", hit.line);
        let changed = text.find(to).map_or(0, |at| line_column(&text, at).0);
        let own = points_at.starts_with("[node.") || to.is_empty() || points_at == "4" || points_at == "\"track\"";
        assert!(own || (changed..=changed + 1).contains(&hit.line), "{code}: line {} is not {changed}", hit.line);
    }
}

#[test]
fn a_misspelt_name_is_met_with_the_right_one() {
    let label = |from, to, code| {
        let found = seeded(from, to);
        found.into_iter().find(|found| found.code == code).map(|found| found.label).unwrap_or_default()
    };
    assert_eq!(label("3 = \"q_claims\" }", "3 = \"q_claim\" }", "IVR010"), "did you mean 'q_claims'?");
    assert_eq!(label("queue  = \"shopping\"", "queue  = \"shoping\"", "IVR013"), "did you mean 'shopping'?");
    assert_eq!(label("{place}에서", "{plase}에서", "IVR050"), "did you mean 'place'?");
    assert_eq!(label("max_tries = 3", "max_tris = 3", "IVR002"), "did you mean 'max_tries'?");
}

#[test]
fn a_transfer_to_nobody_is_found_and_one_to_a_variable_is_taken_on_trust() {
    let changed = |to: &str| found("every-kind", &EVERY_KIND.replacen("to  = \"1001\"", &format!("to  = \"{to}\""), 1));
    let nobody = changed("a-203");
    let [found] = nobody.as_slice() else { panic!("one mistake: {nobody:?}") };
    assert_eq!((found.code, found.words.as_str(), found.error), ("IVR018", "\"a-203\"", true));
    assert_eq!(found.label, "did you mean 'a-201'?");
    assert_eq!(changed("1002"), []);
    assert!(changed("{caller}").iter().all(|found| found.code != "IVR018"));
}

#[test]
fn the_example_of_the_design_gives_an_error_and_its_warnings() {
    let found = seeded("3 = \"q_claims\" }", "3 = \"q_claim\" }");
    let codes: Vec<(&str, bool)> = found.iter().map(|found| (found.code, found.error)).collect();
    assert_eq!(codes, [("IVR010", true), ("IVR030", false)]);
}

/// A flow of one menu, with what is appended.
fn small(rest: &str) -> String {
    format!(
        "format = 1\nlang = \"en\"\ntimezone = \"UTC\"\nlint = [\"base\", \"kr-ars\"]\nstart = \"main\"\n[defaults]\non_fail = \"bye\"\n\
         [node.bye]\ndo = \"hangup\"\n{rest}"
    )
}

fn codes(text: &str) -> Vec<(&'static str, usize)> {
    found("small", text).iter().map(|found| (found.code, found.line)).collect()
}

#[test]
fn syntax_is_told_first() {
    let text = small("[node.main]\ndo = \"menu\"\nsay = \"x\"\nkeys = { * = \"bye\" }\n");
    assert!(codes(&text).iter().any(|(code, line)| *code == "IVR000" && *line == 13), "{:?}", codes(&text));
}

#[test]
fn a_step_that_leads_nowhere_is_an_error() {
    let text = small("[node.main]\ndo = \"play\"\nsay = \"x\"\nnext = \"main\"\n");
    assert_eq!(codes(&text), [("IVR030", 8), ("IVR031", 10), ("IVR032", 10)]);
}

#[test]
fn a_value_that_only_some_ways_set_is_a_warning_and_one_that_comes_later_an_error() {
    let ask = "[node.main]\ndo = \"collect\"\nsay = \"x\"\nvar = \"n\"\ndigits = 1\nkeys = { \"#\" = \"say_it\" }\nnext = \"say_it\"\n";
    let text = small(&format!("{ask}[node.say_it]\ndo = \"play\"\nsay = \"{{n}}\"\nnext = \"bye\"\n"));
    assert_eq!(codes(&text), [("IVR050", 19)]);
    let early = "[node.main]\ndo = \"play\"\nsay = \"{n}\"\nnext = \"ask\"\n";
    let text = small(&format!("{early}{}", ask.replace("node.main", "node.ask").replace("say_it", "bye")));
    let found = found("small", &text);
    assert_eq!(
        found.iter().map(|found| (found.code, found.line, found.error)).collect::<Vec<_>>(),
        [("IVR050", 12, true)]
    );
}

#[test]
fn menus_too_deep_are_warned_of_and_then_refused() {
    let mut text = small("");
    for depth in 0..6 {
        let name = if depth == 0 { "main".to_owned() } else { format!("m{depth}") };
        let next = if depth == 5 { "bye".to_owned() } else { format!("m{}", depth + 1) };
        text.push_str(&format!("[node.{name}]\ndo = \"menu\"\nsay = \"press 1\"\nkeys = {{ 1 = \"{next}\" }}\n"));
    }
    let deep: Vec<(String, bool)> = found("small", &text)
        .into_iter()
        .filter(|found| found.code == "KR003")
        .map(|found| (found.words, found.error))
        .collect();
    let expected = [("[node.m3]", false), ("[node.m4]", false), ("[node.m5]", true)];
    assert_eq!(deep, expected.map(|(words, error)| (words.to_owned(), error)));
}

#[test]
fn a_paid_number_must_say_what_the_call_costs() {
    let silent = POSTAL.replacen("통화료는 발신자 부담입니다. ", "", 1);
    let numbers = words("1588-1300");
    let told = Rest { numbers: &numbers, ..USUAL };
    let with_numbers = found_in("postal-ko", &silent, &told);
    assert_eq!(with_numbers.iter().map(|found| found.code).collect::<Vec<_>>(), ["KR006"]);
    assert_eq!(found("postal-ko", &silent), []);
    assert_eq!(found_in("postal-ko", POSTAL, &told), []);
}

#[test]
fn missing_and_long_recordings_are_warned_of() {
    let nothing = |_: &str| None;
    let found = found_in("utility-en", UTILITY, &Rest { clips: &nothing, ..USUAL });
    assert_eq!(found.iter().map(|found| found.code).collect::<Vec<_>>(), ["IVR040"]);
    let speaks = found_in("utility-en", UTILITY, &Rest { clips: &nothing, speaks: true, ..USUAL });
    assert_eq!(speaks, []);
    let long = |name: &str| (name == "en/utility-en/main").then_some(Duration::from_secs(26));
    let found = found_in("utility-en", UTILITY, &Rest { clips: &long, speaks: true, ..USUAL });
    assert_eq!(found.iter().map(|found| (found.code, found.error)).collect::<Vec<_>>(), [("IVR040", false)]);
}

#[test]
fn an_unset_environment_is_a_warning_at_the_address() {
    let notes = check_text("postal-ko", POSTAL, Some(&|_| None), None);
    let [note] = notes.as_slice() else { panic!("one warning expected: {notes:?}") };
    assert_eq!((note.code, note.severity), ("IVR015", Severity::Warning));
    let (line, _) = line_column(POSTAL, note.span.clone().expect("it has a place").start);
    assert!(POSTAL.lines().nth(line - 1).is_some_and(|line| line.starts_with("url")));
}
