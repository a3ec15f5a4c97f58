//! The clocks and the randomness of this machine, as values for the pure crates.

use membership::Moment;
use model::Timestamp;
use ring::rand::{SecureRandom as _, SystemRandom};
use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Whoever looks at something from time to time waits with this, and shares its wake-ups with the rest.
pub(crate) use store::engine::beat;

/// CLOCK_BOOTTIME: monotone, and it goes on during suspend, which CLOCK_MONOTONIC does not.
#[must_use]
pub(crate) fn moment() -> Moment {
    let now = clock_gettime(ClockId::Boottime);
    let secs = u64::try_from(now.tv_sec).unwrap_or(0);
    let nanos = u32::try_from(now.tv_nsec).unwrap_or(0);
    Moment(Duration::new(secs, nanos))
}

/// The wall clock. A clock set before 1970 reads as 1970.
#[must_use]
pub(crate) fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Random bytes for ids and secrets.
///
/// # Panics
/// If the kernel has no randomness to give: nothing secret can be made then, and going on with
/// predictable keys would be worse than stopping.
#[must_use]
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut out = [0; N];
    SystemRandom::new().fill(&mut out).expect("the kernel gives random bytes");
    out
}
