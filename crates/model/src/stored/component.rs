//! Components: the files that resources stand on, as they were validated.
//!
//! A [`Baseline`] is a text that was signed, and is kept as that text ([`SignedBaseline`]): a signature speaks of
//! bytes, and a document that was read and written again might be others.

use super::UnreadableDocument;
use super::Versioned;
use crate::{AbsolutePath, BaselineGeneration, ClusterId, ContentHash, NodeName, Secret, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A set of components that was validated: what nodes are measured by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// Of which cluster.
    pub cluster: ClusterId,
    /// Its number.
    pub generation: BaselineGeneration,
    /// When it was made.
    pub made: Timestamp,
    /// By whom.
    pub by: String,
    /// How it came about.
    pub origin: BaselineOrigin,
    /// Why, in words; always there where something was lowered or waived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Until when what was lowered may stay so; after that there is an alarm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// The files.
    pub components: BTreeMap<AbsolutePath, Component>,
    /// Who stands on which of them: by resource type, or by type and program where each resource of the type has
    /// its own.
    pub subjects: BTreeMap<String, Subject>,
    /// What these files held in other generations, so that it can be recognised.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub known: BTreeMap<AbsolutePath, Vec<KnownContent>>,
    /// The oldest versions of packages that are fit for use at all.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub floors: BTreeMap<String, Floor>,
    /// Which packages have to be installed in which order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<OrderRule>,
    /// Differences that are put up with for a while.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<Waiver>,
}

/// What resources of one kind stand on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The files, each of them a component.
    pub files: BTreeSet<AbsolutePath>,
    /// Those that not every node had when they were validated: agents use what there is.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub optional: BTreeSet<AbsolutePath>,
    /// What was wrong with how they fit each other when they were validated, in words: it did no harm then, so it
    /// is no reason for anything now.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub problems: BTreeSet<String>,
}

/// How a baseline came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BaselineOrigin {
    /// From what was found on these nodes.
    Capture {
        /// Which.
        nodes: Vec<NodeName>,
    },
    /// The components are those of an earlier one.
    Rollback {
        /// Which.
        to: BaselineGeneration,
    },
    /// The components are those of the one before; its rules or waivers are others.
    Rules,
}

/// A file, or a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// What it holds.
    #[serde(flatten)]
    pub content: Content,
    /// Permissions, as in chmod(1); of a link always 0.
    pub mode: u32,
    /// Its owner.
    #[serde(default, skip_serializing_if = "is_default")]
    pub uid: u32,
    /// Its group.
    #[serde(default, skip_serializing_if = "is_default")]
    pub gid: u32,
    /// To which package it belongs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<PackageVersion>,
    /// The symbol versions that a library defines, in its own order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub defines: Vec<String>,
    /// The symbols that a library defines, each as a number made of its name and version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbols: Option<SymbolSet>,
}

/// What a component holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// A file of that content.
    Blake3(ContentHash),
    /// A link to there, as it is written.
    Link(String),
}

/// A package in a version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PackageVersion {
    /// Its name.
    pub name: String,
    /// Its version, as its makers write it.
    pub version: String,
    /// By whose rules versions of it are ordered.
    pub scheme: PackageScheme,
}

/// A kind of packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackageScheme {
    /// Debian's.
    Dpkg,
    /// RPM's.
    Rpm,
}

/// Base64 of numbers of four bytes each, the least significant first, in ascending order: the first bytes of the
/// BLAKE3 of each symbol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SymbolSet(pub String);

/// What a file held in another generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownContent {
    /// The last generation in which it held that.
    pub generation: BaselineGeneration,
    /// What.
    #[serde(flatten)]
    pub content: Content,
    /// The package that it came with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<PackageVersion>,
}

/// The oldest version of a package that is fit for use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Floor {
    /// The version.
    pub version: String,
    /// By whose rules.
    pub scheme: PackageScheme,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// One package is to be installed before another one: what the second brings must not be overwritten by what the
