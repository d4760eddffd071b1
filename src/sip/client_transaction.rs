//! Client side of one SIP request: retransmits it, acknowledges refusals, tells its user each thing once.
//! Never builds a message, never touches a socket; the endpoint carries the actions out. RFC 3261 17.1, RFC 6026 7.2.
//!
//! ```text
//!  INVITE                                            other methods
//!
//!   Calling --1xx--> Proceeding                       Trying ----1xx---> Proceeding
//!     |  A: resend      |  1xx: deliver                 |  E: resend        |  E: resend every T2
//!     |                 |                               |                   |  1xx: deliver
//!     +------2xx--------+--> Accepted --M--> .          +------final--------+--> Completed --K--> .
//!     |                 |      2xx: deliver             |                   |
//!     +----300-699------+--> Completed --D--> .         +--F, broken--> . <-+
//!     |                 |      300-699: ACK again
//!     +--B, broken--> . +--broken--> .                  ( . is Terminated; "broken" a transport error )
//! ```

use super::timers::{Durations, Letter};
use std::time::Duration;

/// The machine of one request. Timer C is the session's, not the transaction's.
#[derive(Debug)]
pub(crate) struct ClientTransaction {
    kind: Kind,
    state: State,
    reliable: bool,
    resends: u32,
}

/// Which of the two machines runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Invite,
    Other,
}

/// States by their RFC names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    /// INVITE sent, nothing heard.
    Calling,
    /// Another request sent, nothing heard.
    Trying,
    /// A provisional response came.
    Proceeding,
    /// A 2xx to INVITE came (RFC 6026).
    Accepted,
    /// A final response came; retransmissions of it are absorbed.
    Completed,
    /// Over.
    Terminated,
}

/// What happens to a client transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Event {
    /// 100-199.
    Provisional,
    /// 200-299.
    Success,
    /// 300-699.
    Failure,
    /// A timer of this transaction rang.
    Timer(Letter),
    /// The request could not be sent.
    Broken,
}

/// What the endpoint must do, in order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Action {
    /// Send the request again.
    Resend,
    /// Send the ACK of a refusal (17.1.1.3).
    Acknowledge,
    /// Give the response to the transaction's user.
    Deliver,
    /// Tell the user that nobody answered: the same as a 408.
    TimedOut,
    /// Tell the user that the request could not be sent: the same as a 503.
    Undeliverable,
    /// Start (or restart) this timer with the length `wait` tells.
    Start(Letter),
    /// Take this timer back.
    Stop(Letter),
}

impl ClientTransaction {
    /// A request just sent, and the timers to start with it.
    pub(crate) fn new(kind: Kind, reliable: bool) -> (Self, &'static [Action]) {
        let (state, actions): (_, &'static [Action]) = match kind {
            Kind::Invite => (State::Calling, &[Action::Start(Letter::A), Action::Start(Letter::B)]),
            Kind::Other => (State::Trying, &[Action::Start(Letter::E), Action::Start(Letter::F)]),
        };
        (ClientTransaction { kind, state, reliable, resends: 0 }, actions)
    }

    /// Moves on and says what to do.
    #[must_use]
    pub(crate) fn handle(&mut self, event: Event) -> &'static [Action] {
        let (next, actions) = step(self.kind, self.state, event);
        if actions.contains(&Action::Resend) {
            self.resends = self.resends.saturating_add(1);
        }
        self.state = next;
        actions
    }

    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// The length of a timer that `Start` names; `None` when this transport has no use for it.
    pub(crate) fn wait(&self, letter: Letter, durations: &Durations) -> Option<Duration> {
        match (letter, self.state) {
            (Letter::E, State::Proceeding) => (!self.reliable).then_some(durations.t2),
            _ => durations.wait(letter, self.resends, self.reliable),
        }
    }

    /// Timers a client transaction can have running.
    pub(crate) const LETTERS: [Letter; 7] =
        [Letter::A, Letter::B, Letter::D, Letter::E, Letter::F, Letter::K, Letter::M];
}

