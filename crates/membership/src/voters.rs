//! Which members vote.
//!
//! Up to [`MOST_VOTERS`] members vote; all others learn. A voter stays one for as long as it is a
//! member, because every change of the voters is a risk that must buy something. Free seats go to
//! members that are there and caught up, and among those to the failure domain with the fewest
//! voters, so that one rack, room or hypervisor is less likely to hold a majority.

use model::{FailureDomain, NodeId};
use std::collections::{BTreeMap, BTreeSet};

/// Seven votes survive three failures. Each further voter makes every write wait for one more
/// disk and adds little: nine would survive four.
pub const MOST_VOTERS: usize = 7;

/// A member, as far as voting is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its number.
    pub id: NodeId,
    /// What it fails together with; a member without one is a domain of its own.
    pub domain: Option<FailureDomain>,
    /// Whether it votes now.
    pub votes: bool,
    /// Whether it may be given a vote now: heard from, and its log has caught up.
    pub ready: bool,
}

/// Who should vote.
#[must_use]
pub fn choose(members: &[Member]) -> BTreeSet<NodeId> {
    let mut chosen: BTreeSet<NodeId> =
        members.iter().filter(|member| member.votes).map(|member| member.id).collect();
    while chosen.len() < MOST_VOTERS {
        let mut voters_in: BTreeMap<&FailureDomain, usize> = BTreeMap::new();
        for member in members.iter().filter(|member| chosen.contains(&member.id)) {
            if let Some(domain) = &member.domain {
                *voters_in.entry(domain).or_default() += 1;
            }
        }
        let crowd = |member: &&Member| {
            let beside = member.domain.as_ref().and_then(|domain| voters_in.get(domain)).copied();
            (beside.unwrap_or(0), member.id)
        };
        let best = members.iter().filter(|m| m.ready && !chosen.contains(&m.id)).min_by_key(crowd);
        let Some(best) = best else { break };
        chosen.insert(best.id);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(id: u64, domain: &str, votes: bool, ready: bool) -> Member {
        let domain = (!domain.is_empty()).then(|| FailureDomain::new(domain).unwrap());
        Member { id: NodeId(id), domain, votes, ready }
    }

    fn check(members: &[Member], expect: &[u64]) {
        let chosen: Vec<u64> = choose(members).iter().map(|id| id.0).collect();
        assert_eq!(chosen, expect);
    }

    #[test]
    fn everybody_up_to_seven() {
        let members: Vec<Member> = (1..=9).map(|id| member(id, "", id == 1, true)).collect();
        check(&members[..3], &[1, 2, 3]);
        check(&members, &[1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn only_those_that_are_there_and_caught_up_get_a_vote() {
        check(&[member(1, "", true, true), member(2, "", false, false), member(3, "", false, true)], &[1, 3]);
    }

    #[test]
    fn a_voter_that_is_down_keeps_its_vote() {
        check(&[member(1, "", true, true), member(2, "", true, false)], &[1, 2]);
    }

    #[test]
    fn free_seats_go_to_the_failure_domain_with_the_fewest_voters() {
        let mut members: Vec<Member> = (1..=6).map(|id| member(id, "a", true, true)).collect();
        members.push(member(7, "a", false, true));
        members.push(member(8, "b", false, true));
        check(&members, &[1, 2, 3, 4, 5, 6, 8]);
    }
}
