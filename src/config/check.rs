//! What no single value can tell: whether the parts of a configuration fit each other. Never looks outside the file,
//! except through the lists and functions it is handed.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

use super::agent::{NumberTarget, Queue};
use super::codes::{
    CODES, CONTRADICTION, DUPLICATE, MALFORMED, NO_RECORDING, SUSPICIOUS, TOO_LATE, TOO_SMALL, UNKNOWN_NAME,
};
use super::entry::Places;
use super::{Config, normalize, overlap, password};
use crate::document::{Diagnostic, did_you_mean, write_duration};
use crate::model::{SkillId, limits};

/// Every check across sections and entries.
pub(super) fn all(config: &Config, places: &Places, notes: &mut Vec<Diagnostic>) {
    server(config, places, notes);
    registration(config, places, notes);
    media(config, places, notes);
    promises(config, places, notes);
    feature_codes(config, places, notes);
    duplicates(config, places, notes);
    trunks(config, places, notes);
    idle(config, places, notes);
    overlap::all(config, places, notes);
    password::all(config, places, notes);
}

/// Whether the flows and recordings that the file asks for exist.
pub(super) fn names_outside(config: &Config, flows: &[String], clip_exists: &dyn Fn(&str) -> bool) -> Vec<Diagnostic> {
    let mut notes = Vec::new();
    for (number, at) in config.numbers.iter().zip(1..) {
        if let NumberTarget::Flow(flow) = &number.target
            && !flows.contains(flow)
        {
            let unknown = Diagnostic::error(UNKNOWN_NAME, format!("there is no flow '{flow}'"));
            let place = config.source.place(&format!("number[{at}].flow"));
            let unknown = unknown.at(place).suggest(flow, flows.iter().map(String::as_str));
            notes.push(unknown.help("flows are the files of the folder that [ivr] flows names, or the built-in ones"));
        }
    }
    recordings(config, clip_exists, &mut notes);
    notes
}

/// Music and names that callers would hear, each clip told once, at the first place that needs it.
fn recordings(config: &Config, clip_exists: &dyn Fn(&str) -> bool, notes: &mut Vec<Diagnostic>) {
    let source = &config.source;
    let mut missed = BTreeSet::new();
    let mut is_missing = |clip: &str| !clip_exists(clip) && missed.insert(clip.to_owned());
    let queues = config.queues.iter().zip(1..).map(|(queue, at)| (&queue.music, format!("queue[{at}].music")));
    for (clip, path) in queues.chain([(&config.audio.music, "audio.music".to_owned())]) {
        if is_missing(clip) {
            let place = if source.gives(&path) { source.place(&path) } else { source.place("audio.music") };
            let message = format!("there is no clip '{clip}' to play to waiting callers");
            notes.push(Diagnostic::warning(NO_RECORDING, message).at(place).help(format!("record it as {clip}.wav")));
        }
    }
    // Nothing else says a name.
    for spoken in config.spoken_names().into_iter().filter(|_| config.policy.transfer_announcement) {
        for clip in spoken.clips.iter().filter(|clip| is_missing(clip.name.as_str())) {
            let message =
                format!("nobody has recorded '{}': before a transfer callers would hear a tone instead", spoken.name);
            let missing = Diagnostic::warning(NO_RECORDING, message).at(spoken.place.clone());
            let missing = missing.label(format!("no clip '{}'", clip.name));
            notes.push(missing.help(format!(
                "record it as {}.wav in the folder of [audio], or add it to audio/prompts.tsv; all that is missing: \
                 thirdring prompts missing",
                clip.name
            )));
        }
    }
}

