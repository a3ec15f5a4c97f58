//! Every node's: a monitor for each library that the desired state registers, and the database says which
//! types cannot be used here.
//!
//! The planner of any node reads it there, also of nodes that are down. What is written is small, and is
//! written only when it changes: of the types that are registered how they stand, of the others that the
//! desired state uses those that cannot be used.

use crate::clock;
use crate::monitors::Standings;
use crate::node::Node;
use crate::node::own::Own;
use model::TypeName;
use model::desired::ClusterSpec;
use model::stored::{Actor, Command, TypeProblem};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Between two looks, where nothing tells of a change.
const LOOK: Duration = Duration::from_millis(500);

/// Between two looks at the agents that are used: their folders are read for it.
const LOOK_AT_AGENTS: Duration = Duration::from_secs(10);

/// After a write. What breaks one plug-in often breaks several, within moments.
const COALESCE: Duration = Duration::from_millis(200);

/// After a write that was refused: what refused it will not change soon.
const REFUSED: Duration = Duration::from_secs(10);

/// A reason is for a line of `status`; all of it is in the event.
const REASON_CHARS_MAX: usize = 500;

/// So many types are told of. Who uses more of them that cannot be used has other troubles.
const TYPES_MAX: usize = 1_000;

/// Keeps the monitors of plug-ins, and this node's word on its types, for ever.
pub(crate) async fn keep_types(node: Arc<Node>) {
    let mut changes = node.monitors.changes();
    let mut known = Known::default();
    loop {
        tokio::select! {
            () = clock::beat(LOOK) => {}
            // The sender lives as long as the node.
            _ = changes.changed() => {}
        }
        // Without a database nobody knows what is registered, so all stays as it is.
        if node.engine().is_none() {
            continue;
        }
        let state = node.state();
        node.monitors.register(&state.spec.types);
        let Some((id, record)) = node.id().and_then(|id| Some((id, state.nodes.get(&id)?))) else { continue };
        let types = known.types(&node, &state.spec).await;
        if record.types == types || *node.own.borrow() != Own::Clear || !node.quorum().has {
            continue;
        }
        let command = Command::ReportTypes { node: id, types };
        match node.write(Actor::Node(node.name().clone()), command).await {
            Ok(_) => sleep(COALESCE).await,
            Err(problem) => {
                tracing::warn!(%problem, "how the resource types stand here could not be told");
                sleep(REFUSED).await;
            }
        }
    }
}

/// What is known of the types that are not registered: asked for now and then, and kept meanwhile.
#[derive(Default)]
struct Known {
    used: BTreeSet<TypeName>,
    asked: Option<Instant>,
    others: Standings,
}

impl Known {
    /// How the types stand.
    async fn types(&mut self, node: &Node, spec: &ClusterSpec) -> BTreeMap<TypeName, Option<TypeProblem>> {
        let all = spec.groups.iter().flat_map(|group| &group.resources).map(|resource| &resource.kind);
        let used: BTreeSet<TypeName> = all.filter(|kind| spec.library(kind).is_none()).cloned().collect();
        let fresh = self.asked.is_some_and(|asked| asked.elapsed() < LOOK_AT_AGENTS);
        if !fresh || used != self.used {
            self.others = node.monitors.unusable(&used).await;
            (self.used, self.asked) = (used, Some(Instant::now()));
        }
        let all = self.others.clone().into_iter().chain(node.monitors.standings());
        let problem = |problem: crate::monitors::TypeProblem| TypeProblem {
            reason: problem.reason.chars().take(REASON_CHARS_MAX).collect(),
            event: problem.event,
        };
        all.take(TYPES_MAX).map(|(name, standing)| (name, standing.err().map(problem))).collect()
    }
}
