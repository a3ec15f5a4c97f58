//! A gate of nftables: its times count from the write, and its writer may be frozen just before it.
//!
//! What is written takes the place of something that times out: a renewal that of the element before, an opening
//! that of its announcement. If that is over when the write comes, nothing is written (`gate::nft`).

use crate::broken::Broken;
use crate::world::{Event, World};
use execution::Target;
use lease::Pair;
use model::Moment;
use std::time::Duration;

/// Something that is about to be written.
#[derive(Debug, Clone)]
pub(crate) struct Write {
    target: Target,
    /// The deadline that it is for,
    until: Moment,
    /// and how much was left of it when the clock was read.
    left: Duration,
    /// When that is over in whose place it comes.
    over: Moment,
    /// An opening, which is answered.
    opens: Option<Pair>,
}

impl World {
    /// Opens a gate, or takes over one that stands.
    pub(crate) fn opens_in_time(
        &mut self,
        node: usize,
        pair: &Pair,
        target: &Target,
        until: Moment,
        found: bool,
    ) {
        let now = self.now(node);
        let stands = self.gate_until(node, target).filter(|over| found && *over > now);
        if stands.is_none() {
            self.close_gate(node, target);
        }
        let left = until.since(now);
        let over = stands.unwrap_or(now.plus(left));
        let write = Write { target: target.clone(), until, left, over, opens: Some(pair.clone()) };
        // One of what was found running, and had closed, matters most: what is behind it may still run.
        let per_mille = if found && stands.is_none() { 500 } else { 60 };
        self.writes_in_time(node, write, per_mille);
    }

    pub(crate) fn renews_in_time(&mut self, node: usize, target: &Target, until: Moment) {
        let now = self.now(node);
        let over = self.gate_until(node, target).unwrap_or(now);
        let write = Write { target: target.clone(), until, left: until.since(now), over, opens: None };
        self.writes_in_time(node, write, 2);
    }

    /// It may be frozen before.
    fn writes_in_time(&mut self, node: usize, write: Write, per_mille: u64) {
        if self.is_bad() && self.dice.per_mille(per_mille) {
            let most = self.healed_us.saturating_sub(self.now_us).clamp(10_000, 6_000_000);
            let freeze = self.dice.within(1_000, most);
            self.freeze(node, freeze);
            let thaws = self.daemons[node].frozen_until_us;
            self.push_daemon(thaws, node, Event::Written(write));
        } else if let Some((pair, opened)) = self.write(node, write) {
            let clock = self.clock(node);
            self.daemons[node].runner.gate_opened(clock, &pair, opened);
        }
    }

    /// It goes on, and writes.
    pub(crate) fn written_late(&mut self, node: usize, write: Write) {
        if let Some((pair, opened)) = self.write(node, write) {
            let clock = self.clock(node);
            self.with(node, |runner| runner.gate_opened(clock, &pair, opened));
        }
    }

    /// What an opening is answered.
    fn write(&mut self, node: usize, write: Write) -> Option<(Pair, Result<(), String>)> {
        let Write { target, until, left, over, opens } = write;
        let now = self.now(node);
        let unasked = self.broken == Broken::OpenedUnannounced && opens.is_some();
        let in_time = (over > now || unasked) && !left.is_zero();
        if in_time {
            self.open_gate(node, &target, now.plus(left));
        } else if opens.is_none() {
            // A renewal that is late is an opening.
            self.open_gate(node, &target, until);
        }
        let opened = if in_time { Ok(()) } else { Err("it had closed before that was written".to_owned()) };
        opens.map(|pair| (pair, opened))
    }
}
