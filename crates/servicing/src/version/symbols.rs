//! The version of a library that nobody has packaged: the set of symbol versions that it defines, such as
//! `GLIBC_2.2.5 GLIBC_2.34`.
//!
//! A library keeps what it has once promised and adds to it, so whoever defines all that another one does, and
//! more, is newer. Two that each define something of their own are not ordered: they are different libraries,
//! or a branch with a patch of its own.

use std::cmp::Ordering;
use std::collections::BTreeSet;

pub(super) fn check(text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        return Err("it defines no symbol versions, so nothing orders it");
    }
    if text.chars().any(char::is_control) {
        return Err("a name of a symbol version has a control character");
    }
    Ok(())
}

pub(super) fn order(a: &str, b: &str) -> Option<Ordering> {
    let set = |text: &str| text.split_ascii_whitespace().map(str::to_owned).collect::<BTreeSet<_>>();
    let (a, b) = (set(a), set(b));
    match (a.is_subset(&b), b.is_subset(&a)) {
        (true, true) => Some(Ordering::Equal),
        (true, false) => Some(Ordering::Less),
        (false, true) => Some(Ordering::Greater),
        (false, false) => None,
    }
}
