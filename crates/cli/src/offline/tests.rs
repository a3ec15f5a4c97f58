//! Planning from files, as a person and as a script see it. `tests/golden/plan_*` at 80 columns.

use super::{Given, Question};
use crate::args::{Cli, Command};
use crate::commands::check::find;
use crate::commands::plan::plans;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::golden::check;
use crate::paint::paint;
use crate::render;
use clap::{CommandFactory, FromArgMatches};
use planner::answer::{Answer, Explained};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A shop: a database with a replica, a web site that needs it, and a batch job for nights.
const SHOP: &str = include_str!("../../tests/offline/shop.toml");
/// The same, running, after n2 was lost.
const STATUS: &str = include_str!("../../tests/offline/status.json");

/// A folder with both.
struct Ground {
    dir: tempfile::TempDir,
}

impl Ground {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("shop.toml"), SHOP).unwrap();
        std::fs::write(dir.path().join("status.json"), STATUS).unwrap();
        Self { dir }
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// What is asked by these words after `steadfast`.
    fn ask(&self, line: &str) -> Result<Question, Failure> {
        Question::read(&self.given(line).unwrap())
    }

    fn given(&self, line: &str) -> Result<Given, clap::Error> {
        let here = |word: &str| match word.contains(".toml") || word.contains(".json") {
            true => self.dir.path().join(word).display().to_string(),
            false => word.to_owned(),
        };
        let words = std::iter::once("steadfast".to_owned()).chain(line.split(' ').map(here));
        let matches = Cli::command().try_get_matches_from(words)?;
        Cli::from_arg_matches(&matches).map(|cli| match cli.command {
            Command::Plan(args) => args.given,
            Command::Check(args) => args.given,
            Command::Explain(args) => args.given,
            other => panic!("{other:?}"),
        })
    }

    /// What is said of a question that is refused, and the exit code.
    fn refused(&self, line: &str) -> (Exit, String) {
        let failure = self.ask(line).unwrap_err();
        let folder = format!("{}/", self.dir.path().display());
        (failure.exit(), paint(&failure.render(), false).replace(&folder, ""))
    }
}

fn check_text(name: &str, text: &str) {
    let text = paint(text, false);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "wider than 80 columns:\n{text}");
    check(name, &text);
}

fn check_plan(name: &str, question: &Question) {
    check_text(name, &render::plan::plans(question, &plans(question), Some(80)));
}

#[test]
fn a_file_is_tried_before_there_is_a_cluster() {
    let ground = Ground::new();
    check_plan("plan_first.txt", &ground.ask("plan --file shop.toml --at-time 2026-11-22T14:00").unwrap());
    let question = ground
        .ask("plan --file shop.toml --nodes n1,n2,n3,n4 --if node:n1=down --if type:dummy@n3=broken")
        .unwrap();
    assert_eq!(question.suppose.len(), 2);
    let question = ground.ask("plan --file shop.toml --if node:n1=down --at-time 2026-11-22T14:00").unwrap();
    check_plan("plan_if.txt", &question);
}

#[test]
fn a_case_is_replayed_from_what_status_printed() {
    let ground = Ground::new();
    let question = ground.ask("plan --file shop.toml --state status.json").unwrap();
    assert_eq!(question.view.now.unix_ms, 1_795_372_200_000, "as of the status");
    // The hour that is shown is local: said here, it is the same in every time zone.
    let line = "plan --file shop.toml --state status.json --at-time 2026-11-22T18:30";
    check_plan("plan_state.txt", &ground.ask(line).unwrap());
}

#[test]
fn a_group_is_explained_with_every_node() {
    let ground = Ground::new();
    let question =
        ground.ask("explain web --file shop.toml --state status.json --at-time 2026-11-22T18:30").unwrap();
    let plan = planner::plan(&question.spec, &question.view);
    let name = question.group("web").unwrap().name.clone();
    let report = planner::explain(&question.spec, &question.view, &name).unwrap();
    check_text("plan_explain.txt", &render::plan::explained(&question, &report, &plan, Some(80)));
    let shown = serde_json::to_value(Explained::new(question.group("web").unwrap(), &report, &plan)).unwrap();
    assert_eq!(shown["group"], "web");
    assert_eq!(shown["considered"].as_array().unwrap().len(), 3, "{shown:#}");
    assert!(shown["steps"].as_array().unwrap().iter().all(|step| step["group"] == "web"), "{shown:#}");
    let failure = question.group("wbe").unwrap_err();
    assert_eq!(
        paint(&failure.render(), false),
        "error: the file has no group named `wbe`\n  did you mean `web`?\n  the groups: db, web, batch\n"
    );
}

