//! Server side of one SIP request: absorbs its retransmissions and repeats our final answer until ACK.
//! Never parses, never touches a socket; the endpoint carries the actions out. RFC 3261 17.2, RFC 6026 7.1.
//!
//! ```text
//!  INVITE                                              other methods
//!
//!   Proceeding --2xx--> Accepted --L--> .               Trying --1xx--> Proceeding
//!     | request: last 1xx   ACK: deliver, 2xx: send       |                | request: last 1xx
//!     |                     request: absorbed             +-----final------+--> Completed --J--> .
//!     +--300-699--> Completed --ACK--> Confirmed --I--> . |                       request: final again
//!                     | G: final again                    +--broken--> . <--------+
//!                     | request: final again
//!                     +--H (no ACK), broken--> .       ( . is Terminated; "broken" a transport error )
//! ```
//!
//! Repeating a 2xx until its ACK is the session's work (RFC 3261 13.3.1.4), for it outlives this machine.

use super::timers::{Durations, Letter};
use std::time::Duration;

/// The machine of one received request.
#[derive(Debug)]
pub(crate) struct ServerTransaction {
    kind: Kind,
    state: State,
    reliable: bool,
    repeats: u32,
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
    /// A request other than INVITE, not answered yet.
    Trying,
    /// An INVITE without final answer, or another request with a provisional one.
    Proceeding,
    /// A 2xx to INVITE was sent (RFC 6026).
    Accepted,
    /// A final answer was sent.
    Completed,
    /// The ACK of our refusal came.
    Confirmed,
    /// Over.
    Terminated,
}

/// What happens to a server transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Event {
    /// The request again.
    Request,
    /// An ACK with the INVITE's branch, or, for a 2xx, of its dialog.
    Ack,
    /// Our user answers 100-199.
    Provisional,
    /// Our user answers 200-299.
    Success,
    /// Our user answers 300-699.
    Failure,
    /// A timer of this transaction rang.
    Timer(Letter),
    /// The response could not be sent.
    Broken,
}

/// What the endpoint must do, in order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Action {
    /// Send the user's response and remember it as the last one.
    Send,
    /// Send the last response again, if there is one.
    Repeat,
    /// Give the ACK to the transaction's user.
    Deliver,
    /// Start (or restart) this timer with the length `wait` tells.
    Start(Letter),
    /// Take this timer back.
    Stop(Letter),
}

impl ServerTransaction {
    /// A request just received.
    pub(crate) fn new(kind: Kind, reliable: bool) -> Self {
        let state = match kind {
            Kind::Invite => State::Proceeding,
            Kind::Other => State::Trying,
        };
        ServerTransaction { kind, state, reliable, repeats: 0 }
    }

    /// Moves on and says what to do.
    #[must_use]
    pub(crate) fn handle(&mut self, event: Event) -> &'static [Action] {
        let (next, actions) = step(self.kind, self.state, event);
        if event == Event::Timer(Letter::G) && actions.contains(&Action::Repeat) {
            self.repeats = self.repeats.saturating_add(1);
        }
        self.state = next;
        actions
    }

    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// Whether a final answer has left.
    pub(crate) fn is_answered(&self) -> bool {
        !matches!(self.state, State::Trying | State::Proceeding)
    }

    /// The length of a timer that `Start` names; `None` when this transport has no use for it.
    pub(crate) fn wait(&self, letter: Letter, durations: &Durations) -> Option<Duration> {
        durations.wait(letter, self.repeats, self.reliable)
    }

    /// Timers a server transaction can have running.
    pub(crate) const LETTERS: [Letter; 5] = [Letter::G, Letter::H, Letter::I, Letter::J, Letter::L];
}

