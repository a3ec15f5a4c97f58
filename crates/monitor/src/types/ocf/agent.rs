//! An agent as a resource type, and what it runs as resources.

use super::catalogue::{Catalogue, Named};
use super::code;
use super::environment::{Call, Of, mark, unfit};
use super::metadata::Metadata;
use super::tools::{self, Tools};
use crate::kind::{Future, Request, Resource, ResourceType, World, unimplemented};
use process::{Cgroup, Job, SpawnError};
use resource_api::instance::as_text;
use resource_api::{Failure, Instance, Outcome, TypeDescription, Verb, Verdict};
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// What all agents of a monitor share.
pub(super) struct Shared {
    pub(super) catalogue: Catalogue,
    /// The tools that agents call, from the first resource on.
    pub(super) tools: OnceLock<Option<Tools>>,
}

/// A type.
pub(super) struct Agent {
    pub(super) named: Named,
    pub(super) shared: Arc<Shared>,
}

impl ResourceType for Agent {
    fn describe(&self) -> Future<Result<TypeDescription, String>> {
        let (shared, named) = (self.shared.clone(), self.named.clone());
        Box::pin(async move { Ok(shared.catalogue.metadata(&named).await?.description.clone()) })
    }

    fn open(&self, instance: &Instance, world: &Arc<World>) -> Result<Arc<dyn Resource>, Outcome> {
        if let Some(why) = unfit(instance.parameters.iter().map(|(name, value)| (name, as_text(value)))) {
            return Err(Outcome::failed(Failure::NotConfigured, why));
        }
        self.shared.tools.get_or_init(|| {
            let started = Tools::start(world, &self.shared.catalogue.surroundings().tools);
            started
                .map_err(|error| tracing::error!(%error, "agents that call a cluster's tools will fail"))
                .ok()
        });
        Ok(Arc::new(Instantiated {
            named: self.named.clone(),
            shared: self.shared.clone(),
            instance: instance.clone(),
            world: world.clone(),
            seen_well: Mutex::new(None),
        }))
    }
}

struct Instantiated {
    named: Named,
    shared: Arc<Shared>,
    instance: Instance,
    world: Arc<World>,
    /// Which of the agent's levels, the deepest first, found it well.
    seen_well: Mutex<Option<usize>>,
}

impl Resource for Instantiated {
    fn call(self: Arc<Self>, request: Request) -> Future<Outcome> {
        Box::pin(async move {
            match request.verb {
                Verb::Terminate => self.terminate(&request).await,
                Verb::Validate => self.validate(&request).await,
                _ => self.act(&request).await,
            }
        })
    }
}

