//! Credentials of administrators.

use super::{Accepted, Asked, Verdict};
use events::{CredentialCreated, CredentialRevoked};
use model::stored::{ClusterState, CredentialKind, CredentialRecord, Rejection, Role};
use model::{CredentialName, Timestamp};

/// Credentials there may be. People and programs have one each; more would be a script that ran wild.
pub(super) const CREDENTIALS_MAX: usize = 1_000;

pub(super) fn create(
    state: &mut ClusterState,
    asked: &Asked,
    name: &CredentialName,
    kind: &CredentialKind,
    role: Role,
    expires: Option<Timestamp>,
) -> Verdict {
    if state.credentials.contains_key(name) {
        return Err(Rejection::CredentialExists { name: name.clone() });
    }
    if state.credentials.len() >= CREDENTIALS_MAX {
        return Err(Rejection::TooMany { what: "credentials".to_owned(), most: CREDENTIALS_MAX as u64 });
    }
    let record = CredentialRecord { kind: kind.clone(), role, created: asked.at, by: asked.by(), expires };
    state.credentials.insert(name.clone(), record);
    let kind = match kind {
        CredentialKind::Token { .. } => "token",
        CredentialKind::Certificate { .. } => "certificate",
    };
    let role = match role {
        Role::Administrator => "administrator",
    };
    Ok(Accepted::changed(CredentialCreated {
        credential: name.clone(),
        kind: kind.to_owned(),
        role: role.to_owned(),
        expires,
        by: asked.by(),
    }))
}

pub(super) fn revoke(state: &mut ClusterState, asked: &Asked, name: &CredentialName) -> Verdict {
    if state.credentials.remove(name).is_none() {
        return Err(Rejection::UnknownCredential { name: name.clone() });
    }
    Ok(Accepted::changed(CredentialRevoked { credential: name.clone(), by: asked.by() }))
}
