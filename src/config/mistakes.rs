//! Tests only: the kinds of mistakes people make in a configuration, each found at its line and column.

use std::path::Path;

use proptest::prelude::*;

use super::{Config, load, reference};
use crate::document::{Diagnostic, line_column, render};
use crate::ivr::speech::directory_clip;
use crate::model::Language;

const FILE: &str = include_str!("../../config/thirdring.toml");
const POSTAL: &str = include_str!("../../config/postal.toml");

fn nothing_set(_: &str) -> Option<String> {
    None
}

/// A strong password for every variable.
fn all_set(variable: &str) -> Option<String> {
    Some(format!("kd93-fjw0-{:x}", variable.bytes().fold(7_u64, |sum, byte| sum * 31 % 1_000_003 + u64::from(byte))))
}

/// The reference file with one text replaced by another; the text must stand in it once.
fn edited(from: &str, to: &str) -> String {
    assert_eq!(FILE.matches(from).count(), 1, "'{from}' stands once in the reference");
    FILE.replacen(from, to, 1)
}

/// Loads a text that must fail, and finds the diagnostic with `code` at the place where `mark` stands.
fn found(text: &str, code: &str, mark: &str) -> Diagnostic {
    let (config, notes) = load("thirdring.toml", text, &nothing_set);
    assert!(config.is_none(), "the mistake must not pass");
    let place = line_column(text, text.find(mark).expect("the mark stands in the text"));
    let at_the_mark = |note: &&Diagnostic| {
        note.code == code && note.span.as_ref().is_some_and(|span| line_column(text, span.start) == place)
    };
    let shown = || render("thirdring.toml", text, &notes, false);
    notes.iter().find(at_the_mark).unwrap_or_else(|| panic!("no {code} at {place:?}:\n{}", shown())).clone()
}

/// One mistake: what is replaced by what, the code it gets, and where the carets begin.
type Seed = (&'static str, &'static str, &'static str, &'static str);

