//! The last gate: a watchdog of `n1`, which is fed until a deadline.

use crate::common::*;
use gate::{Watchdog, WatchdogError};
use lab::{Breed, Lab, eventually};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const PATH: &str = "/run/watchdog";
const TIMEOUT: Duration = Duration::from_secs(1);
const EVERY: Duration = Duration::from_millis(50);

/// A host with a watchdog.
fn site(test: &str, breed: Breed) -> Option<(Lab, lab::Watchdog)> {
    let lab = lab::or_skip(test, 1)?;
    match lab.hosts()[0].watchdog(PATH, breed) {
        Ok(dog) => Some((lab, dog)),
        Err(error) => {
            lab::skip(test, &error.to_string());
            None
        }
    }
}

fn arm(lab: &Lab, timeout: Duration, until: &Arc<AtomicU64>) -> Result<Watchdog, WatchdogError> {
    let path = Path::new(PATH);
    lab.hosts()[0].within(|| Watchdog::arm(path, timeout, EVERY, until.clone())).expect("n1 is up")
}

#[test]
fn a_host_is_restarted_once_the_deadline_of_its_watchdog_has_passed_and_not_before() {
    let test = "a_host_is_restarted_once_the_deadline_of_its_watchdog_has_passed_and_not_before";
    let Some((lab, dog)) = site(test, Breed::default()) else { return };
    let until = Arc::new(AtomicU64::new(after(LONG)));
    let armed = arm(&lab, TIMEOUT, &until).expect("armed");
    assert_eq!(armed.identity(), "lab watchdog");
    let fed = dog.feedings();
    // For longer than its time-out.
    eventually("it is fed again and again", PATIENCE, || dog.feedings() > fed + 60);
    assert!(dog.is_armed() && !dog.has_bitten() && armed.trouble().is_none());
    until.store(after(Duration::ZERO), Ordering::SeqCst);
    eventually("the host is restarted", PATIENCE, || dog.has_bitten());
    eventually("nothing of it is left", PATIENCE, || lab.hosts()[0].command("true").status().is_err());
}

#[test]
fn a_watchdog_is_disarmed_by_a_word_alone_and_taken_over_by_whoever_comes_next() {
    let test = "a_watchdog_is_disarmed_by_a_word_alone_and_taken_over_by_whoever_comes_next";
    let Some((lab, dog)) = site(test, Breed::default()) else { return };
    let until = Arc::new(AtomicU64::new(after(LONG)));
    let first = arm(&lab, TIMEOUT, &until).expect("armed");
    let second = arm(&lab, TIMEOUT, &until).expect_err("one at a time");
    assert!(matches!(second, WatchdogError::Busy { .. }), "{second}");
    drop(first);
    // Without a word: it goes on counting, and whoever is there in time feeds it.
    let mut next = None;
    eventually("it is to be had", PATIENCE, || {
        next = arm(&lab, Duration::from_secs(20), &until).ok();
        next.is_some()
    });
    assert!(dog.is_armed());
    next.expect("armed").disarm().expect("disarmed");
    eventually("it is disarmed", PATIENCE, || !dog.is_armed());
    assert!(!dog.has_bitten());
}

#[test]
fn a_watchdog_that_would_not_keep_its_word_is_refused_and_left_disarmed() {
    let test = "a_watchdog_that_would_not_keep_its_word_is_refused_and_left_disarmed";
    let until = Arc::new(AtomicU64::new(after(LONG)));
    let cases = [
        (Breed { timeout_max_s: 3, ..Breed::default() }, "does not take a time-out of 5 s, only 3 s"),
        (Breed { magic_close: false, ..Breed::default() }, "knows no magic close"),
    ];
    for (breed, words) in cases {
        let Some((lab, dog)) = site(test, breed) else { return };
        let refused = arm(&lab, Duration::from_secs(5), &until).expect_err("refused").to_string();
        assert!(refused.contains(words) && refused.contains("lab watchdog"), "{refused}");
        eventually("it is disarmed", PATIENCE, || !dog.is_armed());
    }
}
