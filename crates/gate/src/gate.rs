//! The gate as the daemon has it: one value, whatever it is made of.

use crate::bpf::BpfGate;
use crate::error::GateError;
use crate::look::{Look, Looker, Seen};
use crate::nft::NftGate;
use crate::probe;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::PoisonError;

/// Lets packets of clustered addresses, and of the processes of resources, pass until their deadlines.
///
/// What is set stays in force when this value is dropped, when its process ends, and when it is frozen: the
/// kernel closes by itself. Only [`Gate::remove`], [`Gate::remove_cgroup`] and [`Gate::dismantle`] take
/// anything away. There is one such value for each node, in one process: the daemon holds the lock of its
/// data directory.
///
/// Calls act on the network namespace of the calling thread, which has to be the same each time.
#[derive(Debug)]
pub struct Gate(Made);

#[derive(Debug)]
enum Made {
    OfBpf(BpfGate),
    OfNftables(NftGate),
}

/// What a gate is made of, and so what it promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Deadlines are absolute: a late write opens nothing. A takeover may follow
    /// D ≥ (1+ρ)·[ L/(1−ρ) + ε ] after the last grant.
    Bpf,
    /// Times count from the write. One that comes late is refused, but one that comes just in time may keep an
    /// address open for another lease: D ≥ (1+ρ)·[ 2L/(1−ρ) + ε ]. It counts only where `nft flush ruleset`
    /// cannot open it: if it is not [`Gate::is_flushable`], and a [`Keeper`](crate::Keeper) holds its socket.
    Nftables,
}

/// Which sort of gate to open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Choice {
    /// The best that this machine permits.
    #[default]
    Best,
    /// Of eBPF, by filters of traffic control also where the kernel has the newer way to an interface.
    BpfByTrafficControl,
    /// Of nftables, also where eBPF is permitted.
    Nftables,
}

/// A gated address, and until when it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The address.
    pub address: IpAddr,
    /// Its packets pass before this moment, on CLOCK_BOOTTIME; zero: it is closed.
    pub deadline_boot_ns: u64,
}

/// Where the gate is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use = "an interface that is not covered is open"]
pub struct Coverage {
    /// Interfaces that were covered by this call.
    pub added: Vec<String>,
    /// Interfaces that are not covered. While there is one, nothing is gate-exclusive on this node.
    pub uncovered: Vec<Uncovered>,
    /// How many gated cgroups had lost their program, and have it again.
    pub cgroups_mended: usize,
}

/// An interface that packets pass whatever the deadlines are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncovered {
    /// Its name.
    pub interface: String,
    /// Why, and what to do, in words.
    pub why: String,
}

/// Takes over what a former daemon left that was not permitted eBPF: it would keep the addresses closed. The
/// table goes only when the programs are everywhere.
fn replace_nftables(gate: &mut BpfGate, node: &str, held: Option<OwnedFd>) -> Result<(), GateError> {
    let Some(mut old) = NftGate::left(node, held)? else { return Ok(()) };
    for standing in old.standing()? {
        gate.set(standing.address, standing.deadline_boot_ns)?;
    }
    let covered = gate.borders().lock().unwrap_or_else(PoisonError::into_inner).cover()?;
    if covered.uncovered.is_empty() { old.dismantle() } else { Ok(()) }
}

/// What no gate of eBPF sees.
const HOLES_OF_BPF: [&str; 3] = [
    "frames that go around traffic control: of sockets with PACKET_QDISC_BYPASS, AF_XDP, pktgen, and what XDP or \
     a network card forwards by itself",
    "an interface that appears while the daemon stands still, until it goes on",
    "of processes: sockets made outside of their cgroup and handed in, raw frames, what the kernel sends by itself",
];

/// What no gate of nftables sees.
const HOLES_OF_NFTABLES: [&str; 3] = [
    "frames of raw sockets that carry the tag of a VLAN or name another protocol than theirs, AF_XDP, pktgen",
    "an interface that appears while the daemon stands still, until it goes on",
    "processes: only addresses are gated",
];

/// Where the kernel knows no owner of a table that persists.
const HOLE_WITHOUT_OWNER: &str =
    "`nft flush ruleset`, until the daemon puts the table back (kernel 6.9 keeps it)";