const SEEDS: &[Seed] = &[
    // Not TOML.
    ("calls_max = 500", "calls_max 500", "CFG001", "500"),
    ("drain = \"5m\"", "drain = 5m", "CFG001", "5m\n"),
    ("[media]\n", "[media]\ncodecs = []\n", "CFG001", "codecs = [\"PCMU\""),
    // Names of keys.
    ("nonce_life =", "nonce_live =", "CFG002", "nonce_live"),
    ("[feature_codes]", "[feature_code]", "CFG002", "feature_code]"),
    ("device = \"201\"", "", "CFG003", "[[agent]]"),
    // Types and bounds.
    ("calls_max = 500", "calls_max = \"500\"", "CFG004", "\"500\""),
    ("drain = \"5m\"", "drain = \"5 minutes\"", "CFG004", "\"5 minutes\""),
    ("calls_max = 500", "calls_max = 50000", "CFG005", "50000"),
    ("t1 = \"500ms\"", "t1 = \"50ms\"", "CFG005", "\"50ms\""),
    ("service_target = 0.88", "service_target = 88", "CFG005", "88\n"),
    ("log = \"info\"", "log = \"inform\"", "CFG006", "\"inform\""),
    ("[\"PCMU\", \"PCMA\"]", "[\"PCMU\", \"PCMX\"]", "CFG006", "\"PCMX\""),
    // Forms.
    ("[\"127.0.0.1\"]", "[\"127.0.0.1\", \"carrier\"]", "CFG010", "\"carrier\"]"),
    ("listen = \"127.0.0.1:8080\"", "listen = \"localhost:8080\"", "CFG010", "\"localhost:8080\""),
    ("language = \"ko-KR\"\n# IANA", "language = \"fr-FR\"\n# IANA", "CFG010", "\"fr-FR\""),
    ("timezone = \"Asia/Seoul\"", "timezone = \"Asia/Soul\"", "CFG010", "\"Asia/Soul\""),
    ("\"010xxxxxxxx\"", "\"010?\"", "CFG010", "\"010?\""),
    ("\"sip:127.0.0.1:5080\"", "\"127.0.0.1:5080\"", "CFG010", "\"127.0.0.1:5080\""),
    ("port_first = 20000", "port_first = 20001", "CFG010", "20001"),
    // Two of a kind.
    ("logout = \"*12\"", "logout = \"*11\"", "CFG011", "\"*11\"\n# Take"),
    ("logout = \"*12\"", "logout = \"*1\"", "CFG011", "\"*1\"\n"),
    ("direct_number = \"201\"", "direct_number = \"13-00\"", "CFG011", "\"13-00\""),
    // References.
    ("queues = [\"general\"]", "queues = [\"genral\"]", "CFG012", "\"genral\""),
    ("skills = {}", "skills = { claims = 5 }", "CFG012", "claims = 5"),
    ("device = \"201\"", "device = \"202\"", "CFG012", "\"202\""),
    ("trunk = \"carrier\"", "trunk = \"carier\"", "CFG012", "\"carier\""),
    ("queue = \"general\"", "queue = \"domestic\"", "CFG012", "\"domestic\""),
    ("queue = \"general\"", "agent = \"a-202\"", "CFG012", "\"a-202\""),
    // Contradictions.
    ("register = false", "register = true", "CFG013", "[[trunk]]\n# Its name"),
    ("queue = \"general\"", "queue = \"general\"\nbuiltin = \"echo\"", "CFG013", "\"echo\"\n# A person"),
    ("queue = \"general\"", "", "CFG003", "[[number]]"),
    ("register_min = \"60s\"", "register_min = \"2h\"", "CFG013", "\"2h\""),
    ("addresses = [\"127.0.0.1\"]", "addresses = []", "CFG013", "[]\n# Where calls out"),
    ("target = \"sip:127.0.0.1:5080\"", "", "CFG013", "\"carrier\""),
    ("[\"PCMU\", \"PCMA\"]", "[]", "CFG013", "[]\n# A call without"),
    // Sums.
    ("port_last = 23999", "port_last = 20999", "CFG014", "20999"),
    ("port_last = 23999", "port_last = 19999", "CFG005", "19999"),
    // Overlaps.
    ("listen = \"127.0.0.1:8080\"", "listen = \"127.0.0.1:5060\"", "CFG015", "\"127.0.0.1:5060\"\n# Further"),
    ("listen_udp = [\"127.0.0.1:5060\"]", "listen_udp = [\"127.0.0.1:20010\"]", "CFG015", "\"127.0.0.1:20010\""),
    // Promises.
    ("guard = \"5s\"", "guard = \"6s\"", "CFG016", "\"6s\"\n"),
    ("ring_limit = \"6s\"", "ring_limit = \"9s\"", "CFG016", "\"9s\""),
    // Beyond loopback.
    ("listen_udp = [\"127.0.0.1:5060\"]", "listen_udp = [\"192.0.2.10:5060\"]", "CFG020", "\"192.0.2.10:5060\""),
    ("listen = \"127.0.0.1:8080\"", "listen = \"192.0.2.10:8080\"", "CFG020", "\"192.0.2.10:8080\""),
    ("# password_env = \"PHONE", "password_env = \"PHONE", "CFG013", "\"PHONE"),
    ("password = \"quiet-otter-lantern\"", "password_env = \"NOT_SET\"", "CFG021", "\"NOT_SET\""),
    ("\"quiet-otter-lantern\"", "\"\"", "CFG010", "\"\"\n"),
];

#[test]
fn every_seeded_mistake_is_found_at_its_place() {
    let missed: Vec<String> = SEEDS.iter().filter_map(|seed| near(seed).err()).collect();
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    assert!(SEEDS.len() >= 20);
}

