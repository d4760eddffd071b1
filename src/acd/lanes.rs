//! Many ordered lanes and the least head among some of them. Never knows what stands in a lane.
//!
//! A search reads one bit set and a flat row of heads: its cost is the number of lanes that fit, however long they are.

use std::collections::BTreeSet;

/// A set of small numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    pub(super) fn set(&mut self, number: usize, on: bool) {
        let word = number / 64;
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        if let Some(bits) = self.0.get_mut(word) {
            *bits = if on { *bits | 1 << (number % 64) } else { *bits & !(1 << (number % 64)) };
        }
    }

    pub(super) fn contains(&self, number: usize) -> bool {
        self.0.get(number / 64).is_some_and(|bits| bits & 1 << (number % 64) != 0)
    }

    /// The numbers in both sets, ascending.
    pub(super) fn both<'b>(&'b self, other: &'b Bits) -> impl Iterator<Item = usize> + 'b {
        self.0.iter().zip(&other.0).enumerate().flat_map(|(word, (ours, theirs))| {
            let mut bits = ours & theirs;
            std::iter::from_fn(move || {
                let number = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
                bits &= bits - 1;
                Some(word * 64 + number)
            })
        })
    }

    /// The numbers in the set, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.both(self)
    }
}

/// Ordered lanes of keys, numbered from zero.
#[derive(Clone, Debug)]
pub(super) struct Lanes<K> {
    lanes: Vec<BTreeSet<K>>,
    /// The least key of each lane, side by side: a search does not enter the lanes.
    heads: Vec<Option<K>>,
    filled: Bits,
}

impl<K> Default for Lanes<K> {
    fn default() -> Self {
        Lanes { lanes: Vec::new(), heads: Vec::new(), filled: Bits::default() }
    }
}

impl<K: Copy + Ord> Lanes<K> {
    /// Makes sure that `lane` exists.
    pub(super) fn open(&mut self, lane: usize) {
        while self.lanes.len() <= lane {
            self.lanes.push(BTreeSet::new());
            self.heads.push(None);
        }
    }

    pub(super) fn insert(&mut self, lane: usize, key: K) {
        let Some(keys) = self.lanes.get_mut(lane) else { return };
        keys.insert(key);
        self.renew(lane);
    }

    pub(super) fn remove(&mut self, lane: usize, key: K) {
        let Some(keys) = self.lanes.get_mut(lane) else { return };
        keys.remove(&key);
        self.renew(lane);
    }

    pub(super) fn is_empty(&self, lane: usize) -> bool {
        !self.filled.contains(lane)
    }

    /// The least key of the lanes in `among`.
    pub(super) fn least(&self, among: &Bits) -> Option<K> {
        self.filled.both(among).filter_map(|lane| self.heads.get(lane).copied().flatten()).min()
    }

    fn renew(&mut self, lane: usize) {
        let head = self.lanes.get(lane).and_then(|keys| keys.first().copied());
        if let Some(place) = self.heads.get_mut(lane) {
            *place = head;
        }
        self.filled.set(lane, head.is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bits(numbers: &[usize]) -> Bits {
        let mut bits = Bits::default();
        numbers.iter().for_each(|number| bits.set(*number, true));
        bits
    }

    #[test]
    fn both_means_both() {
        let (left, right) = (bits(&[0, 63, 64, 130, 200]), bits(&[1, 63, 64, 129, 200, 900]));
        assert_eq!(left.both(&right).collect::<Vec<_>>(), [63, 64, 200]);
        assert_eq!(right.iter().collect::<Vec<_>>(), [1, 63, 64, 129, 200, 900]);
        assert!(left.contains(130) && !left.contains(131) && !left.contains(100_000));
    }

    proptest! {
        #[test]
        fn the_least_head_is_the_least_of_all(
            steps in proptest::collection::vec((any::<bool>(), 0..90_usize, 0..50_u32), 1..300),
            among in proptest::collection::vec(0..100_usize, 0..60),
        ) {
            let mut lanes = Lanes::default();
            lanes.open(89);
            let mut all = BTreeSet::new();
            for (add, lane, key) in steps {
                if add {
                    lanes.insert(lane, key);
                    all.insert((lane, key));
                } else {
                    lanes.remove(lane, key);
                    all.remove(&(lane, key));
                }
                prop_assert_eq!(lanes.is_empty(lane), !all.iter().any(|(other, _)| *other == lane));
            }
            let expected = all.iter().filter(|(lane, _)| among.contains(lane)).map(|(_, key)| *key).min();
            prop_assert_eq!(lanes.least(&bits(&among)), expected);
        }
    }
}
