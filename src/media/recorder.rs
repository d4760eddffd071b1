//! What a leg says, as an even row of samples: packets laid out by their timestamps, gaps filled with silence.
//! Never writes a file; hands out chunks. A packet that comes too late for its chunk is left out.

use std::time::Duration;

use super::SAMPLE_RATE_HZ;
use super::command::Event;
use super::g711;
use super::pool::Outbox;
use crate::model::{Codec, Moment, RecordId};

/// One recording of one leg.
#[derive(Debug)]
pub(crate) struct Recorder {
    record: RecordId,
    /// The chunk being filled; what no packet covers stays silent.
    chunk: Box<[i16]>,
    /// The RTP timestamp of `chunk[0]`; none before the first packet.
    base: Option<u32>,
    /// Samples of `chunk` up to the end of the newest packet.
    filled: usize,
    /// Samples handed out before this chunk.
    flushed: u64,
    samples_max: u64,
    until: Moment,
    last: Moment,
}

/// Whether a recording goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Running,
    Full,
}

impl Recorder {
    pub fn new(now: Moment, record: RecordId, max: Duration, outbox: &mut Outbox) -> Self {
        let samples_max = (max.as_nanos() / 125_000).min(u128::from(SAMPLES_MAX)) as u64;
        Recorder {
            record,
            chunk: blank(outbox),
            base: None,
            filled: 0,
            flushed: 0,
            samples_max,
            until: now + max,
            last: now,
        }
    }

    /// Lays one audio packet where its timestamp says.
    pub fn write(
        &mut self,
        now: Moment,
        timestamp: u32,
        codec: Codec,
        mut payload: &[u8],
        outbox: &mut Outbox,
    ) -> Progress {
        let base = *self.base.get_or_insert(timestamp);
        let mut position = i64::from(timestamp.wrapping_sub(base) as i32);
        let gap = position - self.filled as i64;
        let passed = (now.since(self.last).as_nanos() / 125_000) as i64;
        if gap > passed + STRAY_SAMPLES || gap < -STRAY_SAMPLES {
            // The peer's clock jumped: go on where we are.
            position = self.filled as i64;
            self.base = Some(timestamp.wrapping_sub(self.filled as u32));
        }
        self.last = now;
        if position < 0 {
            let missed = payload.len().min(position.unsigned_abs() as usize);
            payload = &payload[missed..];
            position = 0;
        }
        let mut position = position as usize;
        loop {
            while position >= CHUNK_SAMPLES {
                if self.flush(outbox) == Progress::Full {
                    return Progress::Full;
                }
                position -= CHUNK_SAMPLES;
            }
            let part = payload.len().min(CHUNK_SAMPLES - position);
            g711::decode_into(codec, &payload[..part], &mut self.chunk[position..]);
            position += part;
            payload = &payload[part..];
            self.filled = self.filled.max(position);
            if self.flushed + self.filled as u64 >= self.samples_max {
                return Progress::Full;
            }
            if payload.is_empty() {
                return Progress::Running;
            }
        }
    }

    /// The peer's stream began anew under other timestamps: it follows on directly.
    pub fn restart(&mut self, timestamp: u32) {
        if self.base.is_some() {
            self.base = Some(timestamp.wrapping_sub(self.filled as u32));
        }
    }

    /// Whether the time is up although the leg never said enough.
    pub fn is_over(&self, now: Moment) -> bool {
        now >= self.until
    }

    /// The last chunk and the end.
    pub fn finish(self, full: bool, outbox: &mut Outbox) {
        let rest = self.samples_max.saturating_sub(self.flushed).min(self.filled as u64) as usize;
        if rest > 0 {
            outbox.push(Event::Recorded { record: self.record, before: self.flushed, samples: self.chunk, len: rest });
        } else {
            outbox.recycle(self.chunk);
        }
        let length = Duration::from_nanos((self.flushed + rest as u64) * 125_000);
        outbox.push(Event::RecordFinished { record: self.record, length, full });
    }

    /// Hands the whole chunk out and starts the next one.
    fn flush(&mut self, outbox: &mut Outbox) -> Progress {
        if self.flushed + CHUNK_SAMPLES as u64 >= self.samples_max {
            self.filled = CHUNK_SAMPLES;
            return Progress::Full;
        }
        let fresh = blank(outbox);
        let samples = std::mem::replace(&mut self.chunk, fresh);
        outbox.push(Event::Recorded { record: self.record, before: self.flushed, samples, len: CHUNK_SAMPLES });
        self.flushed += CHUNK_SAMPLES as u64;
        self.filled = 0;
        self.base = self.base.map(|base| base.wrapping_add(CHUNK_SAMPLES as u32));
        Progress::Running
    }
}

fn blank(outbox: &mut Outbox) -> Box<[i16]> {
    let mut chunk = outbox.buffer(CHUNK_SAMPLES);
    chunk.fill(0);
    chunk
}

/// 200 ms: five events a second, and the window within which packets may swap.
pub(crate) const CHUNK_SAMPLES: usize = 1_600;

/// A day: no recording is longer, whatever was asked.
const SAMPLES_MAX: u64 = SAMPLE_RATE_HZ as u64 * 86_400;

