//! The leader's half: which steps of a plan are taken now.
//!
//! A plan is made anew whenever anything changes, so a step whose turn it is waits for nothing in its plan.
//! All of them are taken at once: whatever may run in parallel does, and nothing waits for what it does not
//! need. What is asked and not answered yet is remembered here, and nothing else; a successor that knows
//! nothing of it may ask once more, and nodes and database take that for what it is.
//!
//! Two things are not in plans. The ownerships of a node that is lost are revoked, which begins the wait for
//! them. And of what is waited for, the plan only knows the wall clock, which may jump: before an ownership
//! is given to somebody else, the caller's own clock is asked again (`may_take`).

use crate::order::{Order, Reports};
use model::stored::{ClusterState, CopyStage, GroupRecord};
use model::{Generation, GroupName, Incarnation, Moment, NodeId, ResourceName, Revision};
use planner::{Action, Plan, Standing, State, Step};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What is asked of the database or of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dispatch {
    /// A node is to own a group.
    Own {
        /// Which group.
        group: GroupName,
        /// Who.
        node: NodeId,
        /// Only if this is still its latest generation.
        if_generation: Generation,
        /// It is moved because it failed.
        failover: bool,
    },
    /// A copy may become the primary, or is none any more.
    SetPrimary {
        /// Of which group.
        group: GroupName,
        /// Where.
        node: NodeId,
        /// In which ownership.
        generation: Generation,
        /// Whether.
        primary: bool,
    },
    /// A node is lost: what it owns may be somebody else's after the wait.
    Revoke {
        /// Whose.
        node: NodeId,
        /// What.
        copies: Vec<(GroupName, Generation)>,
    },
    /// Copies of a clone that a lost node had: the wait is over.
    Free {
        /// Whose.
        node: NodeId,
        /// What.
        copies: Vec<(GroupName, Generation)>,
    },
    /// A node is to do something.
    Order {
        /// Which node.
        node: NodeId,
        /// What.
        order: Order,
    },
}

/// By what something that was asked is recognised.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A step.
    Step(Action, GroupName, Option<ResourceName>, NodeId),
    /// The revocation of what a node has, or its end.
    Node(NodeId, bool),
    /// A copy is no primary any more.
    Demoted(GroupName, NodeId),
}

/// What became of something that was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flight {
    /// Nobody has answered yet.
    Asked,
    /// The node does it, and says so in this report and later ones.
    Told(Incarnation, u64, Moment),
    /// It is done as of this revision, which is not known here yet.
    Done(Revision),
    /// It was refused, or nobody answered: not again before this.
    Until(Moment),
    /// It is not asked yet: an older ownership may still have effects. To be looked at again then.
    Waits(Moment),
}

/// What was refused is asked again so much later.
const AGAIN: Duration = Duration::from_millis(250);

/// What waits for an older ownership to end is looked at so often: a wait is a second or more.
const LOOK: Duration = Duration::from_millis(100);

/// A release that was ordered is written down by its node; it is ordered again if that takes longer.
const RELEASE: Duration = Duration::from_secs(2);

/// A leader's half.
#[derive(Debug, Default)]
pub struct Executor {
    flights: BTreeMap<Key, Flight>,
}

/// All that decides what is taken now.
#[derive(Clone, Copy)]
pub struct Situation<'a> {
    /// On this node's CLOCK_BOOTTIME.
    pub now: Moment,
    /// In milliseconds since 1970.
    pub wall_ms: u64,
    /// The database.
    pub state: &'a ClusterState,
    /// What nodes say.
    pub reports: &'a Reports,
    /// How each member is.
    pub standing: &'a BTreeMap<NodeId, Standing>,
    /// Whether what that node owns of a group may be somebody else's now.
    pub may_take: &'a dyn Fn(&GroupName, NodeId) -> bool,
}

