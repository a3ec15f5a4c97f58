//! Who is at the other end: certificates, the cluster's authority, connections.
//!
//! TLS 1.3 with certificates on both sides between nodes, and no plaintext mode. Three habits make
//! it hold on bad days:
//!
//! * **Certificates do not expire** (they are valid from 1975 to 4096), because a clock that is a
//!   day or forty years off must not be able to stop a cluster, and expiry is a classic cause of
//!   outages. What ends a certificate is the eviction of its node: the cluster database names the
//!   one certificate of each member ([`fingerprint`]), and nothing else is accepted.
//! * **No names are resolved.** Every node's certificate carries the same name,
//!   [`SERVER_NAME`]; who a node is, its fingerprint says.
//! * **A chain to the authority is not enough** to act as a member: see `peer::book`.

pub(crate) mod authority;
pub(crate) mod connect;
pub(crate) mod serve;
pub(crate) mod verify;

use ring::digest::{SHA256, digest};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;

pub(crate) use api::client::SERVER_NAME;

/// What may go wrong with certificates. All of it is local: bad files, or a defect.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// Text that should hold a certificate or key does not.
    #[error("not a certificate or key in PEM: {0}")]
    Pem(#[from] rustls::pki_types::pem::Error),
    /// Certificates cannot be made or read.
    #[error("certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// They do not fit together.
    #[error("TLS: {0}")]
    Rustls(#[from] rustls::Error),
    /// The cluster's authority cannot verify clients.
    #[error("the cluster's authority is not usable: {0}")]
    Authority(#[from] rustls::server::VerifierBuilderError),
}

/// The cryptography: ring, chosen explicitly so that no other crate's features can change it.
#[must_use]
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// SHA-256 of a certificate, in hexadecimal: how the cluster database names it.
#[must_use]
pub(crate) fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    hex(&sha256(certificate.as_ref()))
}

/// SHA-256.
#[must_use]
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, bytes).as_ref());
    out
}

/// BLAKE3 of a secret, in hexadecimal: what the cluster database keeps of it.
#[must_use]
pub(crate) fn secret_hash(secret: &[u8]) -> String {
    blake3::hash(secret).to_hex().to_string()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// Reads a certificate.
///
/// # Errors
/// [`TlsError::Pem`].
pub(crate) fn certificate(pem: &str) -> Result<CertificateDer<'static>, TlsError> {
    Ok(CertificateDer::from_pem_slice(pem.as_bytes())?)
}

/// Reads a private key.
///
/// # Errors
/// [`TlsError::Pem`].
pub(crate) fn private_key(pem: &str) -> Result<PrivateKeyDer<'static>, TlsError> {
    Ok(PrivateKeyDer::from_pem_slice(pem.as_bytes())?)
}
