//! The center on its thread: what sockets, media threads and people say goes in, what it wants done goes out.
//! No lock, no disk, no waiting for anybody.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use crate::center::admin::{AdminCommand, AdminError, AdminReply};
use crate::center::board::Board;
use crate::center::event::Event;
use crate::center::{Center, Input, Output};
use crate::ivr::FetchOutcome;
use crate::media;
use crate::model::{CallId, Moment};
use crate::net::{Arrival, Effect, Machine, TransportCounts};
use crate::store::{EventSender, RecordingInput, RecordingSender};

/// What other threads tell the center.
#[derive(Debug)]
pub enum Control {
    Input(Input),
    Ask {
        command: AdminCommand,
        reply: oneshot::Sender<Result<AdminReply, AdminError>>,
    },
    /// The live tables as text, for administrators.
    Dump(oneshot::Sender<String>),
    /// Leave at once; what is left is lost to its callers.
    Stop,
}

/// Something slow that a flow waits for.
#[derive(Debug)]
pub enum Errand {
    Fetch { call: CallId, id: u64, url: String, timeout: Duration },
    SendText { call: CallId, to: String, text: String },
}

impl Errand {
    /// What the flow hears when there are too many errands at once: it takes its way out.
    #[must_use]
    pub fn refused(self) -> Input {
        match self {
            Errand::Fetch { call, id, .. } => {
                let outcome = FetchOutcome::Failed("too many requests at once".to_owned());
                Input::Fetched { call, id, outcome }
            }
            Errand::SendText { call, .. } => Input::TextSent { call, taken: false },
        }
    }
}

/// Copies what the center and its sockets have counted to where people look.
pub type Count = Box<dyn Fn(&mut Center, &TransportCounts) + Send>;

/// Where the center's effects go.
pub struct Outlets {
    pub events: EventSender,
    /// Sees every event, for metrics.
    pub observe: Box<dyn Fn(&Event) + Send>,
    /// Copies counters for metrics, about once a second.
    pub count: Count,
    pub recordings: RecordingSender,
    pub board: watch::Sender<Arc<Board>>,
    pub errands: mpsc::Sender<Errand>,
}

/// The center and its outlets, as the pump drives them.
pub struct Switchboard {
    center: Center,
    outlets: Outlets,
    transport: Arc<TransportCounts>,
    asked: HashMap<u64, oneshot::Sender<Result<AdminReply, AdminError>>>,
    requests: u64,
    counted_at: Moment,
}

impl Switchboard {
    #[must_use]
    pub fn new(center: Center, outlets: Outlets, transport: Arc<TransportCounts>) -> Self {
        Switchboard { center, outlets, transport, asked: HashMap::new(), requests: 0, counted_at: Moment::ZERO }
    }
}

impl Machine for Switchboard {
    type Control = Control;
    type Errand = Output;

    fn arrived(&mut self, now: Moment, arrival: Arrival) {
        let input = match arrival {
            Arrival::Datagram { flow, bytes } => Input::Datagram { flow, bytes },
            Arrival::Stream { flow, bytes } => Input::Stream { flow, bytes },
            Arrival::Closed { connection } => Input::Closed { connection },
            Arrival::TransportError { flow } => Input::TransportError { flow },
            Arrival::Connected { .. } => return,
        };
        self.center.handle(now, input);
    }

    fn media(&mut self, now: Moment, worker: usize, event: media::Event) {
        self.center.handle(now, Input::Media { worker, event });
    }

    fn told(&mut self, now: Moment, control: Control) -> bool {
        match control {
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
            Control::Stop => {
                self.center.handle(now, Input::Stop);
                // Whatever else was still to be done has nobody left to do it.
                while let Some(output) = self.center.poll_output() {
                    if let Output::Event(_) = output {
                        self.errand(now, output);
                    }
                }
                return false;
            }
        }
        true
    }

    fn handle_timeout(&mut self, now: Moment) {
        self.center.handle_timeout(now);
        if now.since(self.counted_at) >= COUNT_INTERVAL {
            self.counted_at = now;
            (self.outlets.count)(&mut self.center, &self.transport);
        }
    }

    fn poll_timeout(&self) -> Option<Moment> {
        self.center.poll_timeout()
    }

    fn poll_effect(&mut self) -> Option<Effect<Output>> {
        self.center.poll_output().map(|output| match output {
            Output::Sip(transmit) => Effect::Sip(transmit),
            Output::Media { worker, command } => Effect::Media { worker, command },
            other => Effect::Errand(other),
        })
    }

    fn errand(&mut self, now: Moment, output: Output) {
        match output {
            Output::Fetch { call, id, url, timeout } => self.run(now, Errand::Fetch { call, id, url, timeout }),
            Output::SendText { call, to, text } => self.run(now, Errand::SendText { call, to, text }),
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
            // The pump carries these two itself.
            Output::Sip(_) | Output::Media { .. } => {}
        }
    }
}

impl Switchboard {
    fn run(&mut self, now: Moment, errand: Errand) {
        let Err(refused) = self.outlets.errands.try_send(errand) else { return };
        self.center.handle(now, refused.into_inner().refused());
    }
}

/// How often counters are copied for `/metrics`.
const COUNT_INTERVAL: Duration = Duration::from_secs(1);
