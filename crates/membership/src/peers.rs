//! Which node was heard from, on which network, how long ago.
//!
//! Every node sends heartbeats to every other on every network, so the loss of one network of two
//! is seen as exactly that. Silence is judged on [`PeerTable::tick`], never by arrival order.

use crate::Moment;
use model::stored::Heartbeat;
use model::{NodeId, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// Clocks that differ by more than this are reported. Nothing depends on wall clocks but what
/// people read: event times and token expiries; ten seconds confuse neither.
pub const CLOCK_TOLERANCE: Duration = Duration::from_secs(10);

/// For how long clocks must differ, or agree, before that is said. A machine that was stalled reads
/// old heartbeats all at once; they are through within this.
pub const CLOCK_PATIENCE: Duration = Duration::from_secs(2);

/// What a tick or a heartbeat changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The node is heard from again, or for the first time.
    NodeUp(NodeId),
    /// The node has been silent on every network.
    NodeDown(NodeId),
    /// One network of a node is heard from again.
    NetworkUp(NodeId, u8),
    /// One network of a node that is up on another has been silent.
    NetworkDown(NodeId, u8),
    /// The node's wall clock differs by this many milliseconds (theirs minus ours).
    ClockDiffers(NodeId, i64),
    /// It agrees again.
    ClockAgrees(NodeId),
}

#[derive(Debug, Clone, Copy, Default)]
struct Link {
    heard: Option<Moment>,
    up: bool,
}

#[derive(Debug, Clone, Default)]
struct Peer {
    links: Vec<Link>,
    sequence: Option<(model::Incarnation, u64)>,
    up: bool,
    clock_differs: bool,
    /// Since when the clock has been seen otherwise than `clock_differs` says.
    clock_doubted: Option<Moment>,
}

/// What is known of the other nodes.
#[derive(Debug, Clone)]
pub struct PeerTable {
    silence: Duration,
    peers: BTreeMap<NodeId, Peer>,
}

impl PeerTable {
    /// Nobody was heard from yet. `silence` is [`crate::timers::Timers::silence`].
    #[must_use]
    pub fn new(silence: Duration) -> Self {
        Self { silence, peers: BTreeMap::new() }
    }

    /// Judges by another silence from now on; who is up stays so until it has lasted.
    pub fn set_silence(&mut self, silence: Duration) {
        self.silence = silence;
    }

    /// Sets who the other members are, each with its number of networks.
    pub fn set_members(&mut self, members: &BTreeMap<NodeId, usize>) {
        self.peers.retain(|id, _| members.contains_key(id));
        for (id, networks) in members {
            let peer = self.peers.entry(*id).or_default();
            peer.links.resize_with(*networks, Link::default);
        }
    }

    /// A heartbeat arrived; it is authentic, and of the incarnation that is the node.
    pub fn heard(&mut self, now: Moment, our_clock: Timestamp, beat: &Heartbeat) -> Vec<Change> {
        let mut changes = Vec::new();
        let Some(peer) = self.peers.get_mut(&beat.node) else { return changes };
        // Networks carry the same numbers one after another, so an equal sequence is no replay:
        // only an older one is. What is replayed at once proves no less than the original did.
        match peer.sequence {
            Some((incarnation, last)) if incarnation == beat.incarnation && beat.sequence < last => {
                return changes;
            }
            _ => peer.sequence = Some((beat.incarnation, beat.sequence)),
        }
        let Some(link) = peer.links.get_mut(usize::from(beat.network)) else { return changes };
        let known = link.heard.replace(now).is_some();
        if !link.up {
            link.up = true;
            // Heard for the first time, a network is not back: it was never lost.
            if peer.up && known {
                changes.push(Change::NetworkUp(beat.node, beat.network));
            }
        }
        if !peer.up {
            peer.up = true;
            changes.push(Change::NodeUp(beat.node));
        }
        let off_ms = i64::try_from(beat.clock.unix_ms()).unwrap_or(i64::MAX)
            - i64::try_from(our_clock.unix_ms()).unwrap_or(i64::MAX);
        let differs = off_ms.unsigned_abs() > CLOCK_TOLERANCE.as_millis() as u64;
        if differs == peer.clock_differs {
            peer.clock_doubted = None;
        } else if now.since(*peer.clock_doubted.get_or_insert(now)) >= CLOCK_PATIENCE {
            peer.clock_doubted = None;
            peer.clock_differs = differs;
            changes.push(if differs {
                Change::ClockDiffers(beat.node, off_ms)
            } else {
                Change::ClockAgrees(beat.node)
            });
        }
        changes
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Moment) -> Vec<Change> {
        let mut changes = Vec::new();
        for (id, peer) in &mut self.peers {
            let mut lost = Vec::new();
            for (network, link) in peer.links.iter_mut().enumerate() {
                let silent = link.heard.is_none_or(|heard| now.since(heard) >= self.silence);
                if link.up && silent {
                    link.up = false;
                    lost.push(Change::NetworkDown(*id, u8::try_from(network).unwrap_or(u8::MAX)));
                }
            }
            let up = peer.links.iter().any(|link| link.up);
            if peer.up && !up {
                peer.up = false;
                changes.push(Change::NodeDown(*id));
            } else {
                changes.append(&mut lost);
            }
        }
        changes
    }

    /// A loop that woke late has heard nothing while it slept: everybody gets their time again,
    /// so that a stall of this machine is not mistaken for the death of the others.
    pub fn forgive(&mut self, now: Moment) {
        for link in self.peers.values_mut().flat_map(|peer| &mut peer.links) {
            if link.up {
                link.heard = Some(now);
            }
        }
    }

