//! Writes: from any node to the leader, done once, refused at once where there is no majority.

use crate::clock;
use crate::http::problem::{internal, rejected};
use crate::node::own::Own;
use crate::node::quorum::Quorum;
use crate::node::{Node, TheEngine};
use crate::peer::links::CallError;
use crate::peer::paths;
use api::{Problem, ProblemKind};
use model::stored::{Actor, Command, Outcome, Proposal};
use model::{NodeId, RequestId, Revision};
use std::time::Duration;
use store::engine::ProposeError;
use tokio::time::Instant;

/// For how long a write is tried. Only a majority that comes and goes uses it up: without one, a
/// write fails at once.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long one attempt may take. A commit takes milliseconds; a disk that takes seconds still counts.
const ATTEMPT: Duration = Duration::from_secs(5);

/// Between two attempts while an election runs.
const PAUSE: Duration = Duration::from_millis(10);

/// What an accepted write has made.
#[derive(Debug, Clone, Copy)]
pub struct Written {
    /// The revision.
    pub revision: Revision,
    /// The node, where it made one.
    pub node: Option<NodeId>,
}

impl Node {
    /// Makes a change, wherever the leader is.
    ///
    /// # Errors
    /// [`Problem`]: refused by the state, or no majority, or not known.
    pub async fn write(&self, actor: Actor, command: Command) -> Result<Written, Problem> {
        let proposal = Proposal { request: RequestId(clock::random()), at: clock::wall(), actor, command };
        match self.propose(proposal).await? {
            Outcome::Done { revision, node } => Ok(Written { revision, node }),
            Outcome::Refused(why) => Err(rejected(&why)),
            Outcome::Nothing => Err(internal("a write", &"it had no outcome")),
        }
    }

