//! The first command of every cluster.

use super::{Accepted, Asked, Verdict};
use events::ClusterFormed;
use model::stored::{
    ClusterRecord, ClusterState, NewNode, NodeIntent, NodeMeans, NodeRecord, ReadinessRecord, Rejection,
};

pub(super) fn form(
    state: &mut ClusterState,
    asked: &Asked,
    cluster: &ClusterRecord,
    node: &NewNode,
) -> Verdict {
    if state.cluster.is_some() {
        return Err(Rejection::AlreadyFormed);
    }
    let id = state.last_node.next();
    state.last_node = id;
    state.nodes.insert(id, member(node, asked));
    state.cluster = Some(cluster.clone());
    let formed = ClusterFormed {
        cluster: cluster.name.clone(),
        cluster_id: cluster.id,
        node: node.name.clone(),
        by: asked.by(),
    };
    Ok(Accepted::changed(formed).with_node(id))
}

fn member(node: &NewNode, asked: &Asked) -> NodeRecord {
    NodeRecord {
        name: node.name.clone(),
        endpoints: node.endpoints.clone(),
        certificate: node.certificate.clone(),
        protocol: node.protocol,
        software: node.software.clone(),
        joined: asked.at,
        confirmed: true,
        token: None,
        incarnation: None,
        types: std::collections::BTreeMap::new(),
        intent: NodeIntent::default(),
        means: NodeMeans::default(),
        readiness: ReadinessRecord::default(),
    }
}
