//! Who may do what, and who tried. Own ids 20500 to 20599.

use model::{CredentialName, NodeName, Timestamp, TokenId};

catalogue! {
    20501 TokenCreated "TOKEN_CREATED" Information {
        /// the token's public part
        token: TokenId,
        /// the only node that may use it
        node: Option<NodeName> = "the first node that uses it",
        /// from when on it is refused
        expires: Timestamp,
        /// who asked
        by: String,
    } => "Join token {token} for {node} was made by {by}; it expires at {expires}."
    cause: "`steadfast token create` was run.",
    remedy: "Nothing is wrong, if you know of it. Whoever has the token can add a node until it expires.";

    20502 CredentialCreated "CREDENTIAL_CREATED" Information {
        /// its name
        credential: CredentialName,
        /// how it is proven
        kind: String,
        /// what it permits
        role: String,
        /// from when on it is refused
        expires: Option<Timestamp> = "never",
        /// who asked
        by: String,
    } => "Credential {credential} ({kind}, {role}, expires: {expires}) was made by {by}."
    cause: "`steadfast credential create` was run.",
    remedy: "Nothing is wrong, if you know of it. Else take it back: `steadfast credential revoke NAME`.";

    20503 CredentialRevoked "CREDENTIAL_REVOKED" Information {
        /// its name
        credential: CredentialName,
        /// who asked
        by: String,
    } => "Credential {credential} was revoked by {by}."
    cause: "`steadfast credential revoke` was run.",
    remedy: "Nothing is wrong. Whoever still uses it is refused from now on.";

    20504 CallerNotAuthenticated "CALLER_NOT_AUTHENTICATED" Warning {
        /// the address it came from
        from: String,
        /// how often since the last such event
        count: u64,
        /// why
        reason: String,
    } => "{count} requests from {from} were refused, as the caller did not prove who it is: {reason}."
    cause: "The token or certificate is missing, mistyped, expired or revoked, or somebody is guessing.",
    remedy: "`steadfast credential list` shows what there is; `steadfast credential create` makes another. \
             If you do not know the address, close the port to it.";

    20505 CallerNotAuthorized "CALLER_NOT_AUTHORIZED" Warning {
        /// who it was
        caller: String,
        /// what it asked for
        request: String,
    } => "{caller} is known, but may not do this: {request}."
    cause: "The caller's role does not permit the request; a node, for one, can never act as an \
            administrator, nor an administrator as a node.",
    remedy: "Use a credential whose role permits it (`steadfast credential list`), or run the command as root \
             on a node.";

    20506 EvictedCertificateRefused "EVICTED_CERTIFICATE_REFUSED" Warning {
        /// the name the node had
        node: NodeName,
        /// the address it came from
        from: String,
    } => "The certificate of evicted node {node} was refused (from {from})."
    cause: "A node that was evicted still runs and calls.",
    remedy: "Stop its daemon. To have it back: empty its `data_dir`, start it, and let it join with a new \
             token from `steadfast token create`.";

    20507 UnknownCertificateRefused "UNKNOWN_CERTIFICATE_REFUSED" Warning {
        /// the address it came from
        from: String,
        /// SHA-256 of the certificate, in hexadecimal
        fingerprint: Option<String> = "none",
        /// why
        reason: String,
    } => "A certificate was refused (from {from}, SHA-256 {fingerprint}): {reason}."
    cause: "The caller's certificate was made by another cluster, is not the one this member is registered \
            with, or is missing.",
    remedy: "Look who has that address. A node of another cluster has wrong addresses in its \
             steadfast.toml; a member whose `data_dir` was replaced must be evicted and join again.";
}