/// Plants a seed and finds its diagnostic where the first mark at or after the edit stands, else the last before it.
fn near((from, to, code, mark): &Seed) -> Result<Diagnostic, String> {
    let text = edited(from, to);
    let (config, notes) = load("thirdring.toml", &text, &nothing_set);
    let edit = FILE.find(from).expect("the text was edited here");
    let start = text[edit..].find(mark).map(|at| edit + at).or_else(|| text[..edit].rfind(mark));
    let start = start.ok_or_else(|| format!("{to}: the mark {mark:?} stands nowhere"))?;
    let hit =
        notes.iter().find(|note| note.code == *code && note.span.as_ref().is_some_and(|span| span.start == start));
    if let (None, Some(hit)) = (config, hit) {
        return Ok(hit.clone());
    }
    let shown = render("thirdring.toml", &text, &notes, false);
    Err(format!("{from} -> {to}: no {code} at {:?}:\n{shown}", line_column(&text, start)))
}

#[test]
fn all_mistakes_are_told_at_once_and_in_reading_order() {
    let text = edited("calls_max = 500", "calls_max = 0")
        .replace("nonce_life =", "nonce_live =")
        .replace("guard = \"5s\"", "guard = \"7s\"")
        .replace("queues = [\"general\"]", "queues = [\"genral\"]");
    let (_, notes) = load("thirdring.toml", &text, &nothing_set);
    let codes: Vec<&str> = notes.iter().filter(|note| note.is_error()).map(|note| note.code).collect();
    assert_eq!(codes, ["CFG005", "CFG002", "CFG016", "CFG012"]);
    let lines: Vec<usize> = notes.iter().filter_map(|note| note.span.as_ref()).map(|span| span.start).collect();
    assert!(lines.is_sorted());
}

#[test]
fn the_nearest_name_is_suggested() {
    let seeds: [(Seed, &str); 5] = [
        (("nonce_life =", "nonce_live =", "CFG002", "nonce_live"), "nonce_life"),
        (("[feature_codes]", "[feature_code]", "CFG002", "feature_code]"), "feature_codes"),
        (("queues = [\"general\"]", "queues = [\"genral\"]", "CFG012", "\"genral\""), "general"),
        (("\"Asia/Seoul\"", "\"Asia/Soul\"", "CFG010", "\"Asia/Soul\""), "Asia/Seoul"),
        (("log = \"info\"", "log = \"inof\"", "CFG006", "\"inof\""), "info"),
    ];
    for (seed, word) in seeds {
        let note = near(&seed).unwrap_or_else(|missed| panic!("{missed}"));
        assert_eq!(note.label, Some(format!("did you mean '{word}'?")));
    }
}

#[test]
fn too_few_ports_are_told_as_a_sum() {
    let note = found(&edited("port_last = 23999", "port_last = 20999"), "CFG014", "20999");
    assert_eq!(note.message, "500 calls x 4 legs x 2 ports = 4000 ports are needed; 20000 to 20999 are 1000");
    assert_eq!(note.help.as_deref(), Some("set port_last = 23999, or calls_max = 125"));
}

#[test]
fn the_promised_ring_is_told_as_a_sum() {
    let note = found(&edited("guard = \"5s\"", "guard = \"7s\""), "CFG016", "\"7s\"");
    assert_eq!(note.message, "guard = 7s is too late: ring 3 begins at 2 x (1s + 2s) = 6s");
}

#[test]
fn an_address_beyond_loopback_needs_consent_and_strong_passwords() {
    let open = edited("listen_udp = [\"127.0.0.1:5060\"]", "listen_udp = [\"192.0.2.10:5060\"]");
    assert!(found(&open, "CFG020", "\"192.0.2.10:5060\"").help.is_some_and(|help| help.contains("beyond_loopback")));
    let permitted = open.replace("beyond_loopback = false", "beyond_loopback = true");
    let note = found(&permitted, "CFG020", "\"quiet-otter-lantern\"");
    assert!(note.message.contains("'201'"), "{note:?}");
    let strong = permitted.replace("quiet-otter-lantern", "kd93-fjw0-x7qa");
    let (config, notes) = load("thirdring.toml", &strong, &nothing_set);
    assert!(config.is_some(), "{notes:?}");
    let everywhere = strong.replace("\"192.0.2.10:5060\"", "\"0.0.0.0:5060\"");
    assert!(found(&everywhere, "CFG013", "\"0.0.0.0:5060\"").help.is_some_and(|help| help.contains("advertised")));
}

