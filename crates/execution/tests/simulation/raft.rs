//! A replicated log, as small as it can be and still go wrong like a real one: terms, votes, leaders that do
//! not know that they have been replaced, followers that lag, disks that take their time. What is
//! acknowledged is on the disk; what is applied has been acknowledged by a majority.

use crate::broken::Broken;
use crate::cluster::id;
use crate::net::Message;
use crate::world::{Event, World};
use model::Moment;
use model::stored::{Command, CopyStage, Outcome, Proposal};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

/// A term, and what was proposed in it; nothing: a leader begins.
pub(crate) type Entry = (u64, Option<Rc<Proposal>>);

#[derive(Debug, Clone, Default)]
pub(crate) struct Raft {
    // On the disk.
    pub(crate) term: u64,
    voted: Option<usize>,
    pub(crate) log: Vec<Entry>,
    /// So much of the log is on the disk.
    pub(crate) synced: usize,
    /// How often the end of the log was taken back.
    cuts: u64,
    // In memory.
    commit: usize,
    pub(crate) applied: usize,
    pub(crate) entry_term: u64,
    pub(crate) leader: Option<usize>,
    pub(crate) lead: Option<Lead>,
    votes: BTreeSet<usize>,
    /// When a leader was last heard, or an election called; and how long this one is waited for.
    pub(crate) quiet: Moment,
    patience: Duration,
}

/// A leader's own.
#[derive(Debug, Clone)]
pub(crate) struct Lead {
    matched: Vec<usize>,
    /// The latest mark that each voter has sent back.
    marks: Vec<u64>,
}

impl Raft {
    /// A life begins, with what is on the disk.
    pub(crate) fn again(self, now: Moment, lost_power: bool) -> Self {
        let Self { term, voted, mut log, synced, applied, entry_term, cuts, .. } = self;
        if lost_power {
            log.truncate(synced);
        }
        let synced = log.len();
        let patience = Duration::from_millis(200);
        let commit = applied;
        Self {
            term,
            voted,
            log,
            synced,
            commit,
            applied,
            entry_term,
            cuts,
            quiet: now,
            patience,
            ..Self::default()
        }
    }

    fn newest(&self) -> (u64, usize) {
        (self.log.last().map_or(0, |(term, _)| *term), self.log.len())
    }

    /// A higher term has been heard of.
    fn follow(&mut self, term: u64) {
        if term > self.term {
            self.term = term;
            self.voted = None;
            self.lead = None;
            self.leader = None;
            self.votes.clear();
        }
    }
}

impl World {
    fn majority(&self) -> usize {
        self.daemons.len() / 2 + 1
    }

    fn others(&self, node: usize) -> impl Iterator<Item = usize> + use<> {
        (0..self.daemons.len()).filter(move |other| *other != node)
    }

    /// With each heartbeat: leads, or sees whether somebody does.
    pub(crate) fn beat_log(&mut self, node: usize) {
        let now = self.now(node);
        let raft = &self.daemons[node].raft;
        if raft.lead.is_some() {
            self.append(node);
        } else if now.since(raft.quiet) > raft.patience {
            self.campaign(node);
        }
    }

    fn campaign(&mut self, node: usize) {
        let (least, most) = (self.timers.election_min.as_micros(), self.timers.election_max.as_micros());
        let patience = self.dice.within(u64::try_from(least).unwrap(), u64::try_from(most).unwrap() * 2);
        let now = self.now(node);
        let raft = &mut self.daemons[node].raft;
        (raft.quiet, raft.patience) = (now, Duration::from_micros(patience));
        raft.leader = None;
        raft.term += 1;
        raft.voted = Some(node);
        raft.votes = BTreeSet::from([node]);
        let message = Message::Vote { term: raft.term, newest: raft.newest() };
        for other in self.others(node) {
            self.say(node, other, message.clone());
        }
    }

    pub(crate) fn asked_to_vote(&mut self, node: usize, from: usize, term: u64, newest: (u64, usize)) {
        let (now, least) = (self.now(node), self.timers.election_min);
        let raft = &mut self.daemons[node].raft;
        // While somebody leads, nobody else is voted for.
        let is_led = raft.lead.is_some() || raft.leader.is_some() && now.since(raft.quiet) < least;
        if is_led && term > raft.term {
            return;
        }
        raft.follow(term);
        let free = raft.voted.is_none_or(|voted| voted == from);
        if term == raft.term && free && newest >= raft.newest() {
            raft.voted = Some(from);
            raft.quiet = now;
            self.say(node, from, Message::Voted { term });
        }
    }

