//! Each inequality against the design's, and what falls back to what.

use super::*;
use crate::testing::{FIGURES, ms};

const NS: Duration = Duration::from_nanos(1);

fn settings(figures: Figures) -> Settings {
    Settings::new(figures).unwrap()
}

fn need(exclusive: Exclusive, guard: Guard) -> Need {
    Need { resource: "ip".parse().unwrap(), exclusive, guard }
}

fn bound(figures: Figures, means: Means, exclusive: Exclusive, guard: Guard) -> ResourceBound {
    Bound::of(&settings(figures), means, &[need(exclusive, guard)]).resources.remove(0)
}

const GUEST: Means = Means { watchdog: None, guest: true };

fn watched() -> Means {
    Means { watchdog: Some(settings(FIGURES).watchdog(ms(10_000), ms(1_000)).unwrap()), guest: false }
}

/// Whether the wait is the least whole number of nanoseconds that is not less than
/// `(1+ρ) · [ by_holder/(1−ρ) + in_true ]`, with ρ a thousandth. Multiplied out, so nothing is divided:
/// `wait · 1000 · 999 ≥ 1001 · [ by_holder · 1000 + in_true · 999 ]`. The rounding of the inner division
/// may cost one nanosecond more.
fn check(found: &ResourceBound, protection: Protection, by_holder_ms: u128, in_true_ms: u128) {
    assert_eq!(found.protection, protection);
    let Wait::For(wait) = found.wait else { panic!("{:?}", found.wait) };
    let needed = 1_001 * (by_holder_ms * 1_000_000 * 1_000 + in_true_ms * 1_000_000 * 999);
    let scaled = |wait: Duration| wait.as_nanos() * 1_000 * 999;
    assert!(scaled(wait) >= needed, "{wait:?} is too short");
    assert!(scaled(wait - 2 * NS) < needed, "{wait:?} is longer than it has to be");
}

#[test]
fn each_protection_has_the_inequality_of_the_design() {
    let of = |means, exclusive, guard| bound(FIGURES, means, exclusive, guard);
    let bare = Means::default();
    check(&of(bare, Exclusive::Gate, Guard::Gate), Protection::Gate, 1_400, 50);
    check(&of(bare, Exclusive::Gate, Guard::Timeouts), Protection::Timeouts, 2_800, 50);
    let dog = watched().watchdog.unwrap();
    check(&of(watched(), Exclusive::Process, Guard::None), Protection::Watchdog(dog), 23_400, 50);
    let assume = Figures { stall_policy: StallPolicy::AssumeBelow(ms(10_000)), ..FIGURES };
    let found = bound(assume, bare, Exclusive::Process, Guard::None);
    check(&found, Protection::Assumption(ms(10_000)), 21_400, 50);
}

#[test]
fn the_default_profile_waits_1453_ms_for_an_address() {
    let found = bound(FIGURES, Means::default(), Exclusive::Gate, Guard::Gate);
    assert_eq!(found.wait, Wait::For(Duration::from_nanos(1_452_852_804)));
}

#[test]
fn reservations_and_what_tolerates_a_duplicate_wait_for_nothing() {
    for (exclusive, guard, protection) in [
        (Exclusive::Process, Guard::Reservation, Protection::Reservation),
        (Exclusive::None, Guard::None, Protection::Tolerance),
    ] {
        let found = bound(FIGURES, GUEST, exclusive, guard);
        assert_eq!((found.protection, found.wait), (protection, Wait::For(Duration::ZERO)));
        assert!(found.terms.is_empty() && found.shorter.is_empty());
    }
}

#[test]
fn without_protection_there_is_no_takeover_under_the_strict_policy() {
    let found = bound(FIGURES, Means::default(), Exclusive::Process, Guard::None);
    assert_eq!(found.wait, Wait::Never(Lack::Protection));
    assert_eq!(
        found.shorter,
        [Remedy::DeclareGate, Remedy::Watchdog, Remedy::StallPolicy, Remedy::Fence],
        "and what would make it safe is named"
    );
}

#[test]
fn where_no_gate_is_permitted_the_process_bound_counts() {
    let found = bound(FIGURES, Means::default(), Exclusive::Gate, Guard::None);
    assert_eq!(found.wait, Wait::Never(Lack::Protection));
    assert_eq!(found.shorter[0], Remedy::Gate);
    let found = bound(FIGURES, watched(), Exclusive::Gate, Guard::None);
    assert_eq!(found.protection.as_str(), "watchdog");
}

