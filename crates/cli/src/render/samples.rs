//! Answers for the tests of their rendering.

use api::{
    Alarm, Baseline, Database, GroupShown, NetworkShown, NodeShown, NodeState, NotReady, Phase, Quorum,
    ResourceShown, Standing, Status, UpDown,
};
use model::Revision;
use model::stored::EventRecord;

/// A node before `init` or `join`.
pub(crate) fn no_cluster() -> Status {
    let standing = Standing {
        phase: Phase::NoCluster,
        text: "belongs to no cluster".to_owned(),
        next: Some("steadfast init --name NAME, or steadfast join ADDRESS --token -".to_owned()),
    };
    let quorum = Quorum { has: false, votes: 0, needed: 0, present: 0, missing: Vec::new(), witness: None };
    Status {
        cluster: None,
        revision: 0,
        node: "n1".to_owned(),
        leader: None,
        as_of: "2026-11-22T18:30:00.000Z".to_owned(),
        profile: "default".to_owned(),
        version: "0.1.0".to_owned(),
        standing,
        quorum,
        database: Database {
            state: "none".to_owned(),
            reason: Some("no cluster".to_owned()),
            free_bytes: Some(1 << 30),
        },
        baseline: Baseline::default(),
        nodes: Vec::new(),
        groups: Vec::new(),
        alarms: Vec::new(),
    }
}

/// Three nodes that are well, and one group.
pub(crate) fn three_nodes() -> Status {
    let resource = |name: &str, kind: &str| ResourceShown {
        name: name.to_owned(),
        kind: kind.to_owned(),
        reason: None,
        state: "offline".to_owned(),
    };
    let group = GroupShown {
        name: "web".to_owned(),
        state: "offline".to_owned(),
        owner: None,
        generation: 0,
        reason: "not run by this version".to_owned(),
        protected_by: None,
        takeover_bound_ms: None,
        takeover: None,
        resources: vec![resource("ip", "ip-address"), resource("site", "web-site")],
    };
    Status {
        cluster: Some("shop".to_owned()),
        revision: 42,
        leader: Some("n1".to_owned()),
        standing: Standing {
            phase: Phase::Member,
            text: "a member, and the cluster has quorum".to_owned(),
            next: None,
        },
        quorum: Quorum { has: true, votes: 3, needed: 2, present: 3, missing: Vec::new(), witness: None },
        database: Database { state: "ok".to_owned(), reason: None, free_bytes: Some(1 << 30) },
        nodes: vec![node(1, None), node(2, Some(80)), node(3, Some(30))],
        groups: vec![group],
        ..no_cluster()
    }
}

/// One of three is left.
pub(crate) fn no_quorum() -> Status {
    let mut status = three_nodes();
    status.leader = None;
    status.standing = Standing {
        phase: Phase::NoQuorum,
        text: "no quorum: 1 of 3, needs 2; last seen n2 12 s ago".to_owned(),
        next: Some("systemctl status steadfast, on n2 and n3".to_owned()),
    };
    status.quorum.has = false;
    status.quorum.present = 1;
    status.quorum.missing = vec!["n2".to_owned(), "n3".to_owned()];
    status.nodes[0].state = NodeState::Isolated;
    for (at, seen) in [(1, 12_345), (2, 86_400_000)] {
        down(&mut status.nodes[at], seen);
    }
    status
}

/// A node is down, another cannot run something, and the database complains.
pub(crate) fn alarms() -> Status {
    let mut status = three_nodes();
    down(&mut status.nodes[2], 754_000);
    status.nodes[1].not_ready.push(NotReady {
        kind: "physical-disk".to_owned(),
        resource: Some("data".to_owned()),
        group: Some("files".to_owned()),
        degree: api::Degree::NotReady,
        reason: "libhelper.so.4 is older than the baseline".to_owned(),
    });
    status.database.state = "stopped".to_owned();
    status.database.reason = Some("no space left on /var/lib/steadfast".to_owned());
    let alarm = |event, node: &str, text: &str| Alarm { event, node: node.to_owned(), text: text.to_owned() };
    status.alarms = vec![
        alarm(
            1135,
            "n3",
            "n3 has not been heard from for 12 minutes, on none of its two networks, and is taken to be down.",
        ),
        alarm(1021, "n1", "The disk of the cluster database is full."),
    ];
    status
}

/// Names of 63 characters, and IPv6.
pub(crate) fn long_names() -> Status {
    let mut status = three_nodes();
    status.cluster = Some("c".repeat(63));
    for node in &mut status.nodes {
        node.name = format!("{}-{}", "database-server-in-the-second-room-of-the-building", node.id);
        let addresses = ["2001:db8:aaaa:bbbb:cccc:dddd:eeee:1", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:2"];
        node.networks = addresses.map(|address| network(address, UpDown::Up)).to_vec();
    }
    status
}

/// An event of a node.
pub(crate) fn event(node: &str, seq: u64, revision: Option<u64>) -> EventRecord {
    EventRecord {
        seq,
        node: node.parse().unwrap(),
        time: "2026-11-22T18:30:00Z".parse().unwrap(),
        id: 1011,
        name: "NODE_EVICTED".to_owned(),
        level: "warning".to_owned(),
        text: "Node n3 was evicted by root on n1.".to_owned(),
        fields: serde_json::Map::new(),
        revision: revision.map(Revision),
    }
}

fn node(id: u64, last_seen_ms: Option<u64>) -> NodeShown {
    let address = |network_number| format!("10.99.{network_number}.{id}");
    NodeShown {
        name: format!("n{id}"),
        id,
        state: NodeState::Up,
        voter: true,
        lease_remaining_ms: None,
        last_seen_ms,
        networks: vec![network(&address(0), UpDown::Up), network(&address(1), UpDown::Up)],
        not_ready: Vec::new(),
        lowered: Vec::new(),
        version: "0.1.0".to_owned(),
        failure_domain: None,
        joined: "2026-11-22T18:00:00.000Z".to_owned(),
    }
}

fn network(address: &str, state: UpDown) -> NetworkShown {
    NetworkShown { address: address.to_owned(), state }
}

fn down(node: &mut NodeShown, last_seen_ms: u64) {
    node.state = NodeState::Down;
    node.last_seen_ms = Some(last_seen_ms);
    for network in &mut node.networks {
        network.state = UpDown::Down;
    }
}
