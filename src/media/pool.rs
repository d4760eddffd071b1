//! The worker's way out: a bounded row of events, and the sample buffers that travel in them and come back.
//! Never grows past its bounds; allocates a buffer only when nobody has given one back.

use std::collections::VecDeque;

use super::FRAME_SAMPLES;
use super::command::Event;
use super::recorder::CHUNK_SAMPLES;

/// Events waiting to be polled, and spare buffers of the two lengths that recur.
#[derive(Debug)]
pub(crate) struct Outbox {
    events: VecDeque<Event>,
    events_max: usize,
    dropped: u64,
    frames: Vec<Box<[i16]>>,
    chunks: Vec<Box<[i16]>>,
}

impl Outbox {
    pub fn new(events_max: usize) -> Self {
        Outbox {
            events: VecDeque::with_capacity(events_max),
            events_max,
            dropped: 0,
            frames: Vec::with_capacity(SPARES_MAX),
            chunks: Vec::with_capacity(SPARES_MAX),
        }
    }

    /// Appends; when full, the event is dropped and counted.
    pub fn push(&mut self, event: Event) {
        if self.events.len() >= self.events_max {
            self.dropped += 1;
        } else {
            self.events.push_back(event);
        }
    }

    pub fn pop(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// A buffer of exactly `len` samples with whatever it last held.
    pub fn buffer(&mut self, len: usize) -> Box<[i16]> {
        let spare = match len {
            FRAME_SAMPLES => self.frames.pop(),
            CHUNK_SAMPLES => self.chunks.pop(),
            _ => None,
        };
        spare.unwrap_or_else(|| vec![0; len].into_boxed_slice())
    }

    /// Keeps a buffer for later when its length recurs and there is room.
    pub fn recycle(&mut self, samples: Box<[i16]>) {
        let spares = match samples.len() {
            FRAME_SAMPLES => &mut self.frames,
            CHUNK_SAMPLES => &mut self.chunks,
            _ => return,
        };
        if spares.len() < SPARES_MAX {
            spares.push(samples);
        }
    }
}

/// Spare buffers kept of each length: a chunk for each of 256 recordings, 800 KiB.
const SPARES_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::LegId;

    #[test]
    fn a_buffer_that_came_back_is_handed_out_again() {
        let mut outbox = Outbox::new(4);
        let mut chunk = outbox.buffer(CHUNK_SAMPLES);
        chunk[0] = 77;
        outbox.recycle(chunk);
        outbox.recycle(vec![1; 3].into_boxed_slice());
        assert_eq!(outbox.buffer(CHUNK_SAMPLES)[0], 77);
        assert_eq!(outbox.buffer(CHUNK_SAMPLES)[0], 0, "the spare was used up");
        assert_eq!(outbox.buffer(3), vec![0; 3].into_boxed_slice());
    }

    #[test]
    fn a_full_row_drops_and_counts() {
        let mut outbox = Outbox::new(2);
        for n in 0..3 {
            outbox.push(Event::Opened { leg: LegId(n) });
        }
        assert_eq!(outbox.dropped(), 1);
        assert_eq!(outbox.pop(), Some(Event::Opened { leg: LegId(0) }));
        assert_eq!(outbox.pop(), Some(Event::Opened { leg: LegId(1) }));
        assert_eq!(outbox.pop(), None);
    }
}
