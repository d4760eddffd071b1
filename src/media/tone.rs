//! Tones: one period of a sine that every other tone steps through, and the call-progress tones of Korea.
//! Never computes a sine per sample after start. ITU-T E.180 (national tones), Q.23 (keys), G.711 9 (levels).

use super::SAMPLE_RATE_HZ;
use crate::model::Digit;

/// One second holds every whole frequency a whole number of times, so a tone is a walk through one second of 1 Hz.
pub(crate) struct Sine {
    /// Full scale.
    samples: Box<[i16]>,
}

impl Sine {
    pub fn new() -> Self {
        let step = std::f64::consts::TAU / f64::from(SAMPLE_RATE_HZ);
        let sample = |n: u32| (f64::from(i16::MAX) * (f64::from(n) * step).sin()).round() as i16;
        Sine { samples: (0..SAMPLE_RATE_HZ).map(sample).collect() }
    }

    /// Sample `n` of a tone of `hertz` at `level` of full scale (32,768 is all of it).
    pub fn at(&self, hertz: u32, n: u32, level: i32) -> i16 {
        let phase = u64::from(hertz) * u64::from(n) % u64::from(SAMPLE_RATE_HZ);
        self.samples.get(phase as usize).map_or(0, |sample| ((i32::from(*sample) * level) >> 15) as i16)
    }

    /// Fills `out` with the sum of `tones` from sample `first` on, each at `level`.
    pub fn fill(&self, tones: &[u32], first: u32, level: i32, out: &mut [i16]) {
        for (n, sample) in (first..).zip(out) {
            *sample = tones.iter().fold(0_i16, |sum, hertz| sum.saturating_add(self.at(*hertz, n, level)));
        }
    }

    /// `tones` sounding for `on_ms`, then silence for `off_ms`; edges rise and fall over 5 ms so that they do not click.
    pub fn cadence(&self, tones: &[u32], level: i32, on_ms: usize, off_ms: usize) -> Vec<i16> {
        let mut samples = vec![0; on_ms * SAMPLES_PER_MS];
        self.fill(tones, 0, level, &mut samples);
        soften(&mut samples);
        samples.resize((on_ms + off_ms) * SAMPLES_PER_MS, 0);
        samples
    }
}

/// The two tones of a key (Q.23): row and column.
pub(crate) fn key_tones(digit: Digit) -> [u32; 2] {
    let at = KEYPAD.iter().position(|key| *key == digit.key()).unwrap_or(0);
    [ROWS_HZ[at / 4], COLUMNS_HZ[at % 4]]
}

/// Ramps the first and last 5 ms.
fn soften(samples: &mut [i16]) {
    let len = samples.len();
    for n in 0..RAMP_SAMPLES.min(len / 2) {
        for at in [n, len - 1 - n] {
            samples[at] = (i32::from(samples[at]) * n as i32 / RAMP_SAMPLES as i32) as i16;
        }
    }
}

/// -10 dBm0: full scale of G.711 is a sine of +3.14 dBm0, and 10^(-13.14 / 20) of 32,768 is 7,219.
pub(crate) const LEVEL_TONE: i32 = 7_219;
/// -13 dBm0 for each of two frequencies.
pub(crate) const LEVEL_PAIR: i32 = 5_110;
/// Korea: ringback and busy.
pub(crate) const RINGBACK_HZ: [u32; 2] = [440, 480];
pub(crate) const BUSY_HZ: [u32; 2] = [480, 620];
pub(crate) const BEEP_HZ: [u32; 1] = [1_000];

const KEYPAD: [char; 16] = ['1', '2', '3', 'A', '4', '5', '6', 'B', '7', '8', '9', 'C', '*', '0', '#', 'D'];
const ROWS_HZ: [u32; 4] = [697, 770, 852, 941];
const COLUMNS_HZ: [u32; 4] = [1209, 1336, 1477, 1633];
const SAMPLES_PER_MS: usize = 8;
const RAMP_SAMPLES: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_repeats_exactly_and_has_its_level() {
        let sine = Sine::new();
        let mut samples = [0; 800];
        sine.fill(&[1000], 0, LEVEL_TONE, &mut samples);
        assert_eq!(samples[..8], samples[792..]);
        let mean_square = samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / 800.0;
        let full_scale_sine_dbm0 = 314.0 / 100.0;
        let level = 10.0 * (mean_square * 2.0 / 32_768_f64.powi(2)).log10() + full_scale_sine_dbm0;
        assert!((level + 10.0).abs() < 0.1, "{level} dBm0");
    }

    #[test]
    fn frames_join_without_a_step() {
        let sine = Sine::new();
        let mut whole = [0; 320];
        sine.fill(&[440, 480], 0, LEVEL_PAIR, &mut whole);
        let mut second = [0; 160];
        sine.fill(&[440, 480], 160, LEVEL_PAIR, &mut second);
        assert_eq!(whole[160..], second);
    }

    #[test]
    fn a_cadence_sounds_then_rests_and_starts_softly() {
        let ringback = Sine::new().cadence(&RINGBACK_HZ, LEVEL_PAIR, 1000, 2000);
        assert_eq!(ringback.len(), 24_000);
        assert!(ringback[8000..].iter().all(|sample| *sample == 0));
        assert!(ringback[..4].iter().all(|sample| sample.abs() < 1000));
        assert!(ringback[1000..2000].iter().any(|sample| sample.abs() > 8000));
    }

    #[test]
    fn keys_have_the_tones_of_the_recommendation() {
        let tones = |key| key_tones(Digit::new(key).expect("a key"));
        assert_eq!(tones('1'), [697, 1209]);
        assert_eq!(tones('0'), [941, 1336]);
        assert_eq!(tones('#'), [941, 1477]);
        assert_eq!(tones('D'), [941, 1633]);
    }
}
