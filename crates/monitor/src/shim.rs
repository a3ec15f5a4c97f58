//! The tools of a cluster that OCF agents call, by their names: `crm_master` and its like.
//!
//! Agents were written for Pacemaker and call its tools by absolute path: to rate themselves as a future
//! primary, to note something about their node, to learn its name. The monitor points them to a folder
//! with links of these names to the very program it runs in. Called by such a name, that program is this:
//! it says to the monitor what it was called with, prints what it is answered, and exits with the code
//! that it is given. It knows nothing itself, and runs no shell.

use resource_api::frame::{self, Decoder};
use serde::{Deserialize, Serialize};
use std::ffi::{OsStr, OsString};
use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// The names. `pacemakerd` is among them because agents learn their node's name from `crm_node` only if
/// it tells its version, and take the machine's for it otherwise.
pub const TOOLS: [&str; 8] = [
    "attrd_updater",
    "cibadmin",
    "crm_attribute",
    "crm_master",
    "crm_mon",
    "crm_node",
    "crm_resource",
    "pacemakerd",
];

/// Where the monitor listens, for those that it started.
pub(crate) const ENV_SOCKET: &str = "STEADFAST_MONITOR_SHIM";
/// For which resource they work: `group/resource`.
pub(crate) const ENV_RESOURCE: &str = "STEADFAST_RESOURCE";

/// A monitor answers at once. An agent that waits for longer is better told that it failed.
const PATIENCE: Duration = Duration::from_secs(10);
/// What Pacemaker's tools exit with when there is no cluster to talk to.
const NOT_CONNECTED: u8 = 102;

/// What a tool was called with.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) resource: String,
    pub(crate) tool: String,
    pub(crate) args: Vec<String>,
}

/// What it prints, and how it exits.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answered {
    pub(crate) code: u8,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Is this program called by the name of a tool? Then it is that tool, to its end. To be asked first of
/// all, with the program's name as it was called and its arguments after that.
#[must_use]
pub fn run(argv0: &OsStr, args: impl IntoIterator<Item = OsString>) -> Option<ExitCode> {
    let name = Path::new(argv0).file_name()?.to_str()?;
    let tool = TOOLS.into_iter().find(|tool| *tool == name)?;
    let args = args.into_iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
    let resource = std::env::var(ENV_RESOURCE).unwrap_or_default();
    let asked = Asked { resource, tool: tool.to_owned(), args };
    let answered = ask(&asked).unwrap_or_else(|error| Answered {
        code: NOT_CONNECTED,
        out: String::new(),
        err: format!("{tool}: the resource monitor does not answer: {error}\n"),
    });
    // That nobody reads it is not this program's trouble.
    let _ = io::stdout().write_all(answered.out.as_bytes());
    let _ = io::stderr().write_all(answered.err.as_bytes());
    Some(ExitCode::from(answered.code))
}

fn ask(asked: &Asked) -> io::Result<Answered> {
    let socket = std::env::var_os(ENV_SOCKET).ok_or_else(|| {
        io::Error::other(format!(
            "{ENV_SOCKET} is not set: this tool works only for agents that a monitor runs"
        ))
    })?;
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(&frame::encode(asked).map_err(io::Error::other)?)?;
    let (mut decoder, mut buffer) = (Decoder::default(), [0; 4096]);
    loop {
        if let Some(answered) = decoder.take().map_err(io::Error::other)? {
            return Ok(answered);
        }
        match stream.read(&mut buffer)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => decoder.feed(&buffer[..count]),
        }
    }
}
