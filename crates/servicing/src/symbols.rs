//! Sets of symbols: what a library defines, small enough to keep for every library of a baseline.
//!
//! Each symbol is kept as four bytes of its BLAKE3. Two that share them by chance (one in 4,000 million) could at
//! worst make a library that lacks one look like one that does not; what is loaded is checked by full names
//! besides.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::stored::SymbolSet;
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// A library that defines more than these is not compared by its symbols: no C library has as many.
pub const SYMBOLS_MAX: usize = 20_000;

/// The set of these symbols, each with its version where it has one; nothing, where there are none or too many.
pub fn set<'a>(symbols: impl IntoIterator<Item = &'a str>) -> Option<SymbolSet> {
    let mut numbers = BTreeSet::new();
    for symbol in symbols {
        let hash = blake3::hash(symbol.as_bytes());
        let [a, b, c, d, ..] = *hash.as_bytes();
        numbers.insert(u32::from_le_bytes([a, b, c, d]));
        if numbers.len() > SYMBOLS_MAX {
            return None;
        }
    }
    if numbers.is_empty() {
        return None;
    }
    let bytes: Vec<u8> = numbers.into_iter().flat_map(u32::to_le_bytes).collect();
    Some(SymbolSet(STANDARD.encode(bytes)))
}

/// The versions and symbols that a library defines; nothing of what is none. A program defines some too, which say
/// nothing of its version: nobody builds against it.
#[must_use]
pub fn of(image: &elf::Image) -> (Vec<String>, Option<SymbolSet>) {
    if image.soname.is_none() && image.interpreter.is_some() {
        return (Vec::new(), None);
    }
    let symbols: Vec<String> = image.symbols().collect();
    (image.versions().to_vec(), set(symbols.iter().map(String::as_str)))
}

/// Which of two libraries defines more: less, if the first lacks what the second defines and has nothing besides.
/// Nothing, where each has what the other lacks, or a set cannot be read.
#[must_use]
pub fn order(one: &SymbolSet, other: &SymbolSet) -> Option<Ordering> {
    let (one, other) = (numbers(one)?, numbers(other)?);
    match (one.is_subset(&other), other.is_subset(&one)) {
        (true, true) => Some(Ordering::Equal),
        (true, false) => Some(Ordering::Less),
        (false, true) => Some(Ordering::Greater),
        (false, false) => None,
    }
}

fn numbers(set: &SymbolSet) -> Option<BTreeSet<u32>> {
    let bytes = STANDARD.decode(&set.0).ok()?;
    let (chunks, rest) = bytes.as_chunks::<4>();
    rest.is_empty().then(|| chunks.iter().map(|chunk| u32::from_le_bytes(*chunk)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_lacks_symbols_is_the_older_one() {
        let three = set(["open@V3", "close@V3"]).unwrap();
        let four = set(["open@V3", "close@V3", "flush@V4"]).unwrap();
        assert_eq!(order(&three, &four), Some(Ordering::Less));
        assert_eq!(order(&four, &three), Some(Ordering::Greater));
        assert_eq!(order(&four, &four), Some(Ordering::Equal));
        assert_eq!(order(&four, &set(["flush@V4", "sync"]).unwrap()), None);
    }

    #[test]
    fn what_is_no_set_orders_nothing() {
        let good = set(["open"]).unwrap();
        for bad in ["", "x", "AQID", "AQAAAA==x"] {
            let bad = SymbolSet(bad.to_owned());
            assert_ne!(order(&bad, &good), Some(Ordering::Greater));
            assert_ne!(order(&good, &bad), Some(Ordering::Less));
        }
        assert_eq!(set([]), None);
    }
}
