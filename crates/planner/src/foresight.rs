//! What would be down if something failed: every single failure, and pairs on request.
//!
//! Asks the planner itself, with a view in which the failure has happened. Only what is online now, or
//! will be by the plan, can be lost; what is down anyway is not counted.

use crate::hypothesis::Hypothesis;
use crate::networks;
use crate::view::{Standing, View};
use crate::{Outcome, Plan, plan};
use model::GroupName;
use model::desired::ClusterSpec;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Something that could happen, and what would be down then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// What happens: one thing, or two at once.
    pub failures: Vec<String>,
    /// Groups that would be down, with the reason that the planner gives.
    pub down: Vec<Lost>,
    /// Groups that would be online, and would not be reached at an address of theirs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreachable: Vec<Lost>,
    /// Of a network: what its loss would leave of the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaves: Option<String>,
}

/// A group that would be down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// Which.
    pub group: GroupName,
    /// Why.
    pub reason: String,
}

/// Everything that can fail, once each: nodes, resources, resource types on nodes where they are used, and
/// networks.
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
    let networks = networks::names(view).into_iter().map(|name| Hypothesis::Network(name.to_owned()));
    nodes.chain(resources).chain(kinds).chain(networks).collect()
}

/// Those of these failures that would leave a group down that is online without them, or out of reach. Each
/// list is what happens at once.
#[must_use]
pub fn losses(spec: &ClusterSpec, view: &View, suppose: &[Vec<Hypothesis>]) -> Vec<Loss> {
    let base = Base::new(spec, view);
    suppose.iter().filter_map(|together| base.loss(together)).collect()
}

/// What is compared with.
struct Base<'a> {
    spec: &'a ClusterSpec,
    settled: View,
    online: BTreeSet<GroupName>,
}

impl<'a> Base<'a> {
    fn new(spec: &'a ClusterSpec, view: &View) -> Self {
        Self { spec, settled: settled(spec, view), online: online(&plan(spec, view)) }
    }

    /// What would be lost if all of this happened.
    fn loss(&self, together: &[Hypothesis]) -> Option<Loss> {
        let mut then = self.settled.clone();
        for one in together {
            one.apply(self.spec, &mut then).ok()?;
        }
        let after = plan(self.spec, &then);
        let still = online(&after);
        let is_lost = |group: &GroupName| self.online.contains(group) && !still.contains(group);
        let lost = after.report.groups.iter().filter(|one| is_lost(&one.group));
        let down: Vec<Lost> =
            lost.map(|one| Lost { group: one.group.clone(), reason: one.reason.clone() }).collect();
        let networks: Vec<&str> = together
            .iter()
            .filter_map(|one| match one {
                Hypothesis::Network(text) => networks::named(&self.settled, text),
                _ => None,
            })
            .collect();
        let in_it = networks.iter().flat_map(|name| networks::addresses(self.spec, &self.settled, name));
        let unreachable: Vec<Lost> = in_it
            .filter(|(group, ..)| still.contains(group))
            .map(|(group, resource, address)| Lost {
                group: group.clone(),
                reason: format!("whoever comes over that network does not reach {address} (`{resource}`)"),
            })
            .collect();
        let leaves = networks.first().map(|name| networks::leaves(&self.settled, name));
        let failures = together.iter().map(ToString::to_string).collect();
        (!down.is_empty() || !unreachable.is_empty()).then_some(Loss { failures, down, unreachable, leaves })
    }
}

/// What pairs of failures would leave down.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pairs {
    /// So many pairs were tried,
    pub tried: usize,
    /// of so many.
    pub of: usize,
    /// What they would leave down that neither of the two does alone.
    pub losses: Vec<Loss>,
}

/// Lets every two of these failures happen together, whole nodes and networks first, and no more than
/// `most` pairs: there are as many as the square of what can fail. `losses` are those of each
/// alone. `tell` is called now and then with how many were tried.
#[must_use]
pub fn pairs(
    spec: &ClusterSpec,
    view: &View,
    all: &[Hypothesis],
    losses: &[Loss],
    most: usize,
    tell: &mut dyn FnMut(usize),
) -> Pairs {
    let base = Base::new(spec, view);
    let of = |loss: &Loss| loss.down.iter().map(|lost| lost.group.clone()).collect();
    let alone: BTreeMap<String, BTreeSet<GroupName>> =
        losses.iter().map(|loss| (loss.failures.concat(), of(loss))).collect();
    let is_small = |one: &Hypothesis| !matches!(one, Hypothesis::Node(..) | Hypothesis::Network(_));
    let small = |pair: [&Hypothesis; 2]| pair.into_iter().filter(|one| is_small(one)).count();
    let both = (0..=2).flat_map(|count| {
        let pairs = all
            .iter()
            .enumerate()
            .flat_map(|(place, one)| all[place + 1..].iter().map(move |other| [one, other]));
        pairs.filter(move |pair| small(*pair) == count)
    });
    let mut found = Pairs { of: all.len() * all.len().saturating_sub(1) / 2, ..Pairs::default() };
    for pair in both.take(most) {
        if found.tried.is_multiple_of(TOLD_EVERY) {
            tell(found.tried);
        }
        found.tried += 1;
        let Some(mut loss) = base.loss(&pair.map(Clone::clone)) else { continue };
        let does_alone = |lost: &Lost| {
            loss.failures.iter().any(|one| alone.get(one).is_some_and(|groups| groups.contains(&lost.group)))
        };
        let down: Vec<Lost> = loss.down.iter().filter(|lost| !does_alone(lost)).cloned().collect();
        loss.down = down;
        // Who is not reached over a network is not reached, whatever else happens.
        loss.unreachable.clear();
        if !loss.down.is_empty() {
            found.losses.push(loss);
        }
    }
    found
}

/// After so many pairs it is told how many were tried: some hundred milliseconds in a large cluster.
const TOLD_EVERY: usize = 100;

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
