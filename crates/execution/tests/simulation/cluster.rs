//! The cluster that is simulated: who is in it, and what it is to run.
//!
//! One group behind the gate of an address, one behind the gate of its processes, one that nothing but an
//! assumption or a watchdog protects, and one that tolerates a duplicate.

use model::desired::{
    AnyOf, ClusterSpec, Exclusive, GroupSpec, Limit, Profile, ResourcePolicy, ResourceSpec, StallPolicy,
    Value,
};
use model::stored::{
    Actor, ClusterRecord, ClusterState, Command, NewNode, PROTOCOL, Proposal, SoftwareVersion,
};
use model::{ClusterId, GroupName, NodeId, RequestId, ResourceName, Secret, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// What the administrator vouches for: no machine stalls for longer, and goes on.
pub(crate) const STALL: Duration = Duration::from_secs(1);

/// What the file lets a start and a stop take. Shorter than most people have it, for short worlds.
pub(crate) const ONLINE_MS: u64 = 2_500;
pub(crate) const OFFLINE_MS: u64 = 1_500;

pub(crate) fn id(node: usize) -> NodeId {
    NodeId(node as u64 + 1)
}

pub(crate) fn index(node: NodeId) -> usize {
    usize::try_from(node.0 - 1).unwrap()
}

pub(crate) fn group_name(name: &str) -> GroupName {
    GroupName::new(name).unwrap()
}

fn resource(name: &str, kind: &str, exclusive: Exclusive, needs: Option<&str>) -> ResourceSpec {
    let depends_on = needs.into_iter().map(|name| AnyOf::One(ResourceName::new(name).unwrap())).collect();
    let policy = ResourcePolicy {
        online_within_ms: Some(ONLINE_MS),
        offline_within_ms: Some(OFFLINE_MS),
        restarts: Some(Limit { max: 2, within_ms: 60_000 }),
        ..ResourcePolicy::default()
    };
    let parameters = match kind {
        "ip-address" => [("address".to_owned(), Value::Text("10.0.0.9/24".to_owned()))].into(),
        _ => BTreeMap::new(),
    };
    let (name, kind) = (ResourceName::new(name).unwrap(), kind.parse().unwrap());
    ResourceSpec { name, kind, depends_on, exclusive, policy, parameters }
}

fn group(name: &str, resources: Vec<ResourceSpec>) -> GroupSpec {
    GroupSpec {
        name: group_name(name),
        description: None,
        preferred_owners: Vec::new(),
        possible_owners: Vec::new(),
        anti_affinity: Vec::new(),
        failback: Default::default(),
        policy: Default::default(),
        resources,
    }
}

/// What is to run. `ungated`: also what no gate protects.
pub(crate) fn spec(profile: Profile, ungated: bool) -> ClusterSpec {
    use Exclusive::{Gate, None as Tolerant, Process};
    let site = resource("site", "web-site", Tolerant, Some("ip"));
    let mut groups = vec![
        group("web", vec![resource("ip", "ip-address", Gate, None), site]),
        group("app", vec![resource("server", "process", Gate, None)]),
        group("tool", vec![resource("job", "dummy", Tolerant, None)]),
    ];
    if ungated {
        let database = resource("database", "process", Process, Some("disk"));
        groups.push(group("db", vec![resource("disk", "physical-disk", Process, None), database]));
    }
    ClusterSpec { profile, stall_policy: StallPolicy::AssumeBelow(STALL), groups, ..ClusterSpec::default() }
}

/// The database with which everybody begins.
pub(crate) fn founded(nodes: usize, spec: ClusterSpec, watched: bool) -> ClusterState {
    let mut state = ClusterState::default();
    let cluster = ClusterRecord {
        id: ClusterId([7; 16]),
        name: "c".parse().unwrap(),
        formed: Timestamp::from_unix_ms(1_000),
        ca_certificate: "certificate".to_owned(),
        ca_key: Secret::new("key"),
        heartbeat_key: Secret::new("key"),
    };
    let node = NewNode {
        name: "n1".parse().unwrap(),
        endpoints: vec!["10.99.0.1:7400".parse().unwrap(), "10.99.1.1:7400".parse().unwrap()],
        certificate: "aa".to_owned(),
        protocol: PROTOCOL,
        software: SoftwareVersion::current(),
    };
    let form = Proposal {
        request: RequestId([0; 16]),
        at: Timestamp::from_unix_ms(1_000),
        actor: Actor::Local { node: "n1".parse().unwrap(), uid: 0 },
        command: Command::Form { cluster, node },
    };
    store::machine::apply(&mut state, &form);
    let mut first = state.nodes[&id(0)].clone();
    first.means = crate::watchdog::means(watched);
    for node in 0..nodes {
        let mut member = first.clone();
        member.name = format!("n{}", node + 1).parse().unwrap();
        state.nodes.insert(id(node), member);
    }
    state.last_node = id(nodes - 1);
    state.spec = spec;
    state
}