fn server(config: &Config, places: &Places, notes: &mut Vec<Diagnostic>) {
    let zones = jiff::tz::TimeZoneDatabase::bundled();
    if zones.get(&config.server.timezone).is_err() {
        let known: Vec<String> = zones.available().map(|name| name.to_string()).collect();
        let unknown = Diagnostic::error(MALFORMED, format!("there is no time zone '{}'", config.server.timezone))
            .at(places.of("server.timezone"))
            .help("names are those of the IANA database, such as \"Asia/Seoul\"");
        notes.push(match did_you_mean(&config.server.timezone, known.iter().map(String::as_str)) {
            Some(near) => unknown.label(format!("did you mean '{near}'?")),
            None => unknown,
        });
    }
    if config.sip.realm.is_empty() {
        notes.push(Diagnostic::error(MALFORMED, "the realm is empty").at(places.of("sip.realm")));
    }
    if config.sip.listen_udp.is_empty() && config.sip.listen_tcp.is_empty() {
        let deaf = Diagnostic::error(CONTRADICTION, "no SIP listener: nobody can call");
        notes.push(deaf.at(places.of_first(&["sip.listen_udp", "sip.listen_tcp"])));
    }
}

fn registration(config: &Config, places: &Places, notes: &mut Vec<Diagnostic>) {
    let sip = &config.sip;
    let rising = [
        ("register_min", sip.register_min, "register_default", sip.register_default),
        ("register_default", sip.register_default, "register_max", sip.register_max),
    ];
    let timers = ("session_expires_min", sip.session_expires_min, "session_expires", sip.session_expires);
    let timed = (!sip.session_expires.is_zero()).then_some(timers);
    for (low_name, low, high_name, high) in rising.into_iter().chain(timed) {
        if low > high {
            let [low, high] = [low, high].map(write_duration);
            let message = format!("{low_name} = {low} is more than {high_name} = {high}");
            let (low_path, high_path) = (format!("sip.{low_name}"), format!("sip.{high_name}"));
            notes.push(Diagnostic::error(CONTRADICTION, message).at(places.of_first(&[&low_path, &high_path])));
        }
    }
}

fn media(config: &Config, places: &Places, notes: &mut Vec<Diagnostic>) {
    let media = &config.media;
    if media.port_first % 2 == 1 {
        let message = format!("port_first = {} is odd; RTP takes the even port of a pair", media.port_first);
        let odd = Diagnostic::error(MALFORMED, message).at(places.of("media.port_first"));
        notes.push(odd.help(format!("write {} or {}", media.port_first - 1, media.port_first.saturating_add(1))));
    }
    if media.codecs.is_empty() {
        notes.push(Diagnostic::error(CONTRADICTION, "no codec: no call could be heard").at(places.of("media.codecs")));
    }
    let (needed, pairs) = (config.legs_max(), media.port_pairs());
    if pairs < needed {
        let message = format!(
            "{} calls x {} legs x 2 ports = {} ports are needed; {} to {} are {}",
            config.server.calls_max,
            limits::LEGS_PER_CALL,
            needed * 2,
            media.port_first,
            media.port_last,
            pairs * 2
        );
        let place = places.of_first(&["media.port_last", "media.port_first", "server.calls_max"]);
        let calls = pairs / limits::LEGS_PER_CALL;
        let last = usize::from(media.port_first) + needed * 2 - 1;
        let help = match u16::try_from(last) {
            Ok(last) => format!("set port_last = {last}, or calls_max = {calls}"),
            Err(_) => {
                let most = (usize::from(u16::MAX) + 1 - usize::from(media.port_first)) / 2 / limits::LEGS_PER_CALL;
                format!("set calls_max = {calls}, or port_last = 65535 and calls_max = {most}")
            }
        };
        notes.push(Diagnostic::error(TOO_SMALL, message).at(place).help(help));
    }
    if media.threads > needed {
        let message = format!("{} threads for {} calls", media.threads, config.server.calls_max);
        notes.push(Diagnostic::warning(SUSPICIOUS, message).at(places.of("media.threads")));
    }
}

/// The guard and the ring limits must lie before the promised ring.
fn promises(config: &Config, places: &Places, notes: &mut Vec<Diagnostic>) {
    let policy = &config.policy;
    let limit = policy.answer_limit();
    let sum = format!(
        "ring {} begins at {} x ({} + {}) = {}",
        policy.answer_before_ring,
        policy.answer_before_ring.saturating_sub(1),
        write_duration(policy.ring_on),
        write_duration(policy.ring_off),
        write_duration(limit)
    );
    if policy.guard >= limit {
        let message = format!("guard = {} is too late: {sum}", write_duration(policy.guard));
        let place =
            places.of_first(&["policy.guard", "policy.answer_before_ring", "policy.ring_on", "policy.ring_off"]);
        notes.push(Diagnostic::error(TOO_LATE, message).at(place));
    }
    for (at, Queue { name, ring_limit, .. }) in config.queues.iter().enumerate() {
        if *ring_limit > limit {
            let message = format!("queue '{name}': ring_limit = {} is too late: {sum}", write_duration(*ring_limit));
            notes.push(Diagnostic::error(TOO_LATE, message).at(places.of(&format!("queue[{}].ring_limit", at + 1))));
        }
    }
}

