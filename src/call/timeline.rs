//! When what happened to one call, and the sums that its record needs. Counts nothing twice and never asks the time.

use std::time::Duration;

use crate::model::{AgentId, EndedBy, Moment, Outcome, QueueId};

/// The moments of a call as they come.
#[derive(Clone, Debug)]
pub struct Timeline {
    received: Moment,
    rang: Option<Moment>,
    answered: Option<Moment>,
    connected: Option<Moment>,
    waiting_since: Option<Moment>,
    talking_since: Option<Moment>,
    held_since: Option<Moment>,
    waited: Duration,
    talked: Duration,
    held: Duration,
    transfers: u32,
    queue: Option<QueueId>,
    agent: Option<AgentId>,
    left_behind: Option<Outcome>,
    status: u16,
}

/// What the call's record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    pub received: Moment,
    pub rang: Option<Moment>,
    pub answered: Option<Moment>,
    /// When the caller and the first agent or person heard each other.
    pub connected: Option<Moment>,
    pub ended: Moment,
    pub waited: Duration,
    pub talked: Duration,
    /// Of the time talked: how long either of the two held the other.
    pub held: Duration,
    pub transfers: u32,
    pub queue: Option<QueueId>,
    pub agent: Option<AgentId>,
    pub outcome: Outcome,
    pub ended_by: EndedBy,
    /// Final SIP status that the caller got; 200 when answered.
    pub status: u16,
}

impl Timeline {
    #[must_use]
    pub fn new(received: Moment) -> Self {
        Timeline {
            received,
            rang: None,
            answered: None,
            connected: None,
            waiting_since: None,
            talking_since: None,
            held_since: None,
            waited: Duration::ZERO,
            talked: Duration::ZERO,
            held: Duration::ZERO,
            transfers: 0,
            queue: None,
            agent: None,
            left_behind: None,
            status: 0,
        }
    }

    /// Our first 180; later ones change nothing.
    pub fn ringing(&mut self, now: Moment) {
        self.rang.get_or_insert(now);
    }

    /// How long the caller has heard, or heard, ringing until `now`.
    #[must_use]
    pub fn rang_for(&self, now: Moment) -> Duration {
        self.rang.map_or(Duration::ZERO, |since| self.answered.unwrap_or(now).since(since))
    }

