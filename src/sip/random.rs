//! Tags, branches and Call-IDs: unguessable words from one seeded generator, so that a run repeats bit for bit.
//! Never seeds itself. RFC 3261 8.1.1.4, 8.1.1.7, 19.3.

use bytes::Bytes;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::time::Duration;

/// The endpoint's only source of chance.
#[derive(Debug)]
pub(crate) struct Random(ChaCha12Rng);

impl Random {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Random(ChaCha12Rng::from_seed(seed))
    }

    /// A From or To tag: 65 random bits.
    pub(crate) fn tag(&mut self) -> Bytes {
        Bytes::from(self.word(String::new(), 13))
    }

    /// A Via branch with the magic cookie: 80 random bits.
    pub(crate) fn branch(&mut self) -> Bytes {
        Bytes::from(self.word("z9hG4bK".to_owned(), 16))
    }

    /// A Call-ID without host, which would only tell the network who we are: 110 random bits.
    pub(crate) fn call_id(&mut self) -> Bytes {
        Bytes::from(self.word(String::new(), 22))
    }

    /// A client nonce for digest: 80 random bits.
    pub(crate) fn client_nonce(&mut self) -> String {
        self.word(String::new(), 16)
    }

    /// A key for a MAC.
    pub(crate) fn key(&mut self) -> [u8; 32] {
        let mut key = [0; 32];
        self.0.fill_bytes(&mut key);
        key
    }

    /// A first CSeq: small enough never to reach 2**31 (RFC 3261 8.1.1.5).
    pub(crate) fn cseq(&mut self) -> u32 {
        self.0.next_u32() & 0xffff
    }

    /// A wait between the two, in steps of 10 ms as RFC 3261 14.1 wants.
    pub(crate) fn between(&mut self, least: Duration, most: Duration) -> Duration {
        let steps = most.saturating_sub(least).as_millis() / 10 + 1;
        least + Duration::from_millis(u64::from(self.0.next_u32()) * steps as u64 / (1 << 32) * 10)
    }

    fn word(&mut self, mut word: String, letters: usize) -> String {
        for _ in 0..letters {
            let index = (self.0.next_u32() & 31) as usize;
            word.push(char::from(ALPHABET.get(index).copied().unwrap_or(b'0')));
        }
        word
    }
}

/// Thirty-two characters that are tokens everywhere and hard to confuse.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_says_the_same_words() {
        let mut first = Random::new([7; 32]);
        let mut second = Random::new([7; 32]);
        assert_eq!((first.tag(), first.branch()), (second.tag(), second.branch()));
        assert_ne!(first.call_id(), first.call_id());
        assert!(first.branch().starts_with(b"z9hG4bK"));
    }

    #[test]
    fn a_wait_lies_between_its_bounds_in_steps_of_ten_milliseconds() {
        let mut random = Random::new([1; 32]);
        let (least, most) = (Duration::from_millis(2_100), Duration::from_millis(4_000));
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..1_000 {
            let wait = random.between(least, most);
            assert!(wait >= least && wait <= most && wait.as_millis().is_multiple_of(10), "{wait:?}");
            seen.insert(wait);
        }
        assert!(seen.len() > 150, "the whole range is used, not {} values", seen.len());
    }
}
