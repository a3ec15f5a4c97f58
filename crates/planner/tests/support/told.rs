//! A plan, as lines that a person can read and a test can compare.

use planner::Plan;
use std::fmt::Write as _;

/// The groups, with reasons; then the steps.
pub fn told(plan: &Plan) -> String {
    let mut out = String::new();
    for report in &plan.report.groups {
        let places: Vec<String> = report
            .places
            .iter()
            .map(|at| format!("{}{}", at.node, if at.primary { " (primary)" } else { "" }))
            .collect();
        let places = if places.is_empty() { "nowhere".to_owned() } else { places.join(", ") };
        writeln!(out, "{} {} [{places}]: {}", report.group, report.outcome.as_str(), report.reason).unwrap();
        for node in &report.considered {
            writeln!(out, "    {} {}: {}", node.node, node.code, node.reason).unwrap();
        }
    }
    for step in &plan.steps {
        let resource = step.resource.as_ref().map(|name| format!("/{name}")).unwrap_or_default();
        let after: Vec<String> = step.after.iter().map(ToString::to_string).collect();
        let after = if after.is_empty() { String::new() } else { format!(" after {}", after.join(", ")) };
        let to = step.to.as_ref().map(|node| format!(" to {node}")).unwrap_or_default();
        let wait =
            step.not_before_ms.map(|at_ms| format!(" not before +{} ms", at_ms - super::known::NOW_MS));
        writeln!(
            out,
            "{:>3} {} {}{resource} on {}{to}{}{after}: {}",
            step.id,
            step.action,
            step.group,
            step.node,
            wait.unwrap_or_default(),
            step.reason
        )
        .unwrap();
    }
    out
}