#[test]
fn a_gate_that_was_not_declared_does_not_count() {
    let found = bound(FIGURES, watched(), Exclusive::Process, Guard::Gate);
    assert_eq!(found.protection.as_str(), "watchdog");
}

#[test]
fn on_a_guest_nothing_counts_that_a_pause_stops_until_somebody_limits_pauses() {
    let guest = Means { guest: true, ..watched() };
    for (means, exclusive, guard) in [
        (GUEST, Exclusive::Gate, Guard::Gate),
        (GUEST, Exclusive::Gate, Guard::Timeouts),
        (guest, Exclusive::Process, Guard::None),
    ] {
        let found = bound(FIGURES, means, exclusive, guard);
        assert_eq!(found.wait, Wait::Never(Lack::PauseLimit));
        assert_eq!(found.shorter, [Remedy::PauseLimit, Remedy::Fence]);
    }
    let limited = Figures { assume_pause_below: Some(ms(2_000)), ..FIGURES };
    check(&bound(limited, GUEST, Exclusive::Gate, Guard::Gate), Protection::Gate, 1_400, 2_050);
    let found = bound(limited, guest, Exclusive::Process, Guard::None);
    check(&found, Protection::Watchdog(guest.watchdog.unwrap()), 23_400, 2_050);
    check(&bound(limited, Means::default(), Exclusive::Gate, Guard::Gate), Protection::Gate, 1_400, 50);
}

#[test]
fn on_a_guest_an_assumed_stall_takes_the_place_of_a_gate() {
    let assume = Figures { stall_policy: StallPolicy::AssumeBelow(ms(3_000)), ..FIGURES };
    let found = bound(assume, GUEST, Exclusive::Gate, Guard::Gate);
    check(&found, Protection::Assumption(ms(3_000)), 7_400, 50);
}

#[test]
fn a_group_waits_for_the_largest_of_its_resources() {
    let group = |needs: &[Need]| Bound::of(&settings(FIGURES), watched(), needs);
    let gate = need(Exclusive::Gate, Guard::Gate);
    let both =
        group(&[need(Exclusive::None, Guard::None), gate.clone(), need(Exclusive::Process, Guard::None)]);
    assert_eq!(both.wait(), both.resources[2].wait);
    assert_eq!(both.decisive(), Some(&both.resources[2]));
    let equals = group(&[gate.clone(), gate]);
    assert!(std::ptr::eq(equals.decisive().unwrap(), &raw const equals.resources[0]));
    let nothing = group(&[need(Exclusive::None, Guard::None)]);
    assert_eq!((nothing.wait(), nothing.decisive()), (Wait::For(Duration::ZERO), None));
    assert_eq!(group(&[]).wait(), Wait::For(Duration::ZERO));
    assert!(Wait::Never(Lack::PauseLimit) > Wait::For(Duration::MAX), "never is the longest wait");
}

#[test]
fn explain_prints_the_sum_what_protects_and_what_would_be_shorter() {
    let needs = [need(Exclusive::Gate, Guard::Gate), need(Exclusive::None, Guard::None)];
    let text = Bound::of(&settings(FIGURES), Means::default(), &needs).to_string();
    assert_eq!(
        text,
        "another node may have it after 1.452852804s\n  \
         ip: the kernel closes its gate when the lease ends: after 1.452852804s\n    \
         (1 + 0.001) × [ (1.4s lease) / (1 − 0.001) + 50ms in flight ] = 1.452852804s\n    \
         shorter with a fence device: a confirmed fence ends every wait\n    \
         shorter with a profile with a shorter lease\n  \
         ip: it tolerates a duplicate: at once"
    );
    let text = Bound::of(&settings(FIGURES), watched(), &[need(Exclusive::Process, Guard::None)]).to_string();
    assert!(text.contains("(1.4s lease + 2 × 11s watchdog) / (1 − 0.001) + 50ms in flight"), "{text}");
    let text = Bound::of(&settings(FIGURES), GUEST, &needs[..1]).to_string();
    assert!(
        text.contains("never by itself: its node is a guest, whose hypervisor may stop its clock"),
        "{text}"
    );
}

#[test]
fn no_figures_make_it_overflow() {
    let huge = Figures { stall_policy: StallPolicy::AssumeBelow(Duration::MAX), ..FIGURES };
    let found = bound(huge, Means::default(), Exclusive::Process, Guard::None);
    assert_eq!(found.wait, Wait::For(Duration::MAX));
}
