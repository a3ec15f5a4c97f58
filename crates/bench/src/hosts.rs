//! Three members and a client on whole hosts: for what a process on loopback cannot suffer.
//!
//! A lost node is lost with its kernel's answers, a cut network is cut for one of them, an address is a
//! client's to ask for. So these figures are taken in a [`Lab`], which needs root. `n1` to `n3` are the
//! members; `n4` belongs to nobody, and the referee asks from there. Everything is told to the cluster by its
//! command line, as an administrator does; how it stands is read over the local sockets, which costs the
//! machine less than a process per look.

use crate::problem::{Doing as _, Problem};
use api::Status;
use api::client::Client;
use lab::{Host, Lab, Network, Referee};
use std::fs;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// The address that clients use.
pub(crate) const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 200);
/// The group behind that address, in every file of these figures.
pub(crate) const GROUP: &str = "web";
/// How many members there are.
pub(crate) const MEMBERS: usize = 3;

/// As in `cluster`: nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks. Each is an answer of each daemon, on the machine that is measured.
const LOOK: Duration = Duration::from_millis(25);
/// For so long nothing may change before something is done to the cluster.
const CALM: Duration = Duration::from_millis(700);
/// A daemon that stands still does not answer, and is not waited for.
const ANSWER: Duration = Duration::from_secs(1);

const CONFIG: &str = "/steadfast/steadfast.toml";
const SOCKET: &str = "/run/steadfast/steadfast.sock";
const PORT: u16 = 7400;

/// Four hosts. When this is dropped they are gone.
pub(crate) struct Hosts {
    lab: Lab,
    binary: PathBuf,
}

impl Hosts {
    /// Three members of one cluster whose groups are those of `file`, all online.
    pub(crate) async fn form(binary: &Path, file: &str) -> Result<Self, Problem> {
        let hosts = Self { lab: Lab::new(MEMBERS + 1)?, binary: binary.to_owned() };
        for index in 0..MEMBERS {
            hosts.configure(index)?;
            hosts.start(index)?;
        }
        hosts.until("every daemon answers", |all| all.iter().all(Option::is_some).then_some(())).await?;
        hosts.run(0, &["init", "--name", "bench"], "")?;
        for index in 1..MEMBERS {
            let token = hosts.run(0, &["token", "create"], "")?;
            let address = format!("{}:{PORT}", hosts.host(0).ipv4(Network::First));
            hosts.run(index, &["join", &address, "--token", "-"], token.trim())?;
        }
        hosts.until("three members", |all| together(all).then_some(())).await?;
        hosts.run(0, &["apply", "--file", "-"], file)?;
        hosts.calm().await?;
        Ok(hosts)
    }

    /// The lab, for its faults.
    pub(crate) fn lab(&self) -> &Lab {
        &self.lab
    }

    /// A member by its index: 0 is `n1`.
    pub(crate) fn host(&self, index: usize) -> &Host {
        &self.lab.hosts()[index]
    }

    fn configure(&self, index: usize) -> Result<(), Problem> {
        let host = self.host(index);
        let [first, second] = Network::ALL.map(|network| host.ipv4(network));
        let text = format!(
            "node = {:?}\ndata_dir = \"/steadfast/data\"\nsocket = {SOCKET:?}\n\
             listen = \"{first}:{PORT}\"\nnetworks = [\"{first}\", \"{second}\"]\n",
            host.name()
        );
        let written = host.within(|| fs::create_dir_all("/steadfast").and_then(|()| fs::write(CONFIG, text)));
        written?.doing(|| format!("write {CONFIG} on {}", host.name()))
    }

    /// Starts its daemon; nothing is waited for.
    pub(crate) fn start(&self, index: usize) -> Result<(), Problem> {
        let command = self.host(index).command(&self.binary);
        command.args(["--config", CONFIG, "run"]).start_daemon("steadfast")?;
        Ok(())
    }

    /// `kill -9` of its daemon.
    pub(crate) fn kill_daemon(&self, index: usize) -> Result<(), Problem> {
        if let Some(daemon) = self.host(index).daemon("steadfast") {
            daemon.kill()?;
        }
        Ok(())
    }

