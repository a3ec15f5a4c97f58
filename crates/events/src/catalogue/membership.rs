//! Who is a member, who answers, who leads. Own ids 20200 to 20299.

use model::stored::SoftwareVersion;
use model::{ClusterName, Endpoint, Incarnation, NodeName};

catalogue! {
    1135 NodeDown "NODE_DOWN" Critical {
        /// the node
        node: NodeName,
        /// how it was noticed
        reason: String,
    } => "Node {node} was removed from the active membership: {reason}."
    cause: "The node was stopped, has crashed, hangs, or cannot be reached on any network.",
    remedy: "Look whether the machine runs and whether `steadfast status` answers on it. If it does, the \
             network between is the fault: `steadfast status` shows each network. If it will never come \
             back, run `steadfast node evict NAME`.";

    20201 NodeUp "NODE_UP" Information {
        /// the node
        node: NodeName,
    } => "Node {node} is back in the active membership."
    cause: "The node answers again, after a restart or after a network fault has healed.",
    remedy: "Nothing is wrong. `steadfast events --node NAME` shows what it did in between.";

    1011 NodeEvicted "NODE_EVICTED" Warning {
        /// the node
        node: NodeName,
        /// who asked
        by: String,
    } => "Node {node} was evicted from the cluster by {by}."
    cause: "`steadfast node evict` was run. The node's certificate is refused from now on, for ever.",
    remedy: "Nothing, if it was meant. To have the machine back: empty its `data_dir`, start its daemon, \
             and let it join with a new token from `steadfast token create`.";

    1093 NotAMember "NOT_A_MEMBER" Critical {
        /// the cluster
        cluster: ClusterName,
        /// the member that said so
        told_by: NodeName,
        /// what it said
        reason: String,
    } => "This node is not a member of cluster {cluster}, says node {told_by}: {reason}."
    cause: "The node was evicted while it was away, or its data_dir is an old copy.",
    remedy: "If it was evicted on purpose, stop the daemon. To let it join again: stop the daemon, move its \
             `data_dir` away, start it, and run `steadfast join` with a token from `steadfast token create`.";

    1177 QuorumLost "QUORUM_LOST" Critical {
        /// voters that answer, this node included
        votes: u64,
        /// voters that must answer
        needed: u64,
        /// voters that do not answer
        missing: Vec<NodeName>,
    } => "Quorum is lost: {votes} voters answer, {needed} are needed. Missing: {missing}."
    cause: "Too many voters are down or cut off from this node. It can read what it knows, and change \
            nothing; the other side of a cut may well have quorum and go on.",
    remedy: "Bring the missing nodes or the network back; nothing else is needed, the cluster goes on by \
             itself. `steadfast status` on each node shows whom it reaches.";

    20202 QuorumRegained "QUORUM_REGAINED" Information {
        /// voters that answer, this node included
        votes: u64,
        /// voters that must answer
        needed: u64,
    } => "Quorum is back: {votes} voters answer, {needed} are needed."
    cause: "Enough voters answer again.",
    remedy: "Nothing is wrong. `steadfast events` shows how long it was away, and why.";

    20203 LeaderChanged "LEADER_CHANGED" Information {
        /// the new leader
        leader: NodeName,
        /// the election's number
        term: u64,
    } => "Node {leader} leads the cluster (term {term})."
    cause: "The former leader stopped, stalled or was cut off, or handed over; the voters elected another.",
    remedy: "One change needs nothing. Many in a short time mean that a node stalls or a network loses \
             packets: `steadfast events --id 20203` shows how often.";

    20204 LeadershipTransferred "LEADERSHIP_TRANSFERRED" Information {
        /// the former leader
        from: NodeName,
        /// the new leader
        to: NodeName,
        /// why
        reason: String,
    } => "Node {from} hands the leadership to node {to}: {reason}."
    cause: "The leader stops in order, or is to be evicted, and spares the cluster an election.",
    remedy: "Nothing is wrong.";

    20205 VoterPromoted "VOTER_PROMOTED" Information {
        /// the node
        node: NodeName,
        /// voters there are now
        voters: u64,
    } => "Node {node} became a voter; there are {voters} voters."
    cause: "The node has caught up with the cluster database, and a voter's place was free. Up to seven \
            nodes vote, spread over failure domains; the others follow without a vote.",
    remedy: "Nothing is wrong. `steadfast node list` shows who votes.";

    20207 NodeConfigurationChanged "NODE_CONFIGURATION_CHANGED" Information {
        /// the node
        node: NodeName,
        /// where it serves now
        endpoints: Vec<Endpoint>,
        /// what it runs now
        software: SoftwareVersion,
    } => "Node {node} came back at {endpoints} with version {software}."
    cause: "The node's addresses or its software changed, and it told the cluster at its start.",
    remedy: "Nothing is wrong, if it was meant. Else correct `listen` and `networks` in the node's \
             steadfast.toml and restart its daemon.";

    20208 DuplicateIdentity "DUPLICATE_IDENTITY" Error {
        /// the node
        node: NodeName,
        /// the daemon that was there first
        first: Incarnation,
        /// the daemon that is refused
        second: Incarnation,
        /// where the refused one calls from
        from: String,
    } => "A second daemon claims to be node {node} (from {from}, life {second}) and is refused; life {first} is there."
    cause: "The machine or its data_dir was cloned, and both copies run.",
    remedy: "Stop the clone. To make a node of its own out of it: empty its `data_dir`, give it its own \
             name and addresses in steadfast.toml, and let it join with a new token.";

    20209 DuplicateIdentityHere "DUPLICATE_IDENTITY_HERE" Critical {
        /// the member that refused this daemon
        told_by: NodeName,
        /// where the other daemon was heard from
        seen_at: String,
    } => "This daemon takes no part: node {told_by} says that another daemon has this node's identity, at {seen_at}."
    cause: "This machine or its data_dir is a clone of a node that runs elsewhere. The daemon that was \
            there first is kept, this one is refused, and it goes on asking.",
    remedy: "Stop one of the two. To make a node of its own out of this one: stop the daemon, empty its \
             `data_dir`, give it its own name and addresses in steadfast.toml, and let it join.";
}
