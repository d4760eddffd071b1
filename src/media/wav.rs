//! A recorded file's bytes to 8 kHz mono samples: any PCM or float WAV in, telephone speech out.
//! Never opens a file and never trusts a header: lengths, rates and channel counts are bounded. WAVE as read by `hound`.

use std::io::Cursor;

use hound::{SampleFormat, WavReader};

use super::SAMPLE_RATE_HZ;
use super::resample::resample;

/// Why a WAV file cannot become a clip.
#[derive(Debug, thiserror::Error)]
pub enum WavError {
    /// Not a WAV file, cut short, or of an encoding that is neither PCM nor float.
    #[error("not a readable WAV file: {0}")]
    Unreadable(#[from] hound::Error),
    /// The sampling rate is outside 4 to 192 kHz.
    #[error("sampling rate of {hertz} Hz; 4000 to 192000 can be read")]
    Rate { hertz: u32 },
    /// No channel, or more than eight.
    #[error("{channels} channels; 1 to 8 can be read")]
    Channels { channels: u16 },
    /// A header and nothing behind it.
    #[error("the file holds no sound")]
    Empty,
    /// Longer than ten minutes.
    #[error("{seconds} s long; at most {max} s can be kept", max = CLIP_SECONDS_MAX)]
    TooLong { seconds: u32 },
}

/// The samples of a WAV file at 8 kHz, all channels mixed to one.
///
/// # Errors
/// When it is no WAV file of 1 to 8 channels, 4 to 192 kHz and at most ten minutes.
pub(crate) fn samples(wav: &[u8]) -> Result<Vec<i16>, WavError> {
    let mut reader = WavReader::new(Cursor::new(wav))?;
    let spec = reader.spec();
    if !RATES_HZ.contains(&spec.sample_rate) {
        return Err(WavError::Rate { hertz: spec.sample_rate });
    }
    if !(1..=CHANNELS_MAX).contains(&spec.channels) {
        return Err(WavError::Channels { channels: spec.channels });
    }
    if reader.duration() == 0 {
        return Err(WavError::Empty);
    }
    let seconds = reader.duration() / spec.sample_rate;
    if seconds > CLIP_SECONDS_MAX {
        return Err(WavError::TooLong { seconds });
    }
    if (spec.sample_rate, spec.channels, spec.bits_per_sample, spec.sample_format)
        == (SAMPLE_RATE_HZ, 1, 16, SampleFormat::Int)
    {
        return as_they_are(reader);
    }
    let mono = match spec.sample_format {
        SampleFormat::Float => mix(reader.samples::<f32>(), spec.channels, 1.0)?,
        SampleFormat::Int => {
            let full_scale = f64::from(2.0_f32).powi(i32::from(spec.bits_per_sample) - 1) as f32;
            mix(reader.samples::<i32>().map(|sample| sample.map(|sample| sample as f32)), spec.channels, full_scale)?
        }
    };
    Ok(resample(&mono, spec.sample_rate, SAMPLE_RATE_HZ).into_iter().map(to_i16).collect())
}

/// The samples of a file that is telephone speech already: nothing to convert, and most files are such.
fn as_they_are(reader: WavReader<Cursor<&[u8]>>) -> Result<Vec<i16>, WavError> {
    let bytes = 2 * reader.len() as usize;
    let data = reader.into_inner();
    let start = usize::try_from(data.position()).unwrap_or(usize::MAX);
    let wav = data.into_inner();
    let cut = || WavError::Unreadable(hound::Error::FormatError("the file ends before its samples do"));
    let data = wav.get(start..).and_then(|rest| rest.get(..bytes)).ok_or_else(cut)?;
    Ok(data.as_chunks::<2>().0.iter().map(|bytes| i16::from_le_bytes(*bytes)).collect())
}

/// The mean of the channels, full scale at 1.
fn mix(
    samples: impl Iterator<Item = Result<f32, hound::Error>>,
    channels: u16,
    full_scale: f32,
) -> Result<Vec<f32>, hound::Error> {
    let mut mono = Vec::new();
    let (mut sum, mut channel) = (0.0, 0);
    for sample in samples {
        let sample = sample?;
        sum += if sample.is_finite() { sample } else { 0.0 };
        channel += 1;
        if channel == channels {
            mono.push(sum / f32::from(channels) / full_scale);
            (sum, channel) = (0.0, 0);
        }
    }
    Ok(mono)
}

fn to_i16(sample: f32) -> i16 {
    // The cast saturates, so an overshoot of the filter clips instead of wrapping around.
    (sample * 32_768.0).round() as i16
}

const RATES_HZ: std::ops::RangeInclusive<u32> = 4_000..=192_000;
const CHANNELS_MAX: u16 = 8;
/// Ten minutes: 9.6 MB in both laws.
const CLIP_SECONDS_MAX: u32 = 600;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::listen::{level_dbov, tone_share};
    use hound::{WavSpec, WavWriter};

