//! The small world: its state, and what everybody can do in it.
//!
//! True time goes in ticks of four milliseconds. A slow clock goes on by three in a tick and a fast one by
//! five, which is a drift of a quarter either way; nothing between is worse. The figures are chosen such that
//! the bounds are whole ticks of a fast clock, so that every term shows.

use lease::settings::Figures;
use lease::{Authority, Bound, Guard, Holder, Means, Need, Ownership, Pair, Settings, Stage, Voter, Wait};
use model::desired::{Exclusive, StallPolicy};
use model::stored::{LeaseGrant, LeaseRequest};
use model::{Generation, GroupName, Incarnation, Moment, NodeId};
use stateright::{Model, Property};
use std::collections::BTreeMap;
use std::time::Duration;

/// The nodes. Each is its index in the arrays of the state.
pub(crate) const A: usize = 0;
pub(crate) const B: usize = 1;
pub(crate) const H: usize = 2;

pub(crate) const SLOW: u64 = 3;
pub(crate) const FAST: u64 = 5;
pub(crate) const TICK: u64 = 4;

/// What the clocks say then: far enough from nothing, so that "long ago" can be said.
const BEGINNING: u64 = 100;

pub(crate) fn id(node: usize) -> NodeId {
    NodeId(node as u64 + 1)
}

/// The rules that can be broken, and the terms that can be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    Nothing,
    /// ρ is taken for zero.
    NoDrift,
    /// ε is taken for nothing.
    NoInFlight,
    /// A pause of a guest is not counted in.
    NoPause,
    /// The watchdog's time-out is counted once.
    WatchdogOnce,
    /// L counts from the grant's arrival.
    FromReceipt,
    /// The leader dates a request's arrival by a clock that it read before.
    ArrivalDatedEarly,
    /// Grants need no quorum.
    NoQuorum,
    /// A round that was begun before the request arrived counts.
    RoundBefore,
    /// The wait begins when the revocation is proposed, not when it is applied.
    WaitBeforeRevocation,
    /// A grant counts whatever its node has applied.
    RenewedAfterRevocation,
    /// The successor starts before its ownership is committed.
    StartBeforeCommit,
    /// A new leader waits for nothing.
    NewLeaderDoesNotWait,
    /// A new leader believes less than a majority.
    EvidenceOfOne,
    /// A voter that was restarted says that it answered nobody.
    RestartedVoterForgets,
    /// A voter goes on answering the old leader after it has told the new one.
    VoterAnswersBoth,
    /// The gate gets a remaining time in place of a deadline.
    RelativeGate,
}

/// How H's copy of the group ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Its gate closes.
    Gate,
    /// A watchdog ends the node.
    Process,
}

/// What is checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct World {
    pub(crate) broken: Broken,
    pub(crate) kind: Kind,
    /// Whether B may succeed A.
    pub(crate) succession: bool,
    /// Whether H may be paused, for a tick.
    pub(crate) pauses: bool,
    /// Whether voters may be restarted.
    pub(crate) restarts: bool,
    /// Whether A and H have been through a round before anything else.
    pub(crate) round_before: bool,
    /// Whether H may get the group back.
    pub(crate) back: bool,
    /// Until when, in ticks.
    pub(crate) end: u64,
    /// How many requests H sends, and until when.
    pub(crate) requests: u64,
    pub(crate) asks_until: u64,
    pub(crate) rounds: u64,
}

/// L.
pub(crate) const LEASE: Duration = Duration::from_millis(12);
/// ε, and the longest pause: a tick.
pub(crate) const IN_FLIGHT: Duration = Duration::from_millis(TICK);
/// W+δ: three ticks of a slow clock.
pub(crate) const WATCHDOG: Duration = Duration::from_millis(3 * SLOW);

