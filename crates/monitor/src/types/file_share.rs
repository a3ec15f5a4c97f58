//! `file-share`: a folder exported to clients, over NFS (by Ganesha) or SMB (by Samba).
//!
//! Each share has a server of its own, at the group's address, with a configuration that is made anew at
//! each start; the machine's own servers, if it has some, are not touched. It runs in the foreground as a
//! `process` does, so all that is said there holds here: it outlives the monitor, is found again, ended
//! whole, and its end is noticed at once. `online` is done when it answers in its protocol.
//!
//! What has to move with the share (what clients hold; who may come) lies on its disk, beside the folder
//! (`share.rs`). What the servers do with it, and what they refuse: `nfs.rs`, `smb.rs`.

mod nfs;
mod share;
mod smb;
mod wire;

use super::given;
use super::process::{Children, Program, SEARCH_PATH};
use super::server::Server;
use crate::kind::{Future, Request, Resource, ResourceType, World, unimplemented};
use process::{How, Job};
use resource_api::{Failure, Instance, Kind, Outcome, TypeDescription, Verb};
use share::{Protocol, Share, make_private, make_state};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Both end within milliseconds of being told so, unless a disk makes them wait.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// testparm reads one small file.
const TEST_DEADLINE: Duration = Duration::from_secs(10);

/// The kernel's limit for the path of a socket, without the zero at its end.
const SOCKET_MAX_BYTES: usize = 107;

/// The type.
#[derive(Default)]
pub(super) struct FileShare {
    children: Children,
}

impl ResourceType for FileShare {
    fn problem(&self) -> Option<String> {
        let missing = [Protocol::Nfs, Protocol::Smb].map(|protocol| program(protocol).err());
        match missing {
            [Some(nfs), Some(smb)] => Some(format!("{}; {}", nfs.text, smb.text)),
            _ => None,
        }
    }

    fn describe(&self) -> Future<Result<TypeDescription, String>> {
        use given::{or, parameter, required};
        let words = vec!["nfs".to_owned(), "smb".to_owned()];
        let parameters = vec![
            required(parameter("path", Kind::Text, "The folder.")),
            required(parameter("protocol", Kind::OneOf { words }, "How clients reach it.")),
            required(parameter(
                "listen",
                Kind::Text,
                "Where: the group's address, port 2049 (NFS) or 445 (SMB).",
            )),
            required(parameter("clients", Kind::Text, "Addresses and networks that may use it.")),
            or("the folder's own name", parameter("share", Kind::Text, "The name by which clients know it.")),
            or("false", parameter("read_only", Kind::Flag, "Whether clients may only read.")),
            or(
                "beside the folder",
                parameter(
                    "state_directory",
                    Kind::Text,
                    "Where its locks or passwords lie, on the same disk.",
                ),
            ),
        ];
        let summary = "Exports a folder to clients over NFS or SMB.";
        let description = given::described("file-share", summary, parameters);
        Box::pin(async move { Ok(description) })
    }

    fn open(&self, instance: &Instance, world: &Arc<World>) -> Result<Arc<dyn Resource>, Outcome> {
        let share = Share::of(instance)?;
        let program = Program::of(&instance.id, "file-share", world, &self.children, STOP_TIMEOUT);
        Ok(Arc::new(Exported {
            run: world.place.run_dir.join("share").join(instance.id.file_name()),
            server: Server { program, listen: share.listen },
            share,
        }))
    }
}

struct Exported {
    share: Share,
    server: Server,
    /// For what is of this node alone.
    run: PathBuf,
}

impl Exported {
    async fn do_it(&self, request: Request) -> Outcome {
        let done = |outcome: Result<(), Outcome>| outcome.map_or_else(|why| why, |()| Outcome::done());
        match request.verb {
            Verb::Validate => done(self.fits().await.map(drop)),
            Verb::Probe => self.server.program.probe(),
            Verb::Online => {
                done(self.server.online(request.deadline, || self.prepare(), || self.answers()).await)
            }
            Verb::Offline => self.server.program.stop(request.deadline).await,
            Verb::Terminate => self.server.program.kill().await,
            Verb::LooksAlive => self.server.looks_alive().await,
            Verb::IsAlive => self.server.is_alive(self.answers()).await,
            other => unimplemented(other),
        }
    }

    async fn answers(&self) -> Result<(), String> {
        let server = self.server.reachable();
        match self.share.protocol {
            Protocol::Nfs => nfs::answers(server).await,
            Protocol::Smb => smb::answers(server).await,
        }
    }