/// first brings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OrderRule {
    /// This one first (an option pack).
    pub first: String,
    /// Then this one (a service pack).
    pub then: String,
}

/// A difference that is put up with for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiver {
    /// Of which file.
    pub path: AbsolutePath,
    /// What it may hold instead; nothing: whatever it holds, and also if it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// On which node; nothing: on all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeName>,
    /// Until when.
    pub until: Timestamp,
    /// Why.
    pub reason: String,
}

/// The text of a baseline, and who stands for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedBaseline {
    /// A [`Versioned`] [`Baseline`].
    pub text: String,
    /// One of each signer.
    pub signatures: Vec<BaselineSignature>,
}

impl SignedBaseline {
    /// Reads the text. Whether the signatures are good is another question.
    ///
    /// # Errors
    /// [`UnreadableDocument`]: it is of a newer version, or no baseline.
    pub fn baseline(&self) -> Result<Baseline, UnreadableDocument> {
        Versioned::decode(self.text.as_bytes())
    }
}

/// A signature under a baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaselineSignature {
    /// Whose.
    pub signer: String,
    /// Ed25519 (RFC 8032), base64.
    pub signature: String,
}

/// Somebody who may sign baselines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignerRecord {
    /// Ed25519 (RFC 8032), base64.
    pub public_key: String,
    /// The other half, where the cluster itself signs: its seed, base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_key: Option<Secret>,
    /// When it was enrolled.
    pub added: Timestamp,
    /// By whom.
    pub by: String,
    /// From when on its signatures are refused under new baselines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

/// What a node found when it held its components against the baseline.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadinessRecord {
    /// Against which one; nothing: it had none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<BaselineGeneration>,
    /// One hash over all of them as they are on the node: equal where nothing differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<ContentHash>,
    /// What differs, the worst first; a bounded number of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<FindingRecord>,
    /// How many there are in all.
    #[serde(default, skip_serializing_if = "is_default")]
    pub count: u64,
    /// The resources that are not as ready as others, as `GROUP/RESOURCE`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub resources: BTreeMap<String, ReadinessVerdict>,
    /// It joined with other components than the baseline has, and runs nothing until they are the same.
    #[serde(default, skip_serializing_if = "is_default")]
    pub maintenance: bool,
}

/// How ready a node is for a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadinessVerdict {
    /// How.
    pub degree: ReadinessDegree,
    /// Why, in a sentence.
    pub reason: String,
}

/// How ready a node is for something. Later ones are worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadinessDegree {
    /// It can run there; others go before.
    Lowered,
    /// What it stands on is not what was validated. It is not placed there while another node is ready.
    NotReady,
    /// It cannot run there.
    Unable,
}

/// A difference between a node and the baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingRecord {
    /// Which file; where files do not fit each other, whose.
    pub what: String,
    /// What kind of difference, in a word: `older`, `foreign`, `missing`, …
    pub class: String,
    /// What is wrong, in a sentence.
    pub text: String,
}

/// What a node has of components, as it tells its peers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeInventory {
    /// The files that are there.
    pub components: BTreeMap<AbsolutePath, Component>,
    /// The files that are not, or cannot be read; why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub absent: BTreeMap<AbsolutePath, String>,
    /// Who stands on what.
    pub subjects: BTreeMap<String, NodeSubject>,
    /// What came of holding it against the baseline.
    #[serde(default, skip_serializing_if = "is_default")]
    pub readiness: ReadinessRecord,
    /// What keeps it from knowing more, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub troubles: Vec<String>,
}

/// What resources of one kind stand on, on one node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeSubject {
    /// The resources, as `GROUP/RESOURCE`.
    pub resources: BTreeSet<String>,
    /// The files, and why each.
    pub files: BTreeMap<AbsolutePath, String>,
    /// What does not fit, in sentences.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub problems: BTreeSet<String>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
