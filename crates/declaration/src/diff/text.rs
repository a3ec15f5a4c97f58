//! A diff, for people.

use super::{Change, ChangeKind, Diff, Item, KeyChange};
use std::fmt;

impl Diff {
    /// The diff, a line each, without control characters. Never empty: that nothing changes is
    /// said too.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        if self.changes.is_empty() {
            let only_text = "only comments or layout changed: the cluster does the same as before";
            let nothing = "nothing changes: the cluster has exactly this declaration already";
            return vec![if self.text_differs { only_text } else { nothing }.to_owned()];
        }
        let mut lines: Vec<String> = self.changes.iter().flat_map(change_lines).collect();
        let removed = self.of_kind(ChangeKind::Removed);
        if removed > 0 {
            lines.push(format!("what the file omits is removed: {removed} in all"));
        }
        lines
    }

    /// The diff in one line, for the event that tells of it: names first, then counts.
    #[must_use]
    pub fn summary(&self) -> String {
        if self.changes.is_empty() {
            return self.lines().concat();
        }
        /// More would push the rest of the message out of a log's line.
        const NAMED_MAX: usize = 5;
        let name = |change: &Change| format!("{} {}", change.item, change.kind);
        let mut named: Vec<String> = self.changes.iter().take(NAMED_MAX).map(name).collect();
        if self.changes.len() > NAMED_MAX {
            named.push(format!("and {} more changes", self.changes.len() - NAMED_MAX));
        }
        named.join(", ")
    }

    fn of_kind(&self, kind: ChangeKind) -> usize {
        self.changes.iter().filter(|change| change.kind == kind).count()
    }
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines().iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster => f.write_str("cluster"),
            Self::Node(node) => write!(f, "node {node}"),
            Self::Type(kind) => write!(f, "type {kind}"),
            Self::Group(group) => write!(f, "group {group}"),
            Self::Resource(group, resource) => write!(f, "resource {group}/{resource}"),
        }
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
        })
    }
}

fn change_lines(change: &Change) -> Vec<String> {
    let sign = match change.kind {
        ChangeKind::Added => '+',
        ChangeKind::Changed => '~',
        ChangeKind::Removed => '-',
    };
    let mut lines = vec![format!("{sign} {}", change.item)];
    lines.extend(change.keys.iter().map(|key| key_line(sign, key)));
    lines
}

fn key_line(sign: char, change: &KeyChange) -> String {
    let key = &change.key;
    match (&change.old, &change.new) {
        (None, Some(new)) => format!("{sign}   {key} = {new}"),
        (Some(old), None) => format!("{sign}   {key} = {old} -> (left out)"),
        (Some(old), Some(new)) => format!("{sign}   {key} = {old} -> {new}"),
        (None, None) => format!("{sign}   {key}"),
    }
}
