//! What a leader's quorum is worth to leases, while it has one and after it was replaced.

use super::{another_leads, cut, engine, leader_except, play, until};
use crate::client::write;
use crate::history::Exchange;
use crate::nemesis::leader;
use crate::world::{SimEngine, World, now, sleep};
use model::NodeId;
use std::collections::BTreeSet;
use std::time::Duration;
use store::engine::Role;

/// The quorum's mark of a leader on the clock of the simulation, in nanoseconds.
fn mark(engine: &SimEngine, term: u64) -> Option<u64> {
    Some(now() - (engine.mark_now() - engine.quorum_mark(term)?))
}

fn exchanges(world: &World, which: impl Fn(&&Exchange) -> bool) -> Vec<Exchange> {
    world.lock().history.exchanges.iter().filter(which).copied().collect()
}

#[test]
fn a_quorum_is_dated_by_when_what_was_answered_was_sent_however_long_the_answer_took() {
    play(|world| async move {
        let leads = leader(&world).unwrap();
        let (me, term) = (leads.standing().node, leads.standing().term);
        let other = *leads.standing().voters.iter().find(|node| **node != me).unwrap();
        let third = *leads.standing().voters.iter().find(|node| ![me, other].contains(node)).unwrap();
        leads.remove(third, super::SOON).await.unwrap();
        until("two vote", || leads.standing().voters == BTreeSet::from([me, other])).await;
        // Less than a heartbeat there and back, or nobody would wait for the answer.
        world.lock().weather.delay_micros = 20_000;
        let (mut moves, mut before, mut longest) = (leads.quorum_moves(), mark(&leads, term), 0);
        for _ in 0..200 {
            moves.next().await.unwrap();
            let dated = mark(&leads, term);
            if dated == before {
                continue;
            }
            before = dated;
            let answered = exchanges(&world, |one| {
                (one.from, one.to, one.term) == (me, other, term)
                    && one.back.is_some()
                    && one.answer.is_some()
            });
            let sent = answered.iter().map(|one| one.sent).max();
            assert_eq!(dated, sent, "the latest that was answered, when it was sent");
            longest = longest.max(now() - sent.unwrap());
        }
        assert!(longest > 10_000_000, "some answers should take long: {longest} ns");
    });
}

#[test]
fn a_leader_that_was_replaced_is_not_answered_and_counts_no_quorum_any_more() {
    play(|world| async move {
        let old = leader(&world).unwrap();
        let (node, term) = (old.standing().node, old.standing().term);
        assert!(old.leading().is_some_and(|leading| leading.term == term));
        // It is heard and hears nothing: it does not learn of its successor.
        cut(&world, |_, b| b == node);
        until("another leads", || another_leads(&world, node)).await;
        let new = leader_except(&world, node);
        let later = new.standing().term;
        until("its first entry is committed", || new.applied().1 == Some(later)).await;
        let (since, last) = (now(), mark(&old, term).unwrap());
        assert!(new.quorum_mark(later).is_some_and(|mark| mark > 0));
        assert_eq!((new.quorum_mark(term), old.quorum_mark(later)), (None, None), "each speaks for its term");
        {
            let inner = world.lock();
            let began = inner.history.began.iter().find(|began| began.term == later).unwrap();
            assert!(began.told.len() >= 2, "by then a majority has told it of older leaders: {began:?}");
            let said = inner.history.waits.iter().filter(|wait| wait.term == later).map(|wait| wait.over);
            let leases = inner.history.renewals.iter().filter(|one| one.term == term).map(|one| one.until);
            assert!(leases.max() <= said.min(), "and what it says of their leases is true");
        }

        // It speaks up in turns, as the leader that it takes itself for.
        let to_others = |one: &&Exchange| (one.from, one.term) == (node, term) && one.arrived > since;
        until("it is heard again", || exchanges(&world, to_others).len() > 3).await;
        assert!(exchanges(&world, to_others).iter().all(|one| one.answer.is_none()), "nobody accepts that");
        assert_eq!(old.standing().role, Role::Leader, "it knows no better");
        assert_eq!(mark(&old, term), Some(last), "but its quorum is what it was");

        cut(&world, |_, _| false);
        until("it follows", || old.standing().role == Role::Follower).await;
        assert_eq!((old.quorum_mark(term), old.leading()), (None, None));
        assert!(write(&world, 10).await);
    });
}

#[test]
fn a_leader_whose_answers_are_lost_counts_no_quorum_although_its_followers_follow() {
    play(|world| async move {
        let leads = leader(&world).unwrap();
        let (me, term) = (leads.standing().node, leads.standing().term);
        cut(&world, |_, b| b == me);
        sleep(Duration::from_millis(100)).await;
        let (last, since) = (mark(&leads, term), now());
        sleep(Duration::from_millis(100)).await;
        let heard = exchanges(&world, |one| one.from == me && one.arrived > since && one.answer.is_some());
        assert!(!heard.is_empty(), "it is still answered");
        assert_eq!(mark(&leads, term), last, "and does not know it");
        let follower = heard[0].to;
        assert_eq!(engine(&world, follower).standing().leader, Some::<NodeId>(me));
    });
}