#[test]
fn check_tells_every_failure_that_leaves_a_group_down() {
    let ground = Ground::new();
    let question = ground.ask("check --file shop.toml --at-time 2026-11-22T14:00").unwrap().settled();
    let found = find(&question, false, &mut |_, _| {});
    check_text("check.txt", &render::check::check(&question, &found, Some(80)));
    let found = find(&question, true, &mut |_, _| {});
    assert_eq!(found.pairs_tried, found.tried * (found.tried - 1) / 2);
    check_text("check_pairs.txt", &render::check::check(&question, &found, Some(80)));
}

#[test]
fn networks_of_a_status_are_let_fail_too() {
    let ground = Ground::new();
    let node = |name: &str, own: u8| {
        let on = |network: u8| json!({ "address": format!("10.{network}.0.{own}:7400"), "state": "up" });
        json!({ "name": name, "state": "up", "networks": if own < 3 { vec![on(99), on(1)] } else { vec![on(99)] } })
    };
    let group = |name: &str, owner: &str| json!({ "name": name, "owner": owner, "state": "online" });
    let status = json!({
        "nodes": [node("n1", 1), node("n2", 2), node("n3", 3)],
        "groups": [group("db", "n1"), group("web", "n2"), group("batch", "n3")],
    });
    ground.write("networks.json", &status.to_string());
    let line = "check --file shop.toml --state networks.json --at-time 2026-11-22T14:00";
    let question = ground.ask(line).unwrap().settled();
    let mut found = find(&question, false, &mut |_, _| {});
    found.losses.retain(|loss| loss.leaves.is_some());
    check_text("check_networks.txt", &render::check::check(&question, &found, Some(80)));
    let refused = ground.refused("plan --file shop.toml --state networks.json --if network:3=down");
    assert!(refused.1.contains("there is no network `3`; there are: 1, 2"), "{}", refused.1);
    let question =
        ground.ask("plan --file shop.toml --state networks.json --if network:10.1.0.2=down").unwrap();
    assert!(question.view.nodes.iter().all(|node| !node.networks.contains_key("2")));
}

#[test]
fn the_json_of_a_plan_is_what_scripts_rely_on() {
    let ground = Ground::new();
    let question = ground.ask("plan --file shop.toml --nodes n1,n2,n3").unwrap();
    let plans = plans(&question);
    let shown = serde_json::to_value(Answer::new(&question.spec, &plans).unwrap()).unwrap();
    let text = |value: &Value| value.is_string();
    for group in ["db", "web", "batch"] {
        let placed = &shown["placement"][group];
        assert!(text(&placed["node"]) && text(&placed["role"]) && text(&placed["reason"]), "{placed:#}");
    }
    assert_eq!(shown["resources"]["web/ip"]["node"], shown["placement"]["web"]["node"]);
    assert_eq!(shown["resources"]["web/ip"]["role"], "online");
    let steps = shown["steps"].as_array().unwrap();
    for (place, step) in steps.iter().enumerate() {
        assert_eq!(step["id"], place);
        assert!(["action", "group", "node", "reason"].iter().all(|key| text(&step[key])), "{step:#}");
        assert!(step["resource"].is_string() || step["resource"].is_null(), "{step:#}");
        assert!(step["after"].as_array().unwrap().iter().all(|id| id.as_u64().unwrap() < place as u64));
    }
    assert!(shown.get("then").is_none(), "one plan is enough: {shown:#}");
}

/// A replicated database, and what needs its primary.
const REPLICATED: &str = r#"
[cluster]
name = "c"
[[group]]
name = "pg"
[group.clones]
primaries = 1
[[group.resource]]
name = "d"
type = "dummy"
[[group]]
name = "app"
runs_with = ["pg:primary"]
start_after = ["pg:primary"]
[[group.resource]]
name = "d"
type = "dummy"
"#;

