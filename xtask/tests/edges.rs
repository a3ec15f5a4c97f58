//! The crates depend on each other as ARCHITECTURE.md says, and on nothing that would make a pure
//! crate impure.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use common::{list, metadata, read, root, text};

/// A crate's name, and the names of others.
type Edges = BTreeMap<String, BTreeSet<String>>;

/// Crates of pure decisions: values in, values out.
const PURE: [&str; 6] = ["declaration", "events", "lease", "membership", "model", "store"];

/// What would let a pure crate wait, listen or send by itself. `store` holds the raft engine, which
/// is generic over a runtime; the runtime itself stays outside.
const IMPURE: [&str; 9] =
    ["axum", "hyper", "hyper-util", "openraft", "rand", "rustls", "tokio", "tokio-rustls", "tower"];

/// The exceptions: crate, dependency.
const PURE_ALL_THE_SAME: [(&str, &str); 1] = [("store", "openraft")];

/// The rows of the table `| Path | Purpose | May depend on |`: path, and the crates it may use.
fn table(markdown: &str) -> BTreeMap<String, BTreeSet<String>> {
    let cells = |line: &str| -> Vec<String> {
        line.trim().trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect()
    };
    let is_head = |line: &&str| cells(line) == ["Path", "Purpose", "May depend on"];
    let rows = markdown.lines().skip_while(|line| !is_head(line)).skip(2);
    let rows = rows.take_while(|line| line.trim_start().starts_with('|'));
    rows.map(|line| {
        let cells = cells(line);
        let [path, _, may] = cells.as_slice() else { panic!("a row has three cells: {line}") };
        (path.clone(), names(may))
    })
    .collect()
}

/// `model, events (why)` names two crates, `–` none.
fn names(cell: &str) -> BTreeSet<String> {
    let mut plain = String::new();
    let mut depth = 0_u32;
    for char in cell.chars() {
        match char {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => plain.push(char),
            _ => {}
        }
    }
    let names = plain.split(',').map(|name| name.trim().to_owned());
    names.filter(|name| !["", "-", "–", "—"].contains(&name.as_str())).collect()
}

/// What the manifests say: path and name of each crate, and its edges within the workspace.
struct Workspace {
    names: BTreeMap<String, String>,
    normal: Edges,
    tests_too: Edges,
    outside: Edges,
}

fn workspace() -> Workspace {
    let metadata = metadata(&["--no-deps"]);
    let (mut names, mut normal, mut tests_too, mut outside) =
        (BTreeMap::new(), Edges::new(), Edges::new(), Edges::new());
    for package in list(&metadata, "packages") {
        let name = text(package, "name").to_owned();
        let manifest = Path::new(text(package, "manifest_path"));
        let folder = manifest.parent().expect("it is in a folder");
        let path = folder.strip_prefix(root()).expect("it is in the workspace");
        names.insert(path.to_string_lossy().into_owned(), name.clone());
        for edges in [&mut normal, &mut tests_too, &mut outside] {
            edges.entry(name.clone()).or_default();
        }
        for dependency in list(package, "dependencies") {
            let to = text(dependency, "name").to_owned();
            let only_for_tests = text(dependency, "kind") == "dev";
            let inside = dependency["path"].is_string();
            let edges = match (inside, only_for_tests) {
                (true, false) => &mut normal,
                (true, true) => &mut tests_too,
                (false, false) => &mut outside,
                (false, true) => continue,
            };
            edges.entry(name.clone()).or_default().insert(to);
        }
    }
    for (from, to) in &normal {
        tests_too.entry(from.clone()).or_default().extend(to.iter().cloned());
    }
    Workspace { names, normal, tests_too, outside }
}

#[test]
fn every_crate_has_a_row_and_every_row_a_crate() {
    let table = table(&read(Path::new("ARCHITECTURE.md")));
    let crates = workspace().names;
    let rows: BTreeSet<_> = table.keys().collect();
    let paths: BTreeSet<_> = crates.keys().collect();
    assert_eq!(rows, paths, "left: the table in ARCHITECTURE.md, right: the workspace");
    for (path, may) in &table {
        for name in may {
            assert!(crates.values().any(|known| known == name), "{path}: no crate is named `{name}`");
        }
    }
}

#[test]
fn a_crate_depends_only_on_what_its_row_lists() {
    let table = table(&read(Path::new("ARCHITECTURE.md")));
    let workspace = workspace();
    for (path, name) in &workspace.names {
        let may = table.get(path).unwrap_or_else(|| panic!("ARCHITECTURE.md has no row for {path}"));
        let does = &workspace.normal[name];
        let more: Vec<_> = does.difference(may).collect();
        assert!(
            more.is_empty(),
            "{path} depends on {more:?}, which its row in ARCHITECTURE.md does not list"
        );
    }
}

#[test]
fn tests_make_no_circles() {
    let edges = workspace().tests_too;
    for start in edges.keys() {
        let mut seen = BTreeSet::new();
        let mut next: Vec<_> = edges[start].iter().collect();
        while let Some(name) = next.pop() {
            assert_ne!(name, start, "with its dev-dependencies, {start} depends on itself");
            if seen.insert(name) {
                next.extend(&edges[name]);
            }
        }
    }
}

#[test]
fn pure_crates_cannot_wait_listen_or_send() {
    let outside = workspace().outside;
    for name in PURE {
        let dependencies = outside.get(name).unwrap_or_else(|| panic!("no crate is named {name}"));
        for impure in IMPURE.iter().filter(|impure| dependencies.contains(**impure)) {
            assert!(PURE_ALL_THE_SAME.contains(&(name, impure)), "{name} is pure, but depends on {impure}");
        }
    }
}

#[test]
fn the_table_is_read_as_people_read_it() {
    let markdown = "text\n\n| Path | Purpose | May depend on |\n|---|---|---|\n\
        | `crates/a` | Words, and more. | – |\n| `crates/b` | B | `a`, c (tests, mostly) |\n\n| `x` | y | z |\n";
    let table = table(markdown);
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(table.len(), 2);
    assert_eq!(table["crates/a"], set(&[]));
    assert_eq!(table["crates/b"], set(&["a", "c"]));
}
