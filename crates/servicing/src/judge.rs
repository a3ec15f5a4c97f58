//! From a baseline and what a node has to what differs, and to what the node is ready for.
//!
//! Only what is known to be wrong keeps a resource from a node: a file that is missing, older, below its floor,
//! taken back, foreign, shadowed by another, without a permission that it needs, or that does not fit those beside
//! it. What is merely not approved yet only lets other nodes go before: otherwise an ordinary night of updates on
//! all nodes would leave no node ready.

mod class;
mod files;

pub use class::Class;

use crate::inventory::{Found, Inventory};
use crate::root;
use model::stored::{Baseline, FindingRecord, ReadinessDegree, ReadinessVerdict, Subject};
use model::{AbsolutePath, ContentHash, NodeName, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// What is to be judged.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// By what.
    pub baseline: &'a Baseline,
    /// What the node has.
    pub inventory: &'a Inventory,
    /// What might run there, as `GROUP/RESOURCE`, and the subject that it stands on. One that the baseline does
    /// not know is passed over.
    pub resources: &'a BTreeMap<String, String>,
    /// Which node it is.
    pub node: &'a NodeName,
    /// When.
    pub now: Timestamp,
    /// A package manager is at work: what it has not finished yet is no verdict on what it will have made.
    pub installing: bool,
}

/// A difference between a node and the baseline.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// How bad it is.
    pub class: Class,
    /// Which file; where files do not fit each other, whose.
    pub what: String,
    /// What was validated.
    pub expected: String,
    /// What is there.
    pub found: String,
    /// Who stands on it, as `GROUP/RESOURCE`.
    pub resources: BTreeSet<String>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// What differs, the worst first.
    pub findings: Vec<Finding>,
    /// The resources that the node is not as ready for as it might be.
    pub resources: BTreeMap<String, ReadinessVerdict>,
    /// One hash over what the baseline has of what might run there.
    pub expected: ContentHash,
    /// The same over what the node has: equal, if nothing differs.
    pub root: ContentHash,
}

/// Holds a node against a baseline.
#[must_use]
pub fn judge(question: &Question<'_>) -> Judgement {
    let stands = standing_on(question);
    let mut findings: Vec<Finding> = Vec::new();
    for (path, resources) in stands.files() {
        findings.extend(files::of_file(question, path).map(|found| found.on(path, &resources)));
    }
    for (name, (subject, resources)) in &stands.subjects {
        findings.extend(
            files::beside(question, name, subject)
                .into_iter()
                .map(|(path, found)| found.on(&path, resources)),
        );
        findings.extend(broken(question, name, subject, resources));
    }
    findings.extend(files::out_of_order(question, &stands.files()));
    // Several subjects may have found the same.
    let mut merged: BTreeMap<(Class, String, String, String), BTreeSet<String>> = BTreeMap::new();
    for one in findings {
        merged.entry((one.class, one.what, one.expected, one.found)).or_default().extend(one.resources);
    }
    let findings: Vec<Finding> = merged
        .into_iter()
        .map(|((class, what, expected, found), resources)| Finding {
            class,
            what,
            expected,
            found,
            resources,
        })
        .collect();
    let resources = verdicts(question.baseline, &findings);
    let (expected, root) = roots(question, &stands);
    Judgement { findings, resources, expected, root }
}

/// Who stands on what of the baseline.
struct Standing<'a> {
    subjects: BTreeMap<&'a str, (&'a Subject, BTreeSet<String>)>,
}

impl<'a> Standing<'a> {
    fn files(&self) -> BTreeMap<&'a AbsolutePath, BTreeSet<String>> {
        let mut files: BTreeMap<&AbsolutePath, BTreeSet<String>> = BTreeMap::new();
        for (subject, resources) in self.subjects.values() {
            for path in &subject.files {
                files.entry(path).or_default().extend(resources.iter().cloned());
            }
        }
        files
    }
}

