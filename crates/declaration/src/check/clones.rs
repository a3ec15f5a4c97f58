//! Groups that run on several nodes, and what can be said of those alone.

use super::links::{Link, Links};
use super::order::name;
use super::together::is_single;
use crate::findings::Findings;
use crate::read::{PlacedClones, PlacedGroup};
use model::desired::{Exclusive, OnFail, Place};

pub(super) fn check(groups: &[PlacedGroup], links: &Links<'_>, findings: &mut Findings<'_>) {
    let is_clone = |place: usize| groups[place].policy.clones.is_some();
    let mut needed_by_a_clone = vec![false; groups.len()];
    let mut kept_apart = vec![false; groups.len()];
    for (place, others) in links.start_after.iter().enumerate() {
        for other in others.iter().filter(|_| is_clone(place)) {
            needed_by_a_clone[other.to] = true;
        }
    }
    let apart = links.never_with.iter().enumerate().chain(links.anti_affinity.iter().enumerate());
    for (place, others) in apart {
        for other in others {
            kept_apart[place] = true;
            kept_apart[other.to] = true;
        }
    }
    for (place, group) in groups.iter().enumerate() {
        roles(group, findings);
        if let Some(clones) = &group.policy.clones {
            counts(group, clones, findings);
            only_one_can(group, findings);
            follows_one(group, groups, &links.runs_with[place], findings);
            if let Some(span) = clones.interleave.as_ref().filter(|_| clones.value.interleave)
                && !needed_by_a_clone[place]
            {
                let message = format!(
                    "`interleave` of {} says nothing: no group that runs on several nodes too starts after it",
                    group.what()
                );
                findings.warning(span, message);
            }
        } else if let Some(apart) = &group.policy.apart_by
            && apart.value != Place::Node
            && !kept_apart[place]
        {
            let message = format!(
                "`apart_by` of {} says nothing: it runs on one node, and is kept apart from no other group",
                group.what()
            );
            findings.warning(&apart.span, message);
        }
    }
}

fn counts(group: &PlacedGroup, clones: &PlacedClones, findings: &mut Findings<'_>) {
    let value = clones.value;
    let owners = u32::try_from(group.possible.len()).ok().filter(|owners| *owners > 0);
    let most = [value.max, owners].into_iter().flatten().min();
    let of_which = |most: u32| {
        if value.max == Some(most) {
            format!("`max` is {most}")
        } else {
            format!("it has {most} possible owners")
        }
    };
    if let (Some(most), Some(max), Some(owners)) = (value.max, &clones.max, owners)
        && most > owners
    {
        let message =
            format!("`max` is {most}, and {} has {owners} possible owners: no more will run", group.what());
        findings.warning(max, message);
    }
    for (key, count, span) in
        [("min", value.min, &clones.min), ("primaries", value.primaries, &clones.primaries)]
    {
        if let Some(most) = most.filter(|most| count > *most) {
            let message = format!("`{key}` of {} is {count}, but {}", group.what(), of_which(most));
            findings.error(span.as_ref().unwrap_or(&clones.span), message);
        }
    }
}

/// An address or a mounted disk on several nodes at once is the damage that a cluster is there to prevent.
fn only_one_can(group: &PlacedGroup, findings: &mut Findings<'_>) {
    for resource in &group.resources {
        let Some(spec) = &resource.spec else { continue };
        let kind = spec.kind.as_str();
        if matches!(kind, "ip-address" | "physical-disk" | "ocf:heartbeat:IPaddr2")
            && spec.exclusive != Exclusive::None
        {
            let message = format!(
                "{} is of type `{kind}`, of which one node at a time has the one there is, and {} runs on \
                 several nodes: put it into a group of its own that `runs_with` this one",
                resource.what(),
                group.what()
            );
            findings.error(&resource.span, message);
        }
    }
}

/// Copies that all have to be where a single thing is.
fn follows_one(
    group: &PlacedGroup,
    groups: &[PlacedGroup],
    others: &[Link<'_>],
    findings: &mut Findings<'_>,
) {
    let single = others.iter().find(|link| is_single(&groups[link.to], link.primary));
    if let Some(link) = single {
        let primary = if link.primary { ":primary" } else { "" };
        let message = format!(
            "{} has copies on several nodes, and runs with `{}{primary}`, which runs on one: it will run \
             there alone",
            group.what(),
            name(groups, link.to)
        );
        findings.warning(link.span, message);
    }
}

/// What speaks of a primary, in a group that has none.
fn roles(group: &PlacedGroup, findings: &mut Findings<'_>) {
    if group.policy.clones.as_ref().is_some_and(|clones| clones.value.primaries > 0) {
        return;
    }
    let why = format!("{} has no `primaries` in a `[group.clones]`", group.what());
    for rule in group.policy.rules.iter().filter(|rule| rule.at.value.primary) {
        findings.error(&rule.at.span, format!("{} speaks of the primary, and {why}", rule.what));
    }
    for resource in &group.resources {
        if let Some(span) = &resource.care.on_fail
            && resource.care.value.on_fail == OnFail::Demote
        {
            let message = format!("{} cannot be demoted when it fails: {why}", resource.what());
            findings.error_with(span, message, Some("\"restart\"".to_owned()));
        }
    }
}
