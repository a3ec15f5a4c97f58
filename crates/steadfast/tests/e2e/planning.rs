//! Any node says what would be done, and what was decided earlier can be replayed.

use crate::cluster::{Node, eventually, wait_for};
use serde_json::Value;

/// Two groups: one that prefers n2, one that can only be on n3.
const FILE: &str = r#"
[cluster]
name = "shop"

[[group]]
name = "web"
preferred_owners = ["n2", "n1"]
[[group.resource]]
name = "page"
type = "dummy"

[[group]]
name = "batch"
possible_owners = ["n3"]
[[group.resource]]
name = "job"
type = "dummy"
"#;

fn plan(node: Node<'_>, options: &str) -> Value {
    let ran = node.run(&format!("plan --json {options}"));
    // Whether anything would be done is not the question here.
    assert!(matches!(ran.code, Some(0 | 3)), "{ran:?}");
    serde_json::from_str(&ran.stdout).unwrap()
}

fn place(plan: &Value, group: &str) -> Option<String> {
    plan["placement"][group]["node"].as_str().map(str::to_owned)
}

fn history(node: Node<'_>) -> Vec<api::PlanMade> {
    serde_json::from_str(&node.ok("plan --history --json")).unwrap()
}

#[test]
fn any_node_plans_what_the_leader_knows_and_past_plans_are_replayed() {
    let cluster = formed!(3);
    let [n1, n2, n3] = cluster.all();
    n1.run("plan").exited(0);
    n1.apply(FILE).ok();
    let leader = cluster.settled(&[n1, n2, n3]);
    for node in [n1, n2, n3] {
        eventually("the plan is the same wherever it is asked for", || {
            place(&plan(node, ""), "web").as_deref() == Some("n2")
        });
        assert_eq!(place(&plan(node, "--if node:n2=down"), "web").as_deref(), Some("n1"));
        let asked = node.ask_locally("GET", "/v1/plan?if=node:n2%3Ddown", "");
        let answered: Value = serde_json::from_str(&asked.body).unwrap();
        assert_eq!(place(&answered, "web").as_deref(), Some("n1"), "{answered}");
    }
    let explained = n3.ok("explain web");
    assert!(explained.contains("its leader, knows it") && explained.contains("n2"), "{explained}");
    let check = n2.run("check").exited(3).stdout;
    assert!(check.contains("if n3 is lost") && check.contains("batch would be down"), "{check}");
    assert!(!check.contains("web would be down"), "{check}");
    assert_eq!(
        place(&plan(n1, "--if network:1=down"), "web").as_deref(),
        Some("n2"),
        "one of two moves nothing"
    );
    n1.run("plan --if network:3=down").refused(&["network"]);
    n1.run("explain wbe").refused(&["the cluster has no group named `wbe`", "did you mean `web`?"]);
    n1.run("plan --if node:n9=down").refused(&["there is no node `n9`"]);
    let bad = n1.ask_locally("GET", "/v1/plan?if=node:n1", "");
    assert_eq!((bad.status, bad.problem().kind), (400, api::ProblemKind::BadRequest));

    // The plan from before a loss, and the one after it: both can be had later, from anywhere.
    let lost = if leader.name() == "n2" { n1 } else { n2 };
    let other = cluster.others(lost).into_iter().find(|node| node.name() != leader.name()).unwrap();
    lost.kill();
    let cause = format!("{} is down", lost.name());
    let made = wait_for("the leader plans anew when a node is lost", || {
        history(other).into_iter().find(|made| made.node == leader.name() && made.cause.contains(&cause))
    });
    let at = format!("--at {}:{}", made.node, made.seq);
    let expected = if lost.name() == "n2" { "n1" } else { "n2" };
    assert_eq!(place(&plan(other, &at), "web").as_deref(), Some(expected));
    let told = other.run(&format!("plan {at}"));
    assert!(matches!(told.code, Some(0 | 3)), "{told:?}");
    assert!(told.stdout.contains(&cause) && told.stdout.contains(&made.node), "{told:?}");
    assert!(!told.stderr.contains("planned otherwise"), "{told:?}");
    // With another file: what would have happened.
    other.write_file("/root/other.toml", FILE.replace(r#"["n2", "n1"]"#, r#"["n3"]"#));
    let with_other = plan(other, &format!("{at} --file /root/other.toml"));
    assert_eq!(place(&with_other, "web").as_deref(), Some("n3"));
    other
        .run(&format!("plan --at {}:99999", leader.name()))
        .refused(&["has made no plan 99999", "--history"]);
    other.run("plan --at n9:1").refused(&["no node named `n9`"]);
    other.run(&format!("plan --at {}:1", lost.name())).refused(&["did not answer"]);
    let listed = other.run("plan --history").exited(0);
    assert!(listed.stdout.contains(&cause), "{listed:?}");
    assert!(listed.stderr.contains(&format!("{} did not answer", lost.name())), "{listed:?}");

    // What was recorded outlives its daemon.
    leader.stop();
    leader.start();
    eventually("the plan of the life before is still there", || {
        matches!(leader.run(&format!("plan {at}")).code, Some(0 | 3))
    });
}

#[test]
fn a_node_without_majority_plans_and_says_that_nothing_comes_of_it() {
    let cluster = formed!(3);
    let [n1, n2, n3] = cluster.all();
    n1.apply(FILE).ok();
    cluster.settled(&[n1, n2, n3]);
    n2.kill();
    n3.kill();
    n1.until("it has lost the majority", |status| !status.quorum.has);
    let told = n1.run("plan");
    assert!(told.stderr.contains("no leader is in reach of n1"), "{told:?}");
    assert!(told.stdout.contains("n1 (isolated)"), "{told:?}");
}

#[test]
fn a_node_without_a_cluster_has_nothing_to_plan() {
    let cluster = hosts!(1);
    let [n1] = cluster.all();
    n1.start();
    n1.run("plan").refused(&["n1 belongs to no cluster", "steadfast plan --file"]);
    assert_eq!(
        n1.ok("plan --history"),
        "no plan was made yet: the leader makes one when something changes\n"
    );
}
