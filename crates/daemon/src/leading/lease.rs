//! The leader's side of leases: who may go on, and when somebody else may have what a lost node had.
//!
//! The rules are crate `lease`'s. Here it is given what it asks for: requests with the moment of their
//! arrival, the marks of rounds that a majority has answered, what voters say of older leaders, and the
//! database with the term of its latest entry.

use crate::clock;
use crate::node::{Node, TheEngine};
use crate::running::lease::settings_of;
use execution::protection;
use lease::authority::Applied;
use lease::{Authority, Clocks, Mark, Ownership, Stage, Takeover, Voter, Wait, Why};
use membership::timers::Timers;
use model::desired::Profile;
use model::stored::{
    Actor, ClusterState, Command, CopyRecord, CopyStage, Heartbeat, LeaseGrant, LeaseRequest, NodeMeans,
};
use model::{GroupName, Moment, NodeId};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use store::engine::{LeadingTerm, LeaseHooks};
use tokio::sync::watch;

/// Between two looks at whether a change of profile is over.
const LOOK: Duration = Duration::from_secs(1);

/// What is told apart: a group of which there is one has one owner at a time, and clones have several.
type Share = (GroupName, NodeId);

/// Leases, as this node grants them while it leads, and remembers them as a voter.
pub(crate) struct Leases {
    /// This node's memory of leaders; as old as its process.
    pub(crate) voter: Arc<Mutex<Voter>>,
    inner: Mutex<Inner>,
    /// Counts grants.
    granted: watch::Sender<u64>,
    /// The others', as heartbeats tell them; kept by every node, for when it leads.
    clocks: Mutex<Clocks>,
}

#[derive(Default)]
struct Inner {
    /// The term that this node leads, with what it grants in it.
    leads: Option<(u64, Authority<Share>)>,
    /// The latest grant of each node.
    latest: BTreeMap<NodeId, LeaseGrant>,
}

impl Default for Leases {
    fn default() -> Self {
        Self {
            voter: Arc::new(Mutex::new(Voter::new(clock::moment()))),
            inner: Mutex::default(),
            granted: watch::Sender::new(0),
            clocks: Mutex::new(Clocks::new(lease::settings::DRIFT_PPM)),
        }
    }
}

impl Leases {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn voter(&self) -> MutexGuard<'_, Voter> {
        self.voter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This node leads a term, or none any more.
    pub(crate) fn leads(&self, me: NodeId, leading: Option<LeadingTerm>) {
        let mut inner = self.lock();
        let Some(LeadingTerm { term, electorates }) = leading else {
            inner.leads = None;
            inner.latest.clear();
            return;
        };
        if inner.leads.as_ref().is_none_or(|(known, _)| *known != term) {
            let authority = Authority::new(clock::moment(), me, term, electorates, &mut self.voter());
            inner.leads = Some((term, authority));
            inner.latest.clear();
        }
    }

    /// A heartbeat has arrived.
    pub(crate) fn observe(&self, now: Moment, beat: &Heartbeat) {
        self.clocks().observe(now, beat.node, beat.incarnation, beat.boot);
    }

    fn clocks(&self) -> MutexGuard<'_, Clocks> {
        self.clocks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A voter says how long ago it last answered an older leader.
    pub(crate) fn evidence(&self, now: Moment, term: u64, voter: NodeId, age: Duration) {
        if let Some((known, authority)) = &mut self.lock().leads
            && *known == term
        {
            authority.evidence(now, voter, age);
        }
    }

    /// The database has changed here; `entry_term` is that of its latest entry.
    pub(crate) fn applied(&self, state: &ClusterState, entry_term: u64) {
        let mut inner = self.lock();
        let Some((_, authority)) = &mut inner.leads else { return };
        let groups: BTreeMap<Share, Ownership> = shares(state).collect();
        let lease = Timers::of(state.spec.profile).lease;
        authority.applied(Applied { entry_term, as_of: state.owned_as_of, lease, groups: &groups });
    }