impl Executor {
    /// What to ask now, for this plan. Each is answered by [`Self::told`], [`Self::done`] or
    /// [`Self::refused`].
    pub fn next(&mut self, at: &Situation<'_>, plan: &Plan) -> Vec<(Key, Dispatch)> {
        let mut out = Vec::new();
        let mut current: BTreeSet<Key> = BTreeSet::new();
        let wanted =
            at.lost().chain(at.demoted(plan)).chain(plan.steps.iter().filter_map(|step| at.step(step)));
        for (key, dispatch) in wanted {
            current.insert(key.clone());
            if !at.may(&dispatch) {
                // Its time comes without any news; a plan cannot know when, since it only has the wall clock.
                self.flights.insert(key, Flight::Waits(at.now.plus(LOOK)));
            } else if !self.is_under_way(at, &key) {
                self.flights.insert(key.clone(), Flight::Asked);
                out.push((key, dispatch));
            }
        }
        // What is not wanted any more may be wanted again, and then at once.
        self.flights.retain(|key, flight| *flight == Flight::Asked || current.contains(key));
        out
    }

    /// The node does it; this and later reports of that life say how far it is.
    pub fn told(&mut self, now: Moment, key: &Key, incarnation: Incarnation, report: u64) {
        self.flights.insert(key.clone(), Flight::Told(incarnation, report, now));
    }

    /// It is done, as the database shows from this revision on.
    pub fn done(&mut self, key: &Key, revision: Revision) {
        self.flights.insert(key.clone(), Flight::Done(revision));
    }

    /// It was refused, or nobody answered.
    pub fn refused(&mut self, now: Moment, key: &Key) {
        self.flights.insert(key.clone(), Flight::Until(now.plus(AGAIN)));
    }

    /// When something that was refused, or waits, may be asked.
    #[must_use]
    pub fn next_moment(&self) -> Option<Moment> {
        let until = self.flights.values().filter_map(|flight| match flight {
            Flight::Until(until) | Flight::Waits(until) => Some(*until),
            Flight::Told(_, _, at) => Some(at.plus(RELEASE)),
            Flight::Asked | Flight::Done(_) => None,
        });
        until.min()
    }

    fn is_under_way(&self, at: &Situation<'_>, key: &Key) -> bool {
        match self.flights.get(key) {
            None | Some(Flight::Waits(_)) => false,
            Some(Flight::Asked) => true,
            Some(Flight::Done(revision)) => at.state.revision < *revision,
            Some(Flight::Until(until)) => at.now < *until,
            Some(Flight::Told(incarnation, number, told)) => {
                let Key::Step(action, _, _, node) = key else { return false };
                let report = at.reports.of(*node).filter(|report| report.incarnation == *incarnation);
                let unheard = report.is_some_and(|report| report.number < *number);
                let written_down =
                    matches!(action, Action::Release | Action::Probe | Action::Promote | Action::Demote);
                unheard && at.now < told.plus(RELEASE) || written_down && at.now < told.plus(RELEASE)
            }
        }
    }
}

