//! Forming a cluster, and joining one.

use crate::cluster::eventually;
use api::NodeState;
use events::{ClusterFormed, NodeAdmitted, NodeJoined, VoterPromoted};
use model::stored::EventRecord;

#[test]
fn one_node_forms_a_cluster_and_two_more_join_as_voters() {
    let cluster = hosts!(3);
    let [n1, n2, n3] = cluster.all();
    for node in [n1, n2, n3] {
        node.start();
    }
    let before = n1.status();
    assert!(before.cluster.is_none() && !before.quorum.has && before.nodes.is_empty());

    let line = n1.ok("init --name shop");
    let alone = n1.status();
    assert_eq!(alone.cluster.as_deref(), Some("shop"));
    assert_eq!((alone.quorum.has, alone.quorum.votes, alone.quorum.needed), (true, 1, 1));

    // What init prints is the very line to type on the next node.
    let line = line.trim().strip_prefix("steadfast ").expect("a whole command");
    n2.ok(line);
    n2.until("it is up", |status| {
        status.nodes.iter().any(|node| node.name == "n2" && node.state == NodeState::Up)
    });
    let token = n1.token("--node n3");
    n3.join_with(n2, &token).ok();

    cluster.settled(&[n1, n2, n3]);
    for node in [n1, n2, n3] {
        let status = node.until("all vote", |status| status.nodes.iter().all(|node| node.voter));
        assert_eq!((status.quorum.votes, status.quorum.needed), (3, 2));
    }
    let about = |told: &[EventRecord], entry: &events::Entry, node: &str| {
        told.iter().filter(|event| event.id == entry.id && event.fields["node"] == node).count()
    };
    // Events reach a new member behind what they tell of.
    for node in ["n2", "n3"] {
        for entry in [NodeAdmitted::ENTRY, NodeJoined::ENTRY, VoterPromoted::ENTRY] {
            eventually(&format!("{} of {node}", entry.name), || about(&n3.events(""), entry, node) >= 1);
        }
    }
    let told = n3.events("");
    assert_eq!(about(&told, ClusterFormed::ENTRY, "n1"), 1, "{told:#?}");
    for node in ["n2", "n3"] {
        let counts = [NodeAdmitted::ENTRY, NodeJoined::ENTRY].map(|entry| about(&told, entry, node));
        assert_eq!(counts, [1, 1], "{node}: {told:#?}");
    }
}

#[test]
fn status_in_json_holds_what_the_contract_promises() {
    let cluster = formed!(2);
    let [n1, _] = cluster.all();
    let text = n1.ok("status --json");
    let status: serde_json::Value = serde_json::from_str(&text).unwrap();
    let at = |path: &str| status.pointer(path).unwrap_or_else(|| panic!("no {path} in {text}"));
    assert_eq!(at("/cluster"), "shop");
    assert_eq!(at("/node"), "n1");
    assert_eq!(at("/profile"), "default");
    assert_eq!(at("/quorum/has"), true);
    assert_eq!((at("/quorum/votes"), at("/quorum/needed")), (&2.into(), &2.into()));
    assert!(at("/quorum/witness").is_null() && at("/baseline/generation").is_null());
    assert!(at("/baseline/rollout").is_null() && at("/nodes/0/lease_remaining_ms").is_u64());
    assert!(at("/revision").is_u64() && at("/leader").is_string());
    assert!(at("/as_of").as_str().unwrap().parse::<model::Timestamp>().is_ok(), "{text}");
    assert_eq!((at("/nodes/0/name"), at("/nodes/0/state")), (&"n1".into(), &"up".into()));
    assert_eq!(at("/nodes/1/networks/0/address"), "10.99.0.2");
    assert_eq!(at("/nodes/1/networks/1/address"), "10.99.1.2");
    assert_eq!(at("/nodes/1/networks/1/state"), "up");
    for list in ["/nodes/0/not_ready", "/groups", "/alarms"] {
        assert_eq!(at(list), &serde_json::json!([]), "{list}");
    }
}

#[test]
fn a_member_neither_forms_nor_joins_another_cluster() {
    let cluster = formed!(2);
    let [n1, n2] = cluster.all();
    n2.run("init --name other").refused(&["already", "shop", "steadfast node evict n2"]);
    n2.join_with(n1, &n1.token("")).refused(&["already", "shop"]);
    cluster.settled(&[n1, n2]);
}

#[test]
fn a_command_that_finds_no_daemon_exits_with_4() {
    let cluster = hosts!(1);
    let [n1] = cluster.all();
    let ran = n1.run("status").exited(4);
    assert!(ran.stderr.contains("/run/steadfast/steadfast.sock"), "{}", ran.stderr);
    n1.start();
    n1.run("apply --file -").exited(1);
    n1.run("init").exited(2);
}

#[test]
fn of_nine_nodes_seven_vote_and_a_learner_takes_an_evicted_voter_s_place() {
    let cluster = formed!(9);
    let nodes = cluster.all::<9>();
    let voters = || -> Vec<String> {
        let status = nodes[0].status();
        status.nodes.into_iter().filter(|node| node.voter).map(|node| node.name).collect()
    };
    assert_eq!(voters().len(), 7, "the other two are members without a vote");
    assert_eq!(nodes[8].status().quorum.votes, 7, "a learner knows");
    nodes[8].apply("[cluster]\nname = \"shop\"\n# by a learner\n").ok();

    let voter = *nodes[1..].iter().find(|node| voters().contains(&node.name().to_owned())).expect("a voter");
    nodes[0].ok(&format!("node evict {}", voter.name()));
    let left: Vec<_> = nodes.into_iter().filter(|node| node.name() != voter.name()).collect();
    cluster.settled(&left);
    left[0].until("seven of eight vote", |status| status.nodes.iter().filter(|node| node.voter).count() == 7);
}
