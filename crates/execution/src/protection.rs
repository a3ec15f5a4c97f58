//! What protects a group's exclusivity on its node, and so how long a successor waits.
//!
//! It is said of what the *holder* has in place, as that is in the database, because the holder cannot be
//! asked when it matters. The sum itself is crate `lease`'s ([`lease::Bound`]).

use lease::{Bound, Figures, Guard, Means, Need, Settings, Wait, Watchdog};
use model::TypeName;
use model::desired::{Exclusive, StallPolicy};
use model::stored::{CopyRecord, GateKind, NodeMeans};
use std::time::Duration;

/// The figures that leases run with, out of a profile's timers and the administrator's words.
#[must_use]
pub fn figures(
    heartbeat: Duration,
    election_max: Duration,
    lease: Duration,
    in_flight: Duration,
    stall_policy: StallPolicy,
    assume_pause_below: Option<Duration>,
) -> Figures {
    Figures {
        heartbeat,
        election_max,
        lease,
        in_flight,
        drift_ppm: lease::settings::DRIFT_PPM,
        stall_policy,
        assume_pause_below,
    }
}

/// What a gate for a resource is in front of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateOf {
    /// An address.
    Address,
    /// Its processes, in a cgroup of its own.
    Processes,
    /// Nothing that this node could gate: a systemd unit is in systemd's cgroup, a plug-in in its host's.
    Nothing,
}

/// What the gate of a resource of this type is in front of.
#[must_use]
pub fn gate_of(kind: &TypeName) -> GateOf {
    match kind.as_str() {
        "ip-address" | "ocf:heartbeat:IPaddr2" => GateOf::Address,
        "process" => GateOf::Processes,
        agent if agent.starts_with("ocf:") => GateOf::Processes,
        _ => GateOf::Nothing,
    }
}

/// How long a successor of this copy waits, and the sum that says so. `gate` says what the gate of each
/// resource is in front of.
#[must_use]
pub fn bound(
    settings: &Settings,
    means: &NodeMeans,
    copy: &CopyRecord,
    gate: impl Fn(&model::ResourceName) -> GateOf,
) -> Bound {
    let needs: Vec<Need> = copy
        .needs
        .iter()
        .map(|need| Need {
            resource: need.resource.clone(),
            exclusive: need.exclusive,
            guard: match need.exclusive {
                Exclusive::Gate => guard(means, gate(&need.resource)),
                Exclusive::Process | Exclusive::None => Guard::None,
            },
        })
        .collect();
    Bound::of(settings, of_node(settings, means), &needs)
}

fn guard(means: &NodeMeans, gate: GateOf) -> Guard {
    match (means.gate, gate) {
        (Some(GateKind::Bpf), GateOf::Address) => Guard::Gate,
        (Some(GateKind::Bpf), GateOf::Processes) if means.cgroup_gate => Guard::Gate,
        (Some(GateKind::Nftables), GateOf::Address) => Guard::Timeouts,
        _ => Guard::None,
    }
}

/// Whether nothing but a watchdog ends what such a resource does on a node that has stalled.
#[must_use]
pub fn needs_watchdog(means: &NodeMeans, exclusive: Exclusive, gate: GateOf) -> bool {
    match exclusive {
        Exclusive::None => false,
        Exclusive::Process => true,
        Exclusive::Gate => guard(means, gate) != Guard::Gate,
    }
}

/// What the node has for all that it runs.
fn of_node(settings: &Settings, means: &NodeMeans) -> Means {
    let watchdog: Option<Watchdog> = means.watchdog.and_then(|record| {
        let (timeout, granularity) =
            (Duration::from_millis(record.timeout_ms), Duration::from_millis(record.granularity_ms));
        // One that its settings refuse protects nobody.
        settings.watchdog(timeout, granularity).ok()
    });
    // Without the administrator's word on pauses, a guest's gate counts against those that are no longer than
    // what is in flight: the node says that it is a guest, and everybody is told what that means (event 20910).
    Means { watchdog, guest: means.guest && settings.assumes_pauses() }
}

/// The wait in milliseconds, rounded up; none: no node takes over by itself.
#[must_use]
pub fn wait_ms(wait: Wait) -> Option<u64> {
    match wait {
        Wait::For(span) => u64::try_from(span.as_nanos().div_ceil(1_000_000)).ok(),
        Wait::Never(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Generation;
    use model::stored::{CopyStage, NeedRecord};

    fn copy() -> CopyRecord {
        let need = NeedRecord { resource: "ip".parse().unwrap(), exclusive: Exclusive::Gate };
        CopyRecord {
            generation: Generation(1),
            stage: CopyStage::Held,
            primary: false,
            needs: vec![need],
            since: model::Timestamp::from_unix_ms(0),
            follows: false,
        }
    }

    #[test]
    fn a_gate_of_nftables_counts_for_addresses_with_two_leases_and_for_processes_not_at_all() {
        let ms = Duration::from_millis;
        let figures = figures(ms(100), ms(300), ms(1_400), ms(50), StallPolicy::Strict, None);
        let settings = Settings::new(figures).unwrap();
        let waits = |kind, gate| {
            let means = NodeMeans { gate: kind, ..NodeMeans::default() };
            wait_ms(bound(&settings, &means, &copy(), |_| gate).wait())
        };
        assert_eq!(waits(Some(GateKind::Bpf), GateOf::Address), Some(1_453));
        assert_eq!(waits(Some(GateKind::Nftables), GateOf::Address), Some(2_856));
        assert_eq!(waits(Some(GateKind::Nftables), GateOf::Processes), None);
        assert_eq!(waits(None, GateOf::Address), None);
    }

    #[test]
    fn a_guests_gate_waits_for_the_pauses_that_somebody_vouches_for() {
        let ms = Duration::from_millis;
        let settings = |pause| {
            let figures = figures(ms(100), ms(300), ms(1_400), ms(50), StallPolicy::Strict, pause);
            Settings::new(figures).unwrap()
        };
        let means = |guest| NodeMeans { gate: Some(GateKind::Bpf), guest, ..NodeMeans::default() };
        let waits = |pause, guest| {
            wait_ms(bound(&settings(pause), &means(guest), &copy(), |_| GateOf::Address).wait())
        };
        let without = waits(None, false);
        assert_eq!(waits(None, true), without, "event 20910 says what that does not cover");
        assert_eq!(waits(Some(ms(1_000)), false), without, "no hypervisor, no pause");
        let longer = waits(Some(ms(1_000)), true).unwrap() - without.unwrap();
        assert!((1_000..=1_002).contains(&longer), "{longer} ms longer");
    }
}
