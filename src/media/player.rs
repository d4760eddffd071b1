//! What a leg is played: a row of clips spliced sample by sample, or one clip round and round.
//! Never decodes and never allocates while it plays: clips are stored in the leg's own law. A row reports its end once.

use super::command::PlayId;
use super::g711;
use super::library::{ClipId, Library};
use crate::model::Codec;

/// Position counts samples, so a change of codec in the middle goes on at the same word.
#[derive(Debug, Default)]
pub(crate) enum Player {
    #[default]
    Idle,
    Row {
        play: PlayId,
        clips: Vec<ClipId>,
        index: usize,
        offset: usize,
    },
    Loop {
        clip: ClipId,
        offset: usize,
    },
}

/// What became of one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filled {
    /// Nothing is being played; the frame is untouched.
    Nothing,
    Playing,
    /// The frame holds the last samples of the row, filled up with silence; the player is idle again.
    Finished(PlayId),
}

impl Player {
    pub fn row(play: PlayId, clips: Vec<ClipId>) -> Self {
        Player::Row { play, clips, index: 0, offset: 0 }
    }

    pub fn music(clip: ClipId) -> Self {
        Player::Loop { clip, offset: 0 }
    }

    pub fn is_idle(&self) -> bool {
        matches!(self, Player::Idle)
    }

    /// The next samples, as bytes of `codec`.
    pub fn fill(&mut self, library: &Library, codec: Codec, frame: &mut [u8]) -> Filled {
        match self {
            Player::Idle => Filled::Nothing,
            Player::Loop { clip, offset } => {
                fill_loop(library.codes(*clip, codec), offset, codec, frame);
                Filled::Playing
            }
            Player::Row { play, clips, index, offset } => {
                let mut filled = 0;
                while let Some(clip) = clips.get(*index) {
                    let rest = library.codes(*clip, codec).get(*offset..).unwrap_or(&[]);
                    let part = rest.len().min(frame.len() - filled);
                    frame[filled..filled + part].copy_from_slice(&rest[..part]);
                    filled += part;
                    if part < rest.len() {
                        *offset += part;
                        return Filled::Playing;
                    }
                    *index += 1;
                    *offset = 0;
                }
                frame[filled..].fill(g711::silence(codec));
                let play = *play;
                *self = Player::Idle;
                Filled::Finished(play)
            }
        }
    }
}

fn fill_loop(codes: &[u8], offset: &mut usize, codec: Codec, frame: &mut [u8]) {
    if codes.is_empty() {
        frame.fill(g711::silence(codec));
        return;
    }
    let mut filled = 0;
    while filled < frame.len() {
        *offset %= codes.len();
        let part = (codes.len() - *offset).min(frame.len() - filled);
        frame[filled..filled + part].copy_from_slice(&codes[*offset..*offset + part]);
        filled += part;
        *offset += part;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A library whose clips count up from a start value, so that every splice can be seen.
    fn library(lengths: &[usize]) -> (Library, Vec<ClipId>) {
        let mut builder = Library::builder();
        let clips = lengths
            .iter()
            .enumerate()
            .map(|(n, len)| builder.samples(&format!("clip/{n}"), &vec![(n as i16 + 1) * 1000; *len]))
            .collect();
        (builder.build(), clips)
    }

    /// Plays to the end: the values heard, rounded to thousands, run-length encoded, and the frames that it took.
    fn runs(player: &mut Player, library: &Library, codec: Codec, frames: usize) -> Vec<(i16, usize)> {
        let mut runs: Vec<(i16, usize)> = Vec::new();
        for _ in 0..frames {
            let mut frame = [0; 160];
            if player.fill(library, codec, &mut frame) == Filled::Nothing {
                break;
            }
            for code in frame {
                let value = (f32::from(g711::decode(codec, code)) / 1000.0).round() as i16;
                match runs.last_mut() {
                    Some((last, count)) if *last == value => *count += 1,
                    _ => runs.push((value, 1)),
                }
            }
        }
        runs
    }

    #[test]
    fn clips_are_spliced_to_the_sample() {
        let (library, clips) = library(&[100, 0, 333, 1, 500]);
        let mut player = Player::row(PlayId(1), clips);
        let heard = runs(&mut player, &library, Codec::Pcmu, 100);
        assert_eq!(heard, [(1, 100), (3, 333), (4, 1), (5, 500), (0, 26)]);
        assert!(player.is_idle());
    }

    #[test]
    fn the_end_is_told_with_the_last_sample_and_only_once() {
        let (library, clips) = library(&[320]);
        let mut player = Player::row(PlayId(9), clips);
        let mut frame = [0; 160];
        assert_eq!(player.fill(&library, Codec::Pcma, &mut frame), Filled::Playing);
        assert_eq!(player.fill(&library, Codec::Pcma, &mut frame), Filled::Finished(PlayId(9)));
        assert_eq!(player.fill(&library, Codec::Pcma, &mut frame), Filled::Nothing);
    }

    #[test]
    fn music_starts_over_in_the_middle_of_a_frame() {
        let (library, clips) = library(&[100]);
        let mut builder = Library::builder();
        let ramp: Vec<i16> = (0..100).map(|n| n * 300).collect();
        let clip = builder.samples("ramp", &ramp);
        let ramp_library = builder.build();
        let mut player = Player::music(clip);
        let mut heard = Vec::new();
        for _ in 0..10 {
            let mut frame = [0; 160];
            assert_eq!(player.fill(&ramp_library, Codec::Pcmu, &mut frame), Filled::Playing);
            heard.extend_from_slice(&frame);
        }
        assert!(heard.chunks(100).all(|round| round == &heard[..100]));
        let mut empty = Player::music(ClipId(9999));
        assert_eq!(runs(&mut empty, &library, Codec::Pcmu, 2), [(0, 320)], "an unknown clip is silence, not a hang");
        assert_eq!(clips.len(), 1);
    }

    #[test]
    fn a_row_of_nothing_is_finished_at_once() {
        let (library, _) = library(&[]);
        let mut frame = [0; 160];
        assert_eq!(Player::row(PlayId(2), vec![]).fill(&library, Codec::Pcmu, &mut frame), Filled::Finished(PlayId(2)));
        let unknown = vec![ClipId(9999); 3];
        assert_eq!(
            Player::row(PlayId(3), unknown).fill(&library, Codec::Pcmu, &mut frame),
            Filled::Finished(PlayId(3))
        );
    }

    #[test]
    fn another_codec_goes_on_at_the_same_word() {
        let (library, clips) = library(&[160, 160]);
        let mut player = Player::row(PlayId(1), clips);
        let mut frame = [0; 160];
        player.fill(&library, Codec::Pcmu, &mut frame);
        let heard = runs(&mut player, &library, Codec::Pcma, 9);
        assert_eq!(heard, [(2, 160)]);
    }
}
