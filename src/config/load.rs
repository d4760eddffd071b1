//! From text to a configuration: reads every section, then checks them against each other. Never stops at the first
//! mistake, and never hands out a configuration that has one.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::path::Path;

use super::codes::CODES;
use super::entry::{Effective, Entry, Places, Reading, defaults};
use super::key::Section;
use super::settings::{
    Audio, FeatureCodes, HangupPolicy, Http, HttpFetch, Ivr, LogLevel, Media, Metrics, Policy, Security, Server, Sip,
};
use super::{Config, Source, check, load_entries, sections};
use crate::document::{Diagnostic, Document, Lines, Table, sort};
use crate::model::Codec;

/// All that loading finds out.
#[derive(Debug)]
pub struct Loaded {
    /// `None` when there is any error.
    pub config: Option<Config>,
    /// In reading order.
    pub diagnostics: Vec<Diagnostic>,
    /// Each value that holds, with its origin, section by section.
    pub effective: Vec<Effective>,
    /// Where the text has passwords written out.
    pub secrets: Vec<Range<usize>>,
}

impl Loaded {
    /// The text as it may be shown: each password under stars, everything else at its place.
    #[must_use]
    pub fn masked(&self, text: &str) -> String {
        let mut shown = text.to_owned();
        for span in &self.secrets {
            if text.get(span.clone()).is_some() {
                shown.replace_range(span.clone(), &"*".repeat(span.len()));
            }
        }
        shown
    }
}

/// Reads a configuration. `file_name` is where relative paths begin, `env` answers for environment variables.
/// Every mistake is reported at once; with an error among them there is no configuration.
#[must_use]
pub fn load(file_name: &str, text: &str, env: &dyn Fn(&str) -> Option<String>) -> (Option<Config>, Vec<Diagnostic>) {
    let Loaded { config, diagnostics, .. } = load_explained(file_name, text, env);
    (config, diagnostics)
}

/// As `load`, with the origin of every value.
#[must_use]
pub fn load_explained(file_name: &str, text: &str, env: &dyn Fn(&str) -> Option<String>) -> Loaded {
    let (document, notes) = Document::parse_with(text, &CODES);
    let folder = Path::new(file_name).parent().unwrap_or(Path::new(""));
    let (lines, places) = (Lines::new(text), Places::default());
    let mut reading = Reading { text, lines, folder, env, notes, effective: Vec::new(), places, secrets: Vec::new() };
    let mut root = document.root();
    let mut config = read_sections(&mut root, &mut reading);
    let references = load_entries::read(&mut root, &mut config, &mut reading);
    root.finish(&mut reading.notes);
    // Where the text is broken, a name that seems to be missing may stand in the unreadable part.
    if !document.is_broken() {
        reading.notes.extend(references);
        check::all(&config, &reading.places, &mut reading.notes);
    }
    let Reading { notes: mut diagnostics, effective, places, secrets, .. } = reading;
    sort(&mut diagnostics);
    let flawless = !diagnostics.iter().any(Diagnostic::is_error);
    let mut loaded = Loaded { config: None, diagnostics, effective, secrets };
    config.source = Source { file: file_name.to_owned(), text: loaded.masked(text), places };
    loaded.config = flawless.then_some(config);
    loaded
}

/// Reads the one section of a kind: finds its table, hands it to `read`, reports what nobody asked for.
fn section<T>(
    root: &mut Table<'_>,
    section: &'static Section,
    reading: &mut Reading<'_>,
    read: impl FnOnce(&mut Entry<'_>, &mut Reading<'_>) -> T,
) -> T {
    let defaults = defaults(section);
    let given = root.table(section.name, &mut reading.notes);
    let mut entry = Entry::new(section, given, &defaults, reading);
    let value = read(&mut entry, reading);
    entry.finish(reading);
    value
}

