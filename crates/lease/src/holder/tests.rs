//! What a node may open and has to close, in the order in which things go wrong.

use super::*;
use crate::testing::{FIGURES, at, ms, pair};

const NODE: NodeId = NodeId(2);
const LIFE: Incarnation = Incarnation([1; 8]);

/// The leader's clock is 50 s ahead of the node's.
fn grant(request: LeaseRequest, as_of: u64, arrived_ms: u64) -> LeaseGrant {
    let clock_ns = (50_000 + arrived_ms) * 1_000_000;
    let as_of = Revision(as_of);
    LeaseGrant { request, leader: NodeId(1), as_of, lease_ns: 1_400_000_000, clock_ns }
}

struct Node(Holder);

impl Node {
    fn new() -> Self {
        Self(Holder::new(NODE, LIFE, Settings::new(FIGURES).unwrap()))
    }

    fn applied(&mut self, revision: u64, owned: &[Pair]) {
        let owned = owned.iter().map(|pair| (pair.group.clone(), pair.generation)).collect();
        self.0.applied(Revision(revision), owned);
    }

    /// Asks, and is granted 5 ms later.
    fn renews(&mut self, now_ms: u64, as_of: u64) -> Granted {
        let request = self.0.ask(at(now_ms));
        self.0.granted(at(now_ms + 5), &grant(request, as_of, now_ms + 2))
    }
}

/// A node that owns `web` in generation 7, and has opened it at 1,005 ms with a lease until 2,400.
fn running() -> Node {
    let mut node = Node::new();
    node.applied(20, &[pair("web", 7)]);
    node.renews(1_000, 20);
    assert_eq!(node.0.open(at(1_005), &pair("web", 7)), Ok(at(2_400)));
    node
}

#[test]
fn a_lease_counts_from_before_its_request_was_sent() {
    let mut node = Node::new();
    node.applied(20, &[]);
    let request = node.0.ask(at(1_000));
    let granted = node.0.granted(at(1_900), &grant(request, 20, 1_500));
    assert_eq!(granted, Granted::Until(at(2_400)));
    assert_eq!(node.0.remaining(at(2_000)), ms(400));
    assert_eq!(node.0.remaining(at(3_000)), ms(0));
}

#[test]
fn without_a_lease_nothing_is_opened() {
    let mut node = Node::new();
    node.applied(20, &[pair("web", 7)]);
    let refused = node.0.open(at(1_000), &pair("web", 7)).unwrap_err();
    assert_eq!(refused, Refusal::NotOwned(pair("web", 7)), "what it remembers may be old");
    node.renews(1_000, 20);
    let refused = node.0.open(at(2_400), &pair("web", 7)).unwrap_err();
    assert_eq!(refused, Refusal::NoLease(pair("web", 7)), "the deadline itself is past");
    assert_eq!(
        refused.to_string(),
        "web in generation 7 is not opened: this node has no lease; it needs a leader with a quorum"
    );
}

#[test]
fn only_what_is_owned_in_that_generation_is_opened() {
    let mut node = running();
    for other in [pair("db", 1), pair("web", 6), pair("web", 8)] {
        assert_eq!(node.0.open(at(1_010), &other), Err(Refusal::NotOwned(other)));
    }
    assert_eq!(node.0.open(at(1_010), &pair("web", 7)), Ok(at(2_400)), "asked twice, answered twice");
}

#[test]
fn a_renewal_prolongs_what_is_open() {
    let mut node = running();
    node.renews(1_100, 20);
    assert_eq!(node.0.refresh(at(1_105)), [(pair("web", 7), at(2_500))]);
    assert_eq!(node.0.expire(at(2_499)), []);
    assert_eq!(node.0.expire(at(2_500)), [pair("web", 7)]);
}

#[test]
fn late_repeated_and_reordered_grants_are_harmless() {
    let mut node = running();
    let (second, third) = (node.0.ask(at(1_100)), node.0.ask(at(1_200)));
    let (second, third) = (grant(second, 20, 1_102), grant(third, 20, 1_202));
    assert_eq!(node.0.granted(at(1_205), &third), Granted::Until(at(2_600)));
    assert_eq!(node.0.granted(at(1_206), &second), Granted::Useless);
    assert_eq!(node.0.granted(at(1_207), &third), Granted::Useless);
    assert_eq!(node.0.refresh(at(1_300)), [(pair("web", 7), at(2_600))]);
    let fourth = node.0.ask(at(1_300));
    assert_eq!(
        node.0.granted(at(2_700), &grant(fourth, 20, 1_302)),
        Granted::Useless,
        "ended before it came"
    );
}

