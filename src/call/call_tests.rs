//! The call machine's tests: each reads as what a caller or an agent would see.

use proptest::prelude::*;

use super::*;
use crate::call::{Progress, Summary, TransferBack};
use crate::model::{Outcome, PhoneNumber};

const CALLER: LegId = LegId(1);
const AGENT: AgentId = AgentId(7);
const QUEUE: QueueId = QueueId(3);
const OFFER: OfferId = OfferId(9);

/// One call under test, and the time of day.
struct Desk {
    call: Call,
    mint: LegMint,
    now: Moment,
}

impl Desk {
    fn new(begin: Begin) -> (Self, Vec<Output>) {
        let mut mint = LegMint::default();
        let caller = mint.mint();
        let rules = Rules {
            guard: Duration::from_secs(5),
            ring_limit: Duration::from_secs(6),
            transfer_ring_limit: Duration::from_secs(20),
            announce_transfers: true,
            caller_hangs_up_first: true,
            closing_wait: Duration::from_secs(10),
        };
        let call = Call::new(CallId(1), caller, begin, rules, Moment::ZERO);
        let mut desk = Desk { call, mint, now: Moment::ZERO };
        desk.call.begin(desk.now, &mut desk.mint);
        let outputs = desk.drain();
        (desk, outputs)
    }

    fn drain(&mut self) -> Vec<Output> {
        std::iter::from_fn(|| self.call.poll_output()).collect()
    }

    fn give(&mut self, input: Input) -> Vec<Output> {
        self.call.handle(self.now, input, &mut self.mint);
        self.drain()
    }

    /// Lets time pass, waking the call when it asks to be woken.
    fn wait(&mut self, secs: u64) -> Vec<Output> {
        let until = self.now + Duration::from_secs(secs);
        let mut seen = Vec::new();
        while let Some(at) = self.call.poll_timeout().filter(|at| *at <= until) {
            self.now = at;
            self.call.handle_timeout(at);
            seen.extend(self.drain());
        }
        self.now = until;
        seen
    }

    /// A caller in the queue, who hears music.
    fn waiting() -> Self {
        let (mut desk, _) = Desk::new(Begin::Flow);
        desk.give(Input::Answered { leg: CALLER });
        desk.give(Input::Enqueued { queue: QUEUE });
        desk
    }

    fn offer(&mut self) -> (LegId, Vec<Output>) {
        let ring_limit = Duration::from_secs(6);
        let outputs = self.give(Input::Offered { offer: OFFER, agent: AGENT, queue: QUEUE, ring_limit });
        (dialled(&outputs), outputs)
    }

    /// A caller who talks with the agent.
    fn talking() -> (Self, LegId) {
        let mut desk = Desk::waiting();
        let (leg, _) = desk.offer();
        desk.give(Input::Ringing { leg, early_media: false });
        desk.give(Input::Answered { leg });
        desk.give(Input::Connected { offer: OFFER });
        (desk, leg)
    }
}

fn dialled(outputs: &[Output]) -> LegId {
    outputs
        .iter()
        .find_map(|o| if let Output::Dial { leg, .. } = o { Some(*leg) } else { None })
        .expect("somebody was dialled")
}

fn summary(outputs: &[Output]) -> &Summary {
    outputs
        .iter()
        .find_map(|o| if let Output::Ended(summary) = o { Some(summary) } else { None })
        .expect("the call ended")
}

fn hangs_up(outputs: &[Output], leg: LegId) -> bool {
    outputs.iter().any(|o| matches!(o, Output::HangUp { leg: l, .. } if *l == leg))
}

#[test]
fn a_hotline_call_is_answered_at_once_and_the_flow_starts_when_the_phone_confirms() {
    let (mut desk, outputs) = Desk::new(Begin::Flow);
    assert_eq!(outputs[0], Output::Answer { leg: CALLER });
    assert_eq!(desk.give(Input::Answered { leg: CALLER }), vec![Output::StartFlow]);
}