#[test]
fn a_primary_is_promoted_by_the_plan_after_the_first() {
    let ground = Ground::new();
    ground.write("pg.toml", REPLICATED);
    let question = ground.ask("plan --file pg.toml --nodes n1,n2,n3").unwrap();
    check_plan("plan_primary.txt", &question);
    let plans = plans(&question);
    let shown = serde_json::to_value(Answer::new(&question.spec, &plans).unwrap()).unwrap();
    assert_eq!(shown["placement"]["pg"]["role"], "replica");
    let last = shown["then"].as_array().unwrap().last().unwrap();
    let roles = last["placement"]["pg"]["places"].as_array().unwrap().iter().map(|place| &place["role"]);
    assert_eq!(roles.collect::<Vec<_>>(), ["primary", "replica", "replica"], "{last:#}");
    assert_eq!(last["resources"]["app/d"]["node"], "n1");
    let question = ground.ask("plan --file pg.toml --nodes n1,n2,n3 --if node:n1=down").unwrap();
    check_plan("plan_primary_lost.txt", &question);
}

#[test]
fn nowhere_is_null() {
    let ground = Ground::new();
    let question = ground.ask("plan --file shop.toml --nodes n1 --if node:n1=down").unwrap();
    let plans = plans(&question);
    let shown = serde_json::to_value(Answer::new(&question.spec, &plans).unwrap()).unwrap();
    let placed = &shown["placement"]["web"];
    assert!(placed["node"].is_null() && placed["role"].is_null(), "{placed:#}");
    assert_eq!(placed["nodes"], json!([]));
    assert!(shown["resources"]["web/ip"]["node"].is_null());
}

#[test]
fn after_the_plan_nothing_would_change() {
    let ground = Ground::new();
    let question = ground.ask("plan --file shop.toml --at-time 2026-11-22T14:00").unwrap().settled();
    let plans = plans(&question);
    assert_eq!(plans[0].steps, []);
    let text = paint(&render::plan::plans(&question, &plans, Some(80)), false);
    assert!(text.ends_with("\nnothing would change: 3 groups stay\n"), "{text}");
}

#[test]
fn what_does_not_exist_is_told_with_the_nearest_name() {
    let ground = Ground::new();
    let told = |what: &str| ground.refused(&format!("plan --file shop.toml --if {what}"));
    for (what, why) in [
        ("node:n9=down", "there is no node `n9`\n  did you mean `n1`?\n  the nodes: n1, n2, n3\n"),
        ("resource:wbe/ip=failed", "no group `wbe`\n  did you mean `web`?\n  the groups: db, web, batch\n"),
        ("resource:web/pi=failed", "no resource in group `web` `pi`"),
        ("resource:sitee=failed", "there is no resource `sitee`\n  did you mean `site`?\n"),
        ("type:ip-adress@n1=broken", "did you mean `ip-address`?"),
        ("type:dummy@x=broken", "there is no node `x`"),
    ] {
        let (exit, text) = told(what);
        assert!(exit == Exit::Failed && text.contains(why), "{what}: {text}");
    }
}

#[test]
fn contradictions_are_refused_before_anything_is_planned() {
    let ground = Ground::new();
    for (line, why) in [
        ("plan --file shop.toml --nodes n1,n2,n1", "`--nodes` names `n1` twice"),
        ("plan --file - --state -", "cannot both read standard input"),
        ("plan --file shop.toml --if node:n1=down --if node:n1=up", "cannot both be"),
    ] {
        let (exit, text) = ground.refused(line);
        assert!(exit == Exit::Usage && text.contains(why), "{line}: {text}");
    }
    for line in ["plan --nodes n1", "check --state status.json"] {
        let error = ground.given(line).unwrap_err();
        assert!(error.exit_code() == 2 && error.to_string().contains("--file"), "{line}: {error}");
    }
    for line in ["--if node:n1=gone", "--at-time noon", "--nodes n1,", "--nodes n_1!"] {
        let error = ground.given(&format!("plan --file shop.toml {line}")).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{line}: {error}");
    }
}

