//! A group as the planner sees it.

use super::circles;
use crate::ids::{GroupIx, NodeIx, Of, ResourceIx};
use crate::view::{GroupView, State};
use model::ResourceName;
use model::desired::{AnyOf, Clones, GroupSpec, Limit, OnFail, Place, ResourceSpec, Score};
use std::collections::BTreeMap;

/// How often a resource is restarted where it is, if the file does not say: Windows' default, which
/// administrators know.
pub(crate) const RESTARTS: Limit = Limit { max: 3, within_ms: 15 * 60_000 };

/// A group of the file.
pub(crate) struct Group<'a> {
    pub(crate) spec: &'a GroupSpec,
    pub(crate) view: &'a GroupView,
    /// Its own priority, or a higher one of those that cannot be without it.
    pub(crate) priority: i32,
    pub(crate) runs_with: Vec<Aim>,
    /// It never shares a place with these. Each of them says so too.
    pub(crate) apart: Vec<(GroupIx, Place)>,
    /// It never shares a place with the primary of these.
    pub(crate) apart_from_primary: Vec<(GroupIx, Place)>,
    /// Its primary never shares a place with these, which say so.
    pub(crate) primary_apart: Vec<(GroupIx, Place)>,
    pub(crate) near: Vec<(Aim, Score, Place)>,
    pub(crate) start_after: Vec<Vec<Aim>>,
    pub(crate) prefer_after: Vec<GroupIx>,
    /// Who runs only where this one does, in the order of names.
    pub(crate) carried: Vec<GroupIx>,
    pub(crate) uses: Vec<(usize, u64)>,
    pub(crate) clones: Option<Clones>,
    pub(crate) copies: Vec<Copy<'a>>,
    /// Whether a better place may draw it away now.
    pub(crate) mobile: bool,
    pub(crate) asked: Option<NodeIx>,
    pub(crate) frozen: Option<Frozen>,
    pub(crate) failovers: Limit,
    /// No node is ready for it, and it is tried all the same.
    pub(crate) none_ready: bool,
}

/// Another group, or its primary alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Aim {
    pub(crate) group: GroupIx,
    pub(crate) primary: bool,
}

/// What each resource of a group needs: all of these, and of each any one.
pub(crate) type Needs = Of<ResourceIx, Vec<Vec<ResourceIx>>>;

/// What is on a node.
pub(crate) struct Copy<'a> {
    pub(crate) node: NodeIx,
    pub(crate) view: &'a crate::view::CopyView,
    pub(crate) states: Of<ResourceIx, State>,
    /// Resources that the file does not know any more.
    pub(crate) strangers: Vec<&'a ResourceName>,
}

/// Why nothing is done with a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frozen {
    /// The whole cluster is in maintenance.
    Cluster,
    /// The group is in maintenance.
    Maintenance,
    /// The file says that it is not managed.
    Unmanaged,
    /// This resource of it is not managed, and runs there: the group cannot be moved without it.
    UnmanagedResource(ResourceIx, NodeIx),
    /// This resource of it could not be stopped there.
    StopFailed(ResourceIx, NodeIx),
    /// This resource of it failed there, and is to be left as it is.
    Blocked(ResourceIx, NodeIx),
    /// It was found on several nodes, and is to be left as it is.
    FoundTwice,
}

impl<'a> Group<'a> {
    pub(crate) fn name(&self) -> &'a model::GroupName {
        &self.spec.name
    }

    /// Its resources.
    pub(crate) fn resources(
        &self,
    ) -> impl DoubleEndedIterator<Item = (ResourceIx, &'a ResourceSpec)> + use<'a> {
        self.spec.resources.iter().enumerate().map(|(place, one)| (ResourceIx(place), one))
    }

    /// One of its resources.
    pub(crate) fn resource(&self, resource: ResourceIx) -> &'a ResourceSpec {
        &self.spec.resources[resource.0]
    }

    /// How often a resource is restarted where it is.
    pub(crate) fn restarts(&self, resource: ResourceIx) -> Limit {
        self.resource(resource).policy.restarts.or(self.spec.policy.restarts).unwrap_or(RESTARTS)
    }

    /// What its resources need of each other. Looked up only for groups that something is done with.
    pub(crate) fn needs(&self) -> Needs {
        let place: BTreeMap<&ResourceName, ResourceIx> =
            self.resources().map(|(ix, one)| (&one.name, ix)).collect();
        let known = |any: &AnyOf<ResourceName>| {
            any.names().iter().filter_map(|name| place.get(name).copied()).collect()
        };
        let of_one = |one: &ResourceSpec| one.depends_on.iter().map(known).collect();
        let mut needs: Needs = Of::new(self.spec.resources.iter().map(of_one).collect());
        // Resources that need each other in a circle could neither be started nor stopped in any order.
        let whom = |ix: usize| needs[ResourceIx(ix)].iter().flatten().map(|other| other.0);
        for (who, whom) in circles::closing(needs.len(), whom) {
            for any in &mut needs[ResourceIx(who)] {
                any.retain(|other| other.0 != whom);
            }
        }
        needs
    }

    /// What there is of it on a node.
    pub(crate) fn on(&self, node: NodeIx) -> Option<&Copy<'_>> {
        self.copies.iter().find(|copy| copy.node == node)
    }

    /// Whether a copy that nothing is done with counts as online for whoever needs it: it is, or whoever
    /// looks after it by hand knows.
    pub(crate) fn frozen_serves(&self, copy: &Copy<'_>) -> bool {
        match self.frozen {
            Some(
                Frozen::Cluster | Frozen::Maintenance | Frozen::Unmanaged | Frozen::UnmanagedResource(..),
            ) => copy.is_here(),
            _ => copy.states.iter().all(|(resource, state)| {
                state.serves()
                    || (*state == State::Failed && self.resource(resource).policy.on_fail == OnFail::Ignore)
            }),
        }
    }

    pub(crate) fn is_clone(&self) -> bool {
        self.clones.is_some()
    }
}

impl Copy<'_> {
    /// Whether anything of it may run.
    pub(crate) fn may_run(&self) -> bool {
        !self.strangers.is_empty() || self.states.values().any(|state| state.may_run())
    }

    /// Whether anything of it runs that is not being stopped already.
    pub(crate) fn stays_up(&self) -> bool {
        let stays = |state: &State| state.may_run() && *state != State::Stopping;
        !self.strangers.is_empty() || self.states.values().any(stays)
    }

    /// Whether the node has it, and nobody knows what of it runs.
    pub(crate) fn is_unknown(&self) -> bool {
        self.view.owned && self.states.values().any(|state| *state == State::Unknown)
    }

    /// Whether it is this node's to run: it owns it, or something of it is there.
    pub(crate) fn is_here(&self) -> bool {
        self.view.owned || self.may_run()
    }
}
