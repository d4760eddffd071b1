//! Carries words between one pure machine and the sockets, the media threads and the clock. It decides nothing: the
//! machine says what to send and when to be woken.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::media_thread::MediaHandle;
use super::sip_transports::{Arrival, SipTransports};
use crate::media::{Command, Event};
use crate::model::Moment;
use crate::sip::Transmit;

/// A machine that speaks SIP and commands media workers.
pub trait Machine {
    /// What it is told by other threads.
    type Control;
    /// What it wants done that no socket can do.
    type Errand;

    fn arrived(&mut self, now: Moment, arrival: Arrival);
    fn media(&mut self, now: Moment, worker: usize, event: Event);
    /// `false` ends the pump.
    fn told(&mut self, now: Moment, control: Self::Control) -> bool;
    fn handle_timeout(&mut self, now: Moment);
    fn poll_timeout(&self) -> Option<Moment>;
    fn poll_effect(&mut self) -> Option<Effect<Self::Errand>>;
    fn errand(&mut self, now: Moment, errand: Self::Errand);
}

/// What a machine wants done.
#[derive(Debug)]
pub enum Effect<E> {
    Sip(Transmit),
    Media { worker: usize, command: Command },
    Errand(E),
}

/// What reaches a pump from other threads.
#[derive(Debug)]
pub enum Letter<C> {
    Media { worker: usize, event: Event },
    Control(C),
}

/// One machine with its sockets and media threads. Runs on a tokio `LocalSet`, where the transports live.
pub struct Pump<M: Machine> {
    pub machine: M,
    pub transports: SipTransports,
    pub arrivals: mpsc::Receiver<Arrival>,
    pub letters: mpsc::Receiver<Letter<M::Control>>,
    pub media: Vec<MediaHandle>,
    /// Where `Moment::ZERO` lies.
    pub origin: Instant,
}

impl<M: Machine> Pump<M> {
    /// Runs until the machine says that it is over, or nobody can reach it any more.
    pub async fn run(mut self) {
        // Commands that found a worker's queue full; they keep their order.
        let mut waiting: Vec<VecDeque<Command>> = self.media.iter().map(|_| VecDeque::new()).collect();
        self.carry_out(&mut waiting);
        loop {
            let due = self.machine.poll_timeout().map_or(FAR, |at| at.since(self.now()));
            let due = if waiting.iter().all(VecDeque::is_empty) { due } else { due.min(RETRY) };
            let going_on = tokio::select! {
                biased;
                arrival = self.arrivals.recv() => arrival.is_some_and(|arrival| self.arrived(arrival)),
                letter = self.letters.recv() => letter.is_some_and(|letter| self.letter(letter)),
                () = tokio::time::sleep(due) => true,
            };
            if !going_on || !self.take_along() {
                return self.carry_out(&mut waiting);
            }
            let now = self.now();
            if self.machine.poll_timeout().is_some_and(|due| due <= now) {
                self.machine.handle_timeout(now);
            }
            self.carry_out(&mut waiting);
        }
    }

    /// What has come meanwhile is taken along, one of each kind in turn: one round of effects for a burst of messages, and
    /// a flood of either kind never keeps the other waiting.
    fn take_along(&mut self) -> bool {
        for _ in 0..BURST_MAX {
            let (arrival, letter) = (self.arrivals.try_recv().ok(), self.letters.try_recv().ok());
            if arrival.is_none() && letter.is_none() {
                break;
            }
            let going_on = arrival.is_none_or(|arrival| self.arrived(arrival));
            if !going_on || !letter.is_none_or(|letter| self.letter(letter)) {
                return false;
            }
        }
        true
    }

    fn arrived(&mut self, arrival: Arrival) -> bool {
        if self.transports.note(&arrival) {
            let now = self.now();
            self.machine.arrived(now, arrival);
        }
        true
    }

    fn letter(&mut self, letter: Letter<M::Control>) -> bool {
        let now = self.now();
        match letter {
            Letter::Media { worker, event } => self.machine.media(now, worker, event),
            Letter::Control(control) => return self.machine.told(now, control),
        }
        true
    }

