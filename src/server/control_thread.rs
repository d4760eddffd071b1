//! The one thread that owns the center: sockets and clocks in, effects out. No lock, no disk, no waiting for anybody.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};

use super::clock::Clock;
use crate::center::admin::{AdminCommand, AdminError, AdminReply};
use crate::center::board::Board;
use crate::center::{Center, Input, Output};
use crate::media::{Command, Event};
use crate::net::{Arrival, MediaHandle, SipTransports};
use crate::store::{EventSender, RecordingInput, RecordingSender};

/// What other threads tell the control thread.
#[derive(Debug)]
pub enum Control {
    Media { worker: usize, event: Event },
    Input(Input),
    Ask { command: AdminCommand, reply: oneshot::Sender<Result<AdminReply, AdminError>> },
    /// The live tables as text, for administrators.
    Dump(oneshot::Sender<String>),
    /// Leave at once; what is left is lost to its callers.
    Stop,
}

/// Everything that the control thread hands effects to.
pub struct Outlets {
    pub media: Vec<MediaHandle>,
    pub events: EventSender,
    pub observe: Box<dyn Fn(&crate::center::event::Event) + Send>,
    pub count: Box<dyn Fn(&mut Center) + Send>,
    pub recordings: RecordingSender,
    pub board: watch::Sender<Arc<Board>>,
    /// HTTP GETs and text messages of flows.
    pub errands: mpsc::Sender<Errand>,
}

/// Something slow that a flow waits for.
#[derive(Debug)]
pub enum Errand {
    Fetch { call: crate::model::CallId, id: u64, url: String, timeout: Duration },
    SendText { call: crate::model::CallId, to: String, text: String },
}

/// The loop's own state.
pub struct ControlLoop {
    center: Center,
    transports: SipTransports,
    arrivals: mpsc::Receiver<Arrival>,
    controls: mpsc::Receiver<Control>,
    outlets: Outlets,
    clock: Clock,
    /// Commands that found a worker's queue full; they keep their order.
    waiting: Vec<VecDeque<Command>>,
    asked: HashMap<u64, oneshot::Sender<Result<AdminReply, AdminError>>>,
    requests: u64,
    counted_at: Instant,
}

impl ControlLoop {
    #[must_use]
    pub fn new(
        center: Center,
        transports: SipTransports,
        arrivals: mpsc::Receiver<Arrival>,
        controls: mpsc::Receiver<Control>,
        outlets: Outlets,
        clock: Clock,
    ) -> Self {
        let waiting = outlets.media.iter().map(|_| VecDeque::new()).collect();
        ControlLoop {
            center,
            transports,
            arrivals,
            controls,
            outlets,
            clock,
            waiting,
            asked: HashMap::new(),
            requests: 0,
            counted_at: Instant::now(),
        }
    }

    /// Runs until `Control::Stop`. On a tokio `LocalSet`, where the transports live.
    pub async fn run(mut self) {
        self.carry_out();
        loop {
            let due = self.center.poll_timeout().map(|at| self.clock.instant(at));
            let sleep = tokio::time::sleep_until(due.unwrap_or_else(far).into());
            tokio::select! {
                biased;
                arrival = self.arrivals.recv() => match arrival {
                    Some(arrival) => self.arrived(arrival),
                    None => return,
                },
                control = self.controls.recv() => match control {
                    Some(Control::Stop) | None => return,
                    Some(control) => self.told(control),
                },
                () = sleep => {}
            }
            // What has come meanwhile is taken along: one round of effects for a burst of messages.
            for _ in 0..BURST_MAX {
                if let Ok(arrival) = self.arrivals.try_recv() {
                    self.arrived(arrival);
                } else if let Ok(control) = self.controls.try_recv() {
                    if matches!(control, Control::Stop) {
                        return;
                    }
                    self.told(control);
                } else {
                    break;
                }
            }
            let now = self.clock.now();
            if self.center.poll_timeout().is_some_and(|due| due <= now) {
                self.center.handle_timeout(now);
            }
            self.carry_out();
        }
    }

    fn arrived(&mut self, arrival: Arrival) {
        let now = self.clock.now();
        if !self.transports.note(&arrival) {
            return;
        }
        let input = match arrival {
            Arrival::Datagram { flow, bytes } => Input::Datagram { flow, bytes },
            Arrival::Stream { flow, bytes } => Input::Stream { flow, bytes },
            Arrival::Closed { connection } => Input::Closed { connection },
            Arrival::TransportError { flow } => Input::TransportError { flow },
            Arrival::Connected { .. } => return,
        };
        self.center.handle(now, input);
        self.carry_out();
    }

    fn told(&mut self, control: Control) {
        let now = self.clock.now();
        match control {
            Control::Media { worker, event } => self.center.handle(now, Input::Media { worker, event }),
            Control::Input(input) => self.center.handle(now, input),
            Control::Ask { command, reply } => {
                self.requests += 1;
                self.asked.insert(self.requests, reply);
                self.center.handle(now, Input::Admin { request: self.requests, command });
            }
            Control::Dump(reply) => {
                // Whoever asked may have gone.
                let _ = reply.send(self.center.dump());
            }
            Control::Stop => {}
        }
        self.carry_out();
    }

    fn carry_out(&mut self) {
        while let Some(output) = self.center.poll_output() {
            match output {
                Output::Sip(transmit) => self.transports.send(transmit),
                Output::Media { worker, command } => {
                    if let Some(queue) = self.waiting.get_mut(worker) {
                        queue.push_back(command);
                    }
                }
                Output::Fetch { call, id, url, timeout } => self.errand(Errand::Fetch { call, id, url, timeout }),
                Output::SendText { call, to, text } => self.errand(Errand::SendText { call, to, text }),
                Output::OpenRecording { record, file } => {
                    self.outlets.recordings.send(RecordingInput::Open { record, file });
                }
                Output::Event(event) => {
                    (self.outlets.observe)(&event);
                    self.outlets.events.send(event);
                }
                Output::Board(board) => {
                    self.outlets.board.send_replace(board);
                }
                Output::Reply { request, result } => {
                    if let Some(reply) = self.asked.remove(&request) {
                        // Whoever asked may have gone.
                        let _ = reply.send(result);
                    }
                }
            }
        }
        self.feed_workers();
        if self.counted_at.elapsed() >= COUNT_INTERVAL {
            self.counted_at = Instant::now();
            (self.outlets.count)(&mut self.center);
        }
    }

    fn feed_workers(&mut self) {
        for (handle, queue) in self.outlets.media.iter().zip(&mut self.waiting) {
            while let Some(command) = queue.pop_front() {
                if let Err(full) = handle.send(command) {
                    queue.push_front(full.0);
                    break;
                }
            }
        }
    }

    fn errand(&mut self, errand: Errand) {
        let Err(refused) = self.outlets.errands.try_send(errand) else { return };
        // Too many at once: the flow hears of it at once and takes its way out.
        let now = self.clock.now();
        let input = match refused.into_inner() {
            Errand::Fetch { call, id, .. } => {
                let outcome = crate::ivr::FetchOutcome::Failed("too many requests at once".to_owned());
                Input::Fetched { call, id, outcome }
            }
            Errand::SendText { call, .. } => Input::TextSent { call, taken: false },
        };
        self.center.handle(now, input);
    }
}

fn far() -> Instant {
    Instant::now() + Duration::from_secs(3_600)
}

/// Messages handled before effects and timers get their turn.
const BURST_MAX: usize = 64;

/// How often counters are copied for `/metrics`.
const COUNT_INTERVAL: Duration = Duration::from_secs(1);
