//! What would make a wait shorter.

use super::{Guard, Lack, Means, Need, Protection};
use model::desired::Exclusive;

/// Something that would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// eBPF in place of nftables: one lease counts instead of two.
    Ebpf,
    /// A gate at all, on that node.
    Gate,
    /// Saying that all its effects are network traffic of its own processes.
    DeclareGate,
    /// An armed watchdog.
    Watchdog,
    /// A watchdog with a shorter time-out.
    ShorterWatchdog,
    /// Saying how long a node may stall.
    StallPolicy,
    /// Saying how long a guest may be paused.
    PauseLimit,
    /// A profile with a shorter lease.
    Profile,
    /// A fence device: a confirmed fence ends every wait.
    Fence,
}

/// What would make the wait for this shorter, the most first.
pub(super) fn of(protection: Protection, means: Means, need: &Need) -> Vec<Remedy> {
    let pause = Some(Remedy::PauseLimit).filter(|_| means.guest);
    // A gate where there could be one: closer to one than any watchdog.
    let gate = match (need.exclusive, need.guard) {
        (Exclusive::Gate, Guard::Timeouts) => Some(Remedy::Ebpf),
        (Exclusive::Gate, Guard::None) => Some(Remedy::Gate),
        (Exclusive::Process, Guard::None) => Some(Remedy::DeclareGate),
        _ => None,
    };
    let watchdog = Some(Remedy::Watchdog).filter(|_| means.watchdog.is_none());
    let own: Vec<Option<Remedy>> = match protection {
        Protection::Reservation | Protection::Tolerance => return Vec::new(),
        Protection::Gate => vec![],
        Protection::Timeouts => vec![Some(Remedy::Ebpf)],
        Protection::Watchdog(_) => vec![gate, Some(Remedy::ShorterWatchdog)],
        Protection::Assumption(_) => vec![pause, gate, watchdog],
        Protection::None(Lack::PauseLimit) => vec![pause],
        Protection::None(Lack::Protection) => vec![gate, watchdog, Some(Remedy::StallPolicy)],
    };
    let waits_for_a_lease = !matches!(protection, Protection::None(_));
    let profile = Some(Remedy::Profile).filter(|_| waits_for_a_lease);
    own.into_iter().chain([Some(Remedy::Fence), profile]).flatten().collect()
}
