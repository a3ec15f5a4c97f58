//! Resource types as text.

use super::{facts, lapse};
use crate::paint::{Tone, clean, tone};
use crate::table::table;
use api::{ParameterShown, TypeOnNode, TypeShown};

/// The types, a row each.
pub(crate) fn list(types: &[TypeShown], width: Option<u16>) -> String {
    let row = |shown: &TypeShown| vec![clean(&shown.name), nodes(shown)];
    table(&["TYPE", "NODES"], types.iter().map(row).collect(), width)
}

/// `n1, n2; not n3`: what a row has room for. Why not, `show` says.
fn nodes(shown: &TypeShown) -> String {
    let of = |wanted: Option<bool>| -> Vec<String> {
        shown.nodes.iter().filter(|(_, on)| on.loadable == wanted).map(|(name, _)| clean(name)).collect()
    };
    let words = [("", Some(true), Tone::Good), ("not ", Some(false), Tone::Bad), ("? ", None, Tone::Doubt)];
    let some = words.into_iter().filter_map(|(word, wanted, how)| {
        let names = of(wanted);
        (!names.is_empty()).then(|| tone(&format!("{word}{}", names.join(", ")), how))
    });
    some.collect::<Vec<_>>().join("; ")
}

/// One type, in full.
pub(crate) fn show(shown: &TypeShown, width: Option<u16>) -> String {
    let mut lines = vec![("type", clean(&shown.name))];
    let texts = [("what", &shown.summary), ("", &shown.description), ("version", &shown.version)];
    for (label, text) in texts {
        if let Some(text) = text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            lines.push((label, clean(&text.split_whitespace().collect::<Vec<_>>().join(" "))));
        }
    }
    for (name, on) in &shown.nodes {
        lines.push(("on", format!("{}: {}", clean(name), standing(on))));
    }
    if !shown.verbs.is_empty() {
        let verb = |(verb, deadline): (&String, &Option<u64>)| match deadline {
            Some(ms) => format!("{} ({})", clean(verb), lapse(*ms)),
            None => clean(verb),
        };
        lines.push(("can", shown.verbs.iter().map(verb).collect::<Vec<_>>().join(", ")));
    }
    let mut text = facts(&lines, width);
    match shown.parameters.as_deref() {
        None => text.push_str("\nno node says what its parameters are\n"),
        Some([]) => text.push_str("\nit has no parameters\n"),
        Some(parameters) => {
            text.push('\n');
            let heads = ["PARAMETER", "VALUE", "DEFAULT", "MEANING"];
            text.push_str(&table(&heads, parameters.iter().map(parameter).collect(), width));
        }
    }
    text
}

fn standing(on: &TypeOnNode) -> String {
    let reason = on.reason.as_deref().map(clean).unwrap_or_default();
    match on.loadable {
        Some(true) => tone("can be used", Tone::Good),
        Some(false) => format!("{}: {reason}", tone("cannot be used", Tone::Bad)),
        None => format!("{}: {reason}", tone("not known", Tone::Doubt)),
    }
}

fn parameter(of: &ParameterShown) -> Vec<String> {
    let default = match (&of.default, of.required) {
        (_, true) => "(required)".to_owned(),
        (Some(default), _) => clean(default),
        (None, _) => "-".to_owned(),
    };
    let mut meaning = clean(&of.summary.split_whitespace().collect::<Vec<_>>().join(" "));
    if let Some(newer) = &of.replaced_by {
        meaning.push_str(&format!(" (use `{}` instead)", clean(newer)));
    }
    vec![clean(&of.name), clean(&of.kind), default, meaning]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::check;
    use crate::paint::paint;
    use std::collections::BTreeMap;

    fn disk() -> TypeShown {
        let on = |loadable, reason: Option<&str>| TypeOnNode { loadable, reason: reason.map(str::to_owned) };
        let parameter = |name: &str, required, default: Option<&str>| ParameterShown {
            name: name.to_owned(),
            kind: "text".to_owned(),
            required,
            default: default.map(str::to_owned),
            unique: false,
            summary: "What it\n    means.".to_owned(),
            replaced_by: None,
        };
        TypeShown {
            name: "ocf:heartbeat:Filesystem".to_owned(),
            nodes: BTreeMap::from([
                ("n1".to_owned(), on(Some(true), None)),
                ("n2".to_owned(), on(Some(false), Some("there is no such type on this node"))),
                ("n3".to_owned(), on(None, Some("no answer from 10.99.0.3:7400 within 2s"))),
            ]),
            parameters: Some(vec![parameter("device", true, None), parameter("options", false, Some("rw"))]),
            summary: Some("Manages filesystem mounts".to_owned()),
            description: None,
            version: Some("1.1".to_owned()),
            verbs: BTreeMap::from([("online".to_owned(), Some(60_000)), ("probe".to_owned(), None)]),
            promotable: false,
        }
    }

    #[test]
    fn a_type_says_where_it_can_be_used_and_why_not_elsewhere() {
        let bare = TypeShown { parameters: None, ..disk() };
        let empty = TypeShown { parameters: Some(Vec::new()), ..disk() };
        let all = [list(&[disk()], Some(80)), show(&disk(), Some(80)), show(&bare, None), show(&empty, None)];
        check("types.txt", &paint(&all.join("\n"), false));
    }
}
