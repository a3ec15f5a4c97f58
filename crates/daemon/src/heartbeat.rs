//! Heartbeats: sent to every member on every network, and heard.

use crate::clock;
use crate::node::Node;
use crate::node::own::Own;
use crate::peer::links::same_network;
use crate::rate::PerSource;
use membership::datagram::{self, SEALED_LEN};
use membership::peers::Change;
use model::stored::Heartbeat;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::UdpSocket;

/// The sockets of this node's networks, in the order of its endpoints; empty where an address
/// cannot be served at the moment.
pub(crate) type Sockets = Arc<Vec<Mutex<Option<Arc<UdpSocket>>>>>;

/// Sends heartbeats and judges silence, for ever.
pub(crate) async fn run(node: Arc<Node>) {
    let own_ips: Vec<IpAddr> = node.config.endpoints.iter().map(|endpoint| endpoint.0.ip()).collect();
    let mut sequence = 0_u64;
    let mut before = clock::moment();
    loop {
        let interval = node.timers().heartbeat;
        clock::beat(interval).await;
        let now = clock::moment();
        if now.since(before) > interval * 2 {
            // We were stalled, not they: everybody gets their time again.
            node.peers(|peers| peers.forgive(now));
        }
        before = now;
        sequence += 1;
        send(&node, &own_ips, sequence);
        crate::running::lease::beat(&node);
        let changes = node.peers(|peers| peers.tick(now));
        tell(&node, changes);
    }
}

fn send(node: &Node, own_ips: &[IpAddr], sequence: u64) {
    let (Some(id), Some(key)) = (node.id(), node.heartbeat_key()) else { return };
    // A node whose database cannot take part is not there for the others. One that opens it, at a
    // start or for other timers, will be in a moment.
    let stopped = node.standing().is_some_and(|standing| standing.stopped.is_some());
    if stopped || *node.own.borrow() != Own::Clear {
        return;
    }
    for member in node.others() {
        for endpoint in &member.endpoints {
            let Some(from) = same_network(own_ips, endpoint.0.ip()) else { continue };
            let Some(network) = own_ips.iter().position(|ip| *ip == from) else { continue };
            let socket = node.sockets[network].lock().unwrap_or_else(PoisonError::into_inner).clone();
            let Some(socket) = socket else { continue };
            let beat = Heartbeat {
                node: id,
                incarnation: node.incarnation(),
                network: u8::try_from(network).unwrap_or(u8::MAX),
                sequence,
                clock: clock::wall(),
                boot: clock::moment(),
            };
            // A datagram that cannot be sent is a datagram lost; its absence is what tells.
            let _ = socket.try_send_to(&datagram::seal(&key, &beat), endpoint.0);
        }
    }
}

/// Hears heartbeats on one socket until it fails.
pub(crate) async fn listen(node: Arc<Node>, socket: Arc<UdpSocket>) -> std::io::Error {
    let mut buffer = [0; SEALED_LEN + 1];
    let rejected = PerSource::default();
    loop {
        let (length, from) = match socket.recv_from(&mut buffer).await {
            Ok(received) => received,
            // An earlier datagram met a closed port; that is the other's affair.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => continue,
            Err(error) => return error,
        };
        let Some(key) = node.heartbeat_key() else { continue };
        match datagram::open(&key, &buffer[..length]) {
            Ok(beat) => heard(&node, &beat),
            Err(problem) => {
                if let Some(count) = rejected.count(from.ip()) {
                    node.log.raise(events::HeartbeatRejected {
                        from: from.ip().to_string(),
                        count,
                        problem: problem.to_string(),
                    });
                }
            }
        }
    }
}

fn heard(node: &Arc<Node>, beat: &Heartbeat) {
    if Some(beat.node) == node.id() {
        return;
    }
    let now = clock::moment();
    if !node.incarnations(|lives| lives.heard(now, beat.node, beat.incarnation)) {
        return;
    }
    node.leading.leases.observe(now, beat);
    let changes = node.peers(|peers| peers.heard(now, clock::wall(), beat));
    tell(node, changes);
}

fn tell(node: &Arc<Node>, changes: Vec<Change>) {
    if changes.iter().any(|change| matches!(change, Change::NodeUp(_) | Change::NodeDown(_))) {
        node.leading.wake();
        crate::running::agents::picture(node);
    }
    for change in changes {
        let name = |id| node.book.member(id).map(|member| member.name);
        let address = |id, network: u8| node.book.endpoints(id).get(usize::from(network)).copied();
        match change {
            Change::NodeUp(id) => {
                // It may be one that the list of members at our start did not have, or that was
                // cut off when we said hello: until we do, it takes our past life for the living.
                node.greeting_wanted.notify_one();
                crate::running::agents::tell_all(node, id);
                if let Some(node_name) = name(id) {
                    node.log.raise(events::NodeUp { node: node_name });
                }
            }
            Change::NodeDown(id) => {
                if let Some(node_name) = name(id) {
                    let silence = node.timers().silence;
                    let reason = format!("no heartbeat on any network for {} ms", silence.as_millis());
                    node.log.raise(events::NodeDown { node: node_name, reason });
                }
            }
            Change::NetworkUp(id, network) => {
                if let (Some(node_name), Some(address)) = (name(id), address(id, network)) {
                    node.log.raise(events::PeerNetworkBack { node: node_name, address });
                }
            }
            Change::NetworkDown(id, network) => {
                if let (Some(node_name), Some(address)) = (name(id), address(id, network)) {
                    node.log.raise(events::PeerNetworkLost { node: node_name, address });
                }
            }
            Change::ClockDiffers(id, difference_ms) => {
                if let Some(node_name) = name(id) {
                    node.log.raise(events::ClockDiffers { node: node_name, difference_ms });
                }
            }
            Change::ClockAgrees(id) => {
                if let Some(node_name) = name(id) {
                    node.log.raise(events::ClockAgrees { node: node_name });
                }
            }
        }
    }
}
