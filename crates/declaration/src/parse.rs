//! From text to desired state, or to everything that is wrong with it.

use crate::agents::PlacedRoles;
use crate::check;
use crate::diagnostic::Diagnostic;
use crate::findings::Findings;
use crate::nesting::too_deep;
use crate::place::{At, Span};
use crate::read::{self, PlacedAgent, PlacedGroup, PlacedNode, PlacedType, Section};
use model::desired::{ClusterSpec, TypeSpec};
use model::{AbsolutePath, ClusterName, GroupName, NodeName, TypeName};
use std::collections::BTreeSet;
use toml::de::DeTable;

/// The largest file, in bytes. A declaration of 4000 resources has about a tenth of it; what is
/// larger is not a declaration, and the database keeps the text in memory on every node.
pub const TEXT_BYTES_MAX: usize = 1 << 20;

/// The most groups: over twice the planner's goal of 4000 resources, each in a group of its own.
pub const GROUPS_MAX: usize = 10_000;

/// The most resources, over all groups: five times the planner's goal.
pub const RESOURCES_MAX: usize = 20_000;

/// The most nodes that are described: five times the largest cluster that the planner is measured with.
pub const NODES_MAX: usize = 1_000;

/// The most types of plug-ins. A vendor's library has a handful.
pub const TYPES_MAX: usize = 1_000;

/// The most libraries of plug-ins. Each is a process on every node, of some megabytes.
pub const LIBRARIES_MAX: usize = 64;

/// A file up to this size has all its syntax errors listed, a larger one only the first: garbage
/// yields an error per byte, at some hundred bytes of memory each.
const ALL_SYNTAX_ERRORS_BYTES_MAX: usize = 64 << 10;

/// A file without errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The cluster it is meant for.
    pub cluster: ClusterName,
    /// What it means.
    pub spec: ClusterSpec,
    /// What is doubtful in it but allowed.
    pub warnings: Vec<Diagnostic>,
    pub(crate) text: String,
    pub(crate) cluster_at: Span,
    /// Every node that it names, in the order of the file.
    pub(crate) mentions: Vec<At<NodeName>>,
    /// Every resource whose parameters only its type knows.
    pub(crate) agents: Vec<PlacedAgent>,
    /// Every group that has primaries.
    pub(crate) roles: Vec<PlacedRoles>,
    /// Every type of a plug-in, registered with its library.
    pub(crate) types: Vec<(At<TypeName>, AbsolutePath)>,
}

impl Parsed {
    /// Every node that it names anywhere, once each, in the order of the file.
    #[must_use]
    pub fn nodes(&self) -> Vec<&NodeName> {
        let mut seen = BTreeSet::new();
        self.mentions.iter().map(|mention| &mention.value).filter(|name| seen.insert(*name)).collect()
    }
}

/// Reads a declaration.
///
/// # Errors
/// Everything that is wrong with the text, in its order, warnings included; never empty. Syntax
/// errors come alone, since behind one every other remark would be a guess.
pub fn parse(text: &str) -> Result<Parsed, Vec<Diagnostic>> {
    if text.len() > TEXT_BYTES_MAX {
        let mut findings = Findings::new("");
        let size = text.len();
        findings.error(&(0..0), format!("the file has {size} bytes; at most {TEXT_BYTES_MAX} are accepted"));
        return Err(findings.into_list());
    }
    let mut findings = Findings::new(text);
    if let Some(at) = too_deep(text) {
        findings.error(&(at..at + 1), "not valid TOML: too many brackets are open here");
        return Err(findings.into_list());
    }
    let Some(table) = syntax(text, &mut findings) else { return Err(findings.into_list()) };
    match document(text, &table, &mut findings) {
        Some(parsed) if !findings.has_errors() => Ok(Parsed { warnings: findings.into_list(), ..parsed }),
        _ => Err(findings.into_list()),
    }
}

fn syntax<'t>(text: &'t str, findings: &mut Findings<'t>) -> Option<DeTable<'t>> {
    let first = match DeTable::parse(text) {
        Ok(table) => return Some(table.into_inner()),
        Err(first) => first,
    };
    let errors = if text.len() <= ALL_SYNTAX_ERRORS_BYTES_MAX {
        DeTable::parse_recoverable(text).1
    } else {
        vec![first]
    };
    let mut last_line = 0;
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        // What follows an error on its line is mostly its consequence.
        let line = findings.line(&span);
        if line != last_line {
            findings.error(&span, format!("not valid TOML: {}", error.message()));
        }
        last_line = line;
    }
    None
}

/// `None` only where an error was found.
fn document(text: &str, table: &DeTable<'_>, findings: &mut Findings<'_>) -> Option<Parsed> {
    let root = Section::new(table, 0..0, "the file".to_owned());
    root.only_keys(&["cluster", "node", "type", "group"], findings);
    let cluster = read::cluster(&root, findings);
    let nodes = read::nodes(&root, findings);
    let types = read::types(&root, findings);
    let registered = types.iter().filter_map(|one| Some(&one.name.as_ref()?.value)).collect();
    let groups = read::groups(&root, &registered, findings);
    check::groups(&groups, &nodes, findings);
    check::nodes(&nodes, findings);
    check::types(&types, findings);
    check::cluster(cluster.as_ref(), &groups, findings);
    let mentions = mentions(&nodes, &groups);
    let agents =
        groups.iter().flat_map(|group| &group.resources).filter_map(|resource| resource.agent.clone());
    let agents = agents.collect();
    let roles = groups.iter().filter_map(PlacedRoles::of).collect();
    let cluster = cluster?;
    let types = types.into_iter().map(placed).collect::<Option<Vec<_>>>()?;
    let type_spec = |(name, library): &(At<TypeName>, AbsolutePath)| TypeSpec {
        name: name.value.clone(),
        library: library.clone(),
    };
    let spec = ClusterSpec {
        profile: cluster.profile,
        stall_policy: cluster.stall_policy,
        when_none_ready: cluster.when_none_ready,
        assume_pause_below_ms: cluster.assume_pause_below_ms,
        maintenance: cluster.maintenance,
        one_at_a_time: cluster.one_at_a_time.iter().map(|list| names(list)).collect(),
        nodes: nodes.into_iter().map(|node| node.spec).collect(),
        types: types.iter().map(type_spec).collect(),
        groups: groups.into_iter().map(|group| group.spec).collect::<Option<_>>()?,
    };
    Some(Parsed {
        cluster: cluster.name.value,
        spec,
        warnings: Vec::new(),
        text: text.to_owned(),
        cluster_at: cluster.name.span,
        mentions,
        agents,
        roles,
        types,
    })
}

/// Every node that the file names, in its order.
fn mentions(nodes: &[PlacedNode], groups: &[PlacedGroup]) -> Vec<At<NodeName>> {
    let named = groups
        .iter()
        .flat_map(|group| group.preferred.iter().chain(&group.possible).chain(&group.policy.scores));
    let mut mentions: Vec<_> = nodes.iter().map(|node| &node.name).chain(named).cloned().collect();
    mentions.sort_by_key(|mention| mention.span.start);
    mentions
}

fn names(placed: &[At<GroupName>]) -> Vec<GroupName> {
    placed.iter().map(|name| name.value.clone()).collect()
}

fn placed(one: PlacedType) -> Option<(At<TypeName>, AbsolutePath)> {
    Some((one.name?, one.library?.value))
}
