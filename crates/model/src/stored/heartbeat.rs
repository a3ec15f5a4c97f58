//! The body of a heartbeat datagram: fixed layout, big-endian, without its authentication.
//!
//! Binary and of fixed size, because it is decoded before its sender is known: no allocation, no
//! recursion, nothing to exhaust. The `membership` crate seals and opens it.

use crate::{Incarnation, Moment, NodeId, Timestamp};
use std::time::Duration;

/// Length of a body in bytes.
pub const HEARTBEAT_BODY_LEN: usize = 4 + 1 + 1 + 8 + 8 + 8 + 8 + 8;

const MAGIC: [u8; 4] = *b"SFHB";
const VERSION: u8 = 1;

/// "I am here."
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heartbeat {
    /// Who.
    pub node: NodeId,
    /// Which life of its daemon.
    pub incarnation: Incarnation,
    /// Which of the sender's networks this went out on, from 0.
    pub network: u8,
    /// Grows by at least one with every heartbeat of this incarnation.
    pub sequence: u64,
    /// The sender's wall clock, to notice clocks that differ.
    pub clock: Timestamp,
    /// The sender's CLOCK_BOOTTIME, read before it was sent: by it others notice that theirs has jumped.
    pub boot: Moment,
}

/// Bytes are not a heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeartbeatError {
    /// Of another length, or without the magic number.
    #[error("not a heartbeat")]
    Foreign,
    /// Of another version.
    #[error("a heartbeat of version {0}; this software speaks version {VERSION}")]
    Version(u8),
}

impl Heartbeat {
    /// Writes the body.
    #[must_use]
    pub fn encode(&self) -> [u8; HEARTBEAT_BODY_LEN] {
        let mut out = [0; HEARTBEAT_BODY_LEN];
        out[..4].copy_from_slice(&MAGIC);
        out[4] = VERSION;
        out[5] = self.network;
        out[6..14].copy_from_slice(&self.node.0.to_be_bytes());
        out[14..22].copy_from_slice(&self.incarnation.0);
        out[22..30].copy_from_slice(&self.sequence.to_be_bytes());
        out[30..38].copy_from_slice(&self.clock.unix_ms().to_be_bytes());
        let boot_ns = u64::try_from(self.boot.0.as_nanos()).unwrap_or(u64::MAX);
        out[38..46].copy_from_slice(&boot_ns.to_be_bytes());
        out
    }

    /// Reads a body.
    ///
    /// # Errors
    /// [`HeartbeatError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, HeartbeatError> {
        let body: &[u8; HEARTBEAT_BODY_LEN] = bytes.try_into().map_err(|_| HeartbeatError::Foreign)?;
        if body[..4] != MAGIC {
            return Err(HeartbeatError::Foreign);
        }
        if body[4] != VERSION {
            return Err(HeartbeatError::Version(body[4]));
        }
        let eight = |from: usize| -> [u8; 8] {
            let mut out = [0; 8];
            out.copy_from_slice(&body[from..from + 8]);
            out
        };
        Ok(Self {
            network: body[5],
            node: NodeId(u64::from_be_bytes(eight(6))),
            incarnation: Incarnation(eight(14)),
            sequence: u64::from_be_bytes(eight(22)),
            clock: Timestamp::from_unix_ms(u64::from_be_bytes(eight(30))),
            boot: Moment(Duration::from_nanos(u64::from_be_bytes(eight(38)))),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_round_trips_and_refuses_the_rest() {
        let beat = Heartbeat {
            node: NodeId(7),
            incarnation: Incarnation([9; 8]),
            network: 1,
            sequence: 42,
            clock: Timestamp::from_unix_ms(1_795_372_200_123),
            boot: Moment(Duration::from_nanos(86_400_123_456_789)),
        };
        let bytes = beat.encode();
        assert_eq!(Heartbeat::decode(&bytes), Ok(beat));
        assert_eq!(Heartbeat::decode(&bytes[1..]), Err(HeartbeatError::Foreign));
        assert_eq!(Heartbeat::decode(b""), Err(HeartbeatError::Foreign));
        let mut newer = bytes;
        newer[4] = 2;
        assert_eq!(Heartbeat::decode(&newer), Err(HeartbeatError::Version(2)));
    }
}
