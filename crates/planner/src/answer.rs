//! A plan as JSON, which outside scripts rely on.

use crate::plan::{Plan, Step};
use crate::report::{Considered, GroupReport, Outcome, PlaceReport};
use model::desired::{ClusterSpec, GroupSpec};
use serde::Serialize;
use std::collections::BTreeMap;

/// Where everything is to be, and the steps there.
#[derive(Debug, Serialize)]
pub struct Answer<'a> {
    /// The groups, by name.
    placement: BTreeMap<&'a str, Group<'a>>,
    /// The resources, by `GROUP/RESOURCE`.
    resources: BTreeMap<String, Resource<'a>>,
    /// What would be done.
    steps: &'a [Step],
    /// When time alone may lead to another plan, in milliseconds since 1970.
    next_ms: Option<u64>,
    /// The plans that follow, each when the one before has been carried out: primaries are chosen among
    /// copies that run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    then: Vec<Answer<'a>>,
}

/// Where a group is to be.
#[derive(Debug, Serialize)]
pub struct Group<'a> {
    /// Its node, of a clone the first; null: nowhere.
    node: Option<&'a str>,
    /// What it is there: `online`, or where a group has primaries, `primary` or `replica`.
    role: Option<&'static str>,
    /// Why.
    reason: &'a str,
    /// What happens to it.
    outcome: Outcome,
    /// All its nodes.
    nodes: Vec<&'a str>,
    /// The same, each with its role.
    places: Vec<Place<'a>>,
    /// What became of each node, where the group has none, or where it was asked for.
    considered: &'a [Considered],
}

/// A node, and what the group is there.
#[derive(Debug, Clone, Copy, Serialize)]
struct Place<'a> {
    node: &'a str,
    role: &'static str,
}

/// Where a resource is to be: where its group is.
#[derive(Debug, Serialize)]
struct Resource<'a> {
    node: Option<&'a str>,
    role: Option<&'static str>,
    nodes: Vec<&'a str>,
}

impl<'a> Answer<'a> {
    /// Of plans, made from this file, that follow each other.
    pub fn new(spec: &'a ClusterSpec, plans: &'a [Plan]) -> Option<Self> {
        let (first, rest) = plans.split_first()?;
        let then = rest.iter().map(|plan| Self::one(spec, plan)).collect();
        Some(Self { then, ..Self::one(spec, first) })
    }

    fn one(spec: &'a ClusterSpec, plan: &'a Plan) -> Self {
        let reports = || plan.report.groups.iter().filter_map(|one| Some((one, spec.group(&one.group)?)));
        let resources = reports().flat_map(|(report, group)| {
            let of = Group::new(group, report);
            group.resources.iter().map(move |one| {
                let path = format!("{}/{}", group.name, one.name);
                (path, Resource { node: of.node, role: of.role, nodes: of.nodes.clone() })
            })
        });
        Self {
            placement: reports().map(|(one, group)| (group.name.as_str(), Group::new(group, one))).collect(),
            resources: resources.collect(),
            steps: &plan.steps,
            next_ms: plan.report.next_ms,
            then: Vec::new(),
        }
    }
}

impl<'a> Group<'a> {
    /// Of the report on it.
    pub fn new(group: &GroupSpec, report: &'a GroupReport) -> Self {
        let has_primaries = group.has_primaries();
        let place = |at: &'a PlaceReport| Place {
            node: at.node.as_str(),
            role: match (has_primaries, at.primary) {
                (false, _) => "online",
                (true, true) => "primary",
                (true, false) => "replica",
            },
        };
        let places: Vec<_> = report.places.iter().map(place).collect();
        Self {
            node: places.first().map(|at| at.node),
            role: places.first().map(|at| at.role),
            reason: &report.reason,
            outcome: report.outcome,
            nodes: places.iter().map(|at| at.node).collect(),
            places,
            considered: &report.considered,
        }
    }
}

/// The whole report on one group.
#[derive(Debug, Serialize)]
pub struct Explained<'a> {
    group: &'a str,
    #[serde(flatten)]
    placed: Group<'a>,
    /// The group's steps; others that they wait for are only named by their numbers.
    steps: Vec<&'a Step>,
    next_ms: Option<u64>,
}

impl<'a> Explained<'a> {
    /// Of a group's report, and the plan that it is of.
    pub fn new(group: &'a GroupSpec, report: &'a GroupReport, plan: &'a Plan) -> Self {
        Self {
            group: group.name.as_str(),
            placed: Group::new(group, report),
            steps: plan.steps.iter().filter(|step| step.group == group.name).collect(),
            next_ms: plan.report.next_ms,
        }
    }
}
