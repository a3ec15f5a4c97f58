//! The planner's input, made of files and options, or of what a node answers.

use super::file::{self, Declared};
use super::given::Given;
use super::known;
use super::moment::{self, When};
use super::snapshot::{self, Snapshot};
use super::suppose::{exist, suppose};
use crate::commands::with_nearest;
use crate::context::Context;
use crate::failure::Failure;
use crate::files;
use crate::render::apply::warnings;
use api::PlanInputsQuery;
use declaration::Severity;
use jiff::tz::TimeZone;
use model::desired::{ClusterSpec, GroupSpec};
use model::{ClusterName, NodeName};
use planner::hypothesis::Hypothesis;
use planner::{NodeView, Now, Standing, View};
use std::collections::BTreeSet;
use std::path::Path;

/// The longest status that is read: 20,000 resources take about 4 MiB.
const STATUS_BYTES_MAX: u64 = 64 << 20;

/// What is asked.
#[derive(Debug)]
pub(crate) struct Question {
    /// What the file says.
    pub(crate) spec: ClusterSpec,
    /// What is known, with what is supposed.
    pub(crate) view: View,
    /// What is known before anything is supposed.
    pub(crate) start: Start,
    /// What is supposed.
    pub(crate) suppose: Vec<Hypothesis>,
    /// What is doubtful but allowed, for standard error.
    pub(crate) remarks: String,
}

/// What is known before anything is supposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Start {
    /// Nothing runs.
    Nothing,
    /// Everything runs as the file says.
    Settled,
    /// It is as a status says.
    Status,
    /// It is, or was, as a node knew it: in words.
    Known(String),
}

impl Question {
    /// Asks a node, or reads files, as the options say.
    pub(crate) async fn ask(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        if given.file.is_some() && given.at.is_none() {
            return Self::read(given);
        }
        let at = given.at.as_ref();
        let node = at.and_then(|at| at.node.as_ref()).map(ToString::to_string);
        let query = PlanInputsQuery { at: at.map(|at| at.seq), node };
        known::question(given, context.client()?.plan_inputs(&query).await?)
    }

    /// Reads everything that is given.
    pub(crate) fn read(given: &Given) -> Result<Self, Failure> {
        let file = given.file.as_deref().ok_or_else(|| Failure::usage("--file names no file"))?;
        if file.as_os_str() == "-" && given.state.as_ref().is_some_and(|state| state.as_os_str() == "-") {
            return Err(Failure::usage("`--file -` and `--state -` cannot both read standard input"));
        }
        twice(&given.nodes)?;
        let Declared { name, parsed } = file::read(file)?;
        let snapshot = given.state.as_deref().map(status).transpose()?;
        let mut remarks = warnings(&name, &parsed.warnings.iter().map(file::shown).collect::<Vec<_>>());
        let mut notes = Vec::new();
        let now = now(given, snapshot.as_ref(), &mut notes)?;
        let (mut view, told) =
            snapshot.as_ref().map(|status| status.view(&parsed.spec, now.unix_ms)).unwrap_or_default();
        notes.extend(told);
        view.now = now;
        let is_named = snapshot.is_some() || !given.nodes.is_empty();
        add_nodes(&mut view, if is_named { given.nodes.iter().collect() } else { parsed.nodes() });
        if view.nodes.is_empty() {
            return Err(nobody(&name, is_named));
        }
        if is_named {
            remarks.push_str(&against(
                &name,
                &parsed,
                snapshot.as_ref().and_then(|status| status.cluster.as_ref()),
                &view,
            )?);
        }
        let mut start = if snapshot.is_some() { Start::Status } else { Start::Nothing };
        if start == Start::Nothing && !given.suppose.is_empty() {
            start = Start::Settled;
            view = settle(&parsed.spec, view);
        }
        suppose(&given.suppose, &parsed.spec, &mut view)?;
        remarks.push_str(&noted(&notes));
        Ok(Self { spec: parsed.spec, view, start, suppose: given.suppose.clone(), remarks })
    }

    /// The same, when all that is to be done is done; of files, if nothing runs yet.
    pub(crate) fn settled(mut self) -> Self {
        match &mut self.start {
            Start::Nothing => self.start = Start::Settled,
            Start::Known(words) => words.push_str(", when all that is to be done is done"),
            Start::Settled | Start::Status => return self,
        }
        self.view = settle(&self.spec, self.view);
        self
    }

    /// The group of this name.
    pub(crate) fn group(&self, name: &str) -> Result<&GroupSpec, Failure> {
        let names: Vec<&str> = self.spec.groups.iter().map(|group| group.name.as_str()).collect();
        let found = self.spec.groups.iter().find(|group| group.name.as_str() == name);
        found.ok_or_else(|| {
            let whose = if matches!(self.start, Start::Known(_)) { "cluster" } else { "file" };
            let failure = Failure::new(format!("the {whose} has no group named `{name}`"));
            with_nearest(failure, name, names.iter().copied()).because(exist("groups", &names))
        })
    }
}

