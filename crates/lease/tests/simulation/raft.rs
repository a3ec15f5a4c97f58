//! A replicated log, as small as it can be and still go wrong like a real one: terms, votes, leaders that
//! do not know that they have been replaced. Logs are short, so they are sent whole.

use crate::world::{GROUPS, NODES};
use lease::{Ownership, Stage};
use model::{Generation, NodeId, Revision};

pub(crate) fn id(node: usize) -> NodeId {
    NodeId(node as u64 + 1)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    Nothing,
    Revoke(usize, Generation),
    Release(usize, Generation),
    /// A new owner, after this generation.
    Own(usize, Generation, usize),
}

/// What a node has on its disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk {
    pub(crate) term: u64,
    pub(crate) voted: Option<usize>,
    pub(crate) log: Vec<(u64, Command)>,
}

impl Disk {
    pub(crate) fn newest(&self) -> (u64, usize) {
        (self.log.last().map_or(0, |(term, _)| *term), self.log.len())
    }

    /// What a leader has sent. An older, shorter message of his takes nothing away.
    pub(crate) fn take(&mut self, log: &[(u64, Command)]) {
        if !self.log.starts_with(log) {
            self.log = log.to_vec();
        }
    }
}

/// What has been applied.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    pub(crate) applied: usize,
    pub(crate) entry_term: u64,
    pub(crate) revision: Revision,
    pub(crate) groups: [Ownership; GROUPS],
}

impl Default for Database {
    fn default() -> Self {
        let groups = std::array::from_fn(|group| Ownership {
            owner: id(group % NODES),
            generation: Generation(1),
            stage: Stage::Held,
        });
        Self { applied: 0, entry_term: 0, revision: Revision(1), groups }
    }
}

impl Database {
    pub(crate) fn apply(&mut self, log: &[(u64, Command)]) {
        for (term, command) in &log[self.applied..] {
            self.entry_term = *term;
            let (group, next) = match *command {
                Command::Nothing => continue,
                Command::Revoke(group, generation) => {
                    (group, self.stage(group, generation, Stage::Held, Stage::Revoked))
                }
                Command::Release(group, generation) => {
                    (group, self.stage(group, generation, Stage::Revoked, Stage::Released))
                }
                Command::Own(group, after, node) => {
                    let free =
                        self.groups[group].generation == after && self.groups[group].stage != Stage::Held;
                    let next = Ownership { owner: id(node), generation: after.next(), stage: Stage::Held };
                    (group, free.then_some(next))
                }
            };
            if let Some(next) = next {
                self.groups[group] = next;
                self.revision = self.revision.next();
            }
        }
        self.applied = log.len();
    }

    fn stage(&self, group: usize, generation: Generation, from: Stage, to: Stage) -> Option<Ownership> {
        let now = self.groups[group];
        (now.generation == generation && now.stage == from).then_some(Ownership { stage: to, ..now })
    }
}
