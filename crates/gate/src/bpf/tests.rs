//! Names; what is left behind; and what strangers do to programs at places that only this crate can look at.

use super::*;
use crate::{Choice, Gate};
use std::collections::BTreeSet;
use std::os::fd::AsFd as _;
use std::time::Duration;

/// One host, where eBPF is permitted.
fn host(test: &str) -> Option<lab::Lab> {
    let lab = lab::or_skip(test, 1)?;
    match lab.hosts()[0].within(crate::probe).expect("n1 is up").addresses {
        Ok(()) => Some(lab),
        Err(refusal) => {
            lab::skip(test, &refusal.to_string());
            None
        }
    }
}

/// The programs and maps of this node that the kernel has.
fn left(node: &str) -> BTreeSet<String> {
    let own = name_of(node).0;
    call::all_names().unwrap().into_iter().filter(|name| name.starts_with(&own)).collect()
}

#[test]
fn what_is_taken_away_is_gone_also_after_a_crash() {
    let Some(lab) = host("what_is_taken_away_is_gone_also_after_a_crash") else { return };
    let n1 = &lab.hosts()[0];
    // The kernel's list is that of the whole machine.
    let node = format!("leftovers-{}", std::process::id());
    for choice in [Choice::Best, Choice::BpfByTrafficControl] {
        let at = "/sys/fs/cgroup/crashed";
        let open = || Gate::open_or_adopt(&node, choice, None).unwrap().0;
        let crashed = || {
            let mut gate = open();
            std::fs::create_dir_all(at).unwrap();
            gate.set_cgroup(Path::new(at), 0).unwrap();
            gate.close("10.99.0.100".parse().unwrap()).unwrap();
        };
        n1.within(crashed).unwrap();
        assert_eq!(left(&node).len(), 4, "two programs and a map of addresses, one name for processes");
        n1.within(|| open().dismantle()).unwrap().unwrap();
        // A cgroup's gate goes with it. What was taken away goes when no packet is looked at any more.
        n1.within(|| std::fs::remove_dir(at)).unwrap().unwrap();
        lab::eventually("the end of all of it", Duration::from_secs(20), || left(&node).is_empty());
    }
    n1.within(|| drop(Gate::open_or_adopt(&node, Choice::Best, None).unwrap())).unwrap();
    assert!(!left(&node).is_empty());
    drop(lab);
    lab::eventually("the end with the host", Duration::from_secs(20), || left(&node).is_empty());
}

#[test]
fn what_strangers_take_away_is_put_back_and_ours_is_first() {
    let Some(lab) = host("what_strangers_take_away_is_put_back_and_ours_is_first") else { return };
    lab.hosts()[0].within(strangers).unwrap();
}

fn strangers() {
    let mut gate = BpfGate::open_or_adopt("n1", false).unwrap();
    let borders = gate.borders();
    let mut borders = borders.lock().unwrap();
    let Border::Tcx = borders.border else {
        return lab::kernel_lacks("what_strangers_take_away_is_put_back_and_ours_is_first", "tcx");
    };
    let eth0 =
        interfaces::all(&mut borders.route).unwrap().into_iter().find(|one| one.name == "eth0").unwrap();
    let theirs = address_gate(Direction::In, Framing::Bare, gate.addresses.descriptor());
    let theirs = call::load(ProgramKind::Interface, &theirs, "stranger").and_then(call::described).unwrap();
    let hook = call::Hook::InterfaceIn;
    call::attach(eth0.index, hook, theirs.descriptor.as_fd(), call::Beside::First).unwrap();
    let added: BTreeSet<_> = borders.cover().unwrap().added.into_iter().collect();
    assert!(added.is_superset(&["eth0", "eth1", "lo"].map(str::to_owned).into()), "{added:?}");
    let ids = call::query(eth0.index, hook).unwrap();
    assert_eq!((ids.len(), ids[1]), (2, theirs.id), "ours is before theirs");

    let ours = call::program(ids[0]).unwrap().unwrap();
    call::detach(eth0.index, hook, ours.descriptor.as_fd()).unwrap();
    assert_eq!(borders.cover().unwrap().added, ["eth0"]);
    assert_eq!(call::query(eth0.index, hook).unwrap(), ids);

    let at = Path::new("/sys/fs/cgroup/mended");
    std::fs::create_dir_all(at).unwrap();
    gate.set_cgroup(at, 0).unwrap();
    let folder = std::fs::File::open(at).unwrap();
    let target = std::os::fd::AsRawFd::as_raw_fd(&folder).cast_unsigned();
    let ids = call::query(target, call::Hook::CgroupOut).unwrap();
    let ours = call::program(ids[0]).unwrap().unwrap();
    call::detach(target, call::Hook::CgroupOut, ours.descriptor.as_fd()).unwrap();
    assert_eq!(gate.mend_cgroups(), 1);
    assert_eq!(call::query(target, call::Hook::CgroupOut).unwrap(), ids);
    assert_eq!(gate.mend_cgroups(), 0);
}

#[test]
fn a_gate_that_is_full_says_so() {
    let Some(lab) = host("a_gate_that_is_full_says_so") else { return };
    let fill = || {
        let gate = BpfGate::open_or_adopt("n1", false).unwrap();
        let address = |number: u32| IpAddr::V4(number.into());
        let refused = (0..).map(address).find_map(|address| gate.set(address, 0).err()).unwrap();
        assert!(matches!(refused, GateError::Full { room: ROOM, .. }), "{refused}");
        gate.set(address(0), u64::MAX).expect("what is there can be renewed");
        gate.remove(address(1)).unwrap();
        gate.set(address(ROOM), 0).expect("there is room again");
        assert_eq!(gate.standing().unwrap().len(), ROOM as usize);
    };
    lab.hosts()[0].within(fill).unwrap();
}

#[test]
fn names_fit_the_kernel_and_tell_nodes_apart() {
    let names: Vec<_> = ["n1", "n2", "a-node.with.a.long.name"].map(|node| name_of(node).0).into();
    for (at, name) in names.iter().enumerate() {
        assert!(program_name(name, Direction::Out).len() < 16, "{name}");
        assert!(!names[at + 1..].contains(name));
    }
}

#[test]
fn addresses_are_keys_and_back() {
    for address in ["10.0.0.1", "fd00::1"] {
        let address: IpAddr = address.parse().unwrap();
        assert_eq!(Ipv6Addr::from(key(address)).to_canonical(), address);
    }
}
