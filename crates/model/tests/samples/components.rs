//! Values of the types around components.

use super::{Samples, at, node_name};
use model::stored::{
    Baseline, BaselineOrigin, BaselineSignature, Command, Component, Content, FindingRecord, Floor,
    KnownContent, NodeInventory, NodeSubject, OrderRule, PackageScheme, PackageVersion, ReadinessDegree,
    ReadinessRecord, ReadinessVerdict, Rejection, SignedBaseline, SignerRecord, Subject, SymbolSet,
    Versioned, Waiver,
};
use model::{AbsolutePath, BaselineGeneration, ClusterId, ContentHash, NodeId, Secret};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

fn library() -> AbsolutePath {
    "/usr/lib/libhelper.so.4.0".parse().unwrap()
}

fn link() -> AbsolutePath {
    "/usr/lib/libhelper.so.4".parse().unwrap()
}

fn signer() -> String {
    "cluster".to_owned()
}

impl Samples for PackageScheme {
    fn samples() -> Vec<Self> {
        vec![Self::Dpkg, Self::Rpm]
    }
}

impl Samples for PackageVersion {
    fn samples() -> Vec<Self> {
        let of = |scheme| Self { name: "libhelper4".to_owned(), version: "1:4.0-1".to_owned(), scheme };
        PackageScheme::samples().into_iter().map(of).collect()
    }
}

impl Samples for Content {
    fn samples() -> Vec<Self> {
        vec![Self::Blake3(ContentHash([7; 32])), Self::Link("libhelper.so.4.0".to_owned())]
    }
}

impl Samples for SymbolSet {
    fn samples() -> Vec<Self> {
        vec![Self("AQAAAAIAAAA=".to_owned())]
    }
}

impl Samples for Component {
    fn samples() -> Vec<Self> {
        let [file, link] = Content::samples().try_into().unwrap();
        let plain = Self {
            content: link,
            mode: 0,
            uid: 0,
            gid: 0,
            package: None,
            defines: Vec::new(),
            symbols: None,
        };
        let full = Self {
            content: file,
            mode: 0o644,
            uid: 1,
            gid: 2,
            package: Some(PackageVersion::samples().remove(0)),
            defines: vec!["HELPER_3".to_owned(), "HELPER_4".to_owned()],
            symbols: Some(SymbolSet::samples().remove(0)),
        };
        vec![full, plain]
    }
}

impl Samples for KnownContent {
    fn samples() -> Vec<Self> {
        let of = |content, package| Self { generation: BaselineGeneration(2), content, package };
        let [file, link] = Content::samples().try_into().unwrap();
        vec![of(file, Some(PackageVersion::samples().remove(0))), of(link, None)]
    }
}

impl Samples for Floor {
    fn samples() -> Vec<Self> {
        let of = |reason: &str| Self {
            version: "4.0".to_owned(),
            scheme: PackageScheme::Dpkg,
            reason: reason.to_owned(),
        };
        vec![of("3 corrupts data"), of("")]
    }
}

impl Samples for OrderRule {
    fn samples() -> Vec<Self> {
        vec![Self { first: "option-pack".to_owned(), then: "service-pack".to_owned() }]
    }
}

impl Samples for Waiver {
    fn samples() -> Vec<Self> {
        let all =
            Self { path: link(), content: None, node: None, until: at(), reason: "a test build".to_owned() };
        let one =
            Self { content: Some(Content::samples().remove(0)), node: Some(node_name()), ..all.clone() };
        vec![all, one]
    }
}

impl Samples for BaselineOrigin {
    fn samples() -> Vec<Self> {
        vec![
            Self::Capture { nodes: vec![node_name()] },
            Self::Rollback { to: BaselineGeneration(2) },
            Self::Rules,
        ]
    }
}

impl Samples for Subject {
    fn samples() -> Vec<Self> {
        let files = BTreeSet::from([library(), link()]);
        let problems = BTreeSet::from(["/usr/sbin/old needs libgone.so.1".to_owned()]);
        let optional = BTreeSet::from([link()]);
        vec![Self { files: files.clone(), optional, problems }, Self { files, ..Self::default() }]
    }
}

impl Samples for Baseline {
    fn samples() -> Vec<Self> {
        let components: BTreeMap<_, _> = [library(), link()].into_iter().zip(Component::samples()).collect();
        let subject = Subject::samples().remove(0);
        let plain = Self {
            cluster: ClusterId([5; 16]),
            generation: BaselineGeneration(1),
            made: at(),
            by: "root on n1".to_owned(),
            origin: BaselineOrigin::samples().remove(0),
            reason: None,
            expires: None,
            components,
            subjects: BTreeMap::from([("ocf:heartbeat:IPaddr2".to_owned(), subject)]),
            known: BTreeMap::new(),
            floors: BTreeMap::new(),
            order: Vec::new(),
            waivers: Vec::new(),
        };
        let of = |(generation, origin)| Self {
            generation: BaselineGeneration(generation),
            origin,
            reason: Some("service pack 5 broke the plug-in".to_owned()),
            expires: Some(at()),
            known: BTreeMap::from([(library(), KnownContent::samples())]),
            floors: BTreeMap::from([("libhelper4".to_owned(), Floor::samples().remove(0))]),
            order: OrderRule::samples(),
            waivers: Waiver::samples(),
            ..plain.clone()
        };
        (1..).zip(BaselineOrigin::samples()).skip(1).map(of).chain([plain.clone()]).collect()
    }
}

