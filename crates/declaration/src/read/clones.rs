//! `[group.clones]`: a group that runs on several nodes.

use super::Section;
use crate::findings::Findings;
use crate::place::{At, Span};
use model::desired::Clones;

/// The most copies that can be asked for: as many as a file may describe nodes.
const COPIES_MAX: i64 = crate::parse::NODES_MAX as i64;

/// The section as read, with the places of what it says.
pub(crate) struct PlacedClones {
    pub(crate) span: Span,
    pub(crate) min: Option<Span>,
    pub(crate) max: Option<Span>,
    pub(crate) primaries: Option<Span>,
    pub(crate) interleave: Option<Span>,
    pub(crate) value: Clones,
}

pub(super) fn clones(group: &Section<'_>, findings: &mut Findings<'_>) -> Option<PlacedClones> {
    let (table, span) = group.table("clones", "group.clones", findings)?;
    let section = Section::new(table, span, format!("the clones of {}", group.what));
    section.only_keys(&["max", "min", "interleave", "one_by_one", "primaries"], findings);
    let default = Clones::default();
    let max: Option<At<u32>> = section.number("max", 1..=COPIES_MAX, findings);
    let min: Option<At<u32>> = section.number("min", 1..=COPIES_MAX, findings);
    let primaries: Option<At<u32>> = section.number("primaries", 0..=COPIES_MAX, findings);
    let interleave = section.flag("interleave", findings);
    let one_by_one = section.flag("one_by_one", findings);
    let value = Clones {
        max: max.as_ref().map(|at| at.value),
        min: min.as_ref().map_or(default.min, |at| at.value),
        interleave: interleave.as_ref().is_some_and(|at| at.value),
        one_by_one: one_by_one.is_some_and(|at| at.value),
        primaries: primaries.as_ref().map_or(default.primaries, |at| at.value),
    };
    Some(PlacedClones {
        span: section.span,
        min: min.map(|at| at.span),
        max: max.map(|at| at.span),
        primaries: primaries.map(|at| at.span),
        interleave: interleave.map(|at| at.span),
        value,
    })
}
