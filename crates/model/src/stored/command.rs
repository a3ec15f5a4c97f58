//! The writes of the cluster database: what is proposed, replicated and applied.

use super::{
    ClusterRecord, CredentialKind, NodeIntent, NodeMeans, ProtocolRange, ReadinessRecord, Role,
    SignedBaseline, SoftwareVersion, TypeProblem,
};
use crate::desired::{ClusterSpec, Profile};
use crate::{
    AbsolutePath, BaselineGeneration, ClusterId, ClusterName, CredentialName, Endpoint, Generation,
    GroupName, Incarnation, NodeId, NodeName, RequestId, ResourceName, Revision, Secret, Timestamp, TokenId,
    TypeName,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// A command with everything that applying it may not find out by itself: the time, who asked,
/// and an id by which a retry is recognised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Drawn by the node that took the request.
    pub request: RequestId,
    /// The proposer's wall clock.
    pub at: Timestamp,
    /// Who asked.
    pub actor: Actor,
    /// What for.
    pub command: Command,
}

impl fmt::Display for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} by {} ({})", self.command.verb(), self.actor, self.request)
    }
}

/// Who asked for a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Actor {
    /// A user of a node's local socket.
    Local {
        /// The node.
        node: NodeName,
        /// The user's number.
        uid: u32,
    },
    /// A holder of a credential.
    Credential(CredentialName),
    /// A node, by itself.
    Node(NodeName),
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local { node, uid: 0 } => write!(f, "root on {node}"),
            Self::Local { node, uid } => write!(f, "uid {uid} on {node}"),
            Self::Credential(name) => write!(f, "credential {name}"),
            Self::Node(name) => write!(f, "node {name}"),
        }
    }
}