/// Where it does.
const HOLE_WITHOUT_KEEPER: &str = "`nft flush ruleset` after both the daemon and the keeper of its table were killed, until the addresses go \
     by themselves";

impl Gate {
    /// Opens the gate of this node, or takes over the one that its former daemon left, as it stands: what is
    /// open stays open, until when it was. Then it is put at every interface ([`Gate::cover`]).
    ///
    /// `held` is the copy of the socket that [`Gate::held`] gave, if the former gate had one.
    ///
    /// # Errors
    /// [`GateError::NotPermitted`] with the reasons, if this machine permits no gate: groups fall back to
    /// the bound of their processes. [`GateError::System`] if the kernel refuses a step.
    pub fn open_or_adopt(
        node: &str,
        choice: Choice,
        held: Option<OwnedFd>,
    ) -> Result<(Self, Coverage), GateError> {
        let permits = probe::probe();
        let bpf = permits.addresses.is_ok() && choice != Choice::Nftables;
        let nftables = permits.nftables.is_ok() && choice != Choice::BpfByTrafficControl;
        let mut gate = if bpf {
            let mut gate = BpfGate::open_or_adopt(node, choice == Choice::BpfByTrafficControl)?;
            if permits.nftables.is_ok() {
                replace_nftables(&mut gate, node, held)?;
            }
            Self(Made::OfBpf(gate))
        } else if nftables {
            Self(Made::OfNftables(NftGate::open_or_adopt(node, held)?))
        } else {
            return Err(GateError::NotPermitted(permits.to_string().replace('\n', "; ")));
        };
        let coverage = gate.cover()?;
        Ok((gate, coverage))
    }

