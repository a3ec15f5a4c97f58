//! Beneath the gate: addresses that go by themselves.

use crate::common::*;
use gate::{Choice, set_lifetime};
use std::time::Duration;

#[test]
fn an_address_goes_by_itself_unless_its_lifetime_is_renewed() {
    let Some(lab) = site("an_address_goes_by_itself_unless_its_lifetime_is_renewed", Choice::Best) else {
        return;
    };
    let n1 = &lab.hosts()[0];
    let shown = |own: &str| run(n1, &format!("ip addr show dev eth0 to {own}"));
    let set = |own: &str, lifetime| n1.within(|| set_lifetime(address(own), lifetime)).expect("n1 is up");
    for own in ADDRESSES {
        assert!(shown(own).contains("valid_lft forever"));
        assert_eq!(set(own, Duration::from_millis(1)).expect("set"), 1);
        assert_eq!(set(own, LONG).expect("renewed"), 1);
        let left = shown(own);
        assert!(left.contains("valid_lft 600sec") || left.contains("valid_lft 599sec"), "{left}");
        assert_eq!(set(own, Duration::from_millis(1500)).expect("set"), 1);
        lab::eventually("its end", PATIENCE, || shown(own).is_empty());
        assert_eq!(set(own, LONG).expect("no error"), 0, "it is on no interface");
    }
    for (own, said) in plain(n1).map(|own| own.to_string()).into_iter().zip(["forever", "forever"]) {
        assert!(shown(&own).contains(said), "{own} is another address");
    }
}
