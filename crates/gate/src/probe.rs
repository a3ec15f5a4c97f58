//! What this machine permits, found out by trying, and in words why not.
//!
//! A trial leaves nothing behind: programs and maps go with their descriptors, and the table of nftables is
//! made and removed in one transaction.

use crate::bpf::call::{self, Hook, Map, MapKind, ProgramKind};
use crate::bpf::program::{Direction, Framing, address_gate, cgroup_gate};
use crate::{clock, nft};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::os::fd::AsRawFd as _;
use std::path::PathBuf;
use std::{fmt, fs, io};

/// Programs can read CLOCK_BOOTTIME since 5.8; until 5.10 the memory of maps was counted against a limit of the
/// process that is too small for them.
const KERNEL: (u32, u32) = (5, 11);

/// Which sorts of gate this machine permits, each or why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// Gates of addresses by eBPF: absolute deadlines.
    pub addresses: Permit,
    /// Gates of processes by eBPF, at their cgroup.
    pub cgroups: Permit,
    /// Gates of addresses by nftables: times counted from the write.
    pub nftables: Permit,
}

/// Permitted, or why not, and what to do where that is known.
pub type Permit = Result<(), Refusal>;

/// Why a sort of gate is not permitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The reason, in words.
    pub why: String,
    /// What would change it, where something would.
    pub next: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.next {
            Some(next) => write!(f, "{}; {next}", self.why),
            None => f.write_str(&self.why),
        }
    }
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let say = |permit: &Permit| match permit {
            Ok(()) => "permitted".to_owned(),
            Err(refusal) => format!("not permitted: {refusal}"),
        };
        writeln!(f, "eBPF at interfaces: {}", say(&self.addresses))?;
        writeln!(f, "eBPF at cgroups: {}", say(&self.cgroups))?;
        write!(f, "nftables: {}", say(&self.nftables))
    }
}

/// Tries what this machine permits this process, in the network namespace of the calling thread.
#[must_use]
pub fn probe() -> Probe {
    let here = Situation::of_this_process();
    let refuse = |error: &io::Error| here.refusal(error);
    let bpf = |try_out: fn() -> io::Result<()>| match clock::shift() {
        Some(shift) => Err(Refusal {
            why: format!("this process is in a time namespace, whose clock is {shift} from the machine's"),
            next: Some("run the daemon outside of it".to_owned()),
        }),
        None => try_out().map_err(|error| refuse(&error)),
    };
    let cgroups = match cgroup_mount() {
        None => Err(Refusal {
            why: "no cgroup of version 2 is mounted".to_owned(),
            next: Some("`mount -t cgroup2 none /sys/fs/cgroup/unified`, or boot with systemd.unified_cgroup_hierarchy=1".to_owned()),
        }),
        Some(_) => bpf(try_cgroup),
    };
    Probe { addresses: bpf(try_addresses), cgroups, nftables: nft::try_out().map_err(|error| refuse(&error)) }
}

fn try_addresses() -> io::Result<()> {
    let map = Map::create(MapKind::Hash, 16, 1, "sf_probe")?;
    let code = address_gate(Direction::Out, Framing::Ethernet, map.descriptor());
    let program = call::described(call::load(ProgramKind::Interface, &code, "sf_probe")?)?;
    // As a restarted daemon finds what its predecessor left.
    call::program(program.id).map(drop)
}

fn try_cgroup() -> io::Result<()> {
    let map = Map::create(MapKind::Array, 4, 1, "sf_probe")?;
    call::load(ProgramKind::Cgroup, &cgroup_gate(map.descriptor()), "sf_probe")?;
    let mount = cgroup_mount().ok_or(io::ErrorKind::NotFound)?;
    let folder =
        rustix::fs::open(mount, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    call::query(folder.as_raw_fd().cast_unsigned(), Hook::CgroupIn).map(drop)
}

fn cgroup_mount() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    mounts.lines().find_map(|line| {
        let mut words = line.split(' ').skip(1);
        let (point, kind) = (words.next()?, words.next()?);
        (kind == "cgroup2").then(|| PathBuf::from(point))
    })
}

