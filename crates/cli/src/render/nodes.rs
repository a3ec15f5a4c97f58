//! Nodes as text.

use super::{ago, facts, lapse, or_dash, state, word};
use crate::paint::clean;
use crate::table::table;
use api::{NetworkShown, NodeShown};

/// The nodes, a row each. `here` is the answering node, as `status` knows it; `node list` does not,
/// and has room for their versions instead.
pub(crate) fn list(nodes: &[NodeShown], here: Option<&str>, width: Option<u16>) -> String {
    let row = |node: &NodeShown| {
        let seen = match node.last_seen_ms {
            Some(ms) => ago(ms),
            None if here == Some(node.name.as_str()) => "here".to_owned(),
            None => "-".to_owned(),
        };
        let mut row = vec![clean(&node.name), state(&word(node.state)), votes(node).to_owned(), seen];
        if here.is_none() {
            row.push(clean(&node.version));
        }
        row.push(networks(&node.networks));
        row
    };
    let heads: &[&str] = match here {
        Some(_) => &["NODE", "STATE", "VOTES", "SEEN", "NETWORKS"],
        None => &["NODE", "STATE", "VOTES", "SEEN", "VERSION", "NETWORKS"],
    };
    table(heads, nodes.iter().map(row).collect(), width)
}

/// One node, in full.
pub(crate) fn show(node: &NodeShown, width: Option<u16>) -> String {
    let mut lines = vec![
        ("node", clean(&node.name)),
        ("number", node.id.to_string()),
        ("state", state(&word(node.state))),
        ("votes", votes(node).to_owned()),
        ("seen", node.last_seen_ms.map_or_else(|| "-".to_owned(), ago)),
    ];
    for network in &node.networks {
        lines.push(("network", one_network(network)));
    }
    if let Some(ms) = node.lease_remaining_ms {
        lines.push(("lease", format!("{} left", lapse(ms))));
    }
    for line in not_ready(node) {
        lines.push(("not ready", line));
    }
    for line in lowered(node) {
        lines.push(("others first", line));
    }
    lines.push(("failure domain", or_dash(node.failure_domain.as_deref())));
    lines.push(("version", clean(&node.version)));
    lines.push(("joined", clean(&node.joined)));
    facts(&lines, width)
}

/// What a node cannot run, a line each.
pub(crate) fn not_ready(node: &NodeShown) -> Vec<String> {
    node.not_ready.iter().map(unready).collect()
}

/// What other nodes go before it for, a line each.
pub(crate) fn lowered(node: &NodeShown) -> Vec<String> {
    node.lowered.iter().map(unready).collect()
}

fn unready(what: &api::NotReady) -> String {
    let of = match (&what.group, &what.resource) {
        (Some(group), Some(resource)) => format!("{} ({group}/{resource})", what.kind),
        (None, Some(resource)) => format!("{} ({resource})", what.kind),
        _ => what.kind.clone(),
    };
    clean(&format!("{of}: {}", what.reason))
}

fn votes(node: &NodeShown) -> &'static str {
    if node.voter { "yes" } else { "no" }
}

fn networks(networks: &[NetworkShown]) -> String {
    let all: Vec<String> = networks.iter().map(one_network).collect();
    if all.is_empty() { "-".to_owned() } else { all.join(", ") }
}

fn one_network(network: &NetworkShown) -> String {
    format!("{} {}", clean(&network.address), state(&word(network.state)))
}
