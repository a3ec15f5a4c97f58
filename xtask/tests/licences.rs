//! What we build from may be built from: the same rules as `deny.toml` gives cargo-deny, for
//! machines that have no cargo-deny. The lists are read from there.

mod common;

use std::path::Path;
use std::process::Command;

use common::{list, metadata, read, text};

/// The texts at a key of `deny.toml`.
fn listed(section: &str, key: &str) -> Vec<String> {
    let file: toml::Table = read(Path::new("deny.toml")).parse().expect("deny.toml is TOML");
    let values = file[section][key].as_array().unwrap_or_else(|| panic!("[{section}] {key} is a list"));
    // An entry is a text, or a table whose `crate` is meant.
    let text =
        |value: &toml::Value| value.as_str().or_else(|| value.get("crate")?.as_str()).map(str::to_owned);
    values.iter().map(|value| text(value).expect("an entry names something")).collect()
}

/// The packages that are compiled for this machine's platform. (For others, cargo would have to
/// fetch packages only to look at them.)
fn packages() -> serde_json::Value {
    let output = Command::new("rustc").arg("-vV").output().expect("rustc starts");
    let about = String::from_utf8(output.stdout).expect("rustc prints text");
    let platform = about.lines().find_map(|line| line.strip_prefix("host: ")).expect("it names its host");
    metadata(&["--filter-platform", platform])
}

#[test]
fn every_licence_is_allowed() {
    let allowed = listed("licenses", "allow");
    for package in list(&packages(), "packages") {
        let (name, licence) = (text(package, "name"), text(package, "license"));
        let satisfied = satisfied(licence, &|licence| allowed.iter().any(|allowed| allowed == licence));
        assert_eq!(satisfied, Ok(true), "{name} is under {licence:?}, which deny.toml does not allow");
    }
}

#[test]
fn nothing_banned_is_built_and_nothing_comes_from_elsewhere() {
    let banned = listed("bans", "deny");
    for package in list(&packages(), "packages") {
        let (name, source) = (text(package, "name"), text(package, "source"));
        assert!(!banned.iter().any(|banned| banned == name), "{name} is banned; deny.toml says why");
        assert!(source.is_empty() || source.starts_with("registry+"), "{name} comes from {source}");
    }
}

/// Whether an SPDX expression is satisfied when the allowed licences are used. `AND` binds tighter
/// than `OR`; the old way of writing `OR` is a slash.
fn satisfied(expression: &str, allowed: &dyn Fn(&str) -> bool) -> Result<bool, String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<_> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    let value = any(&mut rest, allowed)?;
    if rest.is_empty() { Ok(value) } else { Err(format!("{rest:?} is left of {expression:?}")) }
}

fn any(words: &mut &[&str], allowed: &dyn Fn(&str) -> bool) -> Result<bool, String> {
    let mut value = all(words, allowed)?;
    while let ["OR", rest @ ..] = *words {
        *words = rest;
        value |= all(words, allowed)?;
    }
    Ok(value)
}

fn all(words: &mut &[&str], allowed: &dyn Fn(&str) -> bool) -> Result<bool, String> {
    let mut value = one(words, allowed)?;
    while let ["AND", rest @ ..] = *words {
        *words = rest;
        value &= one(words, allowed)?;
    }
    Ok(value)
}

fn one(words: &mut &[&str], allowed: &dyn Fn(&str) -> bool) -> Result<bool, String> {
    match *words {
        ["(", rest @ ..] => {
            *words = rest;
            let value = any(words, allowed)?;
            let [")", rest @ ..] = *words else { return Err("a parenthesis stays open".to_owned()) };
            *words = rest;
            Ok(value)
        }
        [licence, "WITH", exception, rest @ ..] => {
            *words = rest;
            Ok(allowed(&format!("{licence} WITH {exception}")))
        }
        [licence, rest @ ..] if !["AND", "OR", "WITH", ")"].contains(licence) => {
            *words = rest;
            Ok(allowed(licence))
        }
        other => Err(format!("a licence is expected at {other:?}")),
    }
}

#[test]
fn expressions_are_understood() {
    let check = |expression| satisfied(expression, &|licence| ["A", "B", "C WITH D"].contains(&licence));
    assert_eq!(check("A"), Ok(true));
    assert_eq!(check("X"), Ok(false));
    assert_eq!(check("X OR A AND B"), Ok(true));
    assert_eq!(check("A AND X OR X"), Ok(false));
    assert_eq!(check("(A OR X) AND B"), Ok(true));
    assert_eq!(check("X/A"), Ok(true));
    assert_eq!(check("C"), Ok(false));
    assert_eq!(check("C WITH D AND A"), Ok(true));
    assert!(check("").is_err());
    assert!(check("(A").is_err());
    assert!(check("A B").is_err());
}
