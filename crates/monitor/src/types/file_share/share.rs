//! What is shared, read from the parameters; and where its state lies.
//!
//! What clients hold and who may come is part of the data: it has to be there on the next node. So it lies
//! on the same disk, beside the folder and not in it: whoever may write there could put a list of users of
//! his own in its place. Root alone can read it.

use super::super::given;
use super::nfs;
use resource_api::{Failure, Instance, Outcome};
use std::fmt;
use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// How clients reach it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Nfs,
    Smb,
}

impl Protocol {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Nfs => "nfs",
            Self::Smb => "smb",
        }
    }
}

/// Addresses that may use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clients {
    pub(super) address: IpAddr,
    pub(super) prefix_bits: u8,
}

impl Clients {
    /// An address, or one with the length of its network's prefix; of a network all, whichever of its
    /// addresses is written.
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) =
            text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = bits.map_or(Ok(most), str::parse).ok()?;
        (prefix_bits <= most).then_some(Self { address, prefix_bits })
    }
}

impl fmt::Display for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix_bits)
    }
}

/// What is shared.
#[derive(Debug, Clone)]
pub(super) struct Share {
    pub(super) protocol: Protocol,
    pub(super) path: PathBuf,
    /// By which clients know it.
    pub(super) name: String,
    pub(super) listen: SocketAddr,
    pub(super) clients: Vec<Clients>,
    pub(super) read_only: bool,
    /// Where its state lies, if that was said.
    state: Option<PathBuf>,
}

/// Longer names of shares some clients of SMB do not show.
const NAME_MAX_BYTES: usize = 80;

/// The folder with the states of all shares that lie beside it.
const OF_ALL: &str = ".steadfast-shares";

/// Names that mean something else to smbd.
const NAMES_TAKEN: [&str; 4] = ["global", "homes", "printers", "ipc$"];

impl Share {
    pub(super) fn of(instance: &Instance) -> Result<Self, Outcome> {
        let protocol = match given::needed(instance, "protocol")? {
            "nfs" => Protocol::Nfs,
            "smb" => Protocol::Smb,
            _ => return Err(given::wrong("protocol", "is neither \"nfs\" nor \"smb\"")),
        };
        let path = folder("path", given::needed(instance, "path")?)?;
        let own_name = path.file_name().and_then(|name| name.to_str());
        let name = match given::text(instance, "share")?.or(own_name) {
            Some(name) if is_name(name) => name.to_owned(),
            _ => {
                let why = "is no name of a share: up to 80 letters, digits, `-`, `_` and `.`; set it, if it is \
                           the folder's own name that will not do";
                return Err(given::wrong("share", why));
            }
        };
        let listen = given::needed(instance, "listen")?
            .parse()
            .map_err(|_| given::wrong("listen", "is no address with a port, such as \"10.0.0.100:2049\""))?;
        let clients = given::list(instance, "clients")?.iter().map(|text| {
            Clients::parse(text).ok_or_else(|| {
                let why = format!(
                    "has `{}`, which is no address and no network such as 10.0.0.0/24",
                    text.escape_debug()
                );
                given::wrong("clients", &why)
            })
        });
        let clients: Vec<Clients> = clients.collect::<Result<_, _>>()?;
        if clients.is_empty() {
            return Err(given::wrong("clients", "is empty: [\"0.0.0.0/0\", \"::/0\"] lets everybody in"));
        }
        if protocol == Protocol::Nfs && !clients.iter().all(nfs::can_read) {
            let why = "has an IPv6 network with a prefix of 100 to 127 bits, which Ganesha cannot read";
            return Err(given::wrong("clients", why));
        }
        let read_only = match instance.parameters.get("read_only") {
            None => false,
            Some(model::desired::Value::Flag(flag)) => *flag,
            Some(_) => return Err(given::wrong("read_only", "is neither true nor false")),
        };
        let state = given::text(instance, "state_directory")?;
        let state = state.map(|text| folder("state_directory", text)).transpose()?;
        Ok(Self { protocol, path, name, listen, clients, read_only, state })
    }

    /// Whether the folder is there, and where the state of the share lies. Changes nothing; a disk may take
    /// its time.
    pub(super) fn find_state(&self) -> Result<PathBuf, Outcome> {
        let arguments = |text: String| Outcome::failed(Failure::Arguments, text);
        let shown = self.path.display();
        let about = fs::metadata(&self.path).ok().filter(fs::Metadata::is_dir).ok_or_else(|| {
            arguments(format!(
                "`path`: {shown} is no folder on this node; make it, or let the share depend on the disk that has it"
            ))
        })?;
        if let Some(state) = &self.state {
            let inside = fs::canonicalize(&self.path).is_ok_and(|path| {
                let there = state.ancestors().find_map(|folder| fs::canonicalize(folder).ok());
                there.is_some_and(|there| there.starts_with(path))
            });
            return match inside {
                true => Err(arguments(format!(
                    "`state_directory`: {} is in the shared folder, where clients could change it; use one beside {shown}",
                    state.display()
                ))),
                false => Ok(state.clone()),
            };
        }
        let beside = self
            .path
            .parent()
            .filter(|parent| fs::metadata(parent).is_ok_and(|parent| parent.dev() == about.dev()));
        let beside = beside.ok_or_else(|| {
            arguments(format!(
                "`path`: {shown} is the root of its disk, so the state of the share, which has to move with it, \
                 cannot lie beside it; share a folder below it, or set `state_directory`"
            ))
        })?;
        let own = format!("{}-{}", self.protocol.word(), self.name);
        Ok(beside.join(OF_ALL).join(own))
    }
}

/// Makes the folder of a state. Who owned the one above it could put another one in its place.
pub(super) fn make_state(state: &Path) -> io::Result<()> {
    if let Some(above) = state.parent().filter(|above| above.ends_with(OF_ALL)) {
        make_private(above)?;
    }
    make_private(state)
}

/// Makes the folder, which only root can enter; or finds it as it has to be.
pub(super) fn make_private(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let about = fs::symlink_metadata(folder)?;
    let own = rustix::process::geteuid().as_raw();
    if !about.is_dir() || about.uid() != own || about.mode() & 0o077 != 0 {
        let why = "it is there already, and others can enter it: remove it, if it holds nothing of value";
        return Err(io::Error::other(why));
    }
    Ok(())
}

/// A path that both servers take as it is: in a configuration, `%` and the like mean something else.
fn folder(parameter: &str, text: &str) -> Result<PathBuf, Outcome> {
    let bad = text.chars().find(|c| c.is_control() || matches!(c, '"' | '\\' | '%'));
    if let Some(bad) = bad {
        let why = format!(
            "has `{}` in it, which the servers' configurations cannot have: use a name without it",
            bad.escape_debug()
        );
        return Err(given::wrong(parameter, &why));
    }
    match Path::new(text).is_absolute() && text.trim() == text && text != "/" {
        true => Ok(text.into()),
        false => {
            Err(given::wrong(parameter, "is no absolute path of a folder, such as \"/srv/data/projects\""))
        }
    }
}

fn is_name(name: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=NAME_MAX_BYTES).contains(&name.len())
        && name.bytes().all(good)
        && !name.starts_with('.')
        && !NAMES_TAKEN.contains(&name.to_ascii_lowercase().as_str())
}
