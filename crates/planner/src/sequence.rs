//! Puts groups into a row in which some come after others, as far as that can be kept.

use crate::ids::{GroupIx, Of};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// One group comes after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Link {
    pub(crate) first: GroupIx,
    pub(crate) then: GroupIx,
    /// It must, rather than should.
    pub(crate) must: bool,
}

/// All groups in a row: always the next of those that wait for nobody, by rank and name; where everybody
/// waits, somebody who only should; and in a circle of those who must, the first.
pub(crate) fn sequence<K: Ord>(
    count: usize,
    mut links: Vec<Link>,
    rank: impl Fn(GroupIx) -> K,
) -> Vec<GroupIx> {
    links.retain(|link| link.first != link.then);
    links.sort_unstable();
    links.dedup();
    // Whom each waits for: so many whom it must, and so many whom it should.
    let mut waits = Of::<GroupIx, [u32; 2]>::filled(count, [0; 2]);
    for link in &links {
        waits[link.then][usize::from(!link.must)] += 1;
    }
    let key = |waits: [u32; 2], ix: GroupIx| Reverse((waits.map(|count| count > 0), rank(ix), ix));
    let mut open: BinaryHeap<_> = waits.iter().map(|(ix, waits)| key(*waits, ix)).collect();
    let mut is_done = Of::<GroupIx, bool>::filled(count, false);
    let mut order = Vec::with_capacity(count);
    while let Some(Reverse((.., ix))) = open.pop() {
        // Whoever came to wait for fewer is here once more, further back.
        if std::mem::replace(&mut is_done[ix], true) {
            continue;
        }
        order.push(ix);
        let begin = links.partition_point(|link| link.first < ix);
        for link in links[begin..].iter().take_while(|link| link.first == ix) {
            let left = &mut waits[link.then][usize::from(!link.must)];
            *left -= 1;
            if *left == 0 && !is_done[link.then] {
                open.push(key(waits[link.then], link.then));
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(count: usize, links: &[(usize, usize, bool)]) -> Vec<usize> {
        let link = |(then, first, must): &(usize, usize, bool)| Link {
            first: GroupIx(*first),
            then: GroupIx(*then),
            must: *must,
        };
        sequence(count, links.iter().map(link).collect(), |_| ()).into_iter().map(|ix| ix.0).collect()
    }

    #[test]
    fn what_must_be_goes_before_what_should() {
        assert_eq!(of(3, &[]), [0, 1, 2]);
        assert_eq!(of(3, &[(0, 1, true), (1, 2, false)]), [2, 1, 0]);
        assert_eq!(of(2, &[(0, 1, true), (1, 0, false)]), [1, 0]);
    }

    #[test]
    fn a_circle_is_broken_by_name() {
        assert_eq!(of(3, &[(0, 2, true), (2, 0, true), (1, 0, true)]), [0, 1, 2]);
        assert_eq!(of(2, &[(1, 0, false), (0, 1, false), (1, 1, true)]), [0, 1]);
    }
}