/// A change of the cluster database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// The first command of every cluster.
    Form {
        /// Its identity.
        cluster: ClusterRecord,
        /// Its first member, confirmed at once.
        node: NewNode,
    },
    /// Replaces what the administrator asked for, as a whole.
    Configure {
        /// The cluster the file is meant for.
        cluster: ClusterName,
        /// What the file means.
        spec: ClusterSpec,
        /// The file itself.
        text: String,
        /// Only if nobody has asked for a change since this revision.
        if_revision: Option<Revision>,
    },
    /// Makes a join token.
    CreateToken {
        /// Its public part.
        token: TokenId,
        /// BLAKE3 of its secret part, hexadecimal.
        secret_hash: String,
        /// The only node that may use it.
        node: Option<NodeName>,
        /// From when on it is refused.
        expires: Timestamp,
    },
    /// Admits a node that showed a token.
    Admit {
        /// The token.
        token: TokenId,
        /// BLAKE3 of the secret it showed.
        secret_hash: String,
        /// The node.
        node: NewNode,
    },
    /// A node's join is complete: its token is used up.
    Confirm {
        /// The node.
        node: NodeId,
    },
    /// A member came back with other addresses, software or incarnation.
    UpdateNode {
        /// The node.
        node: NodeId,
        /// Where it serves now.
        endpoints: Vec<Endpoint>,
        /// What it speaks now.
        protocol: ProtocolRange,
        /// What it runs now.
        software: SoftwareVersion,
        /// Its present life.
        incarnation: Incarnation,
    },
    /// A member says how the resource types stand on it.
    ReportTypes {
        /// The node.
        node: NodeId,
        /// As [`super::NodeRecord::types`].
        types: BTreeMap<TypeName, Option<TypeProblem>>,
    },
    /// A node is to own a group. Of one that is no clone, whoever had it before has released it, or the
    /// proposer has waited until nothing of it can be effective any more.
    Own {
        /// Which group.
        group: GroupName,
        /// Who.
        node: NodeId,
        /// Only if this is still the group's latest generation.
        if_generation: Generation,
        /// It is moved because it failed.
        #[serde(default)]
        failover: bool,
    },
    /// A node has these no more: it says so itself, or somebody knows who has waited, fenced it, or looked.
    Release {
        /// Which node.
        node: NodeId,
        /// What. Ownerships of another generation are passed over.
        copies: Vec<(GroupName, Generation)>,
    },
    /// A node may not run these any more. It may not know that yet.
    Revoke {
        /// Which node.
        node: NodeId,
        /// What. Ownerships of another generation are passed over.
        copies: Vec<(GroupName, Generation)>,
    },
    /// A copy may become the primary, or is none any more.
    SetPrimary {
        /// Of which group.
        group: GroupName,
        /// Where.
        node: NodeId,
        /// In which ownership.
        generation: Generation,
        /// Whether.
        primary: bool,
    },
    /// A resource failed.
    RecordFailure {
        /// Of which group.
        group: GroupName,
        /// Which.
        resource: ResourceName,
        /// Where.
        node: NodeId,
        /// It could not be started, rather than having run.
        at_start: bool,
        /// Why, in a line.
        reason: String,
    },
    /// Failures are to be forgotten.
    ClearFailures {
        /// Of which group.
        group: GroupName,
        /// Of which resource; nothing: of all.
        resource: Option<ResourceName>,
        /// On which node; nothing: on all.
        node: Option<NodeId>,
    },
    /// A node is to be used, or not.
    SetNodeIntent {
        /// Which.
        node: NodeName,
        /// How.
        intent: NodeIntent,
    },
    /// Something is wanted of a group.
    SetGroup {
        /// Which.
        group: GroupName,
        /// What.
        change: GroupChange,
    },
    /// Whether anything is started, stopped or moved at all.
    SetMaintenance {
        /// True: nothing is.
        on: bool,
    },
    /// A member says what guards what it runs.
    ReportMeans {
        /// Which.
        node: NodeId,
        /// What.
        means: NodeMeans,
    },
    /// Somebody has made sure that a node runs nothing.
    ConfirmDown {
        /// Which.
        node: NodeName,
    },
    /// All leases of the profile before this one have ended.
    SettleProfile {
        /// The present one.
        profile: Profile,
    },
    /// Removes a node for good.
    Evict {
        /// Its name.
        node: NodeName,
    },
    /// Makes an administrator's credential.
    CreateCredential {
        /// Its name.
        name: CredentialName,
        /// How it is proven.
        kind: CredentialKind,
        /// What it permits.
        role: Role,
        /// From when on it is refused.
        expires: Option<Timestamp>,
    },
    /// Removes a credential.
    RevokeCredential {
        /// Its name.
        name: CredentialName,
    },
    /// Nodes are measured by this from now on. Whether it is signed by enough of those who may is the
    /// proposer's to know, and every node looks again before it uses it.
    InstallBaseline {
        /// The one after the present one.
        baseline: Arc<SignedBaseline>,
    },
    /// Somebody may sign baselines.
    AddSigner {
        /// Who.
        name: String,
        /// Ed25519, base64.
        public_key: String,
        /// The other half, where the cluster itself signs: its seed, base64.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        private_key: Option<Secret>,
        /// From when on its signatures are refused under new baselines.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<Timestamp>,
    },
    /// Somebody may not sign baselines any more.
    RemoveSigner {
        /// Who.
        name: String,
    },
    /// A member says how its components stand beside the baseline.
    ReportReadiness {
        /// Which.
        node: NodeId,
        /// How.
        readiness: ReadinessRecord,
    },
    /// What a subject was seen to use while it ran, all of it.
    RecordUse {
        /// Which, as in a baseline.
        subject: String,
        /// The files; none: what was known of it is forgotten.
        files: BTreeSet<AbsolutePath>,
    },
}

