//! What can be wrong with a SIP message, and which answer it deserves.
//! Never holds the offending bytes: they may carry numbers and keys. RFC 3261 21.4, 21.5.

use super::header_name::HeaderName;
use super::message::Message;

/// A message that cannot be taken as it is, with the status to answer.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{status} {reason}")]
pub struct ParseError {
    /// The status code to answer: 400, 416, 505, 513.
    pub status: u16,
    /// A reason phrase that tells the peer what was wrong.
    pub reason: &'static str,
    /// Only for requests: whatever could be found, so that Via, From, To, Call-ID and CSeq can be answered.
    /// `None` where nothing may or can be answered (responses, garbage).
    pub partial: Option<Message>,
}

impl ParseError {
    pub(super) fn new(status: u16, reason: &'static str) -> Self {
        ParseError { status, reason, partial: None }
    }

    /// The same error with what was found; responses are never answered, so they are not kept.
    pub(super) fn with_partial(self, partial: Option<Message>) -> Self {
        ParseError { partial: partial.filter(Message::is_request), ..self }
    }
}

/// A value that does not follow its grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SyntaxError(pub &'static str);

/// A header field that is not there, or not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// The message has no such header field.
    #[error("{0} is missing")]
    Missing(HeaderName),
    /// The header field is there, but its value does not follow its grammar.
    #[error("{0}: {1}")]
    Malformed(HeaderName, SyntaxError),
}

/// A connection's buffer is full: the peer sent more than one message may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more bytes than one SIP message may have")]
pub struct Overflow;
