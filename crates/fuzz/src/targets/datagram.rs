//! Heartbeats: from anyone on the network, and from a member gone mad.

use super::{Target, ensure};
use membership::datagram::{Key, SEALED_LEN, open, seal};
use model::stored::{HEARTBEAT_BODY_LEN, Heartbeat};
use model::{Incarnation, Moment, NodeId, Timestamp};

const KEY: Key = [7; 32];
const FOREIGN: Key = [8; 32];

/// Whatever arrives on the heartbeat port.
pub(super) const DATAGRAM: Target = Target {
    name: "datagram",
    reads: "a heartbeat datagram of anyone",
    run: |bytes| {
        ensure(open(&FOREIGN, bytes).is_err(), "a datagram was opened with a key that did not seal it")?;
        let Ok(beat) = open(&KEY, bytes) else { return Ok(()) };
        ensure(seal(&KEY, &beat) == bytes, "what was opened is sealed otherwise")?;
        // Two bits that undo each other would be a seed again; one is not.
        ensure(seeds().iter().any(|seed| seed == bytes), "a changed datagram was opened")
    },
    seeds,
    words: &["SFHB", "\u{1}"],
};

/// Bodies that carry the right seal.
pub(super) const SEALED: Target = Target {
    name: "sealed-datagram",
    reads: "a heartbeat of whoever has the cluster's key",
    run: |body| {
        let decoded = Heartbeat::decode(body);
        let Ok(beat) = decoded else { return Ok(()) };
        // Not the same bytes: a clock beyond what a timestamp holds is read as the latest one.
        ensure(Heartbeat::decode(&beat.encode()) == Ok(beat), "a heartbeat is decoded otherwise again")?;
        let sealed = seal(&KEY, &beat);
        ensure(sealed.len() == SEALED_LEN, "a sealed heartbeat has another length")?;
        ensure(open(&KEY, &sealed) == Ok(beat), "what was sealed is not opened")
    },
    seeds: || seeds().iter().map(|sealed| sealed[..HEARTBEAT_BODY_LEN].to_vec()).collect(),
    words: &["SFHB", "\u{1}", "\u{2}"],
};

fn seeds() -> Vec<Vec<u8>> {
    [(1, 0, 1), (2, 7, u64::MAX), (u64::MAX, 255, 0)]
        .map(|(node, network, sequence)| Heartbeat {
            node: NodeId(node),
            incarnation: Incarnation([9; 8]),
            network,
            sequence,
            clock: Timestamp::from_unix_ms(1_795_372_200_123),
            boot: Moment(std::time::Duration::from_nanos(sequence)),
        })
        .iter()
        .map(|beat| seal(&KEY, beat).to_vec())
        .collect()
}
