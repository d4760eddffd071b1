//! The bytes of one connection, gathered until they are whole messages.
//! Never holds more than two messages may have, never reads on after a fault. RFC 3261 18.3, RFC 5626 3.5.1.

use std::fmt;

use bytes::Bytes;

use super::error::{Overflow, ParseError};
use super::framing::{Framed, HeadScan, frame_stream};
use crate::model::limits::SIP_MESSAGE_BYTES_MAX;

/// Push what arrives, then take items until there are none. After an error nothing more comes out: answer it where it
/// has a partial request, and close the connection.
#[derive(Default)]
pub struct StreamBuffer {
    bytes: Vec<u8>,
    /// Where the first unread byte stands.
    start: usize,
    scan: HeadScan,
    pong_expected: bool,
    failed: bool,
}

/// One thing a peer sent over a stream.
#[derive(Clone, PartialEq, Eq)]
pub enum StreamItem {
    /// A whole message, ready to parse.
    Message(Bytes),
    /// CRLFCRLF: answer with CRLF.
    Ping,
    /// CRLF: the answer to our ping, or an empty line between messages.
    Pong,
}

/// A message may hold numbers and keys: a log sees its length.
impl fmt::Debug for StreamItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StreamItem::Message(bytes) => write!(f, "Message({} bytes)", bytes.len()),
            StreamItem::Ping => f.write_str("Ping"),
            StreamItem::Pong => f.write_str("Pong"),
        }
    }
}

/// As of `StreamItem`.
impl fmt::Debug for StreamBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamBuffer").field("unread", &(self.bytes.len() - self.start)).finish_non_exhaustive()
    }
}

impl StreamBuffer {
    #[must_use]
    pub fn new() -> StreamBuffer {
        StreamBuffer::default()
    }

    /// Takes what arrived. Fails when more would be held than two messages may have, which cannot happen to who takes
    /// all items after each push of up to 64 KiB.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Overflow> {
        if self.failed {
            return Ok(());
        }
        if self.bytes.len() - self.start + bytes.len() > 2 * SIP_MESSAGE_BYTES_MAX {
            return Err(Overflow);
        }
        if self.start > 0 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// We sent a ping: the next lone CRLF is its answer at once, and need not wait for a third and a fourth byte to
    /// be told from a ping.
    pub fn expect_pong(&mut self) {
        self.pong_expected = true;
    }

    fn consume(&mut self, length: usize) {
        self.start += length;
        self.scan = HeadScan::default();
        if self.start == self.bytes.len() {
            // A connection that idles holds no memory of its last large message.
            self.bytes = Vec::new();
            self.start = 0;
        }
    }
}

impl Iterator for StreamBuffer {
    type Item = Result<StreamItem, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        let unread = self.bytes.get(self.start..)?;
        if self.failed {
            return None;
        }
        if self.pong_expected && unread.starts_with(b"\r\n") {
            self.pong_expected = false;
            self.consume(2);
            return Some(Ok(StreamItem::Pong));
        }
        match frame_stream(unread, &mut self.scan) {
            Framed::Message { len } => {
                // A copy, so that one small message does not keep the whole buffer alive.
                let message = Bytes::copy_from_slice(unread.get(..len)?);
                self.consume(len);
                Some(Ok(StreamItem::Message(message)))
            }
            Framed::Ping => {
                self.consume(4);
                Some(Ok(StreamItem::Ping))
            }
            Framed::Pong => {
                self.consume(2);
                Some(Ok(StreamItem::Pong))
            }
            Framed::Incomplete => None,
            Framed::Malformed { error, .. } => {
                self.failed = true;
                self.bytes = Vec::new();
                self.start = 0;
                Some(Err(error))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: &[u8] = b"OPTIONS sip:a SIP/2.0\r\nl: 2\r\n\r\nhi";

    fn drain(buffer: &mut StreamBuffer) -> Vec<StreamItem> {
        buffer.by_ref().map(|item| item.expect("a sound stream")).collect()
    }

    #[test]
    fn messages_and_keep_alives_come_out_in_their_order() {
        let mut buffer = StreamBuffer::new();
        let stream = [b"\r\n\r\n", OPTIONS, b"\r\n", OPTIONS, b"\r\n\r\n"].concat();
        let (one, two) = stream.split_at(20);
        buffer.push(one).expect("room");
        assert_eq!(drain(&mut buffer), [StreamItem::Ping]);
        buffer.push(two).expect("room");
        let message = StreamItem::Message(Bytes::from_static(OPTIONS));
        assert_eq!(drain(&mut buffer), [message.clone(), StreamItem::Pong, message, StreamItem::Ping]);
        assert!(buffer.bytes.is_empty());
    }

    #[test]
    fn a_lone_crlf_waits_unless_a_pong_is_expected() {
        let mut buffer = StreamBuffer::new();
        buffer.push(b"\r\n").expect("room");
        assert_eq!(drain(&mut buffer), []);
        buffer.expect_pong();
        assert_eq!(drain(&mut buffer), [StreamItem::Pong]);
        buffer.push(b"\r\n").expect("room");
        assert_eq!(drain(&mut buffer), []);
        buffer.push(b"\r\n").expect("room");
        assert_eq!(drain(&mut buffer), [StreamItem::Ping]);
    }

    #[test]
    fn nothing_comes_out_after_a_fault() {
        let mut buffer = StreamBuffer::new();
        buffer.push(b"MESSAGE sip:a SIP/2.0\r\nl: 4294967296\r\n\r\n").expect("room");
        buffer.push(OPTIONS).expect("room");
        assert!(matches!(buffer.next(), Some(Err(error)) if error.status == 400));
        assert!(buffer.next().is_none());
        buffer.push(OPTIONS).expect("swallowed");
        assert!(buffer.next().is_none());
    }

    #[test]
    fn what_is_held_is_bounded() {
        let mut buffer = StreamBuffer::new();
        let chunk = [b'x'; SIP_MESSAGE_BYTES_MAX];
        assert_eq!(buffer.push(&chunk), Ok(()));
        assert_eq!(buffer.push(&chunk), Ok(()));
        assert_eq!(buffer.push(b"x"), Err(Overflow));
        assert!(matches!(buffer.next(), Some(Err(error)) if error.status == 513));
    }
}
