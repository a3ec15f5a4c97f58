//! A cluster as Pacemaker writes it down: a CIB, with the history that a cluster at work has.
//!
//! The same nodes, the same groups of four `Dummy` resources where they run, and the first node lost.
//! Every node remembers what it found out of every resource, as it does after the first minutes:
//! without that, a plan would begin with a look at everything everywhere, which would be unfair.

use super::cluster::OF_GROUP;
use std::fmt::{self, Write as _};

/// The document, for the plain cluster of [`super::cluster`].
pub(super) fn cib(nodes: usize, groups: usize) -> String {
    let mut out = String::new();
    // Writing to a text does not fail.
    let _ = write(&mut out, nodes, groups);
    out
}

fn write(out: &mut String, nodes: usize, groups: usize) -> fmt::Result {
    out.push_str(
        "<cib crm_feature_set=\"3.16.2\" validate-with=\"pacemaker-3.8\" epoch=\"1\" num_updates=\"0\" \
         admin_epoch=\"0\" have-quorum=\"1\" dc-uuid=\"2\">\n<configuration>\n<crm_config>\n\
         <cluster_property_set id=\"options\">\n\
         <nvpair id=\"no-fencing\" name=\"stonith-enabled\" value=\"false\"/>\n\
         <nvpair id=\"infrastructure\" name=\"cluster-infrastructure\" value=\"corosync\"/>\n\
         </cluster_property_set>\n</crm_config>\n<nodes>\n",
    );
    for node in 0..nodes {
        writeln!(out, "<node id=\"{}\" uname=\"n{node}\"/>", node + 1)?;
    }
    out.push_str("</nodes>\n<resources>\n");
    for group in 0..groups {
        writeln!(out, "<group id=\"g{group}\">")?;
        for one in 0..OF_GROUP {
            let id = format!("g{group}-r{one}");
            writeln!(
                out,
                "<primitive id=\"{id}\" class=\"ocf\" provider=\"heartbeat\" type=\"Dummy\"><operations>\
                 <op id=\"{id}-look\" name=\"monitor\" interval=\"10s\" timeout=\"20s\"/></operations></primitive>"
            )?;
        }
        out.push_str("</group>\n");
    }
    out.push_str("</resources>\n<constraints/>\n</configuration>\n<status>\n");
    // The first is gone and has left nothing: it was fenced, or left in good order.
    out.push_str(
        "<node_state id=\"1\" uname=\"n0\" in_ccm=\"false\" crmd=\"offline\" join=\"down\" expected=\"down\"/>\n",
    );
    for node in 1..nodes {
        state(out, node, nodes, groups)?;
    }
    out.push_str("</status>\n</cib>\n");
    Ok(())
}

fn state(out: &mut String, node: usize, nodes: usize, groups: usize) -> fmt::Result {
    let id = node + 1;
    writeln!(
        out,
        "<node_state id=\"{id}\" uname=\"n{node}\" in_ccm=\"true\" crmd=\"online\" join=\"member\" \
         expected=\"member\"><lrm id=\"{id}\"><lrm_resources>"
    )?;
    let mut call = 0;
    for (group, one) in (0..groups).flat_map(|group| (0..OF_GROUP).map(move |one| (group, one))) {
        let id = format!("g{group}-r{one}");
        writeln!(out, "<lrm_resource id=\"{id}\" class=\"ocf\" provider=\"heartbeat\" type=\"Dummy\">")?;
        match group % nodes == node {
            true => {
                operation(out, &id, ("start", 0, 0), &mut call)?;
                operation(out, &id, ("monitor", 10_000, 0), &mut call)?;
            }
            // It does not run here, as the first look found.
            false => operation(out, &id, ("monitor", 0, 7), &mut call)?,
        }
        out.push_str("</lrm_resource>\n");
    }
    out.push_str("</lrm_resources></lrm></node_state>\n");
    Ok(())
}

fn operation(
    out: &mut String,
    id: &str,
    (name, interval_ms, code): (&str, u32, u8),
    call: &mut u32,
) -> fmt::Result {
    *call += 1;
    let entry = if interval_ms == 0 { format!("{id}_last_0") } else { format!("{id}_{name}_{interval_ms}") };
    writeln!(
        out,
        "<lrm_rsc_op id=\"{entry}\" operation_key=\"{id}_{name}_{interval_ms}\" operation=\"{name}\" \
         crm-debug-origin=\"build_active_RAs\" crm_feature_set=\"3.16.2\" \
         transition-key=\"1:1:{code}:00000000-0000-0000-0000-000000000001\" \
         transition-magic=\"0:{code};1:1:{code}:00000000-0000-0000-0000-000000000001\" exit-reason=\"\" \
         call-id=\"{call}\" rc-code=\"{code}\" op-status=\"0\" interval=\"{interval_ms}\" \
         last-rc-change=\"1700000000\" exec-time=\"10\" queue-time=\"0\" \
         op-digest=\"f2317cad3d54cec5d7d7aa7d0bf35cf8\"/>"
    )
}
