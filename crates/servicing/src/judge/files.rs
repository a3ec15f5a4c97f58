//! What is wrong with one file.

use super::{Class, Finding, Question};
use crate::compare::{self, Relation};
use crate::inventory::{Found, Seen};
use model::AbsolutePath;
use model::stored::{Component, Content, KnownContent, Subject, Waiver};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// A difference, before it is known who stands on the file.
pub(super) struct Difference {
    class: Class,
    expected: String,
    found: String,
}

impl Difference {
    pub(super) fn on(self, path: &AbsolutePath, resources: &BTreeSet<String>) -> Finding {
        let Self { class, expected, found } = self;
        Finding { class, what: path.to_string(), expected, found, resources: resources.clone() }
    }
}

/// How a file of the baseline differs on the node.
pub(super) fn of_file(question: &Question<'_>, path: &AbsolutePath) -> Option<Difference> {
    let expected = question.baseline.components.get(path)?;
    let found = question.inventory.files.get(path).unwrap_or(&Found::Missing);
    if is_waived(question, path, found.content()) {
        return None;
    }
    let (class, shown) = match found {
        Found::Missing => (missing(question, path, expected)?, "nothing".to_owned()),
        Found::Unreadable(why) => (Class::Unreadable, format!("something that cannot be read: {why}")),
        Found::There(seen) => {
            (content(question, path, expected, seen)?, shown(question, path, expected, seen))
        }
    };
    // What its package manager has not finished yet is no verdict on what it will have made.
    let is_underway = question.installing && expected.package.is_some() && class.excludes();
    let class = if is_underway { Class::Installing } else { class };
    Some(Difference { class, expected: said(question, expected, class), found: shown })
}

fn is_waived(question: &Question<'_>, path: &AbsolutePath, content: Option<&Content>) -> bool {
    let lets_through = |waiver: &Waiver| {
        waiver.path == *path
            && question.now < waiver.until
            && waiver.node.as_ref().is_none_or(|node| node == question.node)
            && waiver.content.as_ref().is_none_or(|wanted| Some(wanted) == content)
    };
    question.baseline.waivers.iter().any(lets_through)
}

/// A file that is not there is missed, unless nobody needs it any more: not all nodes ever had it, or its package
/// is newer, and what stands on it now does so without it.
fn missing(question: &Question<'_>, path: &AbsolutePath, expected: &Component) -> Option<Class> {
    let subjects = || {
        let used = question.resources.values().filter_map(|name| {
            Some((name, question.baseline.subjects.get(name)?)).filter(|(_, it)| it.files.contains(path))
        });
        used.collect::<Vec<(&String, &Subject)>>()
    };
    if subjects().iter().all(|(_, subject)| subject.optional.contains(path)) {
        return None;
    }
    let is_newer = expected.package.as_ref().is_some_and(|was| {
        let is = question.inventory.packages.get(&was.name);
        is.and_then(|is| compare::packages(was, is)) == Some(Ordering::Greater)
    });
    let needs_it = |name: &String| {
        question.inventory.resolutions.get(name).is_none_or(|resolution| resolution.files.contains(path))
    };
    let is_needed = subjects().iter().any(|(name, _)| needs_it(name));
    Some(if is_newer && !is_needed { Class::Newer } else { Class::Missing })
}

fn content(question: &Question<'_>, path: &AbsolutePath, expected: &Component, seen: &Seen) -> Option<Class> {
    if is_below_floor(question, seen) {
        return Some(Class::BelowFloor);
    }
    let relation = compare::relation(expected, seen);
    if relation == Relation::Same {
        return permissions(expected, &seen.component);
    }
    if let Some(known) = known(question, path, seen) {
        let later = match (&expected.package, &known.package) {
            (Some(was), Some(is)) if was.name == is.name => compare::packages(was, is),
            _ => None,
        };
        let is_withdrawn = later == Some(Ordering::Greater);
        return Some(if is_withdrawn { Class::Withdrawn } else { Class::Older });
    }
    Some(match relation {
        Relation::Older => Class::Older,
        Relation::Newer => Class::Newer,
        Relation::Same | Relation::Foreign => Class::Foreign,
    })
}

/// In which generation it was what it is now.
fn known<'a>(question: &Question<'a>, path: &AbsolutePath, seen: &Seen) -> Option<&'a KnownContent> {
    let known = question.baseline.known.get(path)?;
    known.iter().find(|known| known.content == seen.component.content)
}

