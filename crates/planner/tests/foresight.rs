//! What would be down if something failed.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod support;

use planner::foresight::{failures, losses};
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
    ] {
        assert_eq!(text.parse::<Hypothesis>().unwrap().to_string(), text);
    }
    for bad in
        ["", "node:n1", "node:=down", "node:n1=gone", "resource:a/b/c=failed", "type:x=broken", "x:y=z"]
    {
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
