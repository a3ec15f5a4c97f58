//! Leases beside the engines: what each life of a node remembers of leaders, and grants while it leads.
//!
//! Done as the daemon does it, with crate `lease`'s own voter and authority, on a clock that no two nodes
//! share. There is one holder, who is nobody: its requests arrive at whoever leads, every few milliseconds,
//! and what it owns was revoked before. So every leader says when its successor's wait would be over, and
//! every older one may still renew: what is granted, and what is said, goes into the history, in true time.

use crate::disk::Power;
use crate::history::{Began, Nanos, Renewal, Wait};
use crate::scenario::Mutation;
use crate::world::{SimEngine, World, now, sleep};
use futures::future::{Either, select};
use lease::authority::Applied;
use lease::{Authority, Mark, Ownership, Stage, Takeover, Voter};
use model::stored::LeaseRequest;
use model::{Generation, Incarnation, Moment, NodeId, Revision};
use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use store::engine::{LeadingTerm, LeaseHooks};

/// How long a lease lasts. Which length it is changes nothing: a successor waits for the same.
const LEASE: Duration = Duration::from_millis(700);

/// Who asks for leases. It is no machine.
const HOLDER: NodeId = NodeId(1_000);

/// What a life of a node remembers.
pub(crate) struct Keeper {
    world: World,
    node: NodeId,
    power: Power,
    voter: Mutex<Voter>,
    leads: Mutex<Leads>,
}

#[derive(Default)]
struct Leads {
    /// The term that this node leads, with what it grants in it.
    authority: Option<(u64, Authority<()>)>,
    electorates: Vec<BTreeSet<NodeId>>,
    /// Who has said when it last answered an older leader, by the term that it said it in.
    told: BTreeMap<u64, BTreeSet<NodeId>>,
    /// When requests arrived, by their number.
    asked: BTreeMap<u64, Nanos>,
    number: u64,
    /// The quorum's mark as the engine says, and when it was seen first.
    mark: (u64, u64),
    /// The earliest end of a successor's wait that was said in this term.
    over: Option<Nanos>,
}

impl Keeper {
    /// Made before the engine starts: it remembers nothing of earlier lives.
    pub(crate) fn new(world: &World, node: NodeId, power: Power) -> Arc<Self> {
        let voter = Mutex::new(Voter::new(moment(node)));
        Arc::new(Self { world: world.clone(), node, power, voter, leads: Mutex::default() })
    }

    fn voter(&self) -> MutexGuard<'_, Voter> {
        self.voter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leads(&self) -> MutexGuard<'_, Leads> {
        self.leads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Grants as long as this life goes on.
    pub(crate) async fn keep(self: Arc<Self>, engine: SimEngine) {
        let mut moves = engine.quorum_moves();
        while self.power.is_on() {
            let pause = if self.look(&engine) { self.world.dice_aside.millis(2, 12) } else { LEASE };
            match select(pin!(moves.next()), pin!(sleep(pause))).await {
                Either::Left((None, _)) => return,
                Either::Left((Some(()), _)) | Either::Right(_) => {}
            }
        }
    }

    /// Whether this node leads.
    fn look(&self, engine: &SimEngine) -> bool {
        let mut guard = self.leads();
        let leads = &mut *guard;
        let Some(LeadingTerm { term, electorates }) = engine.leading() else {
            leads.authority = None;
            return false;
        };
        if leads.authority.as_ref().is_none_or(|(known, _)| *known != term) {
            if term > 1 {
                self.world.count("leaders replaced");
            }
            self.begin(leads, term, electorates.clone());
        }
        leads.electorates = electorates;
        let Some((_, authority)) = &mut leads.authority else { return false };
        if engine.applied().1 == Some(term) && !authority.is_known() {
            authority.applied(revoked(term));
            let told = leads.told.get(&term).cloned().unwrap_or_default();
            let began = Began { term, node: self.node, told, electorates: leads.electorates.clone() };
            self.world.count("terms with evidence of the older ones");
            self.world.lock().history.began.push(began);
        }
        leads.number += 1;
        let request = LeaseRequest { node: HOLDER, incarnation: Incarnation([1; 8]), number: leads.number };
        authority.requested(moment(self.node), Mark(engine.mark_now()), request);
        leads.asked.insert(leads.number, now());
        self.grant(leads, engine, term);
        self.note_wait(leads);
        true
    }

