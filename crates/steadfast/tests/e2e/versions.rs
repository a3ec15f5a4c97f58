//! Members of different versions, and joins that are never completed: seen from the member that
//! is asked, with a joining node made here by hand.

use crate::cluster::ask::{Answer, Proof, exchange, request};
use crate::cluster::{Node, wait_for};
use api::{NodeState, ProblemKind};
use events::{JoinTokenBound, VersionDiffers, VersionIncompatible};
use model::stored::{
    Hello, HelloAnswer, JoinAnswer, JoinRequest, JoinToken, PROTOCOL, ProtocolRange, SoftwareVersion,
};
use model::{Incarnation, NodeName, Secret};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection};
use std::io::ErrorKind;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A node that speaks the protocol of joining, and nothing else. As long as it lives it answers at
/// its address with its key, as a node must that asks to join.
struct ByHand<'c> {
    host: Node<'c>,
    key: rcgen::KeyPair,
    ended: Arc<AtomicBool>,
}

impl<'c> ByHand<'c> {
    fn new(host: Node<'c>) -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = params().self_signed(&key).unwrap();
        let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.unwrap().with_no_client_auth();
        let config = Arc::new(config.with_single_cert(vec![certificate.der().clone()], private).unwrap());
        let listener = host.within(|| TcpListener::bind(host.address())).unwrap();
        listener.set_nonblocking(true).unwrap();
        let ended = Arc::new(AtomicBool::new(false));
        let until = ended.clone();
        std::thread::spawn(move || {
            while !until.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((mut stream, _)) => {
                        stream.set_nonblocking(false).unwrap();
                        let mut tls = ServerConnection::new(config.clone()).unwrap();
                        // The caller looks at the certificate and leaves.
                        while tls.is_handshaking() && tls.complete_io(&mut stream).is_ok() {}
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        std::thread::sleep(Duration::from_millis(5));
                    }
                    Err(error) => panic!("the listener by hand: {error}"),
                }
            }
        });
        Self { host, key, ended }
    }

    /// What it would ask, as this software would.
    fn request(&self, token: &str) -> JoinRequest {
        let token: JoinToken = token.parse().unwrap();
        let secret = serde_json::to_value(token.to_string()).unwrap();
        assert!(secret.is_string());
        JoinRequest {
            token: token.id,
            secret: Secret::new(base64url(&token.secret)),
            node: NodeName::new(self.host.name()).unwrap(),
            endpoints: vec![self.host.address().parse().unwrap()],
            certificate_request: params().serialize_request(&self.key).unwrap().pem().unwrap(),
            protocol: PROTOCOL,
            software: SoftwareVersion::current(),
        }
    }

    /// Asks a member for admission.
    fn ask(&self, member: Node<'_>, asked: &JoinRequest) -> Answer {
        // A real one knows the authority by the token's pin; here it is simply read.
        let stream = self.host.connect(&member.address(), &member.identity().ca_certificate, None);
        exchange(stream, &request("POST", "/join/v1/request", "", &serde_json::to_string(asked).unwrap()))
    }

    /// Says hello to a member with the certificate that it was given.
    fn greet(&self, member: Node<'_>, admitted: &JoinAnswer, hello: &Hello) -> Answer {
        let key = self.key.serialize_pem();
        let proof = Proof { certificate: &admitted.certificate, key: &key };
        let stream = self.host.connect(&member.address(), &admitted.ca_certificate, Some(&proof));
        exchange(stream, &request("POST", "/peer/v1/hello", "", &serde_json::to_string(hello).unwrap()))
    }

    fn hello(&self, admitted: &JoinAnswer, asked: &JoinRequest) -> Hello {
        let life = Incarnation([9; 8]);
        Hello {
            node: admitted.node,
            incarnation: life,
            history: vec![life],
            endpoints: asked.endpoints.clone(),
            protocol: asked.protocol,
            software: asked.software.clone(),
        }
    }
}

impl Drop for ByHand<'_> {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}

fn params() -> rcgen::CertificateParams {
    rcgen::CertificateParams::new(vec![api::client::SERVER_NAME.to_owned()]).unwrap()
}

fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let sextets = |group: &[u8]| {
        let bits =
            group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        (0..=group.len())
            .map(|at| char::from(DIGITS[(bits >> (18 - 6 * at)) as usize & 63]))
            .collect::<String>()
    };
    bytes.chunks(3).map(sextets).collect()
}

const UNKNOWN_PROTOCOL: ProtocolRange = ProtocolRange { min: PROTOCOL.max + 1, max: PROTOCOL.max + 2 };

