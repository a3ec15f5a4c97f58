//! What a leader grants, and when it lets somebody else have a group.

use super::*;
use crate::testing::{at, ms};
use model::Incarnation;

const LEADER: NodeId = NodeId(1);
const HOLDER: NodeId = NodeId(2);
const TERM: u64 = 5;
const D: Wait = Wait::For(Duration::from_millis(1_453));

fn group() -> GroupName {
    "web".parse().unwrap()
}

fn voters(ids: impl IntoIterator<Item = u64>) -> BTreeSet<NodeId> {
    ids.into_iter().map(NodeId).collect()
}

fn request(number: u64) -> LeaseRequest {
    LeaseRequest { node: HOLDER, incarnation: Incarnation([1; 8]), number }
}

/// A leader of three nodes that won at 10,000 ms, and its own voter, which answered a former leader 400 ms
/// before.
struct Leader {
    authority: Authority,
    voter: Voter,
}

impl Leader {
    fn new() -> Self {
        let mut voter = Voter::new(at(0));
        voter.hears(at(9_600), TERM - 1).unwrap();
        let authority = Authority::new(at(10_000), LEADER, TERM, vec![voters(1..=3)], &mut voter);
        Self { authority, voter }
    }

    fn applies(&mut self, entry_term: u64, revision: u64, stage: Stage) {
        let ownership = Ownership { owner: HOLDER, generation: Generation(7), stage };
        self.authority.applied(Applied {
            entry_term,
            as_of: Revision(revision),
            lease: ms(1_400),
            groups: &BTreeMap::from([(group(), ownership)]),
        });
    }

    /// A request arrives, and a round that was begun then is answered: the numbers granted.
    fn renews(&mut self, at_ms: u64, number: u64) -> Vec<u64> {
        self.authority.requested(at(at_ms), Mark(at_ms), request(number));
        self.grants(at_ms, at_ms + 1)
    }

    fn grants(&mut self, now_ms: u64, quorum: u64) -> Vec<u64> {
        let grants = self.authority.grants(at(now_ms), Mark(quorum), &mut self.voter);
        grants.iter().map(|grant| grant.request.number).collect()
    }

    fn takeover(&self, now_ms: u64) -> Takeover {
        self.authority.takeover(at(now_ms), &group(), D, &Clocks::default(), &[])
    }
}

/// One that knows the database, in which the group is at this stage.
fn settled(stage: Stage) -> Leader {
    let mut leader = Leader::new();
    leader.applies(TERM, 20, stage);
    leader
}

#[test]
fn a_request_is_granted_by_a_round_begun_after_it_arrived_and_by_no_other() {
    let mut leader = settled(Stage::Held);
    leader.authority.requested(at(11_000), Mark(500), request(1));
    assert_eq!(leader.grants(11_010, 499), [0; 0]);
    assert_eq!(leader.grants(11_010, 500), [0; 0], "at the same moment is not after");
    assert_eq!(leader.grants(11_010, 501), [1]);
    assert_eq!(leader.grants(11_020, 502), [0; 0], "once");
}

#[test]
fn a_grant_says_what_it_speaks_for_how_long_it_lasts_and_when_its_request_arrived() {
    let mut leader = settled(Stage::Held);
    leader.authority.requested(at(11_000), Mark(500), request(1));
    let grants = leader.authority.grants(at(11_200), Mark(501), &mut leader.voter);
    let expected = LeaseGrant {
        request: request(1),
        leader: LEADER,
        as_of: Revision(20),
        lease_ns: 1_400_000_000,
        clock_ns: 11_000_000_000,
    };
    assert_eq!(grants, [expected]);
}

#[test]
fn rounds_slower_than_requests_still_grant() {
    let mut leader = settled(Stage::Held);
    for number in 1..=6 {
        leader.authority.requested(at(10_900 + 100 * number), Mark(100 * number), request(number));
    }
    assert_eq!(leader.grants(11_500, 250), [2], "of those before the round the latest");
    assert_eq!(leader.grants(11_600, 350), [3]);
}

#[test]
fn requests_that_no_quorum_answers_do_not_pile_up() {
    let mut leader = settled(Stage::Held);
    for number in 0..1_000 {
        leader.authority.requested(at(11_000), Mark(number), request(number));
    }
    assert_eq!(leader.authority.waiting[&HOLDER].len(), WAITING_MAX);
    leader.authority.requested(at(12_400), Mark(2_000), request(1_001));
    assert_eq!(leader.authority.waiting[&HOLDER].len(), 1, "they are dropped when their lease has ended");
}

