//! The bytes of one connection, gathered until they are whole messages.
//! Never holds more than two messages may have, never reads on after a fault. RFC 3261 18.3, RFC 5626 3.5.1.

use bytes::Bytes;

use super::error::{Overflow, ParseError};
use super::framing::{Framed, HeadScan, frame_stream};
use crate::model::limits::SIP_MESSAGE_BYTES_MAX;

/// Push what arrives, then take items until there are none. After an error nothing more comes out: answer it where it
/// has a partial request, and close the connection.
#[derive(Debug, Default)]
pub struct StreamBuffer {
    bytes: Vec<u8>,
    /// Where the first unread byte stands.
    start: usize,
    scan: HeadScan,
    pong_expected: bool,
    failed: bool,
}

/// One thing a peer sent over a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamItem {
    /// A whole message, ready to parse.
    Message(Bytes),
    /// CRLFCRLF: answer with CRLF.
    Ping,
    /// CRLF: the answer to our ping, or an empty line between messages.
    Pong,
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
