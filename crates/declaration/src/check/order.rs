//! Which group starts after which, and who runs with whom, never leads back to where it began.
//!
//! Of a choice every group counts: a circle through one of them would be found by the cluster on the
//! day on which the others are not there.

use super::circles::{Heard, abridged, circles, steps};
use super::links::{Link, Links};
use crate::findings::Findings;
use crate::place::Span;
use crate::read::PlacedGroup;

pub(super) fn check(groups: &[PlacedGroup], links: &Links<'_>, findings: &mut Findings<'_>) {
    let starts = [(&links.start_after[..], "starts after"), (&links.prefer_after[..], "rather starts after")];
    tell(groups, &starts, "these groups wait for each other in a circle", "", findings);
    let runs = [(&links.runs_with[..], "runs with")];
    let together = "; groups that belong together are one group: put their resources into it";
    tell(groups, &runs, "these groups run with each other in a circle", together, findings);
}

/// Kinds of links, with the words for a step along one. The first kind that has the step is told.
type Kinds<'k, 'g> = [(&'k [Vec<Link<'g>>], &'static str)];

fn tell(
    groups: &[PlacedGroup],
    kinds: &Kinds<'_, '_>,
    what: &str,
    advice: &str,
    findings: &mut Findings<'_>,
) {
    let needs = (0..groups.len())
        .map(|place| kinds.iter().flat_map(|(links, _)| &links[place]).map(|link| link.to).collect())
        .collect();
    circles(needs, |circle| {
        let mut told = Vec::new();
        let mut first: Option<&Span> = None;
        for (from, to) in steps(circle) {
            let Some((span, words)) = step(kinds, from, to) else { continue };
            first = first.or(Some(span));
            let line = findings.line(span);
            told.push(format!("`{}` {words} `{}` (line {line})", name(groups, from), name(groups, to)));
        }
        if let Some(span) = first {
            findings.error(span, format!("{what}: {}{advice}", abridged(told, ", ")));
        }
        if findings.full() { Heard::Enough } else { Heard::GoOn }
    });
}

fn step<'g>(kinds: &Kinds<'_, 'g>, from: usize, to: usize) -> Option<(&'g Span, &'static str)> {
    kinds.iter().find_map(|(links, words)| {
        links[from].iter().find(|link| link.to == to).map(|link| (link.span, *words))
    })
}

/// A group's name, for messages.
pub(super) fn name(groups: &[PlacedGroup], place: usize) -> &str {
    groups[place].name.as_ref().map_or("?", |name| name.value.as_str())
}