#[test]
fn a_waiting_caller_is_connected_the_moment_the_agent_answers() {
    let mut desk = Desk::waiting();
    let (leg, outputs) = desk.offer();
    assert!(matches!(&outputs[0], Output::Dial { to: Destination::Agent(AGENT), .. }));
    desk.give(Input::Ringing { leg, early_media: false });
    desk.wait(3);
    assert_eq!(desk.give(Input::Answered { leg }), vec![Output::OfferEnded { offer: OFFER, end: OfferEnd::Accepted }]);
    let outputs = desk.give(Input::Connected { offer: OFFER });
    assert!(outputs.contains(&Output::Bridge { a: CALLER, b: leg }));
    assert!(outputs.contains(&Output::Fact(Fact::AgentAnswered { agent: AGENT, rang: Duration::from_secs(3) })));
}

#[test]
fn an_agent_who_misses_the_offer_loses_it_and_the_caller_keeps_waiting() {
    let mut desk = Desk::waiting();
    let (leg, _) = desk.offer();
    desk.give(Input::Ringing { leg, early_media: false });
    desk.wait(6);
    let outputs = desk.give(Input::Withdrawn { offer: OFFER, rang_out: true });
    assert!(outputs.contains(&Output::HangUp { leg, why: HangUpWhy::RangOut }));
    assert!(desk.call.is_waiting());
    let lost =
        Fact::OfferLost { offer: Some(OFFER), agent: AGENT, end: OfferEnd::RangOut, rang: Duration::from_secs(6) };
    assert!(outputs.contains(&Output::Fact(lost)));
}

#[test]
fn the_queue_is_told_of_the_first_ring_and_of_no_other() {
    let mut desk = Desk::waiting();
    let (leg, _) = desk.offer();
    assert_eq!(desk.give(Input::Ringing { leg, early_media: false }), [Output::OfferRings { offer: OFFER }]);
    assert_eq!(desk.give(Input::Ringing { leg, early_media: true }), []);
}

#[test]
fn a_phone_that_never_rang_was_not_missed_by_anybody() {
    let mut desk = Desk::waiting();
    desk.offer();
    desk.wait(6);
    let outputs = desk.give(Input::Withdrawn { offer: OFFER, rang_out: true });
    let lost = Fact::OfferLost { offer: Some(OFFER), agent: AGENT, end: OfferEnd::Unreachable, rang: Duration::ZERO };
    assert!(outputs.contains(&Output::Fact(lost)));
}

#[test]
fn a_caller_who_gives_up_before_the_answer_is_booked_with_what_the_cancel_got() {
    let (mut desk, _) = Desk::new(Begin::Person(AGENT));
    desk.wait(2);
    let outputs = desk.give(Input::HungUp { leg: CALLER });
    let summary = summary(&outputs);
    assert_eq!((summary.outcome, summary.status), (Outcome::Abandoned, 487));
}

#[test]
fn a_caller_who_gives_up_while_waiting_leaves_the_queue_as_abandoned() {
    let mut desk = Desk::waiting();
    desk.wait(40);
    let outputs = desk.give(Input::HungUp { leg: CALLER });
    assert!(outputs.contains(&Output::LeaveQueue { why: LeaveWhy::Abandoned }));
    let summary = summary(&outputs);
    assert_eq!((summary.outcome, summary.waited), (Outcome::Abandoned, Duration::from_secs(40)));
}

#[test]
fn a_caller_who_gives_up_during_an_offer_stops_the_ringing() {
    let mut desk = Desk::waiting();
    let (leg, _) = desk.offer();
    let outputs = desk.give(Input::HungUp { leg: CALLER });
    assert!(hangs_up(&outputs, leg));
    assert!(outputs.contains(&Output::LeaveQueue { why: LeaveWhy::Abandoned }));
}

#[test]
fn a_direct_number_rings_and_is_answered_by_the_server_at_five_seconds() {
    let (mut desk, outputs) = Desk::new(Begin::Person(AGENT));
    assert_eq!(outputs[0], Output::Ring { leg: CALLER });
    let leg = dialled(&outputs);
    assert!(desk.wait(4).is_empty());
    let outputs = desk.wait(1);
    assert!(outputs.contains(&Output::Answer { leg: CALLER }));
    assert!(outputs.contains(&Output::Fact(Fact::CallerAnswered { rang: Duration::from_secs(5) })));
    let told = desk.give(Input::Answered { leg: CALLER });
    assert!(matches!(&told[0], Output::Hear { hear: Hear::Say { speech: Speech::Connecting, .. }, .. }));
    let outputs = desk.wait(1);
    assert!(outputs.contains(&Output::HangUp { leg, why: HangUpWhy::RangOut }));
    assert!(outputs.contains(&Output::HuntOn { person: AGENT }));
    desk.give(Input::Enqueued { queue: QUEUE });
    assert!(desk.call.is_waiting());
}

