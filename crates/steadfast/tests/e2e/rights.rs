//! Machines that do not permit everything: what is missing is named, and nothing is counted on that is not there.
//!
//! A node that had a gate, and is started again without the right to have one, must have the database say so
//! before it runs anything: who takes over from it goes by what the database says.

use crate::cluster::{eventually, wait_for};
use crate::failover::{FILE, is_online_on, online_on, serving};
use events::{NodeDown, ResourceFailed, TakeoverNotSafe};

/// What loading a program into the kernel takes.
const BPF: &str = "-bpf,-perfmon,-sys_admin";

#[test]
fn without_the_right_to_load_bpf_a_frozen_owner_of_processes_is_taken_over_from_only_when_somebody_confirms_it()
 {
    let cluster = formed!(3 of 4);
    let process =
        "type = \"process\"\ncommand = [\"/bin/sleep\", \"1000\"]\nexclusive = \"gate\"\ndepends_on";
    let referee = serving(&cluster, &FILE.replacen("type = \"dummy\"\ndepends_on", process, 1));
    let [n1, n2, n3, _] = cluster.all();
    n3.run("group move web --to n2").ok();
    n3.stop();
    n3.start_without(BPF);
    cluster.settled(&[n1, n2, n3]);
    n1.run("group move web --to n3").ok();
    is_online_on(n1, "web", "n3");
    let explained = n1.ok("explain web");
    for words in ["never by itself", "a lease gate on its node", "of nftables"] {
        assert!(explained.contains(words), "{words}: {explained}");
    }
    n3.host().freeze().unwrap();
    for node in [n1, n2] {
        node.until("it is left alone, whoever leads", |status| {
            status.alarms.iter().any(|alarm| alarm.event == TakeoverNotSafe::ENTRY.id && alarm.node == "n3")
        });
    }
    assert_eq!(online_on(n1, "web"), None);
    n3.host().kill().unwrap();
    n1.until("it does not hear from it", |status| {
        status.alarms.iter().any(|alarm| alarm.event == NodeDown::ENTRY.id)
    });
    n1.ok("node confirm-down n3");
    wait_for("it is taken over", || online_on(n1, "web").filter(|owner| owner != "n3"));
    assert_eq!(referee.end().several(), []);
}

#[test]
fn without_the_right_to_change_the_network_an_address_fails_with_the_reason_and_stays_where_it_can_be() {
    let cluster = formed!(3);
    let [n1, n2, n3] = cluster.all();
    n1.stop();
    n1.start_without(&format!("{BPF},-net_admin"));
    cluster.settled(&[n1, n2, n3]);
    n2.apply(FILE).ok();
    wait_for("it runs", || online_on(n2, "web"));
    let moved = n2.run("group move web --to n1");
    moved.refused(&["web/ip failed on n1", "permi"]);
    let owner = wait_for("it runs where it can", || online_on(n2, "web").filter(|owner| owner != "n1"));
    assert_ne!(owner, "n1");
    let failed = n1.tells(ResourceFailed::ENTRY);
    assert!(failed.text.to_lowercase().contains("permi"), "{}", failed.text);
    let explained = n2.ok("explain web");
    assert!(explained.contains("`ip` failed there"), "{explained}");
}

#[test]
fn without_cgroups_of_version_2_no_gate_is_promised_for_processes() {
    let cluster = formed!(3);
    let [n1, n2, n3] = cluster.all();
    n1.stop();
    let script = "awk '$3 == \"cgroup2\" { print $2 }' /proc/mounts | xargs --no-run-if-empty umount --lazy";
    assert!(n1.host().command("sh").args(["-c", script]).status().unwrap().success());
    n1.start();
    cluster.settled(&[n1, n2, n3]);
    let file = "[cluster]\nname = \"shop\"\n[[group]]\nname = \"worker\"\n[[group.resource]]\nname = \"work\"\n\
                type = \"process\"\ncommand = [\"/bin/sleep\", \"1000\"]\nexclusive = \"gate\"\n";
    n2.apply(file).ok();
    wait_for("it runs", || online_on(n2, "worker"));
    for (node, words) in [("n1", "never by itself"), ("n2", "the kernel closes its gate")] {
        n2.run(&format!("group move worker --to {node}")).ok();
        is_online_on(n2, "worker", node);
        eventually(&format!("what {node} has is told"), || n2.ok("explain worker").contains(words));
    }
}
