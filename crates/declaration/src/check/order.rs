//! Which group starts after which, and who runs with whom, never leads back to where it began.
//!
//! Neither by itself, nor one by the other: if `db` starts after `ip`, and `ip` runs only where `db` does,
//! then neither is ever the first. What is meant is that `db` starts after `ip` and runs with it.
//!
//! Of a choice every group counts: a circle through one of them would be found by the cluster on the
//! day on which the others are not there.

use super::circles::{Heard, abridged, circles, steps};
use super::links::{Link, Links};
use crate::findings::Findings;
use crate::place::Span;
use crate::read::PlacedGroup;
use std::collections::BTreeSet;

pub(super) fn check(groups: &[PlacedGroup], links: &Links<'_>, findings: &mut Findings<'_>) {
    let starts: Kind<'_, '_> = (&links.start_after, "starts after");
    let prefers: Kind<'_, '_> = (&links.prefer_after, "rather starts after");
    let runs: Kind<'_, '_> = (&links.runs_with, "runs with");
    let what = "these groups wait for each other in a circle";
    Teller { groups, kinds: &[starts, prefers], kinds_min: 1, what, advice: "" }.tell(findings);
    let what = "these groups run with each other in a circle";
    let advice = "; groups that belong together are one group: put their resources into it";
    Teller { groups, kinds: &[runs], kinds_min: 1, what, advice }.tell(findings);
    let what = "none of these groups can be the first to start";
    let advice = "; let the one that starts later run with the other, not the other way round";
    Teller { groups, kinds: &[starts, runs], kinds_min: 2, what, advice }.tell(findings);
}

/// A kind of links, with the words for a step along one.
type Kind<'k, 'g> = (&'k [Vec<Link<'g>>], &'static str);

/// Tells circles of some kinds of links.
struct Teller<'k, 'g> {
    groups: &'g [PlacedGroup],
    kinds: &'k [Kind<'k, 'g>],
    /// Circles of fewer kinds are told by another.
    kinds_min: usize,
    what: &'static str,
    advice: &'static str,
}

impl Teller<'_, '_> {
    fn tell(&self, findings: &mut Findings<'_>) {
        let of = |place: usize| self.kinds.iter().flat_map(move |(links, _)| &links[place]);
        let needs = (0..self.groups.len()).map(|place| of(place).map(|link| link.to).collect()).collect();
        circles(needs, |circle| {
            self.tell_one(circle, findings);
            if findings.full() { Heard::Enough } else { Heard::GoOn }
        });
    }

    fn tell_one(&self, circle: &[usize], findings: &mut Findings<'_>) {
        let mut told = Vec::new();
        let mut kinds = BTreeSet::new();
        let mut first: Option<&Span> = None;
        for (from, to) in steps(circle) {
            let Some((span, words)) = self.step(from, to) else { continue };
            first = first.or(Some(span));
            kinds.insert(words);
            let line = findings.line(span);
            let (one, other) = (name(self.groups, from), name(self.groups, to));
            told.push(format!("`{one}` {words} `{other}` (line {line})"));
        }
        if let Some(span) = first.filter(|_| kinds.len() >= self.kinds_min) {
            findings.error(span, format!("{}: {}{}", self.what, abridged(told, ", "), self.advice));
        }
    }

    /// The link from one group to another. The first kind that has one is told.
    fn step(&self, from: usize, to: usize) -> Option<(&Span, &'static str)> {
        self.kinds.iter().find_map(|(links, words)| {
            links[from].iter().find(|link| link.to == to).map(|link| (link.span, *words))
        })
    }
}

/// A group's name, for messages.
pub(super) fn name(groups: &[PlacedGroup], place: usize) -> &str {
    groups[place].name.as_ref().map_or("?", |name| name.value.as_str())
}
