//! A view after a plan, if every step does what it is to do.

use crate::plan::{Action, Plan};
use crate::view::{CopyView, State, Takeover, View};
use model::NodeName;
use model::desired::ClusterSpec;
use std::collections::BTreeMap;

/// Carries a plan out, on paper: every step succeeds, leases end, and nothing else happens.
#[must_use]
pub fn carry_out(spec: &ClusterSpec, view: &View, plan: &Plan) -> View {
    let mut then = view.clone();
    for step in &plan.steps {
        let known = then.groups.entry(step.group.clone()).or_default();
        let is_clone = spec.group(&step.group).is_some_and(|group| group.policy.clones.is_some());
        if !known.copies.iter().any(|copy| copy.node == step.node) {
            known.copies.push(CopyView {
                node: step.node.clone(),
                owned: false,
                takeover: Takeover::Now,
                primary: false,
                promotion: None,
                resources: BTreeMap::new(),
            });
        }
        if step.action == Action::Acquire && !is_clone {
            // Whoever is not there has lost it.
            known.copies.retain(|copy| copy.node == step.node || !copy.owned);
        }
        let resource = step.resource.clone();
        let migrated = (step.action == Action::Migrate).then(|| step.to.clone()).flatten();
        if let (Some(to), Some(name)) = (migrated, resource.clone()) {
            known.copies.push(CopyView {
                node: to,
                owned: false,
                takeover: Takeover::Now,
                primary: false,
                promotion: None,
                resources: BTreeMap::from([(name, State::Online)]),
            });
        }
        let Some(copy) = known.copies.iter_mut().find(|copy| copy.node == step.node) else { continue };
        match (step.action, resource) {
            (Action::Start, Some(name)) => drop(copy.resources.insert(name, State::Online)),
            (Action::Stop | Action::Migrate, Some(name)) => drop(copy.resources.insert(name, State::Offline)),
            (Action::Acquire, _) => copy.owned = true,
            (Action::Release, _) => copy.owned = false,
            (Action::Promote, _) => copy.primary = true,
            (Action::Demote, _) => copy.primary = false,
            (Action::Probe, Some(name)) => drop(copy.resources.insert(name, State::Offline)),
            _ => {}
        }
    }
    // What was asked for holds as long as it is so. A move that could not be made is not tried again when
    // nobody thinks of it any more.
    for known in then.groups.values_mut() {
        let is_there = |asked: &NodeName| known.copies.iter().any(|copy| copy.owned && copy.node == *asked);
        if !known.asked.as_ref().is_some_and(is_there) {
            known.asked = None;
        }
    }
    then
}
