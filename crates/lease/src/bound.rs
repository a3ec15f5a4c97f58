//! How long a successor has to wait, and why: the inequalities, in whole nanoseconds.
//!
//! L is the lease, ρ the drift of clocks, ε the longest effect in flight, W a watchdog's time-out and δ its
//! granularity, X the administrator's `assume_below`, P his `assume_pause_below`. The leader counts D on its
//! own clock from the moment at which it received the last request that it granted, which is after the
//! moment from which the holder counts L on its own.
//!
//! ```text
//! gate (absolute deadline)    D ≥ (1+ρ) · [  L/(1−ρ)                + ε ]
//! gate (nftables)             D ≥ (1+ρ) · [ 2L/(1−ρ)                + ε ]
//! process, with a watchdog    D ≥ (1+ρ) · [  L/(1−ρ) + 2(W+δ)/(1−ρ) + ε ]
//! process, by assumption      D ≥ (1+ρ) · [  L/(1−ρ) + 2X/(1−ρ)     + ε ]
//! on a guest                  each with  + P  inside the brackets
//! reservation, none           D ≥ 0
//! everything else             never by itself
//! ```
//!
//! Twice W, because a process can be paused between "is my lease valid?" and the feeding. Every division
//! rounds up, so the wait is never short by a nanosecond. A group waits for the largest of its resources.
//!
//! What protects a resource is what its *holder* has in place, as that node last said in the database: it
//! cannot be asked when it matters. A node that loses a gate has to say so before it goes on without it.
//!
//! Each bound holds its terms, and is computed from them, so that what `explain` prints is the sum itself.

mod remedies;
mod words;

pub use remedies::Remedy;

use crate::settings::{Figures, Settings, Watchdog};
use model::ResourceName;
use model::desired::{Exclusive, StallPolicy};
use std::time::Duration;

/// What keeps a resource from having an effect on its node after the lease, as its node has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// A gate that the kernel closes at an absolute deadline (eBPF).
    Gate,
    /// A gate of nftables, whose elements time out. Whatever is written into it, be it an opening or a renewal,
    /// is refused when it comes later than a lease after it was decided.
    Timeouts,
    /// A SCSI-3 reservation, which the successor takes away (preempt and abort) before it does anything.
    Reservation,
    /// Nothing.
    None,
}

/// A resource, as far as the wait for it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Which.
    pub resource: ResourceName,
    /// What two running copies would harm.
    pub exclusive: Exclusive,
    /// What guards it on its node.
    pub guard: Guard,
}

/// What the holding node has, for all of its resources.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Means {
    /// An armed watchdog.
    pub watchdog: Option<Watchdog>,
    /// It is a guest: its hypervisor may stop its clocks.
    pub guest: bool,
}

/// What protects a resource, which is what its wait follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// Its effects end at the gate's deadline.
    Gate,
    /// Its effects end when the gate's elements time out.
    Timeouts,
    /// The watchdog ends its node.
    Watchdog(Watchdog),
    /// The administrator vouches that no node stalls for longer.
    Assumption(Duration),
    /// The successor takes its reservation away.
    Reservation,
    /// It tolerates a duplicate.
    Tolerance,
    /// Nothing.
    None(Lack),
}

/// A wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wait {
    /// So long after the last renewal.
    For(Duration),
    /// However long: somebody has to confirm that the node is down, or it has to release what it has.
    Never(Lack),
}

/// What makes a wait endless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// Its node is a guest, and nobody has said how long guests are paused.
    PauseLimit,
    /// Its processes may go on, and nothing ends them.
    Protection,
}

/// What a term counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// The lease (L).
    Lease,
    /// A watchdog's time-out with its granularity (W+δ).
    Watchdog,
    /// `assume_below` (X).
    Stall,
    /// `assume_pause_below` (P).
    Pause,
    /// The longest effect in flight (ε).
    InFlight,
}

/// A part of a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// What it counts.
    pub counted: Counted,
    /// How often.
    pub times: u32,
    /// How long it is.
    pub span: Duration,
    /// It is measured by the holder's clock, which may run slow: divided by (1−ρ).
    pub by_holder: bool,
}

/// The wait for one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceBound {
    /// Which.
    pub resource: ResourceName,
    /// What protects it.
    pub protection: Protection,
    /// The sum that `wait` is; empty where there is none.
    pub terms: Vec<Term>,
    /// How long.
    pub wait: Wait,
    /// What would make it shorter.
    pub shorter: Vec<Remedy>,
}

/// The wait for a group: that for the largest of its resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// Its resources, in the order given.
    pub resources: Vec<ResourceBound>,
    drift_ppm: u32,
}