    fn begin(&self, leads: &mut Leads, term: u64, electorates: Vec<BTreeSet<NodeId>>) {
        let authority = Authority::new(moment(self.node), self.node, term, electorates, &mut self.voter());
        let mut told = std::mem::take(&mut leads.told);
        // Its own memory is evidence as well as the others'.
        if self.voter().evidence(moment(self.node), term).is_some() {
            told.entry(term).or_default().insert(self.node);
        }
        told.retain(|known, _| *known >= term);
        *leads = Leads { authority: Some((term, authority)), told, ..Leads::default() };
    }

    /// Grants what a majority stands behind, and notes it.
    fn grant(&self, leads: &mut Leads, engine: &SimEngine, term: u64) {
        let Some(sent) = engine.quorum_mark(term) else { return };
        if leads.mark.0 != sent {
            leads.mark = (sent, engine.mark_now());
        }
        let at_arrival = self.world.mutation == Some(Mutation::MarkAtArrival);
        let mark = Mark(if at_arrival { leads.mark.1 } else { sent });
        let Some((_, authority)) = &mut leads.authority else { return };
        for grant in authority.grants(moment(self.node), mark, &mut self.voter()) {
            let Some(asked) = leads.asked.remove(&grant.request.number) else { continue };
            leads.asked.retain(|number, _| *number > grant.request.number);
            let until = asked + LEASE.as_nanos() as Nanos;
            let electorates = leads.electorates.clone();
            let renewal = Renewal { term, leader: self.node, asked, granted: now(), until, electorates };
            self.world.count("leases renewed");
            self.world.lock().history.renewals.push(renewal);
        }
    }

    /// Notes when a successor of what older leaders may have granted would start, if it is earlier than
    /// was said before.
    fn note_wait(&self, leads: &mut Leads) {
        let Some((term, authority)) = &leads.authority else { return };
        let clock = moment(self.node);
        let over =
            match authority.takeover(clock, &(), lease::Wait::For(LEASE), &lease::Clocks::default(), &[]) {
                Takeover::Never(_) => return,
                Takeover::Now => now(),
                Takeover::At(at) => now() + at.since(clock).as_nanos() as Nanos,
            };
        if leads.over.is_none_or(|known| over < known) {
            leads.over = Some(over);
            self.world.lock().history.waits.push(Wait { term: *term, leader: self.node, over });
        }
    }
}

impl LeaseHooks for Keeper {
    fn hears(&self, term: u64) -> bool {
        self.world.mutation == Some(Mutation::AnswersUnnoted)
            || self.voter().hears(moment(self.node), term).is_ok()
    }

    fn answered_older(&self, term: u64) -> Option<Duration> {
        self.voter().evidence(moment(self.node), term)
    }

    fn evidence(&self, term: u64, voter: NodeId, age: Duration) {
        let mut guard = self.leads();
        let leads = &mut *guard;
        leads.told.entry(term).or_default().insert(voter);
        if let Some((known, authority)) = &mut leads.authority
            && *known == term
        {
            authority.evidence(moment(self.node), voter, age);
            self.note_wait(leads);
        }
    }
}

/// What every leader finds in its database: it was somebody's, and is revoked.
fn revoked(term: u64) -> Applied<'static, ()> {
    static GROUPS: std::sync::LazyLock<BTreeMap<(), Ownership>> = std::sync::LazyLock::new(|| {
        let ownership = Ownership { owner: HOLDER, generation: Generation(1), stage: Stage::Revoked };
        BTreeMap::from([((), ownership)])
    });
    Applied { entry_term: term, as_of: Revision(1), lease: LEASE, groups: &GROUPS }
}

/// A node's own clock: hours from that of any other.
fn moment(node: NodeId) -> Moment {
    Moment(Duration::from_nanos(now()) + Duration::from_secs(5_000) * node.0 as u32)
}
