//! A queue in which only the latest word about a thing waits.
//!
//! Whoever is slow to read, or whoever flaps, must not fill anybody's memory. Of a resource that changed
//! four thousand times while nobody listened, only how it is now is worth knowing, and that it was so
//! often. What is overtaken leaves the queue, and its successor goes to the end: so it is also the latest
//! in the order of all that was said.

use std::collections::BTreeMap;

/// The queue. `K` is what a word is about.
#[derive(Debug)]
pub struct Latest<K, V> {
    next: u64,
    queue: BTreeMap<u64, (Option<K>, V)>,
    places: BTreeMap<K, u64>,
}

impl<K, V> Default for Latest<K, V> {
    fn default() -> Self {
        Self { next: 0, queue: BTreeMap::new(), places: BTreeMap::new() }
    }
}

impl<K: Ord + Clone, V> Latest<K, V> {
    /// Puts it at the end. What waits and is about the same leaves the queue: `make` is given it.
    pub fn push(&mut self, about: K, make: impl FnOnce(Option<V>) -> V) {
        let before = self.places.insert(about.clone(), self.next).and_then(|place| self.queue.remove(&place));
        self.put(Some(about), make(before.map(|(_, value)| value)));
    }

    /// Puts at the end what nothing can overtake.
    pub fn push_for_good(&mut self, value: V) {
        self.put(None, value);
    }

    fn put(&mut self, about: Option<K>, value: V) {
        self.queue.insert(self.next, (about, value));
        self.next += 1;
    }

    /// Takes the first.
    pub fn pop(&mut self) -> Option<V> {
        let (_, (about, value)) = self.queue.pop_first()?;
        if let Some(about) = about {
            self.places.remove(&about);
        }
        Some(value)
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_word_waits_at_its_own_place_and_what_is_said_for_good_stays() {
        let mut queue = Latest::default();
        for number in 0..1000 {
            queue.push("a", |before: Option<(u32, u32)>| (number, before.map_or(0, |(_, count)| count + 1)));
            if number == 0 {
                queue.push("b", |_| (7, 0));
                queue.push_for_good((8, 0));
                queue.push_for_good((8, 0));
            }
        }
        assert_eq!(queue.len(), 4);
        let all: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(all, [(7, 0), (8, 0), (8, 0), (999, 999)]);
        assert!(queue.is_empty());
        queue.push("a", |before| before.unwrap_or((1, 1)));
        assert_eq!(queue.pop(), Some((1, 1)), "what was taken is not overtaken any more");
    }
}
