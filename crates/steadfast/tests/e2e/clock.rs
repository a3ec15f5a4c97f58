//! A clock that is a day off: told, and in nobody's way.

use crate::cluster::{Cluster, Node, wait_for};
use crate::failover::{FILE, online_on};
use events::ClockDiffers;

const DAY_S: i64 = 86_400;

/// Sets the clock of a host, or says why the test cannot be run here.
fn set_clock(test: &str, node: Node<'_>, seconds: i64) -> bool {
    match node.host().set_clock_offset(seconds) {
        Ok(()) => true,
        Err(error @ lab::LabError::Missing { .. }) => {
            lab::skip(test, &error.to_string());
            false
        }
        Err(error) => panic!("{error}"),
    }
}

/// The node with the wrong clock joined, and everything works through it.
fn works(cluster: &Cluster, wrong: Node<'_>) {
    let nodes: Vec<_> = cluster.nodes().collect();
    cluster.settled(&nodes);
    let file = format!("[cluster]\nname = \"shop\"\n# by {}\n", wrong.name());
    wrong.apply(&file).ok();
    cluster.settled(&nodes);
    assert_eq!(nodes[0].ok("export"), file);
    for node in cluster.others(wrong) {
        let told = node.tells(ClockDiffers::ENTRY);
        assert_eq!(told.fields["node"], wrong.name());
        let off_ms = told.fields["difference_ms"].as_i64().unwrap();
        assert!((off_ms.abs() - DAY_S * 1000).abs() < 60_000, "{off_ms}");
        assert!(node.status().alarms.iter().any(|alarm| alarm.event == ClockDiffers::ENTRY.id));
    }
    wrong.tells(ClockDiffers::ENTRY);
}

#[test]
fn a_node_whose_clock_is_a_day_behind_joins_works_and_is_told_of() {
    let cluster = hosts!(3);
    let [n1, n2, n3] = cluster.all();
    if !set_clock(test_name!(), n3, -DAY_S) {
        return;
    }
    cluster.form([1, 2]);
    n3.start();
    n3.join(n1);
    works(&cluster, n3);
    // Tokens of either side are good on the other.
    n1.ok("node evict n2");
    n2.until("evicted", |status| status.standing.phase == api::Phase::Evicted);
    n2.join_with(n3, &n1.token("")).ok();
    cluster.settled(&[n1, n2, n3]);
}

#[test]
fn a_node_whose_clock_is_a_day_ahead_joins_works_and_says_so_when_it_refuses_a_token_for_it() {
    let cluster = hosts!(4);
    let [n1, _, n3, n4] = cluster.all();
    if !set_clock(test_name!(), n3, DAY_S) {
        return;
    }
    cluster.form([1, 2]);
    n3.start();
    n3.join(n1);
    n4.start();
    // For n3 the token's hour was over yesterday. It says so with the time, and the token is as
    // good as before where clocks are right.
    let token = n1.token("");
    n4.join_with(n3, &token).refused(&["this token expired at"]);
    n3.tells(events::JoinTokenExpired::ENTRY);
    n4.join_with(n1, &token).ok();
    works(&cluster, n3);
}

#[test]
fn groups_do_not_mind_a_wall_clock_that_is_set_and_set_back_while_they_run_and_are_taken_over() {
    let cluster = hosts!(3);
    for node in cluster.nodes() {
        if !set_clock(test_name!(), node, 0) {
            return;
        }
    }
    cluster.form(1..=3);
    let nodes = cluster.all::<3>();
    let leader = cluster.settled(&nodes);
    leader.apply(FILE).ok();
    let owner = wait_for("it runs", || online_on(leader, "web"));
    let generation = |node: Node<'_>| {
        node.status().groups.into_iter().find(|group| group.name == "web").map(|group| group.generation)
    };
    let before = generation(leader);
    for seconds in [DAY_S, -DAY_S, 0] {
        assert!(set_clock(test_name!(), leader, seconds));
        // It has planned by then: with the clock as it is.
        leader.apply(&format!("{FILE}# {seconds}\n")).ok();
        assert_eq!((online_on(leader, "web"), generation(leader)), (Some(owner.clone()), before));
    }
    let lost = nodes.into_iter().find(|node| node.name() == owner).unwrap();
    let rest = cluster.others(lost);
    lost.host().kill().unwrap();
    for (node, seconds) in rest.iter().zip([-DAY_S, DAY_S]) {
        assert!(set_clock(test_name!(), *node, seconds));
    }
    wait_for("it is taken over", || online_on(rest[0], "web").filter(|next| *next != owner));
}
