//! Verbs that change what runs: asked, waited for with what happens meanwhile, or only looked at beforehand.
//!
//! What was asked for is in the database once the node has answered, and the cluster goes on with it whoever
//! watches. So waiting is looking: at the groups, several times a second, until they are as they should be,
//! or nothing happens any more and they are not. Ctrl-C ends the looking.

use super::plan;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::offline::{Question, Start};
use crate::render::plan::plans as render;
use api::client::Client;
use api::{Changed, EventQuery, GroupShown, PlanInputsQuery};
use model::stored::EventRecord;
use model::{GroupName, NodeName};
use planner::View;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// So long nothing may happen before what is not as it should be is called failed.
const STILL: Duration = Duration::from_secs(3);

/// How a verb is carried out.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct How {
    /// Do not wait until it is done
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) no_wait: bool,
    /// Only say what would be done, and why; exit code 3 if anything would be
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// What would be done if the cluster were asked for this.
pub(crate) async fn dry_run(
    context: &mut Context<'_>,
    change: impl FnOnce(&mut View),
) -> Result<Exit, Failure> {
    let inputs = context.client()?.plan_inputs(&PlanInputsQuery::default()).await?;
    let mut view = inputs.view;
    change(&mut view);
    let words = format!("the cluster at revision {}, if it were asked for this", inputs.revision);
    let (start, suppose) = (Start::Known(words), Vec::new());
    let question = Question { spec: inputs.spec, view, start, suppose, remarks: String::new() };
    let plans = plan::plans(&question);
    let width = context.out.width();
    context.out.data(&render(&question, &plans, width))?;
    let changes = plans.iter().any(|plan| !plan.steps.is_empty());
    Ok(if changes { Exit::WouldChange } else { Exit::Done })
}

/// Waits until groups are as they should be. `done` is asked of the groups; `undo` is what to do if the
/// administrator does not want it any more.
pub(crate) async fn wait(
    context: &mut Context<'_>,
    changed: &Changed,
    watched: impl Fn(&GroupShown) -> bool,
    done: impl Fn(&[GroupShown]) -> bool,
    undo: &str,
) -> Result<Exit, Failure> {
    let client = context.client()?;
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    let began = Instant::now();
    let mut moved = began;
    loop {
        let asked = tokio::select! {
            groups = client.groups() => Some(groups),
            _ = tokio::signal::ctrl_c() => None,
        };
        let Some(groups) = asked else {
            context.out.say(&format!("not waited for any more; it goes on. To undo it: `{undo}`"));
            return Ok(Exit::Failed);
        };
        // A leader that changes is back in a moment.
        if let Ok(groups) = groups {
            for group in groups.iter().filter(|group| watched(group)) {
                let now = line(group);
                if known.get(&group.name) != Some(&now) {
                    match context.out.talks_to_terminal() {
                        true => context.out.progress(&now),
                        false => context.out.say(&now),
                    }
                    known.insert(group.name.clone(), now);
                    moved = Instant::now();
                }
            }
            let pending = groups.iter().any(|group| watched(group) && group.state == "pending");
            if done(&groups) {
                return Ok(Exit::Done);
            }
            if !pending && moved.elapsed() > STILL {
                let failed = failed(&client, began.elapsed()).await;
                return Err(stuck(&groups, &watched, changed, &failed));
            }
        } else if moved.elapsed() > STILL * 10 {
            return Err(Failure::new(format!("{}, but no node says whether it is done", changed.text))
                .next("steadfast status"));
        }
        sleep(LOOK).await;
    }
}

/// One group, as it is now, in a line.
fn line(group: &GroupShown) -> String {
    let owner = group.owner.as_deref().map_or_else(String::new, |owner| format!(" on {owner}"));
    let parts: Vec<String> =
        group.resources.iter().map(|one| format!("{} {}", one.name, one.state)).collect();
    format!("{}: {}{owner} ({})", group.name, group.state, parts.join(", "))
}

/// What failed meanwhile: the latest failure on each node, by the resource's full name. Whoever cannot say so is
/// not waited for.
async fn failed(client: &Client, meanwhile: Duration) -> BTreeMap<NodeName, (String, String)> {
    let since = Some(format!("{}s", meanwhile.as_secs() + 1));
    let query = EventQuery { since, id: Some(events::ResourceFailed::ENTRY.id), ..EventQuery::default() };
    let told = client.events(&query).await.unwrap_or_default().events;
    let failure = |event: EventRecord| {
        let field = |name: &str| event.fields.get(name).and_then(|value| value.as_str()).map(str::to_owned);
        Some((event.node.clone(), (field("resource")?, field("problem")?)))
    };
    told.into_iter().filter_map(failure).collect()
}

fn stuck(
    groups: &[GroupShown],
    watched: &impl Fn(&GroupShown) -> bool,
    changed: &Changed,
    failed: &BTreeMap<NodeName, (String, String)>,
) -> Failure {
    let failure = Failure::new(format!("{}, and it is not: nothing happens any more", changed.text));
    let mut first = None;
    let failure = groups.iter().filter(|group| watched(group)).fold(failure, |failure, group| {
        first.get_or_insert_with(|| group.name.clone());
        let failure = failure.because(format!("{} is {}: {}", group.name, group.state, group.reason));
        let of_it = |resource: &str| resource.split('/').next() == Some(group.name.as_str());
        let of_it = failed.iter().filter(|(_, (resource, _))| of_it(resource));
        of_it.fold(failure, |failure, (node, (resource, problem))| {
            failure.because(format!("{resource} failed on {node}: {problem}"))
        })
    });
    match first {
        Some(group) => failure.next(format!("steadfast explain {group}")),
        None => failure.next("steadfast status"),
    }
}

/// The group of that name.
pub(crate) fn named<'g>(groups: &'g [GroupShown], name: &GroupName) -> Option<&'g GroupShown> {
    groups.iter().find(|group| group.name == name.as_str())
}
