//! What would be down if something failed: every single failure, and every pair on request.
//!
//! Asks the planner itself, with a view in which the failure has happened. Only what is online now, or
//! will be by the plan, can be lost; what is down anyway is not counted.

use crate::hypothesis::Hypothesis;
use crate::view::{Standing, View};
use crate::{Outcome, Plan, plan};
use model::GroupName;
use model::desired::ClusterSpec;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Something that could happen, and what would be down then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// What happens: one thing, or two at once.
    pub failures: Vec<String>,
    /// Groups that would be down, with the reason that the planner gives.
    pub down: Vec<Lost>,
}

/// A group that would be down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// Which.
    pub group: GroupName,
    /// Why.
    pub reason: String,
}

/// Everything that can fail, once each: nodes, resources, and resource types on nodes where they are
/// used.
#[must_use]
pub fn failures(spec: &ClusterSpec, view: &View) -> Vec<Hypothesis> {
    let up = view.nodes.iter().filter(|node| matches!(node.standing, Standing::Up | Standing::Paused));
    let up: Vec<_> = up.map(|node| &node.name).collect();
    let nodes = up.iter().map(|name| Hypothesis::Node((*name).clone(), Standing::Down));
    let resources = spec.groups.iter().flat_map(|group| {
        let failed =
            |name: &model::ResourceName| Hypothesis::Resource(Some(group.name.clone()), name.clone());
        group.resources.iter().map(move |one| failed(&one.name))
    });
    let kinds: BTreeSet<_> =
        spec.groups.iter().flat_map(|group| &group.resources).map(|one| &one.kind).collect();
    let kinds = kinds
        .into_iter()
        .flat_map(|kind| up.iter().map(move |node| Hypothesis::Type(kind.clone(), (*node).clone())));
    nodes.chain(resources).chain(kinds).collect()
}

/// Those of these failures that would leave a group down that is online without them. Each list is what
/// happens at once.
#[must_use]
pub fn losses(spec: &ClusterSpec, view: &View, suppose: &[Vec<Hypothesis>]) -> Vec<Loss> {
    let online = online(&plan(spec, view));
    let settled = settled(spec, view);
    let mut losses = Vec::new();
    for together in suppose {
        let mut then = settled.clone();
        if together.iter().any(|one| one.apply(spec, &mut then).is_err()) {
            continue;
        }
        let after = plan(spec, &then);
        let still = self::online(&after);
        let lost = after
            .report
            .groups
            .iter()
            .filter(|one| online.contains(&one.group) && !still.contains(&one.group));
        let down: Vec<Lost> =
            lost.map(|one| Lost { group: one.group.clone(), reason: one.reason.clone() }).collect();
        if !down.is_empty() {
            losses.push(Loss { failures: together.iter().map(ToString::to_string).collect(), down });
        }
    }
    losses
}

/// The view after the plan that it leads to: what is to run runs.
#[must_use]
pub fn settled(spec: &ClusterSpec, view: &View) -> View {
    let plan = plan(spec, view);
    let mut then = view.clone();
    for report in plan.report.groups.iter().filter(|report| report.outcome != Outcome::Frozen) {
        let Some(group) = spec.group(&report.group) else { continue };
        let known = then.groups.entry(report.group.clone()).or_default();
        let before = std::mem::take(&mut known.copies);
        known.copies = report
            .places
            .iter()
            .map(|place| {
                let was = before.iter().find(|copy| copy.node == place.node);
                crate::CopyView {
                    node: place.node.clone(),
                    owned: true,
                    takeover: crate::Takeover::Now,
                    primary: place.primary,
                    promotion: was.and_then(|copy| copy.promotion),
                    resources: group
                        .resources
                        .iter()
                        .map(|one| (one.name.clone(), crate::State::Online))
                        .collect(),
                }
            })
            .collect();
    }
    then
}

/// Groups that will be online after a plan.
fn online(plan: &Plan) -> BTreeSet<GroupName> {
    let placed = plan.report.groups.iter().filter(|report| !report.places.is_empty());
    placed.map(|report| report.group.clone()).collect()
}
