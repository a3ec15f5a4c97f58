//! Members of different versions. Own ids 20700 to 20799.

use model::NodeName;
use model::stored::SoftwareVersion;

catalogue! {
    1547 VersionIncompatible "VERSION_INCOMPATIBLE" Critical {
        /// the node that is refused
        node: NodeName,
        /// what it runs
        software: SoftwareVersion,
        /// the protocol versions it speaks
        theirs: String,
        /// the protocol versions that are needed
        ours: String,
    } => "Node {node} (version {software}) is refused: it speaks protocol {theirs}, and {ours} is needed."
    cause: "The node's software is more than one step older or newer than the cluster's.",
    remedy: "Install on that node a version that the others can work with; `steadfast node list` shows \
             theirs. Upgrade step by step, one node at a time.";

    1548 VersionDiffers "VERSION_DIFFERS" Warning {
        /// the other node
        node: NodeName,
        /// what it runs
        theirs: SoftwareVersion,
        /// what this node runs
        ours: SoftwareVersion,
    } => "Node {node} runs version {theirs}, this node runs {ours}; they can work together."
    cause: "An upgrade is under way, or was forgotten half-way.",
    remedy: "Finish the upgrade: `steadfast node list` shows which nodes are behind.";
}
