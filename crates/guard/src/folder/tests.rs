//! Policies that are good, damaged, or somebody else's.

use super::*;
use crate::answer::tests::baseline;
use model::stored::{GuardDeed, SignedBaseline, SignerRecord};
use std::collections::BTreeMap;

/// The seed of a key, in base64.
const SEED: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

/// A policy with that baseline, signed by `cluster`.
pub(crate) fn signed(baseline: &Baseline) -> GuardPolicy {
    let text = String::from_utf8(Versioned::encode(baseline)).unwrap();
    let signature = servicing::signature::sign("cluster", SEED, &text).unwrap();
    let signer = SignerRecord {
        public_key: servicing::signature::public_key(SEED).unwrap(),
        private_key: None,
        added: Timestamp::from_unix_ms(0),
        by: "root on n1".to_owned(),
        expires: None,
    };
    GuardPolicy {
        cluster: "shop".parse().unwrap(),
        node: "n1".parse().unwrap(),
        baseline: SignedBaseline { text, signatures: vec![signature] },
        signers: BTreeMap::from([("cluster".to_owned(), signer)]),
        written: Timestamp::from_unix_ms(2_000),
    }
}

/// Has dpkg's database there say that this is installed.
pub(crate) fn installed(root: &Path, name: &str, version: &str) {
    let folder = root.join("var/lib/dpkg");
    std::fs::create_dir_all(&folder).unwrap();
    let stanza = format!(
        "Package: {name}\nStatus: install ok installed\nArchitecture: all\nVersion: {version}\nDescription: x\n\n"
    );
    std::fs::write(folder.join("status"), stanza).unwrap();
}

fn folder() -> (tempfile::TempDir, Folder) {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::of(dir.path());
    (dir, folder)
}

#[test]
fn a_policy_counts_only_as_it_was_signed() {
    let (_dir, folder) = folder();
    assert!(matches!(folder.policy(), Err(PolicyError::None)));
    let policy = signed(&baseline());
    folder.set_policy(Some(&policy)).unwrap();
    assert_eq!(folder.policy().unwrap().baseline, baseline());
    let mut changed = policy;
    changed.baseline.text = changed.baseline.text.replace("4.0-1", "1.0-1");
    folder.set_policy(Some(&changed)).unwrap();
    assert!(folder.policy().unwrap_err().to_string().contains("signed something else"));
    let whole = std::fs::read(folder.path().join("policy.json")).unwrap();
    for length in [0, 1, whole.len() / 2, whole.len() - 1] {
        std::fs::write(folder.path().join("policy.json"), &whole[..length]).unwrap();
        assert!(matches!(folder.policy(), Err(PolicyError::Damaged { .. })));
    }
    folder.set_policy(None).unwrap();
    folder.set_policy(None).unwrap();
    assert!(matches!(folder.policy(), Err(PolicyError::None)));
}

#[test]
fn permits_run_out_and_two_who_give_them_lose_none() {
    let (_dir, folder) = folder();
    let permit = |package: String, until| Permit {
        package,
        version: None,
        until: Timestamp::from_unix_ms(until),
        reason: "test".to_owned(),
        by: "root".to_owned(),
    };
    std::thread::scope(|scope| {
        for n in 0..8 {
            let folder = &folder;
            scope.spawn(move || {
                let now = Timestamp::from_unix_ms(0);
                folder.change_permits(now, |all| all.push(permit(format!("p{n}"), 10 + n))).unwrap();
            });
        }
    });
    assert_eq!(folder.permits().len(), 8);
    folder.change_permits(Timestamp::from_unix_ms(14), |_| {}).unwrap();
    assert_eq!(folder.permits().len(), 3);
    std::fs::write(folder.path().join("permits.json"), b"damaged").unwrap();
    assert_eq!(folder.permits(), []);
}

#[test]
fn notes_wait_in_order_and_damaged_ones_go() {
    let (_dir, folder) = folder();
    let note = |installer: &str| GuardNote {
        at: Timestamp::from_unix_ms(1),
        installer: installer.to_owned(),
        what: GuardDeed::Refused { packages: Vec::new(), reasons: Vec::new() },
    };
    folder.note(&note("apt")).unwrap();
    folder.note(&note("dpkg")).unwrap();
    std::fs::write(folder.path().join("notes/0.json"), b"cut").unwrap();
    let installers: Vec<String> = folder.notes().into_iter().map(|(_, note)| note.installer).collect();
    assert_eq!(installers, ["apt", "dpkg"]);
    assert!(!folder.path().join("notes/0.json").exists());
}
