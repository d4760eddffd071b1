//! RTCP: compound packets read with every length checked, and the reports, names and farewells that we write.
//! Never keeps state, never allocates; what it does not know it steps over. RFC 3550 6.

/// One packet of a compound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rtcp<'p> {
    SenderReport {
        ssrc: u32,
        sender: SenderInfo,
        blocks: Blocks<'p>,
    },
    ReceiverReport {
        ssrc: u32,
        blocks: Blocks<'p>,
    },
    /// The first source that leaves.
    Bye {
        ssrc: u32,
    },
    /// SDES, APP, feedback, and whatever was invented since.
    Other {
        packet_type: u8,
    },
}

/// What a sender says of itself (6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderInfo {
    /// NTP format: seconds and fractions of 1/2^32.
    pub ntp: u64,
    /// The same instant on the stream's clock.
    pub timestamp: u32,
    pub packets: u32,
    /// Payload bytes.
    pub bytes: u32,
}

/// What a receiver says of one source (6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportBlock {
    pub ssrc: u32,
    /// Of 256, since the report before.
    pub fraction_lost: u8,
    /// Since the start; negative when duplicates came.
    pub lost: i32,
    /// Highest sequence number with the count of cycles above it.
    pub highest: u32,
    /// In samples.
    pub jitter: u32,
    /// The middle 32 bits of the last sender report's NTP time; zero when none came.
    pub last_report: u32,
    /// Since that report came, in 1/65,536 s.
    pub delay: u32,
}

/// The report blocks of one report.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blocks<'p> {
    bytes: &'p [u8],
}

impl Iterator for Blocks<'_> {
    type Item = ReportBlock;

    fn next(&mut self) -> Option<ReportBlock> {
        let (block, rest) = self.bytes.split_first_chunk::<BLOCK_BYTES>()?;
        self.bytes = rest;
        let word = |at| read_u32(block, at);
        // 24 bits, signed.
        let lost = (word(4)? << 8) as i32 >> 8;
        Some(ReportBlock {
            ssrc: word(0)?,
            fraction_lost: block[4],
            lost,
            highest: word(8)?,
            jitter: word(12)?,
            last_report: word(16)?,
            delay: word(20)?,
        })
    }
}

/// Walks the packets of a compound; stops at the first that does not fit.
#[derive(Clone, Copy, Debug)]
pub struct Compound<'p> {
    rest: &'p [u8],
}

/// The packets of one datagram; none when it does not begin as RTCP does (A.2: version 2 and a report first).
#[must_use]
pub fn read(datagram: &[u8]) -> Option<Compound<'_>> {
    let [flags, packet_type, ..] = datagram else { return None };
    let is_report = matches!(*packet_type, SENDER_REPORT | RECEIVER_REPORT);
    (flags & 0xE0 == VERSION && is_report).then_some(Compound { rest: datagram })
}

impl<'p> Iterator for Compound<'p> {
    type Item = Rtcp<'p>;

    fn next(&mut self) -> Option<Rtcp<'p>> {
        let ([flags, packet_type, high, low], _) = self.rest.split_first_chunk::<4>()?;
        let len = 4 * (usize::from(u16::from_be_bytes([*high, *low])) + 1);
        if flags & 0xC0 != VERSION || len > self.rest.len() {
            self.rest = &[];
            return None;
        }
        let (packet, rest) = self.rest.split_at(len);
        self.rest = rest;
        let count = usize::from(flags & COUNT);
        let read = match *packet_type {
            SENDER_REPORT => sender_report(packet, count),
            RECEIVER_REPORT => blocks(packet, 8, count)
                .and_then(|blocks| Some(Rtcp::ReceiverReport { ssrc: read_u32(packet, 4)?, blocks })),
            BYE if count > 0 => read_u32(packet, 4).map(|ssrc| Rtcp::Bye { ssrc }),
            packet_type => Some(Rtcp::Other { packet_type }),
        };
        if read.is_none() {
            self.rest = &[];
        }
        read
    }
}

