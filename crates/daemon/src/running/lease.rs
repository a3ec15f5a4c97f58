//! Asking for the lease: with each heartbeat, over whichever network answers.

use super::{now, with};
use crate::node::Node;
use crate::peer::paths;
use ::lease::{Granted, Settings};
use execution::protection;
use membership::timers::Timers;
use model::desired::{Profile, StallPolicy};
use model::stored::{LeaseGrant, LeaseRequest};
use std::sync::Arc;
use std::time::Duration;

/// The figures that leases run with here.
pub(crate) fn settings(node: &Node) -> Settings {
    let state = node.state();
    // On a machine of its own nothing may pause the clocks: what is vouched for is of guests.
    let pause_ms = state.spec.assume_pause_below_ms.filter(|_| node.running.means().guest);
    settings_of(&node.timers(), state.spec.stall_policy, pause_ms)
}

/// The figures that leases run with, and for how long a hypervisor pauses this node at most, if somebody says.
pub(crate) fn settings_of(timers: &Timers, stall_policy: StallPolicy, pause_ms: Option<u64>) -> Settings {
    let of = |timers: &Timers| {
        let Timers { heartbeat, election_max, lease, in_flight, .. } = *timers;
        let pause = pause_ms.map(Duration::from_millis);
        protection::figures(heartbeat, election_max, lease, in_flight, stall_policy, pause)
    };
    // The timers of every profile agree with each other, which a test holds.
    Settings::new(of(timers)).unwrap_or_else(|contradiction| {
        tracing::error!(%contradiction, "the timers contradict each other; those of `default` are taken");
        let usual = Settings::new(of(&Timers::of(Profile::Default)));
        usual.expect("the timers of the profile `default` agree with each other")
    })
}

/// A heartbeat is due: what has ended is stopped, and the lease is asked for.
pub(crate) fn beat(node: &Arc<Node>) {
    let Some(request) = with(node, |runner| runner.beat(now())) else { return };
    let Some(leader) = node.standing().and_then(|standing| standing.leader) else { return };
    let node = node.clone();
    tokio::spawn(async move {
        let grant = if Some(leader) == node.id() {
            crate::leading::lease::asked(&node, request).await
        } else {
            ask(&node, leader, &request).await
        };
        if let Some(grant) = grant {
            let granted = with(&node, |runner| runner.granted(now(), &grant));
            if let Some(Granted::Paused(pause)) = granted {
                tracing::warn!(
                    ?pause,
                    "this machine's clock stood still; everything is stopped and started anew"
                );
            }
        }
    });
}

async fn ask(node: &Node, leader: model::NodeId, request: &LeaseRequest) -> Option<LeaseGrant> {
    // One that comes later than the lease would last is of no use.
    let limit = node.timers().lease;
    let answer = node.call_json::<Option<LeaseGrant>>(leader, paths::LEASE, request, limit).await;
    answer
        .inspect_err(|error| tracing::debug!(%error, "the leader did not answer a request for the lease"))
        .ok()?
}
