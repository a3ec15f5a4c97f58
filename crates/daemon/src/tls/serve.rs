//! The server side of TLS.

use super::{TlsError, certificate, private_key, provider};
use model::Secret;
use rustls::server::WebPkiClientVerifier;
use rustls::version::TLS13;
use rustls::{RootCertStore, ServerConfig};
use std::sync::Arc;

/// A member's listener: shows its certificate and the authority's (so that a joining node can
/// recognise the pin), and asks the client for a certificate without insisting on one. Who shows
/// none is nobody, and is told so by the routes that need somebody.
///
/// # Errors
/// [`TlsError`].
pub(crate) fn member(
    certificate_pem: &str,
    key: &Secret,
    ca_pem: &str,
) -> Result<Arc<ServerConfig>, TlsError> {
    let authority = certificate(ca_pem)?;
    let mut roots = RootCertStore::empty();
    roots.add(authority.clone())?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
        .allow_unauthenticated()
        .build()?;
    let config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            vec![certificate(certificate_pem)?, authority],
            private_key(key.expose_secret())?,
        )?;
    Ok(finish(config))
}

/// The listener of a node that is no member: it proves which key it holds, and no more.
///
/// # Errors
/// [`TlsError`].
pub(crate) fn stranger(certificate_pem: &str, key: &Secret) -> Result<Arc<ServerConfig>, TlsError> {
    let config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])?
        .with_no_client_auth()
        .with_single_cert(vec![certificate(certificate_pem)?], private_key(key.expose_secret())?)?;
    Ok(finish(config))
}

fn finish(mut config: ServerConfig) -> Arc<ServerConfig> {
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // Resumption would save a round trip on connections that live for months, and a resumed
    // session would outlive the certificate it was made with.
    config.send_tls13_tickets = 0;
    Arc::new(config)
}
