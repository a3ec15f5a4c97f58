//! What becomes of an installer's run, and how it is said.

use crate::Change;
use crate::folder::{Folder, Policy, PolicyError};
use crate::offers;
use model::Timestamp;
use model::stored::{GuardDeed, GuardNote, PackageVersion, Permit};
use servicing::guard::{self, Refusal, Why};
use std::fmt::Write as _;
use std::path::Path;

/// What becomes of it.
#[derive(Debug)]
pub struct Answer {
    /// What is not to be installed.
    pub refused: Vec<Refusal>,
    /// What is let through because somebody said so, with who did.
    pub permitted: Vec<(PackageVersion, Permit)>,
    /// What could not be found out, in sentences.
    pub problems: Vec<String>,
    policy: Option<Policy>,
}

/// Decides.
#[must_use]
pub fn decide(folder: &Folder, changes: &[Change], root: &Path, now: Timestamp) -> Answer {
    let mut answer =
        Answer { refused: Vec::new(), permitted: Vec::new(), problems: Vec::new(), policy: None };
    if changes.is_empty() {
        return answer;
    }
    let policy = match folder.policy() {
        Ok(policy) => policy,
        Err(PolicyError::None) => return answer,
        Err(error) => {
            answer.problems.push(error.to_string());
            return answer;
        }
    };
    let (offers, problems) = offers::of(&policy.baseline, changes, root);
    let permits = folder.permits();
    let refused = guard::refusals(&policy.baseline, &offers, &[], now);
    for refusal in refused {
        match permits.iter().find(|permit| guard::permits_it(permit, &refusal.package, now)) {
            Some(permit) => answer.permitted.push((refusal.package, permit.clone())),
            None => answer.refused.push(refusal),
        }
    }
    (answer.problems, answer.policy) = (problems, Some(policy));
    answer
}

impl Answer {
    /// Leaves word of it for the daemon.
    pub fn note(&mut self, folder: &Folder, installer: &str, now: Timestamp) {
        let mut deeds = Vec::new();
        let generation = self.generation();
        if !self.refused.is_empty() {
            deeds.push(GuardDeed::Refused {
                packages: self.refused.iter().map(|it| it.package.clone()).collect(),
                reasons: self.refused.iter().map(|it| it.sentence(generation)).collect(),
            });
        }
        if !self.permitted.is_empty() {
            let by = |(_, permit): &(PackageVersion, Permit)| format!("{}: {}", permit.by, permit.reason);
            deeds.push(GuardDeed::Permitted {
                packages: self.permitted.iter().map(|(package, _)| package.clone()).collect(),
                by: self.permitted.iter().map(by).collect(),
            });
        }
        for what in deeds {
            let note = GuardNote { at: now, installer: installer.to_owned(), what };
            if let Err(error) = folder.note(&note) {
                self.problems.push(format!("{}: {error}", folder.path().display()));
            }
        }
    }

    fn generation(&self) -> u64 {
        self.policy.as_ref().map_or(0, |policy| policy.baseline.generation.0)
    }

    /// It in words, for the terminal or the log of whoever installs; empty, if there is nothing to say.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for problem in &self.problems {
            let _ = writeln!(text, "steadfast: not looked at: {problem}");
        }
        for (package, permit) in &self.permitted {
            let PackageVersion { name, version, .. } = package;
            let Permit { by, reason, .. } = permit;
            let _ = writeln!(text, "steadfast: {name} {version} is let through: {by} said so ({reason})");
        }
        let Some(policy) = self.policy.as_ref().filter(|_| !self.refused.is_empty()) else { return text };
        for refusal in &self.refused {
            self.one(&mut text, refusal, policy);
        }
        let _ = writeln!(text, "Nothing was changed. Why there is a guard: steadfast explain 21030");
        text
    }

    fn one(&self, text: &mut String, refusal: &Refusal, policy: &Policy) {
        let Policy { cluster, node, baseline } = policy;
        let PackageVersion { name, version, .. } = &refusal.package;
        let _ = writeln!(text, "steadfast: refused: {}", refusal.sentence(baseline.generation.0));
        let mut line = |what: &str, value: &str| {
            let _ = writeln!(text, "  {what:<10} {value}");
        };
        let source = if refusal.source.is_empty() { String::new() } else { format!(" ({})", refusal.source) };
        line("package", &format!("{name}{source}"));
        if let Some(file) = &refusal.file {
            let stands = match refusal.subjects.as_slice() {
                [] => String::new(),
                [first] => format!(" ({first} stands on it)"),
                [first, rest @ ..] => format!(" ({first} and {} more stand on it)", rest.len()),
            };
            line("file", &format!("{file}{stands}"));
        }
        line("installed", refusal.installed.as_deref().unwrap_or("nothing"));
        line("offered", version);
        let validated = match &refusal.why {
            Why::Older { validated } | Why::Withdrawn { validated } => format!(" has {name} {validated}"),
            Why::OlderFile { validated, .. } => format!(" has {validated}"),
            Why::BelowFloor { floor, .. } => format!(" wants {name} {floor} or later"),
        };
        line("validated", &format!("baseline {} of cluster {cluster}{validated}", baseline.generation.0));
        line("override", &format!("root on {node}: steadfast guard allow {name}={version} --reason WHY"));
    }
}

#[cfg(test)]
pub(crate) mod tests;
