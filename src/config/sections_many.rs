//! The table of keys of the entries of which there may be many: trunks, phones, numbers, queues, agents, dial rules.
//! As in `sections`, the loader and the reference file are made from it.

use super::key::Given::{Default, Optional, Required, Shown};
use super::key::{Section, Shape, count, key, within, within_ms};

pub(super) const TRUNK: Section = Section {
    name: "trunk",
    many: true,
    comment: "A carrier or a private branch exchange; trusted by its addresses.",
    keys: &[
        key("name", Shape::Name, Required(r#""carrier""#), "Its name, in records and dial rules."),
        key(
            "addresses",
            Shape::Addresses,
            Required(r#"["127.0.0.1"]"#),
            "What comes from here is a call of this trunk.",
        ),
        key(
            "target",
            Shape::SipTarget,
            Shown(r#""sip:127.0.0.1:5080""#),
            "Where calls out are sent; absent takes calls in only. A name is not looked up: the first of addresses is used.",
        ),
        key("transport", Shape::Word(TRANSPORTS), Default(r#""udp""#), "How calls out are sent."),
        key(
            "caller_number",
            Shape::Number,
            Optional(r#""061-280-0600""#),
            "A number of ours that calls out show; absent shows the caller's own.",
        ),
        key("user", Shape::Text, Optional(r#""0612800600""#), "Who we are to a carrier that asks for a password."),
        key("password", Shape::Secret, Optional(r#""brave-heron-lamp""#), "The password for it."),
        key(
            "password_env",
            Shape::Name,
            Optional(r#""TRUNK_PASSWORD""#),
            "Environment variable that holds the password.",
        ),
        key(
            "register",
            Shape::Flag,
            Default("false"),
            "Tells the carrier where we are, by REGISTER to its target; needs user and password.",
        ),
        key("register_expires", within(60, 86_400), Default(r#""1h""#), "The life of that registration to ask for."),
    ],
};

pub(super) const DEVICE: Section = Section {
    name: "device",
    many: true,
    comment: "A phone that registers here.",
    keys: &[
        key("user", Shape::Name, Required(r#""201""#), "User name, the part of its address before the @."),
        key("password", Shape::Secret, Shown(r#""quiet-otter-lantern""#), "Its digest password."),
        key(
            "password_env",
            Shape::Name,
            Optional(r#""PHONE_201_PASSWORD""#),
            "Environment variable that holds the password.",
        ),
        key("md5", Shape::Flag, Default("false"), "Permits MD5 to a phone that knows no SHA-256 (RFC 8760)."),
    ],
};

pub(super) const QUEUE: Section = Section {
    name: "queue",
    many: true,
    comment: "A line of callers for some agents.",
    keys: &[
        key("name", Shape::Name, Required(r#""general""#), "Its name, in flows, records and metrics."),
        key("title", Shape::Text, Default(r#""""#), "What people call it; empty means its name."),
        key("department", Shape::Text, Default(r#""""#), "Department that announcements name."),
        key(
            "number",
            Shape::Number,
            Optional(r#""061-280-0600""#),
            "Number that announcements tell callers to call back.",
        ),
        key(
            "ring_limit",
            within_ms(1_000, 60_000),
            Default(r#""6s""#),
            "An agent's phone rings this long, then the next agent's; not past the promised ring.",
        ),
        key("wrap_up", within(0, 3_600), Default(r#""30s""#), "Time for notes after a call, before the next one."),
        key(
            "misses_max",
            count(1, 20, "calls in a row"),
            Default("3"),
            "So many missed calls put the agent on a break.",
        ),
        key(
            "waiting_max",
            count(1, 10_000, "callers"),
            Default("100"),
            "Places; the next caller is told that all are taken.",
        ),
        key(
            "priority",
            count(-1_000, 1_000, ""),
            Default("0"),
            "Added to the caller's priority; higher is served first across an agent's queues.",
        ),
        key(
            "music",
            Shape::Text,
            Optional(r#""music/hold""#),
            "Clip that its callers hear; absent means that of [audio].",
        ),
        key(
            "announce",
            Shape::Words(ANNOUNCE),
            Default(r#"["position", "expected_wait"]"#),
            "What waiting callers are told, where the flow does not say.",
        ),
        key("announce_every", within(5, 600), Default(r#""30s""#), "How often they are told."),
        key(
            "service_level",
            within(1, 3_600),
            Default(r#""20s""#),
            "A call answered within this counts as answered in time.",
        ),
        key("service_target", Shape::Ratio, Default("0.88"), "Share of calls to be answered in time."),
        key("short_abandon", within(0, 60), Default(r#""5s""#), "Who hangs up earlier than this never counted."),
    ],
};

pub(super) const AGENT: Section = Section {
    name: "agent",
    many: true,
    comment: "A person who takes calls.",
    keys: &[
        key("name", Shape::Name, Required(r#""a-201""#), "Identity in records; never spoken."),
        key(
            "display_name",
            Shape::Text,
            Required(r#""김하늘""#),
            "Name that callers hear and pages show; a stage name will do.",
        ),
        key("department", Shape::Text, Default(r#""""#), "Department that announcements name."),
        key("device", Shape::Name, Required(r#""201""#), "User of the [[device]] that rings."),
        key(
            "direct_number",
            Shape::Number,
            Shown(r#""201""#),
            "Number that reaches this person directly, and that transfers announce.",
        ),
        key("queues", Shape::Names, Shown(r#"["general"]"#), "Queues whose callers this person takes."),
        key("skills", Shape::Levels, Default("{}"), "How good at what: level 10 is an expert."),
        key(
            "auto_login",
            Shape::Flag,
            Default("false"),
            "Receives calls as soon as the phone registers, without dialling the login code.",
        ),
    ],
};

pub(super) const NUMBER: Section = Section {
    name: "number",
    many: true,
    comment: "A number that can be called, and what answers it: one of flow, queue, agent or builtin.",
    keys: &[
        key("number", Shape::Number, Required(r#""1300""#), "The number as it arrives."),
        key("title", Shape::Text, Default(r#""""#), "What pages call it; empty means the number."),
        key("flow", Shape::Name, Optional(r#""postal-ko""#), "A menu answers."),
        key("queue", Shape::Name, Shown(r#""general""#), "The callers wait for an agent at once."),
        key("agent", Shape::Name, Optional(r#""a-201""#), "A person's phone rings."),
        key("builtin", Shape::Word(BUILTIN), Optional(r#""echo""#), "A test answers."),
        key(
            "language",
            Shape::Language,
            Optional(r#""ko-KR""#),
            "Language of what the server says on it; absent means the flow's, then the server's.",
        ),
        key(
            "callback_number",
            Shape::Number,
            Optional(r#""061-280-0600""#),
            "Number to call back, told when who follows has none of its own; absent means the number itself.",
        ),
    ],
};

pub(super) const DIAL: Section = Section {
    name: "dial",
    many: true,
    comment: "Where transfers and callbacks may go outside; the first rule that fits counts, and none means no.",
    keys: &[
        key(
            "pattern",
            Shape::Pattern,
            Required(r#""010xxxxxxxx""#),
            "Numbers: digits, x for any digit, * at the end for any more.",
        ),
        key("trunk", Shape::Name, Required(r#""carrier""#), "The [[trunk]] that carries them."),
    ],
};

pub(super) const TRANSPORTS: &[&str] = &["udp", "tcp"];
pub(super) const ANNOUNCE: &[&str] = &["position", "expected_wait"];
pub(super) const BUILTIN: &[&str] = &["echo", "tones", "read_number"];
