//! Components, as text.

use super::{facts, wrap};
use crate::paint::{Tone, clean, tone};
use crate::table::table;
use api::{ComponentShown, Components, NodeComponents};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What each subject stands on, node by node.
pub(crate) fn scan(found: &Components, width: Option<u16>) -> String {
    let mut rows = Vec::new();
    let mut problems = String::new();
    for node in &found.nodes {
        let state: BTreeMap<&str, &ComponentShown> =
            node.components.iter().map(|it| (it.path.as_str(), it)).collect();
        for subject in &node.subjects {
            let of_it: Vec<&&ComponentShown> =
                subject.files.iter().filter_map(|file| state.get(file.path.as_str())).collect();
            let packages: BTreeSet<&String> = of_it.iter().filter_map(|it| it.package.as_ref()).collect();
            let differ =
                of_it.iter().filter(|it| !matches!(it.state.as_str(), "validated" | "unvalidated")).count();
            rows.push(vec![
                clean(&node.node),
                clean(&subject.name),
                subject.resources.len().to_string(),
                subject.files.len().to_string(),
                packages.len().to_string(),
                if differ == 0 { "-".to_owned() } else { tone(&differ.to_string(), Tone::Bad) },
            ]);
            for problem in &subject.problems {
                let line = format!("{} {}: {}", clean(&node.node), clean(&subject.name), clean(problem));
                problems.push_str(&format!("{}\n", wrap(&line, width, 2)));
            }
        }
        for trouble in &node.troubles {
            problems.push_str(&format!(
                "{}\n",
                wrap(&format!("{}: {}", clean(&node.node), clean(trouble)), width, 2)
            ));
        }
    }
    if rows.is_empty() {
        return "no resource stands on any file\n".to_owned();
    }
    let header = ["NODE", "STANDS ON", "RESOURCES", "FILES", "PACKAGES", "DIFFER"];
    let table = table(&header, rows, width);
    if problems.is_empty() { table } else { format!("{table}\n{problems}") }
}

/// Every component.
pub(crate) fn list(found: &Components, width: Option<u16>) -> String {
    let row = |node: &NodeComponents, it: &ComponentShown| {
        let package = match (&it.package, &it.version) {
            (Some(package), Some(version)) => clean(&format!("{package} {version}")),
            _ => "-".to_owned(),
        };
        vec![clean(&node.node), clean(&it.path), state(&it.state), package]
    };
    let rows: Vec<Vec<String>> =
        found.nodes.iter().flat_map(|node| node.components.iter().map(move |it| row(node, it))).collect();
    if rows.is_empty() {
        return "no resource stands on any file\n".to_owned();
    }
    table(&["NODE", "PATH", "STATE", "PACKAGE"], rows, width)
}

fn state(state: &str) -> String {
    match state {
        "validated" => tone(state, Tone::Good),
        "unvalidated" => tone(state, Tone::Faint),
        "newer" | "installing" | "permission-changed" | "out-of-order" => tone(&clean(state), Tone::Doubt),
        _ => tone(&clean(state), Tone::Bad),
    }
}

/// One component, on each node.
#[derive(Debug, Serialize)]
pub(crate) struct OnNode {
    node: String,
    #[serde(flatten)]
    component: ComponentShown,
    finding: Option<String>,
    resources: BTreeSet<String>,
    why: BTreeSet<String>,
}

/// What is known of a path.
pub(crate) fn of_path(found: &Components, path: &str) -> Vec<OnNode> {
    let on = |node: &NodeComponents| {
        let component = node.components.iter().find(|it| it.path == path)?.clone();
        let subjects = node
            .subjects
            .iter()
            .filter_map(|subject| Some((subject, subject.files.iter().find(|file| file.path == path)?)));
        let (mut resources, mut why) = (BTreeSet::new(), BTreeSet::new());
        for (subject, file) in subjects {
            resources.extend(subject.resources.iter().cloned());
            why.insert(format!("{}: {}", subject.name, file.why));
        }
        let finding = node.findings.iter().find(|it| it.what == path).map(|it| it.text.clone());
        Some(OnNode { node: node.node.clone(), component, finding, resources, why })
    };
    found.nodes.iter().filter_map(on).collect()
}

