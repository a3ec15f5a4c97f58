//! Credentials for use from elsewhere than a node's local socket.

use crate::clock;
use crate::http::body::{Body, parse};
use crate::http::caller::Administrator;
use crate::http::problem::{Answer, internal};
use crate::node::Node;
use crate::tls::{self, authority, secret_hash};
use api::{
    Changed, CredentialForm, CredentialMade, CredentialRequest, CredentialShown, Problem, ProblemKind,
};
use axum::Json;
use axum::extract::{Path, State};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::CredentialName;
use model::stored::{Command, CredentialKind, CredentialRecord, Role};
use std::sync::Arc;
use std::time::Duration;

/// What every API token begins with, so that it is recognised in a clipboard and by secret scanners.
const TOKEN_PREFIX: &str = "sfa1_";

/// Makes a credential. Its secret is in the answer and nowhere else.
#[utoipa::path(post, path = "/v1/credentials", request_body = CredentialRequest,
    responses((status = 200, body = CredentialMade), (status = "default", body = Problem)))]
pub async fn create(
    State(node): State<Arc<Node>>,
    Administrator(actor): Administrator,
    Body(request): Body<CredentialRequest>,
) -> Answer<CredentialMade> {
    let name: CredentialName = parse(&request.name)?;
    let expires = request.ttl_s.map(|seconds| clock::wall().plus(Duration::from_secs(seconds)));
    let state = node.state();
    let Some(cluster) = &state.cluster else {
        return Err(Problem::new(ProblemKind::NoCluster, crate::status::why_not(&node).0).into());
    };
    let mut made = CredentialMade {
        name: name.to_string(),
        token: None,
        certificate: None,
        key: None,
        ca_certificate: cluster.ca_certificate.clone(),
        expires: expires.map(|at| at.to_string()),
    };
    let kind = match request.form {
        CredentialForm::Token => {
            let token = format!("{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(clock::random::<32>()));
            let hash = secret_hash(token.as_bytes());
            made.token = Some(token);
            CredentialKind::Token { hash }
        }
        CredentialForm::Certificate => {
            let defect = |error: tls::TlsError| internal("a certificate cannot be made", &error);
            let ca =
                authority::Pair { certificate: cluster.ca_certificate.clone(), key: cluster.ca_key.clone() };
            let pair = authority::issue_client(&ca, &name).map_err(defect)?;
            let fingerprint = tls::fingerprint(&tls::certificate(&pair.certificate).map_err(defect)?);
            made.key = Some(pair.key.expose_secret().to_owned());
            made.certificate = Some(pair.certificate);
            CredentialKind::Certificate { fingerprint }
        }
    };
    node.write(actor, Command::CreateCredential { name, kind, role: Role::Administrator, expires }).await?;
    Ok(Json(made))
}

/// The credentials, without their secrets.
#[utoipa::path(get, path = "/v1/credentials", responses((status = 200, body = Vec<CredentialShown>)))]
pub async fn list(State(node): State<Arc<Node>>, _: Administrator) -> Answer<Vec<CredentialShown>> {
    Ok(Json(node.state().credentials.iter().map(|(name, record)| shown(name, record)).collect()))
}

fn shown(name: &CredentialName, record: &CredentialRecord) -> CredentialShown {
    let Role::Administrator = record.role;
    CredentialShown {
        name: name.to_string(),
        form: match record.kind {
            CredentialKind::Token { .. } => CredentialForm::Token,
            CredentialKind::Certificate { .. } => CredentialForm::Certificate,
        },
        role: "administrator".to_owned(),
        by: record.by.clone(),
        created: record.created.to_string(),
        expires: record.expires.map(|at| at.to_string()),
    }
}

/// Removes a credential; it is refused from now on.
#[utoipa::path(delete, path = "/v1/credentials/{name}", params(("name" = String, Path)),
    responses((status = 200, body = Changed), (status = "default", body = Problem)))]
pub async fn revoke(
    State(node): State<Arc<Node>>,
    Administrator(actor): Administrator,
    Path(name): Path<String>,
) -> Answer<Changed> {
    let name: CredentialName = parse(&name)?;
    let written = node.write(actor, Command::RevokeCredential { name: name.clone() }).await?;
    Ok(Json(Changed { revision: written.revision.0, text: format!("credential {name} was revoked") }))
}
