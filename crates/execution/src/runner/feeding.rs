//! What guards this node: whether others may count on it, and until when its watchdog may be fed.
//!
//! The watchdog is fed as long as every group that nothing else protects is either closed here or before its
//! deadline, and so not any more once one of them could not be stopped in time, whoever was to stop it. Other groups
//! do not matter to it: what a gate is in front of may take its time.
//!
//! A life that begins knows neither what one before it left running, nor until when that may run. It feeds nothing
//! before its own first lease: that tells what this node has (whatever was granted to a life before is applied
//! then), and of the rest that nobody may be running it here any more. What it has may run until the lease ends, and
//! of the rest each resource is probed first. From then on, what runs here was opened by this life.

use super::Runner;
use super::local::{Local, Unit};
use crate::protection::{gate_of, needs_watchdog};
use model::desired::ResourceSpec;
use model::stored::NodeMeans;
use model::{GroupName, Moment};
use std::time::Duration;

/// Until when, and what says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feeding {
    /// The deadline.
    pub until: Moment,
    /// Of which group it is. Without one: of none, or of what a life before this one may have left.
    pub group: Option<GroupName>,
}

impl Feeding {
    /// Nothing is here that depends on it.
    pub const FOR_EVER: Self = Self { until: Moment(Duration::MAX), group: None };

    /// It is not known yet what is here.
    pub const NOT_YET: Self = Self { until: Moment(Duration::ZERO), group: None };
}

impl Runner {
    /// Whether this node has what the database says that it has for a guard. Where it has less, nothing is opened
    /// here until the database says so: others would wait for too short a time.
    pub fn keeps_its_word(&mut self, keeps: bool) {
        self.keeps_its_word = keeps;
    }

    /// Until when the watchdog may be fed, on a node that has these gates.
    pub fn feeding(&mut self, means: &NodeMeans) -> Feeding {
        let Some(inherited) = &self.inherited else { return Feeding::NOT_YET };
        let mut feeding = Feeding::FOR_EVER;
        let mut settled = true;
        for (name, local) in self.groups.iter().filter(|(_, local)| local.needs_watchdog(means)) {
            let until = match self.holder.deadline(name) {
                Some(until) => until,
                None if self.settled || !local.may_run() => continue,
                None => {
                    settled = false;
                    let lease = self.holder.until().filter(|_| inherited.contains_key(name));
                    lease.unwrap_or_default()
                }
            };
            if until < feeding.until {
                feeding = Feeding { until, group: Some(name.clone()) };
            }
        }
        self.settled |= settled;
        feeding
    }
}

impl Local {
    /// Whether something of it is protected by nothing but a watchdog, as the file had it or has it now.
    fn needs_watchdog(&self, means: &NodeMeans) -> bool {
        let needs = |spec: &ResourceSpec| needs_watchdog(means, spec.exclusive, gate_of(&spec.kind));
        let next = |unit: &Unit| unit.next.as_ref().and_then(Option::as_ref).is_some_and(needs);
        self.units.values().any(|unit| needs(&unit.spec) || next(unit))
    }
}