    pub(crate) fn voted_for(&mut self, node: usize, from: usize, term: u64) {
        let majority = self.majority();
        let nodes = self.daemons.len();
        let raft = &mut self.daemons[node].raft;
        if term != raft.term || raft.lead.is_some() || raft.votes.is_empty() {
            return;
        }
        raft.votes.insert(from);
        if raft.votes.len() < majority {
            return;
        }
        raft.lead = Some(Lead { matched: vec![0; nodes], marks: vec![0; nodes] });
        raft.leader = Some(node);
        raft.votes.clear();
        raft.log.push((term, None));
        self.begin_term(node, term);
        self.sync(node);
        self.append(node);
    }

    pub(crate) fn replaced_by(&mut self, node: usize, term: u64) {
        self.daemons[node].raft.follow(term);
    }

    /// What is new in the log is written to the disk, which takes a while.
    fn sync(&mut self, node: usize) {
        let (least, most) = self.machines[node].disk_us;
        let at_us = (self.now_us + self.dice.within(least, most)).max(self.daemons[node].sync_until_us);
        self.daemons[node].sync_until_us = at_us;
        let raft = &self.daemons[node].raft;
        let (cuts, length) = (raft.cuts, raft.log.len());
        self.push_daemon(at_us, node, Event::Synced { cuts, length });
    }

    pub(crate) fn synced(&mut self, node: usize, cuts: u64, length: usize) {
        let raft = &mut self.daemons[node].raft;
        // Something else may be there now; that is being written as well.
        if raft.cuts != cuts {
            return;
        }
        raft.synced = raft.synced.max(length);
        if raft.lead.is_some() {
            self.count(node);
        } else if let Some(leader) = raft.leader {
            let (term, length) = (raft.term, raft.synced);
            self.say(node, leader, Message::Appended { term, length, mark: 0, evidence: None });
        }
        self.apply(node);
    }

    /// Everybody is sent what he is not known to have.
    pub(crate) fn append(&mut self, node: usize) {
        let mark = self.mark(node);
        for other in self.others(node) {
            let raft = &self.daemons[node].raft;
            let Some(lead) = &raft.lead else { return };
            let (term, commit, from) = (raft.term, raft.commit, lead.matched[other]);
            let entries = raft.log[from..].to_vec();
            self.say(node, other, Message::Append { term, from, entries, commit, mark });
        }
    }

    pub(crate) fn appended(
        &mut self,
        node: usize,
        leader: usize,
        (term, from, commit, mark): (u64, usize, usize, u64),
        entries: &[Entry],
    ) {
        let now = self.now(node);
        let both = self.broken == Broken::VoterAnswersBoth;
        let daemon = &mut self.daemons[node];
        let raft = &mut daemon.raft;
        raft.follow(term);
        if term < raft.term {
            let term = raft.term;
            let answer = Message::Appended { term, length: 0, mark, evidence: None };
            self.say(node, leader, if both { answer } else { Message::Replaced { term } });
            return;
        }
        // The note comes before everything else.
        if daemon.voter.hears(now, term).is_err() {
            return;
        }
        raft.leader = Some(leader);
        raft.quiet = now;
        let known = |(place, (term, _)): (usize, &Entry)| {
            raft.log.get(from + place).is_some_and(|(own, _)| own == term)
        };
        let same = entries.iter().enumerate().take_while(|one| known(*one)).count();
        if same < entries.len() {
            raft.cuts += u64::from(raft.log.len() > from + same);
            raft.log.truncate(from + same);
            raft.synced = raft.synced.min(raft.log.len());
            raft.log.extend_from_slice(&entries[same..]);
        }
        raft.commit = raft.commit.max(commit.min(from + entries.len()));
        let length = raft.synced.min(from + entries.len());
        let evidence = daemon.voter.evidence(now, term);
        if same < entries.len() {
            self.sync(node);
        }
        self.apply(node);
        self.say(node, leader, Message::Appended { term, length, mark, evidence });
    }

    pub(crate) fn acknowledged(
        &mut self,
        node: usize,
        from: usize,
        (term, length, mark): (u64, usize, u64),
        evidence: Option<Duration>,
    ) {
        let raft = &mut self.daemons[node].raft;
        let current = raft.term;
        let Some(lead) =
            raft.lead.as_mut().filter(|_| term == current || self.broken == Broken::VoterAnswersBoth)
        else {
            return;
        };
        lead.marks[from] = lead.marks[from].max(mark);
        if term == current {
            lead.matched[from] = lead.matched[from].max(length);
        }
        if let Some(age) = evidence {
            self.evidence(node, term, from, age);
        }
        self.count(node);
        self.grant(node);
    }