impl Command {
    /// What it does, in a word or two, for logs and events. Never holds a secret.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Form { .. } => "form the cluster",
            Self::Configure { .. } => "apply a declaration",
            Self::CreateToken { .. } => "create a join token",
            Self::Admit { .. } => "admit a node",
            Self::Confirm { .. } => "confirm a node",
            Self::UpdateNode { .. } => "update a node",
            Self::ReportTypes { .. } => "report how types stand",
            Self::Own { .. } => "give a group to a node",
            Self::Release { .. } => "release groups",
            Self::Revoke { .. } => "revoke a lost node's groups",
            Self::SetPrimary { .. } => "set the primary",
            Self::RecordFailure { .. } => "record a failure",
            Self::ClearFailures { .. } => "clear failures",
            Self::SetNodeIntent { .. } => "drain, pause or resume a node",
            Self::SetGroup { .. } => "change what is wanted of a group",
            Self::SetMaintenance { .. } => "begin or end maintenance",
            Self::ReportMeans { .. } => "report what guards a node",
            Self::ConfirmDown { .. } => "confirm that a node is down",
            Self::SettleProfile { .. } => "settle a change of profile",
            Self::Evict { .. } => "evict a node",
            Self::CreateCredential { .. } => "create a credential",
            Self::RevokeCredential { .. } => "revoke a credential",
            Self::InstallBaseline { .. } => "install a baseline",
            Self::AddSigner { .. } => "enrol a signer",
            Self::RemoveSigner { .. } => "remove a signer",
            Self::ReportReadiness { .. } => "report readiness",
            Self::RecordUse { .. } => "record what is used",
        }
    }
}

/// What is wanted of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GroupChange {
    /// It is to run.
    Online,
    /// It is not to run.
    Offline,
    /// It is to be left alone, or no more.
    Maintenance(bool),
    /// It is to be there; nothing: wherever it should be.
    Move(Option<NodeName>),
}

/// A node that becomes a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewNode {
    /// Its name.
    pub name: NodeName,
    /// Where it serves.
    pub endpoints: Vec<Endpoint>,
    /// SHA-256 of its certificate (DER), hexadecimal.
    pub certificate: String,
    /// What it speaks.
    pub protocol: ProtocolRange,
    /// What it runs.
    pub software: SoftwareVersion,
}

/// What became of a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Accepted; the database is at this revision now.
    Done {
        /// The revision that the change made.
        revision: Revision,
        /// The node the change made, where it made one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        node: Option<NodeId>,
    },
    /// Refused; nothing changed.
    Refused(Rejection),
    /// Not a change at all (the engine's own entries).
    Nothing,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done { revision, .. } => write!(f, "done at revision {revision}"),
            Self::Refused(why) => write!(f, "refused: {why}"),
            Self::Nothing => f.write_str("nothing"),
        }
    }
}

