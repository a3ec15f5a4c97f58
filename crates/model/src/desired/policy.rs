//! Cluster-wide policies.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A set of timers derived from one figure (design note 2). The values live in the `membership` crate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Survives a stall of the whole machine of up to a second.
    #[default]
    Default,
    /// Detects a dead node within 300 ms; needs quiet machines and networks.
    Fast,
    /// For guests whose hypervisor pauses them.
    Patient,
}

impl Profile {
    /// Every profile, for messages and completion.
    pub const ALL: [Self; 3] = [Self::Default, Self::Fast, Self::Patient];

    /// Its name in the declarative file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Fast => "fast",
            Self::Patient => "patient",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What becomes of a group when no node is ready for it: on each, something that it stands on is not what was
/// validated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenNoneReady {
    /// It is tried where least is wrong.
    #[default]
    BestEffort,
    /// It stays offline.
    Stay,
}

impl WhenNoneReady {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::BestEffort, Self::Stay];

    /// Its word in the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BestEffort => "best_effort",
            Self::Stay => "stay",
        }
    }
}

/// What may be assumed of a node that has stalled, for groups that nothing else protects
/// (design, section 5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum StallPolicy {
    /// Nothing is assumed: no automatic takeover of such groups.
    #[default]
    Strict,
    /// The administrator vouches that no node stalls for longer than this and goes on.
    AssumeBelow(Duration),
}

impl fmt::Display for StallPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Strict => f.write_str("strict"),
            Self::AssumeBelow(limit) if limit.subsec_millis() == 0 => {
                write!(f, "assume_below {}s", limit.as_secs())
            }
            Self::AssumeBelow(limit) => write!(f, "assume_below {}ms", limit.as_millis()),
        }
    }
}

/// A text is not a stall policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a stall policy: expected `strict` or `assume_below 10s` (1ms to 1h, in ms, s or m)")]
pub struct InvalidStallPolicy(String);

impl FromStr for StallPolicy {
    type Err = InvalidStallPolicy;
    fn from_str(text: &str) -> Result<Self, InvalidStallPolicy> {
        let wrong = || InvalidStallPolicy(text.chars().take(80).collect());
        if text == "strict" {
            return Ok(Self::Strict);
        }
        let limit = text.strip_prefix("assume_below ").ok_or_else(wrong)?;
        let limit = parse_duration(limit).ok_or_else(wrong)?;
        if limit < Duration::from_millis(1) || limit > Duration::from_secs(3600) {
            return Err(wrong());
        }
        Ok(Self::AssumeBelow(limit))
    }
}

impl TryFrom<String> for StallPolicy {
    type Error = InvalidStallPolicy;
    fn try_from(text: String) -> Result<Self, InvalidStallPolicy> {
        text.parse()
    }
}

impl From<StallPolicy> for String {
    fn from(policy: StallPolicy) -> String {
        policy.to_string()
    }
}

/// Reads `250ms`, `10s`, `15m`, `2h` or `7d`: a whole number and its unit, nothing else.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let unit_ms: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    Some(Duration::from_millis(number.checked_mul(unit_ms)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stall_policies_round_trip() {
        for text in ["strict", "assume_below 10s", "assume_below 250ms"] {
            assert_eq!(text.parse::<StallPolicy>().unwrap().to_string(), text);
        }
        assert_eq!("assume_below 2m".parse::<StallPolicy>().unwrap().to_string(), "assume_below 120s");
        for bad in ["", "lenient", "assume_below", "assume_below 0s", "assume_below 2h", "assume_below -1s"] {
            assert!(bad.parse::<StallPolicy>().is_err(), "{bad}");
        }
    }

    #[test]
    fn durations_need_a_unit_and_do_not_overflow() {
        assert_eq!(parse_duration("7d"), Some(Duration::from_secs(7 * 86_400)));
        for bad in ["", "10", "s", "1.5s", "10 s", "99999999999999999999s", "18446744073709551615d"] {
            assert_eq!(parse_duration(bad), None, "{bad}");
        }
    }
}
