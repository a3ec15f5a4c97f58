//! Planning from files, by the binary, where no daemon runs.

use crate::steadfast::{Done, command, run, run_with};
use serde_json::Value;

const FILE: &str = r#"
[cluster]
name = "shop"
[[group]]
name = "web"
preferred_owners = ["n1", "n2"]
[[group.resource]]
name = "ip"
type = "ip-address"
address = "10.99.0.100/24"
"#;

const STATUS: &str = r#"{ "cluster": "shop", "as_of": "2026-11-22T18:30:00Z",
    "nodes": [{ "name": "n1", "state": "up" }, { "name": "n2", "state": "up" }],
    "groups": [{ "name": "web", "state": "online", "owner": "n1",
                 "resources": [{ "name": "ip", "type": "ip-address", "state": "online" }] }] }"#;

/// The command on a folder with both files.
fn ask(arguments: &str) -> Done {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("shop.toml"), FILE).unwrap();
    std::fs::write(dir.path().join("status.json"), STATUS).unwrap();
    let mut command = command(arguments);
    command.current_dir(dir.path());
    run(command)
}

fn json(done: &Done) -> Value {
    serde_json::from_str(&done.stdout).unwrap()
}

#[test]
fn a_plan_from_a_file_has_placement_roles_and_steps_and_exits_with_3() {
    let done = ask("plan --file shop.toml --nodes n1,n2 --json");
    assert_eq!((done.code, done.stderr.as_str()), (Some(3), ""));
    let plan = json(&done);
    assert_eq!(
        (&plan["placement"]["web"]["node"], &plan["placement"]["web"]["role"]),
        (&"n1".into(), &"online".into())
    );
    assert_eq!(plan["resources"]["web/ip"]["node"], "n1");
    let last = plan["steps"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["action"], &last["resource"], &last["node"]),
        (&"start".into(), &"ip".into(), &"n1".into())
    );
    assert_eq!(last["after"], serde_json::json!([0]));
}

#[test]
fn a_status_that_is_as_it_should_be_exits_with_0_and_a_supposed_loss_with_3() {
    let done = ask("plan --file shop.toml --state status.json");
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stdout.ends_with("nothing would change: 1 group stays\n"), "{done:?}");
    let done = ask("plan --file shop.toml --state status.json --if node:n1=down --json");
    assert_eq!(done.code, Some(3));
    assert_eq!(json(&done)["placement"]["web"]["node"], "n2");
}

#[test]
fn explain_and_check_need_no_daemon_either() {
    let done = ask("explain web --file shop.toml --state status.json");
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stdout.contains("chosen"), "{done:?}");
    let done = ask("check --file shop.toml");
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stdout.contains("5 failures tried: none would leave a group down"), "{done:?}");
    let done = ask("check --file shop.toml --if node:n2=down --json");
    assert_eq!(done.code, Some(3), "{done:?}");
    assert_eq!(json(&done)["losses"][0]["failures"][0], "node:n1=down");
}

#[test]
fn what_cannot_be_planned_is_refused_and_what_cannot_be_meant_is_usage() {
    let wrong = ask("plan --file status.json");
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.stderr.contains("status.json:1:") && wrong.stdout.is_empty(), "{wrong:?}");
    let wrong = ask("plan --file shop.toml --state shop.toml");
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.stderr.contains("shop.toml:2:") && wrong.stderr.contains("next: "), "{wrong:?}");
    assert_eq!(ask("plan --file shop.toml --if node:n3=down").code, Some(1));
    let nobody = ask("plan");
    assert_eq!(nobody.code, Some(4), "without a file a node is asked: {nobody:?}");
    for line in ["plan --nodes n1", "plan --file shop.toml --if n1", "plan --file shop.toml --nodes n1,n1"] {
        assert_eq!(ask(line).code, Some(2), "{line}");
    }
    let piped = run_with(command("plan --file - --json"), FILE);
    assert_eq!(piped.code, Some(3), "{piped:?}");
}
