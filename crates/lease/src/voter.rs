//! A voter's memory of whom it followed when, for the next leader.
//!
//! A new leader knows nothing of the grants of its predecessors. But each of those had a majority behind it
//! that answered after the request had arrived. So if a majority says how long ago each of them last
//! answered an older leader, the latest of these answers is no earlier than any grant's request, and the
//! wait can be counted from there instead of from the election's end.
//!
//! * A voter notes a leader's message *before* it answers. A note without an answer costs time at most; an
//!   answer without a note would cost safety.
//! * Once it has told a new leader, it answers older ones no more, or what it told would become untrue.
//! * A voter that was restarted has forgotten; it says its own start, before which all its answers were.
//!
//! A leader is its own voter too: [`crate::Authority`] notes its grants here.

use model::Moment;
use std::time::Duration;

/// What a node remembers of leaders, in one life of its daemon. Learners keep it as voters do: they may
/// become some.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Voter {
    /// The highest term whose leader was heard or told.
    term: u64,
    /// When that leader was last heard.
    last: Option<Moment>,
    /// When any older one was; or the beginning of this life, where that is later.
    older: Moment,
}

/// A message of a leader that has been replaced. It must not be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the leader of term {given} has been replaced by that of term {term}")]
pub struct Deposed {
    /// The leader's term.
    pub given: u64,
    /// The term that this node knows of.
    pub term: u64,
}

impl Voter {
    /// A life begins. `started` is read when the process starts, before it answers anybody.
    #[must_use]
    pub fn new(started: Moment) -> Self {
        Self { term: 0, last: None, older: started }
    }

    /// A message of the leader of `term` has arrived that its quorum may come from: entries, a heartbeat or
    /// a snapshot. Called before the engine sees it; `now` is read after it arrived.
    ///
    /// # Errors
    /// The leader has been replaced: the message is dropped, unanswered.
    pub fn hears(&mut self, now: Moment, term: u64) -> Result<(), Deposed> {
        self.enter(term)?;
        self.last = self.last.max(Some(now));
        Ok(())
    }

    /// How long ago the leader of any term before `term` was last answered: goes back with each answer to
    /// the leader of `term`, once the engine has accepted its message, so that the term is on this node's
    /// disk. Nothing for a leader that has been replaced itself.
    pub fn evidence(&mut self, now: Moment, term: u64) -> Option<Duration> {
        self.enter(term).ok()?;
        Some(now.since(self.older))
    }

    fn enter(&mut self, term: u64) -> Result<(), Deposed> {
        if term < self.term {
            return Err(Deposed { given: term, term: self.term });
        }
        if term > self.term {
            self.term = term;
            self.older = self.last.take().map_or(self.older, |last| last.max(self.older));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, ms};

    #[test]
    fn it_tells_how_long_ago_it_answered_an_older_leader() {
        let mut voter = Voter::new(at(0));
        voter.hears(at(100), 1).unwrap();
        voter.hears(at(200), 1).unwrap();
        assert_eq!(voter.evidence(at(250), 2), Some(ms(50)));
        voter.hears(at(300), 2).unwrap();
        assert_eq!(voter.evidence(at(300), 2), Some(ms(100)), "answers to the new leader do not count");
        voter.hears(at(400), 3).unwrap();
        assert_eq!(voter.evidence(at(400), 3), Some(ms(100)), "but they do for the one after it");
    }

    #[test]
    fn after_it_has_told_the_new_leader_it_answers_no_older_one() {
        let mut voter = Voter::new(at(0));
        voter.hears(at(100), 1).unwrap();
        voter.evidence(at(200), 2).unwrap();
        let refused = voter.hears(at(300), 1).unwrap_err();
        assert_eq!(refused.to_string(), "the leader of term 1 has been replaced by that of term 2");
        assert_eq!(voter.evidence(at(300), 1), None);
        assert_eq!(voter.evidence(at(300), 2), Some(ms(200)), "and what it told stays true");
    }

    #[test]
    fn restarted_it_tells_its_own_start() {
        let mut voter = Voter::new(at(5_000));
        assert_eq!(voter.evidence(at(5_300), 7), Some(ms(300)));
        voter.hears(at(5_400), 7).unwrap();
        assert_eq!(voter.evidence(at(5_400), 7), Some(ms(400)));
    }

    #[test]
    fn messages_that_are_dated_out_of_order_count_by_the_latest() {
        let mut voter = Voter::new(at(0));
        voter.hears(at(200), 1).unwrap();
        voter.hears(at(100), 1).unwrap();
        assert_eq!(voter.evidence(at(300), 2), Some(ms(100)));
    }
}