#[test]
fn a_new_leader_grants_nothing_and_gives_nothing_away_before_an_entry_of_its_own() {
    let mut leader = Leader::new();
    assert_eq!(leader.renews(10_100, 1), [0; 0]);
    leader.applies(TERM - 1, 20, Stage::Released);
    assert_eq!(leader.grants(10_200, 99_999), [0; 0]);
    assert_eq!(leader.takeover(99_000), Takeover::Never(Why::NotYetKnown));
    leader.applies(TERM, 20, Stage::Released);
    assert_eq!(leader.grants(10_300, 99_999), [1]);
    assert_eq!(leader.takeover(10_300), Takeover::Now);
}

#[test]
fn a_leader_that_has_told_its_successor_grants_nothing() {
    let mut leader = settled(Stage::Held);
    leader.voter.evidence(at(10_900), TERM + 1).unwrap();
    assert_eq!(leader.renews(11_000, 1), [0; 0]);
}

#[test]
fn its_grants_are_evidence_for_its_successor() {
    let mut leader = settled(Stage::Held);
    assert_eq!(leader.renews(11_000, 1), [1]);
    assert_eq!(leader.grants(11_900, 99_999), [0; 0], "what grants nothing");
    assert_eq!(leader.voter.evidence(at(12_000), TERM + 1), Some(ms(1_000)), "is none");
}

#[test]
fn the_wait_counts_from_the_arrival_of_the_last_renewal_before_the_revocation_was_applied() {
    let mut leader = settled(Stage::Held);
    leader.renews(11_000, 1);
    leader.authority.requested(at(11_100), Mark(11_100), request(2));
    leader.grants(11_700, 11_101);
    assert_eq!(leader.takeover(12_000), Takeover::Never(Why::StillHeld(HOLDER)));
    leader.applies(TERM, 21, Stage::Revoked);
    assert_eq!(leader.takeover(12_000), Takeover::At(at(11_100 + 1_453)));
    leader.renews(12_100, 3);
    leader.applies(TERM, 21, Stage::Revoked);
    assert_eq!(leader.takeover(12_552), Takeover::At(at(12_553)), "later renewals are without it");
    assert_eq!(leader.takeover(12_553), Takeover::Now);
}

#[test]
fn what_is_held_anew_and_revoked_again_waits_for_its_own_renewals() {
    let mut leader = settled(Stage::Revoked);
    leader.renews(13_000, 1);
    let of = |generation, stage| BTreeMap::from([(group(), Ownership { owner: HOLDER, generation, stage })]);
    for (revision, generation, stage) in [(22, 8, Stage::Held), (23, 8, Stage::Revoked)] {
        let groups = of(Generation(generation), stage);
        let as_of = Revision(revision);
        leader.authority.applied(Applied { entry_term: TERM, as_of, lease: ms(1_400), groups: &groups });
    }
    assert_eq!(leader.takeover(13_500), Takeover::At(at(14_453)));
}

#[test]
fn an_older_state_that_comes_late_changes_nothing() {
    let mut leader = settled(Stage::Revoked);
    leader.applies(TERM, 19, Stage::Held);
    assert_ne!(leader.takeover(10_100), Takeover::Never(Why::StillHeld(HOLDER)));
}

#[test]
fn released_or_fenced_or_never_owned_is_free_at_once() {
    let leader = settled(Stage::Released);
    assert_eq!(leader.takeover(10_001), Takeover::Now);
    assert_eq!(
        leader.authority.takeover(at(10_001), &"other".parse().unwrap(), D, &Clocks::default(), &[]),
        Takeover::Now
    );
}

#[test]
fn what_needs_no_wait_is_free_once_it_is_revoked() {
    let leader = settled(Stage::Revoked);
    assert_eq!(
        leader.authority.takeover(at(10_001), &group(), Wait::For(ms(0)), &Clocks::default(), &[]),
        Takeover::Now
    );
    let leader = settled(Stage::Held);
    let held = leader.authority.takeover(at(10_001), &group(), Wait::For(ms(0)), &Clocks::default(), &[]);
    assert_eq!(held, Takeover::Never(Why::StillHeld(HOLDER)));
}

#[test]
fn what_nothing_protects_is_never_free_and_it_says_why() {
    let leader = settled(Stage::Revoked);
    let never = leader.authority.takeover(
        at(99_000),
        &group(),
        Wait::Never(Lack::PauseLimit),
        &Clocks::default(),
        &[],
    );
    let Takeover::Never(why) = never else { panic!("{never:?}") };
    assert!(why.to_string().contains("guest"), "{why}");
    let held = Why::StillHeld(HOLDER).to_string();
    assert_eq!(held, "it is node 2's until that is revoked or released");
    assert!(Why::NotYetKnown.to_string().contains("new leader"));
}