fn sender_report(packet: &[u8], count: usize) -> Option<Rtcp<'_>> {
    let word = |at| read_u32(packet, at);
    let ntp = u64::from(word(8)?) << 32 | u64::from(word(12)?);
    let sender = SenderInfo { ntp, timestamp: word(16)?, packets: word(20)?, bytes: word(24)? };
    Some(Rtcp::SenderReport { ssrc: word(4)?, sender, blocks: blocks(packet, 28, count)? })
}

fn blocks(packet: &[u8], from: usize, count: usize) -> Option<Blocks<'_>> {
    packet.get(from..from + count * BLOCK_BYTES).map(|bytes| Blocks { bytes })
}

fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.first_chunk().map(|word| u32::from_be_bytes(*word))
}

/// Writes into a buffer and keeps count; what does not fit is left out whole.
#[derive(Debug)]
pub struct Writer<'o> {
    out: &'o mut [u8],
    len: usize,
}

impl<'o> Writer<'o> {
    #[must_use]
    pub fn new(out: &'o mut [u8]) -> Self {
        Writer { out, len: 0 }
    }

    /// Bytes written.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Nothing was written yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// A sender report when we have sent, a receiver report otherwise (6.4).
    pub fn report(&mut self, ssrc: u32, sender: Option<SenderInfo>, block: Option<ReportBlock>) {
        let mut body = [0; 4 + SENDER_BYTES + BLOCK_BYTES];
        let mut len = put(&mut body, 0, &ssrc.to_be_bytes());
        if let Some(sender) = sender {
            len = put(&mut body, len, &sender.ntp.to_be_bytes());
            for word in [sender.timestamp, sender.packets, sender.bytes] {
                len = put(&mut body, len, &word.to_be_bytes());
            }
        }
        if let Some(block) = block {
            let lost = block.lost.clamp(-0x80_0000, 0x7F_FFFF) as u32 & 0xFF_FFFF;
            let loss = u32::from(block.fraction_lost) << 24 | lost;
            for word in [block.ssrc, loss, block.highest, block.jitter, block.last_report, block.delay] {
                len = put(&mut body, len, &word.to_be_bytes());
            }
        }
        let packet_type = if sender.is_some() { SENDER_REPORT } else { RECEIVER_REPORT };
        self.packet(u8::from(block.is_some()), packet_type, &body[..len]);
    }

    /// The source description with its one mandatory item (6.5.1). `cname` is at most 32 bytes.
    pub fn source_description(&mut self, ssrc: u32, cname: &[u8]) {
        let cname = &cname[..cname.len().min(CNAME_BYTES_MAX)];
        let mut body = [0; 4 + 2 + CNAME_BYTES_MAX + 4];
        put(&mut body, 0, &ssrc.to_be_bytes());
        put(&mut body, 4, &[CNAME, cname.len() as u8]);
        let end = put(&mut body, 6, cname);
        // At least one zero ends the list of items; the chunk fills whole words.
        let padded = (end + 1).next_multiple_of(4);
        self.packet(1, SOURCE_DESCRIPTION, &body[..padded]);
    }

    /// The source leaves (6.6).
    pub fn bye(&mut self, ssrc: u32) {
        self.packet(1, BYE, &ssrc.to_be_bytes());
    }

    fn packet(&mut self, count: u8, packet_type: u8, body: &[u8]) {
        let end = self.len + 4 + body.len();
        let Some(space) = self.out.get_mut(self.len..end) else { return };
        let words = (body.len() / 4) as u16;
        let at = put(space, 0, &[VERSION | count, packet_type]);
        let at = put(space, at, &words.to_be_bytes());
        put(space, at, body);
        self.len = end;
    }
}

/// Copies `bytes` to `at` when they fit; where they end.
fn put(out: &mut [u8], at: usize, bytes: &[u8]) -> usize {
    let end = at + bytes.len();
    if let Some(space) = out.get_mut(at..end) {
        space.copy_from_slice(bytes);
    }
    end
}