    /// What it is made of.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.0 {
            Made::OfBpf(_) => Kind::Bpf,
            Made::OfNftables(_) => Kind::Nftables,
        }
    }

    /// What this gate does not see, in words for `explain`.
    #[must_use]
    pub fn holes(&self) -> Vec<&'static str> {
        match &self.0 {
            Made::OfBpf(_) => HOLES_OF_BPF.to_vec(),
            Made::OfNftables(gate) => {
                let flush = if gate.is_owned() { HOLE_WITHOUT_KEEPER } else { HOLE_WITHOUT_OWNER };
                HOLES_OF_NFTABLES.into_iter().chain([flush]).collect()
            }
        }
    }

    /// What looks where this gate is missing, apart from it.
    ///
    /// # Errors
    /// If the kernel gives no socket for it.
    pub fn looker(&self) -> Result<Looker, GateError> {
        match &self.0 {
            Made::OfBpf(gate) => Ok(Looker::of_bpf(gate.borders())),
            Made::OfNftables(_) => Looker::of_nftables(),
        }
    }

    /// Puts the gate where a look has just found that it is not: at new interfaces, and where somebody took it
    /// away. Idempotent, and cheap where nothing changed: look on word of [`crate::Watch`], and every second.
    ///
    /// # Errors
    /// If the kernel refuses to say what is there. An interface that cannot be covered is no error, but in the
    /// answer.
    pub fn covered(&mut self, look: Look) -> Result<Coverage, GateError> {
        match (&mut self.0, look.0) {
            (Made::OfBpf(gate), Seen::OfBpf(coverage)) => {
                Ok(Coverage { cgroups_mended: gate.mend_cgroups(), ..coverage })
            }
            (Made::OfNftables(gate), Seen::OfNftables(interfaces)) => gate.cover(interfaces),
            // Of another gate: nothing is known of this one's.
            (_, _) => self.cover(),
        }
    }

    /// Looks, and covers what is not: both at once, for who may wait.
    ///
    /// # Errors
    /// As [`Looker::look`] and [`Gate::covered`].
    pub fn cover(&mut self) -> Result<Coverage, GateError> {
        let look = self.looker()?.look()?;
        self.covered(look)
    }

    /// Lets the packets of an address pass until this moment on CLOCK_BOOTTIME (a grant's s + L), and gates
    /// the address, if it was not gated. A moment that has passed closes it.
    ///
    /// # Errors
    /// [`GateError::Full`]; [`GateError::Expired`] from a gate of nftables that had closed, or whose opening came
    /// too late: [`Gate::close`] it and begin again; or the kernel's refusal. The address is then as it was.
    pub fn set(&mut self, address: IpAddr, deadline_boot_ns: u64) -> Result<(), GateError> {
        let address = address.to_canonical();
        match &mut self.0 {
            Made::OfBpf(gate) => gate.set(address, deadline_boot_ns),
            Made::OfNftables(gate) => gate.set(address, deadline_boot_ns),
        }
    }

    /// Gates an address, and lets none of its packets pass.
    ///
    /// # Errors
    /// As [`Gate::set`].
    pub fn close(&mut self, address: IpAddr) -> Result<(), GateError> {
        self.set(address, 0)
    }

    /// Gates an address no longer: its packets pass. For when it is confirmed that nothing of the group runs
    /// here and the address is gone: this node's containers and guests reach its owner then. (A closed
    /// address is closed also for what this node forwards.)
    ///
    /// # Errors
    /// The kernel's refusal.
    pub fn remove(&mut self, address: IpAddr) -> Result<(), GateError> {
        let address = address.to_canonical();
        match &mut self.0 {
            Made::OfBpf(gate) => gate.remove(address),
            Made::OfNftables(gate) => gate.remove(address),
        }
    }

    /// All gated addresses, and until when each is open.
    ///
    /// # Errors
    /// If the kernel does not tell.
    pub fn standing(&mut self) -> Result<Vec<Standing>, GateError> {
        match &mut self.0 {
            Made::OfBpf(gate) => gate.standing(),
            Made::OfNftables(gate) => gate.standing(),
        }
    }

    /// Lets every packet of the processes in a cgroup (its folder), and below it, pass until this moment, and
    /// gates it, if it was not gated. A moment that has passed closes it. Processes have to be started in the
    /// cgroup: sockets that they bring along are not gated.
    ///
    /// # Errors
    /// [`GateError::NoCgroup`]; [`GateError::NoCgroupGate`] from a gate of nftables; or the kernel's refusal.
    pub fn set_cgroup(&mut self, path: &Path, deadline_boot_ns: u64) -> Result<(), GateError> {
        self.of_bpf(path)?.set_cgroup(path, deadline_boot_ns)
    }

    /// Until when the processes in a cgroup may send and receive, if they are gated, also by a former daemon.
    ///
    /// # Errors
    /// As [`Gate::set_cgroup`].
    pub fn cgroup(&mut self, path: &Path) -> Result<Option<u64>, GateError> {
        self.of_bpf(path)?.cgroup(path)
    }

    /// Gates the processes in a cgroup no longer. One that is gone has no gate.
    ///
    /// # Errors
    /// As [`Gate::set_cgroup`].
    pub fn remove_cgroup(&mut self, path: &Path) -> Result<(), GateError> {
        self.of_bpf(path)?.remove_cgroup(path)
    }

    fn of_bpf(&mut self, path: &Path) -> Result<&mut BpfGate, GateError> {
        match &mut self.0 {
            Made::OfBpf(gate) => Ok(gate),
            Made::OfNftables(_) => Err(GateError::NoCgroupGate(path.display().to_string())),
        }
    }

    /// Whether `nft flush ruleset` opens it, whoever holds its socket: one of nftables, on a kernel that is too
    /// old.
    #[must_use]
    pub fn is_flushable(&self) -> bool {
        match &self.0 {
            Made::OfBpf(_) => false,
            Made::OfNftables(gate) => !gate.is_owned(),
        }
    }

    /// A copy of the socket that owns the table of nftables; nothing, for a gate of eBPF. As long as anybody
    /// has one, `nft flush ruleset` leaves the table alone. So a process apart from the daemon, a
    /// [`Keeper`](crate::Keeper), should hold it, and a restarted daemon needs it for [`Gate::open_or_adopt`].
    ///
    /// # Errors
    /// If it cannot be copied.
    pub fn held(&self) -> Result<Option<OwnedFd>, GateError> {
        match &self.0 {
            Made::OfBpf(_) => Ok(None),
            Made::OfNftables(gate) => gate.held().map(Some),
        }
    }

    /// Takes everything of this node away: nothing is gated any more. For when the node leaves its cluster.
    ///
    /// # Errors
    /// The kernel's refusal; some of it may be there still, and another try finds it.
    pub fn dismantle(self) -> Result<(), GateError> {
        match self.0 {
            Made::OfBpf(gate) => gate.dismantle(),
            Made::OfNftables(gate) => gate.dismantle(),
        }
    }
}
