//! Tests of the session: what one caller may do, and what no caller can bring about.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::flow::Flow;
use super::outside::{CallFacts, FetchOutcome, Input, Output, QueueExit};
use super::session::Session;
use super::shipped::{EVERY_KIND, POSTAL, UTILITY, flow};
use super::speech::sentence;
use crate::model::{Digit, Language, Moment, Outcome, RecordId, WallClock};

/// Wednesday 2026-03-04 10:15 in Seoul.
const OPEN: WallClock = WallClock { zero_unix_ms: 1_772_586_900_000 };

struct Caller {
    session: Session,
    now: Moment,
}

impl Caller {
    fn new(flow: &Arc<Flow>) -> Self {
        let facts = CallFacts { caller: "01012345678".into(), called: "1300".into(), language: flow.language };
        let mut caller = Caller { session: Session::new(Arc::clone(flow), facts, OPEN), now: Moment::ZERO };
        caller.session.handle(caller.now, Input::Start);
        caller
    }

    /// What came of it, in a word each: visits and keys left out.
    fn outputs(&mut self) -> Vec<String> {
        let mut words = Vec::new();
        while let Some(output) = self.session.poll_output() {
            words.push(match output {
                Output::Visit { .. } | Output::KeyPressed { .. } => continue,
                Output::Say { clips } => format!("say {}: {}", self.session.node(), sentence(&clips)),
                Output::Fetch { url, .. } => format!("fetch {url}"),
                Output::Enqueue(enqueue) => format!("enqueue {} since {}", enqueue.queue, enqueue.since),
                other => format!("{other:?}"),
            });
        }
        words
    }

    fn after(&mut self, time: Duration) -> Vec<String> {
        self.now = self.now + time;
        self.session.handle_timeout(self.now);
        self.outputs()
    }

    fn tell(&mut self, input: Input) -> Vec<String> {
        self.session.handle(self.now, input);
        self.outputs()
    }

    fn press(&mut self, keys: &str) -> Vec<String> {
        for key in keys.chars() {
            self.session.handle(self.now, Input::Key(Digit::new(key).expect("a key")));
        }
        self.outputs()
    }
}

fn starts(outputs: &[String], expected: &[&str]) {
    assert_eq!(outputs.len(), expected.len(), "{outputs:#?}");
    for (output, expected) in outputs.iter().zip(expected) {
        assert!(output.starts_with(expected), "{output} is not {expected}");
    }
}

#[test]
fn a_notice_that_must_be_heard_keeps_the_key_and_goes_on() {
    let mut caller = Caller::new(&flow("every-kind", EVERY_KIND));
    starts(&caller.outputs(), &["say welcome"]);
    starts(&caller.press("2"), &[]);
    starts(&caller.tell(Input::Said), &["enqueue people"]);
}

#[test]
fn a_notice_that_may_be_skipped_is_stopped_by_the_key_it_keeps() {
    let mut caller = Caller::new(&flow("postal-ko", POSTAL));
    starts(&caller.outputs(), &["say notice"]);
    starts(&caller.press("5"), &["Hush", "enqueue pickup"]);
}

#[test]
fn a_wrong_key_is_named_before_the_words_come_again() {
    let mut caller = Caller::new(&flow("postal-ko", POSTAL));
    caller.tell(Input::Said);
    starts(&caller.press("7"), &["Hush", "say main: 잘못 누르셨습니다. 국내우편은"]);
    starts(&caller.press("5"), &["Hush", "enqueue pickup"]);
}

#[test]
fn a_menu_over_the_wait_keeps_the_place() {
    let mut caller = Caller::new(&flow("postal-ko", POSTAL));
    caller.outputs();
    starts(&caller.press("0"), &["Hush", "enqueue general"]);
    starts(&caller.after(Duration::from_secs(30)), &["say callback"]);
    assert!(caller.session.has_place() && !caller.session.is_waiting());
    starts(&caller.tell(Input::Said), &[]);
    starts(&caller.after(Duration::from_secs(5)), &["Resume"]);
    assert!(caller.session.is_waiting());
    starts(&caller.after(Duration::from_secs(145)), &["say callback"]);
    starts(&caller.press("1"), &["Hush", "Callback(010-****-5678, today)", "Dequeue", "say bye"]);
    starts(&caller.tell(Input::Said), &["HangUp(callback)"]);
    assert!(caller.session.is_ended());
}

