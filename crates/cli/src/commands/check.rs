//! `steadfast check`: which single failure would leave a group down.

use super::Format;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::offline::{Given, Question};
use crate::render::check::check;
use planner::foresight::{Loss, Lost, failures, losses, pairs};
use serde::Serialize;

/// So many pairs are tried at most. With 32 nodes and 4,000 resources there are eight million, and these are
/// all that have a whole node in them: some four minutes. Of 500 things that can fail, they are all.
const PAIRS_MAX: usize = 150_000;

/// Say which single failure would leave a group down
///
/// Lets every node, every resource, every resource type on every node, and every network fail, one after the
/// other, and says which groups would be down then, and why; and which would be out of reach over a network
/// that failed. Exit code 3 if any would be, or is
/// down already; 0 if every failure is survived.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) given: Given,
    /// Also let every two of them happen together, up to 150,000 pairs, those with whole nodes and networks
    /// first; told is what neither of the two does alone
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
    /// How many pairs of them there are,
    pub(crate) pairs: usize,
    /// and how many of those were tried.
    pub(crate) pairs_tried: usize,
    /// Groups that are down without any failure.
    pub(crate) down_already: Vec<Lost>,
    /// What would leave a group down.
    pub(crate) losses: Vec<Loss>,
}

pub(crate) async fn run(args: &Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let question = Question::ask(&args.given, context).await?.settled();
    context.out.say_block(&question.remarks);
    let talks = context.out.talks_to_terminal();
    let found = find(&question, args.pairs, &mut |tried, of| {
        if talks {
            context.out.progress(&format!("{tried} of {of} pairs tried"));
        }
    });
    if talks && args.pairs {
        context.out.progress("");
    }
    if args.format.json {
        context.out.json(&found)?;
    } else {
        let width = context.out.width();
        context.out.data(&check(&question, &found, width))?;
    }
    let survives = found.losses.is_empty() && found.down_already.is_empty();
    Ok(if survives { Exit::Done } else { Exit::WouldChange })
}

/// Tries everything, and tells of the pairs how many of how many were tried.
pub(crate) fn find(question: &Question, with_pairs: bool, tell: &mut dyn FnMut(usize, usize)) -> Found {
    let (spec, view) = (&question.spec, &question.view);
    let plan = planner::plan(spec, view);
    let nowhere = plan.report.groups.iter().filter(|one| one.places.is_empty());
    let down_already =
        nowhere.map(|one| Lost { group: one.group.clone(), reason: one.reason.clone() }).collect();
    let all = failures(spec, view);
    let each: Vec<_> = all.iter().map(|one| vec![one.clone()]).collect();
    let mut found =
        Found { tried: all.len(), down_already, losses: losses(spec, view, &each), ..Found::default() };
    if with_pairs {
        let of = (all.len() * all.len().saturating_sub(1) / 2).min(PAIRS_MAX);
        let both = pairs(spec, view, &all, &found.losses, PAIRS_MAX, &mut |tried| tell(tried, of));
        (found.pairs, found.pairs_tried) = (both.of, both.tried);
        found.losses.extend(both.losses);
    }
    found
}