    /// What a majority has on its disks is committed.
    fn count(&mut self, node: usize) {
        let majority = self.majority();
        let raft = &mut self.daemons[node].raft;
        let Some(lead) = &raft.lead else { return };
        let mut matched = lead.matched.clone();
        matched[node] = raft.synced;
        matched.sort_unstable_by_key(|length| Reverse(*length));
        let committed = matched[majority - 1];
        if committed > raft.commit && raft.log[committed - 1].0 == raft.term {
            raft.commit = committed;
            self.apply(node);
            // The others learn at once what is committed, not with the next heartbeat.
            self.append(node);
        }
    }

    /// A reading of the clock that dates rounds.
    pub(crate) fn mark(&self, node: usize) -> u64 {
        self.machines[node].clock.ns(self.now_us)
    }

    /// As the leader: what was sent at this reading, or later, a majority has answered.
    pub(crate) fn quorum_mark(&self, node: usize) -> Option<u64> {
        let lead = self.daemons[node].raft.lead.as_ref()?;
        let mut marks: Vec<u64> = self.others(node).map(|other| lead.marks[other]).collect();
        marks.sort_unstable_by_key(|mark| Reverse(*mark));
        Some(marks[self.majority() - 2])
    }

    /// Whether a majority stands behind the leader that this node is, or hears.
    pub(crate) fn has_quorum(&self, node: usize) -> bool {
        let (now, most) = (self.now(node), self.timers.election_max * 2);
        let raft = &self.daemons[node].raft;
        match (self.quorum_mark(node), raft.leader) {
            (Some(mark), _) => now.since(Moment(Duration::from_nanos(mark))) < most,
            (None, Some(_)) => now.since(raft.quiet) < most,
            (None, None) => false,
        }
    }

    /// What is committed, and on this disk, is applied.
    fn apply(&mut self, node: usize) {
        let mut changed = false;
        loop {
            let daemon = &mut self.daemons[node];
            let raft = &mut daemon.raft;
            if raft.applied >= raft.commit.min(raft.synced) {
                break;
            }
            let (index, (term, proposal)) = (raft.applied, raft.log[raft.applied].clone());
            (raft.applied, raft.entry_term) = (index + 1, term);
            changed = true;
            self.apply_one(node, index, proposal.as_deref());
        }
        if changed {
            self.database_changed(node);
        }
    }

    fn apply_one(&mut self, node: usize, index: usize, proposal: Option<&Proposal>) {
        let state = &mut self.daemons[node].state;
        let mut outcome = None;
        if let Some(proposal) = proposal {
            if self.broken == Broken::RevocationSkipped
                && let Command::Own { group, .. } = &proposal.command
                && let Some(record) = state.groups.get_mut(group)
            {
                record.copies.values_mut().for_each(|copy| copy.stage = CopyStage::Revoked);
            }
            let (became, _) = store::machine::apply(state, proposal);
            outcome = Some((proposal, became));
        }
        let is_first = self.oracle.is_first(index);
        if let Some((proposal, became)) = outcome.as_ref().filter(|_| is_first) {
            let (command, term) = (&proposal.command, self.daemons[node].raft.entry_term);
            self.tell_people(node, || format!("entry {index} of term {term}: {command:?}: {became:?}"));
        }
        let state = &self.daemons[node].state;
        if let Some((Proposal { command: Command::Own { group, node: owner, .. }, .. }, Outcome::Done { .. })) =
            &outcome
            && is_first
        {
            let generation = state.groups[group].copies[owner].generation;
            self.oracle.given(group, generation);
        }
        self.oracle.applied(index, state);
        if let Some((proposal, became)) = outcome {
            self.decided_here(node, proposal.request, &became);
        }
    }

    /// As the leader: into the log.
    pub(crate) fn propose(&mut self, node: usize, proposal: Rc<Proposal>) -> bool {
        let raft = &mut self.daemons[node].raft;
        if raft.lead.is_none() {
            return false;
        }
        raft.log.push((raft.term, Some(proposal)));
        self.sync(node);
        self.append(node);
        true
    }

    /// Who votes.
    pub(crate) fn electorate(&self, node: usize) -> BTreeSet<model::NodeId> {
        match self.broken {
            Broken::EvidenceOfOne => BTreeSet::from([id(node)]),
            _ => (0..self.daemons.len()).map(id).collect(),
        }
    }
}

/// By what proposals are told apart that wait for their outcome.
pub(crate) type Waiting = BTreeMap<model::RequestId, crate::shell::Asker>;
