//! Baselines, as text.

use super::{facts, wrap};
use crate::paint::{Tone, clean, tone};
use crate::table::table;
use api::{BaselineDiff, BaselineDraft, BaselineShown, BaselineSummary, ComponentChange};

/// Changes that are listed; all of them are in `--json`.
const CHANGES_MAX: usize = 40;

/// A baseline, with how many files each subject has.
pub(crate) fn show(shown: &BaselineShown, width: Option<u16>) -> String {
    let it = &shown.summary;
    let mut lines = vec![
        ("baseline", it.generation.to_string()),
        ("made", clean(&format!("{} by {}", it.made, it.by))),
        ("origin", clean(&it.origin)),
        ("signed by", clean(&it.signers.join(", "))),
        ("files", it.files.to_string()),
    ];
    lines.extend(it.problem.iter().map(|problem| ("not used", tone(&clean(problem), Tone::Bad))));
    lines.extend(it.reason.iter().map(|reason| ("reason", clean(reason))));
    lines.extend(it.expires.iter().map(|at| ("lowered until", clean(at))));
    lines.extend(shown.floors.iter().map(|it| ("floor", clean(&format!("{} {}", it.package, it.version)))));
    lines.extend(shown.order.iter().map(|it| ("order", clean(&format!("{} before {}", it.first, it.then)))));
    for waiver in &shown.waivers {
        let on = waiver.node.as_ref().map(|node| format!(" on {node}")).unwrap_or_default();
        lines.push((
            "waived",
            clean(&format!("{}{on} until {}: {}", waiver.path, waiver.until, waiver.reason)),
        ));
    }
    let row = |subject: &api::SubjectShown| vec![clean(&subject.name), subject.files.len().to_string()];
    let subjects = table(&["STANDS ON", "FILES"], shown.subjects.iter().map(row).collect(), width);
    format!("{}\n{subjects}", facts(&lines, width))
}

/// The baselines that are kept.
pub(crate) fn history(history: &[BaselineSummary], width: Option<u16>) -> String {
    if history.is_empty() {
        return "nothing was validated yet\n".to_owned();
    }
    let row = |it: &BaselineSummary| {
        let number = if it.present { format!("{} *", it.generation) } else { it.generation.to_string() };
        let signers = match &it.problem {
            Some(_) => tone("nobody who may", Tone::Bad),
            None => clean(&it.signers.join(", ")),
        };
        let reason = it.reason.as_deref().unwrap_or("-");
        [
            vec![number],
            [&it.made, &it.origin].map(|text| clean(text)).to_vec(),
            vec![it.files.to_string(), signers, clean(reason)],
        ]
        .concat()
    };
    table(
        &["BASELINE", "MADE", "ORIGIN", "FILES", "SIGNED BY", "REASON"],
        history.iter().map(row).collect(),
        width,
    )
}

/// What differs between two.
pub(crate) fn diff(found: &BaselineDiff, width: Option<u16>) -> String {
    if found.changes.is_empty() {
        return format!("baselines {} and {} have the same files\n", found.from, found.to);
    }
    changes(&found.changes, width)
}

/// What a new one would change.
pub(crate) fn draft(draft: &BaselineDraft, width: Option<u16>) -> String {
    let is_first = draft.generation == 1;
    let mut text = match (draft.changes.len(), is_first) {
        (count, true) => format!("baseline 1: {count} files\n"),
        (0, false) => format!("baseline {}: the same files\n", draft.generation),
        (_, false) => changes(&draft.changes, width),
    };
    if !draft.lowered.is_empty() {
        let line = format!("takes back: {}", clean(&draft.lowered.join(", ")));
        text.push_str(&format!("{}\n", wrap(&tone(&line, Tone::Doubt), width, 2)));
    }
    text
}

fn changes(changes: &[ComponentChange], width: Option<u16>) -> String {
    let row = |it: &ComponentChange| {
        let direction = match it.direction.as_str() {
            "newer" | "added" => clean(&it.direction),
            _ => tone(&clean(&it.direction), Tone::Doubt),
        };
        let or_nothing = |text: &str| if text.is_empty() { "-".to_owned() } else { clean(text) };
        vec![clean(&it.path), direction, or_nothing(&it.from), or_nothing(&it.to)]
    };
    let rows = changes.iter().take(CHANGES_MAX).map(row).collect();
    let mut text = table(&["PATH", "CHANGE", "FROM", "TO"], rows, width);
    if changes.len() > CHANGES_MAX {
        text.push_str(&format!("and {} more; --json lists all\n", changes.len() - CHANGES_MAX));
    }
    text
}
