//! Values out of bytes: each byte decides one thing, so that a changed byte changes one thing. Where the
//! bytes have ended, everything is the first and plainest.

/// The bytes that are left.
pub(super) struct Draw<'a>(&'a [u8]);

impl<'a> Draw<'a> {
    pub(super) fn from(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*first) % end.max(1)
    }

    /// Seldom: once in so many times.
    pub(super) fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == many - 1
    }

    pub(super) fn one_of<T: Clone>(&mut self, all: &[T]) -> Option<T> {
        all.get(self.below(all.len())).cloned()
    }

    /// Some of these, each seldom: once in so many times.
    pub(super) fn some_of<T: Clone>(&mut self, all: &[T], one_in: usize) -> Vec<T> {
        all.iter().filter(|_| self.one_in(one_in)).cloned().collect()
    }

    /// Seldom something.
    pub(super) fn perhaps<T>(&mut self, one_in: usize, what: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.one_in(one_in).then(|| what(self))
    }
}
