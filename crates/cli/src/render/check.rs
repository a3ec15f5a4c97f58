//! What would be down, and after which failure.

use super::{facts, plan::premises, wrap};
use crate::commands::check::Found;
use crate::offline::Question;
use crate::paint::{Tone, clean, tone};
use planner::foresight::{Loss, Lost};
use planner::hypothesis::Hypothesis;

/// What was found, for people.
pub(crate) fn check(question: &Question, found: &Found, width: Option<u16>) -> String {
    let mut blocks = vec![facts(&premises(question), width)];
    if !found.down_already.is_empty() {
        let head = tone("without any failure:", Tone::Strong);
        blocks.push(format!("{head}\n{}", lost(&found.down_already, "is down", width)));
    }
    blocks.extend(found.losses.iter().map(|loss| one(loss, width)));
    blocks.push(format!("{}\n", wrap(&summary(found), width, 0)));
    blocks.join("\n")
}

/// What would happen, what is down then, and who is out of reach.
fn one(loss: &Loss, width: Option<u16>) -> String {
    let happens = loss.failures.iter().map(|failure| in_words(failure)).collect::<Vec<_>>();
    let head = tone(&format!("if {}:", happens.join(", and ")), Tone::Strong);
    let leaves = loss.leaves.iter().map(|leaves| format!("  {}\n", wrap(&clean(leaves), width, 2)));
    let down = lost(&loss.down, "would be down", width);
    let unreachable = lost(&loss.unreachable, "would be out of reach", width);
    format!("{}\n{}{down}{unreachable}", wrap(&head, width, 0), leaves.collect::<String>())
}

fn lost(groups: &[Lost], how: &str, width: Option<u16>) -> String {
    let line = |lost: &Lost| {
        let group = tone(&format!("{} {how}:", clean(lost.group.as_str())), Tone::Bad);
        format!("  {}\n", wrap(&format!("{group} {}", clean(&lost.reason)), width, 4))
    };
    groups.iter().map(line).collect()
}

fn in_words(failure: &str) -> String {
    let text = match failure.parse() {
        Ok(Hypothesis::Node(node, _)) => format!("{node} is lost"),
        Ok(Hypothesis::Resource(Some(group), name)) => format!("{group}/{name} fails for good where it runs"),
        Ok(Hypothesis::Type(kind, node)) => format!("{node} can run no {kind}"),
        Ok(Hypothesis::Network(name)) => format!("network {name} is lost"),
        Ok(Hypothesis::Resource(None, _)) | Err(_) => failure.to_owned(),
    };
    clean(&text)
}

fn summary(found: &Found) -> String {
    let of = |of_how_many: usize| found.losses.iter().filter(move |loss| loss.failures.len() == of_how_many);
    let losses = |of_how_many| of(of_how_many).filter(|loss| !loss.down.is_empty()).count();
    let told = |tried: usize, lost: usize, what: &str| {
        let s = if tried == 1 { "" } else { "s" };
        match lost {
            0 => format!("{tried} {what}{s} tried: none would leave a group down"),
            lost => format!("{tried} {what}{s} tried: {lost} would leave a group down"),
        }
    };
    let mut text = told(found.tried, losses(1), "failure");
    match of(1).filter(|loss| loss.down.is_empty()).count() {
        0 => {}
        only => text.push_str(&format!(", {only} only out of reach")),
    }
    if found.pairs_tried > 0 {
        text.push_str(&format!("; {}", told(found.pairs_tried, losses(2), "pair")));
        if found.pairs_tried < found.pairs {
            let those = "those with whole nodes and networks first";
            text.push_str(&format!(" (of {}, {those})", found.pairs));
        }
        if losses(2) > 0 {
            text.push_str(" that neither of the two does alone");
        }
    }
    match found.down_already.len() {
        0 => text,
        1 => format!("{text}; 1 group is down already"),
        more => format!("{text}; {more} groups are down already"),
    }
}
