//! `steadfast type test`: the whole life of a resource of a type, outside any cluster.
//!
//! It needs no daemon: it starts a resource monitor of its own, and asks it what a daemon would ask.
//! What was brought online is taken offline again, also after a failure and after an interruption.

mod ground;
mod life;
mod parameters;
mod recorder;
mod report;

use crate::commands::{Format, duration, with_nearest};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use api::Used;
use ground::Ground;
use life::Life;
use model::TypeName;
use model::desired::Value;
use monitor_client::{Lost, Monitor, Program};
use recorder::Recorder;
use report::Report;
use resource_api::{Checks, Instance, ResourceId, TypeDescription};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a monitor may take to say what it has. Agents are run for it.
const DESCRIBE_MAX: Duration = Duration::from_secs(30);

/// Run the whole life of a resource of a type, and say how it conforms
///
/// It is validated, brought online, looked at, taken offline and terminated, each also when that is
/// already so, with wrong parameters and with a deadline that is too short, as a cluster would do sooner
/// or later. No daemon and no cluster is needed. Really runs what the parameters name, on this machine:
/// nothing of it may run elsewhere meanwhile. A line for each step; exit code 1 if any of them failed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The type's name
    #[arg(value_name = "TYPE")]
    kind: TypeName,
    /// A parameter of the resource; a list is written ["as", "in the file"]
    #[arg(short, long = "set", value_name = "NAME=VALUE", value_parser = parameters::pair)]
    set: Vec<(String, String)>,
    /// The library of the native plug-in that the type is in
    #[arg(long, value_name = "FILE")]
    library: Option<PathBuf>,
    /// How long each step may take
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    deadline: Duration,
    /// Record which installed files are read meanwhile: the node's daemon looks after them from then on, on all
    /// nodes, beside those that it finds by reading programs and scripts. A resource of the type with these
    /// parameters has to be in the cluster's declaration. Everything takes some tenths of a second longer
    #[arg(long)]
    record: bool,
    #[command(flatten)]
    format: Format,
}

pub(super) async fn run(args: Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let ground = Ground::new()?;
    let program = match &args.library {
        None => Program::built_in(),
        Some(library) => plugin(library)?,
    };
    let recorder = args.record.then(Recorder::default);
    let start = || start(&program, &ground, recorder.as_ref());
    let monitor = start().await?;
    let description = describe(&monitor, &args.kind).await?;
    let given = parameters::of(&args.set, &description)?;
    let used = args.record.then(|| used(&args.kind, &given));
    let id = ResourceId { group: name("type-test")?, resource: name("tested")? };
    let instance = Instance { id, kind: args.kind, parameters: given, checks: Checks::default() };

    let mut report = Report::new(args.format.json);
    let mut life = Life::new(monitor, instance, description, args.deadline);
    let interrupted = tokio::select! {
        // The steps are told as they are taken: some take a minute.
        done = life.whole(&mut report, context.out, start) => done.map(|()| false)?,
        _ = tokio::signal::ctrl_c() => true,
    };
    if interrupted {
        context.out.say("interrupted; what was started is ended");
    }
    life.clean_up(&mut report, context.out).await?;
    report.end(context.out)?;
    if let (Some(recorder), Some(mut used)) = (recorder, used) {
        used.files = recorder.end().into_iter().collect();
        let changed = context.client()?.components_used(&used).await?;
        context.out.say(&changed.text);
    }
    Ok(if interrupted || report.failed() > 0 { Exit::Failed } else { Exit::Done })
}

async fn start(program: &Program, ground: &Ground, recorder: Option<&Recorder>) -> Result<Monitor, Failure> {
    // What it notices by itself is not part of the test.
    let (news, _) = monitor_client::news();
    let monitor = Monitor::start(program, ground.place(), None, news)
        .await
        .map_err(|error| Failure::new("there is no resource monitor to test with").because(error))?;
    recorder.map_or(Ok(()), |recorder| recorder.follow(monitor.pid()))?;
    Ok(monitor)
}

/// What is to be told of it, as yet without files.
fn used(kind: &TypeName, given: &BTreeMap<String, Value>) -> Used {
    let parameters = match serde_json::to_value(given) {
        Ok(serde_json::Value::Object(parameters)) => parameters,
        _ => serde_json::Map::new(),
    };
    Used { kind: kind.to_string(), parameters, files: Vec::new() }
}

fn name<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, Failure> {
    text.parse().map_err(|error: T::Err| Failure::new("the test cannot begin").because(error))
}

/// The plug-in host with a library, of which nothing is run before its files have been checked.
fn plugin(library: &Path) -> Result<Program, Failure> {
    // The plug-in host runs in `/`.
    let library = std::path::absolute(library).unwrap_or_else(|_| library.to_owned());
    let program = Program::plugin_host().with_library(&library);
    let check = elf::check_in(&elf::Search::of_this_machine(), Some(&program.path), &library);
    if check.is_good() {
        return Ok(program);
    }
    let failure = Failure::new(format!("the plug-in {} cannot be loaded", library.display()));
    let failure = check.problems.iter().fold(failure, Failure::because);
    Err(failure.next("mend the file that is named, or install its package again; nothing of it was run"))
}

/// A monitor that ended may have said why: its plug-in could not be loaded.
async fn lost(monitor: &Monitor, kind: &TypeName, error: Lost) -> Failure {
    let failure = Failure::new(format!("{kind} cannot be tested"));
    match tokio::time::timeout(DESCRIBE_MAX, monitor.ended()).await {
        Ok(end) => match &end.not_loaded {
            Some(why) => why.problems.iter().fold(failure, Failure::because),
            None => failure.because(error),
        },
        Err(_) => failure.because(error),
    }
}

/// What the type says of itself. One that is not there is a mistyped name, most likely.
async fn describe(monitor: &Monitor, kind: &TypeName) -> Result<TypeDescription, Failure> {
    let why = match monitor.describe(kind, DESCRIBE_MAX).await {
        Ok(Ok(description)) => return Ok(description),
        Ok(Err(why)) => why,
        Err(error) => return Err(lost(monitor, kind, error).await),
    };
    let known = match monitor.types(DESCRIBE_MAX).await {
        Ok(known) => known,
        Err(error) => return Err(lost(monitor, kind, error).await),
    };
    if known.iter().any(|standing| standing.name == *kind) {
        return Err(Failure::new(format!("{kind} does not say what it is")).because(why));
    }
    let names = known.iter().map(|standing| standing.name.as_str());
    // The monitor's own sentence says what there is no such type of, and what there is.
    let failure = with_nearest(Failure::new(why).next("steadfast type list"), kind.as_str(), names);
    Err(failure.into_usage())
}
