//! A disk that fills up: said early, nothing acknowledged that is not on disk, and all well again
//! when space returns.

use crate::cluster::{Cluster, Node, eventually};
use api::Phase;
use events::{DatabaseResumed, DatabaseStopped, DiskNearlyFull, DiskSpaceBack};
use lab::SmallDisk;
use std::collections::BTreeSet;

/// Room for the database several times over, so that the warning comes with space to spare.
const DISK_BYTES: u64 = 96 << 20;

/// What leaves less than the warning asks for, and more than enough to work with.
const MUCH_BYTES: usize = 60 << 20;

/// Gives the node's data directory a small disk of its own; before its first start.
fn with_small_disk(node: Node<'_>) -> SmallDisk<'_> {
    node.host().small_disk("/steadfast/data", DISK_BYTES).unwrap()
}

/// Makes one credential after another at `node` until one is refused. Returns those acknowledged.
fn write_until_refused(node: Node<'_>, prefix: &str) -> (BTreeSet<String>, String) {
    let mut acknowledged = BTreeSet::new();
    for number in 0..5_000 {
        let name = format!("{prefix}-{number}");
        let ran = node.run(&format!("credential create {name}"));
        if ran.code != Some(0) {
            return (acknowledged, ran.exited(1).stderr);
        }
        acknowledged.insert(name);
    }
    panic!("5000 changes, and the disk is said to be full");
}

fn there(node: Node<'_>) -> BTreeSet<String> {
    let shown: Vec<api::CredentialShown> = serde_json::from_str(&node.ok("credential list --json")).unwrap();
    shown.into_iter().map(|shown| shown.name).collect()
}

#[test]
fn full_disks_of_a_majority_are_reported_early_acknowledge_nothing_and_recover_by_themselves() {
    let cluster = hosts!(3);
    let nodes = cluster.all::<3>();
    let [n1, n2, n3] = nodes;
    let disks = [n2, n3].map(with_small_disk);
    cluster.form([1, 2, 3]);

    n2.write_file("/steadfast/data/much", vec![0; MUCH_BYTES]);
    let told = n2.tells(DiskNearlyFull::ENTRY);
    assert_eq!((told.id, &told.fields["path"]), (1021, &"/steadfast/data".into()));
    assert!(n2.status().alarms.iter().any(|alarm| alarm.event == 1021));
    n2.run("credential create early").ok();

    for disk in &disks {
        disk.fill().unwrap();
    }
    let (acknowledged, refusal) = write_until_refused(n1, "full");
    assert!(refusal.contains("next: "), "{refusal}");
    for node in [n2, n3] {
        node.until("stopped for its disk", |status| status.database.state == "stopped");
        assert!(node.daemon().is_running());
    }
    n1.until("no quorum", |status| !status.quorum.has);
    n1.run("credential create none").refused(&["no quorum", "n2", "n3"]);

    for disk in &disks {
        disk.free().unwrap();
    }
    n2.within(|| std::fs::remove_file("/steadfast/data/much")).unwrap();
    cluster.settled(&nodes);
    for node in [n2, n3] {
        node.tells(DatabaseStopped::ENTRY);
        node.tells(DatabaseResumed::ENTRY);
        node.tells(DiskSpaceBack::ENTRY);
        let lost: Vec<_> = acknowledged.difference(&there(node)).cloned().collect();
        assert!(lost.is_empty(), "{} lost {lost:?}", node.name());
    }
    assert!(!there(n1).contains("none"), "what was refused at once was not done");
    n1.run("credential create after").ok();
}

#[test]
fn one_full_disk_of_three_stops_nobody_else() {
    let cluster = hosts!(3);
    let nodes = cluster.all::<3>();
    let disk = with_small_disk(nodes[2]);
    cluster.form([1, 2, 3]);
    let others = &nodes[..2];
    disk.fill().unwrap();
    stop_by_writing(&cluster, nodes[0], nodes[2]);
    cluster.led_by_one_of(others);
    nodes[0].apply("[cluster]\nname = \"shop\"\n# in spite of it\n").ok();
    disk.free().unwrap();
    cluster.settled(&nodes);
    assert_eq!(nodes[2].ok("export"), "[cluster]\nname = \"shop\"\n# in spite of it\n");
}

/// Writes at one node until the disk of another is not merely full but in the way.
fn stop_by_writing(cluster: &Cluster, at: Node<'_>, full: Node<'_>) {
    let mut number = 0;
    eventually("the full disk to stop the database", || {
        number += 1;
        // Refused for a moment where the full one was the leader.
        drop(at.run(&format!("credential create one-{number}")));
        full.status().standing.phase == Phase::DatabaseUnusable
    });
    assert!(cluster.nodes().all(|node| node.daemon().is_running()));
}
