//! The memory of recent requests, by which a retry is recognised.

use model::RequestId;
use model::stored::{ClusterState, Outcome};

/// Requests that are remembered. A retry comes within seconds, and a cluster decides a few thousand
/// changes a second at the very most; in a real one this is days.
pub(super) const REMEMBERED: usize = 1024;

/// What became of a request, if it was decided lately.
pub(super) fn outcome_of(state: &ClusterState, request: RequestId) -> Option<&Outcome> {
    // The newest is the likeliest.
    state.recent.iter().rev().find(|(known, _)| *known == request).map(|(_, outcome)| outcome)
}

/// Remembers it, and forgets the oldest.
pub(super) fn remember(state: &mut ClusterState, request: RequestId, outcome: Outcome) {
    state.recent.push_back((request, outcome));
    while state.recent.len() > REMEMBERED {
        state.recent.pop_front();
    }
}
