//! The client side of TLS.

use super::verify::{Pin, PinVerifier};
use super::{SERVER_NAME, TlsError, certificate, private_key, provider};
use model::{Endpoint, Secret};
use rustls::client::Resumption;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How a member connects to a member.
///
/// # Errors
/// [`TlsError`].
pub(crate) fn member(
    certificate_pem: &str,
    key: &Secret,
    ca_pem: &str,
) -> Result<Arc<ClientConfig>, TlsError> {
    let authority = certificate(ca_pem)?;
    let mut roots = RootCertStore::empty();
    roots.add(authority.clone())?;
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])?
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![certificate(certificate_pem)?], private_key(key.expose_secret())?)?;
    Ok(finish(config))
}

/// How a server is met that can only be recognised by a pin.
///
/// # Errors
/// [`TlsError`].
pub(crate) fn pinned(pin: Pin) -> Result<Arc<ClientConfig>, TlsError> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(PinVerifier::new(pin)))
        .with_no_client_auth();
    Ok(finish(config))
}

fn finish(mut config: ClientConfig) -> Arc<ClientConfig> {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::disabled();
    Arc::new(config)
}

/// Connects, within `limit` for all of it. Where `from` is given, the connection leaves from that
/// address, and so through that network.
///
/// # Errors
/// Those of the network and of the handshake; a time-out is [`io::ErrorKind::TimedOut`].
pub(crate) async fn open(
    config: Arc<ClientConfig>,
    endpoint: Endpoint,
    from: Option<std::net::IpAddr>,
    limit: Duration,
) -> io::Result<TlsStream<TcpStream>> {
    let connect = async {
        let socket = match endpoint.0 {
            std::net::SocketAddr::V4(_) => tokio::net::TcpSocket::new_v4()?,
            std::net::SocketAddr::V6(_) => tokio::net::TcpSocket::new_v6()?,
        };
        if let Some(from) = from.filter(|from| from.is_ipv4() == endpoint.0.is_ipv4()) {
            socket.bind(std::net::SocketAddr::new(from, 0))?;
        }
        let stream = socket.connect(endpoint.0).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from(SERVER_NAME).map_err(io::Error::other)?;
        TlsConnector::from(config).connect(name, stream).await
    };
    tokio::time::timeout(limit, connect)
        .await
        .unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in time")))
}

/// The certificate that the server showed.
#[must_use]
pub(crate) fn shown(stream: &TlsStream<TcpStream>) -> Option<CertificateDer<'static>> {
    stream.get_ref().1.peer_certificates()?.first().map(|certificate| certificate.clone().into_owned())
}
