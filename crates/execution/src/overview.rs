//! What the leader knows, as the planner wants it: the database and the reports, put together.
//!
//! The database says whose a group is, what the administrator wants, and what failed; the reports say what
//! runs. Where they differ, both are told: a copy may be owned and not run, or run and not be owned. Of a node
//! that is there and has not said anything yet, nothing is known, and the planner has it find out.

use crate::order::{CopyReport, Reports};
use model::desired::GroupSpec;
use model::stored::{ClusterState, CopyRecord, CopyStage, GroupRecord};
use model::{Generation, GroupName, NodeId, NodeName};
use planner::{CopyView, Failure, GroupView, Standing, State, Takeover};
use std::collections::{BTreeMap, BTreeSet};

/// The groups, of which anything is known.
///
/// `standing` is how each member is; `takeover` says when another may have what that node owns.
pub fn groups(
    state: &ClusterState,
    reports: &Reports,
    standing: &BTreeMap<NodeId, Standing>,
    takeover: impl Fn(&GroupName, NodeId, &CopyRecord) -> Takeover,
) -> BTreeMap<GroupName, GroupView> {
    let nothing = GroupRecord::default();
    let views = state.spec.groups.iter().map(|spec| {
        let record = state.groups.get(&spec.name).unwrap_or(&nothing);
        let known = Known { state, reports, standing };
        let copies = known.nodes(spec, record).into_iter().filter_map(|node| {
            let copy = known.copy(spec, node, record.copies.get(&node))?;
            let takeover =
                record.copies.get(&node).map_or(Takeover::Now, |of| takeover(&spec.name, node, of));
            Some(CopyView { takeover, ..copy })
        });
        let view = GroupView {
            wanted_offline: record.wanted_offline,
            maintenance: record.maintenance || state.maintenance,
            asked: record.asked.and_then(|node| name(state, node)),
            copies: copies.collect(),
            failures: known.failures(spec, record),
            failovers: record.failovers.iter().map(|at| at.unix_ms()).collect(),
        };
        (spec.name.clone(), view)
    });
    views.collect()
}

/// The name of a member, or of one that was.
#[must_use]
pub fn name(state: &ClusterState, node: NodeId) -> Option<NodeName> {
    let former = || state.evicted.get(&node).map(|gone| gone.name.clone());
    state.nodes.get(&node).map(|member| member.name.clone()).or_else(former)
}

struct Known<'a> {
    state: &'a ClusterState,
    reports: &'a Reports,
    standing: &'a BTreeMap<NodeId, Standing>,
}

