//! Components: what resources stand on, and baselines.

use super::Silent;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How components are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ComponentsQuery {
    /// Everything is read anew before it is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fresh: Option<bool>,
}

/// The components of all nodes, and who did not answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Components {
    /// The number of the present baseline; null: nothing was validated yet.
    pub baseline: Option<u64>,
    /// The nodes that answered.
    pub nodes: Vec<NodeComponents>,
    /// Members that did not; what they have is not known.
    pub silent: Vec<Silent>,
}

/// The components of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NodeComponents {
    /// Which.
    pub node: String,
    /// Who stands on what.
    pub subjects: Vec<SubjectShown>,
    /// The files.
    pub components: Vec<ComponentShown>,
    /// What differs from the baseline, the worst first.
    pub findings: Vec<FindingShown>,
    /// How many differ in all.
    pub differ: u64,
    /// It joined with others, and runs nothing until they are the same.
    pub maintenance: bool,
    /// What keeps the node from knowing more.
    pub troubles: Vec<String>,
}

/// What resources of one kind stand on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SubjectShown {
    /// The resource type, or what of it.
    pub name: String,
    /// The resources, as `GROUP/RESOURCE`.
    pub resources: Vec<String>,
    /// The files.
    pub files: Vec<FileShown>,
    /// What does not fit.
    pub problems: Vec<String>,
}

/// A file that something stands on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FileShown {
    /// Where.
    pub path: String,
    /// Why it belongs to it.
    pub why: String,
}

/// A component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ComponentShown {
    /// Where.
    pub path: String,
    /// `validated`, `unvalidated` (no baseline has it), or what kind of difference: `older`, `foreign`, `missing`, …
    pub state: String,
    /// BLAKE3 of what it holds, in hexadecimal, or `-> ` and where a link leads; empty, if it is not there.
    pub content: String,
    /// Permissions, as in chmod(1), in octal digits.
    pub mode: String,
    /// Its owner's number.
    pub uid: u32,
    /// Its group's number.
    pub gid: u32,
    /// The package that it belongs to.
    pub package: Option<String>,
    /// That package's version.
    pub version: Option<String>,
}

/// A difference from the baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FindingShown {
    /// Which file; where files do not fit each other, whose.
    pub what: String,
    /// What kind of difference.
    pub class: String,
    /// What is wrong, in a sentence.
    pub text: String,
}

/// Which baseline is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BaselineQuery {
    /// Its number; without it, the present one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
}

/// A baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BaselineShown {
    /// What there is to say of it in a line.
    #[serde(flatten)]
    pub summary: BaselineSummary,
    /// Its files.
    pub components: Vec<ComponentShown>,
    /// Who stands on them.
    pub subjects: Vec<SubjectShown>,
    /// The oldest versions of packages that are fit for use.
    pub floors: Vec<FloorShown>,
    /// Which packages have to be installed in which order.
    pub order: Vec<OrderShown>,
    /// Differences that are put up with for a while.
    pub waivers: Vec<WaiverShown>,
    /// The text that was signed, and the signatures: what `steadfast baseline sign` and `raise --file` take.
    pub signed: SignedText,
}

/// A baseline in a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BaselineSummary {
    /// Its number.
    pub generation: u64,
    /// When it was made.
    pub made: String,
    /// By whom.
    pub by: String,
    /// How it came about: `captured from n1, n2`, `back to 3`, `rules`.
    pub origin: String,
    /// Why.
    pub reason: Option<String>,
    /// Until when what it lowered may stay so.
    pub expires: Option<String>,
    /// Who signed it, of those who may.
    pub signers: Vec<String>,
    /// How many files it has.
    pub files: u64,
    /// Whether it is the present one.
    pub present: bool,
    /// Why it is not to be used; null: it is.
    pub problem: Option<String>,
}

/// A signed text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignedText {
    /// A baseline, as JSON.
    pub text: String,
    /// Signatures under it.
    pub signatures: Vec<SignatureShown>,
}

/// A signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignatureShown {
    /// Whose.
    pub signer: String,
    /// Ed25519 (RFC 8032), base64.
    pub signature: String,
}

