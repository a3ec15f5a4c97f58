//! What administrators and networks do to groups that they should not: refused or handled with the reason, and
//! nothing half done.

use crate::cluster::{eventually, wait_for};
use crate::failover::{ADDRESS, FILE, is_online_on, online_on, serving};
use lab::Network;

#[test]
fn orders_that_contradict_each_other_at_the_same_time_all_end_and_one_of_them_holds() {
    let cluster = formed!(3 of 4);
    let referee = serving(&cluster, FILE);
    let [n1, n2, n3, _] = cluster.all();
    let orders = [
        (n1, "group move web --to n1"),
        (n2, "group move web --to n2"),
        (n3, "group move web --to n3"),
        (n1, "group offline web"),
        (n2, "group online web"),
        (n3, "node drain n1"),
        (n2, "node resume n1"),
    ];
    let asked: Vec<_> = orders.iter().map(|(node, order)| (order, node.spawn(order))).collect();
    for (order, child) in asked {
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() || !said.is_empty(), "{order}: {:?} without a word", output.status);
    }
    n1.run("node resume n1").ok();
    n1.run("group online web").ok();
    let owner = wait_for("it is online", || online_on(n1, "web"));
    is_online_on(n2, "web", &owner);
    assert_eq!(referee.end().several(), []);
}

#[test]
fn a_group_is_not_moved_to_a_node_that_is_gone_and_the_refusal_says_so() {
    let cluster = formed!(3 of 4);
    let referee = serving(&cluster, FILE);
    let [n1, n2, n3, _] = cluster.all();
    let victim = if cluster.settled(&[n1, n2, n3]).name() == "n1" { n2 } else { n1 };
    let asked = if victim.name() == "n1" { n2 } else { n1 };
    victim.host().kill().unwrap();
    asked.until("it is seen", |status| {
        status.nodes.iter().any(|node| node.name == victim.name() && node.state == api::NodeState::Down)
    });
    asked.run(&format!("group move web --to {}", victim.name())).refused(&[victim.name(), "down"]);
    is_online_on(n3, "web", "n3");
    assert_eq!(referee.end().several(), []);
}

#[test]
fn an_address_that_a_stranger_uses_is_left_to_him_and_taken_when_he_is_gone() {
    let cluster = formed!(3 of 4);
    let [n1, n2, n3, stranger] = cluster.all();
    let ip = |action: &str| {
        let address = format!("{ADDRESS}/24");
        let arguments = ["addr", action, &address, "dev", Network::First.interface()];
        assert!(stranger.host().command("ip").args(arguments).status().unwrap().success());
    };
    ip("add");
    n1.apply(FILE).ok();
    cluster.settled(&[n1, n2, n3]);
    let conflict = n1.tells(events::entry(1049).unwrap());
    assert!(conflict.text.contains(&ADDRESS.to_string()), "{}", conflict.text);
    eventually("its reason is shown", || {
        n2.status().groups.iter().any(|group| group.name == "web" && group.state != "online")
    });
    wait_for("the other one is not kept waiting", || online_on(n2, "batch"));
    ip("del");
    n1.run("resource clear web/ip").ok();
    wait_for("it is online", || online_on(n2, "web"));
    // While it was tried elsewhere, nobody was told that nothing more was done.
    assert!(n1.told(1205).len() <= 1, "{:?}", n1.told(1205));
}

#[test]
fn an_interface_that_is_set_down_costs_the_group_its_node_and_nothing_else() {
    let cluster = formed!(3 of 4);
    let referee = serving(&cluster, FILE);
    let [n1, _, n3, _] = cluster.all();
    let batch = online_on(n1, "batch");
    let arguments = ["link", "set", Network::First.interface(), "down"];
    assert!(n3.host().command("ip").args(arguments).status().unwrap().success());
    let owner = wait_for("it moves", || online_on(n1, "web").filter(|owner| owner != "n3"));
    assert_eq!(online_on(n1, "batch"), batch);
    is_online_on(n1, "web", &owner);
    assert_eq!(referee.end().several(), []);
}

#[test]
fn a_node_that_is_cut_off_lets_go_and_does_not_claim_to_know_what_became_of_the_group() {
    let cluster = formed!(3 of 4);
    let referee = serving(&cluster, FILE);
    let [n1, n2, n3, _] = cluster.all();
    let lost = online_on(n1, "web").unwrap();
    assert_eq!(lost, "n3");
    cluster.lab().isolate(n3.host()).unwrap();
    let alone = n3.until("it has let go", |status| {
        status.groups.iter().any(|group| group.name == "web" && group.state != "online")
    });
    let web = alone.groups.iter().find(|group| group.name == "web").unwrap();
    assert!(web.state == "pending" && web.reason.contains("no leader"), "{web:?}");
    let id = events::GroupFailed::ENTRY.id;
    assert!(alone.alarms.iter().all(|alarm| alarm.event != id), "{:?}", alone.alarms);
    let others = [n1, n2];
    let owner = wait_for("it is taken over", || {
        others.iter().find_map(|node| online_on(*node, "web").filter(|owner| owner != "n3"))
    });
    cluster.lab().heal().unwrap();
    cluster.settled(&[n1, n2, n3]);
    is_online_on(n3, "web", &owner);
    assert_eq!(referee.end().several(), []);
}
