//! A group that refuses another with which it runs.

use super::graph::{Graph, why};
use crate::check::links::{Link, Links};
use crate::check::order::name;
use crate::findings::Findings;
use crate::read::PlacedGroup;
use std::collections::BTreeSet;

/// What was told already, by the place where it is said.
#[derive(Default)]
pub(super) struct Refusals {
    told: BTreeSet<usize>,
}

impl Refusals {
    pub(super) fn check(
        &mut self,
        groups: &[PlacedGroup],
        links: &Links<'_>,
        graph: &Graph,
        here: &[usize],
        findings: &mut Findings<'_>,
    ) {
        for place in here {
            let hard = links.never_with[*place].iter().map(|link| (link, "never runs with"));
            let soft = links.anti_affinity[*place].iter().map(|link| (link, "should keep away from"));
            for (link, words) in hard.chain(soft) {
                if graph.is_here(link.to, link.primary) && self.told.insert(link.span.start) {
                    let message = message(groups, links, here, *place, link, words, findings);
                    if words == "never runs with" {
                        findings.error(link.span, message);
                    } else {
                        findings.warning(link.span, message);
                    }
                }
            }
        }
    }
}

fn message(
    groups: &[PlacedGroup],
    links: &Links<'_>,
    here: &[usize],
    place: usize,
    link: &Link<'_>,
    words: &str,
    findings: &Findings<'_>,
) -> String {
    let primary = if link.primary { ":primary" } else { "" };
    let chain = why(groups, links, here, place, link.to, findings);
    let (one, other) = (name(groups, place), name(groups, link.to));
    format!("group `{one}` {words} `{other}{primary}`, and has to be where that is: {chain}")
}
