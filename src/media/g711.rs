//! G.711: samples to and from mu-law and A-law bytes, and one law to the other, as free functions on slices.
//! Never keeps state, never allocates. ITU-T G.711 (11/88), tables 1a to 2b; intervals as in ITU-T G.191.

use crate::model::Codec;

/// One byte of `codec` as a linear 16-bit sample.
#[must_use]
pub fn decode(codec: Codec, code: u8) -> i16 {
    linear_table(codec)[usize::from(code)]
}

/// One linear 16-bit sample as a byte of `codec`: the nearest value that the law has.
#[must_use]
pub fn encode(codec: Codec, sample: i16) -> u8 {
    match codec {
        Codec::Pcmu => mu_law_from_linear(sample),
        Codec::Pcma => a_law_from_linear(sample),
    }
}

/// Decodes as many bytes as both slices hold.
pub fn decode_into(codec: Codec, codes: &[u8], samples: &mut [i16]) {
    let table = linear_table(codec);
    for (sample, code) in samples.iter_mut().zip(codes) {
        *sample = table[usize::from(*code)];
    }
}

/// Encodes as many samples as both slices hold.
pub fn encode_into(codec: Codec, samples: &[i16], codes: &mut [u8]) {
    for (code, sample) in codes.iter_mut().zip(samples) {
        *code = encode(codec, *sample);
    }
}

/// Rewrites bytes of one law as bytes of the other, in place; nothing when both are the same.
pub fn transcode(from: Codec, to: Codec, codes: &mut [u8]) {
    let table = match (from, to) {
        (Codec::Pcmu, Codec::Pcma) => &A_FROM_MU,
        (Codec::Pcma, Codec::Pcmu) => &MU_FROM_A,
        (Codec::Pcmu, Codec::Pcmu) | (Codec::Pcma, Codec::Pcma) => return,
    };
    for code in codes {
        *code = table[usize::from(*code)];
    }
}

/// The byte that says nothing in `codec`: plus zero of mu-law, the smallest positive value of A-law.
#[must_use]
pub fn silence(codec: Codec) -> u8 {
    match codec {
        Codec::Pcmu => 0xFF,
        Codec::Pcma => 0xD5,
    }
}

fn linear_table(codec: Codec) -> &'static [i16; 256] {
    match codec {
        Codec::Pcmu => &LINEAR_FROM_MU,
        Codec::Pcma => &LINEAR_FROM_A,
    }
}

/// Table 2 of G.711. A mu-law byte is sent inverted: sign, three bits of segment, four of step.
const fn linear_from_mu_law(code: u8) -> i16 {
    let code = !code;
    let magnitude = ((((code & 0x0F) as i16) << 3) + MU_BIAS) << ((code & 0x70) >> 4);
    if code & SIGN == 0 { magnitude - MU_BIAS } else { MU_BIAS - magnitude }
}

const fn mu_law_from_linear(sample: i16) -> u8 {
    // One's complement for the negative half, so that -1 falls into the first interval as +0 does (G.191).
    let magnitude = (if sample < 0 { !sample } else { sample } as u16) >> 2;
    let biased = if magnitude + 33 > 0x1FFF { 0x1FFF } else { magnitude + 33 };
    let segment = 10 - biased.leading_zeros() as u16;
    let code = (segment << 4) as u8 | ((biased >> (segment + 1)) & 0x0F) as u8;
    if sample < 0 { !(code | SIGN) } else { !code }
}

/// Table 1 of G.711. An A-law byte has its even bits inverted; a set sign bit means plus.
const fn linear_from_a_law(code: u8) -> i16 {
    let code = code ^ EVEN_BITS;
    let segment = (code & 0x70) >> 4;
    let step = ((code & 0x0F) as i16) << 4;
    let magnitude = if segment == 0 { step + 8 } else { (step + 0x108) << (segment - 1) };
    if code & SIGN == 0 { -magnitude } else { magnitude }
}

const fn a_law_from_linear(sample: i16) -> u8 {
    let magnitude = (if sample < 0 { !sample } else { sample } as u16) >> 4;
    let code = if magnitude < 16 {
        magnitude as u8
    } else {
        let segment = 12 - magnitude.leading_zeros() as u16;
        (segment << 4) as u8 | ((magnitude >> (segment - 1)) & 0x0F) as u8
    };
    (if sample < 0 { code } else { code | SIGN }) ^ EVEN_BITS
}

const SIGN: u8 = 0x80;
const EVEN_BITS: u8 = 0x55;
/// 33 quantisation units of the 14-bit law, in 16-bit samples.
const MU_BIAS: i16 = 0x84;

static LINEAR_FROM_MU: [i16; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = linear_from_mu_law(code as u8);
        code += 1;
    }
    table
};

static LINEAR_FROM_A: [i16; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = linear_from_a_law(code as u8);
        code += 1;
    }
    table
};

static A_FROM_MU: [u8; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = a_law_from_linear(linear_from_mu_law(code as u8));
        code += 1;
    }
    table
};

