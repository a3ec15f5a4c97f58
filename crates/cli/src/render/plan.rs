//! A plan as text: where everything is to be, what is done for it, and what it comes to.

use super::{facts, lapse, wrap};
use crate::offline::{Question, Start};
use crate::paint::{Tone, clean, tone};
use crate::table::table;
use api::PlanMade;
use model::desired::{Failback, When};
use planner::{Considered, GroupReport, Outcome, Plan, Step};
use std::collections::BTreeSet;

/// How many nodes are named in the heading.
const NODES_MAX: usize = 12;

/// Plans that follow each other, for people: the first whole, of the others what is different.
pub(crate) fn plans(question: &Question, plans: &[Plan], width: Option<u16>) -> String {
    let mut blocks = vec![facts(&premises(question), width)];
    for (place, plan) in plans.iter().enumerate() {
        if place > 0 {
            let text =
                tone("then, when that is done, and every copy would do alike as a primary:", Tone::Strong);
            blocks.push(format!("{}\n", wrap(&text, width, 0)));
        }
        let shown = plan.report.groups.iter().filter(|one| place == 0 || one.outcome != Outcome::Stays);
        let row = |one: &GroupReport| {
            vec![clean(one.group.as_str()), outcome(one.outcome), places(one), clean(&one.reason)]
        };
        let rows: Vec<_> = shown.map(row).collect();
        if !rows.is_empty() {
            blocks.push(table(&["GROUP", "OUTCOME", "WHERE", "WHY"], rows, width));
        }
        if !plan.steps.is_empty() {
            blocks.push(steps(question, plan.steps.iter(), width));
        }
        blocks.push(format!("{}\n", wrap(&summary(plan), width, 0)));
    }
    blocks.join("\n")
}

/// One group in full: what became of each node, and its own steps.
pub(crate) fn explained(
    question: &Question,
    report: &GroupReport,
    plan: &Plan,
    width: Option<u16>,
) -> String {
    let mut lines = vec![("group", clean(report.group.as_str()))];
    if let Some(text) = question.spec.group(&report.group).and_then(|group| group.description.as_deref()) {
        lines.push(("what", clean(text)));
    }
    lines.extend([
        ("outcome", outcome(report.outcome)),
        ("where", places(report)),
        ("why", clean(&report.reason)),
    ]);
    lines.extend(premises(question));
    if let Some(next_ms) = plan.report.next_ms {
        let ms = next_ms.saturating_sub(question.view.now.unix_ms);
        lines.push((
            "may change",
            format!("by itself in {}, when a lease, a failure or an hour ends", lapse(ms)),
        ));
    }
    let mut blocks = vec![facts(&lines, width)];
    if !report.considered.is_empty() {
        let row = |one: &Considered| vec![clean(one.node.as_str()), verdict(&one.code), clean(&one.reason)];
        let rows = report.considered.iter().map(row).collect();
        blocks.push(table(&["NODE", "VERDICT", "WHY"], rows, width));
    }
    let own = || plan.steps.iter().filter(|step| step.group == report.group);
    if own().next().is_none() {
        blocks.push("nothing would be done with it\n".to_owned());
        return blocks.join("\n");
    }
    // What other groups do first belongs to the story.
    let shown: BTreeSet<usize> = own().flat_map(|step| step.after.iter().copied().chain([step.id])).collect();
    blocks.push(steps(question, plan.steps.iter().filter(|step| shown.contains(&step.id)), width));
    blocks.join("\n")
}

/// The plans that were made, a line each.
pub(crate) fn history(plans: &[PlanMade], width: Option<u16>) -> String {
    if plans.is_empty() {
        return "no plan was made yet: the leader makes one when something changes\n".to_owned();
    }
    let row = |made: &PlanMade| {
        let does = match (made.steps, made.groups.as_slice()) {
            (0, _) => "nothing".to_owned(),
            (1, groups) => format!("1 step: {}", groups.join(", ")),
            (steps, groups) => format!("{steps} steps: {}", groups.join(", ")),
        };
        let time = made.time.split_once('.').map_or(made.time.as_str(), |(seconds, _)| seconds);
        vec![
            clean(&format!("{}:{}", made.node, made.seq)),
            clean(&time.replace('T', " ")),
            clean(&does),
            clean(&made.cause),
        ]
    };
    table(&["PLAN", "TIME", "DOES", "BECAUSE"], plans.iter().map(row).collect(), width)
}

