//! What the owner of the table alone can do to it.

use super::*;
use crate::interfaces;

fn cover(gate: &mut NftGate) -> Coverage {
    let interfaces = interfaces::all(&mut Netlink::open(None).unwrap()).unwrap();
    gate.cover(interfaces).unwrap()
}

/// Runs on a host of its own, where there can be one.
fn on_a_host(test: &str, work: fn()) {
    let Some(lab) = lab::or_skip(test, 1) else { return };
    let n1 = &lab.hosts()[0];
    if let Err(refusal) = n1.within(crate::probe).expect("n1 is up").nftables {
        return lab::skip(test, &refusal.to_string());
    }
    n1.within(work).unwrap();
}

#[test]
fn a_table_that_is_gone_is_put_back_with_everything_closed() {
    on_a_host("a_table_that_is_gone_is_put_back_with_everything_closed", || {
        let mut gate = NftGate::open_or_adopt("n1", None).unwrap();
        assert_eq!(cover(&mut gate).uncovered, []);
        let addresses = ["10.99.0.100", "fd99::100"].map(|text| text.parse::<IpAddr>().unwrap());
        gate.set(addresses[0], u64::MAX / 2).unwrap();
        gate.set(addresses[1], 0).unwrap();
        gate.transact(vec![gate.table.delete()]).unwrap();

        let added: BTreeSet<_> = cover(&mut gate).added.into_iter().collect();
        assert!(added.is_superset(&["eth0", "eth1", "lo"].map(str::to_owned).into()), "{added:?}");
        let closed = addresses.map(|address| Standing { address, deadline_boot_ns: 0 });
        assert_eq!(gate.standing().unwrap(), closed);
        assert_eq!(cover(&mut gate), Coverage::default(), "all is there");
        gate.set(addresses[0], u64::MAX / 2).unwrap();
        assert!(gate.standing().unwrap()[0].deadline_boot_ns > 0, "it can be opened again");
    });
}

/// Soon over.
const LEASE_MS: u64 = 100;
/// Longer than any test.
const LONG_MS: u64 = 600_000;

#[test]
fn a_table_whose_owner_is_just_ending_is_waited_for_and_one_that_is_owned_is_refused() {
    on_a_host("a_table_whose_owner_is_just_ending_is_waited_for_and_one_that_is_owned_is_refused", || {
        let first = NftGate::open_or_adopt("n1", None).unwrap();
        if !first.is_owned() {
            // Before Linux 6.9 nobody owns it.
            return;
        }
        let refused = NftGate::open_or_adopt("n1", None).unwrap_err();
        assert!(refused.to_string().contains("belongs to another process"), "{refused}");
        let ends = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            drop(first);
        });
        NftGate::open_or_adopt("n1", None).unwrap();
        ends.join().unwrap();
    });
}

#[test]
fn an_opening_that_stands_still_after_its_announcement_opens_nothing() {
    on_a_host("an_opening_that_stands_still_after_its_announcement_opens_nothing", || {
        let mut gate = NftGate::open_or_adopt("n1", None).unwrap();
        for address in ["10.99.0.100", "fd99::100"].map(|text| text.parse::<IpAddr>().unwrap()) {
            gate.set(address, 0).unwrap();
            let is_open = |gate: &mut NftGate| {
                let standing = gate.standing().unwrap();
                standing.iter().any(|one| one.address == address && one.deadline_boot_ns > 0)
            };
            let refused = |result| matches!(result, Err(GateError::Expired { .. }));

            gate.announce(address, LEASE_MS).unwrap();
            assert!(!is_open(&mut gate), "an announcement opens nothing");
            // It stands still here, with what it has found out before.
            std::thread::sleep(std::time::Duration::from_millis(2 * LEASE_MS));
            assert!(refused(gate.open_announced(address, LEASE_MS)), "too late");
            assert!(!is_open(&mut gate));
            assert!(refused(gate.open_announced(address, LEASE_MS)), "nothing is announced");
            gate.announce(address, LEASE_MS).unwrap();
            assert!(refused(gate.open_announced(address, 0)), "its grant is over");

            gate.announce(address, LONG_MS).unwrap();
            gate.open_announced(address, LONG_MS).unwrap();
            assert!(is_open(&mut gate));
            assert!(refused(gate.open_announced(address, LONG_MS)), "one announcement opens once");
            gate.set(address, 0).unwrap();
            assert!(!is_open(&mut gate));
            gate.set(address, u64::MAX / 2).unwrap();
            assert!(is_open(&mut gate), "it is opened anew");
        }
    });
}
