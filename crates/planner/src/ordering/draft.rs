//! Steps while they are being put together.

use crate::ids::{GroupIx, NodeIx, Of, ResourceIx};
use crate::placement::Placement;
use crate::plan::{Action, Step};
use crate::problem::Problem;
use crate::report;
use model::ResourceName;

/// Why a step is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Because {
    /// The group is to be elsewhere, or nowhere, or here: its report says why.
    Placed,
    /// It failed.
    Failed,
    /// Its parameters have changed.
    Changed,
    /// It does not run, and should.
    NotRunning,
    /// It needs that resource of its group, which is stopped.
    NeedsResource(ResourceIx),
    /// It needs that group, which is interrupted.
    NeedsGroup(GroupIx),
    /// It was found on several nodes.
    FoundTwice,
    /// The file does not know it any more.
    Stranger,
    /// Nobody knows whether it runs.
    Unknown,
}

/// A step without its number.
pub(super) struct Drafted<'a> {
    pub(super) action: Action,
    pub(super) group: GroupIx,
    pub(super) resource: Option<&'a ResourceName>,
    pub(super) node: NodeIx,
    pub(super) to: Option<NodeIx>,
    pub(super) not_before_ms: Option<u64>,
    pub(super) after: Vec<usize>,
    pub(super) because: Because,
}

/// Where steps of a group begin and end: what others wait for, or are waited for by.
#[derive(Debug, Clone, Default)]
pub(super) struct Flow {
    /// The first steps down, on each node: stops and demotions that wait for nothing in the group.
    pub(super) down_first: Vec<(NodeIx, usize)>,
    /// The last steps down.
    pub(super) down_last: Vec<(NodeIx, usize)>,
    /// The first steps up.
    pub(super) up_first: Vec<(NodeIx, usize)>,
    /// The last steps up.
    pub(super) up_last: Vec<(NodeIx, usize)>,
}

/// Steps, and where those of each group begin and end.
pub(super) struct Draft<'a> {
    pub(super) steps: Vec<Drafted<'a>>,
    pub(super) flows: Of<GroupIx, Flow>,
    /// Groups that are not handed over while they run, although they could be.
    pub(super) cold: Of<GroupIx, bool>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(groups: usize, cold: Of<GroupIx, bool>) -> Self {
        Self { steps: Vec::new(), flows: Of::filled(groups, Flow::default()), cold }
    }

    /// Adds a step with a group, and says its number.
    pub(super) fn add(&mut self, action: Action, group: GroupIx, node: NodeIx, because: Because) -> usize {
        self.add_of(action, group, None, node, because)
    }

    /// Adds a step with a resource of a group, and says its number.
    pub(super) fn add_of(
        &mut self,
        action: Action,
        group: GroupIx,
        resource: impl Into<Option<&'a ResourceName>>,
        node: NodeIx,
        because: Because,
    ) -> usize {
        let resource = resource.into();
        let (to, not_before_ms, after) = (None, None, Vec::new());
        self.steps.push(Drafted { action, group, resource, node, to, not_before_ms, after, because });
        self.steps.len() - 1
    }

    /// One step waits for another.
    pub(super) fn after(&mut self, step: usize, first: usize) {
        if step != first && !self.steps[step].after.contains(&first) {
            self.steps[step].after.push(first);
        }
    }

    /// A group that cannot be handed over while it runs, because its step waits, at last, for itself.
    pub(super) fn handed_over_in_a_circle(&self) -> Option<GroupIx> {
        if !self.steps.iter().any(|step| step.action == Action::Migrate) {
            return None;
        }
        let open = self.sorted().err()?;
        let stuck =
            self.steps.iter().zip(open).find(|(step, open)| step.action == Action::Migrate && *open > 0);
        stuck.map(|(step, _)| step.group)
    }

    /// The steps so that each comes after what it waits for, as far as possible in the order of nodes and
    /// groups. If some wait for each other in a circle: how many each still waits for.
    fn sorted(&self) -> Result<Vec<usize>, Vec<usize>> {
        let count = self.steps.len();
        let mut open: Vec<usize> = self.steps.iter().map(|step| step.after.len()).collect();
        let mut waiting: Vec<Vec<usize>> = vec![Vec::new(); count];
        for (step, drafted) in self.steps.iter().enumerate() {
            for first in &drafted.after {
                waiting[*first].push(step);
            }
        }
        let mut free: std::collections::BTreeSet<usize> =
            (0..count).filter(|step| open[*step] == 0).collect();
        let mut order = Vec::with_capacity(count);
        while let Some(step) = free.pop_first() {
            order.push(step);
            for other in &waiting[step] {
                open[*other] -= 1;
                if open[*other] == 0 {
                    free.insert(*other);
                }
            }
        }
        if order.len() == count { Ok(order) } else { Err(open) }
    }

    /// Numbers the steps in their order.
    pub(super) fn finish(self, problem: &Problem<'_>, placement: &Placement) -> Vec<Step> {
        let order = self.sorted().unwrap_or_else(|open| {
            panic!("steps wait for each other in a circle:\n{}", self.stuck(problem, &open))
        });
        let mut number = vec![usize::MAX; order.len()];
        for (place, step) in order.iter().enumerate() {
            number[*step] = place;
        }
        order.into_iter().map(|step| self.step(problem, placement, step, &number)).collect()
    }

    /// What waits for ever, for the message of an assertion that never fails.
    fn stuck(&self, problem: &Problem<'_>, open: &[usize]) -> String {
        let stuck = self.steps.iter().enumerate().filter(|(step, _)| open[*step] > 0).map(|(step, one)| {
            let (group, node) = (problem.groups[one.group].name(), problem.nodes[one.node].name);
            format!("{step} {} {group}/{:?} on {node} after {:?}", one.action, one.resource, one.after)
        });
        stuck.collect::<Vec<_>>().join("\n")
    }

    fn step(&self, problem: &Problem<'_>, placement: &Placement, step: usize, number: &[usize]) -> Step {
        let drafted = &self.steps[step];
        let group = &problem.groups[drafted.group];
        let mut after: Vec<usize> = drafted.after.iter().map(|first| number[*first]).collect();
        after.sort_unstable();
        Step {
            id: number[step],
            action: drafted.action,
            group: group.name().clone(),
            resource: drafted.resource.cloned(),
            node: problem.nodes[drafted.node].name.clone(),
            to: drafted.to.map(|node| problem.nodes[node].name.clone()),
            not_before_ms: drafted.not_before_ms,
            after,
            reason: report::because(
                problem,
                placement,
                drafted.group,
                drafted.node,
                drafted.action,
                drafted.because,
            ),
        }
    }
}
