//! What nodes are not ready for, as `status` shows it.

use api::{Degree, NotReady};
use model::stored::{ClusterState, NodeRecord, ReadinessDegree, ReadinessVerdict};

/// What a node cannot run: each resource of a type that cannot be used there, such types of which there is no
/// resource, and resources that stand on something else than what was validated.
pub(super) fn not_ready(state: &ClusterState, record: &NodeRecord) -> Vec<NotReady> {
    let lost = record.types.iter().filter_map(|(kind, problem)| Some((kind, problem.as_ref()?)));
    let mut all = Vec::new();
    for (kind, problem) in lost {
        let before = all.len();
        for group in &state.spec.groups {
            for resource in group.resources.iter().filter(|resource| resource.kind == *kind) {
                all.push(NotReady {
                    kind: kind.to_string(),
                    resource: Some(resource.name.to_string()),
                    group: Some(group.name.to_string()),
                    degree: Degree::Unable,
                    reason: problem.reason.clone(),
                });
            }
        }
        if all.len() == before {
            let (resource, group, degree) = (None, None, Degree::Unable);
            let (kind, reason) = (kind.to_string(), problem.reason.clone());
            all.push(NotReady { kind, resource, group, degree, reason });
        }
    }
    all.extend(of_components(state, record, |degree| degree > ReadinessDegree::Lowered));
    all
}

/// What other nodes go before it for.
pub(super) fn lowered(state: &ClusterState, record: &NodeRecord) -> Vec<NotReady> {
    of_components(state, record, |degree| degree == ReadinessDegree::Lowered).collect()
}

fn of_components(
    state: &ClusterState,
    record: &NodeRecord,
    which: impl Fn(ReadinessDegree) -> bool,
) -> impl Iterator<Item = NotReady> {
    let one = move |(path, verdict): (&String, &ReadinessVerdict)| {
        let (of_group, name) = path.split_once('/')?;
        let group = state.spec.groups.iter().find(|group| group.name.as_str() == of_group)?;
        let resource = group.resources.iter().find(|resource| resource.name.as_str() == name)?;
        let degree = match verdict.degree {
            degree if !which(degree) => return None,
            ReadinessDegree::Lowered => Degree::Lowered,
            ReadinessDegree::NotReady => Degree::NotReady,
            ReadinessDegree::Unable => Degree::Unable,
        };
        Some(NotReady {
            kind: resource.kind.to_string(),
            resource: Some(name.to_owned()),
            group: Some(of_group.to_owned()),
            degree,
            reason: verdict.reason.clone(),
        })
    };
    record.readiness.resources.iter().filter_map(one)
}
