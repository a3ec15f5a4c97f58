//! Finding what leads back to where it began.

use std::collections::BTreeMap;

/// Tells every circle once: the places on it in the order of the walk, the smallest first, so that
/// messages follow the file. Ends early when `tell` says that it has heard enough.
///
/// It takes away, again and again, what needs nothing; what cannot be taken away needs something that
/// cannot either, so walking from need to need must come back. No recursion: a chain may be as long as
/// the file.
pub(super) fn circles(mut needs: Vec<Vec<usize>>, mut tell: impl FnMut(&[usize]) -> Heard) {
    while let Some(circle) = first_circle(&needs) {
        if tell(&circle) == Heard::Enough {
            return;
        }
        for place in circle {
            needs[place].clear();
        }
    }
}

/// Whether there is room for more.
#[derive(PartialEq, Eq)]
pub(super) enum Heard {
    Enough,
    GoOn,
}

/// The pairs of neighbours on a circle, the last with the first.
pub(super) fn steps(circle: &[usize]) -> impl Iterator<Item = (usize, usize)> {
    circle.iter().copied().zip(circle.iter().copied().cycle().skip(1))
}

/// Of a long list the beginning: nobody follows a circle of hundreds.
pub(super) fn abridged(mut items: Vec<String>, separator: &str) -> String {
    /// Fits a message that is still read.
    const SHOWN_MAX: usize = 12;
    let more = items.len().saturating_sub(SHOWN_MAX);
    items.truncate(SHOWN_MAX);
    if more > 0 {
        items.push(format!("… and {more} more"));
    }
    items.join(separator)
}

fn first_circle(needs: &[Vec<usize>]) -> Option<Vec<usize>> {
    let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); needs.len()];
    let mut open: Vec<usize> = needs.iter().map(Vec::len).collect();
    for (place, others) in needs.iter().enumerate() {
        for other in others {
            needed_by[*other].push(place);
        }
    }
    let mut free: Vec<usize> = (0..needs.len()).filter(|place| open[*place] == 0).collect();
    while let Some(place) = free.pop() {
        for waiting in &needed_by[place] {
            open[*waiting] -= 1;
            if open[*waiting] == 0 {
                free.push(*waiting);
            }
        }
    }
    let mut place = open.iter().position(|count| *count > 0)?;
    let mut walked = Vec::new();
    let mut step_of: BTreeMap<usize, usize> = BTreeMap::new();
    loop {
        if let Some(step) = step_of.insert(place, walked.len()) {
            let mut circle = walked.split_off(step);
            let smallest = (0..circle.len()).min_by_key(|index| circle[*index]).unwrap_or(0);
            circle.rotate_left(smallest);
            return Some(circle);
        }
        walked.push(place);
        place = *needs[place].iter().find(|other| open[**other] > 0)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(needs: &[&[usize]]) -> Vec<Vec<usize>> {
        let mut all = Vec::new();
        circles(needs.iter().map(|list| list.to_vec()).collect(), |circle| {
            all.push(circle.to_vec());
            Heard::GoOn
        });
        all
    }

    #[test]
    fn every_circle_is_told_once_and_a_chain_is_none() {
        assert_eq!(found(&[&[1], &[2], &[]]), Vec::<Vec<usize>>::new());
        assert_eq!(found(&[&[1], &[0], &[3], &[4], &[2]]), [vec![0, 1], vec![2, 3, 4]]);
        assert_eq!(found(&[&[1, 2], &[], &[0, 1]]), [vec![0, 2]]);
    }

    #[test]
    fn a_long_circle_is_told_by_its_beginning() {
        let names: Vec<String> = (0..20).map(|number| number.to_string()).collect();
        assert!(abridged(names, ", ").ends_with("10, 11, … and 8 more"));
        assert_eq!(steps(&[4, 7, 9]).collect::<Vec<_>>(), [(4, 7), (7, 9), (9, 4)]);
    }
}
