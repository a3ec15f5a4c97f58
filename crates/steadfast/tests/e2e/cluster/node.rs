//! One node: its file, its daemon, and the command line on its host.

use super::{PATIENCE, Ran, eventually, wait_for};
use api::Status;
use lab::{Daemon, Host, Network};
use model::stored::{EventRecord, Identity, Versioned};
use std::fs;
use std::io::Write as _;
use std::process::{Child, Stdio};

/// Where the files of a node lie. Not in the places of a real installation, which the machine that
/// the tests run on may have: hosts see its disk.
const CONFIG: &str = "/steadfast/steadfast.toml";
const DATA: &str = "/steadfast/data";

/// The name under which the lab knows the daemon.
const DAEMON: &str = "steadfast";

/// The port of every node.
pub(crate) const PORT: u16 = 7400;

/// A node on its host.
#[derive(Clone, Copy)]
pub(crate) struct Node<'c> {
    host: &'c Host,
}

impl<'c> Node<'c> {
    pub(super) fn new(host: &'c Host) -> Self {
        Self { host }
    }

    /// `n1`, …
    pub(crate) fn name(self) -> &'c str {
        self.host.name()
    }

    pub(crate) fn host(self) -> &'c Host {
        self.host
    }

    /// Where it serves on the first network.
    pub(crate) fn address(self) -> String {
        format!("{}:{PORT}", self.host.ipv4(Network::First))
    }

    /// The node's own file as a node of this host would have it.
    pub(crate) fn usual_config(self) -> String {
        let [first, second] = Network::ALL.map(|network| self.host.ipv4(network));
        let name = self.name();
        format!(
            "node = \"{name}\"\ndata_dir = \"{DATA}\"\nsocket = \"/run/steadfast/steadfast.sock\"\n\
             listen = \"{first}:{PORT}\"\nnetworks = [\"{first}\", \"{second}\"]\n"
        )
    }

    /// Gives it another file of its own; read at the next start.
    pub(crate) fn configure(self, text: &str) {
        self.write_file(CONFIG, text);
    }

    /// Writes a file on the host's disk.
    pub(crate) fn write_file(self, path: &str, content: impl AsRef<[u8]> + Sync) {
        let folder = path.rsplit_once('/').map_or("/", |(folder, _)| folder);
        self.within(|| {
            fs::create_dir_all(folder).unwrap();
            fs::write(path, content.as_ref()).unwrap();
        });
    }

    /// Reads a file on the host's disk.
    pub(crate) fn read_file(self, path: &str) -> Vec<u8> {
        self.within(|| fs::read(path).unwrap())
    }

    /// The path of a file in its data directory.
    pub(crate) fn data(self, file: &str) -> String {
        format!("{DATA}/{file}")
    }

    /// Who it is, with its certificate and key.
    pub(crate) fn identity(self) -> Identity {
        Versioned::decode(&self.read_file(&self.data("identity.json"))).unwrap()
    }

    /// Does something inside the host.
    pub(crate) fn within<T: Send>(self, work: impl FnOnce() -> T + Send) -> T {
        self.host.within(work).unwrap()
    }

    /// Starts its daemon, and waits until it answers.
    pub(crate) fn start(self) -> Daemon {
        let daemon = self.start_unwatched();
        eventually(&format!("{} to answer", self.name()), || {
            assert!(daemon.is_running(), "the daemon of {} has ended:\n{}", self.name(), daemon.log());
            self.try_status().is_some()
        });
        daemon
    }

    /// Starts its daemon.
    pub(crate) fn start_unwatched(self) -> Daemon {
        let command = self.host.command(env!("CARGO_BIN_EXE_steadfast"));
        command.args(["--config", CONFIG, "run"]).start_daemon(DAEMON).unwrap()
    }

    /// Starts its daemon without these rights (`-bpf,-net_admin`), and waits until it answers.
    pub(crate) fn start_without(self, capabilities: &str) -> Daemon {
        let program = env!("CARGO_BIN_EXE_steadfast");
        let command = self.host.command("setpriv");
        let command =
            command.args(["--bounding-set", capabilities, "--", program, "--config", CONFIG, "run"]);
        let daemon = command.start_daemon(DAEMON).unwrap();
        eventually(&format!("{} to answer", self.name()), || {
            assert!(daemon.is_running(), "the daemon of {} has ended:\n{}", self.name(), daemon.log());
            self.try_status().is_some()
        });
        daemon
    }

    /// Its daemon, which was started.
    pub(crate) fn daemon(self) -> Daemon {
        self.host.daemon(DAEMON).expect("it was started")
    }

    /// `kill -9` of its daemon.
    pub(crate) fn kill(self) {
        self.daemon().kill().unwrap();
    }

    /// Stops its daemon in order.
    #[track_caller]
    pub(crate) fn stop(self) {
        self.daemon().terminate().unwrap();
        assert_eq!(self.daemon().wait(PATIENCE).unwrap().code(), Some(0), "{}", self.daemon().log());
    }

    /// Runs the command line on its host; arguments are separated by spaces.
    pub(crate) fn run(self, arguments: &str) -> Ran {
        self.run_with(arguments, "")
    }

    /// The same, with a text on its standard input.
    pub(crate) fn run_with(self, arguments: &str, input: &str) -> Ran {
        let mut child = self.spawn(arguments);
        let mut stdin = child.stdin.take().expect("it is piped");
        // A command that does not read its input may have ended already.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let what = format!("{}$ steadfast {arguments}", self.name());
        Ran::new(what, child.wait_with_output().unwrap())
    }

    /// Starts the command line on its host, with all three streams piped.
    pub(crate) fn spawn(self, arguments: &str) -> Child {
        let command = self.host.command(env!("CARGO_BIN_EXE_steadfast")).env("STEADFAST_CONFIG", CONFIG);
        let command = command.args(arguments.split_whitespace());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Runs a command that succeeds, and returns what it prints.
    #[track_caller]
    pub(crate) fn ok(self, arguments: &str) -> String {
        self.run(arguments).ok()
    }

    /// Joins the cluster of `member`, with a fresh token.
    #[track_caller]
    pub(crate) fn join(self, member: Node<'_>) {
        let token = member.token("");
        self.join_with(member, &token).ok();
    }

    /// Tries to join through `member` with a token.
    pub(crate) fn join_with(self, member: Node<'_>, token: &str) -> Ran {
        self.run_with(&format!("join {} --token -", member.address()), token)
    }

    /// A fresh join token; `options` are those of `token create`.
    #[track_caller]
    pub(crate) fn token(self, options: &str) -> String {
        self.ok(&format!("token create {options}")).trim().to_owned()
    }

    /// What it says of the cluster, if it answers.
    pub(crate) fn try_status(self) -> Option<Status> {
        let ran = self.host.is_up().then(|| self.run("status --json"))?;
        (ran.code == Some(0)).then(|| serde_json::from_str(&ran.stdout).unwrap())
    }

    /// What it says of the cluster.
    #[track_caller]
    pub(crate) fn status(self) -> Status {
        serde_json::from_str(&self.ok("status --json")).unwrap()
    }

    /// Waits until what it says of the cluster is so.
    #[track_caller]
    pub(crate) fn until(self, what: &str, mut holds: impl FnMut(&Status) -> bool) -> Status {
        let what = format!("{} to say: {what}", self.name());
        wait_for(&what, || self.try_status().filter(|status| holds(status)))
    }

    /// Applies a declarative file.
    pub(crate) fn apply(self, text: &str) -> Ran {
        self.run_with("apply --file -", text)
    }

    /// The events that it shows; `options` are those of `events`.
    #[track_caller]
    pub(crate) fn events(self, options: &str) -> Vec<EventRecord> {
        serde_json::from_str(&self.ok(&format!("events --json {options}"))).unwrap()
    }

    /// The events of this node alone with this number.
    #[track_caller]
    pub(crate) fn told(self, id: u32) -> Vec<EventRecord> {
        self.events(&format!("--node {} --id {id}", self.name()))
    }

    /// Waits until this node itself has told this event.
    #[track_caller]
    pub(crate) fn tells(self, entry: &events::Entry) -> EventRecord {
        let what = format!("{} to tell {} ({})", self.name(), entry.name, entry.id);
        wait_for(&what, || self.told(entry.id).pop())
    }

    /// For a failed test: its status, or why there is none.
    pub(super) fn last_words(self) -> String {
        if !self.host.is_up() || self.host.is_frozen() {
            return "the host is down or frozen\n".to_owned();
        }
        let output = self.host.command(env!("CARGO_BIN_EXE_steadfast"));
        match output.env("STEADFAST_CONFIG", CONFIG).arg("status").output() {
            Ok(output) => String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
            Err(error) => error.to_string(),
        }
    }
}