const VERSION: u8 = 2 << 6;
const COUNT: u8 = 0x1F;
const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const BYE: u8 = 203;
const CNAME: u8 = 1;
const SENDER_BYTES: usize = 20;
const BLOCK_BYTES: usize = 24;
const CNAME_BYTES_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn block() -> ReportBlock {
        ReportBlock {
            ssrc: 9,
            fraction_lost: 12,
            lost: -3,
            highest: 0x1_FFFF,
            jitter: 40,
            last_report: 7,
            delay: 65_536,
        }
    }

    fn sender() -> SenderInfo {
        SenderInfo { ntp: 0x0123_4567_89AB_CDEF, timestamp: 1, packets: 2, bytes: 3 }
    }

    fn written(write: impl Fn(&mut Writer)) -> Vec<u8> {
        let mut out = [0; 192];
        let mut writer = Writer::new(&mut out);
        write(&mut writer);
        let len = writer.len();
        out[..len].to_vec()
    }

    #[test]
    fn a_whole_compound_survives_the_round_trip() {
        let bytes = written(|writer| {
            writer.report(5, Some(sender()), Some(block()));
            writer.source_description(5, b"0123456789abcdef");
            writer.bye(5);
        });
        assert_eq!(bytes.len() % 4, 0);
        let packets: Vec<Rtcp> = read(&bytes).expect("a compound").collect();
        let [
            Rtcp::SenderReport { ssrc: 5, sender: heard, blocks },
            Rtcp::Other { packet_type: 202 },
            Rtcp::Bye { ssrc: 5 },
        ] = packets[..]
        else {
            panic!("{packets:?}")
        };
        assert_eq!(heard, sender());
        assert_eq!(blocks.collect::<Vec<_>>(), [block()]);
    }

    #[test]
    fn a_receiver_that_has_not_sent_reports_as_one() {
        let bytes = written(|writer| writer.report(5, None, None));
        assert_eq!(bytes, [0x80, 201, 0, 1, 0, 0, 0, 5]);
        let bytes = written(|writer| writer.source_description(5, b"abc"));
        assert_eq!(bytes, [0x81, 202, 0, 3, 0, 0, 0, 5, 1, 3, b'a', b'b', b'c', 0, 0, 0]);
    }

    #[test]
    fn a_farewell_too_long_for_the_buffer_is_left_out_whole() {
        let mut out = [0; 10];
        let mut writer = Writer::new(&mut out);
        writer.report(5, None, None);
        writer.bye(5);
        assert_eq!(writer.len(), 8);
    }

    #[test]
    fn lies_about_lengths_end_the_walk() {
        assert!(read(&[0x80, 203, 0, 1, 0, 0, 0, 5]).is_none(), "a compound begins with a report");
        assert!(read(&[0x80]).is_none());
        let too_many_blocks = [0x9F, 201, 0, 1, 0, 0, 0, 5];
        assert_eq!(read(&too_many_blocks).expect("begins well").count(), 0);
        let longer_than_the_datagram = [0x80, 201, 0xFF, 0xFF, 0, 0, 0, 5];
        assert_eq!(read(&longer_than_the_datagram).expect("begins well").count(), 0);
        let without_ssrc = [0x80, 201, 0, 0];
        assert_eq!(read(&without_ssrc).expect("begins well").count(), 0);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic_or_run_for_ever(mut bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
            if let [flags, packet_type, ..] = &mut bytes[..] {
                *flags = *flags & 0x1F | VERSION;
                *packet_type = SENDER_REPORT + *packet_type % 2;
            }
            if let Some(compound) = read(&bytes) {
                for packet in compound {
                    if let Rtcp::SenderReport { blocks, .. } | Rtcp::ReceiverReport { blocks, .. } = packet {
                        prop_assert!(blocks.count() <= 31);
                    }
                }
            }
        }
    }
}
