//! RTP packets: a borrowed view that trusts nothing, and the twelve bytes that we write.
//! Never copies a payload, never allocates; a packet that lies about its own length is refused. RFC 3550 5.1 and 5.3.1.

use std::ops::Range;

/// The fixed part of a header; what we send has no CSRC list, no extension and no padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// For audio: the first packet after a pause. For a telephone event: the first packet of the event.
    pub marker: bool,
    /// 0 to 127.
    pub payload_type: u8,
    pub sequence: u16,
    /// In samples of the payload's clock.
    pub timestamp: u32,
    /// Who speaks: the synchronization source.
    pub ssrc: u32,
}

impl Header {
    /// The bytes of this header.
    #[must_use]
    pub fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let [s0, s1] = self.sequence.to_be_bytes();
        let [t0, t1, t2, t3] = self.timestamp.to_be_bytes();
        let [i0, i1, i2, i3] = self.ssrc.to_be_bytes();
        let marker = if self.marker { 0x80 } else { 0 };
        [VERSION, marker | (self.payload_type & 0x7F), s0, s1, t0, t1, t2, t3, i0, i1, i2, i3]
    }
}

/// A received packet whose lengths have been checked.
#[derive(Clone, Debug)]
pub struct Packet<'p> {
    bytes: &'p [u8],
    header: Header,
    payload: Range<usize>,
}

impl<'p> Packet<'p> {
    /// Checks version, CSRC list, extension and padding against the length.
    ///
    /// # Errors
    /// When the packet is none of RTP version 2 or claims more bytes than it has.
    pub fn parse(bytes: &'p [u8]) -> Result<Self, RtpError> {
        let Some((fixed, _)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
            return Err(RtpError::TooShort { bytes: bytes.len() });
        };
        let [flags, kind, s0, s1, t0, t1, t2, t3, i0, i1, i2, i3] = *fixed;
        if flags & 0xC0 != VERSION {
            return Err(RtpError::Version { version: flags >> 6 });
        }
        let mut start = HEADER_BYTES + 4 * usize::from(flags & CSRC_COUNT);
        if flags & EXTENSION != 0 {
            let Some([_, _, high, low]) = bytes.get(start..start + 4) else {
                return Err(RtpError::TooShort { bytes: bytes.len() });
            };
            start += 4 + 4 * usize::from(u16::from_be_bytes([*high, *low]));
        }
        let padding = if flags & PADDING == 0 { 0 } else { usize::from(*bytes.last().unwrap_or(&0)).max(1) };
        if start + padding > bytes.len() {
            return Err(RtpError::TooShort { bytes: bytes.len() });
        }
        let header = Header {
            marker: kind & 0x80 != 0,
            payload_type: kind & 0x7F,
            sequence: u16::from_be_bytes([s0, s1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_be_bytes([i0, i1, i2, i3]),
        };
        Ok(Packet { bytes, header, payload: start..bytes.len() - padding })
    }

    /// The fixed fields.
    #[must_use]
    pub fn header(&self) -> Header {
        self.header
    }

    /// What is carried, without CSRC list, extension and padding.
    #[must_use]
    pub fn payload(&self) -> &'p [u8] {
        &self.bytes[self.payload.clone()]
    }

    /// Where the payload lies in the packet's bytes.
    #[must_use]
    pub fn payload_range(&self) -> Range<usize> {
        self.payload.clone()
    }
}

/// Puts our header in front of the payload that lies at `payload`, within the same buffer, and returns the packet's length.
/// CSRC list, extension and padding of the received packet end here: their meaning was agreed with us, not with the listener.
pub fn rewrite(packet: &mut [u8], payload: Range<usize>, header: Header) -> usize {
    let len = HEADER_BYTES + payload.len();
    if payload.start != HEADER_BYTES {
        packet.copy_within(payload, HEADER_BYTES);
    }
    if let Some(fixed) = packet.first_chunk_mut::<HEADER_BYTES>() {
        *fixed = header.to_bytes();
    }
    len
}

/// Why a datagram is not an RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RtpError {
    /// The header, or what it announces, does not fit into the datagram.
    #[error("RTP header does not fit into {bytes} bytes")]
    TooShort { bytes: usize },
    /// Only version 2 exists on the wire.
    #[error("RTP version {version}")]
    Version { version: u8 },
}

