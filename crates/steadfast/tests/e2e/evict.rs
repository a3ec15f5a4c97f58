//! Evicting a node: it is gone from everybody's sight, and nothing it holds opens a door again.

use crate::cluster::{Cluster, Node, eventually};
use api::{NodeState, Phase};
use events::{EvictedCertificateRefused, NodeEvicted, NotAMember};

/// The evicted node knows, answers, and takes no part.
fn takes_no_part(evicted: Node<'_>) {
    let status = evicted.until("evicted", |status| status.standing.phase == Phase::Evicted);
    assert!(!status.quorum.has, "{status:?}");
    assert!(status.standing.text.contains("evicted from cluster shop"), "{}", status.standing.text);
    assert!(status.standing.next.is_some_and(|next| next.contains("steadfast join")));
    evicted.tells(NotAMember::ENTRY);
    evicted.run("token create").refused(&["evicted"]);
    evicted.run("export").refused(&["evicted"]);
    evicted.apply("[cluster]\nname = \"shop\"\n").refused(&["evicted"]);
    assert!(evicted.daemon().is_running(), "it goes on answering");
}

/// The members know, and go on.
fn gone_from(cluster: &Cluster, members: &[Node<'_>], evicted: Node<'_>) {
    cluster.settled(members);
    for member in members {
        let told = member.told(NodeEvicted::ENTRY.id);
        assert_eq!(told.len(), 1, "{}: {told:?}", member.name());
        assert_eq!(told[0].fields["node"], evicted.name());
    }
    members[0].apply("[cluster]\nname = \"shop\"\n# life goes on\n").ok();
}

#[test]
fn an_evicted_follower_is_gone_everywhere_and_its_certificate_is_refused() {
    let cluster = formed!(3);
    let leader = cluster.settled(&cluster.all::<3>());
    let others = cluster.others(leader);
    let (evicted, stays) = (others[0], others[1]);
    let ran = stays.run(&format!("node evict {}", evicted.name())).exited(0);
    assert!(ran.stderr.contains("its certificate is refused"), "{}", ran.stderr);

    gone_from(&cluster, &[leader, stays], evicted);
    takes_no_part(evicted);
    eventually("a member to refuse the certificate", || {
        [leader, stays].iter().any(|member| !member.told(EvictedCertificateRefused::ENTRY.id).is_empty())
    });
    // Nor does it open the administrator's door.
    let identity = evicted.identity();
    evicted.write_file("/tmp/ca.pem", &identity.ca_certificate);
    evicted.write_file("/tmp/node.crt", &identity.certificate);
    evicted.write_file("/tmp/node.key", identity.key.expose_secret());
    let proof = "--ca /tmp/ca.pem --client-cert /tmp/node.crt --client-key /tmp/node.key";
    evicted.run(&format!("status --server {} {proof}", leader.address())).refused(&[]);

    // A restart changes nothing.
    evicted.kill();
    evicted.start();
    takes_no_part(evicted);
    assert!(leader.status().nodes.iter().all(|node| node.name != evicted.name()));
}

#[test]
fn the_leader_can_be_evicted_by_itself() {
    let cluster = formed!(3);
    let leader = cluster.settled(&cluster.all::<3>());
    let others = cluster.others(leader);
    leader.ok(&format!("node evict {}", leader.name()));
    gone_from(&cluster, &others, leader);
    takes_no_part(leader);
}

#[test]
fn a_dead_node_is_evicted_and_learns_of_it_when_it_comes_back() {
    let cluster = formed!(3);
    let [n1, n2, n3] = cluster.all();
    n3.host().kill().unwrap();
    n1.until("n3 is down", |status| status.nodes[2].state == NodeState::Down);
    n2.ok("node evict n3");
    gone_from(&cluster, &[n1, n2], n3);
    n3.host().start().unwrap();
    n3.start();
    takes_no_part(n3);
    cluster.settled(&[n1, n2]);
}

#[test]
fn an_evicted_node_joins_anew_with_a_new_token_and_under_a_new_number() {
    let cluster = formed!(2);
    let [n1, n2] = cluster.all();
    let number = |node: Node<'_>| node.status().nodes.iter().find(|shown| shown.name == "n2").map(|n| n.id);
    let before = number(n1);
    n1.ok("node evict n2");
    takes_no_part(n2);
    n2.join(n1);
    cluster.settled(&[n1, n2]);
    assert!(number(n1) > before, "a number is never given twice");
    n2.apply("[cluster]\nname = \"shop\"\n# back\n").ok();
}

#[test]
fn the_last_node_cannot_be_evicted() {
    let cluster = formed!(1);
    let [n1] = cluster.all();
    n1.run("node evict n1").refused(&["`n1` is the only member"]);
    n1.run("node evict n9").refused(&["no node named `n9`", "steadfast node list"]);
    assert!(n1.status().quorum.has);
}

#[test]
fn a_node_without_which_there_is_no_majority_is_not_evicted() {
    let cluster = formed!(3);
    let [n1, n2, n3] = cluster.all();
    n3.host().kill().unwrap();
    n1.until("n3 is down", |status| status.nodes[2].state == NodeState::Down);
    // Of n1 and n3, which would be left, one is not there.
    n1.run("node evict n2").refused(&["n3"]);
    for node in [n1, n2] {
        node.apply(&format!("[cluster]\nname = \"shop\"\n# {} decides\n", node.name())).ok();
    }
    n1.ok("node evict n3");
    gone_from(&cluster, &[n1, n2], n3);
}