    /// Whether this node knows whose everything is.
    pub(crate) fn is_known(&self, node: &Node) -> bool {
        let term = node.standing().map(|standing| standing.term);
        let inner = self.lock();
        inner.leads.as_ref().is_some_and(|(known, authority)| Some(*known) == term && authority.is_known())
    }

    /// Grants what a majority stands behind.
    fn grant(&self, engine: &TheEngine) {
        let mut inner = self.lock();
        let Inner { leads: Some((term, authority)), latest } = &mut *inner else { return };
        let Some(mark) = engine.quorum_mark(*term) else { return };
        let grants = authority.grants(clock::moment(), Mark(mark), &mut self.voter());
        if grants.is_empty() {
            return;
        }
        latest.extend(grants.into_iter().map(|grant| (grant.request.node, grant)));
        drop(inner);
        self.granted.send_modify(|count| *count += 1);
    }

    /// When somebody else may have what that node has of a group.
    pub(crate) fn takeover(
        &self,
        node: &Node,
        state: &ClusterState,
        group: &GroupName,
        owner: NodeId,
    ) -> planner::Takeover {
        let Some(copy) = state.groups.get(group).and_then(|record| record.copies.get(&owner)) else {
            return planner::Takeover::Now;
        };
        let wait = wait(state, group, owner, copy);
        let others: Vec<NodeId> = node.peers(|peers| peers.up().collect());
        let now = clock::moment();
        let inner = self.lock();
        let Some((_, authority)) = &inner.leads else {
            return planner::Takeover::Never(Why::NotYetKnown.to_string());
        };
        let in_ms = |span: Duration| {
            let ms = u64::try_from(span.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
            planner::Takeover::At(clock::wall().unix_ms().saturating_add(ms))
        };
        let takeover = authority.takeover(now, &(group.clone(), owner), wait, &self.clocks(), &others);
        match (takeover, wait) {
            (Takeover::Now, _) => planner::Takeover::Now,
            (Takeover::At(at), _) => in_ms(at.since(now)),
            // It is about to be revoked, and then it is that long.
            (Takeover::Never(Why::StillHeld(_)), Wait::For(span)) => in_ms(span),
            (Takeover::Never(Why::StillHeld(_)), Wait::Never(lack)) => {
                planner::Takeover::Never(lack.to_string())
            }
            (Takeover::Never(why), _) => planner::Takeover::Never(why.to_string()),
        }
    }
}

/// What the engine tells of its messages.
pub(crate) struct Hooks(pub(crate) Weak<Node>);

impl LeaseHooks for Hooks {
    fn hears(&self, term: u64) -> bool {
        let Some(node) = self.0.upgrade() else { return false };
        node.leading.leases.voter().hears(clock::moment(), term).is_ok()
    }

    fn answered_older(&self, term: u64) -> Option<Duration> {
        self.0.upgrade()?.leading.leases.voter().evidence(clock::moment(), term)
    }

    fn evidence(&self, term: u64, voter: NodeId, age: Duration) {
        if let Some(node) = self.0.upgrade() {
            node.leading.leases.evidence(clock::moment(), term, voter, age);
        }
    }
}

/// Every ownership that the database knows.
fn shares(state: &ClusterState) -> impl Iterator<Item = (Share, Ownership)> + '_ {
    state.groups.iter().flat_map(|(group, record)| {
        record.copies.iter().map(|(node, copy)| {
            let stage = match copy.stage {
                CopyStage::Held => Stage::Held,
                CopyStage::Revoked => Stage::Revoked,
            };
            let ownership = Ownership { owner: *node, generation: copy.generation, stage };
            ((group.clone(), *node), ownership)
        })
    })
}

/// How long a successor waits; while the profile is being changed, as long as the longer one says.
pub(crate) fn wait(state: &ClusterState, group: &GroupName, owner: NodeId, copy: &CopyRecord) -> Wait {
    let profiles = state.longest_profile.into_iter().chain([state.spec.profile]);
    let bounds = profiles.map(|profile| bound(state, profile, group, owner, copy).wait());
    bounds.max().unwrap_or(Wait::For(Duration::ZERO))
}

