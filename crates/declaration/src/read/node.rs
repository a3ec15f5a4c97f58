//! `[[node]]`: what rules may ask of a node, and how much of everything it has.

use super::Section;
use super::values::{Word, own_text};
use crate::findings::Findings;
use crate::parse::NODES_MAX;
use crate::place::{At, quoted};
use model::NodeName;
use model::desired::{Condition, NodeSpec};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// A `[[node]]` that could be read.
pub(crate) struct PlacedNode {
    pub(crate) name: At<NodeName>,
    pub(crate) spec: NodeSpec,
}

/// How much of something a node can have, and a group can use. So much of every group in a file, added
/// up, still fits 64 bits; and a petabyte of memory can be said in bytes.
pub(super) const AMOUNT: RangeInclusive<i64> = 0..=1_000_000_000_000_000;

/// The most attributes of a node. What describes a machine for placing groups is a handful.
const ATTRIBUTES_MAX: usize = 100;

/// The most things of which one node has, or one group uses, so much: the planner adds each of them up,
/// for every group that it tries on every node.
pub(super) const CAPACITIES_MAX: usize = 16;

/// The `[[node]]` sections, without those that have no valid name.
pub(crate) fn nodes(root: &Section<'_>, findings: &mut Findings<'_>) -> Vec<PlacedNode> {
    let tables = root.tables("node", "node", findings);
    if let Some((_, span)) = tables.get(NODES_MAX) {
        let count = tables.len();
        findings.error(span, format!("the file has {count} nodes; at most {NODES_MAX} are accepted"));
        return Vec::new();
    }
    let sections = tables.into_iter().map(|(table, span)| Section::named(table, span, "node"));
    sections.filter_map(|section| node(&section, findings)).collect()
}

fn node(section: &Section<'_>, findings: &mut Findings<'_>) -> Option<PlacedNode> {
    section.only_keys(&["name", "failure_domain", "attributes", "capacity"], findings);
    let name: Option<At<NodeName>> =
        section.required("name", "the node's name, such as name = \"n1\"", findings);
    let failure_domain = section.parsed("failure_domain", findings).map(|at| at.value);
    let attributes = attributes(section, findings);
    let capacity = amounts(section, "capacity", findings);
    let capacity = capacity.into_iter().map(|(name, amount)| (name.value.0, amount)).collect();
    let name = name?;
    let spec = NodeSpec { name: name.value.clone(), failure_domain, attributes, capacity };
    Some(PlacedNode { name, spec })
}

/// Of what there is so much.
pub(super) fn amounts(section: &Section<'_>, key: &str, findings: &mut Findings<'_>) -> Vec<(At<Word>, u64)> {
    let amounts = section.numbers(key, AMOUNT, "{ memory = 64000, cpu = 16 }", findings);
    if let Some((name, _)) = amounts.get(CAPACITIES_MAX) {
        let message =
            format!("`{key}` of {} names more than {CAPACITIES_MAX} things, which is the most", section.what);
        findings.error(&name.span, message);
    }
    amounts
}

fn attributes(section: &Section<'_>, findings: &mut Findings<'_>) -> BTreeMap<String, String> {
    let example = "{ rack = \"a\", ssd = \"yes\" }";
    let Some(table) = section.small_table("attributes", example, findings) else { return BTreeMap::new() };
    let entries = table.entries();
    if let Some((name, _)) = entries.get(ATTRIBUTES_MAX) {
        let message = format!("{} has more than {ATTRIBUTES_MAX} entries, which is the most", table.what);
        findings.error(&name.span, message);
        return BTreeMap::new();
    }
    let mut attributes = BTreeMap::new();
    for (name, value) in entries {
        let what = format!("the attribute `{}` of {}", quoted(name.value), section.what);
        let text = own_text(value, &what, findings);
        let text = text.filter(|text| can_be_asked_for(text, &what, findings));
        if let (Some(name), Some(text)) = (super::section::checked::<Word>(&name, findings), text) {
            attributes.insert(name.value.0, text.value);
        }
    }
    attributes
}

/// Rules have words that compare; a value that looks like one of them could not be asked for.
fn can_be_asked_for(text: &At<String>, what: &str, findings: &mut Findings<'_>) -> bool {
    let good = text.value.parse() == Ok(Condition::Is(text.value.clone()));
    if !good {
        let message = format!(
            "{what} cannot be `{}`, because no rule could ask for it: expected a text that is not empty, \
             neither begins nor ends with a space, is not `set` or `not set`, and does not begin with `!`, \
             `=`, `<` or `>`",
            quoted(&text.value)
        );
        findings.error(&text.span, message);
    }
    good
}
