//! From what nodes have to the next baseline.
//!
//! Nodes that are to be measured by one set have to have it: where they differ, somebody has to say which of them is
//! right. A file that not every node has is no difference, since agents use what there is; it is noted as one that
//! need not be there.

use crate::compare;
use model::stored::{Baseline, BaselineOrigin, Component, KnownContent, NodeInventory, Subject};
use model::{AbsolutePath, BaselineGeneration, ClusterId, NodeName, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Of a file so many earlier contents are remembered.
const KNOWN_MAX: usize = 8;

/// Differences that are told of; more tell nothing that these do not.
const TOLD_MAX: usize = 20;

/// Who makes a baseline, and when.
#[derive(Debug, Clone)]
pub struct Maker {
    /// Of which cluster.
    pub cluster: ClusterId,
    /// When.
    pub made: Timestamp,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
    /// Until when what it lowers may stay so.
    pub expires: Option<Timestamp>,
}

/// Nodes differ, and nobody has said which of them is right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the nodes differ in {count} files: {}", told.join("; "))]
pub struct NodesDiffer {
    /// In how many files.
    pub count: usize,
    /// Some of them, each in a line.
    pub told: Vec<String>,
}

/// The next baseline out of what these nodes have. `right` is whose files count where they differ.
///
/// # Errors
/// [`NodesDiffer`], if nobody's do.
pub fn capture(
    before: Option<&Baseline>,
    nodes: &BTreeMap<NodeName, NodeInventory>,
    right: Option<&NodeName>,
    maker: Maker,
) -> Result<Baseline, NodesDiffer> {
    let subjects = subjects(nodes);
    let wanted: BTreeSet<&AbsolutePath> = subjects.values().flat_map(|subject| &subject.files).collect();
    let (mut components, mut told, mut count) = (BTreeMap::new(), Vec::new(), 0);
    for path in wanted {
        let has = nodes.iter().filter_map(|(node, it)| Some((node, it.components.get(path)?)));
        let has: Vec<(&NodeName, &Component)> = has.collect();
        let of_right = has.iter().find(|(node, _)| Some(*node) == right);
        let Some((_, first)) = of_right.or(has.first()) else { continue };
        let differs = has.iter().any(|(_, other)| !is_same(first, other));
        if differs && of_right.is_none() {
            count += 1;
            if told.len() < TOLD_MAX {
                let say =
                    |(node, it): &(&NodeName, &Component)| format!("{node} has {}", compare::described(it));
                told.push(format!("{path}: {}", has.iter().map(say).collect::<Vec<_>>().join(", ")));
            }
        }
        components.insert(path.clone(), (*first).clone());
    }
    if count > 0 {
        return Err(NodesDiffer { count, told });
    }
    let subjects = subjects.into_iter().map(|(name, mut subject)| {
        subject.files.retain(|path| components.contains_key(path));
        subject.optional.retain(|path| components.contains_key(path));
        (name, subject)
    });
    let subjects = subjects.collect();
    let origin = BaselineOrigin::Capture { nodes: nodes.keys().cloned().collect() };
    Ok(next(before, maker, origin, components, subjects))
}

/// The files of a baseline before, again.
#[must_use]
pub fn rollback(present: &Baseline, to: &Baseline, maker: Maker) -> Baseline {
    let origin = BaselineOrigin::Rollback { to: to.generation };
    let mut next = next(Some(present), maker, origin, to.components.clone(), to.subjects.clone());
    next.floors.clone_from(&to.floors);
    next.order.clone_from(&to.order);
    next.waivers = to.waivers.iter().filter(|waiver| next.made < waiver.until).cloned().collect();
    next
}

/// The same files under other rules, which the caller fills in.
#[must_use]
pub fn rules(present: &Baseline, maker: Maker) -> Baseline {
    let (components, subjects) = (present.components.clone(), present.subjects.clone());
    next(Some(present), maker, BaselineOrigin::Rules, components, subjects)
}

fn next(
    before: Option<&Baseline>,
    maker: Maker,
    origin: BaselineOrigin,
    components: BTreeMap<AbsolutePath, Component>,
    subjects: BTreeMap<String, Subject>,
) -> Baseline {
    let Maker { cluster, made, by, reason, expires } = maker;
    let generation = before.map_or(BaselineGeneration(1), |before| before.generation.next());
    let known = before.map(|before| known(before, &components)).unwrap_or_default();
    let (floors, order, waivers) = before
        .map(|before| (before.floors.clone(), before.order.clone(), before.waivers.clone()))
        .unwrap_or_default();
    // What is validated now needs no leave.
    let waivers = waivers.into_iter().filter(|waiver| made < waiver.until).collect();
    Baseline {
        cluster,
        generation,
        made,
        by,
        origin,
        reason,
        expires,
        components,
        subjects,
        known,
        floors,
        order,
        waivers,
    }
}

/// What files held before and do not hold now, the latest first.
fn known(
    before: &Baseline,
    components: &BTreeMap<AbsolutePath, Component>,
) -> BTreeMap<AbsolutePath, Vec<KnownContent>> {
    let mut known: BTreeMap<AbsolutePath, Vec<KnownContent>> = BTreeMap::new();
    let of_before = before.components.iter().map(|(path, it)| {
        let (content, package) = (it.content.clone(), it.package.clone());
        (path, KnownContent { generation: before.generation, content, package })
    });
    let earlier = before.known.iter().flat_map(|(path, all)| all.iter().map(move |it| (path, it.clone())));
    for (path, one) in of_before.chain(earlier) {
        // A file of which nobody stands on any content any more is forgotten.
        let Some(now) = components.get(path) else { continue };
        let all = known.entry(path.clone()).or_default();
        let is_new = now.content != one.content && all.iter().all(|other| other.content != one.content);
        if is_new && all.len() < KNOWN_MAX {
            all.push(one);
        }
    }
    known.retain(|_, all| !all.is_empty());
    known
}

fn is_same(one: &Component, other: &Component) -> bool {
    (&one.content, one.mode, one.uid, one.gid) == (&other.content, other.mode, other.uid, other.gid)
}

/// Who stands on what, on any of these nodes.
fn subjects(nodes: &BTreeMap<NodeName, NodeInventory>) -> BTreeMap<String, Subject> {
    let mut subjects: BTreeMap<String, Subject> = BTreeMap::new();
    for (name, subject) in nodes.values().flat_map(|node| &node.subjects) {
        let all = subjects.entry(name.clone()).or_default();
        all.files.extend(subject.files.keys().cloned());
        all.problems.extend(subject.problems.iter().cloned());
    }
    for (name, all) in &mut subjects {
        for subject in nodes.values().filter_map(|node| node.subjects.get(name)) {
            let lacks = all.files.iter().filter(|path| !subject.files.contains_key(path));
            all.optional.extend(lacks.cloned());
        }
    }
    subjects
}

#[cfg(test)]
mod tests;
