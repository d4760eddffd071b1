//! The words between a session and the switchboard: what it is told and what it asks for.
//! Values only; nothing here decides.

use std::fmt;
use std::time::Duration;

use super::flow::{Announce, Due, Kind, Recording, Ticket};
use crate::model::{Clip, Digit, Language, Moment, Outcome, PhoneNumber, RecordId};

/// What is known of a call before its first word.
#[derive(Clone)]
pub struct CallFacts {
    /// The caller's number; empty when withheld.
    pub caller: String,
    /// The number that was dialled.
    pub called: String,
    /// The language the caller is known to speak; the flow's own where it lacks words.
    pub language: Language,
}

impl fmt::Debug for CallFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallFacts").field("language", &self.language).finish_non_exhaustive()
    }
}

/// What happens to a session.
#[derive(Clone, PartialEq)]
pub enum Input {
    /// The caller can hear.
    Start,
    /// The caller pressed a key.
    Key(Digit),
    /// The whole of the last `Say` was played. Not to be told of one that `Hush` or a later `Say` cut short.
    Said,
    /// What the service answered to the `Fetch` of this number; late and foreign answers are ignored.
    Fetched { id: u64, outcome: FetchOutcome },
    /// An agent has the caller: the clocks of the wait stand still, and keys belong to the conversation.
    Served,
    /// The caller waits again without having asked for it, perhaps in another queue; the clocks begin anew.
    Requeued { queue: String },
    /// The queue has something to say. The session keeps its own clock, so `MaxWait` and `OfferCallback` may be left out.
    QueueLeft(QueueExit),
    /// The recording is finished.
    Recorded { record: RecordId, length: Duration },
    /// The text message was taken (or not) for sending.
    Sent(bool),
    /// The transfer's target did not answer.
    TransferFailed,
    /// The flow asked for by `SwitchFlow` does not exist.
    SwitchRefused,
}

/// What came of asking a service.
#[derive(Clone, PartialEq)]
pub enum FetchOutcome {
    /// An HTTP answer.
    Answered { status: u16, body: String },
    /// No answer: why, for the log.
    Failed(String),
}

/// Why a queue gives a caller back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueExit {
    /// The longest wait has passed. The caller still waits.
    MaxWait,
    /// It is time to offer a callback. The caller still waits.
    OfferCallback,
    /// The queue has closed; the place is gone.
    Closed,
    /// No room; there is no place.
    Full,
    /// The queue does not take this caller; there is no place.
    Refused,
}

/// An answer may hold a customer's data, so a log sees only how it went.
impl fmt::Debug for FetchOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FetchOutcome::Answered { status, .. } => write!(f, "Answered({status})"),
            FetchOutcome::Failed(why) => write!(f, "Failed({why})"),
        }
    }
}

/// What a session asks the switchboard to do.
#[derive(Clone, PartialEq)]
pub enum Output {
    /// A step was entered, for records.
    Visit { node: String, kind: Kind },
    /// A key was taken, for records; which one only where it chose from a menu.
    KeyPressed { node: String, key: Option<Digit> },
    /// Play these clips in a row, instead of what is heard now; then tell `Said`.
    Say { clips: Vec<Clip> },
    /// Stop speaking now.
    Hush,
    /// Ask a service by HTTP GET.
    Fetch { id: u64, service: String, url: String, timeout: Duration },
    /// Put the caller into a queue; music and announcements are the switchboard's.
    Enqueue(Enqueue),
    /// A menu that interrupted the wait is over and the place was kept: music again.
    Resume,
    /// Give up the place in the queue.
    Dequeue {
        /// The longest wait was over, and the flow led the caller elsewhere; otherwise it was the caller's choice.
        overdue: bool,
    },
    /// Promise a call.
    Callback { to: String, due: Due, queue: Option<String> },
    /// Send a text message; then tell `Sent`.
    Message { to: String, text: String },
    /// After a tone, record the caller; then tell `Recorded`.
    Record { max: Duration, stop: Option<Digit> },
    /// End the recording now; then tell `Recorded`.
    StopRecord,
    /// Open a ticket.
    Ticket { ticket: Ticket, record: Option<RecordId> },
    /// Hand the call over; the session is over unless `TransferFailed` comes.
    Transfer { to: String },
    /// Begin another flow with a new session; this one is over unless `SwitchRefused` comes.
    SwitchFlow { flow: String },
    /// End the call.
    HangUp { outcome: Outcome },
}

/// A caller for a queue.
#[derive(Clone, Debug, PartialEq)]
pub struct Enqueue {
    /// The queue's name.
    pub queue: String,
    /// Skills the agent needs: name and least level, 1 to 10.
    pub skills: Vec<(String, u8)>,
    /// Higher is served first.
    pub priority: i32,
    /// What to tell the caller while waiting.
    pub announce: Announce,
    /// When the session will offer a callback.
    pub offer_callback: Option<Duration>,
    /// When the session will ask the caller again.
    pub max_wait: Option<Duration>,
    /// Whether the talk is recorded.
    pub recording: Recording,
    /// The ticket to open with the call.
    pub ticket: Option<Ticket>,
    /// When the caller first waited in this call, which decides who is next.
    pub since: Moment,
}

/// Keys and answers may be private, so a log sees only what kind of input there was.
impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Input::Start => f.write_str("Start"),
            Input::Served => f.write_str("Served"),
            Input::Requeued { queue } => write!(f, "Requeued({queue})"),
            Input::Key(_) => f.write_str("Key"),
            Input::Said => f.write_str("Said"),
            Input::Fetched { id, outcome } => write!(f, "Fetched({id}, {outcome:?})"),
            Input::QueueLeft(exit) => write!(f, "QueueLeft({exit:?})"),
            Input::Recorded { record, length } => write!(f, "Recorded({record}, {length:?})"),
            Input::Sent(taken) => write!(f, "Sent({taken})"),
            Input::TransferFailed => f.write_str("TransferFailed"),
            Input::SwitchRefused => f.write_str("SwitchRefused"),
        }
    }
}

/// Numbers, addresses and texts may be private, so a log sees what was asked for and not with what.
impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Output::Visit { node, kind } => write!(f, "Visit({node}, {})", kind.word()),
            Output::KeyPressed { node, .. } => write!(f, "KeyPressed({node})"),
            Output::Say { clips } => write!(f, "Say({} clips)", clips.len()),
            Output::Hush => f.write_str("Hush"),
            Output::Fetch { id, service, .. } => write!(f, "Fetch({id}, {service})"),
            Output::Enqueue(enqueue) => write!(f, "{enqueue:?}"),
            Output::Resume => f.write_str("Resume"),
            Output::Dequeue { overdue: false } => f.write_str("Dequeue"),
            Output::Dequeue { overdue: true } => f.write_str("Dequeue(overdue)"),
            Output::Callback { to, due, .. } => write!(f, "Callback({}, {})", PhoneNumber::new(to), due.word()),
            Output::Message { to, .. } => write!(f, "Message({})", PhoneNumber::new(to)),
            Output::Record { max, .. } => write!(f, "Record({max:?})"),
            Output::StopRecord => f.write_str("StopRecord"),
            Output::Ticket { ticket, .. } => write!(f, "Ticket({})", ticket.kind),
            Output::Transfer { to } => write!(f, "Transfer({})", PhoneNumber::new(to)),
            Output::SwitchFlow { flow } => write!(f, "SwitchFlow({flow})"),
            Output::HangUp { outcome } => write!(f, "HangUp({})", outcome.word()),
        }
    }
}
