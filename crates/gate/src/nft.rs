//! The gate of nftables, where eBPF is not permitted: elements of sets that time out by themselves.
//!
//! One table of the family `netdev` for each node, `steadfast_NODE`. Two of its sets hold the gated addresses,
//! two those that are open, each with the time it has left; a packet of a gated address that is not open is
//! dropped. The chains are at ingress and egress of every interface: before any translation of addresses, and
//! where raw sockets pass too.
//!
//! What makes it weaker than eBPF is that its times count from the write, not to a moment. So:
//! * **A renewal deletes and adds in one transaction**, which fails once the element has timed out: a writer
//!   that was frozen in between revives nothing.
//! * **An opening has nothing to delete, so it makes something first**: it *announces* the address, in two more
//!   sets, for as long as its grant has left. Then it reads the clock again, and one transaction deletes the
//!   announcement and adds the element. A writer that was frozen anywhere in between finds the announcement
//!   timed out, and opens nothing. What is announced late, by one who was frozen before, is no harm: nothing
//!   passes for it, and the clock that is read after it says that the grant is over.
//! * **The table is owned by a socket**, so that `nft flush ruleset` leaves it alone, and persists when that
//!   socket is closed (kernel 6.9 and later; on older ones it is nobody's). From then on it can be flushed. So
//!   somebody other than the daemon has to hold a copy of the socket ([`crate::Keeper`]).
//!
//! **For how long.** Let L be a lease, and s the moment from which the last grant counts. The clock is read at
//! c, before the grant's end s + L, and so after the write w of what is deleted (the announcement, or the
//! element before), which has less than L left: it is gone by w + L ≤ c + L. The new element is added before
//! that, and has s + L − c left. So it is gone by (c + L) + (s + L − c) = s + 2L. That is the bound of
//! [`crate::Kind::Nftables`], for openings and renewals alike.

mod rules;
mod words;

use crate::clock;
use crate::error::{GateError, is, system};
use crate::gate::{Coverage, Standing, Uncovered};
use crate::interfaces::Interface;
use crate::netlink::{Message, Netlink};
use rules::{ANNOUNCED, GUARDED, OPEN, Table};
use rustix::io::Errno;
use rustix::net::netlink::NETFILTER;
use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd as _, OwnedFd};
use std::time::{Duration, Instant};

/// How long a table may be owned by somebody who has ended. The kernel waits for all processors before it lets go,
/// which takes some milliseconds on a busy machine.
const LETS_GO: Duration = Duration::from_secs(2);

/// So many messages in a transaction: the kernel answers each before the first answer is read, and throws
/// answers away if there are more than some 250.
const AT_ONCE: usize = 100;

/// The table and what is in it.
#[derive(Debug)]
pub(crate) struct NftGate {
    table: Table,
    netfilter: Netlink,
    /// Whether the table is this socket's own.
    owned: bool,
    gated: BTreeSet<IpAddr>,
    /// Those that were opened, and not closed since: setting them renews, and cannot open.
    opened: BTreeSet<IpAddr>,
}

impl NftGate {
    /// With the table that is there, if it is; by the socket that owns it, if somebody held that.
    pub(crate) fn open_or_adopt(node: &str, held: Option<OwnedFd>) -> Result<Self, GateError> {
        let netfilter = match held {
            Some(socket) => Netlink::with_socket(socket),
            None => Netlink::open(Some(NETFILTER)),
        };
        let mut gate = Self {
            table: Table::of(node),
            netfilter: netfilter.map_err(system("open a netlink socket"))?,
            owned: true,
            gated: BTreeSet::new(),
            opened: BTreeSet::new(),
        };
        gate.take_over()?;
        for standing in gate.standing()? {
            gate.gated.insert(standing.address);
            if standing.deadline_boot_ns > 0 {
                gate.opened.insert(standing.address);
            }
        }
        Ok(gate)
    }

    /// The gate that a former daemon left, if there is one.
    pub(crate) fn left(node: &str, held: Option<OwnedFd>) -> Result<Option<Self>, GateError> {
        let table = Table::of(node);
        let mut netfilter = Netlink::open(Some(NETFILTER)).map_err(system("open a netlink socket"))?;
        let said = netfilter.list(&table.all_chains()).map_err(system("list the chains of nftables"))?;
        if said.iter().any(|said| table.chain_in(said).is_some()) {
            return Self::open_or_adopt(node, held).map(Some);
        }
        Ok(None)
    }

