//! The cluster's certificate authority, and the certificates it makes.

use super::{SERVER_NAME, TlsError};
use model::{ClusterName, CredentialName, NodeName, Secret};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData,
};

/// A certificate and its key, PEM.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The certificate.
    pub certificate: String,
    /// The key.
    pub key: Secret,
}

/// The part of a certificate's name that says what its holder is.
const UNIT_NODE: &str = "node";
const UNIT_CLIENT: &str = "client";

fn named(common: &str, unit: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    name.push(DnType::OrganizationalUnitName, unit);
    name.push(DnType::OrganizationName, "Steadfast");
    name
}

/// Makes the authority of a new cluster.
///
/// # Errors
/// [`TlsError::Certificate`].
pub(crate) fn found(cluster: &ClusterName) -> Result<Pair, TlsError> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = named(cluster.as_str(), "cluster authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let certificate = params.self_signed(&key)?;
    Ok(Pair { certificate: certificate.pem(), key: Secret::new(key.serialize_pem()) })
}

/// A new key.
///
/// # Errors
/// [`TlsError::Certificate`].
pub(crate) fn new_key() -> Result<Secret, TlsError> {
    Ok(Secret::new(KeyPair::generate()?.serialize_pem()))
}

/// A certificate that the holder of `key` made for itself: what a node shows before it is a member.
///
/// # Errors
/// [`TlsError::Certificate`].
pub(crate) fn self_signed(key: &Secret, node: &NodeName) -> Result<String, TlsError> {
    let key = KeyPair::from_pem(key.expose_secret())?;
    let mut params = CertificateParams::new(vec![SERVER_NAME.to_owned()])?;
    params.distinguished_name = named(node.as_str(), "not a member");
    Ok(params.self_signed(&key)?.pem())
}

/// A certificate request, PEM.
///
/// # Errors
/// [`TlsError::Certificate`].
pub(crate) fn request(key: &Secret, node: &NodeName) -> Result<String, TlsError> {
    let key = KeyPair::from_pem(key.expose_secret())?;
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = named(node.as_str(), UNIT_NODE);
    Ok(params.serialize_request(&key)?.pem()?)
}

/// A request whose signature was checked. Of its contents only the public key counts: the name and
/// the uses of a certificate are the authority's to choose.
pub(crate) struct Request(CertificateSigningRequestParams);

impl Request {
    /// Reads a request and checks its signature.
    ///
    /// # Errors
    /// [`TlsError::Certificate`].
    pub(crate) fn parse(pem: &str) -> Result<Self, TlsError> {
        Ok(Self(CertificateSigningRequestParams::from_pem(pem)?))
    }

    /// The public key (`SubjectPublicKeyInfo`, DER).
    #[must_use]
    pub(crate) fn public_key(&self) -> Vec<u8> {
        self.0.public_key.subject_public_key_info()
    }
}

/// Makes a node's certificate.
///
/// # Errors
/// [`TlsError::Certificate`].
pub(crate) fn issue_node(authority: &Pair, node: &NodeName, request: &Request) -> Result<String, TlsError> {
    let mut params = CertificateParams::new(vec![SERVER_NAME.to_owned(), node.to_string()])?;
    params.distinguished_name = named(node.as_str(), UNIT_NODE);
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    sign(authority, params, &request.0.public_key)
}

/// Makes a client's certificate with a key of its own.
///
/// # Errors
/// [`TlsError::Certificate`].
pub(crate) fn issue_client(authority: &Pair, name: &CredentialName) -> Result<Pair, TlsError> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = named(name.as_str(), UNIT_CLIENT);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    Ok(Pair { certificate: sign(authority, params, &key)?, key: Secret::new(key.serialize_pem()) })
}

fn sign(
    authority: &Pair,
    mut params: CertificateParams,
    public_key: &impl PublicKeyData,
) -> Result<String, TlsError> {
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    let ca_key = KeyPair::from_pem(authority.key.expose_secret())?;
    let issuer = Issuer::from_ca_cert_pem(&authority.certificate, ca_key)?;
    Ok(params.signed_by(public_key, &issuer)?.pem())
}