#[test]
fn without_evidence_the_wait_counts_from_the_election() {
    let leader = settled(Stage::Revoked);
    assert_eq!(leader.takeover(10_100), Takeover::At(at(11_453)));
}

#[test]
fn with_a_majoritys_evidence_it_counts_from_the_last_answer_to_an_older_leader() {
    let mut leader = settled(Stage::Revoked);
    // Its own was at 9,600. This one's was at 9,700.
    leader.authority.evidence(at(10_100), NodeId(3), ms(400));
    assert_eq!(leader.takeover(10_100), Takeover::At(at(11_153)));
    leader.authority.evidence(at(10_300), NodeId(3), ms(550));
    assert_eq!(leader.takeover(10_300), Takeover::At(at(11_153)), "an answer that took longer says less");
    leader.authority.evidence(at(10_300), NodeId(2), ms(900));
    assert_eq!(
        leader.takeover(10_300),
        Takeover::At(at(11_053)),
        "the best majority counts: 9,400 and 9,600"
    );
}

#[test]
fn a_voter_that_was_restarted_does_not_make_it_wait_longer_than_the_election() {
    let mut leader = settled(Stage::Revoked);
    leader.authority.evidence(at(10_400), NodeId(3), ms(100));
    assert_eq!(leader.takeover(10_400), Takeover::At(at(11_453)));
}

#[test]
fn while_voters_change_both_majorities_have_to_say() {
    let mut voter = Voter::new(at(0));
    voter.hears(at(9_600), TERM - 1).unwrap();
    let electorates = vec![voters(1..=3), voters(4..=6)];
    let authority = Authority::new(at(10_000), LEADER, TERM, electorates, &mut voter);
    let mut leader = Leader { authority, voter };
    leader.applies(TERM, 20, Stage::Revoked);
    leader.authority.evidence(at(10_000), NodeId(2), ms(500));
    leader.authority.evidence(at(10_000), NodeId(4), ms(300));
    assert_eq!(leader.takeover(10_000), Takeover::At(at(11_453)), "one of three is no majority");
    leader.authority.evidence(at(10_000), NodeId(5), ms(300));
    assert_eq!(leader.takeover(10_000), Takeover::At(at(11_153)));
}

#[test]
fn a_single_voter_needs_nobody_but_itself() {
    let mut voter = Voter::new(at(9_000));
    let authority = Authority::new(at(10_000), LEADER, TERM, vec![voters([1])], &mut voter);
    let mut leader = Leader { authority, voter };
    leader.applies(TERM, 20, Stage::Revoked);
    assert_eq!(leader.takeover(10_000), Takeover::At(at(10_453)), "its own start");
}

#[test]
fn what_no_other_clock_confirms_is_asked_for_again_soon() {
    let mut leader = settled(Stage::Held);
    leader.applies(TERM, 21, Stage::Revoked);
    let (end, other) = (10_000 + 1_453, NodeId(3));
    let mut clocks = Clocks::default();
    let over =
        |clocks: &Clocks, at_ms: u64| leader.authority.takeover(at(at_ms), &group(), D, clocks, &[other]);
    let mut hears = |at_ms: u64| {
        clocks.observe(at(at_ms), other, Incarnation([1; 8]), at(at_ms));
        clocks.clone()
    };
    (9_500..9_900).step_by(100).for_each(|at_ms| drop(hears(at_ms)));
    let before = hears(9_900);
    assert_eq!(over(&before, end - 1), Takeover::At(at(end)));
    assert_eq!(over(&before, end), Takeover::At(at(end).plus(ASK_AGAIN)));
    assert_eq!(over(&hears(end), end), Takeover::Now);
}

#[test]
fn a_voter_whose_clock_ran_ahead_is_not_believed() {
    let mut leader = settled(Stage::Held);
    leader.applies(TERM, 21, Stage::Revoked);
    let voter = NodeId(2);
    let mut clocks = Clocks::default();
    for at_ms in (8_000..10_000).step_by(100) {
        clocks.observe(at(at_ms), voter, Incarnation([1; 8]), at(at_ms));
    }
    // It says that it has answered no older leader for five seconds; its clock has just gained them.
    leader.authority.evidence(at(10_100), NodeId(1), ms(2_000));
    leader.authority.evidence(at(10_100), voter, ms(5_000));
    let over = |clocks: &Clocks| leader.authority.takeover(at(10_300), &group(), D, clocks, &[]);
    clocks.observe(at(10_200), voter, Incarnation([1; 8]), at(10_200));
    assert_eq!(over(&clocks), Takeover::Now, "as long as nothing speaks against it");
    clocks.observe(at(10_250), voter, Incarnation([1; 8]), at(15_250));
    assert_eq!(over(&clocks), Takeover::At(at(10_000 + 1_453)));
}
