//! Looking where the gate is missing, apart from the gate itself.
//!
//! The kernel has one lock for all of its network configuration (RTNL), on the whole machine, whatever the
//! namespace. Who makes or removes containers, or resets a network card, holds it: for milliseconds mostly, for
//! seconds now and then. Listing interfaces and putting programs at them waits for that lock; moving a deadline
//! does not. So a look is taken by a thread of its own, without the gate, which goes on being renewed.

use crate::bpf::Borders;
use crate::error::{GateError, system};
use crate::gate::Coverage;
use crate::interfaces::{self, Interface};
use crate::netlink::Netlink;
use std::sync::{Arc, Mutex, PoisonError};

/// Looks where the gate is missing, for as long as there is a gate.
#[derive(Debug)]
pub struct Looker(Way);

#[derive(Debug)]
enum Way {
    OfBpf(Arc<Mutex<Borders>>),
    OfNftables(Netlink),
}

/// What was seen; for [`crate::Gate::covered`].
#[derive(Debug)]
#[must_use = "the gate does not know of it yet"]
pub struct Look(pub(crate) Seen);

#[derive(Debug)]
pub(crate) enum Seen {
    /// The interfaces are covered already.
    OfBpf(Coverage),
    /// These are there.
    OfNftables(Vec<Interface>),
}

impl Looker {
    pub(crate) fn of_bpf(borders: Arc<Mutex<Borders>>) -> Self {
        Self(Way::OfBpf(borders))
    }

    pub(crate) fn of_nftables() -> Result<Self, GateError> {
        let route = Netlink::open(None).map_err(system("open a netlink socket"))?;
        Ok(Self(Way::OfNftables(route)))
    }

    /// Looks at all interfaces, in the network namespace of the calling thread, which has to be the gate's.
    /// Waits for the kernel's lock: not for a thread that has deadlines to keep.
    ///
    /// # Errors
    /// If the interfaces cannot be listed.
    pub fn look(&mut self) -> Result<Look, GateError> {
        Ok(Look(match &mut self.0 {
            Way::OfBpf(borders) => {
                Seen::OfBpf(borders.lock().unwrap_or_else(PoisonError::into_inner).cover()?)
            }
            Way::OfNftables(route) => {
                Seen::OfNftables(interfaces::all(route).map_err(system("list the interfaces"))?)
            }
        }))
    }
}