    /// Whether this node can export it: the program that does, and where the state lies.
    async fn fits(&self) -> Result<(PathBuf, PathBuf), Outcome> {
        let program = program(self.share.protocol)?;
        if !rustix::process::geteuid().is_root() {
            let text = "only root can export files of others";
            return Err(Outcome::failed(Failure::Permission, text));
        }
        let share = self.share.clone();
        let state = on_disk(move || share.find_state()).await?;
        if self.share.protocol == Protocol::Smb
            && state.join(smb::LONGEST_SOCKET).as_os_str().len() > SOCKET_MAX_BYTES
        {
            let text = format!(
                "{} is too long for the sockets that smbd makes in it; set a shorter `state_directory`",
                state.display()
            );
            return Err(Outcome::failed(Failure::NotConfigured, text));
        }
        Ok((program, state))
    }

    /// Makes its folders and its configuration: what is to be run.
    async fn prepare(&self) -> Result<Job, Outcome> {
        let (program, state) = self.fits().await?;
        let (share, run) = (self.share.clone(), self.run.clone());
        let config = on_disk(move || write(&share, &state, &run)).await?;
        let job = Job::new(program).env("PATH", SEARCH_PATH);
        Ok(match self.share.protocol {
            Protocol::Nfs => {
                let job = job.arg("-F").arg("-L").arg("STDERR").arg("-f").arg(config);
                // It would give itself a name on the bus, by which others could tell it what to do, and
                // which only one of several shares can have.
                job.arg("-p").arg(self.run.join("pid")).env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/dev/null")
            }
            Protocol::Smb => {
                let test = Job::new(smb::TESTPARM).env("PATH", SEARCH_PATH).arg("-s").arg(&config);
                let tested =
                    process::run(&test, TEST_DEADLINE).await.map_err(|error| failed(error.to_string()))?;
                if tested.how != How::Exited(0) {
                    let text = format!(
                        "smbd's configuration is refused; `testparm -s {}` says why",
                        config.display()
                    );
                    return Err(failed(text).with_output(&tested.output));
                }
                job.arg("--foreground").arg("--no-process-group").arg("--debug-stdout").arg("-s").arg(config)
            }
        })
    }
}

/// Writes down all that its server needs: the file of the configuration.
fn write(share: &Share, state: &Path, run: &Path) -> Result<PathBuf, Outcome> {
    let (name, config, state_folders, run_folders) = match share.protocol {
        Protocol::Nfs => ("ganesha.conf", nfs::config(share, state, run), &[][..], &[][..]),
        Protocol::Smb => {
            ("smb.conf", smb::config(share, state, run), &smb::STATE_FOLDERS[..], &smb::RUN_FOLDERS[..])
        }
    };
    let cannot = |what: &Path, error| failed(format!("cannot make {}: {error}", what.display()));
    make_state(state).map_err(|error| cannot(state, error))?;
    make_private(run).map_err(|error| cannot(run, error))?;
    for (folder, below) in [(state, state_folders), (run, run_folders)] {
        for name in below {
            let folder = folder.join(name);
            fs::create_dir_all(&folder).map_err(|error| cannot(&folder, error))?;
        }
    }
    let file = state.join(name);
    fs::write(&file, config).map_err(|error| cannot(&file, error))?;
    Ok(file)
}

/// Work on a disk that may not answer: away from the thread that serves everybody.
async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Outcome> + Send + 'static,
) -> Result<T, Outcome> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Outcome::failed(Failure::Crashed, error.to_string())))
}

impl Resource for Exported {
    fn call(self: Arc<Self>, request: Request) -> Future<Outcome> {
        Box::pin(async move { self.do_it(request).await })
    }

    fn changed(self: Arc<Self>) -> Future<Outcome> {
        Box::pin(async move { self.server.program.changed().await })
    }
}

/// The server's program.
fn program(protocol: Protocol) -> Result<PathBuf, Outcome> {
    let (programs, packages) = match protocol {
        Protocol::Nfs => (nfs::PROGRAMS, "nfs-ganesha nfs-ganesha-vfs"),
        Protocol::Smb => (smb::PROGRAMS, "samba"),
    };
    programs.into_iter().map(PathBuf::from).find(|path| path.is_file()).ok_or_else(|| {
        let text = format!(
            "no server for {} is installed on this node; on Debian: `apt-get install {packages}`",
            protocol.word()
        );
        Outcome::failed(Failure::NotInstalled, text)
    })
}

fn failed(text: String) -> Outcome {
    Outcome::failed(Failure::Generic, text)
}
