//! What groups say of other groups: who is named, and whether there is such a group.
//!
//! The other checks between groups work on what is found here, where a name has become a place in the
//! file's list of groups.

use crate::findings::Findings;
use crate::place::{At, Span};
use crate::read::PlacedGroup;
use model::GroupName;
use model::desired::Target;
use std::collections::BTreeMap;

/// That a group names another.
pub(super) struct Link<'g> {
    /// Which, in the file's order.
    pub(super) to: usize,
    /// Only where that one is primary.
    pub(super) primary: bool,
    /// Where it is named.
    pub(super) span: &'g Span,
}

/// Everything that groups say of others, by the key and by the place of who says it.
#[derive(Default)]
pub(super) struct Links<'g> {
    pub(super) anti_affinity: Vec<Vec<Link<'g>>>,
    pub(super) runs_with: Vec<Vec<Link<'g>>>,
    pub(super) never_with: Vec<Vec<Link<'g>>>,
    pub(super) near: Vec<Vec<Link<'g>>>,
    pub(super) start_after: Vec<Vec<Link<'g>>>,
    pub(super) prefer_after: Vec<Vec<Link<'g>>>,
}

/// The groups by their names.
pub(super) struct Names<'g> {
    place_of: BTreeMap<&'g GroupName, usize>,
    all_known: bool,
}

impl<'g> Names<'g> {
    pub(super) fn of(groups: &'g [PlacedGroup]) -> Self {
        let mut place_of = BTreeMap::new();
        for (place, name) in groups.iter().enumerate().filter_map(|(at, one)| Some((at, one.name.as_ref()?)))
        {
            place_of.entry(&name.value).or_insert(place);
        }
        Self { place_of, all_known: groups.iter().all(|group| group.name.is_some()) }
    }

    /// The place of a group that `who` names in `key`, or what is wrong with that.
    pub(super) fn find(
        &self,
        who: &str,
        key: &str,
        name: &GroupName,
        span: &Span,
        findings: &mut Findings<'_>,
    ) -> Option<usize> {
        let found = self.place_of.get(name).copied();
        // A name that could not be read may be the one that is missing.
        if found.is_none() && self.all_known {
            let message = format!("`{key}` of {who} names `{name}`, and there is no such group in the file");
            let valid = self.place_of.keys().map(|name| name.as_str());
            findings.error_near(span, message, name.as_str(), valid);
        }
        found
    }
}

/// Looks up every group that is named. What a group says of itself is an error, and no link.
pub(super) fn links<'g>(groups: &'g [PlacedGroup], findings: &mut Findings<'_>) -> Links<'g> {
    let names = Names::of(groups);
    let mut links = Links::default();
    for (place, group) in groups.iter().enumerate() {
        let mut reader = Reader { names: &names, groups, group, place, findings };
        let policy = &group.policy;
        links.anti_affinity.push(reader.plain(
            "anti_affinity",
            "keep away from itself",
            &group.anti_affinity,
        ));
        links.runs_with.push(reader.targets("runs_with", "run with itself", &policy.runs_with));
        links.never_with.push(reader.targets("never_with", "keep away from itself", &policy.never_with));
        links.near.push(reader.targets("near", "be near itself", &policy.near));
        let start_after = policy.start_after.iter().flat_map(|entry| entry.names());
        links.start_after.push(reader.targets("start_after", "start after itself", start_after));
        links.prefer_after.push(reader.plain("prefer_after", "start after itself", &policy.prefer_after));
    }
    links
}

/// Who is being read.
struct Reader<'r, 'g, 't> {
    names: &'r Names<'g>,
    groups: &'g [PlacedGroup],
    group: &'g PlacedGroup,
    place: usize,
    findings: &'r mut Findings<'t>,
}

impl<'g> Reader<'_, 'g, '_> {
    fn plain(&mut self, key: &str, itself: &str, named: &'g [At<GroupName>]) -> Vec<Link<'g>> {
        named.iter().filter_map(|at| self.link(key, itself, &at.value, false, &at.span)).collect()
    }

    fn targets(
        &mut self,
        key: &str,
        itself: &str,
        named: impl IntoIterator<Item = &'g At<Target>>,
    ) -> Vec<Link<'g>> {
        let one = |at: &'g At<Target>| self.link(key, itself, &at.value.group, at.value.primary, &at.span);
        named.into_iter().filter_map(one).collect()
    }

    fn link(
        &mut self,
        key: &str,
        itself: &str,
        name: &GroupName,
        primary: bool,
        span: &'g Span,
    ) -> Option<Link<'g>> {
        let who = self.group.what();
        if self.group.name.as_ref().is_some_and(|own| own.value == *name) {
            self.findings.error(span, format!("{who} cannot {itself}"));
            return None;
        }
        let to = self.names.find(&who, key, name, span, self.findings)?;
        if to == self.place {
            return None;
        }
        let clones = self.groups[to].policy.clones.as_ref();
        if primary && clones.is_none_or(|clones| clones.value.primaries == 0) {
            let message = format!(
                "`{key}` of {who} names `{name}:primary`, and group `{name}` has no primary: it would have \
                 one with `primaries` in its `[group.clones]`"
            );
            self.findings.error_with(span, message, Some(name.to_string()));
        }
        Some(Link { to, primary, span })
    }
}
