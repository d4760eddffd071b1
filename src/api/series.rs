//! The metrics that events count: their names, labels and edges, each label value created at zero. Never looks at
//! an event; `metrics` decides what counts where. Names and labels are an interface: dashboards and alerts hold them.

use prometheus_client::encoding::EncodeMetric;
use prometheus_client::metrics::TypedMetric;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::metrics::Vocabulary;
use crate::center::event::{MissedWhy, Promise, QueueExit, Verdict};
use crate::model::{CallDirection, Codec, EndedBy, Outcome};

/// A metric with `N` labels, found by the label values in the order of the keys.
#[derive(Debug)]
pub(super) struct Table<M, const N: usize> {
    keys: [&'static str; N],
    family: Family<Labels<N>, M, fn() -> M>,
}

type Labels<const N: usize> = [(&'static str, String); N];

/// A counter of seconds.
pub(super) type Seconds = Counter<f64, std::sync::atomic::AtomicU64>;

impl<M: Clone + EncodeMetric + TypedMetric, const N: usize> Table<M, N> {
    fn register(
        registry: &mut Registry,
        name: &str,
        help: &str,
        keys: [&'static str; N],
        make: fn() -> M,
    ) -> Table<M, N>
    where
        M: std::fmt::Debug + Send + Sync + 'static,
    {
        let family = Family::new_with_constructor(make);
        registry.register(name, help, family.clone());
        Table { keys, family }
    }

    /// The series of these label values, created at zero when it is new.
    pub(super) fn of(&self, values: [&str; N]) -> M {
        let mut at = 0;
        let labels = values.map(|value| {
            let label = (self.keys[at], value.to_owned());
            at += 1;
            label
        });
        self.family.get_or_create_owned(&labels)
    }
}

/// Everything that is counted from the event log.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) calls: Table<Counter, 2>,
    pub(super) call_duration: Table<Histogram, 2>,
    pub(super) call_setup: Table<Histogram, 1>,
    pub(super) hangups: Table<Counter, 2>,
    pub(super) charter: Table<Counter, 3>,
    pub(super) answer_ring: Table<Histogram, 1>,
    pub(super) entered: Table<Counter, 1>,
    pub(super) exits: Table<Counter, 2>,
    pub(super) wait: Table<Histogram, 2>,
    pub(super) within_sla: Table<Counter, 1>,
    pub(super) short_abandons: Table<Counter, 1>,
    pub(super) offers: Table<Counter, 2>,
    pub(super) handle: Table<Histogram, 1>,
    pub(super) pause: Table<Seconds, 1>,
    pub(super) node_visits: Table<Counter, 2>,
    pub(super) ivr_exits: Table<Counter, 2>,
    pub(super) prompts_missing: Counter,
    pub(super) tasks: Table<Counter, 1>,
    pub(super) transfers: Table<Counter, 1>,
    pub(super) auth_failures: Counter,
    pub(super) trunk_up: Table<Gauge, 1>,
    pub(super) packets: Table<Counter, 3>,
    pub(super) packets_expected: Table<Counter, 2>,
    pub(super) packets_lost: Table<Counter, 2>,
    pub(super) jitter: Table<Histogram, 2>,
    pub(super) one_way: Table<Counter, 1>,
    pub(super) no_media: Table<Counter, 1>,
    pub(super) digits: Table<Counter, 1>,
}

impl Series {
    /// Registers every metric below the prefix of `registry`.
    pub(super) fn register(registry: &mut Registry) -> Series {
        let r = registry;
        Series {
            calls: counter(r, "calls", &format!("Calls that ended; {DIRECTIONS}"), ["direction", "outcome"]),
            call_duration: promised(
                r,
                "call_duration_seconds",
                "Calls from INVITE to the end, all but service; outcome other is every one but answered, abandoned and \
                 self_service",
                ["direction", "outcome"],
            ),
            call_setup: Table::register(
                r,
                "call_setup_seconds",
                "From INVITE to our 200, of answered calls, all but service",
                ["direction"],
                || Histogram::new(SETUP_EDGES),
            ),
            hangups: counter(r, "call_hangups", "Who ended answered calls, all but service", ["by", "queue"]),
            charter: counter(
                r,
                "charter_checks",
                "Promises of the service charter, checked call by call",
                ["promise", "result", "queue"],
            ),
            trunk_up: Table::register(
                r,
                "trunk_up",
                "Whether a carrier has our registration; trunks that need none have no series",
                ["trunk"],
                Gauge::default,
            ),
            answer_ring: promised(
                r,
                "answer_ring_seconds",
                "Ringing heard before the answer: by callers of direct numbers and of flows, and by agents; no calls \
                 outbound or service",
                ["entry"],
            ),
            entered: counter(r, "queue_entered", "Callers who entered a queue", ["queue"]),
            exits: counter(r, "queue_exits", "Callers who left a queue, by reason", ["queue", "reason"]),
            wait: promised(
                r,
                "queue_wait_seconds",
                "Wait until the caller left the queue; outcome other is every reason but answered and abandoned",
                ["queue", "outcome"],
            ),
            within_sla: counter(
                r,
                "queue_answered_within_sla",
                "Callers answered within the queue's own threshold",
                ["queue"],
            ),
            short_abandons: counter(
                r,
                "queue_short_abandons",
                "Callers who gave up so soon that the service level leaves them out",
                ["queue"],
            ),
            offers: counter(r, "agent_offers", "Offers to agents, by what became of them", ["queue", "result"]),
            handle: promised(r, "agent_handle_seconds", "Work on one call, by phase", ["phase"]),
            pause: Table::register(
                r,
                "agent_pause_seconds",
                "Time of agents in ended breaks, by reason",
                ["reason"],
                Seconds::default,
            ),
            node_visits: counter(r, "ivr_node_visits", "Visits of menu nodes", ["flow", "node"]),
            ivr_exits: counter(r, "ivr_exits", "Callers who left a flow", ["flow", "outcome"]),
            prompts_missing: alone(r, "prompts_missing", "Prompts without a recording, heard as a tone"),
            tasks: counter(r, "tasks_created", "Work left for people", ["kind"]),
            transfers: counter(r, "transfers", "Transfers that ended", ["result"]),
            auth_failures: alone(r, "sip_auth_failures", "Requests with a wrong user or password"),
            packets: counter(r, "rtp_packets", "RTP packets of ended legs", ["leg", "direction", "codec"]),
            packets_expected: counter(
                r,
                "rtp_packets_expected",
                "RTP packets that ended legs should have received",
                ["leg", "codec"],
            ),
            packets_lost: counter(r, "rtp_packets_lost", "RTP packets that ended legs missed", ["leg", "codec"]),
            jitter: Table::register(
                r,
                "rtp_jitter_seconds",
                "Interarrival jitter of ended legs (RFC 3550 6.4.1)",
                ["leg", "codec"],
                || Histogram::new(JITTER_EDGES),
            ),
            one_way: counter(r, "calls_one_way_audio", "Answered legs that we spoke to and never heard", ["leg"]),
            no_media: counter(r, "calls_no_media", "Answered legs without a packet in either direction", ["leg"]),
            digits: counter(r, "dtmf_events", "Keys pressed in menus", ["leg"]),
        }
    }

    /// Creates every series that can be named in advance, so that the first event already shows as an increase.
    pub(super) fn create(&self, words: &Vocabulary) {
        let queues: Vec<&str> = words.names.queues().iter().map(String::as_str).collect();
        let queues_and_none = || queues.iter().copied().chain([NO_QUEUE]);
        for direction in CallDirection::ALL.map(CallDirection::word) {
            Outcome::ALL.iter().for_each(|outcome| drop(self.calls.of([direction, outcome.word()])));
        }
        for direction in TIMED.map(CallDirection::word) {
            Outcome::ALL.map(timed_outcome).iter().for_each(|word| drop(self.call_duration.of([direction, word])));
            self.call_setup.of([direction]);
        }
        for queue in queues_and_none() {
            EndedBy::ALL.iter().for_each(|by| drop(self.hangups.of([by.word(), queue])));
            self.offers.of([queue, ACCEPTED]);
            MissedWhy::ALL.iter().for_each(|why| drop(self.offers.of([queue, why.word()])));
            for promise in Promise::ALL {
                Verdict::ALL.iter().for_each(|result| drop(self.charter.of([promise.word(), result.word(), queue])));
            }
        }
        ["direct", "queue", "agent_offer"].iter().for_each(|entry| drop(self.answer_ring.of([entry])));
        for queue in queues {
            self.entered.of([queue]);
            QueueExit::ALL.iter().for_each(|why| drop(self.exits.of([queue, why.word()])));
            ["answered", "abandoned"].iter().for_each(|outcome| drop(self.wait.of([queue, outcome])));
            self.within_sla.of([queue]);
            self.short_abandons.of([queue]);
        }
        ["talk", "hold", "wrapup"].iter().for_each(|phase| drop(self.handle.of([phase])));
        words.pause_reasons.iter().for_each(|reason| drop(self.pause.of([reason])));
        self.pause.of([OTHER]);
        ["callback", "voice_message", "text_message", "ticket"].iter().for_each(|kind| drop(self.tasks.of([kind])));
        ["completed", "failed"].iter().for_each(|result| drop(self.transfers.of([result])));
        for leg in LEG_KINDS {
            self.one_way.of([leg]);
            self.no_media.of([leg]);
            self.digits.of([leg]);
            for codec in Codec::ALL {
                self.packets.of([leg, "received", codec.name()]);
                self.packets.of([leg, "sent", codec.name()]);
                self.packets_expected.of([leg, codec.name()]);
                self.packets_lost.of([leg, codec.name()]);
                self.jitter.of([leg, codec.name()]);
            }
        }
    }
}

/// The outcome as durations tell it: the rest is too rare, or too short, for buckets of its own.
pub(super) fn timed_outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Answered | Outcome::Abandoned | Outcome::SelfService => outcome.word(),
        _ => OTHER,
    }
}

fn counter<const N: usize>(
    registry: &mut Registry,
    name: &str,
    help: &str,
    keys: [&'static str; N],
) -> Table<Counter, N> {
    Table::register(registry, name, help, keys, Counter::default)
}

fn alone(registry: &mut Registry, name: &str, help: &str) -> Counter {
    let counter = Counter::default();
    registry.register(name, help, counter.clone());
    counter
}

fn promised<const N: usize>(
    registry: &mut Registry,
    name: &str,
    help: &str,
    keys: [&'static str; N],
) -> Table<Histogram, N> {
    Table::register(registry, name, help, keys, || Histogram::new(PROMISE_EDGES))
}

/// The edges of what is promised, in seconds: a ring starts each 3 s, 20 s is the service level, 180 s the longest
/// wait, 900 s the long call.
pub(super) const PROMISE_EDGES: [f64; 16] =
    [3.0, 6.0, 9.0, 12.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 240.0, 300.0, 600.0, 900.0];

/// Set-up is our own work, in milliseconds when all is well; beyond 6 s the third ring has begun.
const SETUP_EDGES: [f64; 10] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 3.0, 6.0, 9.0];

/// A jitter buffer of 60 ms hides what lies below.
const JITTER_EDGES: [f64; 8] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.06, 0.12];

/// Calls whose times are told: an echo test of an hour would hide how long people talk.
pub(super) const TIMED: [CallDirection; 3] = [CallDirection::Inbound, CallDirection::Outbound, CallDirection::Internal];
/// What the label `direction` says.
pub(super) const DIRECTIONS: &str = "inbound from outside to a hotline, queue or person, outbound from a phone of the \
     house beyond the trunks, internal from a phone of the house to a hotline or colleague, service for feature codes, \
     test numbers and numbers that lead nowhere";
/// The queue label of calls that never saw a queue.
pub(super) const NO_QUEUE: &str = "_none";
/// Where a bounded label puts what it does not know.
pub(super) const OTHER: &str = "other";
/// The result of an offer that became a conversation.
pub(super) const ACCEPTED: &str = "accepted";
/// Whose legs: a caller's from a trunk, an agent's, anybody else's in the house.
pub(super) const LEG_KINDS: [&str; 3] = ["trunk", "agent", "internal"];