/// The sum that says so.
pub(crate) fn bound(
    state: &ClusterState,
    profile: model::desired::Profile,
    group: &GroupName,
    owner: NodeId,
    copy: &CopyRecord,
) -> lease::Bound {
    let settings =
        settings_of(&Timers::of(profile), state.spec.stall_policy, state.spec.assume_pause_below_ms);
    let nothing = NodeMeans::default();
    let member = state.nodes.get(&owner).map(|member| &member.means);
    let means = member.or_else(|| state.evicted.get(&owner).map(|gone| &gone.means)).unwrap_or(&nothing);
    let spec = state.spec.group(group);
    let gate = |name: &model::ResourceName| {
        let resource = spec.and_then(|spec| spec.resources.iter().find(|one| one.name == *name));
        // What the file has no more may be anything.
        resource.map_or(protection::GateOf::Nothing, |one| protection::gate_of(&one.kind))
    };
    protection::bound(&settings, means, copy, gate)
}

/// A node asks for its lease; the answer comes once a majority has answered a round that began later.
pub(crate) async fn asked(node: &Arc<Node>, request: LeaseRequest) -> Option<LeaseGrant> {
    let engine = node.engine()?;
    let leases = &node.leading.leases;
    let mut granted = leases.granted.subscribe();
    if let Some((_, authority)) = &mut leases.lock().leads {
        authority.requested(clock::moment(), Mark(engine.mark_now()), request);
    } else {
        return None;
    }
    leases.grant(&engine);
    let answered = async {
        loop {
            let latest = leases.lock().latest.get(&request.node).copied();
            let mine = |grant: &LeaseGrant| grant.request.incarnation == request.incarnation;
            if let Some(grant) = latest.filter(mine).filter(|grant| grant.request.number >= request.number) {
                return Some(grant);
            }
            granted.changed().await.ok()?;
        }
    };
    tokio::time::timeout(node.timers().lease, answered).await.ok()?
}

/// After a change of profile: once all leases of the former one have surely ended, waits are those of the
/// new one again.
pub(crate) async fn settle_profile(node: Arc<Node>) {
    let mut since: Option<(Profile, Moment)> = None;
    loop {
        clock::beat(LOOK).await;
        let state = node.state();
        let Some(longest) = state.longest_profile.filter(|_| crate::planning::leads(&node)) else {
            since = None;
            continue;
        };
        let now = clock::moment();
        let (_, began) =
            *since.insert(since.filter(|(known, _)| *known == longest).unwrap_or((longest, now)));
        // Twice, for clocks that drift and requests that were under way.
        if now.since(began) > Timers::of(longest).lease * 2 {
            let actor = Actor::Node(node.name().clone());
            // Without a majority it is tried again at the next look.
            let _ = node.write(actor, Command::SettleProfile { profile: state.spec.profile }).await;
        }
    }
}

/// Grants, for ever: whenever a majority has answered, or the database has changed.
pub(crate) async fn run(node: Arc<Node>) {
    loop {
        let Some(engine) = node.engine() else {
            tokio::time::sleep(node.timers().heartbeat).await;
            continue;
        };
        let mut moves = engine.quorum_moves();
        loop {
            if let Some(id) = node.id() {
                node.leading.leases.leads(id, engine.leading());
            }
            let (state, entry_term) = engine.applied();
            node.leading.leases.applied(&state, entry_term.unwrap_or(0));
            node.leading.leases.grant(&engine);
            tokio::select! {
                moved = moves.next() => if moved.is_none() { break },
                () = clock::beat(node.timers().heartbeat) => {}
            }
            if node.engine().is_none() {
                break;
            }
        }
        tokio::time::sleep(node.timers().heartbeat).await;
    }
}
