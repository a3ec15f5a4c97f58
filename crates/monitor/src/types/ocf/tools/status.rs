//! The cluster as `crm_mon` shows it, as far as agents read it: nodes, and what runs where as what.
//!
//! Agents do not parse this, they search it line by line with regular expressions: so the order of the
//! attributes is that of Pacemaker, and each element has its line.

use quick_xml::escape::escape;
use resource_api::{Cluster, Role};
use std::fmt::Write as _;

/// The document, of the kind that the older option (`--as-xml`) or the newer (`--output-as=xml`) asks for.
pub(super) fn xml(cluster: &Cluster, older: bool) -> String {
    let root = if older { "crm_mon" } else { "pacemaker-result" };
    let mut out = format!("<?xml version=\"1.0\"?>\n<{root} version=\"2.1.5\">\n  <summary>\n");
    let quorate = cluster.quorate;
    // Writing to a text cannot fail.
    let _ = writeln!(
        out,
        "    <current_dc present=\"true\" with_quorum=\"{quorate}\"/>\n  </summary>\n  <nodes>"
    );
    for (number, node) in (1..).zip(&cluster.nodes) {
        let (name, online) = (escape(&node.name), node.online);
        let runs = cluster.instances.iter().filter(|instance| instance.node == node.name).count();
        let _ = writeln!(
            out,
            "    <node name=\"{name}\" id=\"{number}\" online=\"{online}\" standby=\"false\" \
             standby_onfail=\"false\" maintenance=\"false\" pending=\"false\" unclean=\"false\" \
             shutdown=\"false\" expected_up=\"true\" is_dc=\"false\" resources_running=\"{runs}\" \
             type=\"member\"/>"
        );
    }
    out.push_str("  </nodes>\n  <resources>\n");
    for instance in &cluster.instances {
        let role = match instance.role {
            Role::Started => "Started",
            Role::Replica => "Unpromoted",
            Role::Primary => "Promoted",
        };
        let (name, kind, node) = (instance.id.agent_name(), &instance.kind, escape(&instance.node));
        let at = cluster.nodes.iter().position(|node| node.name == instance.node);
        let number = at.map_or(0, |at| at + 1);
        let _ = writeln!(
            out,
            "    <resource id=\"{name}\" resource_agent=\"{kind}\" role=\"{role}\" active=\"true\" \
             orphaned=\"false\" blocked=\"false\" managed=\"true\" failed=\"false\" \
             failure_ignored=\"false\" nodes_running_on=\"1\">\n      \
             <node name=\"{node}\" id=\"{number}\" cached=\"true\"/>\n    </resource>"
        );
    }
    let _ = writeln!(out, "  </resources>\n  <status code=\"0\" message=\"OK\"/>\n</{root}>");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::ocf::xml::read;
    use resource_api::ResourceId;
    use resource_api::cluster::{ClusterInstance, ClusterNode};

    #[test]
    fn what_agents_search_for_is_on_one_line() {
        let id = ResourceId { group: "g".parse().unwrap(), resource: "db".parse().unwrap() };
        let node = |name: &str, online| ClusterNode { name: name.to_owned(), online };
        let instance = ClusterInstance {
            id,
            kind: "ocf:heartbeat:pgsql".parse().unwrap(),
            node: "n2".to_owned(),
            role: Role::Primary,
        };
        let cluster = Cluster {
            nodes: vec![node("n1", true), node("n2\"<", false)],
            quorate: true,
            instances: vec![instance],
        };
        for older in [false, true] {
            let text = xml(&cluster, older);
            // The expressions of pgsql, galera and redis.
            for (begins, then) in [
                ("<node name=\"n1\" ", " online=\"true\""),
                ("<node name=\"n2&quot;&lt;\" ", " online=\"false\""),
                ("<resource id=\"g.db\" ", " role=\"Promoted\" active=\"true\" orphaned=\"false\" "),
            ] {
                let line = text.lines().find(|line| line.contains(begins)).expect(begins);
                assert!(line.contains(then), "{line}");
            }
            let tree = read(&text).unwrap();
            assert_eq!(tree.first("nodes").unwrap().children.len(), 2);
        }
    }
}
