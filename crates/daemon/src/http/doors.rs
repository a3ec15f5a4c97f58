//! How many connections are let in, and whom they may crowd out.
//!
//! Anybody can open connections and say nothing. So strangers share a fixed number of places; one
//! more, and the oldest stranger is shown out. Connections from members' addresses have places of
//! their own, which no stranger can take.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::AbortHandle;

/// Places for strangers: joining nodes, remote administrators, and whoever knocks.
pub const MOST_STRANGERS: usize = 256;

/// Places for connections from members' addresses: a few for each of hundreds of nodes.
pub const MOST_FROM_MEMBERS: usize = 2_048;

#[derive(Default)]
struct Inside {
    next: u64,
    strangers: BTreeMap<u64, AbortHandle>,
    members: BTreeMap<u64, AbortHandle>,
}

/// The connections that are inside.
#[derive(Clone, Default)]
pub struct Doors(Arc<Mutex<Inside>>);

/// A place, given up when it is dropped.
pub struct Place {
    doors: Doors,
    number: u64,
}

impl Doors {
    /// Takes a place.
    #[must_use]
    pub fn place(&self) -> Place {
        let mut inside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inside.next += 1;
        Place { doors: self.clone(), number: inside.next }
    }

    /// Names the task that sits in a place. Returns whether somebody else had to leave for it.
    pub fn seat(&self, number: u64, task: AbortHandle, from_member: bool) -> bool {
        let mut inside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (room, most) = if from_member {
            (&mut inside.members, MOST_FROM_MEMBERS)
        } else {
            (&mut inside.strangers, MOST_STRANGERS)
        };
        if task.is_finished() {
            return false;
        }
        room.insert(number, task);
        if room.len() <= most {
            return false;
        }
        if let Some((_, oldest)) = room.pop_first() {
            oldest.abort();
        }
        true
    }
}

impl Place {
    /// Its number, for [`Doors::seat`].
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inside = self.doors.0.lock().unwrap_or_else(PoisonError::into_inner);
        inside.strangers.remove(&self.number);
        inside.members.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_oldest_stranger_leaves_and_members_stay() {
        let doors = Doors::default();
        let sit = |from_member| {
            let place = doors.place();
            let number = place.number();
            let task = tokio::spawn(async move {
                let _place = place;
                std::future::pending::<()>().await;
            });
            doors.seat(number, task.abort_handle(), from_member);
            task
        };
        let member = sit(true);
        let first = sit(false);
        let rest: Vec<_> = (0..MOST_STRANGERS).map(|_| sit(false)).collect();
        assert!(first.await.unwrap_err().is_cancelled());
        assert!(rest.iter().all(|task| !task.is_finished()) && !member.is_finished());
    }
}