fn feature_codes(config: &Config, places: &Places, notes: &mut Vec<Diagnostic>) {
    let codes = &config.feature_codes;
    let named = codes.named();
    for (at, (name, code)) in named.iter().enumerate() {
        let place = format!("feature_codes.{name}");
        if !code.starts_with(['*', '#']) && !code.is_empty() {
            let message = format!("{name} = \"{code}\" does not begin with * or #, so it could be a number");
            notes.push(Diagnostic::error(MALFORMED, message).at(places.of(&place)));
        }
        for (other_name, other) in &named[..at] {
            if code.starts_with(other) || other.starts_with(code) {
                let message = format!("{name} = \"{code}\" and {other_name} = \"{other}\" begin alike");
                let other_place = format!("feature_codes.{other_name}");
                notes.push(Diagnostic::error(DUPLICATE, message).at(places.of_first(&[&place, &other_place])));
            }
        }
    }
    if codes.pause_reasons.len() > PAUSE_REASONS_MAX {
        let message = format!("{} reasons, and one digit names at most {PAUSE_REASONS_MAX}", codes.pause_reasons.len());
        notes.push(Diagnostic::error(CODES.out_of_range, message).at(places.of("feature_codes.pause_reasons")));
    }
}

/// Names, users and numbers of which there may be one only.
fn duplicates(config: &Config, places: &Places, notes: &mut Vec<Diagnostic>) {
    let paths = |kind: &'static str, key: &'static str| move |at: usize| format!("{kind}[{}].{key}", at + 1);
    let mut once = Once { places, notes };
    once.each("skill", &config.skills, |at| format!("skills.names[{}]", at + 1));
    once.each("pause reason", &config.feature_codes.pause_reasons, |at| {
        format!("feature_codes.pause_reasons[{}]", at + 1)
    });
    once.each("trunk", config.trunks.iter().map(|trunk| &trunk.name), paths("trunk", "name"));
    once.each("device", config.devices.iter().map(|device| &device.user), paths("device", "user"));
    once.each("queue", config.queues.iter().map(|queue| &queue.name), paths("queue", "name"));
    once.each("agent", config.agents.iter().map(|agent| &agent.name), paths("agent", "name"));
    once.each("agent with device", config.agents.iter().map(|agent| &agent.device), paths("agent", "device"));
    once.each("dial pattern", config.dial.iter().map(|rule| rule.pattern.as_str()), paths("dial", "pattern"));
    let addresses = config.trunks.iter().enumerate().flat_map(|(at, trunk)| {
        let item = move |(item, address): (usize, &IpAddr)| {
            (address.to_string(), format!("trunk[{}].addresses[{}]", at + 1, item + 1))
        };
        trunk.addresses.iter().enumerate().map(item)
    });
    once.all("trunk address", addresses);
    let numbers = config
        .numbers
        .iter()
        .enumerate()
        .map(|(at, number)| (number.number.reveal().to_owned(), format!("number[{}].number", at + 1)));
    let direct = config.agents.iter().enumerate().filter_map(|(at, agent)| {
        let number = agent.direct_number.as_ref()?;
        Some((normalize(number.reveal()), format!("agent[{}].direct_number", at + 1)))
    });
    // Codes that are alike were told apart already.
    let mut codes: BTreeMap<&str, String> = BTreeMap::new();
    for (name, code) in config.feature_codes.named() {
        codes.entry(code).or_insert_with(|| format!("feature_codes.{name}"));
    }
    let codes = codes.into_iter().map(|(code, path)| (code.to_owned(), path));
    once.all("number", codes.chain(numbers).chain(direct));
}

