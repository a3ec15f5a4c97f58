//! What does not work with a gate: what was to be done, why not, and what to do next.

use rustix::io::Errno;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;

/// A gate cannot be opened, closed or put up.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// This machine permits no gate of any sort. The group falls back to its process bound.
    #[error("this machine permits no lease gate: {0}")]
    NotPermitted(String),
    /// The kernel refused.
    #[error("cannot {what}: {source}{}", next(source))]
    System {
        /// What was to be done, on what.
        what: String,
        /// The kernel's word.
        #[source]
        source: io::Error,
    },
    /// What was to be written into nftables came when the address was closed already, or its grant over:
    /// nothing was opened.
    #[error(
        "the gate of {address} had closed, or its grant had ended, before that was written; it stays closed: \
         open it with a new grant"
    )]
    Expired {
        /// Which address.
        address: IpAddr,
    },
    /// There are more addresses than the gate has room for.
    #[error(
        "the gate has no room for {address}: it holds {room} addresses; remove some that this node may not own"
    )]
    Full {
        /// Which one was too many.
        address: IpAddr,
        /// How many it holds.
        room: u32,
    },
    /// No cgroup of version 2 is at that path.
    #[error("{} is no cgroup of version 2: {source}; see `grep cgroup2 /proc/mounts`", path.display())]
    NoCgroup {
        /// The path.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Processes can be gated only where eBPF is permitted.
    #[error("processes can be gated only with eBPF, and this gate is one of nftables: {0}")]
    NoCgroupGate(String),
}

/// The error of a system call.
pub(crate) fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> GateError {
    let what = what.into();
    |source| GateError::System { what, source }
}

/// Whether the kernel said just that.
pub(crate) fn is(error: &io::Error, errno: Errno) -> bool {
    Errno::from_io_error(error) == Some(errno)
}

/// What to do about it, where that is known.
fn next(error: &io::Error) -> &'static str {
    match Errno::from_io_error(error) {
        Some(Errno::PERM | Errno::ACCESS) => {
            "; run the daemon as root, or with CAP_NET_ADMIN, CAP_BPF and CAP_SYS_ADMIN"
        }
        Some(Errno::NOMEM | Errno::NOBUFS) => "; free some memory, and try again",
        Some(Errno::OPNOTSUPP | Errno::AFNOSUPPORT | Errno::PROTONOSUPPORT | Errno::NOSYS) => {
            "; this kernel lacks it: install a newer one, or one that was built with it"
        }
        Some(Errno::EXIST) => {
            "; somebody else's filter has that place: see `tc filter show dev INTERFACE ingress`"
        }
        _ => "",
    }
}