/// What the plan was made from.
pub(super) fn premises(question: &Question) -> Vec<(&'static str, String)> {
    let supposed = question.suppose.iter().map(|one| clean(&one.to_string())).collect::<Vec<_>>();
    let then = match supposed.as_slice() {
        [] => String::new(),
        all => format!(", then {}", tone(&all.join(" and "), Tone::Strong)),
    };
    let start = match &question.start {
        Start::Nothing => "nothing runs yet".to_owned(),
        Start::Settled => "everything runs as the file says".to_owned(),
        Start::Status => "the cluster is as the status says".to_owned(),
        Start::Known(words) => clean(words),
    };
    let mut lines = vec![("given", format!("{start}{then}")), ("nodes", nodes(question))];
    if depends_on_calendar(question) {
        let now = question.view.now;
        let (date, day, hour) = (now.date, now.day.as_str(), now.hour);
        lines.push(("at", format!("{day} {date}, {hour:02} h local time")));
    }
    lines
}

fn nodes(question: &Question) -> String {
    let all = &question.view.nodes;
    let name = |node: &planner::NodeView| match node.standing {
        planner::Standing::Up => clean(node.name.as_str()),
        other => format!("{} ({})", clean(node.name.as_str()), super::state(&super::word(other))),
    };
    let shown: Vec<_> = all.iter().take(NODES_MAX).map(name).collect();
    let more = all.len().saturating_sub(NODES_MAX);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more}", shown.join(", "))
}

/// Whether the hour matters to anything in the file.
fn depends_on_calendar(question: &Question) -> bool {
    question.spec.groups.iter().any(|group| {
        matches!(group.failback, Failback::Window { .. })
            || group.policy.rules.iter().any(|rule| rule.when != When::default())
    })
}

fn outcome(outcome: Outcome) -> String {
    let how = match outcome {
        Outcome::Stays => Tone::Good,
        Outcome::Starts | Outcome::Moves | Outcome::Recovers | Outcome::Frozen => Tone::Doubt,
        Outcome::Stops | Outcome::Down => Tone::Bad,
    };
    tone(outcome.as_str(), how)
}

fn verdict(code: &str) -> String {
    match code {
        "chosen" => tone("chosen", Tone::Good),
        "barred" => tone("barred", Tone::Bad),
        _ => "possible".to_owned(),
    }
}

fn places(report: &GroupReport) -> String {
    if report.places.is_empty() {
        return tone("nowhere", Tone::Bad);
    }
    let place = |at: &planner::PlaceReport| {
        let primary = if at.primary { " (primary)" } else { "" };
        format!("{}{primary}", clean(at.node.as_str()))
    };
    report.places.iter().map(place).collect::<Vec<_>>().join(", ")
}

fn steps<'s>(question: &Question, steps: impl Iterator<Item = &'s Step>, width: Option<u16>) -> String {
    let row = |step: &Step| {
        let object = match &step.resource {
            Some(resource) => format!("{}/{resource}", step.group),
            None => step.group.to_string(),
        };
        let to = step.to.as_ref().map_or_else(String::new, |to| format!(" to {to}"));
        let mut after: Vec<String> = step.after.iter().map(usize::to_string).collect();
        if let Some(at_ms) = step.not_before_ms {
            let ms = at_ms.saturating_sub(question.view.now.unix_ms);
            after.push(format!("a lease ({})", lapse(ms)));
        }
        let after = if after.is_empty() { "-".to_owned() } else { after.join(", ") };
        vec![
            step.id.to_string(),
            clean(&format!("{} {object}", step.action)),
            clean(&format!("{}{to}", step.node)),
            after,
            clean(&step.reason),
        ]
    };
    table(&["STEP", "DO", "ON", "AFTER", "WHY"], steps.map(row).collect(), width)
}

/// `6 steps: 2 groups start, 1 moves`.
fn summary(plan: &Plan) -> String {
    let count = |wanted: Outcome| plan.report.groups.iter().filter(|one| one.outcome == wanted).count();
    // Each with the verb for one and for several.
    let told = [
        (Outcome::Starts, "starts", "start"),
        (Outcome::Moves, "moves", "move"),
        (Outcome::Recovers, "recovers", "recover"),
        (Outcome::Stops, "stops", "stop"),
        (Outcome::Stays, "stays", "stay"),
        (Outcome::Frozen, "is left alone", "are left alone"),
        (Outcome::Down, "has no place and remains down", "have no place and remain down"),
    ];
    let parts: Vec<String> = told
        .iter()
        .filter_map(|(outcome, one, several)| match count(*outcome) {
            0 => None,
            1 => Some((1, *one)),
            more => Some((more, *several)),
        })
        .enumerate()
        .map(|(place, (number, verb))| match (place, number) {
            (0, 1) => format!("1 group {verb}"),
            (0, _) => format!("{number} groups {verb}"),
            _ => format!("{number} {verb}"),
        })
        .collect();
    let parts = if parts.is_empty() { "the file has no groups".to_owned() } else { parts.join(", ") };
    match plan.steps.len() {
        0 => format!("nothing would change: {parts}"),
        1 => format!("1 step: {parts}"),
        steps => format!("{steps} steps: {parts}"),
    }
}
