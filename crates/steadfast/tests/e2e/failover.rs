//! Groups run on exactly one node, move when they are told to, and are taken over when their node is lost.

use crate::cluster::{Cluster, Node, eventually, wait_for};
use api::{GroupShown, NodeState};
use lab::{Network, Referee, Verdict};
use std::net::Ipv4Addr;

/// The address that clients use.
pub(crate) const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 200);

/// A group behind that address, and one that is behind nothing.
pub(crate) const FILE: &str = r#"
[cluster]
name = "shop"

[[group]]
name = "web"
possible_owners = ["n1", "n2", "n3"]
[[group.resource]]
name = "ip"
type = "ip-address"
address = "10.99.0.200/24"
[[group.resource]]
name = "app"
type = "dummy"
depends_on = ["ip"]

[[group]]
name = "batch"
[[group.resource]]
name = "job"
type = "dummy"
"#;

fn group(node: Node<'_>, name: &str) -> GroupShown {
    node.status().groups.into_iter().find(|group| group.name == name).unwrap()
}

/// Where a group is online; nothing while it is nowhere, or not all of it is.
pub(crate) fn online_on(node: Node<'_>, name: &str) -> Option<String> {
    let status = node.try_status()?;
    let group = status.groups.into_iter().find(|group| group.name == name)?;
    group.owner.filter(|_| group.state == "online")
}

pub(crate) fn is_online_on(asked: Node<'_>, name: &str, node: &str) {
    eventually(&format!("{name} is online on {node}"), || online_on(asked, name).as_deref() == Some(node));
}

/// A cluster of three whose groups run, with a host that belongs to nobody, from which it is watched.
pub(crate) fn serving(cluster: &Cluster, file: &str) -> Referee {
    let [n1, n2, n3, _] = cluster.all();
    n1.apply(file).ok();
    cluster.settled(&[n1, n2, n3]);
    for name in ["web", "batch"] {
        wait_for("it runs", || online_on(n2, name));
    }
    n1.run("group move web --to n3").ok();
    let referee = cluster.lab().hosts()[3].watch_address(ADDRESS, Network::First).unwrap();
    eventually("n3 answers", || referee.latest() == Some(3));
    referee
}

/// Nobody had it twice, and these had it, one after another.
fn judged(referee: Referee, owners: &[u8]) -> Verdict {
    let verdict = referee.end();
    assert_eq!(verdict.several(), [], "several answered for one address");
    assert_eq!(verdict.owners(), owners, "{:?}", verdict.outages());
    verdict
}

#[test]
fn a_group_is_moved_stopped_and_started_by_hand() {
    let cluster = formed!(3 of 4);
    let referee = serving(&cluster, FILE);
    let [n1, n2, n3, _] = cluster.all();
    let dry = n2.run("group move web --to n1 --dry-run").exited(3).stdout;
    assert!(dry.contains("start") && dry.contains("n1"), "{dry}");
    is_online_on(n1, "web", "n3");
    n2.run("group move web --to n1").ok();
    assert_eq!(online_on(n3, "web").as_deref(), Some("n1"), "it returns when it is done");
    assert!(group(n3, "web").generation > 1);
    let elsewhere = n1.run("group move web");
    elsewhere.ok();
    assert_ne!(online_on(n1, "web").as_deref(), Some("n1"), "without a node: to another one");
    n1.run("group move web --to n2").ok();
    let verdict = referee.end();
    assert_eq!(verdict.several(), []);
    n1.run("group offline web").ok();
    assert_eq!((group(n2, "web").state, group(n2, "web").owner), ("offline".to_owned(), None));
    n3.run("group online web").ok();
    wait_for("it is online again", || online_on(n1, "web"));
    n1.run("group move web --to n9").refused(&["n9"]);
    n1.run("group move nothing --to n1").refused(&["nothing"]);
}