impl Situation<'_> {
    /// What lost nodes own.
    fn lost(&self) -> impl Iterator<Item = (Key, Dispatch)> + '_ {
        let mut held: BTreeMap<NodeId, Vec<(GroupName, Generation)>> = BTreeMap::new();
        let mut over: BTreeMap<NodeId, Vec<(GroupName, Generation)>> = BTreeMap::new();
        for (group, record) in &self.state.groups {
            let is_clone = self.state.spec.group(group).is_some_and(|spec| spec.policy.clones.is_some());
            for (node, copy) in &record.copies {
                let lost = self.standing.get(node).is_none_or(|standing| *standing == Standing::Down);
                match copy.stage {
                    CopyStage::Held if lost => {
                        held.entry(*node).or_default().push((group.clone(), copy.generation));
                    }
                    CopyStage::Revoked if lost && is_clone && (self.may_take)(group, *node) => {
                        over.entry(*node).or_default().push((group.clone(), copy.generation));
                    }
                    _ => {}
                }
            }
        }
        let held =
            held.into_iter().map(|(node, copies)| (Key::Node(node, true), Dispatch::Revoke { node, copies }));
        held.chain(
            over.into_iter().map(|(node, copies)| (Key::Node(node, false), Dispatch::Free { node, copies })),
        )
    }

    /// Copies that the database has for primary, that say themselves that they are none, and are not to become
    /// one just now.
    fn demoted(&self, plan: &Plan) -> Vec<(Key, Dispatch)> {
        let mut out = Vec::new();
        for (group, record) in &self.state.groups {
            for (node, copy) in record.copies.iter().filter(|(_, copy)| copy.primary) {
                let there = self.standing.get(node).is_some_and(|standing| *standing != Standing::Down);
                let Some(report) = self.reports.of(*node).filter(|_| there) else { continue };
                let promotes = |step: &Step| {
                    step.action == Action::Promote
                        && step.group == *group
                        && self.state.node_named(&step.node).is_some_and(|(id, _)| id == *node)
                };
                let is_one = report.groups.get(group).is_some_and(|copy| copy.primary);
                if !is_one && !plan.steps.iter().any(promotes) {
                    let (group, node, generation) = (group.clone(), *node, copy.generation);
                    let key = Key::Demoted(group.clone(), node);
                    out.push((key, Dispatch::SetPrimary { group, node, generation, primary: false }));
                }
            }
        }
        out
    }

    /// What a step asks for, if it is its turn.
    fn step(&self, step: &Step) -> Option<(Key, Dispatch)> {
        if !step.after.is_empty() || step.not_before_ms.is_some_and(|at| at > self.wall_ms) {
            return None;
        }
        let (node, _) = self.state.node_named(&step.node)?;
        let nothing = GroupRecord::default();
        let record = self.state.groups.get(&step.group).unwrap_or(&nothing);
        let key = Key::Step(step.action, step.group.clone(), step.resource.clone(), node);
        if step.action == Action::Acquire {
            let failover = failed_elsewhere(record, node);
            let (group, if_generation) = (step.group.clone(), record.generation);
            return Some((key, Dispatch::Own { group, node, if_generation, failover }));
        }
        let copy = record.copies.get(&node);
        let generation = copy.map_or(Generation(0), |copy| copy.generation);
        if step.action == Action::Promote && copy.is_some_and(|copy| !copy.primary) {
            let group = step.group.clone();
            return Some((key, Dispatch::SetPrimary { group, node, generation, primary: true }));
        }
        if self.is_being_done(step, node) {
            return None;
        }
        let order = Order {
            action: step.action,
            group: step.group.clone(),
            resource: step.resource.clone(),
            generation,
            revision: self.state.owned_as_of,
            reason: step.reason.clone(),
        };
        Some((key, Dispatch::Order { node, order }))
    }

    /// Whether nobody else can have effects under an older ownership, where one is to be given.
    fn may(&self, dispatch: &Dispatch) -> bool {
        let Dispatch::Own { group, node, .. } = dispatch else { return true };
        let is_clone = self.state.spec.group(group).is_some_and(|spec| spec.policy.clones.is_some());
        let record = self.state.groups.get(group);
        let mut others =
            record.into_iter().flat_map(|record| record.copies.keys()).filter(|other| *other != node);
        is_clone || others.all(|other| (self.may_take)(group, *other))
    }

    /// Whether the node says that it is at it.
    fn is_being_done(&self, step: &Step, node: NodeId) -> bool {
        let copy = self.reports.of(node).and_then(|report| report.groups.get(&step.group));
        let state = copy.zip(step.resource.as_ref()).and_then(|(copy, one)| copy.resources.get(one));
        let state = state.map(|one| one.state);
        match step.action {
            Action::Start => state == Some(State::Starting),
            Action::Stop => state == Some(State::Stopping),
            _ => false,
        }
    }
}