#[test]
fn a_wrong_file_is_refused_with_its_places() {
    let ground = Ground::new();
    let (exit, text) = ground.refused("plan --file none.toml");
    assert!(exit == Exit::Failed && text.contains("cannot read the declarative file none.toml"), "{text}");
    ground.write("bad.toml", &SHOP.replace("type = \"web-site\"", "type = \"web-sit\""));
    let (exit, text) = ground.refused("plan --file bad.toml");
    assert_eq!(exit, Exit::Failed);
    assert!(text.contains("error: bad.toml:") && text.contains("nothing was planned"), "{text}");
    ground.write("nodeless.toml", "[cluster]\nname = \"c\"\n[[group]]\nname = \"g\"\n");
    let (exit, text) = ground.refused("plan --file nodeless.toml");
    assert!(exit == Exit::Usage && text.contains("--nodes n1,n2"), "{text}");
}

#[test]
fn a_status_of_something_else_is_refused_and_an_incomplete_one_is_read() {
    let ground = Ground::new();
    for (text, why) in [
        ("", "wrong.json:1:0: EOF"),
        ("{\n  \"cluster\": }", "wrong.json:2:14: expected value"),
        ("{}", "missing field `nodes`"),
        ("[1]", "wrong.json:1:2:"),
        ("{\"nodes\":[{\"name\":\"n 1\"}]}", "wrong.json:1:"),
        ("{\"nodes\":[{\"name\":\"n1\"},{\"name\":\"n1\"}]}", "two nodes named `n1`"),
        ("{\"nodes\":[]}", "the status has no nodes"),
    ] {
        ground.write("wrong.json", text);
        let (exit, told) = ground.refused("plan --file shop.toml --state wrong.json");
        assert!(exit == Exit::Failed && told.contains(why), "{text}: {told}");
    }
    ground.write("wrong.json", "{\"cluster\":\"other\",\"nodes\":[{\"name\":\"n1\"}]}");
    let (exit, told) = ground.refused("plan --file shop.toml --state wrong.json");
    assert!(exit == Exit::Failed && told.contains("this is cluster `other`"), "{told}");
    ground.write(
        "bare.json",
        "{\"nodes\":[{\"name\":\"n1\",\"novelty\":[1]}],\"groups\":[{\"name\":\"old\"}]}",
    );
    let question = ground.ask("plan --file shop.toml --state bare.json --nodes n1,n2").unwrap();
    assert_eq!(question.view.nodes.len(), 2, "the status's own, and one beside them");
    assert!(question.remarks.contains("group `old` is not in the file"), "{}", question.remarks);
    assert!(question.remarks.contains("no node named `n3`"), "{}", question.remarks);
}

#[test]
fn what_a_status_says_of_nodes_and_resources_is_what_is_planned_with() {
    let ground = Ground::new();
    let question = ground.ask("plan --file shop.toml --state status.json").unwrap();
    let node = |name: &str| question.view.nodes.iter().find(|node| node.name.as_str() == name).unwrap();
    assert_eq!(node("n2").standing, planner::Standing::Down);
    assert_eq!(node("n3").not_ready[0].resource.as_deref(), Some("web/site"));
    let web = question.view.groups.iter().find(|(name, _)| name.as_str() == "web").unwrap().1;
    assert_eq!(web.copies[0].takeover, planner::Takeover::At(1_795_372_200_000 + 1_453));
    let unknown = STATUS.replacen("\"state\": \"up\"", "\"state\": \"resting\"", 1);
    ground.write("newer.json", &unknown);
    let question = ground.ask("plan --file shop.toml --state newer.json").unwrap();
    assert!(question.remarks.contains("state `resting` is not known here: taken as down"));
}

#[test]
fn the_examples_of_the_documents_are_what_the_program_prints() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/planning.md"))
        .unwrap();
    for name in ["plan_first.txt", "plan_if.txt", "plan_explain.txt", "check.txt"] {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
        let text = std::fs::read_to_string(golden).unwrap();
        assert!(page.contains(&text), "docs/planning.md does not show {name} as it is now:\n{text}");
    }
    assert!(page.contains(SHOP), "docs/planning.md does not show the file that the examples are of");
}
