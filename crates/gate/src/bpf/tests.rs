//! Names, and sorts of interfaces.

use super::*;

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