fn is_below_floor(question: &Question<'_>, seen: &Seen) -> bool {
    let Some(package) = &seen.component.package else { return false };
    let Some(floor) = question.baseline.floors.get(&package.name) else { return false };
    let floor = crate::version::Version::parse(compare::scheme(floor.scheme), &floor.version).ok();
    let order = |floor: &crate::version::Version| compare::version(package)?.order(floor);
    floor.as_ref().and_then(order) == Some(Ordering::Less)
}

/// A permission that is gone may be needed; one more is somebody's mistake, or worse, but nothing fails of it.
fn permissions(expected: &Component, found: &Component) -> Option<Class> {
    if found.mode & expected.mode != expected.mode {
        return Some(Class::PermissionLost);
    }
    let same = (expected.mode, expected.uid, expected.gid) == (found.mode, found.uid, found.gid);
    (!same).then_some(Class::PermissionChanged)
}

fn said(question: &Question<'_>, expected: &Component, class: Class) -> String {
    match class {
        Class::PermissionLost | Class::PermissionChanged => access(expected),
        Class::BelowFloor => {
            let floor = expected.package.as_ref().and_then(|it| question.baseline.floors.get(&it.name));
            floor.map_or_else(|| compare::described(expected), |floor| format!("{} or later", floor.version))
        }
        _ => compare::described(expected),
    }
}

fn shown(question: &Question<'_>, path: &AbsolutePath, expected: &Component, seen: &Seen) -> String {
    if expected.content == seen.component.content && !is_below_floor(question, seen) {
        return access(&seen.component);
    }
    let mut text = compare::described(&seen.component);
    if let Some(known) = known(question, path, seen) {
        let version = known.package.as_ref().map(|package| format!(", {} {}", package.name, package.version));
        text.push_str(&format!(", as baseline {} had it{}", known.generation, version.unwrap_or_default()));
    } else if seen.as_packaged == Some(false) {
        text.push_str(", which is not what that package brought");
    }
    text
}

fn access(component: &Component) -> String {
    format!("mode {:04o}, owner {}:{}", component.mode, component.uid, component.gid)
}

/// What a subject stands on now, and did not when it was validated: files that take the place of others, and files
/// of which nobody knows. What a package brought is an update, which its other files tell of.
pub(super) fn beside(
    question: &Question<'_>,
    name: &str,
    subject: &Subject,
) -> Vec<(AbsolutePath, Difference)> {
    let Some(resolution) = question.inventory.resolutions.get(name) else { return Vec::new() };
    let is_there = |path: &&AbsolutePath| {
        question.inventory.files.get(*path).is_some_and(|found| *found != Found::Missing)
    };
    let mut differences = Vec::new();
    for path in resolution.files.difference(&subject.files).filter(is_there) {
        let Some(Found::There(seen)) = question.inventory.files.get(path) else { continue };
        if seen.component.package.is_some() || is_waived(question, path, Some(&seen.component.content)) {
            continue;
        }
        let called = path.as_path().file_name();
        let same_name = |other: &&AbsolutePath| other.as_path().file_name() == called;
        let shown = format!("{path}, {}", compare::described(&seen.component));
        match subject.files.iter().find(same_name) {
            Some(hidden) => {
                let expected = question.baseline.components.get(hidden);
                let expected = expected.map(compare::described).unwrap_or_default();
                let difference = Difference { class: Class::Shadowed, expected, found: shown };
                differences.push((hidden.clone(), difference));
            }
            None => {
                let difference =
                    Difference { class: Class::Foreign, expected: "nothing there".to_owned(), found: shown };
                differences.push((path.clone(), difference));
            }
        }
    }
    differences
}

/// Packages that were installed in another order than they have to be.
pub(super) fn out_of_order(
    question: &Question<'_>,
    files: &BTreeMap<&AbsolutePath, BTreeSet<String>>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in &question.baseline.order {
        let when = |package: &String| question.inventory.installed.get(package);
        let (Some(first), Some(then)) = (when(&rule.first), when(&rule.then)) else { continue };
        if first <= then {
            continue;
        }
        let brought = |path: &&AbsolutePath| {
            let component = question.baseline.components.get(*path);
            component.and_then(|it| it.package.as_ref()).is_some_and(|package| package.name == rule.then)
        };
        let paths = files.iter().filter(|(path, _)| brought(path));
        let resources: BTreeSet<String> =
            paths.flat_map(|(_, resources)| resources.iter().cloned()).collect();
        if !resources.is_empty() {
            findings.push(Finding {
                class: Class::OutOfOrder,
                what: format!("package {}", rule.then),
                expected: format!("{} first, then {}", rule.first, rule.then),
                found: format!("{} installed after {}: install {} again", rule.first, rule.then, rule.then),
                resources,
            });
        }
    }
    findings
}