impl Known<'_> {
    fn is_there(&self, node: NodeId) -> bool {
        self.standing.get(&node).is_some_and(|standing| !matches!(standing, Standing::Down))
    }

    /// Where anything of a group may be, in the order of joining.
    fn nodes(&self, spec: &GroupSpec, record: &GroupRecord) -> BTreeSet<NodeId> {
        let mut nodes: BTreeSet<NodeId> = record.copies.keys().copied().collect();
        for report in self.reports.iter().filter(|report| self.is_there(report.node)) {
            if report.groups.get(&spec.name).is_some_and(|copy| copy.open.is_some() || may_run(copy)) {
                nodes.insert(report.node);
            }
        }
        nodes
    }

    fn copy(&self, spec: &GroupSpec, node: NodeId, record: Option<&CopyRecord>) -> Option<CopyView> {
        let report = self.reports.of(node).filter(|_| self.is_there(node));
        let copy = report.and_then(|report| report.groups.get(&spec.name));
        let is_over = copy.is_some_and(|copy| self.is_over(spec, copy, record));
        let resources = match (report, copy) {
            (Some(_), Some(copy)) => {
                let states = copy.resources.iter().filter(|(_, one)| one.state != State::Offline);
                let shown = |state: State| if is_over && state.serves() { State::Stopping } else { state };
                states.map(|(name, one)| (name.clone(), shown(one.state))).collect()
            }
            // It is there, and has not said yet what runs.
            (None, _) if self.is_there(node) => {
                spec.resources.iter().map(|one| (one.name.clone(), State::Unknown)).collect()
            }
            _ => BTreeMap::new(),
        };
        let primary = match copy {
            Some(copy) => copy.primary,
            // Of a node that is gone, the database's word counts.
            None => record.is_some_and(|record| record.primary) && !self.is_there(node),
        };
        // What is revoked is a lost node's, until it is there again and says what it has: what it has open it
        // closes and releases by itself, and what it has not open is nobody's. What is open in an ownership
        // that somebody took over is that one's.
        let may_own = |record: &CopyRecord| record.stage == CopyStage::Held || report.is_none();
        let is_taken = is_over && record.is_none() && spec.policy.clones.is_none();
        let has_open = copy.is_some_and(|copy| copy.open.is_some()) && !is_taken;
        Some(CopyView {
            node: name(self.state, node)?,
            owned: record.is_some_and(may_own) || has_open,
            takeover: Takeover::Now,
            primary,
            promotion: copy.and_then(|copy| copy.promotion),
            resources,
        })
    }

    /// Whether what a node has open of a group is of an ownership that is over: it was away, wakes, and says what
    /// it last knew. It closes that copy by itself as soon as it learns of it, so whatever of it still runs
    /// is being stopped; it must not count as running on two nodes, which would stop the new owner's too.
    fn is_over(&self, spec: &GroupSpec, copy: &CopyReport, record: Option<&CopyRecord>) -> bool {
        let latest = self.state.groups.get(&spec.name).map_or(Generation(0), |group| group.generation);
        let is_its = |open: &Generation| {
            record.is_some_and(|record| record.stage == CopyStage::Held && record.generation == *open)
        };
        // An ownership that this node has not heard of yet is not over.
        copy.open.is_some_and(|open| open <= latest && !is_its(&open))
    }

    fn failures(&self, spec: &GroupSpec, record: &GroupRecord) -> Vec<Failure> {
        let recorded = record.failures.iter().filter_map(|failure| {
            Some(Failure {
                resource: failure.resource.clone(),
                node: name(self.state, failure.node)?,
                at_ms: failure.at.unix_ms(),
                at_start: failure.at_start,
            })
        });
        let mut all: Vec<Failure> = recorded.collect();
        for report in self.reports.iter() {
            let seen = report.groups.get(&spec.name).map_or(&[][..], |copy| &copy.failures);
            let Some(node) = name(self.state, report.node) else { continue };
            for failure in seen {
                let failure = Failure {
                    resource: failure.resource.clone(),
                    node: node.clone(),
                    at_ms: failure.at.unix_ms(),
                    at_start: failure.at_start,
                };
                if !all.contains(&failure) {
                    all.push(failure);
                }
            }
        }
        all
    }
}

