//! Listening to samples: what was said to a telephone, and when. Knows tones, recorded clips, music and silence.
//! Compares with the clip's own samples by normalised cross-correlation; never asks the server what it played.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use thirdring::media::listen::{level_dbov, tone_share};
use thirdring::model::Moment;

/// All that one telephone has heard, sample by sample, with the time at which each packet came.
#[derive(Debug, Default)]
pub struct Ear {
    samples: Vec<i16>,
    /// Index of a packet's first sample, and when the packet came.
    packets: Vec<(usize, Moment)>,
}

impl Ear {
    pub fn hear(&mut self, now: Moment, samples: &[i16]) {
        self.packets.push((self.samples.len(), now));
        self.samples.extend_from_slice(samples);
    }

    /// What came from `since` on.
    pub fn since(&self, since: Moment) -> &[i16] {
        &self.samples[self.index_at(since)..]
    }

    /// When the tone was heard for the first time at or after `since`, to a frame.
    pub fn tone_began(&self, hertz: f64, since: Moment) -> Option<Moment> {
        let from = self.packets.partition_point(|(_, at)| *at < since);
        self.packets[from..].iter().find_map(|(index, at)| {
            let frame = self.samples.get(*index..*index + FRAME)?;
            (level_dbov(frame) > QUIET_DBOV && tone_share(frame, hertz) > 0.8).then_some(*at)
        })
    }

    /// Whether the tone, and nothing louder, is heard in the last fifth of a second.
    pub fn hears_tone(&self, hertz: f64) -> bool {
        let recent = self.last(1_600);
        level_dbov(recent) > QUIET_DBOV && tone_share(recent, hertz) > 0.9
    }

    pub fn hears_silence(&self) -> bool {
        level_dbov(self.last(4_000)) < QUIET_DBOV
    }

    /// Whether the last half second is a piece of this clip.
    pub fn hears_piece_of(&self, clip: &str) -> bool {
        let recent = self.last(4_000);
        level_dbov(recent) > QUIET_DBOV && find(&recording(clip), recent, 0, SAME).is_some()
    }

    /// When each time the whole clip was heard began, from `since` on.
    pub fn clip_began(&self, clip: &str, since: Moment) -> Option<Moment> {
        let at = find(&self.samples, &recording(clip), self.index_at(since), SAME)?;
        Some(self.moment_of(at))
    }

    /// When the beginning of the clip was heard, although it may have been cut short.
    pub fn beginning_of(&self, clip: &str, since: Moment) -> Option<Moment> {
        let recording = recording(clip);
        let spoken = recording.iter().position(|sample| sample.unsigned_abs() > 500).unwrap_or(0);
        let piece = &recording[spoken..(spoken + 4_000).min(recording.len())];
        let at = find(&self.samples, piece, self.index_at(since), SAME)?;
        Some(self.moment_of(at.saturating_sub(spoken)))
    }

    fn last(&self, count: usize) -> &[i16] {
        &self.samples[self.samples.len().saturating_sub(count)..]
    }

    fn index_at(&self, since: Moment) -> usize {
        let packet = self.packets.partition_point(|(_, at)| *at < since);
        self.packets.get(packet).map_or(self.samples.len(), |(index, _)| *index)
    }

    fn moment_of(&self, index: usize) -> Moment {
        let packet = self.packets.partition_point(|(first, _)| *first <= index).saturating_sub(1);
        let (first, at) = self.packets[packet];
        at + Duration::from_micros(125 * u64::try_from(index - first).unwrap_or(0))
    }
}

/// The samples of a recorded clip, from its file.
pub fn recording(clip: &str) -> Arc<Vec<i16>> {
    static RECORDINGS: OnceLock<Mutex<HashMap<String, Arc<Vec<i16>>>>> = OnceLock::new();
    let mut known = RECORDINGS.get_or_init(Mutex::default).lock().expect("no listener panics while reading");
    if let Some(samples) = known.get(clip) {
        return samples.clone();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("audio").join(format!("{clip}.wav"));
    let reader = hound::WavReader::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!((reader.spec().sample_rate, reader.spec().channels), (8_000, 1), "{clip} can be compared as it is");
    let samples: Vec<i16> = reader.into_samples().map(|sample| sample.expect("a whole file")).collect();
    known.entry(clip.to_owned()).or_insert(Arc::new(samples)).clone()
}

/// Where `wanted` lies in `heard`, from index `from` on, with a correlation of at least `least`.
fn find(heard: &[i16], wanted: &[i16], from: usize, least: f64) -> Option<usize> {
    if wanted.is_empty() || heard.len() < wanted.len() {
        return None;
    }
    // A short probe at the loudest place rules nearly every offset out before the whole is compared.
    let loudest = (0..wanted.len().saturating_sub(PROBE) + 1)
        .step_by(PROBE / 2)
        .max_by_key(|at| energy(&wanted[*at..(*at + PROBE).min(wanted.len())]))
        .unwrap_or(0);
    let probe = &wanted[loudest..(loudest + PROBE).min(wanted.len())];
    let probe_energy = energy(probe) as f64;
    if probe_energy == 0.0 {
        return None;
    }
    let last = heard.len() - wanted.len();
    let mut window = energy(heard.get(from + loudest..from + loudest + probe.len())?) as f64;
    for at in from..=last {
        if window > probe_energy / 4.0 && window < probe_energy * 4.0 {
            let close = correlation(&heard[at + loudest..at + loudest + probe.len()], probe);
            if close >= least && correlation(&heard[at..at + wanted.len()], wanted) >= least {
                return Some(at);
            }
        }
        let leaving = f64::from(heard[at + loudest]);
        let Some(entering) = heard.get(at + loudest + probe.len()) else { break };
        window += f64::from(*entering).powi(2) - leaving.powi(2);
    }
    None
}

/// The normalised cross-correlation of two equally long pieces, -1 to 1.
fn correlation(a: &[i16], b: &[i16]) -> f64 {
    let product: i64 = a.iter().zip(b).map(|(a, b)| i64::from(*a) * i64::from(*b)).sum();
    let energies = (energy(a) as f64 * energy(b) as f64).sqrt();
    if energies == 0.0 { 0.0 } else { product as f64 / energies }
}

fn energy(samples: &[i16]) -> i64 {
    samples.iter().map(|sample| i64::from(*sample) * i64::from(*sample)).sum()
}

/// Samples of a frame of 20 ms.
const FRAME: usize = 160;

/// Samples of the probe: 16 ms.
const PROBE: usize = 128;

/// Below this nothing is said.
const QUIET_DBOV: f64 = -60.0;

/// G.711 alone leaves 0.999; another clip of the same voice reaches 0.3.
const SAME: f64 = 0.95;