/// The same as text.
pub(crate) fn show(found: &Components, path: &str, width: Option<u16>) -> String {
    let blocks = of_path(found, path).into_iter().map(|on| {
        let it = &on.component;
        let mut lines = vec![("node", clean(&on.node)), ("state", state(&it.state))];
        if let (Some(package), Some(version)) = (&it.package, &it.version) {
            lines.push(("package", clean(&format!("{package} {version}"))));
        }
        if it.content.is_empty() {
            lines.push(("content", "it is not there".to_owned()));
        } else {
            lines.push(("content", clean(&it.content)));
            lines.push(("access", format!("mode {}, owner {}:{}", clean(&it.mode), it.uid, it.gid)));
        }
        lines.extend(on.finding.iter().map(|text| ("difference", tone(&clean(text), Tone::Bad))));
        let resources: Vec<String> = on.resources.iter().map(|it| clean(it)).collect();
        let resources = if resources.is_empty() { "none any more".to_owned() } else { resources.join(", ") };
        lines.push(("resources", resources));
        lines.extend(on.why.iter().map(|why| ("because of", clean(why))));
        facts(&lines, width)
    });
    format!("{}\n{}", tone(&clean(path), Tone::Strong), blocks.collect::<Vec<_>>().join("\n"))
}

/// What differs from the baseline.
pub(crate) fn findings(found: &Components, width: Option<u16>) -> String {
    let generation = found.baseline.unwrap_or(0);
    let mut text = String::new();
    for node in &found.nodes {
        if node.differ == 0 {
            text.push_str(&format!("{}: as baseline {generation} has it\n", clean(&node.node)));
            continue;
        }
        let waits = if node.maintenance { "; it runs nothing until nothing differs" } else { "" };
        let head = format!("{}: {} differ from baseline {generation}{waits}", clean(&node.node), node.differ);
        text.push_str(&format!("{}\n", tone(&head, Tone::Bad)));
        for finding in &node.findings {
            text.push_str(&format!(
                "  {}\n",
                wrap(&clean(&finding.text), width.map(|width| width.saturating_sub(2)), 4)
            ));
        }
        let more = node.differ.saturating_sub(node.findings.len() as u64);
        if more > 0 {
            text.push_str(&format!("  and {more} more\n"));
        }
    }
    text
}

/// What differs between two nodes.
#[derive(Debug, Serialize)]
pub(crate) struct Difference {
    path: String,
    one: Option<ComponentShown>,
    other: Option<ComponentShown>,
}

/// File by file.
pub(crate) fn between(one: &NodeComponents, other: &NodeComponents) -> Vec<Difference> {
    let all = |node: &NodeComponents| -> BTreeMap<String, ComponentShown> {
        let there = node.components.iter().filter(|it| !it.content.is_empty());
        there.map(|it| (it.path.clone(), it.clone())).collect()
    };
    let (mut one, mut other) = (all(one), all(other));
    let paths: BTreeSet<String> = one.keys().chain(other.keys()).cloned().collect();
    let key = |it: &ComponentShown| (it.content.clone(), it.mode.clone(), it.uid, it.gid);
    let differ = |path: String| {
        let (one, other) = (one.remove(&path), other.remove(&path));
        let same = one.as_ref().map(key) == other.as_ref().map(key);
        (!same).then_some(Difference { path, one, other })
    };
    paths.into_iter().filter_map(differ).collect()
}

/// The same as text.
pub(crate) fn differences(
    one: &NodeComponents,
    other: &NodeComponents,
    differences: &[Difference],
    width: Option<u16>,
) -> String {
    let (one, other) = (clean(&one.node), clean(&other.node));
    if differences.is_empty() {
        return format!("{one} and {other} have the same components\n");
    }
    let said = |it: &Option<ComponentShown>| match it {
        None => "not there".to_owned(),
        Some(it) => {
            let content: String =
                it.content.chars().take(if it.content.starts_with("->") { 60 } else { 12 }).collect();
            match &it.version {
                Some(version) => clean(&format!("{version} ({content}, {})", it.mode)),
                None => clean(&format!("{content}, {}", it.mode)),
            }
        }
    };
    let rows = differences.iter().map(|it| vec![clean(&it.path), said(&it.one), said(&it.other)]).collect();
    table(&["PATH", &one.to_uppercase(), &other.to_uppercase()], rows, width)
}
