//! What a phone heard: a tone's share of the sound, window by window (Goertzel). Reads WAV files that still grow.

use std::f64::consts::TAU;
use std::path::Path;

/// 16-bit samples, 8000 a second.
#[derive(Clone, Debug, Default)]
pub struct Sound(pub Vec<i16>);

impl Sound {
    /// What a WAV file holds so far. Its header's length is not believed: it is written when the file is closed.
    pub fn read(path: &Path) -> Sound {
        let bytes = std::fs::read(path).unwrap_or_default();
        let data = bytes.windows(4).position(|tag| tag == b"data").map(|at| at + 8);
        let body = data.and_then(|at| bytes.get(at..)).unwrap_or_default();
        Sound(body.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect())
    }

    /// A WAV file's bytes: one channel of a tone.
    pub fn tone_file(hertz: u32, seconds: u32) -> Vec<u8> {
        let length = seconds * RATE;
        let sample = |at: u32| (f64::from(at * hertz % RATE) / f64::from(RATE) * TAU).sin() * TONE_PEAK;
        let data = (0..length).flat_map(|at| (sample(at) as i16).to_le_bytes());
        let mut file = Vec::new();
        file.extend(b"RIFF");
        file.extend((36 + length * 2).to_le_bytes());
        file.extend(b"WAVEfmt ");
        file.extend(16u32.to_le_bytes());
        file.extend([1u16.to_le_bytes(), 1u16.to_le_bytes()].concat());
        file.extend([RATE.to_le_bytes(), (RATE * 2).to_le_bytes()].concat());
        file.extend([2u16.to_le_bytes(), 16u16.to_le_bytes()].concat());
        file.extend(b"data");
        file.extend((length * 2).to_le_bytes());
        file.extend(data);
        file
    }

    /// What came behind the first `samples`.
    pub fn after(&self, samples: usize) -> Sound {
        Sound(self.0.get(samples..).unwrap_or_default().to_vec())
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Milliseconds in which this tone was nearly all there was.
    pub fn tone_ms(&self, hertz: u32) -> usize {
        self.windows().filter(|window| is_loud(window) && share(window, hertz) > TONE_SHARE).count() * WINDOW_MS
    }

    /// Milliseconds of sound that is none of these tones: voices, music.
    pub fn other_ms(&self, tones: &[u32]) -> usize {
        let other = |window: &&[i16]| is_loud(window) && tones.iter().all(|tone| share(window, *tone) < TRACE_SHARE);
        self.windows().filter(other).count() * WINDOW_MS
    }

    /// What came before this tone was first heard; all of it when it never was.
    pub fn before_tone(&self, hertz: u32) -> Sound {
        let first = self.windows().position(|window| is_loud(window) && share(window, hertz) > TRACE_SHARE);
        Sound(self.0.get(..first.unwrap_or(self.len() / WINDOW) * WINDOW).unwrap_or_default().to_vec())
    }

    /// How many samples there are up to the end of this tone's last window; 0 when it is not there.
    pub fn last_of_tone(&self, hertz: u32) -> usize {
        let windows = self.windows().enumerate();
        let heard = windows.filter(|(_, window)| is_loud(window) && share(window, hertz) > TRACE_SHARE);
        heard.last().map_or(0, |(at, _)| (at + 1) * WINDOW)
    }

    fn windows(&self) -> impl Iterator<Item = &[i16]> {
        self.0.chunks_exact(WINDOW)
    }
}

/// A tone's part of the window's energy, 0 to 1.
fn share(window: &[i16], hertz: u32) -> f64 {
    let coefficient = 2.0 * (TAU * f64::from(hertz) / f64::from(RATE)).cos();
    let (mut last, mut before) = (0.0, 0.0);
    for sample in window {
        (last, before) = (f64::from(*sample) + coefficient * last - before, last);
    }
    let power = last * last + before * before - coefficient * last * before;
    let length = window.len() as f64;
    let energy: f64 = window.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    if energy > 0.0 { power * 2.0 / (length * energy) } else { 0.0 }
}

fn is_loud(window: &[i16]) -> bool {
    let energy: f64 = window.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    (energy / window.len() as f64).sqrt() > LOUD
}

const RATE: u32 = 8_000;
const WINDOW_MS: usize = 50;
const WINDOW: usize = 400;
const TONE_PEAK: f64 = 8_000.0;
const TONE_SHARE: f64 = 0.9;
const TRACE_SHARE: f64 = 0.5;
/// Root mean square; comfort noise and a codec's hiss stay below.
const LOUD: f64 = 100.0;

#[test]
fn a_tone_is_told_from_another_and_from_silence() {
    let folder = crate::server::Folder::new("tone");
    let sound = Sound::read(&folder.write("tone.wav", Sound::tone_file(700, 2)));
    assert_eq!(sound.len(), 16_000);
    assert_eq!((sound.tone_ms(700), sound.tone_ms(1_100)), (2_000, 0));
    assert_eq!((sound.other_ms(&[700]), sound.other_ms(&[1_100])), (0, 2_000));
    assert_eq!(Sound(vec![0; 8_000]).other_ms(&[]), 0);
}
