//! The certificate that a client shows in its handshake with a member: read before anybody knows
//! whose it is.
//!
//! A real client is at the other end, because certificates travel encrypted: changed bytes of a
//! recorded handshake would never reach the reader of certificates.

use super::{Target, ensure};
use crate::corpus;
use rustls::client::ResolvesClientCert;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::version::TLS13;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, SignatureScheme,
};
use std::io::{Read, Write};
use std::sync::{Arc, LazyLock};

const AUTHORITY: &str = include_str!("../../cluster/ca.pem");
const NODE: &str = include_str!("../../cluster/node.crt");
const NODE_KEY: &str = include_str!("../../cluster/node.key");
const CLIENT_KEY: &str = include_str!("../../cluster/client.key");
/// The name that every node's certificate carries.
const SERVER: &str = "node.steadfast.internal";

/// The reader of client certificates.
pub(super) const CERTIFICATE: Target = Target {
    name: "certificate",
    reads: "a certificate that a client shows",
    run: |bytes| {
        let shown = CertificateDer::from(bytes.to_vec());
        let mut server = ServerConnection::new(MEMBER.clone()).map_err(|error| error.to_string())?;
        let name = ServerName::try_from(SERVER).map_err(|error| error.to_string())?;
        let config = client(shown);
        let mut client = ClientConnection::new(config, name).map_err(|error| error.to_string())?;
        if !shake_hands(&mut client, &mut server) {
            return Ok(());
        }
        let good = corpus::files(&["fuzz/corpus/certificate"]);
        match server.peer_certificates() {
            None => Ok(()),
            Some([one]) => {
                ensure(good.iter().any(|good| good == one.as_ref()), "a changed certificate was accepted")
            }
            Some(_) => Err("one certificate was shown, and several are seen".to_owned()),
        }
    },
    seeds: || corpus::files(&["fuzz/corpus/certificate"]),
    words: &[
        "0\u{7f}",
        "\u{2}\u{1}",
        "\u{6}\u{3}U\u{4}\u{3}",
        "\u{18}\u{f}40960101000000Z",
        "fuzz",
        "client",
    ],
};

static MEMBER: LazyLock<Arc<ServerConfig>> = LazyLock::new(|| {
    daemon::fuzzing::member(NODE, NODE_KEY, AUTHORITY).expect("the fuzz targets' own cluster is good")
});

/// A client that shows this and signs with the client's key, whether or not the two fit.
fn client(shown: CertificateDer<'static>) -> Arc<ClientConfig> {
    let authority = CertificateDer::from_pem_slice(AUTHORITY.as_bytes()).expect("it is a certificate");
    let key = PrivateKeyDer::from_pem_slice(CLIENT_KEY.as_bytes()).expect("it is a key");
    let key = ring::sign::any_supported_type(&key).expect("the daemon makes keys that ring signs with");
    let mut roots = RootCertStore::empty();
    roots.add(authority).expect("the authority is good");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .expect("ring speaks TLS 1.3")
        .with_root_certificates(roots)
        .with_client_cert_resolver(Arc::new(Always(Arc::new(CertifiedKey::new(vec![shown], key)))));
    Arc::new(config)
}

/// Shows one certificate, whatever is asked for.
#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesClientCert for Always {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// Whether the server is content in the end.
fn shake_hands(client: &mut ClientConnection, server: &mut ServerConnection) -> bool {
    // Two flights each way are the longest handshake; the rest finds nothing to carry.
    for _ in 0..4 {
        let sent = carry(|wire| client.write_tls(wire), |wire| server.read_tls(wire));
        if !sent || server.process_new_packets().is_err() {
            return false;
        }
        let sent = carry(|wire| server.write_tls(wire), |wire| client.read_tls(wire));
        if !sent || client.process_new_packets().is_err() {
            return false;
        }
    }
    !server.is_handshaking()
}

/// Everything that one has to say reaches the other.
fn carry(
    mut from: impl FnMut(&mut dyn Write) -> std::io::Result<usize>,
    mut to: impl FnMut(&mut dyn Read) -> std::io::Result<usize>,
) -> bool {
    let mut wire = Vec::new();
    while matches!(from(&mut wire), Ok(written) if written > 0) {}
    let mut rest = wire.as_slice();
    while !rest.is_empty() {
        if !matches!(to(&mut rest), Ok(read) if read > 0) {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_s_own_certificate_is_accepted_and_another_s_is_not() {
        for (file, accepted) in [("client.der", true), ("node.der", false), ("authority.der", false)] {
            let path = format!("{}/corpus/certificate/{file}", env!("CARGO_MANIFEST_DIR"));
            let config = client(CertificateDer::from(std::fs::read(path).unwrap()));
            let mut client = ClientConnection::new(config, ServerName::try_from(SERVER).unwrap()).unwrap();
            let mut server = ServerConnection::new(MEMBER.clone()).unwrap();
            assert_eq!(shake_hands(&mut client, &mut server), accepted, "{file}");
        }
    }
}
