//! The present baseline, as this node trusts it.

use model::stored::{Baseline, ClusterState, SignedBaseline, SignerRecord};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// A baseline whose signatures are good.
#[derive(Debug, PartialEq)]
pub(crate) struct Present {
    /// It.
    pub(crate) baseline: Baseline,
    /// Who has signed it.
    pub(crate) signers: BTreeSet<String>,
}

/// What was looked at last: reading and verifying one takes milliseconds, and the answer is asked for all the time.
type Looked = Option<(Arc<SignedBaseline>, BTreeMap<String, SignerRecord>, Result<Arc<Present>, String>)>;

/// The last one in the database, if it is to be used.
///
/// # Errors
/// Why it is not to be used, with its place in the history.
pub(super) fn of(state: &ClusterState, index: usize) -> Result<Arc<Present>, String> {
    let Some(signed) = state.baselines.get(index) else { return Err("there is none".to_owned()) };
    let (baseline, signers) =
        servicing::signature::verify(signed, &state.signers).map_err(|error| error.to_string())?;
    if state.cluster.as_ref().is_none_or(|cluster| cluster.id != baseline.cluster) {
        return Err("it is of another cluster".to_owned());
    }
    Ok(Arc::new(Present { baseline, signers }))
}

/// Remembers the answer as long as the question is the same.
#[derive(Default)]
pub(super) struct Reader(Mutex<Looked>);

impl Reader {
    /// The latest that is to be used; besides, why the last one is not, where it is not.
    pub(super) fn present(&self, state: &ClusterState) -> (Option<Arc<Present>>, Option<String>) {
        let Some(last) = state.baselines.last() else { return (None, None) };
        let mut looked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = looked
            .as_ref()
            .is_some_and(|(signed, signers, _)| Arc::ptr_eq(signed, last) && *signers == state.signers);
        if !is_known {
            let answer = of(state, state.baselines.len() - 1);
            *looked = Some((last.clone(), state.signers.clone(), answer));
        }
        match looked.as_ref().map(|(_, _, answer)| answer) {
            Some(Ok(present)) => (Some(present.clone()), None),
            Some(Err(why)) => {
                // The latest before it that is good: nodes go on with what they know.
                let before = (0..state.baselines.len() - 1).rev().find_map(|index| of(state, index).ok());
                (before, Some(why.clone()))
            }
            None => (None, None),
        }
    }
}
