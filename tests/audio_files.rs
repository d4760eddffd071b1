//! The prompts that ship with the server: every clip of the vocabulary lies below `audio/` as a clean telephone recording
//! of exactly its text. Reads files only; to renew the list after a change of the grammar, run it with `THIRDRING_BLESS=1`.

#![expect(clippy::disallowed_methods, reason = "the list is renewed when the environment asks for it")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use thirdring::ivr::speech::vocabulary;
use thirdring::model::Language;

#[test]
fn the_list_opens_with_the_vocabulary() {
    let path = audio().join("prompts.tsv");
    let expected: String =
        Language::ALL.into_iter().flat_map(vocabulary).map(|clip| format!("{}\t{}\n", clip.name, clip.text)).collect();
    let list = fs::read_to_string(&path).expect("audio/prompts.tsv is committed");
    let (head, rest) = list.split_once(VOCABULARY_MARK).expect("the list marks where the vocabulary begins");
    let (written, flows) = rest.split_once(FLOWS_MARK).expect("the list marks where the flows begin");
    if std::env::var_os("THIRDRING_BLESS").is_some() {
        let renewed = format!("{head}{VOCABULARY_MARK}{expected}{FLOWS_MARK}{flows}");
        fs::write(&path, renewed).expect("audio/prompts.tsv can be written");
        return;
    }
    assert_eq!(written, expected, "THIRDRING_BLESS=1 cargo test --test audio_files, then audio/build-prompts.sh");
}

#[test]
fn the_list_names_every_prompt_once() {
    let mut seen = BTreeSet::new();
    for (name, text) in list() {
        assert!(!text.trim().is_empty(), "{name} says nothing");
        assert!(seen.insert(name.clone()), "{name} stands twice in the list");
    }
    assert!(seen.iter().any(|name| name.starts_with("ko/postal-ko/")), "the flows' prompts are missing");
}