#[test]
fn a_grant_for_a_former_life_means_nothing() {
    let mut node = running();
    let mut request = node.0.ask(at(1_100));
    request.incarnation = Incarnation([9; 8]);
    assert_eq!(node.0.granted(at(1_105), &grant(request, 20, 1_102)), Granted::Useless);
    let other = LeaseRequest { node: NodeId(3), incarnation: LIFE, ..request };
    assert_eq!(node.0.granted(at(1_105), &grant(other, 20, 1_102)), Granted::Useless);
}

#[test]
fn a_grant_waits_for_what_it_names_to_be_applied() {
    let mut node = running();
    assert_eq!(node.renews(1_100, 21), Granted::Waits(Revision(21)));
    assert_eq!(node.renews(1_200, 22), Granted::Waits(Revision(22)));
    assert_eq!(node.0.refresh(at(1_210)), [(pair("web", 7), at(2_400))], "the old lease still counts");
    node.applied(21, &[pair("web", 7)]);
    assert_eq!(node.0.refresh(at(1_220)), [(pair("web", 7), at(2_500))]);
    node.applied(22, &[]);
    assert_eq!(node.0.refresh(at(1_230)), [], "it has a lease, and nothing to use it for");
    assert_eq!(node.0.remaining(at(1_230)), ms(1_370));
}

#[test]
fn what_is_revoked_is_closed_though_the_lease_goes_on() {
    let mut node = running();
    node.applied(21, &[]);
    assert_eq!(node.0.expire(at(1_100)), [pair("web", 7)]);
    assert_eq!(node.0.refresh(at(1_100)), []);
    assert_eq!(node.0.overdue(at(1_100)).count(), 0, "until its deadline a watchdog may be fed");
    assert_eq!(node.0.overdue(at(2_400)).collect::<Vec<_>>(), [&pair("web", 7)]);
    node.0.closed(&pair("web", 7));
    assert_eq!(node.0.expire(at(2_400)), []);
    assert_eq!(node.0.overdue(at(2_400)).count(), 0);
}

#[test]
fn a_new_ownership_needs_no_new_grant() {
    let mut node = running();
    node.applied(21, &[pair("web", 7), pair("db", 1)]);
    assert_eq!(node.0.open(at(1_100), &pair("db", 1)), Ok(at(2_400)));
}

#[test]
fn an_older_state_that_comes_late_revives_nothing() {
    let mut node = running();
    node.applied(21, &[]);
    node.applied(20, &[pair("web", 7)]);
    assert_eq!(node.0.expire(at(1_100)), [pair("web", 7)]);
}

#[test]
fn what_has_expired_is_closed_before_it_is_opened_anew() {
    let mut node = running();
    assert_eq!(node.renews(2_500, 20), Granted::Until(at(3_900)));
    assert_eq!(node.0.refresh(at(2_510)), [], "it is not revived");
    let wanted = pair("web", 7);
    let refused = Refusal::NotClosed { wanted: wanted.clone(), first: wanted.clone() };
    assert_eq!(node.0.open(at(2_510), &wanted), Err(refused));
    assert_eq!(node.0.expire(at(2_510)), [pair("web", 7)]);
    node.0.closed(&wanted);
    assert_eq!(node.0.open(at(2_520), &wanted), Ok(at(3_900)));
}

#[test]
fn a_new_generation_waits_until_the_old_one_is_closed() {
    let mut node = running();
    node.applied(22, &[pair("web", 8)]);
    let refused = node.0.open(at(1_100), &pair("web", 8)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "web in generation 8 is not opened: web in generation 7 has to be closed first"
    );
    assert_eq!(node.0.expire(at(1_100)), [pair("web", 7)]);
    node.0.closed(&pair("web", 7));
    assert_eq!(node.0.open(at(1_110), &pair("web", 8)), Ok(at(2_400)));
}

