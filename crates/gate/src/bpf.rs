//! The gate of eBPF: programs at every interface's border and at the cgroups of resources, with a map of
//! absolute deadlines.
//!
//! Everything that has to outlive the daemon is held by the kernel: an interface or a cgroup holds its
//! program, and the program its map. There are no files. A restarted daemon finds its programs where they
//! are attached, by their name, takes up the map of the first one it finds, and puts its own programs in
//! place of those that are there, each at once, so that no packet passes in between.
//!
//! Read next: `program.rs`, what the programs do; `border.rs`, how they get to an interface.

pub(crate) mod assembler;
pub(crate) mod border;
pub(crate) mod call;
mod cgroup;
pub(crate) mod instruction;
pub(crate) mod program;

use crate::error::{GateError, is, system};
use crate::gate::{Coverage, Standing, Uncovered};
use crate::interfaces::{self, Interface};
use crate::netlink::Netlink;
use border::Border;
use call::{Map, MapKind, Program, ProgramKind};
use cgroup::Cgroups;
use program::{Direction, Framing, address_gate};
use rustix::io::Errno;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Twice the addresses of the largest cluster that the planner is made for. The kernel sets the memory
/// aside at once, about 80 bytes for each, so that no renewal can fail for want of memory.
const ROOM: u32 = 8192;

/// A key is an IPv6 address; an IPv4 one is mapped.
const KEY: u32 = 16;

/// What packets begin with, by the kernel's number of the interface's sort (`ARPHRD_…`): Ethernet and the
/// loopback; nothing at all (WireGuard, tun), PPP, raw IP, tunnels of IP in IP.
const ETHERNET: [u16; 2] = [1, 772];
const BARE: [u16; 6] = [65534, 512, 519, 768, 769, 776];
/// Interfaces that carry no IP: CAN, and the two that watch netlink and vsock.
const WITHOUT_IP: [u16; 3] = [280, 824, 826];

/// The map of this node, and its programs.
#[derive(Debug)]
pub(crate) struct BpfGate {
    addresses: Map,
    cgroups: Cgroups,
    /// Apart, because whoever uses it waits for a lock of the kernel (`look.rs`).
    borders: Arc<Mutex<Borders>>,
}

/// The programs, and where they are.
#[derive(Debug)]
pub(crate) struct Borders {
    name: String,
    border: Border,
    route: Netlink,
    programs: Vec<AddressProgram>,
}

#[derive(Debug)]
struct AddressProgram {
    direction: Direction,
    framing: Framing,
    program: Program,
}

/// A name for what is this node's: several nodes may share a network namespace.
fn name_of(node: &str) -> (String, u32) {
    // FNV-1a: short, fixed, and good enough to tell a handful of names apart.
    let hash =
        node.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (format!("sf_{hash:08x}"), hash | 1)
}

/// The name of the programs of one direction.
fn program_name(name: &str, direction: Direction) -> String {
    match direction {
        Direction::In => format!("{name}_in"),
        Direction::Out => format!("{name}_out"),
    }
}

impl BpfGate {
    /// With the map that a former daemon of this node left, if it did.
    pub(crate) fn open_or_adopt(node: &str, without_tcx: bool) -> Result<Self, GateError> {
        let (name, handle) = name_of(node);
        let mut route = Netlink::open(None).map_err(system("open a netlink socket"))?;
        let interfaces = interfaces::all(&mut route).map_err(system("list the interfaces"))?;
        let border = if without_tcx {
            Border::Clsact(handle)
        } else {
            // The loopback is always there, and is the first.
            let any = interfaces.first().map_or(1, |interface| interface.index);
            Border::of_this_kernel(any, handle).map_err(system("ask which programs are at the loopback"))?
        };
        let addresses = match adopted(border, &mut route, &interfaces, &name)? {
            Some(map) => map,
            None => {
                Map::create(MapKind::Hash, KEY, ROOM, &name).map_err(system("make a map of deadlines"))?
            }
        };
        let mut programs = Vec::new();
        for direction in Direction::BOTH {
            for framing in [Framing::Ethernet, Framing::Bare] {
                let code = address_gate(direction, framing, addresses.descriptor());
                let program = call::load(ProgramKind::Interface, &code, &program_name(&name, direction))
                    .and_then(call::described)
                    .map_err(system("load the program of an address"))?;
                programs.push(AddressProgram { direction, framing, program });
            }
        }
        let cgroups = Cgroups::new(&name);
        let borders = Arc::new(Mutex::new(Borders { name, border, route, programs }));
        Ok(Self { addresses, cgroups, borders })
    }

    /// The programs at the interfaces.
    pub(crate) fn borders(&self) -> Arc<Mutex<Borders>> {
        self.borders.clone()
    }

    /// Puts programs back at cgroups where somebody took them away; at how many.
    pub(crate) fn mend_cgroups(&mut self) -> usize {
        self.cgroups.mend()
    }

    /// Writes a deadline.
    pub(crate) fn set(&self, address: IpAddr, deadline_boot_ns: u64) -> Result<(), GateError> {
        self.addresses.set(&key(address), deadline_boot_ns).map_err(|error| {
            if is(&error, Errno::TOOBIG) {
                return GateError::Full { address, room: ROOM };
            }
            system(format!("set the deadline of {address}"))(error)
        })
    }

