//! The agents of this machine, and what they say of themselves.
//!
//! Listing reads folders and runs nothing. What an agent says is asked once, and again only when its file
//! has changed. One that does not say it properly is asked again after a while: a program that it needs
//! even for that may have been installed.

use super::environment::{Call, Surroundings};
use super::metadata::{METADATA_MAX_BYTES, Metadata};
use model::TypeName;
use process::{How, Job};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// An agent that is slow to print a text is broken. The slowest known takes half a second.
const DEADLINE: Duration = Duration::from_secs(10);
/// So often a broken agent is asked again.
const AGAIN: Duration = Duration::from_secs(60);

/// Where agents are: `PROVIDER/AGENT` below a folder.
#[derive(Debug)]
pub(super) struct Catalogue {
    surroundings: Surroundings,
    /// How long an agent may take.
    deadline: Duration,
    /// What is known of each agent's file. Whoever asks first holds the inner lock while the agent
    /// answers, so that it is asked once, however many want to know.
    known: Mutex<BTreeMap<PathBuf, Arc<tokio::sync::Mutex<Option<Known>>>>>,
}

#[derive(Debug)]
struct Known {
    file: (SystemTime, u64),
    asked: Instant,
    said: Result<Arc<Metadata>, String>,
}

/// An agent's name, in parts, and its file.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) kind: TypeName,
    pub(super) provider: String,
    pub(super) agent: String,
    pub(super) file: PathBuf,
}

impl Catalogue {
    pub(super) fn new(surroundings: Surroundings) -> Self {
        Self { surroundings, deadline: DEADLINE, known: Mutex::default() }
    }

    pub(super) fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }

    pub(super) fn folder(&self) -> PathBuf {
        self.surroundings.ocf_root.join("resource.d")
    }

    /// All agents, by name. A file whose name is no name of a type is none.
    pub(super) fn list(&self) -> Vec<Named> {
        let folder = self.folder();
        let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
        let names = entries(&folder).flat_map(|provider| {
            let agents = entries(&provider.path());
            agents.filter_map(move |agent| {
                let (provider, agent) = (provider.file_name(), agent.file_name());
                format!("ocf:{}:{}", provider.to_str()?, agent.to_str()?).parse().ok()
            })
        });
        let mut found: Vec<Named> = names.filter_map(|kind| self.find(&kind)).collect();
        found.sort_by(|a, b| a.kind.cmp(&b.kind));
        found
    }

    /// The agent of this name, if there is a program for it.
    pub(super) fn find(&self, kind: &TypeName) -> Option<Named> {
        // The parts of a type's name can be parts of a path: no slash, and no dot at their beginning.
        let (provider, agent) = kind.as_str().strip_prefix("ocf:")?.split_once(':')?;
        let file = self.folder().join(provider).join(agent);
        let found = fs::metadata(&file).ok()?;
        let runs = found.is_file() && found.permissions().mode() & 0o111 != 0;
        runs.then(|| Named {
            kind: kind.clone(),
            provider: provider.to_owned(),
            agent: agent.to_owned(),
            file,
        })
    }

    /// What this agent says of itself.
    ///
    /// # Errors
    /// Why that is not known.
    pub(super) async fn metadata(&self, named: &Named) -> Result<Arc<Metadata>, String> {
        let found = fs::metadata(&named.file).and_then(|found| Ok((found.modified()?, found.len())));
        let file = found.map_err(|error| format!("cannot look at {}: {error}", named.file.display()))?;
        let place = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.entry(named.file.clone()).or_default().clone()
        };
        let mut place = place.lock().await;
        if let Some(known) = &*place
            && known.file == file
            && (known.said.is_ok() || known.asked.elapsed() < AGAIN)
        {
            return known.said.clone();
        }
        let said = self.ask(named).await.map(Arc::new);
        *place = Some(Known { file, asked: Instant::now(), said: said.clone() });
        said
    }

    async fn ask(&self, named: &Named) -> Result<Metadata, String> {
        let job = Job {
            environment: self.surroundings.environment(named, &Call::of_no_resource("meta-data")),
            output_max: METADATA_MAX_BYTES,
            errors_apart: true,
            ..Job::new(&named.file).arg("meta-data")
        };
        let ended = process::run(&job, self.deadline).await.map_err(|error| error.to_string())?;
        let why = match ended.how {
            How::Exited(0) if ended.overflowed => format!("it is longer than {METADATA_MAX_BYTES} bytes"),
            How::Exited(0) => match Metadata::read(named.kind.as_str(), &ended.output) {
                Ok(metadata) => return Ok(metadata),
                Err(why) => why,
            },
            How::Exited(code) => format!("the agent exited with {code}"),
            How::Signalled(signal) => format!("the agent ended by signal {signal}"),
            How::TimedOut => format!("the agent took longer than {:?}", self.deadline),
        };
        let said = ended.errors.lines().rev().find(|line| !line.trim().is_empty()).map(|line| {
            let shown: String = line.chars().filter(|c| !c.is_control()).take(300).collect();
            format!("; it said: {shown}")
        });
        Err(format!(
            "the metadata of {} cannot be used: {why}{}. See `{} meta-data`",
            named.kind,
            said.unwrap_or_default(),
            named.file.display()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_agent_that_does_not_end_is_ended_at_its_deadline() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("resource.d/test/hangs");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "#!/bin/sh\nexec yes\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        let folder = || root.path().to_owned();
        let surroundings = Surroundings { ocf_root: folder(), state: folder(), tools: folder() };
        let deadline = Duration::from_millis(100);
        let catalogue = Catalogue { deadline, ..Catalogue::new(surroundings) };
        let named = catalogue.find(&"ocf:test:hangs".parse().unwrap()).unwrap();
        let why = catalogue.metadata(&named).await.unwrap_err();
        assert!(why.contains("the agent took longer than 100ms"), "{why}");
    }
}
