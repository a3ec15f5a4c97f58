//! Addresses and paths, checked once at the edge.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

/// Where a daemon listens: an IP address and a port. No host names: name resolution that fails
/// or changes must not be able to stop a cluster from forming.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Endpoint(pub SocketAddr);

impl Endpoint {
    /// The same port on another address.
    #[must_use]
    pub fn on(self, ip: IpAddr) -> Self {
        Self(SocketAddr::new(ip, self.0.port()))
    }
}

/// A text is not an address, a network or a path; the message says what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not {what}")]
pub struct InvalidAddress {
    given: String,
    what: &'static str,
}

fn invalid(given: &str, what: &'static str) -> InvalidAddress {
    InvalidAddress { given: given.chars().take(80).flat_map(char::escape_debug).collect(), what }
}

impl FromStr for Endpoint {
    type Err = InvalidAddress;
    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let what = "an address and port such as 10.0.0.1:7400 or [fd00::1]:7400 (names are not resolved)";
        let address: SocketAddr = text.parse().map_err(|_| invalid(text, what))?;
        if address.port() == 0 || address.ip().is_unspecified() || address.ip().is_multicast() {
            return Err(invalid(text, "an address of one host, with a port of 1 to 65535"));
        }
        Ok(Self(address))
    }
}

/// An address with the length of its network's prefix: `10.0.0.100/24`, `fd00::100/64`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    /// The address itself, host bits included.
    pub address: IpAddr,
    /// Length of the prefix in bits: up to 32 (IPv4) or 128 (IPv6).
    pub prefix_bits: u8,
}

impl FromStr for Network {
    type Err = InvalidAddress;
    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let what = "an address with a prefix length, such as 10.0.0.100/24 or fd00::100/64";
        let (address, bits) = text.split_once('/').ok_or_else(|| invalid(text, what))?;
        let address: IpAddr = address.parse().map_err(|_| invalid(text, what))?;
        let prefix_bits: u8 = bits.parse().map_err(|_| invalid(text, what))?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        if prefix_bits == 0 || prefix_bits > most || bits.starts_with('+') {
            return Err(invalid(text, "an address whose prefix length is 1 to 32 (IPv4) or 1 to 128 (IPv6)"));
        }
        if address.is_unspecified() || address.is_multicast() {
            return Err(invalid(text, "an address that one host can hold"));
        }
        Ok(Self { address, prefix_bits })
    }
}

/// An absolute path without `.`, `..` or control characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AbsolutePath(String);

impl AbsolutePath {
    /// The path.
    #[must_use]
    pub fn as_path(&self) -> &Path {
        Path::new(&self.0)
    }

    /// The path, owned.
    #[must_use]
    pub fn to_path_buf(&self) -> PathBuf {
        PathBuf::from(&self.0)
    }
}

impl FromStr for AbsolutePath {
    type Err = InvalidAddress;
    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let what = "an absolute path without `.` or `..`, such as /srv/site";
        let plain = |c| matches!(c, Component::RootDir | Component::Normal(_));
        // `components()` hides a `/./` in the middle, so the text is searched for it as well.
        let hidden_dot = text.split('/').any(|part| part == "." || part == "..");
        let good = text.starts_with('/')
            && text.len() <= 4095
            && !hidden_dot
            && !text.chars().any(char::is_control)
            && Path::new(text).components().all(plain);
        if good { Ok(Self(text.to_owned())) } else { Err(invalid(text, what)) }
    }
}

macro_rules! text {
    ($type:ident, $self:ident => $shown:expr) => {
        impl fmt::Display for $type {
            fn fmt(&$self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&$shown)
            }
        }
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
        impl TryFrom<String> for $type {
            type Error = InvalidAddress;
            fn try_from(text: String) -> Result<Self, InvalidAddress> {
                text.parse()
            }
        }
        impl From<$type> for String {
            fn from(value: $type) -> String {
                value.to_string()
            }
        }
    };
}
text!(Endpoint, self => self.0.to_string());
text!(Network, self => format!("{}/{}", self.address, self.prefix_bits));
text!(AbsolutePath, self => self.0);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_ones_round_trip() {
        for text in ["10.0.0.1:7400", "[fd00::1]:7400"] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), text);
        }
        for text in ["10.0.0.100/24", "fd00::100/64"] {
            assert_eq!(text.parse::<Network>().unwrap().to_string(), text);
        }
        assert_eq!("/srv/site".parse::<AbsolutePath>().unwrap().to_string(), "/srv/site");
    }

    #[test]
    fn bad_ones_are_refused_with_an_example() {
        for bad in ["", "10.0.0.1", "10.0.0.1:0", "0.0.0.0:7400", "n1:7400", "10.0.0.1:99999", "224.0.0.1:1"]
        {
            assert!(bad.parse::<Endpoint>().is_err(), "{bad}");
        }
        for bad in ["10.0.0.1", "10.0.0.1/0", "10.0.0.1/33", "fd00::1/129", "10.0.0.1/+8", "0.0.0.0/8", "x/8"]
        {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
        for bad in ["", "srv", "/srv/../etc", "/srv/./x", "/a\nb", "/.."] {
            assert!(bad.parse::<AbsolutePath>().is_err(), "{bad}");
        }
        let error = "n1:7400".parse::<Endpoint>().unwrap_err().to_string();
        assert!(error.contains("10.0.0.1:7400"), "{error}");
    }
}