    /// Whether a node is heard from.
    #[must_use]
    pub fn is_up(&self, node: NodeId) -> bool {
        self.peers.get(&node).is_some_and(|peer| peer.up)
    }

    /// The nodes that are heard from.
    pub fn up(&self) -> impl Iterator<Item = NodeId> {
        self.peers.iter().filter(|(_, peer)| peer.up).map(|(node, _)| *node)
    }

    /// Whether one network of a node is heard from.
    #[must_use]
    pub fn is_network_up(&self, node: NodeId, network: usize) -> bool {
        self.peers.get(&node).and_then(|peer| peer.links.get(network)).is_some_and(|link| link.up)
    }

    /// How long ago a node was last heard from.
    #[must_use]
    pub fn last_seen(&self, now: Moment, node: NodeId) -> Option<Duration> {
        let heard = self.peers.get(&node)?.links.iter().filter_map(|link| link.heard).max()?;
        Some(now.since(heard))
    }

    /// Whether a node's wall clock is known to differ from ours.
    #[must_use]
    pub fn clock_differs(&self, node: NodeId) -> bool {
        self.peers.get(&node).is_some_and(|peer| peer.clock_differs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Incarnation;

    const N2: NodeId = NodeId(2);
    const CLOCK: u64 = 1_000_000_000_000;

    fn table() -> PeerTable {
        let mut table = PeerTable::new(Duration::from_millis(1400));
        table.set_members(&BTreeMap::from([(N2, 2)]));
        table
    }

    fn beat(network: u8, sequence: u64) -> Heartbeat {
        Heartbeat {
            node: N2,
            incarnation: Incarnation([1; 8]),
            network,
            sequence,
            clock: Timestamp::from_unix_ms(CLOCK),
            boot: Moment::from_ms(sequence),
        }
    }

    fn hear(table: &mut PeerTable, ms: u64, beat: Heartbeat) -> Vec<Change> {
        table.heard(Moment::from_ms(ms), Timestamp::from_unix_ms(CLOCK), &beat)
    }

    #[test]
    fn the_loss_of_one_network_of_two_is_not_the_loss_of_the_node() {
        let mut table = table();
        assert_eq!(hear(&mut table, 0, beat(0, 1)), [Change::NodeUp(N2)]);
        assert_eq!(hear(&mut table, 0, beat(1, 1)), [], "it was never lost");
        hear(&mut table, 1000, beat(0, 2));
        assert_eq!(table.tick(Moment::from_ms(1500)), [Change::NetworkDown(N2, 1)]);
        assert!(table.is_up(N2) && table.is_network_up(N2, 0) && !table.is_network_up(N2, 1));
        assert_eq!(hear(&mut table, 1600, beat(1, 3)), [Change::NetworkUp(N2, 1)]);
        assert_eq!(table.tick(Moment::from_ms(3000)), [Change::NodeDown(N2)]);
        assert_eq!(table.tick(Moment::from_ms(9600)), [], "said once");
        assert_eq!(table.last_seen(Moment::from_ms(9600), N2), Some(Duration::from_secs(8)));
    }

    #[test]
    fn an_older_datagram_is_no_sign_of_life() {
        let mut table = table();
        hear(&mut table, 0, beat(0, 5));
        hear(&mut table, 1300, beat(0, 4));
        assert_eq!(table.tick(Moment::from_ms(1400)), [Change::NodeDown(N2)]);
    }

    #[test]
    fn strangers_and_unknown_networks_are_ignored() {
        let mut table = table();
        let stranger = Heartbeat { node: NodeId(9), ..beat(0, 1) };
        assert_eq!(hear(&mut table, 0, stranger), []);
        assert_eq!(hear(&mut table, 0, beat(7, 1)), []);
        assert!(!table.is_up(N2));
    }

    #[test]
    fn a_clock_a_day_off_is_told_once_and_its_return_too() {
        let mut table = table();
        let off = Heartbeat { clock: Timestamp::from_unix_ms(CLOCK - 86_400_000), ..beat(0, 1) };
        assert_eq!(hear(&mut table, 0, off), [Change::NodeUp(N2)]);
        assert_eq!(hear(&mut table, 1999, off), []);
        assert_eq!(hear(&mut table, 2000, off), [Change::ClockDiffers(N2, -86_400_000)]);
        assert_eq!(hear(&mut table, 4100, off), []);
        assert_eq!(hear(&mut table, 5000, beat(0, 3)), []);
        assert_eq!(hear(&mut table, 7000, beat(0, 4)), [Change::ClockAgrees(N2)]);
    }

    #[test]
    fn old_heartbeats_read_after_a_stall_say_nothing_about_the_clock() {
        let mut table = table();
        hear(&mut table, 0, beat(0, 1));
        let old = Heartbeat { clock: Timestamp::from_unix_ms(CLOCK - 60_000), ..beat(0, 2) };
        assert_eq!(hear(&mut table, 9000, old), []);
        assert_eq!(hear(&mut table, 9001, beat(0, 3)), []);
        assert_eq!(hear(&mut table, 12_000, Heartbeat { sequence: 4, ..old }), []);
    }

    #[test]
    fn a_stall_of_ours_takes_nobody_down() {
        let mut table = table();
        hear(&mut table, 0, beat(0, 1));
        table.forgive(Moment::from_ms(5000));
        assert_eq!(table.tick(Moment::from_ms(5000)), []);
        assert_eq!(table.tick(Moment::from_ms(6400)), [Change::NodeDown(N2)]);
    }
}