    /// A WAV file of a sine at `hertz` and half of full scale, `channels` alike, 0.5 s long.
    fn wav(hertz: f64, spec: WavSpec) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let mut writer = WavWriter::new(&mut bytes, spec).expect("a memory file");
        for n in 0..spec.sample_rate / 2 {
            let value = 0.5 * (std::f64::consts::TAU * hertz * f64::from(n) / f64::from(spec.sample_rate)).sin();
            for _ in 0..spec.channels {
                match spec.sample_format {
                    SampleFormat::Float => writer.write_sample(value as f32),
                    SampleFormat::Int => {
                        writer.write_sample((value * 2.0_f64.powi(i32::from(spec.bits_per_sample) - 1)) as i32)
                    }
                }
                .expect("a memory file");
            }
        }
        writer.finalize().expect("a memory file");
        bytes.into_inner()
    }

    fn int(sample_rate: u32, bits_per_sample: u16, channels: u16) -> WavSpec {
        WavSpec { channels, sample_rate, bits_per_sample, sample_format: SampleFormat::Int }
    }

    #[test]
    fn every_rate_width_and_channel_count_becomes_the_same_tone() {
        let float =
            WavSpec { channels: 1, sample_rate: 48_000, bits_per_sample: 32, sample_format: SampleFormat::Float };
        for spec in [
            int(8_000, 16, 1),
            int(8_000, 8, 1),
            int(16_000, 16, 2),
            int(22_050, 16, 1),
            int(24_000, 24, 1),
            int(44_100, 16, 2),
            int(48_000, 32, 6),
            int(11_025, 8, 1),
            int(6_000, 16, 1),
            float,
        ] {
            let samples = samples(&wav(1000.0, spec)).expect("a good file");
            assert!((3_990..=4_010).contains(&samples.len()), "{spec:?}: {} samples", samples.len());
            let middle = &samples[400..3600];
            assert!(tone_share(middle, 1000.0) > 0.99, "{spec:?}: {}", tone_share(middle, 1000.0));
            // Half of full scale is -6 dBov peak, -9 dBov RMS.
            assert!((level_dbov(middle) + 9.03).abs() < 0.3, "{spec:?}: {} dBov", level_dbov(middle));
        }
    }

    #[test]
    fn what_a_telephone_cannot_carry_does_not_fold_back() {
        let samples = samples(&wav(5_500.0, int(48_000, 16, 1))).expect("a good file");
        assert!(level_dbov(&samples[400..3600]) < -70.0, "{} dBov", level_dbov(&samples[400..3600]));
    }

    #[test]
    fn telephone_speech_is_taken_sample_for_sample() {
        let mut bytes = Cursor::new(Vec::new());
        let mut writer = WavWriter::new(&mut bytes, int(8_000, 16, 1)).expect("a memory file");
        let speech: Vec<i16> = (i16::MIN..=i16::MAX).step_by(7).collect();
        speech.iter().try_for_each(|sample| writer.write_sample(*sample)).expect("a memory file");
        writer.finalize().expect("a memory file");
        assert_eq!(samples(&bytes.into_inner()).expect("a good file"), speech);
    }

    #[test]
    fn bad_files_are_refused_with_their_reason() {
        assert!(matches!(samples(b"RIFF"), Err(WavError::Unreadable(_))));
        assert!(matches!(samples(&wav(100.0, int(2_000, 16, 1))), Err(WavError::Rate { hertz: 2_000 })));
        assert!(matches!(samples(&wav(100.0, int(8_000, 16, 9))), Err(WavError::Channels { channels: 9 })));
        let mut header = wav(100.0, int(8_000, 16, 1));
        header.truncate(44);
        header[40..44].fill(0);
        assert!(matches!(samples(&header), Err(WavError::Empty)));
        let mut cut = wav(100.0, int(8_000, 16, 1));
        cut.truncate(1001);
        assert!(matches!(samples(&cut), Err(WavError::Unreadable(_))));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = samples(&bytes);
            let mut damaged = wav(1000.0, int(8_000, 16, 1));
            damaged.truncate(400);
            for (at, byte) in bytes.iter().enumerate() {
                if byte % 8 == 0 && at < 60 {
                    damaged[at] ^= *byte;
                }
            }
            let _ = samples(&damaged);
        }
    }
}
