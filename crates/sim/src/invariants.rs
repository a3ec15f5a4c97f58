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
//! | no file is refused and no internal check fails | S6 | `no_alarm.rs` |
//!
//! They judge a [`History`] alone and share no code with the store.

mod at_most_once;
mod convergence;
mod no_alarm;
mod no_lost_write;
mod one_leader;
mod real_time_order;
mod replicas_agree;
mod revision_grows;

use crate::history::History;

/// An oracle: nothing, or what it saw.
pub type Oracle = fn(&History) -> Result<(), String>;

/// Every oracle with its name.
pub const ALL: [(&str, Oracle); 8] = [
    ("no lost write", no_lost_write::check),
    ("at most once", at_most_once::check),
    ("replicas agree", replicas_agree::check),
    ("one leader", one_leader::check),
    ("real-time order", real_time_order::check),
    ("revision grows", revision_grows::check),
    ("convergence", convergence::check),
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
    use crate::history::{Answer, Held, Operation, Seen, Told};
    use model::{NodeId, Revision};

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
        history.end.converged = Ok(());
        for node in [NodeId(1), NodeId(2)] {
            let held = Held { revision: Revision(3), hash: [3; 32], traces: vec![1, 2, 3] };
            history.end.members.insert(node, held);
        }
        history
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
        check(|h| h.alarms.push("refused".to_owned()), "no alarm");
    }
}
