//! Baselines, their signers, and what nodes say of their components.
//!
//! That a baseline is signed by enough of those who may is not looked at here: whoever proposes it has looked,
//! and every node looks again before it uses it (crate `servicing`). Here it only has to follow the one before.

use super::{Accepted, Asked, Verdict};
use events::{BaselineInstalled, SignerEnrolled, SignerRemoved};
use model::stored::{ClusterState, ReadinessRecord, Rejection, SignedBaseline, SignerRecord};
use model::{AbsolutePath, BaselineGeneration, NodeId, Secret, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;

/// As many baselines are kept at most: one goes back to the last that was good, not to one of a year ago.
const BASELINES_MAX: usize = 8;

/// What they may hold together, in bytes; the present one and the one before stay in any case. They are in every
/// snapshot of the database.
const BYTES_MAX: usize = 4 << 20;

/// What one may hold, in bytes: some ten thousand files.
const TEXT_MAX: usize = 2 << 20;

/// So many may sign.
const SIGNERS_MAX: usize = 64;

/// Of so many subjects it is kept what they use.
const SUBJECTS_MAX: usize = 256;

/// And so many files of each.
const USES_MAX: usize = 1_024;

/// Longer names and keys are none.
const WORD_MAX: usize = 128;

pub(super) fn install(state: &mut ClusterState, asked: &Asked, signed: &Arc<SignedBaseline>) -> Verdict {
    let none = |why: String| Rejection::NoBaseline { why };
    if signed.text.len() > TEXT_MAX {
        return Err(none(format!("it has {} bytes, and may have {TEXT_MAX}", signed.text.len())));
    }
    let baseline = signed.baseline().map_err(|error| none(error.to_string()))?;
    let here = state.cluster.as_ref().map(|cluster| cluster.id).ok_or(Rejection::NotFormed)?;
    if baseline.cluster != here {
        return Err(Rejection::BaselineOfOther { given: baseline.cluster, here });
    }
    let current = present(state);
    if baseline.generation != current.next() {
        return Err(Rejection::BaselineMoved { given: baseline.generation, current });
    }
    state.baselines.push(signed.clone());
    let bytes = |state: &ClusterState| state.baselines.iter().map(|one| one.text.len()).sum::<usize>();
    while state.baselines.len() > BASELINES_MAX || (state.baselines.len() > 2 && bytes(state) > BYTES_MAX) {
        state.baselines.remove(0);
    }
    Ok(Accepted::changed(BaselineInstalled {
        generation: baseline.generation.0,
        components: baseline.components.len() as u64,
        signers: signed.signatures.iter().map(|one| one.signer.clone()).collect::<Vec<_>>().join(", "),
        by: asked.by(),
        reason: baseline.reason.unwrap_or_else(|| "none was given".to_owned()),
    }))
}

/// The number of the present one; 0, if there is none.
fn present(state: &ClusterState) -> BaselineGeneration {
    let last = state.baselines.last().and_then(|signed| signed.baseline().ok());
    last.map(|baseline| baseline.generation).unwrap_or_default()
}

/// What is needed of somebody who is to sign.
pub(super) struct Signer<'a> {
    pub(super) name: &'a str,
    pub(super) public_key: &'a str,
    pub(super) private_key: Option<&'a Secret>,
    pub(super) expires: Option<Timestamp>,
}

pub(super) fn add_signer(state: &mut ClusterState, asked: &Asked, signer: &Signer) -> Verdict {
    let name = signer.name.to_owned();
    if state.signers.contains_key(&name) {
        return Err(Rejection::SignerExists { name });
    }
    if state.signers.len() >= SIGNERS_MAX || name.len() > WORD_MAX || signer.public_key.len() > WORD_MAX {
        return Err(Rejection::TooMany { what: "signers of baselines".to_owned(), most: SIGNERS_MAX as u64 });
    }
    let record = SignerRecord {
        public_key: signer.public_key.to_owned(),
        private_key: signer.private_key.cloned(),
        added: asked.at,
        by: asked.by(),
        expires: signer.expires,
    };
    state.signers.insert(name.clone(), record);
    Ok(Accepted::changed(SignerEnrolled { signer: name, by: asked.by() }))
}

pub(super) fn remove_signer(state: &mut ClusterState, asked: &Asked, name: &str) -> Verdict {
    match state.signers.remove(name) {
        Some(_) => Ok(Accepted::changed(SignerRemoved { signer: name.to_owned(), by: asked.by() })),
        None => Err(Rejection::UnknownSigner { name: name.to_owned() }),
    }
}

/// How a member's components stand, as it says. Nobody is told here: the node has told its own events.
pub(super) fn report_readiness(
    state: &mut ClusterState,
    node: NodeId,
    readiness: &ReadinessRecord,
) -> Verdict {
    let unknown = || Rejection::UnknownNode { name: format!("number {node}") };
    let member = state.nodes.get_mut(&node).ok_or_else(unknown)?;
    if member.readiness == *readiness {
        return Ok(Accepted::as_it_is());
    }
    member.readiness.clone_from(readiness);
    Ok(Accepted::quietly())
}

/// What a subject was seen to use. Nobody is told: it is part of what a baseline is made of.
pub(super) fn record_use(state: &mut ClusterState, subject: &str, files: &BTreeSet<AbsolutePath>) -> Verdict {
    if state.uses.get(subject).map_or(files.is_empty(), |known| **known == *files) {
        return Ok(Accepted::as_it_is());
    }
    if files.is_empty() {
        state.uses.remove(subject);
        return Ok(Accepted::quietly());
    }
    let too_many = |what: &str, most: usize| Rejection::TooMany { what: what.to_owned(), most: most as u64 };
    if files.len() > USES_MAX {
        return Err(too_many("files that one kind of resource uses", USES_MAX));
    }
    if !state.uses.contains_key(subject) && state.uses.len() >= SUBJECTS_MAX {
        return Err(too_many("kinds of resources whose use is recorded", SUBJECTS_MAX));
    }
    state.uses.insert(subject.to_owned(), Arc::new(files.clone()));
    Ok(Accepted::quietly())
}
