//! What is stored and sent has one golden file per document and version.
//!
//! Each file is read and written back, byte for byte. A change that breaks one of them breaks a
//! cluster that is upgraded node by node, so: a new version gets a new file, and the old file stays
//! and must still be read. `UPDATE_GOLDEN=1` writes files that are missing or of the present version.

use model::desired::{
    ClusterSpec, Exclusive, Failback, GroupSpec, NodeSpec, Profile, ResourceSpec, StallPolicy, Value,
};
use model::stored::{
    Actor, ClusterRecord, ClusterState, Command, CredentialKind, CredentialRecord, DOCUMENT_VERSION,
    EventRecord, EvictedRecord, HEARTBEAT_BODY_LEN, Heartbeat, Hello, HelloAnswer, Identity, JoinAnswer,
    JoinRequest, MemberHint, NewNode, NodeRecord, Outcome, PROTOCOL, Proposal, Rejection, Role,
    SoftwareVersion, TokenRecord, Versioned,
};
use model::{
    ClusterId, ClusterName, CredentialName, Endpoint, FailureDomain, Incarnation, NodeId, NodeName,
    RequestId, Revision, Secret, Timestamp, TokenId,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Debug;
use std::path::PathBuf;
use std::time::Duration;

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn golden(name: &str, current: &[u8]) -> Vec<u8> {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(file(name), current).unwrap();
    }
    std::fs::read(file(name)).unwrap_or_else(|error| panic!("{name}: {error}; UPDATE_GOLDEN=1 writes it"))
}

/// Reads the golden file of a document, compares it with `sample`, and writes it back.
fn check<T: Serialize + DeserializeOwned + PartialEq + Debug>(document: &str, sample: &T) {
    let name = format!("{document}.v{DOCUMENT_VERSION}.json");
    // Spread over lines for people; what is stored is the same without the spaces.
    let mut shown =
        serde_json::to_vec_pretty(&Versioned { version: DOCUMENT_VERSION, body: sample }).unwrap();
    shown.push(b'\n');
    let stored = golden(&name, &shown);
    let read: T = Versioned::decode(&stored).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(read, *sample, "{name} means something else now");
    assert!(shown == stored, "{name} is written otherwise now");
    assert_eq!(Versioned::<T>::decode(&Versioned::encode(sample)).unwrap(), *sample);
}

fn node(name: &str) -> NodeName {
    NodeName::new(name).unwrap()
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_unix_ms(1_795_372_200_000 + ms)
}

fn endpoints(last: u8) -> Vec<Endpoint> {
    vec![format!("10.0.0.{last}:7400").parse().unwrap(), format!("[fd00::{last}]:7400").parse().unwrap()]
}

fn cluster() -> ClusterRecord {
    ClusterRecord {
        id: ClusterId([0xc1; 16]),
        name: ClusterName::new("shop").unwrap(),
        formed: at(0),
        ca_certificate: "-----BEGIN CERTIFICATE-----\n…\n".to_owned(),
        ca_key: Secret::new("-----BEGIN PRIVATE KEY-----\n…\n"),
        heartbeat_key: Secret::new("AAAA"),
    }
}

fn new_node() -> NewNode {
    NewNode {
        name: node("n2"),
        endpoints: endpoints(2),
        certificate: "ab".repeat(32),
        protocol: PROTOCOL,
        software: SoftwareVersion("0.1.0".to_owned()),
    }
}

fn spec() -> ClusterSpec {
    let parameters = BTreeMap::from([
        ("address".to_owned(), Value::Text("10.0.0.100/24".to_owned())),
        ("arp".to_owned(), Value::Flag(true)),
        ("retries".to_owned(), Value::Number(3)),
        ("hosts".to_owned(), Value::List(vec!["a".to_owned(), "b".to_owned()])),
    ]);
    ClusterSpec {
        profile: Profile::Patient,
        stall_policy: StallPolicy::AssumeBelow(Duration::from_secs(10)),
        nodes: vec![NodeSpec {
            name: node("n1"),
            failure_domain: Some(FailureDomain::new("rack-a").unwrap()),
        }],
        groups: vec![GroupSpec {
            name: "web".parse().unwrap(),
            description: Some("the shop's front".to_owned()),
            preferred_owners: vec![node("n1")],
            possible_owners: vec![node("n1"), node("n2")],
            anti_affinity: vec!["db".parse().unwrap()],
            failback: Failback::Window { first: 22, until: 4 },
            resources: vec![ResourceSpec {
                name: "ip".parse().unwrap(),
                kind: "ip-address".parse().unwrap(),
                depends_on: vec!["disk".parse().unwrap()],
                exclusive: Exclusive::Gate,
                parameters,
            }],
        }],
    }
}