#[test]
fn a_caller_who_holds_leaves_music_for_the_agent() {
    let (mut desk, leg) = Desk::talking();
    let outputs = desk.give(Input::Held { leg: CALLER });
    assert!(outputs.contains(&Output::Hear { leg, hear: Hear::Music }));
    assert!(outputs.contains(&Output::Part { a: CALLER, b: leg }));
    desk.wait(5);
    assert!(desk.give(Input::Resumed { leg: CALLER }).contains(&Output::Bridge { a: CALLER, b: leg }));
    let outputs = desk.give(Input::HungUp { leg: CALLER });
    assert_eq!(summary(&outputs).held, Duration::from_secs(5));
}

#[test]
fn two_who_hold_each_other_hear_each_other_when_both_have_resumed() {
    let (mut desk, leg) = Desk::talking();
    desk.give(Input::Held { leg });
    desk.wait(2);
    desk.give(Input::Held { leg: CALLER });
    desk.wait(2);
    let bridged = Output::Bridge { a: CALLER, b: leg };
    assert!(!desk.give(Input::Resumed { leg }).contains(&bridged), "the caller still holds");
    desk.wait(2);
    assert!(desk.give(Input::Resumed { leg: CALLER }).contains(&bridged));
    let outputs = desk.give(Input::HungUp { leg: CALLER });
    assert_eq!(summary(&outputs).held, Duration::from_secs(6), "counted once");
}

#[test]
fn the_persons_clock_starts_when_the_phone_rings() {
    let (mut desk, outputs) = Desk::new(Begin::Person(AGENT));
    let leg = dialled(&outputs);
    desk.wait(2);
    desk.give(Input::Ringing { leg, early_media: false });
    desk.wait(1);
    let outputs = desk.give(Input::Answered { leg });
    assert!(outputs.contains(&Output::Fact(Fact::AgentAnswered { agent: AGENT, rang: Duration::from_secs(1) })));
    let lost = |end, rang| {
        let lost = Fact::OfferLost { offer: None, agent: AGENT, end, rang: Duration::from_secs(rang) };
        Output::Fact(lost)
    };
    for (link, whole, rang) in [(1, 7, 6), (2, 8, 6), (5, 8, 3)] {
        let (mut desk, outputs) = Desk::new(Begin::Person(AGENT));
        desk.wait(link);
        desk.give(Input::Ringing { leg: dialled(&outputs), early_media: false });
        assert!(!desk.wait(whole - link - 1).contains(&Output::HuntOn { person: AGENT }));
        assert!(desk.wait(1).contains(&lost(OfferEnd::RangOut, rang)), "a link of {link} s leaves {rang} s to ring");
    }
    let (mut desk, _) = Desk::new(Begin::Person(AGENT));
    assert!(desk.wait(6).contains(&lost(OfferEnd::Unreachable, 0)), "a phone that never rang was not missed");
}

#[test]
fn a_person_who_picks_up_in_time_is_connected_and_the_server_says_nothing() {
    let (mut desk, outputs) = Desk::new(Begin::Person(AGENT));
    let leg = dialled(&outputs);
    desk.wait(4);
    let outputs = desk.give(Input::Answered { leg });
    assert!(outputs.contains(&Output::Answer { leg: CALLER }));
    assert!(outputs.contains(&Output::Bridge { a: CALLER, b: leg }));
    assert!(outputs.contains(&Output::AgentBusy { agent: AGENT }));
    assert!(desk.wait(60).is_empty());
}

