//! Why things end and which way calls go, as enums from the socket to the database column.

/// Who ended the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    Caller,
    Agent,
    /// We did: a closing sentence, a limit, a drain.
    System,
    /// Signalling or media was lost.
    Network,
}

impl EndedBy {
    pub const ALL: [EndedBy; 4] = [EndedBy::Caller, EndedBy::Agent, EndedBy::System, EndedBy::Network];

    /// The word used in records, metrics and pages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            EndedBy::Caller => "caller",
            EndedBy::Agent => "agent",
            EndedBy::System => "system",
            EndedBy::Network => "network",
        }
    }
}

/// Which way a call goes. Where it is given to later does not change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallDirection {
    /// Somebody outside calls a hotline, a queue or a person.
    Inbound,
    /// A phone of the house calls a number beyond our trunks.
    Outbound,
    /// A phone of the house calls a hotline, a queue or a colleague.
    Internal,
    /// A feature code, a test number, or a number behind which there is nobody: no contact of anybody with anybody.
    Service,
}

impl CallDirection {
    pub const ALL: [CallDirection; 4] =
        [CallDirection::Inbound, CallDirection::Outbound, CallDirection::Internal, CallDirection::Service];

    /// The word used in records and metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            CallDirection::Inbound => "inbound",
            CallDirection::Outbound => "outbound",
            CallDirection::Internal => "internal",
            CallDirection::Service => "service",
        }
    }
}

/// What became of a call: exactly one per call, the CDR's disposition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Talked with an agent (or reached the dialled person).
    Answered,
    /// Hung up while waiting for an agent.
    Abandoned,
    /// Served by the menu alone; never asked for an agent.
    SelfService,
    /// Left with the promise of a callback.
    Callback,
    /// Left a recorded message.
    Message,
    /// Nobody could be reached and the call ended so.
    Unanswered,
    /// Refused before it was answered (unknown number, no codec, no room, not allowed).
    Refused,
    /// Lost to signalling or media failure.
    Failed,
}

impl Outcome {
    pub const ALL: [Outcome; 8] = [
        Outcome::Answered,
        Outcome::Abandoned,
        Outcome::SelfService,
        Outcome::Callback,
        Outcome::Message,
        Outcome::Unanswered,
        Outcome::Refused,
        Outcome::Failed,
    ];

    /// The word used in records, metrics and pages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Answered => "answered",
            Outcome::Abandoned => "abandoned",
            Outcome::SelfService => "self_service",
            Outcome::Callback => "callback",
            Outcome::Message => "message",
            Outcome::Unanswered => "unanswered",
            Outcome::Refused => "refused",
            Outcome::Failed => "failed",
        }
    }
}
