//! An event that nothing raises is a promise nobody keeps.
#![allow(clippy::disallowed_methods, reason = "this test reads the sources of the other crates")]

use events::entries;
use std::path::{Path, PathBuf};

/// `NODE_EVICTED` is the struct `NodeEvicted`.
fn struct_name(symbolic: &str) -> String {
    symbolic.split('_').map(|word| word[..1].to_owned() + &word[1..].to_ascii_lowercase()).collect()
}

fn sources_below(folder: &Path, out: &mut Vec<PathBuf>) {
    let Ok(found) = std::fs::read_dir(folder) else { return };
    for path in found.map(|entry| entry.expect("a readable source folder").path()) {
        if path.is_dir() {
            sources_below(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            out.push(path);
        }
    }
}

/// Product code that speaks of events: what stands below `#[cfg(test)]` raises nothing, and a
/// file without `events::` means another type of the same name.
fn product_code() -> String {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the folder of the crates");
    let mut sources = Vec::new();
    for entry in std::fs::read_dir(crates).expect("the folder of the crates") {
        let one = entry.expect("a crate").path();
        if !one.ends_with("events") {
            sources_below(&one.join("src"), &mut sources);
        }
    }
    let read = |path: PathBuf| std::fs::read_to_string(path).expect("a readable source");
    let product = |text: String| text.split("#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned();
    let speaking = |text: &String| text.contains("events::");
    sources.into_iter().map(read).map(product).filter(speaking).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_event_of_the_catalogue_is_raised_somewhere() {
    let code = product_code();
    let raised = |name: &str| {
        code.match_indices(&format!("{name} {{")).any(|(at, _)| {
            let before = code[..at].chars().next_back();
            before.is_none_or(|c| !c.is_alphanumeric() && c != '_')
        })
    };
    let idle: Vec<String> = entries()
        .iter()
        .map(|entry| (entry, struct_name(entry.name)))
        .filter(|(_, name)| !raised(name))
        .map(|(entry, name)| format!("{} {name}", entry.id))
        .collect();
    assert!(idle.is_empty(), "nothing raises these events; raise or remove them:\n{}", idle.join("\n"));
}
