//! Looks: at intervals while a resource is watched, and what changes is told once.

use super::client::{id, with_monitor};
use super::scripted::{Script, registry};
use resource_api::message::NoticedBy;
use resource_api::{Checks, FromMonitor, Outcome, ToMonitor, Verb};
use std::sync::Arc;

fn often() -> Checks {
    Checks { looks_alive_ms: 5, is_alive_ms: 0, ..Checks::default() }
}

#[test]
fn what_breaks_is_told_once_and_so_is_that_it_works_again() {
    let script = Arc::new(Script::default());
    with_monitor(registry(&script), async |mut daemon| {
        daemon.open("a", "scripted", often()).await;
        daemon.say(&ToMonitor::Watch { id: id("a"), on: true }).await;
        for _ in 0..3 {
            *script.broken.lock().unwrap() = true;
            assert_eq!(daemon.change("a").await, Outcome::not_running());
            *script.broken.lock().unwrap() = false;
            assert_eq!(daemon.change("a").await, Outcome::running());
        }
    });
}

#[test]
fn the_kernel_s_word_needs_no_look() {
    let script = Arc::new(Script::default());
    with_monitor(registry(&script), async |mut daemon| {
        let never = Checks { looks_alive_ms: 0, is_alive_ms: 0, ..Checks::default() };
        daemon.open("a", "scripted", never).await;
        daemon.say(&ToMonitor::Watch { id: id("a"), on: true }).await;
        assert_eq!(daemon.call("a", Verb::Online).await, Outcome::done());
        script.changed.notify_one();
        let noticed_by = daemon
            .hear(|said| match said {
                FromMonitor::Changed { noticed_by, .. } => Some(*noticed_by),
                _ => None,
            })
            .await;
        assert_eq!(noticed_by, NoticedBy::Event);
        assert_eq!(script.log(), "+online -online", "nobody looked");
    });
}

#[test]
fn each_end_after_a_new_start_is_told() {
    let script = Arc::new(Script::default());
    with_monitor(registry(&script), async |mut daemon| {
        let never = Checks { looks_alive_ms: 0, is_alive_ms: 0, ..Checks::default() };
        daemon.open("a", "scripted", never).await;
        daemon.say(&ToMonitor::Watch { id: id("a"), on: true }).await;
        for _ in 0..3 {
            assert_eq!(daemon.call("a", Verb::Online).await, Outcome::done());
            script.changed.notify_one();
            assert_eq!(daemon.change("a").await, Outcome::not_running());
        }
    });
}

#[test]
fn what_is_not_watched_is_left_alone() {
    let script = Arc::new(Script::default());
    with_monitor(registry(&script), async |mut daemon| {
        daemon.open("a", "scripted", often()).await;
        daemon.say(&ToMonitor::Watch { id: id("a"), on: true }).await;
        *script.broken.lock().unwrap() = true;
        daemon.change("a").await;
        daemon.say(&ToMonitor::Watch { id: id("a"), on: false }).await;
        daemon.call("a", Verb::Offline).await;
        let before = script.log().len();
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        assert_eq!(script.log().len(), before, "{}", script.log());
    });
}