/// The oldest version of a package that is fit for use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FloorShown {
    /// The package.
    pub package: String,
    /// The version.
    pub version: String,
}

/// Which package comes first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrderShown {
    /// This one.
    pub first: String,
    /// Then this one.
    pub then: String,
}

/// A difference that is put up with for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WaiverShown {
    /// Of which file.
    pub path: String,
    /// On which node; null: on all.
    pub node: Option<String>,
    /// Until when.
    pub until: String,
    /// Why.
    pub reason: String,
}

/// Which baselines are compared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BaselineDiffQuery {
    /// The number of the one; without it, the one before the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// The number of the other; without it, the present one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
}

/// What differs between two baselines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BaselineDiff {
    /// The number of the one; 0: nothing was validated.
    pub from: u64,
    /// The number of the other.
    pub to: u64,
    /// File by file.
    pub changes: Vec<ComponentChange>,
}

/// What changed of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ComponentChange {
    /// Where.
    pub path: String,
    /// `older`, `newer`, `replaced` (nobody can say which way), `added`, `removed`, `permissions`.
    pub direction: String,
    /// What it was; empty: nothing.
    pub from: String,
    /// What it is; empty: nothing.
    pub to: String,
}

/// What kind of baseline is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BaselineKind {
    /// What nodes have now.
    Capture,
    /// The same, if nothing of it goes back.
    Raise,
    /// What an earlier one had.
    Rollback,
    /// What the present one has, under other rules.
    Rules,
}

/// A baseline that somebody wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BaselineWish {
    /// Which.
    pub kind: BaselineKind,
    /// Out of what these nodes have; empty: all that are there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<String>,
    /// Whose files count where they differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub right: Option<String>,
    /// To which one to go back; without it, to the one before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// For how long what it lowers, or waives, may stay so, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_s: Option<u64>,
    /// Floors to add.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub floors: Vec<FloorShown>,
    /// Packages of which the floor goes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drop_floors: Vec<String>,
    /// Orders to add.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<OrderShown>,
    /// Orders that go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drop_order: Vec<OrderShown>,
    /// Files of which any difference is put up with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waive: Vec<String>,
    /// On which node alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waive_on: Option<String>,
}

impl BaselineWish {
    /// One of this kind, without anything else.
    #[must_use]
    pub fn of(kind: BaselineKind) -> Self {
        Self {
            kind,
            nodes: Vec::new(),
            right: None,
            to: None,
            reason: None,
            hold_s: None,
            floors: Vec::new(),
            drop_floors: Vec::new(),
            order: Vec::new(),
            drop_order: Vec::new(),
            waive: Vec::new(),
            waive_on: None,
        }
    }
}

/// A baseline that is not signed yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BaselineDraft {
    /// The number that it would have.
    pub generation: u64,
    /// What is to be signed.
    pub text: String,
    /// What it changes.
    pub changes: Vec<ComponentChange>,
    /// What of it is a step back, in words.
    pub lowered: Vec<String>,
    /// How many have to sign it.
    pub signers_needed: u64,
    /// Who may sign.
    pub signers: Vec<String>,
}

/// A baseline that is to be installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BaselineInstall {
    /// It, with the signatures of people.
    pub signed: SignedText,
    /// Whether the cluster signs it too.
    pub cluster_signs: bool,
}

/// Somebody who may sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignerShown {
    /// Who.
    pub name: String,
    /// Ed25519, base64.
    pub public_key: String,
    /// When it was enrolled.
    pub added: String,
    /// By whom.
    pub by: String,
    /// From when on it may not sign any more.
    pub expires: Option<String>,
    /// Whether the cluster itself has the key, so that no person has to.
    pub held_by_cluster: bool,
}

/// Somebody who is to sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignerRequest {
    /// Who.
    pub name: String,
    /// Ed25519, base64.
    pub public_key: String,
    /// For how long, in seconds; without it, until it is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_s: Option<u64>,
}

/// What a resource was seen to use while it ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Used {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its parameters, as in the declaration. What a resource stands on may depend on them.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub parameters: serde_json::Map<String, serde_json::Value>,
    /// The files.
    pub files: Vec<String>,
}