fn state() -> ClusterState {
    let member = NodeRecord {
        name: node("n2"),
        endpoints: endpoints(2),
        certificate: "ab".repeat(32),
        protocol: PROTOCOL,
        software: SoftwareVersion("0.1.0".to_owned()),
        joined: at(1),
        confirmed: false,
        token: Some(TokenId([7; 8])),
        incarnation: Some(Incarnation([9; 8])),
    };
    let gone = EvictedRecord {
        name: node("n3"),
        certificate: "cd".repeat(32),
        at: at(2),
        by: "root on n1".to_owned(),
    };
    let token = TokenRecord {
        secret_hash: "ef".repeat(32),
        node: Some(node("n2")),
        created: at(3),
        by: "root on n1".to_owned(),
        expires: at(4),
        used: Some((node("n2"), at(5))),
    };
    let credential = |kind| CredentialRecord {
        kind,
        role: Role::Administrator,
        created: at(6),
        by: "root on n1".to_owned(),
        expires: Some(at(7)),
    };
    ClusterState {
        cluster: Some(cluster()),
        revision: Revision(42),
        last_node: NodeId(3),
        nodes: BTreeMap::from([(NodeId(2), member)]),
        evicted: BTreeMap::from([(NodeId(3), gone)]),
        tokens: BTreeMap::from([(TokenId([7; 8]), token)]),
        credentials: BTreeMap::from([
            (CredentialName::new("ci").unwrap(), credential(CredentialKind::Token { hash: "01".repeat(32) })),
            (
                CredentialName::new("console").unwrap(),
                credential(CredentialKind::Certificate { fingerprint: "02".repeat(32) }),
            ),
        ]),
        spec: spec(),
        declaration: "# comment\n[cluster]\nname = \"shop\"\n".to_owned(),
        recent: VecDeque::from([
            (RequestId([1; 16]), Outcome::Done { revision: Revision(41), node: Some(NodeId(2)) }),
            (RequestId([2; 16]), Outcome::Refused(Rejection::UnknownToken)),
            (RequestId([3; 16]), Outcome::Nothing),
        ]),
    }
}

#[test]
fn the_cluster_s_state_is_stored_as_it_was() {
    check("cluster-state", &state());
}

#[test]
fn every_command_is_stored_and_sent_as_it_was() {
    let name = CredentialName::new("ci").unwrap();
    let commands = vec![
        Command::Form { cluster: cluster(), node: new_node() },
        Command::Configure {
            cluster: ClusterName::new("shop").unwrap(),
            spec: spec(),
            text: "text\n".to_owned(),
            if_revision: Some(Revision(41)),
        },
        Command::CreateToken {
            token: TokenId([7; 8]),
            secret_hash: "ef".repeat(32),
            node: None,
            expires: at(9),
        },
        Command::Admit { token: TokenId([7; 8]), secret_hash: "ef".repeat(32), node: new_node() },
        Command::Confirm { node: NodeId(2) },
        Command::UpdateNode {
            node: NodeId(2),
            endpoints: endpoints(2),
            protocol: PROTOCOL,
            software: SoftwareVersion("0.1.0".to_owned()),
            incarnation: Incarnation([9; 8]),
        },
        Command::Evict { node: node("n2") },
        Command::CreateCredential {
            name: name.clone(),
            kind: CredentialKind::Token { hash: "01".repeat(32) },
            role: Role::Administrator,
            expires: None,
        },
        Command::RevokeCredential { name: name.clone() },
    ];
    let actors =
        [Actor::Local { node: node("n1"), uid: 0 }, Actor::Credential(name), Actor::Node(node("n1"))];
    let proposals: Vec<Proposal> = commands
        .into_iter()
        .zip(actors.iter().cycle())
        .map(|(command, actor)| Proposal {
            request: RequestId([5; 16]),
            at: at(8),
            actor: actor.clone(),
            command,
        })
        .collect();
    check("proposals", &proposals);
}

#[test]
fn every_outcome_is_stored_and_sent_as_it_was() {
    let (endpoint, name) = (endpoints(2)[0], CredentialName::new("ci").unwrap());
    let rejections = vec![
        Rejection::AlreadyFormed,
        Rejection::NotFormed,
        Rejection::RevisionMoved { expected: Revision(1), current: Revision(2) },
        Rejection::OtherCluster {
            given: ClusterName::new("a").unwrap(),
            here: ClusterName::new("b").unwrap(),
        },
        Rejection::UnknownToken,
        Rejection::WrongSecret,
        Rejection::TokenUsed { by: node("n2"), at: at(1) },
        Rejection::TokenExpired { at: at(1) },
        Rejection::TokenBound { bound: node("n2"), given: node("n3") },
        Rejection::NameTaken { name: node("n2") },
        Rejection::AddressTaken { endpoint, holder: node("n2") },
        Rejection::CertificateKnown { holder: node("n2") },
        Rejection::UnknownNode { name: "n9".to_owned() },
        Rejection::LastNode { name: node("n1") },
        Rejection::Incompatible { node: node("n2"), theirs: PROTOCOL, ours: PROTOCOL },
        Rejection::CredentialExists { name: name.clone() },
        Rejection::UnknownCredential { name },
    ];
    let mut outcomes: Vec<Outcome> = rejections.into_iter().map(Outcome::Refused).collect();
    outcomes.push(Outcome::Done { revision: Revision(3), node: None });
    outcomes.push(Outcome::Nothing);
    check("outcomes", &outcomes);
}