fn standing_on<'a>(question: &Question<'a>) -> Standing<'a> {
    let mut subjects: BTreeMap<&str, (&Subject, BTreeSet<String>)> = BTreeMap::new();
    for (resource, name) in question.resources {
        if let Some((name, subject)) = question.baseline.subjects.get_key_value(name) {
            let entry = subjects.entry(name).or_insert_with(|| (subject, BTreeSet::new()));
            entry.1.insert(resource.clone());
        }
    }
    Standing { subjects }
}

/// What does not fit on the node and did when it was validated.
fn broken(
    question: &Question<'_>,
    name: &str,
    subject: &Subject,
    resources: &BTreeSet<String>,
) -> Option<Finding> {
    let resolution = question.inventory.resolutions.get(name)?;
    let new: Vec<&str> = resolution.problems.difference(&subject.problems).map(String::as_str).collect();
    let first = new.first()?;
    let more = match new.len() {
        1 => String::new(),
        count => format!("; and {} more", count - 1),
    };
    Some(Finding {
        class: if question.installing { Class::Installing } else { Class::Broken },
        what: name.to_owned(),
        expected: "files that fit each other".to_owned(),
        found: format!("{first}{more}"),
        resources: resources.clone(),
    })
}

fn verdicts(baseline: &Baseline, findings: &[Finding]) -> BTreeMap<String, ReadinessVerdict> {
    let mut worst: BTreeMap<&String, (ReadinessDegree, &Finding, usize)> = BTreeMap::new();
    for finding in findings {
        let Some(degree) = finding.class.degree() else { continue };
        for resource in &finding.resources {
            let entry = worst.entry(resource).or_insert((degree, finding, 0));
            entry.2 += 1;
            if degree > entry.0 {
                (entry.0, entry.1) = (degree, finding);
            }
        }
    }
    let verdict = |(resource, (degree, finding, count)): (&String, (ReadinessDegree, &Finding, usize))| {
        let more = if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() };
        let reason = format!("{}{more}", finding.sentence(baseline.generation.0));
        (resource.clone(), ReadinessVerdict { degree, reason })
    };
    worst.into_iter().map(verdict).collect()
}

fn roots(question: &Question<'_>, stands: &Standing<'_>) -> (ContentHash, ContentHash) {
    let nothing = Found::Missing;
    let is_optional =
        |path: &AbsolutePath| stands.subjects.values().any(|(subject, _)| subject.optional.contains(path));
    // What a node need not have counts only where it has it.
    let has =
        |path: &AbsolutePath| question.inventory.files.get(path).is_some_and(|it| *it != Found::Missing);
    let files: Vec<&AbsolutePath> =
        stands.files().into_keys().filter(|path| !is_optional(path) || has(path)).collect();
    let of_baseline = |path: &&AbsolutePath| question.baseline.components.get_key_value(*path);
    let expected = root::expected(files.iter().filter_map(of_baseline));
    let of_node = |path: &AbsolutePath| question.inventory.files.get(path).unwrap_or(&nothing);
    let found: BTreeMap<&AbsolutePath, &Found> =
        files.iter().filter(|path| of_baseline(path).is_some()).map(|path| (*path, of_node(path))).collect();
    (expected, root::found(&found))
}

impl Finding {
    /// It, in a sentence without a full stop.
    #[must_use]
    pub fn sentence(&self, generation: u64) -> String {
        let Self { class, what, expected, found, .. } = self;
        match class {
            Class::Broken => format!("{what} cannot be started: {found}"),
            _ => format!("{what} is {class}: baseline {generation} has {expected}; found is {found}"),
        }
    }

    /// As it is kept.
    #[must_use]
    pub fn record(&self, generation: u64) -> FindingRecord {
        let class = self.class.to_string();
        FindingRecord { what: self.what.clone(), class, text: self.sentence(generation) }
    }
}

#[cfg(test)]
mod tests;
