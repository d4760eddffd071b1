//! Metrics for Prometheus: a reader of the event log beside the live numbers. It never decides, never stores, and
//! never puts a telephone number, a call or an agent in a label. OpenMetrics 1.0, Prometheus text format 0.0.4.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus_client::registry::Registry;

use super::exposition::{Format, classic};
use super::flow_labels::FlowLabels;
use super::gauges::Latest;
use super::plumbing::Plumbing;
use super::process::Process;
use super::series::{ACCEPTED, LEG_KINDS, NO_QUEUE, OTHER, Series, TIMED, timed_outcome};
use crate::center::board::Board;
use crate::center::event::{
    AgentWord, CallRecord, CallSource, Event, EventKind, LegRecord, LegRole, QueueExit, Verdict,
};
use crate::model::{AgentId, CallDirection, CallId, QueueId};
use crate::store::Names;

/// The words that bound the labels, known from the configuration at start.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary {
    pub names: Names,
    /// By queue, in the order of `names`: who gives up sooner is left out of the service level. Missing means 5 s.
    pub short_abandon: Vec<Duration>,
    /// Flows and their nodes; the first few hundred nodes get a series, the rest share `other`.
    pub flows: Vec<(String, Vec<String>)>,
    /// Reasons for breaks that get a series; any other counts as `other`.
    pub pause_reasons: Vec<String>,
    /// This program's version.
    pub version: String,
}

/// All metrics. `observe` and `encode` take `&self` and may run on different threads; neither waits for the other
/// longer than one number takes.
#[derive(Debug)]
pub struct Metrics {
    words: Vocabulary,
    flows: Mutex<FlowLabels>,
    series: Series,
    memory: Mutex<Memory>,
    latest: Arc<Latest>,
    registry: Registry,
}

/// What one event needs to know from earlier ones.
#[derive(Debug, Default)]
struct Memory {
    calls: BTreeMap<CallId, CallMemory>,
    agents: BTreeMap<AgentId, (AgentWord, Option<String>)>,
    /// Outcomes of flows seen so far, by flow: free words, so only the first few get a series.
    outcomes: BTreeSet<(String, String)>,
}

#[derive(Clone, Copy, Debug)]
struct CallMemory {
    from_trunk: bool,
    direction: CallDirection,
    /// How long it rang, until it is known whose clock that was.
    rang_ms: Option<u64>,
}

impl Metrics {
    /// Every series that can be named in advance, at zero.
    #[must_use]
    pub fn new(words: Vocabulary) -> Metrics {
        let mut registry = Registry::default();
        let latest = Arc::new(Latest::new(words.version.clone()));
        let own = registry.sub_registry_with_prefix("thirdring");
        let series = Series::register(own);
        own.register_collector(Box::new(Arc::clone(&latest)));
        registry.register_collector(Box::new(Process::new()));
        series.create(&words);
        let metrics = Metrics { words, flows: Mutex::default(), series, memory: Mutex::default(), latest, registry };
        metrics.learn_flows(&metrics.words.flows);
        metrics
    }

    /// Takes the flows and nodes that a reload brought, while there is room for more series.
    pub fn learn_flows(&self, flows: &[(String, Vec<String>)]) {
        self.flow_labels().learn(flows, &self.series);
    }

    /// Takes the counters of the shells; called a few times a second at most.
    pub fn set_plumbing(&self, plumbing: Plumbing) {
        self.latest.set_plumbing(plumbing);
    }

