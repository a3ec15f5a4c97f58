//! Heartbeats on the wire: a fixed body and its keyed hash.
//!
//! Anyone on the network can send a datagram, so nothing of it is believed before the hash
//! (BLAKE3, keyed with the cluster's heartbeat key) has been compared in constant time. A replayed
//! datagram is harmless: its sequence number is not new (see [`crate::peers`]).

use model::stored::{HEARTBEAT_BODY_LEN, Heartbeat, HeartbeatError};

/// The key of a cluster's heartbeats.
pub type Key = [u8; 32];

const TAG_LEN: usize = 32;

/// Length of a sealed heartbeat in bytes. Anything of another length is not one.
pub const SEALED_LEN: usize = HEARTBEAT_BODY_LEN + TAG_LEN;

/// Why a datagram was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Dropped {
    /// Not sealed with this cluster's key, or not a heartbeat at all.
    #[error("not a heartbeat of this cluster")]
    Foreign,
    /// Sealed by a member, but not understood.
    #[error(transparent)]
    Body(#[from] HeartbeatError),
}

/// Seals a heartbeat.
#[must_use]
pub fn seal(key: &Key, beat: &Heartbeat) -> [u8; SEALED_LEN] {
    let mut out = [0; SEALED_LEN];
    let body = beat.encode();
    out[..HEARTBEAT_BODY_LEN].copy_from_slice(&body);
    out[HEARTBEAT_BODY_LEN..].copy_from_slice(blake3::keyed_hash(key, &body).as_bytes());
    out
}

/// Opens a datagram.
///
/// # Errors
/// [`Dropped`]; the caller counts it and goes on.
pub fn open(key: &Key, datagram: &[u8]) -> Result<Heartbeat, Dropped> {
    if datagram.len() != SEALED_LEN {
        return Err(Dropped::Foreign);
    }
    let (body, tag) = datagram.split_at(HEARTBEAT_BODY_LEN);
    let mut given = [0; TAG_LEN];
    given.copy_from_slice(tag);
    // `blake3::Hash` compares in constant time.
    if blake3::keyed_hash(key, body) != blake3::Hash::from_bytes(given) {
        return Err(Dropped::Foreign);
    }
    Ok(Heartbeat::decode(body)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Incarnation, NodeId, Timestamp};

    fn beat() -> Heartbeat {
        Heartbeat {
            node: NodeId(2),
            incarnation: Incarnation([1; 8]),
            network: 0,
            sequence: 9,
            clock: Timestamp::from_unix_ms(1),
            boot: model::Moment::from_ms(7),
        }
    }

    #[test]
    fn only_the_cluster_s_own_key_opens_it() {
        let sealed = seal(&[7; 32], &beat());
        assert_eq!(open(&[7; 32], &sealed), Ok(beat()));
        assert_eq!(open(&[8; 32], &sealed), Err(Dropped::Foreign));
        assert_eq!(open(&[7; 32], &sealed[1..]), Err(Dropped::Foreign));
        assert_eq!(open(&[7; 32], b""), Err(Dropped::Foreign));
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let sealed = seal(&[7; 32], &beat());
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&[7; 32], &changed), Err(Dropped::Foreign), "bit {bit}");
        }
    }
}
