//! Nodes die at any moment and come back with everything that was acknowledged.

use crate::cluster::{Cluster, NAME, Node, eventually, wait_for};
use api::{CredentialShown, NodeState, Phase};
use events::{NeitherJoinNorForm, NodeConfigurationChanged, QuorumRegained, UncleanStop};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// Writes at all nodes in turn while `fault` happens, and checks afterwards that everything that
/// was acknowledged is there, on every node.
fn nothing_acknowledged_is_lost(cluster: &Cluster, fault: impl FnOnce(&Acknowledged)) {
    let acknowledged = Acknowledged::default();
    let nodes: Vec<_> = cluster.nodes().collect();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| write(&nodes, &acknowledged, &stop));
        // Whatever happens, also a failed expectation, the writer is told to stop.
        let _told = StopAtEnd(&stop);
        acknowledged.grows();
        fault(&acknowledged);
        acknowledged.grows();
        drop(_told);
        writer.join().unwrap();
    });
    cluster.settled(&nodes);
    let acknowledged = acknowledged.0.into_inner().unwrap();
    for node in nodes {
        let shown: Vec<CredentialShown> = serde_json::from_str(&node.ok("credential list --json")).unwrap();
        let there: BTreeSet<String> = shown.into_iter().map(|shown| shown.name).collect();
        let lost: Vec<_> = acknowledged.difference(&there).collect();
        assert!(
            lost.is_empty(),
            "{} of {} are lost on {}: {lost:?}",
            lost.len(),
            acknowledged.len(),
            node.name()
        );
    }
}

/// Makes one credential after the other. Each is a record of its own, so a lost one is missed later.
fn write(nodes: &[Node<'_>], acknowledged: &Acknowledged, stop: &AtomicBool) {
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let node = nodes[number % nodes.len()];
        let name = format!("w{number}");
        // A host may go down between the look and the call, which the lab then refuses.
        let ran = node.host().command(env!("CARGO_BIN_EXE_steadfast"));
        let ran = ran.args(["--socket", "/run/steadfast/steadfast.sock", "credential", "create", &name]);
        if ran.output().is_ok_and(|output| output.status.success()) {
            acknowledged.0.lock().unwrap().insert(name);
        }
    }
}

#[derive(Default)]
struct Acknowledged(Mutex<BTreeSet<String>>);

impl Acknowledged {
    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// Waits until some more were acknowledged.
    fn grows(&self) {
        let before = self.count();
        eventually("more acknowledged writes", || self.count() >= before + 5);
    }
}

struct StopAtEnd<'s>(&'s AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn kill_9_of_each_node_in_turn_loses_nothing_and_writes_go_on_without_it() {
    let cluster = formed!(3);
    nothing_acknowledged_is_lost(&cluster, |acknowledged| {
        for node in cluster.nodes() {
            node.kill();
            // Two of three go on.
            acknowledged.grows();
            node.start();
            node.until("a member again", |status| status.standing.phase == Phase::Member);
            node.tells(UncleanStop::ENTRY);
        }
    });
}

#[test]
fn kill_9_of_all_nodes_at_once_loses_nothing() {
    let cluster = formed!(3);
    nothing_acknowledged_is_lost(&cluster, |acknowledged| {
        for _ in 0..3 {
            cluster.nodes().for_each(Node::kill);
            cluster.nodes().for_each(|node| drop(node.start()));
            acknowledged.grows();
        }
    });
}

#[test]
fn the_loss_of_power_on_all_hosts_at_once_loses_nothing() {
    let cluster = formed!(3);
    nothing_acknowledged_is_lost(&cluster, |acknowledged| {
        for _ in 0..2 {
            std::thread::scope(|scope| {
                for node in cluster.nodes() {
                    scope.spawn(move || node.host().kill().unwrap());
                }
            });
            for node in cluster.nodes() {
                node.host().start().unwrap();
                node.start();
            }
            acknowledged.grows();
        }
    });
}

