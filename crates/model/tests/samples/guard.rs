//! Values of the guard's files.

use super::{Samples, at, node_name};
use model::stored::{
    GuardDeed, GuardNote, GuardPolicy, PackageVersion, Permit, Permits, SignedBaseline, SignerRecord,
};
use std::collections::BTreeMap;

impl Samples for GuardPolicy {
    fn samples() -> Vec<Self> {
        let signer = SignerRecord { private_key: None, ..SignerRecord::samples().remove(0) };
        vec![Self {
            cluster: "shop".parse().unwrap(),
            node: node_name(),
            baseline: SignedBaseline::samples().remove(0),
            signers: BTreeMap::from([("cluster".to_owned(), signer)]),
            written: at(),
        }]
    }
}

impl Samples for Permit {
    fn samples() -> Vec<Self> {
        let one = Self {
            package: "libhelper4".to_owned(),
            version: Some("3.0-1".to_owned()),
            until: at(),
            reason: "the vendor says so".to_owned(),
            by: "root on n1".to_owned(),
        };
        vec![Self { version: None, ..one.clone() }, one]
    }
}

impl Samples for Permits {
    fn samples() -> Vec<Self> {
        vec![Self { permits: Permit::samples() }]
    }
}

impl Samples for GuardDeed {
    fn samples() -> Vec<Self> {
        let packages = PackageVersion::samples();
        vec![
            Self::Refused { packages: packages.clone(), reasons: vec!["it is older".to_owned()] },
            Self::Permitted { packages, by: vec!["root on n1: the vendor says so".to_owned()] },
            Self::Allowed(Permit::samples().remove(0)),
        ]
    }
}

impl Samples for GuardNote {
    fn samples() -> Vec<Self> {
        let of = |what| Self { at: at(), installer: "apt".to_owned(), what };
        GuardDeed::samples().into_iter().map(of).collect()
    }
}
