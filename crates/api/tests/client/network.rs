//! TLS: who is trusted, who is not, and what happens with several addresses.

use crate::server::{json, on_port};
use api::client::{Auth, Client, ClientError, InvalidCredential, SERVER_NAME};
use model::{Endpoint, Secret};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use std::sync::Arc;

type Authority = CertifiedIssuer<'static, KeyPair>;

/// Authorities of different clusters bear one name and differ in their key, which is the harder case.
fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Steadfast cluster authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn node(name: &str) -> CertificateParams {
    CertificateParams::new([name.to_owned()]).unwrap()
}

fn signed(authority: &Authority, params: &CertificateParams) -> (rcgen::Certificate, KeyPair) {
    let key = KeyPair::generate().unwrap();
    (params.signed_by(&key, authority).unwrap(), key)
}

/// A server with a certificate of `authority`, that asks for client certificates of `clients`.
fn server(authority: &Authority, params: &CertificateParams, clients: Option<&Authority>) -> ServerConfig {
    let (certificate, key) = signed(authority, params);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(clients) => {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(clients.der().clone()).unwrap();
            let verifier =
                rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    builder.with_single_cert(vec![certificate.der().clone()], key).unwrap()
}

fn export() -> Vec<u8> {
    json("200 OK", r#"{"revision":7,"text":"x"}"#)
}

fn token() -> Auth {
    Auth::Token(Secret::new("hunter2"))
}

fn certificate(authority: &Authority) -> Auth {
    let (certificate, key) = signed(authority, &CertificateParams::default());
    Auth::Certificate { certificate_pem: certificate.pem(), key_pem: Secret::new(key.serialize_pem()) }
}

fn client(addresses: &[Endpoint], authority: &Authority, auth: Auth) -> Client {
    Client::tls(addresses.to_vec(), &authority.pem(), auth).unwrap()
}

#[tokio::test]
async fn a_node_is_known_by_its_authority_and_the_constant_name_not_by_its_address() {
    let ca = authority();
    let (address, seen) = on_port(Some(server(&ca, &node(SERVER_NAME), None)), export());
    assert_eq!(client(&[address], &ca, token()).export().await.unwrap().revision, 7);
    let seen = seen.lock().unwrap().remove(0);
    assert!(seen.contains("authorization: Bearer hunter2\r\n"), "{seen}");
}

#[tokio::test]
async fn a_client_certificate_is_shown() {
    let ca = authority();
    let (address, _) = on_port(Some(server(&ca, &node(SERVER_NAME), Some(&ca))), export());
    assert_eq!(client(&[address], &ca, certificate(&ca)).export().await.unwrap().revision, 7);
}

#[tokio::test]
async fn a_refused_client_certificate_is_told_as_such() {
    let ca = authority();
    let (address, seen) = on_port(Some(server(&ca, &node(SERVER_NAME), Some(&ca))), export());
    let error = client(&[address], &ca, certificate(&authority())).export().await.unwrap_err();
    // The server's reason can be lost when it closes at once; it must never look like a success.
    let told = matches!(&error, ClientError::Problem(problem) if problem.message.contains("refuses the client certificate"));
    assert!(told || matches!(error, ClientError::Unreachable { .. }), "{error:?}");
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn whoever_is_not_a_node_of_this_cluster_is_refused_by_name() {
    let ca = authority();
    let mut old = node(SERVER_NAME);
    old.not_before = date_time_ymd(2020, 1, 1);
    old.not_after = date_time_ymd(2021, 1, 1);
    let foreign = Some(server(&authority(), &node(SERVER_NAME), None));
    for (tls, words) in [
        (foreign, "belongs to another cluster"),
        (Some(server(&ca, &old, None)), "compare the clocks"),
        (Some(server(&ca, &node("admin.example"), None)), "not that of a node"),
        (None, "does not speak TLS 1.3"),
    ] {
        let (address, seen) = on_port(tls, export());
        let error = client(&[address], &ca, token()).export().await.unwrap_err();
        assert!(matches!(error, ClientError::Unreachable { .. }), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
        let sent = seen.lock().unwrap().concat();
        assert!(!sent.contains("hunter2"), "the token must not be sent: {words}");
    }
}

#[tokio::test]
async fn the_next_address_is_tried_and_all_are_named_when_none_answers() {
    let ca = authority();
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        Endpoint(listener.local_addr().unwrap())
    };
    let (good, _) = on_port(Some(server(&ca, &node(SERVER_NAME), None)), export());
    assert_eq!(client(&[closed, good], &ca, token()).export().await.unwrap().revision, 7);
    let (plain, _) = on_port(None, export());
    let error = client(&[closed, plain], &ca, token()).export().await.unwrap_err();
    assert_eq!(error.what(), "no node answers");
    let why = error.why();
    assert!(why[0].starts_with(&format!("{closed}: connection refused")), "{why:?}");
    assert!(why[1].starts_with(&plain.to_string()), "{why:?}");
}

#[tokio::test]
async fn a_read_goes_on_to_the_next_address_and_a_write_never_does() {
    let ca = authority();
    let (mute, _) = on_port(Some(server(&ca, &node(SERVER_NAME), None)), Vec::new());
    let (good, seen) = on_port(Some(server(&ca, &node(SERVER_NAME), None)), export());
    let client = client(&[mute, good], &ca, token());
    assert_eq!(client.export().await.unwrap().revision, 7);
    seen.lock().unwrap().clear();
    let error = client.evict(&"n2".parse().unwrap()).await.unwrap_err();
    assert!(matches!(error, ClientError::Unanswered(_)), "{error:?}");
    assert!(seen.lock().unwrap().is_empty());
}

#[test]
fn unusable_credentials_are_told_apart_and_keys_are_not_quoted() {
    let (ca, other) = (authority(), authority());
    let address = vec!["127.0.0.1:7400".parse().unwrap()];
    let (mine, key) = signed(&ca, &CertificateParams::default());
    let made = |ca_pem: &str, certificate_pem: &str, key_pem: &str| {
        let key_pem = Secret::new(key_pem);
        let auth = Auth::Certificate { certificate_pem: certificate_pem.to_owned(), key_pem };
        Client::tls(address.clone(), ca_pem, auth).map(drop)
    };
    let key = key.serialize_pem();
    assert!(made(&ca.pem(), &mine.pem(), &key).is_ok());
    assert!(matches!(made("x", &mine.pem(), &key), Err(InvalidCredential::Authority(_))));
    assert!(matches!(made(&ca.pem(), &key, &key), Err(InvalidCredential::Certificate(_))));
    assert!(matches!(made(&ca.pem(), &mine.pem(), "hunter2"), Err(InvalidCredential::Key)));
    assert!(matches!(made(&ca.pem(), &other.pem(), &key), Err(InvalidCredential::Mismatch(_))));
    let cut = Auth::Token(Secret::new("two words\n"));
    assert!(matches!(Client::tls(address.clone(), &ca.pem(), cut), Err(InvalidCredential::Token)));
    assert!(matches!(Client::tls(Vec::new(), &ca.pem(), token()), Err(InvalidCredential::NoAddress)));
}
