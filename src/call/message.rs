//! What a call is told and what it asks for: plain values, complete in themselves, so that the call's owner, the
//! queue's owner and the agent may one day sit on different machines.

use std::time::Duration;

use crate::model::{AgentId, EndedBy, LegId, OfferId, Outcome, PhoneNumber, QueueId};

/// What a new call is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begin {
    /// Answered at once by the flow.
    Flow,
    /// Answered at once and put into a queue.
    Queue(QueueId),
    /// A direct number: the person's phone rings, and we answer ourselves at the guard.
    Person(AgentId),
    /// A number beyond our trunks.
    Outside(PhoneNumber),
    /// Hears itself.
    Echo,
    /// Hears the ringback tone.
    Tones,
    /// Answered, told one thing, ended: a feature code's reply.
    Tell(Speech),
}

/// What happened to the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A leg that we dialled rings; with `early_media` it already speaks.
    Ringing {
        leg: LegId,
        early_media: bool,
    },
    /// A leg answered: a dialled party picked up, or the caller's phone confirmed our answer.
    Answered {
        leg: LegId,
    },
    /// A leg that we dialled will not answer.
    Failed {
        leg: LegId,
        status: u16,
    },
    HungUp {
        leg: LegId,
    },
    /// Nothing was heard from a leg for too long.
    MediaLost {
        leg: LegId,
    },
    Held {
        leg: LegId,
    },
    Resumed {
        leg: LegId,
    },
    /// The announcement of this number was played to its end.
    Said {
        play: u32,
    },
    /// The flow has stopped speaking and wants nothing heard in particular.
    FlowQuiet,
    /// The flow, or the caller's choice, put the call into a queue.
    Enqueued {
        queue: QueueId,
    },
    /// The flow took the call out of its queue.
    Dequeued,
    /// The flow is done: hang up. `outcome` when it left something behind (a callback, a message).
    FlowDone,
    /// The flow left a callback or a message behind; the record says so if the call ends unanswered.
    LeftBehind {
        outcome: Outcome,
    },
    /// The flow, or an agent, wants the caller given to somebody else.
    Transfer {
        by: Option<LegId>,
        target: Target,
    },
    /// A party who has spoken with somebody on another call gives the caller to them (RFC 5589 7): that leg is this
    /// call's from now on, and it is answered.
    Attended {
        by: LegId,
        leg: LegId,
        role: crate::call::Role,
        target: Target,
    },
    /// That other call loses its called leg to the call it was made for, and is over.
    GivenAway {
        leg: LegId,
    },
    /// The queue proposes an agent.
    Offered {
        offer: OfferId,
        agent: AgentId,
        queue: QueueId,
        ring_limit: Duration,
    },
    /// The queue takes its proposal back; `rang_out` when the phone rang until the limit.
    Withdrawn {
        offer: OfferId,
        rang_out: bool,
    },
    /// The agent is ours.
    Connected {
        offer: OfferId,
    },
    /// The caller has to be told the place in line and the time to wait (only while nothing else is said).
    TellWait {
        position: Option<u32>,
        expected: Option<Duration>,
    },
    /// The queue can not help: it is full, unknown, or the longest wait is over and no flow decides.
    QueueGivesUp,
    /// End the call now.
    End {
        by: EndedBy,
    },
}

/// What the call asks of the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Tell the caller that a phone rings.
    Ring {
        leg: LegId,
    },
    /// Let the caller hear what the dialled leg says before it is answered (RFC 3960).
    EarlyMedia {
        leg: LegId,
        from: LegId,
    },
    /// Answer the caller.
    Answer {
        leg: LegId,
    },
    /// Refuse the caller with a final SIP status.
    Refuse {
        leg: LegId,
        status: u16,
    },
    Dial {
        leg: LegId,
        role: crate::call::Role,
        to: Destination,
        ring_limit: Duration,
    },
    HangUp {
        leg: LegId,
        why: HangUpWhy,
    },
    Hear {
        leg: LegId,
        hear: Hear,
    },
    Bridge {
        a: LegId,
        b: LegId,
    },
    Part {
        a: LegId,
        b: LegId,
    },
    StartFlow,
    /// The flow lost the caller, or nobody may hear it any more.
    StopFlow,
    /// The transfer that the flow asked for failed.
    FlowTransferFailed,
    Enqueue {
        queue: QueueId,
        keep_age: bool,
    },
    LeaveQueue {
        why: LeaveWhy,
    },
    /// Put the call into the person's own queue, or say that there is none (`QueueGivesUp`).
    HuntOn {
        person: AgentId,
    },
    /// The offered phone rings for the first time.
    OfferRings {
        offer: OfferId,
    },
    OfferEnded {
        offer: OfferId,
        end: OfferEnd,
    },
    /// An agent's phone rings for this call without an offer (direct or transferred).
    AgentRung {
        agent: AgentId,
    },
    /// That phone rings no more and was not answered; `missed` unless the caller went first.
    AgentUnanswered {
        agent: AgentId,
        missed: bool,
    },
    /// An agent talks on this call without an offer (direct or transferred).
    AgentBusy {
        agent: AgentId,
    },
    AgentReleased {
        agent: AgentId,
    },
    /// What became of the transfer that a leg asked for.
    TransferProgress {
        leg: LegId,
        progress: Progress,
    },
    Fact(Fact),
    /// The last output: everything is over.
    Ended(super::Summary),
}

