//! Needs that go in a circle. The file cannot have any (they are refused at `apply`), but a plan is made
//! from anything: one need of each circle is left out, always the same one.

/// The needs, as (who, whom), without which there is no circle. `needs` says whom each of the first
/// `count` needs.
pub(super) fn closing<I: Iterator<Item = usize>>(
    count: usize,
    needs: impl Fn(usize) -> I,
) -> Vec<(usize, usize)> {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        NotYet,
        Above,
        Done,
    }
    let mut found = Vec::new();
    let mut seen = vec![Seen::NotYet; count];
    let mut path = Vec::new();
    for root in 0..count {
        path.push((root, None));
        while let Some((who, open)) = path.last_mut() {
            let who = *who;
            if open.is_none() && seen[who] == Seen::Done {
                path.pop();
                continue;
            }
            seen[who] = Seen::Above;
            let next = open.get_or_insert_with(|| needs(who)).next();
            match next.map(|whom| (whom, seen[whom])) {
                None => {
                    seen[who] = Seen::Done;
                    path.pop();
                }
                Some((whom, Seen::Above)) => found.push((who, whom)),
                Some((whom, Seen::NotYet)) => path.push((whom, None)),
                Some((_, Seen::Done)) => {}
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::closing;

    fn of(needs: &[&[usize]]) -> Vec<(usize, usize)> {
        closing(needs.len(), |who| needs[who].iter().copied())
    }

    #[test]
    fn one_need_of_each_circle_is_found() {
        assert_eq!(of(&[&[], &[0], &[0, 1]]), []);
        assert_eq!(of(&[&[1], &[2], &[]]), []);
        assert_eq!(of(&[&[0]]), [(0, 0)]);
        assert_eq!(of(&[&[1], &[2], &[0], &[2]]), [(2, 0)]);
        assert_eq!(of(&[&[1, 2], &[0], &[1, 0]]), [(1, 0), (2, 0)]);
    }
}
