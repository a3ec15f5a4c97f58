//! The switch: two bridges in a network namespace that no process lives in.
//!
//! The namespace exists because this value holds a descriptor of it. When the process ends, in
//! whatever way, the kernel removes the namespace with bridges, ports and rules: nothing can leak.

use std::fs::{self, File};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Mutex, PoisonError};

use rustix::thread::{LinkNameSpaceType, UnshareFlags};

use crate::error::Doing;
use crate::faults::{Faults, port};
use crate::kernel::{on_own_thread, unshare};
use crate::{LabError, Network, tool};

pub(crate) struct Switch {
    namespace: OwnedFd,
    faults: Mutex<Faults>,
}

impl Switch {
    /// Two bridges, and an empty table of faults: so a kernel that cannot do one of them says so
    /// now, not in the middle of a test.
    pub(crate) fn new() -> Result<Self, LabError> {
        let namespace = on_own_thread(|| -> Result<OwnedFd, LabError> {
            unshare(UnshareFlags::NEWNET).doing(|| "make a network namespace".to_owned())?;
            // The switch itself never speaks. Where the kernel has no IPv6 there is nothing to turn off.
            let _ = fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
            let mut batch = String::new();
            for network in Network::ALL {
                let bridge = bridge(network);
                batch += &format!(
                    "link add {bridge} type bridge stp_state 0 forward_delay 0 mcast_snooping 0\n\
                     link set {bridge} up\n"
                );
            }
            tool::feed("ip", &["-batch", "-"], &batch)?;
            tool::feed("nft", &["-f", "-"], &Faults::default().to_nft())?;
            let link = "/proc/thread-self/ns/net";
            Ok(File::open(link).doing(|| format!("open {link}"))?.into())
        })?;
        Ok(Self { namespace, faults: Mutex::default() })
    }

    /// Plugs a host in: a cable per network, from a port here to an interface in the network
    /// namespace of process `pid`.
    pub(crate) fn plug(&self, host: &str, number: u8, pid: u32) -> Result<(), LabError> {
        let mut batch = String::new();
        for network in Network::ALL {
            let (port, eth, mac) = (port(host, network), network.interface(), network.mac(number));
            let bridge = bridge(network);
            batch += &format!(
                "link add {port} type veth peer name {eth} address {mac} netns {pid}\n\
                 link set {port} master {bridge} up\n"
            );
        }
        self.ip(&["-batch", "-"], &batch)
    }

    /// Pulls a host's cables and throws them away. That they are gone already is fine: a cable goes
    /// with the namespace at its other end, some time after its last process.
    pub(crate) fn unplug(&self, host: &str) {
        let batch: String =
            Network::ALL.map(|network| format!("link del {}\n", port(host, network))).concat();
        let _ = self.ip(&["-force", "-batch", "-"], &batch);
    }

    /// Pulls (`up` false) or plugs one cable: the host at its end sees the carrier go or come.
    pub(crate) fn set_link(&self, host: &str, network: Network, up: bool) -> Result<(), LabError> {
        let state = if up { "up" } else { "down" };
        self.ip(&["-batch", "-"], &format!("link set {} {state}\n", port(host, network)))
    }

    /// Changes the faults and applies them.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Faults)) -> Result<(), LabError> {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut faults);
        self.within(|| tool::feed("nft", &["-f", "-"], &faults.to_nft()))
    }

    fn ip(&self, args: &[&str], batch: &str) -> Result<(), LabError> {
        self.within(|| tool::feed("ip", args, batch))
    }

    fn within(&self, work: impl FnOnce() -> Result<(), LabError> + Send) -> Result<(), LabError> {
        on_own_thread(|| {
            let kind = Some(LinkNameSpaceType::Network);
            rustix::thread::move_into_link_name_space(self.namespace.as_fd(), kind)
                .doing(|| "enter the switch's namespace".to_owned())?;
            work()
        })
    }
}

fn bridge(network: Network) -> String {
    format!("br{}", network.index())
}