#[test]
fn a_group_that_is_moved_again_and_again_has_one_owner_at_any_time() {
    let cluster = formed!(3 of 4);
    let referee = serving(&cluster, FILE);
    let [n1, _, _, _] = cluster.all();
    let mut owners = vec![3];
    for number in (1..=3).cycle().take(45) {
        n1.run(&format!("group move web --to n{number}")).ok();
        owners.push(number);
    }
    judged(referee, &owners);
}

#[test]
fn a_node_is_drained_paused_and_used_again() {
    let cluster = formed!(3 of 4);
    let referee = serving(&cluster, FILE);
    let [n1, n2, n3, _] = cluster.all();
    n1.run("node drain n3").ok();
    let owner = wait_for("it runs elsewhere", || online_on(n1, "web"));
    assert_ne!(owner, "n3");
    n2.until("n3 is draining", |status| status.nodes[2].state == NodeState::Draining);
    n2.run("group move web --to n3").refused(&["cannot be moved to n3", "drain"]);
    n2.run("node resume n3").ok();
    n2.run("group move web --to n3").ok();
    n1.run("node pause n3").ok();
    assert_eq!(online_on(n3, "web").as_deref(), Some("n3"), "it keeps what it has");
    n1.run("group move batch --to n3").refused(&["paused"]);
    n1.run("node resume n3").ok();
    assert_eq!(referee.end().several(), []);
}

#[test]
fn a_lost_node_is_taken_over_from_and_comes_back_as_a_spare() {
    let cluster = formed!(3 of 4);
    let referee = serving(&cluster, FILE);
    let [n1, n2, n3, _] = cluster.all();
    n3.host().kill().unwrap();
    let owner = wait_for("it is taken over", || online_on(n1, "web").filter(|owner| owner != "n3"));
    n3.host().start().unwrap();
    n3.start();
    n2.until("n3 is back", |status| status.nodes.iter().all(|node| node.state == NodeState::Up));
    cluster.settled(&[n1, n2, n3]);
    assert_eq!(online_on(n3, "web"), Some(owner.clone()), "it stays where it is");
    let number = owner.trim_start_matches('n').parse().unwrap();
    judged(referee, &[3, number]);
}

#[test]
fn who_is_cut_off_stops_by_itself_before_anybody_takes_over() {
    let cluster = formed!(3 of 4);
    let [n1, n2, n3, _] = cluster.all();
    let referee = serving(&cluster, FILE);
    // Its clients still reach it: nothing but its lease ends what it does.
    let members = [n1.host(), n2.host()];
    cluster.lab().split(&[n3.host()], &members).unwrap();
    let owner = wait_for("it is taken over", || online_on(n1, "web").filter(|owner| owner != "n3"));
    eventually("the one that is cut off runs nothing", || {
        n3.try_status().is_some_and(|status| status.groups.iter().all(|group| group.state != "online"))
    });
    cluster.lab().heal().unwrap();
    cluster.settled(&[n1, n2, n3]);
    assert_eq!(online_on(n3, "web"), Some(owner.clone()), "it is not revived");
    let number = owner.trim_start_matches('n').parse().unwrap();
    judged(referee, &[3, number]);
}

#[test]
fn a_frozen_owner_has_no_effect_after_its_lease_and_none_when_it_wakes() {
    let cluster = formed!(3 of 4);
    let [n1, n2, n3, _] = cluster.all();
    let referee = serving(&cluster, FILE);
    n3.host().freeze().unwrap();
    let owner = wait_for("it is taken over", || online_on(n1, "web").filter(|owner| owner != "n3"));
    n3.host().thaw().unwrap();
    cluster.settled(&[n1, n2, n3]);
    is_online_on(n3, "web", &owner);
    let number = owner.trim_start_matches('n').parse().unwrap();
    judged(referee, &[3, number]);
}

#[test]
fn a_daemon_that_is_back_within_its_lease_interrupts_nothing() {
    let cluster = formed!(3 of 4);
    let [n1, _, n3, _] = cluster.all();
    let referee = serving(&cluster, FILE);
    let generation = group(n1, "web").generation;
    n3.kill();
    n3.start();
    n3.until("it leads or follows again", |status| status.quorum.has);
    is_online_on(n1, "web", "n3");
    assert_eq!(group(n1, "web").generation, generation, "the same ownership");
    judged(referee, &[3]);
}

