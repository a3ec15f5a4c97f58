//! The replicated state: what every node knows once it has applied the same commands.

use super::{
    CopyStage, GroupRecord, NodeIntent, NodeMeans, Outcome, ProtocolRange, ReadinessRecord, SignedBaseline,
    SignerRecord, SoftwareVersion,
};
use crate::desired::{ClusterSpec, Profile};
use crate::{
    AbsolutePath, ClusterId, ClusterName, CredentialName, Endpoint, Generation, GroupName, Incarnation,
    NodeId, NodeName, RequestId, Revision, Secret, Timestamp, TokenId, TypeName,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// The whole cluster database. Small by design (kilobytes to a few megabytes), so it is kept in
/// memory and written as one snapshot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterState {
    /// Absent until the founding command is applied.
    #[serde(default)]
    pub cluster: Option<ClusterRecord>,
    /// Accepted changes so far.
    #[serde(default)]
    pub revision: Revision,
    /// The revision of the latest change that somebody asked for. What nodes write of themselves comes
    /// after it, and is nothing that anybody's file could run over.
    #[serde(default)]
    pub requested: Revision,
    /// The highest node id ever given.
    #[serde(default)]
    pub last_node: NodeId,
    /// The members.
    #[serde(default)]
    pub nodes: BTreeMap<NodeId, NodeRecord>,
    /// Former members; their certificates stay refused for ever.
    #[serde(default)]
    pub evicted: BTreeMap<NodeId, EvictedRecord>,
    /// Join tokens: open, and used or expired ones for as long as their refusal is explained.
    #[serde(default)]
    pub tokens: BTreeMap<TokenId, TokenRecord>,
    /// Credentials of administrators other than root on a node.
    #[serde(default)]
    pub credentials: BTreeMap<CredentialName, CredentialRecord>,
    /// What the administrator asked for.
    #[serde(default)]
    pub spec: ClusterSpec,
    /// The text that said so, byte for byte, comments included: what `export` prints.
    #[serde(default)]
    pub declaration: String,
    /// Whose groups are, and what is wanted of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<GroupName, GroupRecord>,
    /// The highest generation that was ever given for any group.
    #[serde(default, skip_serializing_if = "is_default")]
    pub last_generation: Generation,
    /// The revision of the last change of any ownership.
    #[serde(default, skip_serializing_if = "is_default")]
    pub owned_as_of: Revision,
    /// Nothing is started, stopped or moved.
    #[serde(default, skip_serializing_if = "is_default")]
    pub maintenance: bool,
    /// The profile with the longer lease, after a change of profile, until all leases of the former one
    /// have ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_profile: Option<Profile>,
    /// What nodes are measured by: the present baseline last, before it those that one can go back to. Shared,
    /// because a state is copied at every change, and these are its largest part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub baselines: Vec<Arc<SignedBaseline>>,
    /// Who may sign baselines, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub signers: BTreeMap<String, SignerRecord>,
    /// What subjects were seen to use while they ran, by name: files that no reading of programs and scripts
    /// tells of.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub uses: BTreeMap<String, Arc<BTreeSet<AbsolutePath>>>,
    /// The latest requests with their outcomes, oldest first, so that a retry is answered and not repeated.
    #[serde(default)]
    pub recent: VecDeque<(RequestId, Outcome)>,
}

impl ClusterState {
    /// Whether nobody has asked for a change since this revision.
    #[must_use]
    pub fn unchanged_since(&self, revision: Revision) -> bool {
        (self.requested..=self.revision).contains(&revision)
    }

    /// What a node may run under its lease.
    #[must_use]
    pub fn copies_of(&self, node: NodeId) -> BTreeMap<GroupName, Generation> {
        let held = self.groups.iter().filter_map(|(name, record)| {
            let copy = record.copies.get(&node).filter(|copy| copy.stage == CopyStage::Held)?;
            Some((name.clone(), copy.generation))
        });
        held.collect()
    }

    /// Of these, the groups that follow at once on another ownership of theirs.
    #[must_use]
    pub fn following(&self, node: NodeId) -> BTreeSet<GroupName> {
        let follows = |record: &GroupRecord| record.copies.get(&node).is_some_and(|copy| copy.follows);
        self.groups.iter().filter(|(_, record)| follows(record)).map(|(name, _)| name.clone()).collect()
    }

