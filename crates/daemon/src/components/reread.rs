//! Which files are read again though nothing has told of a change, and when: all in turn, at a pace that costs little.

use model::AbsolutePath;
use std::collections::BTreeSet;
use std::time::Duration;

/// Within so long everything is read again.
pub(super) const PERIOD: Duration = Duration::from_secs(30);

/// And not more than this in that time: 64 MiB are read and hashed in some 40 ms. A single file that is larger is
/// read at the same pace besides, so that it holds up no other: 10 GiB every eighty minutes.
const BYTES: u64 = 64 << 20;

/// Where it is.
#[derive(Debug, Default)]
pub(super) struct Reread {
    next: Option<AbsolutePath>,
    next_large: Option<AbsolutePath>,
    /// What was read of large files, and is not accounted for yet.
    debt: u64,
}

impl Reread {
    /// What is to be read at this look, of which there are so many in a period; each file with its size in bytes.
    pub(super) fn due(&mut self, files: &[(&AbsolutePath, u64)], looks: u64) -> BTreeSet<AbsolutePath> {
        let looks = looks.max(1);
        let is_small = |file: &&(&AbsolutePath, u64)| file.1 <= BYTES;
        let total: u64 = files.iter().filter(is_small).map(|(_, size)| size).sum();
        let bytes = (total / looks + 1).min(BYTES / looks);
        let begin = self.next.take();
        let mut due = BTreeSet::new();
        let mut sum = 0;
        for (path, size) in files.iter().filter(is_small) {
            if begin.as_ref().is_some_and(|begin| *path < begin) {
                continue;
            }
            if sum >= bytes && !due.is_empty() {
                self.next = Some((*path).clone());
                break;
            }
            sum += size;
            due.insert((*path).clone());
        }
        self.debt = self.debt.saturating_sub(BYTES / looks);
        if self.debt == 0 {
            due.extend(self.large(files));
        }
        due
    }

    /// The next large file.
    fn large(&mut self, files: &[(&AbsolutePath, u64)]) -> Option<AbsolutePath> {
        let large = || files.iter().filter(|file| file.1 > BYTES);
        let after = self.next_large.take();
        let next =
            large().find(|file| after.as_ref().is_none_or(|after| file.0 > after)).or_else(|| large().next());
        let (path, size) = next?;
        self.debt = *size;
        self.next_large = Some((*path).clone());
        Some((*path).clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(name: &str) -> AbsolutePath {
        format!("/x/{name}").parse().unwrap()
    }

    #[test]
    fn everything_is_read_again_within_a_period_and_a_large_file_holds_up_nothing() {
        let (small, large): (Vec<_>, Vec<_>) =
            ((0..100).map(|it| path(&format!("small{it}"))).collect(), vec![path("large1"), path("large2")]);
        let files: Vec<(&AbsolutePath, u64)> =
            large.iter().map(|it| (it, 1 << 30)).chain(small.iter().map(|it| (it, 1 << 18))).collect();
        let mut files = files;
        files.sort();
        let mut reread = Reread::default();
        let mut count_of_large = Vec::new();
        for period in 0..40 {
            let mut seen = BTreeSet::new();
            for _ in 0..16 {
                let due = reread.due(&files, 15);
                count_of_large
                    .extend(due.iter().filter(|it| large.contains(it)).map(|it| (period, it.clone())));
                seen.extend(due);
            }
            assert!(small.iter().all(|it| seen.contains(it)), "in period {period}");
        }
        // 1 GiB is sixteen times what is read in a period.
        let expected = [(0, path("large1")), (15, path("large2")), (30, path("large1"))];
        assert_eq!(count_of_large, expected);
    }

    #[test]
    fn nothing_is_due_where_there_is_nothing() {
        assert_eq!(Reread::default().due(&[], 15), BTreeSet::new());
    }
}