impl World {
    pub(crate) fn settings(&self) -> Settings {
        Settings::new(Figures {
            // Here everything happens at any time; whether often enough is another question.
            heartbeat: Duration::from_nanos(1),
            election_max: Duration::from_nanos(1),
            lease: LEASE,
            in_flight: IN_FLIGHT,
            drift_ppm: if self.broken == Broken::NoDrift { 0 } else { 250_000 },
            stall_policy: StallPolicy::Strict,
            assume_pause_below: self.pauses.then_some(IN_FLIGHT),
        })
        .unwrap()
    }

    pub(crate) fn wait(&self) -> Wait {
        let settings = self.settings();
        let timeout = if self.broken == Broken::WatchdogOnce { WATCHDOG / 2 } else { WATCHDOG };
        let watchdog = settings.watchdog(timeout, Duration::ZERO).unwrap();
        let means = Means {
            watchdog: Some(watchdog).filter(|_| self.kind == Kind::Process),
            guest: self.pauses && self.broken != Broken::NoPause,
        };
        let (exclusive, guard) = match self.kind {
            Kind::Gate => (Exclusive::Gate, Guard::Gate),
            Kind::Process => (Exclusive::Process, Guard::None),
        };
        let need = Need { resource: "ip".parse().unwrap(), exclusive, guard };
        match Bound::of(&settings, means, &[need]).wait() {
            Wait::For(wait) if self.broken == Broken::NoInFlight => Wait::For(wait - IN_FLIGHT * 5 / 4),
            wait => wait,
        }
    }

    /// The ownership at each step of the log.
    pub(crate) fn groups(log: Log) -> BTreeMap<GroupName, Ownership> {
        let of = |owner, generation, stage| Ownership { owner: id(owner), generation, stage };
        let ownership = match log {
            Log::HeldByH => of(H, Generation(1), Stage::Held),
            Log::Revoked => of(H, Generation(1), Stage::Revoked),
            Log::GivenToB => of(B, Generation(2), Stage::Held),
            Log::GivenToH => of(H, Generation(2), Stage::Held),
        };
        BTreeMap::from([(group(), ownership)])
    }
}

pub(crate) fn group() -> GroupName {
    "g".parse().unwrap()
}

pub(crate) fn pair(generation: u64) -> Pair {
    Pair { group: group(), generation: Generation(generation) }
}

/// What is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Log {
    HeldByH,
    Revoked,
    GivenToB,
    GivenToH,
}

impl Log {
    /// A number that grows with it.
    pub(crate) fn revision(self) -> model::Revision {
        model::Revision(match self {
            Self::HeldByH => 1,
            Self::Revoked => 2,
            Self::GivenToB | Self::GivenToH => 3,
        })
    }
}

/// A leader.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Leader {
    pub(crate) authority: Authority,
    pub(crate) applied: Log,
    /// Rounds begun, and the latest that a majority has answered.
    pub(crate) rounds: u64,
    pub(crate) quorum: u64,
    /// Whether a request may wait.
    pub(crate) waiting: bool,
    /// How many voters' evidence has come.
    pub(crate) told: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) tick: u64,
    pub(crate) rates: [u64; 3],
    pub(crate) clocks: [u64; 3],
    pub(crate) paused: bool,
    pub(crate) restarted: bool,
    pub(crate) voters: [Voter; 3],
    /// The term that is on each voter's disk.
    pub(crate) terms: [u64; 3],
    pub(crate) leaders: [Option<Leader>; 2],
    pub(crate) log: Log,
    pub(crate) holder: Holder,
    pub(crate) holder_applied: Log,
    pub(crate) requests: Vec<LeaseRequest>,
    pub(crate) grants: Vec<LeaseGrant>,
    pub(crate) asked: u64,
    /// What H has worked out and not written yet: the deadline, and the clock then.
    pub(crate) writing: Option<(Moment, Moment)>,
    /// H's gate.
    pub(crate) gate: Option<Moment>,
    /// H's processes run.
    pub(crate) running: bool,
    /// Its watchdog was last fed then.
    pub(crate) fed: Moment,
    /// H has found its lease valid, and is about to feed it.
    pub(crate) feeding: bool,
    /// The last tick in which H was effective.
    pub(crate) last_effect: Option<u64>,
    /// B runs the group.
    pub(crate) successor: bool,
}

