//! Forming a cluster and joining one. Own ids 20100 to 20199.

use model::{ClusterId, ClusterName, Endpoint, NodeId, NodeName, Timestamp, TokenId};

catalogue! {
    1009 NeitherJoinNorForm "NEITHER_JOIN_NOR_FORM" Error {
        /// what stands in the way
        cause: String,
        /// what to do next
        next: String,
    } => "This node can neither join nor form a cluster: {cause}. Next: {next}"
    cause: "The node belongs to no cluster yet, or it belongs to one and cannot take its part in it: \
            its peers do not answer, its files cannot be read, or its identity is refused. The message \
            names which. The daemon goes on trying and answering.",
    remedy: "Do what the message names under `Next`. `steadfast status` shows what this node knows of \
             its peers; `steadfast events` shows what led to this.";

    20101 ClusterFormed "CLUSTER_FORMED" Information {
        /// the cluster's name
        cluster: ClusterName,
        /// the cluster's identity
        cluster_id: ClusterId,
        /// the first node
        node: NodeName,
        /// who asked
        by: String,
    } => "Cluster {cluster} ({cluster_id}) was formed on node {node} by {by}."
    cause: "`steadfast init` was run.",
    remedy: "Nothing is wrong. Add nodes with `steadfast token create`, then `steadfast join` on each.";

    1092 FormFailed "FORM_FAILED" Critical {
        /// the name of the cluster that was to be
        cluster: ClusterName,
        /// what went wrong
        problem: String,
    } => "Cluster {cluster} could not be formed: {problem}."
    cause: "The files of a new cluster could not be written, or the database could not be started.",
    remedy: "Remove what the message names, then run `steadfast init` again. Nothing was formed.";

    20102 NodeAdmitted "NODE_ADMITTED" Information {
        /// the new node
        node: NodeName,
        /// its number, never given twice
        node_id: NodeId,
        /// where it serves
        endpoints: Vec<Endpoint>,
        /// the join token it showed
        token: TokenId,
    } => "Node {node} (number {node_id}, at {endpoints}) was admitted with token {token}."
    cause: "A node showed a valid join token, and the cluster has given it a number and a certificate.",
    remedy: "Nothing is wrong. NODE_JOINED follows when the node has its copy of the database. If it \
             does not follow, run the same `steadfast join` again on the new node: the token is not \
             used up before.";

    20103 NodeJoined "NODE_JOINED" Information {
        /// the node
        node: NodeName,
    } => "Node {node} is a full member; its join token is used up."
    cause: "The node has its copy of the cluster database and has confirmed it.",
    remedy: "Nothing is wrong. `steadfast node list` shows it.";

    1070 JoinFailed "JOIN_FAILED" Error {
        /// the member that was asked
        address: Endpoint,
        /// what went wrong
        problem: String,
    } => "This node could not join the cluster at {address}: {problem}"
    cause: "The member at that address could not be reached, did not prove to be of the token's cluster, \
            or refused.",
    remedy: "Remove what the message names and run `steadfast join` again. A join that failed leaves the \
             token as good as it was.";

    20110 JoinTokenUsed "JOIN_TOKEN_USED" Warning {
        /// the node that asked to join
        node: NodeName,
        /// the token
        token: TokenId,
        /// the node that used it up
        by: NodeName,
        /// when it was used up
        at: Timestamp,
    } => "Node {node} was not admitted: token {token} was used by node {by} at {at}."
    cause: "A join token admits one node, once. Somebody used an old command line again, or the token \
            was seen by somebody else.",
    remedy: "Make another with `steadfast token create`. If you do not know the node, find out who had \
             the token; it is worthless now.";

    20111 JoinTokenExpired "JOIN_TOKEN_EXPIRED" Warning {
        /// the node that asked to join
        node: NodeName,
        /// the token
        token: TokenId,
        /// when it expired
        at: Timestamp,
    } => "Node {node} was not admitted: token {token} expired at {at}."
    cause: "The token was not used within its time, or the clock of the member that was asked is ahead.",
    remedy: "Make another with `steadfast token create`; `--ttl 4h` gives it longer. If it expired too \
             early, compare the clocks with `date` on both nodes.";

    20112 JoinTokenUnknown "JOIN_TOKEN_UNKNOWN" Warning {
        /// the node that asked to join
        node: NodeName,
        /// the token
        token: TokenId,
    } => "Node {node} was not admitted: the cluster knows no token {token}."
    cause: "The token is so old that it was forgotten, or it was made up.",
    remedy: "Make another with `steadfast token create`. Many of these from a node you do not know mean \
             that somebody is guessing, which is hopeless (a token holds 128 random bits), but worth a look.";

    20113 JoinTokenAltered "JOIN_TOKEN_ALTERED" Warning {
        /// the node that asked to join
        node: NodeName,
        /// the token
        token: TokenId,
    } => "Node {node} was not admitted: the secret of token {token} does not match."
    cause: "Somebody showed a token with a known number and another secret: it was altered on purpose, as \
            a slip of the keyboard is noticed before it is sent.",
    remedy: "If it was you, copy the token again or make another with `steadfast token create`. If not, \
             find out who runs that node.";

    20114 JoinTokenForeign "JOIN_TOKEN_FOREIGN" Error {
        /// the member that was asked
        address: Endpoint,
        /// the token
        token: TokenId,
    } => "This node did not join: {address} is not of the cluster that made token {token}."
    cause: "The address and the token belong to different clusters, or something between them pretends \
            to be a member. The token's secret was not sent.",
    remedy: "Run `steadfast token create` on the cluster that this node shall join, and use the whole \
             `join` line that it prints, address and token together.";

    20115 JoinTokenDamaged "JOIN_TOKEN_DAMAGED" Warning {
        /// what is wrong with it
        problem: String,
    } => "This node did not join: {problem}"
    cause: "The text given as a token was cut, mistyped, or is no token at all.",
    remedy: "Copy the whole token again: it begins with sfj1_ and has no spaces. A new one comes from \
             `steadfast token create`.";

    20116 JoinTokenBound "JOIN_TOKEN_BOUND" Warning {
        /// the node that asked to join
        node: NodeName,
        /// the token
        token: TokenId,
        /// the only node that may use it
        bound: NodeName,
    } => "Node {node} was not admitted: token {token} is for node {bound} alone."
    cause: "The token was made for another node, or another node began to join with it.",
    remedy: "Make one for this node with `steadfast token create --node NAME`, or correct `node` in its \
             steadfast.toml.";

    20117 JoinNameTaken "JOIN_NAME_TAKEN" Warning {
        /// the name
        node: NodeName,
    } => "A node that calls itself {node} was not admitted: a member has this name."
    cause: "Two nodes have one name: the configuration was copied, or the old machine of that name was \
            replaced without being evicted.",
    remedy: "Give the new node another name (`node` in its steadfast.toml). If it replaces a dead one, \
             run `steadfast node evict NAME` first.";

    20118 JoinAddressTaken "JOIN_ADDRESS_TAKEN" Warning {
        /// the node that asked to join
        node: NodeName,
        /// the address
        endpoint: Endpoint,
        /// the member that has it
        holder: NodeName,
    } => "Node {node} was not admitted: {endpoint} is the address of node {holder}."
    cause: "The configuration was copied from that member, or its address was given to the new machine.",
    remedy: "Correct `listen` and `networks` in the new node's steadfast.toml. If the old node is gone \
             for good, run `steadfast node evict NAME` first.";

    20119 JoinUnreachable "JOIN_UNREACHABLE" Warning {
        /// the node that asked to join
        node: NodeName,
        /// each of its addresses, with what happened there
        tried: String,
    } => "Node {node} was not admitted: the cluster cannot reach it. Tried: {tried}"
    cause: "The node can call the cluster, but not the reverse: a firewall, an address that is not the \
            node's own, or another program at its port.",
    remedy: "Check `listen` and `networks` in the new node's steadfast.toml and the firewall for that \
             port (TCP and UDP), then run `steadfast join` again.";

    20120 JoinMalformed "JOIN_MALFORMED" Warning {
        /// the address it came from
        from: String,
        /// what is wrong with it
        problem: String,
    } => "A join request from {from} was refused: {problem}"
    cause: "The request is not one that this version can read: something else speaks to this port, or \
            the other side is much newer.",
    remedy: "If a node was to join from there, compare `steadfast --version` on both sides.";
}