#[test]
fn without_a_daemon_the_monitor_stops_what_it_runs_when_the_lease_ends() {
    let cluster = formed!(3 of 4);
    let [n1, _, n3, _] = cluster.all();
    let referee = serving(&cluster, FILE);
    n3.kill();
    let owner = wait_for("it is taken over", || online_on(n1, "web").filter(|owner| owner != "n3"));
    eventually("the address is gone from where no daemon is", || {
        let shown = n3.host().command("ip").args(["-4", "addr", "show", "dev", "eth0"]).output().unwrap();
        !String::from_utf8_lossy(&shown.stdout).contains(&ADDRESS.to_string())
    });
    let number = owner.trim_start_matches('n').parse().unwrap();
    judged(referee, &[3, number]);
}

#[test]
fn a_daemon_that_is_asked_to_stop_hands_over_what_it_runs() {
    let cluster = formed!(3 of 4);
    let [n1, _, n3, _] = cluster.all();
    let referee = serving(&cluster, FILE);
    n3.stop();
    let owner = wait_for("it runs elsewhere", || online_on(n1, "web"));
    assert_ne!(owner, "n3");
    let number = owner.trim_start_matches('n').parse().unwrap();
    judged(referee, &[3, number]);
}

#[test]
fn a_change_of_leader_moves_nothing() {
    let cluster = formed!(3 of 4);
    let [n1, n2, n3, _] = cluster.all();
    let referee = serving(&cluster, FILE);
    let leader = cluster.settled(&[n1, n2, n3]);
    if leader.name() == "n3" {
        // The owner shall not be the one that is lost.
        n1.run("group move web --to n1").ok();
    }
    let (owner, generation) = (online_on(leader, "web").unwrap(), group(leader, "web").generation);
    if owner == leader.name() {
        return;
    }
    leader.kill();
    let rest = cluster.others(leader).into_iter().filter(|node| node.name() != "n4").collect::<Vec<_>>();
    cluster.led_by_one_of(&rest);
    leader.start();
    cluster.settled(&[n1, n2, n3]);
    assert_eq!(online_on(rest[0], "web"), Some(owner));
    assert_eq!(group(rest[0], "web").generation, generation, "the same ownership");
    assert_eq!(referee.end().several(), []);
}

#[test]
fn a_resource_that_fails_is_restarted_where_it_is_and_too_often_elsewhere() {
    let cluster = formed!(3 of 4);
    let [n1, n2, n3, _] = cluster.all();
    let file = FILE.replace("name = \"app\"", "name = \"app\"\nrestarts = \"2 in 60m\"");
    let referee = serving(&cluster, &file);
    for _ in 0..2 {
        n2.run("resource fail web/app").ok();
        is_online_on(n1, "web", "n3");
        eventually("it is restarted", || group(n1, "web").resources.iter().all(|one| one.state == "online"));
    }
    n2.run("resource fail web/app").ok();
    let owner = wait_for("it moves", || online_on(n1, "web").filter(|owner| owner != "n3"));
    assert_ne!(owner, "n3");
    n3.run("resource clear web/app").ok();
    n3.run("resource restart web/app").ok();
    is_online_on(n1, "web", &owner);
    assert_eq!(referee.end().several(), []);
}

#[test]
fn in_maintenance_nothing_is_done() {
    let cluster = formed!(3 of 4);
    let [n1, n2, _, _] = cluster.all();
    let referee = serving(&cluster, FILE);
    n1.run("maintenance on").ok();
    n1.run("resource fail web/app").ok();
    n2.until("it is seen to have failed", |status| {
        status.groups.iter().any(|group| group.resources.iter().any(|one| one.state == "failed"))
    });
    n2.run("maintenance off").ok();
    is_online_on(n1, "web", "n3");
    judged(referee, &[3]);
}