#[test]
fn every_prompt_is_a_clean_telephone_recording_of_its_text() {
    let mut faults = Vec::new();
    for (name, text) in list() {
        let path = audio().join(format!("{name}.wav"));
        match Recording::read(&path) {
            Ok(recording) if name.contains("/pause/") => faults.extend(recording.faults_of_a_pause()),
            Ok(recording) => faults.extend(recording.faults().into_iter().map(|fault| format!("{name}: {fault}"))),
            Err(error) => faults.push(format!("{name}: {error}")),
        }
        let written = fs::read_to_string(path.with_extension("txt")).unwrap_or_default();
        if written.lines().next() != Some(text.as_str()) {
            faults.push(format!("{name}: the text file says '{}', the list '{text}'", written.trim_end()));
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn no_prompt_is_left_over() {
    let named: BTreeSet<PathBuf> = list().into_keys().map(|name| PathBuf::from(format!("{name}.wav"))).collect();
    for language in Language::ALL {
        let mut folders = vec![audio().join(language.folder())];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("a folder below audio can be listed") {
                let path = entry.expect("an entry can be read").path();
                let relative = path.strip_prefix(audio()).expect("it lies below audio").to_path_buf();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "wav") {
                    assert!(named.contains(&relative), "{} is in no list", relative.display());
                }
            }
        }
    }
}

#[test]
fn the_manifest_knows_which_files_are_generated() {
    let manifest = fs::read_to_string(audio().join("MANIFEST")).expect("audio/MANIFEST is committed");
    for line in manifest.lines() {
        let (sum, file) = line.split_once("  ").expect("a line is a hash and a file");
        let bytes = fs::read(audio().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let actual: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let text = fs::read_to_string(audio().join(file).with_extension("txt")).unwrap_or_default();
        // A studio recording over a generated file is welcome; then its text file says so or its hash simply differs,
        // and the manifest forgets it at the next build.
        if sum != actual {
            assert!(text.lines().any(|line| line == "recorded"), "{file} was changed but is not marked `recorded`");
        }
    }
}

#[test]
fn the_music_loops_without_a_seam() {
    let music = Recording::read(&audio().join("music/hold.wav")).expect("the music is committed");
    let seconds = music.samples.len() / usize::from(RATE_PER_MS) / 1_000;
    assert!((30..=60).contains(&seconds), "{seconds} s");
    assert!((-21.0..=-19.0).contains(&dbfs(rms(&music.samples))));
    assert!(music.peak() < 0.8);
    let step = |a: i16, b: i16| (i32::from(a) - i32::from(b)).unsigned_abs();
    let largest = music.samples.windows(2).map(|pair| step(pair[0], pair[1])).max().unwrap_or(0);
    let seam = step(*music.samples.last().expect("not empty"), *music.samples.first().expect("not empty"));
    assert!(seam <= largest / 2, "a step of {seam} at the seam, {largest} at most elsewhere");
    // The last second and the first are as loud as each other within the breath of the piece: no gap is heard.
    let second = usize::from(RATE_PER_MS) * 1_000;
    let (first, last) = (&music.samples[..second], &music.samples[music.samples.len() - second..]);
    assert!((dbfs(rms(first)) - dbfs(rms(last))).abs() < 6.0);
}

#[test]
fn the_audio_stays_small_enough_to_ship() {
    let bytes: u64 = list()
        .into_keys()
        .chain(["music/hold".to_owned()])
        .filter_map(|name| fs::metadata(audio().join(format!("{name}.wav"))).ok())
        .map(|file| file.len())
        .sum();
    // Two languages of grammar, two flows and the demonstration's directory: what a clone and a program can carry.
    assert!(bytes <= 16 * 1_048_576, "{bytes} bytes");
}

struct Recording {
    samples: Vec<i16>,
}

impl Recording {
    fn read(path: &Path) -> Result<Recording, String> {
        let mut reader = hound::WavReader::open(path).map_err(|error| error.to_string())?;
        let spec = reader.spec();
        if (spec.sample_rate, spec.channels, spec.bits_per_sample) != (8_000, 1, 16) {
            return Err(format!("is {spec:?}"));
        }
        let samples = reader.samples().collect::<Result<Vec<i16>, _>>().map_err(|error| error.to_string())?;
        Ok(Recording { samples })
    }

    fn peak(&self) -> f64 {
        f64::from(self.samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0)) / 32_768.0
    }

    fn milliseconds(&self) -> usize {
        self.samples.len() / usize::from(RATE_PER_MS)
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if !(150..=25_000).contains(&self.milliseconds()) {
            faults.push(format!("lasts {} ms", self.milliseconds()));
        }
        let loudness = dbfs(rms(&self.samples));
        if !(-24.0..=-18.0).contains(&loudness) {
            faults.push(format!("is at {loudness:.1} dBFS"));
        }
        if self.peak() >= 0.9 {
            faults.push(format!("peaks at {:.2}", self.peak()));
        }
        let quiet: Vec<bool> =
            self.samples.chunks(usize::from(RATE_PER_MS) * 10).map(|tenth| dbfs(rms(tenth)) < -50.0).collect();
        let leading = 10 * quiet.iter().take_while(|quiet| **quiet).count();
        let trailing = 10 * quiet.iter().rev().take_while(|quiet| **quiet).count();
        if leading > 150 || trailing > 150 {
            faults.push(format!("has {leading} ms of silence before and {trailing} ms after"));
        }
        if self.samples.first().is_some_and(|s| s.unsigned_abs() > 300)
            || self.samples.last().is_some_and(|s| s.unsigned_abs() > 300)
        {
            faults.push("clicks at an end".to_owned());
        }
        faults
    }

    fn faults_of_a_pause(&self) -> Option<String> {
        let silent = self.peak() < 0.001 && (150..=400).contains(&self.milliseconds());
        (!silent).then(|| format!("a pause of {} ms with a peak of {:.3}", self.milliseconds(), self.peak()))
    }
}

fn rms(samples: &[i16]) -> f64 {
    let sum: f64 = samples.iter().map(|sample| (f64::from(*sample) / 32_768.0).powi(2)).sum();
    (sum / samples.len().max(1) as f64).sqrt()
}

fn dbfs(amplitude: f64) -> f64 {
    20.0 * amplitude.max(1e-6).log10()
}

/// Name and text of every line of `audio/prompts.tsv`.
fn list() -> BTreeMap<String, String> {
    let list = fs::read_to_string(audio().join("prompts.tsv")).expect("audio/prompts.tsv is committed");
    list.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once('\t').unwrap_or_else(|| panic!("no tab in '{line}'")))
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .collect()
}

fn audio() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("audio")
}

const RATE_PER_MS: u16 = 8;
const VOCABULARY_MARK: &str = "# vocabulary\n";
const FLOWS_MARK: &str = "# flows\n";