#[test]
fn a_node_of_an_incompatible_version_is_refused_and_its_token_stays_good() {
    let cluster = formed!(2 of 3);
    let [n1, _, n3] = cluster.all();
    let token = n1.token("");
    let by_hand = ByHand::new(n3);
    let asked = JoinRequest {
        protocol: UNKNOWN_PROTOCOL,
        software: SoftwareVersion("99.0.0".to_owned()),
        ..by_hand.request(&token)
    };
    let answer = by_hand.ask(n1, &asked);
    assert_eq!(answer.status, 409, "{answer:?}");
    let problem = answer.problem();
    assert_eq!(problem.kind, ProblemKind::Conflict);
    assert!(problem.message.contains(&format!("speaks protocol {UNKNOWN_PROTOCOL}")), "{problem:?}");
    let told = n1.tells(VersionIncompatible::ENTRY);
    assert_eq!(
        (told.id, &told.fields["node"], &told.fields["software"]),
        (1547, &"n3".into(), &"99.0.0".into())
    );
    drop(by_hand);
    started_and_joined(n3, n1, &token);
}

#[test]
fn a_node_of_another_compatible_version_is_admitted_and_the_difference_noted() {
    let cluster = formed!(1 of 2);
    let [n1, n2] = cluster.all();
    let by_hand = ByHand::new(n2);
    let asked = JoinRequest {
        protocol: ProtocolRange { min: PROTOCOL.min, max: PROTOCOL.max + 1 },
        software: SoftwareVersion("99.0.0".to_owned()),
        ..by_hand.request(&n1.token(""))
    };
    let answer = by_hand.ask(n1, &asked);
    assert_eq!(answer.status, 200, "{answer:?}");
    let admitted: JoinAnswer = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(admitted.cluster_name.as_str(), "shop");
    assert!(admitted.members.iter().any(|member| member.name.as_str() == "n1"));

    let hello = by_hand.hello(&admitted, &asked);
    let greeted: HelloAnswer = serde_json::from_str(&by_hand.greet(n1, &admitted, &hello).body).unwrap();
    assert!(matches!(greeted, HelloAnswer::Welcome { .. }), "{greeted:?}");
    let told = n1.tells(VersionDiffers::ENTRY);
    assert_eq!(
        (told.id, &told.fields["node"], &told.fields["theirs"]),
        (1548, &"n2".into(), &"99.0.0".into())
    );
    assert!(n1.ok("node list").contains("99.0.0"));

    // A member that comes back with a version that nobody can work with is told so, and refused.
    let upgraded = Hello { protocol: UNKNOWN_PROTOCOL, ..hello };
    let greeted: HelloAnswer = serde_json::from_str(&by_hand.greet(n1, &admitted, &upgraded).body).unwrap();
    assert!(matches!(greeted, HelloAnswer::Incompatible { .. }), "{greeted:?}");
    n1.tells(VersionIncompatible::ENTRY);
}

#[test]
fn a_join_that_is_never_completed_uses_no_token_up_and_blocks_nobody() {
    let cluster = formed!(2 of 4);
    let [n1, n2, n3, n4] = cluster.all();
    let token = n1.token("");
    let by_hand = ByHand::new(n3);
    assert_eq!(by_hand.ask(n1, &by_hand.request(&token)).status, 200);
    // It was admitted, and is never heard of again: nobody waits for it.
    drop(by_hand);
    n2.until("n3 joins", |status| status.nodes.iter().any(|node| node.state == NodeState::Joining));
    n2.apply("[cluster]\nname = \"shop\"\n# in spite of it\n").ok();
    n4.start();
    n4.join(n2);
    assert_eq!(n4.status().quorum.votes, 3, "it has no vote");

    // The real one starts over, with the same token.
    started_and_joined(n3, n2, &token);
    cluster.settled(&[n1, n2, n3, n4]);
}

#[test]
fn the_first_who_uses_an_open_token_to_the_end_has_used_it_up() {
    let cluster = formed!(1 of 3);
    let [n1, n2, n3] = cluster.all();
    let token = n1.token("");
    let by_hand = ByHand::new(n2);
    assert_eq!(by_hand.ask(n1, &by_hand.request(&token)).status, 200);
    started_and_joined(n3, n1, &token);
    // The one that did not finish is out: its certificate is nobody's, and the token is n3's.
    let late = by_hand.ask(n1, &by_hand.request(&token));
    assert_eq!(late.status, 409, "{late:?}");
    assert!(late.problem().message.contains("was used by node `n3`"), "{late:?}");
    assert!(n1.told(JoinTokenBound::ENTRY.id).is_empty());
    let names = |node: Node<'_>| -> Vec<String> { node.status().nodes.into_iter().map(|n| n.name).collect() };
    wait_for("n2 to be forgotten", || (names(n1) == ["n1", "n3"]).then_some(()));
}

#[track_caller]
fn started_and_joined(node: Node<'_>, member: Node<'_>, token: &str) {
    node.start();
    node.join_with(member, token).ok();
}
