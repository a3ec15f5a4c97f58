//! Forming, joining, tokens, credentials, nodes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Form a cluster on this node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InitRequest {
    /// Its name.
    pub name: String,
}

/// A cluster was formed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InitAnswer {
    /// Its name.
    pub cluster: String,
    /// Its first node.
    pub node: String,
    /// Where a new node finds it.
    pub address: String,
    /// A join token, good for one node.
    pub token: String,
    /// Until when, RFC 3339.
    pub token_expires: String,
}

/// Join this node to a cluster.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JoinCommand {
    /// A member's address, `IP:PORT`.
    pub address: String,
    /// The join token.
    pub token: String,
}

/// This node is a full member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JoinDone {
    /// The cluster.
    pub cluster: String,
    /// This node.
    pub node: String,
    /// Whether it votes (a cluster has at most seven voters).
    pub voter: bool,
    /// What should be mended though the join succeeded, such as a network that does not answer.
    pub warnings: Vec<String>,
}

/// Make a join token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenRequest {
    /// The only node that may use it; without, its first user binds it.
    pub node: Option<String>,
    /// For how long it is good, in seconds: 1 to 604800. Without: an hour.
    pub ttl_s: Option<u64>,
}

/// A join token was made. It is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenMade {
    /// The token.
    pub token: String,
    /// Until when it is good, RFC 3339.
    pub expires: String,
    /// Where a new node finds the cluster.
    pub address: String,
}

/// A join token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenShown {
    /// Its public part.
    pub id: String,
    /// Who may use it.
    pub node: Option<String>,
    /// `open`, `used` or `expired`.
    pub state: String,
    /// Who made it.
    pub by: String,
    /// Until when it is good, RFC 3339.
    pub expires: String,
    /// Who used it.
    pub used_by: Option<String>,
}

/// Make a credential for use from elsewhere than a node's local socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CredentialRequest {
    /// Its name.
    pub name: String,
    /// What kind.
    pub form: CredentialForm,
    /// For how long it is good, in seconds; without, until it is revoked.
    pub ttl_s: Option<u64>,
}

/// What kind of credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialForm {
    /// A bearer token.
    Token,
    /// A client certificate and its key.
    Certificate,
}

/// A credential was made. Its secret is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CredentialMade {
    /// Its name.
    pub name: String,
    /// The bearer token, if it is one.
    pub token: Option<String>,
    /// The certificate, PEM, if it is one.
    pub certificate: Option<String>,
    /// The certificate's key, PEM.
    pub key: Option<String>,
    /// The cluster's authority, PEM, by which a client knows the cluster.
    pub ca_certificate: String,
    /// Until when it is good, RFC 3339.
    pub expires: Option<String>,
}

/// A credential, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CredentialShown {
    /// Its name.
    pub name: String,
    /// What kind.
    pub form: CredentialForm,
    /// What it permits: `administrator`.
    pub role: String,
    /// Who made it.
    pub by: String,
    /// When, RFC 3339.
    pub created: String,
    /// Until when it is good, RFC 3339.
    pub expires: Option<String>,
}

/// A change was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Changed {
    /// The cluster database's revision now.
    pub revision: u64,
    /// What was done, in a sentence.
    pub text: String,
}
