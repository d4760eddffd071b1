//! The table of keys of the sections that stand once. Each line is a key, its bounds, its default and its comment; the
//! loader, the reference file and `check --effective` are all made from it.

use super::key::Given::{Default, Optional};
use super::key::{Section, Shape, count, key, within, within_ms};

pub(super) const SERVER: Section = Section {
    name: "server",
    many: false,
    comment: "The whole server.",
    keys: &[
        key("title", Shape::Text, Default(r#""Thirdring""#), "Name of the centre, as pages and announcements show it."),
        key(
            "data",
            Shape::Path,
            Default(r#""data""#),
            "Folder of the database and of recorded messages; empty keeps all in memory, gone at exit.",
        ),
        key(
            "language",
            Shape::Language,
            Default(r#""ko-KR""#),
            "Spoken where neither the flow nor the number says otherwise.",
        ),
        key(
            "timezone",
            Shape::Timezone,
            Default(r#""Asia/Seoul""#),
            "IANA time zone of working hours, reports and due dates.",
        ),
        key(
            "calls_max",
            count(1, 20_000, "calls"),
            Default("500"),
            "Calls at once; the next one is told to try again later (503).",
        ),
        key("drain", within(0, 86_400), Default(r#""5m""#), "At shutdown, how long running calls may finish."),
        key("log", Shape::Word(LOG_LEVELS), Default(r#""info""#), "How much is logged."),
    ],
};

pub(super) const SECURITY: Section = Section {
    name: "security",
    many: false,
    comment: "Consent to be reachable, and what happens to those who guess passwords.",
    keys: &[
        key(
            "beyond_loopback",
            Shape::Flag,
            Default("false"),
            "Permits listening on addresses that other machines reach; passwords must then be strong.",
        ),
        key(
            "ban_after",
            count(0, 1_000, "passwords"),
            Default("20"),
            "Wrong SIP passwords of one address in a row until nothing from there is looked at; 0 for never.",
        ),
        key("ban_life", within(60, 604_800), Default(r#""15m""#), "How long that lasts."),
    ],
};

pub(super) const SIP: Section = Section {
    name: "sip",
    many: false,
    comment: "Signalling (RFC 3261).",
    keys: &[
        key("listen_udp", Shape::Sockets, Default(r#"["127.0.0.1:5060"]"#), "Where SIP over UDP is received."),
        key("listen_tcp", Shape::Sockets, Default(r#"["127.0.0.1:5060"]"#), "Where SIP over TCP is received."),
        key(
            "realm",
            Shape::Text,
            Default(r#""thirdring""#),
            "Realm of the digest challenge; part of every stored password hash.",
        ),
        key("domains", Shape::Hosts, Default("[]"), "Host names that are ours, besides the addresses we listen on."),
        key(
            "advertised",
            Shape::Address,
            Optional(r#""192.0.2.10""#),
            "What peers are told to reach, when it differs from the listening address.",
        ),
        key(
            "t1",
            within_ms(100, 5_000),
            Default(r#""500ms""#),
            "Estimated round-trip time; retransmissions begin with it (RFC 3261 17.1.1.1).",
        ),
        key(
            "invite_timeout",
            within(30, 600),
            Default(r#""3m""#),
            "How long a call out may ring before we give it up (Timer C).",
        ),
        key(
            "session_expires",
            within(0, 86_400),
            Default(r#""30m""#),
            "Life of a call without a refresh (RFC 4028); at least session_expires_min, 0 for no session timers.",
        ),
        key(
            "session_expires_min",
            within(90, 86_400),
            Default(r#""90s""#),
            "Shortest such life that is taken; shorter ones are answered 422.",
        ),
        key("nonce_life", within(10, 3_600), Default(r#""5m""#), "How long a digest nonce is good."),
        key(
            "register_min",
            within(10, 86_400),
            Default(r#""60s""#),
            "Shortest registration; shorter ones are answered 423.",
        ),
        key("register_default", within(10, 86_400), Default(r#""5m""#), "Registration of a phone that names no time."),
        key(
            "register_max",
            within(10, 604_800),
            Default(r#""1h""#),
            "Longest registration; longer ones are cut to it.",
        ),
        key(
            "user_agent",
            Shape::Text,
            Default(r#""Thirdring""#),
            "The Server and User-Agent header; empty sends none.",
        ),
    ],
};

pub(super) const MEDIA: Section = Section {
    name: "media",
    many: false,
    comment: "Audio (RFC 3550).",
    keys: &[
        key("address", Shape::Address, Default(r#""127.0.0.1""#), "Where RTP is received."),
        key("advertised", Shape::Address, Optional(r#""192.0.2.10""#), "What SDP names, when it differs from address."),
        key(
            "port_first",
            count(1_024, 65_534, "even port"),
            Default("20000"),
            "First RTP port; RTCP takes the odd one above each.",
        ),
        key(
            "port_last",
            count(1_025, 65_535, "port"),
            Default("23999"),
            "Last port; calls_max x 4 legs x 2 ports must fit between the two.",
        ),
        key(
            "codecs",
            Shape::Words(CODECS),
            Default(r#"["PCMU", "PCMA"]"#),
            "Codecs we offer, best first (ITU-T G.711).",
        ),
        key(
            "media_timeout",
            within(5, 600),
            Default(r#""20s""#),
            "A call without any audio packet this long ends; calls on hold do not.",
        ),
        key(
            "threads",
            count(1, 64, "threads"),
            Default("1"),
            "Threads that carry audio; one carries some hundred calls.",
        ),
    ],
};

pub(super) const HTTP: Section = Section {
    name: "http",
    many: false,
    comment: "Live page, programming interface and health probes.",
    keys: &[
        key("listen", Shape::Socket, Default(r#""127.0.0.1:8080""#), "Where HTTP is received."),
        key(
            "hosts",
            Shape::Hosts,
            Default("[]"),
            "Further names that browsers may ask for us by, such as a reverse proxy's; addresses and localhost always may.",
        ),
        key(
            "user",
            Shape::Name,
            Default(r#""admin""#),
            "Who may see it (HTTP Basic, RFC 7617), when there is a password.",
        ),
        key(
            "password",
            Shape::Secret,
            Optional(r#""correct-horse-battery""#),
            "The password; without one everybody who reaches the address may see it.",
        ),
        key(
            "password_env",
            Shape::Name,
            Optional(r#""THIRDRING_HTTP_PASSWORD""#),
            "Environment variable that holds the password.",
        ),
    ],
};

pub(super) const METRICS: Section = Section {
    name: "metrics",
    many: false,
    comment: "Prometheus metrics; they hold no telephone numbers.",
    keys: &[key(
        "listen",
        Shape::Socket,
        Optional(r#""127.0.0.1:9100""#),
        "A listener of its own for /metrics, without password; absent serves it on [http].",
    )],
};

pub(super) const AUDIO: Section = Section {
    name: "audio",
    many: false,
    comment: "Recorded announcements and music.",
    keys: &[
        key(
            "folder",
            Shape::Path,
            Optional(r#""audio""#),
            "Folder of WAV files; one replaces the built-in clip of the same name.",
        ),
        key("music", Shape::Text, Default(r#""music/hold""#), "Clip that callers hear while they wait."),
    ],
};

pub(super) const IVR: Section = Section {
    name: "ivr",
    many: false,
    comment: "Menus.",
    keys: &[
        key("flows", Shape::Path, Optional(r#""ivr-flows""#), "Folder of flow files; absent uses the built-in flows."),
        key(
            "always_open",
            Shape::Flag,
            Default("false"),
            "Takes every opening hour of every flow as open: for development and tests only.",
        ),
    ],
};

pub(super) const HTTP_FETCH: Section = Section {
    name: "http_fetch",
    many: false,
    comment: "Bounds of what flows fetch from other systems.",
    keys: &[
        key(
            "timeout_max",
            within_ms(100, 30_000),
            Default(r#""5s""#),
            "Longest wait for one answer; a flow may ask for less.",
        ),
        key("bytes_max", count(256, 1_048_576, "bytes"), Default("65536"), "Longest answer; more is a failure."),
        key(
            "parallel_max",
            count(1, 1_000, "requests"),
            Default("32"),
            "Requests at once; the next one fails, and its caller meets an agent.",
        ),
        key("hosts", Shape::Hosts, Default("[]"), "Hosts that flows may ask; empty permits any."),
    ],
};

pub(super) const POLICY: Section = Section {
    name: "policy",
    many: false,
    comment: "What callers are promised.",
    keys: &[
        key("ring_on", within_ms(100, 10_000), Default(r#""1s""#), "Length of one ring of the country's cadence."),
        key("ring_off", within_ms(100, 10_000), Default(r#""2s""#), "Silence between two rings."),
        key(
            "answer_before_ring",
            count(2, 10, "ring"),
            Default("3"),
            "Calls are answered before this ring begins: ring k begins at (k - 1) x (ring_on + ring_off).",
        ),
        key(
            "guard",
            within_ms(500, 60_000),
            Default(r#""5s""#),
            "A direct call that nobody took by now is answered by the server.",
        ),
        key(
            "transfer_ring_limit",
            within(3, 120),
            Default(r#""20s""#),
            "A person is rung this long for a transferred call; then the caller comes back.",
        ),
        key(
            "max_wait",
            within(5, 86_400),
            Default(r#""3m""#),
            "Longest wait in a queue that counts as a promise kept.",
        ),
        key(
            "transfer_announcement",
            Shape::Flag,
            Default("true"),
            "Before a transfer the caller hears who follows, and the number to call should the line drop.",
        ),
        key(
            "hangup",
            Shape::Word(HANGUP),
            Default(r#""caller_first""#),
            "When the agent hangs up: closing words, and time for the caller to hang up first; or the end.",
        ),
        key("closing_wait", within(0, 60), Default(r#""10s""#), "How long the caller has for that."),
    ],
};

pub(super) const FEATURE_CODES: Section = Section {
    name: "feature_codes",
    many: false,
    comment: "What agents dial on their phones.",
    keys: &[
        key("login", Shape::Number, Default(r#""*11""#), "Begin to receive calls."),
        key("logout", Shape::Number, Default(r#""*12""#), "Stop for the day."),
        key("pause", Shape::Number, Default(r#""*13""#), "Take a break; a digit behind it names the reason."),
        key("resume", Shape::Number, Default(r#""*14""#), "End the break, or the wrap-up."),
        key(
            "pause_reasons",
            Shape::Names,
            Default(r#"["break", "meal", "training", "meeting"]"#),
            "Reasons of digits 1, 2, ...; at most nine.",
        ),
    ],
};

pub(super) const SKILLS: Section = Section {
    name: "skills",
    many: false,
    comment: "What agents can be good at.",
    keys: &[key("names", Shape::Names, Default("[]"), "Names of the skills that agents have and flows ask for.")],
};

pub(super) const LOG_LEVELS: &[&str] = &["error", "warn", "info", "debug"];
pub(super) const CODECS: &[&str] = &["PCMU", "PCMA"];
pub(super) const HANGUP: &[&str] = &["caller_first", "either"];