/// Bytes of the fixed header.
pub const HEADER_BYTES: usize = 12;

const VERSION: u8 = 2 << 6;
const PADDING: u8 = 0x20;
const EXTENSION: u8 = 0x10;
const CSRC_COUNT: u8 = 0x0F;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header() -> Header {
        Header { marker: true, payload_type: 101, sequence: 0xFFFE, timestamp: 0xDEAD_BEEF, ssrc: 7 }
    }

    fn packet(flags: u8, middle: &[u8], payload: &[u8]) -> Vec<u8> {
        let mut bytes = header().to_bytes().to_vec();
        bytes[0] |= flags;
        bytes.extend_from_slice(middle);
        bytes.extend_from_slice(payload);
        bytes
    }

    #[test]
    fn what_we_write_reads_back() {
        let bytes = packet(0, &[], b"audio");
        let packet = Packet::parse(&bytes).expect("a plain packet");
        assert_eq!(packet.header(), header());
        assert_eq!(packet.payload(), b"audio");
    }

    #[test]
    fn csrc_extension_and_padding_are_stepped_over() {
        let middle = [0, 0, 0, 1, 0, 0, 0, 2, 0xBE, 0xDE, 0, 1, 9, 9, 9, 9];
        let bytes = packet(PADDING | EXTENSION | 2, &middle, b"audio\0\0\x03");
        assert_eq!(Packet::parse(&bytes).expect("lengths agree").payload(), b"audio");
    }

    #[test]
    fn lies_about_lengths_are_refused() {
        assert_eq!(Packet::parse(&[0x80; 11]).map(|_| ()), Err(RtpError::TooShort { bytes: 11 }));
        assert_eq!(Packet::parse(&[0x40; 12]).map(|_| ()), Err(RtpError::Version { version: 1 }));
        for wrong in [
            packet(15, &[], b"not fifteen sources"),
            packet(EXTENSION, &[], b"ab"),
            packet(EXTENSION, &[0, 0, 0xFF, 0xFF], b"short"),
            packet(PADDING, &[], b"\x07"),
            packet(PADDING, &[], b""),
        ] {
            assert!(Packet::parse(&wrong).is_err(), "{wrong:02x?}");
        }
    }

    #[test]
    fn padding_of_zero_still_takes_its_own_byte() {
        let bytes = packet(PADDING, &[], b"audio\0");
        assert_eq!(Packet::parse(&bytes).expect("lengths agree").payload(), b"audio");
    }

    #[test]
    fn rewriting_strips_what_the_listener_never_agreed_to() {
        let mut bytes = packet(EXTENSION, &[0xBE, 0xDE, 0, 1, 9, 9, 9, 9], b"audio");
        let range = Packet::parse(&bytes).expect("lengths agree").payload_range();
        let fresh = Header { marker: false, payload_type: 0, sequence: 1, timestamp: 2, ssrc: 3 };
        let len = rewrite(&mut bytes, range, fresh);
        let packet = Packet::parse(&bytes[..len]).expect("we write valid packets");
        assert_eq!((packet.header(), packet.payload()), (fresh, &b"audio"[..]));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_reach_outside(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(packet) = Packet::parse(&bytes) {
                prop_assert!(packet.payload_range().end <= bytes.len());
                prop_assert_eq!(packet.payload(), &bytes[packet.payload_range()]);
                let mut copy = bytes.clone();
                let payload = packet.payload().to_vec();
                let len = rewrite(&mut copy, packet.payload_range(), packet.header());
                let again = Packet::parse(&copy[..len]).expect("we write valid packets");
                prop_assert_eq!(again.payload(), &payload[..]);
                prop_assert_eq!(again.header(), packet.header());
            }
        }
    }
}
