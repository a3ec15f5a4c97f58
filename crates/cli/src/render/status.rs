//! The status as text: who this is, what it can do, who is there, what needs a person.

use super::{facts, groups, nodes, wrap};
use crate::paint::{Tone, clean, tone};
use crate::table::table;
use api::{Alarm, Phase, Quorum, Status};

/// The status, for people.
pub(crate) fn status(status: &Status, width: Option<u16>) -> String {
    let mut blocks = vec![facts(&head(status), width)];
    if !status.nodes.is_empty() {
        blocks.push(nodes::list(&status.nodes, Some(&status.node), width));
    }
    let not_ready = not_ready(status, width);
    if !not_ready.is_empty() {
        blocks.push(not_ready);
    }
    if status.cluster.is_some() {
        blocks.push(groups::list(&status.groups, width));
        blocks.push(alarms(&status.alarms, width));
    }
    if let Some(next) = next(status) {
        blocks.push(format!("{} {}\n", tone("next:", Tone::Strong), wrap(&next, width, 6)));
    }
    blocks.join("\n")
}

fn head(status: &Status) -> Vec<(&'static str, String)> {
    let cluster = match &status.cluster {
        Some(name) => format!("{name}, revision {}, profile {}", status.revision, status.profile),
        None => "none".to_owned(),
    };
    let standing = tone(&clean(&status.standing.text), tone_of(status.standing.phase));
    let mut lines =
        vec![("cluster", clean(&cluster)), ("node", format!("{}: {standing}", clean(&status.node)))];
    if status.cluster.is_some() {
        lines.push(("quorum", quorum(&status.quorum)));
        lines.push(("leader", super::or_dash(status.leader.as_deref())));
    }
    if let Some(witness) = &status.quorum.witness {
        lines.push(("witness", clean(witness)));
    }
    // `none` is a node without a cluster, and its first sentence says so.
    if let Some(reason) = status.database.reason.as_ref().filter(|_| status.database.state != "none") {
        let state = tone(&clean(&status.database.state), Tone::Bad);
        lines.push(("database", format!("{state}: {}", clean(reason))));
    }
    if let Some(generation) = status.baseline.generation {
        let rollout = status.baseline.rollout.as_ref().map_or_else(String::new, |r| format!(", rollout {r}"));
        lines.push(("baseline", clean(&format!("generation {generation}{rollout}"))));
    }
    lines.push(("as of", format!("{}, version {}", clean(&status.as_of), clean(&status.version))));
    lines
}

fn tone_of(phase: Phase) -> Tone {
    match phase {
        Phase::Member => Tone::Good,
        Phase::NoCluster | Phase::Joining => Tone::Doubt,
        Phase::NoQuorum
        | Phase::Evicted
        | Phase::Duplicate
        | Phase::DatabaseUnusable
        | Phase::Incompatible => Tone::Bad,
    }
}

fn quorum(quorum: &Quorum) -> String {
    let word = if quorum.has { tone("yes", Tone::Good) } else { tone("no", Tone::Bad) };
    let missing = match quorum.missing.as_slice() {
        [] => String::new(),
        missing => clean(&format!("; missing: {}", missing.join(", "))),
    };
    format!("{word}: {} of {} votes present, {} needed{missing}", quorum.present, quorum.votes, quorum.needed)
}

fn not_ready(status: &Status, width: Option<u16>) -> String {
    let of = |node: &api::NodeShown| {
        let name = clean(&node.name);
        let cannot = tone(&format!("{name} is not ready for"), Tone::Bad);
        let lowered = tone(&format!("others go before {name} for"), Tone::Doubt);
        let not_ready = nodes::not_ready(node).into_iter().map(move |what| format!("{cannot} {what}"));
        let lowered = nodes::lowered(node).into_iter().map(move |what| format!("{lowered} {what}"));
        not_ready.chain(lowered).map(|line| format!("{}\n", wrap(&line, width, 2)))
    };
    status.nodes.iter().flat_map(of).collect()
}

fn alarms(alarms: &[Alarm], width: Option<u16>) -> String {
    if alarms.is_empty() {
        return "no alarms\n".to_owned();
    }
    let row = |alarm: &Alarm| {
        vec![tone(&alarm.event.to_string(), Tone::Bad), clean(&alarm.node), clean(&alarm.text)]
    };
    table(&["ALARM", "NODE", "WHAT"], alarms.iter().map(row).collect(), width)
}

/// What the node itself advises, else what explains the first alarm.
fn next(status: &Status) -> Option<String> {
    let alarm = status.alarms.first().map(|alarm| format!("steadfast explain {}", alarm.event));
    status.standing.next.as_deref().map(clean).or(alarm)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::check;
    use crate::paint::paint;
    use crate::render::samples;

    fn check_status(name: &str, given: &Status) {
        let text = paint(&status(given, Some(80)), false);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "wider than 80 columns:\n{text}");
        check(&format!("status_{name}.txt"), &text);
    }

    #[test]
    fn a_node_without_a_cluster_says_how_to_get_one() {
        check_status("no_cluster", &samples::no_cluster());
    }

    #[test]
    fn three_nodes_and_a_group() {
        check_status("three_nodes", &samples::three_nodes());
    }

    #[test]
    fn without_quorum_the_missing_are_named() {
        check_status("no_quorum", &samples::no_quorum());
    }

    #[test]
    fn alarms_wrap_and_lead_to_their_explanation() {
        check_status("alarms", &samples::alarms());
    }

    #[test]
    fn the_longest_names_and_addresses_stay_readable() {
        check_status("long_names", &samples::long_names());
    }

    #[test]
    fn without_a_terminal_every_row_is_a_line() {
        let given = samples::alarms();
        let text = paint(&status(&given, None), false);
        assert!(text.lines().any(|line| line.contains(&given.alarms[0].text)), "{text}");
    }
}