    /// Runs the command line on a member.
    pub(crate) fn run(&self, index: usize, arguments: &[&str], input: &str) -> Result<String, Problem> {
        let host = self.host(index);
        let what = || format!("{}$ steadfast {}", host.name(), arguments.join(" "));
        let command = host.command(&self.binary).env("STEADFAST_CONFIG", CONFIG).args(arguments);
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // A command that does not read its input may have ended already.
            let _ = stdin.write_all(input.as_bytes());
        }
        let output = child.wait_with_output().doing(what)?;
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        match output.status.success() {
            true => Ok(text(&output.stdout)),
            false => Err(Problem::Command { command: what(), why: text(&output.stderr) }),
        }
    }

    /// Has the group on this member.
    pub(crate) async fn place(&self, index: usize) -> Result<(), Problem> {
        self.calm().await?;
        let name = self.host(index).name();
        if self.owner().await.as_deref() != Some(name) {
            self.run(index, &["group", "move", GROUP, "--to", name], "")?;
            self.calm().await?;
        }
        Ok(())
    }

    /// Who has the group, as the first that answers says.
    pub(crate) async fn owner(&self) -> Option<String> {
        self.look().await.iter().flatten().find_map(|status| owner(status, GROUP))
    }

    /// Asks for [`ADDRESS`] from the client's host, from now on.
    pub(crate) fn referee(&self) -> Result<Referee, Problem> {
        Ok(self.host(MEMBERS).watch_address(ADDRESS, Network::First)?)
    }

    /// What is in a file of a member's disk, by a way that costs next to nothing; none if it is not there.
    pub(crate) fn peek(&self, index: usize, path: &str) -> Option<String> {
        fs::read_to_string(self.seen_from_here(index, path)?).ok()
    }

    /// A path of a member, as this machine reaches it; none while that is down.
    fn seen_from_here(&self, index: usize, path: &str) -> Option<String> {
        self.host(index).pid().map(|pid| format!("/proc/{pid}/root{path}"))
    }

    async fn status(&self, index: usize) -> Option<Status> {
        let client = Client::unix(self.seen_from_here(index, SOCKET)?);
        tokio::time::timeout(ANSWER, client.status()).await.ok()?.ok()
    }

    /// What each member says; nothing of those that do not answer.
    pub(crate) async fn look(&self) -> Vec<Option<Status>> {
        futures::future::join_all((0..MEMBERS).map(|index| self.status(index))).await
    }

    /// Looks until there is something.
    pub(crate) async fn until<T>(
        &self,
        what: &str,
        mut wanted: impl FnMut(&[Option<Status>]) -> Option<T>,
    ) -> Result<T, Problem> {
        let begun = Instant::now();
        loop {
            let all = self.look().await;
            if let Some(found) = wanted(&all) {
                return Ok(found);
            }
            if begun.elapsed() > PATIENCE {
                let words = |status: &Status| format!("{}: {}", status.node, status.standing.text);
                let last: Vec<_> = all.iter().flatten().map(words).collect();
                return Err(Problem::Late { what: what.to_owned(), waited: PATIENCE, last: last.join("; ") });
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until all members agree on everything, everything is online, and nothing has changed for a
    /// while. Returns the index of the leader.
    pub(crate) async fn calm(&self) -> Result<usize, Problem> {
        let mut since: Option<(Instant, u64)> = None;
        let leader = |all: &[Option<Status>]| {
            let Some(first) = all.first().and_then(Option::as_ref).filter(|_| together(all)) else {
                since = None;
                return None;
            };
            let (began, revision) = *since.get_or_insert((Instant::now(), first.revision));
            if revision != first.revision || !all.iter().flatten().all(is_online) {
                since = None;
                return None;
            }
            first.leader.clone().filter(|_| began.elapsed() > CALM)
        };
        let leader = self.until("a cluster at rest", leader).await?;
        let index = (0..MEMBERS).find(|index| self.host(*index).name() == leader);
        index.ok_or(Problem::Late { what: "one of three to lead".to_owned(), waited: PATIENCE, last: leader })
    }
}

/// All three are there in the eyes of all three, under one leader and at one revision.
fn together(all: &[Option<Status>]) -> bool {
    let Some(Some(first)) = all.first() else { return false };
    let agrees = |status: &Status| {
        status.quorum.has
            && status.quorum.present as usize == MEMBERS
            && status.quorum.votes as usize == MEMBERS
            && status.leader.is_some()
            && status.leader == first.leader
            && status.revision == first.revision
    };
    all.iter().all(|one| one.as_ref().is_some_and(agrees))
}

/// Every group is online, and all of it.
pub(crate) fn is_online(status: &Status) -> bool {
    !status.groups.is_empty() && status.groups.iter().all(|group| group.state == "online")
}

/// Where a group is online.
pub(crate) fn owner(status: &Status, group: &str) -> Option<String> {
    let shown = status.groups.iter().find(|shown| shown.name == group)?;
    shown.owner.clone().filter(|_| shown.state == "online")
}
