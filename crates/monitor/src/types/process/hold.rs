//! What holds all of a resource together, so that "nothing of it is left" can be known.

use process::{Cgroup, CgroupError, Identity, Job, Mark};
use resource_api::ResourceId;
use resource_api::message::Place;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
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

    /// Who is in it, besides or with this process that it began with. Without a cgroup, a look at every
    /// process of the machine.
    pub(super) fn members(&self, main: Option<Identity>) -> Vec<i32> {
        match self.made() {
            Some(cgroup) if cgroup.is_empty() => Vec::new(),
            Some(cgroup) => cgroup.pids(),
            None if self.cgroup.is_some() => Vec::new(),
            None => {
                // A mark is lost where a program writes its title over its environment, as nginx does;
                // a group is lost by whoever leaves it. Hardly anybody does both.
                let marked = self.mark.find().into_iter().map(|identity| identity.pid);
                let group = main.map(group).unwrap_or_default();
                let mut found: Vec<i32> = marked.chain(group).collect();
                found.sort_unstable();
                found.dedup();
                found
            }
        }
    }

    /// Signals all in it, as they are at this moment.
    pub(super) fn signal(&self, main: Option<Identity>, signal: Signal) {
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
                if let Some(main) = main
                    && !group(main).is_empty()
                    && let Some(pid) = Pid::from_raw(main.pid)
                {
                    let _ = kill_process_group(pid, signal);
                }
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

/// The running processes of the group that this one leads or led. While anybody is in it, the kernel gives
/// its number to nobody else.
fn group(of: Identity) -> Vec<i32> {
    if Identity::of(of.pid).is_some_and(|now| now != of) {
        return Vec::new();
    }
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid: &i32| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            // After the name: state, parent, group.
            let mut fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
            let runs = !matches!(fields.next(), None | Some("Z" | "X"));
            runs && fields.nth(1).and_then(|group| group.parse().ok()) == Some(of.pid)
        })
        .collect()
}
