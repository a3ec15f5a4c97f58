//! A node that joins a cluster with a baseline runs nothing until it has what was validated.

use super::shelf::{FILE, LIBRARY, Shelf, differs, sh};
use crate::cluster::eventually;
use crate::failover::{is_online_on, online_on};

#[test]
fn a_node_that_differs_joins_in_maintenance_and_takes_part_when_it_is_mended() {
    let Some(shelf) = Shelf::or_skip(test_name!()) else { return };
    let cluster = formed!(2 of 3);
    let [n1, n2, n3] = cluster.all();
    for node in [n1, n2, n3] {
        shelf.install_on(node);
    }
    cluster.settled(&[n1, n2]);
    n1.apply(FILE).ok();
    is_online_on(n2, "db", "n1");
    n1.ok("baseline capture");
    sh(n3, "dpkg -i helped-3.0-1.deb");
    n3.start();
    n3.join(n1);
    let told = n3.tells(events::NodeInMaintenance::ENTRY);
    assert_eq!(told.fields["node"], "n3");
    eventually("n1 to know in what it differs", || {
        differs(n1, "n3").contains(&("older".to_owned(), LIBRARY.to_owned()))
    });
    let status = n1.ok("status");
    assert!(status.contains("n3") && status.contains("maintenance"), "{status}");
    n1.run("group move db --to n3").refused(&["n3"]);
    assert_eq!(online_on(n2, "db").as_deref(), Some("n1"));
    n1.ok("node drain n1");
    is_online_on(n2, "db", "n2");

    sh(n3, "dpkg -i helped-4.0-1.deb");
    let told = n3.tells(events::NodeMatchesBaseline::ENTRY);
    assert_eq!(told.fields["node"], "n3");
    n1.ok("node drain n2");
    is_online_on(n1, "db", "n3");
}

#[test]
fn a_node_that_has_what_was_validated_takes_part_at_once() {
    let Some(shelf) = Shelf::or_skip(test_name!()) else { return };
    let cluster = formed!(2 of 3);
    let [n1, n2, n3] = cluster.all();
    for node in [n1, n2, n3] {
        shelf.install_on(node);
    }
    cluster.settled(&[n1, n2]);
    n1.apply(FILE).ok();
    is_online_on(n2, "db", "n1");
    n1.ok("baseline capture");
    n3.start();
    n3.join(n1);
    n3.tells(events::NodeMatchesBaseline::ENTRY);
    n1.ok("group move db --to n3");
    is_online_on(n2, "db", "n3");
}
