//! Networks, peers, and callers that waste this node's time. Own ids 20400 to 20499.

use model::{Endpoint, NodeName};

catalogue! {
    1123 PeerNetworkLost "PEER_NETWORK_LOST" Warning {
        /// the peer
        node: NodeName,
        /// the peer's address on that network
        address: Endpoint,
    } => "Heartbeats from node {node} at {address} are missing; that network to it counts as lost."
    cause: "The peer's cable, port, address or firewall on that network, or the network itself. As long \
            as another network reaches the peer, nothing else happens.",
    remedy: "`steadfast status` shows whether one peer or all peers are lost there: all of them means this \
             node's own cable or the switch. Mend it before the other network fails too.";

    1122 PeerNetworkBack "PEER_NETWORK_BACK" Information {
        /// the peer
        node: NodeName,
        /// the peer's address on that network
        address: Endpoint,
    } => "Heartbeats from node {node} at {address} arrive again."
    cause: "That network works again.",
    remedy: "Nothing is wrong. If it comes and goes, look at cables and switch ports.";

    1127 InterfaceFailed "INTERFACE_FAILED" Error {
        /// the address
        address: Endpoint,
        /// what is wrong with it
        problem: String,
    } => "This node cannot serve its address {address}: {problem}. It goes on trying."
    cause: "The address of `networks` is not on this machine (yet), its interface is down, or another \
            program has the port.",
    remedy: "`ip address` shows the machine's addresses and `ss -lntup` who has the port. Correct `listen` \
             and `networks` in steadfast.toml if the address is wrong, and restart the daemon.";

    20401 InterfaceServed "INTERFACE_SERVED" Information {
        /// the address
        address: Endpoint,
    } => "This node serves its address {address} again."
    cause: "The reason for which it could not be served is gone.",
    remedy: "Nothing is wrong.";

    20402 ConnectionsRefused "CONNECTIONS_REFUSED" Warning {
        /// where most of them came from
        from: String,
        /// how many since the last such event
        count: u64,
        /// why
        problem: String,
    } => "{count} connections were refused, most of them from {from}: {problem}."
    cause: "Something opens connections and says nothing, says garbage, or opens too many: a port scan, a \
            monitoring probe, a broken client, or an attack. Heartbeats and peers are not affected.",
    remedy: "Look who has that address (`ss -tn` shows who is connected now). Close the port to all but the \
             nodes and the administrators.";

    20403 HeartbeatRejected "HEARTBEAT_REJECTED" Warning {
        /// the address they came from
        from: String,
        /// how many since the last such event
        count: u64,
        /// why
        problem: String,
    } => "{count} heartbeats from {from} were rejected: {problem}."
    cause: "They do not carry this cluster's key or are repeated: another cluster has the same addresses \
            and port, an evicted node still sends, or somebody forges.",
    remedy: "Look who has that address. Stop the daemon there if it is not a member: `steadfast node list`.";
}