/// Everything that stands once; the entries of which there may be many are still empty.
fn read_sections(root: &mut Table<'_>, reading: &mut Reading<'_>) -> Config {
    Config {
        server: section(root, &sections::SERVER, reading, server),
        security: section(root, &sections::SECURITY, reading, |entry, reading| Security {
            beyond_loopback: entry.flag("beyond_loopback", reading),
            ban_after: entry.count("ban_after", reading),
            ban_life: entry.duration("ban_life", reading),
        }),
        sip: section(root, &sections::SIP, reading, sip),
        media: section(root, &sections::MEDIA, reading, media),
        http: section(root, &sections::HTTP, reading, http),
        metrics: section(root, &sections::METRICS, reading, |entry, reading| Metrics {
            listen: entry.socket("listen", reading),
        }),
        audio: section(root, &sections::AUDIO, reading, |entry, reading| Audio {
            folder: entry.file("folder", reading),
            music: entry.text("music", reading),
        }),
        ivr: section(root, &sections::IVR, reading, |entry, reading| Ivr {
            flows: entry.file("flows", reading),
            always_open: entry.flag("always_open", reading),
        }),
        http_fetch: section(root, &sections::HTTP_FETCH, reading, http_fetch),
        policy: section(root, &sections::POLICY, reading, policy),
        feature_codes: section(root, &sections::FEATURE_CODES, reading, feature_codes),
        skills: section(root, &sections::SKILLS, reading, |entry, reading| entry.names("names", reading)),
        trunks: Vec::new(),
        devices: Vec::new(),
        queues: Vec::new(),
        agents: Vec::new(),
        numbers: Vec::new(),
        dial: Vec::new(),
        source: Source::default(),
    }
}

fn server(entry: &mut Entry<'_>, reading: &mut Reading<'_>) -> Server {
    let title = entry.text("title", reading);
    let data = entry.file("data", reading);
    let language = entry.language("language", reading).unwrap_or_default();
    Server {
        title,
        data,
        language,
        timezone: entry.text("timezone", reading),
        calls_max: entry.count("calls_max", reading),
        drain: entry.duration("drain", reading),
        log: entry.word("log", &LogLevel::ALL, reading).unwrap_or(LogLevel::Info),
    }
}

fn sip(entry: &mut Entry<'_>, reading: &mut Reading<'_>) -> Sip {
    Sip {
        listen_udp: entry.sockets("listen_udp", reading),
        listen_tcp: entry.sockets("listen_tcp", reading),
        realm: entry.text("realm", reading),
        domains: entry.hosts("domains", reading),
        advertised: entry.address("advertised", reading),
        t1: entry.duration("t1", reading),
        invite_timeout: entry.duration("invite_timeout", reading),
        session_expires: entry.duration("session_expires", reading),
        session_expires_min: entry.duration("session_expires_min", reading),
        nonce_life: entry.duration("nonce_life", reading),
        register_min: entry.duration("register_min", reading),
        register_default: entry.duration("register_default", reading),
        register_max: entry.duration("register_max", reading),
        user_agent: entry.text("user_agent", reading),
    }
}

fn media(entry: &mut Entry<'_>, reading: &mut Reading<'_>) -> Media {
    Media {
        address: entry.address("address", reading).unwrap_or(NOWHERE),
        advertised: entry.address("advertised", reading),
        port_first: entry.count("port_first", reading),
        port_last: entry.count("port_last", reading),
        codecs: entry.words("codecs", &Codec::ALL, reading),
        media_timeout: entry.duration("media_timeout", reading),
        threads: entry.count("threads", reading),
    }
}

fn http(entry: &mut Entry<'_>, reading: &mut Reading<'_>) -> Http {
    Http {
        listen: entry.socket("listen", reading).unwrap_or(SocketAddr::new(NOWHERE, 0)),
        hosts: entry.hosts("hosts", reading),
        user: entry.name("user", reading),
        password: entry.secret("password", "password_env", reading),
    }
}

fn http_fetch(entry: &mut Entry<'_>, reading: &mut Reading<'_>) -> HttpFetch {
    HttpFetch {
        timeout_max: entry.duration("timeout_max", reading),
        bytes_max: entry.count("bytes_max", reading),
        parallel_max: entry.count("parallel_max", reading),
        hosts: entry.hosts("hosts", reading),
    }
}

fn policy(entry: &mut Entry<'_>, reading: &mut Reading<'_>) -> Policy {
    Policy {
        ring_on: entry.duration("ring_on", reading),
        ring_off: entry.duration("ring_off", reading),
        answer_before_ring: entry.count("answer_before_ring", reading),
        guard: entry.duration("guard", reading),
        transfer_ring_limit: entry.duration("transfer_ring_limit", reading),
        max_wait: entry.duration("max_wait", reading),
        transfer_announcement: entry.flag("transfer_announcement", reading),
        hangup: entry.word("hangup", &HangupPolicy::ALL, reading).unwrap_or(HangupPolicy::CallerFirst),
        closing_wait: entry.duration("closing_wait", reading),
    }
}

fn feature_codes(entry: &mut Entry<'_>, reading: &mut Reading<'_>) -> FeatureCodes {
    FeatureCodes {
        login: entry.number("login", reading),
        logout: entry.number("logout", reading),
        pause: entry.number("pause", reading),
        resume: entry.number("resume", reading),
        pause_reasons: entry.names("pause_reasons", reading),
    }
}

/// Stands where the table of keys has no default for an address, which a test excludes.
const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
