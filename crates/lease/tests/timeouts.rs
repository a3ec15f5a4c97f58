//! A gate whose times count from the write, as nftables has it: every order of its writer's steps, of grants, and
//! of standing still between any two of them, in whole ticks. Nobody may find the address open two leases
//! after the moment from which the last grant counts, which is when a successor has it (`lease::bound`).
//!
//! The writer is that of `gate::nft`, step by step. A proof that cannot fail proves nothing: each rule that the
//! writer follows is broken once, and has a counterexample.

use std::collections::BTreeSet;

/// A lease, in ticks.
const LEASE: u64 = 3;

/// Grants come until then.
const LAST_GRANT: u64 = 3;

/// Longer than anything that begins by then may matter.
const END: u64 = 16;

/// What is done wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Broken {
    Nothing,
    /// An opening is written without an announcement.
    NotAnnounced,
    /// What an opening has left is found out before it is announced.
    NotReadAgain,
    /// A renewal is an opening: it does not ask for the element before.
    RenewsWhatIsGone,
    /// A successor waits for one lease.
    OneLease,
}

/// Where the writer is. What is in it was found out before, and may be as old as it likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Writer {
    Idle,
    /// The announcement is to be written.
    Announces {
        until: u64,
        left: u64,
    },
    /// It is written; the clock is to be read.
    Announced {
        until: u64,
        before: u64,
    },
    /// The element is to be written in place of the announcement.
    Opens {
        left: u64,
    },
    /// The element is to be written in place of the one before.
    Renews {
        left: u64,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    now: u64,
    /// From when the last grant counts.
    granted: u64,
    /// In the kernel, until then.
    announced: u64,
    open: u64,
    writer: Writer,
    /// The writer has opened it, and not closed it.
    opened: bool,
}

impl State {
    /// Everything that may happen next.
    fn next(self, broken: Broken) -> Vec<Self> {
        let mut all = vec![self.writes(broken)];
        if self.now < END {
            all.push(Self { now: self.now + 1, ..self });
        }
        if self.now <= LAST_GRANT {
            all.push(Self { granted: self.now, ..self });
        }
        if self.writer == Writer::Idle {
            all.push(Self { announced: 0, open: 0, opened: false, ..self });
        }
        // It is killed, and its successor finds what stands.
        all.push(Self { writer: Writer::Idle, opened: self.open > self.now, ..self });
        all
    }

    fn writes(mut self, broken: Broken) -> Self {
        let until = self.granted + LEASE;
        self.writer = match self.writer {
            Writer::Idle if until <= self.now => Writer::Idle,
            Writer::Idle if self.opened => Writer::Renews { left: until - self.now },
            Writer::Idle if broken == Broken::NotAnnounced => Writer::Opens { left: until - self.now },
            Writer::Idle => Writer::Announces { until, left: until - self.now },
            Writer::Announces { until, left } => {
                self.announced = self.now + left;
                Writer::Announced { until, before: left }
            }
            Writer::Announced { before, .. } if broken == Broken::NotReadAgain => {
                Writer::Opens { left: before }
            }
            Writer::Announced { until, .. } if until <= self.now => Writer::Idle,
            Writer::Announced { until, .. } => Writer::Opens { left: until - self.now },
            Writer::Opens { left } => {
                if self.announced > self.now || broken == Broken::NotAnnounced {
                    (self.announced, self.open, self.opened) = (0, self.now + left, true);
                }
                Writer::Idle
            }
            Writer::Renews { left } => {
                if self.open > self.now || broken == Broken::RenewsWhatIsGone {
                    self.open = self.now + left;
                }
                Writer::Idle
            }
        };
        self
    }

    /// It is open, or will be, when a successor has it.
    fn is_open_twice(self, broken: Broken) -> bool {
        let leases = if broken == Broken::OneLease { 1 } else { 2 };
        self.open > self.now && self.open > self.granted + leases * LEASE
    }
}

/// Looks at everything that can come; the first state that must not be.
fn counterexample(broken: Broken) -> Option<State> {
    let first = State { now: 0, granted: 0, announced: 0, open: 0, writer: Writer::Idle, opened: false };
    let mut seen = BTreeSet::from([first]);
    let mut left = vec![first];
    while let Some(state) = left.pop() {
        if state.is_open_twice(broken) {
            return Some(state);
        }
        left.extend(state.next(broken).into_iter().filter(|next| seen.insert(*next)));
    }
    assert!(seen.len() > 1_000, "{} states: too few to say anything", seen.len());
    None
}

#[test]
fn a_gate_that_counts_from_the_write_is_closed_two_leases_after_the_last_grant() {
    assert_eq!(counterexample(Broken::Nothing), None);
}

#[test]
fn each_rule_of_its_writer_is_needed() {
    for broken in [Broken::NotAnnounced, Broken::NotReadAgain, Broken::RenewsWhatIsGone, Broken::OneLease] {
        assert!(counterexample(broken).is_some(), "{broken:?} was not noticed");
    }
}
