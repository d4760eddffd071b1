//! Any sampling rate to any other: a windowed sinc in as many phases as the two rates need.
//! Never runs during a call; clips pass through here once at start. Kaiser window, 80 dB stop band.

/// `input` at `from_hz` as samples at `to_hz`; full scale keeps its level, what the new rate cannot carry is cut.
pub(crate) fn resample(input: &[f32], from_hz: u32, to_hz: u32) -> Vec<f32> {
    if from_hz == to_hz || input.is_empty() {
        return input.to_vec();
    }
    let common = gcd(from_hz, to_hz);
    let (phases, step) = (u64::from(to_hz / common), u64::from(from_hz / common));
    let filter = Filter::new(phases as usize, from_hz, to_hz);
    let len = (input.len() as u64 * phases).div_ceil(step);
    (0..len).map(|n| filter.at(input, (n * step / phases) as usize, (n * step % phases) as usize)).collect()
}

/// One row of weights for each position that an output sample can have between two input samples.
struct Filter {
    half: usize,
    weights: Vec<f32>,
}

impl Filter {
    fn new(phases: usize, from_hz: u32, to_hz: u32) -> Self {
        let ratio = (f64::from(to_hz) / f64::from(from_hz)).min(1.0);
        let cutoff = CUTOFF * ratio;
        let half = (ZERO_CROSSINGS / ratio).ceil() as usize;
        let mut weights = Vec::with_capacity(phases * 2 * half);
        for phase in 0..phases {
            let shift = phase as f64 / phases as f64;
            let tap = |k: usize| {
                let distance = k as f64 - (half as f64 - 1.0) - shift;
                sinc(2.0 * cutoff * distance) * kaiser(distance / half as f64)
            };
            // Every phase passes a steady value unchanged, so no ripple is laid over it.
            let sum: f64 = (0..2 * half).map(tap).sum();
            weights.extend((0..2 * half).map(|k| (tap(k) / sum) as f32));
        }
        Filter { half, weights }
    }

    /// The value `phase` after input sample `at`.
    fn at(&self, input: &[f32], at: usize, phase: usize) -> f32 {
        let taps = 2 * self.half;
        let row = &self.weights[phase * taps..(phase + 1) * taps];
        let first = at as i64 - (self.half as i64 - 1);
        let skipped = usize::try_from(-first).unwrap_or(0).min(taps);
        let from = usize::try_from(first).unwrap_or(0).min(input.len());
        row[skipped..].iter().zip(&input[from..]).map(|(weight, sample)| weight * sample).sum()
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn sinc(x: f64) -> f64 {
    let angle = std::f64::consts::PI * x;
    if angle.abs() < 1e-9 { 1.0 } else { angle.sin() / angle }
}

/// The Kaiser window at `x` of its half width.
fn kaiser(x: f64) -> f64 {
    if x.abs() >= 1.0 { 0.0 } else { bessel_i0(KAISER_BETA * (1.0 - x * x).sqrt()) / bessel_i0(KAISER_BETA) }
}

/// Modified Bessel function of the first kind, order zero, by its series.
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut term, mut sum) = (1.0, 1.0);
    for n in 1..40 {
        term *= quarter / f64::from(n * n);
        sum += term;
    }
    sum
}

/// Of the lower rate: at 8 kHz the pass band ends at 3.4 kHz and the stop band begins at 4.0 kHz.
const CUTOFF: f64 = 0.4625;
/// Of the filter, on each side.
const ZERO_CROSSINGS: f64 = 32.0;
/// 80 dB.
const KAISER_BETA: f64 = 8.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_value_stays_what_it_is() {
        for from in [11_025, 16_000, 44_100, 48_000, 6_000] {
            let output = resample(&vec![0.5; from as usize], from, 8_000);
            assert_eq!(output.len(), 8_000, "{from} Hz");
            assert!(output[100..7_900].iter().all(|sample| (sample - 0.5).abs() < 1e-4), "{from} Hz");
        }
    }

    #[test]
    fn a_click_stays_at_its_place() {
        let mut input = vec![0.0; 48_000];
        input[24_000] = 1.0;
        let output = resample(&input, 48_000, 8_000);
        let peak = output.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map(|(at, _)| at);
        assert_eq!(peak, Some(4_000));
    }

    #[test]
    fn nothing_and_a_single_sample_are_fine() {
        assert!(resample(&[], 48_000, 8_000).is_empty());
        assert_eq!(resample(&[1.0], 48_000, 8_000).len(), 1);
        assert_eq!(resample(&[0.25, 0.5], 8_000, 8_000), [0.25, 0.5]);
    }
}
