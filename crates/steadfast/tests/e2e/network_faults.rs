//! Networks that fail: one of two is no loss, and who is cut off knows it.

use crate::cluster::{Cluster, Node, eventually};
use api::{NodeState, Phase, UpDown};
use events::{PeerNetworkBack, PeerNetworkLost, QuorumLost, QuorumRegained};
use lab::{Network, Traffic};

fn lose_network(cluster: &Cluster, network: Network) {
    for host in cluster.lab().hosts() {
        cluster.lab().cut(Traffic::of(host).on(network)).unwrap();
    }
}

#[test]
fn the_loss_of_either_network_is_told_and_shown_and_nobody_moves() {
    let cluster = formed!(3);
    let nodes = cluster.all::<3>();
    cluster.settled(&nodes);
    let calm = cluster.calm();
    for (place, network) in Network::ALL.into_iter().enumerate() {
        lose_network(&cluster, network);
        for node in nodes {
            node.until("that network is down, the other is up", |status| {
                let seen = status.nodes.iter().filter(|other| other.name != node.name());
                seen.clone().all(|other| {
                    other.state == NodeState::Up
                        && other.networks[place].state == UpDown::Down
                        && other.networks[1 - place].state == UpDown::Up
                })
            });
            let file = format!("[cluster]\nname = \"shop\"\n# {} without {network:?}\n", node.name());
            node.apply(&file).ok();
        }
        cluster.settled(&nodes);
        calm.held();
        cluster.lab().heal().unwrap();
        for node in nodes {
            node.until("both networks are up", |status| {
                status
                    .nodes
                    .iter()
                    .flat_map(|other| &other.networks)
                    .all(|network| network.state == UpDown::Up)
            });
        }
    }
    for node in nodes {
        assert_eq!(node.told(PeerNetworkLost::ENTRY.id).len(), 4, "two peers, two networks");
        assert_eq!(node.told(PeerNetworkBack::ENTRY.id).len(), 4);
    }
    calm.held();
}

#[test]
fn a_pulled_cable_is_seen_as_that_node_s_and_nobody_moves() {
    let cluster = formed!(3);
    let nodes = cluster.all::<3>();
    cluster.settled(&nodes);
    let calm = cluster.calm();
    cluster.lab().link_down(nodes[1].host(), Network::First).unwrap();
    for (number, node) in nodes.iter().enumerate().filter(|(number, _)| *number != 1) {
        node.until("n2's first network alone is down", |status| {
            let down = |at: usize, network: usize| status.nodes[at].networks[network].state == UpDown::Down;
            down(1, 0) && !down(1, 1) && !down(2 - number, 0) && !down(number, 0)
        });
    }
    nodes[1].until("its own first network is down", |status| {
        status.nodes[1].networks[0].state == UpDown::Down && status.nodes[1].state == NodeState::Up
    });
    nodes[1].apply("[cluster]\nname = \"shop\"\n# with one cable\n").ok();
    cluster.lab().heal().unwrap();
    cluster.settled(&nodes);
    calm.held();
}

#[test]
fn an_isolated_leader_is_replaced_knows_it_and_comes_back_without_a_lost_write() {
    let cluster = formed!(3);
    let nodes = cluster.all::<3>();
    let old = cluster.settled(&nodes);
    let others = cluster.others(old);
    old.apply("[cluster]\nname = \"shop\"\n# before the cut\n").ok();
    cluster.lab().isolate(old.host()).unwrap();

    let new = cluster.led_by_one_of(&others);
    assert_ne!(new.name(), old.name());
    let file = "[cluster]\nname = \"shop\"\n# during the cut\n";
    others[0].apply(file).ok();
    let alone = old.until("no quorum", |status| status.standing.phase == Phase::NoQuorum);
    assert!(alone.leader.is_none() && !alone.quorum.has, "{alone:?}");
    let own = alone.nodes.iter().find(|node| node.name == old.name()).unwrap();
    assert_eq!(own.state, NodeState::Isolated);
    old.apply("[cluster]\nname = \"shop\"\n# on the wrong side\n").refused(&["no quorum"]);
    assert!(old.ok("export").contains("before the cut"), "reads go on");
    old.tells(QuorumLost::ENTRY);

    cluster.lab().heal().unwrap();
    cluster.settled(&nodes);
    for node in nodes {
        assert_eq!(node.ok("export"), file, "at {}", node.name());
    }
    old.tells(QuorumRegained::ENTRY);
}

#[test]
fn a_follower_that_was_cut_off_comes_back_without_deposing_the_leader() {
    let cluster = formed!(3);
    let nodes = cluster.all::<3>();
    let leader = cluster.settled(&nodes);
    let others = cluster.others(leader);
    let (cut, stays) = (others[0], others[1]);
    let calm_terms = terms(leader);
    cluster.lab().isolate(cut.host()).unwrap();
    cut.until("no quorum", |status| status.standing.phase == Phase::NoQuorum);
    stays.apply("[cluster]\nname = \"shop\"\n# without it\n").ok();
    cluster.lab().heal().unwrap();
    assert_eq!(cluster.settled(&nodes).name(), leader.name());
    assert_eq!(terms(leader), calm_terms, "it leads in the same term");
}

fn terms(node: Node<'_>) -> usize {
    node.events(&format!("--id {}", events::LeaderChanged::ENTRY.id)).len()
}

#[test]
fn a_leader_that_hears_nobody_though_all_hear_it_is_replaced() {
    let cluster = formed!(3);
    let nodes = cluster.all::<3>();
    let old = cluster.settled(&nodes);
    let others = cluster.others(old);
    for other in &others {
        cluster.lab().cut(Traffic::one_way(other.host(), old.host())).unwrap();
    }
    cluster.led_by_one_of(&others);
    others[1].apply("[cluster]\nname = \"shop\"\n# one way only\n").ok();
    old.until("no quorum", |status| !status.quorum.has);
    cluster.lab().heal().unwrap();
    cluster.settled(&nodes);
    assert_eq!(old.ok("export"), "[cluster]\nname = \"shop\"\n# one way only\n");
}

#[test]
fn with_a_twentieth_of_all_frames_lost_the_cluster_works_and_nobody_is_called_down() {
    let cluster = formed!(3);
    let nodes = cluster.all::<3>();
    cluster.settled(&nodes);
    for host in cluster.lab().hosts() {
        cluster.lab().lose(Traffic::of(host), 25).unwrap();
    }
    for round in 0..10 {
        let file = format!("[cluster]\nname = \"shop\"\n# {round}\n");
        eventually("a write through the noise", || nodes[round % 3].apply(&file).code == Some(0));
    }
    let down = events::NodeDown::ENTRY.id;
    for node in nodes {
        assert!(node.told(down).is_empty(), "{:?}", node.told(down));
    }
    cluster.lab().heal().unwrap();
    cluster.settled(&nodes);
}