struct Once<'a> {
    places: &'a Places,
    notes: &'a mut Vec<Diagnostic>,
}

impl Once<'_> {
    /// Reports every value that an earlier one of the same kind has already; `path` tells where each stands.
    fn each<'n, N: AsRef<str> + ?Sized + 'n>(
        &mut self,
        kind: &str,
        values: impl IntoIterator<Item = &'n N>,
        path: impl Fn(usize) -> String,
    ) {
        self.all(kind, values.into_iter().enumerate().map(|(at, value)| (value.as_ref().to_owned(), path(at))));
    }

    fn all(&mut self, kind: &str, values: impl IntoIterator<Item = (String, String)>) {
        let mut seen: BTreeMap<String, String> = BTreeMap::new();
        for (value, path) in values {
            if value.is_empty() {
                continue;
            }
            if let Some(first) = seen.get(&value) {
                let message = format!("{kind} '{value}' is there twice");
                let twice = Diagnostic::error(DUPLICATE, message).at(self.places.of(&path));
                self.notes.push(twice.help(format!("the first one is {first}")));
            } else {
                seen.insert(value, path);
            }
        }
    }
}

fn trunks(config: &Config, places: &Places, notes: &mut Vec<Diagnostic>) {
    for (at, trunk) in config.trunks.iter().enumerate() {
        if trunk.addresses.is_empty() {
            let message = format!("trunk '{}' has no address, so nothing could come from it", trunk.name);
            notes
                .push(Diagnostic::error(CONTRADICTION, message).at(places.of(&format!("trunk[{}].addresses", at + 1))));
        }
    }
    for (at, trunk) in config.trunks.iter().enumerate() {
        let (Some(target), Some(stand_in)) = (&trunk.target, trunk.addresses.first()) else { continue };
        let host = target.trim_start_matches("sip:");
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if host.parse::<SocketAddr>().is_err() && bare.parse::<IpAddr>().is_err() {
            let message = format!("'{host}' is not looked up: calls out go to {stand_in}, the first of addresses");
            let place = places.of(&format!("trunk[{}].target", at + 1));
            let named = Diagnostic::warning(SUSPICIOUS, message).at(place);
            notes.push(named.help("write the address, or put the one that is meant first"));
        }
    }
    for (at, rule) in config.dial.iter().enumerate() {
        if config.trunk_named(&rule.trunk).is_some_and(|trunk| trunk.target.is_none()) {
            let message = format!("trunk '{}' has no target, so nothing can be sent to it", rule.trunk);
            notes.push(Diagnostic::error(CONTRADICTION, message).at(places.of(&format!("dial[{}].trunk", at + 1))));
        }
    }
}

/// Things that are legal and do nothing.
fn idle(config: &Config, places: &Places, notes: &mut Vec<Diagnostic>) {
    let mut warn =
        |message: String, place: Range<usize>| notes.push(Diagnostic::warning(SUSPICIOUS, message).at(place));
    for (at, queue) in config.queues.iter().enumerate() {
        if !queue.name.is_empty() && !config.agents.iter().any(|agent| agent.queues.contains(&queue.id)) {
            let message = format!("queue '{}' has no agent: its callers wait in vain", queue.name);
            warn(message, places.of(&format!("queue[{}].name", at + 1)));
        }
    }
    for (at, agent) in config.agents.iter().enumerate() {
        if agent.queues.is_empty() && agent.direct_number.is_none() {
            let message = format!("agent '{}' has neither a queue nor a direct number", agent.name);
            warn(message, places.of(&format!("agent[{}].name", at + 1)));
        }
    }
    for (at, skill) in config.skills.iter().enumerate() {
        let id = SkillId(u16::try_from(at).unwrap_or(u16::MAX));
        if !config.agents.is_empty() && !config.agents.iter().any(|agent| agent.skills.level(id) > 0) {
            warn(format!("nobody has the skill '{skill}'"), places.of(&format!("skills.names[{}]", at + 1)));
        }
    }
}

/// One digit behind the pause code; zero is none.
const PAUSE_REASONS_MAX: usize = 9;
