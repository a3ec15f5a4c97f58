//! What holds all of a resource together, so that "nothing of it is left" can be known.

use process::{Cgroup, CgroupError, Job, Mark};
use resource_api::ResourceId;
use resource_api::message::Place;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::path::PathBuf;

/// All that a resource started.
#[derive(Debug, Clone)]
pub(super) struct Hold {
    /// By which what the resource started is found where there are no cgroups.
    mark: Mark,
    /// Its cgroup: the folder below which it is made, and its name there.
    cgroup: Option<(PathBuf, String)>,
}

impl Hold {
    pub(super) fn of(id: &ResourceId, place: &Place) -> Self {
        // Several nodes may share a machine, and names of resources with it; their folders they do not.
        let mark = Mark::new([
            ("STEADFAST_RESOURCE".into(), id.to_string().into()),
            ("STEADFAST_RUN_DIR".into(), place.run_dir.clone().into()),
        ]);
        let cgroup = place.cgroup.as_ref().map(|folder| (folder.clone(), id.file_name()));
        Self { mark, cgroup }
    }

    /// The program, held by it.
    pub(super) fn held(&self, job: Job) -> Result<Job, CgroupError> {
        let cgroup = match &self.cgroup {
            Some((folder, name)) => Some(Cgroup::below(folder, name)?),
            None => None,
        };
        let variables = self.mark.variables().iter();
        let job = variables.fold(job, |job, (name, value)| job.env(name, value));
        Ok(Job { cgroup, ..job })
    }

    /// Who is in it. Without a cgroup, a look at every process of the machine.
    pub(super) fn members(&self) -> Vec<i32> {
        match self.made() {
            Some(cgroup) if cgroup.is_empty() => Vec::new(),
            Some(cgroup) => cgroup.pids(),
            None if self.cgroup.is_some() => Vec::new(),
            None => self.mark.find().into_iter().map(|identity| identity.pid).collect(),
        }
    }

    /// Signals all in it, as they are at this moment.
    pub(super) fn signal(&self, signal: Signal) {
        match self.made() {
            Some(cgroup) if signal == Signal::KILL && kill_all(&cgroup) => {}
            // A number cannot be given to somebody else between the list and the signal without the
            // machine making some tens of thousands of processes meanwhile.
            Some(cgroup) => {
                for pid in cgroup.pids().into_iter().filter_map(Pid::from_raw) {
                    let _ = kill_process(pid, signal);
                }
            }
            None if self.cgroup.is_some() => {}
            None => {
                self.mark.signal(signal);
            }
        }
    }

    /// Nobody is in it any more.
    pub(super) fn release(&self) {
        if let Some(cgroup) = self.made() {
            // Somebody who entered just now is met by the next probe.
            let _ = cgroup.remove();
        }
    }

    /// Its cgroup, if it has been made.
    fn made(&self) -> Option<Cgroup> {
        let (folder, name) = self.cgroup.as_ref()?;
        folder.join(name).is_dir().then(|| Cgroup::below(folder, name).ok()).flatten()
    }
}

/// All at once, where the kernel can (from 5.14).
fn kill_all(cgroup: &Cgroup) -> bool {
    fs::write(cgroup.path().join("cgroup.kill"), "1").is_ok()
}
