//! Nodes that stand still for a while, and nodes that stop in order.

use crate::cluster::Node;
use crate::failover::{FILE, serving};
use api::{NodeState, Phase};
use events::{DaemonStopped, LeadershipTransferred, NodeDown};
use lab::NetworkLock;
use std::time::Duration;

#[test]
fn a_leader_whose_host_stands_still_is_replaced_and_follows_when_it_goes_on() {
    let cluster = formed!(3);
    let nodes = cluster.all::<3>();
    let old = cluster.settled(&nodes);
    let others = cluster.others(old);
    old.host().freeze().unwrap();
    let new = cluster.led_by_one_of(&others);
    for other in &others {
        other.until("it is down", |status| {
            status.nodes.iter().any(|node| node.name == old.name() && node.state == NodeState::Down)
        });
    }
    let file = "[cluster]\nname = \"shop\"\n# while one stood still\n";
    others[1].apply(file).ok();

    old.host().thaw().unwrap();
    assert_eq!(cluster.settled(&nodes).name(), new.name(), "it does not take the leadership back");
    assert_eq!(old.ok("export"), file);
    assert!(others.iter().all(|node| !node.told(NodeDown::ENTRY.id).is_empty()));
    assert!(old.told(NodeDown::ENTRY.id).is_empty(), "it was itself that stood still, not the others");
}

#[test]
fn a_daemon_that_stands_still_is_missed_and_goes_on_as_a_member() {
    let cluster = formed!(3);
    let nodes = cluster.all::<3>();
    let leader = cluster.settled(&nodes);
    let follower = cluster.others(leader)[0];
    follower.daemon().freeze().unwrap();
    leader.until("it is down", |status| status.nodes.iter().any(|node| node.state == NodeState::Down));
    leader.apply("[cluster]\nname = \"shop\"\n# without it\n").ok();
    follower.daemon().thaw().unwrap();
    assert_eq!(cluster.settled(&nodes).name(), leader.name(), "nobody is deposed by it");
    assert_eq!(follower.status().standing.phase, Phase::Member);
}

#[test]
fn nothing_stands_still_because_somebody_changes_the_kernels_network_configuration() {
    let name = "nothing_stands_still_because_somebody_changes_the_kernels_network_configuration";
    let cluster = formed!(3 of 4);
    let referee = serving(&cluster, FILE);
    let nodes: [Node<'_>; 3] = [cluster.node(1), cluster.node(2), cluster.node(3)];
    cluster.settled(&nodes);
    let generation = || nodes[0].status().groups[0].generation;
    let (calm, before) = (cluster.calm(), generation());
    // For longer than any lease lasts; and it is the lock of the whole machine, so of all three.
    let held = match NetworkLock::hold() {
        Ok(held) => held,
        Err(error) => return lab::skip(name, &format!("no userfaultfd: {error}")),
    };
    for _ in 0..6 {
        std::thread::sleep(Duration::from_millis(500));
        nodes.iter().for_each(|node| drop(node.ok("token create")));
    }
    drop(held);
    cluster.settled(&nodes);
    calm.held();
    assert_eq!(generation(), before, "the group has stayed where it was");
    assert_eq!(referee.end().several(), []);
}

#[test]
fn sigterm_hands_the_leadership_over_before_the_daemon_stops() {
    let cluster = formed!(3);
    let nodes = cluster.all::<3>();
    let old = cluster.settled(&nodes);
    let others = cluster.others(old);
    old.stop();
    assert!(!old.within(|| std::fs::exists("/run/steadfast/steadfast.sock")).unwrap(), "the socket is gone");
    let new = cluster.led_by_one_of(&others);
    others[0].apply("[cluster]\nname = \"shop\"\n# under the next one\n").ok();
    old.start();
    cluster.settled(&nodes);
    let told = old.tells(LeadershipTransferred::ENTRY);
    assert_eq!((&told.fields["from"], &told.fields["to"]), (&old.name().into(), &new.name().into()));
    assert_eq!(old.tells(DaemonStopped::ENTRY).fields["reason"], "SIGTERM");
    assert!(old.told(events::UncleanStop::ENTRY.id).is_empty());
}

#[test]
fn all_daemons_stopped_in_order_come_back_as_the_same_cluster() {
    let cluster = formed!(3);
    let nodes = cluster.all::<3>();
    let file = "[cluster]\nname = \"shop\"\n# over a whole stop\n";
    nodes[0].apply(file).ok();
    nodes.iter().for_each(|node| node.daemon().terminate().unwrap());
    nodes.iter().for_each(|node| node.stop());
    for node in nodes {
        node.start();
    }
    cluster.settled(&nodes);
    assert_eq!(nodes[2].ok("export"), file);
}