impl Instantiated {
    fn of(&self) -> Of<'_> {
        let place = &self.world.place;
        Of { instance: &self.instance, node: &place.node, run_dir: &place.run_dir }
    }

    /// What holds together all that is started for it, where there are such things.
    fn cgroup(&self) -> Result<Option<Cgroup>, Outcome> {
        let folder = self.world.place.cgroup.as_ref();
        let cgroup = folder.map(|folder| Cgroup::below(folder, &self.instance.id.file_name())).transpose();
        cgroup.map_err(|error| Outcome::failed(Failure::Permission, error.to_string()))
    }

    /// What the agent says of itself; nothing if it does not say it properly, which stops nobody from
    /// using it.
    async fn metadata(&self) -> Option<Arc<Metadata>> {
        self.shared.catalogue.metadata(&self.named).await.ok()
    }

    /// An action of the agent, for this verb.
    async fn act(&self, request: &Request) -> Outcome {
        let verb = request.verb;
        let metadata = self.metadata().await;
        let Some(action) = action(verb, metadata.as_deref()) else { return unimplemented(verb) };
        let known = |metadata: &Metadata| metadata.has(action);
        if !matches!(action, "start" | "stop" | "monitor") && !metadata.as_deref().is_none_or(known) {
            return unimplemented(verb);
        }
        let promotable = metadata.as_ref().is_some_and(|known| known.description.promotable);
        let checks = self.instance.checks;
        match verb {
            // An interval of zero would say that it is a probe.
            Verb::LooksAlive => self.run(request, action, 0, checks.looks_alive_ms.max(1), promotable).await,
            Verb::IsAlive => {
                let levels = metadata.map_or_else(|| vec![0], |known| known.levels.clone());
                self.look_deep(request, &levels, promotable).await
            }
            _ => self.run(request, action, 0, 0, promotable).await,
        }
    }

    /// A look at the deepest level at which the resource was ever seen well.
    ///
    /// Deeper levels want parameters that nobody has to give: without them nginx, for one, says of a
    /// healthy server that it is wrongly configured (30) or failed (20). So the failure of a level that
    /// was never good is not believed while a lower level is; from then on it is left out. Once a level
    /// was good, its failures count.
    async fn look_deep(&self, request: &Request, levels: &[u32], promotable: bool) -> Outcome {
        let interval_ms = self.instance.checks.is_alive_ms.max(1);
        let until = tokio::time::Instant::now() + request.deadline;
        let (mut at, proven) = match *self.seen_well.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(at) => (at, true),
            None => (0, false),
        };
        loop {
            let level = levels.get(at).copied().unwrap_or(0);
            let last = proven || level == 0;
            let left = until.saturating_duration_since(tokio::time::Instant::now());
            // One that hangs leaves time for the next.
            let request = Request { deadline: if last { left } else { left / 2 }, ..request.clone() };
            let outcome = self.run(&request, "monitor", level, interval_ms, promotable).await;
            if outcome.is_good() {
                *self.seen_well.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
            }
            if last || outcome.is_good() || outcome.verdict == Verdict::NotRunning {
                return outcome;
            }
            at += 1;
        }
    }

    async fn run(
        &self,
        request: &Request,
        action: &str,
        level: u32,
        interval_ms: u64,
        promotable: bool,
    ) -> Outcome {
        let surroundings = self.shared.catalogue.surroundings();
        if let Some(why) = unfit(request.arguments.iter().map(|(name, value)| (name, value.clone()))) {
            return Outcome::failed(Failure::NotConfigured, why);
        }
        let runs = tools::runs(&self.world.place.run_dir);
        if let Err(why) = make_folders(&surroundings.state, &runs) {
            return why;
        }
        let cgroup = match self.cgroup() {
            Ok(cgroup) => cgroup,
            Err(why) => return why,
        };
        let deadline = request.deadline;
        let call =
            Call { action, level, interval_ms, deadline, arguments: &request.arguments, of: Some(self.of()) };
        let job = Job {
            environment: surroundings.environment(&self.named, &call),
            cgroup: cgroup.clone(),
            record: Some(runs.join(self.instance.id.file_name())),
            ..Job::new(&self.named.file).arg(action)
        };
        // A little earlier than the caller's deadline, so that what the agent said is told.
        let earlier = deadline.saturating_sub((deadline / 10).min(Duration::from_millis(50)));
        let outcome = match process::run(&job, earlier).await {
            Ok(ended) => code::outcome(request.verb, action, promotable, &ended),
            Err(error @ SpawnError::Run { .. }) => Outcome::failed(Failure::NotInstalled, error.to_string()),
            Err(error) => Outcome::failed(Failure::Generic, error.to_string()),
        };
        if let (Verb::Offline, true, Some(cgroup)) = (request.verb, outcome.is_good(), cgroup) {
            // As long as somebody is in it, it stays.
            let _ = cgroup.remove();
        }
        outcome
    }

    /// Ours first: an agent sees no parameter that it does not know, and seldom says which is wrong.
    async fn validate(&self, request: &Request) -> Outcome {
        let metadata = match self.shared.catalogue.metadata(&self.named).await {
            Ok(metadata) => metadata,
            Err(why) => return Outcome::failed(Failure::NotInstalled, why),
        };
        let problems = metadata.description.check(&self.instance.parameters);
        if !problems.is_empty() {
            let all: Vec<_> = problems.iter().map(ToString::to_string).collect();
            return Outcome::failed(Failure::NotConfigured, all.join("; "));
        }
        match metadata.has("validate-all") {
            true => self.run(request, "validate-all", 0, 0, false).await,
            false => Outcome::done(),
        }
    }

    /// No agent is asked to end anything any more: everything that was started for the resource is
    /// killed. Done, if a look then says that it does not run; an address or a mount outlives that, and
    /// the one who asked has to take the node instead.
    async fn terminate(&self, request: &Request) -> Outcome {
        // The rest is for the look.
        let at_most = request.deadline / 2;
        let cgroup = match self.cgroup() {
            Ok(cgroup) => cgroup,
            Err(why) => return why,
        };
        let gone = match &cgroup {
            Some(cgroup) => cgroup.kill(at_most).await,
            None => self.kill_marked(at_most).await,
        };
        if !gone {
            let text = format!("some of its processes survived being killed for {} ms", at_most.as_millis());
            return Outcome::failed(Failure::Generic, text);
        }
        let look = Request { verb: Verb::Probe, deadline: at_most, arguments: BTreeMap::new() };
        let found = self.act(&look).await;
        if let Some(cgroup) = cgroup {
            // As long as somebody is in it, it stays.
            let _ = cgroup.remove();
        }
        match found.verdict {
            Verdict::NotRunning => Outcome::done(),
            Verdict::Running { .. } => {
                let text = "all its processes were killed, and its agent says that it still runs";
                Outcome::failed(Failure::Generic, text).with_output(&found.output)
            }
            _ => found,
        }
    }

    async fn kill_marked(&self, at_most: Duration) -> bool {
        let (mark, until) = (mark(self.of()), tokio::time::Instant::now() + at_most);
        // Whoever forks meanwhile is met the next time.
        while mark.signal(Signal::KILL) > 0 {
            if tokio::time::Instant::now() >= until {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        true
    }
}

/// The folder in which agents keep their state, and the one that says which of them run. Agents fail in odd
/// ways without the first, and it is gone after each restart of the machine. As Debian makes it: whoever
/// has a file in it is the only one to remove it.
fn make_folders(state: &Path, runs: &Path) -> Result<(), Outcome> {
    let make = |folder: &Path, mode| {
        std::fs::DirBuilder::new().recursive(true).mode(mode).create(folder).map_err(|error| {
            let text = format!("cannot make {}, which agents need: {error}", folder.display());
            Outcome::failed(Failure::Permission, text)
        })
    };
    make(state, 0o1755)?;
    make(runs, 0o700)
}

/// The action of an agent for this verb; nothing, if there is none.
fn action(verb: Verb, metadata: Option<&Metadata>) -> Option<&'static str> {
    Some(match verb {
        Verb::Online => "start",
        Verb::Offline => "stop",
        Verb::Probe | Verb::LooksAlive | Verb::IsAlive => "monitor",
        Verb::Promote => "promote",
        Verb::Demote => "demote",
        Verb::Notify => "notify",
        Verb::MigrateTo => "migrate_to",
        Verb::MigrateFrom => "migrate_from",
        // In 1.0 `reload` meant what `reload-agent` does; in 1.1 it is for the service's own files.
        Verb::Reload if metadata.is_some_and(|known| known.has("reload-agent")) => "reload-agent",
        Verb::Reload => "reload",
        Verb::Validate => "validate-all",
        Verb::Terminate | Verb::Reserve | Verb::Release | Verb::Control => return None,
    })
}
