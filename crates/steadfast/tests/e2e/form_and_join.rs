//! Forming a cluster, and joining one.

use api::NodeState;

#[test]
fn one_node_forms_a_cluster_and_two_more_join_as_voters() {
    let cluster = hosts!(3);
    let [n1, n2, n3] = [1, 2, 3].map(|number| cluster.node(number));
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
    assert!(n2.status().nodes.iter().any(|node| node.name == "n2" && node.state == NodeState::Up));
    let token = n1.token("--node n3");
    n3.join_with(n2, &token).ok();

    cluster.settled(&[n1, n2, n3]);
    for node in [n1, n2, n3] {
        let status = node.status();
        assert!(status.nodes.iter().all(|node| node.voter), "{status:?}");
        assert_eq!((status.quorum.votes, status.quorum.needed), (3, 2));
    }
}