    fn carry_out(&mut self, waiting: &mut [VecDeque<Command>]) {
        while let Some(effect) = self.machine.poll_effect() {
            match effect {
                Effect::Sip(transmit) => self.transports.send(transmit),
                Effect::Media { worker, command } => {
                    if let Some(queue) = waiting.get_mut(worker) {
                        queue.push_back(command);
                    }
                }
                Effect::Errand(errand) => {
                    let now = self.now();
                    self.machine.errand(now, errand);
                }
            }
        }
        for (handle, queue) in self.media.iter().zip(waiting) {
            while let Some(command) = queue.pop_front() {
                if let Err(refused) = handle.send(command) {
                    queue.push_front(refused);
                    break;
                }
            }
        }
    }

    fn now(&self) -> Moment {
        Moment::from_nanos(u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }
}

/// Messages of each kind handled before effects and timers get their turn.
const BURST_MAX: usize = 64;

/// A wait that never matters: the machine wants nothing.
const FAR: Duration = Duration::from_secs(3_600);

/// When a media thread was too far behind, it is tried again so soon.
const RETRY: Duration = Duration::from_millis(5);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::{Flow, Transport};
    use bytes::Bytes;
    use std::net::SocketAddr;

    /// Writes down what it is told, in order.
    #[derive(Default)]
    struct Diary(Vec<&'static str>);

    impl Machine for Diary {
        type Control = bool;
        type Errand = ();

        fn arrived(&mut self, _now: Moment, _arrival: Arrival) {
            self.0.push("arrival");
        }

        fn media(&mut self, _now: Moment, _worker: usize, _event: Event) {
            self.0.push("media");
        }

        fn told(&mut self, _now: Moment, going_on: bool) -> bool {
            self.0.push("told");
            going_on
        }

        fn handle_timeout(&mut self, _now: Moment) {}

        fn poll_timeout(&self) -> Option<Moment> {
            None
        }

        fn poll_effect(&mut self) -> Option<Effect<()>> {
            None
        }

        fn errand(&mut self, _now: Moment, (): ()) {}
    }

    /// One round of a pump before which so much is waiting; whether it goes on, and its diary.
    fn round(arrivals: usize, letters: &[bool]) -> (bool, Vec<&'static str>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let (transports, _) = SipTransports::bind(&[], &[]).await.expect("there is nothing to bind");
            let (arrive, arriving) = mpsc::channel(1_000);
            let (write, letters_in) = mpsc::channel(1_000);
            let address = SocketAddr::from(([127, 0, 0, 1], 5060));
            let flow = Flow { transport: Transport::Udp, local: address, remote: address, connection: None };
            for _ in 0..arrivals {
                arrive.try_send(Arrival::Datagram { flow, bytes: Bytes::new() }).expect("there is room");
            }
            for going_on in letters {
                write.try_send(Letter::Control(*going_on)).expect("there is room");
            }
            let mut pump = Pump {
                machine: Diary::default(),
                transports,
                arrivals: arriving,
                letters: letters_in,
                media: Vec::new(),
                origin: origin(),
            };
            let going_on = pump.take_along();
            (going_on, pump.machine.0)
        })
    }

    #[expect(clippy::disallowed_methods, reason = "a pump has a clock")]
    fn origin() -> Instant {
        Instant::now()
    }

    #[test]
    fn a_flood_of_messages_keeps_no_letter_waiting_nor_the_other_way_round() {
        let (_, diary) = round(900, &[true; 10]);
        assert_eq!(diary.iter().position(|entry| *entry == "told"), Some(1));
        assert_eq!(diary.iter().rposition(|entry| *entry == "told"), Some(19));
        assert_eq!(diary.len(), BURST_MAX + 10, "and then it is the timers' turn");
        let (_, diary) = round(10, &[true; 900]);
        assert_eq!(diary.iter().rposition(|entry| *entry == "arrival"), Some(18));
        assert_eq!(diary.len(), BURST_MAX + 10);
    }

    #[test]
    fn the_order_to_stop_is_heard_in_a_flood() {
        let (going_on, diary) = round(900, &[true, false]);
        assert!(!going_on);
        assert_eq!(diary, ["arrival", "told", "arrival", "told"]);
    }
}