#[test]
fn the_clocks_of_the_wait_stand_still_while_an_agent_has_the_caller() {
    let mut caller = Caller::new(&flow("postal-ko", POSTAL));
    caller.press("0");
    starts(&caller.tell(Input::Served), &[]);
    assert_eq!(caller.session.poll_timeout(), None);
    starts(&caller.after(Duration::from_secs(600)), &[]);
    starts(&caller.press("0"), &[]);
    starts(&caller.tell(Input::Requeued { queue: "parcel".to_owned() }), &[]);
    assert_eq!(caller.session.poll_timeout(), Some(caller.now + Duration::from_secs(30)));
    starts(&caller.after(Duration::from_secs(30)), &["say callback"]);
    caller.session.handle(caller.now, Input::Key(Digit::new('1').expect("a key")));
    let callback = std::iter::from_fn(|| caller.session.poll_output())
        .find_map(|output| if let Output::Callback { queue, .. } = output { queue } else { None });
    assert_eq!(callback.as_deref(), Some("parcel"));
}

#[test]
fn an_agent_takes_the_caller_out_of_a_menu_over_the_wait() {
    let mut caller = Caller::new(&flow("postal-ko", POSTAL));
    caller.press("0");
    starts(&caller.after(Duration::from_secs(30)), &["say callback"]);
    starts(&caller.tell(Input::Served), &[]);
    starts(&caller.tell(Input::Said), &[]);
    starts(&caller.press("1"), &[]);
    starts(&caller.tell(Input::Requeued { queue: "general".to_owned() }), &[]);
    assert!(caller.session.is_waiting());
}

#[test]
fn whoever_chose_to_wait_is_asked_again_only_after_the_longest_wait() {
    let mut caller = Caller::new(&flow("postal-ko", POSTAL));
    caller.press("0");
    caller.after(Duration::from_secs(30));
    caller.press("0");
    starts(&caller.after(Duration::from_secs(150)), &["say callback"]);
    starts(&caller.press("0"), &["Hush", "Resume"]);
    assert_eq!(caller.session.poll_timeout(), Some(caller.now + Duration::from_secs(180)));
}

#[test]
fn a_queue_that_closes_under_the_menu_shows_when_the_caller_comes_back() {
    let mut caller = Caller::new(&flow("postal-ko", POSTAL));
    caller.press("0");
    caller.after(Duration::from_secs(30));
    starts(&caller.tell(Input::QueueLeft(QueueExit::Closed)), &[]);
    starts(&caller.press("0"), &["Hush", "enqueue general since 0.000s"]);
}

#[test]
fn a_caller_keeps_the_age_in_the_next_queue() {
    let mut caller = Caller::new(&flow("utility-en", UTILITY));
    caller.tell(Input::Said);
    caller.tell(Input::Fetched { id: 1, outcome: FetchOutcome::Failed("no route".into()) });
    starts(&caller.press("1"), &["Hush", "enqueue emergency since 0.000s"]);
    starts(&caller.after(Duration::from_secs(900)), &["Dequeue(overdue)", "say closed"]);
}

#[test]
fn a_late_answer_of_a_service_is_not_taken_for_another() {
    let mut caller = Caller::new(&flow("utility-en", UTILITY));
    starts(&caller.outputs(), &["say welcome"]);
    starts(&caller.tell(Input::Said), &["fetch $CRM/accounts?phone=01012345678"]);
    let answer = |id| Input::Fetched { id, outcome: FetchOutcome::Answered { status: 200, body: "{}".into() } };
    starts(&caller.tell(answer(2)), &[]);
    assert_eq!(caller.session.counts().ignored, 1);
    starts(&caller.after(Duration::from_millis(1_500)), &["say main"]);
    starts(&caller.tell(answer(1)), &[]);
    assert_eq!(caller.session.node(), "main");
}

#[test]
fn a_lost_player_does_not_lose_the_caller() {
    let mut caller = Caller::new(&flow("postal-ko", POSTAL));
    caller.outputs();
    starts(&caller.after(Duration::from_secs(180)), &["say main"]);
}

#[test]
fn a_circle_without_time_ends_the_call_instead_of_the_server() {
    let text = "format = 1\nlang = \"en\"\ntimezone = \"UTC\"\nstart = \"a\"\n\
                [node.a]\ndo = \"if\"\nwhen = \"caller\"\nthen = \"b\"\nelse = \"b\"\n\
                [node.b]\ndo = \"if\"\nwhen = \"caller\"\nthen = \"a\"\nelse = \"a\"\n";
    let mut caller = Caller::new(&flow("", text));
    starts(&caller.outputs(), &["HangUp(failed)"]);
}

