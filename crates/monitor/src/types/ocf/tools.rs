//! The monitor's side of the tools that agents call.
//!
//! * [`command`] understands what a tool was called with.
//! * [`answers`] answers it, from what the daemon told and agents noted; [`status`] is the longest answer.
//! * This file: a folder of links for the agents, a socket for the links.
//!
//! Whatever connects is bounded in time and length, and a tool that says nothing holds up nobody.

mod answers;
mod command;
mod status;

use crate::kind::World;
use crate::shim::{Answered, Asked, TOOLS};
pub(super) use crate::shim::{ENV_RESOURCE, ENV_SOCKET};
use resource_api::frame::{self, Decoder};
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

/// Where the links are.
pub(super) fn folder(run_dir: &Path) -> PathBuf {
    run_dir.join("ocf").join("bin")
}

/// Where they connect to.
pub(super) fn socket(run_dir: &Path) -> PathBuf {
    run_dir.join("ocf").join("tools")
}

/// Where it is said which agents run.
pub(super) fn runs(run_dir: &Path) -> PathBuf {
    run_dir.join("ocf").join("runs")
}

/// A tool asks at once after it has connected.
const PATIENCE: Duration = Duration::from_secs(5);
/// No command line of an agent is longer.
const ASKED_MAX_BYTES: usize = 64 << 10;

/// The tools, answered as long as this lives.
pub(super) struct Tools(JoinHandle<()>);

impl Drop for Tools {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Tools {
    /// Makes the links, to this program, and listens.
    pub(super) fn start(world: &Arc<World>, program: &Path) -> io::Result<Self> {
        let run_dir = &world.place.run_dir;
        let (folder, socket) = (folder(run_dir), socket(run_dir));
        fs::create_dir_all(&folder)?;
        for tool in TOOLS {
            anew(&folder.join(tool), |link| symlink(program, link))?;
        }
        // A socket that a former life of the monitor left behind.
        let listener = anew(&socket, |socket| UnixListener::bind(socket))?;
        // Some agents call the tools as the user of their service.
        fs::set_permissions(&socket, fs::Permissions::from_mode(0o666))?;
        let world = Arc::downgrade(world);
        Ok(Self(tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    // Too many open files, for instance: some are closed soon.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                };
                let Some(world) = world.upgrade() else { return };
                let answer = move |asked: &Asked| {
                    let (answered, news) = answers::answer(&world.place.node, &mut world.known(), asked);
                    news.into_iter().for_each(|news| world.tell(news));
                    answered
                };
                tokio::spawn(tokio::time::timeout(PATIENCE, serve(stream, answer)));
            }
        })))
    }
}

/// Removes what is there, and makes it.
fn anew<T>(path: &Path, make: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => make(path),
    }
}

async fn serve(mut stream: UnixStream, answer: impl FnOnce(&Asked) -> Answered) -> io::Result<()> {
    let (mut decoder, mut buffer, mut total) = (Decoder::default(), [0; 4096], 0);
    let asked: Asked = loop {
        if let Some(asked) = decoder.take().map_err(io::Error::other)? {
            break asked;
        }
        let count = stream.read(&mut buffer).await?;
        total += count;
        if count == 0 || total > ASKED_MAX_BYTES {
            return Err(io::ErrorKind::InvalidData.into());
        }
        decoder.feed(&buffer[..count]);
    };
    let answered = frame::encode(&answer(&asked)).map_err(io::Error::other)?;
    stream.write_all(&answered).await
}