    pub fn answered(&mut self, now: Moment) {
        self.answered.get_or_insert(now);
        self.status = 200;
    }

    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.answered.is_some()
    }

    pub fn refused(&mut self, status: u16) {
        self.status = status;
    }

    pub fn waiting(&mut self, now: Moment, queue: QueueId) {
        self.stop_talking(now);
        self.queue = Some(queue);
        self.waiting_since.get_or_insert(now);
    }

    pub fn stop_waiting(&mut self, now: Moment) {
        if let Some(since) = self.waiting_since.take() {
            self.waited += now.since(since);
        }
    }

    pub fn talking(&mut self, now: Moment, agent: Option<AgentId>) {
        self.stop_waiting(now);
        self.connected.get_or_insert(now);
        self.talking_since.get_or_insert(now);
        self.agent = agent.or(self.agent);
    }

    /// Everything talked so far.
    #[must_use]
    pub fn talked(&self, now: Moment) -> Duration {
        self.talked + self.talking_since.map_or(Duration::ZERO, |since| now.since(since))
    }

    pub fn stop_talking(&mut self, now: Moment) {
        self.resumed(now);
        if let Some(since) = self.talking_since.take() {
            self.talked += now.since(since);
        }
    }

    pub fn held(&mut self, now: Moment) {
        if self.talking_since.is_some() {
            self.held_since.get_or_insert(now);
        }
    }

    pub fn resumed(&mut self, now: Moment) {
        if let Some(since) = self.held_since.take() {
            self.held += now.since(since);
        }
    }

    pub fn transferred(&mut self) {
        self.transfers += 1;
    }

    pub fn left_behind(&mut self, outcome: Outcome) {
        self.left_behind = Some(outcome);
    }

    #[must_use]
    pub fn has_talked(&self) -> bool {
        self.connected.is_some()
    }

    #[must_use]
    pub fn queue(&self) -> Option<QueueId> {
        self.queue
    }

    /// Closes the books. `waiting` when the caller was in a queue at the end; `failed` when the network ended it.
    #[must_use]
    pub fn close(mut self, now: Moment, ended_by: EndedBy, waiting: bool) -> Summary {
        self.stop_waiting(now);
        self.stop_talking(now);
        let outcome = if self.connected.is_some() {
            Outcome::Answered
        } else if let Some(left) = self.left_behind {
            left
        } else if self.answered.is_none() {
            if ended_by == EndedBy::Caller { Outcome::Abandoned } else { Outcome::Refused }
        } else if ended_by == EndedBy::Network {
            Outcome::Failed
        } else if waiting && ended_by == EndedBy::Caller {
            Outcome::Abandoned
        } else if self.queue.is_some() && ended_by != EndedBy::Caller {
            Outcome::Unanswered
        } else if self.queue.is_some() {
            Outcome::Abandoned
        } else {
            Outcome::SelfService
        };
        Summary {
            received: self.received,
            rang: self.rang,
            answered: self.answered,
            connected: self.connected,
            ended: now,
            waited: self.waited,
            talked: self.talked,
            held: self.held,
            transfers: self.transfers,
            queue: self.queue,
            agent: self.agent,
            outcome,
            ended_by,
            status: self.status,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Moment {
        Moment::from_secs(secs)
    }

    #[test]
    fn waiting_talking_and_holding_add_up() {
        let mut timeline = Timeline::new(at(0));
        timeline.answered(at(1));
        timeline.waiting(at(10), QueueId(2));
        timeline.talking(at(40), Some(AgentId(7)));
        timeline.held(at(50));
        timeline.resumed(at(55));
        let summary = timeline.close(at(100), EndedBy::Caller, false);
        assert_eq!(summary.waited, Duration::from_secs(30));
        assert_eq!(summary.talked, Duration::from_secs(60));
        assert_eq!(summary.held, Duration::from_secs(5));
        assert_eq!((summary.outcome, summary.agent, summary.status), (Outcome::Answered, Some(AgentId(7)), 200));
    }

    #[test]
    fn a_second_wait_after_a_failed_transfer_counts_too() {
        let mut timeline = Timeline::new(at(0));
        timeline.answered(at(0));
        timeline.waiting(at(0), QueueId(0));
        timeline.talking(at(10), Some(AgentId(1)));
        timeline.waiting(at(30), QueueId(0));
        timeline.talking(at(35), Some(AgentId(2)));
        let summary = timeline.close(at(60), EndedBy::Agent, false);
        assert_eq!(summary.waited, Duration::from_secs(15));
        assert_eq!(summary.talked, Duration::from_secs(45));
        assert_eq!(summary.connected, Some(at(10)));
    }

    #[test]
    fn each_ending_has_its_outcome() {
        let end = |prepare: fn(&mut Timeline), by, waiting| {
            let mut timeline = Timeline::new(at(0));
            prepare(&mut timeline);
            timeline.close(at(9), by, waiting).outcome
        };
        assert_eq!(end(|_| {}, EndedBy::System, false), Outcome::Refused);
        assert_eq!(end(|_| {}, EndedBy::Caller, false), Outcome::Abandoned);
        assert_eq!(end(|t| t.answered(at(1)), EndedBy::Caller, false), Outcome::SelfService);
        assert_eq!(end(|t| t.answered(at(1)), EndedBy::Network, false), Outcome::Failed);
        let waiting = |t: &mut Timeline| {
            t.answered(at(1));
            t.waiting(at(2), QueueId(0));
        };
        assert_eq!(end(waiting, EndedBy::Caller, true), Outcome::Abandoned);
        assert_eq!(end(waiting, EndedBy::System, true), Outcome::Unanswered);
        let callback = |t: &mut Timeline| {
            t.answered(at(1));
            t.waiting(at(2), QueueId(0));
            t.left_behind(Outcome::Callback);
        };
        assert_eq!(end(callback, EndedBy::System, false), Outcome::Callback);
    }
}
