//! What machines permit, and what is opened where not everything is.

use crate::common::*;
use crate::roles::Helper;
use gate::{Choice, Gate, Kind};

#[test]
fn what_is_permitted_is_what_is_opened() {
    let Some(lab) = lab::or_skip("what_is_permitted_is_what_is_opened", 1) else { return };
    let n1 = &lab.hosts()[0];
    let permits = n1.within(gate::probe).expect("n1 is up");
    let opened = n1.within(|| Gate::open_or_adopt("n1", Choice::Best, None)).expect("n1 is up");
    let expected = match (&permits.addresses, &permits.nftables) {
        (Ok(()), _) => Some(Kind::Bpf),
        (Err(_), Ok(())) => Some(Kind::Nftables),
        (Err(_), Err(_)) => None,
    };
    match opened {
        Ok((gate, _)) => {
            assert_eq!(Some(gate.kind()), expected);
            assert!(!gate.holes().is_empty(), "no gate sees everything, and it says so");
        }
        Err(error) => assert_eq!((expected, error.to_string().contains("not permitted")), (None, true)),
    }
    let tables = run(n1, "nft list tables");
    assert!(!tables.contains("probe"), "probing leaves nothing: {tables}");
}

#[test]
fn an_unprivileged_container_may_use_nftables_and_is_told_why_not_more() {
    let name = "an_unprivileged_container_may_use_nftables_and_is_told_why_not_more";
    let Some(lab) = lab::or_skip(name, 1) else { return };
    let n1 = &lab.hosts()[0];
    if !n1.command("unshare").args(["-Urn", "true"]).status().is_ok_and(|status| status.success()) {
        return lab::kernel_lacks(name, "user namespaces");
    }
    let probed = |before: &str| Helper::start_by(n1, before, "probes", Choice::Best).says("PROBED");
    let as_root = probed("exec");
    if as_root.matches("Ok(())").count() < 3 {
        return lab::skip(name, &as_root);
    }
    let inside = probed("exec unshare -Urn");
    assert!(
        inside.contains("addresses: Err(Refusal { why: \"this process is in a user namespace"),
        "{inside}"
    );
    assert!(inside.contains("nftables: Ok(())"), "{inside}");
    let without = probed("exec setpriv --bounding-set -net_admin,-sys_admin,-bpf");
    assert!(without.contains("missing: CAP_NET_ADMIN, CAP_BPF, CAP_SYS_ADMIN"), "{without}");
    assert!(!without.contains("Ok(())"), "{without}");
}