#[test]
fn a_restarted_daemon_adopts_what_stands_and_prolongs_it_only_by_a_grant_of_its_own() {
    let mut node = Node::new();
    node.applied(19, &[]);
    node.0.adopt(at(1_500), pair("web", 7), at(2_400));
    node.0.adopt(at(1_500), pair("db", 1), at(2_400));
    assert_eq!(node.0.expire(at(1_510)), [], "what it has applied may be old");
    assert_eq!(node.0.refresh(at(1_510)), []);
    assert_eq!(node.renews(1_520, 20), Granted::Waits(Revision(20)));
    node.applied(20, &[pair("web", 7), pair("db", 2)]);
    assert_eq!(node.0.refresh(at(1_530)), [(pair("web", 7), at(2_920))]);
    assert_eq!(node.0.expire(at(1_530)), [pair("db", 1)], "another generation is not his");
}

#[test]
fn what_stands_expires_for_a_restarted_daemon_too() {
    let mut node = Node::new();
    node.0.adopt(at(1_500), pair("web", 7), at(2_400));
    assert_eq!(node.0.expire(at(2_400)), [pair("web", 7)]);
}

#[test]
fn deadlines_that_nobody_can_have_granted_are_closed() {
    let mut node = Node::new();
    node.0.adopt(at(70_000), pair("past", 1), at(69_000));
    node.0.adopt(at(70_000), pair("nonsense", 1), at(131_000));
    node.0.adopt(at(70_000), pair("web", 1), at(71_000));
    assert_eq!(node.0.expire(at(70_000)), [pair("nonsense", 1), pair("past", 1)]);
}

#[test]
fn a_node_whose_clock_stood_still_closes_everything_before_it_acts() {
    let mut node = running();
    let request = node.0.ask(at(1_100));
    // 800 ms passed for the leader that this node's clock knows nothing of.
    let Granted::Paused(paused) = node.0.granted(at(1_105), &grant(request, 20, 1_902)) else {
        panic!("it was not noticed")
    };
    assert!(paused > ms(790) && paused <= ms(800), "{paused:?}");
    assert_eq!(node.0.expire(at(1_105)), [pair("web", 7)]);
    assert_eq!(node.0.refresh(at(1_105)), []);
    assert_eq!(node.0.remaining(at(1_105)), ms(0));
    assert_eq!(node.0.overdue(at(1_105)).count(), 1);
    assert!(node.0.open(at(1_105), &pair("web", 7)).is_err());
    node.0.closed(&pair("web", 7));
    let request = node.0.ask(at(1_200));
    assert_eq!(node.0.granted(at(1_205), &grant(request, 20, 2_002)), Granted::Until(at(2_600)));
    assert_eq!(node.0.open(at(1_205), &pair("web", 7)), Ok(at(2_600)), "and goes on with a lease of after");
}

#[test]
fn requests_of_before_a_pause_are_answered_in_vain() {
    let mut node = running();
    let (first, second) = (node.0.ask(at(1_100)), node.0.ask(at(1_101)));
    assert!(matches!(node.0.granted(at(1_105), &grant(first, 20, 1_902)), Granted::Paused(_)));
    assert_eq!(node.0.granted(at(1_106), &grant(second, 20, 1_903)), Granted::Useless);
}

#[test]
fn pauses_that_the_bound_counts_in_are_tolerated() {
    let mut node = running();
    let figures = crate::Figures { assume_pause_below: Some(ms(1_000)), ..FIGURES };
    node.0.set_settings(Settings::new(figures).unwrap());
    let request = node.0.ask(at(1_100));
    assert_eq!(node.0.granted(at(1_105), &grant(request, 20, 1_902)), Granted::Until(at(2_500)));
}

#[test]
fn requests_without_an_answer_are_forgotten_in_time() {
    let mut node = running();
    for second in 2..1_000 {
        node.0.ask(at(second * 1_000));
    }
    assert!(node.0.asked.len() <= 61);
}

#[test]
fn no_leader_can_grant_more_than_the_longest_lease() {
    let mut node = running();
    let request = node.0.ask(at(1_100));
    let endless = LeaseGrant { lease_ns: u64::MAX, ..grant(request, 20, 1_102) };
    assert_eq!(node.0.granted(at(1_105), &endless), Granted::Until(at(61_100)));
}
