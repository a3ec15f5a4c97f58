//! What the owner of the table alone can do to it.

use super::*;
use crate::interfaces;

fn cover(gate: &mut NftGate) -> Coverage {
    let interfaces = interfaces::all(&mut Netlink::open(None).unwrap()).unwrap();
    gate.cover(interfaces).unwrap()
}

#[test]
fn a_table_that_is_gone_is_put_back_with_everything_closed() {
    let name = "a_table_that_is_gone_is_put_back_with_everything_closed";
    let Some(lab) = lab::or_skip(name, 1) else { return };
    let n1 = &lab.hosts()[0];
    if let Err(refusal) = n1.within(crate::probe).expect("n1 is up").nftables {
        return lab::skip(name, &refusal.to_string());
    }
    let mended = || {
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
    };
    n1.within(mended).unwrap();
}
