//! Reads the entries of which there may be many, and turns the names by which they refer to each other into ids.
//! Never drops an entry, so that its position in the file is its id even while mistakes are being collected.

use std::collections::BTreeMap;

use super::agent::{Agent, Announcement, Builtin, Device, Dial, Number, NumberTarget, Queue, Trunk, TrunkTransport};
use super::codes::{CODES, CONTRADICTION, UNKNOWN_NAME};
use super::entry::{Entry, Reading, defaults};
use super::key::Section;
use super::{Config, sections_many as sections};
use crate::document::{Diagnostic, Table};
use crate::model::{AgentId, PhoneNumber, QueueId, Requirement, SkillId, SkillSet};

/// Reads all entries into `config`. Returns what is wrong with the names they refer to each other by.
pub(super) fn read(root: &mut Table<'_>, config: &mut Config, reading: &mut Reading<'_>) -> Vec<Diagnostic> {
    config.trunks = entries(root, &sections::TRUNK, reading, |entry, _, reading| trunk(entry, reading));
    config.devices = entries(root, &sections::DEVICE, reading, |entry, _, reading| device(entry, reading));
    let music = config.audio.music.clone();
    config.queues = entries(root, &sections::QUEUE, reading, |entry, at, reading| queue(entry, at, &music, reading));
    let mut names = Names::of(config);
    config.agents =
        entries(root, &sections::AGENT, reading, |entry, at, reading| agent(entry, at, &mut names, reading));
    names.agents = positions(config.agents.iter().map(|agent| &agent.name));
    config.numbers = entries(root, &sections::NUMBER, reading, |entry, _, reading| number(entry, &mut names, reading));
    config.dial = entries(root, &sections::DIAL, reading, |entry, _, reading| dial(entry, &mut names, reading));
    names.notes
}

/// Reads each `[[name]]` in file order.
fn entries<T>(
    root: &mut Table<'_>,
    section: &'static Section,
    reading: &mut Reading<'_>,
    mut read: impl FnMut(&mut Entry<'_>, usize, &mut Reading<'_>) -> T,
) -> Vec<T> {
    let defaults = defaults(section);
    let tables = root.table_list(section.name, &mut reading.notes);
    let mut values = Vec::with_capacity(tables.len());
    for (at, table) in tables.into_iter().enumerate() {
        let mut entry = Entry::new(section, Some(table), &defaults, reading);
        values.push(read(&mut entry, at, reading));
        entry.finish(reading);
    }
    values
}

/// The names that entries may refer to, and what was wrong with references so far.
struct Names {
    skills: BTreeMap<String, usize>,
    devices: BTreeMap<String, usize>,
    queues: BTreeMap<String, usize>,
    agents: BTreeMap<String, usize>,
    trunks: BTreeMap<String, usize>,
    notes: Vec<Diagnostic>,
}

impl Names {
    fn of(config: &Config) -> Names {
        Names {
            skills: positions(&config.skills),
            devices: positions(config.devices.iter().map(|device| &device.user)),
            queues: positions(config.queues.iter().map(|queue| &queue.name)),
            agents: BTreeMap::new(),
            trunks: positions(config.trunks.iter().map(|trunk| &trunk.name)),
            notes: Vec::new(),
        }
    }

    fn skill(&mut self, name: &str, place: &str, reading: &Reading<'_>) -> SkillId {
        let at = find(&self.skills, "skill", "add it to [skills] names", name, place, reading, &mut self.notes);
        SkillId(u16::try_from(at).unwrap_or(u16::MAX))
    }

    fn queue(&mut self, name: &str, place: &str, reading: &Reading<'_>) -> QueueId {
        let at = find(&self.queues, "queue", "add a [[queue]]", name, place, reading, &mut self.notes);
        QueueId(u32::try_from(at).unwrap_or(u32::MAX))
    }

    fn agent(&mut self, name: &str, place: &str, reading: &Reading<'_>) -> AgentId {
        let at = find(&self.agents, "agent", "add an [[agent]]", name, place, reading, &mut self.notes);
        AgentId(u32::try_from(at).unwrap_or(u32::MAX))
    }