impl Samples for BaselineSignature {
    fn samples() -> Vec<Self> {
        vec![Self { signer: signer(), signature: "c2lnbmVk".to_owned() }]
    }
}

impl Samples for SignedBaseline {
    fn samples() -> Vec<Self> {
        let text = String::from_utf8(Versioned::encode(Baseline::samples().pop().unwrap())).unwrap();
        vec![Self { text, signatures: BaselineSignature::samples() }]
    }
}

impl Samples for SignerRecord {
    fn samples() -> Vec<Self> {
        let of = |private_key: Option<&str>, expires| Self {
            public_key: "cHVibGlj".to_owned(),
            private_key: private_key.map(Secret::new),
            added: at(),
            by: "root on n1".to_owned(),
            expires,
        };
        vec![of(Some("cHJpdmF0ZQ=="), None), of(None, Some(at()))]
    }
}

impl Samples for ReadinessDegree {
    fn samples() -> Vec<Self> {
        vec![Self::Lowered, Self::NotReady, Self::Unable]
    }
}

impl Samples for ReadinessVerdict {
    fn samples() -> Vec<Self> {
        let of = |degree| Self { degree, reason: "/usr/lib/libhelper.so.4.0 is older".to_owned() };
        ReadinessDegree::samples().into_iter().map(of).collect()
    }
}

impl Samples for FindingRecord {
    fn samples() -> Vec<Self> {
        vec![Self {
            what: library().to_string(),
            class: "older".to_owned(),
            text: "3.0-1 for 4.0-1".to_owned(),
        }]
    }
}

impl Samples for ReadinessRecord {
    fn samples() -> Vec<Self> {
        let full = Self {
            generation: Some(BaselineGeneration(3)),
            root: Some(ContentHash([9; 32])),
            findings: FindingRecord::samples(),
            count: 1,
            resources: BTreeMap::from([("web/ip".to_owned(), ReadinessVerdict::samples().remove(1))]),
            maintenance: true,
        };
        vec![full, Self::default()]
    }
}

impl Samples for NodeSubject {
    fn samples() -> Vec<Self> {
        let files = BTreeMap::from([(library(), "needed by /usr/sbin/tool".to_owned())]);
        let resources = BTreeSet::from(["web/ip".to_owned()]);
        let plain = Self { resources, files, problems: BTreeSet::new() };
        vec![Self { problems: Subject::samples().remove(0).problems, ..plain.clone() }, plain]
    }
}

impl Samples for NodeInventory {
    fn samples() -> Vec<Self> {
        let subjects =
            BTreeMap::from([("ocf:heartbeat:IPaddr2".to_owned(), NodeSubject::samples().remove(0))]);
        let full = Self {
            components: Baseline::samples().remove(0).components,
            absent: BTreeMap::from([(link(), "it is not there".to_owned())]),
            subjects,
            readiness: ReadinessRecord::samples().remove(0),
            troubles: vec!["the database of packages is damaged".to_owned()],
        };
        vec![full, Self::default()]
    }
}

pub(super) fn signers() -> BTreeMap<String, SignerRecord> {
    ["cluster", "alice"].map(str::to_owned).into_iter().zip(SignerRecord::samples()).collect()
}

pub(super) fn baselines() -> Vec<Arc<SignedBaseline>> {
    SignedBaseline::samples().into_iter().map(Arc::new).collect()
}

pub(super) fn uses() -> BTreeMap<String, Arc<BTreeSet<AbsolutePath>>> {
    BTreeMap::from([("ocf:heartbeat:IPaddr2".to_owned(), Arc::new(BTreeSet::from([library()])))])
}

pub(super) fn commands() -> Vec<Command> {
    let add = |record: SignerRecord| Command::AddSigner {
        name: signer(),
        public_key: record.public_key,
        private_key: record.private_key,
        expires: record.expires,
    };
    let mut commands: Vec<Command> = SignerRecord::samples().into_iter().map(add).collect();
    commands.extend([
        Command::InstallBaseline { baseline: baselines().remove(0) },
        Command::RemoveSigner { name: signer() },
        Command::ReportReadiness { node: NodeId(2), readiness: ReadinessRecord::samples().remove(0) },
        Command::RecordUse { subject: "process /opt/x".to_owned(), files: BTreeSet::from([library()]) },
    ]);
    commands
}

pub(super) fn rejections() -> Vec<Rejection> {
    let (given, current) = (BaselineGeneration(3), BaselineGeneration(4));
    vec![
        Rejection::BaselineMoved { given, current },
        Rejection::BaselineOfOther { given: ClusterId([6; 16]), here: ClusterId([5; 16]) },
        Rejection::NoBaseline { why: "it is cut off".to_owned() },
        Rejection::SignerExists { name: signer() },
        Rejection::UnknownSigner { name: signer() },
    ]
}
