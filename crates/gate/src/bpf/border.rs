//! Programs at the border of an interface, in one of the two ways that the kernel has.
//!
//! * **tcx** (kernel 6.6 and later): a list of programs, ours before all others, so that nobody's redirection
//!   goes around it. `tc qdisc del` does not touch it.
//! * **clsact**: a filter of traffic control. Ours has the first priority, and whatever it lets pass goes on
//!   to the filters of others.
//!
//! Neither needs a process or a file to stay: they go with the interface, or when they are taken away. Whose
//! a program is, its name says, which is made of the node's.

use super::call::{self, Beside, Hook, Program};
use super::program::Direction;
use crate::error::is;
use crate::interfaces::Interface;
use crate::netlink::{CREATE, EXCLUSIVE, List, Message, Netlink, attributes, number, text};
use rustix::io::Errno;
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _};

/// The way in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Border {
    Tcx,
    /// With the number that our filters go by.
    Clsact(u32),
}

const NEW_QDISC: u16 = 36;
const DEL_QDISC: u16 = 37;
const NEW_FILTER: u16 = 44;
const DEL_FILTER: u16 = 45;
const GET_FILTER: u16 = 46;

const KIND: u16 = 1;
const OPTIONS: u16 = 2;
const BPF_DESCRIPTOR: u16 = 6;
const BPF_NAME: u16 = 7;
const BPF_FLAGS: u16 = 8;
const BPF_ID: u16 = 11;
/// The program's verdict is final.
const DIRECT: u32 = 1;

/// Both lists of filters of an interface, and each of them.
const CLSACT: u32 = 0xffff_fff1;
const CLSACT_HANDLE: u32 = 0xffff_0000;

fn hook(direction: Direction) -> Hook {
    match direction {
        Direction::In => Hook::InterfaceIn,
        Direction::Out => Hook::InterfaceOut,
    }
}

fn parent(direction: Direction) -> u32 {
    match direction {
        Direction::In => 0xffff_fff2,
        Direction::Out => 0xffff_fff3,
    }
}

impl Border {
    /// The better one that this kernel has. `index` is any interface's.
    pub(crate) fn of_this_kernel(index: u32, handle: u32) -> io::Result<Self> {
        match call::query(index, Hook::InterfaceIn) {
            Ok(_) => Ok(Self::Tcx),
            // No other answer may lead there: what a former gate attached would be looked for in vain.
            Err(error) if is(&error, Errno::INVAL) => Ok(Self::Clsact(handle)),
            Err(error) => Err(error),
        }
    }