#[test]
fn an_identity_is_stored_as_it_was() {
    let identity = Identity {
        cluster: ClusterId([0xc1; 16]),
        cluster_name: ClusterName::new("shop").unwrap(),
        node: NodeId(2),
        node_name: node("n2"),
        certificate: "-----BEGIN CERTIFICATE-----\n".to_owned(),
        key: Secret::new("-----BEGIN PRIVATE KEY-----\n"),
        ca_certificate: "-----BEGIN CERTIFICATE-----\n".to_owned(),
        heartbeat_key: Secret::new("AAAA"),
        founding: Some(Secret::new("{}")),
        members: vec![hint()],
    };
    check("identity", &identity);
    check("incarnations", &vec![Incarnation([1; 8]), Incarnation([2; 8])]);
}

fn hint() -> MemberHint {
    MemberHint { id: NodeId(1), name: node("n1"), endpoints: endpoints(1), certificate: "ab".repeat(32) }
}

#[test]
fn the_handshakes_are_sent_as_they_were() {
    check(
        "join-request",
        &JoinRequest {
            token: TokenId([7; 8]),
            secret: Secret::new("c2VjcmV0"),
            node: node("n2"),
            endpoints: endpoints(2),
            certificate_request: "-----BEGIN CERTIFICATE REQUEST-----\n".to_owned(),
            protocol: PROTOCOL,
            software: SoftwareVersion("0.1.0".to_owned()),
        },
    );
    check(
        "join-answer",
        &JoinAnswer {
            cluster: ClusterId([0xc1; 16]),
            cluster_name: ClusterName::new("shop").unwrap(),
            node: NodeId(2),
            certificate: "-----BEGIN CERTIFICATE-----\n".to_owned(),
            ca_certificate: "-----BEGIN CERTIFICATE-----\n".to_owned(),
            heartbeat_key: Secret::new("AAAA"),
            members: vec![hint()],
            warnings: vec!["the cluster cannot reach this node at …".to_owned()],
        },
    );
    let software = SoftwareVersion("0.1.0".to_owned());
    check(
        "hello",
        &Hello {
            node: NodeId(2),
            incarnation: Incarnation([9; 8]),
            history: vec![Incarnation([8; 8]), Incarnation([9; 8])],
            endpoints: endpoints(2),
            protocol: PROTOCOL,
            software: software.clone(),
        },
    );
    check(
        "hello-answers",
        &vec![
            HelloAnswer::Welcome { protocol: PROTOCOL, software: software.clone() },
            HelloAnswer::Contested,
            HelloAnswer::Stale,
            HelloAnswer::Duplicate { first: Incarnation([1; 8]), seen_at: "5 ms ago".to_owned() },
            HelloAnswer::Incompatible { protocol: PROTOCOL, software },
        ],
    );
}

#[test]
fn an_event_is_stored_and_sent_as_it_was() {
    let event = EventRecord {
        seq: 17,
        node: node("n2"),
        time: at(1),
        id: 1011,
        name: "NODE_EVICTED".to_owned(),
        level: "warning".to_owned(),
        text: "Node n3 was evicted from the cluster by root on n1.".to_owned(),
        fields: serde_json::from_str(r#"{"by":"root on n1","node":"n3"}"#).unwrap(),
        revision: Some(Revision(42)),
    };
    check("event", &event);
}

#[test]
fn a_heartbeat_is_sent_as_it_was() {
    let beat = Heartbeat {
        node: NodeId(0x0102_0304_0506_0708),
        incarnation: Incarnation([0xaa; 8]),
        network: 1,
        sequence: 0x1112_1314_1516_1718,
        clock: at(123),
    };
    let hex: String = beat.encode().iter().map(|byte| format!("{byte:02x}")).collect::<String>() + "\n";
    let stored = golden("heartbeat.v1.hex", hex.as_bytes());
    let stored = String::from_utf8(stored).unwrap();
    assert_eq!(stored, hex);
    let digit = |at: usize| u8::from_str_radix(&stored[at..at + 2], 16).unwrap();
    let bytes: Vec<u8> = (0..HEARTBEAT_BODY_LEN).map(|byte| digit(2 * byte)).collect();
    assert_eq!(Heartbeat::decode(&bytes).unwrap(), beat);
}

/// What version N wrote, version N−1 reads: fields that it does not know are skipped.
#[test]
fn a_field_from_the_future_is_skipped() {
    let text = String::from_utf8(std::fs::read(file("event.v1.json")).unwrap()).unwrap();
    let future = text.replacen("\"seq\"", "\"from_the_future\": {\"a\": [1]}, \"seq\"", 1);
    assert!(Versioned::<EventRecord>::decode(future.as_bytes()).is_ok());
}