/// Whether a group comes to a node because it failed elsewhere since it was moved last.
fn failed_elsewhere(record: &GroupRecord, node: NodeId) -> bool {
    let last = record.failovers.iter().max();
    record.failures.iter().any(|failure| failure.node != node && last.is_none_or(|last| failure.at > *last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Timestamp;
    use model::desired::{ClusterSpec, Exclusive, GroupSpec, ResourceSpec};
    use model::stored::{CopyRecord, NodeRecord, PROTOCOL, SoftwareVersion};
    use planner::{CopyView, GroupView, NodeView, Now, View};

    fn member(name: &str) -> NodeRecord {
        NodeRecord {
            name: name.parse().unwrap(),
            endpoints: Vec::new(),
            certificate: String::new(),
            protocol: PROTOCOL,
            software: SoftwareVersion::current(),
            joined: Timestamp::default(),
            confirmed: true,
            token: None,
            incarnation: None,
            types: BTreeMap::new(),
            intent: Default::default(),
            means: Default::default(),
            readiness: Default::default(),
        }
    }

    /// Two members, and a group of which the first has a copy in this stage.
    fn state(stage: CopyStage) -> ClusterState {
        let one = ResourceSpec {
            name: "d".parse().unwrap(),
            kind: "dummy".parse().unwrap(),
            depends_on: Vec::new(),
            exclusive: Exclusive::Gate,
            policy: Default::default(),
            parameters: BTreeMap::new(),
        };
        let group = GroupSpec {
            name: "web".parse().unwrap(),
            description: None,
            preferred_owners: vec!["n2".parse().unwrap()],
            possible_owners: vec!["n2".parse().unwrap()],
            anti_affinity: Vec::new(),
            failback: Default::default(),
            policy: Default::default(),
            resources: vec![one],
        };
        let copy = CopyRecord {
            generation: Generation(3),
            stage,
            primary: false,
            needs: Vec::new(),
            since: Timestamp::default(),
            follows: false,
        };
        let record = GroupRecord {
            generation: Generation(3),
            copies: BTreeMap::from([(NodeId(1), copy)]),
            ..GroupRecord::default()
        };
        ClusterState {
            nodes: BTreeMap::from([(NodeId(1), member("n1")), (NodeId(2), member("n2"))]),
            groups: BTreeMap::from([("web".parse().unwrap(), record)]),
            spec: ClusterSpec { groups: vec![group], ..ClusterSpec::default() },
            ..ClusterState::default()
        }
    }

    /// What is asked where both nodes are there, and nothing of the group is open anywhere.
    fn asked(executor: &mut Executor, now_ms: u64, may_take: bool) -> Vec<Dispatch> {
        let state = state(CopyStage::Revoked);
        let standing = BTreeMap::from([(NodeId(1), Standing::Up), (NodeId(2), Standing::Up)]);
        let nodes = ["n1", "n2"].map(|name| NodeView::new(name.parse().unwrap(), Standing::Up));
        let nothing = CopyView {
            node: "n1".parse().unwrap(),
            owned: false,
            takeover: planner::Takeover::Now,
            primary: false,
            promotion: None,
            resources: BTreeMap::new(),
        };
        let group = GroupView { copies: vec![nothing], ..GroupView::default() };
        let groups = BTreeMap::from([("web".parse().unwrap(), group)]);
        let view = View { now: Now::at(1_000, 0), nodes: nodes.to_vec(), groups };
        let plan = planner::plan(&state.spec, &view);
        let at = Situation {
            now: Moment::from_ms(now_ms),
            wall_ms: 1_000,
            state: &state,
            reports: &Reports::default(),
            standing: &standing,
            may_take: &|_, _| may_take,
        };
        executor.next(&at, &plan).into_iter().map(|(_, dispatch)| dispatch).collect()
    }

    #[test]
    fn an_ownership_that_waits_for_an_older_one_to_end_is_looked_at_again_without_any_news() {
        let mut executor = Executor::default();
        assert_eq!(asked(&mut executor, 5_000, false), []);
        assert_eq!(executor.next_moment(), Some(Moment::from_ms(5_000).plus(LOOK)));
        let own = Dispatch::Own {
            group: "web".parse().unwrap(),
            node: NodeId(2),
            if_generation: Generation(3),
            failover: false,
        };
        assert_eq!(asked(&mut executor, 5_001, true), [own], "as soon as it may be, and not only then");
    }
}
