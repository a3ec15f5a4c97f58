//! What differs between two baselines, which way, and who has to sign it.
//!
//! One who may sign suffices for what only gets newer. What gets older, or of which nobody can say which way it
//! went, needs a second one, as soon as two are enrolled: it is what an attacker would do, and what somebody does
//! by mistake at three in the morning. Going back to the baseline before within [`SOAK`] needs one, because that is
//! what somebody does at three in the morning who is right.

use crate::compare::{self, Relation};
use crate::inventory::Seen;
use model::stored::{Baseline, BaselineOrigin, Component, Floor};
use model::{AbsolutePath, Timestamp};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

/// So long a new baseline is on trial.
pub const SOAK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Which way something went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// It is older.
    Lowered,
    /// It differs, and nobody can say which way.
    Replaced,
    /// It is newer.
    Raised,
    /// It was not there before.
    Added,
    /// It is not there any more.
    Removed,
    /// It holds the same, with other permissions or another owner.
    Access,
}

/// A difference between two baselines, or two nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which file.
    pub path: AbsolutePath,
    /// Which way.
    pub direction: Direction,
    /// What was there; nothing, if it is added.
    pub from: String,
    /// What is there; nothing, if it is removed.
    pub to: String,
}

/// What differs between two sets of components.
#[must_use]
pub fn between(
    from: &BTreeMap<AbsolutePath, Component>,
    to: &BTreeMap<AbsolutePath, Component>,
) -> Vec<Change> {
    let paths: BTreeSet<&AbsolutePath> = from.keys().chain(to.keys()).collect();
    let change = |path: &AbsolutePath| {
        let (was, is) = (from.get(path), to.get(path));
        let said = |component: Option<&Component>| component.map_or_else(String::new, compare::described);
        let (direction, was, is) = match (was, is) {
            (None, None) => return None,
            (None, is) => (Direction::Added, String::new(), said(is)),
            (was, None) => (Direction::Removed, said(was), String::new()),
            (Some(was), Some(is)) => {
                let direction = direction(was, is)?;
                let said = |it| if direction == Direction::Access { access(it) } else { said(Some(it)) };
                (direction, said(was), said(is))
            }
        };
        Some(Change { path: path.clone(), direction, from: was, to: is })
    };
    paths.into_iter().filter_map(change).collect()
}

fn direction(was: &Component, is: &Component) -> Option<Direction> {
    let seen = Seen { component: is.clone(), as_packaged: None };
    match compare::relation(was, &seen) {
        Relation::Older => Some(Direction::Lowered),
        Relation::Newer => Some(Direction::Raised),
        Relation::Foreign => Some(Direction::Replaced),
        Relation::Same => {
            let same = (was.mode, was.uid, was.gid) == (is.mode, is.uid, is.gid);
            (!same).then_some(Direction::Access)
        }
    }
}

fn access(component: &Component) -> String {
    format!("mode {:04o}, owner {}:{}", component.mode, component.uid, component.gid)
}

/// What somebody who makes a baseline has to bring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needed {
    /// So many who may sign.
    pub signers: usize,
    /// A reason, and until when it is to hold.
    pub reason: bool,
    /// What is lowered, in words; empty, if nothing is.
    pub lowered: Vec<String>,
}

/// What a baseline needs that comes after another one. `enrolled` is how many may sign now.
#[must_use]
pub fn needed(before: Option<&Baseline>, next: &Baseline, enrolled: usize, now: Timestamp) -> Needed {
    let Some(before) = before else { return Needed { signers: 1, reason: false, lowered: Vec::new() } };
    let mut lowered: Vec<String> = between(&before.components, &next.components)
        .into_iter()
        .filter(|change| matches!(change.direction, Direction::Lowered | Direction::Replaced))
        .map(|change| format!("{} ({})", change.path, change.direction))
        .collect();
    lowered.extend(before.floors.iter().filter_map(|(package, floor)| {
        let is_lower = next.floors.get(package).is_none_or(|next| is_lower(next, floor));
        is_lower.then(|| format!("the floor of {package}"))
    }));
    let is_new = |waiver: &&model::stored::Waiver| !before.waivers.contains(waiver);
    lowered.extend(next.waivers.iter().filter(is_new).map(|waiver| format!("{} (waived)", waiver.path)));
    lowered.extend(
        before
            .order
            .iter()
            .filter(|rule| !next.order.contains(rule))
            .map(|rule| format!("the rule that {} comes before {}", rule.first, rule.then)),
    );
    let is_lowering = !lowered.is_empty();
    let on_trial = now < before.made.plus(SOAK);
    let is_one_back =
        matches!(next.origin, BaselineOrigin::Rollback { to } if to.next() == before.generation);
    let signers = if is_lowering && enrolled > 1 && !(is_one_back && on_trial) { 2 } else { 1 };
    Needed { signers, reason: is_lowering, lowered }
}

fn is_lower(next: &Floor, before: &Floor) -> bool {
    let read =
        |floor: &Floor| crate::version::Version::parse(compare::scheme(floor.scheme), &floor.version).ok();
    let order = read(next).and_then(|next| next.order(&read(before)?));
    !matches!(order, Some(Ordering::Equal | Ordering::Greater))
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Lowered => "older",
            Self::Replaced => "replaced",
            Self::Raised => "newer",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Access => "permissions",
        })
    }
}

#[cfg(test)]
mod tests;
