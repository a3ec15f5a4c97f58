//! From PEM texts to a TLS configuration that trusts one cluster and nobody else.

use model::Secret;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;

/// How a caller proves who it is.
#[derive(Debug, Clone)]
pub enum Auth {
    /// A bearer token, as `steadfast credential create` prints it.
    Token(Secret),
    /// A client certificate and its key, PEM.
    Certificate {
        /// The certificate, followed by the certificates between it and the authority, if any.
        certificate_pem: String,
        /// Its private key.
        key_pem: Secret,
    },
}

/// What a caller brings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidCredential {
    /// Nowhere to connect to.
    #[error("no address of a node is given")]
    NoAddress,
    /// The bearer token cannot be one. Its contents are never part of the message.
    #[error("the API token is empty or holds characters that no token has")]
    Token,
    /// The authority is not a certificate.
    #[error("the cluster's authority is not a certificate in PEM: {0}")]
    Authority(String),
    /// The client certificate is none.
    #[error("the client certificate is not a certificate in PEM: {0}")]
    Certificate(String),
    /// The key is none. Its contents are never part of the message.
    #[error("the client key is not a private key in PEM")]
    Key,
    /// Certificate and key do not belong together, or are of a kind that is not spoken.
    #[error("the client certificate and its key cannot be used together: {0}")]
    Mismatch(rustls::Error),
    /// The TLS library refuses to start.
    #[error("TLS cannot be set up: {0}")]
    Tls(rustls::Error),
}

/// The configuration: TLS 1.3 alone, one root, HTTP/1.1.
pub(super) fn config(ca_pem: &str, auth: &Auth) -> Result<Arc<ClientConfig>, InvalidCredential> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(ca_pem).map_err(InvalidCredential::Authority)? {
        roots.add(certificate).map_err(|error| InvalidCredential::Authority(error.to_string()))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(InvalidCredential::Tls)?
        .with_root_certificates(roots);
    let mut config = match auth {
        Auth::Token(token) if is_token(token.expose_secret()) => builder.with_no_client_auth(),
        Auth::Token(_) => return Err(InvalidCredential::Token),
        Auth::Certificate { certificate_pem, key_pem } => {
            let chain = certificates(certificate_pem).map_err(InvalidCredential::Certificate)?;
            let key = PrivateKeyDer::from_pem_slice(key_pem.expose_secret().as_bytes())
                .map_err(|_| InvalidCredential::Key)?;
            builder.with_client_auth_cert(chain, key).map_err(InvalidCredential::Mismatch)?
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Whether a text can stand in an `Authorization` header: visible ASCII, no spaces.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// At least one certificate, or why there is none.
fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match found {
        Ok(found) if found.is_empty() => Err("it holds no `BEGIN CERTIFICATE`".to_owned()),
        Ok(found) => Ok(found),
        Err(error) => Err(error.to_string()),
    }
}
