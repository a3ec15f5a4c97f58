//! Process 1 of a host: nothing much, or a real systemd.
//!
//! It begins as a shell. A systemd waits in it until its host is furnished, and gets a folder of units of
//! its own, with the four targets that every service asks for, empty: so it boots in milliseconds and
//! starts nothing that this machine has installed. There is no message bus and no journal; who wants to
//! talk to it finds `/run/systemd/private`.

use std::fs;
use std::path::Path;

use crate::LabError;
use crate::error::Doing;

/// What process 1 of a host is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Init {
    /// It holds the namespaces and buries orphans.
    #[default]
    Idle,
    /// It is this machine's systemd. Its units are those in [`Init::UNITS`].
    Systemd,
}

/// How an [`Init`] is started.
pub(crate) struct Start {
    /// For a shell.
    pub(crate) script: &'static str,
    /// The shell reads a line before it goes on, and this file is there when it can be talked to.
    pub(crate) ready: Option<&'static str>,
}

/// Process 1 ignores SIGCHLD, and that outlives exec: so the kernel buries the orphans it inherits. It is
/// not the shell that has it ignored: some catch this signal whatever they are told, and catching ends with
/// exec. Orphans would stay in the list of processes then, for whoever looks there whether they have ended.
const IDLE: &str = "exec env --ignore-signal=CHLD sleep infinity </dev/null";

/// With an environment that tells it that the kernel is not its own, and where its units are.
const SYSTEMD: &str = "read -r _ && exec env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin \
SYSTEMD_UNIT_PATH=/etc/systemd/lab:/run/systemd/system \
/lib/systemd/systemd --system --unit=lab.target --log-target=null --show-status=0 </dev/null";

const PROGRAM: &str = "/lib/systemd/systemd";

/// Services require and follow the first three, and end before the last.
const TARGETS: [&str; 4] = ["lab.target", "sysinit.target", "basic.target", "shutdown.target"];

impl Init {
    /// The folder of a host in which its systemd finds units.
    pub const UNITS: &str = "/etc/systemd/lab";

    /// Whether this machine has what it takes; the reason if not.
    ///
    /// # Errors
    /// The reason, in words.
    pub fn supported(self) -> Result<(), String> {
        match self {
            Self::Systemd if !Path::new(PROGRAM).exists() => Err(format!("{PROGRAM} is not installed")),
            _ => Ok(()),
        }
    }

    pub(crate) fn start(self) -> Result<Start, LabError> {
        match self {
            Self::Idle => Ok(Start { script: IDLE, ready: None }),
            Self::Systemd => {
                fs::metadata(PROGRAM).doing(|| format!("find {PROGRAM} (package systemd)"))?;
                Ok(Start { script: SYSTEMD, ready: Some("/run/systemd/private") })
            }
        }
    }
}

impl Start {
    /// Writes what it needs, on the host that the calling thread is in.
    pub(crate) fn furnish(&self) -> Result<(), LabError> {
        if self.ready.is_none() {
            return Ok(());
        }
        fs::create_dir_all(Init::UNITS).doing(|| format!("make {}", Init::UNITS))?;
        for target in TARGETS {
            let path = Path::new(Init::UNITS).join(target);
            let text = format!("[Unit]\nDescription={target} of a lab\nDefaultDependencies=no\n");
            fs::write(&path, text).doing(|| format!("write {}", path.display()))?;
        }
        Ok(())
    }
}
