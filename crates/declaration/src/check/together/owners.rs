//! Groups that run on one node have a possible owner in common.

use super::graph::why;
use crate::check::circles::abridged;
use crate::check::links::Links;
use crate::check::order::name;
use crate::findings::Findings;
use crate::read::PlacedGroup;
use model::NodeName;
use std::collections::BTreeSet;

/// Which pairs were told already.
#[derive(Default)]
pub(super) struct Owners {
    told: BTreeSet<(usize, usize)>,
}

impl Owners {
    /// The nodes that may have all of these groups; nothing: every one. What is empty was told.
    pub(super) fn check<'g>(
        &mut self,
        groups: &'g [PlacedGroup],
        links: &Links<'_>,
        here: &[usize],
        findings: &mut Findings<'_>,
    ) -> Option<BTreeSet<&'g NodeName>> {
        let mut common: Option<BTreeSet<&NodeName>> = None;
        let limited = here.iter().copied().filter(|place| !groups[*place].possible.is_empty());
        for place in limited.clone() {
            let own = possible(&groups[place]);
            let rest = match common {
                None => own,
                Some(before) => before.intersection(&own).copied().collect(),
            };
            if rest.is_empty() {
                let mut earlier = limited.clone().take_while(|other| *other != place);
                let other =
                    earlier.find(|other| possible(&groups[*other]).is_disjoint(&possible(&groups[place])));
                self.tell(groups, links, here, (place, other), findings);
                return Some(rest);
            }
            common = Some(rest);
        }
        common
    }

    fn tell(
        &mut self,
        groups: &[PlacedGroup],
        links: &Links<'_>,
        here: &[usize],
        (place, other): (usize, Option<usize>),
        findings: &mut Findings<'_>,
    ) {
        if !self.told.insert((place, other.unwrap_or(place))) {
            return;
        }
        let group = &groups[place];
        let Some(first) = group.possible.first() else { return };
        let own = abridged(names(group), ", ");
        let message = match other {
            Some(other) => {
                let chain = why(groups, links, here, place, other, findings);
                let line = groups[other].possible.first().map_or(0, |at| findings.line(&at.span));
                format!(
                    "no node may have both {} (possible owners: {own}) and {} (line {line}: {}), and they \
                     have to be on one: {chain}",
                    group.what(),
                    groups[other].what(),
                    abridged(names(&groups[other]), ", ")
                )
            }
            None => {
                let others = here.iter().filter(|other| **other != place);
                let others = others.map(|other| format!("`{}`", name(groups, *other))).collect();
                format!(
                    "no node may have {} (possible owners: {own}) and everything that has to be where it is: {}",
                    group.what(),
                    abridged(others, ", ")
                )
            }
        };
        findings.error(&first.span, message);
    }
}

fn possible(group: &PlacedGroup) -> BTreeSet<&NodeName> {
    group.possible.iter().map(|at| &at.value).collect()
}

fn names(group: &PlacedGroup) -> Vec<String> {
    group.possible.iter().map(|at| at.value.to_string()).collect()
}
