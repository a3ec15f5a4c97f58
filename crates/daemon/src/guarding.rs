//! The guard's files on this node: what package managers are held against is kept up to date, and what they were told
//! is told on.
//!
//! They never ask this daemon (crate `guard` says why), so nothing here has to be quick.

use crate::clock;
use crate::node::Node;
use guard::folder::Folder;
use model::stored::{ClusterState, GuardDeed, GuardNote, GuardPolicy, PackageVersion, SignerRecord};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);

/// After something could not be written.
const AGAIN: Duration = Duration::from_secs(10);

/// Where apt has its preferences, if this machine has apt and our package is installed.
const HOOKS_OF_APT: &str = "/etc/apt/apt.conf.d/20steadfast";

/// Does so for ever.
pub(crate) async fn keep(node: Arc<Node>) {
    let folder = Folder::of(node.dir.path());
    let (mut written, mut blind): (Option<Option<GuardPolicy>>, bool) = (None, false);
    loop {
        let wanted = policy(&node, &node.state());
        if written.as_ref().is_none_or(|written| !is_same(written.as_ref(), wanted.as_ref())) {
            let (into, what) = (folder.clone(), wanted.clone());
            let done = tokio::task::spawn_blocking(move || into.set_policy(what.as_ref())).await;
            let problem = match done {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(format!("{}: {error}", folder.path().display())),
                Err(error) => Some(error.to_string()),
            };
            match problem {
                None => {
                    if let Some(policy) = &wanted {
                        refresh_pins(policy.clone());
                    }
                    (written, blind) = (Some(wanted), false);
                }
                Some(problem) => {
                    if !std::mem::replace(&mut blind, true) {
                        node.log.raise(events::GuardBlind { problem });
                    }
                    tokio::time::sleep(AGAIN).await;
                    continue;
                }
            }
        }
        let notes = folder.clone();
        let notes = tokio::task::spawn_blocking(move || notes.notes()).await.unwrap_or_default();
        for (path, note) in notes {
            tell(&node, &note);
            // One that cannot be removed is told again, after the daemon's next start at the latest.
            if let Err(error) = std::fs::remove_file(&path) {
                tracing::warn!(%error, path = %path.display(), "a note of the guard stays");
                tokio::time::sleep(AGAIN).await;
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What this node goes by; nothing: it is no member, or nothing was validated.
fn policy(node: &Node, state: &ClusterState) -> Option<GuardPolicy> {
    let cluster = state.cluster.as_ref()?.name.clone();
    let baseline = state.baselines.last()?;
    servicing::signature::verify(baseline, &state.signers).ok()?;
    let public = |(name, record): (&String, &SignerRecord)| {
        (name.clone(), SignerRecord { private_key: None, ..record.clone() })
    };
    let signers: BTreeMap<String, SignerRecord> = state.signers.iter().map(public).collect();
    Some(GuardPolicy {
        cluster,
        node: node.name().clone(),
        baseline: (**baseline).clone(),
        signers,
        written: clock::wall(),
    })
}

/// Whether two say the same, whenever they were written.
fn is_same(one: Option<&GuardPolicy>, other: Option<&GuardPolicy>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => {
            (&one.cluster, &one.node, &one.baseline, &one.signers)
                == (&other.cluster, &other.node, &other.baseline, &other.signers)
        }
        (one, other) => one.is_none() && other.is_none(),
    }
}

/// Has apt's preferences written anew; asking apt what it knows takes a while.
fn refresh_pins(policy: GuardPolicy) {
    if !Path::new(HOOKS_OF_APT).exists() {
        return;
    }
    tokio::task::spawn_blocking(move || {
        let Ok(baseline) = policy.baseline.baseline() else { return };
        if let Err(error) = guard::pins::refresh(&baseline) {
            tracing::warn!(%error, "apt's preferences were not written");
        }
    });
}

fn tell(node: &Node, note: &GuardNote) {
    let installer = note.installer.clone();
    match &note.what {
        GuardDeed::Refused { packages, reasons } => {
            let (packages, reasons) = (named(packages), reasons.join("; "));
            node.log.raise(events::InstallationRefused { installer, packages, reasons });
        }
        GuardDeed::Permitted { packages, by } => {
            let (packages, by) = (named(packages), by.join("; "));
            node.log.raise(events::InstallationLetThrough { installer, packages, by });
        }
        GuardDeed::Allowed(permit) => {
            let package = match &permit.version {
                Some(version) => format!("{} {version}", permit.package),
                None => permit.package.clone(),
            };
            let (until, by, reason) = (permit.until.to_string(), permit.by.clone(), permit.reason.clone());
            node.log.raise(events::InstallationAllowed { package, until, by, reason });
        }
    }
}

fn named(packages: &[PackageVersion]) -> String {
    let one = |package: &PackageVersion| format!("{} {}", package.name, package.version);
    packages.iter().map(one).collect::<Vec<_>>().join(", ")
}