/// Whom to dial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    Agent(AgentId),
    Outside(PhoneNumber),
}

/// Where a transfer goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Person(AgentId),
    Queue(QueueId),
    Outside(PhoneNumber),
}

/// What one leg shall hear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hear {
    Music,
    Ringback,
    Silence,
    Echo,
    /// An announcement; `Input::Said` with the same number follows when it was played to its end.
    Say {
        play: u32,
        speech: Speech,
    },
}

/// Announcements by meaning; the switchboard finds the clips.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Speech {
    /// The charter's sentence: department, name and number to call back.
    Transfer(Target),
    /// The transfer failed: back to the first agent.
    TransferFailed,
    /// The transfer failed and the first agent has left: another one.
    TransferLost,
    /// The agent's line died; the caller keeps the place by age.
    AgentLost,
    /// We are looking for the person.
    Connecting,
    Wait {
        position: Option<u32>,
        expected: Option<Duration>,
    },
    /// Nobody can be reached.
    NobodyThere,
    Closing,
    LoggedIn,
    LoggedOut,
    Paused,
    Resumed,
    /// The number that the caller calls from.
    CallerNumber,
    /// A feature code from somebody who is not an agent.
    NotAnAgent,
    /// A code that means nothing before the log-in.
    LogInFirst,
}

/// Why a call leaves its queue without an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaveWhy {
    /// The caller hung up, or the line died.
    Abandoned,
    /// The flow gave the caller to somebody.
    Transferred,
    /// Nobody can be waited for.
    GivenUp,
    /// The server ends all calls.
    Closed,
}

/// How the call answers the queue's proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferEnd {
    Accepted,
    /// Busy or declined.
    Refused,
    /// Not registered, or the network failed.
    Unreachable,
    RangOut,
}

/// The stages of a transfer, as the one who asked for it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    Ringing,
    /// The caller waits in the queue; no one has answered yet.
    Queued,
    Completed,
    Failed {
        status: u16,
    },
}

/// Why we end a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HangUpWhy {
    Normal,
    /// Somebody else answered, or the caller is gone.
    Cancelled,
    /// The offer is lost before the third ring.
    RangOut,
    MediaLost,
    Transferred,
}

/// Things worth remembering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// We answered the caller, this long after the first ring.
    CallerAnswered {
        rang: Duration,
    },
    /// The caller hung up while a direct number rang.
    CallerGaveUpRinging {
        rang: Duration,
    },
    AgentAnswered {
        agent: AgentId,
        rang: Duration,
    },
    /// A phone that rang for this call was not answered; `offer` is none on a direct number.
    OfferLost {
        offer: Option<OfferId>,
        agent: AgentId,
        end: OfferEnd,
        rang: Duration,
    },
    /// The caller and somebody hear each other.
    Connected {
        agent: Option<AgentId>,
    },
    Held {
        leg: LegId,
    },
    Resumed {
        leg: LegId,
    },
    TransferAnnounced {
        target: Target,
    },
    /// Policy gives callers away without a word.
    TransferUnannounced {
        target: Target,
    },
    TransferCompleted {
        target: Target,
    },
    TransferFailed {
        target: Target,
        status: u16,
        back: TransferBack,
    },
    /// After a conversation: who hung up first.
    HungUpFirst {
        by: EndedBy,
    },
}

/// Where a caller goes when a transfer fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferBack {
    FirstAgent,
    Queue(QueueId),
    Flow,
    Nobody,
}
