//! Three real daemons on this machine.

use crate::daemon::Daemon;
use crate::keeper::Keeper;
use crate::problem::{Doing as _, Problem};
use api::{InitRequest, JoinCommand, Status, TokenRequest};
use rustix::process::Signal;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long any state may take to come. Nothing is measured by it: it is for what is broken.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks where nothing is measured.
const LOOK: Duration = Duration::from_millis(20);

/// What is measured, and where.
pub(crate) struct Place {
    /// The binary.
    pub(crate) binary: PathBuf,
    /// Where the data goes: the disk that is measured.
    pub(crate) dir: PathBuf,
    /// How often what clients notice is measured.
    pub(crate) rounds: usize,
}

/// Three daemons. When this is dropped they are gone, and their folders too.
pub(crate) struct Cluster {
    /// `n1`, `n2`, `n3`.
    pub(crate) daemons: Vec<Daemon>,
    binary: PathBuf,
    /// Where the data is.
    pub(crate) dir: PathBuf,
    keeper: Keeper,
}

impl Cluster {
    /// Three daemons that run and belong to no cluster yet.
    pub(crate) fn start(place: &Place) -> Result<Self, Problem> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let own = format!("bench-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let dir = place.dir.join(&own);
        // The path of a socket may have 107 bytes, which a build folder may have used up by itself.
        let sockets = std::env::temp_dir().join(format!("steadfast-{own}"));
        let keeper = Keeper::of([&dir, &sockets])?;
        for folder in [&dir, &sockets] {
            std::fs::create_dir_all(folder).doing(|| format!("make {}", folder.display()))?;
        }
        let dir = dir.canonicalize().doing(|| format!("find {}", dir.display()))?;
        let port = free_port()?;
        let daemons: Result<_, _> =
            (1..=3).map(|number| Daemon::prepare(&dir, &sockets, number, port)).collect();
        let mut cluster = Self { daemons: daemons?, binary: place.binary.clone(), dir, keeper };
        cluster.spawn_all()?;
        Ok(cluster)
    }

    /// Three daemons that form one cluster, with a leader and all of them heard.
    pub(crate) async fn form(place: &Place) -> Result<Self, Problem> {
        let mut cluster = Self::start(place)?;
        for index in 0..3 {
            cluster.status(index, "the first answer", |_| true).await?;
        }
        let first = cluster.daemons[0].client();
        let request = InitRequest { name: "bench".to_owned() };
        first.init(&request).await.doing(|| "forming the cluster".to_owned())?;
        for index in 1..3 {
            let request = TokenRequest { node: None, ttl_s: None };
            let made = first.token_create(&request).await.doing(|| "making a join token".to_owned())?;
            let request = JoinCommand { address: cluster.daemons[0].address.clone(), token: made.token };
            let joined = cluster.daemons[index].client().join(&request).await;
            joined.doing(|| format!("joining {}", cluster.daemons[index].name))?;
        }
        cluster.whole().await?;
        Ok(cluster)
    }

    /// Starts every daemon that does not run.
    pub(crate) fn spawn_all(&mut self) -> Result<(), Problem> {
        for index in 0..self.daemons.len() {
            if self.daemons[index].pid().is_none() {
                self.spawn(index)?;
            }
        }
        Ok(())
    }

    /// Starts one.
    pub(crate) fn spawn(&mut self, index: usize) -> Result<(), Problem> {
        let pid = self.daemons[index].spawn(&self.binary)?;
        self.keeper.born(pid)
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self, index: usize) -> Result<(), Problem> {
        self.daemons[index].signal(Signal::KILL)?;
        self.bury(index)
    }

    /// Stops all of them in order.
    pub(crate) fn stop_all(&mut self) -> Result<(), Problem> {
        for daemon in &self.daemons {
            daemon.signal(Signal::TERM)?;
        }
        (0..self.daemons.len()).try_for_each(|index| self.bury(index))
    }

    fn bury(&mut self, index: usize) -> Result<(), Problem> {
        let buried = self.daemons[index].bury()?;
        buried.map_or(Ok(()), |pid| self.keeper.gone(pid))
    }

    /// Asks one daemon until its status is as wanted.
    pub(crate) async fn status(
        &mut self,
        index: usize,
        what: &str,
        wanted: impl Fn(&Status) -> bool,
    ) -> Result<Status, Problem> {
        let client = self.daemons[index].client();
        let begun = Instant::now();
        loop {
            let last = match client.status().await {
                Ok(status) if wanted(&status) => return Ok(status),
                Ok(status) => status.standing.text,
                Err(error) => error.to_string(),
            };
            self.daemons[index].check()?;
            if begun.elapsed() > PATIENCE {
                let what = format!("{}: {what}", self.daemons[index].name);
                return Err(Problem::Late { what, waited: PATIENCE, last });
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until all three vote, hear each other and know one leader. Returns its index.
    pub(crate) async fn whole(&mut self) -> Result<usize, Problem> {
        let begun = Instant::now();
        loop {
            let mut leaders = Vec::new();
            for index in 0..3 {
                let whole = |status: &Status| {
                    status.quorum.has && status.quorum.present == 3 && status.quorum.votes == 3
                };
                leaders.push(self.status(index, "a quorum of three", whole).await?.leader);
            }
            let named = |daemon: &Daemon| leaders.iter().all(|leader| leader.as_ref() == Some(&daemon.name));
            if let Some(leader) = self.daemons.iter().position(named) {
                return Ok(leader);
            }
            if begun.elapsed() > PATIENCE {
                let (what, last) = ("one leader".to_owned(), format!("{leaders:?}"));
                return Err(Problem::Late { what, waited: PATIENCE, last });
            }
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The keeper would do it, but it cannot take the exit status.
        for index in 0..self.daemons.len() {
            let _ = self.kill(index);
        }
    }
}

/// A port that is free on every address. Another program may take it meanwhile; then a daemon says
/// so in its log, and the cluster does not form.
fn free_port() -> Result<u16, Problem> {
    let listener = TcpListener::bind("0.0.0.0:0").doing(|| "find a free port".to_owned())?;
    Ok(listener.local_addr().doing(|| "find a free port".to_owned())?.port())
}