/// Notes, one on a line.
pub(super) fn noted(notes: &[String]) -> String {
    notes.iter().map(|note| format!("note: {}\n", crate::paint::clean(note))).collect()
}

/// How many plans, one after the other, bring a cluster up at most: one for each group in a row of which
/// each waits for the primary of the one before. Files have two or three.
const SETTLE_MAX: usize = 64;

/// The view when everything runs. Only a copy that runs can be made the primary, by a plan of its own.
fn settle(spec: &ClusterSpec, mut view: View) -> View {
    for _ in 0..SETTLE_MAX {
        let next = after(spec, &view);
        if next == view {
            break;
        }
        view = next;
    }
    view
}

/// The view when a plan has been carried out, and every copy rates itself alike as a primary. A copy that
/// does not run yet says nothing of it, and without a cluster no other knows better.
pub(crate) fn after(spec: &ClusterSpec, view: &View) -> View {
    let mut then = planner::foresight::settled(spec, view);
    for (name, known) in &mut then.groups {
        if spec.group(name).is_some_and(GroupSpec::has_primaries) {
            for copy in &mut known.copies {
                copy.promotion.get_or_insert(0);
            }
        }
    }
    then
}

fn status(path: &Path) -> Result<Snapshot, Failure> {
    if path.as_os_str() == "-" {
        let text = files::read_stdin("the status", STATUS_BYTES_MAX)?;
        return snapshot::read(&text, "standard input");
    }
    let text = files::read_text(path, "the status", STATUS_BYTES_MAX)?;
    snapshot::read(&text, &path.display().to_string())
}

fn twice(nodes: &[NodeName]) -> Result<(), Failure> {
    let mut seen = BTreeSet::new();
    match nodes.iter().find(|name| !seen.insert(*name)) {
        Some(name) => Err(Failure::usage(format!("`--nodes` names `{name}` twice"))),
        None => Ok(()),
    }
}

/// When it is: what the command line says, else when the status was made, else the present.
fn now(given: &Given, snapshot: Option<&Snapshot>, notes: &mut Vec<String>) -> Result<Now, Failure> {
    let of_status = snapshot.and_then(|status| status.as_of.as_deref());
    let when = match (given.at_time, of_status) {
        (Some(when), _) => when,
        (None, Some(text)) => text.parse::<jiff::Timestamp>().map(When::At).unwrap_or_else(|_| {
            notes.push(format!("`{text}`, when the status was made, is no time: taken as now"));
            When::Now
        }),
        (None, None) => When::Now,
    };
    here(when, notes)
}

/// A moment, by the calendar of this machine.
pub(super) fn here(when: When, notes: &mut Vec<String>) -> Result<Now, Failure> {
    let zone = moment::zone();
    if zone.is_none() {
        notes.push("this machine's time zone cannot be read: hours and days are those of UTC".to_owned());
    }
    moment::now(when, &zone.unwrap_or(TimeZone::UTC))
        .ok_or_else(|| Failure::usage("the time is outside the years that are known, 1970 to 9998"))
}

fn add_nodes(view: &mut View, names: Vec<&NodeName>) {
    let known: BTreeSet<NodeName> = view.nodes.iter().map(|node| node.name.clone()).collect();
    let node = |name: &NodeName| NodeView::new(name.clone(), Standing::Up);
    view.nodes.extend(names.into_iter().filter(|name| !known.contains(*name)).map(node));
}

fn nobody(name: &str, is_named: bool) -> Failure {
    if is_named {
        return Failure::new("the status has no nodes, and nothing can run without one")
            .next("the same command with --nodes n1,n2");
    }
    Failure::usage(format!("{name} names no nodes, and nothing can run without one"))
        .next("the same command with --nodes n1,n2")
}

/// The file, held against the nodes and the cluster that there are.
pub(super) fn against(
    name: &str,
    parsed: &declaration::Parsed,
    cluster: Option<&String>,
    view: &View,
) -> Result<String, Failure> {
    let cluster: Option<ClusterName> = cluster.and_then(|name| name.parse().ok());
    let members: Vec<NodeName> = view.nodes.iter().map(|node| node.name.clone()).collect();
    let found = declaration::check_against(parsed, cluster.as_ref().unwrap_or(&parsed.cluster), &members);
    if found.iter().any(|one| one.severity == Severity::Error) {
        return Err(file::refused(name, &found));
    }
    Ok(warnings(name, &found.iter().map(file::shown).collect::<Vec<_>>()))
}
