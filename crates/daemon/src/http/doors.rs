//! How many connections are let in, and whom they may crowd out.
//!
//! Anybody can open connections and say nothing. So strangers share a fixed number of places; one
//! more, and the oldest stranger is shown out. Connections from members' addresses have places of
//! their own, which no stranger elsewhere can take; and a connection that has proven to be a
//! member's leaves both rooms, so that not even a program on a member's host can crowd it out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::task::AbortHandle;

/// Places for strangers: joining nodes, remote administrators, and whoever knocks.
pub const MOST_STRANGERS: usize = 256;

/// Places for connections from members' addresses that have not proven anything yet: a few for each
/// of hundreds of nodes that all come back at once.
pub const MOST_FROM_MEMBERS: usize = 2_048;

/// Who sits where, oldest first; the task is absent for the moment until it is seated.
type Room = BTreeMap<u64, Option<AbortHandle>>;

#[derive(Default)]
struct Inside {
    next: u64,
    strangers: Room,
    from_members: Room,
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
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place. `from_member`: it comes from a member's address.
    #[must_use]
    pub fn place(&self, from_member: bool) -> Place {
        let mut inside = self.inside();
        inside.next += 1;
        let number = inside.next;
        let room = if from_member { &mut inside.from_members } else { &mut inside.strangers };
        room.insert(number, None);
        Place { doors: self.clone(), number }
    }

    /// Names the task that sits in a place. Returns whether somebody else had to leave for it.
    pub fn seat(&self, number: u64, task: AbortHandle) -> bool {
        let inside = &mut *self.inside();
        let rooms = [(&mut inside.strangers, MOST_STRANGERS), (&mut inside.from_members, MOST_FROM_MEMBERS)];
        for (room, most) in rooms {
            // It may have left, or proven itself, already.
            let Some(seat) = room.get_mut(&number) else { continue };
            *seat = Some(task);
            if room.len() <= most {
                return false;
            }
            if let Some((_, Some(oldest))) = room.pop_first() {
                oldest.abort();
            }
            return true;
        }
        false
    }
}

impl Place {
    /// Its number, for [`Doors::seat`].
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Who sits here has proven to be a member: from now on nobody takes its place.
    pub fn is_a_member_s(&self) {
        let mut inside = self.doors.inside();
        inside.strangers.remove(&self.number);
        inside.from_members.remove(&self.number);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.is_a_member_s();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::task::JoinHandle;

    /// Sits down for ever; proves to be a member's if it says so.
    fn sit(doors: &Doors, from_member: bool, proves: bool) -> JoinHandle<()> {
        let place = doors.place(from_member);
        let number = place.number();
        if proves {
            place.is_a_member_s();
        }
        let task = tokio::spawn(async move {
            let _place = place;
            std::future::pending::<()>().await;
        });
        doors.seat(number, task.abort_handle());
        task
    }

    #[tokio::test]
    async fn the_oldest_stranger_leaves_and_members_stay() {
        let doors = Doors::default();
        let member = sit(&doors, true, false);
        let first = sit(&doors, false, false);
        let rest: Vec<_> = (0..MOST_STRANGERS).map(|_| sit(&doors, false, false)).collect();
        assert!(first.await.unwrap_err().is_cancelled());
        assert!(rest.iter().all(|task| !task.is_finished()) && !member.is_finished());
    }

    #[tokio::test]
    async fn who_has_proven_to_be_a_member_is_not_crowded_out_from_its_own_address_either() {
        let doors = Doors::default();
        let member = sit(&doors, true, true);
        let first = sit(&doors, true, false);
        let rest: Vec<_> = (0..MOST_FROM_MEMBERS).map(|_| sit(&doors, true, false)).collect();
        assert!(first.await.unwrap_err().is_cancelled());
        assert!(rest.iter().all(|task| !task.is_finished()) && !member.is_finished());
    }
}