#[test]
fn keys_ahead_are_bounded_and_counted() {
    let mut caller = Caller::new(&flow("every-kind", EVERY_KIND));
    caller.press(&"9".repeat(40));
    assert_eq!(caller.session.counts().keys_dropped, 8);
}

/// What may happen to a session.
#[derive(Clone, Debug)]
enum Act {
    Input(Input),
    Wait(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let key = prop::sample::select("0123456789*#A".chars().collect::<Vec<_>>());
    let exit = prop::sample::select(vec![
        QueueExit::MaxWait,
        QueueExit::OfferCallback,
        QueueExit::Closed,
        QueueExit::Full,
        QueueExit::Refused,
    ]);
    let body = prop::sample::select(vec![
        r#"{"status":"배달","place":"서울","name":"Kim","balance":"-1.5","outage":true,"points":7,"debt":0,"vip":false,"since":"2026-03-04"}"#,
        "{}",
        "[1",
        r#"{"status":{},"name":7}"#,
    ]);
    let outcome = (prop::sample::select(vec![200_u16, 204, 404, 500]), body)
        .prop_map(|(status, body)| FetchOutcome::Answered { status, body: body.to_owned() });
    prop_oneof![
        8 => key.prop_map(|key| Act::Input(Input::Key(Digit::new(key).expect("a key")))),
        4 => Just(Act::Input(Input::Said)),
        3 => (1_u64..6, outcome).prop_map(|(id, outcome)| Act::Input(Input::Fetched { id, outcome })),
        1 => Just(Act::Input(Input::Fetched { id: 1, outcome: FetchOutcome::Failed("no route".to_owned()) })),
        1 => exit.prop_map(|exit| Act::Input(Input::QueueLeft(exit))),
        1 => Just(Act::Input(Input::Served)),
        2 => Just(Act::Input(Input::Requeued { queue: "other".to_owned() })),
        1 => (0_u64..90_000).prop_map(|ms| Act::Input(
            Input::Recorded { record: RecordId(1), length: Duration::from_millis(ms) })),
        1 => any::<bool>().prop_map(|taken| Act::Input(Input::Sent(taken))),
        1 => Just(Act::Input(Input::TransferFailed)),
        1 => Just(Act::Input(Input::SwitchRefused)),
        5 => (0_u64..200_000).prop_map(Act::Wait),
    ]
}

/// Outputs of one handling: words, visits and keys of a chain of steps.
const OUTPUTS_MAX: usize = 1_000;

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_caller_breaks_a_flow(
        which in 0_usize..3,
        hour in 0_i64..24 * 14,
        withheld in any::<bool>(),
        acts in prop::collection::vec(act(), 1..150),
    ) {
        let (id, text) = [("postal-ko", POSTAL), ("utility-en", UTILITY), ("every-kind", EVERY_KIND)][which];
        let flow = flow(id, text);
        let number = if withheld { "" } else { "01012345678" };
        let facts = CallFacts { caller: number.into(), called: "1300".into(), language: Language::English };
        let wall = WallClock { zero_unix_ms: OPEN.zero_unix_ms + hour * 3_600_000 };
        let mut session = Session::new(flow, facts, wall);
        let mut now = Moment::ZERO;
        session.handle(now, Input::Start);
        let (mut in_queue, mut ended) = (false, false);
        for act in acts {
            match act {
                Act::Input(input) => session.handle(now, input),
                Act::Wait(ms) => {
                    now = now + Duration::from_millis(ms);
                    session.handle_timeout(now);
                }
            }
            let mut outputs = 0;
            while let Some(output) = session.poll_output() {
                outputs += 1;
                prop_assert!(outputs < OUTPUTS_MAX, "it goes round without time passing");
                prop_assert!(!ended, "after the end came {output:?}");
                match output {
                    Output::Enqueue(_) => in_queue = true,
                    Output::Dequeue { .. } => {
                        prop_assert!(in_queue, "left a queue it was not in");
                        in_queue = false;
                    }
                    Output::Resume => prop_assert!(in_queue, "went back to a queue it was not in"),
                    Output::HangUp { outcome } => {
                        ended = true;
                        prop_assert!(outcome != Outcome::Failed, "a shipped flow must not fail");
                    }
                    _ => {}
                }
            }
            prop_assert_eq!(ended, session.is_ended());
            // It ends, or somebody else must speak, or it goes on by itself.
            let goes_on = session.poll_timeout().is_some();
            let others = session.is_waiting() || session.is_handed_over();
            prop_assert!(ended || goes_on || others, "stuck at {}", session.node());
        }
    }
}