/// What decides why the kernel refuses.
#[derive(Debug, Clone)]
struct Situation {
    release: String,
    /// The capabilities in force.
    capabilities: u64,
    in_user_namespace: bool,
}

const CAPABILITIES: [(u32, &str); 3] = [(12, "CAP_NET_ADMIN"), (39, "CAP_BPF"), (21, "CAP_SYS_ADMIN")];

impl Situation {
    fn of_this_process() -> Self {
        let status = fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
        let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
        let capabilities = effective.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(0);
        let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
        let whole: Vec<_> = map.split_whitespace().collect();
        Self {
            release: rustix::system::uname().release().to_string_lossy().into_owned(),
            capabilities,
            in_user_namespace: !whole.is_empty() && whole != ["0", "0", "4294967295"],
        }
    }

    fn is_older_than(&self, (major, minor): (u32, u32)) -> bool {
        let mut numbers = self.release.split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
        (numbers.next().unwrap_or(major), numbers.next().unwrap_or(minor)) < (major, minor)
    }

    fn refusal(&self, error: &io::Error) -> Refusal {
        let refusal = |why: String, next: Option<&str>| Refusal { why, next: next.map(str::to_owned) };
        let known = Errno::from_io_error(error);
        if self.is_older_than(KERNEL) {
            let why = format!("kernel {} is too old", self.release);
            return refusal(why, Some("install kernel 5.11 or newer"));
        }
        if matches!(known, Some(Errno::PERM | Errno::ACCESS)) {
            let missing = |(bit, _): &&(u32, &str)| self.capabilities & (1 << bit) == 0;
            let missing: Vec<_> = CAPABILITIES.iter().filter(missing).map(|(_, name)| *name).collect();
            if !missing.is_empty() {
                let next = "run the daemon as root, or give its unit these as AmbientCapabilities=";
                return refusal(format!("missing: {}", missing.join(", ")), Some(next));
            }
            if self.in_user_namespace {
                let why = "this process is in a user namespace (an unprivileged container)".to_owned();
                return refusal(why, Some("run the daemon on the host, or in a privileged container"));
            }
            let why = format!("the kernel refuses it ({error}), though all capabilities are there");
            return refusal(why, Some("see `journalctl -k` for the security module that says no"));
        }
        let unknown =
            [Errno::NOSYS, Errno::OPNOTSUPP, Errno::AFNOSUPPORT, Errno::PROTONOSUPPORT, Errno::NOENT];
        if known.is_some_and(|errno| unknown.contains(&errno)) {
            let why = format!("kernel {} was built without it ({error})", self.release);
            return refusal(why, Some("load its module, or install the distribution's full kernel"));
        }
        refusal(error.to_string(), None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(situation: &Situation, errno: Errno) -> String {
        situation.refusal(&io::Error::from(errno)).to_string()
    }

    #[test]
    fn a_refusal_says_what_is_missing_and_what_to_do() {
        let all =
            Situation { release: "6.1.0-13-amd64".into(), capabilities: u64::MAX, in_user_namespace: false };
        let few = Situation { capabilities: 1 << 12, ..all.clone() };
        let text = "missing: CAP_BPF, CAP_SYS_ADMIN; run the daemon as root, or give its unit these as \
                    AmbientCapabilities=";
        assert_eq!(said(&few, Errno::PERM), text);
        let inside = Situation { in_user_namespace: true, ..all.clone() };
        assert!(said(&inside, Errno::PERM).starts_with("this process is in a user namespace"));
        assert!(said(&all, Errno::PERM).contains("journalctl -k"));
        assert!(said(&all, Errno::NOSYS).starts_with("kernel 6.1.0-13-amd64 was built without it"));
        assert_eq!(said(&all, Errno::INVAL), "Invalid argument (os error 22)");
        let old = Situation { release: "5.4.0".into(), ..all };
        assert_eq!(said(&old, Errno::INVAL), "kernel 5.4.0 is too old; install kernel 5.11 or newer");
    }
}
