//! Recognising a server before its cluster's authority is known, or before it is a member.

use super::{SERVER_NAME, provider, sha256};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme};
use std::sync::Arc;

/// By what a server is recognised.
#[derive(Debug, Clone)]
pub(crate) enum Pin {
    /// It shows an authority whose certificate has this SHA-256, and a certificate made by it.
    Authority([u8; 32]),
    /// It holds the private key to this public one (`SubjectPublicKeyInfo`, DER).
    PublicKey(Vec<u8>),
}

/// The server is a node of another cluster, or no node at all.
#[derive(Debug, thiserror::Error)]
#[error("the server does not belong to the cluster that this token was made by")]
pub(crate) struct ForeignCluster;

/// The server holds another key.
#[derive(Debug, thiserror::Error)]
#[error("what answers there holds another key than the node that asks to join")]
pub(crate) struct ForeignKey;

/// Why a pinned server was not accepted, where that was for its pin. rustls keeps the reason, and
/// shows it as the name of a type.
fn own_reason(error: &std::io::Error) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
    match error.get_ref()?.downcast_ref::<Error>()? {
        Error::InvalidCertificate(CertificateError::Other(OtherError(reason))) => Some(&**reason),
        _ => None,
    }
}

/// Whether a server was not accepted because it is of another cluster.
#[must_use]
pub(crate) fn is_foreign_cluster(error: &std::io::Error) -> bool {
    own_reason(error).is_some_and(|reason| reason.is::<ForeignCluster>())
}

/// What went wrong with a connection, in words for people.
#[must_use]
pub(crate) fn in_words(error: &std::io::Error) -> String {
    own_reason(error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// Verifies a server by a [`Pin`].
#[derive(Debug)]
pub(crate) struct PinVerifier {
    pin: Pin,
    provider: Arc<CryptoProvider>,
}

impl PinVerifier {
    /// Recognises servers by `pin`.
    #[must_use]
    pub(crate) fn new(pin: Pin) -> Self {
        Self { pin, provider: provider() }
    }
}

fn refused(why: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(why))))
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.pin {
            Pin::PublicKey(expected) => {
                let shown = ParsedCertificate::try_from(end_entity)?;
                if shown.subject_public_key_info().as_ref() != expected.as_slice() {
                    return Err(refused(ForeignKey));
                }
                Ok(ServerCertVerified::assertion())
            }
            Pin::Authority(pin) => {
                let pinned = intermediates.iter().find(|certificate| sha256(certificate) == *pin);
                let authority = pinned.ok_or_else(|| refused(ForeignCluster))?;
                let mut roots = RootCertStore::empty();
                roots.add(authority.clone().into_owned())?;
                let name = ServerName::try_from(SERVER_NAME).map_err(|_| refused(ForeignCluster))?;
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), self.provider.clone())
                    .build()
                    .map_err(refused)?
                    .verify_server_cert(end_entity, &[], &name, ocsp_response, now)
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