#[test]
fn hold_gives_the_caller_music_and_resume_gives_the_agent_back() {
    let (mut desk, leg) = Desk::talking();
    let outputs = desk.give(Input::Held { leg });
    assert!(outputs.contains(&Output::Hear { leg: CALLER, hear: Hear::Music }));
    assert!(outputs.contains(&Output::Part { a: CALLER, b: leg }));
    desk.wait(5);
    assert!(desk.give(Input::Resumed { leg }).contains(&Output::Bridge { a: CALLER, b: leg }));
    let outputs = desk.give(Input::HungUp { leg: CALLER });
    assert_eq!(summary(&outputs).held, Duration::from_secs(5));
}

#[test]
fn a_transfer_dials_nobody_before_the_caller_has_heard_the_announcement() {
    let (mut desk, first) = Desk::talking();
    let target = Target::Person(AgentId(8));
    let outputs = desk.give(Input::Transfer { by: Some(first), target: target.clone() });
    assert!(!outputs.iter().any(|o| matches!(o, Output::Dial { .. })));
    let play = outputs
        .iter()
        .find_map(|o| match o {
            Output::Hear { leg: CALLER, hear: Hear::Say { play, speech: Speech::Transfer(_) } } => Some(*play),
            _ => None,
        })
        .expect("the caller is told");
    let outputs = desk.give(Input::Said { play });
    assert!(outputs.contains(&Output::Fact(Fact::TransferAnnounced { target })));
    let second = dialled(&outputs);
    let outputs = desk.give(Input::Ringing { leg: second, early_media: false });
    assert_eq!(outputs, vec![Output::TransferProgress { leg: first, progress: Progress::Ringing }]);
    let outputs = desk.give(Input::Answered { leg: second });
    assert!(outputs.contains(&Output::TransferProgress { leg: first, progress: Progress::Completed }));
    assert!(outputs.contains(&Output::Bridge { a: CALLER, b: second }));
    assert!(outputs.contains(&Output::AgentReleased { agent: AGENT }));
    assert!(hangs_up(&outputs, first));
}

/// Up to the ringing target of a transfer.
fn transferring() -> (Desk, LegId, LegId) {
    let (mut desk, first) = Desk::talking();
    let outputs = desk.give(Input::Transfer { by: Some(first), target: Target::Person(AgentId(8)) });
    let play = outputs
        .iter()
        .find_map(|o| if let Output::Hear { hear: Hear::Say { play, .. }, .. } = o { Some(*play) } else { None })
        .expect("the caller is told");
    let second = dialled(&desk.give(Input::Said { play }));
    (desk, first, second)
}

#[test]
fn a_failed_transfer_brings_the_caller_back_to_the_first_agent() {
    let (mut desk, first, second) = transferring();
    let outputs = desk.give(Input::Failed { leg: second, status: 486 });
    assert!(outputs.contains(&Output::TransferProgress { leg: first, progress: Progress::Failed { status: 486 } }));
    let told = outputs.iter().find_map(|o| match o {
        Output::Hear { leg: CALLER, hear: Hear::Say { play, speech: Speech::TransferFailed } } => Some(*play),
        _ => None,
    });
    let play = told.expect("the caller is told to whom the way back leads");
    assert!(desk.give(Input::Said { play }).contains(&Output::Bridge { a: CALLER, b: first }));
    assert_eq!(desk.call.talking(), Some((CALLER, first)));
}

#[test]
fn a_failed_transfer_without_the_first_agent_goes_back_to_the_queue_with_its_age() {
    let (mut desk, first, second) = transferring();
    assert!(desk.give(Input::HungUp { leg: first }).contains(&Output::AgentReleased { agent: AGENT }));
    let outputs = desk.give(Input::Failed { leg: second, status: 408 });
    assert!(outputs.contains(&Output::Enqueue { queue: QUEUE, keep_age: true }));
    let back = TransferBack::Queue(QUEUE);
    let target = Target::Person(AgentId(8));
    assert!(outputs.contains(&Output::Fact(Fact::TransferFailed { target, status: 408, back })));
}