    /// The whole exposition with the live numbers of `board`; ages are measured to `now_unix_ms`.
    #[must_use]
    pub fn encode(&self, board: &Arc<Board>, now_unix_ms: i64, live_clients: usize, format: Format) -> String {
        self.latest.set_board(Arc::clone(board), now_unix_ms, live_clients);
        let mut text = String::with_capacity(256 * 1024);
        // Writing to a String cannot fail, and our collectors pass on nothing but such writes.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        match format {
            Format::OpenMetrics => text,
            Format::Classic => classic(&text),
        }
    }

    /// Counts one event.
    pub fn observe(&self, event: &Event) {
        let series = &self.series;
        match &event.kind {
            EventKind::ConfigReloaded { ok, .. } => self.latest.set_reload(*ok),
            EventKind::CallReceived { source, direction, .. } => self.remember_call(event.call, source, *direction),
            EventKind::CallAnswered { rang_ms } => self.remember_ringing(event.call, *rang_ms),
            EventKind::IvrEntered { .. } => self.ringing_was(event.call, "queue"),
            EventKind::CallConnected { queue: None, .. } => self.ringing_was(event.call, "direct"),
            EventKind::CallEnded { record } => self.call_ended(record),
            EventKind::LegEnded { record } => self.leg_ended(record),
            EventKind::IvrVisited { flow, node } => self.visited(flow, node),
            EventKind::IvrKeyPressed { .. } => drop(series.digits.of([self.caller_leg(event.call)]).inc()),
            EventKind::IvrLeft { flow, outcome, .. } => self.left_flow(flow, outcome),
            EventKind::PromptMissing { .. } => drop(series.prompts_missing.inc()),
            EventKind::CallerEntered { queue, .. } => drop(series.entered.of([&self.queue(*queue)]).inc()),
            EventKind::CallerAnswered { queue, waited_ms, rang_ms, within_target, .. } => {
                self.caller_answered(*queue, *waited_ms, *rang_ms, *within_target);
            }
            EventKind::CallerLeft { queue, why, waited_ms } => self.caller_left(*queue, *why, *waited_ms),
            EventKind::OfferMissed { queue, why, .. } => {
                let queue = queue.map_or(NO_QUEUE.to_owned(), |queue| self.queue(queue));
                series.offers.of([&queue, why.word()]).inc();
            }
            EventKind::AgentStateChanged { agent, state, reason, lasted_ms } => {
                self.agent_changed(*agent, *state, reason.as_deref(), *lasted_ms);
            }
            EventKind::TransferCompleted { .. } => drop(series.transfers.of(["completed"]).inc()),
            EventKind::TransferFailed { .. } => drop(series.transfers.of(["failed"]).inc()),
            EventKind::CharterChecked { promise, verdict, queue, .. } => {
                self.promise_checked(promise.word(), *verdict, *queue);
            }
            EventKind::TaskCreated { record } => drop(series.tasks.of([record.kind.word()]).inc()),
            EventKind::TrunkRegistration { trunk, ok, .. } => drop(series.trunk_up.of([trunk]).set(i64::from(*ok))),
            EventKind::AuthFailed { .. } => drop(series.auth_failures.inc()),
            _ => {}
        }
    }

    fn call_ended(&self, record: &CallRecord) {
        let series = &self.series;
        self.ringing_was(Some(record.call), if record.flow.is_empty() { "direct" } else { "queue" });
        let direction = record.direction.word();
        series.calls.of([direction, record.outcome.word()]).inc();
        if !TIMED.contains(&record.direction) {
            return;
        }
        let lasted = between(record.received_ms, record.ended_ms);
        series.call_duration.of([direction, timed_outcome(record.outcome)]).observe(lasted);
        if let Some(answered_ms) = record.answered_ms {
            series.call_setup.of([direction]).observe(between(record.received_ms, answered_ms));
            series.hangups.of([record.ended_by.word(), self.known_queue(&record.queue)]).inc();
        }
        if record.talked_ms > 0 {
            series.handle.of(["talk"]).observe(seconds(record.talked_ms.saturating_sub(record.held_ms)));
            series.handle.of(["hold"]).observe(seconds(record.held_ms));
        }
    }

    fn leg_ended(&self, record: &LegRecord) {
        let series = &self.series;
        let leg = match record.role {
            LegRole::Caller => self.caller_leg(Some(record.call)),
            LegRole::Agent => LEG_KINDS[1],
            LegRole::Target => LEG_KINDS[2],
        };
        if record.answered_ms.is_some() && record.packets_received == 0 {
            let silent = if record.packets_sent > 0 { &series.one_way } else { &series.no_media };
            silent.of([leg]).inc();
        }
        let Some(codec) = record.codec else { return };
        series.packets.of([leg, "received", codec.name()]).inc_by(record.packets_received);
        series.packets.of([leg, "sent", codec.name()]).inc_by(record.packets_sent);
        series.packets_expected.of([leg, codec.name()]).inc_by(record.packets_received + record.packets_lost);
        series.packets_lost.of([leg, codec.name()]).inc_by(record.packets_lost);
        if record.packets_received > 0 {
            series.jitter.of([leg, codec.name()]).observe(record.jitter_us as f64 / 1e6);
        }
    }

    fn caller_answered(&self, queue: QueueId, waited_ms: u64, rang_ms: u64, within_target: bool) {
        let (series, queue) = (&self.series, self.queue(queue));
        series.exits.of([&queue, QueueExit::Answered.word()]).inc();
        series.wait.of([&queue, "answered"]).observe(seconds(waited_ms));
        series.offers.of([&queue, ACCEPTED]).inc();
        series.answer_ring.of(["agent_offer"]).observe(seconds(rang_ms));
        if within_target {
            series.within_sla.of([&queue]).inc();
        }
    }

    fn caller_left(&self, id: QueueId, why: QueueExit, waited_ms: u64) {
        // Being answered is told by `queue.caller_answered`; the same told again as leaving must not count twice.
        if why == QueueExit::Answered {
            return;
        }
        let (series, queue) = (&self.series, self.queue(id));
        series.exits.of([&queue, why.word()]).inc();
        let outcome = if why == QueueExit::Abandoned { "abandoned" } else { OTHER };
        series.wait.of([&queue, outcome]).observe(seconds(waited_ms));
        let short = usize::try_from(id.0).ok().and_then(|at| self.words.short_abandon.get(at)).copied();
        if why == QueueExit::Abandoned && Duration::from_millis(waited_ms) < short.unwrap_or(SHORT_ABANDON_USUAL) {
            series.short_abandons.of([&queue]).inc();
        }
    }

    /// `lasted_ms` is how long the state before this one held.
    fn agent_changed(&self, agent: AgentId, state: AgentWord, reason: Option<&str>, lasted_ms: u64) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let before = memory.agents.insert(agent, (state, reason.map(str::to_owned)));
        drop(memory);
        match before {
            Some((AgentWord::Wrapup, _)) => self.series.handle.of(["wrapup"]).observe(seconds(lasted_ms)),
            Some((AgentWord::Away, reason)) => {
                let known = reason.filter(|reason| self.words.pause_reasons.contains(reason));
                self.series.pause.of([known.as_deref().unwrap_or(OTHER)]).inc_by(seconds(lasted_ms));
            }
            _ => {}
        }
    }

    fn promise_checked(&self, promise: &str, verdict: Verdict, queue: Option<QueueId>) {
        let queue = queue.map_or(NO_QUEUE.to_owned(), |queue| self.queue(queue));
        self.series.charter.of([promise, verdict.word(), &queue]).inc();
    }

    fn visited(&self, flow: &str, node: &str) {
        let labels = self.flow_labels();
        self.series.node_visits.of([labels.flow(flow), labels.node(flow, node)]).inc();
    }

    fn flow_labels(&self) -> MutexGuard<'_, FlowLabels> {
        self.flows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn left_flow(&self, flow: &str, outcome: &str) {
        let flow = self.flow_labels().flow(flow);
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let pair = (flow.to_owned(), outcome.to_owned());
        // An outcome may name a number that the caller was sent to: such a word never becomes a label.
        let harmless = outcome.chars().filter(char::is_ascii_digit).count() < 4;
        let room = memory.outcomes.len() < FLOW_OUTCOMES_MAX;
        let known = harmless && (room || memory.outcomes.contains(&pair));
        if known {
            memory.outcomes.insert(pair);
        }
        drop(memory);
        self.series.ivr_exits.of([flow, if known { outcome } else { OTHER }]).inc();
    }

    fn remember_call(&self, call: Option<CallId>, source: &CallSource, direction: CallDirection) {
        let Some(call) = call else { return };
        let from_trunk = matches!(source, CallSource::Trunk(_));
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.calls.insert(call, CallMemory { from_trunk, direction, rang_ms: None });
        if memory.calls.len() > CALLS_REMEMBERED_MAX {
            // Ids count upwards, so the first is the oldest.
            memory.calls.pop_first();
        }
    }

    fn remember_ringing(&self, call: Option<CallId>, rang_ms: u64) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        // How long somebody outside lets it ring is not ours to answer for, and service numbers ring nobody.
        let ours = |call: &&mut CallMemory| matches!(call.direction, CallDirection::Inbound | CallDirection::Internal);
        if let Some(call) = call.and_then(|call| memory.calls.get_mut(&call)).filter(ours) {
            call.rang_ms = Some(rang_ms);
        }
    }

    /// The ringing of this call, if it still waits to be told, was a caller's of this entry.
    fn ringing_was(&self, call: Option<CallId>, entry: &str) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let rang_ms = call.and_then(|call| memory.calls.get_mut(&call)).and_then(|call| call.rang_ms.take());
        drop(memory);
        if let Some(rang_ms) = rang_ms {
            self.series.answer_ring.of([entry]).observe(seconds(rang_ms));
        }
    }

    fn caller_leg(&self, call: Option<CallId>) -> &'static str {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        match call.and_then(|call| memory.calls.get(&call)) {
            Some(CallMemory { from_trunk: false, .. }) => LEG_KINDS[2],
            _ => LEG_KINDS[0],
        }
    }

    fn queue(&self, id: QueueId) -> String {
        let name = self.words.names.queue(id);
        self.known_queue(&name).to_owned()
    }

    /// Only configured names become labels.
    fn known_queue<'a>(&self, name: &'a str) -> &'a str {
        match name {
            "" => NO_QUEUE,
            name if self.words.names.queues().iter().any(|known| known == name) => name,
            _ => OTHER,
        }
    }
}

