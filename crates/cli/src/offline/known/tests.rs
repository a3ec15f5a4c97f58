//! Planning from what a node answers, as a person sees it. `tests/golden/plan_*` at 80 columns.

use super::*;
use crate::args::{Cli, Command};
use crate::exit::Exit;
use crate::golden::check;
use crate::paint::paint;
use clap::{CommandFactory, FromArgMatches};

const FILE: &str = include_str!("../../../tests/offline/shop.toml");

/// What a leader would answer: n2 is lost, and nothing runs yet.
fn inputs(made: Option<PlanMade>) -> PlanInputs {
    let spec = declaration::parse(FILE).unwrap().spec;
    let nodes = ["n1", "n2", "n3"].map(|name| {
        let standing = if name == "n2" { planner::Standing::Down } else { planner::Standing::Up };
        planner::NodeView::new(name.parse().unwrap(), standing)
    });
    let now = planner::Now::at(1_795_348_800_000, 0);
    let view = planner::View { now, nodes: nodes.into(), ..planner::View::default() };
    let steps = planner::plan(&spec, &view).steps.iter().map(Step::in_short).collect();
    PlanInputs { made, node: "n1".to_owned(), leads: true, revision: 42, spec, view, steps }
}

fn made() -> PlanMade {
    PlanMade {
        seq: 17,
        node: "n1".to_owned(),
        time: "2026-11-22T12:00:00.000Z".to_owned(),
        cause: "n2 is down".to_owned(),
        version: "0.0.9".to_owned(),
        revision: 42,
        steps: 3,
        groups: vec!["db".to_owned(), "web".to_owned()],
    }
}

fn given(line: &str) -> Result<Given, clap::Error> {
    let words = std::iter::once("steadfast").chain(line.split(' ').filter(|word| !word.is_empty()));
    let matches = Cli::command().try_get_matches_from(words)?;
    Cli::from_arg_matches(&matches).map(|cli| match cli.command {
        Command::Plan(args) => args.given,
        Command::Check(args) => args.given,
        Command::Explain(args) => args.given,
        other => panic!("{other:?}"),
    })
}

fn shown(question: &Question) -> String {
    let plans = crate::commands::plan::plans(question);
    let text = paint(&crate::render::plan::plans(question, &plans, Some(80)), false);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "wider than 80 columns:\n{text}");
    format!("{}{text}", paint(&question.remarks, false))
}

#[test]
fn the_cluster_is_planned_as_its_leader_knows_it() {
    let now = question(&given("plan").unwrap(), inputs(None)).unwrap();
    check("plan_known.txt", &shown(&now));
    let lonely = PlanInputs { leads: false, ..inputs(None) };
    let text = shown(&question(&given("plan").unwrap(), lonely).unwrap());
    assert!(text.contains("no leader is in reach of n1"), "{text}");
}

#[test]
fn what_is_supposed_happens_to_the_cluster_as_it_is() {
    let one = question(&given("plan --if node:n1=down").unwrap(), inputs(None)).unwrap();
    let text = shown(&one);
    assert!(text.contains("n1 (down), n2 (down), n3") && text.contains("node:n1=down"), "{text}");
    let wrong = question(&given("plan --if node:n9=down").unwrap(), inputs(None)).unwrap_err();
    assert!(wrong.render().contains("there is no node `n9`"), "{}", wrong.render());
}

#[test]
fn a_past_decision_is_replayed_and_held_against_what_was_decided() {
    let same = question(&given("plan --at n1:17").unwrap(), inputs(Some(made()))).unwrap();
    check("plan_replayed.txt", &shown(&same));
    let mut other = inputs(Some(made()));
    other.steps.pop();
    other.steps[0] = "start web/ip on n9".to_owned();
    let text = shown(&question(&given("plan --at n1:17").unwrap(), other).unwrap());
    assert!(text.contains("version 0.0.9 planned otherwise then: step 0 was `start web/ip on n9`"), "{text}");
}

#[test]
fn another_file_says_what_would_have_happened() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("other.toml");
    std::fs::write(&path, FILE.replace("preferred_owners = [\"n2\"", "preferred_owners = [\"n3\"")).unwrap();
    let given = given(&format!("plan --at n1:17 --file {}", path.display())).unwrap();
    let text = shown(&question(&given, inputs(Some(made()))).unwrap());
    assert!(text.contains("with another file") && !text.contains("planned otherwise"), "{text}");
}

#[test]
fn a_node_without_a_cluster_has_nothing_to_plan() {
    let none = PlanInputs { node: "n1".to_owned(), ..PlanInputs::default() };
    let failure = question(&given("plan").unwrap(), none).unwrap_err();
    assert_eq!(failure.exit(), Exit::Failed);
    assert!(failure.render().contains("n1 belongs to no cluster"), "{}", failure.render());
}

#[test]
fn what_cannot_be_asked_together_is_refused() {
    for line in [
        "plan --at n1:",
        "plan --at seventeen",
        "plan --at -1",
        "plan --at 17 --nodes n1",
        "plan --at 17 --file f --state s",
        "plan --history --at 17",
        "plan -n 5",
        "plan --history -n 0",
    ] {
        assert!(given(line).is_err(), "{line}");
    }
    for line in ["plan --at 17", "check --at n1:17", "explain web --at n1:17", "plan --history -n 5"] {
        assert!(given(line).is_ok(), "{line}");
    }
}

#[test]
fn the_history_is_a_line_for_each_plan() {
    let idle = PlanMade { seq: 18, steps: 0, groups: Vec::new(), cause: "n2 is up".to_owned(), ..made() };
    let text = crate::render::plan::history(&[made(), idle], Some(80));
    check("plan_history.txt", &paint(&text, false));
}