#[test]
fn a_transfer_that_the_flow_asked_for_goes_back_to_the_flow_even_after_a_wait() {
    let mut desk = Desk::waiting();
    let target = Target::Person(AgentId(8));
    let outputs = desk.give(Input::Transfer { by: None, target: target.clone() });
    assert!(outputs.contains(&Output::LeaveQueue { why: LeaveWhy::Transferred }));
    let outputs = desk.give(Input::Said { play: 1 });
    let leg = dialled(&outputs);
    let outputs = desk.give(Input::Failed { leg, status: 486 });
    assert!(outputs.contains(&Output::FlowTransferFailed));
    assert!(outputs.contains(&Output::Fact(Fact::TransferFailed { target, status: 486, back: TransferBack::Flow })));
    assert!(desk.call.flow_runs());
}

#[test]
fn a_caller_who_leaves_during_a_transfer_ends_both_other_legs_and_the_truth_is_told() {
    let (mut desk, first, second) = transferring();
    let outputs = desk.give(Input::HungUp { leg: CALLER });
    assert!(hangs_up(&outputs, first) && hangs_up(&outputs, second));
    assert!(outputs.contains(&Output::TransferProgress { leg: first, progress: Progress::Failed { status: 487 } }));
    assert!(outputs.contains(&Output::AgentReleased { agent: AGENT }));
}

#[test]
fn when_the_agent_hangs_up_first_the_caller_hears_the_closing_sentence_and_has_ten_seconds() {
    let (mut desk, leg) = Desk::talking();
    let outputs = desk.give(Input::HungUp { leg });
    assert!(outputs.iter().any(|o| matches!(o, Output::Hear { hear: Hear::Say { speech: Speech::Closing, .. }, .. })));
    assert!(!hangs_up(&outputs, CALLER));
    let outputs = desk.wait(10);
    assert!(hangs_up(&outputs, CALLER));
    assert!(outputs.contains(&Output::Fact(Fact::HungUpFirst { by: EndedBy::Agent })));
    assert_eq!(summary(&outputs).ended_by, EndedBy::Agent);
}

#[test]
fn an_agent_whose_line_dies_does_not_cost_the_caller_the_place() {
    let (mut desk, leg) = Desk::talking();
    let outputs = desk.give(Input::MediaLost { leg });
    assert!(hangs_up(&outputs, leg));
    assert!(outputs.contains(&Output::Enqueue { queue: QUEUE, keep_age: true }));
    let told = |o: &Output| matches!(o, Output::Hear { hear: Hear::Say { speech: Speech::AgentLost, .. }, .. });
    assert!(outputs.iter().any(told), "the caller learns why there is music again");
}

#[test]
fn a_redirection_or_a_challenge_is_not_the_callers_business() {
    for (answered, told) in [(302, 480), (401, 403), (407, 403), (404, 404), (481, 500), (503, 500), (603, 603)] {
        let (mut desk, outputs) = Desk::new(Begin::Outside(PhoneNumber::new("01012345678")));
        let leg = dialled(&outputs);
        let outputs = desk.give(Input::Failed { leg, status: answered });
        assert!(outputs.contains(&Output::Refuse { leg: CALLER, status: told }), "{answered}: {outputs:?}");
    }
}

#[test]
fn a_line_that_dies_is_nobodys_hanging_up() {
    let (mut desk, _) = Desk::talking();
    let outputs = desk.give(Input::MediaLost { leg: CALLER });
    assert!(outputs.contains(&Output::Fact(Fact::HungUpFirst { by: EndedBy::Network })));
}

#[test]
fn who_dialled_out_is_not_told_that_nobody_is_there_when_the_line_dies() {
    let (mut desk, outputs) = Desk::new(Begin::Outside(PhoneNumber::new("01012345678")));
    let leg = dialled(&outputs);
    desk.give(Input::Answered { leg });
    let outputs = desk.give(Input::MediaLost { leg });
    assert!(outputs.contains(&Output::HangUp { leg: CALLER, why: HangUpWhy::Normal }), "{outputs:?}");
    assert_eq!(summary(&outputs).ended_by, EndedBy::Network);
}

#[test]
fn an_outside_number_that_is_busy_is_told_to_the_agent_who_dialled() {
    let (mut desk, outputs) = Desk::new(Begin::Outside(PhoneNumber::new("01012345678")));
    let leg = dialled(&outputs);
    assert!(desk.give(Input::Ringing { leg, early_media: false }).contains(&Output::Ring { leg: CALLER }));
    let outputs = desk.give(Input::Failed { leg, status: 486 });
    assert!(outputs.contains(&Output::Refuse { leg: CALLER, status: 486 }));
    assert_eq!(summary(&outputs).outcome, Outcome::Refused);
}

