//! Three daemons on loopback addresses, for whoever may make no hosts.
//!
//! Each node has two addresses below 127.0.0.0/8, which stand for two networks, and a folder of its
//! own. The daemons are children of this process and end with it, also when it is killed: where
//! `setpriv` is installed, the kernel sees to that.

use super::Failed;
use super::machines::{COUNT, environment, name, program};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

/// Three daemons; they and their files end with this value.
pub(super) struct Loopback {
    /// Nobody else may enter it: it will hold keys.
    home: TempDir,
    port: u16,
    program: PathBuf,
    daemons: BTreeMap<u8, Child>,
}

impl Loopback {
    /// Makes their folders.
    pub(super) fn make() -> Result<Self, Failed> {
        let home = tempfile::Builder::new().prefix("steadfast-demo-").tempdir();
        let home = home.map_err(Failed::system("make a folder for temporary files"))?;
        let made = Self { home, port: free_port()?, program: program()?, daemons: BTreeMap::new() };
        let prepare = || {
            let programs = made.home().join("bin");
            fs::create_dir(&programs)?;
            std::os::unix::fs::symlink(&made.program, programs.join("steadfast"))?;
            (1..=COUNT).try_for_each(|node| fs::create_dir(made.folder(node)))
        };
        prepare().map_err(Failed::system(format!("prepare {}", made.home().display())))?;
        Ok(made)
    }

    pub(super) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn folder(&self, node: u8) -> PathBuf {
        self.home().join(name(node))
    }

    pub(super) fn addresses(node: u8) -> [String; 2] {
        [0, 1].map(|network| format!("127.99.{network}.{node}"))
    }

    pub(super) fn write(&self, node: u8, name: &str, text: &str) -> Result<(), Failed> {
        let path = self.folder(node).join(name);
        fs::write(&path, text).map_err(Failed::system(format!("write {}", path.display())))
    }

    fn prepared(&self, node: u8, mut command: Command) -> Command {
        let folder = self.folder(node);
        command.envs(environment(&folder.display().to_string())).current_dir(folder);
        // Ctrl-C is for the story alone, which then ends everything in order.
        command.process_group(0);
        command
    }

    pub(super) fn shell(&self, node: u8, line: &str, input: &str) -> Result<Output, Failed> {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("PATH={}/bin:$PATH; exec 2>&1\n{line}", self.home().display())]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = self.prepared(node, command).spawn().map_err(Failed::system("start sh"))?;
        if let Some(mut stdin) = child.stdin.take() {
            // A command that needs no input may have ended already.
            let _ = stdin.write_all(input.as_bytes());
        }
        child.wait_with_output().map_err(Failed::system("wait for a command"))
    }

    pub(super) fn start(&mut self, node: u8) -> Result<(), Failed> {
        let path = self.log_path(node);
        let log = File::options().create(true).append(true).open(&path);
        let log = log.and_then(|log| Ok((log.try_clone()?, log)));
        let (stdout, stderr) = log.map_err(Failed::system(format!("open {}", path.display())))?;
        let start = |mut command: Command| -> std::io::Result<Child> {
            command.arg("run").stdin(Stdio::null()).stdout(stdout.try_clone()?).stderr(stderr.try_clone()?);
            self.prepared(node, command).spawn()
        };
        let mut bound = Command::new("setpriv");
        bound.args(["--pdeathsig", "KILL", "--"]).arg(&self.program);
        let daemon = match start(bound) {
            Err(error) if error.kind() == ErrorKind::NotFound => start(Command::new(&self.program)),
            started => started,
        };
        let daemon = daemon.map_err(Failed::system(format!("start the daemon of {}", name(node))))?;
        if let Some(mut earlier) = self.daemons.insert(node, daemon) {
            // It was killed in the story; this takes its exit status.
            let _ = earlier.wait();
        }
        Ok(())
    }

    fn log_path(&self, node: u8) -> PathBuf {
        self.folder(node).join("log")
    }

    pub(super) fn log(&self, node: u8) -> String {
        fs::read_to_string(self.log_path(node)).unwrap_or_default()
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        for daemon in self.daemons.values_mut() {
            // One that has ended already is what is wanted.
            let _ = daemon.kill().and_then(|()| daemon.wait());
        }
    }
}

/// A port that is free on one address is as good as free on the others: nobody else has them.
fn free_port() -> Result<u16, Failed> {
    let [address, _] = Loopback::addresses(1);
    let bound = TcpListener::bind((address, 0)).and_then(|listener| listener.local_addr());
    Ok(bound.map_err(Failed::system("find a free port"))?.port())
}