fn step(kind: Kind, state: State, event: Event) -> (State, &'static [Action]) {
    use Action::{Deliver, Repeat, Send, Start, Stop};
    use Letter::{G, H, I, J, L};
    match (kind, state, event) {
        (Kind::Invite, State::Proceeding, Event::Request) => (State::Proceeding, &[Repeat]),
        (Kind::Invite, State::Proceeding, Event::Provisional) => (State::Proceeding, &[Send]),
        (Kind::Invite, State::Proceeding, Event::Success) => (State::Accepted, &[Send, Start(L)]),
        (Kind::Invite, State::Proceeding, Event::Failure) => (State::Completed, &[Send, Start(G), Start(H)]),
        // The caller may be reachable for the retransmitted INVITE, so a lost provisional ends nothing.
        (Kind::Invite, State::Accepted, Event::Success) => (State::Accepted, &[Send]),
        (Kind::Invite, State::Accepted, Event::Ack) => (State::Accepted, &[Deliver]),
        (Kind::Invite, State::Accepted, Event::Timer(L)) => (State::Terminated, &[]),
        (Kind::Invite, State::Completed, Event::Request) => (State::Completed, &[Repeat]),
        (Kind::Invite, State::Completed, Event::Timer(G)) => (State::Completed, &[Repeat, Start(G)]),
        (Kind::Invite, State::Completed, Event::Ack) => (State::Confirmed, &[Stop(G), Stop(H), Start(I)]),
        (Kind::Invite, State::Completed, Event::Timer(H)) => (State::Terminated, &[Stop(G)]),
        (Kind::Invite, State::Completed, Event::Broken) => (State::Terminated, &[Stop(G), Stop(H)]),
        (Kind::Invite, State::Confirmed, Event::Timer(I)) => (State::Terminated, &[]),

        (Kind::Other, State::Trying, Event::Provisional) => (State::Proceeding, &[Send]),
        (Kind::Other, State::Proceeding, Event::Provisional) => (State::Proceeding, &[Send]),
        (Kind::Other, State::Proceeding, Event::Request) => (State::Proceeding, &[Repeat]),
        (Kind::Other, State::Trying | State::Proceeding, Event::Success | Event::Failure) => {
            (State::Completed, &[Send, Start(J)])
        }
        (Kind::Other, State::Completed, Event::Request) => (State::Completed, &[Repeat]),
        (Kind::Other, State::Completed, Event::Timer(J)) => (State::Terminated, &[]),
        (Kind::Other, State::Completed, Event::Broken) => (State::Terminated, &[Stop(J)]),
        // Everything else means nothing here: a second answer, a late timer, an ACK nobody waits for.
        (_, state, _) => (state, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [State; 6] =
        [State::Trying, State::Proceeding, State::Accepted, State::Completed, State::Confirmed, State::Terminated];

    fn events() -> Vec<Event> {
        let mut events =
            vec![Event::Request, Event::Ack, Event::Provisional, Event::Success, Event::Failure, Event::Broken];
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
                "Proceeding Request -> Proceeding [Repeat]",
                "Proceeding Provisional -> Proceeding [Send]",
                "Proceeding Success -> Accepted [Send, Start(L)]",
                "Proceeding Failure -> Completed [Send, Start(G), Start(H)]",
                "Accepted Ack -> Accepted [Deliver]",
                "Accepted Success -> Accepted [Send]",
                "Accepted Timer(L) -> Terminated []",
                "Completed Request -> Completed [Repeat]",
                "Completed Ack -> Confirmed [Stop(G), Stop(H), Start(I)]",
                "Completed Broken -> Terminated [Stop(G), Stop(H)]",
                "Completed Timer(G) -> Completed [Repeat, Start(G)]",
                "Completed Timer(H) -> Terminated [Stop(G)]",
                "Confirmed Timer(I) -> Terminated []",
            ]
        );
    }

    #[test]
    fn every_pair_of_the_other_machine_is_as_the_rfc_says() {
        assert_eq!(
            table(Kind::Other),
            [
                "Trying Provisional -> Proceeding [Send]",
                "Trying Success -> Completed [Send, Start(J)]",
                "Trying Failure -> Completed [Send, Start(J)]",
                "Proceeding Request -> Proceeding [Repeat]",
                "Proceeding Provisional -> Proceeding [Send]",
                "Proceeding Success -> Completed [Send, Start(J)]",
                "Proceeding Failure -> Completed [Send, Start(J)]",
                "Completed Request -> Completed [Repeat]",
                "Completed Broken -> Terminated [Stop(J)]",
                "Completed Timer(J) -> Terminated []",
            ]
        );
    }

    #[test]
    fn a_refusal_without_ack_is_sent_eleven_times_and_given_up() {
        let durations = Durations::new(Duration::from_millis(500), Duration::from_secs(180));
        let mut transaction = ServerTransaction::new(Kind::Invite, false);
        let _ = transaction.handle(Event::Failure);
        let mut sent = 1;
        let mut elapsed = transaction.wait(Letter::G, &durations).expect("UDP retransmits");
        while elapsed < durations.patience() {
            let _ = transaction.handle(Event::Timer(Letter::G));
            sent += 1;
            elapsed += transaction.wait(Letter::G, &durations).expect("UDP retransmits");
        }
        assert_eq!(sent, 11);
        let _ = transaction.handle(Event::Timer(Letter::H));
        assert_eq!(transaction.state(), State::Terminated);
    }

    #[test]
    fn a_retransmitted_invite_hears_nothing_more_from_the_transaction_once_accepted() {
        let mut transaction = ServerTransaction::new(Kind::Invite, false);
        let _ = transaction.handle(Event::Success);
        assert!(transaction.is_answered());
        assert!(transaction.handle(Event::Request).is_empty());
    }
}
