//! Bounds in words, for `explain`.

use super::{Bound, Counted, Lack, Protection, Remedy, ResourceBound, Term, Wait};
use std::fmt;
use std::time::Duration;

impl Protection {
    /// In a word, as `status` has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gate => "gate",
            Self::Timeouts => "gate-nftables",
            Self::Watchdog(_) => "watchdog",
            Self::Assumption(_) => "assumption",
            Self::Reservation => "reservation",
            Self::Tolerance => "none-needed",
            Self::None(_) => "nothing",
        }
    }
}

impl fmt::Display for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gate => f.write_str("the kernel closes its gate when the lease ends"),
            Self::Timeouts => {
                f.write_str("its gate, of nftables, times out at most one lease after the lease has ended")
            }
            Self::Watchdog(dog) => {
                write!(f, "a watchdog restarts its node {:?} after it was last fed", dog.timeout)
            }
            Self::Assumption(stall) => {
                write!(f, "nothing but the assumption that no node stalls for longer than {stall:?}")
            }
            Self::Reservation => f.write_str("the successor takes over its reservation of the disk"),
            Self::Tolerance => f.write_str("it tolerates a duplicate"),
            Self::None(_) => f.write_str("nothing"),
        }
    }
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PauseLimit => {
                "its node is a guest, whose hypervisor may stop its clock, and nobody has said for how long"
            }
            Self::Protection => "nothing would end it on a node that has stalled, and goes on later",
        })
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::For(Duration::ZERO) => f.write_str("at once"),
            Self::For(span) => write!(f, "after {span:?}"),
            Self::Never(lack) => write!(f, "never by itself: {lack}"),
        }
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lease => "lease",
            Self::Watchdog => "watchdog",
            Self::Stall => "assumed stall",
            Self::Pause => "assumed pause",
            Self::InFlight => "in flight",
        })
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ebpf => "eBPF on its node (CAP_BPF): then one lease counts instead of two",
            Self::Gate => "a lease gate on its node (CAP_NET_ADMIN, with CAP_BPF, or nftables on Linux 6.9)",
            Self::DeclareGate => {
                "`exclusive = \"gate\"`, if it affects nothing outside its node but by network traffic of its \
                 own processes"
            }
            Self::Watchdog => "an armed watchdog on its node (`watchdog` in its steadfast.toml)",
            Self::ShorterWatchdog => {
                "a watchdog with a shorter time-out (`watchdog_timeout` in the steadfast.toml of its node)"
            }
            Self::StallPolicy => "`stall_policy = \"assume_below 10s\"`, if no node ever stalls for longer",
            Self::PauseLimit => {
                "`assume_pause_below = \"1s\"`, if no hypervisor pauses a guest for longer within one lease"
            }
            Self::Profile => "a profile with a shorter lease",
            Self::Fence => "a fence device: a confirmed fence ends every wait",
        })
    }
}

/// A term with the figures that it is made of: `2 × 10s watchdog`.
impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.times != 1 {
            write!(f, "{} × ", self.times)?;
        }
        write!(f, "{:?} {}", self.span, self.counted)
    }
}

impl Bound {
    /// The sum of a resource, with its figures; empty where there is none:
    /// `(1 + 0.001) × [ (1.4s lease) / (1 − 0.001) + 50ms in flight ] = 1.452852804s`.
    fn sum_in_words(&self, resource: &ResourceBound) -> String {
        let Wait::For(wait) = resource.wait else { return String::new() };
        if resource.terms.is_empty() {
            return String::new();
        }
        let join = |by_holder| {
            let terms = resource.terms.iter().filter(|term| term.by_holder == by_holder);
            terms.map(ToString::to_string).collect::<Vec<_>>().join(" + ")
        };
        let drift = Ppm(self.drift_ppm);
        format!("(1 + {drift}) × [ ({}) / (1 − {drift}) + {} ] = {wait:?}", join(true), join(false))
    }
}

/// Millionths, as a decimal fraction without trailing zeros.
struct Ppm(u32);

impl fmt::Display for Ppm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:06}", self.0 % 1_000_000);
        let digits = digits.trim_end_matches('0');
        write!(f, "{}", self.0 / 1_000_000)?;
        if digits.is_empty() { Ok(()) } else { write!(f, ".{digits}") }
    }
}

/// The whole bound, a line each: what protects every resource, the sum, and what would make it shorter.
impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "another node may have it {}", self.wait())?;
        for resource in &self.resources {
            write!(f, "\n  {}: {}: {}", resource.resource, resource.protection, resource.wait)?;
            let sum = self.sum_in_words(resource);
            if !sum.is_empty() {
                write!(f, "\n    {sum}")?;
            }
            if self.decisive() == Some(resource) {
                for remedy in &resource.shorter {
                    write!(f, "\n    shorter with {remedy}")?;
                }
            }
        }
        Ok(())
    }
}
