//! The two networks, and who has which address on them.
//!
//! Everything is computed from the host's number, so that nobody has to look anything up:
//! host `n3` is `10.99.0.3` and `fd99:0::3` on `eth0`, `10.99.1.3` and `fd99:1::3` on `eth1`.

use std::net::{Ipv4Addr, Ipv6Addr};

/// One of the two networks that every host is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Network {
    /// `eth0`: 10.99.0.0/24 and fd99:0::/64.
    First,
    /// `eth1`: 10.99.1.0/24 and fd99:1::/64.
    Second,
}

impl Network {
    /// Both.
    pub const ALL: [Self; 2] = [Self::First, Self::Second];

    /// 0 or 1.
    pub(crate) fn index(self) -> u8 {
        match self {
            Self::First => 0,
            Self::Second => 1,
        }
    }

    /// The name of its interface inside a host: `eth0` or `eth1`.
    pub fn interface(self) -> &'static str {
        match self {
            Self::First => "eth0",
            Self::Second => "eth1",
        }
    }

    /// The address of host number `host` (1 for `n1`); prefix length 24.
    pub fn ipv4(self, host: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, 99, self.index(), host)
    }

    /// The address of host number `host` (1 for `n1`); prefix length 64.
    pub fn ipv6(self, host: u8) -> Ipv6Addr {
        Ipv6Addr::new(0xfd99, u16::from(self.index()), 0, 0, 0, 0, 0, u16::from(host))
    }

    /// The hardware address. It stays over restarts, as a real network card's does, so peers need
    /// not forget what they learned.
    pub(crate) fn mac(self, host: u8) -> String {
        format!("02:99:{:02x}:00:00:{host:02x}", self.index())
    }
}

/// The `ip -batch` lines that configure a host's interfaces, run inside it.
pub(crate) fn host_batch(host: u8) -> String {
    let mut batch = "link set lo up\n".to_owned();
    for network in Network::ALL {
        let (eth, v4, v6) = (network.interface(), network.ipv4(host), network.ipv6(host));
        batch += &format!("addr add {v4}/24 brd + dev {eth}\n");
        batch += &format!("addr add {v6}/64 dev {eth} nodad\n");
        batch += &format!("link set {eth} up\n");
    }
    batch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_follow_from_the_number() {
        assert_eq!(Network::First.ipv4(3).to_string(), "10.99.0.3");
        assert_eq!(Network::Second.ipv4(250).to_string(), "10.99.1.250");
        assert_eq!(Network::Second.ipv6(10).to_string(), "fd99:1::a");
        assert_eq!(Network::First.mac(255), "02:99:00:00:00:ff");
    }
}