/// What can happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    Tick,
    /// H's clock stands still for a tick.
    TickPaused,
    Restart(usize),
    Ask,
    Arrive(usize, LeaseRequest),
    /// A leader begins a round, and one more voter answers.
    Round(usize, usize),
    Issue(usize),
    Receive(LeaseGrant),
    Write,
    Check,
    Feed,
    HolderApplies,
    LeaderApplies(usize),
    Revoke(usize),
    /// Whether H gets it back.
    Give(usize, bool),
    Elect(usize),
    Evidence(usize),
}

impl Model for World {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        // Nobody is in danger by a leader that counts slowly, nor by a voter whose answer seems younger than
        // it is. H is both a holder, who lives longer if it is slow, and a voter.
        [SLOW, FAST].map(|holder| self.beginning([FAST, FAST, holder])).into()
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        self.possible(state, steps);
    }

    fn next_state(&self, state: &State, step: Step) -> Option<State> {
        let mut next = state.clone();
        self.take(&mut next, step).then_some(next).filter(|next| next != state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("one owner is effective at a time", |_, state: &State| !state.doubled()),
            Property::sometimes("H is effective", |_, state: &State| state.last_effect.is_some()),
            Property::sometimes("a successor starts after H", |_, state: &State| {
                state.successor && state.last_effect.is_some()
            }),
        ]
    }
}

impl World {
    fn beginning(&self, rates: [u64; 3]) -> State {
        let mut voters = std::array::from_fn(|_| Voter::new(Moment::default()));
        let electorate = (0..3).map(id).collect();
        let authority =
            Authority::new(Moment::from_ms(BEGINNING), id(A), 1, vec![electorate], &mut voters[A]);
        let rounds = u64::from(self.round_before);
        if self.round_before {
            voters[H].hears(Moment::from_ms(BEGINNING), 1).unwrap();
        }
        let mut leader =
            Leader { authority, applied: Log::HeldByH, rounds, quorum: rounds, told: 0, waiting: false };
        self.leader_applies(&mut leader, Log::HeldByH, 1);
        let mut holder = Holder::new(id(H), Incarnation([1; 8]), self.settings());
        holder.applied(Log::HeldByH.revision(), BTreeMap::from([(group(), Generation(1))]));
        State {
            tick: 0,
            rates,
            clocks: [BEGINNING; 3],
            paused: false,
            restarted: false,
            voters,
            terms: [1; 3],
            leaders: [Some(leader), None],
            log: Log::HeldByH,
            holder,
            holder_applied: Log::HeldByH,
            requests: Vec::new(),
            grants: Vec::new(),
            asked: 0,
            writing: None,
            gate: None,
            running: false,
            fed: Moment::from_ms(BEGINNING),
            feeding: false,
            last_effect: None,
            successor: false,
        }
    }
}

impl State {
    pub(crate) fn now(&self, node: usize) -> Moment {
        Moment::from_ms(self.clocks[node])
    }

    /// Whether H is effective during the present tick.
    pub(crate) fn effective(&self) -> bool {
        self.gate.is_some_and(|deadline| self.now(H) < deadline) || self.running && self.watched()
    }

    /// Whether H's watchdog has not restarted it.
    pub(crate) fn watched(&self) -> bool {
        self.now(H) < self.fed.plus(WATCHDOG)
    }

    /// What H sent to the end of its last tick is under way for one more.
    fn doubled(&self) -> bool {
        let last = if self.effective() { Some(self.tick) } else { self.last_effect };
        self.successor && last.is_some_and(|last| self.tick <= last + 1)
    }
}
