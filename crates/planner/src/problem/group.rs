//! A group as the planner sees it.

use crate::ids::{GroupIx, NodeIx, Of, ResourceIx};
use crate::view::{GroupView, State};
use model::desired::{Clones, GroupSpec, Limit, OnFail, Place, ResourceSpec, Score};

/// A group of the file.
pub(crate) struct Group<'a> {
    pub(crate) spec: &'a GroupSpec,
    pub(crate) view: &'a GroupView,
    /// Its own priority, or a higher one of those that cannot be without it.
    pub(crate) priority: i32,
    /// What the file says each node is worth, rules and preferred owners included; nothing: never there.
    pub(crate) worth: Of<NodeIx, Result<Score, Unfit>>,
    /// The same for being primary there.
    pub(crate) primary_worth: Of<NodeIx, Result<Score, Unfit>>,
    pub(crate) runs_with: Vec<Aim>,
    /// It never shares a place with these. Each of them says so too.
    pub(crate) apart: Vec<(GroupIx, Place)>,
    /// It never shares a place with the primary of these.
    pub(crate) apart_from_primary: Vec<(GroupIx, Place)>,
    pub(crate) near: Vec<(Aim, Score, Place)>,
    pub(crate) start_after: Vec<Vec<Aim>>,
    pub(crate) prefer_after: Vec<GroupIx>,
    /// Who runs only where this one does, in the order of names.
    pub(crate) carried: Vec<GroupIx>,
    pub(crate) uses: Vec<(usize, u64)>,
    pub(crate) clones: Option<Clones>,
    pub(crate) resources: Of<ResourceIx, Resource<'a>>,
    pub(crate) copies: Vec<Copy<'a>>,
    /// Whether a better place may draw it away now.
    pub(crate) mobile: bool,
    pub(crate) asked: Option<NodeIx>,
    pub(crate) frozen: Option<Frozen>,
    pub(crate) failovers: Limit,
}

/// Why the file keeps a group from a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It is no possible owner.
    NotPossible,
    /// This rule of the group says never, or another node only.
    Rule(usize),
}

/// Another group, or its primary alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Aim {
    pub(crate) group: GroupIx,
    pub(crate) primary: bool,
}

/// A resource of the file.
pub(crate) struct Resource<'a> {
    pub(crate) spec: &'a ResourceSpec,
    /// All of these, and of each any one, must be online before it.
    pub(crate) needs: Vec<Vec<ResourceIx>>,
    pub(crate) restarts: Limit,
    pub(crate) on_fail: OnFail,
}

/// What is on a node.
pub(crate) struct Copy<'a> {
    pub(crate) node: NodeIx,
    pub(crate) view: &'a crate::view::CopyView,
    pub(crate) states: Of<ResourceIx, State>,
    /// Resources that the file does not know any more.
    pub(crate) strangers: Vec<&'a model::ResourceName>,
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

impl Group<'_> {
    pub(crate) fn name(&self) -> &model::GroupName {
        &self.spec.name
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
                    || (*state == State::Failed && self.resources[resource].on_fail == OnFail::Ignore)
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

    /// Whether it is this node's to run: it owns it, or something of it is there.
    pub(crate) fn is_here(&self) -> bool {
        self.view.owned || self.may_run()
    }
}