    /// Our program there, if one is.
    pub(crate) fn find(
        self,
        route: &mut Netlink,
        interface: &Interface,
        direction: Direction,
        name: &str,
    ) -> io::Result<Option<Program>> {
        let ids = match self {
            Self::Tcx => call::query(interface.index, hook(direction))?,
            Self::Clsact(handle) => filters(route, interface.index, direction)?
                .into_iter()
                .filter_map(|filter| (filter.handle == handle).then_some(filter.program).flatten())
                .collect(),
        };
        for id in ids {
            if let Some(found) = call::program(id)?.filter(|found| found.name == name) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Puts a program there, in place of an older one of ours.
    pub(crate) fn attach(
        self,
        route: &mut Netlink,
        interface: &Interface,
        direction: Direction,
        program: &Program,
        instead_of: Option<&Program>,
    ) -> io::Result<()> {
        match self {
            Self::Tcx => {
                let beside =
                    instead_of.map_or(Beside::First, |old| Beside::InsteadOf(old.descriptor.as_fd()));
                call::attach(interface.index, hook(direction), program.descriptor.as_fd(), beside)
            }
            Self::Clsact(handle) => {
                make_clsact(route, interface.index)?;
                let options = List::default()
                    .with(BPF_DESCRIPTOR, &program.descriptor.as_raw_fd().to_ne_bytes())
                    .with_text(BPF_NAME, &program.name)
                    .with(BPF_FLAGS, &DIRECT.to_ne_bytes());
                // Without "exclusive" the old one is replaced, at once.
                let flags = if instead_of.is_some() { CREATE } else { CREATE | EXCLUSIVE };
                let message =
                    Message::new(NEW_FILTER, flags, &first_filter(interface.index, direction, handle));
                route.order(message.with_text(KIND, "bpf").with_list(OPTIONS, &options))
            }
        }
    }

    /// Takes our program away.
    pub(crate) fn detach(
        self,
        route: &mut Netlink,
        interface: &Interface,
        direction: Direction,
        program: &Program,
    ) -> io::Result<()> {
        match self {
            Self::Tcx => call::detach(interface.index, hook(direction), program.descriptor.as_fd()),
            Self::Clsact(handle) => {
                let filter = first_filter(interface.index, direction, handle);
                route.order(Message::new(DEL_FILTER, 0, &filter).with_text(KIND, "bpf"))?;
                remove_clsact_if_empty(route, interface.index)
            }
        }
    }
}

struct Filter {
    handle: u32,
    program: Option<u32>,
}

fn filters(route: &mut Netlink, index: u32, direction: Direction) -> io::Result<Vec<Filter>> {
    let request = Message::new(GET_FILTER, 0, &traffic_control(index, 0, parent(direction), 0));
    let said = match route.list(&request) {
        // There is no such list of filters.
        Err(error) if is(&error, Errno::INVAL) || is(&error, Errno::NOENT) => return Ok(Vec::new()),
        other => other?,
    };
    let filter = |handle, said: &crate::netlink::Said| {
        let (mut program, mut ours) = (None, false);
        for (kind, value) in said.attributes(20) {
            match kind {
                KIND => ours = text(value) == "bpf",
                OPTIONS => {
                    let id = attributes(value).find(|(kind, _)| *kind == BPF_ID);
                    program = id.and_then(|(_, value)| number(value, 0));
                }
                _ => {}
            }
        }
        Filter { handle, program: program.filter(|_| ours) }
    };
    let filters = said.iter().filter(|said| said.kind == NEW_FILTER);
    // The first thing said of each classifier is itself, with no number.
    Ok(filters
        .filter_map(|said| Some(filter(number(&said.body, 8).filter(|handle| *handle != 0)?, said)))
        .collect())
}

fn make_clsact(route: &mut Netlink, index: u32) -> io::Result<()> {
    let body = traffic_control(index, CLSACT_HANDLE, CLSACT, 0);
    match route.order(Message::new(NEW_QDISC, CREATE | EXCLUSIVE, &body).with_text(KIND, "clsact")) {
        Err(error) if !is(&error, Errno::EXIST) => Err(error),
        _ => Ok(()),
    }
}

/// Who made it is not known after a restart. An empty one does nothing.
fn remove_clsact_if_empty(route: &mut Netlink, index: u32) -> io::Result<()> {
    for direction in Direction::BOTH {
        if !filters(route, index, direction)?.is_empty() {
            return Ok(());
        }
    }
    let body = traffic_control(index, CLSACT_HANDLE, CLSACT, 0);
    match route.order(Message::new(DEL_QDISC, 0, &body).with_text(KIND, "clsact")) {
        Err(error) if !is(&error, Errno::NOENT) && !is(&error, Errno::INVAL) => Err(error),
        _ => Ok(()),
    }
}

/// Our filter: of the first priority, for all protocols (number 3, in the network's byte order).
fn first_filter(index: u32, direction: Direction, handle: u32) -> [u8; 20] {
    traffic_control(index, handle, parent(direction), (1 << 16) | u32::from(3_u16.to_be()))
}

/// The structure that every message of traffic control begins with.
fn traffic_control(index: u32, handle: u32, parent: u32, info: u32) -> [u8; 20] {
    let mut bytes = [0; 20];
    for (at, value) in [(4, index), (8, handle), (12, parent), (16, info)] {
        bytes[at..at + 4].copy_from_slice(&value.to_ne_bytes());
    }
    bytes
}
