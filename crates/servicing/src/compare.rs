//! Whether a file holds what it should: the same, something older, something newer, or something of which nobody
//! knows.
//!
//! Nothing counts as newer because somebody failed to understand it. It does only where one of these says so:
//!
//! 1. Both belong to the same package, its version is later by its makers' rules, and what the package manager has
//!    noted of the file does not speak against it.
//! 2. Neither belongs to any package, and it is a library that defines all that the other one does, and more.
//! 3. Neither belongs to any package, and it is a link to a later version of the same name (`libx.so.4.1` for
//!    `libx.so.4.0`).
//!
//! *Older* is said more easily, since it keeps a node from nothing that *foreign* would not: also a file that
//! belongs to another package now, or to none, is older if it is a library that lacks symbols, or a link to an
//! earlier version.

use crate::inventory::Seen;
use crate::symbols;
use crate::version::{Scheme, Version};
use model::stored::{Component, Content, PackageScheme, PackageVersion};
use std::cmp::Ordering;

/// How a file stands to what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// It holds the same.
    Same,
    /// It is older.
    Older,
    /// It is newer.
    Newer,
    /// Nobody knows what it is.
    Foreign,
}

/// How what was found stands to what was expected.
#[must_use]
pub fn relation(expected: &Component, seen: &Seen) -> Relation {
    let found = &seen.component;
    if expected.content == found.content {
        return Relation::Same;
    }
    match (&expected.package, &found.package) {
        (Some(was), Some(is)) if was.name == is.name => match packages(was, is) {
            Some(Ordering::Less) => return Relation::Older,
            Some(Ordering::Greater) if seen.as_packaged != Some(false) => return Relation::Newer,
            _ => {}
        },
        _ => {}
    }
    let by_itself = by_symbols(expected, found).or_else(|| links(&expected.content, &found.content));
    let is_nobodys = expected.package.is_none() && found.package.is_none();
    match by_itself {
        Some(Ordering::Less) => Relation::Older,
        Some(Ordering::Greater) if is_nobodys => Relation::Newer,
        _ => Relation::Foreign,
    }
}

/// Whether the second version of a package is before or after the first.
#[must_use]
pub fn packages(was: &PackageVersion, is: &PackageVersion) -> Option<Ordering> {
    version(is)?.order(&version(was)?)
}

/// A package's version, if it is one.
#[must_use]
pub fn version(package: &PackageVersion) -> Option<Version> {
    Version::parse(scheme(package.scheme), &package.version).ok()
}

/// The rules by which a package manager orders versions.
#[must_use]
pub fn scheme(of: PackageScheme) -> Scheme {
    match of {
        PackageScheme::Dpkg => Scheme::Dpkg,
        PackageScheme::Rpm => Scheme::Rpm,
    }
}

fn by_symbols(expected: &Component, found: &Component) -> Option<Ordering> {
    let by_sets = match (&expected.symbols, &found.symbols) {
        (Some(was), Some(is)) => symbols::order(is, was),
        _ => None,
    };
    // The same symbols in another build say nothing, nor do the same versions.
    let is_told = |order: &Ordering| *order != Ordering::Equal;
    by_sets.filter(is_told).or_else(|| {
        let read = |component: &Component| Version::parse(Scheme::Symbols, &component.defines.join(" ")).ok();
        read(found)?.order(&read(expected)?).filter(is_told)
    })
}

/// Links to numbered versions of one name.
fn links(expected: &Content, found: &Content) -> Option<Ordering> {
    let (Content::Link(was), Content::Link(is)) = (expected, found) else { return None };
    let ((stem, was), (other, is)) = (numbered(was)?, numbered(is)?);
    (stem == other).then(|| is.cmp(&was)).filter(|order| *order != Ordering::Equal)
}

/// `libx.so.4.0` as `libx.so` and 4, 0.
fn numbered(target: &str) -> Option<(&str, Vec<u64>)> {
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let count = target.rsplit('.').take_while(is_number).count();
    let mut parts: Vec<&str> = target.rsplitn(count + 1, '.').collect();
    let stem = parts.pop()?;
    if parts.is_empty() {
        return None;
    }
    let numbers: Result<Vec<u64>, _> = parts.into_iter().rev().map(str::parse).collect();
    Some((stem, numbers.ok()?))
}

/// A component in a few words: its package and version, or what else identifies it.
#[must_use]
pub fn described(component: &Component) -> String {
    let package = component.package.as_ref().map(|package| format!("{} {}", package.name, package.version));
    let itself = match &component.content {
        Content::Link(target) => format!("a link to {target}"),
        Content::Blake3(hash) => {
            let hash = hash.to_string();
            let defines = component.defines.last().map(|last| format!("defines {last}, "));
            format!("{}content {}", defines.unwrap_or_default(), &hash[..12])
        }
    };
    match (package, &component.content) {
        (Some(package), _) => format!("{package} ({itself})"),
        (None, Content::Link(_)) => itself,
        (None, Content::Blake3(_)) => format!("a file of no package ({itself})"),
    }
}

#[cfg(test)]
mod tests;
