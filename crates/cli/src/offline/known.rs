//! The planner's input as a node answered it: what is known now, or what was when a plan was made.

use super::file::{self, Declared};
use super::given::Given;
use super::question::{Question, Start, against, here, noted};
use super::suppose::suppose;
use crate::failure::Failure;
use crate::render::apply::warnings;
use api::{PlanInputs, PlanMade};
use planner::Step;

/// Of what a node answered, with what the options say beside it.
pub(super) fn question(given: &Given, inputs: PlanInputs) -> Result<Question, Failure> {
    let PlanInputs { made, node, leads, revision, spec, mut view, steps } = inputs;
    if view.nodes.is_empty() {
        return Err(Failure::new(format!("{node} belongs to no cluster, so there is nothing to plan"))
            .next("steadfast plan --file FILE, which plans without a cluster"));
    }
    let mut remarks = String::new();
    let mut notes = Vec::new();
    let is_replay = made.is_some() && given.file.is_none() && given.at_time.is_none();
    let spec = match &given.file {
        None => spec,
        Some(path) => {
            let Declared { name, parsed } = file::read(path)?;
            remarks.push_str(&warnings(&name, &parsed.warnings.iter().map(file::shown).collect::<Vec<_>>()));
            remarks.push_str(&against(&name, &parsed, None, &view)?);
            parsed.spec
        }
    };
    if let Some(when) = given.at_time {
        view.now = here(when, &mut notes)?;
    }
    if let Some(made) = made.as_ref().filter(|_| is_replay) {
        notes.extend(decides_otherwise(made, &steps, &planner::plan(&spec, &view).steps));
    }
    suppose(&given.suppose, &spec, &mut view)?;
    let start = Start::Known(match &made {
        None if leads => format!("the cluster at revision {revision}, as {node}, its leader, knows it"),
        None => {
            notes.push(format!("no leader is in reach of {node}: as long as that is so, nothing is done"));
            format!("the cluster at revision {revision}, as {node} knows it")
        }
        Some(made) => {
            let PlanMade { seq, node, time, cause, .. } = made;
            let file = if given.file.is_some() { ", with another file" } else { "" };
            format!("the cluster as it was at plan {node}:{seq} ({time}), made because {cause}{file}")
        }
    });
    remarks.push_str(&noted(&notes));
    Ok(Question { spec, view, start, suppose: given.suppose.clone(), remarks })
}

/// The same input gives the same plan, unless another version planned.
fn decides_otherwise(made: &PlanMade, then: &[String], now: &[Step]) -> Option<String> {
    let now: Vec<String> = now.iter().map(Step::in_short).collect();
    if now == then {
        return None;
    }
    let first =
        then.iter().zip(&now).position(|(then, now)| then != now).unwrap_or(then.len().min(now.len()));
    let step = |steps: &[String]| steps.get(first).cloned().unwrap_or_else(|| "nothing more".to_owned());
    Some(format!(
        "version {} planned otherwise then: step {first} was `{}`, and is `{}` here",
        made.version,
        step(then),
        step(&now)
    ))
}

#[cfg(test)]
mod tests;
