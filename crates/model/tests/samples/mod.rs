//! Values of every stored type: each variant, and each optional field with and without.

mod components;
mod groups;
mod guard;
mod policies;

use model::desired::{
    AnyOf, ClusterSpec, Exclusive, Failback, GroupPolicy, GroupSpec, NodeSpec, Profile, ResourcePolicy,
    ResourceSpec, StallPolicy, TypeSpec, Value, WhenNoneReady,
};
use model::stored::{
    Actor, ClusterRecord, ClusterState, Command, CredentialKind, CredentialRecord, EventRecord,
    EvictedRecord, Heartbeat, Hello, HelloAnswer, Identity, JoinAnswer, JoinRequest, JoinToken, LeaseGrant,
    LeaseRequest, MemberHint, NewNode, NodeIntent, NodeMeans, NodeRecord, Outcome, Proposal, ProtocolRange,
    ReadinessRecord, Rejection, Role, SoftwareVersion, TokenRecord, TypeProblem,
};
use model::{
    ClusterId, Endpoint, Generation, Incarnation, NodeId, NodeName, RequestId, Revision, Secret, Timestamp,
    TokenId, TypeName,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// A type with samples.
pub(crate) trait Samples: Sized {
    fn samples() -> Vec<Self>;
}

fn node_name() -> NodeName {
    "n1".parse().unwrap()
}

fn at() -> Timestamp {
    Timestamp::from_unix_ms(1_795_372_200_123)
}

fn endpoints() -> Vec<Endpoint> {
    vec!["10.0.0.1:7400".parse().unwrap(), "[fd00::1]:7400".parse().unwrap()]
}

fn protocol() -> ProtocolRange {
    ProtocolRange { min: 1, max: 2 }
}

fn software() -> SoftwareVersion {
    SoftwareVersion("0.1.0".to_owned())
}

pub(crate) fn heartbeat() -> Heartbeat {
    Heartbeat {
        node: NodeId(7),
        incarnation: Incarnation([9; 8]),
        network: 1,
        sequence: 42,
        clock: at(),
        boot: model::Moment(std::time::Duration::from_secs(9)),
    }
}

fn lease_request() -> LeaseRequest {
    LeaseRequest { node: NodeId(7), incarnation: Incarnation([9; 8]), number: 42 }
}

impl Samples for LeaseRequest {
    fn samples() -> Vec<Self> {
        vec![lease_request()]
    }
}

impl Samples for LeaseGrant {
    fn samples() -> Vec<Self> {
        vec![LeaseGrant {
            request: lease_request(),
            leader: NodeId(3),
            as_of: Revision(17),
            lease_ns: 1_400_000_000,
            clock_ns: 86_400_000_000_001,
        }]
    }
}

pub(crate) fn join_token() -> JoinToken {
    JoinToken { id: TokenId([1; 8]), secret: [2; 16], ca_pin: [3; 32] }
}

fn types() -> BTreeMap<TypeName, Option<TypeProblem>> {
    let problem = |reason: &str, event| Some(TypeProblem { reason: reason.to_owned(), event });
    BTreeMap::from([
        ("vendor-disk".parse().unwrap(), problem("libvendor.so.4 is not on this node", Some(1058))),
        ("vendor-tape".parse().unwrap(), None),
        ("ocf:vendor:Tape".parse().unwrap(), problem("there is no such type on this node", None)),
    ])
}

fn spec() -> ClusterSpec {
    let parameters = BTreeMap::from([
        ("address".to_owned(), Value::Text("10.0.0.100/24".to_owned())),
        ("flag".to_owned(), Value::Flag(true)),
        ("list".to_owned(), Value::List(vec!["a".to_owned(), "b".to_owned()])),
        ("number".to_owned(), Value::Number(-1)),
    ]);
    let resource = |name: &str, exclusive| ResourceSpec {
        name: name.parse().unwrap(),
        kind: "ip-address".parse().unwrap(),
        depends_on: Vec::new(),
        exclusive,
        policy: ResourcePolicy::default(),
        parameters: BTreeMap::new(),
    };
    let plain = |name: &str, failback| GroupSpec {
        name: name.parse().unwrap(),
        description: None,
        preferred_owners: Vec::new(),
        possible_owners: Vec::new(),
        anti_affinity: Vec::new(),
        failback,
        policy: GroupPolicy::default(),
        resources: Vec::new(),
    };
    let full = GroupSpec {
        description: Some("what users see".to_owned()),
        preferred_owners: vec![node_name()],
        possible_owners: vec![node_name(), "n2".parse().unwrap()],
        anti_affinity: vec!["db".parse().unwrap()],
        resources: vec![
            ResourceSpec { parameters, ..resource("ip", Exclusive::Gate) },
            ResourceSpec {
                depends_on: vec![AnyOf::One("ip".parse().unwrap())],
                ..resource("app", Exclusive::Process)
            },
            resource("site", Exclusive::None),
        ],
        ..plain("web", Failback::Window { first: 22, until: 4 })
    };
    let bare = || NodeSpec {
        name: node_name(),
        failure_domain: None,
        attributes: BTreeMap::new(),
        capacity: BTreeMap::new(),
    };
    let cache = GroupSpec {
        policy: policies::of_a_group(),
        resources: vec![ResourceSpec {
            depends_on: vec![
                AnyOf::Any(vec!["ip".parse().unwrap(), "app".parse().unwrap()]),
                AnyOf::One("site".parse().unwrap()),
            ],
            policy: policies::of_a_resource(),
            ..resource("server", Exclusive::None)
        }],
        ..plain("cache", Failback::Never)
    };
    ClusterSpec {
        when_none_ready: WhenNoneReady::Stay,
        profile: Profile::Fast,
        maintenance: true,
        one_at_a_time: vec![vec!["web".parse().unwrap(), "db".parse().unwrap()]],
        stall_policy: StallPolicy::AssumeBelow(Duration::from_secs(10)),
        assume_pause_below_ms: Some(500),
        nodes: vec![
            NodeSpec { name: node_name(), failure_domain: Some("rack-1".parse().unwrap()), ..bare() },
            NodeSpec {
                name: "n2".parse().unwrap(),
                attributes: BTreeMap::from([("rack".to_owned(), "a".to_owned())]),
                capacity: BTreeMap::from([("memory".to_owned(), 64_000)]),
                ..bare()
            },
        ],
        types: vec![TypeSpec {
            name: "vendor-disk".parse().unwrap(),
            library: "/usr/lib/vendor/vendor_disk.so".parse().unwrap(),
        }],
        groups: vec![full, plain("db", Failback::Immediate), plain("mail", Failback::Never), cache],
    }
}

impl Samples for Proposal {
    fn samples() -> Vec<Self> {
        vec![Self {
            request: RequestId([4; 16]),
            at: at(),
            actor: Actor::samples().remove(0),
            command: Command::Evict { node: node_name() },
        }]
    }
}

impl Samples for Actor {
    fn samples() -> Vec<Self> {
        vec![
            Self::Local { node: node_name(), uid: 1000 },
            Self::Credential("ops".parse().unwrap()),
            Self::Node(node_name()),
        ]
    }
}

impl Samples for Command {
    fn samples() -> Vec<Self> {
        let new_node = || NewNode::samples().remove(0);
        vec![
            Self::Form { cluster: ClusterRecord::samples().remove(0), node: new_node() },
            Self::Configure {
                cluster: "shop".parse().unwrap(),
                spec: spec(),
                text: "[cluster]\nname = \"shop\"\n".to_owned(),
                if_revision: Some(Revision(7)),
            },
            Self::CreateToken {
                token: TokenId([1; 8]),
                secret_hash: "5f".to_owned(),
                node: Some(node_name()),
                expires: at(),
            },
            Self::Admit { token: TokenId([1; 8]), secret_hash: "5f".to_owned(), node: new_node() },
            Self::Confirm { node: NodeId(2) },
            Self::UpdateNode {
                node: NodeId(2),
                endpoints: endpoints(),
                protocol: protocol(),
                software: software(),
                incarnation: Incarnation([9; 8]),
            },
            Self::ReportTypes { node: NodeId(2), types: types() },
            Self::Evict { node: node_name() },
            Self::CreateCredential {
                name: "ops".parse().unwrap(),
                kind: CredentialKind::Token { hash: "5f".to_owned() },
                role: Role::Administrator,
                expires: None,
            },
            Self::RevokeCredential { name: "ops".parse().unwrap() },
        ]
        .into_iter()
        .chain(groups::commands())
        .chain(components::commands())
        .collect()
    }
}

impl Samples for NewNode {
    fn samples() -> Vec<Self> {
        vec![Self {
            name: node_name(),
            endpoints: endpoints(),
            certificate: "c0ffee".to_owned(),
            protocol: protocol(),
            software: software(),
        }]
    }
}

impl Samples for Outcome {
    fn samples() -> Vec<Self> {
        vec![
            Self::Done { revision: Revision(7), node: None },
            Self::Done { revision: Revision(8), node: Some(NodeId(2)) },
            Self::Refused(Rejection::UnknownToken),
            Self::Nothing,
        ]
    }
}

impl Samples for Rejection {
    fn samples() -> Vec<Self> {
        let name = node_name;
        vec![
            Self::AlreadyFormed,
            Self::NotFormed,
            Self::RevisionMoved { expected: Revision(6), current: Revision(7) },
            Self::OtherCluster { given: "shop".parse().unwrap(), here: "mine".parse().unwrap() },
            Self::UnknownToken,
            Self::TokenExists,
            Self::TooMany { what: "join tokens".to_owned(), most: 1000 },
            Self::WrongSecret,
            Self::TokenUsed { by: name(), at: at() },
            Self::TokenExpired { at: at() },
            Self::TokenBound { bound: name(), given: "n2".parse().unwrap() },
            Self::NameTaken { name: name() },
            Self::AddressTaken { endpoint: endpoints()[0], holder: name() },
            Self::CertificateKnown { holder: name() },
            Self::UnknownNode { name: "n9".to_owned() },
            Self::LastNode { name: name() },
            Self::Incompatible { node: name(), theirs: ProtocolRange { min: 3, max: 3 }, ours: protocol() },
            Self::CredentialExists { name: "ops".parse().unwrap() },
            Self::UnknownCredential { name: "ops".parse().unwrap() },
        ]
        .into_iter()
        .chain(groups::rejections())
        .chain(components::rejections())
        .collect()
    }
}

impl Samples for EventRecord {
    fn samples() -> Vec<Self> {
        let of_this_node = Self {
            seq: 17,
            node: node_name(),
            time: at(),
            id: 1177,
            name: "QUORUM_LOST".to_owned(),
            level: "critical".to_owned(),
            text: "Quorum is lost.".to_owned(),
            fields: serde_json::from_str(r#"{"missing":["n2"],"needed":2,"votes":1}"#).unwrap(),
            revision: None,
        };
        vec![Self { revision: Some(Revision(7)), ..of_this_node.clone() }, of_this_node]
    }
}

impl Samples for Identity {
    fn samples() -> Vec<Self> {
        let founder = Self {
            cluster: ClusterId([5; 16]),
            cluster_name: "shop".parse().unwrap(),
            node: NodeId(1),
            node_name: node_name(),
            certificate: "certificate".to_owned(),
            key: Secret::new("key"),
            ca_certificate: "authority".to_owned(),
            heartbeat_key: Secret::new("heartbeat key"),
            founding: Some(Secret::new("{}")),
            members: MemberHint::samples(),
        };
        vec![Self { founding: None, ..founder.clone() }, founder]
    }
}

impl Samples for MemberHint {
    fn samples() -> Vec<Self> {
        let certificate = "c0ffee".to_owned();
        vec![Self { id: NodeId(1), name: node_name(), endpoints: endpoints(), certificate }]
    }
}

impl Samples for JoinRequest {
    fn samples() -> Vec<Self> {
        vec![Self {
            token: TokenId([1; 8]),
            secret: Secret::new("AgICAg"),
            node: node_name(),
            endpoints: endpoints(),
            certificate_request: "request".to_owned(),
            protocol: protocol(),
            software: software(),
        }]
    }
}

impl Samples for JoinAnswer {
    fn samples() -> Vec<Self> {
        vec![Self {
            cluster: ClusterId([5; 16]),
            cluster_name: "shop".parse().unwrap(),
            node: NodeId(2),
            certificate: "certificate".to_owned(),
            ca_certificate: "authority".to_owned(),
            heartbeat_key: Secret::new("heartbeat key"),
            members: MemberHint::samples(),
            warnings: vec!["10.1.0.2:7400 does not answer".to_owned()],
        }]
    }
}

impl Samples for Hello {
    fn samples() -> Vec<Self> {
        vec![Self {
            node: NodeId(2),
            incarnation: Incarnation([9; 8]),
            history: vec![Incarnation([8; 8]), Incarnation([9; 8])],
            endpoints: endpoints(),
            protocol: protocol(),
            software: software(),
        }]
    }
}

impl Samples for HelloAnswer {
    fn samples() -> Vec<Self> {
        vec![
            Self::Welcome { protocol: protocol(), software: software() },
            Self::Contested,
            Self::Stale,
            Self::Duplicate { first: Incarnation([8; 8]), seen_at: "10.0.0.2:7400".to_owned() },
            Self::Incompatible { protocol: protocol(), software: software() },
        ]
    }
}

impl Samples for ClusterState {
    fn samples() -> Vec<Self> {
        let full = Self {
            cluster: ClusterRecord::samples().pop(),
            revision: Revision(42),
            requested: Revision(40),
            last_node: NodeId(3),
            nodes: (1..).map(NodeId).zip(NodeRecord::samples()).collect(),
            evicted: BTreeMap::from([(NodeId(3), EvictedRecord::samples().remove(0))]),
            tokens: (1..).map(|byte| TokenId([byte; 8])).zip(TokenRecord::samples()).collect(),
            credentials: BTreeMap::from([("ops".parse().unwrap(), CredentialRecord::samples().remove(0))]),
            spec: spec(),
            declaration: "[cluster]\nname = \"shop\"\n".to_owned(),
            groups: groups::known(),
            last_generation: Generation(9),
            owned_as_of: Revision(41),
            maintenance: true,
            longest_profile: Some(Profile::Patient),
            baselines: components::baselines(),
            signers: components::signers(),
            uses: components::uses(),
            recent: (1..).map(|byte| RequestId([byte; 16])).zip(Outcome::samples()).collect(),
        };
        vec![Self::default(), full]
    }
}

impl Samples for ClusterRecord {
    fn samples() -> Vec<Self> {
        vec![Self {
            id: ClusterId([5; 16]),
            name: "shop".parse().unwrap(),
            formed: at(),
            ca_certificate: "authority".to_owned(),
            ca_key: Secret::new("authority's key"),
            heartbeat_key: Secret::new("heartbeat key"),
        }]
    }
}

impl Samples for TypeProblem {
    fn samples() -> Vec<Self> {
        types().into_values().flatten().collect()
    }
}

impl Samples for NodeRecord {
    fn samples() -> Vec<Self> {
        let joining = Self {
            name: "n2".parse().unwrap(),
            endpoints: endpoints(),
            certificate: "c0ffee".to_owned(),
            protocol: protocol(),
            software: software(),
            joined: at(),
            confirmed: false,
            token: Some(TokenId([1; 8])),
            incarnation: None,
            types: BTreeMap::new(),
            intent: NodeIntent::Active,
            means: NodeMeans::default(),
            readiness: ReadinessRecord::default(),
        };
        let member = Self {
            name: node_name(),
            confirmed: true,
            token: None,
            incarnation: Some(Incarnation([9; 8])),
            types: types(),
            intent: NodeIntent::Draining,
            means: NodeMeans::samples().remove(1),
            readiness: ReadinessRecord::samples().remove(0),
            ..joining.clone()
        };
        vec![member, joining]
    }
}

impl Samples for EvictedRecord {
    fn samples() -> Vec<Self> {
        let (certificate, by) = ("badcafe".to_owned(), "root on n1".to_owned());
        let means = NodeMeans::samples().remove(2);
        vec![Self { name: "n3".parse().unwrap(), certificate, at: at(), by, means }]
    }
}

impl Samples for TokenRecord {
    fn samples() -> Vec<Self> {
        let open = Self {
            secret_hash: "5f".to_owned(),
            node: None,
            created: at(),
            by: "root on n1".to_owned(),
            expires: at(),
            used: None,
        };
        let used = Self { node: Some(node_name()), used: Some((node_name(), at())), ..open.clone() };
        vec![open, used]
    }
}

impl Samples for Role {
    fn samples() -> Vec<Self> {
        vec![Self::Administrator]
    }
}

impl Samples for CredentialKind {
    fn samples() -> Vec<Self> {
        vec![Self::Token { hash: "5f".to_owned() }, Self::Certificate { fingerprint: "c0ffee".to_owned() }]
    }
}

impl Samples for CredentialRecord {
    fn samples() -> Vec<Self> {
        let kind = CredentialKind::samples().remove(0);
        let by = "root on n1".to_owned();
        vec![Self { kind, role: Role::Administrator, created: at(), by, expires: Some(at()) }]
    }
}

impl Samples for ProtocolRange {
    fn samples() -> Vec<Self> {
        vec![protocol()]
    }
}

impl Samples for SoftwareVersion {
    fn samples() -> Vec<Self> {
        vec![software()]
    }
}
