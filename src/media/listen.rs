//! Ears: how loud samples are and how much of them is one tone. For tests, for the phone, for the talk of two ends in a demo.
//! Never part of the relay. Goertzel's algorithm; levels in dBov as in RFC 6464.

/// The share of the energy that lies at `hertz`, 0 to 1, at 8,000 samples a second.
#[must_use]
pub fn tone_share(samples: &[i16], hertz: f64) -> f64 {
    let energy: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    if energy == 0.0 {
        return 0.0;
    }
    let factor = 2.0 * (std::f64::consts::TAU * hertz / f64::from(super::SAMPLE_RATE_HZ)).cos();
    let (mut last, mut before) = (0.0, 0.0);
    for sample in samples {
        let next = f64::from(*sample) + factor * last - before;
        (before, last) = (last, next);
    }
    let power = last * last + before * before - factor * last * before;
    2.0 * power / (samples.len() as f64 * energy)
}

/// The mean level of the samples; a full-scale square wave is 0 dBov, silence is -127.
#[must_use]
pub fn level_dbov(samples: &[i16]) -> f64 {
    let energy: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    let mean = energy / samples.len().max(1) as f64;
    (10.0 * (mean / 32_768.0_f64.powi(2)).log10()).max(-127.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hertz: f64, amplitude: f64) -> Vec<i16> {
        (0..800).map(|n| (amplitude * (std::f64::consts::TAU * hertz * f64::from(n) / 8000.0).sin()) as i16).collect()
    }

    #[test]
    fn a_tone_is_found_where_it_is_and_nowhere_else() {
        let tone = sine(1000.0, 8000.0);
        assert!(tone_share(&tone, 1000.0) > 0.99);
        assert!(tone_share(&tone, 1400.0) < 0.01);
        assert!(tone_share(&[0; 100], 1000.0) < 0.01);
    }

    #[test]
    fn levels_are_told_in_dbov() {
        assert!((level_dbov(&sine(1000.0, 32_767.0)) + 3.0).abs() < 0.1);
        assert!((level_dbov(&[-32_768; 10])).abs() < 0.01);
        assert!((level_dbov(&[0; 10]) + 127.0).abs() < 0.01);
        assert!((level_dbov(&[]) + 127.0).abs() < 0.01);
    }
}