static MU_FROM_A: [u8; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = mu_law_from_linear(linear_from_a_law(code as u8));
        code += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    /// Positive quantisation values of G.711 at the start of each segment, scaled to 16 bits (x4 mu-law, x16 A-law / 2).
    #[test]
    fn the_tables_hold_the_values_that_the_recommendation_prints() {
        for (code, value) in [
            (0xFF, 0),
            (0xFE, 2),
            (0xEF, 33),
            (0xDF, 99),
            (0xCF, 231),
            (0xBF, 495),
            (0xAF, 1023),
            (0x9F, 2079),
            (0x8F, 4191),
            (0x80, 8031),
        ] {
            assert_eq!(decode(Codec::Pcmu, code), value * 4, "mu-law {code:02x}");
            assert_eq!(decode(Codec::Pcmu, code & 0x7F), -value * 4, "mu-law {:02x}", code & 0x7F);
        }
        for (code, value) in [
            (0x80, 1),
            (0x81, 3),
            (0x90, 33),
            (0xA0, 66),
            (0xB0, 132),
            (0xC0, 264),
            (0xD0, 528),
            (0xE0, 1056),
            (0xF0, 2112),
            (0xFF, 4032),
        ] {
            let code = code ^ 0x55;
            assert_eq!(decode(Codec::Pcma, code), value * 8, "A-law {code:02x}");
            assert_eq!(decode(Codec::Pcma, code & 0x7F), -value * 8, "A-law {:02x}", code & 0x7F);
        }
    }

    #[test]
    fn a_decoded_byte_encodes_to_itself() {
        for codec in Codec::ALL {
            for code in 0..=255 {
                let again = encode(codec, decode(codec, code));
                // Minus zero of mu-law is the one value that has two names.
                let expected = if codec == Codec::Pcmu && code == 0x7F { 0xFF } else { code };
                assert_eq!(again, expected, "{codec:?} {code:02x}");
            }
        }
    }

    /// The intervals of G.711: half a step around each value. At the foot of a segment the interval is wide on both sides,
    /// so it is not everywhere the nearest value.
    #[test]
    fn every_sample_lies_in_the_interval_of_its_byte() {
        for codec in Codec::ALL {
            for sample in i16::MIN..=i16::MAX {
                let code = encode(codec, sample);
                let (segment, smallest) = match codec {
                    Codec::Pcmu => (u32::from(!code >> 4 & 7), 4),
                    Codec::Pcma => (u32::from((code ^ 0x55) >> 4 & 7).saturating_sub(1), 8),
                };
                let half_step = smallest << segment;
                let overload = codec == Codec::Pcmu && i32::from(sample).abs() > 32_636;
                let error = (i32::from(decode(codec, code)) - i32::from(sample)).abs();
                assert!(error <= half_step || overload, "{codec:?} {sample}: off by {error} of {half_step}");
            }
        }
    }

    #[test]
    fn the_negative_half_mirrors_the_positive() {
        for codec in Codec::ALL {
            for sample in 0..=i16::MAX {
                assert_eq!(encode(codec, sample) ^ SIGN, encode(codec, !sample), "{codec:?} {sample}");
            }
        }
    }

    #[test]
    fn the_decoders_agree_with_another_implementation() {
        use audio_codec::Decoder;
        let codes: Vec<u8> = (0..=255).collect();
        let mut theirs = [0; 256];
        let mut ours = [0; 256];
        for codec in Codec::ALL {
            match codec {
                Codec::Pcmu => audio_codec::pcmu::PcmuDecoder::new().decode_into(&codes, &mut theirs),
                Codec::Pcma => audio_codec::pcma::PcmaDecoder::new().decode_into(&codes, &mut theirs),
            }
            .expect("256 bytes fit 256 samples");
            decode_into(codec, &codes, &mut ours);
            assert_eq!(ours, theirs);
        }
    }

    #[test]
    fn transcoding_there_and_back_settles_after_one_round() {
        for (from, to) in [(Codec::Pcmu, Codec::Pcma), (Codec::Pcma, Codec::Pcmu)] {
            for code in 0..=255u8 {
                let mut once = [code];
                transcode(from, to, &mut once);
                let (before, after) = (i32::from(decode(from, code)), i32::from(decode(to, once[0])));
                // Half the largest step of the coarser segment at that height.
                assert!((before - after).abs() <= 16 + before.abs() / 32, "{from:?} {code:02x}: {before} -> {after}");
                let mut round = once;
                transcode(to, from, &mut round);
                let mut again = round;
                transcode(from, to, &mut again);
                assert_eq!(again, once);
            }
        }
        let mut same = [0x12];
        transcode(Codec::Pcmu, Codec::Pcmu, &mut same);
        assert_eq!(same, [0x12]);
    }

    #[test]
    fn silence_is_silent_and_slices_stop_at_the_shorter() {
        for codec in Codec::ALL {
            assert!(decode(codec, silence(codec)).abs() <= 8);
            let mut codes = [0; 2];
            encode_into(codec, &[1000, -1000, 7], &mut codes);
            let mut samples = [5; 3];
            decode_into(codec, &codes, &mut samples);
            assert!((samples[0] - 1000).abs() < 40 && (samples[1] + 1000).abs() < 40);
            assert_eq!(samples[2], 5);
        }
    }
}
