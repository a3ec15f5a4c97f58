//! Who holds the gate of nftables while there is no daemon, so that `nft flush ruleset` does not open it.
//!
//! A gate of nftables counts only as long as a keeper lives ([`gate::Keeper`]): without one the database says
//! that this node has no gate ([`super::gates::Gates::means`]), and what rests on it is taken over only when
//! somebody confirms that the node is down.
//!
//! **A keeper that ends is replaced at once.** Nothing is lost with it alone, because the daemon holds the socket
//! as well, and so the groups go on. Where another one cannot be started, the database is told. It is told
//! within the lease, or there is no majority, and the lease ends and stops the groups anyway; until it has been
//! told, nothing is opened here ([`execution::Runner::keeps_its_word`]). What is not covered is the end of both,
//! keeper and daemon, before that: then a flush opens what has not timed out, and a stalled node's address may
//! be had twice until its lifetime in the kernel is over.

use crate::node::Node;
use gate::{Gate, GateError, Keeper};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// What there is of keeping.
pub(super) struct Kept {
    /// Where a keeper hands out what it holds.
    path: PathBuf,
    keeper: Option<Keeper>,
    /// Why the gate does not count, if that is for want of a keeper.
    problem: Option<String>,
    /// Nothing has to be kept any more: the daemon stops.
    over: bool,
}

impl Kept {
    /// Beside the local socket: whoever has several nodes on one machine gave each its own.
    pub(super) fn beside(socket: &Path) -> Self {
        Self { path: socket.with_extension("gate"), keeper: None, problem: None, over: false }
    }

    /// The keeper of a former daemon, if there is one, and what it keeps.
    pub(super) fn find(&mut self) -> Option<OwnedFd> {
        let (keeper, held) = Keeper::find(&self.path)?;
        self.keeper = Some(keeper);
        Some(held)
    }

    /// It is this gate that is kept from now on.
    pub(super) fn is_for(&mut self, gate: &Gate) {
        self.problem = match gate.held() {
            Ok(None) => {
                self.dismiss();
                None
            }
            Ok(Some(_)) if gate.is_flushable() => {
                self.dismiss();
                Some("`nft flush ruleset` opens it on this kernel; 6.9 and later keep it".to_owned())
            }
            Ok(Some(_)) if self.keeper.is_some() => None,
            Ok(Some(_)) => Some("the keeper of its table is being started".to_owned()),
            Err(error) => Some(error.to_string()),
        };
    }

    pub(super) fn problem(&self) -> Option<String> {
        self.problem.clone()
    }

    fn dismiss(&mut self) {
        if let Some(keeper) = self.keeper.take() {
            keeper.dismiss();
        }
    }

    /// Nothing has to be kept any more, for the rest of this daemon.
    pub(super) fn let_go(&mut self) {
        self.over = true;
        self.dismiss();
    }

    /// What a new keeper has to hold, where one is needed and none lives.
    fn wanted(&self, gate: &Gate) -> Result<Option<OwnedFd>, GateError> {
        let lives = self.keeper.as_ref().is_some_and(|keeper| !keeper.has_ended());
        if lives || self.over || gate.is_flushable() { Ok(None) } else { gate.held() }
    }

    /// One was started, or could not be.
    fn put(&mut self, started: io::Result<Keeper>) {
        self.problem = None;
        self.keeper = started
            .inspect_err(|error| {
                self.problem = Some(format!("the keeper of its table cannot be started: {error}"));
            })
            .ok();
    }
}

/// Sees to it that a keeper lives, where one is needed.
pub(super) async fn see_to_it(node: &Arc<Node>) {
    let (path, wanted) = {
        let mut running = node.running.lock();
        let (gate, kept) = running.gates.keeping();
        let Some(gate) = gate else { return };
        (kept.path.clone(), kept.wanted(gate))
    };
    let started = match wanted {
        Ok(None) => return,
        Ok(Some(socket)) => tokio::task::spawn_blocking(move || start(&path, socket))
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error))),
        Err(error) => Err(io::Error::other(error)),
    };
    let mut running = node.running.lock();
    let (_, kept) = running.gates.keeping();
    kept.put(started);
    if kept.over {
        kept.dismiss();
    }
}

/// This very program, also after its file was replaced.
fn start(path: &Path, socket: OwnedFd) -> io::Result<Keeper> {
    let mut program = Command::new("/proc/self/exe");
    program.arg0("steadfast").arg("gate-keeper").arg(path).process_group(0).current_dir("/");
    // What a service manager tells the daemon is for the daemon.
    for variable in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID"] {
        program.env_remove(variable);
    }
    Keeper::start(program, path, socket)
}

/// Returns as soon as the keeper has ended; never, where there is none.
pub(super) async fn ended(node: &Arc<Node>) {
    let notice = {
        let mut running = node.running.lock();
        let (_, kept) = running.gates.keeping();
        kept.keeper.as_ref().and_then(|keeper| keeper.end_notice().and_then(waited_for).ok())
    };
    match notice {
        // It says nothing, so what can be read is its end.
        Some(notice) => {
            let _ = notice.readable().await;
        }
        None => std::future::pending().await,
    }
}

fn waited_for(notice: UnixStream) -> io::Result<tokio::net::UnixStream> {
    notice.set_nonblocking(true)?;
    tokio::net::UnixStream::from_std(notice)
}
