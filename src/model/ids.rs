//! Identities: small, `Copy`, printable as `call-17`. Each kind is made in one place only.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $inner:ty, $word:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($word, "-{}"), self.0)
            }
        }
    };
}

id!(
    /// One contact of one caller, from first ring to last word, however many legs it takes.
    CallId, u64, "call"
);
id!(
    /// One party's connection to us: a caller's or an agent's.
    LegId, u64, "leg"
);
id!(
    /// An agent, by position in the configuration.
    AgentId, u32, "agent"
);
id!(
    /// A queue, by position in the configuration.
    QueueId, u32, "queue"
);
id!(
    /// One proposal of one waiting call to one agent.
    OfferId, u64, "offer"
);
id!(
    /// A voice message that is being recorded.
    RecordId, u64, "record"
);
id!(
    /// A piece of work left for people: a callback, a message, a ticket.
    TaskId, u64, "task"
);
