//! Places in tables. A group, a node or a resource is looked up by name once, when the problem is
//! built, and is a number of its own kind from then on.

use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

macro_rules! place {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) struct $name(pub(crate) usize);

        impl From<usize> for $name {
            fn from(place: usize) -> Self {
                Self(place)
            }
        }

        impl From<$name> for usize {
            fn from(place: $name) -> usize {
                place.0
            }
        }
    };
}

place!(
    /// A node, in the order of joining.
    NodeIx
);
place!(
    /// A group, in the order of names.
    GroupIx
);
place!(
    /// A resource of its group, in the file's order.
    ResourceIx
);

/// A table with a row for each of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Of<I, T> {
    rows: Vec<T>,
    of: PhantomData<I>,
}

impl<I: Copy + From<usize> + Into<usize>, T> Of<I, T> {
    pub(crate) fn new(rows: Vec<T>) -> Self {
        Self { rows, of: PhantomData }
    }

    pub(crate) fn filled(len: usize, row: T) -> Self
    where
        T: Clone,
    {
        Self::new(vec![row; len])
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn get(&self, place: I) -> Option<&T> {
        self.rows.get(place.into())
    }

    pub(crate) fn places(&self) -> impl DoubleEndedIterator<Item = I> + Clone + use<I, T> {
        (0..self.rows.len()).map(I::from)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (I, &T)> {
        self.rows.iter().enumerate().map(|(place, row)| (I::from(place), row))
    }

    pub(crate) fn into_rows(self) -> Vec<T> {
        self.rows
    }

    pub(crate) fn values(&self) -> std::slice::Iter<'_, T> {
        self.rows.iter()
    }
}

impl<I: Copy + Into<usize>, T> Index<I> for Of<I, T> {
    type Output = T;
    fn index(&self, place: I) -> &T {
        &self.rows[place.into()]
    }
}

impl<I: Copy + Into<usize>, T> IndexMut<I> for Of<I, T> {
    fn index_mut(&mut self, place: I) -> &mut T {
        &mut self.rows[place.into()]
    }
}