impl Bound {
    /// The bound of a group whose resources are these, on a node that has these means.
    #[must_use]
    pub fn of(settings: &Settings, means: Means, needs: &[Need]) -> Self {
        let figures = settings.figures();
        let resources = needs.iter().map(|need| of_resource(figures, means, need)).collect();
        Self { resources, drift_ppm: figures.drift_ppm }
    }

    /// How long the group waits.
    #[must_use]
    pub fn wait(&self) -> Wait {
        self.decisive().map_or(Wait::For(Duration::ZERO), |resource| resource.wait)
    }

    /// The resource that it waits for, of equals the first; none if it waits for nothing.
    #[must_use]
    pub fn decisive(&self) -> Option<&ResourceBound> {
        let waited_for = |resource: &&ResourceBound| resource.wait > Wait::For(Duration::ZERO);
        self.resources.iter().filter(waited_for).rev().max_by_key(|resource| resource.wait)
    }
}

fn of_resource(figures: &Figures, means: Means, need: &Need) -> ResourceBound {
    let protection = protection(figures, means, need);
    let terms = terms(figures, means, protection);
    let wait = match protection {
        Protection::None(lack) => Wait::Never(lack),
        _ => Wait::For(sum(&terms, figures.drift_ppm)),
    };
    let shorter = remedies::of(protection, means, need);
    ResourceBound { resource: need.resource.clone(), protection, terms, wait, shorter }
}

fn protection(figures: &Figures, means: Means, need: &Need) -> Protection {
    let gate = match (need.exclusive, need.guard) {
        (Exclusive::None, _) => return Protection::Tolerance,
        (_, Guard::Reservation) => return Protection::Reservation,
        (Exclusive::Gate, Guard::Gate) => Some(Protection::Gate),
        (Exclusive::Gate, Guard::Timeouts) => Some(Protection::Timeouts),
        _ => None,
    };
    // A pause stops the clocks of the gate and of an emulated watchdog alike.
    let by_clock = gate.or(means.watchdog.map(Protection::Watchdog));
    let pauses_known = !means.guest || figures.assume_pause_below.is_some();
    match (by_clock, figures.stall_policy) {
        (Some(protection), _) if pauses_known => protection,
        // What he vouches for holds for whatever stalls a node, its hypervisor included.
        (_, StallPolicy::AssumeBelow(stall)) => Protection::Assumption(stall),
        (Some(_), StallPolicy::Strict) => Protection::None(Lack::PauseLimit),
        (None, StallPolicy::Strict) => Protection::None(Lack::Protection),
    }
}

fn terms(figures: &Figures, means: Means, protection: Protection) -> Vec<Term> {
    let by_holder = |counted, times, span| Term { counted, times, span, by_holder: true };
    let lease = |times| by_holder(Counted::Lease, times, figures.lease);
    let mut terms = match protection {
        Protection::Gate => vec![lease(1)],
        Protection::Timeouts => vec![lease(2)],
        Protection::Watchdog(dog) => {
            let span = dog.timeout.saturating_add(dog.granularity);
            vec![lease(1), by_holder(Counted::Watchdog, 2, span)]
        }
        Protection::Assumption(stall) => vec![lease(1), by_holder(Counted::Stall, 2, stall)],
        Protection::Reservation | Protection::Tolerance | Protection::None(_) => return Vec::new(),
    };
    let in_true_time = |counted, span| Term { counted, times: 1, span, by_holder: false };
    if let Some(pause) = figures.assume_pause_below.filter(|_| means.guest) {
        terms.push(in_true_time(Counted::Pause, pause));
    }
    terms.push(in_true_time(Counted::InFlight, figures.in_flight));
    terms
}

/// `(1+ρ) · [ Σ by the holder's clock / (1−ρ) + Σ in true time ]`, each division rounded up.
fn sum(terms: &[Term], drift_ppm: u32) -> Duration {
    const WHOLE: u128 = 1_000_000;
    let drift = u128::from(drift_ppm);
    let total = |by_holder| -> u128 {
        let counted = terms.iter().filter(|term| term.by_holder == by_holder);
        counted.map(|term| term.span.as_nanos() * u128::from(term.times)).sum()
    };
    let true_ns = (total(true) * WHOLE).div_ceil(WHOLE - drift) + total(false);
    let ns = (true_ns * (WHOLE + drift)).div_ceil(WHOLE);
    // More than 500 billion years: as good as the rest of time.
    u64::try_from(ns / 1_000_000_000).map_or(Duration::MAX, |secs| {
        Duration::new(secs, u32::try_from(ns % 1_000_000_000).unwrap_or_default())
    })
}

#[cfg(test)]
mod tests;
