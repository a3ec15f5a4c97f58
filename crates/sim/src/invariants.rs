//! What must hold, each in a file of its own.
//!
//! | Property | Promise | File |
//! |---|---|---|
//! | an acknowledged write is there in the end, on every member | S2 | `no_lost_write.rs` |
//! | no write happens twice, whatever was retried | S2 | `at_most_once.rs` |
//! | replicas that applied the same show the same | S2 | `replicas_agree.rs` |
//! | a term has one leader at most | S1 | `one_leader.rs` |
//! | what is acknowledged before another begins comes before it | S2 | `real_time_order.rs` |
//! | a running node never goes back | S2 | `revision_grows.rs` |
//! | after faults heal, the cluster works and its members are equal | L1 | `convergence.rs` |
//! | a new leader's first commit brings it what a majority remembers of older leaders | S1 | `evidence_with_first_commit.rs` |
//! | a lease has a majority behind it that answered after it was asked for | S1 | `quorum_behind_leases.rs` |
//! | voters tell the truth about whom they answered, and keep to it | S1 | `voters_tell_the_truth.rs` |
//! | a successor's wait ends after every lease of an older leader | S1 | `waits_outlast_leases.rs` |
//! | no file is refused and no internal check fails | S6 | `no_alarm.rs` |
//!
//! They judge a [`History`] alone and share no code with the store.

mod at_most_once;
mod convergence;
mod evidence_with_first_commit;
mod no_alarm;
mod no_lost_write;
mod one_leader;
mod quorum_behind_leases;
mod real_time_order;
mod replicas_agree;
mod revision_grows;
mod voters_tell_the_truth;
mod waits_outlast_leases;

use crate::history::History;

/// An oracle: nothing, or what it saw.
pub type Oracle = fn(&History) -> Result<(), String>;

/// Every oracle with its name.
pub const ALL: [(&str, Oracle); 12] = [
    ("no lost write", no_lost_write::check),
    ("at most once", at_most_once::check),
    ("replicas agree", replicas_agree::check),
    ("one leader", one_leader::check),
    ("real-time order", real_time_order::check),
    ("revision grows", revision_grows::check),
    ("convergence", convergence::check),
    ("evidence with the first commit", evidence_with_first_commit::check),
    ("a quorum behind leases", quorum_behind_leases::check),
    ("voters tell the truth", voters_tell_the_truth::check),
    ("waits outlast leases", waits_outlast_leases::check),
    ("no alarm", no_alarm::check),
];

/// What does not hold.
#[must_use]
pub fn violations(history: &History) -> Vec<String> {
    let judge = |(name, oracle): &(&str, Oracle)| oracle(history).err().map(|what| format!("{name}: {what}"));
    ALL.iter().filter_map(judge).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Answer, Began, Exchange, Held, Operation, Renewal, Seen, Told, Wait};
    use model::{NodeId, Revision};
    use std::collections::BTreeSet;

    /// Two nodes, three writes, all well.
    fn good() -> History {
        let mut history = History::default();
        for number in 1..=3 {
            let answered = Some((number * 10 + 5, Answer::Done(Revision(number))));
            history.operations.insert(number, Operation { what: "token", invoked: number * 10, answered });
            for node in [NodeId(1), NodeId(2)] {
                history.told.push(Told { node, life: 1, revision: Revision(number), operation: number });
                let hash = [number as u8; 32];
                history.seen.push(Seen { node, life: 1, revision: Revision(number), last: number, hash });
            }
        }
        history.leaders = vec![(1, NodeId(1)), (1, NodeId(1)), (2, NodeId(2))];
        leases(&mut history);
        history.end.converged = Ok(());
        for node in [NodeId(1), NodeId(2)] {
            let held = Held { revision: Revision(3), hash: [3; 32], traces: vec![1, 2, 3] };
            history.end.members.insert(node, held);
        }
        history
    }

    /// Node 1 grants in term 1, and is answered for the last time at 52; node 2 succeeds it.
    fn leases(history: &mut History) {
        let electorates = vec![BTreeSet::from([NodeId(1), NodeId(2), NodeId(3)])];
        let (one, two, three) = (NodeId(1), NodeId(2), NodeId(3));
        let exchange = Exchange {
            from: one,
            to: three,
            term: 1,
            sent: 50,
            arrived: 51,
            back: Some(53),
            answer: Some((52, Some(52))),
        };
        let successor = Exchange {
            from: two,
            term: 2,
            sent: 80,
            arrived: 81,
            back: None,
            // It heard the older leader at 51.
            answer: Some((82, Some(31))),
            ..exchange
        };
        history.exchanges = vec![exchange, successor];
        let renewal = Renewal {
            term: 1,
            leader: one,
            asked: 50,
            granted: 53,
            until: 150,
            electorates: electorates.clone(),
        };
        history.renewals = vec![renewal];
        history.waits = vec![Wait { term: 2, leader: two, over: 151 }];
        history.began = vec![Began { term: 2, node: two, told: BTreeSet::from([two, three]), electorates }];
    }

    fn check(spoil: impl FnOnce(&mut History), expect: &str) {
        let mut history = good();
        spoil(&mut history);
        let found = violations(&history);
        assert!(found.iter().any(|violation| violation.starts_with(expect)), "{expect}: {found:?}");
    }

    #[test]
    fn a_good_history_is_not_blamed() {
        assert_eq!(violations(&good()), Vec::<String>::new());
    }

    #[test]
    fn every_oracle_notices_what_it_is_there_for() {
        check(|h| h.end.members.values_mut().for_each(|m| m.traces = vec![1, 3]), "no lost write");
        check(|h| h.end.members.values_mut().for_each(|m| m.revision = Revision(2)), "no lost write");
        check(|h| h.told.retain(|told| told.operation != 2), "no lost write");
        check(|h| h.told[0].operation = 3, "at most once");
        check(|h| h.end.members.values_mut().for_each(|m| m.traces.push(2)), "at most once");
        check(|h| h.told[5].operation = 9, "replicas agree");
        check(|h| h.seen[5].hash = [9; 32], "replicas agree");
        check(|h| h.leaders.push((2, NodeId(1))), "one leader");
        let answer = |at, revision| Some((at, Answer::Done(Revision(revision))));
        check(|h| h.operations.get_mut(&3).unwrap().answered = answer(99, 1), "real-time order");
        check(|h| h.operations.get_mut(&1).unwrap().answered = answer(15, 4), "real-time order");
        check(|h| h.seen.push(Seen { revision: Revision(1), ..h.seen[4] }), "revision grows");
        check(|h| h.end.converged = Err("no leader".to_owned()), "convergence");
        check(|h| h.end.members.get_mut(&NodeId(2)).unwrap().hash = [9; 32], "convergence");
        check(|h| h.began[0].told = BTreeSet::from([NodeId(2)]), "evidence with");
        check(|h| h.exchanges[0].sent = 49, "a quorum behind");
        check(|h| h.exchanges[0].back = Some(54), "a quorum behind");
        check(|h| h.exchanges[1].answer = Some((82, Some(32))), "voters tell");
        check(|h| h.exchanges[0].arrived = 83, "voters tell");
        check(|h| h.renewals[0].until = 152, "waits outlast");
        check(|h| h.alarms.push("refused".to_owned()), "no alarm");
    }
}
