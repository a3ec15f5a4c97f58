//! Three hosts of a lab.

use super::Failed;
use super::machines::{COUNT, environment, program};
use lab::{Host, HostCommand, Lab, Network};
use std::io::Write as _;
use std::process::{Output, Stdio};

/// The port of every node.
pub(super) const PORT: u16 = 7400;

/// Where everything of a node lies. Not where an installation has it: the hosts see the disk of this
/// machine, and must not take up the identity of a real node.
pub(super) const FOLDER: &str = "/steadfast-demo";

/// The name under which the lab knows each daemon.
const DAEMON: &str = "steadfast";

/// Three hosts; they end with this value.
pub(super) struct Hosts {
    lab: Lab,
    program: std::path::PathBuf,
}

impl Hosts {
    /// Makes them.
    pub(super) fn make() -> Result<Self, Failed> {
        // And one for clients, behind the nodes.
        let made = Self { lab: Lab::new(usize::from(COUNT) + 1)?, program: program()? };
        for host in made.lab.hosts() {
            let link = || {
                std::fs::create_dir(FOLDER)?;
                std::fs::create_dir(format!("{FOLDER}/bin"))?;
                std::os::unix::fs::symlink(&made.program, format!("{FOLDER}/bin/steadfast"))
            };
            host.within(link)?.map_err(Failed::system(format!("prepare {}", host.name())))?;
        }
        Ok(made)
    }

    pub(super) fn lab(&self) -> &Lab {
        &self.lab
    }

    fn host(&self, node: u8) -> &Host {
        &self.lab.hosts()[usize::from(node) - 1]
    }

    pub(super) fn addresses(&self, node: u8) -> [String; 2] {
        Network::ALL.map(|network| self.host(node).ipv4(network).to_string())
    }

    fn command(&self, node: u8, program: &std::ffi::OsStr) -> HostCommand<'_> {
        let command = self.host(node).command(program).current_dir(FOLDER);
        environment(FOLDER).into_iter().fold(command, |command, (name, value)| command.env(name, value))
    }

    pub(super) fn write(&self, node: u8, name: &str, text: &str) -> Result<(), Failed> {
        let path = format!("{FOLDER}/{name}");
        self.host(node)
            .within(|| std::fs::write(&path, text))?
            .map_err(Failed::system(format!("write {path}")))
    }

    pub(super) fn shell(&self, node: u8, line: &str, input: &str) -> Result<Output, Failed> {
        let line = format!("PATH={FOLDER}/bin:$PATH; exec 2>&1\n{line}");
        let command = self.command(node, "sh".as_ref()).args(["-c", &line]);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // A command that needs no input may have ended already.
            let _ = stdin.write_all(input.as_bytes());
        }
        child.wait_with_output().map_err(Failed::system("wait for a command"))
    }

    pub(super) fn start(&self, node: u8) -> Result<(), Failed> {
        self.command(node, self.program.as_os_str()).arg("run").start_daemon(DAEMON)?;
        Ok(())
    }

    pub(super) fn log(&self, node: u8) -> String {
        self.host(node).daemon(DAEMON).map(|daemon| daemon.log()).unwrap_or_default()
    }
}