    /// Gates an address no longer.
    pub(crate) fn remove(&self, address: IpAddr) -> Result<(), GateError> {
        self.addresses.remove(&key(address)).map_err(system(format!("remove the gate of {address}")))
    }

    /// All gated addresses.
    pub(crate) fn standing(&self) -> Result<Vec<Standing>, GateError> {
        let read = || -> io::Result<Vec<Standing>> {
            let mut all = Vec::new();
            for key in self.addresses.keys()? {
                let deadline = self.addresses.get(&key)?;
                let octets: Option<[u8; 16]> = key.try_into().ok();
                if let (Some(octets), Some(deadline_boot_ns)) = (octets, deadline) {
                    let address = Ipv6Addr::from(octets).to_canonical();
                    all.push(Standing { address, deadline_boot_ns });
                }
            }
            all.sort_by_key(|standing| standing.address);
            Ok(all)
        };
        read().map_err(system("read the map of deadlines"))
    }

    /// Writes the deadline of the processes in a cgroup.
    pub(crate) fn set_cgroup(&mut self, path: &Path, deadline_boot_ns: u64) -> Result<(), GateError> {
        self.cgroups.set(path, deadline_boot_ns)
    }

    /// The deadline of the processes in a cgroup, if it is gated.
    pub(crate) fn cgroup(&mut self, path: &Path) -> Result<Option<u64>, GateError> {
        self.cgroups.deadline(path)
    }

    /// Gates the processes in a cgroup no longer.
    pub(crate) fn remove_cgroup(&mut self, path: &Path) -> Result<(), GateError> {
        self.cgroups.remove(path)
    }

    /// Takes everything away, from all interfaces and from the cgroups that this value was told of.
    pub(crate) fn dismantle(self) -> Result<(), GateError> {
        self.borders.lock().unwrap_or_else(PoisonError::into_inner).take_away()?;
        self.cgroups.remove_all()
    }
}

impl Borders {
    /// Puts the programs where they are not: at new interfaces, and where somebody took them away.
    pub(crate) fn cover(&mut self) -> Result<Coverage, GateError> {
        let mut coverage = Coverage::default();
        for interface in interfaces::all(&mut self.route).map_err(system("list the interfaces"))? {
            let Some(framing) = framing(interface.kind) else {
                if interface.is_up && !WITHOUT_IP.contains(&interface.kind) {
                    let why = format!("packets of interfaces of sort {} are not understood", interface.kind);
                    coverage.uncovered.push(Uncovered { interface: interface.name, why });
                }
                continue;
            };
            match self.cover_one(&interface, framing) {
                Ok(true) => coverage.added.push(interface.name),
                Ok(false) => {}
                // It has gone meanwhile.
                Err(error) if is(&error, Errno::NODEV) => {}
                Err(error) => {
                    let why = system(format!("put a program at {}", interface.name))(error).to_string();
                    coverage.uncovered.push(Uncovered { interface: interface.name, why });
                }
            }
        }
        Ok(coverage)
    }

    fn cover_one(&mut self, interface: &Interface, framing: Framing) -> io::Result<bool> {
        let mut added = false;
        for own in self.programs.iter().filter(|own| own.framing == framing) {
            let name = program_name(&self.name, own.direction);
            let found = self.border.find(&mut self.route, interface, own.direction, &name)?;
            if found.as_ref().is_some_and(|found| found.id == own.program.id) {
                continue;
            }
            let border = self.border;
            border.attach(&mut self.route, interface, own.direction, &own.program, found.as_ref())?;
            added = true;
        }
        Ok(added)
    }

    fn take_away(&mut self) -> Result<(), GateError> {
        for interface in interfaces::all(&mut self.route).map_err(system("list the interfaces"))? {
            for direction in Direction::BOTH {
                let name = program_name(&self.name, direction);
                let taken =
                    self.border.find(&mut self.route, &interface, direction, &name).and_then(|found| {
                        let Some(found) = found else { return Ok(()) };
                        self.border.detach(&mut self.route, &interface, direction, &found)
                    });
                match taken {
                    Err(error) if !is(&error, Errno::NODEV) => {
                        return Err(system(format!("take a program away from {}", interface.name))(error));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

/// The map of the first program of ours that is attached anywhere.
fn adopted(
    border: Border,
    route: &mut Netlink,
    interfaces: &[Interface],
    name: &str,
) -> Result<Option<Map>, GateError> {
    for interface in interfaces {
        for direction in Direction::BOTH {
            let find = border.find(route, interface, direction, &program_name(name, direction));
            let found = match find {
                Err(error) if is(&error, Errno::NODEV) => None,
                other => other.map_err(system(format!("read the programs at {}", interface.name)))?,
            };
            if let Some(id) = found.and_then(|found| found.maps.first().copied()) {
                let map = call::map(id).map_err(system("take up the map of deadlines"))?;
                if map.key_bytes() == KEY as usize {
                    return Ok(Some(map));
                }
            }
        }
    }
    Ok(None)
}

fn framing(kind: u16) -> Option<Framing> {
    if ETHERNET.contains(&kind) {
        Some(Framing::Ethernet)
    } else {
        BARE.contains(&kind).then_some(Framing::Bare)
    }
}

fn key(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

#[cfg(test)]
mod tests;
