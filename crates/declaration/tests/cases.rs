//! Every case below `cases/` is a file as somebody may write it, and beside it what is answered.
//! `UPDATE_GOLDEN=1 cargo test -p declaration` writes the answers anew; read the difference.
#![allow(clippy::disallowed_methods, reason = "this test reads its cases")]

use declaration::{Diagnostic, Severity, parse, render};
use std::path::{Path, PathBuf};

fn answer(text: &str) -> String {
    match parse(text) {
        Err(problems) => render(&problems, "cluster.toml"),
        Ok(parsed) => {
            let spec = serde_json::to_string_pretty(&parsed.spec).expect("a spec is JSON");
            format!(
                "{}accepted for cluster {}:\n{spec}\n",
                render(&parsed.warnings, "cluster.toml"),
                parsed.cluster
            )
        }
    }
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let entries = std::fs::read_dir(folder).expect("the folder of the cases");
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.expect("a case").path()).collect();
    cases.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    cases.sort();
    cases
}

#[test]
fn every_case_is_answered_as_its_golden_file_says() {
    let update = std::env::var("UPDATE_GOLDEN").is_ok();
    let mut different = Vec::new();
    for case in cases() {
        let text = std::fs::read_to_string(&case).expect("a readable case");
        let golden = case.with_extension("txt");
        let found = answer(&text);
        if update {
            std::fs::write(&golden, &found).expect("a writable golden file");
        } else if std::fs::read_to_string(&golden).unwrap_or_default() != found {
            different.push(format!("{}:\n{found}", case.display()));
        }
    }
    assert!(different.is_empty(), "these answers changed:\n{}", different.join("\n"));
}

#[test]
fn a_case_is_refused_warned_of_or_accepted_as_its_name_says() {
    for case in cases() {
        let name = case.file_stem().and_then(|name| name.to_str()).expect("a case has a name").to_owned();
        let text = std::fs::read_to_string(&case).expect("a readable case");
        let result = parse(&text);
        let verdict = match &result {
            Err(problems) if problems.iter().any(|one| one.severity == Severity::Error) => "refused",
            Err(_) => "refused without an error",
            Ok(parsed) if parsed.warnings.is_empty() => "accepted",
            Ok(_) => "warned",
        };
        assert_eq!(name.split('_').next(), Some(verdict), "{name}");
    }
}

#[test]
fn a_diagnostic_survives_being_sent() {
    for case in cases() {
        let text = std::fs::read_to_string(&case).expect("a readable case");
        let problems = parse(&text).map_or_else(|problems| problems, |parsed| parsed.warnings);
        let json = serde_json::to_string(&problems).expect("diagnostics are JSON");
        assert_eq!(serde_json::from_str::<Vec<Diagnostic>>(&json).expect("diagnostics"), problems);
    }
}

/// The keys of a section, and of the sections in it that are not the administrator's own words.
fn words(value: &toml::Value, found: &mut std::collections::BTreeSet<String>) {
    match value {
        toml::Value::Array(items) => items.iter().for_each(|item| words(item, found)),
        toml::Value::Table(table) => {
            for (key, value) in table {
                found.insert(key.clone());
                let own = ["scores", "attributes", "capacity", "uses", "near", "parameters"];
                let asked = key == "node" && value.is_table();
                if !own.contains(&key.as_str()) && !asked {
                    words(value, found);
                }
            }
        }
        _ => {}
    }
}

#[test]
fn the_page_about_policies_has_a_row_for_every_word() {
    let page = include_str!("../../../docs/policies.md");
    let file = include_str!("cases/accepted_every_policy.toml");
    let mut found = std::collections::BTreeSet::new();
    words(&toml::Value::Table(toml::from_str(file).expect("valid TOML")), &mut found);
    assert!(found.len() > 40, "{found:?}");
    for plain in ["cluster", "node", "group", "resource", "rule", "clones", "name", "type"] {
        found.remove(plain);
    }
    let rows: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("| `"))
        .filter_map(|line| line.split('|').nth(1))
        .collect();
    let missing: Vec<_> =
        found.iter().filter(|word| !rows.iter().any(|row| row.contains(&format!("`{word}`")))).collect();
    assert!(missing.is_empty(), "docs/policies.md says nothing of {missing:?}");
}