#[test]
fn a_page_beyond_loopback_needs_a_password() {
    let open = edited("listen = \"127.0.0.1:8080\"", "listen = \"192.0.2.10:8080\"")
        .replace("beyond_loopback = false", "beyond_loopback = true");
    assert!(found(&open, "CFG020", "\"192.0.2.10:8080\"").help.is_some_and(|help| help.contains("password_env")));
    let guarded = open.replace("# password_env = \"THIRDRING", "password_env = \"THIRDRING");
    let (config, notes) = load("thirdring.toml", &guarded, &all_set);
    let config = config.unwrap_or_else(|| panic!("{notes:?}"));
    assert!(config.http.password.is_some());
    let (none, notes) = load("thirdring.toml", &guarded, &nothing_set);
    assert!(none.is_none());
    let codes: Vec<&str> = notes.iter().map(|note| note.code).collect();
    assert_eq!(codes, ["CFG021"], "an unset variable is told once");
}

#[test]
fn one_mistake_is_told_once() {
    for (from, to) in [
        ("logout = \"*12\"", "logout = \"*11\""),
        ("password = \"quiet-otter-lantern\"", ""),
        ("password = \"quiet-otter-lantern\"", "password = \"\""),
        ("password = \"quiet-otter-lantern\"", "password_env = \"NOT_SET\""),
        ("timezone = \"Asia/Seoul\"", "timezone = 9"),
        ("port_first = 20000", "port_first = 99999"),
        ("queue = \"general\"", "queue = \"gene ral\""),
        ("name = \"general\"", "name = \"general inquiries\""),
    ] {
        let (_, notes) = load("thirdring.toml", &edited(from, to), &nothing_set);
        let errors = notes.iter().filter(|note| note.is_error()).count();
        assert_eq!(errors, 1, "{from} -> {to}: {notes:?}");
    }
}

#[test]
fn broken_lines_do_not_make_names_unknown() {
    let text = edited("name = \"general\"", "name \"general\"");
    let (_, notes) = load("thirdring.toml", &text, &nothing_set);
    let codes: Vec<&str> = notes.iter().map(|note| note.code).collect();
    assert_eq!(codes, ["CFG001"], "{notes:?}");
}

#[test]
fn an_empty_file_is_the_defaults() {
    let (config, notes) = load("thirdring.toml", "", &nothing_set);
    assert_eq!(notes, []);
    let config = config.expect("all sections have defaults");
    assert_eq!(config.server.calls_max, 500);
    assert!(config.numbers.is_empty());
}

#[test]
fn the_worked_example_is_a_whole_centre() {
    let (config, notes) = load("config/postal.toml", POSTAL, &all_set);
    assert_eq!(notes, [], "{}", render("postal.toml", POSTAL, &notes, false));
    let config = config.expect("there is no mistake");
    assert_eq!(config.trunks.len(), 2);
    assert_eq!(config.audio.folder.as_deref(), Some(std::path::Path::new("config/../audio")));
    assert_eq!(config.route("010-1234-5678").map(|trunk| trunk.name.as_str()), Some("kt"));
    assert_eq!(config.route("060-000-0000"), None, "what no rule permits is not dialled");
}