    /// Proposes until there is an outcome. The request's id makes that safe.
    ///
    /// # Errors
    /// [`Problem`]; what the state refuses is an outcome.
    pub async fn propose(&self, proposal: Proposal) -> Result<Outcome, Problem> {
        let begun = Instant::now();
        // Set once an attempt may have been written somewhere.
        let mut undecided = false;
        loop {
            let engine = self.engine_or_why()?;
            let quorum = self.quorum();
            if !quorum.in_reach() {
                return Err(self.no_quorum(&quorum, undecided));
            }
            match quorum.leader {
                Some(leader) if Some(leader) == self.id() => {
                    match self.propose_here(&engine, proposal.clone()).await {
                        Ok(outcome) => return Ok(outcome),
                        Err(error @ ProposeError::TooLong(_)) => {
                            return Err(Problem::new(ProblemKind::BadRequest, error.to_string()));
                        }
                        Err(ProposeError::NotLeader { .. } | ProposeError::NoQuorum) => {}
                        Err(ProposeError::Undecided | ProposeError::Stopped(_)) => undecided = true,
                    }
                }
                Some(leader) => {
                    let answer = self.call_json::<Outcome>(leader, paths::PROPOSE, &proposal, ATTEMPT).await;
                    match answer {
                        Ok(outcome) => return Ok(outcome),
                        Err(CallError::NoAnswer(_)) => undecided = true,
                        Err(CallError::Refused(problem)) if problem.kind == ProblemKind::Unknown => {
                            undecided = true;
                        }
                        Err(CallError::Refused(problem)) if problem.kind == ProblemKind::BadRequest => {
                            return Err(problem);
                        }
                        Err(_) => {}
                    }
                }
                None => {}
            }
            let waited = begun.elapsed();
            let limit = if undecided { PATIENCE } else { PATIENCE.min(self.timers().leader_wait * 2) };
            if waited >= limit {
                return Err(self.gave_up(waited, undecided));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Proposes at this node, which leads as far as it knows. An eviction first takes the node out
    /// of the engine's members: were it the other way round, the evicted node would refuse its part
    /// in the very majority that removes it.
    pub async fn propose_here(
        &self,
        engine: &TheEngine,
        proposal: Proposal,
    ) -> Result<Outcome, ProposeError> {
        let Command::Evict { node } = &proposal.command else {
            return engine.propose(proposal, ATTEMPT).await;
        };
        let state = engine.state();
        let target = state.node_named(node).map(|(id, _)| id);
        let others = state.nodes.keys().any(|id| Some(*id) != target);
        let _one_at_a_time = self.changing_members.lock().await;
        if let Some(id) = target.filter(|_| others) {
            if Some(id) == self.id() {
                self.hand_over(&format!("{node} is evicted")).await;
                return Err(ProposeError::NotLeader { leader: None });
            }
            match engine.remove(id, ATTEMPT).await {
                Ok(()) => {}
                Err(store::engine::ChangeError::Propose(error)) => return Err(error),
                // Another change is under way, or a new leader has not begun yet: nothing was
                // written, and the next attempt finds the leader again.
                Err(error) => {
                    tracing::info!(%error, %node, "the node cannot be removed just now");
                    return Err(ProposeError::NotLeader { leader: None });
                }
            }
        }
        engine.propose(proposal, ATTEMPT).await
    }

    /// Hands the leadership to another voter that is there. Returns whether it was handed over.
    pub async fn hand_over(&self, reason: &str) -> bool {
        let Some(engine) = self.engine() else { return false };
        for id in engine.standing().voters {
            if Some(id) == self.id() || !self.is_up(id) {
                continue;
            }
            if engine.transfer_leadership(id).await.is_ok() {
                if let Some(to) = self.book.member(id) {
                    let (from, to) = (self.name().clone(), to.name);
                    self.log.raise(events::LeadershipTransferred { from, to, reason: reason.to_owned() });
                }
                let until = Instant::now() + self.timers().leader_wait;
                while Instant::now() < until {
                    if engine.standing().leader.is_some_and(|leader| Some(leader) != self.id()) {
                        return true;
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        false
    }

    fn engine_or_why(&self) -> Result<TheEngine, Problem> {
        if let Some(engine) = self.engine() {
            return Ok(engine);
        }
        let (text, next) = crate::status::why_not(self);
        let kind = if self.id().is_none() { ProblemKind::NoCluster } else { ProblemKind::Unavailable };
        let problem = Problem::new(kind, text);
        Err(match next {
            Some(next) => problem.next(next),
            None => problem,
        })
    }

    /// The problem of a write that met no majority.
    #[must_use]
    pub fn no_quorum(&self, quorum: &Quorum, undecided: bool) -> Problem {
        let missing: Vec<String> = quorum.missing.iter().map(|id| self.book.name(*id)).collect();
        let mut text = format!(
            "no quorum: {} of {} voters are there, {} are needed; missing: {}",
            quorum.present,
            quorum.votes,
            quorum.needed,
            if missing.is_empty() { "nobody that is known".to_owned() } else { missing.join(", ") }
        );
        if undecided {
            text.push_str("; the change may or may not have been made before");
        }
        let kind = if undecided { ProblemKind::Unknown } else { ProblemKind::NoQuorum };
        let mut problem = Problem::new(kind, text).next("steadfast status");
        problem.missing = missing;
        problem
    }

    fn gave_up(&self, waited: Duration, undecided: bool) -> Problem {
        let ms = waited.as_millis();
        if undecided {
            let text =
                format!("no answer from the leader for {ms} ms; the change may or may not have been made");
            return Problem::new(ProblemKind::Unknown, text).next("steadfast status");
        }
        let stopped = matches!(*self.own.borrow(), Own::Stopped { .. });
        let text = if stopped {
            "this node's cluster database has stopped".to_owned()
        } else {
            format!("a majority is there, but no leader was found for {ms} ms")
        };
        Problem::new(ProblemKind::Unavailable, text).next("steadfast status")
    }
}
