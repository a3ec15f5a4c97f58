//! Cases as plain text: a file, what is known, what is supposed to happen, and the plan.

#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test uses a part of it")]

mod known;
pub mod random;
mod told;

pub use known::view;
pub use told::told;

use model::desired::ClusterSpec;
use planner::View;
use planner::hypothesis::Hypothesis;

/// A case: the declarative file, then `--- view` with a line for everything that is known, then
/// `--- plan` with what the planner says.
pub struct Case {
    pub spec: ClusterSpec,
    pub view: View,
    /// The group that everything is to be told of.
    pub explain: Option<model::GroupName>,
    /// The text up to the plan.
    pub given: String,
    pub expected: String,
}

/// Reads a case; panics, saying where, if it is none.
pub fn case(text: &str) -> Case {
    let (given, expected) = text.split_once("--- plan\n").unwrap_or((text, ""));
    let (file, lines) = given.split_once("--- view\n").expect("a case has a line `--- view`");
    let spec = spec(file);
    let mut view = view(&spec, lines);
    let mut explain = None;
    for line in lines.lines() {
        if let Some(text) = line.strip_prefix("if ") {
            let hypothesis: Hypothesis = text.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
            hypothesis.apply(&spec, &mut view).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
        if let Some(name) = line.strip_prefix("explain ") {
            explain = Some(name.parse().expect("a group's name"));
        }
    }
    Case { spec, view, explain, given: given.to_owned(), expected: expected.to_owned() }
}

/// Reads a declarative file; without a section for the cluster, one is added.
pub fn spec(file: &str) -> ClusterSpec {
    let file = match file.contains("[cluster]") {
        true => file.to_owned(),
        false => format!("[cluster]\nname = \"c\"\n{file}"),
    };
    declaration::parse(&file).unwrap_or_else(|errors| panic!("{}", declaration::render(&errors, "case"))).spec
}