    /// Whether the table outlives `nft flush ruleset` as long as a copy of the socket is held.
    pub(crate) fn is_owned(&self) -> bool {
        self.owned
    }

    /// A copy of the socket that owns the table.
    pub(crate) fn held(&self) -> Result<OwnedFd, GateError> {
        self.netfilter.as_fd().try_clone_to_owned().map_err(system("copy the socket that owns the table"))
    }

    /// Makes the table, or takes it over. A process that has just ended may own it for some milliseconds more: the
    /// kernel lets go of its sockets after its end was seen.
    fn take_over(&mut self) -> Result<(), GateError> {
        let until = Instant::now() + LETS_GO;
        loop {
            match self.install() {
                Err(GateError::NotPermitted(_)) if Instant::now() < until && !self.chains()?.is_empty() => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                done => return done,
            }
        }
    }

    /// Makes the table, or takes it over; the rules are made anew in the same transaction.
    fn install(&mut self) -> Result<(), GateError> {
        let mut made = self.transact(self.table.messages(true));
        if made.as_ref().is_err_and(|error| is(error, Errno::OPNOTSUPP) || is(error, Errno::INVAL)) {
            // A kernel that knows no owner, or no table that persists without one.
            self.owned = false;
            made = self.transact(self.table.messages(false));
        }
        made.map_err(|error| {
            let name = self.table.name();
            if is(&error, Errno::PERM) {
                let why = format!(
                    "the table netdev {name} belongs to another process, or CAP_NET_ADMIN is missing; end the \
                     process that holds the gate of this node, or see `nft list table netdev {name}`"
                );
                return GateError::NotPermitted(why);
            }
            system(format!("make the table netdev {name}"))(error)
        })
    }

    /// Puts the table back if somebody removed it, and its chains at those of the interfaces that have none.
    pub(crate) fn cover(&mut self, interfaces: Vec<Interface>) -> Result<Coverage, GateError> {
        let mut there = self.chains()?;
        if !there.contains(rules::IN) || !there.contains(rules::OUT) {
            self.opened.clear();
            self.install()?;
            let gated: Vec<Message> =
                self.gated.iter().map(|address| self.table.add(GUARDED, *address, None)).collect();
            for some in gated.chunks(AT_ONCE) {
                self.transact(some.to_vec()).map_err(system("put the gated addresses back"))?;
            }
            there = self.chains()?;
        }
        let mut coverage = Coverage::default();
        for interface in interfaces {
            let name = interface.name;
            if self.table.chains_at(&name).iter().all(|chain| there.contains(chain)) {
                continue;
            }
            match self.transact(self.table.at(&name)) {
                Ok(()) => coverage.added.push(name),
                // It has gone meanwhile.
                Err(error) if is(&error, Errno::NODEV) || is(&error, Errno::NOENT) => {}
                Err(error) => {
                    let why = system(format!("put a chain at {name}"))(error).to_string();
                    coverage.uncovered.push(Uncovered { interface: name, why });
                }
            }
        }
        Ok(coverage)
    }

    fn chains(&mut self) -> Result<BTreeSet<String>, GateError> {
        let said = self.netfilter.list(&self.table.all_chains()).map_err(system("list the chains"))?;
        Ok(said.iter().filter_map(|said| self.table.chain_in(said)).collect())
    }

    /// Opens, renews or closes an address.
    pub(crate) fn set(&mut self, address: IpAddr, deadline_boot_ns: u64) -> Result<(), GateError> {
        if !self.gated.contains(&address) {
            let gated = self.transact(vec![self.table.add(GUARDED, address, None)]);
            gated.map_err(system(format!("gate {address}")))?;
            self.gated.insert(address);
        }
        let left_ms = until_ms(deadline_boot_ns);
        if left_ms == 0 {
            self.close(address)
        } else if self.opened.contains(&address) {
            self.put_in_place_of(OPEN, address, left_ms)
        } else {
            self.announce(address, left_ms)?;
            // After the announcement, or else it would prove nothing.
            self.open_announced(address, until_ms(deadline_boot_ns))
        }
    }

