//! The cluster that is simulated: who is in it, and what it is to run.
//!
//! One group behind the gate of an address, one behind the gate of its processes (where gates are not of
//! nftables, which has none of those), one that nothing but an
//! assumption or a watchdog protects, and one that tolerates a
//! duplicate.

use model::desired::{
    AnyOf, ClusterSpec, Exclusive, GroupSpec, Limit, Profile, ResourcePolicy, ResourceSpec, StallPolicy,
    Value,
};
use model::stored::{ClusterRecord, Command, NewNode, NodeMeans, PROTOCOL, SoftwareVersion};
use model::{ClusterId, GroupName, NodeId, ResourceName, Secret, Timestamp, TokenId};
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

/// What is to run. `ungated`: also what no gate protects. `timeouts`: gates are of nftables.
pub(crate) fn spec(profile: Profile, ungated: bool, timeouts: bool) -> ClusterSpec {
    use Exclusive::{Gate, None as Tolerant, Process};
    let site = resource("site", "web-site", Tolerant, Some("ip"));
    let mut groups = vec![
        group("web", vec![resource("ip", "ip-address", Gate, None), site]),
        group("tool", vec![resource("job", "dummy", Tolerant, None)]),
    ];
    if !timeouts {
        groups.insert(1, group("app", vec![resource("server", "process", Gate, None)]));
    }
    if ungated {
        let database = resource("database", "process", Process, Some("disk"));
        groups.push(group("db", vec![resource("disk", "physical-disk", Process, None), database]));
    }
    ClusterSpec { profile, stall_policy: StallPolicy::AssumeBelow(STALL), groups, ..ClusterSpec::default() }
}

/// What founds the cluster: formed, joined by all, each with its means, and with the file in it.
pub(crate) fn founding(nodes: usize, spec: ClusterSpec, means: &NodeMeans) -> Vec<Command> {
    let cluster = ClusterRecord {
        id: ClusterId([7; 16]),
        name: "c".parse().unwrap(),
        formed: Timestamp::from_unix_ms(1_000),
        ca_certificate: "certificate".to_owned(),
        ca_key: Secret::new("key"),
        heartbeat_key: Secret::new("key"),
    };
    let new_node = |node: usize| NewNode {
        name: format!("n{}", node + 1).parse().unwrap(),
        endpoints: (0..2)
            .map(|network| format!("10.99.{network}.{}:7400", node + 1).parse().unwrap())
            .collect(),
        certificate: format!("{node:02}"),
        protocol: PROTOCOL,
        software: SoftwareVersion::current(),
    };
    let mut commands = vec![Command::Form { cluster, node: new_node(0) }];
    for node in 1..nodes {
        let token = TokenId([u8::try_from(node).unwrap(); 8]);
        let expires = Timestamp::from_unix_ms(u64::MAX / 2);
        let secret_hash = "00".to_owned();
        commands.push(Command::CreateToken { token, secret_hash: secret_hash.clone(), node: None, expires });
        commands.push(Command::Admit { token, secret_hash, node: new_node(node) });
        commands.push(Command::Confirm { node: id(node) });
    }
    for node in 0..nodes {
        commands.push(Command::ReportMeans { node: id(node), means: means.clone() });
    }
    let name = "c".parse().unwrap();
    commands.push(Command::Configure { cluster: name, spec, text: String::new(), if_revision: None });
    commands
}
