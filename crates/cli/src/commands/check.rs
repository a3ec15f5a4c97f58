//! `steadfast check`: which single failure would leave a group down.

use super::Format;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::offline::{Given, Question};
use crate::render::check::check;
use planner::foresight::{Loss, Lost, failures, losses};
use planner::hypothesis::Hypothesis;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// How many pairs are handed to the planner at once. They are as many as the square of what can fail,
/// and need not all be in memory.
const PAIRS_AT_ONCE: usize = 1024;

/// Say which single failure would leave a group down
///
/// Lets every node, every resource, and every resource type on every node fail, one
/// after the other, and says which groups would be down then, and why. Exit code 3 if any would be, or is
/// down already; 0 if every failure is survived.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) given: Given,
    /// Also let every two of them happen together; told is what neither of the two does alone. In a large
    /// cluster this takes long
    #[arg(long)]
    pairs: bool,
    #[command(flatten)]
    format: Format,
}

/// What was tried, and what would be down.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Found {
    /// How many single failures were tried.
    pub(crate) tried: usize,
    /// How many pairs of them.
    pub(crate) pairs_tried: usize,
    /// Groups that are down without any failure.
    pub(crate) down_already: Vec<Lost>,
    /// What would leave a group down.
    pub(crate) losses: Vec<Loss>,
}

pub(crate) async fn run(args: &Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let question = Question::ask(&args.given, context).await?.settled();
    context.out.say_block(&question.remarks);
    let found = find(&question, args.pairs);
    if args.format.json {
        context.out.json(&found)?;
    } else {
        let width = context.out.width();
        context.out.data(&check(&question, &found, width))?;
    }
    let survives = found.losses.is_empty() && found.down_already.is_empty();
    Ok(if survives { Exit::Done } else { Exit::WouldChange })
}

/// Tries everything.
pub(crate) fn find(question: &Question, with_pairs: bool) -> Found {
    let (spec, view) = (&question.spec, &question.view);
    let plan = planner::plan(spec, view);
    let nowhere = plan.report.groups.iter().filter(|one| one.places.is_empty());
    let down_already =
        nowhere.map(|one| Lost { group: one.group.clone(), reason: one.reason.clone() }).collect();
    let all = failures(spec, view);
    let each: Vec<_> = all.iter().map(|one| vec![one.clone()]).collect();
    let mut found =
        Found { tried: all.len(), pairs_tried: 0, down_already, losses: losses(spec, view, &each) };
    if with_pairs {
        pairs(question, &all, &mut found);
    }
    found
}

/// Every pair; of what it leaves down, that which neither of the two does alone.
fn pairs(question: &Question, all: &[Hypothesis], found: &mut Found) {
    let of = |loss: &Loss| loss.down.iter().map(|lost| lost.group.clone()).collect::<BTreeSet<_>>();
    let alone: BTreeMap<String, BTreeSet<_>> =
        found.losses.iter().map(|loss| (loss.failures.concat(), of(loss))).collect();
    let does_alone =
        |failure: &String, lost: &Lost| alone.get(failure).is_some_and(|groups| groups.contains(&lost.group));
    let mut both = all
        .iter()
        .enumerate()
        .flat_map(|(place, one)| all[place + 1..].iter().map(move |other| vec![one.clone(), other.clone()]));
    loop {
        let some: Vec<_> = both.by_ref().take(PAIRS_AT_ONCE).collect();
        if some.is_empty() {
            return;
        }
        found.pairs_tried += some.len();
        for mut loss in losses(&question.spec, &question.view, &some) {
            let failures = &loss.failures;
            loss.down.retain(|lost| !failures.iter().any(|failure| does_alone(failure, lost)));
            if !loss.down.is_empty() {
                found.losses.push(loss);
            }
        }
    }
}