    /// The first half of an opening.
    fn announce(&mut self, address: IpAddr, left_ms: u64) -> Result<(), GateError> {
        let announced = self.transact(vec![self.table.add(ANNOUNCED, address, Some(left_ms))]);
        announced.map_err(system(format!("announce that {address} opens")))
    }

    /// The second half; `left_ms` was found out after the first one.
    fn open_announced(&mut self, address: IpAddr, left_ms: u64) -> Result<(), GateError> {
        if left_ms == 0 {
            return Err(GateError::Expired { address });
        }
        self.put_in_place_of(ANNOUNCED, address, left_ms)?;
        self.opened.insert(address);
        Ok(())
    }

    /// Opens an address for that long, if it is still in this set, from which it is removed.
    fn put_in_place_of(&mut self, set: &str, address: IpAddr, left_ms: u64) -> Result<(), GateError> {
        let messages = vec![self.table.remove(set, address), self.table.add(OPEN, address, Some(left_ms))];
        match self.transact(messages) {
            Err(error) if is(&error, Errno::NOENT) => Err(GateError::Expired { address }),
            other => other.map_err(system(format!("set the deadline of {address}"))),
        }
    }

    fn close(&mut self, address: IpAddr) -> Result<(), GateError> {
        for set in [ANNOUNCED, OPEN] {
            match self.transact(vec![self.table.remove(set, address)]) {
                Err(error) if !is(&error, Errno::NOENT) => {
                    return Err(system(format!("close {address}"))(error));
                }
                _ => {}
            }
        }
        self.opened.remove(&address);
        Ok(())
    }

    /// Gates an address no longer.
    pub(crate) fn remove(&mut self, address: IpAddr) -> Result<(), GateError> {
        self.close(address)?;
        if self.gated.remove(&address) {
            match self.transact(vec![self.table.remove(GUARDED, address)]) {
                Err(error) if !is(&error, Errno::NOENT) => {
                    return Err(system(format!("remove the gate of {address}"))(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// All gated addresses.
    pub(crate) fn standing(&mut self) -> Result<Vec<Standing>, GateError> {
        let mut open = Vec::new();
        let mut all = Vec::new();
        for wide in [false, true] {
            let left = self.elements(OPEN, wide)?;
            let now = clock::boot_now_ns();
            open.extend(
                left.into_iter().map(|(address, left_ms)| {
                    (address, now.saturating_add(left_ms.saturating_mul(1_000_000)))
                }),
            );
            all.extend(self.elements(GUARDED, wide)?);
        }
        let deadline =
            |address| open.iter().find(|(open, _)| *open == address).map_or(0, |(_, until)| *until);
        let standing = |(address, _)| Standing { address, deadline_boot_ns: deadline(address) };
        let mut all: Vec<_> = all.into_iter().map(standing).collect();
        all.sort_by_key(|standing| standing.address);
        Ok(all)
    }

    fn elements(&mut self, set: &str, wide: bool) -> Result<Vec<(IpAddr, u64)>, GateError> {
        let said =
            self.netfilter.list(&self.table.all_elements(set, wide)).map_err(system("read the sets"))?;
        Ok(said.iter().flat_map(words::elements).collect())
    }

    /// Removes the table.
    pub(crate) fn dismantle(mut self) -> Result<(), GateError> {
        match self.transact(vec![self.table.delete()]) {
            Err(error) if !is(&error, Errno::NOENT) => Err(system("remove the table")(error)),
            _ => Ok(()),
        }
    }

    fn transact(&mut self, messages: Vec<Message>) -> io::Result<()> {
        if messages.is_empty() {
            return Ok(());
        }
        self.netfilter.transact(words::ends(), messages)
    }
}

/// How long it is until a deadline. Rounded down: an address may close early, never late.
fn until_ms(deadline_boot_ns: u64) -> u64 {
    u64::try_from(clock::until(deadline_boot_ns).as_millis()).unwrap_or(u64::MAX)
}

/// Whether a table with a chain at the egress of an interface can be made: it is made and removed in one
/// transaction.
pub(crate) fn try_out() -> io::Result<()> {
    let mut netfilter = Netlink::open(Some(NETFILTER))?;
    let table = Table::named("steadfast_probe");
    let mut messages = table.messages(false);
    messages.extend(table.at("lo"));
    messages.push(table.delete());
    netfilter.transact(words::ends(), messages)
}

#[cfg(test)]
mod tests;