    /// The member of this name.
    #[must_use]
    pub fn node_named(&self, name: &NodeName) -> Option<(NodeId, &NodeRecord)> {
        self.nodes.iter().find(|(_, node)| node.name == *name).map(|(id, node)| (*id, node))
    }

    /// The member with this certificate.
    #[must_use]
    pub fn node_with_certificate(&self, fingerprint: &str) -> Option<(NodeId, &NodeRecord)> {
        self.nodes.iter().find(|(_, node)| node.certificate == fingerprint).map(|(id, node)| (*id, node))
    }
}

impl NodeRecord {
    /// Why a resource type cannot be used on it; nothing: it can, as far as is known.
    #[must_use]
    pub fn type_problem(&self, kind: &TypeName) -> Option<&TypeProblem> {
        self.types.get(kind)?.as_ref()
    }
}

/// What makes a cluster this cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterRecord {
    /// Drawn at `init`.
    pub id: ClusterId,
    /// Given at `init`.
    pub name: ClusterName,
    /// When it was formed.
    pub formed: Timestamp,
    /// The cluster's certificate authority, PEM.
    pub ca_certificate: String,
    /// The authority's private key, PEM. Held by every member, so that any of them can admit.
    pub ca_key: Secret,
    /// Key of the heartbeat datagrams' authentication, base64 of 32 bytes.
    pub heartbeat_key: Secret,
}

/// A member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRecord {
    /// Its name.
    pub name: NodeName,
    /// Where it serves: one endpoint per network, in the order of its `networks`.
    pub endpoints: Vec<Endpoint>,
    /// SHA-256 of its certificate (DER), in hexadecimal: the one certificate it may act with.
    pub certificate: String,
    /// What it speaks.
    pub protocol: ProtocolRange,
    /// What it runs.
    pub software: SoftwareVersion,
    /// When it was admitted.
    pub joined: Timestamp,
    /// Whether its join has completed; until then its token is not used up, and a new join with
    /// that token replaces it.
    pub confirmed: bool,
    /// The token it came with, while unconfirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenId>,
    /// The life of its daemon that the cluster last accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incarnation: Option<Incarnation>,
    /// How the resource types stand on it, as it says itself: of each registered type, that it can be
    /// used or why not; of the others that the desired state uses, why not. What is not named here can be
    /// used, or the node has not found out yet.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub types: BTreeMap<TypeName, Option<TypeProblem>>,
    /// What the administrator wants of it.
    #[serde(default, skip_serializing_if = "NodeIntent::is_active")]
    pub intent: NodeIntent,
    /// What guards what it runs, as it says itself.
    #[serde(default, skip_serializing_if = "is_default")]
    pub means: NodeMeans,
    /// How its components stand beside the baseline, as it says itself.
    #[serde(default, skip_serializing_if = "is_default")]
    pub readiness: ReadinessRecord,
}

/// Why a resource type cannot be used on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeProblem {
    /// In a sentence or two.
    pub reason: String,
    /// The number of the event that told of it there, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<u32>,
}

/// A former member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvictedRecord {
    /// The name it had.
    pub name: NodeName,
    /// The certificate it had.
    pub certificate: String,
    /// When it was evicted.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// What guarded what it ran.
    #[serde(default, skip_serializing_if = "is_default")]
    pub means: NodeMeans,
}

/// A join token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRecord {
    /// BLAKE3 of the secret, hexadecimal.
    pub secret_hash: String,
    /// The only node that may use it; absent until its first user binds it.
    pub node: Option<NodeName>,
    /// When it was made.
    pub created: Timestamp,
    /// By whom.
    pub by: String,
    /// From when on it is refused.
    pub expires: Timestamp,
    /// Who used it up, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<(NodeName, Timestamp)>,
}

/// What a person or a program may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Everything.
    Administrator,
}

/// How a credential is proven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialKind {
    /// A bearer token; BLAKE3 of it, hexadecimal.
    Token {
        /// BLAKE3 of the token.
        hash: String,
    },
    /// A client certificate; SHA-256 of it (DER), hexadecimal.
    Certificate {
        /// SHA-256 of the certificate.
        fingerprint: String,
    },
}

/// An administrator's credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialRecord {
    /// How it is proven.
    pub kind: CredentialKind,
    /// What it permits.
    pub role: Role,
    /// When it was made.
    pub created: Timestamp,
    /// By whom.
    pub by: String,
    /// From when on it is refused.
    pub expires: Option<Timestamp>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