/// Why a proposal was refused by the state it met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Rejection {
    /// There is a cluster already.
    #[error("the cluster is formed already")]
    AlreadyFormed,
    /// There is no cluster yet.
    #[error("no cluster has been formed yet")]
    NotFormed,
    /// `if_revision` did not match.
    #[error(
        "the cluster is at revision {current}, not {expected}: somebody changed it in between; \
         run `steadfast export` and `steadfast apply --dry-run` again"
    )]
    RevisionMoved {
        /// What the request expected.
        expected: Revision,
        /// What is.
        current: Revision,
    },
    /// The declaration names another cluster.
    #[error("the file is for cluster `{given}`, this is cluster `{here}`")]
    OtherCluster {
        /// In the file.
        given: ClusterName,
        /// Here.
        here: ClusterName,
    },
    /// No such token.
    #[error("this token is not known to the cluster; `steadfast token create` makes a new one")]
    UnknownToken,
    /// A token of this id exists: the ids are random, so this is a defect or a forgery.
    #[error("a join token with this id exists already; run `steadfast token create` again")]
    TokenExists,
    /// There are as many as there may be.
    #[error("there are {most} {what} already; remove some, or wait for them to expire")]
    TooMany {
        /// Of what.
        what: String,
        /// How many there may be.
        most: u64,
    },
    /// The token's secret part is wrong.
    #[error("this token's secret does not match: it was altered; `steadfast token create` makes a new one")]
    WrongSecret,
    /// Used up.
    #[error("this token was used by node `{by}` at {at}; `steadfast token create` makes a new one")]
    TokenUsed {
        /// Who used it.
        by: NodeName,
        /// When.
        at: Timestamp,
    },
    /// Expired.
    #[error("this token expired at {at}; `steadfast token create` makes a new one")]
    TokenExpired {
        /// When.
        at: Timestamp,
    },
    /// Bound to another node.
    #[error("this token is for node `{bound}`, not `{given}`")]
    TokenBound {
        /// Who may use it.
        bound: NodeName,
        /// Who tried.
        given: NodeName,
    },
    /// A member has the name.
    #[error(
        "a node named `{name}` is a member already; give the new node another name, \
         or remove the old one with `steadfast node evict {name}`"
    )]
    NameTaken {
        /// The name.
        name: NodeName,
    },
    /// An address is another member's.
    #[error("{endpoint} is the address of node `{holder}` already")]
    AddressTaken {
        /// The address.
        endpoint: Endpoint,
        /// Whose it is.
        holder: NodeName,
    },
    /// A certificate belongs to one member for ever.
    #[error("this certificate is node `{holder}`'s, or was: join with a new key and certificate")]
    CertificateKnown {
        /// Whose it is or was.
        holder: NodeName,
    },
    /// No such member.
    #[error("no node named `{name}` in this cluster; `steadfast node list` shows the members")]
    UnknownNode {
        /// The name.
        name: String,
    },
    /// The last member cannot go.
    #[error("`{name}` is the only member: a cluster cannot evict its last node")]
    LastNode {
        /// The name.
        name: NodeName,
    },
    /// No such group.
    #[error("no group named `{name}` in this cluster; `steadfast group list` shows the groups")]
    UnknownGroup {
        /// The name.
        name: GroupName,
    },
    /// Somebody has it, or had it since.
    #[error("group `{group}` cannot be given to another node: {why}")]
    NotOwnable {
        /// Which group.
        group: GroupName,
        /// Why.
        why: String,
    },
    /// A copy cannot be the primary.
    #[error("group `{group}` cannot have that primary: {why}")]
    NotPrimary {
        /// Which group.
        group: GroupName,
        /// Why.
        why: String,
    },
    /// No common protocol version.
    #[error(
        "node `{node}` speaks protocol {theirs} and this cluster needs {ours}: \
         install a version of Steadfast that its members can work with"
    )]
    Incompatible {
        /// Who.
        node: NodeName,
        /// What it speaks.
        theirs: ProtocolRange,
        /// What is needed.
        ours: ProtocolRange,
    },
    /// A credential of this name exists.
    #[error("a credential named `{name}` exists; revoke it first, or choose another name")]
    CredentialExists {
        /// The name.
        name: CredentialName,
    },
    /// A baseline does not follow the present one.
    #[error(
        "this would be baseline {given}, and the present one is {current}: somebody made another one in between; \
         look at `steadfast baseline history`, and make it anew"
    )]
    BaselineMoved {
        /// Its number.
        given: BaselineGeneration,
        /// The present one; 0: there is none.
        current: BaselineGeneration,
    },
    /// A baseline is of another cluster.
    #[error("this baseline is of the cluster with the id {given}; this one is {here}")]
    BaselineOfOther {
        /// In the baseline.
        given: ClusterId,
        /// Here.
        here: ClusterId,
    },
    /// A text is no baseline.
    #[error("this is no baseline: {why}")]
    NoBaseline {
        /// What is wrong with it.
        why: String,
    },
    /// A signer of this name exists.
    #[error("a signer named `{name}` exists; `steadfast baseline signer list` shows them")]
    SignerExists {
        /// The name.
        name: String,
    },
    /// No such signer.
    #[error("no signer named `{name}`; `steadfast baseline signer list` shows them")]
    UnknownSigner {
        /// The name.
        name: String,
    },
    /// No such credential.
    #[error("no credential named `{name}`; `steadfast credential list` shows them")]
    UnknownCredential {
        /// The name.
        name: CredentialName,
    },
}
