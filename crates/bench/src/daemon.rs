//! One daemon: a process, its node's file, its local socket, what the kernel says of it.

use crate::problem::{Doing as _, Problem};
use api::client::Client;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How many lines of a log explain why a daemon ended.
const LOG_LINES: usize = 15;

/// In what /proc counts processor time: 100 on every architecture that Debian has.
const TICKS_PER_SECOND: u32 = 100;

/// One daemon, running or not.
pub(crate) struct Daemon {
    /// `n1`, `n2`, `n3`.
    pub(crate) name: String,
    /// Its first address, where others join it.
    pub(crate) address: String,
    /// Its local socket.
    pub(crate) socket: PathBuf,
    config: PathBuf,
    log: PathBuf,
    child: Option<Child>,
}

impl Daemon {
    /// Writes the file of node `number`. Its two networks are two parts of the loopback network.
    pub(crate) fn prepare(dir: &Path, sockets: &Path, number: usize, port: u16) -> Result<Self, Problem> {
        let name = format!("n{number}");
        let own = dir.join(&name);
        fs::create_dir_all(&own).doing(|| format!("make {}", own.display()))?;
        let daemon = Self {
            address: format!("127.0.0.{number}:{port}"),
            socket: sockets.join(format!("{name}.sock")),
            config: own.join("steadfast.toml"),
            log: own.join("log"),
            child: None,
            name,
        };
        let text = format!(
            "node = {:?}\ndata_dir = {:?}\nsocket = {:?}\nlisten = {:?}\nnetworks = [\"127.0.0.{number}\", \"127.0.1.{number}\"]\n",
            daemon.name,
            own.join("data"),
            daemon.socket,
            daemon.address,
        );
        fs::write(&daemon.config, text).doing(|| format!("write {}", daemon.config.display()))?;
        Ok(daemon)
    }

    /// Starts it; nothing is waited for.
    pub(crate) fn spawn(&mut self, binary: &Path) -> Result<u32, Problem> {
        let log = fs::OpenOptions::new().create(true).append(true).open(&self.log);
        let log = log.doing(|| format!("open {}", self.log.display()))?;
        let mut command = Command::new(binary);
        command.arg("run").arg("--config").arg(&self.config).env_clear();
        // A group of its own: the terminal's Ctrl-C is for the benchmark, which has a keeper.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).process_group(0);
        let child = command.spawn().doing(|| format!("start {}", binary.display()))?;
        let pid = child.id();
        self.child = Some(child);
        Ok(pid)
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) -> Result<(), Problem> {
        let Some(pid) = self.pid().and_then(|pid| Pid::from_raw(pid.cast_signed())) else { return Ok(()) };
        kill_process(pid, signal)
            .map_err(io::Error::from)
            .doing(|| format!("send {signal:?} to {}", self.name))
    }

    /// Waits for its end, and returns the number that it had.
    pub(crate) fn bury(&mut self) -> Result<Option<u32>, Problem> {
        let Some(mut child) = self.child.take() else { return Ok(None) };
        child.wait().doing(|| format!("wait for {}", self.name))?;
        Ok(Some(child.id()))
    }

    /// Its process.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// An error, if it has ended by itself.
    pub(crate) fn check(&mut self) -> Result<(), Problem> {
        let Some(Ok(Some(status))) = self.child.as_mut().map(Child::try_wait) else { return Ok(()) };
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        let log = lines[lines.len().saturating_sub(LOG_LINES)..].join("\n");
        Err(Problem::Ended { node: self.name.clone(), status: status.to_string(), log })
    }

    /// A client of its local socket.
    pub(crate) fn client(&self) -> Client {
        Client::unix(&self.socket)
    }

    /// Its memory: the proportional and the whole resident set, in MiB.
    pub(crate) fn memory_mib(&self) -> Result<(f64, f64), Problem> {
        let text = self.proc("smaps_rollup")?;
        let kib = |key: &str| -> f64 {
            let line = text.lines().find_map(|line| line.strip_prefix(key));
            line.and_then(|rest| rest.trim().split(' ').next()?.parse().ok()).unwrap_or(f64::NAN)
        };
        Ok((kib("Pss:") / 1_024.0, kib("Rss:") / 1_024.0))
    }

    /// The processor time that it has used.
    pub(crate) fn cpu(&self) -> Result<Duration, Problem> {
        let text = self.proc("stat")?;
        // The name in parentheses may hold spaces; utime and stime are fields 14 and 15 (proc(5)).
        let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        Ok(Duration::from_secs(ticks) / TICKS_PER_SECOND)
    }

    fn proc(&self, file: &str) -> Result<String, Problem> {
        let path = format!("/proc/{}/{file}", self.pid().unwrap_or_default());
        fs::read_to_string(&path).doing(|| format!("read {path} of {}", self.name))
    }
}