fn step(kind: Kind, state: State, event: Event) -> (State, &'static [Action]) {
    use Action::{Acknowledge, Deliver, Resend, Start, Stop, TimedOut, Undeliverable};
    use Letter::{A, B, D, E, F, K, M};
    match (kind, state, event) {
        (Kind::Invite, State::Calling, Event::Timer(A)) => (State::Calling, &[Resend, Start(A)]),
        (Kind::Invite, State::Calling, Event::Timer(B)) => (State::Terminated, &[Stop(A), TimedOut]),
        (Kind::Invite, State::Calling, Event::Provisional) => (State::Proceeding, &[Stop(A), Stop(B), Deliver]),
        (Kind::Invite, State::Proceeding, Event::Provisional) => (State::Proceeding, &[Deliver]),
        (Kind::Invite, State::Calling | State::Proceeding, Event::Success) => {
            (State::Accepted, &[Stop(A), Stop(B), Start(M), Deliver])
        }
        (Kind::Invite, State::Calling | State::Proceeding, Event::Failure) => {
            (State::Completed, &[Stop(A), Stop(B), Acknowledge, Start(D), Deliver])
        }
        (Kind::Invite, State::Calling | State::Proceeding, Event::Broken) => {
            (State::Terminated, &[Stop(A), Stop(B), Undeliverable])
        }
        (Kind::Invite, State::Accepted, Event::Success) => (State::Accepted, &[Deliver]),
        (Kind::Invite, State::Accepted, Event::Timer(M)) => (State::Terminated, &[]),
        (Kind::Invite, State::Completed, Event::Failure) => (State::Completed, &[Acknowledge]),
        (Kind::Invite, State::Completed, Event::Timer(D)) => (State::Terminated, &[]),
        // The user has its answer; only the ACK is lost, and retransmitted refusals would find the wall again.
        (Kind::Invite, State::Completed, Event::Broken) => (State::Terminated, &[Stop(D)]),

        (Kind::Other, State::Trying, Event::Timer(E)) => (State::Trying, &[Resend, Start(E)]),
        (Kind::Other, State::Proceeding, Event::Timer(E)) => (State::Proceeding, &[Resend, Start(E)]),
        (Kind::Other, State::Trying | State::Proceeding, Event::Timer(F)) => (State::Terminated, &[Stop(E), TimedOut]),
        (Kind::Other, State::Trying | State::Proceeding, Event::Provisional) => (State::Proceeding, &[Deliver]),
        (Kind::Other, State::Trying | State::Proceeding, Event::Success | Event::Failure) => {
            (State::Completed, &[Stop(E), Stop(F), Start(K), Deliver])
        }
        (Kind::Other, State::Trying | State::Proceeding, Event::Broken) => {
            (State::Terminated, &[Stop(E), Stop(F), Undeliverable])
        }
        (Kind::Other, State::Completed, Event::Timer(K)) => (State::Terminated, &[]),
        // Everything else means nothing here: a late timer, a stray response, an error after the end.
        (_, state, _) => (state, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [State; 6] =
        [State::Calling, State::Trying, State::Proceeding, State::Accepted, State::Completed, State::Terminated];

    fn events() -> Vec<Event> {
        let mut events = vec![Event::Provisional, Event::Success, Event::Failure, Event::Broken];
        events.extend(Letter::ALL.map(Event::Timer));
        events
    }

    /// The whole machine as text, only the pairs that do something.
    fn table(kind: Kind) -> Vec<String> {
        let mut rows = Vec::new();
        for state in STATES {
            for event in events() {
                let (next, actions) = step(kind, state, event);
                if next != state || !actions.is_empty() {
                    rows.push(format!("{state:?} {event:?} -> {next:?} {actions:?}"));
                }
            }
        }
        rows
    }

    #[test]
    fn every_pair_of_the_invite_machine_is_as_the_rfc_says() {
        assert_eq!(
            table(Kind::Invite),
            [
                "Calling Provisional -> Proceeding [Stop(A), Stop(B), Deliver]",
                "Calling Success -> Accepted [Stop(A), Stop(B), Start(M), Deliver]",
                "Calling Failure -> Completed [Stop(A), Stop(B), Acknowledge, Start(D), Deliver]",
                "Calling Broken -> Terminated [Stop(A), Stop(B), Undeliverable]",
                "Calling Timer(A) -> Calling [Resend, Start(A)]",
                "Calling Timer(B) -> Terminated [Stop(A), TimedOut]",
                "Proceeding Provisional -> Proceeding [Deliver]",
                "Proceeding Success -> Accepted [Stop(A), Stop(B), Start(M), Deliver]",
                "Proceeding Failure -> Completed [Stop(A), Stop(B), Acknowledge, Start(D), Deliver]",
                "Proceeding Broken -> Terminated [Stop(A), Stop(B), Undeliverable]",
                "Accepted Success -> Accepted [Deliver]",
                "Accepted Timer(M) -> Terminated []",
                "Completed Failure -> Completed [Acknowledge]",
                "Completed Broken -> Terminated [Stop(D)]",
                "Completed Timer(D) -> Terminated []",
            ]
        );
    }

    #[test]
    fn every_pair_of_the_other_machine_is_as_the_rfc_says() {
        assert_eq!(
            table(Kind::Other),
            [
                "Trying Provisional -> Proceeding [Deliver]",
                "Trying Success -> Completed [Stop(E), Stop(F), Start(K), Deliver]",
                "Trying Failure -> Completed [Stop(E), Stop(F), Start(K), Deliver]",
                "Trying Broken -> Terminated [Stop(E), Stop(F), Undeliverable]",
                "Trying Timer(E) -> Trying [Resend, Start(E)]",
                "Trying Timer(F) -> Terminated [Stop(E), TimedOut]",
                "Proceeding Provisional -> Proceeding [Deliver]",
                "Proceeding Success -> Completed [Stop(E), Stop(F), Start(K), Deliver]",
                "Proceeding Failure -> Completed [Stop(E), Stop(F), Start(K), Deliver]",
                "Proceeding Broken -> Terminated [Stop(E), Stop(F), Undeliverable]",
                "Proceeding Timer(E) -> Proceeding [Resend, Start(E)]",
                "Proceeding Timer(F) -> Terminated [Stop(E), TimedOut]",
                "Completed Timer(K) -> Terminated []",
            ]
        );
    }

    #[test]
    fn a_silent_peer_gets_seven_invites_in_32_seconds() {
        let durations = Durations::new(Duration::from_millis(500), Duration::from_secs(180));
        let (mut transaction, _) = ClientTransaction::new(Kind::Invite, false);
        let mut elapsed = transaction.wait(Letter::A, &durations).expect("UDP retransmits");
        let mut sent = 1;
        while elapsed < durations.patience() {
            assert_eq!(transaction.handle(Event::Timer(Letter::A)), [Action::Resend, Action::Start(Letter::A)]);
            sent += 1;
            elapsed += transaction.wait(Letter::A, &durations).expect("UDP retransmits");
        }
        assert_eq!(sent, 7);
        assert_eq!(transaction.handle(Event::Timer(Letter::B)), [Action::Stop(Letter::A), Action::TimedOut]);
        assert_eq!(transaction.state(), State::Terminated);
    }

    #[test]
    fn after_a_provisional_other_requests_repeat_every_t2() {
        let durations = Durations::new(Duration::from_millis(500), Duration::from_secs(180));
        let (mut transaction, _) = ClientTransaction::new(Kind::Other, false);
        assert_eq!(transaction.wait(Letter::E, &durations), Some(Duration::from_millis(500)));
        let _ = transaction.handle(Event::Provisional);
        let _ = transaction.handle(Event::Timer(Letter::E));
        assert_eq!(transaction.wait(Letter::E, &durations), Some(Duration::from_secs(4)));
    }
}
