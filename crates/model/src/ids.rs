//! Ids: numbers that cannot be confused with each other.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

macro_rules! number {
    ($(#[$doc:meta])* $type:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $type(pub u64);

        impl $type {
            /// The one after this one.
            #[must_use]
            pub fn next(self) -> Self {
                Self(self.0 + 1)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    };
}

number!(
    /// A member's number, given at admission and never given twice in the life of a cluster.
    /// Names may come back after an eviction; numbers do not, so an evicted node stays evicted.
    NodeId, "node#"
);
// openraft counts in plain numbers.
impl From<u64> for NodeId {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

number!(
    /// How many changes the cluster database has accepted. Every accepted change adds one;
    /// a refused one adds nothing.
    Revision, "rev#"
);
number!(
    /// The ownership generation of a group. It grows whenever the owner changes.
    Generation, "gen#"
);
number!(
    /// The number of a baseline: a set of components that was validated. Every change of the set makes the next
    /// one, also a return to an earlier set.
    BaselineGeneration, "baseline#"
);

macro_rules! opaque {
    ($(#[$doc:meta])* $type:ident, $bytes:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(pub [u8; $bytes]);

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $type {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let wrong = || InvalidId { what: $what, digits: 2 * $bytes };
                if text.len() != 2 * $bytes || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
                    return Err(wrong());
                }
                let mut out = [0; $bytes];
                for (byte, pair) in out.iter_mut().zip(text.as_bytes().chunks(2)) {
                    let pair = std::str::from_utf8(pair).map_err(|_| wrong())?;
                    *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
                }
                Ok(Self(out))
            }
        }

        impl TryFrom<String> for $type {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(id: $type) -> String {
                id.to_string()
            }
        }
    };
}

/// A text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a {what}: expected {digits} hexadecimal digits")]
pub struct InvalidId {
    what: &'static str,
    digits: usize,
}

opaque!(
    /// A cluster's identity, drawn at `init`. Two clusters of one name differ in it.
    ClusterId, 16, "cluster id"
);
opaque!(
    /// A write's identity, drawn by the node that first took it, so that a retry after a lost
    /// answer is recognised and not done twice.
    RequestId, 16, "request id"
);
opaque!(
    /// A join token's public part.
    TokenId, 8, "token id"
);
opaque!(
    /// One life of one daemon process, drawn at its start. Two processes with one identity
    /// differ in it, which is how a cloned node is told from a restarted one.
    Incarnation, 8, "incarnation"
);
opaque!(
    /// What a file holds: its BLAKE3.
    ContentHash, 32, "content hash"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opaque_ids_round_trip_and_refuse_the_rest() {
        let id = TokenId([0xab, 0, 1, 2, 3, 4, 5, 0xff]);
        assert_eq!(id.to_string(), "ab000102030405ff");
        assert_eq!("ab000102030405ff".parse::<TokenId>().unwrap(), id);
        for bad in ["", "ab", "zz000102030405ff", "ab000102030405ff00", "+b000102030405ff", "äb00102030405ff"]
        {
            assert!(bad.parse::<TokenId>().is_err(), "{bad}");
        }
    }
}