#[test]
fn the_built_in_configuration_is_complete() {
    let text = Config::development_text();
    let (config, notes) = load("development.toml", text, &nothing_set);
    assert_eq!(notes, [], "{}", render("development.toml", text, &notes, false));
    assert_eq!(config, Some(Config::development()));
    let config = Config::development();
    assert_eq!(config.agents.len(), 28);
    assert_eq!(config.server.data.as_deref(), Some(Path::new("thirdring-data")), "a folder where it runs");
    for queue in ["general", "domestic", "international", "pickup", "shopping", "partner", "mvno", "voc"] {
        assert!(config.queue_named(queue).is_some(), "the Korean flow asks for {queue}");
    }
    for queue in ["emergency", "service", "billing", "general"] {
        assert!(config.queue_named(queue).is_some(), "the English flow asks for {queue}");
    }
    for skill in ["domestic-mail", "claims", "trace", "returns"] {
        assert!(config.skill_named(skill).is_some(), "the Korean flow asks for {skill}");
    }
    assert_eq!(config.agent_reached_by("201").map(|agent| agent.name.as_str()), Some("a-201"));
    assert_eq!(config.agent_at("228").map(|agent| agent.name.as_str()), Some("a-228"));
    assert_eq!(config.pause_reason(1), Some("break"));
    assert_eq!(config.pause_reason(0), None);
    for device in &config.devices {
        assert_eq!(device.password.reveal(), format!("dev{}", device.user));
    }
}

#[test]
fn names_outside_the_file_are_checked_by_whoever_knows_them() {
    let config = Config::development();
    let flows = ["postal-ko".to_owned(), "utility-en".to_owned()];
    assert_eq!(config.check_names(&flows, &|_| true), []);
    let notes = config.check_names(&flows[..1], &|_| false);
    let text = Config::development_text();
    let flow = &notes[0];
    assert_eq!((flow.code, flow.is_error()), ("CFG012", true));
    let start = flow.span.clone().expect("the flow is named in the file").start;
    assert_eq!(text.get(start..start + 12), Some("\"utility-en\""));
    assert!(notes[1..].iter().all(|note| !note.is_error()), "a missing clip is only a warning: {notes:?}");
}

#[test]
fn a_name_that_nobody_recorded_is_told_with_its_place_its_clip_and_the_way_out() {
    let config = Config::development();
    let flows = ["postal-ko".to_owned(), "utility-en".to_owned()];
    let recorded = |clip: &str| clip != directory_clip(Language::Korean, "국내우편부").name.as_str();
    let notes = config.check_names(&flows, &recorded);
    let shown = config.source.render(&notes, false);
    assert_eq!(notes.len(), 1, "told once, however many work there: {shown}");
    assert_eq!((notes[0].code, notes[0].is_error()), ("CFG031", false));
    let line = Config::development_text().lines().position(|line| line.contains("국내우편부")).map(|at| at + 1);
    let line = line.expect("the department is in the file");
    for part in
        [&format!("--> development.toml:{line}:"), "no clip 'ko/directory/", "thirdring prompts missing", "prompts.tsv"]
    {
        assert!(shown.contains(part), "no '{part}': {shown}");
    }
    let mut silent = config.clone();
    silent.policy.transfer_announcement = false;
    assert_eq!(silent.check_names(&flows, &recorded), [], "who announces no transfer says no name");
}

#[test]
fn a_carriers_password_comes_with_its_user_and_is_never_shown() {
    let trunk = |keys: &str| {
        let text = format!("[[trunk]]\nname = \"kt\"\naddresses = [\"192.0.2.20\"]\n{keys}");
        let (config, notes) = load("thirdring.toml", &text, &all_set);
        (config, notes.iter().filter(|note| note.is_error()).map(|note| note.code).collect::<Vec<_>>())
    };
    let (config, notes) = trunk("user = \"0612800600\"\npassword = \"brave-heron\"\n");
    assert_eq!(notes, [] as [&str; 0]);
    let config = config.expect("there is no mistake");
    assert!(!format!("{config:?}").contains("heron"));
    let login = config.trunks[0].login.as_ref().map(|(user, password)| (user.as_str(), password.reveal()));
    assert_eq!(login, Some(("0612800600", "brave-heron")));
    assert_eq!(trunk("user = \"0612800600\"\npassword_env = \"KT\"\n").1, [] as [&str; 0]);
    assert_eq!(trunk("user = \"0612800600\"\n").1, ["CFG013"]);
    assert_eq!(trunk("password = \"brave-heron\"\n").1, ["CFG013"]);
    assert_eq!(trunk("").1, [] as [&str; 0]);
}