fn may_run(copy: &CopyReport) -> bool {
    copy.resources.values().any(|one| one.state.may_run())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::Report;
    use model::{Incarnation, Revision, Timestamp};

    const WEB: &str =
        r#"{"name": "web", "resources": [{"name": "d", "type": "dummy", "exclusive": "gate"}]}"#;

    fn record(generation: u64, stage: CopyStage) -> CopyRecord {
        CopyRecord {
            generation: Generation(generation),
            stage,
            primary: false,
            needs: Vec::new(),
            since: Timestamp::default(),
            follows: false,
        }
    }

    fn report(node: u64, groups: BTreeMap<GroupName, CopyReport>) -> Report {
        let (node, incarnation, revision) = (NodeId(node), Incarnation([1; 8]), Revision(1));
        Report { node, incarnation, number: 1, since: 0, revision, leaving: false, groups }
    }

    /// A database with this group, and members that have left: of those a name is all that is wanted here.
    fn database(copies: &[(u64, CopyRecord)]) -> ClusterState {
        let mut state = ClusterState::default();
        state.spec.groups.push(serde_json::from_str(WEB).unwrap());
        for node in 1..=2 {
            let gone = model::stored::EvictedRecord {
                name: format!("n{node}").parse().unwrap(),
                certificate: String::new(),
                at: Timestamp::default(),
                by: String::new(),
                means: Default::default(),
            };
            state.evicted.insert(NodeId(node), gone);
        }
        let record = state.groups.entry("web".parse().unwrap()).or_default();
        record.generation = copies.iter().map(|(_, copy)| copy.generation).max().unwrap_or_default();
        record.copies = copies.iter().map(|(node, copy)| (NodeId(*node), copy.clone())).collect();
        state
    }

    /// Whether a node counts as the owner of what is revoked, by what it says of it; nothing: it is silent.
    fn owned(there: bool, says: Option<Option<Generation>>) -> bool {
        let group: GroupName = "web".parse().unwrap();
        let state = database(&[(1, record(3, CopyStage::Revoked))]);
        let mut reports = Reports::default();
        if let Some(open) = says {
            let copy = CopyReport { open, ..CopyReport::default() };
            reports.take(report(1, BTreeMap::from([(group.clone(), copy)])));
        }
        let standing = BTreeMap::from([(NodeId(1), if there { Standing::Up } else { Standing::Down })]);
        let views = groups(&state, &reports, &standing, |_, _, _| Takeover::Now);
        views[&group].copies.iter().any(|copy| copy.owned)
    }

    #[test]
    fn what_was_revoked_is_its_nodes_until_that_is_there_again_and_has_nothing_open() {
        assert!(owned(false, None), "the node is lost: it is waited for");
        assert!(owned(true, None), "nobody knows yet what it has");
        assert!(owned(true, Some(Some(Generation(3)))), "it closes it by itself");
        assert!(!owned(true, Some(None)), "it lost power: nothing would ever release it");
    }

    /// What is planned where n2 has it in generation 8 and is starting it, and n1 says that it runs there too.
    fn planned(open: Option<Generation>) -> planner::Plan {
        let group: GroupName = "web".parse().unwrap();
        let state = database(&[(2, record(8, CopyStage::Held))]);
        let says = |open, state| {
            let one = crate::order::ResourceReport { state, text: String::new() };
            let resources = BTreeMap::from([("d".parse().unwrap(), one)]);
            BTreeMap::from([(group.clone(), CopyReport { open, resources, ..CopyReport::default() })])
        };
        let mut reports = Reports::default();
        reports.take(report(1, says(open, State::Online)));
        reports.take(report(2, says(Some(Generation(8)), State::Starting)));
        let standing = BTreeMap::from([(NodeId(1), Standing::Up), (NodeId(2), Standing::Up)]);
        let groups = groups(&state, &reports, &standing, |_, _, _| Takeover::Now);
        let nodes =
            ["n1", "n2"].map(|name| planner::NodeView::new(name.parse().unwrap(), Standing::Up)).to_vec();
        planner::plan(&state.spec, &planner::View { now: planner::Now::at(1_000, 0), nodes, groups })
    }

    #[test]
    fn what_a_node_that_wakes_still_has_of_an_ownership_that_is_over_disturbs_nobody() {
        let told = |plan: &planner::Plan, node: &str| -> Vec<planner::Action> {
            let steps = plan.steps.iter().filter(|step| step.node.as_str() == node);
            steps.map(|step| step.action).collect()
        };
        let wakes = planned(Some(Generation(7)));
        assert_eq!(told(&wakes, "n2"), [planner::Action::Start], "it goes on with its start: {wakes:?}");
        // What runs there without any ownership of ours was started by somebody else: found twice.
        let stranger = planned(None);
        assert!(told(&stranger, "n2").contains(&planner::Action::Stop), "{stranger:?}");
        let newer = planned(Some(Generation(9)));
        assert!(told(&newer, "n2").contains(&planner::Action::Stop), "not over, but unheard of: {newer:?}");
    }
}
