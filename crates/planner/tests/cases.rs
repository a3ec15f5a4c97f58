//! Every case in `cases/`: the plan is what the file says, the checker has nothing against it, and
//! planning again after it changes nothing.
//!
//! `UPDATE_GOLDEN=1 cargo nextest run --release -p planner` writes what the planner says now.

#![allow(clippy::disallowed_methods, reason = "this test reads its cases")]
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod support;

use std::fs;
use std::path::PathBuf;

#[test]
fn every_case_is_planned_as_it_says() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() > 25, "the cases are there");
    let mut wrong = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        let case = support::case(&text);
        let mut plan = planner::plan(&case.spec, &case.view);
        let faults = planner::check::check(&case.spec, &case.view, &plan);
        if !faults.is_empty() {
            wrong.push(format!("{name}: the checker objects: {}", faults.join("; ")));
        }
        let then = planner::check::carry_out(&case.spec, &case.view, &plan);
        let again = planner::plan(&case.spec, &then);
        let probes = plan.steps.iter().any(|step| step.action == planner::Action::Probe);
        if !again.steps.is_empty() && !probes {
            wrong.push(format!("{name}: planning again changes something:\n{}", support::told(&again)));
        }
        if let Some(group) = &case.explain {
            let full = planner::explain(&case.spec, &case.view, group).unwrap();
            for report in plan.report.groups.iter_mut().filter(|report| report.group == *group) {
                assert_eq!(report.places, full.places, "{name}: explaining changes nothing");
                *report = full.clone();
            }
        }
        let told = support::told(&plan);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&path, format!("{}--- plan\n{told}", case.given)).unwrap();
        } else if told != case.expected {
            wrong.push(format!("{name}: expected\n{}\nand it is\n{told}", case.expected));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
