//! The clock that deadlines are on: CLOCK_BOOTTIME, in nanoseconds since the machine booted.
//!
//! It goes on while the machine sleeps, and nobody can set it. The kernel's programs read the machine's own;
//! a process in a time namespace may see another one, so a gate is refused there ([`shift`]).

use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// Now, on the clock of all deadlines.
#[must_use]
pub fn boot_now_ns() -> u64 {
    let now = clock_gettime(ClockId::Boottime);
    // Neither is negative: the clock counts from the boot.
    let (seconds, rest) = (now.tv_sec.cast_unsigned(), u64::try_from(now.tv_nsec).unwrap_or_default());
    seconds.saturating_mul(1_000_000_000).saturating_add(rest)
}

/// How long it is until a deadline; zero if it has passed.
#[must_use]
pub fn until(deadline_boot_ns: u64) -> Duration {
    Duration::from_nanos(deadline_boot_ns.saturating_sub(boot_now_ns()))
}

/// How far this process's clock is from the machine's, if it is in a time namespace that shifts it:
/// seconds and nanoseconds, as `/proc/self/timens_offsets` has them.
pub(crate) fn shift() -> Option<String> {
    shifted(&std::fs::read_to_string("/proc/self/timens_offsets").ok()?)
}

fn shifted(offsets: &str) -> Option<String> {
    offsets.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        // Older kernels give the clock's number.
        let of_boot = matches!(words.next()?, "boottime" | "7");
        let (seconds, rest) = (words.next()?, words.next()?);
        (of_boot && (seconds, rest) != ("0", "0")).then(|| format!("{seconds} s {rest} ns"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shifted_clock_is_noticed() {
        assert_eq!(shifted("monotonic           0         0\nboottime            0         0\n"), None);
        let text = "monotonic 5 0\nboottime -3600 20\n";
        assert_eq!(shifted(text), Some("-3600 s 20 ns".to_owned()));
        assert_eq!(shift(), None, "the tests run on the machine's own clock");
    }
}