fn any_input() -> impl Strategy<Value = Input> {
    let leg = (1u64..6).prop_map(LegId);
    let offer = (8u64..11).prop_map(OfferId);
    let target = prop_oneof![
        Just(Target::Person(AgentId(8))),
        Just(Target::Queue(QueueId(4))),
        Just(Target::Outside(PhoneNumber::new("0212345678"))),
    ];
    prop_oneof![
        leg.clone().prop_map(|leg| Input::Ringing { leg, early_media: false }),
        leg.clone().prop_map(|leg| Input::Answered { leg }),
        (leg.clone(), prop_oneof![Just(486u16), Just(408), Just(480)])
            .prop_map(|(leg, status)| Input::Failed { leg, status }),
        leg.clone().prop_map(|leg| Input::HungUp { leg }),
        leg.clone().prop_map(|leg| Input::MediaLost { leg }),
        leg.clone().prop_map(|leg| Input::Held { leg }),
        leg.clone().prop_map(|leg| Input::Resumed { leg }),
        (0u32..8).prop_map(|play| Input::Said { play }),
        Just(Input::Enqueued { queue: QUEUE }),
        Just(Input::Dequeued),
        Just(Input::FlowDone),
        (proptest::option::of(leg), target).prop_map(|(by, target)| Input::Transfer { by, target }),
        offer.clone().prop_map(|offer| Input::Offered {
            offer,
            agent: AGENT,
            queue: QUEUE,
            ring_limit: Duration::from_secs(6)
        }),
        (offer.clone(), any::<bool>()).prop_map(|(offer, rang_out)| Input::Withdrawn { offer, rang_out }),
        offer.prop_map(|offer| Input::Connected { offer }),
        Just(Input::TellWait { position: Some(1), expected: None }),
        Just(Input::QueueGivesUp),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_a_call_ends_once_and_lets_every_leg_go(
        kind in 0u8..4,
        steps in proptest::collection::vec((any_input(), 0u64..8), 1..60),
    ) {
        let begin = match kind {
            0 => Begin::Flow,
            1 => Begin::Queue(QUEUE),
            2 => Begin::Person(AGENT),
            _ => Begin::Outside(PhoneNumber::new("01012345678")),
        };
        let (mut desk, mut outputs) = Desk::new(begin);
        for (input, pause) in steps {
            outputs.extend(desk.give(input));
            outputs.extend(desk.wait(pause));
        }
        outputs.extend(desk.give(Input::HungUp { leg: CALLER }));
        prop_assert!(desk.call.is_ended());
        prop_assert_eq!(outputs.iter().filter(|o| matches!(o, Output::Ended(_))).count(), 1);
        prop_assert!(matches!(outputs.last(), Some(Output::Ended(_))));
        prop_assert!(desk.call.legs().iter().all(|leg| leg.state == crate::call::LegState::Ended));
        let ended = summary(&outputs);
        prop_assert!(ended.waited + ended.talked <= ended.ended.since(ended.received));
        prop_assert!(ended.held <= ended.talked);
        // Whoever talked is free again at the end, and nobody is freed who did not talk.
        let (mut busy, mut rung) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
        for output in &outputs {
            match output {
                Output::AgentRung { agent } => prop_assert!(rung.insert(*agent), "{agent} is rung twice at once"),
                Output::AgentUnanswered { agent, .. } => {
                    prop_assert!(rung.remove(agent), "{agent} was not rung");
                }
                Output::AgentBusy { agent } => {
                    prop_assert!(rung.remove(agent), "{agent} was not rung");
                    busy.insert(*agent);
                }
                Output::Fact(Fact::Connected { agent: Some(agent) }) => {
                    busy.insert(*agent);
                }
                Output::AgentReleased { agent } => {
                    prop_assert!(busy.remove(agent), "{agent} was freed without having talked");
                }
                _ => {}
            }
        }
        prop_assert!(busy.is_empty(), "{busy:?} never got free");
        prop_assert!(rung.is_empty(), "{rung:?} are rung for ever");
    }
}