    fn device(&mut self, name: &str, place: &str, reading: &Reading<'_>) {
        find(&self.devices, "device", "add a [[device]] with this user", name, place, reading, &mut self.notes);
    }

    fn trunk(&mut self, name: &str, place: &str, reading: &Reading<'_>) {
        find(&self.trunks, "trunk", "add a [[trunk]]", name, place, reading, &mut self.notes);
    }
}

/// First position of each name.
fn positions<'n>(names: impl IntoIterator<Item = &'n String>) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for (at, name) in names.into_iter().enumerate() {
        found.entry(name.clone()).or_insert(at);
    }
    found
}

/// The position of a name, or a diagnostic and a position that leads nowhere. Empty names were reported when read; where
/// there is one among the known, it may be the one that is meant.
fn find(
    among: &BTreeMap<String, usize>,
    kind: &str,
    help: &str,
    name: &str,
    place: &str,
    reading: &Reading<'_>,
    notes: &mut Vec<Diagnostic>,
) -> usize {
    match among.get(name) {
        Some(at) => return *at,
        None if name.is_empty() || among.contains_key("") => {}
        None => {
            let unknown = Diagnostic::error(UNKNOWN_NAME, format!("there is no {kind} '{name}'"));
            let unknown = unknown.at(reading.places.of(place)).suggest(name, among.keys().map(String::as_str));
            notes.push(unknown.help(help));
        }
    }
    usize::MAX
}

fn trunk(entry: &mut Entry<'_>, reading: &mut Reading<'_>) -> Trunk {
    let user = entry.maybe_text("user", reading).filter(|user| !user.is_empty());
    let password = entry.secret("password", "password_env", reading);
    let given = entry.has("password") || entry.has("password_env");
    if user.is_some() != given {
        let message = "user and password belong together: one is given without the other";
        reading.notes.push(Diagnostic::error(CONTRADICTION, message).at(reading.places.of(entry.path())));
    }
    let target = entry.sip_target("target", reading);
    let register = entry.flag("register", reading);
    let expires = entry.duration("register_expires", reading);
    if register && (user.is_none() || target.is_none()) {
        let message = "to register with a carrier takes target, user and password";
        reading.notes.push(Diagnostic::error(CONTRADICTION, message).at(reading.places.of(entry.path())));
    }
    Trunk {
        login: user.zip(password),
        register: register.then_some(expires),
        name: entry.name("name", reading),
        addresses: entry.addresses("addresses", reading),
        target,
        transport: entry.word("transport", &TrunkTransport::ALL, reading).unwrap_or(TrunkTransport::Udp),
        caller_number: entry.maybe_written_number("caller_number", reading).map(|number| PhoneNumber::new(&number)),
    }
}

fn device(entry: &mut Entry<'_>, reading: &mut Reading<'_>) -> Device {
    let user = entry.name("user", reading);
    let password = entry.secret("password", "password_env", reading);
    if password.is_none() && !entry.has("password") && !entry.has("password_env") {
        let message = format!("{} needs password or password_env", entry.path());
        reading.notes.push(Diagnostic::error(CODES.missing, message).at(reading.places.of(entry.path())));
    }
    Device { user, password: password.unwrap_or_default(), md5: entry.flag("md5", reading) }
}

fn queue(entry: &mut Entry<'_>, at: usize, music: &str, reading: &mut Reading<'_>) -> Queue {
    let name = entry.name("name", reading);
    let title = entry.text("title", reading);
    Queue {
        id: QueueId(u32::try_from(at).unwrap_or(u32::MAX)),
        title: if title.is_empty() { name.clone() } else { title },
        name,
        department: entry.text("department", reading),
        number: entry.maybe_written_number("number", reading).map(|number| PhoneNumber::new(&number)),
        ring_limit: entry.duration("ring_limit", reading),
        wrap_up: entry.duration("wrap_up", reading),
        misses_max: entry.count("misses_max", reading),
        waiting_max: entry.count("waiting_max", reading),
        priority: entry.count("priority", reading),
        music: entry.maybe_text("music", reading).unwrap_or_else(|| music.to_owned()),
        announce: entry.words("announce", &Announcement::ALL, reading),
        announce_every: entry.duration("announce_every", reading),
        service_level: entry.duration("service_level", reading),
        service_target: entry.ratio("service_target", reading),
        short_abandon: entry.duration("short_abandon", reading),
    }
}

