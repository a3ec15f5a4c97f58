//! Where eBPF is not permitted: a gate of nftables is enough, for groups behind an address.
//!
//! Every node here runs without the right to load programs into the kernel.

use crate::cluster::{Cluster, NAME, Node, eventually, wait_for};
use crate::failover::{ADDRESS, is_online_on, online_on};
use lab::{Network, Referee};

/// What loading a program into the kernel takes.
const BPF: &str = "-bpf,-perfmon,-sys_admin";

const FILE: &str = r#"
[cluster]
name = "shop"

[[group]]
name = "web"
possible_owners = ["n1", "n2", "n3"]
[[group.resource]]
name = "ip"
type = "ip-address"
address = "10.99.0.200/24"
"#;

/// Three nodes whose group runs on n3, and a host from which it is watched.
fn serving(cluster: &Cluster) -> Referee {
    let [n1, n2, n3, _] = cluster.all();
    for node in [n1, n2, n3] {
        node.start_without(BPF);
    }
    n1.ok(&format!("init --name {NAME}"));
    for node in [n2, n3] {
        node.join(n1);
    }
    cluster.settled(&[n1, n2, n3]);
    n1.apply(FILE).ok();
    wait_for("it runs", || online_on(n2, "web"));
    n1.run("group move web --to n3").ok();
    eventually("what n3 has is told", || n1.ok("explain web").contains("nftables"));
    let explained = n1.ok("explain web");
    assert!(explained.contains("2 × 1.4s lease"), "{explained}");
    assert!(!explained.contains("never by itself"), "{explained}");
    let referee = cluster.lab().hosts()[3].watch_address(ADDRESS, Network::First).unwrap();
    eventually("n3 answers", || referee.latest() == Some(3));
    referee
}

/// Runs a line on a node's host; what it printed.
fn sh(node: Node<'_>, line: &str) -> String {
    let output = node.host().command("sh").args(["-c", line]).output().unwrap();
    assert!(output.status.success(), "{line} on {}: {output:?}", node.name());
    String::from_utf8(output.stdout).unwrap()
}

fn generation(node: Node<'_>) -> u64 {
    node.status().groups.iter().find(|group| group.name == "web").unwrap().generation
}

/// The process that holds the table.
fn keeper(node: Node<'_>) -> String {
    // The brackets keep it from finding the shell.
    wait_for("a keeper", || {
        let found = sh(node, "pgrep -f 'gate-keepe[r] ' || true");
        let mut lines = found.lines().map(str::to_owned);
        lines.next().filter(|_| lines.next().is_none())
    })
}

fn taken_over(node: Node<'_>) -> u8 {
    let owner = wait_for("it is taken over", || online_on(node, "web").filter(|owner| owner != "n3"));
    owner.trim_start_matches('n').parse().unwrap()
}

fn judged(referee: Referee, owners: &[u8]) {
    let verdict = referee.end();
    assert_eq!(verdict.several(), [], "several answered for one address");
    assert_eq!(verdict.owners(), owners, "{:?}", verdict.outages());
}

#[test]
fn a_node_that_loses_power_is_taken_over_from_without_anybodys_word() {
    let cluster = hosts!(4);
    let referee = serving(&cluster);
    let [n1, _, n3, _] = cluster.all();
    n3.host().kill().unwrap();
    let owner = taken_over(n1);
    judged(referee, &[3, owner]);
}

#[test]
fn a_frozen_owner_whose_rules_are_flushed_has_no_effect_after_its_lease_and_none_when_it_wakes() {
    let cluster = hosts!(4);
    let referee = serving(&cluster);
    let [n1, n2, n3, _] = cluster.all();
    keeper(n3);
    n3.kill();
    // Monitors and keeper as well: nobody is left who could close anything.
    sh(n3, "kill -STOP -1");
    sh(n3, "nft flush ruleset");
    assert!(sh(n3, "nft list table netdev steadfast_n3").contains("drop"), "the table is somebody's");
    let owner = taken_over(n1);
    sh(n3, "nft flush ruleset");
    sh(n3, "kill -CONT -1");
    n3.start_without(BPF);
    cluster.settled(&[n1, n2, n3]);
    is_online_on(n3, "web", &format!("n{owner}"));
    judged(referee, &[3, owner]);
}

#[test]
fn a_frozen_owner_with_its_daemon_has_no_effect_after_its_lease_and_none_when_it_wakes() {
    let cluster = hosts!(4);
    let referee = serving(&cluster);
    let [n1, n2, n3, _] = cluster.all();
    n3.host().freeze().unwrap();
    let owner = taken_over(n1);
    n3.host().thaw().unwrap();
    cluster.settled(&[n1, n2, n3]);
    is_online_on(n3, "web", &format!("n{owner}"));
    judged(referee, &[3, owner]);
}

#[test]
fn a_daemon_that_is_back_within_its_lease_finds_its_table_again_and_interrupts_nothing() {
    let cluster = hosts!(4);
    let referee = serving(&cluster);
    let [n1, _, n3, _] = cluster.all();
    let (before, generation_before) = (keeper(n3), generation(n1));
    n3.kill();
    sh(n3, "nft flush ruleset");
    n3.start_without(BPF);
    n3.until("it leads or follows again", |status| status.quorum.has);
    is_online_on(n1, "web", "n3");
    assert_eq!(generation(n1), generation_before, "the same ownership");
    assert_eq!(keeper(n3), before, "the same keeper");
    judged(referee, &[3]);
}

#[test]
fn a_keeper_that_is_killed_is_replaced_and_nothing_is_interrupted() {
    let cluster = hosts!(4);
    let referee = serving(&cluster);
    let [n1, _, n3, _] = cluster.all();
    let (first, generation_before) = (keeper(n3), generation(n1));
    sh(n3, &format!("kill -KILL {first}"));
    let second = wait_for("another keeper", || Some(keeper(n3)).filter(|found| *found != first));
    // It holds the same table, without the daemon too.
    n3.kill();
    sh(n3, "nft flush ruleset && nft list table netdev steadfast_n3");
    n3.start_without(BPF);
    n3.until("it leads or follows again", |status| status.quorum.has);
    is_online_on(n1, "web", "n3");
    assert_eq!((generation(n1), keeper(n3)), (generation_before, second));
    judged(referee, &[3]);
}

#[test]
fn a_keeper_that_does_not_answer_is_replaced_by_the_next_daemon() {
    let cluster = hosts!(4);
    let referee = serving(&cluster);
    let [n1, n2, n3, _] = cluster.all();
    let first = keeper(n3);
    sh(n3, &format!("kill -STOP {first}"));
    n3.kill();
    n3.start_without(BPF);
    wait_for("another keeper", || Some(keeper(n3)).filter(|found| *found != first));
    cluster.settled(&[n1, n2, n3]);
    wait_for("it runs", || online_on(n1, "web"));
    n1.run("group move web --to n3").ok();
    eventually("what n3 has counts", || n1.ok("explain web").contains("2 × 1.4s lease"));
    assert_eq!(referee.end().several(), []);
}

#[test]
fn a_daemon_that_stops_in_order_leaves_no_keeper_behind() {
    let cluster = hosts!(4);
    let referee = serving(&cluster);
    let [n1, _, n3, _] = cluster.all();
    keeper(n3);
    n3.stop();
    let owner = taken_over(n1);
    eventually("its keeper is gone", || sh(n3, "pgrep -f 'gate-keepe[r] ' || true").is_empty());
    judged(referee, &[3, owner]);
}
