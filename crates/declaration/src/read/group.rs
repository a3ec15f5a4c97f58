//! `[[group]]`.

use super::hours::hours;
use super::placing::{self, PlacedPolicy, placing};
use super::resource::{PlacedResource, Registered, resources};
use super::section::Section;
use crate::findings::Findings;
use crate::parse::GROUPS_MAX;
use crate::place::{At, Span, quoted};
use model::desired::{Failback, GroupSpec};
use model::{GroupName, NodeName};

/// A `[[group]]`, as far as it could be read.
pub(crate) struct PlacedGroup {
    pub(crate) span: Span,
    pub(crate) name: Option<At<GroupName>>,
    pub(crate) preferred: Vec<At<NodeName>>,
    pub(crate) possible: Vec<At<NodeName>>,
    pub(crate) anti_affinity: Vec<At<GroupName>>,
    pub(crate) policy: PlacedPolicy,
    pub(crate) resources: Vec<PlacedResource>,
    /// `None` where an error was found.
    pub(crate) spec: Option<GroupSpec>,
}

impl PlacedGroup {
    /// How messages call it.
    pub(crate) fn what(&self) -> String {
        self.name.as_ref().map_or("this group".to_owned(), |name| format!("group `{}`", name.value))
    }
}

const KEYS: [&str; 6] =
    ["name", "description", "preferred_owners", "possible_owners", "anti_affinity", "failback"];

/// The `[[group]]` sections. Their resources may be of these types besides the ones that are always there.
pub(crate) fn groups(
    root: &Section<'_>,
    registered: &Registered<'_>,
    findings: &mut Findings<'_>,
) -> Vec<PlacedGroup> {
    let tables = root.tables("group", "group", findings);
    if let Some((_, span)) = tables.get(GROUPS_MAX) {
        let count = tables.len();
        findings.error(span, format!("the file has {count} groups; at most {GROUPS_MAX} are accepted"));
        return Vec::new();
    }
    let mut resources_so_far = 0;
    let sections = tables.into_iter().map(|(table, span)| Section::named(table, span, "group"));
    sections.map(|section| group(&section, registered, &mut resources_so_far, findings)).collect()
}

fn group(
    section: &Section<'_>,
    registered: &Registered<'_>,
    resources_so_far: &mut usize,
    findings: &mut Findings<'_>,
) -> PlacedGroup {
    let known: Vec<&str> = KEYS.into_iter().chain(placing::KEYS).collect();
    section.only_keys(&known, findings);
    let name: Option<At<GroupName>> =
        section.required("name", "the group's name, such as name = \"web\"", findings);
    let description = section.text("description", findings).map(|at| at.value.to_owned());
    let preferred = section.names("preferred_owners", findings);
    let possible = section.names("possible_owners", findings);
    let anti_affinity = section.names("anti_affinity", findings);
    let failback = failback(section, findings);
    let policy = placing(section, findings);
    let resources = resources(section, registered, resources_so_far, findings);
    let specs = resources.iter().map(|resource| resource.spec.clone()).collect::<Option<Vec<_>>>();
    let spec = name.as_ref().zip(specs).map(|(name, resources)| GroupSpec {
        name: name.value.clone(),
        description,
        preferred_owners: values(&preferred),
        possible_owners: values(&possible),
        anti_affinity: values(&anti_affinity),
        failback,
        policy: policy.value.clone(),
        resources,
    });
    let span = section.span.clone();
    PlacedGroup { span, name, preferred, possible, anti_affinity, policy, resources, spec }
}

pub(super) fn values<T: Clone>(placed: &[At<T>]) -> Vec<T> {
    placed.iter().map(|at| at.value.clone()).collect()
}

fn failback(section: &Section<'_>, findings: &mut Findings<'_>) -> Failback {
    let Some(text) = section.text("failback", findings) else { return Failback::default() };
    match text.value {
        "never" => Failback::Never,
        "immediate" => Failback::Immediate,
        other => hours(other).map(|(first, until)| Failback::Window { first, until }).unwrap_or_else(|| {
            let message = format!(
                "`failback` of {} cannot be `{}`; expected \"never\", \"immediate\", or two different hours \
                 of the day such as \"22-04\"",
                section.what,
                quoted(other)
            );
            findings.error_near(&text.span, message, other, ["never", "immediate"]);
            Failback::default()
        }),
    }
}
