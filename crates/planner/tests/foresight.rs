//! What would be down if something failed.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod support;

use planner::foresight::{Loss, failures, losses, pairs};
use planner::hypothesis::{Hypothesis, UnknownSubject};

const SHOP: &str = "
[[group]]
name = \"web\"
[[group.resource]]
name = \"ip\"
type = \"dummy\"

[[group]]
name = \"data\"
possible_owners = [\"n1\", \"n2\"]
[[group.resource]]
name = \"disk\"
type = \"process\"
command = [\"/usr/bin/sleep\", \"60\"]
[[group.resource]]
name = \"ip\"
type = \"dummy\"
--- view
nodes n1 n2 n3
";

#[test]
fn with_nodes_to_spare_no_single_failure_takes_a_group_down() {
    let case = support::case(&format!("{SHOP}web on n1\ndata on n2\n"));
    let each: Vec<_> = failures(&case.spec, &case.view).into_iter().map(|one| vec![one]).collect();
    assert_eq!(each.len(), 3 + 3 + 2 * 3, "nodes, resources, and types on nodes");
    assert_eq!(losses(&case.spec, &case.view, &each), Vec::new());
}

#[test]
fn what_is_broken_on_the_only_other_node_makes_a_node_s_loss_a_group_s() {
    let view = "node n1 not ready: process the library is too old\nweb on n1\ndata on n2\n";
    let case = support::case(&format!("{SHOP}{view}"));
    let each: Vec<_> = failures(&case.spec, &case.view).into_iter().map(|one| vec![one]).collect();
    let found = losses(&case.spec, &case.view, &each);
    let of = |failure: &str| {
        let loss = found.iter().find(|loss| loss.failures == [failure]);
        loss.map(|loss| loss.down.iter().map(|lost| lost.group.as_str()).collect::<Vec<_>>())
    };
    assert_eq!(of("node:n2=down"), Some(vec!["data"]), "{found:?}");
    assert_eq!(of("resource:data/disk=failed"), Some(vec!["data"]));
    assert_eq!(of("type:process@n2=broken"), Some(vec!["data"]));
    assert_eq!(of("node:n1=down"), None);
}

#[test]
fn two_failures_at_once_are_two_failures() {
    let case = support::case(&format!("{SHOP}web on n1\ndata on n2\n"));
    let both: Vec<Hypothesis> = ["node:n1=down", "node:n2=down"].map(|text| text.parse().unwrap()).into();
    let found = losses(&case.spec, &case.view, &[both]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].failures, ["node:n1=down", "node:n2=down"]);
    let down: Vec<_> = found[0].down.iter().map(|lost| lost.group.as_str()).collect();
    assert_eq!(down, ["data"]);
}

#[test]
fn hypotheses_read_as_they_are_written() {
    for text in [
        "node:n1=down",
        "node:n1=drained",
        "node:n1=paused",
        "node:n1=up",
        "resource:ip=failed",
        "resource:web/ip=failed",
        "type:ip-address@n2=broken",
        "type:ocf:heartbeat:IPaddr2@n2=broken",
        "network:2=down",
        "network:10.0.0.1=down",
        "network:fd00::1=down",
    ] {
        assert_eq!(text.parse::<Hypothesis>().unwrap().to_string(), text);
    }
    for bad in [
        "network:=down",
        "network:2=up",
        "network:a b=down",
        "",
        "node:n1",
        "node:=down",
        "node:n1=gone",
        "resource:a/b/c=failed",
        "type:x=broken",
        "x:y=z",
    ] {
        assert!(bad.parse::<Hypothesis>().is_err(), "{bad}");
    }
}

#[test]
fn a_hypothesis_about_nothing_says_what_there_is() {
    let case = support::case(&format!("{SHOP}web on n1\ndata on n2\n"));
    let apply = |text: &str| {
        text.parse::<Hypothesis>().unwrap().apply(&case.spec, &mut case.view.clone()).unwrap_err()
    };
    assert!(matches!(apply("node:n9=down"), UnknownSubject::Node(_, there) if there == "n1, n2, n3"));
    assert!(matches!(apply("resource:nothing=failed"), UnknownSubject::Resource(_)));
    let both = apply("resource:ip=failed").to_string();
    assert!(both.contains("`web/ip`") && both.contains("`data/ip`"), "{both}");
}

/// Three nodes on one network, and two of them on another; web's address is in the former.
const NETWORKS: &str = "
[[group]]
name = \"web\"
[[group.resource]]
name = \"ip\"
type = \"ip-address\"
address = \"10.0.0.100/24\"

[[group]]
name = \"data\"
possible_owners = [\"n3\"]
[[group.resource]]
name = \"d\"
type = \"dummy\"
--- view
nodes n1 n2 n3
web on n1
data on n3
node n1 network 1 10.0.0.1
node n2 network 1 10.0.0.2
node n3 network 1 10.0.0.3
node n1 network 2 10.99.0.1
node n2 network 2 10.99.0.2
";

fn loss_of(text: &str, network: &str) -> Option<Loss> {
    let case = support::case(text);
    losses(&case.spec, &case.view, &[vec![network.parse().unwrap()]]).pop()
}

fn names(of: &[planner::foresight::Lost]) -> Vec<&str> {
    of.iter().map(|lost| lost.group.as_str()).collect()
}

#[test]
fn who_is_on_no_other_network_is_cut_off_and_addresses_in_the_lost_one_are_out_of_reach() {
    let loss = loss_of(NETWORKS, "network:1=down").unwrap();
    assert_eq!(names(&loss.down), ["data"], "{loss:?}");
    assert_eq!(names(&loss.unreachable), ["web"]);
    let leaves = loss.leaves.unwrap();
    assert_eq!(leaves, "n3 is cut off from the majority, which goes on over network `2`");
    assert_eq!(loss_of(NETWORKS, "network:2=down"), None, "all hear each other over the other");
    assert_eq!(loss_of(NETWORKS, "network:10.0.0.2=down").unwrap().down, loss.down, "by an address on it");
}

#[test]
fn the_loss_of_one_of_two_networks_moves_nothing() {
    let loss = loss_of(&format!("{NETWORKS}node n3 network 2 10.99.0.3\n"), "network:1=down").unwrap();
    assert_eq!(loss.down, []);
    assert_eq!(names(&loss.unreachable), ["web"]);
    assert_eq!(loss.leaves.unwrap(), "the nodes still hear each other over network `2`");
}

#[test]
fn the_loss_of_the_only_network_stops_everything() {
    let text = NETWORKS.replace("node n1 network 2 10.99.0.1\nnode n2 network 2 10.99.0.2\n", "");
    let loss = loss_of(&text, "network:1=down").unwrap();
    assert_eq!(names(&loss.down), ["data", "web"]);
    assert!(loss.leaves.unwrap().starts_with("no node hears a majority of the others any more"));
    assert!(loss.down[1].reason.contains("n1 is cut off from the majority"), "{:?}", loss.down);
    let case = support::case(&text);
    assert!(failures(&case.spec, &case.view).contains(&"network:1=down".parse().unwrap()));
    let plan = {
        let mut view = case.view.clone();
        "network:1=down".parse::<Hypothesis>().unwrap().apply(&case.spec, &mut view).unwrap();
        planner::plan(&case.spec, &view)
    };
    assert_eq!(plan.steps, [], "nobody is there to be told anything: each node stops by itself");
}

#[test]
fn a_network_that_nobody_is_on_is_told_with_those_that_there_are() {
    let case = support::case(NETWORKS);
    let apply = |text: &str, view: &planner::View| {
        text.parse::<Hypothesis>().unwrap().apply(&case.spec, &mut view.clone())
    };
    let error = apply("network:3=down", &case.view).unwrap_err().to_string();
    assert!(error.contains("there are: 1, 2"), "{error}");
    let nothing = support::case(&format!("{SHOP}web on n1\n")).view;
    let error = apply("network:1=down", &nothing).unwrap_err().to_string();
    assert!(error.contains("nothing is known of the nodes' networks"), "{error}");
}

#[test]
fn pairs_are_bounded_and_tell_what_neither_does_alone() {
    let case = support::case(&format!("{SHOP}web on n1\ndata on n2\n"));
    let all = failures(&case.spec, &case.view);
    let each: Vec<_> = all.iter().map(|one| vec![one.clone()]).collect();
    let alone = losses(&case.spec, &case.view, &each);
    let try_some = |most| pairs(&case.spec, &case.view, &all, &alone, most, &mut |_| {});
    let few = try_some(3);
    assert_eq!((few.tried, few.of), (3, 66), "the three pairs of nodes come first");
    assert_eq!(few.losses.len(), 1);
    assert_eq!(few.losses[0].failures, ["node:n1=down", "node:n2=down"]);
    let whole = try_some(usize::MAX);
    assert_eq!(whole.tried, 66);
    assert!(
        whole.losses.iter().all(|loss| names(&loss.down) == ["data"] || names(&loss.down).contains(&"web"))
    );
}
