//! The order of the callers in one queue, and a caller's place in it. Never decides who is served.
//!
//! A list of sorted blocks: inserting moves a block's tail, a place is the sum of the lengths before it.
//! A tree finds the first as fast but counts by walking.

use std::cmp::Reverse;

use crate::model::{CallId, Moment};

/// A caller's rank: priority, then age, then who came first. Less is served first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    pub(super) priority: Reverse<i32>,
    pub(super) since: Moment,
    /// Counts entries, so that ranks are never equal.
    pub(super) entry: u64,
    pub(super) call: CallId,
}

/// Callers by rank.
#[derive(Clone, Debug, Default)]
pub(super) struct Order {
    /// Sorted, none empty, each of at most `BLOCK_LEN` ranks.
    blocks: Vec<Vec<Rank>>,
    len: usize,
}

impl Order {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn insert(&mut self, rank: Rank) {
        let at = self.block_of(rank).min(self.blocks.len().saturating_sub(1));
        let Some(block) = self.blocks.get_mut(at) else {
            self.blocks.push(vec![rank]);
            self.len = 1;
            return;
        };
        let Err(place) = block.binary_search(&rank) else { return };
        block.insert(place, rank);
        self.len += 1;
        if block.len() > BLOCK_LEN {
            let tail = block.split_off(BLOCK_LEN / 2);
            self.blocks.insert(at + 1, tail);
        }
    }

    pub(super) fn remove(&mut self, rank: Rank) {
        let at = self.block_of(rank);
        let Some(block) = self.blocks.get_mut(at) else { return };
        let Ok(place) = block.binary_search(&rank) else { return };
        block.remove(place);
        self.len -= 1;
        if block.is_empty() {
            self.blocks.remove(at);
        }
    }

    /// The place of `rank`, counted from one: how many are served before it, and itself.
    pub(super) fn position(&self, rank: Rank) -> usize {
        let at = self.block_of(rank);
        let before: usize = self.blocks.iter().take(at).map(Vec::len).sum();
        let within = self.blocks.get(at).map_or(0, |block| block.partition_point(|other| *other < rank));
        before + within + 1
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Rank> {
        self.blocks.iter().flatten().copied()
    }

    /// The first block whose last rank is not before `rank`.
    fn block_of(&self, rank: Rank) -> usize {
        self.blocks.partition_point(|block| block.last().is_some_and(|last| *last < rank))
    }
}

/// Two pages of memory a block: moving half of it costs less than finding it.
const BLOCK_LEN: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn rank(priority: i32, since: u64, entry: u64) -> Rank {
        Rank { priority: Reverse(priority), since: Moment::from_secs(since), entry, call: CallId(entry) }
    }

    #[test]
    fn priority_comes_before_age_and_age_before_entry() {
        let mut order = Order::default();
        for waiting in [rank(0, 5, 1), rank(1, 9, 2), rank(0, 3, 3), rank(0, 5, 4)] {
            order.insert(waiting);
        }
        let calls: Vec<u64> = order.iter().map(|rank| rank.call.0).collect();
        assert_eq!(calls, [2, 3, 1, 4]);
        assert_eq!(order.position(rank(0, 5, 1)), 3);
    }

    proptest! {
        // Each case is long, so that blocks split and empty; a few are enough.
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn it_agrees_with_a_tree(steps in proptest::collection::vec((any::<bool>(), 0..3_i32, 0..400_u64), 0..2_000)) {
            let (mut order, mut tree) = (Order::default(), BTreeSet::new());
            for (add, priority, since) in steps {
                let rank = rank(priority, since, since);
                if add {
                    order.insert(rank);
                    tree.insert(rank);
                } else {
                    order.remove(rank);
                    tree.remove(&rank);
                }
                prop_assert_eq!(order.len(), tree.len());
                prop_assert_eq!(order.position(rank), tree.range(..rank).count() + 1);
            }
            prop_assert_eq!(order.iter().collect::<Vec<_>>(), tree.into_iter().collect::<Vec<_>>());
        }
    }
}