#[test]
fn a_trunk_that_is_named_and_not_looked_up_is_told() {
    let notes = |target: &str| {
        let text = format!("[[trunk]]\nname = \"kt\"\naddresses = [\"192.0.2.20\"]\ntarget = \"{target}\"\n");
        let (config, notes) = load("thirdring.toml", &text, &nothing_set);
        assert!(config.is_some(), "{notes:?}");
        notes.into_iter().filter(|note| note.message.contains("looked up")).collect::<Vec<_>>()
    };
    for address in ["sip:192.0.2.21", "sip:192.0.2.21:5080", "sip:[2001:db8::1]:5060"] {
        assert_eq!(notes(address), [], "{address}");
    }
    let told = notes("sip:carrier.example:5080");
    assert!(told[0].message.contains("192.0.2.20"), "{told:?}");
    assert_eq!(told[0].span.clone().map(|span| span.start), Some(58), "{told:?}");
}

#[test]
fn two_thousand_agents_are_read_in_order() {
    let mut text = "[[queue]]\nname = \"general\"\n".to_owned();
    for at in 0..2_000 {
        text.push_str(&format!("[[device]]\nuser = \"d{at}\"\npassword = \"dev{at}\"\n"));
        text.push_str(&format!("[[agent]]\nname = \"a-{at}\"\ndisplay_name = \"김하늘\"\ndevice = \"d{at}\"\n"));
        text.push_str("queues = [\"general\"]\n");
    }
    let (config, notes) = load("thirdring.toml", &text, &nothing_set);
    assert_eq!(notes, []);
    let config = config.expect("there is no mistake");
    assert_eq!(config.agents.len(), 2_000);
    assert!(
        config
            .agents
            .iter()
            .enumerate()
            .all(|(at, agent)| agent.name == format!("a-{at}") && agent.id.0 as usize == at)
    );
}

#[test]
fn secrets_are_never_shown() {
    let loaded = super::load_explained("thirdring.toml", FILE, &nothing_set);
    assert!(loaded.effective.iter().any(|value| value.path == "device[1].password"));
    assert!(loaded.effective.iter().all(|value| !value.value.contains("otter")));
    assert!(!format!("{:?}", loaded.config).contains("otter"));
}

/// Where, how much is cut, and what is put there instead.
fn edits() -> impl Strategy<Value = Vec<(usize, usize, String)>> {
    prop::collection::vec((0_usize..12_000, 0_usize..80, "[\\[\\]{}=\"'.,#a-z0-9\\n 가-하]{0,12}"), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Pieces cut out of the reference and noise put in: never a panic, and a flawless result is one.
    #[test]
    fn no_mutation_panics(edits in edits()) {
        let mut text = reference();
        for (at, length, noise) in edits {
            let start = text.floor_char_boundary(at % (text.len() + 1));
            let end = text.ceil_char_boundary((start + length).min(text.len()));
            text.replace_range(start..end, &noise);
        }
        let (config, notes) = load("thirdring.toml", &text, &all_set);
        prop_assert_eq!(config.is_none(), notes.iter().any(Diagnostic::is_error));
        let ours: Vec<_> = notes.iter().filter(|note| note.code == "CFG000").collect();
        prop_assert!(ours.is_empty(), "{:?}", ours);
        let _ = render("thirdring.toml", &text, &notes, false);
    }
}
