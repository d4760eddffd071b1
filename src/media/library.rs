//! Everything that can be played, encoded once in each law and shared by all workers; immutable after start.
//! Never touches the file system: files come in as bytes. Adds the call-progress tones and rests by itself.

use std::collections::HashMap;
use std::time::Duration;

use super::g711;
use super::tone::{BEEP_HZ, BUSY_HZ, LEVEL_PAIR, LEVEL_TONE, RINGBACK_HZ, Sine};
use super::wav::{self, WavError};
use crate::model::Codec;

/// A clip, by index in the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClipId(pub u32);

/// All clips. Share it in an `Arc`.
pub struct Library {
    clips: Vec<Clip>,
    names: HashMap<String, ClipId>,
    sine: Sine,
}

/// What a clip is made of, encoded; made on whatever thread has the time.
pub struct Recording(Clip);

impl Recording {
    /// From a WAV file, as `LibraryBuilder::wav` takes it.
    ///
    /// # Errors
    /// When the bytes are no such file.
    pub fn of_wav(wav_bytes: &[u8]) -> Result<Recording, WavError> {
        Ok(Recording::of_samples(&wav::samples(wav_bytes)?))
    }

    fn of_samples(samples: &[i16]) -> Recording {
        let encoded = |codec| {
            let mut codes = vec![0; samples.len()];
            g711::encode_into(codec, samples, &mut codes);
            codes.into_boxed_slice()
        };
        Recording(Clip { pcmu: encoded(Codec::Pcmu), pcma: encoded(Codec::Pcma) })
    }
}

impl std::fmt::Debug for Recording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Recording({} samples)", self.0.pcmu.len())
    }
}

/// One clip at 8 kHz: a byte a sample in either law.
struct Clip {
    pcmu: Box<[u8]>,
    pcma: Box<[u8]>,
}

impl Library {
    /// A builder that already holds `tone/ringback`, `tone/busy`, `tone/beep`, `silence/100ms`, `silence/500ms` and `silence/1s`.
    #[must_use]
    pub fn builder() -> LibraryBuilder {
        LibraryBuilder::new()
    }

    /// The clip of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<ClipId> {
        self.names.get(name).copied()
    }

    /// How long a clip is; zero when there is none of that number.
    #[must_use]
    pub fn duration(&self, clip: ClipId) -> Duration {
        Duration::from_nanos(self.codes(clip, Codec::Pcmu).len() as u64 * 125_000)
    }

    /// Clips in the library.
    #[must_use]
    pub fn len(&self) -> usize {
        self.clips.len()
    }

    /// Never true of a built library: the tones are always there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.clips.is_empty()
    }

    /// The bytes of a clip; none when there is no such clip.
    pub(crate) fn codes(&self, clip: ClipId, codec: Codec) -> &[u8] {
        self.clips.get(clip.0 as usize).map_or(&[], |clip| match codec {
            Codec::Pcmu => &clip.pcmu,
            Codec::Pcma => &clip.pcma,
        })
    }

    pub(crate) fn sine(&self) -> &Sine {
        &self.sine
    }
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Library({} clips)", self.clips.len())
    }
}

/// Collects clips; a name given twice means the later clip.
#[derive(Debug)]
pub struct LibraryBuilder {
    library: Library,
}

impl LibraryBuilder {
    fn new() -> Self {
        let sine = Sine::new();
        let ringback = sine.cadence(&RINGBACK_HZ, LEVEL_PAIR, 1_000, 2_000);
        let busy = sine.cadence(&BUSY_HZ, LEVEL_PAIR, 500, 500);
        let beep = sine.cadence(&BEEP_HZ, LEVEL_TONE, 200, 0);
        let mut builder = LibraryBuilder { library: Library { clips: Vec::new(), names: HashMap::new(), sine } };
        builder.samples("tone/ringback", &ringback);
        builder.samples("tone/busy", &busy);
        builder.samples("tone/beep", &beep);
        builder.samples("silence/100ms", &[0; 800]);
        builder.samples("silence/500ms", &[0; 4_000]);
        builder.samples("silence/1s", &[0; 8_000]);
        builder
    }

    /// Adds a WAV file of 1 to 8 channels, 4 to 192 kHz, integer or float, at most ten minutes long.
    ///
    /// # Errors
    /// When the bytes are no such file.
    pub fn wav(&mut self, name: &str, wav_bytes: &[u8]) -> Result<ClipId, WavError> {
        Ok(self.recording(name, Recording::of_wav(wav_bytes)?))
    }

    /// Adds samples at 8 kHz.
    pub fn samples(&mut self, name: &str, samples: &[i16]) -> ClipId {
        self.recording(name, Recording::of_samples(samples))
    }

    /// Adds what was encoded elsewhere.
    pub fn recording(&mut self, name: &str, recording: Recording) -> ClipId {
        let clip = ClipId(self.library.clips.len() as u32);
        self.library.clips.push(recording.0);
        self.library.names.insert(name.to_owned(), clip);
        clip
    }

    /// The library, to be shared.
    #[must_use]
    pub fn build(self) -> Library {
        self.library
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::listen::tone_share;

    fn samples(library: &Library, name: &str, codec: Codec) -> Vec<i16> {
        let clip = library.find(name).expect("a clip of that name");
        library.codes(clip, codec).iter().map(|code| g711::decode(codec, *code)).collect()
    }

    #[test]
    fn the_tones_of_korea_are_there_in_both_laws() {
        let library = Library::builder().build();
        for codec in Codec::ALL {
            let ringback = samples(&library, "tone/ringback", codec);
            assert!(tone_share(&ringback[..8000], 440.0) > 0.45 && tone_share(&ringback[..8000], 480.0) > 0.45);
            assert!(ringback[8000..].iter().all(|sample| sample.abs() <= 8));
            assert!(tone_share(&samples(&library, "tone/busy", codec)[..4000], 620.0) > 0.45);
            assert!(tone_share(&samples(&library, "tone/beep", codec), 1000.0) > 0.95);
        }
        let clip = library.find("tone/ringback").expect("built in");
        assert_eq!(library.duration(clip), Duration::from_secs(3));
    }

    #[test]
    fn a_name_given_twice_means_the_later_clip() {
        let mut builder = Library::builder();
        let first = builder.samples("ko/hello", &[1; 80]);
        let second = builder.samples("ko/hello", &[1; 160]);
        let library = builder.build();
        assert_ne!(first, second);
        assert_eq!(library.find("ko/hello"), Some(second));
        assert_eq!(library.find("ko/absent"), None);
        assert_eq!(library.duration(second), Duration::from_millis(20));
        assert_eq!(library.duration(ClipId(u32::MAX)), Duration::ZERO);
    }

    #[test]
    fn a_file_that_is_no_wav_leaves_the_library_as_it_was() {
        let mut builder = Library::builder();
        assert!(builder.wav("ko/broken", b"not a wav").is_err());
        assert_eq!(builder.build().find("ko/broken"), None);
    }
}
