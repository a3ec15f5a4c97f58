//! Jumps and late heartbeats, and how a wait looks then.

use super::*;

const OTHER: NodeId = NodeId(2);
const THIRD: NodeId = NodeId(3);
const LIFE: Incarnation = Incarnation([1; 8]);
const WAIT: Duration = Duration::from_millis(1_500);

fn ms(ms: u64) -> Moment {
    Moment(Duration::from_millis(ms))
}

/// The other's clock says 5 s more; heartbeats are under way for 1 ms.
fn beats(clocks: &mut Clocks, node: NodeId, from: u64, until: u64) {
    for at in (from..until).step_by(100) {
        clocks.observe(ms(at + 1), node, LIFE, ms(at + 5_000));
    }
}

#[test]
fn a_wait_is_over_with_the_first_heartbeat_after_its_end() {
    let mut clocks = Clocks::default();
    beats(&mut clocks, OTHER, 0, 11_500);
    assert!(!clocks.confirm(ms(10_000), WAIT, [OTHER]), "the latest came before the end");
    clocks.observe(ms(11_501), OTHER, LIFE, ms(16_500));
    assert!(clocks.confirm(ms(10_000), WAIT, [OTHER]));
}

#[test]
fn after_a_jump_ahead_the_whole_wait_is_waited_for() {
    let mut clocks = Clocks::default();
    beats(&mut clocks, OTHER, 0, 10_500);
    // At 10,500 this node's clock jumps ahead by ten seconds.
    let after = |at: u64| (ms(at + 10_001), ms(at + 5_000));
    for at in (10_500..11_500).step_by(100) {
        let (arrived, sent) = after(at);
        clocks.observe(arrived, OTHER, LIFE, sent);
        assert!(!clocks.confirm(ms(10_000), WAIT, [OTHER]), "only {} ms have passed", at - 10_000);
    }
    let (arrived, sent) = after(11_501);
    clocks.observe(arrived, OTHER, LIFE, sent);
    assert!(clocks.confirm(ms(10_000), WAIT, [OTHER]));
}

#[test]
fn a_jump_just_before_the_wait_delays_it_by_seconds_at_most_however_far_it_went() {
    for (jump, until) in [(2_000, 14_100), (31_536_000_000, 12_100)] {
        let mut clocks = Clocks::default();
        beats(&mut clocks, OTHER, 0, 9_900);
        for at in (9_900..=until).step_by(100) {
            let over = clocks.confirm(ms(jump + 10_000), Duration::from_secs(2), [OTHER]);
            assert!(!over || at > until - 100, "{jump}: {at}");
            clocks.observe(ms(at + jump + 1), OTHER, LIFE, ms(at + 5_000));
        }
        assert!(clocks.confirm(ms(jump + 10_000), Duration::from_secs(2), [OTHER]), "{jump}");
    }
}

#[test]
fn one_late_heartbeat_delays_and_the_next_one_does_not() {
    let mut clocks = Clocks::default();
    beats(&mut clocks, OTHER, 0, 11_500);
    clocks.observe(ms(11_600), OTHER, LIFE, ms(16_300));
    assert!(
        !clocks.confirm(ms(10_000), WAIT, [OTHER]),
        "it was under way for 300 ms, or the clock has jumped"
    );
    clocks.observe(ms(11_601), OTHER, LIFE, ms(16_600));
    assert!(clocks.confirm(ms(10_000), WAIT, [OTHER]));
}

#[test]
fn one_witness_is_enough_and_without_any_there_is_nobody_to_ask() {
    let mut clocks = Clocks::default();
    assert!(clocks.confirm(ms(10_000), WAIT, [OTHER, THIRD]));
    beats(&mut clocks, OTHER, 0, 10_100);
    beats(&mut clocks, THIRD, 0, 12_000);
    assert!(clocks.confirm(ms(10_000), WAIT, [OTHER, THIRD]));
    assert!(!clocks.confirm(ms(10_000), WAIT, [OTHER]), "the lost one says nothing any more");
}

#[test]
fn what_was_before_the_first_heartbeat_does_not_count() {
    let mut clocks = Clocks::default();
    beats(&mut clocks, OTHER, 10_900, 12_000);
    assert!(!clocks.confirm(ms(10_000), WAIT, [OTHER]));
    beats(&mut clocks, OTHER, 12_000, 13_500);
    assert!(clocks.confirm(ms(10_000), WAIT, [OTHER]));
    // Nor what another life said: its clock may have begun anew.
    clocks.observe(ms(13_600), OTHER, Incarnation([2; 8]), ms(100));
    assert!(!clocks.confirm(ms(10_000), WAIT, [OTHER]));
}

#[test]
fn waits_longer_than_what_is_remembered_end_too() {
    let mut clocks = Clocks::default();
    beats(&mut clocks, OTHER, 0, 400_000);
    assert!(clocks.confirm(ms(1_000), Duration::from_secs(300), [OTHER]));
    assert!(!clocks.confirm(ms(200_000), Duration::from_secs(300), [OTHER]));
}

#[test]
fn drift_delays_by_what_it_is() {
    let mut clocks = Clocks::default();
    // The other is slower by 500 millionths.
    for at in (0..11_600).step_by(100) {
        clocks.observe(ms(at + 1), OTHER, LIFE, Moment(Duration::from_micros(at * 1_000 - at / 2)));
    }
    assert!(!clocks.confirm(ms(10_000), Duration::from_millis(1_501), [OTHER]), "0.8 ms more");
    assert!(clocks.confirm(ms(10_000), Duration::from_millis(1_490), [OTHER]));
}

#[test]
fn who_jumped_ahead_is_not_vouched_for_and_who_was_late_is() {
    let mut clocks = Clocks::default();
    let since = ms(9_000);
    beats(&mut clocks, OTHER, 0, 10_000);
    assert!(!clocks.vouch(OTHER, since, ms(10_000)), "nothing was heard since");
    clocks.observe(ms(10_400), OTHER, LIFE, ms(15_000));
    assert!(clocks.vouch(OTHER, since, ms(10_000)));
    beats(&mut clocks, OTHER, 10_500, 11_000);
    assert!(clocks.vouch(OTHER, since, ms(10_000)));
    // Its clock jumps ahead by 300 ms.
    clocks.observe(ms(11_101), OTHER, LIFE, ms(16_400));
    assert!(!clocks.vouch(OTHER, since, ms(10_000)));
    assert!(clocks.vouch(THIRD, since, ms(10_000)), "nothing is known of it");
}
