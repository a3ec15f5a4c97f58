//! Three machines, of either kind.

use super::Failed;
use super::hosts::Hosts;
use super::loopback::Loopback;
use lab::Lab;
use std::process::Output;

/// How many machines there are, `n1` to `n3`: the fewest of which one can be lost.
pub(super) const COUNT: u8 = 3;

/// Three machines that are no machines.
pub(super) enum Machines {
    /// Hosts made of namespaces.
    Hosts(Hosts),
    /// Daemons on loopback addresses.
    Loopback(Loopback),
}

impl Machines {
    /// The better kind that can be made here, and what to say of it.
    pub(super) fn make() -> Result<(Self, String), Failed> {
        match Lab::supported() {
            Ok(()) => Ok((
                Self::Hosts(Hosts::make()?),
                "Three machines were made out of namespaces on this one, n1, n2 and n3: each has a disk of \
                 its own and two networks, 10.99.0.0/24 and 10.99.1.0/24. This machine's own network is \
                 not touched."
                    .to_owned(),
            )),
            Err(why) => {
                let loopback = Loopback::make()?;
                let text = format!(
                    "Three daemons on loopback addresses stand for three machines, n1, n2 and n3. Better \
                     ones cannot be made here: {why}. Their files are in {}.",
                    loopback.home().display()
                );
                Ok((Self::Loopback(loopback), text))
            }
        }
    }

    /// The lab, where the machines are hosts of one.
    pub(super) fn lab(&self) -> Option<&Lab> {
        match self {
            Self::Hosts(hosts) => Some(hosts.lab()),
            Self::Loopback(_) => None,
        }
    }

    /// Where a node serves, one address for each of two networks, without the port.
    pub(super) fn addresses(&self, node: u8) -> [String; 2] {
        match self {
            Self::Hosts(hosts) => hosts.addresses(node),
            Self::Loopback(_) => Loopback::addresses(node),
        }
    }

    /// The port of all nodes.
    pub(super) fn port(&self) -> u16 {
        match self {
            Self::Hosts(_) => super::hosts::PORT,
            Self::Loopback(loopback) => loopback.port(),
        }
    }

    /// The folder of a node, in which its commands run. In it are `steadfast.toml`, `data` and
    /// `socket`.
    pub(super) fn folder(&self, node: u8) -> String {
        match self {
            Self::Hosts(_) => super::hosts::FOLDER.to_owned(),
            Self::Loopback(loopback) => loopback.folder(node).display().to_string(),
        }
    }

    /// Writes a file into the folder of a node.
    pub(super) fn write(&self, node: u8, name: &str, text: &str) -> Result<(), Failed> {
        match self {
            Self::Hosts(hosts) => hosts.write(node, name, text),
            Self::Loopback(loopback) => loopback.write(node, name, text),
        }
    }

    /// Runs a line of shell on a node, in its folder, with `steadfast` in the search path. Standard
    /// output and error are one, as on a terminal.
    pub(super) fn shell(&self, node: u8, line: &str, input: &str) -> Result<Output, Failed> {
        match self {
            Self::Hosts(hosts) => hosts.shell(node, line, input),
            Self::Loopback(loopback) => loopback.shell(node, line, input),
        }
    }

    /// Starts the daemon of a node; an earlier one has ended.
    pub(super) fn start(&mut self, node: u8) -> Result<(), Failed> {
        match self {
            Self::Hosts(hosts) => hosts.start(node),
            Self::Loopback(loopback) => loopback.start(node),
        }
    }

    /// What the daemon of a node wrote to its log.
    pub(super) fn log(&self, node: u8) -> String {
        match self {
            Self::Hosts(hosts) => hosts.log(node),
            Self::Loopback(loopback) => loopback.log(node),
        }
    }
}

/// `n1`, …
pub(super) fn name(node: u8) -> String {
    format!("n{node}")
}

/// What every command of the story finds in its environment: it depends on nothing else of whoever
/// runs the demo. A variable that is set to nothing counts as not set.
pub(super) fn environment(folder: &str) -> Vec<(&'static str, String)> {
    let nothing = ["STEADFAST_SERVER", "STEADFAST_CA", "STEADFAST_API_TOKEN_FILE", "STEADFAST_CLIENT_CERT"];
    let mut environment = vec![
        ("STEADFAST_CONFIG", format!("{folder}/steadfast.toml")),
        ("COLUMNS", super::teller::COLUMNS.to_string()),
        ("NO_COLOR", "1".to_owned()),
        ("STEADFAST_CLIENT_KEY", String::new()),
    ];
    environment.extend(nothing.map(|name| (name, String::new())));
    environment
}

/// The running program, which is also what runs on the machines.
pub(super) fn program() -> Result<std::path::PathBuf, Failed> {
    std::env::current_exe().map_err(Failed::system("find the running program"))
}
