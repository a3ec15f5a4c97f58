//! `process`: a program that runs in the foreground, in a cgroup of its own.
//!
//! No shell reads its command. It gets the environment that is given and what every program expects
//! (`PATH`, `HOME`, `USER`, `LOGNAME`), and nothing of the daemon's. What it prints is in a file below
//! the monitor's folder `log`, and the end of that in the events. `online` is done when it was executed
//! and did not end at once: whether it is of use to clients is a question for a `health-check`.

pub(super) mod access;
mod hold;
mod identity;
mod log;
mod program;
mod user;

pub(super) use program::{Children, Program};
pub(super) use user::local as local_account;

use super::given;
use crate::kind::{Future, Request, Resource, ResourceType, World, unimplemented};
use access::{Asking, closed, may};
use process::Job;
use resource_api::{Failure, Instance, Kind, Outcome, TypeDescription, Verb, Verdict};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Where programs look for programs, unless they are told otherwise. Debian's for root.
pub(super) const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// The type.
#[derive(Default)]
pub(super) struct Process {
    children: Children,
}

impl ResourceType for Process {
    fn describe(&self) -> Future<Result<TypeDescription, String>> {
        use given::{or, parameter, required};
        let parameters = vec![
            required(parameter("command", Kind::Text, "The program and its arguments; no shell reads them.")),
            or("root", parameter("user", Kind::Text, "Who it runs as.")),
            or("/", parameter("working_directory", Kind::Text, "Where it runs.")),
            or("[]", parameter("environment", Kind::Text, "Variables, each as NAME=value.")),
            or("30s", parameter("stop_timeout", Kind::Duration, "From the request to stop to the kill.")),
        ];
        let summary = "A program that runs in the foreground, in a cgroup of its own.";
        let description = given::described("process", summary, parameters);
        Box::pin(async move { Ok(description) })
    }

    fn open(&self, instance: &Instance, world: &Arc<World>) -> Result<Arc<dyn Resource>, Outcome> {
        let wish = Wish::of(instance)?;
        let stop_timeout = given::duration(instance, "stop_timeout", STOP_TIMEOUT)?;
        let program = Program::of(&instance.id, "process", world, &self.children, stop_timeout);
        Ok(Arc::new(Running { wish, program }))
    }
}

/// What is to be run.
struct Wish {
    program: PathBuf,
    args: Vec<String>,
    environment: Vec<(String, String)>,
    user: Option<String>,
    folder: PathBuf,
}

impl Wish {
    fn of(instance: &Instance) -> Result<Self, Outcome> {
        let Some((program, args)) = given::list(instance, "command")?.split_first() else {
            return Err(given::wrong("command", "is missing"));
        };
        let absolute = |name: &str, path: &str| match Path::new(path).is_absolute() {
            true => Ok(PathBuf::from(path)),
            false => Err(given::wrong(name, &format!("needs an absolute path, not `{path}`"))),
        };
        let variable = |text: &String| match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
            _ => Err(given::wrong("environment", &format!("has `{text}`, which is not NAME=value"))),
        };
        Ok(Self {
            program: absolute("command", program)?,
            args: args.to_vec(),
            environment: given::list(instance, "environment")?
                .iter()
                .map(variable)
                .collect::<Result<_, _>>()?,
            user: given::text(instance, "user")?.map(str::to_owned),
            folder: absolute(
                "working_directory",
                given::text(instance, "working_directory")?.unwrap_or("/"),
            )?,
        })
    }

    /// As a program to be run on this node.
    async fn job(&self) -> Result<Job, Outcome> {
        if !may("-e", &self.program, Asking::Root).await? {
            let text = format!("`{}` is not installed on this node", self.program.display());
            return Err(Outcome::failed(Failure::NotInstalled, text));
        }
        if !may("-d", &self.folder, Asking::Root).await? {
            let text = format!("`working_directory`: {} is no folder on this node", self.folder.display());
            return Err(Outcome::failed(Failure::Arguments, text));
        }
        let mut job = Job { folder: Some(self.folder.clone()), ..Job::new(&self.program) };
        job.args = self.args.iter().map(Into::into).collect();
        job = job.env("PATH", SEARCH_PATH);
        // Without a user it is run as this monitor, which is root unless somebody tries things out.
        if let Some(name) = &self.user {
            let account = user::account(name).await?;
            let own = rustix::process::geteuid().as_raw();
            job = job.env("HOME", account.home).env("USER", &account.name).env("LOGNAME", &account.name);
            job.user = (account.ids.uid != own).then_some(account.ids);
        }
        // What is given comes last, and so it holds.
        Ok(self.environment.iter().fold(job, |job, (name, value)| job.env(name, value)))
    }
}

/// What stands in the way of its start; asked when the kernel has refused it, and before anything is
/// started if somebody wants to know.
async fn refused(job: &Job) -> Result<(), Outcome> {
    let (uid, gid) = job.user.as_ref().map_or((0, 0), |user| (user.uid, user.gid));
    let (uid, gid) = (uid.to_string(), gid.to_string());
    let asking = if job.user.is_some() { Asking::Alone(&uid, &gid) } else { Asking::Root };
    let no = |what: String| Err(Outcome::failed(Failure::Permission, what));
    let name =
        job.environment.iter().find(|(name, _)| name == "USER").map(|(_, name)| name.to_string_lossy());
    let name = name.unwrap_or("root".into());
    let way = |at: &Path, to: &Path| match at == to {
        true => format!("user `{name}` may not enter {}", at.display()),
        false => format!("user `{name}` may not enter {} on the way to {}", at.display(), to.display()),
    };
    if let Some(folder) = job.folder.as_deref()
        && let Some(at) = closed(folder, asking).await?
    {
        return no(format!("`working_directory`: {}", way(at, folder)));
    }
    let program = job.program.display();
    if !may("-f", &job.program, Asking::Root).await? {
        return no(format!("{program} is no file, so it cannot be run"));
    }
    if may("-x", &job.program, asking).await? {
        return Ok(());
    }
    match closed(job.program.parent().unwrap_or(Path::new("/")), asking).await? {
        Some(at) => no(way(at, &job.program)),
        None => no(format!("user `{name}` may not execute {program}: `chmod a+x {program}` lets everybody")),
    }
}

struct Running {
    wish: Wish,
    program: Program,
}

impl Running {
    async fn start(&self, job: Job) -> Outcome {
        let started = self.program.start(job.clone()).await;
        match started.verdict {
            Verdict::Failed { failure: Failure::Permission } => refused(&job).await.err().unwrap_or(started),
            _ => started,
        }
    }

    async fn do_it(&self, request: Request) -> Outcome {
        match request.verb {
            Verb::Validate => match self.wish.job().await {
                Ok(job) => refused(&job).await.map_or_else(|why| why, |()| Outcome::done()),
                Err(why) => why,
            },
            Verb::Probe => self.program.probe(),
            Verb::Online => match self.wish.job().await {
                Ok(job) => self.start(job).await,
                Err(why) => why,
            },
            Verb::Offline => self.program.stop(request.deadline).await,
            Verb::Terminate => self.program.kill().await,
            Verb::LooksAlive | Verb::IsAlive => self.program.look(),
            other => unimplemented(other),
        }
    }
}

impl Resource for Running {
    fn call(self: Arc<Self>, request: Request) -> Future<Outcome> {
        Box::pin(async move { self.do_it(request).await })
    }

    fn changed(self: Arc<Self>) -> Future<Outcome> {
        Box::pin(async move { self.program.changed().await })
    }
}