fn seconds(millis: u64) -> f64 {
    millis as f64 / 1_000.0
}

fn between(from_ms: i64, to_ms: i64) -> f64 {
    to_ms.saturating_sub(from_ms).max(0) as f64 / 1_000.0
}

/// Pairs of flow and outcome with a series of their own: flows rarely have more than ten exits.
const FLOW_OUTCOMES_MAX: usize = 200;
/// Calls whose beginning is remembered until their legs are counted: the most calls at once, with room.
const CALLS_REMEMBERED_MAX: usize = 10_000;
/// Short abandons where the queue does not say.
const SHORT_ABANDON_USUAL: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::testing::lively_board;
    use crate::api::{Direction, MediaPackets, SipTransport};
    use crate::center::event::{MissedWhy, Promise};
    use crate::model::{EndedBy, Outcome, PhoneNumber};
    use crate::store::testing::{call_ended, leg_ended, names, record};

    fn vocabulary() -> Vocabulary {
        Vocabulary {
            names: names(),
            flows: vec![("postal-ko".into(), vec!["notice".into(), "main".into()])],
            pause_reasons: vec!["lunch".into()],
            version: "0.1.0".into(),
            ..Vocabulary::default()
        }
    }

    fn event(call: u64, kind: EventKind) -> Event {
        Event { seq: 1, run: 1, unix_ms: 1, call: Some(CallId(call)), kind }
    }

    fn scrape(metrics: &Metrics) -> String {
        metrics.encode(&Arc::new(lively_board(1_000_000)), 1_000_000, 3, Format::Classic)
    }

    /// The value of the sample written exactly so, before its value.
    fn value(text: &str, sample: &str) -> f64 {
        let found = text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
        found.unwrap_or_else(|| panic!("no sample {sample} in\n{text}")).parse().expect("values are numbers")
    }

    fn after(events: &[Event]) -> String {
        let metrics = Metrics::new(vocabulary());
        events.iter().for_each(|event| metrics.observe(event));
        scrape(&metrics)
    }

    #[test]
    fn every_promised_name_is_there_before_anything_happens() {
        let text = after(&[]);
        for name in NAMES {
            assert!(text.contains(&format!("# TYPE {name} ")), "{name} is missing");
        }
        let unlisted: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
            .filter(|name| !NAMES.contains(name) && !name.starts_with("process_"))
            .collect();
        assert_eq!(unlisted, Vec::<&str>::new(), "a new metric joins the list, and the README");
        assert_eq!(value(&text, "thirdring_queue_entered_total{queue=\"domestic\"}"), 0.0);
        assert_eq!(value(&text, "thirdring_queue_exits_total{queue=\"ems\",reason=\"no_agents\"}"), 0.0);
        assert_eq!(value(&text, "thirdring_ivr_node_visits_total{flow=\"postal-ko\",node=\"main\"}"), 0.0);
        assert_eq!(value(&text, "thirdring_build_info{version=\"0.1.0\"}"), 1.0);
    }

    #[test]
    fn a_call_through_the_house_counts_once_everywhere() {
        let queue = QueueId(0);
        let agent = AgentId(0);
        let from = PhoneNumber::new("01012345678");
        let to = PhoneNumber::new("1300");
        let source = CallSource::Trunk("kt".into());
        let text = after(&[
            event(1, EventKind::CallReceived { from, to, source, direction: CallDirection::Inbound }),
            event(1, EventKind::CallAnswered { rang_ms: 400 }),
            event(1, EventKind::IvrEntered { flow: "postal-ko".into(), version: "1".into() }),
            event(1, EventKind::IvrVisited { flow: "postal-ko".into(), node: "main".into() }),
            event(1, EventKind::IvrVisited { flow: "postal-ko".into(), node: "made-up-01012345678".into() }),
            event(1, EventKind::IvrKeyPressed { flow: "postal-ko".into(), node: "main".into() }),
            event(1, EventKind::IvrLeft { flow: "postal-ko".into(), node: "main".into(), outcome: "queue".into() }),
            event(1, EventKind::IvrLeft { flow: "x".into(), node: "y".into(), outcome: "to 010-1234-5678".into() }),
            event(1, EventKind::CallerEntered { queue, position: 1, age_ms: 0 }),
            event(1, EventKind::OfferMissed { agent, queue: Some(queue), why: MissedWhy::RangOut, rang_ms: 6_000 }),
            event(
                1,
                EventKind::CallerAnswered { queue, agent, waited_ms: 12_000, rang_ms: 3_100, within_target: true },
            ),
            event(1, EventKind::CallerLeft { queue, why: QueueExit::Answered, waited_ms: 12_000 }),
            event(
                1,
                EventKind::CharterChecked {
                    promise: Promise::WaitUnder3Minutes,
                    verdict: Verdict::Met,
                    queue: Some(queue),
                    measured_ms: Some(12_000),
                },
            ),
            call_ended(2, 1),
            leg_ended(3, 1, 1),
        ]);
        for (sample, expected) in [
            ("thirdring_calls_total{direction=\"inbound\",outcome=\"answered\"}", 1.0),
            ("thirdring_call_duration_seconds_sum{direction=\"inbound\",outcome=\"answered\"}", 200.0),
            ("thirdring_call_setup_seconds_sum{direction=\"inbound\"}", 0.04),
            ("thirdring_call_hangups_total{by=\"caller\",queue=\"domestic\"}", 1.0),
            ("thirdring_answer_ring_seconds_count{entry=\"queue\"}", 1.0),
            ("thirdring_answer_ring_seconds_count{entry=\"direct\"}", 0.0),
            ("thirdring_answer_ring_seconds_bucket{le=\"3.0\",entry=\"agent_offer\"}", 0.0),
            ("thirdring_answer_ring_seconds_bucket{le=\"6.0\",entry=\"agent_offer\"}", 1.0),
            ("thirdring_queue_exits_total{queue=\"domestic\",reason=\"answered\"}", 1.0),
            ("thirdring_queue_wait_seconds_count{queue=\"domestic\",outcome=\"answered\"}", 1.0),
            ("thirdring_queue_answered_within_sla_total{queue=\"domestic\"}", 1.0),
            ("thirdring_agent_offers_total{queue=\"domestic\",result=\"accepted\"}", 1.0),
            ("thirdring_agent_offers_total{queue=\"domestic\",result=\"rang_out\"}", 1.0),
            ("thirdring_agent_handle_seconds_sum{phase=\"talk\"}", 175.0),
            ("thirdring_agent_handle_seconds_sum{phase=\"hold\"}", 5.0),
            ("thirdring_ivr_node_visits_total{flow=\"postal-ko\",node=\"main\"}", 1.0),
            ("thirdring_ivr_node_visits_total{flow=\"postal-ko\",node=\"other\"}", 1.0),
            ("thirdring_ivr_exits_total{flow=\"postal-ko\",outcome=\"queue\"}", 1.0),
            ("thirdring_ivr_exits_total{flow=\"other\",outcome=\"other\"}", 1.0),
            ("thirdring_dtmf_events_total{leg=\"trunk\"}", 1.0),
            ("thirdring_charter_checks_total{promise=\"wait_under_3_minutes\",result=\"met\",queue=\"domestic\"}", 1.0),
            ("thirdring_rtp_packets_total{leg=\"agent\",direction=\"received\",codec=\"PCMA\"}", 8_800.0),
            ("thirdring_rtp_packets_expected_total{leg=\"agent\",codec=\"PCMA\"}", 8_804.0),
        ] {
            assert_eq!(value(&text, sample), expected, "{sample}");
        }
        assert!(!text.contains("5678"), "no telephone number ever gets out");
    }

    #[test]
    fn a_flow_that_a_reload_brings_gets_its_series_while_there_is_room() {
        let metrics = Metrics::new(vocabulary());
        let visited = |flow: &str, node: &str| {
            metrics.observe(&event(1, EventKind::IvrVisited { flow: flow.to_owned(), node: node.to_owned() }));
        };
        let text = || metrics.encode(&Arc::new(lively_board(0)), 0, 0, Format::Classic);
        visited("tax-ko", "main");
        assert_eq!(value(&text(), "thirdring_ivr_node_visits_total{flow=\"other\",node=\"other\"}"), 1.0);
        metrics.learn_flows(&[("tax-ko".to_owned(), vec!["main".to_owned()])]);
        visited("tax-ko", "main");
        visited("tax-ko", "new");
        assert_eq!(value(&text(), "thirdring_ivr_node_visits_total{flow=\"tax-ko\",node=\"main\"}"), 1.0);
        assert_eq!(value(&text(), "thirdring_ivr_node_visits_total{flow=\"tax-ko\",node=\"other\"}"), 1.0);
        assert_eq!(value(&text(), "thirdring_ivr_exits_total{flow=\"tax-ko\",outcome=\"other\"}"), 0.0);
        let many: Vec<(String, Vec<String>)> =
            (0..200).map(|at| (format!("flow-{at}"), (0..20).map(|node| format!("node-{node}")).collect())).collect();
        metrics.learn_flows(&many);
        visited("flow-199", "node-0");
        assert_eq!(value(&text(), "thirdring_ivr_node_visits_total{flow=\"other\",node=\"other\"}"), 2.0);
        assert!(text().matches("thirdring_ivr_node_visits_total{").count() <= 600);
    }

    #[test]
    fn a_short_abandon_is_an_abandon_that_the_service_level_leaves_out() {
        let left =
            |waited_ms| event(1, EventKind::CallerLeft { queue: QueueId(1), why: QueueExit::Abandoned, waited_ms });
        let text = after(&[left(4_999), left(5_000), left(60_000)]);
        assert_eq!(value(&text, "thirdring_queue_exits_total{queue=\"ems\",reason=\"abandoned\"}"), 3.0);
        assert_eq!(value(&text, "thirdring_queue_short_abandons_total{queue=\"ems\"}"), 1.0);
    }

    #[test]
    fn breaks_and_wrap_ups_are_timed_when_they_end() {
        let changed = |state, reason: Option<&str>, lasted_ms| {
            let reason = reason.map(str::to_owned);
            event(1, EventKind::AgentStateChanged { agent: AgentId(1), state, reason, lasted_ms })
        };
        let text = after(&[
            changed(AgentWord::Available, None, 0),
            changed(AgentWord::Away, Some("lunch"), 10_000),
            changed(AgentWord::Away, Some("call 01012345678"), 1_800_000),
            changed(AgentWord::Available, None, 60_000),
            changed(AgentWord::Wrapup, None, 5_000),
            changed(AgentWord::Available, None, 31_000),
        ]);
        assert_eq!(value(&text, "thirdring_agent_pause_seconds_total{reason=\"lunch\"}"), 1_800.0);
        assert_eq!(value(&text, "thirdring_agent_pause_seconds_total{reason=\"other\"}"), 60.0);
        assert_eq!(value(&text, "thirdring_agent_handle_seconds_sum{phase=\"wrapup\"}"), 31.0);
    }

    #[test]
    fn a_leg_that_never_heard_us_or_we_it_is_told_apart() {
        let leg = |sent, received| {
            let mut ended = leg_ended(1, 1, 1);
            if let EventKind::LegEnded { record } = &mut ended.kind {
                (record.packets_sent, record.packets_received) = (sent, received);
            }
            ended
        };
        let text = after(&[leg(100, 0), leg(0, 0), leg(100, 100)]);
        assert_eq!(value(&text, "thirdring_calls_one_way_audio_total{leg=\"agent\"}"), 1.0);
        assert_eq!(value(&text, "thirdring_calls_no_media_total{leg=\"agent\"}"), 1.0);
    }

    #[test]
    fn a_direct_call_and_a_refused_one_are_told_apart_from_a_queue_call() {
        let mut direct = record(1);
        direct.flow.clear();
        direct.queue.clear();
        let mut refused = record(2);
        (refused.answered_ms, refused.outcome, refused.ended_by) = (None, Outcome::Refused, EndedBy::System);
        (refused.talked_ms, refused.held_ms) = (0, 0);
        let number = PhoneNumber::new("1001");
        let (source, direction) = (CallSource::Device("1001".into()), CallDirection::Internal);
        direct.direction = direction;
        let text = after(&[
            event(1, EventKind::CallReceived { from: number.clone(), to: number, source, direction }),
            event(1, EventKind::CallAnswered { rang_ms: 7_000 }),
            event(1, EventKind::CallEnded { record: Box::new(direct) }),
            event(2, EventKind::CallEnded { record: Box::new(refused) }),
        ]);
        assert_eq!(value(&text, "thirdring_answer_ring_seconds_count{entry=\"direct\"}"), 1.0);
        assert_eq!(value(&text, "thirdring_call_hangups_total{by=\"caller\",queue=\"_none\"}"), 1.0);
        assert_eq!(value(&text, "thirdring_call_hangups_total{by=\"system\",queue=\"domestic\"}"), 0.0);
        assert_eq!(value(&text, "thirdring_calls_total{direction=\"inbound\",outcome=\"refused\"}"), 1.0);
        assert_eq!(value(&text, "thirdring_calls_total{direction=\"internal\",outcome=\"answered\"}"), 1.0);
        assert_eq!(value(&text, "thirdring_call_setup_seconds_count{direction=\"internal\"}"), 1.0);
    }

    #[test]
    fn gauges_are_the_board_and_the_plumbing() {
        let metrics = Metrics::new(vocabulary());
        metrics.observe(&event(1, EventKind::ConfigReloaded { ok: false, flows: 0, problems: 2 }));
        metrics.set_plumbing(Plumbing {
            sip_requests: vec![(("INVITE".into(), Direction::In), 7), (("FOO".into(), Direction::In), 2)],
            sip_responses: vec![(("INVITE".into(), 486, Direction::In), 3)],
            sip_transport: SipTransport { refused: 5, ..SipTransport::default() },
            recording_pieces_lost: 4,
            media_packets: MediaPackets { received: 11, ..MediaPackets::default() },
            ..Plumbing::default()
        });
        let text = scrape(&metrics);
        let board = lively_board(1_000_000);
        let domestic = &board.queues[0];
        for (sample, expected) in [
            ("thirdring_queue_waiting{queue=\"domestic\"}", domestic.waiting.len() as f64),
            ("thirdring_queue_sla_target_ratio{queue=\"domestic\"}", domestic.target_ratio),
            ("thirdring_agents{queue=\"_all\",state=\"talking\"}", 4.0),
            ("thirdring_calls_active{direction=\"inbound\"}", 8.0),
            ("thirdring_calls_active{direction=\"internal\"}", 2.0),
            ("thirdring_sip_requests_total{method=\"INVITE\",direction=\"in\"}", 7.0),
            ("thirdring_sip_requests_total{method=\"other\",direction=\"in\"}", 2.0),
            ("thirdring_sip_requests_total{method=\"BYE\",direction=\"out\"}", 0.0),
            ("thirdring_sip_responses_total{method=\"INVITE\",class=\"4xx\",direction=\"in\"}", 3.0),
            ("thirdring_sip_transport_faults_total{kind=\"connection_refused\"}", 5.0),
            ("thirdring_recording_pieces_lost_total", 4.0),
            ("thirdring_media_packets_total{result=\"received\"}", 11.0),
            ("thirdring_config_last_reload_success", 0.0),
            ("thirdring_live_clients", 3.0),
        ] {
            assert_eq!(value(&text, sample), expected, "{sample}");
        }
        let oldest = value(&text, "thirdring_queue_oldest_wait_seconds{queue=\"domestic\"}");
        assert_eq!(oldest, (1_000_000 - domestic.oldest_since_ms.expect("somebody waits")) as f64 / 1_000.0);
    }

    #[test]
    fn fifty_queues_stay_below_five_thousand_series() {
        let queues: Vec<String> = (0..50).map(|at| format!("queue{at}")).collect();
        let flows = (0..10).map(|flow| (format!("flow{flow}"), (0..80).map(|node| format!("n{node}")).collect()));
        let words =
            Vocabulary { names: Names::new(queues, Vec::new()), flows: flows.collect(), ..Vocabulary::default() };
        let text = scrape(&Metrics::new(words));
        let series = text.lines().filter(|line| !line.starts_with('#')).count();
        assert!(series < 5_000, "{series} series");
        assert_eq!(text.matches("thirdring_ivr_node_visits_total{").count(), 500);
    }

    #[test]
    fn both_formats_are_well_formed() {
        let metrics = Metrics::new(vocabulary());
        let open = metrics.encode(&Arc::new(Board::default()), 0, 0, Format::OpenMetrics);
        assert!(open.ends_with("# EOF\n"));
        assert!(open.contains("# TYPE thirdring_calls counter\n"));
        let classic = scrape(&metrics);
        assert!(classic.contains("# TYPE thirdring_calls_total counter\n"));
        assert!(!classic.contains("# EOF") && !classic.contains("# UNIT"));
    }

    /// Dashboards and alert rules hold these names: changing one breaks somebody's screen.
    const NAMES: [&str; 53] = [
        "thirdring_calls_total",
        "thirdring_calls_active",
        "thirdring_call_duration_seconds",
        "thirdring_call_setup_seconds",
        "thirdring_call_hangups_total",
        "thirdring_charter_checks_total",
        "thirdring_answer_ring_seconds",
        "thirdring_queue_entered_total",
        "thirdring_queue_exits_total",
        "thirdring_queue_waiting",
        "thirdring_queue_oldest_wait_seconds",
        "thirdring_queue_expected_wait_seconds",
        "thirdring_queue_open",
        "thirdring_queue_sla_target_ratio",
        "thirdring_queue_sla_threshold_seconds",
        "thirdring_queue_wait_seconds",
        "thirdring_queue_answered_within_sla_total",
        "thirdring_queue_short_abandons_total",
        "thirdring_agents",
        "thirdring_agent_offers_total",
        "thirdring_agent_handle_seconds",
        "thirdring_agent_pause_seconds_total",
        "thirdring_ivr_node_visits_total",
        "thirdring_ivr_exits_total",
        "thirdring_prompts_missing_total",
        "thirdring_tasks_created_total",
        "thirdring_transfers_total",
        "thirdring_sip_requests_total",
        "thirdring_sip_responses_total",
        "thirdring_sip_retransmits_total",
        "thirdring_sip_parse_errors_total",
        "thirdring_sip_auth_failures_total",
        "thirdring_sip_transactions_active",
        "thirdring_registrations_active",
        "thirdring_legs_active",
        "thirdring_rtp_packets_total",
        "thirdring_rtp_packets_expected_total",
        "thirdring_rtp_packets_lost_total",
        "thirdring_rtp_jitter_seconds",
        "thirdring_calls_one_way_audio_total",
        "thirdring_calls_no_media_total",
        "thirdring_dtmf_events_total",
        "thirdring_sip_transport_faults_total",
        "thirdring_recording_pieces_lost_total",
        "thirdring_media_packets_total",
        "thirdring_event_log_rows_total",
        "thirdring_event_log_lag_seconds",
        "thirdring_live_clients",
        "thirdring_draining",
        "thirdring_config_last_reload_success",
        "thirdring_build_info",
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
    ];
}