/// A timestamp more than two seconds from where the clock says is no jitter.
const STRAY_SAMPLES: i64 = 16_000;

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: RecordId = RecordId(4);

    struct Tape {
        recorder: Option<Recorder>,
        outbox: Outbox,
    }

    impl Tape {
        fn new(max: Duration) -> Self {
            let mut outbox = Outbox::new(1000);
            Tape { recorder: Some(Recorder::new(Moment::ZERO, RECORD, max, &mut outbox)), outbox }
        }

        /// Records frame `n` of a stream whose frames carry their own number as every byte, arriving at `at_ms`.
        fn frame(&mut self, n: u32, at_ms: u64) -> Progress {
            let payload = [n as u8; 160];
            let recorder = self.recorder.as_mut().expect("still recording");
            let timestamp = (u32::MAX - 500).wrapping_add(n * 160);
            recorder.write(Moment::from_millis(at_ms), timestamp, Codec::Pcmu, &payload, &mut self.outbox)
        }

        /// Everything recorded, and what the end said.
        fn finish(mut self, full: bool) -> (Vec<i16>, Duration, bool) {
            self.recorder.take().expect("still recording").finish(full, &mut self.outbox);
            let mut heard = Vec::new();
            while let Some(event) = self.outbox.pop() {
                match event {
                    Event::Recorded { record, before, samples, len } => {
                        assert_eq!((record, before), (RECORD, heard.len() as u64));
                        heard.extend_from_slice(&samples[..len]);
                    }
                    Event::RecordFinished { length, full, .. } => {
                        assert_eq!(self.outbox.pop(), None, "nothing follows the end");
                        return (heard, length, full);
                    }
                    other => panic!("unexpected {other:?}"),
                }
            }
            panic!("no end")
        }
    }

    /// The number that each frame says; `SILENCE` where nothing was said.
    fn frames(heard: &[i16]) -> Vec<u8> {
        let number = |sample: &i16| g711::encode(Codec::Pcmu, *sample);
        heard
            .chunks(160)
            .map(|frame| {
                assert!(frame.iter().all(|sample| sample == &frame[0]), "a frame is cut");
                number(&frame[0])
            })
            .collect()
    }

    const SILENCE: u8 = 0xFF;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_stream_is_recorded_whole() {
        let mut tape = Tape::new(MINUTE);
        for n in 0..55 {
            assert_eq!(tape.frame(n, u64::from(n) * 20), Progress::Running);
        }
        let (heard, length, full) = tape.finish(false);
        assert_eq!(frames(&heard), (0..55).collect::<Vec<u8>>());
        assert_eq!((length, full), (Duration::from_millis(1100), false));
    }

    #[test]
    fn loss_is_silence_and_swapped_packets_find_their_place() {
        let mut tape = Tape::new(MINUTE);
        for n in [0, 1, 3, 2, 4, 6, 7] {
            tape.frame(n, u64::from(n) * 20);
        }
        assert_eq!(frames(&tape.finish(false).0), [0, 1, 2, 3, 4, SILENCE, 6, 7]);
    }

    #[test]
    fn a_long_pause_keeps_its_length() {
        let mut tape = Tape::new(MINUTE);
        tape.frame(1, 0);
        tape.frame(151, 3000);
        let (heard, length, _) = tape.finish(false);
        assert_eq!(length, Duration::from_millis(3020));
        assert_eq!(frames(&heard)[0], 1);
        assert_eq!(frames(&heard)[150], 151);
        assert!(frames(&heard)[1..150].iter().all(|frame| *frame == SILENCE));
    }

    #[test]
    fn a_clock_that_jumps_makes_no_hole() {
        let mut tape = Tape::new(MINUTE);
        tape.frame(1, 0);
        tape.frame(0x1_8002, 20);
        tape.frame(0x1_8003, 40);
        assert_eq!(frames(&tape.finish(false).0), [1, 2, 3]);
    }

    #[test]
    fn the_maximum_is_kept_to_the_sample() {
        let mut tape = Tape::new(Duration::from_millis(450));
        let mut n = 0;
        while tape.frame(n, u64::from(n) * 20) == Progress::Running {
            n += 1;
            assert!(n < 100, "the maximum was passed");
        }
        let (heard, length, full) = tape.finish(true);
        assert_eq!((heard.len(), length, full), (3600, Duration::from_millis(450), true));
    }

    #[test]
    fn a_pause_across_the_maximum_ends_there() {
        let mut tape = Tape::new(Duration::from_secs(1));
        tape.frame(0, 0);
        assert_eq!(tape.frame(500, 10_000), Progress::Full);
        assert_eq!(tape.finish(true).1, Duration::from_secs(1));
    }

    #[test]
    fn silence_from_the_start_is_an_empty_recording() {
        let tape = Tape::new(MINUTE);
        assert!(!tape.recorder.as_ref().is_some_and(|recorder| recorder.is_over(Moment::from_secs(59))));
        assert!(tape.recorder.as_ref().is_some_and(|recorder| recorder.is_over(Moment::from_secs(60))));
        assert_eq!(tape.finish(false), (vec![], Duration::ZERO, false));
    }
}
