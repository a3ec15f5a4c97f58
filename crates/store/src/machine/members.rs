//! Members that come back, and members that go.

use super::{Accepted, Asked, Verdict};
use events::{NodeConfigurationChanged, NodeEvicted};
use model::stored::{
    ClusterState, CopyStage, EvictedRecord, NodeMeans, ProtocolRange, Rejection, SoftwareVersion, TypeProblem,
};
use model::{Endpoint, Incarnation, NodeId, NodeName, TypeName};
use std::collections::BTreeMap;

/// What a member says of itself.
pub(super) struct Present<'a> {
    pub(super) endpoints: &'a [Endpoint],
    pub(super) protocol: ProtocolRange,
    pub(super) software: &'a SoftwareVersion,
    pub(super) incarnation: Incarnation,
}

pub(super) fn update(state: &mut ClusterState, node: NodeId, now: &Present) -> Verdict {
    let Some(member) = state.nodes.get(&node) else {
        let name =
            state.evicted.get(&node).map_or_else(|| format!("number {node}"), |gone| gone.name.to_string());
        return Err(Rejection::UnknownNode { name });
    };
    let name = member.name.clone();
    address_is_free(state, Some(node), now.endpoints)?;
    common_protocol(state, Some(node), &name, now.protocol)?;
    let Some(member) = state.nodes.get_mut(&node) else {
        return Err(Rejection::UnknownNode { name: name.to_string() });
    };
    let worth_telling = member.endpoints != now.endpoints || member.software != *now.software;
    if !worth_telling && member.protocol == now.protocol && member.incarnation == Some(now.incarnation) {
        return Ok(Accepted::as_it_is());
    }
    member.endpoints = now.endpoints.to_vec();
    member.protocol = now.protocol;
    member.software = now.software.clone();
    member.incarnation = Some(now.incarnation);
    if !worth_telling {
        return Ok(Accepted::quietly());
    }
    let (endpoints, software) = (now.endpoints.to_vec(), now.software.clone());
    Ok(Accepted::changed(NodeConfigurationChanged { node: name, endpoints, software }))
}

/// How the types stand on a member, as it says. Nobody is told here: the node has told its own events.
pub(super) fn report_types(
    state: &mut ClusterState,
    node: NodeId,
    types: &BTreeMap<TypeName, Option<TypeProblem>>,
) -> Verdict {
    let unknown = || Rejection::UnknownNode { name: format!("number {node}") };
    let member = state.nodes.get_mut(&node).ok_or_else(unknown)?;
    if member.types == *types {
        return Ok(Accepted::as_it_is());
    }
    member.types.clone_from(types);
    Ok(Accepted::quietly())
}

/// What guards what a member runs, as it says.
pub(super) fn report_means(state: &mut ClusterState, node: NodeId, means: &NodeMeans) -> Verdict {
    let unknown = || Rejection::UnknownNode { name: format!("number {node}") };
    let member = state.nodes.get_mut(&node).ok_or_else(unknown)?;
    if member.means == *means {
        return Ok(Accepted::as_it_is());
    }
    member.means.clone_from(means);
    Ok(Accepted::quietly())
}

pub(super) fn evict(state: &mut ClusterState, asked: &Asked, name: &NodeName) -> Verdict {
    let Some((id, member)) = state.node_named(name) else {
        return Err(Rejection::UnknownNode { name: name.to_string() });
    };
    if member.confirmed && state.nodes.values().filter(|member| member.confirmed).count() == 1 {
        return Err(Rejection::LastNode { name: name.clone() });
    }
    retire(state, asked, id);
    // Its lease may run on: whoever takes over has to wait for it.
    let mut owned = false;
    for record in state.groups.values_mut() {
        if record.asked == Some(id) {
            record.asked = None;
        }
        if let Some(copy) = record.copies.get_mut(&id) {
            owned |= copy.stage == CopyStage::Held;
            copy.stage = CopyStage::Revoked;
        }
    }
    let accepted = Accepted::changed(NodeEvicted { node: name.clone(), by: asked.by() });
    Ok(if owned { accepted.owned() } else { accepted })
}

/// Makes a member a former one, whose certificate is refused for ever. Its token, where its join
/// was not complete, stays as good as it was.
pub(super) fn retire(state: &mut ClusterState, asked: &Asked, id: NodeId) {
    if let Some(member) = state.nodes.remove(&id) {
        let record = EvictedRecord {
            name: member.name,
            certificate: member.certificate,
            at: asked.at,
            by: asked.by(),
            means: member.means,
        };
        state.evicted.insert(id, record);
    }
}

/// No other confirmed member serves at one of these. Loopback addresses are compared like all
/// others: the nodes of a cluster on one machine have them.
pub(super) fn address_is_free(
    state: &ClusterState,
    whose: Option<NodeId>,
    endpoints: &[Endpoint],
) -> Result<(), Rejection> {
    let others = state.nodes.iter().filter(|(id, member)| member.confirmed && Some(**id) != whose);
    for (_, member) in others {
        if let Some(endpoint) = endpoints.iter().find(|endpoint| member.endpoints.contains(endpoint)) {
            return Err(Rejection::AddressTaken { endpoint: *endpoint, holder: member.name.clone() });
        }
    }
    Ok(())
}

/// Every other confirmed member has a protocol version in common with it.
pub(super) fn common_protocol(
    state: &ClusterState,
    whose: Option<NodeId>,
    name: &NodeName,
    theirs: ProtocolRange,
) -> Result<(), Rejection> {
    let others = state.nodes.iter().filter(|(id, member)| member.confirmed && Some(**id) != whose);
    for (_, member) in others {
        if member.protocol.common(theirs).is_none() {
            return Err(Rejection::Incompatible { node: name.clone(), theirs, ours: member.protocol });
        }
    }
    Ok(())
}
