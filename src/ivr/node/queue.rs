//! `do = "queue"`: waits for an agent. The place is kept while a menu runs over the wait; nobody is dropped for waiting.
//! The session keeps the clock of the callback offer and of the longest wait; the switchboard keeps the queue.

use std::sync::Arc;

use crate::ivr::flow::{Flow, Link, Queue, Step, Target};
use crate::ivr::outside::{Enqueue, Output, QueueExit};
use crate::ivr::session::{Place, Session, State};
use crate::model::{Digit, Moment, Outcome};

impl Session {
    /// Entering the queue one already waits in is going on waiting.
    pub(in crate::ivr) fn enter_queue<'f>(
        &mut self,
        now: Moment,
        flow: &'f Flow,
        at: usize,
        queue: &'f Queue,
    ) -> Option<&'f Target> {
        self.ahead.clear();
        if self.place.as_ref().is_some_and(|place| place.node == at) {
            self.resume(now);
            return None;
        }
        self.leave_queue();
        if queue.hours.as_ref().is_some_and(|hours| !self.is_open(now, flow, hours)) {
            let way = queue.on_closed.as_ref().or(flow.nodes.get(at)?.on_fail.as_ref());
            if way.is_none() {
                self.give_up();
            }
            return way.map(|link| &link.target);
        }
        let since = *self.waiting_since.get_or_insert(now);
        self.last_queue = Some(at);
        self.waited_in = Some(queue.queue.text.clone());
        self.outcome = Outcome::Unanswered;
        self.push(Output::Enqueue(Enqueue {
            queue: queue.queue.text.clone(),
            skills: queue.skills.iter().map(|(skill, level)| (skill.text.clone(), *level)).collect(),
            priority: queue.priority,
            announce: queue.announce,
            offer_callback: queue.offer_callback,
            max_wait: queue.wait_max,
            recording: queue.recording,
            ticket: queue.ticket.clone(),
            since,
        }));
        self.place = Some(Place {
            node: at,
            levels: self.levels.len(),
            offer_at: queue.offer_at(now),
            ask_at: queue.ask_at(now),
            overdue: false,
        });
        self.state = State::Waiting;
        None
    }

    /// Back to waiting, the place untouched. Whoever was just asked is not asked again at once.
    pub(in crate::ivr) fn resume(&mut self, now: Moment) {
        let flow = Arc::clone(&self.flow);
        let Some(place) = &mut self.place else { return };
        let Some(Step::Queue(queue)) = flow.nodes.get(place.node).map(|node| &node.step) else { return };
        if place.ask_at.is_none_or(|due| due <= now) {
            place.ask_at = queue.ask_at(now);
        }
        place.offer_at = place.offer_at.filter(|due| *due > now);
        place.overdue = false;
        self.node = place.node;
        self.levels.truncate(place.levels);
        self.ahead.clear();
        self.state = State::Waiting;
        self.push(Output::Resume);
    }

    /// An agent answered, whatever was being said over the wait.
    pub(in crate::ivr) fn served(&mut self) {
        let Some(place) = &mut self.place else { return };
        (place.offer_at, place.ask_at) = (None, None);
        self.node = place.node;
        self.levels.truncate(place.levels);
        self.ahead.clear();
        self.state = State::Served;
    }

    /// The conversation came to nothing, or the agent sent the caller to a queue: a new wait with the old place's rules.
    pub(in crate::ivr) fn waits_again(&mut self, now: Moment, queue: String) {
        let flow = Arc::clone(&self.flow);
        let Some(place) = &mut self.place else { return };
        let Some(Step::Queue(rules)) = flow.nodes.get(place.node).map(|node| &node.step) else { return };
        (place.offer_at, place.ask_at) = (rules.offer_at(now), rules.ask_at(now));
        self.waited_in = Some(queue);
        self.state = State::Waiting;
    }

    /// Something is due while waiting.
    pub(in crate::ivr) fn waited(&mut self, now: Moment) {
        let Some(place) = &self.place else { return self.ignore() };
        if place.ask_at.is_some_and(|due| due <= now) {
            self.ask_waiting(now);
        } else if place.offer_at.is_some_and(|due| due <= now) {
            self.offer_callback(now);
        }
    }

    /// The longest wait has passed: what does the caller want?
    pub(in crate::ivr) fn ask_waiting(&mut self, now: Moment) {
        let forget = |place: &mut Place| (place.ask_at, place.overdue) = (None, true);
        self.interrupt(now, forget, |queue| queue.on_max_wait.as_ref());
    }

    /// Offered once; later the longest wait asks.
    pub(in crate::ivr) fn offer_callback(&mut self, now: Moment) {
        self.interrupt(now, |_| {}, |queue| queue.on_offer.as_ref());
    }

    fn interrupt(&mut self, now: Moment, forget: impl Fn(&mut Place), to: impl Fn(&Queue) -> Option<&Link>) {
        let flow = Arc::clone(&self.flow);
        let Some(place) = &mut self.place else { return self.ignore() };
        let Some(Step::Queue(queue)) = flow.nodes.get(place.node).map(|node| &node.step) else { return };
        place.offer_at = None;
        forget(place);
        match to(queue) {
            Some(link) => self.go(now, &link.target),
            None => self.ignore(),
        }
    }

    /// Only keys that the queue node itself names mean something to a caller who waits.
    pub(in crate::ivr) fn key_while_waiting(&mut self, now: Moment, digit: Digit) {
        let flow = Arc::clone(&self.flow);
        let key = flow.nodes.get(self.node).and_then(|node| node.key(digit).filter(|key| key.own));
        match key {
            Some(key) => {
                self.push(Output::KeyPressed { node: self.node().to_owned(), key: Some(digit) });
                self.forget_offer(&flow, &key.link.target);
                self.go(now, &key.link.target);
            }
            None => self.ignore(),
        }
    }

    /// Whoever asks for the callback menu need not be offered it later.
    fn forget_offer(&mut self, flow: &Flow, target: &Target) {
        let Some(place) = &mut self.place else { return };
        if let Some(Step::Queue(queue)) = flow.nodes.get(place.node).map(|node| &node.step)
            && queue.on_offer.as_ref().is_some_and(|link| link.target == *target)
        {
            place.offer_at = None;
        }
    }

    /// The queue gave the caller back, and the place with it.
    pub(in crate::ivr) fn turned_away(&mut self, now: Moment, exit: QueueExit) {
        self.place = None;
        let flow = Arc::clone(&self.flow);
        let Some(Step::Queue(queue)) = flow.nodes.get(self.node).map(|node| &node.step) else { return self.give_up() };
        let way = match exit {
            QueueExit::Closed => queue.on_closed.as_ref(),
            _ => queue.on_full.as_ref().or(queue.on_max_wait.as_ref()),
        };
        match way {
            Some(link) => self.go(now, &link.target),
            None => self.fail(now),
        }
    }
}

impl Queue {
    /// When the callback is offered to a caller who begins to wait now.
    fn offer_at(&self, now: Moment) -> Option<Moment> {
        self.on_offer.as_ref().and(self.offer_callback).map(|after| now + after)
    }

    /// When a caller who begins to wait now has waited the longest.
    fn ask_at(&self, now: Moment) -> Option<Moment> {
        self.on_max_wait.as_ref().and(self.wait_max).map(|after| now + after)
    }
}