#[test]
fn a_node_whose_peers_are_gone_answers_says_why_it_cannot_take_part_and_goes_on_trying() {
    let cluster = formed!(3);
    let [n1, n2, n3] = cluster.all();
    let before = n1.ok("export");
    for node in [n1, n2, n3] {
        node.host().kill().unwrap();
    }
    n1.host().start().unwrap();
    n1.start();
    let text = "no quorum: 1 of 3, needs 2; last seen n2 not since this start, n3 not since this start";
    let status = n1.until("no quorum", |status| status.standing.text == text);
    assert_eq!((status.standing.phase, status.cluster.as_deref()), (Phase::NoQuorum, Some(NAME)));
    assert_eq!(status.quorum.missing, ["n2", "n3"]);
    assert_eq!(status.nodes[0].state, NodeState::Isolated);
    assert_eq!(n1.ok("export"), before, "what it knows, it tells");
    let told = n1.tells(NeitherJoinNorForm::ENTRY);
    assert_eq!(told.fields["cause"], text);
    assert!(told.fields["next"].as_str().unwrap().starts_with("start the missing nodes"), "{told:?}");
    assert!(n1.daemon().is_running());

    // As soon as it can, it does.
    n3.host().start().unwrap();
    n3.start();
    n1.until("a member again", |status| status.standing.phase == Phase::Member);
    n1.tells(QuorumRegained::ENTRY);
    assert_eq!(n1.ok("export"), before);
}

#[test]
fn a_node_that_comes_back_at_other_addresses_is_found_and_recorded_there() {
    let cluster = formed!(3);
    let nodes = cluster.all::<3>();
    let moved = cluster.others(cluster.settled(&nodes))[0];
    moved.stop();
    let number = moved.host().number();
    let elsewhere = [("eth0", format!("10.99.0.10{number}")), ("eth1", format!("10.99.1.10{number}"))];
    let mut config = moved.usual_config();
    for ((interface, to), network) in elsewhere.iter().zip(lab::Network::ALL) {
        let added = moved.host().command("ip").args(["addr", "add", &format!("{to}/24"), "dev", interface]);
        assert!(added.status().unwrap().success());
        config = config.replace(&moved.host().ipv4(network).to_string(), to);
    }
    moved.configure(&config);
    moved.start();
    cluster.settled(&nodes);
    for node in nodes {
        node.until("its new addresses", |status| {
            let shown = status.nodes.iter().find(|node| node.name == moved.name()).expect("a member");
            shown.networks.iter().map(|network| &network.address).eq(elsewhere.iter().map(|(_, to)| to))
        });
    }
    nodes[0].tells(NodeConfigurationChanged::ENTRY);
    moved.apply("[cluster]\nname = \"shop\"\n# from there\n").ok();
}

#[test]
fn a_founder_killed_while_it_forms_goes_on_by_itself_or_is_still_a_stranger() {
    for _ in 0..5 {
        let cluster = hosts!(1);
        let [n1] = cluster.all();
        n1.start();
        let mut init = n1.spawn("init --name shop");
        // Killed at whatever it is doing once there is a file of the new cluster.
        wait_for("the first file", || {
            n1.within(|| std::fs::exists("/steadfast/data/cluster.redb")).ok()?.then_some(())
        });
        n1.kill();
        init.wait().unwrap();
        n1.start();
        if n1.status().cluster.is_some() {
            n1.until("formed", |status| status.quorum.has && status.nodes.len() == 1);
        } else {
            n1.ok("init --name shop");
        }
        n1.apply("[cluster]\nname = \"shop\"\n# whole\n").ok();
    }
}

#[test]
fn a_joiner_killed_while_it_joins_becomes_a_member_by_itself_or_its_token_is_still_good() {
    for delay_ms in [0, 5, 15, 30, 60, 120, 200] {
        let cluster = formed!(1 of 2);
        let [n1, n2] = cluster.all();
        let token = n1.token("");
        n2.start();
        let mut join = n2.spawn(&format!("join {} --token {token}", n1.address()));
        std::thread::sleep(std::time::Duration::from_millis(delay_ms));
        n2.kill();
        join.wait().unwrap();
        n2.start();
        if n2.status().cluster.is_none() {
            n2.join_with(n1, &token).ok();
        }
        n2.until("a full member", |status| status.quorum.has && status.quorum.votes == 2);
        assert_eq!(n1.status().nodes.len(), 2);
        n2.apply("[cluster]\nname = \"shop\"\n# whole\n").ok();
    }
}

#[test]
fn stopping_in_order_is_told_as_that_and_nothing_else() {
    let cluster = formed!(3);
    let nodes = cluster.all::<3>();
    cluster.settled(&nodes);
    for _ in 0..3 {
        for node in nodes {
            node.stop();
        }
        for node in nodes {
            node.start();
        }
        cluster.settled(&nodes);
    }
    for node in nodes {
        let errors = node.told(events::DatabaseUnreadable::ENTRY.id);
        assert!(errors.is_empty(), "{errors:?}");
        assert!(node.told(events::NeitherJoinNorForm::ENTRY.id).is_empty());
        assert_eq!(node.told(events::DaemonStopped::ENTRY.id).len(), 3);
    }
}