fn agent(entry: &mut Entry<'_>, at: usize, names: &mut Names, reading: &mut Reading<'_>) -> Agent {
    let name = entry.name("name", reading);
    let display_name = entry.text("display_name", reading);
    let department = entry.text("department", reading);
    let device = entry.name("device", reading);
    names.device(&device, &format!("{}.device", entry.path()), reading);
    let direct_number = entry.maybe_written_number("direct_number", reading).map(|number| PhoneNumber::new(&number));
    let queues = entry.names("queues", reading);
    let queues = queues
        .iter()
        .enumerate()
        .map(|(item, queue)| names.queue(queue, &format!("{}.queues[{}]", entry.path(), item + 1), reading));
    let queues = queues.collect();
    let skills = entry.levels("skills", reading);
    let skills = skills.iter().enumerate().map(|(item, (skill, level))| Requirement {
        skill: names.skill(skill, &format!("{}.skills[{}]", entry.path(), item + 1), reading),
        level: *level,
    });
    let skills = SkillSet::new(skills.collect());
    let id = AgentId(u32::try_from(at).unwrap_or(u32::MAX));
    let auto_login = entry.flag("auto_login", reading);
    Agent { id, name, display_name, department, device, direct_number, queues, skills, auto_login }
}

fn number(entry: &mut Entry<'_>, names: &mut Names, reading: &mut Reading<'_>) -> Number {
    let number = entry.number("number", reading);
    let title = entry.text("title", reading);
    let targets = targets(entry, names, reading);
    let given: Vec<&str> = TARGETS.into_iter().filter(|target| entry.has(target)).collect();
    if given.is_empty() {
        let message = format!("{} needs one of {}", entry.path(), TARGETS.join(", "));
        reading.notes.push(Diagnostic::error(CODES.missing, message).at(reading.places.of(entry.path())));
    }
    if let [first, second, ..] = given.as_slice() {
        let message = format!("{first} and {second} exclude each other: one thing answers a number");
        let place = reading.places.of(&format!("{}.{second}", entry.path()));
        reading.notes.push(Diagnostic::error(CONTRADICTION, message).at(place));
    }
    let callback_number = entry.maybe_written_number("callback_number", reading).unwrap_or_else(|| number.clone());
    Number {
        title: if title.is_empty() { number.clone() } else { title },
        number: PhoneNumber::new(&number),
        // Without a target there is an error, and so no configuration in which this one could be met.
        target: targets.into_iter().flatten().next().unwrap_or(NumberTarget::Builtin(Builtin::Echo)),
        language: entry.language("language", reading),
        callback_number: PhoneNumber::new(&callback_number),
    }
}

/// What the entry names under each of `TARGETS`.
fn targets(entry: &mut Entry<'_>, names: &mut Names, reading: &mut Reading<'_>) -> [Option<NumberTarget>; 4] {
    let flow = entry.maybe_name("flow", reading).map(NumberTarget::Flow);
    let queue = entry.maybe_name("queue", reading);
    let queue = queue.map(|name| names.queue(&name, &format!("{}.queue", entry.path()), reading));
    let agent = entry.maybe_name("agent", reading);
    let agent = agent.map(|name| names.agent(&name, &format!("{}.agent", entry.path()), reading));
    let builtin = entry.word("builtin", &Builtin::ALL, reading).map(NumberTarget::Builtin);
    [flow, queue.map(NumberTarget::Queue), agent.map(NumberTarget::Agent), builtin]
}

fn dial(entry: &mut Entry<'_>, names: &mut Names, reading: &mut Reading<'_>) -> Dial {
    let pattern = entry.pattern("pattern", reading);
    let trunk = entry.name("trunk", reading);
    names.trunk(&trunk, &format!("{}.trunk", entry.path()), reading);
    Dial { pattern, trunk }
}

/// The keys that say what answers a number, in the order in which they are preferred while there is an error.
const TARGETS: [&str; 4] = ["flow", "queue", "agent", "builtin"];
